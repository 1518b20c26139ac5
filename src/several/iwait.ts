/**
 * `iwait`: several things, each given when it is ready.
 *
 * The links are made by the first `next()` and stay between two values, so that nothing is missed that is ready only for a moment; whatever
 * becomes ready then is kept. Who gives up a `next()` leaves no link.
 *
 * Stands on the waits of `wait.ts` and on cursors.
 */

import { checkCount, refuseSelf } from '../gevent/joinall.ts'
import { writes } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import type { Operation } from '../protocol.ts'
import { Ring } from '../queues/ring.ts'
import { Cursor, secondReader } from '../waiting/cursor.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions } from '../waiting/timeout.ts'
import type { Limit } from '../waiting/wait.ts'
import { SourcesWait, type WaitForOptions } from './wait.ts'
import { isOutside, objectOf, type Source, sourcesOf, type Waitable } from './waitable.ts'

/**
 * Gives the objects one by one, each when it is ready, in that order.
 *
 * Nothing is linked before the first `next()`. Reading to the end, leaving `using` and giving up a `next()` unlink the rest; a later `next()`
 * links it again. While nobody waits in `next()` what becomes ready is kept.
 *
 * @param objects - as for `wait`.
 * @param options - `timeoutMs`: from the first `next()` on, how long at the most; then it ends, with those that were ready; `count`: so
 * many are given.
 * @throws UsageError at the call for something that cannot be waited for; ConcurrentObjectUseError from `next()` while another greenlet
 * waits in it.
 * @switches never; its `next()` only if it must wait
 * @source gevent: `gevent.iwait`
 * @example
 * ```ts
 * import { iwait, run, sleep, spawn } from 'greenloop'
 *
 * function* worker(ms: number) {
 *   yield* sleep(ms)
 *   return ms
 * }
 * await run(function* () {
 *   using done = iwait([spawn(worker, 30), spawn(worker, 1)])
 *   while (yield* done.next()) console.log(done.value.value)
 * })
 * // 1
 * // 30
 * ```
 */
export function iwait<T extends Waitable>(objects: Iterable<T>, options: WaitForOptions = {}): Cursor<T> {
  checkWaitOptions('iwait()', options)
  checkCount('iwait()', options.count)
  return new Iwait<T>(sourcesOf('iwait()', objects), options)
}

class Iwait<T> extends Cursor<T> implements Listener<Source> {
  /** Those that have not told us, and how often each was given. */
  readonly #missing = new Map<Source, number>()
  /** How many of them the hub knows nothing of. */
  #outside: number
  readonly #limit: Limit | undefined
  #hub: Hub | null = null
  /** Ready and not read yet. */
  readonly #there = new Ring<Source>()
  /** How many are still to be given. */
  #left: number
  #linked = false
  #reader: IwaitWait | null = null
  /** When it ends, by the hub's clock; null before the first `next()`. */
  #due: number | null = null

  constructor(sources: readonly Source[], { timeoutMs, count = sources.length }: WaitForOptions) {
    super()
    for (const source of sources) this.#missing.set(source, (this.#missing.get(source) ?? 0) + 1)
    this.#outside = [...this.#missing.keys()].filter(isOutside).length
    this.#limit = timeoutMs
    this.#left = Math.min(count, sources.length)
  }

  override next(): Operation<boolean> {
    return new IwaitNext(this)
  }

  override [Symbol.dispose](): void {
    writes(this)
    this.#close()
    const reader = this.#takeReader()
    reader?.succeed(this.end())
  }

  /** @internal */
  begin(greenlet: Coroutine): Step<boolean> {
    writes(this)
    if (this.#reader !== null) {
      throw secondReader('iwait().next()', greenlet, this.#reader.greenlet)
    }
    if (this.#there.size === 0 && this.#isLate()) this.#close()
    this.#hub = hubOf(greenlet)
    const now = this.#hub.clock.now()
    this.#due ??= now + msOf(this.#limit)
    if (!this.#linked) this.#link()
    if (this.#there.size > 0) return ready(this.#give())
    if (this.#left === 0) return ready(this.end())
    if (this.#missing.size === 1) refuseSelf(greenlet, [...this.#missing.keys()], 'iwait')
    const due = this.#due
    this.#reader = new IwaitWait(greenlet, this, this.#outside > 0)
    return this.#reader.limit(due === Infinity ? undefined : due - now).park()
  }

  notify(source: Source): void {
    writes(this)
    if (this.#reader === null && this.#isLate()) {
      this.#left = this.#there.size // those were in time
      this.#unlink()
      return
    }
    this.#told(source)
    const reader = this.#takeReader()
    if (reader !== null) reader.succeed(this.#give())
  }

  /** @internal A `next()` was given up. */
  cutShort(): void {
    writes(this)
    this.#reader = null
    this.#unlink()
  }

  /** @internal The time has passed. */
  timeUp(): boolean {
    this.#close()
    return this.end()
  }

  /** @internal Those that have not told us. */
  missing(): readonly Source[] {
    return [...this.#missing.keys()]
  }

  #isLate(): boolean {
    return this.#hub !== null && this.#due !== null && this.#hub.clock.now() >= this.#due
  }

  #takeReader(): IwaitWait | null {
    const reader = this.#reader
    this.#reader = null
    reader?.over()
    return reader
  }

  #told(source: Source): void {
    const times = this.#missing.get(source) ?? 0
    if (times > 1) this.#missing.set(source, times - 1)
    else {
      this.#missing.delete(source)
      if (isOutside(source)) this.#outside--
    }
    this.#there.push(source)
    if (this.#there.size === this.#left) this.#unlink()
  }

  #give(): boolean {
    this.#left--
    return this.moveTo(objectOf(this.#there.shift()) as T) // what was given is a T
  }

  #link(): void {
    this.#linked = true
    for (const [source, times] of [...this.#missing]) {
      for (let n = 0; n < times && this.#there.size < this.#left; n++) {
        if (source.ready()) this.#told(source)
        else source.$listen(this)
      }
    }
  }

  #unlink(): void {
    this.#linked = false
    for (const [source, times] of this.#missing) for (let n = 0; n < times; n++) source.$ignore(this)
  }

  #close(): void {
    this.#unlink()
    while (this.#there.size > 0) this.#there.shift()
    this.#left = 0
  }
}

function msOf(limit: Limit | undefined): number {
  if (limit === undefined) return Infinity
  return typeof limit === 'number' ? limit : limit.pending ? Infinity : (limit.ms ?? Infinity)
}

class IwaitNext extends HubOperation<boolean> {
  readonly #cursor: Iwait<unknown>

  constructor(cursor: Iwait<unknown>) {
    super()
    this.#cursor = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#cursor.begin(greenlet)
  }

  override toString(): string {
    return 'iwait().next()'
  }
}

class IwaitWait extends SourcesWait {
  readonly #cursor: Iwait<unknown>

  constructor(greenlet: Coroutine, cursor: Iwait<unknown>, outside: boolean) {
    super(greenlet, 'iwait', outside)
    this.#cursor = cursor
  }

  /** It has ended by being told. */
  over(): void {
    super.leave()
  }

  override expired(): void {
    this.succeed(this.#cursor.timeUp())
  }

  protected override leave(): void {
    super.leave()
    this.#cursor.cutShort()
  }

  protected override missing(): readonly Source[] {
    return this.#cursor.missing()
  }
}
