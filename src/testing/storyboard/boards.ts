/**
 * Two lists beside each other, as a person compares them: what was wanted, and what came.
 *
 * Stands on nothing.
 */

/** Rows that are shown before the first difference, and from it on. */
const BEFORE = 3
const AFTER = 12
/** The longest entry that is shown whole. */
const WIDEST = 50
/** Stands for an entry that the other list has. */
const NOTHING = '-'

/** Where two lists differ for the first time; -1: nowhere. */
export function firstDifference(wanted: readonly string[], got: readonly string[]): number {
  const length = Math.max(wanted.length, got.length)
  for (let index = 0; index < length; index++) if (wanted[index] !== got[index]) return index
  return -1
}

/**
 * The lists in two columns, around the first difference; rows that differ begin with `>`.
 *
 * ```
 *      wanted    got
 *   0  a sleeps  a sleeps
 * > 1  b wakes   c wakes
 * ```
 */
export function sideBySide(wanted: readonly string[], got: readonly string[]): string {
  const length = Math.max(wanted.length, got.length)
  const first = Math.max(0, firstDifference(wanted, got))
  const from = Math.max(0, first - BEFORE)
  const to = Math.min(length, first + AFTER)
  const rows = [['', '', 'wanted', 'got']]
  for (let index = from; index < to; index++) {
    rows.push([wanted[index] === got[index] ? '' : '>', String(index), shown(wanted[index]), shown(got[index])])
  }
  const widths = [0, 1, 2].map((column) => Math.max(1, ...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(([mark = '', index = '', left = '', right = '']) =>
    `${mark.padEnd(widths[0] ?? 0)} ${index.padStart(widths[1] ?? 0)}  ${left.padEnd(widths[2] ?? 0)}  ${right}`.trimEnd(),
  )
  if (from > 0) lines.splice(1, 0, `  ... ${String(from)} alike`)
  if (to < length) lines.push(`  ... ${String(length - to)} more`)
  return lines.join('\n')
}

function shown(entry: string | undefined): string {
  if (entry === undefined) return NOTHING
  const line = entry.includes('\n') || entry === '' || entry === NOTHING ? JSON.stringify(entry) : entry
  return line.length <= WIDEST ? line : `${line.slice(0, WIDEST - 1)}…`
}
