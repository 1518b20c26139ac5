/**
 * gevent's `AsyncResult`: a value, or an error, that is there some day.
 *
 * Stands on linkables, which hold those who wait and tell them. What is here is the outcome, and the bridges to promises.
 */
import { UsageError } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { notAnError, show, wrongRight } from '../errors/usage.ts'
import type { GetOptions } from '../gevent/greenlet.ts'
import type { Outcome } from '../gevent/links.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { ErrorClass } from '../greenlet/raw-greenlet.ts'
import { hubOf } from '../hub/default.ts'
import { isOperation, isThenable, type Operation } from '../protocol.ts'
import { awaitOperation } from '../waiting/agent.ts'
import { Linkable, LinkWait } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, lateError, Timeout, type WaitOptions } from '../waiting/timeout.ts'
import type { Limit } from '../waiting/wait.ts'

/**
 * Holds a value or an error that somebody sets, for all who wait for it or ask later.
 *
 * Those who wait are woken in the order in which they came, in a turn of the hub. It is no promise: it can be set again, and those who
 * ask then get the last value. A value goes before an error, whichever came first: `get` throws the error only when there is no value.
 *
 * An error that nobody reads is not reported, as in gevent: the result only keeps it.
 *
 * It is a target for links: `greenlet.link(result)` copies the outcome of the greenlet. That of one that was killed is the value that the
 * greenlet has then, its GreenletExit.
 *
 * @typeParam T - the value.
 * @source gevent: `gevent.event.AsyncResult`
 * @example
 * ```ts
 * import { AsyncResult, sleep, spawn } from 'greenloop'
 *
 * const answer = new AsyncResult<number>()
 * spawn(function* () {
 *   yield* sleep(1)
 *   answer.set(42)
 * })
 * console.log(answer.ready()) // false
 * console.log(await answer.get()) // 42
 * console.log(answer.value) // 42
 * ```
 */
export class AsyncResult<T = unknown> extends Linkable {
  #successful = false
  #failed = false
  #value: T | undefined = undefined
  #exception: unknown = null
  /** One for all that get without options, except in debug mode, which asks of each call whether it was driven. */
  #get: GetOperation<T> | null = null

  /** Whether a value or an error is there. @switches never */
  override ready(): boolean {
    reads(this)
    return this.#successful || this.#failed
  }

  /** Whether a value is there. @switches never */
  successful(): boolean {
    reads(this)
    return this.#successful
  }

  /** The value; undefined while there is none. */
  get value(): T | undefined {
    reads(this)
    return this.#value
  }

  /** The error; null while there is none. It may be there beside a value. */
  get exception(): unknown {
    reads(this)
    return this.#exception
  }

  /**
   * Keeps the value, and wakes all who wait. The last one counts when it is called again.
   *
   * @param value - what `get` gives.
   * @switches never
   * @source gevent: `AsyncResult.set`
   */
  set(value: T): void {
    writes(this)
    this.#successful = true
    this.#value = value
    this.changed()
  }

  /**
   * Keeps the error, and wakes all who wait. A value that is there goes before it: `get` gives the value, {@link AsyncResult.exception} is
   * the error.
   *
   * @param error - an Error, or a class of errors: `get` throws it, the same object each time.
   * @throws UsageError when it is neither.
   * @switches never
   * @source gevent: `AsyncResult.set_exception`
   */
  setException(error: Error | ErrorClass): void {
    if ((error as unknown) === undefined) throw notAnError('setException', error) // the type says no; plain JavaScript may
    this.#fail(toError('setException', error))
  }

