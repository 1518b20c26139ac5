// What a server must survive: handlers that return what cannot be sent, streams that break, clients that go at a bad moment; no answer is
// mixed up with another, and nothing is left behind.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { type Green, type Greenlet, getcurrent, getHub, run, sleep, spawn } from 'greenloop'
import { type BodyWriter, Response, type ServeOptions, serve } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { CLOSE, Client, closeAll, head, openHandles, plain, serving, talk } from './support.ts'

checkLeaks()
closeAll()

const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/gu)].map(([, status = '']) => status)

describe('an answer', () => {
  it.each([204, 304])(
    'of 500 in the place of a %i whose headers are wrong is not taken for the beginning of the next one',
    async (status) => {
      const reports = catchReports()
      const wrong = new Response(null, { status, headers: { 'wrong name': 'x' } })
      const server = await serving(({ path }) => (path === '/wrong' ? wrong : new Response('right')))
      expect(plain(await talk(server, head('GET', '/wrong') + head('GET', '/', CLOSE)))).toBe(
        'HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nConnection: keep-alive\r\n\r\n' +
          'HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: 5\r\nConnection: close\r\n\r\nright',
      )
      expect(reports).toHaveLength(1)
    },
  )

  it('announces no trailers, which nobody could send', async () => {
    const server = await serving(() => new Response('x', { headers: { Trailer: 'x-sum' } }))
    expect(await talk(server, head('GET', '/', CLOSE))).toContain(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\n',
    )
  })

  it('may take its time behind one that the client has taken slowly', async () => {
    const large = 'x'.repeat(10_000_000)
    const server = await serving(
      function* ({ path }): Green<Response> {
        if (path === '/large') return new Response(large)
        yield* sleep(130)
        return new Response('at last')
      },
      { writeTimeoutMs: 90, keepAliveTimeoutMs: Infinity },
    )
    const client = new Client(server).send(head('GET', '/large') + head('GET', '/'))
    await client.until('at last')
    client.send(head('GET', '/large'))
    await eventually('it has come', () => client.text.length > 20_000_000)
    await sleep(100)
    client.text = ''
    client.send(head('GET', '/'))
    await client.until('at last')
  })

  it('is sent in front of the refusal of an upgrade that was asked for behind it', async () => {
    const server = await serving(
      function* (): Green<Response> {
        yield* sleep(5)
        return new Response('first')
      },
      { upgrade: () => undefined },
    )
    const answer = await talk(server, `${head('GET', '/')}${head('GET', '/', 'Connection: Upgrade', 'Upgrade: x')}more`)
    expect(statuses(answer)).toEqual(['200', '400'])
    expect(answer).toContain('\r\n\r\nfirstHTTP/1.1 400 Bad Request\r\nConnection: close\r\n')
  })
})

describe('requests that are sent without waiting', () => {
  it('are read no more when many wait', async () => {
    const go = { now: false }
    const server = await serving(function* (): Green<Response> {
      while (!go.now) yield* sleep(1)
      return new Response('x')
    })
    let came = 0
    server.node.on('request', () => {
      came++
    })
    const client = new Client(server).send(head('GET', '/').repeat(5999) + head('GET', '/', CLOSE))
    await eventually('the first ones have come', () => came > 0)
    await sleep(20)
    expect(came).toBeLessThan(4000)
    go.now = true
    expect(statuses(await client.end())).toHaveLength(6000)
  })
})

