// Numbers by chance: the same for the same seed, alike for all options.
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/testing/schedule/random.ts'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

/** How often each of 0 to `n - 1` is drawn. */
function counted(random: Random, n: number, draws: number): number[] {
  const counts = new Array<number>(n).fill(0)
  for (let draw = 0; draw < draws; draw++) counts[random.below(n)]!++
  return counts
}

describe('Random', () => {
  it('gives the same numbers for the same seed on every Node', () => {
    const random = new Random(42)
    expect(Array.from({ length: 6 }, () => random.below(1000))).toEqual([711, 905, 127, 189, 981, 577])
    expect([random.float(), random.seed()]).toEqual([0.8175649807916744, 2_529_897_402])
  })

  it('gives other numbers for other seeds, also for those that differ above 32 bits and below 0', () => {
    const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
    const first = seeds.map((seed) => {
      const random = new Random(seed)
      return `${random.seed()} ${random.seed()}`
    })
    expect(new Set(first).size).toBe(seeds.length)
  })

  it('gives numbers of neighbouring seeds that have nothing to do with each other', () => {
    const counts = new Array<number>(4).fill(0)
    for (let seed = 0; seed < 4000; seed++) counts[new Random(seed).below(4)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110) // four standard deviations
  })

  it.each([1, 2, 3, 7, 100])('draws each of %i alike with below()', (n) => {
    const draws = 2000 * n
    for (const count of counted(new Random(7), n, draws)) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })

  it('stays below 2^32 and reaches both halves of it', () => {
    const random = new Random(3)
    const drawn = Array.from({ length: 100 }, () => random.below(2 ** 32))
    expect(drawn.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true)
    expect([Math.min(...drawn) < 2 ** 31, Math.max(...drawn) >= 2 ** 31]).toEqual([true, true])
  })

  it('gives floats from 0 up to, and not including, 1', () => {
    const random = new Random(5)
    const drawn = Array.from({ length: 10_000 }, () => random.float())
    expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(Math.abs(drawn.reduce((sum, number) => sum + number) / drawn.length - 0.5)).toBeLessThan(0.012)
  })

  it('derives others that are independent of what it gives next', () => {
    const random = new Random(9)
    const seeds = Array.from({ length: 1000 }, () => random.seed())
    expect(new Set(seeds).size).toBe(1000)
    const derived = new Random(seeds[0] as number)
    expect(Array.from({ length: 5 }, () => derived.seed())).not.toEqual(seeds.slice(1, 6))
  })
})
