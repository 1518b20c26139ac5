/**
 * How the process is: memory, and how late its event loop was. Measured only while somebody looks.
 *
 * Stands on Node's histogram of delays, whose timer keeps no process alive.
 */
// eslint-disable-next-line no-restricted-imports -- how late the loop is, is no source of order
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Delay, Vitals } from './state.ts'

/** How often the loop is asked to be in time. */
const RESOLUTION_MS = 10
/** How long delays are gathered, at the least, before they are told. */
const WINDOW_MS = 1000

type Utilization = ReturnType<typeof performance.eventLoopUtilization>

/** Measures; `stop` ends it. */
export class VitalSigns {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #began: number
  #told: Delay | null = null
  #used: Utilization | null = null

  constructor(now: number) {
    this.#began = now
    this.#delays.enable()
  }

  /** @param now - by a clock of the machine, in milliseconds. */
  read(now: number): Vitals {
    const { heapUsed, heapTotal, rss } = process.memoryUsage()
    if (now - this.#began >= WINDOW_MS) {
      this.#began = now
      this.#told = this.#window()
    }
    const used = performance.eventLoopUtilization()
    const before = this.#used
    this.#used = used
    const busy = before === null ? null : performance.eventLoopUtilization(used, before).utilization
    return { heapUsed, heapTotal, rss, busy, delay: this.#told }
  }

  #window(): Delay {
    const delays = this.#delays
    // What is counted is the time between two alarms; what is late is what is more than was asked for.
    const late = (ns: number): number => Math.max(0, Math.round(ns / 1e4) / 100 - RESOLUTION_MS)
    const delay = {
      p50: late(delays.percentile(50)),
      p99: late(delays.percentile(99)),
      max: delays.count === 0 ? 0 : late(delays.max),
    }
    delays.reset()
    return delay
  }

  stop(): void {
    this.#delays.disable()
  }
}
