/**
 * `Semaphore`, `BoundedSemaphore` and `DummySemaphore`: so many at a time.
 *
 * A release gives the permit to nobody: it counts up, and the first of the line takes the permit when the notifier has its turn (see
 * `src/waiting/linkable.ts`). So whoever runs until then may take it first: a release and the next `acquire()` in one go cost no switch,
 * and a hundred short critical sections in a row are not a hundred switches. Handing over each permit would be fairer and many times
 * slower.
 *
 * But whoever releases and acquires again in each round of a loop would keep the others out for ever. So the line remembers that it was
 * passed over, its turn having come and nothing being left, and then nobody waits in `acquire()` who is not behind it.
 *
 * ```
 *   release ── counter 1 ──▶ the line's turn: the first takes it
 *                  └── acquire() by another before that: taken; the line's turn: passed over
 *                           release ── counter 1 ──▶ the line's turn: the first takes it
 *                                          └── acquire() by another before that: goes to the end of the line
 * ```
 *
 * Stands on linkables; the operations are in `acquire.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import type { Driven, Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import { Linkable } from '../waiting/linkable.ts'
import type { WaitOptions } from '../waiting/timeout.ts'
import type { Limit } from '../waiting/wait.ts'
import {
  Acquire,
  type AcquireOptions,
  AcquireWait,
  AcquireWith,
  type Held,
  Hold,
  ifEnded,
  nameOf,
  WaitUntilFree,
  withAcquired,
} from './acquire.ts'

/** Nobody waits, or the first of the line got its permit when its turn came. */
const AT_REST = 0
/** A permit was released while some waited, whose turn is still to come. */
const CALLED = 1
/** The turn of the line came, and the permit was gone. Until it gets one, nobody who waits in `acquire()` comes before it. */
const PASSED_OVER = 2
type LineState = typeof AT_REST | typeof CALLED | typeof PASSED_OVER

/**
 * A number of permits: `acquire()` takes one, and waits while there is none; `release()` puts one back.
 *
 * Those who wait are served in the order in which they came. A permit that was released goes to the first of them in its turn; until then
 * whoever runs may take it with `acquire()`, but not twice in a row: those who were passed over once come first the next time. Only a call
 * that does not wait ({@link acquireNowait}) may always take what is free.
 *
 * @source gevent: `gevent.lock.Semaphore`
 * @example
 * ```ts
 * import { joinall, Semaphore, sleep, spawn } from 'greenloop'
 *
 * const two = new Semaphore(2)
 * let inside = 0
 * let most = 0
 * function* visit() {
 *   using _ = yield* two.hold()
 *   most = Math.max(most, ++inside)
 *   yield* sleep(1)
 *   inside--
 * }
 * await joinall([spawn(visit), spawn(visit), spawn(visit)])
 * console.log(most, two.counter) // 2 2
 * ```
 */
export class Semaphore extends Linkable {
  #counter: number
  /** Who took the last permit; null when there is one again. */
  #holder: Coroutine | null = null
  /** What the line is owed. */
  #line: LineState = AT_REST
  /** One for all that call `acquire()`, except in debug mode, which asks of each call whether it was driven. */
  #acquire: Operation<boolean> | null = null

  /**
   * @param value - how many permits there are at first, 0 and up. @defaultValue 1
   * @throws UsageError when it is negative, or no integer.
   */
  constructor(value = 1) {
    super()
    if (!(Number.isInteger(value) && value >= 0)) {
      throw new UsageError(
        `new ${new.target.name}() expects \`value\` to be an integer, 0 or more, but got ${show(value)}.`,
      )
    }
    this.#counter = value
  }

  /** How many permits are free. */
  get counter(): number {
    reads(this)
    return this.#counter
  }

  /** Whether no permit is free. @switches never */
  locked(): boolean {
    reads(this)
    return this.#counter <= 0
  }

  /** Whether a permit is free. @switches never */
  override ready(): boolean {
    reads(this)
    return this.#counter > 0
  }

