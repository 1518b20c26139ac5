/**
 * How a server of HTTP is told to work: where it listens, what it allows its clients, what it writes down.
 *
 * The limits are such that nothing a client does keeps something of the server for ever. Most are Node's to keep; which requests are refused
 * beyond them is here, too.
 *
 * Stands on the listeners of `net`, and on Node's server.
 */

import type { IncomingMessage, ServerOptions as NodeServerOptions, Server } from 'node:http'
import type net from 'node:net'
import { constants } from 'node:os'
import type tls from 'node:tls'
import { UsageError } from '../../errors/classes.ts'
import { checkMs, checkOptions, show } from '../../errors/usage.ts'
import { type Place, placeOf } from '../../net/server/listener.ts'
import { Group } from '../../pools/group.ts'
import { Pool } from '../../pools/pool.ts'
import { http, https } from '../node-http.ts'
import { checkLimit, type ServerRequest } from './request.ts'

/** One line of the access log. */
export interface LogEntry {
  /** What was asked. */
  readonly request: ServerRequest
  /** The status of the answer; 0: there was none, since the client went before. */
  readonly status: number
  /** How many bytes of a body were sent. */
  readonly bytes: number
  /** How long it took from the head of the request to the end of its greenlet, in milliseconds. */
  readonly ms: number
  /** The address of the client; empty for a Unix socket. */
  readonly remoteAddress: string
  /** When it ended. */
  readonly at: Date
}

/** Where an access log is written to. */
export interface LogStream {
  /** Is given one line at a time, with its end. */
  write(text: string): unknown
}

/** What becomes of a connection that is to be something else: a generator function, or any function. */
export type UpgradeHandler = (request: ServerRequest, socket: net.Socket, head: Buffer) => unknown

/** How `serve` works. */
export interface ServeOptions {
  /** The port; 0 lets the machine choose one. @defaultValue 8000 */
  port?: number
  /** The address; empty: all of this machine's. @defaultValue '127.0.0.1' */
  host?: string
  /** The path of a Unix socket, instead of a port. */
  path?: string
  /** How many connections the machine keeps waiting. @defaultValue Node's: 511 */
  backlog?: number
  /** Makes it a server of HTTPS: Node's options, `key` and `cert` above all. */
  tls?: tls.TlsOptions
  /** How many requests are handled at a time, the others wait: a number, or a pool; a group does not limit. @defaultValue any number */
  spawn?: number | Pool | Group
  /**
   * Is given the connections that are to become something else, such as a web socket, each in a greenlet of its own. A `Response` that it
   * returns refuses. Without it such a request is one like any other.
   */
  upgrade?: UpgradeHandler
  /** The access log: true for standard output, a stream, or a function. @defaultValue false */
  log?: boolean | LogStream | ((entry: LogEntry) => unknown)
  /** The signals that stop it. @defaultValue ['SIGTERM'] */
  signals?: readonly NodeJS.Signals[] | false
  /** How long it waits for what runs when a signal stops it, in milliseconds, before it kills. @defaultValue 5000 */
  graceMs?: number
  /** How long `stop` waits for what runs, in milliseconds, before it kills. @defaultValue 1000 */
  stopTimeoutMs?: number
  /** How many bytes of a body are read, unless the handler says otherwise; `Infinity`: any number. @defaultValue 1 MiB */
  bodyLimit?: number
  /** How many bytes the head of a request may have. @defaultValue 16384 */
  maxHeaderBytes?: number
  /** How many headers a request may have. @defaultValue 100 */
  maxHeaders?: number
  /** How long the head of a request may take to come, in milliseconds. @defaultValue 20000 */
  headersTimeoutMs?: number
  /** How long a whole request may take to come, in milliseconds; `Infinity`: any time. @defaultValue 300000 */
  requestTimeoutMs?: number
  /** How long a connection is kept on which nothing is asked, in milliseconds. @defaultValue 5000 */
  keepAliveTimeoutMs?: number
  /** How long a handler may take until it returns its response, in milliseconds; then the answer is 503. @defaultValue Infinity */
  handlerTimeoutMs?: number
  /** How long a client may take nothing of what is sent to it, in milliseconds, before it is dropped. @defaultValue 30000 */
  writeTimeoutMs?: number
  /** How many connections there may be; more are closed at once. @defaultValue Infinity */
  maxConnections?: number
  /** How many requests may come on one connection. @defaultValue Infinity */
  maxRequestsPerConnection?: number
}

