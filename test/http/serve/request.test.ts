// The request as a handler gets it: its parts, its body in every form, limits, 100 Continue.
import { ConcurrentObjectUseError, type Green, run, sleep, spawn } from 'greenloop'
import { type RequestHandler, Response, type ServeOptions, type ServerRequest } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection } from '../../support/thrown.ts'
import { CLOSE, Client, closeAll, head, serving, talk } from './support.ts'

checkLeaks()
closeAll()

/** What `look` finds in a request that is sent as `text`. */
async function seen<T>(text: string, look: (request: ServerRequest) => T): Promise<T> {
  let found: T | undefined
  const server = await serving((request) => {
    found = look(request)
    return new Response(null)
  })
  await talk(server, text)
  return found as T
}

describe('a request', () => {
  it('has a method, a URL and its parts', async () => {
    const text = head('PUT', '/a%20b?x=1&y=%C3%A4', CLOSE)
    expect(
      await seen(text, (request) => [
        request.method,
        request.url,
        request.path,
        request.query,
        request.searchParams.get('y'),
        request.searchParams === request.searchParams,
        request.remoteAddress,
        request.hasBody,
        String(request),
      ]),
    ).toEqual([
      'PUT',
      'http://a/a%20b?x=1&y=%C3%A4',
      '/a%20b',
      'x=1&y=%C3%A4',
      'ä',
      true,
      '127.0.0.1',
      false,
      '<ServerRequest PUT /a%20b>',
    ])
  })

  it.each([
    [`GET http://b.c/d?e HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n\r\n`, ['http://b.c/d?e', '/d', 'e']],
    [`GET http://b.c HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n\r\n`, ['http://b.c', '/', '']],
    [`OPTIONS * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n\r\n`, ['http://a/', '/', '']],
    [`GET //b?c HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n\r\n`, ['http://a//b?c', '//b', 'c']],
  ])('has them for %j', async (text, parts) => {
    expect(await seen(text, ({ url, path, query }) => [url, path, query])).toEqual(parts)
  })

  it('has the address of the server where the client says no host', async () => {
    const server = await serving((request) => new Response(request.url))
    expect(await talk(server, 'GET /a HTTP/1.0\r\n\r\n')).toContain(`\r\n\r\n${server.url}/a`)
  })

  it('has headers, and one of them', async () => {
    const text = head('GET', '/', 'X-A: 1', 'x-a: 2', 'Cookie: a=1', 'Cookie: b=2', CLOSE)
    expect(
      await seen(text, (request) => [
        request.headers.get('x-a'),
        request.header('X-A'),
        request.header('cookie'),
        request.header('x-b'),
        request.headers === request.headers,
      ]),
    ).toEqual(['1, 2', '1, 2', 'a=1; b=2', null, true])
  })

  it('is a Request of the web when it is asked for', async () => {
    const server = await serving(async (request) => {
      const { web } = request
      return new Response(
        `${web.method} ${web.url} ${web.headers.get('x-a')} ${await web.text()} ${web === request.web}`,
      )
    })
    const answer = await fetch(`${server.url}/a`, { method: 'POST', body: 'text', headers: { 'x-a': 'b' } })
    expect(await answer.text()).toBe(`POST ${server.url}/a b text true`)
    expect(await (await fetch(`${server.url}/a`)).text()).toBe(`GET ${server.url}/a null  true`)
  })
})

/** What a handler answers to a body. */
async function posted(handler: RequestHandler, body: BodyInit, type?: string, options?: ServeOptions): Promise<string> {
  const server = await serving(handler, options)
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const answer = await fetch(server.url, { method: 'POST', body, headers })
  return `${answer.status} ${await answer.text()}`
}
type BodyInit = NonNullable<RequestInit['body']>

