// Two thousand greenlets are killed at random points of a request: whole and streamed, with redirects, tries, cookies, uploads, a limit per
// host, against a server that is late, resets, and sends in pieces. Then the pools must work as before. Prints as JSON what they were killed in
// and what is left. argv[2]: the seed.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Green, type Greenlet, joinall, type Operation, Pool, run, sleep, spawn, until } from 'greenloop'
import { requests } from 'greenloop/http'
import { aftermath, randomOf, settled, watchFailures, within } from '../../support/programs/killing.ts'

const MANY = 2000
const LIMIT = 8
const AFTERWARDS = 100
const random = randomOf(Number(process.argv[2]))

const failures = watchFailures()

const TEXT = 'green '.repeat(500)
const ZIPPED = gzipSync(TEXT)
const open = new Set<ServerResponse>()
/** How many of those with a limit are open, and how many were at the most. */
let [limited, most] = [0, 0]

const together: ServerResponse[] = []
function release(): void {
  for (const response of together.splice(0)) response.end(TEXT)
}

function answer({ url = '', socket, headers }: IncomingMessage, response: ServerResponse): void {
  const [, route, rest = ''] = url.split('/')
  switch (route) {
    case 'page':
      setTimeout(() => response.end(TEXT), random() * 5)
      break
    case 'together': // answered as soon as there are as many as may be, or no more come
      together.push(response)
      if (together.length === LIMIT) release()
      else setTimeout(release, 200)
      break
    case 'zipped':
      response.setHeader('content-encoding', 'gzip')
      response.write(ZIPPED.subarray(0, 20))
      setTimeout(() => response.end(ZIPPED.subarray(20)), random() * 5)
      break
    case 'redirect':
      response.writeHead(302, { location: `/redirect/${rest}x`.slice(0, 20), 'set-cookie': `n=${rest.length}` })
      setTimeout(() => response.end('elsewhere'), random() * 2)
      break
    case 'flaky':
      if (random() < 0.3) socket.resetAndDestroy()
      else response.writeHead(503, { 'retry-after': '0' }).end('later')
      break
    case 'cookies':
      response.setHeader('set-cookie', `seen=${Number(headers.cookie?.split('=')[1] ?? '0') + 1}`)
      response.end('cookie')
      break
    case 'endless':
      response.write('the beginning')
      for (const ms of [3, 6, 9]) setTimeout(() => void response.write(TEXT), ms)
      break
    case 'reset':
      response.writeHead(200, { 'content-length': '9999' }).write(TEXT)
      setTimeout(() => socket.resetAndDestroy(), random() * 10)
      break
    default: // no answer, ever
  }
}

const server = createServer((request, response) => {
  open.add(response)
  const isLimited = 'x-limited' in request.headers
  if (isLimited) most = Math.max(most, ++limited)
  response.on('error', () => undefined)
  response.on('close', () => {
    open.delete(response)
    if (isLimited) limited--
  })
  request.resume()
  answer(request, response)
})
server.keepAliveTimeout = 60_000
const before = await settled()
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`

const free = new requests.Session()
const few = new requests.Session({ connectionsPerHost: LIMIT, headers: { 'x-limited': 'yes' } })
const retrying = new requests.Session({
  retries: new requests.Retry({ total: 1000, maxBackoffMs: 2, backoffMs: 1, statusForcelist: [503], random }),
})
const sessions = [free, few, retrying]

function* pieces(session: requests.Session, path: string): Green<void> {
  using response = yield* session.get(url + path, { stream: true })
  const cursor = response.iterContent(100)
  while (yield* cursor.next()) if (random() < 0.3) yield* sleep(random())
}

function* failing(asked: Operation<unknown>): Green<void> {
  try {
    yield* asked
  } catch (error) {
    if (!(error instanceof requests.RequestException)) throw error
  }
}

async function* upload(): AsyncGenerator<Uint8Array> {
  for (;;) {
    await delay(1)
    yield Buffer.alloc(10_000)
  }
}

const BODIES: readonly (() => Green<unknown>)[] = [
  function* () {
    for (;;) yield* free.get(`${url}/page`)
  },
  function* () {
    for (;;) yield* few.get(`${url}/page`)
  },
  function* () {
    for (;;) yield* pieces(few, '/page')
  },
  function* () {
    for (;;) yield* few.get(`${url}/zipped`)
  },
  function* () {
    for (;;) yield* pieces(free, '/zipped')
  },
  function* () {
    for (;;) yield* failing(few.get(`${url}/redirect/`))
  },
  function* () {
    for (;;) yield* failing(free.get(`${url}/redirect/`, { stream: true }))
  },
  function* () {
    yield* retrying.get(`${url}/flaky`)
  },
  function* () {
    for (;;) yield* free.get(`${url}/cookies`)
  },
  function* () {
    yield* pieces(free, '/endless')
  },
  function* () {
    yield* free.get(`${url}/endless`)
  },
  function* () {
    // Given up unread: whoever is killed closes it.
    using _ = yield* few.get(`${url}/endless`, { stream: true })
    yield* sleep(Infinity)
  },
  function* () {
    yield* few.get(`${url}/silent`, { timeoutMs: 60_000 })
  },
  function* () {
    yield* free.post(`${url}/silent`, { data: upload() })
  },
  function* () {
    for (;;) yield* failing(free.get(`${url}/reset`))
  },
]

/** What a greenlet waits for, without the address. */
function placeOf(victim: Greenlet): string {
  const wait = victim.$wait?.describe() ?? 'ready'
  return /^(?:read\(\)|sleep|GET|POST|ready)/u.exec(wait)?.[0] ?? wait
}

const killedIn = new Map<string, number>()
const victims: Greenlet[] = []
await run(function* () {
  const killers = new Pool(60)
  for (let n = 0; n < MANY; n++) {
    yield* killers.spawn(function* () {
      const victim = spawn(BODIES[n % BODIES.length]!)
      victims.push(victim)
      // In turns of the event loop, so that all stages are met however slow the machine is. Half of them are to have a head by then.
      let turns = Math.floor(random() ** 2 * 90)
      const inHead = (): boolean => /^(?:GET|POST)/u.test(victim.$wait?.describe() ?? 'GET')
      for (let most = random() < 0.5 ? 0 : 60; most > 0 && inHead(); most--) yield* until(turn())
      for (; turns > 0; turns--) yield* until(turn())
      const place = placeOf(victim)
      killedIn.set(place, (killedIn.get(place) ?? 0) + 1)
      yield* victim.kill()
    })
  }
  yield* killers.join()
})
await within(() => open.size === 0)
const openAtServer = open.size
const mostBefore = most

// The pools work as before, and the limit holds.
most = 0
const right = await run(function* () {
  const asked = Array.from({ length: AFTERWARDS }, () => spawn(() => few.get(`${url}/together`)))
  yield* joinall(asked)
  return asked.filter(({ value }) => (value as requests.Response | undefined)?.text === TEXT).length
})
const cookies = (await free.get(`${url}/cookies`)).text
for (const session of sessions) session.close()
let connections = Infinity
await within(() => {
  server.getConnections((_, count) => {
    connections = count
  })
  return connections === 0
})
server.close()
const left = await aftermath(victims, before, failures)
console.log(
  JSON.stringify({
    killedIn: Object.fromEntries([...killedIn].sort()),
    ...left,
    openAtServer,
    mostBefore,
    afterwards: { right, most, cookies },
    connections,
  }),
)
