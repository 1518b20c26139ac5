/**
 * What taking a permit has in common, be it of a semaphore or of a lock: the operations, and the wait in the line.
 *
 * Stands on linkables. Leaves to the lock whether somebody may take at once, and what is kept of who has taken.
 */
import { UsageError } from '../errors/classes.ts'
import { notAFunction, show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel, RETURNED } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Driven, Green, Operation } from '../protocol.ts'
import { LinkWait } from '../waiting/linkable.ts'
import { HubOperation, operation } from '../waiting/operation.ts'
import { checkWaitOptions, lateError, type WaitOptions } from '../waiting/timeout.ts'
import { call } from '../waiting/until.ts'
import type { Limit } from '../waiting/wait.ts'

/** How `acquire` waits. */
export interface AcquireOptions extends WaitOptions {
  /** Whether it waits at all; if not, it gives false at once when nothing is free. @defaultValue true */
  blocking?: boolean
}

/** What can be acquired, as its operations see it. */
export interface Acquirable {
  /** How it is called in messages: `semaphore`, `lock`. */
  readonly $noun: string
  /** Takes a permit for `greenlet` if that may be done at once; `first`: also when the line comes first. */
  $take(greenlet: Coroutine, first: boolean): boolean
  /** Puts `greenlet` in the line. `gives` is what its operation gives when it has a permit. */
  $line(greenlet: Coroutine, gives: true | Held, limit: Limit | undefined): Step<never>
  acquire(): Operation<boolean>
  release(): unknown
}

/** The line, as those see it who stand in it. */
export interface Line {
  readonly $noun: string
  /** How many permits are free. */
  readonly counter: number
  /** Who is to blame that nothing is free, as far as that is known. */
  readonly $holder: Coroutine | null
  /** Puts a wait at the end. */
  $enter(wait: LinkWait): void
  /** A permit is free, and the first of the line has it now. */
  $give(greenlet: Coroutine): void
  /** Why nothing is free. */
  $because(): string
}

/** Checks the options of `acquire`; both classes of gevent's arguments are known mistakes. */
function checkAcquire(noun: string, options: unknown): asserts options is AcquireOptions {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(
      `acquire() expects its options as an object, but got ${show(options)}.\n\n` +
        wrongRight(
          `yield* ${noun}.acquire(${String(options)})`,
          'an argument of its own',
          `yield* ${noun}.acquire({ blocking: false })`,
        ),
    )
  }
  checkWaitOptions('acquire()', options, 'blocking')
  const { blocking, timeoutMs } = options as AcquireOptions // they were checked
  if (blocking === false && timeoutMs !== undefined) {
    throw new UsageError(
      `acquire() was told not to wait, and how long to wait: \`timeoutMs\` is ${show(timeoutMs)}.\n\n` +
        wrongRight(
          `yield* ${noun}.acquire({ blocking: false, timeoutMs: 10 })`,
          'contradicts itself',
          `yield* ${noun}.acquire({ timeoutMs: 10 })`,
          'gives false after 10 ms',
        ),
    )
  }
}

/** `acquire()`: one for all calls of a lock. */
export class Acquire extends HubOperation<boolean> {
  readonly #lock: Acquirable

  constructor(lock: Acquirable) {
    super()
    this.#lock = lock
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#lock.$take(greenlet, false) ? ready(true) : this.#lock.$line(greenlet, true, undefined)
  }

  override toString(): string {
    return `${this.#lock.$noun}.acquire()`
  }
}

/** `acquire({ ... })`. */
export class AcquireWith extends HubOperation<boolean> {
  readonly #lock: Acquirable
  readonly #options: AcquireOptions

  constructor(lock: Acquirable, options: AcquireOptions) {
    super()
    checkAcquire(lock.$noun, options)
    this.#lock = lock
    this.#options = options
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    const { blocking, timeoutMs } = this.#options
    if (this.#lock.$take(greenlet, blocking === false)) return ready(true)
    return blocking === false ? ready(false) : this.#lock.$line(greenlet, true, timeoutMs)
  }

  override toString(): string {
    return `${this.#lock.$noun}.acquire()`
  }
}

/** `hold()`. */
export class Hold extends HubOperation<Disposable> {
  readonly #lock: Acquirable
  readonly #limit: Limit | undefined

