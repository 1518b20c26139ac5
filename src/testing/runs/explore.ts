/**
 * `explore`: every schedule of a body, or as many as the bounds allow, and an honest word on which of the two it was.
 *
 * Stands on the explorer and the searches. Leaves random schedules to `fuzz.ts`.
 */
import { systemClock } from '../../hub/clock.ts'
import { type Body, type Execution } from '../execution/execution.ts'
import { nondeterminism, unreached, untracked } from '../report/verdicts.ts'
import { Random } from '../schedule/random.ts'
import { PlainSearch } from '../search/bounded.ts'
import { ReducedSearch } from '../search/dpor.ts'
import type { Search } from '../search/search.ts'
import { UntrackedCheck } from '../search/untracked.ts'
import { Breather } from './breather.ts'
import { Explorer, hasFailed } from './explorer.ts'
import { checkBody, checkExploreOptions, type ExploreOptions } from './options.ts'
import { replayFromEnvironment } from './replay.ts'

/** Which bound an exploration has met; `none`: all schedules were run. */
export type Bound = 'none' | 'preemptions' | 'executions' | 'time' | 'spins'

/** What an exploration without a failure has seen. */
export interface ExploreResult {
  /** Whether every schedule was run, or one of each kind that cannot be told apart. */
  readonly complete: boolean
  /** Why not. `spins`: a greenlet that did nothing but give up its turn was passed over, so longer spins were not seen. */
  readonly bound: Bound
  /** How many executions there were. */
  readonly executions: number
  /** How many of them were schedules of their own, run to the end. */
  readonly schedules: number
  /** How many were cut short, since all that they could have shown had been seen. */
  readonly cut: number
  /** What could change places. */
  readonly order: 'any' | 'external'
  /** Which steps were taken for independent; `none` as well when the body has asked for its trace. */
  readonly independence: 'none' | 'tracked'
  /** The most objects that `t.shared` was given in one of them. */
  readonly trackedObjects: number
  /** The labels of `t.reachable` that were reached: all of them. */
  readonly reached: readonly string[]
  /** All this in a sentence. */
  readonly summary: string
}

/**
 * Runs `body` once for each schedule, and rejects with a report when one fails.
 *
 * A schedule decides at each step who of those that can go on does so: greenlets that are ready, timers that are due at the same time,
 * wake-ups. The first is that of production. Of the others those with few preemptions come first, since most mistakes need one or two.
 *
 * @param body - a generator function of `t`, run as the greenlet `main`, from its beginning each time: it must make all that it uses, and wait
 * for nothing real.
 * @param options - which schedules, and how many.
 * @returns what was explored. `complete` is only true when nothing was left out.
 * @throws UsageError at the call when something is no function or no option. Rejects with ScheduleFailure when a schedule fails; Unreached
 * when no schedule reaches a label; UncontrolledNondeterminism when the same schedule goes two ways; UntrackedState when the body shares
 * what is not tracked; StaleSchedule when `GREENLOOP_REPLAY` is of another test.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { explore } from 'greenloop/testing'
 *
 * const { summary } = await explore(function* (t) {
 *   const account = t.shared({ balance: 0 }, 'account')
 *   function* deposit() {
 *     account.balance += 1
 *     yield* sleep(0)
 *     account.balance += 1
 *   }
 *   yield* joinall([spawn(deposit), spawn(deposit)])
 *   if (account.balance !== 4) throw new Error(`${account.balance}`)
 * })
 * console.log(summary.includes('all there are')) // true
 * ```
 */
export function explore(body: Body, options: ExploreOptions = {}): Promise<ExploreResult> {
  checkBody('explore', body)
  checkExploreOptions('explore()', options)
  return run(body, options)
}

