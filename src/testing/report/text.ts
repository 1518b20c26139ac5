/**
 * Plain text in columns: wrapped, cut, padded. And places in files as a person finds them.
 *
 * Stands on Node's paths. Knows nothing of schedules.
 */
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A text cut to `width` characters. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** A text in lines of at most `width` characters, broken at spaces; what goes on is indented by two. */
export function wrapped(text: string, width: number): string[] {
  if (text.length <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width) {
      line = longer
      continue
    }
    if (line.trim() !== '') lines.push(line)
    line = cut(lines.length === 0 ? word : `  ${word}`, width)
  }
  lines.push(line)
  return lines
}

/** How wide each column may be when all are to fit into `width`: the widest are narrowed first, none below `least`. Null: they do not fit. */
export function narrowed(widths: readonly number[], width: number, least: number): number[] | null {
  const sum = (limit: number): number => widths.reduce((total, one) => total + Math.min(one, limit), 0)
  let limit = Math.max(...widths, 0)
  while (sum(limit) > width && limit > least) limit--
  return sum(limit) > width ? null : widths.map((one) => Math.min(one, limit))
}

/** Cells beside each other, two spaces apart. */
export function beside(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}

/** A place in a file, as short as it can be opened by: seen from the working directory. */
export function placeOf(file: string, line: number): string {
  const path = pathOf(file)
  const near = relative(process.cwd(), path)
  return `${near.startsWith('..') ? path : near}:${line}`
}

/** The same without the folders. */
export function shortPlace(file: string, line: number): string {
  return `${basename(pathOf(file))}:${line}`
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file
}

/** A number as a person reads it: `10,000`. */
export function counted(number: number, one: string, many: string = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}
