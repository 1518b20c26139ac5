/**
 * The two sides of an exchange: the operations that put and take, and their waits.
 *
 * Stands on waits. What is handed over, and when, is said by the exchange ({@link Handover}): `exchange.ts`.
 */
import { type Coroutine, kernel, TOLD_AT_ONCE } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { areRivals } from '../waiting/agent.ts'
import { HubOperation } from '../waiting/operation.ts'
import { lateError } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import type { WaitList } from '../waiting/wait-list.ts'

/**
 * Ends the reading of a queue: a cursor that meets it is at its end. It is put like an item, and each one ends one cursor; a `get` takes
 * it like any item.
 *
 * @source gevent: the class `StopIteration`, put into a queue
 */
export const StopIteration: unique symbol = Symbol.for('greenloop.StopIteration')

/** What can be put: an item, or the end of a reading. */
export type Item<T> = T | typeof StopIteration

/** What `$take` answers when it would have to wait. */
export const NOTHING: unique symbol = Symbol('nothing')

/** How long a call waits; null: not at all. */
export type Patience = Limit | undefined | null

/** A queue or a channel, as those see it who put and take. */
export interface Handover<T> {
  /** Who waits for an item, oldest first. */
  readonly $getters: WaitList<TakeWait<T>>
  /** Who waits to be rid of one, oldest first. */
  readonly $putters: WaitList<PutWait<T>>
  /** A wait for an item that has ended and may be used again. */
  $restingGetter: TakeWait<T> | null
  /** A wait for room that has ended and may be used again. */
  $restingPutter: PutWait<T> | null
  /** Takes an item, or looks at it, for `greenlet`; for nobody in particular when that is null. @throws ShutDown */
  $take(peeks: boolean, greenlet: Coroutine | null): Item<T> | typeof NOTHING
  /** Answers whether there was room. @throws ShutDown */
  $accept(item: Item<T>, greenlet: Coroutine | null): boolean
  /** The answer of a put that had room. */
  $accepted(greenlet: Coroutine): Step<void>
  /** An item has gone with which nobody will be done: a StopIteration that a cursor has met, or one that was dropped. */
  $dropped(): void
  /** What holds a getter up; a putter when `putting`. */
  $because(putting: boolean): string
  /** What `call` throws that finds nothing: at once, or after `ms`. */
  $empty(call: string, ms: number | null): Error
  /** What `call` throws that finds no room: at once, or after `ms`. */
  $full(call: string, ms: number | null): Error
  /** `queue.get()` */
  $call(call: string): string
}

/** The call, without the queue; for nobody in particular when `greenlet` is null. */
export function takeCall(peeks: boolean, greenlet: Coroutine | null): string {
  return `${peeks ? 'peek' : 'get'}${greenlet === null ? 'Nowait' : ''}()`
}

/** The call, without the queue; for nobody in particular when `greenlet` is null. */
export function putCall(greenlet: Coroutine | null): string {
  return greenlet === null ? 'putNowait()' : 'put()'
}

/** The text of an error that came at once, or after a time. */
export function after(ms: number | null): string {
  return ms === null ? '' : ` after ${String(ms)} ms`
}

/** `get` and `peek`. */
export class TakeOperation<T> extends HubOperation<T> {
  declare private readonly exchange: Handover<T>
  declare private readonly peeks: boolean
  declare private readonly patience: Patience

  constructor(exchange: Handover<T>, peeks: boolean, patience: Patience) {
    super()
    this.exchange = exchange
    this.peeks = peeks
    this.patience = patience
  }

  override begin(greenlet: Coroutine): Step<T> {
    const { exchange, peeks, patience } = this
    const item = exchange.$take(peeks, greenlet)
    if (item !== NOTHING) return ready(item as T) // see Item: who puts StopIteration in and reads without a cursor knows of it
    if (patience === null) throw exchange.$empty(takeCall(peeks, greenlet), null)
    const wait = peeks ? new TakeWait(greenlet, exchange, true) : getterFor(greenlet, exchange)
    exchange.$getters.push(wait)
    return wait.limit(patience).park()
  }

