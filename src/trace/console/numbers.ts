/**
 * Numbers by which a page names greenlets and groups of them. None is given twice, so that nobody is killed in the place of another.
 *
 * Stands on nothing. Holds no greenlet.
 */

/** Gives the numbers; those of one console. */
export class Numbers {
  readonly #given = new WeakMap<object, number>()
  /** Those of groups, by the one under which they stand. */
  readonly #groups = new WeakMap<object, Map<string, number>>()
  #next = 1

  /** The number of `greenlet`. */
  of(greenlet: object): number {
    let number = this.#given.get(greenlet)
    if (number === undefined) {
      number = this.#next++
      this.#given.set(greenlet, number)
    }
    return number
  }

  /** That of those below `spawner` whose names begin with `stem`. */
  ofGroup(spawner: object, stem: string): number {
    let groups = this.#groups.get(spawner)
    if (groups === undefined) {
      groups = new Map()
      this.#groups.set(spawner, groups)
    }
    let number = groups.get(stem)
    if (number === undefined) {
      number = this.#next++
      groups.set(stem, number)
    }
    return number
  }
}
