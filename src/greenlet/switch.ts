/**
 * `switch` and `throw`: the operation that a greenlet drives, and the call that plain code makes.
 *
 * Two forms, since main is not a generator. In a greenlet a switch belongs to the expression that makes it: `yield*` drives it, and
 * one that is not driven before the next suspension is the forgotten `yield*`, reported by the trampoline. In plain code
 * {@link MainSwitch} runs at once until control comes back.
 *
 * Stands on the trampoline. Leaves to the host what happens when control went to one of its waits.
 */
import { GreenletExit, InvalidSwitchError, UsageError } from '../errors/classes.ts'
import {
  awaitedSwitch,
  mainNotWaiting,
  processExiting,
  storedSwitch,
  switchingTracer,
  undrivenValue,
  unfinishedValue,
} from '../errors/usage.ts'
import type { Operation, Resume } from '../protocol.ts'
import { writes } from './footprint.ts'
import {
  Arguments,
  type Coroutine,
  ERROR_ARRIVED,
  INTERRUPTED,
  kernel,
  type MainCall,
  NO_ARGUMENTS,
  NOTHING_ARRIVED,
  OCCUPIED,
  READY,
  SWITCHED_OUT,
  UNSTARTED,
} from './kernel.ts'
import { BaseOperation, ready, type Step, SUSPENDED, takePending, takeUndriven } from './operation.ts'
import { callTracer, deliver, enter, firstAlive, leaveWait, runFrom } from './trampoline.ts'

/** What `switch` and `throw` return. */
export interface Switch extends Operation<unknown> {
  /** Whether control has come back. In a greenlet always false: `yield*` answers when it has. */
  readonly done: boolean
  /**
   * What came back. Only in plain code, and only when {@link done}.
   *
   * @throws UsageError when control has not come back; `await` the switch instead.
   */
  readonly value: unknown
}

/** What a switch hands over: no value, one, several (as a list), or an error to be thrown. */
export const NO_VALUE = 0
export const ONE_VALUE = 1
export const SEVERAL_VALUES = 2
export const AN_ERROR = 3
/** One of the four above. */
export type Kind = 0 | 1 | 2 | 3

/** Makes the right form for where the call stands. */
export function makeSwitch(target: Coroutine, payload: unknown, kind: Kind): Switch {
  const { current } = kernel
  if (kernel.tracing) throw switchingTracer()
  writes(target)
  if (current === kernel.main) return new MainSwitch(target, payload, kind)
  if (current.$goal !== null) secondSwitch(current)
  if (kernel.debug !== null) kernel.debug.suspended(current)
  if (target.$status === SWITCHED_OUT && kind !== AN_ERROR) {
    const handover = new Handover(target)
    target.$switcher = handover
    target.$slot = payload
    current.$goal = target
    return handover
  }
  const transfer = new Transfer(target, payload, kind)
  current.$goal = transfer
  return transfer
}

/** A switch made in a greenlet, to be driven on the spot: it belongs to the expression that makes it. */
abstract class GreenletSwitch extends BaseOperation<unknown> implements Switch {
  readonly target: Coroutine

  constructor(target: Coroutine) {
    super()
    this.target = target
  }

  get done(): boolean {
    return false
  }

  get value(): unknown {
    throw undrivenValue(this)
  }

  /** Its maker has gone on since, or somebody else drives it. */
  protected refuse(greenlet: Coroutine): Step<unknown> {
    if (greenlet === kernel.main) return { done: true, value: undefined } // a test tool that iterates what it compares
    throw storedSwitch(this)
  }

  override then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return Promise.reject(awaitedSwitch(this)).then(onFulfilled, onRejected)
  }

  override toString(): string {
    return `switch() to "${this.target.name}"`
  }
}

/**
 * The usual switch: to a greenlet that was switched out itself, and takes a value.
 *
 * One object serves all switches to a target, and says nothing but whom: the value lies with the target already, and whether it is
 * driven by the greenlet and in the slice that made it is seen from that greenlet's `$goal`. A new operation for each call costs a fifth
 * more instructions, and is garbage.
 */
export class Handover extends GreenletSwitch {
  override next(resumed?: Resume): Step<unknown> {
    if (resumed !== undefined) return resumed as Resume & IteratorReturnResult<unknown> // kernel.resumed: a finished step
    const out = SWITCHED_OUT // an imported binding is read and checked anew at each use
    const greenlet = kernel.current
    const { target } = this
    if (
      greenlet.$goal !== target || // somebody else drives it, or later
      greenlet.$status === out || // it is iterated by hand
      target.$status !== out || // others have reached the target since
      greenlet.$pending !== null
    ) {
      return this.refuse(greenlet)
    }
    greenlet.$status = out
    return SUSPENDED
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    return this.refuse(greenlet)
  }

