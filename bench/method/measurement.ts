/**
 * A measurement: what one process has found for one contestant, each figure for one item of the work (a switch, a task, a page).
 *
 * Stands on nothing. Leaves to `rounds.ts` how many there are, and to the reports what is made of them.
 */

/** What was measured. A figure that could not be taken is null, and is shown as such. */
export interface Measurement {
  /** Nanoseconds on the clock; what the run has told, where a work measures something else. */
  readonly wallNs: number
  /** Nanoseconds of processors, of all threads: V8's collector and compiler run beside. */
  readonly cpuNs: number | null
  /** The most memory that the process took beyond what it had before the work, in bytes. */
  readonly peakBytes: number | null
}

/** Which figure of it. */
export type Figure = keyof Measurement

/** The middle of the list; of an even number, the mean of the two. NaN of an empty one. */
export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}

/** The figures of the rounds in which it could be taken. */
export function figuresOf(samples: readonly Measurement[], figure: Figure): number[] {
  return samples.map((sample) => sample[figure]).filter((value) => value !== null)
}

/**
 * How many times as much as another one: the median of the rounds' ratios, since both of a round met the machine in the same minute.
 * NaN when no round has both.
 */
export function ratio(own: readonly Measurement[], other: readonly Measurement[], figure: Figure): number {
  const ratios: number[] = []
  for (const [round, sample] of own.entries()) {
    const [above, below] = [sample[figure], other[round]?.[figure] ?? null]
    if (above !== null && below !== null) ratios.push(above / below)
  }
  return median(ratios)
}
