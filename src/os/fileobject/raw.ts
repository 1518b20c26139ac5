/**
 * Raw files: what a FileObject stands on. Bytes, without a buffer.
 *
 * Stands on the protocol. There is one of a descriptor in `descriptor.ts`, and one of a child's pipe in `os/subprocess`.
 */
import type { Operation } from '../../protocol.ts'

/** What a FileObject reads and writes: bytes, without a buffer. */
export interface Raw {
  /** What it is, for messages: `the file "x"`. */
  readonly label: string
  /** The operating system's number of it; null: it has none. */
  readonly fd: number | null
  /** Set where there are places to go to. */
  readonly disk: Disk | null
  /** Gives at least one byte; none: that was the end. It is asked for `size` at the most. A kill takes no byte away. */
  read(size: number): Operation<Buffer>
  /** As `read`, into a buffer; gives how many bytes. For those who can do it with less memory. */
  readinto?(buffer: Uint8Array): Operation<number>
  /** Writes all of it. What it was given is its own from then on: a kill does not keep it from being written. */
  write(data: Buffer): Operation<void>
  /** Closes it, behind what is under way. */
  close(): Operation<void>
  /**
   * Writes `rest` and closes it, without waiting: at once if that can be, or else behind what is under way, unseen. `isEnd`: at once in any case,
   * since the process ends.
   */
  abandon(rest: Buffer, isEnd?: boolean): void
}

/** What a raw file has besides that has places to go to. Of a place, the next reading and writing begins there. */
export interface Disk {
  /** Where what is written next would lie behind `unsent` more bytes; without any, where it would be read on. */
  where(unsent: number): number
  /** Goes to a place, in bytes from the beginning. */
  move(place: number): void
  /** Whether the system's own place, where whoever is given the descriptor begins, stays at the beginning. */
  readonly isApart: boolean
  /** How long it is. */
  size(): Operation<number>
  /** Makes it so long. */
  truncate(size: number): Operation<void>
  /** Has the system write all of it to the disk. */
  sync(): Operation<void>
}
