/**
 * Authentication: what is put on a request, and the answers to a digest challenge.
 */
import { createHash } from 'node:crypto'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { authScheme, proxyAuth } from '../../../src/http/message/auth.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, thrown, usage } from '../../support/thrown.ts'

const { basicAuth, bearerAuth, digestAuth, HeaderMap } = requests

checkLeaks()

function requestOf(url = 'http://h.org/dir/index.html?a=1', method = 'GET'): requests.AuthRequest {
  return { method, url: new URL(url), headers: new HeaderMap() }
}

function authorized(scheme: requests.AuthScheme, name = 'authorization'): string | undefined {
  const request = requestOf()
  scheme.authorize(request)
  return request.headers.get(name)
}

describe('basicAuth()', () => {
  it('sends user and password, in UTF-8', () => {
    expect(authorized(basicAuth('Aladdin', 'open sesame'))).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
    expect(authorized(basicAuth('müller', 'pässwört'))).toBe(`Basic ${btoa('m\xc3\xbcller:p\xc3\xa4ssw\xc3\xb6rt')}`)
  })

  it('sends them in Latin-1, as Python does, when it is told to', () => {
    expect(authorized(basicAuth('müller', '', { encoding: 'latin1' }))).toBe(`Basic ${btoa('m\xfcller:')}`)
  })

  it('replaces what was there', () => {
    const request = requestOf()
    request.headers.set('authorization', 'old')
    basicAuth('a', 'b').authorize(request)
    expect(request.headers.toRaw()).toEqual(['Authorization', 'Basic YTpi'])
  })

  it('refuses what is no text', () => {
    expect(usage(() => basicAuth(5 as never, 'x'))).toBe('basicAuth() expects `user` to be text, but got 5 (number).')
    expect(usage(() => basicAuth('x', null as never))).toBe('basicAuth() expects `password` to be text, but got null.')
  })
})

describe('the others', () => {
  it('proxyAuth() is for the proxy', () => {
    expect(authorized(proxyAuth('a', 'b'), 'proxy-authorization')).toBe('Basic YTpi')
  })

  it('bearerAuth() sends its token', () => {
    expect(authorized(bearerAuth('abc.def'))).toBe('Bearer abc.def')
    expect(usage(() => bearerAuth(undefined as never))).toBe(
      'bearerAuth() expects `token` to be text, but got undefined.',
    )
    const evil = (): unknown => authorized(bearerAuth('a\r\nX: y'))
    expect(thrown(evil)).toBeInstanceOf(requests.InvalidHeader)
    expect(message(evil)).toBe(
      'The header "Authorization" cannot have the value that it was given (a secret, perhaps: it is not shown): a line break would begin another header.',
    )
  })

  it('a pair is basic, and a scheme is what it is', () => {
    expect(authorized(authScheme(['a', 'b'], 'requests.get()'))).toBe('Basic YTpi')
    const own: requests.AuthScheme = { authorize: ({ headers }) => headers.set('x-key', '1') }
    expect(authScheme(own, 'requests.get()')).toBe(own)
  })

  it.each([['a'], ['a', 'b', 'c'], ['a', 5], 'user', null, 5, {}])('%j is no auth', (auth) => {
    expect(usage(() => authScheme(auth as never, 'requests.get()'))).toMatch(
      /^requests\.get\(\) expects `auth` to be \[user, password\] or a scheme, such as digestAuth\(user, password\), but got .+\.$/u,
    )
  })
})

/** The parameters of a digest header. */
function parametersOf(header: string | undefined): Record<string, string> {
  expect(header).toMatch(/^Digest /u)
  const found = (header ?? '').slice('Digest '.length).matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))/gu)
  return Object.fromEntries([...found].map(([, name, text, bare]) => [name!, text ?? bare ?? '']))
}

/** What a server works out, by the letter of RFC 7616, 3.4.1. */
function expectedResponse(user: string, password: string, method: string, p: Record<string, string>): string {
  const hashes: Record<string, string> = {
    MD5: 'md5',
    SHA: 'sha1',
    'SHA-256': 'sha256',
    'SHA-512-256': 'sha512-256',
    'SHA-512': 'sha512',
  }
  const algorithm = p['algorithm'] ?? 'MD5'
  const H = (text: string): string =>
    createHash(hashes[algorithm.replace(/-sess$/iu, '').toUpperCase()]!)
      .update(text)
      .digest('hex')
  let a1 = `${user}:${p['realm']!}:${password}`
  if (/-sess$/iu.test(algorithm)) a1 = `${H(a1)}:${p['nonce']!}:${p['cnonce']!}`
  const a2 = `${method}:${p['uri']!}`
  if (p['qop'] === undefined) return H(`${H(a1)}:${p['nonce']!}:${H(a2)}`)
  return H(`${H(a1)}:${p['nonce']!}:${p['nc']!}:${p['cnonce']!}:${p['qop']}:${H(a2)}`)
}

