/**
 * Probabilistic concurrency testing: priorities by chance, and few changes of them (Burckhardt, Kothari, Musuvathi and Nagarakatte,
 * ASPLOS 2010).
 *
 * Whoever appears (greenlet, callback, due timer) gets a priority by chance, and the highest of those who can go on does so. At `depth - 1`
 * steps, chosen by chance among the first `steps`, the one whose turn it would be falls below all others instead. A bug that needs `d`
 * events in a certain order is found by a run of depth `d` with a probability of at least 1 / (n * k^(d - 1)), for `n` that take part and
 * `k` steps: a random walk promises nothing of the kind, and starves nobody for long.
 *
 * As n is not known before, a priority is a number between 1 and 2 instead of a place in a permutation: which amounts to the same.
 *
 * Stands on the choices and on chance. Leaves to `fuzz` which depths are tried and how many steps are expected.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Timer } from '../../hub/timers.ts'
import type { Choices, Policy } from './choices.ts'
import type { Random } from './random.ts'

class Pct implements Policy {
  readonly #random: Random
  /** The steps at which somebody falls; the n-th of them gives the priority n / (n + 1), below 1. */
  readonly #falls: number[] = []
  readonly #priorities = new Map<Coroutine | Timer, number>()

  constructor(random: Random, depth: number, steps: number) {
    this.#random = random
    // A fall at step 0 would only be another draw of the priorities.
    for (let fall = 1; fall < depth; fall++) this.#falls.push(1 + random.below(Math.max(1, steps - 1)))
  }

  choose(choices: Choices, step: number): number {
    const best = this.#best(choices)
    const fall = this.#falls.indexOf(step)
    if (fall < 0) return best
    this.#priorities.set(subject(choices, best), (fall + 1) / (fall + 2))
    return this.#best(choices)
  }

  #best(choices: Choices): number {
    let best = 0
    let highest = -1
    for (let option = 0; option < choices.count; option++) {
      const priority = this.#priority(subject(choices, option))
      if (priority > highest) {
        highest = priority
        best = option
      }
    }
    return best
  }

  #priority(one: Coroutine | Timer): number {
    const known = this.#priorities.get(one)
    if (known !== undefined) return known
    const drawn = 1 + this.#random.float()
    this.#priorities.set(one, drawn)
    return drawn
  }
}

function subject({ ready, due }: Choices, option: number): Coroutine | Timer {
  return (option < ready.length ? ready[option] : due[option - ready.length]) as Coroutine | Timer // below the count
}

/**
 * Runs by priorities; for one execution.
 *
 * @param random - draws the priorities and the steps at which they change.
 * @param depth - how many events a bug must have in its order to be aimed at, at least 1: one more than the changes.
 * @param steps - how long an execution is expected to be.
 */
export function pct(random: Random, depth: number, steps: number): Policy {
  return new Pct(random, depth, steps)
}
