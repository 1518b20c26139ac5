/**
 * The common axis: which stretch of time is seen, and where on the screen a moment is.
 */
import { formatMoment } from '../../shared/format.ts'

/** Nobody looks closer: ten pixels a nanosecond. */
const SHORTEST_MS = 1e-4
/** Room beside the first and the last moment, as a share of all. */
const MARGIN = 0.012

/** A mark on the axis. */
export interface Tick {
  readonly ms: number
  readonly label: string
}

export class Scale {
  /** The stretch that there is. */
  readonly limitFrom: number
  readonly limitTo: number
  /** The stretch that is seen. */
  from: number
  to: number
  /** In pixels. */
  width = 1

  constructor(durationMs: number) {
    const whole = Math.max(durationMs, SHORTEST_MS * 2)
    this.limitFrom = this.from = -whole * MARGIN
    this.limitTo = this.to = whole * (1 + MARGIN)
  }

  x(ms: number): number {
    return ((ms - this.from) / (this.to - this.from)) * this.width
  }

  ms(x: number): number {
    return this.from + (x / this.width) * (this.to - this.from)
  }

  get isWhole(): boolean {
    return this.to - this.from >= (this.limitTo - this.limitFrom) * (1 - 1e-9) // it was reckoned
  }

  /** The stretch nearest to the one that is wished, within the limits. */
  clamp(from: number, to: number): { from: number; to: number } {
    const length = Math.min(Math.max(to - from, SHORTEST_MS), this.limitTo - this.limitFrom)
    const middle = (from + to) / 2
    const start = Math.min(Math.max(middle - length / 2, this.limitFrom), this.limitTo - length)
    return { from: start, to: start + length }
  }

  show(from: number, to: number): void {
    Object.assign(this, this.clamp(from, to))
  }

  /** The stretch after zooming by `factor`, with the moment `atMs` where it is. */
  zoomed(factor: number, atMs: number): { from: number; to: number } {
    const wanted = (this.to - this.from) / factor
    const length = Math.min(Math.max(wanted, SHORTEST_MS), this.limitTo - this.limitFrom)
    const share = (atMs - this.from) / (this.to - this.from)
    const from = atMs - share * length
    return this.clamp(from, from + length)
  }

  pan(ms: number): void {
    this.show(this.from + ms, this.to + ms)
  }

  /** Marks at round moments, at least `apart` pixels from each other. */
  ticks(apart: number): Tick[] {
    const step = roundUp(((this.to - this.from) / this.width) * apart)
    const ticks: Tick[] = []
    for (let at = Math.max(0, Math.ceil(this.from / step)); at * step <= this.to; at++) {
      ticks.push({ ms: at * step, label: formatMoment(at * step, step, this.to) })
    }
    return ticks
  }
}

/** Steps that people count in: 1, 2, 5 and their tenfolds; beyond a second those of a clock. */
const CLOCK = [10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000]

function roundUp(ms: number): number {
  if (ms > 5000) return CLOCK.find((step) => step >= ms) ?? Math.ceil(ms / 3_600_000) * 3_600_000
  const power = 10 ** Math.floor(Math.log10(ms))
  return power * ([1, 2, 5].find((step) => step * power >= ms * 0.999_999) ?? 10)
}
