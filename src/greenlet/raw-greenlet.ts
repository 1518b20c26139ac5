/**
 * python-greenlet's `greenlet`: a body that is switched to, and nothing else.
 *
 * Stands on the trampoline. Leaves scheduling, waiting and reporting to `Greenlet` in `src/gevent`; the fields marked "of the host" are
 * slots that it keeps here, so that a raw greenlet can wait in the hub too. Whatever is ours on a greenlet begins with `$`, as python's
 * begins with `gr_`: every other name is free for the fields of a subclass.
 */
import { InternalError, UsageError } from '../errors/classes.ts'
import { type ErrorClass, toError } from '../errors/given.ts'
import { type Described, notAFunction, nothingToRun, show } from '../errors/usage.ts'
import { type Driven, isOperation } from '../protocol.ts'
import { reads, writes } from './footprint.ts'
import {
  type Coroutine,
  FAILED,
  type Frame,
  type GreenletFrame,
  kernel,
  NO_ARGUMENTS,
  NOT_READY,
  OCCUPIED,
  type PendingWait,
  RETURNED,
  type Scope,
  type Status,
  SWITCHED_OUT,
  UNSTARTED,
} from './kernel.ts'
import { drive } from './operation.ts'
import { AN_ERROR, type Handover, makeSwitch, NO_VALUE, ONE_VALUE, SEVERAL_VALUES, type Switch } from './switch.ts'
import { deliver } from './trampoline.ts'

export type { ErrorClass } from '../errors/given.ts'

const BRAND = Symbol.for('greenloop.RawGreenlet')

/** What few greenlets have: see where {@link RawGreenlet} reads it. */
class Rare {
  /** Null: main. */
  heir: RawGreenlet | null
  host: object | null
  pending: Error[] | null
  callers: Frame[] | null
  locals: WeakMap<object, unknown> | null
  /** Of the host: the name that it was given; empty: none. */
  title: string
  /** Of the host: set when somebody has asked for its signal. */
  aborter: AbortController | null

  constructor() {
    this.heir = null
    this.host = null
    this.pending = null
    this.callers = null
    this.locals = null
    this.title = ''
    this.aborter = null
  }
}

/**
 * A coroutine with an explicit `switch()`: python-greenlet's `greenlet`.
 *
 * The body is a generator function (or any function; a generator that it returns is driven). It runs when it is first switched to, with
 * the arguments of that switch, and its outcome goes to {@link parent}.
 *
 * @typeParam T - what the body returns.
 * @source greenlet: `greenlet.greenlet`
 * @example
 * ```ts
 * import { RawGreenlet, getcurrent } from 'greenloop'
 *
 * const main = getcurrent()
 * const counter = new RawGreenlet(function* count(from: number) {
 *   for (let n = from; ; n++) yield* main.switch(n)
 * })
 * console.log(counter.switch(5).value, counter.switch().value) // 5 6
 * ```
 */
export class RawGreenlet<T = unknown> {
  /** @internal */ declare $fn: ((...args: never[]) => unknown) | null
  /** @internal */ declare $frame: Frame | null
  /** @internal */ declare $status: Status
  /** @internal */ declare $slot: unknown
  /** @internal */ declare $scope: Scope | null
  /** @internal */ declare $switcher: Described | null
  /** @internal */ declare $goal: Coroutine | Described | null
  /** @internal of the host */ declare $wait: PendingWait | null
  /** @internal of the host */ declare $turn: 0 | 1 | 2 | 3
  /** @internal of the host */ declare $behind: Coroutine | null
  /** @internal What few greenlets have; null: this one has none of it. */ declare $rare: Rare | null
  /** For the compiler: `T` is what the body returns. */
  declare protected readonly outcomeType: T

