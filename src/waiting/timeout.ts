/**
 * `Timeout`: an interrupt that comes by itself when the time has passed.
 *
 * Stands on the hub's timers and `interrupt`. It is itself the error that is thrown, so "is it mine?" is a comparison: `err === timeout`.
 */
import { Interrupt, recognise, UsageError } from '../errors/classes.ts'
import { isErrorClass } from '../errors/given.ts'
import { checkFlag, checkMs, checkOptions, notAFunction, notOptions, show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { ErrorClass } from '../greenlet/raw-greenlet.ts'
import { hubOf } from '../hub/default.ts'
import { Timer } from '../hub/timers.ts'
import { type Driven, type Green, isOperation, type Operation } from '../protocol.ts'
import { operation } from './operation.ts'
import { call } from './until.ts'
import type { Limit, TimeLimit } from './wait.ts'

/** How long a wait may take. */
export interface WaitOptions {
  /**
   * Milliseconds, 0 and up, or a {@link Timeout}: it is started for this wait unless it runs already, and is what is thrown then.
   *
   * @defaultValue no limit
   */
  timeoutMs?: number | Timeout
}

/** How a `Timeout` is counted. */
export interface TimeoutOptions {
  /** Whether it keeps the process alive, and `wait()` waiting. @defaultValue true */
  ref?: boolean
}

/** What a `Timeout` throws: itself (with a text behind its duration; silently, for {@link Timeout.run}), or an error of yours. */
export type TimeoutException = string | false | Error | ErrorClass | null

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
export class Timeout extends Interrupt implements Disposable, TimeLimit {
  /** How long; null: never. */
  declare readonly ms: number | null
  /** What it was given to throw. */
  declare readonly exception: TimeoutException
  /** Whether the process stays for it while it runs. */
  declare readonly ref: boolean
  declare private timer: TimeoutTimer | null
  declare private closed: boolean

  /**
   * @param ms - how long, in milliseconds, 0 and up; null never fires. @defaultValue null
   * @param exception - what is thrown: itself by default, with a text for a string; `false`: itself, and {@link Timeout.run} lets it pass
   * silently; an Error, or a class of errors, which is called without arguments when the time has passed.
   * @param options - `ref: false`: the process does not stay for it.
   * @throws UsageError when `ms` is negative or not a number, or `exception` none of these.
   */
  constructor(ms: number | null = null, exception: TimeoutException = null, options: TimeoutOptions = {}) {
    if (ms !== null) checkMs('new Timeout()', 'ms', ms)
    if (exception !== null) checkException(exception)
    checkOptions('new Timeout()', options, '{ ref: false }')
    checkFlag('new Timeout()', 'ref', options.ref)
    super()
    this.ms = ms
    this.exception = exception
    this.ref = options.ref ?? true
    this.timer = null
    this.closed = false
    writes(this)
  }

  /** Whether it is running. */
  get pending(): boolean {
    reads(this)
    return this.timer?.list != null
  }

  /**
   * Starts it for the current greenlet.
   *
   * @returns itself.
   * @throws UsageError in plain code, when it is running, and when it was closed.
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
    if (this.closed) throw new UsageError(`${String(this)} was closed; make a new one, or cancel() it instead.`)
    writes(this)
    this.cancel() // it may have fired, and wait for the next wait of its greenlet
    if (this.ms === null || this.ms === Infinity) return this
    this.timer = new TimeoutTimer(this, greenlet)
    this.timer.isRef = this.ref
    hubOf(greenlet).timers.add(this.timer, this.ms)
    return this
  }

  /** Stops it; it may be started again. @switches never */
  cancel(): void {
    const timer = this.timer
    writes(this)
    if (timer === null) return
    this.timer = null
    const { greenlet, thrown } = timer
    writes(greenlet)
    hubOf(greenlet).timers.remove(timer)
    // It may have fired while its greenlet could not take it, and wait for its next wait.
    const place = thrown === null ? undefined : greenlet.$pending?.indexOf(thrown)
    if (place === undefined || place < 0) return
    greenlet.$pending?.splice(place, 1)
    if (greenlet.$pending?.length === 0) greenlet.$pending = null
  }

  /** Stops it for good. @switches never */
  close(): void {
    this.cancel()
    this.closed = true
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Runs `fn(...args)` with this timeout: gevent's `with timeout:`. It is started before and closed after; one that runs already is closed
   * after.
   *
   * @param fn - a generator function, or any function; it runs in the calling greenlet.
   * @param args - what it is called with.
   * @returns what `fn` returns; undefined when the time has passed and the exception is `false`.
   * @throws what the timeout throws, else; what `fn` throws; UsageError at the call when `fn` is no function.
   * @switches if `fn` does
   * @example
   * ```ts
   * import { run, sleep, Timeout } from 'greenloop'
   *
   * await run(function* () {
   *   const value = yield* new Timeout(5, false).run(function* () {
   *     yield* sleep(1000)
   *     return 'in time'
   *   })
   *   console.log(value) // undefined
   * })
   * ```
   */
  run<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Operation<T | undefined> {
    if (typeof fn !== 'function') throw notAFunction('run', fn)
    return operation(
      () => `timeout.run(${fn.name})`,
      () => limitedBy(this, fn, args),
    )
  }

  /** @internal The error to be thrown: made when the time has passed. */
  $error(): Error {
    const { exception } = this
    if (exception === null || typeof exception === 'string' || exception === false) return this
    if (typeof exception !== 'function') return exception
    try {
      return new exception()
    } catch (error) {
      return error as Error // the greenlet has asked for it; the hub's alarm must go on
    }
  }

  /**
   * Makes one and starts it: `using timeout = Timeout.startNew(100)`. One that was made already is started unless it runs.
   *
   * @param timeout - milliseconds, null for never, or a Timeout, which keeps the exception and the options that it was made with.
   * @param exception - as for the constructor.
   * @param options - as for the constructor.
   * @throws UsageError as the constructor and {@link start} do.
   * @switches never
   * @source gevent: `Timeout.start_new`
   */
  static startNew(
    timeout: number | null | Timeout = null,
    exception: TimeoutException = null,
    options: TimeoutOptions = {},
  ): Timeout {
    if (timeout instanceof Timeout) return timeout.pending ? timeout : timeout.start()
    return new Timeout(timeout, exception, options).start()
  }
}
recognise(Timeout, 'Timeout')
Object.defineProperties(Timeout.prototype, {
  code: { value: 'GREENLOOP_TIMEOUT', writable: true, configurable: true },
  // Made when it is asked for: most time limits do not pass.
  message: {
    get(this: Timeout): string {
      return textOf(this.ms, this.exception)
    },
    configurable: true,
  },
  // What `console.log` shows in Node: how it is made up is of no interest.
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: Timeout): string {
      return `[${String(this)}]`
    },
    configurable: true,
  },
})

