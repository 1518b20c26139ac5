/**
 * `Timeout`: an interrupt that comes by itself when the time has passed.
 *
 * Stands on the hub's timers and `interrupt`. It is itself the error that is thrown, so "is it mine?" is a comparison: `err === timeout`.
 */
import { Interrupt, recognise, UsageError } from '../errors/classes.ts'
import { notAFunction, wrongRight } from '../errors/usage.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Driven, Operation } from '../protocol.ts'
import { Timer } from './clock.ts'
import { hubOf } from './hub.ts'
import { call } from './wait.ts'
import { checkMs, operation } from './waiter.ts'

/**
 * Throws itself into the greenlet that started it, at its wait, when `ms` milliseconds have passed.
 *
 * @source gevent: `gevent.Timeout` (which takes seconds)
 * @example
 * ```ts
 * import { run, sleep, Timeout } from 'greenloop'
 *
 * await run(function* () {
 *   const timeout = new Timeout(5).start()
 *   try {
 *     yield* sleep(1000)
 *   } catch (err) {
 *     if (err !== timeout) throw err // another one's
 *     console.log(String(err)) // Timeout: 5 ms
 *   } finally {
 *     timeout.cancel()
 *   }
 * })
 * ```
 */
export class Timeout extends Interrupt implements Disposable {
  override readonly code: string = 'GREENLOOP_TIMEOUT'
  /** How long; null: never. */
  readonly ms: number | null
  #timer: TimeoutTimer | null = null

  /**
   * @param ms - how long, in milliseconds, 0 and up; null never fires. @defaultValue null
   * @throws UsageError when `ms` is negative or not a number.
   */
  constructor(ms: number | null = null) {
    if (ms !== null) checkMs('new Timeout()', 'ms', ms)
    super(ms === null ? '' : `${String(ms)} ms`)
    this.ms = ms
  }

  /** Whether it is running. */
  get pending(): boolean {
    return this.#timer?.list != null
  }

  /**
   * Starts it for the current greenlet.
   *
   * @returns itself.
   * @throws UsageError in plain code, and when it is running.
   * @switches never
   */
  start(): this {
    const greenlet = kernel.current
    if (greenlet === kernel.main) {
      throw new UsageError(
        `A Timeout was started in plain code; it is thrown into the greenlet that starts it, and there is none.\n\n${wrongRight('new Timeout(10).start()', 'outside any greenlet', 'await run(function* () { new Timeout(10).start(); ... })')}`,
      )
    }
    if (this.pending) throw new UsageError(`${String(this)} is running already; cancel() it before starting it again.`)
    if (this.ms === null || this.ms === Infinity) return this
    this.#timer = new TimeoutTimer(this, greenlet)
    hubOf(greenlet).timers.add(this.#timer, this.ms)
    return this
  }

  /** Stops it; it may be started again. @switches never */
  cancel(): void {
    const timer = this.#timer
    if (timer === null) return
    this.#timer = null
    const { greenlet } = timer
    hubOf(greenlet).timers.remove(timer)
    // It may have fired while its greenlet could not take it, and wait for its next wait.
    if (greenlet.$pending !== null) {
      const others = greenlet.$pending.filter((error) => error !== this)
      greenlet.$pending = others.length > 0 ? others : null
    }
  }

  /** For `using`: {@link cancel}. */
  [Symbol.dispose](): void {
    this.cancel()
  }

  /**
   * Makes one and starts it: `using timeout = Timeout.startNew(100)`.
   *
   * @throws UsageError as the constructor and {@link start} do.
   * @switches never
   */
  static startNew(ms: number | null): Timeout {
    return new Timeout(ms).start()
  }
}
recognise(Timeout, 'Timeout')

class TimeoutTimer extends Timer {
  readonly #timeout: Timeout
  readonly greenlet: Coroutine

  constructor(timeout: Timeout, greenlet: Coroutine) {
    super()
    this.#timeout = timeout
    this.greenlet = greenlet
  }

  override expired(): void {
    hubOf(this.greenlet).interrupt(this.greenlet, this.#timeout)
  }
}

/**
 * Runs `fn(...args)` and throws a {@link Timeout} into it when it takes longer than `ms`.
 *
 * @param ms - how long, in milliseconds, 0 and up.
 * @param fn - a generator function, or any function; it runs in the calling greenlet.
 * @returns what `fn` returns.
 * @throws Timeout when the time has passed; what `fn` throws; UsageError at the call for a wrong `ms` or `fn`.
 * @switches if `fn` does
 * @source gevent: `gevent.with_timeout`
 * @example
 * ```ts
 * import { run, sleep, Timeout, withTimeout } from 'greenloop'
 *
 * await run(function* () {
 *   try {
 *     yield* withTimeout(5, sleep, 1000)
 *   } catch (err) {
 *     console.log(err instanceof Timeout) // true
 *   }
 * })
 * ```
 */
export function withTimeout<A extends readonly unknown[], T>(
  ms: number,
  fn: (...args: A) => Driven<T>,
  ...args: A
): Operation<T> {
  checkMs('withTimeout()', 'ms', ms)
  if (typeof fn !== 'function') throw notAFunction('withTimeout', fn)
  return operation(`withTimeout(${String(ms)}, ${fn.name})`, function* () {
    const timeout = new Timeout(ms).start()
    try {
      return yield* call(fn, args)
    } finally {
      timeout.cancel()
    }
  })
}
