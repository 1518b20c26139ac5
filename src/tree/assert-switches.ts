/**
 * gevent's `assert_switches`: that code gives way, and soon enough.
 *
 * Everybody's stretches are measured as long as the body goes on: from where a greenlet gets control to where it gives it away. Two hooks
 * tell of these, the watchers of transfers and the observers of the hub; they are there only as long as it goes on.
 *
 * Stands on both. Leaves to `Monitor` what nobody has asserted.
 */
import { FailedToSwitchError } from '../errors/classes.ts'
import { checkFlag, checkMs, checkOptions, notAFunction } from '../errors/usage.ts'
import { type Coroutine, type GreenletFrame, kernel } from '../greenlet/kernel.ts'
import { addWatcher, removeWatcher } from '../greenlet/trace.ts'
import { placeText } from '../hub/deadlock.ts'
import { hubOf } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import { addObserver, removeObserver } from '../hub/observers.ts'
import type { HubObserver } from '../hub/report.ts'
import type { Driven, Green, Operation } from '../protocol.ts'
import { operation } from '../waiting/operation.ts'
import { call } from '../waiting/until.ts'
import { duration } from './duration.ts'

/** What {@link assertSwitches} asks for. */
export interface AssertSwitchesOptions {
  /**
   * How long anybody may run without giving control away, in milliseconds, 0 and up. The body need not switch then, if it is that short;
   * with `hubOnly` it must.
   */
  maxBlockingMs?: number
  /** Whether only the hub counts: a `switch()` to another greenlet is as good as none. @defaultValue false */
  hubOnly?: boolean
}

/**
 * Runs `body` and asserts that it gives way: for tests, and for code that must not hold up everybody else.
 *
 * Without options it must switch, to whomever, at least once. With `maxBlockingMs` nobody may run longer than that without a switch while
 * the body goes on: neither the body nor any other greenlet, since each holds up all. What runs too long is not interrupted; it is told of
 * when the body has ended.
 *
 * @param body - a generator function, or any function; it runs in the calling greenlet.
 * @param options - `maxBlockingMs`, `hubOnly`.
 * @returns what the body returns.
 * @throws FailedToSwitchError when it has not switched, or somebody ran too long; what the body throws, as it is; UsageError at the call
 * when `body` is no function, or an option is none.
 * @switches if the body does
 * @source gevent: `gevent.util.assert_switches`
 * @example
 * ```ts
 * import { assertSwitches, run, sleep } from 'greenloop'
 *
 * await run(function* () {
 *   const sum = yield* assertSwitches(function* () {
 *     let sum = 0
 *     for (let n = 1; n <= 1000; n++) {
 *       sum += n
 *       if (n % 100 === 0) yield* sleep(0)
 *     }
 *     return sum
 *   })
 *   console.log(sum) // 500500
 *   try {
 *     yield* assertSwitches(() => JSON.parse('[1, 2, 3]'))
 *   } catch (err) {
 *     console.log(String(err).replace(/\d.* ms/, '...'))
 *   }
 * })
 * // FailedToSwitchError: Greenlet "main" ran ... without a switch to anybody; assertSwitches() asks for one.
 * // A loop gives way by `yield* sleep(0)`.
 * ```
 */
export function assertSwitches<T>(body: () => Driven<T>, options: AssertSwitchesOptions = {}): Operation<T> {
  if (typeof body !== 'function') throw notAFunction('assertSwitches', body)
  checkOptions('assertSwitches()', options, '{ maxBlockingMs: 100 }')
  const { maxBlockingMs, hubOnly = false } = options
  if (maxBlockingMs !== undefined) checkMs('assertSwitches()', 'maxBlockingMs', maxBlockingMs)
  checkFlag('assertSwitches()', 'hubOnly', hubOnly)
  return operation('assertSwitches()', () => watched(body, maxBlockingMs ?? null, hubOnly))
}

function* watched<T>(body: () => Driven<T>, limit: number | null, hubOnly: boolean): Green<T> {
  const stretches = new Stretches(hubOf(kernel.current), hubOnly)
  stretches.watch()
  try {
    const value = yield* call(body, [])
    stretches.assert(limit)
    return value
  } finally {
    stretches.unwatch()
  }
}

/** Somebody had control. */
interface Stretch {
  readonly name: string
  readonly from: number
  /** Where it went on; null: not known, or not asked for. */
  readonly place: GreenletFrame | null
}

/** The stretches in which somebody had control, and how long the longest was. */
class Stretches implements HubObserver {
  readonly #hub: Hub
  readonly #hubOnly: boolean
  /** Null while the hub has control. */
  #now: Stretch | null = null
  #switched = false
  #longest: Stretch | null = null
  #longestMs = -1

  constructor(hub: Hub, hubOnly: boolean) {
    this.#hub = hub
    this.#hubOnly = hubOnly
  }

  watch(): void {
    // As if it were suspended here: this is the place where it begins.
    kernel.debug?.suspended(kernel.current)
    this.#begin(kernel.current)
    addWatcher(this.#onTransfer)
    addObserver(this.#hub, this)
  }

  unwatch(): void {
    removeWatcher(this.#onTransfer)
    removeObserver(this.#hub, this)
  }

  /** @throws FailedToSwitchError when nobody has switched, or somebody ran longer than `limit`. */
  assert(limit: number | null): void {
    const switched = this.#switched
    this.#end()
    const longest = this.#longest
    const tooLong = limit !== null && this.#longestMs > limit
    const tooFew = !switched && (limit === null || this.#hubOnly)
    if (longest === null || (!tooLong && !tooFew)) return
    const { name, place } = longest
    throw new FailedToSwitchError(
      `Greenlet "${name}" ran ${duration(this.#longestMs)} without a switch to ${this.#hubOnly ? 'the hub' : 'anybody'}` +
        `${place === null ? '' : ` since it went on ${placeText(place.file, place.line)}`}; ` +
        `assertSwitches() ${limit !== null && tooLong ? `allows ${duration(limit)}` : 'asks for one'}.\n` +
        'A loop gives way by `yield* sleep(0)`.',
    )
  }

  readonly #onTransfer = (origin: Coroutine, target: Coroutine): void => {
    const { main } = kernel
    if (this.#hubOnly && this.#now !== null && origin !== main && target !== main) return
    this.#end()
    this.#switched = true
    if (target !== main) this.#begin(target)
  }

  blocked(): void {
    this.#end()
    this.#switched = true
  }

  ended(greenlet: Coroutine): void {
    if (greenlet === kernel.current) this.#end()
  }

  spawned(): void {
    // it does not run yet
  }

  woken(): void {
    // nor does it run now
  }

  interrupted(): void {
    // nor now
  }

  #begin(greenlet: Coroutine): void {
    const place = kernel.debug?.frameOf(greenlet) ?? null
    this.#now = { name: greenlet.name, from: this.#hub.clock.now(), place }
  }

  #end(): void {
    if (this.#now === null) return
    const ms = this.#hub.clock.now() - this.#now.from
    if (ms > this.#longestMs) {
      this.#longest = this.#now
      this.#longestMs = ms
    }
    this.#now = null
  }
}
