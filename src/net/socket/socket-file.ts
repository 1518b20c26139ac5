/**
 * `socket.makefile()`: a socket as a file, read line by line and written in pieces.
 *
 * What has arrived and was not asked for yet stays in the file; so a read that is killed or timed out loses nothing, and the next one goes on
 * where it stopped. Bytes become text here, so a character that comes in two pieces is one.
 *
 * Stands on `recv` and `sendall`. Leaves the socket open: closing the file sends what is left, and that is all.
 */
import { StringDecoder } from 'node:string_decoder'
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Cursor, type Sequence } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'

/** What may be done with a file: `r` read, `w` write; with `b` as bytes, else as text. */
export type FileMode = 'r' | 'w' | 'rw' | 'rb' | 'wb' | 'rwb'

/** How a file is made. */
export interface SocketFileOptions {
  /** Of text. @defaultValue 'utf8' */
  encoding?: BufferEncoding
  /** How many bytes are kept before they are sent; 0: each `write` is sent at once. @defaultValue 8192 */
  buffering?: number
}

/** What a file needs of its socket. */
export interface FileSocket {
  recv(size: number): Operation<Buffer>
  sendall(data: Uint8Array): Operation<void>
}

const MODES: readonly string[] = ['r', 'w', 'rw', 'rb', 'wb', 'rwb'] satisfies FileMode[]
/** As much is asked of the socket at once. */
const CHUNK = 65_536
const KEPT = 8192

/** What text and bytes have in common. */
interface Pieces<T> {
  /** Where its first line ends; -1: nowhere. */
  newline(piece: T): number
  part(piece: T, from: number, to?: number): T
  join(pieces: readonly T[]): T
}

const text: Pieces<string> = {
  newline: (piece) => piece.indexOf('\n'),
  part: (piece, from, to) => piece.slice(from, to),
  join: (pieces) => pieces.join(''),
}

const bytes: Pieces<Buffer> = {
  newline: (piece) => piece.indexOf(10),
  part: (piece, from, to) => piece.subarray(from, to),
  join: (pieces) => Buffer.concat(pieces),
}

/**
 * A socket as a file. Of text, sizes count UTF-16 units, as `length` does.
 *
 * @source Python: `socket.makefile`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { socketpair } from 'greenloop/net'
 *
 * await run(function* () {
 *   const [here, there] = yield* socketpair()
 *   yield* there.sendall('one\ntwo\n')
 *   there.close()
 *   const file = here.makefile()
 *   console.log(yield* file.readlines()) // [ 'one\n', 'two\n' ]
 *   here.close()
 * })
 * ```
 */
export class SocketFile<T extends string | Buffer> implements Sequence<T> {
  readonly #socket: FileSocket
  readonly #mode: FileMode
  readonly #encoding: BufferEncoding
  readonly #buffering: number
  readonly #kind: Pieces<T>
  readonly #decoder: StringDecoder | null
  /** Arrived, and not asked for yet. */
  readonly #pieces: T[] = []
  #length = 0
  #ended = false
  /** Written, and not sent yet. */
  #unsent: Buffer[] = []
  #unsentBytes = 0
  #closed = false

