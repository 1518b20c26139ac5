/**
 * `socket.makefile()`: a socket as a file, read line by line and written in pieces.
 *
 * What has arrived and was not asked for yet stays in the file; so a read that is killed or timed out loses nothing, and the next one goes on
 * where it stopped.
 *
 * Stands on the buffered reader and writer, `recv` and `sendall`. Leaves the socket open: closing the file sends what is left, and that is all.
 */

import { LineCursor } from '../../buffered/line-cursor.ts'
import { BufferedReader } from '../../buffered/reader.ts'
import { BufferedWriter } from '../../buffered/writer.ts'
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import type { Cursor, Sequence } from '../../waiting/cursor.ts'
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
  readonly #mode: FileMode
  readonly #isBinary: boolean
  readonly #reader: BufferedReader<T>
  readonly #writer: BufferedWriter
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
    this.#mode = mode
    this.#isBinary = mode.endsWith('b')
    const used = this.#isBinary ? null : encoding
    this.#reader = new BufferedReader(() => socket.recv(CHUNK), used)
    this.#writer = new BufferedWriter((data) => socket.sendall(data), used, buffering)
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
    return operation('file.read()', () => this.#reader.read(size))
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
    return operation('file.readline()', () => this.#reader.readline(size))
  }

  /**
   * Waits for all lines that come until the peer ends.
   *
   * @throws as {@link read} does.
   * @switches only if it must wait
   */
  readlines(): Operation<T[]> {
    this.#checkRead('readlines')
    return operation('file.readlines()', () => this.#reader.readlines())
  }

  /** The lines, one after the other: `while (yield* it.next()) use(it.value)`. @switches never; `next()` of it does */
  cursor(): Cursor<T> {
    this.#checkRead('cursor')
    return new LineCursor(
      'next() of file.cursor()',
      {
        bufferedLine: () => {
          this.#checkOpen('readline')
          return this.#reader.bufferedLine()
        },
        nextLine: () => this.#reader.nextLine(),
        stripped: (line) => line,
      },
      false,
    )
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
    if (this.#isBinary ? !(given instanceof Uint8Array) : typeof given !== 'string') {
      const what = this.#isBinary ? 'bytes expects a Uint8Array' : 'text expects a string'
      throw new UsageError(`write() of a file of ${what}, but got ${show(given)}.`)
    }
    return operation('file.write()', () => this.#writer.write(data))
  }

  /** Sends what was written. @throws what `sendall` throws @switches only if it must wait */
  flush(): Operation<void> {
    this.#checkOpen('flush')
    return operation('file.flush()', () => this.#writer.flush())
  }

  /** Sends what was written; from then on the file is closed, and the socket is not. @throws what `sendall` throws @switches only if it must wait */
  close(): Operation<void> {
    return operation('file.close()', () => this.#close())
  }

  *#close(): Green<void> {
    this.#closed = true
    yield* this.#writer.flush()
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
