/**
 * All schedules, none twice, those with the fewest preemptions first (Musuvathi and Qadeer's iterative context bounding).
 *
 * A schedule is told by where it departs from the default, in which whoever ran last goes on while it can, and else the head of the
 * line does. An execution follows its departures, and takes the default behind the last of them; each other option on that stretch is
 * one departure more, of a schedule that is run later. So every schedule is run once, and each known alternative costs one small object,
 * which shares all departures before with others.
 *
 * Alternatives lie in buckets by their number of preemptions; within a bucket the newest is taken first, so that few are known at a time.
 *
 * Stands on the choices. Leaves to `dpor.ts` the schedules that need not be run.
 */
import { type Choices, GIVE_UP } from '../schedule/choices.ts'
import type { Divergence, Search, SearchPolicy } from './search.ts'

/** One choice that is not the default, behind those of its parent. */
class Departure {
  readonly parent: Departure | null
  /** How many are before it. */
  readonly depth: number
  readonly step: number
  readonly option: number
  /** How many options there are. */
  readonly count: number

  constructor(parent: Departure | null, step: number, option: number, count: number) {
    this.parent = parent
    this.depth = parent === null ? 0 : parent.depth + 1
    this.step = step
    this.option = option
    this.count = count
  }
}

/** Alternatives that may lie in a bucket beyond those that are needed, so that they are not dropped one by one. */
const MANY = 100

/** How a search may be bounded. */
export interface PlainOptions {
  /** Schedules with more preemptions are left out. @defaultValue Infinity */
  readonly preemptions?: number
  /** So many executions will be run at the most: alternatives that cannot be among them are not kept. @defaultValue Infinity */
  readonly most?: number
}

/** The search through all schedules. */
export class PlainSearch implements Search, SearchPolicy {
  readonly policy: SearchPolicy = this
  bound: 'none' | 'preemptions' = 'none'
  diverged: Divergence | null = null
  left = 0
  /** The number of preemptions of the schedules that are run now. */
  preemptions = 0
  readonly #most: number
  readonly #bound: number
  #begun = 0
  /** Alternatives by their number of preemptions. */
  readonly #buckets: Departure[][] = [[]]
  /** The last departure of the execution that is run now; null: it has none. */
  #last: Departure | null = null
  /** Its departures, first one first; those behind `#count` are of executions before. */
  readonly #departures: (Departure | undefined)[] = []
  #count = 0
  #followed = 0
  /** The step of the departure to come; -1 when none is. */
  #nextStep = -1

  constructor({ preemptions = Infinity, most = Infinity }: PlainOptions = {}) {
    this.#bound = preemptions
    this.#most = most
  }

  more(): boolean {
    if (this.diverged !== null) return false
    if (this.#begun > 0 && !this.#takeAlternative()) return false
    this.#begun++
    return true
  }

  #takeAlternative(): boolean {
    let bucket = this.#buckets[this.preemptions]
    while (bucket?.length === 0) bucket = this.#buckets[++this.preemptions]
    const alternative = bucket?.pop()
    if (alternative === undefined) return false
    this.left--
    this.#last = alternative
    const known = this.#count
    this.#count = alternative.depth + 1
    for (let one: Departure | null = alternative; one !== null; one = one.parent) {
      // Most of them are those of the execution before: one that is the same has the same before it.
      if (one.depth < known && this.#departures[one.depth] === one) break
      this.#departures[one.depth] = one
    }
    return true
  }

  begin(): void {
    this.#followed = 0
    this.#nextStep = this.#stepOf(0)
  }

  took(): void {
    if (this.#followed < this.#count && this.diverged === null) {
      this.#diverge(this.#nextStep, `a choice of ${String(this.#departures[this.#followed]?.count)}`, 'the end')
    }
  }

  choose(choices: Choices, step: number): number {
    const { count, last } = choices
    if (this.#nextStep < 0) {
      if (count === 1) return 0
      const usual = last < 0 ? 0 : last
      this.#keep(step, count, usual, last < 0 ? this.preemptions : this.preemptions + 1)
      return usual
    }
    if (step < this.#nextStep) return last < 0 ? 0 : last
    return this.#depart(count, step)
  }

  #depart(count: number, step: number): number {
    const departure = this.#departures[this.#followed]
    if (departure === undefined || departure.count !== count) {
      this.#diverge(step, `a choice of ${String(departure?.count)}`, `a choice of ${String(count)}`)
      return GIVE_UP
    }
    this.#nextStep = this.#stepOf(++this.#followed)
    return departure.option
  }

  /** Keeps all options of a step but the usual one. */
  #keep(step: number, count: number, usual: number, preemptions: number): void {
    if (preemptions > this.#bound) {
      this.bound = 'preemptions'
      return
    }
    while (this.#buckets.length <= preemptions) this.#buckets.push([])
    const bucket = this.#buckets[preemptions]
    if (bucket === undefined) return
    for (let option = 0; option < count; option++) {
      if (option === usual) continue
      bucket.push(new Departure(this.#last, step, option, count))
      this.left++
    }
    const most = this.#most - this.#begun + 1
    if (bucket.length > 2 * most + MANY) this.#dropOldest(bucket, most)
  }

  /** Drops those that will not be run for certain: as many as will be lie above them. */
  #dropOldest(bucket: Departure[], most: number): void {
    this.left -= bucket.length - most
    bucket.splice(0, bucket.length - most)
  }

  /** The step of one of the departures; -1: there are no more. */
  #stepOf(place: number): number {
    return place < this.#count ? (this.#departures[place]?.step ?? -1) : -1
  }

  #diverge(step: number, expected: string, got: string): void {
    this.diverged = { step, expected, got }
  }
}
