/**
 * What a method of an object gives that is seen as a whole, and goes on reading or writing it later: iterators and generators.
 *
 * Stands on cells. Leaves to the view what is given out for an item.
 */
import { kernel } from '../../../greenlet/kernel.ts'
import type { Region } from './cells.ts'

/** An iterator of what is built in, of which each step reads. */
export type BuiltInIterator = Iterator<unknown> & Iterable<unknown>

/** Whether it is an iterator of a Map, a Set, an array. */
export function isBuiltInIterator(value: unknown): value is BuiltInIterator {
  if (typeof value !== 'object' || value === null || !(Symbol.toStringTag in value)) return false
  const tag = value[Symbol.toStringTag]
  return typeof tag === 'string' && tag.endsWith(' Iterator')
}

/** What all iterators of the engine descend from: newer engines have `map` and `filter` there. */
const ITERATOR = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object // both are prototypes

/** Gives the items of an iterator. Each step reads. */
export class Items {
  readonly #items: BuiltInIterator
  readonly #region: Region
  readonly #inPairs: boolean
  readonly #give: (item: unknown) => unknown

  constructor(items: BuiltInIterator, region: Region, inPairs: boolean, give: (item: unknown) => unknown) {
    this.#items = items
    this.#region = region
    this.#inPairs = inPairs
    this.#give = give
  }

  next(): IteratorResult<unknown> {
    this.#region.read()
    const step = this.#items.next()
    if (step.done === true) return step
    const { value } = step
    return { done: false, value: this.#inPairs && Array.isArray(value) ? value.map(this.#give) : this.#give(value) }
  }
}
Object.setPrototypeOf(Items.prototype, ITERATOR)

/** A generator that takes the steps of another one. Each writes. */
export function* watched(
  steps: Iterator<unknown, unknown, unknown>,
  region: Region,
  give: (value: unknown) => unknown,
): Generator<unknown, unknown, unknown> {
  return yield* new Steps(steps, region, give) // which hands a suspension through as it is; a `yield` would wrap it
}

/** What {@link watched} drives. */
class Steps implements Iterator<unknown, unknown, unknown> {
  readonly #steps: Iterator<unknown, unknown, unknown>
  readonly #region: Region
  readonly #give: (value: unknown) => unknown

  constructor(steps: Iterator<unknown, unknown, unknown>, region: Region, give: (value: unknown) => unknown) {
    this.#steps = steps
    this.#region = region
    this.#give = give
  }

  [Symbol.iterator](): this {
    return this
  }

  next(message: unknown): IteratorResult<unknown, unknown> {
    this.#region.write()
    return this.#given(this.#steps.next(message))
  }

  throw(error: unknown): IteratorResult<unknown, unknown> {
    this.#region.write()
    return this.#given(this.#steps.throw?.(error))
  }

  return(value: unknown): IteratorResult<unknown, unknown> {
    this.#region.write()
    return this.#given(this.#steps.return?.(value))
  }

  #given(step: IteratorResult<unknown, unknown> | undefined): IteratorResult<unknown, unknown> {
    if (step === undefined) return { done: true, value: undefined } // no generator is without these methods
    return step === kernel.suspended ? step : { done: step.done === true, value: this.#give(step.value) }
  }
}
