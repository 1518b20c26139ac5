/**
 * `Session`: requests that have something in common: connections, cookies, headers, and whatever else is the same for all of them.
 *
 * Stands on `prepare.ts` and `send.ts`. Adds no behaviour: it is what they ask.
 */
import type { Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import type { Auth } from '../message/auth.ts'
import { CookieJar } from '../message/cookies.ts'
import { ACCEPT_ENCODING } from '../message/decode.ts'
import { HeaderMap } from '../message/headers.ts'
import type { Params } from '../message/query.ts'
import { Agents, type Certificate, type Verify } from '../transport/agents.ts'
import type { Proxies } from '../transport/proxies.ts'
import {
  type CommonOptions,
  checkSessionOptions,
  type Hooks,
  type RequestOptions,
  type SessionOptions,
} from './options.ts'
import { Call, checkMethod } from './prepare.ts'
import type { Response } from './response.ts'
import type { Retry } from './retry.ts'
import { send } from './send.ts'

const NO_PROXIES: Proxies = {}
const NO_HOOKS: Hooks = {}

/** Of package.json: a bundle has none beside it. */
const VERSION = '0.1.0'

/**
 * Requests that have connections, cookies, headers and all the rest in common. Whatever it has can be changed between two requests.
 *
 * @source Python: `requests.Session`
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { requests } from 'greenloop/http'
 *
 * const server = createServer((req, res) => {
 *   res.setHeader('set-cookie', 'visits=1').end(`${req.headers['x-tag']} ${req.headers.cookie ?? 'no cookie'}`)
 * }).listen(0, '127.0.0.1', async () => {
 *   const { port } = server.address() as AddressInfo
 *   const session = new requests.Session({ headers: { 'x-tag': 'green' } })
 *   console.log((await session.get(`http://127.0.0.1:${port}/`)).text) // green no cookie
 *   console.log((await session.get(`http://127.0.0.1:${port}/`)).text) // green visits=1
 *   session.close()
 *   server.close()
 * })
 * ```
 */
export class Session implements Disposable {
  /** Sent with each request; a header of the same name of the request takes its place. */
  readonly headers: HeaderMap
  /** What has come, and is sent where it belongs. */
  readonly cookies: CookieJar
  /** What authenticates each request; null: nothing but what stands in its URL. */
  auth: Auth | null
  /** Added to the query of each request. */
  params: Params | undefined
  /** By scheme or place. */
  proxies: Proxies
  /** Whether, and by which authorities, the certificates of servers are checked. */
  verify: Verify
  /** The certificate that is shown to servers. */
  cert: Certificate | undefined
  /** Whether bodies are read later. */
  stream: boolean
  /** What is called with each answer. */
  hooks: Hooks
  /** How long a request may take; undefined: as long as it takes. */
  timeoutMs: CommonOptions['timeoutMs']
  /** How many bytes a body may have. */
  bodyLimit: number | undefined
  /** How many times a request that failed is sent again. */
  retries: number | Retry
  /** How many redirects are followed. */
  maxRedirects: number
  /** Whether the environment counts. */
  trustEnv: boolean
  /** @internal */
  readonly $agents: Agents

  /**
   * @param options - what all requests have in common.
   * @throws UsageError for what is no option, or not of its kind; InvalidHeader.
   */
  constructor(options: SessionOptions = {}) {
    checkSessionOptions(options)
    this.headers = new HeaderMap([
      ['User-Agent', `greenloop/${VERSION}`],
      ['Accept-Encoding', ACCEPT_ENCODING],
      ['Accept', '*/*'],
    ])
    if (options.headers !== undefined) this.headers.update(options.headers)
    this.cookies = new CookieJar(options.cookies)
    this.auth = options.auth ?? null
    this.params = options.params
    this.proxies = options.proxies ?? NO_PROXIES
    this.verify = options.verify ?? true
    this.cert = options.cert
    this.stream = options.stream ?? false
    this.hooks = options.hooks ?? NO_HOOKS
    this.timeoutMs = options.timeoutMs
    this.bodyLimit = options.bodyLimit
    this.retries = options.retries ?? 0
    this.maxRedirects = options.maxRedirects ?? 30
    this.trustEnv = options.trustEnv ?? true
    this.$agents = new Agents({ connectionsPerHost: options.connectionsPerHost })
  }

  /** As {@link requests.get}, with what the session has. @switches always */
  get(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('get', 'GET', url, options, true)
  }

  /** As {@link requests.options}, with what the session has. @switches always */
  options(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('options', 'OPTIONS', url, options, true)
  }

  /** As {@link requests.head}, with what the session has. @switches always */
  head(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('head', 'HEAD', url, options, false)
  }

  /** As {@link requests.post}, with what the session has. @switches always */
  post(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('post', 'POST', url, options, true)
  }

  /** As {@link requests.put}, with what the session has. @switches always */
  put(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('put', 'PUT', url, options, true)
  }

  /** As {@link requests.patch}, with what the session has. @switches always */
  patch(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('patch', 'PATCH', url, options, true)
  }

  /** As {@link requests.delete}, with what the session has. @switches always */
  delete(url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('delete', 'DELETE', url, options, true)
  }

  /** As {@link requests.request}, with what the session has. @switches always */
  request(method: string, url: string | URL, options?: RequestOptions): Operation<Response> {
    return this.$call('request', checkMethod(`${this.$name}.request()`, method), url, options, true)
  }

  /** Lets go of the connections: those in use when they are done with. The session cannot send after it. @switches never */
  close(): void {
    this.$agents.close()
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** @internal Makes a call; `verb` is the name of the method that was called. */
  $call(
    verb: string,
    method: string,
    url: string | URL,
    options: RequestOptions | undefined,
    follows: boolean,
  ): Operation<Response> {
    const call = new Call(this, `${this.$name}.${verb}()`, method, url, options, follows)
    return operation(call.text, () => send(call))
  }

  /** @internal How it is called in messages. */
  get $name(): string {
    return 'session'
  }

  /** @internal */
  get $keepsCookies(): boolean {
    return true
  }

  /** @internal */
  get $raw(): string[] {
    return this.headers.toRaw()
  }

  /** @internal */
  get $isPlain(): boolean {
    return (
      this.auth === null &&
      this.params === undefined &&
      this.proxies === NO_PROXIES &&
      this.verify === true &&
      this.cert === undefined &&
      !this.stream &&
      this.hooks === NO_HOOKS &&
      this.retries === 0 &&
      this.cookies.size === 0
    )
  }
}
// What console.log shows: what it has can be secret.
Object.defineProperty(Session.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => '<Session>' })
