/**
 * One call on its way: the request, what authenticates it, its tries, its redirects, until the answer is there that the program gets.
 *
 * ```
 *   send ── plain? ──▶ exchange ──▶ nothing more to do? ──▶ Response
 *             └─ no ─▶ Sending: hop ─▶ try ─▶ exchange ──▶ 401? ──▶ redirect? ──▶ decode ──▶ Response
 *                               ▲      └─ pause ◀─ failed ┘ │           │
 *                               └───────────────────────────┴───────────┘
 * ```
 *
 * Most calls need none of it: no cookie, no proxy, no redirect, no encoding. They take the short way, which costs next to nothing beside the
 * exchange; what turns out to be no such call goes on from there.
 *
 * Stands on the exchange. Leaves to `prepare.ts` what is known before, to `redirect.ts` and `retry.ts` the rules.
 */

import { sleep } from '../../gevent/sleep.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { hubOf } from '../../hub/default.ts'
import type { Green } from '../../protocol.ts'
import { Timeout } from '../../waiting/timeout.ts'
import { call as callDriven } from '../../waiting/until.ts'
import {
  ChunkedEncodingError,
  ConnectionError,
  ContentDecodingError,
  HTTPError,
  ReadTimeout,
  RequestException,
  RequestTimeout,
  RetryError,
  TooManyRedirects,
} from '../exceptions.ts'
import type { AuthRequest, AuthScheme } from '../message/auth.ts'
import { CookieJar } from '../message/cookies.ts'
import { decodeWhole, isEncoded } from '../message/decode.ts'
import type { EncodedBody } from '../message/encode.ts'
import type { HeaderMap } from '../message/headers.ts'
import { rawValue, rawValues } from '../message/headers.ts'
import type { Route, Verify } from '../transport/agents.ts'
import { exchange } from '../transport/exchange.ts'
import type { Incoming } from '../transport/incoming.ts'
import { proxyFor } from '../transport/proxies.ts'
import type { Call, Client } from './prepare.ts'
import { isRedirectStatus, keepsAuthorization, keepsBody, nextMethod, nextUrl } from './redirect.ts'
import { CONTENT_LIMIT, PreparedRequest, Response } from './response.ts'
import type { Retry } from './retry.ts'

/** The way of most. */
const STRAIGHT: Route = { verify: true, cert: undefined, proxy: null }

/** Sends a call, and gives the answer. @switches always */
export function* send(call: Call): Green<Response> {
  const { client, url } = call
  const { whole } = call.limits
  if (whole !== undefined) return yield* within(whole, call)
  if (!(call.isPlain && client.$isPlain && isUsual(url, client))) return yield* new Sending(call).run(null)
  const sent = new PreparedRequest(call.method, url, client.$raw, null)
  const startedMs = now()
  const incoming = yield* exchange({
    dispatcher: client.$agents.dispatcherFor(url, STRAIGHT),
    url,
    method: call.method,
    headers: client.$raw,
    body: null,
    connectMs: call.limits.connectMs,
    readMs: call.limits.readMs,
    limit: client.bodyLimit ?? CONTENT_LIMIT,
    stream: false,
  })
  if (isDone(call, incoming)) return new Response(sent, incoming, incoming.content, startedMs, NONE, client.bodyLimit)
  return yield* new Sending(call).run({ sent, incoming, startedMs })
}

const NONE: readonly Response[] = []
/** So many bytes of a body that nobody wants are cheaper to read than a new connection is to make. */
const WORTH_READING = 65_536

function now(): number {
  return hubOf(kernel.current).clock.now()
}

/** Whether nothing of the environment changes the way to `url`. A variable costs a call of the system, so few are asked for. */
function isUsual(url: URL, client: Client): boolean {
  if (!client.trustEnv) return true
  const { env } = process
  if (env['all_proxy'] !== undefined || env['ALL_PROXY'] !== undefined) return false
  if (url.protocol === 'http:') return env['http_proxy'] === undefined && env['HTTP_PROXY'] === undefined
  return (
    env['https_proxy'] === undefined &&
    env['HTTPS_PROXY'] === undefined &&
    env['REQUESTS_CA_BUNDLE'] === undefined &&
    env['CURL_CA_BUNDLE'] === undefined
  )
}

