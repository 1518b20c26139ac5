/**
 * What all operations of the library have in common: one stateless protocol between `yield*` and the trampoline.
 *
 * `yield* op` calls `op.next(undefined)` once to begin the wait; the trampoline resumes with the kernel's one `resumed` object, which an
 * operation hands back as its result. So an operation needs no state of its own: it can be driven again, by several greenlets at once,
 * and a wait that is ready allocates nothing. A generator function would cost twice as much when it suspends and four times when not.
 *
 * Stands on the kernel. Leaves it to the host how plain code awaits (`then`) and how a wait is parked.
 */
import { InternalError } from '../errors/classes.ts'
import { type Described, forgottenSwitch, iteratedOperation } from '../errors/usage.ts'
import { brandOperation, type Operation, type Resume, type Suspend } from '../protocol.ts'
import { type Coroutine, type Kernel, kernel, READY, READY_CANCELLED } from './kernel.ts'

/** The answer of one step of an operation. */
export type Step<T> = IteratorResult<Suspend, T>

/**
 * Base of every operation. Subclasses say in `begin` what driving it does, and in `then` what awaiting it does.
 */
export abstract class BaseOperation<T> implements Operation<T>, Iterator<Suspend, T, Resume> {
  [Symbol.iterator](): this {
    return this
  }

  next(resumed?: Resume): Step<T> {
    // The trampoline resumes with kernel.resumed only, which is a finished step whose value the waker has set.
    if (resumed !== undefined) return resumed as Resume & IteratorReturnResult<T>
    const cell = kernel
    const greenlet = cell.current
    if (greenlet.$goal !== null || greenlet.$wait !== null || greenlet.$turn === READY) {
      // Plain code that iterates an operation (a test tool comparing two of them) must start nothing and must come to an end.
      if (greenlet === cell.main) return FINISHED as Step<T>
      refuse(greenlet, this)
    }
    return cell.debug === null && !cell.everyWaitSwitches ? this.begin(greenlet) : this.beginWatched(greenlet)
  }

  // Not a #method: an object is marked for having one when it is made, at twice the cost of the object.
  private beginWatched(greenlet: Coroutine): Step<T> {
    const { debug, everyWaitSwitches } = kernel
    debug?.operationDriven(this)
    let step = this.begin(greenlet)
    if (step !== SUSPENDED && everyWaitSwitches) step = this.giveWay(greenlet, step)
    if (step === SUSPENDED) debug?.suspended(greenlet)
    return step
  }

  throw(error: unknown): Step<T> {
    throw error
  }

  return(value: T): Step<T> {
    return { done: true, value }
  }

  /** For schedule tests: makes a wait that was ready switch all the same. The host's operations do. */
  protected giveWay(_greenlet: Coroutine, step: Step<T>): Step<T> {
    return step
  }

  /** Begins the wait of `greenlet`, which is running: {@link ready} when there is nothing to wait for, else parks it and answers {@link SUSPENDED}. */
  abstract begin(greenlet: Coroutine): Step<T>

  /** The call as a person would write it; stands in messages. */
  abstract toString(): string

  abstract then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B>
}
brandOperation(BaseOperation.prototype)

const FINISHED: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** A greenlet that begins a wait has forgotten a switch, or has begun another wait without suspending in it. */
function refuse(greenlet: Coroutine, operation: Described): never {
  kernel.suspending.length = 0 // of a call that was stepped by hand
  const undriven = takeUndriven(greenlet)
  if (undriven !== null) throw forgottenSwitch(greenlet, undriven)
  const { $wait: wait } = greenlet
  greenlet.$wait = null
  wait?.undo()
  if (greenlet.$turn === READY) greenlet.$turn = READY_CANCELLED
  throw iteratedOperation(greenlet, operation)
}

/** The `switch()` that the running greenlet has made and not driven; null when there is none. It is forgotten by this. */
export function takeUndriven(greenlet: Coroutine): Described | null {
  const { $goal: goal } = greenlet
  greenlet.$goal = null
  return goal !== null && '$switcher' in goal ? goal.$switcher : goal
}

/** Takes the oldest interrupt that reached `greenlet` while it could not take it. */
export function takePending(greenlet: Coroutine): Error {
  const [first, ...rest] = greenlet.$pending ?? []
  greenlet.$pending = rest.length > 0 ? rest : null
  return first ?? new InternalError('An interrupt was taken where none was pending.')
}

/** The answer of an operation that has parked its greenlet. */
export const SUSPENDED: Kernel['suspended'] = kernel.suspended

/** The answer of an operation that has its value already: no switch, no allocation. */
export function ready<T>(value: T): Step<T> {
  const { resumed } = kernel
  resumed.value = value
  return resumed as Resume & IteratorReturnResult<T> // the value was set one line above
}

/** Gives a generator that drives an operation: for bodies that return one instead of being one. */
export function* drive<T>(operation: Operation<T>): Generator<Suspend, T, Resume> {
  return yield* operation
}
