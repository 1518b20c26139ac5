/**
 * The summary of a recording as a table that a person reads at once.
 *
 * Stands on the summary, and on text in columns. Greenlets that are alike share a row where there are too many, and the worst of them
 * keep their own. What does not fit into the width is left out, the least telling column first.
 */
import type { End, Recording } from '../record/recording.ts'
import { styled } from './bars.ts'
import { recordingsOf, sizeOf } from './given.ts'
import {
  comparison,
  type GreenletSummary,
  headline,
  lossOf,
  type RunSummary,
  type Summary,
  summarize,
  type TimeSummary,
  together,
} from './summary.ts'
import { clean, cutName, pad, placeText, sentence, widthOf } from './text/columns.ts'
import { duration } from './text/duration.ts'

/** How a summary is written. */
export interface SummaryOptions {
  /** The most columns that a line takes; less than 40 is 40. @defaultValue 80 */
  width?: number
  /** The most greenlets that have a row each; less than 3 is 3. @defaultValue 30 */
  rows?: number
  /** Whether the heads are coloured, for a terminal. @defaultValue false */
  color?: boolean
  /** Whether only ASCII is written. @defaultValue false */
  ascii?: boolean
}

/** Of alike greenlets so many keep a row of their own. */
const WORST = 3
/** So many causes of waits are listed. */
const CAUSES = 8
/** Less than this nobody notices. */
const TRIFLE_MS = 1
/** Spaces between columns. */
const GAP = 2
/** The number at the end of a name, which tells alike ones apart. */
const NUMBER = /-\d+$/u
const WORSE_FIRST: readonly (End | null)[] = ['failed', 'killed', null, 'returned']

/** What is written on. */
interface Sheet {
  readonly width: number
  readonly rows: number
  readonly ascii: boolean
  readonly color: boolean
}

/** What rows are weighed by. */
interface Trouble {
  readonly end: End | null
  readonly longestRunMs: number
  readonly readyMs: number
}

/** A row of the table: a greenlet, or several. */
interface Row extends Trouble {
  readonly name: string
  readonly times: TimeSummary
  /** How often which end; null: alive. Main has none. */
  readonly ends: ReadonlyMap<End | null, number>
  readonly count: number
}

/** A column: what stands in it, from its head down; columns of a lower worth are left out first. */
interface Column {
  readonly cells: readonly string[]
  readonly worth: number
  /** Numbers stand at the right. */
  readonly right?: boolean
  /** How narrow it may be made; else as wide as what stands in it. */
  readonly least?: number
}

/**
 * Writes the summary of a recording as text: a row for each greenlet, below them what was waited for and the longest run without a switch.
 *
 * @param recordings - what was recorded: one recording, or several, which are written below each other and compared.
 * @param options - how wide and long it may be.
 * @returns the lines, without an end of line behind the last.
 * @throws UsageError when it is given no recording, or an option that is none.
 * @switches never
 * @example
 * ```ts
 * import { sleep } from 'greenloop'
 * import { formatSummary, record } from 'greenloop/trace'
 *
 * const { recording } = await record(function* () {
 *   yield* sleep(5)
 * })
 * const [, , head] = formatSummary(recording).split('\n')
 * console.log(head?.startsWith('greenlet')) // true
 * ```
 */
export function formatSummary(
  recordings: Recording | readonly Recording[],
  { width = 80, rows = 30, color = false, ascii = false }: SummaryOptions = {},
): string {
  const all = recordingsOf('formatSummary()', recordings)
  const sheet = {
    width: sizeOf('formatSummary()', 'width', width, 40),
    rows: sizeOf('formatSummary()', 'rows', rows, 3),
    ascii,
    color,
  }
  const parts = all.map((recording) => [
    ...sentence(headline(recording, ascii), sheet.width, ascii).map((line) => styled(line, 'title', color)),
    '',
    ...body(summarize(recording), sheet),
    ...notes(lossOf(recording), sheet),
  ])
  const compared = comparison(all, ascii).flatMap((line) => sentence(line, sheet.width, ascii))
  if (compared.length > 0) parts.push(compared)
  return parts.map((part) => part.join('\n')).join('\n\n')
}

function notes(text: string | null, { width, ascii }: Sheet): string[] {
  return text === null ? [] : ['', ...sentence(text, width, ascii)]
}

function body(summary: Summary, sheet: Sheet): string[] {
  const rows = rowsOf(summary.greenlets, sheet.rows)
  return [
    ...table(greenletColumns(rows.length > 1 ? [...rows, totalRow(summary.total)] : rows, sheet), sheet),
    ...(summary.total.waits.length === 0 ? [] : ['', ...table(waitColumns(summary.total, sheet), sheet)]),
    ...notes(summary.longestRun === null ? null : longestRun(summary.longestRun, sheet), sheet),
  ]
}

