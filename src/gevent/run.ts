/**
 * `run`: a program's main function as a greenlet.
 *
 * Stands on `Greenlet`. Adds what only main has: LoopExit is raised in its waits, and Ctrl-C ends it and all others in good order.
 */

import { notAFunction } from '../errors/usage.ts'
import { getHub } from '../hub/default.ts'
import type { Driven } from '../protocol.ts'
import { outcomeOf } from './end.ts'
import { Greenlet } from './greenlet.ts'
import { joinall } from './joinall.ts'
import { spawnWith } from './spawn.ts'

/** How long everybody has after the first Ctrl-C, in milliseconds. */
const GRACE_MS = 5000

/** The greenlets that `run` has made and that have not ended; Ctrl-C is for all of them. */
const mains = new Set<Greenlet>()

/**
 * Runs `main(...args)` as a greenlet, for programs and tests: whatever waits only in greenlets may be used in it.
 *
 * Resolves when main returns; greenlets that it has spawned live on, and Node lives while they have something to wait for. While main
 * runs, the first Ctrl-C kills main and then all other greenlets, so that every `finally` runs, waits 5 seconds for them, and exits with
 * 130; a second one exits at once.
 *
 * @param main - a generator function, or any function.
 * @param args - what it is called with.
 * @returns what main returns; rejects with what it throws (not caught, that ends the process with 1).
 * @throws UsageError at the call when `main` is no function.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { run, sleep } from 'greenloop'
 *
 * const answer = await run(function* (n: number) {
 *   yield* sleep(1)
 *   return n + 1
 * }, 41)
 * console.log(answer) // 42
 * ```
 */
export function run<A extends readonly unknown[], T>(main: (...args: A) => Driven<T>, ...args: A): Promise<T> {
  if (typeof main !== 'function') throw notAFunction('run', main)
  const hub = getHub()
  const greenlet = new Greenlet(main, ...args)
  greenlet.name = 'main'
  return new Promise((resolve, reject) => {
    hub.mainWaits.add(greenlet)
    if (mains.size === 0) process.on('SIGINT', interruptAll)
    mains.add(greenlet)
    greenlet.$listen({
      notify() {
        hub.mainWaits.delete(greenlet)
        mains.delete(greenlet)
        if (interrupted) return // the process is about to exit, and nobody shall see its end as a failure
        if (mains.size === 0) process.off('SIGINT', interruptAll)
        try {
          resolve(outcomeOf(greenlet) as T) // what main returned
        } catch (error) {
          reject(error) // whatever main threw
        }
      },
    })
    greenlet.start()
  })
}

let interrupted = false

/** The first Ctrl-C asks everybody to end; the second does not ask. */
function interruptAll(): void {
  if (interrupted) process.exit(130)
  interrupted = true
  const living = getHub().living()
  const others = living.filter((task) => !mains.has(task as Greenlet)) // the hub's tasks are its greenlets
  for (const main of mains) main.kill()
  for (const other of others) other.kill()
  spawnWith({ name: 'ctrl-c' }, function* () {
    yield* joinall(living as Greenlet[], { timeoutMs: GRACE_MS })
    process.exit(130)
  })
}
