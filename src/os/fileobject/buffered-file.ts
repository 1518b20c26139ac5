/**
 * A raw file with a reader and a writer around it, and one place for both. What was read ahead and what was written and is not handed over yet
 * lie around it:
 *
 * ```
 *   reading:   ... given | <place> unread (in the reader) | <the raw file's place>
 *   writing:   ... handed over | <the raw file's place> unsent (in the writer) | <place>
 * ```
 *
 * There is never something unread and something unsent: before a write what is unread is forgotten, and the raw file goes back to the place; before
 * a read what is unsent is handed over. A kill in the middle of either leaves it true.
 *
 * Where a place in the text is in the bytes is told by the bytes of what is unread, which the reader keeps; Python does it with the state of its
 * decoder.
 *
 * Stands on the buffered reader and writer and on a raw file. Leaves to the FileObject what may be called when, and by whom.
 */
import { BufferedReader } from '../../buffered/reader.ts'
import { BufferedWriter } from '../../buffered/writer.ts'
import type { Green } from '../../protocol.ts'
import { beforeBeginning } from './file-mode.ts'
import type { Disk, Raw } from './raw.ts'

/** For one greenlet at a time. */
export class BufferedFile<T extends string | Buffer> {
  /** What it stands on. */
  readonly raw: Raw
  readonly #reader: BufferedReader<T>
  readonly #writer: BufferedWriter

  /** @param encoding - of text; null: it is of bytes. */
  constructor(raw: Raw, encoding: BufferEncoding | null, buffering: number) {
    this.raw = raw
    this.#reader = new BufferedReader((size) => raw.read(size), encoding, raw.disk !== null)
    this.#writer = new BufferedWriter((data) => raw.write(data), encoding, buffering)
  }

  *read(size: number): Green<T> {
    yield* this.#beforeReading()
    return yield* this.#reader.read(size)
  }

  *readinto(buffer: Uint8Array): Green<number> {
    const data = (yield* this.read(buffer.length)) as Buffer // it is one of bytes
    buffer.set(data)
    return data.length
  }

  /** What is there: at least one character, none at the end. */
  *read1(size: number): Green<T> {
    yield* this.#beforeReading()
    return yield* this.#reader.read1(size)
  }

  /** As {@link readinto}, but what is buffered, or else what one read of the raw file gives: a kill takes no byte away. */
  *readinto1(buffer: Uint8Array): Green<number> {
    if (this.#reader.length === 0 && this.raw.readinto !== undefined && buffer.length > 0) {
      yield* this.#beforeReading()
      return yield* this.raw.readinto(buffer)
    }
    const data = (yield* this.read1(buffer.length)) as Buffer // it is one of bytes
    buffer.set(data)
    return data.length
  }

  *readline(size: number): Green<T> {
    yield* this.#beforeReading()
    return yield* this.#reader.readline(size)
  }

  *readlines(): Green<T[]> {
    yield* this.#beforeReading()
    return yield* this.#reader.readlines()
  }

  /** The next line with its end, if nothing has to be waited for; else null. */
  bufferedLine(): T | null {
    return this.#writer.unsent > 0 ? null : this.#reader.bufferedLine()
  }

  /** A line without its end. */
  stripped(line: T): T {
    return this.#reader.stripped(line)
  }

  /** Takes the bytes that have arrived and were not taken, as they came. */
  takeBytes(): Buffer {
    return this.#reader.takeBytes()
  }

  /** As `readline`, when nobody will ask again. */
  *nextLine(): Green<T> {
    yield* this.#beforeReading()
    return yield* this.#reader.nextLine()
  }

  /** As `write`, if nothing has to be waited for; answers whether it was done. */
  writeNow(data: string | Uint8Array): boolean {
    if (!this.#writer.hasRoomFor(data)) return false
    this.#beforeWriting()
    this.#writer.add(data)
    return true
  }

  /** Writes it at the place, or keeps it to be written there. */
  *write(data: string | Uint8Array): Green<number> {
    this.#beforeWriting()
    return yield* this.#writer.write(data)
  }

  /** Hands what was written to the raw file. */
  *flush(): Green<void> {
    // Of a write that was killed something may be under way.
    if (this.#writer.unsent > 0 || this.raw.disk !== null) yield* this.raw.write(this.#writer.take())
  }

  /** Has the system write all of it to the disk. */
  *sync(disk: Disk): Green<void> {
    yield* this.flush()
    yield* disk.sync()
  }

  /** Where it is; 0 where there are no places. */
  tell(): number {
    const { disk } = this.raw
    return disk === null ? 0 : disk.where(this.#writer.unsent) - this.#reader.unreadBytes
  }

  /** Goes to another place; gives which. */
  *seek(disk: Disk, offset: number, whence: 0 | 1 | 2): Green<number> {
    yield* this.#beforeReading()
    const place = offset + (whence === 0 ? 0 : whence === 1 ? this.tell() : yield* disk.size())
    if (place < 0) throw beforeBeginning(place)
    disk.move(place)
    this.#reader.discard()
    return place
  }

  /** Makes the file so long, or end where it is; gives how long it is. */
  *truncate(disk: Disk, given: number | undefined): Green<number> {
    yield* this.#beforeReading()
    this.#beforeWriting()
    const size = given ?? this.tell()
    yield* disk.truncate(size)
    return size
  }

  /** Hands what was written to the raw file, and closes it, also when that fails. */
  *close(): Green<void> {
    try {
      yield* this.#writer.flush()
    } catch (error) {
      this.abandon()
      throw error
    }
    yield* this.raw.close()
  }

  /** Hands what was written to the raw file, and closes it, without waiting. `isEnd`: the process ends. */
  abandon(isEnd = false): void {
    this.raw.abandon(this.#writer.take(), isEnd)
  }

  *#beforeReading(): Green<void> {
    if (this.#writer.unsent > 0) yield* this.#writer.flush()
  }

  #beforeWriting(): void {
    if (this.#reader.unreadBytes === 0) return
    this.raw.disk?.move(this.tell())
    this.#reader.discard()
  }
}
