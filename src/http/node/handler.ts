/**
 * The adapter: handlers of Express, Fastify, Hono, and of Node's own servers, as greenlets. It needs no patch.
 *
 * All of them take a function that returns a promise. So this makes one that starts a greenlet per call and answers with a promise of what
 * that returns; what is special is only how each says who the client is, and where a failure goes.
 *
 * ```
 *   (request, response, next)         Express     next(error)
 *   (request, reply, ...)             Fastify     rejected; the client is that of reply.raw
 *   (context, next)                   Hono        rejected; the client is that of context.env.outgoing, or of the request's signal
 *   (request)                         fetch-like  rejected; the client is that of its signal
 *   (request, response)               Node        500, or cut off; reported
 * ```
 *
 * Stands on the handling and the watch of the client. Imports no framework: they are told by what they pass.
 */

import type { ServerResponse } from 'node:http'
import { GreenletExit, GreenletKilledError } from '../../errors/classes.ts'
import { notAFunction } from '../../errors/usage.ts'
import { Greenlet } from '../../gevent/greenlet.ts'
import { getHub } from '../../hub/default.ts'
import type { Driven } from '../../protocol.ts'
import { http } from '../node-http.ts'
import { type AnyResponse, ClientGoneError, ClientWatch } from './client-watch.ts'
import { handleRequest } from './handling.ts'
import { nameOfRequest } from './sendall.ts'

/** What {@link handler} makes of a function. */
export type Handler<A extends readonly unknown[], T, This = unknown> = (this: This, ...args: A) => Promise<T>

/**
 * Makes a handler for Express, Fastify, Hono or a server of Node's of a generator function: each call runs in a greenlet of its own, named
 * after the request, and is killed when the client goes away before it has its response.
 *
 * It goes wherever the framework takes a handler that returns a promise: routes, middleware, hooks, error handlers. `this`, the number of
 * parameters and the name stay. What it returns is handed to the framework, and what it throws goes to the framework's error handling; in
 * Express by `next`, so that version 4 knows it, too. `yield* until(next())` drives a `next` that returns a promise, such as Hono's.
 *
 * The types of the parameters are taken from where the handler is handed over, if TypeScript lets them through: not where the framework's
 * method is generic, as for a path with parameters. There they are `unknown` until they are written: `function* (request: Request, ...)`.
 *
 * @param fn - a generator function, or any function. What it returns is driven.
 * @returns a function that returns a promise of what `fn` returns. It is rejected with a GreenletKilledError when the greenlet is killed,
 * which is a ClientGoneError when that was because of the client.
 * @throws UsageError when it is no function.
 * @switches never
 * @example
 * ```ts
 * import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { run, sleep } from 'greenloop'
 * import { handler, requests } from 'greenloop/http'
 *
 * const server = createServer(
 *   handler(function* (request: IncomingMessage, response: ServerResponse) {
 *     yield* sleep(1)
 *     response.end(`you asked for ${request.url}`)
 *   }),
 * ).listen(0, '127.0.0.1', async () => {
 *   await run(function* () {
 *     const { port } = server.address() as AddressInfo
 *     const answer = yield* requests.get(`http://127.0.0.1:${port}/page`)
 *     console.log(answer.text) // you asked for /page
 *   })
 *   server.close()
 * })
 * ```
 */
export function handler<A extends readonly unknown[], T, This = unknown>(
  fn: (this: This, ...args: A) => Driven<T>,
): Handler<A, T, This> {
  if (typeof fn !== 'function') throw notAFunction('handler', fn)
  const handle = function (this: This, ...args: A): Promise<T> {
    return start(
      args,
      nameLike(() => Reflect.apply(fn, this, args), fn),
    )
  }
  return Object.defineProperties(handle, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  })
}

/** For the name of the greenlet, where the arguments tell of no request. */
function nameLike<F extends () => unknown>(body: F, fn: { readonly name: string }): F {
  return Object.defineProperty(body, 'name', { value: fn.name })
}

