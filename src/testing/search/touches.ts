/**
 * The objects that the steps of an execution have touched, as numbers.
 *
 * Each execution makes its objects anew, and a reduction has to know one again in the next execution. So objects are numbered in the
 * order in which they are met: up to the step in which two executions part, the same object has the same number in both. One that was
 * met only after that is *fresh*, and cannot be told from other fresh ones: a {@link Footprint}, which outlives its execution, says only
 * that there are some, and two that have some count as dependent.
 *
 * Stands on what the log says. Leaves to `races.ts` and `dpor.ts` what follows from common objects.
 */

/** No fresh objects; some, all only looked at; some, and at least one is written. */
type Fresh = 0 | 1 | 2

/** What a step touches that was taken in another execution. */
export interface Footprint {
  /** Objects with a number below `limit`: twice the number, one more when it is written. */
  readonly known: readonly number[]
  readonly limit: number
  readonly fresh: Fresh
}

/** The touches of the execution that runs, or has run last. */
export class Touches {
  /** How many steps are noted. */
  steps = 0
  /** How many objects were met. */
  met = 0
  #numbers = new Map<object, number>()
  /** All touches of all steps: twice the number of the object, one more when it is written. */
  readonly #all: number[] = []
  /** Where those of each step end. */
  readonly #ends: number[] = []
  /** By object: twice the number of the marking in which it was touched, one more when it was written. */
  readonly #marks: number[] = []
  #marking = 0
  /** The step that is marked. */
  #marked = -1

  /** An execution begins. */
  begin(): void {
    this.#numbers = new Map()
    this.steps = 0
    this.met = 0
    this.#marked = -1
  }

  /** Gives an object its number, if it has none. */
  meet(object: object): number {
    const known = this.#numbers.get(object)
    if (known !== undefined) return known
    this.#numbers.set(object, this.met)
    return this.met++
  }

  /** Notes what the next step has touched. */
  add(touched: ReadonlyMap<object, boolean>): void {
    let end = this.startOf(this.steps)
    for (const [object, written] of touched) this.#all[end++] = 2 * this.meet(object) + (written ? 1 : 0)
    this.#ends[this.steps++] = end
  }

  /** The place of a step's first touch. */
  startOf(step: number): number {
    return step === 0 ? 0 : (this.#ends[step - 1] ?? 0)
  }

  /** The place behind a step's last touch. */
  endOf(step: number): number {
    return this.#ends[step] ?? 0
  }

  /** A touch: twice the number of the object, one more when it is written. */
  at(place: number): number {
    return this.#all[place] ?? 0
  }

  /** What a step touches, for later executions that are the same up to when `limit` objects were met. */
  footprintOf(step: number, limit: number): Footprint {
    const known: number[] = []
    let fresh: Fresh = 0
    const end = this.endOf(step)
    for (let place = this.startOf(step); place < end; place++) {
      const touch = this.at(place)
      if (touch >> 1 < limit) known.push(touch)
      else if ((touch & 1) === 1) fresh = 2
      else if (fresh === 0) fresh = 1
    }
    return { known, limit, fresh }
  }

  /** Whether `step` and a step with that footprint could not change places. */
  clashes(step: number, { known, limit, fresh }: Footprint): boolean {
    if (this.#marked !== step) this.#mark(step)
    const marking = this.#marking
    for (const touch of known) {
      const mark = this.#marks[touch >> 1] ?? 0
      if (mark >> 1 === marking && ((mark | touch) & 1) === 1) return true
    }
    if (fresh === 0) return false
    const end = this.endOf(step)
    for (let place = this.startOf(step); place < end; place++) {
      const touch = this.at(place)
      if (touch >> 1 >= limit && (fresh === 2 || (touch & 1) === 1)) return true
    }
    return false
  }

  #mark(step: number): void {
    this.#marked = step
    const marking = ++this.#marking
    const end = this.endOf(step)
    for (let place = this.startOf(step); place < end; place++) {
      const touch = this.at(place)
      this.#marks[touch >> 1] = 2 * marking + (touch & 1)
    }
  }
}
