/**
 * A heap: the lowest first, and those that are alike in the order in which they came.
 *
 * Stands on nothing. A comparison may throw (the user's, or one of what cannot be compared); so each step compares all that it has to
 * before it moves anything, and the heap is as it was when it throws.
 */

/** An item, and when it came. */
interface Entry<T> {
  readonly item: T
  readonly number: number
}

/** Lowest first. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #entries: Entry<T>[] = []
  #made = 0

  /** @param compare - below 0 when `a` comes before `b`, above 0 when behind it. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#entries.length
  }

  push(item: T): void {
    const entry = { item, number: this.#made++ }
    const entries = this.#entries
    let place = entries.length
    while (place > 0 && this.#isBefore(entry, this.#at((place - 1) >> 1))) place = (place - 1) >> 1
    // Those that it comes before go down one, along the way from the end.
    let hole = entries.length
    entries.push(entry)
    for (; hole > place; hole = (hole - 1) >> 1) entries[hole] = this.#at((hole - 1) >> 1)
    entries[place] = entry
  }

  /** Takes the lowest out; there must be one. */
  shift(): T {
    const entries = this.#entries
    const rest = entries.length - 1
    const last = this.#at(rest)
    let place = 0
    for (let child = this.#lower(1, rest); child < rest; child = this.#lower(2 * child + 1, rest)) {
      if (!this.#isBefore(this.#at(child), last)) break
      place = child
    }
    // The last one goes to that place, and those that come before it go up one, along the way to the top.
    let moved = last
    for (let above = place; ; above = (above - 1) >> 1) {
      const entry = this.#at(above)
      entries[above] = moved
      moved = entry
      if (above === 0) break
    }
    entries.pop()
    return moved.item
  }

  first(): T {
    return this.#at(0).item
  }

  /** All of them, in the order in which they came. */
  toArray(): T[] {
    return this.#entries.toSorted((a, b) => a.number - b.number).map(({ item }) => item)
  }

  /** The lower one of `left` and the one beside it; `left` when that is beyond the `rest`. */
  #lower(left: number, rest: number): number {
    const right = left + 1
    return right < rest && this.#isBefore(this.#at(right), this.#at(left)) ? right : left
  }

  #isBefore(a: Entry<T>, b: Entry<T>): boolean {
    const order = this.#compare(a.item, b.item)
    return order < 0 || (order === 0 && a.number < b.number)
  }

  #at(place: number): Entry<T> {
    return this.#entries[place] as Entry<T> // those who ask know the length
  }
}
