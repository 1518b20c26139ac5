/** What a program does that serves with `express` and asks with `axios`, both in one process. */
import { EventEmitter } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import axios, { type AxiosAdapter, AxiosError, type AxiosInstance, type AxiosResponse } from 'axios'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Green } from 'greenloop'
import { called, digest, type Steps, together, veil, wait } from './way.ts'

const THIS_FILE = fileURLToPath(import.meta.url)
/** No limit is one of a millisecond to `axios`, as far as its events go. */
const timeout = 4000
const byFetch = 'fetch' as unknown as AxiosAdapter // one of the names of its own
/** Tells that a request has come. */
const asked = new EventEmitter()

/** The paths that all steps ask for. */
function application(): Express {
  const app = express()
  app.set('env', 'test') // prints no errors
  app.use((request, response, next) => {
    response.set('x-asked', `${request.method} ${request.path}`).removeHeader('date')
    response.sendDate = false
    next()
  })
  app.get('/hello/:name', (request, response) => {
    response.json({ params: request.params, query: request.query, agent: request.get('x-agent'), ip: request.ip })
  })
  app.post('/echo', express.json({ limit: 3_000_000 }), express.urlencoded(), express.text(), (request, response) => {
    const body: unknown = request.body
    response
      .status(201)
      .cookie('seen', 'yes', { httpOnly: true })
      .send({ type: request.get('content-type'), body })
  })
  app.put('/upload', (request, response, next) => {
    request.toArray().then((chunks: Buffer[]) => response.type('txt').send(digest(Buffer.concat(chunks))), next)
  })
  app.get('/away/:left', (request, response) => {
    const left = Number(request.params.left)
    response.redirect(left % 2 === 0 ? 302 : 307, left === 0 ? '/hello/arrived' : `/away/${left - 1}`)
  })
  app.get('/file', (_, response, next) => response.sendFile(THIS_FILE, next))
  app.get('/zipped', (_, response) => {
    response.set('content-encoding', 'gzip')
    Readable.from(['part one, ', 'part two, ', 'x'.repeat(100_000)])
      .pipe(createGzip())
      .pipe(response)
  })
  app.get('/parts', (_, response) => {
    response.write('first ')
    setImmediate(() => {
      response.write('second ')
      setTimeout(() => response.end('third'), 2)
    })
  })
  app.get('/big', (_, response) => response.send(Buffer.alloc(2_000_000, 'big ')))
  app.get('/never', () => asked.emit('never'))
  app.get('/silent', () => undefined)
  app.get('/cut', (_, response) => {
    response.set('content-length', '100').write('only this', () => response.destroy())
  })
  app.get('/hang-up', (request) => request.socket.destroy())
  app.get('/fails', async () => {
    await Promise.resolve()
    throw Object.assign(new Error('the handler failed'), { status: 418 })
  })
  const inner = express.Router()
  inner.use((request, response, next) => {
    if (request.get('authorization') === undefined) response.sendStatus(401)
    else next()
  })
  inner
    .route('/secret')
    .get((request, response) => response.send(request.get('authorization')))
    .delete((_, response) => response.sendStatus(204))
  app.use('/inner', inner)
  const failed: ErrorRequestHandler = (error: Error & { status?: number; type?: string }, _request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(error.status ?? 500).json({ message: error.message, type: error.type })
  }
  return app.use(failed)
}

