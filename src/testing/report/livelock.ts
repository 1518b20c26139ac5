/**
 * A schedule that does not come to an end: which steps repeat, and what helps.
 *
 * The pattern is the row of steps whose repetitions, three at least, fill the most of the end of the schedule; steps are compared by who
 * takes them and in which call they end. When there is none, the schedule may only be long.
 *
 * Stands on the readings.
 */
import { wrongRight } from '../../errors/usage.ts'
import { type Reading, runsOf } from './steps.ts'
import { beside, counted, placeOf } from './text.ts'

/** Steps of a pattern at the most. */
const LONGEST = 50
/** So often it must repeat to be one. */
const TIMES = 3

/** What repeats at the end of a schedule. */
export interface Pattern {
  readonly steps: readonly Reading[]
  /** How many times, in a row, up to the end. */
  readonly times: number
}

/** Finds the pattern that fills the most of the end, the shortest of those; null when nothing repeats. */
export function patternOf(readings: readonly Reading[]): Pattern | null {
  const texts = readings.map(({ proc, suspendedIn, ended }) => `${proc.number} ${suspendedIn ?? ended ?? ''}`)
  let best = { period: 0, times: 0 }
  for (let period = 1; period <= LONGEST && period * TIMES <= texts.length; period++) {
    let from = texts.length - period - 1
    while (from >= 0 && texts[from] === texts[from + period]) from--
    const times = Math.floor((texts.length - 1 - from) / period)
    // A multiple of it fills as much.
    if (times >= TIMES && times * period >= best.times * best.period + period) best = { period, times }
  }
  return best.times === 0 ? null : { steps: fromLowest(readings, best.period), times: best.times }
}

/** One round of the pattern, begun with the one who appeared first: where a round begins is chance. */
function fromLowest(readings: readonly Reading[], period: number): readonly Reading[] {
  const round = readings.slice(-period)
  const start = round.reduce(
    (best, { proc }, index) => (proc.number < (round[best]?.proc.number ?? 0) ? index : best),
    0,
  )
  return [...round.slice(start), ...round.slice(0, start)]
}

/**
 * What is said of a schedule that was given up after `steps` steps.
 *
 * @param caller - whose `maxSteps` it was: `explore`.
 */
export function noProgress(caller: string, readings: readonly Reading[], steps: number): string {
  const pattern = patternOf(readings)
  const head = `No progress: ${counted(steps, 'step')} were taken, and the schedule does not come to an end.`
  const longer = `${caller}(body, { maxSteps: ${(steps * 10).toLocaleString('en').replaceAll(',', '_')} })`
  if (pattern === null) {
    return `${head}\nNothing repeats at its end, so it may only be long:\n\n  ${longer}`
  }
  const rows = runsOf(pattern.steps).map(({ first, times }) => [
    first.name,
    first.suspendedIn ?? '',
    [
      first.place === null ? '' : `at ${placeOf(first.place.file, first.place.line)}`,
      times === 1 ? '' : `(${times} times)`,
    ].join(' '),
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const these = pattern.steps.length === 1 ? 'This step repeats' : `These ${pattern.steps.length} steps repeat`
  return (
    `${head}\n${these} at its end, ${counted(pattern.times, 'time')} in a row:\n\n` +
    `${rows.map((row) => `  ${beside(row, widths).trimEnd()}`).join('\n')}\n\n` +
    `Who asks again and again may never be answered: the others need not have a turn. Wait for the change itself:\n` +
    `${wrongRight('while (!ready) yield* sleep(0)', 'asks for ever', 'yield* ready.wait()', 'an Event is told')}\n\n` +
    `A schedule that is only long: ${longer}`
  )
}
