/**
 * What a recorder sees: the hub and the trampoline tell it, and it writes events.
 *
 * A switch is one look at the clock, two greenlets found, and four numbers written; nothing is allocated. What costs more, the text of a
 * wait and its place, is asked for only when somebody blocks.
 *
 * What is not told is inferred here. A raw greenlet's end: the transfer that it makes is told, and then it is dead; when control went to
 * the hub instead, the next one that the hub resumes shows it. Who wakes: while links run, the one that has ended, and during a
 * callback the one that has caused it.
 *
 * Plain code is seen when it deals with greenlets. It counts as running from there until the hub resumes somebody or, at the latest,
 * until Node has looked at sockets and timers.
 *
 * Stands on the ring and the books. Leaves to `tracks.ts` what is made of the events.
 */
import {
  type Coroutine,
  kernel,
  type PendingWait,
  READY,
  RETURNED,
  UNSTARTED,
  type Watcher,
} from '../../greenlet/kernel.ts'
import { awaitedMainCalls } from '../../greenlet/switch.ts'
import type { Clock } from '../../hub/clock.ts'
import { Entry } from '../../hub/entry.ts'
import type { Hub } from '../../hub/hub.ts'
import type { HubObserver } from '../../hub/report.ts'
import { type Book, Books, isNew, type State, stateOf, textOf } from './books.ts'
import { placeOf } from './places.ts'
import {
  BLOCK,
  DEAD,
  END,
  KILL,
  LATER,
  MAIN_INSIDE,
  MAIN_RESTS,
  MAIN_RUNS,
  RESUME,
  Ring,
  SPAWN,
  SWITCH,
  THROWN,
  WAKE,
  YIELD,
} from './ring.ts'

const SWITCHED: State = { kind: 'switched', what: null, place: null }
const WAITING: State = { kind: 'waiting', what: null, place: null }

/** Writes down what happens in a hub. */
export class Watch implements HubObserver {
  readonly ring: Ring
  readonly books: Books
  /** When it began, by the hub's clock. */
  readonly beganMs: number
  readonly withPlaces: boolean
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #main: Coroutine = kernel.main
  /** Who has control, as far as that was told. */
  #runner: Book
  /** Who was spawned, gave way or was interrupted last, until it is told that it is ready: that goes without saying. */
  #expected: Coroutine | null = null
  /** Whose links run. */
  #linking: Book | null = null
  /** The book of the one whose end is the latest event, and the number of the event behind it. */
  #dead: Book | null = null
  #deadUntil = 0
  /** In whose name callbacks run that are in the ready list; one may be taken off it unseen. */
  readonly #causes = new WeakMap<Coroutine, Book>()
  /** The same for the links of the dead, which always run. */
  readonly #due = new Map<Coroutine, Book>()
  /** Whether plain code counts as running. */
  #mainRuns = false
  /** Whether the clock was asked to call when it rests. */
  #restIsDue = false
  #over = false

  constructor(hub: Hub, capacity: number, withPlaces: boolean) {
    this.#hub = hub
    this.#clock = hub.clock
    this.withPlaces = withPlaces
    this.ring = new Ring(capacity, withPlaces)
    this.books = new Books(hub, withPlaces)
    this.beganMs = this.#clock.now()
    this.#runner = this.books.main
    this.#look()
  }

