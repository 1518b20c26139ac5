/**
 * The load over time: how much of each stretch somebody ran, and how many were in each other kind on average.
 */
import { add, at } from './list.ts'
import { READY, RUNNING, SWITCHED, type Timeline, WAITING } from './timeline.ts'

/** A number a stretch. */
export interface Load {
  /** By kind; of running it is the share of the stretch, main's included. */
  readonly kinds: readonly [Float64Array, Float64Array, Float64Array, Float64Array]
  /** The most that were ready, waiting and switched together. */
  readonly most: number
}

/** The load of `timeline` in `count` stretches of equal length from `fromMs` to `toMs`. */
export function loadOf(timeline: Timeline, fromMs: number, toMs: number, count: number): Load {
  const stretch = (toMs - fromMs) / count
  const sums = [new Sums(count), new Sums(count), new Sums(count), new Sums(count)] as const
  for (const track of timeline.tracks) {
    for (let span = track.first; span < track.last; span++) {
      const kind = at(timeline.spanKind, span)
      if (track.kind === 'main' && kind !== RUNNING) continue
      at(sums, kind).add(
        (at(timeline.spanFrom, span) - fromMs) / stretch,
        (at(timeline.spanTo, span) - fromMs) / stretch,
      )
    }
  }
  const kinds = [sums[0].read(), sums[1].read(), sums[2].read(), sums[3].read()] as const
  let most = 0
  for (let index = 0; index < count; index++) {
    most = Math.max(most, at(kinds[READY], index) + at(kinds[WAITING], index) + at(kinds[SWITCHED], index))
  }
  return { kinds, most }
}

/** Adds up stretches: the parts of the first and last cell at once, what lies between by its two ends. */
class Sums {
  readonly #parts: Float64Array
  readonly #steps: Float64Array

  constructor(count: number) {
    this.#parts = new Float64Array(count + 2)
    this.#steps = new Float64Array(count + 2)
  }

  add(from: number, to: number): void {
    const [first, last] = [Math.max(0, Math.floor(from)), Math.min(this.#parts.length - 2, Math.floor(to))]
    if (first > last) return
    if (first === last) {
      add(this.#parts, first, to - from)
      return
    }
    add(this.#parts, first, first + 1 - from)
    add(this.#parts, last, to - last)
    add(this.#steps, first + 1, 1)
    add(this.#steps, last, -1)
  }

  read(): Float64Array {
    let level = 0
    return this.#parts.slice(0, -2).map((part, index) => part + (level += at(this.#steps, index)))
  }
}
