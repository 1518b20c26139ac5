/**
 * The rows of a tree as text: a line for each, with lines from each to whom it hangs on.
 *
 * ```
 * main             waiting in run()
 * └─ main          waiting 1.2 s in join() of "server"  at app.ts:9
 *    └─ server     running
 *       │    tree locals  request: 'GET /'
 *       ├─ read-2  waiting 300 ms in queue.get()  at app.ts:14  the queue is empty
 *       └─ ... and 12 more
 * ```
 *
 * Stands on the rows, which are bounded in number and depth. What stands in the columns "at" and "why" is written as in LoopExit.
 */

import { type GreenletFrame, kernel } from '../greenlet/kernel.ts'
import { localsOf } from '../greenlet/local.ts'
import type { RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { placeText, whyOf } from '../hub/deadlock.ts'
import type { Location } from '../locations.ts'
import { duration } from './duration.ts'
import type { Row } from './rows.ts'
import { treeLocalsOf } from './state.ts'
import { inLine, shown } from './values.ts'

/** What is written beside a row. */
export interface Details {
  /** What `Local`s hold, and what a whole tree shares. */
  readonly locals: boolean
  /** All frames in which one is suspended, where they are known. */
  readonly runningStacks: boolean
  /** All frames in which one was made, where they are known. */
  readonly spawningStacks: boolean
  /** Draws with `+`, `-`, `|`. */
  readonly ascii: boolean
}

/** The wider of names that are to stand in one column; what is wider pushes its own line. */
const WIDEST = 40
/** Locals in a line. */
const MOST_LOCALS = 10

interface Strokes {
  readonly one: string
  readonly last: string
  readonly bar: string
}
const BOX: Strokes = { one: '├─ ', last: '└─ ', bar: '│' }
const ASCII: Strokes = { one: '+- ', last: '`- ', bar: '|' }

/** A line of the drawing: what stands in the first column, and the rest. */
type Line = readonly [label: string, text: string]

/** Draws a tree. `now` is the time of the hub. */
export function draw(top: Row, now: number, details: Details): string {
  const lines: Line[] = []
  const strokes = details.ascii ? ASCII : BOX
  const told = new Set<object>()

  // It calls itself as deep as rows go, which are bounded.
  const write = (row: Row, stroke: string, bars: string): void => {
    lines.push([`${stroke}${row.name}${row.more === 0 ? '' : ` and ${String(row.more)} more`}`, textOf(row, now)])
    const hasBelow = row.below.length > 0 || row.hidden > 0
    for (const line of detailsOf(row, details, told)) {
      lines.push([`${bars}${hasBelow ? strokes.bar : ' '}    ${line}`, ''])
    }
    row.below.forEach((child, place) => {
      const last = place === row.below.length - 1 && row.hidden === 0
      write(child, bars + (last ? strokes.last : strokes.one), bars + (last ? '   ' : `${strokes.bar}  `))
    })
    if (row.hidden > 0) lines.push([`${bars}${strokes.last}... and ${String(row.hidden)} more`, ''])
  }
  write(top, '', '')
  const widths = lines.filter(([, text]) => text !== '').map(([label]) => label.length)
  const width = widths.reduce((widest, one) => (one > WIDEST ? widest : Math.max(widest, one)), 0)
  return lines.map(([label, text]) => (text === '' ? label : `${label.padEnd(width)}  ${text}`)).join('\n')
}

/** What stands beside the name. */
function textOf({ doing, since, more, birthplace }: Row, now: number): string {
  const { state, wait, because, waitsFor, place, outcome } = doing
  const long = since === null ? '' : ` ${more === 0 ? '' : 'up to '}${duration(now - since)}`
  const call = wait ?? ''
  const words = {
    running: 'running',
    ready: call === '' ? 'ready' : 'ready to start',
    waiting: call === '' ? 'waiting' : `waiting${long} in ${call}`,
    switched: `in a ${call === '' ? 'switch() to somebody else' : call}`,
    'not started': call === '' ? 'not started' : `not started, in ${call}`,
    finished: outcome ?? '',
  }
  const why = whyOf({ wait: call, waitsFor, because: because ?? '' })
  return [words[state], at(place), why, birthplace === null ? '' : `(spawned ${at(birthplace)})`]
    .filter((text) => text !== '')
    .join('  ')
}

function at(place: Location | null): string {
  return place === null ? '' : placeText(place.file, place.line)
}

/** The lines below a row. */
function detailsOf({ branch: { greenlet }, more }: Row, details: Details, told: Set<object>): string[] {
  const lines: string[] = []
  if (details.locals) {
    const tree = treeLocalsOf(greenlet)
    if (tree !== null && !told.has(tree)) {
      told.add(tree) // it is told of once, at the first who has it
      lines.push(...localsLine('tree locals', Object.entries(tree)))
    }
    // Of several that share a row each has its own.
    if (more === 0) lines.push(...localsLine('locals', localsOf(greenlet)))
  }
  const { debug } = kernel
  if (details.runningStacks) lines.push(...stackLines('suspended', suspendedFrame(greenlet)))
  if (details.spawningStacks) lines.push(...stackLines('spawned', debug?.birthOf(greenlet) ?? null))
  return lines
}

function suspendedFrame(greenlet: RawGreenlet): GreenletFrame | null {
  return greenlet === kernel.main ? null : greenlet.grFrame
}

function localsLine(title: string, entries: readonly (readonly [string, unknown])[]): string[] {
  if (entries.length === 0) return []
  const texts = entries.slice(0, MOST_LOCALS).map(([name, value]) => `${inLine(name)}: ${shown(value)}`)
  const rest = entries.length - texts.length
  return [`${title}  ${texts.join(', ')}${rest === 0 ? '' : `, ... and ${String(rest)} more`}`]
}

function stackLines(title: string, innermost: GreenletFrame | null): string[] {
  const lines: string[] = []
  for (let frame = innermost; frame !== null; frame = frame.back) {
    const place = placeText(frame.file, frame.line)
    lines.push(
      `${lines.length === 0 ? title : ' '.repeat(title.length)}  ${frame.name === '' ? '' : `${frame.name} `}${place}`,
    )
  }
  return lines
}
