/**
 * `FileObject`: a file to be read and written as Python does it, by sizes, by lines, and at places to go to.
 *
 * Greenlets that use one file at once wait in line, first come, first served: lines that several write come out whole, and of several that read
 * each is given lines of its own. To refuse the second one, as sockets do, would be wrong for a log that many write to; and there is one place
 * that all calls move, so none may begin in the middle of another.
 *
 * Stands on the buffered file. Leaves opening to `open.ts`.
 */
import { given } from '../../buffered/given.ts'
import { LineCursor } from '../../buffered/line-cursor.ts'
import { StreamClosedError, UsageError } from '../../errors/classes.ts'
import { checkFlag, show } from '../../errors/usage.ts'
import { type Green, isList, type Operation } from '../../protocol.ts'
import { Semaphore } from '../../sync/semaphore.ts'
import type { Cursor, Sequence } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { BufferedFile } from './buffered-file.ts'
import { Descriptor } from './descriptor.ts'
import {
  type Access,
  accessOf,
  checkData,
  checkFileOptions,
  checkPlace,
  checkSize,
  type FileMode,
  type FileObjectOptions,
  type ModeOf,
} from './file-mode.ts'
import type { Disk, Raw } from './raw.ts'
import { forget, lookAfter } from './unclosed.ts'

/**
 * A file. Of text, sizes count UTF-16 units, as `length` does; a character that a size would cut is given whole. Places count bytes.
 *
 * What was written is in the file after `flush()`, `close()`, or the end of a `using` block. Several greenlets may use one file: their calls come
 * one after the other, in the order in which they were made.
 *
 * A kill in the middle of a call leaves the file as usable as before: nothing that was written is lost, nothing that was not given is skipped.
 *
 * @source gevent: `gevent.fileobject.FileObject`
 * @example
 * ```ts
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { run } from 'greenloop'
 * import { fs, open } from 'greenloop/os'
 *
 * await run(function* () {
 *   const path = join(yield* fs.mkdtemp(join(tmpdir(), 'greenloop-')), 'numbers')
 *   using file = yield* open(path, 'w+')
 *   yield* file.writelines(['one\n', 'two\n', 'three\n'])
 *   yield* file.seek(4)
 *   console.log(yield* file.read(3), file.tell()) // two 7
 *   yield* file.write('!')
 *   console.log(yield* file.readlines()) // [ 'three\n' ]
 * })
 * ```
 */
export class FileObject<T extends string | Buffer = string> implements Sequence<T>, Disposable, AsyncDisposable {
  /** What it was opened by: a path, or a descriptor. */
  readonly name: string | number
  /** As it was given. */
  readonly mode: FileMode
  readonly #raw: Raw
  readonly #access: Access
  readonly #file: BufferedFile<T>
  /** Held by the call that is under way. */
  readonly #turn = new Semaphore(1)
  #closed = false

