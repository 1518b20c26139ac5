/**
 * Headers: those that are sent keep order and case and refuse what would split them; those that came are found in any case.
 */
import { inspect } from 'node:util'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { rawValue, rawValues, responseHeaders } from '../../../src/http/message/headers.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, thrown, usage } from '../../support/thrown.ts'

const { HeaderMap, InvalidHeader } = requests

checkLeaks()

describe('HeaderMap', () => {
  it('keeps order and case, and finds a name in any case', () => {
    const headers = new HeaderMap({ 'User-Agent': 'me', accept: '*/*', 'X-N': 5 })
    expect(headers.toRaw()).toEqual(['User-Agent', 'me', 'accept', '*/*', 'X-N', '5'])
    expect([headers.get('user-agent'), headers.get('ACCEPT'), headers.get('x-N'), headers.get('date')]).toEqual([
      'me',
      '*/*',
      '5',
      undefined,
    ])
    expect([headers.has('x-n'), headers.has('date'), headers.size]).toEqual([true, false, 3])
  })

  it('sets a header in the place of the one that was there, in the new case', () => {
    const headers = new HeaderMap({ A: '1', B: '2', C: '3' }).set('b', 'new')
    expect([...headers]).toEqual([
      ['A', '1'],
      ['b', 'new'],
      ['C', '3'],
    ])
  })

  it('sends a name several times after append(), and in one line after set()', () => {
    const headers = new HeaderMap({ 'X-Tag': ['a', 'b'] }).append('x-tag', 'c').append('Z', '1')
    expect(headers.toRaw()).toEqual(['X-Tag', 'a', 'X-Tag', 'b', 'x-tag', 'c', 'Z', '1'])
    expect(headers.get('x-tag')).toBe('a, b, c')
    expect(headers.set('X-TAG', 'd').toRaw()).toEqual(['X-TAG', 'd', 'Z', '1'])
  })

  it('deletes all of a name', () => {
    const headers = new HeaderMap({ a: ['1', '2', '3'], b: '4' })
    expect([headers.delete('A'), headers.delete('A'), headers.toRaw()]).toEqual([true, false, ['b', '4']])
  })

  it('removes by null and leaves alone by undefined in update()', () => {
    const headers = new HeaderMap({ accept: '*/*', 'user-agent': 'me', date: null, x: undefined })
    headers.update({ Accept: null, 'User-Agent': undefined, tags: [] })
    expect(headers.toRaw()).toEqual(['user-agent', 'me'])
  })

  it.each<[string, requests.HeadersLike]>([
    ['an object', { a: '1', b: '2' }],
    ['a Headers', new Headers({ a: '1', b: '2' })],
    [
      'pairs',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a Map',
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ],
    ['a HeaderMap', new HeaderMap({ a: '1', b: '2' })],
  ])('is made of %s', (_, init) => {
    expect(new HeaderMap(init).toRaw()).toEqual(['a', '1', 'b', '2'])
    expect(new HeaderMap({ A: 'old', c: '3' }).update(init).toRaw()).toEqual(['a', '1', 'c', '3', 'b', '2'])
  })

  it('sends a name again that comes again in pairs, and replaces what was there before', () => {
    const headers = new HeaderMap({ cookie: 'old' })
    headers.update([
      ['Cookie', 'a=1'],
      ['cookie', 'b=2'],
    ])
    expect(headers.toRaw()).toEqual(['Cookie', 'a=1', 'cookie', 'b=2'])
  })

  it('is independent of the one that it is a copy of', () => {
    const first = new HeaderMap({ a: '1' })
    const second = new HeaderMap(first).set('b', '2')
    const raw = second.toRaw()
    raw.push('c', '3')
    expect([first.toRaw(), second.toRaw()]).toEqual([
      ['a', '1'],
      ['a', '1', 'b', '2'],
    ])
  })

  it('is shown like an object', () => {
    expect(inspect(new HeaderMap({ Accept: '*/*', 'X-Tag': ['a', 'b', 'c'] }))).toBe(
      "HeaderMap { Accept: '*/*', 'X-Tag': [ 'a', 'b', 'c' ] }",
    )
  })

  it.each<[value: unknown, why: string]>([
    ['a\r\nEvil: 1', '"a\\r\\nEvil: 1": a line break would begin another header.'],
    ['a\nb', '"a\\nb": a line break would begin another header.'],
    ['a\0b', '"a\\u0000b": "\\u0000" is a control character.'],
    ['\x7f', '"\x7f": "\x7f" is a control character.'],
    ['5 €', '"5 €": "€" is not in Latin-1; send it encoded (encodeURIComponent()).'],
    [' a', '" a": it begins with white space.'],
    ['\ta', '"\\ta": it begins with white space.'],
    [true, 'true (boolean): it must be text or a number.'],
    [{}, 'an Object: it must be text, a number, or a list of texts.'],
  ])('refuses the value %j', (value, why) => {
    const set = (): unknown => new HeaderMap({ 'X-A': value as string })
    expect(thrown(set)).toBeInstanceOf(InvalidHeader)
    expect(message(set)).toBe(`The header "X-A" cannot have the value ${why}`)
  })

  it('shows all of a long value that it refuses', () => {
    const value = `${'x'.repeat(200)}\n`
    expect(message(() => new HeaderMap().append('a', value))).toContain(JSON.stringify(value))
  })

  it.each(['', 'a b', 'a:', 'a\r\nb', 'ä', 'a\0'])('refuses the name %j', (name) => {
    const set = (): unknown => new HeaderMap().set(name, '1')
    expect(thrown(set)).toBeInstanceOf(InvalidHeader)
    expect(message(set)).toBe(
      `A header cannot have the name ${JSON.stringify(name)} (its value is "1"): names are letters, digits and !#$%&'*+-.^_\`|~.`,
    )
  })

  it('takes all of Latin-1, tabs and spaces inside, and nothing', () => {
    const values = ['caf\xe9', 'a\tb  c ', '', '\xff']
    expect(values.map((value) => new HeaderMap({ a: value }).get('a'))).toEqual(values)
  })

  it('refuses what is no headers', () => {
    const expected = "Headers are an object ({ accept: 'text/html' }), a Headers, or pairs of names and values, but got"
    expect(usage(() => new HeaderMap('accept: */*' as never))).toBe(`${expected} "accept: */*" (string).`)
    expect(usage(() => new HeaderMap(null as never))).toBe(`${expected} null.`)
    expect(usage(() => new HeaderMap([['a']] as never))).toBe(`${expected} an Array with an Array in it.`)
  })
})

