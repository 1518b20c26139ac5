/**
 * Who is ready, in the order of becoming so.
 *
 * Linked through the greenlets themselves, so that nothing is allocated for a turn; one is linked at most once (`$turn` tells). One that
 * has been resumed by other means stays linked, marked cancelled, until its place is reached: taking it out would walk the list.
 *
 * Stands on the kernel's types. Leaves to the hub when who is resumed.
 */
import { type Coroutine, NOT_READY, READY } from '../greenlet/kernel.ts'
import type { Scheduler } from './clock.ts'

/** The ready list of a hub. */
export class ReadyList {
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

  /** Puts some that were taken off, `first` to `last`, before all others. */
  putBack(first: Coroutine, last: Coroutine): void {
    last.$behind = this.first
    this.first = first
    this.last ??= last
  }

  /** Takes the one off that `scheduler` chooses. */
  takeChosen(scheduler: Scheduler): Coroutine | null {
    const all: Coroutine[] = []
    for (let greenlet = this.takeAll(); greenlet !== null; ) {
      const { $turn: turn, $behind: behind }: Coroutine = greenlet
      greenlet.$behind = null
      if (turn === READY) all.push(greenlet)
      else greenlet.$turn = NOT_READY
      greenlet = behind
    }
    const chosen = all.length === 0 ? undefined : all[scheduler.choose(all)]
    for (const greenlet of all) if (greenlet !== chosen) this.append(greenlet)
    return chosen ?? null
  }
}
