/**
 * Waiting for time, and for nothing: `sleep`.
 *
 * Stands on the hub's timers.
 */
import { checkMs } from '../errors/usage.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import { Timer } from '../hub/timers.ts'
import type { Operation } from '../protocol.ts'
import { begun, HubOperation } from '../waiting/operation.ts'

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
export function sleep(ms = 0, { ref = true }: SleepOptions = {}): Operation<void> {
  if (ms === 0) return kernel.debug === null ? NEXT_TURN : new NextTurn()
  checkMs('sleep()', 'ms', ms)
  return new Sleep(ms, ref)
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
  readonly ms: number
  readonly ref: boolean

  constructor(ms: number, ref: boolean) {
    super()
    this.ms = ms
    this.ref = ref
  }

  override begin(greenlet: Coroutine): Step<void> {
    const hub = hubOf(greenlet)
    const sleeper = new Sleeper(greenlet, hub, this.ms)
    if (!this.ref) sleeper.isRef = false
    if (this.ms !== Infinity) hub.timers.add(sleeper, this.ms)
    return hub.park(greenlet, sleeper)
  }

  override toString(): string {
    return `sleep(${String(this.ms)})`
  }
}

/** A wait that is its own timer: a hundred thousand sleepers are a hundred thousand of these and nothing else. */
class Sleeper extends Timer {
  readonly #greenlet: Coroutine
  readonly #hub: Hub
  readonly #ms: number

  constructor(greenlet: Coroutine, hub: Hub, ms: number) {
    super()
    this.#greenlet = greenlet
    this.#hub = hub
    this.#ms = ms
  }

  override expired(): void {
    this.#hub.wake(this.#greenlet, undefined)
  }

  undo(): void {
    this.#hub.timers.remove(this)
  }

  describe(): string {
    return `sleep(${String(this.#ms)})`
  }
}
