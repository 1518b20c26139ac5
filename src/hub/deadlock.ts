/**
 * LoopExit's text and lists: who waits in what, where and for whom, when nothing is left that could wake anybody.
 *
 * Everybody who waits is a node, and points at those who could end its wait (`waitsFor`). Who wait for each other make a circle, and come
 * first: that is the mistake. A circle is found by going along the pointers, depth first: one that leads back to the way that was come
 * closes it. Nobody stands in two circles of the report, and long lists are cut, since a hundred thousand may wait.
 *
 * The hub knows its living greenlets and the waits of main. A raw greenlet is in no list; it is found when one of these waits for it, or
 * main has switched to it, and is not reported else.
 *
 * Stands on the kernel's types. When it is raised is decided in `hub.ts`; what is said of a wait is the wait's to say. What is seen of the
 * greenlets by who has spawned them is drawn above, in `src/tree`, which puts its function into {@link drawnAbove} when it is loaded; that is
 * so wherever the main door is used.
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Blocked, LoopExit } from '../errors/classes.ts'
import { nameOf, textOf } from '../errors/given.ts'
import { type Coroutine, kernel, type MainCall, RETURNED, UNSTARTED } from '../greenlet/kernel.ts'
import { awaitedMainCalls } from '../greenlet/switch.ts'

/** A hub in which nothing moves any more. */
export interface DeadHub {
  /** The greenlets that stand for main in their waits. */
  readonly mainWaits: ReadonlySet<Coroutine>
  /** All that live, oldest first. */
  living(): readonly Coroutine[]
  readonly timers: { readonly count: number }
  readonly outstanding: number
  interrupt(greenlet: Coroutine, error: Error): void
}

/** The same, taken down. */
interface Deadlock {
  /** The greenlets that stand for main, and its calls of `switch`, in their waits. */
  mains: readonly Coroutine[]
  calls: readonly MainCall[]
  living: readonly Coroutine[]
  timers: number
  outstanding: number
}

/** The greenlets of a dead hub, as pictures. */
export interface DeadHubDrawn {
  /** All there is to say of them. */
  readonly runInfo: string
  /** The tree by spawner, where there is one: where somebody else than main has spawned anybody; else empty. */
  readonly tree: string
}

/** Who draws a dead hub; null: nobody, as `src/tree` has not been loaded. */
export const drawnAbove: { draw: ((hub: DeadHub) => DeadHubDrawn) | null } = { draw: null }

/** Raises LoopExit in every wait of main. Answers whether there was any. */
export function raiseLoopExit(hub: DeadHub): boolean {
  const calls = awaitedMainCalls()
  const mains = [...hub.mainWaits]
  if (mains.length === 0 && calls.length === 0) return false
  const { text, ...lists } = deadlockReport({
    mains,
    calls,
    living: hub.living(),
    timers: hub.timers.count,
    outstanding: hub.outstanding,
  })
  const { runInfo, tree } = drawnAbove.draw?.(hub) ?? { runInfo: '', tree: '' }
  // It is long, and says little without places.
  const seen =
    kernel.debug === null || tree === '' ? text : `${text}\n\nThe greenlets, by who has spawned them:\n\n${tree}`
  for (const main of mains) hub.interrupt(main, new LoopExit(seen, { ...lists, runInfo }))
  for (const call of calls) {
    kernel.mainCalls.splice(kernel.mainCalls.indexOf(call), 1)
    call.settle(true, new LoopExit(seen, { ...lists, runInfo }))
  }
  return true
}

/** Who of `living` waits in what, and for whom, for others than main: `text` has the circles first. */
export function whoWaits(living: readonly Coroutine[]): DeadlockReport {
  const nodes = graphOf({ mains: [], calls: [], living, timers: 0, outstanding: 0 })
  const circles = cyclesIn(nodes)
  const cycles = circles.map((circle) => circle.map(({ blocked }) => blocked))
  const rest = nodes.filter(({ inCycle }) => !inCycle).map(({ blocked }) => blocked)
  const tables = [...cycles.map((cycle) => rowsOf(cycle, false)), ...(rest.length === 0 ? [] : [rowsOf(rest, true)])]
  return { text: inColumns(tables).join('\n\n'), waiting: nodes.map(({ blocked }) => blocked), cycles }
}

