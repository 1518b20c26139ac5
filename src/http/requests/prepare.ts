/**
 * A request as the program asks for it, checked and put together with what its session says: all that can be known before it is sent.
 *
 * Stands on the options and on what a message is made of. Leaves to `send.ts` what depends on the moment: cookies, connections, the
 * environment.
 */
import { Readable } from 'node:stream'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { InvalidSchema, InvalidURL, MissingSchema, UnrewindableBodyError } from '../exceptions.ts'
import { type Auth, type AuthScheme, authScheme } from '../message/auth.ts'
import { type Cookie, CookieJar, type CookieOptions, type CookiesLike } from '../message/cookies.ts'
import { type EncodedBody, encodeBody } from '../message/encode.ts'
import { HeaderMap } from '../message/headers.ts'
import { type Params, withParams } from '../message/query.ts'
import type { Agents, Certificate, Verify } from '../transport/agents.ts'
import type { Proxies } from '../transport/proxies.ts'
import {
  type CommonOptions,
  checkRequestOptions,
  type Hooks,
  hooksOf,
  type Limits,
  limitsOf,
  NO_LIMITS,
  type RequestOptions,
  type ResponseHook,
} from './options.ts'
import { type Retry, toRetry } from './retry.ts'

/** Who sends: a session, as far as a request is concerned. */
export interface Client {
  readonly headers: HeaderMap
  readonly cookies: CookieJar
  readonly auth: Auth | null
  readonly params: Params | undefined
  readonly proxies: Proxies
  readonly verify: Verify
  readonly cert: Certificate | undefined
  readonly stream: boolean
  readonly hooks: Hooks
  readonly timeoutMs: CommonOptions['timeoutMs']
  readonly bodyLimit: number | undefined
  readonly retries: number | Retry
  readonly maxRedirects: number
  readonly trustEnv: boolean
  /** @internal */
  readonly $agents: Agents
  /** @internal Whether cookies are kept from call to call. */
  readonly $keepsCookies: boolean
  /** @internal The headers as they are sent, when nothing is to be added to them. */
  readonly $raw: string[]
  /** @internal Whether it adds nothing to a request but its headers. */
  readonly $isPlain: boolean
}

const NO_HOOKS: readonly ResponseHook[] = []
const NO_OPTIONS: RequestOptions = {}

/** One call: it may be sent several times. */
export class Call {
  readonly client: Client
  /** As a person writes it, without arguments: `requests.get()`. */
  readonly name: string
  readonly method: string
  /** Without user and password. */
  readonly url: URL
  readonly options: RequestOptions
  readonly follows: boolean
  readonly limits: Limits
  /** Whether it asks for nothing but the URL, in the time that it may take. */
  readonly isPlain: boolean
  readonly body: EncodedBody | null
  readonly retry: Retry | null
  /** The cookies of this call, for the host that it goes to first. */
  readonly cookies: CookieJar | null
  readonly hooks: readonly ResponseHook[]
  readonly #auth: AuthScheme | null
  /** Null: those of the session, as they are. */
  readonly #headers: HeaderMap | null = null
  #bodyIsSpent = false

  /** @throws UsageError, InvalidURL and its kin, InvalidHeader, InvalidJSONError. */
  constructor(
    client: Client,
    name: string,
    method: string,
    url: string | URL,
    options: RequestOptions | undefined,
    follows: boolean,
  ) {
    this.client = client
    this.name = name
    this.method = method
    const asked = checkUrl(name, url)
    const isBare = options === undefined && client.$isPlain
    this.isPlain = isBare && asked.username === '' && asked.password === ''
    if (this.isPlain) {
      this.url = asked
      this.options = NO_OPTIONS
      this.follows = follows
      this.limits = client.timeoutMs === undefined ? NO_LIMITS : limitsOf(name, client.timeoutMs)
      this.body = null
      this.retry = null
      this.cookies = null
      this.hooks = NO_HOOKS
      this.#auth = null
      return
    }
    const given = options === undefined ? NO_OPTIONS : options // null is a mistake
    checkRequestOptions(name, given)
    this.options = given
    this.follows = given.allowRedirects ?? follows
    this.limits = limitsOf(name, given.timeoutMs ?? client.timeoutMs)
    this.retry = toRetry(name, given.retries ?? client.retries)
    this.hooks = hooksOf(name, given.hooks?.response === undefined ? client.hooks : given.hooks)
    const { data, json, files } = given
    const hasBody = data != null || json !== undefined || files != null
    this.body = hasBody ? encodeBody({ data, json, files }, name) : null
    this.#headers = headersOf(client, given.headers, this.body)
    this.#auth = schemeOf(name, given.auth ?? client.auth, asked)
    this.url = withParams(withoutUser(asked), mergeParams(client.params, given.params), name)
    this.cookies = given.cookies === undefined ? null : boundTo(this.url, given.cookies)
  }

