/**
 * What can be waited for without any primitive: time (`sleep`), a promise (`until`), the end of a greenlet (`join`, `get`, `kill`).
 *
 * Stands on waits and the hub's timers. The methods that make the last are `Greenlet`'s; waiting for several is in `spawn.ts`.
 */

import { GreenletExit, GreenletKilledError, UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import { type Coroutine, FAILED, kernel, RETURNED } from '../greenlet/kernel.ts'
import { drive, ready, type Step, takePending } from '../greenlet/operation.ts'
import { type Driven, type Green, isGenerator, isOperation, isThenable, type Operation } from '../protocol.ts'
import { Timer } from './clock.ts'
import { type Hub, hubOf } from './hub.ts'
import { begun, checkMs, HubOperation, Wait } from './waiter.ts'

/**
 * Waits for `ms` milliseconds, at least.
 *
 * `sleep(0)` lets everybody run who is ready now, and sockets and timers be served in between.
 *
 * @param ms - how long, 0 and up; `Infinity` until killed. @defaultValue 0
 * @throws UsageError at the call, when `ms` is negative or not a number.
 * @switches always
 * @source gevent: `gevent.sleep` (which takes seconds)
 * @example
 * ```ts
 * import { sleep, spawn } from 'greenloop'
 *
 * const g = spawn(function* () {
 *   yield* sleep(5)
 *   return 'rested'
 * })
 * console.log(await g.get()) // rested
 * ```
 */
export function sleep(ms = 0): Operation<void> {
  if (ms === 0) return kernel.debug === null ? NEXT_TURN : new NextTurn()
  checkMs('sleep()', 'ms', ms)
  return new Sleep(ms)
}

class NextTurn extends HubOperation<void> {
  override begin(greenlet: Coroutine): Step<void> {
    return hubOf(greenlet).giveTurn(greenlet)
  }

  override toString(): string {
    return 'sleep(0)'
  }
}
const NEXT_TURN: Operation<void> = begun(new NextTurn()) // there is nothing of it to be driven

class Sleep extends HubOperation<void> {
  readonly ms: number

  constructor(ms: number) {
    super()
    this.ms = ms
  }

  override begin(greenlet: Coroutine): Step<void> {
    const hub = hubOf(greenlet)
    const sleeper = new Sleeper(greenlet, hub, this.ms)
    if (this.ms !== Infinity) hub.timers.add(sleeper, this.ms)
    return hub.park(greenlet, sleeper)
  }

  override toString(): string {
    return `sleep(${String(this.ms)})`
  }
}

/** A wait that is its own timer: a hundred thousand sleepers are a hundred thousand of these and nothing else. */
class Sleeper extends Timer {
  readonly #greenlet: Coroutine
  readonly #hub: Hub
  readonly #ms: number

  constructor(greenlet: Coroutine, hub: Hub, ms: number) {
    super()
    this.#greenlet = greenlet
    this.#hub = hub
    this.#ms = ms
  }

  override expired(): void {
    this.#hub.wake(this.#greenlet, undefined)
  }

  undo(): void {
    this.#hub.timers.remove(this)
  }

  describe(): string {
    return `sleep(${String(this.#ms)})`
  }
}

/**
 * Waits until a promise settles: the bridge from async code into a greenlet.
 *
 * A promise cannot be taken back: when the wait is given up (kill, timeout) its outcome is dropped, and a late rejection is not reported
 * as unhandled. Give a function to be able to do better: it is called with an AbortSignal that fires then.
 *
 * @param source - a promise, or a function from an AbortSignal to one; it is called each time the operation is driven.
 * @returns what the promise was fulfilled with.
 * @throws what the promise was rejected with; UsageError at the call for anything that is neither.
 * @switches always
 * @example
 * ```ts
 * import { setTimeout as delay } from 'node:timers/promises'
 * import { spawn, until } from 'greenloop'
 *
 * const g = spawn(function* () {
 *   return yield* until((signal) => delay(5, 'late', { signal }))
 * })
 * console.log(await g.get()) // late
 * ```
 */
export function until<T>(source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)): Operation<Awaited<T>> {
  if (typeof source !== 'function' && !isThenable(source)) {
    throw new UsageError(`until() expects a promise or a function that returns one, but got ${show(source)}.`)
  }
  if (isOperation(source)) {
    throw new UsageError(
      `until() was given an operation, which a greenlet drives itself.\n\n${wrongRight('yield* until(sleep(10))', 'goes round by main', 'yield* sleep(10)')}`,
    )
  }
  return new Until(source) as Operation<Awaited<T>> // a thenable's value is never itself a thenable
}

class Until<T> extends HubOperation<T> {
  readonly #source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)

  constructor(source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)) {
    super()
    this.#source = source
  }

  override begin(greenlet: Coroutine): Step<T> {
    const source = this.#source
    if (typeof source !== 'function') return new PromiseWait(greenlet, null).parkUntil(source)
    const controller = new AbortController()
    const promise: unknown = source(controller.signal)
    if (!isThenable(promise))
      throw new UsageError(`until() expects its function to return a promise, but got ${show(promise)}.`)
    return new PromiseWait(greenlet, controller).parkUntil(promise)
  }

  override toString(): string {
    return 'until(promise)'
  }
}

