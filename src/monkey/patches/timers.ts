/**
 * `yield* setTimeout(10)` of `node:timers/promises`: Node's own promises, drivable, and a kill takes the timer back.
 *
 * Each call gets a signal of ours beside the caller's, which Node offers for that. What Node would refuse it is handed as it is.
 *
 * Left alone: the `setTimeout` that takes a callback, the global one and that of `node:timers`. Its callback comes first, not last, and what
 * it returns is no promise. `util.promisify(setTimeout)` is the patched form, since Node looks it up where it was patched.
 *
 * Stands on drivable promises.
 */
// eslint-disable-next-line no-restricted-imports -- what is patched is Node's; nothing is timed by it
import timers from 'node:timers/promises'
import { Abort, drivable } from '../../waiting/drivable.ts'
import { patchItem } from '../state.ts'

/** Whatever it is given, it is handed on. */
type Timer = (...args: unknown[]) => Promise<unknown>

/** Patches the functions of `node:timers/promises`. */
export function patchTimers(): void {
  const { setTimeout, setImmediate, setInterval, scheduler } = timers as unknown as Originals // their arguments are passed on as they are
  const prototype = Object.getPrototypeOf(scheduler) as Originals['scheduler'] // a class of one object
  const { wait, yield: yieldNow } = prototype

  patchItem('timers', timers, 'setTimeout', (delay: unknown, value: unknown, options: unknown) =>
    abortable(callOf('setTimeout', delay), options, (asked) => setTimeout(delay, value, asked)),
  )
  patchItem('timers', timers, 'setImmediate', (value: unknown, options: unknown) =>
    abortable('setImmediate()', options, (asked) => setImmediate(value, asked)),
  )
  patchItem('timers', prototype, 'wait', function (this: unknown, delay: unknown, options: unknown) {
    return abortable(callOf('scheduler.wait', delay), options, (asked) => wait.call(this, delay, asked))
  })
  patchItem('timers', prototype, 'yield', function (this: unknown) {
    if (this !== scheduler) return yieldNow.call(this) // it refuses
    return abortable('scheduler.yield()', undefined, (asked) => setImmediate(undefined, asked)) // as Node does it
  })
  patchItem('timers', timers, 'setInterval', (delay: unknown, value: unknown, options: unknown) => {
    const abort = new AbortController()
    const ticks = setInterval(delay, value, withSignal(options, abort.signal) ?? options)
    // A reader that is killed ends it by this at once; the generator's own return() waits for the next tick.
    return Object.defineProperty(ticks, 'destroy', {
      value: () => {
        abort.abort()
      },
      configurable: true,
      writable: true,
    })
  })
}

interface Originals {
  setTimeout: Timer
  setImmediate: Timer
  setInterval: (...args: unknown[]) => AsyncGenerator
  scheduler: { wait: Timer; yield: Timer }
}

/** What is no number is Node's to convert, once. */
function callOf(name: string, delay: unknown): string {
  return `${name}(${typeof delay === 'number' ? delay : ''})`
}

/** Starts a timer that a kill takes back, if its options are such that it can be. */
function abortable(text: string, options: unknown, start: (options: unknown) => Promise<unknown>): Promise<unknown> {
  const abort = new Abort()
  const asked = withSignal(options, abort.signal)
  return asked === null ? start(options) : drivable(start(asked), abort, text)
}

/** Node's options, with our signal beside the caller's; null when Node would refuse them, or the caller's signal is of another make. */
function withSignal(options: unknown, ours: AbortSignal): object | null {
  if (options === undefined) return { signal: ours }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return null
  try {
    const { signal } = options as { signal?: unknown } // any object may be asked
    if (signal === undefined) return Object.create(options, { signal: { value: ours } }) as object
    if (!(signal instanceof AbortSignal)) return null // any() takes it, and does not follow it
    return Object.create(options, { signal: { value: AbortSignal.any([signal, ours]) } }) as object
  } catch {
    return null
  }
}
