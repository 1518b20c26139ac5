/**
 * What greenlets' use of a Node stream leaves with it: who reads, who waits to write, which error nobody has met yet.
 *
 * Model. A stream that no greenlet uses is Node's alone. Reading stands on 'readable' and `read()`: who finds nothing listens for
 * 'readable' as long as the wait lasts, and takes what is there then. So nothing is taken that nobody has asked for, Node reads ahead as far
 * as it always does, and a stream that was read can be piped on.
 *
 * ```
 *   read() ── something ──▶ given
 *          └─ nothing ────▶ on 'readable': look again ──▶ given ──▶ off 'readable', as after a wait that was given up
 *
 *   'error' ──▶ those who wait
 *           ├─▶ nobody waits, but somebody uses it: kept, the next call throws it
 *           └─▶ nobody uses it: Node's, as if we were not there
 * ```
 *
 * Who uses it: a greenlet, from the first call that has given it something until it ends; a cursor of plain code, until it is at its end
 * or disposed of. As long as there is one, five events are listened to, once each. A wait that is given up leaves as many listeners as it has found.
 *
 * Turned down. Listening for 'data', as sockets do, where every microsecond of a small message counts: what comes after a kill has to be put
 * back, and whoever listens for 'data' next finds the stream paused. A listener for errors for ever: one that nobody asks for is lost in
 * silence. None but while somebody waits: an error of the source would end the process while the loop waits for the target.
 *
 * Stands on Node's stream. Leaves the waits to `recv.ts` and `write.ts`.
 */
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { StreamClosedError } from '../../errors/classes.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { hubOf } from '../../hub/default.ts'
import { type Held, usedState } from '../../net/stream/stream-state.ts'
import { type Attached, attached } from '../../waiting/attached.ts'
import type { IOWait } from '../../waiting/io-wait.ts'
import type { Listenable, Listener } from '../../waiting/linkable.ts'
import { WaitList } from '../../waiting/wait-list.ts'

/** The wait of the one who reads, as its stream sees it. */
export interface Reader {
  readonly greenlet: Coroutine
  /** The call, for messages. */
  readonly call: string
  /** Something is there, or the end: take it, or wait on. */
  look(): void
  failed(error: unknown): void
}

/** A wait of somebody who writes. The state takes it off its list before it ends it. */
export interface Writer extends IOWait {
  /** The call, for messages. */
  readonly call: string
}

/** Text that was read beyond the line that was asked for. */
export type HeldText = Held

const states: Attached<StreamState> = attached()

/** The state of a stream; it is made at the first call. */
export function stateOf(stream: object): StreamState {
  let state = states.get(stream)
  if (state === undefined) {
    state = new StreamState(stream)
    states.set(stream, state)
  }
  return state
}

/** Whether it is this process's standard input. It is asked for its descriptor first: looking at `process.stdin` makes it. */
export function isStdin(stream: object): boolean {
  return 'fd' in stream && stream.fd === 0 && stream === process.stdin
}

/** A stream as it stands in messages: `the ReadStream of /etc/hosts`. */
export function labelOf(stream: object): string {
  if (isStdin(stream)) return 'process.stdin'
  if (stream instanceof net.Socket) return usedState(stream)?.label ?? 'the socket'
  const { constructor, path } = stream as { constructor?: unknown; path?: unknown } // any object may be asked
  const kind = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'stream'
  return typeof path === 'string' && path !== '' ? `the ${kind} of ${path}` : `the ${kind}`
}

/** One for each stream that a greenlet has used. */
export class StreamState implements Listener {
  /** Either side of it may be missing. */
  readonly stream: Duplex
  /** Set while somebody waits for data. */
  reader: Reader | null = null
  /** Those who wait until what was written is taken. */
  readonly writers: WaitList<Writer> = new WaitList<Writer>()
  /** Those who wait until all that was written is out. */
  readonly enders: WaitList<Writer> = new WaitList<Writer>()
  /** What is left of text whose bytes are asked for piece by piece. */
  rest: Buffer | null = null
  /** What lines are read from. */
  held: HeldText | null = null
  /** An error that nobody has met. */
  private unmet: Error | null = null
  /** The error that a call has thrown before Node tells of it. */
  private met: unknown = null
  private readonly users = new Set<object>()
  private lastUser: object | null = null
  private isHeard = false
  private hearsReadable = false
  private readonly isStdin: boolean
  private isResting = false

  constructor(stream: object) {
    this.stream = stream as Duplex // whoever asks has seen to it that it has the side in question
    this.isStdin = isStdin(stream)
  }

  get label(): string {
    return labelOf(this.stream)
  }

  /** `owner` was given something, by a call of its own or by `cursor`. Errors are kept for it from now on. */
  used(owner: Coroutine, cursor: object | null): void {
    if (owner === this.lastUser) return
    const user = '$listen' in owner ? owner : cursor
    if (user === null) return // of plain code nobody tells whether it comes back
    this.lastUser = user
    if (this.users.has(user) || this.stream.closed) return
    this.users.add(user)
    if (user === owner) (owner as unknown as Listenable).$listen(this) // it has the method
    this.hear()
  }

  /** A cursor is over: at its end, or disposed of. */
  unused(user: object): void {
    if (this.lastUser === user) this.lastUser = null
    if (!this.users.delete(user)) return
    this.settle()
  }

