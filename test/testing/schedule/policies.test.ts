// The plain policies: each decides as its name says, ready ones and due timers alike.
import { describe, expect, it } from 'vitest'
import { GIVE_UP } from '../../../src/testing/schedule/choices.ts'
import { byShare, fifo, given, randomWalk, reversed, uninterrupted } from '../../../src/testing/schedule/policies.ts'
import { Random } from '../../../src/testing/schedule/random.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { DueTimer, offer, play, somebody } from '../../support/offer.ts'

checkLeaks()

const [a, b, c] = [somebody(), somebody(), somebody()]

describe('fifo()', () => {
  it('takes the head of the line', () => {
    expect(fifo().choose(offer([a, b], [new DueTimer()], 1), 0)).toBe(0)
    expect(play(fifo(), 3, 2)).toEqual([0, 1, 2, 0, 1, 2])
  })
})

describe('reversed()', () => {
  it('takes the last option: the latest of the due timers, else who came last', () => {
    expect(reversed().choose(offer([a, b], [new DueTimer(), new DueTimer()]), 0)).toBe(3)
    expect(reversed().choose(offer([a, b, c]), 0)).toBe(2)
    expect(play(reversed(), 3, 2)).toEqual([2, 2, 1, 1, 0, 0])
  })
})

describe('uninterrupted()', () => {
  it('goes on with who ran last, else with the head', () => {
    expect(uninterrupted().choose(offer([a, b, c], [], 1), 0)).toBe(1)
    expect(uninterrupted().choose(offer([a, b, c]), 0)).toBe(0)
    expect(play(uninterrupted(), 3, 2)).toEqual([0, 0, 1, 1, 2, 2])
  })
})

describe('randomWalk()', () => {
  it('takes all options alike', () => {
    const walk = randomWalk(new Random(1))
    const choices = offer([a, b], [new DueTimer()])
    const counts = [0, 0, 0]
    for (let step = 0; step < 3000; step++) counts[walk.choose(choices, step)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110)
  })

  it('walks the same way for the same seed', () => {
    expect(play(randomWalk(new Random(8)), 3, 9)).toEqual(play(randomWalk(new Random(8)), 3, 9))
    expect(play(randomWalk(new Random(8)), 3, 9)).not.toEqual(play(randomWalk(new Random(9)), 3, 9))
  })

  it('draws nothing where there is one option', () => {
    const random = new Random(2)
    const walk = randomWalk(random)
    expect(walk.choose(offer([a]), 0)).toBe(0)
    expect(random.seed()).toBe(new Random(2).seed())
  })
})

describe('given()', () => {
  it('takes what is given, then what the rest says', () => {
    const policy = given([0, 2, 1], reversed())
    const choices = offer([a, b, c])
    expect([0, 1, 2, 3, 4].map((step) => policy.choose(choices, step))).toEqual([0, 2, 1, 2, 2])
  })

  it('takes a choice that is too large modulo the number of options', () => {
    expect(given([5], fifo()).choose(offer([a, b, c]), 0)).toBe(2)
    expect(given([4], fifo()).choose(offer([a]), 0)).toBe(0)
  })

  it('gives up where the rest does', () => {
    expect(given([1], { choose: () => GIVE_UP }).choose(offer([a, b]), 1)).toBe(GIVE_UP)
  })
})

describe('byShare()', () => {
  it('takes the option that lies so far along the line, whatever its length', () => {
    const choose = (share: number, ready: number): number =>
      byShare([share]).choose(offer(Array.from({ length: ready }, somebody)), 0)
    expect([0, 1259, 1260, 2519].map((share) => choose(share, 2))).toEqual([0, 0, 1, 1])
    expect([1, 2, 3, 10, 11, 2520].map((ready) => choose(2519, ready))).toEqual([0, 1, 2, 9, 10, 2519])
    expect([1, 2, 3, 4].map((ready) => choose(1260, ready))).toEqual([0, 1, 1, 2])
  })

  it('takes the head after the end', () => {
    expect(byShare([2519]).choose(offer([a, b]), 1)).toBe(0)
  })
})
