/**
 * `yield* promise`, for every promise: an iterator on `Promise.prototype` that waits as `until(promise)` does.
 *
 * Only a greenlet finds it. For plain code a promise has none, as ever: test tools, Node's streams and others look, and take what can be
 * iterated for a list.
 */
// eslint-disable-next-line no-restricted-imports -- nothing is timed by it
import { setInterval } from 'node:timers/promises'
import { promiseIterator } from '../../waiting/drivable.ts'
import { patchAccessor } from '../state.ts'

/** Patches `Promise.prototype`; and that of Node's own promises, where a test tool gives its sandbox a `Promise` of its own. */
export function patchPromise(): void {
  for (const prototype of new Set([Promise.prototype, promisesOfNode()])) {
    patchAccessor('promise', prototype, Symbol.iterator, promiseIterator)
  }
}

/** A generator that is ended before it begins sets no timer. */
function promisesOfNode(): object {
  const ticks = setInterval() as AsyncGenerator
  return Object.getPrototypeOf(ticks.return(undefined)) as object
}
