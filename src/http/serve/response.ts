/**
 * The `Response` that a handler returns: the web's, but light.
 *
 * Making a real one and reading it back costs as much as a third of a whole request. This one keeps what it was given, and the server
 * writes that as it is; `headers` and all that reads the body are made of a real one when somebody asks for them. It is a `Response` for
 * `instanceof`, too, so that code for the web's takes it.
 *
 * Stands on Node's own. Leaves to `sending.ts` how it goes out.
 */
import { Readable } from 'node:stream'
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show, wrongRight } from '../../errors/usage.ts'
import { type Driven, isOperation } from '../../protocol.ts'
import { Cursor } from '../../waiting/cursor.ts'
import type { HeadersLike } from '../message/headers.ts'
import type { BodyWriter, Chunk } from './body-writer.ts'

/** Writes a body piece by piece, in the greenlet of the request, when the head is on its way. */
export type BodyFunction = (out: BodyWriter) => Driven<unknown>

/**
 * What can be sent: text; bytes; what `fetch` takes as a body; a stream of Node's; what gives pieces one after the other (an iterable, an
 * async iterable, a cursor); or a function that writes them. Null: nothing.
 */
export type ResponseBody =
  | string
  | ArrayBuffer
  | NodeJS.ArrayBufferView
  | URLSearchParams
  | Blob
  | FormData
  | ReadableStream
  | Readable
  | Iterable<Chunk>
  | AsyncIterable<Chunk>
  | Cursor<Chunk>
  | BodyFunction
  | null

/** What a {@link Response} is beside its body. */
export interface ResponseInit {
  /** 200 to 599. @defaultValue 200 */
  status?: number | undefined
  /** What stands behind it. @defaultValue what Node says: `Not Found` */
  statusText?: string | undefined
  /** The headers; `content-length` is the server's matter. */
  headers?: HeadersLike | undefined
}

const WebResponse: typeof globalThis.Response = globalThis.Response
type WebResponse = globalThis.Response
type WebBody = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]>
const NO_INIT: ResponseInit = Object.freeze({})
const JSON_INIT: ResponseInit = Object.freeze({ headers: { 'content-type': 'application/json' } })

/**
 * An answer: what a handler of `serve` returns.
 *
 * @source WHATWG fetch: `Response`
 * @example
 * ```ts
 * import { Response } from 'greenloop/http'
 *
 * const response = new Response('gone', { status: 410, headers: { 'x-why': 'moved' } })
 * console.log(response.status, response.headers.get('x-why'), await response.text()) // 410 moved gone
 * console.log(response instanceof globalThis.Response) // true
 * ```
 */
export class Response implements WebResponse {
  /** @internal What it was given. */
  declare readonly $body: ResponseBody
  /** @internal What it was given. */
  declare readonly $init: ResponseInit
  /** @internal Made when somebody asks for them; from then on they are the ones that count. */
  declare $headers: Headers | null
  /** @internal Made when somebody reads the body; from then on its body is the one that counts. */
  declare $web: WebResponse | null

  /**
   * @param body - what is sent. @defaultValue null
   * @param init - status and headers.
   * @throws UsageError when the body is none that can be sent, for a status that is none, and for a body where none may be (204, 205, 304).
   */
  constructor(body: ResponseBody | undefined = null, init: ResponseInit = NO_INIT) {
    this.$body = body
    this.$init = init
    this.$headers = null
    this.$web = null
    if (typeof body !== 'string' && body !== null) checkBody(body)
    if (init !== NO_INIT) checkInit(init, body)
  }

  /** The status: 200. */
  get status(): number {
    return this.$init.status ?? 200
  }

