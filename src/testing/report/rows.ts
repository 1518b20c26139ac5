/**
 * The rows of a picture: what is said of each step, and in whose column.
 *
 * Left out is what tells nothing: the library's own bookkeeping, and of the same step several times in a row all but the first.
 *
 * Stands on the readings. Leaves the layout to `columns.ts`.
 */
import type { Proc } from '../execution/log.ts'
import type { Place } from './frames.ts'
import { type Reading, runsOf } from './steps.ts'
import { counted } from './text.ts'

/** What is drawn of a schedule. */
export interface RowOptions {
  /** The most rows; of more the middle is left out. @defaultValue 60 */
  rows?: number
  /** What is said at the end of the last step. */
  verdict?: string
  /** Those that wait for ever at the end. */
  forEver?: readonly Proc[]
  /** Whether to say where another one was taken than the one that could have gone on. @defaultValue true */
  switches?: boolean
}

/** A row: one step. */
export interface Row {
  /** Of a step: its number. */
  readonly number: string
  /** The column of the step. */
  readonly lane: number
  /** What it did, and how it ends. */
  readonly lines: readonly string[]
  readonly place: Place | null
  /** Who could have gone on; -1: nobody was passed over. */
  readonly passedOver: number
  /** Of a line between two steps: its text. Empty for a step. */
  readonly between: string
  /** Other columns that the same is said of. */
  readonly alsoIn: readonly number[]
}

/** The columns of a picture, and its rows. */
export interface Rows {
  readonly names: readonly string[]
  readonly rows: readonly Row[]
}

/** The column of timers and callbacks. */
const HUB = 'the hub'

/** Gives the rows of a schedule. */
export function rowsOf(readings: readonly Reading[], options: RowOptions): Rows {
  const { forEver = [], rows: most = 60 } = options
  // A LoopExit is how the waiting ends that is said at the end.
  const shown = readings.filter(({ quiet, loopExit }) => !quiet && !(loopExit && forEver.length > 0))
  const lanes = lanesOf(shown)
  const rows = shortened(stepRows(shown, lanes, options), most)
  const [first, ...others] = forEver.map(lanes.laneOf).filter((lane) => lane >= 0)
  if (first === undefined) return { names: lanes.names, rows }
  return { names: lanes.names, rows: [...rows, { ...EMPTY, lane: first, lines: ['waits for ever'], alsoIn: others }] }
}

const EMPTY: Row = { number: '', lane: -1, lines: [], place: null, passedOver: -1, between: '', alsoIn: [] }

interface Lanes {
  readonly names: readonly string[]
  readonly laneOf: (proc: Proc) => number
}

function lanesOf(readings: readonly Reading[]): Lanes {
  const greenlets = new Set<Proc>()
  let others = false
  for (const { proc, passedOver } of readings) {
    for (const one of passedOver === null ? [proc] : [passedOver, proc]) {
      if (one.kind === 'greenlet') greenlets.add(one)
      else others = true
    }
  }
  const procs = [...greenlets].sort((one, other) => one.number - other.number)
  const names = procs.map((proc) =>
    procs.some((other) => other !== proc && other.name === proc.name) ? `${proc.name} (${proc.key})` : proc.name,
  )
  if (others) names.push(HUB)
  return { names, laneOf: (proc) => (proc.kind === 'greenlet' ? procs.indexOf(proc) : procs.length) }
}

function stepRows(readings: readonly Reading[], { laneOf }: Lanes, options: RowOptions): Row[] {
  const { verdict = '', switches = true } = options
  const rows: Row[] = []
  const runs = runsOf(readings)
  const alone = aloneUntil(readings)
  let atMs = runs[0]?.first.atMs ?? 0
  for (const [index, { first, times }] of runs.entries()) {
    if (first.atMs !== atMs) rows.push({ ...EMPTY, between: later(first.atMs - atMs, first.atMs) })
    atMs = first.atMs
    const lines = linesOf(first, first.step < alone)
    if (times > 1) lines.push(`${lines.pop() ?? ''} (${times} times)`)
    if (index === runs.length - 1 && verdict !== '') lines.push(verdict)
    const passedOver = first.passedOver === null || !switches ? -1 : laneOf(first.passedOver)
    rows.push({ ...EMPTY, number: String(first.step), lane: laneOf(first.proc), lines, place: first.place, passedOver })
  }
  return rows
}

function later(ms: number, atMs: number): string {
  const total = ms === atMs ? '' : `, at ${atMs.toLocaleString('en')} ms`
  return `${ms.toLocaleString('en')} ms later${total}`
}

/** The step before which only one has run: what it touches by then is no matter of order, but the making of what all use. */
function aloneUntil(readings: readonly Reading[]): number {
  const [first] = readings
  return first?.step === 0 ? (readings.find(({ proc }) => proc !== first.proc)?.step ?? 0) : 0
}

/** What a step did, and how it ends. */
function linesOf(reading: Reading, alone: boolean): string[] {
  const { kind, reads, writes, uses, marks, runs, ran, woke, call, failure, ended, killed } = reading
  const lines = marks.map((mark) => `mark: ${mark}`)
  if (!alone) {
    if (reads.length > 0) lines.push(`reads ${listed(reads)}`)
    if (writes.length > 0) lines.push(`writes ${listed(writes)}`)
    if (uses.length > 0) lines.push(`uses ${listed(uses)}`)
  }
  if (runs && ran.length > 1) lines.push(`switches to ${listed(ran.slice(1), ' → ')}`)
  if (kind !== 'greenlet') {
    const wakes = woke.length === 0 ? '' : `: wakes ${listed(woke.map(({ name }) => name))}`
    lines.push(`${reading.name}${wakes}`)
  } else if (call !== null) {
    lines.push(call)
  } else if (ended !== null) {
    lines.push(failure !== '' ? `fails: ${failure}` : killed ? 'is killed' : 'returns')
  }
  return lines
}

function listed(names: readonly string[], separator: string = ', '): string {
  if (names.length <= 4) return names.join(separator)
  return `${names.slice(0, 3).join(separator)} and ${names.length - 3} more`
}

/** The rows without those in the middle, if there are too many. */
function shortened(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows
  const head = Math.floor(most / 3)
  const tail = rows.length - (most - head)
  const left = rows.slice(head, tail).filter(({ between }) => between === '').length
  return [...rows.slice(0, head), { ...EMPTY, between: `${counted(left, 'row')} left out` }, ...rows.slice(tail)]
}
