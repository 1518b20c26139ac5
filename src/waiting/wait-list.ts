/**
 * The list of those who wait for one thing, in the order in which they came: the one wait list under all primitives.
 *
 * Doubly linked through its nodes, so that who is killed or timed out leaves in three writes, wherever it stands, and nothing is allocated.
 *
 * ```
 *   first ─▶ node ⇄ node ⇄ node ◀─ last        remove(node):  node.before ⇄ node.after, node.list = null
 * ```
 *
 * What is no node, since it stands in several lists at once or is a function, stands in a {@link Roster}, in a node of its own.
 *
 * A list has an owner, the primitive whose waits stand in it: who comes and who leaves, for whatever reason, changes that one.
 *
 * Stands on footprints. Leaves to each primitive who is woken, and when.
 */
import { reads, writes } from '../greenlet/footprint.ts'

/** What can stand in a list; in one at a time. */
export interface ListNode {
  /** The list that it stands in; null: none. */
  list: WaitList | null
  before: ListNode | null
  after: ListNode | null
}

/** First come, first served. */
export class WaitList<N extends ListNode = ListNode> {
  first: N | null = null
  last: N | null = null
  size = 0
  /** Whom a schedule explorer is told of. */
  readonly owner: object

  /** @param owner - whose waits stand in it; the list itself when nobody is named. */
  constructor(owner?: object) {
    this.owner = owner ?? this
    writes(this.owner) // it is made here
  }

  /** Puts a node at the end. */
  push(node: N): void {
    writes(this.owner)
    node.list = this
    node.before = this.last
    if (this.last === null) this.first = node
    else this.last.after = node
    this.last = node
    this.size++
  }

  /** Takes a node out, wherever it stands; one of another list, or of none, is left alone. */
  remove(node: ListNode): void {
    if (node.list !== this) return
    writes(this.owner)
    const { before, after } = node
    // The neighbours of a node of this list are nodes of this list.
    if (before === null) this.first = after as N | null
    else before.after = after
    if (after === null) this.last = before as N | null
    else after.before = before
    node.list = null
    node.before = null
    node.after = null
    this.size--
  }

  /** Takes the first out; null when there is none. */
  shift(): N | null {
    const { first } = this
    if (first !== null) this.remove(first)
    return first
  }
}

/** What stands in a list for something that is no node. */
class Place<E> implements ListNode {
  list: WaitList | null = null
  before: ListNode | null = null
  after: ListNode | null = null
  readonly entry: E

  constructor(entry: E) {
    this.entry = entry
  }
}

/** First come, first served, for things that are no nodes; each is found by itself, and may stand in it several times. */
export class Roster<E> implements Iterable<E> {
  readonly #places: WaitList<Place<E>>
  readonly #placesOf = new Map<E, Place<E>[]>()

  /** @param owner - whose entries they are. */
  constructor(owner: object, entries: Iterable<E> = []) {
    this.#places = new WaitList(owner)
    for (const entry of entries) this.push(entry)
  }

  get size(): number {
    reads(this.#places.owner)
    return this.#places.size
  }

  *[Symbol.iterator](): Generator<E, undefined, undefined> {
    for (let place = this.#places.first; place !== null; place = place.after as Place<E> | null) yield place.entry
  }

  /** Puts it at the end. */
  push(entry: E): void {
    const place = new Place(entry)
    this.#places.push(place)
    const places = this.#placesOf.get(entry)
    if (places === undefined) this.#placesOf.set(entry, [place])
    else places.push(place)
  }

  /** Takes it out, the first time that it stands there; one that does not is left alone. */
  remove(entry: E): void {
    const places = this.#placesOf.get(entry)
    const place = places?.shift()
    if (place === undefined) return
    if (places?.length === 0) this.#placesOf.delete(entry)
    this.#places.remove(place)
  }

  /** Takes the first out; undefined when there is none. */
  shift(): E | undefined {
    const { first } = this.#places
    if (first !== null) this.remove(first.entry)
    return first?.entry
  }
}
