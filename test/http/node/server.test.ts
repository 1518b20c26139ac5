// Generator functions as handlers of Node's servers: each request a greenlet; every other listener as before.
import { EventEmitter } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { type Green, GreenletExit, getcurrent, getHub, run, sleep, spawn, withTimeout } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { ca, server as certificate } from '../../net/tls/certificates.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { reset } from '../../support/reset.ts'

checkLeaks()
beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

type Server = http.Server | https.Server

/** Has it listen until the test is over; answers where. */
async function open(server: Server): Promise<http.RequestOptions & { port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false }
}

/** An answer, whole. */
interface Answer {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

async function ask(options: https.RequestOptions, module: typeof http | typeof https = http): Promise<Answer> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
    module.get(options as object, resolve).on('error', reject),
  )
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Sends bytes on a connection of its own. */
async function talk(port: number, words: string): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(words)
  return socket
}

/** All living greenlets, by name. */
const living = (): string[] =>
  getHub()
    .living()
    .map(({ name }) => name)

function* greet(_: http.IncomingMessage, response: http.ServerResponse): Green<void> {
  yield* sleep(1)
  response.end(`hello from ${getcurrent().name}`)
}

describe('a generator function', () => {
  it.each([
    ['http.createServer(handler)', () => http.createServer(greet)],
    ['http.createServer(options, handler)', () => http.createServer({ noDelay: true }, greet)],
    ['new http.Server(handler)', () => new http.Server(greet)],
    ["server.on('request')", () => http.createServer().on('request', greet)],
    ["server.addListener('request')", () => http.createServer().addListener('request', greet)],
    ["server.prependListener('request')", () => http.createServer().prependListener('request', greet)],
  ])('is a handler: %s', async (_, make) => {
    const to = await open(make())
    expect((await ask({ ...to, path: '/page?key=secret' })).body).toBe('hello from GET /page')
  })

  it('is one of an https server, too', async () => {
    const to = await open(https.createServer(certificate, greet))
    expect((await ask({ ...to, ca }, https)).body).toBe('hello from GET /')
  })

  it('waits without holding up the others', async () => {
    const order: string[] = []
    const to = await open(
      http.createServer(function* (request, response) {
        order.push(`begin ${request.url!}`)
        while (order.length < 2) yield* sleep(1)
        order.push(`end ${request.url!}`)
        response.end()
      }),
    )
    await Promise.all(['/a', '/b'].map((path) => ask({ ...to, path })))
    expect(order.map((line) => line.split(' ')[0])).toEqual(['begin', 'begin', 'end', 'end'])
  })

  it('reads the body of the request, and is called with the server as `this`', async () => {
    const seen: unknown[] = []
    const server = http.createServer(function* (this: http.Server, request, response) {
      seen.push(this)
      response.end(String(yield* buffer(request)).toUpperCase())
    })
    const to = await open(server)
    const answer = await run(function* () {
      const request = http.request({ ...to, method: 'POST' })
      request.end('content')
      return yield* text(yield* request)
    })
    expect(answer).toBe('CONTENT')
    expect(seen).toEqual([server])
  })

  it('may be what an ordinary function returns: what is returned decides', async () => {
    const to = await open(http.createServer((request, response) => greet(request, response)))
    expect((await ask(to)).body).toBe('hello from GET /')
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- it is an operation
    const operation = await open(http.createServer((...args) => withTimeout(1000, greet, ...args)))
    expect((await ask(operation)).body).toBe('hello from GET /')
  })

  it('may leave the end of the response to others', async () => {
    const to = await open(
      http.createServer(function* (_, response) {
        yield* sleep(0)
        setTimeout(() => response.end('later'), 5)
      }),
    )
    expect((await ask(to)).body).toBe('later')
  })
})

