/**
 * What goes wrong with a schedule test, as errors: a schedule that fails, and the ways in which a test cannot be judged.
 *
 * ```
 * GreenloopError
 *   ScheduleFailure            the test: a schedule of it fails; the message is the whole report
 *   Unreached                  the test: no schedule has come to what `t.reachable` names
 *   UncontrolledNondeterminism the test: something besides the schedule decides what it does
 *   UntrackedState             the test: its greenlets share something that is not tracked
 *   StaleSchedule              nobody's: a replay string of another test, or of another version of it
 * ```
 *
 * Stands on the errors of the library. The report is put together in `report.ts`, the other sentences in `verdicts.ts`.
 */
import { GreenloopError, recognise } from '../../errors/classes.ts'
import { isOurs } from '../../errors/stack.ts'
import type { FailureKind } from '../execution/outcome.ts'
import { isError } from './frames.ts'

/** A step of a failing schedule. */
export interface ScheduleStep {
  /** Counted from 0, as in the picture. */
  readonly step: number
  /** Who took it: the name of the greenlet, of the callback, or the call whose timer went off. */
  readonly name: string
  /** What that is. After its end a greenlet takes a step once more, to tell those who wait for it. */
  readonly kind: 'greenlet' | 'callback' | 'timer'
  /** How many could have taken it. */
  readonly offered: number
  /** Whether the one who took the step before could have gone on. */
  readonly preempts: boolean
  /** The virtual time, in milliseconds. */
  readonly atMs: number
  /** The call that it ends in, as a person writes it; null: the greenlet ends, or it is none. */
  readonly suspendedIn: string | null
  /** How its greenlet ends in it; null: not yet. */
  readonly ended: 'returned' | 'failed' | null
  /** Where that call stands. */
  readonly file: string | null
  /** Its line, counted from 1. */
  readonly line: number | null
  /** The tracked values that it reads: `account.balance`. */
  readonly reads: readonly string[]
  /** The tracked values that it writes. */
  readonly writes: readonly string[]
  /** The labels of `t.mark`. */
  readonly marks: readonly string[]
}

/** What a {@link ScheduleFailure} carries beside its message. */
export interface FailureFacts {
  /** Why it fails. */
  readonly kind: FailureKind
  /** What was thrown. */
  readonly cause: unknown
  /** The string that replays it. */
  readonly trace: string
  /** Its steps. */
  readonly schedule: readonly ScheduleStep[]
  /** How many executions it took to find it. */
  readonly executions: number
  /** Where it fails: lines of a stack trace. */
  readonly frames: readonly string[]
}

/** What tools show the difference by, when an assertion was thrown: vitest, jest, chai and `node:assert` agree on these. */
const COMPARED = ['expected', 'actual', 'showDiff', 'diff', 'operator'] as const

/**
 * Your test: a schedule of its body fails. The message is the report: what was thrown, the schedule step by step, how it was found and how
 * to replay it. `cause` is what was thrown, and the stack begins where it was. What an assertion has compared is kept, so that the
 * difference is drawn.
 *
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { explore, ScheduleFailure } from 'greenloop/testing'
 *
 * try {
 *   await explore(function* () {
 *     let balance = 0
 *     function* deposit() {
 *       const before = balance
 *       yield* sleep(0)
 *       balance = before + 1
 *     }
 *     yield* joinall([spawn(deposit), spawn(deposit)])
 *     if (balance !== 2) throw new Error(`balance: ${balance}`)
 *   })
 * } catch (err) {
 *   if (!(err instanceof ScheduleFailure)) throw err
 *   console.log(err.kind) // error
 *   console.log(String(err.cause)) // Error: balance: 1
 *   console.log(err.schedule.filter((step) => step.preempts).length) // 1
 * }
 * ```
 */
