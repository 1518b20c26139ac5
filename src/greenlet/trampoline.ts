/**
 * The trampoline: the only loop that drives generators.
 *
 * Model. A greenlet's body is a generator. A switch never calls another greenlet from inside one: it writes down who runs next (the
 * `$goal` of the greenlet) and suspends; the generator returns to this loop, which resumes the other. So the native stack never grows,
 * whoever switches to whom. Main is not a generator: plain code calls {@link enter}, which returns when control comes back to main,
 * either because somebody switched or died into main (`kernel.arrival` tells) or because a greenlet waits in the host. What a frame of a
 * greenlet is, and how `green` calls come to be several, is in `frames.ts`.
 *
 * Invariants.
 * - `enter` is called from main only, hence never nested: while a greenlet's code runs, `kernel.current` is that greenlet, and `switch`
 *   makes an operation to be driven. No generator is ever resumed while it runs.
 * - Exactly one of the coroutines is current. It is not parked (`$wait` is null) and not READY.
 * - The `$goal` of a greenlet is null whenever the greenlet does not run.
 * - Of the host's round (`kernel.round`) whoever is resumed here has been unlinked before; what is left when `run` returns, by whatever
 *   way, is in the cell again. It is null while any other code of the host or of plain code runs.
 * - `$ended()` is called once a greenlet, outside the try: an error of ours must not be mistaken for one of the user's.
 *
 * Turned down. A generator that drives (`function* loop`): twice the cost a switch. Resuming the target from within the operation: the
 * native stack grows and V8 forbids re-entry. A closure for each switch: garbage on the hottest path. `frame.next(v)`: a property load
 * over one hidden class per generator function, against one call of the shared method.
 *
 * Stands on the kernel. Knows no clock, no hub, no Node; the async context is a method it calls without knowing whose.
 * @see the measurements behind the shape: `docs/design.md`
 */
import { GreenletExit, InvalidSwitchError } from '../errors/classes.ts'
import { cutStack, leaveStack } from '../errors/stack.ts'
import { foreignYield, forgottenSwitch, reenteredGenerator, sharedGenerator } from '../errors/usage.ts'
import { isGenerator } from '../protocol.ts'
import { keepFrames, nextStep, popFrame, type Step, throwStep } from './frames.ts'
import {
  Arguments,
  type Coroutine,
  ERROR_ARRIVED,
  FAILED,
  type Frame,
  INTERRUPTED,
  kernel,
  NO_ARGUMENTS,
  NOT_READY,
  NOTHING_ARRIVED,
  OCCUPIED,
  READY,
  READY_CANCELLED,
  RETURNED,
  UNSTARTED,
  VALUE_ARRIVED,
} from './kernel.ts'
import { SUSPENDED, takeUndriven } from './operation.ts'

const { resumed } = kernel
/** Set while an error goes from a frame that it has ended into its caller, through the loop. */
let unwinding = false
const generatorFunctionPrototype: unknown = Object.getPrototypeOf(function* () {})
/** The prototype of the generators of the function that was the last body. */
let lastPrototype: unknown = null
/** The generators that bodies have returned which are no generator functions. */
const given = new WeakSet<Frame>()

/** Runs `first`, and whoever control passes to, until it comes back to main. Called from main only. */
export function enter(first: Coroutine): void {
  kernel.blank?.look?.()
  try {
    runFrom(first)
  } finally {
    leave() // whatever happens, a mistake of ours included
  }
}

/**
 * Does what {@link enter} does, but for {@link leave}, which must come before any other code of the program runs: the host resumes many
 * one after the other.
 */
export function runFrom(first: Coroutine): void {
  const cell = kernel
  const { main } = cell
  let greenlet = first
  while (greenlet !== main) {
    const { $scope: scope } = greenlet
    cell.scope = scope
    if (scope === null) greenlet = run(greenlet)
    else if (scope !== cell.blank) greenlet = scope.runInAsyncScope(run, undefined, greenlet)
    else {
      greenlet = run(greenlet)
      if (cell.scope !== scope) scope.left?.() // somebody has set a store in it
    }
  }
  if (cell.tracer !== null && cell.arrival !== 0) traceTransfer(main, cell.arrival === ERROR_ARRIVED)
  cell.current = main
}

/** Has plain code go on as main, with nothing left of the greenlets that have run. */
export function leave(): void {
  const { main } = kernel
  kernel.current = main
  kernel.scope = null
  kernel.lender = null
  kernel.depth = 0
  main.$goal = main
  resumed.value = undefined // else the last message would live until the next switch
}

/**
 * Runs greenlets one after the other, as long as they share the async context of the first; answers who is next. Where control would come
 * back to main, the next of the host's round is resumed instead: to go through the host for each would cost as much again.
 */
