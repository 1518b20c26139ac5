/**
 * Connections that go through a proxy: it is asked to connect to the server, by HTTP's `CONNECT host:port` or in SOCKS5, and then hands
 * on bytes.
 *
 * ```
 *   to the proxy ── CONNECT ──▶ 200 ── https: the handshake with the server, through it
 *        │             └──▶ 407, 403, 502: ProxyFailure 'refused'
 *        └──▶ no connection: ProxyFailure 'connecting'
 * ```
 *
 * It is not undici's ProxyAgent and Socks5ProxyAgent (7.30) that do this, for the sake of what they cannot: a tunnel that is half made can be
 * given up at every step, the limit of connections is that of the server's host, a failure of the proxy is told from one of the server, the
 * proxy's answer is known, and no clock but the hub's runs.
 *
 * Stands on the connector, and on undici's Client, which speaks HTTP with the proxy. Leaves to `agents.ts` which of the two it is.
 */
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { buildConnector } from '../undici.ts'
import { Client } from '../undici.ts'
import { type Connect, Once } from './connector.ts'

/** The proxy's part in a failure. The `cause` is what it came to, when it was no answer. */
export class ProxyFailure extends Error {
  override readonly name: string = 'ProxyFailure'
  /** Where it is, without user and password. */
  readonly proxy: string
  /** What it was asked for: `example.org:443`. */
  readonly target: string
  /** The status with which it refused; null when there was no answer. */
  readonly status: number | null

  constructor(proxy: URL, target: string, status: number | null, message: string, options?: ErrorOptions) {
    super(message, options)
    this.proxy = `${proxy.protocol}//${proxy.host}`
    this.target = target
    this.status = status
  }
}

/** User and password of a proxy's URL, as they are meant; null: it has none. */
export function credentials({ username, password }: URL): { user: string; password: string } | null {
  return username === '' && password === '' ? null : { user: meant(username), password: meant(password) }
}

function meant(escaped: string): string {
  try {
    return decodeURIComponent(escaped)
  } catch {
    return escaped // a percent sign that stands for itself
  }
}

