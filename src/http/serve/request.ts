/**
 * The request, as a handler gets it: light, since all but its method and path is made when it is asked for.
 *
 * Stands on Node's message and on its body. Leaves routing to others.
 */
import type http from 'node:http'
import type tls from 'node:tls'
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { until } from '../../waiting/until.ts'
import { BodyCursor, RefusedRequest, RequestBody, WholeBody } from './request-body.ts'

/** How much of a body is read. */
export interface BodyOptions {
  /** How many bytes at the most; `Infinity`: any number. @defaultValue the server's `bodyLimit` */
  limit?: number
}

/** What a request knows of its server. */
export interface RequestSettings {
  readonly bodyLimit: number
  /** Where it was asked, if the request does not say: `127.0.0.1:8000`. */
  readonly authority: string
}

/**
 * One request. Its body is read once, by one of `text`, `json`, `bytes`, `arrayBuffer`, `form`, `formData`, `chunks`, `body`, `web`.
 *
 * Whatever reads the body throws {@link RefusedRequest} when it is longer than its limit (413), malformed (400) or comes too slowly (408);
 * not caught, that is the answer. Read a second time it throws UsageError; when the request is answered already, SocketClosedError.
 */
export class ServerRequest {
  /** Node's message. */
  declare readonly node: http.IncomingMessage
  declare private readonly settings: RequestSettings
  declare private readonly expecting: http.ServerResponse | null
  /** What was asked for; of most requests little is. */
  declare private asked: Asked | null

  // Not #private: an object is marked for that when it is made, and one is made for each request.

  /** @internal `expecting`: Node's response, if the client waits for `100 Continue`. */
  constructor(node: http.IncomingMessage, settings: RequestSettings, expecting: http.ServerResponse | null) {
    this.node = node
    this.settings = settings
    this.expecting = expecting
    this.asked = null
  }

  /** `GET`. */
  get method(): string {
    return this.node.method ?? 'GET' // a request has one
  }

  /** The whole URL: `http://host/path?query`. What the client says is its host may be anything. */
  get url(): string {
    const target = this.node.url ?? '/'
    if (!target.startsWith('/') && target !== '*') return target // as proxies are asked
    return `${this.origin}${target === '*' ? '/' : target}`
  }

  private get origin(): string {
    const secure = (this.node.socket as tls.TLSSocket).encrypted as boolean | undefined // only TLS has it
    return `${secure === true ? 'https' : 'http'}://${this.node.headers.host ?? this.settings.authority}`
  }

  /** The path, as it was sent, without the query: `/a%20b`. */
  get path(): string {
    const target = this.target
    const end = target.indexOf('?')
    return end < 0 ? target : target.slice(0, end)
  }

  /** The query, as it was sent, without the question mark; empty: there is none. */
  get query(): string {
    const target = this.target
    const end = target.indexOf('?')
    return end < 0 ? '' : target.slice(end + 1)
  }

  /** Path and query. */
  private get target(): string {
    const target = this.node.url ?? '/'
    if (target.startsWith('/')) return target
    return /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/iu.exec(target)?.[1] || '/'
  }

  /** The query as the web reads it. */
  get searchParams(): URLSearchParams {
    const asked = this.own()
    asked.searchParams ??= new URLSearchParams(this.query)
    return asked.searchParams
  }

  /** The headers. {@link header} is faster for one. */
  get headers(): Headers {
    const asked = this.own()
    if (asked.headers === null) {
      asked.headers = new Headers()
      const { rawHeaders } = this.node
      for (let n = 0; n < rawHeaders.length; n += 2) asked.headers.append(rawHeaders[n] ?? '', rawHeaders[n + 1] ?? '')
    }
    return asked.headers
  }

  /**
   * Gives the value of one header; null when it was not sent.
   *
   * @param name - in any case.
   */
  header(name: string): string | null {
    const value = this.node.headers[name.toLowerCase()]
    return typeof value === 'string' ? value : (value?.join(', ') ?? null)
  }

  /** The address of the client; empty for a Unix socket, and when the client has gone. */
  get remoteAddress(): string {
    return this.node.socket.remoteAddress ?? ''
  }

