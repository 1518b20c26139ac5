/**
 * Recordings made by hand: who did what from when to when, in a few words.
 *
 * ```
 * recordingOf('app.ts', {
 *   main: '0 running 1 waiting:joinall() 10 running 11',
 *   'a-1': '1 ready 2 running 3 waiting:sleep(6) 9 running 10 returned',
 * })
 * ```
 */
import type { Arrow, End, Recording, Span, SpanKind, Track } from 'greenloop/trace'

const ENDS: readonly string[] = ['returned', 'failed', 'killed']

/** What may be said of a recording besides its tracks. */
export interface Extras {
  arrows?: readonly Arrow[]
  lostEvents?: number
  durationMs?: number
  /** Names of greenlets that live on `switch()` alone. */
  raw?: readonly string[]
  /** Greenlets that lived already when the recording began. */
  older?: readonly string[]
}

/** A recording of greenlets by their names, `main` first; it lasts until the last of them has come to its end. */
export function recordingOf(title: string, lives: Readonly<Record<string, string>>, extras: Extras = {}): Recording {
  const { arrows = [], lostEvents = 0, raw = [], older = [] } = extras
  const tracks = Object.entries(lives).map(([name, life], id) => trackOf(id, name, life, raw, older))
  const last = Math.max(0, ...tracks.map(({ spans }) => spans.at(-1)?.toMs ?? 0))
  return {
    title,
    beganAt: 1_790_000_000_000,
    durationMs: extras.durationMs ?? last,
    lostEvents,
    locations: tracks.some(({ spans }) => spans.some(({ place }) => place !== null)),
    tracks,
    arrows,
  }
}

/** An arrow in a word: `switch 0>1 @2.5`, `throw 1>0 @3`, `wake 0>1 @4`. */
export function arrowsOf(...words: readonly string[]): Arrow[] {
  return words.map((word) => {
    const match = /^(?<kind>\w+) (?<from>\d+)>(?<to>\d+) @(?<at>[\d.]+)$/u.exec(word)
    const { kind = '', from, to, at } = match?.groups ?? {}
    return {
      kind: kind === 'throw' ? 'switch' : (kind as Arrow['kind']), // a test writes it
      from: Number(from),
      to: Number(to),
      atMs: Number(at),
      thrown: kind === 'throw' || kind === 'kill',
    }
  })
}

/** A life in words: times, and between them what was done: `running`, `waiting:sleep(5)`, `waiting:get()@app.ts:3`. */
function trackOf(id: number, name: string, life: string, raw: readonly string[], older: readonly string[]): Track {
  const words = life.split(/ +/u)
  const [how = ''] = words.slice(-1)
  const end = ENDS.includes(how) ? (how as End) : null // looked at
  if (end !== null) words.pop()
  const spans: Span[] = []
  for (let index = 0; index + 2 < words.length; index += 2) {
    const [kind = '', detail = ''] = (words[index + 1] ?? '').split(/:(.*)/u)
    const [what = '', file = ''] = detail.split('@')
    const [, path = '', line] = /^(.*):(\d+)$/u.exec(file) ?? []
    spans.push({
      kind: kind as SpanKind, // a test writes it
      fromMs: Number(words[index]),
      toMs: Number(words[index + 2]),
      what: what === '' ? null : what.replaceAll('_', ' '),
      place: file === '' ? null : { file: path, line: Number(line) },
    })
  }
  return {
    id,
    name,
    kind: id === 0 ? 'main' : raw.includes(name) ? 'raw' : 'greenlet',
    spawner: id === 0 ? null : 0,
    spawnedMs: id === 0 || older.includes(name) ? null : Number(words[0]),
    spawnedAt: null,
    endedMs: end === null ? null : Number(words.at(-1)),
    end,
    error: end === 'failed' ? 'Error: it broke' : null,
    spans,
  }
}
