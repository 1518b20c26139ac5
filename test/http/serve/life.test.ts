// The life of a server: its limits of time and number, places, stopping, signals, the access log, HTTPS, upgrades.
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AsyncResult, Event, type Green, Group, Pool, run, sleep, spawn, Timeout } from 'greenloop'
import { type LogEntry, type RequestHandler, Response, serve } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from '../../net/support.ts'
import { ca, server as credentials } from '../../net/tls/certificates.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { catchReports } from '../../support/reports.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { CLOSE, Client, closeAll, head, openHandles, plain, serving, talk } from './support.ts'

checkLeaks()
closeAll()

const napping: RequestHandler = function* ({ path }): Green<Response> {
  yield* sleep(Number(path.slice(1)))
  return new Response('rested')
}

describe('a limit', () => {
  it('ends a head that comes too slowly, with 408', async () => {
    const server = await serving(() => new Response('x'), { headersTimeoutMs: 40 })
    const answer = await talk(server, 'GET / HTTP/1.1\r\nHost: a\r\n')
    expect(answer).toContain('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n')
  })

  it('ends a connection on which nothing comes at all', async () => {
    const server = await serving(() => new Response('x'), { headersTimeoutMs: 40 })
    expect(await talk(server, '')).toContain('HTTP/1.1 408 ')
  })

  it('ends a body that comes too slowly, with 408', async () => {
    const reports = catchReports()
    const server = await serving(
      function* (request) {
        return new Response(yield* request.text())
      },
      { requestTimeoutMs: 40 },
    )
    const answer = await talk(server, `${head('POST', '/', 'Content-Length: 3')}a`)
    expect(answer.match(/HTTP\/1\.1 \d{3}/gu)).toEqual(['HTTP/1.1 408'])
    expect(reports).toEqual([])
  })

  it('ends a connection on which nothing more is asked', async () => {
    const server = await serving(() => new Response('x'), { keepAliveTimeoutMs: 10 })
    expect(await talk(server, head('GET', '/'))).toContain('\r\n\r\nx')
  })

  it('ends a handler that takes too long, with 503, and that is reported', async () => {
    const reports = catchReports()
    const server = await serving(napping, { handlerTimeoutMs: 10 })
    expect(await talk(server, head('GET', '/60000', CLOSE))).toContain('HTTP/1.1 503 Service Unavailable\r\n')
    expect(await talk(server, head('GET', '/0', CLOSE))).toContain('\r\n\r\nrested')
    expect(reports).toEqual([{ name: 'GET /60000', error: expect.any(Timeout) as unknown }])
  })

  it('does not end the body that such a handler has returned', async () => {
    const server = await serving(
      () =>
        new Response(function* (out) {
          yield* sleep(15)
          yield* out.write('done')
        }),
      { handlerTimeoutMs: 5 },
    )
    expect(await talk(server, head('GET', '/', CLOSE))).toContain('done')
  })

  it('lets so many connections in', async () => {
    const server = await serving(() => new Response('x'), { maxConnections: 2 })
    const clients = [new Client(server), new Client(server)]
    for (const client of clients) await client.send(head('GET', '/')).until('\r\n\r\nx')
    expect(await talk(server, head('GET', '/'))).toBe('')
  })

  it('lets so many requests come on one', async () => {
    const server = await serving(() => new Response('x'), { maxRequestsPerConnection: 2 })
    const client = new Client(server)
    expect(await client.send(head('GET', '/')).until('\r\n\r\nx')).toContain('Connection: keep-alive')
    client.text = ''
    expect(await client.send(head('GET', '/')).end()).toContain('Connection: close')
  })

  it('of headers counts them, and their bytes', async () => {
    const server = await serving(() => new Response('x'), { maxHeaders: 3, maxHeaderBytes: 300 })
    expect(await talk(server, head('GET', '/', 'X-A: b', CLOSE))).toContain('200 OK')
    const many = new Client(server).send(head('GET', '/', 'X-A: b', 'X-B: c', CLOSE))
    expect(await many.until('431')).toContain('Request Header Fields Too Large')
    const large = new Client(server).send(head('GET', '/', `X-A: ${'b'.repeat(300)}`))
    expect(await large.until('431')).toContain('Connection: close')
    for (const client of [many, large]) client.socket.end()
    await large.end()
  })
})

