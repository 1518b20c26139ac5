/**
 * `switch` and `throw`: the operation that a greenlet drives, and the call that plain code makes.
 *
 * Two forms, since main is not a generator. In a greenlet {@link SwitchOperation} belongs to the expression that makes it: `yield*`
 * drives it, and one that is not driven before the next suspension is the forgotten `yield*`, reported by the trampoline. In plain code
 * {@link MainSwitch} runs at once until control comes back.
 *
 * Stands on the trampoline. Leaves to the host what happens when control went to one of its waits.
 */
import { GreenletExit, InvalidSwitchError, UsageError } from '../errors/classes.ts'
import {
  awaitedSwitch,
  type Described,
  mainNotWaiting,
  notAnError,
  processExiting,
  storedSwitch,
  unfinishedValue,
} from '../errors/usage.ts'
import { brandOperation, type Operation, type Resume, type Suspend } from '../protocol.ts'
import {
  Arguments,
  type Coroutine,
  ERROR_ARRIVED,
  FAILED,
  INTERRUPTED,
  kernel,
  type MainCall,
  NO_ARGUMENTS,
  NOTHING_ARRIVED,
  READY,
  RETURNED,
  SWITCHED_OUT,
  UNSTARTED,
} from './kernel.ts'
import { BaseOperation, ready, type Step, SUSPENDED, takePending } from './operation.ts'
import { deliver, die, enter, firstAlive, leaveWait, traceTransfer } from './trampoline.ts'

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
  if (kernel.current === kernel.main) return new MainSwitch(target, payload, kind)
  const { undriven } = kernel
  if (undriven !== null) secondSwitch(undriven)
  const operation = operationFor(target, payload, kind)
  kernel.undriven = operation
  return operation
}

function operationFor(target: Coroutine, payload: unknown, kind: Kind): SwitchOperation {
  if (kind === AN_ERROR) return new SwitchOperation(target, payload, kind)
  const used = target.switcher as SwitchOperation | null // only the line below writes it
  if (used === null) return (target.switcher = new SwitchOperation(target, payload, kind))
  used.payload = payload
  used.kind = kind
  return used
}

/**
 * A switch made in a greenlet, to be driven on the spot.
 *
 * One object serves all switches to a target: none may be kept beyond its expression, and one that is is found out by `kernel.undriven`.
 * A new one each call costs a fifth more instructions, and is garbage.
 *
 * Says itself what `BaseOperation` would give it: tools that keep names (tsx) redefine the name of each class, and V8 11 then never
 * optimises `new` of a *derived* class.
 */
class SwitchOperation implements Switch, Iterator<Suspend, unknown, Resume> {
  declare readonly target: Coroutine
  declare payload: unknown
  declare kind: Kind

  constructor(target: Coroutine, payload: unknown, kind: Kind) {
    this.target = target
    this.payload = payload
    this.kind = kind
  }

  get done(): boolean {
    return false
  }

  get value(): unknown {
    throw unfinishedValue(this)
  }

  [Symbol.iterator](): this {
    return this
  }

  next(resumed?: Resume): Step<unknown> {
    if (resumed !== undefined) return resumed as Resume & IteratorReturnResult<unknown> // kernel.resumed: a finished step
    const greenlet = kernel.current
    if (kernel.undriven !== this) {
      if (greenlet === kernel.main) return { done: true, value: undefined } // a test tool that iterates what it compares
      throw storedSwitch(this)
    }
    kernel.undriven = null
    if (greenlet.pending !== null) throw takePending(greenlet)
    const { target, payload } = this
    this.payload = undefined // it is used again, and holds nothing meanwhile
    greenlet.status = SWITCHED_OUT
    if (target.status === SWITCHED_OUT && this.kind !== AN_ERROR && target !== greenlet) {
      target.slot = payload
      kernel.target = target
      return SUSPENDED
    }
    return aim(greenlet, target, payload, this.kind)
  }

