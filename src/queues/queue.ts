/**
 * gevent's queues, first in, first out: `SimpleQueue`, and `Queue`, which also counts tasks.
 *
 * What lies in the queue lies in a store, behind five methods: `insert`, `remove`, `look`, `length`, `items`. A subclass that brings
 * another store overrides these (`LifoQueue`, `PriorityQueue`); each item goes in once and out once, whoever waits.
 *
 * Stands on exchanges. Leaves queues without a store to `channel.ts`.
 */
import { Empty, Full, UsageError } from '../errors/classes.ts'
import { checkFlag, show } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { isList, type Operation } from '../protocol.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { WaitList } from '../waiting/wait-list.ts'
import { Exchange, patience, type QueueOptions } from './exchange.ts'
import { JoinOperation, type JoinWait } from './queue-join.ts'
import { after, firstFor, type Item, NOTHING, putCall, TakeOperation, takeCall } from './queue-waits.ts'
import { Ring } from './ring.ts'

/** The `maxsize` of a queue without one: more than an array can hold, and a small integer, which costs nothing to compare. */
const UNBOUNDED = 2 ** 31 - 1

/**
 * Hands items from greenlet to greenlet, first in, first out: a {@link Queue} that does not count tasks.
 *
 * @typeParam T - the items.
 * @source gevent: `gevent.queue.SimpleQueue`
 * @example
 * ```ts
 * import { SimpleQueue, spawn } from 'greenloop'
 *
 * const queue = new SimpleQueue<string>()
 * const reader = spawn(function* () {
 *   return yield* queue.get()
 * })
 * queue.putNowait('hello')
 * console.log(await reader.get()) // hello
 * ```
 */
export class SimpleQueue<T> extends Exchange<T> {
  /** @internal */
  declare $maxsize: number
  /** @internal How many items came in, less those that were said to be done. */
  declare $unfinished: number
  declare private readonly ring: Ring<Item<T>>
  /** Set when no subclass has another store: what somebody waits for need not pass through it. */
  declare private readonly isPlain: boolean

  /**
   * @param maxsize - how many items it holds; null, 0 and less: any number. @defaultValue null
   * @param items - what is in it from the beginning, however many.
   * @throws UsageError when `maxsize` is no integer, or `items` cannot be iterated.
   */
  constructor(maxsize?: number | null, items?: Iterable<Item<T>>) {
    super('queue')
    this.$maxsize = checkMaxsize(`new ${this.constructor.name}()`, maxsize)
    this.$unfinished = 0
    this.ring = new Ring()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- they are compared, and not called
    const { insert, remove } = SimpleQueue.prototype
    this.isPlain = this.insert === insert && this.remove === remove
    this.init()
    if (items !== undefined) this.seed(items)
  }

  /** How many items it holds at the most; null: any number. Setting it lets in who waits and has room now; nothing is thrown out. */
  get maxsize(): number | null {
    reads(this)
    return sizeOf(this.$maxsize)
  }

  /** Sets how many it may hold. */
  set maxsize(maxsize: number | null) {
    this.$maxsize = checkMaxsize('queue.maxsize', maxsize)
    writes(this)
    this.#settle(null)
  }

  /** How many items are in it. */
  get size(): number {
    reads(this)
    return this.length
  }

  /** How many items are in it: {@link size} under gevent's name. @switches never */
  qsize(): number {
    reads(this)
    return this.length
  }

  /** Whether nothing is in it. @switches never */
  empty(): boolean {
    reads(this)
    return this.length === 0
  }

  /** Whether it holds as many items as it may. @switches never */
  full(): boolean {
    reads(this)
    return this.length >= this.$maxsize
  }

  /**
   * Looks at the item that the next `get` would take, as soon as there is one. It stands in one line with those who `get`: of one who
   * came before it, it does not see the item; one who comes behind it takes what it has seen.
   *
   * @param options - `timeoutMs`: how long it may take; `block: false`: not to wait at all.
   * @throws as `get` does.
   * @switches only if it must wait
   * @source gevent: `Queue.peek`
   */
  peek(options: QueueOptions = {}): Operation<T> {
    return new TakeOperation(this, true, patience('peek()', options))
  }

  /** Looks at that item, now. @throws as `getNowait` does. @switches never */
  peekNowait(): T {
    const item = this.$take(true, null)
    if (item === NOTHING) throw this.$empty('peekNowait()', null)
    return item as T // see Item: who puts StopIteration in and reads without a cursor knows of it
  }

