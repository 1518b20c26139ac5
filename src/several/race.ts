/**
 * `race`, `any`, `all`: what `Promise` has under these names, for everything that can be waited for, and with the losers taken back.
 *
 * Stands on selections. Leaves the form that tells which one it was to `choose.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation } from '../protocol.ts'
import { HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { type Branch, type BranchValue, isRecord, type Offer, offerOf } from './branch.ts'
import { type Plan, Selection, select } from './selection.ts'

/** What {@link all} gives for branches `B`: a tuple for a list, a record for a record. */
export type AllValues<B> = { -readonly [K in keyof B]: BranchValue<B[K]> }

/**
 * Waits until the first of the branches has ended, by a value or an error, and takes back all others, as `choose` does.
 *
 * @param branches - operations, promises, generators, functions without parameters.
 * @param options - `timeoutMs`: how long it may take.
 * @returns the value of the first.
 * @throws its error; a Timeout when the time has passed; UsageError at the call as `choose` does.
 * @switches only if it must wait
 * @example
 * ```ts
 * import { race, sleep } from 'greenloop'
 *
 * function* mirror(name: string, ms: number) {
 *   yield* sleep(ms)
 *   return name
 * }
 * console.log(await race([mirror('far', 500), mirror('near', 1)])) // near
 * ```
 */
export function race<const B extends readonly Branch[]>(
  branches: B,
  options: WaitOptions = {},
): Operation<BranchValue<B[number]>> {
  const offers = listed('race', branches)
  checkWaitOptions('race()', options)
  if (offers.length === 0) {
    throw new UsageError(
      `race() was given no branch; it would wait for ever.\n\n${wrongRight('race([])', 'nobody can be first', 'race([near.get(), far.get()])')}`,
    )
  }
  return select({ verb: 'race', offers, keyed: false, limit: options.timeoutMs, Kind: Race })
}

/**
 * Waits until the first of the branches has succeeded, and takes back all others, as `choose` does. Failures before that are passed over.
 *
 * @param branches - operations, promises, generators, functions without parameters.
 * @param options - `timeoutMs`: how long it may take.
 * @returns the first value.
 * @throws AggregateError with all errors, in the order of the branches, when all have failed, and when there is none; a Timeout when the time
 * has passed; UsageError at the call as `choose` does.
 * @switches only if it must wait
 * @example
 * ```ts
 * import { any, type Green, sleep } from 'greenloop'
 *
 * function* down(): Green<string> {
 *   throw new Error('no route')
 * }
 * function* up() {
 *   yield* sleep(1)
 *   return 'page'
 * }
 * console.log(await any([down, up])) // page
 * ```
 */
export function any<const B extends readonly Branch[]>(
  branches: B,
  options: WaitOptions = {},
): Operation<BranchValue<B[number]>> {
  const offers = listed('any', branches)
  checkWaitOptions('any()', options)
  if (offers.length === 0) return new Nothing('any([])', noneAtAll)
  return select({ verb: 'any', offers, keyed: false, limit: options.timeoutMs, Kind: Any })
}

/**
 * Waits until all branches have succeeded. The first that fails ends the wait: the others are taken back, as by `choose`.
 *
 * What the others have taken by then is dropped with the call: it takes several things, but not all or nothing.
 *
 * @param branches - a list, or a record, of operations, promises, generators, functions without parameters.
 * @param options - `timeoutMs`: how long it may take.
 * @returns the values: a list, or a record, as the branches were given.
 * @throws the first error; a Timeout when the time has passed; UsageError at the call as `choose` does.
 * @switches only if it must wait
 * @example
 * ```ts
 * import { all, sleep } from 'greenloop'
 *
 * function* load(name: string) {
 *   yield* sleep(1)
 *   return name.length
 * }
 * console.log(await all([load('a'), load('bcd')])) // [ 1, 3 ]
 * console.log(await all({ user: load('ann'), plan: load('free') })) // { user: 3, plan: 4 }
 * ```
 */
export function all<const B extends readonly Branch[] | Readonly<Record<string, Branch>>>(
  branches: B,
  options: WaitOptions = {},
): Operation<AllValues<B>> {
  const keyed = !Array.isArray(branches)
  if (keyed && !isRecord(branches)) {
    throw new UsageError(`all() expects an array or a record of branches, but got ${show(branches)}.`)
  }
  const offers = Object.entries(branches).map(([key, source]) => offerOf('all', key, source))
  checkWaitOptions('all()', options)
  if (offers.length === 0) return new Nothing(keyed ? 'all({})' : 'all([])', () => (keyed ? {} : []) as AllValues<B>) // its very values
  return select({ verb: 'all', offers, keyed, limit: options.timeoutMs, Kind: All })
}

function listed(caller: string, branches: unknown): Offer[] {
  if (!Array.isArray(branches)) {
    throw new UsageError(`${caller}() expects an array of branches, but got ${show(branches)}.`)
  }
  return branches.map((source, place) => offerOf(caller, String(place), source))
}

class Race extends Selection {
  protected override settled(_place: number, failed: boolean, outcome: unknown): void {
    this.decide(failed, outcome)
  }
}

class Any extends Selection {
  readonly #errors: unknown[]
  #missing: number

  constructor(greenlet: Coroutine, plan: Plan) {
    super(greenlet, plan)
    this.#missing = plan.offers.length
    this.#errors = new Array<unknown>(this.#missing)
  }

  protected override settled(place: number, failed: boolean, outcome: unknown): void {
    if (!failed) {
      this.decide(false, outcome)
      return
    }
    this.#errors[place] = outcome
    if (--this.#missing === 0) this.decide(true, allFailed(this.#errors))
  }
}

class All extends Selection {
  readonly #values: unknown[]
  #missing: number

  constructor(greenlet: Coroutine, plan: Plan) {
    super(greenlet, plan)
    this.#missing = plan.offers.length
    this.#values = new Array<unknown>(this.#missing)
  }

  /** All come true. */
  override get exclusive(): boolean {
    return false
  }

  protected override settled(place: number, failed: boolean, outcome: unknown): void {
    if (failed) {
      this.decide(true, outcome)
      return
    }
    this.#values[place] = outcome
    if (--this.#missing > 0) return
    const { keyed, offers } = this.plan
    const values = this.#values
    this.decide(false, keyed ? Object.fromEntries(offers.map(({ key }, at) => [key, values[at]])) : values)
  }
}

/** No branch at all: there is nothing to wait for. */
class Nothing<T> extends HubOperation<T> {
  readonly #text: string
  readonly #outcome: () => T

  constructor(text: string, outcome: () => T) {
    super()
    this.#text = text
    this.#outcome = outcome
  }

  override begin(): Step<T> {
    return ready(this.#outcome())
  }

  override toString(): string {
    return this.#text
  }
}

function noneAtAll(): never {
  throw allFailed([])
}

function allFailed(errors: readonly unknown[]): AggregateError {
  const what = errors.length === 0 ? 'no branch' : `${String(errors.length)} branches, and all of them failed`
  return new AggregateError(errors, `any() had ${what}.`)
}
