/**
 * Recordings in few bytes, for a page that carries them: columns of numbers, and each text once.
 *
 * Stands on the recording. A column is a string of base64 digits, five bits in each and the sixth saying that more follow, as source maps have
 * it; a number's lowest bit is its sign. Times are whole nanoseconds, and each says how long after the one before it is. The other end is
 * src/embedded/pages/timeline/model.
 */
import type { Arrow, Place, Recording, Track } from '../record/recording.ts'

/** What the page carries. */
export interface PackedTimeline {
  readonly title: string
  /** Where a column holds an index, it is one of this list; -1 is null. */
  readonly strings: readonly string[]
  readonly recordings: readonly PackedRecording[]
}

/** A recording in columns. Kinds are their index in {@link SPAN_KINDS} and its like. */
export interface PackedRecording {
  readonly title: string
  readonly beganAt: number
  readonly durationMs: number
  readonly lostEvents: number
  readonly locations: boolean
  /** A number a track. */
  readonly tracks: {
    readonly name: string
    readonly kind: string
    readonly spawner: string
    /** Nanoseconds; -1: null. */
    readonly spawned: string
    readonly spawnedAt: string
    readonly ended: string
    readonly end: string
    readonly error: string
    /** How many of the spans are its own. */
    readonly spans: string
  }
  /** A number a span; those of a track follow each other. */
  readonly spans: {
    readonly kind: string
    /** From the end of the one before it, of the same track; 0 as a rule. */
    readonly gap: string
    readonly length: string
    readonly what: string
    readonly place: string
  }
  /** A number an arrow. */
  readonly arrows: {
    /** Twice the kind, and one more where an error went over. */
    readonly kind: string
    readonly from: string
    readonly to: string
    readonly after: string
  }
}

const SPAN_KINDS = ['running', 'ready', 'waiting', 'switched'] as const
const TRACK_KINDS = ['main', 'greenlet', 'raw'] as const
const ENDS = ['returned', 'failed', 'killed'] as const
const ARROW_KINDS = ['switch', 'resume', 'wake', 'kill'] as const

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Packs recordings; `placeText` writes a place. */
export function packTimeline(
  title: string,
  recordings: readonly Recording[],
  placeText: (place: Place) => string,
): PackedTimeline {
  const strings = new Strings()
  const pack = (recording: Recording): PackedRecording => packRecording(recording, strings, placeText)
  return { title, recordings: recordings.map(pack), strings: strings.list }
}

function packRecording(recording: Recording, strings: Strings, placeText: (place: Place) => string): PackedRecording {
  const { title, beganAt, durationMs, lostEvents, locations, tracks, arrows } = recording
  const place = (at: Place | null): number => strings.of(at === null ? null : placeText(at))
  return {
    title,
    beganAt,
    durationMs,
    lostEvents,
    locations,
    tracks: {
      name: column(tracks, ({ name }) => strings.of(name)),
      kind: column(tracks, ({ kind }) => TRACK_KINDS.indexOf(kind)),
      spawner: column(tracks, ({ spawner }) => spawner ?? -1),
      spawned: column(tracks, ({ spawnedMs }) => (spawnedMs === null ? -1 : nanoseconds(spawnedMs))),
      spawnedAt: column(tracks, ({ spawnedAt }) => place(spawnedAt)),
      ended: column(tracks, ({ endedMs }) => (endedMs === null ? -1 : nanoseconds(endedMs))),
      end: column(tracks, ({ end }) => (end === null ? -1 : ENDS.indexOf(end))),
      error: column(tracks, ({ error }) => strings.of(error)),
      spans: column(tracks, ({ spans }) => spans.length),
    },
    spans: packSpans(tracks, strings, place),
    arrows: packArrows(arrows),
  }
}

function packSpans(
  tracks: readonly Track[],
  strings: Strings,
  place: (at: Place | null) => number,
): PackedRecording['spans'] {
  const packed = { kind: '', gap: '', length: '', what: '', place: '' }
  for (const { spans } of tracks) {
    let before = 0
    for (const span of spans) {
      const from = nanoseconds(span.fromMs)
      const to = nanoseconds(span.toMs)
      packed.kind += digits(SPAN_KINDS.indexOf(span.kind))
      packed.gap += digits(from - before)
      packed.length += digits(to - from)
      packed.what += digits(strings.of(span.what))
      packed.place += digits(place(span.place))
      before = to
    }
  }
  return packed
}

function packArrows(arrows: readonly Arrow[]): PackedRecording['arrows'] {
  const packed = { kind: '', from: '', to: '', after: '' }
  let before = 0
  for (const arrow of arrows) {
    const at = nanoseconds(arrow.atMs)
    packed.kind += digits(ARROW_KINDS.indexOf(arrow.kind) * 2 + (arrow.thrown ? 1 : 0))
    packed.from += digits(arrow.from)
    packed.to += digits(arrow.to)
    packed.after += digits(at - before)
    before = at
  }
  return packed
}

function column(tracks: readonly Track[], number: (track: Track) => number): string {
  let text = ''
  for (const track of tracks) text += digits(number(track))
  return text
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6)
}

/** A whole number in digits, the lowest first. By division, since shifts end at 32 bits. */
function digits(number: number): string {
  let rest = number < 0 ? number * -2 + 1 : number * 2
  let text = ''
  for (;;) {
    const digit = rest % 32
    rest = Math.floor(rest / 32)
    if (rest === 0) return text + DIGITS.charAt(digit)
    text += DIGITS.charAt(digit + 32)
  }
}

/** Each text once. */
class Strings {
  readonly list: string[] = []
  readonly #indices = new Map<string, number>()

  of(text: string | null): number {
    if (text === null) return -1
    let index = this.#indices.get(text)
    if (index === undefined) {
      index = this.list.push(text) - 1
      this.#indices.set(text, index)
    }
    return index
  }
}
