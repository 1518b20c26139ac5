/**
 * How a response goes out: its head in one piece with a body that is known, piece by piece with one that is not.
 *
 * A known body needs no wait: one `writeHead` and one `end`, which Node sends together. The rest runs in the greenlet of the request, which
 * waits while the client does not read, and closes what it reads from, however it ends.
 *
 * The server says by itself how long a body is, and when the connection ends; what a handler says of it is dropped, unless only the handler
 * can know it: the length of a stream, or of what is not sent (to HEAD, and with 304).
 *
 * Stands on `Response` and on Node's. Leaves to the exchange what is done when it fails.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable, type Writable } from 'node:stream'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { type Green, isOperation, isThenable } from '../../protocol.ts'
import { Cursor } from '../../waiting/cursor.ts'
import { call, until } from '../../waiting/until.ts'
import { http } from '../node-http.ts'
import { BodyWriter, type Chunk } from './body-writer.ts'
import { listHeaders, Response, type ResponseBody, typeOf, webOf } from './response.ts'

/** One answer that is to go out. */
export interface Delivery {
  /** Node's side of it. */
  readonly answer: ServerResponse
  /** The request. */
  readonly node: IncomingMessage
  /** How long a client may take nothing. */
  readonly writeTimeoutMs: number
  /** How many bytes of a body were sent. */
  bytes: number
  /** Whether the connection is to end with it. */
  mustClose(): boolean
  /** What is about to be sent may depend on the body of the request: a client that waits to be told to send it is told. */
  goOn(): void
}

/** What is a stream of its own, or gives pieces. */
type Source = Exclude<ResponseBody, string | ArrayBuffer | NodeJS.ArrayBufferView | URLSearchParams | FormData | null>
type Known = string | Buffer | null

/**
 * Sends what a handler has returned.
 *
 * @returns what is left to be driven; null: all was handed over.
 * @throws UsageError when it is no response; what Node throws for a header that cannot be sent.
 */
export function send(to: Delivery, made: unknown): Green<void> | null {
  if (made instanceof Response && made.$web === null) {
    const { $body: body, $init: init, $headers: headers } = made
    if (body instanceof FormData) return sendWeb(to, webOf(made))
    const head: string[] = []
    listHeaders(headers ?? init.headers, head)
    const { status = 200, statusText = '' } = init
    const known = knownBody(body)
    if (known === undefined) return sendSource(to, status, statusText, head, body as Source) // the rest was known
    sendKnown(to, status, statusText, head, known, typeOf(body))
    return null
  }
  if (made instanceof Response) return sendWeb(to, webOf(made))
  if (isWebResponse(made)) return sendWeb(to, made)
  throw notAResponse(made)
}

/** Sends a status, and its name as text. */
export function sendStatus(to: Delivery, status: number): void {
  const { answer } = to
  const reason = http.STATUS_CODES[status] ?? 'Unknown'
  // Once it has begun a head with a status without a body, Node sends none any more, whatever the length says.
  if (answer.statusCode === 204 || answer.statusCode === 304) sendKnown(to, status, reason, [], null, null)
  else sendKnown(to, status, reason, [], reason, 'text/plain;charset=UTF-8')
}

/** Writes a refusal where Node has no response for it. */
export function writeRefusal(socket: Writable, status: number): void {
  const reason = http.STATUS_CODES[status] ?? ''
  socket.write(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
  )
}

/** Closes what a response would have been read from, if the promise of one is kept when nobody wants it any more. */
export function discardLate(promise: unknown): void {
  if (isThenable(promise) && !isOperation(promise)) promise.then(discardResponse, ignore)
}

function discardResponse(made: unknown): void {
  if (made instanceof Response && made.$web === null) {
    if (knownBody(made.$body) === undefined) discard(made.$body as Source) // the rest was known
  } else if (isWebResponse(made) && made.body !== null && !made.body.locked) {
    discard(made.body as ReadableStream)
  }
}

/** The bytes, or the text; undefined: they have to be waited for. */
function knownBody(body: ResponseBody): Known | undefined {
  if (typeof body === 'string' || body === null) return body
  if (typeof body !== 'object') return undefined
  if (Buffer.isBuffer(body)) return body
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return Buffer.from(body)
  return body instanceof URLSearchParams ? String(body) : undefined
}

function sendKnown(
  to: Delivery,
  status: number,
  statusText: string,
  head: string[],
  body: Known,
  type: string | null,
): void {
  const { answer } = to
  const length = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const isEmpty = status === 204 || status === 304
  const isUnsent = isEmpty || to.node.method === 'HEAD'
  completeHead(to, head, type, isEmpty ? null : length, isUnsent && body === null)
  writeHead(answer, status, statusText, head)
  if (isUnsent || body === null) {
    answer.end()
    return
  }
  to.bytes = length
  answer.end(body)
}

