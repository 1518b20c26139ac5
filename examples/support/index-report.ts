/** What `index-files.ts` tells of an index, line by line. */
import { extname } from 'node:path'

/** A file that was read. */
export interface Entry {
  /** From the folder on. */
  readonly path: string
  readonly size: number
  readonly hash: string
}

/** Files that have something in common. */
interface Group {
  readonly key: string
  readonly entries: readonly Entry[]
  readonly size: number
}

/** What is there by kind, what is biggest, and what is there several times: of each list the first `top`. */
export function* linesOf(entries: readonly Entry[], top: number): Iterable<string> {
  yield 'by kind:'
  for (const { key, entries: files, size } of groups(entries, ({ path }) => extname(path)).slice(0, top))
    yield `  ${(key === '' ? 'none' : key).padEnd(6)} ${String(files.length).padStart(7)} ${sizeOf(size).padStart(9)}`

  yield 'the biggest:'
  const sorted = entries.toSorted((a, b) => b.size - a.size || order(a.path, b.path))
  for (const { path, size } of sorted.slice(0, top)) yield `  ${sizeOf(size).padStart(9)} ${path}`

  const notEmpty = entries.filter(({ size }) => size > 0)
  const copies = groups(notEmpty, ({ hash }) => hash).filter((group) => group.entries.length > 1)
  const saved = copies.reduce((sum, { size, entries: { length } }) => sum + size - size / length, 0)
  yield `there several times, ${sizeOf(saved)} too much:`
  for (const { entries: files } of copies.slice(0, top)) {
    const paths = files.map(({ path }) => path).sort(order)
    yield `  ${sizeOf(files[0]?.size ?? 0).padStart(9)} ${paths.join(' = ')}`
  }
}

/** `12.3 kB`. */
export function sizeOf(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 4)
  const value = bytes / 1000 ** power
  return `${power === 0 ? String(value) : value.toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][power] ?? ''}`
}

/** The largest group first. */
function groups(entries: readonly Entry[], keyOf: (entry: Entry) => string): Group[] {
  const lists = new Map<string, Entry[]>()
  for (const entry of entries) {
    const list = lists.get(keyOf(entry))
    if (list === undefined) lists.set(keyOf(entry), [entry])
    else list.push(entry)
  }
  const all = Array.from(lists, ([key, list]) => ({ key, entries: list, size: totalOf(list) }))
  return all.sort((a, b) => b.size - a.size || order(a.key, b.key))
}

/** How much it is together. */
export function totalOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0)
}

/** The same on every machine, whatever its language. */
function order(a: string, b: string): number {
  return a < b ? -1 : 1
}
