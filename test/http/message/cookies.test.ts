/**
 * The cookie jar: what a server may set, what a request is sent, the face of a dictionary.
 */
import { inspect } from 'node:util'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message, thrown, usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'

const { CookieJar, InvalidHeader } = requests

checkLeaks()

/** A jar in which servers have set cookies: URL and header in turns. */
function jarOf(...set: readonly (readonly [url: string, setCookie: string])[]): requests.CookieJar {
  const jar = new CookieJar()
  for (const [url, setCookie] of set) jar.store([setCookie], new URL(url))
  return jar
}

const sent = (jar: requests.CookieJar, url: string, extra?: requests.CookiesLike): string | null =>
  jar.headerFor(new URL(url), extra)

/** The date of `ms` from now, as a header has it. */
const dateIn = (ms: number): string => new Date(performance.timeOrigin + ms).toUTCString()

describe('a cookie that a server sets', () => {
  it.each<[setCookie: string, from: string, to: string, header: string | null]>([
    // where it goes
    ['a=1', 'http://a.example.com/', 'http://a.example.com/x', 'a=1'],
    ['a=1', 'http://a.example.com/', 'https://a.example.com:8443/', 'a=1'],
    ['a=1', 'http://a.example.com/', 'http://b.a.example.com/', null],
    ['a=1', 'http://a.example.com/', 'http://example.com/', null],
    ['a=1; Domain=example.com', 'http://a.example.com/', 'http://b.example.com/', 'a=1'],
    ['a=1; Domain=.EXAMPLE.com', 'http://a.example.com/', 'http://example.com/', 'a=1'],
    ['a=1; Domain=example.com', 'http://a.example.com/', 'http://notexample.com/', null],
    // addresses and short names
    ['a=1', 'http://127.0.0.1:1/', 'http://127.0.0.1:2/', 'a=1'],
    ['a=1; Domain=127.0.0.1', 'http://127.0.0.1/', 'http://127.0.0.1/', 'a=1'],
    ['a=1; Domain=0.0.1', 'http://127.0.0.1/', 'http://127.0.0.1/', null],
    ['a=1', 'http://[::1]/', 'http://[::1]:8080/', 'a=1'],
    ['a=1', 'http://localhost/', 'http://localhost:8080/', 'a=1'],
    ['a=1; Domain=localhost', 'http://localhost/', 'http://localhost/', 'a=1'],
    ['a=1', 'http://intranet/', 'http://intranet/', 'a=1'],
    ['a=1; Domain=intranet', 'http://intranet/', 'http://intranet/', 'a=1'],
    // public suffixes
    ['a=1; Domain=com', 'http://example.com/', 'http://example.com/', null],
    ['a=1; Domain=co.uk', 'http://shop.co.uk/', 'http://shop.co.uk/', null],
    ['a=1; Domain=github.io', 'http://me.github.io/', 'http://you.github.io/', null],
    ['a=1; Domain=github.io', 'http://github.io/', 'http://github.io/', 'a=1'],
    ['a=1; Domain=github.io', 'http://github.io/', 'http://you.github.io/', null],
    ['a=1; Domain=local', 'http://printer.local/', 'http://printer.local/', null],
    // of others
    ['a=1; Domain=other.org', 'http://example.com/', 'http://other.org/', null],
    ['a=1; Domain=b.example.com', 'http://a.example.com/', 'http://b.example.com/', null],
    // paths
    ['a=1', 'http://h.org/dir/page', 'http://h.org/dir/other', 'a=1'],
    ['a=1', 'http://h.org/dir/page', 'http://h.org/', null],
    ['a=1; Path=/', 'http://h.org/dir/page', 'http://h.org/', 'a=1'],
    ['a=1; Path=/foo', 'http://h.org/', 'http://h.org/foo/bar', 'a=1'],
    ['a=1; Path=/foo', 'http://h.org/', 'http://h.org/foobar', null],
    ['a=1; Path=nonsense', 'http://h.org/dir/page', 'http://h.org/dir/', 'a=1'],
    ['a=1', 'http://h.org/%C3%BC/page', 'http://h.org/%C3%BC/', 'a=1'],
    // Secure: over https only, and also set over it
    ['a=1; Secure', 'https://h.org/', 'https://h.org/', 'a=1'],
    ['a=1; Secure', 'https://h.org/', 'http://h.org/', null],
    ['a=1; Secure', 'http://h.org/', 'https://h.org/', null],
    ['a=1; Secure', 'https://localhost/', 'http://localhost/', null],
    ['__Host-a=1; Secure; Path=/', 'https://h.org/', 'https://h.org/', '__Host-a=1'],
    ['__Host-a=1; Secure; Path=/; Domain=h.org', 'https://h.org/', 'https://h.org/', null],
    ['__Secure-a=1', 'https://h.org/', 'https://h.org/', null],
    // for requests, HttpOnly and SameSite do not matter
    ['a=1; HttpOnly; SameSite=Strict', 'http://h.org/', 'http://h.org/', 'a=1'],
    // values as sent
    ['a="q\\"x"', 'http://h.org/', 'http://h.org/', 'a="q\\"x"'],
    ['a=b=c', 'http://h.org/', 'http://h.org/', 'a=b=c'],
    ['a=', 'http://h.org/', 'http://h.org/', 'a='],
    ['a=%20caf\xe9', 'http://h.org/', 'http://h.org/', 'a=%20caf\xe9'],
    // what is no cookie
    ['', 'http://h.org/', 'http://h.org/', null],
    ['novalue', 'http://h.org/', 'http://h.org/', null],
    ['=1', 'http://h.org/', 'http://h.org/', null],
    ['a=\x01', 'http://h.org/', 'http://h.org/', null],
    // gone before it came
    ['a=1; Max-Age=0', 'http://h.org/', 'http://h.org/', null],
    ['a=1; Max-Age=-5', 'http://h.org/', 'http://h.org/', null],
    ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'http://h.org/', 'http://h.org/', null],
    ['a=1; Max-Age=99999999999999999999', 'http://h.org/', 'http://h.org/', 'a=1'],
    ['a=1; Max-Age=x; Expires=nonsense', 'http://h.org/', 'http://h.org/', 'a=1'],
  ])('%j of %s is sent to %s as %s', (setCookie, from, to, header) => {
    expect(sent(jarOf([from, setCookie]), to)).toBe(header)
  })

  it('replaces the one of the same name, domain and path, in its place', () => {
    const url = 'http://h.org/'
    expect(sent(jarOf([url, 'a=1'], [url, 'b=2'], [url, 'a=3']), url)).toBe('a=3; b=2')
  })

  it('is taken away by one that has ended', () => {
    const url = 'http://h.org/'
    expect(sent(jarOf([url, 'a=1'], [url, 'b=2'], [url, 'a=; Max-Age=0']), url)).toBe('b=2')
    expect(sent(jarOf([url, 'a=1'], [url, 'a=; Max-Age=0; Path=/other']), url)).toBe('a=1')
  })

  it('goes out before those of shorter paths, then before younger ones', () => {
    const jar = jarOf(
      ['http://h.org/', 'a=root'],
      ['http://h.org/', 'b=root'],
      ['http://h.org/', 'a=dir; Path=/dir'],
      ['http://www.h.org/', 'c=domain; Domain=h.org'],
    )
    expect(sent(jar, 'http://h.org/dir/x')).toBe('a=dir; a=root; b=root; c=domain')
  })

  it('cannot replace a secure one from a host without https', () => {
    const jar = jarOf(['https://h.org/', 'a=good; Secure'], ['http://h.org/', 'a=evil; Secure'])
    expect(sent(jar, 'https://h.org/')).toBe('a=good')
  })
})

