// A server of HTTP for very many clients: prints its port; with SIGUSR2 what the process holds; and when its input ends it stops, and prints
// what is left. Each request is answered, after a while, with its `x-id` and the sum of its body, whole or in pieces.
import { createHash } from 'node:crypto'
import { type Green, getHub, run, sleep } from 'greenloop'
import { Response, type ServerRequest, serve } from 'greenloop/http'

const unhandled: string[] = []
const reports: string[] = []
process.on('unhandledRejection', (reason) => void unhandled.push(String(reason)))
getHub().onError = (error, { name }) => void reports.push(`${name}: ${String(error)}`)

let [begun, ended] = [0, 0]
let ids = 0

function* answer(request: ServerRequest): Green<Response> {
  begun++
  try {
    const body = yield* request.bytes()
    const sum = createHash('md5').update(body).digest('hex')
    const id = request.header('x-id') ?? ''
    const n = ids++
    yield* sleep(Number(request.header('x-wait') ?? n % 10))
    const head = `${id} ${sum} `
    if (n % 3 > 0) return new Response(head + 'x'.repeat((n * 7) % 3000))
    return new Response(function* (out) {
      begun++
      try {
        yield* out.write(head)
        yield* sleep(n % 5)
        for (let piece = 0; piece < n % 4; piece++) yield* out.write('y'.repeat(1000))
      } finally {
        ended++
      }
    })
  } finally {
    ended++
  }
}

function memory(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

await run(function* () {
  const server = yield* serve(answer, { port: 0, backlog: 4096, stopTimeoutMs: 10_000, keepAliveTimeoutMs: 60_000 })
  const before = memory()
  process.on('SIGUSR2', () => {
    const { connections, running } = server
    console.log(JSON.stringify({ bytes: memory() - before, connections, running }))
  })
  process.stdin.resume().on('end', () => void server.stop())
  console.log(JSON.stringify({ port: server.serverPort }))
  yield* server.serveForever()
  yield* sleep(0) // the greenlet of the stop ends in the same turn
  const { connections, running } = server
  const handles = process.getActiveResourcesInfo().filter((kind) => /^TCP/u.test(kind))
  const { timers } = getHub()
  console.log(JSON.stringify({ begun, ended, connections, running, handles, timers: timers.count, unhandled, reports }))
})
