/**
 * A small JSON API: tasks that can be listed, made, done and deleted. Every request has its time: one that takes too long is given up, its
 * `finally` blocks run, and the client is told so; nobody else waits for it. What the client sends is checked, and a mistake of ours tells it
 * nothing.
 *
 * Run: `npx tsx examples/json-api.ts`, which asks itself, or `npx tsx examples/json-api.ts 8000`, which serves at that port until Ctrl-C:
 * `curl -d '{"title":"tea"}' localhost:8000/tasks`.
 *
 * Expected output:
 * ```text
 * POST /tasks {"title":"tea"} -> 201 {"id":1,"title":"tea","done":false}
 * POST /tasks {"title":"rice"} -> 201 {"id":2,"title":"rice","done":false}
 * PATCH /tasks/1 {"done":true} -> 200 {"id":1,"title":"tea","done":true}
 * GET /tasks?done=false -> 200 [{"id":2,"title":"rice","done":false}]
 * POST /tasks {"title":7} -> 400 {"error":"`title` is to be a text"}
 * POST /tasks {"title": -> 400 {"error":"The body of POST /tasks is no JSON."}
 * GET /tasks/9 -> 404 {"error":"there is no task 9"}
 * DELETE /tasks/2 -> 204
 * PUT /tasks -> 405 {"error":"PUT is not for /tasks"}
 * GET /report -> 503 {"error":"GET /report took longer than 50 ms"}
 * ten slow ones and a quick one, together: the quick one comes first
 * 11 reports were begun, and put away when their time was up
 * ```
 */
import { type Green, GreenloopError, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { RefusedRequest, Response, requests, type ServerRequest, serve } from 'greenloop/http'

const LIMIT_MS = 50

interface Task {
  readonly id: number
  readonly title: string
  readonly done: boolean
}

const tasks = new Map<number, Task>()
let lastId = 0
let putAway = 0

/** An answer that is no success, thrown from wherever it is found out. */
class Refusal extends GreenloopError {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Answers a request in its time, whatever comes. */
function* api(request: ServerRequest): Green<Response> {
  try {
    return yield* withTimeout(LIMIT_MS, route, request)
  } catch (err) {
    if (err instanceof Timeout)
      return error(503, `${request.method} ${request.path} took longer than ${String(LIMIT_MS)} ms`)
    if (err instanceof Refusal || err instanceof RefusedRequest) return error(err.status, err.message)
    throw err // an interrupt, or a mistake of ours, which is reported here and is a bare 500 there
  }
}

function error(status: number, message: string): Response {
  return Response.json({ error: message }, { status })
}

function* route(request: ServerRequest): Green<Response> {
  const [, collection, id] = request.path.split('/')
  if (collection === 'report') return yield* report()
  if (collection !== 'tasks') throw new Refusal(404, `there is no ${request.path}`)
  if (id === undefined) {
    if (request.method === 'GET') return list(request.searchParams.get('done'))
    if (request.method === 'POST') return add(yield* request.json())
  } else {
    const task = tasks.get(Number(id))
    if (task === undefined) throw new Refusal(404, `there is no task ${id}`)
    if (request.method === 'GET') return Response.json(task)
    if (request.method === 'PATCH') return change(task, yield* request.json())
    if (request.method === 'DELETE') return remove(task)
  }
  throw new Refusal(405, `${request.method} is not for ${request.path}`)
}

function list(done: string | null): Response {
  return Response.json([...tasks.values()].filter((task) => done === null || String(task.done) === done))
}

function add(body: unknown): Response {
  const task: Task = { id: ++lastId, title: titleOf(body), done: false }
  tasks.set(task.id, task)
  return Response.json(task, { status: 201 })
}

function change(task: Task, body: unknown): Response {
  const changed = { ...task, done: fieldOf(body, 'done') === true }
  tasks.set(task.id, changed)
  return Response.json(changed)
}

function remove(task: Task): Response {
  tasks.delete(task.id)
  return new Response(null, { status: 204 })
}

/** Takes longer than anybody waits. */
function* report(): Green<Response> {
  try {
    yield* sleep(60_000)
    return new Response('at last')
  } finally {
    putAway++
  }
}

function titleOf(body: unknown): string {
  const title = fieldOf(body, 'title')
  if (typeof title !== 'string') throw new Refusal(400, '`title` is to be a text')
  return title
}

function fieldOf(body: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null) throw new Refusal(400, 'the body is to be an object')
  return Reflect.get(body, name)
}

/** What we ask of our own server. */
function* ask(url: string): Green<void> {
  const show = function* (method: string, path: string, data?: string): Green<void> {
    const answer = yield* requests.request(method, url + path, data === undefined ? {} : { data })
    console.log(
      `${[method, path, data].filter(Boolean).join(' ')} -> ${`${String(answer.statusCode)} ${answer.text}`.trim()}`,
    )
  }
  yield* show('POST', '/tasks', '{"title":"tea"}')
  yield* show('POST', '/tasks', '{"title":"rice"}')
  yield* show('PATCH', '/tasks/1', '{"done":true}')
  yield* show('GET', '/tasks?done=false')
  yield* show('POST', '/tasks', '{"title":7}')
  yield* show('POST', '/tasks', '{"title":')
  yield* show('GET', '/tasks/9')
  yield* show('DELETE', '/tasks/2')
  yield* show('PUT', '/tasks')
  yield* show('GET', '/report')
}

/** Which of the slow requests and a quick one is answered first? */
function* race(url: string): Green<void> {
  const answered: string[] = []
  const get = function* (path: string): Green<void> {
    yield* requests.get(url + path)
    answered.push(path)
  }
  const all = Array.from({ length: 10 }, () => spawn(get, '/report'))
  all.push(spawn(get, '/tasks'))
  for (const one of all) yield* one.join()
  const first = answered[0] === '/tasks' ? 'the quick one comes first' : 'the quick one waited'
  console.log(`ten slow ones and a quick one, together: ${first}`)
}

const port = process.argv[2]
await run(function* () {
  const server = yield* serve(api, { port: Number(port ?? 0), log: port !== undefined })
  if (port !== undefined) {
    console.log(`${server.url}/tasks, until Ctrl-C`)
    yield* server.serveForever()
    return
  }
  yield* ask(server.url)
  yield* race(server.url)
  console.log(`${String(putAway)} reports were begun, and put away when their time was up`)
  yield* server.stop()
})
