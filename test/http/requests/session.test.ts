// What a request is given, by the call and by its session: each option, and how the two are put together.

import { readFileSync } from 'node:fs'
import type http from 'node:http'
import type { TLSSocket } from 'node:tls'
import { run, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { written } from '../../net/dns/shown.ts'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { type HttpServer, serve } from '../support.ts'
import { CA, certificate, secureServer } from '../transport/tls.ts'

checkLeaks()

/** What came, as the echo server tells it. */
interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Tells what came, and sets the cookies that the query asks for. */
async function echo(): Promise<HttpServer & { rawHeaders: string[] }> {
  const rawHeaders: string[] = []
  const server = await serve((request, response) => {
    const chunks: Buffer[] = []
    rawHeaders.splice(0, Infinity, ...request.rawHeaders)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { searchParams } = new URL(`http://x${request.url ?? ''}`)
      const cookies = searchParams.getAll('cookie')
      if (cookies.length > 0) response.setHeader('set-cookie', cookies)
      response.setHeader('content-type', 'application/json')
      const { method = '', url = '', headers } = request
      response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') }))
    })
    return true
  })
  return { ...server, rawHeaders }
}

const seen = async (answer: PromiseLike<requests.Response>): Promise<Echo> => (await answer).json<Echo>()

/** The variables of the environment that requests look at. */
const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'requests_ca_bundle', 'curl_ca_bundle']

/** Has only these of them for the rest of the test, whatever the machine has. */
function environment(values: Record<string, string>): void {
  const before = { ...process.env }
  const names = VARIABLES.flatMap((name) => [name, name.toUpperCase()])
  for (const name of names) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, values)
  onTestFinished(() => {
    for (const name of names) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, before)
  })
}

describe('params', () => {
  it('are added to the query', async () => {
    const { url } = await echo()
    const params = { q: 'a b&c', n: [1, 2], none: null }
    expect((await seen(requests.get(`${url}/p?x=1`, { params }))).url).toBe('/p?x=1&q=a+b%26c&n=1&n=2')
    expect((await requests.get(url, { params: { a: 1 } })).url).toBe(`${url}/?a=1`)
  })

  it('of the session come first, and null leaves one out', async () => {
    const { url } = await echo()
    using session = new requests.Session({ params: { a: 1, b: 2 } })
    expect((await seen(session.get(url))).url).toBe('/?a=1&b=2')
    expect((await seen(session.get(url, { params: { b: null, c: 3 } }))).url).toBe('/?a=1&c=3')
    expect((await seen(session.get(url, { params: 'only=this' }))).url).toBe('/?only=this')
  })
})

