/**
 * How a queue's tasks are waited for: `join`.
 *
 * Stands on waits. Leaves to the queue when all tasks are done.
 */
import { reads } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { HubOperation } from '../waiting/operation.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import type { WaitList } from '../waiting/wait-list.ts'

/** A queue, as those see it who wait for its tasks. */
interface Tasks {
  readonly $unfinished: number
}

/** `join`. */
export class JoinOperation extends HubOperation<boolean> {
  readonly #tasks: Tasks
  readonly #joiners: WaitList<JoinWait>
  readonly #limit: Limit | undefined

  constructor(tasks: Tasks, joiners: WaitList<JoinWait>, limit: Limit | undefined) {
    super()
    this.#tasks = tasks
    this.#joiners = joiners
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    reads(this.#tasks)
    if (this.#tasks.$unfinished === 0) return ready(true)
    const wait = new JoinWait(greenlet, this.#tasks)
    this.#joiners.push(wait)
    return wait.limit(this.#limit).park()
  }

  override toString(): string {
    return 'queue.join()'
  }
}

/** Waits until all tasks are done. */
export class JoinWait extends Wait {
  readonly #tasks: Tasks

  constructor(greenlet: Coroutine, tasks: Tasks) {
    super(greenlet)
    this.#tasks = tasks
  }

  override expired(): void {
    this.succeed(false)
  }

  override describe(): string {
    return 'queue.join()'
  }

  because(): string {
    const { $unfinished: count } = this.#tasks
    return count === 1 ? '1 task is not done' : `${String(count)} tasks are not done`
  }
}
