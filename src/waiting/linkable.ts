/**
 * What can become ready, and tells who has asked: the base of `Event`, `AsyncResult` and `Semaphore`.
 *
 * Waits, callbacks (`rawlink`) and the listeners of `wait()` stand in one list, in the order in which they came. When the object becomes
 * ready, nobody is told on the spot: a notifier takes its turn in the ready list, and tells them then, each once. So whoever makes it
 * ready goes on undisturbed, and may take it back before anybody has had it, as in gevent.
 *
 * ```
 *   changed() ──▶ notifier in the ready list ──▶ its turn: node.notify() for each that was there, while they are still due
 * ```
 *
 * Invariants. Who comes after `changed()` is not told by it, unless the object is ready when it comes. Who leaves before the turn is not
 * told. A callback that throws is reported, and the rest go on. Callbacks that link each other again and again take turns with everybody
 * else: a new link of a callback is told in a later turn, at the tail of the ready list.
 *
 * Lingering. For an object that lingers, the notifier takes one more turn, right behind those who were told when these are several. Until
 * then they are still being told, as in gevent, where it switches to one after the other: who finds the object ready can get in line.
 *
 * Stands on the hub's entries and the wait list. Leaves to subclasses what ready means, and what being told gives to a wait.
 * @see gevent: `gevent._abstract_linkable`
 */
import { notAFunction } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { kernel } from '../greenlet/kernel.ts'
import { hubOf } from '../hub/default.ts'
import { callInHub, Entry } from '../hub/entry.ts'
import { Wait } from './wait.ts'
import { type ListNode, WaitList } from './wait-list.ts'

/** A wait for several things, told of each that becomes ready. */
export interface Listener<S = unknown> {
  notify(source: S): void
  /**
   * Asked of the only listener when the source ends well, before `notify`: answers whether that would have no effect that anybody sees,
   * and has taken note of it then. It is not notified.
   */
  counts?(): boolean
}

/** Can be listened to: every linkable, and every greenlet. */
export interface Listenable<S = unknown> {
  /** @internal `listener` is told once, in the hub; also when it is ready already. */
  $listen(listener: Listener<S>): void
  /** @internal Takes that back; an unknown one is ignored. */
  $ignore(listener: Listener<S>): void
}

/** What stands in the list of a linkable. */
interface LinkNode extends ListNode {
  /** Those that came before the last `changed()` have a lower number than those that came after it. */
  round: number
  notify(source: Linkable): void
}

/** A wait for a linkable. Subclasses say in `notify` what it gives; they are out of the list then. */
export abstract class LinkWait extends Wait implements LinkNode {
  // Not assigned in a constructor: if no class from Wait down had a field of this kind, V8 would mistake the size of the object while it
  // compiles, and never optimise who makes one (measured: six times the cost of a wait).
  round = 0

  abstract notify(): void
}

/** Something that becomes ready, and tells. */
export abstract class Linkable implements Listenable {
  readonly #links = new WaitList<LinkNode>(this)
  /** Those among them that are no waits, by whom they tell; null before the first. */
  #byTarget: Map<Target, Link[]> | null = null
  #round = 0
  /** Those of this round and before are told when the notifier has its turn. */
  #due = -1
  #notifier: Notifier | null = null
  #telling = false

  /** Whether it is ready. */
  abstract ready(): boolean

  /** For messages: `Event`, or with a name. */
  abstract toString(): string

