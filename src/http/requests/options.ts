/**
 * What a request and a session can be given, and how mistakes in it are told.
 *
 * Stands on what a message is made of. Leaves to `prepare.ts` how the two are put together.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, notOptions, show, wrongRight } from '../../errors/usage.ts'
import type { Driven } from '../../protocol.ts'
import { Timeout } from '../../waiting/timeout.ts'
import { type Auth, authScheme } from '../message/auth.ts'
import type { CookiesLike } from '../message/cookies.ts'
import type { Data, Files } from '../message/encode.ts'
import type { HeadersLike } from '../message/headers.ts'
import type { Params } from '../message/query.ts'
import type { Certificate, Verify } from '../transport/agents.ts'
import type { Proxies } from '../transport/proxies.ts'
import type { Response } from './response.ts'
import { type Retry, toRetry } from './retry.ts'

/** How long the parts of a request may take, in milliseconds above 0; null: as long as they take. */
export interface Times {
  /** Until there is a connection, from the request's turn on, where `connectionsPerHost` has it wait: ConnectTimeout. @defaultValue null */
  connectMs?: number | null
  /** Until something comes from the server, each time: ReadTimeout. @defaultValue null */
  readMs?: number | null
  /** All of it, with redirects and tries, until the answer is there: RequestTimeout. @defaultValue null */
  totalMs?: number | null
}

/** Called with each answer, those that redirect included. What it returns, if that is a Response, takes its place. It may wait. */
export type ResponseHook = (response: Response) => Driven<Response | undefined> | Driven<void>

/** What is called on the way. */
export interface Hooks {
  /** With each answer. */
  response?: ResponseHook | readonly ResponseHook[]
}

/** What requests and sessions have in common. */
export interface CommonOptions {
  /** For the query: `{ q: 'green', page: [1, 2] }`. */
  params?: Params
  /** Headers; of a request, null leaves one of the session's out. */
  headers?: HeadersLike
  /** Cookies: those of a request are for the host of its URL and for this once. */
  cookies?: CookiesLike
  /** `[user, password]`, or a scheme: `digestAuth(user, password)`. */
  auth?: Auth
  /**
   * How long it may take. A number of milliseconds, above 0, counts twice: until there is a connection, and whenever nothing comes from the server; a
   * slow server that always sends something is not cut short. `[connectMs, readMs]` are the two apart, `{ totalMs }` limits the whole. A
   * greenloop `Timeout` is for the whole, too, and throws its own error.
   *
   * @defaultValue no limit
   */
  timeoutMs?: number | Timeout | readonly [connectMs: number | null, readMs: number | null] | Times
  /** Whether only the head is waited for, and the body read later: `read()`, `iterContent()`. @defaultValue false */
  stream?: boolean
  /** By scheme or place: `{ http: 'http://127.0.0.1:3128', 'https://example.org': null }`. @defaultValue those of the environment */
  proxies?: Proxies
  /** Whether the server's certificate is checked; or by which authorities: a file, or PEM. @defaultValue true */
  verify?: Verify
  /** The client's certificate: a file, or certificate and key. */
  cert?: Certificate
  /** What is called with each answer. */
  hooks?: Hooks
  /**
   * How many bytes a body may have, as it comes and decompressed, 0 and up: ContentTooLarge.
   *
   * @defaultValue 1 GiB for a body that is read whole; none for one that is read piece by piece
   */
  bodyLimit?: number
  /** How many times a request that failed is sent again, or a {@link Retry} that says more. @defaultValue 0 */
  retries?: number | Retry
}

/** What a request can be given. */
export interface RequestOptions extends CommonOptions {
  /** The body: a string, bytes, a stream, or fields of a form. */
  data?: Data
  /** The body, to be sent as JSON; not beside `data` or `files`. */
  json?: unknown
  /** Files of a form: `{ photo: bytes }`, `{ photo: ['name.png', bytes, 'image/png'] }`. */
  files?: Files
  /** Whether redirects are followed. @defaultValue true; false for `head` */
  allowRedirects?: boolean
}

/** What a session can be given; each request may have its own. */
export interface SessionOptions extends CommonOptions {
  /** How many redirects are followed, 0 and up. @defaultValue 30 */
  maxRedirects?: number
  /** Whether the environment counts: `HTTP_PROXY` and its kin, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. @defaultValue true */
  trustEnv?: boolean
  /** How many connections to one host are open at once, 1 and up; further requests wait for one. @defaultValue no limit */
  connectionsPerHost?: number
}

