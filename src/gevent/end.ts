/**
 * Waiting for the end of one greenlet: `join`, `get`, `kill`.
 *
 * Stands on waits. The methods that make these operations are `Greenlet`'s; waiting for several is in `joinall.ts` and `wait.ts`.
 */
import { GreenletExit, GreenletKilledError, UsageError } from '../errors/classes.ts'
import { type Coroutine, FAILED, RETURNED } from '../greenlet/kernel.ts'
import { ready, type Step, takePending } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { Listenable, Listener } from '../waiting/linkable.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { lateError } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'

/** A greenlet as those see it who wait for its end. */
export interface Ending extends Coroutine, Listenable<Ending> {
  /** What it died of; it has reached somebody now. */
  $readFailure(): unknown
}

/** The value of a greenlet that has ended; throws when there is none. */
export function outcomeOf(ended: Ending): unknown {
  if (ended.$status === FAILED) throw ended.$readFailure()
  if (ended.$slot instanceof GreenletExit) {
    throw new GreenletKilledError(`Greenlet "${ended.name}" was killed, so it has no value.`, { cause: ended.$slot })
  }
  return ended.$slot
}

/** Waits for the end, whatever it is: `join` and `kill`. Going on after `timeoutMs` is no error. */
export class EndOperation extends HubOperation<void> {
  readonly #target: Ending
  readonly #verb: string
  readonly #limit: Limit | undefined

  constructor(target: Ending, verb: string, limit: Limit | undefined) {
    super()
    this.#target = target
    this.#verb = verb
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    if (this.#target.$status >= RETURNED) return ready(undefined)
    return new EndWait(greenlet, this.#target, this.#verb).limit(this.#limit).park()
  }

  override toString(): string {
    return `${this.#verb}() of "${this.#target.name}"`
  }
}

/** What `kill(..., { block: false })` gives to be driven: nothing to wait for. */
export const NO_WAIT: Operation<void> = begun(
  new (class extends HubOperation<void> {
    override begin(): Step<void> {
      return ready(undefined)
    }

    override toString(): string {
      return 'kill()'
    }
  })(),
)

/** Waits for the outcome: `get`. After `timeoutMs` it throws what `late` makes. */
export class OutcomeOperation<T> extends HubOperation<T> {
  readonly #target: Ending
  readonly #limit: Limit | undefined
  constructor(target: Ending, limit: Limit | undefined) {
    super()
    this.#target = target
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<T> {
    if (this.#target.$status >= RETURNED) return ready(outcomeOf(this.#target) as T) // what the body returned
    return new OutcomeWait(greenlet, this.#target).limit(this.#limit).park()
  }

  override toString(): string {
    return `get() of "${this.#target.name}"`
  }
}

class EndWait extends Wait implements Listener<Ending> {
  protected readonly target: Ending
  readonly #verb: string

  constructor(greenlet: Coroutine, target: Ending, verb: string) {
    if (ownerOf(greenlet) === target) {
      if (greenlet.$pending !== null) throw takePending(greenlet) // it has killed itself, and this is its next wait
      throw new UsageError(`Greenlet "${greenlet.name}" waits for itself in ${verb}(); it could never go on.`)
    }
    super(greenlet)
    this.target = target
    this.#verb = verb
    target.$listen(this)
  }

  notify(): void {
    this.succeed(undefined)
  }

  override expired(_limit: Limit): void {
    this.succeed(undefined)
  }

  protected override leave(): void {
    this.target.$ignore(this)
  }

  override describe(): string {
    return `${this.#verb}() of "${this.target.name}"`
  }
}

class OutcomeWait extends EndWait {
  constructor(greenlet: Coroutine, target: Ending) {
    super(greenlet, target, 'get')
  }

  override notify(): void {
    try {
      this.succeed(outcomeOf(this.target))
    } catch (error) {
      this.fail(error)
    }
  }

  override expired(limit: Limit): void {
    this.fail(lateError(limit))
  }
}