describe('the body', () => {
  it('of `data`, a string, is sent as it is', async () => {
    const { url } = await echo()
    const { body, headers } = await seen(requests.post(url, { data: 'hi' }))
    expect([body, headers['content-length'], headers['content-type']]).toEqual(['hi', '2', undefined])
  })

  it('of `data`, fields, is a form', async () => {
    const { url } = await echo()
    const { body, headers } = await seen(requests.post(url, { data: { a: 'b c', n: [1, 2] } }))
    expect([body, headers['content-type']]).toEqual(['a=b+c&n=1&n=2', 'application/x-www-form-urlencoded'])
  })

  it('of `data`, a stream, is sent in chunks', async () => {
    const { url } = await echo()
    async function* data(): AsyncGenerator<Buffer> {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    }
    const { body, headers } = await seen(requests.post(url, { data: data() }))
    expect([body, headers['transfer-encoding'], headers['content-length']]).toEqual(['one two', 'chunked', undefined])
  })

  it('that is a stream cannot be driven twice', async () => {
    const { url, requests: came } = await echo()
    async function* data(): AsyncGenerator<Buffer> {
      yield Buffer.from('once')
    }
    const recipe = requests.post(url, { data: data() })
    await recipe
    const error = await rejection(recipe)
    expect(error).toBeInstanceOf(requests.UnrewindableBodyError)
    expect((error as Error).message).toBe(
      `The body of POST ${url}/ was to be sent again, since the same call is driven again, but it is a stream that has been read.`,
    )
    expect(came).toHaveLength(1)
  })

  it('of `json` is JSON; null is null, undefined is nothing', async () => {
    const { url } = await echo()
    const { body, headers } = await seen(requests.put(url, { json: { name: 'grün' } }))
    expect([Buffer.from(body, 'latin1').toString(), headers['content-type']]).toEqual([
      '{"name":"grün"}',
      'application/json',
    ])
    expect((await seen(requests.put(url, { json: null }))).body).toBe('null')
    expect((await seen(requests.put(url, { json: undefined }))).body).toBe('')
  })

  it('has the content-type that the call gives', async () => {
    const { url } = await echo()
    const headers = { 'content-type': 'application/problem+json' }
    expect((await seen(requests.post(url, { json: {}, headers }))).headers['content-type']).toBe(
      'application/problem+json',
    )
  })

  it('of `files` is multipart', async () => {
    const { url } = await echo()
    const { body, headers } = await seen(
      requests.post(url, { files: { f: ['name.txt', Buffer.from('text'), 'text/plain'] }, data: { a: 1 } }),
    )
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/u)
    expect(Number(headers['content-length'])).toBe(body.length)
    expect(body).toContain('name="f"; filename="name.txt"')
    expect(body).toContain('text')
  })

  it('is none: content-length is 0 for POST, and left out for GET', async () => {
    const { url } = await echo()
    expect((await seen(requests.post(url))).headers['content-length']).toBe('0')
    expect((await seen(requests.get(url))).headers['content-length']).toBe(undefined)
  })

  it('that cannot be JSON is refused at the call', () => {
    const round: { self?: unknown } = {}
    round.self = round
    expect(() => requests.post('http://127.0.0.1/', { json: round })).toThrow(requests.InvalidJSONError)
  })
})

describe('headers', () => {
  it('say who asks, and what is understood', async () => {
    const { url } = await echo()
    const { headers } = await seen(requests.get(url))
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(headers['user-agent']).toBe(`greenloop/${version}`)
    expect(headers['accept']).toBe('*/*')
    expect(headers['accept-encoding']).toMatch(/^gzip, deflate, br(?:, zstd)?$/u)
    expect(headers['connection']).toBe('keep-alive')
  })

  it('of the call take the place of the session’s, in any case; null leaves one out', async () => {
    const { url, rawHeaders } = await echo()
    using session = new requests.Session({ headers: { 'X-Tag': 'green', 'user-agent': 'mine' } })
    session.headers.set('X-More', '1')
    const { headers } = await seen(session.get(url, { headers: { 'x-tag': 'red', 'X-More': null, accept: null } }))
    expect([headers['x-tag'], headers['user-agent'], headers['x-more'], headers['accept']]).toEqual([
      'red',
      'mine',
      undefined,
      undefined,
    ])
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'x-tag')).toEqual(['x-tag'])
    expect((await seen(session.get(url))).headers['x-tag']).toBe('green')
  })

  it('that cannot be sent are InvalidHeader at the call', () => {
    expect(() => requests.get('http://127.0.0.1/', { headers: { 'x-a': 'b\r\nc: d' } })).toThrow(requests.InvalidHeader)
    expect(() => new requests.Session({ headers: { 'x a': 'b' } })).toThrow(requests.InvalidHeader)
  })

  it('may be given once as an iterator, and be sent twice', async () => {
    const { url } = await echo()
    const recipe = requests.get(url, { headers: [['x-tag', 'green'] as const].values() })
    expect((await seen(recipe)).headers['x-tag']).toBe('green')
    expect((await seen(recipe)).headers['x-tag']).toBe('green')
  })
})

