/**
 * Makes a failing schedule small: few preemptions, then few steps, then few changes of who runs. A person has to read it.
 *
 * First all schedules with fewer preemptions are tried, the fewest first, as far as the budget goes: the first of them that fails in the
 * same way has the fewest there are. Then stretches of the schedule, that is, steps of one greenlet in a row, are left out, moved to the
 * stretch before of the same one, or cut shorter, as long as it still fails in the same way and becomes smaller.
 *
 * Stands on the plain search. Leaves to the caller how a schedule is run.
 */
import { systemClock } from '../../hub/clock.ts'
import type { Outcome } from '../execution/outcome.ts'
import type { Policy } from '../schedule/choices.ts'
import { PlainSearch } from './bounded.ts'
import { type Stretch, stretchesOf, Tending } from './following.ts'
import type { Explored, Run } from './search.ts'

/** How long it may take. */
export interface ShrinkOptions {
  /** Executions. @defaultValue 2000 */
  readonly budget?: number
  /** Steps of all of them together: those of a livelock are long. @defaultValue 200_000 */
  readonly steps?: number
  /** How long to go on, in milliseconds: steps of the program may be slow. @defaultValue Infinity */
  readonly ms?: number
}

/** Runs schedules until too much was run. */
class Budget<E extends Explored> {
  readonly #run: Run<E>
  #executions: number
  #steps: number
  readonly #end: number

  constructor(run: Run<E>, executions: number, steps: number, ms: number) {
    this.#run = run
    this.#executions = executions
    this.#steps = steps
    this.#end = systemClock.now() + ms
  }

  get isSpent(): boolean {
    return this.#executions <= 0 || this.#steps <= 0 || systemClock.now() > this.#end
  }

  run(policy: Policy, log: 'none' | 'footprints'): E {
    const execution = this.#run(policy, log)
    this.#executions--
    this.#steps -= execution.choices.length
    return execution
  }
}

/** Answers the smallest schedule that fails in the same way; `found` itself when there is no smaller one. */
export function shrink<E extends Explored>(run: Run<E>, found: E, options: ShrinkOptions = {}): E {
  const { budget = 2000, steps = 200_000, ms = Infinity } = options
  const most = Math.floor(budget / 2)
  const fewest = withFewerPreemptions(new Budget(run, most, steps / 2, ms / 2), found, most)
  return new Shrinking(new Budget(run, budget - most, steps / 2, ms / 2), fewest).smallest()
}

function withFewerPreemptions<E extends Explored>(budget: Budget<E>, found: E, most: number): E {
  if (found.preemptions === 0) return found
  const search = new PlainSearch({ preemptions: found.preemptions - 1, most })
  while (!budget.isSpent && search.more()) {
    const execution = budget.run(search.policy, 'none')
    search.took()
    if (isSameFailure(execution.outcome, found.outcome)) return execution
  }
  return found
}

/** Whether two executions fail in the same way. */
export function isSameFailure(one: Outcome, other: Outcome): boolean {
  if (one.kind !== 'failed' || other.kind !== 'failed' || one.why !== other.why) return false
  const [first, second] = [one.error, other.error]
  return first instanceof Error && second instanceof Error ? first.name === second.name : typeof first === typeof second
}

/** A schedule that becomes smaller. */
class Shrinking<E extends Explored> {
  readonly #budget: Budget<E>
  #best: E
  /** Those of the best. */
  #stretches: readonly Stretch[] = []

  constructor(budget: Budget<E>, found: E) {
    this.#budget = budget
    this.#best = found
  }

  smallest(): E {
    const found = this.#best
    const { log } = found.log === null ? this.#runAgain(found) : found
    if (log === null) return found
    this.#stretches = stretchesOf(log)
    while (this.#improve());
    return this.#best
  }

  #runAgain({ choices }: E): E {
    return this.#budget.run({ choose: (_choices, step) => choices[step] ?? 0 }, 'footprints')
  }

  /** Tries all changes until one helps; answers whether one did. */
  #improve(): boolean {
    for (const stretches of variants(this.#stretches)) {
      if (this.#budget.isSpent) return false
      const execution = this.#budget.run(new Tending(stretches), 'footprints')
      if (execution.log === null || !isSameFailure(execution.outcome, this.#best.outcome)) continue
      const now = stretchesOf(execution.log)
      if (!this.#isSmaller(execution, now)) continue
      this.#best = execution
      this.#stretches = now
      return true
    }
    return false
  }

  #isSmaller({ preemptions, choices }: E, stretches: readonly Stretch[]): boolean {
    const best = this.#best
    if (preemptions !== best.preemptions) return preemptions < best.preemptions
    if (choices.length !== best.choices.length) return choices.length < best.choices.length
    return stretches.length < this.#stretches.length
  }
}

/** Schedules that may be smaller than `stretches`, the boldest first. */
function* variants(stretches: readonly Stretch[]): Generator<readonly Stretch[]> {
  // To the stretch before of the same one: what lay between comes after it.
  for (const [place, stretch] of stretches.entries()) {
    const before = stretches.slice(0, place).findLastIndex(({ key }) => key === stretch.key)
    if (before < 0) continue
    const { steps } = stretches[before] ?? stretch
    const joined = { key: stretch.key, steps: steps + stretch.steps }
    yield [...stretches.slice(0, before), joined, ...stretches.slice(before + 1, place), ...stretches.slice(place + 1)]
    // And the other way: what lay between comes before it.
    yield [...stretches.slice(0, before), ...stretches.slice(before + 1, place), joined, ...stretches.slice(place + 1)]
  }
  for (const place of stretches.keys()) yield [...stretches.slice(0, place), ...stretches.slice(place + 1)]
  // All behind it by default.
  for (const place of stretches.keys()) yield stretches.slice(0, place)
  for (const [place, { key, steps }] of stretches.entries()) {
    if (steps === 1) continue
    yield [...stretches.slice(0, place), { key, steps: steps - 1 }, ...stretches.slice(place + 1)]
  }
}
