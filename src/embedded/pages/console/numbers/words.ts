/**
 * Numbers and places as this page says them: short, and of the same width from one look to the next.
 */
import type { Place } from '../../../../trace/record/recording.ts'
import { formatCount } from '../../shared/format.ts'

/** For how long one waits: `40 ms`, `1.4 s`, `12 s`, `2 min 5 s`; `> 12 s` when it may be longer. */
export function formatSince(ms: number, isLonger: boolean): string {
  return `${isLonger ? '> ' : ''}${ago(ms)}`
}

function ago(ms: number): string {
  if (ms < 999.5) return `${ms.toFixed(0)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `0.4`, `31`, `12,345`, `1.2 M` */
export function formatRate(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(1)} M`
  return rate > 0 && rate < 9.95 ? String(Number(rate.toFixed(1))) : formatCount(Math.round(rate))
}

/** `0.4 ms`, `31 ms`, `1.3 s` */
export function formatLate(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`
  return `${ms < 9.95 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
}

/** `31.4 MB` */
export function formatBytes(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [1e9, 'GB'] : [1e6, 'MB']
  const value = bytes / size
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`
}

/** `app.ts:12`; the whole path is for the title. */
export function shortPlace({ file, line }: Place): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`
}

/** `src/app.ts:12` */
export function wholePlace({ file, line }: Place): string {
  return `${file}:${line}`
}

/** Sets a text if it is another one: nothing is drawn for one that stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
