/**
 * Makes a failing schedule small: few preemptions, then few steps, then few changes of who runs. A person has to read it.
 *
 * First all schedules with fewer preemptions are tried, the fewest first, as far as the budget goes: the first of them that fails in the
 * same way has the fewest there are. Then stretches of the schedule, that is, steps of one greenlet in a row, are left out, moved to the
 * stretch before of the same one, or cut shorter, as long as it still fails in the same way and becomes smaller.
 *
 * Stands on the plain search. Leaves to the caller how a schedule is run.
 */
import type { Outcome } from '../execution/outcome.ts'
import { PlainSearch } from './bounded.ts'
import { type Stretch, stretchesOf, Tending } from './following.ts'
import type { Explored, Run } from './search.ts'

/** How long it may take. */
export interface ShrinkOptions {
  /** Executions. @defaultValue 2000 */
  readonly budget?: number
}

/** Answers the smallest schedule that fails in the same way; `found` itself when there is no smaller one. */
export function shrink<E extends Explored>(run: Run<E>, found: E, { budget = 2000 }: ShrinkOptions = {}): E {
  const fewest = withFewerPreemptions(run, found, Math.floor(budget / 2))
  return new Shrinking(run, fewest, Math.ceil(budget / 2)).smallest()
}

function withFewerPreemptions<E extends Explored>(run: Run<E>, found: E, budget: number): E {
  if (found.preemptions === 0) return found
  const search = new PlainSearch({ preemptions: found.preemptions - 1, most: budget })
  for (let runs = 0; runs < budget && search.next(); runs++) {
    const execution = run(search.policy, 'none')
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
  readonly #run: Run<E>
  readonly #found: E
  #left: number
  #best: E
  /** Those of the best; empty when it was run without a log. */
  #stretches: readonly Stretch[] = []

  constructor(run: Run<E>, found: E, budget: number) {
    this.#run = run
    this.#found = found
    this.#best = found
    this.#left = budget
  }

  smallest(): E {
    const { log, choices } = this.#best
    const logged = log === null ? this.#runAgain(choices) : this.#best
    if (logged.log === null || !isSameFailure(logged.outcome, this.#found.outcome)) return this.#best
    this.#stretches = stretchesOf(logged.log)
    while (this.#left > 0 && this.#improve());
    return this.#best
  }

  #runAgain(choices: readonly number[]): E {
    this.#left--
    return this.#run({ choose: (_choices, step) => choices[step] ?? 0 }, 'footprints')
  }

  /** Tries all changes until one helps; answers whether one did. */
  #improve(): boolean {
    for (const stretches of variants(this.#stretches)) {
      if (this.#left <= 0) return false
      this.#left--
      const execution = this.#run(new Tending(stretches), 'footprints')
      if (execution.log === null || !isSameFailure(execution.outcome, this.#found.outcome)) continue
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
