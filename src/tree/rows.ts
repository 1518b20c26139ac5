/**
 * Which greenlets of a tree are shown: as many as a person reads, however many there are.
 *
 * - Of siblings that are alike, with all that is below them, a few have rows of their own; more share one. Alike is who is in the same
 *   state, wait and place, and has the same name but for the digits.
 * - Of the rest so many rows are taken as are wanted, those nearest to the root first, so that one who has made thousands does not hide
 *   what others have made; and of one list of siblings not more than a quarter.
 * - What is left out is counted where it would stand.
 *
 * Everything is done level by level, in loops. Stands on the tree and what each is doing.
 */
import type { Hub } from '../hub/hub.ts'
import type { Location } from '../locations.ts'
import type { Branch } from './forest.ts'
import { birthplaceOf, type Doing, doingOf } from './state.ts'
import { nameOf } from './values.ts'

/** Of so many siblings that are alike each has a row; more share one. As in LoopExit. */
const ROWS_ALIKE = 4
/** Of so many siblings each may have a row, however few rows are wanted. */
const SIBLINGS_AT_LEAST = 4

/** How much is shown. */
export interface Limits {
  /** Greenlets that have a row. */
  readonly rows: number
  /** Levels below the root. */
  readonly depth: number
}

/** A row, and those below it. */
export interface Row {
  readonly branch: Branch
  readonly name: string
  readonly doing: Doing
  readonly birthplace: Location | null
  /** How many siblings it stands for beside itself: they are alike, and so is what is below them. */
  readonly more: number
  /** Since when it is in its wait; of several, the one that has waited longest. */
  readonly since: number | null
  readonly below: Row[]
  /** How many greenlets below it are not shown. */
  hidden: number
}

/** What is known of a branch before any is chosen. */
interface Seen {
  readonly branch: Branch
  readonly name: string
  readonly doing: Doing
  readonly birthplace: Location | null
  readonly below: Seen[]
  /** The same number for all that are alike. */
  kind: number
  /** How many there are, with all that are below. */
  size: number
}

/** Chooses the rows of a tree. */
export function rowsOf(root: Branch, hub: Hub, { rows, depth }: Limits): Row {
  const all = look(root, hub)
  const most = all.size <= rows ? rows : Math.max(SIBLINGS_AT_LEAST, Math.ceil(rows / 4))
  const top = rowOf([all])
  let left = rows - 1
  let level: (readonly [row: Row, seen: Seen])[] = [[top, all]]
  for (let above = 0; level.length > 0; above++) {
    const next: typeof level = []
    for (const [row, { below }] of level) {
      const groups = above < depth ? grouped(below).slice(0, Math.min(most, left)) : []
      left -= groups.length
      row.hidden = sizeOf(below)
      for (const group of groups) {
        const child = rowOf(group)
        row.below.push(child)
        row.hidden -= sizeOf(group)
        next.push([child, group[0]])
      }
    }
    level = next
  }
  return top
}

/** Looks at everybody once, and tells who are alike. */
function look(root: Branch, hub: Hub): Seen {
  const first = see(root, hub)
  const list = [first]
  // The list grows while it is gone through.
  for (const { branch, below } of list) {
    for (const child of branch.below) {
      const seen = see(child, hub)
      below.push(seen)
      list.push(seen)
    }
  }
  const kinds = new Map<string, number>()
  for (const seen of list.reverse()) {
    const text = kindOf(seen)
    let kind = kinds.get(text)
    if (kind === undefined) {
      kind = kinds.size
      kinds.set(text, kind)
    }
    seen.kind = kind
    seen.size = 1 + sizeOf(seen.below)
  }
  return first
}

/** The same text for all that are alike. No line of it has an end of line in it. */
function kindOf({ doing, birthplace, name, below }: Seen): string {
  const { state, wait, because, waitsFor, place, outcome } = doing
  const what = `${state}\n${wait ?? ''}\n${because ?? ''}\n${outcome ?? ''}\n${waitsFor.join()}`
  const where = place === null && birthplace === null ? '' : `${placeKey(place)}\n${placeKey(birthplace)}`
  return `${name.replace(/\d+/gu, '#')}\n${what}\n${where}\n${below.length === 0 ? '' : below.map(({ kind }) => kind).join()}`
}

function placeKey(place: Location | null): string {
  return place === null ? '' : `${place.file}:${String(place.line)}`
}

function see(branch: Branch, hub: Hub): Seen {
  const { greenlet } = branch
  return {
    branch,
    name: nameOf(greenlet),
    doing: doingOf(greenlet, hub),
    birthplace: birthplaceOf(greenlet),
    below: branch.below.length === 0 ? NONE : [],
    kind: 0,
    size: 1,
  }
}

/** Of those on whom nobody hangs; most are. */
const NONE: Seen[] = []

function sizeOf(list: readonly Seen[]): number {
  return list.reduce((sum, { size }) => sum + size, 0)
}

/** One or several that share a row. */
type Alike = readonly [first: Seen, ...others: Seen[]]

/** Siblings, by rows, in the order of the first of each. */
function grouped(list: readonly Seen[]): Alike[] {
  const groups = new Map<number, [Seen, ...Seen[]]>()
  for (const seen of list) {
    const group = groups.get(seen.kind)
    if (group === undefined) groups.set(seen.kind, [seen])
    else group.push(seen)
  }
  const rows: Alike[] = []
  for (const seen of list) {
    const group = groups.get(seen.kind)
    if (group === undefined || group.length <= ROWS_ALIKE) rows.push([seen])
    else if (group[0] === seen) rows.push(group)
  }
  return rows
}

function rowOf(alike: Alike): Row {
  const [{ branch, name, doing, birthplace }] = alike
  const since = alike.reduce<number | null>((first, { doing: { since: one } }) => {
    return one !== null && (first === null || one < first) ? one : first
  }, null)
  return { branch, name, doing, birthplace, more: alike.length - 1, since, below: [], hidden: 0 }
}