/** What was not said is filled in. */
export interface Settings
  extends Required<
    Omit<ServeOptions, 'port' | 'host' | 'path' | 'backlog' | 'tls' | 'spawn' | 'upgrade' | 'log' | 'signals'>
  > {
  readonly place: Place
  readonly backlog: number | undefined
  readonly tls: tls.TlsOptions | null
  readonly pool: Pool | Group | null
  readonly upgrade: UpgradeHandler | null
  readonly log: ((entry: LogEntry) => unknown) | null
  readonly signals: readonly NodeJS.Signals[]
}

const CALL = 'serve()'
/** Nobody can listen for these. */
const UNHEARD: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSTOP'])

const NAMES: Readonly<Record<keyof ServeOptions, true>> = {
  port: true,
  host: true,
  path: true,
  backlog: true,
  tls: true,
  spawn: true,
  upgrade: true,
  log: true,
  signals: true,
  graceMs: true,
  stopTimeoutMs: true,
  bodyLimit: true,
  maxHeaderBytes: true,
  maxHeaders: true,
  headersTimeoutMs: true,
  requestTimeoutMs: true,
  keepAliveTimeoutMs: true,
  handlerTimeoutMs: true,
  writeTimeoutMs: true,
  maxConnections: true,
  maxRequestsPerConnection: true,
}

/** What others call them. */
const MEANT: Readonly<Record<string, string>> = {
  timeout: '`handlerTimeoutMs`, in milliseconds',
  timeoutMs: '`handlerTimeoutMs`',
  requestTimeout: '`requestTimeoutMs`',
  headersTimeout: '`headersTimeoutMs`',
  keepAliveTimeout: '`keepAliveTimeoutMs`',
  maxHeaderSize: '`maxHeaderBytes`',
  hostname: '`host`',
  pool: '`spawn`',
  key: '`tls`: { key, cert }',
  cert: '`tls`: { key, cert }',
}

function unknownOption(name: string): UsageError {
  const meant = Object.hasOwn(MEANT, name) ? MEANT[name] : undefined
  const instead = meant === undefined ? `it has ${Object.keys(NAMES).join(', ')}` : `what is meant is ${meant}`
  return new UsageError(`${CALL} has no option \`${name}\`; ${instead}.`)
}