  protected override refuse(greenlet: Coroutine): Step<unknown> {
    if (greenlet.$goal === this.target && greenlet !== kernel.main) {
      greenlet.$goal = null
      if (greenlet.$status !== SWITCHED_OUT && greenlet.$pending !== null) throw takePending(greenlet)
      greenlet.$status = OCCUPIED
    }
    return super.refuse(greenlet)
  }
}

/** For debug mode: has `note` called whenever a {@link Handover} is about to be driven; null: no more. */
export function noteHandovers(note: (() => void) | null): void {
  // The method is replaced, so that nothing is asked on the hottest path while debug mode is off.
  const noted = function (this: Handover): Handover {
    note?.()
    return this
  }
  if (note !== null) Reflect.defineProperty(Handover.prototype, Symbol.iterator, { value: noted, configurable: true })
  else Reflect.deleteProperty(Handover.prototype, Symbol.iterator)
}

/** Every other switch: the first one to a greenlet, a throw, one to somebody dead, waiting, main or oneself. */
class Transfer extends GreenletSwitch {
  readonly #payload: unknown
  readonly #kind: Kind

  constructor(target: Coroutine, payload: unknown, kind: Kind) {
    super(target)
    this.#payload = payload
    this.#kind = kind
  }

  override next(resumed?: Resume): Step<unknown> {
    if (resumed !== undefined) return resumed as Resume & IteratorReturnResult<unknown> // kernel.resumed: a finished step
    return this.begin(kernel.current)
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    if (greenlet.$goal !== this) return this.refuse(greenlet)
    greenlet.$goal = null
    if (greenlet.$pending !== null) throw takePending(greenlet)
    const step = aim(greenlet, this.target, this.#payload, this.#kind)
    if (step === SUSPENDED) greenlet.$status = SWITCHED_OUT
    return step
  }

  override toString(): string {
    return this.#kind === AN_ERROR ? `throw() to "${this.target.name}"` : super.toString()
  }
}

function secondSwitch(current: Coroutine): never {
  const undriven = takeUndriven(current)
  throw new UsageError(
    `Greenlet "${current.name}" made a second switch while its ${String(undriven)} is not driven yet; put yield* before each.\n\n  a.switch(); b.switch()                  // incorrect: neither happens\n  yield* a.switch(); yield* b.switch()    // correct`,
  )
}

/** A switch made in plain code: runs at once, until control comes back to main. */
class MainSwitch extends BaseOperation<unknown> implements Switch, MainCall {
  readonly target: Coroutine
  readonly #verb: string
  #state: 'away' | 'returned' | 'failed' = 'away'
  #outcome: unknown = undefined
  #arrival: Promise<unknown> | null = null
  #settle: ((call: this) => void) | null = null

  constructor(target: Coroutine, payload: unknown, kind: Kind) {
    super()
    this.target = target
    this.#verb = kind === AN_ERROR ? 'throw' : 'switch'
    if (kernel.exiting) throw processExiting(target)
    const { main } = kernel
    kernel.mainInside = true
    try {
      const step = aim(main, target, payload, kind)
      if (step !== SUSPENDED) {
        this.settle(false, step.value)
        kernel.resumed.value = undefined // it would live on until the next switch
        return
      }
      enter(main.$goal as Coroutine) // aim() has just set it
    } finally {
      kernel.mainInside = false
    }
    const { arrival } = kernel
    if (arrival === NOTHING_ARRIVED) {
      kernel.mainCalls.push(this)
      return
    }
    const outcome = takeArrival()
    if (arrival === ERROR_ARRIVED) throw outcome
    this.settle(false, outcome)
  }

  get done(): boolean {
    return this.#state !== 'away'
  }

