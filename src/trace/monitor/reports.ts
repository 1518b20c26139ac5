/**
 * What a monitor has to say, as data and as text for people.
 *
 * Stands on the frames. Leaves to the monitor when it is said, and to the printer how often.
 */
import type { StuckFrame } from './stuck.ts'

/** The hub is blocked: nobody else runs, no socket and no timer is looked at. */
export interface BlockedReport {
  /** The name of the greenlet that blocks it, `main` for plain code and the hub itself; null: it cannot be known. */
  readonly greenlet: string | null
  /** For how long already, at the least. */
  readonly blockedMs: number
  /** The program's frames on the stack, innermost first: where it is stuck. None when nothing of the program is on it, or when it cannot be read. */
  readonly frames: readonly StuckFrame[]
  /** The function of the language or of Node that it is in, `RegExp.test`, `execFileSync`; null: code of the program runs. */
  readonly call: string | null
  /**
   * Whether it was stuck in native code, which cannot be looked into: the stack is that of the moment in which the native code returned, and
   * may have gone on a little.
   */
  readonly native: boolean
}

/** The hub runs again. */
export interface UnblockedReport {
  /** Who has blocked it, by the last report. */
  readonly greenlet: string | null
  /** For how long. */
  readonly totalMs: number
  /** How many reports were made of it. */
  readonly reports: number
}

/** Memory is above its limit, or below it again. */
export interface MemoryReport {
  /** What is measured: `rss` is all that the process has in memory, `heap` the objects of JavaScript. */
  readonly kind: 'rss' | 'heap'
  /** How much there is. */
  readonly bytes: number
  /** How much there may be. */
  readonly limitBytes: number
  /** The most that was told of since it is above the limit. */
  readonly highestBytes: number
}

/** So many frames are printed. */
const FRAMES = 20

/** What is printed of a report, line by line: how long, by whom, where, and what to do. A frame becomes a line where its place is known. */
export function blockedLines(
  { greenlet, blockedMs, frames, call, native }: BlockedReport,
  heldBack = 0,
): (string | StuckFrame)[] {
  const where = call === null ? '' : `, in ${call}()`
  const by = `for ${ms(blockedMs)} by ${who(greenlet)}${where}`
  const lines: (string | StuckFrame)[] = []
  if (heldBack > 0) lines.push(`greenloop: ${heldBack} more ${heldBack === 1 ? 'report' : 'reports'} before this one.`)
  lines.push(
    native
      ? `greenloop: the hub was blocked ${by}, in native code that has returned to:`
      : `greenloop: the hub has been blocked ${by}:`,
    ...frames.slice(0, FRAMES),
  )
  if (frames.length > FRAMES) lines.push(`    and ${frames.length - FRAMES} more`)
  if (frames.length === 0) lines.push('    (no code of the program is on the stack)')
  lines.push(
    call?.endsWith('Sync') === true
      ? '  Use the form of the call that waits, or make it in a worker thread.'
      : '  Let others run in between, with yield* sleep(0), or do the work in a worker thread.',
  )
  return lines
}

/** The lines as a text, with the frames as they are. */
export function blockedText(lines: readonly (string | StuckFrame)[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : `    at ${placeText(line)}`}\n`).join('')
}

/** One line. */
export function unblockedText({ greenlet, totalMs }: UnblockedReport): string {
  const by = greenlet === null ? '' : `; ${who(greenlet)} had blocked it`
  return `greenloop: the hub runs again after ${ms(totalMs)}${by}.\n`
}

/** One line. */
export function memoryText({ kind, bytes, limitBytes }: MemoryReport): string {
  const what = kind === 'rss' ? 'the process uses' : 'the heap holds'
  const how =
    bytes > limitBytes ? `more than the limit of ${mib(limitBytes)}` : `below the limit of ${mib(limitBytes)} again`
  return `greenloop: ${what} ${mib(bytes)}, ${how}.\n`
}

function who(greenlet: string | null): string {
  if (greenlet === null) return 'something unknown'
  return greenlet === 'main' ? 'plain code (main)' : `greenlet "${greenlet}"`
}

function placeText({ name, file, line, column }: StuckFrame): string {
  const place = `${file}:${line}:${column}`
  return name === '' ? place : `${name} (${place})`
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
