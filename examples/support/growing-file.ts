/** A file of `tail.ts`, which is read while others write to it: line by line, from the last ones on, and with a look at what has become of it. */
import { type Green, isInterrupt, type Operation } from 'greenloop'
import { type FileObject, fs, open } from 'greenloop/os'

const NEWLINE = 0x0a
const BLOCK = 65_536
const FROM_END = 2

/** Takes a line. */
export type TakeLine = (line: string) => Green<void>

/** What has become of a file. */
export type Fate = 'the same' | 'shorter' | 'replaced'

/** A file that grows. */
export class GrowingFile {
  readonly #file: FileObject<Buffer>
  /** A line, as far as it has been written. Bytes: they may end in the middle of a character. */
  #half: Buffer[] = []

  private constructor(file: FileObject<Buffer>) {
    this.#file = file
  }

  /** Opens the file at `path`; null when there is none. */
  static *open(path: string): Green<GrowingFile | null> {
    const file = yield* unlessMissing(open(path, 'rb'))
    return file === null ? null : new GrowingFile(file)
  }

  /** Goes to where the last `count` lines begin. That is looked for from the end: a file may be long. */
  *goToLast(count: number): Green<void> {
    const file = this.#file
    let newlines = 0
    for (let end = yield* file.seek(0, FROM_END); end > 0; ) {
      const begin = yield* file.seek(Math.max(0, end - BLOCK))
      const block = yield* file.read(end - begin)
      for (let at = block.length - 1; at >= 0; at--) {
        if (block[at] !== NEWLINE || newlines++ < count) continue
        yield* file.seek(begin + at + 1)
        return
      }
      end = begin
    }
    yield* file.seek(0)
  }

  /** Goes back to the beginning. */
  *restart(): Green<void> {
    this.#half = []
    yield* this.#file.seek(0)
  }

  /** Reads what has been written by now, and gives the lines that are complete. */
  *read(take: TakeLine): Green<void> {
    for (;;) {
      const piece = yield* this.#file.readline()
      if (piece.length === 0) return
      this.#half.push(piece)
      if (piece.at(-1) === NEWLINE) yield* this.finish(take)
    }
  }

  /** Gives what there is of a line: no more of it will come. */
  *finish(take: TakeLine): Green<void> {
    if (this.#half.length === 0) return
    const line = Buffer.concat(this.#half).toString()
    this.#half = []
    yield* take(line.replace(/\r?\n$/u, ''))
  }

  /** What has become of it, when it was opened at `path`. Without its name it is still the same, and may be written to. */
  *fate(path: string): Green<Fate> {
    const named = yield* unlessMissing(fs.stat(path))
    const own = yield* fs.fstat(this.#file.fileno())
    if (named !== null && (named.ino !== own.ino || named.dev !== own.dev)) return 'replaced'
    return own.size < this.#file.tell() ? 'shorter' : 'the same'
  }

  /** Closes it. */
  close(): void {
    this.#file[Symbol.dispose]()
  }
}

/** Null for a file that is not there. */
function* unlessMissing<T>(operation: Operation<T>): Green<T | null> {
  try {
    return yield* operation
  } catch (err) {
    if (isInterrupt(err) || (err as NodeJS.ErrnoException).code !== 'ENOENT') throw err
    return null
  }
}
