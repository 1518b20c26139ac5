// `yield* http.get(url)`: the answer of Node's own request, waited for in a greenlet; for everybody else all is as before.
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { addAbortSignal, PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { each, type Green, getHub, iterate, joinall, run, sleep, spawn, until, withTimeout } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, closedPort, eventually, inWait, killedIn, listen } from '../../net/support.ts'
import { ca, server as certificate } from '../../net/tls/certificates.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { reset } from '../../support/reset.ts'
import { messageOf, rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()
beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

/** An agent that keeps connections, closed when the test is over. */
function keepAlive(): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

describe('driving a request', () => {
  it('waits for the answer, of http.get and of http.request', async () => {
    const { url } = await serve()
    await run(function* () {
      const request = http.get(`${url}/missing`)
      const response = yield* request
      expect(response).toBeInstanceOf(http.IncomingMessage)
      expect([request.constructor, response.statusCode]).toEqual([http.ClientRequest, 404])
      expect(yield* text(response)).toBe('not here')
      const json = yield* http.request(url, { path: '/json' })
      expect(json.headers['content-type']).toBe('application/json')
      expect(yield* text(json)).toBe('{"answer":42}')
    })
  })

  it('lets the others run meanwhile', async () => {
    const { url } = await serve()
    const order: string[] = []
    function* ask(name: string): Green<void> {
      order.push(`${name} asks`)
      const response = yield* http.get(url)
      order.push(`${name} has it`)
      response.resume()
    }
    await joinall([spawn(ask, 'one'), spawn(ask, 'two')])
    expect(order.slice(0, 2)).toEqual(['one asks', 'two asks'])
    expect(order).toHaveLength(4)
  })

  it('does the same for https', async () => {
    const server = https.createServer(certificate, (_, response) => response.end('secret'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await run(function* () {
      const response = yield* https.get({ host: '127.0.0.1', port, ca, agent: false })
      expect(yield* text(response)).toBe('secret')
    })
  })

  it('throws what Node reports before the answer', async () => {
    const port = await closedPort()
    const rude = await listen((peer) => peer.once('data', () => reset(peer)))
    await run(function* () {
      const errors: unknown[] = []
      for (const url of [`http://127.0.0.1:${port}/`, `http://127.0.0.1:${rude.port}/`]) {
        try {
          yield* http.get(url)
        } catch (error) {
          errors.push((error as NodeJS.ErrnoException).code)
        }
      }
      expect(errors).toEqual(['ECONNREFUSED', 'ECONNRESET'])
    })
  })

  it('throws the same again when it is driven again', async () => {
    const port = await closedPort()
    await run(function* () {
      const request = http.get(`http://127.0.0.1:${port}/`)
      const errors: unknown[] = []
      for (let n = 0; n < 2; n++)
        try {
          yield* request
        } catch (error) {
          errors.push(error)
        }
      expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' })
      expect(errors[1]).toBe(errors[0])
    })
  })

  it('ends a request that was not ended', async () => {
    const { url } = await serve()
    await run(function* () {
      const request = http.request(`${url}/echo`, { method: 'POST' })
      request.write('body')
      expect(yield* text(yield* request)).toBe('POST  body')
      expect(request.writableEnded).toBe(true)
    })
  })

  it('leaves the end to a stream that is piped into it', async () => {
    const { url } = await serve()
    await run(function* () {
      const source = new PassThrough()
      const request = http.request(`${url}/echo`, { method: 'POST' })
      source.pipe(request)
      source.write('first ')
      spawn(function* () {
        yield* sleep(2)
        source.end('last')
      })
      expect(yield* text(yield* request)).toBe('POST  first last')
      const piped = http.request(`${url}/echo`, { method: 'POST' })
      void pipeline(Readable.from(['a', 'b']), piped)
      expect(yield* text(yield* piped)).toBe('POST  ab')
    })
  })

  it('gives the answer at once when it has come already, and somebody has listened for it', async () => {
    const { url } = await serve()
    await run(function* () {
      const request = http.get(url)
      const response = yield* until(new Promise((resolve) => request.on('response', resolve)))
      expect(yield* request).toBe(response)
      expect(yield* text(yield* request)).toBe('hello')
      expect(yield* request).toBe(response) // closed long ago
    })
  })

  it('refuses one whose answer Node has thrown away, since nobody had listened for it', async () => {
    const { url } = await serve()
    const error = await rejection(
      run(function* () {
        const request = http.get(`${url}/?secret`)
        yield* until(new Promise((resolve) => request.on('close', resolve)))
        yield* request
      }),
    )
    expect(messageOf(error)).toBe(
      `GET ${url}/ was driven when its answer had come and nobody had listened for it: Node has thrown the body away.\n\n` +
        '  const req = http.get(url); yield* sleep(100); yield* req   // incorrect: nobody listens meanwhile\n' +
        '  const res = yield* http.get(url)                           // correct: or spawn a greenlet that does this',
    )
  })

  it('gives all who drive it the same answer, and those who listen, too', async () => {
    const { url } = await serve()
    const request = http.get(url)
    const heard = new Promise((resolve) => request.on('response', resolve))
    const drive = function* (): Green<http.IncomingMessage> {
      return yield* request
    }
    const [one, two] = await joinall([spawn(drive), spawn(drive)])
    expect(one.value).toBeInstanceOf(http.IncomingMessage)
    expect(two.value).toBe(one.value)
    expect(await heard).toBe(one.value)
    expect(await text(one.value as http.IncomingMessage)).toBe('hello')
  })

  it('keeps the body until somebody reads it', async () => {
    const { url } = await serve()
    await run(function* () {
      const response = yield* http.get(url)
      yield* sleep(5)
      expect(yield* text(response)).toBe('hello')
    })
  })

  it('throws when it is destroyed by somebody else, and when it was before', async () => {
    const { url } = await serve()
    await run(function* () {
      const request = http.get(`${url}/silent`)
      spawn(function* () {
        yield* sleep(1)
        request.destroy(new RangeError('no more'))
      })
      const errors: string[] = []
      for (const make of [() => request, () => http.get(url).destroy()])
        try {
          yield* make()
        } catch (error) {
          errors.push(messageOf(error))
        }
      expect(errors).toEqual(['no more', `GET ${url}/ was closed before its answer came.`])
    })
  })

  it('goes on waiting over informational answers', async () => {
    const { url } = await serve((request, response) => {
      if (request.url !== '/hints') return false
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('the page'))
      return true
    })
    await run(function* () {
      const request = http.get(`${url}/hints`)
      const codes: number[] = []
      request.on('information', ({ statusCode }) => codes.push(statusCode))
      expect(yield* text(yield* request)).toBe('the page')
      expect(codes).toEqual([103])
    })
  })

  it('gives the answer to an upgrade that was asked for, with its socket, and what has come behind the head', async () => {
    const { port } = await listen((peer) => {
      peer.once('data', (head: Buffer) => {
        const line = String(head).startsWith('CONNECT') ? 'HTTP/1.1 200 OK' : 'HTTP/1.1 101 Switching Protocols'
        peer.write(`${line}\r\nconnection: upgrade\r\nupgrade: own\r\n\r\nfirst`)
        peer.pipe(peer)
      })
    })
    await run(function* () {
      const headers = { connection: 'upgrade', upgrade: 'own' }
      for (const options of [{ headers }, { method: 'CONNECT', path: 'else.where:80' }]) {
        const response = yield* http.request({ host: '127.0.0.1', port, ...options })
        const { socket } = response
        expect(String(yield* socket.recv())).toBe('first')
        yield* socket.sendall('echo')
        expect(String(yield* socket.recv())).toBe('echo')
        socket.destroy()
      }
    })
  })

  it('throws when the other side switches protocols unasked', async () => {
    const { port } = await listen((peer) => {
      peer.once('data', () => peer.write('HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n'))
    })
    const error = await rejection(
      run(function* () {
        yield* http.get(`http://127.0.0.1:${port}/`)
      }),
    )
    expect(messageOf(error)).toBe(`GET http://127.0.0.1:${port}/ was answered by an upgrade that it had not asked for.`)
  })

  it('throws when the `timeout` of the request passes and nobody listens for it, before the answer and in its body', async () => {
    const { url, aborted } = await serve()
    await run(function* () {
      const errors: unknown[] = []
      for (const path of ['/silent', '/endless'])
        try {
          yield* text(yield* http.get(`${url}${path}`, { timeout: 5 }))
        } catch (error) {
          errors.push([(error as NodeJS.ErrnoException).code, messageOf(error)])
        }
      expect(errors).toEqual(
        ['/silent', '/endless'].map((path) => ['ETIMEDOUT', `GET ${url}${path} timed out after 5 ms.`]),
      )
    })
    await aborted('/silent')
    await aborted('/endless')
  })

  it('leaves a `timeout` to those who listen for it', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.end('late'), 20)
      return true
    })
    await run(function* () {
      let times = 0
      const request = http.get(url, { timeout: 5 }).on('timeout', () => times++)
      expect(yield* text(yield* request)).toBe('late')
      expect(times).toBeGreaterThan(0)
    })
  })

  it('is described by what it asks for, without the query', async () => {
    const { url, came } = await serve(() => true)
    const waiting = spawn(function* () {
      yield* http.get(`${url}/silent?token=x`)
    })
    await came('/silent?token=x')
    expect(waiting.$wait?.describe()).toBe(`http.request() of GET ${url}/silent`)
    await waiting.kill()
  })
})

