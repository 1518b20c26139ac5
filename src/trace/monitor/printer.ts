/**
 * Writes reports to stderr at once, also in the middle of code that never comes back to Node's loop; and not more of them in a minute than
 * anybody reads.
 *
 * Stands on the file descriptor: Node's streams would wait for the loop.
 */
import { writeSync } from 'node:fs'

const STDERR = 2
const MINUTE_MS = 60_000
/** So often a full pipe is tried again, for some milliseconds each. */
const TRIES = 20
const nap = new Int32Array(new SharedArrayBuffer(4))

/** Writes to stderr now; what a broken or full pipe does not take is lost. */
function writeNow(text: string): void {
  let rest = Buffer.from(text)
  for (let tries = 0; rest.length > 0 && tries < TRIES; ) {
    try {
      rest = rest.subarray(writeSync(STDERR, rest))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
      tries++
      Atomics.wait(nap, 0, 0, 5)
    }
  }
}

/** Lets so many reports pass in a minute, and counts those that it holds back. */
export class Printer {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #write: (text: string) => void
  /** When the last ones were printed, oldest first. */
  #printed: number[] = []
  #heldBack = 0

  constructor(perMinute: number, now: () => number, write: (text: string) => void = writeNow) {
    this.#perMinute = perMinute
    this.#now = now
    this.#write = write
  }

  /** Whether a report would be printed now. */
  get full(): boolean {
    const now = this.#now()
    this.#printed = this.#printed.filter((at) => now - at < MINUTE_MS)
    return this.#printed.length >= this.#perMinute
  }

  /** Whether a report may be printed: how many were held back before it; null: it is held back itself. */
  take(): number | null {
    if (this.full) {
      this.#heldBack++
      return null
    }
    const heldBack = this.#heldBack
    this.#heldBack = 0
    this.note()
    return heldBack
  }

  /** Counts a report that somebody else has printed. */
  note(): void {
    this.#printed.push(this.#now())
  }

  /** Prints what may be printed. */
  print(text: string): void {
    this.#write(text)
  }
}
