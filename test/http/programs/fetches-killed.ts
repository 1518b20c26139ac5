// A thousand greenlets are killed at random points of a fetch and the reading of its body. Prints as JSON what they were killed in and what
// is left then: handles by kind, requests that are open at the server, unhandled rejections, reports. argv[2]: the seed; argv[3]: `node`,
// for Node's own fetch, patched, or `undici`.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { each, fromCallback, type Green, type Greenlet, iterate, Pool, run, sleep, spawn } from 'greenloop'
import { type GreenPromise, limitPerHost, fetch as own } from 'greenloop/http'
import * as monkey from 'greenloop/monkey'
import { aftermath, randomOf, settled, watchFailures, within } from '../../support/programs/killing.ts'

monkey.patchAll()
Error.stackTraceLimit = 0 // the stacks of so many aborted requests take longer than all else

const MANY = 1000
const random = randomOf(Number(process.argv[2]))

/** One turn of the event loop. */
const turn = fromCallback(setImmediate)

const failures = watchFailures()

const open = new Set<ServerResponse>()
const server = createServer((request, response) => {
  open.add(response)
  response.on('close', () => open.delete(response)).on('error', () => undefined)
  if (request.url === '/silent') return
  const redirects = /^\/redirect\/(\d)/u.exec(request.url ?? '')?.[1]
  if (redirects !== undefined) {
    response.writeHead(302, { location: redirects === '0' ? '/page' : `/redirect/${String(Number(redirects) - 1)}` })
    setTimeout(() => response.end(), 1)
  } else if (request.url === '/page') {
    setTimeout(() => response.end('x'.repeat(1000)), 1)
  } else {
    response.write('the beginning')
    for (const ms of [5, 10]) setTimeout(() => void response.write('more'), ms)
  }
})
server.keepAliveTimeout = 60_000
const before = await settled()
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`

/** What the two have in common. */
type Fetch = (url: string, init?: object) => GreenPromise<Awaited<ReturnType<typeof own>>>
const fetch = (process.argv[3] === 'node' ? globalThis.fetch : own) as Fetch
const dispatcher = limitPerHost(8)

const BODIES: readonly ((fetch: Fetch) => Green<unknown>)[] = [
  function* (fetch) {
    yield* fetch(`${url}/silent`)
  },
  function* (fetch) {
    yield* (yield* fetch(`${url}/endless`)).text()
  },
  function* (fetch) {
    for (;;) yield* (yield* fetch(`${url}/page`)).arrayBuffer()
  },
  function* (fetch) {
    for (;;) yield* (yield* fetch(`${url}/page`, { dispatcher })).text()
  },
  function* (fetch) {
    for (;;) yield* (yield* fetch(`${url}/redirect/9`)).text()
  },
  function* (fetch) {
    yield* fetch(`${url}/endless`)
    yield* sleep(Infinity)
  },
  function* (fetch) {
    using it = iterate((yield* fetch(`${url}/endless`)).body!)
    while (yield* it.next()) yield* sleep(1)
  },
  function* (fetch) {
    yield* each((yield* fetch(`${url}/endless`)).body!, () => sleep(1))
  },
  function* (fetch) {
    const reader = (yield* fetch(`${url}/endless`)).body!.getReader()
    for (;;) yield* reader.read()
  },
  function* (fetch) {
    const response = yield* fetch(`${url}/endless`)
    yield* response.clone().text()
  },
]

const killedIn = new Map<string, number>()
const victims: Greenlet[] = []
await run(function* () {
  // No more at a time than the server, which is in this process, has answers for.
  const killers = new Pool(30)
  for (let n = 0; n < MANY; n++) {
    yield* killers.spawn(function* () {
      const victim = spawn(BODIES[n % BODIES.length]!, fetch)
      victims.push(victim)
      // In turns of the event loop, of which a slow machine needs as many as a fast one. Half of them are to have an answer by then.
      const inFetch = (): boolean => victim.$wait?.describe().startsWith('fetch(') !== false
      let turns = Math.floor(random() * 20)
      for (let most = random() < 0.5 ? 0 : 60; most > 0 && inFetch(); most--) yield* turn
      for (; turns > 0; turns--) yield* turn
      const call = /^[\w.]+\(/u.exec(victim.$wait?.describe().replace('iterate().', '') ?? '')?.[0] ?? 'ready'
      killedIn.set(call, (killedIn.get(call) ?? 0) + 1)
      yield* victim.kill()
    })
  }
  yield* killers.join()
})
await within(() => open.size === 0)
const openAtServer = open.size
server.close()
server.closeAllConnections()
const left = await aftermath(victims, before, failures)
console.log(
  JSON.stringify({
    killedIn: Object.fromEntries([...killedIn].sort()),
    ...left,
    openAtServer,
  }),
)