  /**
   * Calls `callback(this)` once, in the hub, when it is ready; soon, when it is that already. The callback must not wait. The same callback
   * is kept once.
   *
   * @throws UsageError when it is no function.
   * @switches never
   * @source gevent: `rawlink`
   */
  rawlink(callback: (source: this) => void): void {
    if (typeof callback !== 'function') throw notAFunction('rawlink', callback)
    const target = callback as Target // it is called with this
    reads(this)
    if (this.#byTarget?.has(target) !== true) this.#link(target)
  }

  /** Takes back a {@link rawlink}; an unknown one is ignored. @switches never */
  unlink(callback: (source: this) => void): void {
    this.#unlink(callback as Target) // as rawlink() has kept it
  }

  /** How many wait for it: greenlets, callbacks, and waits for several. @switches never */
  linkcount(): number {
    reads(this)
    return this.#links.size
  }

  /** @internal */
  $listen(listener: Listener): void {
    this.#link(listener)
  }

  /** @internal */
  $ignore(listener: Listener): void {
    this.#unlink(listener)
  }

  /** @internal Puts a wait or a link at the end of the list. */
  $enter(node: LinkNode): void {
    node.round = this.#round
    this.#links.push(node)
    if (this.ready()) this.changed()
  }

  /** @internal The notifier has its turn. */
  $notify(): void {
    writes(this)
    const due = this.#due
    let told = 0
    for (let node = this.#links.first; node !== null && node.round <= due && this.due(); node = this.#links.first) {
      this.#links.remove(node)
      node.notify(this)
      told++
    }
    if (this.#due > due) this.#call()
    else if (told > 1 && this.lingers)
      hubOf(kernel.current).enqueue(this.#notifier as Notifier) // it has its turn
    else this.#telling = false
  }

  /** @internal The first link to `target` is not there any more; answers which it was. */
  $forget(target: Target): Link | undefined {
    const links = this.#byTarget?.get(target)
    if (links === undefined) return undefined
    if (links.length === 1) this.#byTarget?.delete(target)
    return links.shift()
  }

  /** @internal Whether `node`, which has left, was to be told in the coming turn. */
  $wasDue(node: LinkNode): boolean {
    return this.#telling && node.round <= this.#due
  }

  /** {@link linkcount}, for what says itself that it looks. */
  protected get linked(): number {
    return this.#links.size
  }

  /** Whether some of those who were there when it became ready have still to be told; of one that {@link lingers}: to run. */
  protected get telling(): boolean {
    return this.#telling
  }

  /** Whether {@link telling} lasts until those who were told have run. */
  protected get lingers(): boolean {
    return false
  }

  /** Whether the next one is still to be told. Once set is enough for most; a permit may be gone. */
  protected due(): boolean {
    return true
  }

  /** It is ready: all who wait are told, in a turn of the hub. */
  protected changed(): void {
    if (this.#links.size === 0) return
    this.#due = this.#round++
    if (this.#telling) return
    this.#telling = true
    this.#call()
  }

  #call(): void {
    hubOf(kernel.current).enqueueCallback((this.#notifier ??= new Notifier(this)))
  }

  #link(target: Target): void {
    const link = new Link(target)
    this.#byTarget ??= new Map()
    const links = this.#byTarget.get(target)
    if (links === undefined) this.#byTarget.set(target, [link])
    else links.push(link)
    this.$enter(link)
  }

  #unlink(target: Target): void {
    reads(this)
    const link = this.$forget(target)
    if (link !== undefined) this.#links.remove(link)
  }
}

/** Whom a link tells: a callback, or a listener. */
type Target = Listener | ((source: unknown) => unknown)

/** A callback or a listener in the list. */
class Link implements LinkNode {
  list: WaitList | null = null
  before: ListNode | null = null
  after: ListNode | null = null
  round = 0
  readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  notify(source: Linkable): void {
    source.$forget(this.target)
    if (typeof this.target !== 'function') {
      this.target.notify(source)
      return
    }
    try {
      callInHub('rawlink', this.target, source)
    } catch (error) {
      hubOf(kernel.current).tell(error, { name: `link of ${String(source)}` })
    }
  }
}

class Notifier extends Entry {
  readonly #source: Linkable

  constructor(source: Linkable) {
    super(null)
    this.#source = source
  }

  override get name(): string {
    return `the links of ${String(this.#source)}`
  }

  override $runLinks(): void {
    this.#source.$notify()
  }
}
