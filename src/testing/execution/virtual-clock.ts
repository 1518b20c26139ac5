/**
 * The clock of an execution: time is a number, and nothing is called by itself.
 *
 * What the hub asks for is kept until the execution runs it, in one plain loop: no timer and no microtask lies between two steps, which
 * would cap the rate at a million a second and let others in between.
 *
 * While something real is waited for, it goes at the machine's pace: what plain code starts meanwhile is due as much later.
 *
 * Stands on the clock's interface. Leaves to the execution when the time goes on.
 */
import { type Alarm, type Clock, systemClock } from '../../hub/clock.ts'

/** Alarms are not needed: the execution looks at the hub's timers itself. */
const NO_ALARM: Alarm = {
  ref() {
    // nothing is kept alive by it
  },
  unref() {
    // nor was it
  },
  cancel() {
    // it never goes off
  },
}

/** A {@link Clock} that stands still unless it is let go. */
export class VirtualClock implements Clock {
  /** The time, in milliseconds. */
  time = 0
  /** Called when something is asked for while the execution waits for the world outside. */
  #onCall: (() => void) | null = null
  /** The moment of the machine's clock at which it was 0, while it goes. */
  #zero = 0
  /** It stops there; later is the execution's to say. */
  #end = 0
  /** What is left of a millisecond: thousands of short waits are time, too. */
  #rest = 0
  #soon: (() => void)[] = []
  #afterIO: (() => void)[] = []

  now(): number {
    if (this.#onCall !== null) this.#look()
    return this.time
  }

  setAlarm(): Alarm {
    this.#onCall?.()
    return NO_ALARM
  }

  /** Goes on until `end`, at the machine's pace, and calls `onCall` when something is asked for. */
  go(end: number, onCall: () => void): void {
    this.#zero = systemClock.now() - this.#rest - this.time
    this.#end = end
    this.#onCall = onCall
  }

  /** Stands still again. */
  stop(): void {
    this.#onCall = null
    this.#rest = this.#look()
  }

  /** Sets the time; answers what is left of a millisecond. */
  #look(): number {
    const passed = systemClock.now() - this.#zero
    this.time = Math.min(this.#end, Math.floor(passed))
    return this.time === this.#end ? 0 : passed - this.time
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
    this.#onCall?.()
  }

  afterIO(fn: () => void): void {
    this.#afterIO.push(fn)
    this.#onCall?.()
  }

  /** Calls what was to be called soon; answers whether there was anything. */
  runSoon(): boolean {
    if (this.#soon.length === 0) return false
    const due = this.#soon
    this.#soon = []
    for (const fn of due) fn()
    return true
  }

  /** Calls what was to be called after I/O; answers whether there was anything. */
  runAfterIO(): boolean {
    if (this.#afterIO.length === 0) return false
    const due = this.#afterIO
    this.#afterIO = []
    for (const fn of due) fn()
    return true
  }

  /** Forgets all, for the next execution. */
  reset(): void {
    this.time = 0
    this.#rest = 0
    this.#soon.length = 0
    this.#afterIO.length = 0
  }
}
