/**
 * Which schedules a fuzz tries: three that are not left to chance, then by turns a random walk and priorities of depth 1, 2 and 3.
 *
 * Neither of the two finds all: a race in two long rows of steps is met by a random walk ten times as often, a greenlet that is starved
 * is met by priorities only. All seeds come from one, in order: the n-th run is the same, however many there are.
 *
 * Stands on the policies. Leaves to `fuzz.ts` how many runs there are.
 */
import type { Policy } from '../schedule/choices.ts'
import { pct } from '../schedule/pct.ts'
import { fifo, randomWalk, reversed, uninterrupted } from '../schedule/policies.ts'
import { Random } from '../schedule/random.ts'

/** A way to choose, with its name for messages. */
export interface Named {
  readonly name: string
  readonly policy: Policy
}

/** How deep the deepest priorities are: most bugs need no more than two preemptions. */
const DEEPEST = 3

/** The policies of a fuzz, one after the other. */
export class Portfolio {
  readonly #seeds: Random
  #run = 0

  constructor(seed: number) {
    this.#seeds = new Random(seed)
  }

  /**
   * Gives the policy of the next run.
   *
   * @param steps - how long an execution is expected to be; the priorities change within it.
   */
  draw(steps: number): Named {
    const run = this.#run++
    if (run === 0) return { name: 'production order', policy: fifo() }
    if (run === 1) return { name: 'reversed order', policy: reversed() }
    if (run === 2) return { name: 'without preemption', policy: uninterrupted() }
    const random = new Random(this.#seeds.seed())
    if (run % 2 === 1) return { name: 'random walk', policy: randomWalk(random) }
    const depth = 1 + ((run / 2 + 1) % DEEPEST)
    return { name: `priorities of depth ${depth}`, policy: pct(random, depth, steps) }
  }
}
