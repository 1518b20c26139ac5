/**
 * A clock that stands still until it is told to go on, and a hub on it: for tests about time that take no time.
 *
 * Everything runs in `run()`, on the caller's stack: what is due at once, then what comes after I/O, then the clock jumps to the next
 * alarm. So a test is plain code from top to bottom, and the same program has the same order each time.
 */
import { onTestFinished } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import type { Alarm, Clock } from '../../src/hub/clock.ts'
import { Hub } from '../../src/hub/hub.ts'

interface Entry {
  readonly due: number
  readonly number: number
  readonly fn: () => void
  isRef: boolean
}

/** A {@link Clock} whose time is a number. */
export class VirtualClock implements Clock {
  /** The time, in milliseconds; a test may move it. */
  time = 0
  #soon: (() => void)[] = []
  #afterIO: (() => void)[] = []
  readonly #alarms = new Set<Entry>()
  #made = 0
  /** Called before each round that comes after I/O, with the callbacks that are queued for it. */
  onRound: (queued: number) => void = () => undefined

  now(): number {
    return this.time
  }

  setAlarm(ms: number, fn: () => void): Alarm {
    const entry: Entry = { due: this.time + ms, number: this.#made++, fn, isRef: true }
    this.#alarms.add(entry)
    return {
      ref: () => {
        entry.isRef = true
      },
      unref: () => {
        entry.isRef = false
      },
      cancel: () => {
        this.#alarms.delete(entry)
      },
    }
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
  }

  afterIO(fn: () => void): void {
    this.#afterIO.push(fn)
  }

  /** The alarms that are set, earliest first. */
  get alarms(): readonly { readonly due: number; readonly isRef: boolean }[] {
    return this.#sorted().map(({ due, isRef }) => ({ due, isRef }))
  }

  /** Runs what is due now, without moving the clock; answers whether there was anything. */
  step(): boolean {
    const soon = this.#soon.shift()
    if (soon !== undefined) {
      soon()
      return true
    }
    const due = this.#sorted()[0]
    if (due !== undefined && due.due <= this.time) {
      this.#alarms.delete(due)
      due.fn()
      return true
    }
    if (this.#afterIO.length === 0) return false
    const round = this.#afterIO
    this.#afterIO = []
    this.onRound(round.length)
    for (const fn of round) {
      fn()
      while (this.#soon.length > 0) this.#soon.shift()?.()
    }
    return true
  }

  /** Runs everything, jumping from alarm to alarm, until nothing is left or the time is `until`. */
  run(until: number = Infinity): void {
    for (let steps = 0; ; steps++) {
      if (steps > 1_000_000) throw new Error('The program does not come to an end.')
      if (this.step()) continue
      const next = this.#sorted().find(({ isRef }) => isRef)
      if (next === undefined || next.due > until) break
      this.time = next.due
    }
    if (until !== Infinity) this.time = Math.max(this.time, until)
  }

  #sorted(): Entry[] {
    return [...this.#alarms].sort((a, b) => a.due - b.due || a.number - b.number)
  }
}

/** A hub on a clock that a test moves. */
export interface VirtualHub {
  readonly hub: Hub
  readonly clock: VirtualClock
}

/** A hub on a virtual clock; for the rest of the running test it is the default one. */
export function virtualHub(): VirtualHub {
  const [setting, restore] = install()
  onTestFinished(restore)
  return setting
}

/** Runs `program` with a hub on a virtual clock as the default one. */
export function inVirtualHub<T>(program: (setting: VirtualHub) => T): T {
  const [setting, restore] = install()
  try {
    return program(setting)
  } finally {
    restore()
  }
}

function install(): [setting: VirtualHub, restore: () => void] {
  const clock = new VirtualClock()
  const hub = new Hub({ clock })
  const before = kernel.host
  kernel.host = hub
  return [
    { hub, clock },
    () => {
      kernel.host = before
    },
  ]
}
