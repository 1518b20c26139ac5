/**
 * The races of an execution: two steps, next to each other but for what need not be between them, that could have come the other way round.
 *
 * Happens-before. A step comes after the one before of its proc, after the one without which it would not be ready, after all before a barrier, and after
 * those that touched an object which it touches, if one of the two writes. Each step has a clock: by proc, the last step of it that
 * comes before. A race is a conflict whose first step is not in the clock of the second by any other way.
 *
 * For a race (e, f) the *initials* are the procs whose next step after e depends on nothing after e that is before f: each of them,
 * taken in the place of e, begins a schedule in which f comes before e.
 *
 * What f does may hang on what e wrote. Taken before e it may touch other objects, and depend on steps between the two that it has
 * nothing to do with here. The literature knows no such case, since there a step is one access of one variable. So when e writes, only
 * what f depends on here is between them for certain: the initials are those of its past; and when nothing is, f's proc itself is to be
 * taken in the place of e. If that one *sleeps* there, its step has been seen in that place, and others conflict with what it did
 * then: it is watched for these, as if it stood before e.
 *
 * Cost. Clocks cover the procs since the last barrier only, since nothing races across one; so a program that sleeps thousands of times,
 * each time with a timer that is a proc of its own, has small clocks. Those of a beginning that two executions share are kept. Per object
 * only the last write and who has read since are known: what was before them comes before them.
 *
 * Stands on the touches. Leaves to `dpor.ts` what is done about a race.
 */
import type { Taken } from './search.ts'
import type { Footprint, Touches } from './touches.ts'

/** One who need not be taken at a step: what it begins is known. */
export interface Sleeper {
  /** Its number. */
  readonly proc: number
  /** Of its next step. */
  readonly footprint: Footprint
}

/** Is told of races. Procs go by number. */
export interface Demands {
  /** Whether the proc was taken at `step`, or will be, or need not be. */
  covers(step: number, proc: number): boolean
  /** The proc is to be taken at `step`, too. */
  demand(step: number, proc: number): void
  /** The proc is to be taken at `step`, or to be watched when it sleeps there. What it does there is not known. */
  demandUnknown(step: number, proc: number): void
  /** Those that are watched at `step`. */
  watchedAt(step: number): readonly Sleeper[]
}

/** What is known of an object since the last barrier. */
class Accesses {
  /** The epoch that this is of; what is of another one is void. */
  epoch = -1
  lastWrite = -1
  /** The last read of each proc that has read since. */
  readonly reads: number[] = []
  readCount = 0

  read(step: number, before: number): void {
    for (let place = 0; place < this.readCount; place++) {
      if (this.reads[place] === before) {
        this.reads[place] = step
        return
      }
    }
    this.reads[this.readCount++] = step
  }
}

/** Finds the races of one execution after the other. */
export class Races {
  readonly #touches: Touches
  readonly #demands: Demands
  #steps: readonly Taken[] = []

  // By step.
  /** The place of its proc in clocks. */
  readonly #slots: number[] = []
  /** Where its clock begins, and how many procs it covers. */
  readonly #clockAt: number[] = []
  readonly #widths: number[] = []
  /** The last step of another proc that comes before it. */
  readonly #latest: number[] = []
  /** The first step since the last barrier. */
  readonly #began: number[] = []

  /** All clocks. */
  #clocks = new Int32Array(1024)

  // Since the last barrier.
  #epoch = 0
  /** The slot of a proc, and the epoch in which it has it. */
  readonly #slotOf: number[] = []
  readonly #slotEpoch: number[] = []
  #slotCount = 0
  /** By slot: the proc, its steps, how many they are. */
  readonly #procs: number[] = []
  readonly #stepsOf: number[][] = []
  readonly #stepCounts: number[] = []
  readonly #objects: Accesses[] = []

  // Of the step that is looked at.
  #at = 0
  #own = 0
  #late = -1
  /** Steps that it conflicts with: twice the number, one more when the other one writes. */
  readonly #candidates: number[] = []

  constructor(touches: Touches, demands: Demands) {
    this.#touches = touches
    this.#demands = demands
  }

