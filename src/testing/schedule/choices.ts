/**
 * What a schedule decides: who of those that can go on does so next.
 *
 * Stands on the hub's types. Leaves to `execution` what the options are, and to each policy how it chooses.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Timer } from '../../hub/timers.ts'

/** Who can go on at one step. One object serves a whole execution: a policy must not keep it. */
export class Choices {
  /** Those that are ready, in the order of becoming so; the first options. Greenlets, ended ones whose links are to be run, callbacks. */
  readonly ready: Coroutine[] = []
  /** The timers that are due, in the order in which they would go off; the last options. */
  readonly due: Timer[] = []
  /** How many options there are, at least 1. */
  count = 0
  /** The option that is the greenlet which ran last; -1 when it cannot go on. Taking another one than this is a preemption. */
  last = -1
  /** The clock has just jumped, and of the timers that are due since then not all have gone off. In production they do so before anybody runs. */
  jumped = false
}

/** The answer of a policy that wants the execution cut. */
export const GIVE_UP = -1

/** Decides an execution, step by step. It is asked also when there is one option only. */
export interface Policy {
  /** An execution begins, whose log is given where there is one. */
  begin?(log: object | null): void
  /**
   * @param choices - who can go on; not to be kept.
   * @param step - the number of the step, counted from 0.
   * @returns the option, counted from 0, or {@link GIVE_UP}.
   */
  choose(choices: Choices, step: number): number
}
