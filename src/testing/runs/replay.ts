/**
 * `replay`: one schedule again, the one that a report has named, for a debugger or after a change.
 *
 * Under a debugger each execution is one more stop at each breakpoint, so there is one, and only when it passes two more: passing means
 * something if the program is the one that the string was recorded for, and that is told by the schedule of production.
 *
 * The environment variable `GREENLOOP_REPLAY` makes each `explore` and `fuzz` a replay.
 *
 * Stands on the explorer. Leaves the form of the string to `trace-string.ts`.
 */
import { checkOptions } from '../../errors/usage.ts'
import type { Driven } from '../../protocol.ts'
import type { ScheduleContext } from '../execution/body.ts'
import type { Execution } from '../execution/execution.ts'
import { Trace } from '../execution/trace.ts'
import { otherEnd, otherOrder, otherProgram, otherStep, stale } from '../report/verdicts.ts'
import { Replaying } from '../schedule/replaying.ts'
import { decodeSchedule } from '../schedule/trace-string.ts'
import { Explorer, hasFailed } from './explorer.ts'
import { checkBody, checkScheduleOptions, type ScheduleOptions } from './options.ts'
import { runWithPlaces } from './places.ts'

/** How `replay` runs: `maxSteps` and `spins` as they were when the schedule was found. */
export type ReplayOptions = Omit<ScheduleOptions, 'order' | 'shrink'>

/** What came of a schedule that does not fail. */
export interface ReplayResult<T> {
  /** What the body returned. */
  readonly value: T
  /** What has happened, step by step. */
  readonly trace: Trace
}

/**
 * Runs `body` under the schedule of a replay string, once, and rejects with the report when it fails.
 *
 * Everything happens before the call returns, on one stack: breakpoints stop in it as in any other code.
 *
 * @param body - the same that was explored.
 * @param text - the string that the report has printed.
 * @param options - what the exploration was told of steps.
 * @returns what the body returned, and the trace.
 * @throws UsageError at the call when something is no function, no schedule or no option. Rejects with ScheduleFailure when the schedule
 * fails, StaleSchedule when the string was recorded for another program.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { explore, replay, ScheduleFailure } from 'greenloop/testing'
 *
 * function* body() {
 *   let balance = 0
 *   function* deposit() {
 *     const before = balance
 *     yield* sleep(0)
 *     balance = before + 1
 *   }
 *   yield* joinall([spawn(deposit), spawn(deposit)])
 *   if (balance !== 2) throw new Error(`balance: ${balance}`)
 * }
 * const failure = await explore(body).then(null, (err) => err)
 * if (!(failure instanceof ScheduleFailure)) throw failure
 * const again = await replay(body, failure.trace).then(null, (err) => err)
 * console.log(again.message.split('\n')[0]) // Error: balance: 1
 * ```
 */
export function replay<T>(
  body: (t: ScheduleContext) => Driven<T>,
  text: string,
  options: ReplayOptions = {},
): Promise<ReplayResult<T>> {
  checkBody('replay', body)
  checkOptions('replay()', options, '{ maxSteps: 10_000 }')
  checkScheduleOptions('replay()', options, [])
  const { order } = decodeSchedule(text)
  return atOnce(() => {
    const { outcome, log } = replayed(new Explorer('replay', body, { ...options, order }, 'none'), text, false)
    if (outcome.kind !== 'returned' || log === null) throw new TypeError('The execution has not ended.')
    return { value: outcome.value as T, trace: new Trace(log) } // what the body returned
  })
}

/** Runs the schedule that `GREENLOOP_REPLAY` names; null: it names none. */
export function replayFromEnvironment(explorer: Explorer): Promise<Execution | null> {
  return atOnce(() => {
    const text = process.env['GREENLOOP_REPLAY'] ?? ''
    return text === '' ? null : replayed(explorer, text, true)
  })
}

/** Calls `fn` before it returns; what that throws is what the promise rejects with. */
function atOnce<T>(fn: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(fn())
  })
}

/**
 * Runs one schedule, which passes.
 *
 * @throws ScheduleFailure when it does not; StaleSchedule when it is of another program.
 */
function replayed(explorer: Explorer, text: string, fromEnvironment: boolean): Execution {
  const recorded = decodeSchedule(text)
  const check = (same: boolean, why: () => string): void => {
    if (!same) throw stale(text, why(), fromEnvironment)
  }
  check(recorded.order === explorer.order, () => otherOrder(explorer.order, recorded.order))
  const policy = new Replaying(recorded)
  const execution = runWithPlaces((noting) => explorer.run(noting, 'places'), policy, recorded.choices.length)
  const { difference } = policy
  if (difference !== null) throw stale(text, otherStep(difference), fromEnvironment)
  if (hasFailed(execution)) throw explorer.report(execution, { trace: text, shrunkFrom: null })
  const [{ length: steps }, { length: then }] = [execution.choices, recorded.choices]
  check(steps >= then, () => otherEnd(steps, then))
  explorer.first()
  check(explorer.program === recorded.program, () => otherProgram(explorer.program, recorded.program))
  explorer.executions = 1
  return execution
}
