/**
 * What greenlets' use of a socket leaves on it: who reads, who waits to send, the first error.
 *
 * Model. A socket that no greenlet has touched is Node's alone. From the first use on there is one state for it, found by a symbol. From
 * the first `recv` on it hears the socket's data: a chunk that comes while a greenlet waits goes straight to it; any other is put back into
 * Node's own buffer and the socket is paused, so that the peer is slowed down like by any reader that does not read.
 *
 * ```
 *   'data' ──▶ a greenlet waits in recv ── takes up to size ──▶ the rest: unshift + pause
 *          ├─▶ somebody else listens ('data', pipe) ─────────▶ theirs
 *          └─▶ nobody ──────────────────────────────────────▶ unshift + pause; recv takes it with read()
 * ```
 *
 * Invariants. No byte is held here, unless the socket decodes text; so a socket can be piped on after `recv`. There is at most one listener
 * of ours for each event. Everything that waits is woken when the socket closes.
 *
 * Turned down. Node's 'readable' and `read()` alone: each chunk costs two more turns through its queues. A listener for each wait: adding
 * and removing costs as much as the read.
 *
 * Stands on Node's socket. Leaves the waits to `recv.ts`, `sendall.ts` and `connect.ts`.
 */
import type net from 'node:net'
import { SocketClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import { retire } from '../readiness/numbers.ts'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDHUP, Readiness } from '../readiness/pollable.ts'
import type { SocketWait } from '../readiness/socket-wait.ts'

/** The wait of `recv`, as its socket sees it. */
export interface Reader {
  readonly greenlet: Coroutine
  /** Something is there: take it, or wait on. */
  look(): void
  /** A chunk has come, and nothing stood before it. */
  arrived(chunk: Buffer): void
  /** The socket was closed. */
  closed(): void
}

/** A wait for something else than data, as its socket sees it. The state takes it off its list before it calls either. */
export interface StreamWaiter extends SocketWait {
  /** The socket was closed. */
  closed(): void
}

const STATE = Symbol('greenloop.stream')

interface WithState extends net.Socket {
  [STATE]?: StreamState
}

/** The state of a socket; it is made at the first call. */
export function stateOf(socket: net.Socket): StreamState {
  return (socket as WithState)[STATE] ?? new StreamState(socket)
}

/** The state of a socket; undefined as long as no greenlet has used it. */
export function usedState(socket: net.Socket): StreamState | undefined {
  return (socket as WithState)[STATE]
}

/** What was read beyond the line that was asked for. */
export interface Held {
  /** Takes it out, as the bytes that have come; null: there is none. */
  takeBytes(): Buffer | null
}

/** One for each socket that a greenlet has used, whoever drives it. */
export class StreamState extends Readiness {
  readonly socket: net.Socket
  /** The connection's error, once it had one; thrown by every call from then on. */
  error: Error | null = null
  /** Set while a greenlet waits in `recv`. */
  reader: Reader | null = null
  /** The wait of the last reader, for the next one. */
  spare: Reader | null = null
  /** Those who wait until the peer has taken what was sent. */
  readonly senders: WaitList<StreamWaiter> = new WaitList<StreamWaiter>()
  /** Those who wait until it is connected. */
  readonly connectors: WaitList<StreamWaiter> = new WaitList<StreamWaiter>()
  /** The last `recv` that was asked for, kept for the next one of the same size. */
  recv: (object & { readonly size: number }) | null = null
  /** Bytes that were decoded already: of a socket with an encoding, where a piece may be longer than was asked for. */
  private rest: Buffer | null = null
  /** Lines that are read of it, and may have read beyond the one that was asked for. */
  held: Held | null = null
  /** The peer, for messages: Node forgets it when the socket is closed. */
  private peer: string | null = null
  /** Set when the error came before the end: a TLS socket emits 'end' all the same, and that is not the peer's. */
  private broken = false
  private hearsData = false
  private hearsDrain = false
  private hearsMore = false
  private hearsAgain = false
  /** Set while we read ourselves: Node emits 'data' for that, too. */
  private taking = false

