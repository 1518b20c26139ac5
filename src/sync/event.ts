/**
 * gevent's `Event`: a flag that greenlets wait for.
 *
 * Stands on linkables, which hold those who wait and tell them. What is here is the flag.
 */
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { Linkable, LinkWait } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import type { Limit } from '../waiting/wait.ts'

/**
 * A flag that any number of greenlets wait for: `set()` wakes them all, and until `clear()` nobody has to wait.
 *
 * Those who wait are woken in the order in which they came, in a turn of the hub: whoever calls `set()` goes on undisturbed. A `set()`
 * followed at once by `clear()` wakes all who waited at that moment; so what a waiter knows is that the flag *was* set.
 *
 * @source gevent: `gevent.event.Event`
 * @example
 * ```ts
 * import { Event, joinall, spawn } from 'greenloop'
 *
 * const open = new Event()
 * const customers = ['Ann', 'Ben'].map((name) =>
 *   spawn(function* () {
 *     yield* open.wait()
 *     return name
 *   }),
 * )
 * spawn(() => open.set())
 * const served = await joinall(customers)
 * console.log(served.map((customer) => customer.value)) // [ 'Ann', 'Ben' ]
 * ```
 */
export class Event extends Linkable {
  #isSet = false
  /** One for all that wait without a limit, except in debug mode, which asks of each call whether it was driven. */
  #wait: EventOperation | null = null

  /**
   * Sets the flag, and wakes all who wait.
   *
   * @switches never
   * @source gevent: `Event.set`
   */
  set(): void {
    writes(this)
    this.#isSet = true
    this.changed()
  }

  /**
   * Takes the flag back. Those who waited when it was set are woken all the same.
   *
   * @switches never
   * @source gevent: `Event.clear`
   */
  clear(): void {
    writes(this)
    this.#isSet = false
  }

  /** Whether it is set. @switches never */
  isSet(): boolean {
    reads(this)
    return this.#isSet
  }

  /** Whether it is set, as {@link Event.isSet}: what a greenlet and an `AsyncResult` are asked, too. @switches never */
  override ready(): boolean {
    reads(this)
    return this.#isSet
  }

  /**
   * Waits until it is set.
   *
   * It does not switch when it is set already, but for one case: while those who came before are being woken, it runs behind them.
   *
   * @param options - `timeoutMs`: how long, in milliseconds, 0 and up. @defaultValue no limit
   * @returns true when it was set, at the call or at any time since; false when `timeoutMs` have passed without that.
   * @throws UsageError at the call when `timeoutMs` is neither milliseconds nor a Timeout.
   * @switches only if it must wait
   * @source gevent: `Event.wait`
   */
  wait(options?: WaitOptions): Operation<boolean> {
    if (options !== undefined) checkWaitOptions('wait()', options)
    else if (kernel.debug === null) return (this.#wait ??= new EventOperation(this, undefined))
    return new EventOperation(this, options?.timeoutMs)
  }

  protected override get lingers(): boolean {
    return true
  }

  override toString(): string {
    return `Event (${this.#isSet ? 'set' : 'clear'})`
  }

  /** @internal */
  begin(greenlet: Coroutine, limit: Limit | undefined): Step<boolean> {
    reads(this)
    return this.#isSet && !this.telling ? ready(true) : new EventWait(greenlet, this).limit(limit).park()
  }
}

class EventOperation extends HubOperation<boolean> {
  readonly #event: Event
  readonly #limit: Limit | undefined

  constructor(event: Event, limit: Limit | undefined) {
    super()
    this.#event = event
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#event.begin(greenlet, this.#limit)
  }

  override toString(): string {
    return 'event.wait()'
  }
}

class EventWait extends LinkWait {
  declare readonly event: Event

  constructor(greenlet: Coroutine, event: Event) {
    super(greenlet)
    this.event = event
    event.$enter(this)
  }

  override notify(): void {
    this.succeed(true)
  }

  override expired(): void {
    this.succeed(this.event.$wasDue(this)) // it may have been set, and not told yet
  }

  override describe(): string {
    return 'event.wait()'
  }
}
