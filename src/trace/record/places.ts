/**
 * Where greenlets wait and were made, for a recorder that is asked for it.
 *
 * Several recorders may want places at once, and the program itself may have turned them on: they are turned off with the last of those
 * who have turned them on.
 *
 * Stands on locations, which note the places.
 */
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { RawGreenlet } from '../../greenlet/raw-greenlet.ts'
import { placeOf as locationOf, setLocations } from '../../locations.ts'
import type { Place } from './recording.ts'

let wanted = 0
/** Whether they were on before the first one wanted them. */
let before = false

/** Has places noted from now on. */
export function wantPlaces(): void {
  if (wanted++ === 0) before = setLocations(true)
}

/** Takes a {@link wantPlaces} back. */
export function needNoPlaces(): void {
  if (--wanted === 0) setLocations(before)
}

/** Where a suspended greenlet waits; null: it is not known. */
export function placeOf(greenlet: Coroutine): Place | null {
  return locationOf(greenlet as RawGreenlet) // every coroutine is one, or an agent, of which no more is asked
}

/** Where it was made; null: it is not known. */
export function birthplaceOf(greenlet: Coroutine): Place | null {
  const frame = kernel.debug?.birthOf(greenlet) ?? null
  return frame === null ? null : { file: frame.file, line: frame.line }
}
