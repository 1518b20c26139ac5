/**
 * A run as it was measured, for other programs: every sample of every round.
 *
 * Stands on the rounds. Leaves what is made of the samples, for readers, to the figures.
 */
import type { Growth } from '../method/growth.ts'
import type { Measurement } from '../method/measurement.ts'
import type { Outcome } from '../method/rounds.ts'
import { type Gate, gatesOf } from './gates.ts'
import type { Machine } from './machine.ts'

/** A run. */
export interface Samples {
  readonly date: string
  readonly machine: Machine
  /** What part of each contestant's times. */
  readonly part: number
  readonly works: readonly {
    readonly name: string
    readonly title: string
    readonly unit: string
    readonly measures: string
    readonly cold: boolean
    readonly contestants: readonly {
      readonly name: string
      readonly kind: string
      readonly fair: boolean | null
      readonly times: number
      /** A sample a round; none of one that is absent. */
      readonly samples: readonly Measurement[]
      /** Why it is absent; null when it is there. */
      readonly absent: string | null
    }[]
    readonly gates: readonly Omit<Gate, 'work'>[]
  }[]
  readonly growth: readonly Growth[]
}

/** What a run has found. */
export function samplesOf(
  outcomes: readonly Outcome[],
  run: { readonly date: Date; readonly machine: Machine; readonly part: number; readonly growth: readonly Growth[] },
): Samples {
  const { date, machine, part, growth } = run
  return {
    date: date.toISOString(),
    machine,
    part,
    works: outcomes.map((outcome) => ({
      name: outcome.work.name,
      title: outcome.work.title,
      unit: outcome.work.unit,
      measures: outcome.work.measures,
      cold: outcome.work.cold,
      contestants: outcome.work.contestants.map(({ name, kind, fair, times }) => ({
        name,
        kind,
        fair: fair ?? null,
        times: Math.max(1, Math.round(times * part)),
        samples: outcome.samples.get(name) ?? [],
        absent: outcome.absent.get(name) ?? null,
      })),
      gates: gatesOf(outcome).map(({ work: _, ...gate }) => gate),
    })),
    growth,
  }
}
