// Ring: what a queue keeps its items in.
import { InternalError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { Ring } from '../../src/queues/ring.ts'
import { thrown } from '../support/thrown.ts'

/** What the ring holds on to; nobody else may see it. */
function slotsOf(ring: Ring<unknown>): readonly unknown[] {
  return (ring as unknown as { slots: readonly unknown[] }).slots
}

describe('Ring', () => {
  it('keeps nothing of what was taken out', () => {
    const ring = new Ring<object>()
    const items = Array.from({ length: 20 }, (_, n) => ({ n }))
    for (const item of items) ring.push(item)
    for (const item of items.slice(0, 15)) expect(ring.shift()).toBe(item)
    expect(slotsOf(ring).filter((slot) => slot !== undefined)).toEqual(items.slice(15))
  })

  it('goes round the end without growing', () => {
    const ring = new Ring<number>()
    for (let n = 0; n < 1000; n++) {
      ring.push(n)
      if (n >= 10) expect(ring.shift()).toBe(n - 10)
    }
    expect([slotsOf(ring).length, ring.toArray()]).toEqual([16, [990, 991, 992, 993, 994, 995, 996, 997, 998, 999]])
  })

  it('gives many slots back when it is empty, and works on', () => {
    const ring = new Ring<number>()
    for (let n = 0; n < 10_000; n++) ring.push(n)
    expect(slotsOf(ring).length).toBe(16_384)
    while (ring.size > 0) ring.shift()
    expect(slotsOf(ring).length).toBe(0)
    ring.push(1)
    expect([ring.first(), ring.shift(), ring.size]).toEqual([1, 1, 0])
  })

  it('refuses to give what it does not hold', () => {
    const ring = new Ring<number>()
    expect(thrown(() => ring.shift())).toBeInstanceOf(InternalError)
    expect(thrown(() => ring.first())).toBeInstanceOf(InternalError)
  })
})
