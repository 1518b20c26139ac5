// HTTP on the wire, by raw sockets: gevent's pywsgi cases (behaviours 331), keep-alive, pipelining, and requests that must be refused.
import { type Green, sleep } from 'greenloop'
import { Response } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { CLOSE, Client, closeAll, head, plain, serving, talk } from './support.ts'

checkLeaks()
closeAll()

const TEXT = 'content-type: text/plain;charset=UTF-8'

describe('an answer', () => {
  it('is one head and one body', async () => {
    const server = await serving(function* ({ method, path }) {
      return new Response(`${method} ${path}`)
    })
    expect(await talk(server, head('GET', '/a?b', CLOSE))).toBe(
      `HTTP/1.1 200 OK\r\n${TEXT}\r\ncontent-length: 6\r\nConnection: close\r\n\r\nGET /a`,
    )
  })

  it('has the status that the handler says, 404 too', async () => {
    const server = await serving(() => new Response('no', { status: 404, headers: { 'x-a': 1 } }))
    expect(await talk(server, head('GET', '/', CLOSE))).toBe(
      `HTTP/1.1 404 Not Found\r\nx-a: 1\r\n${TEXT}\r\ncontent-length: 2\r\nConnection: close\r\n\r\nno`,
    )
  })

  it('ends the connection for HTTP/1.0, and has no chunks there', async () => {
    const server = await serving(
      () =>
        new Response(function* (out) {
          yield* out.write('a')
          yield* out.write('b')
        }),
    )
    expect(await talk(server, 'GET / HTTP/1.0\r\n\r\n')).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab')
  })

  it('keeps the connection of HTTP/1.0 when the client asks for it', async () => {
    const server = await serving(() => new Response('x'))
    const client = new Client(server).send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(plain(await client.until('\r\n\r\nx'))).toBe(
      `HTTP/1.1 200 OK\r\n${TEXT}\r\ncontent-length: 1\r\nConnection: keep-alive\r\n\r\nx`,
    )
    expect(client.closed).toBe(false)
  })

  it('has no body for HEAD, but the length of one', async () => {
    const server = await serving(() => new Response('text'))
    expect(await talk(server, head('HEAD', '/', CLOSE))).toBe(
      `HTTP/1.1 200 OK\r\n${TEXT}\r\ncontent-length: 4\r\nConnection: close\r\n\r\n`,
    )
  })

  it('has the length that the handler says where only it can know it', async () => {
    const server = await serving(() => new Response(null, { headers: { 'content-length': 9 } }))
    expect(await talk(server, head('HEAD', '/', CLOSE))).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\nConnection: close\r\n\r\n',
    )
    expect(await talk(server, head('GET', '/', CLOSE))).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: close\r\n\r\n',
    )
  })

  it('has neither body nor length with 204 and 304', async () => {
    const server = await serving(({ path }) => new Response(null, { status: Number(path.slice(1)) }))
    expect(await talk(server, head('GET', '/204', CLOSE))).toBe('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
    expect(await talk(server, head('GET', '/304', CLOSE))).toBe(
      'HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n',
    )
  })

  it('sends each Set-Cookie, however they were given', async () => {
    const web = new Headers()
    web.append('set-cookie', 'a=1')
    web.append('set-cookie', 'b=2')
    const forms = [
      { 'set-cookie': ['a=1', 'b=2'] },
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ] as const,
      web,
    ]
    const server = await serving(({ path }) => new Response(null, { headers: forms[Number(path.slice(1))] }))
    for (const n of [0, 1, 2])
      expect(await talk(server, head('GET', `/${n}`, CLOSE))).toBe(
        'HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\nConnection: close\r\n\r\n',
      )
  })

  it('does not let the handler say how it is framed', async () => {
    const headers = {
      'Transfer-Encoding': 'chunked',
      'Content-Length': '99',
      'Keep-Alive': 'timeout=9',
      Connection: 'x',
    }
    const server = await serving(() => new Response('ab', { headers }))
    expect(await talk(server, head('GET', '/', CLOSE))).toBe(
      `HTTP/1.1 200 OK\r\n${TEXT}\r\ncontent-length: 2\r\nConnection: close\r\n\r\nab`,
    )
  })

  it('ends the connection when the handler says so', async () => {
    const server = await serving(() => new Response('ab', { headers: { connection: 'close' } }))
    expect(await talk(server, head('GET', '/'))).toContain('Connection: close\r\n\r\nab')
  })

  it.each([
    ['a value', { 'x-a': 'b\r\nSet-Cookie: evil=1' }, undefined],
    ['a name', { 'x-a: b\r\nx-b': 'c' }, undefined],
    ['the status text', {}, 'OK\r\nx-a: b'],
  ])('is 500 when a line break stands in %s of its head', async (_, headers, statusText) => {
    const reports = catchReports()
    const server = await serving(() => new Response('body', { headers, statusText }))
    expect(await talk(server, head('GET', '/split', CLOSE))).toBe(
      `HTTP/1.1 500 Internal Server Error\r\n${TEXT}\r\ncontent-length: 21\r\nConnection: close\r\n\r\nInternal Server Error`,
    )
    expect(reports).toEqual([{ name: 'GET /split', error: expect.any(TypeError) as unknown }])
  })
})

