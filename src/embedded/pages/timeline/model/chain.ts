/**
 * Who brought it about: from a moment of a track back over who woke it, who woke that one, and so on.
 */
import { at } from './list.ts'
import { KILL, SWITCH, type Timeline, type Track, WAKE } from './timeline.ts'

/** A chain of wakers. */
export interface Chain {
  readonly arrows: ReadonlySet<number>
  readonly tracks: ReadonlySet<number>
}

/** Longer ones tell nobody anything. */
const LONGEST = 200

/** The chain that led to what `track` did at `ms`. */
export function chainTo(timeline: Timeline, track: Track, ms: number): Chain {
  const arrows = new Set<number>()
  const tracks = new Set([track.id])
  let moment = ms
  for (let one: Track | undefined = track; one !== undefined && one.kind !== 'main'; ) {
    const arrow = timeline.lastInto(one, [WAKE, SWITCH, KILL], Number.NEGATIVE_INFINITY, moment)
    if (arrow < 0 || arrows.has(arrow) || arrows.size === LONGEST) break
    arrows.add(arrow)
    moment = at(timeline.arrowAt, arrow)
    one = timeline.tracks[at(timeline.arrowFrom, arrow)]
    if (one !== undefined) tracks.add(one.id)
  }
  return { arrows, tracks }
}
