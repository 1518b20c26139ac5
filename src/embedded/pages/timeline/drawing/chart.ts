/**
 * The picture as a whole: overview, axis, names and rows. Draws only the rows and the stretch that are seen, at most once a frame.
 */

import { html, set, svg } from '../../shared/element.ts'
import { counted, formatCount, formatMs } from '../../shared/format.ts'
import { at } from '../model/list.ts'
import type { Row } from '../model/rows.ts'
import type { Stage } from '../stage.ts'
import { Arrows } from './arrows.ts'
import { Bars, barOf } from './bars.ts'
import type { Frame } from './frame.ts'
import { Minimap } from './minimap.ts'
import { Names } from './names.ts'

/** The least that ticks are apart. */
const TICKS_APART = 92
const LOWEST_ROW = 24
const HIGHEST_ROW = 44
/** Rows on paper: more are no picture any more. */
const MOST_PRINTED = 300
/** A page of A4, lying. */
const PRINTED_WIDTH = 1040

export class Chart {
  readonly element: HTMLElement
  readonly minimap: Minimap
  readonly arrows: Arrows = new Arrows()
  readonly axis: SVGSVGElement = svg('svg', { class: 'axis', height: 26, 'aria-hidden': 'true' })
  readonly scroller: HTMLElement = html('div', { class: 'scroller', tabindex: -1 })
  /** What shows the rows; the scroller moves below it. */
  readonly rows: SVGSVGElement
  readonly names: Names = new Names()
  frame: Frame = { rowHeight: LOWEST_ROW, top: 0, width: 0, height: 0, first: 0, last: 0 }
  /** Told when a picture is drawn. */
  onDrawn: () => void = () => undefined
  readonly #stage: Stage
  readonly #space = html('div', { class: 'space' })
  readonly #pane = html('div', { class: 'pane' })
  readonly #empty = html('p', { class: 'empty', hidden: '' })
  readonly #bands = svg('g', { class: 'bands' })
  readonly #grid = svg('path', { class: 'grid' })
  readonly #tracks = svg('g')
  readonly #above = svg('g')
  readonly #headings = svg('g', { class: 'headings' })
  readonly #mark = svg('rect', { class: 'mark', rx: 3 })
  readonly #bars: Bars[] = []
  readonly #guide = svg('path', { class: 'guide' })
  readonly #most = html('span')
  #isDue = false
  #isPrinting = false

  constructor(stage: Stage) {
    this.#stage = stage
    this.minimap = new Minimap(stage)
    this.rows = svg(
      'svg',
      { class: 'rows', role: 'img', 'aria-label': summary(stage) },
      hatching(),
      this.#bands,
      this.#grid,
      this.#headings,
      this.#tracks,
      this.arrows.lines,
      this.#above,
      this.arrows.heads,
      this.#mark,
      this.#guide,
    )
    this.#pane.append(this.names.element, this.rows)
    this.#space.append(this.#pane)
    this.scroller.append(this.#space, this.#empty)
    const corner = html('div', { class: 'corner' }, 'greenlet')
    const load = html('div', { class: 'corner' }, 'load', this.#most)
    load.title = 'Above: how many waited, were ready, had switched. Below: how much of the time somebody ran.'
    this.element = html(
      'section',
      {
        class: 'chart',
        tabindex: 0,
        role: 'application',
        'aria-roledescription': 'timeline',
        'aria-label': summary(stage),
      },
      html('div', { class: 'strip overview' }, load, this.minimap.element),
      html('div', { class: 'strip' }, corner, this.axis),
      this.scroller,
    )
    stage.onChange(() => this.redraw())
    this.scroller.addEventListener('scroll', () => this.redraw())
    new ResizeObserver(() => this.redraw()).observe(this.scroller)
  }

  /** Draws in the next frame. */
  redraw(): void {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      this.draw()
    })
  }