  throw(error: unknown): Step<unknown> {
    throw error
  }

  return(value: unknown): Step<unknown> {
    return { done: true, value }
  }

  then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return Promise.reject(awaitedSwitch(this)).then(onFulfilled, onRejected)
  }

  toString(): string {
    return `${this.kind === AN_ERROR ? 'throw' : 'switch'}() to "${this.target.name}"`
  }
}

brandOperation(SwitchOperation.prototype)

function secondSwitch(undriven: Described): never {
  const { current } = kernel
  kernel.undriven = null
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
        return
      }
      enter(kernel.target)
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
  const outcome = main.slot
  main.slot = undefined
  kernel.arrival = NOTHING_ARRIVED
  kernel.arrivedFrom = null // nobody dead is to be held
  return outcome
}

/**
 * For the host: resumes a greenlet that is ready, and hands what came back to main to the call of main that it belongs to.
 *
 * @throws what a raw greenlet died of, when no call of main waits for it.
 */
export function resume(greenlet: Coroutine): void {
  enter(greenlet)
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
  const failing = kind === AN_ERROR
  const target = firstAlive(goal)
  if (target === from) {
    if (kernel.tracer !== null) traceTransfer(from, failing)
    if (!failing) return ready(payload)
    // A throw at a dead greenlet reaches us as its heir: an exit is then the value of an orderly end.
    if (goal !== from && isExit(payload)) return ready(payload)
    throw payload
  }
  if (target === kernel.main) {
    if (!kernel.mainInside && kernel.mainCalls.length === 0) throw mainNotWaiting(from)
    kernel.arrivedFrom = from
    kernel.target = deliver(target, failing && !(goal !== target && isExit(payload)), payload)
    return SUSPENDED
  }
  if (target.status === UNSTARTED) {
    kernel.target = start(target, payload, kind)
    return SUSPENDED
  }
  if (target.turn === READY) {
    throw new InvalidSwitchError(
      `Greenlet "${from.name}" switched to "${target.name}", whose wait is over and whose turn comes by itself; what it waited for would be lost.`,
    )
  }
  let failed = failing
  let message = payload
  if (target.wait !== null) {
    const waitsIn = target.wait.describe()
    leaveWait(target)
    if (!failing) {
      failed = true
      message = new InvalidSwitchError(
        `Greenlet "${from.name}" switched to "${target.name}", which waits in ${waitsIn}; that wait is given up.\nOnly what is waited for can end a wait; to break it off, use ${target.name}.kill().`,
      )
    }
  }
  if (failed) target.status = INTERRUPTED
  target.slot = message
  kernel.target = target
  return SUSPENDED
}

/** The first switch to a greenlet: gives it its arguments; an error ends it before it began. */
function start(target: Coroutine, payload: unknown, kind: Kind): Coroutine {
  if (kind === AN_ERROR) {
    leaveWait(target)
    if (kernel.tracer !== null) traceTransfer(target, true) // control goes there, although no body runs
    return die(target, isExit(payload) ? RETURNED : FAILED, payload)
  }
  if (kind !== NO_VALUE) {
    if (target.slot !== NO_ARGUMENTS) {
      throw new InvalidSwitchError(
        `Greenlet "${target.name}" was given its arguments when it was made; its first switch cannot give others.`,
      )
    }
    target.slot = kind === ONE_VALUE ? payload : new Arguments(payload as readonly unknown[]) // two and more come as a list
  }
  leaveWait(target)
  return target
}

function isExit(error: unknown): boolean {
  return error instanceof GreenletExit
}

/** Checks what `throw` was given and makes the error: an instance is taken as it is, a class is called. */
export function toError(caller: string, error: unknown): Error {
  if (error === undefined) return new GreenletExit()
  if (error instanceof Error) return error
  if (typeof error === 'function' && error.prototype instanceof Error) return new (error as new () => Error)() // checked on this line
  throw notAnError(caller, error)
}
