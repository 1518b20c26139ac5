/**
 * A buffered reader: what has arrived and was not asked for yet, given by sizes and by lines.
 *
 * What has arrived stays until it is taken; so a read that is killed or timed out loses nothing, and the next one goes on where it stopped.
 * A character is never cut: not where two pieces meet, and not where a size ends.
 *
 * Nothing is looked at twice: how far a line was searched for is remembered, for the next piece and for the next call, so that a long line in
 * many pieces costs what its length does.
 *
 * Stands on pieces. Leaves to its owner where the bytes come from, and who may read when.
 */
import type { Green, Operation } from '../protocol.ts'
import type { Cursor } from '../waiting/cursor.ts'
import { LineCursor } from './line-cursor.ts'
import { bytes, type Kind, type Piece, text } from './pieces.ts'

/** As much is asked for at once, at least; */
const CHUNK = 65_536
/** and at most. */
const LARGEST = 1_048_576
const NO_BYTES: Buffer = Buffer.alloc(0)

/** Of text, sizes count UTF-16 units, as `length` does. */
export class BufferedReader<T extends string | Buffer> {
  readonly #source: (size: number) => Operation<Buffer>
  readonly #grows: boolean
  readonly #kind: Kind<T>
  #first: Piece<T> | null = null
  #last: Piece<T> | null = null
  /** How much of the first piece was taken. */
  #offset = 0
  #length = 0
  /** Of a character whose rest has not arrived. */
  #begun: Buffer = NO_BYTES
  #ended = false
  /** The last piece that was searched for the end of a line, in vain. */
  #searched: Piece<T> | null = null
  /** How much lies up to its end. */
  #searchedLength = 0
  /** How long the first line is with its end; 0: not known. */
  #lineLength = 0

  /**
   * @param source - gives what is there, at least one byte; none: it has ended. It is asked for `size` at the most, but may give more.
   * @param encoding - of the text; null: bytes are given.
   * @param grows - whether more may come behind the end, as in a file to which somebody appends; else it is not asked again.
   */
  constructor(source: (size: number) => Operation<Buffer>, encoding: BufferEncoding | null, grows = false) {
    this.#source = source
    this.#grows = grows
    const kind: Kind<string> | Kind<Buffer> = encoding === null ? bytes : text(encoding)
    this.#kind = kind as Kind<string | Buffer> as Kind<T> // the encoding says what T is
  }

  /** How many characters, or bytes, have arrived and were not taken. */
  get length(): number {
    return this.#length
  }

