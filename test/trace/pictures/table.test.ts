// The summary of a recording as a table: whole pictures, so that a change of one is seen.
import { stripVTControlCharacters } from 'node:util'
import { formatSummary, type Recording } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { usage } from '../../support/thrown.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'

/** Lines as they are printed. */
function printed(lines: TemplateStringsArray): string {
  return (lines.raw[0] ?? '').replace(/^\n/u, '').replace(/\n$/u, '')
}

const lesson = (): Recording =>
  recordingOf(
    'greenlets.ts',
    {
      main: '0 running 1.2 waiting:joinall([a,_b]) 302 running 302.4',
      'getPage-1':
        '0.8 ready 1.2 running 1.9 waiting:fetch("a") 121 running 122 waiting:sleep(1) 123 running 124 returned',
      'getPage-2': '0.9 ready 1.9 running 2.4 waiting:fetch("b") 300.2 running 301.8 failed',
      'getPage-3': '1.0 ready 2.4 running 2.9 waiting:fetch("c") 203 running 204 killed',
    },
    { arrows: arrowsOf('resume 0>1 @1.2', 'resume 0>2 @1.9', 'resume 0>3 @2.4', 'resume 0>1 @121') },
  )

/** A recording of a hundred alike, one of which has failed and one of which held the others up. */
const crowd = (): Recording =>
  recordingOf('', {
    main: '0 running 1 waiting:joinall() 200 running 201',
    ...Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => {
        const run = n === 41 ? 30 : 1
        return [
          `fetch-${n}`,
          `1 ready 2 running ${2 + run} waiting:fetch() 100 returned`.replace(
            'returned',
            n === 7 ? 'failed' : 'returned',
          ),
        ]
      }),
    ),
    watcher: '1 ready 2 waiting:sleep(500) 201',
  })

