// What handler() infers with Express, Fastify, Hono and Node's own servers.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Request as ExpressRequest,
  type Response as ExpressResponse,
  type NextFunction,
} from 'express'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { sleep, until } from 'greenloop'
import { type Handler, handler } from 'greenloop/http'
import { type Context, Hono, type MiddlewareHandler, type Next } from 'hono'
import { expectTypeOf, it } from 'vitest'

it('it is a function of the same parameters that returns a promise of what the generator returns', () => {
  const made = handler(function* (a: number, b?: string) {
    yield* sleep(1)
    return `${a}${b ?? ''}`
  })
  expectTypeOf(made).toEqualTypeOf<Handler<[a: number, b?: string], string>>()
  expectTypeOf(made(1)).toEqualTypeOf<Promise<string>>()
  expectTypeOf(handler(async (n: number) => Promise.resolve(n))).returns.toEqualTypeOf<Promise<number>>()
  expectTypeOf(handler((n: number) => n)).returns.toEqualTypeOf<Promise<number>>()
  // @ts-expect-error -- it is no function
  handler(sleep(1))
  // @ts-expect-error -- the star is missing
  handler(function* () {
    yield sleep(1)
  })
})

it('Express: the types come from where it is handed over, or are written', () => {
  const app = express()
  app.use(
    handler(function* (request, response, next) {
      expectTypeOf(request).toEqualTypeOf<ExpressRequest>()
      expectTypeOf(response).toEqualTypeOf<ExpressResponse>()
      expectTypeOf(next).toEqualTypeOf<NextFunction>()
      yield* sleep(1)
      next()
    }),
  )
  // The method is generic: of its path.
  app.get(
    '/:name',
    handler(function* (request: ExpressRequest<{ name: string }>, response: ExpressResponse) {
      yield* sleep(1)
      response.send(request.params.name)
    }),
  )
  app.get(
    '/',
    handler(function* (_request, response) {
      yield* sleep(1)
      expectTypeOf(response).toBeUnknown()
    }),
  )
  const failed: ErrorRequestHandler = handler(function* (error, request, response, next) {
    expectTypeOf(request).toEqualTypeOf<ExpressRequest>()
    yield* sleep(1)
    response.send(String(error))
    next()
  })
  app.use(failed)
})

it('Fastify: so do `this` and what is returned', () => {
  const app = fastify()
  app.get<{ Params: { name: string } }>(
    '/:name',
    handler(function* (request, reply) {
      expectTypeOf(this).toEqualTypeOf<FastifyInstance>()
      expectTypeOf(request.params).toEqualTypeOf<{ name: string }>()
      expectTypeOf(reply).toExtend<FastifyReply>()
      yield* sleep(1)
      return request.params.name
    }),
  )
  app.addHook(
    'onRequest',
    handler(function* (request: FastifyRequest, reply: FastifyReply) {
      yield* sleep(1)
      reply.header('x', request.id)
    }),
  )
})

it('Hono: what is returned is what the framework knows of it', () => {
  const app = new Hono()
  const before: MiddlewareHandler = handler(function* (c, next) {
    expectTypeOf(c).toEqualTypeOf<Context>()
    expectTypeOf(next).toEqualTypeOf<Next>()
    yield* until(next())
  })
  app.use(before)
  app.get(
    '/',
    handler(function* (c: Context) {
      yield* sleep(1)
      return c.json({ ok: true })
    }),
  )
  app.get(
    '/',
    // @ts-expect-error -- a number is no answer
    handler(function* (_c: Context) {
      yield* sleep(1)
      return 5
    }),
  )
})

it('Node’s own servers', () => {
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- a server does not look at it
  const listener: http.RequestListener = handler(function* (request, response) {
    expectTypeOf(request).toEqualTypeOf<IncomingMessage>()
    expectTypeOf(response).toExtend<ServerResponse>()
    yield* sleep(1)
  })
  http.createServer(listener)
  http.createServer(
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- as above
    handler(function* (_: IncomingMessage, response: ServerResponse) {
      yield* sleep(1)
      response.end()
    }),
  )
})
