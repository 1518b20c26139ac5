/**
 * `yield* promise`, for every promise: an iterator on `Promise.prototype` that waits as `until(promise)` does.
 *
 * It is passive: outside a greenlet it starts nothing, ends at once and never throws, since test tools iterate what they compare.
 */
// eslint-disable-next-line no-restricted-imports -- nothing is timed by it
import { setInterval } from 'node:timers/promises'
import { begun } from '../../waiting/operation.ts'
import { until } from '../../waiting/until.ts'
import { patchItem } from '../state.ts'

/** Patches `Promise.prototype`; and that of Node's own promises, where a test tool gives its sandbox a `Promise` of its own. */
export function patchPromise(): void {
  for (const prototype of new Set([Promise.prototype, promisesOfNode()])) {
    patchItem('promise', prototype, Symbol.iterator, function (this: Promise<unknown>) {
      const wait = until(this)
      begun(wait) // the promise is
      return wait[Symbol.iterator]()
    })
  }
}

/** A generator that is ended before it begins sets no timer. */
function promisesOfNode(): object {
  const ticks = setInterval() as AsyncGenerator
  return Object.getPrototypeOf(ticks.return(undefined)) as object
}