class TimeoutTimer extends Timer {
  declare readonly greenlet: Coroutine
  declare private readonly timeout: Timeout
  /** What it has thrown; null: it has not expired. */
  declare thrown: Error | null

  constructor(timeout: Timeout, greenlet: Coroutine) {
    super()
    this.timeout = timeout
    this.greenlet = greenlet
    this.thrown = null
  }

  override expired(): void {
    writes(this.timeout)
    writes(this.greenlet) // also when it has ended
    this.thrown = this.timeout.$error()
    hubOf(this.greenlet).interrupt(this.greenlet, this.thrown)
  }

  override describe(): string {
    return `Timeout(${String(this.timeout.ms)})`
  }
}

function textOf(ms: number | null, exception: TimeoutException): string {
  const time = ms === null ? '' : `${String(ms)} ms`
  if (exception === false) return `${time} (silent)`.trimStart()
  if (exception === null || exception === '') return time
  const text = typeof exception === 'function' ? exception.name : String(exception)
  return time === '' ? text : `${time}: ${text}`
}

function checkException(exception: unknown): void {
  if (exception === null || exception === false || typeof exception === 'string' || exception instanceof Error) return
  if (isErrorClass(exception)) return
  throw new UsageError(
    `new Timeout() expects \`exception\` to be a string, false, an Error or a class of errors, but got ${show(exception)}.`,
  )
}

/** Checks `timeoutMs`: milliseconds, or a Timeout. */
function checkLimit(caller: string, limit: unknown): void {
  if (limit === undefined || limit instanceof Timeout) return
  checkMs(caller, 'timeoutMs', limit)
}