describe('one connection', () => {
  it('is kept, and serves one request after the other', async () => {
    const server = await serving(({ path }) => new Response(path))
    const client = new Client(server)
    for (const path of ['/1', '/2', '/3']) {
      client.text = ''
      expect(await client.send(head('GET', path)).until(`\r\n\r\n${path}`)).toContain('Connection: keep-alive')
    }
    expect(server.connections).toBe(1)
  })

  it('answers requests that were sent at once in their order, one after the other', async () => {
    const log: string[] = []
    const server = await serving(function* ({ path }) {
      log.push(`${path} starts`)
      yield* sleep(path === '/1' ? 5 : 0)
      log.push(`${path} ends`)
      return new Response(path)
    })
    const answer = await talk(server, head('GET', '/1') + head('GET', '/2') + head('GET', '/3', CLOSE))
    expect(answer.match(/(?<=\r\n\r\n)\/\d/gu)).toEqual(['/1', '/2', '/3'])
    expect(log).toEqual(['/1 starts', '/1 ends', '/2 starts', '/2 ends', '/3 starts', '/3 ends'])
  })

  it('does not mix up bodies and answers of many requests that were sent at once', async () => {
    const server = await serving(function* (request) {
      const text = yield* request.text()
      return Number(request.path.slice(1)) % 2 === 0
        ? new Response(`<${text}>`)
        : new Response(function* (out) {
            yield* out.write('<')
            yield* sleep(0)
            yield* out.write(`${text}>`)
          })
    })
    const numbers = Array.from({ length: 200 }, (_, n) => n)
    const client = new Client(server)
    for (const n of numbers) client.send(`${head('POST', `/${n}`, `Content-Length: ${String(n).length}`)}${n}`)
    client.send(head('GET', '/1000', CLOSE))
    const answer = (await client.end()).replaceAll(/\r\n(?:\d\r\n)?/gu, '')
    expect(answer.match(/<\d+>/gu)).toEqual(numbers.map((n) => `<${n}>`))
  })

  it('leaves a body that nobody reads, and goes on behind it', async () => {
    const server = await serving(({ path }) => new Response(path))
    const client = new Client(server).send(head('POST', '/1', 'Content-Length: 6')).send('abc')
    await client.until('\r\n\r\n/1')
    client.send(`def${head('GET', '/2')}`)
    await client.until('\r\n\r\n/2')
  })

  it('leaves what of a body was not read, and goes on behind it', async () => {
    const server = await serving(function* (request) {
      if (request.path === '/1') yield* request.chunks().next()
      return new Response(request.path)
    })
    const client = new Client(server).send(head('POST', '/1', 'Content-Length: 6')).send('abc')
    await client.until('\r\n\r\n/1')
    client.send(`def${head('GET', '/2')}`)
    await client.until('\r\n\r\n/2')
  })

  it('is closed behind an answer when a long body was not read', async () => {
    const server = await serving(() => new Response('enough'))
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 10000000')).send('x'.repeat(300_000))
    expect(await client.until('enough')).toContain('Connection: close')
    client.socket.end()
    await client.end()
  })
})

