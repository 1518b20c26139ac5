/**
 * Nurseries: greenlets that cannot outlive the block that spawned them.
 *
 * Model. The body runs in the calling greenlet, the owner; what it spawns by the nursery are its children. The nursery is left when the
 * body and all children have ended. What goes wrong in one of them is a reason for all others to end: the children are killed, and the
 * body is interrupted at its wait.
 *
 * ```
 *   a child fails ─────────▶ the other children are killed, the body is interrupted ──┐
 *   the body fails ────────▶ the children are killed ─────────────────────────────────┼──▶ all have ended ──▶ thrown
 *   the owner is killed ───▶ the body ends, the children are killed ──────────────────┘
 * ```
 *
 * Invariants. Whatever happens, nobody is left behind. The interrupt that ends the body is the nursery's own, told by identity, and never
 * leaves it. An interrupt from outside (a kill or a Timeout of the owner) always goes on; a failure that cannot be thrown for that is
 * reported.
 *
 * Stands on `children.ts`. Leaves choosing to `src/several`.
 * @see gevent/gevent#1697, and `asyncio.TaskGroup`
 */
import { Interrupt, isInterrupt, UsageError } from '../errors/classes.ts'
import { checkMs, notAFunction, wrongRight } from '../errors/usage.ts'
import type { Greenlet, KillOptions } from '../gevent/greenlet.ts'
import { killall } from '../gevent/joinall.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED, kernel } from '../greenlet/kernel.ts'
import type { ErrorClass } from '../greenlet/raw-greenlet.ts'
import { hubOf } from '../hub/default.ts'
import type { Begun, Driven, Green, Operation } from '../protocol.ts'
import { operation } from '../waiting/operation.ts'
import { call } from '../waiting/until.ts'
import { Child, Children, postpone } from './children.ts'

/** What went wrong: a child, or (null) the body. */
interface Failure {
  readonly error: unknown
  readonly child: string | null
}

/** Ends the wait of the body because a child has failed. Passes through the body, and no further. */
class NurseryInterrupt extends Interrupt {
  constructor(child: string, cause: unknown) {
    super(`Greenlet "${child}" of the nursery failed, and all others are to end.`)
    this.cause = cause
  }
}

/** What the body of a {@link nursery} is given: spawns greenlets that end before it does. */
export class Nursery {
  readonly #owner: Coroutine
  readonly #children: Children
  readonly #failures: Failure[] = []
  /** The errors of these: one may come twice. */
  readonly #errors = new Set<unknown>()
  #interrupt: NurseryInterrupt | null = null
  #state: 'body' | 'waiting' | 'left' = 'body'

