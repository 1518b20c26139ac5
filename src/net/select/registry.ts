/**
 * Who is registered with a `poll` or an `epoll`: each thing once, found by what was passed in or by what stands behind it.
 *
 * Stands on targets. Leaves to the two what they keep of each.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Pollable } from '../readiness/pollable.ts'
import { checkSelectable, pollableFor, type Selectable } from './target.ts'

/** What is kept of one, at the least. */
export interface Registered {
  readonly target: Selectable
  readonly pollable: Pollable
}

/** Those that are registered, in the order in which they came. */
export class Registry<E extends Registered> implements Iterable<E> {
  readonly #byPollable = new Map<Pollable, E>()
  /** A closed one is not found by its number any more, but by itself. */
  readonly #byTarget = new Map<Selectable, E>()

  get size(): number {
    return this.#byPollable.size
  }

  [Symbol.iterator](): Iterator<E> {
    return this.#byPollable.values()
  }

  /** Puts it in the place of what is registered for the same thing, if there is such. */
  set(entry: E): void {
    const before = this.#byPollable.get(entry.pollable)
    if (before !== undefined) this.#byTarget.delete(before.target)
    this.#byPollable.set(entry.pollable, entry)
    this.#byTarget.set(entry.target, entry)
  }

  /** Takes it out; answers whether it was there. */
  delete(entry: E): boolean {
    this.#byTarget.delete(entry.target)
    return this.#byPollable.delete(entry.pollable)
  }

  of(pollable: Pollable): E | undefined {
    return this.#byPollable.get(pollable)
  }

  /** What is registered for `target`. Throws a UsageError when there is nothing. */
  find(call: string, target: Selectable): E {
    checkSelectable(call, target)
    const entry = this.#byTarget.get(target) ?? this.of(pollableFor(call, target))
    if (entry === undefined) throw new UsageError(`${call}: ${show(target)} is not registered.`)
    return entry
  }
}

/** The names of the events that a mask may consist of. */
export type EventNames = Readonly<Record<string, number>>

/** Checks a sum of events. */
export function checkMask(call: string, eventmask: unknown, names: EventNames): asserts eventmask is number {
  if (typeof eventmask === 'number' && Number.isInteger(eventmask)) {
    const known = Object.values(names).reduce((sum, event) => sum | event, 0)
    if (((eventmask | 0) & ~known) === 0 && eventmask >= -(2 ** 31) && eventmask < 2 ** 32) return
  }
  throw new UsageError(
    `${call} expects \`eventmask\` to be a sum of ${Object.keys(names).join(', ')}, but got ${show(eventmask)}.`,
  )
}
