/**
 * The bars of a row: what a greenlet did, when.
 *
 * Bars of a few pixels and more are drawn one by one, with what was called in them. Narrower ones are merged to a pixel, which shows what
 * there was most of; where there is little in it, that somebody ran. All bars of a kind are one path: a picture is some hundred elements, however
 * many spans it shows.
 */

import { set, svg } from '../../shared/element.ts'
import { add, append, at } from '../model/list.ts'
import type { Scale } from '../model/scale.ts'
import { READY, RUNNING, SPAN_KINDS, SWITCHED, type Timeline, type Track, WAITING } from '../model/timeline.ts'
import { Pool } from './pool.ts'

/** From here on a bar has a border, a pattern and a label. */
const WIDE = 3
/** Heights as shares of the row. */
const HEIGHTS: readonly number[] = [0.68, 0.36, 0.56, 0.56]
/** A character of a label, in pixels: they are monospaced. */
const CHARACTER = 6.63
const LABEL_GAP = 5

/** The top and the height of a bar in a row that is `rowHeight` high. */
export function barOf(kind: number, rowHeight: number): { top: number; height: number } {
  const height = Math.round((rowHeight * (HEIGHTS[kind] ?? 0.5)) / 2) * 2
  return { top: (rowHeight - height) / 2, height }
}

export class Bars {
  readonly #group = svg('g', { class: 'bars' })
  /** Labels and ends: they lie above the arrows. */
  readonly above: SVGGElement = svg('g')
  readonly #labelled = svg('g', { class: 'labels' })
  readonly #wide: readonly SVGPathElement[]
  readonly #narrow: readonly SVGPathElement[]
  readonly #marks = svg('path', { class: 'born' })
  readonly #end = svg('path', {})
  readonly #labels: Pool<SVGTextElement>
  readonly #paths = { wide: ['', '', '', ''], narrow: ['', '', '', ''] }
  readonly #pixel = new Pixel()

