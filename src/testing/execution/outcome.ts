/**
 * How an execution has ended.
 *
 * Stands on the errors of the library. Leaves to `report` what a person is shown.
 */
import { GreenloopError, recognise } from '../../errors/classes.ts'

/**
 * What makes a schedule a failing one.
 *
 * - `error`: the body has thrown. `unread`: a greenlet has failed, and nobody has read it.
 * - `deadlock`: nobody can go on any more. `leftover`: main has ended, and some that it has started wait for ever.
 * - `invariant`: one does not hold. `unreachable`: a place was reached that none should reach.
 * - `steps`: the execution does not come to an end. `realIO`: something real was waited for, where that is forbidden.
 */
export type FailureKind =
  | 'error'
  | 'unread'
  | 'deadlock'
  | 'leftover'
  | 'invariant'
  | 'unreachable'
  | 'steps'
  | 'realIO'

/** It came to its end. */
export interface Returned {
  readonly kind: 'returned'
  readonly value: unknown
}

/** It failed. */
export interface Failed {
  readonly kind: 'failed'
  readonly why: FailureKind
  readonly error: unknown
  /** Whose failure it is. */
  readonly greenlet: string
}

/** The policy has given up. */
export interface Cut {
  readonly kind: 'cut'
}

/** One of the three. */
export type Outcome = Returned | Failed | Cut

/** The one object for all that were cut. */
export const CUT: Cut = { kind: 'cut' }

/** What the tools for tests find wrong with a program, as far as it is not an error of the program's own. */
export class TestingError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_TESTING'
}
recognise(TestingError, 'TestingError')

/** Something real was waited for, where that is forbidden. */
export function outsideError(text: string, caller: string): TestingError {
  return new TestingError(
    `${text}\nIn ${caller} that is forbidden (realIO: 'forbid'): when it answers is not for the schedule to choose. Put a queue or an AsyncResult of the test in its place.`,
  )
}

/** Plain code waits for something of an execution that is over. */
export function awaitedOutside(wait: { describe(): string } | null, caller: string): TestingError {
  return new TestingError(
    `${wait?.describe() ?? 'An operation'} was awaited in plain code while ${caller} ran, and did not end before it: what is begun meanwhile is begun on its hub, which is gone. Await ${caller} first.`,
  )
}

/** There were too many steps. */
export function endless(maxSteps: number): TestingError {
  return new TestingError(`The execution does not come to an end: ${String(maxSteps)} steps were taken (maxSteps).`)
}

/** Main has ended, and others wait for ever; `text` lists them. */
export function leftOver(text: string, waiting: readonly { readonly name: string }[]): TestingError {
  const [first] = waiting
  const who = waiting.length === 1 ? `greenlet "${first?.name ?? ''}" is` : `${String(waiting.length)} greenlets are`
  return new TestingError(
    `main has ended, and ${who} left over: nobody can end the wait any more.\n\n${text}\n\nJoin or kill what was spawned; one that may be left over is a daemon: t.daemon(spawn(work)).`,
  )
}

/** Whether the failure of a greenlet has reached somebody. */
export function wasRead(greenlet: object): boolean {
  return '$failureRead' in greenlet && greenlet.$failureRead === true
}
