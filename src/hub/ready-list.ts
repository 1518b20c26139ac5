/**
 * Who is ready, in the order of becoming so.
 *
 * Linked through the greenlets themselves, so that nothing is allocated for a turn; one is linked at most once (`$turn` tells). One that
 * has been resumed by other means stays linked, marked cancelled, until its place is reached: taking it out would walk the list.
 *
 * Stands on the kernel's types. Leaves to the hub when who is resumed.
 */
import { type Coroutine, NOT_READY, READY } from '../greenlet/kernel.ts'
import type { ReadyOnes } from './clock.ts'

/** The ready list of a hub. */
export class ReadyList implements ReadyOnes {
  first: Coroutine | null = null
  last: Coroutine | null = null

  /** Puts one that is not in the list at its tail. */
  append(greenlet: Coroutine): void {
    if (this.last === null) this.first = greenlet
    else this.last.$behind = greenlet
    this.last = greenlet
    greenlet.$turn = READY
  }

  /** Takes all off, linked through `$behind`. */
  takeAll(): Coroutine | null {
    const { first } = this
    this.first = null
    this.last = null
    return first
  }

  /** Puts some that were taken off, `first` to `last`, before all others; answers who is left of them: nobody. */
  putBack(first: Coroutine, last: Coroutine): null {
    last.$behind = this.first
    this.first = first
    this.last ??= last
    return null
  }

  /** Fills `list` with all that are in it, in order, and drops those whose turn was cancelled. */
  copyTo(list: Coroutine[]): void {
    let count = 0
    let before: Coroutine | null = null
    for (let greenlet = this.first; greenlet !== null; ) {
      const { $behind: behind }: Coroutine = greenlet
      if (greenlet.$turn === READY) {
        list[count++] = greenlet
        before = greenlet
      } else {
        greenlet.$turn = NOT_READY
        this.#unlink(greenlet, before)
      }
      greenlet = behind
    }
    while (list.length > count) list.pop() // to set the length would drop the store
  }

  /** Fills `list` with the first whose turn was not cancelled; those before it are dropped. */
  copyFirstTo(list: Coroutine[]): void {
    while (list.length > 0) list.pop()
    for (let { first } = this; first !== null; first = this.first) {
      if (first.$turn === READY) {
        list.push(first)
        return
      }
      first.$turn = NOT_READY
      this.#unlink(first, null)
    }
  }

  /** Takes one off that is in it. */
  take(greenlet: Coroutine): void {
    let before: Coroutine | null = null
    for (let one = this.first; one !== greenlet && one !== null; one = one.$behind) before = one
    this.#unlink(greenlet, before)
  }

  /** @param before - the one in front of it; null when it is the first. */
  #unlink(greenlet: Coroutine, before: Coroutine | null): void {
    if (before === null) this.first = greenlet.$behind
    else before.$behind = greenlet.$behind
    if (this.last === greenlet) this.last = before
    greenlet.$behind = null
  }
}
