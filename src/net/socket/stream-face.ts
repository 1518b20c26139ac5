/**
 * The face of a connection, or of a server that takes them: TCP and Unix sockets.
 *
 * ```
 *   nothing below ── connect ──▶ connecting ──▶ connected ── close ──▶ closed
 *        │                           └── failed: told by the next call; then nothing is below again
 *        └── bind: remembered ── listen ──▶ a server
 * ```
 *
 * Stands on the stream room. Leaves sending in pieces to `calls.ts`.
 */
import net from 'node:net'
import { BlockingIOError, SocketClosedError } from '../../errors/classes.ts'
import type { Green, Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { Timeout } from '../../waiting/timeout.ts'
import { lookup, lookupFunction } from '../dns/lookup.ts'
import type { Address } from '../readiness/address.ts'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../readiness/pollable.ts'
import { socketTimeout } from '../readiness/socket-wait.ts'
import { Accept, type Accepted, Listen } from '../stream/accept.ts'
import { Connect } from '../stream/connect.ts'
import { Recv } from '../stream/recv.ts'
import { Sendall } from '../stream/sendall.ts'
import { connectionEventOf, serverStateOf } from '../stream/server-state.ts'
import { stateOf } from '../stream/stream-state.ts'
import { AtOnce, Call, roomOf, type Sendable, Sent, systemError } from './calls.ts'
import { Face, type NodeSocket } from './face.ts'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Family,
  nowhere,
  type Option,
  SHUT_RD,
  SHUT_WR,
  type Shutdown,
  SOCK_STREAM,
  type SocketAddress,
  showSocketAddress,
  versionOf,
} from './vocabulary.ts'

/** What would have to happen, that a call need not wait. */
const SOMETHING = POLLIN | POLLERR | POLLNVAL

/** Behind a `Socket` of `SOCK_STREAM`. */
export class StreamFace extends Face {
  override readonly kind: typeof SOCK_STREAM = SOCK_STREAM
  protected override readonly idleEvents: number = POLLOUT | POLLHUP // as Linux has it
  #socket: net.Socket | null = null
  #server: net.Server | null = null
  /** What `bind` was given. */
  #local: SocketAddress | null = null
  /** What `connect` was given: of a Unix socket, Node does not tell it. */
  #remote: SocketAddress | null = null
  #wasConnected = false
  #noMoreReads = false

  /** The face of a socket or a server that Node has made. */
  static of(node: net.Socket | net.Server): StreamFace {
    const face = new StreamFace(familyOfNode(node))
    if (node instanceof net.Server) face.#layServer(node)
    else face.#laySocket(node)
    return face
  }

  override get node(): NodeSocket | null {
    return this.#socket ?? this.#server
  }

