/**
 * The regression check: ratios of a quick run, held against those that are kept in `bench/ratios.json`.
 *
 * Ratios only: an absolute time is a machine's. And those of the processors' time: on a busy machine, which a check in passing has to stand,
 * what the clock says of two runs differs by half, and by a tenth what the processors do. One that looks worse all the same is measured again,
 * with twice the rounds, and once more with twice of those; only what stays worse fails. Stands on the rounds. Leaves measuring again to
 * whoever asks for the check.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { ratio } from '../method/measurement.ts'
import { aimsOfQuick } from '../method/quick.ts'
import type { Outcome } from '../method/rounds.ts'

/** By how much one may be worse before it counts, and must be better before it is worth a word. */
const ROOM = 1.6
/** How often is measured again. */
const AGAIN = 2

/** What is kept. */
export interface Kept {
  /** Node's major version: another one compiles differently. */
  readonly node: number
  /** The day: `2026-11-26`. */
  readonly date: string
  /** By work, and by `ours / other`. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** A row of it, measured: how many times the processors' time of the other. */
export interface Row {
  readonly work: string
  readonly of: string
  readonly over: string
  readonly ratio: number
}

/** How the check went. */
export interface Check {
  /** Stayed worse. */
  readonly worse: readonly Compared[]
  readonly better: readonly Compared[]
  /** Measured, and not kept. */
  readonly unknown: readonly Row[]
  /** Kept, and measured no more. */
  readonly gone: readonly string[]
  readonly same: number
}

/** A row and what was kept of it. */
export interface Compared extends Row {
  readonly kept: number
}

/** Measures the pairs of these rows again, in so many rounds for one. */
export type Again = (rows: readonly Row[], factor: number) => Promise<readonly Row[]>

/** The rows of what was measured: a pair of each aim that the quick run is about. */
export function rowsOf(outcomes: readonly Outcome[]): Row[] {
  return outcomes.flatMap(({ work, samples }) => {
    const pairs = new Map(aimsOfQuick(work).map(({ of, over }) => [`${of} / ${over}`, { of, over }]))
    return [...pairs.values()].flatMap(({ of, over }) => {
      const value = ratio(samples.get(of) ?? [], samples.get(over) ?? [], 'cpuNs')
      return Number.isFinite(value) && value > 0 ? [{ work: work.name, of, over, ratio: value }] : []
    })
  })
}

/** Compares, and has measured again what looks worse. */
export async function check(rows: readonly Row[], kept: Kept, again: Again): Promise<Check> {
  const knownOf = ({ work, of, over }: Row): number | undefined => kept.ratios[work]?.[`${of} / ${over}`]
  const isWorse = (row: Row): boolean => row.ratio > (knownOf(row) ?? Infinity) * ROOM
  const found = new Map(rows.map((row) => [nameOf(row), row]))
  for (let time = 1; time <= AGAIN; time++) {
    const worse = [...found.values()].filter(isWorse)
    if (worse.length === 0) break
    for (const row of await again(worse, 2 ** time)) found.set(nameOf(row), row)
  }
  const compared = [...found.values()].flatMap((row) => {
    const known = knownOf(row)
    return known === undefined ? [] : [{ ...row, kept: known }]
  })
  const worse = compared.filter(isWorse)
  const better = compared.filter((row) => row.ratio < row.kept / ROOM)
  const names = Object.entries(kept.ratios).flatMap(([work, pairs]) =>
    Object.keys(pairs).map((pair) => `${work}: ${pair}`),
  )
  return {
    worse,
    better,
    unknown: rows.filter((row) => knownOf(row) === undefined),
    gone: names.filter((name) => !found.has(name)),
    same: compared.length - worse.length - better.length,
  }
}

/** The lines of a check; `isWhole` when all that is kept was to be measured. */
export function checkLines({ worse, better, unknown, gone, same }: Check, isWhole: boolean): string[] {
  const both = (row: Compared): string => `${row.ratio.toFixed(2)}, kept is ${row.kept.toFixed(2)}`
  return [
    ...worse.map(
      (row) => `worse     ${nameOf(row)} is ${both(row)}: more than ${ROOM} times as much, ${AGAIN + 1} times`,
    ),
    ...better.map((row) => `better    ${nameOf(row)} is ${both(row)}: --store keeps it`),
    ...unknown.map(
      (row) => `unknown   ${nameOf(row)} is ${row.ratio.toFixed(2)}, and nothing is kept: --store keeps it`,
    ),
    ...(isWhole ? gone.map((name) => `gone      ${name} is kept, and was not measured: --store drops it`) : []),
    `Ratios of processors: ${worse.length} worse, ${better.length} much better, ${same} as they were, ${unknown.length} unknown.`,
  ]
}

/** What is to be kept of these rows, in order. With `others`, what they do not name stays. */
export function keptOf(rows: readonly Row[], date: Date, others: Kept | null = null): Kept {
  const ratios = new Map(
    Object.entries(others?.ratios ?? {}).map(([work, pairs]) => [work, new Map(Object.entries(pairs))]),
  )
  for (const { work, of, over, ratio: value } of rows) {
    const pairs = ratios.get(work) ?? new Map<string, number>()
    ratios.set(work, pairs.set(`${of} / ${over}`, Number(value.toPrecision(3))))
  }
  return {
    node: nodeMajor(),
    date: date.toISOString().slice(0, 10),
    ratios: sorted([...ratios].map(([work, pairs]) => [work, sorted([...pairs])])),
  }
}

/** The major version of this Node. */
export function nodeMajor(): number {
  return Number(process.versions.node.split('.')[0])
}

/** Null when there is none yet. */
export function readKept(file: URL): Kept | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Kept // by `writeKept`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // as readFileSync throws
    throw error
  }
}

/** Writes it as biome formats it. */
export function writeKept(file: URL, kept: Kept): void {
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`)
}

function sorted<T>(entries: readonly [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function nameOf({ work, of, over }: Row): string {
  return `${work}: ${of} / ${over}`
}