/**
 * Takes out of the head what is the server's matter, and puts in what is missing.
 *
 * @param length - null: not known here, or none is to be given.
 * @param keepsLength - whether what the handler says is right.
 */
function completeHead(
  to: Delivery,
  head: string[],
  type: string | null,
  length: number | null,
  keepsLength: boolean,
): void {
  let hasType = type === null
  let hasLength = false
  for (let n = 0; n < head.length; n += 2) {
    const name = head[n] ?? ''
    // By its length first: most headers are none of these.
    switch (name.length) {
      case 12:
        hasType ||= name.toLowerCase() === 'content-type'
        break
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (keepsLength && !hasLength) hasLength = true
        else n -= drop(head, n)
        break
      case 10:
        if (/^keep-alive$/iu.test(name)) n -= drop(head, n)
        else if (/^connection$/iu.test(name)) {
          if (/\bclose\b/iu.test(head[n + 1] ?? '')) to.answer.shouldKeepAlive = false
          n -= drop(head, n)
        }
        break
      case 17:
        if (/^transfer-encoding$/iu.test(name)) n -= drop(head, n)
        break
      case 7:
        if (/^trailer$/iu.test(name)) n -= drop(head, n) // nobody could send them
        break
    }
  }
  if (!hasType && type !== null) head.push('content-type', type)
  if (!hasLength && length !== null) head.push('content-length', String(length))
  if (to.mustClose()) to.answer.shouldKeepAlive = false
}

function drop(head: string[], place: number): 2 {
  head.splice(place, 2)
  return 2
}

function writeHead(answer: ServerResponse, status: number, statusText: string, head: string[]): void {
  if (statusText === '') answer.writeHead(status, head)
  else answer.writeHead(status, statusText, head)
}

/** Sends a response of the web's own, or of undici. */
function sendWeb(to: Delivery, response: globalThis.Response): Green<void> | null {
  if (response.bodyUsed || response.body?.locked === true)
    throw new UsageError(
      `The handler of serve() returned a Response whose body was read already.\n\n${wrongRight('yield* until(response.text()); return response', 'it is empty now', 'yield* until(response.clone().text()); return response')}`,
    )
  const head: string[] = []
  listHeaders(response.headers, head)
  const { status, statusText, body, url } = response
  if (body !== null && url !== '' && DECODED.test(response.headers.get('content-encoding') ?? '')) dropEncoding(head)
  if (body !== null) return sendSource(to, status, statusText, head, body as ReadableStream)
  sendKnown(to, status, statusText, head, null, null)
  return null
}

/** The encodings that `fetch` undoes. */
const DECODED = /^(?:(?:x-)?gzip|deflate|br)(?:\s*,\s*(?:(?:x-)?gzip|deflate|br))*$/iu

/** What `fetch` has decoded still has the headers of what had come. */
function dropEncoding(head: string[]): void {
  for (let n = 0; n < head.length; n += 2) if (/^content-(?:encoding|length)$/iu.test(head[n] ?? '')) n -= drop(head, n)
}

/** Sends the head, and gives what sends the body. */
function sendSource(
  to: Delivery,
  status: number,
  statusText: string,
  head: string[],
  body: Source,
): Green<void> | null {
  const { answer } = to
  checkUnused(body)
  const isUnsent = to.node.method === 'HEAD' || status === 204 || status === 304
  try {
    if (!isUnsent && !(body instanceof Blob)) to.goOn()
    const length = body instanceof Blob ? body.size : null
    completeHead(to, head, typeOf(body), length, length === null)
    // What is said to be the length must be it: what comes behind it on the connection would be misread.
    answer.strictContentLength = true
    writeHead(answer, status, statusText, head)
  } catch (error) {
    discard(body)
    throw error
  }
  if (isUnsent) {
    discard(body)
    answer.end()
    return null
  }
  return pourAll(to, body)
}

/** The pieces that were sent, of those that come once. */
const sent = new WeakSet<object>()

/** Refuses what would be an empty body, or half of one. */
function checkUnused(body: Source): void {
  if (typeof body === 'function' || body instanceof Blob) return
  if (body instanceof ReadableStream) {
    if (body.locked) throw notAgain('is being read by somebody')
  } else if (body instanceof Readable) {
    if (body.destroyed || body.readableEnded) throw notAgain('was read already, or is destroyed', body.errored)
  } else if (!Array.isArray(body)) {
    const comesOnce = body instanceof Cursor || iteratorOf(body) === body
    if (comesOnce && sent.has(body)) throw notAgain('was sent already')
    if (comesOnce) sent.add(body)
  }
}