const refused = (...challenges: string[]): { statusCode: number; headers: Record<string, string> } => ({
  statusCode: 401,
  headers: { 'www-authenticate': challenges.join(', ') },
})

describe('digestAuth()', () => {
  it('is checked here by what RFC 7616 works out in its example', () => {
    const example = {
      realm: 'http-auth@example.org',
      uri: '/dir/index.html',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    }
    expect(expectedResponse('Mufasa', 'Circle of Life', 'GET', { ...example, algorithm: 'MD5' })).toBe(
      '8ca523f5e9506fed4657c9700eebdbec',
    )
    expect(expectedResponse('Mufasa', 'Circle of Life', 'GET', { ...example, algorithm: 'SHA-256' })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    )
  })

  it('sends nothing before it was asked', () => {
    expect(authorized(digestAuth('u', 'p'))).toBeUndefined()
  })

  it.each<[challenge: string, names: string]>([
    ['Digest realm="r", nonce="n"', 'username realm nonce uri response'],
    ['Digest realm="r", nonce="n", opaque="o"', 'username realm nonce uri response opaque'],
    ['digest Realm=r, NONCE=n, qop=auth', 'username realm nonce uri response qop nc cnonce'],
    [
      'Digest realm="r", nonce="n", qop="auth-int, auth", algorithm=MD5',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm="MD5-sess"',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    ['Digest realm="r", nonce="n", algorithm=md5-sess', 'username realm nonce uri response algorithm cnonce'],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm=SHA',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm=sha-256',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512-256',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    [
      'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512',
      'username realm nonce uri response algorithm qop nc cnonce',
    ],
    ['Digest realm="a \\"b\\", c", nonce="x=y, z", qop="auth"', 'username realm nonce uri response qop nc cnonce'],
  ])('answers %s', (challenge, names) => {
    const scheme = digestAuth('Mufasa', 'Circle of Life')
    const request = requestOf(undefined, 'POST')
    scheme.authorize(request)
    expect(scheme.answer?.(request, refused(challenge))).toBe(true)
    scheme.authorize(request)
    const header = request.headers.get('authorization')
    const parameters = parametersOf(header)
    expect(Object.keys(parameters).join(' ')).toBe(names)
    expect(parameters).toMatchObject({ username: 'Mufasa', uri: '/dir/index.html?a=1' })
    const raw = Object.fromEntries(
      Object.entries(parameters).map(([name, text]) => [name, text.replaceAll(/\\(.)/gu, '$1')]),
    )
    expect(raw['response']).toBe(expectedResponse('Mufasa', 'Circle of Life', 'POST', raw))
    // By the standard these are bare, and the others quoted.
    expect(header).not.toMatch(/(?:qop|nc|algorithm)="/u)
  })

  it('answers the first challenge that it knows, among schemes that it does not', () => {
    const scheme = digestAuth('u', 'p')
    const request = requestOf()
    const challenges = [
      'NTLM',
      'Negotiate abc==',
      'Basic realm="Digest realm=evil"',
      'Digest realm="no", nonce="1", algorithm=SHA-3',
      'Digest realm="int", nonce="2", qop="auth-int"',
      'Digest realm="yes", nonce="3", qop="auth", algorithm=SHA-256',
      'Digest realm="late", nonce="4"',
    ]
    expect(scheme.answer?.(request, refused(...challenges))).toBe(true)
    scheme.authorize(request)
    expect(parametersOf(request.headers.get('authorization'))).toMatchObject({ realm: 'yes', nonce: '3' })
  })

  it.each([
    'Basic realm="r"',
    'Digest nonce="n"',
    'Digest realm="r"',
    'Digest realm="r", nonce="n", qop="auth-int"',
    'Digest realm="r", nonce="n", algorithm=TOKEN',
    'Digest realm="r", nonce="n", algorithm=__proto__',
    '',
    '"',
    ',,,',
  ])('leaves the refusal to the program: %j', (challenge) => {
    expect(digestAuth('u', 'p').answer?.(requestOf(), refused(challenge))).toBe(false)
  })

  it('looks at refusals only', () => {
    const response = { statusCode: 200, headers: { 'www-authenticate': 'Digest realm="r", nonce="n"' } }
    expect(digestAuth('u', 'p').answer?.(requestOf(), response)).toBe(false)
    expect(digestAuth('u', 'p').answer?.(requestOf(), { statusCode: 401, headers: {} })).toBe(false)
  })

  it('tries once, and once more when only the nonce was too old', () => {
    const challenge = 'Digest realm="r", nonce="n", qop="auth"'
    const scheme = digestAuth('u', 'p')
    const wrong = requestOf()
    expect([1, 2].map(() => scheme.answer?.(wrong, refused(challenge)))).toEqual([true, false])
    const stale = requestOf()
    expect([1, 2, 3].map(() => scheme.answer?.(stale, refused(`${challenge}, stale=TRUE`)))).toEqual([
      true,
      true,
      false,
    ])
  })

  it('answers at once from then on, and counts', () => {
    const scheme = digestAuth('u', 'p')
    scheme.answer?.(requestOf(), refused('Digest realm="r", nonce="n", qop="auth"'))
    const seen = [1, 2, 3].map(() => {
      const request = requestOf()
      scheme.authorize(request)
      return parametersOf(request.headers.get('authorization'))
    })
    expect(seen.map((parameters) => parameters['nc'])).toEqual(['00000001', '00000002', '00000003'])
    expect(new Set(seen.map((parameters) => parameters['cnonce'])).size).toBe(3)
    for (const parameters of seen) expect(parameters['response']).toBe(expectedResponse('u', 'p', 'GET', parameters))
    scheme.answer?.(requestOf(), refused('Digest realm="r", nonce="new", qop="auth"'))
    expect(parametersOf(authorized(scheme))).toMatchObject({ nonce: 'new', nc: '00000001' })
  })

  it('keeps the client nonce of a session', () => {
    const scheme = digestAuth('u', 'p')
    scheme.answer?.(requestOf(), refused('Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess'))
    const [one, two] = [parametersOf(authorized(scheme)), parametersOf(authorized(scheme))]
    expect(one['cnonce']).toBe(two['cnonce'])
    expect(two['response']).toBe(expectedResponse('u', 'p', 'GET', two))
  })

  it('answers each origin by its own challenge', () => {
    const scheme = digestAuth('u', 'p')
    scheme.answer?.(requestOf('http://a.org/'), refused('Digest realm="a", nonce="n"'))
    const other = requestOf('http://b.org/')
    scheme.authorize(other)
    expect(other.headers.size).toBe(0)
  })

  it('forgets the oldest of more than a hundred origins', () => {
    const scheme = digestAuth('u', 'p')
    for (let n = 0; n <= 100; n++)
      scheme.answer?.(requestOf(`http://h${n}.org/`), refused('Digest realm="a", nonce="n"'))
    const [first, second] = [requestOf('http://h0.org/'), requestOf('http://h1.org/')]
    scheme.authorize(first)
    scheme.authorize(second)
    expect([first.headers.size, second.headers.size]).toEqual([0, 1])
  })

  it('hashes the user where the server wants that', () => {
    const scheme = digestAuth('Jäsøn Doe', 'p')
    const request = requestOf()
    scheme.answer?.(
      request,
      refused('Digest realm="api@example.org", nonce="n", qop="auth", algorithm=SHA-256, userhash=true'),
    )
    scheme.authorize(request)
    const parameters = parametersOf(request.headers.get('authorization'))
    const hashed = createHash('sha256').update('Jäsøn Doe:api@example.org').digest('hex')
    expect(parameters).toMatchObject({ username: hashed, userhash: 'true' })
    expect(parameters['response']).toBe(expectedResponse('Jäsøn Doe', 'p', 'GET', parameters))
  })

  it('sends a user with quotes, or beyond ASCII, in a form that headers can have', () => {
    const answered = (user: string): string | undefined => {
      const scheme = digestAuth(user, 'p')
      scheme.answer?.(requestOf(), refused('Digest realm="r", nonce="n"'))
      return authorized(scheme)
    }
    expect(answered('a"b\\c')).toContain('username="a\\"b\\\\c", ')
    expect(answered("Jäs'øn")).toContain("username*=UTF-8''J%C3%A4s%27%C3%B8n, ")
  })

  it('refuses what is no text', () => {
    expect(usage(() => digestAuth('u', 5 as never))).toBe(
      'digestAuth() expects `password` to be text, but got 5 (number).',
    )
    expect(usage(() => digestAuth({} as never, 'p'))).toBe('digestAuth() expects `user` to be text, but got an Object.')
  })
})