describe('cookies', () => {
  it('that came to a session are sent by it', async () => {
    const { url } = await echo()
    using session = new requests.Session()
    await session.get(url, { params: { cookie: ['a=1', 'b=2; path=/deep'] } })
    expect(session.cookies.toDict()).toEqual({ a: '1', b: '2' })
    expect((await seen(session.get(url))).headers.cookie).toBe('a=1')
    expect((await seen(session.get(`${url}/deep/er`))).headers.cookie?.split('; ').sort()).toEqual(['a=1', 'b=2'])
  })

  it('of the call are for once, and win', async () => {
    const { url } = await echo()
    using session = new requests.Session({ cookies: { a: 'session', b: '2' } })
    const { headers } = await seen(session.get(url, { cookies: { a: 'call' } }))
    expect(headers.cookie?.split('; ').sort()).toEqual(['a=call', 'b=2'])
    expect((await seen(session.get(url))).headers.cookie?.split('; ').sort()).toEqual(['a=session', 'b=2'])
  })

  it('of the call may be a jar', async () => {
    const { url } = await echo()
    const cookies = new requests.CookieJar({ a: '1' })
    cookies.set('b', '2', { domain: 'example.org' })
    expect((await seen(requests.get(url, { cookies }))).headers.cookie).toBe('a=1')
    expect(cookies.size).toBe(2)
  })

  it('stay away when the call has a header of its own', async () => {
    const { url } = await echo()
    using session = new requests.Session({ cookies: { a: '1' } })
    expect((await seen(session.get(url, { headers: { Cookie: 'own=1' } }))).headers.cookie).toBe('own=1')
  })
})

describe('auth', () => {
  const basic = (user: string, password: string): string =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  it('of two is Basic', async () => {
    const { url } = await echo()
    expect((await seen(requests.get(url, { auth: ['green', 'secret'] }))).headers.authorization).toBe(
      basic('green', 'secret'),
    )
  })

  it('of the URL is Basic, and stands in no message', async () => {
    const { url } = await echo()
    const answer = await requests.get(url.replace('//', '//green:se%40cret@'))
    expect(answer.json<Echo>().headers.authorization).toBe(basic('green', 'se@cret'))
    expect(answer.url).toBe(`${url}/`)
    expect(written(requests.get('http://green:secret@127.0.0.1/'))).toBe('requests.get(http://127.0.0.1/)')
  })

  it('goes by the call, then the session, then the URL', async () => {
    const { url } = await echo()
    using session = new requests.Session({ auth: ['session', ''] })
    const withUser = url.replace('//', '//url@')
    const sent = async (options?: requests.RequestOptions): Promise<unknown> =>
      (await seen(session.get(withUser, options))).headers.authorization
    expect(await sent({ auth: ['call', ''] })).toBe(basic('call', ''))
    expect(await sent()).toBe(basic('session', ''))
    session.auth = null
    expect(await sent()).toBe(basic('url', ''))
  })

  it('of a scheme is what the scheme makes of it', async () => {
    const { url } = await echo()
    expect((await seen(requests.get(url, { auth: requests.bearerAuth('t') }))).headers.authorization).toBe('Bearer t')
    const own: requests.AuthScheme = { authorize: ({ headers, method }) => void headers.set('x-auth', method) }
    expect((await seen(requests.get(url, { auth: own }))).headers['x-auth']).toBe('GET')
  })

  it('of Digest answers 401, with the body again, and keeps that in the history', async () => {
    const bodies: string[] = []
    const { url, requests: came } = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(String(Buffer.concat(chunks)))
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end('who?')
        } else response.end(request.headers.authorization)
      })
      return true
    })
    using session = new requests.Session({ auth: requests.digestAuth('green', 'secret') })
    const answer = await session.post(url, { data: 'body' })
    expect(answer.text).toMatch(/^Digest username="green"/u)
    expect(answer.history.map(({ statusCode, text }) => [statusCode, text])).toEqual([[401, 'who?']])
    expect(bodies).toEqual(['body', 'body'])
    await session.get(url)
    expect(came).toEqual(['POST /', 'POST /', 'GET /']) // it knows now
  })

  it('of Digest gives 401 when it is wrong', async () => {
    const { url, requests: came } = await serve((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end()
      return true
    })
    const answer = await requests.get(url, { auth: requests.digestAuth('green', 'wrong') })
    expect([answer.statusCode, came.length]).toEqual([401, 2])
  })

  it('of Digest cannot send a stream again', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end()
      return true
    })
    async function* data(): AsyncGenerator<Buffer> {
      yield Buffer.from('once')
    }
    const error = await rejection(requests.post(url, { auth: requests.digestAuth('a', 'b'), data: data() }))
    expect(error).toBeInstanceOf(requests.UnrewindableBodyError)
    expect((error as Error).message).toBe(
      `The body of POST ${url}/ was to be sent again, since the server asks who it is, but it is a stream that has been read.`,
    )
  })
})