/** What LoopExit says. */
export interface DeadlockReport {
  text: string
  waiting: readonly Blocked[]
  cycles: readonly (readonly Blocked[])[]
}

/** Circles that are reported. */
const MOST_CYCLES = 10
/** Ways back that are looked at for circles: in a tangle of many each look may cost as much as the way is long. */
const MOST_LOOKS = 200
/** Rows of a list, and names for which one waits. */
const MOST_ROWS = 50
/** Of so many who wait alike each has a row; more share one. */
const ROWS_ALIKE = 4

/** One who waits, and its place in the search. */
class Node {
  readonly blocked: Blocked
  readonly targets: readonly Coroutine[]
  next: readonly Node[] = []
  /** How many of `next` the search has followed. */
  followed = 0
  /** Where it stands in the list of all. */
  readonly number: number
  /** Where it stands on the way of the search; -1: not on it. */
  place = -1
  inCycle = false

  constructor(number: number, blocked: Blocked, targets: readonly Coroutine[]) {
    this.number = number
    this.blocked = blocked
    this.targets = targets
  }
}

/** Says who waits in what, and for whom. */
function deadlockReport(deadlock: Deadlock): DeadlockReport {
  const { mains, calls, timers, outstanding } = deadlock
  const nodes = graphOf(deadlock)
  const circles = cyclesIn(nodes)
  const waits = nodes.slice(0, mains.length + calls.length).map(({ blocked }) => blocked.wait)
  const rest = nodes.filter(({ inCycle }) => !inCycle).map(({ blocked }) => blocked)
  const cycles = circles.map((circle) => circle.map(({ blocked }) => blocked))
  const head =
    `main waits in ${listed([...new Set(waits)], ' and in ')}, and nothing is left that could wake it\n` +
    `(0 ready, ${String(timers)} timers, ${String(outstanding)} promises or sockets that were asked).`
  const tables = [...cycles.map((cycle) => rowsOf(cycle, false)), rowsOf(rest, true)]
  const texts = inColumns(tables)
  const others = texts.pop() ?? ''
  const text =
    cycles.length === 0
      ? `${head} Either those below wait for each other,\nor what should wake them was closed or unref'd.\n\n${others}`
      : `${head} These wait for each other in ${cycles.length === 1 ? 'a circle' : `${String(cycles.length)} circles`}:\n\n` +
        `${texts.join('\n\n')}${others === '' ? '' : `\n\nThese wait, too:\n\n${others}`}`
  return { text, waiting: nodes.map(({ blocked }) => blocked), cycles }
}

/** Everybody who waits: main, the living, and those that they wait for. */
function graphOf({ mains, calls, living }: Deadlock): Node[] {
  const nodes: Node[] = []
  const known = new Map<Coroutine, Node>()
  const enter = (coroutine: Coroutine): Node => {
    const before = known.get(coroutine)
    if (before !== undefined) return before
    const targets = coroutine.$wait?.waitsFor?.() ?? []
    const node = new Node(nodes.length, blockedOf(coroutine, targets), targets)
    known.set(coroutine, node)
    nodes.push(node)
    return node
  }
  mains.forEach(enter)
  for (const call of calls) {
    const blocked = { name: 'main', wait: String(call), waitsFor: [nameOf(call.target)] }
    nodes.push(new Node(nodes.length, blocked, [call.target]))
  }
  living.forEach(enter)
  // The list grows while it is gone through.
  for (const node of nodes) {
    node.next = node.targets.filter((target) => target.$status < RETURNED && target !== kernel.main).map(enter)
  }
  return nodes
}

function blockedOf(coroutine: Coroutine, targets: readonly Coroutine[]): Blocked {
  const { $wait: wait } = coroutine
  const because = wait?.because?.() ?? ''
  const frame = kernel.debug?.frameOf(coroutine)
  return {
    name: nameOf(coroutine),
    wait:
      wait === null ? (coroutine.$status === UNSTARTED ? 'not started' : 'a switch() to somebody else') : textOf(wait),
    waitsFor: targets.slice(0, MOST_ROWS).map(nameOf),
    ...(because === '' ? {} : { because }),
    ...(frame == null ? {} : { file: frame.file, line: frame.line }),
  }
}

