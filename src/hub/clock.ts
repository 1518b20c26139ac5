/**
 * The sources of order: the clock of a hub, and the timers that run on it.
 *
 * {@link Clock} is the seam: everything in the library that depends on time or on Node's loop goes through these five methods, and
 * schedule tests bring a clock of their own. The system clock takes Node's functions when this file is loaded, so that fake timers put
 * up later do not move it.
 *
 * {@link Scheduler} is the other seam: who of those that are ready runs next. Without one it is first come, first served.
 *
 * {@link Timers} keeps any number of timers on one alarm of the clock: one list per duration, in which the earliest is always first, and
 * a heap of the lists. Timers come and go far more often than they expire; here both are a few pointer writes.
 *
 * Stands on the kernel's types. Leaves to the hub who is woken.
 */

import type { Coroutine } from '../greenlet/kernel.ts'

/** An alarm that a clock has set. */
export interface Alarm {
  /** Keeps the process alive until it goes off (the default). */
  ref(): void
  /** Lets the process end although it has not gone off. */
  unref(): void
  /** Takes it back. */
  cancel(): void
}

/** Decides in the hub's place; schedule tests bring one. */
export interface Scheduler {
  /** Picks who runs next among those that are ready: the answer is the number of the place, counted from 0. */
  choose(ready: readonly Coroutine[]): number
  /** Nobody is ready and no slice is due. */
  onIdle(): void
}

/** What a hub knows of time and of Node's loop. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back. */
  now(): number
  /** Calls `fn` once, `ms` from now at the earliest. */
  setAlarm(ms: number, fn: () => void): Alarm
  /** Calls `fn` as soon as the running code has returned, before any I/O. */
  soon(fn: () => void): void
  /** Calls `fn` after Node has had a look at sockets and timers. */
  afterIO(fn: () => void): void
}

const { performance, setTimeout, clearTimeout, setImmediate, queueMicrotask } = globalThis

/** Node's longest timer; a longer alarm is set again when it goes off early. */
const LONGEST_MS = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setAlarm(ms, fn) {
    const handle = setTimeout(fn, Math.min(ms, LONGEST_MS))
    return {
      ref: () => void handle.ref(),
      unref: () => void handle.unref(),
      cancel: () => {
        clearTimeout(handle)
      },
    }
  },
  soon: (fn) => {
    queueMicrotask(fn)
  },
  afterIO: (fn) => void setImmediate(fn),
}

/** A node in the lists of {@link Timers}. Subclasses say what happens when the time has come. */
export abstract class Timer {
  /** Set while it runs, null before and after. */
  list: TimerList | null = null
  before: Timer | null = null
  after: Timer | null = null
  /** When it is due, in whole milliseconds of the clock: never early, and small integers are kept without a box. */
  due = 0
  /** Breaks ties: what was started first is due first. */
  sequence = 0

  /** The time has come. The timer is no longer in any list. */
  abstract expired(): void
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
  /** Set while a slice of the hub runs, which settles at its end; else each removal does. */
  inSlice = false
  readonly #clock: Clock
  readonly #onDue: () => void
  readonly #lists = new Map<number, TimerList>()
  readonly #heap: TimerList[] = []
  #alarm: Alarm | null = null
  #alarmDue = 0
  #alarmIsRef = false
  #sequence = 0

  /** @param onDue - called from the alarm when timers have expired. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Starts `timer`, due `ms` from now. */
  add(timer: Timer, ms: number): void {
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
    this.#arm()
  }

  /** Stops `timer`; one that does not run is left alone. */
  remove(timer: Timer): void {
    const { list } = timer
    if (list === null) return
    const wasFirst = list.first === timer
    this.#unlink(list, timer)
    if (wasFirst) this.#sift(list)
    if (!this.inSlice) this.settle()
  }

  /** When the earliest timer is due; `Infinity` when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.first?.due ?? Infinity
  }

  /** Lets the process end when no timer is left. Called once when a slice is over: a timer started and stopped in it costs nothing. */
  settle(): void {
    this.inSlice = false
    if (this.count > 0 || this.#alarm === null || !this.#alarmIsRef) return
    this.#alarm.unref()
    this.#alarmIsRef = false
  }

  #listFor(ms: number): TimerList {
    const known = this.#lists.get(ms)
    if (known !== undefined) return known
    if (this.#lists.size >= LISTS_KEPT) {
      for (const [key, list] of this.#lists) if (list.first === null) this.#lists.delete(key)
    }
    const list = new TimerList(ms)
    this.#lists.set(ms, list)
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
  }

  #arm(): void {
    const due = this.nextDue
    if (this.#alarm !== null) {
      if (!this.#alarmIsRef) {
        this.#alarm.ref()
        this.#alarmIsRef = true
      }
      if (this.#alarmDue <= due) return
      this.#alarm.cancel()
    }
    this.#alarmDue = due
    this.#alarmIsRef = true
    this.#alarm = this.#clock.setAlarm(Math.max(1, Math.ceil(due - this.#clock.now())), () => {
      this.#goOff()
    })
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
