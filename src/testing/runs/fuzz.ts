/**
 * `fuzz`: many schedules of a body, by chance, all from one seed.
 *
 * For bodies of which `explore` would not see the end. The n-th run is the same for the same seed, on every machine: what is expected of
 * its length (for the priorities) comes from the runs before it, never from a clock.
 *
 * Stands on the explorer and the portfolio. Leaves all schedules to `explore.ts`.
 */
import { randomInt } from 'node:crypto'
import { UsageError } from '../../errors/classes.ts'
import { checkMs, show } from '../../errors/usage.ts'
import { systemClock } from '../../hub/clock.ts'
import type { Body } from '../execution/execution.ts'
import { unreached } from '../report/verdicts.ts'
import { finished, HASH_START, hashed } from '../schedule/fingerprint.ts'
import { Breather } from './breather.ts'
import { Explorer, hasFailed } from './explorer.ts'
import { checkBody, checkCount, checkScheduleOptions, type ScheduleOptions } from './options.ts'
import { Portfolio } from './portfolio.ts'
import { replayFromEnvironment } from './replay.ts'

/** How `fuzz` fuzzes. */
export interface FuzzOptions extends ScheduleOptions {
  /** How many schedules are run, at most. @defaultValue 1_000 */
  runs?: number
  /**
   * Decides all that is left to chance; any whole number. The report of a failure names it.
   *
   * @defaultValue that of the environment variable `GREENLOOP_SEED`, else another one each time
   */
  seed?: number
  /** How long to go on, in milliseconds; an execution that has begun is finished. @defaultValue 5_000 */
  maxMs?: number
}

/** What a fuzz without a failure has seen. */
export interface FuzzResult {
  /** How many schedules were run. */
  readonly runs: number
  /** How many of them were different ones. */
  readonly distinct: number
  /** The seed: it gives the same runs again. */
  readonly seed: number
  /** How many steps the longest of them had. */
  readonly longest: number
  /** What could change places. */
  readonly order: 'any' | 'external'
  /** The labels of `t.reachable` that were reached: all of them. */
  readonly reached: readonly string[]
  /** All this in a sentence. */
  readonly summary: string
}

/** Seeds that nobody has chosen are below it: short enough to be typed. */
const SEEDS = 1_000_000_000
/**
 * Runs `body` under many schedules, and rejects with a report when one fails.
 *
 * The first is production's order, the second the reverse of it, in the third each runs as long as it can. All others are by chance: by turns
 * a random walk, which chooses anew at each step, and priorities, of which few change on the way (PCT), which finds what needs one greenlet
 * to be very late.
 *
 * @param body - a generator function of `t`, run as the greenlet `main`, from its beginning each time: it must make all that it uses, and wait
 * for nothing real.
 * @param options - how many schedules, and from which seed.
 * @returns what was seen. It is a sample: that none has failed does not mean that none can.
 * @throws UsageError at the call when something is no function or no option, `GREENLOOP_SEED` included. Rejects with ScheduleFailure when a
 * schedule fails; Unreached when no schedule reaches a label; UncontrolledNondeterminism when the same schedule goes two ways; StaleSchedule
 * when `GREENLOOP_REPLAY` is of another test.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { Queue, spawn } from 'greenloop'
 * import { fuzz } from 'greenloop/testing'
 *
 * const { runs, seed } = await fuzz(
 *   function* () {
 *     const queue = new Queue<number>()
 *     const consumer = spawn(function* () {
 *       return (yield* queue.get()) + (yield* queue.get())
 *     })
 *     spawn(() => queue.put(1))
 *     spawn(() => queue.put(2))
 *     if ((yield* consumer.get()) !== 3) throw new Error('an item was lost')
 *   },
 *   { runs: 200, seed: 42 },
 * )
 * console.log(runs, seed) // 200 42
 * ```
 */
export function fuzz(body: Body, options: FuzzOptions = {}): Promise<FuzzResult> {
  checkBody('fuzz', body)
  checkScheduleOptions('fuzz()', options, ['runs', 'seed', 'maxMs'])
  const { runs = 1000, maxMs = 5000 } = options
  if (runs !== Infinity) checkCount('fuzz()', 'runs', runs, 1)
  checkMs('fuzz()', 'maxMs', maxMs)
  return run(body, options, { runs, maxMs, seed: seedOf(options.seed) })
}

async function run(
  body: Body,
  options: FuzzOptions,
  { runs, maxMs, seed }: { runs: number; maxMs: number; seed: number },
): Promise<FuzzResult> {
  const explorer = new Explorer('fuzz', body, options, 'none')
  if ((await replayFromEnvironment(explorer)) !== null) return resultOf(explorer, new Seen(seed), false)
  const began = systemClock.now()
  const portfolio = new Portfolio(seed)
  const breather = new Breather()
  const seen = new Seen(seed)
  const first = explorer.first()
  let late = false
  while (explorer.executions < runs && !late) {
    const { name, policy } = portfolio.draw(seen.longest)
    const execution = explorer.executions === 0 ? first : explorer.run(policy, 'none')
    explorer.executions++
    if (hasFailed(execution)) throw explorer.failure(execution, `seed ${seed}, ${name}`)
    seen.add(execution.choices)
    if (breather.due()) await breather.breathe()
    late = systemClock.now() - began > maxMs && explorer.executions < runs
  }
  explorer.last()
  const missed = labelsOf(explorer, false)
  if (missed.length === 0) return resultOf(explorer, seen, late)
  throw unreached(missed, { executions: explorer.executions, complete: false, bound: late ? 'time' : 'none' })
}

/** The schedules that were run. */
class Seen {
  readonly seed: number
  longest = 0
  /** By hash: of a million, a hundred may be taken for one that was seen. */
  readonly hashes = new Set<number>()

  constructor(seed: number) {
    this.seed = seed
  }

  add(choices: readonly number[]): void {
    if (choices.length > this.longest) this.longest = choices.length
    this.hashes.add(finished(choices.reduce(hashed, HASH_START)))
  }
}

function resultOf(explorer: Explorer, { seed, longest, hashes }: Seen, late: boolean): FuzzResult {
  const { executions, order } = explorer
  const most = late ? '; maxMs was over' : ''
  return {
    runs: executions,
    distinct: hashes.size,
    seed,
    longest,
    order,
    reached: labelsOf(explorer, true),
    summary: `${counted(executions, 'schedule')} by chance, ${hashes.size.toLocaleString('en')} different, of at most ${counted(longest, 'step')} (seed ${seed}; order: ${order}${most}).`,
  }
}

function labelsOf({ labels }: Explorer, reached: boolean): string[] {
  return [...labels].filter(([, was]) => was === reached).map(([label]) => label)
}

function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

/** The seed that was given, else that of the environment, else any. */
function seedOf(given: unknown): number {
  if (given === undefined) {
    const text = process.env['GREENLOOP_SEED'] ?? ''
    if (text === '') return randomInt(SEEDS)
    const seed = Number(text)
    if (Number.isSafeInteger(seed)) return seed
    throw new UsageError(`GREENLOOP_SEED is expected to be an integer, such as 42, but is ${JSON.stringify(text)}.`)
  }
  if (typeof given === 'number' && Number.isSafeInteger(given)) return given
  throw new UsageError(`fuzz() expects \`seed\` to be an integer, but got ${show(given)}.`)
}
