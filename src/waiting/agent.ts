/**
 * Agents: who waits in somebody's place.
 *
 * Every wait belongs to a coroutine, which it wakes. An agent is one that is told of the end of the wait *at once*, by whoever ends it,
 * instead of in its turn. So `choose` can wait for many things and take the others back in the same moment in which one has come, before
 * a second item is handed out; and plain code awaits an operation without a greenlet.
 *
 * ```
 *   wait.succeed(value) ── hub.wake(agent) ──▶ agent.$slot, agent.$status ──▶ agent.$runLinks(): told
 * ```
 *
 * Stands on entries. Leaves to its owner whom it wakes by that.
 */
import { type Coroutine, INTERRUPTED, kernel, NOT_READY, OCCUPIED, RETURNED, TOLD_AT_ONCE } from '../greenlet/kernel.ts'
import { type BaseOperation, SUSPENDED } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import { Entry } from '../hub/entry.ts'

/** Waits in the place of its owner. `$slot` holds what came, `$status` is INTERRUPTED when that is an error. */
export abstract class Agent extends Entry {
  declare readonly owner: Coroutine

  constructor(owner: Coroutine) {
    super(owner.$host)
    this.owner = owner
    this.$status = OCCUPIED
    this.$turn = TOLD_AT_ONCE
  }

  override get name(): string {
    return this.owner.name
  }

  /** What it is a branch of, if of all branches only one may come true; null: nothing of that kind. */
  get choice(): object | null {
    return null
  }
}

/**
 * Whether the two are branches of one choice, of which only one may come true. Such two must not be given to each other: both would have
 * happened.
 */
export function areRivals(one: Coroutine, other: Coroutine): boolean {
  for (let a = one; a instanceof Agent; a = a.owner) {
    if (a.choice === null) continue
    for (let b = other; b instanceof Agent; b = b.owner) if (a !== b && a.choice === b.choice) return true
  }
  return false
}

/** Who really waits: the greenlet itself, or the owner of an agent. For whatever belongs to a greenlet, such as a lock. */
export function ownerOf(greenlet: Coroutine): Coroutine {
  let owner = greenlet
  while (owner instanceof Agent) ({ owner } = owner)
  return owner
}

/** Awaits one operation for plain code. Told of the end, it takes its turn in the ready list, so that main keeps its place among greenlets. */
class MainAgent extends Agent {
  #resolve: ((value: unknown) => void) | null = null
  #reject: ((error: unknown) => void) | null = null
  #failed = false

  wait<T>(): Promise<T> {
    if (this.$turn === TOLD_AT_ONCE) {
      // It may have been told already.
      const hub = hubOf(this)
      hub.mainWaits.add(this)
      if (hub.observer !== null) hub.observer.awaited?.(this, this.$wait)
    }
    return new Promise<T>((resolve, reject) => {
      this.#resolve = resolve as (value: unknown) => void // what the operation gives is a T
      this.#reject = reject
    })
  }

  override $runLinks(): void {
    if (this.$turn === TOLD_AT_ONCE) {
      const hub = hubOf(this)
      hub.mainWaits.delete(this)
      this.#failed = this.$status === INTERRUPTED
      this.$status = RETURNED
      this.$turn = NOT_READY
      hub.enqueue(this)
    } else if (this.#failed) {
      this.#reject?.(this.$slot)
    } else {
      this.#resolve?.(this.$slot)
    }
  }
}

/** An operation that is ready leaves the agent as it was: it serves the next one. */
let spare: MainAgent | null = null

/** Begins an operation in plain code. One that is ready costs a promise and nothing else. */
export function awaitOperation<T>(operation: BaseOperation<T>): Promise<T> {
  const agent = spare ?? new MainAgent(kernel.main)
  spare = null
  if (kernel.debug !== null) kernel.debug.operationAwaited(operation, agent)
  let step: IteratorResult<unknown, T>
  try {
    step = operation.begin(agent)
  } catch (error) {
    return Promise.reject(error) // whatever it throws
  }
  if (step === SUSPENDED) return agent.wait()
  const { value } = step as IteratorReturnResult<T> // one that does not suspend is finished
  kernel.resumed.value = undefined // it would live on until the next switch
  spare = agent
  return Promise.resolve(value)
}
