/**
 * A schedule as a picture: a column for each greenlet, a row for each step, time downwards.
 *
 * ```
 *       main          deposit-1                  deposit-2
 *   0   joinall(...)                                                        bank.test.ts:20
 *   1                 reads account.balance
 *                     sleep(0)                                              bank.test.ts:12
 *   2                 switched away ⟶            reads account.balance
 *                                                sleep(0)                   bank.test.ts:12
 * ```
 *
 * A row says what the step did, and in which call it ends. `switched away` stands where somebody could have gone on and another one was taken:
 * of a shrunk schedule these are what the failure needs. Not each step has a row, so numbers may be left out. With more columns than fit
 * the picture becomes a list with a name on each row.
 *
 * Stands on the rows. Plain text: what is coloured is up to who prints it.
 */
import { type Row, type RowOptions, rowsOf } from './rows.ts'
import type { Reading } from './steps.ts'
import { beside, cut, narrowed, placeOf, shortPlace, wrapped } from './text.ts'

/** How a schedule is drawn. */
export interface PictureOptions extends RowOptions {
  /** The most characters in a line. @defaultValue 100 */
  columns?: number
}

/** More columns than this are a list. */
const MOST_LANES = 5
/** A column that is narrower than this is hard to read. */
const NARROWEST = 14
/** For a column of this width a place may lose its folders. */
const COMFORTABLE = 24
/** Spaces before each line, and between the columns. */
const GAP = 2
const AWAY = 'switched away'

/** Draws a schedule, without an end of line at the end. */
export function picture(readings: readonly Reading[], options: PictureOptions = {}): string {
  const { columns = 100 } = options
  const { names, rows } = rowsOf(readings, options)
  const lines = (names.length <= MOST_LANES ? inLanes(rows, names, columns) : null) ?? inList(rows, names, columns)
  return lines.map((line) => `${' '.repeat(GAP)}${line}`.trimEnd()).join('\n')
}

/** The lines of a picture in columns; null: it does not fit. */
function inLanes(rows: readonly Row[], names: readonly string[], columns: number): string[] | null {
  const numbers = widest(rows.map(({ number }) => number))
  const natural = names.map((name, lane) => used(rows, lane, Infinity, name))
  const comfortable = Math.max(NARROWEST, ...natural.map((one) => Math.min(one, COMFORTABLE)))
  for (const [written, least] of [[placeOf, comfortable] as const, [shortPlace, NARROWEST] as const]) {
    const places = placesOf(rows, written)
    const place = widest(places)
    const widths = narrowed(
      natural,
      columns - numbers - GAP * (names.length + 1) - (place === 0 ? 0 : GAP + place),
      least,
    )
    if (widths === null) continue
    const all = [numbers, ...widths.map((width, lane) => used(rows, lane, width, names[lane] ?? ''))]
    return [
      beside(['', ...names.map((name, lane) => cut(name, all[lane + 1] ?? 0))], all),
      ...rows.flatMap((row, index) => laneLines(row, all, places[index] ?? '')),
    ]
  }
  return null
}

/** How much of `width` a column needs when its lines are broken at it. */
function used(rows: readonly Row[], lane: number, width: number, name: string): number {
  const lines = rows.flatMap((row) => (row.lane === lane || row.alsoIn.includes(lane) ? row.lines : []))
  const away = rows.some(({ passedOver }) => passedOver === lane) ? AWAY.length + 2 : 0
  return Math.min(width, Math.max(name.length, away, widest(lines.flatMap((line) => wrapped(line, width)))))
}

/** The lines of a row. `widths`: of the number and of each column. */
function laneLines(row: Row, widths: readonly number[], place: string): string[] {
  if (row.between !== '') return [rule(row.between, widths)]
  const lines = row.lines.flatMap((line) => wrapped(line, widths[row.lane + 1] ?? 0))
  return (lines.length === 0 ? [''] : lines).map((line, index, { length }) => {
    const cells = widths.map(() => '')
    for (const lane of [row.lane, ...row.alsoIn]) cells[lane + 1] = line
    if (index === 0) {
      cells[0] = row.number.padStart(widths[0] ?? 0)
      if (row.passedOver >= 0) cells[row.passedOver + 1] = row.passedOver < row.lane ? `${AWAY} ⟶` : `⟵ ${AWAY}`
    }
    return index === length - 1 ? beside([...cells, place], widths) : beside(cells, widths)
  })
}

/** A thin line over all columns, with a text in it. */
function rule(text: string, widths: readonly number[]): string {
  const [number = 0, ...lanes] = widths
  const width = lanes.reduce((sum, one) => sum + one + GAP, -GAP)
  return `${' '.repeat(number + GAP)}${`── ${text} ──`.padEnd(width, '─')}`
}

/** The lines of a list, with the name on each row. */
function inList(rows: readonly Row[], names: readonly string[], columns: number): string[] {
  const numbers = widest(rows.map(({ number }) => number))
  const name = Math.min(widest(names), COMFORTABLE)
  const texts = rows.map((row) => {
    const away = row.passedOver < 0 ? [] : [`instead of ${names[row.passedOver] ?? ''}, which could go on:`]
    return [...away, row.lines.join('; ')]
  })
  const natural = widest(texts.flat())
  const room = (places: readonly string[]): number =>
    columns - numbers - name - GAP * 3 - (widest(places) === 0 ? 0 : GAP + widest(places))
  let places = placesOf(rows, placeOf)
  if (room(places) < Math.min(natural, 2 * COMFORTABLE)) places = placesOf(rows, shortPlace)
  const width = Math.min(natural, Math.max(room(places), NARROWEST))
  const widths = [numbers, name, width]
  return rows.flatMap((row, index) => {
    if (row.between !== '') return [rule(row.between, widths)]
    const who = [row.lane, ...row.alsoIn].map((lane) => cut(names[lane] ?? '', name))
    const lines = (texts[index] ?? []).flatMap((text) => wrapped(text, width))
    return who.flatMap((one) =>
      lines.map((line, at, { length }) => {
        const head = at === 0 ? [row.number.padStart(numbers), one] : ['', '']
        return beside([...head, line, at === length - 1 ? (places[index] ?? '') : ''], widths)
      }),
    )
  })
}

function placesOf(rows: readonly Row[], written: (file: string, line: number) => string): string[] {
  return rows.map(({ place }) => (place === null ? '' : written(place.file, place.line)))
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length))
}
