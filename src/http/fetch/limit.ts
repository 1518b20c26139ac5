/**
 * A limit of connections per host, as a dispatcher.
 *
 * Stands on undici's Agent, which has one pool of connections for each origin.
 */
import type { Agent as AgentType } from 'undici'
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import { Agent } from '../undici.ts'

/** What the global fetch takes as `dispatcher`: of another version of undici's types, and the same when it runs. */
type DispatcherOfNode = RequestInit extends { dispatcher?: infer D } ? NonNullable<D> : unknown

/** What `limitPerHost` makes: undici's Agent, which every fetch takes as its `dispatcher`. */
export type HostLimit = AgentType & DispatcherOfNode

/**
 * Makes a dispatcher that opens at most `connections` connections to each host, and sends at most one request at a time over each. What
 * comes in excess waits in the order in which it came; who is killed, timed out or aborted in the line leaves it.
 *
 * Make one and use it for all requests that share the limit: `fetch(url, { dispatcher })`, of `greenloop/http`, of undici, and the global
 * one. A host is an origin: `http://a:80` and `https://a:443` are two.
 *
 * @param connections - how many, an integer, 1 and up.
 * @param options - anything else that undici's `Agent` takes, such as `keepAliveTimeout` in milliseconds.
 * @returns undici's Agent; `close()` or `destroy()` it when it is used no more. Its idle connections keep no process alive.
 * @throws UsageError when `connections` is no such number.
 * @switches never
 * @example
 * ```ts
 * import { createServer, type ServerResponse } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { Pool, run } from 'greenloop'
 * import { fetch, limitPerHost } from 'greenloop/http'
 *
 * let most = 0
 * const open: ServerResponse[] = []
 * const server = createServer((_, res) => {
 *   most = Math.max(most, open.push(res))
 *   if (open.length === 4) setTimeout(() => open.splice(0).forEach((one) => one.end()), 1)
 * }).listen(0, '127.0.0.1', async () => {
 *   const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
 *   const dispatcher = limitPerHost(4)
 *   await run(function* () {
 *     const pool = new Pool()
 *     for (let n = 0; n < 20; n++) {
 *       yield* pool.spawn(function* () {
 *         const res = yield* fetch(url, { dispatcher })
 *         yield* res.text()
 *       })
 *     }
 *     yield* pool.join()
 *   })
 *   console.log(most) // 4
 *   await dispatcher.close()
 *   server.close()
 * })
 * ```
 */
export function limitPerHost(
  connections: number,
  options: Omit<AgentType.Options, 'connections' | 'pipelining'> = {},
): HostLimit {
  if (!Number.isInteger(connections) || connections < 1) {
    throw new UsageError(
      `limitPerHost() expects \`connections\` to be an integer, 1 or more, but got ${show(connections)}.`,
    )
  }
  checkOptions('limitPerHost()', options, '{ keepAliveTimeout: 4000 }')
  return new Agent({ ...options, connections, pipelining: 1 }) as HostLimit
}
