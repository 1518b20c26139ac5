/**
 * The picture of how cost grows: nanoseconds for one unit over the number of all, both axes logarithmic, a line for each contestant.
 *
 * Stands on the figures alone. A line has its name at its end instead of in a legend.
 */
import type { Curve, Growth } from '../method/growth.ts'
import { at, framed, heading, lineAt, logAxis, MARGIN, markAt, sizeOf, textAt, tickText, WIDTH } from './svg.ts'
import { shortened, timeText, widthOf } from './words.ts'

const HEIGHT = 330
const LABEL = 17
const WIDEST_LABEL = 262

/** Those of the same kind differ in this. */
const DASHES = ['none', '9 4', '9 3 2 3']
const COLD_DASHES = '2 3'

/** A line and where its name is. */
interface Line {
  readonly series: Curve
  readonly places: readonly (readonly [x: number, y: number])[]
  readonly label: string
  readonly dash: string
}

/** Draws how the cost of a work grows. */
export function growthChartOf(growth: Growth): string {
  const series = growth.series.filter(({ points }) => points.length > 0)
  const title = growth.title
  const subtitle =
    series.length === 0
      ? 'Nothing of it could be measured.'
      : `Time for one ${growth.unit}, by how many there are. Both axes logarithmic, level is the same for each.`
  const hollow = series.some(({ cold }) => cold) ? 'hollow: the first run of a process' : null
  const { parts, bottom } = heading(title, subtitle, new Set(series.map(({ kind }) => kind)), hollow)
  const [top, end] = [bottom + 12, bottom + 12 + HEIGHT]
  const texts = new Map(series.map((one) => [one, labelOf(one)]))
  const widest = Math.max(0, ...[...texts].map(([{ kind }, text]) => widthOf(text, sizeOf('text'), kind === 'ours')))
  const points = series.flatMap((one) => one.points)
  const [left, right] = [MARGIN + 50, WIDTH - MARGIN - Math.min(widest, WIDEST_LABEL) - 30]
  const across = logAxis(
    points.map(([count]) => count),
    left,
    right,
  )
  const up = logAxis(
    points.map(([, ns]) => ns),
    end,
    top,
  )
  const lines = series.map((one) => ({
    series: one,
    places: [...one.points].sort(([a], [b]) => a - b).map(([count, ns]) => [across.at(count), up.at(ns)] as const),
    label: texts.get(one) ?? one.name,
    dash: one.cold ? COLD_DASHES : dashOf(one, series),
  }))
  // Ours are drawn last, above the others.
  lines.sort((a, b) => Number(a.series.kind === 'ours') - Number(b.series.kind === 'ours'))
  const heights = spreadOut(
    lines.map(endOf).map(([, y]) => y),
    LABEL,
    top,
    end,
  )
  parts.push(
    ...up.minor.map((value) => lineAt('minor', left, up.at(value), right, up.at(value))),
    ...across.major.map((value) => lineAt('grid', across.at(value), top, across.at(value), end + 4)),
    ...up.major.map((value) => lineAt('grid', left - 4, up.at(value), right, up.at(value))),
    ...up.major.map((value) =>
      textAt(left - 8, up.at(value), tickText(timeText(value)), { size: 'head', look: 'soft', anchor: 'end' }),
    ),
    ...across.major.map((value) =>
      textAt(across.at(value), end + 14, countText(value), { size: 'head', look: 'soft', anchor: 'middle' }),
    ),
    ...lines.flatMap((line, place) => drawn(line, right + 26, heights[place] ?? top)),
  )
  return framed(Math.ceil(end + 34), title, descriptionOf(growth), parts)
}

function labelOf({ name, kind, points }: Curve): string {
  const last = [...points].sort(([a], [b]) => a - b).at(-1)
  const text = last === undefined ? name : `${name} ${timeText(last[1])}`
  // The table has the times too.
  const fits = widthOf(text, sizeOf('text'), kind === 'ours') <= WIDEST_LABEL
  return fits ? text : shortened(name, WIDEST_LABEL, sizeOf('text'), kind === 'ours')
}

function dashOf(one: Curve, all: readonly Curve[]): string {
  const alike = all.filter(({ kind, cold }) => kind === one.kind && !cold)
  return DASHES[alike.indexOf(one) % DASHES.length] ?? ''
}

function countText(value: number): string {
  return value.toLocaleString('en-GB')
}

function endOf({ places }: Line): readonly [number, number] {
  return places.at(-1) ?? [0, 0]
}

function drawn(line: Line, x: number, y: number): string[] {
  const { series, places, label, dash } = line
  const isOurs = series.kind === 'ours'
  const [endX, endY] = endOf(line)
  const path = places.map(([px, py]) => `${at(px)},${at(py)}`).join(' ')
  return [
    // From the end of the line to its name.
    `<polyline class="lead" points="${at(endX)},${at(endY)} ${at(x - 22)},${at(endY)} ${at(x - 4)},${at(y)}" fill="none" stroke-dasharray="1 3"/>`,
    `<polyline class="series ${series.kind}" points="${path}" fill="none" stroke="currentColor" stroke-width="${isOurs ? '3' : '1.8'}" stroke-dasharray="${dash}" stroke-linejoin="round"/>`,
    ...places.map(([px, py]) => markAt(series.kind, px, py, series.cold)),
    textAt(x, y, label, { size: 'text', look: `label ${series.kind}${isOurs ? ' bold' : ''}` }),
  ]
}

/** All of it, for those who do not see it. */
function descriptionOf({ unit, series }: Growth): string {
  const list = series.map(({ name, points }) => {
    const steps = points.map(([count, ns]) => `${timeText(ns)} at ${countText(count)}`)
    return `${name}: ${steps.join(', ')}`
  })
  return `Time for one ${unit}. ${list.join('; ')}.`
}

/** The heights nearest to those that are wished for that are `least` apart, between `top` and `end` if there is room. */
export function spreadOut(wishes: readonly number[], least: number, top: number, end: number): number[] {
  const order = wishes.map((_, place) => place).sort((a, b) => (wishes[a] ?? 0) - (wishes[b] ?? 0))
  // Groups that touch move as one, around the mean of what their members wish.
  const groups: { members: number[]; first: number }[] = []
  for (const place of order) {
    groups.push({ members: [place], first: wishes[place] ?? 0 })
    for (
      let last = groups.at(-1), before = groups.at(-2);
      last && before;
      last = groups.at(-1), before = groups.at(-2)
    ) {
      if (before.first + before.members.length * least <= last.first) break
      groups.splice(-2, 2, settled([...before.members, ...last.members]))
    }
  }
  function settled(members: number[]): { members: number[]; first: number } {
    const sum = members.reduce((total, place, rank) => total + (wishes[place] ?? 0) - rank * least, 0)
    const lowest = Math.max(top, end - (members.length - 1) * least)
    return { members, first: Math.min(Math.max(sum / members.length, top), lowest) }
  }
  const heights: number[] = []
  for (const { members, first } of groups)
    for (const [rank, place] of members.entries()) heights[place] = first + rank * least
  return heights
}