  override toString(): string {
    return this.exchange.$call(this.peeks ? 'peek()' : 'get()')
  }
}

/** `put`. */
export class PutOperation<T> extends HubOperation<void> {
  declare private readonly exchange: Handover<T>
  declare private readonly item: Item<T>
  declare private readonly patience: Patience

  constructor(exchange: Handover<T>, item: Item<T>, patience: Patience) {
    super()
    this.exchange = exchange
    this.item = item
    this.patience = patience
  }

  override begin(greenlet: Coroutine): Step<void> {
    const { exchange, item, patience } = this
    if (exchange.$accept(item, greenlet)) return exchange.$accepted(greenlet)
    if (patience === null) throw exchange.$full(putCall(greenlet), null)
    const wait = putterFor(greenlet, exchange, item)
    exchange.$putters.push(wait)
    return wait.limit(patience).park()
  }

  override toString(): string {
    return this.exchange.$call('put()')
  }
}

// Waits are used again, one on either side: where two greenlets take turns, making them is a tenth of what an item costs.

function getterFor<T>(greenlet: Coroutine, exchange: Handover<T>): TakeWait<T> {
  const resting = exchange.$restingGetter
  if (resting === null) return new TakeWait(greenlet, exchange, false)
  exchange.$restingGetter = null
  resting.again(greenlet)
  return resting
}

function putterFor<T>(greenlet: Coroutine, exchange: Handover<T>, item: Item<T>): PutWait<T> {
  const resting = exchange.$restingPutter
  if (resting === null) return new PutWait(greenlet, exchange, item)
  exchange.$restingPutter = null
  resting.again(greenlet)
  resting.item = item
  return resting
}

/** The wait for an item. */
export class TakeWait<T> extends Wait {
  declare protected readonly exchange: Handover<T>
  /** Whether it leaves the item where it is. */
  declare readonly peeks: boolean

  constructor(greenlet: Coroutine, exchange: Handover<T>, peeks: boolean) {
    super(greenlet)
    this.exchange = exchange
    this.peeks = peeks
  }

  /** It has ended, and nobody else knows it. */
  rest(): void {
    if (this.peeks || this.hub.observer !== null) return
    this.greenlet = kernel.main // or that greenlet would live as long as the queue
    this.exchange.$restingGetter = this
  }

  /** The call, without the queue. */
  get call(): string {
    return takeCall(this.peeks, this.greenlet)
  }

  override expired(limit: Limit): void {
    this.fail(typeof limit === 'number' ? this.exchange.$empty(this.call, limit) : lateError(limit))
  }

  override describe(): string {
    return this.exchange.$call(this.call)
  }

  because(): string {
    return this.exchange.$because(false)
  }
}

/** The wait for room, with the item. */
export class PutWait<T> extends Wait {
  declare private readonly exchange: Handover<T>
  declare item: Item<T> | undefined

  constructor(greenlet: Coroutine, exchange: Handover<T>, item: Item<T>) {
    super(greenlet)
    this.exchange = exchange
    this.item = item
  }

  /** It has ended, and nobody else knows it. */
  rest(): void {
    if (this.hub.observer !== null) return
    this.greenlet = kernel.main // or that greenlet would live as long as the queue
    this.item = undefined
    this.exchange.$restingPutter = this
  }

  override expired(limit: Limit): void {
    this.fail(typeof limit === 'number' ? this.exchange.$full('put()', limit) : lateError(limit))
  }

  override describe(): string {
    return this.exchange.$call('put()')
  }

  because(): string {
    return this.exchange.$because(true)
  }
}

/**
 * The first of a line whom `greenlet` may serve; null when there is none. A `choose` that offers both ends of one queue does not serve
 * itself.
 */
export function firstFor<W extends Wait>(line: WaitList<W>, greenlet: Coroutine | null): W | null {
  let wait = line.first
  if (greenlet === null || greenlet.$turn !== TOLD_AT_ONCE) return wait
  while (wait !== null && areRivals(greenlet, wait.greenlet)) wait = wait.after as W | null // a line has nodes of one kind
  return wait
}
