/**
 * HTTP: what a page takes for a client that fetches a thousand, and what an answer takes for a server that does nothing else.
 */
import { type Command, clientOf, inNode, inPython, withCompiled } from '../processes.ts'
import type { Work } from '../work.ts'

const PAGE_BYTES = 1024
const WARM_UPS = 5
const ROUNDS = 7

const CONNECTIONS = 100
const WARM_UP_MS = 1000
const MEASURED_MS = 2000

/** Which of gevent's clients. */
export type GeventClient = 'requests' | 'urllib3'

/** By the clients of `bench/http/get.ts`; `times` is the rounds of a thousand pages that are measured. */
export const HTTP: Readonly<Record<string, Work>> = gotten(WARM_UPS, ROUNDS)

/** The first thousand pages that a process fetches. */
export const HTTP_COLD: Readonly<Record<string, Work>> = gotten(0, 1)

/** By the servers of `bench/http/serve.ts`; `times` is the measured time in milliseconds. */
export const SERVE: Readonly<Record<string, Work>> = {
  'http.createServer': served('http.createServer'),
  serve: served('serve'),
  'serve, global Response': served('serve, global Response'),
  'patched http.createServer': served('patched http.createServer'),
}

function gotten(warmUps: number, rounds: number): Readonly<Record<string, Work>> {
  const by = (name: string): Work => ({
    times: rounds,
    run: () => undefined,
    measure: (times) => measureGet((port) => inNode('http/get.ts', name, port, String(warmUps), String(times))),
  })
  return {
    'undici.request': by('undici.request'),
    'undici.request, text': by('undici.request, text'),
    'requests.get': by('requests.get'),
    'requests.get, Pool': by('requests.get, Pool'),
    'Promise.all of fetch': by('fetch'),
    'the same, each with a signal': by('fetch, signal'),
    'fetch in greenlets': by('fetch, greenlets'),
    'Promise.all of undici.fetch': by('undici.fetch'),
    'with a signal, too': by('undici.fetch, signal'),
    'undici.fetch in greenlets': by('undici.fetch, greenlets'),
  }
}

function served(name: string): Work {
  return {
    times: MEASURED_MS,
    run: () => undefined,
    measure: (times) => measureServe(inNode('http/serve.ts', name), times),
  }
}

/** The same pages by gevent, with a library of Python. */
export function measureGeventGet(python: string, library: GeventClient, cold: boolean): Promise<number> {
  const rounds = (cold ? [0, 1] : [WARM_UPS, ROUNDS]).map(String)
  return measureGet((port) => inPython(python, 'http/get.py', library, port, ...rounds))
}

/** The same answers by gevent's own pywsgi. */
export function measureGeventServe(python: string): Promise<number> {
  return measureServe(inPython(python, 'http/serve.py'), MEASURED_MS)
}

/** Nanoseconds for a page. */
function measureGet(client: (port: string) => Command): Promise<number> {
  return withCompiled('http/respond.c', (server) => clientOf([server, String(PAGE_BYTES)], client))
}

/** Nanoseconds for an answer, over all connections. */
async function measureServe(server: Command, ms: number): Promise<number> {
  const figures = [CONNECTIONS, WARM_UP_MS, ms].map(String)
  const answers = await withCompiled('http/load.c', (client) => clientOf(server, (port) => [client, port, ...figures]))
  return (ms * 1e6) / answers
}