  /** @internal Made by `socket.makefile()`. */
  constructor(socket: FileSocket, mode: FileMode, options: SocketFileOptions) {
    checkOptions('makefile()', options, "{ encoding: 'latin1' }")
    const { encoding = 'utf8', buffering = KEPT } = options
    if (!MODES.includes(mode))
      throw new UsageError(`makefile() expects a mode, 'r', 'w' or 'rw', with a 'b' for bytes, but got ${show(mode)}.`)
    if (!Buffer.isEncoding(encoding))
      throw new UsageError(`makefile() expects \`encoding\` to be one of Node's, but got ${show(encoding)}.`)
    if (!(Number.isInteger(buffering) && buffering >= 0))
      throw new UsageError(`makefile() expects \`buffering\` to be an integer, 0 or more, but got ${show(buffering)}.`)
    this.#socket = socket
    this.#mode = mode
    this.#encoding = encoding
    this.#buffering = buffering
    const isBinary = mode.endsWith('b')
    this.#kind = (isBinary ? bytes : text) as Pieces<string | Buffer> as Pieces<T> // the mode says what T is
    this.#decoder = isBinary ? null : new StringDecoder(encoding)
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Waits for `size` characters, or bytes; fewer only at the end.
   *
   * @param size - how many. @defaultValue all until the peer ends
   * @throws UsageError when the file is not for reading, or `size` no integer from 0; what `recv` throws, and what has arrived stays.
   * @switches only if it must wait
   */
  read(size: number = Infinity): Operation<T> {
    this.#checkRead('read', size)
    return operation('file.read()', () => this.#read(size))
  }

  *#read(size: number): Green<T> {
    while (this.#length < size && (yield* this.#more()));
    return this.#take(Math.min(size, this.#length))
  }

  /**
   * Waits for a line, and gives it with its end; without one only at the end of the file, where an empty line is all there is.
   *
   * @param size - at the most so many characters, or bytes. @defaultValue the whole line
   * @throws as {@link read} does.
   * @switches only if it must wait
   */
  readline(size: number = Infinity): Operation<T> {
    this.#checkRead('readline', size)
    return operation('file.readline()', () => this.#readline(size))
  }

  *#readline(size: number): Green<T> {
    let [seen, length] = [0, 0]
    do {
      for (let piece = this.#pieces[seen]; piece !== undefined; piece = this.#pieces[seen]) {
        const end = this.#kind.newline(piece)
        if (end >= 0) return this.#take(Math.min(size, length + end + 1))
        length += piece.length
        seen++
      }
    } while (length < size && (yield* this.#more()))
    return this.#take(Math.min(size, length))
  }

  /**
   * Waits for all lines that come until the peer ends.
   *
   * @throws as {@link read} does.
   * @switches only if it must wait
   */
  readlines(): Operation<T[]> {
    this.#checkRead('readlines')
    return operation('file.readlines()', () => this.#readlines())
  }

  *#readlines(): Green<T[]> {
    const lines: T[] = []
    for (let line = yield* this.#readline(Infinity); line.length > 0; line = yield* this.#readline(Infinity))
      lines.push(line)
    return lines
  }

  /** The lines, one after the other: `while (yield* it.next()) use(it.value)`. @switches never; `next()` of it does */
  cursor(): Cursor<T> {
    this.#checkRead('cursor')
    return new LineCursor(this)
  }

  /**
   * Writes text, or bytes; what is more than `buffering` is sent.
   *
   * @returns how many characters, or bytes.
   * @throws UsageError when the file is not for writing, or `data` is not of its kind; what `sendall` throws.
   * @switches only if it sends, and must wait
   */
  write(data: T extends string ? string : Uint8Array): Operation<number> {
    this.#checkOpen('write', 'w')
    const given: unknown = data
    if (this.#decoder === null ? !(given instanceof Uint8Array) : typeof given !== 'string') {
      const what = this.#decoder === null ? 'bytes expects a Uint8Array' : 'text expects a string'
      throw new UsageError(`write() of a file of ${what}, but got ${show(given)}.`)
    }
    return operation('file.write()', () => this.#write(data))
  }

  *#write(data: string | Uint8Array): Green<number> {
    const piece = typeof data === 'string' ? Buffer.from(data, this.#encoding) : Buffer.from(data)
    this.#unsent.push(piece)
    this.#unsentBytes += piece.length
    if (this.#unsentBytes > this.#buffering || this.#buffering === 0) yield* this.#flush()
    return data.length
  }

  /** Sends what was written. @throws what `sendall` throws @switches only if it must wait */
  flush(): Operation<void> {
    this.#checkOpen('flush')
    return operation('file.flush()', () => this.#flush())
  }

  *#flush(): Green<void> {
    if (this.#unsentBytes === 0) return
    const data = Buffer.concat(this.#unsent)
    this.#unsent = []
    this.#unsentBytes = 0
    yield* this.#socket.sendall(data)
  }

  /** Sends what was written; from then on the file is closed, and the socket is not. @throws what `sendall` throws @switches only if it must wait */
  close(): Operation<void> {
    return operation('file.close()', () => this.#close())
  }

  *#close(): Green<void> {
    this.#closed = true
    yield* this.#flush()
  }

  /** Asks the socket for more; answers whether more has come. */
  *#more(): Green<boolean> {
    if (this.#ended) return false
    const chunk = yield* this.#socket.recv(CHUNK)
    this.#ended = chunk.length === 0
    // The decoder is there when the file is of text.
    const piece = (this.#decoder === null ? chunk : this.#ended ? this.#decoder.end() : this.#decoder.write(chunk)) as T
    if (piece.length > 0) this.#pieces.push(piece)
    this.#length += piece.length
    return !this.#ended || piece.length > 0
  }

  /** Takes what has arrived; there is as much. */
  #take(size: number): T {
    const taken: T[] = []
    let left = size
    for (let piece = this.#pieces[0]; piece !== undefined && left > 0; piece = this.#pieces[0]) {
      if (piece.length > left) {
        taken.push(this.#kind.part(piece, 0, left))
        this.#pieces[0] = this.#kind.part(piece, left)
        left = 0
      } else {
        taken.push(piece)
        this.#pieces.shift()
        left -= piece.length
      }
    }
    this.#length -= size
    const [only] = taken
    return taken.length === 1 && only !== undefined ? only : this.#kind.join(taken)
  }

  #checkRead(call: string, size: number = Infinity): void {
    this.#checkOpen(call, 'r')
    if (size !== Infinity && !(Number.isInteger(size) && size >= 0))
      throw new UsageError(`${call}() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
  }

  #checkOpen(call: string, right = ''): void {
    if (this.#closed) throw new UsageError(`${call}() was called of a file that is closed.`)
    if (!this.#mode.includes(right))
      throw new UsageError(`${call}() was called of a file that was made with the mode '${this.#mode}'.`)
  }
}

class LineCursor<T extends string | Buffer> extends Cursor<T> {
  readonly #file: SocketFile<T>
  #over = false

  constructor(file: SocketFile<T>) {
    super()
    this.#file = file
  }

  override next(): Operation<boolean> {
    return operation('next() of file.cursor()', () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#over) return this.end()
    const line = yield* this.#file.readline()
    return line.length > 0 ? this.moveTo(line) : this.end()
  }

  override [Symbol.dispose](): void {
    this.#over = true
  }
}
