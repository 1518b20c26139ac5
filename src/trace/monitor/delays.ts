/**
 * How late the event loop is: the delays of a timer of Node's that does nothing else.
 *
 * Stands on Node's histogram, whose timer keeps no process alive and runs no JavaScript.
 */
// eslint-disable-next-line no-restricted-imports -- how late the loop is, is no source of order
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the loop is asked to be in time. */
const RESOLUTION_MS = 20

/** How late the event loop came to look at timers and sockets, in milliseconds. */
export interface EventLoopDelays {
  /** Half of the delays were shorter. */
  readonly p50: number
  /** Nine of ten were no later. */
  readonly p90: number
  /** Ninety-nine of a hundred were no later. */
  readonly p99: number
  /** The latest. */
  readonly max: number
  /** The average. */
  readonly mean: number
  /** How many were measured: one each 20 ms, fewer while the loop is late. */
  readonly samples: number
}

/** Measures from `start` to `stop`; what was measured is kept until `reset`. */
export class DelayMeter {
  /** Null before the first start: a histogram is a handle of Node's. */
  #histogram: IntervalHistogram | null = null

  start(): void {
    this.#histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#histogram.enable()
  }

  stop(): void {
    this.#histogram?.disable()
  }

  reset(): void {
    this.#histogram?.reset()
  }

  read(): EventLoopDelays {
    const histogram = this.#histogram
    if (histogram === null) return { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, samples: 0 }
    const { count: samples } = histogram
    // What is counted is the time between two alarms; what is late is what is more than was asked for.
    const late = (ns: number): number =>
      samples === 0 ? 0 : Math.max(0, Math.round((ns / 1e6 - RESOLUTION_MS) * 100) / 100)
    return {
      p50: late(histogram.percentile(50)),
      p90: late(histogram.percentile(90)),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
      mean: late(histogram.mean),
      samples,
    }
  }
}

/**
 * Writes delays as a line: `p50 0.1 ms  p90 0.4 ms  p99 12 ms  max 140 ms  mean 0.8 ms  (1200 samples)`.
 *
 * @param delays - of a {@link Monitor}.
 * @switches never
 * @example
 * ```ts
 * import { formatDelays } from 'greenloop/trace'
 *
 * console.log(formatDelays({ p50: 0.1, p90: 0.42, p99: 12, max: 140.4, mean: 0.8, samples: 1200 }))
 * // p50 0.1 ms  p90 0.4 ms  p99 12 ms  max 140 ms  mean 0.8 ms  (1200 samples)
 * ```
 */
export function formatDelays({ p50, p90, p99, max, mean, samples }: EventLoopDelays): string {
  const parts = Object.entries({ p50, p90, p99, max, mean }).map(([name, ms]) => `${name} ${short(ms)} ms`)
  return `${parts.join('  ')}  (${samples} ${samples === 1 ? 'sample' : 'samples'})`
}

function short(ms: number): string {
  return String(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms))
}
