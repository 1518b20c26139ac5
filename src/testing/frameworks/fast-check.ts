/**
 * fast-check: the schedule as a value, so that it shrinks together with the data.
 *
 * A value holds nothing but shares: for each step, how far along the line the one stands who is next. It gives the same run each time, since
 * fast-check replays by its own seed and path, and shrinks without knowing what a run has shown. When the data shrink and fewer stand in the
 * line, a share still means the first, the last, one in the middle; an option's number would not. Shares are drawn for so and so many steps,
 * dense or sparse; after them it is first come, first served.
 *
 * Stands on the explorer, and on fast-check, which only this file loads. Leaves to fast-check how many runs there are.
 */
import { Arbitrary, type Random as Chance, Stream, Value } from 'fast-check'
import { checkOptions } from '../../errors/usage.ts'
import type { Driven } from '../../protocol.ts'
import type { ScheduleContext } from '../execution/body.ts'
import { Explorer, hasFailed } from '../runs/explorer.ts'
import { checkBody, checkCount, checkScheduleOptions, type ScheduleOptions } from '../runs/options.ts'
import { byShare, SHARES } from '../schedule/policies.ts'
import { Random } from '../schedule/random.ts'
import { type Progress, simpler, trimmed } from '../schedule/simpler.ts'

/** How {@link Schedule.run} runs a body. */
export type ScheduleRunOptions = Omit<ScheduleOptions, 'shrink' | 'name'>

/** A schedule that fast-check has drawn. It is one for any body. */
export class Schedule {
  /** @internal The share of each step, below 2520. */
  readonly $shares: readonly number[]
  /** The string of the run that has failed. */
  #trace: string | null = null

  /** @internal Made by {@link schedules}. */
  constructor(shares: readonly number[]) {
    this.$shares = shares
  }

  /**
   * Runs `body` under this schedule, as `explore` runs it under each.
   *
   * @param body - a generator function of `t`, run as the greenlet `main`: it must make all that it uses, and wait for nothing real.
   * @param options - which order, and when a run has no end.
   * @returns what the body returns.
   * @throws UsageError at the call when something is no function or no option. Rejects with ScheduleFailure when the run fails, with the
   * report; UncontrolledNondeterminism when something besides the schedule decides what the body does.
   * @switches never: it returns a promise, for `await` in plain code
   */
  run<T>(body: (t: ScheduleContext) => Driven<T>, options: ScheduleRunOptions = {}): Promise<T> {
    checkBody('schedule.run', body)
    checkScheduleOptions('schedule.run()', options, [])
    return new Promise((resolve) => {
      resolve(this.#run(body, options))
    })
  }

  #run<T>(body: (t: ScheduleContext) => Driven<T>, options: ScheduleRunOptions): T {
    const explorer = new Explorer('schedule.run', body, { ...options, shrink: false }, 'none')
    const execution = explorer.run(byShare(this.$shares), 'none')
    explorer.executions = 1
    if (hasFailed(execution)) {
      explorer.first() // it gives the program its fingerprint
      const failure = explorer.failure(execution)
      this.#trace = failure.trace
      throw failure
    }
    const { outcome } = execution
    if (outcome.kind !== 'returned') throw new TypeError('The schedule was cut.')
    return outcome.value as T // the body's
  }

  /** The string that replays the run, if it has failed; else how far along the line it takes the next one, step by step. */
  toString(): string {
    return (
      this.#trace ??
      `schedule(${this.$shares.map((share) => String(Math.round((100 * share) / SHARES) / 100)).join(' ')})`
    )
  }
}

// What fast-check and `console.log` show of a counterexample: how it is made up is of no interest.
Object.defineProperty(Schedule.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Schedule): string {
    return String(this)
  },
  configurable: true,
})

/** How {@link schedules} draws. */
export interface SchedulesOptions {
  /** For how many steps it is drawn who is next, at most. More than a run takes do no harm. @defaultValue 200 */
  steps?: number
}

/** Of so many steps one is not first come, first served: the denser, the more like a random walk. */
const SPARSE = [1, 2, 8, 32] as const
/** For one of so many values that fast-check wants small, this is how much smaller. */
const SMALL = 10

class Schedules extends Arbitrary<Schedule> {
  readonly #steps: number

  constructor(steps: number) {
    super()
    this.#steps = steps
  }

  generate(chance: Chance, biasFactor: number | undefined): Value<Schedule> {
    const small = biasFactor !== undefined && chance.nextInt(1, biasFactor) === 1
    const length = chance.nextInt(0, small ? Math.ceil(this.#steps / SMALL) : this.#steps)
    const sparse = SPARSE[chance.nextInt(0, SPARSE.length - 1)] ?? 1
    const random = new Random(chance.nextInt(0, 0x7fffffff))
    const shares = Array.from({ length }, () => (random.below(sparse) === 0 ? random.below(SHARES) : 0))
    return new Value(new Schedule(trimmed(shares)), null)
  }

  canShrinkWithoutContext(value: unknown): value is Schedule {
    return value instanceof Schedule
  }

  shrink({ $shares: shares }: Schedule, context: unknown): Stream<Value<Schedule>> {
    const progress = (context ?? null) as Progress | null // ours, or nothing
    return new Stream(simpler(shares, progress)).map((one) => new Value(new Schedule(one.shares), one.progress))
  }
}

/**
 * Makes an arbitrary of schedules, for properties about what greenlets do in any order. It shrinks towards first come, first served.
 *
 * @param options - for how many steps it decides.
 * @returns the arbitrary. Its values have `run(body)`, which returns a promise: use them with `fc.asyncProperty`.
 * @throws UsageError when an option is none.
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { schedules } from 'greenloop/testing/fast-check'
 *
 * const property = fc.asyncProperty(fc.array(fc.nat()), schedules(), (items, schedule) =>
 *   schedule.run(function* () {
 *     let sum = 0
 *     const add = function* (item: number) {
 *       yield* sleep(item)
 *       sum += item
 *     }
 *     yield* joinall(items.map((item) => spawn(add, item)))
 *     return sum === items.reduce((a, b) => a + b, 0)
 *   }),
 * )
 * console.log((await fc.check(property, { seed: 42 })).failed) // false
 * ```
 */
export function schedules(options: SchedulesOptions = {}): Arbitrary<Schedule> {
  checkOptions('schedules()', options, '{ steps: 500 }')
  const { steps = 200 } = options
  checkCount('schedules()', 'steps', steps, 0)
  return new Schedules(steps)
}
