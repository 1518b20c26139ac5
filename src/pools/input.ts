/**
 * What a map takes its items from: anything that can be read one by one, with or without waiting.
 *
 * Each input is read by a reader that looks the same for all. What need not be waited for is read without an operation. An input that is left
 * before its end is closed, as a `for` loop does it.
 *
 * Stands on cursors, which read what has to be waited for. Leaves to `mapping.ts` who reads, and when.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { type Green, isOperation, type Operation } from '../protocol.ts'
import { iterate } from '../several/each.ts'
import { Cursor, type Sequence } from '../waiting/cursor.ts'

/** Where items come from: an iterable, a queue or another {@link Sequence}, a cursor, an async iterable. */
export type Input<T> = Iterable<T, unknown, undefined> | Sequence<T> | AsyncIterable<T, unknown, undefined>

/** What comes from an {@link Input}. */
export type ItemOf<I> =
  I extends Iterable<infer T, unknown, undefined>
    ? T
    : I extends Sequence<infer T>
      ? T
      : I extends AsyncIterable<infer T, unknown, undefined>
        ? T
        : never

/** Reads one input. */
export interface Reader {
  /** What {@link advance} went to. */
  readonly value: unknown
  /** Goes to the next item; answers whether there is one, or what has to be driven to know. */
  advance(): boolean | Operation<boolean>
  /** No more will be read. */
  close(): void
}

/** Whether something can be read: what cannot is an option, or a mistake. */
function isInput(value: unknown): value is Input<unknown> {
  if (typeof value === 'string') return true
  if (typeof value !== 'object' || value === null || isOperation(value)) return false
  return Symbol.iterator in value || Symbol.asyncIterator in value || 'cursor' in value
}

/** Takes the options off the end of the inputs. */
export function split<O extends object>(
  verb: string,
  inputs: readonly unknown[],
  known: readonly (keyof O & string)[],
): [list: readonly unknown[], options: O] {
  const last = inputs.at(-1)
  const { length } = inputs
  if (length < 2 || !isPlain(last) || isInput(last)) return [inputs, {} as O] // all of O is optional
  for (const key of Object.keys(last)) {
    if ((known as readonly string[]).includes(key)) continue
    throw new UsageError(`${verb}() knows no option \`${key}\`, only ${known.map((name) => `\`${name}\``).join(', ')}.`)
  }
  return [inputs.slice(0, -1), last as O] // every key was looked at
}

function isPlain(value: unknown): value is object {
  return (
    Object.prototype.toString.call(value) === '[object Object]' && Object.getPrototypeOf(value) === Object.prototype
  )
}

/** Checks that every input can be read. `verb` is the method, for the message. */
export function checkInputs(verb: string, inputs: readonly unknown[]): asserts inputs is readonly Input<unknown>[] {
  if (inputs.length === 0) throw new UsageError(`${verb}() expects something to iterate behind the function.`)
  for (const [place, input] of inputs.entries()) {
    if (isInput(input)) continue
    throw new UsageError(
      `${verb}() expects something to iterate (an iterable, a queue, a cursor, an async iterable), but input ${String(place)} is ${show(input)}.`,
    )
  }
}

/** Begins to read an input. */
export function readerOf(input: Input<unknown>): Reader {
  if (input instanceof Cursor) return new CursorReader(input)
  if (typeof input !== 'string' && 'cursor' in input) return new CursorReader(input.cursor())
  if (typeof input !== 'string' && Symbol.asyncIterator in input) return new CursorReader(iterate(input))
  return new IteratorReader(input[Symbol.iterator]())
}

/**
 * Reads one item of each; null when one of them has no more. A function, and not a reader, since it may wait between two of them.
 */
export function* readRow(readers: readonly Reader[]): Green<unknown[] | null> {
  const row: unknown[] = []
  for (const reader of readers) {
    const more = reader.advance()
    if (!(typeof more === 'boolean' ? more : yield* more)) return null
    row.push(reader.value)
  }
  return row
}

class IteratorReader implements Reader {
  readonly #iterator: Iterator<unknown, unknown, undefined>
  value: unknown = undefined
  /** Set from the first step on, except between two steps that went well: one that has ended, or thrown, is not closed. */
  #over = false

  constructor(iterator: Iterator<unknown, unknown, undefined>) {
    this.#iterator = iterator
  }

  advance(): boolean {
    this.#over = true
    const step = this.#iterator.next()
    if (step.done === true) return false
    this.#over = false
    this.value = step.value
    return true
  }

  close(): void {
    if (!this.#over) this.#iterator.return?.()
    this.#over = true
  }
}

class CursorReader implements Reader {
  readonly #cursor: Cursor<unknown>

  constructor(cursor: Cursor<unknown>) {
    this.#cursor = cursor
  }

  get value(): unknown {
    return this.#cursor.value
  }

  advance(): Operation<boolean> {
    return this.#cursor.next()
  }

  close(): void {
    this.#cursor[Symbol.dispose]()
  }
}
