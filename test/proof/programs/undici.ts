/** What a program does with `undici`, and with Node's own `fetch`, against a server of its own. */
import { EventEmitter } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliCompress } from 'node:zlib'
import type { Green } from 'greenloop'
import * as undici from 'undici'
import { called, digest, failure, type Steps, together, veil, wait } from './way.ts'

/** Tells that a request has come. */
const asked = new EventEmitter()

/** The server's answers. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://server')
  response.sendDate = false
  switch (pathname) {
    case '/json':
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method: request.method, query: [...searchParams], tag: request.headers['x-tag'] }))
      break
    case '/echo':
      response.writeHead(201, { 'content-type': request.headers['content-type'] ?? 'none', trailer: 'x-end' })
      request.pipe(response, { end: false })
      request.on('end', () => {
        response.addTrailers({ 'x-end': 'reached' })
        response.end()
      })
      break
    case '/big':
      response.end(Buffer.alloc(2_000_000, 'big '))
      break
    case '/brotli':
      response.setHeader('content-encoding', 'br')
      Readable.from(['pressed ', 'together']).pipe(createBrotliCompress()).pipe(response)
      break
    case '/away':
      response.writeHead(302, { location: searchParams.get('to') ?? '/json' }).end()
      break
    case '/cookies':
      response.setHeader('set-cookie', ['a=1', 'b=2; HttpOnly']).end()
      break
    case '/hints':
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('after hints'))
      break
    case '/busy':
      busy--
      response.writeHead(busy >= 0 ? 503 : 200).end(`busy ${busy}`)
      break
    case '/cut':
      response.writeHead(200, { 'content-length': 100 }).write('only this', () => response.destroy())
      break
    case '/hang-up':
      request.socket.destroy()
      break
    case '/garbage':
      request.socket.end('this is not HTTP\r\n\r\n')
      break
    case '/never':
      asked.emit('never')
      break
    case '/silent':
      break
    default:
      response.writeHead(404).end('not here')
  }
}

let busy = 0

/** Runs `use` with a dispatcher for a server of its own, and waits until both are closed. */
function* served<D extends undici.Dispatcher, T>(
  make: (origin: string) => D,
  use: (dispatcher: D, origin: string) => Green<T>,
): Green<T> {
  const server = http.createServer(answer)
  server.on('upgrade', (request, socket) => {
    socket.end(`HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\nupgraded`)
  })
  server.on('connect', (request: http.IncomingMessage, socket) => {
    socket.end(`HTTP/1.1 200 Connected\r\n\r\ntunnel to ${request.url}`)
  })
  yield* called((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  veil(port, '<port>')
  const origin = `http://localhost:${port}`
  const dispatcher = make(origin)
  try {
    return yield* use(dispatcher, origin)
  } finally {
    yield* wait(dispatcher.destroy())
    server.closeAllConnections()
    yield* called((done) => server.close(done))
  }
}

const client = (origin: string): undici.Client => new undici.Client(origin)

/** What has been answered, its body read as text. */
function* told(request: Promise<undici.Dispatcher.ResponseData>): Green<unknown> {
  const { statusCode, headers, trailers, body } = yield* wait(request)
  const text = yield* wait(body.text())
  return {
    statusCode,
    headers: { ...headers },
    trailers: { ...trailers },
    text: text.length > 500 ? digest(text) : text,
  }
}

/** The same of fetch. */
function* fetched(request: Promise<undici.Response | Response>): Green<unknown> {
  const response = yield* wait(request)
  const { status, statusText, redirected, type, headers } = response
  const text = yield* wait(response.text())
  return { status, statusText, redirected, type, headers: [...headers], text: text.length > 500 ? digest(text) : text }
}

export const steps: Steps = {
  *'requests of one client, one after the other'() {
    return yield* served(client, function* (dispatcher) {
      const ask = (path: string, more: object = {}): Green<unknown> =>
        told(dispatcher.request({ method: 'GET', path, ...more }))
      return [
        yield* ask('/json', { query: { a: 1, b: ['x', 'y'] }, headers: { 'x-tag': 'tagged' } }),
        yield* ask('/json', { method: 'HEAD' }),
        yield* ask('/echo', { method: 'POST', body: 'text' }),
        yield* ask('/echo', { method: 'PUT', body: Buffer.alloc(1_000_000, 'bytes') }),
        yield* ask('/echo', { method: 'POST', body: Readable.from(['one ', 'two ', 'three']) }),
        yield* ask('/cookies'),
        yield* ask('/big'),
        yield* ask('/nowhere'),
        yield* ask('/hints'),
      ]
    })
  },

  *'30 requests in a pipeline over one connection'() {
    return yield* served(
      (origin) => new undici.Client(origin, { pipelining: 5 }),
      function* (dispatcher) {
        return yield* together(
          Array.from(
            { length: 30 },
            (_, index) =>
              function* () {
                const { body } = yield* wait(dispatcher.request({ method: 'GET', path: '/json', query: { index } }))
                return yield* wait(body.json())
              },
          ),
        )
      },
    )
  },

  *'an agent, interceptors: redirections, retries'() {
    return yield* served(
      () => new undici.Agent({ connections: 1 }),
      function* (agent, origin) {
        busy = 2
        const following = agent.compose(
          undici.interceptors.redirect({ maxRedirections: 3 }),
          undici.interceptors.retry({ maxRetries: 3, minTimeout: 1, maxTimeout: 2 }),
        )
        const ask = (path: string): Green<unknown> => told(following.request({ origin, method: 'GET', path }))
        return [yield* ask('/away?to=/away'), yield* ask('/busy')]
      },
    )
  },

  *'streams, pipelines, and a body that is read in other ways'() {
    return yield* served(client, function* (dispatcher) {
      const written: Buffer[] = []
      const sink = new Writable({
        write(chunk: Buffer, _, done) {
          written.push(chunk)
          done()
        },
      })
      const streamed = yield* wait(dispatcher.stream({ method: 'GET', path: '/big' }, () => sink))
      const through = dispatcher.pipeline({ method: 'POST', path: '/echo' }, ({ body }) => body)
      const piped: Buffer[] = []
      yield* wait(
        pipeline(Readable.from(['a', 'b', 'c']), through, new PassThrough(), async (source) => {
          for await (const chunk of source) piped.push(chunk as Buffer)
        }),
      )
      const { body } = yield* wait(dispatcher.request({ method: 'GET', path: '/json' }))
      const { body: dumped } = yield* wait(dispatcher.request({ method: 'GET', path: '/json' }))
      return [
        digest(Buffer.concat(written)),
        { ...streamed.trailers },
        String(Buffer.concat(piped)),
        (yield* wait(body.bytes())).length,
        yield* wait(dumped.dump()),
        body.bodyUsed,
      ]
    })
  },

  *'an upgraded connection, and a tunnel'() {
    return yield* served(client, function* (dispatcher) {
      const upgraded = yield* wait(dispatcher.upgrade({ path: '/', protocol: 'own' }))
      const first = yield* wait(upgraded.socket.toArray())
      const tunnel = yield* wait(dispatcher.connect({ path: 'elsewhere:80' }))
      const second = yield* wait(tunnel.socket.toArray())
      return [{ ...upgraded.headers }, String(first), tunnel.statusCode, String(second)]
    })
  },

  *'fetch of undici'() {
    return yield* served(
      () => new undici.Agent({ connections: 1 }),
      function* (dispatcher, origin) {
        const form = new undici.FormData()
        form.append('field', 'value')
        const posted = yield* wait(undici.fetch(`${origin}/echo`, { method: 'POST', body: form, dispatcher }))
        return [
          yield* fetched(undici.fetch(`${origin}/json?a=1`, { headers: { 'x-tag': 'tagged' }, dispatcher })),
          yield* fetched(undici.fetch(`${origin}/away`, { dispatcher })),
          digest((yield* wait(posted.text())).replaceAll(/formdata-undici-\d+/gu, '<boundary>')),
          yield* failure(undici.fetch(`${origin}/hang-up`, { dispatcher })),
          yield* failure(undici.fetch(`${origin}/json`, { dispatcher, signal: AbortSignal.abort('a reason') })),
        ]
      },
    )
  },

  *"Node's own fetch"() {
    return yield* served(
      () => new undici.Agent(), // closed with the server, and otherwise unused
      function* (_, origin) {
        const big = yield* wait(fetch(`${origin}/big`))
        let size = 0
        const counting = (async () => {
          for await (const chunk of big.body!) size += (chunk as Uint8Array).length
          return size
        })()
        const counted = yield* wait(counting)
        const made = new Request(`${origin}/echo`, { method: 'POST', body: new Blob(['from a blob']) })
        const clone = yield* wait(fetch(`${origin}/json`))
        const copies = yield* together([
          () => fetched(Promise.resolve(clone.clone())),
          () => fetched(Promise.resolve(clone)),
        ])
        return [
          counted,
          yield* fetched(fetch(made)),
          copies,
          yield* fetched(fetch(`${origin}/away`, { redirect: 'manual' })),
          yield* failure(fetch(`${origin}/away`, { redirect: 'error' })),
          yield* failure(fetch(`${origin}/hang-up`)),
          yield* failure(fetch('no url')),
          yield* fetched(fetch('data:text/plain,from%20the%20address')),
          yield* failure((yield* wait(fetch(`${origin}/cookies`))).json()),
        ]
      },
    )
  },

  *'given up, cut short, hung up on, no HTTP'() {
    return yield* served(client, function* (dispatcher) {
      const controller = new AbortController()
      asked.once('never', () => controller.abort())
      const ask = (path: string, more: object = {}): Promise<undici.Dispatcher.ResponseData> =>
        dispatcher.request({ method: 'POST', path, ...more })
      const givenUp = yield* failure(ask('/never', { signal: controller.signal }))
      const cut = yield* wait(ask('/cut'))
      return [
        givenUp,
        yield* failure(cut.body.text()),
        yield* failure(ask('/hang-up')),
        yield* failure(ask('/garbage')),
        yield* told(ask('/json')),
        yield* failure(ask('/json', { signal: AbortSignal.abort() })),
        yield* failure(ask('/json', { headers: { 'x-bad': 'line\nbreak' } })),
      ]
    })
  },

  *'nobody listens; no such name; closed'() {
    const server = http.createServer()
    yield* called((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    veil(port, '<port>')
    yield* called((done) => server.close(done))
    const errors: unknown[] = []
    for (const origin of [`http://127.0.0.1:${port}`, `http://${'x'.repeat(64)}.invalid`]) {
      const dispatcher = new undici.Client(origin)
      errors.push(yield* failure(dispatcher.request({ method: 'GET', path: '/' })))
      yield* wait(dispatcher.close())
      errors.push(yield* failure(dispatcher.request({ method: 'GET', path: '/' })))
    }
    return errors
  },

  *'a mocked agent'() {
    const agent = new undici.MockAgent()
    agent.disableNetConnect()
    agent.get('http://mocked').intercept({ path: '/here' }).reply(200, { mocked: true }).times(1)
    const first = yield* told(undici.request('http://mocked/here', { dispatcher: agent }))
    const second = yield* failure(undici.request('http://mocked/here', { dispatcher: agent }))
    yield* wait(agent.close())
    return [first, second]
  },
}

export const races: Steps = {
  *'no answer in time'() {
    return yield* served(client, function* (dispatcher, origin) {
      const late = dispatcher.request({ method: 'GET', path: '/silent', signal: AbortSignal.timeout(20) })
      return [yield* failure(late), yield* failure(fetch(`${origin}/silent`, { signal: AbortSignal.timeout(20) }))]
    })
  },

  *'what is compressed, by a thread of its own'() {
    return yield* served(
      () => new undici.Agent(),
      function* (dispatcher, origin) {
        return [
          yield* fetched(undici.fetch(`${origin}/brotli`, { dispatcher })),
          yield* fetched(fetch(`${origin}/brotli`)),
        ]
      },
    )
  },

  *'20 requests of a pool of four'() {
    return yield* served(
      (origin) => new undici.Pool(origin, { connections: 4 }),
      function* (pool) {
        return yield* together(
          Array.from({ length: 20 }, (_, index) => () => told(pool.request({ method: 'GET', path: `/json?${index}` }))),
        )
      },
    )
  },
}
