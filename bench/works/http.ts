/**
 * HTTP: what a page takes for a client that fetches a hundred at once, and what an answer takes for a server that does nothing else.
 */
import type { Measurement } from '../method/measurement.ts'
import { type Command, cCommand, measurePair, nodeCommand, pythonCommand, warmUpOf } from '../method/pairs.ts'
import { aim, type Contestant, elsewhere, type Kind, type Work, work } from '../method/work.ts'

const PAGES = 1000
const BYTES = 1024
/** So many pages, or connections. */
const AT_ONCE = 100
const MEASURED_MS = 1200

/** How a client is started. */
type Ask = (python: string, ...figures: string[]) => Command

const clients = [
  client('undici.request', 'limit', 'undici', 'request'),
  client('requests.get', 'ours', 'greenloop', 'requests.get'),
  client('requests.get in a Pool', 'ours', 'greenloop', 'requests.get, Pool'),
  client('node:http with an Agent', 'promises', 'node', 'http'),
  client('axios', 'promises', 'axios', 'pages'),
  pythonClient('gevent + requests', 'gevent', 'requests', ['gevent', 'requests']),
  pythonClient('gevent + urllib3', 'gevent', 'urllib3', ['gevent', 'urllib3']),
  pythonClient("Twisted's Agent", 'twisted', 'agent', ['twisted']),
]

const REMARK = 'The client has one processor, and the server, in C, another one. Connections are kept alive by all.'

export const REQUESTS: Work = work('requests', 'Pages of 1 kB, a hundred at once', 'page', clients.map(steady), {
  aims: [aim('requests.get', 1.15, 'undici.request'), aim('requests.get', 0.2, 'gevent + requests')],
  remark: REMARK,
})

export const REQUESTS_COLD: Work = work(
  'requests-cold',
  'The first thousand pages that a process fetches',
  'page',
  clients.map(cold),
  { cold: true, remark: `${REMARK} Nothing is warm, and the connections are made.` },
)

export const FETCH: Work = work(
  'fetch',
  'Pages of 1 kB by fetch, a hundred at once',
  'page',
  [
    client("Promise.all of Node's fetch", 'promises', 'node', 'fetch'),
    client('the same, each with a signal', 'promises', 'node', 'fetch, signal'),
    client("Node's fetch in greenlets", 'ours', 'greenloop', 'patched fetch'),
    client("Promise.all of undici's fetch", 'promises', 'undici', 'fetch'),
    client("undici's, each with a signal", 'promises', 'undici', 'fetch, signal'),
    client('our fetch in greenlets', 'ours', 'greenloop', 'own fetch'),
  ].map(steady),
  {
    aims: [
      aim("Node's fetch in greenlets", 1.05, "Promise.all of Node's fetch"),
      aim('our fetch in greenlets', 1.05, "Promise.all of undici's fetch"),
    ],
    remark: `${REMARK} Ours is undici's fetch; it can be stopped, for which a promise needs a signal.`,
  },
)

interface Client {
  readonly name: string
  readonly kind: Kind
  readonly ask: Ask
  readonly modules: readonly string[]
}

function client(name: string, kind: Kind, file: string, run: string): Client {
  return { name, kind, modules: [], ask: (_, ...figures) => nodeCommand(`http/get-${file}.ts`, run, ...figures) }
}

function pythonClient(name: string, file: string, run: string, modules: readonly string[]): Client {
  const ask: Ask = (python, ...figures) => pythonCommand(python, `http/get_${file}.py`, run, ...figures)
  return { name, kind: 'python', ask, modules }
}

/** All pages again and again. */
function steady({ name, kind, ask, modules }: Client): Contestant {
  const by = (ms: number, python: string) => fetched(ask, python, PAGES, warmUpOf(ms), ms)
  return elsewhere(name, kind, MEASURED_MS, by, modules)
}

/** All pages once, by a process that has fetched none. */
function cold({ name, kind, ask, modules }: Client): Contestant {
  const by = (pages: number, python: string) => fetched(ask, python, pages, 0, 0)
  return elsewhere(name, kind, PAGES, by, modules)
}

function fetched(ask: Ask, python: string, pages: number, warmUpMs: number, ms: number): Promise<Measurement> {
  const figures = [pages, AT_ONCE, BYTES, warmUpMs, ms].map(String)
  return measurePair(cCommand('http/respond.c', String(BYTES)), (port) => ask(python, port, ...figures))
}

const servers = [
  server('http.createServer', 'limit', 'node', 'api'),
  server('serve', 'ours', 'greenloop', 'serve'),
  server("serve, Node's Response", 'ours', 'greenloop', 'serve, global Response'),
  server('patched http.createServer', 'ours', 'greenloop', 'patched'),
  server('fastify', 'promises', 'fastify', 'api'),
  pythonServer("gevent's pywsgi", 'gevent'),
  pythonServer("Twisted's web", 'twisted'),
]

export const SERVE: Work = work('serve', 'A hundred bytes of JSON, over a hundred connections', 'answer', servers, {
  aims: [aim('serve', 1.1, 'http.createServer'), aim('serve', 0.33, "gevent's pywsgi")],
  remark:
    'The server has one processor, and the client, in C, another one. fastify is told what the answer looks like.',
})

function server(name: string, kind: Kind, file: string, run: string): Contestant {
  return elsewhere(name, kind, MEASURED_MS, (ms) => answered(nodeCommand(`http/serve-${file}.ts`, run), ms))
}

function pythonServer(name: string, module: string): Contestant {
  const by = (ms: number, python: string) => answered(pythonCommand(python, `http/serve_${module}.py`), ms)
  return elsewhere(name, 'python', MEASURED_MS, by, [module])
}

function answered(serving: Command, ms: number): Promise<Measurement> {
  const figures = [AT_ONCE, warmUpOf(ms), ms].map(String)
  return measurePair(serving, (port, pid) => cCommand('http/load.c', port, pid, ...figures))
}
