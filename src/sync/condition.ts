/**
 * `Condition`: waits, under a lock, until somebody says that something has changed.
 *
 * Whoever waits has the lock, lets go of it for as long as it waits, and has it again when `wait()` comes back, in whatever way: the code
 * behind it, a `finally` above all, may rely on that. So a kill or a timeout that comes meanwhile is kept until the lock is there again.
 * The one exception is LoopExit, which says that it never will be.
 *
 * A notification that has reached a greenlet which then cannot use it, since it was killed or timed out from outside while it waited for
 * the lock, goes on to the next one who waits.
 *
 * Stands on the locks. gevent has no condition of its own: it is that of Python's `threading`, patched.
 */
import { LoopExit, UsageError } from '../errors/classes.ts'
import { notAFunction, show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import type { Driven, Green, Operation } from '../protocol.ts'
import { HubOperation, operation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { call } from '../waiting/until.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import { WaitList } from '../waiting/wait-list.ts'
import { type AcquireOptions, ifEnded, nameOf, nameOfCurrent } from './acquire.ts'
import { RLock } from './rlock.ts'
import { Semaphore } from './semaphore.ts'

/**
 * Lets greenlets that share a lock wait for each other's changes: `wait()` until another one calls `notify()`.
 *
 * Those who wait are woken in the order in which they came, and get the lock back in that order. What was changed may have been changed
 * again until then, so a loop asks: {@link waitFor} is that loop.
 *
 * @source Python: `threading.Condition`
 * @example
 * ```ts
 * import { Condition, run, spawn } from 'greenloop'
 *
 * const condition = new Condition()
 * const items: string[] = []
 * spawn(function* () {
 *   yield* condition.with(() => {
 *     items.push('bread')
 *     condition.notify()
 *   })
 * })
 * await run(function* () {
 *   using _ = yield* condition.hold()
 *   yield* condition.waitFor(() => items.length > 0)
 *   console.log(items.pop()) // bread
 * })
 * ```
 */
export class Condition {
  /** What guards it. */
  readonly lock: RLock | Semaphore
  readonly #waits = new WaitList<NotifiedWait>(this)

  /**
   * @param lock - several conditions may share one. @defaultValue a new RLock
   * @throws UsageError when it is neither an RLock nor a Semaphore.
   */
  constructor(lock: RLock | Semaphore = new RLock()) {
    if (!(lock instanceof RLock || lock instanceof Semaphore)) {
      throw new UsageError(`new Condition() expects \`lock\` to be an RLock or a Semaphore, but got ${show(lock)}.`)
    }
    this.lock = lock
  }

  /** How many wait to be notified. */
  get waiting(): number {
    reads(this)
    return this.#waits.size
  }

  /** Takes the lock: its `acquire()`. @switches only if it must wait */
  acquire(options?: AcquireOptions): Operation<boolean> {
    return this.lock.acquire(options)
  }

  /** Releases the lock: its `release()`. @switches never */
  release(): void {
    this.lock.release()
  }

  /** Takes the lock for a block: its `hold()`. @switches only if it must wait */
  hold(options?: WaitOptions): Operation<Disposable> {
    return this.lock.hold(options)
  }

  /** Takes the lock while `fn(...args)` runs: its `with()`. @switches if it must wait, or `fn` does */
  with<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Operation<T> {
    return this.lock.with(fn, ...args)
  }

  /**
   * Releases the lock, however often it was acquired, waits until it is notified, and acquires it again, as often.
   *
   * It has the lock when it comes back, also when it is killed or timed out: those come after that. Getting it may take longer than
   * `timeoutMs`.
   *
   * @param options - `timeoutMs`
   * @returns true when it was notified, false when the time has passed.
   * @throws UsageError when the greenlet does not have the lock, and at the call for a wrong `timeoutMs`; LoopExit without the lock, when
   * that can never be had again.
   * @switches always
   */
  wait(options: WaitOptions = {}): Operation<boolean> {
    checkWaitOptions('wait()', options)
    return operation('condition.wait()', () => this.#wait(options.timeoutMs))
  }

  /**
   * Waits until `predicate()` is true, which is asked at first, and again after each notification.
   *
   * @param predicate - asked while the greenlet has the lock.
   * @param options - `timeoutMs`, for all of it.
   * @returns what it answered last; something false when the time has passed.
   * @throws what `predicate` throws; UsageError when the greenlet does not have the lock, and at the call for wrong arguments.
   * @switches only if it must wait
   */
  waitFor<T>(predicate: () => Driven<T>, options: WaitOptions = {}): Operation<T> {
    if (typeof predicate !== 'function') throw notAFunction('waitFor', predicate)
    checkWaitOptions('waitFor()', options)
    return operation('condition.waitFor()', () => this.#waitFor(predicate, options.timeoutMs))
  }

  /**
   * Wakes those who have waited longest. They go on when they have the lock, so not before it is released.
   *
   * @param n - how many, 0 and up. @defaultValue 1
   * @throws UsageError when the greenlet does not have the lock, or `n` is no such number.
   * @switches never
   */
  notify(n = 1): void {
    if (!(Number.isInteger(n) && n >= 0))
      throw new UsageError(`notify() expects \`n\` to be an integer, 0 or more, but got ${show(n)}.`)
    this.#checkOwned('notify')
    this.#wake(n)
  }

  /**
   * Wakes all who wait, in the order in which they came.
   *
   * @throws UsageError when the greenlet does not have the lock.
   * @switches never
   */
  notifyAll(): void {
    this.#checkOwned('notifyAll')
    this.#wake(this.#waits.size)
  }

  /** For messages. */
  toString(): string {
    return 'Condition'
  }

  #wake(n: number): void {
    writes(this) // also when nobody waits: whoever comes later is not woken by it
    for (let woken = 0; woken < n; woken++) this.#waits.shift()?.succeed(true)
  }

  *#wait(limit: Limit | undefined): Green<boolean> {
    this.#checkOwned('wait')
    const { lock } = this
    const state = lock.$releaseAll()
    const interrupts: Error[] = []
    let notified = false
    try {
      notified = yield* new Notified(this.#waits, limit)
      // eslint-disable-next-line greenloop/no-swallowed-interrupt -- it is thrown when the lock is there
    } catch (error) {
      interrupts.push(error as Error) // what is thrown at a wait is one
    }
    for (;;) {
      try {
        yield* lock.acquire()
        break
      } catch (error) {
        if (error instanceof LoopExit) throw error // nobody will ever release it
        interrupts.push(error as Error) // as above
      }
    }
    lock.$restore(state)
    const [interrupt, ...others] = interrupts
    if (interrupt === undefined) return notified
    if (notified) this.#wake(1)
    if (others.length > 0) (kernel.current.$pending ??= []).push(...others)
    throw interrupt
  }

  *#waitFor<T>(predicate: () => Driven<T>, limit: Limit | undefined): Green<T> {
    this.#checkOwned('waitFor')
    const { clock } = hubOf(kernel.current)
    const due = clock.now() + millisecondsOf(limit)
    for (;;) {
      const answer = yield* call(predicate, [])
      const left = due - clock.now()
      if (Boolean(answer) || left <= 0) return answer
      yield* this.#wait(left)
    }
  }

  #checkOwned(method: string): void {
    if (this.lock.$isHeld()) return
    const { $holder: holder } = this.lock
    const call = `condition.${method}()`
    const whose = holder === null ? 'nobody has' : `${nameOf(holder)} has${ifEnded(holder)}`
    const [wrong, right] = method.startsWith('notify') ? [call, `() => ${call}`] : [`yield* ${call}`, `() => ${call}`]
    throw new UsageError(
      `${nameOfCurrent()} called ${call} without its lock, which ${whose}.\n\n` +
        wrongRight(wrong, 'others may change what it is about', `yield* condition.with(${right})`),
    )
  }
}

/** How long a limit is; a Timeout that runs already interrupts by itself. */
function millisecondsOf(limit: Limit | undefined): number {
  if (typeof limit === 'number') return limit
  return limit === undefined || limit.pending ? Infinity : (limit.ms ?? Infinity)
}

/** The wait for a notification, without the lock. */
class Notified extends HubOperation<boolean> {
  readonly #waits: WaitList<NotifiedWait>
  readonly #limit: Limit | undefined

  constructor(waits: WaitList<NotifiedWait>, limit: Limit | undefined) {
    super()
    this.#waits = waits
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    const wait = new NotifiedWait(greenlet)
    this.#waits.push(wait)
    return wait.limit(this.#limit).park()
  }

  override toString(): string {
    return 'condition.wait()'
  }
}

class NotifiedWait extends Wait {
  override expired(): void {
    this.succeed(false)
  }

  override describe(): string {
    return 'condition.wait()'
  }

  because(): string {
    return 'nobody has notified it'
  }
}
