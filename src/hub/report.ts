/**
 * What the hub tells: to people, a failure that nobody read; to observers, what greenlets do. One observer lives here, the one that
 * `DEBUG=greenloop:*` asks for.
 *
 * Stands on the tasks. When something is to be told is decided in `hub.ts`.
 */
import { inspect } from 'node:util'
import createDebug from 'debug'
import { GreenletExit } from '../errors/classes.ts'
import type { Described } from '../errors/usage.ts'
import { type Coroutine, FAILED, kernel, type PendingWait } from '../greenlet/kernel.ts'
import { addWatcher } from '../greenlet/trace.ts'

/** Told what greenlets do, in the order of the hub. Unset it costs a null check; no method may wait. */
export interface HubObserver {
  /** A greenlet was started. */
  spawned(greenlet: Coroutine): void
  /** A greenlet is parked in `wait`; null: it gave way, and is ready. */
  blocked(greenlet: Coroutine, wait: PendingWait | null): void
  /** Of schedule tests, where waits that are ready switch as well: the call that does so now, before `blocked`. */
  gaveWay?(greenlet: Coroutine, call: Described): void
  /** A greenlet became ready; `waker` was running then. */
  woken(greenlet: Coroutine, waker: Coroutine): void
  /** An interrupt was sent to a greenlet. */
  interrupted(greenlet: Coroutine, error: Error): void
  /**
   * The links of `of`, which has ended, or the call of a callback, run now: whoever is woken in the meantime is so by it, and not by
   * main. Null: they have run.
   */
  linking?(of: Coroutine | null): void
  /** Plain code awaits: `agent` waits in its place. That it goes on is told by `linking`. */
  awaited?(agent: Coroutine, wait: PendingWait | null): void
  /** A greenlet has ended. */
  ended(greenlet: Coroutine): void
  /** Since when a greenlet is in its wait, by the clock of the hub, if it is known here. */
  since?(greenlet: Coroutine): number | null
}

/** Tells of a failure that nobody read. */
export function reportOnStderr(error: unknown, greenlet: { readonly name: string }): void {
  process.stderr.write(
    `Greenlet "${greenlet.name}" failed, and nobody reads its outcome (get(), link() and raiseError do):\n${inspect(error)}\n`,
  )
}

/** How a greenlet has ended: by a value, by an error, by a kill. */
export type Outcome = 'returned' | 'failed' | 'killed'

/** How `greenlet` has ended. */
export function outcomeOf(greenlet: Coroutine): Outcome {
  if (greenlet.$status === FAILED) return 'failed'
  return greenlet.$slot instanceof GreenletExit ? 'killed' : 'returned'
}

/**
 * Prints what greenlets do when `DEBUG` asks for it; else null, and nothing is paid. `greenloop:hub` is everything that the hub does,
 * `greenloop:spawn` and `greenloop:end` are the two ends of each life, with the other one that is in it.
 */
export function debugObserver(): HubObserver | null {
  const log = createDebug('greenloop:hub')
  const logSpawn = createDebug('greenloop:spawn')
  const logEnd = createDebug('greenloop:end')
  if (!log.enabled && !logSpawn.enabled && !logEnd.enabled) return null
  return {
    spawned: (greenlet) => {
      log('%s is started', greenlet.name)
      logSpawn('%s is spawned by %s', greenlet.name, kernel.current.name)
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
      if (!logEnd.enabled) return
      const outcome = outcomeOf(greenlet)
      if (outcome === 'failed') logEnd('%s has failed: %s', greenlet.name, inLine(greenlet.$slot))
      else logEnd(outcome === 'killed' ? '%s was killed' : '%s has returned', greenlet.name)
    },
  }
}

/** An error in a line; it may be any value. */
function inLine(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error, { breakLength: Infinity })
}

/** Prints each transfer of control when `DEBUG=greenloop:switch` asks for it. Called once, when the library is loaded. */
export function printSwitches(): void {
  const log = createDebug('greenloop:switch')
  if (!log.enabled) return
  addWatcher((origin, target, throwing) => {
    log(throwing ? '%s throws to %s' : '%s to %s', origin.name, target.name)
  })
}
