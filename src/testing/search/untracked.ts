/**
 * Looks whether a reduced search may be believed: whether steps that touch no common object may really change places.
 *
 * For some executions another order of the same kind is drawn and run. It must be possible, be of the same kind, and have the same
 * outcome; else the greenlets share something that nobody has told of.
 *
 * Outcomes are the same when the errors are of one class and say the same, or the values are: numbers, texts, arrays and plain objects by
 * what they hold, others by their class, since each execution makes its own. What cannot be looked at (a getter throws) is passed over. The numbers of greenlets without a name (`work-3`) are left
 * out of what errors say: they count who was spawned, in an order that is nobody's.
 *
 * Stands on the kinds of executions. Leaves to the report what a person is told.
 */
import type { Outcome } from '../execution/outcome.ts'
import type { Random } from '../schedule/random.ts'
import { canonicalTrace, linearization } from './equivalence.ts'
import { Following } from './following.ts'
import type { Explored, Run } from './search.ts'

/** Two orders of one kind that differ in more than the order. */
export interface Untracked<E extends Explored> {
  readonly first: E
  /** Has the steps of the first one in another order, as far as that went. */
  readonly second: E
  /** The first step of the second one in which more than the order differs; -1: only the outcome does. */
  readonly step: number
  /** What differs. */
  readonly what: 'who can go on' | 'what is touched' | 'the outcome'
}

/** Looks at some of the executions of a search. */
export class UntrackedCheck<E extends Explored> {
  readonly #run: Run<E>
  readonly #random: Random
  #left: number

  /** @param most - so many are looked at, the first ones for which there is another order. */
  constructor(run: Run<E>, random: Random, most = 100) {
    this.#run = run
    this.#random = random
    this.#left = most
  }

  /** Runs an execution in another order; answers how the two differ. Null when they do not. */
  check(first: E): Untracked<E> | null {
    const { log } = first
    if (this.#left === 0 || log === null || first.spun || first.outcome.kind === 'cut') return null
    const { keys, order } = linearization(log, this.#random)
    if (order.every((step, place) => step === place)) return null
    this.#left--
    const following = new Following(keys)
    const second = this.#run(following, 'footprints')
    if (second.spun) return null // whom it passes over is no matter of what the steps touch
    const { missed } = following
    if (missed !== null) return { first, second, step: missed.step, what: 'who can go on' }
    const other = second.log ?? { steps: [] }
    if (other.steps.length !== order.length || canonicalTrace(log) !== canonicalTrace(other)) {
      const step = order.findIndex((place, at) => log.steps[place]?.touched.size !== other.steps[at]?.touched.size)
      return { first, second, step, what: 'what is touched' }
    }
    return isSameOutcome(first.outcome, second.outcome) ? null : { first, second, step: -1, what: 'the outcome' }
  }
}

/** Whether two executions have come to the same. */
export function isSameOutcome(one: Outcome, other: Outcome): boolean {
  if (one.kind === 'returned') return other.kind === 'returned' && looksSame(one.value, other.value)
  if (one.kind === 'cut') return other.kind === 'cut'
  return other.kind === 'failed' && one.why === other.why && looksSame(one.error, other.error)
}

function looksSame(one: unknown, other: unknown): boolean {
  try {
    return isSame(one, other, new Map())
  } catch {
    return true
  }
}

/** @param met - objects that are being compared, with whom. */
function isSame(one: unknown, other: unknown, met: Map<object, object>): boolean {
  if (Object.is(one, other)) return true
  if (typeof one === 'symbol' && typeof other === 'symbol') return one.description === other.description
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return typeof one === 'function' && typeof other === 'function' && one.name === other.name
  }
  if (met.get(one) === other) return true
  met.set(one, other)
  if (one instanceof Error) {
    return other instanceof Error && one.name === other.name && withoutNumbers(one) === withoutNumbers(other)
  }
  const prototype: unknown = Object.getPrototypeOf(one)
  if (prototype !== Object.getPrototypeOf(other)) return false
  if (one instanceof Map && other instanceof Map) return isSame([...one], [...other], met)
  if (one instanceof Set && other instanceof Set) return isSame([...one], [...other], met)
  if (!Array.isArray(one) && prototype !== Object.prototype && prototype !== null) return true
  const keys = Reflect.ownKeys(one)
  if (keys.length !== Reflect.ownKeys(other).length) return false
  return keys.every((key) => Object.hasOwn(other, key) && isSame(Reflect.get(one, key), Reflect.get(other, key), met))
}

function withoutNumbers({ message }: Error): string {
  return message.replaceAll(/(?<=\w)-\d+\b/gu, '-')
}