  constructor(socket: net.Socket) {
    super()
    this.socket = socket
    Object.defineProperty(socket, STATE, { value: this })
    this.remember()
    socket.on('error', (error) => {
      this.error ??= error
      if (!socket.readableEnded) this.broken = true
    })
    socket.on('close', () => {
      this.hearAgain()
      // It may be being connected again already. Standard output and error are never destroyed: there each failed write ends like that.
      if (socket.destroyed || !socket.connecting) this.closed()
    })
  }

  override get label(): string {
    this.remember()
    return this.peer ?? 'the socket'
  }

  /** Reads who the peer is, while Node knows it. */
  remember(): void {
    if (this.peer !== null || this.socket.destroyed) return
    const { remoteAddress, remotePort } = this.socket
    if (remoteAddress !== undefined) this.peer = `the socket to ${remoteAddress}:${String(remotePort)}`
  }

  /** What a call throws that finds it closed. */
  closedError(call: string): Error {
    return this.failure ?? new SocketClosedError(`${call}: ${this.label} is closed.`)
  }

  /** Why the connection is over; null when somebody here has closed it: newer Nodes call the writes that were under way then cancelled. */
  get failure(): Error | null {
    const failure: NodeJS.ErrnoException | null = this.error ?? this.socket.errored
    return failure?.code === 'ECANCELED' ? null : failure
  }

  /** What has arrived, up to `size` bytes; null when nothing has. */
  take(size: number): Buffer | null {
    if (this.held !== null) this.takeBack(this.held)
    const { socket, rest } = this
    if (rest !== null) {
      this.rest = rest.length > size ? rest.subarray(size) : null
      return rest.subarray(0, size)
    }
    const there = socket.readableLength
    if (there === 0) {
      if (this.watched) this.hear()
      return null
    }
    this.taking = true
    const encoding = socket.readableEncoding
    const chunk: unknown = socket.read(encoding === null ? Math.min(size, there) : undefined)
    this.taking = false
    if (typeof chunk !== 'string') return chunk as Buffer | null // a net.Socket gives bytes or text
    const bytes = Buffer.from(chunk, encoding ?? 'utf8')
    this.rest = bytes.length > size ? bytes.subarray(size) : null
    return bytes.subarray(0, size)
  }

  private takeBack(held: Held): void {
    const bytes = held.takeBytes()
    if (bytes !== null) this.rest = this.rest === null ? bytes : Buffer.concat([bytes, this.rest])
  }

  /** Takes what was read and given to nobody. */
  takeHeld(): Buffer | null {
    if (this.held !== null) this.takeBack(this.held)
    const { rest } = this
    this.rest = null
    return rest
  }

  /** Whether everything that the peer will ever send was taken. */
  get ended(): boolean {
    return this.rest === null && this.socket.readableEnded && !this.broken
  }

  /** Puts back what a reader did not take. */
  giveBack(chunk: Buffer): void {
    this.socket.pause()
    this.socket.unshift(chunk)
  }

  /** Whether what arrives is somebody else's, or somebody takes it piece by piece. */
  get readByOthers(): boolean {
    const { socket } = this
    return socket.listenerCount('data') > (this.hearsData ? 1 : 0) || socket.listenerCount('readable') > 0
  }

  /** Has the socket read on, as long as there is nothing to take. */
  hear(): void {
    const { socket } = this
    if (!this.hearsData) {
      this.hearsData = true
      socket.on('data', this.onData)
      socket.on('end', this.onEnd)
    }
    if (socket.readableFlowing !== true && socket.readableLength === 0) socket.resume()
  }

