// `handler()` with the real Express, Fastify and Hono, over real sockets and without any patch: the same tests for all three.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { serve as serveHono } from '@hono/node-server'
import express, { type Request as ExpressRequest, type Response as ExpressResponse, type NextFunction } from 'express'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Green, getcurrent, getHub, run, sleep, until } from 'greenloop'
import { handler } from 'greenloop/http'
import { isAnythingPatched, patchFetch, unpatchAll } from 'greenloop/monkey'
import { type Context, Hono, type Next } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { streamText } from 'hono/streaming'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'

checkLeaks()

/** What handlers tell of themselves. */
type Log = string[]

/** The application of a framework, which listens. */
type Start = (log: Log) => Promise<http.Server>

/** Waits for ever, and tells how that ended. */
function* waiting(log: Log): Green<void> {
  try {
    log.push('begin')
    yield* sleep(60_000)
  } finally {
    log.push('finally')
  }
}

class Teapot extends Error {
  readonly status = 418
  readonly statusCode = 418
}

const startExpress: Start = async (log) => {
  const app = express()
  app.use(
    handler(function* (_request, response, next) {
      yield* sleep(0)
      response.set('x-before', getcurrent().name)
      next()
    }),
  )
  app.get(
    '/hello/:name',
    handler(function* (request: ExpressRequest<{ name: string }>, response: ExpressResponse) {
      yield* sleep(1)
      response.json({ hello: request.params.name, greenlet: getcurrent().name })
    }),
  )
  app.get(
    '/fails',
    handler(function* () {
      yield* sleep(1)
      throw new Teapot('it is one')
    }),
  )
  app.get(
    '/never',
    handler(() => waiting(log)),
  )
  app.get(
    '/stream',
    handler(function* (_request: ExpressRequest, response: ExpressResponse) {
      response.type('text')
      for (const part of ['one ', 'two ', 'three']) {
        response.write(part)
        yield* sleep(1)
      }
      response.end()
    }),
  )
  app.use(
    handler(function* (error: Error, _request: ExpressRequest, response: ExpressResponse, next: NextFunction) {
      yield* sleep(0)
      if (error instanceof Teapot) response.status(error.status).send(`mended: ${error.message}`)
      else next(error)
    }),
  )
  const server = http.createServer(app as http.RequestListener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const startFastify: Start = async (log) => {
  const app = fastify()
  app.addHook(
    'onRequest',
    handler(function* (_request: FastifyRequest, reply: FastifyReply) {
      yield* sleep(0)
      reply.header('x-before', getcurrent().name)
    }),
  )
  app.get<{ Params: { name: string } }>(
    '/hello/:name',
    handler(function* (request) {
      yield* sleep(1)
      return { hello: request.params.name, greenlet: getcurrent().name }
    }),
  )
  app.get(
    '/fails',
    handler(function* () {
      yield* sleep(1)
      throw new Teapot('it is one')
    }),
  )
  app.get(
    '/never',
    handler((_request: FastifyRequest, _reply: FastifyReply) => waiting(log)),
  )
  app.get(
    '/stream',
    handler(function* (_request: FastifyRequest, reply: FastifyReply) {
      yield* sleep(1)
      reply.type('text/plain')
      return Readable.from(['one ', 'two ', 'three'])
    }),
  )
  app.setErrorHandler(
    handler(function* (error: unknown, _request: FastifyRequest, reply: FastifyReply) {
      yield* sleep(0)
      if (!(error instanceof Teapot)) throw error
      reply.status(error.status)
      return `mended: ${error.message}`
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  return app.server
}

const startHono: Start = async (log) => {
  const app = new Hono()
  app.use(
    handler(function* (c: Context, next: Next) {
      yield* sleep(0)
      c.header('x-before', getcurrent().name)
      yield* until(next())
      c.header('x-after', getcurrent().name)
    }),
  )
  app.get(
    '/hello/:name',
    handler(function* (c: Context) {
      yield* sleep(1)
      return c.json({ hello: c.req.param('name'), greenlet: getcurrent().name })
    }),
  )
  app.get(
    '/fails',
    handler(function* () {
      yield* sleep(1)
      throw new HTTPException(418, { message: 'it is one' })
    }),
  )
  app.get(
    '/never',
    handler(function* (c: Context) {
      yield* waiting(log)
      return c.text('never')
    }),
  )
  app.get(
    '/stream',
    handler(function* (c: Context) {
      yield* sleep(1)
      return streamText(c, async (stream) => {
        for (const part of ['one ', 'two ', 'three']) await stream.write(part)
      })
    }),
  )
  app.onError(
    handler(function* (error: Error, c: Context) {
      yield* sleep(0)
      if (error instanceof HTTPException && error.status === 418) return c.text(`mended: ${error.message}`, 418)
      if (error instanceof HTTPException) return error.getResponse()
      log.push(String(error))
      return c.text('?', 500)
    }),
  )
  return new Promise((resolve) => {
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server as http.Server))
  })
}

interface Answer {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Starts an application for the running test; answers how it is asked. */
async function open(start: Start, log: Log = []): Promise<{ port: number; ask(path: string): Promise<Answer> }> {
  const server = await start(log)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    async ask(path) {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
        http.get({ host: '127.0.0.1', port, path, agent: false }, resolve).on('error', reject),
      )
      return { status: response.statusCode, headers: response.headers, body: await text(response) }
    },
  }
}

describe.each([
  ['Express', startExpress],
  ['Fastify', startFastify],
  ['Hono', startHono],
] as const)('%s', (framework, start) => {
  it('answers with what the handler gives; middleware runs in a greenlet, too', async () => {
    const { ask } = await open(start)
    const { status, headers, body } = await ask('/hello/world?key=secret')
    expect([status, JSON.parse(body)]).toEqual([200, { hello: 'world', greenlet: 'GET /hello/world' }])
    expect(headers['x-before']).toBe('GET /hello/world')
    expect(headers['x-after']).toBe(framework === 'Hono' ? 'GET /hello/world' : undefined)
    expect(isAnythingPatched()).toBe(false)
  })

  it('hands what the handler throws to its own error handling, which may be a greenlet, and nothing is reported', async () => {
    const reports = catchReports()
    const { ask } = await open(start)
    const { status, body } = await ask('/fails')
    expect([status, body]).toEqual([418, 'mended: it is one'])
    expect(reports).toEqual([])
  })

  it('kills the greenlet when the client goes away: its `finally` runs, and no error handler is told of a failure', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue(undefined)
    const unhandled = catchUnhandled()
    const log: Log = []
    const { port, ask } = await open(start, log)
    const socket = net.connect(port, '127.0.0.1')
    socket.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n')
    await eventually('it has begun', () => log.length > 0)
    socket.destroy()
    await eventually('it has ended', () => log.length > 1)
    await eventually('nobody is left', () => getHub().living().length === 0)
    expect((await ask('/hello/again')).status).toBe(200)
    expect(log).toEqual(['begin', 'finally'])
    expect([printed.mock.calls, unhandled]).toEqual([[], []])
    printed.mockRestore()
  })

  it('serves others while one waits', async () => {
    const log: Log = []
    const { port, ask } = await open(start, log)
    const socket = net.connect(port, '127.0.0.1')
    socket.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n')
    await eventually('it waits', () => log.length > 0)
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => ask(`/hello/${name}`)))
    expect(answers.map(({ body }) => (JSON.parse(body) as { hello: string }).hello)).toEqual(['a', 'b', 'c'])
    socket.destroy()
    await eventually('it has ended', () => log.length > 1)
  })

  it('streams', async () => {
    const { ask } = await open(start)
    expect((await ask('/stream')).body).toBe('one two three')
  })

  it('is answered 500 by the framework when a greenlet is killed by somebody else', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue(undefined)
    const log: Log = []
    const { ask } = await open(start, log)
    const answer = ask('/never')
    await eventually('it waits', () => log.length > 0)
    for (const task of getHub().living()) if (task.name === 'GET /never') task.kill()
    expect((await answer).status).toBe(500)
    printed.mockRestore()
  })
})

