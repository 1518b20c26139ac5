// Random recordings: whatever is in them, pictures keep their width, sums are those of the spans, and traces come back as they were.
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import {
  chromeTrace,
  drawTimeline,
  formatSummary,
  type Recording,
  readChromeTrace,
  summarize,
  type Track,
} from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { widthOf } from '../../../src/trace/pictures/text/columns.ts'
import { traceFaults } from '../support/trace-format.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_127

const text = fc.oneof(
  fc.constantFrom('sleep(5)', 'queue.get()', 'joinall([a, b])', 'fetch-12', 'fetch-13', '王思聪', '', 'a\nb'),
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.string({ maxLength: 8, unit: 'grapheme' }),
)
const ms = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1e-3, noNaN: true }),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
)
const place = fc.option(fc.record({ file: text, line: fc.integer({ min: 1, max: 9999 }) }))

const life = fc.record({
  name: text,
  isRaw: fc.boolean(),
  fromMs: fc.option(ms),
  spans: fc.array(
    fc.record({ kind: fc.constantFrom('running', 'ready', 'waiting', 'switched'), ms, what: fc.option(text), place }),
    { maxLength: 6 },
  ),
  end: fc.option(fc.constantFrom('returned', 'failed', 'killed')),
  spawnedAt: place,
})

function kindOf(id: number, isRaw: boolean): Track['kind'] {
  if (id === 0) return 'main'
  return isRaw ? 'raw' : 'greenlet'
}

/** A recording whose parts agree: spans without gaps, arrows between tracks that are there. */
const recording: fc.Arbitrary<Recording> = fc
  .record({
    title: text,
    lives: fc.array(life, { minLength: 1, maxLength: 8 }),
    arrows: fc.array(
      fc.record({
        kind: fc.constantFrom('switch', 'resume', 'wake', 'kill'),
        from: fc.nat(),
        to: fc.nat(),
        share: fc.integer({ min: 0, max: 10 }),
        thrown: fc.boolean(),
      }),
      { maxLength: 12 },
    ),
    lostEvents: fc.oneof(fc.constant(0), fc.nat()),
    beganAt: fc.nat(),
  })
  .map(({ title, lives, arrows, lostEvents, beganAt }) => {
    const tracks = lives.map(({ name, isRaw, fromMs, spans, end, spawnedAt }, id) => {
      let at = fromMs ?? 0
      const placed = spans.map(({ ms: length, ...span }) => {
        const begin = at
        at += length
        return { ...span, fromMs: begin, toMs: at }
      })
      return {
        ...{ id, name, kind: kindOf(id, isRaw), spawner: id === 0 ? null : 0 },
        ...{
          spawnedMs: fromMs,
          spawnedAt,
          endedMs: end === null ? null : at,
          end,
          error: end === 'failed' ? name : null,
        },
        spans: placed,
      } as const
    })
    const durationMs = Math.max(...tracks.map(({ spans }) => spans.at(-1)?.toMs ?? 0))
    const placed = arrows.map(({ share, from, to, ...arrow }) => ({
      ...arrow,
      ...{ from: from % tracks.length, to: to % tracks.length, atMs: (durationMs * share) / 10 },
    }))
    placed.sort((one, other) => one.atMs - other.atMs)
    return { title, beganAt, durationMs, lostEvents, locations: true, tracks, arrows: placed }
  })

const width = fc.integer({ min: 40, max: 200 })
const rows = fc.integer({ min: 1, max: 14 })
const recordings = fc.array(recording, { minLength: 1, maxLength: 3 })

function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void, numRuns = 50): void {
  fc.assert(fc.property(arbitrary, property), { seed: SEED, numRuns })
}

/** The lines of a picture, as a terminal shows them. */
function shown(picture: string): string[] {
  return stripVTControlCharacters(picture).split('\n')
}

describe('of any recordings', () => {
  it('the lines of pictures are no wider than they may be, and end without spaces', () => {
    check(fc.tuple(recordings, width, rows, fc.boolean()), ([all, columns, most, color]) => {
      const options = { width: columns, rows: most, color }
      for (const line of [...shown(drawTimeline(all, options)), ...shown(formatSummary(all, options))])
        expect([line, widthOf(line) <= columns]).toEqual([line, true])
    })
  })

  it('pictures in ASCII are in ASCII, and those without colour hold nothing that a terminal would obey', () => {
    check(fc.tuple(recordings, width), ([all, columns]) => {
      for (const picture of [drawTimeline, formatSummary]) {
        expect(picture(all, { width: columns, ascii: true })).toMatch(/^[\n\x20-\x7e]*$/u)
        expect(picture(all, { width: columns }).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
      }
    })
  })

  it('colours change nothing but the colours', () => {
    check(fc.tuple(recordings, width), ([all, columns]) => {
      for (const picture of [drawTimeline, formatSummary]) {
        const lines = picture(all, { width: columns }).split('\n')
        expect(shown(picture(all, { width: columns, color: true })).map((line) => line.trimEnd())).toEqual(lines)
      }
    })
  })

  it('as many bars are drawn as there are greenlets, or as fit', () => {
    check(fc.tuple(recording, rows), ([one, most]) => {
      const quiet = { ...one, arrows: [], lostEvents: 0, title: '' }
      const lines = drawTimeline(quiet, { rows: most, width: 200 }).split('\n')
      const bars = lines.slice(3, lines.indexOf('', 3))
      expect(bars).toHaveLength(Math.min(one.tracks.length, Math.max(2, most)))
    })
  })

  it('the sums of a summary are those of the spans', () => {
    check(recording, (one) => {
      const { greenlets, total } = summarize(one)
      const spans = one.tracks.flatMap((track) => track.spans)
      const sum = (kind: string): number =>
        spans.filter((span) => span.kind === kind).reduce((all, { fromMs, toMs }) => all + (toMs - fromMs), 0)
      for (const times of [total, ...greenlets]) {
        expect(times.waits.reduce((all, { totalMs }) => all + totalMs, 0)).toBeCloseTo(times.waitingMs, 5)
        expect(times.longestRunMs).toBeLessThanOrEqual(times.busyMs)
      }
      expect(total.busyMs).toBeCloseTo(sum('running'), 5)
      expect(total.readyMs).toBeCloseTo(sum('ready'), 5)
      expect(total.waitingMs).toBeCloseTo(sum('waiting'), 5)
      expect(total.switchedMs).toBeCloseTo(sum('switched'), 5)
      expect(greenlets.reduce((all, { switches }) => all + switches, 0)).toBe(total.switches)
      expect(total.switches).toBe(one.arrows.filter(({ kind }) => kind === 'switch' || kind === 'resume').length)
    })
  })

  it('a chrome trace has no faults, and comes back as it was', () => {
    check(recordings, (all) => {
      const trace = JSON.stringify(chromeTrace(all))
      expect(traceFaults(trace)).toEqual([])
      expect(readChromeTrace(trace)).toEqual(all)
    })
  })
})
