/**
 * The bridge from async code: waiting for promises, and driving whatever a body has returned.
 *
 * Stands on waits. Leaves to `withTimeout`, `spawn` and the others whose body it is.
 */
import { callForWait } from '../context.ts'
import { UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { drive, type Step } from '../greenlet/operation.ts'
import { type Driven, type Green, isGenerator, isOperation, isThenable, type Operation } from '../protocol.ts'
import { type Attached, attached } from './attached.ts'
import { HubOperation } from './operation.ts'
import { Wait } from './wait.ts'

/**
 * Waits until a promise settles: the bridge from async code into a greenlet.
 *
 * A promise cannot be taken back: when the wait is given up (kill, timeout) its outcome is dropped, and a late rejection is not reported
 * as unhandled. Give a function to be able to do better: it is called with an AbortSignal that fires then. Promises of a patched `fetch`,
 * and of patched timers, need none: what stands behind them is aborted.
 *
 * @param source - a promise, or a function from an AbortSignal to one; it is called each time the operation is driven.
 * @returns what the promise was fulfilled with.
 * @throws what the promise was rejected with; UsageError at the call for anything that is neither.
 * @switches always
 * @example
 * ```ts
 * import { setTimeout as delay } from 'node:timers/promises'
 * import { spawn, until } from 'greenloop'
 *
 * const g = spawn(function* () {
 *   return yield* until((signal) => delay(5, 'late', { signal }))
 * })
 * console.log(await g.get()) // late
 * ```
 */
export function until<T>(source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)): Operation<Awaited<T>> {
  if (typeof source !== 'function' && !isThenable(source)) {
    throw new UsageError(`until() expects a promise or a function that returns one, but got ${show(source)}.`)
  }
  if (isOperation(source)) {
    throw new UsageError(
      `until() was given an operation, which a greenlet drives itself.\n\n${wrongRight('yield* until(sleep(10))', 'goes round by main', 'yield* sleep(10)')}`,
    )
  }
  return new Until(source) as Operation<Awaited<T>> // a thenable's value is never itself a thenable
}

/** What stands behind a promise. */
export interface Backing {
  /** The call as it stands in messages. */
  readonly text: string
  /** A wait of `greenlet` begins; it tells how it ends. */
  entered(greenlet: Coroutine): Abortable
}

/** By promise: what stands behind it, where that can be aborted. */
export const backing: Attached<Backing> = attached()

/** The wait for a promise, or for that of a function. */
export class Until<T> extends HubOperation<T> {
  protected readonly source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)

  constructor(source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)) {
    super()
    this.source = source
  }

  override begin(greenlet: Coroutine): Step<T> {
    const { source } = this
    if (typeof source !== 'function') {
      const behind = backing.get(source)
      return new PromiseWait(greenlet, behind?.entered(greenlet) ?? null, behind?.text).parkUntil(source)
    }
    const controller = new AbortController()
    const promise: unknown = callForWait(() => source(controller.signal))
    if (!isThenable(promise))
      throw new UsageError(`until() expects its function to return a promise, but got ${show(promise)}.`)
    return new PromiseWait(greenlet, controller).parkUntil(promise)
  }

  override toString(): string {
    return backing.get(this.source)?.text ?? 'until(promise)'
  }
}

/** What is told how a wait for a promise ended. An AbortController is one. */
export interface Abortable {
  /** The wait was given up. */
  abort(): void
  /** The promise has settled. */
  settled?(): void
}

/** The wait for a promise, for operations that have one inside. */
export class PromiseWait extends Wait {
  readonly #abortable: Abortable | null
  readonly #text: string
  /** Set when the wait has ended, by the promise or by being given up; the promise may settle later, and nobody is there. */
  #over = false

  constructor(greenlet: Coroutine, abortable: Abortable | null, text = 'until(promise)') {
    super(greenlet)
    this.#abortable = abortable
    this.#text = text
  }

  /**
   * Parks the greenlet until the promise settles. In this order, since a thenable may answer at once; and whatever parking does, since a
   * promise that nobody follows would be an unhandled rejection.
   */
  parkUntil(promise: PromiseLike<unknown>): Step<never> {
    this.hub.outstanding++
    try {
      return this.park()
    } finally {
      this.#follow(promise)
    }
  }

  #follow(promise: PromiseLike<unknown>): void {
    const onError = (error: unknown): void => {
      if (this.#settle()) this.fail(error)
    }
    try {
      promise.then((value) => {
        if (this.#settle()) this.succeed(value)
      }, onError)
    } catch (error) {
      onError(error) // a thenable that throws instead
    }
  }

  protected override leave(): void {
    this.#close()
    this.#abortable?.abort()
  }

  override describe(): string {
    return this.#text
  }

  #close(): boolean {
    writes(this) // a thenable of somebody's may answer in a greenlet, and only its first answer counts
    if (this.#over) return false
    this.#over = true
    this.hub.outstanding--
    return true
  }

  /** The promise has settled; answers whether anybody still waits for it. */
  #settle(): boolean {
    if (!this.#close()) return false
    this.#abortable?.settled?.()
    return true
  }
}

/** Drives what a body has returned, whatever it is; null when there is nothing to drive. */
export function follow(made: unknown): Green<unknown> | null {
  if (isGenerator(made)) return made as Green<unknown> // what it yields is checked when it does
  if (isOperation(made)) return drive(made)
  if (!isThenable(made)) return null
  // An async body that has made a switch fails of that, here and now; its own rejection is late, and nobody's.
  if (kernel.current.$goal !== null) made.then(undefined, () => undefined)
  return drive(until(made))
}

/** Calls a body and drives what it returns. */
export function* call<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, args: A): Green<T> {
  const made = fn(...args)
  const frame = follow(made)
  return (frame === null ? made : yield* frame) as T // Driven<T> without what can be driven is T
}
