/**
 * What every waiting call returns: a recipe that is driven with `yield*` in a greenlet and with `await` in plain code.
 *
 * An operation of one step derives from {@link HubOperation} and says in `begin` how it waits; one that is made of several is written as a
 * generator function ({@link operation}).
 *
 * Stands on agents, which await in plain code. Leaves the waits themselves to `wait.ts`.
 */
import { inheritContext } from '../context.ts'
import { GreenletExit } from '../errors/classes.ts'
import { type Coroutine, FAILED, kernel } from '../greenlet/kernel.ts'
import { BaseOperation, type Step } from '../greenlet/operation.ts'
import { RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { resume } from '../greenlet/switch.ts'
import { leave } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import { type Begun, brandOperation, type Green, type Operation, type Resume, type Suspend } from '../protocol.ts'
import { awaitOperation } from './agent.ts'

/** Base of the operations that wait in a hub. Plain code may await them. */
export abstract class HubOperation<T> extends BaseOperation<T> {
  constructor() {
    super()
    if (kernel.debug !== null) kernel.debug.operationMade(this)
  }

  protected override giveWay(greenlet: Coroutine, step: Step<T>): Step<T> {
    if (greenlet.$pending !== null) return step // parking would raise it, and what the wait gave would be lost
    const hub = hubOf(greenlet)
    const { value } = step // kernel.resumed: the next wait overwrites it
    hub.observer?.gaveWay?.(greenlet, this)
    const suspended = hub.park(greenlet, null)
    hub.wake(greenlet, value)
    return suspended
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return awaitOperation(this).then(onFulfilled, onRejected)
  }
}

/** Says of an operation whose effect has happened already that it may be left undriven: by debug mode, and by a callback that returns it. */
export function begun<T>(operation: Operation<T>): Begun<T> {
  ;(operation as { $begun?: boolean }).$begun = true // for callInHub, which stands below the waits
  if (kernel.debug !== null) kernel.debug.operationDriven(operation)
  return operation
}

/** An operation that is written as a generator function: `make` is called anew each time it is driven. */
class ComposedOperation<T> implements Operation<T> {
  readonly #text: string | (() => string)
  readonly #make: () => Green<T>

  constructor(text: string | (() => string), make: () => Green<T>) {
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
    return typeof this.#text === 'string' ? this.#text : this.#text()
  }
}
brandOperation(ComposedOperation.prototype)

const NOTHING: Iterator<Suspend, unknown, Resume> = { next: () => ({ done: true, value: undefined }) }

/**
 * Makes an operation of a generator function. `text` is the call as it stands in messages; a function, where it would cost to write it each
 * time.
 */
export function operation<T>(text: string | (() => string), make: () => Green<T>): Operation<T> {
  return new ComposedOperation(text, make)
}

/** Drives a composed operation for plain code. Its greenlet stands for main: LoopExit is raised in it, and it has main's name. */
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
    try {
      return yield* this.#operation
    } catch (error) {
      // It would count as an orderly end, with the exit as its value; who awaits is to meet what was thrown.
      if (error instanceof GreenletExit) this.#reject(error)
      throw error
    }
  }

  /** @internal */
  override $ended(): Coroutine {
    hubOf(this).mainWaits.delete(this)
    if (this.$status === FAILED) this.#reject(this.$slot)
    else this.#resolve(this.$slot as T) // what run() returned
    return kernel.main
  }
}

/** Awaits a composed operation in plain code, as main. */
function awaitInMain<T>(operation: Operation<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = new MainWait(operation, resolve, reject)
    if (kernel.debug !== null) kernel.debug.operationAwaited(operation, wait)
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
