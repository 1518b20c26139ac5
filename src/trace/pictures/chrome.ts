/**
 * A recording as a file for Perfetto and `chrome://tracing`: the JSON object of the Trace Event Format.
 *
 * A recording is a process there, a greenlet a thread, each of its spans a complete event (`X`). Switches and wakes are flows, an arrow from
 * slice to slice each; kills and failures are instants. Beside the events lies the recording itself, so that nothing is lost by the way: what
 * {@link readChromeTrace} gives is what {@link chromeTrace} was given. It lies behind the events, since Perfetto reads no further when it
 * meets a key that it does not know.
 *
 * Stands on what a recording is. The format: "Trace Event Format", Google, and Perfetto's page on other formats.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Arrow, Place, Recording, Span, SpanKind, Track } from '../record/recording.ts'
import { faultOf, recordingsOf } from './given.ts'

/** An event of the Trace Event Format, as far as we write them. Times are in microseconds. */
export type ChromeEvent =
  | {
      /** The kind of event. */
      readonly ph: 'X'
      /** What it is called. */
      readonly name: string
      /** What it belongs to. */
      readonly cat: string
      /** When, in microseconds. */
      readonly ts: number
      /** How long, in microseconds. */
      readonly dur: number
      /** The process: a recording. */
      readonly pid: number
      /** The thread: a track. */
      readonly tid: number
      /** The name of a colour. */
      readonly cname: string
      /** What a click on it shows. */
      readonly args?: Readonly<Record<string, string>>
    }
  | {
      /** The kind of event. */
      readonly ph: 's' | 'f'
      /** Of the end of a flow: it belongs to the slice that it lies in, not to the next one. */
      readonly bp?: 'e'
      /** What it is called. */
      readonly name: string
      /** What it belongs to. */
      readonly cat: string
      /** Pairs the beginning of an arrow with its end. */
      readonly id: number
      /** When, in microseconds. */
      readonly ts: number
      /** The process: a recording. */
      readonly pid: number
      /** The thread: a track. */
      readonly tid: number
    }
  | {
      /** The kind of event. */
      readonly ph: 'i'
      /** What it is called. */
      readonly name: string
      /** What it belongs to. */
      readonly cat: string
      /** When, in microseconds. */
      readonly ts: number
      /** The process: a recording. */
      readonly pid: number
      /** The thread: a track. */
      readonly tid: number
      /** It belongs to its thread. */
      readonly s: 't'
      /** What a click on it shows. */
      readonly args?: Readonly<Record<string, string>>
    }
  | {
      /** The kind of event. */
      readonly ph: 'M'
      /** What it is called. */
      readonly name: 'process_name' | 'process_labels' | 'process_sort_index' | 'thread_name' | 'thread_sort_index'
      /** The process: a recording. */
      readonly pid: number
      /** The thread: a track. */
      readonly tid: number
      /** What a click on it shows. */
      readonly args: Readonly<Record<string, string | number>>
    }

/** What is written to a file, by `JSON.stringify`. */
export interface ChromeTrace {
  /** In what times are shown. */
  readonly displayTimeUnit: 'ms'
  /** What wrote it. */
  readonly otherData: Readonly<Record<string, string>>
  /** What is drawn. */
  readonly traceEvents: readonly ChromeEvent[]
  /** The recordings themselves. */
  readonly greenloop: {
    /** Of this form. */
    readonly version: 1
    /** What `readChromeTrace` gives back. */
    readonly recordings: readonly Recording[]
  }
}

const VERSION = 1
type MetadataName = Extract<ChromeEvent, { ph: 'M' }>['name']
/** The colours of `chrome://tracing` for what threads do. */
const COLOURS: Readonly<Record<SpanKind, string>> = {
  running: 'thread_state_running',
  ready: 'thread_state_runnable',
  waiting: 'thread_state_sleeping',
  switched: 'thread_state_unknown',
}

/**
 * Makes what Perfetto (ui.perfetto.dev) and `chrome://tracing` open, when it is written to a file by `JSON.stringify`.
 *
 * @param recordings - what was recorded: one recording, or several, each of which is a process there.
 * @returns plain data; the recordings are in it as they are, not copied.
 * @throws UsageError when it is given no recording.
 * @switches never
 * @example
 * ```ts
 * import { sleep } from 'greenloop'
 * import { chromeTrace, readChromeTrace, record } from 'greenloop/trace'
 *
 * const { recording } = await record(function* () {
 *   yield* sleep(5)
 * })
 * const text = JSON.stringify(chromeTrace(recording))
 * console.log(readChromeTrace(text)[0]?.durationMs === recording.durationMs) // true
 * ```
 */