/** Checks the options, and fills in what they do not say. */
export function readServeOptions(options: ServeOptions): Settings {
  checkOptions(CALL, options, '{ port: 8000 }')
  for (const name of Object.keys(options)) if (!Object.hasOwn(NAMES, name)) throw unknownOption(name)
  const { backlog, tls: tlsOptions = null, upgrade = null, signals = ['SIGTERM'] } = options
  if (upgrade !== null && typeof upgrade !== 'function')
    throw new UsageError(`${CALL} expects \`upgrade\` to be a function, but got ${show(upgrade)}.`)
  if (tlsOptions !== null) checkOptions(CALL, tlsOptions, '{ tls: { key, cert } }')
  if (signals !== false && !Array.isArray(signals))
    throw new UsageError(`${CALL} expects \`signals\` to be a list of signals or false, but got ${show(signals)}.`)
  for (const signal of (signals === false ? [] : signals) as readonly string[])
    if (!Object.hasOwn(constants.signals, signal) || UNHEARD.has(signal))
      throw new UsageError(
        `${CALL} expects \`signals\` to be signals that can be listened for, but got ${show(signal)}.`,
      )
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog >= 1))
    throw new UsageError(`${CALL} expects \`backlog\` to be an integer, 1 or more, but got ${show(backlog)}.`)
  const settings: Settings = {
    place: placeFor(options),
    backlog,
    tls: tlsOptions,
    pool: poolFor(options.spawn),
    upgrade,
    log: logFor(options.log),
    signals: signals === false ? [] : signals,
    graceMs: milliseconds('graceMs', options.graceMs, 5000),
    stopTimeoutMs: milliseconds('stopTimeoutMs', options.stopTimeoutMs, 1000),
    bodyLimit: options.bodyLimit ?? 2 ** 20,
    maxHeaderBytes: count('maxHeaderBytes', options.maxHeaderBytes, 16_384),
    maxHeaders: count('maxHeaders', options.maxHeaders, 100),
    headersTimeoutMs: milliseconds('headersTimeoutMs', options.headersTimeoutMs, 20_000),
    requestTimeoutMs: milliseconds('requestTimeoutMs', options.requestTimeoutMs, 300_000),
    keepAliveTimeoutMs: milliseconds('keepAliveTimeoutMs', options.keepAliveTimeoutMs, 5000),
    handlerTimeoutMs: milliseconds('handlerTimeoutMs', options.handlerTimeoutMs, Infinity),
    writeTimeoutMs: milliseconds('writeTimeoutMs', options.writeTimeoutMs, 30_000),
    maxConnections: count('maxConnections', options.maxConnections, Infinity),
    maxRequestsPerConnection: count('maxRequestsPerConnection', options.maxRequestsPerConnection, Infinity),
  }
  checkLimit(CALL, 'bodyLimit', settings.bodyLimit)
  return settings
}

function milliseconds(name: string, given: number | undefined, usual: number): number {
  if (given !== undefined) checkMs(CALL, name, given)
  return given ?? usual
}

function count(name: string, given: number | undefined, usual: number): number {
  if (given === undefined) return usual
  if (given === Infinity || (Number.isInteger(given) && given >= 1)) return given
  throw new UsageError(`${CALL} expects \`${name}\` to be an integer, 1 or more, or Infinity, but got ${show(given)}.`)
}

function placeFor({ port = 8000, host = '127.0.0.1', path }: ServeOptions): Place {
  if (path !== undefined) {
    if (typeof path === 'string' && path !== '') return { path }
    throw new UsageError(`${CALL} expects \`path\` to be the path of a Unix socket, but got ${show(path)}.`)
  }
  if (typeof host !== 'string') throw new UsageError(`${CALL} expects \`host\` to be a string, but got ${show(host)}.`)
  const place = placeOf([host, port])
  if (place !== null) return place
  throw new UsageError(`${CALL} expects \`port\` to be an integer from 0 to 65535, but got ${show(port)}.`)
}

function poolFor(spawn: ServeOptions['spawn']): Pool | Group | null {
  if (spawn === undefined) return null
  if (spawn instanceof Pool || spawn instanceof Group) return spawn
  if (Number.isInteger(spawn) && spawn > 0) return new Pool(spawn)
  throw new UsageError(
    `${CALL} expects \`spawn\` to be a number of places from 1 on, a Pool or a Group, but got ${show(spawn)}.`,
  )
}

function logFor(log: ServeOptions['log']): Settings['log'] {
  if (log === undefined || log === false) return null
  if (typeof log === 'function') return log
  const stream = log === true ? process.stdout : log
  if (typeof (stream as LogStream | null)?.write !== 'function')
    throw new UsageError(`${CALL} expects \`log\` to be a boolean, a stream or a function, but got ${show(log)}.`)
  return (entry) => {
    stream.write(`${logLine(entry)}\n`)
  }
}