function run(first: Coroutine): Coroutine {
  // Taken out of their cells once a run: an imported binding is read and checked anew at each use.
  const cell = kernel
  const { main, suspending } = cell
  const message = resumed
  const suspended = SUSPENDED
  const next = nextStep
  const interrupted = INTERRUPTED
  const occupied = OCCUPIED
  let { round, budget } = cell
  let greenlet = first
  try {
    for (;;) {
      // The same greenlet again is no transfer: one of its frames has ended, and the one that called it goes on.
      if (cell.tracer !== null && cell.current !== greenlet) traceTransfer(greenlet, greenlet.$status === interrupted)
      cell.current = greenlet
      let step: Step | null = null
      let error: unknown
      try {
        if (greenlet.$status > interrupted) {
          greenlet.$status = occupied
          message.value = greenlet.$slot
          greenlet.$slot = undefined
          step = next.call(greenlet.$frame as Frame, message) // it has started and is not dead
        } else {
          step = firstStep(greenlet)
        }
      } catch (thrown) {
        error = thrown
      }
      let heir: Coroutine
      if (step === suspended) {
        heir = greenlet.$goal as Coroutine // an operation that answers SUSPENDED has set it
        greenlet.$goal = null
        if (suspending.length > 0) keepFrames(greenlet)
      } else {
        heir = settle(greenlet, step, error)
      }
      if (heir === main) {
        if (round === null || budget <= 0 || cell.arrival !== NOTHING_ARRIVED || cell.tracer !== null) return heir
        // One that has ended, whose turn was cancelled, or with another context is for the host.
        if (round.$turn !== READY || round.$status >= RETURNED || round.$scope !== cell.scope) return heir
        greenlet = round
        round = greenlet.$behind
        budget--
        greenlet.$behind = null
        greenlet.$turn = NOT_READY
        continue
      }
      const { $scope: scope } = heir
      if (scope !== cell.scope) {
        if (scope !== null) return heir
        if (greenlet.$scope !== null) cell.lender = greenlet // a raw greenlet goes on in the context of the one that resumes it
      }
      greenlet = heir
    }
  } finally {
    cell.round = round
    cell.budget = budget
  }
}

/** The steps that are not a plain resumption: the body's first one, and one that throws. */
function firstStep(greenlet: Coroutine): Step {
  const { $slot: slot, $frame: frame } = greenlet
  greenlet.$slot = undefined
  const interrupted = greenlet.$status === INTERRUPTED
  greenlet.$status = OCCUPIED
  if (frame !== null) {
    if (!unwinding && greenlet.$callers !== null) leaveStack(slot) // somebody else has thrown it in
    unwinding = false
    return throwStep.call(frame, slot)
  }
  if (interrupted) throw slot

  const made = callBody(greenlet, slot)
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is compared, and not called
  const first = isCallOf(greenlet.$fn ?? greenlet.run, made) ? made : frameOf(greenlet, made)
  if (first === null) return { done: true, value: made }
  greenlet.$frame = first
  return nextStep.call(first, undefined)
}

/** The frame of what was not made by calling a generator function as the body; null when that is the outcome itself. */
function frameOf(greenlet: Coroutine, made: unknown): Frame | null {
  const frame = isGenerator(made) ? made : greenlet.$adopt(made)
  if (frame === null) return null
  if (given.has(frame)) throw sharedGenerator(greenlet) // it was made once, and given out before
  given.add(frame)
  return frame
}

/** Whether `made` is the generator of a call of `fn`: what most bodies are is seen without asking it for its tag. */
function isCallOf(fn: Coroutine['$fn'], made: unknown): made is Frame {
  if (fn === null || typeof made !== 'object' || made === null) return false
  if (Object.getPrototypeOf(fn) !== generatorFunctionPrototype) return false
  const prototype: unknown = Object.getPrototypeOf(made)
  if (prototype === lastPrototype) return true // to ask the function for its own costs as much as the call
  if (prototype !== fn.prototype) return false
  lastPrototype = prototype
  return true
}

/** Calls the body with the arguments that lie in the slot. What drives it is decided by what it returns, never by its kind. */
function callBody(greenlet: Coroutine, slot: unknown): unknown {
  const fn = greenlet.$fn as ((...args: unknown[]) => unknown) | null // the arguments were checked where they were given
  if (fn === null) {
    if (slot === NO_ARGUMENTS) return greenlet.run()
    return slot instanceof Arguments ? greenlet.run(...slot.list) : greenlet.run(slot)
  }
  if (slot === NO_ARGUMENTS) return fn()
  return slot instanceof Arguments ? fn(...slot.list) : fn(slot)
}

/**
 * Everything but an orderly suspension: a frame or the body ends, by a value or an error, yields something foreign, or has forgotten a
 * `yield*` at its end. Answers who is next.
 */
function settle(greenlet: Coroutine, step: Step | null, error: unknown): Coroutine {
  if (kernel.suspending.length > 0) kernel.suspending.length = 0 // of a call that was stepped by hand
  if (step !== null && step.done !== true) {
    greenlet.$goal = null
    return raiseIn(greenlet, foreignYield(greenlet, step.value))
  }
  if (popFrame(greenlet, step !== null)) {
    if (step === null) {
      unwinding = true
      return raiseIn(greenlet, error)
    }
    greenlet.$slot = step.value
    return greenlet
  }
  const undriven = takeUndriven(greenlet)
  if (step === null) {
    if (error instanceof GreenletExit) return die(greenlet, RETURNED, error)
    return die(greenlet, FAILED, isReentry(error) ? reenteredGenerator(greenlet, error) : error)
  }
  if (undriven !== null) return die(greenlet, FAILED, forgottenSwitch(greenlet, undriven))
  return die(greenlet, RETURNED, step.value)
}

