/**
 * A wait for something to happen to a socket or a server: it stands in one of the lists of its state, which ends it.
 *
 * Stands on waits for what is outside. Leaves to the states when it ends, and to the operations what is waited for.
 */
import { SocketTimeoutError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { lateError } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import type { WaitList } from '../../waiting/wait-list.ts'

/** The error of a call whose time is up: the `Timeout`'s own, or that of a number of milliseconds. */
export function socketTimeout(what: string, limit: Limit): Error {
  if (typeof limit !== 'number') return lateError(limit)
  return new SocketTimeoutError(`${what} timed out after ${String(limit)} ms.`)
}

/** What a wait needs of its state: what it is, for messages. */
interface Labelled {
  readonly label: string
}

/** One of those that wait in a list. Whoever ends it has taken it off. */
export class SocketWait<S extends Labelled = Labelled> extends IOWait {
  protected readonly state: S

  /** @param text - the call as a person writes it. */
  constructor(greenlet: Coroutine, state: S, text: string) {
    super(greenlet, text)
    this.state = state
  }

  /** Parks the greenlet in one of the lists. */
  parkIn(list: WaitList<SocketWait>, limit: Limit | undefined): Step<never> {
    list.push(this)
    return this.parkOutside(limit)
  }

  protected override timeoutError(limit: Limit): Error {
    return socketTimeout(this.describe(), limit)
  }

  override describe(): string {
    return `${this.text} of ${this.state.label}`
  }
}
