// docs/performance.md, its pictures and its figures: one follows from the other.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../bench/method/rounds.ts'
import { aim, inNode, inPython, work } from '../../bench/method/work.ts'
import { type Figures, figuresFrom, jsonOf, withAgain } from '../../bench/report/figures.ts'
import { glanceTable } from '../../bench/report/glance.ts'
import { machineOf } from '../../bench/report/machine.ts'
import { filesOf, filled, PAGES } from '../../bench/report/page.ts'
import { gatesTable, growthTable, machineLine, workTable } from '../../bench/report/tables.ts'
import { bytesText, ratioText, timeText } from '../../bench/report/words.ts'
import { growthOf, MACHINE, row, workOf } from './support/figures.ts'
import { REPOSITORY } from './support/processes.ts'

const DOCS = join(REPOSITORY, 'docs')
const read = (path: string): string => readFileSync(join(DOCS, path), 'utf8')

describe('docs/performance.md', () => {
  const figures = JSON.parse(read('bench/figures.json')) as Figures // as a run has written it
  const files = filesOf(figures, new Map(PAGES.map((path) => [path, read(path)])))

  it.each([...files.keys()])('%s is what the figures give', (path) => {
    expect(read(path) === files.get(path), 'npx tsx bench/report/page.ts was forgotten').toBe(true)
  })

  it('has no picture beside it of a work that is no more', () => {
    expect(readdirSync(join(DOCS, 'bench')).map((name) => `bench/${name}`)).toEqual(
      [...files.keys()].filter((path) => !PAGES.includes(path)).sort(),
    )
  })

  it('shows the picture of each work', () => {
    const shown = [...read('performance.md').matchAll(/\]\((bench\/[^)]+)\)/gu)].map(([, path]) => path)
    expect(shown.sort()).toEqual([...files.keys()].filter((path) => path.endsWith('.svg')).sort())
  })

  it('names no folder of the machine', () => {
    for (const [path, text] of files)
      expect(text, path).not.toMatch(/(?<![\w.<])\/(?:home|root|tmp|usr|opt|var|Users|work)\//u)
  })
})