function totalRow(times: TimeSummary): Row {
  const { longestRunMs, readyMs } = times
  return { name: 'together', times, ends: new Map(), count: 0, end: null, longestRunMs, readyMs }
}

function greenletColumns(rows: readonly Row[], { width, ascii }: Sheet): Column[] {
  const time = (head: string, worth: number, read: (times: TimeSummary) => number): Column[] => {
    const values = rows.map(({ times }) => read(times))
    if (values.every((ms) => ms === 0)) return []
    return [{ cells: [head, ...values.map((ms) => duration(ms, ascii))], worth, right: true }]
  }
  const columns: Column[] = [
    { cells: ['greenlet', ...rows.map(({ name }) => clean(name, ascii))], worth: Infinity, least: 14 },
    ...time('busy', 7, ({ busyMs }) => busyMs),
    ...time('ready', 2, ({ readyMs }) => readyMs),
    ...time('waiting', 6, ({ waitingMs }) => waitingMs),
    ...time('switched', 1, ({ switchedMs }) => switchedMs),
    { cells: ['switches', ...rows.map(({ times }) => times.switches.toLocaleString('en'))], worth: 4, right: true },
    ...time('longest', 3, ({ longestRunMs }) => longestRunMs),
    { cells: ['end', ...rows.map(endText)], worth: 5 },
  ]
  const long = causes(rows, ascii, true)
  const whole = fitted([...columns, long], width)?.at(-1) === widest(long)
  return [...columns, whole ? long : causes(rows, ascii, false)]
}

/** What was waited for, with the times or without. Of all together it stands in a table of its own. */
function causes(rows: readonly Row[], ascii: boolean, timed: boolean): Column {
  const cells = rows.map(({ count, times }) => {
    const waits = count === 0 ? [] : times.waits
    const texts = waits.map(({ cause, totalMs }) => clean(cause, ascii) + (timed ? ` ${duration(totalMs, ascii)}` : ''))
    return texts.join(', ')
  })
  return { cells: ['waits in', ...cells], worth: 0, least: 10 }
}

function waitColumns({ waits }: TimeSummary, { ascii }: Sheet): Column[] {
  const more = waits.slice(CAUSES)
  const rest = { cause: `${more.length} more`, count: 0, totalMs: 0, longestMs: 0, longestBy: '' }
  for (const { count, totalMs, longestMs } of more) {
    rest.count += count
    rest.totalMs += totalMs
    rest.longestMs = Math.max(rest.longestMs, longestMs)
  }
  const all = [...waits.slice(0, CAUSES), ...(more.length === 0 ? [] : [rest])]
  return [
    { cells: ['slowest waits', ...all.map(({ cause }) => clean(cause, ascii))], worth: Infinity, least: 14 },
    { cells: ['count', ...all.map(({ count }) => count.toLocaleString('en'))], worth: 2, right: true },
    { cells: ['total', ...all.map(({ totalMs }) => duration(totalMs, ascii))], worth: 4, right: true },
    { cells: ['longest', ...all.map(({ longestMs }) => duration(longestMs, ascii))], worth: 3, right: true },
    { cells: ['of', ...all.map(({ longestBy }) => clean(longestBy, ascii))], worth: 1, least: 8 },
  ]
}

function longestRun({ ms, atMs, name, from, to }: RunSummary, { ascii }: Sheet): string {
  const ends = [from === null ? '' : `from ${placeText(from)}`, to === null ? '' : `to ${placeText(to)}`]
  const way = ends.filter((end) => end !== '').join(' ')
  const run = `${duration(ms, ascii)} of ${clean(name, ascii)}, at ${duration(atMs, ascii)}`
  return `Longest run without a switch: ${run}${way === '' ? '' : `, ${clean(way, ascii)}`}.`
}

/** The columns beside each other, two spaces apart. */
function table(columns: readonly Column[], { width, ascii, color }: Sheet): string[] {
  const kept = columns.filter(({ cells }) => cells.slice(1).some((cell) => cell !== ''))
  let widths = fitted(kept, width)
  while (widths === null) {
    const least = Math.min(...kept.map(({ worth }) => worth))
    kept.splice(
      kept.findIndex(({ worth }) => worth === least),
      1,
    )
    widths = fitted(kept, width)
  }
  const places = widths
  const lines = (kept[0]?.cells ?? []).map((_, row) => {
    const cells = kept.map((column, index) => {
      const place = places[index] ?? 0
      return pad(cutName(column.cells[row] ?? '', place, ascii), place, column.right)
    })
    return cells.join(' '.repeat(GAP)).trimEnd()
  })
  return lines.map((line, row) => styled(line, row === 0 ? 'axis' : '', color))
}