describe('the end of a cookie', () => {
  it.each(['a=1; Max-Age=10', `a=1; Expires=${dateIn(10_000)}`, `a=1; Max-Age=10; Expires=${dateIn(0)}`])(
    'comes by the clock of the hub: %s',
    (setCookie) => {
      const { clock } = virtualHub()
      const jar = jarOf(['http://h.org/', setCookie])
      clock.time = 8_000
      expect([sent(jar, 'http://h.org/'), jar.size]).toEqual(['a=1', 1])
      clock.time = 10_001
      expect([sent(jar, 'http://h.org/'), jar.size, jar.get('a')]).toEqual([null, 0, undefined])
    },
  )

  it('does not move when the cookie is sent', () => {
    const { clock } = virtualHub()
    const jar = jarOf(['http://h.org/', 'a=1; Max-Age=10'])
    for (const time of [4_000, 8_000]) {
      clock.time = time
      expect(sent(jar, 'http://h.org/')).toBe('a=1')
    }
    clock.time = 12_000
    expect(sent(jar, 'http://h.org/')).toBeNull()
  })

  it('is what the program has set it to', () => {
    const { clock } = virtualHub()
    const jar = new CookieJar().set('a', '1', { expires: new Date(performance.timeOrigin + 50) }).set('b', '2')
    expect([...jar].map(({ name, expires }) => [name, expires === null])).toEqual([
      ['a', false],
      ['b', true],
    ])
    clock.time = 51
    expect(jar.toDict()).toEqual({ b: '2' })
  })
})

