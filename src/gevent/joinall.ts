/**
 * The end of several greenlets: waiting for it, and asking for it.
 *
 * One object listens to all of them and counts. Stands on `Greenlet`. Leaves waiting for other things than ends to `src/several`.
 */
import { UsageError } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { show } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED, kernel, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'
import { ready, type Step, takePending } from '../greenlet/operation.ts'
import { type ErrorClass, isGreenlet, type RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { failureNumber } from '../hub/tasks.ts'
import { type Begun, isList, type Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { Listener } from '../waiting/linkable.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, lateError, type WaitOptions } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import { type Ending, killAny, NO_WAIT } from './end.ts'
import { Greenlet, type KillOptions } from './greenlet.ts'

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
 * @throws UsageError at the call for something that is no greenlet; with `raiseError` what the first that failed has thrown: first in
 * time, also when several had failed before.
 * @switches only if it must wait
 * @source gevent: `gevent.joinall`
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 *
 * function* square(n: number) {
 *   yield* sleep(n)
 *   return n * n
 * }
 * const joined = await joinall([spawn(square, 3), spawn(square, 2)])
 * console.log(joined.map(({ value }) => value)) // [ 9, 4 ]
 * ```
 */
export function joinall<const G extends Iterable<Greenlet>>(
  greenlets: G,
  options: JoinallOptions = {},
): Operation<Joined<G>> {
  const list = checkGreenlets('joinall()', greenlets, isEnding)
  checkWaitOptions('joinall()', options, 'raiseError')
  checkCount('joinall()', options.count)
  return new Joinall(list, options) as Operation<unknown> as Operation<Joined<G>> // the list is G's elements in order
}

/**
 * Asks all greenlets to end, by throwing `error` at their waits. The effect is at the call; driving the call waits for their ends.
 *
 * First those that have not run yet end, and never will run; then the others get the error, in the order of the list. Those that have ended
 * are left alone. Raw greenlets may be among them.
 *
 * @param greenlets - any iterable of greenlets.
 * @param error - an Error, or a class of errors, of which each gets one of its own. @defaultValue `GreenletExit`
 * @param options - `block`: whether driving the call waits; `timeoutMs`: how long at the most.
 * @throws UsageError at the call for a wrong argument, before anybody is killed; a new Timeout when `timeoutMs` have passed and one
 * is still alive, which is then left to itself.
 * @switches only if it must wait
 * @source gevent: `gevent.killall`
 * @example
 * ```ts
 * import { killall, sleep, spawn } from 'greenloop'
 *
 * const workers = ['a', 'b'].map((name) =>
 *   spawn(function* () {
 *     try {
 *       yield* sleep(60_000)
 *     } finally {
 *       console.log(name, 'stops')
 *     }
 *   }),
 * )
 * await sleep(1)
 * await killall(workers)
 * console.log('all have ended')
 * // a stops
 * // b stops
 * // all have ended
 * ```
 */
export function killall(
  greenlets: Iterable<RawGreenlet>,
  error?: Error | ErrorClass,
  options: KillOptions = {},
): Begun<void> {
  const list = checkGreenlets('killall()', greenlets, isGreenlet)
  checkWaitOptions('killall()', options, 'block')
  if (list.includes(kernel.main as RawGreenlet))
    throw new UsageError('killall() was given main, which is not a greenlet that could end.')
  if (list.length === 0) toError('killall', error)
  const reasons = new Map(list.map((one) => [one, toError('killall', error)]))
  const living = [...reasons].filter(([{ dead }]) => !dead)
  const unstarted = living.filter(([{ $status }]) => $status === UNSTARTED)
  const others = living.filter(([{ $status }]) => $status !== UNSTARTED)
  for (const [one, reason] of [...unstarted, ...others]) killAny(one, reason)
  const dying = others.map(([one]) => one)
  return dying.length === 0 || options.block === false ? NO_WAIT : begun(new Killall(dying, options.timeoutMs))
}

/** Checks `count`: how many are waited for. */
export function checkCount(caller: string, count: unknown): void {
  if (count === undefined || (typeof count === 'number' && Number.isInteger(count) && count >= 0)) return
  throw new UsageError(`${caller} expects \`count\` to be an integer, 0 or more, but got ${show(count)}.`)
}

/** Whether it can be listened to. Not `instanceof`: the greenlets of another copy of the library are as good. */
function isEnding(value: unknown): value is Greenlet {
  return value instanceof Greenlet || (isGreenlet(value) && '$listen' in value)
}