  /** A greenlet that has used it has ended. What it has not met is nobody's any more. */
  notify(greenlet: unknown): void {
    const user = greenlet as Coroutine // it was listened to
    this.unused(user)
    const { unmet } = this
    if (unmet === null || this.users.size > 0) return
    this.unmet = null
    hubOf(user).tell(unmet, user)
  }

  /** It is closed: nobody uses it any more, and who has used it may live long. */
  private forgetUsers(): void {
    for (const user of this.users) if ('$ignore' in user) (user as Listenable).$ignore(this) // it has the method
    this.users.clear()
    this.lastUser = null
  }

  /** Has all told of what happens. */
  hear(): void {
    if (this.isHeard) return
    this.isHeard = true
    const { stream } = this
    stream.on('error', this.onError)
    stream.on('close', this.onClose)
    stream.on('end', this.onEnd)
    stream.on('drain', this.onDrain)
    stream.on('finish', this.onFinish)
  }

  private unhear(): void {
    if (!this.isHeard) return
    this.isHeard = false
    const { stream } = this
    stream.off('error', this.onError)
    stream.off('close', this.onClose)
    stream.off('end', this.onEnd)
    stream.off('drain', this.onDrain)
    stream.off('finish', this.onFinish)
  }

  /** A wait is over, or a use: nobody is told any more if it was the last. */
  settle(): void {
    if (this.reader !== null || this.users.size > 0 || this.met !== null) return
    if (this.writers.size === 0 && this.enders.size === 0) this.unhear()
  }

  /** A wait for data begins. */
  startReading(reader: Reader): void {
    this.reader = reader
    this.hear()
    if (!this.hearsReadable) {
      this.hearsReadable = true
      this.stream.on('readable', this.onReadable)
    }
    if (this.isStdin) process.nextTick(readOn, this.stream)
  }

  /** The wait for data is over. */
  stopReading(): void {
    this.reader = null
    this.hearsReadable = false
    this.stream.off('readable', this.onReadable)
    this.rests()
  }

  /** Whether what arrives is somebody else's. */
  get readByOthers(): boolean {
    const { stream } = this
    return stream.listenerCount('data') > 0 || stream.listenerCount('readable') > (this.hearsReadable ? 1 : 0)
  }

  /** Has the process's standard input stop reading if nobody waits for it: the process would not end before it does. */
  rests(): void {
    if (!this.isStdin || this.isResting) return
    this.isResting = true
    // In its turn: whoever was woken may wait again at once.
    hubOf(kernel.current).runCallback(() => {
      this.forgetPause()
      process.nextTick(this.restNow)
    })
  }

  private readonly restNow = (): void => {
    this.isResting = false
    if (this.reader !== null || this.readByOthers || this.stream.readableFlowing === true) return
    this.stream.pause()
    this.forgetPause()
  }

  /** Has Node find out anew, in a tick, who reads; nobody, and nobody has paused it: it tells of the next pause, and flows for the next who listens. */
  private forgetPause(): void {
    if (!this.hearsReadable) this.stream.off('readable', this.onReadable)
  }

  /** Throws the error that nobody has met yet, and that of a stream which is closed. */
  checkOpen(call: string): void {
    const { unmet, stream } = this
    if (unmet !== null) {
      this.unmet = null
      if (stream.closed) this.forgetUsers()
      throw unmet
    }
    if (stream.errored != null && !stream.closed) {
      // Node tells of it in a moment, and whoever has made the call knows it by then.
      this.met = stream.errored
      this.hear()
    }
    if (stream.destroyed || stream.errored != null) throw this.closedError(call)
  }

  /** What a call throws that finds it closed. */
  closedError(call: string): Error {
    return this.stream.errored ?? new StreamClosedError(`${call}: ${this.label} is closed.`)
  }

  private readonly onReadable = (): void => {
    this.reader?.look()
  }

  private readonly onEnd = (): void => {
    this.reader?.look()
  }

  private readonly onDrain = (): void => {
    for (let wait = this.writers.shift(); wait !== null; wait = this.writers.shift()) wait.happened(undefined)
    this.settle()
  }

  private readonly onFinish = (): void => {
    for (let wait = this.enders.shift(); wait !== null; wait = this.enders.shift()) wait.happened(undefined)
    this.onDrain() // it comes in the place of 'drain' when somebody ends the stream meanwhile
  }

  private readonly onError = (error: Error): void => {
    if (error === this.met) return
    if (this.reader !== null || this.writers.size > 0 || this.enders.size > 0) {
      this.endWaits(() => error)
      this.settle()
    } else if (this.stream.listenerCount('error') === 1) {
      // Nobody else hears it.
      if (this.users.size === 0) throw error
      this.unmet = error
    }
  }

  private readonly onClose = (): void => {
    this.unhear()
    this.met = null
    if (this.unmet === null) this.forgetUsers()
    this.endWaits((call) => this.closedError(call))
  }

  private endWaits(errorFor: (call: string) => Error): void {
    const { reader } = this
    if (reader !== null) {
      this.stopReading()
      reader.failed(errorFor(reader.call))
    }
    for (const waits of [this.writers, this.enders])
      for (let wait = waits.shift(); wait !== null; wait = waits.shift()) wait.failed(errorFor(wait.call))
  }
}

function readOn(stream: Duplex): void {
  stream.read(0)
}
