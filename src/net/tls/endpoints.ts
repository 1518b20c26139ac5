/**
 * The two ends of a TLS connection: `tls.connect` and `tls.createServer`, which make Node's own sockets and servers with the methods of a
 * greenlet's.
 *
 * Stands on the methods. Leaves the handshake, and whom to trust, to Node.
 */
import type net from 'node:net'
import tls from 'node:tls'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import type { WaitOptions } from '../../waiting/timeout.ts'
import { chosenLookup } from '../dns/lookup.ts'
import type { Accepted } from '../stream/accept.ts'
import { nonEnumerable, type SocketMethods, serverMethods, socketMethods } from '../stream/methods.ts'
import { adoptConnections } from '../stream/server-state.ts'
import { tlsServerMethods, tlsSocketMethods } from './methods.ts'

/** A `tls.TLSSocket` with the methods of a greenlet's socket. */
export interface GreenTLSSocket extends tls.TLSSocket, SocketMethods {}

/** A `tls.Server` with the methods of a greenlet's server. */
export interface GreenTLSServer extends tls.Server {
  // Written out: with the types of the patch a tls.Server has them already, with connections of another type.
  /** For `yield* server.listen(...)`: waits until it listens, and gives the server. */
  [Symbol.iterator](): Iterator<Suspend, this, Resume>
  /** Waits for the next connection whose handshake is done. @see {@link ServerMethods.accept} */
  accept(options?: WaitOptions): Operation<Accepted<GreenTLSSocket>>
  /** The connections, one after the other. @see {@link ServerMethods.cursor} */
  cursor(): Cursor<Accepted<GreenTLSSocket>>
  /** A number by which `select`, `poll` and `epoll` know the server. @see {@link ServerMethods.fileno} */
  fileno(): number
}

class TLSSocketWithMethods extends tls.TLSSocket {}
Object.defineProperties(TLSSocketWithMethods.prototype, {
  ...nonEnumerable(socketMethods),
  ...nonEnumerable(tlsSocketMethods),
})

class TLSServerWithMethods extends tls.Server {}
Object.defineProperties(TLSServerWithMethods.prototype, {
  ...nonEnumerable(serverMethods),
  ...nonEnumerable(tlsServerMethods),
})

/** Gives a TLS socket that Node has made the methods: always, since a patch of `net` alone gives it those of a plain one. */
function adopt(socket: net.Socket): void {
  Object.setPrototypeOf(socket, TLSSocketWithMethods.prototype)
}

/** Node leaves a connection open whose handshake takes too long. */
function drop(_error: Error, socket: tls.TLSSocket): void {
  socket.destroy()
}

/**
 * Opens a TLS connection, as Node's `tls.connect` does: `yield* tls.connect(port, host)` waits until the handshake is done and the other
 * side's certificate was found good.
 *
 * With `{ socket }` the handshake is made over a connection that is there already, as STARTTLS does it. A greenlet that is killed or timed
 * out meanwhile closes the connection, that one included.
 *
 * @returns the socket at once, connecting; driving it gives it connected, and throws what Node reports as `'error'`: no connection, a name
 * that is not the certificate's (`ERR_TLS_CERT_ALTNAME_INVALID`), an authority that is not known (`UNABLE_TO_VERIFY_LEAF_SIGNATURE`), a
 * certificate that is too old (`CERT_HAS_EXPIRED`), no TLS at the other side (`ERR_SSL_WRONG_VERSION_NUMBER`).
 * @switches when driven
 * @source Node: `tls.connect`; gevent: `ssl.wrap_socket`
 * @example
 * ```ts
 * import type { AddressInfo } from 'node:net'
 * import { run } from 'greenloop'
 * import { tls } from 'greenloop/net'
 *
 * const psk = Buffer.from('instead of a certificate, a key that both know') // a real server has { key, cert }
 * const server = tls.createServer({ ciphers: 'PSK', pskCallback: () => psk })
 * await run(function* () {
 *   yield* server.listen(0, '127.0.0.1')
 *   const socket = yield* tls.connect({
 *     port: (server.address() as AddressInfo).port,
 *     host: '127.0.0.1',
 *     ciphers: 'PSK',
 *     pskCallback: () => ({ psk, identity: 'ann' }),
 *     checkServerIdentity: () => undefined,
 *   })
 *   const [peer] = yield* server.accept()
 *   yield* peer.sendall('in confidence')
 *   console.log(String(yield* socket.recv())) // in confidence
 *   socket.destroy()
 *   server.close()
 * })
 * ```
 */
export function connect(options: tls.ConnectionOptions): GreenTLSSocket
export function connect(port: number, host?: string, options?: tls.ConnectionOptions): GreenTLSSocket
export function connect(port: number, options?: tls.ConnectionOptions): GreenTLSSocket
export function connect(...args: unknown[]): GreenTLSSocket {
  const at = args.findIndex((given) => typeof given === 'object' && given !== null)
  const options = { ...chosenLookup(), ...(args[at] as tls.ConnectionOptions | undefined) }
  args.splice(at === -1 ? args.length : at, 1, options)
  const socket = tls.connect(...(args as [tls.ConnectionOptions])) // one of the three forms above, which are Node's
  adopt(socket)
  return socket // it was given the methods one line above
}

/**
 * Makes a TLS server, as Node's `tls.createServer` does: `yield* server.listen(port)` waits until it listens, `yield* server.accept()` for a
 * connection whose handshake is done.
 *
 * A client whose handshake fails, or takes longer than Node's `handshakeTimeout`, is dropped: the server and who waits in `accept` do not
 * notice. Node tells of it as `'tlsClientError'`.
 *
 * Connections that are there already, as STARTTLS has them, are handed in by `server.emit('connection', socket)`; the server need not listen.
 *
 * @param options - Node's: `key`, `cert`, `requestCert`, ...
 * @throws UsageError for anything but options; what Node throws for a wrong one.
 * @switches never
 * @source Node: `tls.createServer`
 * @example
 * ```ts
 * import type { AddressInfo } from 'node:net'
 * import { run } from 'greenloop'
 * import { connect, tls } from 'greenloop/net'
 *
 * const server = tls.createServer({ ciphers: 'PSK', pskCallback: () => null }) // it knows nobody
 * server.on('tlsClientError', () => console.log('a client was dropped')) // a client was dropped
 * await run(function* () {
 *   yield* server.listen(0, '127.0.0.1')
 *   const socket = yield* connect((server.address() as AddressInfo).port, '127.0.0.1')
 *   yield* socket.sendall('this is not TLS')
 *   yield* socket.recv() // until it is dropped
 *   socket.destroy()
 *   server.close()
 * })
 * ```
 */
export function createServer(options: tls.TlsOptions = {}): GreenTLSServer {
  if (typeof options !== 'object' || (options as object | null) === null)
    throw new UsageError(
      `tls.createServer() expects options, but got ${show(options)}; for a handler there is StreamServer.`,
    )
  const server = new TLSServerWithMethods(options)
  adoptConnections(server, adopt)
  server.on('tlsClientError', drop)
  return server // its prototype was given the methods above
}
