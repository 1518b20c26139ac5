/**
 * A recording as a picture in a terminal: a bar for each greenlet, on a common time axis.
 *
 * ```
 *           0           100 ms      200 ms      300 ms
 *           ┬───────────┬───────────┬───────────┬──────
 * main     █── joinall(...) ───────────────────────────█
 * page-1   ├█─ fetch(...) ─────────────┤
 * ```
 *
 * Stands on the bars, and on text in columns. Everything is told by characters, so that it can be read in a pipe; colours only help.
 * Recordings of which several are drawn stand below each other on one axis: that makes them comparable.
 */
import type { Arrow, Recording, Track } from '../record/recording.ts'
import { ASCII, Bar, type Look, type Mark, PLAIN, type Style, styled } from './bars.ts'
import { recordingsOf, sizeOf } from './given.ts'
import { comparison, headline, lossOf } from './summary.ts'
import { clean, cut, cutName, lines, pad, placeText, sentence, widthOf } from './text/columns.ts'
import { duration, type Tick, ticks } from './text/duration.ts'

/** How a timeline is drawn. */
export interface TimelineOptions {
  /** The most columns that a line takes; less than 40 is 40. @defaultValue 80 */
  width?: number
  /** Whether it is coloured, for a terminal. @defaultValue false */
  color?: boolean
  /** The most bars for a recording; the others share one. @defaultValue 40 */
  rows?: number
  /** Whether only ASCII is drawn. @defaultValue false */
  ascii?: boolean
}

/** What is drawn on. */
interface Sheet {
  readonly width: number
  readonly rows: number
  readonly axisMs: number
  readonly look: Look
  readonly color: boolean
}

/** The same, with the room for names and for bars. */
interface Chart extends Sheet {
  readonly nameWidth: number
  readonly cells: number
  /** The marks that were drawn, for the legend. */
  readonly seen: Set<Mark>
}

/** A row of the picture: a greenlet, or many. */
interface Row {
  readonly name: string
  readonly lives: readonly Track[]
}

/** A recording with no more explicit switches than this has them listed. */
const STORYBOARD = 40
/** Names are cut to this width, or to a third of the picture. */
const WIDEST_NAME = 24
/** An axis of no length at all cannot be drawn on. */
const SHORTEST_MS = 0.001

/** In the order of the legend. */
const MEANINGS: Readonly<Record<Mark, string>> = {
  running: 'runs',
  partly: 'runs for a moment',
  ready: 'could run',
  waiting: 'waits',
  switched: 'has switched to another',
  spawned: 'spawned',
  returned: 'returned',
  failed: 'failed',
  killed: 'killed',
}
const MARKS = Object.keys(MEANINGS) as Mark[] // it has them all

/**
 * Draws what greenlets did as bars on a common time axis, as text.
 *
 * A cell shows that a greenlet ran when it ran at any time within it, and else what took the most of it. A recording with at most 40
 * explicit switches has them listed below its bars, in their order.
 *
 * @param recordings - what was recorded: one recording, or several, which are drawn below each other on one axis and compared.
 * @param options - how wide and long the picture may be, and with which characters it is drawn.
 * @returns the lines, without an end of line behind the last.
 * @throws UsageError when it is given no recording, or an option that is none.
 * @switches never
 * @example
 * ```ts
 * import { getcurrent, RawGreenlet } from 'greenloop'
 * import { drawTimeline, Recorder } from 'greenloop/trace'
 *
 * const recorder = new Recorder().start()
 * const f1: RawGreenlet = new RawGreenlet(function* f1() {
 *   yield* f2.switch()
 * })
 * const f2 = new RawGreenlet(function* f2() {})
 * f1.switch()
 * const picture = drawTimeline(recorder.stop().read())
 * console.log(picture.match(/──▶/g)?.length) // 3
 * ```
 */
export function drawTimeline(
  recordings: Recording | readonly Recording[],
  { width = 80, color = false, rows = 40, ascii = false }: TimelineOptions = {},
): string {
  const all = recordingsOf('drawTimeline()', recordings)
  const sheet: Sheet = {
    width: sizeOf('drawTimeline()', 'width', width, 40),
    rows: sizeOf('drawTimeline()', 'rows', rows, 2),
    axisMs: Math.max(SHORTEST_MS, ...all.map(({ durationMs }) => durationMs)),
    look: ascii ? ASCII : PLAIN,
    color,
  }
  const names = all.flatMap((recording) => rowsOf(recording, sheet).map(({ name }) => name))
  const nameWidth = Math.min(Math.max(...names.map(widthOf)), WIDEST_NAME, Math.floor(sheet.width / 3))
  const chart: Chart = { ...sheet, nameWidth, cells: sheet.width - nameWidth - 3, seen: new Set() }
  const titles = all.map((recording) => text(headline(recording, ascii), chart, 'title'))
  const bodies = all.map((recording) => body(recording, chart))
  const drawn =
    titles.length === 1
      ? [...titles.flat(), ...axis(chart), ...bodies.flat()]
      : [...axis(chart), ...titles.flatMap((title, index) => [...title, ...(bodies[index] ?? []), ''])].slice(0, -1)
  const compared = comparison(all, ascii).flatMap((line) => text(line, chart))
  return [...drawn, '', ...legend(chart), ...(compared.length === 0 ? [] : ['', ...compared])].join('\n')
}

function text(words: string, { width, look, color }: Sheet, style: Style = ''): string[] {
  return sentence(words, width, look.ascii).map((line) => styled(line, style, color))
}

