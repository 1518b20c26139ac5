/**
 * The clock of an execution: time is a number, and nothing is called by itself.
 *
 * What the hub asks for is kept until the execution runs it, in one plain loop: no timer and no microtask lies between two steps, which
 * would cap the rate at a million a second and let others in between.
 *
 * Stands on the clock's interface. Leaves to the execution when the time goes on.
 */
import type { Alarm, Clock } from '../../hub/clock.ts'

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

/** A {@link Clock} that stands still. */
export class VirtualClock implements Clock {
  /** The time, in milliseconds. */
  time = 0
  /** Called when something is asked for while the execution waits for the world outside. */
  onCall: (() => void) | null = null
  #soon: (() => void)[] = []
  #afterIO: (() => void)[] = []

  now(): number {
    return this.time
  }

  setAlarm(): Alarm {
    return NO_ALARM
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
    this.onCall?.()
  }

  afterIO(fn: () => void): void {
    this.#afterIO.push(fn)
    this.onCall?.()
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
    this.#soon.length = 0
    this.#afterIO.length = 0
  }
}
