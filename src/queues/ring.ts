/**
 * A ring: first in, first out, at a constant cost for each item.
 *
 * An array of a power of two, in which the items lie one behind the other, round the end; a place is found by a mask. `Array.shift` would
 * move all the others.
 *
 * ```
 *   slots  [ d  e  .  .  .  a  b  c ]      head = 5, size = 5, mask = 7
 * ```
 *
 * Leaves to the queue who may put and take.
 */
import { InternalError } from '../errors/classes.ts'

/** Slots that the first item makes. */
const FIRST_SLOTS = 16
/** An empty ring of more slots than that gives them back: the longest queue that there ever was should not stay in memory. */
const SLOTS_KEPT = 4096

/** First in, first out. */
export class Ring<T> {
  declare private slots: (T | undefined)[]
  declare private head: number
  declare private mask: number
  /** How many items are in it. */
  declare size: number

  constructor() {
    this.slots = []
    this.head = 0
    this.mask = -1
    this.size = 0
  }

  /** Puts an item behind the others. */
  push(item: T): void {
    if (this.size > this.mask) this.#grow()
    this.slots[(this.head + this.size) & this.mask] = item
    this.size++
  }

  /** Takes the first item out; there must be one. */
  shift(): T {
    if (this.size === 0) throw new InternalError('An item was taken out of an empty ring.')
    const { head, slots } = this
    const item = slots[head]
    slots[head] = undefined // or it would live as long as the queue
    this.head = (head + 1) & this.mask
    if (--this.size === 0 && this.mask >= SLOTS_KEPT) this.#giveBack()
    return item as T // push() has put it there
  }

  /** The first item; there must be one. */
  first(): T {
    if (this.size === 0) throw new InternalError('The first item of an empty ring was looked at.')
    return this.slots[this.head] as T // push() has put it there
  }

  /** All of them, first to last. */
  toArray(): T[] {
    const items: T[] = []
    for (let n = 0; n < this.size; n++) items.push(this.slots[(this.head + n) & this.mask] as T) // push() has put it there
    return items
  }

  #grow(): void {
    const { slots: old, head, mask, size } = this
    const slots = new Array<T | undefined>(Math.max(FIRST_SLOTS, 2 * size))
    slots[0] = undefined // so that it is one for any value from the beginning: V8 would copy it when the kind changes
    for (let n = 0; n < size; n++) slots[n] = old[(head + n) & mask]
    this.slots = slots
    this.head = 0
    this.mask = slots.length - 1
  }

  #giveBack(): void {
    this.slots = []
    this.head = 0
    this.mask = -1
  }
}