  constructor(lock: Acquirable, options: WaitOptions) {
    super()
    checkWaitOptions('hold()', options)
    this.#lock = lock
    this.#limit = options.timeoutMs
  }

  override begin(greenlet: Coroutine): Step<Disposable> {
    const held = new Held(this.#lock)
    return this.#lock.$take(greenlet, false) ? ready(held) : this.#lock.$line(greenlet, held, this.#limit)
  }

  override toString(): string {
    return `${this.#lock.$noun}.hold()`
  }
}

/** `with()`: takes a permit, runs `fn(...args)`, and puts it back. */
export function withAcquired<A extends readonly unknown[], T>(
  lock: Acquirable,
  fn: (...args: A) => Driven<T>,
  args: A,
): Operation<T> {
  if (typeof fn !== 'function') throw notAFunction('with', fn)
  return operation(`${lock.$noun}.with(${fn.name})`, function* (): Green<T> {
    yield* lock.acquire()
    try {
      return yield* call(fn, args)
    } finally {
      lock.release()
    }
  })
}

/** A permit that goes back when it is disposed of. */
export class Held implements Disposable {
  #lock: Acquirable | null

  constructor(lock: Acquirable) {
    this.#lock = lock
    writes(this)
  }

  [Symbol.dispose](): void {
    writes(this)
    const lock = this.#lock
    this.#lock = null
    lock?.release()
  }
}

/** `wait()` of a semaphore. */
export class WaitUntilFree extends HubOperation<number> {
  readonly #line: Line
  readonly #limit: Limit | undefined

  constructor(line: Line, options: WaitOptions) {
    super()
    checkWaitOptions('wait()', options)
    this.#line = line
    this.#limit = options.timeoutMs
  }

  override begin(greenlet: Coroutine): Step<number> {
    const { counter } = this.#line
    if (counter > 0) return ready(counter)
    const wait = new FreeWait(greenlet, this.#line)
    this.#line.$enter(wait)
    return wait.limit(this.#limit).park()
  }

  override toString(): string {
    return `${this.#line.$noun}.wait()`
  }
}

/** Stands in the line. */
abstract class LineWait extends LinkWait {
  protected readonly line: Line

  constructor(greenlet: Coroutine, line: Line) {
    super(greenlet)
    this.line = line
  }

  waitsFor(): readonly Coroutine[] {
    const { $holder: holder } = this.line
    return holder === null ? [] : [holder]
  }

  because(): string {
    return this.line.$because()
  }
}

/** Takes a permit when it is told that one is free. */
export class AcquireWait extends LineWait {
  readonly #gives: true | Held

  constructor(greenlet: Coroutine, line: Line, gives: true | Held) {
    super(greenlet, line)
    this.#gives = gives
  }

  override notify(): void {
    this.line.$give(this.greenlet)
    this.succeed(this.#gives)
  }

  override expired(limit: Limit): void {
    if (this.#gives === true) this.succeed(false)
    else this.fail(lateError(limit))
  }

  override describe(): string {
    return `${this.line.$noun}.${this.#gives === true ? 'acquire' : 'hold'}()`
  }
}

/** Takes nothing. */
class FreeWait extends LineWait {
  override notify(): void {
    this.succeed(this.line.counter)
  }

  override expired(): void {
    this.succeed(this.line.counter)
  }

  override describe(): string {
    return `${this.line.$noun}.wait()`
  }
}

/** A greenlet as a message names it, within a sentence. */
export function nameOf(greenlet: Coroutine): string {
  return greenlet === kernel.main ? 'plain code' : `greenlet "${greenlet.name}"`
}

/** The running greenlet, as a message that begins with it names it. */
export function nameOfCurrent(): string {
  const name = nameOf(kernel.current)
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** Says of a holder that has ended that it cannot release any more. */
export function ifEnded(holder: Coroutine): string {
  reads(holder)
  return holder.$status >= RETURNED ? ', which has ended' : ''
}
