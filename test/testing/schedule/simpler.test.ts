// Simpler shares: each is simpler by the measure, the simplest come first, and the least one is reached.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Progress, simpler, trimmed } from '../../../src/testing/schedule/simpler.ts'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_127

const choice = fc.oneof(fc.constant(0), fc.nat({ max: 9 }), fc.nat({ max: 2519 }))
const list = fc.array(choice, { maxLength: 60, size: 'max' }).map(trimmed)

/** How many are not 0, how long it is, the sum. */
function measure(choices: readonly number[]): [number, number, number] {
  return [choices.filter((one) => one !== 0).length, choices.length, choices.reduce((sum, one) => sum + one, 0)]
}

function below(a: readonly number[], b: readonly number[]): boolean {
  const [x, y] = [measure(a), measure(b)]
  const place = x.findIndex((part, index) => part !== y[index])
  return place >= 0 && x[place]! < y[place]!
}

/** The option that a share means among so many. */
function optionOf(share: number | undefined, options: number): number {
  return Math.floor(((share ?? 0) * options) / 2520)
}

/** The list that is left when no simpler one serves, and how many were tried. */
function least(choices: readonly number[], serves: (choices: readonly number[]) => boolean): [number[], number] {
  let tried = 0
  let found = [...choices]
  let progress: Progress | null = null
  search: for (;;) {
    for (const one of simpler(found, progress)) {
      tried++
      if (!serves(one.shares)) continue
      found = one.shares
      progress = one.progress
      continue search
    }
    return [found, tried]
  }
}

describe('simpler()', () => {
  it('gives nothing for first come, first served', () => {
    expect([...simpler([])]).toEqual([])
  })

  it('tries none first, then halves, then each, then earlier ones, then smaller ones', () => {
    expect([...simpler([0, 0, 900, 1])].map(({ shares }) => shares)).toEqual([
      [],
      [0, 0, 0, 1],
      [0, 0, 900],
      [900, 1],
      [0, 900, 1],
      ...[420, 504, 630, 840, 450, 675, 788, 844, 872, 886, 893, 897, 899].map((share) => [0, 0, share, 1]),
    ])
  })

  it('gives only lists that are simpler, and end in no 0', () => {
    fc.assert(
      fc.property(list, (choices) => {
        const wrong = [...simpler(choices)].filter((one) => !below(one.shares, choices) || one.shares.at(-1) === 0)
        expect(wrong).toEqual([])
      }),
      { seed: SEED },
    )
  })

  it('comes down from 400 choices by chance to the two that matter, each with the least share of its option', () => {
    const choices = Array.from({ length: 400 }, (_, step) => 1 + ((step * 7919) % 2520))
    choices[40] = 2000
    choices[90] = 2519
    const [found, tried] = least(choices, (one) => optionOf(one[40], 3) === 2 && optionOf(one[90], 7) === 6)
    const wanted = new Array<number>(91).fill(0)
    wanted[40] = 1680
    wanted[90] = 2160
    expect(found).toEqual(wanted)
    expect(tried).toBeLessThan(400)
  })
})

describe('trimmed()', () => {
  it('leaves out the 0s at the end, and no others', () => {
    expect(trimmed([0, 1, 0, 2, 0, 0])).toEqual([0, 1, 0, 2])
    expect(trimmed([0, 0])).toEqual([])
  })
})
