/**
 * The trampoline: the only loop that drives generators.
 *
 * Model. A greenlet's body is a generator. A switch never calls another greenlet from inside one: the operation writes
 * down who runs next (`kernel.target`) and suspends; the generator returns to this loop, which resumes the other. So the native stack
 * never grows, whoever switches to whom. Main is not a generator: plain code calls {@link enter}, which returns when control comes back
 * to main, either because somebody switched or died into main (`kernel.arrival` tells) or because a greenlet waits in the host.
 *
 * Invariants.
 * - `enter` is called from main only, hence never nested: while a greenlet's code runs, `kernel.current` is that greenlet, and `switch`
 *   makes an operation to be driven. No generator is ever resumed while it runs.
 * - Exactly one of the coroutines is current. It is not parked (`wait` is null) and not READY.
 * - `kernel.target` is valid between an operation's SUSPENDED and the next turn of the loop, never longer.
 * - `ended()` is called once a greenlet, outside the try: an error of ours must not be mistaken for one of the user's.
 *
 * Turned down. A generator that drives (`function* loop`): twice the cost a switch. Resuming the target from within the operation: the
 * native stack grows and V8 forbids re-entry. A closure for each switch: garbage on the hottest path. `frame.next(v)`: a property load
 * over one hidden class per generator function, against one call of the shared method.
 *
 * Stands on the kernel. Knows no clock, no hub, no Node; the async context is a method it calls without knowing whose.
 * @see the measurements behind the shape: `docs/design.md`
 */
import { GreenletExit, InvalidSwitchError } from '../errors/classes.ts'
import { foreignYield, forgottenSwitch } from '../errors/usage.ts'
import { isGenerator } from '../protocol.ts'
import {
  Arguments,
  type Coroutine,
  ERROR_ARRIVED,
  FAILED,
  type Frame,
  INTERRUPTED,
  kernel,
  NO_ARGUMENTS,
  OCCUPIED,
  READY,
  READY_CANCELLED,
  RETURNED,
  UNSTARTED,
  VALUE_ARRIVED,
} from './kernel.ts'
import { SUSPENDED } from './operation.ts'

type Step = IteratorResult<unknown, unknown>

const { resumed } = kernel
const generatorPrototype: unknown = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()))
// Called with the message object only; Generator's own typing of `next` has no room for a first call without one.
const nextStep = Reflect.get(generatorPrototype as object, 'next') as (this: Generator, message?: unknown) => Step

/** Runs `first`, and whoever control passes to, until it comes back to main. Called from main only. */
export function enter(first: Coroutine): void {
  const { main } = kernel
  let greenlet = first
  while (greenlet !== main) {
    const { scope } = greenlet
    greenlet = scope === null ? run(greenlet) : scope.runInAsyncScope(run, undefined, greenlet)
  }
  if (kernel.tracer !== null && kernel.arrival !== 0) traceTransfer(main, kernel.arrival === ERROR_ARRIVED)
  kernel.current = main
  kernel.target = main // nor shall it hold a greenlet that is dead
  resumed.value = undefined // else the last message would live until the next switch
}

/** Runs greenlets one after the other, as long as they share the async context of the first; answers who is next. */
function run(first: Coroutine): Coroutine {
  const { scope } = first
  const { main } = kernel
  let greenlet = first
  for (;;) {
    if (kernel.tracer !== null) traceTransfer(greenlet, greenlet.status === INTERRUPTED)
    kernel.current = greenlet
    let step: Step | null = null
    let error: unknown
    try {
      if (greenlet.status > INTERRUPTED) {
        resumed.value = greenlet.slot
        greenlet.slot = undefined
        step = nextStep.call(greenlet.frame as Frame, resumed) // it has started and is not dead
      } else {
        step = firstStep(greenlet)
      }
    } catch (thrown) {
      error = thrown
    }
    const next = step === SUSPENDED ? kernel.target : settle(greenlet, step, error)
    if (next === main || (next.scope !== scope && next.scope !== null)) return next
    greenlet = next
  }
}

/** The steps that are not a plain resumption: the body's first one, and one that throws. */
function firstStep(greenlet: Coroutine): Step {
  const { slot, frame } = greenlet
  greenlet.slot = undefined
  const interrupted = greenlet.status === INTERRUPTED
  greenlet.status = OCCUPIED
  if (frame !== null) return interrupted ? frame.throw(slot) : nextStep.call(frame, undefined)
  if (interrupted) throw slot

  const made = callBody(greenlet, slot)
  const first = isGenerator(made) ? made : greenlet.adopt(made)
  if (first === null) return { done: true, value: made }
  greenlet.frame = first
  return nextStep.call(first, undefined)
}

