/**
 * Arrows between the rows: control that was switched or given, waits that were ended, kills.
 *
 * An arrow is a vertical line at its moment, from a dot at who did it to a head at the bar of whom it reached; from a row that is not shown it is
 * a short one. Where more arrows of a kind are seen than one can tell apart, only those of the picked row are drawn, and `left` says how many are not.
 */

import { set, svg } from '../../shared/element.ts'
import { add, at } from '../model/list.ts'
import { ARROW_KINDS, type Timeline, WAITING } from '../model/timeline.ts'
import type { Stage } from '../stage.ts'
import { barOf } from './bars.ts'
import type { Frame } from './frame.ts'
import { Pool } from './pool.ts'

/** More of a kind are a grey cloud. */
const MOST = 250
const STUB = 10

interface Drawn {
  readonly x: number
  readonly y0: number
  readonly y1: number
  readonly part: Part
}

/** Of what is picked: an arrow into or out of its row, a link of the chain of its wakers, another one. Without a pick all are `all`. */
type Part = 'all' | 'mine' | 'chain' | 'other'

export class Arrows {
  readonly lines: SVGGElement = svg('g', { class: 'arrows' })
  /** They lie above what is written in the bars, the lines below. */
  readonly heads: SVGGElement = svg('g', { class: 'arrows' })
  /** How many of each kind are in sight and not drawn. */
  readonly left = new Map<(typeof ARROW_KINDS)[number], number>()
  readonly #halo = svg('path', { class: 'halo' })
  readonly #lines: Pool<SVGPathElement>
  readonly #heads: Pool<SVGPathElement>

  constructor() {
    const lines = svg('g')
    this.lines.append(this.#halo, lines)
    this.#lines = new Pool(lines, () => svg('path'))
    this.#heads = new Pool(this.heads, () => svg('path'))
  }

  draw(stage: Stage, frame: Frame): void {
    this.left.clear()
    this.#lines.begin()
    this.#heads.begin()
    let halo = ''
    for (const [kind, drawn] of this.#choose(stage, frame).entries()) {
      const name = at(ARROW_KINDS, kind)
      const heads = new Map<Part, string>()
      for (const one of drawn) {
        const line = `M${one.x} ${one.y0}V${one.y1}`
        halo += line
        set(this.#lines.take(), { class: `arrow ${name} ${one.part}`, d: line })
        heads.set(one.part, (heads.get(one.part) ?? '') + headOf(one))
      }
      for (const [part, path] of heads) set(this.#heads.take(), { class: `head ${name} ${part}`, d: path })
    }
    set(this.#halo, { d: halo })
    this.#lines.end()
    this.#heads.end()
  }

  /** Those to be drawn, by kind. */
  #choose(stage: Stage, frame: Frame): readonly Drawn[][] {
    const drawn: Drawn[][] = ARROW_KINDS.map(() => [])
    const others = ARROW_KINDS.map(() => 0)
    const isWanted = ARROW_KINDS.map((name) => stage.arrows.has(name))
    const isTaken = new Set<number>()
    for (const timeline of stage.timelines) {
      const { arrowKind, arrowAt } = timeline
      const rowOf = stage.rows.indicesOf(timeline)
      for (let arrow = timeline.arrowAfter(stage.scale.from); arrow < arrowAt.length; arrow++) {
        if (at(arrowAt, arrow) > stage.scale.to) break
        const kind = at(arrowKind, arrow)
        const part = partOf(stage, timeline, arrow)
        const isMine = part === 'mine' || part === 'chain'
        if (!isWanted[kind] && part !== 'chain') continue
        const [from, to] = [at(rowOf, at(timeline.arrowFrom, arrow)), at(rowOf, at(timeline.arrowTo, arrow))]
        if (!isSeen(from, to, frame, isMine)) continue
        const one = place(Math.round(stage.scale.x(at(arrowAt, arrow))) + 0.5, from, to, frame, part)
        const key = ((to * 1e5 + from + 1) * 4 + kind) * 1e4 + one.x // rows and pixels stay below these
        if (isTaken.has(key)) continue
        isTaken.add(key)
        if (!isMine) add(others, kind, 1)
        if (isMine || at(others, kind) <= MOST) at(drawn, kind).push(one)
      }
    }
    return drawn.map((list, kind) => {
      if (at(others, kind) <= MOST) return list
      this.left.set(at(ARROW_KINDS, kind), at(others, kind))
      return list.filter(({ part }) => part === 'mine' || part === 'chain')
    })
  }
}

/** Whether an arrow is in sight: one of its ends, or of those that belong to what is picked, any part. */
function isSeen(from: number, to: number, { first, last }: Frame, isMine: boolean): boolean {
  if (to < 0) return false
  const isEndSeen = (to >= first && to < last) || (from >= first && from < last)
  return isEndSeen || (isMine && from >= 0 && Math.min(from, to) < last && Math.max(from, to) >= first)
}

function place(x: number, from: number, to: number, { rowHeight, top, height }: Frame, part: Part): Drawn {
  const y1 = to * rowHeight - top
  const bar = barOf(WAITING, rowHeight)
  if (from < 0 || from === to) return { x, y0: y1 + bar.top - STUB, y1: y1 + bar.top, part }
  const y0 = from * rowHeight - top
  const end = y1 + (y0 < y1 ? bar.top : rowHeight - bar.top)
  return { x, y0: clamp(y0 + rowHeight / 2, height), y1: clamp(end, height), part }
}

function clamp(y: number, height: number): number {
  return Math.min(Math.max(y, -40), height + 40)
}

function partOf({ picked, chain }: Stage, timeline: Timeline, arrow: number): Part {
  if (picked === null) return 'all'
  if (picked.timeline !== timeline) return 'other'
  if (chain?.arrows.has(arrow)) return 'chain'
  const { id } = picked.track
  return timeline.arrowFrom[arrow] === id || timeline.arrowTo[arrow] === id ? 'mine' : 'other'
}

/** A triangle where it ends, and a dot where it begins. */
function headOf({ x, y0, y1 }: Drawn): string {
  const back = y0 < y1 ? -6.5 : 6.5
  return `M${x} ${y1}l-3.6 ${back}h7.2zM${x - 2.4} ${y0}a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0 -4.8 0z`
}
