/**
 * Makes the recording of what was written: goes through the events once, and has each greenlet live through them.
 *
 * Where events were lost, the recording begins with the oldest that is left. What a greenlet did before its first event there is not
 * known, and its life begins with that. One of which no event is left at all has done the same all the time: what it does now.
 *
 * Stands on the ring, the books and the lives.
 */
import { type Book, MAIN, type State } from './books.ts'
import { Life, MainLife } from './life.ts'
import type { Arrow, ArrowKind, Recording, SpanKind, Track } from './recording.ts'
import {
  BLOCK,
  DEAD,
  END,
  KILL,
  KIND,
  LATER,
  MAIN_INSIDE,
  MAIN_RESTS,
  MAIN_RUNS,
  RESUME,
  type Ring,
  SPAWN,
  SWITCH,
  THROWN,
  WAKE,
  YIELD,
} from './ring.ts'

/** What a recorder has gathered. */
export interface Gathered {
  readonly ring: Ring
  readonly books: readonly Book[]
  readonly title: string
  /** When it began: by the hub's clock, and of Unix time. */
  readonly beganMs: number
  readonly beganAt: number
  /** When it ended, by the hub's clock. */
  readonly endedMs: number
  readonly locations: boolean
}

/** One whose life is put together. */
interface Figure {
  readonly book: Book
  /** The number of its track; that of main, if it stands for it. */
  readonly track: number
  readonly life: Life
  /** When it was born in the recording; null: it lived before. */
  readonly spawnedMs: number | null
  /** When it has ended; null: not yet. */
  endedMs: number | null
}

const READY: State = { kind: 'ready', what: null, place: null }
const RUNNING: State = { kind: 'running', what: null, place: null }

/** Makes a recording of what was gathered. */
export function recordingOf(gathered: Gathered): Recording {
  return new Play(gathered).recording()
}

class Play {
  readonly #gathered: Gathered
  readonly #ring: Ring
  /** When the recording begins, by the hub's clock. */
  readonly #zero: number
  readonly #main = new MainLife()
  readonly #figures = new Map<number, Figure>()
  readonly #arrows: Arrow[] = []

  constructor(gathered: Gathered) {
    this.#gathered = gathered
    const { ring } = gathered
    this.#ring = ring
    this.#zero = ring.oldest > 0 ? ring.timeOf(ring.oldest) : gathered.beganMs
  }

  recording(): Recording {
    const { title, beganMs, beganAt, endedMs, locations } = this.#gathered
    this.#begin()
    for (let event = this.#ring.oldest; event < this.#ring.count; event++) this.#play(event)
    const durationMs = endedMs - this.#zero
    for (const { life } of this.#figures.values()) life.end(durationMs)
    return {
      title,
      beganAt: beganAt + (this.#zero - beganMs),
      durationMs,
      lostEvents: this.#ring.oldest,
      locations,
      tracks: this.#tracks(),
      arrows: this.#arrows,
    }
  }

  /** Has those appear that are known, in the order in which they did, and those begin that lived before. */
  #begin(): void {
    const { oldest } = this.#ring
    let tracks = 1
    for (const book of this.#gathered.books) {
      if (book.last < oldest && book.ended) continue // nothing of it is left
      const { id, state } = book
      if (id !== MAIN && book.last < oldest && state === null) continue
      const life = book.isMain ? this.#main : new Life()
      this.#figures.set(id, {
        book,
        track: book.isMain ? MAIN : tracks++,
        life,
        spawnedMs: this.#birthOf(book),
        endedMs: null,
      })
      const isWhole = book.first >= oldest || book.last < oldest
      if (id === MAIN) this.#main.plainCode(0, isWhole && state?.kind === 'running' ? 'runs' : 'rests')
      else if (state !== null && isWhole) this.#become(id, 0, state)
    }
  }

