/**
 * Who asks: basic, digest, bearer.
 *
 * A scheme puts a header on a request, and may be asked what to do about an answer that wants more. Digest needs that: the first request is refused
 * with a challenge, the second one answers it. It keeps the challenge, by origin, so that later requests answer it at once.
 *
 * Stands on Node's crypto. Leaves it to others to send again, and to keep credentials from hosts that they are not for.
 *
 * @see RFC 7616 (digest), RFC 7617 (basic)
 */
import { createHash, getHashes, randomBytes } from 'node:crypto'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { HeaderMap, ResponseHeaders } from './headers.ts'

/** A request, as far as a scheme is concerned. One object for all tries of it. */
export interface AuthRequest {
  /** `GET`. */
  readonly method: string
  /** Where it goes. */
  readonly url: URL
  /** What is sent with it. */
  readonly headers: HeaderMap
}

/** A way to say who asks. */
export interface AuthScheme {
  /** Puts on the request what says who asks. Called before each try. */
  authorize(request: AuthRequest): void
  /** Looks at the answer; true: the request is to be authorised and sent again. */
  answer?(request: AuthRequest, response: { statusCode: number; headers: ResponseHeaders }): boolean
}

/** A user and a password for basic, or a scheme. */
export type Auth = readonly [user: string, password: string] | AuthScheme

/** How user and password become bytes. */
export interface BasicAuthOptions {
  /** Python's `requests` and old servers take Latin-1; the standard's registry says UTF-8. @defaultValue `'utf8'` */
  encoding?: 'utf8' | 'latin1'
}

/** Makes a scheme of what a program gives as `auth`. `call` is the call as it stands in messages. */
export function authScheme(auth: Auth, call: string): AuthScheme {
  if (Array.isArray(auth) && auth.length === 2) {
    const [user, password] = auth as readonly [unknown, unknown]
    if (typeof user === 'string' && typeof password === 'string') return basicAuth(user, password)
  } else if (typeof (auth as { authorize?: unknown } | null)?.authorize === 'function') {
    return auth as AuthScheme
  }
  throw new UsageError(
    `${call} expects \`auth\` to be [user, password] or a scheme, such as digestAuth(user, password), but got ${show(auth)}.`,
  )
}

/**
 * Says user and password with each request, readable by all who see it: for https.
 *
 * @param user - without a colon, by the standard.
 * @throws UsageError for what is no text.
 * @switches never
 * @source Python: `requests.auth.HTTPBasicAuth`
 * @example
 * ```ts
 * import { requests } from 'greenloop/http'
 *
 * const auth = requests.basicAuth('Aladdin', 'open sesame')
 * const headers = new requests.HeaderMap()
 * auth.authorize({ method: 'GET', url: new URL('https://example.com/'), headers })
 * console.log(headers.get('authorization')) // Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
 * ```
 */
export function basicAuth(user: string, password: string, options: BasicAuthOptions = {}): AuthScheme {
  return new FixedScheme('Authorization', basic('basicAuth', user, password, options))
}

/** As {@link basicAuth}, for a proxy. @switches never @source Python: `requests.auth.HTTPProxyAuth` */
export function proxyAuth(user: string, password: string, options: BasicAuthOptions = {}): AuthScheme {
  return new FixedScheme('Proxy-Authorization', basic('proxyAuth', user, password, options))
}

/**
 * Sends a token with each request.
 *
 * @throws UsageError for what is no text. One that cannot be sent is an InvalidHeader, when it is.
 * @switches never
 * @example
 * ```ts
 * import { requests } from 'greenloop/http'
 *
 * const headers = new requests.HeaderMap()
 * requests.bearerAuth('mF_9.B5f-4.1JqM').authorize({ method: 'GET', url: new URL('https://example.com/'), headers })
 * console.log(headers.get('authorization')) // Bearer mF_9.B5f-4.1JqM
 * ```
 */
export function bearerAuth(token: string): AuthScheme {
  checkText('bearerAuth', 'token', token)
  return new FixedScheme('Authorization', `Bearer ${token}`)
}