  /** @internal */
  constructor(owner: Coroutine) {
    this.#owner = owner
    this.#children = new Children('nursery()', (child) => {
      if (child.$status === FAILED) this.#fail((child as Child).$readFailure(), child.name) // it has adopted no others
    })
  }

  /** How many children live. Counts them. */
  get size(): number {
    return this.#children.living.filter(({ dead }) => !dead).length
  }

  /**
   * Spawns a child: `spawn`, but the nursery is not left before it has ended, and its failure ends all others. Anybody may call it who
   * has the nursery. When all are to end, the new one is killed before it runs.
   *
   * @param fn - the body: a generator function, or any function.
   * @param args - what it is called with.
   * @throws UsageError when `fn` is no function, and when the nursery was left.
   * @switches never
   */
  spawn<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Greenlet<T> {
    if (typeof fn !== 'function') throw notAFunction('spawn', fn)
    return this.#adopt(new Child(fn, ...args))
  }

  /**
   * {@link spawn}, `ms` milliseconds later. It counts as a child from now on.
   *
   * @param ms - milliseconds, 0 and up.
   * @throws UsageError as `spawn` does, and when `ms` is negative or not a number.
   * @switches never
   */
  spawnLater<A extends readonly unknown[], T>(ms: number, fn: (...args: A) => Driven<T>, ...args: A): Greenlet<T> {
    checkMs('spawnLater()', 'ms', ms)
    if (typeof fn !== 'function') throw notAFunction('spawnLater', fn)
    return this.#adopt(new Child(fn, ...args), ms)
  }

  #adopt<T, A extends readonly unknown[]>(child: Child<T, A>, ms?: number): Child<T, A> {
    reads(this.#children)
    if (this.#state === 'left') throw spawnedTooLate(child)
    this.#children.adopt(child, ms)
    return child
  }

  /**
   * Kills the children that live now, which is no failure. The body goes on, and may spawn others. The effect is at the call; driving the
   * call waits until they have ended.
   *
   * @param error - an Error, or a class of errors. @defaultValue `GreenletExit`
   * @param options - `block`: whether driving the call waits; `timeoutMs`: how long at the most.
   * @throws as `killall` does.
   * @switches only if it must wait
   */
  kill(error?: Error | ErrorClass, options?: KillOptions): Begun<void> {
    return killall(this.#children.living, error, options)
  }

  /** @internal */
  *$run<T>(body: (nursery: this) => Driven<T>): Green<T> {
    const outside: unknown[] = []
    let value: T | undefined
    try {
      value = yield* call(body, [this])
    } catch (error) {
      if (isInterrupt(error) && !carries(error, this.#interrupt)) {
        outside.push(error)
        this.#children.press()
      } else if (error !== this.#interrupt) {
        this.#fail(error, null)
      }
    }
    writes(this.#children) // which stand for the nursery
    this.#state = 'waiting'
    this.#withdraw()
    outside.push(...(yield* this.#children.end()))
    writes(this.#children)
    this.#state = 'left'
    return this.#leave(outside, value as T) // when nothing has failed, the body has returned
  }

  #leave<T>(outside: readonly unknown[], value: T): T {
    if (outside.length > 0) {
      const [first, ...later] = outside
      postpone(later)
      for (const { error, child } of this.#failures) {
        hubOf(this.#owner).tell(error, { name: child ?? `nursery() in ${this.#owner.name}` })
      }
      throw first
    }
    if (this.#failures.length > 1) throw severalFailures(this.#failures)
    for (const { error } of this.#failures) throw error
    return value
  }

  /** Something of it has failed: all others are to end. */
  #fail(error: unknown, child: string | null): void {
    writes(this.#children)
    if (this.#errors.has(error)) return // one has waited for the other by get()
    this.#errors.add(error)
    this.#failures.push({ error, child })
    this.#children.dismiss()
    if (child === null || this.#state !== 'body' || this.#interrupt !== null) return
    this.#interrupt = new NurseryInterrupt(child, error)
    hubOf(this.#owner).interrupt(this.#owner, this.#interrupt)
  }

  /** The body has ended: it is not interrupted any more. */
  #withdraw(): void {
    const pending = this.#owner.$pending?.filter((error) => error !== this.#interrupt) ?? []
    this.#owner.$pending = pending.length > 0 ? pending : null
  }
}

/**
 * Runs `body` in the calling greenlet, and is left only when all greenlets have ended that it has spawned by the nursery it is given.
 *
 * The first failure, of a child or of the body, ends all others: the children are killed, the body is interrupted at its wait. When they
 * have ended, their `finally` blocks included, it is thrown. A kill or a `Timeout` of the caller reaches the body first and then all
 * children, and goes on when they have ended; each further one that comes while they are waited for is passed on to those that still live,
 * so that nobody is left behind.
 *
 * @param body - a generator function, or any function; it is given the nursery.
 * @returns what the body returns.
 * @throws the first failure; AggregateError with all of them, in the order of time, when there were several; UsageError at the call when
 * `body` is no function.
 * @switches if the body does, or while children live
 * @example
 * ```ts
 * import { nursery, sleep } from 'greenloop'
 *
 * function* cook(dish: string, ms: number) {
 *   yield* sleep(ms)
 *   console.log(dish)
 *   return dish
 * }
 * const dinner = await nursery(function* (n) {
 *   const soup = n.spawn(cook, 'soup', 1)
 *   n.spawn(cook, 'cake', 3)
 *   return yield* soup.get()
 * })
 * console.log('after', dinner)
 * // soup
 * // cake
 * // after soup
 * ```
 */
export function nursery<T>(body: (nursery: Nursery) => Driven<T>): Operation<T> {
  if (typeof body !== 'function') throw notAFunction('nursery', body)
  return operation('nursery()', () => new Nursery(kernel.current).$run(body))
}

/** Whether `error` is `interrupt`, or a SuppressedError that it lies in. */
function carries(error: unknown, interrupt: NurseryInterrupt | null): boolean {
  if (error === interrupt) return true
  if (typeof error !== 'object' || error === null || !('suppressed' in error) || !('error' in error)) return false
  return carries(error.error, interrupt) || carries(error.suppressed, interrupt)
}

function severalFailures(failures: readonly Failure[]): AggregateError {
  const rows = failures.map(({ error, child }) => `  ${child === null ? 'the body' : `"${child}"`}: ${String(error)}`)
  return new AggregateError(
    failures.map(({ error }) => error),
    `${String(failures.length)} failures in one nursery:\n${rows.join('\n')}`,
  )
}

function spawnedTooLate(child: Coroutine): UsageError {
  return new UsageError(
    `A nursery was left, and was then to spawn "${child.name}"; nobody would wait for it.\n\n${wrongRight('nursery.spawn(work)', 'kept, and called after the block', 'yield* nursery(function* (n) { n.spawn(work) })')}`,
  )
}
