/**
 * What comes before what, in an execution and in all that are equivalent to it.
 *
 * A step comes before another one when it is of the same proc and earlier, when it has made the other one ready, when the clock has jumped
 * between the two, or when both touch an object and one of them writes it; and when a third one lies between them in this sense. All other
 * pairs might as well have changed places.
 *
 * Each step has a vector clock: how far it has seen each *chain*. A chain is a row of steps of which each comes before the next: a proc,
 * and behind its last step another proc that began after that. So a thousand callbacks, one after the other, are a handful of chains.
 *
 * Stands on the log. Is built at once, for pictures and for questions of a test; the search keeps clocks of its own, step by step.
 */
import type { Log, Step } from './log.ts'

/** How far a step has seen each chain: the place of the last step of it that comes before, or is, the step. Counted from 1; 0: none. */
type Clock = Uint32Array

/** Who has touched an object, as far as that matters to the next one. */
class Uses {
  /** The last step that wrote it; null: none. */
  writer: Clock | null = null
  /** Those that have looked at it since then. */
  readonly readers: Clock[] = []
}

/** The order of the steps of a log. */
export class HappensBefore {
  readonly #clocks: Clock[] = []
  readonly #chainOf: number[] = []
  readonly #placeOf: number[] = []

  constructor({ steps }: Pick<Log, 'steps'>) {
    const chains = new Chains(steps)
    const uses = new Map<object, Uses>()
    /** What all know since the last barrier. */
    let barrier: Clock | null = null
    steps.forEach((step, number) => {
      if (step.barrier) barrier = joined(chains.ends(this.#clocks), chains.count)
      const known: Clock[] = barrier === null ? [] : [barrier]
      const before = chains.lastOf(step)
      for (const earlier of [before, step.madeReadyBy]) {
        const clock = this.#clocks[earlier]
        if (clock !== undefined) known.push(clock)
      }
      for (const [object, written] of step.touched) addUses(known, uses.get(object), written)
      const chain = chains.chainFor(step, before, known)
      const clock = joined(known, chains.count)
      const place = chains.append(chain, number)
      clock[chain] = place
      this.#clocks.push(clock)
      this.#chainOf.push(chain)
      this.#placeOf.push(place)
      for (const [object, written] of step.touched) noteUse(uses, object, written, clock)
    })
  }

  /** Whether step `a` comes before step `b` in every equivalent execution. A step does not come before itself. */
  before(a: number, b: number): boolean {
    const place = this.#placeOf[a] ?? Infinity
    return a !== b && (this.#clocks[b]?.[this.#chainOf[a] ?? -1] ?? 0) >= place
  }

  /** Whether the two might have changed places. */
  concurrent(a: number, b: number): boolean {
    return a !== b && !this.before(a, b) && !this.before(b, a)
  }
}

/** Adds those that have used an object before a step that reads it, or writes it. */
function addUses(known: Clock[], use: Uses | undefined, written: boolean): void {
  if (use === undefined) return
  if (use.writer !== null) known.push(use.writer)
  if (written) known.push(...use.readers)
}

function noteUse(uses: Map<object, Uses>, object: object, written: boolean, clock: Clock): void {
  let use = uses.get(object)
  if (use === undefined) {
    use = new Uses()
    uses.set(object, use)
  }
  if (written) {
    use.writer = clock
    use.readers.length = 0
  } else {
    use.readers.push(clock)
  }
}

/** What any of `clocks` has seen. */
function joined(clocks: readonly Clock[], chains: number): Clock {
  const all = new Uint32Array(chains)
  for (const clock of clocks) {
    for (let chain = 0; chain < clock.length; chain++) {
      const place = clock[chain] ?? 0
      if (place > (all[chain] ?? 0)) all[chain] = place
    }
  }
  return all
}

/** The rows that the steps are sorted into. */
class Chains {
  /** Of each chain: how long it is, its last step, and whether the proc of that one takes no more. */
  readonly #length: number[] = []
  readonly #last: number[] = []
  readonly #free: boolean[] = []
  readonly #lastOf = new Map<object, number>()
  readonly #chainOf = new Map<object, number>()
  /** The last step of each proc. */
  readonly #ends = new Map<object, number>()
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    steps.forEach((step, number) => this.#ends.set(step.proc, number))
  }

  get count(): number {
    return this.#length.length
  }

  /** The last step so far of the proc of `step`; -1: it is its first. */
  lastOf({ proc }: Step): number {
    return this.#lastOf.get(proc) ?? -1
  }

  /** The clocks of the last steps of all chains. */
  ends(clocks: readonly Clock[]): readonly Clock[] {
    return this.#last.flatMap((step) => clocks[step] ?? [])
  }

  /** The chain for a step: that of its proc. One that begins goes behind another that is over, if it is known to come after that. */
  chainFor({ proc }: Step, before: number, known: readonly Clock[]): number {
    if (before >= 0) return this.#chainOf.get(proc) ?? 0
    let chain = this.#free.findIndex((free, one) => free && known.some((clock) => clock[one] === this.#length[one]))
    if (chain < 0) {
      chain = this.#length.push(0) - 1
      this.#last.push(-1)
      this.#free.push(false)
    }
    this.#chainOf.set(proc, chain)
    return chain
  }

  /** Puts a step at the end of a chain; answers its place in it. */
  append(chain: number, number: number): number {
    const proc = this.#steps[number]?.proc
    if (proc !== undefined) this.#lastOf.set(proc, number)
    this.#last[chain] = number
    this.#free[chain] = proc !== undefined && this.#ends.get(proc) === number
    this.#length[chain] = (this.#length[chain] ?? 0) + 1
    return this.#length[chain] ?? 0
  }
}
