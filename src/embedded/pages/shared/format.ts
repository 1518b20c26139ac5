/**
 * Times and counts, as people read them.
 */

/** A duration with three digits that count: `340 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms)
  if (size === 0) return '0 ms'
  if (size < 0.001) return `${digits(ms * 1e6)} ns`
  if (size < 1) return `${digits(ms * 1000)} µs`
  if (size < 1000) return `${digits(ms)} ms`
  if (size < 120_000) return `${digits(ms / 1000)} s`
  const seconds = Math.round(size / 1000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  const sign = ms < 0 ? '-' : ''
  if (minutes < 120) return `${sign}${minutes} min${rest === 0 ? '' : ` ${rest} s`}`
  return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function digits(value: number): string {
  const size = Math.abs(value)
  return String(Number(value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)))
}

/** A moment, exact enough that two of them `stepMs` apart differ, in the unit that suits `aroundMs`. */
export function formatMoment(ms: number, stepMs: number, aroundMs: number): string {
  if (aroundMs >= 120_000) {
    const seconds = ms / 1000
    const minutes = Math.floor(seconds / 60 + 1e-9)
    const rest = Math.max(0, seconds - minutes * 60).toFixed(decimals(stepMs / 1000))
    return `${minutes}:${rest.padStart(rest.includes('.') ? rest.length + (rest.indexOf('.') < 2 ? 1 : 0) : 2, '0')} min`
  }
  if (ms === 0) return '0'
  const [size, unit] = aroundMs >= 1000 ? [1000, 's'] : aroundMs >= 1 ? [1, 'ms'] : [0.001, 'µs']
  return `${(ms / size).toFixed(decimals(stepMs / size))} ${unit}`
}

function decimals(step: number): number {
  return Math.max(0, Math.min(9, Math.ceil(-Math.log10(step) - 1e-9)))
}

/** `10,000` */
export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

/** `1 greenlet`, `10,000 greenlets` */
export function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`
}