describe('a cookie that the program sets', () => {
  it('goes everywhere without a domain', () => {
    const jar = new CookieJar({ a: '1', n: 2 })
    expect([sent(jar, 'http://h.org/x'), sent(jar, 'https://127.0.0.1/')]).toEqual(['a=1; n=2', 'a=1; n=2'])
  })

  it('goes to its domain, those below it, and its path', () => {
    const jar = new CookieJar()
    jar.set('a', '1', { domain: '.Example.com', path: '/dir' }).set('b', '2', { domain: 'example.com', hostOnly: true })
    expect(sent(jar, 'http://www.example.com/dir/x')).toBe('a=1')
    expect(sent(jar, 'http://example.com/dir')).toBe('a=1; b=2')
    expect(sent(jar, 'http://example.org/dir')).toBeNull()
    expect(sent(new CookieJar().set('s', '1', { secure: true }), 'http://h.org/')).toBeNull()
  })

  it('stands against the one of a server: the one that was set last is sent', () => {
    const jar = new CookieJar({ token: 'mine' })
    jar.store(['token=server'], new URL('http://h.org/'))
    expect([sent(jar, 'http://h.org/'), sent(jar, 'http://other.org/')]).toEqual(['token=server', 'token=mine'])
    jar.set('token', 'newer')
    expect(sent(jar, 'http://h.org/')).toBe('token=newer')
  })

  it('of one request wins over all of the same name, and does not stay', () => {
    const jar = jarOf(['http://h.org/', 'a=server'], ['http://h.org/', 'b=2'])
    expect(sent(jar, 'http://h.org/', { a: 'once', c: '3' })).toBe('b=2; a=once; c=3')
    expect(sent(jar, 'http://h.org/', new CookieJar({ a: 'once' }))).toBe('b=2; a=once')
    expect(sent(new CookieJar(), 'http://h.org/', { a: 'once' })).toBe('a=once')
    expect([sent(jar, 'http://h.org/'), sent(jar, 'http://h.org/', {})]).toEqual(['a=server; b=2', 'a=server; b=2'])
  })

  it.each(['a;b', 'a\r\nX: y', '€', 'a\0'])('cannot have the value %j', (value) => {
    const set = (): unknown => new CookieJar({ a: value })
    expect(thrown(set)).toBeInstanceOf(InvalidHeader)
    expect(message(set)).toBe(
      `The cookie "a" cannot have the value ${JSON.stringify(value)}: it is Latin-1 without line breaks and \`;\`; anything else is sent encoded (encodeURIComponent()).`,
    )
  })

  it('cannot have a value that is no text', () => {
    expect(message(() => new CookieJar({ a: true as never }))).toMatch(
      /^The cookie "a" cannot have the value true \(boolean\): /u,
    )
  })

  it.each(['', 'a b', 'a=b', 'a;', 'a\n', '€'])('cannot have the name %j', (name) => {
    const set = (): unknown => new CookieJar().set(name, '1')
    expect(thrown(set)).toBeInstanceOf(InvalidHeader)
    expect(message(set)).toBe(
      `A cookie cannot have the name ${JSON.stringify(name)}: it is Latin-1 without spaces, \`=\` and \`;\`.`,
    )
  })

  it('comes from an object, pairs, or a jar, and from nothing else', () => {
    const expected = { a: '1', b: '2' }
    expect(
      new CookieJar([
        ['a', '1'],
        ['b', '2'],
      ]).toDict(),
    ).toEqual(expected)
    expect(new CookieJar(new Map(Object.entries(expected))).toDict()).toEqual(expected)
    expect(new CookieJar(new CookieJar(expected)).toDict()).toEqual(expected)
    const text = "Cookies are an object ({ session: 'abc' }), a CookieJar, or pairs of names and values, but got"
    expect(usage(() => new CookieJar('a=1' as never))).toBe(`${text} "a=1" (string).`)
    expect(usage(() => new CookieJar([5] as never))).toBe(`${text} an Array with 5 (number) in it.`)
  })
})