  #laySocket(socket: net.Socket): void {
    this.#socket = socket
    const state = stateOf(socket)
    if (socket.connecting || socket.pending) {
      state.hearOpen()
      socket.once('connect', () => {
        this.#wasConnected = true
      })
    } else {
      this.#wasConnected = true
    }
    this.applyAll()
    this.lay(state)
  }

  #layServer(server: net.Server): void {
    this.#server = server
    const state = serverStateOf(server)
    state.takesConnections(connectionEventOf(server))
    this.lay(state)
  }

  // Connecting

  override connect(address: SocketAddress): Operation<void> {
    if (!this.blocking) this.#connectAtOnce(address)
    return operation('connect()', () => this.#connecting(address))
  }

  /** Begins to connect, and throws what there is to say of it. */
  #connectAtOnce(address: SocketAddress): never {
    const isOnItsWay = this.#isConnecting('connect()')
    const where = showSocketAddress(address)
    if (isOnItsWay) throw new BlockingIOError(`connect() of ${this.label} would wait: it is connecting.`, 'EALREADY')
    this.#open(address)
    throw new BlockingIOError(
      `connect() to ${where} goes on by itself; the socket is writable when it is there.`,
      'EINPROGRESS',
    )
  }

  *#connecting(address: SocketAddress): Green<void> {
    if (!this.blocking) this.#connectAtOnce(address)
    const timeout = Timeout.startNew(this.timeoutMs)
    try {
      yield* this.#connected(address)
    } catch (error) {
      if (error !== timeout) throw error
      throw socketTimeout(`connect() to ${showSocketAddress(address)}`, timeout.ms ?? timeout)
    } finally {
      timeout.close()
    }
  }

  *#connected(address: SocketAddress): Green<void> {
    // Looked up here, where a kill takes it back; of what Node is given to look up it never hears again.
    const found = this.#isConnecting('connect()') ? address : yield* this.#found(address)
    const socket = this.#isConnecting('connect()') ? this.#socket : this.#open(found)
    if (socket === null) return // it is connecting, so it is there
    try {
      yield* new Connect(socket)
    } catch (error) {
      if (this.#socket === socket) this.#forget()
      throw error
    }
  }

  /** The address with the name looked up. */
  *#found(address: SocketAddress): Green<SocketAddress> {
    if (typeof address === 'string') return address
    const [host, port] = address
    if (net.isIP(host) !== 0) return address
    return [(yield* lookup(host, { family: versionOf(this.family) })).address, port]
  }

  /** Whether it is on its way. Throws when it cannot be connected: it is already, or it failed, which is told by this. */
  #isConnecting(call: string): boolean {
    if (this.isClosed) throw this.closedError(call)
    if (this.#server !== null) throw systemError('connect', 'EISCONN', `${this.label} listens.`)
    const error = this.takeError()
    if (error !== null) throw error
    if (this.#socket === null) return false
    if (this.#socket.connecting) return true
    throw systemError('connect', 'EISCONN', `${this.label} is connected already.`)
  }

  #open(address: SocketAddress): net.Socket {
    const socket = new net.Socket({ allowHalfOpen: true })
    this.#remote = address
    socket.connect(this.#target(address)) // from now on it is connecting
    this.#laySocket(socket)
    return socket
  }

  #target(address: SocketAddress): net.NetConnectOpts {
    if (typeof address === 'string') return { path: address }
    const [host, port] = address
    const local = this.#local
    return {
      host,
      port,
      family: versionOf(this.family),
      lookup: lookupFunction,
      ...(local === null || typeof local === 'string' ? {} : { localAddress: local[0], localPort: local[1] }),
    }
  }

  /** Nothing is below any more, as before it was tried. */
  #forget(): void {
    if (this.isClosed) return
    this.#socket?.destroy()
    this.#socket = null
    this.#remote = null
    this.#server = null
    this.lay(null)
  }

  /** The error of a connection that did not come about; by this it may be tried again. */
  protected override takeError(): Error | null {
    if (this.#socket === null) return null
    const { error } = stateOf(this.#socket)
    if (error !== null && !this.#wasConnected) this.#forget()
    return error
  }

  // Listening

  override bind(address: SocketAddress): Operation<void> {
    return operation('bind()', () => this.#binding(address))
  }

  *#binding(address: SocketAddress): Green<void> {
    if (this.isClosed) throw this.closedError('bind()')
    if (this.#local !== null || this.node !== null)
      throw systemError('bind', 'EINVAL', `${this.label} has an address already.`)
    this.#local = yield* this.#found(address)
  }

  override listen(backlog: number): Operation<void> {
    return operation('listen()', () => this.#listening(backlog))
  }

  *#listening(backlog: number): Green<void> {
    if (this.isClosed) throw this.closedError('listen()')
    if (this.#socket !== null) throw systemError('listen', 'EINVAL', `${this.label} is connected.`)
    if (this.#server !== null) return // Linux would take another backlog
    const server = net.createServer({ allowHalfOpen: true })
    const local = this.#local ?? nowhere(this.family)
    server.listen(typeof local === 'string' ? { path: local, backlog } : { host: local[0], port: local[1], backlog })
    this.#layServer(server)
    try {
      yield* new Listen(server)
    } catch (error) {
      this.#forget()
      throw error
    }
  }

  override accept(): Operation<Accepted<net.Socket>> {
    if (!this.blocking) this.#acceptable()
    return new Call('accept()', () => {
      const server = this.#acceptable()
      return new Accept<net.Socket>(server, connectionEventOf(server), this.limit)
    })
  }

  /** The server, of which a connection may be taken now. */
  #acceptable(): net.Server {
    if (this.isClosed) throw this.closedError('accept()')
    const server = this.#server
    if (server === null)
      throw systemError('accept', 'EINVAL', `${this.label} does not listen; yield* socket.listen() comes first.`)
    if (!this.blocking && (serverStateOf(server).events() & SOMETHING) === 0)
      throw this.wouldBlock('accept()', 'nobody has connected')
    return server
  }

  // Receiving

  override recv(size: number): Operation<Buffer> {
    return this.#receive('recv()', size, null) as Call<Buffer> // it is read into nothing
  }

  override recvInto(buffer: Uint8Array): Operation<number> {
    return this.#receive('recvInto()', buffer.length, buffer) as Call<number> // it is read into a buffer
  }

  #receive(call: string, size: number, into: Uint8Array | null): Call<Buffer | number> {
    if (!this.blocking) this.#receivable(call)
    return new Call(call, () => {
      const socket = this.#receivable(call)
      return new Recv(socket, this.#noMoreReads ? 0 : size, into, this.limit)
    })
  }

  override recvfrom(size: number): Operation<[Buffer, Address]> {
    if (!this.blocking) this.#receivable('recvfrom()')
    return operation('recvfrom()', () => this.#receiveFrom(size))
  }

  *#receiveFrom(size: number): Green<[Buffer, Address]> {
    const { peer } = this
    return [yield* this.recv(size), typeof peer === 'string' || peer === null ? ['', 0] : peer]
  }

  /** The socket, from which something may be taken now. */
  #receivable(call: string): net.Socket {
    const socket = this.#connection(call)
    if (this.blocking || this.#noMoreReads) return socket
    const state = stateOf(socket)
    if ((state.events() & SOMETHING) === 0) {
      state.expect(POLLIN)
      throw this.wouldBlock(call, socket.connecting ? 'it is connecting' : 'nothing has arrived')
    }
    return socket
  }

  #connection(call: string): net.Socket {
    if (this.isClosed) throw this.closedError(call)
    if (this.#socket !== null) return this.#socket
    throw systemError(
      call.replace('()', ''),
      'ENOTCONN',
      `${this.label} is not connected; yield* socket.connect([host, port]) comes first.`,
    )
  }

  // Sending

  override send(data: Sendable): Operation<number> {
    if (!this.blocking) this.#sendable('send()')
    return new Call('send()', () => {
      const socket = this.#sendable('send()')
      return new Sent(socket, data, this.blocking, this.limit)
    })
  }

  override sendall(data: Sendable): Operation<void> {
    if (!this.blocking) this.#sendable('sendall()')
    return new Call('sendall()', () => {
      const socket = this.#sendable('sendall()')
      if (this.blocking) return new Sendall(socket, data, this.limit)
      return new AtOnce('sendall()', () => void socket.write(Buffer.from(data as Uint8Array))) // a string as well; copied, as it does not wait
    })
  }

  override sendto(): never {
    throw systemError('sendto', 'EISCONN', `${this.label} sends to its peer alone; yield* socket.sendall(data) does.`)
  }

  /** The socket, which takes something now. */
  #sendable(call: string): net.Socket {
    const socket = this.#connection(call)
    const state = stateOf(socket)
    if (socket.destroyed && (state.error !== null || !socket.writableEnded)) throw state.closedError(call)
    if (socket.writableEnded) throw new SocketClosedError(`${call}: the sending side of ${this.label} was shut down.`)
    if (this.blocking) return socket
    if (socket.connecting || roomOf(socket) === 0) {
      state.expect(POLLOUT)
      throw this.wouldBlock(call, socket.connecting ? 'it is connecting' : 'the peer has not taken what was sent')
    }
    return socket
  }

  // Where it is

  override getsockname(): SocketAddress {
    const address = this.#server?.address() ?? null
    if (typeof address === 'string') return address
    if (address !== null) return [address.address, address.port]
    const { localAddress, localPort } = this.#socket ?? {}
    if (localAddress !== undefined && localPort !== undefined) return [localAddress, localPort]
    return this.#local ?? nowhere(this.family)
  }

  override get peer(): SocketAddress | null {
    const socket = this.#socket
    if (socket === null || socket.connecting) return null
    const { remoteAddress, remotePort } = socket
    if (remoteAddress !== undefined && remotePort !== undefined) return [remoteAddress, remotePort]
    return this.family === AF_UNIX && !socket.destroyed ? (this.#remote ?? '') : null
  }

  // Options

  protected override applies(option: Option): boolean {
    return option === 'reuseaddr' || option === 'keepalive' || option === 'nodelay'
  }

  protected override apply(option: Option, value: number): void {
    if (option === 'nodelay') this.#socket?.setNoDelay(value !== 0)
    else if (option === 'keepalive') this.#socket?.setKeepAlive(value !== 0)
    // Node sets SO_REUSEADDR itself.
  }

  // Its end

  override shutdown(how: Shutdown): void {
    const socket = this.#connection('shutdown()')
    if (socket.connecting) throw systemError('shutdown', 'ENOTCONN', `${this.label} is connecting.`)
    if (how !== SHUT_WR) {
      this.#noMoreReads = true
      stateOf(socket).reader?.arrived(Buffer.alloc(0))
    }
    if (how !== SHUT_RD) socket.end()
  }

  protected override end(): void {
    this.#server?.close()
    const socket = this.#socket
    if (socket === null) return
    if (socket.connecting) {
      socket.destroy()
      return
    }
    stateOf(socket).endWaits()
    socket.destroySoon() // when all was sent
  }
}

function familyOfNode(node: net.Socket | net.Server): Family {
  const where: { family?: string } | string | null = node.address()
  if (where === null || typeof where === 'string') return AF_UNIX
  if (where.family === 'IPv6') return AF_INET6
  const isUnix = where.family === undefined && node instanceof net.Socket && !node.pending
  return isUnix ? AF_UNIX : AF_INET
}
