/**
 * The connections of `greenloop/http`'s fetch: made and kept as undici makes and keeps them, but so that a request which is given up takes along
 * the one that is being made for it. Of undici's own, that would stay for up to ten seconds.
 *
 * Stands on `transport`, without what that does to errors. Leaves to the program which dispatcher is to be used: if it has set one, it is that.
 */
import type { Socket } from 'node:net'
import { programsDispatcher } from '../global-dispatcher.ts'
import { type Connect, Once } from '../transport/connector.ts'
import { Hosts } from '../transport/hosts.ts'
import { buildConnector } from '../undici.ts'
import { type Dispatching, dispatchingOf } from './exchange.ts'

/** As long as undici's Agent gives a connection. */
const CONNECT_MS = 10_000

/** What `buildConnector` makes, whose type hides that it gives the socket at once. */
type Build = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket

function connector(): Connect {
  const build = buildConnector({ timeout: CONNECT_MS }) as Build
  return (target, callback) => {
    const once = new Once(callback)
    const socket = build(target, (...outcome) => {
      once.call(...outcome)
    })
    // One that is destroyed without an error says 'close' and nothing else, and undici would wait for ever.
    socket.once('close', () => {
      once.call(new Error('The connection was closed before it was made.'), null)
    })
    return socket
  }
}

let connections: Hosts | null = null

/** Where a request goes whose caller has given `given` as its dispatcher; null when it is none. */
export function dispatcherFor(given: unknown): Dispatching | null {
  if (given !== undefined) return dispatchingOf(given)
  const programs = programsDispatcher()
  if (programs !== null) return dispatchingOf(programs)
  return (connections ??= new Hosts({
    connect: connector(),
    limit: Infinity,
    client: {},
    forward: null,
    proxied: false,
  }))
}