/** Whether `error` is V8's own for a generator that is stepped while it runs. */
function isReentry(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'Generator is already running'
}

function raiseIn(greenlet: Coroutine, error: unknown): Coroutine {
  greenlet.$status = INTERRUPTED
  greenlet.$slot = error
  return greenlet
}

/** Takes a greenlet out of the wait or the ready list that the host keeps it in; answers it. */
export function leaveWait(greenlet: Coroutine): Coroutine {
  const { $wait: wait } = greenlet
  if (wait !== null) {
    greenlet.$wait = null
    wait.undo()
  }
  if (greenlet.$turn === READY) greenlet.$turn = READY_CANCELLED
  return greenlet
}

/** Ends a greenlet and answers who runs next. The body of an unstarted one is never run. */
function die(greenlet: Coroutine, status: typeof RETURNED | typeof FAILED, outcome: unknown): Coroutine {
  if (greenlet.$wait !== null || greenlet.$turn === READY) leaveWait(greenlet) // it began a wait and did not suspend in it
  if (status === FAILED) {
    cutStack(outcome)
    if (kernel.debug !== null) kernel.debug.failed(greenlet, outcome)
  }
  greenlet.$status = status
  greenlet.$slot = outcome
  greenlet.$frame = null
  greenlet.$callers = null
  greenlet.$locals = null
  greenlet.$pending = null
  const next = greenlet.$ended()
  greenlet.$scope = null
  return next
}

/**
 * Hands the outcome of a dead greenlet to `heir`, or to the first of its ancestors that can take it; answers who that is.
 *
 * One that never started gets an error too, and ends of it when its turn in the loop comes: with a line of ten thousand such parents,
 * ending them here would overflow the native stack.
 */
export function deliver(heir: Coroutine, failed: boolean, outcome: unknown): Coroutine {
  const target = firstAlive(heir)
  if (target === kernel.main) {
    kernel.arrival = failed ? ERROR_ARRIVED : VALUE_ARRIVED
    target.$slot = outcome
    return target
  }
  if (target.$status === UNSTARTED) {
    if (failed) return raiseIn(leaveWait(target), outcome)
    try {
      target.$checkRunnable()
    } catch (error) {
      return deliver(target.parent as Coroutine, true, error) // as in Python: it may be given a body yet; only main has no parent
    }
    // A value becomes its argument unless it has some of its own.
    if (target.$slot === NO_ARGUMENTS) target.$slot = outcome
    return leaveWait(target)
  }
  if (target.$turn === READY || target.$wait !== null) {
    // It does not wait for this; a value would be taken for the one that it waits for.
    const error = failed
      ? outcome
      : new InvalidSwitchError(`A child of ${target.name} ended while ${target.name} waits for something else.`)
    if (target.$turn === READY) {
      ;(target.$pending ??= []).push(error as Error) // what it waited for is on its way: nothing may be lost
      return kernel.main
    }
    return raiseIn(leaveWait(target), error)
  }
  if (failed) return raiseIn(target, outcome)
  target.$slot = outcome
  return target
}

/** The greenlet itself, or the nearest ancestor that is not dead. Main never dies. */
export function firstAlive(greenlet: Coroutine): Coroutine {
  let alive = greenlet
  while (alive.$status >= RETURNED && alive.parent !== null) alive = alive.parent
  return alive
}

/** Tells the tracer of the transfer from the current greenlet to `target`, in the target's place; if it throws, that is what arrives there. */
function traceTransfer(target: Coroutine, throwing: boolean): void {
  const { current } = kernel
  kernel.current = target
  try {
    callTracer(throwing, current, target)
  } catch (error) {
    target.$slot = error
    if (target === kernel.main) kernel.arrival = ERROR_ARRIVED
    else target.$status = INTERRUPTED
  }
}

/**
 * Tells watchers and the callback of `settrace`. That one must not switch: it runs between two greenlets, where there is nobody to come back to.
 *
 * @throws what the callback throws; it is removed then.
 */
export function callTracer(throwing: boolean, origin: Coroutine, target: Coroutine): void {
  const { tracer } = kernel
  if (tracer === null) return
  const { callback, watchers } = tracer
  for (const watcher of watchers) watcher(origin, target, throwing)
  if (callback === null) return
  const { $goal: goal } = target
  target.$goal ??= target // has a switch() look twice
  kernel.tracing = true
  try {
    callback(throwing ? 'throw' : 'switch', origin, target)
  } catch (error) {
    const left = kernel.tracer?.watchers ?? []
    kernel.tracer = left.length === 0 ? null : { callback: null, watchers: left }
    throw error
  } finally {
    kernel.tracing = false
    target.$goal = goal
  }
}
