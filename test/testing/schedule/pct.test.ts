// Priorities by chance: few switches, each where it was drawn, and the promised share of hits.
import { describe, expect, it } from 'vitest'
import { pct } from '../../../src/testing/schedule/pct.ts'
import { Random } from '../../../src/testing/schedule/random.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { DueTimer, offer, play, somebody } from '../../support/offer.ts'

checkLeaks()

/** How often one gives way to another. */
function switches(taken: readonly number[]): number {
  return taken.filter((who, step) => step > 0 && who !== taken[step - 1]).length
}

describe('pct()', () => {
  it('has each run to its end at depth 1, in all orders', () => {
    const seen = new Map<string, number>()
    for (let seed = 0; seed < 600; seed++) {
      const taken = play(pct(new Random(seed), 1, 12), 3, 4)
      expect(switches(taken)).toBe(2)
      const order = [...new Set(taken)].join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210'])
    for (const count of seen.values()) expect(Math.abs(count - 100)).toBeLessThan(40)
  })

  it.each([2, 3, 5])('changes priorities at most depth - 1 times, here %i', (depth) => {
    const most = Math.max(
      ...Array.from({ length: 300 }, (_, seed) => switches(play(pct(new Random(seed), depth, 20), 2, 10))),
    )
    // Who fell below the other runs when the other has ended, or has fallen, too.
    expect(most).toBe(depth)
  })

  it('finds what needs one preemption at one place as often as it promises', () => {
    const [threads, steps] = [2, 10]
    const runs = 4000
    let hits = 0
    for (let seed = 0; seed < runs; seed++) {
      const taken = play(pct(new Random(seed), 2, threads * steps), threads, steps)
      // All of the second falls between the fourth and the fifth step of the first.
      if (taken.slice(4, 4 + steps).every((who) => who === 1) && taken.slice(0, 4).every((who) => who === 0)) hits++
    }
    expect(hits / runs).toBeGreaterThanOrEqual(1 / (threads * threads * steps) - 0.005)
    expect(hits / runs).toBeLessThan(0.06)
  })

  it('keeps a priority while others come and go, of a timer as well', () => {
    const [a, b] = [somebody(), somebody()]
    const timer = new DueTimer()
    const policy = pct(new Random(4), 1, 10)
    const first = [policy.choose(offer([a], [timer]), 0), policy.choose(offer([b], [timer]), 1)]
    expect([policy.choose(offer([a], [timer]), 2), policy.choose(offer([b], [timer]), 3)]).toEqual(first)
    const wins = [0, 0]
    for (let seed = 0; seed < 1000; seed++) wins[pct(new Random(seed), 1, 10).choose(offer([a], [timer]), 0)]!++
    expect(Math.abs(wins[0]! - 500)).toBeLessThan(64)
  })

  it('is content with executions that are expected to have no steps', () => {
    expect(play(pct(new Random(1), 3, 0), 2, 1)).toHaveLength(2)
  })

  it('decides the same way for the same seed', () => {
    expect(play(pct(new Random(8), 3, 27), 3, 9)).toEqual(play(pct(new Random(8), 3, 27), 3, 9))
  })
})
