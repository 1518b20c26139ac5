/**
 * Streams of lines: `lines`, and `input`, which asks for one line of standard input.
 *
 * What is read beyond a line is kept with the stream, so that the next who asks finds it: another cursor, `input`, `recv`, `pipeline`; as the bytes
 * that have come, since behind a head of lines there may be what is no text. A line is put together once, when its end has come, however many
 * pieces it came in.
 *
 * Stands on cursors over streams. Leaves lines of files to `src/os/files`, which keeps their ends, as Python does.
 */
import type { Readable } from 'node:stream'
import { type Kind, type Piece, text } from '../../buffered/pieces.ts'
import { GreenloopError, recognise, UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { stateOf as socketState } from '../../net/stream/stream-state.ts'
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

/** What lines are made of; a stream of text has given no bytes. */
type Fed = Omit<Piece<string>, 'bytes'> & { readonly bytes: Buffer | null }

const NOTHING_FED: Fed = { value: '', bytes: null, next: null }
const NO_BYTES: Buffer = Buffer.alloc(0)

/** Makes lines of what it is fed. */
class Splitter implements HeldText {
  readonly encoding: BufferEncoding
  readonly #kind: Kind<string>
  /** The beginning of a line whose end has not come, */
  #pieces: string[] = []
  #length = 0
  /** and what it was made of: what lies in each from there on. */
  #sources: [Fed, from: number][] = []
  /** What was fed last, read up to `#at`. */
  #fed: Fed = NOTHING_FED
  #at = 0
  /** Of a character whose rest has not come. */
  #begun: Buffer = NO_BYTES
  /** A line was too long; what is left of it is dropped. */
  #isSkipping = false

  constructor(encoding: BufferEncoding) {
    this.encoding = encoding
    this.#kind = text(encoding)
  }

  feed(chunk: string | Uint8Array): void {
    this.#at = 0
    if (typeof chunk === 'string') {
      this.#fed = { value: chunk, bytes: null, next: null }
      return
    }
    const given = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const all = this.#begun.length === 0 ? given : Buffer.concat([this.#begun, given])
    const whole = all.length - this.#kind.incomplete(all)
    this.#begun = all.subarray(whole)
    const bytes = all.subarray(0, whole)
    this.#fed = { value: this.#kind.make(bytes), bytes, next: null }
  }

  /** The next line, without its end; null: it has not come yet. */
  line(call: string, maxLength: number): string | null {
    for (;;) {
      const chunk = this.#fed.value
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
    const [fed, at] = [this.#fed, this.#at]
    this.#fed = NOTHING_FED
    this.#at = 0
    if (piece === '' || this.#isSkipping) return
    this.#pieces.push(piece)
    this.#sources.push([fed, at])
    this.#length += piece.length
    if (this.#length <= maxLength + 1) return // the one may be a '\r'
    this.#isSkipping = true
    this.#forget()
    throw tooLong(call, maxLength)
  }

  #join(last: string): string {
    if (this.#length === 0) return last
    this.#pieces.push(last)
    const line = this.#pieces.join('')
    this.#forget()
    return line
  }

  #forget(): void {
    this.#pieces = []
    this.#sources = []
    this.#length = 0
  }

  /** At the end of the stream: the line that has none; null: there is nothing left. */
  last(call: string, maxLength: number): string | null {
    this.#keep(call, this.#kind.make(this.#begun), Infinity)
    this.#begun = NO_BYTES
    const isSkipped = this.#isSkipping
    this.#isSkipping = false
    if (isSkipped || this.#length === 0) return null
    const line = this.#join('')
    if (line.length > maxLength) throw tooLong(call, maxLength)
    return line
  }

  /** All that was fed and is in no line yet. */
  takeBytes(): Buffer | null {
    const left = [...this.#sources, [this.#fed, this.#at] as const].map(([fed, from]) => this.#bytesOf(fed, from))
    const all = Buffer.concat([...left, this.#begun])
    this.#forget()
    this.#fed = NOTHING_FED
    this.#at = 0
    this.#begun = NO_BYTES
    return all.length === 0 ? null : all
  }

  #bytesOf(fed: Fed, from: number): Buffer {
    const { bytes } = fed
    if (bytes === null) return Buffer.from(fed.value.slice(from), this.encoding)
    return bytes.subarray(bytes.length - this.#kind.bytesFrom({ ...fed, bytes }, from))
  }
}

function tooLong(call: string, maxLength: number): LineTooLongError {
  return new LineTooLongError(`${call}: a line is longer than its \`maxLength\`, ${String(maxLength)}.`)
}

/** Keeps with a stream what lines of it are read from. */
interface Holder {
  held: HeldText | null
}

/** What lines of a stream are read from: one for all who read them. */
function splitterOf(holder: Holder, encoding: BufferEncoding): Splitter {
  const held = holder.held instanceof Splitter ? holder.held : null
  if (held?.encoding === encoding) return held
  const splitter = new Splitter(encoding)
  const left = held?.takeBytes() ?? null
  if (left !== null) splitter.feed(left)
  holder.held = splitter
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
    this.#splitter = splitterOf(this.read.state, stream.readableEncoding ?? encoding) // in which text is left to others
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
  readonly #holder: Holder
  readonly #encoding: BufferEncoding
  readonly #maxLength: number
  #isOver = false
  /** Set while it waits. */
  #reader: Coroutine | null = null

  constructor(chunks: Cursor<unknown>, holder: Holder, encoding: BufferEncoding, maxLength: number) {
    super()
    this.#chunks = chunks
    this.#holder = holder
    this.#encoding = encoding
    this.#maxLength = maxLength
  }

  override next(): Operation<boolean> {
    return operation('next() of lines()', () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#reader !== null) throw secondReader('next() of lines()', kernel.current, this.#reader)
    const splitter = splitterOf(this.#holder, this.#encoding)
    for (;;) {
      const line = splitter.line('lines()', this.#maxLength)
      if (line !== null) return this.moveTo(line)
      if (this.#isOver) return this.end()
      if (yield* this.#more(splitter)) {
        splitter.feed(checkChunk('lines()', this.#chunks.value))
      } else {
        this.#isOver = true
        const last = splitter.last('lines()', this.#maxLength)
        if (last !== null) return this.moveTo(last)
      }
    }
  }

  *#more(splitter: Splitter): Green<boolean> {
    this.#reader = kernel.current
    this.#holder.held = null // it is not to be given what it holds
    try {
      return yield* this.#chunks.next()
    } finally {
      this.#holder.held = splitter
      this.#reader = null
    }
  }

  override [Symbol.dispose](): void {
    this.#isOver = true
    this.#holder.held?.takeBytes()
    this.end()
    this.#chunks[Symbol.dispose]()
  }
}

/**
 * Reads a stream line by line: `while (yield* it.next()) use(it.value)`.
 *
 * A line comes without its end, `\n` or `\r\n`; the last one needs none. A character whose bytes come in two pieces is one. What was read beyond
 * a line stays with the stream, as the bytes that have come: the next cursor, `input`, `recv` or `pipeline` begins there; `stream.pipe()` does not
 * know of it. A `next()` that is killed or timed out loses nothing.
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
  const holder: Holder = isWebReadable(stream) ? stateOf(stream) : socketState(stream)
  const own = isWebReadable(stream) ? null : stream.readableEncoding
  return new LinesOfChunks(cursorOf('lines()', stream), holder, own ?? encoding, maxLength)
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
