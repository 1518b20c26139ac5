// serve(): its handlers and what they return, failures, clients that go, bodies that are streamed.
import { Readable } from 'node:stream'
import {
  AsyncResult,
  type Green,
  type Greenlet,
  GreenletExit,
  getcurrent,
  type Operation,
  run,
  sleep,
  spawn,
} from 'greenloop'
import {
  type HTTPServer,
  RefusedRequest,
  type RequestHandler,
  Response,
  type ServeOptions,
  serve,
} from 'greenloop/http'
import { Response as UndiciResponse } from 'undici'
import { describe, expect, it } from 'vitest'
import { Cursor } from '../../../src/waiting/cursor.ts'
import { operation } from '../../../src/waiting/operation.ts'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { CLOSE, Client, closeAll, head, serving, talk } from './support.ts'

checkLeaks()
closeAll()

/** The status and the body of what a handler answers. */
async function answerOf(handler: RequestHandler, path = '/', options: ServeOptions = {}): Promise<[number, string]> {
  const server = await serving(handler, options)
  const answer = await fetch(`${server.url}${path}`)
  return [answer.status, await answer.text()]
}

/** A cursor over a list. */
class ListCursor extends Cursor<string> {
  readonly #list: string[]
  isDisposed = false

  constructor(list: string[]) {
    super()
    this.#list = list
  }

  override next(): Operation<boolean> {
    return operation('next()', () => this.#next())
  }

  *#next(): Green<boolean> {
    yield* sleep(0)
    const value = this.#list.shift()
    return value === undefined ? this.end() : this.moveTo(value)
  }

  override [Symbol.dispose](): void {
    this.isDisposed = true
  }
}