/** Where a target is, as a proxy is told. */
function addressOf({ hostname, port, protocol }: buildConnector.Options): { host: string; port: number } {
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

/** `host:port`, with an IPv6 address in brackets. */
function authority({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`
}

/**
 * Connects through an HTTP proxy.
 *
 * @param toProxy - makes the connection to the proxy.
 * @param toServer - makes the connection safe, for `https:`.
 * @param authorization - for the header `proxy-authorization`; null: none.
 */
export function tunnel(proxy: URL, authorization: string | null, toProxy: Connect, toServer: Connect): Connect {
  return (options, callback) => new Tunnel(proxy, authorization, toProxy, toServer, options, callback)
}

class Tunnel extends Once {
  readonly #client: Client
  readonly #proxy: URL
  readonly #toServer: Connect
  readonly #options: buildConnector.Options
  readonly #target: string
  /** The step that can be given up now. */
  #step: { destroy(error: Error): void } | null = null

  constructor(
    proxy: URL,
    authorization: string | null,
    toProxy: Connect,
    toServer: Connect,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ) {
    super(callback)
    this.#proxy = proxy
    this.#toServer = toServer
    this.#options = options
    this.#target = authority(addressOf(options))
    this.#client = new Client(proxy.origin, {
      headersTimeout: 0,
      connect: (own, connected) => {
        this.#step = toProxy(own, connected)
      },
    })
    const headers = ['host', this.#target, 'proxy-connection', 'keep-alive']
    if (authorization !== null) headers.push('proxy-authorization', authorization)
    this.#client.connect({ path: this.#target, headers }, (error, answer) => {
      this.#step = null
      if (error !== null) this.#failed(null, 'The proxy could not be reached, or gave no answer.', { cause: error })
      else this.#answered(answer.statusCode, answer.socket)
    })
  }

  /** Gives up, wherever it is. */
  override destroy(error: Error): void {
    if (this.over) return
    this.#step?.destroy(error)
    this.#client.destroy(error, ignore)
    queueMicrotask(() => {
      super.destroy(error)
    })
  }

  #failed(status: number | null, message: string, options?: ErrorOptions): void {
    this.#client.destroy(ignore)
    this.call(new ProxyFailure(this.#proxy, this.#target, status, message, options), null)
  }

  #answered(status: number, duplex: Duplex): void {
    const socket = duplex as Parameters<buildConnector.Callback>[1] & Duplex // it is the one that toProxy has made
    if (this.over || status !== 200) {
      socket.on('error', ignore).destroy()
      this.#failed(status, `The proxy answered ${String(status)}.`)
      return
    }
    if (this.#options.protocol !== 'https:') {
      this.call(null, socket)
      return
    }
    // A connection that breaks in the handshake is told by the safe one, which stands on it.
    socket.on('error', ignore)
    this.#step = this.#toServer({ ...this.#options, httpSocket: socket }, (...outcome) => {
      this.#step = null
      if (outcome[0] !== null) socket.destroy()
      this.call(...outcome)
    })
  }
}

// SOCKS5, by RFC 1928, with user and password by RFC 1929.

const VERSION = 5
const NO_METHOD = 0xff
const BY_PASSWORD = 2
const PORT = 1080

/** What the proxy says no with. */
const REFUSALS: readonly string[] = [
  '',
  'something failed there',
  'its rules do not allow it',
  'the network cannot be reached',
  'the host cannot be reached',
  'the server refused the connection',
  'it took too long',
  'it cannot connect',
  'it does not know this kind of address',
]

/**
 * Connects through a SOCKS5 proxy, which looks the server's name up.
 *
 * @param toProxy - makes the connection to the proxy.
 * @param toServer - makes the connection safe, for `https:`.
 */
export function socks(proxy: URL, toProxy: Connect, toServer: Connect): Connect {
  return (options, callback) => new Socks(proxy, toProxy, toServer, options, callback)
}

class Socks extends Once {
  readonly #proxy: URL
  readonly #target: { host: string; port: number }
  readonly #toServer: Connect
  readonly #options: buildConnector.Options
  #step: { destroy(error: Error): void }

  constructor(
    proxy: URL,
    toProxy: Connect,
    toServer: Connect,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ) {
    super(callback)
    this.#proxy = proxy
    this.#target = addressOf(options)
    this.#toServer = toServer
    this.#options = options
    const { hostname, port } = proxy
    const target = {
      hostname: hostname.replace(/^\[|\]$/gu, ''),
      port: port === '' ? String(PORT) : port,
      protocol: 'http:',
    }
    this.#step = toProxy(target, (error, socket) => {
      if (error === null) this.#talk(socket)
      else this.#failed('The proxy could not be reached.', { cause: error })
    })
  }

  /** Gives up, wherever it is. */
  override destroy(error: Error): void {
    if (this.over) return
    this.#step.destroy(error)
    queueMicrotask(() => {
      super.destroy(error)
    })
  }

  #failed(message: string, options?: ErrorOptions): void {
    this.call(new ProxyFailure(this.#proxy, authority(this.#target), null, message, options), null)
  }

  #talk(socket: Socket): void {
    const talk = conversation(socket, this.#proxy, this.#target)
    let wanted = talk.next()
    const stop = (): void => {
      socket.off('readable', read).off('close', broken)
    }
    const broken = (): void => {
      stop()
      this.#failed('it closed the connection')
    }
    const read = (): void => {
      while (wanted.done !== true) {
        const bytes = socket.read(wanted.value) as Buffer | null // the connection has no encoding
        if (bytes === null || bytes.length < wanted.value) return // what is left of it when it ends
        wanted = talk.next(bytes)
      }
      stop()
      if (wanted.value === null) this.#through(socket)
      else {
        socket.destroy()
        this.#failed(wanted.value)
      }
    }
    socket.on('readable', read).on('close', broken)
  }

  #through(socket: Socket): void {
    if (this.#options.protocol !== 'https:') {
      this.call(null, socket)
      return
    }
    this.#step = this.#toServer({ ...this.#options, httpSocket: socket }, (...outcome) => {
      if (outcome[0] !== null) socket.destroy()
      this.call(...outcome)
    })
  }
}

/** Yields how many bytes are to come; returns why the proxy refuses, or null. */
function* conversation(
  socket: Socket,
  proxy: URL,
  target: { host: string; port: number },
): Generator<number, string | null, Buffer> {
  const known = credentials(proxy)
  socket.write(Buffer.from(known === null ? [VERSION, 1, 0] : [VERSION, 2, 0, BY_PASSWORD]))
  const [version, method] = yield 2
  if (version !== VERSION) return 'it does not speak SOCKS5'
  if (method === NO_METHOD) return known === null ? 'it wants a user and a password' : 'it takes no password'
  if (method === BY_PASSWORD && known !== null) {
    socket.write(Buffer.concat([Buffer.of(1), sized(known.user), sized(known.password)]))
    const [, denied] = yield 2
    if (denied !== 0) return 'it does not take this user and password'
  }
  const port = Buffer.alloc(2)
  port.writeUInt16BE(target.port)
  socket.write(Buffer.concat([Buffer.of(VERSION, 1, 0), address(target.host), port]))
  const [, refused = 1, , kind] = yield 4
  if (refused !== 0) return REFUSALS[refused] ?? `it answered with ${String(refused)}`
  // Where it is bound there: of no use, but it has to be read.
  let length = 4
  if (kind === 4) length = 16
  else if (kind === 3) length = (yield 1)[0] ?? 0
  yield length + 2
  return null
}

/** A text with its length before it; longer than 255 bytes cannot be said. */
function sized(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function address(host: string): Buffer {
  if (isIPv4(host)) return Buffer.of(1, ...host.split('.').map(Number))
  if (isIPv6(host)) return Buffer.concat([Buffer.of(4), ipv6(host)])
  return Buffer.concat([Buffer.of(3), sized(host)])
}

function ipv6(host: string): Buffer {
  const [head = [], tail = []] = host.split('::').map((side) => (side === '' ? [] : side.split(':')))
  const zeros = host.includes('::') ? Array.from({ length: 8 - head.length - tail.length }, () => '0') : []
  const bytes = Buffer.alloc(16)
  for (const [at, group] of [...head, ...zeros, ...tail].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2)
  return bytes
}

function ignore(): void {
  // Whoever is to know of it has been told, or nobody is.
}
