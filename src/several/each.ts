/**
 * Reading any sequence in a greenlet: `each` for short, `iterate` for what only async code could read.
 *
 * Stands on cursors and on the wait for a promise. Leaves to each sequence of the library how its own cursor reads it.
 */
import { GreenletExit, UsageError } from '../errors/classes.ts'
import { notAFunction, show, wrongRight } from '../errors/usage.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import { type Driven, type Green, isOperation, isThenable, type Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import { Cursor, type Sequence, secondReader } from '../waiting/cursor.ts'
import { HubOperation, operation } from '../waiting/operation.ts'
import { call, PromiseWait } from '../waiting/until.ts'

/** What {@link each} can read. */
export type EachSource<T> = Cursor<T> | Sequence<T> | AsyncIterable<T> | Iterable<T>

/**
 * Reads a sequence to its end and drives `fn(value)` for each value, one after the other.
 *
 * @param source - a cursor, something that gives one (a queue), an async iterable (a Node stream, an async generator, a web stream), or
 * any iterable. It is disposed of when the reading is over, however it ends: a stream is destroyed, what is not read is given up.
 * @param fn - a generator function, or any function; it runs in the calling greenlet. To stop early write the loop:
 * `while (yield* it.next())`.
 * @throws what `fn` throws, and what reading throws; UsageError at the call for a wrong argument.
 * @switches if it must wait for a value, or `fn` does
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { each, run, sleep } from 'greenloop'
 *
 * await run(function* () {
 *   yield* each(Readable.from(['one', 'two']), function* (text: string) {
 *     yield* sleep(1)
 *     console.log(text)
 *   })
 * })
 * // one
 * // two
 * ```
 */
export function each<T>(source: EachSource<T>, fn: (value: T) => Driven<unknown>): Operation<void> {
  checkSource(source)
  if (typeof fn !== 'function') throw notAFunction('each', fn)
  return operation(`each(${fn.name})`, () => read(source, fn))
}

function* read<T>(source: EachSource<T>, fn: (value: T) => Driven<unknown>): Green<void> {
  const cursor = cursorOf(source)
  if (cursor === null) {
    for (const value of source as Iterable<T>) yield* call(fn, [value]) // checkSource() has seen to it
    return
  }
  try {
    while (yield* cursor.next()) yield* call(fn, [cursor.value])
  } finally {
    cursor[Symbol.dispose]()
  }
}

function cursorOf<T>(source: EachSource<T>): Cursor<T> | null {
  if (typeof source !== 'object') return null // a string
  if (source instanceof Cursor) return source
  if (hasCursor(source)) return source.cursor()
  return Symbol.asyncIterator in source ? iterate(source) : null
}

/** A stream may have a field of that name, which is something else. */
function hasCursor<T>(source: EachSource<T> & object): source is Sequence<T> {
  return 'cursor' in source && typeof source.cursor === 'function'
}

function checkSource(source: unknown): void {
  if (isOperation(source)) {
    throw new UsageError(
      `each() was given an operation, which gives one value.\n\n${wrongRight('yield* each(queue.get(), use)', 'one value, not a sequence', 'yield* each(queue, use)')}`,
    )
  }
  const isObject = (typeof source === 'object' && source !== null) || typeof source === 'string'
  if (isObject && ['cursor', Symbol.asyncIterator, Symbol.iterator].some((key) => key in Object(source))) return
  throw new UsageError(`each() expects a cursor, a sequence or an iterable, but got ${show(source)}.`)
}

/**
 * Reads an async iterable with a cursor: a Node stream, an async generator, a web stream.
 *
 * A value is asked for when `next()` is driven, and no sooner. A `next()` that is given up (timeout, the other branch of a choice) loses
 * nothing: the next one gets the value. Disposing of the cursor ends the iterator, and so does a kill that comes in `next()`: a stream is
 * destroyed at once, an async generator runs its `finally` when what it awaits has come.
 *
 * @param source - the async iterable; its iterator is made by the first `next()`.
 * @throws UsageError at the call when it is none; from `next()` what the iterator throws, which ends it, and ConcurrentObjectUseError while
 * another greenlet waits in it.
 * @switches never; its `next()` always, except at the end
 * @example
 * ```ts
 * import { iterate, run } from 'greenloop'
 *
 * async function* count() {
 *   for (let n = 1; ; n++) yield n
 * }
 * await run(function* () {
 *   using numbers = iterate(count())
 *   while (yield* numbers.next()) {
 *     console.log(numbers.value)
 *     if (numbers.value === 2) break
 *   }
 * })
 * // 1
 * // 2
 * ```
 */
export function iterate<T>(source: AsyncIterable<T>): Cursor<T> {
  if (typeof source !== 'object' || (source as unknown) === null || !(Symbol.asyncIterator in source)) {
    throw new UsageError(`iterate() expects an async iterable, but got ${show(source)}.`)
  }
  return new Iteration(source)
}