describe('a body that comes in chunks', () => {
  it('is read as a whole, without its extensions and trailers', async () => {
    const server = await serving(function* (request) {
      return new Response(`<${yield* request.text()}> ${request.header('x-evil')}`)
    })
    const sent = `${head('POST', '/', 'Transfer-Encoding: chunked', CLOSE)}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Evil: yes\r\n\r\n`
    expect(await talk(server, sent)).toContain('\r\n\r\n<abcde> null')
  })

  it.each([
    ['a length that is none', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a length that is too short', '2\r\nabc\r\n0\r\n\r\n'],
    ['a bare line feed', '3\nabc\n0\n\n'],
    ['a negative length', '-3\r\nabc\r\n0\r\n\r\n'],
  ])('is refused with %s, once, whether the handler reads it or not', async (_, chunks) => {
    const server = await serving(function* (request) {
      if (request.path === '/read') yield* request.text()
      return new Response('not read')
    })
    const sent = (path: string) => `${head('POST', path, 'Transfer-Encoding: chunked')}${chunks}${head('GET', '/read')}`
    expect(await talk(server, sent('/read'))).toBe(
      `HTTP/1.1 400 Bad Request\r\n${TEXT}\r\ncontent-length: 11\r\nConnection: close\r\n\r\nBad Request`,
    )
    const unread = await talk(server, sent('/'))
    expect(unread.match(/HTTP\/1\.1 \d+/gu)).toHaveLength(1)
  })
})

describe('a request that is none', () => {
  const crlf = (...lines: string[]) => lines.join('\r\n')
  it.each([
    [
      'CL and TE',
      400,
      crlf('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Transfer-Encoding: chunked', '', '0', '', ''),
    ],
    [
      'TE and CL',
      400,
      crlf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 3', '', '0', '', ''),
    ],
    ['two CLs', 400, crlf('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Content-Length: 4', '', 'abcd')],
    ['a CL with a sign', 400, crlf('POST / HTTP/1.1', 'Host: a', 'Content-Length: +3', '', 'abc')],
    ['a CL in hexadecimal', 400, crlf('POST / HTTP/1.1', 'Host: a', 'Content-Length: 0x3', '', 'abc')],
    [
      'TE: chunked, identity',
      400,
      crlf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked, identity', '', '0', '', ''),
    ],
    ['TE: identity', 400, crlf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: identity', '', '0', '', '')],
    ['TE: xchunked', 400, crlf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: xchunked', '', '0', '', '')],
    ['TE: gzip, chunked', 501, crlf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked', '', '0', '', '')],
    ['TE with HTTP/1.0', 400, crlf('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked', '', '0', '', '')],
    ['bare line feeds', 400, 'GET / HTTP/1.1\nHost: a\n\n'],
    ['a bare carriage return', 400, crlf('GET / HTTP/1.1', 'Host: a', 'X: b\rY: c', '', '')],
    ['a folded header', 400, crlf('GET / HTTP/1.1', 'Host: a', 'X: b', ' c', '', '')],
    ['a space before a colon', 400, crlf('GET / HTTP/1.1', 'Host : a', '', '')],
    ['a NUL', 400, crlf('GET / HTTP/1.1', 'Host: a', 'X: a\0b', '', '')],
    ['no host', 400, crlf('GET / HTTP/1.1', '', '')],
    ['two hosts', 400, crlf('GET / HTTP/1.1', 'Host: a', 'Host: b', '', '')],
    ['an unknown method', 400, crlf('FOO / HTTP/1.1', 'Host: a', '', '')],
    ['an unknown version', 505, crlf('GET / HTTP/2.0', 'Host: a', '', '')],
    ['a long URL', 431, crlf(`GET /${'a'.repeat(20_000)} HTTP/1.1`, 'Host: a', '', '')],
    ['large headers', 431, crlf('GET / HTTP/1.1', 'Host: a', `X: ${'a'.repeat(20_000)}`, '', '')],
    [
      'many headers',
      431,
      crlf('GET / HTTP/1.1', 'Host: a', ...Array.from({ length: 101 }, (_, n) => `X-${n}: a`), '', ''),
    ],
    ['an unknown expectation', 417, crlf('GET / HTTP/1.1', 'Host: a', 'Expect: nothing', CLOSE, '', '')],
  ])('is refused for %s, with %i, and the connection closed', async (_, status, text) => {
    let handled = 0
    const server = await serving(function* (request) {
      handled++
      yield* request.bytes()
      return new Response('handled')
    })
    const client = new Client(server).send(text)
    // What stands behind it must not be taken for a request.
    await client.until('HTTP/1.1 ')
    client.send(head('GET', '/smuggled'))
    client.socket.end()
    const answer = await client.end()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `, 'u'))
    expect(answer).toContain('Connection: close\r\n')
    expect(answer.match(/HTTP\/1\.1 \d+/gu)).toHaveLength(1)
    expect(handled).toBe(0)
  })

  it('is refused behind the answers to those before it', async () => {
    const server = await serving(function* ({ path }): Green<Response> {
      yield* sleep(3)
      return new Response(path)
    })
    const client = new Client(server).send(`${head('GET', '/1')}${head('GET', '/2')}GET\r\n\r\n`)
    const answer = plain(await client.until('Bad Request\r\n'))
    expect(answer.match(/HTTP\/1\.1 \d{3}/gu)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400'])
    expect(answer.indexOf('\r\n\r\n/2')).toBeLessThan(answer.indexOf('400'))
  })

  it('is dropped when it breaks off in its head', async () => {
    const server = await serving(() => new Response('x'))
    const client = new Client(server).send('GET / HT')
    client.socket.end()
    await client.end()
    await eventually('the server has no connection', () => server.connections === 0)
  })
})
