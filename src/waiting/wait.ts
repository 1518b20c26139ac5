/**
 * One wait in progress: what the operations that wait in a hub have in common.
 *
 * An operation is a recipe; driving it begins a {@link Wait}, which knows the greenlet, how to leave what is waited for, and what to do when
 * the time is up. Whoever ends the wait calls `succeed` or `fail`; a kill or a timeout calls `undo`. A wait is a node of a list, so that
 * standing in one allocates nothing.
 *
 * ```
 *   op.next() ── begin ──▶ Wait ── succeed(value) / fail(error) ──▶ ready list ──▶ the greenlet goes on
 *                            ├──── expired(): its own timeoutMs ───────────┘
 *                            └──── undo(): killed, timed out from outside ──▶ nothing is left behind
 * ```
 *
 * Invariants. A wait ends exactly once. When its greenlet runs again it is in no list and has no timer. `leave` never wakes anybody but
 * those who take the place.
 *
 * Turned down. Waits as generator functions with `try/finally`: four times the cost when nothing has to be waited for, and a `finally`
 * runs only when the greenlet does, so a killed waiter would still be handed items until its turn came.
 *
 * Stands on the hub and the wait list. Leaves to each primitive whom it wakes in which order.
 */
import { InternalError } from '../errors/classes.ts'
import type { Coroutine, PendingWait } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import { Timer } from '../hub/timers.ts'
import type { ListNode, WaitList } from './wait-list.ts'

/** How long a wait may take: milliseconds, or a `Timeout`, which brings the error that is thrown then. */
export type Limit = number | TimeLimit

/** A `Timeout`, as a wait sees it. */
export interface TimeLimit {
  readonly ms: number | null
  /** It runs already, and interrupts the greenlet by itself. */
  readonly pending: boolean
  /** Whether the process stays for it. */
  readonly ref: boolean
}

/** One wait in progress. Made when an operation has to wait, gone when its greenlet runs again. */
export abstract class Wait implements PendingWait, ListNode {
  declare greenlet: Coroutine
  declare hub: Hub
  declare list: WaitList | null
  declare before: ListNode | null
  declare after: ListNode | null
  /** Set while the wait's own time limit runs. */
  declare private deadline: Deadline | null

  constructor(greenlet: Coroutine) {
    this.greenlet = greenlet
    this.hub = hubOf(greenlet)
    this.list = null
    this.before = null
    this.after = null
    this.deadline = null
  }

  abstract describe(): string

  /** For the hottest waits, which are used again: one that has ended is that of `greenlet` now. */
  again(greenlet: Coroutine): void {
    this.greenlet = greenlet
    this.hub = hubOf(greenlet)
  }

  /** Takes it out of whatever is waited for. Called when the wait is over by other means than that. */
  protected leave(): void {
    this.list?.remove(this)
  }

  /** Its own time limit has passed; what that means is the operation's to say. Only with {@link limit}. */
  expired(_limit: Limit): void {
    this.fail(new InternalError(`${this.describe()} has no outcome for its time limit.`))
  }

  /** Parks the greenlet; the last line of an operation's `begin`. */
  park(): Step<never> {
    return this.hub.park(this.greenlet, this)
  }

  /** Ends the wait when `limit` has passed, if that is given. A Timeout that runs already is left to interrupt by itself. */
  limit(limit: Limit | undefined): this {
    if (limit === undefined || limit === Infinity) return this
    const ms = typeof limit === 'number' ? limit : limit.pending ? null : limit.ms
    if (ms === null || ms === Infinity) return this
    this.deadline = new Deadline(this, limit)
    if (typeof limit !== 'number') this.deadline.isRef = limit.ref
    this.hub.timers.add(this.deadline, ms)
    return this
  }

  undo(): void {
    if (this.deadline !== null) this.disarm()
    this.leave()
  }

  /** Ends the wait: its operation gives `value`. Whoever calls it has taken the wait out of what is waited for. */
  succeed(value: unknown): void {
    if (this.deadline !== null) this.disarm()
    this.hub.wake(this.greenlet, value)
  }

  /** As {@link succeed}, called by a socket: the greenlet runs when Node has looked at all of them. */
  succeedAfterIO(value: unknown): void {
    this.hub.callAfterIO()
    this.succeed(value)
  }

  /** Ends the wait: its operation throws `error`. */
  fail(error: unknown): void {
    if (this.deadline !== null) this.disarm()
    this.hub.wakeWithError(this.greenlet, error)
  }

  // Not a #method: an object is marked for having one when it is made, at twice the cost of the object.
  private disarm(): void {
    if (this.deadline === null) return
    this.hub.timers.remove(this.deadline)
    this.deadline = null
  }

  /** Called by the deadline. */
  timeUp(limit: Limit): void {
    this.deadline = null
    this.leave()
    this.expired(limit)
  }
}

class Deadline extends Timer {
  readonly #wait: Wait
  readonly #limit: Limit

  constructor(wait: Wait, limit: Limit) {
    super()
    this.#wait = wait
    this.#limit = limit
  }

  override expired(): void {
    this.#wait.timeUp(this.#limit)
  }

  override describe(): string {
    return `the time limit of ${this.#wait.describe()}`
  }
}