  /** Has those who watch told of what comes behind unread data: of that, Node tells nobody. */
  private hearMore(): void {
    if (this.hearsMore) return
    this.hearsMore = true
    const { socket } = this
    const push = socket.push.bind(socket)
    const value = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      const isUnheard = socket.readableFlowing !== true || socket.readableLength > 0
      const more = push(chunk, encoding)
      if (isUnheard) this.tell(POLLIN)
      return more
    }
    Object.defineProperty(socket, 'push', { value, configurable: true, writable: true })
  }

  private readonly onData = (chunk: Buffer | string): void => {
    const { reader, socket } = this
    if (typeof chunk === 'string') {
      if (this.taking) return
      const bytes = Buffer.from(chunk, socket.readableEncoding ?? 'utf8')
      this.rest = this.rest === null ? bytes : Buffer.concat([this.rest, bytes])
      if (reader === null) socket.pause()
      else reader.look()
    } else if (reader !== null) {
      reader.arrived(chunk)
    } else if (!this.taking && socket.readableFlowing === true && socket.listenerCount('data') === 1) {
      // Of a paused socket data comes only because somebody calls read(), as TLS does when it is put over this one: it is theirs.
      this.giveBack(chunk)
    }
    if (!this.taking) this.tell(POLLIN)
  }

  private readonly onEnd = (): void => {
    this.reader?.look()
    this.tell(POLLIN | POLLRDHUP)
  }

  /** Has those who wait to send told. */
  hearDrain(): void {
    if (this.hearsDrain) return
    this.hearsDrain = true
    const drained = (): void => {
      for (let wait = this.senders.shift(); wait !== null; wait = this.senders.shift()) wait.happened(undefined)
      this.tell(POLLOUT)
    }
    this.socket.on('drain', drained)
    // It comes in the place of 'drain' when somebody ends the socket meanwhile: all was sent.
    this.socket.on('finish', drained)
  }

  /** Has those who wait for the connection told; `event` is what Node calls it: with TLS there is more to it than that something can be sent. */
  hearConnect(event: string): void {
    if (this.socket.listeners(event).includes(this.onConnect)) return
    this.socket.once(event, this.onConnect)
  }

  private readonly onConnect = (): void => {
    this.remember()
    for (let wait = this.connectors.shift(); wait !== null; wait = this.connectors.shift()) wait.happened(this.socket)
  }

  /** Has those who watch told when something can be sent. */
  hearOpen(): void {
    if (this.socket.listeners('connect').includes(this.onOpen)) return
    this.socket.once('connect', this.onOpen)
  }

  private readonly onOpen = (): void => {
    this.remember()
    this.tell(POLLOUT)
  }

  /** Has what was forgotten when it is connected again, as Node's sockets may be. */
  private hearAgain(): void {
    if (this.hearsAgain) return
    this.hearsAgain = true
    this.socket.on('connect', () => {
      this.error = null
      this.broken = false
      this.rest = null
      this.peer = null
      this.remember()
    })
  }

  /** Whether nothing is to be had of it any more. Of one that Node has closed, the end of the peer or the error is. */
  get isClosed(): boolean {
    return this.socket.destroyed && this.error === null && !this.socket.readableEnded
  }

  private closed(): void {
    if (this.isClosed) retire(this)
    this.endWaits()
    this.tell(this.events())
  }

  /** Tells all who wait that it was closed. */
  endWaits(): void {
    this.reader?.closed()
    for (const waits of [this.connectors, this.senders])
      for (let wait = waits.shift(); wait !== null; wait = waits.shift()) wait.closed()
  }

  override events(): number {
    const { socket } = this
    const ended = socket.readableEnded ? POLLIN | POLLRDHUP : 0
    if (socket.destroyed) {
      // As after a refused connection: both a read and a write would be answered at once.
      if (this.error !== null) return POLLNVAL | POLLIN | POLLOUT | POLLERR | POLLHUP
      return ended === 0 ? POLLNVAL : POLLNVAL | POLLHUP | ended
    }
    let events = ended
    if (this.rest !== null || socket.readableLength > 0) events |= POLLIN
    if (!socket.connecting && !socket.pending && !socket.writableNeedDrain) {
      if (!socket.writableEnded) events |= POLLOUT
      else if (ended !== 0) events |= POLLHUP
    }
    return events
  }

  override expect(events: number): void {
    if (this.socket.destroyed) return
    if ((events & POLLIN) !== 0) {
      this.hear()
      if (this.socket.readableLength > 0) this.hearMore()
    }
    if ((events & POLLOUT) !== 0) {
      this.hearDrain()
      if (this.socket.connecting) this.hearOpen()
    }
  }
}
