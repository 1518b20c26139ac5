/**
 * What can go wrong with a request, by the names that users of Python's `requests` know.
 *
 * ```
 *   RequestException
 *   ├─ ConnectionError ── ProxyError, SSLError, ConnectTimeout
 *   ├─ RequestTimeout (requests.Timeout) ── ReadTimeout, and ConnectTimeout by `instanceof`
 *   ├─ HTTPError                              a status of 400 and up, by raiseForStatus()
 *   ├─ TooManyRedirects, RetryError
 *   ├─ InvalidURL ── MissingSchema, InvalidSchema, InvalidProxyURL
 *   ├─ InvalidHeader
 *   ├─ ChunkedEncodingError, ContentDecodingError, ContentTooLarge, StreamConsumedError
 *   ├─ InvalidJSONError ── JSONDecodeError
 *   └─ UnrewindableBodyError
 * ```
 *
 * Stands on the errors of the library. Leaves to the others which error of Node or of undici is which of these.
 */
import { GreenloopError, recognise } from '../errors/classes.ts'

/** The request that an error belongs to, as far as it is known. */
export interface FailedRequest {
  /** `GET`. */
  readonly method: string
  /** Where it went. */
  readonly url: string
}

/** How far a request has come: it waits for a connection (nothing was sent), for the head of the answer, or for its body. */
export type Phase = 'connecting' | 'waiting' | 'reading'

/** What an error knows beside its text. */
export interface ExceptionContext<R = unknown> extends ErrorOptions {
  /** The request that failed. */
  request?: FailedRequest | undefined
  /** The answer, where there was one. */
  response?: R | undefined
  /** How far it had come. */
  phase?: Phase | undefined
}

/**
 * Base of all that can go wrong with a request.
 *
 * @source Python: `requests.exceptions.RequestException`
 */
export class RequestException extends GreenloopError {
  override readonly code: string = 'GREENLOOP_REQUEST'
  /** The request that failed; undefined where it did not come to be one. */
  readonly request: FailedRequest | undefined
  /** The answer, where there was one: a `requests.Response`. */
  readonly response: unknown
  /** How far the exchange had come, where it failed of the world. */
  readonly phase: Phase | undefined

  /**
   * @param message - what happened, as a sentence.
   * @param context - the request, the answer, and the `cause`.
   */
  constructor(message?: string, context: ExceptionContext = {}) {
    super(message, 'cause' in context ? { cause: context.cause } : undefined)
    this.request = context.request
    this.response = context.response
    this.phase = context.phase
  }
}
recognise(RequestException, 'RequestException')

/** The world: no connection, or one that broke before the answer. @source Python: `requests.exceptions.ConnectionError` */
export class ConnectionError extends RequestException {
  override readonly code: string = 'GREENLOOP_CONNECTION'
}
recognise(ConnectionError, 'ConnectionError')

/** The world: the proxy could not be reached, or did not let the request through. */
export class ProxyError extends ConnectionError {
  override readonly code: string = 'GREENLOOP_PROXY'
}
recognise(ProxyError, 'ProxyError')

/** The world: no safe connection: the certificate is wrong, or the handshake failed. */
export class SSLError extends ConnectionError {
  override readonly code: string = 'GREENLOOP_SSL'
}
recognise(SSLError, 'SSLError')

/**
 * The world: it took longer than `timeoutMs`. Not an `Interrupt`, as greenloop's own `Timeout` is: it is a failure of the request.
 *
 * @source Python: `requests.exceptions.Timeout`
 */
export class RequestTimeout extends RequestException {
  override readonly code: string = 'ETIMEDOUT'
}
recognise(RequestTimeout, 'RequestTimeout')

/** The world: there was no connection in time. A {@link ConnectionError}, and for `instanceof` a {@link RequestTimeout}. */
export class ConnectTimeout extends ConnectionError {
  override readonly code: string = 'ETIMEDOUT'
}
recognise(ConnectTimeout, 'ConnectTimeout')
Object.defineProperty(ConnectTimeout.prototype, Symbol.for('greenloop.RequestTimeout'), { value: true })

