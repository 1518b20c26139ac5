/**
 * `Response`: the answer to a request, by the names that users of Python's `requests` know.
 *
 * Made once per request, so nothing is worked out before it is asked for: headers, text, cookies, links.
 *
 * Stands on the exchange and on what a message is made of. Leaves it to `send.ts` which answer is the last.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { operation } from '../../waiting/operation.ts'
import { ContentTooLarge, type FailedRequest, HTTPError, JSONDecodeError, StreamConsumedError } from '../exceptions.ts'
import { apparentEncoding, charsetOf, decodeText, jsonText } from '../message/charset.ts'
import { CookieJar } from '../message/cookies.ts'
import { HeaderMap, type ResponseHeaders, rawValue, rawValues, responseHeaders } from '../message/headers.ts'
import { type Link, parseLinks } from '../message/links.ts'
import type { Incoming, Outgoing } from '../transport/incoming.ts'
import { BodyInHand, BodyStream, ContentCursor, checkChunkSize, LineCursor, type Pieces } from './body.ts'
import { isRedirectStatus } from './redirect.ts'

/** How many bytes `content` may have where `bodyLimit` says nothing: a gigabyte. */
export const CONTENT_LIMIT: number = 2 ** 30

/** What has gone out: of a response, its `request`. */
export class PreparedRequest implements FailedRequest {
  /** `GET`. */
  readonly method: string
  /** The body; null: none. */
  readonly body: Outgoing['body']
  /** @internal */
  readonly $url: URL
  readonly #raw: readonly string[]
  #headers: HeaderMap | null = null

  /** @internal */
  constructor(method: string, url: URL, raw: readonly string[], body: Outgoing['body']) {
    this.method = method
    this.body = body
    this.$url = url
    this.#raw = raw
  }

  /** Where it went. */
  get url(): string {
    return this.$url.href
  }

  /** The headers that were given to it; the connection adds `host`, `connection`, and where it has to be `content-length`. */
  get headers(): HeaderMap {
    if (this.#headers === null) {
      this.#headers = new HeaderMap()
      for (let n = 0; n < this.#raw.length; n += 2) this.#headers.append(this.#raw[n] ?? '', this.#raw[n + 1] ?? '')
    }
    return this.#headers
  }

  /** `<PreparedRequest [GET]>`. */
  toString(): string {
    return `<PreparedRequest [${this.method}]>`
  }
}
// What console.log shows: of an error, too, and a body can be a secret.
Object.defineProperty(PreparedRequest.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: PreparedRequest): string {
    return this.toString()
  },
})

/** How `iterLines` reads. */
export interface LineOptions {
  /** What ends a line. @defaultValue `\n`, `\r\n` and `\r` */
  delimiter?: string
}

/**
 * The answer to a request.
 *
 * @source Python: `requests.Response`
 */
export class Response implements Disposable {
  /** The status of HTTP: 200, 404. */
  readonly statusCode: number
  /** What has gone out. */
  readonly request: PreparedRequest
  /** The answers on the way here, oldest first: redirects, and the refusals that an authentication has answered. */
  readonly history: readonly Response[]
  readonly #incoming: Incoming
  readonly #startedMs: number
  readonly #limit: number | undefined
  /** Null while it is to come. */
  #content: Buffer | null
  /** Set when it is streamed. */
  readonly #stream: BodyStream | null
  #isGivenAway = false
  /** Read by `read()`, which has been given up meanwhile. */
  #pieces: Buffer[] = []
  #length = 0
  #encoding: string | null | undefined = undefined
  #headers: ResponseHeaders | null = null
  #cookies: CookieJar | null = null

  /**
   * @internal
   * @param content - null: it is streamed.
   * @param limit - `bodyLimit`, where it was given.
   */
  constructor(
    request: PreparedRequest,
    incoming: Incoming,
    content: Buffer | null,
    startedMs: number,
    history: readonly Response[],
    limit: number | undefined,
  ) {
    this.statusCode = incoming.statusCode
    this.request = request
    this.history = history
    this.#incoming = incoming
    this.#content = content
    this.#startedMs = startedMs
    this.#limit = limit
    this.#stream = content === null ? new BodyStream(incoming, limit ?? Infinity, request) : null
  }

  /** Where it came from, after redirects; without the name and the password that a URL may have. */
  get url(): string {
    return this.request.url
  }