describe('spawn', () => {
  it.each([
    ['a number', 2, 2],
    ['a pool', new Pool(2), 2],
    ['a group, which has no limit', new Group(), 6],
  ])('is %s', async (_, places, expected) => {
    let most = 0
    let running = 0
    const together = new Event()
    const server = await serving(
      function* ({ path }): Green<Response> {
        most = Math.max(most, ++running)
        if (running === expected) together.set() // so many at once, and no more come while these wait
        yield* together.wait()
        yield* sleep(5)
        running--
        return new Response(path)
      },
      { spawn: places },
    )
    const paths = Array.from({ length: 6 }, (__, n) => `/${n}`)
    const answers = await Promise.all(paths.map(async (path) => (await fetch(`${server.url}${path}`)).text()))
    expect([answers, most, server.full()]).toEqual([paths, expected, false])
    expect(server.pool).toBe(typeof places === 'number' ? server.pool : places)
  })

  it('lets one whose client has gone leave the line', async () => {
    const paths: string[] = []
    const go = new AsyncResult<void>()
    const server = await serving(
      function* ({ path }): Green<Response> {
        paths.push(path)
        yield* go.get()
        return new Response(path)
      },
      { spawn: 1 },
    )
    const first = new Client(server).send(head('GET', '/1', CLOSE))
    await eventually('the first runs', () => server.full())
    const second = new Client(server).send(head('GET', '/2'))
    await eventually('the second waits', () => server.running === 2)
    const third = new Client(server).send(head('GET', '/3', CLOSE))
    await eventually('the third waits', () => server.running === 3)
    second.socket.destroy()
    await eventually('the second is gone', () => server.connections === 2)
    go.set()
    await Promise.all([first.end(), third.end()])
    expect(paths).toEqual(['/1', '/3'])
  })
})

