// One exchange with a server: its answer whole or piece by piece, its time limits, and what is left of it when it is given up.
import { Readable } from 'node:stream'
import { type Green, getHub, run, sleep, spawn } from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Agents } from '../../../src/http/transport/agents.ts'
import { exchange } from '../../../src/http/transport/exchange.ts'
import type { Outgoing } from '../../../src/http/transport/incoming.ts'
import { catchUnhandled, type Drivable, eventually, inWait, listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

/** Connections of its own, that are closed when the test is over. */
function agents(): Agents {
  const made = new Agents({})
  onTestFinished(() => {
    made.destroy()
  })
  return made
}

/** Sends it off. */
function ask(url: string, more: Partial<Outgoing> = {}): ReturnType<typeof exchange> {
  const target = new URL(url)
  return exchange({
    dispatcher: more.dispatcher ?? agents().dispatcherFor(target, { verify: false, cert: undefined, proxy: null }),
    url: target,
    method: 'GET',
    headers: [],
    body: null,
    connectMs: undefined,
    readMs: undefined,
    limit: Infinity,
    stream: false,
    ...more,
  })
}

describe('a whole answer', () => {
  it('has its status, its words, its headers as they came, and its body', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(202, 'As you like', { 'X-Tag': 'one', date: 'now' }).end('hello')
      return true
    })
    const incoming = await ask(`${url}/path?query`)
    expect([incoming.statusCode, incoming.reason, String(incoming.content)]).toEqual([202, 'As you like', 'hello'])
    expect(incoming.rawHeaders.map(String).slice(0, 4)).toEqual(['X-Tag', 'one', 'date', 'now'])
  })

  it('is copied: it does not hold what else the connection has read', async () => {
    const { url } = await serve((_, response) => {
      response.end(Buffer.alloc(40_000)) // too long for the pool in which Node keeps small buffers
      return true
    })
    const { content } = await ask(url)
    expect(content.buffer.byteLength).toBe(40_000)
  })

  it('a body goes out: bytes, a stream, an iterable', async () => {
    const { url } = await serve()
    const send = async (body: Outgoing['body']): Promise<string> =>
      String((await ask(`${url}/echo`, { method: 'POST', body })).content)
    async function* parts(): AsyncGenerator<Buffer> {
      yield Buffer.from('in ')
      yield Buffer.from('parts')
    }
    expect(await send(Buffer.from('bytes'))).toBe('POST  bytes')
    expect(await send(Readable.from([Buffer.from('a '), Buffer.from('stream')]))).toBe('POST  a stream')
    expect(await send(parts())).toBe('POST  in parts')
  })
})

describe('a streamed answer', () => {
  it('is there with its head, and is read piece by piece to its end', async () => {
    const { url } = await serve((_, response) => {
      response.write('first')
      setTimeout(() => response.end('last'), 5)
      return true
    })
    await run(function* () {
      const incoming = yield* ask(url, { stream: true })
      expect([incoming.statusCode, incoming.ended]).toEqual([200, false])
      expect(String(yield* incoming.read())).toBe('first')
      expect(String(yield* incoming.read())).toBe('last')
      expect([yield* incoming.read(), yield* incoming.read(), incoming.ended]).toEqual([null, null, true])
    })
  })

  it('waits at the server until it is read', async () => {
    let sent = 0
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (sent < 200) {
          sent++
          if (!response.write(Buffer.alloc(100_000))) {
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
      return true
    })
    await run(function* () {
      const incoming = yield* ask(url, { stream: true })
      let before = -1
      while (before !== sent) {
        before = sent
        yield* sleep(20)
      }
      expect(sent).toBeLessThan(150) // the rest of 20 MB is where it came from
      let bytes = 0
      for (let chunk = yield* incoming.read(); chunk !== null; chunk = yield* incoming.read()) bytes += chunk.length
      expect(bytes).toBe(20_000_000)
    })
  })

  it('has one reader', async () => {
    const { url } = await serve()
    await run(function* () {
      const incoming = yield* ask(`${url}/endless`, { stream: true })
      yield* incoming.read()
      const first = spawn(function* first() {
        yield* incoming.read()
      })
      yield* sleep(0)
      const second = spawn(function* second() {
        return yield* failureOf(incoming.read())
      })
      expect(String(yield* second.get())).toMatch(
        /^ConcurrentObjectUseError: Greenlet "second.*" waits in read\(\) of .*\/endless, where "first.*" waits already\.$/,
      )
      yield* first.kill()
      incoming.destroy()
    })
  })

  it('ends with an error where the connection breaks', async () => {
    const { url } = await serve()
    await run(function* () {
      const incoming = yield* ask(`${url}/reset`, { stream: true })
      yield* incoming.read()
      const first = yield* failureOf(incoming.read())
      expect([first.name, yield* failureOf(incoming.read())]).toEqual(['ChunkedEncodingError', first])
    })
  })
})