describe('its body', () => {
  it.each<[string, (request: ServerRequest) => Green<string>]>([
    [
      'text()',
      function* (r) {
        return yield* r.text()
      },
    ],
    [
      'bytes()',
      function* (r) {
        return String(yield* r.bytes())
      },
    ],
    [
      'arrayBuffer()',
      function* (r) {
        return Buffer.from(yield* r.arrayBuffer()).toString()
      },
    ],
    [
      'json()',
      function* (r) {
        return JSON.stringify(yield* r.json())
      },
    ],
    [
      'chunks()',
      function* (r) {
        let all = ''
        const it = r.chunks()
        while (yield* it.next()) all += String(it.value)
        return all
      },
    ],
  ])('is read by %s, whether it is there already or comes in pieces', async (_, read) => {
    const server = await serving(function* (request) {
      return new Response(yield* read(request))
    })
    expect(await (await fetch(server.url, { method: 'POST', body: '{"a":1}' })).text()).toBe('{"a":1}')
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 7', CLOSE))
    for (const piece of ['{"', 'a":', '1}']) {
      await sleep(2)
      client.send(piece)
    }
    expect(await client.end()).toContain('\r\n\r\n{"a":1}')
  })

  it('is empty when there is none', async () => {
    const server = await serving(function* (request) {
      return new Response(`<${yield* request.text()}>`)
    })
    expect(await (await fetch(server.url)).text()).toBe('<>')
  })

  it('is awaited by async code, too', async () => {
    expect(await posted(async (request) => new Response(await request.text()), 'text')).toBe('200 text')
  })

  it('loses the mark of byte order as text and as JSON', async () => {
    expect(await posted(async (r) => new Response(String((await r.text()).length)), '\uFEFFab')).toBe('200 2')
    expect(await posted(async (r) => Response.json(await r.json()), '\uFEFF[1]')).toBe('200 [1]')
  })

  it('is a form', async () => {
    const read: RequestHandler = function* (request) {
      return new Response(String(yield* request.form()))
    }
    expect(await posted(read, new URLSearchParams({ a: '1', b: 'ä' }))).toBe('200 a=1&b=%C3%A4')
    expect(await posted(read, 'a=1', 'text/plain')).toBe('415 Unsupported Media Type')
  })

  it('is a form with files', async () => {
    const read: RequestHandler = function* (request) {
      const form = yield* request.formData()
      const file = form.get('file')
      return new Response(`${form.get('a') as string} ${file instanceof File ? `${file.name} ${file.size}` : ''}`)
    }
    const form = new FormData()
    form.set('a', '1')
    form.set('file', new File(['abc'], 'x.txt'))
    expect(await posted(read, form)).toBe('200 1 x.txt 3')
    expect(await posted(read, 'nonsense', 'multipart/form-data; boundary=x')).toBe('400 Bad Request')
  })

  it('is a stream of the web', async () => {
    const read: RequestHandler = async ({ body }) =>
      new Response(body === null ? 'none' : await new globalThis.Response(body).text())
    expect(await posted(read, 'text')).toBe('200 text')
    const server = await serving(read)
    expect(await (await fetch(server.url)).text()).toBe('none')
  })

  it('is 400, and not reported, when it is no JSON', async () => {
    const reports = catchReports()
    let told: unknown
    const read: RequestHandler = function* (request) {
      try {
        return Response.json(yield* request.json())
      } catch (error) {
        told = error
        throw error
      }
    }
    expect(await posted(read, '{')).toBe('400 Bad Request')
    expect(messageOf(told)).toBe('The body of POST / is no JSON.')
    expect(reports).toEqual([])
  })

  it('is read once', async () => {
    const read: RequestHandler = async (request) => {
      await request.text()
      return new Response(messageOf(await rejection(request.json())))
    }
    expect(await posted(read, 'x')).toBe(
      '200 request.json(): the body of POST / was read already, by request.text(); it is there once.\n\n' +
        '  yield* request.text(); yield* request.json()           // incorrect: the second finds nothing\n' +
        '  const text = yield* request.text(); JSON.parse(text)   // correct',
    )
  })

  it('has one reader at a time', async () => {
    let refused: unknown
    const server = await serving(function* (request) {
      const it = request.chunks()
      const reader = spawn(function* () {
        yield* it.next()
      })
      yield* sleep(0)
      try {
        yield* it.next()
      } catch (error) {
        refused = error
      }
      yield* reader.kill()
      return new Response('x')
    })
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 3'))
    await client.until('\r\n\r\nx')
    expect(refused).toBeInstanceOf(ConcurrentObjectUseError)
    client.send('abc')
    await eventually('nothing runs', () => server.running === 0)
    client.socket.destroy()
    await eventually('it is gone', () => server.connections === 0)
  })

  it('slows its client down when nobody reads', async () => {
    let got = 0
    let go = false
    const server = await serving(function* (request): Green<Response> {
      const it = request.chunks({ limit: Infinity })
      while (!go) yield* sleep(1)
      while (yield* it.next()) got += it.value.length
      return new Response('done')
    })
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 20000000', CLOSE))
    client.socket.write('x'.repeat(20_000_000))
    await eventually('it runs', () => server.running === 1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(client.socket.writableLength).toBeGreaterThan(1_000_000)
    go = true
    await client.end()
    expect(got).toBe(20_000_000)
  })
})

describe('a body that is too long', () => {
  const read: RequestHandler = function* (request) {
    return new Response(`${(yield* request.bytes()).length}`)
  }

  it('is refused with 413 by its length, and the connection is closed', async () => {
    const server = await serving(read, { bodyLimit: 10 })
    expect(await talk(server, `${head('POST', '/', 'Content-Length: 10', CLOSE)}0123456789`)).toContain('\r\n\r\n10')
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 11000000')).send('x'.repeat(1_000_000))
    const answer = await client.until('Payload Too Large\r\n')
    expect(answer).toContain('HTTP/1.1 413 ')
    expect(answer).toContain('Connection: close\r\n')
    client.socket.end()
    await client.end()
  })

  it('is refused with 413 when it says nothing of its length', async () => {
    const server = await serving(read, { bodyLimit: 10 })
    const chunk = '8\r\n12345678\r\n'
    const client = new Client(server).send(head('POST', '/', 'Transfer-Encoding: chunked')).send(chunk)
    await sleep(3)
    expect(await client.send(chunk).until('413')).toContain('Connection: close\r\n')
    client.socket.end()
    await client.end()
  })

  it('is dropped when the client goes on and on', async () => {
    const server = await serving(read, { bodyLimit: 10 })
    const client = new Client(server).send(head('POST', '/', 'Transfer-Encoding: chunked'))
    const sending = setInterval(() => client.send('8\r\n12345678\r\n'), 5)
    try {
      await client.end()
    } finally {
      clearInterval(sending)
    }
    expect(client.text).toContain('413')
  })

  it('is read all the same where the handler says so', async () => {
    const options = { bodyLimit: 10 }
    expect(
      await posted(
        function* (r) {
          return new Response(yield* r.text({ limit: 20 }))
        },
        'x'.repeat(20),
        'a/b',
        options,
      ),
    ).toMatch(/^200 x{20}$/u)
    expect(
      await posted(
        function* (r) {
          return new Response(yield* r.text({ limit: 5 }))
        },
        'x'.repeat(9),
        'a/b',
        options,
      ),
    ).toMatch(/^413/u)
  })

  it('has a limit that must be one', async () => {
    const ask: RequestHandler = (r) => {
      try {
        return new Response(`${r.chunks({ limit: -1 }).value.length}`)
      } catch (error) {
        return new Response(messageOf(error))
      }
    }
    expect(await posted(ask, 'x')).toBe(
      '200 request.chunks() expects `limit` to be a number of bytes, 0 or more, but got -1 (number).',
    )
  })
})

describe('100 Continue', () => {
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
  const asking = (path: string, length: number) =>
    head('POST', path, `Content-Length: ${length}`, 'Expect: 100-continue')

  it('is sent when the handler first reads', async () => {
    let go = false
    const server = await serving(function* (request): Green<Response> {
      while (!go) yield* sleep(1)
      return new Response(yield* request.text())
    })
    const client = new Client(server).send(asking('/', 3))
    await eventually('it runs', () => server.running === 1)
    await sleep(5)
    expect(client.text).toBe('')
    go = true
    await client.until(CONTINUE)
    client.send('abc')
    expect(await client.until('\r\n\r\nabc')).toContain('HTTP/1.1 200 OK')
  })

  it('is not sent when the handler does not read, and the connection is closed', async () => {
    const server = await serving(() => new Response('no'))
    const answer = await talk(server, asking('/', 3))
    expect(answer).not.toContain('100')
    expect(answer).toContain('Connection: close\r\n\r\nno')
  })

  it('is not sent for a body that is too long', async () => {
    const server = await serving(
      function* (request) {
        return new Response(yield* request.text())
      },
      { bodyLimit: 2 },
    )
    const answer = await talk(server, asking('/', 3))
    expect(answer).toContain('HTTP/1.1 413 ')
    expect(answer).not.toContain('100 Continue')
  })
})

describe('a client that goes while its body is read', () => {
  it('has the greenlet killed, and anybody else told', async () => {
    const reports = catchReports()
    const told: unknown[] = []
    const server = await serving(async (request) => {
      told.push(await rejection(request.text()))
      return new Response('x')
    })
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 3')).send('a')
    await eventually('it runs', () => server.running === 1)
    client.socket.destroy()
    await eventually('it is told', () => told.length === 1)
    expect(messageOf(told[0])).toMatch(/^The client of POST \/ has gone/u)
    expect(reports).toEqual([])
    await run(function* () {
      yield* sleep(0)
    })
  })
})
