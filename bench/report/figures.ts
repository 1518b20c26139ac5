/**
 * What a run leaves: plain data, kept in `docs/bench/figures.json`, from which the pictures and the tables of the page are drawn.
 *
 * Stands on the rounds. Every number has four figures that count, and everything is in the order of the works, so that two runs can be laid
 * side by side.
 */
import type { Growth } from '../method/growth.ts'
import { type Figure, figuresOf, type Measurement, median, ratio } from '../method/measurement.ts'
import type { Outcome } from '../method/rounds.ts'
import type { Contestant, Kind } from '../method/work.ts'
import { type Gate, gatesOf } from './gates.ts'
import type { Machine } from './machine.ts'
import { bestRival } from './terminal.ts'

/** A run. */
export interface Figures {
  /** The day of the run: `2026-11-26`. */
  readonly date: string
  readonly machine: Machine
  readonly works: readonly WorkFigures[]
  readonly growth: readonly Growth[]
  /** The works that were measured again, in a later run of their own; left out when there are none. */
  readonly again?: readonly string[]
}

/** A work of it. */
export interface WorkFigures {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** What `wallNs` is: `ns` on the clock, or `bytes`, for example. */
  readonly measures: string
  readonly remark: string
  /** The fastest that is neither ours nor the limit; null when there is none. */
  readonly bestRival: string | null
  readonly contestants: readonly ContestantFigures[]
  readonly absent: readonly Absent[]
  readonly gates: readonly GateFigures[]
}

/** A contestant, each figure for one unit of the work. */
export interface ContestantFigures {
  readonly name: string
  readonly kind: Kind
  /** Whether sockets and timers are served meanwhile; null where a work does not compare that. */
  readonly fair: boolean | null
  readonly times: number
  /** How often it was measured: slow ones are less often. */
  readonly rounds: number
  readonly wallNs: Spread
  readonly cpuNs: Spread | null
  readonly peakBytes: Spread | null
  /** How many times the limit's time, as the median of the rounds' ratios; null where there is no limit. */
  readonly overLimit: number | null
  readonly overBestRival: number | null
}

/** What the rounds found. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Who could not take part, and why. */
export interface Absent {
  readonly name: string
  readonly kind: Kind
  readonly reason: string
}

/** How an aim of the work fares. */
export interface GateFigures {
  readonly of: string
  readonly figure: Figure
  readonly over: string
  readonly atMost: number
  readonly ambitious: number | null
  readonly ratio: number
  readonly verdict: Gate['verdict']
}

/** What is kept of a run. */
export function figuresFrom(
  outcomes: readonly Outcome[],
  run: { readonly date: Date; readonly machine: Machine; readonly growth?: readonly Growth[] },
): Figures {
  return {
    date: run.date.toISOString().slice(0, 10),
    machine: run.machine,
    works: outcomes.map(workFigures),
    growth: (run.growth ?? []).map(growthFigures),
  }
}

/** The figures that are kept, with those of a later run in their place; it is said of these. */
export function withAgain(kept: Figures, run: Figures): Figures {
  if (JSON.stringify(kept.machine) !== JSON.stringify(run.machine))
    throw new Error(
      'docs/bench/figures.json is of another machine, or of other versions: only a whole run can replace it.',
    )
  const fresh = new Map(run.works.map((work) => [work.name, work]))
  const again = new Set([...(kept.again ?? []), ...fresh.keys()])
  return {
    ...kept,
    works: kept.works.map((work) => fresh.get(work.name) ?? work),
    again: kept.works.map(({ name }) => name).filter((name) => again.has(name)),
  }
}

