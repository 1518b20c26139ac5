/**
 * The events that a recorder holds: a ring of so many, in which the newest take the places of the oldest.
 *
 * Numbers lie in typed arrays, so that an event allocates nothing; texts and places, which few events have, in columns beside them. An
 * event is known by its number, counted from 0 since the recording began, and is held as long as that is {@link Ring.oldest} or above.
 *
 * Stands on nothing. Leaves to `watch.ts` what is written, and to `tracks.ts` what is made of it.
 */
import type { Place } from './recording.ts'

/** `from` has passed control to `to`, by a switch. */
export const SWITCH = 0
/** The hub has passed control to `to`; `from` is main. */
export const RESUME = 1
/** `to` was started by `from`. */
export const SPAWN = 2
/** `to` has begun to wait in what the text says. */
export const BLOCK = 3
/** `to` gave way to others. */
export const YIELD = 4
/** `from` has ended the wait of `to`. */
export const WAKE = 5
/** `from` has interrupted `to`. */
export const KILL = 6
/** `to` has ended. */
export const END = 7
/** Plain code runs. */
export const MAIN_RUNS = 8
/** Plain code has returned to Node's loop; the text says what it awaits of a switch. */
export const MAIN_RESTS = 9
/** The bits that tell which of the above it is. */
export const KIND = 15

/** Bit of SWITCH and RESUME: an error went over. */
export const THROWN = 16
/** Bit of SWITCH and BLOCK: plain code goes on, which is in a call of `switch()`. */
export const MAIN_INSIDE = 32
/** Bit of KILL: it is raised at the next wait of `to`, which is not in one. Bit of SPAWN: `to` is to run later. */
export const LATER = 64
/** Bit of SWITCH: `from` has ended. */
export const DEAD = 128

/** The events. */
export class Ring {
  readonly capacity: number
  /** How many were written since the beginning: the number of the next one. */
  count = 0
  readonly #kinds: Uint8Array
  readonly #from: Int32Array
  readonly #to: Int32Array
  readonly #times: Float64Array
  readonly #texts: (string | null)[]
  /** Null: none are kept. */
  readonly #places: (Place | null)[] | null
  /** Where the next one goes. */
  #next = 0

  constructor(capacity: number, withPlaces: boolean) {
    this.capacity = capacity
    this.#kinds = new Uint8Array(capacity)
    this.#from = new Int32Array(capacity)
    this.#to = new Int32Array(capacity)
    this.#times = new Float64Array(capacity)
    this.#texts = new Array<string | null>(capacity).fill(null)
    this.#places = withPlaces ? new Array<Place | null>(capacity).fill(null) : null
  }

  /** The number of the oldest event that is held. */
  get oldest(): number {
    return Math.max(0, this.count - this.capacity)
  }

  /** Writes an event; answers whether the ring has come round by it. */
  push(kind: number, from: number, to: number, atMs: number): boolean {
    const place = this.#next
    this.#kinds[place] = kind
    this.#from[place] = from
    this.#to[place] = to
    this.#times[place] = atMs
    this.count++
    if (place + 1 < this.capacity) {
      this.#next = place + 1
      return false
    }
    this.#next = 0
    return true
  }

  /** Writes an event with a text, or with a place that is told later. */
  pushText(kind: number, from: number, to: number, atMs: number, text: string | null): boolean {
    const place = this.#next
    this.#texts[place] = text
    if (this.#places !== null) this.#places[place] = null
    return this.push(kind, from, to, atMs)
  }

  /** Gives the event of that number its place; one that is not held any more has none. */
  setPlace(event: number, place: Place | null): void {
    if (this.#places !== null && event >= this.oldest) this.#places[event % this.capacity] = place
  }

  kindOf(event: number): number {
    return this.#kinds[event % this.capacity] ?? 0
  }

  fromOf(event: number): number {
    return this.#from[event % this.capacity] ?? 0
  }

  toOf(event: number): number {
    return this.#to[event % this.capacity] ?? 0
  }

  timeOf(event: number): number {
    return this.#times[event % this.capacity] ?? 0
  }

  /** Only of those that were written with one. */
  textOf(event: number): string | null {
    return this.#texts[event % this.capacity] ?? null
  }

  /** Only of those that were given one. */
  placeOf(event: number): Place | null {
    return this.#places?.[event % this.capacity] ?? null
  }
}
