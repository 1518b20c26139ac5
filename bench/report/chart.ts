/**
 * The picture of a work: who takes how long for one unit, the fastest above, on a logarithmic axis.
 *
 * Stands on the figures alone: the same figures give the same picture.
 */
import type { ContestantFigures, WorkFigures } from './figures.ts'
import {
  type Axis,
  at,
  framed,
  heading,
  lineAt,
  logAxis,
  MARGIN,
  markAt,
  sizeOf,
  textAt,
  tickText,
  WIDTH,
} from './svg.ts'
import { amountText, ratioText, shortened, widthOf, wrapped } from './words.ts'

const ROW = 26
/** The names stand left of this at the latest. */
const WIDEST_NAME = 236
const GAP = 14
const LIMIT = '× limit'
const RIVAL = '× best rival'

/** Draws a work. */
export function chartOf(work: WorkFigures): string {
  const rows = [...work.contestants].sort((a, b) => a.wallNs.median - b.wallNs.median)
  const kinds = new Set(rows.map(({ kind }) => kind))
  const hollow = rows.some(({ fair }) => fair === false) ? 'hollow: nobody else is served meanwhile' : null
  const { parts, bottom } = heading(work.title, subtitleOf(work), kinds, hollow)
  // The one that the ratios are over.
  const limit = work.contestants.find(({ kind }) => kind === 'limit')
  const columns = columnsOf(rows)
  const top = bottom + 18
  const end = top + rows.length * ROW
  const axis = logAxis(
    rows.flatMap(({ wallNs: { min, median, max } }) => [min, median, max]),
    columns.from,
    columns.to,
  )
  parts.push(
    ...bands(rows, top),
    ...grid(axis, top, end, work.measures),
    ...(limit === undefined ? [] : limitLine(axis.at(limit.wallNs.median), top, end)),
    ...headsOf(columns, top - 8),
    ...rows.flatMap((row, place) => rowOf(row, top + (place + 0.5) * ROW, { columns, axis, measures: work.measures })),
  )
  const lines = absentLines(work)
  parts.push(...lines.map((line, place) => textAt(MARGIN, end + 44 + place * 18, line, { size: 'text', look: 'soft' })))
  const height = end + 20 + (lines.length === 0 ? 16 : 24 + lines.length * 18)
  return framed(Math.ceil(height), work.title, descriptionOf(work, rows), parts)
}

function subtitleOf({ unit, measures, contestants }: WorkFigures): string {
  const counts = contestants.map(({ rounds }) => rounds)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const rounds = least === most ? String(most) : `${String(least)} to ${String(most)}`
  const how = most === 1 ? 'one round' : `median of ${rounds} rounds, least and most`
  return `${subjectOf(measures)} for one ${unit}: ${how}. Logarithmic axis, left is ${measures === 'ns' ? 'faster' : 'less'}.`
}

function subjectOf(measures: string): string {
  return measures === 'ns' ? 'Time' : measures === 'bytes' ? 'Memory' : `The ${measures}`
}

/** All of it, for those who do not see it. */
function descriptionOf(work: WorkFigures, rows: readonly ContestantFigures[]): string {
  const list = rows.map(({ name, kind, wallNs }) => {
    const what = kind === 'limit' ? ' (the limit)' : kind === 'ours' && name !== 'greenloop' ? ' (greenloop)' : ''
    return `${name}${what} ${amountText(wallNs.median, work.measures)}`
  })
  return [
    `${subjectOf(work.measures)} for one ${work.unit}, the least first: ${list.join('; ')}.`,
    ...absentText(work),
  ].join(' ')
}

function absentText({ absent }: WorkFigures): string[] {
  if (absent.length === 0) return []
  const reasons = [...new Set(absent.map(({ reason }) => reason))]
  const groups = reasons.map((why) => {
    const names = absent.filter(({ reason }) => reason === why).map(({ name }) => name)
    return `${names.join(', ')} (${why})`
  })
  return [`Absent: ${groups.join('; ')}.`]
}

function absentLines(work: WorkFigures): string[] {
  return absentText(work).flatMap((text) => wrapped(text, WIDTH - 2 * MARGIN, sizeOf('text')))
}

/** Where the columns are. */
interface Columns {
  /** The names end here. */
  readonly names: number
  /** The axis. */
  readonly from: number
  readonly to: number
  /** The times end here. */
  readonly times: number
  /** The ratios end here. */
  readonly ratios: number
  /** What they are over. */
  readonly head: typeof LIMIT | typeof RIVAL | null
}

