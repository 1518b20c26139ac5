/**
 * Blocking on purpose: code that no monitor is to report.
 *
 * Stands on nothing of the monitor: those who watch are told when it begins and when it is over.
 */
import { UsageError } from '../../errors/classes.ts'
import { notAFunction, wrongRight } from '../../errors/usage.ts'
import { isGenerator, isOperation, isThenable } from '../../protocol.ts'

/** Told of code that blocks on purpose. */
export interface IgnoringWatcher {
  ignoringBegan(): void
  ignoringEnded(): void
}

/** How many calls lie upon one another. */
let depth = 0
const watchers = new Set<IgnoringWatcher>()

/** Whether such code runs now. */
export function isIgnoring(): boolean {
  return depth > 0
}

/** Has `watcher` told from now on. */
export function addIgnoringWatcher(watcher: IgnoringWatcher): void {
  watchers.add(watcher)
}

/** Has it not told any more. */
export function removeIgnoringWatcher(watcher: IgnoringWatcher): void {
  watchers.delete(watcher)
}

/**
 * Calls `fn`, which blocks the hub on purpose: no {@link Monitor} reports it.
 *
 * @param fn - a plain function. One that waits does not block while it does, and is not for this.
 * @returns what it returns.
 * @throws what it throws; UsageError when `fn` is no function, or gives something that is to be waited for.
 * @switches never
 * @source gevent: `ignore_current_greenlet_blocking`
 * @example
 * ```ts
 * import { ignoreBlocking } from 'greenloop/trace'
 *
 * const tables = ignoreBlocking(() => Array.from({ length: 1000 }, (_, n) => n * n))
 * console.log(tables.length) // 1000
 * ```
 */
export function ignoreBlocking<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw notAFunction('ignoreBlocking', fn)
  if (depth++ === 0) for (const watcher of watchers) watcher.ignoringBegan()
  try {
    const made = fn()
    if (isGenerator(made) || isOperation(made) || isThenable(made)) throw waits()
    return made
  } finally {
    if (--depth === 0) for (const watcher of watchers) watcher.ignoringEnded()
  }
}

function waits(): UsageError {
  return new UsageError(
    `ignoreBlocking() expects a function that runs to its end, but got one that waits; by then others run.\n\n${wrongRight('ignoreBlocking(function* () { yield* load(); parse() })', 'nothing of it has run', 'yield* load(); ignoreBlocking(() => parse())')}`,
  )
}
