/**
 * LoopExit's text: what main waits in, that nothing can wake it, and everybody who is alive.
 *
 * Stands on the kernel's types. When it is raised is decided in `hub.ts`.
 */
import type { Coroutine, MainCall } from '../greenlet/kernel.ts'

/** The state of a hub in which nothing moves any more. */
export interface Deadlock {
  /** The greenlets that stand for main, and its calls of `switch`, in their waits. */
  mains: readonly Coroutine[]
  calls: readonly MainCall[]
  /** All that live, oldest first. */
  living: readonly Coroutine[]
  timers: number
  outstanding: number
}

/** The text of LoopExit: what main waits in, that nothing can wake it, and everybody who is alive. */
export function deadlockReport({ mains, calls, living, timers, outstanding }: Deadlock): string {
  const waits = [...mains.map(waitOf), ...calls.map(String)]
  const rows: [name: string, wait: string][] = waits.map((wait) => ['main', wait])
  for (const greenlet of living) if (!mains.includes(greenlet)) rows.push([greenlet.name, waitOf(greenlet)])
  const width = Math.max(...rows.map(([name]) => name.length))
  return (
    `main waits in ${waits.join(' and in ')}, and nothing is left that could wake it\n` +
    `(0 ready, ${String(timers)} timers, ${String(outstanding)} promises or sockets that were asked). Either those below wait for each other,\n` +
    `or what should wake them was closed or unref'd.\n\n${rows.map(([name, wait]) => `  ${name.padEnd(width)}  ${wait}`).join('\n')}`
  )
}

function waitOf(greenlet: Coroutine): string {
  if (greenlet.$wait !== null) return greenlet.$wait.describe()
  return greenlet.$frame === null ? 'not started' : 'a switch() to somebody else'
}
