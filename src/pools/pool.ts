/**
 * gevent's `Pool`: a group with so many places.
 *
 * Model. A member has a place from coming in until it has ended, however: also when it was killed, or never ran. Who finds no place stands in
 * the line. A place that becomes free goes to the first of the line at once; so as long as anybody stands there, no place is free for
 * somebody who comes later, and the pool is not empty.
 *
 * Kills. While somebody waits for a `kill()`, the line stands still: what stands there has nothing to do with those who are killed, and comes
 * in when that is over. Only members go on, whose clean-up may need the pool.
 *
 * Turned down. gevent's semaphore beside the set of members: a place is then free for a moment, in which the pool looks empty to `join`, and
 * a greenlet that was woken for it may be killed with it in its hands.
 *
 * Stands on members and places.
 */
import { UsageError } from '../errors/classes.ts'
import { notAFunction, show } from '../errors/usage.ts'
import type { Ending } from '../gevent/end.ts'
import { Greenlet } from '../gevent/greenlet.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Driven, Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import type { Limit } from '../waiting/wait.ts'
import { WaitList } from '../waiting/wait-list.ts'
import { Mapper } from './map.ts'
import { checkMember, checkRunnable } from './members.ts'
import {
  AvailableWait,
  EnterOperation,
  type Entry,
  EntryWait,
  type LineWait,
  type Patience,
  type Places,
  poolFull,
  SpawnOperation,
} from './place.ts'

/** How `add` and `start` of a pool wait for a place. */
export interface PlaceOptions extends WaitOptions {
  /** Whether it waits at all. @defaultValue true */
  blocking?: boolean
}

/**
 * Runs at most so many greenlets at a time: whoever spawns one more waits until a place is free.
 *
 * Places are given in the order in which they were asked for.
 *
 * @source gevent: `gevent.pool.Pool`
 * @example
 * ```ts
 * import { Pool, run, sleep } from 'greenloop'
 *
 * await run(function* () {
 *   const pool = new Pool(2)
 *   function* work(name: string) {
 *     console.log(name, 'starts')
 *     yield* sleep(5)
 *   }
 *   for (const name of ['a', 'b', 'c']) {
 *     yield* pool.spawn(work, name)
 *     console.log(name, 'has a place')
 *   }
 *   yield* pool.join()
 * })
 * // a has a place
 * // b has a place
 * // a starts
 * // b starts
 * // c has a place
 * // c starts
 * ```
 */
export class Pool extends Mapper implements Places {
  /** @internal */
  protected override readonly noun: string = 'pool'
  /** How many members it takes; null: any number. */
  readonly limit: number | null
  readonly #line = new WaitList<LineWait>(this)

  /**
   * @param limit - how many members it takes, 0 and up; null: any number; 0: none, ever. @defaultValue null
   * @throws UsageError when `limit` is something else.
   */
  constructor(limit: number | null = null) {
    super()
    if (limit !== null && !(Number.isInteger(limit) && limit >= 0)) {
      throw new UsageError(
        `new Pool() expects its limit to be an integer, 0 or more, or null for none, but got ${show(limit)}.`,
      )
    }
    this.limit = limit
  }

  /**
   * Waits for a place, makes a greenlet of `fn(...args)`, a member, and has the hub start it.
   *
   * @param fn - the body: a generator function, or any function.
   * @param args - what it is called with.
   * @returns the greenlet, which was started when it got the place.
   * @throws UsageError at the call when `fn` is no function.
   * @switches only if it must wait
   * @source gevent: `Pool.spawn`
   */
  spawn<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Operation<Greenlet<T>> {
    if (typeof fn !== 'function') throw notAFunction('spawn', fn)
    return new SpawnOperation(this, fn, args)
  }

  /**
   * Makes a greenlet of `fn(...args)`, a member, and has the hub start it, if there is a place.
   *
   * @throws PoolFull when there is none; UsageError when `fn` is no function.
   * @switches never
   */
  spawnNowait<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Greenlet<T> {
    if (typeof fn !== 'function') throw notAFunction('spawnNowait', fn)
    if (this.full()) throw poolFull(this, 'spawnNowait', 'now')
    const greenlet = new Greenlet(fn, ...args)
    this.$enter(greenlet, this.$listener)
    greenlet.start()
    return greenlet
  }

  /**
   * Waits for a place and makes `greenlet` a member until it ends; it need not have been started. A member is left as it is.
   *
   * @param options - `timeoutMs`: how long; `blocking: false`: not at all.
   * @throws PoolFull when it has got no place in time; the error of a {@link Timeout} given as `timeoutMs`; UsageError at the call for
   * something that is no greenlet.
   * @switches only if it must wait
   * @source gevent: `Pool.add`
   */
  add(greenlet: Greenlet, options: PlaceOptions = {}): Operation<void> {
    return this.#entering('add', greenlet, false, options)
  }

