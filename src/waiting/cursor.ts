/**
 * Cursors: how a sequence is read whose next value has to be waited for.
 *
 * A `for` loop cannot wait in a greenlet, since its `next` is no place for a `yield*`. So the place is written down: `while (yield* it.next())
 * use(it.value)`.
 *
 * Stands on operations. Leaves to subclasses where the values come from.
 */
import { ConcurrentObjectUseError, UsageError } from '../errors/classes.ts'
import { type Named, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import type { Operation } from '../protocol.ts'

/** A sequence that is read value by value. */
export abstract class Cursor<T> implements AsyncIterable<T>, Disposable {
  #state: 'before' | 'at' | 'after' = 'before'
  #value: T | undefined = undefined

  constructor() {
    writes(this)
  }

  /**
   * Goes to the next value, which is {@link value} then.
   *
   * @returns whether there is one; false at the end, and from then on.
   * @throws what the place of a value throws; the ones behind it can be read all the same.
   * @switches only if it must wait
   */
  abstract next(): Operation<boolean>

  /** The value that {@link next} went to. @throws UsageError before the first, and after the end. */
  get value(): T {
    reads(this)
    if (this.#state === 'at') return this.#value as T // moveTo() has set it
    throw new UsageError(
      `A cursor was read ${this.#state === 'before' ? 'before its first next()' : 'after its end'}.\n\n${wrongRight('use(it.value)', 'there is no value', 'while (yield* it.next()) use(it.value)')}`,
    )
  }

  /** For `for await` in async code. Leaving the loop disposes of the cursor. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: async () => ((await this.next()) ? { done: false, value: this.value } : { done: true, value: undefined }),
      return: () => {
        this[Symbol.dispose]()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  /** Gives up what is not read yet. @switches never */
  abstract [Symbol.dispose](): void

  /** For subclasses, where `next` ends: there is a value. */
  protected moveTo(value: T): true {
    writes(this)
    this.#state = 'at'
    this.#value = value
    return true
  }

  /** For subclasses, where `next` ends: there is none. */
  protected end(): false {
    writes(this)
    this.#state = 'after'
    this.#value = undefined
    return false
  }
}

/** A cursor holds one value; so two cannot read it at once. `call` is the call as a person writes it. */
export function secondReader(call: string, second: Named, first: Named): ConcurrentObjectUseError {
  return new ConcurrentObjectUseError(
    `Greenlet "${second.name}" waits in ${call}, where "${first.name}" waits already.`,
  )
}

/** Can be read by a cursor of its own. */
export interface Sequence<T> {
  /** A new cursor, at its beginning. */
  cursor(): Cursor<T>
}
