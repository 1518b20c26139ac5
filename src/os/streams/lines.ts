/**
 * Streams of lines: `lines`, and `input`, which asks for one line of standard input.
 *
 * What is read beyond a line is kept with the stream, so that the next who asks finds it: another cursor, `input`, `recv`. A line is put
 * together once, when its end has come, however many pieces it came in.
 *
 * Stands on cursors over streams. Leaves lines of files to `src/os/files`, which keeps their ends, as Python does.
 */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { GreenloopError, recognise, UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Cursor, secondReader } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { EOFError } from '../exceptions.ts'
import { type AnyReadable, cursorOf, isWebReadable, StreamCursor } from './chunks.ts'
import { checkReadable, isSocket, NOTHING, Read, takeUnheld } from './recv.ts'
import { type HeldText, type StreamState, stateOf } from './stream-state.ts'

/** The world: a line does not come to its end. The next one can be read all the same. */
export class LineTooLongError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_LINE_TOO_LONG'
}
recognise(LineTooLongError, 'LineTooLongError')

/** How lines are read. */
export interface LinesOptions {
  /** Of bytes; a stream of text is read as it is. @defaultValue 'utf8' */
  encoding?: BufferEncoding
  /** How long a line may be, in UTF-16 units, without its end. @defaultValue no limit */
  maxLength?: number
}

/** Makes lines of what it is fed. */
class Splitter implements HeldText {
  readonly encoding: BufferEncoding
  readonly #decoder: StringDecoder
  /** The beginning of a line whose end has not come. */
  #pieces: string[] = []
  #length = 0
  /** What was fed last, read up to `#at`. */
  #chunk = ''
  #at = 0
  /** A line was too long; what is left of it is dropped. */
  #isSkipping = false

  constructor(encoding: BufferEncoding) {
    this.encoding = encoding
    this.#decoder = new StringDecoder(encoding)
  }

  feed(chunk: string | Uint8Array): void {
    this.#chunk =
      typeof chunk === 'string'
        ? chunk
        : this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#at = 0
  }

  /** The next line, without its end; null: it has not come yet. */
  line(call: string, maxLength: number): string | null {
    for (;;) {
      const chunk = this.#chunk
      const at = this.#at
      const end = chunk.indexOf('\n', at)
      if (end < 0) {
        this.#keep(call, at === 0 ? chunk : chunk.slice(at), maxLength)
        return null
      }
      this.#at = end + 1
      const isSkipped = this.#isSkipping
      this.#isSkipping = false
      const line = this.#join(chunk.slice(at, end))
      if (isSkipped) continue
      const stripped = line.endsWith('\r') ? line.slice(0, -1) : line
      if (stripped.length > maxLength) throw tooLong(call, maxLength)
      return stripped
    }
  }

  #keep(call: string, piece: string, maxLength: number): void {
    this.#chunk = ''
    this.#at = 0
    if (piece === '' || this.#isSkipping) return
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length <= maxLength + 1) return // the one may be a '\r'
    this.#isSkipping = true
    this.#pieces = []
    this.#length = 0
    throw tooLong(call, maxLength)
  }

  #join(last: string): string {
    if (this.#length === 0) return last
    this.#pieces.push(last)
    const line = this.#pieces.join('')
    this.#pieces = []
    this.#length = 0
    return line
  }

  /** At the end of the stream: the line that has none; null: there is nothing left. */
  last(call: string, maxLength: number): string | null {
    this.#keep(call, this.#decoder.end(), Infinity)
    const isSkipped = this.#isSkipping
    this.#isSkipping = false
    if (isSkipped || this.#length === 0) return null
    const line = this.#join('')
    if (line.length > maxLength) throw tooLong(call, maxLength)
    return line
  }

  /** All that was fed and is in no line yet. */
  takeText(): string {
    const text = this.#join(this.#chunk.slice(this.#at))
    this.#chunk = ''
    this.#at = 0
    return text
  }

  takeBytes(): Buffer | null {
    const text = this.takeText()
    return text === '' ? null : Buffer.from(text, this.encoding)
  }
}

function tooLong(call: string, maxLength: number): LineTooLongError {
  return new LineTooLongError(`${call}: a line is longer than its \`maxLength\`, ${String(maxLength)}.`)
}

/** What lines of a stream are read from: one for all who read them. */
function splitterOf(state: StreamState, encoding: BufferEncoding): Splitter {
  const held = state.held instanceof Splitter ? state.held : null
  if (held?.encoding === encoding) return held
  const splitter = new Splitter(encoding)
  if (held !== null) splitter.feed(held.takeText())
  state.held = splitter
  return splitter
}

/** The next line of a stream; `NOTHING`: it has not come yet, or there is none. */
function takeLine(state: StreamState, splitter: Splitter, call: string, maxLength: number): string | typeof NOTHING {
  for (;;) {
    const line = splitter.line(call, maxLength)
    if (line !== null) return line
    const chunk = takeUnheld(state)
    if (chunk !== NOTHING) splitter.feed(checkChunk(call, chunk))
    else return (state.stream.readableEnded ? splitter.last(call, maxLength) : null) ?? NOTHING
  }
}

function checkChunk(call: string, chunk: unknown): string | Uint8Array {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk
  throw new UsageError(`${call} reads bytes and text, but the stream gave ${show(chunk)}.`)
}

/** Lines of a stream of Node's. */
class LineCursor extends StreamCursor<string> {
  readonly #splitter: Splitter
  readonly #maxLength: number

  constructor(stream: Readable, encoding: BufferEncoding, maxLength: number) {
    super(stream, 'lines()')
    this.#splitter = splitterOf(this.read.state, encoding)
    this.#maxLength = maxLength
  }

  protected override known(): string | typeof NOTHING {
    return this.#splitter.line(this.call, this.#maxLength) ?? NOTHING
  }