  /**
   * Waits for the value.
   *
   * @param options - `timeoutMs`: how long, in milliseconds, 0 and up; `block: false`: not at all.
   * @returns the value.
   * @throws the error, when that is there and no value; a new Timeout when `timeoutMs` have passed, or what the Timeout throws that was
   * given for it; a Timeout with `block: false` when nothing is there; UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   * @source gevent: `AsyncResult.get`
   */
  get(options?: GetOptions): Operation<T> {
    if (options !== undefined) checkWaitOptions('get()', options, 'block')
    else if (kernel.debug === null) return (this.#get ??= new GetOperation(this, true, undefined))
    return new GetOperation(this, options?.block ?? true, options?.timeoutMs)
  }

  /**
   * Gives the value, without waiting.
   *
   * @returns the value.
   * @throws the error, when that is there and no value; Timeout when nothing is there.
   * @switches never
   * @source gevent: `AsyncResult.get_nowait`
   */
  getNowait(): T {
    reads(this)
    if (this.#successful) return this.#value as T // set() has written it
    if (this.#failed) throw this.#exception
    throw new Timeout(0, 'the result is not there yet')
  }

  /**
   * Waits until a value or an error is there, and never throws the error.
   *
   * @param options - `timeoutMs`: how long, in milliseconds, 0 and up. @defaultValue no limit
   * @returns the value; undefined when there is an error instead, or nothing after `timeoutMs`: ask {@link AsyncResult.ready}.
   * @throws UsageError at the call when `timeoutMs` is neither milliseconds nor a Timeout.
   * @switches only if it must wait
   * @source gevent: `AsyncResult.wait`
   */
  wait(options: WaitOptions = {}): Operation<T | undefined> {
    checkWaitOptions('wait()', options)
    return new WaitOperation(this, options.timeoutMs)
  }

  /** What a future of Python calls {@link AsyncResult.get}. @switches only if it must wait */
  result(options?: WaitOptions): Operation<T> {
    return this.get(options)
  }

  /** What a future of Python calls {@link AsyncResult.set}. @switches never */
  setResult(value: T): void {
    this.set(value)
  }

  /** What a future of Python calls {@link AsyncResult.ready}. @switches never */
  done(): boolean {
    return this.ready()
  }

  /** Nothing can be cancelled here: there is no work behind it that could be stopped. @returns false @switches never */
  cancel(): false {
    return false
  }

  /** Never: see {@link AsyncResult.cancel}. @returns false @switches never */
  cancelled(): false {
    return false
  }

  /**
   * Gives a promise for the value, for async code that wants one. Main waits for it from now on: when nothing is left that could set the
   * result, the promise is rejected with LoopExit.
   *
   * @returns a promise that is fulfilled with the value, or rejected with the error.
   * @switches never
   */
  toPromise(): Promise<T> {
    return awaitOperation(new GetOperation<T>(this, true, undefined))
  }

  /**
   * Makes a result of a promise: whatever becomes of that is set. A rejection that nobody reads is not reported.
   *
   * @param promise - a promise, of whatever kind.
   * @returns a new result.
   * @throws UsageError when it is no promise.
   * @switches never
   * @example
   * ```ts
   * import { AsyncResult, run } from 'greenloop'
   *
   * await run(function* () {
   *   const result = AsyncResult.fromPromise(Promise.resolve('from async code'))
   *   console.log(yield* result.get()) // from async code
   * })
   * ```
   */
  static fromPromise<T>(promise: PromiseLike<T>): AsyncResult<Awaited<T>> {
    if (!isThenable(promise)) throw new UsageError(`fromPromise() expects a promise, but got ${show(promise)}.`)
    if (isOperation(promise)) {
      throw new UsageError(
        `fromPromise() was given an operation, which a greenlet drives.\n\n${wrongRight('AsyncResult.fromPromise(queue.get())', 'goes round by main', 'spawn(() => queue.get()).link(result)')}`,
      )
    }
    const result = new AsyncResult<Awaited<T>>()
    const hub = hubOf(kernel.current)
    hub.outstanding++
    Promise.resolve(promise).then(
      (value) => {
        hub.outstanding--
        result.set(value)
      },
      (error: unknown) => {
        hub.outstanding--
        result.#fail(error)
      },
    )
    return result
  }

  override toString(): string {
    return `AsyncResult (${this.#successful ? 'value' : this.#failed ? 'error' : 'unset'})`
  }

  /** @internal A link has told of `source`: copies its outcome. */
  $linked(source: Outcome): void {
    if (source.successful())
      this.set(source.value as T) // whoever links says what the greenlet returns
    else this.#fail(source.exception)
  }

  #fail(error: unknown): void {
    writes(this)
    this.#failed = true
    this.#exception = error
    this.changed()
  }
}

class GetOperation<T> extends HubOperation<T> {
  readonly #result: AsyncResult<T>
  readonly #block: boolean
  readonly #limit: Limit | undefined

  constructor(result: AsyncResult<T>, block: boolean, limit: Limit | undefined) {
    super()
    this.#result = result
    this.#block = block
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<T> {
    if (!this.#block || this.#result.ready()) return ready(this.#result.getNowait())
    return new GetWait(greenlet, this.#result).limit(this.#limit).park()
  }

  override toString(): string {
    return 'result.get()'
  }
}

class WaitOperation<T> extends HubOperation<T | undefined> {
  readonly #result: AsyncResult<T>
  readonly #limit: Limit | undefined

  constructor(result: AsyncResult<T>, limit: Limit | undefined) {
    super()
    this.#result = result
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<T | undefined> {
    if (this.#result.ready()) return ready(this.#result.value)
    return new ValueWait(greenlet, this.#result).limit(this.#limit).park()
  }

  override toString(): string {
    return 'result.wait()'
  }
}

abstract class ResultWait extends LinkWait {
  declare protected readonly result: AsyncResult

  constructor(greenlet: Coroutine, result: AsyncResult) {
    super(greenlet)
    this.result = result
    result.$enter(this)
  }
}

class GetWait extends ResultWait {
  override notify(): void {
    if (this.result.successful()) this.succeed(this.result.value)
    else this.fail(this.result.exception)
  }

  override expired(limit: Limit): void {
    if (this.result.ready())
      this.notify() // it was set, and not told yet
    else this.fail(lateError(limit))
  }

  override describe(): string {
    return 'result.get()'
  }
}

class ValueWait extends ResultWait {
  override notify(): void {
    this.succeed(this.result.value)
  }

  override expired(): void {
    this.notify()
  }

  override describe(): string {
    return 'result.wait()'
  }
}