describe('serve()', () => {
  it('begins to listen at the call, and gives the server when it does', async () => {
    const begun = serve(() => new Response('x'), { port: 0 })
    const server: HTTPServer = await begun
    expect(server.started).toBe(true)
    expect(server.closed).toBe(false)
    expect(server.address).toEqual(['127.0.0.1', server.serverPort])
    expect(server.url).toBe(`http://127.0.0.1:${server.serverPort}`)
    expect(String(server)).toBe(`<HTTPServer at 127.0.0.1:${server.serverPort}, started>`)
    expect(server.node.listening).toBe(true)
    await server.stop()
    expect(String(server)).toBe(`<HTTPServer at 127.0.0.1:${server.serverPort}, closed>`)
    expect([server.started, server.closed, server.node.listening]).toEqual([false, true, false])
  })

  it('is driven by a greenlet as well', async () => {
    await run(function* () {
      const server = yield* serve(() => new Response('x'), { port: 0 })
      expect(server.serverPort).toBeGreaterThan(0)
      yield* server.stop()
    })
  })

  it('throws the error of the listener', async () => {
    const server = await serving(() => new Response('x'))
    const error = await rejection(serve(() => new Response('y'), { port: server.serverPort }))
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('has the error of the listener reported when nobody waits for it', async () => {
    const reports = catchReports()
    const server = await serving(() => new Response('x'))
    serve(() => new Response('y'), { port: server.serverPort })
    await eventually('it is reported', () => reports.length > 0)
    expect(reports).toEqual([
      {
        name: `<HTTPServer at 127.0.0.1:${server.serverPort}, closed>`,
        error: expect.objectContaining({ code: 'EADDRINUSE' }) as unknown,
      },
    ])
  })

  it('refuses what is no handler', () => {
    expect(usage(() => serve(new Response('x') as never))).toBe(
      'serve() expects its handler to be a function, but got a Response.\n\n' +
        '  serve(handle(request))                                                     // incorrect: it is called for each request\n' +
        '  serve(function* (request) { return new Response(text) }, { port: 8000 })   // correct',
    )
  })

  it.each<[ServeOptions, string]>([
    [{ port: -1 }, 'serve() expects `port` to be an integer from 0 to 65535, but got -1 (number).'],
    [{ host: 1 as never }, 'serve() expects `host` to be a string, but got 1 (number).'],
    [{ path: '' }, 'serve() expects `path` to be the path of a Unix socket, but got "" (string).'],
    [
      { spawn: 0 },
      'serve() expects `spawn` to be a number of places from 1 on, a Pool or a Group, but got 0 (number).',
    ],
    [{ maxHeaders: 0 }, 'serve() expects `maxHeaders` to be an integer, 1 or more, or Infinity, but got 0 (number).'],
    [{ bodyLimit: -1 }, 'serve() expects `bodyLimit` to be a number of bytes, 0 or more, but got -1 (number).'],
    [{ graceMs: -1 }, 'serve() expects `graceMs` to be a number of milliseconds, 0 or more, but got -1.'],
    [{ log: 1 as never }, 'serve() expects `log` to be a boolean, a stream or a function, but got 1 (number).'],
    [{ upgrade: 1 as never }, 'serve() expects `upgrade` to be a function, but got 1 (number).'],
    [
      { signals: 'SIGTERM' as never },
      'serve() expects `signals` to be a list of signals or false, but got "SIGTERM" (string).',
    ],
    [8000 as never, 'serve() expects its options as an object, such as { port: 8000 }, but got 8000 (number).'],
  ])('refuses %o', (options, text) => {
    expect(usage(() => serve(() => new Response('x'), options))).toBe(text)
  })
})

describe('a handler', () => {
  const answer = () => new Response('text')
  it.each<[string, RequestHandler]>([
    [
      'a generator function',
      function* () {
        yield* sleep(0)
        return answer()
      },
    ],
    ['a function', answer],
    [
      'an async function',
      async () => {
        await Promise.resolve()
        return answer()
      },
    ],
    ['a function that returns an operation', () => spawn(answer).get()],
    ['one with the Response of Node', () => new globalThis.Response('text')],
    ['one with the Response of undici', () => new UndiciResponse('text')],
  ])('is %s', async (_, handler) => {
    expect(await answerOf(handler)).toEqual([200, 'text'])
  })

  it('runs in a greenlet that has the name of the request', async () => {
    expect(await answerOf(() => new Response(getcurrent().name), '/a/b?c')).toEqual([200, 'GET /a/b'])
  })

  it('is answered with 500 when it fails, and reported once', async () => {
    const reports = catchReports()
    const failure = new Error('secret')
    const fail = function* (): Green<Response> {
      yield* sleep(0)
      throw failure
    }
    expect(await answerOf(fail, '/a')).toEqual([500, 'Internal Server Error'])
    expect(reports).toEqual([{ name: 'GET /a', error: failure }])
  })

  it.each([
    [
      undefined,
      'function* (request) { new Response(text) }          // incorrect: nothing is returned\n  function* (request) { return new Response(text) }   // correct',
    ],
    [
      'text',
      'return text                 // incorrect: it has no status and no headers\n  return new Response(text)   // correct',
    ],
  ])('is answered with 500 when it returns %o, and told what is right', async (made, lines) => {
    const reports = catchReports()
    expect(await answerOf(() => made)).toEqual([500, 'Internal Server Error'])
    expect(reports.map(({ error }) => messageOf(error))).toEqual([
      `The handler of serve() is to return a Response, but returned ${made === undefined ? 'undefined' : '"text" (string)'}.\n\n  ${lines}`,
    ])
  })

  it('refuses a request by throwing RefusedRequest, which is not reported', async () => {
    const reports = catchReports()
    const refuse = () => {
      throw new RefusedRequest(409)
    }
    expect(await answerOf(refuse)).toEqual([409, 'Conflict'])
    expect(reports).toEqual([])
    expect(usage(() => new RefusedRequest(200))).toBe(
      'new RefusedRequest() expects `status` to be an integer from 400 to 599, but got 200 (number).',
    )
  })

  it('is answered with 503 when somebody kills it', async () => {
    const kill = function* (): Green<void> {
      ;(getcurrent() as Greenlet).kill()
      yield* sleep(1000)
    }
    expect(await answerOf(kill)).toEqual([503, 'Service Unavailable'])
  })

  it('refuses a response whose body was read', async () => {
    const reports = catchReports()
    const read = async () => {
      const response = new globalThis.Response('text')
      await response.text()
      return response
    }
    expect(await answerOf(read)).toEqual([500, 'Internal Server Error'])
    expect(reports.map(({ error }) => messageOf(error))).toEqual([
      'The handler of serve() returned a Response whose body was read already.\n\n' +
        '  yield* until(response.text()); return response           // incorrect: it is empty now\n' +
        '  yield* until(response.clone().text()); return response   // correct',
    ])
  })
})

describe('a client that goes', () => {
  it('has its greenlet killed where it waits: finally runs, and nothing is reported', async () => {
    const reports = catchReports()
    const ended = new AsyncResult()
    const server = await serving(function* (request): Green<Response> {
      try {
        yield* sleep(60_000)
      } catch (error) {
        ended.set([error, request.signal.aborted])
        throw error
      }
      return new Response('late')
    })
    const client = new Client(server).send(head('GET', '/'))
    await eventually('it runs', () => server.running === 1)
    client.socket.destroy()
    expect(await ended.get()).toEqual([expect.any(GreenletExit), true])
    await eventually('nothing runs', () => server.running === 0 && server.connections === 0)
    expect(reports).toEqual([])
  })

  it('has an async handler left alone, but ended, and its signal aborted', async () => {
    let signal: AbortSignal | null = null
    const server = await serving(async (request) => {
      signal = request.signal
      await new Promise(() => undefined)
    })
    const client = new Client(server).send(head('GET', '/'))
    await eventually('it runs', () => signal !== null)
    client.socket.destroy()
    await eventually('nothing runs', () => server.running === 0)
    expect((signal as unknown as AbortSignal).aborted).toBe(true)
  })

  it('does not hurt the others, of which each is answered', async () => {
    const server = await serving(function* (request): Green<Response> {
      yield* sleep(1)
      return new Response(request.path)
    })
    let answered = 0
    const clients = Array.from({ length: 100 }, async (_, n) => {
      const client = new Client(server)
      if (n % 3 === 0) {
        client.send(head('GET', '/gone'))
        await new Promise((resolve) => client.socket.once('connect', resolve))
        client.socket.destroy()
        return
      }
      for (let round = 0; round < 3; round++) {
        client.text = ''
        await client.send(head('GET', `/${n}-${round}`)).until(`\r\n\r\n/${n}-${round}`)
        answered++
      }
    })
    await Promise.all(clients)
    expect(answered).toBe(66 * 3)
    await eventually('nothing runs', () => server.running === 0)
    expect(server.connections).toBe(66)
  })

  it('drops what it has sent behind', async () => {
    const paths: string[] = []
    const server = await serving(function* ({ path }): Green<Response> {
      paths.push(path)
      yield* sleep(60_000)
      return new Response('late')
    })
    const client = new Client(server).send(head('GET', '/1') + head('GET', '/2'))
    await eventually('it runs', () => server.running === 1)
    client.socket.destroy()
    await eventually('nothing runs', () => server.running === 0)
    await sleep(1)
    expect(paths).toEqual(['/1'])
  })
})

describe('a body', () => {
  const bytes = new TextEncoder().encode('text')
  async function* pieces() {
    yield 'te'
    await Promise.resolve()
    yield new TextEncoder().encode('xt')
  }
  it.each<[string, () => Response, string | null, string | null]>([
    ['text', () => new Response('text'), 'text/plain;charset=UTF-8', '4'],
    ['a Uint8Array', () => new Response(bytes), null, '4'],
    ['an ArrayBuffer', () => new Response(bytes.buffer), null, '4'],
    ['a DataView', () => new Response(new DataView(bytes.buffer)), null, '4'],
    ['a Buffer', () => new Response(Buffer.from('text')), null, '4'],
    [
      'URLSearchParams',
      () => new Response(new URLSearchParams({ te: 'xt' })),
      'application/x-www-form-urlencoded;charset=UTF-8',
      '5',
    ],
    ['a Blob', () => new Response(new Blob(['text'], { type: 'a/b' })), 'a/b', '4'],
    ['a ReadableStream', () => new Response(new Blob(['text']).stream() as ReadableStream), null, null],
    ['a Readable', () => new Response(Readable.from(['te', 'xt'])), null, null],
    ['an async iterable', () => new Response(pieces()), null, null],
    ['an iterable', () => new Response(['te', bytes.subarray(2)]), null, null],
    [
      'a function',
      () =>
        new Response(function* (out) {
          yield* out.write('te')
          yield* sleep(0)
          yield* out.write('xt')
        }),
      null,
      null,
    ],
    [
      'an async function',
      () =>
        new Response(async (out) => {
          await out.write('te')
          await out.write('xt')
        }),
      null,
      null,
    ],
    [
      'one whose headers were asked for',
      () => {
        const r = new Response('text')
        r.headers.set('x-a', 'b')
        return r
      },
      'text/plain;charset=UTF-8',
      '4',
    ],
    [
      'one that was cloned',
      () => {
        const r = new Response('text')
        r.clone()
        return r
      },
      'text/plain;charset=UTF-8',
      null,
    ],
    ['JSON', () => Response.json('text'), 'application/json', '6'],
  ])('is %s', async (_, make, type, length) => {
    const server = await serving(make)
    const answer = await fetch(server.url)
    expect(answer.headers.get('content-type')).toBe(type)
    expect(answer.headers.get('content-length')).toBe(length)
    expect((await answer.text()).replaceAll(/["=]/gu, '')).toBe('text')
  })

  it('is a form', async () => {
    const form = new FormData()
    form.set('a', 'b')
    const server = await serving(() => new Response(form))
    const answer = await fetch(server.url)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a Response of the web has it
    expect([...(await answer.formData())]).toEqual([['a', 'b']])
  })

  it('goes out while it is written, in the greenlet of the request', async () => {
    const more = new AsyncResult<string>()
    const server = await serving(
      () =>
        new Response(function* (out) {
          yield* out.write(`${getcurrent().name} `)
          yield* out.write(yield* more.get())
        }),
    )
    const client = new Client(server).send(head('GET', '/a', CLOSE))
    await client.until('GET /a')
    more.set('end')
    expect(await client.end()).toContain('\r\n3\r\nend\r\n0\r\n\r\n')
  })

  it('is cut off when it fails, and that is reported', async () => {
    const reports = catchReports()
    const failure = new Error('no more')
    const server = await serving(
      () =>
        new Response(function* (out) {
          yield* out.write('some')
          yield* sleep(2)
          throw failure
        }),
    )
    const answer = await talk(server, head('GET', '/a'))
    expect(answer).toMatch(/\r\n4\r\nsome\r\n$/u)
    expect(reports).toEqual([{ name: 'GET /a', error: failure }])
  })

  it('must be as long as the handler says', async () => {
    const reports = catchReports()
    const server = await serving(() => new Response(['abc'], { headers: { 'content-length': 2 } }))
    const answer = await talk(server, head('GET', '/a'))
    expect(answer).toContain('content-length: 2\r\n')
    expect(answer).not.toContain('abc')
    expect(reports.map(({ error }) => (error as { code?: string }).code)).toEqual(['ERR_HTTP_CONTENT_LENGTH_MISMATCH'])
    const short = await serving(() => new Response(['abc'], { headers: { 'content-length': 4 } }))
    expect(await talk(short, head('GET', '/a'))).toContain('content-length: 4\r\n')
    expect(reports).toHaveLength(2)
  })

  it('has its iterable closed, however it ends', async () => {
    const closed: string[] = []
    function* endless(name: string) {
      try {
        for (;;) yield 'x'.repeat(10_000)
      } finally {
        closed.push(name)
      }
    }
    async function* endlessAsync(name: string) {
      yield* endless(name)
    }
    const streams = {
      '/sync': () => endless('sync'),
      '/async': () => endlessAsync('async'),
      '/readable': () => Readable.from(endless('readable')),
      '/stream': () => Readable.toWeb(Readable.from(endless('stream'))) as ReadableStream,
    }
    const server = await serving(({ path }) => new Response(streams[path as keyof typeof streams]()))
    for (const path of Object.keys(streams)) {
      const client = new Client(server).send(head('GET', path))
      await client.until('x')
      client.socket.destroy()
      await eventually(`${path} is closed`, () => closed.includes(path.slice(1)))
    }
    await eventually('nothing runs', () => server.running === 0)
  })

  it('is what a cursor gives, which is disposed of', async () => {
    const cursor = new ListCursor(['te', 'xt'])
    expect(await answerOf(() => new Response(cursor))).toEqual([200, 'text'])
    expect(cursor.isDisposed).toBe(true)
  })

  it('is not read for HEAD, but closed', async () => {
    const readable = new Readable({ read: () => expect.unreachable() })
    let cancelled = false
    const stream = new ReadableStream({ cancel: () => void (cancelled = true) }, { highWaterMark: 0 })
    const server = await serving(({ path }) => new Response(path === '/1' ? readable : stream))
    expect(await talk(server, head('HEAD', '/1', CLOSE))).not.toContain('\r\n\r\n0')
    await talk(server, head('HEAD', '/2', CLOSE))
    expect([readable.destroyed, cancelled]).toEqual([true, true])
  })

  it('waits while the client does not read, and goes on when it does', async () => {
    let written = 0
    const server = await serving(
      () =>
        new Response(function* (out) {
          for (; written < 400; written++) yield* out.write('x'.repeat(65_536))
        }),
    )
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/', CLOSE))
    await eventually('it waits', () => written > 0)
    let before = -1
    while (before !== written) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(written).toBeLessThan(400)
    client.socket.resume()
    expect((await client.end()).length).toBeGreaterThan(400 * 65_536)
    expect(client.text.endsWith('x\r\n0\r\n\r\n')).toBe(true)
  })

  it('has its client dropped that takes nothing for too long', async () => {
    let ended: unknown = null
    const server = await serving(
      () =>
        new Response(function* (out) {
          try {
            for (;;) yield* out.write('x'.repeat(65_536))
          } catch (error) {
            ended = error
            throw error
          }
        }),
      { writeTimeoutMs: 30 },
    )
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/'))
    await eventually('it came', () => server.connections === 1)
    await eventually('it is dropped', () => server.connections === 0)
    await eventually('nothing runs', () => server.running === 0)
    expect(ended).toBeInstanceOf(GreenletExit)
  })

  it('has its client dropped that takes nothing of a whole one for too long', async () => {
    const server = await serving(() => new Response('x'.repeat(30_000_000)), { writeTimeoutMs: 30 })
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/'))
    await eventually('it came', () => server.connections === 1)
    await eventually('it is dropped', () => server.connections === 0)
  })

  it('is written by another greenlet, too, which is told when the client has gone', async () => {
    const ended = new AsyncResult()
    const server = await serving(
      () =>
        new Response(function* (out) {
          const other = spawn(function* () {
            try {
              for (;;) yield* out.write('x'.repeat(65_536))
            } catch (error) {
              ended.set(error)
            }
          })
          yield* other.join()
        }),
    )
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/'))
    await eventually('it runs', () => server.running === 1)
    await new Promise((resolve) => setTimeout(resolve, 10))
    client.socket.destroy()
    expect(messageOf(await ended.get())).toBe('out.write(): the client has gone, or the response has ended.')
  })

  it('refuses a piece that is none', async () => {
    const reports = catchReports()
    const server = await serving(({ path }) =>
      path === '/1' ? new Response([1] as never) : new Response((out) => out.write(1 as never)),
    )
    await talk(server, head('GET', '/1'))
    await talk(server, head('GET', '/2'))
    expect(reports.map(({ error }) => messageOf(error))).toEqual([
      'The body of a Response expects its pieces to be strings or bytes, but got 1 (number).',
      'out.write() expects a string or a Uint8Array, but got 1 (number).',
    ])
  })

  it('streams both ways at once', async () => {
    const server = await serving((request) => {
      const chunks = request.chunks({ limit: Infinity })
      return new Response(function* (out) {
        while (yield* chunks.next()) yield* out.write(String(chunks.value).toUpperCase())
      })
    })
    const client = new Client(server).send(head('POST', '/', 'Transfer-Encoding: chunked', CLOSE))
    for (const word of ['one', 'two', 'end']) {
      client.send(`3\r\n${word}\r\n`)
      await client.until(`3\r\n${word.toUpperCase()}\r\n`)
    }
    client.send('0\r\n\r\n')
    expect(await client.end()).toMatch(/\r\n0\r\n\r\n$/u)
  })
})

describe('AsyncLocalStorage', () => {
  it('does not lead from one request to the next of the connection', async () => {
    const { AsyncLocalStorage } = await import('node:async_hooks')
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const server = await serving(function* ({ path }): Green<Response> {
      seen.push(storage.getStore())
      storage.enterWith(path)
      yield* sleep(0)
      seen.push(storage.getStore())
      return new Response(path)
    })
    await talk(server, head('GET', '/1') + head('GET', '/2', CLOSE))
    expect(seen).toEqual([undefined, '/1', undefined, '/2'])
  })
})
