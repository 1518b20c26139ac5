/**
 * What all operations of the library have in common: one stateless protocol between `yield*` and the trampoline.
 *
 * `yield* op` calls `op.next(undefined)` once to begin the wait; the trampoline resumes with the kernel's one `resumed` object, which an
 * operation hands back as its result. So an operation needs no state of its own: it can be driven again, by several greenlets at once,
 * and a wait that is ready allocates nothing. A generator function would cost twice as much when it suspends and four times when not.
 *
 * Stands on the kernel. Leaves it to the host how plain code awaits (`then`) and how a wait is parked.
 */
import { InternalError, UsageError } from '../errors.ts'
import { type Coroutine, type Described, kernel, READY, READY_CANCELLED } from './kernel.ts'
import type { Operation, Resume, Suspend } from './protocol.ts'

/** The answer of one step of an operation. */
export type Step<T> = IteratorResult<Suspend, T>

const BRAND = Symbol.for('greenloop.operation')

/**
 * Base of every operation. Subclasses say in `begin` what driving it does, and in `then` what awaiting it does.
 *
 * @internal
 */
export abstract class BaseOperation<T> implements Operation<T>, Iterator<Suspend, T, Resume> {
  [Symbol.iterator](): this {
    return this
  }

  next(resumed?: Resume): Step<T> {
    // The trampoline resumes with kernel.resumed only, which is a finished step whose value the waker has set.
    if (resumed !== undefined) return resumed as Resume & IteratorReturnResult<T>
    const greenlet = kernel.current
    // Plain code that iterates an operation (a test tool comparing two of them) must start nothing and must come to an end.
    if (greenlet === kernel.main) return FINISHED as Step<T>
    if (greenlet.pending !== null || greenlet.wait !== null || greenlet.turn === READY) refuse(greenlet, this)
    return this.begin(greenlet)
  }

  throw(error: unknown): Step<T> {
    throw error
  }

  return(value: T): Step<T> {
    return { done: true, value }
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
Object.defineProperty(BaseOperation.prototype, BRAND, { value: true })

const FINISHED: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** A greenlet that begins a wait has an interrupt to take first, or has begun another wait without suspending in it. */
function refuse(greenlet: Coroutine, operation: Described): never {
  const { wait } = greenlet
  if (wait === null && greenlet.turn !== READY) throw takePending(greenlet)
  greenlet.wait = null
  wait?.undo()
  if (greenlet.turn === READY) greenlet.turn = READY_CANCELLED
  throw iteratedOperation(greenlet, operation)
}

/** Takes the oldest interrupt that reached `greenlet` while it could not take it. */
export function takePending(greenlet: Coroutine): Error {
  const [first, ...rest] = greenlet.pending ?? []
  greenlet.pending = rest.length > 0 ? rest : null
  return first ?? new InternalError('An interrupt was taken where none was pending.')
}

function iteratedOperation(greenlet: Coroutine, operation: Described): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" iterated ${String(operation)} instead of driving it.\n\n` +
      `  [...sleep(10)]; for (const x of sleep(10)) {}   // incorrect: begins a wait over and over\n` +
      `  yield* sleep(10)                                // correct`,
  )
}

/** The answer of an operation that has parked its greenlet. */
export const SUSPENDED: Kernel['suspended'] = kernel.suspended
type Kernel = typeof kernel

/** The answer of an operation that has its value already: no switch, no allocation. */
export function ready<T>(value: T): Step<T> {
  const { resumed } = kernel
  resumed.value = value
  return resumed as Resume & IteratorReturnResult<T> // the value was set one line above
}

/** Whether `value` is an operation of this library (of any copy of it). */
export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Marks an operation that is not a {@link BaseOperation}, such as one made of a generator function. */
export function brandOperation(prototype: object): void {
  Object.defineProperty(prototype, BRAND, { value: true })
}

/** Whether `value` is a generator object, of any realm. */
export function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Generator' && // any object may be asked for the tag
    typeof (value as { next?: unknown }).next === 'function'
  )
}

/** Gives a generator that drives an operation: for bodies that return one instead of being one. */
export function* drive<T>(operation: Operation<T>): Generator<Suspend, T, Resume> {
  return yield* operation
}
