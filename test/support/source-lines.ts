/**
 * Places in a stack as the text of their lines: so a test says which line is meant, and not which number it has today.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The text of a line, without the space around it. `file` is a path or a URL; of one of Node's own it is the name itself. */
export function sourceLine(file: string, line: number): string {
  if (file.startsWith('node:')) return file
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  return readFileSync(path, 'utf8').split('\n')[line - 1]?.trim() ?? ''
}

/** `text` with the line itself for each place in `file`, which is the end of a path: `at f (/home/x/a.ts:3:5)` is `at f (return 1)`. */
export function showLines(text: string, file: string): string {
  const place = new RegExp(String.raw`(?:file://)?/[^\s()]*${file.replaceAll('.', String.raw`\.`)}:(\d+):\d+`, 'gu')
  return text.replace(place, (found, line: string) => sourceLine(found.replace(/:\d+:\d+$/u, ''), Number(line)))
}
