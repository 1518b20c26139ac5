/**
 * `run`: a program's main function as a greenlet.
 *
 * Stands on `Greenlet`. Adds what only main has: LoopExit is raised in its waits, and Ctrl-C ends it and all others in good order.
 */

import { checkMs, checkOptions, notAFunction } from '../errors/usage.ts'
import { getHub } from '../hub/default.ts'
import type { Task } from '../hub/tasks.ts'
import type { Driven } from '../protocol.ts'
import { outcomeOf } from './end.ts'
import { Greenlet } from './greenlet.ts'
import { joinall } from './joinall.ts'
import { spawnWith } from './spawn.ts'

const GRACE_MS = 5000

/** How a program is run. */
export interface RunOptions {
  /** How long everybody has to clean up after the first Ctrl-C, in milliseconds, 0 and up. @defaultValue 5000 */
  graceMs?: number
}

/** The greenlets that `run` has made and that have not ended, and how long they give; Ctrl-C is for all of them. */
const mains = new Map<Greenlet, number>()

/**
 * Runs `main(...args)` as a greenlet, for programs and tests: whatever waits only in greenlets may be used in it.
 *
 * Resolves when main returns; greenlets that it has spawned live on, and Node lives while they have something to wait for. While main
 * runs, the first Ctrl-C kills main and then all other greenlets, so that every `finally` runs, waits 5 seconds for them
 * ({@link runWith}: `graceMs`), and exits with 130; a second one exits at once.
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
  return start(main, args, GRACE_MS)
}

/**
 * `run` with options: `runWith({ graceMs: 500 }, main)`.
 *
 * @param options - `graceMs`: how long all greenlets have to end after the first Ctrl-C; of several mains the most patient one counts.
 * @param main - as for {@link run}.
 * @param args - what it is called with.
 * @returns what main returns; rejects with what it throws.
 * @throws UsageError at the call when `main` is no function, or `graceMs` no number of milliseconds.
 * @switches never: it returns a promise, for `await` in plain code
 */
export function runWith<A extends readonly unknown[], T>(
  options: RunOptions,
  main: (...args: A) => Driven<T>,
  ...args: A
): Promise<T> {
  checkOptions('runWith()', options, '{ graceMs: 500 }')
  const { graceMs = GRACE_MS } = options
  checkMs('runWith()', 'graceMs', graceMs)
  if (typeof main !== 'function') throw notAFunction('runWith', main)
  return start(main, args, graceMs)
}

function start<A extends readonly unknown[], T>(main: (...args: A) => Driven<T>, args: A, graceMs: number): Promise<T> {
  const hub = getHub()
  const greenlet = new Greenlet(main, ...args)
  greenlet.name = 'main'
  return new Promise((resolve, reject) => {
    hub.mainWaits.add(greenlet)
    if (mains.size === 0) process.on('SIGINT', interruptAll)
    mains.set(greenlet, graceMs)
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
  const others = living.filter((task) => !mains.has(task as Greenlet)) // the hub's tasks are greenlets
  const graceMs = Math.max(...mains.values())
  for (const main of mains.keys()) main.kill()
  for (const other of others) other.kill()
  spawnWith({ name: 'ctrl-c' }, function* () {
    yield* joinall(living.filter(isJoinable), { timeoutMs: graceMs })
    process.exit(130)
  })
}

/** The greenlets of `spawnRaw` are killed too, but nobody can wait for their ends. */
function isJoinable(task: Task): task is Greenlet {
  return '$listen' in task
}