  /** Finds the races whose second step is `from` or a later one. All before is as it was in the execution before. */
  find(steps: readonly Taken[], from: number): void {
    this.#steps = steps
    if (from >= steps.length) return
    let began = from === 0 || steps[from]?.barrier === true ? from : number(this.#began, from - 1)
    this.#openEpoch()
    for (let step = began; step < from; step++) {
      this.#slots[step] = this.#slot(procOf(steps, step))
      this.#note(step)
    }
    for (let step = from; step < steps.length; step++) {
      if (steps[step]?.barrier === true && step !== began) {
        this.#watch(began, step)
        began = step
        this.#openEpoch()
      }
      this.#began[step] = began
      this.#slots[step] = this.#slot(procOf(steps, step))
      this.#order(step, began)
      this.#note(step)
    }
    this.#watch(began, steps.length)
  }

  #openEpoch(): void {
    this.#epoch++
    this.#slotCount = 0
  }

  #slot(proc: number): number {
    if (this.#slotEpoch[proc] === this.#epoch) return number(this.#slotOf, proc)
    const slot = this.#slotCount++
    while (this.#slotOf.length <= proc) {
      this.#slotOf.push(0)
      this.#slotEpoch.push(-1)
    }
    this.#slotEpoch[proc] = this.#epoch
    this.#slotOf[proc] = slot
    this.#procs[slot] = proc
    this.#stepCounts[slot] = 0
    if (this.#stepsOf.length <= slot) this.#stepsOf.push([])
    return slot
  }

  #accessesOf(object: number): Accesses {
    while (this.#objects.length <= object) this.#objects.push(new Accesses())
    const accesses = this.#objects[object] as Accesses // made one line above
    if (accesses.epoch !== this.#epoch) {
      accesses.epoch = this.#epoch
      accesses.lastWrite = -1
      accesses.readCount = 0
    }
    return accesses
  }

  /** Enters a step in what is known since the last barrier. */
  #note(step: number): void {
    const slot = number(this.#slots, step)
    const end = this.#touches.endOf(step)
    for (let place = this.#touches.startOf(step); place < end; place++) {
      const touch = this.#touches.at(place)
      const accesses = this.#accessesOf(touch >> 1)
      if ((touch & 1) === 1) {
        accesses.lastWrite = step
        accesses.readCount = 0
      } else {
        accesses.read(step, this.#lastReadOf(accesses, slot))
      }
    }
    const count = number(this.#stepCounts, slot)
    const own = this.#stepsOf[slot] as number[] // made with the slot
    own[count] = step
    this.#stepCounts[slot] = count + 1
  }

  #lastReadOf({ reads, readCount }: Accesses, slot: number): number {
    for (let place = 0; place < readCount; place++) {
      const read = number(reads, place)
      if (this.#slots[read] === slot) return read
    }
    return -1
  }

  /** Makes the clock of a step, and tells of its races. */
  #order(step: number, began: number): void {
    const slot = number(this.#slots, step)
    const at = step === 0 ? 0 : number(this.#clockAt, step - 1) + number(this.#widths, step - 1)
    const width = this.#slotCount
    this.#reserve(at + width)
    this.#clocks.fill(-1, at, at + width)
    this.#clockAt[step] = at
    this.#widths[step] = width
    this.#at = at
    this.#own = slot
    this.#late = -1
    const before = number(this.#stepCounts, slot)
    const previous = before === 0 ? -1 : number(this.#stepsOf[slot] ?? [], before - 1)
    if (previous >= 0) this.#join(previous)
    const madeReadyBy = this.#steps[step]?.madeReadyBy ?? -1
    if (madeReadyBy >= began && madeReadyBy !== previous && !this.#wasReady(step, madeReadyBy)) this.#join(madeReadyBy)

    this.#gather(step, slot)
    for (const candidate of this.#candidates) {
      const first = candidate >> 1
      if ((this.#clocks[at + number(this.#slots, first)] ?? -1) >= first) continue
      if ((candidate & 1) === 1) this.#raceWithWrite(first, previous)
      else this.#race(first, previous)
      this.#join(first)
    }
    this.#clocks[at + slot] = step
    this.#latest[step] = this.#late
  }

  /** Whether the proc of `step` could have gone on instead of who made it ready: one who is ready, and killed, is made so again. */
  #wasReady(step: number, madeReadyBy: number): boolean {
    const proc = procOf(this.#steps, step)
    for (const offered of this.#steps[madeReadyBy]?.offered ?? []) if (offered.number === proc) return true
    return false
  }

  #reserve(size: number): void {
    if (size <= this.#clocks.length) return
    const larger = new Int32Array(Math.max(size, 2 * this.#clocks.length))
    larger.set(this.#clocks)
    this.#clocks = larger
  }

  /** All that comes before `earlier`, and it itself, comes before the step that is looked at. */
  #join(earlier: number): void {
    const clocks = this.#clocks
    const from = number(this.#clockAt, earlier)
    const width = number(this.#widths, earlier)
    for (let slot = 0; slot < width; slot++) {
      const known = clocks[from + slot] as number // within the clocks
      const place = this.#at + slot
      if (known <= (clocks[place] as number)) continue
      clocks[place] = known
      if (slot !== this.#own && known > this.#late) this.#late = known
    }
  }

  /** Finds the steps of others that `step` conflicts with, latest first. */
  #gather(step: number, slot: number): void {
    const candidates = this.#candidates
    candidates.length = 0
    const end = this.#touches.endOf(step)
    for (let place = this.#touches.startOf(step); place < end; place++) {
      const touch = this.#touches.at(place)
      const accesses = this.#accessesOf(touch >> 1)
      this.#consider(accesses.lastWrite, slot, 1)
      if ((touch & 1) === 0) continue
      for (let read = 0; read < accesses.readCount; read++) this.#consider(number(accesses.reads, read), slot, 0)
    }
    if (candidates.length > 1) candidates.sort(latestFirst)
  }

  #consider(candidate: number, slot: number, writes: 0 | 1): void {
    if (candidate >= 0 && this.#slots[candidate] !== slot) this.#candidates.push(2 * candidate + writes)
  }

  /** `first`, which only reads, races with the step that is looked at. `previous` is the step before of that one's proc. */
  #race(first: number, previous: number): void {
    const own = this.#own
    const proc = number(this.#procs, own)
    const isInitial = previous > first ? this.#initialOf(own, first) >= 0 : this.#late < first
    if (isInitial && this.#demands.covers(first, proc)) return
    const firstSlot = number(this.#slots, first)
    let demanded = isInitial ? proc : -1
    for (let slot = 0; slot < this.#slotCount; slot++) {
      if (slot === own || slot === firstSlot || this.#initialOf(slot, first) < 0) continue
      const other = number(this.#procs, slot)
      if (this.#demands.covers(first, other)) return
      if (demanded < 0) demanded = other
    }
    if (demanded >= 0) this.#demands.demand(first, demanded)
  }

  /** `first`, which writes, races with the step that is looked at. */
  #raceWithWrite(first: number, previous: number): void {
    if (previous <= first && this.#late < first) this.#demands.demandUnknown(first, number(this.#procs, this.#own))
    else this.#demandPast(first, this.#at, this.#slotCount)
  }

  /** Has one of the initials be taken at `first` of the steps behind it that are in the clock at `clock`, of `width`. */
  #demandPast(first: number, clock: number, width: number): void {
    const firstSlot = number(this.#slots, first)
    let demanded = -1
    for (let slot = 0; slot < width; slot++) {
      if (slot === firstSlot) continue
      const initial = this.#initialOf(slot, first)
      if (initial < 0 || (this.#clocks[clock + slot] ?? -1) < initial) continue
      const proc = number(this.#procs, slot)
      if (this.#demands.covers(first, proc)) return
      if (demanded < 0) demanded = proc
    }
    if (demanded >= 0) this.#demands.demand(first, demanded)
  }

  /** Looks for steps from `began` to `end` that conflict with what those that are watched would do. */
  #watch(began: number, end: number): void {
    for (let first = began; first < end; first++) {
      for (const watched of this.#demands.watchedAt(first)) this.#lookFor(watched, first, end)
    }
  }

  #lookFor({ proc, footprint }: Sleeper, first: number, end: number): void {
    const firstSlot = number(this.#slots, first)
    for (let step = first + 1; step < end; step++) {
      const at = number(this.#clockAt, step)
      const width = number(this.#widths, step)
      if (firstSlot < width && (this.#clocks[at + firstSlot] ?? -1) >= first) continue
      if (procOf(this.#steps, step) === proc) return
      if (this.#touches.clashes(step, footprint)) this.#demandPast(first, at, width)
    }
  }

  /** The next step after `step` of the proc in `slot`, if it depends on none from `step` on; else -1. */
  #initialOf(slot: number, step: number): number {
    const steps = this.#stepsOf[slot] ?? []
    const count = number(this.#stepCounts, slot)
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >> 1
      if (number(steps, middle) <= step) low = middle + 1
      else high = middle
    }
    if (low === count) return -1
    const next = number(steps, low)
    return number(this.#latest, next) < step ? next : -1
  }
}

function latestFirst(a: number, b: number): number {
  return b - a
}

function procOf(steps: readonly Taken[], step: number): number {
  return steps[step]?.proc.number ?? 0
}

/** One of a list that is known to have it. */
function number(list: readonly number[], place: number): number {
  return list[place] as number
}
