// The policies of a fuzz: their order, and that they depend on the seed alone.
import { describe, expect, it } from 'vitest'
import { Portfolio } from '../../../src/testing/runs/portfolio.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { play } from '../../support/offer.ts'

checkLeaks()

/** The first `runs` policies, by name. */
function names(runs: number): string[] {
  const portfolio = new Portfolio(1)
  return Array.from({ length: runs }, () => portfolio.draw(10).name)
}

/** What the first 40 policies make of three that take four steps each. */
function played(seed: number, steps: number): string[] {
  const portfolio = new Portfolio(seed)
  return Array.from({ length: 40 }, () => play(portfolio.draw(steps).policy, 3, 4).join(''))
}

describe('Portfolio', () => {
  it('begins with three that are not left to chance, then goes on by turns', () => {
    expect(names(12)).toEqual([
      'production order',
      'reversed order',
      'without preemption',
      'random walk',
      'priorities of depth 1',
      'random walk',
      'priorities of depth 2',
      'random walk',
      'priorities of depth 3',
      'random walk',
      'priorities of depth 1',
      'random walk',
    ])
    expect(played(1, 12).slice(0, 3)).toEqual(['012012012012', '222211110000', '000011112222'])
  })

  it('is the same for the same seed, and another one for another seed', () => {
    expect(played(7, 12)).toEqual(played(7, 12))
    expect(played(7, 12).slice(3)).not.toEqual(played(8, 12).slice(3))
  })

  it('has random walks that do not depend on how many steps are expected', () => {
    const walks = (steps: number): string[] => played(7, steps).filter((_, run) => run > 2 && run % 2 === 1)
    expect(walks(12)).toEqual(walks(3))
    expect(new Set(walks(12)).size).toBe(19)
  })
})
