/**
 * `requests`: the lecture's client. `ret = yield* requests.get(url)`, then `ret.content`.
 *
 * The functions share the connections of one session that keeps no cookies, and that nobody can change. All names of Python's `requests` are
 * here, the classes of its errors included.
 *
 * Stands on `Session`.
 */
import type { Operation } from '../../protocol.ts'
import type { RequestOptions, SessionOptions } from './options.ts'
import { checkMethod } from './prepare.ts'
import type { Response } from './response.ts'
import { Session } from './session.ts'

export * as exceptions from '../exceptions.ts'
export {
  ChunkedEncodingError,
  ConnectionError,
  ConnectTimeout,
  ContentDecodingError,
  ContentTooLarge,
  HTTPError,
  InvalidHeader,
  InvalidJSONError,
  InvalidProxyURL,
  InvalidSchema,
  InvalidURL,
  JSONDecodeError,
  MissingSchema,
  ProxyError,
  ReadTimeout,
  RequestException,
  RequestTimeout,
  RequestTimeout as Timeout,
  RetryError,
  SSLError,
  StreamConsumedError,
  TooManyRedirects,
  UnrewindableBodyError,
} from '../exceptions.ts'
export {
  type Auth,
  type AuthRequest,
  type AuthScheme,
  type BasicAuthOptions,
  basicAuth,
  bearerAuth,
  digestAuth,
  proxyAuth,
} from '../message/auth.ts'
export { type Cookie, CookieJar, type CookieOptions, type CookiePlace, type CookiesLike } from '../message/cookies.ts'
export type { Chunks, Data, FileContent, FileLike, Files } from '../message/encode.ts'
export { HeaderMap, type HeadersLike, type HeaderValue, type ResponseHeaders } from '../message/headers.ts'
export type { Link } from '../message/links.ts'
export type { Params } from '../message/query.ts'
export type { Certificate, Pem, Verify } from '../transport/agents.ts'
export type { Proxies } from '../transport/proxies.ts'
export type { CommonOptions, Hooks, RequestOptions, ResponseHook, SessionOptions, Times } from './options.ts'
export { type LineOptions, PreparedRequest, Response } from './response.ts'
export { Retry, type RetryOptions } from './retry.ts'
export { Session } from './session.ts'

/** The session behind the functions. */
class Shared extends Session {
  #raw: string[] | null = null

  override get $name(): string {
    return 'requests'
  }

  override get $keepsCookies(): boolean {
    return false
  }

