/**
 * The list of those who wait for one thing, in the order in which they came: the one wait list under all primitives.
 *
 * Doubly linked through its nodes, so that who is killed or timed out leaves in three writes, wherever it stands, and nothing is allocated.
 *
 * ```
 *   first ─▶ node ⇄ node ⇄ node ◀─ last        remove(node):  node.before ⇄ node.after, node.list = null
 * ```
 *
 * Stands on nothing. Leaves to each primitive who is woken, and when.
 */

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

  /** Puts a node at the end. */
  push(node: N): void {
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
