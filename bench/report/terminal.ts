/**
 * An outcome as a table for the terminal.
 *
 * Stands on the rounds. Leaves pictures and pages to their own files.
 */
import { figuresOf, type Measurement, median, ratio } from '../method/measurement.ts'
import type { Outcome } from '../method/rounds.ts'
import type { Contestant, Work } from '../method/work.ts'

/** The lines of the table: a row for each contestant, the fastest first. */
export function table({ work, samples, absent }: Outcome): string[] {
  const present = work.contestants.filter(({ name }) => samples.has(name))
  const base = present.find(({ kind }) => kind === 'limit')
  const rival = bestRival(work, samples)
  const rounds = new Set(present.map(({ name }) => samples.get(name)?.length))
  const heads = [
    work.measures,
    'spread',
    'cpu ns',
    'bytes',
    ...(base ? ['x limit'] : []),
    ...(rival ? ['x best rival'] : []),
    // Said when they differ: slow ones get fewer.
    ...(rounds.size > 1 ? ['rounds'] : []),
  ]
  const rows = [...present]
    .sort((a, b) => wallOf(samples, a) - wallOf(samples, b))
    .map((one): [string, string[]] => {
      const own = samples.get(one.name) ?? []
      const walls = figuresOf(own, 'wallNs')
      return [
        `${one.kind === 'ours' ? '* ' : '  '}${one.name}`,
        [
          show(median(walls)),
          `${show(Math.min(...walls))}-${show(Math.max(...walls))}`,
          show(median(figuresOf(own, 'cpuNs'))),
          show(median(figuresOf(own, 'peakBytes'))),
          ...(base ? [times(ratio(own, samples.get(base.name) ?? [], 'wallNs'))] : []),
          ...(rival ? [times(ratio(own, samples.get(rival.name) ?? [], 'wallNs'))] : []),
          ...(rounds.size > 1 ? [String(own.length)] : []),
        ],
      ]
    })
  const width = Math.max(...rows.map(([name]) => name.length), 20) + 1
  const widths = heads.map(
    (head, column) => Math.max(head.length, ...rows.map(([, cells]) => (cells[column] ?? '').length)) + 2,
  )
  const line = (name: string, cells: readonly string[]): string =>
    name.padEnd(width) + cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('')
  return [
    `${work.title} (${work.name}), each for one ${work.unit}`,
    line('', heads),
    ...rows.map(([name, cells]) => line(name, cells)),
    ...[...absent].map(([name, lack]) => `  ${name.padEnd(width - 2)} absent: ${lack}`),
  ]
}

/** The fastest that is neither ours nor the limit; undefined when there is none. */
export function bestRival(work: Work, samples: ReadonlyMap<string, readonly Measurement[]>): Contestant | undefined {
  const rivals = work.contestants.filter(({ name, kind }) => kind !== 'ours' && kind !== 'limit' && samples.has(name))
  return rivals.sort((a, b) => wallOf(samples, a) - wallOf(samples, b))[0]
}

function wallOf(samples: ReadonlyMap<string, readonly Measurement[]>, { name }: Contestant): number {
  return median(figuresOf(samples.get(name) ?? [], 'wallNs'))
}

function times(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

/** Three figures that count; `-` for what was not measured. */
function show(value: number): string {
  if (Number.isNaN(value)) return '-'
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, digits === 0 ? ',' : '')
}