  /**
   * Of a path makes {@link open} one.
   *
   * @param source - a descriptor, which is the file's from now on; it is used from the beginning of the file on, with `a` from the end.
   * @param mode - as the descriptor was opened: `r`, `w`, `a` or `x`, with `+` for both and `b` for bytes; for bytes write
   * `new FileObject<Buffer>(fd, 'rb')`. @defaultValue 'r', and then T is text
   * @param options - `encoding`, `buffering`, `name`; `closefd: false` leaves the descriptor open.
   * @throws UsageError for wrong arguments, and for `+` of what has no places, such as a pipe; Node's error when it is no open descriptor.
   */
  constructor(source: number | Raw, mode: ModeOf<T> = 'r' as ModeOf<T>, options: FileObjectOptions = {}) {
    const access = accessOf('new FileObject()', mode)
    checkFileOptions('new FileObject()', access, options)
    checkFlag('new FileObject()', 'closefd', options.closefd)
    const { encoding = 'utf8', buffering = 65_536, closefd = true } = options
    const raw = typeof source === 'number' ? Descriptor.of(source, access.appends, closefd, options.name) : source
    if (access.reads && access.writes && raw.disk === null) {
      throw new UsageError(`new FileObject() expects ${raw.label} to have places to go to, for the mode '${mode}'.`)
    }
    this.name = options.name ?? raw.fd ?? raw.label
    this.mode = mode
    this.#raw = raw
    this.#access = access
    this.#file = new BufferedFile(raw, access.isBinary ? null : encoding, buffering)
    if (raw instanceof Descriptor) lookAfter(this, this.#file, !closefd)
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** Whether its mode is for reading. */
  get readable(): boolean {
    return this.#access.reads
  }

  /** Whether its mode is for writing. */
  get writable(): boolean {
    return this.#access.writes
  }

  /** Whether it has places to go to: a pipe and a terminal have none. */
  get seekable(): boolean {
    return this.#raw.disk !== null
  }

  /** The descriptor. @throws UsageError when it has none, or is closed @switches never */
  fileno(): number {
    this.#checkOpen('fileno')
    const { fd, label } = this.#raw
    if (fd === null) throw new UsageError(`fileno() was called of ${label}, which has no descriptor.`)
    return fd
  }

  /**
   * Waits for `size` characters, or bytes; fewer only at the end.
   *
   * The end is not for ever: what somebody appends is given by the next call.
   *
   * @param size - how many. @defaultValue all there is
   * @throws UsageError when the file is closed or not for reading, or `size` is no integer from 0; Node's error, and what was read stays;
   * StreamClosedError when it is closed meanwhile.
   * @switches only if it must wait
   */
  read(size: number = Infinity): Operation<T> {
    this.#checkSize('read', size)
    return this.#inTurn('read', () => this.#file.read(size))
  }

  /** As {@link read}, but goes on with what is there: at least one character, or byte; nothing at the end. @switches only if it must wait */
  read1(size: number = Infinity): Operation<T> {
    this.#checkSize('read1', size)
    return this.#inTurn('read1', () => this.#file.read1(size))
  }

  /**
   * Waits for as many bytes as `buffer` has room for, and writes them to its beginning; fewer only at the end of the file.
   *
   * @returns how many.
   * @throws as {@link read}; UsageError when the file is one of text, or `buffer` no Uint8Array.
   * @switches only if it must wait
   */
  readinto(buffer: Uint8Array): Operation<number> {
    this.#checkInto('readinto', buffer)
    return this.#inTurn('readinto', () => this.#file.readinto(buffer))
  }

  /** As {@link readinto}, but goes on with what is there: at least one byte, none at the end. A pipe is read so with the least memory. @switches only if it must wait */
  readinto1(buffer: Uint8Array): Operation<number> {
    this.#checkInto('readinto1', buffer)
    return this.#inTurn('readinto1', () => this.#file.readinto1(buffer))
  }

  /**
   * Waits for a line, and gives it with its end; without one only at the end of the file, where an empty line is all there is.
   *
   * @param size - at the most so many characters, or bytes. @defaultValue the whole line
   * @throws as {@link read} does.
   * @switches only if it must wait
   */
  readline(size: number = Infinity): Operation<T> {
    this.#checkSize('readline', size)
    return operation('file.readline()', () => this.#readline(size))
  }

  #readline(size: number): Green<T> {
    const line = size === Infinity && this.#isFree ? this.#file.bufferedLine() : null
    return line === null ? this.#alone('readline', () => this.#file.readline(size)) : given(line)
  }

  /** Waits for all lines to the end of the file. @throws as {@link read} does @switches only if it must wait */
  readlines(): Operation<T[]> {
    this.#checkOpen('readlines', 'reads')
    return this.#inTurn('readlines', () => this.#file.readlines())
  }

  /** The lines with their ends, as Python gives them: `while (yield* it.next()) use(it.value)`. @switches never; `next()` of it does */
  cursor(): Cursor<T> {
    return this.#lines('cursor', false)
  }

  /** The lines without their ends, be they `\n` or `\r\n`. @switches never; `next()` of it does */
  lines(): Cursor<T> {
    return this.#lines('lines', true)
  }

  #lines(call: string, isStripped: boolean): Cursor<T> {
    this.#checkOpen(call, 'reads')
    const file = this.#file
    const source = {
      bufferedLine: () => {
        this.#checkOpen('next')
        return this.#isFree ? file.bufferedLine() : null
      },
      nextLine: () => this.#alone('next', () => this.#file.nextLine()),
      stripped: (line: T) => file.stripped(line),
    }
    return new LineCursor(`next() of file.${call}()`, source, isStripped)
  }

  /**
   * Writes text, or bytes, at the place where the file is; after `a`, at its end. What is more than `buffering` is handed to the system.
   *
   * @returns how many characters, or bytes.
   * @throws UsageError when the file is closed or not for writing, or `data` is not of its kind; Node's error; StreamClosedError when it is
   * closed meanwhile.
   * @switches only if it must wait
   */
  write(data: T extends string ? string : Uint8Array): Operation<number> {
    this.#checkOpen('write', 'writes')
    checkData('write', this.#access, data)
    return operation('file.write()', () =>
      this.#isFree && this.#file.writeNow(data)
        ? given(data.length)
        : this.#alone('write', () => this.#file.write(data)),
    )
  }

  /** Writes each, and nothing between. @throws as {@link write} @switches only if it must wait */
  writelines(lines: Iterable<T extends string ? string : Uint8Array>): Operation<void> {
    this.#checkOpen('writelines', 'writes')
    if (!isList(lines)) throw new UsageError(`writelines() expects an iterable, but got ${show(lines)}.`)
    return this.#inTurn('writelines', () => this.#writelines(lines))
  }

  *#writelines(lines: Iterable<T extends string ? string : Uint8Array>): Green<void> {
    for (const line of lines) {
      checkData('writelines', this.#access, line)
      this.#checkStillOpen('writelines')
      yield* this.#file.write(line)
    }
  }

  /** Hands what was written to the system. @throws Node's error @switches only if it must wait */
  flush(): Operation<void> {
    this.#checkOpen('flush')
    return this.#inTurn('flush', () => this.#file.flush())
  }

  /** Hands what was written to the system, and waits until that has written it to the disk. @throws as {@link flush}; UsageError for a pipe @switches always */
  sync(): Operation<void> {
    const disk = this.#checkDisk('sync')
    return this.#inTurn('sync', () => this.#file.sync(disk))
  }

  /**
   * Where the file is: how many bytes from its beginning. Of text, all that was not given counts as not read.
   *
   * @throws UsageError when the file is closed, or has no places.
   * @switches never
   */
  tell(): number {
    this.#checkDisk('tell')
    return this.#file.tell()
  }

  /**
   * Goes to another place.
   *
   * @param offset - in bytes. Of text, one that `tell` gave; another one may lie within a character.
   * @param whence - what it counts from: 0 the beginning, 1 where the file is, 2 its end. @defaultValue 0
   * @returns how many bytes from the beginning that is.
   * @throws UsageError when the file is closed or has no places, for wrong arguments, and when it would lie before the beginning; Node's error
   * of what was written before.
   * @switches only if it must wait
   */
  seek(offset: number, whence: 0 | 1 | 2 = 0): Operation<number> {
    const disk = this.#checkDisk('seek')
    checkPlace(offset, whence)
    return this.#inTurn('seek', () => this.#file.seek(disk, offset, whence))
  }

  /**
   * Makes the file so long: what is behind is gone, what is missing is zeros. Where the file is does not change.
   *
   * @param size - in bytes. @defaultValue where the file is
   * @returns how long it is.
   * @throws UsageError when the file is closed, not for writing, or has no places, or `size` is no integer from 0; Node's error.
   * @switches always
   */
  truncate(size?: number): Operation<number> {
    const disk = this.#checkDisk('truncate')
    this.#checkOpen('truncate', 'writes')
    if (size !== undefined) checkSize('truncate', size)
    return this.#inTurn('truncate', () => this.#file.truncate(disk, size))
  }

  /**
   * Hands what was written to the system, and closes the file. A second call does nothing.
   *
   * A kill meanwhile ends the waiting only: the file is closed behind what is under way.
   *
   * @throws Node's error of what was written; it is closed all the same.
   * @switches always, except when it is closed
   */
  close(): Operation<void> {
    return operation('file.close()', () => this.#close())
  }

  *#close(): Green<void> {
    if (this.#closed) return
    this.#end()
    yield* this.#file.close()
  }

  #end(): void {
    this.#closed = true
    forget(this.#file)
  }

  /**
   * For `using`: closes the file without waiting. What was written is in it then: it is written at once, unless a call of a killed greenlet is
   * under way, or the file is a pipe; then it is written and closed behind that, unseen, and an error of it is told to the hub.
   *
   * @throws Node's error of what was written at once.
   * @switches never
   */
  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#end()
    this.#file.abandon()
  }

  /** For `await using` in async code: {@link close}. */
  [Symbol.asyncDispose](): Operation<void> {
    return this.close()
  }

  /** @internal Where it is, when that is not where a child that is given it would begin; else null. */
  get $foreignPlace(): number | null {
    return this.#raw.disk?.isApart === true && this.#file.tell() > 0 ? this.#file.tell() : null
  }

  /** @internal Takes out what has arrived and was not asked for, as it came. */
  $takeBuffered(): Buffer {
    return this.#file.takeBytes()
  }

  /** Whether something that does not wait may be done at once. */
  get #isFree(): boolean {
    return !this.#turn.locked() && !this.#closed
  }

  #inTurn<R>(call: string, body: () => Green<R>): Operation<R> {
    return operation(`file.${call}()`, () => this.#alone(call, body))
  }

  *#alone<R>(call: string, body: () => Green<R>): Green<R> {
    yield* this.#turn.acquire()
    try {
      this.#checkStillOpen(call)
      return yield* body()
    } finally {
      this.#turn.release()
    }
  }

