/**
 * The meter: how much happens in a hub, in numbers, and who waits since when. For what looks at a program once a second.
 *
 * Cheaper than a recorder: a switch costs a count, a wait a look at the clock and a place in a map. Stands on the hub's observers and the
 * watchers of the trampoline. Leaves rates to who reads twice.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Coroutine, FAILED, type PendingWait, type Watcher } from '../../greenlet/kernel.ts'
import { addWatcher, removeWatcher } from '../../greenlet/trace.ts'
import { getHub } from '../../hub/default.ts'
import { Hub } from '../../hub/hub.ts'
import { addObserver, removeObserver } from '../../hub/observers.ts'
import type { HubObserver } from '../../hub/report.ts'

/** What a {@link Meter} shows: totals since it was started, so that two readings give rates. */
export interface MeterReading {
  /** When it was read, in milliseconds of the hub's clock. */
  readonly atMs: number
  /** How often control has passed to somebody: by a switch, or by the hub. */
  readonly switches: number
  /** How many greenlets were started. */
  readonly spawned: number
  /** How many have ended, however. */
  readonly ended: number
  /** How many of these have failed. */
  readonly failed: number
  /** How many waits have come to an end, those that were interrupted not counted. */
  readonly wakes: number
  /** How many live now. */
  readonly living: number
}

/**
 * Counts what happens in a hub, from {@link start} to {@link stop}.
 *
 * Greenlets that live on `switch()` alone are counted in `switches` only: nobody tells the hub of them.
 *
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { Meter } from 'greenloop/trace'
 *
 * const meter = new Meter().start()
 * await joinall([spawn(sleep, 1), spawn(sleep, 1)])
 * const { spawned, ended } = meter.stop().read()
 * console.log(spawned, ended) // 2 2
 * ```
 */
export class Meter implements Disposable {
  readonly #hub: Hub
  #counts: Counts | null = null
  #on = false

  /**
   * @param hub - whose greenlets are counted. @defaultValue the hub of this thread
   * @throws UsageError when it is no hub.
   */
  constructor(hub?: Hub) {
    if (hub !== undefined && !(hub instanceof Hub))
      throw new UsageError(`new Meter() expects a Hub, but got ${show(hub)}.`)
    this.#hub = hub ?? getHub()
  }

  /** Begins to count, from 0. Nothing while it is on. @switches never */
  start(): this {
    if (this.#on) return this
    this.#on = true
    const counts = new Counts(this.#hub)
    this.#counts = counts
    addObserver(this.#hub, counts)
    addWatcher(counts.transferred)
    return this
  }

  /** Counts no further. Nothing while it is off. @switches never */
  stop(): this {
    if (!this.#on || this.#counts === null) return this
    this.#on = false
    removeWatcher(this.#counts.transferred)
    removeObserver(this.#hub, this.#counts)
    this.#counts.waits.clear()
    return this
  }

  /** Gives what it shows. @switches never */
  read(): MeterReading {
    const {
      switches = 0,
      spawnings: spawned = 0,
      ends: ended = 0,
      failures: failed = 0,
      wakes = 0,
    } = this.#counts ?? {}
    return { atMs: this.#hub.clock.now(), switches, spawned, ended, failed, wakes, living: this.#hub.living().length }
  }

  /**
   * Since when `greenlet` waits, in milliseconds of the hub's clock; null: it does not, or did so already when the meter was started.
   *
   * @switches never
   */
  since(greenlet: Coroutine): number | null {
    return this.#counts?.since(greenlet) ?? null
  }

  /** For `using`: stops. @switches never */
  [Symbol.dispose](): void {
    this.stop()
  }
}

class Counts implements HubObserver {
  switches = 0
  spawnings = 0
  ends = 0
  failures = 0
  wakes = 0
  /** Who waits, since when. */
  readonly waits = new Map<Coroutine, number>()
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  readonly transferred: Watcher = (_origin, target, throwing) => {
    this.switches++
    if (throwing) this.waits.delete(target) // its wait was given up, and that is not told
  }

  spawned(): void {
    this.spawnings++
  }

  blocked(greenlet: Coroutine, wait: PendingWait | null): void {
    if (wait !== null) this.waits.set(greenlet, this.#hub.clock.now())
  }

  awaited(agent: Coroutine, wait: PendingWait | null): void {
    this.blocked(agent, wait)
  }

  woken(greenlet: Coroutine): void {
    if (this.waits.delete(greenlet)) this.wakes++
  }

  interrupted(greenlet: Coroutine): void {
    this.waits.delete(greenlet)
  }

  ended(greenlet: Coroutine): void {
    this.ends++
    if (greenlet.$status === FAILED) this.failures++
    this.waits.delete(greenlet)
  }

  since(greenlet: Coroutine): number | null {
    return this.waits.get(greenlet) ?? null
  }
}
