// Durations as people read them.
import { expect, it } from 'vitest'
import { duration } from '../../src/tree/duration.ts'

it.each([
  [0, '0 ms'],
  [0.04, '0 ms'],
  [0.36, '0.4 ms'],
  [3.2, '3.2 ms'],
  [9.94, '9.9 ms'],
  [9.96, '10 ms'],
  [312.4, '312 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1234, '1.2 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [125_400, '2 min 5 s'],
  [3_599_400, '59 min 59 s'],
  [3_599_600, '1 h'],
  [11_520_000, '3 h 12 min'],
  [86_399_000, '1 d'],
  [187_200_000, '2 d 4 h'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})
