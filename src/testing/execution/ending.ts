/**
 * The end of an execution for those who are left: they are killed, and run to their ends in the hub's order, so that each `finally` runs.
 *
 * Stands on the stage. Leaves to the execution what its outcome was; nothing of this is a step of it.
 */
import { type Coroutine, INTERRUPTED, OCCUPIED, READY } from '../../greenlet/kernel.ts'
import type { ReadyOnes, Scheduler } from '../../hub/clock.ts'
import type { Timer } from '../../hub/timers.ts'
import type { LogLevel } from './log.ts'
import { awaitedOutside } from './outcome.ts'
import type { Stage } from './stage.ts'

/** Steps that they may take; in a log of places each costs a thousand times as much. */
const LAST_STEPS: Readonly<Record<LogLevel | 'none', number>> = {
  none: 10_000,
  footprints: 10_000,
  calls: 10_000,
  places: 300,
}

/**
 * One whose wait is over would keep what it was given, and be killed at its next wait that must wait: in a loop over waits that are ready
 * (which may be why the execution is over) it comes to none.
 */
function raiseAtOnce(task: Coroutine): void {
  const { $pending: pending } = task
  if (pending === null || task.$turn !== READY || task.$status !== OCCUPIED) return
  task.$slot = pending.at(-1)
  task.$status = INTERRUPTED
  task.$pending = null
}

/** Ends who is left. It stands in the execution's place before the hub. */
export class Ending implements Scheduler {
  readonly #stage: Stage
  readonly #ready: Coroutine[] = []
  readonly #due: Timer[] = []
  #left: number

  constructor(stage: Stage, level: LogLevel | 'none') {
    this.#stage = stage
    this.#left = LAST_STEPS[level]
    stage.hub.scheduler = this
    stage.hub.observer = null
  }

  /** Kills all greenlets, and runs them until they have ended, or can go on no more. */
  endAll(): void {
    const { hub, clock } = this.#stage
    for (const task of hub.living()) {
      task.kill()
      raiseAtOnce(task)
    }
    while (this.#left > 0) {
      if (clock.runSoon() || clock.runAfterIO()) continue
      if (hub.living().length === 0 || hub.outstanding > 0 || hub.timers.refs === 0) break
      clock.time = Math.max(clock.time, hub.timers.nextDue)
      hub.runSlice()
    }
    hub.flush()
  }

  /** What plain code has awaited meanwhile may wait for a timer, which goes off no more. */
  tellOthers(caller: string): void {
    const { hub } = this.#stage
    for (const wait of hub.mainWaits) hub.interrupt(wait, awaitedOutside(wait.$wait, caller))
    this.endAll()
  }

  // What the hub asks.

  pick(ready: ReadyOnes): Coroutine | null {
    const { hub, clock } = this.#stage
    while (this.#left-- > 1) {
      ready.copyFirstTo(this.#ready)
      const [first] = this.#ready
      if (first !== undefined) {
        ready.take(first)
        return first
      }
      hub.timers.copyFirstDue(clock.time, this.#due)
      const [timer] = this.#due
      if (timer === undefined) return null
      hub.timers.goOff(timer)
    }
    return null
  }

  onIdle(): void {
    // it asks by itself
  }
}
