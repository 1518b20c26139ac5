/**
 * Durations as a person reads them, and the round ones that an axis is marked with.
 *
 * Stands on nothing.
 */

/** One mark of an axis. */
export interface Tick {
  readonly ms: number
  readonly label: string
}

/** Writes a duration with three digits or so: `3.4 µs`, `0.42 ms`, `12.3 ms`, `1.24 s`, `2 min 3 s`. `ascii`: `us` for `µs`. */
export function duration(ms: number, ascii = false): string {
  if (ms < 0) return `-${duration(-ms, ascii)}`
  if (ms < 0.000_05) return '0 ms'
  if (ms < 0.0995) return `${(1000 * ms).toFixed(ms < 0.009_95 ? 1 : 0)} ${ascii ? 'us' : 'µs'}`
  if (ms < 999.5) return `${threeDigits(ms)} ms`
  if (ms < 59_950) return `${threeDigits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 3600 ? twoUnits(seconds, 'min', 's') : twoUnits(Math.round(seconds / 60), 'h', 'min')
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  return value.toFixed(value < 99.95 ? 1 : 0)
}

/** Of a number of the small unit, sixty of which are a large one. */
function twoUnits(number: number, large: string, small: string): string {
  const rest = number % 60
  const head = `${Math.floor(number / 60).toLocaleString('en')} ${large}`
  return rest === 0 ? head : `${head} ${rest} ${small}`
}

/** The marks of an axis from 0 to `ms`: round numbers, at equal distances, `most` of them at most, and two at least. */
export function ticks(ms: number, most: number, ascii = false): Tick[] {
  const step = stepOf(ms / Math.max(1, most - 1))
  const marks: Tick[] = []
  for (let number = 0; number * step <= ms * (1 + 1e-9); number++) {
    const at = tidy(number * step)
    marks.push({ ms: at, label: at === 0 ? '0' : labelOf(at, ms, ascii) })
  }
  return marks
}

/** What stands at a mark: in one unit on the whole axis, as long as that is read easily. */
function labelOf(at: number, axisMs: number, ascii: boolean): string {
  if (axisMs < 0.1) return `${tidy(1000 * at)} ${ascii ? 'us' : 'µs'}`
  if (axisMs < 1000) return `${at} ms`
  return at < 60_000 ? `${tidy(at / 1000)} s` : duration(at, ascii)
}

/** The smallest round step that is not below `ms`. */
function stepOf(ms: number): number {
  if (ms > 5000) {
    const minutes = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800].find((seconds) => 1000 * seconds >= ms)
    return minutes === undefined ? 3_600_000 * stepOf(ms / 3_600_000) : 1000 * minutes
  }
  const power = 10 ** Math.floor(Math.log10(ms))
  return tidy(power * ([1, 2, 5].find((factor) => factor * power >= ms * (1 - 1e-9)) ?? 10))
}

/** A product without the last digits that binary fractions bring. */
function tidy(value: number): number {
  return Number(value.toPrecision(12))
}
