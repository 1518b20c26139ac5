/**
 * gevent's `Greenlet`: started by the hub, waited for, linked to, killed.
 *
 * A greenlet that the hub has started ends into the hub; one that is entered by `switch()` ends into main. Either way the outcome stays
 * in it: a failure is never thrown into main, but reported once if nobody reads it.
 *
 * Stands on `RawGreenlet` and the hub. Leaves starting with arguments and waiting for several to `spawn.ts`.
 */
import { inheritContext } from '../context.ts'
import '../debug.ts' // for GREENLOOP_DEBUG, whichever door a program comes in by
import { GreenletExit } from '../errors/classes.ts'
import { notAFunction } from '../errors/usage.ts'
import { Arguments, type Coroutine, FAILED, type Frame, kernel, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'
import { type ErrorClass, RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { toError } from '../greenlet/switch.ts'
import { deliver, leaveWait } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import type { Task } from '../hub/tasks.ts'
import type { Begun, Driven, Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { begun } from '../waiting/operation.ts'
import { checkLimit, type WaitOptions } from '../waiting/timeout.ts'
import { follow } from '../waiting/until.ts'
import { EndOperation, NO_WAIT, OutcomeOperation } from './end.ts'

/** How `kill` waits. */
export interface KillOptions extends WaitOptions {
  /** Whether driving the call waits until the greenlet has ended. @defaultValue true */
  block?: boolean
}

/** Called when a greenlet has ended. */
export type Link = (greenlet: Greenlet) => void

// What a greenlet has been through, as bits of one number.
/** The hub started it: it ends into the hub. */
const STARTED = 1
/** Its failure has reached somebody. */
const READ = 2
/** It was killed while it lived. */
const KILLED = 4

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
export class Greenlet<T = unknown, A extends readonly unknown[] = readonly []> extends RawGreenlet<T> {
  /** @internal */ declare $links: (Link | Listener)[] | Link | Listener | null
  /** @internal */ declare $marks: number
  /** @internal */ declare $older: Task | null
  /** @internal */ declare $newer: Task | null
  /** @internal Its number, or the name it was given; the default name is made of the number when it is asked for. */
  declare $title: string | number
  /** @internal Set when somebody has asked for {@link signal}. */
  declare $aborter: AbortController | null

  /**
   * @param fn - the body: a generator function, or any function. Without one the class must bring its own `run`.
   * @param args - what the body is called with.
   * @throws UsageError when `fn` is no function.
   */
  constructor(fn?: ((...args: A) => Driven<T>) | null, ...args: A) {
    // Every coroutine is a RawGreenlet; the body is called with `args` and nothing else, so its parameters need no second check.
    super(fn as ((...args: never[]) => Driven<T>) | null | undefined, kernel.main as RawGreenlet)
    const { length } = args
    if (length > 0) this.$slot = length === 1 ? args[0] : new Arguments(args)
    this.$scope = inheritContext()
    this.$links = null
    this.$marks = 0
    this.$older = null
    this.$newer = null
    this.$title = ++hubOf(this).made
    this.$aborter = null
  }

  /** The hub that it runs on: that of its spawner. */
  get hub(): Hub {
    return hubOf(this)
  }

  /** Stands in every message: the body's name and a number, `getPage-2`, until it is given another. */
  override get name(): string {
    return typeof this.$title === 'string' ? this.$title : `${super.name}-${String(this.$title)}`
  }

  override set name(name: string) {
    this.$title = name
  }

  /** Whether it was started, or switched to, and has not ended. */
  get started(): boolean {
    return this.$status < RETURNED && (this.$status !== UNSTARTED || (this.$marks & STARTED) !== 0)
  }

  /** Whether it has ended. */
  ready(): boolean {
    return this.$status >= RETURNED
  }

  /** Whether it has ended without a failure; being killed is none. */
  successful(): boolean {
    return this.$status === RETURNED
  }

  /** What the body returned, or the {@link GreenletExit} that killed it; undefined before, and after a failure. */
  get value(): T | GreenletExit | undefined {
    return this.$status === RETURNED ? (this.$slot as T) : undefined // the outcome lies in the slot
  }

  /** What the body threw; null before, and when it did not. Looking at it does not count as reading the outcome. */
  get exception(): unknown {
    return this.$status === FAILED ? this.$slot : null
  }

  /** An AbortSignal that fires when the greenlet is killed: for what can be aborted and knows nothing of greenlets. */
  get signal(): AbortSignal {
    if (this.$aborter === null) {
      this.$aborter = new AbortController()
      if ((this.$marks & KILLED) !== 0) this.$aborter.abort()
    }
    return this.$aborter.signal
  }

  /**
   * Has the hub run it, after all that is ready now. Does nothing when it was started already, or has ended.
   *
   * @throws UsageError when there is nothing to run.
   * @switches never
   * @source gevent: `Greenlet.start`
   */
  start(): void {
    if (this.$status !== UNSTARTED || (this.$marks & STARTED) !== 0) return
    this.$checkRunnable()
    this.$marks |= STARTED
    const hub = hubOf(this)
    hub.enter(this)
    hub.enqueue(this)
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
    checkLimit('join()', options.timeoutMs)
    return new EndOperation(this, 'join', options.timeoutMs)
  }

  /**
   * Waits for the outcome.
   *
   * @param options - `timeoutMs`: how long.
   * @returns what the body returned.
   * @throws what the body threw, the same object each time; GreenletKilledError when it was killed; a new Timeout when `timeoutMs` have
   * passed; UsageError when a greenlet asks for its own.
   * @switches only if it must wait
   * @source gevent: `Greenlet.get`
   */
  get(options: WaitOptions = {}): Operation<T> {
    checkLimit('get()', options.timeoutMs)
    return new OutcomeOperation<T>(this, options.timeoutMs)
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
  kill(error?: Error | ErrorClass, options: KillOptions = {}): Begun<void> {
    const reason = toError('kill', error)
    checkLimit('kill()', options.timeoutMs)
    if (this.$status >= RETURNED) return NO_WAIT
    this.$marks |= KILLED
    if (this.$status === UNSTARTED) this.#endUnstarted(reason)
    else hubOf(this).interrupt(this, reason)
    this.$aborter?.abort(reason)
    return options.block === false ? NO_WAIT : begun(new EndOperation(this, 'kill', options.timeoutMs))
  }

  /**
   * Calls `callback(this)` when it has ended, in the hub; also when it has ended already. The callback must not wait. Reads the outcome.
   *
   * @switches never
   * @source gevent: `Greenlet.rawlink`
   */
  rawlink(callback: Link): void {
    if (typeof callback !== 'function') throw notAFunction('rawlink', callback)
    this.$listen(callback)
  }

  /** Takes back a {@link rawlink}; an unknown one is ignored. @switches never */
  unlink(callback: Link): void {
    this.$ignore(callback)
  }

  /** @internal */
  $listen(listener: Link | Listener): void {
    const { $links: links } = this
    if (links === null) this.$links = listener
    else if (Array.isArray(links)) links.push(listener)
    else this.$links = [links, listener]
    if (this.$status >= RETURNED) hubOf(this).enqueue(this)
  }

  /** @internal */
  $ignore(listener: Link | Listener): void {
    const { $links: links } = this
    if (links === listener) this.$links = null
    else if (Array.isArray(links)) {
      const place = links.indexOf(listener)
      if (place >= 0) links.splice(place, 1)
    }
  }

  /** @internal */
  override get $state(): string {
    return this.$status === UNSTARTED && this.started ? 'pending started' : super.$state
  }

  /** @internal */
  override $adopt(made: unknown): Frame | null {
    return follow(made)
  }

  /** @internal */
  override $ended(): Coroutine {
    this.#finish()
    const byHub = (this.$marks & STARTED) !== 0 && !kernel.mainInside
    if (byHub && !kernel.mainCalls.some((call) => call.target === this)) return kernel.main
    kernel.arrivedFrom = this
    return deliver(kernel.main, false, this.$status === RETURNED ? this.$slot : undefined)
  }

  /** @internal */
  get $failureRead(): boolean {
    return (this.$marks & READ) !== 0
  }

  /** @internal */
  $readFailure(): unknown {
    this.$marks |= READ
    return this.$slot
  }

  /** @internal */
  $runLinks(): void {
    // One by one, so that a link can still take back a later one.
    for (let link = this.#nextLink(); link !== null; link = this.#nextLink()) {
      if (typeof link !== 'function') {
        link.notify(this)
        continue
      }
      this.$marks |= READ
      try {
        link(this)
      } catch (error) {
        hubOf(this).tell(error, { name: `link of ${this.name}` })
      }
    }
  }

  #nextLink(): Link | Listener | null {
    const { $links: links } = this
    if (Array.isArray(links)) return links.shift() ?? null
    this.$links = null
    return links
  }

  #endUnstarted(reason: Error): void {
    leaveWait(this)
    this.$status = reason instanceof GreenletExit ? RETURNED : FAILED
    this.$slot = reason
    this.#finish()
    this.$scope = null
  }

  /** Keeps the books when it has ended; its links run when its turn comes. */
  #finish(): void {
    const hub = hubOf(this)
    const failed = this.$status === FAILED
    hub.leave(this, failed)
    if (failed || this.$links !== null) hub.enqueue(this)
  }
}
