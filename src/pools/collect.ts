/**
 * The wait of `map`: for all results, in the order of the input.
 *
 * Stands on mappings. It takes each result as soon as those before it are there, so what is thrown is what is first in the order of the
 * input, and nobody waits for what comes behind a failure.
 */
import { outcomeOf } from '../gevent/end.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { ownerOf } from '../waiting/agent.ts'
import { HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'
import { type Input, readerOf } from './input.ts'
import { type Element, Mapping, type Order, type Taker, type Workplace } from './mapping.ts'

/** `map()`: begins to read its inputs each time it is driven. */
export class MapOperation<R> extends HubOperation<R[]> {
  readonly #place: Workplace
  readonly #fn: Order['fn']
  readonly #inputs: readonly Input<unknown>[]
  readonly #killOnError: boolean

  constructor(place: Workplace, fn: unknown, inputs: readonly Input<unknown>[], killOnError: boolean) {
    super()
    this.#place = place
    this.#fn = fn as Order['fn'] // it was checked to be a function, and its items by the types of map()
    this.#inputs = inputs
    this.#killOnError = killOnError
  }

  override begin(greenlet: Coroutine): Step<R[]> {
    const readers = this.#inputs.map(readerOf)
    const common = { place: this.#place, verb: 'map', fn: this.#fn, readers }
    const order = { ...common, ordered: true, maxsize: Infinity, owner: ownerOf(greenlet) }
    return new MapWait<R>(greenlet, order, this.#killOnError).park()
  }

  override toString(): string {
    return this.#place.$call('map')
  }
}

/** Takes the elements one by one, until it has them all. */
class MapWait<R> extends Wait implements Taker {
  readonly #order: Order
  readonly #mapping: Mapping
  readonly #killOnError: boolean
  readonly #results: R[] = []
  /** With `killOnError`: what is thrown when the rest has ended. */
  #failure: { readonly error: unknown } | null = null
  #over = false

  constructor(greenlet: Coroutine, order: Order, killOnError: boolean) {
    super(greenlet)
    this.#order = order
    this.#killOnError = killOnError
    this.#mapping = new Mapping(order, this)
    this.#mapping.start()
  }

  changed(element: Element | null): void {
    if (this.#over) return
    const mapping = this.#mapping
    try {
      if (this.#failure !== null) {
        if (mapping.idle) throw this.#failure.error
        return
      }
      if (this.#killOnError && element !== null) outcomeOf(element.greenlet)
      for (let { head } = mapping; head !== null; { head } = mapping) {
        mapping.shift()
        this.#results.push(outcomeOf(head.greenlet) as R) // what fn returned
      }
      if (!mapping.exhausted) return
      mapping.throwInputFailure()
    } catch (error) {
      this.#failed(error, element)
      return
    }
    this.#over = true
    this.succeed(this.#results)
  }

  #failed(error: unknown, element: Element | null): void {
    const mapping = this.#mapping
    if (this.#killOnError && !mapping.idle) {
      this.#failure = { error }
      mapping.dispose(element)
      return
    }
    this.#over = true
    mapping.detach(element)
    this.fail(error)
  }

  protected override leave(): void {
    this.#over = true
    this.#mapping.dispose()
  }

  override describe(): string {
    return this.#order.place.$call('map')
  }

  waitsFor(): readonly Coroutine[] {
    return this.#mapping.waitsFor()
  }
}
