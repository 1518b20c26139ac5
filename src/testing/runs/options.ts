/**
 * What the runs can be told, checked at the call.
 *
 * Stands on the errors of the library. Leaves what follows from each option to `virtual.ts`, `explore.ts` and `fuzz.ts`.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkMs, checkOptions, notAFunction, show, wrongRight } from '../../errors/usage.ts'
import { isGenerator, isThenable } from '../../protocol.ts'
import { MOST_STEPS } from '../schedule/trace-string.ts'

/** What all runs of schedules share. */
export interface ScheduleOptions {
  /**
   * What may change places. `any`: each that is ready may be next, and waits that are ready switch as well; so a body that passes depends on
   * no order. `external`: the hub keeps its own order, as in production; only timers that are due at the same time may change places.
   *
   * @defaultValue 'any'
   */
  order?: 'any' | 'external'
  /** The most steps of one execution; one that takes more has no end. @defaultValue 10_000 */
  maxSteps?: number
  /** How often in a row a greenlet may do nothing but `sleep(0)` while others could go on, before it is passed over. @defaultValue 20 */
  spins?: number
  /** Whether a failing schedule is made as short as possible. @defaultValue true */
  shrink?: boolean
  /** The test's name, for the report. Test runners give it by themselves. */
  name?: string
  /** @internal What runs the test, for the command that the report shows. */
  runner?: 'vitest' | 'node:test'
}

/** How `explore` explores. */
export interface ExploreOptions extends ScheduleOptions {
  /**
   * Which steps may change places without a difference. `none`: no two of them, so each schedule is run. `tracked`: those that touch no common
   * primitive and no common object of `t.shared`; of all schedules that differ in such steps only, one is run.
   *
   * @defaultValue 'none'
   */
  independence?: 'none' | 'tracked'
  /** The most preemptions of a schedule: another greenlet goes on although the one that ran last could. Not with 'tracked'. @defaultValue Infinity */
  preemptions?: number
  /** The most executions. @defaultValue 50_000 */
  maxExecutions?: number
  /** How long to explore, in milliseconds; an execution that has begun is finished. @defaultValue 5_000 */
  maxMs?: number
}

/** Options of all runs of schedules. */
const SHARED_NAMES = ['order', 'maxSteps', 'spins', 'shrink', 'name', 'runner'] as const

/**
 * Checks that there are no others: one that is misspelt would not bound what it is to bound, and the test would pass all the same.
 *
 * @throws UsageError
 */
export function checkNames(call: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new UsageError(
    `${call} knows no option \`${unknown}\`. It knows ${known.filter((name) => name !== 'runner').join(', ')}.`,
  )
}

/** Checks what all share, and that there is nothing besides but what is named in `more`. */
export function checkScheduleOptions(
  call: string,
  options: unknown,
  more: readonly string[],
): asserts options is ScheduleOptions {
  checkOptions(call, options, "{ order: 'external' }")
  checkNames(call, options, [...SHARED_NAMES, ...more])
  const { order, maxSteps, spins, shrink, name } = options as Record<string, unknown> // any object may be asked
  checkOneOf(call, 'order', order, ['any', 'external'])
  checkCount(call, 'maxSteps', maxSteps, 1)
  if (typeof maxSteps === 'number' && maxSteps > MOST_STEPS) {
    throw new UsageError(`${call} expects \`maxSteps\` to be at most ${String(MOST_STEPS)}, but got ${show(maxSteps)}.`)
  }
  checkCount(call, 'spins', spins, 1)
  checkFlag(call, 'shrink', shrink)
  if (name !== undefined && typeof name !== 'string') {
    throw new UsageError(`${call} expects \`name\` to be a string, but got ${show(name)}.`)
  }
}

/** Checks the options of `explore`. */
export function checkExploreOptions(call: string, options: unknown): asserts options is ExploreOptions {
  checkScheduleOptions(call, options, ['independence', 'preemptions', 'maxExecutions', 'maxMs'])
  const { independence, preemptions, maxExecutions, maxMs, order } = options as ExploreOptions // as far as it is checked below
  checkOneOf(call, 'independence', independence, ['none', 'tracked'])
  if (preemptions !== Infinity) checkCount(call, 'preemptions', preemptions, 0)
  if (maxExecutions !== Infinity) checkCount(call, 'maxExecutions', maxExecutions, 1)
  if (maxMs !== undefined) checkMs(call, 'maxMs', maxMs)
  if (independence !== 'tracked') return
  if (preemptions !== undefined && preemptions !== Infinity) {
    throw new UsageError(
      `${call} was told to leave out independent schedules (independence: 'tracked') and those with more than ${String(preemptions)} preemptions. Together they would leave out some that count: give one of the two.`,
    )
  }
  if (order === 'external') {
    throw new UsageError(
      `${call} was told to keep the hub's order (order: 'external') and to leave out independent schedules (independence: 'tracked'). In that order no two steps are independent, since each decides who is next in line: give one of the two.`,
    )
  }
}

/** Checks a body: one is called with `t`, and where nothing real may be waited for it is no async function. */
export function checkBody(caller: string, body: unknown): void {
  if (typeof body !== 'function') {
    if (!isGenerator(body) && !isThenable(body)) throw notAFunction(caller, body)
    throw new UsageError(
      `${caller}() expects a function, but got ${show(body)}.\n\nProbably the function was called instead of passed:\n` +
        wrongRight(`${caller}(body())`, 'it has begun already', `${caller}(body)`),
    )
  }
  if (caller !== 'virtual' && Object.prototype.toString.call(body) === '[object AsyncFunction]') {
    throw new UsageError(
      `${caller}() expects a body whose waits it can see, but got an async function: when a promise settles is not for the schedule to choose.\n\n` +
        wrongRight(
          `${caller}(async () => { await ... })`,
          'waits for promises',
          `${caller}(function* () { yield* ... })`,
          'waits in greenlets',
        ),
    )
  }
}

function checkOneOf(call: string, name: string, value: unknown, known: readonly string[]): void {
  if (value === undefined || known.includes(value as string)) return // includes() may be asked for anything
  throw new UsageError(
    `${call} expects \`${name}\` to be ${known.map((one) => `'${one}'`).join(' or ')}, but got ${show(value)}.`,
  )
}

/** Checks a whole number. */
export function checkCount(call: string, name: string, value: unknown, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return // isSafeInteger() is no type guard
  throw new UsageError(
    `${call} expects \`${name}\` to be an integer, ${String(least)} or more, but got ${show(value)}.`,
  )
}
