/**
 * What greenlets' use of a datagram socket leaves on it: who reads, who waits, and the messages that nobody has taken yet.
 *
 * Node hands over every message at once and cannot be asked to wait. So those that nobody waits for stand in a queue here, which is bounded
 * as the machine's own is: a message that finds it full is dropped, and nobody is told. That is how datagrams are.
 *
 * A socket with a listener for 'message' hands its messages to that, as ever, and `recvfrom` refuses it by name.
 *
 * An error of a datagram socket is no end: it is thrown once, by the next call, and the socket goes on.
 *
 * Stands on Node's socket. Leaves the waits to `bound.ts`, `recvfrom.ts` and `sendto.ts`.
 */
import dgram from 'node:dgram'
import { SocketClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import { type Address, showAddress } from '../readiness/address.ts'
import { retire } from '../readiness/numbers.ts'
import { POLLERR, POLLIN, POLLNVAL, POLLOUT, Readiness } from '../readiness/pollable.ts'
import type { SocketWait } from '../readiness/socket-wait.ts'

/** A message, and who has sent it. */
export type Datagram = [data: Buffer, address: Address]

/** So many messages wait in a socket for somebody to take them. */
export const MAX_MESSAGES = 1024
/** So many bytes do: 1 MiB. */
export const MAX_BYTES: number = 2 ** 20

/** The wait of `recvfrom`, as its socket sees it. */
export interface DatagramReader {
  readonly greenlet: Coroutine
  arrived(message: Datagram): void
  failed(error: unknown): void
}

const STATE = Symbol('greenloop.datagram')

interface WithState extends dgram.Socket {
  [STATE]?: DatagramState
}

/** The state of a socket; it is made at the first call. */
export function datagramStateOf(socket: dgram.Socket): DatagramState {
  return (socket as WithState)[STATE] ?? new DatagramState(socket)
}

const MESSAGE = 'message'

/** One for each socket that a greenlet has used. */
export class DatagramState extends Readiness {
  readonly socket: dgram.Socket
  /** Set while a greenlet waits in `recvfrom`. */
  reader: DatagramReader | null = null
  /** Those who wait until it is bound. */
  readonly binders: WaitList<SocketWait> = new WaitList<SocketWait>()
  /** Those who wait until it is connected. */
  readonly connectors: WaitList<SocketWait> = new WaitList<SocketWait>()
  /** Those who wait until their message was handed to the machine. */
  readonly senders: WaitList<SocketWait> = new WaitList<SocketWait>()
  /** Whether it is on its way to be connected. */
  connecting = false
  readonly #messages: Datagram[] = []
  #bytes = 0
  /** For the next call. */
  #error: Error | null = null
  #where: string | null = null
  #closed = false

  constructor(socket: dgram.Socket) {
    super()
    this.socket = socket
    Object.defineProperty(socket, STATE, { value: this })
    socket.on('listening', this.#onListening)
    socket.on('connect', this.#onConnect)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  override get label(): string {
    this.#remember()
    return this.#where === null ? 'the datagram socket' : `the datagram socket at ${this.#where}`
  }

  /** Reads where it is bound, while Node knows it. */
  #remember(): void {
    if (this.#where !== null) return
    const address = addressOf(this.socket)
    if (address !== null) this.#where = showAddress(address)
  }

  /** Whether `recvfrom` gives its messages, from now on: nobody else listens for them. Once somebody does, they are theirs. */
  takesMessages(): boolean {
    const { socket } = this
    const others = socket.listenerCount(MESSAGE) - socket.listenerCount(MESSAGE, this.#onMessage)
    if (others > 0) socket.off(MESSAGE, this.#onMessage)
    else if (socket.listenerCount(MESSAGE) === 0) socket.on(MESSAGE, this.#onMessage)
    return others === 0
  }

  /** The oldest message; null when there is none. */
  take(): Datagram | null {
    const message = this.#messages.shift()
    if (message === undefined) return null
    this.#bytes -= message[0].length
    return message
  }

  /** Throws the error that came between two calls, once. */
  throwPending(): void {
    const error = this.takeError()
    if (error !== null) throw error
  }

  /** The error that came between two calls; it is forgotten by this. */
  takeError(): Error | null {
    const error = this.#error
    this.#error = null
    return error
  }

  /** Keeps an error for the next call. */
  pend(error: Error): void {
    this.#error ??= error
    this.tell(POLLERR)
  }

  /** Whether it was closed, even if Node has not told so yet. */
  get isClosed(): boolean {
    return this.#closed || isStopped(this.socket)
  }

  closedError(call: string): Error {
    return new SocketClosedError(`${call}: ${this.label} is closed.`)
  }

  readonly #onListening = (): void => {
    this.#remember()
    for (let wait = this.binders.shift(); wait !== null; wait = this.binders.shift()) wait.happened(this.socket)
  }

  readonly #onConnect = (): void => {
    this.connecting = false
    for (let wait = this.connectors.shift(); wait !== null; wait = this.connectors.shift()) wait.happened(this.socket)
  }

  readonly #onMessage = (data: Buffer, { address, port }: dgram.RemoteInfo): void => {
    if (!this.takesMessages()) return
    const message: Datagram = [data, [address, port]]
    if (this.reader !== null) {
      this.reader.arrived(message)
    } else if (this.#messages.length < MAX_MESSAGES && this.#bytes + data.length <= MAX_BYTES) {
      this.#messages.push(message)
      this.#bytes += data.length
    }
    this.tell(POLLIN)
  }

  readonly #onError = (error: Error): void => {
    this.connecting = false // Node knows no other error meanwhile
    const wait = this.connectors.shift() ?? this.binders.shift() ?? this.reader
    if (wait !== null) wait.failed(error)
    else if (this.socket.listenerCount(MESSAGE, this.#onMessage) > 0) this.#error ??= error
    else if (this.socket.listenerCount('error') === 1) throw error // as if we did not listen
    this.tell(POLLERR)
  }

  readonly #onClose = (): void => {
    this.ended()
  }

  /** It was closed: those who wait are told. */
  ended(): void {
    if (this.#closed) return
    this.#closed = true
    retire(this)
    this.#messages.length = 0
    this.#bytes = 0
    this.reader?.failed(this.closedError('recvfrom()'))
    for (const [waits, call] of [
      [this.binders, 'bind()'],
      [this.connectors, 'connect()'],
      [this.senders, 'sendto()'],
    ] as const)
      for (let wait = waits.shift(); wait !== null; wait = waits.shift()) wait.failed(this.closedError(call))
    this.tell(POLLNVAL)
  }

  /** A message was handed to the machine. */
  sent(): void {
    this.tell(POLLOUT)
  }

  override events(): number {
    if (this.isClosed) return POLLNVAL
    let events = 0
    if (this.#messages.length > 0) events |= POLLIN
    // Both a read and a write would be answered at once.
    if (this.#error !== null) events |= POLLERR | POLLIN | POLLOUT
    if (this.socket.getSendQueueSize() === 0) events |= POLLOUT
    return events
  }

  override expect(events: number): void {
    if ((events & POLLIN) !== 0) this.takesMessages()
  }
}

/** Where the socket is bound; null when it is not, or is closed. */
export function addressOf(socket: dgram.Socket): Address | null {
  try {
    const { address, port } = socket.address()
    return [address, port]
  } catch {
    return null // Node has no other way to ask
  }
}

/** To whom the socket is connected; null when it is not. */
export function remoteOf(socket: dgram.Socket): Address | null {
  try {
    const { address, port } = socket.remoteAddress()
    return [address, port]
  } catch {
    return null // Node has no other way to ask
  }
}

/** Whether `close()` was called, of which Node tells a tick later. */
function isStopped(socket: dgram.Socket): boolean {
  try {
    socket.address()
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_SOCKET_DGRAM_NOT_RUNNING' // Node throws errors
  }
}
