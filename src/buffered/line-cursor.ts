/**
 * The lines of what is read, one after the other, as a cursor.
 *
 * Stands on cursors. Leaves to the reader where the lines come from.
 */
import { kernel } from '../greenlet/kernel.ts'
import type { Green, Operation } from '../protocol.ts'
import { Cursor } from '../waiting/cursor.ts'
import { operation } from '../waiting/operation.ts'
import { given } from './given.ts'

/** Has lines. */
export interface LineSource<T> {
  /** The next line with its end, if nothing has to be waited for; else null. */
  bufferedLine(): T | null
  /** Waits for the next line with its end; an empty one is the end of all. */
  nextLine(): Green<T>
  stripped(line: T): T
}

/** Reads line by line. Disposing of it leaves the rest to whoever reads next. */
export class LineCursor<T extends string | Buffer> extends Cursor<T> {
  readonly #text: string
  readonly #source: LineSource<T>
  readonly #isStripped: boolean
  /** A recipe, so one serves for all lines. */
  #next: Operation<boolean> | null = null
  #over = false

  /**
   * @param text - the call of `next()` as a person writes it.
   * @param source - what is read.
   * @param isStripped - whether the lines are given without their ends.
   */
  constructor(text: string, source: LineSource<T>, isStripped: boolean) {
    super()
    this.#text = text
    this.#source = source
    this.#isStripped = isStripped
  }

  override next(): Operation<boolean> {
    if (kernel.debug === null && this.#next !== null) return this.#next
    return (this.#next = operation(this.#text, () => this.#begin()))
  }

  #begin(): Green<boolean> {
    if (this.#over) return given(this.end())
    const line = this.#source.bufferedLine()
    return line === null ? this.#move() : given(this.#at(line))
  }

  *#move(): Green<boolean> {
    const line = yield* this.#source.nextLine()
    return line.length === 0 ? this.end() : this.#at(line)
  }

  #at(line: T): true {
    return this.moveTo(this.#isStripped ? this.#source.stripped(line) : line)
  }

  override [Symbol.dispose](): void {
    this.#over = true
  }
}
