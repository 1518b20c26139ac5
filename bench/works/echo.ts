/**
 * Echo over a hundred connections: what one round trip takes, for a server that does nothing else.
 */
import { type Command, clientOf, inNode, inPython, withCompiled } from '../processes.ts'
import type { Work } from '../work.ts'

const CONNECTIONS = 100
const BYTES = 64
const WARM_UP_MS = 1000

/** Echo by the servers of `bench/echo/serve.ts`; `times` is the measured time in milliseconds. */
export const ECHO: Readonly<Record<string, Work>> = {
  'bare callbacks': served('callbacks'),
  pipe: served('pipe'),
  'for await': served('for await'),
  'greenlets, recv and sendall': served('greenlets'),
  'greenlets, StreamServer': served('stream server'),
}

function served(name: string): Work {
  return {
    times: 2000,
    run: () => undefined,
    measure: (times) => measureEcho(inNode('echo/serve.ts', name), times),
  }
}

/** The same by gevent's own StreamServer. */
export function measureGeventEcho(python: string): Promise<number> {
  return measureEcho(inPython(python, 'echo/serve.py'), 2000)
}

/** Nanoseconds for a round trip, over all connections. */
async function measureEcho(server: Command, ms: number): Promise<number> {
  const figures = [CONNECTIONS, BYTES, WARM_UP_MS, ms].map(String)
  const trips = await withCompiled('echo/client.c', (client) => clientOf(server, (port) => [client, port, ...figures]))
  return (ms * 1e6) / trips
}