/**
 * Proves that it knows the password without sending it: MD5, SHA-256, SHA-512-256 and their kin, with `auth` or without. Where a server asks for
 * `auth-int` only, which covers the body, its refusal is the answer.
 *
 * The scheme keeps a server's challenge: give the same one to all requests, and only the first is sent twice.
 *
 * @throws UsageError for what is no text.
 * @switches never
 * @source Python: `requests.auth.HTTPDigestAuth`
 * @example
 * ```ts
 * import { requests } from 'greenloop/http'
 *
 * const auth = requests.digestAuth('Mufasa', 'Circle of Life')
 * const request = { method: 'GET', url: new URL('https://example.com/dir'), headers: new requests.HeaderMap() }
 * const challenge = 'Digest realm="example", nonce="7ypf", qop="auth", algorithm=SHA-256'
 * console.log(auth.answer?.(request, { statusCode: 401, headers: { 'www-authenticate': challenge } })) // true
 * auth.authorize(request)
 * console.log(request.headers.get('authorization')?.split(', uri')[0]) // Digest username="Mufasa", realm="example", nonce="7ypf"
 * ```
 */
export function digestAuth(user: string, password: string): AuthScheme {
  checkText('digestAuth', 'user', user)
  checkText('digestAuth', 'password', password)
  return new DigestScheme(user, password)
}

function basic(name: string, user: string, password: string, { encoding = 'utf8' }: BasicAuthOptions): string {
  checkText(name, 'user', user)
  checkText(name, 'password', password)
  return `Basic ${Buffer.from(`${user}:${password}`, encoding).toString('base64')}`
}

function checkText(name: string, parameter: string, value: unknown): void {
  if (typeof value !== 'string') {
    throw new UsageError(`${name}() expects \`${parameter}\` to be text, but got ${show(value)}.`)
  }
}

/** The same header on each request. */
class FixedScheme implements AuthScheme {
  readonly #name: string
  readonly #value: string

  constructor(name: string, value: string) {
    this.#name = name
    this.#value = value
  }

  authorize({ headers }: AuthRequest): void {
    headers.set(this.#name, this.#value)
  }
}

/** Hash functions by what servers call them, and Node. `SHA` and `SHA-512` are in no standard, but in Python's `requests`. */
const HASHES: Readonly<Record<string, string>> = {
  md5: 'md5',
  sha: 'sha1',
  'sha-256': 'sha256',
  'sha-512-256': 'sha512-256',
  'sha-512': 'sha512',
}
const KNOWN = new Set(getHashes().map((name) => name.toLowerCase()))

/** How often a request is sent again: once, or twice where the server says that only the nonce was too old. */
const TRIES = 1
const STALE_TRIES = 2
/** Of so many origins the challenges are kept. */
const MOST_ORIGINS = 100

/** What a server wants to be answered. */
interface Challenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | undefined
  /** As the server wrote it; undefined: it wrote none, and means MD5. */
  readonly algorithm: string | undefined
  /** The hash, as Node calls it. */
  readonly hash: string
  /** Whether user and password are hashed once for all requests of this challenge. */
  readonly isSession: boolean
  readonly hasQop: boolean
  readonly hashesUser: boolean
  /** The client's part of a session: the same for all its requests. */
  readonly cnonce: string
  /** How many requests have answered it. */
  count: number
}

class DigestScheme implements AuthScheme {
  readonly #user: string
  readonly #password: string
  /** By origin: what one server wants is nothing to another. */
  readonly #challenges = new Map<string, Challenge>()
  readonly #tries = new WeakMap<AuthRequest, number>()

  constructor(user: string, password: string) {
    this.#user = user
    this.#password = password
  }