/** The circles in which they wait for each other, each beginning with the one that comes first in the list. */
function cyclesIn(nodes: readonly Node[]): Node[][] {
  const cycles: Node[][] = []
  let looks = 0
  for (const root of nodes) {
    if (root.followed > 0) continue
    const way = [root]
    root.place = 0
    for (let node = way.at(-1); node !== undefined; node = way.at(-1)) {
      const next = node.next[node.followed++]
      if (next === undefined) {
        node.place = -1
        way.pop()
      } else if (next.followed === 0 && next.place < 0) {
        next.place = way.push(next) - 1
      } else if (next.place >= 0 && !next.inCycle && !node.inCycle && looks++ < MOST_LOOKS) {
        const cycle = way.slice(next.place)
        if (cycle.some(({ inCycle }) => inCycle)) continue
        for (const one of cycle) one.inCycle = true
        if (cycles.push(fromFirst(cycle)) === MOST_CYCLES) return cycles
      }
    }
  }
  return cycles
}

/** The circle, begun with the one of it that stands first in the list of all. */
function fromFirst(cycle: readonly Node[]): Node[] {
  const first = cycle.reduce((place, { number }, here) => (number < (cycle[place]?.number ?? 0) ? here : place), 0)
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

/** A row of the report: who, in what, where, why. */
type Row = readonly [name: string, wait: string, place: string, why: string]

/** The rows of a list. Of those who wait alike, `grouped` puts many into one row. */
function rowsOf(list: readonly Blocked[], grouped: boolean): Row[] {
  const groups = new Map<string, { row: Row; names: string[] }>()
  const order: { row: Row; names: string[] }[] = []
  for (const blocked of list) {
    const row = [blocked.name, blocked.wait, placeOf(blocked), whyOf(blocked)] as const
    const alike = row.slice(1).join('\n')
    let group = groups.get(alike)
    if (group === undefined) {
      group = { row, names: [] }
      groups.set(alike, group)
    }
    group.names.push(blocked.name)
    order.push({ row, names: group.names })
  }
  const rows: Row[] = []
  const shared = new Set<string[]>()
  for (const { row, names } of order) {
    if (!grouped || names.length <= ROWS_ALIKE) rows.push(row)
    else if (!shared.has(names)) rows.push([`${row[0]} and ${String(names.length - 1)} more`, row[1], row[2], row[3]])
    shared.add(names)
  }
  if (rows.length <= MOST_ROWS) return rows
  return [...rows.slice(0, MOST_ROWS), [`... and ${String(rows.length - MOST_ROWS)} more`, '', '', '']]
}

function placeOf({ file, line }: Blocked): string {
  return file === undefined || line === undefined ? '' : placeText(file, line)
}

/** A place as it stands in a report, short if it lies below the current folder: `at src/app.ts:12`. */
export function placeText(file: string, line: number): string {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  const near = relative(process.cwd(), path)
  return `at ${near.startsWith('..') ? path : near}:${String(line)}`
}

/** What is not said yet of why the wait does not end. */
export function whyOf({ wait, waitsFor, because = '' }: Pick<Blocked, 'wait' | 'waitsFor' | 'because'>): string {
  const words = because.split(/[\s,"]+/u)
  if (waitsFor.length === 0 || waitsFor.some((name) => wait.includes(`"${name}"`) || words.includes(name)))
    return because
  return `${because === '' ? '' : `${because}, `}for ${listed(waitsFor, ', ')}`
}

/** The first three of a list, and how many more. */
export function listed(texts: readonly string[], between: string): string {
  if (texts.length <= 3) return texts.join(between)
  return `${texts.slice(0, 3).join(between)}${between}${String(texts.length - 3)} more`
}

/** The tables as text, all with the same columns. */
function inColumns(tables: readonly (readonly Row[])[]): string[] {
  const rows = tables.flat()
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return tables.map((table) =>
    table
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .filter((cell) => cell !== '') // a column that nobody has
          .join('  '),
      )
      .map((line) => `  ${line.trimEnd()}`)
      .join('\n'),
  )
}
