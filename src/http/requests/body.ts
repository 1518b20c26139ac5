/**
 * The body of an answer, piece by piece: the stream behind `stream: true`, and the two cursors that read it.
 *
 * ```
 *   incoming.read() ──▶ decoder (gzip, br, ...) ──▶ BodyStream.chunk() ──▶ iterContent() ──▶ iterLines()
 * ```
 *
 * A greenlet that is killed while it waits here gives up its turn and nothing else: what has come stays for the next one who reads, until
 * the response is closed.
 *
 * Stands on the exchange and on the decoders. Leaves it to the response who may read, and how often.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Cursor, secondReader } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { type FailedRequest, StreamConsumedError } from '../exceptions.ts'
import { textDecoder } from '../message/charset.ts'
import { Decoder, isEncoded } from '../message/decode.ts'
import { rawValue } from '../message/headers.ts'
import type { Incoming } from '../transport/incoming.ts'

/** Where the pieces of a body come from. */
export interface Pieces {
  /** The next piece, decoded and never empty; null at the end. */
  chunk(): Green<Buffer | null>
  /** Gives up what has not come. */
  close(): void
}

/** A streamed body that nobody can read any more would hold its connection for ever. */
const forgotten = new FinalizationRegistry<Incoming>((incoming) => {
  incoming.destroy()
})

/** A body that is still coming. */
export class BodyStream implements Pieces {
  readonly #incoming: Incoming
  readonly #decoder: Decoder | null
  readonly #request: FailedRequest
  #reader: Coroutine | null = null
  #state: 'open' | 'ended' | 'closed' = 'open'

  /** @param limit - how many bytes it may become when it is decoded. */
  constructor(incoming: Incoming, limit: number, request: FailedRequest) {
    this.#incoming = incoming
    this.#request = request
    forgotten.register(this, incoming)
    const encoding = rawValue(incoming.rawHeaders, 'content-encoding')
    this.#decoder = encoding !== undefined && isEncoded(encoding) ? new Decoder(encoding, limit, request) : null
  }

  *chunk(): Green<Buffer | null> {
    const reader = kernel.current
    if (this.#reader !== null) throw secondReader(`the body of ${this.#request.url}`, reader, this.#reader)
    this.#reader = reader
    try {
      return yield* this.#next()
    } finally {
      this.#reader = null
    }
  }

  *#next(): Green<Buffer | null> {
    for (;;) {
      if (this.#state === 'ended') return null
      if (this.#state === 'closed') {
        throw new StreamConsumedError(`The body of ${this.#request.url} cannot be read: the response was closed.`, {
          request: this.#request,
        })
      }
      const read = yield* this.#incoming.read()
      let piece = read
      if (this.#decoder !== null) piece = read === null ? yield* this.#decoder.end() : yield* this.#decoder.push(read)
      if (read === null) this.#state = 'ended'
      if (piece !== null && piece.length > 0) return piece
    }
  }

  close(): void {
    if (this.#state === 'open') this.#state = 'closed'
    this.#decoder?.close()
    this.#incoming.destroy()
  }
}

/** A body that is there, as a single piece. */
export class BodyInHand implements Pieces {
  #content: Buffer | null

  constructor(content: Buffer) {
    this.#content = content.length === 0 ? null : content
  }

  *chunk(): Green<Buffer | null> {
    const content = this.#content
    this.#content = null
    return content
  }

  close(): void {
    this.#content = null
  }
}

/** Checks the size of the pieces. */
export function checkChunkSize(call: string, size: unknown): void {
  if (size === undefined || (Number.isSafeInteger(size) && (size as number) > 0)) return
  throw new UsageError(`${call} expects \`chunkSize\` to be an integer above 0, but got ${show(size)}.`)
}

/** Reads the body as bytes. */
export class ContentCursor extends Cursor<Buffer> {
  readonly #pieces: Pieces
  readonly #size: number | undefined
  /** Has come and was not handed on. */
  #pending: Buffer[] = []
  #length = 0
  #over = false

  constructor(pieces: Pieces, size: number | undefined) {
    super()
    this.#pieces = pieces
    this.#size = size
  }

  override next(): Operation<boolean> {
    return operation('iterContent().next()', () => this.#advance())
  }

  *#advance(): Green<boolean> {
    const size = this.#size
    while (!this.#over && (size === undefined ? this.#length === 0 : this.#length < size)) {
      const piece = yield* this.#pieces.chunk()
      if (piece === null) {
        this.#over = true
      } else {
        this.#pending.push(piece)
        this.#length += piece.length
      }
    }
    if (this.#length === 0) return this.end()
    const all = this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending)
    const taken = size === undefined || size >= all.length ? all : all.subarray(0, size)
    this.#length = all.length - taken.length
    this.#pending = this.#length === 0 ? [] : [all.subarray(taken.length)]
    return this.moveTo(taken)
  }

  override [Symbol.dispose](): void {
    this.#over = true
    this.#pending = []
    this.#length = 0
    this.#pieces.close()
  }
}

/** What ends a line, where no delimiter is given. */
const LINE_END = /\r\n|\n|\r/u

/** Reads the body as lines of text, without their ends. */
export class LineCursor extends Cursor<string> {
  readonly #pieces: Pieces
  readonly #decoder: { decode(bytes?: Uint8Array, options?: { stream?: boolean }): string }
  readonly #delimiter: string | null
  /** Whole lines that were not handed on, the next one last. */
  #lines: string[] = []
  /** Of the line that is coming, what has come: put together once. */
  #begun: string[] = []
  #over = false

  constructor(pieces: Pieces, encoding: string, delimiter: string | null) {
    super()
    this.#pieces = pieces
    this.#decoder = textDecoder(encoding)
    this.#delimiter = delimiter
  }

  override next(): Operation<boolean> {
    return operation('iterLines().next()', () => this.#advance())
  }

  *#advance(): Green<boolean> {
    for (;;) {
      const line = this.#lines.pop()
      if (line !== undefined) return this.moveTo(line)
      if (this.#over) return this.end()
      const piece = yield* this.#pieces.chunk()
      this.#over = piece === null
      this.#split(piece === null ? this.#decoder.decode() : this.#decoder.decode(piece, { stream: true }))
    }
  }

  #split(text: string): void {
    const before = this.#begun.at(-1) ?? ''
    // An end may lie across two pieces: `\r` and `\n`, or the halves of a delimiter.
    const isPlain = this.#delimiter === null && !before.endsWith('\r') && !LINE_END.test(text)
    if (isPlain && !this.#over) {
      if (text !== '') this.#begun.push(text)
      return
    }
    const all = this.#begun.join('') + text
    const held = this.#delimiter === null && !this.#over && all.endsWith('\r') ? '\r' : '' // a `\n` may follow
    const lines = (held === '' ? all : all.slice(0, -1)).split(this.#delimiter ?? LINE_END)
    const rest = (lines.pop() ?? '') + held
    this.#begun = rest === '' ? [] : [rest]
    if (this.#over && rest !== '') {
      lines.push(rest)
      this.#begun = []
    }
    this.#lines = lines.reverse()
  }

  override [Symbol.dispose](): void {
    this.#over = true
    this.#lines = []
    this.#begun = []
    this.#pieces.close()
  }
}
