/**
 * The figures as Markdown: the table of a work, that of the aims, and the line about the machine.
 *
 * Stands on the figures alone.
 */
import type { Growth } from '../method/growth.ts'
import type { ContestantFigures, Figures, GateFigures, Spread, WorkFigures } from './figures.ts'
import { amountText, bytesText, ratioText, timeText } from './words.ts'

/** A work: ours in bold, the fastest first. */
export function workTable(work: WorkFigures): string {
  const rows = [...work.contestants].sort((a, b) => a.wallNs.median - b.wallNs.median)
  const columns = columnsOf(work).filter(({ cell }) => rows.some((row) => cell(row) !== NONE))
  return tableOf(
    [`one ${work.unit}`, ...columns.map(({ head }) => head)],
    rows.map((row) => {
      const cells = [cellOf(row.name), ...columns.map(({ cell }) => cell(row))]
      return row.kind === 'ours' ? cells.map((cell) => `**${cell}**`) : cells
    }),
  )
}

const NONE = '–'

function columnsOf({ bestRival, measures }: WorkFigures): { head: string; cell(row: ContestantFigures): string }[] {
  return [
    { head: 'median', cell: ({ wallNs }) => amountText(wallNs.median, measures) },
    { head: 'least to most', cell: ({ wallNs }) => spreadText(wallNs, measures) },
    { head: 'processors', cell: ({ cpuNs }) => (cpuNs === null ? NONE : timeText(cpuNs.median)) },
    { head: 'memory', cell: ({ peakBytes }) => (peakBytes === null ? NONE : bytesText(peakBytes.median)) },
    { head: '× limit', cell: ({ overLimit }) => (overLimit === null ? NONE : ratioText(overLimit)) },
    {
      head: `× ${cellOf(bestRival ?? '')}`,
      cell: ({ overBestRival }) => (overBestRival === null ? NONE : ratioText(overBestRival)),
    },
    { head: 'serves others', cell: ({ fair }) => (fair === null ? NONE : fair ? 'yes' : 'no') },
  ]
}

function spreadText({ min, max }: Spread, measures: string): string {
  const [least, most] = [amountText(min, measures), amountText(max, measures)]
  if (least === most) return most
  // The unit once, when it is the same.
  const [number = '', unit = ''] = least.split(' ')
  return most.endsWith(` ${unit}`) ? `${number} – ${most}` : `${least} – ${most}`
}

/** How the cost of a work grows: a row for each contestant, a column for each number. */
export function growthTable({ unit, series }: Growth): string {
  const counts = [...new Set(series.flatMap(({ points }) => points.map(([count]) => count)))].sort((a, b) => a - b)
  return tableOf(
    [`one ${unit}, of`, ...counts.map((count) => count.toLocaleString('en-GB'))],
    series.map(({ name, kind, points }) => {
      const times = new Map(points)
      const cells = [cellOf(name), ...counts.map((count) => timeOrNone(times.get(count)))]
      return kind === 'ours' ? cells.map((cell) => `**${cell}**`) : cells
    }),
  )
}

function timeOrNone(ns: number | undefined): string {
  return ns === undefined ? NONE : timeText(ns)
}

const WORDS: Readonly<Record<GateFigures['verdict'], string>> = {
  ambitious: 'better than asked',
  reached: 'reached',
  missed: 'missed, by less than a quarter',
  failed: '**failed**',
}
const FIGURES: Readonly<Record<GateFigures['figure'], string>> = {
  wallNs: '',
  cpuNs: ', processors',
  peakBytes: ', memory',
}

/** The aims of all works. Those that ask the same over several rivals are one row, which names the one that comes nearest. */
export function gatesTable({ works }: Figures): string {
  const rows = works.flatMap(({ name, gates }) =>
    groupsOf(gates).map((group) => {
      const [nearest, ...others] = [...group].sort((a, b) => b.ratio - a.ratio)
      if (nearest === undefined) return []
      const { of, figure, over, atMost, ambitious, verdict } = nearest
      const wish = ambitious === null ? '' : ` (${ratioText(ambitious)} is wished for)`
      const rivals = others.length === 0 ? cellOf(over) : `each of ${String(group.length)} rivals`
      const measured = others.length === 0 ? ratioText(nearest.ratio) : `${ratioText(nearest.ratio)} (${cellOf(over)})`
      const also = others.filter((one) => one.verdict === 'missed' || one.verdict === 'failed')
      const list = also.map((one) => `${ratioText(one.ratio)} (${cellOf(one.over)})`)
      return [
        cellOf(name),
        `${cellOf(of)}${FIGURES[figure]}`,
        `at most ${ratioText(atMost)} × ${rivals}${wish}`,
        [measured, ...list].join(', '),
        WORDS[verdict],
      ]
    }),
  )
  return tableOf(['work', 'who', 'aim', 'measured', ''], rows, 2)
}

function groupsOf(gates: readonly GateFigures[]): GateFigures[][] {
  const groups = new Map<string, GateFigures[]>()
  for (const gate of gates) {
    const key = JSON.stringify([gate.of, gate.figure, gate.atMost, gate.ambitious])
    groups.set(key, [...(groups.get(key) ?? []), gate])
  }
  return [...groups.values()]
}

/** Where and with what it was measured. */
export function machineLine({ date, machine, again = [] }: Figures): string {
  const { greenloop = '', ...rivals } = machine.packages
  const { processors, count, memoryGiB, kernel, node, v8, python } = machine
  const inPython = python === null ? 'no Python' : [python.version, ...versions(python.packages)].join(', ')
  return [
    `Measured on ${date}: ${String(count)} × ${processors}, ${String(memoryGiB)} GiB, ${kernel}; Node ${node} (V8 ${v8}), greenloop ${greenloop}.`,
    `Beside it: ${versions(rivals).join(', ')}; ${inPython}.`,
    ...(again.length > 0 ? [`Measured again, in a later run of their own: ${again.join(', ')}.`] : []),
  ].join(' ')
}

function versions(packages: Readonly<Record<string, string>>): string[] {
  return Object.entries(packages).map(([name, version]) => `${name} ${version}`)
}

/** Text that Markdown takes as it is. */
export function cellOf(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/gu, '\\$&')
}

/** The first columns to the left, the others to the right; as wide as they must be, so that the page reads well as it is. */
/** A Markdown table; the first `left` columns are text, the others figures. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const isLeft = (column: number): boolean => column < left || left > 1
  const widths = heads.map((head, column) => Math.max(3, head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const lineOf = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (isLeft(column) ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`
  const rule = widths.map((width, column) => (isLeft(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [lineOf(heads), lineOf(rule), ...rows.map(lineOf)].join('\n')
}
