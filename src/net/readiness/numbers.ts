/**
 * Descriptor numbers: by which `fileno()` stands for a socket.
 *
 * Node does not publish the operating system's descriptors, and a socket has none before it is connected. So the numbers are ours: one for
 * each socket that was asked, never used again. They begin above those that an operating system gives, so that a real one is not taken for
 * one of ours.
 *
 * Stands on {@link Pollable}.
 */
import type { Pollable } from './pollable.ts'

/** Above the highest limit for open files that Linux can be set to. */
const FIRST = 2 ** 30

const numbers = new WeakMap<Pollable, number>()
const byNumber = new Map<number, WeakRef<Pollable>>()
const collected = new FinalizationRegistry<number>((number) => byNumber.delete(number))
let next = FIRST

/** The number of a thing; the same each time. */
export function numberOf(pollable: Pollable): number {
  let number = numbers.get(pollable)
  if (number === undefined) {
    number = next++
    numbers.set(pollable, number)
    byNumber.set(number, new WeakRef(pollable))
    collected.register(pollable, number, pollable)
  }
  return number
}

/** The thing with this number; null when there is none, or it was closed or collected. */
export function pollableOf(number: number): Pollable | null {
  return byNumber.get(number)?.deref() ?? null
}

/** The thing was closed: its number stands for nothing any more. */
export function retire(pollable: Pollable): void {
  const number = numbers.get(pollable)
  if (number === undefined) return
  byNumber.delete(number)
  numbers.delete(pollable) // a server that listens again is given another
  collected.unregister(pollable)
}
