/**
 * A storyboard: a test records what happens, and says at the end in which order it must have happened.
 *
 * What is recorded is shared state: an exploration that leaves out equivalent schedules must not take two for equivalent in which the
 * entries come in another order. So each entry writes the board.
 *
 * Stands on the footprint and on boards. Knows no test runner: what it throws has what they all look for, `actual` and `expected`.
 */
import { GreenloopError, recognise, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { reads, writes } from '../../greenlet/footprint.ts'
import { firstDifference, sideBySide } from './boards.ts'

/** Call it to record an entry. */
export interface Recorder {
  (entry: string): void
  /** What was recorded so far. */
  readonly entries: readonly string[]
  /**
   * Checks that exactly this was recorded, in this order.
   *
   * @throws StoryboardError when it was something else; UsageError when `board` is no list of strings.
   */
  expect(board: readonly string[]): void
}

/** The test, or the program: something else was recorded than the storyboard says. Test runners show the difference of the two lists. */
export class StoryboardError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_STORYBOARD'
  /** What was recorded. */
  readonly actual: readonly string[]
  /** What the storyboard says. */
  readonly expected: readonly string[]

  /** @param actual - what was recorded. @param expected - what the storyboard says. */
  constructor(actual: readonly string[], expected: readonly string[]) {
    super(
      `Something else was recorded than the storyboard says, from entry ${String(firstDifference(expected, actual))} on.\n\n` +
        sideBySide(expected, actual),
    )
    this.actual = actual
    this.expected = expected
  }
}
recognise(StoryboardError, 'StoryboardError')

/** What the entries are written on. */
class Storyboard {
  readonly #entries: string[] = []

  get entries(): readonly string[] {
    reads(this)
    return [...this.#entries]
  }

  record(entry: string): void {
    if (typeof entry !== 'string') throw new UsageError(`A recorder expects a string, but got ${show(entry)}.`)
    writes(this)
    this.#entries.push(entry)
  }

  expect(board: readonly string[]): void {
    if (!Array.isArray(board) || !board.every((entry) => typeof entry === 'string')) {
      throw new UsageError(`recorder.expect() expects a list of strings, but got ${show(board)}.`)
    }
    const { entries } = this
    if (firstDifference(board, entries) >= 0) throw new StoryboardError(entries, board)
  }
}

/**
 * Makes a recorder: `rec('a sleeps')` records an entry, `rec.expect(['a sleeps', 'b wakes'])` checks all of them.
 *
 * @switches never
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { recorder, virtual } from 'greenloop/testing'
 *
 * await virtual(function* () {
 *   const rec = recorder()
 *   function* visitor(name: string, ms: number) {
 *     rec(`${name} sleeps`)
 *     yield* sleep(ms)
 *     rec(`${name} wakes`)
 *   }
 *   yield* joinall([spawn(visitor, 'Ann', 60_000), spawn(visitor, 'Ben', 1)])
 *   rec.expect(['Ann sleeps', 'Ben sleeps', 'Ben wakes', 'Ann wakes'])
 *   console.log(rec.entries.length) // 4
 * })
 * ```
 */
export function recorder(): Recorder {
  const board = new Storyboard()
  const record = (entry: string): void => {
    board.record(entry)
  }
  Object.defineProperties(record, {
    entries: { get: () => board.entries },
    expect: {
      value(wanted: readonly string[]): void {
        board.expect(wanted)
      },
    },
  })
  return record as Recorder // with what was just defined
}
