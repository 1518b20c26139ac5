/**
 * The column of names. Those of the rows that are seen are elements, no others.
 */

import { html, set } from '../../shared/element.ts'
import { at } from '../model/list.ts'
import type { Stage } from '../stage.ts'
import type { Frame } from './frame.ts'
import { Pool } from './pool.ts'

/** How it ended, as far as it is worth a sign. */
const SIGNS = { returned: '', failed: '▲', killed: '✕' } as const
const INDENT = 12

export class Names {
  readonly element: HTMLElement = html('div', { class: 'names', 'aria-hidden': 'true' })
  readonly #pool: Pool<HTMLDivElement>
  #longest: { stage: Stage | null; length: number } = { stage: null, length: 0 }

  constructor() {
    this.#pool = new Pool(this.element, () => html('div'))
  }

  /** As wide as the longest name, within reason. */
  widthFor(stage: Stage, whole: number): number {
    if (this.#longest.stage !== stage) {
      let length = 8
      for (const { tracks } of stage.timelines) for (const { name } of tracks) length = Math.max(length, name.length)
      if (stage.timelines.length > 1) for (const { title } of stage.timelines) length = Math.max(length, title.length)
      this.#longest = { stage, length }
    }
    const most = whole < 560 ? whole * 0.28 : 240
    return Math.round(Math.min(most, 34 + this.#longest.length * 7))
  }

  draw(stage: Stage, { first, last, rowHeight, top }: Frame): void {
    this.#pool.begin()
    for (let index = first; index < last; index++) {
      const row = at(stage.rows.list, index)
      const { timeline, track, depth } = row
      const element = this.#pool.take()
      const name = track === null ? timeline.title || 'recording' : track.name
      const isLinked =
        track !== null && stage.picked?.timeline === timeline && stage.chain?.tracks.has(track.id) === true
      const state = track === null ? 'heading' : stage.picked?.track === track ? 'picked' : isLinked ? 'linked' : ''
      set(element, {
        class: `name ${state} ${track?.kind ?? ''} ${index % 2 === 1 ? 'odd' : ''}`,
        title: name,
        'data-sign': SIGNS[track?.end ?? 'returned'],
      })
      element.style.height = `${rowHeight}px`
      element.style.lineHeight = `${rowHeight}px`
      element.style.transform = `translateY(${index * rowHeight - top}px)`
      element.style.paddingLeft = `${10 + Math.min(depth, 8) * INDENT}px`
      if (element.textContent !== name) element.textContent = name
    }
    this.#pool.end()
  }
}
