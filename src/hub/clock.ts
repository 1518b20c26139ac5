/**
 * The sources of order: the clock of a hub, and who decides whose turn it is.
 *
 * {@link Clock} is the seam: everything in the library that depends on time or on Node's loop goes through these five methods, and
 * schedule tests bring a clock of their own. The system clock takes Node's functions when this file is loaded, so that fake timers put
 * up later do not move it.
 *
 * {@link Scheduler} is the other seam: who of those that are ready runs next. Without one it is first come, first served.
 *
 * Stands on the kernel's types. Leaves to `timers.ts` how many timers share one alarm, and to the hub who is woken.
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

/** Those that are ready, as a {@link Scheduler} sees them. */
export interface ReadyOnes {
  /** Fills `list` with them, in the order in which they became so. */
  copyTo(list: Coroutine[]): void
  /** Fills `list` with the first of them, if there is one. */
  copyFirstTo(list: Coroutine[]): void
  /** Takes one of them off. */
  take(greenlet: Coroutine): void
}

/** Decides in the hub's place; schedule tests bring one. */
export interface Scheduler {
  /** Takes the one off who runs next, and answers it; null: nobody, and the slice is over. It may make others ready before. */
  pick(ready: ReadyOnes): Coroutine | null
  /** A slice is over, and nobody is ready. */
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

/** How long a slice of a hub lasts at the most. 5 ms is no cheaper than 1 and lets a quarter of the socket events through. */
export const switchInterval: { ms: number } = { ms: 1 }
