/**
 * Waiting: what every operation of the hub stands on, and gevent's `Waiter`.
 *
 * An operation is a recipe ({@link HubOperation}); driving it begins a {@link Wait}, which knows the greenlet, how to leave what is waited
 * for, and what to do when the time is up. Whoever ends the wait calls `succeed` or `fail`; a kill or a timeout calls `undo`.
 *
 * ```
 *   op.next() ── begin ──▶ Wait ── succeed(value) / fail(error) ──▶ ready list ──▶ the greenlet goes on
 *                            ├──── expired(): its own timeoutMs ───────────┘
 *                            └──── undo(): killed, timed out from outside ──▶ nothing is left behind
 * ```
 *
 * Invariants. A wait ends exactly once. When its greenlet runs again it is in no list and has no timer. `leave` never wakes anybody but
 * those who take the place.
 *
 * Turned down. Waits as generator functions with `try/finally`: four times the cost when nothing has to be waited for, and a `finally`
 * runs only when the greenlet does, so a killed waiter would still be handed items until its turn came.
 *
 * Stands on the hub. Leaves to each primitive whom it wakes in which order.
 */
import { inheritContext } from '../context.ts'
import { ConcurrentObjectUseError, InternalError, UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { type Coroutine, FAILED, kernel, type PendingWait } from '../greenlet/kernel.ts'
import { BaseOperation, ready, type Step } from '../greenlet/operation.ts'
import { RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { resume } from '../greenlet/switch.ts'
import { leave } from '../greenlet/trampoline.ts'
import { type Begun, brandOperation, type Green, type Operation, type Resume, type Suspend } from '../protocol.ts'
import { Timer } from './clock.ts'
import { type Hub, hubOf } from './hub.ts'

/** Base of the operations that wait in a hub. Plain code may await them. */
export abstract class HubOperation<T> extends BaseOperation<T> {
  constructor() {
    super()
    if (kernel.debug !== null) kernel.debug.operationMade(this)
  }

  protected override giveWay(greenlet: Coroutine, step: Step<T>): Step<T> {
    const hub = hubOf(greenlet)
    const { value } = step // kernel.resumed: the next wait overwrites it
    const suspended = hub.park(greenlet, null)
    hub.wake(greenlet, value)
    return suspended
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return awaitInMain(this).then(onFulfilled, onRejected)
  }
}

/** Says of an operation whose effect has happened already that it may be left undriven. */
export function begun<T>(operation: Operation<T>): Begun<T> {
  if (kernel.debug !== null) kernel.debug.operationDriven(operation)
  return operation
}

/** An operation that is written as a generator function: `make` is called anew each time it is driven. */
class ComposedOperation<T> implements Operation<T> {
  readonly #text: string
  readonly #make: () => Green<T>

  constructor(text: string, make: () => Green<T>) {
    this.#text = text
    this.#make = make
    if (kernel.debug !== null) kernel.debug.operationMade(this)
  }

  [Symbol.iterator](): Iterator<Suspend, T, Resume> {
    // A test tool that iterates what it compares must start nothing.
    if (kernel.current === kernel.main) return NOTHING as Green<T>
    if (kernel.debug !== null) kernel.debug.operationDriven(this)
    return this.#make()
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return awaitInMain(this).then(onFulfilled, onRejected)
  }

  toString(): string {
    return this.#text
  }
}
brandOperation(ComposedOperation.prototype)

const NOTHING: Iterator<Suspend, unknown, Resume> = { next: () => ({ done: true, value: undefined }) }

/** Makes an operation of a generator function. `text` is the call as it stands in messages. */
export function operation<T>(text: string, make: () => Green<T>): Operation<T> {
  return new ComposedOperation(text, make)
}

/** One wait in progress. Made when an operation has to wait, gone when its greenlet runs again. */
export abstract class Wait implements PendingWait {
  readonly greenlet: Coroutine
  readonly hub: Hub
  /** Set while the wait's own time limit runs. */
  #deadline: Deadline | null = null

  constructor(greenlet: Coroutine) {
    this.greenlet = greenlet
    this.hub = hubOf(greenlet)
  }

  /** Takes it out of whatever is waited for. Called when the wait is over by other means than that. */
  protected abstract leave(): void
  abstract describe(): string

  /** Its own time limit has passed; what that means is the operation's to say. Only with {@link limit}. */
  expired(ms: number): void {
    this.fail(new InternalError(`${this.describe()} has no outcome for its limit of ${String(ms)} ms.`))
  }

  /** Parks the greenlet; the last line of an operation's `begin`. */
  park(): Step<never> {
    return this.hub.park(this.greenlet, this)
  }

  /** Ends the wait after `timeoutMs`, if that is given. */
  limit(timeoutMs: number | undefined): this {
    if (timeoutMs === undefined || timeoutMs === Infinity) return this
    this.#deadline = new Deadline(this, timeoutMs)
    this.hub.timers.add(this.#deadline, timeoutMs)
    return this
  }

  undo(): void {
    this.#disarm()
    this.leave()
  }

  /** Ends the wait: its operation gives `value`. */
  succeed(value: unknown): void {
    this.#disarm()
    this.hub.wake(this.greenlet, value)
  }

  /** Ends the wait: its operation throws `error`. */
  fail(error: unknown): void {
    this.#disarm()
    this.hub.wakeWithError(this.greenlet, error)
  }

  #disarm(): void {
    if (this.#deadline === null) return
    this.hub.timers.remove(this.#deadline)
    this.#deadline = null
  }

  /** Called by the deadline. */
  timeUp(ms: number): void {
    this.#deadline = null
    this.leave()
    this.expired(ms)
  }
}

class Deadline extends Timer {
  readonly #wait: Wait
  readonly #ms: number

  constructor(wait: Wait, ms: number) {
    super()
    this.#wait = wait
    this.#ms = ms
  }

  override expired(): void {
    this.#wait.timeUp(this.#ms)
  }
}

/** Drives an operation for plain code. Its greenlet stands for main: LoopExit is raised in it, and it has main's name. */
class MainWait<T> extends RawGreenlet<T> {
  readonly #operation: Operation<T>
  readonly #resolve: (value: T) => void
  readonly #reject: (error: unknown) => void

  constructor(operation: Operation<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    super(null, kernel.main as RawGreenlet) // every coroutine is one
    this.#operation = operation
    this.#resolve = resolve
    this.#reject = reject
    this.$host = kernel.main.$host
    this.$scope = inheritContext() // of the code that awaits
  }

  override get name(): string {
    return 'main'
  }

  override *run(): Green<T> {
    return yield* this.#operation
  }

  /** @internal */
  override $ended(): Coroutine {
    hubOf(this).mainWaits.delete(this)
    if (this.$status === FAILED) this.#reject(this.$slot)
    else this.#resolve(this.$slot as T) // what run() returned
    return kernel.main
  }
}

/** Awaits an operation in plain code, as main. */
function awaitInMain<T>(operation: Operation<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = new MainWait(operation, resolve, reject)
    const hub = hubOf(wait)
    hub.mainWaits.add(wait)
    // Main is running here, so its wait begins here. Only an explicit call of then() can come from inside a greenlet's slice.
    if (kernel.current !== kernel.main) {
      hub.enqueue(wait)
      return
    }
    try {
      resume(wait)
    } finally {
      leave()
    }
  })
}

/** Checks a duration: a number of milliseconds, 0 and up. `Infinity` is for ever. */
export function checkMs(call: string, name: string, ms: unknown): asserts ms is number {
  if (typeof ms === 'number' && ms >= 0) return
  const shown = typeof ms === 'number' ? String(ms) : show(ms)
  throw new UsageError(`${call} expects \`${name}\` to be a number of milliseconds, 0 or more, but got ${shown}.`)
}

/**
 * Hands one value, or one error, to one greenlet: the simplest wait there is.
 *
 * `switch` and `throw` may come before `get`: then `get` does not wait. Until {@link Waiter.clear} every `get` gives the same.
 *
 * @typeParam T - what is handed over.
 * @source gevent: `gevent.hub.Waiter`
 * @example
 * ```ts
 * import { sleep, spawn, Waiter } from 'greenloop'
 *
 * const waiter = new Waiter<string>()
 * spawn(function* () {
 *   yield* sleep(1)
 *   waiter.switch('hello')
 * })
 * console.log(await waiter.get()) // hello
 * ```
 */
export class Waiter<T> {
  #state: 'empty' | 'value' | 'error' = 'empty'
  #outcome: unknown = undefined
  #waiting: WaiterWait<T> | null = null
  /** One for all that call `get`, except in debug mode, which asks of each call whether it was driven. */
  #get: WaiterGet<T> | null = null

  /** Whether something was handed over. */
  ready(): boolean {
    return this.#state !== 'empty'
  }

  /** Whether a value, not an error, was handed over. */
  successful(): boolean {
    return this.#state === 'value'
  }

  /** Hands over a value. @switches never */
  switch(value: T): void {
    this.#hand('value', value)
  }

  /** Hands over an error, thrown by `get`. @switches never */
  throw(error: Error): void {
    this.#hand('error', error)
  }

  /** Forgets what was handed over. @switches never */
  clear(): void {
    this.#state = 'empty'
    this.#outcome = undefined
  }

  /**
   * Waits for the value.
   *
   * @throws ConcurrentObjectUseError when another greenlet waits already; what `throw` was given.
   * @switches only if it must wait
   */
  get(): Operation<T> {
    return kernel.debug === null ? (this.#get ??= new WaiterGet(this)) : new WaiterGet(this)
  }

  /** @internal */
  begin(greenlet: Coroutine): Step<T> {
    if (this.#state === 'error') throw this.#outcome
    if (this.#state === 'value') return ready(this.#outcome as T) // only switch() writes it then
    if (this.#waiting !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" waits in waiter.get(), where "${this.#waiting.greenlet.name}" waits already.`,
      )
    }
    this.#waiting = new WaiterWait(greenlet, this)
    return this.#waiting.park()
  }

  /** @internal */
  leave(): void {
    this.#waiting = null
  }

  #hand(state: 'value' | 'error', outcome: unknown): void {
    this.#state = state
    this.#outcome = outcome
    const waiting = this.#waiting
    this.#waiting = null
    if (state === 'value') waiting?.succeed(outcome)
    else waiting?.fail(outcome)
  }
}

class WaiterGet<T> extends HubOperation<T> {
  readonly #waiter: Waiter<T>

  constructor(waiter: Waiter<T>) {
    super()
    this.#waiter = waiter
  }

  override begin(greenlet: Coroutine): Step<T> {
    return this.#waiter.begin(greenlet)
  }

  override toString(): string {
    return 'waiter.get()'
  }
}

class WaiterWait<T> extends Wait {
  readonly #waiter: Waiter<T>

  constructor(greenlet: Coroutine, waiter: Waiter<T>) {
    super(greenlet)
    this.#waiter = waiter
  }

  protected override leave(): void {
    this.#waiter.leave()
  }

  override describe(): string {
    return 'waiter.get()'
  }
}
