/**
 * `yield* setTimeout(10)` of `node:timers/promises`: Node's own promises, drivable, and a kill takes the timer back.
 *
 * Left alone: the `setTimeout` that takes a callback, the global one and that of `node:timers`. Its callback comes first, not last, and what
 * it returns is no promise. `util.promisify(setTimeout)` is the patched form, since Node looks it up where it was patched.
 *
 * Stands on the signals of calls that can be aborted.
 */
// eslint-disable-next-line no-restricted-imports -- what is patched is Node's; nothing is timed by it
import timers from 'node:timers/promises'
import { patchItem } from '../state.ts'
import { abortable, withSignal } from './abortable.ts'

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