/** An entry as pywsgi writes it. */
function logLine({ request, status, bytes, ms, remoteAddress, at }: LogEntry): string {
  const { method = '', url = '', httpVersion } = request.node
  const line = escaped(`${method} ${url} HTTP/${httpVersion}`)
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('-')
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')
  const answer = `${status === 0 ? '-' : status} ${status === 0 ? '-' : bytes} ${(ms / 1000).toFixed(6)}`
  return `${remoteAddress === '' ? '-' : remoteAddress} - - [${day} ${time}] "${line}" ${answer}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** What a client has sent, so that it can neither end the line nor look like something else. */
function escaped(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7E]|["\\]/gu,
    (one) => `\\x${(one.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  )
}

/** How often Node looks for those who are too slow, at the most and at the least. */
const [OFTEN_MS, SELDOM_MS] = [20, 5000]

/** Node's server, with these limits. */
export function nodeServer(settings: Settings): Server {
  const { headersTimeoutMs, requestTimeoutMs, maxHeaderBytes, keepAliveTimeoutMs, maxHeaders } = settings
  const requestTimeout = forNode(requestTimeoutMs)
  // Node wants the head to be due before the whole.
  const headersTimeout = Math.min(forNode(headersTimeoutMs), requestTimeout === 0 ? Infinity : requestTimeout)
  const soonest = Math.min(headersTimeoutMs, requestTimeoutMs)
  const options: NodeServerOptions & { headersTimeout: number } = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval: Math.min(SELDOM_MS, Math.max(OFTEN_MS, Math.floor(soonest / 4))),
    keepAliveTimeout: forNode(keepAliveTimeoutMs),
    insecureHTTPParser: false,
  }
  const { tls: secure, maxConnections } = settings
  const server: Server = secure === null ? http.createServer(options) : https.createServer({ ...secure, ...options })
  server.maxHeadersCount = maxHeaders + 1 // one more, to see that there are too many
  if (maxConnections !== Infinity) server.maxConnections = maxConnections
  return server
}

/** Node's number for a time: 0 is none, and it takes no more than so much. */
function forNode(ms: number): number {
  return ms === Infinity ? 0 : Math.max(1, Math.min(Math.ceil(ms), 2 ** 31 - 1))
}

/** A name or an address, and a port: what may stand in `Host`, and in a URL, without being read as something else there. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(?::\d*)?$/iu
/** A whole URL as the target of a request: without a user, and with a host. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d*)?(?:[/?]|$)/iu

const SLASH = 47

/** The status with which a request is refused that Node lets through; 0: it is not. */
export function refusalOf(node: IncomingMessage, maxHeaders: number): number {
  const { rawHeaders, headers, httpVersionMajor, httpVersionMinor, url } = node
  if (rawHeaders.length > 2 * maxHeaders) return 431
  if (httpVersionMajor !== 1) return 505
  let hosts = 0
  for (let n = 0; n < rawHeaders.length; n += 2)
    if (rawHeaders[n]?.length === 4 && rawHeaders[n]?.toLowerCase() === 'host') hosts++
  if (hosts > 1 || (hosts === 1 && !HOST.test(headers.host ?? ''))) return 400
  if (url !== undefined && url.charCodeAt(0) !== SLASH && url !== '*' && !ABSOLUTE.test(url)) return 400
  const { expect, 'transfer-encoding': encoding } = headers
  if (expect !== undefined && httpVersionMinor === 1 && !/^100-continue$/iu.test(expect)) return 417
  if (encoding === undefined) return 0
  // What other encodings there were, we would hand on as the body.
  if (encoding.toLowerCase() !== 'chunked') return /\bchunked$/iu.test(encoding) ? 501 : 400
  return httpVersionMinor === 0 ? 400 : 0
}

/** Whether it asks for another protocol. */
export function asksForUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /\bupgrade\b/iu.test(headers.connection ?? '')
}

/** Whether somebody is there who can be told. */
export function isRefusable({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** The status that says what Node found wrong. */
export function statusOf({ code }: NodeJS.ErrnoException): number {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  return code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW' ? 431 : 400
}
