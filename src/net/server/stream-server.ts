/**
 * gevent's `StreamServer`: a handler for each connection, of TCP, of a Unix socket, or of TLS.
 *
 * Node accepts every connection as soon as it comes. So those that are not to be accepted yet wait connected, in the queue of the server's
 * state; a client does not see the difference until it misses an answer.
 *
 * Stands on the base server and on the servers of `stream` and `tls`. Leaves HTTP to others.
 */
import net from 'node:net'
import tls from 'node:tls'
import { UsageError } from '../../errors/classes.ts'
import { checkMs, wrongRight } from '../../errors/usage.ts'
import type { Green } from '../../protocol.ts'
import { type Address, showAddress } from '../readiness/address.ts'
import { Socket } from '../socket/socket.ts'
import { Accept } from '../stream/accept.ts'
import { createServer, type GreenServer, type GreenSocket } from '../stream/endpoints.ts'
import { serverStateOf } from '../stream/server-state.ts'
import { createServer as createTLSServer } from '../tls/endpoints.ts'
import { BaseServer } from './base-server.ts'
import { Handshakes } from './handshakes.ts'
import { Job } from './job.ts'
import { Lingering } from './lingering.ts'
import {
  addressOfPlace,
  notAListener,
  type Place,
  type PortListener,
  placeOf,
  showPlace,
  whenListening,
} from './listener.ts'
import { notAHandler, type ServerOptions } from './options.ts'

/**
 * Where a `StreamServer` listens: a {@link PortListener}; a path, which has a slash in it; or what listens already: a server of
 * `createServer()`, or a `Socket`.
 */
export type StreamListener = PortListener | GreenServer | Socket

/** What a `StreamServer` has of a connection: Node's socket, with the methods of a greenlet's; of a listening `Socket`, a `Socket`. */
export type StreamConnection = GreenSocket | Socket

/** What a `StreamServer` does with a connection: a generator function, or any function. */
export type StreamHandler<S extends StreamConnection = GreenSocket> = (socket: S, address: Address) => unknown

/** How a `StreamServer` works. */
export interface StreamServerOptions<S extends StreamConnection = GreenSocket>
  extends ServerOptions<[socket: S, address: Address]> {
  /** How many connections the machine keeps waiting. @defaultValue Node's: 511 */
  backlog?: number
  /** Makes it a server of TLS: Node's options, `key` and `cert` above all. */
  tls?: tls.TlsOptions
  /** How long a peer may leave the last of what was sent to it unread, in milliseconds, before it is dropped. @defaultValue 30000 */
  lingerMs?: number
}

const FORMS =
  "a port, 'host:port', [host, port], a path with a slash in it, a server of createServer(), or a Socket that listens"
const CALL = 'new StreamServer()'

/**
 * Calls `handle(socket, address)` for each connection, in a greenlet of its own, and closes the connection when that has ended: what was sent
 * goes out first. An error of the handler is reported, and the server goes on.
 *
 * Connections may be half-open: a peer that has ended its side can be answered. They are handled in the order in which they came.
 *
 * A client of TLS whose handshake fails is dropped and not reported; `server.listener` tells of it as `'tlsClientError'`.
 *
 * @typeParam S - what the connections are; with `tls` it is `tls.GreenTLSSocket`, with a `Socket` that listens a `Socket`.
 * @source gevent: `gevent.server.StreamServer`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { connect, StreamServer } from 'greenloop/net'
 *
 * const server = new StreamServer('127.0.0.1:0', function* (socket, [host]) {
 *   const name = yield* socket.recv()
 *   yield* socket.sendall(`hello ${String(name)} from ${host}`)
 * })
 * await run(function* () {
 *   yield* server.start()
 *   const socket = yield* connect(server.serverPort, server.serverHost)
 *   yield* socket.sendall('Ann')
 *   console.log(String(yield* socket.recv())) // hello Ann from 127.0.0.1
 *   socket.destroy()
 *   yield* server.stop()
 * })
 * ```
 */
export class StreamServer<S extends StreamConnection = GreenSocket> extends BaseServer<[socket: S, address: Address]> {
  readonly #place: Place | null
  readonly #given: StreamHandler<S> | null
  readonly #backlog: number | undefined
  readonly #lingering: Lingering
  /** The unfinished handshakes, if it is a server of TLS. */
  readonly #handshakes: Handshakes | null
  /** Set when connections are to have Python's face. */
  readonly #face: Socket | null
  /** What Node calls a new connection. */
  readonly #event: string
  /** Node's server. @source gevent: `BaseServer.socket` */
  readonly listener: net.Server
  /** Kept when it is closed. */
  #address: Address | string

  /**
   * @param listener - where it listens.
   * @param handle - what it does with a connection. Without it the class must bring its own {@link handle}.
   * @param options - how it works.
   * @throws UsageError when the listener is none of these, or `backlog` or `tls` is given with a server, which has them already; when the
   * handler is no function; for a wrong option. What Node throws for a wrong key.
   */
  constructor(listener: StreamListener, handle?: StreamHandler<S> | null, options: StreamServerOptions<S> = {}) {
    super(CALL, options)
    const { backlog, lingerMs = 30_000, tls: tlsOptions } = options
    checkMs(CALL, 'lingerMs', lingerMs)
    if (handle == null ? this.handle === StreamServer.prototype.handle : typeof handle !== 'function')
      throw notAHandler(CALL, 'socket, address', handle)
    this.#given = handle ?? null
    this.#backlog = backlog
    this.#lingering = new Lingering(lingerMs)
    this.#place = placeOf(listener)
    this.#face = listener instanceof Socket ? listener : null
    this.#event = tlsOptions === undefined ? 'connection' : 'secureConnection'
    if (this.#place === null) {
      this.listener = serverOf(listener, options)
      this.#address = addressOf(this.listener) ?? NOWHERE
      this.#handshakes = null
    } else {
      const secure = tlsOptions === undefined ? null : createTLSServer({ ...tlsOptions, ...HALF_OPEN })
      this.listener = secure ?? createServer(HALF_OPEN)
      this.#address = addressOfPlace(this.#place)
      this.#handshakes = secure === null ? null : new Handshakes(secure)
    }
  }