function start<T>(args: readonly unknown[], body: () => Driven<T>): Promise<T> {
  const [request, response] = args
  if (args.length === 2 && request instanceof http.IncomingMessage && response instanceof http.ServerResponse)
    return ended(handleRequest(request, response as ServerResponse, body)) // its request is of no importance
  const { client, name } = clientOf(args)
  const greenlet = new Greenlet<T>(body)
  if (name !== null) greenlet.name = name
  const watch = client === null ? null : new ClientWatch(greenlet, client)
  const outcome = outcomeOf(greenlet, watch)
  getHub().callAfterIO() // those that have come at once share a slice
  greenlet.start()
  const next = nextOf(args)
  return next === null ? outcome : outcome.catch((error: unknown) => tell(next, error) as T) // nobody looks at the value
}

/** Settles when it has ended; its failure is the server's to tell of. */
function ended<T>(greenlet: Greenlet<T>): Promise<T> {
  return new Promise((resolve) => {
    greenlet.$listen({
      notify() {
        resolve(greenlet.value as T) // a server does not look at it
      },
    })
  })
}

/** Settles with the outcome. */
function outcomeOf<T>(greenlet: Greenlet<T>, watch: ClientWatch | null): Promise<T> {
  return new Promise((resolve, reject) => {
    greenlet.rawlink(() => {
      watch?.stop()
      const { value } = greenlet
      if (!greenlet.successful()) reject(greenlet.exception)
      else if (!(value instanceof GreenletExit))
        resolve(value as T) // it has ended
      else if (watch?.gone === true)
        reject(
          new ClientGoneError(`Greenlet "${greenlet.name}" was killed: its client has gone away.`, { cause: value }),
        )
      else reject(new GreenletKilledError(`Greenlet "${greenlet.name}" was killed.`, { cause: value }))
    })
  })
}

/** Hands a failure to Express; one for a client that has gone is of no use to anybody. */
function tell(next: (error: unknown) => unknown, error: unknown): unknown {
  if (!(error instanceof ClientGoneError)) next(error ?? new Error(`The handler threw ${String(error)}.`))
  return undefined
}

/** Express's `next`: it stands behind the response. */
function nextOf(args: readonly unknown[]): ((error: unknown) => unknown) | null {
  const place = args.findIndex(isResponse)
  const next = place < 0 ? undefined : args[place + 1]
  return typeof next === 'function' ? (next as (error: unknown) => unknown) : null // what is there takes an error
}

/** Where the client is to be found, and the greenlet's name. */
interface Client {
  readonly client: AnyResponse | AbortSignal | null
  readonly name: string | null
}

const NOBODY: Client = { client: null, name: null }

function clientOf(args: readonly unknown[]): Client {
  for (const argument of args) {
    const response = responseOf(argument)
    if (response !== null) return { client: response, name: nameOf(response) }
  }
  for (const argument of args) {
    const request = requestOf(argument)
    if (request !== null)
      return {
        client: request.signal,
        name: nameOfRequest({ method: request.method, url: new URL(request.url).pathname }),
      }
  }
  return NOBODY
}

/** The response: itself, of Fastify's reply, of Hono's context under Node. */
function responseOf(argument: unknown): AnyResponse | null {
  if (isResponse(argument)) return argument
  const { raw, env } = propertiesOf(argument)
  if (isResponse(raw)) return raw
  const { outgoing } = propertiesOf(env)
  return isResponse(outgoing) ? outgoing : null
}

/** A request of the standard: itself, or of Hono's context elsewhere. */
function requestOf(argument: unknown): Request | null {
  if (argument instanceof Request) return argument
  const { raw } = propertiesOf(propertiesOf(argument)['req'])
  return raw instanceof Request ? raw : null
}

function isResponse(value: unknown): value is AnyResponse {
  return (
    value instanceof http.ServerResponse ||
    ('writableEnded' in propertiesOf(value) && 'setHeader' in propertiesOf(value))
  )
}

/** Any value may be asked for its properties. */
function propertiesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function nameOf({ req }: AnyResponse): string | null {
  if (req === undefined) return null
  const { originalUrl } = req as { originalUrl?: string } // Express takes the beginning off `url`
  return nameOfRequest({ method: req.method, url: originalUrl ?? req.url })
}