  /** Makes another one with the same items and `maxsize`, and nobody waiting. @switches never */
  copy(): this {
    const Same = this.constructor as new (maxsize: number | null, items: Iterable<Item<T>>) => this // as subclasses keep it
    return this.copied(new Same(this.maxsize, this.items()))
  }

  /**
   * Refuses items from now on: `put` throws ShutDown, and who waits in one is woken with it. What is in the queue can still be taken; then,
   * or at once when `immediate`, `get` throws ShutDown, too.
   *
   * @param immediate - whether the items are dropped, each as a task that is done. @defaultValue false
   * @switches never
   * @source gevent: `Queue.shutdown`
   */
  override shutdown(immediate = false): void {
    checkFlag('shutdown()', 'immediate', immediate)
    super.shutdown()
    if (!immediate) return
    while (this.length > 0) {
      this.remove()
      this.$dropped()
    }
  }

  /** `Queue(2/10)`: how many items are in it, and may be. */
  override toString(): string {
    const maxsize = sizeOf(this.$maxsize)
    return `${this.constructor.name}(${String(this.length)}${maxsize === null ? '' : `/${String(maxsize)}`})`
  }

  // The store. A subclass with another one overrides these, and may throw in them: the item stays where it was then.

  /** Called once, before all others: makes what they need. Fields with initialisers are not there yet; `declare` them. */
  protected init(): void {
    // the ring is there
  }

  /** How many items are in the store. */
  protected get length(): number {
    return this.ring.size
  }

  /** Puts an item into the store. */
  protected insert(item: Item<T>): void {
    this.ring.push(item)
  }

  /** Takes the next item out of the store, which is not empty. */
  protected remove(): Item<T> {
    return this.ring.shift()
  }

  /** The next item of the store, which is not empty. */
  protected look(): Item<T> {
    return this.ring.first()
  }

  /** All items of the store, for {@link copy}. */
  protected items(): Iterable<Item<T>> {
    return this.ring.toArray()
  }

  /** For constructors: puts the first items in, however many. */
  protected seed(items: Iterable<Item<T>>): void {
    if (typeof items !== 'string' && !isList(items)) {
      throw new UsageError(
        `new ${this.constructor.name}() expects \`items\` to be something that can be iterated, but got ${show(items)}.`,
      )
    }
    for (const item of items) this.#enter(item)
  }

  /** For {@link copy}: gives `copy` what is not among the arguments of the constructor. */
  protected copied(copy: this): this {
    copy.$unfinished = this.$unfinished
    return copy
  }

  /** @internal */
  override $take(peeks: boolean, greenlet: Coroutine | null): Item<T> | typeof NOTHING {
    if (this.length === 0) {
      if (this.$isShutdown) throw this.$shut(takeCall(peeks, greenlet))
      reads(this)
      return NOTHING
    }
    if (peeks) {
      reads(this)
      return this.look()
    }
    writes(this)
    const item = this.remove()
    if (this.$putters.first !== null) this.#settle(greenlet)
    return item
  }

  /** @internal */
  override $accept(item: Item<T>, greenlet: Coroutine | null): boolean {
    if (this.$isShutdown) throw this.$shut(putCall(greenlet))
    if (this.length >= this.$maxsize) {
      reads(this)
      return false
    }
    writes(this)
    if (this.$getters.first === null) {
      this.#enter(item)
    } else if (!this.isPlain || this.ring.size > 0 || !this.#hand(item, greenlet)) {
      this.#enter(item)
      this.#settle(greenlet)
    }
    return true
  }