/** What is told how a wait for a promise ended. An AbortController is one. */
export interface Abortable {
  /** The wait was given up. */
  abort(): void
  /** The promise has settled. */
  settled?(): void
}

/** The wait for a promise, for operations that have one inside. */
export class PromiseWait extends Wait {
  readonly #abortable: Abortable | null
  readonly #text: string
  /** Set when the wait has ended, by the promise or by being given up; the promise may settle later, and nobody is there. */
  #over = false

  constructor(greenlet: Coroutine, abortable: Abortable | null, text = 'until(promise)') {
    super(greenlet)
    this.#abortable = abortable
    this.#text = text
  }

  /**
   * Parks the greenlet until the promise settles. In this order, since a thenable may answer at once; and whatever parking does, since a
   * promise that nobody follows would be an unhandled rejection.
   */
  parkUntil(promise: PromiseLike<unknown>): Step<never> {
    this.hub.outstanding++
    try {
      return this.park()
    } finally {
      this.#follow(promise)
    }
  }

  #follow(promise: PromiseLike<unknown>): void {
    const onError = (error: unknown): void => {
      if (this.#settle()) this.fail(error)
    }
    try {
      promise.then((value) => {
        if (this.#settle()) this.succeed(value)
      }, onError)
    } catch (error) {
      onError(error) // a thenable that throws instead
    }
  }

  protected override leave(): void {
    this.#close()
    this.#abortable?.abort()
  }

  override describe(): string {
    return this.#text
  }

  #close(): boolean {
    if (this.#over) return false
    this.#over = true
    this.hub.outstanding--
    return true
  }

  /** The promise has settled; answers whether anybody still waits for it. */
  #settle(): boolean {
    if (!this.#close()) return false
    this.#abortable?.settled?.()
    return true
  }
}

/** Drives what a body has returned, whatever it is; null when there is nothing to drive. */
export function follow(made: unknown): Green<unknown> | null {
  if (isGenerator(made)) return made as Green<unknown> // what it yields is checked when it does
  if (isOperation(made)) return drive(made)
  if (!isThenable(made)) return null
  // An async body that has made a switch fails of that, here and now; its own rejection is late, and nobody's.
  if (kernel.current.$goal !== null) made.then(undefined, () => undefined)
  return drive(until(made))
}

/** Calls a body and drives what it returns. */
export function* call<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, args: A): Green<T> {
  const made = fn(...args)
  const frame = follow(made)
  return (frame === null ? made : yield* frame) as T // Driven<T> without what can be driven is T
}

/** A greenlet as those see it who wait for its end. */
export interface Ending extends Coroutine {
  $listen(listener: Listener): void
  $ignore(listener: Listener): void
  /** What it died of; it has reached somebody now. */
  $readFailure(): unknown
}

/** A wait that is told the end of a greenlet. An object, so that no closure is made for each. */
export interface Listener {
  notify(ended: Ending): void
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
  readonly #timeoutMs: number | undefined

  constructor(target: Ending, verb: string, timeoutMs: number | undefined) {
    super()
    this.#target = target
    this.#verb = verb
    this.#timeoutMs = timeoutMs
  }

  override begin(greenlet: Coroutine): Step<void> {
    if (this.#target.$status >= RETURNED) return ready(undefined)
    return new EndWait(greenlet, this.#target, this.#verb).limit(this.#timeoutMs).park()
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
  readonly #timeoutMs: number | undefined
  readonly #late: (ms: number) => Error

  constructor(target: Ending, timeoutMs: number | undefined, late: (ms: number) => Error) {
    super()
    this.#target = target
    this.#timeoutMs = timeoutMs
    this.#late = late
  }

  override begin(greenlet: Coroutine): Step<T> {
    if (this.#target.$status >= RETURNED) return ready(outcomeOf(this.#target) as T) // what the body returned
    return new OutcomeWait(greenlet, this.#target, this.#late).limit(this.#timeoutMs).park()
  }

  override toString(): string {
    return `get() of "${this.#target.name}"`
  }
}

class EndWait extends Wait implements Listener {
  protected readonly target: Ending
  readonly #verb: string

  constructor(greenlet: Coroutine, target: Ending, verb: string) {
    if (greenlet === target) {
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

  override expired(_ms: number): void {
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
  readonly #late: (ms: number) => Error

  constructor(greenlet: Coroutine, target: Ending, late: (ms: number) => Error) {
    super(greenlet, target, 'get')
    this.#late = late
  }

  override notify(): void {
    try {
      this.succeed(outcomeOf(this.target))
    } catch (error) {
      this.fail(error)
    }
  }

  override expired(ms: number): void {
    this.fail(this.#late(ms))
  }
}
