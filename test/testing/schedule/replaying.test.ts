// A recorded schedule run again: it goes the same way, and stops where the program is another one.
import { describe, expect, it } from 'vitest'
import { GIVE_UP } from '../../../src/testing/schedule/choices.ts'
import { Replaying } from '../../../src/testing/schedule/replaying.ts'
import { decodeSchedule, encodeSchedule } from '../../../src/testing/schedule/trace-string.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { offer, somebody } from '../../support/offer.ts'

checkLeaks()

const all = [somebody(), somebody(), somebody(), somebody()]
const choices = [0, 2, 0, 1]
const offered = [1, 3, 3, 2]

describe('Replaying', () => {
  it('chooses what was recorded, and the head after the end', () => {
    const policy = new Replaying({ order: 'any', program: '000000', choices, offered })
    const counts = [...offered, 4, 1]
    expect(counts.map((count, step) => policy.choose(offer(all.slice(0, count)), step))).toEqual([0, 2, 0, 1, 0, 0])
    expect(policy.difference).toBe(null)
  })

  it('gives up at the first step that has another number of options, and remembers it', () => {
    const policy = new Replaying({ order: 'any', program: '000000', choices, offered })
    expect(policy.choose(offer(all.slice(0, 1)), 0)).toBe(0)
    expect(policy.choose(offer(all), 1)).toBe(GIVE_UP)
    expect(policy.choose(offer(all), 2)).toBe(GIVE_UP)
    expect(policy.difference).toEqual({ step: 1, offered: 4, recorded: 3 })
  })

  it('compares what a string holds: the steps at which the choice was not 0', () => {
    const policy = new Replaying(decodeSchedule(encodeSchedule({ order: 'any', program: '000000', choices, offered })))
    expect(policy.choose(offer(all), 0)).toBe(0)
    expect(policy.choose(offer(all.slice(0, 3)), 1)).toBe(2)
    expect(policy.choose(offer(all), 2)).toBe(0)
    expect(policy.difference).toBe(null)
    expect(policy.choose(offer(all.slice(0, 3)), 3)).toBe(GIVE_UP)
    expect(policy.difference).toEqual({ step: 3, offered: 3, recorded: 2 })
  })
})