/** Runs `use` with a client of a server of its own, and waits until the server is closed. */
function* served<T>(use: (client: AxiosInstance) => Green<T>, keepAlive = true): Green<T> {
  const server = http.createServer(application() as http.RequestListener)
  yield* called((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  veil(port, '<port>')
  const httpAgent = new http.Agent({ keepAlive, maxSockets: 1 })
  try {
    return yield* use(axios.create({ baseURL: `http://localhost:${port}`, timeout, validateStatus: null, httpAgent }))
  } finally {
    httpAgent.destroy()
    server.closeAllConnections()
    yield* called((done) => server.close(done))
  }
}

/** What a server has answered. */
function told({ status, statusText, headers, data }: AxiosResponse): unknown {
  return { status, statusText, headers: Object.fromEntries(Object.entries(headers)), data: data as unknown }
}

/** How a request has failed. */
function* failing(request: Promise<AxiosResponse>): Green<unknown> {
  try {
    return told(yield* wait(request))
  } catch (error) {
    const { name, message, code, status } = error as AxiosError
    return { name, message, code, status, axios: error instanceof AxiosError }
  }
}

export const steps: Steps = {
  *'a question and its answer: parameters, headers, methods'() {
    return yield* served(function* (client) {
      const headers = { 'x-agent': 'proof' }
      return [
        told(yield* wait(client.get('/hello/world', { params: { a: 1, list: ['x', 'y'], text: 'ä &' }, headers }))),
        told(yield* wait(client.head('/hello/world'))),
        told(yield* wait(client.options('/hello/world'))),
        told(yield* wait(client.get('/nowhere'))),
      ]
    })
  },

  *'bodies: JSON, a form, text, what is malformed, what is too big'() {
    return yield* served(function* (client) {
      const json = { 'content-type': 'application/json' }
      return [
        told(yield* wait(client.post('/echo', { nested: { list: [1, null, 'ü'] } }))),
        told(yield* wait(client.post('/echo', new URLSearchParams({ a: '1', b: 'x y' })))),
        told(yield* wait(client.post('/echo', 'only text', { headers: { 'content-type': 'text/plain' } }))),
        told(yield* wait(client.post('/echo', '{ "malformed', { headers: json, transformRequest: [] }))),
        told(yield* wait(client.post('/echo', { big: 'x'.repeat(3_000_000) }))),
      ]
    })
  },

  *'uploads: bytes, a stream, a form with a file'() {
    return yield* served(function* (client) {
      const form = new FormData()
      form.append('field', 'value')
      form.append('file', new Blob(['content']), 'name.txt')
      const sent: AxiosResponse<string> = yield* wait(client.put('/upload', form))
      return [
        told(yield* wait(client.put('/upload', Buffer.alloc(1_500_000, 'bytes')))),
        told(yield* wait(client.put('/upload', Readable.from(['part one ', 'part two']), { maxRedirects: 0 }))),
        sent.data.split(' ')[0], // its boundary is drawn by lot
      ]
    })
  },

  *'redirections, followed, too many, and not'() {
    return yield* served(function* (client) {
      return [
        told(yield* wait(client.get('/away/3'))),
        yield* failing(client.get('/away/9', { maxRedirects: 3 })),
        told(yield* wait(client.get('/away/1', { maxRedirects: 0 }))),
      ]
    })
  },

  *'files, a part of one, one that is known already'() {
    return yield* served(function* (client) {
      const whole: AxiosResponse<string> = yield* wait(client.get('/file', { responseType: 'text' }))
      const part: AxiosResponse<string> = yield* wait(client.get('/file', { headers: { range: 'bytes=4-12' } }))
      const known = yield* wait(client.get('/file', { headers: { 'if-none-match': String(whole.headers['etag']) } }))
      const range: unknown = part.headers['content-range']
      return [whole.status, digest(whole.data), part.status, part.data, range, known.status]
    })
  },

  *'answers as streams, as bytes, in parts'() {
    return yield* served(function* (client) {
      const stream: AxiosResponse<Readable> = yield* wait(client.get('/big', { responseType: 'stream' }))
      const streamed = (yield* wait(stream.data.toArray())) as Buffer[]
      const bytes: AxiosResponse<Buffer> = yield* wait(client.get('/big', { responseType: 'arraybuffer' }))
      return [digest(Buffer.concat(streamed)), digest(bytes.data), told(yield* wait(client.get('/parts')))]
    })
  },

  *'20 at once over the one connection that there may be'() {
    return yield* served(function* (client) {
      const answers = yield* together(
        Array.from(
          { length: 20 },
          (_, index) =>
            function* () {
              const { data }: AxiosResponse<{ params: unknown }> = yield* wait(client.get(`/hello/${index}`))
              return data.params
            },
        ),
      )
      return answers
    })
  },

  *'no connection is kept'() {
    return yield* served(function* (client) {
      return [told(yield* wait(client.get('/hello/once'))), told(yield* wait(client.get('/hello/twice')))]
    }, false)
  },

  *'errors: of handlers, of those who may not, of a status'() {
    return yield* served(function* (client) {
      const auth = { username: 'user', password: 'pass word' }
      return [
        told(yield* wait(client.get('/fails'))),
        told(yield* wait(client.get('/inner/secret'))),
        told(yield* wait(client.get('/inner/secret', { auth }))),
        told(yield* wait(client.delete('/inner/secret', { auth }))),
        yield* failing(client.get('/nowhere', { validateStatus: (status) => status < 400 })),
      ]
    })
  },

  *'interceptors and transformations'() {
    return yield* served(function* (client) {
      const seen: unknown[] = []
      client.interceptors.request.use(async (config) => {
        seen.push(`asks for ${config.url}`)
        await Promise.resolve()
        config.headers.set('x-agent', 'intercepted')
        return config
      })
      client.interceptors.response.use((response) => {
        seen.push(`got ${response.status}`)
        return response
      })
      const transformResponse = (data: string): unknown => ({ wrapped: JSON.parse(data) as unknown })
      return [told(yield* wait(client.get('/hello/you', { transformResponse }))), seen]
    })
  },

  *'given up, cut short, hung up on'() {
    return yield* served(function* (client) {
      const controller = new AbortController()
      const givenUp = client.get('/never', { signal: controller.signal })
      asked.once('never', () => controller.abort())
      return [
        yield* failing(givenUp),
        yield* failing(client.get('/cut')),
        yield* failing(client.get('/hang-up')),
        yield* failing(client.get('/hello/signal', { signal: AbortSignal.abort() })),
      ]
    })
  },

  *'nobody listens; no such name'() {
    const server = http.createServer()
    yield* called((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    veil(port, '<port>')
    yield* called((done) => server.close(done))
    return [
      yield* failing(axios.get(`http://127.0.0.1:${port}/`, { timeout })),
      yield* failing(axios.get(`http://${'x'.repeat(64)}.invalid/`, { timeout })),
    ]
  },

  *'the same client by way of fetch'() {
    return yield* served(function* (client) {
      client.defaults.adapter = byFetch
      const big: AxiosResponse<ArrayBuffer> = yield* wait(client.get('/big', { responseType: 'arraybuffer' }))
      return [
        told(yield* wait(client.get('/hello/fetch'))),
        told(yield* wait(client.post('/echo', { a: [1] }))),
        told(yield* wait(client.get('/fails'))),
        big.data.byteLength,
        yield* failing(client.get('/hang-up')),
        told(yield* wait(client.get('/hello/again'))),
      ]
    })
  },
}

export const races: Steps = {
  *'what is zipped, by a thread of its own'() {
    return yield* served(function* (client) {
      const { headers, data }: AxiosResponse<string> = yield* wait(client.get('/zipped'))
      return [Object.entries(headers), digest(data)]
    })
  },

  *'no answer in time; more than is wanted'() {
    return yield* served(function* (client) {
      const late = yield* failing(client.get('/silent', { timeout: 20 }))
      const long = yield* failing(client.get('/big', { maxContentLength: 1000 }))
      client.defaults.adapter = byFetch
      return [late, long, yield* failing(client.get('/silent', { timeout: 20 }))]
    })
  },
}