describe('a jar', () => {
  const jar = (): requests.CookieJar =>
    jarOf(['http://a.org/', 'x=1'], ['http://b.org/', 'x=2'], ['http://b.org/', 'y=3; Path=/dir; HttpOnly'])

  it('is read like a dictionary', () => {
    expect([jar().get('y'), jar().get('z'), jar().has('x'), jar().has('z'), jar().size]).toEqual([
      '3',
      undefined,
      true,
      false,
      3,
    ])
    expect([jar().toDict(), jar().toDict({ domain: 'a.org' }), jar().toDict({ path: '/dir' })]).toEqual([
      { x: '2', y: '3' },
      { x: '1' },
      { y: '3' },
    ])
    expect(inspect(jar())).toBe("CookieJar { x: '2', y: '3' }")
  })

  it('has one of several by its domain or its path, and refuses to choose', () => {
    expect([jar().get('x', { domain: 'a.org' }), jar().get('x', { domain: '.B.org', path: '/' })]).toEqual(['1', '2'])
    expect(usage(() => jar().get('x'))).toBe(`There are several cookies "x": of a.org/ and of b.org/.

  cookies.get("x")                        // incorrect: which one
  cookies.get("x", { domain: "a.org" })   // correct`)
    const paths = jarOf(['http://a.org/', 'x=1'], ['http://a.org/', 'x=2; Path=/dir'])
    expect(usage(() => paths.get('x'))).toContain('cookies.get("x", { path: "/" })')
    const everywhere = jarOf(['http://a.org/', 'x=1']).set('x', '2')
    expect(usage(() => everywhere.get('x'))).toContain('of a.org/ and of everywhere/.')
  })

  it('deletes by name and place', () => {
    const cookies = jar()
    expect([cookies.delete('x', { domain: 'b.org' }), cookies.toDict()]).toEqual([true, { x: '1', y: '3' }])
    expect([cookies.delete('nothing'), cookies.delete('x'), cookies.set('y', null).size]).toEqual([false, true, 0])
    expect(jar().set('x', null).toDict()).toEqual({ y: '3' })
    const all = jar()
    all.clear()
    expect(all.size).toBe(0)
  })

  it('lists its cookies with all that they are', () => {
    expect(
      [...jar()].map(({ name, value, domain, path, secure, httpOnly, hostOnly, expires }) => ({
        name,
        value,
        domain,
        path,
        secure,
        httpOnly,
        hostOnly,
        expires,
      }))[2],
    ).toEqual({
      name: 'y',
      value: '3',
      domain: 'b.org',
      path: '/dir',
      secure: false,
      httpOnly: true,
      hostOnly: true,
      expires: null,
    })
  })

  it('can be written down and read again', () => {
    const again = new CookieJar()
    for (const cookie of jar()) again.set(cookie.name, cookie.value, cookie)
    expect([...again].map((cookie) => ({ ...cookie, first: 0, last: 0 }))).toEqual(
      [...jar()].map((cookie) => ({ ...cookie, first: 0, last: 0 })),
    )
  })

  it('takes over those of another, and leaves that as it is', () => {
    const copy = jar().copy()
    const own = new CookieJar({ z: '9', x: '0' }).update(copy).update({ z: null, w: undefined })
    expect([own.toDict(), copy.toDict()]).toEqual([
      { x: '2', y: '3' },
      { x: '2', y: '3' },
    ])
    expect(sent(own, 'http://b.org/dir/')).toBe('y=3; x=2')
  })
})
