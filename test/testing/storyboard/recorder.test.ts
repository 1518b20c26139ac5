// The storyboard: what is recorded, and what is said when it is something else than it was to be.
import { joinall, sleep, spawn } from 'greenloop'
import { explore, recorder, StoryboardError } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { touchedBy } from '../../support/footprint.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { thrown, usage } from '../../support/thrown.ts'

checkLeaks()

/** What `expect(board)` says of `entries`. */
function complaint(entries: readonly string[], board: readonly string[]): string {
  const rec = recorder()
  for (const entry of entries) rec(entry)
  const error = thrown(() => {
    rec.expect(board)
  })
  expect(error).toBeInstanceOf(StoryboardError)
  expect(error).toMatchObject({
    code: 'GREENLOOP_STORYBOARD',
    name: 'StoryboardError',
    actual: entries,
    expected: board,
  })
  return `\n${(error as StoryboardError).message}\n` // asserted above
}

describe('recorder()', () => {
  it('records what it is called with', () => {
    const rec = recorder()
    rec('a')
    rec('b')
    expect(rec.entries).toEqual(['a', 'b'])
    rec.expect(['a', 'b'])
  })

  it('shows both lists beside each other', () => {
    expect(complaint(['a sleeps', 'c wakes', 'b wakes'], ['a sleeps', 'b wakes'])).toBe(`
Something else was recorded than the storyboard says, from entry 1 on.

     wanted    got
  0  a sleeps  a sleeps
> 1  b wakes   c wakes
> 2  -         b wakes
`)
  })

  it('shows that something is missing', () => {
    expect(complaint([], ['a'])).toBe(`
Something else was recorded than the storyboard says, from entry 0 on.

     wanted  got
> 0  a       -
`)
  })

  it('leaves out what is far from the first difference, and cuts what is long', () => {
    const alike = Array.from({ length: 6 }, (_entry, n) => `entry ${n}`)
    const long = 'x'.repeat(60)
    const others = Array.from({ length: 20 }, (_entry, n) => `other ${n}`)
    const text = complaint([...alike, 'two\nlines', ...others], [...alike, long, ...others])
    expect(text.slice(0, text.indexOf('  7'))).toBe(`
Something else was recorded than the storyboard says, from entry 6 on.

      wanted                                              got
  ... 3 alike
   3  entry 3                                             entry 3
   4  entry 4                                             entry 4
   5  entry 5                                             entry 5
>  6  ${'x'.repeat(49)}…  "two\\nlines"
 `)
    expect(text.trimEnd().endsWith('other 10\n  ... 9 more')).toBe(true)
  })

  it('refuses what is no string', () => {
    const rec = recorder()
    expect(usage(() => rec(5 as never))).toBe('A recorder expects a string, but got 5 (number).')
    expect(
      usage(() => {
        rec.expect('a' as never)
      }),
    ).toBe('recorder.expect() expects a list of strings, but got "a" (string).')
    expect(() => {
      rec.expect([1] as never)
    }).toThrow('expects a list of strings')
  })

  it('is shared state: an entry writes it, a look reads it', () => {
    const rec = recorder()
    expect([...touchedBy(() => rec('a')).values()]).toEqual([true])
    expect([...touchedBy(() => rec.entries).values()]).toEqual([false])
    expect([...touchedBy(() => rec.expect(['a'])).values()]).toEqual([false])
  })

  it('lets a reduced exploration see each order of entries', async () => {
    const seen = new Set<string>()
    const { complete } = await explore(
      function* () {
        const rec = recorder()
        yield* joinall(
          ['a', 'b'].map((name) =>
            spawn(function* () {
              rec(`${name}1`)
              yield* sleep(0)
              rec(`${name}2`)
            }),
          ),
        )
        seen.add(rec.entries.join(' '))
      },
      { independence: 'tracked' },
    )
    expect(complete).toBe(true)
    expect([...seen].sort()).toEqual([
      'a1 a2 b1 b2',
      'a1 b1 a2 b2',
      'a1 b1 b2 a2',
      'b1 a1 a2 b2',
      'b1 a1 b2 a2',
      'b1 b2 a1 a2',
    ])
  })
})
