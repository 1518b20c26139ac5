/**
 * The greenlets of a hub: who is alive, and who has failed with nobody to read it.
 *
 * The living are a list through the greenlets themselves: who ends is taken out with four writes, and nothing is allocated for it. Stands
 * on the kernel's types. Leaves to the hub who counts as one, and when failures are reported.
 */
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, READY } from '../greenlet/kernel.ts'

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

/** All that have been started and have not ended. */
export class Living {
  #newest: Task | null = null

  add(task: Task): void {
    task.$older = this.#newest
    if (this.#newest !== null) this.#newest.$newer = task
    this.#newest = task
  }

  remove(task: Task): void {
    const { $newer: newer, $older: older } = task
    if (newer !== null) newer.$older = older
    else if (this.#newest === task) this.#newest = older
    if (older !== null) older.$newer = newer
    task.$older = null
    task.$newer = null
  }

  /** All of them, oldest first. */
  list(): Task[] {
    const all: Task[] = []
    for (let task = this.#newest; task !== null; task = task.$older) all.push(task)
    return all.reverse()
  }
}

/** When a greenlet failed, as a number that grows with each failure; a failure costs much more than its entry. */
const failedAt = new WeakMap<object, number>()
let failures = 0

/** Tells which of two failures came first: that of the lower number. */
export function failureNumber(greenlet: object): number {
  return failedAt.get(greenlet) ?? Infinity // of another copy of the library
}

/** Those that were ended by an error, until it is known whether anybody reads that. */
export class Failures {
  #failed: Task[] = []

  get any(): boolean {
    return this.#failed.length > 0
  }

  add(task: Task): void {
    this.told() // which failure came first is asked by joinall
    failedAt.set(task, failures++)
    this.#failed.push(task)
  }

  /** A failure is told of: in which order is seen by who is told. */
  told(): void {
    writes(this)
  }

  /** Tells of those that nobody has read; one whose links have not had their turn is left for later, unless `all` are meant. */
  report(all: boolean, tell: (error: unknown, task: Task) => void): void {
    const failed = this.#failed
    this.#failed = []
    for (const task of failed) {
      if (!all && task.$turn === READY) this.#failed.push(task)
      else if (!task.$failureRead) tell(task.$slot, task)
    }
  }
}
