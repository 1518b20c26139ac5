/**
 * `yield* promise`, for every promise: an iterator on `Promise.prototype` that waits as `until(promise)` does.
 *
 * It is passive: outside a greenlet it starts nothing, ends at once and never throws, since test tools iterate what they compare.
 */
import { begun } from '../../waiting/operation.ts'
import { until } from '../../waiting/until.ts'
import { patchItem } from '../state.ts'

/** Patches `Promise.prototype`. */
export function patchPromise(): void {
  patchItem('promise', Promise.prototype, Symbol.iterator, function (this: Promise<unknown>) {
    const wait = until(this)
    begun(wait) // the promise is
    return wait[Symbol.iterator]()
  })
}
