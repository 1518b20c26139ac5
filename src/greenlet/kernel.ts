/**
 * The one cell of mutable state that switching needs, and what the trampoline knows of a greenlet.
 *
 * Stands on the protocol. The cell is kept under a registered symbol, so that two compatible copies of the library in one process share the
 * current greenlet and the marks of the protocol; an incompatible copy is refused by name. Leaves time, waiting and I/O to the host
 * (`src/hub`), which finds here the slots that it keeps on a greenlet.
 */
import type { Described } from '../errors/usage.ts'
import type { Resume, Suspend } from '../protocol.ts'

/** How a greenlet is to be read: what its `$slot` holds and what resuming it means. A plain number, since hot code compares it. */
export const UNSTARTED = 0
/** Suspended: the next resumption throws `$slot`. */
export const INTERRUPTED = 1
/** Suspended in a `switch()`, and nowhere else: whoever switches to it may hand it a value. Never while it runs. */
export const SWITCHED_OUT = 2
/** Running, or parked in a wait of the host, or ready: a value in `$slot` is what it waited for. Main always is. */
export const OCCUPIED = 3
/** Ended by returning (or by GreenletExit); never resumed again. Everything from here on is dead. */
export const RETURNED = 4
/** Ended by an error; never resumed again. */
export const FAILED = 5
/** One of the six above. */
export type Status = 0 | 1 | 2 | 3 | 4 | 5

/** Not in the host's ready list. */
export const NOT_READY = 0
/** In the ready list, to be resumed when its turn comes. */
export const READY = 1
/** Still linked into the ready list, but no longer to be resumed by it: the host drops it when it gets there. */
export const READY_CANCELLED = 2
/** Never in the ready list: an agent of the host, which is told at once when what it waits for is there. */
export const TOLD_AT_ONCE = 3

/** Stands for "no arguments" in the slot of an unstarted greenlet; `undefined` would be one argument. */
export const NO_ARGUMENTS: unique symbol = Symbol.for('greenloop.no arguments')

/** Two arguments and more for an unstarted greenlet. One argument lies in the slot as it is: a kept array costs 60 bytes a greenlet. */
class ArgumentList {
  readonly list: readonly unknown[]

  constructor(list: readonly unknown[]) {
    this.list = list
  }
}

/** A wait that the host has parked a greenlet in. */
export interface PendingWait {
  /** Leaves whatever is waited for, as if the wait had never begun. Called at most once, never after the wait was ended. */
  undo(): void
  /** What is waited for, for people: `sleep(10)`, `queue.get()`. */
  describe(): string
  /** For LoopExit: who could end the wait, as far as that is known: the holder of a lock, the greenlet that is joined. */
  waitsFor?(): readonly Coroutine[]
  /** For LoopExit: why it does not end, where no greenlet is to blame: `the queue is full (10/10)`. */
  because?(): string
}

declare const contextBrand: unique symbol

/** An async context that a greenlet's code runs in; Node's `AsyncResource` is one. Users call it a Context, and make it by `copyContext`. */
export interface Scope {
  /** For the compiler only. */
  readonly [contextBrand]?: true
  /** @internal Runs `fn(argument)` in the context. */
  runInAsyncScope<R>(fn: (argument: Coroutine) => R, thisArg: undefined, argument: Coroutine): R
  /** @internal Only of the blank one: plain code is about to enter greenlets, from whatever context it is in. */
  look?(): void
  /** @internal Only of the blank one: the greenlets that ran in it have come back, and it is not blank any more. */
  left?(): void
  /** @internal Only of one that stands for many: gives `greenlet`, which has it, one that is its own. */
  own?(greenlet: Coroutine): Scope
}

/** A frame of a suspended greenlet, as debug mode knows it. With locations alone the innermost is known, and its `back` is null. */
export interface GreenletFrame {
  /** The function, as V8 names it; empty for one without a name. */
  readonly name: string
  /** Path or URL of the file. */
  readonly file: string
  /** Where it waits, counted from 1. */
  readonly line: number
  /** The place in the line, counted from 1. */
  readonly column: number
  /** The frame that called it; null for the outermost. */
  readonly back: GreenletFrame | null
}

/** What is noted of a program on request: `src/debug.ts` notes all, `src/locations.ts` places only. Each method is called on the stack of the code that it is about. */
export interface Debugger {
  /** Whether it notes places only: debug mode is off. */
  readonly light: boolean
  greenletMade(greenlet: Coroutine): void
  /** An operation was made that does nothing until it is driven. */
  operationMade(operation: Described): void
  operationDriven(operation: Described): void
  /** Plain code awaits an operation, and `agent` waits in its place. */
  operationAwaited(operation: Described, agent: Coroutine): void
  /** The running greenlet makes a switch or begins a wait. */
  suspended(greenlet: Coroutine): void
  /** A `green` function is called by the running greenlet. */
  called(callee: Frame): void
  /** An error ends the greenlet. */
  failed(greenlet: Coroutine, error: unknown): void
  frameOf(greenlet: Coroutine): GreenletFrame | null
  /** Where it was made. */
  birthOf(greenlet: Coroutine): GreenletFrame | null
}

