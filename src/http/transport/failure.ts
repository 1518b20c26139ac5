/**
 * Every error of a connection, by its name in `requests` and in plain words: of undici, of Node, of TLS, of a proxy.
 *
 * ```
 *   connecting   no connection           ConnectionError, SSLError, ProxyError, ConnectTimeout
 *   waiting      no answer               ConnectionError, ReadTimeout
 *   reading      the body broke off      ChunkedEncodingError, ReadTimeout
 *   any          it cannot be sent       InvalidHeader, InvalidURL, RequestException
 * ```
 *
 * The message says what was asked, what happened, and where there is something to do about it, that; the original is the `cause`.
 *
 * Stands on the names of errors only. Leaves its own time to the exchange.
 */

import {
  ChunkedEncodingError,
  ConnectionError,
  ConnectTimeout,
  type ExceptionContext,
  InvalidHeader,
  InvalidURL,
  type Phase,
  ProxyError,
  ReadTimeout,
  RequestException,
  SSLError,
} from '../exceptions.ts'
import { http } from '../node-http.ts'
import { Reset } from './connector.ts'
import { ProxyFailure } from './tunnel.ts'

/** What errors of Node and of undici may have. */
interface Known extends Error {
  readonly code?: unknown
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
  readonly reason?: unknown
  readonly cert?: { readonly subjectaltname?: string }
  readonly errors?: readonly unknown[]
}

type Kind = new (message: string, context: ExceptionContext) => RequestException

const HEADS: Readonly<Record<Phase, string>> = {
  connecting: 'got no connection',
  waiting: 'got no answer',
  reading: 'got a part of the body only',
}

/** The exception that tells of `error`. One that is an exception of a request already is given back. */
export function failureOf(error: unknown, method: string, url: URL, phase: Phase): RequestException {
  if (error instanceof RequestException) return error
  if (error instanceof Reset) return failureOf(error.cause, method, url, phase)
  const address = shown(url)
  const cause = error instanceof ProxyFailure ? (error.cause ?? error) : error
  const tell = (kind: Kind, head: string, text: string): RequestException =>
    new kind(`${method} ${address} ${head}: ${text}`, { request: { method, url: address }, phase, cause })

  if (error instanceof ProxyFailure) return tell(ProxyError, HEADS[phase], proxyWords(error, url))
  if (!(error instanceof Error)) return tell(RequestException, 'failed', `${String(error)}.`)
  const known: Known = error
  const code = codeOf(known)

  const refusal = refused(known, code)
  if (refusal !== null) return tell(refusal.kind, 'cannot be sent', refusal.text)
  if (isTls(known, code, url, phase)) return tell(SSLError, 'got no safe connection', tlsWords(known, code, url))
  if (code === 'UND_ERR_PRX_TLS') return tell(ProxyError, 'got no safe connection to its proxy', `${known.message}.`)
  if (/^Proxy response/u.test(known.message)) return tell(ProxyError, HEADS[phase], `${known.message}.`)

  const text = words(known, code, url, phase)
  if (text === null) return tell(RequestException, 'failed', `${known.message}${mark(code)}.`)
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return tell(phase === 'connecting' ? ConnectTimeout : ReadTimeout, HEADS[phase], text)
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return tell(ReadTimeout, HEADS[phase], text)
  return tell(phase === 'reading' ? ChunkedEncodingError : ConnectionError, HEADS[phase], text)
}

/** Without user and password: messages are logged. */
function shown(url: URL): string {
  if (url.username === '' && url.password === '') return url.href
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  return copy.href
}

function codeOf({ code }: Known): string {
  return typeof code === 'string' ? code : ''
}

function mark(code: string): string {
  return code === '' ? '' : ` (${code})`
}

// What undici does not send.

function refused({ message }: Known, code: string): { kind: Kind; text: string } | null {
  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return { kind: InvalidHeader, text: 'the body is longer or shorter than the header content-length says.' }
  }
  if (code !== 'UND_ERR_INVALID_ARG' && code !== 'UND_ERR_NOT_SUPPORTED') return null
  if (/header/u.test(message)) return { kind: InvalidHeader, text: `${message}.` }
  return { kind: /path|url/iu.test(message) ? InvalidURL : RequestException, text: `${message}.` }
}

// What the network says.

/** In plain words; null for what is no failure of a connection, such as an error of the body that is sent. */
function words(error: Known, code: string, url: URL, phase: Phase): string | null {
  const where = placesOf(error, url)
  switch (code) {
    case 'ECONNREFUSED':
      return `nobody listens at ${where} (${code}).`
    case 'ENOTFOUND':
      return `there is no host named ${error.hostname ?? url.hostname} (${code}).`
    case 'EAI_AGAIN':
      return `the name ${error.hostname ?? url.hostname} cannot be looked up at the moment (${code}).`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return `there is no way to ${where} (${code}).`
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `${where} did not react in time (${code}).`
    case 'ENOENT':
      return error.address === undefined ? null : `there is no socket ${error.address} (${code}).`
    case 'EACCES':
    case 'EPERM':
      return phase === 'connecting' ? `this process may not connect to ${where} (${code}).` : null
    case 'EMFILE':
    case 'ENFILE':
      return `too many files and connections are open (${code}).`
    case 'EADDRNOTAVAIL':
      return `no address of this machine leads to ${where}, or all its ports are taken (${code}).`
    case 'ECONNRESET':
      return `the server reset the connection (${code}).`
    case 'EPIPE':
      return `the server closed the connection while the request was on its way (${code}).`
    case 'ECONNABORTED':
      return `the connection was aborted (${code}).`
    default:
      return ofUndici(error, code, phase)
  }
}

