/**
 * The plain ways to choose: the head, the tail, whoever ran last, by chance, as given, by shares.
 *
 * Those without a state of their own are one object each. The others serve one execution; a random walk may go on to the next one, and
 * then draws other numbers there.
 *
 * Stands on the choices. Leaves to `pct.ts` the priorities, to `replaying.ts` a schedule that was recorded.
 */
import type { Choices, Policy } from './choices.ts'
import type { Random } from './random.ts'

class Fifo implements Policy {
  choose({ jumped, ready }: Choices): number {
    return jumped ? ready.length : 0
  }
}

class Reversed implements Policy {
  choose(choices: Choices): number {
    return choices.count - 1
  }
}

class Uninterrupted implements Policy {
  choose(choices: Choices): number {
    if (choices.last >= 0) return choices.last
    return choices.jumped ? choices.ready.length : 0
  }
}

class RandomWalk implements Policy {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  choose(choices: Choices): number {
    return choices.count === 1 ? 0 : this.#random.below(choices.count)
  }
}

class Given implements Policy {
  readonly #choices: readonly number[]
  readonly #rest: Policy

  constructor(choices: readonly number[], rest: Policy) {
    this.#choices = choices
    this.#rest = rest
  }

  choose(choices: Choices, step: number): number {
    const given = this.#choices[step]
    if (given === undefined) return this.#rest.choose(choices, step)
    return given < choices.count ? given : given % choices.count
  }
}

class ByShare implements Policy {
  readonly #shares: readonly number[]

  constructor(shares: readonly number[]) {
    this.#shares = shares
  }

  choose({ count }: Choices, step: number): number {
    return Math.floor(((this.#shares[step] ?? 0) * count) / SHARES)
  }
}

const FIFO = new Fifo()
const REVERSED = new Reversed()
const UNINTERRUPTED = new Uninterrupted()

/** Production's order: first come, first served; timers when nobody is ready. */
export function fifo(): Policy {
  return FIFO
}

/** Last come, first served; timers that are due before all who are ready, the latest of them first. */
export function reversed(): Policy {
  return REVERSED
}

/** Who ran last goes on while it can, then the head of the line: no preemption at all. */
export function uninterrupted(): Policy {
  return UNINTERRUPTED
}

/** Each step by chance, all options alike. */
export function randomWalk(random: Random): Policy {
  return new RandomWalk(random)
}

/**
 * The first steps as `choices` say, then `rest`. A choice that is too large is taken modulo the number of options, so that any list of
 * natural numbers is a schedule of any program.
 */
export function given(choices: readonly number[], rest: Policy): Policy {
  return new Given(choices, rest)
}

/** A share is below it. Each number up to 10 divides it, so that up to 10 options have equal shares. */
export const SHARES = 2520

/**
 * At each step the option that lies so far along the line: 0 is the head, {@link SHARES} - 1 the last one. So it means nearly the same when
 * there are a few options more or fewer. After the end of `shares` it is first come, first served.
 */
export function byShare(shares: readonly number[]): Policy {
  return new ByShare(shares)
}