function workFigures(outcome: Outcome): WorkFigures {
  const { work, samples, absent } = outcome
  const { name, title, unit, measures, remark } = work
  const best = bestRival(work, samples)
  return {
    name,
    title,
    unit,
    measures,
    remark,
    bestRival: best?.name ?? null,
    contestants: work.contestants.flatMap((one) => contestantFigures(one, outcome, best) ?? []),
    absent: work.contestants.flatMap(({ name: who, kind }) => {
      const reason = absent.get(who)
      return reason === undefined ? [] : { name: who, kind, reason: withoutFolders(reason) }
    }),
    gates: gatesOf(outcome).map(({ aim, ratio: value, verdict }) => ({
      of: aim.of,
      figure: aim.figure,
      over: aim.over,
      atMost: four(aim.atMost),
      ambitious: aim.ambitious === undefined ? null : four(aim.ambitious),
      ratio: four(value),
      verdict,
    })),
  }
}

/** Null of one that is not there. */
function contestantFigures(
  one: Contestant,
  { work, samples }: Outcome,
  best: Contestant | undefined,
): ContestantFigures | null {
  const own = samples.get(one.name) ?? []
  const wallNs = spread(own, 'wallNs')
  if (wallNs === null) return null
  const limit = work.contestants.find(({ kind }) => kind === 'limit')
  const over = (other: Contestant | undefined): number | null => {
    const value = other === undefined ? NaN : ratio(own, samples.get(other.name) ?? [], 'wallNs')
    return value > 0 ? four(value) : null // what is not above zero was too short to be measured
  }
  return {
    name: one.name,
    kind: one.kind,
    fair: one.fair ?? null,
    times: one.times,
    rounds: own.length,
    wallNs,
    cpuNs: spread(own, 'cpuNs'),
    peakBytes: spread(own, 'peakBytes'),
    overLimit: over(limit),
    overBestRival: over(best),
  }
}

/** Null when it was not measured. */
function spread(samples: readonly Measurement[], figure: Figure): Spread | null {
  const values = figuresOf(samples, figure).filter(Number.isFinite)
  if (values.length === 0) return null
  return { median: four(median(values)), min: four(Math.min(...values)), max: four(Math.max(...values)) }
}

function growthFigures({ series, ...rest }: Growth): Growth {
  return {
    ...rest,
    series: series.map(({ points, ...one }) => ({
      ...one,
      points: points.filter(([, ns]) => Number.isFinite(ns)).map(([count, ns]) => [count, four(ns)] as const),
    })),
  }
}

function four(value: number): number {
  return Number(value.toPrecision(4))
}

/** Where a program lies is of this machine alone: its name is left. */
function withoutFolders(text: string): string {
  return text.replace(/(?:file:\/\/)?(?<![\w.])\/(?:[^\s/'"()]+\/)+/gu, '')
}

/** As it is kept: what fits on a line is on one line, as biome has it. */
export function jsonOf(figures: Figures): string {
  return `${pretty(figures, '', 0)}\n`
}

const LINE = 120

/** `used` is what stands before it on its line, beside the indentation. */
function pretty(value: unknown, indent: string, used: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const flat = onOneLine(value)
  // The one is for the comma that follows.
  if (flat !== null && indent.length + used + flat.length + 1 <= LINE) return flat
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const items = Object.entries(value).map(([key, item]: [string, unknown]) => {
    const label = Array.isArray(value) ? '' : `${JSON.stringify(key)}: `
    return inner + label + pretty(item, inner, label.length)
  })
  return `${String(open)}\n${items.join(',\n')}\n${indent}${String(close)}`
}

/** Null of an object with a list, and of what has one in it. */
function onOneLine(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const items: readonly unknown[] = Object.values(value)
  const isList = Array.isArray(value)
  if (items.length === 0) return isList ? '[]' : '{}'
  if (!isList && items.some(Array.isArray)) return null
  const parts = items.map(onOneLine)
  if (parts.includes(null)) return null
  if (isList) return `[${parts.join(', ')}]`
  return `{ ${Object.keys(value)
    .map((key, place) => `${JSON.stringify(key)}: ${String(parts[place])}`)
    .join(', ')} }`
}
