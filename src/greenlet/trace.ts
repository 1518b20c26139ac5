/**
 * Who is told of every transfer of control: the one callback of `settrace`, and the watchers of the library, which live beside it.
 *
 * Stands on the kernel, which holds them; while there are none they cost the trampoline a null check. Leaves recording and drawing to
 * others.
 */
import { notAFunction } from '../errors/usage.ts'
import { kernel, type TraceEvent, type Tracing, type Watcher } from './kernel.ts'
import type { RawGreenlet } from './raw-greenlet.ts'

/**
 * Told of a transfer: `event` is `'switch'` when a value goes over and `'throw'` when an error does. Runs when `target` is already the
 * current greenlet. Ignore events you do not know.
 */
export type Tracer = (event: TraceEvent, origin: RawGreenlet, target: RawGreenlet) => void

/**
 * Sets the callback that is told of every switch, or removes it with `null`.
 *
 * A tracer that throws is removed, and its error takes the place of what was being handed over.
 *
 * @returns the callback that was set before, or null.
 * @throws UsageError when it is neither a function nor null.
 * @switches never
 * @source greenlet: `greenlet.settrace`
 * @example
 * ```ts
 * import { RawGreenlet, settrace } from 'greenloop/greenlet'
 *
 * settrace((event, origin, target) => console.log(event, origin.name, target.name))
 * new RawGreenlet(function* work() {}).switch()
 * settrace(null)
 * // switch main work
 * // switch work main
 * ```
 */
export function settrace(tracer: Tracer | null): Tracer | null {
  if (tracer !== null && typeof tracer !== 'function') throw notAFunction('settrace', tracer)
  const before = gettrace()
  // Every coroutine is a RawGreenlet; the kernel does not know the class.
  tell(tracer as Tracing['callback'], kernel.tracer?.watchers ?? [])
  return before
}

/**
 * The callback that `settrace` has set, or null.
 *
 * @switches never
 * @source greenlet: `greenlet.gettrace`
 */
export function gettrace(): Tracer | null {
  return kernel.tracer?.callback ?? null
}

/** Has `watcher` told of every switch, whatever `settrace` is set to; once, however often it is added. It must neither throw nor switch. */
export function addWatcher(watcher: Watcher): void {
  removeWatcher(watcher)
  tell(kernel.tracer?.callback ?? null, [...(kernel.tracer?.watchers ?? []), watcher])
}

/** Has it not told any more; an unknown one is ignored. */
export function removeWatcher(watcher: Watcher): void {
  if (kernel.tracer === null) return
  const { callback, watchers } = kernel.tracer
  tell(
    callback,
    watchers.filter((other) => other !== watcher),
  )
}

function tell(callback: Tracing['callback'], watchers: readonly Watcher[]): void {
  kernel.tracer = callback === null && watchers.length === 0 ? null : { callback, watchers }
}
