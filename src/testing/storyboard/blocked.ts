/**
 * `waitAllBlocked`: the moment in which everybody else waits.
 *
 * Stands on `idle`, which it is, under the name that tests know it by.
 */
import { Idle } from '../../gevent/sleep.ts'
import { kernel } from '../../greenlet/kernel.ts'
import type { Operation } from '../../protocol.ts'
import { begun } from '../../waiting/operation.ts'

/**
 * Waits until nobody else can run: all others wait for each other, for time, or for something outside. So a test knows that what it has
 * started is where it was to get, before it goes on: no `sleep(10)` that hopes for it.
 *
 * Time does not go on meanwhile: on a virtual clock it comes before the jump to the next timer. Several that wait for it go on one after
 * the other, in the order in which they came, each when nobody can run again. While others are always ready it does not come back.
 *
 * @switches always
 * @source trio: `trio.testing.wait_all_tasks_blocked`; Go: `synctest.Wait`
 * @example
 * ```ts
 * import { Queue, sleep, spawn } from 'greenloop'
 * import { virtual, waitAllBlocked } from 'greenloop/testing'
 *
 * await virtual(function* (t) {
 *   const queue = new Queue<string>()
 *   const consumer = spawn(function* () {
 *     yield* sleep(0)
 *     console.log('waits')
 *     return yield* queue.get()
 *   })
 *   yield* waitAllBlocked()
 *   console.log('all wait, at', t.now())
 *   queue.putNowait('here')
 *   console.log(yield* consumer.get())
 * })
 * // waits
 * // all wait, at 0
 * // here
 * ```
 */
export function waitAllBlocked(): Operation<void> {
  return kernel.debug === null ? ALL_BLOCKED : new Idle('waitAllBlocked()')
}
const ALL_BLOCKED: Operation<void> = begun(new Idle('waitAllBlocked()')) // of this one debug mode asks nothing