/** The world: nothing came from the server for too long. */
export class ReadTimeout extends RequestTimeout {}
recognise(ReadTimeout, 'ReadTimeout')

/** The server's answer says no: a status of 400 and up. Thrown by `raiseForStatus()` only. */
export class HTTPError extends RequestException {
  override readonly code: string = 'GREENLOOP_HTTP'
}
recognise(HTTPError, 'HTTPError')

/** The server: it sent the request on and on. `response` is the last answer. */
export class TooManyRedirects extends RequestException {
  override readonly code: string = 'GREENLOOP_TOO_MANY_REDIRECTS'
}
recognise(TooManyRedirects, 'TooManyRedirects')

/** The server: all tries that `retries` allows came to nothing. `cause` is what the last one failed of. */
export class RetryError extends RequestException {
  override readonly code: string = 'GREENLOOP_RETRY'
}
recognise(RetryError, 'RetryError')

/** The URL cannot be one of a request: of the program, or of a redirect. */
export class InvalidURL extends RequestException {
  override readonly code: string = 'GREENLOOP_INVALID_URL'
}
recognise(InvalidURL, 'InvalidURL')

/** The URL has no `http:` or `https:` before it. */
export class MissingSchema extends InvalidURL {}
recognise(MissingSchema, 'MissingSchema')

/** The URL is one of something else: `ftp:`. */
export class InvalidSchema extends InvalidURL {}
recognise(InvalidSchema, 'InvalidSchema')

/** The URL of the proxy is none. */
export class InvalidProxyURL extends InvalidURL {}
recognise(InvalidProxyURL, 'InvalidProxyURL')

/** A header's name or value cannot be sent: it has a line break, or a character that headers cannot have. */
export class InvalidHeader extends RequestException {
  override readonly code: string = 'GREENLOOP_INVALID_HEADER'
}
recognise(InvalidHeader, 'InvalidHeader')

/** The world: the body broke off, or is not what the header says it is. */
export class ChunkedEncodingError extends RequestException {
  override readonly code: string = 'GREENLOOP_CHUNKED_ENCODING'
}
recognise(ChunkedEncodingError, 'ChunkedEncodingError')

/** The server: the body is not what `content-encoding` says, or is cut short. */
export class ContentDecodingError extends RequestException {
  override readonly code: string = 'GREENLOOP_CONTENT_DECODING'
}
recognise(ContentDecodingError, 'ContentDecodingError')

/** The server: the body is longer than `bodyLimit` allows, as it came or when it was decompressed. Not in Python. */
export class ContentTooLarge extends RequestException {
  override readonly code: string = 'GREENLOOP_CONTENT_TOO_LARGE'
}
recognise(ContentTooLarge, 'ContentTooLarge')

/** Your program: the body of a response was read twice, chunk by chunk. */
export class StreamConsumedError extends RequestException {
  override readonly code: string = 'GREENLOOP_STREAM_CONSUMED'
}
recognise(StreamConsumedError, 'StreamConsumedError')

/** What was given as `json` cannot be JSON. */
export class InvalidJSONError extends RequestException {
  override readonly code: string = 'GREENLOOP_INVALID_JSON'
}
recognise(InvalidJSONError, 'InvalidJSONError')

/** The server: the body is no JSON. */
export class JSONDecodeError extends InvalidJSONError {}
recognise(JSONDecodeError, 'JSONDecodeError')

/** The body has been sent, and cannot be sent again, as the redirect or the authentication asks: it was a stream. */
export class UnrewindableBodyError extends RequestException {
  override readonly code: string = 'GREENLOOP_UNREWINDABLE_BODY'
}
recognise(UnrewindableBodyError, 'UnrewindableBodyError')