  /**
   * Waits for a place, makes `greenlet` a member and has the hub start it.
   *
   * @param options - `timeoutMs`: how long; `blocking: false`: not at all.
   * @throws PoolFull when it has got no place in time; the error of a {@link Timeout} given as `timeoutMs`; UsageError at the call for
   * something that is no greenlet, or has nothing to run.
   * @switches only if it must wait
   * @source gevent: `Pool.start`
   */
  start(greenlet: Greenlet, options: PlaceOptions = {}): Operation<void> {
    return this.#entering('start', greenlet, true, options)
  }

  /**
   * Waits until there is a free place, and does not take it. Who asked for a place before comes first.
   *
   * @param options - `timeoutMs`: how long.
   * @returns how many places were free when it was woken; 0 when the time has passed.
   * @switches only if it must wait
   * @source gevent: `Pool.wait_available`
   */
  waitAvailable(options: WaitOptions = {}): Operation<number> {
    checkWaitOptions('waitAvailable()', options)
    return new AvailableOperation(this, options.timeoutMs)
  }

  /** Whether no place is free. @switches never */
  full(): boolean {
    return this.freeCount() === 0
  }

  /** How many places are free; 1 when there is any number of them. @switches never */
  freeCount(): number {
    return this.limit === null ? 1 : Math.max(0, this.limit - this.size)
  }

  /** @internal */
  override $admits(owner: Coroutine): boolean {
    return !this.full() && (!this.$closing || this.has(owner))
  }

  /** @internal */
  override $start(
    greenlet: Greenlet,
    listener: Listener<Ending>,
    owner: Coroutine,
    verb: string,
  ): Operation<void> | null {
    const entry: Entry<undefined> = { pool: this, owner, greenlet, listener, starts: true, answer: undefined, verb }
    if (!this.$admits(owner)) return new EnterOperation(entry, undefined)
    this.#let(entry)
    return null
  }

  /** @internal Begins to wait for a place, if there is none. */
  $begin<T>(greenlet: Coroutine, entry: Entry<T>, patience: Patience): Step<T> {
    if (this.has(entry.greenlet) || this.$admits(entry.owner)) {
      this.#let(entry)
      return ready(entry.answer)
    }
    if (patience === 'no wait') throw poolFull(this, entry.verb, 'now')
    const wait = new EntryWait(greenlet, entry)
    this.#line.push(wait)
    return wait.limit(patience).park()
  }

  /** @internal Begins to wait until a place is free, if there is none. */
  $awaitPlace(greenlet: Coroutine, limit: Limit | undefined): Step<number> {
    if (!this.full()) return ready(this.freeCount())
    const wait = new AvailableWait(greenlet, this)
    this.#line.push(wait)
    return wait.limit(limit).park()
  }

  /** @internal Why there is no place. */
  $why(): string {
    if (this.limit === 0) return 'a pool of 0 has no places'
    if (this.full()) return `the pool is full (${String(this.size)}/${String(this.limit)})`
    return 'the pool is being killed'
  }

  #let({ greenlet, listener, starts }: Entry<unknown>): void {
    if (starts) checkRunnable(greenlet)
    if (!this.has(greenlet)) this.$enter(greenlet, listener)
    if (starts) greenlet.start()
  }

  protected override left(): void {
    this.#go()
  }

  protected override opened(): void {
    this.#go()
  }

  /** Free places go to those in the line. */
  #go(): void {
    while (!this.full()) {
      const next = this.#next()
      if (next === null) return
      this.#line.remove(next)
      next.go()
    }
  }

  #next(): LineWait | null {
    const closing = this.$closing
    for (let wait = this.#line.first; wait !== null; wait = wait.after as LineWait | null)
      if (!closing || wait.passes()) return wait
    return null
  }

  #entering(verb: string, greenlet: Greenlet, starts: boolean, options: PlaceOptions): Operation<void> {
    checkMember(`${verb}()`, greenlet)
    if (starts) checkRunnable(greenlet)
    checkWaitOptions(`${verb}()`, options, 'blocking')
    const patience = options.blocking === false ? 'no wait' : options.timeoutMs
    const entry = { pool: this, owner: null, greenlet, listener: this.$listener, starts, answer: undefined, verb }
    return new EnterOperation(entry, patience)
  }
}

class AvailableOperation extends HubOperation<number> {
  readonly #pool: Pool
  readonly #limit: Limit | undefined

  constructor(pool: Pool, limit: Limit | undefined) {
    super()
    this.#pool = pool
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<number> {
    return this.#pool.$awaitPlace(greenlet, this.#limit)
  }

  override toString(): string {
    return this.#pool.$call('waitAvailable')
  }
}