const COMMON = [
  'params',
  'headers',
  'cookies',
  'auth',
  'timeoutMs',
  'stream',
  'proxies',
  'verify',
  'cert',
  'hooks',
  'bodyLimit',
  'retries',
]
const REQUEST = new Set([...COMMON, 'data', 'json', 'files', 'allowRedirects'])
const SESSION = new Set([...COMMON, 'maxRedirects', 'trustEnv', 'connectionsPerHost'])

/** What others call our options. */
const MEANT: Readonly<Record<string, string>> = {
  timeout: '`timeoutMs`, in milliseconds',
  timeout_ms: '`timeoutMs`',
  allow_redirects: '`allowRedirects`',
  follow: '`allowRedirects`',
  followRedirect: '`allowRedirects`',
  followRedirects: '`allowRedirects`',
  redirect: '`allowRedirects`, true or false',
  maxRedirects: '`maxRedirects` of a Session',
  max_redirects: '`maxRedirects` of a Session',
  maxRedirections: '`maxRedirects` of a Session',
  trustEnv: '`trustEnv` of a Session',
  trust_env: '`trustEnv` of a Session',
  connectionsPerHost: '`connectionsPerHost` of a Session',
  body: '`data`, or `json`',
  form: '`data`',
  query: '`params`',
  qs: '`params`',
  searchParams: '`params`',
  header: '`headers`',
  cookie: '`cookies`',
  proxy: '`proxies`: { http: url, https: url }',
  retry: '`retries`',
  max_retries: '`retries`',
  maxRetries: '`retries`',
  rejectUnauthorized: '`verify`',
  ca: '`verify`',
  signal: 'nothing of the kind: a greenlet that is killed, or timed out, aborts its request',
  method: 'requests.request(method, url)',
}

/** Checks the options of a request; `call` as a person writes it: `requests.get()`. */
export function checkRequestOptions(call: string, options: RequestOptions): void {
  if (typeof options !== 'object' || (options as object | null) === null || options instanceof Timeout)
    throw notOptions(call, options, '{ timeoutMs: 1000 }')
  for (const name of Object.keys(options)) {
    if (!REQUEST.has(name)) throw unknownOption(call, name, REQUEST)
  }
  checkCommon(call, options)
  checkFlag(call, 'allowRedirects', options.allowRedirects)
}

/** Checks the options of a session. */
export function checkSessionOptions(options: SessionOptions): void {
  const call = 'new Session()'
  if (typeof options !== 'object' || (options as object | null) === null)
    throw notOptions(call, options, "{ headers: { 'x-tag': 'green' } }")
  for (const name of Object.keys(options)) {
    if (!SESSION.has(name)) throw unknownOption(call, name, SESSION)
  }
  checkCommon(call, options)
  checkFlag(call, 'trustEnv', options.trustEnv)
  checkCount(call, 'maxRedirects', options.maxRedirects, 0)
  checkCount(call, 'connectionsPerHost', options.connectionsPerHost, 1)
}

function checkCommon(call: string, options: CommonOptions): void {
  checkFlag(call, 'stream', options.stream)
  if (options.auth !== undefined) authScheme(options.auth, call)
  if (options.bodyLimit !== Infinity) checkCount(call, 'bodyLimit', options.bodyLimit, 0)
  if (options.timeoutMs !== undefined) limitsOf(call, options.timeoutMs)
  if (options.retries !== undefined) toRetry(call, options.retries)
  if (options.hooks !== undefined) hooksOf(call, options.hooks)
  if (options.proxies !== undefined) checkProxies(call, options.proxies)
}

function checkCount(call: string, name: string, value: unknown, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return
  const range = least === 0 ? '0 or more' : 'above 0'
  throw new UsageError(`${call} expects \`${name}\` to be an integer, ${range}, but got ${show(value)}.`)
}

function unknownOption(call: string, name: string, names: ReadonlySet<string>): UsageError {
  const meant = Object.hasOwn(MEANT, name) && !names.has(name) ? MEANT[name] : undefined
  if (meant !== undefined) return new UsageError(`${call} has no option \`${name}\`; what is meant is ${meant}.`)
  const head = `${call} has no option \`${name}\`; it has ${[...names].join(', ')}.`
  if (!/(?:post|put|patch)\(\)$/u.test(call)) return new UsageError(head)
  const wrong = `${call.slice(0, -1)}url, { ${name}: ... })`
  return new UsageError(
    `${head}\n\n${wrongRight(wrong, 'the second argument is the options', `${call.slice(0, -1)}url, { data: { ${name}: ... } })`, 'or `json`')}`,
  )
}

