/**
 * Runs an execution by the procs that are to take its steps, instead of by choices: a key names the same proc in all executions of a kind,
 * and mostly also in those that are nearly of it.
 *
 * Stands on the log. Leaves to `untracked.ts` and `shrink.ts` which procs.
 */
import { type Choices, GIVE_UP } from '../schedule/choices.ts'
import type { Recording, SearchPolicy } from './search.ts'

const NO_LOG: Recording = {
  steps: [],
  procOf() {
    throw new Error('Procs were to be followed without a log.')
  },
}

/** The option that is the proc of that key; -1: it cannot go on. */
function optionOf(key: string, { ready, due }: Choices, log: Recording): number {
  for (const [option, subject] of ready.entries()) if (log.procOf(subject).key === key) return option
  for (const [option, subject] of due.entries()) if (log.procOf(subject).key === key) return ready.length + option
  return -1
}

/** Takes steps by the procs that are named, and gives up when one of them cannot go on. Needs a log. */
export class Following implements SearchPolicy {
  /** Set when somebody could not go on: the step, and who should have taken it. */
  missed: { readonly step: number; readonly key: string } | null = null
  readonly #keys: readonly string[]
  #log: Recording = NO_LOG

  constructor(keys: readonly string[]) {
    this.#keys = keys
  }

  begin(log: Recording | null): void {
    this.#log = log ?? NO_LOG
    this.missed = null
  }

  choose(choices: Choices, step: number): number {
    const key = this.#keys[step]
    const option = key === undefined ? -1 : optionOf(key, choices, this.#log)
    if (option >= 0) return option
    this.missed = { step, key: key ?? '' }
    return GIVE_UP
  }
}

/** So many steps of one proc in a row. */
export interface Stretch {
  readonly key: string
  readonly steps: number
}

/** The stretches of an execution. */
export function stretchesOf({ steps }: Pick<Recording, 'steps'>): Stretch[] {
  const stretches: { key: string; steps: number }[] = []
  for (const { proc } of steps) {
    const last = stretches.at(-1)
    if (last?.key === proc.key) last.steps++
    else stretches.push({ key: proc.key, steps: 1 })
  }
  return stretches
}

/**
 * Takes steps by stretches, as far as it can: one whose proc cannot go on is left, and behind the last one whoever ran last goes on while
 * it can, then the head of the line. Needs a log.
 */
export class Tending implements SearchPolicy {
  readonly #stretches: readonly Stretch[]
  #log: Recording = NO_LOG
  #place = 0
  #taken = 0

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches
  }

  begin(log: Recording | null): void {
    this.#log = log ?? NO_LOG
    this.#place = 0
    this.#taken = 0
  }

  choose(choices: Choices): number {
    for (;;) {
      const stretch = this.#stretches[this.#place]
      if (stretch === undefined) return choices.last < 0 ? 0 : choices.last
      if (this.#taken < stretch.steps) {
        const option = optionOf(stretch.key, choices, this.#log)
        if (option >= 0) {
          this.#taken++
          return option
        }
      }
      this.#place++
      this.#taken = 0
    }
  }
}
