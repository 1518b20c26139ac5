/**
 * The rows of the tree that a page is sent: what is open, what the filter finds, and never more than there is room for.
 *
 * Many that have the same spawner and the same body share one row, which can be opened. Room is given level by level, so that one large
 * family does not hide its neighbours; those for whom there is none are counted in a row of their own.
 *
 * Stands on a snapshot. Leaves drawing to the page.
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernel } from '../../greenlet/kernel.ts'
import { birthplaceOf } from '../../tree/state.ts'
import { nameOf } from '../../tree/values.ts'
import { ownerOf } from '../../waiting/agent.ts'
import type { Place } from '../record/recording.ts'
import type { Numbers } from './numbers.ts'
import { callOf, type Node, type Snapshot } from './snapshot.ts'
import type { Chosen, Row, RowState } from './state.ts'
import { shownOf, type View } from './view.ts'

/** So many siblings of one body stand in rows of their own; more are a group. */
const GROUP_ABOVE = 24
/** For how many one is said to wait. */
const TARGETS = 5

/** Siblings that share a row. */
interface Group {
  readonly id: number
  readonly stem: string
  readonly members: readonly Node[]
}

/** One that has a row, and those below it that have. */
interface Branch {
  readonly entry: Node | Group
  readonly children: Branch[]
  /** Of `children` those for whom there is no room. */
  rest: readonly Node[]
  hasChildren: boolean
  isOpen: boolean
}

/** The rows, and what is not in them. */
export interface TreeRows {
  readonly rows: readonly Row[]
  readonly chosen: Chosen | null
  readonly found: number | null
  readonly leftOut: number
}

/** Chooses the rows for `view`. */
export function rowsOf(snapshot: Snapshot, view: View, numbers: Numbers): TreeRows {
  const search = view.filter === '' ? null : find(snapshot, view.filter)
  const root = choose(snapshot.root, view, search, numbers)
  const rows = written(root, search, numbers)
  const shown = rows.filter(({ kind }) => kind === 'greenlet' || kind === 'finished').length
  const all = search === null ? snapshot.nodes.length : search.shown.size
  const chosen = view.chosen === null ? null : chosenRow(snapshot, view.chosen, rows, numbers)
  return { rows, chosen, found: search === null ? null : search.found.size, leftOut: all - shown }
}

/** What the filter finds, and that with everybody above it. */
interface Search {
  readonly found: ReadonlySet<Node>
  readonly shown: ReadonlySet<Node>
}

function find({ root, nodes }: Snapshot, filter: string): Search {
  const found = new Set<Node>()
  const shown = new Set<Node>()
  for (const node of nodes) {
    const { name, doing } = node
    const isFound =
      name.toLowerCase().includes(filter) ||
      doing.state === filter ||
      doing.wait?.toLowerCase().includes(filter) === true
    if (!isFound) continue
    found.add(node)
    let way: Node | null = node
    while (way !== null && way !== root && !shown.has(way)) {
      shown.add(way)
      way = way.above
    }
  }
  return { found, shown }
}

/** Gives out the room, level by level. */
function choose(root: Node, view: View, search: Search | null, numbers: Numbers): Branch {
  let room = view.rows
  const top: Branch = { entry: root, children: [], rest: [], hasChildren: false, isOpen: false }
  const queue: Branch[] = [top]
  for (const branch of queue) {
    const { entry } = branch
    const id = idOf(entry)
    const below = entriesBelow(entry, search, numbers)
    branch.hasChildren = below.length > 0
    branch.isOpen =
      branch.hasChildren && (search !== null || (isGroup(entry) ? view.open.has(id) : !view.closed.has(id)))
    if (!branch.isOpen) continue
    const count = Math.min(below.length, shownOf(view, id), Math.max(0, room))
    for (const child of below.slice(0, count)) {
      const next: Branch = { entry: child, children: [], rest: [], hasChildren: false, isOpen: false }
      branch.children.push(next)
      queue.push(next)
    }
    branch.rest = below.slice(count).flatMap((one) => (isGroup(one) ? one.members : one))
    room -= count + (branch.rest.length > 0 ? 1 : 0)
  }
  return top
}

/** What stands under `entry`. While something is searched there are no groups: it is to be seen. */
function entriesBelow(entry: Node | Group, search: Search | null, numbers: Numbers): readonly (Node | Group)[] {
  if (isGroup(entry)) return entry.members
  const { children, greenlet } = entry
  if (search !== null) return children.filter((child) => search.shown.has(child))
  if (children.length <= GROUP_ABOVE) return children
  const alike = new Map<string, Node[]>()
  for (const child of children) {
    const stem = stemOf(child.name)
    const known = alike.get(stem)
    if (known === undefined) alike.set(stem, [child])
    else known.push(child)
  }
  const entries: (Node | Group)[] = []
  for (const child of children) {
    const stem = stemOf(child.name)
    const members = alike.get(stem) ?? []
    if (members.length <= GROUP_ABOVE) entries.push(child)
    else if (members[0] === child) entries.push({ id: numbers.ofGroup(greenlet, stem), stem, members })
  }
  return entries
}

