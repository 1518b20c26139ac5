/**
 * gevent's `DatagramServer`: a handler for each message of UDP.
 *
 * Stands on the base server and on the datagram sockets. What comes while it does not accept, or while its pool is full, waits in the socket,
 * as far as that has room.
 */
import dgram from 'node:dgram'
import { UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import type { WaitOptions } from '../../waiting/timeout.ts'
import { createSocket, type GreenDatagramSocket } from '../datagram/create-socket.ts'
import { addressOf, type Datagram, datagramStateOf } from '../datagram/datagram-state.ts'
import { datagramMethods } from '../datagram/methods.ts'
import { type Address, showAddress } from '../readiness/address.ts'
import { Socket } from '../socket/socket.ts'
import { BaseServer } from './base-server.ts'
import { Job } from './job.ts'
import { notAListener, type PortListener, placeOf, showPlace, whenListening } from './listener.ts'
import { notAHandler, type ServerOptions } from './options.ts'

/** Where a `DatagramServer` listens: a {@link PortListener}, or what is bound already: a socket of `dgram.createSocket()`, or a `Socket`. */
export type DatagramListener = PortListener | GreenDatagramSocket | Socket

/** What a `DatagramServer` does with a message: a generator function, or any function. */
export type DatagramHandler = (data: Buffer, address: Address) => unknown

/** How a `DatagramServer` works. */
export type DatagramServerOptions = ServerOptions<[data: Buffer, address: Address]>

const CALL = 'new DatagramServer()'
const FORMS = "a port, 'host:port', [host, port], a socket of dgram.createSocket(), or a Socket that is bound"

/**
 * Calls `handle(data, address)` for each message, in a greenlet of its own; {@link sendto} answers. An error of the handler is reported,
 * and the server goes on. Messages are handled in the order in which they came.
 *
 * It speaks IPv6 when its host is an address of that, else IPv4.
 *
 * @source gevent: `gevent.server.DatagramServer`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { DatagramServer, dgram } from 'greenloop/net'
 *
 * const server: DatagramServer = new DatagramServer('127.0.0.1:0', function* (data, address) {
 *   yield* server.sendto(`got ${String(data)}`, address)
 * })
 * await run(function* () {
 *   yield* server.start()
 *   const socket = dgram.createSocket('udp4')
 *   yield* socket.sendto('this', server.serverPort, '127.0.0.1')
 *   const [answer] = yield* socket.recvfrom()
 *   console.log(String(answer)) // got this
 *   socket.close()
 *   yield* server.stop()
 * })
 * ```
 */
export class DatagramServer extends BaseServer<[data: Buffer, address: Address]> {
  /** Where it is to be bound; null: it was given a socket. */
  readonly #place: Address | null
  readonly #given: DatagramHandler | null
  readonly #face: Socket | null
  /** Node's socket. @source gevent: `BaseServer.socket` */
  readonly socket: dgram.Socket
  /** Kept when it is closed. */
  #address: Address

  /**
   * @param listener - where it listens.
   * @param handle - what it does with a message. Without it the class must bring its own {@link handle}.
   * @param options - how it works.
   * @throws UsageError when the listener is none of these, or the handler no function; for a wrong option.
   */
  constructor(listener: DatagramListener, handle?: DatagramHandler | null, options: DatagramServerOptions = {}) {
    super(CALL, options)
    if (handle == null ? this.handle === DatagramServer.prototype.handle : typeof handle !== 'function')
      throw notAHandler(CALL, 'data, address', handle)
    this.#given = handle ?? null
    this.#face = listener instanceof Socket ? listener : null
    const place = placeOf(listener)
    if (place !== null && 'port' in place) {
      this.#place = [place.host, place.port]
      this.#address = this.#place
      this.socket = createSocket(place.host.includes(':') ? 'udp6' : 'udp4')
    } else {
      this.#place = null
      this.socket = socketOf(listener)
      this.#address = addressOf(this.socket) ?? ['', 0]
    }
  }

  /** The handler. A subclass may bring its own, as a method, and give none to the constructor. */
  handle(data: Buffer, address: Address): unknown {
    return this.#given?.(data, address) // the constructor has seen to it that there is one, if this is not overridden
  }

  /**
   * Sends one message, by the server's own socket.
   *
   * @param data - text is sent as UTF-8.
   * @param address - to whom: `[host, port]`.
   * @param options - `timeoutMs`: how long at the most.
   * @returns how many bytes.
   * @throws as `sendto` of a datagram socket does.
   * @switches always
   * @source gevent: `DatagramServer.sendto`
   */
  sendto(data: string | Uint8Array, address: Address, options: WaitOptions = {}): Operation<number> {
    return datagramMethods.sendto.call(this.socket, data, address, options)
  }

  override get address(): Address {
    return this.#address
  }

  protected override get where(): string {
    return showPlace(this.#address)
  }

  protected override get handlerName(): string {
    return this.#given === null || this.#given.name === '' ? 'handle' : this.#given.name
  }

  protected override bind(bound: () => void, failed: (error: Error) => void): void {
    const { socket } = this
    const place = this.#place
    if (!datagramStateOf(socket).takesMessages()) throw takenByListener()
    const address = addressOf(socket)
    if (address !== null) {
      this.#address = address // it may have been bound since it was given
      bound()
      return
    }
    if (place === null) throw notBound()
    const onListening = (): void => {
      this.#address = addressOf(socket) ?? this.#address
      bound()
    }
    whenListening(socket, onListening, failed)
    const [host, port] = place
    socket.bind({ port, ...(host === '' ? {} : { address: host }) })
  }

  protected override *next(): Green<Job<Datagram>> {
    const message = yield* datagramMethods.recvfrom.call(this.socket)
    return new Message(message, this, `${this.handlerName}(${showAddress(message[1])})`)
  }

  protected override unbind(): void {
    this.#face?.close()
    if (!datagramStateOf(this.socket).isClosed) this.socket.close()
  }
}

/** The handling of one message. */
class Message extends Job<[data: Buffer, address: Address]> {
  readonly #server: DatagramServer
  override readonly name: string

  constructor(args: Datagram, server: DatagramServer, name: string) {
    super(args)
    this.#server = server
    this.name = name
  }

  override handle(data: Buffer, address: Address): unknown {
    return this.#server.handle(data, address)
  }

  override over(): void {
    // a message is not to be closed
  }

  override drop(): void {
    // datagrams are lost
  }
}

/** The socket that was given as the listener. */
function socketOf(listener: unknown): dgram.Socket {
  const socket = listener instanceof Socket ? listener.node : listener
  if (socket instanceof dgram.Socket && (listener instanceof Socket || 'recvfrom' in socket)) return socket
  throw notAListener(CALL, FORMS, listener)
}

function takenByListener(): UsageError {
  return new UsageError(
    `A DatagramServer was given a socket that has a listener for 'message', which is given every message already.\n\n${wrongRight("socket.on('message', handler); new DatagramServer(socket, handler)", 'each message would have two owners', 'new DatagramServer(socket, handler)')}`,
  )
}

function notBound(): UsageError {
  return new UsageError(
    `A DatagramServer was given a socket that is not bound.\n\n${wrongRight("new DatagramServer(dgram.createSocket('udp4'), handle).start()", 'where?', 'new DatagramServer(yield* socket.bind(port), handle).start()', 'or new DatagramServer(port, handle)')}`,
  )
}