  /** Lets go of what a body holds that nobody has come to send. */
  dropBody(): void {
    const source = this.body?.body
    if (this.#bodyIsSpent || !(source instanceof Readable)) return
    this.#bodyIsSpent = true
    source.destroy()
  }

  /** The call with its URL: `requests.get(http://127.0.0.1/)`. */
  get text(): string {
    return `${this.name.slice(0, -1)}${this.url.href})`
  }

  /** The headers of the first request: a copy. */
  headers(): HeaderMap {
    return new HeaderMap(this.#headers ?? this.client.headers)
  }

  /** What authorises the request, if anything does. */
  get auth(): AuthScheme | null {
    return this.#auth
  }

  /**
   * The body, to be sent.
   *
   * @throws UnrewindableBodyError when it has been sent, and cannot be again.
   */
  takeBody(body: EncodedBody | null, why: string): EncodedBody['body'] {
    if (body === null) return null
    if (this.#bodyIsSpent && !body.replayable) {
      const { method, url } = this
      throw new UnrewindableBodyError(
        `The body of ${method} ${url.href} was to be sent again, ${why}, but it is a stream that has been read.`,
        { request: { method, url: url.href } },
      )
    }
    this.#bodyIsSpent = true
    return body.body
  }
}

function headersOf(client: Client, given: RequestOptions['headers'], body: EncodedBody | null): HeaderMap {
  const headers = new HeaderMap(client.headers)
  if (given !== undefined) headers.update(given)
  if (body === null) return headers
  if (body.contentType !== null && !headers.has('content-type')) headers.set('Content-Type', body.contentType)
  // Where the length is not known the connection sends the body in chunks, and says so.
  headers.delete('Transfer-Encoding')
  if (body.length !== null && body.body !== null) headers.set('Content-Length', body.length)
  return headers
}

/** Cookies without a place of their own belong to the host of the URL: a redirect must not carry them elsewhere. */
function boundTo(url: URL, cookies: CookiesLike): CookieJar {
  const jar = new CookieJar(cookies)
  for (const cookie of [...jar]) {
    if (cookie.domain !== '') continue
    jar.delete(cookie.name, { domain: '', path: cookie.path })
    jar.set(cookie.name, cookie.value, { ...optionsOf(cookie), domain: url.hostname, hostOnly: true })
  }
  return jar
}

function optionsOf({ path, secure, httpOnly, expires }: Cookie): CookieOptions {
  return { path, secure, httpOnly, expires }
}

/** Python's order: what the call says, what the session says, what stands in the URL. */
function schemeOf(name: string, auth: Auth | null, url: URL): AuthScheme | null {
  if (auth !== null) return authScheme(auth, name)
  if (url.username === '' && url.password === '') return null
  return authScheme([decode(url.username), decode(url.password)], name)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a `%` of its own
  }
}

function withoutUser(url: URL): URL {
  if (url.username === '' && url.password === '') return url
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}

/** Two dictionaries are put together, and null leaves one out; of anything else the call's is taken. */
function mergeParams(ours: Params | undefined, given: Params | undefined): Params | undefined {
  if (ours === undefined || given === undefined) return given ?? ours
  return isDictionary(ours) && isDictionary(given) ? { ...ours, ...given } : given
}

function isDictionary(params: Params): params is Readonly<Record<string, unknown>> {
  return typeof params === 'object' && !(Symbol.iterator in params)
}

/** What begins like a URL that can be asked for. The parser takes `http:host`, too, and finds a host in `http:///path`. */
const WITH_HOST = /^\s*https?:\/\/[^\s/?#\\*.]/iu

/** Checks a URL, and parses it. */
function checkUrl(call: string, url: unknown): URL {
  if (typeof url !== 'string' && !(url instanceof URL)) {
    throw new UsageError(`${call} expects a URL as a string or a URL, but got ${show(url)}.`)
  }
  const text = typeof url === 'string' ? url : url.href
  if (WITH_HOST.test(text)) {
    try {
      return new URL(text)
    } catch {
      throw new InvalidURL(`${call} got ${shown(text)}, which is no URL.`) // the cause would show all of it
    }
  }
  throw wrongUrl(call, text.trim())
}

function wrongUrl(call: string, url: string): InvalidURL {
  const head = `${call} got ${shown(url)}`
  if (/^https?:/iu.test(url)) {
    return new InvalidURL(`${head}, which names no host that could be asked.`)
  }
  const rest = url.replace(/^\/\//u, '')
  const isHost = /^[\w-]+(?:\.[\w-]+)*(?::\d+)?(?:[/?#].*)?$/su.test(rest)
  const hint = isHost ? ` Perhaps you meant ${JSON.stringify(`https://${rest}`)}?` : ''
  if (/^[a-z][a-z\d+.-]*:/iu.test(url)) {
    return new InvalidSchema(`${head}; only http: and https: can be asked for.${hint}`)
  }
  return new MissingSchema(`${head}, which has no scheme.${hint}`)
}

/** Without user and password: messages are logged. Those of `mailto:` are an address. */
function shown(url: string): string {
  return JSON.stringify(url.replace(/^((?!mailto:)(?:[a-z][a-z\d+.-]*:)?[/\\]*)[^?#]*@/iu, '$1***@'))
}

/** The methods' names are upper case, whatever is given. */
export function checkMethod(call: string, method: unknown): string {
  if (typeof method === 'string' && /^[!#$%&'*+.^`|~\w-]+$/u.test(method)) {
    const name = method.toUpperCase()
    if (name !== 'CONNECT') return name
    throw new UsageError(`${call} cannot send CONNECT: it asks for a tunnel through a proxy, which \`proxies\` makes.`)
  }
  throw new UsageError(`${call} expects a method such as 'GET', but got ${show(method)}.`)
}
