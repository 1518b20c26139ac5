/**
 * The life of a greenlet, put together stretch by stretch; and that of main, which is put together of several.
 *
 * Main's track stands for plain code, the hub, and whoever waits in main's place: `await op`, and the main function of `run`. What plain
 * code and the hub do is not seen, but that they deal with greenlets is. So main is, of what follows, the first that is true:
 *
 * - `running`, while plain code is known to run, or the one in its place does;
 * - `switched`, while a `switch()` of plain code has not come back;
 * - `ready`, when the one in its place is;
 * - in the wait of the one in its place that has begun last;
 * - `waiting`, in what it awaits of a switch, or in {@link THE_HUB}: Node's loop, the hub's own work, and code that nobody can see.
 *
 * Stands on the recording's types. Leaves to `tracks.ts` what happened when.
 */
import type { State } from './books.ts'
import type { Place, Span, SpanKind } from './recording.ts'

/** What main waits in when it is not known better. */
const THE_HUB = 'the hub'

/** A life. */
export class Life {
  readonly spans: Span[] = []
  /** What it does now; null: it has not begun, has ended, or is not known yet. */
  kind: SpanKind | null = null
  #what: string | null = null
  #place: Place | null = null
  #since = 0

  /** From now on it does this. */
  become(atMs: number, kind: SpanKind, what: string | null = null, place: Place | null = null): void {
    if (kind === this.kind && what === this.#what && place === this.#place) return
    this.end(atMs)
    this.kind = kind
    this.#what = what
    this.#place = place
    this.#since = atMs
  }

  /** It ends, or what is known of it. */
  end(atMs: number): void {
    if (this.kind === null) return
    this.spans.push({ kind: this.kind, fromMs: this.#since, toMs: atMs, what: this.#what, place: this.#place })
    this.kind = null
  }
}

/** The life of main. */
export class MainLife extends Life {
  #plain: 'runs' | 'rests' | 'switched' = 'rests'
  /** Of `rests` what it awaits, of `switched` whom it has switched to. */
  #what: string | null = null
  /** Those in its place, by their numbers; who has begun last to do what it does stands last. */
  readonly #deputies = new Map<number, State>()

  plainCode(atMs: number, state: 'runs' | 'rests' | 'switched', what: string | null = null): void {
    this.#plain = state
    this.#what = what
    this.#compose(atMs)
  }

  /** The hub has resumed somebody: plain code has come to an end before. */
  hubRuns(atMs: number): void {
    if (this.#plain === 'runs') this.plainCode(atMs, 'rests')
  }

  deputy(atMs: number, id: number, state: State | null): void {
    this.#deputies.delete(id)
    if (state !== null) this.#deputies.set(id, state)
    this.#compose(atMs)
  }

  /** What the one in its place does that has this number. */
  kindOf(id: number): SpanKind | null {
    return this.#deputies.get(id)?.kind ?? null
  }

  #compose(atMs: number): void {
    if (this.#plain === 'runs') {
      this.become(atMs, 'running')
      return
    }
    if (this.#plain === 'switched') {
      this.become(atMs, 'switched', this.#what)
      return
    }
    let shown: State | null = null
    for (const state of this.#deputies.values()) {
      if (shown === null || rank(state) >= rank(shown)) shown = state
    }
    if (shown === null || this.#what !== null) this.become(atMs, 'waiting', this.#what ?? THE_HUB)
    else this.become(atMs, shown.kind, shown.what ?? (shown.kind === 'waiting' ? THE_HUB : null), shown.place)
  }
}

/** Which of several states is that of the whole. */
function rank({ kind }: State): number {
  return kind === 'running' ? 2 : kind === 'ready' ? 1 : 0
}
