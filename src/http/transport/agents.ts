/**
 * The dispatchers of a session: one for each way to a server (which certificates are trusted, which one is shown, through which proxy), made
 * when it is first needed. The usual way, with the usual authorities and no proxy, is a field.
 *
 * Stands on `hosts.ts`, which keeps the connections, and on the connectors. Leaves to `proxies.ts` which proxy a URL goes through.
 */
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { buildConnector, Dispatcher } from 'undici'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Connect, direct } from './connector.ts'
import { Hosts } from './hosts.ts'
import { credentials, ProxyFailure, socks, tunnel } from './tunnel.ts'

/** Text or bytes of PEM, or the path of a file with them. */
export type Pem = string | Buffer

/** Which authorities are trusted. true: the usual ones; false: the certificate is not looked at; else these only. */
export type Verify = boolean | Pem | readonly Pem[]

/** The certificate that is shown to the server: a file with it and its key, or both. */
export type Certificate =
  | Pem
  | readonly [cert: Pem, key: Pem]
  | {
      /** The certificate. */
      readonly cert: Pem
      /** Its key; left out: it is in the same file. */
      readonly key?: Pem
      /** For a key that is encrypted. */
      readonly passphrase?: string
    }

/** A way to a server. */
export interface Route {
  readonly verify: Verify
  readonly cert: Certificate | undefined
  /** `http:`, `https:`, `socks5:` or `socks5h:`, with user and password where it wants them; null: straight. */
  readonly proxy: URL | null
}

/** What the connections of a session have in common. */
export interface AgentsOptions {
  /** How many there may be to one host at a time. @defaultValue no limit */
  readonly connectionsPerHost?: number | null | undefined
  /** How long a free one is kept, in milliseconds, unless the server says something else. @defaultValue 4000 */
  readonly keepAliveMs?: number | undefined
  /** How long the header of an answer may be, in bytes. @defaultValue 16384 */
  readonly maxHeaderBytes?: number | undefined
  /** The path of a Unix socket, to which all requests go that no proxy takes. */
  readonly socketPath?: string | undefined
}

/** The dispatchers of a session. */
export class Agents {
  readonly #options: AgentsOptions
  #usual: Hosts | null = null
  readonly #others = new Map<string, Hosts>()
  /** The latest of the others, and what was asked for: the next request mostly asks for the same. */
  #latest: { route: Route; hosts: Hosts } | null = null
  #closed = false

  constructor(options: AgentsOptions = {}) {
    this.#options = options
  }