function ofUndici(error: Known, code: string, phase: Phase): string | null {
  switch (code) {
    case 'UND_ERR_SOCKET':
      return error.message === 'other side closed' || error.message === 'closed'
        ? 'the server closed the connection.'
        : `the server sent what nobody asked for (${error.message}).`
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return phase === 'reading'
        ? 'the server closed the connection before it had sent what its content-length says.'
        : 'what the server sent is not HTTP, or has more than one content-length.'
    case 'UND_ERR_HEADERS_OVERFLOW':
      return `the header of the answer is too long (${code}).`
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return `nothing came from the server for too long (${code}).`
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return 'the session was closed.'
    case 'UND_ERR_ABORTED':
    case 'UND_ERR_ABORT':
      return `it was aborted (${code}).`
    case 'UND_ERR_INFO':
      return `${error.message} (${code}).`
    default:
      return error.name === 'HTTPParserError' ? notHttp(error) : null
  }
}

/** Of `Response does not match the HTTP/1.1 protocol (Expected HTTP/)` what is in brackets; undici's code of it is mostly missing. */
function notHttp({ message }: Known): string {
  const why = /\((.*)\)$/su.exec(message)?.[1]
  return `what the server sent is not HTTP${why === undefined ? '' : ` (${why})`}.`
}

/** Where a connection was tried; a name may stand for several addresses, of which each was. */
function placesOf(error: Known, url: URL): string {
  const tried = error.errors === undefined ? [error] : (error.errors as Known[]) // an AggregateError of Node's, of such errors
  const places = tried.flatMap(({ address, port }) => {
    if (address === undefined) return []
    if (port === undefined) return [address]
    return [`${address.includes(':') ? `[${address}]` : address}:${String(port)}`]
  })
  return places.length === 0 ? url.host : places.join(' and ')
}

// What TLS says.

const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|EPROTO)/u

function isTls({ message }: Known, code: string, url: URL, phase: Phase): boolean {
  if (TLS.test(code)) return true
  // The server hung up in the handshake: Node says so, or has no more than a reset of a connection that was there.
  return url.protocol === 'https:' && phase === 'connecting' && (code === 'ECONNRESET' || /secure TLS/u.test(message))
}

function tlsWords(error: Known, code: string, url: URL): string {
  const pem = 'Where you trust it, give it as `verify`: a file, or PEM.'
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate is for ${namesOf(error)}, not for ${url.hostname} (${code}).`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `the server signed its certificate itself (${code}). ${pem}`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return `the authority that signed the certificate is not a trusted one (${code}). ${pem}`
    case 'CERT_HAS_EXPIRED':
      return `the certificate has expired (${code}).`
    case 'CERT_NOT_YET_VALID':
      return `the certificate is not valid yet (${code}). Is the clock of this machine right?`
    case 'CERT_REVOKED':
      return `the certificate was revoked (${code}).`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `what answers at ${url.host} does not speak TLS (${code}). Is it one for http:?`
    case 'ECONNRESET':
      return `the server closed the connection in the middle of the handshake (${code}).`
    default:
      if (code.endsWith('ALERT_CERTIFICATE_REQUIRED') || code.endsWith('ALERT_HANDSHAKE_FAILURE')) {
        return `the server refused the handshake (${code}). Does it want a certificate? That is \`cert\`.`
      }
      return `${typeof error.reason === 'string' ? error.reason : error.message}${mark(code)}.`
  }
}

/** `DNS:other.example, IP Address:127.0.0.1` as a person writes it. */
function namesOf({ cert }: Known): string {
  const names = (cert?.subjectaltname ?? '').split(', ').map((name) => name.replace(/^[^:]*:/u, ''))
  return names.join(', ') || 'no name at all'
}

// What a proxy says.

function proxyWords(failure: ProxyFailure, url: URL): string {
  const { proxy, target, status, cause } = failure
  if (status !== null) {
    const hint = status === 407 ? ` Its URL can have them: ${proxy.replace('//', '//user:password@')}.` : ''
    return (
      `the proxy ${proxy} refused ${target} with ${String(status)} ${http.STATUS_CODES[status] ?? ''}`.trimEnd() +
      `.${hint}`
    )
  }
  if (!(cause instanceof Error)) return `the proxy ${proxy} refused ${target}: ${failure.message}.`
  const known: Known = cause
  const code = codeOf(known)
  const way = new URL(proxy)
  const text = isTls(known, code, way, 'connecting')
    ? tlsWords(known, code, way)
    : words(known, code, url, 'connecting')?.replace('the server', 'it')
  return `the proxy ${proxy} failed: ${text ?? `${known.message}${mark(code)}.`}`
}