describe('a stream as the body', () => {
  it('that breaks is nobody’s uncaught error where no body is sent', async () => {
    const reports = catchReports()
    const uncaught = catchUnhandled()
    const server = await serving(({ path }) =>
      path === '/wrong'
        ? new Response(createReadStream('/no/such/file'), { headers: { 'wrong name': 'x' } })
        : new Response(createReadStream('/no/such/file')),
    )
    expect(statuses(await talk(server, head('HEAD', '/') + head('GET', '/wrong') + head('GET', '/')))).toEqual([
      '200',
      '500',
      '200',
    ])
    await sleep(10)
    expect(uncaught).toEqual([])
    expect(reports).toHaveLength(2)
  })

  const used = function* (): Generator<string, void, void> {
    yield 'once'
  }
  const once = new Response(used())
  it.each<[string, () => Green<Response> | Response, string]>([
    [
      'that somebody reads',
      () => {
        const stream = new ReadableStream()
        stream.getReader()
        return new Response(stream)
      },
      'is being read by somebody',
    ],
    ['that is destroyed', () => new Response(Readable.from(['a']).destroy()), 'was read already, or is destroyed'],
    [
      'that was read',
      function* (): Green<Response> {
        const stream = Readable.from(['a']).resume()
        yield* sleep(5)
        return new Response(stream)
      },
      'was read already, or is destroyed',
    ],
  ])('is a mistake %s', async (_, handler, why) => {
    const reports = catchReports()
    const server = await serving(handler)
    expect(statuses(await talk(server, head('GET', '/', CLOSE)))).toEqual(['500'])
    expect(reports.map(({ error }) => messageOf(error).split('\n')[0])).toEqual([
      `The body of a Response that was to be sent ${why}.`,
    ])
  })

  it('is a mistake when it was sent already', async () => {
    const reports = catchReports()
    const server = await serving(() => once)
    const answer = await talk(server, head('GET', '/') + head('GET', '/', CLOSE))
    expect(statuses(answer)).toEqual(['200', '500'])
    expect(reports.map(({ error }) => messageOf(error))).toEqual([
      'The body of a Response that was to be sent was sent already.\n\n' +
        '  const page = new Response(pieces()); serve(() => page)   // incorrect: the pieces come once\n' +
        '  serve(() => new Response(pieces()))                      // correct',
    ])
  })

  it('may be a list that is sent again', async () => {
    const page = new Response(['a', 'b'])
    const server = await serving(() => page)
    const answer = await talk(server, head('GET', '/') + head('GET', '/', CLOSE))
    // In one chunk or in two, which is Node's matter.
    expect(answer.match(/\r\n\r\n(?:1\r\na\r\n1\r\nb|2\r\nab)\r\n0\r\n\r\n/gu)).toHaveLength(2)
  })

  it('that an async handler gives when its client has gone is closed', async () => {
    const stream = Readable.from(['a'])
    let go = (): void => undefined
    const server = await serving(async () => {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      return new Response(stream)
    })
    const client = new Client(server).send(head('GET', '/'))
    await eventually('it runs', () => server.running === 1)
    client.socket.destroy()
    await eventually('it has ended', () => server.running === 0)
    go()
    await eventually('it is closed', () => stream.destroyed)
  })
})

describe('100 Continue', () => {
  it('comes in front of a body that may depend on that of the request', async () => {
    const server = await serving(
      (request) =>
        new Response(function* (out: BodyWriter): Green<void> {
          const chunks = request.chunks()
          while (yield* chunks.next()) yield* out.write(chunks.value)
        }),
    )
    const client = new Client(server).send(head('POST', '/', 'Content-Length: 5', 'Expect: 100-continue', CLOSE))
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n/u)
    client.send('hello')
    expect(plain(await client.end())).toBe(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    )
  })
})

describe('the body of a request', () => {
  it('is the same stream each time it is asked for', async () => {
    const server = await serving(async (request) => {
      let bytes = 0
      if (request.body !== null) for await (const chunk of request.body) bytes += chunk.length
      return new Response(`${bytes}`)
    })
    expect(await (await fetch(server.url, { method: 'POST', body: 'abc' })).text()).toBe('3')
  })

  it('is not there any more when the request is answered: who reads it is told, and gets no part of it for the whole', async () => {
    const seen: string[] = []
    const server = await serving(function* (request): Green<Response> {
      spawn(function* () {
        if (request.path === '/later') yield* sleep(5)
        try {
          seen.push(yield* request.text())
        } catch (error) {
          seen.push(messageOf(error))
        }
      })
      yield* sleep(1)
      return new Response('early')
    })
    const client = new Client(server).send(`${head('POST', '/now', 'Content-Length: 6')}abc`)
    await client.until('early')
    await eventually('it is told', () => seen.length === 1)
    client.send(`def${head('POST', '/later', 'Content-Length: 3', CLOSE)}abc`)
    expect(statuses(await client.end())).toEqual(['200', '200'])
    await eventually('both are told', () => seen.length === 2)
    expect(seen).toEqual([
      'POST /now was answered before its body was read.',
      'POST /later was answered before its body was read.',
    ])
  })

  it('that breaks off with its client is nobody’s failure, whatever the greenlet does at that moment', async () => {
    const reports = catchReports()
    const server = await serving(function* (request): Green<Response> {
      const chunks = request.chunks({ limit: Infinity })
      // Its turn comes when the client has gone already: it is told by its next wait.
      yield* sleep(20)
      while (yield* chunks.next());
      return new Response('x')
    })
    const client = new Client(server).send(`${head('POST', '/', 'Content-Length: 100')}abc`)
    await eventually('it runs', () => server.running === 1)
    client.socket.resetAndDestroy()
    await eventually('it has ended', () => server.running === 0)
    expect(reports).toEqual([])
  })

  it.each([
    ['a method that the web has no Request for', head('TRACE', '/', CLOSE)],
    ['a host that is none', `GET / HTTP/1.1\r\nHost: a%zz\r\n${CLOSE}\r\n\r\n`],
  ])('of %s cannot be a Request of the web: 400, which is not reported', async (_, text) => {
    const reports = catchReports()
    const server = await serving((request) => new Response(request.web.method))
    expect(statuses(await talk(server, text))).toEqual(['400'])
    expect(reports).toEqual([])
  })
})