  override get $raw(): string[] {
    return (this.#raw ??= this.headers.toRaw())
  }

  override get $isPlain(): boolean {
    return true
  }
}

let made: Session | null = null

function shared(): Session {
  return (made ??= new Shared())
}

/**
 * Asks for `url`, and gives the answer. A status of 400 and up is an answer, not an error: see {@link Response.raiseForStatus}.
 *
 * Redirects are followed, by the rules of browsers; what was decided on the way is in `history`. A greenlet that is killed or timed out
 * aborts its request. For a limit of the whole, whatever it consists of, there is `withTimeout(ms, requests.get, url)`.
 *
 * @param url - with `http:` or `https:`. A user and a password in it authenticate the request.
 * @param options - what is sent, and how: one object, where Python has arguments by name.
 * @returns the answer, with its whole body, unless `stream` is set.
 * @throws at the call: UsageError for a wrong option; MissingSchema, InvalidSchema, InvalidURL; InvalidHeader; InvalidJSONError.
 * When it is driven: ConnectionError (ProxyError, SSLError, ConnectTimeout); ReadTimeout; TooManyRedirects; ChunkedEncodingError,
 * ContentDecodingError, ContentTooLarge; RetryError; UnrewindableBodyError; InvalidProxyURL.
 * @switches always
 * @source Python: `requests.get`
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { run } from 'greenloop'
 * import { requests } from 'greenloop/http'
 *
 * const server = createServer((_, res) => res.end('hello')).listen(0, '127.0.0.1', async () => {
 *   await run(function* () {
 *     const { port } = server.address() as AddressInfo
 *     const ret = yield* requests.get(`http://127.0.0.1:${port}/`)
 *     console.log(ret.statusCode, ret.content.length, ret.text) // 200 5 hello
 *   })
 *   server.close()
 * })
 * ```
 */
export function get(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('get', 'GET', url, options, true)
}

/** Asks what may be done with `url`. The rest as for {@link get}. @switches always @source Python: `requests.options` */
export function options(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('options', 'OPTIONS', url, options, true)
}

/** Asks for the head of `url`, and does not follow redirects unless told. The rest as for {@link get}. @switches always @source Python: `requests.head` */
export function head(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('head', 'HEAD', url, options, false)
}

/**
 * Sends a body to `url`: `data`, `json` or `files`. The rest as for {@link get}.
 *
 * @param options - `{ data: { name: 'green' } }` is a form, `{ json: { name: 'green' } }` is JSON. (Python's `post` takes them as its second
 * and third argument; here they are options.)
 * @switches always
 * @source Python: `requests.post`
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { requests } from 'greenloop/http'
 *
 * const server = createServer((req, res) => void req.pipe(res)).listen(0, '127.0.0.1', async () => {
 *   const { port } = server.address() as AddressInfo
 *   const answer = await requests.post(`http://127.0.0.1:${port}/`, { json: { name: 'green' } })
 *   console.log(answer.json()) // { name: 'green' }
 *   server.close()
 * })
 * ```
 */
export function post(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('post', 'POST', url, options, true)
}

/** Puts a body at `url`. The rest as for {@link post}. @switches always @source Python: `requests.put` */
export function put(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('put', 'PUT', url, options, true)
}

/** Changes what is at `url`. The rest as for {@link post}. @switches always @source Python: `requests.patch` */
export function patch(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('patch', 'PATCH', url, options, true)
}

/** Deletes what is at `url`. The rest as for {@link get}. @switches always @source Python: `requests.delete` */
function del(url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('delete', 'DELETE', url, options, true)
}

export { del as delete }

/**
 * Sends a request with any method. The rest as for {@link get}.
 *
 * @param method - `'GET'`, `'PROPFIND'`; small letters are made capitals.
 * @switches always
 * @source Python: `requests.request`
 */
export function request(method: string, url: string | URL, options?: RequestOptions): Operation<Response> {
  return shared().$call('request', checkMethod('requests.request()', method), url, options, true)
}

/** Makes a {@link Session}. @switches never @source Python: `requests.session` */
export function session(options?: SessionOptions): Session {
  return new Session(options)
}

const CODES = {
  continue: 100,
  switchingProtocols: 101,
  processing: 102,
  earlyHints: 103,
  ok: 200,
  created: 201,
  accepted: 202,
  nonAuthoritativeInfo: 203,
  noContent: 204,
  resetContent: 205,
  partialContent: 206,
  multiStatus: 207,
  multipleChoices: 300,
  movedPermanently: 301,
  found: 302,
  seeOther: 303,
  notModified: 304,
  temporaryRedirect: 307,
  permanentRedirect: 308,
  badRequest: 400,
  unauthorized: 401,
  paymentRequired: 402,
  forbidden: 403,
  notFound: 404,
  methodNotAllowed: 405,
  notAcceptable: 406,
  proxyAuthenticationRequired: 407,
  requestTimeout: 408,
  conflict: 409,
  gone: 410,
  lengthRequired: 411,
  preconditionFailed: 412,
  requestEntityTooLarge: 413,
  requestUriTooLarge: 414,
  unsupportedMediaType: 415,
  requestedRangeNotSatisfiable: 416,
  expectationFailed: 417,
  imATeapot: 418,
  misdirectedRequest: 421,
  unprocessableEntity: 422,
  locked: 423,
  tooEarly: 425,
  upgradeRequired: 426,
  preconditionRequired: 428,
  tooManyRequests: 429,
  headerFieldsTooLarge: 431,
  unavailableForLegalReasons: 451,
  internalServerError: 500,
  notImplemented: 501,
  badGateway: 502,
  serviceUnavailable: 503,
  gatewayTimeout: 504,
  httpVersionNotSupported: 505,
} as const

/**
 * The statuses of HTTP by name: `response.statusCode === requests.codes.notFound`.
 *
 * @source Python: `requests.codes`
 */
export const codes: Readonly<Record<keyof typeof CODES, number>> = CODES
