/**
 * What `explore`, `fuzz` and `replay` share: running one body again and again, and telling of the schedule that fails.
 *
 * The first schedule, that of production, is run twice before any other. If the two differ, something besides the schedule decides what
 * the body does, and no other schedule would mean anything. From them come the fingerprint of the program, and whether the body asks for
 * its trace.
 *
 * Stands on executions, the search and the report. Leaves to its users which schedules are run.
 */
import type { Body, ExecutionSettings } from '../execution/execution.ts'
import { Execution } from '../execution/execution.ts'
import type { Log, LogLevel } from '../execution/log.ts'
import type { Failed } from '../execution/outcome.ts'
import { Stage } from '../execution/stage.ts'
import type { ScheduleFailure } from '../report/failure.ts'
import { failureOf, type ReportFacts } from '../report/report.ts'
import { differenceOf, nondeterminism, type Told } from '../report/verdicts.ts'
import type { Policy } from '../schedule/choices.ts'
import { fingerprint } from '../schedule/fingerprint.ts'
import { fifo, given } from '../schedule/policies.ts'
import { encodeSchedule } from '../schedule/trace-string.ts'
import { shrink } from '../search/shrink.ts'
import type { ScheduleOptions } from './options.ts'
import { runWithPlaces } from './places.ts'

/** An execution that has failed. */
export type FailedExecution = Execution & { outcome: Failed }

/** Executions of one body. */
export class Explorer {
  /** `explore`, for messages. */
  readonly caller: string
  readonly labels: Map<string, boolean> = new Map()
  readonly order: 'any' | 'external'
  /** `none` as soon as the body asks for its trace: there the order of independent steps is seen, too. */
  independence: 'none' | 'tracked'
  /** The most objects that were shared in one execution. */
  trackedObjects = 0
  /** How many were run, for the user: those that only looked again are not among them. */
  executions = 0
  /** What tells this program from others, and from another version of it; empty before {@link first}. */
  program = ''
  /** Whether the body has asked for its trace: from then on it is written. */
  usesTrace = false
  readonly #body: Body
  readonly #options: ScheduleOptions
  readonly #stage = new Stage()
  #first: Log | null = null
  /** By how much is written down: made once, since there are thousands of executions. */
  readonly #settings: Readonly<Record<LogLevel | 'none', ExecutionSettings>>

  constructor(caller: string, body: Body, options: ScheduleOptions, independence: 'none' | 'tracked') {
    this.caller = caller
    this.#body = body
    this.#options = options
    this.order = options.order ?? 'any'
    this.independence = independence
    const settings: ExecutionSettings = {
      caller: `${caller}()`,
      order: this.order,
      maxSteps: options.maxSteps ?? 10_000,
      spins: options.spins ?? 20,
      log: 'none',
      realIO: 'forbid',
      labels: this.labels,
    }
    this.#settings = {
      none: settings,
      footprints: { ...settings, log: 'footprints' },
      calls: { ...settings, log: 'calls' },
      places: { ...settings, log: 'places' },
    }
  }

  /** Runs the schedule of production, twice. @throws UncontrolledNondeterminism */
  first(): Execution {
    const first = this.run(fifo(), 'calls')
    const second = this.run(fifo(), 'calls')
    const difference = differenceOf(logOf(first), logOf(second))
    if (difference !== null) throw nondeterminism(this.caller, difference)
    this.program = fingerprint(partsOf(logOf(first)))
    this.#first = logOf(first)
    return first
  }

  /** Runs it once more, at the end: what the runs leave behind may come to act after some of them only. @throws UncontrolledNondeterminism */
  last(): void {
    if (this.#first === null) return
    const difference = differenceOf(this.#first, logOf(this.run(fifo(), 'calls')))
    if (difference !== null) throw nondeterminism(this.caller, difference)
  }

  /** Runs one schedule. `level` is the least that is written down. */
  run(policy: Policy, level: LogLevel | 'none'): Execution {
    const wanted = this.usesTrace && (level === 'none' || level === 'footprints') ? 'calls' : level
    const execution = Execution.run(this.#stage, this.#body, policy, this.#settings[wanted])
    const { context } = execution
    if (context.tracked > this.trackedObjects) this.trackedObjects = context.tracked
    if (!context.usesTrace) return execution
    this.usesTrace = true
    this.independence = 'none'
    return context.wantsTrace ? this.run(given(execution.choices, fifo()), 'calls') : execution
  }

  /** The string that replays an execution. */
  traceOf({ choices, offered }: Execution): string {
    return encodeSchedule({ order: this.order, program: this.program, choices, offered })
  }

  /** An execution as a message tells of it. */
  told(execution: Execution): Told {
    return { outcome: execution.outcome, trace: this.traceOf(execution) }
  }

  /**
   * Makes the error of a failing execution: shrinks it, and runs it once more to see files and lines.
   *
   * @param origin - the seed that it comes from, where there is one.
   */
  failure(found: FailedExecution, seed: number | string | null = null): ScheduleFailure {
    const shrunk = this.#shrunk(found)
    const policy = given(shrunk.choices, fifo())
    const execution = runWithPlaces((noting) => this.run(noting, 'places'), policy, shrunk.choices.length)
    if (!hasFailed(execution)) {
      const { length: step } = execution.choices
      throw nondeterminism(this.caller, { step, expected: 'a failure', saw: 'the end without one' })
    }
    return this.report(execution, {
      trace: this.traceOf(execution),
      shrunkFrom: shrunk === found ? null : found.preemptions,
      ...(seed === null ? {} : { seed }),
    })
  }

  /** Makes the error of a failing execution that has a log of places. */
  report(execution: FailedExecution, how: Pick<ReportFacts, 'trace' | 'shrunkFrom' | 'seed'>): ScheduleFailure {
    const { name, runner } = this.#options
    return failureOf({
      execution: {
        outcome: execution.outcome,
        log: logOf(execution),
        choices: execution.choices,
        preemptions: execution.preemptions,
      },
      executions: this.executions,
      order: this.order,
      independence: this.independence,
      trackedObjects: this.trackedObjects,
      caller: this.caller,
      ...(name === undefined ? {} : { name }),
      ...(runner === undefined ? {} : { runner }),
      ...how,
    })
  }

  #shrunk(found: FailedExecution): Execution {
    if (this.#options.shrink === false) return found
    const log = this.independence === 'tracked' ? 'footprints' : 'none'
    return shrink((policy, level) => this.run(policy, level === 'none' ? log : level), found, {
      steps: MOST_STEPS,
      ms: MOST_MS,
    })
  }
}

/** To make a schedule small takes so many steps at the most, of all executions together: a second. */
const MOST_STEPS = 200_000
/** And so many milliseconds: the steps of a program may be slow, and the test has a time limit. */
const MOST_MS = 5000

/** Whether it has failed. */
export function hasFailed(execution: Execution): execution is FailedExecution {
  return execution.outcome.kind === 'failed'
}

function logOf({ log }: Execution): Log {
  if (log === null) throw new TypeError('The execution has no log.')
  return log
}

/** What the production schedule is told from others by: who took each step, in which call it ended, and who could have taken it. */
function partsOf({ steps }: Log): string[] {
  return steps.map(({ proc, offered, detail }) => `${proc.name}@${detail?.suspendedIn ?? ''}/${String(offered.length)}`)
}
