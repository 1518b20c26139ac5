/**
 * The end of one greenlet: waiting for it, `join`, `get`, `kill`, `use`, and bringing it about.
 *
 * Stands on waits. The methods that make these operations are `Greenlet`'s; waiting for several is in `joinall.ts` and `src/several`.
 */
import { GreenletExit, GreenletKilledError, UsageError } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { show } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED, kernel, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'
import { ready, type Step, takePending } from '../greenlet/operation.ts'
import { type ErrorClass, isGreenlet, type RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { leaveWait } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import type { Task } from '../hub/tasks.ts'
import type { Begun, Driven, Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { Listenable, Listener } from '../waiting/linkable.ts'
import { begun, HubOperation, operation } from '../waiting/operation.ts'
import { lateError } from '../waiting/timeout.ts'
import { call } from '../waiting/until.ts'
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
    reads(this.#target)
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

/** Waits for the outcome: `get`. When there is none in time it throws what its limit throws. */
export class OutcomeOperation<T> extends HubOperation<T> {
  readonly #target: Ending
  readonly #limit: Limit | undefined
  readonly #block: boolean

  constructor(target: Ending, limit: Limit | undefined, block: boolean) {
    super()
    this.#target = target
    this.#limit = limit
    this.#block = block
  }

  override begin(greenlet: Coroutine): Step<T> {
    reads(this.#target)
    if (this.#target.$status >= RETURNED) return ready(outcomeOf(this.#target) as T) // what the body returned
    if (!this.#block) throw lateError(this.#limit ?? 0)
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

  waitsFor(): readonly Coroutine[] {
    return [this.target]
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

/** What `use` needs of a greenlet. */
interface Used extends Ending {
  readonly exception: unknown
  join(): Operation<void>
  kill(error?: Error): Begun<void>
}

/** `Greenlet.use`. */
export function useGreenlet<G extends Used, R>(greenlet: G, fn: (greenlet: G) => Driven<R>): Operation<R> {
  return operation(`use() of "${greenlet.name}"`, function* () {
    let result: R
    try {
      result = yield* call(fn, [greenlet])
    } catch (error) {
      // Told with the links, in time: a failure is reported at the end of the slice, and this may go on in a later one.
      greenlet.$listen({
        notify: (ended) => {
          if (ended.$slot === error) ended.$readFailure() // it is on its way to somebody
        },
      })
      yield* greenlet.kill(error instanceof Error ? error : undefined)
      throw error
    }
    try {
      yield* greenlet.join()
    } finally {
      yield* greenlet.kill()
    }
    return result
  })
}

/**
 * Asks any greenlet to end, raw ones included, by throwing `error` at its wait, in its turn; one that has not run yet never will. One that has
 * ended is left alone. Does not wait for the end: for that there is `g.kill()`, which a `Greenlet` has.
 *
 * @param greenlet - a greenlet, but not main.
 * @param error - an Error, or a class of errors. @defaultValue `new GreenletExit()`
 * @returns an operation that is over: driving it waits for nothing.
 * @throws UsageError when either is something else.
 * @switches never
 * @source gevent: `gevent.kill`
 * @example
 * ```ts
 * import { kill, sleep, spawnRaw } from 'greenloop'
 *
 * const raw = spawnRaw(function* () {
 *   try {
 *     yield* sleep(60_000)
 *   } finally {
 *     console.log('ends') // ends
 *   }
 * })
 * await sleep(1)
 * kill(raw)
 * ```
 */
export function kill(greenlet: RawGreenlet, error?: Error | ErrorClass): Begun<void> {
  if (!isGreenlet(greenlet)) throw new UsageError(`kill() expects a greenlet, but got ${show(greenlet)}.`)
  if ((greenlet as Coroutine) === kernel.main)
    throw new UsageError('kill() was given main, which is not a greenlet that could end.')
  killAny(greenlet, toError('kill', error))
  return NO_WAIT
}

/** Kills a greenlet of whatever kind. */
export function killAny(greenlet: RawGreenlet, reason: Error): void {
  writes(greenlet)
  if (greenlet.dead) return
  if ('$runLinks' in greenlet) {
    ;(greenlet as unknown as Task).kill(reason) // only those that belong to the hub have links
    return
  }
  const hub = hubOf(greenlet)
  if (greenlet.$heir === kernel.current) greenlet.$heir = kernel.main as RawGreenlet // that one is not in a switch to it
  if (greenlet.$status !== UNSTARTED) {
    hub.interrupt(greenlet, reason)
    return
  }
  leaveWait(greenlet)
  greenlet.$status = reason instanceof GreenletExit ? RETURNED : FAILED
  greenlet.$slot = undefined
  if (greenlet.$status === FAILED) hub.tell(reason, greenlet)
}
