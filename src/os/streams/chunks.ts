/**
 * What streams give: piece by piece (`chunks`, a cursor), and as a whole (`text`, `buffer`, `json`).
 *
 * Stands on reads; of a `net.Socket` on its `recv`, of a web stream on `iterate`. Leaves lines to `lines.ts`.
 */
import type net from 'node:net'
import type { Readable } from 'node:stream'
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { socketMethods } from '../../net/stream/methods.ts'
import type { Green, Operation } from '../../protocol.ts'
import { iterate } from '../../several/each.ts'
import { Cursor, secondReader } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { checkReadable, isSocket, NOTHING, Read, takeChunk } from './recv.ts'
import { isStdin, labelOf } from './stream-state.ts'

/** A stream that can be read: Node's, or a web stream. */
export type AnyReadable = NodeJS.ReadableStream | ReadableStream

/** `next()` of a cursor: a recipe. */
class NextRead<T> extends Read<boolean> {
  readonly #of: StreamCursor<T>

  constructor(cursor: StreamCursor<T>, stream: Readable) {
    super(stream, cursor, undefined)
    this.#of = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    if (this.state.reader === null) {
      const known = this.#of.$known()
      if (known !== NOTHING) return ready(known)
    }
    return super.begin(greenlet)
  }

  override take(): boolean | typeof NOTHING {
    return this.#of.$take(this)
  }

  override toString(): string {
    return `next() of ${this.#of.call}`
  }
}

/** A cursor over a stream of Node's. Subclasses say what its values are. */
export abstract class StreamCursor<T> extends Cursor<T> {
  /** The call that has made it, for messages. */
  readonly call: string
  protected readonly read: Read<boolean>
  readonly #stream: Readable
  #isOver = false

  constructor(stream: Readable, call: string) {
    super()
    this.call = call
    this.#stream = stream
    this.read = new NextRead(this, stream)
  }