describe('the figures of a run', () => {
  const contestants = [
    inNode('bare', 'limit', 10, 'bare', 'hop'),
    inNode('greenloop', 'ours', 10, 'greenloop', 'hop'),
    inNode('Effect', 'scheduler', 10, 'effect', 'hop', { fair: true }),
    inPython('gevent', 10, 'gevent', 'hop'),
  ]
  const rounds = (...walls: number[]) => walls.map((wallNs) => ({ wallNs, cpuNs: wallNs * 2, peakBytes: null }))
  const outcome: Outcome = {
    work: work('hop', 'Hops', 'hop', contestants, { aims: [aim('greenloop', 1, 'Effect')], remark: 'Said.' }),
    samples: new Map([
      ['bare', rounds(10, 5, 30)],
      ['greenloop', rounds(10.00049, 20, 90)],
      ['Effect', rounds(1000, 1000)],
    ]),
    absent: new Map([['gevent', '/some/where/python3 has no gevent (file:///else/where/site.py:3, /no/where/a.js)']]),
    failed: [],
  }
  const figures = figuresFrom([outcome], {
    date: new Date('2026-11-26T23:00:00Z'),
    machine: MACHINE,
    growth: [growthOf(1.23456)],
  })

  it('have the median, the least and the most, with four figures that count, and ratios taken round by round', () => {
    expect(figures.works[0]?.contestants[1]).toEqual({
      name: 'greenloop',
      kind: 'ours',
      fair: null,
      times: 10,
      rounds: 3,
      wallNs: { median: 20, min: 10, max: 90 },
      cpuNs: { median: 40, min: 20, max: 180 },
      peakBytes: null,
      overLimit: 3,
      overBestRival: 0.015,
    })
    expect(figures.works[0]).toMatchObject({
      bestRival: 'Effect',
      remark: 'Said.',
      gates: [{ ratio: 0.015, verdict: 'reached' }],
    })
    expect(figures.growth[0]?.series[0]?.points[0]).toEqual([10, 1.235])
    expect(figures.date).toBe('2026-11-26')
  })

  it('say who is absent and why, without the folders of the machine', () => {
    expect(figures.works[0]?.absent).toEqual([
      { name: 'gevent', kind: 'python', reason: 'python3 has no gevent (site.py:3, a.js)' },
    ])
  })

  it('take those of a later run of single works in their place, and say so', () => {
    const kept = { ...figures, works: [...figures.works, { ...figures.works[0]!, name: 'other' }] }
    const later = { ...figures, works: [{ ...figures.works[0]!, title: 'Later' }] }
    const both = withAgain(kept, later)
    expect(both.works.map(({ name, title }) => [name, title])).toEqual([
      ['hop', 'Later'],
      ['other', 'Hops'],
    ])
    expect(both.again).toEqual(['hop'])
    expect(machineLine(both)).toMatch(/ Measured again, in a later run of their own: hop\.$/u)
    expect(withAgain(both, { ...later, works: [{ ...later.works[0]!, name: 'other' }] }).again).toEqual([
      'hop',
      'other',
    ])
  })

  it('of another machine do not take places', () => {
    const later = { ...figures, machine: { ...MACHINE, node: '99.0.0' } }
    expect(() => withAgain(figures, later)).toThrow(
      'docs/bench/figures.json is of another machine, or of other versions: only a whole run can replace it.',
    )
  })

  it('are, at a glance, how many times longer the fastest of each kind takes than the one of the aims', () => {
    const table = glanceTable({ ...figures, works: [{ ...figures.works[0]!, name: 'switch' }, figures.works[0]!] })
    expect(table.split('\n').map((line) => line.replace(/ +/gu, ' '))).toEqual([
      '| | greenloop | the limit | promises, no scheduler | schedulers | Python |',
      expect.stringMatching(/^\| -+ \| -+:/u),
      '| a switch to another one | 20.0 ns | bare × 0.50 | – | Effect × 50.0 | – |',
    ])
  })

  it('have no ratio to what was too short to be measured', () => {
    const samples = new Map([...outcome.samples, ['bare', rounds(-1, -1, -1)]])
    const [hops] = figuresFrom([{ ...outcome, samples }], { date: new Date(), machine: MACHINE }).works
    expect(hops?.contestants.map(({ overLimit }) => overLimit)).toEqual([1, null, null])
  })

  it('leave out what could not be measured', () => {
    const growth = [
      { ...growthOf(7), series: [{ ...growthOf(7).series[0]!, points: [[10, NaN] as const, [100, 7] as const] }] },
    ]
    const samples = new Map([['greenloop', rounds(NaN)]])
    const { works, growth: found } = figuresFrom([{ ...outcome, samples }], {
      date: new Date(),
      machine: MACHINE,
      growth,
    })
    expect(works[0]?.contestants).toEqual([])
    expect(found[0]?.series[0]?.points).toEqual([[100, 7]])
  })

  it('are JSON that can be read, a line for what fits on one', () => {
    const text = jsonOf(figures)
    expect(JSON.parse(text)).toEqual(figures)
    expect(text).toContain('          "wallNs": { "median": 20, "min": 10, "max": 90 },\n')
    expect(text).toContain('          "points": [[10, 1.235], [1000, 1.235], [100000, 1.235]]\n')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })

  it('name this machine by what it is, not by where things lie', () => {
    const machine = machineOf('no-such-program')
    expect(machine).toMatchObject({ node: process.versions.node, python: null })
    expect(Object.keys(machine.packages)).toContain('greenloop')
  })
})