/** The marks of the time axis: a line of labels, and a line of ticks. */
function axis({ nameWidth, cells, axisMs, look, color }: Chart): string[] {
  let labels = ''
  let line = ''
  for (const { ms, label } of roundTicks(axisMs, cells, look.ascii)) {
    const column = Math.min(cells - 1, Math.floor((ms / axisMs) * cells + 1e-6))
    const begin = Math.min(column, cells + 1 - widthOf(label))
    line = pad(line, column).replaceAll(' ', look.line) + look.tick
    if (labels === '' || begin >= widthOf(labels) + 2) labels = pad(labels, begin) + label
  }
  line = pad(line, cells).replaceAll(' ', look.line)
  const indent = ' '.repeat(nameWidth + 2)
  return [indent + styled(labels, 'axis', color), indent + styled(line, 'axis', color)]
}

/** As many round marks as have room beside each other. */
function roundTicks(axisMs: number, cells: number, ascii: boolean): readonly Tick[] {
  for (let most = Math.floor(cells / 6); ; most--) {
    const marks = ticks(axisMs, most, ascii)
    const apart = cells * ((marks[1]?.ms ?? axisMs) / axisMs)
    if (most <= 2 || marks.every(({ label }) => widthOf(label) + 3 <= apart)) return marks
  }
}

/** Who has a row: those that appeared first, and one row for all others. */
function rowsOf({ tracks }: Recording, { rows, look }: Sheet): Row[] {
  const fit = tracks.length <= rows ? tracks.length : rows - 1
  const own = tracks.slice(0, fit).map((track) => ({ name: clean(track.name, look.ascii), lives: [track] }))
  const others = tracks.slice(fit)
  return others.length === 0 ? own : [...own, { name: `${others.length.toLocaleString('en')} more`, lives: others }]
}

/** The bars of a recording, and what else is to be said of it. */
function body(recording: Recording, chart: Chart): string[] {
  const { look, color, nameWidth, cells, axisMs, seen } = chart
  const bars = rowsOf(recording, chart).map(({ name, lives }) => {
    const bar = new Bar(lives, cells, axisMs, look).toString(color, seen)
    return `${pad(cutName(name, nameWidth, look.ascii), nameWidth)} ${bar}`.trimEnd()
  })
  const loss = lossOf(recording)
  return [...bars, ...(loss === null ? [] : text(loss, chart)), ...storyboard(recording, chart)]
}

/** The explicit switches in their order, where there are few; the times are those of the axis. */
function storyboard({ arrows, tracks }: Recording, { look, width, color }: Chart): string[] {
  const switches = arrows.filter(({ kind }) => kind === 'switch')
  if (switches.length === 0 || switches.length > STORYBOARD) return []
  const nameOf = (id: number): string => clean(tracks[id]?.name ?? '', look.ascii)
  const times = switches.map(({ atMs }) => duration(atMs, look.ascii))
  const notes = notesOn(switches, tracks, look.ascii)
  const timeWidth = Math.max(...times.map(widthOf))
  const names = Math.max(...switches.map(({ from }) => widthOf(nameOf(from))))
  const left = Math.min(names, WIDEST_NAME, Math.floor((width - timeWidth - 12) / 2))
  const digits = String(switches.length).length
  return [
    '',
    ...switches.map((one, index) => {
      const number = String(index + 1).padStart(digits)
      const from = pad(cutName(nameOf(one.from), left, look.ascii), left)
      const to = `${nameOf(one.to)}${notes[index] ?? ''}`
      const head = `${number}  ${pad(times[index] ?? '', timeWidth, true)}  ${from} `
      const rest = width - widthOf(head) - widthOf(look.arrow) - 1
      return `${head}${styled(look.arrow, 'switched', color)} ${cut(to, rest, look.ascii)}`.trimEnd()
    }),
  ]
}

/** What there is to say of switches, of each: that it was an end, that an error went over, where it was made. */
function notesOn(switches: readonly Arrow[], tracks: readonly Track[], ascii: boolean): string[] {
  const last = new Map(switches.map((one) => [one.from, one]))
  const looked = new Map<number, number>()
  return switches.map((one) => {
    const { from, atMs, thrown } = one
    const track = tracks[from]
    const begin = looked.get(from) ?? 0
    const index =
      track?.spans.findIndex(({ kind, fromMs }, at) => at >= begin && kind === 'switched' && fromMs === atMs) ?? -1
    looked.set(from, Math.max(begin, index + 1))
    const end = last.get(from) === one && track?.endedMs === atMs ? track.end : null
    const place = end === null ? (track?.spans[index]?.place ?? null) : null
    const notes = [
      ...(end === null ? [] : [`${clean(track?.name ?? '', ascii)} ${end === 'killed' ? 'was killed' : end}`]),
      ...(thrown ? ['an error'] : []),
      ...(place === null ? [] : [clean(placeText(place), ascii)]),
    ]
    return notes.length === 0 ? '' : `  (${notes.join(', ')})`
  })
}

/** What the marks mean that were drawn. */
function legend({ seen, look, width, color }: Chart): string[] {
  const entries = MARKS.filter((mark) => seen.has(mark)).map((mark) => `${look.marks[mark]} ${MEANINGS[mark]}`)
  const colours = new Map(MARKS.map((mark) => [look.marks[mark], mark]))
  return lines(entries, width, 3, look.ascii).map((line) =>
    line.replace(
      /(^| {3})(\S)/gu,
      (_, gap: string, mark: string) => gap + styled(mark, colours.get(mark) ?? '', color),
    ),
  )
}