describe('hooks', () => {
  it('are called with each answer', async () => {
    const { url } = await serve()
    const statuses: number[] = []
    const hooks = { response: ({ statusCode }: requests.Response) => void statuses.push(statusCode) }
    await requests.get(`${url}/redirect/1`, { hooks })
    using session = new requests.Session({ hooks: { response: [hooks.response, hooks.response] } })
    await session.get(url)
    await session.get(url, { hooks: { response: [] } })
    expect(statuses).toEqual([302, 200, 200, 200])
  })

  it('may give another answer in its place, and wait', async () => {
    const { url } = await serve()
    const other = await run(() =>
      requests.get(url, {
        hooks: {
          *response(answer) {
            expect(answer.text).toBe('hello')
            return yield* requests.get(`${url}/json`)
          },
        },
      }),
    )
    expect(other.json()).toEqual({ answer: 42 })
  })

  it('that throw fail the request, and the connection is let go', async () => {
    const { url, aborted } = await serve()
    const mine = new Error('mine')
    const hooks = {
      response: (): undefined => {
        throw mine
      },
    }
    expect(await rejection(requests.get(`${url}/endless`, { stream: true, hooks }))).toBe(mine)
    await aborted('/endless')
  })
})

describe('the environment', () => {
  it('names the proxy, for sessions that trust it', async () => {
    const proxy = await serve((request, response) => {
      response.end(`by proxy: ${request.url ?? ''}`)
      return true
    })
    environment({ http_proxy: proxy.url })
    expect((await requests.get('http://example.test/x')).text).toBe('by proxy: http://example.test/x')
    const { url } = await serve()
    using session = new requests.Session({ trustEnv: false })
    expect((await session.get(url)).text).toBe('hello')
    environment({ http_proxy: proxy.url, no_proxy: '127.0.0.1' })
    expect((await requests.get(url)).text).toBe('hello')
  })

  it('is of no account beside `proxies`', async () => {
    environment({})
    const proxy = await serve((_, response) => {
      response.end('by proxy')
      return true
    })
    const { url } = await serve()
    expect((await requests.get(url, { proxies: { http: proxy.url } })).text).toBe('by proxy')
    using session = new requests.Session({ proxies: { http: proxy.url } })
    expect((await session.get(url)).text).toBe('by proxy')
    expect((await session.get(url, { proxies: { http: null } })).text).toBe('hello')
  })
})