  get value(): unknown {
    if (this.#state === 'away') throw unfinishedValue(this)
    if (this.#state === 'failed') throw this.#outcome
    return this.#outcome
  }

  /** Whether async code waits for it. */
  get awaited(): boolean {
    return this.#settle !== null
  }

  settle(failed: boolean, outcome: unknown): void {
    this.#state = failed ? 'failed' : 'returned'
    this.#outcome = outcome
    this.#settle?.(this)
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    throw new UsageError(
      `Greenlet "${greenlet.name}" drove a ${String(this)} that plain code made; whoever makes a switch takes what comes back.`,
    )
  }

  override then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.#arrival ??= new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.#state === 'failed')
          reject(this.#outcome) // whatever the greenlet threw
        else resolve(this.#outcome)
      }
      if (this.#state === 'away') this.#settle = settle
      else settle()
    })
    return this.#arrival.then(onFulfilled, onRejected)
  }

  override toString(): string {
    return `${this.#verb}() to "${this.target.name}"`
  }
}

function takeArrival(): unknown {
  const { main } = kernel
  const outcome = main.$slot
  main.$slot = undefined
  kernel.arrival = NOTHING_ARRIVED
  kernel.arrivedFrom = null // nobody dead is to be held
  return outcome
}

/**
 * For the host: resumes a greenlet that is ready, and hands what came back to main to the call of main that it belongs to. Before other
 * code runs, the host must `leave()`.
 *
 * @throws what a raw greenlet died of, when no call of main waits for it.
 */
export function resume(greenlet: Coroutine): void {
  runFrom(greenlet)
  const { arrival } = kernel
  if (arrival === NOTHING_ARRIVED) return
  const { arrivedFrom } = kernel
  const outcome = takeArrival()
  const call = takeCall(arrivedFrom)
  if (call !== undefined) {
    call.settle(arrival === ERROR_ARRIVED, outcome)
  } else if (arrival === ERROR_ARRIVED) {
    kernel.arrivedFrom = arrivedFrom // for the report
    throw outcome
  }
}

/** The call of main that control comes back to: the one that switched to `from`, else the oldest. */
function takeCall(from: Coroutine | null): MainCall | undefined {
  const { mainCalls } = kernel
  const place = mainCalls.findIndex((call) => call.target === from)
  return mainCalls.splice(Math.max(place, 0), 1)[0]
}

/** The calls of main that are being awaited: the host counts them among the waits of main. */
export function awaitedMainCalls(): MainCall[] {
  return kernel.mainCalls.filter((call) => call instanceof MainSwitch && call.awaited)
}

/** Points the trampoline at `goal`, or at the nearest ancestor that is alive, with what it is to receive. `from` is running. */
function aim(from: Coroutine, goal: Coroutine, payload: unknown, kind: Kind): Step<unknown> {
  const target = firstAlive(goal)
  // What is thrown at somebody dead reaches an heir; an exit is then the value of an orderly end.
  if (kind === AN_ERROR && goal !== target && isExit(payload)) return aim(from, target, payload, ONE_VALUE)
  const failing = kind === AN_ERROR
  if (target === from) {
    if (kernel.tracer !== null) callTracer(failing, from, from)
    if (failing) throw payload
    return ready(payload)
  }
  if (target === kernel.main) {
    if (!kernel.mainInside && kernel.mainCalls.length === 0) throw mainNotWaiting(from)
    kernel.arrivedFrom = from
    from.$goal = deliver(target, failing, payload)
    return SUSPENDED
  }
  if (target.$status === UNSTARTED) {
    from.$goal = start(target, payload, kind)
    return SUSPENDED
  }
  if (target.$turn === READY) {
    throw new InvalidSwitchError(
      `Greenlet "${from.name}" switched to "${target.name}", whose wait is over and whose turn comes by itself; what it waited for would be lost.`,
    )
  }
  let message = payload
  if (failing) target.$status = INTERRUPTED
  if (target.$wait !== null) {
    const waitsIn = target.$wait.describe()
    leaveWait(target)
    if (!failing) {
      target.$status = INTERRUPTED
      message = new InvalidSwitchError(
        `Greenlet "${from.name}" switched to "${target.name}", which waits in ${waitsIn}; that wait is given up.\nOnly what is waited for can end a wait; to break it off, use ${target.name}.kill().`,
      )
    }
  }
  target.$slot = message
  from.$goal = target
  return SUSPENDED
}

/** The first switch to a greenlet: gives it its arguments, or the error that it ends of without running. */
function start(target: Coroutine, payload: unknown, kind: Kind): Coroutine {
  if (kind === AN_ERROR) {
    target.$status = INTERRUPTED
    target.$slot = payload
    return leaveWait(target)
  }
  target.$checkRunnable()
  if (kind !== NO_VALUE) {
    if (target.$slot !== NO_ARGUMENTS) {
      throw new InvalidSwitchError(
        `Greenlet "${target.name}" was given its arguments when it was made; its first switch cannot give others.`,
      )
    }
    target.$slot = kind === ONE_VALUE ? payload : new Arguments(payload as readonly unknown[]) // two and more come as a list
  }
  return leaveWait(target)
}

function isExit(error: unknown): boolean {
  return error instanceof GreenletExit
}
