/**
 * The last minute of a number, as a small line from 0 to the largest.
 */
import { set, svg } from '../../shared/element.ts'

const SPAN_MS = 60_000
const WIDTH = 120
const HEIGHT = 26

/** One line. */
export class Sparkline {
  readonly element: SVGElement
  readonly #area = svg('path', { class: 'area' })
  readonly #line = svg('path', { class: 'line' })
  /** Null: a gap. */
  readonly #points: { readonly at: number; readonly value: number | null }[] = []

  constructor() {
    const box = {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    }
    this.element = svg('svg', box, this.#area, this.#line)
  }

  /** Adds what it is now, and draws. After more than `gapMs` the line begins anew. */
  add(value: number | null, gapMs: number): void {
    const now = performance.now()
    const points = this.#points
    const last = points.at(-1)
    if (last !== undefined && now - last.at > gapMs) points.push({ at: now, value: null }) // it was paused
    points.push({ at: now, value })
    while (points[0] !== undefined && points[0].at < now - SPAN_MS) points.shift()
    const top = Math.max(1e-9, ...points.map((point) => point.value ?? 0))
    let line = ''
    let area = ''
    let begin: string | null = null
    let x = ''
    for (const point of points) {
      if (point.value === null) {
        if (begin !== null) area += `L${x} ${HEIGHT}L${begin} ${HEIGHT}Z`
        begin = null
        continue
      }
      x = (WIDTH - ((now - point.at) / SPAN_MS) * WIDTH).toFixed(1)
      const y = (HEIGHT - 1 - (point.value / top) * (HEIGHT - 3)).toFixed(1)
      line += `${begin === null ? 'M' : 'L'}${x} ${y}`
      area += `${begin === null ? 'M' : 'L'}${x} ${y}`
      begin ??= x
    }
    if (begin !== null) area += `L${x} ${HEIGHT}L${begin} ${HEIGHT}Z`
    set(this.#line, { d: line })
    set(this.#area, { d: area })
  }
}