describe('giving up', () => {
  it('a kill destroys the request, before it is connected and later', async () => {
    const { url, came, aborted } = await serve()
    const early = http.get(`${url}/silent`)
    await killedIn(early).join()
    expect(early.destroyed).toBe(true)
    const request = http.get(`${url}/silent`)
    const waiting = spawn(function* () {
      yield* request
    })
    await came('/silent')
    await waiting.kill()
    expect(request.destroyed).toBe(true)
    await aborted('/silent')
  })

  it('so does a timeout', async () => {
    const { url } = await serve()
    const request = http.get(`${url}/silent`)
    const error = await rejection(
      run(function* () {
        yield* withTimeout(10, function* () {
          yield* request
        })
      }),
    )
    expect([messageOf(error), request.destroyed]).toEqual(['10 ms', true])
  })

  it('of one of two who wait leaves the request to the other', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.end('late'), 10)
      return true
    })
    const request = http.get(url)
    const wait = function* (): Green<string> {
      return yield* text(yield* request)
    }
    const [first, second] = [spawn(wait), spawn(wait)]
    await inWait(second)
    await first.kill()
    expect(await second.get()).toBe('late')
  })

  it('a kill in iterate() of the body closes the connection', async () => {
    const { url, aborted } = await serve()
    const got: string[] = []
    const reading = spawn(function* () {
      const response = yield* http.get(`${url}/endless`)
      yield* each(response, (chunk: Buffer) => got.push(String(chunk)))
    })
    await eventually('the beginning has come', () => got.length > 0)
    await reading.kill()
    expect(got).toEqual(['the beginning'])
    await aborted('/endless')
  })

  it('a kill in a function of node:stream/consumers closes it when that is given the signal', async () => {
    const { url, aborted } = await serve()
    const reading = spawn(function* () {
      const response = yield* http.get(`${url}/endless`)
      yield* until((signal) => text(addAbortSignal(signal, response)))
    })
    await eventually('the body is read', () => reading.$wait?.describe() === 'until(promise)')
    await reading.kill()
    await aborted('/endless')
  })

  it('leaves no listener of an uncaught error behind: a connection that breaks in the body is the reader’s', async () => {
    const { url } = await serve()
    const unhandled = catchUnhandled()
    await run(function* () {
      const response = yield* http.get(`${url}/reset`)
      const read: string[] = []
      try {
        using body = iterate<Buffer>(response)
        while (yield* body.next()) read.push(String(body.value))
      } catch (error) {
        read.push(String((error as NodeJS.ErrnoException).code))
      }
      expect(read).toEqual(['the beginning', 'ECONNRESET'])
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })
})