  /** An AbortSignal that fires when the client goes before it was answered. */
  get signal(): AbortSignal {
    const asked = this.own()
    if (asked.aborter === null) {
      asked.aborter = new AbortController()
      if (asked.isGone) asked.aborter.abort()
    }
    return asked.aborter.signal
  }

  /** Whether a body comes with it, be it an empty one. */
  get hasBody(): boolean {
    const { headers } = this.node
    return 'transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0'
  }

  /**
   * Reads the body as text, of UTF-8.
   *
   * @param options - `limit`: how many bytes at the most.
   * @switches only if it must wait
   */
  text(options?: BodyOptions): Operation<string> {
    return this.whole('request.text()', options, textOf)
  }

  /**
   * Reads the body as JSON.
   *
   * @param options - `limit`: how many bytes at the most.
   * @throws RefusedRequest 400, too, when it is none.
   * @switches only if it must wait
   */
  json<T = unknown>(options?: BodyOptions): Operation<T> {
    return this.whole('request.json()', options, (bytes) => {
      try {
        return JSON.parse(textOf(bytes)) as T // it is the caller who says what it is
      } catch (cause) {
        throw new RefusedRequest(400, `The body of ${this.label} is no JSON.`, { cause })
      }
    })
  }

  /**
   * Reads the body.
   *
   * @param options - `limit`: how many bytes at the most.
   * @switches only if it must wait
   */
  bytes(options?: BodyOptions): Operation<Buffer> {
    return this.whole('request.bytes()', options, (bytes) => bytes)
  }

  /**
   * Reads the body.
   *
   * @param options - `limit`: how many bytes at the most.
   * @switches only if it must wait
   */
  arrayBuffer(options?: BodyOptions): Operation<ArrayBuffer> {
    return this.whole('request.arrayBuffer()', options, (bytes) => new Uint8Array(bytes).buffer)
  }