function checkGreenlets<G>(caller: string, greenlets: unknown, isOne: (value: unknown) => value is G): G[] {
  if (!isList(greenlets)) {
    throw new UsageError(`${caller} expects an iterable of greenlets, but got ${show(greenlets)}.`)
  }
  const list = [...greenlets]
  for (let place = 0; place < list.length; place++) {
    const item = list[place]
    if (!isOne(item)) throw new UsageError(`${caller} expects greenlets, but item ${String(place)} is ${show(item)}.`)
  }
  return list as G[]
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
    const enough = Math.min(count, all.length)
    const owner = ownerOf(greenlet)
    const wait = new JoinallWait(greenlet, all, raiseError)
    let failed: Greenlet | null = null
    let itself = false
    // Once through the list, since a long one is not in the processor's cache.
    for (let place = 0; place < all.length; place++) {
      const one = all[place] as Greenlet // it is below the length
      reads(one)
      if (one.$status < RETURNED) {
        wait.listen(one)
        if (one === owner) itself = true
      } else if (one.$status === FAILED && (failed === null || failureNumber(one) < failureNumber(failed))) {
        failed = one
      }
    }
    if (wait.begin(enough) && !(raiseError && failed !== null) && !(itself && enough === all.length)) {
      return wait.limit(timeoutMs).park()
    }
    wait.leave()
    if (raiseError && failed !== null) throw failed.$readFailure()
    if (itself && enough === all.length) refuseSelf(greenlet, all, 'joinall')
    return ready(all)
  }

  override toString(): string {
    return `joinall() of ${String(this.#greenlets.length)} greenlets`
  }
}

class Killall extends HubOperation<void> {
  readonly #greenlets: readonly RawGreenlet[]
  readonly #limit: Limit | undefined

  constructor(greenlets: readonly RawGreenlet[], limit: Limit | undefined) {
    super()
    this.#greenlets = greenlets
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    const living = this.#greenlets.filter(({ dead }) => !dead)
    if (living.length === 0) return ready(undefined)
    refuseSelf(greenlet, living, 'killall')
    return new KillallWait(greenlet, living).limit(this.#limit).park()
  }

  override toString(): string {
    return `killall() of ${String(this.#greenlets.length)} greenlets`
  }
}

/** Refuses a wait for itself among others, all of whom it needs. */
export function refuseSelf(greenlet: Coroutine, targets: readonly unknown[], verb: string): void {
  if (!targets.includes(ownerOf(greenlet))) return
  if (greenlet.$pending !== null) throw takePending(greenlet) // it has killed itself, and this is its next wait
  throw new UsageError(`Greenlet "${greenlet.name}" waits for itself in ${verb}(); it could never go on.`)
}

class JoinallWait extends Wait implements Listener<Ending> {
  readonly #greenlets: readonly Greenlet[]
  readonly #raiseError: boolean
  #missing = 0
  /** How many it is still to be told of; one that is given twice counts twice. */
  #living = 0

  constructor(greenlet: Coroutine, greenlets: readonly Greenlet[], raiseError: boolean) {
    super(greenlet)
    this.#greenlets = greenlets
    this.#raiseError = raiseError
    writes(this)
  }

  /** Has itself told of the end of one that is alive. */
  listen(one: Greenlet): void {
    one.$listen(this)
    this.#living++
  }

  /** All were looked at, and `enough` ends are waited for; answers whether any is missing. */
  begin(enough: number): boolean {
    this.#missing = enough - (this.#greenlets.length - this.#living)
    return this.#missing > 0
  }

  /** Of an end that is not the last one nobody sees anything. */
  counts(): boolean {
    if (this.#missing <= 1) return false
    this.#missing--
    this.#living--
    return true
  }

  notify(ended: Ending): void {
    writes(this)
    this.#missing--
    this.#living--
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

  override leave(): void {
    if (this.#living > 0) for (const one of this.#greenlets) one.$ignore(this)
  }

  waitsFor(): readonly Coroutine[] {
    return this.#greenlets.filter((one) => one.$status < RETURNED)
  }

  override describe(): string {
    return `joinall() for ${namesOf(this.waitsFor())}`
  }
}

class KillallWait extends Wait implements Listener {
  readonly #greenlets: readonly RawGreenlet[]
  #missing: number
  #over = false

  constructor(greenlet: Coroutine, greenlets: readonly RawGreenlet[]) {
    super(greenlet)
    this.#greenlets = greenlets
    this.#missing = greenlets.length
    writes(this)
    for (const one of greenlets) {
      if (isEnding(one)) one.$listen(this)
      else this.#listenToRaw(one)
    }
  }

  notify(): void {
    writes(this)
    this.#missing--
    if (this.#missing > 0 || this.#over) return
    this.#over = true
    this.succeed(undefined)
  }

  override expired(limit: Limit): void {
    this.fail(lateError(limit))
  }

  protected override leave(): void {
    writes(this)
    this.#over = true
    for (const one of this.#greenlets) if (isEnding(one)) one.$ignore(this)
  }

  waitsFor(): readonly Coroutine[] {
    return this.#greenlets.filter(({ dead }) => !dead)
  }

  override describe(): string {
    return `killall() of ${namesOf(this.waitsFor())}`
  }

  /** A raw greenlet has no links; so what is told of its end tells us, too. */
  #listenToRaw(greenlet: RawGreenlet): void {
    const ended = greenlet.$ended.bind(greenlet)
    writes(greenlet)
    greenlet.$ended = () => {
      const next = ended()
      this.notify()
      return next
    }
  }
}

/** The first three names of those that are waited for, and how many there are more. */
function namesOf(greenlets: readonly Coroutine[]): string {
  const names = greenlets.slice(0, 3).map((one) => `"${one.name}"`)
  if (greenlets.length > 3) names.push(`${String(greenlets.length - 3)} more`)
  return names.join(', ')
}
