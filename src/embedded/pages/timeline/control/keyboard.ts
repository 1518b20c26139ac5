/**
 * Keys. Arrows, Home, End and the page keys move what is picked while the timeline has the focus; the others work everywhere but in fields.
 */

import type { Chart } from '../drawing/chart.ts'
import { at } from '../model/list.ts'
import { type Spot, type Stage, stretchOf } from '../stage.ts'
import type { Details } from './details.ts'

/** What the keys are for; `?` shows it. */
export const KEYS: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['Tab'], 'to the timeline'],
  [['←', '→'], 'to the span before, the one behind'],
  [['↑', '↓'], 'to the row above, the one below'],
  [['Home', 'End'], 'to the first span of the row, the last one'],
  [['Page ↑', 'Page ↓'], 'rows as many as are seen'],
  [['Enter'], 'pin the details'],
  [['Esc'], 'close them, pick nothing'],
  [['Shift ←', 'Shift →'], 'move the stretch that is seen'],
  [['+', '-'], 'zoom in, zoom out'],
  [['F'], 'show what is picked as large as it goes'],
  [['0'], 'show all'],
  [['/'], 'search'],
  [['?'], 'these keys'],
]

/** What keys reach beside the timeline. */
export interface Reach {
  readonly search: HTMLInputElement
  readonly help: HTMLDialogElement
}

export function listenToKeys(stage: Stage, chart: Chart, details: Details, { search, help }: Reach): void {
  const anywhere: Readonly<Record<string, () => void>> = {
    '+': () => stage.zoom(1.6),
    '=': () => stage.zoom(1.6),
    '-': () => stage.zoom(1 / 1.6),
    _: () => stage.zoom(1 / 1.6),
    '0': () => stage.showAll(),
    f: () => stage.fit(),
    F: () => stage.fit(),
    '/': () => search.focus(),
    '?': () => help.showModal(),
    Escape: () => stage.pick(null),
  }
  const walk = new Walk(stage, chart, details)
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return
    const { target, key } = event
    if (target instanceof HTMLElement && target.matches('input:not([type=checkbox]), select')) {
      if (key === 'Escape') chart.element.focus()
      return
    }
    const isInChart = target === chart.element || target === chart.scroller
    const isElsewhere = target !== document.body && !isInChart
    const action =
      anywhere[key] ?? (isElsewhere ? undefined : isInChart && !event.shiftKey ? walk.keys[key] : panning(stage, key))
    if (action === undefined) return
    event.preventDefault()
    action()
  })
  chart.element.addEventListener('blur', () => details.hover(null))
}

function panning(stage: Stage, key: string): (() => void) | undefined {
  if (key === 'ArrowLeft') return () => stage.pan(-0.25)
  return key === 'ArrowRight' ? () => stage.pan(0.25) : undefined
}

/** Walks from span to span. */
class Walk {
  readonly #stage: Stage
  readonly #chart: Chart
  readonly #details: Details

  constructor(stage: Stage, chart: Chart, details: Details) {
    this.#stage = stage
    this.#chart = chart
    this.#details = details
  }

  readonly keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => this.#along((spot) => spot.span - 1),
    ArrowRight: () => this.#along((spot) => spot.span + 1),
    Home: () => this.#along((spot) => spot.track.first),
    End: () => this.#along((spot) => spot.track.last - 1),
    ArrowUp: () => this.#across(-1),
    ArrowDown: () => this.#across(1),
    PageUp: () => this.#across(-this.#page()),
    PageDown: () => this.#across(this.#page()),
    Enter: () => {
      if (this.#stage.picked === null) this.#across(1)
      this.#stage.pinned = this.#stage.picked !== null
      this.#details.hover(null)
      this.#stage.changed()
    },
  }

  #page(): number {
    return Math.max(1, this.#chart.frame.last - this.#chart.frame.first - 2)
  }

  #along(next: (spot: Spot) => number): void {
    const { picked } = this.#stage
    if (picked === null) {
      this.#across(1)
      return
    }
    const { track } = picked
    const span = picked.span < 0 ? track.first : Math.min(Math.max(next(picked), track.first), track.last - 1)
    this.#go({ ...picked, span: track.first === track.last ? -1 : span })
  }

  /** To another row, at the same moment; from nowhere to the first that is seen. */
  #across(by: number): void {
    const { picked, rows, scale } = this.#stage
    const { list } = rows
    const start = picked === null ? -1 : at(rows.indicesOf(picked.timeline), picked.track.id)
    const step = by < 0 ? -1 : 1
    let index = start < 0 ? this.#chart.frame.first : Math.min(Math.max(start + by, 0), list.length - 1)
    while (list[index]?.track === null) index += start < 0 ? 1 : step
    const row = list[index]
    if (row === undefined || row.track === null) return
    const { timeline, track } = row
    const { from, to } =
      picked === null ? { from: Math.max(0, scale.from), to: Math.max(0, scale.from) } : stretchOf(picked)
    const moment = (Math.max(from, scale.from) + Math.min(to, scale.to)) / 2
    const span = Math.min(timeline.spanAfter(track, moment), track.last - 1)
    this.#go({ timeline, track, span: track.first === track.last ? -1 : span })
  }

  #go(spot: Spot): void {
    const { scale, rows } = this.#stage
    const { from, to } = stretchOf(spot)
    const length = scale.to - scale.from
    if (to < scale.from + length * 0.02 || from > scale.to - length * 0.02) {
      const middle = to - from > length ? from + length * 0.4 : (from + to) / 2
      scale.show(middle - length / 2, middle + length / 2)
    }
    this.#chart.reveal(at(rows.indicesOf(spot.timeline), spot.track.id))
    this.#stage.pick(spot)
    this.#chart.draw()
    this.#showTooltip(spot)
  }

  #showTooltip(spot: Spot): void {
    if (this.#stage.pinned) return
    const { left, top } = this.#chart.rows.getBoundingClientRect()
    const { scale, rows } = this.#stage
    const { rowHeight, top: scrolled } = this.#chart.frame
    const x = Math.min(Math.max(scale.x(stretchOf(spot).from), 0), scale.width - 40)
    const y = (at(rows.indicesOf(spot.timeline), spot.track.id) + 1) * rowHeight - scrolled
    this.#details.hover(spot, left + x, top + y - 8)
  }
}