async function run(body: Body, options: ExploreOptions): Promise<ExploreResult> {
  const explorer = new Explorer('explore', body, options, options.independence ?? 'none')
  if ((await replayFromEnvironment(explorer)) !== null) {
    return resultOf(explorer, { schedules: 1, cut: 0, bound: 'executions' })
  }
  const first = explorer.first()
  if (hasFailed(first)) {
    explorer.executions = 1
    throw explorer.failure(first)
  }
  const began = systemClock.now()
  for (;;) {
    const asked = explorer.usesTrace
    const seen = await searchAll(explorer, options, began)
    // The first that asks for its trace ends where it does so, which the search must not take for a schedule: all is begun anew.
    if (explorer.usesTrace !== asked) continue
    explorer.last()
    const result = resultOf(explorer, seen)
    const missed = [...explorer.labels].filter(([, reached]) => !reached).map(([label]) => label)
    if (missed.length > 0) throw unreached(missed, result)
    return result
  }
}

/** What a search has seen. */
interface Seen {
  schedules: number
  cut: number
  bound: Bound
}

/** Runs all schedules, as far as the bounds allow. */
async function searchAll(explorer: Explorer, options: ExploreOptions, began: number): Promise<Seen> {
  const { maxExecutions = 50_000, maxMs = 5000, preemptions = Infinity } = options
  const tracked = explorer.independence === 'tracked'
  const search: Search = tracked
    ? new ReducedSearch()
    : new PlainSearch({ preemptions, ...(maxExecutions === Infinity ? {} : { most: maxExecutions }) })
  const check = tracked ? new UntrackedCheck((policy, log) => explorer.run(policy, log), new Random(1)) : null
  const breather = new Breather()
  const { usesTrace } = explorer
  const seen: Seen = { schedules: 0, cut: 0, bound: 'none' }
  let spun = false
  explorer.executions = 0
  while (search.more()) {
    if (explorer.executions >= maxExecutions) seen.bound = 'executions'
    else if (systemClock.now() - began > maxMs) seen.bound = 'time'
    if (seen.bound !== 'none') return seen
    const execution: Execution = explorer.run(search.policy, tracked ? 'footprints' : 'none')
    if (explorer.usesTrace !== usesTrace) return seen
    explorer.executions++
    search.took(execution)
    if (search.diverged !== null) {
      const { step, expected, got } = search.diverged
      throw nondeterminism('explore', { step, expected, saw: got })
    }
    spun ||= execution.spun
    if (execution.outcome.kind === 'cut') seen.cut++
    else seen.schedules++
    if (hasFailed(execution)) throw explorer.failure(execution)
    const difference = check?.check(execution) ?? null
    if (difference !== null) {
      throw untracked(explorer.told(difference.first), explorer.told(difference.second), difference)
    }
    if (breather.due()) await breather.breathe()
  }
  seen.bound = search.bound === 'none' && spun ? 'spins' : search.bound
  return seen
}

function resultOf(explorer: Explorer, { schedules, cut, bound }: Seen): ExploreResult {
  const { executions, order, independence, trackedObjects, labels } = explorer
  const complete = bound === 'none'
  return {
    complete,
    bound,
    executions,
    schedules,
    cut,
    order,
    independence,
    trackedObjects,
    reached: [...labels].filter(([, reached]) => reached).map(([label]) => label),
    summary: summaryOf({ schedules, complete, bound, order, independence, trackedObjects }),
  }
}

function summaryOf(seen: {
  schedules: number
  complete: boolean
  bound: Bound
  order: string
  independence: string
  trackedObjects: number
}): string {
  const { schedules, complete, bound, order, independence, trackedObjects } = seen
  const kind = independence === 'tracked' ? 'different schedule' : 'schedule'
  const count = `${schedules.toLocaleString('en')} ${kind}${schedules === 1 ? '' : 's'}`
  const steps =
    independence === 'tracked'
      ? `tracked: the primitives and ${String(trackedObjects)} object${trackedObjects === 1 ? '' : 's'}`
      : 'every step counts as dependent'
  return `${count}, ${complete ? 'all there are' : `not all: ${LEFT_OUT[bound]}`} (order: ${order}; ${steps}).`
}

const LEFT_OUT: Readonly<Record<Bound, string>> = {
  none: '',
  preemptions: 'those with more preemptions were left out',
  executions: 'maxExecutions was reached',
  time: 'maxMs was over',
  spins: 'longer spins were left out',
}
