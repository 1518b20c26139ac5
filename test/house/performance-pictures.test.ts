// The pictures of docs/bench: what is in them is where it belongs, can be told apart and can be read.
import { describe, expect, it } from 'vitest'
import { chartOf } from '../../bench/report/chart.ts'
import { growthChartOf, spreadOut } from '../../bench/report/growth-chart.ts'
import { boxesOf, contrastsOf, marksOf, overlapsOf, textsOf } from './support/drawings.ts'
import { growthOf, row, workOf } from './support/figures.ts'

const FIVE = workOf([
  row('Effect', 'scheduler', 1000),
  row('bare', 'limit', 10),
  row('gevent', 'python', 10_000),
  row('greenloop', 'ours', 20),
  row('async/await', 'promises', 100),
])

/** Everything that makes a picture narrow: many rows, long names, six decades, a long title, absent ones. */
const CROWDED = workOf(
  (['limit', 'ours', 'promises', 'scheduler', 'python'] as const).flatMap((kind, rank) =>
    [0, 1, 2].map((step) =>
      row(`Wm${'mixed width, '.repeat(2)}${kind}`, kind, 12.3 * 10 ** (rank + step / 2), step === 1),
    ),
  ),
  {
    title: 'A title that goes on and on, so long that no line of the picture can hold all of it',
    absent: ['greenlet', 'gevent', 'Twisted', 'asyncio'].map((name) => ({
      name,
      kind: 'python',
      reason: `python3 has no ${name}`,
    })),
  },
)