  /**
   * @param fn - the body; without one the class must bring its own `run`.
   * @param parent - where control goes when the body ends. @defaultValue the current greenlet
   * @throws UsageError when `fn` is no function, or `parent` no greenlet.
   */
  constructor(fn?: ((...args: never[]) => Driven<T>) | null, parent?: RawGreenlet | null) {
    if (fn !== undefined && fn !== null && typeof fn !== 'function') throw notAFunction(`new ${new.target.name}`, fn)
    if (parent !== undefined && parent !== null && parent !== kernel.main) checkParent(parent)
    this.$fn = fn ?? null
    const creator = kernel.current as RawGreenlet | null // null once, for main itself; every coroutine is a RawGreenlet
    this.$frame = null
    this.$status = UNSTARTED
    this.$slot = NO_ARGUMENTS
    this.$scope = null
    this.$switcher = null
    this.$goal = null
    this.$wait = null
    this.$turn = NOT_READY
    this.$behind = null
    this.$rare = null
    if ((parent ?? creator) !== kernel.main) this.$heir = parent ?? creator
    if (creator !== null && creator.$rare !== null) this.$host = creator.$host
    if (kernel.debug !== null) kernel.debug.greenletMade(this)
  }

  /**
   * Passes control to this greenlet, with a value for it.
   *
   * The first switch calls the body with the values as arguments. Later ones make the switch that this greenlet is suspended in come back
   * with the value: none is `undefined`, several are a list. Switching to a dead greenlet goes to its parent, switching to the current
   * one comes back at once.
   *
   * In a greenlet write `yield* g.switch(x)`: it gives what the next one who switches back passes. In plain code the call runs at once;
   * when control is back, `.done` is true and `.value` holds what came. If it went to a wait of the hub instead, `await` the call.
   *
   * @throws InvalidSwitchError when the target cannot take a value now; the error of a greenlet that died into the caller.
   * @switches always
   * @source greenlet: `greenlet.switch`
   */
  switch(value?: unknown, ...more: unknown[]): Switch {
    const { current } = kernel
    const { $switcher: switcher } = this
    if (this.$status === SWITCHED_OUT && switcher !== null && current.$goal === null) {
      // The hot path, a tenth of the whole when the values are one rest parameter. The value may lie in the slot already: whoever
      // else resumes this greenlet before the switch is driven puts another one there.
      current.$goal = this
      this.$slot = more.length === 0 ? value : [value, ...more]
      return switcher as Handover // only makeSwitch() sets it
    }
    if (this.$status === UNSTARTED) this.$checkRunnable()
    if (more.length > 0) return makeSwitch(this, [value, ...more], SEVERAL_VALUES)
    // `arguments` is the only way to tell `switch(undefined)` from `switch()`.
    return makeSwitch(this, value, arguments.length === 0 ? NO_VALUE : ONE_VALUE)
  }

  /**
   * Passes control to this greenlet by throwing `error` at the place where it is suspended.
   *
   * One that never started is dead at once, without running; a dead one passes the error on to its parent. A {@link GreenletExit} that
   * is not caught is an orderly end and reaches the parent as a value.
   *
   * @param error - an Error, or a class to make one of. @defaultValue `new GreenletExit()`
   * @throws UsageError when `error` is neither.
   * @switches always
   * @source greenlet: `greenlet.throw`
   */
  throw(error?: Error | ErrorClass): Switch {
    return makeSwitch(this, toError('throw', error), AN_ERROR)
  }

  /**
   * The body: the function that was given, or the method of a subclass.
   *
   * A subclass overrides it, as a generator method. Without one it can be read and set until the greenlet starts (null: nothing to run
   * yet) and is gone from then on, as in Python.
   *
   * @throws UsageError when it is read or set after the start, or set to something that is no function.
   * @source greenlet: `greenlet.run`
   */
  // Replaced below by an accessor: TypeScript lets a subclass override a method, but not an accessor, by a method.
  run(..._args: unknown[]): unknown {
    throw nothingToRun(this, this.constructor.name)
  }

