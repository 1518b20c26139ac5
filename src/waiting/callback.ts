/**
 * The bridge from callbacks: `fromCallback`.
 *
 * Stands on waits. Leaves promises to `until.ts`.
 */
import { callForWait } from '../context.ts'
import { notAFunction } from '../errors/usage.ts'
import { writes } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { HubOperation } from './operation.ts'
import { Wait } from './wait.ts'

/** A callback as Node's functions take it last: the error or nothing, then the value. Only its first call counts. */
export type NodeCallback<T> = (error?: unknown, value?: T) => void

/**
 * Waits until a callback is called, as Node's functions do it: `fromCallback((callback) => fs.stat(path, callback))`.
 *
 * @param start - is given the callback and begins what will call it; it runs each time the operation is driven, in the greenlet that drives
 * it. When it returns a function, that is called if the wait is given up (kill, timeout), to take back what was begun.
 * @returns what the callback was given as its second argument.
 * @throws what the callback was given as its first, unless that is null or undefined; what `start` throws; UsageError at the call when it
 * is no function.
 * @switches only if it must wait: a callback that is called at once is ready
 * @example
 * ```ts
 * import { stat, type Stats } from 'node:fs'
 * import { fromCallback, run } from 'greenloop'
 *
 * await run(function* () {
 *   const stats = yield* fromCallback<Stats>((callback) => stat('.', callback))
 *   console.log(stats.isDirectory()) // true
 * })
 * ```
 */
export function fromCallback<T = void>(start: (callback: NodeCallback<T>) => unknown): Operation<T> {
  if (typeof start !== 'function') throw notAFunction('fromCallback', start)
  return new FromCallback(start)
}

class FromCallback<T> extends HubOperation<T> {
  readonly #start: (callback: NodeCallback<T>) => unknown

  constructor(start: (callback: NodeCallback<T>) => unknown) {
    super()
    this.#start = start
  }

  override begin(greenlet: Coroutine): Step<T> {
    return new CallbackWait<T>(greenlet).begin(this.#start)
  }

  override toString(): string {
    return 'fromCallback()'
  }
}

/** `starting`, then `over`, when it is called back at once; else with a time in which it is `parked`. */
class CallbackWait<T> extends Wait {
  #state: 'starting' | 'parked' | 'over' = 'starting'
  #failed = false
  #error: unknown = null
  #value: T | undefined = undefined
  #undo: (() => unknown) | null = null

  begin(start: (callback: NodeCallback<T>) => unknown): Step<T> {
    let made: unknown
    try {
      made = callForWait(() =>
        start((error, value) => {
          this.#calledBack(error, value)
        }),
      )
    } catch (error) {
      this.#state = 'over'
      throw error
    }
    if (this.#isOver()) {
      if (this.#failed) throw this.#error
      return ready(this.#value as T) // what a callback without an error was given
    }
    if (typeof made === 'function') this.#undo = made as () => unknown // it is called without arguments
    this.#state = 'parked'
    this.hub.outstanding++
    return this.park()
  }

  protected override leave(): void {
    writes(this)
    this.#state = 'over'
    this.hub.outstanding--
    try {
      this.#undo?.()
    } catch (error) {
      this.hub.tell(error, { name: 'fromCallback()' })
    }
  }

  override describe(): string {
    return 'fromCallback()'
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  #calledBack(error: unknown, value: T | undefined): void {
    const state = this.#state
    writes(this) // only its first call counts
    this.#state = 'over'
    if (state === 'starting') {
      this.#failed = error != null
      this.#error = error
      this.#value = value
    } else if (state === 'parked') {
      this.hub.outstanding--
      if (error != null) this.fail(error)
      else this.succeed(value)
    }
  }
}