  #checkStillOpen(call: string): void {
    if (this.#closed) throw new StreamClosedError(`${call}() of ${this.#raw.label}: it was closed meanwhile.`)
  }

  #checkInto(call: string, buffer: unknown): void {
    this.#checkOpen(call, 'reads')
    if (!this.#access.isBinary)
      throw new UsageError(`${call}() was called of ${this.#raw.label}, which is one of text.`)
    if (!(buffer instanceof Uint8Array))
      throw new UsageError(`${call}() expects a Uint8Array, but got ${show(buffer)}.`)
  }

  #checkSize(call: string, size: number): void {
    this.#checkOpen(call, 'reads')
    if (size !== Infinity) checkSize(call, size)
  }

  #checkDisk(call: string): Disk {
    this.#checkOpen(call)
    const { disk, label } = this.#raw
    if (disk === null) throw new UsageError(`${call}() was called of ${label}, which has no places to go to.`)
    return disk
  }

  #checkOpen(call: string, right?: 'reads' | 'writes'): void {
    const { label } = this.#raw
    if (this.#closed) throw new UsageError(`${call}() was called of ${label}, which is closed.`)
    if (right !== undefined && !this.#access[right])
      throw new UsageError(`${call}() was called of ${label}, which was opened with the mode '${this.mode}'.`)
  }
}
