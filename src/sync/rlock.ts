/**
 * `RLock`: one greenlet at a time, and that one as often as it likes.
 *
 * It is a semaphore with one permit that remembers who has it. The owner is the greenlet that called, also when an agent waits in its place
 * (`choose`); plain code is no greenlet, and is refused.
 *
 * A greenlet that ends while it owns the lock leaves it locked, as in gevent: what the lock guards may be half done. `owner` still tells
 * who it was, and so does LoopExit to whoever waits for it.
 *
 * Stands on the semaphore.
 */
import { UsageError } from '../errors/classes.ts'
import { wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import type { RawGreenlet } from '../greenlet/raw-greenlet.ts'
import type { Driven, Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { WaitOptions } from '../waiting/timeout.ts'
import {
  type Acquirable,
  Acquire,
  type AcquireOptions,
  AcquireWith,
  Hold,
  ifEnded,
  nameOf,
  nameOfCurrent,
  withAcquired,
} from './acquire.ts'
import { Semaphore } from './semaphore.ts'

/**
 * A lock that belongs to a greenlet, which may acquire it again while it has it, and must release it as often.
 *
 * Those who wait are served in the order in which they came; the details are those of {@link Semaphore}. A greenlet that ends without
 * releasing leaves it locked: `hold()` and `with()` do not forget.
 *
 * @source gevent: `gevent.lock.RLock`
 * @example
 * ```ts
 * import { RLock, run } from 'greenloop'
 *
 * const lock = new RLock()
 * function* outer() {
 *   using _ = yield* lock.hold()
 *   yield* inner()
 * }
 * function* inner() {
 *   using _ = yield* lock.hold() // the same greenlet: does not wait
 *   console.log(lock.isOwned()) // true
 * }
 * await run(outer)
 * console.log(lock.locked()) // false
 * ```
 */
export class RLock {
  readonly #block = new Block()
  /** How often the owner has acquired it beyond the first time. */
  #again = 0
  #acquire: Operation<boolean> | null = null

  /** The greenlet that has it, also when that has ended; null when it is free. */
  get owner(): RawGreenlet | null {
    reads(this.#block)
    return this.#block.$holder as RawGreenlet | null // plain code is refused, and everybody else is one
  }

  /** Whether a greenlet has it. @switches never */
  locked(): boolean {
    return this.#block.locked()
  }

  /** Whether the running greenlet has it; false in plain code. @switches never */
  isOwned(): boolean {
    reads(this.#block)
    return this.#block.$holder === kernel.current
  }

  /**
   * Takes the lock; waits in the line while another greenlet has it. The owner never waits.
   *
   * @param options - `timeoutMs`; `blocking: false`: does not wait.
   * @returns whether it has the lock; false when another has it, and did not release it in time.
   * @throws UsageError in plain code, which cannot own it; at the call for wrong options, and for `blocking: false` with `timeoutMs`.
   * @switches only if it must wait
   */
  acquire(options?: AcquireOptions): Operation<boolean> {
    if (options !== undefined) return new AcquireWith(this, options)
    return kernel.debug === null ? (this.#acquire ??= new Acquire(this)) : new Acquire(this)
  }

  /**
   * Takes the lock if it is free, or the running greenlet has it.
   *
   * @returns whether it has it.
   * @throws UsageError in plain code.
   * @switches never
   */
  acquireNowait(): boolean {
    const { current } = kernel
    if (current === kernel.main) throw plainCode('lock.acquireNowait()')
    if (this.#block.$holder !== current) return this.#block.acquireNowait()
    writes(this.#block)
    this.#again++
    return true
  }

  /**
   * Takes back one `acquire()` of the running greenlet; after the last one the first of the line has the lock in its turn.
   *
   * @throws UsageError when the running greenlet does not have it.
   * @switches never
   */
  release(): void {
    writes(this.#block)
    if (this.#block.$holder !== kernel.current) throw this.#notTheOwner()
    if (this.#again > 0) this.#again--
    else this.#block.release()
  }

  /**
   * Takes the lock like {@link acquire}, for a block: `using _ = yield* lock.hold()`. It is released at the end of the block, once.
   *
   * @param options - `timeoutMs`
   * @throws Timeout when the time has passed; UsageError in plain code, and at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   */
  hold(options: WaitOptions = {}): Operation<Disposable> {
    return new Hold(this, options)
  }

  /**
   * Takes the lock, runs `fn(...args)` in the calling greenlet, and releases the lock, however that ends: gevent's `with lock:`. Awaited in
   * plain code, it runs in a greenlet of its own.
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
  toString(): string {
    return 'RLock'
  }

  /** @internal */
  get $noun(): string {
    return 'lock'
  }

  /** @internal */
  get $holder(): Coroutine | null {
    return this.#block.$holder
  }

  /** @internal */
  $take(greenlet: Coroutine, first: boolean): boolean {
    const owner = ownerOf(greenlet)
    if (owner === kernel.main) throw plainCode('await lock.acquire()')
    if (this.#block.$holder !== owner) return this.#block.$take(owner, first)
    writes(this.#block)
    this.#again++
    return true
  }

  /** @internal */
  $line(...args: Parameters<Acquirable['$line']>): Step<never> {
    return this.#block.$line(...args)
  }

  /** @internal For a Condition. */
  $isHeld(): boolean {
    return this.isOwned()
  }

  /** @internal For a Condition: lets go of it altogether; answers what {@link $restore} needs. */
  $releaseAll(): number {
    const again = this.#again
    this.#again = 0
    this.#block.release()
    return again
  }

  /** @internal For a Condition, which has acquired it again. */
  $restore(again: number): void {
    this.#again = again
  }

  #notTheOwner(): UsageError {
    const holder = this.#block.$holder
    const state = holder === null ? 'nobody has' : `${nameOf(holder)} has${ifEnded(holder)}`
    return new UsageError(
      `${nameOfCurrent()} released an RLock that ${state}.\n\n` +
        wrongRight(
          'lock.release()',
          'not by its owner',
          'yield* lock.with(fn)',
          'acquires and releases, in one greenlet',
        ),
    )
  }
}

/** The permit of an RLock. In footprints it stands for the lock. */
class Block extends Semaphore {
  override toString(): string {
    return 'RLock'
  }

  override get $noun(): string {
    return 'lock'
  }

  override get $heldBy(): string {
    return 'held by'
  }
}

function plainCode(wrong: string): UsageError {
  return new UsageError(
    `An RLock was acquired in plain code; it belongs to the greenlet that acquires it, and there is none.\n\n` +
      wrongRight(wrong, 'outside any greenlet', 'await run(function* () { yield* lock.acquire(); ... })'),
  )
}