describe('the headers of a response', () => {
  const raw = [
    Buffer.from('Content-Type'),
    Buffer.from('text/html '),
    'Set-Cookie',
    'a=1',
    'X',
    'y',
    'set-cookie',
    'b=2\t ',
  ]

  it('are found in any case, several of a name joined', () => {
    const headers = responseHeaders(raw)
    expect([headers['content-type'], headers['CONTENT-TYPE'], headers['Set-Cookie'], headers['date']]).toEqual([
      'text/html',
      'text/html',
      'a=1, b=2',
      undefined,
    ])
    expect(['X' in headers, 'date' in headers, Symbol.iterator in headers]).toEqual([true, false, false])
  })

  it('are listed by lower-case names', () => {
    const headers = responseHeaders(raw)
    const expected = { 'content-type': 'text/html', 'set-cookie': 'a=1, b=2', x: 'y' }
    expect(Object.keys(headers)).toEqual(Object.keys(expected))
    expect({ ...headers }).toEqual(expected)
    expect(JSON.parse(JSON.stringify(headers))).toEqual(expected)
    expect(inspect(headers)).toBe(inspect(expected))
  })

  it('have nothing that is no header', () => {
    const headers = responseHeaders(['__proto__', 'a', 'x', 'y'])
    expect([headers['constructor'], headers['toString'], headers['__proto__']]).toEqual([undefined, undefined, 'a'])
    expect(Object.getPrototypeOf(headers)).toBeNull()
  })

  it('cannot be changed', () => {
    const headers = responseHeaders(raw) as Record<string, string>
    const changes = [
      () => (headers['x'] = 'z'),
      () => delete headers['x'],
      () => Object.defineProperty(headers, 'x', { value: 'z' }),
      () => Object.freeze(headers),
    ]
    for (const change of changes) expect(thrown(change)).toBeInstanceOf(TypeError)
    expect(headers['x']).toBe('y')
  })

  it('are Latin-1', () => {
    expect(responseHeaders([Buffer.from('x'), Buffer.from([0x63, 0x61, 0x66, 0xe9, 0xa0])])['x']).toBe('caf\xe9\xa0')
  })

  it('are given one by one, without a view', () => {
    expect([
      rawValues(raw, 'set-cookie'),
      rawValue(raw, 'set-cookie'),
      rawValue(raw, 'x'),
      rawValue(raw, 'date'),
    ]).toEqual([['a=1', 'b=2'], 'a=1, b=2', 'y', undefined])
  })
})
