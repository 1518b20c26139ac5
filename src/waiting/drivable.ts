/**
 * Promises that a greenlet can drive and call back: `yield* promise` waits for it, and a kill aborts what would settle it.
 *
 * Such a promise stays the one that it is for everybody else. It gains an iterator of its own, and that is what makes the abort possible: a
 * general one on all promises knows nothing of what stands behind them.
 *
 * Stands on the wait for a promise. Leaves to `fetch` and the timers what is aborted.
 */
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { begun, HubOperation } from './operation.ts'
import { type Abortable, PromiseWait } from './until.ts'

/** What stands behind one or several promises: aborted when the last greenlet that drives one of them gives up. */
export class Abort implements Abortable {
  readonly #controller = new AbortController()
  #waiting = 0

  /** Fires when it is aborted. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** A greenlet begins to wait. */
  entered(): this {
    this.#waiting++
    return this
  }

  settled(): void {
    this.#waiting--
  }

  abort(): void {
    if (--this.#waiting === 0) this.#controller.abort()
  }
}

/** The wait for one of them. */
class DrivenPromise<T> extends HubOperation<T> {
  readonly #promise: Promise<T>
  readonly #abort: Abort
  readonly #text: string

  constructor(promise: Promise<T>, abort: Abort, text: string) {
    super()
    this.#promise = promise
    this.#abort = abort
    this.#text = text
  }

  override begin(greenlet: Coroutine): Step<T> {
    return new PromiseWait(greenlet, this.#abort.entered(), this.#text).parkUntil(this.#promise)
  }

  override toString(): string {
    return this.#text
  }
}

/** Lets `yield*` drive this one promise. `text` is the call as it stands in messages. */
export function drivable<T>(promise: Promise<T>, abort: Abort, text: string): Promise<T> {
  const value = (): DrivenPromise<T> => {
    const wait = new DrivenPromise(promise, abort, text)
    begun(wait) // what the promise stands for is
    return wait
  }
  return Object.defineProperty(promise, Symbol.iterator, { value, configurable: true, writable: true })
}
