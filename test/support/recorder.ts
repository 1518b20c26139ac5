/**
 * A storyboard: a test records what happens, and says at the end in which order it must have happened.
 *
 * Stands on vitest's `expect`, so that a difference is shown entry by entry.
 */
import { expect } from 'vitest'

/** Call it to record an entry. */
export interface Recorder {
  (entry: string): void
  /** What was recorded so far. */
  readonly entries: readonly string[]
  /** Fails unless exactly this was recorded, in this order. */
  expect(board: readonly string[]): void
}

/** `const rec = recorder(); rec('a sleeps'); rec.expect(['a sleeps', 'b wakes'])` */
export function recorder(): Recorder {
  const entries: string[] = []
  const record = (entry: string): void => {
    entries.push(entry)
  }
  return Object.assign(record, {
    entries,
    expect(board: readonly string[]): void {
      expect(entries).toEqual(board)
    },
  })
}
