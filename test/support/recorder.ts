/**
 * A storyboard: a test records what happens, and says at the end in which order it must have happened.
 *
 * Stands on vitest's `expect`, so that a difference is shown entry by entry.
 */
import { expect } from 'vitest'

/** Entries that may come in any order among themselves. */
class AnyOrder {
  readonly entries: readonly string[]

  constructor(entries: readonly string[]) {
    this.entries = entries
  }
}

/** Call it to record an entry. */
export interface Recorder {
  (entry: string): void
  /** What was recorded so far. */
  readonly entries: readonly string[]
  /** Fails unless exactly this was recorded, in this order. */
  expect(board: readonly (string | AnyOrder)[]): void
}

/** Stands in a storyboard for entries whose order among themselves is nobody's promise. */
export function anyOrder(...entries: string[]): AnyOrder {
  return new AnyOrder(entries)
}

/** `const rec = recorder(); rec('a sleeps'); rec.expect(['a sleeps', anyOrder('b wakes', 'c wakes')])` */
export function recorder(): Recorder {
  const entries: string[] = []
  const record = (entry: string): void => {
    entries.push(entry)
  }
  return Object.assign(record, {
    entries,
    expect(board: readonly (string | AnyOrder)[]): void {
      const wanted: string[] = []
      for (const scene of board) {
        if (typeof scene === 'string') wanted.push(scene)
        else wanted.push(...inTheOrderOf(entries.slice(wanted.length), scene.entries))
      }
      expect(entries).toEqual(wanted)
    },
  })
}

/** `entries` as they happened, if they did; else as they were written. */
function inTheOrderOf(happened: readonly string[], entries: readonly string[]): readonly string[] {
  const slice = happened.slice(0, entries.length)
  return [...slice].sort().join('\n') === [...entries].sort().join('\n') ? slice : entries
}
