/**
 * How the cost of one grows with the number of all, 10 to a million: warm, and for the very first run of a process.
 *
 * Stands on the works, of whose contestants it takes the limit, ours, promises and one that schedules. Leaves to `growing.ts` what happens in
 * a process, and the pictures to the reports. A point that cannot be measured, for want of memory say, is left out.
 */
import { median } from './measurement.ts'
import { nodeProgram, outputOf } from './rounds.ts'
import type { InNode, Kind, Work } from './work.ts'

/** What grows. */
export interface Growing {
  readonly work: Work
  readonly title: string
  readonly unit: string
  /** The contestants' names. */
  readonly contestants: readonly string[]
  /** The parameter for so many; that of the contestant where nothing is said. */
  readonly parameterFor?: (count: number) => number
}

/** What was found. */
export interface Growth {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly series: readonly Curve[]
}

/** Of one contestant. */
export interface Curve {
  readonly name: string
  readonly kind: Kind
  /** Whether each point is the first run of a process. */
  readonly cold: boolean
  /** How many, and the nanoseconds for each of them. */
  readonly points: readonly (readonly [count: number, ns: number])[]
}

/** How it is measured. */
export interface GrowthRun {
  /** How many processes a point; of the first runs, which are short, two more. */
  readonly rounds: number
  readonly signal: AbortSignal
  /** Told of before each process. */
  onStep?(name: string, count: number, contestant: string): void
}

const COUNTS = [10, 100, 1000, 10_000, 100_000, 1_000_000]

/** A curve while it is drawn. */
interface Drawn {
  readonly name: string
  readonly kind: Kind
  readonly cold: boolean
  readonly by: InNode
  readonly points: (readonly [number, number])[]
}

/** Measures the curves of one work. Gives what it has when it is ended. */
export async function measureGrowth(growing: Growing, run: GrowthRun): Promise<Growth> {
  const { work, title, unit, parameterFor } = growing
  const isNapping = work.idleMs > 0
  const curves = curvesOf(growing)
  for (const count of COUNTS) {
    const found = new Map<Drawn, number[]>(curves.map((one) => [one, []]))
    for (let round = 0; round < run.rounds + 2; round++) {
      for (const [curve, samples] of found) {
        // What naps takes seconds, and the time of its processors is steady.
        if (round >= (isNapping ? 1 : curve.cold ? run.rounds + 2 : run.rounds)) continue
        run.onStep?.(work.name, count, curve.name)
        const by = { ...curve.by, parameter: parameterFor?.(count) ?? curve.by.parameter }
        const ns = await pointOf(by, count, [curve.cold ? 'first' : 'warm', isNapping ? 'cpu' : 'wall'], run.signal)
        if (ns === null) found.delete(curve)
        else samples.push(ns)
      }
    }
    if (run.signal.aborted) break
    for (const [curve, samples] of found) curve.points.push([count, median(samples)])
  }
  return { name: work.name, title, unit, series: curves.map(({ by: _, ...curve }) => curve) }
}

function curvesOf({ work, contestants }: Growing): Drawn[] {
  return contestants.flatMap((name) => {
    const one = work.contestants.find((other) => other.name === name)
    if (one?.by.means !== 'node') throw new Error(`"${work.name}" has no "${name}" in Node.`)
    const { kind, by } = one
    const warm: Drawn = { name, kind, cold: false, by, points: [] }
    const isCompared = kind === 'ours' || kind === 'promises'
    return isCompared ? [warm, { name: `${name}, first run`, kind, cold: true, by, points: [] }] : [warm]
  })
}

/** One process; null when it fails. */
async function pointOf(by: InNode, count: number, how: readonly string[], signal: AbortSignal): Promise<number | null> {
  const [program, args] = nodeProgram('method/growing.ts', by, String(count), String(by.parameter), ...how)
  try {
    return Number(await outputOf(program, args, signal))
  } catch {
    return null
  }
}
