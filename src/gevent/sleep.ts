/**
 * Waiting for time, and for nothing: `sleep` and `idle`.
 *
 * Stands on the hub's timers and its clock.
 */
import { checkFlag, checkMs, checkOptions } from '../errors/usage.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import { Timer } from '../hub/timers.ts'
import type { Operation } from '../protocol.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'

/** How `sleep` is counted. */
export interface SleepOptions {
  /** Whether it keeps the process alive, and `wait()` waiting. @defaultValue true */
  ref?: boolean
}

/**
 * Waits for `ms` milliseconds, at least.
 *
 * `sleep(0)` lets everybody run who is ready now, and sockets and timers be served in between.
 *
 * @param ms - how long, 0 and up; `Infinity` until killed. @defaultValue 0
 * @param options - `ref: false`: neither the process nor `wait()` stays for it.
 * @throws UsageError at the call, when `ms` is negative or not a number.
 * @switches always
 * @source gevent: `gevent.sleep` (which takes seconds)
 * @example
 * ```ts
 * import { sleep, spawn } from 'greenloop'
 *
 * const g = spawn(function* () {
 *   yield* sleep(5)
 *   return 'rested'
 * })
 * console.log(await g.get()) // rested
 * ```
 */
export function sleep(ms = 0, options?: SleepOptions): Operation<void> {
  if (options !== undefined) {
    checkOptions('sleep()', options, '{ ref: false }')
    checkFlag('sleep()', 'ref', options.ref)
  }
  if (ms === 0) return kernel.debug === null ? NEXT_TURN : new NextTurn()
  checkMs('sleep()', 'ms', ms)
  return options?.ref === false ? new UncountedSleep(ms) : new Sleep(ms)
}

class NextTurn extends HubOperation<void> {
  override begin(greenlet: Coroutine): Step<void> {
    return hubOf(greenlet).giveTurn(greenlet)
  }

  override toString(): string {
    return 'sleep(0)'
  }
}
const NEXT_TURN: Operation<void> = begun(new NextTurn()) // there is nothing of it to be driven

class Sleep extends HubOperation<void> {
  declare readonly ms: number

  constructor(ms: number) {
    super()
    this.ms = ms
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.park(greenlet, new Sleeper(greenlet))
  }

  protected park(greenlet: Coroutine, sleeper: Sleeper): Step<void> {
    const hub = hubOf(greenlet)
    if (this.ms !== Infinity) hub.timers.add(sleeper, this.ms)
    return hub.park(greenlet, sleeper)
  }

  override toString(): string {
    return `sleep(${String(this.ms)})`
  }
}

/** One for whom neither the process nor `wait()` stays. */
class UncountedSleep extends Sleep {
  override begin(greenlet: Coroutine): Step<void> {
    const sleeper = new Sleeper(greenlet)
    sleeper.isRef = false
    return this.park(greenlet, sleeper)
  }
}

/** A wait that is its own timer: a hundred thousand sleepers are a hundred thousand of these and nothing else. */
class Sleeper extends Timer {
  declare private readonly greenlet: Coroutine

  constructor(greenlet: Coroutine) {
    super()
    this.greenlet = greenlet
  }

  override expired(): void {
    hubOf(this.greenlet).wake(this.greenlet, undefined)
  }

  undo(): void {
    hubOf(this.greenlet).timers.remove(this)
  }

  override describe(): string {
    return `sleep(${String(this.list?.ms ?? Infinity)})`
  }
}

/**
 * Waits until nobody else is ready, after sockets and timers have been looked at: for work that is to be done when there is no other.
 *
 * While others are always ready it does not come back. Node knows no priorities: several who are idle go on in the order in which they came.
 *
 * @switches always
 * @source gevent: `gevent.idle`
 * @example
 * ```ts
 * import { idle, sleep, spawn } from 'greenloop'
 *
 * spawn(function* () {
 *   for (let n = 1; n <= 3; n++) {
 *     console.log('busy', n)
 *     yield* sleep(0)
 *   }
 * })
 * await idle()
 * console.log('idle')
 * // busy 1
 * // busy 2
 * // busy 3
 * // idle
 * ```
 */
export function idle(): Operation<void> {
  return kernel.debug === null ? IDLE : new Idle('idle()')
}

/** Waits until nobody is ready; tests have it under a name of their own. */
export class Idle extends HubOperation<void> {
  readonly #text: string

  /** @param text - the call, as it stands in messages. */
  constructor(text: string) {
    super()
    this.#text = text
  }

  override begin(greenlet: Coroutine): Step<void> {
    const wait = new Idler(greenlet, this.#text)
    writes(wait.hub.clock) // several go on in the order in which they came
    wait.look()
    return wait.park()
  }

  override toString(): string {
    return this.#text
  }
}
const IDLE: Operation<void> = begun(new Idle('idle()')) // there is nothing of it to be driven

class Idler extends Wait {
  #over = false
  readonly #text: string

  constructor(greenlet: Coroutine, text: string) {
    super(greenlet)
    this.#text = text
  }

  /** Looks after the next I/O whether somebody is ready, and again, until nobody is. */
  look(): void {
    this.hub.clock.afterIO(() => {
      if (this.#over) return
      if (this.hub.busy) this.look()
      else this.succeed(undefined)
    })
  }

  protected override leave(): void {
    this.#over = true
  }

  override describe(): string {
    return this.#text
  }
}