  authorize(request: AuthRequest): void {
    const challenge = this.#challenges.get(request.url.origin)
    if (challenge !== undefined) request.headers.set('Authorization', this.#response(request, challenge))
  }

  answer(request: AuthRequest, { statusCode, headers }: { statusCode: number; headers: ResponseHeaders }): boolean {
    if (statusCode !== 401) return false
    const asked = parseChallenges(headers['www-authenticate'] ?? '').filter(({ scheme }) => scheme === 'digest')
    const tries = this.#tries.get(request) ?? 0
    for (const { parameters } of asked) {
      const challenge = challengeOf(parameters)
      if (challenge === null) continue // the next one may be known
      const isStale = parameters.get('stale')?.toLowerCase() === 'true'
      if (tries >= (isStale ? STALE_TRIES : TRIES)) break
      this.#tries.set(request, tries + 1)
      this.#keep(request.url.origin, challenge)
      return true
    }
    return false
  }

  #keep(origin: string, challenge: Challenge): void {
    this.#challenges.delete(origin)
    this.#challenges.set(origin, challenge)
    const [oldest] = this.#challenges.keys()
    if (this.#challenges.size > MOST_ORIGINS && oldest !== undefined) this.#challenges.delete(oldest)
  }

  #response({ method, url }: AuthRequest, challenge: Challenge): string {
    const { realm, nonce, opaque, algorithm, isSession, hasQop, hashesUser } = challenge
    const hash = (text: string): string => createHash(challenge.hash).update(text).digest('hex')
    const uri = `${url.pathname}${url.search}`
    const cnonce = isSession ? challenge.cnonce : newCnonce()
    const count = (++challenge.count).toString(16).padStart(8, '0')
    const secret = hash(`${this.#user}:${realm}:${this.#password}`)
    const first = isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret
    const second = hash(`${method}:${uri}`)
    const response = hash(
      hasQop ? `${first}:${nonce}:${count}:${cnonce}:auth:${second}` : `${first}:${nonce}:${second}`,
    )
    const parameters = [
      ...this.#userParameters(hashesUser ? hash(`${this.#user}:${realm}`) : null),
      `realm="${escaped(realm)}"`,
      `nonce="${escaped(nonce)}"`,
      `uri="${uri}"`,
      `response="${response}"`,
    ]
    if (opaque !== undefined) parameters.push(`opaque="${escaped(opaque)}"`)
    if (algorithm !== undefined) parameters.push(`algorithm=${algorithm}`)
    if (hasQop) parameters.push('qop=auth', `nc=${count}`)
    if (hasQop || isSession) parameters.push(`cnonce="${cnonce}"`)
    return `Digest ${parameters.join(', ')}`
  }

  #userParameters(hashed: string | null): string[] {
    if (hashed !== null) return [`username="${hashed}"`, 'userhash=true']
    // RFC 7616, 3.4: what a quoted string cannot hold is sent as RFC 5987 has it.
    if (/[^\t\x20-\x7e]/u.test(this.#user)) return [`username*=UTF-8''${encodeExtended(this.#user)}`]
    return [`username="${escaped(this.#user)}"`]
  }
}

function challengeOf(parameters: ReadonlyMap<string, string>): Challenge | null {
  const realm = parameters.get('realm')
  const nonce = parameters.get('nonce')
  const algorithm = parameters.get('algorithm')
  const name = (algorithm ?? 'MD5').toLowerCase()
  const isSession = name.endsWith('-sess')
  const hash = HASHES[isSession ? name.slice(0, -'-sess'.length) : name]
  const qops = parameters
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/u)
  if (realm === undefined || nonce === undefined || hash === undefined || !KNOWN.has(hash)) return null
  if (qops !== undefined && !qops.includes('auth')) return null
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    algorithm,
    hash,
    isSession,
    hasQop: qops !== undefined,
    hashesUser: parameters.get('userhash')?.toLowerCase() === 'true',
    cnonce: newCnonce(),
    count: 0,
  }
}

function newCnonce(): string {
  return randomBytes(8).toString('hex')
}

function escaped(text: string): string {
  return text.replaceAll(/["\\]/gu, '\\$&')
}

function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(/['()*]/gu, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** A scheme that a server takes, with what it says of it. */
interface Offer {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const PARAMETER = /[\s,]*([^\s=,"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/uy
const SCHEME = /[\s,]*([^\s=,"]+)(?:\s+|(?=,)|$)/uy

/** Reads `www-authenticate`: schemes and their parameters, all parted by commas. Ends at what is neither. */
function parseChallenges(header: string): Offer[] {
  const offers: Offer[] = []
  let parameters = new Map<string, string>()
  let at = 0
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  while (at < header.length) {
    const parameter = next(PARAMETER)
    if (parameter !== null) {
      const [, name = '', text, bare = ''] = parameter
      parameters.set(name.toLowerCase(), text?.replaceAll(/\\(.)/gu, '$1') ?? bare)
      continue
    }
    const scheme = next(SCHEME)
    if (scheme === null) break
    parameters = new Map()
    offers.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters })
  }
  return offers
}