  /** Takes down those who live already. */
  #look(): void {
    const { current } = kernel
    for (const greenlet of this.#hub.living()) this.#meet(greenlet, true)
    for (const greenlet of this.#hub.mainWaits) if (this.books.known(greenlet) === null) this.#meet(greenlet, true)
    if (current === this.#main) this.#plainCodeRuns()
    else this.#runner = this.books.known(current) ?? this.#meet(current, false) ?? this.books.main
    this.books.main.state = { kind: current === this.#main ? 'running' : 'waiting', what: null, place: null }
  }

  /** Opens the book of one that lives already. */
  #meet(greenlet: Coroutine, held: boolean): Book | null {
    const book = this.books.open(greenlet, held)
    if (book !== null) book.state = stateOf(greenlet, this.withPlaces)
    return book
  }

  /** For the kernel: control has passed from `origin` to `target`. */
  readonly transferred: Watcher = (origin, target, throwing) => {
    const { main } = this.books
    const atMs = this.#clock.now()
    const from = origin === this.#main ? main : this.books.of(origin)
    const to = target === this.#main ? main : (this.books.known(target) ?? this.#appear(target, SWITCHED))
    if (from === null || to === null) return
    let bits = throwing ? THROWN : 0
    if (from !== main) {
      if (origin.$status >= RETURNED) {
        if (!from.ended) this.#end(from, origin, atMs, target.$slot) // which is what comes of it
        this.books.putAway()
        bits |= DEAD
      }
    } else if (this.#runner !== main) {
      this.#endUnseen(atMs)
    }
    if (this.withPlaces && to.open >= 0) this.#takePlace(to, target)
    to.waitsSince = null
    if (to === main) {
      if (kernel.mainInside) bits |= MAIN_INSIDE
      this.#write(SWITCH | bits, from, to, atMs)
      this.#mainRuns = true
    } else {
      this.#mainRuns = false
      this.#write((from === main && !kernel.mainInside ? RESUME : SWITCH) | bits, from, to, atMs)
      if (from !== main && this.withPlaces && !from.ended) this.ring.setPlace(this.ring.count - 1, placeOf(origin))
    }
    this.#runner = to
    if (to.isMain) this.#askForRest() // it may end without a word
  }

  spawned(greenlet: Coroutine): void {
    const book = this.books.known(greenlet) ?? this.books.open(greenlet, true)
    if (book === null) return
    const atMs = this.#clock.now()
    book.isNew = true
    if (greenlet.$wait === null) {
      this.#write(SPAWN, this.#actor(kernel.current), book, atMs)
      this.#expected = greenlet
    } else {
      this.#write(SPAWN | LATER, this.#actor(kernel.current), book, atMs)
      this.#waits(book, greenlet.$wait, atMs, 0)
    }
  }

  blocked(greenlet: Coroutine, wait: PendingWait | null): void {
    const book = this.books.of(greenlet)
    if (book === null) return
    const atMs = this.#clock.now()
    const inside = kernel.mainInside ? MAIN_INSIDE : 0
    if (wait === null) {
      this.#write(YIELD | inside, book, book, atMs)
      this.#expected = greenlet
    } else {
      this.#waits(book, wait, atMs, inside)
    }
    this.#runner = this.books.main
    if (inside !== 0) this.#plainCodeRuns()
  }

  woken(greenlet: Coroutine, waker: Coroutine): void {
    if (greenlet === this.#expected) {
      this.#expected = null
      return
    }
    let book = this.books.known(greenlet)
    if (greenlet.$status >= RETURNED && (book === null || !book.isMain || book.ended)) {
      this.#noteCause(greenlet, waker)
      return
    }
    const atMs = this.#clock.now()
    book ??= this.#appear(greenlet, WAITING)
    if (book === null) return
    if (this.withPlaces && book.open >= 0) this.#takePlace(book, greenlet)
    book.waitsSince = null
    this.#write(WAKE, this.#actor(waker), book, atMs)
  }

  interrupted(greenlet: Coroutine): void {
    const atMs = this.#clock.now()
    const book = this.books.known(greenlet) ?? this.#appear(greenlet, greenlet.$wait === null ? SWITCHED : WAITING)
    if (book === null) return
    const { current } = kernel
    const later = greenlet === current || greenlet.$turn === READY || greenlet.$status === UNSTARTED
    if (this.withPlaces && book.open >= 0) this.#takePlace(book, greenlet)
    this.#write(later ? KILL | LATER : KILL, this.#actor(current), book, atMs)
    if (!later) this.#expected = greenlet
  }

  ended(greenlet: Coroutine): void {
    const book = this.books.of(greenlet)
    if (book === null || book.ended) return
    const atMs = this.#clock.now()
    if (this.withPlaces && book.open >= 0) this.#takePlace(book, greenlet)
    // One that is ended from outside never runs: whoever did so has killed it.
    if (greenlet !== kernel.current) this.#write(KILL | LATER, this.#actor(kernel.current), book, atMs)
    else this.#runner = this.books.main
    this.#end(book, greenlet, atMs, greenlet.$slot)
    // It may go on in somebody else: then it is looked for once more.
    if (greenlet.parent === this.#main && !kernel.mainInside && kernel.mainCalls.length === 0) this.books.putAway()
  }

  linking(of: Coroutine | null): void {
    this.#dead = null
    this.#linking = null
    if (of === null) return
    if (!(of instanceof Entry)) {
      this.#linking = this.#due.get(of) ?? null
      this.#due.delete(of)
      return
    }
    this.#linking = this.#causes.get(of) ?? null
    const book = this.books.known(of)
    if (book === null) return
    // Plain code has what it awaited.
    const atMs = this.#clock.now()
    this.#write(MAIN_RUNS, this.books.main, this.books.main, atMs)
    this.#end(book, of, atMs, of.$slot)
    this.#plainCodeRuns()
  }

  awaited(agent: Coroutine, wait: PendingWait | null): void {
    const book = this.books.open(agent, true)
    if (book === null) return
    const atMs = this.#clock.now()
    this.#writeText(BLOCK, book, book, atMs, wait === null ? null : textOf(() => wait.describe()))
    book.waitsSince = atMs
    if (this.withPlaces) this.ring.setPlace(this.ring.count - 1, placeOf(agent)) // the operation was made before
  }

  since(greenlet: Coroutine): number | null {
    return this.books.known(greenlet)?.waitsSince ?? null
  }

  /** Takes down how things stand now; answers the time. */
  settle(): number {
    const atMs = this.#clock.now()
    if (kernel.current === this.#main && this.#runner !== this.books.main) this.#endUnseen(atMs)
    if (this.withPlaces) {
      for (const book of this.books.all) {
        const { greenlet } = book
        if (book.open >= 0 && greenlet !== null) this.#takePlace(book, greenlet)
      }
    }
    this.books.update(this.ring.oldest)
    return atMs
  }

  /** It is told no more. */
  stop(): void {
    this.#over = true
    this.#expected = null
    this.#dead = null
    this.#linking = null
    this.#due.clear()
    this.books.letGo()
  }

  /** Opens the book of one that is reached and was not met before: it is new, or has been in `state` all the time. */
  #appear(greenlet: Coroutine, state: State): Book | null {
    if (greenlet instanceof Entry) return null // a branch of a choice, which nobody sees
    const book = this.books.open(greenlet, false)
    if (book === null) return null
    if (isNew(greenlet)) book.isNew = true
    else book.state = state
    return book
  }

  /** Who has done what `current` is seen to do: main, in the links of somebody, does it in the name of that one. */
  #actor(current: Coroutine): Book {
    if (current !== this.#main) return this.books.of(current) ?? this.books.main
    if (this.#linking !== null) return this.#linking
    return this.books.main
  }

  /** The links of somebody who has ended, or a callback, are to run. */
  #noteCause(greenlet: Coroutine, waker: Coroutine): void {
    const isDead = this.#dead !== null && this.#deadUntil === this.ring.count && !(greenlet instanceof Entry)
    const cause = isDead ? this.#dead : this.#actor(waker)
    if (cause === null || cause === this.books.main) return
    if (greenlet instanceof Entry) this.#causes.set(greenlet, cause)
    else this.#due.set(greenlet, cause)
  }

  #waits(book: Book, wait: PendingWait, atMs: number, bits: number): void {
    this.#writeText(
      BLOCK | bits,
      book,
      book,
      atMs,
      textOf(() => wait.describe()),
    )
    book.open = this.ring.count - 1
    book.waitsSince = atMs
  }

  /** A greenlet had control, and the hub goes on: it has ended, and told nobody. */
  #endUnseen(atMs: number): void {
    const book = this.#runner
    const { greenlet } = book
    if (greenlet !== null && !book.ended && greenlet.$status >= RETURNED) this.#end(book, greenlet, atMs, null)
    this.#runner = this.books.main
  }