  /** What stands behind it; empty: Node's own word for it is sent. */
  get statusText(): string {
    return this.$init.statusText ?? ''
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** The headers; they can be changed until it is sent. */
  get headers(): Headers {
    this.$headers ??= this.$body instanceof FormData ? webOf(this).headers : headersOf(this)
    return this.$headers
  }

  /** Always `default`. */
  get type(): 'default' {
    return 'default'
  }

  /** Always empty: nobody was asked for it. */
  get url(): string {
    return ''
  }

  /** Always false. */
  get redirected(): boolean {
    return false
  }

  /** The body as a stream. */
  get body(): WebResponse['body'] {
    return webOf(this).body
  }

  /** Whether the body was read. */
  get bodyUsed(): boolean {
    return this.$web?.bodyUsed ?? false
  }

  /** Reads the body. */
  arrayBuffer(): Promise<ArrayBuffer> {
    return webOf(this).arrayBuffer()
  }

  /** Reads the body. */
  blob(): ReturnType<WebResponse['blob']> {
    return webOf(this).blob()
  }

  /** Reads the body. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.arrayBuffer()) // Node 20's own has no bytes()
  }

  /** Reads the body, of a form. */
  formData(): ReturnType<WebResponse['formData']> {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a Response of the web has it
    return webOf(this).formData()
  }

  /** Reads the body, of JSON. */
  json(): Promise<unknown> {
    return webOf(this).json()
  }

  /** Reads the body. */
  text(): Promise<string> {
    return webOf(this).text()
  }

  /** A second one like it; each has the whole body. */
  clone(): WebResponse {
    return webOf(this).clone()
  }

  /**
   * One whose body is JSON.
   *
   * @param data - what `JSON.stringify` takes.
   * @param init - status and headers.
   * @throws UsageError when there is no JSON for it; what `JSON.stringify` throws.
   */
  static json(data: unknown, init: ResponseInit = NO_INIT): Response {
    const text = JSON.stringify(data) as string | undefined // of a function or a symbol there is none
    if (text === undefined)
      throw new UsageError(`Response.json() expects what can be written as JSON, but got ${show(data)}.`)
    if (init === NO_INIT) return new Response(text, JSON_INIT)
    checkOptions('Response.json()', init, '{ status: 404 }')
    return jsonResponse(text, init)
  }

  /**
   * One that sends the client elsewhere.
   *
   * @param url - where; it may be a path.
   * @param status - 301, 302, 303, 307 or 308. @defaultValue 302
   * @throws UsageError for another status.
   */
  static redirect(url: string | URL, status = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status))
      throw new UsageError(
        `Response.redirect() expects its status to be 301, 302, 303, 307 or 308, but got ${show(status)}.`,
      )
    // As browsers do it: what may not stand in a header is escaped, and what is escaped stays.
    return new Response(null, { status, headers: { location: encodeURI(String(url)).replaceAll('%25', '%') } })
  }

  /** What `fetch` gives for a request that failed; it cannot be sent. */
  static error(): WebResponse {
    return WebResponse.error()
  }
}
Object.setPrototypeOf(Response, WebResponse)
Object.setPrototypeOf(Response.prototype, WebResponse.prototype)
for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(WebResponse.prototype))) {
  const own = Object.getOwnPropertyDescriptor(Response.prototype, name) ?? onWeb(name, typeof property.value)
  // As the web's own: what a newer Node has is not missing, and properties are listed.
  if (name !== 'constructor') Object.defineProperty(Response.prototype, name, { ...own, enumerable: true })
}

/** A member that is looked for on the web's own. */
function onWeb(name: string, kind: string): PropertyDescriptor {
  const configurable = true
  if (kind !== 'function') return { get: propertyOnWeb, configurable }
  return { value: methodOnWeb, writable: true, configurable }

  function propertyOnWeb(this: Response): unknown {
    return Reflect.get(webOf(this), name)
  }

  function methodOnWeb(this: Response, ...args: unknown[]): unknown {
    const web = webOf(this)
    return Reflect.apply(Reflect.get(web, name) as (...args: unknown[]) => unknown, web, args) // the kind says so
  }
}

// Functions, since an object is marked for each private method when it is made.

/** The web's own, with the same parts. It is made once. */
export function webOf(response: Response): WebResponse {
  const { $body: body, $web: made } = response
  if (made !== null) return made
  // The boundary of a form is known to the one who writes it.
  const headers = body instanceof FormData ? headersOf(response) : response.headers
  const web = new WebResponse(webBody(body), { status: response.status, statusText: response.statusText, headers })
  response.$web = web
  return web
}

