/**
 * A wait for something to happen to a datagram socket.
 *
 * Stands on the socket's state, which ends it. Leaves to the operations what is waited for.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { type Limit, Wait } from '../../waiting/wait.ts'
import type { WaitList } from '../../waiting/wait-list.ts'
import { socketTimeout } from '../readiness/late.ts'
import type { DatagramState, DatagramWaiter } from './datagram-state.ts'

/** Stands in one of the lists of a socket's state. */
export class DatagramWait extends Wait implements DatagramWaiter {
  protected readonly state: DatagramState
  readonly #text: string

  constructor(greenlet: Coroutine, state: DatagramState, text: string) {
    super(greenlet)
    this.state = state
    this.#text = text
  }

  /** Parks the greenlet in one of the lists. */
  parkIn(list: WaitList<DatagramWaiter>, limit: Limit | undefined): Step<never> {
    list.push(this)
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
    this.fail(socketTimeout(this.describe(), limit))
  }

  override describe(): string {
    return `${this.#text} of ${this.state.label}`
  }
}
