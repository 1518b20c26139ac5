/**
 * Receiving: `recvfrom`.
 *
 * Stands on the socket's state, which hands a message that arrives to the one who waits for it.
 */
import type dgram from 'node:dgram'
import { ConcurrentObjectUseError, UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { type Limit, Wait } from '../../waiting/wait.ts'
import { socketTimeout } from '../readiness/socket-wait.ts'
import { type Datagram, type DatagramReader, type DatagramState, datagramStateOf } from './datagram-state.ts'

/** What a call gives of a message. */
export type Shape<T> = (message: Datagram) => T

/** Gives the next message; what is longer than `size` is cut off. */
export class Recvfrom<T> extends HubOperation<T> {
  readonly #socket: dgram.Socket
  readonly #size: number
  readonly #shape: Shape<T>
  readonly #text: string
  readonly #limit: number | Timeout | undefined

  constructor(
    socket: dgram.Socket,
    size: number,
    shape: Shape<T>,
    text: string,
    timeLimit: number | Timeout | undefined,
  ) {
    super()
    this.#socket = socket
    this.#size = size
    this.#shape = shape
    this.#text = text
    this.#limit = timeLimit
  }

  override begin(greenlet: Coroutine): Step<T> {
    const state = datagramStateOf(this.#socket)
    if (state.reader !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" called ${this.#text} of ${state.label}, where "${state.reader.greenlet.name}" waits already; who would get which message is not defined.`,
      )
    }
    if (state.isClosed) throw state.closedError(this.#text)
    if (!state.takesMessages()) throw takenByListener(this.#text)
    state.throwPending()
    const message = state.take()
    if (message !== null) return ready(this.given(message))
    const wait = new RecvfromWait(greenlet, state, this)
    state.reader = wait
    wait.hub.outstanding++
    return wait.limit(this.#limit).park()
  }

  /** What the call gives for this message. */
  given([data, address]: Datagram): T {
    return this.#shape([data.length > this.#size ? data.subarray(0, this.#size) : data, address])
  }

  override toString(): string {
    return this.#text
  }
}

function takenByListener(call: string): UsageError {
  return new UsageError(
    `${call} was called of a socket that has a listener for 'message', which is given every message already.\n\n${wrongRight("socket.on('message', handler); yield* socket.recvfrom()", 'each message would have two owners', 'yield* socket.recvfrom()')}`,
  )
}

class RecvfromWait extends Wait implements DatagramReader {
  readonly #state: DatagramState
  readonly #call: Recvfrom<unknown>

  constructor(greenlet: Coroutine, state: DatagramState, call: Recvfrom<unknown>) {
    super(greenlet)
    this.#state = state
    this.#call = call
  }

  arrived(message: Datagram): void {
    this.leave()
    this.succeedAfterIO(this.#call.given(message))
  }

  failed(error: unknown): void {
    this.leave()
    this.fail(error)
  }

  protected override leave(): void {
    this.#state.reader = null
    this.hub.outstanding--
  }

  override expired(limit: Limit): void {
    this.fail(socketTimeout(this.describe(), limit))
  }

  override describe(): string {
    return `${String(this.#call)} of ${this.#state.label}`
  }
}