function columnsOf(rows: readonly ContestantFigures[]): Columns {
  const widest = Math.max(...rows.map(({ name, kind }) => widthOf(name, sizeOf('name'), kind === 'ours')), 0)
  const names = MARGIN + Math.min(widest, WIDEST_NAME)
  const ratios = WIDTH - MARGIN
  const head = rows.some(({ overLimit }) => overLimit !== null)
    ? LIMIT
    : rows.some(({ overBestRival }) => overBestRival !== null)
      ? RIVAL
      : null
  const texts = rows.map((row) => widthOf(ratioOf(row, head), sizeOf('name'), row.kind === 'ours'))
  const times = head === null ? ratios : ratios - Math.max(widthOf(head, sizeOf('head')), ...texts) - GAP
  return { names, from: names + GAP, to: times - 62 - GAP, times, ratios, head }
}

/** Empty where there is none. */
function ratioOf({ overLimit, overBestRival }: ContestantFigures, head: Columns['head']): string {
  const value = head === LIMIT ? overLimit : head === RIVAL ? overBestRival : null
  return value === null ? '' : ratioText(value)
}

function headsOf({ times, ratios, head }: Columns, y: number): string[] {
  const heads = [textAt(times, y, 'median', { size: 'head', look: 'soft', anchor: 'end' })]
  if (head !== null) heads.push(textAt(ratios, y, head, { size: 'head', look: 'soft', anchor: 'end' }))
  return heads
}

/** Through all rows, so that each of them is seen beside it. */
function limitLine(x: number, top: number, end: number): string[] {
  return [
    lineAt('limit', x, top, x, end, ' stroke="currentColor" stroke-dasharray="2 3"'),
    textAt(x, top - 8, 'limit', { size: 'head', look: 'limit', anchor: 'middle' }),
  ]
}

/** Behind our rows. */
function bands(rows: readonly ContestantFigures[], top: number): string[] {
  return rows.flatMap(({ kind }, place) =>
    kind === 'ours'
      ? `<rect class="band" x="${at(MARGIN / 2)}" y="${at(top + place * ROW + 1)}" width="${at(WIDTH - MARGIN)}" height="${at(ROW - 2)}" rx="5"/>`
      : [],
  )
}

function grid(axis: Axis, top: number, end: number, measures: string): string[] {
  return [
    ...axis.minor.map((value) => lineAt('minor', axis.at(value), top, axis.at(value), end)),
    ...axis.major.flatMap((value) => [
      lineAt('grid', axis.at(value), top, axis.at(value), end + 4),
      textAt(axis.at(value), end + 14, tickText(amountText(value, measures)), {
        size: 'head',
        look: 'soft',
        anchor: 'middle',
      }),
    ]),
  ]
}

/** What all rows of a picture share. */
interface Picture {
  readonly columns: Columns
  readonly axis: Axis
  readonly measures: string
}

function rowOf(row: ContestantFigures, y: number, { columns, axis, measures }: Picture): string[] {
  const isOurs = row.kind === 'ours'
  const look = isOurs ? 'bold ours' : 'ink'
  const { median, min, max } = row.wallNs
  const [left, middle, right] = [axis.at(min), axis.at(median), axis.at(max)]
  const whisker = (x: number): string => lineAt(row.kind, x, y - 4, x, y + 4, ' stroke="currentColor"')
  const ratio = ratioOf(row, columns.head)
  return [
    textAt(columns.names, y, shortened(row.name, WIDEST_NAME, sizeOf('name'), isOurs), {
      size: 'name',
      look,
      anchor: 'end',
    }),
    lineAt('lead', columns.from - 6, y, left, y, ' stroke-dasharray="1 3"'),
    lineAt(`whisker ${row.kind}`, left, y, right, y, ' stroke="currentColor" stroke-width="1.5"'),
    whisker(left),
    whisker(right),
    markAt(row.kind, middle, y, row.fair === false),
    textAt(columns.times, y, amountText(median, measures), { size: 'name', look, anchor: 'end' }),
    ...(ratio === ''
      ? []
      : [textAt(columns.ratios, y, ratio, { size: 'name', look: isOurs ? look : 'soft', anchor: 'end' })]),
  ]
}