  override next(): Operation<boolean> {
    // Debug mode watches each one.
    return kernel.debug === null ? this.read : new NextRead(this, this.#stream)
  }

  /** @internal What `next()` gives without a look at the stream. */
  $known(): boolean | typeof NOTHING {
    if (this.#isOver) return this.end()
    const value = this.known()
    return value === NOTHING ? NOTHING : this.moveTo(value)
  }

  /** @internal What `next()` gives, if anything is there. */
  $take(read: Read<boolean>): boolean | typeof NOTHING {
    if (this.#isOver) return this.end()
    const value = this.take(read)
    if (value !== NOTHING) return this.moveTo(value)
    if (!this.#stream.readableEnded) return NOTHING
    this.#over()
    return this.end()
  }

  /** A value that was read already. */
  protected known(): T | typeof NOTHING {
    return NOTHING
  }

  /** The next value, if it is there. */
  protected abstract take(read: Read<boolean>): T | typeof NOTHING

  #over(): void {
    this.#isOver = true
    this.read.state.unused(this)
  }

  override [Symbol.dispose](): void {
    if (this.#isOver) return
    this.#over()
    this.end()
    this.read.state.reader?.look() // it may be the one of this cursor
    if (isStdin(this.#stream)) return
    // A file that cannot be opened says so also when it is destroyed by then; whoever leaves it does not ask.
    if (!this.#stream.closed) this.#stream.on('error', ignored)
    this.#stream.destroy()
  }
}

function ignored(): void {
  // see there
}

/** What one `read()` gives after the other. */
class ChunkCursor extends StreamCursor<unknown> {
  constructor(stream: Readable) {
    super(stream, 'chunks()')
  }

  protected override take(read: Read<boolean>): unknown {
    return takeChunk(read.state)
  }
}

/** What a socket receives. */
class SocketCursor extends Cursor<Buffer | string> {
  readonly #socket: net.Socket
  #isOver = false
  /** Set while it waits. */
  #reader: Coroutine | null = null

  constructor(socket: net.Socket) {
    super()
    this.#socket = socket
  }

  override next(): Operation<boolean> {
    return operation('next() of chunks()', () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#isOver) return this.end()
    if (this.#reader !== null) throw secondReader('next() of chunks()', kernel.current, this.#reader)
    this.#reader = kernel.current
    const socket = this.#socket
    try {
      const chunk = yield* socketMethods.recv.call(socket)
      if (chunk.length > 0)
        return this.moveTo(socket.readableEncoding === null ? chunk : chunk.toString(socket.readableEncoding))
      this.#isOver = true
    } catch (error) {
      if (!this.#isDisposed() || !(error instanceof SocketClosedError)) throw error
    } finally {
      this.#reader = null
    }
    return this.end()
  }

  /** It may have been disposed of while somebody waited. */
  #isDisposed(): boolean {
    return this.#isOver
  }

  override [Symbol.dispose](): void {
    if (this.#isOver) return
    this.#isOver = true
    this.end()
    this.#socket.destroy()
  }
}

/** Whether it is a web stream, which has a lock instead of events. */
export function isWebReadable(stream: unknown): stream is ReadableStream {
  return typeof stream === 'object' && stream !== null && 'getReader' in stream
}

/**
 * Reads a stream piece by piece: `while (yield* it.next()) use(it.value)`.
 *
 * A piece is what has arrived: bytes, text if the stream has an encoding, or one object in object mode. A `next()` that is killed or timed out
 * takes nothing away from a stream of Node's, and leaves it open. Of a web stream a kill cancels it; the lock is released at its end.
 *
 * @param stream - a stream of Node's, or a web stream.
 * @returns the cursor. Disposing of it destroys the stream, or cancels it, unless it is at its end; `process.stdin` is let alone. Without
 * that the stream can be read on by other means.
 * @throws UsageError at the call for anything else, and for a web stream that somebody else reads. From `next()`: as `recv` does.
 * @switches never; its `next()` only if it must wait
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { chunks } from 'greenloop/os'
 *
 * await run(function* () {
 *   using it = chunks<string>(Readable.from(['one', 'two']))
 *   while (yield* it.next()) console.log(it.value)
 * })
 * // one
 * // two
 * ```
 */
export function chunks<T = Buffer>(stream: NodeJS.ReadableStream | ReadableStream<T>): Cursor<T> {
  return cursorOf('chunks()', stream) as Cursor<T> // the caller says what the stream gives
}

/** A cursor over what a stream gives, of any kind. */
export function cursorOf(call: string, stream: AnyReadable): Cursor<unknown> {
  if (isWebReadable(stream)) return iterate(unlocked(call, stream))
  checkReadable(call, stream)
  return isSocket(stream) ? new SocketCursor(stream) : new ChunkCursor(stream)
}

/** Checks that nobody else reads a web stream. */
function unlocked<T>(call: string, stream: ReadableStream<T>): ReadableStream<T> {
  if (!stream.locked) return stream
  throw new UsageError(`${call} was called of ${labelOf(stream)}, which somebody reads already: it is locked.`)
}

/** Reads a stream to its end. It is destroyed when that does not come: what was read is gone. */
function* readAll(call: string, stream: AnyReadable): Green<unknown[]> {
  const cursor = cursorOf(call, stream)
  try {
    const pieces: unknown[] = []
    while (yield* cursor.next()) pieces.push(cursor.value)
    return pieces
  } finally {
    cursor[Symbol.dispose]()
  }
}

function checkPiece(call: string, piece: unknown): string | Uint8Array {
  if (typeof piece === 'string' || piece instanceof Uint8Array) return piece
  throw new UsageError(`${call} reads bytes and text, but the stream gave ${show(piece)}.`)
}

/** Those checks of a call that need not wait. */
function checkSource(call: string, stream: AnyReadable): void {
  if (isWebReadable(stream)) unlocked(call, stream)
  else checkReadable(call, stream)
}

/**
 * Reads a stream to its end, as text.
 *
 * A kill destroys it, or cancels it: what was read by then is gone.
 *
 * @param stream - a stream of Node's, or a web stream. Bytes are UTF-8; a mark of the byte order at the beginning is left out.
 * @throws as `recv` does.
 * @switches only if it must wait
 * @source Node: `stream/consumers`
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { text } from 'greenloop/os'
 *
 * await run(function* () {
 *   console.log(yield* text(Readable.from([Buffer.from('grün')]))) // grün
 * })
 * ```
 */
export function text(stream: AnyReadable): Operation<string> {
  checkSource('text()', stream)
  return operation('text()', () => readText('text()', stream))
}

function* readText(call: string, stream: AnyReadable): Green<string> {
  const decoder = new TextDecoder()
  let whole = ''
  for (const piece of yield* readAll(call, stream)) {
    const given = checkPiece(call, piece)
    whole += typeof given === 'string' ? given : decoder.decode(given, { stream: true })
  }
  return whole + decoder.decode()
}

/**
 * Reads a stream to its end, as bytes.
 *
 * A kill destroys it, or cancels it: what was read by then is gone.
 *
 * @param stream - a stream of Node's, or a web stream. Text is encoded as it came.
 * @throws as `recv` does.
 * @switches only if it must wait
 * @source Node: `stream/consumers`
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { buffer } from 'greenloop/os'
 *
 * await run(function* () {
 *   const bytes = yield* buffer(Readable.from(['ab', 'c']))
 *   console.log(bytes.length) // 3
 * })
 * ```
 */
export function buffer(stream: AnyReadable): Operation<Buffer> {
  checkSource('buffer()', stream)
  return operation('buffer()', function* () {
    const encoding = ('readableEncoding' in stream ? (stream as Readable).readableEncoding : null) ?? 'utf8' // what has that
    const pieces = (yield* readAll('buffer()', stream)).map((piece) => checkPiece('buffer()', piece))
    return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, encoding) : piece)))
  })
}

/**
 * Reads a stream to its end, as JSON.
 *
 * A kill destroys it, or cancels it: what was read by then is gone.
 *
 * @param stream - a stream of Node's, or a web stream.
 * @throws SyntaxError when it is no JSON; else as `recv` does.
 * @switches only if it must wait
 * @source Node: `stream/consumers`
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { json } from 'greenloop/os'
 *
 * await run(function* () {
 *   console.log(yield* json(Readable.from(['{ "a": ', '1 }']))) // { a: 1 }
 * })
 * ```
 */
export function json(stream: AnyReadable): Operation<unknown> {
  checkSource('json()', stream)
  return operation('json()', function* () {
    return JSON.parse(yield* readText('json()', stream)) as unknown // it is declared as any
  })
}