/** The generator that a greenlet's body made. */
export type Frame = Generator<unknown, unknown, unknown>

/**
 * What the trampoline reads and writes of a greenlet. `RawGreenlet` is the class.
 *
 * ```
 *            first switch, start     ┌──── switch ────▶ SWITCHED_OUT ────┐
 *  UNSTARTED ────────────────────▶ running ── wait ──▶ OCCUPIED ─────────┤
 *      │                             ▲  │                                │ throw, kill, timeout
 *      │                             │  │                          INTERRUPTED
 *      │                             └──┼──── value, error ◀─────────────┘
 *      │ throw, kill                    └──▶ RETURNED (return, GreenletExit), FAILED (error)
 *      └────────────────────────────────────▶ RETURNED, FAILED
 * ```
 */
export interface Coroutine {
  /** The body. Null when a subclass brings its own `run`. */
  $fn: ((...args: never[]) => unknown) | null
  /** Runs when `$fn` is null. */
  run(...args: unknown[]): unknown
  /**
   * The operation that greenlets switch to it with, once it has been switched out; used again by each, since none may be kept. Null
   * before, and always for main.
   */
  $switcher: Described | null
  /**
   * Whom it switches to. Set by the call of `switch()` to its target, or to the operation when that is yet to be looked at, and taken
   * by the trampoline when the greenlet has suspended. So it is set only while the greenlet runs, and when it is set in a place that
   * knows of no switch, a `yield*` was forgotten. Main's is main itself, or who runs first: it is never null.
   */
  $goal: Coroutine | Described | null
  /** Where control goes when this one ends. Null only for main. */
  parent: Coroutine | null
  /** The innermost of its frames, the one to be resumed. Set from the first step on, null while unstarted and again when dead. */
  $frame: Frame | null
  /** The frames that called it, outermost first, as far as the calls are `green`; those of plain `yield*` lie in V8. Null: none yet. */
  $callers: Frame[] | null
  $status: Status
  /** Arguments, then the value or error of the next resumption, then the outcome; `$status` tells which. */
  $slot: unknown
  /** The async context its code runs in; null: that of whoever resumes it. */
  $scope: Scope | null
  /** What `Local`s hold for it, by local. Null: nothing yet, and when dead. */
  $locals: WeakMap<object, unknown> | null

  // Slots of the host. Floor 0 never starts or ends a wait; it undoes one when somebody throws past it.
  /** Set while the host has it parked in a wait, never while it runs. */
  $wait: PendingWait | null
  /** Its place in the ready list: NOT_READY, READY or READY_CANCELLED; an agent's is TOLD_AT_ONCE. */
  $turn: 0 | 1 | 2 | 3
  /** The one behind it in the ready list. */
  $behind: Coroutine | null
  /** The host's own object for it: the hub that it waits in. Null: the default one. */
  $host: object | null
  /** Interrupts that reached it while it could not take them; raised one by one at its next waits. */
  $pending: Error[] | null

  /** Gives a frame for what the body's call returned, or null when that is the outcome itself. */
  $adopt(made: unknown): Frame | null
  /** @throws when it has nothing to run. Asked before the first step. */
  $checkRunnable(): void
  /** Told once, when `$status` has become RETURNED or FAILED; answers who runs next. */
  $ended(): Coroutine
  /** Its name in messages. */
  readonly name: string
}

/** `settrace`'s callback. Unknown events are to be ignored: later versions may add some. */
export type TraceEvent = 'switch' | 'throw'

/** Told of a transfer from `origin` to `target`, who is the current greenlet already. Must neither throw nor switch. */
export type Watcher = (origin: Coroutine, target: Coroutine, throwing: boolean) => void

/** Those who are told of transfers. */
export interface Tracing {
  /** The callback of `settrace`. */
  readonly callback: ((event: TraceEvent, origin: Coroutine, target: Coroutine) => void) | null
  /** Those of the library: they stay, whatever a program does with `settrace`. */
  readonly watchers: readonly Watcher[]
}

/**
 * Told by the primitives which object the running code looks at and which it changes, so that a schedule explorer knows which steps may
 * change places. A change counts as a look, too.
 */
export interface Footprint {
  read(object: object): void
  written(object: object): void
}

/** What has come back to main while nobody was running there. */
export const NOTHING_ARRIVED = 0
export const VALUE_ARRIVED = 1
export const ERROR_ARRIVED = 2