export function chromeTrace(recordings: Recording | readonly Recording[]): ChromeTrace {
  const all = recordingsOf('chromeTrace()', recordings)
  const events: ChromeEvent[] = []
  let tracks = 0
  let arrows = 0
  for (const [index, recording] of all.entries()) {
    new Process(recording, index, tracks, arrows, events).write()
    tracks += recording.tracks.length
    arrows += recording.arrows.length
  }
  return {
    displayTimeUnit: 'ms',
    otherData: { producer: 'greenloop' },
    traceEvents: events,
    greenloop: { version: VERSION, recordings: all },
  }
}

/**
 * Writes the events of one recording.
 *
 * The order of events at one time tells which slice a flow belongs to, since readers keep it: the beginning of a flow stands behind the
 * slice that it leaves and before the next one of that thread, its end behind the slice that it arrives at.
 */
class Process {
  readonly #recording: Recording
  readonly #index: number
  readonly #pid: number
  /** The number of its first flow. */
  readonly #flows: number
  readonly #events: ChromeEvent[]
  /** Of each track how many of its spans are written. */
  readonly #written: Uint32Array

  /**
   * Threads and flows are numbered through all recordings, since not every reader looks at the process as well; 0 is the idle thread of
   * the system. As on Linux the main thread has the number of its process.
   */
  constructor(recording: Recording, index: number, tracks: number, arrows: number, events: ChromeEvent[]) {
    this.#recording = recording
    this.#index = index
    this.#pid = tracks + 1
    this.#flows = arrows + 1
    this.#events = events
    this.#written = new Uint32Array(recording.tracks.length)
  }