describe('formatSummary()', () => {
  it('has a row for each greenlet, the waits by their causes below, and the longest run', () => {
    expect(formatSummary(lesson(), { width: 100 })).toBe(printed`
greenlets.ts: 302 ms, 3 greenlets, 4 switches

greenlet      busy    ready  waiting  switches  longest  end       waits in
main       1.60 ms     0 ms   301 ms         0  1.20 ms            joinall 301 ms
getPage-1  2.70 ms  0.40 ms   120 ms         2  1.00 ms  returned  fetch 119 ms, sleep 1.00 ms
getPage-2  2.10 ms  1.00 ms   298 ms         1  1.60 ms  failed    fetch 298 ms
getPage-3  1.50 ms  1.40 ms   200 ms         1  1.00 ms  killed    fetch 200 ms
together   7.90 ms  2.80 ms   919 ms         4  1.60 ms

slowest waits  count    total  longest  of
fetch              3   617 ms   298 ms  getPage-2
joinall            1   301 ms   301 ms  main
sleep              1  1.00 ms  1.00 ms  getPage-1

Longest run without a switch: 1.60 ms of getPage-2, at 300 ms.
`)
  })

  it('names the causes only where their times have no room', () => {
    const [, , , , first] = formatSummary(lesson()).split('\n')
    expect(first).toBe('getPage-1  2.70 ms  0.40 ms   120 ms         2  1.00 ms  returned  fetch, sleep')
  })

  it('leaves out columns, the least telling first, where the width is small', () => {
    expect(formatSummary(lesson(), { width: 40, ascii: true })).toBe(printed`
greenlets.ts: 302 ms, 3 greenlets, 4
switches

greenlet      busy  waiting  end
main       1.60 ms   301 ms
getPage-1  2.70 ms   120 ms  returned
getPage-2  2.10 ms   298 ms  failed
getPage-3  1.50 ms   200 ms  killed
together   7.90 ms   919 ms

slowest waits  count    total  longest
fetch              3   617 ms   298 ms
joinall            1   301 ms   301 ms
sleep              1  1.00 ms  1.00 ms

Longest run without a switch: 1.60 ms of
getPage-2, at 300 ms.
`)
  })

  it('has alike ones share a row where there are too many, and keeps those apart that are worse', () => {
    expect(formatSummary(crowd(), { rows: 8 })).toBe(printed`
201 ms, 101 greenlets, 0 switches

greenlet         busy    ready  waiting  switches  longest  end       waits in
main          2.00 ms     0 ms   199 ms         0  1.00 ms            joinall
fetch-7       1.00 ms  1.00 ms  97.0 ms         0  1.00 ms  failed    fetch
fetch-41      30.0 ms  1.00 ms  68.0 ms         0  30.0 ms  returned  fetch
fetch-* (98)  98.0 ms  98.0 ms   9.51 s         0  1.00 ms  returned  fetch
watcher          0 ms  1.00 ms   199 ms         0     0 ms  lives     sleep
together       131 ms   101 ms   10.1 s         0  30.0 ms

slowest waits  count   total  longest  of
fetch            100  9.67 s  97.0 ms  fetch-0
joinall            1  199 ms   199 ms  main
sleep              1  199 ms   199 ms  watcher

Longest run without a switch: 30.0 ms of fetch-41, at 2.00 ms.
`)
  })

  it('keeps apart who ran and who waited for much longer than usual, but nobody for less than a millisecond', () => {
    const lives = Array.from({ length: 50 }, (_, n) => {
      const run = n === 3 ? 5 : n < 20 ? 0.9 : 0.1
      return [`nap-${n}`, `0 running ${run} waiting:sleep() ${run + (n === 7 ? 30 : 10)} returned`]
    })
    const recording = recordingOf('', {
      main: '0 running 31',
      ...(Object.fromEntries(lives) as Record<string, string>),
    })
    const names = formatSummary(recording, { rows: 10 })
      .split('\n')
      .flatMap((line) => /^nap-\S+( \(.*?\))?/u.exec(line)?.[0] ?? [])
    expect(names).toEqual(['nap-3', 'nap-7', 'nap-* (48)'])
  })

  it('says of a row for many how the worst of them ended, and how many', () => {
    const ends = (rows: number): string[] =>
      formatSummary(crowd(), { rows })
        .split('\n')
        .filter((line) => line.startsWith('fetch-* '))
        .map((line) => line.replace(/^(\S+ \S+).*ms {2}(.*?) +fetch$/u, '$1: $2'))
    expect(ends(3)).toEqual(['fetch-* (100): 1 failed'])
    expect(ends(4)).toEqual(['fetch-* (99): returned'])
  })

  it('puts those that are left over into a row when there are too many of different names', () => {
    const names = 'ant bee cat dog eel fox'.split(' ')
    const lives = names.map((name, n) => [name, `0 running ${n === 2 ? 9 : 1} returned`] as const)
    const picture = formatSummary(recordingOf('zoo', { main: '0 running 1', ...Object.fromEntries(lives) }), {
      rows: 3,
    })
    expect(picture.split('\n').slice(2, 7)).toEqual([
      'greenlet       busy  switches  longest  end',
      'main        1.00 ms         0  1.00 ms',
      'cat         9.00 ms         0  9.00 ms  returned',
      'others (5)  5.00 ms         0  1.00 ms  returned',
      'together    15.0 ms         0  9.00 ms',
    ])
  })

  it('lists eight causes, and the others together', () => {
    const life = Array.from({ length: 11 }, (_, n) => `${n} waiting:call${n}()`).join(' ')
    const picture = formatSummary(recordingOf('', { main: `${life} 11` }))
    expect(picture.split('\n').slice(-10)).toEqual([
      'slowest waits  count    total  longest  of',
      ...Array.from({ length: 8 }, (_, n) => `call${n}              1  1.00 ms  1.00 ms  main`),
      '3 more             3  3.00 ms  1.00 ms',
    ])
  })

  it('says between which places the longest run was', () => {
    const recording = recordingOf('', {
      main: '0 waiting:get()@file:///srv/app/main.ts:3 1 running 90 waiting:get()@/srv/app/main.ts:12 91',
    })
    expect(formatSummary(recording, { width: 90 }).split('\n').at(-1)).toBe(
      'Longest run without a switch: 89.0 ms of main, at 1.00 ms, from main.ts:3 to main.ts:12.',
    )
  })

  it('says that the beginning was lost', () => {
    const picture = formatSummary(recordingOf('', { main: '0 running 1' }, { lostEvents: 1234 }))
    expect(picture).toBe(printed`
1.00 ms, 0 greenlets, 0 switches

greenlet     busy  switches  longest
main      1.00 ms         0  1.00 ms

Longest run without a switch: 1.00 ms of main, at 0 ms.

The oldest 1,234 events were lost: the buffer of the recorder was full, and the
beginning is missing.
`)
  })

  it('writes several below each other, and compares them with the first', () => {
    const took = (title: string, ms: number): Recording => recordingOf(title, { main: `0 running ${ms}` })
    const compared = (...recordings: readonly Recording[]): string[] =>
      formatSummary(recordings).split('\n\n').at(-1)?.split('\n') ?? []
    expect(compared(took('a.ts', 900), took('b.ts', 300), took('c.ts', 905), took('', 45_000))).toEqual([
      'a.ts took 900 ms.',
      'b.ts took 300 ms: 3.0 times as fast as a.ts.',
      'c.ts took 905 ms: about as long as a.ts.',
      'recording 4 took 45.0 s: 50 times as long as a.ts.',
    ])
    expect(compared(took('', 0), took('', 0), took('', 1))).toEqual([
      'recording 1 took 0 ms.',
      'recording 2 took 0 ms: as long as recording 1.',
      'recording 3 took 1.00 ms: no ratio to recording 1.',
    ])
  })

  it('is bold and grey where it is to be coloured, and says the same', () => {
    const picture = formatSummary(lesson(), { color: true })
    expect(picture.split('\n')[0]).toBe('\u001b[1mgreenlets.ts: 302 ms, 3 greenlets, 4 switches\u001b[0m')
    expect(stripVTControlCharacters(picture)).toBe(formatSummary(lesson()))
  })

  it('refuses what is no recording, and sizes that are none', () => {
    const sized = (options: object) => () => formatSummary(lesson(), options)
    expect(usage(() => formatSummary([]))).toBe(
      'formatSummary() expects a recording, or a list of recordings, but got an empty list.',
    )
    expect(usage(() => formatSummary([lesson(), null as unknown as Recording]))).toBe(
      'formatSummary() expects a recording, or a list of recordings, but got null.',
    )
    expect(usage(sized({ width: 79.5 }))).toBe(
      'formatSummary() expects `width` to be an integer, 1 or more, but got 79.5 (number).',
    )
    expect(usage(sized({ rows: '9' }))).toBe(
      'formatSummary() expects `rows` to be an integer, 1 or more, but got "9" (string).',
    )
  })
})
