// Redirects: each status with each method, what goes along, where a Location leads, and where it ends.
import type http from 'node:http'
import { run } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { type HttpServer, serve } from '../support.ts'

checkLeaks()

/** What a request looked like to the server. */
interface Seen {
  readonly line: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

interface Redirecting extends HttpServer {
  readonly seen: readonly Seen[]
}

/** Answers `/302?to=…` with that status and that Location, and everything else with 200 and what it is. */
async function redirecting(): Promise<Redirecting> {
  const seen: Seen[] = []
  const server = await serve((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(`http://x${request.url ?? ''}`)
      seen.push({
        line: `${request.method ?? ''} ${request.url ?? ''}`,
        headers: request.headers,
        body: String(Buffer.concat(chunks)),
      })
      const cookie = searchParams.get('cookie')
      if (cookie !== null) response.setHeader('set-cookie', cookie)
      const status = Number(pathname.slice(1))
      const to = searchParams.get('to')
      if (status >= 300 && to !== null) response.writeHead(status, { location: to })
      response.end('the end')
    })
    return true
  })
  return { ...server, seen }
}

const at = (url: string, status: number, to: string): string => `${url}/${status}?to=${encodeURIComponent(to)}`

describe('the method', () => {
  const rules: [number, string, string][] = [
    [301, 'GET', 'GET'],
    [301, 'HEAD', 'HEAD'],
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [301, 'DELETE', 'DELETE'],
    [302, 'GET', 'GET'],
    [302, 'HEAD', 'HEAD'],
    [302, 'POST', 'GET'],
    [302, 'PUT', 'GET'],
    [302, 'DELETE', 'GET'],
    [303, 'GET', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [307, 'GET', 'GET'],
    [307, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [307, 'PUT', 'PUT'],
    [308, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
    [308, 'DELETE', 'DELETE'],
  ]

  it.each(rules)('of %i makes %s a %s', async (status, method, next) => {
    const { url, seen } = await redirecting()
    const answer = await requests.request(method, at(url, status, '/end'))
    expect([answer.statusCode, answer.url]).toEqual([200, `${url}/end`])
    expect(seen.map(({ line }) => line.split(' ')[0])).toEqual([method, next])
    expect(answer.request.method).toBe(next)
  })

  it.each([300, 304, 305, 306])('%i is an answer, Location or not', async (status) => {
    const { url, seen } = await redirecting()
    const answer = await requests.get(at(url, status, '/end'))
    expect([answer.statusCode, answer.isRedirect, seen.length]).toEqual([status, false, 1])
  })
})

describe('the body', () => {
  it.each([301, 302, 303])('and what tells of it stay behind after %i', async (status) => {
    const { url, seen } = await redirecting()
    await requests.post(at(url, status, '/end'), { json: { a: 1 }, headers: { 'x-tag': 'green' } })
    const [first, second] = seen
    expect([first!.body, first!.headers['content-length'], first!.headers['content-type']]).toEqual([
      '{"a":1}',
      '7',
      'application/json',
    ])
    expect([second!.body, second!.headers['content-length'], second!.headers['content-type']]).toEqual([
      '',
      undefined,
      undefined,
    ])
    expect(second!.headers['x-tag']).toBe('green')
  })

  it('stays behind after 301 although PUT stays PUT, as in Python', async () => {
    const { url, seen } = await redirecting()
    await requests.put(at(url, 301, '/end'), { data: 'x' })
    expect(seen.map(({ line, body }) => [line.split(' ')[0], body])).toEqual([
      ['PUT', 'x'],
      ['PUT', ''],
    ])
  })

  it.each([307, 308])('goes along after %i', async (status) => {
    const { url, seen } = await redirecting()
    await requests.post(at(url, status, '/end'), { data: { name: 'green' } })
    expect(seen.map(({ body, headers }) => [body, headers['content-type']])).toEqual([
      ['name=green', 'application/x-www-form-urlencoded'],
      ['name=green', 'application/x-www-form-urlencoded'],
    ])
  })

  it('that is a stream cannot go along', async () => {
    const { url, seen } = await redirecting()
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('once')
    }
    const from = at(url, 307, '/end')
    const error = await rejection(requests.post(from, { data: body() }))
    expect(error).toBeInstanceOf(requests.UnrewindableBodyError)
    expect((error as Error).message).toBe(
      `The body of POST ${from} was to be sent again, to where ${from} redirects, but it is a stream that has been read.`,
    )
    expect(seen.map(({ body: text }) => text)).toEqual(['once'])
  })

  it('that is a stream is no matter when it stays behind', async () => {
    const { url } = await redirecting()
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('once')
    }
    expect((await requests.post(at(url, 303, '/end'), { data: body() })).statusCode).toBe(200)
  })

  it('of an answer that redirects can be read', async () => {
    const { url } = await redirecting()
    const { history } = await requests.get(at(url, 302, '/end'))
    expect(history.map(({ text }) => text)).toEqual(['the end'])
  })
})

describe('Location', () => {
  const places: [string, string, string][] = [
    ['a path', '/end', '/end'],
    ['a relative path', 'end', '/end'],
    ['a query', '?x=1', '/302?x=1'],
    ['no scheme', '//HOST/end', '/end'],
    ['a space', '/the end', '/the%20end'],
    ['what is encoded', '/%7Egreen%2f%zz', '/%7Egreen%2f%zz'],
    ['dots', '/a/../end', '/end'],
  ]

  it.each(places)('with %s', async (_, location, path) => {
    const { url, requests: came } = await redirecting()
    const answer = await requests.get(at(url, 302, location.replace('HOST', new URL(url).host)))
    expect(answer.url).toBe(`${url}${path}`)
    expect(came.at(-1)).toBe(`GET ${path}`)
  })

  it('with letters in UTF-8, as servers send it', async () => {
    const { url, requests: came } = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: Buffer.from('/grün').toString('latin1') }).end()
      else response.end()
      return true
    })
    await requests.get(url)
    expect(came).toEqual(['GET /', 'GET /gr%C3%BCn'])
  })

  it('with letters in Latin-1, as the rules have it', async () => {
    const { url, requests: came } = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/grün' }).end()
      else response.end()
      return true
    })
    await requests.get(url)
    expect(came).toEqual(['GET /', 'GET /gr%C3%BCn'])
  })

  it('that is empty is none', async () => {
    const { url } = await redirecting()
    const answer = await requests.get(at(url, 302, ''))
    expect([answer.statusCode, answer.isRedirect]).toEqual([302, true])
  })

  it('keeps the fragment, unless it has its own', async () => {
    const { url } = await redirecting()
    expect((await requests.get(`${at(url, 302, '/end')}#one`)).url).toBe(`${url}/end#one`)
    expect((await requests.get(`${at(url, 302, '/end#two')}#one`)).url).toBe(`${url}/end#two`)
  })

  it('does not have the params again', async () => {
    const { url, requests: came } = await redirecting()
    await requests.get(`${url}/302`, { params: { to: '/end' } })
    expect(came).toEqual(['GET /302?to=%2Fend', 'GET /end'])
  })

  it('out of HTTP is InvalidSchema', async () => {
    const { url } = await redirecting()
    const from = at(url, 302, 'ftp://127.0.0.1/x')
    const error = await rejection(requests.get(from))
    expect(error).toBeInstanceOf(requests.InvalidSchema)
    expect((error as Error).message).toBe(
      `GET ${from} was redirected to "ftp://127.0.0.1/x"; only http: and https: can be followed.`,
    )
  })

  it('to nowhere is InvalidURL', async () => {
    const { url } = await redirecting()
    const from = at(url, 302, 'http://[')
    const error = await rejection(requests.get(from))
    expect(error).toBeInstanceOf(requests.InvalidURL)
    expect((error as Error).message).toBe(`GET ${from} was redirected to "http://[", which is no URL.`)
  })
})

