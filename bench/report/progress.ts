/**
 * How far a run is: in a terminal one line that is written anew, elsewhere a plain line for each work.
 *
 * Stands on the plan, which knows what is to come. On stderr, so that the tables can be kept in a file.
 */
import type { Growth } from '../method/growth.ts'
import type { Outcome, Step } from '../method/rounds.ts'

/** What of a stream is needed. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Tells how far it is. */
export class Progress {
  readonly #output: Output
  readonly #clock: () => number
  #workBegan: number | null = null

  constructor(output: Output, clock: () => number = () => performance.now()) {
    this.#output = output
    this.#clock = clock
  }

  /** Before each measurement. */
  onStep({ work, round, contestant, plan }: Step): void {
    this.#workBegan ??= this.#clock()
    this.#show(
      `${work.name}: round ${round}, ${contestant}`,
      `${plan.done + 1}/${plan.total}, ${durationText(plan.leftMs)} left`,
    )
  }

  /** When a work is done. */
  onOutcome({ work, samples }: Outcome): void {
    const took = this.#clock() - (this.#workBegan ?? this.#clock())
    this.#workBegan = null
    this.clear()
    if (this.#output.isTTY === true) return
    const rounds = Math.max(0, ...[...samples.values()].map((list) => list.length))
    this.#output.write(
      `${work.name}: ${count(samples.size, 'contestant')}, ${count(rounds, 'round')}, ${durationText(took)}\n`,
    )
  }

  /** Before each point of growth. */
  onPoint(name: string, items: number, contestant: string): void {
    this.#workBegan ??= this.#clock()
    this.#show(`growth of ${name}: ${items.toLocaleString('en-GB')}, ${contestant}`, '')
  }

  /** When a work's growth is measured. */
  onGrowth({ name, series }: Growth): void {
    const took = this.#clock() - (this.#workBegan ?? this.#clock())
    this.#workBegan = null
    this.clear()
    if (this.#output.isTTY === true) return
    this.#output.write(`growth of ${name}: ${count(series.length, 'curve')}, ${durationText(took)}\n`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#output.isTTY === true) this.#output.write('\r\x1b[K')
  }

  #show(what: string, where: string): void {
    if (this.#output.isTTY !== true) return
    // Some terminals say 0.
    const width = (this.#output.columns || 80) - where.length - 3
    this.#output.write(`\r\x1b[K${what.slice(0, Math.max(0, width))}  ${where}`)
  }
}

/** About so long: `40 s`, `12 min`. */
function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