  /** The words behind the status: `Not Found`. */
  get reason(): string {
    return this.#incoming.reason
  }

  /** Whether the status is below 400. */
  get ok(): boolean {
    return this.statusCode < 400
  }

  /** By name, in any case: `headers['content-type']`, `headers['Content-Type']`. A header that came more than once is joined by `, `. */
  get headers(): ResponseHeaders {
    return (this.#headers ??= responseHeaders(this.#incoming.rawHeaders))
  }

  /** How long it took until the head of this answer had come, in milliseconds, from the moment when its request was sent. */
  get elapsedMs(): number {
    return this.#incoming.headMs - this.#startedMs
  }

  /** The cookies that came with this answer. */
  get cookies(): CookieJar {
    if (this.#cookies === null) {
      this.#cookies = new CookieJar()
      this.#cookies.store(rawValues(this.#incoming.rawHeaders, 'set-cookie'), this.request.$url)
    }
    return this.#cookies
  }

  /** The `Link` header, by `rel`, or else by URL. */
  get links(): Record<string, Link> {
    return parseLinks(this.#header('link'))
  }

  /** Whether it leads elsewhere. */
  get isRedirect(): boolean {
    return isRedirectStatus(this.statusCode) && this.#header('location') !== undefined
  }

  /** Whether it leads elsewhere for good. */
  get isPermanentRedirect(): boolean {
    return (this.statusCode === 301 || this.statusCode === 308) && this.#header('location') !== undefined
  }

  /**
   * The body's bytes, decompressed.
   *
   * @throws UsageError while a streamed body has not been read; StreamConsumedError when it was read in pieces.
   */
  get content(): Buffer {
    if (this.#content !== null) return this.#content
    if (this.#isGivenAway) throw this.#consumed('content')
    throw new UsageError(
      `The content of ${this.url} was asked for, but it is streamed and has not been read.\n\n  response.content                    // incorrect: with \`stream: true\` only the head has come\n  yield* response.read()              // correct: waits for all of it; then response.content is there\n  const it = response.iterContent()   // correct: piece by piece; while (yield* it.next()) use(it.value)`,
    )
  }

  /**
   * The name of the charset that `text` is decoded by, from the `content-type`; null: it is guessed. It can be set.
   *
   * @source Python: `Response.encoding`
   */
  get encoding(): string | null {
    if (this.#encoding === undefined) this.#encoding = charsetOf(this.#header('content-type'))
    return this.#encoding
  }

  /** Takes the name of a charset, or null. @throws UsageError for anything else. */
  set encoding(encoding: string | null) {
    if (encoding !== null && typeof encoding !== 'string')
      throw new UsageError(`response.encoding expects the name of a charset, or null, but got ${show(encoding)}.`)
    this.#encoding = encoding
  }

  /** The charset that the bytes look like. @throws as `content` does */
  get apparentEncoding(): string {
    return apparentEncoding(this.content)
  }

  /** The body as text, in `encoding`; where that is null in the charset that the bytes look like. @throws as `content` does */
  get text(): string {
    const { content } = this
    return content.length === 0 ? '' : decodeText(content, this.encoding ?? apparentEncoding(content))
  }

  /**
   * The body, parsed as JSON.
   *
   * @throws JSONDecodeError when it is none; as `content` does.
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- for those who know what comes: json<User>()
  json<T = unknown>(): T {
    const { content } = this
    // The charset of text/plain is a guess by the rules of HTTP; JSON has rules of its own.
    const isNamed = this.#encoding !== undefined || /charset\s*=/iu.test(this.#header('content-type') ?? '')
    const text = jsonText(content, isNamed ? this.encoding : null)
    try {
      return JSON.parse(text) as T
    } catch (error) {
      const { method } = this.request
      const kind = this.#header('content-type')
      const got =
        text.trim() === '' ? 'an empty body' : JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
      throw new JSONDecodeError(
        `${method} ${this.url} answered ${String(this.statusCode)} with ${kind ?? 'no content-type'}, which is no JSON: ${got}.`,
        { request: this.request, response: this, cause: error },
      )
    }
  }

  /**
   * Throws when the status says no.
   *
   * @returns itself: `(yield* requests.get(url)).raiseForStatus().json()`. (Python's returns nothing.)
   * @throws HTTPError for a status of 400 to 599.
   */
  raiseForStatus(): this {
    const { statusCode } = this
    if (statusCode < 400 || statusCode >= 600) return this
    const whose = statusCode < 500 ? 'Client' : 'Server'
    throw new HTTPError(`${String(statusCode)} ${whose} Error: ${this.reason} for url: ${this.url}`, {
      request: this.request,
      response: this,
    })
  }

  /**
   * Reads all that has not come yet; `content` is there then. For `stream: true`; else it is there already.
   *
   * @returns the whole content.
   * @throws ContentTooLarge, ContentDecodingError, ChunkedEncodingError, ReadTimeout; StreamConsumedError when it was read in pieces, or closed.
   * @switches only if it must wait
   */
  read(): Operation<Buffer> {
    return operation('response.read()', () => this.#readAll())
  }

  *#readAll(): Green<Buffer> {
    const limit = this.#limit ?? CONTENT_LIMIT
    while (this.#content === null) {
      if (this.#stream === null || this.#isGivenAway) throw this.#consumed('read()')
      const piece = yield* this.#stream.chunk()
      if (piece === null) {
        this.#content = Buffer.concat(this.#pieces)
        this.#pieces = []
        break
      }
      this.#pieces.push(piece)
      this.#length += piece.length
      if (this.#length <= limit) continue
      this.close()
      const { request } = this
      throw new ContentTooLarge(
        `${request.method} ${this.url}: the body goes on, and no more than ${String(limit)} bytes are taken (\`bodyLimit\`).`,
        { request, response: this },
      )
    }
    return this.#content
  }

  /**
   * Reads the body piece by piece, decompressed: `const it = response.iterContent(); while (yield* it.next()) use(it.value)`.
   *
   * With `stream: true` it is read as it comes, and only once; else what is there is cut in pieces, as often as it is called.
   *
   * @param chunkSize - how many bytes each piece has, but for the last; left out: as they come. (Python has 1 there.)
   * @returns a cursor; disposed of, it closes the response.
   * @throws UsageError for a wrong size; StreamConsumedError when the body has been read in pieces before.
   */
  iterContent(chunkSize?: number): Cursor<Buffer> {
    checkChunkSize('response.iterContent()', chunkSize)
    return new ContentCursor(this.#take('iterContent()'), chunkSize)
  }

  /**
   * Reads the body line by line, as text in `encoding`, or in UTF-8 where that is null. (Python gives bytes.)
   *
   * @param options - `delimiter`: what ends a line. A line end at the very end begins no further line.
   * @returns a cursor; disposed of, it closes the response.
   * @throws UsageError for wrong options; StreamConsumedError when the body has been read in pieces before.
   */
  iterLines(options: LineOptions = {}): Cursor<string> {
    const call = 'response.iterLines()'
    checkOptions(call, options, "{ delimiter: ';' }")
    const { delimiter } = options
    if (delimiter !== undefined && (typeof delimiter !== 'string' || delimiter === ''))
      throw new UsageError(
        `${call} expects \`delimiter\` to be a string that is not empty, but got ${show(delimiter)}.`,
      )
    return new LineCursor(this.#take('iterLines()'), this.encoding ?? 'utf-8', delimiter ?? null)
  }

  /** Gives up what has not come yet, and the connection with it. What has come stays. @switches never */
  close(): void {
    this.#stream?.close()
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** `<Response [200]>`. */
  toString(): string {
    return `<Response [${String(this.statusCode)}]>`
  }

  #header(name: string): string | undefined {
    return rawValue(this.#incoming.rawHeaders, name)
  }

  /** Gives the body to one who reads it in pieces. */
  #take(call: string): Pieces {
    if (this.#content !== null) return new BodyInHand(this.#content)
    if (this.#stream === null || this.#isGivenAway || this.#pieces.length > 0) throw this.#consumed(call)
    this.#isGivenAway = true
    return this.#stream
  }

  #consumed(call: string): StreamConsumedError {
    return new StreamConsumedError(
      `${call} of ${this.url}: the body was read already; a streamed one can be read once, by read(), iterContent() or iterLines().`,
      { request: this.request, response: this },
    )
  }
}
// What console.log shows. Not a member of the class: its name would have to be known without running.
Object.defineProperty(Response.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Response): string {
    return String(this)
  },
})