/** Checks the options of a wait: `timeoutMs`, and `flag`, if it has one that says yes or no. */
export function checkWaitOptions(call: string, options: WaitOptions, flag = ''): void {
  if (typeof options !== 'object' || (options as object | null) === null || options instanceof Timeout)
    throw notOptions(call, options, exampleFor(options, flag))
  if (flag !== '') checkFlag(call, flag, (options as Record<string, unknown>)[flag]) // any object may be asked
  checkLimit(call, options.timeoutMs)
}

/** How what was given alone is written as an option. */
function exampleFor(given: unknown, flag: string): string {
  if (given instanceof Timeout) return '{ timeoutMs: timeout }'
  if (typeof given === 'boolean' && flag !== '') return `{ ${flag}: ${String(given)} }`
  return `{ timeoutMs: ${typeof given === 'number' && given >= 0 ? String(given) : '10'} }`
}

/** What `timeout.run` does. */
function* limitedBy<A extends readonly unknown[], T>(
  given: Timeout,
  fn: (...args: A) => Driven<T>,
  args: A,
): Green<T | undefined> {
  const timeout = given.pending ? given : given.start()
  try {
    return yield* call(fn, args)
  } catch (error) {
    if (error === timeout && timeout.exception === false) return undefined
    throw error
  } finally {
    timeout.close()
  }
}

/** What a wait throws whose limit has passed: the error of its Timeout, or a new one. */
export function lateError(limit: Limit): Error {
  return limit instanceof Timeout ? limit.$error() : new Timeout(limit as number) // a limit is a number or a Timeout
}

/** How `withTimeout` runs its function. */
export interface WithTimeoutOptions<V> {
  /** Milliseconds, 0 and up; null: no limit. Or a {@link Timeout}. */
  ms: number | null | Timeout
  /** Given when the time has passed, instead of throwing. */
  timeoutValue: V
}

/**
 * Runs `fn(...args)` and throws a {@link Timeout} into it when it takes longer than `ms`.
 *
 * @param limit - how long, in milliseconds, 0 and up; null: no limit. Or a `Timeout`, which is started unless it runs already, and throws
 * what it was made with. Or `{ ms, timeoutValue }`: the value is given when the time has passed.
 * @param fn - a generator function, or any function; it runs in the calling greenlet.
 * @param args - what it is called with.
 * @returns what `fn` returns, or `timeoutValue`.
 * @throws Timeout when the time has passed and there is no `timeoutValue`; what `fn` throws, the Timeout of somebody else included;
 * UsageError at the call for a wrong `limit` or `fn`.
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
 *   console.log(yield* withTimeout({ ms: 5, timeoutValue: 'late' }, sleep, 1000)) // late
 * })
 * ```
 */
export function withTimeout<A extends readonly unknown[], T, V = never>(
  limit: number | null | Timeout | WithTimeoutOptions<V>,
  fn: (...args: A) => Driven<T>,
  ...args: A
): Operation<T | NoInfer<V>> {
  const options = isOptions(limit) ? limit : null
  const given = options === null ? (limit as number | null | Timeout) : options.ms
  const ms = given instanceof Timeout ? given.ms : given
  if (ms !== null) checkMs('withTimeout()', 'ms', ms)
  if (typeof fn !== 'function') throw notAFunction('withTimeout', fn)
  return operation(
    () => `withTimeout(${String(ms)}, ${fn.name})`,
    () => limited(given, options, fn, args),
  )
}

/**
 * What `withTimeout` does. Not a closure: V8 makes a hidden class for each closure of a generator function, at ten times the cost of the
 * rest.
 */
function* limited<A extends readonly unknown[], T, V>(
  limit: number | null | Timeout,
  options: WithTimeoutOptions<V> | null,
  fn: (...args: A) => Driven<T>,
  args: A,
): Green<T | V> {
  const timeout = Timeout.startNew(limit)
  try {
    return yield* call(fn, args)
  } catch (error) {
    if (error === timeout && options !== null && 'timeoutValue' in options) return options.timeoutValue
    throw error
  } finally {
    timeout.cancel()
  }
}

function isOptions<V>(limit: unknown): limit is WithTimeoutOptions<V> {
  return (
    typeof limit === 'object' && limit !== null && 'ms' in limit && !(limit instanceof Timeout || isOperation(limit))
  )
}