  /**
   * Reads the fields of a form that has no files: `application/x-www-form-urlencoded`.
   *
   * @param options - `limit`: how many bytes at the most.
   * @throws RefusedRequest 415, too, when the body is another one.
   * @switches only if it must wait
   */
  form(options?: BodyOptions): Operation<URLSearchParams> {
    return this.whole('request.form()', options, (bytes) => {
      if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/iu.test(this.node.headers['content-type'] ?? ''))
        throw new RefusedRequest(415, `The body of ${this.label} is no form.`)
      return new URLSearchParams(textOf(bytes))
    })
  }

  /**
   * Reads a form of either kind, with its files.
   *
   * @param options - `limit`: how many bytes at the most.
   * @throws RefusedRequest 400, too, when it is none.
   * @switches always
   */
  formData(options?: BodyOptions): Operation<FormData> {
    const whole = this.whole('request.formData()', options, (bytes) => bytes)
    return operation('request.formData()', () => this.readForm(whole))
  }

  private *readForm(whole: Operation<Buffer>): Green<FormData> {
    const bytes = yield* whole
    const type = this.node.headers['content-type'] ?? ''
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is for the whole body in memory, which is limited here
    const reading = new globalThis.Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
    try {
      return yield* until(reading)
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause // an interrupt
      throw new RefusedRequest(400, `The body of ${this.label} is no form.`, { cause })
    }
  }

  /**
   * Reads the body piece by piece, as it comes; who does not read slows the client down.
   *
   * @param options - `limit`: how many bytes at the most, in all.
   * @throws UsageError at the call when the body was read already.
   * @switches never
   * @example
   * ```ts
   * import { run } from 'greenloop'
   * import { Response, requests, serve } from 'greenloop/http'
   *
   * await run(function* () {
   *   const server = yield* serve(
   *     function* (request) {
   *       let bytes = 0
   *       const chunks = request.chunks({ limit: Infinity })
   *       while (yield* chunks.next()) bytes += chunks.value.length
   *       return new Response(`got ${bytes} bytes`)
   *     },
   *     { port: 0 },
   *   )
   *   console.log((yield* requests.post(server.url, { data: 'x'.repeat(100_000) })).text) // got 100000 bytes
   *   yield* server.stop()
   * })
   * ```
   */
  chunks(options?: BodyOptions): Cursor<Buffer> {
    const limit = this.limitOf('request.chunks()', options)
    const body = this.bodyOf()
    body.take('request.chunks()')
    return new BodyCursor(body, limit)
  }

  /** The body as a stream of the web's, up to the server's limit; null when none comes. It counts as read by that. */
  get body(): ReadableStream<Uint8Array> | null {
    if (!this.hasBody) return null
    const asked = this.own()
    asked.stream ??= this.stream('request.body')
    return asked.stream
  }

  /**
   * A `Request` of the web's, with the same body, which counts as read by that. It is made once.
   *
   * @throws RefusedRequest 400 when there is none for such a method, or such a URL.
   */
  get web(): Request {
    const asked = this.own()
    if (asked.web === null) {
      const { method, headers, signal } = this
      const body = this.hasBody && method !== 'GET' && method !== 'HEAD' ? this.stream('request.web') : null
      const duplex = body === null ? {} : ({ duplex: 'half' } as const)
      try {
        asked.web = new Request(this.url, { method, headers, signal, body, ...duplex })
      } catch (cause) {
        throw new RefusedRequest(400, `The web has no Request for ${this.label}.`, { cause })
      }
    }
    return asked.web
  }

  /** As it stands in messages, and as the name of its greenlet: `GET /path`. */
  get label(): string {
    const { path } = this
    return `${this.method} ${path.length > 100 ? `${path.slice(0, 99)}…` : path}`
  }

  /** `<ServerRequest GET /path>`. */
  toString(): string {
    return `<ServerRequest ${this.label}>`
  }

  /** @internal It is answered: what was not read of its body is not there any more. */
  $drop(): void {
    this.$fail(new SocketClosedError(`${this.label} was answered before its body was read.`))
    this.bodyOf().drop()
  }

  /** @internal The client is told to send the body, if it waits for that. */
  $goOn(): void {
    if (this.expecting !== null) this.bodyOf().goOn()
  }

  /** @internal No more of its body comes. */
  $fail(error: Error): void {
    const asked = this.own()
    if (asked.body === null) asked.failure ??= error
    else asked.body.fail(error)
  }

  /** @internal The client has gone. */
  $abort(): void {
    const asked = this.own()
    asked.isGone = true
    asked.aborter?.abort()
  }

  /** @internal Whether the client may not send the body any more, since it waits to be told to. */
  get $isAwaited(): boolean {
    if (this.expecting === null) return false
    return this.asked?.body?.isAwaited ?? true
  }

  private own(): Asked {
    this.asked ??= new Asked()
    return this.asked
  }

  private bodyOf(): RequestBody {
    const asked = this.own()
    if (asked.body === null) {
      asked.body = new RequestBody(this.label, this.node, this.expecting)
      if (asked.failure !== null) asked.body.fail(asked.failure)
    }
    return asked.body
  }

  private whole<T>(call: string, options: BodyOptions | undefined, convert: (bytes: Buffer) => T): Operation<T> {
    return new WholeBody(this.bodyOf(), call, this.limitOf(call, options), convert)
  }

  private limitOf(call: string, options: BodyOptions | undefined): number {
    if (options === undefined) return this.settings.bodyLimit
    checkOptions(call, options, '{ limit: 1_000_000 }')
    const { limit = this.settings.bodyLimit } = options
    checkLimit(call, 'limit', limit)
    return limit
  }

  private stream(call: string): ReadableStream<Uint8Array> {
    const body = this.bodyOf()
    body.take(call)
    const cursor = new BodyCursor(body, this.settings.bodyLimit)
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (await cursor.next()) controller.enqueue(cursor.value)
          else controller.close()
        },
        cancel() {
          cursor[Symbol.dispose]()
        },
      },
      { highWaterMark: 0 },
    )
  }
}

/** What was made of a request because somebody has asked for it. */
class Asked {
  body: RequestBody | null = null
  headers: Headers | null = null
  searchParams: URLSearchParams | null = null
  stream: ReadableStream<Uint8Array> | null = null
  web: Request | null = null
  aborter: AbortController | null = null
  /** Why no body comes any more, if nobody has asked for it yet. */
  failure: Error | null = null
  isGone = false
}

/** Checks a number of bytes. */
export function checkLimit(call: string, name: string, limit: unknown): void {
  if (typeof limit === 'number' && limit >= 0) return
  throw new UsageError(`${call} expects \`${name}\` to be a number of bytes, 0 or more, but got ${show(limit)}.`)
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}
