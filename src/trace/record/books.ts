/**
 * What a recorder knows of each greenlet beside its events: a number, a name, who spawned it, how it began and ended.
 *
 * Who is held. The hub holds the greenlets that it has started until they end, so their books may, too; those that live on `switch()`
 * alone may be forgotten by everybody at any time, and are known weakly. Nobody who has ended is held. A {@link Book} is dropped when
 * the last event about its greenlet has left the ring and no more can come.
 *
 * The two that were looked for last are at hand: two that switch to each other are found without a look into a map.
 *
 * Stands on the kernel and the lineage. Leaves to `watch.ts` when somebody appears and ends.
 */
import { GreenletExit } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { SpawnedGreenlet } from '../../gevent/lineage.ts'
import { type Coroutine, FAILED, kernel, READY, RETURNED, UNSTARTED } from '../../greenlet/kernel.ts'
import type { Hub } from '../../hub/hub.ts'
import { birthplaceOf, placeOf } from './places.ts'
import type { End, Place, SpanKind, Track } from './recording.ts'

/** Of whom no event tells. */
const NO_EVENT = -1
/** The number of main. */
export const MAIN = 0

/** What a greenlet does at a moment. */
export interface State {
  readonly kind: SpanKind
  readonly what: string | null
  readonly place: Place | null
}

/** What is known of one greenlet. */
export class Book {
  readonly id: number
  readonly kind: Track['kind']
  /** Whether it waits in the place of main, whose track its events belong to. */
  readonly isMain: boolean
  name: string
  /** Set while the hub holds it, too. */
  held: Coroutine | null = null
  /** Set while it lives, of one that the hub does not know. */
  weak: WeakRef<Coroutine> | null = null
  /** The number of who has spawned it; -1: nobody that is known. */
  spawner = -1
  /** Whether its first event is its birth; else it lived already. */
  isNew = false
  birthplace: Place | null = null
  /** What it did before its first event; of one without events what it does. Null: that is told by its first event, its spawn. */
  state: State | null = null
  /** Its first and its last event. */
  first: number = NO_EVENT
  last: number = NO_EVENT
  end: End | null = null
  error: string | null = null
  /** Since when it waits, by the hub's clock; null: it does not, or has done so already when it was met. */
  waitsSince: number | null = null
  /** The event of its wait, as long as its place was not taken down. */
  open: number = NO_EVENT

  constructor(id: number, kind: Track['kind'], isMain: boolean, name: string) {
    this.id = id
    this.kind = kind
    this.isMain = isMain
    this.name = name
  }

  /** The greenlet, as long as it lives and is known. */
  get greenlet(): Coroutine | null {
    return this.held ?? this.weak?.deref() ?? null
  }

  get ended(): boolean {
    return this.end !== null
  }
}

/** All books of a recording. */
export class Books {
  readonly main: Book
  readonly #hub: Hub
  readonly #withPlaces: boolean
  #all: Book[]
  readonly #held = new Map<Coroutine, Book>()
  readonly #weak = new WeakMap<Coroutine, Book | null>()
  #made = 1
  // The two at hand, the latest first.
  #one: Coroutine | null = null
  #bookOne: Book
  #two: Coroutine | null = null
  #bookTwo: Book

  constructor(hub: Hub, withPlaces: boolean) {
    this.#hub = hub
    this.#withPlaces = withPlaces
    this.main = new Book(MAIN, 'main', true, 'main')
    this.#all = [this.main]
    this.#held.set(kernel.main, this.main)
    this.#bookOne = this.main
    this.#bookTwo = this.main
  }

  /** All that are kept, in the order in which they appeared. */
  get all(): readonly Book[] {
    return this.#all
  }