  /** Gives an item to the first who waits for one; answers whether there was one who takes it. */
  #hand(item: Item<T>, greenlet: Coroutine | null): boolean {
    const getter = firstFor(this.$getters, greenlet)
    if (getter === null || getter.peeks) return false
    this.$unfinished++
    this.$getters.remove(getter)
    getter.succeed(item)
    getter.rest()
    return true
  }

  #enter(item: Item<T>): void {
    this.insert(item)
    this.$unfinished++
  }

  /** Something has changed: gives items to those who wait for one, and lets in those who wait for room. */
  #settle(greenlet: Coroutine | null): void {
    for (;;) {
      const getter = this.length > 0 ? firstFor(this.$getters, greenlet) : null
      const putter = getter === null && this.length < this.$maxsize ? firstFor(this.$putters, greenlet) : null
      if (getter !== null) {
        this.$getters.remove(getter)
        let item: Item<T>
        try {
          item = getter.peeks ? this.look() : this.remove()
        } catch (error) {
          getter.fail(error) // it is its get() that cannot be done
          continue
        }
        getter.succeed(item)
        getter.rest()
      } else if (putter !== null) {
        this.$putters.remove(putter)
        try {
          this.#enter(putter.item as Item<T>) // it waits with it
        } catch (error) {
          putter.fail(error)
          continue
        }
        putter.succeed(undefined)
        putter.rest()
      } else return
    }
  }

  /** @internal */
  override $because(putting: boolean): string {
    return putting ? `the queue is full (${String(this.length)}/${String(this.$maxsize)})` : 'the queue is empty'
  }

  /** @internal */
  override $empty(call: string, ms: number | null): Error {
    return new Empty(`${this.$call(call)} found nothing${after(ms)}: the queue is empty.`)
  }

  /** @internal */
  override $full(call: string, ms: number | null): Error {
    return new Full(`${this.$call(call)} found no room${after(ms)}: ${this.$because(true)}.`)
  }
}

/** A `$maxsize` as users know it. */
function sizeOf(maxsize: number): number | null {
  return maxsize === UNBOUNDED ? null : maxsize
}

function checkMaxsize(caller: string, maxsize: unknown): number {
  if (maxsize === null || maxsize === undefined) return UNBOUNDED
  if (!Number.isInteger(maxsize)) {
    throw new UsageError(
      `${caller} expects \`maxsize\` to be an integer, or null for no limit, but got ${show(maxsize)}.`,
    )
  }
  return (maxsize as number) > 0 ? (maxsize as number) : UNBOUNDED // isInteger() is no type guard
}

/**
 * Hands items from greenlet to greenlet, first in, first out, and knows when all of them are done.
 *
 * Those who wait are served in the order in which they came, each with an item of his own. An item that was given to a greenlet is its
 * own even if it is killed before its turn; one that nobody was given stays in the queue.
 *
 * @typeParam T - the items.
 * @source gevent: `gevent.queue.Queue` (that of 25.4.1: the former JoinableQueue)
 * @example
 * ```ts
 * import { Queue, spawn } from 'greenloop'
 *
 * const queue = new Queue<number>(2)
 * let sum = 0
 * spawn(function* worker() {
 *   const it = queue.cursor()
 *   while (yield* it.next()) {
 *     sum += it.value
 *     queue.taskDone()
 *   }
 * })
 * for (const n of [1, 2, 3, 4]) await queue.put(n)
 * await queue.join()
 * console.log(sum) // 10
 * queue.shutdown() // ends the worker
 * ```
 */
export class Queue<T> extends SimpleQueue<T> {
  readonly #joiners = new WaitList<JoinWait>(this)

  /** How many items came in for which {@link taskDone} was not called yet. */
  get unfinishedTasks(): number {
    reads(this)
    return this.$unfinished
  }

  /**
   * Says that an item which was taken has been dealt with. When all are, those who {@link join} go on, in the order in which they came.
   *
   * @throws UsageError when it is called more often than items came in.
   * @switches never
   * @source gevent: `Queue.task_done`
   */
  taskDone(): void {
    writes(this)
    if (this.$unfinished <= 0) {
      throw new UsageError(
        `Greenlet "${kernel.current.name}" called taskDone() of ${String(this)} once more than items came in.\n` +
          `It is called once for each item that was taken, when the work on it is done.`,
      )
    }
    if (--this.$unfinished === 0) this.#allDone()
  }

  /**
   * Waits until all items that came in were taken and done.
   *
   * @param options - `timeoutMs`: go on after so many milliseconds all the same.
   * @returns whether all are done.
   * @switches only if it must wait
   * @source gevent: `Queue.join`
   */
  join(options: WaitOptions = {}): Operation<boolean> {
    checkWaitOptions('join()', options)
    return new JoinOperation(this, this.#joiners, options.timeoutMs)
  }

  /** @internal */
  override $dropped(): void {
    writes(this)
    if (this.$unfinished > 0 && --this.$unfinished === 0) this.#allDone()
  }

  #allDone(): void {
    for (let wait = this.#joiners.shift(); wait !== null; wait = this.#joiners.shift()) wait.succeed(true)
  }
}