describe('the picture of a work', () => {
  const svg = chartOf(FIVE)

  it('has the fastest above', () => {
    const names = textsOf(svg).filter(
      ({ classes, anchor, x }) => classes.includes('name') && anchor === 'end' && x < 300,
    )
    expect(names.map(({ text }) => text)).toEqual(['bare', 'greenloop', 'async/await', 'Effect', 'gevent'])
  })

  it('has a logarithmic axis: ten times as much is as far everywhere', () => {
    const [bare = 0, , promises = 0, effect = 0, gevent = 0] = marksOf(svg)
      .slice(-5)
      .map(({ x }) => x)
    expect(promises - bare).toBeGreaterThan(20)
    expect(effect - promises).toBeCloseTo(promises - bare, 0)
    expect(gevent - effect).toBeCloseTo(effect - promises, 0)
  })

  it('has whiskers from the least to the most', () => {
    const whiskers = [...svg.matchAll(/class="whisker \w+" x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)"/gu)]
    const marks = marksOf(svg).slice(-5)
    expect(whiskers).toHaveLength(5)
    for (const [place, [, from, to]] of whiskers.entries()) {
      const middle = marks[place]?.x ?? NaN
      expect(middle - Number(from)).toBeCloseTo(Number(to) - middle, 0)
      expect(middle - Number(from)).toBeGreaterThan(5)
    }
  })

  it('marks our rows by a band, by weight, by colour and by a shape', () => {
    expect(svg.match(/<rect class="band"/gu)).toHaveLength(1)
    const bold = textsOf(svg).filter(({ classes }) => classes.includes('bold'))
    expect(bold.map(({ text }) => text)).toEqual(['greenloop', '20.0 ns', '2.00'])
    expect(bold.every(({ classes }) => classes.includes('ours'))).toBe(true)
  })

  it('has a shape of its own for each kind, and a legend of those that are there', () => {
    const shapes = marksOf(svg)
    expect(new Set(shapes.map(({ shape }) => shape)).size).toBe(5)
    expect(shapes.slice(0, 5).map(({ kind }) => kind)).toEqual(['limit', 'ours', 'promises', 'scheduler', 'python'])
    const two = chartOf(workOf(FIVE.contestants.slice(0, 1)))
    expect(marksOf(two).map(({ kind }) => kind)).toEqual(['scheduler', 'scheduler'])
  })

  it('is hollow for what serves nobody else, where that is compared', () => {
    const unfair = chartOf(workOf([row('co', 'promises', 10, false), row('greenloop', 'ours', 20, true)]))
    expect(marksOf(unfair).map(({ isHollow }) => isHollow)).toEqual([false, false, true, true, false])
    expect(unfair).toContain('hollow: nobody else is served meanwhile')
    expect(svg).not.toContain('hollow')
  })

  it('draws the limit through all rows, and says how many times of it each takes', () => {
    const [, x] = /<line class="limit" x1="([\d.]+)"[^>]*stroke-dasharray/u.exec(svg) ?? []
    expect(Number(x)).toBeCloseTo(marksOf(svg).at(-5)?.x ?? NaN, 0)
    const texts = textsOf(svg).map(({ text }) => text)
    expect(texts).toContain('limit')
    expect(texts).toContain('× limit')
    expect(chartOf(workOf([{ ...row('a', 'ours', 10), overLimit: null }]))).not.toContain('× limit')
  })

  it('has the time of each with its unit', () => {
    const texts = textsOf(svg).map(({ text }) => text)
    expect(texts).toEqual(expect.arrayContaining(['10.0 ns', '20.0 ns', '100 ns', '1.00 µs', '10.0 µs']))
    expect(chartOf(workOf([row('a', 'ours', 1500)], { measures: 'bytes' }))).toContain('1.50 kB')
  })

  it('says in the last lines who is absent', () => {
    const absent = [{ name: 'gevent', kind: 'python' as const, reason: 'there is no python3' }]
    const last = textsOf(chartOf({ ...FIVE, absent })).at(-1)
    expect(last?.text).toBe('Absent: gevent (there is no python3).')
  })

  it('says how many rounds there were, also when slow ones had fewer', () => {
    expect(svg).toContain('median of 5 rounds')
    const slow = { ...row('slow', 'python', 1e9), rounds: 2 }
    expect(chartOf(workOf([...FIVE.contestants, slow]))).toContain('median of 2 to 5 rounds')
  })

  it('takes any name as text', () => {
    const odd = chartOf(workOf([row('<b>&"', 'ours', 10)], { title: '`a` < b' }))
    expect(odd).toContain('>&lt;b&gt;&amp;&quot;</text>')
    expect(odd).toContain('<title id="title">a &lt; b</title>')
  })

  it('keeps what is not above zero at the beginning of the axis', () => {
    expect(chartOf(workOf([row('a', 'limit', 0), row('b', 'ours', 10)]))).not.toMatch(/NaN|Infinity/u)
    expect(chartOf(workOf([row('a', 'limit', -3)]))).not.toMatch(/NaN|Infinity/u)
  })
})

describe('a picture', () => {
  const between = (min: number, max: number) =>
    workOf([{ ...row('a', 'ours', min), wallNs: { median: min, min, max } }])

  const pictures = {
    'of a work': chartOf(FIVE),
    'that is crowded': chartOf(CROWDED),
    'of little difference': chartOf(between(1.25, 1.3)),
    'of not much more': chartOf(between(4.6e6, 6.5e6)),
    'of a decade': chartOf(between(102, 990)),
    'of growth': growthChartOf(growthOf(10, 10, 10, 11, 12, 500, 1e6)),
  }

  it.each(Object.entries(pictures))('%s has no text over another one, and none out of the frame', (_, svg) => {
    expect(overlapsOf(svg)).toEqual([])
    const [, height] = /viewBox="0 0 760 (\d+)"/u.exec(svg) ?? []
    for (const { text, left, right, bottom } of boxesOf(svg)) {
      expect(left, text).toBeGreaterThanOrEqual(8)
      expect(right, text).toBeLessThanOrEqual(752)
      expect(bottom, text).toBeLessThan(Number(height))
    }
  })

  it.each(Object.entries(pictures))('%s has a labelled place on each axis', (_, svg) => {
    expect(
      textsOf(svg).some(({ text, classes }) => classes.includes('head') && /^[\d.]+ (?:ns|µs|ms)$/u.test(text)),
    ).toBe(true)
  })

  it.each(['light', 'dark'] as const)('has enough contrast when it is %s', (scheme) => {
    const { texts, marks } = contrastsOf(pictures['of a work'], scheme)
    expect(Math.min(...texts)).toBeGreaterThanOrEqual(4.5)
    expect(Math.min(...marks)).toBeGreaterThanOrEqual(3)
  })

  it('is told to those who do not see it, and loads nothing', () => {
    const svg = pictures['of a work']
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="title desc">/u)
    expect(svg).toContain('the least first: bare (the limit) 10.0 ns; greenloop 20.0 ns; async/await 100 ns;')
    expect(svg).not.toMatch(/<script|href|url\(|@import/u)
  })
})

describe('the picture of growth', () => {
  const svg = growthChartOf(growthOf(10, 100, 1000))

  it('is logarithmic both ways', () => {
    const lines = [...svg.matchAll(/class="series \w+" points="([^"]+)"/gu)].map(([, points = '']) =>
      points.split(' ').map((point) => point.split(',').map(Number)),
    )
    const [a, b, c] = lines[0]?.map(([x = NaN]) => x) ?? []
    expect(b! - a!).toBeCloseTo(c! - b!, 0)
    const heights = lines.map(([first]) => first?.[1] ?? NaN).sort((one, other) => one - other)
    expect(heights[1]! - heights[0]!).toBeCloseTo(heights[2]! - heights[1]!, 0)
  })

  it('has the name of each line at its end, and is hollow for first runs', () => {
    const labels = textsOf(svg).filter(({ classes }) => classes.includes('label'))
    expect(labels.map(({ text }) => text).sort()).toEqual([
      'contestant 0 10.0 ns',
      'contestant 1 100 ns',
      'contestant 2 1.00 µs',
    ])
    expect(svg).toContain('hollow: the first run of a process')
  })

  it('says so when nothing was measured', () => {
    const nothing = growthChartOf(growthOf())
    expect(nothing).toContain('Nothing of it could be measured.')
    expect(nothing).not.toMatch(/NaN|Infinity/u)
  })

  it('has names apart from each other, near to where they belong', () => {
    expect(spreadOut([10, 50, 90], 17, 0, 100)).toEqual([10, 50, 90])
    expect(spreadOut([50, 50, 50], 10, 0, 100)).toEqual([40, 50, 60])
    expect(spreadOut([99, 0, 100], 10, 0, 100)).toEqual([90, 0, 100])
    expect(spreadOut([52, 50, 61], 10, 0, 100)).toEqual([54.333333333333336, 44.333333333333336, 64.33333333333334])
  })
})
