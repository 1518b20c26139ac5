/**
 * A recording as the page draws it: spans and arrows in typed arrays, found by binary search.
 *
 * Stands on the packed columns. Times are milliseconds since the recording began.
 */

import type { PackedRecording } from '../../../../trace/pictures/packed.ts'
import { unpack } from './columns.ts'
import { add, at } from './list.ts'

export const RUNNING = 0
export const READY = 1
export const WAITING = 2
export const SWITCHED = 3
/** Of spans, by their number. */
export const SPAN_KINDS = ['running', 'ready', 'waiting', 'switched'] as const

export const SWITCH = 0
export const RESUME = 1
export const WAKE = 2
export const KILL = 3
/** Of arrows, by their number. */
export const ARROW_KINDS = ['switch', 'resume', 'wake', 'kill'] as const

const TRACK_KINDS = ['main', 'greenlet', 'raw'] as const
const ENDS = ['returned', 'failed', 'killed'] as const

/** The life of a greenlet. */
export interface Track {
  readonly id: number
  readonly name: string
  readonly kind: (typeof TRACK_KINDS)[number]
  readonly spawner: number
  readonly spawnedMs: number | null
  readonly spawnedAt: string | null
  readonly endedMs: number | null
  readonly end: (typeof ENDS)[number] | null
  readonly error: string | null
  /** Its spans are those from here ... */
  readonly first: number
  /** ... up to here, which is not one. */
  readonly last: number
  /** How long it was in each of the four kinds. */
  readonly totals: readonly [number, number, number, number]
}

/** Which arrows come in to a track, in the order of time. */
class ArrowIndex {
  readonly #starts: Int32Array
  readonly #list: Int32Array

  constructor(ends: Int32Array, tracks: number) {
    const starts = new Int32Array(tracks + 1)
    for (const end of ends) add(starts, end + 1, 1)
    for (let id = 0; id < tracks; id++) add(starts, id + 1, at(starts, id))
    const next = starts.slice()
    this.#list = new Int32Array(ends.length)
    for (let arrow = 0; arrow < ends.length; arrow++) {
      const end = at(ends, arrow)
      this.#list[at(next, end)] = arrow
      add(next, end, 1)
    }
    this.#starts = starts
  }

  of(track: number): Int32Array {
    return this.#list.subarray(this.#starts[track], this.#starts[track + 1])
  }
}

export class Timeline {
  readonly title: string
  readonly beganAt: number
  readonly durationMs: number
  readonly lostEvents: number
  readonly locations: boolean
  readonly tracks: readonly Track[]
  readonly spanKind: Uint8Array
  readonly spanFrom: Float64Array
  readonly spanTo: Float64Array
  readonly arrowKind: Uint8Array
  readonly arrowThrown: Uint8Array
  readonly arrowFrom: Int32Array
  readonly arrowTo: Int32Array
  readonly arrowAt: Float64Array
  readonly incoming: ArrowIndex
  readonly #strings: readonly string[]
  readonly #whats: Int32Array
  readonly #places: Int32Array

  constructor(packed: PackedRecording, strings: readonly string[]) {
    this.#strings = strings
    this.title = packed.title
    this.beganAt = packed.beganAt
    this.durationMs = packed.durationMs
    this.lostEvents = packed.lostEvents
    this.locations = packed.locations

    const { spans, arrows } = packed
    this.spanKind = Uint8Array.from(unpack(spans.kind))
    this.#whats = Int32Array.from(unpack(spans.what))
    this.#places = Int32Array.from(unpack(spans.place))
    this.spanFrom = unpack(spans.gap)
    this.spanTo = unpack(spans.length)
    this.tracks = this.#makeTracks(packed.tracks)

    const kinds = unpack(arrows.kind)
    this.arrowKind = Uint8Array.from(kinds, (kind) => kind >> 1)
    this.arrowThrown = Uint8Array.from(kinds, (kind) => kind & 1)
    this.arrowFrom = Int32Array.from(unpack(arrows.from))
    this.arrowTo = Int32Array.from(unpack(arrows.to))
    let before = 0
    this.arrowAt = unpack(arrows.after).map((after) => (before += after) / 1e6)
    this.incoming = new ArrowIndex(this.arrowTo, this.tracks.length)
  }

  /** Makes the tracks, and on the way gaps and lengths into times. */
  #makeTracks(packed: PackedRecording['tracks']): Track[] {
    const [names, kinds, spawners, spawned] = [packed.name, packed.kind, packed.spawner, packed.spawned].map(unpack)
    const [places, ended, ends, errors] = [packed.spawnedAt, packed.ended, packed.end, packed.error].map(unpack)
    let first = 0
    return Array.from(unpack(packed.spans), (count, id) => {
      const last = first + count
      const track: Track = {
        id,
        name: this.#text(names?.[id]) ?? '',
        kind: TRACK_KINDS[kinds?.[id] ?? 1] ?? 'greenlet',
        spawner: spawners?.[id] ?? -1,
        spawnedMs: timeOf(spawned?.[id]),
        spawnedAt: this.#text(places?.[id]),
        endedMs: timeOf(ended?.[id]),
        end: ENDS[ends?.[id] ?? -1] ?? null,
        error: this.#text(errors?.[id]),
        first,
        last,
        totals: this.#place(first, last),
      }
      first = last
      return track
    })
  }

  #place(first: number, last: number): Track['totals'] {
    const totals: [number, number, number, number] = [0, 0, 0, 0]
    let end = 0
    for (let span = first; span < last; span++) {
      const from = end + at(this.spanFrom, span)
      end = from + at(this.spanTo, span)
      this.spanFrom[span] = from / 1e6
      this.spanTo[span] = end / 1e6
      add(totals, at(this.spanKind, span), at(this.spanTo, span) - at(this.spanFrom, span))
    }
    return totals
  }

  #text(index = -1): string | null {
    return this.#strings[index] ?? null
  }

  /** Of a waiting span the call, of a switched one whom it switched to. */
  what(span: number): string | null {
    return this.#text(this.#whats[span])
  }

  /** Where it waits or has switched, as `file:line`. */
  place(span: number): string | null {
    return this.#text(this.#places[span])
  }

  /** The first span of a track that ends after `ms`; `track.last` if there is none. */
  spanAfter(track: Track, ms: number): number {
    let [low, high] = [track.first, track.last]
    while (low < high) {
      const middle = (low + high) >> 1
      if (at(this.spanTo, middle) > ms) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The span of a track at `ms`, or -1. */
  spanAt(track: Track, ms: number): number {
    const span = this.spanAfter(track, ms)
    return span < track.last && at(this.spanFrom, span) <= ms ? span : -1
  }

  /** The first arrow at `ms` or later. */
  arrowAfter(ms: number): number {
    let [low, high] = [0, this.arrowAt.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (at(this.arrowAt, middle) >= ms) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The last arrow into a track from `fromMs` to `toMs` that is of one of `kinds`, or -1. */
  lastInto(track: Track, kinds: readonly number[], fromMs: number, toMs: number): number {
    const arrows = this.incoming.of(track.id)
    for (let index = arrows.length - 1; index >= 0; index--) {
      const arrow = at(arrows, index)
      if (at(this.arrowAt, arrow) > toMs) continue
      if (at(this.arrowAt, arrow) < fromMs) return -1
      if (kinds.includes(at(this.arrowKind, arrow))) return arrow
    }
    return -1
  }
}

function timeOf(nanoseconds = -1): number | null {
  return nanoseconds < 0 ? null : nanoseconds / 1e6
}