  #end(book: Book, greenlet: Coroutine, atMs: number, outcome: unknown): void {
    this.books.close(book, greenlet, outcome)
    this.#write(END, book, book, atMs)
    this.#dead = book
    this.#deadUntil = this.ring.count
  }

  #takePlace(book: Book, greenlet: Coroutine): void {
    this.ring.setPlace(book.open, placeOf(greenlet))
    book.open = -1
  }

  #plainCodeRuns(): void {
    this.#mainRuns = true
    this.#askForRest()
  }

  /** Has the clock call when plain code has returned to Node's loop. */
  #askForRest(): void {
    if (this.#restIsDue) return
    this.#restIsDue = true
    this.#clock.afterIO(this.#onRest)
  }

  readonly #onRest = (): void => {
    this.#restIsDue = false
    if (this.#over) return
    if (kernel.current === this.#main && this.#runner !== this.books.main) this.#endUnseen(this.#clock.now())
    this.books.putAway()
    const [call] = awaitedMainCalls()
    if (!this.#mainRuns && call === undefined) return
    this.#mainRuns = false
    const { main } = this.books
    this.#writeText(MAIN_RESTS, main, main, this.#clock.now(), call === undefined ? null : textOf(() => call))
  }

  #write(kind: number, from: Book, to: Book, atMs: number): void {
    this.#count(from)
    this.#count(to)
    if (this.ring.push(kind, from.id, to.id, atMs)) this.books.sweep(this.ring.oldest)
  }

  #writeText(kind: number, from: Book, to: Book, atMs: number, text: string | null): void {
    this.#count(from)
    this.#count(to)
    if (this.ring.pushText(kind, from.id, to.id, atMs, text)) this.books.sweep(this.ring.oldest)
  }

  /** The event that is about to be written is about `book`. */
  #count(book: Book): void {
    const { count } = this.ring
    if (book.first < 0) book.first = count
    book.last = count
  }
}
