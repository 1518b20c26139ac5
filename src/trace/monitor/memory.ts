/**
 * Memory against its limits: told once when it is above, again when it has grown by a tenth, and once when it is below again.
 *
 * Stands on the readings it is given. Leaves to the monitor how often it is asked.
 */
import type { MemoryReport } from './reports.ts'

/** How much the memory may be. */
export interface MemoryLimits {
  /** All that the process has in memory, in bytes, above 0. @defaultValue no limit */
  rssBytes?: number
  /** What the objects of JavaScript take, in bytes, above 0. @defaultValue no limit */
  heapBytes?: number
}

/** Growth that is worth another report. */
const GROWTH = 1.1

/** One limit. */
export class MemoryLimit {
  readonly #kind: MemoryReport['kind']
  readonly #limitBytes: number
  readonly #read: () => number
  /** The last that was told of; 0: it is below. */
  #highest = 0

  constructor(kind: MemoryReport['kind'], limitBytes: number, read: () => number) {
    this.#kind = kind
    this.#limitBytes = limitBytes
    this.#read = read
  }

  /** Reads the memory; answers what is to be told of it, or null. It is above when `bytes` of the report is. */
  check(): MemoryReport | null {
    const bytes = this.#read()
    const before = this.#highest
    if (bytes <= this.#limitBytes) {
      this.#highest = 0
      return before === 0 ? null : this.#report(bytes, before)
    }
    if (before !== 0 && bytes < before * GROWTH) return null
    this.#highest = bytes
    return this.#report(bytes, bytes)
  }

  #report(bytes: number, highestBytes: number): MemoryReport {
    return { kind: this.#kind, bytes, limitBytes: this.#limitBytes, highestBytes }
  }
}

/** Those of `limits` that are set, on the memory of this process. */
export function limitsOf({ rssBytes, heapBytes }: MemoryLimits): MemoryLimit[] {
  const limits: MemoryLimit[] = []
  if (rssBytes !== undefined) limits.push(new MemoryLimit('rss', rssBytes, () => process.memoryUsage.rss()))
  if (heapBytes !== undefined) limits.push(new MemoryLimit('heap', heapBytes, () => process.memoryUsage().heapUsed))
  return limits
}