/** The limits of time that an option stands for. */
export interface Limits {
  readonly connectMs: number | undefined
  readonly readMs: number | undefined
  /** For the whole: milliseconds, or somebody's own Timeout. */
  readonly whole: number | Timeout | undefined
}

/** As long as it takes. */
export const NO_LIMITS: Limits = { connectMs: undefined, readMs: undefined, whole: undefined }

/** Reads `timeoutMs`. */
export function limitsOf(call: string, timeoutMs: unknown): Limits {
  if (timeoutMs === undefined) return NO_LIMITS
  if (typeof timeoutMs === 'number') {
    const ms = checked(call, 'timeoutMs', timeoutMs)
    return { connectMs: ms, readMs: ms, whole: undefined }
  }
  if (timeoutMs instanceof Timeout) return { ...NO_LIMITS, whole: timeoutMs }
  if (Array.isArray(timeoutMs) && timeoutMs.length === 2) {
    const [connectMs, readMs] = timeoutMs as [unknown, unknown] // of two
    return {
      connectMs: checked(call, 'timeoutMs[0]', connectMs),
      readMs: checked(call, 'timeoutMs[1]', readMs),
      whole: undefined,
    }
  }
  if (typeof timeoutMs === 'object' && timeoutMs !== null && !Array.isArray(timeoutMs)) {
    const { connectMs, readMs, totalMs, ...others } = timeoutMs as Times & Record<string, unknown> // any object may be asked
    if (Object.keys(others).length === 0) {
      return {
        connectMs: checked(call, 'timeoutMs.connectMs', connectMs),
        readMs: checked(call, 'timeoutMs.readMs', readMs),
        whole: checked(call, 'timeoutMs.totalMs', totalMs),
      }
    }
  }
  throw new UsageError(
    `${call} expects \`timeoutMs\` to be a number of milliseconds, [connectMs, readMs], { connectMs, readMs, totalMs } or a Timeout, but got ${show(timeoutMs)}.`,
  )
}

function checked(call: string, name: string, ms: unknown): number | undefined {
  if (ms === undefined || ms === null || ms === Infinity) return undefined
  if (typeof ms === 'number' && ms > 0) return ms
  const shown = typeof ms === 'number' ? String(ms) : show(ms)
  const head = `${call} expects \`${name}\` to be a number of milliseconds above 0, but got ${shown}.`
  if (ms !== 0) throw new UsageError(head)
  const [wrong, right] = ['{ timeoutMs: 0 }', '{ timeoutMs: Infinity }']
  throw new UsageError(`${head}\n\n${wrongRight(wrong, 'nobody answers in no time', right, 'as long as it takes')}`)
}

/** The hooks that an option stands for. */
export function hooksOf(call: string, hooks: Hooks): readonly ResponseHook[] {
  const given: unknown = hooks // a program without types gives anything
  if (typeof given !== 'object' || Object.keys(given ?? {}).some((name) => name !== 'response'))
    throw new UsageError(`${call} expects \`hooks\` to be { response: function }, but got ${shownHooks(hooks)}.`)
  const called = (hooks as Hooks | null)?.response ?? []
  const list = Array.isArray(called) ? (called as readonly ResponseHook[]) : [called as ResponseHook]
  if (list.every((hook) => typeof hook === 'function')) return list
  throw new UsageError(`${call} expects \`hooks\` to be { response: function }, but got ${show(called)}.`)
}

function shownHooks(hooks: unknown): string {
  return typeof hooks === 'object' && hooks !== null ? `{ ${Object.keys(hooks).join(', ')} }` : show(hooks)
}

function checkProxies(call: string, proxies: unknown): void {
  if (proxies === null) return
  const example = "{ http: 'http://127.0.0.1:3128' }"
  if (typeof proxies !== 'object' || proxies instanceof URL) {
    const got = typeof proxies === 'string' || proxies instanceof URL ? 'a URL alone' : show(proxies) // it may have a password
    throw new UsageError(`${call} expects \`proxies\` to be an object, such as ${example}, but got ${got}.`)
  }
  for (const [name, proxy] of Object.entries(proxies as Proxies)) {
    if (proxy === undefined || proxy === null || typeof proxy === 'string' || proxy instanceof URL) continue
    throw new UsageError(
      `${call} expects \`proxies\` to be an object, such as ${example}, but of ${JSON.stringify(name)} it has ${show(proxy)}.`,
    )
  }
}