function* failureOf(made: Drivable<unknown>): Green<Error> {
  try {
    yield* made
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('time', () => {
  it('no connection within `connectMs`: a server of TLS that says nothing', async () => {
    const { port, sockets } = await listen((peer) => peer.resume())
    const error = await rejection(ask(`https://127.0.0.1:${String(port)}/`, { connectMs: 30 }))
    expect(String(error)).toBe(`ConnectTimeout: GET https://127.0.0.1:${String(port)}/ got no connection within 30 ms.`)
    await eventually('the connection is closed', () => sockets.size === 0)
  })

  it('`connectMs` does not count while others have all the connections', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.end('at last'), 60)
      return true
    })
    const one = new Agents({ connectionsPerHost: 1 })
    onTestFinished(() => {
      one.destroy()
    })
    const dispatcher = one.dispatcherFor(new URL(url), { verify: true, cert: undefined, proxy: null })
    const answers = [1, 2, 3].map(() => ask(url, { dispatcher, connectMs: 50 }))
    expect((await Promise.all(answers)).map(({ content }) => String(content))).toEqual([
      'at last',
      'at last',
      'at last',
    ])
  })

  it('no answer within `readMs`', async () => {
    const server = await serve()
    const error = await rejection(ask(`${server.url}/silent`, { readMs: 30 }))
    expect(String(error)).toBe(
      `ReadTimeout: GET ${server.url}/silent: nothing came from the server for 30 ms, where an answer was to come.`,
    )
    await server.aborted('/silent')
  })

  it('no more of the body within `readMs`', async () => {
    const server = await serve()
    const error = await rejection(ask(`${server.url}/endless`, { readMs: 30 }))
    expect(String(error)).toBe(
      `ReadTimeout: GET ${server.url}/endless: nothing came from the server for 30 ms, behind 13 bytes of the body.`,
    )
    await server.aborted('/endless')
  })

  it('each piece of an answer begins the time anew, and so does each that goes out', async () => {
    const { url } = await serve((request, response) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        request.pause()
        setTimeout(() => request.resume(), 2)
      })
      request.on('end', () => {
        let left = 6
        const next = (): void => {
          response.write('.')
          if (--left > 0) setTimeout(next, 90)
          else response.end(String(bytes))
        }
        next()
      })
      return true
    })
    const incoming = await ask(url, {
      method: 'POST',
      body: Buffer.alloc(16_000_000),
      readMs: 400,
      headers: ['content-length', '16000000'],
    })
    expect(String(incoming.content)).toBe('......16000000')
  })

  it('of a streamed body counts only while somebody waits for it', async () => {
    const { url } = await serve()
    await run(function* () {
      const incoming = yield* ask(`${url}/endless`, { stream: true, readMs: 20 })
      yield* sleep(40)
      expect(String(yield* incoming.read())).toBe('the beginning')
      const error = yield* failureOf(incoming.read())
      expect(error.name).toBe('ReadTimeout')
    })
  })
})

describe('the limit of a body', () => {
  it.each([
    ['says that it is longer', { 'content-length': '9' }, 'says that it has 9 bytes'],
    ['goes on', {}, 'goes on'],
  ])('one that %s is not taken', async (_, headers, what) => {
    const { url } = await serve((__, response) => {
      response.writeHead(200, headers)
      response.write('123')
      setTimeout(() => response.end('456789'), 5)
      return true
    })
    const error = await rejection(ask(url, { limit: 8 }))
    expect(String(error)).toBe(
      `ContentTooLarge: GET ${url}/: the body ${what}, and no more than 8 are taken (\`bodyLimit\`).`,
    )
  })

  it('one of exactly that length is taken, and that of HEAD is none', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '8' }).end('12345678')
      return true
    })
    expect(String((await ask(url, { limit: 8 })).content)).toBe('12345678')
    expect((await ask(url, { limit: 2, method: 'HEAD' })).statusCode).toBe(200)
  })
})

describe('given up', () => {
  it.each(['/silent', '/endless'])('where it waits for the answer of %s: the server sees it', async (path) => {
    const caught = catchUnhandled()
    const server = await serve()
    const greenlet = spawn(function* () {
      yield* ask(server.url + path)
    })
    await server.came(path)
    await inWait(greenlet)
    await greenlet.kill()
    await server.aborted(path)
    expect([getHub().outstanding, caught]).toEqual([0, []])
  })

  it('while the connection is made: nothing is left of it', async () => {
    const caught = catchUnhandled()
    const { port, sockets } = await listen((peer) => peer.resume())
    const greenlet = spawn(function* () {
      yield* ask(`https://127.0.0.1:${String(port)}/`)
    })
    await eventually('it has come', () => sockets.size === 1)
    await greenlet.kill()
    await eventually('it is closed', () => sockets.size === 0)
    expect([getHub().outstanding, caught]).toEqual([0, []])
  })

  it('before the connection is looked at: the next one to the same place works', async () => {
    const server = await serve()
    const dispatcher = agents().dispatcherFor(new URL(server.url), { verify: true, cert: undefined, proxy: null })
    const first = spawn(function* () {
      yield* ask(`${server.url}/first`, { dispatcher })
    })
    await sleep(0)
    first.kill()
    const incoming = await ask(`${server.url}/json`, { dispatcher })
    expect([String(incoming.content), server.requests]).toEqual(['{"answer":42}', ['GET /json']])
  })

  it('a stream that was to go out is destroyed', async () => {
    const body = new Readable({ read: () => undefined })
    const { url } = await serve()
    const greenlet = spawn(function* () {
      yield* ask(`${url}/echo`, { method: 'POST', body })
    })
    await inWait(greenlet)
    await greenlet.kill()
    expect(body.destroyed).toBe(true)
  })

  it('a streamed body: the server sees it, and so does whoever reads', async () => {
    const server = await serve()
    await run(function* () {
      const incoming = yield* ask(`${server.url}/endless`, { stream: true })
      yield* incoming.read()
      const reader = spawn(function* () {
        return yield* failureOf(incoming.read())
      })
      yield* sleep(0)
      incoming.destroy()
      const error = yield* reader.get()
      expect(String(error)).toBe(
        `ConnectionError: GET ${server.url}/endless: the response was closed before its body had come.`,
      )
      expect(yield* failureOf(incoming.read())).toBe(error)
    })
    await server.aborted('/endless')
  })
})

it('a wrong argument of undici’s is thrown at once', async () => {
  const error = await rejection(ask('http://127.0.0.1:1/', { headers: ['bad name', 'x'] }))
  expect(error).toBeInstanceOf(Error)
})
