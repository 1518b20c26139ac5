/**
 * A wait for something outside, of which the hub knows only that it is under way: a stream, a socket, a child process.
 *
 * As long as such a wait lasts, it counts among the hub's outstanding ones: main that waits as well is in no deadlock. Its greenlet runs when
 * Node has looked at all that has arrived, so that those who were told in one look run behind each other.
 *
 * Stands on waits and timeouts. Leaves to subclasses what is told to whom, and how it is left.
 */
import { StreamTimeoutError } from '../errors/classes.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { lateError } from './timeout.ts'
import { type Limit, Wait } from './wait.ts'

/** The error of a call of a stream whose time is up: the `Timeout`'s own, or that of a number of milliseconds. */
export function streamTimeout(what: string, limit: Limit): Error {
  if (typeof limit !== 'number') return lateError(limit)
  return new StreamTimeoutError(`${what} timed out after ${String(limit)} ms.`)
}

/** Whoever ends it has taken it off what is waited for. */
export abstract class IOWait extends Wait {
  protected readonly text: string

  /** @param text - the call as a person writes it. */
  constructor(greenlet: Coroutine, text: string) {
    super(greenlet)
    this.text = text
  }

  /** Parks the greenlet: the last line of an operation's `begin`. */
  parkOutside(limit?: Limit): Step<never> {
    this.hub.outstanding++
    return this.limit(limit).park()
  }

  happened(value: unknown): void {
    this.hub.outstanding--
    this.succeedAfterIO(value)
  }

  failed(error: unknown): void {
    this.hub.outstanding--
    this.fail(error)
  }

  protected override leave(): void {
    super.leave()
    this.hub.outstanding--
  }

  override expired(limit: Limit): void {
    this.fail(this.timeoutError(limit))
  }

  /** What is thrown when the time is up. */
  protected timeoutError(limit: Limit): Error {
    return streamTimeout(this.describe(), limit)
  }

  override describe(): string {
    return this.text
  }
}
