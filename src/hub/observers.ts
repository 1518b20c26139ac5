/**
 * Several who watch one hub: the hub tells one observer, and that one tells the others.
 *
 * Stands on the observer's contract. A hub that one watches tells it directly, and one that nobody watches has none.
 */
import type { Described } from '../errors/usage.ts'
import type { Coroutine, PendingWait } from '../greenlet/kernel.ts'
import type { HubObserver } from './report.ts'

/** A hub, as far as it is watched. */
interface Watched {
  observer: HubObserver | null
}

/** Has `observer` told of what happens in `hub` from now on, beside those that are told already. */
export function addObserver(hub: Watched, observer: HubObserver): void {
  tell(hub, [...observersOf(hub), observer])
}

/** Has it not told any more; an unknown one is ignored. */
export function removeObserver(hub: Watched, observer: HubObserver): void {
  tell(
    hub,
    observersOf(hub).filter((other) => other !== observer),
  )
}

/** Since when `greenlet` is in its wait, by the clock of `hub`; null: nobody who knows has watched. */
export function waitingSince(hub: Watched, greenlet: Coroutine): number | null {
  return hub.observer?.since?.(greenlet) ?? null
}

function observersOf({ observer }: Watched): readonly HubObserver[] {
  if (observer === null) return []
  return observer instanceof Observers ? observer.all : [observer]
}

function tell(hub: Watched, observers: readonly HubObserver[]): void {
  const [first = null] = observers
  hub.observer = observers.length > 1 ? new Observers(observers) : first
}

/** Told in the place of several, in the order in which they came. */
class Observers implements HubObserver {
  readonly all: readonly HubObserver[]

  constructor(all: readonly HubObserver[]) {
    this.all = all
  }

  spawned(greenlet: Coroutine): void {
    for (const observer of this.all) observer.spawned(greenlet)
  }

  blocked(greenlet: Coroutine, wait: PendingWait | null): void {
    for (const observer of this.all) observer.blocked(greenlet, wait)
  }

  gaveWay(greenlet: Coroutine, call: Described): void {
    for (const observer of this.all) observer.gaveWay?.(greenlet, call)
  }

  woken(greenlet: Coroutine, waker: Coroutine): void {
    for (const observer of this.all) observer.woken(greenlet, waker)
  }

  interrupted(greenlet: Coroutine, error: Error): void {
    for (const observer of this.all) observer.interrupted(greenlet, error)
  }

  linking(of: Coroutine | null): void {
    for (const observer of this.all) observer.linking?.(of)
  }

  awaited(agent: Coroutine, wait: PendingWait | null): void {
    for (const observer of this.all) observer.awaited?.(agent, wait)
  }

  ended(greenlet: Coroutine): void {
    for (const observer of this.all) observer.ended(greenlet)
  }

  since(greenlet: Coroutine): number | null {
    for (const observer of this.all) {
      const since = observer.since?.(greenlet) ?? null
      if (since !== null) return since
    }
    return null
  }
}
