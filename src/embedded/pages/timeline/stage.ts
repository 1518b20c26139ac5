/**
 * What is shown of what was recorded: the stretch, the rows, the arrows, and what a person has picked. Whoever changes it says so by
 * `changed()`, and the picture follows.
 */

import type { PackedTimeline } from '../../../trace/pictures/packed.ts'
import { type Chain, chainTo } from './model/chain.ts'
import { at } from './model/list.ts'
import { Rows, type Wishes } from './model/rows.ts'
import { Scale } from './model/scale.ts'
import { type ARROW_KINDS, Timeline, type Track } from './model/timeline.ts'

/** A span of a track, or with -1 its row as a whole. */
export interface Spot {
  readonly timeline: Timeline
  readonly track: Track
  readonly span: number
}

export class Stage {
  readonly timelines: readonly Timeline[]
  readonly scale: Scale
  rows: Rows
  wishes: Wishes = { search: '', order: 'appearance', hideMain: false }
  /** Which arrows are drawn. Control that the hub gives is not at first: each wake has one. */
  readonly arrows: Set<(typeof ARROW_KINDS)[number]> = new Set(['switch', 'wake', 'kill'] as const)
  /** What is picked, and who brought it about. */
  picked: Spot | null = null
  chain: Chain | null = null
  /** Whether the details of what is picked stay. */
  pinned = false
  readonly #listeners: (() => void)[] = []
  #gliding = 0

  constructor({ recordings, strings }: PackedTimeline) {
    this.timelines = recordings.map((packed) => new Timeline(packed, strings))
    this.scale = new Scale(Math.max(0, ...this.timelines.map(({ durationMs }) => durationMs)))
    this.rows = new Rows(this.timelines, this.wishes)
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  wish(wishes: Partial<Wishes>): void {
    this.wishes = { ...this.wishes, ...wishes }
    this.rows = new Rows(this.timelines, this.wishes)
    this.changed()
  }

  pick(spot: Spot | null): void {
    this.picked = spot
    this.chain = spot === null ? null : chainTo(spot.timeline, spot.track, momentOf(spot))
    if (spot === null) this.pinned = false
    this.changed()
  }

  /** Moves to another stretch, in a few steps unless the person would rather not see movement. */
  glide({ from, to }: { from: number; to: number }): void {
    cancelAnimationFrame(this.#gliding)
    const target = this.scale.clamp(from, to)
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.scale.show(target.from, target.to)
      this.changed()
      return
    }
    const start = { from: this.scale.from, to: this.scale.to }
    const began = performance.now()
    const step = (): void => {
      const share = Math.min(1, (performance.now() - began) / 140)
      const eased = 1 - (1 - share) ** 3
      this.scale.show(start.from + (target.from - start.from) * eased, start.to + (target.to - start.to) * eased)
      if (share < 1) this.#gliding = requestAnimationFrame(step)
      this.changed()
    }
    step()
  }

  /** Zooms, with the moment `atMs` where it is; without one, what is picked or the middle. */
  zoom(factor: number, atMs?: number, gliding = true): void {
    const { scale } = this
    const target = scale.zoomed(factor, atMs ?? this.#center())
    if (gliding) {
      this.glide(target)
      return
    }
    cancelAnimationFrame(this.#gliding)
    scale.show(target.from, target.to)
    this.changed()
  }

  /** Moves by a share of what is seen. */
  pan(share: number): void {
    const { from, to } = this.scale
    const by = (to - from) * share
    this.glide({ from: from + by, to: to + by })
  }

  showAll(): void {
    this.glide({ from: this.scale.limitFrom, to: this.scale.limitTo })
  }

  /** Shows what is picked as large as it goes; all, if nothing is. */
  fit(): void {
    if (this.picked === null) {
      this.showAll()
      return
    }
    const { from, to } = stretchOf(this.picked)
    const margin = Math.max((to - from) * 0.08, 1e-4)
    this.glide({ from: from - margin, to: to + margin })
  }

  #center(): number {
    const { from, to } = this.scale
    const middle = (from + to) / 2
    if (this.picked === null) return middle
    const stretch = stretchOf(this.picked)
    if (stretch.to < from || stretch.from > to) return middle
    return (Math.max(from, stretch.from) + Math.min(to, stretch.to)) / 2
  }
}

/** From when to when a spot is. */
export function stretchOf({ timeline, track, span }: Spot): { from: number; to: number } {
  if (span >= 0) return { from: at(timeline.spanFrom, span), to: at(timeline.spanTo, span) }
  if (track.first === track.last) return { from: 0, to: timeline.durationMs }
  return { from: at(timeline.spanFrom, track.first), to: at(timeline.spanTo, track.last - 1) }
}

/** The moment whose cause is asked for: when a wait ended, when a run began, when all ended. */
function momentOf(spot: Spot): number {
  const { from, to } = stretchOf(spot)
  if (spot.span < 0) return to
  return spot.timeline.spanKind[spot.span] === 0 || spot.timeline.spanKind[spot.span] === 1 ? from : to
}
