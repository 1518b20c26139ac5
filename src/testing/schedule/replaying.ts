/**
 * A recorded schedule, run again.
 *
 * Stands on the choices. Leaves to `runs/replay.ts` to say that a schedule is out of date.
 */
import { type Choices, GIVE_UP, type Policy } from './choices.ts'
import type { RecordedSchedule } from './trace-string.ts'

/** Where a program was found to be another one than that which was recorded. */
export interface Difference {
  /** The step, counted from 0. */
  readonly step: number
  /** How many options it has now. */
  readonly offered: number
  /** How many it had. */
  readonly recorded: number
}

/** Chooses what was recorded, and gives up where that is not offered; for one execution. What comes after the end of it is first come, first served. */
export class Replaying implements Policy {
  /** The first step that has another number of options than when it was recorded, as far as that is known. */
  difference: Difference | null = null
  readonly #recorded: RecordedSchedule

  constructor(recorded: RecordedSchedule) {
    this.#recorded = recorded
  }

  choose({ count }: Choices, step: number): number {
    const offered = this.#recorded.offered[step] ?? 0
    if (offered !== 0 && offered !== count) {
      this.difference ??= { step, offered: count, recorded: offered }
      return GIVE_UP
    }
    return this.#recorded.choices[step] ?? 0
  }
}
