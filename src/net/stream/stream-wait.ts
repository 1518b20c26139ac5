/**
 * A wait for something to happen to a socket; its closing ends each.
 *
 * Stands on the socket's state. Leaves to the operations what is waited for.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { type Limit, Wait } from '../../waiting/wait.ts'
import type { WaitList } from '../../waiting/wait-list.ts'
import { socketTimeout } from '../readiness/late.ts'
import type { SocketWait, StreamState } from './stream-state.ts'

export { socketTimeout } from '../readiness/late.ts'

/** Stands in one of the lists of a socket's state. */
export class StreamWait extends Wait implements SocketWait {
  protected readonly state: StreamState
  private readonly text: string
  private readonly value: unknown

  /** @param value - what the operation gives. */
  constructor(greenlet: Coroutine, state: StreamState, text: string, value: unknown) {
    super(greenlet)
    this.state = state
    this.text = text
    this.value = value
  }

  /** Parks the greenlet in one of the lists. */
  parkIn(list: WaitList<SocketWait>, limit: Limit | undefined): Step<never> {
    list.push(this)
    this.hub.outstanding++
    return this.limit(limit).park()
  }

  happened(): void {
    this.hub.outstanding--
    this.succeedAfterIO(this.value)
  }

  closed(): void {
    this.hub.outstanding--
    this.fail(this.state.closedError(this.text))
  }

  protected override leave(): void {
    super.leave()
    this.hub.outstanding--
  }

  override expired(limit: Limit): void {
    this.fail(socketTimeout(this.describe(), limit))
  }

  override describe(): string {
    return `${this.text} of ${this.state.label}`
  }
}
