/**
 * Reading: `recv` and `recvInto`.
 *
 * Stands on the socket's state, which hands a chunk that arrives to the one who waits for it.
 */
import type net from 'node:net'
import { ConcurrentObjectUseError, UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { type Limit, Wait } from '../../waiting/wait.ts'
import { socketTimeout } from '../readiness/socket-wait.ts'
import { type Reader, type StreamState, stateOf } from './stream-state.ts'

/** `recv(size)`, or `recvInto(into)`: a recipe, so that the same one serves for each read of this size. */
export class Recv extends HubOperation<Buffer | number> {
  declare private readonly socket: net.Socket
  /** Bytes at the most. */
  declare readonly size: number
  declare private readonly into: Uint8Array | null
  declare private readonly timeLimit: number | Timeout | undefined

  constructor(socket: net.Socket, size: number, into: Uint8Array | null, timeLimit: number | Timeout | undefined) {
    super()
    this.socket = socket
    this.size = size
    this.into = into
    this.timeLimit = timeLimit
  }

  override begin(greenlet: Coroutine): Step<Buffer | number> {
    const { socket, size, into } = this
    const state = stateOf(socket)
    if (state.reader !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" called ${this.toString()} of ${state.label}, where "${state.reader.greenlet.name}" waits already; who would get which bytes is not defined.`,
      )
    }
    if (into === null && this.timeLimit === undefined) state.recv = this
    if (size === 0) return ready(given(Buffer.alloc(0), into))
    const data = state.take(size)
    if (data !== null) return ready(given(data, into))
    if (state.ended) return ready(given(Buffer.alloc(0), into))
    if (socket.destroyed) throw state.closedError(this.toString())
    if (state.readByOthers) throw takenByListener(this.toString())
    state.hear()
    const { spare } = state
    const wait = (spare as RecvWait | null) ?? new RecvWait(greenlet, state) // only RecvWait puts itself there
    state.spare = null
    return wait.begin(greenlet, size, into).limit(this.timeLimit).park()
  }

  override toString(): string {
    return callOf(this.into)
  }
}

function takenByListener(call: string): UsageError {
  return new UsageError(
    `${call} was called of a socket that is read already: it has a listener for 'data' or 'readable', or is piped.\n\n${wrongRight("socket.on('data', handler); yield* socket.recv()", 'each byte would have two owners', 'yield* socket.recv()')}`,
  )
}

function callOf(into: Uint8Array | null): string {
  return into === null ? 'recv()' : 'recvInto()'
}

/** What the call gives for these bytes: themselves, or how many there are. */
function given(bytes: Buffer, into: Uint8Array | null): Buffer | number {
  if (into === null) return bytes
  into.set(bytes)
  return bytes.length
}

/** A socket has one reader, so one wait serves for all of its reads. */
class RecvWait extends Wait implements Reader {
  declare private readonly state: StreamState
  declare private size: number
  declare private into: Uint8Array | null

  constructor(greenlet: Coroutine, state: StreamState) {
    super(greenlet)
    this.state = state
    this.size = 0
    this.into = null
  }

  begin(greenlet: Coroutine, size: number, into: Uint8Array | null): this {
    this.again(greenlet)
    this.size = size
    this.into = into
    this.state.reader = this
    this.hub.outstanding++
    return this
  }

  arrived(chunk: Buffer): void {
    const { size } = this
    if (chunk.length <= size) {
      this.give(chunk)
      return
    }
    this.state.giveBack(chunk.subarray(size))
    this.give(chunk.subarray(0, size))
  }

  look(): void {
    const data = this.state.take(this.size) ?? (this.state.ended ? Buffer.alloc(0) : null)
    if (data !== null) this.give(data)
  }

  closed(): void {
    const call = callOf(this.into)
    this.leave()
    this.fail(this.state.closedError(call))
  }

  private give(bytes: Buffer): void {
    const { into } = this
    this.leave()
    this.succeedAfterIO(given(bytes, into))
  }

  protected override leave(): void {
    const { state } = this
    state.reader = null
    state.spare = this
    this.into = null
    this.hub.outstanding--
  }

  override expired(limit: Limit): void {
    this.fail(socketTimeout(this.describe(), limit))
  }

  override describe(): string {
    return `${callOf(this.into)} of ${this.state.label}`
  }
}
