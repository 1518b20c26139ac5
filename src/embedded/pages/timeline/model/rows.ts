/**
 * Which rows there are, and in which order: a heading for each of several recordings, and a row for each track that is searched for.
 */
import { RUNNING, type Timeline, type Track, WAITING } from './timeline.ts'

/** A row; without a track it is the heading of its recording. */
export interface Row {
  readonly timeline: Timeline
  readonly track: Track | null
  /** How deep in the tree of who has spawned whom; 0 in every other order. */
  readonly depth: number
}

export const ORDERS = {
  appearance: 'appearance',
  busy: 'busy time',
  waiting: 'waiting time',
  tree: 'spawn tree',
} as const
/** What rows are ordered by. */
export type Order = keyof typeof ORDERS

/** What is asked for. */
export interface Wishes {
  readonly search: string
  readonly order: Order
  readonly hideMain: boolean
}

/** The rows, and where each track is. */
export class Rows {
  readonly list: readonly Row[]
  readonly #indices = new Map<Timeline, Int32Array>()

  constructor(timelines: readonly Timeline[], wishes: Wishes) {
    const list: Row[] = []
    for (const timeline of timelines) {
      const indices = new Int32Array(timeline.tracks.length).fill(-1)
      this.#indices.set(timeline, indices)
      if (timelines.length > 1) list.push({ timeline, track: null, depth: 0 })
      for (const row of rowsOf(timeline, wishes)) indices[row.track.id] = list.push(row) - 1
    }
    this.list = list
  }

  /** How many greenlets are shown. */
  get tracks(): number {
    return this.list.reduce((count, { track }) => count + (track === null ? 0 : 1), 0)
  }

  /** The index of each track's row; -1: it has none. */
  indicesOf(timeline: Timeline): Int32Array {
    return this.#indices.get(timeline) ?? new Int32Array()
  }
}

type TrackRow = Row & { readonly track: Track }

function rowsOf(timeline: Timeline, { search, order, hideMain }: Wishes): TrackRow[] {
  const wanted = search.trim().toLowerCase()
  const isShown = (track: Track): boolean =>
    !(hideMain && track.kind === 'main') && (wanted === '' || track.name.toLowerCase().includes(wanted))
  if (order === 'tree') return treeOf(timeline).filter(({ track }) => isShown(track))
  const rows = timeline.tracks.filter(isShown).map((track): TrackRow => ({ timeline, track, depth: 0 }))
  if (order === 'appearance') return rows
  const kind = order === 'busy' ? RUNNING : WAITING
  return rows.sort((one, other) => other.track.totals[kind] - one.track.totals[kind])
}

/** Each track below who has spawned it. With a stack of its own: a greenlet may be the ten-thousandth of a chain. */
function treeOf(timeline: Timeline): TrackRow[] {
  const children = new Map<number, Track[]>()
  for (const track of timeline.tracks) {
    const spawner = track.spawner < track.id ? track.spawner : -1
    const siblings = children.get(spawner)
    if (siblings === undefined) children.set(spawner, [track])
    else siblings.push(track)
  }
  const rows: TrackRow[] = []
  const stack: TrackRow[] = []
  const push = (spawner: number, depth: number): void => {
    for (const track of (children.get(spawner) ?? []).toReversed()) stack.push({ timeline, track, depth })
  }
  push(-1, 0)
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row)
    push(row.track.id, row.depth + 1)
  }
  return rows
}
