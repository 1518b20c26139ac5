/**
 * The face of a socket for messages: UDP.
 *
 * What is below is made when it is first needed, so that options can be set before.
 *
 * Stands on the datagram room. Binding and connecting are waited for by a socket that does not wait, too: they take Node a turn, and the
 * network nothing.
 */
import dgram from 'node:dgram'
import type { Green, Operation } from '../../protocol.ts'
import { begun, operation } from '../../waiting/operation.ts'
import { Bound, beginConnect } from '../datagram/bound.ts'
import { createSocket } from '../datagram/create-socket.ts'
import { addressOf, type Datagram, datagramStateOf, remoteOf } from '../datagram/datagram-state.ts'
import { Recvfrom } from '../datagram/recvfrom.ts'
import { Sendto } from '../datagram/sendto.ts'
import type { Address } from '../readiness/address.ts'
import { POLLERR, POLLIN, POLLNVAL, POLLOUT } from '../readiness/pollable.ts'
import { AtOnce, Call, type Sendable, systemError } from './calls.ts'
import { Face, type NodeSocket } from './face.ts'
import { AF_INET, AF_INET6, nowhere, type Option, SOCK_DGRAM, type SocketAddress, versionOf } from './vocabulary.ts'

const SOMETHING = POLLIN | POLLERR | POLLNVAL

/** Behind a `Socket` of `SOCK_DGRAM`. */
export class DatagramFace extends Face {
  override readonly kind: typeof SOCK_DGRAM = SOCK_DGRAM
  protected override readonly idleEvents: number = POLLOUT
  #socket: dgram.Socket | null = null
  /** Messages that were sent without waiting, and are not handed over yet. */
  #posted = 0

  /** The face of a socket that Node has made. */
  static of(node: dgram.Socket): DatagramFace {
    const isSix = (addressOf(node)?.[0] ?? '').includes(':')
    const face = new DatagramFace(isSix ? AF_INET6 : AF_INET)
    face.#use(node)
    return face
  }

  override get node(): NodeSocket | null {
    return this.#socket
  }