  /**
   * Takes a permit; waits in the line while there is none.
   *
   * A greenlet that has its permit and is killed before its turn keeps it, and is interrupted in its next wait: `hold()` and `with()` put
   * it back.
   *
   * @param options - `timeoutMs`; `blocking: false`: does not wait.
   * @returns whether it has a permit; false when none was free, or none became free in time.
   * @throws UsageError at the call for wrong options, and for `blocking: false` with `timeoutMs`.
   * @switches only if it must wait
   */
  acquire(options?: AcquireOptions): Operation<boolean> {
    if (options !== undefined) return new AcquireWith(this, options)
    return kernel.debug === null ? (this.#acquire ??= new Acquire(this)) : new Acquire(this)
  }

  /**
   * Takes a permit if one is free, also when others wait for it.
   *
   * @returns whether it has one.
   * @switches never
   */
  acquireNowait(): boolean {
    if (this.#counter <= 0) {
      reads(this)
      return false
    }
    writes(this)
    if (--this.#counter === 0) this.#holder = kernel.current
    return true
  }

  /**
   * Puts a permit back; anybody may, and there may be more than at first. The first of the line takes it in its turn.
   *
   * @returns how many are free now.
   * @switches never
   */
  release(): number {
    writes(this)
    this.#holder = null
    const counter = ++this.#counter
    if (this.linked > 0) {
      if (this.#line === AT_REST) this.#line = CALLED
      this.changed()
    }
    return counter
  }

  /**
   * Waits until a permit is free, and takes none. Those who wait in `acquire()` come in their order, and may leave nothing to be told of.
   *
   * @param options - `timeoutMs`
   * @returns how many were free at that moment, others may have taken them since; 0 when the time has passed.
   * @throws UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   */
  wait(options: WaitOptions = {}): Operation<number> {
    return new WaitUntilFree(this, options)
  }

  /**
   * Takes a permit like {@link acquire}, for a block: `using _ = yield* semaphore.hold()`. It goes back at the end of the block, once.
   *
   * @param options - `timeoutMs`
   * @throws Timeout when the time has passed; UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   */
  hold(options: WaitOptions = {}): Operation<Disposable> {
    return new Hold(this, options)
  }

  /**
   * Takes a permit, runs `fn(...args)` in the calling greenlet, and puts the permit back, however that ends: gevent's `with semaphore:`.
   *
   * @param fn - a generator function, or any function.
   * @param args - what it is called with.
   * @returns what `fn` returns.
   * @throws what `fn` throws; UsageError at the call when it is no function.
   * @switches if it must wait, or `fn` does
   */
  with<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Operation<T> {
    return withAcquired(this, fn, args)
  }

  /** For messages. */
  override toString(): string {
    return 'Semaphore'
  }

  /** @internal */
  get $noun(): string {
    return 'semaphore'
  }

  /** @internal */
  get $holder(): Coroutine | null {
    return this.#holder
  }

  /** @internal */
  get $heldBy(): string {
    return 'the last permit was taken by'
  }

  /** @internal */
  $because(): string {
    const holder = this.#holder
    if (holder === null) return `no permit is free (counter ${String(this.#counter)})`
    return `${this.$heldBy} "${holder.name}"${ifEnded(holder)}`
  }

  /** @internal */
  $take(greenlet: Coroutine, first: boolean): boolean {
    if (this.#counter <= 0 || (this.#line === PASSED_OVER && !first && this.linked > 0)) {
      reads(this)
      return false
    }
    writes(this)
    if (--this.#counter === 0) this.#holder = ownerOf(greenlet)
    return true
  }

  /** @internal */
  $line(greenlet: Coroutine, gives: true | Held, limit: Limit | undefined): Step<never> {
    const wait = new AcquireWait(greenlet, this, gives)
    this.$enter(wait)
    return wait.limit(limit).park()
  }

  /** @internal */
  $give(greenlet: Coroutine): void {
    this.#line = AT_REST
    if (--this.#counter === 0) this.#holder = ownerOf(greenlet)
  }

  /** @internal */
  override $notify(): void {
    super.$notify()
    if (this.linked === 0) this.#line = AT_REST
    else if (this.#line === CALLED) this.#line = PASSED_OVER
  }

  protected override due(): boolean {
    return this.#counter > 0
  }

  /** @internal For a Condition: whether whoever runs has taken the last permit. */
  $isHeld(): boolean {
    reads(this)
    return this.#counter <= 0 && this.#holder === kernel.current
  }

  /** @internal For a Condition: lets go of it altogether; answers what {@link $restore} needs. */
  $releaseAll(): number {
    this.release()
    return 0
  }

  /** @internal For a Condition, which has acquired it again. */
  $restore(_state: number): void {
    // there is nothing but the permit
  }
}

/**
 * A {@link Semaphore} that refuses to be released more often than it was acquired: that is a mistake in most programs.
 *
 * Waiters wake in the order of {@link Semaphore}.
 *
 * @source gevent: `gevent.lock.BoundedSemaphore`
 * @example
 * ```ts
 * import { BoundedSemaphore } from 'greenloop'
 *
 * const lock = new BoundedSemaphore(1)
 * try {
 *   lock.release()
 * } catch (err) {
 *   console.log(err instanceof TypeError) // true
 * }
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  /** How many permits there are. */
  readonly limit: number

  /**
   * @param value - how many permits there are, 0 and up. @defaultValue 1
   * @throws UsageError when it is negative, or no integer.
   */
  constructor(value = 1) {
    super(value)
    this.limit = value
  }

  /**
   * Puts a permit back, which must have been taken. The first of the line takes it in its turn.
   *
   * @returns how many are free now.
   * @throws UsageError when all are free already.
   * @switches never
   */
  override release(): number {
    if (this.counter >= this.limit) {
      throw new UsageError(
        `A BoundedSemaphore was released once too often, by ${nameOf(kernel.current)}: its counter is ${String(this.counter)}, and its limit is ${String(this.limit)}.\n\n` +
          wrongRight(
            'semaphore.release()',
            'all permits are free',
            'yield* semaphore.with(fn)',
            'acquires and releases, once each',
          ),
      )
    }
    return super.release()
  }

  /** For messages. */
  override toString(): string {
    return 'BoundedSemaphore'
  }
}

/**
 * A {@link Semaphore} in name only: everything is free at any time, nobody waits. For code that takes a limit and is to have none.
 *
 * @source gevent: `gevent.lock.DummySemaphore`
 * @example
 * ```ts
 * import { DummySemaphore, Semaphore } from 'greenloop'
 *
 * const limit: number | null = null
 * const places = limit === null ? new DummySemaphore() : new Semaphore(limit)
 * console.log(await places.acquire(), places.locked()) // true false
 * ```
 */
export class DummySemaphore extends Semaphore {
  /** There is nothing to be counted. */
  constructor() {
    super(1)
  }

  /** Answers true. @switches never */
  override acquireNowait(): boolean {
    return true
  }

  /** Does nothing. @returns 1 @switches never */
  override release(): number {
    return 1
  }

  /** @internal */
  override $take(): boolean {
    return true
  }

  /** For messages. */
  override toString(): string {
    return 'DummySemaphore'
  }
}
