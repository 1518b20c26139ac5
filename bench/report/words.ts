/**
 * Figures and names as text: with the unit that suits them, as wide as they will be, on so many lines.
 *
 * Stands on nothing.
 */

/** What a work measures, with its unit. */
export function amountText(value: number, measures: string): string {
  if (measures === 'ns') return timeText(value)
  return measures === 'bytes' ? bytesText(value) : `${three(value)} ${measures}`
}

/** A time: `13.2 ns`, `1.35 µs`, `62 ms`. */
export function timeText(ns: number): string {
  return scaled(ns, 1000, ['ns', 'µs', 'ms', 's'])
}

/** Bytes, by thousands: `224 B`, `14.5 kB`. */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB'])
}

/** A ratio: `0.31`, `2.24`, `78.1`, `1,818`. */
export function ratioText(value: number): string {
  if (Math.abs(value) < 10) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : grouped(value.toFixed(0))
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let [rest, place] = [value, 0]
  // Before rounding it could still become a thousand: 999.6 ns is 1.00 µs.
  while (Math.abs(rest) >= 999.5 && place < units.length - 1) [rest, place] = [rest / step, place + 1]
  return `${three(rest)} ${units[place] ?? ''}`
}

/** Three figures that count, or two of what is below one. */
function three(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 99.95) return grouped(value.toFixed(0))
  if (size >= 9.995) return value.toFixed(1)
  return value.toFixed(2)
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/gu, ',')
}

/** Widths, in parts of the size, of the widest of the fonts that a system takes when it is asked for its own. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijl|'’!.,:;]/u, 0.35],
  [/[ ft()[\]r-]/u, 0.42],
  [/[csvxyzk]/u, 0.6],
  [/[mwMW%@…]/u, 1],
  [/[A-Z]/u, 0.77],
  [/[^a-z0-9]/u, 0.84],
]

/** How wide a text becomes at most. */
export function widthOf(text: string, size: number, bold = false): number {
  let width = 0
  for (const char of text) width += WIDTHS.find(([chars]) => chars.test(char))?.[1] ?? 0.64
  return width * size * (bold ? 1.1 : 1)
}

/** The text on lines that are no wider. A word that is wider stands alone. */
export function wrapped(text: string, width: number, size: number, bold = false): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer, size, bold) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** The text, or its beginning with an ellipsis. */
export function shortened(text: string, width: number, size: number, bold = false): string {
  if (widthOf(text, size, bold) <= width) return text
  let rest = text
  while (rest !== '' && widthOf(`${rest}…`, size, bold) > width) rest = rest.slice(0, -1).trimEnd()
  return `${rest}…`
}

/** For the text and the attributes of an SVG. */
export function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/gu, (char) => entities[char] ?? char)
}
