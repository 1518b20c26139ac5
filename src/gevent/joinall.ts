/**
 * Waiting for the end of several greenlets.
 *
 * Stands on `Greenlet`.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { type Coroutine, FAILED, RETURNED } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { isGreenlet } from '../greenlet/raw-greenlet.ts'
import type { Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkLimit, type WaitOptions } from '../waiting/timeout.ts'
import { Wait } from '../waiting/wait.ts'
import type { Ending } from './end.ts'
import type { Greenlet } from './greenlet.ts'

/** The greenlets that were given, in their order: a tuple for a list written out, an array for any other iterable. */
export type Joined<G> = G extends readonly unknown[]
  ? { -readonly [K in keyof G]: G[K] }
  : G extends Iterable<infer E>
    ? E[]
    : never

/** How `joinall` waits. */
export interface JoinallOptions extends WaitOptions {
  /** Go on as soon as so many have ended. @defaultValue all */
  count?: number
  /** Throw the first failure as soon as there is one; the others run on. @defaultValue false */
  raiseError?: boolean
}

/**
 * Waits until all greenlets have ended, however each did: a failure of one does not disturb the others, nor this call.
 *
 * @param greenlets - any iterable of greenlets; one may be in it twice.
 * @param options - `timeoutMs`, `count`, `raiseError`.
 * @returns the greenlets, in the order they were given, also those that have not ended in time: ask each `successful()`.
 * @throws UsageError at the call for something that is no greenlet; with `raiseError` what the first that failed has thrown.
 * @switches only if it must wait
 * @source gevent: `gevent.joinall`
 */
export function joinall<const G extends Iterable<Greenlet>>(
  greenlets: G,
  options: JoinallOptions = {},
): Operation<Joined<G>> {
  const list = checkGreenlets(greenlets)
  const { timeoutMs, count } = options
  checkLimit('joinall()', timeoutMs)
  if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
    throw new UsageError(`joinall() expects \`count\` to be an integer, 0 or more, but got ${show(count)}.`)
  }
  return new Joinall(list, options) as Operation<unknown> as Operation<Joined<G>> // the list is G's elements in order
}

function checkGreenlets(greenlets: unknown): Greenlet[] {
  if (typeof greenlets !== 'object' || greenlets === null || !(Symbol.iterator in greenlets)) {
    throw new UsageError(`joinall() expects an iterable of greenlets, but got ${show(greenlets)}.`)
  }
  const list = [...(greenlets as Iterable<unknown>)] // the line above asked for the iterator
  for (const [place, item] of list.entries()) {
    // Not `instanceof`: the greenlets of another copy of the library are as good.
    if (!isGreenlet(item) || !('$listen' in item))
      throw new UsageError(`joinall() expects greenlets, but item ${String(place)} is ${show(item)}.`)
  }
  return list as Greenlet[]
}

class Joinall extends HubOperation<readonly Greenlet[]> {
  readonly #greenlets: readonly Greenlet[]
  readonly #options: JoinallOptions

  constructor(greenlets: readonly Greenlet[], options: JoinallOptions) {
    super()
    this.#greenlets = greenlets
    this.#options = options
  }

  override begin(greenlet: Coroutine): Step<readonly Greenlet[]> {
    const all = this.#greenlets
    const { count = all.length, timeoutMs, raiseError = false } = this.#options
    let ended = 0
    for (const one of all) {
      if (one.$status < RETURNED) continue
      ended++
      if (raiseError && !one.successful()) throw one.$readFailure()
    }
    const missing = Math.min(count, all.length) - ended
    if (missing <= 0) return ready(all)
    if (all.includes(greenlet as Greenlet))
      throw new UsageError(`Greenlet "${greenlet.name}" waits for itself in joinall(); it could never go on.`)
    return new JoinallWait(greenlet, all, missing, raiseError).limit(timeoutMs).park()
  }

  override toString(): string {
    return `joinall() of ${String(this.#greenlets.length)} greenlets`
  }
}

/** One object listens to all of them, and counts. */
class JoinallWait extends Wait implements Listener<Ending> {
  readonly #greenlets: readonly Greenlet[]
  readonly #raiseError: boolean
  #missing: number

  constructor(greenlet: Coroutine, greenlets: readonly Greenlet[], missing: number, raiseError: boolean) {
    super(greenlet)
    this.#greenlets = greenlets
    this.#missing = missing
    this.#raiseError = raiseError
    for (const one of greenlets) if (one.$status < RETURNED) one.$listen(this)
  }

  notify(ended: Ending): void {
    this.#missing--
    if (this.#raiseError && ended.$status === FAILED) {
      this.leave()
      this.fail(ended.$readFailure())
    } else if (this.#missing === 0) {
      this.leave()
      this.succeed(this.#greenlets)
    }
  }

  override expired(): void {
    this.succeed(this.#greenlets)
  }

  protected override leave(): void {
    for (const one of this.#greenlets) one.$ignore(this)
  }

  override describe(): string {
    const waiting = this.#greenlets.filter((one) => one.$status < RETURNED)
    const names = waiting.slice(0, 3).map((one) => `"${one.name}"`)
    if (waiting.length > 3) names.push(`${String(waiting.length - 3)} more`)
    return `joinall() for ${names.join(', ')}`
  }
}
