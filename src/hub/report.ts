/**
 * What the hub tells: to people, a failure that nobody read; to observers, what greenlets do. One observer lives here, the one that
 * `DEBUG=greenloop:hub` asks for.
 *
 * Stands on the tasks. When something is to be told is decided in `hub.ts`.
 */
import { inspect } from 'node:util'
import createDebug from 'debug'
import type { Described } from '../errors/usage.ts'
import type { Coroutine, PendingWait } from '../greenlet/kernel.ts'

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
