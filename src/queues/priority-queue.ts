/**
 * Queues in another order: `PriorityQueue`, lowest first, and `LifoQueue`, last in, first out.
 *
 * Stands on `Queue`, whose store they replace. Leaves the heap to `heap.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { Heap } from './heap.ts'
import { Queue } from './queue.ts'
import { type Item, StopIteration } from './queue-waits.ts'

/**
 * A {@link Queue} in which the last that came in goes out first.
 *
 * @typeParam T - the items.
 * @source gevent: `gevent.queue.LifoQueue`
 * @example
 * ```ts
 * import { LifoQueue } from 'greenloop'
 *
 * const stack = new LifoQueue(null, ['a', 'b', 'c'])
 * console.log(await stack.get(), await stack.get()) // c b
 * ```
 */
export class LifoQueue<T> extends Queue<T> {
  declare private stack: Item<T>[]

  protected override init(): void {
    this.stack = []
  }

  protected override get length(): number {
    return this.stack.length
  }

  protected override insert(item: Item<T>): void {
    this.stack.push(item)
  }

  protected override remove(): Item<T> {
    return this.stack.pop() as Item<T> // it is not empty
  }

  protected override look(): Item<T> {
    return this.stack.at(-1) as Item<T> // it is not empty
  }

  protected override items(): Iterable<Item<T>> {
    return this.stack
  }
}

/**
 * A {@link Queue} in which the lowest item goes out first, and of those that are alike the one that came first.
 *
 * Numbers (bigints among them), strings and Dates are compared as they are, and arrays item by item: `[2, 'b']` comes before `[10, 'a']`.
 * Anything else needs a function that compares. `StopIteration` comes behind everything.
 *
 * @typeParam T - the items.
 * @source gevent: `gevent.queue.PriorityQueue`
 * @example
 * ```ts
 * import { PriorityQueue } from 'greenloop'
 *
 * const numbers = new PriorityQueue(null, [3, 1, 2])
 * console.log(await numbers.get(), await numbers.get()) // 1 2
 *
 * const jobs = new PriorityQueue<{ name: string; cost: number }>(null, [], (a, b) => a.cost - b.cost)
 * jobs.putNowait({ name: 'big', cost: 10 })
 * jobs.putNowait({ name: 'small', cost: 1 })
 * console.log((await jobs.get()).name) // small
 * ```
 */
export class PriorityQueue<T> extends Queue<T> {
  readonly #compare: ((a: T, b: T) => number) | undefined
  readonly #heap: Heap<Item<T>>

  /**
   * @param maxsize - how many items it holds; null, 0 and less: any number. @defaultValue null
   * @param items - what is in it from the beginning, however many, in any order.
   * @param compare - below 0 when `a` goes out before `b`, above 0 when after it, 0 when it does not matter. @defaultValue the natural
   * order of numbers, strings, Dates and arrays of these
   * @throws UsageError when `maxsize` is no integer, `items` cannot be iterated, or `compare` is no function.
   */
  constructor(maxsize?: number | null, items?: Iterable<Item<T>>, compare?: (a: T, b: T) => number) {
    super(maxsize)
    if (compare !== undefined && typeof compare !== 'function') {
      throw new UsageError(
        `new ${this.constructor.name}() expects \`compare\` to be a function of two items, but got ${show(compare)}.`,
      )
    }
    this.#compare = compare
    this.#heap = new Heap(markerLast(compare ?? naturalOrder))
    if (items !== undefined) this.seed(items)
  }

  override copy(): this {
    const Same = this.constructor as new (
      maxsize: number | null,
      items: Iterable<Item<T>>,
      compare: ((a: T, b: T) => number) | undefined,
    ) => this // as subclasses keep it
    return this.copied(new Same(this.maxsize, this.items(), this.#compare))
  }

  protected override get length(): number {
    return this.#heap.size
  }

  protected override insert(item: Item<T>): void {
    this.#heap.push(item)
  }

  protected override remove(): Item<T> {
    return this.#heap.shift()
  }

  protected override look(): Item<T> {
    return this.#heap.first()
  }

  protected override items(): Iterable<Item<T>> {
    return this.#heap.toArray()
  }
}

function markerLast<T>(compare: (a: T, b: T) => number): (a: Item<T>, b: Item<T>) => number {
  return (a, b) => {
    if (a === StopIteration) return b === StopIteration ? 0 : 1
    return b === StopIteration ? -1 : compare(a, b)
  }
}

/** Compares what has an order by itself. */
function naturalOrder(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (Array.isArray(a) && Array.isArray(b)) return arrayOrder(a, b)
  const [x, y] = [orderable(a), orderable(b)]
  if (x === null || y === null || (typeof x === 'string') !== (typeof y === 'string')) {
    throw new UsageError(
      `A PriorityQueue cannot tell which goes out first: ${show(a)} or ${show(b)}. It compares numbers, strings, Dates, and arrays of these.\n\n` +
        `  new PriorityQueue<Job>(null, [], (a, b) => a.cost - b.cost)   // anything else: say how`,
    )
  }
  return x < y ? -1 : x > y ? 1 : 0
}

function arrayOrder(a: readonly unknown[], b: readonly unknown[]): number {
  for (let n = 0; n < a.length && n < b.length; n++) {
    const order = naturalOrder(a[n], b[n])
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** What stands for a value in a comparison; null: it has no order. */
function orderable(value: unknown): number | bigint | string | null {
  const plain = value instanceof Date ? value.getTime() : value
  if (typeof plain === 'number') return Number.isNaN(plain) ? null : plain
  return typeof plain === 'string' || typeof plain === 'bigint' ? plain : null
}
