/**
 * A duration as people read it. Stands on nothing.
 */

/** `0.4 ms`, `312 ms`, `1.2 s`, `2 min 5 s`, `3 h 12 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${rounded(ms)} ms`
  if (ms < 999.5) return `${ms.toFixed(0)} ms`
  if (ms < 59_950) return `${rounded(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return pair(seconds, 60, 'min', 's')
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1440) return pair(minutes, 60, 'h', 'min')
  return pair(Math.round(ms / 3_600_000), 24, 'd', 'h')
}

/** With one digit behind the point, if that is not 0. */
function rounded(value: number): string {
  return String(Number(value.toFixed(1)))
}

/** A number of small units as large ones and what is left. */
function pair(count: number, size: number, large: string, small: string): string {
  const left = count % size
  return `${String(Math.floor(count / size))} ${large}${left === 0 ? '' : ` ${String(left)} ${small}`}`
}
