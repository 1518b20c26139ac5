/**
 * Files and lines for the steps that a report shows, and for no others.
 *
 * Each suspension that debug mode notes is a stack trace; under a test runner, which maps it to the sources, that takes milliseconds. A
 * schedule that does not end has ten thousand steps, of which the last ones are shown. So in between the notes are not taken.
 *
 * Stands on the policies and the kernel's debugger. Leaves it to the stage to turn debug mode on and off.
 */
import type { Described } from '../../errors/usage.ts'
import { type Coroutine, type Debugger, type Frame, type GreenletFrame, kernel } from '../../greenlet/kernel.ts'
import type { Execution } from '../execution/execution.ts'
import type { Choices, Policy } from '../schedule/choices.ts'

/** So many steps at the beginning and at the end are noted: more than are shown, since some have no row. */
const FIRST = 40
const LAST = 120

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
  #debugger: RestingDebugger | null = null

  constructor(policy: Policy, steps: number) {
    this.#policy = policy
    this.#steps = steps
  }

  choose(choices: Choices, step: number): number {
    const { debug } = kernel
    if (step === FIRST && debug !== null) {
      this.#debugger = new RestingDebugger(debug)
      kernel.debug = this.#debugger
    }
    if (this.#debugger !== null) this.#debugger.rests = step >= FIRST && step < this.#steps - LAST
    return this.#policy.choose(choices, step)
  }

  /** Debug mode may have been on before, and stay on. */
  restore(): void {
    if (kernel.debug !== null && kernel.debug === this.#debugger) kernel.debug = this.#debugger.debug
  }
}

/** Debug mode that can rest. Of who has suspended meanwhile it does not know where. */
class RestingDebugger implements Debugger {
  readonly light = false
  readonly debug: Debugger
  rests = true
  readonly #unknown = new WeakSet<Coroutine>()

  constructor(debug: Debugger) {
    this.debug = debug
  }

  greenletMade(greenlet: Coroutine): void {
    if (!this.rests) this.debug.greenletMade(greenlet)
  }

  operationMade(operation: Described): void {
    if (!this.rests) this.debug.operationMade(operation)
  }

  operationDriven(operation: Described): void {
    this.debug.operationDriven(operation)
  }

  operationAwaited(operation: Described, agent: Coroutine): void {
    this.debug.operationAwaited(operation, agent)
  }

  suspended(greenlet: Coroutine): void {
    if (this.rests) {
      this.#unknown.add(greenlet)
    } else {
      this.#unknown.delete(greenlet)
      this.debug.suspended(greenlet)
    }
  }

  called(callee: Frame): void {
    if (!this.rests) this.debug.called(callee)
  }

  failed(greenlet: Coroutine, error: unknown): void {
    this.debug.failed(greenlet, error)
  }

  frameOf(greenlet: Coroutine): GreenletFrame | null {
    return this.#unknown.has(greenlet) ? null : this.debug.frameOf(greenlet)
  }

  birthOf(greenlet: Coroutine): GreenletFrame | null {
    return this.debug.birthOf(greenlet)
  }
}
