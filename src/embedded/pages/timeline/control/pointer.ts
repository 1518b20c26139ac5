/**
 * Wheel, mouse and finger: over the rows a drag moves, with Shift, on the axis or in the overview it selects a stretch; a click picks.
 */

import type { Chart } from '../drawing/chart.ts'
import { at } from '../model/list.ts'
import type { Spot, Stage } from '../stage.ts'
import type { Details } from './details.ts'

/** Less is a click. */
const DRAG_PX = 4

export function listenToPointer(stage: Stage, chart: Chart, details: Details): void {
  listenToWheel(stage, chart)
  listenToRows(stage, chart, details)
  listenToAxis(stage, chart)
  listenToMinimap(stage, chart)
}

/** What is at a place of the rows. */
function spotAt(stage: Stage, chart: Chart, x: number, y: number): Spot | null {
  const row = chart.rowAt(y)?.row
  if (row === undefined || row.track === null) return null
  const { timeline, track } = row
  const { scale } = stage
  const exact = timeline.spanAt(track, scale.ms(x))
  if (exact >= 0) return { timeline, track, span: exact }
  // One that is too short to be hit: the nearest within reach.
  const near = Math.min(timeline.spanAfter(track, scale.ms(x - 3)), track.last - 1)
  const isNear = near >= track.first && Math.abs(scale.x(at(timeline.spanFrom, near)) - x) <= 4
  return { timeline, track, span: isNear ? near : -1 }
}

function listenToWheel(stage: Stage, chart: Chart): void {
  chart.element.addEventListener(
    'wheel',
    (event) => {
      const { left } = chart.rows.getBoundingClientRect()
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault() // the browser would zoom its own way
        const notches = event.deltaMode === 0 ? event.deltaY / 100 : event.deltaY / 3
        stage.zoom(1.35 ** -Math.max(-3, Math.min(3, notches)), stage.scale.ms(event.clientX - left), false)
        return
      }
      const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX
      if (across === 0 || (!event.shiftKey && Math.abs(across) < Math.abs(event.deltaY))) return
      event.preventDefault()
      const { scale } = stage
      scale.pan((across / scale.width) * (scale.to - scale.from))
      stage.changed()
    },
    { passive: false },
  )
}

/** A drag, from the press to the release. */
interface Drag {
  /** Told of each move: where it is, and how far from the last one. */
  move(event: PointerEvent, dx: number, dy: number): void
  /** Told of the end; `isClick`: it has not moved. */
  end(event: PointerEvent, isClick: boolean): void
}

function listenToDrags(element: Element, begin: (event: PointerEvent) => Drag | null): void {
  element.addEventListener('pointerdown', (down) => {
    const event = down as PointerEvent // what this event is
    const drag = event.button === 0 ? begin(event) : null
    if (drag === null) return
    let [x, y, isClick] = [event.clientX, event.clientY, true]
    const ends = new AbortController()
    const { signal } = ends
    const move = (moved: PointerEvent): void => {
      if (isClick && Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) < DRAG_PX) return
      isClick = false
      drag.move(moved, moved.clientX - x, moved.clientY - y)
      ;[x, y] = [moved.clientX, moved.clientY]
    }
    addEventListener('pointermove', move, { signal })
    addEventListener(
      'pointerup',
      (up) => {
        ends.abort()
        drag.end(up, isClick)
      },
      { signal },
    )
    addEventListener('pointercancel', () => ends.abort(), { signal })
  })
}

function listenToRows(stage: Stage, chart: Chart, details: Details): void {
  const { rows } = chart
  const inRows = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = rows.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
  const pick = (event: MouseEvent): void => {
    const { x, y } = inRows(event)
    const spot = spotAt(stage, chart, x, y)
    stage.pinned = spot !== null
    stage.pick(spot)
    details.hover(null)
  }
  listenToDrags(rows, (event) => {
    if (event.shiftKey) return selection(stage, chart, rows, event)
    return {
      move(moved, dx, dy) {
        details.hover(null)
        const { scale } = stage
        scale.pan((-dx / scale.width) * (scale.to - scale.from))
        if (moved.pointerType === 'mouse') chart.scroller.scrollTop -= dy // a finger scrolls by itself
        stage.changed()
      },
      end(up, isClick) {
        if (isClick) pick(up)
      },
    }
  })
  rows.addEventListener('dblclick', () => {
    if (stage.picked !== null) stage.fit()
  })
  rows.addEventListener('pointermove', (event) => {
    if (event.buttons !== 0 || event.pointerType === 'touch') return
    const { x, y } = inRows(event)
    chart.guide(x)
    details.hover(spotAt(stage, chart, x, y), event.clientX, event.clientY)
  })
  rows.addEventListener('pointerleave', () => {
    chart.guide(null)
    details.hover(null)
  })
  chart.scroller.addEventListener('scroll', () => details.hover(null))
  chart.names.element.addEventListener('click', (event) => {
    const { top } = rows.getBoundingClientRect()
    const row = chart.rowAt(event.clientY - top)?.row
    if (row === undefined || row.track === null) return
    stage.pinned = true
    stage.pick({ timeline: row.timeline, track: row.track, span: -1 })
  })
}

/** A stretch that is drawn over the rows, and then shown alone. */
function selection(stage: Stage, chart: Chart, element: Element, event: PointerEvent): Drag {
  const { left } = element.getBoundingClientRect()
  const start = event.clientX - left
  return {
    move(moved) {
      chart.band(start, moved.clientX - left)
    },
    end(up, isClick) {
      chart.band(null)
      if (isClick) return
      const [one, other] = [stage.scale.ms(start), stage.scale.ms(up.clientX - left)]
      stage.glide({ from: Math.min(one, other), to: Math.max(one, other) })
    },
  }
}

function listenToAxis(stage: Stage, chart: Chart): void {
  listenToDrags(chart.axis, (event) => selection(stage, chart, chart.axis, event))
  chart.axis.addEventListener('dblclick', () => stage.showAll())
}

/** In the overview a drag moves the window, or one of its edges; outside of it, and when all is seen, it selects. */
function listenToMinimap(stage: Stage, chart: Chart): void {
  const { minimap } = chart
  listenToDrags(minimap.element, (event) => {
    const { left } = minimap.element.getBoundingClientRect()
    const momentOf = (moved: PointerEvent): number => minimap.ms(moved.clientX - left)
    const { scale } = stage
    const reach = minimap.ms(7) - minimap.ms(0)
    const start = momentOf(event)
    const show = (from: number, to: number): void => {
      scale.show(Math.min(from, to), Math.max(from, to))
      stage.changed()
    }
    const edges = [scale.from, scale.to]
    const edge = scale.isWhole ? -1 : edges.findIndex((ms) => Math.abs(start - ms) < reach)
    const isInside = !scale.isWhole && start > scale.from && start < scale.to
    return {
      move(moved) {
        if (edge >= 0) show(at(edges, 1 - edge), momentOf(moved))
        else if (isInside) show(at(edges, 0) + momentOf(moved) - start, at(edges, 1) + momentOf(moved) - start)
        else show(start, momentOf(moved))
      },
      end(_up, isClick) {
        if (!isClick || scale.isWhole || isInside) return
        const half = (scale.to - scale.from) / 2
        stage.glide({ from: start - half, to: start + half })
      },
    }
  })
  minimap.element.addEventListener('dblclick', () => stage.showAll())
}