  constructor() {
    // The low ones first: a short run shows before a long wait.
    const order = [WAITING, SWITCHED, READY, RUNNING]
    this.#wide = SPAN_KINDS.map((kind) => svg('path', { class: `bar ${kind}` }))
    this.#narrow = SPAN_KINDS.map((kind) => svg('path', { class: `narrow ${kind}` }))
    for (const paths of [this.#wide, this.#narrow]) for (const kind of order) this.#group.append(at(paths, kind))
    this.#group.append(this.#marks)
    this.above.append(this.#labelled, this.#end)
    this.#labels = new Pool(this.#labelled, () => svg('text'))
  }

  get element(): SVGGElement {
    return this.#group
  }

  draw(timeline: Timeline, track: Track, scale: Scale, rowHeight: number): void {
    const { spanFrom, spanTo, spanKind } = timeline
    const { wide, narrow } = this.#paths
    wide.fill('')
    narrow.fill('')
    this.#labels.begin()
    const bars = SPAN_KINDS.map((_, kind) => barOf(kind, rowHeight))
    const emit = (kind: number, from: number, to: number): void => {
      const { top, height } = at(bars, kind)
      append(narrow, kind, `M${round(from)} ${top}h${round(to - from)}v${height}h${round(from - to)}z`)
    }
    const pixel = this.#pixel
    for (let span = timeline.spanAfter(track, scale.from); span < track.last; span++) {
      const x0 = scale.x(at(spanFrom, span))
      if (x0 > scale.width) break
      const x1 = scale.x(at(spanTo, span))
      const kind = at(spanKind, span)
      if (x1 - x0 < 1) {
        pixel.add(kind, x0, x1, emit)
        continue
      }
      pixel.flush(emit)
      const from = Math.max(-6, x0)
      const to = Math.min(scale.width + 6, x1)
      if (x1 - x0 < WIDE) {
        emit(kind, from, to)
        continue
      }
      append(wide, kind, box(from, to, at(bars, kind)))
      this.#label(timeline, span, Math.max(0, x0), Math.min(scale.width, x1), rowHeight)
    }
    pixel.flush(emit)
    SPAN_KINDS.forEach((_, kind) => {
      set(at(this.#wide, kind), { d: wide[kind] })
      set(at(this.#narrow, kind), { d: narrow[kind] })
    })
    this.#labels.end()
    this.#mark(track, scale, rowHeight)
  }

  #label(timeline: Timeline, span: number, from: number, to: number, rowHeight: number): void {
    const kind = at(timeline.spanKind, span)
    const what = kind === RUNNING || kind === READY || rowHeight < 18 ? null : timeline.what(span)
    if (what === null) return
    const text = fitted(kind === SWITCHED ? `→ ${what}` : what, to - from - 2 * LABEL_GAP)
    if (text === '') return
    const label = this.#labels.take()
    set(label, { x: round(from + LABEL_GAP), y: rowHeight / 2 + 4, class: SPAN_KINDS[kind] })
    if (label.textContent !== text) label.textContent = text
  }

  /** How it began and ended: a bar where it was born, a cross where it was killed, a triangle where it failed, a bar where it returned. */
  #mark(track: Track, scale: Scale, rowHeight: number): void {
    const middle = rowHeight / 2
    const reach = Math.min(8, rowHeight * 0.3)
    const birth = track.spawnedMs === null ? Number.NaN : Math.round(scale.x(track.spawnedMs))
    const isBirthSeen = birth >= -8 && birth <= scale.width + 8
    set(this.#marks, { d: isBirthSeen ? `M${birth} ${middle - reach - 3}v${2 * reach + 6}` : '' })
    const x = track.endedMs === null ? Number.NaN : Math.round(scale.x(track.endedMs))
    const isEndSeen = x >= -8 && x <= scale.width + 8
    set(this.#end, { d: isEndSeen ? endPath(track, x, middle, reach) : '', class: `end ${track.end ?? ''}` })
  }
}

function endPath(track: Track, x: number, middle: number, reach: number): string {
  if (track.end === 'killed') {
    const arm = reach * 0.8
    return `M${x - arm} ${middle - arm}l${2 * arm} ${2 * arm}m0 ${-2 * arm}l${-2 * arm} ${2 * arm}`
  }
  if (track.end === 'failed') return `M${x} ${middle - reach}l${reach} ${2 * reach}h${-2 * reach}z`
  return `M${x} ${middle - reach - 3}v${2 * reach + 6}`
}

/** A bar with a border: on whole and a half pixels, so that it is sharp. */
function box(from: number, to: number, { top, height }: { top: number; height: number }): string {
  const left = Math.round(from) + 0.5
  const width = Math.max(1, Math.round(to) - Math.round(from))
  return `M${left} ${top + 0.5}h${width}v${height - 1}h${-width}z`
}

function round(x: number): number {
  return Math.round(x * 10) / 10
}

/** As much of a call as fits: `semaphore.acquire()`, `acquire()`, `acquire`, `acqu…`. */
function fitted(call: string, width: number): string {
  const count = Math.floor(width / CHARACTER)
  if (call.length <= count) return call
  const name = call.split('(', 1)[0] ?? call
  const method = name.slice(name.lastIndexOf('.') + 1)
  const shorter = [call.slice(name.length - method.length), method].find((text) => text.length <= count)
  if (shorter !== undefined) return shorter
  return count < 4 ? '' : `${method.slice(0, count - 1)}…`
}

type Emit = (kind: number, from: number, to: number) => void

/** Merges spans narrower than a pixel. */
class Pixel {
  #at = Number.NaN
  readonly #lengths = new Float64Array(4)
  readonly #isSeen = [false, false, false, false]
  /** Pixels beside each other that show the same become one bar. */
  #kind = -1
  #from = 0
  #to = 0

  add(kind: number, x0: number, x1: number, emit: Emit): void {
    const at = Math.floor(x0)
    if (at !== this.#at) {
      this.#close(emit)
      this.#at = at
    }
    add(this.#lengths, kind, x1 - x0)
    this.#isSeen[kind] = true
  }

  flush(emit: Emit): void {
    this.#close(emit)
    if (this.#kind >= 0) emit(this.#kind, this.#from, this.#to)
    this.#kind = -1
  }

  #close(emit: Emit): void {
    if (Number.isNaN(this.#at)) return
    const kind = this.#most()
    if (kind === this.#kind && this.#at <= this.#to) this.#to = this.#at + 1
    else {
      if (this.#kind >= 0) emit(this.#kind, this.#from, this.#to)
      this.#kind = kind
      this.#from = this.#at
      this.#to = this.#at + (kind === RUNNING ? 1.5 : 1)
    }
    this.#at = Number.NaN
    this.#lengths.fill(0)
    this.#isSeen.fill(false)
  }

  #most(): number {
    const total = this.#lengths.reduce((sum, length) => sum + length)
    if (this.#isSeen[RUNNING] === true && total < 0.5) return RUNNING
    let most = this.#isSeen.indexOf(true)
    for (let kind = 0; kind < 4; kind++) if (at(this.#lengths, kind) > at(this.#lengths, most)) most = kind
    return most
  }
}