/** Whether this answer is what the program gets, as it is. */
function isDone(call: Call, incoming: Incoming): boolean {
  const { rawHeaders } = incoming
  if (call.follows && isRedirectStatus(incoming.statusCode)) return false
  if (call.client.$keepsCookies && rawValue(rawHeaders, 'set-cookie') !== undefined) return false
  return !isEncoded(rawValue(rawHeaders, 'content-encoding'))
}

/** Sends a call that has a limit for the whole of it. */
function* within(whole: number | Timeout, call: Call): Green<Response> {
  const runs = typeof whole !== 'number' && whole.pending
  const timeout = runs ? whole : Timeout.startNew(whole)
  try {
    return yield* new Sending(call).run(null)
  } catch (error) {
    if (error !== timeout || typeof whole !== 'number') throw error
    const { method, url } = call
    throw new RequestTimeout(`${method} ${url.href}: there was no answer within ${String(whole)} ms in all.`, {
      request: { method, url: url.href },
    })
  } finally {
    if (!runs) timeout.cancel()
  }
}

/** An exchange that has come to its answer. */
interface Exchanged {
  readonly sent: PreparedRequest
  readonly incoming: Incoming
  readonly startedMs: number
}

/** A call that is being sent: what changes from hop to hop. */
class Sending {
  readonly #call: Call
  readonly #client: Client
  readonly #stream: boolean
  readonly #limit: number | undefined
  readonly #history: Response[] = []
  /** What comes is kept there: the session's, or one for this call. */
  readonly #jar: CookieJar
  /** The cookies of the call itself. */
  readonly #own: CookieJar | null
  #method: string
  #url: URL
  readonly #headers: HeaderMap
  #body: EncodedBody | null
  #auth: AuthScheme | null
  /** Whether the program has given a `Cookie` header of its own, which is for the first URL. */
  #hasCookieHeader: boolean
  /** Why the body is being sent again. */
  #why = 'since the same call is driven again'

  constructor(call: Call) {
    const { client, options } = call
    this.#call = call
    this.#client = client
    this.#stream = options.stream ?? client.stream
    this.#limit = options.bodyLimit ?? client.bodyLimit
    this.#jar = client.$keepsCookies ? client.cookies : new CookieJar()
    this.#own = call.cookies
    this.#method = call.method
    this.#url = call.url
    this.#headers = call.headers()
    this.#hasCookieHeader = this.#headers.has('cookie')
    this.#body = call.body
    this.#auth = call.auth
  }

  /** @param first - the answer to the first request, where that has been sent. */
  *run(first: Exchanged | null): Green<Response> {
    let given = first
    try {
      for (;;) {
        const response = yield* this.#hop(given)
        given = null
        const location = this.#call.follows && response.isRedirect ? response.headers['location'] : undefined
        if (location === undefined || location === '') return response
        yield* this.#dismiss(response)
        this.#redirect(response, location)
      }
    } finally {
      this.#call.dropBody()
    }
  }