  protected override take({ state }: Read<boolean>): string | typeof NOTHING {
    return takeLine(state, this.#splitter, this.call, this.#maxLength)
  }
}

/** Lines of what a cursor gives: of a socket, of a web stream. */
class LinesOfChunks extends Cursor<string> {
  readonly #chunks: Cursor<unknown>
  readonly #splitter: Splitter
  readonly #maxLength: number
  #isOver = false
  /** Set while it waits. */
  #reader: Coroutine | null = null

  constructor(chunks: Cursor<unknown>, splitter: Splitter, maxLength: number) {
    super()
    this.#chunks = chunks
    this.#splitter = splitter
    this.#maxLength = maxLength
  }

  override next(): Operation<boolean> {
    return operation('next() of lines()', () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#reader !== null) throw secondReader('next() of lines()', kernel.current, this.#reader)
    const splitter = this.#splitter
    for (;;) {
      const line = splitter.line('lines()', this.#maxLength)
      if (line !== null) return this.moveTo(line)
      if (this.#isOver) return this.end()
      if (yield* this.#more()) {
        splitter.feed(checkChunk('lines()', this.#chunks.value))
      } else {
        this.#isOver = true
        const last = splitter.last('lines()', this.#maxLength)
        if (last !== null) return this.moveTo(last)
      }
    }
  }

  *#more(): Green<boolean> {
    this.#reader = kernel.current
    try {
      return yield* this.#chunks.next()
    } finally {
      this.#reader = null
    }
  }

  override [Symbol.dispose](): void {
    this.#isOver = true
    this.#splitter.takeText()
    this.end()
    this.#chunks[Symbol.dispose]()
  }
}

/**
 * Reads a stream line by line: `while (yield* it.next()) use(it.value)`.
 *
 * A line comes without its end, `\n` or `\r\n`; the last one needs none. A character whose bytes come in two pieces is one. What was read beyond
 * a line stays with the stream: the next cursor, `input` or `recv` begins there. A `next()` that is killed or timed out loses nothing.
 *
 * @param stream - a stream of Node's, or a web stream, of bytes or text.
 * @param options - `encoding` of bytes; `maxLength` of a line, for a peer that is not trusted.
 * @returns the cursor. Disposing of it destroys the stream, unless it is at its end; `process.stdin` is let alone.
 * @throws UsageError at the call for anything else. From `next()`: LineTooLongError, and what is left of that line is dropped; else as `recv` does.
 * @switches never; its `next()` only if it must wait
 * @source Python: `for line in file`
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { lines } from 'greenloop/os'
 *
 * await run(function* () {
 *   using it = lines(Readable.from(['first\r\nsec', 'ond\n\nlast']))
 *   while (yield* it.next()) console.log(JSON.stringify(it.value))
 * })
 * // "first"
 * // "second"
 * // ""
 * // "last"
 * ```
 */
export function lines(stream: AnyReadable, options: LinesOptions = {}): Cursor<string> {
  checkOptions('lines()', options, "{ encoding: 'latin1' }")
  const { encoding = 'utf8', maxLength = Infinity } = options
  if (!Buffer.isEncoding(encoding))
    throw new UsageError(`lines() expects \`encoding\` to be one of Node's, but got ${show(encoding)}.`)
  if (!(maxLength === Infinity || (Number.isInteger(maxLength) && maxLength >= 0)))
    throw new UsageError(`lines() expects \`maxLength\` to be an integer, 0 or more, but got ${show(maxLength)}.`)
  if (!isWebReadable(stream)) {
    checkReadable('lines()', stream)
    if (!isSocket(stream)) return new LineCursor(stream, encoding, maxLength)
  }
  return new LinesOfChunks(cursorOf('lines()', stream), splitterOf(stateOf(stream), encoding), maxLength)
}

/** `input(prompt)`. */
class Input extends Read<string> {
  readonly #prompt: string
  readonly #splitter: Splitter

  constructor(prompt: string) {
    super(process.stdin, null, undefined)
    this.#prompt = prompt
    this.#splitter = splitterOf(this.state, 'utf8')
  }

  override begin(greenlet: Coroutine): Step<string> {
    if (this.state.reader === null && this.#prompt !== '') process.stdout.write(this.#prompt)
    return super.begin(greenlet)
  }

  override take(): string | typeof NOTHING {
    const { state } = this
    const line = takeLine(state, this.#splitter, 'input()', Infinity)
    if (line === NOTHING && state.stream.readableEnded) throw new EOFError('input(): standard input is at its end.')
    return line
  }

  override toString(): string {
    return 'input()'
  }
}

/**
 * Waits for a line of standard input, and gives it without its end.
 *
 * What was read beyond the line is there for the next call, and for `lines(process.stdin)`. The process does not stay for its input when nobody
 * waits for it.
 *
 * @param prompt - written to standard output first. @defaultValue nothing
 * @throws EOFError at the end of the input; ConcurrentObjectUseError when another greenlet waits for it; UsageError at the call when `prompt` is no
 * string, and when somebody else reads it.
 * @switches only if it must wait
 * @source Python: `input`
 * @example
 * ```ts
 * import { EOFError, input } from 'greenloop/os'
 *
 * function* greet() {
 *   try {
 *     console.log(`hello, ${yield* input('your name? ')}`)
 *   } catch (err) {
 *     if (!(err instanceof EOFError)) throw err
 *     console.log('nobody there')
 *   }
 * }
 * console.log(typeof greet) // function
 * ```
 */
export function input(prompt: string = ''): Operation<string> {
  if (typeof prompt !== 'string')
    throw new UsageError(`input() expects \`prompt\` to be a string, but got ${show(prompt)}.`)
  return new Input(prompt)
}