describe('certificates', () => {
  it('are checked, unless `verify` says something else', async () => {
    environment({})
    const { url } = await secureServer()
    expect(await rejection(requests.get(url))).toBeInstanceOf(requests.SSLError)
    expect((await requests.get(url, { verify: false })).statusCode).toBe(200)
    expect((await requests.get(url, { verify: CA })).statusCode).toBe(200)
    using session = new requests.Session({ verify: CA })
    expect((await session.get(url)).statusCode).toBe(200)
    expect(await rejection(session.get(url, { verify: true }))).toBeInstanceOf(requests.SSLError)
  })

  it.each(['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'])('are checked by those of %s', async (name) => {
    const { url } = await secureServer()
    environment({ [name]: CA })
    expect((await requests.get(url)).statusCode).toBe(200)
    using session = new requests.Session({ trustEnv: false })
    expect(await rejection(session.get(url))).toBeInstanceOf(requests.SSLError)
    environment({ [name]: '' })
    expect(await rejection(requests.get(url))).toBeInstanceOf(requests.SSLError)
  })

  it('of the client are shown', async () => {
    let shown = false
    const { url } = await secureServer('server', { requestCert: true, ca: readFileSync(CA) }, ({ socket }) => {
      shown = (socket as TLSSocket).authorized
    })
    const { cert, key } = certificate('client')
    await requests.get(url, { verify: CA, cert: [cert, key] })
    expect(shown).toBe(true)
  })
})

describe('a session', () => {
  it('keeps its connections', async () => {
    const sockets = new Set<unknown>()
    const { url } = await serve((request) => {
      sockets.add(request.socket)
      return false
    })
    using session = new requests.Session()
    for (let n = 0; n < 3; n++) await session.get(url)
    await session.get(`${url}/redirect/2`)
    await (await session.get(url, { stream: true })).read()
    expect(sockets.size).toBeLessThanOrEqual(2) // a connection is free a turn of Node's loop after its answer
  })

  it('has at most so many connections to a host', async () => {
    let open = 0
    let most = 0
    const { url } = await serve((_, response) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        response.end()
      }, 5)
      return true
    })
    using session = new requests.Session({ connectionsPerHost: 2 })
    const pages = Array.from({ length: 6 }, () => spawn(() => session.get(url)))
    for (const page of pages) await page.get()
    expect(most).toBe(2)
  })

  it('that is closed lets go of its connections, and takes no more', async () => {
    const sockets: { destroyed: boolean }[] = []
    const { url } = await serve((request) => {
      sockets.push(request.socket)
      return false
    })
    const session = new requests.Session()
    await session.get(url)
    session.close()
    session.close()
    await eventually('the connection is closed', () => sockets[0]?.destroyed === true)
    expect(await rejection(session.get(url))).toMatchObject({ code: 'GREENLOOP_USAGE' })
  })

  it('has all methods', async () => {
    const { url, requests: came } = await echo()
    using session = new requests.Session()
    for (const name of ['get', 'options', 'head', 'post', 'put', 'patch', 'delete'] as const) await session[name](url)
    await session.request('PROPFIND', url)
    expect(came.map((line) => line.split(' ')[0])).toEqual([
      'GET',
      'OPTIONS',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'PROPFIND',
    ])
    expect(written(session.get(url))).toBe(`session.get(${url}/)`)
  })

  it('refuses wrong options', () => {
    const all =
      'params, headers, cookies, auth, timeoutMs, stream, proxies, verify, cert, hooks, bodyLimit, retries, maxRedirects, trustEnv, connectionsPerHost'
    expect(usage(() => new requests.Session({ data: 1 } as object))).toBe(
      `new Session() has no option \`data\`; it has ${all}.`,
    )
    expect(usage(() => new requests.Session({ timeout: 1 } as object))).toBe(
      'new Session() has no option `timeout`; what is meant is `timeoutMs`, in milliseconds.',
    )
    expect(usage(() => new requests.Session({ maxRedirects: -1 }))).toBe(
      'new Session() expects `maxRedirects` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(usage(() => new requests.Session({ connectionsPerHost: 0 }))).toBe(
      'new Session() expects `connectionsPerHost` to be an integer, above 0, but got 0 (number).',
    )
    expect(usage(() => new requests.Session('x' as never))).toBe(
      "new Session() expects its options as an object, such as { headers: { 'x-tag': 'green' } }, but got \"x\" (string).",
    )
  })
})