/** Calls the body with the arguments that lie in the slot. What drives it is decided by what it returns, never by its kind. */
function callBody(greenlet: Coroutine, slot: unknown): unknown {
  const fn = greenlet.fn as ((...args: unknown[]) => unknown) | null // the arguments were checked where they were given
  if (fn === null) {
    if (slot === NO_ARGUMENTS) return greenlet.run()
    return slot instanceof Arguments ? greenlet.run(...slot.list) : greenlet.run(slot)
  }
  if (slot === NO_ARGUMENTS) return fn()
  return slot instanceof Arguments ? fn(...slot.list) : fn(slot)
}

/** Everything but an orderly suspension: an end, an error, something foreign that was yielded, a forgotten `yield*` at the end. */
function settle(greenlet: Coroutine, step: Step | null, error: unknown): Coroutine {
  const { undriven } = kernel
  kernel.undriven = null
  if (step === null) return die(greenlet, error instanceof GreenletExit ? RETURNED : FAILED, error)
  if (step.done !== true) return raiseIn(greenlet, foreignYield(greenlet, step.value))
  if (undriven !== null) return die(greenlet, FAILED, forgottenSwitch(greenlet, undriven))
  return die(greenlet, RETURNED, step.value)
}

function raiseIn(greenlet: Coroutine, error: unknown): Coroutine {
  greenlet.status = INTERRUPTED
  greenlet.slot = error
  return greenlet
}

/** Takes a greenlet out of the wait or the ready list that the host keeps it in. */
export function leaveWait(greenlet: Coroutine): void {
  const { wait } = greenlet
  if (wait !== null) {
    greenlet.wait = null
    wait.undo()
  }
  if (greenlet.turn === READY) greenlet.turn = READY_CANCELLED
}

/** Ends a greenlet and answers who runs next. The body of an unstarted one is never run. */
export function die(greenlet: Coroutine, status: typeof RETURNED | typeof FAILED, outcome: unknown): Coroutine {
  if (greenlet.wait !== null || greenlet.turn === READY) leaveWait(greenlet) // it began a wait and did not suspend in it
  greenlet.status = status
  greenlet.slot = outcome
  greenlet.frame = null
  greenlet.pending = null
  const next = greenlet.ended()
  greenlet.scope = null
  return next
}

/** Hands the outcome of a dead greenlet to `heir`, or to the first of its ancestors that can take it; answers who that is. */
export function deliver(heir: Coroutine, failed: boolean, outcome: unknown): Coroutine {
  const target = firstAlive(heir)
  if (target === kernel.main) {
    kernel.arrival = failed ? ERROR_ARRIVED : VALUE_ARRIVED
    target.slot = outcome
    return target
  }
  if (target.status === UNSTARTED) {
    leaveWait(target)
    // As in Python: an error never runs the body, a value becomes its argument unless it has some of its own.
    if (failed) return die(target, FAILED, outcome)
    if (target.slot === NO_ARGUMENTS) target.slot = outcome
    return target
  }
  if (target.turn === READY || target.wait !== null) {
    // It does not wait for this; a value would be taken for the one that it waits for.
    const error = failed
      ? outcome
      : new InvalidSwitchError(`A child of ${target.name} ended while ${target.name} waits for something else.`)
    if (target.turn === READY) {
      ;(target.pending ??= []).push(error as Error) // what it waited for is on its way: nothing may be lost
      return kernel.main
    }
    leaveWait(target)
    return raiseIn(target, error)
  }
  if (failed) return raiseIn(target, outcome)
  target.slot = outcome
  return target
}

/** The greenlet itself, or the nearest ancestor that is not dead. Main never dies. */
export function firstAlive(greenlet: Coroutine): Coroutine {
  let alive = greenlet
  while (alive.status >= RETURNED && alive.parent !== null) alive = alive.parent
  return alive
}

/** Tells the tracer of the transfer from the current greenlet to `target`, in the target's place. */
export function traceTransfer(target: Coroutine, throwing: boolean): void {
  const { tracer, current } = kernel
  if (tracer === null) return
  kernel.current = target
  try {
    tracer(throwing ? 'throw' : 'switch', current, target)
  } catch (error) {
    kernel.tracer = null
    target.slot = error
    if (target === kernel.main) kernel.arrival = ERROR_ARRIVED
    else target.status = INTERRUPTED
  }
}
