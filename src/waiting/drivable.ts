/**
 * Promises that a greenlet can drive and call back: `yield* promise` waits for it, and a kill aborts what would settle it.
 *
 * Such a promise stays the one that it is for everybody else. It gains an iterator, and what stands behind it is written down, for all waits:
 * `yield*`, `until`, a branch of `race`, the body of `spawn`.
 *
 * The iterator is there for greenlets only. Node itself looks for one: `Duplex.from` and `stream.compose` take what can be iterated for a
 * list, before they ask whether it is a promise, and of a list without items make an empty stream.
 *
 * Stands on the wait for a promise. Leaves to `fetch` and the timers what is aborted.
 */
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import type { Resume, Suspend } from '../protocol.ts'
import { begun } from './operation.ts'
import { type Abortable, type Backing, backing, Until } from './until.ts'

/** What stands behind one or several promises: aborted when the last greenlet that drives one of them gives up. */
export class Abort implements Abortable {
  /** Made when its signal is asked for: that must be before anybody waits. */
  #controller: AbortController | null = null
  #waiting = 0

  /** Fires when it is aborted. */
  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  /** A greenlet begins to wait. */
  entered(_greenlet: Coroutine): this {
    this.#waiting++
    return this
  }

  settled(): void {
    this.#waiting--
  }

  abort(): void {
    if (--this.#waiting === 0) this.fire()
  }

  /** Aborts it, whoever waits. */
  protected fire(reason?: unknown): void {
    this.#controller?.abort(reason)
  }
}

/** `yield*` of a promise. */
class DrivenPromise<T> extends Until<T> {
  #given = false

  constructor(promise: Promise<T>) {
    super(promise)
    begun(this) // what the promise stands for is
  }

  /**
   * `yield*` hands a value to each step, the first one, too; who iterates hands none. They drive nothing: Node's streams and test tools, in
   * a greenlet's slice. What they find is the promise.
   */
  override next(...resumed: [Resume?]): Step<T> {
    if (resumed.length > 0) return super.next(...resumed)
    const done = this.#given
    this.#given = true
    return { done, value: done ? undefined : this.source } as Step<T> // no trampoline sees it
  }
}

function iterate(this: Promise<unknown>): Iterator<Suspend, unknown, Resume> {
  return new DrivenPromise(this)
}

/** The property by which `yield*` drives a promise. Plain code sees none. */
export const promiseIterator = {
  get(): typeof iterate | undefined {
    return kernel.current === kernel.main ? undefined : iterate
  },
  /** As if there was none. */
  set(this: object, value: unknown): void {
    Object.defineProperty(this, Symbol.iterator, { value, configurable: true, enumerable: true, writable: true })
  },
}

const ITERATOR: PropertyDescriptor = { ...promiseIterator, configurable: true }

/** What stands behind one promise. */
class Behind implements Backing {
  readonly text: string
  readonly #abort: Abort

  constructor(text: string, abort: Abort) {
    this.text = text
    this.#abort = abort
  }

  entered(greenlet: Coroutine): Abortable {
    return this.#abort.entered(greenlet)
  }
}

/** Lets `yield*` drive this one promise, and whoever gives up a wait for it abort it. `text` is the call as it stands in messages. */
export function drivable<T>(promise: Promise<T>, abort: Abort, text: string): Promise<T> {
  backing.set(promise, new Behind(text, abort))
  return Object.defineProperty(promise, Symbol.iterator, ITERATOR)
}
