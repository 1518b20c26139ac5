/**
 * Files and lines for the steps that a report shows, and for no others.
 *
 * Each suspension that debug mode notes is a stack trace; under a test runner, which maps it to the sources, that takes milliseconds. A
 * schedule that does not end has ten thousand steps, of which the last ones are shown. So in between the notes are not taken.
 *
 * Stands on the policies and the kernel's debugger. Leaves it to the stage to turn debug mode on and off.
 */
import { type Debugger, kernel } from '../../greenlet/kernel.ts'
import type { Execution } from '../execution/execution.ts'
import type { Choices, Policy } from '../schedule/choices.ts'

/** So many steps at the beginning and at the end are noted: more than are shown, since some have no row. */
const FIRST = 60
const LAST = 200

/**
 * Runs an execution of which `steps` steps are expected.
 *
 * @param run - runs it under a policy, with a log of places.
 */
export function runWithPlaces(run: (policy: Policy) => Execution, policy: Policy, steps: number): Execution {
  if (steps <= FIRST + LAST) return run(policy)
  const noting = new Noting(policy, steps)
  try {
    return run(noting)
  } finally {
    noting.restore()
  }
}

/** Chooses as another policy does, and has debug mode rest in the middle. */
class Noting implements Policy {
  readonly #policy: Policy
  readonly #steps: number
  /** What stands for debug mode while it rests; null: it has not begun. */
  #resting: Resting | null = null

  constructor(policy: Policy, steps: number) {
    this.#policy = policy
    this.#steps = steps
  }

  choose(choices: Choices, step: number): number {
    const { debug } = kernel
    if (step === FIRST && debug !== null) {
      this.#resting = new Resting(debug)
      kernel.debug = this.#resting
    } else if (step === this.#steps - LAST) {
      this.restore()
    }
    return this.#policy.choose(choices, step)
  }

  restore(): void {
    if (kernel.debug !== null && kernel.debug === this.#resting) kernel.debug = this.#resting.debug
  }
}

/** Debug mode that answers what it has noted before, and notes nothing. */
class Resting implements Debugger {
  readonly debug: Debugger

  constructor(debug: Debugger) {
    this.debug = debug
  }

  greenletMade(): void {
    // not noted
  }

  operationMade(): void {
    // not noted
  }

  operationDriven(operation: Parameters<Debugger['operationDriven']>[0]): void {
    this.debug.operationDriven(operation)
  }

  operationAwaited(): void {
    // not noted
  }

  suspended(): void {
    // not noted
  }

  called(): void {
    // not noted
  }

  failed(...args: Parameters<Debugger['failed']>): void {
    this.debug.failed(...args)
  }

  frameOf(...args: Parameters<Debugger['frameOf']>): ReturnType<Debugger['frameOf']> {
    return this.debug.frameOf(...args)
  }

  birthOf(...args: Parameters<Debugger['birthOf']>): ReturnType<Debugger['birthOf']> {
    return this.debug.birthOf(...args)
  }
}
