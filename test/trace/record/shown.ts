/**
 * A recording as lines of text, so that a test can say what it should be.
 */
import type { Recording, Track } from 'greenloop/trace'

/** The spans of the track of that name: `0-3 waiting sleep(3)`. */
export function spansOf(recording: Recording, name: string): string[] {
  return trackOf(recording, name).spans.map(
    ({ kind, fromMs, toMs, what }) => `${fromMs}-${toMs} ${kind}${what === null ? '' : ` ${what}`}`,
  )
}

/** The arrows, with their times: `0 resume main>worker`, and `!` behind one that throws. */
export function arrowsOf(recording: Recording, ...kinds: string[]): string[] {
  const nameOf = (id: number): string => recording.tracks[id]?.name ?? '?'
  return recording.arrows
    .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
    .map(({ kind, from, to, atMs, thrown }) => `${atMs} ${kind} ${nameOf(from)}>${nameOf(to)}${thrown ? '!' : ''}`)
}

/** The one track of that name; a number behind it does not count: `worker` is `worker-3`. */
export function trackOf({ tracks }: Recording, name: string): Track {
  const [track, ...more] = tracks.filter((one) => one.name === name || one.name.replace(/-\d+$/, '') === name)
  if (track === undefined || more.length > 0) throw new Error(`Not one track of the name ${name}, in a test.`)
  return track
}
