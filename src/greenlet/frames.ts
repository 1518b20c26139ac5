/**
 * The frames of a greenlet: how generators are stepped, and the stack that the calls of `green` functions make.
 *
 * Model. The innermost frame lies in `greenlet.$frame`, those that called it in `greenlet.$callers`. A `green` call is begun here, natively,
 * upon the frame that makes it; nothing is kept of it when it ends in that step. When it suspends, the native stack unwinds with
 * SUSPENDED, each call on it leaves its frame in `kernel.suspending`, and the loop takes them over ({@link keepFrames}): whoever steps a
 * call by hand never comes to the loop, and its frames are dropped. From then on the loop resumes the innermost directly; when it ends,
 * its caller is resumed with the value or the error ({@link popFrame}), through the `next` and `throw` that `green` gives its generators.
 *
 * Turned down. A frame kept for each call from the beginning: twice the cost of a call that does not suspend. A wrapper around the
 * generator function: each call makes one object more, and its name, length and types are to be copied.
 *
 * Stands on the kernel. The loop is `trampoline.ts`; the two are the only files that step generators.
 */
import { breakStitch, stitchStack } from '../errors/stack.ts'
import { forgottenSwitch } from '../errors/usage.ts'
import { type Coroutine, type Frame, kernel } from './kernel.ts'
import { SUSPENDED, takeUndriven } from './operation.ts'

/** What a step of a generator gives. */
export type Step = IteratorResult<unknown, unknown>

const generatorPrototype: unknown = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()))
/**
 * Resumes a generator, as its own `next` would. One shared method is called instead of a property of each: those of a program's generator
 * functions are as many hidden classes. Typed without Generator's demand for a message at the first call.
 */
export const nextStep = Reflect.get(generatorPrototype as object, 'next') as (
  this: Generator,
  message?: unknown,
) => Step
/** Throws into a generator, as its own `throw` would. */
export const throwStep = Reflect.get(generatorPrototype as object, 'throw') as (this: Generator, error: unknown) => Step

/** So many calls of `green` functions run natively upon each other before the next one is begun by the loop. */
const NATIVE_DEPTH = 24
/** Set while the stack of an error is being completed, call by call. */
let stitching = false

/**
 * Begins the call of a `green` function, which a `yield*` is driving. Its first step runs here, natively: if it ends in that, the call
 * was as cheap as any. If it suspends, its frame goes to the greenlet, and so do those of the calls that it was made in.
 */
export function callGreen(callee: Frame): Step {
  const greenlet = kernel.current
  if (kernel.debug !== null) kernel.debug.called(callee)
  if (kernel.depth === 0 && kernel.suspending.length > 0) kernel.suspending.length = 0 // of a call that was stepped by hand
  if (kernel.depth === NATIVE_DEPTH) {
    const undriven = takeUndriven(greenlet)
    if (undriven !== null) throw forgottenSwitch(greenlet, undriven)
    kernel.suspending.push(callee)
    greenlet.$goal = greenlet // the loop goes on with this greenlet, in this frame
    return SUSPENDED
  }
  kernel.depth++
  let step: Step
  try {
    step = nextStep.call(callee)
  } catch (error) {
    completeStack(greenlet, error)
    throw error
  } finally {
    kernel.depth--
  }
  if (step === SUSPENDED) kernel.suspending.push(callee)
  else if (stitching) noteReturn(greenlet, kernel.depth + 1 + callersOf(greenlet))
  return step
}

/**
 * Throws into a `green` function that is being called: it has yielded something foreign, natively, or it has ended by this error and
 * its caller is now reached.
 *
 * It steps as `callGreen` does. One function below both would be one line more for each call in a stack, of which V8 writes ten.
 */
export function throwGreen(callee: Frame, error: unknown): Step {
  const greenlet = kernel.current
  kernel.depth++
  let step: Step
  try {
    step = throwStep.call(callee, error)
  } catch (error) {
    completeStack(greenlet, error)
    throw error
  } finally {
    kernel.depth--
  }
  if (step === SUSPENDED) kernel.suspending.push(callee)
  else if (stitching) noteReturn(greenlet, kernel.depth + 1 + callersOf(greenlet))
  return step
}

/** An error ends the innermost of the calls that lie on the native stack. */
function completeStack(greenlet: Coroutine, error: unknown): void {
  stitching = true
  stitchStack(error, greenlet, kernel.depth + callersOf(greenlet))
}

function callersOf(greenlet: Coroutine): number {
  return greenlet.$callers === null ? 0 : greenlet.$callers.length
}

/** One of the calls has returned: an error that has come as far as there before is thrown anew if it is thrown again. */
function noteReturn(greenlet: Coroutine, call: number): void {
  stitching = !breakStitch(greenlet, call)
}

/** Puts the frames that have suspended onto the greenlet's stack; the innermost is the one to be resumed. */
export function keepFrames(greenlet: Coroutine): void {
  const { suspending } = kernel
  const callers = (greenlet.$callers ??= [])
  let outer = greenlet.$frame as Frame // it is the one that makes the outermost of the calls
  for (let frame = suspending.pop(); frame !== undefined; frame = suspending.pop()) {
    callers.push(outer)
    outer = frame
  }
  greenlet.$frame = outer
}

/**
 * The innermost frame has ended; its caller is the innermost now. Answers whether there is one.
 *
 * @param returned - whether it has ended by a value.
 */
export function popFrame(greenlet: Coroutine, returned: boolean): boolean {
  const { $callers: callers } = greenlet
  const caller = callers === null ? undefined : callers.pop()
  if (caller === undefined) {
    stitching = false
    return false
  }
  greenlet.$frame = caller
  if (returned && stitching) noteReturn(greenlet, callersOf(greenlet) + 1)
  return true
}

/** Steps the generator of a green function as any other: it is iterated by plain code. */
export function stepPlainly(generator: Frame, message: unknown): Step {
  return nextStep.call(generator, message)
}

/** Throws into the generator of a green function as into any other. */
export function throwPlainly(generator: Frame, error: unknown): Step {
  return throwStep.call(generator, error)
}