describe('an agent that keeps connections', () => {
  it('gets its socket back after the body was read', async () => {
    const { url } = await serve()
    const agent = keepAlive()
    await run(function* () {
      const ports = new Set<number | undefined>()
      for (let n = 0; n < 3; n++) {
        const request = http.get(url, { agent })
        const response = yield* request
        ports.add(response.socket.localPort)
        expect(yield* text(response)).toBe('hello')
        yield* sleep(1)
      }
      expect(ports.size).toBe(1)
    })
  })

  it('hands the place of one that was killed to the next', async () => {
    const { url, came } = await serve()
    const agent = keepAlive()
    const stuck = spawn(function* () {
      yield* http.get(`${url}/silent`, { agent })
    })
    await came('/silent')
    const next = spawn(function* () {
      return yield* text(yield* http.get(url, { agent }))
    })
    await inWait(next)
    await stuck.kill()
    expect(await next.get()).toBe('hello')
  })
})

describe('sendall() of a request', () => {
  it('waits while the server does not read', async () => {
    let asked: http.IncomingMessage | null = null
    const { url } = await serve((request, response) => {
      asked = request
      request.on('end', () => response.end('got it'))
      return true
    })
    const chunk = 'x'.repeat(1 << 20)
    let sent = 0
    const sending = spawn(function* () {
      const request = http.request(url, { method: 'POST' })
      for (; sent < 20; sent++) yield* request.sendall(chunk)
      return yield* text(yield* request)
    })
    await eventually('it is held up', () => asked !== null && sent > 0 && sending.$wait !== null)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(sent).toBeLessThan(20)
    expect(sending.$wait?.describe()).toBe(`sendall() of POST ${url}/`)
    asked!.resume()
    expect(await sending.get()).toBe('got it')
  })

  it('throws what the request fails of, and when it is ended', async () => {
    const port = await closedPort()
    const { url } = await serve()
    await run(function* () {
      const errors: string[] = []
      const refused = http.request(`http://127.0.0.1:${port}/`, { method: 'PUT' })
      const ended = http.request(url, { method: 'PUT' })
      ended.end()
      for (const request of [refused, refused, ended])
        try {
          yield* request.sendall('x'.repeat(1 << 20))
        } catch (error) {
          errors.push(messageOf(error))
        }
      expect(errors[0]).toContain('ECONNREFUSED')
      expect(errors.slice(1)).toEqual([errors[0], `sendall(): PUT ${url}/ was ended.`])
      yield* text(yield* ended)
    })
  })

  it('keeps its bytes from the caller’s next ones', async () => {
    const { url } = await serve()
    await run(function* () {
      const request = http.request(`${url}/echo`, { method: 'POST' })
      const bytes = Buffer.from('one ')
      yield* request.sendall(bytes)
      bytes.write('two ')
      yield* request.sendall(bytes)
      expect(yield* text(yield* request)).toBe('POST  one two ')
    })
  })

  it('refuses what is no data', () => {
    const request = http.request('http://127.0.0.1:1').on('error', () => undefined)
    request.destroy()
    expect(() => request.sendall(5 as unknown as string)).toThrow(
      'sendall() expects a string or a Uint8Array, but got 5 (number).',
    )
  })
})

describe('for everybody else', () => {
  it('a request without a listener is answered into nothing, and its socket is free again', async () => {
    const { url } = await serve()
    const agent = keepAlive()
    const request = http.get(url, { agent })
    expect([...(request as unknown as Iterable<unknown>)]).toEqual([])
    expect([request.listenerCount('response'), request.listenerCount('error'), getHub().outstanding]).toEqual([0, 0, 0])
    await new Promise((resolve) => agent.on('free', resolve))
  })

  it('an error that nobody listens for is uncaught, as before', async () => {
    const unhandled = catchUnhandled()
    http.get(`http://127.0.0.1:${await closedPort()}/`)
    await eventually('it is there', () => unhandled.length > 0)
    expect(unhandled).toMatchObject([{ code: 'ECONNREFUSED' }])
  })

  it('a callback is called as before', async () => {
    const { url } = await serve()
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(url, resolve))
    expect(await text(response)).toBe('hello')
  })

  it('streams take a request for a stream', async () => {
    const { url } = await serve()
    const request = http.request(`${url}/echo`, { method: 'POST' })
    const response = new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve))
    await pipeline(Readable.from(['piped']), request)
    expect(await text(await response)).toBe('POST  piped')
  })
})
