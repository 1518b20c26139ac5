/**
 * `choose`: Go's `select`, over everything that can be waited for.
 *
 * Stands on selections. Leaves the forms that ask for values only to `race.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import type { Operation } from '../protocol.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { type Branch, type BranchValue, isRecord, offerOf } from './branch.ts'
import { Selection, select } from './selection.ts'

/** What {@link choose} gives for branches `B`: one of the pairs of key and value. */
export type Chosen<B> = { [K in keyof B & string]: readonly [key: K, value: BranchValue<B[K]>] }[keyof B & string]

/**
 * Waits until one of the branches comes true, and takes back all others: Go's `select`.
 *
 * The branches are begun in the order in which they are written, and the first that need not wait wins; so write first what shall go
 * first. Else the first that ends wins: in that very moment the waits of all others are undone, and none of them takes an item, a permit or
 * anything else. The two ends of one queue or channel may both be branches; they are not given to each other.
 *
 * A generator, a function, and an operation made of several waits need a greenlet each, which is spawned when the branch is begun. Those
 * of the losers are killed, and the call goes on when they have ended. What such a branch has taken by then is its own to give back.
 *
 * @param branches - by a name each: operations, promises, generators, functions without parameters.
 * @param options - `timeoutMs`: how long it may take.
 * @returns `[key, value]` of the winner.
 * @throws what the winner throws, if it ends by an error; a new Timeout when `timeoutMs` have passed, or what the Timeout throws that was
 * given; UsageError at the call for no branch at all, a `switch()`, and what cannot be waited for.
 * @switches only if it must wait
 * @example
 * ```ts
 * import { choose, run, sleep, spawn, Waiter } from 'greenloop'
 *
 * await run(function* () {
 *   const mail = new Waiter<string>()
 *   spawn(function* () {
 *     yield* sleep(1)
 *     mail.switch('hello')
 *   })
 *   const [key, value] = yield* choose({ letter: mail.get(), late: sleep(1000) })
 *   if (key === 'letter') console.log(value.toUpperCase()) // HELLO
 * })
 * ```
 */
export function choose<const B extends Readonly<Record<string, Branch>>>(
  branches: B,
  options: WaitOptions = {},
): Operation<Chosen<B>> {
  checkRecord(branches)
  checkWaitOptions('choose()', options)
  const offers = Object.entries(branches).map(([key, source]) => offerOf('choose', key, source))
  if (offers.length === 0) {
    throw new UsageError(
      `choose() was given no branch; it would wait for ever.\n\n${wrongRight('choose({})', 'nothing can come true', 'choose({ item: queue.get(), stop: event.wait() })')}`,
    )
  }
  return select({ verb: 'choose', offers, keyed: true, limit: options.timeoutMs, Kind: Choice })
}

function checkRecord(branches: unknown): void {
  if (isRecord(branches)) return
  throw new UsageError(
    `choose() expects a record of branches, but got ${show(branches)}.\n\n${wrongRight('choose([queue.get(), sleep(10)])', 'the branches have no names', 'choose({ item: queue.get(), late: sleep(10) })', 'or race([...]) for the value alone')}`,
  )
}

class Choice extends Selection {
  protected override settled(place: number, failed: boolean, outcome: unknown): void {
    this.decide(failed, failed ? outcome : [this.plan.offers[place]?.key, outcome])
  }
}