  write(): void {
    const { title, lostEvents, tracks, arrows } = this.#recording
    this.#meta('process_name', 0, { name: title === '' ? `recording ${this.#index + 1}` : title })
    this.#meta('process_sort_index', 0, { sort_index: this.#index })
    if (lostEvents > 0) this.#meta('process_labels', 0, { labels: `the oldest ${lostEvents} events are lost` })
    for (const { id, name } of tracks) {
      this.#meta('thread_name', id, { name })
      this.#meta('thread_sort_index', id, { sort_index: id })
    }
    for (const [index, arrow] of arrows.entries()) this.#arrow(arrow, index)
    for (const track of tracks) {
      this.#spansUpTo(track, track.spans.length - 1)
      if (track.end !== 'failed') continue
      const args = { error: track.error ?? '' }
      const ts = microseconds(track.endedMs ?? 0)
      this.#events.push({
        ph: 'i',
        name: 'failed',
        cat: 'end',
        ts,
        pid: this.#pid,
        tid: this.#tid(track),
        s: 't',
        args,
      })
    }
  }

  #tid({ id }: Track): number {
    return this.#pid + id
  }

  #meta(name: MetadataName, track: number, args: Readonly<Record<string, string | number>>): void {
    this.#events.push({ ph: 'M', name, pid: this.#pid, tid: this.#pid + track, args })
  }

  #arrow({ kind, from, to, atMs, thrown }: Arrow, index: number): void {
    const [source, target] = [this.#recording.tracks[from], this.#recording.tracks[to]]
    if (source === undefined || target === undefined || kind === 'resume') return
    const [ts, pid] = [microseconds(atMs), this.#pid]
    if (kind === 'kill') {
      const args = { by: source.name }
      this.#events.push({ ph: 'i', name: 'interrupt', cat: kind, ts, pid, tid: this.#tid(target), s: 't', args })
      return
    }
    const name = thrown ? `${kind} with an error` : kind
    const flow = { name, cat: kind, id: this.#flows + index, ts, pid }
    this.#spansUpTo(source, this.#left(source, atMs))
    this.#events.push({ ph: 's', ...flow, tid: this.#tid(source) })
    this.#spansUpTo(target, this.#reached(target, atMs, kind === 'wake' ? 'ready' : 'running'))
    this.#events.push({ ph: 'f', bp: 'e', ...flow, tid: this.#tid(target) })
  }

  /** The span that an arrow at `atMs` leaves: where `track` runs then, else the one that it is in. */
  #left({ id, spans }: Track, atMs: number): number {
    const last = (this.#written[id] ?? 0) - 1
    let inIt = last
    for (let index = Math.max(0, last); index < spans.length; index++) {
      const span = spans[index]
      if (span === undefined || span.fromMs > atMs) break
      if (span.toMs < atMs) continue
      if (span.kind === 'running') return index
      if (inIt === last) inIt = index
    }
    return inIt
  }

  /** The span that an arrow at `atMs` reaches: the next one of its kind that begins then, else the one that `track` is in. */
  #reached({ id, spans }: Track, atMs: number, kind: SpanKind): number {
    let inIt = (this.#written[id] ?? 0) - 1
    for (let index = inIt + 1; index < spans.length; index++) {
      const span = spans[index]
      if (span === undefined || span.fromMs > atMs) break
      if (span.kind === kind && span.fromMs === atMs) return index
      inIt = index
    }
    return inIt
  }

  /** Writes the spans of `track` that are not written yet, up to the one at `index`. */
  #spansUpTo(track: Track, index: number): void {
    const { id, spans } = track
    for (let at = this.#written[id] ?? 0; at <= index; at++) {
      const span = spans[at]
      if (span !== undefined) this.#events.push(this.#slice(span, this.#tid(track)))
    }
    this.#written[id] = Math.max(this.#written[id] ?? 0, index + 1)
  }

  #slice({ kind, fromMs, toMs, what, place }: Span, tid: number): ChromeEvent {
    const ts = microseconds(fromMs)
    const dur = microseconds(toMs) - ts
    const name = what === null ? kind : kind === 'switched' ? `switched to ${what}` : what
    const slice = { ph: 'X', name, cat: kind, ts, dur, pid: this.#pid, tid, cname: COLOURS[kind] } as const
    return place === null ? slice : { ...slice, args: { place: placeText(place) } }
  }
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`
}

/** Rounded to an eighth, which is exact as a binary and as a decimal fraction: so the end of a slice is the beginning of the next. */
function microseconds(ms: number): number {
  return Math.round(8000 * ms) / 8
}

/**
 * Reads the recordings out of a trace that {@link chromeTrace} has made.
 *
 * @param text - the content of the file.
 * @returns the recordings, just as they were written.
 * @throws UsageError when the text is no trace of ours; its one line says what is wrong, and where.
 * @switches never
 * @example
 * ```ts
 * import { chromeTrace, readChromeTrace, Recorder } from 'greenloop/trace'
 *
 * const recording = new Recorder({ title: 'nothing' }).start().stop().read()
 * console.log(readChromeTrace(JSON.stringify(chromeTrace(recording)))[0]?.title) // nothing
 * try {
 *   readChromeTrace('{"traceEvents":[]}')
 * } catch (err) {
 *   console.log(String(err).split(', ')[1]) // but this is the trace of another program: it has no `greenloop`.
 * }
 * ```
 */
export function readChromeTrace(text: string): Recording[] {
  if (typeof text !== 'string') throw wrong(`but got ${show(text)}.`)
  const trace = parse(text)
  if (typeof trace !== 'object' || trace === null || Array.isArray(trace)) throw wrong(`but this is ${kindOf(trace)}.`)
  const { traceEvents, greenloop } = trace as Partial<Record<keyof ChromeTrace, unknown>> // an object
  if (greenloop === undefined)
    throw wrong(
      Array.isArray(traceEvents)
        ? 'but this is the trace of another program: it has no `greenloop`.'
        : 'but this is no trace: it has neither `traceEvents` nor `greenloop`.',
    )
  if (typeof greenloop !== 'object' || greenloop === null) throw wrong(`but its \`greenloop\` is ${kindOf(greenloop)}.`)
  const { version, recordings } = greenloop as Partial<Record<'version' | 'recordings', unknown>> // an object
  if (version !== VERSION)
    throw wrong(
      `of version ${VERSION}, but its \`greenloop.version\` is ${version === undefined ? 'missing' : show(version)}.`,
    )
  const fault = recordings === undefined ? { path: '', expected: 'a list', value: undefined } : faultOf(recordings)
  if (fault === null && (recordings as unknown[]).length > 0) return recordings as Recording[] // each of its fields was looked at
  const { path, expected, value } = fault ?? { path: '', expected: 'a list of one at least', value: recordings }
  const is = value === undefined ? 'is missing' : `is ${kindOf(value)}`
  throw wrong(`but its \`recordings${path}\` ${is}, and was expected to be ${expected}.`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/gu, ' ') : ''
    throw wrong(`but this is no JSON: ${reason}.`, cause)
  }
}

/** A value as it came from JSON. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return show(value)
}

function wrong(why: string, cause?: unknown): UsageError {
  const options = cause === undefined ? {} : { cause }
  return new UsageError(`readChromeTrace() expects the text of a trace that greenloop has written, ${why}`, options)
}
