// Timelines in a terminal: whole pictures, so that a change of one is seen.
import { type Green, joinall, RawGreenlet, sleep, spawnWith } from 'greenloop'
import { drawTimeline, Recorder, type Recording } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'

checkLeaks()

/** Lines as they are printed. */
function printed(lines: TemplateStringsArray): string {
  return (lines.raw[0] ?? '').replace(/^\n/u, '').replace(/\n$/u, '')
}

const switches = (): Recording =>
  recordingOf(
    'f1/f2',
    {
      main: '0 running 0.002 switched:f1 0.018 running 0.020',
      f1: '0.002 running 0.006 switched:f2@/app/demo.ts:4 0.01 running 0.013 switched:f2@/app/demo.ts:6 0.020',
      f2: '0.006 running 0.01 switched:f1@/app/demo.ts:9 0.013 running 0.018 returned',
    },
    {
      raw: ['f1', 'f2'],
      arrows: arrowsOf(
        'switch 0>1 @0.002',
        'switch 1>2 @0.006',
        'switch 2>1 @0.01',
        'switch 1>2 @0.013',
        'switch 2>0 @0.018',
      ),
    },
  )

const rivals = (): Recording =>
  recordingOf('rivals.ts', {
    main: '0 running 4 waiting:joinall() 60 running 62',
    'rival-1': '2 ready 4 running 16 ready 18 running 20 returned',
    'rival-2': '2 ready 6 running 6 waiting:lock.acquire() 18 running 34 failed',
    'rival-3': '2 ready 6 running 6 waiting:lock.acquire() 34 running 50 killed',
    'rival-4': '3 ready 6 running 6 waiting:lock.acquire() 50 running 62',
  })