  /**
   * Where control goes when this greenlet ends; null only for main. May be set at any time, also when dead.
   *
   * @throws UsageError for something that is no greenlet, for a cycle, and for main.
   */
  // eslint-disable-next-line @typescript-eslint/related-getter-setter-pairs -- only main has none, and nobody can be given none
  get parent(): RawGreenlet | null {
    reads(this)
    return this.$heir
  }

  /** Makes `parent` the one that gets control when this greenlet ends. */
  set parent(parent: RawGreenlet) {
    if ((this as RawGreenlet) === kernel.main)
      throw new UsageError('The parent of main cannot be set: main is the root.')
    checkParent(parent)
    writes(this)
    for (let ancestor: RawGreenlet | null = parent; ancestor !== null; ancestor = ancestor.parent) {
      if (ancestor === this)
        throw new UsageError(`"${parent.name}" cannot be the parent of "${this.name}": it descends from it.`)
    }
    this.$heir = parent
  }

  /** Whether it has ended, by returning, by an error, or by being thrown at before it started. */
  get dead(): boolean {
    reads(this)
    return this.$status >= RETURNED
  }

  /** Whether it has started and not ended: it runs or is suspended. */
  get active(): boolean {
    reads(this)
    return this.$status !== UNSTARTED && this.$status < RETURNED
  }

  /**
   * The async context that it carries (`AsyncLocalStorage`): null for that of whoever resumes it, as raw greenlets have it. Set to a
   * `copyContext()`, or to that of another greenlet to share it; what is set counts from the next time it is resumed.
   *
   * @throws UsageError for something that is no context.
   * @source greenlet: `greenlet.gr_context`
   */
  get grContext(): Scope | null {
    reads(this)
    return this.$scope?.own?.(this) ?? this.$scope
  }

  /** Gives it another context. */
  set grContext(context: Scope | null) {
    if (
      context !== null &&
      typeof (context as { runInAsyncScope?: unknown } | undefined)?.runInAsyncScope !== 'function'
    ) {
      throw new UsageError(`The context of a greenlet must be a copyContext() or null, but got ${show(context)}.`)
    }
    writes(this)
    if (this.$status < RETURNED) this.$scope = context
  }

  /**
   * The innermost frame of a suspended greenlet, known in debug mode; null while it runs, before it starts and after it has ended.
   *
   * @source greenlet: `greenlet.gr_frame`
   */
  get grFrame(): GreenletFrame | null {
    if (!this.active || this === kernel.current) return null
    return kernel.debug?.frameOf(this) ?? null
  }

  /** `<RawGreenlet "work" suspended active started>`: class, name and state, in the words of Python's `repr`. */
  toString(): string {
    return `<${this.constructor.name} "${this.name}" ${this.$state}>`
  }

  /** @internal */
  get $state(): string {
    if (this.$status >= RETURNED) return 'dead'
    if (this.$status === UNSTARTED) return 'pending'
    const main = (this as RawGreenlet) === kernel.main ? ' main' : ''
    return `${(this as RawGreenlet) === kernel.current ? 'current' : 'suspended'} active started${main}`
  }

  /** For messages: the name of the body. Not unique. */
  get name(): string {
    if ((this as RawGreenlet) === kernel.main) return 'main'
    const { $fn: fn } = this
    return fn === null || fn.name === '' ? this.constructor.name : fn.name
  }

  // What few greenlets have lies in an object of its own: each field costs each greenlet 8 bytes, and a million of them 10 ms.

  /** @internal Who gets control when it ends. */
  get $heir(): RawGreenlet | null {
    if (this.$rare !== null && this.$rare.heir !== null) return this.$rare.heir
    return (this as RawGreenlet) === kernel.main ? null : (kernel.main as RawGreenlet) // every coroutine is one
  }

  /** @internal */
  set $heir(heir: RawGreenlet | null) {
    this.$own().heir = heir
  }

