// The string of a schedule: short, exact, and refused with the whole reason when it is not one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/testing/schedule/fingerprint.ts'
import { decodeSchedule, encodeSchedule } from '../../../src/testing/schedule/trace-string.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_126

const program = '4k2m9x'

/** A step: how many options, and which. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }).map((offered) => ({ offered, choice: 0 })) },
  fc
    .tuple(fc.oneof(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 2, max: 3000 })), fc.nat())
    .map(([offered, seed]) => ({ offered, choice: 1 + (seed % (offered - 1)) })),
)
/** A row of the same steps. */
const row = fc
  .tuple(step, fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.nat({ max: 40 })))
  .map(([one, times]) => new Array<typeof one>(times).fill(one))
const schedule = fc.record({
  order: fc.constantFrom('any' as const, 'external' as const),
  program: fc.string().map((text) => fingerprint([text])),
  steps: fc.oneof(fc.array(row), fc.array(row, { maxLength: 60, size: 'max' })).map((rows) => rows.flat()),
})

describe('encodeSchedule()', () => {
  it('tells the schedule of a small program in about 20 characters', () => {
    const text = encodeSchedule({
      order: 'any',
      program,
      choices: [0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0],
      offered: [1, 1, 2, 2, 3, 3, 3, 3, 2, 2, 1, 1],
    })
    expect(text).toBe('s1:a:4k2m9x:302455')
  })

  it('tells in a few characters that one goes on and on', () => {
    const [choices, offered] = [
      [1, ...new Array<number>(15).fill(2), 0],
      [2, ...new Array<number>(15).fill(3), 3],
    ]
    const text = encodeSchedule({ order: 'any', program, choices, offered })
    expect(text).toBe('s1:a:4k2m9x:0005d1r')
    expect(decodeSchedule(text).choices).toEqual(choices)
  })

  it('tells the production order by the number of steps alone', () => {
    expect(encodeSchedule({ order: 'external', program, choices: [0, 0, 0], offered: [1, 2, 3] })).toBe(
      's1:e:4k2m9x:3g',
    )
    expect(encodeSchedule({ order: 'external', program, choices: [], offered: [] })).toBe('s1:e:4k2m9x:0p')
  })
})

describe('decodeSchedule()', () => {
  it('gives back the choices, and how many there were wherever it was not the head', () => {
    fc.assert(
      fc.property(schedule, ({ steps, order, program }) => {
        const choices = steps.map(({ choice }) => choice)
        const offered = steps.map((one) => one.offered)
        const text = encodeSchedule({ order, program, choices, offered })
        expect(decodeSchedule(text)).toEqual({
          order,
          program,
          choices,
          offered: steps.map((one) => (one.choice === 0 ? 0 : one.offered)),
        })
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('gives back each choice among up to 100', () => {
    for (let options = 2; options <= 100; options++) {
      const choices = Array.from({ length: options }, (_, choice) => choice)
      const offered = choices.map(() => options)
      expect(decodeSchedule(encodeSchedule({ order: 'any', program, choices, offered })).choices).toEqual(choices)
    }
  })

  it('refuses nearly all that was cut off or changed by one character', () => {
    const refused = { cut: 0, changed: 0, taken: 0 }
    fc.assert(
      fc.property(schedule, fc.nat(), fc.nat(), ({ steps, order, program }, at, other) => {
        const text = encodeSchedule({
          order,
          program,
          choices: steps.map(({ choice }) => choice),
          offered: steps.map((one) => one.offered),
        })
        const place = at % text.length
        const character = '0123456789abcdefghjkmnpqrstvwxyz'.charAt(other % 32)
        for (const [kind, spoilt] of [
          ['cut', text.slice(0, place)],
          ['changed', text.slice(0, place) + character + text.slice(place + 1)],
        ] as const) {
          if (spoilt === text) continue
          try {
            decodeSchedule(spoilt)
            refused.taken++
          } catch (error) {
            expect(error).toHaveProperty('code', 'GREENLOOP_USAGE')
            refused[kind]++
          }
        }
      }),
      { seed: SEED, numRuns: 300 },
    )
    // One digit of 32 fits by accident.
    expect(refused.taken / (refused.cut + refused.changed + refused.taken)).toBeLessThan(1 / 20)
    expect([refused.cut > 250, refused.changed > 250]).toEqual([true, true])
  })

  it('refuses what is no string', () => {
    const head = 'A schedule is a string, such as "s1:a:4k2m9x:302455", but got'
    expect(usage(() => decodeSchedule(12))).toBe(`${head} 12 (number).`)
    expect(usage(() => decodeSchedule(undefined))).toBe(`${head} undefined.`)
  })

  it.each([
    ['', 'it does not begin with "s1:"'],
    ['hello', 'it does not begin with "s1:"'],
    ['s2:a:4k2m9x:30', 'it is of the version "s2", made by another version of greenloop; this one reads "s1"'],
    ['s1:a:4k2m9x', 'it has 3 parts between colons instead of 4: s1, the order, the program, the steps'],
    ['s1:a:4k2m9x:3:0', 'it has 5 parts between colons instead of 4: s1, the order, the program, the steps'],
    ['s1:x:4k2m9x:30', 'its order is "x"; there are "a" (any) and "e" (external)'],
    ['s1:a:4k2m:30', 'the program has 4 characters instead of 6: "4k2m"'],
    ['s1:a:4k2m9x:3l0', 'the character "l" does not belong in it; there are "0123456789abcdefghjkmnpqrstvwxyz"'],
    ['s1:a:4K2m9x:30', 'the character "K" does not belong in it; there are "0123456789abcdefghjkmnpqrstvwxyz"'],
    ['s1:a:4k2m9x: 30', 'the character " " does not belong in it; there are "0123456789abcdefghjkmnpqrstvwxyz"'],
    ['s1:a:4k2m9x:', 'it ends in the middle'],
    ['s1:a:4k2m9x:3', 'it ends in the middle'],
    ['s1:a:4k2m9x:330', 'it ends in the middle'],
    ['s1:a:4k2m9x:3z0', 'it ends in the middle'],
    ['s1:a:4k2m9x:zzzzzzzzzzz10', 'one of its numbers is too large'],
    [`s1:a:4k2m9x:${'g'.repeat(46)}00`, 'one of its numbers is too large'],
    ['s1:a:4k2m9x:30', 'its last character, which is computed from the others, does not fit: one was lost or changed'],
  ])('refuses %j', (text, why) => {
    expect(usage(() => decodeSchedule(text))).toBe(`${JSON.stringify(text)} is no schedule: ${why}.`)
  })

  it('shows no more than the beginning of a long one', () => {
    expect(usage(() => decodeSchedule('x'.repeat(100)))).toBe(
      `"${'x'.repeat(59)}…" is no schedule: it does not begin with "s1:".`,
    )
  })

  it('refuses more steps than a test can have', () => {
    // 1 + 5 * 16 ** 6 steps, with each of the possible last characters: one fits.
    const texts = Array.from('0123456789abcdefghjkmnpqrstvwxyz', (check) => `s1:a:4k2m9x:hggggg5${check}`)
    const refused = texts.map((text) => usage(() => decodeSchedule(text)).replace(/^.*: /u, ''))
    expect(refused.filter((why) => why !== 'one was lost or changed.')).toEqual([
      'it has 83886081 steps; 10000000 is the most.',
    ])
  })
})
