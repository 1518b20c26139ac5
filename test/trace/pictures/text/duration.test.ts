// Durations as a person reads them, and the round marks of an axis.
import { describe, expect, it } from 'vitest'
import { duration, ticks } from '../../../../src/trace/pictures/text/duration.ts'

describe('duration()', () => {
  it.each([
    [0, '0 ms'],
    [0.000_01, '0 ms'],
    [0.000_4, '0.4 µs'],
    [0.0034, '3.4 µs'],
    [0.009_94, '9.9 µs'],
    [0.009_96, '10 µs'],
    [0.034, '34 µs'],
    [0.0996, '0.10 ms'],
    [0.1, '0.10 ms'],
    [0.42, '0.42 ms'],
    [9.994, '9.99 ms'],
    [9.996, '10.0 ms'],
    [12.34, '12.3 ms'],
    [99.96, '100 ms'],
    [302, '302 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1240, '1.24 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min'],
    [123_000, '2 min 3 s'],
    [3_599_600, '1 h'],
    [3_720_000, '1 h 2 min'],
    [360_000_000_000, '100,000 h'],
    [-1240, '-1.24 s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })

  it('writes microseconds in ASCII when it is asked to', () => {
    expect(duration(0.034, true)).toBe('34 us')
  })
})

describe('ticks()', () => {
  const labels = (ms: number, most: number): string[] => ticks(ms, most).map(({ label }) => label)

  it.each([
    [302, 7, ['0', '100 ms', '200 ms', '300 ms']],
    [302, 8, ['0', '50 ms', '100 ms', '150 ms', '200 ms', '250 ms', '300 ms']],
    [0.02, 5, ['0', '5 µs', '10 µs', '15 µs', '20 µs']],
    [0.3, 4, ['0', '0.1 ms', '0.2 ms', '0.3 ms']],
    [1000, 6, ['0', '0.2 s', '0.4 s', '0.6 s', '0.8 s', '1 s']],
    [45_000, 6, ['0', '10 s', '20 s', '30 s', '40 s']],
    [100_000, 5, ['0', '30 s', '1 min', '1 min 30 s']],
    [20_000_000, 6, ['0', '2 h', '4 h']],
  ])('marks an axis of %d ms with %d marks at most', (ms, most, expected) => {
    expect(labels(ms, most)).toEqual(expected)
  })

  it('has its marks at equal distances from zero on, and none behind the end', () => {
    for (let ms = 0.001; ms < 1e8; ms *= 1.37) {
      const marks = ticks(ms, 8)
      const step = marks[1]?.ms ?? Infinity
      expect(marks.length).toBeLessThanOrEqual(8)
      expect(marks.map((mark) => Math.round(mark.ms / step))).toEqual([...marks.keys()])
      expect(marks.at(-1)?.ms).toBeLessThanOrEqual(ms * 1.000_001)
    }
  })
})