describe('a client that goes', () => {
  it('is no failure of a handler that is about to write when it goes', async () => {
    const reports = catchReports()
    const server = await serving(
      () =>
        new Response(function* (out: BodyWriter): Green<void> {
          for (;;) {
            yield* sleep(0)
            yield* out.write('x'.repeat(1000))
          }
        }),
    )
    for (let n = 0; n < 40; n++) {
      const client = new Client(server).send(head('GET', '/'))
      await client.until('x')
      client.socket.resetAndDestroy()
    }
    await eventually('all have ended', () => server.running === 0)
    expect(reports).toEqual([])
  })
})

it('the greenlet of a request may be given another name', async () => {
  const server = await serving(() => {
    ;(getcurrent() as Greenlet).name = 'renamed'
    return new Response(getcurrent().name)
  })
  expect(await (await fetch(server.url)).text()).toBe('renamed')
})

it('what fetch has decoded goes out as it is now, and not with the headers of what had come', async () => {
  const text = 'hello '.repeat(1000)
  const zipped = gzipSync(text)
  const origin = await serving(
    () => new Response(zipped, { headers: { 'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2'] } }),
  )
  const proxy = await serving(async ({ method }) => fetch(origin.url, { method }))
  const answer = await fetch(proxy.url)
  expect([answer.headers.get('content-encoding'), answer.headers.getSetCookie(), await answer.text()]).toEqual([
    null,
    ['a=1', 'b=2'],
    text,
  ])
  const onlyHead = await fetch(proxy.url, { method: 'HEAD' })
  expect([onlyHead.headers.get('content-encoding'), onlyHead.headers.get('content-length')]).toEqual([
    'gzip',
    String(zipped.length),
  ])
})

describe('a place in the pool', () => {
  it('is given to those who wait also when somebody kills all greenlets but theirs', async () => {
    const server = await serving(
      function* ({ path }): Green<Response> {
        yield* sleep(20)
        return new Response(path)
      },
      { spawn: 1 },
    )
    const clients = ['/a', '/b'].map((path) => new Client(server).send(head('GET', path)))
    await eventually('both have come', () => server.running === 2)
    for (const greenlet of getHub().living()) if (greenlet.name.startsWith('line of')) greenlet.kill()
    for (const [n, client] of clients.entries()) await client.until(`\r\n\r\n/${'ab'[n] ?? ''}`)
  })
})

describe('an option', () => {
  it.each<[object, string]>([
    [{ timeout: 5 }, 'serve() has no option `timeout`; what is meant is `handlerTimeoutMs`, in milliseconds.'],
    [{ hostname: 'a' }, 'serve() has no option `hostname`; what is meant is `host`.'],
    [{ pool: 5 }, 'serve() has no option `pool`; what is meant is `spawn`.'],
    [
      { color: 'green' },
      'serve() has no option `color`; it has port, host, path, backlog, tls, spawn, upgrade, log, signals, graceMs, stopTimeoutMs, bodyLimit, ' +
        'maxHeaderBytes, maxHeaders, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, handlerTimeoutMs, writeTimeoutMs, maxConnections, ' +
        'maxRequestsPerConnection.',
    ],
    [
      { signals: ['SIGFOO'] },
      'serve() expects `signals` to be signals that can be listened for, but got "SIGFOO" (string).',
    ],
    [
      { signals: ['SIGKILL'] },
      'serve() expects `signals` to be signals that can be listened for, but got "SIGKILL" (string).',
    ],
    [{ backlog: 'x' }, 'serve() expects `backlog` to be an integer, 1 or more, but got "x" (string).'],
  ])('that is none is refused: %o', async (options, text) => {
    expect(usage(() => serve(() => new Response('x'), options as ServeOptions))).toBe(text)
    await sleep(1)
    expect(openHandles()).toEqual([])
  })

  it('of headers must be headers', () => {
    expect(usage(() => new Response('x', { headers: 'a: b' as never }))).toBe(
      'new Response() expects `headers` to be an object, Headers or a list of pairs, but got "a: b" (string).',
    )
    expect(usage(() => new Response('x', { headers: null as never }))).toBe(
      'new Response() expects `headers` to be an object, Headers or a list of pairs, but got null.',
    )
  })

  it('of a log must not wait', async () => {
    const reports = catchReports()
    const server = await serving(() => new Response('x'), {
      log: function* () {
        yield* sleep(0)
      },
    })
    await talk(server, head('GET', '/', CLOSE))
    await run(function* () {
      yield* sleep(1)
    })
    expect(reports.map(({ error }) => messageOf(error).split('\n')[0])).toEqual([
      'A callback of log() would wait, but it runs in the hub, where nobody can: it returned a generator object, which nobody drives.',
    ])
  })
})