it('keeps `this`, which Fastify uses', async () => {
  const app = fastify()
  app.decorate('secret', 'decorated')
  app.get(
    '/',
    handler(function* () {
      yield* sleep(0)
      return (this as unknown as { secret: string }).secret
    }),
  )
  onTestFinished(() => app.close())
  const { body } = await app.inject('/')
  expect(body).toBe('decorated')
})

it('Fastify: `return reply`, inject(), and hooks that take a payload', async () => {
  const app = fastify()
  app.addHook(
    'onSend',
    handler(function* (_request: FastifyRequest, _reply: FastifyReply, payload: unknown) {
      yield* sleep(0)
      return `${String(payload)}, sent`
    }),
  )
  app.get(
    '/',
    handler(function* (_request: FastifyRequest, reply: FastifyReply) {
      yield* sleep(0)
      return reply.send('replied')
    }),
  )
  onTestFinished(() => app.close())
  const answers = await Promise.all([app.inject('/'), app.inject('/')])
  expect(answers.map(({ body }) => body)).toEqual(['replied, sent', 'replied, sent'])
})

it('Express: next(error) works, and what is thrown is told once', async () => {
  const told: string[] = []
  const app = express()
  app.get(
    '/next',
    handler(function* (_request: ExpressRequest, _response: ExpressResponse, next: NextFunction) {
      yield* sleep(0)
      next(new Error('handed on'))
    }),
  )
  app.get(
    '/thrown',
    handler(() => {
      throw undefined
    }),
  )
  app.get(
    '/async',
    handler(async () => Promise.reject(new Error('async'))),
  )
  app.use((error: Error, _request: ExpressRequest, response: ExpressResponse, _next: NextFunction) => {
    told.push(error.message)
    response.sendStatus(500)
  })
  const { ask } = await open(async () => {
    const server = http.createServer(app as http.RequestListener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  })
  for (const path of ['/next', '/thrown', '/async']) expect((await ask(path)).status).toBe(500)
  expect(told).toEqual(['handed on', 'The handler threw undefined.', 'async'])
})

it('Express: a router that is mounted, whose greenlets are named after the whole path', async () => {
  const app = express()
  const router = express.Router()
  router.get(
    '/inner',
    handler(function* (_request: ExpressRequest, response: ExpressResponse) {
      yield* sleep(0)
      response.send(getcurrent().name)
    }),
  )
  app.use('/outer', router)
  const { ask } = await open(async () => {
    const server = http.createServer(app as http.RequestListener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  })
  expect((await ask('/outer/inner')).body).toBe('GET /outer/inner')
})

it('Hono without a server of Node: the signal of the request kills', async () => {
  const log: Log = []
  const app = new Hono()
  app.get(
    '/never',
    handler(function* (c: Context) {
      log.push(getcurrent().name)
      yield* waiting(log)
      return c.text('never')
    }),
  )
  const controller = new AbortController()
  const answer = app.request('/never', { signal: controller.signal })
  await eventually('it waits', () => log.length > 1)
  controller.abort()
  expect((await answer).status).toBe(499)
  expect(log).toEqual(['GET /never', 'begin', 'finally'])
})

it('Hono’s server puts a Response of its own in the place of Node’s: that of fetch is patched all the same', async () => {
  const app = new Hono()
  app.get('/', (c) => c.text('hello'))
  const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  patchFetch()
  onTestFinished(() => {
    unpatchAll()
  })
  const { port } = server.address() as AddressInfo
  const body = await run(function* () {
    const response = yield* fetch(`http://127.0.0.1:${port}/`)
    return yield* response.text()
  })
  expect(body).toBe('hello')
})
