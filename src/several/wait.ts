/**
 * Waiting for several things, in the order in which they become ready: `wait`.
 *
 * Whatever is ready when one begins to wait comes first, in the order of the list; the rest as it becomes ready. All are asked with the same
 * listener. A wait that is cut short has no link left on anything.
 *
 * Stands on sources (`waitable.ts`). Leaves giving them one by one to `iwait.ts`, and waiting for ends alone to `src/gevent`.
 */

import { checkCount, refuseSelf } from '../gevent/joinall.ts'
import { writes } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { IdleWait } from '../hub/tasks.ts'
import type { Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import {
  describeSource,
  greenletsAmong,
  isOutside,
  objectOf,
  type Source,
  sourcesOf,
  type Waitable,
} from './waitable.ts'

/** How `wait` and `iwait` wait. */
export interface WaitForOptions extends WaitOptions {
  /** Be content with so many. @defaultValue all */
  count?: number
}

/**
 * Waits until all objects are ready: greenlets (ended), events and the like, promises (settled), AbortSignals (aborted).
 *
 * Nothing is taken: no permit of a semaphore, no value. What went wrong with one is not thrown; ask the objects.
 *
 * Without objects it waits until nothing is left that could make anybody go on: nobody is ready, no timer runs, no promise or socket is
 * waited for. `sleep(ms, { ref: false })` does not count.
 *
 * @param objects - any iterable; one that is in it twice is listed twice.
 * @param options - `timeoutMs`: how long at the most; `count`: be content with so many.
 * @returns those that are ready, in the order in which they became so; when the time has passed they are fewer. Without objects true, or
 * false when the time has passed.
 * @throws UsageError at the call for something that cannot be waited for.
 * @switches only if it must wait; without objects always
 * @source gevent: `gevent.wait`
 * @example
 * ```ts
 * import { sleep, spawn, wait } from 'greenloop'
 *
 * const [slow, fast] = [spawn(sleep, 30), spawn(sleep, 1)]
 * const [first] = await wait([slow, fast], { count: 1 })
 * console.log(first === fast) // true
 * console.log(await wait()) // true
 * console.log(slow.ready()) // true
 * ```
 */
export function wait(objects?: null, options?: WaitOptions): Operation<boolean>
/** Waits until all `objects` are ready, and lists them in the order in which they became so. */
export function wait<T extends Waitable>(objects: Iterable<T>, options?: WaitForOptions): Operation<T[]>
export function wait(
  objects?: Iterable<Waitable> | null,
  options: WaitForOptions = {},
): Operation<boolean> | Operation<unknown[]> {
  checkWaitOptions('wait()', options)
  const { timeoutMs, count } = options
  checkCount('wait()', count)
  if (objects === undefined || objects === null) return new WaitUntilIdle(timeoutMs)
  return new WaitForAll(sourcesOf('wait()', objects), timeoutMs, count)
}

class WaitForAll extends HubOperation<unknown[]> {
  readonly #sources: readonly Source[]
  readonly #limit: Limit | undefined
  readonly #count: number

  constructor(sources: readonly Source[], limit: Limit | undefined, count = Infinity) {
    super()
    this.#sources = sources
    this.#limit = limit
    this.#count = Math.min(count, sources.length)
  }

  override begin(greenlet: Coroutine): Step<unknown[]> {
    const there: unknown[] = []
    const missing: Source[] = []
    for (const source of this.#sources) {
      if (!source.ready()) missing.push(source)
      else if (there.length < this.#count) there.push(objectOf(source))
    }
    const wanted = this.#count - there.length
    if (wanted === 0) return ready(there)
    if (wanted === missing.length) refuseSelf(greenlet, missing, 'wait')
    return new AllWait(greenlet, missing, there, wanted).limit(this.#limit).park()
  }

  override toString(): string {
    return `wait() for ${String(this.#sources.length)} objects`
  }
}

/** Waits for sources, of which some are outside. */
export abstract class SourcesWait extends Wait {
  readonly #verb: string
  readonly #outside: number

  /** `outside`: whether one of them is {@link isOutside}. */
  constructor(greenlet: Coroutine, verb: string, outside: boolean) {
    super(greenlet)
    this.#verb = verb
    this.#outside = outside ? 1 : 0
    this.hub.outstanding += this.#outside
  }

  /** Those that are not ready yet. */
  protected abstract missing(): readonly Source[]

  protected override leave(): void {
    this.hub.outstanding -= this.#outside
  }

  waitsFor(): readonly Coroutine[] {
    return greenletsAmong(this.missing())
  }

  override describe(): string {
    const missing = this.missing()
    const names = missing.slice(0, 3).map(describeSource)
    if (missing.length > 3) names.push(`${String(missing.length - 3)} more`)
    return `${this.#verb}() for ${names.join(', ')}`
  }
}

/** One listener for all, and the list of those that have told it. */
class AllWait extends SourcesWait implements Listener<Source> {
  readonly #sources: readonly Source[]
  readonly #there: unknown[]
  #wanted: number
  /** How many have not told it. */
  #untold: number

  constructor(greenlet: Coroutine, sources: readonly Source[], there: unknown[], wanted: number) {
    super(greenlet, 'wait', sources.some(isOutside))
    this.#sources = sources
    this.#there = there
    this.#wanted = wanted
    this.#untold = sources.length
    writes(this)
    for (const source of sources) source.$listen(this)
  }

  notify(source: Source): void {
    writes(this)
    this.#there.push(objectOf(source))
    this.#untold--
    if (--this.#wanted > 0) return
    this.leave()
    this.succeed(this.#there)
  }

  override expired(): void {
    this.succeed(this.#there)
  }

  protected override leave(): void {
    super.leave()
    if (this.#untold > 0) for (const source of this.#sources) source.$ignore(this)
  }

  protected override missing(): readonly Source[] {
    return this.#sources.filter((source) => !source.ready())
  }
}

class WaitUntilIdle extends HubOperation<boolean> {
  readonly #limit: Limit | undefined

  constructor(limit: Limit | undefined) {
    super()
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    // Its own time limit is nothing that could make anybody else go on.
    const limit = this.#limit
    const ms = typeof limit === 'number' ? limit : limit === undefined || limit.pending ? null : limit.ms
    return new UntilIdle(greenlet).limit({ ms, pending: false, ref: false }).park()
  }

  override toString(): string {
    return 'wait()'
  }
}

class UntilIdle extends Wait implements IdleWait {
  #over = false

  constructor(greenlet: Coroutine) {
    super(greenlet)
    writes(this.hub.idleWaits)
    this.hub.idleWaits.add(this)
    this.hub.runCallback(lookWhoIsReady)
  }

  hubIsIdle(): void {
    if (this.#over) return // it was undone by one that was told before it
    this.#over = true
    this.succeed(true)
  }

  override expired(): void {
    this.succeed(false)
  }

  protected override leave(): void {
    this.#over = true
    writes(this.hub.idleWaits)
    this.hub.idleWaits.delete(this)
  }

  override describe(): string {
    return 'wait()'
  }
}

/** Whether nothing is left is seen at the end of a slice; so there must be one. */
function lookWhoIsReady(): void {
  // being called is all
}
