/**
 * gevent's `Greenlet`: started by the hub, waited for, linked to, killed.
 *
 * A greenlet that the hub has started ends into the hub; one that is entered by `switch()` ends into main. Either way the outcome stays
 * in it: a failure is never thrown into main, but reported once if nobody reads it.
 *
 * Stands on `RawGreenlet` and the hub. Who made it is in `lineage.ts`, who is told of its end in `links.ts`; waiting for the end is in
 * `end.ts`.
 */
import { inheritContext } from '../context.ts'
import '../channels.ts' // for those who subscribe, whichever door a program comes in by
import '../debug.ts' // for GREENLOOP_DEBUG, whichever door a program comes in by
import type { GreenletExit } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { checkMs, notAFunction } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED, kernel, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'
import type { ErrorClass, RawGreenlet } from '../greenlet/raw-greenlet.ts'
import type { Switch } from '../greenlet/switch.ts'
import { deliver } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import { Timer } from '../hub/timers.ts'
import type { Begun, Driven, Operation } from '../protocol.ts'
import { begun } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { EndOperation, NO_WAIT, OutcomeOperation, useGreenlet } from './end.ts'
import { addSpawnCallback, KILLED, NUMBER_SHIFT, removeSpawnCallback, STARTED, tellSpawned } from './lineage.ts'
import { LinkedGreenlet } from './links.ts'

/** How `get` waits. */
export interface GetOptions extends WaitOptions {
  /** Whether to wait at all; without it `get` throws a `Timeout` at once when there is no outcome yet. @defaultValue true */
  block?: boolean
}

/** How `kill` waits. */
export interface KillOptions extends WaitOptions {
  /** Whether driving the call waits until the greenlet has ended. @defaultValue true */
  block?: boolean
}

/**
 * A coroutine of the hub: gevent's `Greenlet`. Usually made by `spawn`.
 *
 * Code in it inherits the async context (`AsyncLocalStorage`) of whoever made it, and keeps it over all its waits.
 *
 * @typeParam T - what the body returns.
 * @typeParam A - the arguments of the body.
 * @source gevent: `gevent.Greenlet`
 * @example
 * ```ts
 * import { Greenlet, sleep } from 'greenloop'
 *
 * class Countdown extends Greenlet<string> {
 *   override *run() {
 *     for (let n = 3; n > 0; n--) yield* sleep(1)
 *     return 'lift-off'
 *   }
 * }
 * const countdown = new Countdown()
 * countdown.start()
 * console.log(await countdown.get()) // lift-off
 * ```
 */
