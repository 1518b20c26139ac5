/**
 * One map in progress: what `map`, `imap` and `imapUnordered` do alike.
 *
 * ```
 *   inputs ──▶ feeder, a greenlet ──▶ elements, each a member of the pool ──▶ the reading queue ──▶ reader
 *                 waits for room,                                              in order of input,
 *                 for an item, for a place                                     or of their ends
 * ```
 *
 * The feeder reads an item, when there is room for its result, and has it start when there is a place in the pool. It is no member: what
 * it waits for are members. It has the context of whoever made the call, and so have they.
 *
 * Invariants. An element stands in the reading queue from its start (in order) or its end (unordered) until the reader takes it. Failures of
 * elements are the reader's as long as there is one; what it never takes is reported when it goes.
 *
 * Stands on greenlets and inputs. Leaves to `map.ts` and `imap.ts` who reads, and what is thrown.
 */
import { type Ending, outcomeOf } from '../gevent/end.ts'
import { Greenlet, type KillOptions } from '../gevent/greenlet.ts'
import { sleep } from '../gevent/sleep.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import type { Green, Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'
import { type ListNode, WaitList } from '../waiting/wait-list.ts'
import { type Reader, readRow } from './input.ts'
import type { Members } from './members.ts'

/** After so many elements that had not to wait the feeder lets others run: an input may be long. */
const FED_AT_ONCE = 1000

/** Where elements work: a group or a pool. */
export interface Workplace extends Members {
  /** @internal Whether a greenlet can come in at once. */
  $admits(owner: Coroutine): boolean
  /** @internal Has a greenlet come in and start; what is to be driven when there is no place, else null. */
  $start(greenlet: Greenlet, listener: Listener<Ending>, owner: Coroutine, verb: string): Operation<void> | null
}

/** What a call asks for. */
export interface Order {
  readonly place: Workplace
  /** The method, for messages. */
  readonly verb: string
  readonly fn: (...items: unknown[]) => unknown
  readonly readers: readonly Reader[]
  /** Whether results are read in the order of the input. */
  readonly ordered: boolean
  /** How many elements there are at most that were started and not read. */
  readonly maxsize: number
  /** Who made the call. */
  readonly owner: Coroutine
}

/** Who takes the elements. */
export interface Taker {
  /** Something has changed; `element` has ended, or null for the feeder. */
  changed(element: Element | null): void
}

/** One call of the function. */
export class Element implements Listener<Ending>, ListNode {
  declare list: WaitList | null
  declare before: ListNode | null
  declare after: ListNode | null
  /** The one that is read after it. */
  declare behind: Element | null
  declare ended: boolean
  declare readonly greenlet: Greenlet
  declare private readonly mapping: Mapping

  constructor(mapping: Mapping, greenlet: Greenlet) {
    this.list = null
    this.before = null
    this.after = null
    this.behind = null
    this.ended = false
    this.greenlet = greenlet
    this.mapping = mapping
  }

  notify(): void {
    this.mapping.$ended(this)
  }
}

/** One map in progress. */
export class Mapping implements Listener<Ending> {
  /** Reads the inputs; null before, and when it is through. */
  #feeder: Greenlet | null = null
  readonly #order: Order
  readonly #taker: Taker
  readonly #running = new WaitList<Element>(this)
  #first: Element | null = null
  #last: Element | null = null
  /** How many were started and not read. */
  #unread = 0
  #roomWait: RoomWait | null = null
  /** What reading an input has thrown; it is read behind the last element. */
  #inputFailure: { readonly error: unknown } | null = null
  /** Whether somebody still takes what comes. */
  #taken = true
  /** Whether what comes is to be killed. */
  #killed = false

  constructor(order: Order, taker: Taker) {
    this.#order = order
    this.#taker = taker
  }