  /** The book of `greenlet`, which is opened now if there is none. Null: it lives in another hub. */
  of(greenlet: Coroutine): Book | null {
    if (greenlet === this.#one) return this.#bookOne
    if (greenlet === this.#two) return this.#bookTwo
    const book = this.#lookUp(greenlet)
    if (book === undefined) return this.open(greenlet, false)
    if (book !== null) this.#keepAtHand(greenlet, book)
    return book
  }

  /** The book of `greenlet`, if there is one. */
  known(greenlet: Coroutine): Book | null {
    if (greenlet === this.#one) return this.#bookOne
    if (greenlet === this.#two) return this.#bookTwo
    return this.#lookUp(greenlet) ?? null
  }

  /** Opens the book of one that is new; `held`: the hub holds it until it ends. Null: it lives in another hub. */
  open(greenlet: Coroutine, held: boolean): Book | null {
    if ((greenlet.$host ?? kernel.host) !== this.#hub) {
      this.#weak.set(greenlet, null)
      return null
    }
    const isSpawned = greenlet instanceof SpawnedGreenlet
    const isMain = this.#hub.mainWaits.has(greenlet)
    // One that is held is asked for its name when it ends, or is looked at.
    const book = new Book(this.#made++, isSpawned ? 'greenlet' : 'raw', isMain, held ? '' : nameOf(greenlet))
    const spawner = isSpawned ? greenlet.spawningGreenlet() : greenlet.parent
    if (spawner !== null) book.spawner = this.known(spawner)?.id ?? -1
    if (this.#withPlaces) book.birthplace = birthplaceOf(greenlet)
    if (held) {
      book.held = greenlet
      this.#held.set(greenlet, book)
    } else {
      book.weak = new WeakRef(greenlet)
      this.#weak.set(greenlet, book)
    }
    this.#all.push(book)
    this.#keepAtHand(greenlet, book)
    return book
  }

  /** Its greenlet has ended, with `outcome`; null: that is not known. */
  close(book: Book, greenlet: Coroutine, outcome: unknown): void {
    book.end = greenlet.$status === FAILED ? 'failed' : outcome instanceof GreenletExit ? 'killed' : 'returned'
    if (book.end === 'failed' && outcome !== null) book.error = lineOf(outcome)
    book.name = nameOf(greenlet)
    book.waitsSince = null
    this.#held.delete(greenlet)
    book.held = null
    book.weak = null
  }

  /** Has the two at hand looked up again: nobody is to be held by that. */
  putAway(): void {
    this.#one = null
    this.#two = null
  }

  /** Drops the books of which no event is in the ring, whose oldest is given, and none can come. */
  sweep(oldest: number): void {
    this.putAway()
    this.#all = this.#all.filter(
      (book) => book.last >= oldest || book === this.main || (!book.ended && book.greenlet !== null),
    )
  }

  /** Takes down how things stand: names, and what those do of whom no event is held. */
  update(oldest: number): void {
    for (const book of this.#all) {
      const { greenlet } = book
      if (greenlet === null || book === this.main) continue
      book.name = nameOf(greenlet)
      if (book.last < oldest) book.state = stateOf(greenlet, this.#withPlaces)
    }
  }

  /** Lets go of all greenlets. */
  letGo(): void {
    for (const book of this.#all) {
      book.held = null
      book.weak = null
    }
    this.#held.clear()
    this.putAway()
  }

  #lookUp(greenlet: Coroutine): Book | null | undefined {
    return this.#held.get(greenlet) ?? this.#weak.get(greenlet)
  }

  #keepAtHand(greenlet: Coroutine, book: Book): void {
    this.#two = this.#one
    this.#bookTwo = this.#bookOne
    this.#one = greenlet
    this.#bookOne = book
  }
}

/** What a greenlet does now, as far as can be seen from outside. */
export function stateOf(greenlet: Coroutine, withPlaces: boolean): State {
  const { $wait: wait } = greenlet
  const kind =
    greenlet === kernel.current
      ? 'running'
      : wait !== null
        ? 'waiting'
        : greenlet.$turn === READY || greenlet.$status === UNSTARTED
          ? 'ready'
          : 'switched'
  const suspended = kind === 'waiting' || kind === 'switched'
  return {
    kind,
    what: wait === null ? null : textOf(() => wait.describe()),
    place: withPlaces && suspended ? placeOf(greenlet) : null,
  }
}

/** Whether it has yet to run for the first time. */
export function isNew(greenlet: Coroutine): boolean {
  return greenlet.$frame === null && greenlet.$status < RETURNED
}

/** The name; it may be a getter of the program's. */
function nameOf(greenlet: Coroutine): string {
  return textOf(() => greenlet.name)
}

/** A text that the program has its hands in: whatever it throws must not reach who is being watched. */
export function textOf(text: () => unknown): string {
  try {
    const made = String(text())
    // V8 keeps the pieces of a text that was put together, at several times its size, until somebody looks at a letter.
    made.charCodeAt(0)
    return made
  } catch {
    return '?'
  }
}

/** An error in a line. */
function lineOf(error: unknown): string {
  const [line = ''] = textOf(() => (error instanceof Error ? error : show(error))).split('\n', 1)
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
