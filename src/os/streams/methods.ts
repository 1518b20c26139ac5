/**
 * The methods that streams gain: as interfaces, and as the tables that the patch puts on prototypes.
 *
 * Stands on the functions of this room. Leaves to `monkey` which objects have them.
 */
import type { Readable, Writable } from 'node:stream'
import type { Operation } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import type { WaitOptions } from '../../waiting/timeout.ts'
import { chunks } from './chunks.ts'
import { type LinesOptions, lines } from './lines.ts'
import { recv } from './recv.ts'
import { end, write } from './write.ts'

/** What every stream gains that can be read. A socket has a `recv` of its own. */
export interface ReadableMethods {
  /**
   * Waits until something has arrived, and gives it: at least one byte and at most `size`; an empty Buffer at the end. As `recv` of
   * `greenloop/os`.
   *
   * @param size - how much at the most. @defaultValue all that is there
   * @param options - `timeoutMs`: how long at the most.
   * @throws ConcurrentObjectUseError when another greenlet waits in it; the stream's error; StreamClosedError when it is closed before its end;
   * StreamTimeoutError when the time has passed; UsageError for a wrong `size`, a stream of objects, and one that somebody else reads.
   * @switches only if it must wait
   */
  recv(size?: number, options?: WaitOptions): Operation<Buffer>
  /**
   * What the stream gives, piece by piece: `while (yield* it.next()) use(it.value)`. As `chunks` of `greenloop/os`.
   *
   * @switches never; `next()` of it does
   */
  cursor<T = Buffer>(): Cursor<T>
  /**
   * The stream line by line, without their ends: `while (yield* it.next()) use(it.value)`. As `lines` of `greenloop/os`.
   *
   * @param options - `encoding` of bytes; `maxLength` of a line.
   * @throws UsageError for wrong options.
   * @switches never; `next()` of it does
   */
  lines(options?: LinesOptions): Cursor<string>
}

/** What every stream gains that can be written to. A socket has a `sendall` of its own. */
export interface WritableMethods {
  /**
   * Writes `data`, and waits while the stream takes it more slowly than it is written. As `write` of `greenloop/os`.
   *
   * What was handed over before a kill is written all the same.
   *
   * @param data - text, bytes, or anything but null for a stream in object mode.
   * @param options - `timeoutMs`: how long at the most.
   * @throws the stream's error; StreamClosedError when it is ended or closed, before or meanwhile; StreamTimeoutError when the time has passed;
   * UsageError for data that the stream does not take.
   * @switches only if it must wait
   */
  sendall(data: unknown, options?: WaitOptions): Operation<void>
  /**
   * Ends the stream, and waits until all that was written is out. As `end` of `greenloop/os`.
   *
   * @param data - written before the end. @defaultValue nothing
   * @param options - `timeoutMs`: how long at the most.
   * @throws as {@link WritableMethods.sendall} does.
   * @switches only if it must wait
   */
  finish(data?: unknown, options?: WaitOptions): Operation<void>
}

/** The methods of streams that can be read, as they are put on a prototype. */
export const readableMethods: {
  recv(this: Readable, size?: number, options?: WaitOptions): Operation<Buffer>
  cursor<T = Buffer>(this: Readable): Cursor<T>
  lines(this: Readable, options?: LinesOptions): Cursor<string>
} = {
  recv(size, options) {
    return recv(this, size, options)
  },
  cursor<T>(this: Readable) {
    return chunks<T>(this)
  },
  lines(options) {
    return lines(this, options)
  },
}

/** The methods of streams that can be written to, as they are put on a prototype. */
export const writableMethods: {
  sendall(this: Writable, data: unknown, options?: WaitOptions): Operation<void>
  finish(this: Writable, data?: unknown, options?: WaitOptions): Operation<void>
} = {
  sendall(data, options) {
    return write(this, data, options)
  },
  finish(data, options) {
    return end(this, data, options)
  },
}