describe('a handler that fails', () => {
  it('before the head is sent gives 500, without the headers that it has set, and is reported', async () => {
    const reports = catchReports()
    const to = await open(
      http.createServer(function* (_, response) {
        response.setHeader('set-cookie', 'a=b').setHeader('content-length', 5)
        yield* sleep(0)
        throw new RangeError('broken')
      }),
    )
    const { status, headers, body } = await ask({ ...to, path: '/fails' })
    expect([status, body, headers['content-type'], headers['set-cookie'], headers.connection]).toEqual([
      500,
      'Internal Server Error',
      'text/plain',
      undefined,
      'close',
    ])
    expect(reports).toEqual([{ name: 'GET /fails', error: new RangeError('broken') }])
    expect((await ask(to)).status).toBe(500) // it lives
  })

  it('in the head of a status without a body gives 500 without one, and not the length of one that Node does not send', async () => {
    const reports = catchReports()
    const to = await open(
      http.createServer(function* (_, response) {
        yield* sleep(0)
        response.writeHead(204, { 'wrong name': 'x' })
      }),
    )
    const { status, headers, body } = await ask(to)
    expect([status, headers['content-length'], body]).toEqual([500, '0', ''])
    expect(reports).toHaveLength(1)
  })

  it('after it cuts the connection, so that the client does not take the piece for the whole', async () => {
    const reports = catchReports()
    const to = await open(
      http.createServer(function* (_, response) {
        yield* response.sendall('a part')
        throw new RangeError('broken')
      }),
    )
    await expect(ask(to)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(reports).toHaveLength(1)
  })

  it('after the end is only reported', async () => {
    const reports = catchReports()
    const to = await open(
      http.createServer(function* (_, response) {
        response.end('all of it')
        throw new RangeError('broken')
      }),
    )
    expect((await ask(to)).body).toBe('all of it')
    expect(reports).toHaveLength(1)
  })

  it('by a foreign yield is a failure as any other', async () => {
    const reports = catchReports()
    const to = await open(
      http.createServer(function* () {
        yield Promise.resolve()
      } as () => void),
    )
    expect((await ask(to)).status).toBe(500)
    expect(String(reports[0]?.error)).toContain('Greenlet "GET /" yielded a Promise')
  })
})

describe('a client that goes away', () => {
  it.each([
    ['cuts', (socket: net.Socket) => reset(socket)],
    ['ends', (socket: net.Socket) => socket.end()],
  ])('and %s the connection kills the greenlet, whose `finally` runs', async (_, leave) => {
    const events: string[] = []
    const { port } = await open(
      http.createServer(function* () {
        try {
          events.push('begin')
          yield* sleep(60_000)
        } catch (error) {
          events.push(error instanceof GreenletExit ? 'killed' : 'failed')
          throw error
        } finally {
          yield* sleep(0)
          events.push('finally')
        }
      }),
    )
    const socket = await talk(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await eventually('it has begun', () => events.length > 0)
    leave(socket)
    await eventually('it has ended', () => events.length > 2)
    expect(events).toEqual(['begin', 'killed', 'finally'])
  })

  it('kills those, too, whose responses wait behind others on the connection', async () => {
    const ends: string[] = []
    const { port } = await open(
      http.createServer(function* (request) {
        try {
          yield* buffer(request) // so that Node does not tell of it by the request
          yield* sleep(60_000)
        } finally {
          ends.push(request.url!)
        }
      }),
    )
    const socket = await talk(
      port,
      ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''),
    )
    await eventually('all wait', () => living().length === 3)
    socket.destroy()
    await eventually('all have ended', () => ends.length === 3)
  })

  it('does not kill a greenlet whose response is finished', async () => {
    let worked = false
    const to = await open(
      http.createServer(function* (_, response) {
        response.end('done')
        yield* sleep(15)
        worked = true
      }),
    )
    expect((await ask(to)).body).toBe('done')
    await eventually('it has worked on', () => worked)
  })

  it('does not kill the greenlet of the next request on the same connection', async () => {
    const to = await open(http.createServer(greet))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (let n = 0; n < 20; n++) expect((await ask({ ...to, agent })).status).toBe(200)
    await eventually('nothing works on', () => living().length === 0)
  })

  it('that is gone before the greenlet has begun lets it never run', async () => {
    let ran = false
    const server = http.createServer(function* () {
      ran = true
    })
    server.prependListener('request', (_, response) => response.destroy())
    const { port } = await open(server)
    const socket = await talk(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await new Promise((resolve) => socket.on('close', resolve))
    expect(ran).toBe(false)
  })
})

it('a greenlet that is killed has its response cut off, and nobody is told', async () => {
  const reports = catchReports()
  const to = await open(
    http.createServer(function* (_, response) {
      yield* response.sendall('a part')
      yield* sleep(60_000)
    }),
  )
  const answer = ask({ ...to, path: '/victim' })
  await eventually('it waits', () => living().includes('GET /victim'))
  for (const task of getHub().living()) if (task.name === 'GET /victim') task.kill()
  await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(reports).toEqual([])
})

describe('sendall() of a response', () => {
  it('waits while the client does not read', async () => {
    const chunk = Buffer.alloc(1 << 20, 'x')
    let sent = 0
    const to = await open(
      http.createServer(function* (_, response) {
        for (; sent < 30; sent++) yield* response.sendall(chunk)
        response.end()
      }),
    )
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(to, resolve))
    await eventually(
      'it is held up',
      () =>
        getHub()
          .living()
          .some((task) => task.$wait !== null) && sent > 0,
    )
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(sent).toBeLessThan(30)
    expect(getHub().living()[0]!.$wait?.describe()).toBe('sendall() of the response to GET /')
    expect(await buffer(response)).toHaveLength(30 << 20)
  })

  it('throws when its client has gone away, and when its time is up', async () => {
    const errors: string[] = []
    const { port } = await open(
      http.createServer((request, response) => {
        spawn(function* () {
          try {
            for (;;) yield* response.sendall('x'.repeat(1 << 20), { timeoutMs: request.url === '/slow' ? 10 : 60_000 })
          } catch (error) {
            errors.push(String(error))
            response.destroy()
          }
        })
      }),
    )
    const slow = await talk(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await eventually('its time is up', () => errors.length === 1)
    slow.destroy()
    const socket = await talk(port, 'GET /gone HTTP/1.1\r\nhost: x\r\n\r\n')
    await eventually('it waits', () => living().length > 0)
    reset(socket)
    await eventually('it has thrown', () => errors.length === 2)
    expect(errors).toEqual([
      'SocketTimeoutError: sendall() of the response to GET /slow timed out after 10 ms.',
      'SocketClosedError: sendall(): the response to GET /gone is closed.',
    ])
  })
})

describe('other events', () => {
  it('checkContinue and checkExpectation are requests', async () => {
    const server = http.createServer()
    server.on('checkContinue', function* (request: http.IncomingMessage, response: http.ServerResponse) {
      yield* sleep(0)
      response.writeContinue()
      response.end(`got ${yield* text(request)}`)
    })
    server.on('checkExpectation', function* (_: http.IncomingMessage, response: http.ServerResponse) {
      yield* sleep(0)
      response.writeHead(417).end()
    })
    const to = await open(server)
    await run(function* () {
      const request = http.request({ ...to, method: 'POST', headers: { expect: '100-continue' } })
      request.on('continue', () => request.end('body'))
      // It is written when the server asks for it; driving the request would end it.
      const response = yield* new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve))
      expect(yield* text(response)).toBe('got body')
      const refused = yield* http.get({ ...to, headers: { expect: 'the unexpected' } })
      expect(refused.statusCode).toBe(417)
    })
  })

  it('upgrade and connect have the connection for their own: its end does not kill them', async () => {
    const ends: string[] = []
    const server = http.createServer()
    function* echo(request: http.IncomingMessage, socket: Duplex, head: Buffer): Green<void> {
      const peer = socket as net.Socket
      if (head.length > 0) peer.unshift(head)
      yield* peer.sendall('HTTP/1.1 200 OK\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n')
      for (let chunk = yield* peer.recv(); chunk.length > 0; chunk = yield* peer.recv()) yield* peer.sendall(chunk)
      peer.end()
      yield* sleep(5)
      ends.push(`${getcurrent().name} ${request.method!}`)
    }
    server.on('upgrade', echo).on('connect', echo)
    const { port } = await open(server)
    for (const head of ['GET /chat HTTP/1.1\r\nconnection: upgrade\r\nupgrade: own', 'CONNECT else.where:1 HTTP/1.1']) {
      const socket = await talk(port, `${head}\r\nhost: x\r\n\r\n`)
      socket.end('words')
      expect(String(await buffer(socket))).toContain('words')
    }
    await eventually('both have ended', () => ends.length === 2)
    expect(ends).toEqual(['GET /chat GET', 'CONNECT else.where:1 CONNECT'])
  })

  it('one of them that fails, or is killed, closes the connection', async () => {
    const reports = catchReports()
    const unhandled = catchUnhandled()
    const server = http.createServer()
    server.on('upgrade', function* (request: http.IncomingMessage) {
      yield* sleep(request.url === '/fails' ? 0 : 60_000)
      throw new RangeError('broken')
    })
    const { port } = await open(server)
    for (const path of ['/fails', '/killed']) {
      const socket = await talk(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n`)
      const closed = new Promise((resolve) => socket.on('close', resolve))
      if (path === '/killed') {
        await eventually('it waits', () => living().includes('GET /killed'))
        for (const task of getHub().living()) task.kill()
      }
      await closed
    }
    expect(reports).toEqual([{ name: 'GET /fails', error: new RangeError('broken') }])
    expect(unhandled).toEqual([])
  })

  it('clientError', async () => {
    const server = http.createServer()
    server.on('clientError', function* (error: NodeJS.ErrnoException, socket: Duplex) {
      yield* sleep(0)
      socket.end(`HTTP/1.1 400 ${error.code!}\r\n\r\n`)
    })
    const { port } = await open(server)
    const socket = await talk(port, 'nonsense\r\n\r\n')
    expect(String(await buffer(socket))).toMatch(/^HTTP\/1.1 400 HPE_/u)
  })
})

describe('every other listener', () => {
  it('is called at once, with the same `this` and arguments, and what it returns is untouched', async () => {
    const server = http.createServer()
    const promise = Promise.resolve()
    const calls: unknown[] = []
    const listener = function (this: unknown, ...args: unknown[]): unknown {
      calls.push([this, ...args])
      return promise
    }
    server.on('request', listener)
    expect(server.emit('request', 1 as never, 2 as never, 3 as never)).toBe(true)
    expect(calls).toEqual([[server, 1, 2, 3]])
    expect((server.rawListeners('request')[0] as typeof listener).call('this')).toBe(promise)
  })

  it('throws where it is called', () => {
    const server = http.createServer(() => {
      throw new RangeError('at once')
    })
    expect(() => server.emit('request', {} as never, {} as never)).toThrow('at once')
  })

  it('has its rejections captured, where that is asked for', async () => {
    const seen: string[] = []
    EventEmitter.captureRejections = true
    onTestFinished(() => {
      EventEmitter.captureRejections = false
    })
    const server = new (class extends http.Server {
      override [EventEmitter.captureRejectionSymbol](error: Error, event: string): void {
        seen.push(event, error.message)
      }
    })()
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that is what is captured
    server.on('request', () => Promise.reject(new Error('late')))
    server.emit('request', {} as never, {} as never)
    await eventually('it is captured', () => seen.length > 0)
    expect(seen).toEqual(['request', 'late'])
  })

  it('is found and removed as itself, also when it is a handler', () => {
    const server = http.createServer(greet)
    const told: unknown[] = []
    for (const event of ['removeListener', 'newListener']) server.on(event, (_, listener) => told.push(listener))
    const plain = (): void => undefined
    server.once('request', plain)
    expect([server.listeners('request'), server.listenerCount('request')]).toEqual([[greet, plain], 2])
    server.prependOnceListener('request', greet)
    expect(server.listeners('request')).toEqual([greet, greet, plain])
    server.off('request', plain).off('request', greet).removeListener('request', greet)
    expect(server.listeners('request')).toEqual([])
    expect(told).toEqual([plain, greet, plain, greet, greet])
  })

  it('is called once when it is added for once', async () => {
    const calls: string[] = []
    const server = http.createServer((_, response) => response.end('second'))
    server.prependOnceListener('request', () => calls.push('first'))
    server.once('request', function* () {
      yield* sleep(0)
      calls.push('green')
    })
    EventEmitter.prototype.once.call(server, 'request', () => calls.push('by the emitter’s own'))
    const to = await open(server)
    await ask(to)
    await ask(to)
    expect(calls).toEqual(['first', 'by the emitter’s own', 'green'])
    expect(server.listenerCount('request')).toBe(1)
  })

  it('of other events is none of ours, and what is no function is refused by Node', () => {
    const server = http.createServer()
    const plain = (): void => undefined
    server.on('close', plain).once('listening', plain)
    expect(server.rawListeners('close')).toEqual([plain])
    expect(() => server.on('request', 5 as never)).toThrow(
      'The "listener" argument must be of type function. Received type number (5)',
    )
  })

  it('goes on to work when all is unpatched', async () => {
    const to = await open(http.createServer(greet))
    monkey.unpatchAll()
    expect((await ask(to)).body).toBe('hello from GET /')
    expect(Object.hasOwn(http.Server.prototype, 'on')).toBe(false)
  })

  it('looks as before: names, and two names for one function', () => {
    const names = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const
    for (const prototype of [http.Server.prototype, https.Server.prototype]) {
      expect(prototype.on).toBe(prototype.addListener)
      for (const name of names)
        expect([prototype[name].name, prototype[name].length]).toEqual([
          EventEmitter.prototype[name].name,
          EventEmitter.prototype[name].length,
        ])
    }
    expect(Object.keys(http.Server.prototype)).not.toContain('on')
  })
})