  /** @internal of the host */
  get $host(): object | null {
    return this.$rare === null ? null : this.$rare.host
  }

  /** @internal */
  set $host(host: object | null) {
    if (host !== null || this.$rare !== null) this.$own().host = host
  }

  /** @internal of the host */
  get $pending(): Error[] | null {
    return this.$rare === null ? null : this.$rare.pending
  }

  /** @internal */
  set $pending(pending: Error[] | null) {
    if (pending !== null || this.$rare !== null) this.$own().pending = pending
  }

  /** @internal */
  get $callers(): Frame[] | null {
    return this.$rare === null ? null : this.$rare.callers
  }

  /** @internal */
  set $callers(callers: Frame[] | null) {
    if (callers !== null || this.$rare !== null) this.$own().callers = callers
  }

  /** @internal */
  get $locals(): WeakMap<object, unknown> | null {
    return this.$rare === null ? null : this.$rare.locals
  }

  /** @internal */
  set $locals(locals: WeakMap<object, unknown> | null) {
    if (locals !== null || this.$rare !== null) this.$own().locals = locals
  }

  /** @internal Where it keeps what few have; made when it is first needed. */
  $own(): Rare {
    return (this.$rare ??= new Rare())
  }

  /** @internal */
  $checkRunnable(): void {
    if (this.$fn === null && (this.run as unknown) === null) throw nothingToRun(this, this.constructor.name) // see the accessor
  }

  /** @internal */
  $adopt(made: unknown): Frame | null {
    return isOperation(made) ? drive(made) : null
  }

  /** @internal */
  $ended(): Coroutine {
    const { $slot: slot } = this
    this.$slot = undefined
    kernel.arrivedFrom = this
    if (this.$heir === null) throw new InternalError('Main was made to end.')
    return deliver(this.$heir, this.$status === FAILED, slot)
  }
}
Object.defineProperty(RawGreenlet.prototype, BRAND, { value: true })

// What `console.log` shows in Node.
Object.defineProperty(RawGreenlet.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: RawGreenlet): string {
    return this.toString()
  },
})

Object.defineProperty(RawGreenlet.prototype, 'run', {
  configurable: true,
  get(this: RawGreenlet): unknown {
    reads(this)
    if (this.$status === UNSTARTED) return this.$fn
    if (this.$fn === null) throw nothingToRun(this, this.constructor.name) // super.run() of a subclass
    throw new UsageError(`Greenlet "${this.name}" has no run any more: it has started.`)
  },
  set(this: RawGreenlet, run: unknown) {
    writes(this)
    if (this.$status !== UNSTARTED)
      throw new UsageError(`The run of greenlet "${this.name}" cannot be set: it has started.`)
    if (run !== null && typeof run !== 'function')
      throw new UsageError(`The run of greenlet "${this.name}" must be a function or null, but got ${show(run)}.`)
    this.$fn = run as RawGreenlet['$fn']
  },
})

/** Whether `value` is a greenlet, raw or not, of any copy of the library. */
export function isGreenlet(value: unknown): value is RawGreenlet {
  return typeof value === 'object' && value !== null && BRAND in value
}

function checkParent(parent: unknown): void {
  if (!isGreenlet(parent)) throw new UsageError(`The parent of a greenlet must be a greenlet, but got ${show(parent)}.`)
}

/**
 * The greenlet whose code is running; in top-level code, timers, promise continuations and callbacks of the hub this is main.
 *
 * @switches never
 * @source greenlet: `greenlet.getcurrent`
 */
export function getcurrent(): RawGreenlet {
  return kernel.current as RawGreenlet // every coroutine is one
}

// The first copy of the library that is loaded makes main. Nothing can run before.
if ((kernel.main as Coroutine | null) === null) {
  const main = new RawGreenlet()
  main.$status = OCCUPIED
  main.$slot = undefined
  kernel.main = main
  kernel.current = main
  main.$goal = main
}