describe('drawTimeline()', () => {
  it('draws a bar for each greenlet on a common axis, and says what it waits for', () => {
    expect(drawTimeline(rivals())).toBe(printed`
rivals.ts: 62.0 ms, 4 greenlets, 0 switches
         0          10 ms      20 ms      30 ms       40 ms      50 ms     60 ms
         ┬──────────┬──────────┬──────────┬───────────┬──────────┬──────────┬──
main     █████─ joinall() ──────────────────────────────────────────────────▄██
rival-1   ├▒▒▄█████████████▄▒███┤
rival-2   ├▒▒▒▒▄─ lock.acq… ─██████████████████▄✗
rival-3   ├▒▒▒▒▄─ lock.acquire() ──────────────██████████████████▄†
rival-4    ├▒▒▒▄─ lock.acquire() ────────────────────────────────██████████████

█ runs   ▄ runs for a moment   ▒ could run   ─ waits   ├ spawned   ┤ returned
✗ failed   † killed
`)
  })

  it('lists explicit switches below the bars, where there are few', () => {
    expect(drawTimeline(switches())).toBe(printed`
f1/f2: 20 µs, 2 greenlets, 5 switches
      0                 5 µs              10 µs             15 µs          20 µs
      ┬─────────────────┬─────────────────┬─────────────────┬─────────────────┬
main  ███████▄┄ to f1 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▄███████
f1          ├███████████████┄ to f2 ┄┄┄┄┄┄███████████▄┄ to f2 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
f2                        ├▄███████████████┄ to f1 ┄┄███████████████████┤

1  2.0 µs  main ──▶ f1
2  6.0 µs  f1   ──▶ f2  (demo.ts:4)
3   10 µs  f2   ──▶ f1  (demo.ts:9)
4   13 µs  f1   ──▶ f2  (demo.ts:6)
5   18 µs  f2   ──▶ main  (f2 returned)

█ runs   ▄ runs for a moment   ┄ has switched to another   ├ spawned
┤ returned
`)
  })

  it('draws the same in ASCII', () => {
    expect(drawTimeline(switches(), { ascii: true, width: 60 })).toBe(printed`
f1/f2: 20 us, 2 greenlets, 5 switches
      0            5 us         10 us        15 us     20 us
      +------------+------------+------------+------------+
main  #####+. to f1 .................................+#####
f1        [###########. to f2 ..########+. to f2 ..........
f2                  [+###########.......##############]

1  2.0 us  main --> f1
2  6.0 us  f1   --> f2  (demo.ts:4)
3   10 us  f2   --> f1  (demo.ts:9)
4   13 us  f1   --> f2  (demo.ts:6)
5   18 us  f2   --> main  (f2 returned)

# runs   + runs for a moment   . has switched to another
[ spawned   ] returned
`)
  })

  it('lists exactly the five switches of the first demo, also when they take no time', () => {
    const { clock, hub } = virtualHub()
    const recorder = new Recorder({ hub, title: 'demo' }).start()
    const f1: RawGreenlet = new RawGreenlet(function* f1() {
      yield* f2.switch()
      yield* f2.switch()
    })
    const f2 = new RawGreenlet(function* f2() {
      yield* f1.switch()
    })
    f1.switch()
    clock.run()
    expect(drawTimeline(recorder.stop().read(), { width: 40 })).toBe(printed`
demo: 0 ms, 2 greenlets, 5 switches
      0               0.5 µs        1 µs
      ┬───────────────┬───────────────┬
main  ▄
f1   ├▄
f2   ├▄┤

1  0 ms  main ──▶ f1
2  0 ms  f1   ──▶ f2
3  0 ms  f2   ──▶ f1
4  0 ms  f1   ──▶ f2
5  0 ms  f2   ──▶ main  (f2 returned)

▄ runs for a moment   ├ spawned
┤ returned
`)
  })

  it('draws what was recorded of a program', () => {
    const { clock, hub } = virtualHub()
    const recorder = new Recorder({ hub, title: 'lesson' }).start()
    function* getPage(ms: number): Green<void> {
      yield* sleep(ms)
    }
    const pages = [120, 250, 200].map((ms, n) => spawnWith({ name: `page-${n + 1}` }, getPage, ms))
    spawnWith({ name: 'reader' }, function* () {
      yield* joinall(pages)
    })
    clock.run()
    expect(drawTimeline(recorder.stop().read(), { width: 60 })).toBe(printed`
lesson: 250 ms, 4 greenlets, 8 switches
        0         50 ms     100 ms    150 ms    200 ms
        ┬─────────┬─────────┬─────────┬─────────┬─────────┬
main    ▄ the hub ─────────────────────────────────────────
page-1 ├▄ sleep(120) ───────────▄┤
page-2 ├▄ sleep(250) ─────────────────────────────────────▄┤
page-3 ├▄ sleep(200) ───────────────────────────▄┤
reader ├▄ joinall() for "page-1", "page-2", "page-3" ─────▄┤

▄ runs for a moment   ─ waits   ├ spawned   ┤ returned
`)
  })

  describe('shows that a greenlet ran', () => {
    const bars = (recording: Recording, cells: number): string[] =>
      drawTimeline(recording, { width: Math.max(40, cells + 3 + 4) })
        .split('\n')
        .slice(3)
        .filter((line) => /^\w+ /u.test(line))

    it('in each cell in which it ran at any time, however short', () => {
      const [, a] = bars(
        recordingOf('', { main: '0 running 33', a: '0 waiting 10.2 running 10.201 waiting 20 running 20 waiting 33' }),
        33,
      )
      expect(a).toBe('a    ├──────────▄─────────▄────────────')
    })

    it('in full where that was for half of the time, and more', () => {
      const [, a] = bars(
        recordingOf('', {
          main: '0 running 33',
          a: '0 ready 4 running 6 ready 7 running 7.5 ready 8 running 8.4 ready 33',
        }),
        33,
      )
      expect(a).toBe('a    ├▒▒▒▒██▒█▄▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒')
    })

    it('and of what it else did in a cell, what took the most of the time', () => {
      const [, a] = bars(recordingOf('', { main: '0 running 33', a: '0 waiting 4.4 ready 9.6 switched 33' }), 33)
      expect(a).toBe('a    ├────▒▒▒▒▒▒┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄')
    })
  })

  it('cuts and pads names by the columns that they take, and replaces what a terminal would obey', () => {
    const picture = drawTimeline(
      recordingOf('a\u001b[2Jb', {
        main: '0 running 10',
        '王思聪-1': '0 running 10 returned',
        'loader-🙂\n': '0 running 10 returned',
        'aVeryLongNameThatNobodyCanReadInOneGo-12345': '0 running 10 returned',
      }),
      { width: 50 },
    )
    expect(picture.split('\n').filter((_, line) => line !== 1)).toEqual([
      'a?[2Jb: 10.0 ms, 3 greenlets, 0 switches',
      '                  ┬──────────────┬──────────────┬',
      'main              ███████████████████████████████',
      '王思聪-1         ├███████████████████████████████┤',
      'loader-🙂?       ├███████████████████████████████┤',
      'aVeryLong…-12345 ├███████████████████████████████┤',
      '',
      '█ runs   ├ spawned   ┤ returned',
    ])
  })

  it('has one bar for all that have no room, in which anything is seen that ran', () => {
    const lives = Array.from({ length: 9_960 }, (_, n): [string, string] => [
      `fetch-${n}`,
      `0 ready 1 waiting:fetch() ${10 + n / 332} running ${10.001 + n / 332} returned`,
    ])
    const picture = drawTimeline(
      recordingOf('', { main: '0 running 1 waiting:joinall() 47', ...Object.fromEntries(lives) }),
      {
        ...{ rows: 4, width: 60, ascii: true },
      },
    )
    expect(picture).toBe(printed`
47.0 ms, 9,960 greenlets, 0 switches
            0         10 ms     20 ms     30 ms     40 ms
            +---------+---------+---------+---------+------
main        #- joinall() ----------------------------------
fetch-0    [:---------+]
fetch-1    [:---------+]
9,958 more  :---------++++++++++++++++++++++++++++++

# runs   + runs for a moment   : could run   - waits
[ spawned   ] returned
`)
  })

  it('draws several on one axis, and compares them', () => {
    const sequential = recordingOf('sequential.ts', {
      main: '0 running 1 waiting:fetch("a") 300 running 301 waiting:fetch("b") 600 running 601 waiting:fetch("c") 899 running 900',
    })
    const greenlets = recordingOf('greenlets.ts', {
      main: '0 running 1 waiting:joinall() 303 running 304',
      a: '1 running 2 waiting:fetch("a") 300 running 301 returned',
      b: '1 ready 2 running 3 waiting:fetch("b") 301 running 302 returned',
      c: '1 ready 3 running 4 waiting:fetch("c") 302 running 303 returned',
    })
    expect(drawTimeline([sequential, greenlets], { width: 70 })).toBe(printed`
      0             200 ms        400 ms        600 ms        800 ms
      ┬─────────────┬─────────────┬─────────────┬─────────────┬──────
sequential.ts: 900 ms, 0 greenlets, 0 switches
main  ▄─ fetch("a") ───────▄─ fetch("b") ───────▄─ fetch("c") ──────▄

greenlets.ts: 304 ms, 3 greenlets, 0 switches
main  ▄─ joinall() ────────▄
a    ├▄─ fetch("a") ───────▄┤
b    ├▄─ fetch("b") ───────▄┤
c    ├▄─ fetch("c") ───────▄┤

▄ runs for a moment   ─ waits   ├ spawned   ┤ returned

sequential.ts took 900 ms.
greenlets.ts took 304 ms: 3.0 times as fast as sequential.ts.
`)
  })

  it('shows who lived before the recording began, and who lives on', () => {
    const picture = drawTimeline(
      recordingOf(
        '',
        { main: '0 running 10', older: '0 running 5 failed', younger: '5 running 10' },
        { older: ['older'] },
      ),
      { width: 43 },
    )
    expect(picture.split('\n').slice(3, 6)).toEqual([
      'main     █████████████████████████████████',
      'older    █████████████████✗',
      'younger                 ├█████████████████',
    ])
  })

  it('says that the beginning was lost, and that an error went over', () => {
    const picture = drawTimeline(
      recordingOf(
        '',
        { main: '0 running 1', a: '0 switched 1 running 1 failed' },
        {
          ...{ lostEvents: 1, raw: ['a'], arrows: arrowsOf('throw 0>1 @1', 'throw 1>0 @1') },
        },
      ),
    )
    expect(picture.split('\n').slice(5, 11)).toEqual([
      'The oldest 1 event was lost: the buffer of the recorder was full, and the',
      'beginning is missing.',
      '',
      '1  1.00 ms  main ──▶ a  (an error)',
      '2  1.00 ms  a    ──▶ main  (a failed, an error)',
      '',
    ])
  })

  it('lists forty switches, and no more', () => {
    const many = (count: number): string =>
      drawTimeline(
        recordingOf(
          '',
          { main: '0 running 1', a: '0 running 1' },
          {
            arrows: arrowsOf(...Array.from({ length: count }, () => 'switch 0>1 @0')),
          },
        ),
      )
    expect(many(40).match(/──▶/gu)).toHaveLength(40)
    expect(many(41)).not.toContain('──▶')
  })

  it('colours bars, ends and heads, and nothing else', () => {
    const picture = drawTimeline(rivals(), { color: true, width: 50 })
    expect(picture.replaceAll(/.\[(\d+)m/gu, '<$1>').replaceAll('<0>', '</>')).toBe(printed`
<1>rivals.ts: 62.0 ms, 4 greenlets, 0 switches</>
         <90>0           20 ms        40 ms      60 ms</>
         <90>┬───────────┬────────────┬────────────┬─</>
main     <32>███</><90>─</> joinall() <90>───────────────────────</><32>▄█</>
rival-1  <90>├</><33>▒</><32>▄███████▄▄█</><90>┤</>
rival-2  <90>├</><33>▒▒</><32>▄</><90>───────</><32>▄██████████</><31>✗</>
rival-3  <90>├</><33>▒▒</><32>▄</><90>─</> lock.acquire… <90>─</><32>▄██████████▄</><31>†</>
rival-4  <90>├</><33>▒▒</><32>▄</><90>─</> lock.acquire() <90>───────────</><32>████████</>

<32>█</> runs   <32>▄</> runs for a moment   <33>▒</> could run
<90>─</> waits   <90>├</> spawned   <90>┤</> returned   <31>✗</> failed
<31>†</> killed
`)
  })

  it('refuses what is no recording, and sizes that are none', () => {
    expect(usage(() => drawTimeline(null as unknown as Recording))).toBe(
      'drawTimeline() expects a recording, or a list of recordings, but got null.',
    )
    expect(usage(() => drawTimeline(rivals(), { width: 0 }))).toBe(
      'drawTimeline() expects `width` to be an integer, 1 or more, but got 0 (number).',
    )
    expect(usage(() => drawTimeline(rivals(), { rows: Infinity }))).toBe(
      'drawTimeline() expects `rows` to be an integer, 1 or more, but got Infinity (number).',
    )
  })
})
