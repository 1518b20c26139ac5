/**
 * A recording in numbers: how long each greenlet ran, was ready and waited, for what, and who held everybody up.
 *
 * Stands on what a recording is. What it looks like as a table is up to `table.ts`.
 */
import type { End, Place, Recording, Span, Track } from '../record/recording.ts'
import { recordingsOf } from './given.ts'
import { clean, counted } from './text/columns.ts'
import { duration } from './text/duration.ts'

/** The waits for one thing. */
export interface WaitSummary {
  /** The call up to its parenthesis: `sleep`, `queue.get`. */
  readonly cause: string
  /** How often. */
  readonly count: number
  /** How long together, in milliseconds. */
  readonly totalMs: number
  /** The longest of them, in milliseconds. */
  readonly longestMs: number
  /** The name of the greenlet whose wait was the longest. */
  readonly longestBy: string
}

/** A stretch of running in which nobody else got a turn. */
export interface RunSummary {
  /** How long, in milliseconds. */
  readonly ms: number
  /** When it began, in milliseconds since the recording did. */
  readonly atMs: number
  /** The greenlet's name, and its track. */
  readonly name: string
  /** The id of the track. */
  readonly track: number
  /** Where it had waited before; null: it began there, or the place is not known. */
  readonly from: Place | null
  /** Where it waited next; null: it ended there, or the place is not known. */
  readonly to: Place | null
}

/** What the time went to. */
export interface TimeSummary {
  /** Its code ran. */
  readonly busyMs: number
  /** It could have run, and others did. */
  readonly readyMs: number
  /** How long it was in waits of the hub. */
  readonly waitingMs: number
  /** It had switched to somebody else. */
  readonly switchedMs: number
  /** How often it got control from somebody: by a switch, or from the hub. */
  readonly switches: number
  /** The longest stretch of running without a switch. */
  readonly longestRunMs: number
  /** The waits by what was waited for, the longest in total first. */
  readonly waits: readonly WaitSummary[]
}

/** A greenlet in numbers. */
export interface GreenletSummary extends TimeSummary {
  /** The number of its track. */
  readonly track: number
  /** Of the greenlet. */
  readonly name: string
  /** What the track is of. */
  readonly kind: Track['kind']
  /** Null: it lived still when the recording ended. */
  readonly end: End | null
  /** Of one that has failed, the error in a line. */
  readonly error: string | null
}

/** A recording in numbers. */
export interface Summary {
  /** What was run. */
  readonly title: string
  /** How long the recording is. */
  readonly durationMs: number
  /** How many events the recording has lost. */
  readonly lostEvents: number
  /** In the order of the tracks: main first. */
  readonly greenlets: readonly GreenletSummary[]
  /** Of all of them together. */
  readonly total: TimeSummary
  /** Null: nobody ran. */
  readonly longestRun: RunSummary | null
}

/**
 * Adds up what a recording holds: a row for each greenlet and one for main, and all together.
 *
 * @param recording - what was recorded.
 * @returns the numbers; times are in milliseconds.
 * @throws UsageError when `recording` is no recording.
 * @switches never
 * @example
 * ```ts
 * import { sleep } from 'greenloop'
 * import { record, summarize } from 'greenloop/trace'
 *
 * const { recording } = await record(function* () {
 *   yield* sleep(5)
 *   yield* sleep(5)
 * })
 * const { greenlets, total } = summarize(recording)
 * console.log(greenlets[0]?.name, total.waits.find(({ cause }) => cause === 'sleep')?.count) // main 2
 * ```
 */
export function summarize(recording: Recording): Summary {
  recordingsOf('summarize()', recording)
  const { title, durationMs, lostEvents, tracks, arrows } = recording
  const switches = new Array<number>(tracks.length).fill(0)
  for (const { kind, to } of arrows) {
    if (kind === 'switch' || kind === 'resume') switches[to] = (switches[to] ?? 0) + 1
  }
  const total = new Times()
  let longest: { readonly track: Track; readonly index: number } | null = null
  const greenlets = tracks.map((track): GreenletSummary => {
    const own = new Times()
    own.switches = switches[track.id] ?? 0
    for (const span of track.spans) own.add(span, track.name)
    if (own.longestRunMs > total.longestRunMs || (longest === null && own.longestRun !== null))
      longest = { track, index: track.spans.findIndex((span) => span === own.longestRun) }
    total.join(own.read())
    const { id, name, kind, end, error } = track
    return { track: id, name, kind, end, error, ...own.read() }
  })
  return { title, durationMs, lostEvents, greenlets, total: total.read(), longestRun: runOf(longest) }
}