/** The name without its number: `worker` of `worker-12`. */
function stemOf(name: string): string {
  return name.replace(/[-\s#:_]*\d+$/u, '')
}

function isGroup(entry: Node | Group): entry is Group {
  return 'members' in entry
}

function idOf(entry: Node | Group): number {
  return entry.id
}

/** A branch whose rows are to be written, and where they stand. */
interface Due {
  readonly branch: Branch
  readonly depth: number
  readonly position: number
  readonly setSize: number
  /** Written already, but for the row of those that are left out below it. */
  readonly isWritten: boolean
}

/** Writes the rows of all branches below `top`. It may be thousands deep, so what is yet to be written is a list and not calls. */
function written(top: Branch, search: Search | null, numbers: Numbers): Row[] {
  const rows: Row[] = []
  const due: Due[] = [{ branch: top, depth: 0, position: 1, setSize: 1, isWritten: false }]
  for (let one = due.pop(); one !== undefined; one = due.pop()) {
    const { branch, depth, position, setSize } = one
    const { children, rest } = branch
    const size = children.length + (rest.length > 0 ? 1 : 0)
    if (one.isWritten) {
      rows.push(restRow(branch, depth + 1, size))
      continue
    }
    rows.push(branchRow(branch, { depth, position, setSize }, search, numbers))
    if (rest.length > 0) due.push({ ...one, isWritten: true })
    for (let index = children.length - 1; index >= 0; index--) {
      const child = children[index]
      if (child !== undefined)
        due.push({ branch: child, depth: depth + 1, position: index + 1, setSize: size, isWritten: false })
    }
  }
  return rows
}

function branchRow(
  branch: Branch,
  where: Pick<Row, 'depth' | 'position' | 'setSize'>,
  search: Search | null,
  numbers: Numbers,
): Row {
  const { entry } = branch
  const outline = { id: idOf(entry), ...where, isOpen: branch.hasChildren ? branch.isOpen : null }
  return isGroup(entry)
    ? { ...outline, ...manyRow(entry.members), kind: 'group', name: entry.stem }
    : { ...outline, ...oneRow(entry, search, numbers) }
}

/** The row of those below `branch` that are left out. */
function restRow({ entry, rest }: Branch, depth: number, size: number): Row {
  const outline = { id: idOf(entry), depth, position: size, setSize: size, isOpen: null }
  return { ...manyRow(rest), ...outline, kind: 'rest', name: '' }
}

/** The row of the greenlet with that number, whether it is among `rows` or not. */
function chosenRow({ root, nodes }: Snapshot, id: number, rows: readonly Row[], numbers: Numbers): Chosen | null {
  const shown = rows.find((row) => row.id === id && row.kind !== 'rest')
  const node = id === root.id ? root : nodes.find((one) => one.id === id)
  if (node === undefined) return shown === undefined ? null : { ...shown, spawner: null }
  const row = shown ?? { id, depth: 0, position: 1, setSize: 1, isOpen: null, ...oneRow(node, null, numbers) }
  return { ...row, spawner: node.above === null ? null : { id: node.above.id, name: node.above.name } }
}

/** What a row says beside where it stands. */
type Said = Omit<Row, 'id' | 'depth' | 'position' | 'setSize' | 'isOpen'>

function oneRow(node: Node, search: Search | null, numbers: Numbers): Said {
  const { greenlet, name, doing, sinceMs, isLonger, below, above } = node
  const targets = greenlet.$wait?.waitsFor?.() ?? []
  return {
    kind: above === null ? 'main' : doing.state === 'finished' ? 'finished' : 'greenlet',
    name,
    state: doing.state,
    wait: doing.wait,
    because: doing.because ?? doing.outcome,
    waitsFor: targets.slice(0, TARGETS).map((target) => {
      const owner = ownerOf(target)
      return { id: owner === kernel.main ? 0 : numbers.of(owner), name: nameOf(owner) }
    }),
    sinceMs,
    isLonger,
    place: nearPlace(doing.place),
    spawnedAt: nearPlace(birthplaceOf(greenlet)),
    below,
    states: null,
    isFound: search !== null && search.found.has(node),
  }
}

/** The call that most of them wait in, without its arguments unless it is the same for all; and the longest wait. */
function manyRow(members: readonly Node[]): Omit<Said, 'kind' | 'name'> {
  const states: Partial<Record<RowState, number>> = {}
  const waits = new Set<string | null>()
  const calls = new Map<string, number>()
  let longest: Node | null = null
  for (const node of members) {
    const { state, wait } = node.doing
    states[state] = (states[state] ?? 0) + 1
    waits.add(wait)
    if (wait !== null) calls.set(callOf(wait), (calls.get(callOf(wait)) ?? 0) + 1)
    if (node.sinceMs !== null && node.sinceMs > (longest?.sinceMs ?? -1)) longest = node
  }
  const call = largest([...calls])
  return {
    state: largest(Object.entries(states) as [RowState, number][]) ?? 'finished', // its keys are states
    wait: waits.size === 1 ? (members[0]?.doing.wait ?? null) : call === null ? null : `${call}(…)`,
    because: null,
    waitsFor: [],
    sinceMs: longest?.sinceMs ?? null,
    isLonger: longest?.isLonger ?? false,
    place: null,
    spawnedAt: null,
    below: members.length,
    states,
    isFound: false,
  }
}

function largest<T>(counts: readonly (readonly [T, number])[]): T | null {
  let most: readonly [T, number] | null = null
  for (const one of counts) if (most === null || one[1] > most[1]) most = one
  return most === null ? null : most[0]
}

/** The place as a person looks for it: from the folder in which the program was started. */
function nearPlace(place: Place | null): Place | null {
  if (place === null) return null
  const path = place.file.startsWith('file:') ? fileURLToPath(place.file) : place.file
  const near = relative(process.cwd(), path)
  return { file: near.startsWith('..') ? path : near, line: place.line }
}