  draw(): void {
    this.#measure()
    const { frame } = this
    const { scale, rows } = this.#stage
    scale.width = Math.max(1, frame.width)
    const ticks = scale.ticks(frame.width < 400 ? 60 : TICKS_APART)
    this.#drawAxis(ticks.map(({ ms, label }) => ({ x: Math.round(scale.x(ms)) + 0.5, label })))
    this.minimap.draw(frame.width)
    this.#most.textContent = `up to ${formatCount(this.minimap.most)}`
    const shown = rows.list.slice(frame.first, frame.last)
    this.#drawBands(shown)
    this.names.draw(this.#stage, frame)
    this.#drawHeadings(shown)
    this.#drawTracks(shown)
    this.arrows.draw(this.#stage, frame)
    this.#drawMark()
    this.onDrawn()
  }

  /** Shows all rows on paper, or again those that fit. */
  print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting
    document.documentElement.classList.toggle('printing', isPrinting)
    this.draw()
  }

  /** The row at a place of the rows' picture, and its index. */
  rowAt(y: number): { row: Row; index: number } | null {
    const index = Math.floor((y + this.frame.top) / this.frame.rowHeight)
    const row = y < 0 ? undefined : this.#stage.rows.list[index]
    return row === undefined ? null : { row, index }
  }

  /** Scrolls so that a row is seen. */
  reveal(index: number): void {
    const { rowHeight, height } = this.frame
    const top = index * rowHeight
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top
    else if (top + rowHeight > this.scroller.scrollTop + height) this.scroller.scrollTop = top + rowHeight - height
  }

  /** A vertical line at the pointer; null: none. */
  guide(x: number | null): void {
    set(this.#guide, { d: x === null ? '' : `M${Math.round(x) + 0.5} 0V${this.frame.height}` })
  }

  /** A stretch that is being selected, in pixels; null: none. */
  band(from: number | null, to: number = 0): void {
    set(this.#guide, {
      d: from === null ? '' : `M${Math.min(from, to)} 0V${this.frame.height}H${Math.max(from, to)}V0z`,
      class: from === null ? 'guide' : 'guide selecting',
    })
  }

  #measure(): void {
    const { list } = this.#stage.rows
    const names = this.names.widthFor(this.#stage, this.element.clientWidth)
    this.element.style.setProperty('--names', `${names}px`)
    const whole = this.#isPrinting ? PRINTED_WIDTH : this.scroller.clientWidth
    const seen = this.scroller.clientHeight
    const rowHeight = clamp(Math.floor(seen / Math.max(1, list.length)), LOWEST_ROW, HIGHEST_ROW)
    const count = this.#isPrinting ? Math.min(list.length, MOST_PRINTED) : list.length
    const height = this.#isPrinting ? count * rowHeight : Math.min(seen, Math.max(count * rowHeight, 1))
    this.#space.style.height = `${count * rowHeight}px`
    this.#pane.style.height = `${height}px`
    const top = this.#isPrinting ? 0 : Math.min(this.scroller.scrollTop, Math.max(0, count * rowHeight - height))
    const width = Math.max(1, whole - names)
    const first = Math.floor(top / rowHeight)
    const last = Math.min(count, Math.ceil((top + height) / rowHeight))
    this.frame = { rowHeight, top, width, height, first, last }
    set(this.rows, { width, height, viewBox: `0 0 ${width} ${height}` })
    this.#empty.hidden = list.length > 0
    if (list.length === 0) this.#empty.textContent = emptyText(this.#stage)
  }

  #drawAxis(ticks: readonly { x: number; label: string }[]): void {
    const { width, height } = this.frame
    set(this.axis, { width, viewBox: `0 0 ${width} 26` })
    const marks = svg('path', { class: 'ticks', d: ticks.map(({ x }) => `M${x} 19V26`).join('') })
    const labels = ticks.map(({ x, label }) => {
      const isAtEdge = x > width - 26
      return svg(
        'text',
        { x: isAtEdge ? width - 2 : Math.max(2, x), y: 14, class: isAtEdge ? 'late' : x < 24 ? 'early' : '' },
        label,
      )
    })
    this.axis.replaceChildren(marks, ...labels)
    set(this.#grid, { d: ticks.map(({ x }) => `M${x} 0V${height}`).join('') })
  }

  #drawBands(shown: readonly Row[]): void {
    const { rowHeight, top, first, width } = this.frame
    const { picked, chain } = this.#stage
    const bands = shown.flatMap(({ timeline, track }, at) => {
      const index = first + at
      const isPicked = track !== null && picked?.track === track
      const isLinked = track !== null && picked?.timeline === timeline && chain?.tracks.has(track.id) === true
      const kind = track === null ? 'heading' : isPicked ? 'picked' : isLinked ? 'linked' : index % 2 === 1 ? 'odd' : ''
      if (kind === '') return []
      return [svg('rect', { class: kind, x: 0, y: index * rowHeight - top, width, height: rowHeight })]
    })
    this.#bands.replaceChildren(...bands)
  }

