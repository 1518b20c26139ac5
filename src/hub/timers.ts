/**
 * The timers of a hub: any number of them on one alarm of the clock.
 *
 * One list per duration, in which the earliest is always first, and a heap of the lists. Timers come and go far more often than they
 * expire; here both are a few pointer writes.
 *
 * Stands on the clock. Leaves to each timer what its expiry means.
 */
import { writes } from '../greenlet/footprint.ts'
import type { Alarm, Clock } from './clock.ts'

/** A node in the lists of {@link Timers}. Subclasses say what happens when the time has come. */
export abstract class Timer {
  /** Set while it runs, null before and after. */
  declare list: TimerList | null
  declare before: Timer | null
  declare after: Timer | null
  /** When it is due, in whole milliseconds of the clock: never early, and small integers are kept without a box. */
  declare due: number
  /** Breaks ties: what was started first is due first. */
  declare sequence: number
  /** Whether it keeps the process alive, and `wait()` waiting. */
  declare isRef: boolean

  constructor() {
    this.list = null
    this.before = null
    this.after = null
    this.due = 0
    this.sequence = 0
    this.isRef = true
  }

  /** The time has come. The timer is no longer in any list. */
  abstract expired(): void

  /** What it is for, for people: `sleep(10)`. */
  describe?(): string
}

/** All timers of one duration: what is started later is due later, so the list is sorted by itself. */
class TimerList {
  readonly ms: number
  first: Timer | null = null
  last: Timer | null = null
  /** Its place in the heap; -1 while empty. */
  place = -1

  constructor(ms: number) {
    this.ms = ms
  }
}

/** Empty lists are kept for the next timer of their duration, up to this many lists. */
const LISTS_KEPT = 1000

/** The timers of one hub. */
export class Timers {
  /** How many timers run. */
  count = 0
  /** How many of them keep the process alive. */
  refs = 0
  /** Set while a slice of the hub runs, which settles at its end; else each removal does. */
  inSlice = false
  readonly #clock: Clock
  readonly #onDue: () => void
  readonly #lists = new Map<number, TimerList>()
  readonly #heap: TimerList[] = []
  /** The list that was asked for last: the same duration is used again and again. */
  #latest = new TimerList(NaN)
  #alarm: Alarm | null = null
  #alarmDue = 0
  #alarmIsRef = false
  #sequence = 0