describe('Authorization', () => {
  const auth = ['green', 'secret'] as const
  const basic = `Basic ${Buffer.from('green:secret').toString('base64')}`

  it('goes along on the same host', async () => {
    const { url, seen } = await redirecting()
    await requests.get(at(url, 302, '/end'), { auth })
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([basic, basic])
  })

  it('goes along when it is a header', async () => {
    const { url, seen } = await redirecting()
    await requests.get(at(url, 302, '/end'), { headers: { authorization: 'Token x' } })
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Token x', 'Token x'])
  })

  it.each(['auth', 'header'])('stays behind on the way to another host, and for good: %s', async (kind) => {
    const here = await redirecting()
    const there = await redirecting()
    const back = `${here.url}/end`
    const options = kind === 'auth' ? { auth } : { headers: { authorization: basic } }
    await requests.get(at(here.url, 302, at(there.url, 302, back)), options)
    expect(here.seen.map(({ headers }) => headers.authorization)).toEqual([basic, undefined])
    expect(there.seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it('is not taken from a Location', async () => {
    const { url, seen } = await redirecting()
    const { host } = new URL(url)
    const answer = await requests.get(at(url, 302, `http://green:secret@${host}/end`))
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
    expect(answer.url).toBe(`${url}/end`)
  })
})

describe('Host', () => {
  it('of the program is for the host that it is sent to', async () => {
    const here = await redirecting()
    const there = await redirecting()
    await requests.get(at(here.url, 302, at(there.url, 302, '/end')), { headers: { host: 'green.test' } })
    expect(here.seen.map(({ headers }) => headers.host)).toEqual(['green.test'])
    const { host } = new URL(there.url)
    expect(there.seen.map(({ headers }) => headers.host)).toEqual([host, host])
  })
})

describe('cookies', () => {
  it('that come on the way go along', async () => {
    const { url, seen } = await redirecting()
    const answer = await requests.get(`${at(url, 302, '/end?cookie=b=2')}&cookie=a=1`)
    expect(seen.map(({ headers }) => headers.cookie)).toEqual([undefined, 'a=1'])
    expect(answer.cookies.toDict()).toEqual({ b: '2' })
    expect(answer.history[0]!.cookies.toDict()).toEqual({ a: '1' })
  })

  it('of the call go along on the same host, and nowhere else', async () => {
    const { url, seen } = await redirecting()
    const other = url.replace('127.0.0.1', 'localhost')
    await requests.get(at(url, 302, '/end'), { cookies: { mine: '1' } })
    expect(seen.map(({ headers }) => headers.cookie)).toEqual(['mine=1', 'mine=1'])
    await requests.get(at(other, 302, `${url}/end`), { cookies: { mine: '1' } })
    expect(seen.slice(2).map(({ headers }) => headers.cookie)).toEqual(['mine=1', undefined])
  })

  it('in a header of the program go to the first URL', async () => {
    const { url, seen } = await redirecting()
    await requests.get(at(url, 302, '/end'), { headers: { cookie: 'own=1' } })
    expect(seen.map(({ headers }) => headers.cookie)).toEqual(['own=1', undefined])
  })
})

describe('the way', () => {
  it('is the history, oldest first', async () => {
    const { url } = await serve()
    const answer = await requests.get(`${url}/redirect/3`)
    expect([answer.statusCode, answer.text, answer.url]).toEqual([200, 'hello', `${url}/`])
    expect(answer.history.map(({ url: from, statusCode }) => [from, statusCode])).toEqual([
      [`${url}/redirect/3`, 302],
      [`${url}/redirect/2`, 302],
      [`${url}/redirect/1`, 302],
    ])
    expect(answer.history.map(({ history }) => history.length)).toEqual([0, 1, 2])
  })

  it('is not gone with `allowRedirects: false`', async () => {
    const { url, requests: came } = await serve()
    const answer = await requests.get(`${url}/redirect/3`, { allowRedirects: false })
    expect([answer.statusCode, answer.isRedirect, answer.isPermanentRedirect]).toEqual([302, true, false])
    expect(answer.headers['location']).toBe('/redirect/2')
    expect(came).toEqual(['GET /redirect/3'])
  })

  it('may have 30 redirects', async () => {
    const { url } = await serve()
    expect((await requests.get(`${url}/redirect/30`)).text).toBe('hello')
  })

  it('ends after 30 redirects with TooManyRedirects, and the last answer', async () => {
    const { url, requests: came } = await serve()
    const error = await rejection(requests.get(`${url}/redirect/40`))
    expect(error).toBeInstanceOf(requests.TooManyRedirects)
    expect((error as Error).message).toBe(
      `GET ${url}/redirect/40 was redirected more than 30 times, at last from ${url}/redirect/10.`,
    )
    const { response } = error as { response: requests.Response }
    expect([response.statusCode, response.url, response.history.length]).toEqual([302, `${url}/redirect/10`, 30])
    expect(came).toHaveLength(31)
  })

  it('ends when a page redirects to itself', async () => {
    const { url, requests: came } = await serve((_, response) => {
      response.writeHead(302, { location: '/' }).end()
      return true
    })
    expect(await rejection(requests.get(url))).toBeInstanceOf(requests.TooManyRedirects)
    expect(came).toHaveLength(31)
  })

  it('ends after as many as the session has', async () => {
    const { url } = await serve()
    using session = new requests.Session({ maxRedirects: 0 })
    expect(await rejection(session.get(`${url}/redirect/1`))).toBeInstanceOf(requests.TooManyRedirects)
    session.maxRedirects = 2
    expect((await session.get(`${url}/redirect/2`)).text).toBe('hello')
  })

  it('is gone by a streamed request, too, over one connection', async () => {
    const { url } = await serve()
    await run(function* () {
      using answer = yield* requests.get(`${url}/redirect/2`, { stream: true })
      expect(answer.history).toHaveLength(2)
      expect(String(yield* answer.read())).toBe('hello')
    })
  })
  it('is gone by a streamed request although the body of a redirect has no end', async () => {
    const server = await serve((request, response) => {
      if (request.url !== '/from') return false
      response.writeHead(302, { location: '/' }).write('on and on')
      return true
    })
    const answer = await requests.get(`${server.url}/from`, { stream: true })
    expect(String(await answer.read())).toBe('hello')
    await server.aborted('/from')
  })

  it('is gone by a streamed request although the body of a redirect breaks off', async () => {
    const { url } = await serve((request, response) => {
      if (request.url !== '/from') return false
      response.writeHead(302, { location: '/json', 'content-length': '100' }).write('the beginning')
      setTimeout(() => request.socket.destroy(), 5)
      return true
    })
    const answer = await requests.get(`${url}/from`, { stream: true })
    expect(String(await answer.read())).toBe('{"answer":42}')
  })
})
