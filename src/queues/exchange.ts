/**
 * Where items are handed over: what queues and channels have in common, and the waits on both sides.
 *
 * Model. Two lines, in the order in which they came: who waits for an item, and who waits to be rid of one. An item goes from hand to hand:
 * who puts gives it to the oldest who waits, who takes lets the oldest in who waits with one. What was given to a greenlet is its own,
 * whatever happens before its turn comes, and nobody is overtaken.
 *
 * ```
 *   put(x) ──▶ $accept(x) ──▶ a getter is given it, or it is kept     ──▶ no room: PutWait, in the line of putters
 *   get()  ──▶ $take()    ──▶ an item; a putter is let in             ──▶ nothing: TakeWait, in the line of getters
 * ```
 *
 * Invariants. Two who could serve each other never both wait, but for the two ends of one `choose`. A wait is out of its line, and the item
 * out of the store, before its greenlet is told, since an agent that is told may leave other waits of the same lines; so the lines are
 * looked at afresh then.
 *
 * Turned down. gevent's way, where a put only schedules that the getters be looked after, and whoever runs before that takes the item: then
 * a getter that was woken finds nothing, and has to wait again behind others.
 *
 * Stands on waits and cursors. Leaves to `queue.ts` and `channel.ts` what is kept between, and when there is room.
 */
import { ShutDown } from '../errors/classes.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import type { Cursor, Sequence } from '../waiting/cursor.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { WaitList } from '../waiting/wait-list.ts'
import { QueueCursor } from './queue-cursor.ts'
import {
  type Item,
  NOTHING,
  type Patience,
  PutOperation,
  type PutWait,
  TakeOperation,
  type TakeWait,
} from './queue-waits.ts'

/** How `get`, `peek` and `put` of a queue or a channel wait. */
export interface QueueOptions extends WaitOptions {
  /** Whether it waits at all. @defaultValue true */
  block?: boolean
}

/** Base of queues and channels; to those who wait it is a `Handover`. */
export abstract class Exchange<T> implements Sequence<T> {
  /** @internal Who waits for an item, oldest first. */
  declare readonly $getters: WaitList<TakeWait<T>>
  /** @internal Who waits to be rid of one, oldest first. */
  declare readonly $putters: WaitList<PutWait<T>>
  /** @internal */
  declare $restingGetter: TakeWait<T> | null
  /** @internal */
  declare $restingPutter: PutWait<T> | null
  /** @internal */
  declare $isShutdown: boolean
  /** What it is called in messages. */
  declare protected readonly noun: string
  /** One for all that call `get`, except in debug mode, which asks of each call whether it was driven. */
  declare private readonly getting: TakeOperation<T>

  constructor(noun: string) {
    this.$getters = new WaitList(this)
    this.$putters = new WaitList(this)
    this.$restingGetter = null
    this.$restingPutter = null
    this.$isShutdown = false
    this.noun = noun
    this.getting = new TakeOperation(this, false, undefined)
    kernel.debug?.operationDriven(this.getting) // nobody has asked for it yet
  }

  /** Whether {@link shutdown} was called. */
  get isShutdown(): boolean {
    reads(this)
    return this.$isShutdown
  }

  /**
   * Puts an item, as soon as there is room. Who waits for room is served in order.
   *
   * @param item - any value, or `StopIteration`.
   * @param options - `timeoutMs`: how long it may take; `block: false`: not to wait at all.
   * @throws Full when the time has passed, or it is not to wait; ShutDown after {@link shutdown}; what a `Timeout` given as `timeoutMs`
   * throws; UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   * @source gevent: `Queue.put`
   */
  put(item: Item<T>, options?: QueueOptions): Operation<void> {
    return new PutOperation(this, item, options === undefined ? undefined : patience('put()', options))
  }

  /**
   * Puts an item, now.
   *
   * @throws Full when there is no room; ShutDown after {@link shutdown}.
   * @switches never
   * @source gevent: `Queue.put_nowait`
   */
  putNowait(item: Item<T>): void {
    if (!this.$accept(item, null)) throw this.$full('putNowait()', null)
  }

  /**
   * Takes an item, as soon as there is one. Who waits for one is served in order.
   *
   * @param options - `timeoutMs`: how long it may take; `block: false`: not to wait at all.
   * @throws Empty when the time has passed, or it is not to wait; ShutDown when there is nothing and nothing will come; what a `Timeout`
   * given as `timeoutMs` throws; UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   * @source gevent: `Queue.get`
   */
  get(options?: QueueOptions): Operation<T> {
    if (options !== undefined) return new TakeOperation(this, false, patience('get()', options))
    return kernel.debug === null ? this.getting : new TakeOperation(this, false, undefined)
  }

  /**
   * Takes an item, now.
   *
   * @throws Empty when there is none; ShutDown when none will come either.
   * @switches never
   * @source gevent: `Queue.get_nowait`
   */
  getNowait(): T {
    const item = this.$take(false, null)
    if (item === NOTHING) throw this.$empty('getNowait()', null)
    return item as T // see Item: who puts StopIteration in and reads without a cursor knows of it
  }

  /**
   * Reads items with a cursor, which takes them: `while (yield* it.next()) use(it.value)`. It ends when it meets `StopIteration`, and when
   * it is shut down and nothing is left. A cursor has one reader.
   *
   * @switches never
   */
  cursor(): Cursor<T> {
    return new QueueCursor(this)
  }

  /** For `for await` in async code: a new {@link cursor}. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return this.cursor()[Symbol.asyncIterator]()
  }

  /** Refuses items from now on, and wakes with ShutDown whoever waits. @switches never */
  shutdown(): void {
    writes(this)
    this.$isShutdown = true
    for (let wait = this.$getters.shift(); wait !== null; wait = this.$getters.shift()) wait.fail(this.$shut(wait.call))
    for (let wait = this.$putters.shift(); wait !== null; wait = this.$putters.shift()) wait.fail(this.$shut('put()'))
  }

  /** @internal Takes an item, or looks at it, for `greenlet`; for nobody in particular when that is null. @throws ShutDown */
  abstract $take(peeks: boolean, greenlet: Coroutine | null): Item<T> | typeof NOTHING

  /** @internal Answers whether there was room. @throws ShutDown */
  abstract $accept(item: Item<T>, greenlet: Coroutine | null): boolean

  /** @internal The answer of a put that had room. */
  $accepted(_greenlet: Coroutine): Step<void> {
    return ready(undefined)
  }

  /** @internal An item has gone with which nobody will be done: a StopIteration that a cursor has met, or one that was dropped. */
  $dropped(): void {
    // only a queue that counts tasks cares
  }

  /** @internal What holds a getter up; a putter when `putting`. */
  abstract $because(putting: boolean): string

  /** @internal What `call` throws that finds nothing: at once, or after `ms`. */
  abstract $empty(call: string, ms: number | null): Error

  /** @internal What `call` throws that finds no room: at once, or after `ms`. */
  abstract $full(call: string, ms: number | null): Error

  /** @internal What `call` throws after the shutdown. */
  $shut(call: string): ShutDown {
    reads(this)
    return new ShutDown(`${this.$call(call)} found the ${this.noun} shut down.`)
  }

  /** @internal `queue.get()` */
  $call(call: string): string {
    return `${this.noun}.${call}`
  }
}

/** How patient a call is; null: not at all. */
export function patience(call: string, options: QueueOptions): Patience {
  checkWaitOptions(call, options, 'block')
  return options.block === false ? null : options.timeoutMs
}
