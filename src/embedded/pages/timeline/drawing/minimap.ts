/**
 * The overview: the load over all of the time, with a window on the stretch that is seen.
 *
 * A strip a recording: above how many waited, were ready or switched; below how much of the time somebody ran.
 */

import { set, svg } from '../../shared/element.ts'
import { add, at } from '../model/list.ts'
import { type Load, loadOf } from '../model/load.ts'
import { READY, RUNNING, SPAN_KINDS, SWITCHED, WAITING } from '../model/timeline.ts'
import type { Stage } from '../stage.ts'

const STRIP = 46
const BUSY = 12

export class Minimap {
  readonly element: SVGSVGElement = svg('svg', { class: 'minimap', 'aria-hidden': 'true' })
  /** The height of the strips, in greenlets. */
  most = 1
  readonly #strips = svg('g')
  readonly #outside = svg('path', { class: 'outside' })
  readonly #window = svg('path', { class: 'window' })
  readonly #stage: Stage
  #width = 0

  constructor(stage: Stage) {
    this.#stage = stage
    this.element.append(this.#strips, this.#outside, this.#window)
  }

  get height(): number {
    const count = Math.max(1, this.#stage.timelines.length)
    return count * Math.max(24, STRIP - 8 * (count - 1))
  }

  draw(width: number): void {
    if (width !== this.#width) this.#drawLoad(width)
    const { scale } = this.#stage
    const { height } = this
    const [from, to] = [this.#x(scale.from), Math.max(this.#x(scale.from) + 3, this.#x(scale.to))]
    set(this.#outside, {
      d: scale.isWhole ? '' : `M0 0H${from}V${height}H0zM${to} 0H${width}V${height}H${to}z`,
    })
    set(this.#window, {
      d: scale.isWhole
        ? ''
        : `M${from} 1V${height - 1}M${to} 1V${height - 1}M${from} ${height / 2 - 7}v14M${to} ${height / 2 - 7}v14`,
    })
  }

  /** The moment at a pixel of it. */
  ms(x: number): number {
    const { limitFrom, limitTo } = this.#stage.scale
    return limitFrom + (x / Math.max(1, this.#width)) * (limitTo - limitFrom)
  }

  #x(ms: number): number {
    const { limitFrom, limitTo } = this.#stage.scale
    return Math.round(((ms - limitFrom) / (limitTo - limitFrom)) * this.#width)
  }

  #drawLoad(width: number): void {
    this.#width = width
    const { timelines, scale } = this.#stage
    const { height } = this
    set(this.element, { width, height, viewBox: `0 0 ${width} ${height}` })
    const count = Math.max(1, Math.min(1200, Math.floor(width / 2)))
    const loads = timelines.map((timeline) => loadOf(timeline, scale.limitFrom, scale.limitTo, count))
    const most = Math.max(1, ...loads.map((load) => load.most)) // one measure for all: they are to be compared
    this.most = Math.round(most)
    this.#strips.replaceChildren(
      ...loads.map((load, index) => strip(load, most, width, height / loads.length, (index * height) / loads.length)),
    )
  }
}

function strip(load: Load, most: number, width: number, height: number, top: number): SVGGElement {
  const group = svg('g', { transform: `translate(0 ${top})` })
  const middle = height - BUSY
  const cell = width / load.kinds[RUNNING].length
  const below = new Float64Array(load.kinds[RUNNING].length)
  for (const kind of [SWITCHED, WAITING, READY]) {
    const counts = at(load.kinds, kind)
    const path = area(counts, below, cell, middle - 1, (middle - 4) / most)
    counts.forEach((one, at) => add(below, at, one))
    group.append(svg('path', { class: `load ${at(SPAN_KINDS, kind)}`, d: path }))
  }
  const nothing = new Float64Array(below.length)
  const busy = area(load.kinds[RUNNING], nothing, cell, height - 1, BUSY - 2)
  group.append(svg('path', { class: 'load running', d: busy }))
  group.append(svg('path', { class: 'ground', d: `M0 ${middle - 0.5}H${width}M0 ${height - 0.5}H${width}` }))
  return group
}

/** An area in steps on top of another one. */
function area(counts: Float64Array, below: Float64Array, cell: number, ground: number, scale: number): string {
  let path = ''
  for (let index = 0; index < counts.length; index++) {
    const count = at(counts, index)
    if (count <= 0) continue
    const height = Math.max(count * scale, 0.5)
    const y = ground - at(below, index) * scale
    path += `M${(index * cell).toFixed(1)} ${y.toFixed(1)}h${cell.toFixed(2)}v${(-height).toFixed(1)}h${(-cell).toFixed(2)}z`
  }
  return path
}
