/**
 * How many rounds each contestant gets, and how long what is left will take: by how long the first process of each took.
 *
 * Without a budget there are as many rounds as were asked for. With one, those that are slow get fewer, and when all of them are too slow for
 * the time that is left, the slowest get fewer still, never less than two. Stands on nothing. Leaves the running to `rounds.ts`.
 */

/** How many rounds, and how long all works together may take. */
export interface Pace {
  readonly rounds: number
  /** Null: as many rounds as are said, however long it takes. */
  readonly budgetMs: number | null
}

/** What a process is taken to last before one has ended. */
const GUESS_MS = 1200
const LEAST_ROUNDS = 2

/** How many rounds of `most` a contestant gets whose first process took so long. */
export function roundsFor(firstMs: number, most: number): number {
  if (firstMs > 6000) return Math.min(most, LEAST_ROUNDS)
  return firstMs > 2500 ? Math.min(most, 3) : most
}

/** The rounds of each after the first one took so long, so that the others fit into `shareMs` where that can be. */
export function planned(
  firstMs: ReadonlyMap<string, number>,
  most: number,
  shareMs: number,
): ReadonlyMap<string, number> {
  const rounds = new Map([...firstMs].map(([name, ms]) => [name, roundsFor(ms, most)]))
  const restOf = ([name, ms]: [string, number]): number => ms * ((rounds.get(name) ?? 1) - 1)
  for (;;) {
    const costs = [...firstMs]
    if (costs.reduce((sum, one) => sum + restOf(one), 0) <= shareMs) return rounds
    const [dearest] = costs
      .filter(([name]) => (rounds.get(name) ?? 0) > LEAST_ROUNDS)
      .sort((a, b) => restOf(b) - restOf(a))
    if (dearest === undefined) return rounds
    rounds.set(dearest[0], (rounds.get(dearest[0]) ?? 0) - 1)
  }
}

interface Entry {
  /** Rounds to go. */
  left: number
  /** Of its first process; null before that. */
  ms: number | null
}

/** The plan of a run: what is done, and what is to come. */
export class Plan {
  readonly #pace: Pace
  readonly #works: ReadonlyMap<string, ReadonlyMap<string, Entry>>
  readonly #clock: () => number
  readonly #began: number
  #done = 0

  /** @param works - the names of the contestants that are there, by the name of the work */
  constructor(
    works: ReadonlyMap<string, readonly string[]>,
    pace: Pace,
    clock: () => number = () => performance.now(),
  ) {
    this.#pace = pace
    this.#clock = clock
    this.#began = clock()
    this.#works = new Map(
      [...works].map(([work, names]) => [work, new Map(names.map((name) => [name, { left: pace.rounds, ms: null }]))]),
    )
  }

  /** How many processes have ended. */
  get done(): number {
    return this.#done
  }

  /** How many there will have been at the end. */
  get total(): number {
    return this.#entries().reduce((sum, { left }) => sum + left, this.#done)
  }

  /** How long what is left will take. */
  get leftMs(): number {
    const entries = this.#entries()
    const known = entries.map(({ ms }) => ms).filter((ms) => ms !== null)
    const mean = known.length === 0 ? GUESS_MS : known.reduce((sum, ms) => sum + ms, 0) / known.length
    return entries.reduce((sum, { left, ms }) => sum + left * (ms ?? mean), 0)
  }

  /** How many rounds a contestant has to go. */
  roundsLeft(work: string, contestant: string): number {
    return this.#works.get(work)?.get(contestant)?.left ?? 0
  }

  /** A process of it has ended. */
  took(work: string, contestant: string, ms: number): void {
    const entry = this.#works.get(work)?.get(contestant)
    if (entry === undefined) return
    entry.left--
    entry.ms ??= ms
    this.#done++
  }

  /** It has failed, and is not tried again. */
  drop(work: string, contestant: string): void {
    const entry = this.#works.get(work)?.get(contestant)
    if (entry !== undefined) entry.left = 0
  }

  /** After the first round of a work: who gets how many more. Its share of what is left of the budget is by the number of contestants. */
  settle(work: string): void {
    const own = this.#works.get(work)
    if (own === undefined || this.#pace.budgetMs === null) return
    const firstMs = new Map<string, number>()
    for (const [name, { left, ms }] of own) if (left > 0 && ms !== null) firstMs.set(name, ms)
    const toCome = this.#entries().filter(({ left, ms }) => left > 0 && ms === null).length
    const leftMs = this.#pace.budgetMs - (this.#clock() - this.#began)
    const rounds = planned(firstMs, this.#pace.rounds, (leftMs * firstMs.size) / (firstMs.size + toCome))
    for (const [name, entry] of own) entry.left = Math.max(0, (rounds.get(name) ?? 1) - 1)
  }

  #entries(): Entry[] {
    return [...this.#works.values()].flatMap((own) => [...own.values()])
  }
}