export class ScheduleFailure extends GreenloopError {
  override readonly code: string = 'GREENLOOP_SCHEDULE'
  /**
   * Why it fails: something was thrown (`error`), all wait for each other (`deadlock`), it goes on for ever (`steps`), greenlets were left
   * over at the end (`leftover`), one failed and nobody read it (`unread`), a `t.invariant` does not hold (`invariant`), it has come to a
   * `t.unreachable` (`unreachable`), it waits for a socket or a promise (`realIO`).
   */
  readonly kind: FailureKind
  /** The string that replays it. */
  readonly trace: string
  /** The schedule, step by step. */
  readonly schedule: readonly ScheduleStep[]
  /** How many executions it took to find it; 0 when it was replayed. */
  readonly executions: number
  /** Null: the cause is told as it is. Kept, since a test runner may put another object in the place of `cause`. */
  readonly #causeText: string | null

  /**
   * @param message - the report.
   * @param facts - what programs read.
   */
  constructor(message: string, facts: FailureFacts) {
    super(message, { cause: facts.cause })
    this.kind = facts.kind
    this.trace = facts.trace
    this.schedule = facts.schedule
    this.executions = facts.executions
    Object.defineProperty(this, 'schedule', { enumerable: false }) // the message draws it
    const { cause } = facts
    if (typeof cause === 'object' && cause !== null) {
      for (const name of COMPARED) {
        // Not enumerable, as an AssertionError of vitest has them: who prints the error draws the difference instead.
        if (name in cause) Object.defineProperty(this, name, { value: Reflect.get(cause, name), writable: true })
      }
    }
    // What has a cause of its own is handed on whole.
    this.#causeText = isError(cause) && cause.cause === undefined ? firstLineOf(cause) : null
    this.stack = [`${this.name}: ${message}`, ...facts.frames].join('\n')
  }

  /**
   * What test runners hand on and print beside the message and the stack. A cause that has no cause of its own is a line of text here,
   * since the report says all of it.
   */
  toJSON(): Record<string, unknown> {
    const { kind, trace, executions, cause } = this
    const json: Record<string, unknown> = { kind, trace, executions, cause: this.#causeText ?? cause }
    for (const name of COMPARED) if (name in this) json[name] = Reflect.get(this, name)
    return json
  }
}
recognise(ScheduleFailure, 'ScheduleFailure')

function firstLineOf(error: Error): string {
  return `${error.name}: ${error.message}`.split('\n', 1)[0] ?? ''
}

/** What is said of a test as a whole. Nothing of the program is on the stack then, and the library's own frames are of no interest. */
abstract class Verdict extends GreenloopError {
  /** @param message - what is wrong. */
  constructor(message: string) {
    super(message)
    const lines = (this.stack ?? '').split('\n')
    this.stack = lines.filter((line) => !/^\s+at /u.test(line) || !isOurs(line)).join('\n')
  }
}

/** Your test: all schedules that were run succeed, but none has come to what `t.reachable` names. */
export class Unreached extends Verdict {
  override readonly code: string = 'GREENLOOP_UNREACHED'
  /** The labels that no schedule has reached. */
  readonly labels: readonly string[]

  /**
   * @param message - which labels, and how much was explored.
   * @param labels - which.
   */
  constructor(message: string, labels: readonly string[]) {
    super(message)
    this.labels = labels
  }
}
recognise(Unreached, 'Unreached')

/** Your test: the same schedule, run twice, went two ways. Something besides the schedule decides: the clock, chance, what a run leaves behind. */
export class UncontrolledNondeterminism extends Verdict {
  override readonly code: string = 'GREENLOOP_NONDETERMINISM'
}
recognise(UncontrolledNondeterminism, 'UncontrolledNondeterminism')

/** Your test: with `independence: 'tracked'`, its greenlets share something that is neither a primitive nor made by `t.shared`. */
export class UntrackedState extends Verdict {
  override readonly code: string = 'GREENLOOP_UNTRACKED'
}
recognise(UntrackedState, 'UntrackedState')

/** Nobody's: a replay string was recorded for another test, or for another version of it. Run the exploration anew. */
export class StaleSchedule extends Verdict {
  override readonly code: string = 'GREENLOOP_STALE_SCHEDULE'
}
recognise(StaleSchedule, 'StaleSchedule')