  /**
   * The dispatcher for a URL.
   *
   * @throws UsageError for a file that cannot be read, and after `close()`.
   */
  dispatcherFor(url: URL, route: Route): Dispatcher {
    if (this.#closed) throw new UsageError(`The session was closed, and ${url.origin} cannot be asked any more.`)
    if (route.verify === true && route.cert === undefined && route.proxy === null) {
      return (this.#usual ??= this.#make(route))
    }
    const latest = this.#latest
    if (latest !== null && isSame(latest.route, route)) return latest.hosts
    const key = keyOf(route)
    let hosts = this.#others.get(key)
    if (hosts === undefined) {
      hosts = this.#make(route)
      this.#others.set(key, hosts)
    }
    this.#latest = { route: { ...route }, hosts }
    return hosts
  }

  /** Whether nothing more is taken. */
  get closed(): boolean {
    return this.#closed
  }

  /** Lets run what runs, and takes nothing more. */
  close(): void {
    this.#closed = true
    for (const hosts of this.#all()) void hosts.close()
  }

  /** Ends what runs, too: it fails. */
  destroy(): void {
    this.#closed = true
    for (const hosts of this.#all()) void hosts.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  *#all(): Generator<Hosts> {
    if (this.#usual !== null) yield this.#usual
    yield* this.#others.values()
  }

  #make({ verify, cert, proxy }: Route): Hosts {
    const { connectionsPerHost, keepAliveMs, maxHeaderBytes, socketPath } = this.#options
    const trust = safe(verify, {})
    const tls = cert === undefined ? trust : safe(verify, identityOf(cert))
    const server = direct(socketPath === undefined || proxy !== null ? tls : { ...tls, socketPath })
    const authorization = proxy === null ? null : authorizationOf(proxy)
    const toProxy = direct(trust)
    return new Hosts({
      connect: proxy === null ? server : through(proxy, authorization, toProxy, server),
      limit: connectionsPerHost ?? Infinity,
      client: {
        pipelining: 1,
        // Time is counted by the exchange, on the hub's clock.
        headersTimeout: 0,
        bodyTimeout: 0,
        ...(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs }),
        ...(maxHeaderBytes === undefined ? {} : { maxHeaderSize: maxHeaderBytes }),
      },
      proxied: proxy !== null,
      forward: proxy === null || !isHttp(proxy) ? null : { proxy, authorization, connect: named(proxy, toProxy) },
    })
  }
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:'
}

function through(proxy: URL, authorization: string | null, toProxy: Connect, server: Connect): Connect {
  return isHttp(proxy) ? tunnel(proxy, authorization, toProxy, server) : socks(proxy, toProxy, server)
}

/** Connects to the proxy, and says that it was the proxy when it fails. */
function named(proxy: URL, toProxy: Connect): Connect {
  return (options, callback) =>
    toProxy(options, (...outcome) => {
      const [error] = outcome
      if (error === null) callback(...outcome)
      else callback(new ProxyFailure(proxy, '', null, 'The proxy could not be reached.', { cause: error }), null)
    })
}

/** What a proxy is told of user and password, in its header. */
function authorizationOf(proxy: URL): string | null {
  const known = credentials(proxy)
  return known === null ? null : `Basic ${Buffer.from(`${known.user}:${known.password}`).toString('base64')}`
}

// What tells the ways apart.

function isSame(one: Route, other: Route): boolean {
  return (
    one.verify === other.verify &&
    one.cert === other.cert &&
    (one.proxy === other.proxy || (one.proxy !== null && one.proxy.href === other.proxy?.href))
  )
}

function keyOf({ verify, cert, proxy }: Route): string {
  return JSON.stringify([verify, cert ?? null, proxy === null ? null : proxy.href], (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  )
}

// Certificates.

/** The options of TLS, with the certificates read and understood once for all connections. */
function safe(verify: Verify, identity: SecureContextOptions): buildConnector.BuildOptions {
  const check = verify === false ? { rejectUnauthorized: false } : {}
  const trust = typeof verify === 'boolean' ? {} : trustOf(verify)
  if (trust.ca === undefined && identity.cert === undefined) return check
  try {
    return { ...check, secureContext: createSecureContext({ ...trust, ...identity }) }
  } catch (cause) {
    throw new UsageError(`\`verify\` or \`cert\` cannot be used: ${(cause as Error).message}.`, { cause })
  }
}

function trustOf(verify: Pem | readonly Pem[]): SecureContextOptions {
  const given = Array.isArray(verify) ? (verify as readonly unknown[]) : [verify]
  if (given.length === 0 || !given.every(isPem)) {
    throw new UsageError(
      `\`verify\` is expected to be a boolean, a file of certificates, or certificates as PEM, but got ${show(verify)}.`,
    )
  }
  return { ca: given.map((one) => contentOf(one, 'verify', 'certificates of authorities')) }
}

function identityOf(cert: Certificate): SecureContextOptions {
  const parts = partsOf(cert)
  if (parts === null) {
    throw new UsageError(
      `\`cert\` is expected to be a file with a certificate and its key, [cert, key], or { cert, key, passphrase }, but got ${show(cert)}.`,
    )
  }
  const content = contentOf(parts.cert, 'cert', 'a certificate')
  return {
    cert: content,
    key: parts.key === undefined ? content : contentOf(parts.key, 'cert', 'a key'),
    ...(parts.passphrase === undefined ? {} : { passphrase: parts.passphrase }),
  }
}

function partsOf(cert: Certificate): { cert: Pem; key?: Pem | undefined; passphrase?: string | undefined } | null {
  if (isPem(cert)) return { cert }
  if (Array.isArray(cert)) {
    const [own, key] = cert as readonly unknown[]
    return cert.length === 2 && isPem(own) && isPem(key) ? { cert: own, key } : null
  }
  const given: unknown = cert // a program without types gives anything
  const { cert: own, key, passphrase } = (given ?? {}) as { cert?: unknown; key?: unknown; passphrase?: string }
  return isPem(own) && (key === undefined || isPem(key)) ? { cert: own, key, passphrase } : null
}

function isPem(value: unknown): value is Pem {
  return (typeof value === 'string' && value !== '') || Buffer.isBuffer(value)
}

/** The PEM itself, or what is in the file that it names. */
function contentOf(pem: Pem, option: string, what: string): Pem {
  if (pem.includes('-----BEGIN ')) return pem
  if (typeof pem !== 'string') throw new UsageError(`\`${option}\` is to be ${what} as PEM, but it has none.`)
  let content: string
  try {
    content = readFileSync(pem, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown' // of a call of the system
    throw new UsageError(`\`${option}\` names a file with ${what} that cannot be read: ${pem} (${code}).`, { cause })
  }
  if (content.includes('-----BEGIN ')) return content
  throw new UsageError(`\`${option}\` names a file that is to have ${what} as PEM, but it has none: ${pem}.`)
}