  #birthOf({ isNew, first }: Book): number | null {
    return isNew && first >= this.#ring.oldest ? this.#ring.timeOf(first) - this.#zero : null
  }

  /** Lets an event happen. */
  #play(event: number): void {
    const ring = this.#ring
    const bits = ring.kindOf(event)
    const from = ring.fromOf(event)
    const to = ring.toOf(event)
    const atMs = Math.max(0, ring.timeOf(event) - this.#zero)
    const thrown = (bits & THROWN) !== 0
    switch (bits & KIND) {
      case SWITCH:
        this.#arrow('switch', from, to, atMs, thrown)
        if ((bits & DEAD) !== 0) this.#end(from, atMs)
        else if (from !== to) this.#leaves(from, to, atMs, event)
        this.#arrives(to, atMs)
        break
      case RESUME:
        this.#arrow('resume', from, to, atMs, thrown)
        this.#arrives(to, atMs)
        this.#main.hubRuns(atMs)
        break
      case SPAWN:
        if (from === MAIN) this.#main.plainCode(atMs, 'runs')
        if ((bits & LATER) === 0) this.#become(to, atMs, READY)
        break
      case BLOCK:
        this.#become(to, atMs, { kind: 'waiting', what: ring.textOf(event), place: ring.placeOf(event) })
        break
      case YIELD:
        this.#become(to, atMs, READY)
        break
      case WAKE:
        this.#wake(from, to, atMs)
        break
      case KILL:
        this.#arrow('kill', from, to, atMs, true)
        if ((bits & LATER) === 0) this.#become(to, atMs, READY)
        break
      case END:
        this.#end(to, atMs)
        break
      case MAIN_RUNS:
        this.#main.plainCode(atMs, 'runs')
        break
      case MAIN_RESTS:
        this.#main.plainCode(atMs, 'rests', ring.textOf(event))
    }
    if ((bits & MAIN_INSIDE) !== 0) this.#main.plainCode(atMs, 'runs')
  }

  #wake(from: number, to: number, atMs: number): void {
    const kind = this.#kindOf(to)
    if (kind === 'ready') return // it was interrupted, or gave way
    if (kind !== 'switched') this.#arrow('wake', from, to, atMs, false)
    this.#become(to, atMs, READY)
  }

  /** The one that has passed control on does no more than wait for it. */
  #leaves(id: number, to: number, atMs: number, event: number): void {
    const what = this.#figures.get(to)?.book.name ?? null
    if (id === MAIN) this.#main.plainCode(atMs, 'switched', what)
    else this.#become(id, atMs, { kind: 'switched', what, place: this.#ring.placeOf(event) })
  }

  #arrives(id: number, atMs: number): void {
    if (id === MAIN) this.#main.plainCode(atMs, 'runs')
    else this.#become(id, atMs, RUNNING)
  }

  #become(id: number, atMs: number, state: State): void {
    const figure = this.#figures.get(id)
    if (figure === undefined || figure.endedMs !== null) return
    if (figure.book.isMain) this.#main.deputy(atMs, id, state)
    else figure.life.become(atMs, state.kind, state.what, state.place)
  }

  #end(id: number, atMs: number): void {
    const figure = this.#figures.get(id)
    if (figure === undefined || figure.endedMs !== null) return
    figure.endedMs = atMs
    if (figure.book.isMain) this.#main.deputy(atMs, id, null)
    else figure.life.end(atMs)
  }

  #kindOf(id: number): SpanKind | null {
    const figure = this.#figures.get(id)
    if (figure === undefined) return null
    return figure.book.isMain ? this.#main.kindOf(id) : figure.life.kind
  }

  /** Something passes between two tracks; what main does to itself by another name is not shown. */
  #arrow(kind: ArrowKind, fromId: number, toId: number, atMs: number, thrown: boolean): void {
    const from = this.#figures.get(fromId)?.track
    const to = this.#figures.get(toId)?.track
    if (from === undefined || to === undefined || (from === MAIN && to === MAIN && fromId !== toId)) return
    this.#arrows.push({ kind, from, to, atMs, thrown })
  }

  #tracks(): Track[] {
    const tracks: Track[] = []
    for (const { book, track, life, spawnedMs, endedMs } of this.#figures.values()) {
      if (track !== tracks.length) continue // it stands for main
      const { id, name, kind, birthplace, end, error } = book
      tracks.push({
        id: track,
        name,
        kind,
        spawner: id === MAIN ? null : (this.#figures.get(book.spawner)?.track ?? null),
        spawnedMs,
        spawnedAt: birthplace,
        endedMs: end === null ? null : (endedMs ?? 0), // its end may be lost, and what came of it not
        end,
        error,
        spans: life.spans,
      })
    }
    return tracks
  }
}
