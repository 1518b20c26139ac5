/**
 * What a search is: it says which schedule is run next, until there is none that it has not run or shown to be the like of one.
 *
 * The driver: `while (search.more()) search.took(run(search.policy))`.
 *
 * Stands on the choices. What a search reads of an execution and of its log is named here, so that the searches can be tested on
 * programs that are plain data. Leaves budgets and what is found to `testing/runs`.
 */
import type { Outcome } from '../execution/outcome.ts'
import type { Choices, Policy } from '../schedule/choices.ts'

/** One who takes steps: what a search reads of a `Proc`. */
export interface Actor {
  /** The same in all executions of the same choices. */
  readonly number: number
  /** The same in all equivalent executions. */
  readonly key: string
  readonly subject: object
}

/** What a search reads of a `Step`. */
export interface Taken {
  readonly proc: Actor
  readonly offered: readonly Actor[]
  /** The step that has made it ready; -1: none. */
  readonly madeReadyBy: number
  /** All steps before come before it. */
  readonly barrier: boolean
  /** The objects it has looked at, or written (true), in the order of its doing so. */
  readonly touched: ReadonlyMap<object, boolean>
}

/** What a search reads of a `Log`. */
export interface Recording {
  readonly steps: readonly Taken[]
  procOf(subject: Choices['ready'][number] | Choices['due'][number]): Actor
}

/** What is read of an execution. */
export interface Explored {
  readonly outcome: Outcome
  /** The option that was taken at each step. */
  readonly choices: readonly number[]
  readonly preemptions: number
  readonly spun: boolean
  readonly log: Recording | null
}

/** Runs one schedule. `log` is the least that is written down. */
export type Run<E extends Explored> = (policy: Policy, log: 'none' | 'footprints') => E

/** A policy of many executions, which is told when one begins. */
export interface SearchPolicy extends Policy {
  /** An execution begins; `log` is null when none is kept. */
  begin(log: Recording | null): void
}

/** The same choices have offered something else than before. */
export interface Divergence {
  readonly step: number
  readonly expected: string
  readonly got: string
}

/** Which schedules are run. */
export interface Search {
  /** Decides the execution that is next: one object for all of them. */
  readonly policy: SearchPolicy
  /** Whether there is one more to be run. Asked once before each. */
  more(): boolean
  /** It was run; also when it was cut. */
  took(execution: Explored): void
  /** What was left out. */
  readonly bound: 'none' | 'preemptions'
  /** How many alternatives are known that were not run yet. */
  readonly left: number
  /** Set when the program does not do the same for the same choices: the search is at its end then. */
  readonly diverged: Divergence | null
}
