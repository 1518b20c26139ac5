/**
 * The cursor of `imap` and `imapUnordered`.
 *
 * Stands on mappings and cursors. Leaves the work to the mapping, which begins when the cursor is made.
 */
import { outcomeOf } from '../gevent/end.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { Cursor, secondReader } from '../waiting/cursor.ts'
import { HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'
import { Mapping, type Order, type Taker } from './mapping.ts'

/** Reads the results of a mapping. */
export class MapCursor<R> extends Cursor<R> implements Taker {
  readonly #mapping: Mapping
  readonly #text: string
  /** One for all that call `next`, except in debug mode. */
  #step: NextOperation<R> | null = null
  /** Set while its reader waits. */
  #waiting: NextWait | null = null
  #over = false

  constructor(order: Order) {
    super()
    this.#text = order.place.$call(order.verb)
    this.#mapping = new Mapping(order, this)
    this.#mapping.start()
  }

  override next(): Operation<boolean> {
    return kernel.debug === null ? (this.#step ??= new NextOperation(this)) : new NextOperation(this)
  }

  override [Symbol.dispose](): void {
    writes(this.#mapping)
    this.#over = true
    this.#mapping.dispose()
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.succeed(this.end())
  }

  /** Something has changed: the one who waits may have what he waits for. */
  changed(): void {
    const waiting = this.#waiting
    if (waiting === null) return
    let outcome: boolean | null
    try {
      outcome = this.#read()
    } catch (error) {
      this.#waiting = null
      waiting.fail(error)
      return
    }
    if (outcome === null) return
    this.#waiting = null
    waiting.succeed(outcome)
  }

  /** @internal */
  $begin(greenlet: Coroutine): Step<boolean> {
    writes(this.#mapping) // which stands for the cursor, too: its elements look whether somebody waits here
    const waiting = this.#waiting
    if (waiting !== null) throw secondReader(`next() of ${this.#text}`, greenlet, waiting.greenlet)
    const outcome = this.#read()
    if (outcome !== null) return ready(outcome)
    this.#waiting = new NextWait(greenlet, this)
    return this.#waiting.park()
  }

  /** @internal */
  $leave(): void {
    writes(this.#mapping)
    this.#waiting = null
  }

  /** @internal */
  $waitsFor(): readonly Coroutine[] {
    return this.#mapping.waitsFor()
  }

  override toString(): string {
    return this.#text
  }

  /** Goes to the next result; null when that has to be waited for. */
  #read(): boolean | null {
    if (this.#over) return this.end()
    const mapping = this.#mapping
    const { head } = mapping
    if (head !== null) {
      mapping.shift()
      return this.moveTo(outcomeOf(head.greenlet) as R) // what fn returned
    }
    if (!mapping.exhausted) return null
    mapping.throwInputFailure()
    this.#over = true
    return this.end()
  }
}

class NextOperation<R> extends HubOperation<boolean> {
  readonly #cursor: MapCursor<R>

  constructor(cursor: MapCursor<R>) {
    super()
    this.#cursor = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#cursor.$begin(greenlet)
  }

  override toString(): string {
    return `next() of ${String(this.#cursor)}`
  }
}

class NextWait extends Wait {
  readonly #cursor: MapCursor<unknown>

  constructor(greenlet: Coroutine, cursor: MapCursor<unknown>) {
    super(greenlet)
    this.#cursor = cursor
  }

  protected override leave(): void {
    this.#cursor.$leave()
  }

  override describe(): string {
    return `next() of ${String(this.#cursor)}`
  }

  waitsFor(): readonly Coroutine[] {
    return this.#cursor.$waitsFor()
  }
}
