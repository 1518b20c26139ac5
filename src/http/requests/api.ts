/**
 * The lecture's client: `ret = yield* requests.get(url)`, then `ret.content`.
 *
 * Stands on undici's `request`, whose cost is a fifth of fetch's, and on `until`: a greenlet that is killed or timed out aborts the
 * request, also while the body comes in. Redirects are followed, as in Python's `requests`.
 */
import { TextDecoder } from 'node:util'
import { Agent, Dispatcher, getGlobalDispatcher, interceptors, request as undiciRequest } from 'undici'
import { GreenloopError, UsageError } from '../../errors/classes.ts'
import { checkMs, show } from '../../errors/usage.ts'
import type { Operation } from '../../protocol.ts'
import { begun } from '../../waiting/operation.ts'
import { withTimeout } from '../../waiting/timeout.ts'
import { until } from '../../waiting/until.ts'

/** How many redirects are followed; Python's `requests` has the same number. */
const MAX_REDIRECTS = 30

/** What a request can be given. */
export interface RequestOptions {
  /** Header names and values. */
  headers?: Record<string, string>
  /** For the whole exchange, in milliseconds, 0 and up. @defaultValue no limit */
  timeoutMs?: number
}

/** The whole answer: the body has been read. */
export class Response {
  /** Where it came from, after redirects. */
  readonly url: string
  /** The status of HTTP: 200, 404. */
  readonly statusCode: number
  /** By lower-case name; a header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body's bytes. */
  readonly content: Buffer

  /** @internal */
  constructor(
    url: string,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
    content: Buffer,
  ) {
    this.url = url
    this.statusCode = statusCode
    this.headers = headers
    this.content = content
  }

  /** Whether the status is below 400. */
  get ok(): boolean {
    return this.statusCode < 400
  }

  /** The body as text, in the charset that the header names; UTF-8 when it names none, or an unknown one. */
  get text(): string {
    const type = this.headers['content-type']
    const charset = /charset="?([^\s;"]+)/iu.exec(typeof type === 'string' ? type : '')?.[1]
    return decoderOf(charset).decode(this.content)
  }

  /**
   * The body, parsed as JSON.
   *
   * @throws SyntaxError when it is none.
   */
  json(): unknown {
    return JSON.parse(this.text)
  }
}

function decoderOf(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/**
 * Fetches `url`, and gives the whole answer. A status of 400 and up is an answer, not an error.
 *
 * @param url - with `http:` or `https:`.
 * @throws UsageError at the call for a wrong URL or option; the error of the connection (`ECONNREFUSED`, ...); Timeout after `timeoutMs`;
 * GreenloopError after 30 redirects.
 * @switches always
 * @source Python's `requests.get`
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
export function get(url: string | URL, options: RequestOptions = {}): Operation<Response> {
  const target = checkUrl(url)
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new UsageError(`requests.get() expects its options as an object, but got ${show(options)}.`)
  const { timeoutMs, headers = {} } = options
  if (timeoutMs !== undefined) checkMs('requests.get()', 'timeoutMs', timeoutMs)
  const exchange = until((signal) => send(target, headers, signal))
  if (timeoutMs === undefined) return exchange
  begun(exchange) // the one around it is what the caller is to drive
  return withTimeout(timeoutMs, () => exchange)
}

function checkUrl(url: unknown): URL {
  const text = String(url)
  const parsed = URL.canParse(text) ? new URL(text) : null
  if (parsed === null || !/^https?:$/u.test(parsed.protocol)) {
    throw new UsageError(
      `requests.get() expects a URL with http: or https:, but got ${url instanceof URL ? url.href : show(url)}.`,
    )
  }
  return parsed
}

async function send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const {
    statusCode,
    headers: answered,
    body,
    context,
  } = await undiciRequest(url, { headers, signal, dispatcher: following() })
  const content = Buffer.from(await body.arrayBuffer())
  const history = (context as { history?: URL[] } | undefined)?.history // left there by the redirect interceptor
  if (statusCode >= 300 && answered['location'] !== undefined && (history?.length ?? 0) > MAX_REDIRECTS) {
    throw new GreenloopError(`requests.get() of ${url.href} was redirected more than ${String(MAX_REDIRECTS)} times.`)
  }
  return new Response((history?.at(-1) ?? url).href, statusCode, answered, content)
}

/** The dispatcher that follows redirects, one for each that the program has set as undici's global one. */
const dispatchers = new WeakMap<Dispatcher, Dispatcher>()
let own: Agent | null = null

function following(): Dispatcher {
  // Node's own fetch, once used, puts its agent into the same global slot; its undici is another one, and does not take interceptors of ours.
  const shared: unknown = getGlobalDispatcher()
  const base = shared instanceof Dispatcher ? shared : (own ??= new Agent())
  let dispatcher = dispatchers.get(base)
  if (dispatcher === undefined) {
    dispatcher = base.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTS }))
    dispatchers.set(base, dispatcher)
  }
  return dispatcher
}
