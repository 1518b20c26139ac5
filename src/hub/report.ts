/**
 * What the hub tells: to people, a failure that nobody read and a deadlock; to observers, what greenlets do. One observer lives here,
 * the one that `DEBUG=greenloop:hub` asks for.
 *
 * Stands on the kernel's types; what the hub itself reads of a greenlet is here too ({@link Task}). When something is to be told is decided in `hub.ts`.
 */
import { inspect } from 'node:util'
import createDebug from 'debug'
import type { Coroutine, MainCall, PendingWait } from '../greenlet/kernel.ts'

/** Told what greenlets do, in the order of the hub. Unset it costs a null check; no method may wait. */
export interface HubObserver {
  /** A greenlet was started. */
  spawned(greenlet: Coroutine): void
  /** A greenlet is parked in `wait`; null: it gave way, and is ready. */
  blocked(greenlet: Coroutine, wait: PendingWait | null): void
  /** A greenlet became ready; `waker` was running then. */
  woken(greenlet: Coroutine, waker: Coroutine): void
  /** An interrupt was sent to a greenlet. */
  interrupted(greenlet: Coroutine, error: Error): void
  /** A greenlet has ended. */
  ended(greenlet: Coroutine): void
}

/** A greenlet as the hub sees it when it has started: it may have links to be run, and a failure that nobody reads. */
export interface Task extends Coroutine {
  /** Neighbours in the list of living greenlets. */
  $older: Task | null
  $newer: Task | null
  /** Whether its failure has reached somebody. */
  $failureRead: boolean
  /** Calls the links, once, after the end. */
  $runLinks(): void
  /** Throws an interrupt into it, in whatever state it is. */
  kill(error?: Error): unknown
}

/** Tells of a failure that nobody read. */
export function reportOnStderr(error: unknown, greenlet: { readonly name: string }): void {
  process.stderr.write(
    `Greenlet "${greenlet.name}" failed, and nobody reads its outcome (get(), link() and raiseError do):\n${inspect(error)}\n`,
  )
}

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

/** Prints what greenlets do when `DEBUG=greenloop:hub` asks for it; else null, and nothing is paid. */
export function debugObserver(): HubObserver | null {
  const log = createDebug('greenloop:hub')
  if (!log.enabled) return null
  return {
    spawned: (greenlet) => {
      log('%s is started', greenlet.name)
    },
    blocked: (greenlet, wait) => {
      log('%s waits in %s', greenlet.name, wait?.describe() ?? 'the ready list')
    },
    woken: (greenlet, waker) => {
      log('%s is ready, by %s', greenlet.name, waker.name)
    },
    interrupted: (greenlet, error) => {
      log('%s is interrupted by %s', greenlet.name, error.name)
    },
    ended: (greenlet) => {
      log('%s has ended', greenlet.name)
    },
  }
}