describe('stop()', () => {
  it('closes idle connections, lets nobody in, and waits for what runs', async () => {
    const server = await serving(napping)
    const idle = new Client(server)
    const silent = new Client(server)
    await idle.send(head('GET', '/0')).until('rested')
    const busy = new Client(server).send(head('GET', '/20'))
    await eventually('it runs', () => server.running === 1 && server.connections === 3)
    const stopped = server.stop()
    expect(server.closed).toBe(true)
    expect(await rejection(fetch(server.url))).toBeInstanceOf(TypeError)
    await Promise.all([idle.end(), silent.end()])
    await stopped
    expect(await busy.end()).toContain('Connection: close\r\n')
    expect(busy.text).toContain('rested')
    expect([server.connections, server.running]).toEqual([0, 0])
  })

  it('answers what waits behind what runs', async () => {
    const server = await serving(napping)
    const client = new Client(server).send(head('GET', '/5') + head('GET', '/6'))
    await eventually('it runs', () => server.running === 1)
    await server.stop()
    expect((await client.end()).match(/rested/gu)).toHaveLength(2)
  })

  it('kills what takes too long: 503 where that can be, else it is cut off', async () => {
    const ended: string[] = []
    const server = await serving(({ path }) => {
      const nap = function* (): Green<void> {
        try {
          yield* sleep(60_000)
        } finally {
          ended.push(path)
        }
      }
      if (path === '/1')
        return (function* () {
          yield* nap()
          return new Response('late')
        })()
      return new Response(function* (out) {
        yield* out.write('some')
        yield* nap()
      })
    })
    const whole = new Client(server).send(head('GET', '/1'))
    const streamed = new Client(server).send(head('GET', '/2'))
    await streamed.until('some')
    await server.stop({ timeoutMs: 5 })
    expect(await whole.end()).toContain('HTTP/1.1 503 ')
    expect(await streamed.end()).toMatch(/some\r\n$/u)
    expect(ended.sort()).toEqual(['/1', '/2'])
  })

  it('may be called by a handler, and twice', async () => {
    const server = await serving(() => {
      server.stop()
      return new Response('bye')
    })
    expect(await talk(server, head('GET', '/'))).toContain('\r\n\r\nbye')
    await server.stop()
    await server.stop()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('drops a client that does not read, when the time is up', async () => {
    const server = await serving(() => new Response('x'.repeat(30_000_000)))
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/'))
    await eventually('it was handed over', () => server.connections === 1 && server.running === 0)
    await server.stop({ timeoutMs: 5 })
    expect(server.connections).toBe(0)
  })

  it('before it listens makes the start fail', async () => {
    const begun = serve(() => new Response('x'), { port: 0 })
    const waiting = spawn(function* () {
      return yield* begun
    })
    await sleep(0)
    await waiting.kill()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('refuses wrong options', async () => {
    const server = await serving(() => new Response('x'))
    expect(usage(() => server.stop({ timeoutMs: -1 }))).toBe(
      'stop() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => server.serveForever(1 as never))).toContain('serveForever() expects its options as an object')
  })

  it('is what using and await using do', async () => {
    const server = await serving(() => new Response('x'))
    server[Symbol.dispose]()
    expect(server.closed).toBe(true)
    const other = await serving(() => new Response('x'))
    await other[Symbol.asyncDispose]()
    expect(other.node.listening).toBe(false)
  })
})

describe('serveForever()', () => {
  it('ends when the server is stopped, and stops it when it is killed', async () => {
    const server = await serving(() => new Response('x'))
    const waiting = spawn(function* () {
      yield* server.serveForever()
      return 'over'
    })
    await sleep(1)
    server.stop()
    expect(await waiting.get()).toBe('over')
    const other = await serving(() => new Response('x'))
    await run(function* () {
      const forever = spawn(() => other.serveForever())
      yield* sleep(0)
      yield* forever.kill()
    })
    expect(other.closed).toBe(true)
  })
})

describe('SIGTERM', () => {
  it('stops what serves, and ends the process as if nobody had listened', async () => {
    expect(await runProgram('../../http/serve/programs/terminates.ts', { signal: 'SIGTERM' })).toEqual({
      stdout: 'ready\nanswers\nboth have stopped\n',
      stderr: '',
      code: null,
    })
  })

  it('ends it at once when it comes a second time', async () => {
    expect(await runProgram('../../http/serve/programs/terminates-twice.ts', { signal: 'SIGTERM' })).toEqual({
      stdout: 'ready\nready\n',
      stderr: '',
      code: null,
    })
  })

  it('is listened for as long as a server wants it, and once', async () => {
    const before = process.listenerCount('SIGTERM')
    const servers = [await serving(() => new Response('x')), await serving(() => new Response('x'))]
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    for (const server of servers) await server.stop()
    await sleep(1)
    expect(process.listenerCount('SIGTERM')).toBe(before)
    const deaf = await serving(() => new Response('x'), { signals: false })
    expect(process.listenerCount('SIGTERM')).toBe(before)
    await deaf.stop()
  })
})

describe('the access log', () => {
  it('has a line for each request, as pywsgi writes it', async () => {
    let text = ''
    const log = { write: (line: string) => (text += line) }
    const server = await serving(({ path }) => new Response(path, { status: path === '/b' ? 404 : 200 }), { log })
    await talk(server, head('GET', '/a?"b') + head('HEAD', '/b', CLOSE))
    await eventually('both were written', () => text.split('\n').length === 3)
    const line = (rest: string) =>
      `127\\.0\\.0\\.1 - - \\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\] ${rest} 0\\.\\d{6}\\n`
    expect(text).toMatch(
      new RegExp(`^${line('"GET /a\\?\\\\x22b HTTP/1\\.1" 200 2')}${line('"HEAD /b HTTP/1\\.1" 404 0')}$`, 'u'),
    )
  })

  it('is a function that is given entries, of streams and of clients that go, too', async () => {
    const entries: LogEntry[] = []
    const server = await serving(
      ({ path }) =>
        path === '/stream'
          ? new Response(['abc', 'de'])
          : (function* () {
              yield* sleep(60_000)
              return new Response('late')
            })(),
      { log: (entry) => entries.push(entry) },
    )
    await talk(server, head('GET', '/stream', CLOSE))
    const client = new Client(server).send(head('GET', '/gone'))
    await eventually('it runs', () => server.running === 1)
    client.socket.destroy()
    await eventually('both were told', () => entries.length === 2)
    expect(
      entries.map(({ request, status, bytes, remoteAddress }) => [request.path, status, bytes, remoteAddress]),
    ).toEqual([
      ['/stream', 200, 5, '127.0.0.1'],
      ['/gone', 0, 0, '127.0.0.1'],
    ])
    const [{ at, ms } = { at: new Date(0), ms: -1 }] = entries
    expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(5000)
    expect(ms).toBeGreaterThanOrEqual(0)
  })

  it('reports what it throws, and the server goes on', async () => {
    const reports = catchReports()
    const failure = new Error('disk full')
    const log = () => {
      throw failure
    }
    const server = await serving(() => new Response('x'), { log })
    expect(await talk(server, head('GET', '/', CLOSE))).toContain('\r\n\r\nx')
    expect(reports).toEqual([{ name: `log of ${String(server)}`, error: failure }])
  })
})

describe('where it listens', () => {
  it('is HTTPS with a key, and leaves no handshake when it stops', async () => {
    const server = await serving((request) => new Response(request.url), { tls: credentials })
    expect(server.url).toBe(`https://127.0.0.1:${server.serverPort}`)
    const [answer] = (await once(https.get(`${server.url}/a`, { ca, agent: false }), 'response')) as [
      http.IncomingMessage,
    ]
    let text = ''
    for await (const chunk of answer) text += String(chunk)
    expect(text).toBe(`${server.url}/a`)
    const mute = net.connect(server.serverPort, '127.0.0.1')
    mute.on('error', () => undefined)
    await once(mute, 'connect')
    await server.stop()
    mute.destroy()
  })

  it('is a Unix socket with a path', async () => {
    const path = join(tmpdir(), `greenloop-${process.pid}.sock`)
    await rm(path, { force: true })
    const server = await serving((request) => new Response(`<${request.remoteAddress}>`), { path })
    expect([server.address, server.serverHost, server.serverPort]).toEqual([path, '', 0])
    const [answer] = (await once(http.get({ socketPath: path, path: '/', agent: false }), 'response')) as [
      http.IncomingMessage,
    ]
    let text = ''
    for await (const chunk of answer) text += String(chunk)
    expect(text).toBe('<>')
  })

  it('is every address of the machine with an empty host', async () => {
    const server = await serving(() => new Response('x'), { host: '' })
    expect(server.url).toBe(`http://localhost:${server.serverPort}`)
    expect(await (await fetch(`http://127.0.0.1:${server.serverPort}`)).text()).toBe('x')
  })
})

describe('an upgrade', () => {
  const asking = head('GET', '/chat', 'Connection: Upgrade', 'Upgrade: echo')

  it('is an ordinary request without the option', async () => {
    const server = await serving(({ path }) => new Response(path))
    const client = new Client(server).send(asking)
    expect(await client.until('\r\n\r\n/chat')).toContain('200 OK')
  })

  it('has a greenlet of its own, which owns the connection', async () => {
    const server = await serving(() => new Response('x'), {
      *upgrade(request, socket, rest) {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.path} ${String(rest)} `)
        yield* sleep(1)
        socket.on('data', (data: Buffer) => socket.end(String(data).toUpperCase()))
      },
    })
    const client = new Client(server).send(`${asking}rest`)
    await client.until('/chat rest ')
    client.send('text')
    expect(await client.end()).toContain('TEXT')
  })

  it('is refused by a Response', async () => {
    const server = await serving(() => new Response('x'), { upgrade: () => new Response('no', { status: 403 }) })
    expect(plain(await new Client(server).send(asking).end())).toBe(
      'HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: 2\r\nConnection: close\r\n\r\nno',
    )
  })

  it('is closed when it fails, and that is reported; and killed when the client goes', async () => {
    const reports = catchReports()
    const failure = new Error('no')
    let started = false
    let ended = false
    const server = await serving(() => new Response('x'), {
      *upgrade(request) {
        started = true
        try {
          yield* sleep(request.path === '/chat' ? 1 : 60_000)
        } finally {
          ended = true
        }
        throw failure
      },
    })
    await new Client(server).send(asking).end()
    expect(reports).toEqual([{ name: 'upgrade of GET /chat', error: failure }])
    started = false
    ended = false
    const client = new Client(server).send(asking.replace('/chat', '/long'))
    await eventually('it runs', () => started)
    client.socket.resetAndDestroy()
    await eventually('it was killed', () => ended)
    expect(reports).toHaveLength(1)
  })

  it('is a web socket by ws, and dropped when the server has stopped', async () => {
    const sockets = new WebSocketServer({ noServer: true })
    const server = await serving(() => new Response('x'), {
      upgrade: (request, socket, rest) => {
        sockets.handleUpgrade(request.node, socket, rest, (peer) => {
          peer.on('message', (data) => peer.send(`echo ${(data as Buffer).toString()}`))
        })
      },
    })
    const client = new WebSocket(server.url.replace('http', 'ws'))
    const answer = new AsyncResult<string>()
    client.on('open', () => client.send('hi'))
    client.on('message', (data) => {
      answer.set((data as Buffer).toString())
    })
    const closed = once(client, 'close')
    expect(await answer.get()).toBe('echo hi')
    await server.stop({ timeoutMs: 5 })
    await closed
  })
})