  /** @param onDue - called from the alarm when timers have expired. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Starts `timer`, due `ms` from now. A started one keeps its `isRef`. */
  add(timer: Timer, ms: number): void {
    writes(timer)
    timer.due = Math.ceil(this.#clock.now() + ms)
    timer.sequence = this.#sequence++
    const list = this.#listFor(ms)
    timer.list = list
    timer.before = list.last
    if (list.last === null) {
      list.first = timer
      list.last = timer
      this.#push(list)
    } else {
      list.last.after = timer
      list.last = timer
    }
    this.count++
    if (timer.isRef) this.refs++
    this.#arm()
  }

  /** Stops `timer`; one that does not run is left alone. */
  remove(timer: Timer): void {
    const { list } = timer
    if (list === null) return
    writes(timer)
    const wasFirst = list.first === timer
    this.#unlink(list, timer)
    if (wasFirst) this.#sift(list)
    if (!this.inSlice) this.settle()
  }

  /** How many timers have been started: the `sequence` of the next one. */
  get started(): number {
    return this.#sequence
  }

  /** When the earliest timer is due; `Infinity` when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.first?.due ?? Infinity
  }

  /** For schedule tests: fills `list` with those that are due at `now`, in the order in which they would go off. */
  copyDue(now: number, list: Timer[]): void {
    list.length = 0
    for (const { first } of this.#heap) {
      for (let timer = first; timer !== null && timer.due <= now; timer = timer.after) list.push(timer)
    }
    if (list.length > 1) list.sort((a, b) => a.due - b.due || a.sequence - b.sequence)
  }

  /** For schedule tests: fills `list` with the first of these. Of thousands that are due at once, each step would sort them all. */
  copyFirstDue(now: number, list: Timer[]): void {
    list.length = 0
    const first = this.#heap[0]?.first ?? null
    if (first !== null && first.due <= now) list.push(first)
  }

  /** For schedule tests: has one of those go off that are due. */
  goOff(timer: Timer): void {
    if (timer.list === null) return
    this.remove(timer)
    timer.expired()
  }

  /** Lets the process end when no timer keeps it. Called once when a slice is over: a timer started and stopped in it costs nothing. */
  settle(): void {
    this.inSlice = false
    if (this.refs > 0 || this.#alarm === null || !this.#alarmIsRef) return
    this.#alarm.unref()
    this.#alarmIsRef = false
  }

  #listFor(ms: number): TimerList {
    if (this.#latest.ms === ms) return this.#latest
    const known = this.#lists.get(ms)
    if (known !== undefined) {
      this.#latest = known
      return known
    }
    if (this.#lists.size >= LISTS_KEPT) {
      for (const [key, list] of this.#lists) if (list.first === null) this.#lists.delete(key)
    }
    const list = new TimerList(ms)
    this.#lists.set(ms, list)
    this.#latest = list
    return list
  }

  #unlink(list: TimerList, timer: Timer): void {
    const { before, after } = timer
    if (before === null) list.first = after
    else before.after = after
    if (after === null) list.last = before
    else after.before = before
    timer.list = null
    timer.before = null
    timer.after = null
    this.count--
    if (timer.isRef) this.refs--
  }

  #arm(): void {
    const due = this.nextDue
    const wanted = this.refs > 0
    if (this.#alarm !== null) {
      if (wanted && !this.#alarmIsRef) {
        this.#alarm.ref()
        this.#alarmIsRef = true
      }
      if (this.#alarmDue <= due) return
      this.#alarm.cancel()
    }
    this.#alarmDue = due
    this.#alarmIsRef = wanted
    this.#alarm = this.#clock.setAlarm(Math.max(1, Math.ceil(due - this.#clock.now())), () => {
      this.#goOff()
    })
    if (!wanted) this.#alarm.unref()
  }

  #goOff(): void {
    this.#alarm = null
    const now = this.#clock.now()
    for (let list = this.#heap[0]; list?.first != null && list.first.due <= now; list = this.#heap[0]) {
      const timer = list.first
      this.#unlink(list, timer)
      this.#sift(list)
      timer.expired()
    }
    if (this.count > 0) this.#arm()
    this.#onDue()
  }

  // The heap: by the due time of each list's first timer. A list of a changed first timer is sifted, an empty one taken out.

  #push(list: TimerList): void {
    list.place = this.#heap.length
    this.#heap.push(list)
    this.#up(list)
  }

  #sift(list: TimerList): void {
    if (list.first !== null) {
      this.#down(list)
      return
    }
    const { place } = list
    list.place = -1
    const last = this.#heap.pop()
    if (last === undefined || last === list) return
    this.#heap[place] = last
    last.place = place
    this.#up(last)
    this.#down(last)
  }

  #up(list: TimerList): void {
    let { place } = list
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || !earlier(list, parent)) break
      this.#heap[place] = parent
      parent.place = place
      place = above
    }
    this.#heap[place] = list
    list.place = place
  }

  #down(list: TimerList): void {
    let { place } = list
    for (;;) {
      const left = this.#heap[2 * place + 1]
      if (left === undefined) break
      const right = this.#heap[2 * place + 2]
      const child = right !== undefined && earlier(right, left) ? right : left
      if (!earlier(child, list)) break
      const below = child.place
      this.#heap[place] = child
      child.place = place
      place = below
    }
    this.#heap[place] = list
    list.place = place
  }
}

function earlier(a: TimerList, b: TimerList): boolean {
  const [x, y] = [a.first, b.first]
  if (x === null || y === null) return y === null
  return x.due < y.due || (x.due === y.due && x.sequence < y.sequence)
}
