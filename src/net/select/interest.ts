/**
 * One thing in an `epoll`: what is wanted of it, and when it is to be reported.
 *
 * It is queued from when its thing says that it is ready until it is reported, or found to be ready no more. So a look costs as much as
 * there is to report, however many are registered.
 *
 * ```
 *   the thing says: ready ──▶ queued ──▶ reported ──┬── level-triggered ──▶ queued again, behind the others
 *                                                   ├── EPOLLET ──────────▶ not before the thing says so again
 *                                                   └── EPOLLONESHOT ─────▶ not before modify()
 * ```
 *
 * Stands on readiness. Leaves to `epoll.ts` and `callback.ts` what the queue is and whom the report reaches.
 */
import { POLLERR, POLLHUP, POLLNVAL, type Pollable, type Watcher } from '../readiness/pollable.ts'
import type { Registered } from './registry.ts'
import type { Selectable } from './target.ts'

/** Edge-triggered: reported once for each change, instead of as long as it is ready. */
export const EPOLLET = 0x8000_0000
/** Reported once, and then not before `modify()`. */
export const EPOLLONESHOT = 0x4000_0000

/** One that is registered. */
export abstract class Interest<T extends Selectable> implements Registered, Watcher {
  readonly target: T
  readonly pollable: Pollable
  #eventmask = 0
  /** Whether it may be reported: not between a report of EPOLLONESHOT, or a failure, and `modify()`. */
  #isArmed = false

  constructor(target: T, pollable: Pollable) {
    this.target = target
    this.pollable = pollable
  }

  /** Has it reported; it may be queued already. */
  protected abstract queue(): void
  /** Its thing was closed: it leaves by itself. */
  protected abstract vanish(): void

  /** Has it reported if there is something to report; else has the machine look for it. */
  again(): void {
    if (this.#now === 0) this.#expect()
    else this.queue()
  }

  /** Begins, or begins anew with other events: what is there already counts as a change. */
  arm(eventmask: number): void {
    this.#eventmask = eventmask
    this.#isArmed = true
    this.pollable.watch(this)
    this.again()
  }

  disarm(): void {
    this.#isArmed = false
  }

  /** It is registered no more. */
  end(): void {
    this.disarm()
    this.pollable.unwatch(this)
  }

  becameReady(events: number): void {
    if (this.#isArmed && (events & this.#wanted) !== 0) this.again()
    else if (this.#isClosed) this.vanish()
  }

  /** What there is to report now; 0: nothing, any more. A closed one that has an end or an error to report leaves with that. */
  take(): number {
    const events = this.#now
    if (this.#isClosed) this.vanish()
    else if (events !== 0 && (this.#eventmask & EPOLLONESHOT) !== 0) this.disarm()
    else if (events === 0 || this.#isEdge) this.#expect()
    return events
  }

  /** Whether it is to be queued again after a report. */
  get repeats(): boolean {
    return this.#isArmed && !this.#isEdge
  }

  get #isEdge(): boolean {
    return (this.#eventmask & EPOLLET) !== 0
  }

  /** The events that are reported: errors without being asked for. */
  get #wanted(): number {
    return (this.#eventmask & ~(EPOLLET | EPOLLONESHOT)) | POLLERR | POLLHUP
  }

  get #isClosed(): boolean {
    return (this.pollable.events() & POLLNVAL) !== 0
  }

  get #now(): number {
    return this.#isArmed ? this.pollable.events() & this.#wanted : 0
  }

  #expect(): void {
    if (this.#isArmed) this.pollable.expect(this.#wanted)
  }
}