function headersOf({ $body: body, $init: init }: Response): Headers {
  const headers = new Headers()
  const list: string[] = []
  listHeaders(init.headers, list)
  for (let n = 0; n < list.length; n += 2) headers.append(list[n] ?? '', list[n + 1] ?? '')
  const type = typeOf(body)
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return headers
}

/** Puts headers into a list as Node takes it: name, value, name, value. */
export function listHeaders(headers: HeadersLike | undefined, list: string[]): void {
  if (headers === undefined) return
  if (Symbol.iterator in headers) {
    for (const [name, value] of headers) list.push(name, value)
    return
  }
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value === 'string') list.push(name, value)
    else if (Array.isArray(value)) for (const one of value as readonly string[]) list.push(name, one)
    else if (value !== null && value !== undefined) list.push(name, String(value))
  }
}

/** The `content-type` that a body brings along; null: none. Of a form it is known only to the web's own. */
export function typeOf(body: ResponseBody): string | null {
  if (typeof body === 'string') return 'text/plain;charset=UTF-8'
  if (body instanceof URLSearchParams) return 'application/x-www-form-urlencoded;charset=UTF-8'
  if (body instanceof Blob && body.type !== '') return body.type
  return null
}

/** JSON, unless its type is given. */
function jsonResponse(text: string, init: ResponseInit): Response {
  const list: string[] = []
  listHeaders(init.headers, list)
  const headers: [string, string][] = []
  for (let n = 0; n < list.length; n += 2) headers.push([list[n] ?? '', list[n + 1] ?? ''])
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['content-type', 'application/json'])
  return new Response(text, { ...init, headers })
}

function checkBody(body: Exclude<ResponseBody, string | null>): void {
  if (typeof body === 'function') return
  if (typeof body === 'object' && !isOperation(body)) {
    if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob) return
    if (Symbol.asyncIterator in body || Symbol.iterator in body) return // a Cursor, a Readable
  }
  throw new UsageError(
    `new Response() expects its body to be text, bytes, a form, a stream, an iterable, a function that writes it or null, but got ${show(body)}.\n\n` +
      wrongRight('new Response({ ok: true })', 'an object has no bytes', 'Response.json({ ok: true })'),
  )
}

function checkInit(init: ResponseInit, body: ResponseBody): void {
  checkOptions('new Response()', init, '{ status: 404 }')
  const { status, headers } = init
  if (headers !== undefined && (typeof headers !== 'object' || (headers as object | null) === null))
    throw new UsageError(
      `new Response() expects \`headers\` to be an object, Headers or a list of pairs, but got ${show(headers)}.`,
    )
  if (status === undefined) return
  if (!(Number.isInteger(status) && status >= 200 && status <= 599))
    throw new UsageError(`new Response() expects \`status\` to be an integer from 200 to 599, but got ${show(status)}.`)
  if (body !== null && (status === 204 || status === 205 || status === 304))
    throw new UsageError(
      `new Response() was given a body and the status ${status}, which has none.\n\n${wrongRight(`new Response('', { status: ${status} })`, 'an empty body is one, too', `new Response(null, { status: ${status} })`)}`,
    )
}

/** The body as the web's own takes it. */
function webBody(body: ResponseBody): WebBody | null {
  if (typeof body === 'function')
    throw new UsageError(
      `The body of a Response was asked for, but it is a function that writes it, which only serve() calls.\n\n${wrongRight('new Response(function* (out) { ... }).text()', 'there is nobody to write to', "new Response('text').text()")}`,
    )
  if (typeof body === 'object' && body !== null && !isKnownToWeb(body))
    return Readable.toWeb(Readable.from(bytesOf(body as AsyncIterable<Chunk>))) // a stream of the web's
  return body as WebBody | null // what is left
}

/** The web's own takes no text from a stream. */
async function* bytesOf(pieces: AsyncIterable<Chunk> | Iterable<Chunk>): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

function isKnownToWeb(body: object): boolean {
  return (
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    body instanceof ReadableStream
  )
}