  /** Begins. */
  start(): void {
    writes(this)
    const feeder = new Greenlet(feed, this, this.#order)
    feeder.name = this.#order.place.$call(this.#order.verb)
    feeder.$listen(this)
    feeder.start()
    this.#feeder = feeder
  }

  /** Whether all that was started has ended, and nothing more will be. */
  get idle(): boolean {
    return this.#feeder === null && this.#running.size === 0
  }

  /** Whether nothing is left to be read, except the failure of an input. */
  get exhausted(): boolean {
    return this.idle && this.#first === null
  }

  /** The element that is to be read next, if it has ended. */
  get head(): Element | null {
    return this.#first?.ended === true ? this.#first : null
  }

  /** Takes the {@link head}. */
  shift(): void {
    writes(this)
    const first = this.#first
    if (first === null) return
    this.#first = first.behind
    if (this.#first === null) this.#last = null
    this.#unread--
    const roomWait = this.#roomWait
    this.#roomWait = null
    roomWait?.succeed(undefined)
  }

  /** Throws what reading an input has thrown, once. */
  throwInputFailure(): void {
    writes(this)
    const failure = this.#inputFailure
    this.#inputFailure = null
    if (failure !== null) throw failure.error
  }

  /** Nobody takes any more what comes: failures that have not been read are reported, but that of `thrown`. What runs, runs on. */
  detach(thrown: Element | null = null): void {
    writes(this)
    if (!this.#taken) return
    this.#taken = false
    for (let element = this.#first; element !== null; element = element.behind) {
      const { greenlet, ended } = element
      if (ended && element !== thrown && greenlet.$status === FAILED) hubOf(greenlet).tell(greenlet.$slot, greenlet)
    }
    this.#first = null
    this.#last = null
  }

  /** Nobody takes any more what comes, and what runs is killed. */
  dispose(thrown: Element | null = null): void {
    this.detach(thrown)
    if (this.#killed) return
    this.#killed = true
    this.#feeder?.kill(undefined, NOT_BLOCKING)
    const running: Element[] = []
    for (let one = this.#running.first; one !== null; one = one.after as Element | null) running.push(one)
    for (const { greenlet } of running) greenlet.kill(undefined, NOT_BLOCKING)
  }

  /** For LoopExit: whom the reader waits for. */
  waitsFor(): readonly Coroutine[] {
    const all: Coroutine[] = this.#feeder === null ? [] : [this.#feeder]
    for (let one = this.#running.first; one !== null; one = one.after as Element | null) all.push(one.greenlet)
    return all
  }

  /** The feeder has ended. */
  notify(feeder: Ending): void {
    writes(this)
    this.#feeder = null
    try {
      if (this.#taken) outcomeOf(feeder)
    } catch (error) {
      this.#inputFailure = { error }
    }
    this.#taker.changed(null)
  }

  /** @internal An element has started; it may even have ended. */
  $started(element: Element): void {
    writes(this)
    if (!element.ended) this.#running.push(element)
    if (this.#killed) element.greenlet.kill(undefined, NOT_BLOCKING)
    if (!this.#taken) return
    this.#unread++
    if (this.#order.ordered) this.#append(element)
    if (this.#order.ordered && element.ended) this.#taker.changed(element)
  }

  /** @internal An element has ended. */
  $ended(element: Element): void {
    writes(this)
    element.ended = true
    this.#running.remove(element)
    if (this.#taken) {
      if (element.greenlet.$status === FAILED) element.greenlet.$readFailure()
      if (!this.#order.ordered) this.#append(element)
    }
    // The taker first: if it wants no more, its place is not for the next element.
    this.#taker.changed(element)
    this.#order.place.$leave(element.greenlet)
  }

  /** @internal Whether the feeder must wait until a result has been read. */
  get $isFull(): boolean {
    reads(this)
    return this.#taken && this.#unread >= this.#order.maxsize
  }

  /** @internal Begins to wait for that. */
  $awaitRoom(greenlet: Coroutine): Step<void> {
    if (!this.$isFull) return ready(undefined)
    writes(this)
    this.#roomWait = new RoomWait(greenlet, this, this.#order)
    return this.#roomWait.park()
  }

  /** @internal */
  $leaveRoom(): void {
    writes(this)
    this.#roomWait = null
  }

  #append(element: Element): void {
    if (this.#last === null) this.#first = element
    else this.#last.behind = element
    this.#last = element
  }
}

const NOT_BLOCKING: KillOptions = { block: false }

/** The body of the feeder. */
function* feed(mapping: Mapping, { place, fn, readers, owner, verb }: Order): Green<void> {
  const [only] = readers.length === 1 ? readers : []
  const room = new RoomOperation(mapping)
  try {
    for (let fed = 1; ; fed++) {
      if (mapping.$isFull) yield* room
      let greenlet: Greenlet
      if (only === undefined) {
        const row = yield* readRow(readers)
        if (row === null) return
        greenlet = new Greenlet<unknown, unknown[]>(fn, ...row)
      } else {
        const more = only.advance()
        if (!(typeof more === 'boolean' ? more : yield* more)) return
        greenlet = new Greenlet<unknown, unknown[]>(fn, only.value)
      }
      const element = new Element(mapping, greenlet)
      const wait = place.$start(greenlet, element, owner, verb)
      if (wait !== null) yield* wait
      mapping.$started(element)
      if (wait === null && fed % FED_AT_ONCE === 0) yield* sleep(0)
    }
  } finally {
    for (const reader of readers) reader.close()
  }
}

class RoomOperation extends HubOperation<void> {
  readonly #mapping: Mapping

  constructor(mapping: Mapping) {
    super()
    this.#mapping = mapping
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#mapping.$awaitRoom(greenlet)
  }

  override toString(): string {
    return 'the room of a map'
  }
}

class RoomWait extends Wait {
  readonly #mapping: Mapping
  readonly #order: Order

  constructor(greenlet: Coroutine, mapping: Mapping, order: Order) {
    super(greenlet)
    this.#mapping = mapping
    this.#order = order
  }

  protected override leave(): void {
    this.#mapping.$leaveRoom()
  }

  override describe(): string {
    return this.#order.place.$call(this.#order.verb)
  }

  because(): string {
    return `maxsize is ${String(this.#order.maxsize)}, and no result is read`
  }
}