/** Of pieces that come once it is they themselves. */
function iteratorOf(pieces: Iterable<Chunk> | AsyncIterable<Chunk>): unknown {
  return Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]()
}

function notAgain(why: string, cause: unknown = null): UsageError {
  const text = `The body of a Response that was to be sent ${why}.`
  return new UsageError(
    `${text}\n\n${wrongRight('const page = new Response(pieces()); serve(() => page)', 'the pieces come once', 'serve(() => new Response(pieces()))')}`,
    cause === null ? {} : { cause },
  )
}

function* pourAll(to: Delivery, body: Source): Green<void> {
  const { answer } = to
  answer.flushHeaders()
  const out = new BodyWriter(answer, to.writeTimeoutMs)
  try {
    yield* pour(body, out)
  } finally {
    to.bytes = out.bytes
  }
  answer.end()
}

function* pour(body: Source, out: BodyWriter): Green<void> {
  if (typeof body === 'function') {
    yield* call(body, [out])
  } else if (body instanceof Blob) {
    yield* pourStream(body.stream() as ReadableStream, out) // Node's own types have two of them
  } else if (body instanceof ReadableStream) {
    yield* pourStream(body, out)
  } else if (body instanceof Cursor) {
    yield* pourCursor(body, out)
  } else if (Symbol.asyncIterator in body) {
    yield* pourAsync(body, out)
  } else {
    for (const chunk of body) yield* out.write(chunkOf(chunk))
  }
}

function* pourCursor(cursor: Cursor<Chunk>, out: BodyWriter): Green<void> {
  try {
    while (yield* cursor.next()) yield* out.write(chunkOf(cursor.value))
  } finally {
    cursor[Symbol.dispose]()
  }
}

function* pourStream(stream: ReadableStream, out: BodyWriter): Green<void> {
  const reader = stream.getReader()
  let isOver = false
  try {
    for (;;) {
      const step = yield* until(reader.read())
      isOver = step.done
      if (step.done) return
      yield* out.write(chunkOf(step.value))
    }
  } finally {
    if (!isOver) reader.cancel().then(undefined, ignore)
  }
}

function* pourAsync(source: AsyncIterable<Chunk>, out: BodyWriter): Green<void> {
  const cursor = source[Symbol.asyncIterator]()
  let isOver = false
  try {
    for (;;) {
      const step: IteratorResult<unknown> = yield* until(Promise.resolve(cursor.next()))
      isOver = step.done === true
      if (isOver) return
      yield* out.write(chunkOf(step.value))
    }
  } finally {
    if (!isOver) {
      // A stream that gives nothing would not get to its return().
      if (source instanceof Readable) discard(source)
      closeIterator(cursor)
    }
  }
}

function closeIterator(iterator: { return?: () => unknown }): void {
  try {
    void Promise.resolve(iterator.return?.()).then(undefined, ignore)
  } catch {
    // it was to be closed, and nobody asks it any more
  }
}

function ignore(): void {
  // nobody wants what it has to say
}

/** The body will not be sent: what it reads from is closed. */
function discard(body: Source): void {
  if (typeof body === 'function' || body instanceof Blob) return
  if (body instanceof Readable) body.on('error', ignore).destroy()
  else if (body instanceof ReadableStream) body.cancel().then(undefined, ignore)
  else if (body instanceof Cursor) body[Symbol.dispose]()
  else closeIterator(body as { return?: () => unknown }) // a generator has one
}

function chunkOf(chunk: unknown): Chunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw new UsageError(`The body of a Response expects its pieces to be strings or bytes, but got ${show(chunk)}.`)
}

/** Whether it is a response of the web's own, or of a package that has one of its own, as undici does. */
function isWebResponse(made: unknown): made is globalThis.Response {
  if (made instanceof globalThis.Response) return true
  if (typeof made !== 'object' || made === null) return false
  const { status, headers } = made as { status?: unknown; headers?: unknown } // any object may be asked
  return typeof status === 'number' && typeof headers === 'object' && headers !== null && 'getSetCookie' in headers
}

function notAResponse(made: unknown): UsageError {
  const [wrong, why, right] =
    made === undefined
      ? [
          'function* (request) { new Response(text) }',
          'nothing is returned',
          'function* (request) { return new Response(text) }',
        ]
      : ['return text', 'it has no status and no headers', 'return new Response(text)']
  return new UsageError(
    `The handler of serve() is to return a Response, but returned ${show(made)}.\n\n${wrongRight(wrong, why, right)}`,
  )
}