function runOf(longest: { readonly track: Track; readonly index: number } | null): RunSummary | null {
  if (longest === null) return null
  const { track, index } = longest
  const [before, span, after] = [track.spans[index - 1], track.spans[index], track.spans[index + 1]]
  if (span === undefined) return null
  return {
    ms: span.toMs - span.fromMs,
    atMs: span.fromMs,
    name: track.name,
    track: track.id,
    from: before?.place ?? null,
    to: after?.place ?? null,
  }
}

/** Times that are being added up. */
class Times {
  busyMs = 0
  readyMs = 0
  waitingMs = 0
  switchedMs = 0
  switches = 0
  longestRun: Span | null = null
  longestRunMs = 0
  readonly #waits = new Map<string, { -readonly [Key in keyof WaitSummary]: WaitSummary[Key] }>()

  add(span: Span, name: string): void {
    const ms = span.toMs - span.fromMs
    switch (span.kind) {
      case 'running':
        this.busyMs += ms
        if (this.longestRun !== null && ms <= this.longestRunMs) return
        this.longestRun = span
        this.longestRunMs = ms
        return
      case 'ready':
        this.readyMs += ms
        return
      case 'switched':
        this.switchedMs += ms
        return
      case 'waiting':
        this.waitingMs += ms
        this.#addWaits({ cause: causeOf(span), count: 1, totalMs: ms, longestMs: ms, longestBy: name })
    }
  }

  join(other: TimeSummary): void {
    this.busyMs += other.busyMs
    this.readyMs += other.readyMs
    this.waitingMs += other.waitingMs
    this.switchedMs += other.switchedMs
    this.switches += other.switches
    this.longestRunMs = Math.max(this.longestRunMs, other.longestRunMs)
    for (const waits of other.waits) this.#addWaits(waits)
  }

  #addWaits(waits: WaitSummary): void {
    const known = this.#waits.get(waits.cause)
    if (known === undefined) {
      this.#waits.set(waits.cause, { ...waits })
      return
    }
    known.count += waits.count
    known.totalMs += waits.totalMs
    if (waits.longestMs <= known.longestMs) return
    known.longestMs = waits.longestMs
    known.longestBy = waits.longestBy
  }

  read(): TimeSummary {
    const { busyMs, readyMs, waitingMs, switchedMs, switches, longestRunMs } = this
    const waits = [...this.#waits.values()].sort((one, other) => other.totalMs - one.totalMs)
    return { busyMs, readyMs, waitingMs, switchedMs, switches, longestRunMs, waits }
  }
}

/** What a wait was for: the call, up to its parenthesis. */
function causeOf({ what }: Span): string {
  const cause = what?.split('(', 1)[0]?.trim() ?? ''
  return cause === '' ? 'a wait' : cause
}

/** Several in one: the times are added, the longest run is that of all. */
export function together(all: readonly TimeSummary[]): TimeSummary {
  const times = new Times()
  for (const one of all) times.join(one)
  return times.read()
}

/** What was recorded, in a line: `app.ts: 302 ms, 3 greenlets, 14 switches`. */
export function headline({ title, durationMs, tracks, arrows }: Recording, ascii: boolean): string {
  const greenlets = counted(tracks.filter(({ kind }) => kind !== 'main').length, 'greenlet')
  const switches = arrows.filter(({ kind }) => kind === 'switch' || kind === 'resume').length
  const facts = `${duration(durationMs, ascii)}, ${greenlets}, ${counted(switches, 'switch', 'switches')}`
  return title === '' ? facts : `${clean(title, ascii)}: ${facts}`
}

/** What is to be said of a recording that is not whole; null: it is. */
export function lossOf({ lostEvents }: Recording): string | null {
  if (lostEvents === 0) return null
  return `The oldest ${counted(lostEvents, 'event was', 'events were')} lost: the buffer of the recorder was full, and the beginning is missing.`
}

/** How long several took, and how the others compare with the first, a line for each. */
export function comparison(recordings: readonly Recording[], ascii: boolean): string[] {
  const [first] = recordings
  if (first === undefined || recordings.length < 2) return []
  const names = recordings.map(({ title }, index) => (title === '' ? `recording ${index + 1}` : clean(title, ascii)))
  return recordings.map(({ durationMs }, index) => {
    const took = `${names[index] ?? ''} took ${duration(durationMs, ascii)}`
    return index === 0 ? `${took}.` : `${took}: ${ratio(first.durationMs, durationMs)} ${names[0] ?? ''}.`
  })
}

function ratio(firstMs: number, ms: number): string {
  const times = (value: number): string => value.toFixed(value < 9.95 ? 1 : 0)
  if (firstMs <= 0 || ms <= 0) return firstMs === ms ? 'as long as' : 'no ratio to'
  if (times(firstMs / ms) === '1.0' || times(ms / firstMs) === '1.0') return 'about as long as'
  return ms < firstMs ? `${times(firstMs / ms)} times as fast as` : `${times(ms / firstMs)} times as long as`
}