/** A call of `switch`/`throw` in plain code that has not come back yet. */
export interface MainCall {
  /** Whom it switched to. */
  readonly target: Coroutine
  settle(failed: boolean, outcome: unknown): void
  toString(): string
}

/** The shared cell. */
export interface Kernel {
  /** Raised whenever a field of this file changes its meaning; copies with different numbers must not meet. */
  readonly protocol: number
  /** Where the copy that made the cell was loaded from. */
  readonly origin: string
  /** Main, except while a greenlet's code runs. */
  current: Coroutine
  main: Coroutine
  /** The scope that the running greenlet was entered with; another one is entered before its greenlets run. */
  scope: Scope | null
  /** The scope that need not be entered, since all contexts are the same yet: see `src/context.ts`. Null: there is none any more. */
  blank: Scope | null
  /** While a greenlet without a scope runs in that of another one: the last one that ran in it as its own. */
  lender: Coroutine | null
  /** How many `green` calls lie upon one another in the native stack. */
  depth: number
  /** The frames of `green` calls that have suspended, innermost first, while they are on their way to the loop. */
  readonly suspending: Frame[]
  /** Who is told of transfers of control; null: nobody. Replaced as a whole. */
  tracer: Tracing | null
  /** Debug mode, or locations; null: both are off. */
  debug: Debugger | null
  /** Set while the callback of `settrace` runs. */
  tracing: boolean
  /** Set by the host's schedule explorer: waits that are ready switch as well. */
  everyWaitSwitches: boolean
  /** Set by the host's schedule explorer; null: nobody asks who touches what. */
  footprint: Footprint | null
  /** Set when the process is exiting: nothing can be switched to any more. */
  exiting: boolean
  /**
   * Those whom the host wants resumed when control comes back to main, linked through `$behind`; null: it wants control itself. Set only
   * while the trampoline runs for the host.
   */
  round: Coroutine | null
  /** How many of the round may be resumed before the host wants control. */
  budget: number
  /** What came back to main; its `$slot` holds it. */
  arrival: 0 | 1 | 2
  /** Who it came from: the greenlet that ended or switched. */
  arrivedFrom: Coroutine | null
  /** Main's calls that wait for control to come back, oldest first. */
  mainCalls: MainCall[]
  /** True while main is inside a call of `switch`/`throw`. */
  mainInside: boolean
  /** The default host of this thread, once there is one. */
  host: object | null
  /** The class of {@link Arguments}: one for all copies, since it is told by `instanceof`. */
  readonly arguments: typeof ArgumentList
  /** The result object of every suspension; known by identity, so that nothing else can be mistaken for it. */
  readonly suspended: IteratorYieldResult<Suspend>
  /**
   * The message of every resumption and the result of every wait: `yield*` hands it to the operation as argument of `next`, and
   * the operation hands it back. One for all is safe because `yield*` reads `done` and `value` at once.
   */
  readonly resumed: Resume & { done: true; value: unknown }
}

const PROTOCOL = 5
const SYMBOL = Symbol.for('greenloop.kernel')

function shareKernel(): Kernel {
  const holder = globalThis as { [SYMBOL]?: Kernel } // a registered symbol cannot be declared on globalThis for everybody
  const existing = holder[SYMBOL]
  if (existing !== undefined) {
    if (existing.protocol === PROTOCOL) return existing
    throw new Error(
      `Two copies of greenloop that do not understand each other were loaded:\n` +
        `  ${existing.origin}  (protocol ${String(existing.protocol)})\n  ${import.meta.url}  (protocol ${String(PROTOCOL)})\n` +
        `Install one version for all: npm ls greenloop shows who brings which.`,
    )
  }
  // One literal: an object that is put together of two becomes a dictionary, and a switch costs half as much again.
  const kernel: Kernel = {
    // raw-greenlet.ts makes main and fills the two in as soon as the class exists; nothing runs before.
    current: null as unknown as Coroutine,
    main: null as unknown as Coroutine,
    protocol: PROTOCOL,
    origin: import.meta.url,
    scope: null,
    blank: null,
    lender: null,
    depth: 0,
    suspending: [],
    tracer: null,
    debug: null,
    tracing: false,
    everyWaitSwitches: false,
    footprint: null,
    exiting: false,
    round: null,
    budget: 0,
    arrival: NOTHING_ARRIVED,
    arrivedFrom: null,
    arguments: ArgumentList,
    mainCalls: [],
    mainInside: false,
    host: null,
    // The brands exist for the compiler only; at run time a step is known by identity.
    suspended: { done: false, value: {} as Suspend },
    resumed: { done: true, value: undefined } as Kernel['resumed'],
  }
  Object.defineProperty(holder, SYMBOL, { value: kernel })
  return kernel
}

/** The cell of this thread. */
export const kernel: Kernel = shareKernel()

/** Two arguments and more, as they lie in a slot. */
export const Arguments: typeof ArgumentList = kernel.arguments