  #drawTracks(shown: readonly Row[]): void {
    const { rowHeight, top, first } = this.frame
    let used = 0
    for (const [at, { timeline, track }] of shown.entries()) {
      if (track === null) continue
      const bars = (this.#bars[used++] ??= new Bars())
      if (bars.element.parentNode === null) {
        this.#tracks.append(bars.element)
        this.#above.append(bars.above)
      }
      for (const part of [bars.element, bars.above])
        set(part, { transform: `translate(0 ${(first + at) * rowHeight - top})` })
      bars.draw(timeline, track, this.#stage.scale, rowHeight)
    }
    for (const spare of this.#bars.slice(used)) {
      spare.element.remove()
      spare.above.remove()
    }
  }

  /** Of several recordings, how long each took, and how that compares with the shortest. */
  #drawHeadings(shown: readonly Row[]): void {
    const { rowHeight, top, first, width } = this.frame
    const { timelines, scale } = this.#stage
    const shortest = Math.min(...timelines.map(({ durationMs }) => durationMs))
    const headings = shown.flatMap(({ timeline, track }, at) => {
      if (track !== null) return []
      const y = (first + at) * rowHeight - top
      const [x0, x1] = [
        Math.round(clamp(scale.x(0), -9, width + 9)),
        Math.round(clamp(scale.x(timeline.durationMs), -9, width + 9)),
      ]
      const line = Math.round(y + rowHeight - 6) + 0.5
      const ratio = timeline.durationMs / shortest
      const times =
        ratio > 1.005 && Number.isFinite(ratio) ? `, ${ratio.toFixed(ratio < 10 ? 2 : 0)} times as long` : ''
      const greenlets = timeline.tracks.filter(({ kind }) => kind !== 'main').length
      const text = `${formatMs(timeline.durationMs)}${times} · ${counted(greenlets, 'greenlet')}`
      return [
        svg('path', { class: 'extent', d: `M${x0 + 0.5} ${line - 4}v8M${x0} ${line}H${x1}M${x1 - 0.5} ${line - 4}v8` }),
        svg('text', { x: Math.max(4, x0 + 6), y: y + rowHeight / 2 + 1 }, text),
      ]
    })
    this.#headings.replaceChildren(...headings)
  }

  /** The frame round what is picked. */
  #drawMark(): void {
    const { picked, rows, scale } = this.#stage
    const { rowHeight, top, height, width } = this.frame
    const index = picked === null ? -1 : (rows.indicesOf(picked.timeline)[picked.track.id] ?? -1)
    const y = index * rowHeight - top
    const isSeen = picked !== null && picked.span >= 0 && index >= 0 && y > -rowHeight && y < height
    set(this.#mark, { visibility: isSeen ? null : 'hidden' })
    if (!isSeen) return
    const { timeline, span } = picked
    const bar = barOf(at(timeline.spanKind, span), rowHeight)
    const [x0, x1] = [
      clamp(scale.x(at(timeline.spanFrom, span)), -20, width + 20),
      clamp(scale.x(at(timeline.spanTo, span)), -20, width + 20),
    ]
    const spare = Math.max(0, 8 - (x1 - x0)) / 2
    set(this.#mark, {
      x: Math.round(x0 - spare) - 1.5,
      y: y + bar.top - 2.5,
      width: Math.round(x1 - x0 + 2 * spare) + 4,
      height: bar.height + 5,
    })
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function summary({ timelines }: Stage): string {
  const one = timelines.map(
    ({ title, tracks, durationMs }) =>
      `${title === '' ? 'recording' : title}: ${counted(tracks.length, 'row')}, ${formatMs(durationMs)}`,
  )
  return `Timeline of ${one.join('; ')}. Arrow keys move from span to span and from row to row.`
}

function emptyText({ timelines, wishes }: Stage): string {
  if (wishes.search.trim() !== '') return `No greenlet has a name with “${wishes.search.trim()}” in it.`
  return timelines.some(({ tracks }) => tracks.length > 0) ? 'Nothing but main was recorded.' : 'Nothing was recorded.'
}

/** What `ready` is filled with. */
function hatching(): SVGDefsElement {
  const pattern = svg(
    'pattern',
    { id: 'hatching', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { class: 'ground', width: 5, height: 5 }),
    svg('rect', { class: 'stripe', width: 2.4, height: 5 }),
  )
  return svg('defs', {}, pattern)
}
