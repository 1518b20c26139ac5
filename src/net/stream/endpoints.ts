/**
 * The two ends of a connection: `connect` and `createServer`, which make Node's own sockets and servers with the methods of a greenlet's.
 *
 * There is no class beside Node's: the operations work on any `net.Socket` and `net.Server`. Without a patch the methods are on those that
 * are made here; under `monkey` every one in the process has them.
 *
 * Stands on the methods. Leaves names to `dns`, and everything else to Node.
 */
import net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { chosenLookup } from '../dns/lookup.ts'
import { nonEnumerable, type ServerMethods, type SocketMethods, serverMethods, socketMethods } from './methods.ts'
import { adoptConnections } from './server-state.ts'

/** A `net.Socket` with the methods of a greenlet's socket. */
export interface GreenSocket extends net.Socket, SocketMethods {}

/** A `net.Server` with the methods of a greenlet's server. */
export interface GreenServer extends net.Server, ServerMethods<GreenSocket> {}

class SocketWithMethods extends net.Socket {}
Object.defineProperties(SocketWithMethods.prototype, nonEnumerable(socketMethods))

class ServerWithMethods extends net.Server {}
Object.defineProperties(ServerWithMethods.prototype, nonEnumerable(serverMethods))

/** Gives a socket that Node has made the methods. */
function adopt(socket: net.Socket): void {
  if (!('recv' in socket)) Object.setPrototypeOf(socket, SocketWithMethods.prototype)
}

/**
 * Opens a connection, as Node's `net.connect` does: `yield* connect(port, host)` waits until it is there.
 *
 * The name is found as `config.resolver` says, and all of its addresses are tried. A greenlet that is killed or timed out meanwhile closes the socket.
 *
 * @returns the socket at once, connecting; driving it gives it connected, and throws what Node reports as `'error'`.
 * @switches when driven
 * @source Node: `net.connect`
 * @example
 * ```ts
 * import { type AddressInfo, createServer } from 'node:net'
 * import { run } from 'greenloop'
 * import { connect } from 'greenloop/net'
 *
 * const server = createServer((peer) => peer.end('hello')).listen(0, '127.0.0.1', async () => {
 *   await run(function* () {
 *     const socket = yield* connect((server.address() as AddressInfo).port, '127.0.0.1')
 *     console.log(String(yield* socket.recv(100))) // hello
 *   })
 *   server.close()
 * })
 * ```
 */
export function connect(port: number, host?: string): GreenSocket
export function connect(pathOrOptions: string | net.NetConnectOpts): GreenSocket
export function connect(first: number | string | net.NetConnectOpts, host?: string): GreenSocket {
  const options =
    typeof first === 'object'
      ? first
      : typeof first === 'string' && !isPort(first)
        ? { path: first }
        : { port: Number(first), ...(host === undefined ? {} : { host }) }
  const socket = net.connect({ ...chosenLookup(), ...options })
  adopt(socket)
  return socket // it has the methods: these, or the patch's
}

/** Node takes a port as text, too, as it stands in an environment. */
function isPort(text: string): boolean {
  return Number(text) >= 0
}

/**
 * Makes a server, as Node's `net.createServer` does: `yield* server.listen(port)` waits until it listens, `yield* server.accept()` for a
 * connection. The connections have the methods of a greenlet's socket.
 *
 * @param options - Node's. Half-open connections are allowed if you say so: `{ allowHalfOpen: true }`.
 * @throws UsageError for anything but options: who wants a handler called takes `StreamServer`.
 * @switches never
 * @source Node: `net.createServer`
 * @example
 * ```ts
 * import type { AddressInfo } from 'node:net'
 * import { run } from 'greenloop'
 * import { connect, createServer } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = createServer()
 *   yield* server.listen(0, '127.0.0.1')
 *   const client = yield* connect((server.address() as AddressInfo).port, '127.0.0.1')
 *   const [connection, [host]] = yield* server.accept()
 *   yield* connection.sendall(`hello, ${host}`)
 *   console.log(String(yield* client.recv())) // hello, 127.0.0.1
 *   client.destroy()
 *   server.close()
 * })
 * ```
 */
export function createServer(options: net.ServerOpts = {}): GreenServer {
  if (typeof options !== 'object' || (options as object | null) === null)
    throw new UsageError(
      `createServer() expects options, but got ${show(options)}; for a handler there is StreamServer.`,
    )
  const server = new ServerWithMethods(options)
  adoptConnections(server, adopt)
  return server // its prototype was given the methods above
}
