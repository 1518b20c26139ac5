/**
 * gevent's `Waiter`: hands over one value.
 *
 * Stands on waits.
 */
import { ConcurrentObjectUseError } from '../errors/classes.ts'
import { type ErrorClass, toError } from '../errors/given.ts'
import { notAnError } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'

/**
 * Hands one value, or one error, to one greenlet: the simplest wait there is.
 *
 * `switch` and `throw` may come before `get`: then `get` does not wait. Until {@link Waiter.clear} every `get` gives the same.
 *
 * @typeParam T - what is handed over.
 * @source gevent: `gevent.hub.Waiter`
 * @example
 * ```ts
 * import { sleep, spawn, Waiter } from 'greenloop'
 *
 * const waiter = new Waiter<string>()
 * spawn(function* () {
 *   yield* sleep(1)
 *   waiter.switch('hello')
 * })
 * console.log(await waiter.get()) // hello
 * ```
 */
export class Waiter<T> {
  #state: 'empty' | 'value' | 'error' = 'empty'
  #outcome: unknown = undefined
  #waiting: WaiterWait<T> | null = null
  /** One for all that call `get`, except in debug mode, which asks of each call whether it was driven. */
  #get: WaiterGet<T> | null = null

  constructor() {
    writes(this)
  }

  /** Whether something was handed over. */
  ready(): boolean {
    reads(this)
    return this.#state !== 'empty'
  }

  /** Whether a value, not an error, was handed over. */
  successful(): boolean {
    reads(this)
    return this.#state === 'value'
  }

  /** Hands over a value. @switches never */
  switch(value: T): void {
    this.#hand('value', value)
  }

  /** Hands over an error, or one of a class of errors, thrown by `get`. @throws UsageError when it is neither. @switches never */
  throw(error: Error | ErrorClass): void {
    if ((error as unknown) === undefined) throw notAnError('throw', error) // the type says no; plain JavaScript may
    this.#hand('error', toError('throw', error))
  }

  /** Forgets what was handed over. @switches never */
  clear(): void {
    writes(this)
    this.#state = 'empty'
    this.#outcome = undefined
  }

  /**
   * Waits for the value.
   *
   * @throws ConcurrentObjectUseError when another greenlet waits already; what `throw` was given.
   * @switches only if it must wait
   */
  get(): Operation<T> {
    return kernel.debug === null ? (this.#get ??= new WaiterGet(this)) : new WaiterGet(this)
  }

  /** For messages: what it holds, or who waits. */
  toString(): string {
    if (this.#waiting !== null) return `Waiter ("${this.#waiting.greenlet.name}" waits)`
    return `Waiter (${this.#state})`
  }

  /** @internal */
  begin(greenlet: Coroutine): Step<T> {
    reads(this)
    if (this.#state === 'error') throw this.#outcome
    if (this.#state === 'value') return ready(this.#outcome as T) // only switch() writes it then
    if (this.#waiting !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" waits in waiter.get(), where "${this.#waiting.greenlet.name}" waits already.`,
      )
    }
    writes(this)
    this.#waiting = new WaiterWait(greenlet, this)
    return this.#waiting.park()
  }

  /** @internal */
  leave(): void {
    writes(this)
    this.#waiting = null
  }

  #hand(state: 'value' | 'error', outcome: unknown): void {
    writes(this)
    this.#state = state
    this.#outcome = outcome
    const waiting = this.#waiting
    this.#waiting = null
    if (state === 'value') waiting?.succeed(outcome)
    else waiting?.fail(outcome)
  }
}

class WaiterGet<T> extends HubOperation<T> {
  readonly #waiter: Waiter<T>

  constructor(waiter: Waiter<T>) {
    super()
    this.#waiter = waiter
  }

  override begin(greenlet: Coroutine): Step<T> {
    return this.#waiter.begin(greenlet)
  }

  override toString(): string {
    return 'waiter.get()'
  }
}

class WaiterWait<T> extends Wait {
  readonly #waiter: Waiter<T>

  constructor(greenlet: Coroutine, waiter: Waiter<T>) {
    super(greenlet)
    this.#waiter = waiter
  }

  protected override leave(): void {
    this.#waiter.leave()
  }

  override describe(): string {
    return 'waiter.get()'
  }
}