class Iteration<T> extends Cursor<T> {
  readonly #source: AsyncIterable<T>
  #iterator: AsyncIterator<T, unknown> | null = null
  /** Was asked for; kept when the wait for it is given up. */
  #asked: PromiseLike<unknown> | null = null
  #ended = false
  #reader: IterationWait | null = null

  constructor(source: AsyncIterable<T>) {
    super()
    this.#source = source
  }

  override next(): Operation<boolean> {
    return new IterationNext(this)
  }

  override [Symbol.dispose](): void {
    writes(this)
    if (this.#ended) return
    this.#ended = true
    this.#return()
    const reader = this.#reader
    this.#reader = null
    reader?.stop(this.end())
  }

  /** @internal */
  begin(greenlet: Coroutine): Step<boolean> {
    writes(this)
    if (this.#reader !== null) throw secondReader('iterate().next()', greenlet, this.#reader.greenlet)
    if (this.#ended) return ready(this.end())
    this.#asked ??= this.#ask()
    this.#reader = new IterationWait(greenlet, this)
    return this.#reader.parkUntil(this.#asked)
  }

  /** @internal What was asked for is there. */
  arrived(result: IteratorResult<T, unknown>): boolean {
    this.#reader = null
    this.#asked = null
    if (result.done !== true) return this.moveTo(result.value)
    this.#ended = true
    return this.end()
  }

  /** @internal It has ended by an error. */
  failed(): void {
    this.#reader = null
    this.#asked = null
    this.#ended = true
    this.end()
  }

  /** @internal A `next()` was given up. */
  givenUp(greenlet: Coroutine): void {
    writes(this)
    this.#reader = null
    if (this.#ended) return
    const owner = ownerOf(greenlet)
    // Why it was given up can be seen when whoever gave it up has got its error.
    hubOf(owner).runCallback(() => {
      if (owner.$slot instanceof GreenletExit && this.#reader === null) this[Symbol.dispose]()
    })
  }

  #ask(): PromiseLike<unknown> {
    try {
      this.#iterator ??= iteratorOf(this.#source)
      const asked: unknown = this.#iterator.next()
      return isThenable(asked) ? asked : Promise.resolve(asked)
    } catch (error) {
      this.failed()
      throw error
    }
  }

  /** Ends the iterator. It may take its time, and fail when nobody is there any more who could read that. */
  #return(): void {
    const iterator = this.#iterator
    if (iterator === null) return
    const hub = hubOf(kernel.current)
    const tell = (error: unknown): void => {
      hub.tell(error, { name: 'iterate()' })
    }
    try {
      const returned: unknown = iterator.return?.()
      if (isThenable(returned)) returned.then(undefined, tell)
      // The iterator of a Node stream would end only when the next chunk has come.
      if (this.#asked !== null && isDestroyable(this.#source)) this.#source.destroy()
    } catch (error) {
      tell(error)
    }
  }
}

/** A web stream is read without its own iterator, which could not be ended before the next chunk has come. */
function iteratorOf<T>(source: AsyncIterable<T>): AsyncIterator<T, unknown> {
  if (!isWebStream<T>(source)) return source[Symbol.asyncIterator]()
  const reader = source.getReader()
  return {
    async next() {
      const result = await reader.read()
      if (result.done === true) reader.releaseLock()
      return result
    },
    async return() {
      await reader.cancel()
      reader.releaseLock()
      return { done: true, value: undefined }
    },
  }
}

/** A web stream, as far as it is read. */
interface WebStream<T> {
  getReader(): { read(): Promise<IteratorResult<T, unknown>>; cancel(): Promise<void>; releaseLock(): void }
}

function isWebStream<T>(source: object): source is WebStream<T> {
  return 'getReader' in source && typeof source.getReader === 'function'
}

function isDestroyable(source: object): source is { destroy(): unknown } {
  return 'destroy' in source && typeof source.destroy === 'function'
}

class IterationNext<T> extends HubOperation<boolean> {
  readonly #cursor: Iteration<T>

  constructor(cursor: Iteration<T>) {
    super()
    this.#cursor = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#cursor.begin(greenlet)
  }

  override toString(): string {
    return 'iterate().next()'
  }
}

class IterationWait extends PromiseWait {
  readonly #cursor: Iteration<unknown>

  constructor(greenlet: Coroutine, cursor: Iteration<unknown>) {
    super(greenlet, null, 'iterate().next()')
    this.#cursor = cursor
  }

  override succeed(result: unknown): void {
    if (typeof result === 'object' && result !== null) {
      super.succeed(this.#cursor.arrived(result as IteratorResult<unknown, unknown>)) // what else may it be
    } else {
      this.fail(
        new UsageError(`iterate() read an iterator whose next() gave ${show(result)} instead of { done, value }.`),
      )
    }
  }

  override fail(error: unknown): void {
    this.#cursor.failed()
    super.fail(error)
  }

  /** Ends the wait from outside: the cursor was disposed of. */
  stop(outcome: boolean): void {
    this.undo()
    super.succeed(outcome)
  }

  protected override leave(): void {
    super.leave()
    this.#cursor.givenUp(this.greenlet)
  }
}