  /** The socket below; it is made by this. */
  #below(call: string): dgram.Socket {
    if (this.isClosed) throw this.closedError(call)
    return (
      this.#socket ??
      this.#use(createSocket({ type: `udp${versionOf(this.family)}`, reuseAddr: this.option('reuseaddr') !== 0 }))
    )
  }

  #use(socket: dgram.Socket): dgram.Socket {
    this.#socket = socket
    const state = datagramStateOf(socket)
    state.takesMessages()
    socket.on('listening', () => {
      this.applyAll()
    })
    if (addressOf(socket) !== null) this.applyAll()
    this.lay(state)
    return socket
  }

  override connect(address: SocketAddress): Operation<void> {
    return operation('connect()', () => this.#connecting(address as Address)) // it was checked
  }

  *#connecting([host, port]: Address): Green<void> {
    const socket = this.#below('connect()')
    if (remoteOf(socket) !== null) socket.disconnect()
    beginConnect(socket, [port, host])
    yield* new Bound(socket, this.blocking ? this.limit : undefined)
  }

  override bind(address: SocketAddress): Operation<void> {
    return operation('bind()', () => this.#binding(address as Address)) // it was checked
  }

  *#binding([host, port]: Address): Green<void> {
    const socket = this.#below('bind()')
    if (addressOf(socket) !== null) throw systemError('bind', 'EINVAL', `${this.label} has an address already.`)
    socket.bind(port, host)
    yield* new Bound(socket)
  }

  override listen(): never {
    throw this.#unsupported('listen')
  }

  override accept(): never {
    throw this.#unsupported('accept')
  }

  override shutdown(): never {
    throw this.#unsupported('shutdown')
  }

  #unsupported(call: string): Error {
    return systemError(call, 'EOPNOTSUPP', `${this.label} has messages, and no connections.`)
  }

  override recv(size: number): Operation<Buffer> {
    return this.#receive('recv()', size, ([data]) => data)
  }

  override recvInto(buffer: Uint8Array): Operation<number> {
    return this.#receive('recvInto()', buffer.length, ([data]) => {
      buffer.set(data)
      return data.length
    })
  }

  override recvfrom(size: number): Operation<Datagram> {
    return this.#receive('recvfrom()', size, (message) => message)
  }

  #receive<T>(call: string, size: number, shape: (message: Datagram) => T): Operation<T> {
    if (!this.blocking) this.#receivable(call)
    return new Call(call, () => new Recvfrom(this.#receivable(call), size, shape, call, this.limit))
  }

  /** The socket, of which a message may be taken now. */
  #receivable(call: string): dgram.Socket {
    const socket = this.#below(call)
    if (!this.blocking && (datagramStateOf(socket).events() & SOMETHING) === 0)
      throw this.wouldBlock(call, 'nothing has arrived')
    return socket
  }

  override send(data: Sendable): Operation<number> {
    return this.#send('send()', data, null)
  }

  override sendall(data: Sendable): Operation<void> {
    const sending = begun(this.#send('sendall()', data, null)) // it is driven below
    return operation('sendall()', function* () {
      yield* sending
    })
  }

  override sendto(data: Sendable, address: SocketAddress): Operation<number> {
    return this.#send('sendto()', data, address as Address) // it was checked
  }

  #send(call: string, data: Sendable, address: Address | null): Operation<number> {
    if (!this.blocking) this.#sendable(call, address)
    return new Call(call, () => {
      const socket = this.#sendable(call, address)
      if (this.blocking) return new Sendto(socket, data, address, call, this.limit)
      return new AtOnce(call, () => this.#post(socket, Buffer.from(data as Uint8Array), address)) // a string as well
    })
  }

  /** The socket, which takes a message now. */
  #sendable(call: string, address: Address | null): dgram.Socket {
    const socket = this.#below(call)
    if (address === null && remoteOf(socket) === null)
      throw systemError(
        call.replace('()', ''),
        'EDESTADDRREQ',
        `${this.label} is not connected; yield* socket.sendto(data, [host, port]) says to whom.`,
      )
    if (!this.blocking && (datagramStateOf(socket).events() & POLLOUT) === 0)
      throw this.wouldBlock(call, 'the machine has not taken what was sent')
    return socket
  }

  /** Sends without waiting. What goes wrong is the error of the next call. */
  #post(socket: dgram.Socket, bytes: Buffer, address: Address | null): number {
    const state = datagramStateOf(socket)
    state.throwPending()
    const sent = (error: Error | null): void => {
      this.#posted--
      if (error !== null) state.pend(error)
      state.sent()
      if (this.isClosed) this.end()
    }
    if (address === null) socket.send(bytes, sent)
    else socket.send(bytes, address[1], address[0], sent)
    this.#posted++ // Node calls back later
    return bytes.length
  }

  override getsockname(): SocketAddress {
    return (this.#socket === null ? null : addressOf(this.#socket)) ?? nowhere(this.family)
  }

  override get peer(): SocketAddress | null {
    return this.#socket === null ? null : remoteOf(this.#socket)
  }

  protected override takeError(): Error | null {
    return this.#socket === null ? null : datagramStateOf(this.#socket).takeError()
  }

  protected override applies(option: Option): boolean {
    return option === 'reuseaddr' || option === 'broadcast' || option === 'sndbuf' || option === 'rcvbuf'
  }

  protected override apply(option: Option, value: number): void {
    const socket = this.#socket
    if (socket === null || addressOf(socket) === null) return // when it is bound
    if (option === 'broadcast') socket.setBroadcast(value !== 0)
    else if (option === 'sndbuf') socket.setSendBufferSize(value)
    else if (option === 'rcvbuf') socket.setRecvBufferSize(value)
  }

  protected override end(): void {
    const socket = this.#socket
    if (socket === null) return
    const state = datagramStateOf(socket)
    state.ended()
    if (this.#posted > 0) return // the last one ends it
    try {
      socket.close()
    } catch {
      // whoever has it, too, has closed it
    }
  }
}