  /** The handler. A subclass may bring its own, as a method, and give none to the constructor. */
  handle(socket: S, address: Address): unknown {
    return this.#given?.(socket, address) // the constructor has seen to it that there is one, if this is not overridden
  }

  override get address(): Address | string {
    return this.#address
  }

  protected override get where(): string {
    return showPlace(this.#address)
  }

  protected override get handlerName(): string {
    return this.#given === null || this.#given.name === '' ? 'handle' : this.#given.name
  }

  protected override bind(bound: () => void, failed: (error: Error) => void): void {
    const { listener } = this
    const place = this.#place
    if (!serverStateOf(listener).takesConnections(this.#event)) throw takenByListener()
    if (listener.listening) {
      this.#address = addressOf(listener) ?? this.#address // it may have begun to since it was given
      bound()
      return
    }
    if (place === null) throw doesNotListen()
    const onListening = (): void => {
      this.#address = addressOf(listener) ?? this.#address
      bound()
    }
    whenListening(listener, onListening, failed)
    const backlog = this.#backlog === undefined ? {} : { backlog: this.#backlog }
    if ('path' in place) listener.listen({ path: place.path, ...backlog })
    else listener.listen({ port: place.port, ...(place.host === '' ? {} : { host: place.host }), ...backlog })
  }

  protected override *next(): Green<Job<[socket: S, address: Address]>> {
    const [socket, address] = yield* new Accept<GreenSocket>(this.listener, this.#event, undefined)
    this.#handshakes?.done(socket)
    const given = this.#face === null ? socket : Socket.from(socket)
    // As S, since it is the user who says which of the two this server's connections are.
    return new Handling([given as S, address], socket, this, this.#lingering)
  }

  protected override unbind(): void {
    this.#face?.close()
    this.listener.close()
    this.#handshakes?.abandon()
  }

  protected override get unsettled(): boolean {
    return this.#lingering.size > 0
  }

  protected override *settle(): Green<void> {
    while (this.unsettled) yield* this.#lingering.wait()
  }

  protected override abandon(): void {
    this.#lingering.abandon()
  }

  /** @internal The name of the handling of one connection. */
  $nameOf(address: Address): string {
    return `${this.handlerName}(${address[0] === '' ? this.where : showAddress(address)})`
  }
}

/** The handling of one connection. */
class Handling<S extends StreamConnection> extends Job<[socket: S, address: Address]> {
  readonly #node: net.Socket
  readonly #server: StreamServer<S>
  readonly #lingering: Lingering

  constructor(args: [socket: S, address: Address], node: net.Socket, server: StreamServer<S>, lingering: Lingering) {
    super(args)
    this.#node = node
    this.#server = server
    this.#lingering = lingering
  }

  override get name(): string {
    return this.#server.$nameOf(this.args[1])
  }

  override handle(socket: S, address: Address): unknown {
    return this.#server.handle(socket, address)
  }

  override over(): void {
    const [socket] = this.args
    if (socket instanceof Socket) socket.close()
    this.#lingering.close(this.#node)
  }

  override drop(): void {
    this.#node.destroy()
  }
}

const HALF_OPEN = { allowHalfOpen: true }
const NOWHERE: Address = ['', 0]

/** Where a server listens; null when it does not. */
function addressOf(server: net.Server): Address | string | null {
  const address = server.address()
  return address === null || typeof address === 'string' ? address : [address.address, address.port]
}

/** The server that was given as the listener. */
function serverOf<S extends StreamConnection>(listener: unknown, options: StreamServerOptions<S>): net.Server {
  const server = listener instanceof Socket ? listener.node : listener
  if (server instanceof tls.Server)
    throw new UsageError(
      `${CALL} was given a server of TLS.\n\n${wrongRight('new StreamServer(tls.createServer(options), handle)', 'it makes its own', 'new StreamServer(port, handle, { tls: options })')}`,
    )
  if (!(server instanceof net.Server && (listener instanceof Socket || 'accept' in server)))
    throw notAListener(CALL, FORMS, listener)
  for (const name of ['backlog', 'tls'] as const)
    if (options[name] !== undefined)
      throw new UsageError(
        `${CALL} was given \`${name}\` and a server that listens already; it goes with an address.\n\n${wrongRight(`new StreamServer(server, handle, { ${name} })`, 'the server was made without', `new StreamServer(port, handle, { ${name} })`)}`,
      )
  return server
}

function takenByListener(): UsageError {
  return new UsageError(
    `A StreamServer was given a server that has a listener for 'connection', which is given every connection already.\n\n${wrongRight('new StreamServer(net.createServer(handler), handle)', 'each connection would have two owners', 'new StreamServer(createServer(), handle)')}`,
  )
}

function doesNotListen(): UsageError {
  return new UsageError(
    `A StreamServer was given a server that does not listen.\n\n${wrongRight('new StreamServer(createServer(), handle).start()', 'where?', 'new StreamServer(yield* createServer().listen(port), handle).start()', 'or new StreamServer(port, handle)')}`,
  )
}
