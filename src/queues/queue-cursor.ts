/**
 * The cursor of a queue or a channel: takes the items one by one, until there will be no more.
 *
 * Stands on the waits of both, and on cursors.
 */
import { ShutDown } from '../errors/classes.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { Cursor, secondReader } from '../waiting/cursor.ts'
import { HubOperation } from '../waiting/operation.ts'
import { type Handover, type Item, NOTHING, StopIteration, TakeWait } from './queue-waits.ts'

/** Reads a queue or a channel. */
export class QueueCursor<T> extends Cursor<T> {
  readonly exchange: Handover<T>
  /** Set while its reader waits. */
  waiting: CursorWait<T> | null = null
  over = false
  /** One for all that call `next`, except in debug mode. */
  readonly #going: CursorStep<T>

  constructor(exchange: Handover<T>) {
    super()
    this.exchange = exchange
    this.#going = new CursorStep(this)
    kernel.debug?.operationDriven(this.#going) // nobody has asked for it yet
  }

  override next(): Operation<boolean> {
    return kernel.debug === null ? this.#going : new CursorStep(this)
  }

  /** Goes to an item that was taken for it. */
  meet(item: Item<T>): boolean {
    if (item !== StopIteration) return this.moveTo(item)
    this.exchange.$dropped()
    return this.finish()
  }

  finish(): false {
    this.over = true
    return this.end()
  }

  /** What its reader does, for people. */
  override toString(): string {
    return `next() of ${this.exchange.$call('cursor()')}`
  }

  override [Symbol.dispose](): void {
    this.finish() // which writes it
    const { waiting } = this
    if (waiting === null) return
    waiting.undo()
    waiting.succeed(NOTHING)
  }
}

class CursorStep<T> extends HubOperation<boolean> {
  readonly #cursor: QueueCursor<T>

  constructor(cursor: QueueCursor<T>) {
    super()
    this.#cursor = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    const cursor = this.#cursor
    const { exchange, waiting } = cursor
    writes(cursor)
    if (cursor.over) return ready(false)
    if (waiting !== null) throw secondReader(this.toString(), greenlet, waiting.greenlet)
    let item: Item<T> | typeof NOTHING
    try {
      item = exchange.$take(false, greenlet)
    } catch (error) {
      if (!(error instanceof ShutDown)) throw error
      return ready(cursor.finish())
    }
    if (item !== NOTHING) return ready(cursor.meet(item))
    cursor.waiting = new CursorWait(greenlet, cursor)
    exchange.$getters.push(cursor.waiting)
    return cursor.waiting.park()
  }

  override toString(): string {
    return this.#cursor.toString()
  }
}

/** The wait of a cursor's reader: it is told whether there is an item, which the cursor holds then. */
class CursorWait<T> extends TakeWait<T> {
  readonly #cursor: QueueCursor<T>

  constructor(greenlet: Coroutine, cursor: QueueCursor<T>) {
    super(greenlet, cursor.exchange, false)
    this.#cursor = cursor
  }

  override describe(): string {
    return this.#cursor.toString()
  }

  override rest(): void {
    // it is no wait of get()
  }

  override succeed(item: unknown): void {
    this.#cursor.waiting = null
    super.succeed(item === NOTHING ? false : this.#cursor.meet(item as Item<T>)) // a getter is given items
  }

  override fail(error: unknown): void {
    this.#cursor.waiting = null
    if (error instanceof ShutDown) super.succeed(this.#cursor.finish())
    else super.fail(error)
  }

  protected override leave(): void {
    this.#cursor.waiting = null
    super.leave()
  }
}
