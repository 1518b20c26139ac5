/**
 * What is known of a span, or of a greenlet as a whole, in words.
 */

import { formatMs } from '../../shared/format.ts'
import { at } from './list.ts'
import {
  KILL,
  READY,
  RESUME,
  RUNNING,
  SPAN_KINDS,
  SWITCH,
  SWITCHED,
  type Timeline,
  type Track,
  WAITING,
  WAKE,
} from './timeline.ts'

/** One thing that is known. */
export interface Fact {
  readonly label: string
  readonly text: string
  /** A place, or an error: worth copying. */
  readonly isCode: boolean
}

/** All that is known. */
export interface Facts {
  readonly name: string
  /** `waiting in queue.get()` */
  readonly doing: string
  /** For the colour of the sign; null: of the greenlet as a whole. */
  readonly kind: (typeof SPAN_KINDS)[number] | null
  readonly list: readonly Fact[]
}

/** Nanoseconds are rounded: moments that are one may differ by as much. */
const SAME_MS = 2e-6

export function factsOf({ timeline, track, span }: { timeline: Timeline; track: Track; span: number }): Facts {
  const list: Fact[] = []
  const add = (label: string, text: string | null, isCode = false): void => {
    if (text !== null) list.push({ label, text, isCode })
  }
  if (span < 0) addTotals(timeline, track, add)
  else addSpan(timeline, track, span, add)
  addLife(timeline, track, add)
  if (span < 0) return { name: track.name, doing: kindOf(track), kind: null, list }
  return { name: track.name, doing: doingOf(timeline, span), kind: at(SPAN_KINDS, at(timeline.spanKind, span)), list }
}

/** The same as a sentence, for those who hear it. */
export function sentenceOf({ name, doing, list }: Facts): string {
  return `${name}: ${doing}. ${list.map(({ label, text }) => `${label}: ${text}`).join('. ')}.`
}

type Add = (label: string, text: string | null, isCode?: boolean) => void

function kindOf({ kind }: Track): string {
  if (kind === 'main') return 'plain code and the hub'
  return kind === 'raw' ? 'a greenlet that lives on switch() alone' : 'a greenlet'
}

function doingOf(timeline: Timeline, span: number): string {
  const what = timeline.what(span)
  switch (timeline.spanKind[span]) {
    case RUNNING:
      return 'running'
    case READY:
      return 'ready, while others ran'
    case WAITING:
      return what === null ? 'waiting' : `waiting in ${what}`
    default:
      return what === null ? 'switched away' : `switched to ${what}`
  }
}

function addSpan(timeline: Timeline, track: Track, span: number, add: Add): void {
  const [from, to] = [at(timeline.spanFrom, span), at(timeline.spanTo, span)]
  const kind = at(timeline.spanKind, span)
  add('for', formatMs(to - from))
  add('from, to', `${moment(from, to - from)} to ${moment(to, to - from)}`)
  if (kind === WAITING || kind === SWITCHED) {
    add('at', timeline.place(span), true)
    if (!timeline.locations) add('at', 'not recorded (locations were off)')
  }
  add(...endedBy(timeline, track, kind, from, to))
}

/** Who ended a wait, made ready or gave control. */
function endedBy(timeline: Timeline, track: Track, kind: number, from: number, to: number): [string, string | null] {
  const [label, kinds, moment] =
    kind === WAITING
      ? (['woken by', [WAKE, KILL], to] as const)
      : kind === SWITCHED
        ? (['came back by', [SWITCH, KILL, RESUME], to] as const)
        : kind === READY
          ? (['woken by', [WAKE, KILL], from] as const)
          : (['control from', [SWITCH, RESUME], from] as const)
  const arrow = timeline.lastInto(track, kinds, moment - SAME_MS, moment + SAME_MS)
  if (arrow < 0) return [label, null]
  const by = timeline.tracks[at(timeline.arrowFrom, arrow)]
  const name = by === undefined ? 'somebody unknown' : by.name
  const arrowKind = timeline.arrowKind[arrow]
  if (arrowKind === KILL) return ['interrupted by', by?.kind === 'main' ? `${name} (a kill or a timeout)` : name]
  const thrown = timeline.arrowThrown[arrow] === 1 ? ', with an error' : ''
  if (by?.kind === 'main' && arrowKind === WAKE) return [label, `${name} (a timer, I/O, plain code)`]
  return [label, `${by?.kind === 'main' && arrowKind === RESUME ? 'the hub' : name}${thrown}`]
}

function addTotals(timeline: Timeline, { totals, first, last }: Track, add: Add): void {
  const whole = last === first ? 0 : at(timeline.spanTo, last - 1) - at(timeline.spanFrom, first)
  for (const [kind, name] of SPAN_KINDS.entries()) {
    const total = totals[kind] ?? 0
    if (total > 0) add(name, `${formatMs(total)}${whole > 0 ? `, ${((total / whole) * 100).toFixed(0)} %` : ''}`)
  }
}

function addLife(timeline: Timeline, track: Track, add: Add): void {
  const spawner = timeline.tracks[track.spawner]
  if (spawner !== undefined) add('spawned by', spawner.name)
  if (track.spawnedMs !== null) add('spawned', moment(track.spawnedMs, timeline.durationMs))
  add('spawned at', track.spawnedAt, true)
  if (track.end !== null) {
    add('end', `${track.end}${track.endedMs === null ? '' : ` at ${moment(track.endedMs, timeline.durationMs)}`}`)
  }
  add('error', track.error, true)
}

/** A moment, with a digit more than the stretch that it bounds needs. */
function moment(ms: number, aroundMs: number): string {
  if (ms === 0) return '0'
  const [size, unit] = ms >= 1000 ? [1000, 's'] : ms >= 1 ? [1, 'ms'] : [0.001, 'µs']
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(Math.max(aroundMs, 1e-6) / size)) + 2))
  return `${Number((ms / size).toFixed(digits))} ${unit}`
}