  /** One request, and what authenticates it. */
  *#hop(first: Exchanged | null): Green<Response> {
    const request: AuthRequest = { method: this.#method, url: this.#url, headers: this.#headers }
    this.#auth?.authorize(request)
    this.#setCookies()
    let exchanged = first ?? (yield* this.#attempts())
    for (;;) {
      const response = yield* this.#answered(exchanged)
      if (this.#auth?.answer?.(request, response) !== true) return response
      yield* this.#dismiss(response)
      this.#why = 'since the server asks who it is'
      this.#auth.authorize(request)
      this.#setCookies()
      exchanged = yield* this.#attempts()
    }
  }

  #setCookies(): void {
    if (this.#hasCookieHeader) return
    const line = this.#jar.headerFor(this.#url, this.#own ?? undefined)
    if (line === null) this.#headers.delete('cookie')
    else this.#headers.set('Cookie', line)
  }

  /** Makes the answer to one request what the program can use: decoded, its cookies kept, looked at by the hooks. */
  *#answered({ sent, incoming, startedMs }: Exchanged): Green<Response> {
    const setCookies = rawValues(incoming.rawHeaders, 'set-cookie')
    if (setCookies.length > 0) this.#jar.store(setCookies, this.#url)
    const content = this.#stream ? null : yield* this.#content(sent, incoming)
    let response = new Response(sent, incoming, content, startedMs, [...this.#history], this.#limit)
    try {
      for (const hook of this.#call.hooks) {
        const other: unknown = yield* callDriven(hook, [response])
        if (other instanceof Response) response = other
      }
    } catch (error) {
      response.close()
      throw error
    }
    return response
  }

  *#content(sent: PreparedRequest, { content, rawHeaders, statusCode }: Incoming): Green<Buffer> {
    const encoding = rawValue(rawHeaders, 'content-encoding')
    if (content.length === 0 || !isEncoded(encoding)) return content
    try {
      const decoded = decodeWhole(content, encoding, this.#limit ?? CONTENT_LIMIT, sent)
      return Buffer.isBuffer(decoded) ? decoded : yield* decoded
    } catch (error) {
      // Nobody wants to read what a redirect says.
      if (error instanceof ContentDecodingError && this.#call.follows && isRedirectStatus(statusCode)) return content
      throw error
    }
  }

  /** One request, sent until it comes through or there are no tries left. */
  *#attempts(): Green<Exchanged> {
    const { retry } = this.#call
    for (let failures = 0; ; ) {
      let exchanged: Exchanged
      try {
        exchanged = yield* this.#send()
      } catch (error) {
        failures++
        if (retry === null || failures > retry.total || !this.#maySendAgain(retry, error)) throw error
        yield* this.#pause(retry.pauseMs(failures), 'since the last try failed')
        continue
      }
      if (retry === null || !this.#isRefused(retry, exchanged, failures)) return exchanged
      failures++
      const { rawHeaders } = exchanged.incoming
      if (this.#stream) exchanged.incoming.destroy()
      const pauseMs = retry.pauseMs(failures, rawValue(rawHeaders, 'retry-after'), serverTime(rawHeaders))
      yield* this.#pause(pauseMs, 'since the last try was refused')
    }
  }

  *#pause(ms: number, why: string): Green<void> {
    this.#why = why
    if (ms > 0) yield* sleep(ms)
  }

  /** Whether what failed may be sent again: it never left, or twice is the same as once. */
  #maySendAgain(retry: Retry, error: unknown): boolean {
    if (!(error instanceof RequestException) || this.#body?.replayable === false) return false
    if (error.phase === 'connecting') return error instanceof ConnectionError
    const isBroken =
      error instanceof ConnectionError || error instanceof ReadTimeout || error instanceof ChunkedEncodingError
    return isBroken && retry.allows(this.#method)
  }

  /** Whether an answer is to be asked for again. Throws when it is no good and no tries are left. */
  #isRefused(retry: Retry, { sent, incoming, startedMs }: Exchanged, failures: number): boolean {
    const { statusCode, rawHeaders } = incoming
    if (!retry.allows(this.#method) || this.#body?.replayable === false) return false
    if (!retry.forces(statusCode)) {
      return failures < retry.total && retry.isAskedToWait(statusCode, rawValue(rawHeaders, 'retry-after'))
    }
    if (failures < retry.total) return true
    if (!retry.raiseOnStatus) return false
    if (this.#stream) incoming.destroy()
    const response = new Response(sent, incoming, incoming.content, startedMs, [...this.#history], this.#limit)
    const tries = failures === 0 ? 'the first try' : `${String(failures + 1)} tries`
    throw new RetryError(
      `${this.#method} ${this.#url.href} was answered with ${String(statusCode)} ${incoming.reason} after ${tries}.`,
      { request: sent, response, cause: refusalOf(response) },
    )
  }

  *#send(): Green<Exchanged> {
    const client = this.#client
    const { limits, options } = this.#call
    const url = this.#url
    const env = client.trustEnv ? process.env : null
    const proxies = options.proxies === undefined ? client.proxies : { ...client.proxies, ...options.proxies }
    const route: Route = {
      verify: authorities(url, options.verify ?? client.verify, env),
      cert: options.cert ?? client.cert,
      proxy: proxyFor(url, proxies, env),
    }
    const raw = this.#headers.toRaw()
    const dispatcher = client.$agents.dispatcherFor(url, route)
    const body = this.#call.takeBody(this.#body, this.#why)
    const sent = new PreparedRequest(this.#method, url, raw, body)
    const startedMs = now()
    const incoming = yield* exchange({
      dispatcher,
      url,
      method: this.#method,
      headers: raw,
      body,
      connectMs: limits.connectMs,
      readMs: limits.readMs,
      limit: this.#limit ?? (this.#stream ? Infinity : CONTENT_LIMIT),
      stream: this.#stream,
    })
    return { sent, incoming, startedMs }
  }

  /** An answer that is not the last: a short body is read, so that the connection is free for the next request. It becomes part of the way. */
  *#dismiss(response: Response): Green<void> {
    try {
      // One that is streamed may be of any length, and to read on is to wait for whatever the server likes to send.
      if (!this.#stream || Number(response.headers['content-length']) <= WORTH_READING) yield* response.read()
    } catch (error) {
      if (!(error instanceof ChunkedEncodingError || error instanceof ContentDecodingError)) throw error
    } finally {
      response.close()
    }
    this.#history.push(response)
  }

  /** Goes on to where an answer leads. */
  #redirect(response: Response, location: string): void {
    const { maxRedirects } = this.#client
    const { method, url: from } = response.request
    if (this.#history.filter(({ isRedirect }) => isRedirect).length > maxRedirects) {
      throw new TooManyRedirects(
        `${this.#call.method} ${this.#call.url.href} was redirected more than ${String(maxRedirects)} times, at last from ${from}.`,
        { request: response.request, response },
      )
    }
    const { statusCode } = response
    const url = nextUrl(location, this.#url, method)
    this.#method = nextMethod(statusCode, method)
    if (!keepsBody(statusCode)) {
      this.#body = null
      for (const name of ['Content-Length', 'Content-Type', 'Transfer-Encoding']) this.#headers.delete(name)
    }
    if (!keepsAuthorization(this.#url, url)) {
      this.#headers.delete('Authorization')
      this.#auth = null
    }
    if (url.host !== this.#url.host) this.#headers.delete('Host')
    this.#headers.delete('Proxy-Authorization')
    this.#headers.delete('Cookie')
    this.#hasCookieHeader = false
    this.#why = `to where ${from} redirects`
    this.#url = url
  }
}

/** Which authorities are trusted: by default those of the environment, where that names some. */
function authorities(url: URL, verify: Verify, env: NodeJS.ProcessEnv | null): Verify {
  if (verify !== true || env === null || url.protocol !== 'https:') return verify
  return env['REQUESTS_CA_BUNDLE'] || env['CURL_CA_BUNDLE'] || true // as in Python, an empty one is none
}

/** The server's own time, by which it has reckoned a date; ours, where it does not say. */
function serverTime(rawHeaders: Incoming['rawHeaders']): number {
  const date = Date.parse(rawValue(rawHeaders, 'date') ?? '')
  return Number.isNaN(date) ? performance.timeOrigin + now() : date
}

/** The error that `raiseForStatus` would throw; null for a status that is none. */
function refusalOf(response: Response): HTTPError | null {
  try {
    response.raiseForStatus()
    return null
  } catch (error) {
    return error as HTTPError // it throws nothing else
  }
}
