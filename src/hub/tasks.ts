/**
 * The greenlets of a hub: who is alive, and who has failed with nobody to read it.
 *
 * The living are linked through the greenlets themselves, so that nothing is allocated for it. Stands on the kernel's types. Leaves to the
 * hub who counts as one, and when failures are reported.
 */
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, READY, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'

/** A greenlet as the hub sees it when it has started: it may have links to be run, and a failure that nobody reads. */
export interface Task extends Coroutine {
  /** Neighbours in the list of living greenlets; see {@link Living}. */
  $older: Task | null
  $newer: Task | null
  /** Whether its failure has reached somebody. */
  $failureRead: boolean
  /** Calls the links, once, after the end. */
  $runLinks(): void
  /** Throws an interrupt into it, in whatever state it is. */
  kill(error?: Error): unknown
}

/** Waits until its hub is idle: nobody is ready, no timer runs, nothing outside was asked. */
export interface IdleWait {
  hubIsIdle(): void
}

/**
 * All that have been started and have not ended.
 *
 * Who is in the list can leave it from any place, at the cost of five writes to three objects; most of those who are spawned by the million
 * end in their first turn. So one that is started stands in a queue first, linked one way, and goes into the list at the end of the slice
 * in which it has run, if it is alive then.
 *
 * ```
 *   oldest ⇄ … ⇄ newest      first → … → last
 *   the list                 the queue: started, and not looked at since
 * ```
 */
export class Living {
  /** Of the list. The oldest is its own `$older`, so that null says: not in it. */
  #newest: Task | null = null
  #first: Task | null = null
  #last: Task | null = null

  add(task: Task): void {
    if (this.#last === null) this.#first = task
    else this.#last.$newer = task
    this.#last = task
    if (task.$wait !== null) this.settle() // it is to start later: it may be killed before there is a slice
  }

  remove(task: Task): void {
    const { $newer: newer, $older: older } = task
    if (older === null) return // of the queue it is dropped
    const isOldest = older === task
    if (newer === null) this.#newest = isOldest ? null : older
    else newer.$older = isOldest ? newer : older
    if (!isOldest) older.$newer = newer
    task.$older = null
    task.$newer = null
  }

  /** Looks at the queue, as far as those in it have had their turn. */
  settle(): void {
    let task = this.#first
    if (task === null) return
    while (task !== null && (task.$status !== UNSTARTED || task.$turn !== READY)) {
      const { $newer: newer }: Task = task
      task.$newer = null
      if (task.$status < RETURNED) {
        task.$older = this.#newest ?? task
        if (this.#newest !== null) this.#newest.$newer = task
        this.#newest = task
      }
      task = newer
    }
    this.#first = task
    if (task === null) this.#last = null
  }

  /** All of them, oldest first. */
  list(): Task[] {
    const all: Task[] = []
    for (let task = this.#newest; task !== null; task = task.$older === task ? null : task.$older) all.push(task)
    all.reverse()
    for (let task = this.#first; task !== null; task = task.$newer) if (task.$status < RETURNED) all.push(task)
    return all
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
