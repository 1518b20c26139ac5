// Short names: the same everywhere, different for different texts.
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/testing/schedule/fingerprint.ts'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

describe('fingerprint()', () => {
  it('is six letters and digits, the same on every machine', () => {
    expect([fingerprint([]), fingerprint(['']), fingerprint(['lost update'])]).toEqual(['b0zwkn', 'rxgccv', 'xwgmq9'])
  })

  it('tells apart where one text ends and the next begins', () => {
    const all = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['c', 'ab']]
    expect(new Set(all.map(fingerprint)).size).toBe(all.length)
  })

  it('is different for each of 10,000 names', () => {
    const names = Array.from({ length: 10_000 }, (_, number) => fingerprint([`test ${number}`]))
    expect(names.every((name) => /^[0-9a-hjkmnp-tv-z]{6}$/u.test(name))).toBe(true)
    expect(new Set(names).size).toBe(10_000)
  })
})