  /** How many of the bytes that have arrived were not taken. */
  get unreadBytes(): number {
    let unread = this.#begun.length
    for (let piece = this.#first; piece !== null; piece = piece.next)
      unread += piece === this.#first ? this.#kind.bytesFrom(piece, this.#offset) : piece.bytes.length
    return unread
  }

  /** Waits for `size` characters, or bytes; fewer only at the end. A character that `size` would cut is given whole. */
  *read(size: number = Infinity): Green<T> {
    while (this.#length < size && (yield* this.#more(size - this.#length, size === Infinity)));
    return this.#take(Math.min(size, this.#length))
  }

  /** Gives what is there, `size` at the most; waits until something is. Nothing: that was the end. */
  *read1(size: number): Green<T> {
    while (size > 0 && this.#length === 0 && (yield* this.#more(1, false)));
    return this.#take(Math.min(size, this.#length))
  }

  /** Waits for a line, and gives it with its end; without one at the end of all, or when it is longer than `size`. */
  *readline(size: number = Infinity): Green<T> {
    return yield* this.#line(size, false)
  }

  /** Waits for all lines. They are taken when all have arrived, so that a kill loses none. */
  *readlines(): Green<T[]> {
    while (yield* this.#more(Infinity, true));
    const lines: T[] = []
    for (let line = this.bufferedLine(); line !== null; line = this.bufferedLine()) lines.push(line)
    if (this.#length > 0) lines.push(this.#take(this.#length))
    return lines
  }

  /** As `readline`, when nobody will ask again: a character that was begun at the end of all is given as it is. */
  nextLine(): Green<T> {
    return this.#line(Infinity, true)
  }

  /** The first line with its end, if all of it has arrived; else null. */
  bufferedLine(): T | null {
    const length = this.#lineEnd()
    return length === 0 ? null : this.#take(length)
  }

  /** A line without its end. */
  stripped(line: T): T {
    return this.#kind.stripped(line)
  }

  /** The lines, with their ends. `text` stands in messages. */
  cursor(text = 'next() of a line cursor'): Cursor<T> {
    return new LineCursor(text, this, false)
  }

  /** The lines, without their ends. `text` stands in messages. */
  lines(text = 'next() of a line cursor'): Cursor<T> {
    return new LineCursor(text, this, true)
  }

  /** Forgets what was not taken; what comes next is at another place. */
  discard(): void {
    this.#first = null
    this.#last = null
    this.#offset = 0
    this.#length = 0
    this.#begun = NO_BYTES
    this.#ended = false
    this.#searched = null
    this.#searchedLength = 0
    this.#lineLength = 0
  }

  /** Takes the bytes that have arrived and were not taken, as they came. */
  takeBytes(): Buffer {
    const left: Buffer[] = []
    for (let piece = this.#first; piece !== null; piece = piece.next) {
      const unread = piece === this.#first ? this.#kind.bytesFrom(piece, this.#offset) : piece.bytes.length
      left.push(piece.bytes.subarray(piece.bytes.length - unread))
    }
    left.push(this.#begun)
    const ended = this.#ended
    this.discard()
    this.#ended = ended
    return Buffer.concat(left)
  }

  *#line(size: number, final: boolean): Green<T> {
    for (;;) {
      const length = this.#lineEnd()
      if (length > 0) return this.#take(Math.min(size, length))
      if (this.#length >= size || !(yield* this.#more(CHUNK, final))) return this.#take(Math.min(size, this.#length))
    }
  }

  /** How long the first line is with its end; 0: there is none. */
  #lineEnd(): number {
    if (this.#lineLength > 0) return this.#lineLength
    for (let piece = this.#searched === null ? this.#first : this.#searched.next; piece !== null; piece = piece.next) {
      const from = piece === this.#first ? this.#offset : 0
      const at = this.#kind.newline(piece.value, from)
      if (at >= 0) return (this.#lineLength = this.#searchedLength + at + 1 - from)
      this.#searched = piece
      this.#searchedLength += piece.value.length - from
    }
    return 0
  }

  /** Asks for more; answers whether more has come. `final`: nobody will ask again. */
  *#more(missing: number, final: boolean): Green<boolean> {
    if (this.#ended) return false
    const chunk = yield* this.#source(Math.max(CHUNK, Math.min(missing, this.#length, LARGEST)))
    if (chunk.length > 0) {
      this.#arrived(chunk)
      return true
    }
    this.#ended = !this.#grows
    // The rest of a character may be written yet. Who has something to take meanwhile is given that.
    if (this.#begun.length === 0 || (this.#grows && !final && this.#length > 0)) return false
    this.#push(this.#begun)
    this.#begun = NO_BYTES
    return true
  }

  #arrived(chunk: Buffer): void {
    const all = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk])
    const whole = all.length - this.#kind.incomplete(all)
    this.#begun = all.subarray(whole)
    if (whole > 0) this.#push(all.subarray(0, whole))
  }

  #push(given: Buffer): void {
    const piece: Piece<T> = { value: this.#kind.make(given), bytes: given, next: null }
    if (this.#last === null) this.#first = piece
    else this.#last.next = piece
    this.#last = piece
    this.#length += piece.value.length
  }

  /** Takes what has arrived; there is as much. */
  #take(size: number): T {
    const kind = this.#kind
    const first = this.#first
    if (first !== null && size > 0) {
      // Most of the time a piece has many lines.
      const to = kind.boundary(first.value, this.#offset + size)
      if (to < first.value.length) {
        const part = kind.part(first.value, this.#offset, to)
        this.#offset = to
        this.#taken(part.length)
        return part
      }
    }
    const taken: T[] = []
    let left = size
    while (left > 0 && this.#first !== null) {
      const { value, next } = this.#first
      const from = this.#offset
      const to = left < value.length - from ? kind.boundary(value, from + left) : value.length
      left -= to - from
      taken.push(from === 0 && to === value.length ? value : kind.part(value, from, to))
      if (to < value.length) {
        this.#offset = to
      } else {
        this.#offset = 0
        this.#first = next
        if (next === null) this.#last = null
      }
    }
    this.#taken(size - left)
    const [only] = taken
    return taken.length === 1 && only !== undefined ? only : kind.join(taken)
  }

  #taken(size: number): void {
    this.#length -= size
    this.#lineLength = Math.max(0, this.#lineLength - size)
    if (size < this.#searchedLength) {
      this.#searchedLength -= size
    } else {
      this.#searched = null
      this.#searchedLength = 0
    }
  }
}