export class Greenlet<T = unknown, A extends readonly unknown[] = readonly []>
  extends LinkedGreenlet<T>
  implements Disposable, AsyncDisposable
{
  /**
   * @param fn - the body: a generator function, or any function. Without one the class must bring its own `run`.
   * @param args - what the body is called with.
   * @throws UsageError when `fn` is no function.
   */
  constructor(fn?: ((...args: A) => Driven<T>) | null, ...args: A) {
    // The body is called with `args` and nothing else, so its parameters need no second check.
    super(fn as ((...args: never[]) => Driven<T>) | null | undefined)
    if (args.length > 0) this.$giveArguments(args)
    this.$scope = inheritContext()
    this.$links = null
    this.$marks = ++hubOf(this).made << NUMBER_SHIFT
  }

  /**
   * Makes a greenlet of this class with the arguments of its constructor, and starts it.
   *
   * @throws UsageError when there is nothing to run.
   * @switches never
   * @source gevent: `Greenlet.spawn`
   * @example
   * ```ts
   * import { Greenlet, sleep } from 'greenloop'
   *
   * class Nap extends Greenlet<string> {
   *   ms: number
   *   constructor(ms: number) {
   *     super()
   *     this.ms = ms
   *   }
   *   override *run() {
   *     yield* sleep(this.ms)
   *     return 'rested'
   *   }
   * }
   * console.log(await Nap.spawn(3).get()) // rested
   * ```
   */
  static spawn<A extends readonly unknown[], T>(
    this: typeof Greenlet,
    fn: (...args: A) => Driven<T>,
    ...args: A
  ): Greenlet<T>
  static spawn<P extends readonly unknown[], G extends Greenlet>(this: new (...args: P) => G, ...args: P): G
  static spawn(this: new (...args: never[]) => Greenlet, ...args: unknown[]): Greenlet {
    const greenlet = new this(...(args as never[])) // the two signatures have checked them
    greenlet.start()
    return greenlet
  }

  /** {@link Greenlet.spawn}, `ms` milliseconds later, as {@link startLater} does. @switches never */
  static spawnLater<A extends readonly unknown[], T>(
    this: typeof Greenlet,
    ms: number,
    fn: (...args: A) => Driven<T>,
    ...args: A
  ): Greenlet<T>
  static spawnLater<P extends readonly unknown[], G extends Greenlet>(
    this: new (
      ...args: P
    ) => G,
    ms: number,
    ...args: P
  ): G
  static spawnLater(this: new (...args: never[]) => Greenlet, ms: number, ...args: unknown[]): Greenlet {
    checkMs('spawnLater()', 'ms', ms)
    const greenlet = new this(...(args as never[])) // the two signatures have checked them
    greenlet.startLater(ms)
    return greenlet
  }

  /**
   * Has `callback` called with each greenlet that is about to be started, on whatever hub: by `spawn`, `spawnLater`, `start`, `startLater`.
   * It must not wait; what it throws is thrown by the call that starts, and the greenlet is not started. One that is added twice is
   * called once.
   *
   * @throws UsageError when it is no function.
   * @switches never
   * @source gevent: `Greenlet.add_spawn_callback`
   */
  static addSpawnCallback(callback: (greenlet: Greenlet) => unknown): void {
    addSpawnCallback(callback)
  }

  /** Takes that back; an unknown one is ignored. @switches never */
  static removeSpawnCallback(callback: (greenlet: Greenlet) => unknown): void {
    removeSpawnCallback(callback)
  }

  /** Whether it was started, or switched to, and has not ended. */
  get started(): boolean {
    reads(this)
    return this.$status < RETURNED && (this.$status !== UNSTARTED || (this.$marks & STARTED) !== 0)
  }

  /** Whether it has ended. */
  ready(): boolean {
    reads(this)
    return this.$status >= RETURNED
  }

  /** Whether it has ended without a failure; being killed is none. */
  successful(): boolean {
    reads(this)
    return this.$status === RETURNED
  }

  /** What the body returned, or the {@link GreenletExit} that killed it; undefined before, and after a failure. */
  get value(): T | GreenletExit | undefined {
    reads(this)
    return this.$status === RETURNED ? (this.$slot as T) : undefined // the outcome lies in the slot
  }

  /** What the body threw; null before, and when it did not. Looking at it does not count as reading the outcome. */
  get exception(): unknown {
    reads(this)
    return this.$status === FAILED ? this.$slot : null
  }

  /** An AbortSignal that fires when the greenlet is killed: for what can be aborted and knows nothing of greenlets. */
  get signal(): AbortSignal {
    const own = this.$own()
    reads(this)
    if (own.aborter === null) {
      own.aborter = new AbortController()
      if ((this.$marks & KILLED) !== 0) own.aborter.abort()
    }
    return own.aborter.signal
  }

  /**
   * Has the hub run it, after all that is ready now. Does nothing when it was started already, or has ended.
   *
   * @throws UsageError when there is nothing to run.
   * @switches never
   * @source gevent: `Greenlet.start`
   */
  start(): void {
    writes(this)
    if (this.$mayStart()) this.$launch()
  }

  /**
   * Has the hub run it `ms` milliseconds from now. It counts as started at once. Does nothing when it was started already, or has ended.
   *
   * @param ms - milliseconds, 0 and up; `Infinity`: not before it is switched to. Those with the same `ms` start in the order of the calls.
   * @throws UsageError when `ms` is negative or not a number, and when there is nothing to run.
   * @switches never
   * @source gevent: `Greenlet.start_later` (which takes seconds)
   */
  startLater(ms: number): void {
    checkMs('startLater()', 'ms', ms)
    writes(this)
    if (!this.$mayStart()) return
    this.$marks |= STARTED
    const hub = hubOf(this)
    const timer = new StartTimer(this, ms)
    this.$wait = timer // who is told that it was started sees by this that it is not ready
    hub.enter(this)
    if (ms !== Infinity) hub.timers.add(timer, ms)
  }

  /**
   * Throws `error` into it at once, as `RawGreenlet.throw` does; one that has not run yet never will. The error stays in it, as any failure:
   * it does not come back to the caller. One that has ended is left alone.
   *
   * To end a greenlet use {@link kill}: a greenlet that throws is not resumed by itself, since control goes on to the hub.
   *
   * @param error - an Error, or a class to make one of. @defaultValue `new GreenletExit()`
   * @throws UsageError when `error` is neither.
   * @switches always
   * @source gevent: `Greenlet.throw`
   */
  override throw(error?: Error | ErrorClass): Switch {
    const reason = toError('throw', error)
    return this.dead ? (kernel.current as RawGreenlet).switch() : super.throw(reason) // every coroutine is one
  }

  /**
   * Waits until it has ended, however. Does not read the outcome: a failure is still reported.
   *
   * @param options - `timeoutMs`: go on after so many milliseconds although it has not ended.
   * @throws UsageError when a greenlet joins itself.
   * @switches only if it must wait
   * @source gevent: `Greenlet.join`
   */
  join(options: WaitOptions = {}): Operation<void> {
    checkWaitOptions('join()', options)
    return new EndOperation(this, 'join', options.timeoutMs)
  }

  /**
   * Waits for the outcome.
   *
   * @param options - `timeoutMs`: how long; `block: false`: not at all.
   * @returns what the body returned.
   * @throws what the body threw, the same object each time; GreenletKilledError when it was killed; a new Timeout when `timeoutMs` have
   * passed, or it is not to wait (what a given `Timeout` throws, else); UsageError when a greenlet asks for its own.
   * @switches only if it must wait
   * @source gevent: `Greenlet.get`
   */
  get(options: GetOptions = {}): Operation<T> {
    checkWaitOptions('get()', options, 'block')
    return new OutcomeOperation<T>(this, options.timeoutMs, options.block ?? true)
  }

  /**
   * Asks it to end, by throwing `error` at its wait. The effect is at the call; driving the call waits for the end.
   *
   * One that has not run yet never will. One that has ended is left alone. One whose wait is over already gets what it waited for, and
   * the error at its next wait. A greenlet that kills itself gets the error at its next wait, which driving the call is.
   *
   * @param error - an Error, or a class of errors. @defaultValue `new GreenletExit()`
   * @param options - `block`: whether driving the call waits; `timeoutMs`: how long at the most.
   * @throws UsageError when `error` is neither.
   * @switches only if it must wait
   * @source gevent: `Greenlet.kill`
   */
  override kill(error?: Error | ErrorClass, options: KillOptions = {}): Begun<void> {
    const reason = toError('kill', error)
    checkWaitOptions('kill()', options, 'block')
    writes(this)
    if (this.$status >= RETURNED) return NO_WAIT
    this.$marks |= KILLED
    if (this.$status === UNSTARTED) this.$endUnstarted(reason)
    else hubOf(this).interrupt(this, reason)
    if (this.$rare !== null && this.$rare.aborter !== null) abort(this.$rare.aborter, reason)
    return options.block === false ? NO_WAIT : begun(new EndOperation(this, 'kill', options.timeoutMs))
  }

  /**
   * Runs `fn(this)` and does not go on before this greenlet has ended: gevent's `with greenlet:`. When `fn` returns, it is joined (a failure
   * of it is not thrown), and killed if the join is broken off. When `fn` throws, it is killed by that error, which is thrown on.
   *
   * @param fn - a generator function, or any function; it runs in the calling greenlet.
   * @returns what `fn` returns.
   * @throws what `fn` throws; UsageError at the call when `fn` is no function.
   * @switches if `fn` does, and if it must wait for the end
   * @source gevent: `Greenlet.__enter__`, `Greenlet.__exit__`
   * @example
   * ```ts
   * import { run, sleep, spawn } from 'greenloop'
   *
   * await run(function* () {
   *   const worker = spawn(sleep, 60_000)
   *   try {
   *     yield* worker.use(function* () {
   *       yield* sleep(1)
   *       throw new Error('no more')
   *     })
   *   } catch (err) {
   *     console.log(String(err), worker.exception === err) // Error: no more true
   *   }
   * })
   * ```
   */
  use<R>(fn: (greenlet: this) => Driven<R>): Operation<R> {
    if (typeof fn !== 'function') throw notAFunction('use', fn)
    return useGreenlet(this, fn)
  }

  /** For `using`: kills it, without waiting. @switches never */
  [Symbol.dispose](): void {
    this.kill()
  }

  /**
   * For `await using` in async code: joins it; what breaks the join off kills it. JavaScript does not say whether the block has failed: to
   * end it then, use {@link use}.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.join()
    } finally {
      await this.kill()
    }
  }

  /** @internal Whether `start` has something to do. Those who want to know are told. */
  protected $mayStart(): boolean {
    if (!isFresh(this)) return false
    this.$checkRunnable()
    tellSpawned(this)
    return isFresh(this)
  }

  /** @internal */
  override $ended(): Coroutine {
    this.$finish()
    if (this.$endsIntoHub()) return kernel.main
    kernel.arrivedFrom = this
    return deliver(kernel.main, false, this.$status === RETURNED ? this.$slot : undefined)
  }
}

function abort(aborter: AbortController, reason: Error): void {
  writes(aborter.signal)
  aborter.abort(reason)
}

function isFresh({ $marks, $status }: LinkedGreenlet): boolean {
  return $status === UNSTARTED && ($marks & STARTED) === 0
}

/** What one waits in that is to be started later; it leaves it when it is reached by other means. */
class StartTimer extends Timer {
  readonly #greenlet: Greenlet<unknown, never>
  readonly #ms: number

  constructor(greenlet: Greenlet<unknown, never>, ms: number) {
    super()
    this.#greenlet = greenlet
    this.#ms = ms
  }

  override expired(): void {
    this.#greenlet.$wait = null
    hubOf(this.#greenlet).enqueue(this.#greenlet)
  }

  undo(): void {
    hubOf(this.#greenlet).timers.remove(this)
  }

  override describe(): string {
    return `startLater(${String(this.#ms)})`
  }
}