describe('the tables', () => {
  const wallNs = { median: 20, min: 15, max: 1500 }
  const hops = workOf([
    { ...row('a|b*', 'ours', 20), wallNs, peakBytes: { median: 1500, min: 1, max: 2 } },
    row('bare', 'limit', 10),
  ])

  it('of a work have ours in bold, and leave out what was not measured', () => {
    expect(workTable(hops).split('\n')).toEqual([
      '| one hop    |      median |         least to most |      memory |  × limit |',
      '| ---------- | ----------: | --------------------: | ----------: | -------: |',
      '| bare       |     10.0 ns |        5.00 – 20.0 ns |           – |     1.00 |',
      '| **a\\|b\\*** | **20.0 ns** | **15.0 ns – 1.50 µs** | **1.50 kB** | **2.00** |',
    ])
  })

  it('of growth have a column for each number', () => {
    expect(growthTable(growthOf(10, 2000)).split('\n').at(-1)).toBe(
      '| contestant 1     |     2.00 µs |     2.00 µs |     2.00 µs |',
    )
  })

  it('of the aims have one row for what is asked over several, which names those that come nearest', () => {
    const gate = { of: 'greenloop', figure: 'wallNs', atMost: 1, ambitious: null } as const
    const gates = [
      { ...gate, over: 'Effect', ratio: 0.2, verdict: 'reached' },
      { ...gate, over: 'gevent', ratio: 1.3, verdict: 'failed' },
      { ...gate, over: 'asyncio', ratio: 1.1, verdict: 'missed' },
      { ...gate, over: 'bare', atMost: 2.4, ambitious: 2, ratio: 1.9, verdict: 'ambitious' },
    ] as const
    const [, , ...rows] = gatesTable({ date: '', machine: MACHINE, works: [workOf([], { gates })], growth: [] }).split(
      '\n',
    )
    expect(rows.map((line) => line.split('|').map((cell) => cell.trim()))).toEqual([
      ['', 'hop', 'greenloop', 'at most 1.00 × each of 3 rivals', '1.30 (gevent), 1.10 (asyncio)', '**failed**', ''],
      ['', 'hop', 'greenloop', 'at most 2.40 × bare (2.00 is wished for)', '1.90', 'better than asked', ''],
    ])
  })

  it('come with a line on the machine', () => {
    expect(machineLine({ date: '2026-11-26', machine: MACHINE, works: [], growth: [] })).toBe(
      'Measured on 2026-11-26: 2 × Difference Engine, 4 GiB, Linux 6.1; Node 20.19.0 (V8 11.3), greenloop 0.1.0. Beside it: effect 4.1.0; CPython 3.11.2, gevent 22.10.2.',
    )
  })

  it('show three figures that count, with the unit that suits them', () => {
    expect([0.031, 9.996, 62.34, 999.4, 999.6, 12_345, 4.2e9].map(timeText)).toEqual([
      '0.03 ns',
      '10.0 ns',
      '62.3 ns',
      '999 ns',
      '1.00 µs',
      '12.3 µs',
      '4.20 s',
    ])
    expect([224, 14_464].map(bytesText)).toEqual(['224 B', '14.5 kB'])
    expect([0.314, 78.06, 1818].map(ratioText)).toEqual(['0.31', '78.1', '1,818'])
  })
})

describe('what stands between the markers', () => {
  const parts = new Map([['hop', 'new']])

  it('is replaced, and nothing else', () => {
    const page = 'Before.\n\n<!-- bench:hop -->\n\nold\n\n<!-- /bench -->\n\nAfter.\n'
    expect(filled(page, parts)).toBe(page.replace('old', 'new'))
    expect(filled('<!-- bench:hop -->\n<!-- /bench -->\n', parts)).toBe(
      '<!-- bench:hop -->\n\nnew\n\n<!-- /bench -->\n',
    )
  })

  it('is asked for by a name that the run has', () => {
    expect(() => filled('<!-- bench:hip -->\n<!-- /bench -->\n', parts)).toThrow(
      'performance.md asks for <!-- bench:hip -->, of which this run has nothing; it has hop.',
    )
  })

  it('has an end', () => {
    expect(() => filled('<!-- bench:hop -->\n<!-- bench:hop -->\n<!-- /bench -->\n', parts)).toThrow(
      'performance.md: <!-- bench:hop --> has no <!-- /bench --> before <!-- bench:hop -->.',
    )
    expect(() => filled('<!-- bench:hop -->\n', parts)).toThrow(
      'performance.md has 1 <!-- bench:... --> and 0 <!-- /bench -->.',
    )
  })
})
