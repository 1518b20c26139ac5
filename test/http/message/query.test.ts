/**
 * Parameters of a URL, written as Python's `requests` writes them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeForm, type Params, withParams } from '../../../src/http/message/query.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

const SEED = 20_241_106

const search = (params: unknown, url = 'http://h/p'): string => withParams(new URL(url), params as Params).search

describe('params', () => {
  it.each<[params: unknown, search: string]>([
    [{ a: 1, b: 'x y' }, '?a=1&b=x+y'],
    [{ a: [1, 2, null, undefined, '3'] }, '?a=1&a=2&a=3'],
    [{ a: null, b: undefined, c: '' }, '?c='],
    [{ a: true, b: 0, c: 10n, d: 1.5 }, '?a=true&b=0&c=10&d=1.5'],
    [{ a: [], b: [[1, 2]], c: new Set(['x']) }, '?b=1&b=2&c=x'],
    [{ 'd e': "x~y*!'()", é: 'ü€' }, '?d+e=x~y%2A%21%27%28%29&%C3%A9=%C3%BC%E2%82%AC'],
    [{ a: '%20', b: 'a+b&c=d#e' }, '?a=%2520&b=a%2Bb%26c%3Dd%23e'],
    [{ a: new Uint8Array([0xff, 0x41, 0x20]) }, '?a=%FFA+'],
    [{ a: new Date(0), b: new URL('http://x/') }, '?a=1970-01-01T00%3A00%3A00.000Z&b=http%3A%2F%2Fx%2F'],
    [{ a: 'half \ud800 pair' }, '?a=half+%EF%BF%BD+pair'],
    [new Map<string, unknown>([['a', [1, 2]]]), '?a=1&a=2'],
    [
      [
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ],
      '?a=1&b=2&a=3',
    ],
    [[[1, 'x']], '?1=x'],
    [new URLSearchParams('a=1&a=x+y'), '?a=1&a=x+y'],
    ['a=1&b=%20', '?a=1&b=%20'],
    ['?a=x y', '?a=x%20y'],
    ['a=ü#b', '?a=%C3%BC%23b'],
  ])('%# are written %s', (params, expected) => {
    expect(search(params)).toBe(expected)
  })

  it.each<[params: unknown, url: string, href: string]>([
    [{ a: 1 }, 'http://h/p?x=%20y&z=a+b#top', 'http://h/p?x=%20y&z=a+b&a=1#top'],
    [{ a: 1 }, 'http://h?', 'http://h/?a=1'],
    ['q=%41', 'http://h/p?x=%2520', 'http://h/p?x=%2520&q=%41'],
    [{ x: 2 }, 'http://h/?x=1', 'http://h/?x=1&x=2'],
  ])('%j are added to %s', (params, url, href) => {
    expect(withParams(new URL(url), params as Params).href).toBe(href)
  })

  it.each([undefined, null, '', {}, [], { a: null }])('of nothing (%j) leave the URL as it is', (params) => {
    const url = new URL('http://h/p?a=%20#b')
    expect(withParams(url, params)).toBe(url)
  })

  it('do not change the URL that they are added to', () => {
    const url = new URL('http://h/p')
    expect([withParams(url, { a: 1 }).href, url.href]).toEqual(['http://h/p?a=1', 'http://h/p'])
  })

  it('that are no text are refused', () => {
    const expected =
      'requests.get() expects `params` to be text, an object ({ page: 2 }), or pairs of names and values, but got'
    expect(usage(() => search(5))).toBe(`${expected} 5 (number).`)
    expect(usage(() => search(new Uint8Array(1)))).toBe(`${expected} an Uint8Array.`)
    expect(usage(() => search(['ab']))).toBe(`${expected} an Array with "ab" (string) in it.`)
    expect(usage(() => search([[{}, 1]]))).toBe(`${expected} an Array with an Array in it.`)
  })

  it.each<[value: unknown, shown: string]>([
    [{ nested: 1 }, 'an Object'],
    [Object.create(null), 'an Object'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 1, 'the function (anonymous)'],
  ])('with a value that is no text are refused: %s', (value, shown) => {
    expect(usage(() => withParams(new URL('http://h'), { ok: 1, 'a "b"': [value] }, 'session.put()'))).toBe(
      `session.put() expects the values of \`params\` to be text, numbers, booleans or lists of them, but "a \\"b\\"" is ${shown}.`,
    )
  })
})

describe('any form', () => {
  const pairs = fc.array(
    fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 12 })),
  )

  it('is read by URLSearchParams as it was', () => {
    fc.assert(
      fc.property(pairs, (fields) => {
        expect([...new URLSearchParams(encodeForm(fields, 'x()', 'data'))]).toEqual(fields)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('stays the same when it is added to a URL, and what was there too', () => {
    fc.assert(
      fc.property(pairs, pairs, (before, fields) => {
        const url = new URL('http://h/p')
        for (const [name, value] of before) url.searchParams.append(name, value)
        const added = withParams(url, fields)
        expect(added.search.startsWith(url.search)).toBe(true)
        expect([...added.searchParams]).toEqual([...before, ...fields])
        expect(new URL(added.href).href).toBe(added.href)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})