/** How wide each column is in a line of `width`; null: they do not fit. Of those that may be narrower the last yields first. */
function fitted(columns: readonly Column[], width: number): number[] | null {
  const widths = columns.map(widest)
  let over = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width
  for (let index = columns.length - 1; index >= 0 && over > 0; index--) {
    const natural = widths[index] ?? 0
    const given = Math.min(over, Math.max(0, natural - (columns[index]?.least ?? natural)))
    widths[index] = natural - given
    over -= given
  }
  return over > 0 ? null : widths
}

function widest({ cells }: Column): number {
  return Math.max(...cells.map(widthOf))
}

/** A row for each greenlet; where there are more than `most`, alike ones share one, and the worst of them stand before it. */
function rowsOf(greenlets: readonly GreenletSummary[], most: number): Row[] {
  if (greenlets.length <= most) return greenlets.map(single)
  const families = new Map<string, GreenletSummary[]>()
  for (const greenlet of greenlets) {
    const name = greenlet.kind === 'main' ? 'main' : `${greenlet.name.replace(NUMBER, '')}-*`
    const family = families.get(name)
    if (family === undefined) families.set(name, [greenlet])
    else family.push(greenlet)
  }
  const worst = conspicuous([...families.values()].filter(({ length }) => length > 1))
  const apart = new Set(worst.slice(0, Math.min(WORST, Math.max(0, most - families.size))))
  const rows = [...families].flatMap(([name, family]) => {
    const alike = family.filter((one) => !apart.has(one))
    const alone = family.filter((one) => apart.has(one)).sort(byTrouble)
    return [...alone.map(single), ...(alike.length > 1 ? [shared(name, alike.map(single))] : alike.map(single))]
  })
  if (rows.length <= most) return rows
  const [main, ...others] = rows
  const kept = new Set([...others].sort(byTrouble).slice(0, most - 2))
  const rest = others.filter((row) => !kept.has(row))
  return [...(main === undefined ? [] : [main]), ...others.filter((row) => kept.has(row)), shared('others', rest)]
}

/** Those of many alike that are not quite alike: that have failed, and by turns those that ran and that waited for much too long. */
function conspicuous(families: readonly (readonly GreenletSummary[])[]): GreenletSummary[] {
  const failed = families.flat().filter(({ end }) => end === 'failed')
  const long = families.flatMap((family) => outliers(family, ({ longestRunMs }) => longestRunMs)).sort(byTrouble)
  const slow = families.flatMap((family) => outliers(family, ({ waitingMs }) => waitingMs))
  slow.sort((one, other) => other.waitingMs - one.waitingMs)
  const turns = long.length > slow.length ? long : slow
  const byTurns = turns.flatMap((_, index) => [...long.slice(index, index + 1), ...slow.slice(index, index + 1)])
  return [...new Set([...failed.sort(byTrouble), ...byTurns])]
}

/** Those for whom it is more than twice what is usual, and not by a trifle. */
function outliers(
  family: readonly GreenletSummary[],
  read: (one: GreenletSummary) => number,
): readonly GreenletSummary[] {
  const usual = median(family.map(read))
  return family.filter((one) => read(one) > Math.max(2 * usual, usual + TRIFLE_MS))
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}

function single(greenlet: GreenletSummary): Row {
  const { name, kind, end, longestRunMs, readyMs } = greenlet
  const ends = new Map([[end, 1]])
  return { name, times: greenlet, ends: kind === 'main' ? new Map() : ends, count: 1, longestRunMs, readyMs, end }
}

function shared(name: string, rows: readonly Row[]): Row {
  const times = together(rows.map((row) => row.times))
  const ends = new Map<End | null, number>()
  let count = 0
  for (const row of rows) {
    count += row.count
    for (const [end, number] of row.ends) ends.set(end, (ends.get(end) ?? 0) + number)
  }
  const { longestRunMs, readyMs } = times
  const end = ends.has('failed') ? 'failed' : null
  return { name: `${name} (${count.toLocaleString('en')})`, times, ends, count, longestRunMs, readyMs, end }
}

/** What could be somebody's trouble first: failures, then those that held others up, then those that were held up. */
function byTrouble(one: Trouble, other: Trouble): number {
  return (
    Number(other.end === 'failed') - Number(one.end === 'failed') ||
    other.longestRunMs - one.longestRunMs ||
    other.readyMs - one.readyMs
  )
}

/** How it ended; of several how the worst of them did, and how many. */
function endText({ ends, count }: Row): string {
  const [end] = WORSE_FIRST.filter((one) => ends.has(one))
  if (end === undefined) return ''
  const text = end ?? 'lives'
  return count === 1 || ends.size === 1 ? text : `${(ends.get(end) ?? 0).toLocaleString('en')} ${text}`
}
