/**
 * Cookies: which a server may set, which a request is sent, and a face like a dictionary's.
 *
 * Whether a cookie is taken is decided by tough-cookie, by RFC 6265bis as browsers have it: its domain, public suffixes, `Secure` over https only,
 * the prefixes of names. What is kept, and what is sent where, is decided here: tough-cookie reads the machine's clock when it looks for cookies, counts
 * `Max-Age` anew each time a cookie is sent, and has no cookies that go everywhere. The time is that of the hub's clock, counted from when the
 * process began.
 *
 * ```
 *   jar ── domain ('' : everywhere) ── path and name ── entry
 * ```
 *
 * Stands on tough-cookie and the hub's clock. Leaves the headers themselves to others.
 */
import { type InspectOptions, inspect } from 'node:util'
import {
  canonicalDomain,
  defaultPath,
  getPublicSuffix,
  parse,
  pathMatch,
  Store,
  CookieJar as ToughJar,
} from 'tough-cookie'
import { UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { hubOf } from '../../hub/default.ts'
import { checkCookie } from './headers.ts'
import { entriesOf } from './query.ts'

/** One cookie of a jar. */
export interface Cookie {
  /** In the case in which it came: `id` and `ID` are two. */
  readonly name: string
  /** As the server sent it, quotes included. */
  readonly value: string
  /** Where it goes: a domain; `''` is everywhere. */
  readonly domain: string
  /** Below which path. */
  readonly path: string
  /** Goes over https only. */
  readonly secure: boolean
  /** Not for scripts; a request takes it all the same. */
  readonly httpOnly: boolean
  /** Goes to that host only, not to those below it. */
  readonly hostOnly: boolean
  /** When it ends; null: with the jar. */
  readonly expires: Date | null
}

/** Which cookies of a name are meant. */
export interface CookiePlace {
  /** As {@link Cookie.domain}. @defaultValue any */
  domain?: string | undefined
  /** As {@link Cookie.path}. @defaultValue any */
  path?: string | undefined
}

/** What a cookie is besides its name and value. Without a word it goes everywhere, on all paths, until the jar ends. */
export type CookieOptions = { readonly [K in keyof Omit<Cookie, 'name' | 'value'>]?: Cookie[K] | undefined }

/** What cookies can be made of. `null` removes, `undefined` leaves alone. */
export type CookiesLike =
  | CookieJar
  | Readonly<Record<string, string | number | null | undefined>>
  | Iterable<readonly [string, string]>

/**
 * The cookies of a session, or of an answer.
 *
 * @source Python: `requests.cookies.RequestsCookieJar`
 * @example
 * ```ts
 * import { requests } from 'greenloop/http'
 *
 * const jar = new requests.CookieJar({ theme: 'dark' })
 * jar.set('session', 'abc', { domain: 'example.com', secure: true })
 * console.log(jar.get('session'), jar.toDict()) // abc { theme: 'dark', session: 'abc' }
 * console.log(jar.headerFor(new URL('https://www.example.com/'))) // theme=dark; session=abc
 * console.log(jar.headerFor(new URL('http://www.example.com/'))) // theme=dark
 * ```
 */
export class CookieJar implements Iterable<Cookie> {
  /** By domain; each by path and name, in the order in which they were first set. */
  readonly #shelves = new Map<string, Map<string, Entry>>()

  /**
   * @param init - what it begins with; cookies of an object go everywhere.
   * @throws InvalidHeader for a name or a value that cannot be sent; UsageError for what is no cookies.
   */
  constructor(init?: CookiesLike) {
    if (init !== undefined) this.update(init)
  }

  /** How many there are. */
  get size(): number {
    let size = 0
    for (const _ of this) size++
    return size
  }

  /**
   * Gives the value of a cookie.
   *
   * @throws UsageError when there are several of that name, as Python's CookieConflictError.
   */
  get(name: string, place: CookiePlace = {}): string | undefined {
    const [first, second] = this.#find(name, place)
    if (first !== undefined && second !== undefined) throw conflict(name, first, second)
    return first?.value
  }

  /** Tells whether there is such a cookie. */
  has(name: string, place: CookiePlace = {}): boolean {
    return this.#find(name, place).length > 0
  }

  /**
   * Sets a cookie; without a `domain` it goes everywhere.
   *
   * @param value - `null` removes it.
   * @throws InvalidHeader when the name or the value cannot be sent.
   */
  set(name: string, value: string | number | null, options: CookieOptions = {}): this {
    if (value === null) {
      this.delete(name, options)
      return this
    }
    const { path = '/', secure = false, httpOnly = false, hostOnly = false, expires = null } = options
    const domain = cleanDomain(options.domain ?? '')
    const cookie = { name, value: checkCookie(name, value), domain, path, secure, httpOnly, hostOnly }
    this.#put(new Entry(cookie, expires?.getTime() ?? Infinity))
    return this
  }

  /** Removes all cookies of a name and a place, and tells whether there were any. */
  delete(name: string, place: CookiePlace = {}): boolean {
    const found = this.#find(name, place)
    for (const entry of found) this.#remove(entry)
    return found.length > 0
  }

  /** Removes all. */
  clear(): void {
    this.#shelves.clear()
  }

  /**
   * Takes over the cookies of another jar, with all that they are, or sets those of an object, which go everywhere.
   *
   * @throws InvalidHeader for a name or a value that cannot be sent; UsageError for what is no cookies.
   */
  update(init: CookiesLike): this {
    if (init instanceof CookieJar) {
      for (const entry of init.#entries()) this.#put(entry.copy())
      return this
    }
    for (const [name, value] of entriesOf(init, notCookies)) {
      if (value !== undefined) this.set(name, value as string | number | null) // set() checks it
    }
    return this
  }

  /** Gives names and values as an object; of several of one name the last. */
  toDict(place: CookiePlace = {}): Record<string, string> {
    const values: [string, string][] = []
    for (const entry of this.#entries()) if (entry.isAt(place)) values.push([entry.name, entry.value])
    return Object.fromEntries(values)
  }

  /** Makes another jar of the same cookies. */
  copy(): CookieJar {
    return new CookieJar(this)
  }

  /** The cookies, by domain, then in the order in which they were first set. */
  [Symbol.iterator](): Iterator<Cookie, undefined> {
    return this.#entries()
  }

  /**
   * Takes what a server sets, each value of `set-cookie` by itself. What that server may not set is dropped, as browsers do it.
   *
   * @param url - of the request.
   */
  store(setCookie: readonly string[], url: URL): void {
    for (const line of setCookie) {
      const entry = accepted(line, url)
      if (entry !== null) this.#put(entry)
    }
  }

  /**
   * Gives the value of `cookie` for a request; null when it has none. Longer paths come first, then those that were set earlier.
   *
   * @param extra - of this request only; they win over those of the same name.
   */
  headerFor(url: URL, extra?: CookiesLike): string | null {
    const own = this.#shelves.size === 0 ? [] : this.#sentTo(url)
    if (extra === undefined) return headerOf(own)
    const added = (extra instanceof CookieJar ? extra : new CookieJar(extra)).#sentTo(url)
    const names = new Set(added.map(({ name }) => name))
    return headerOf([...own.filter(({ name }) => !names.has(name)), ...added])
  }

  *#entries(): Generator<Entry, undefined, undefined> {
    const now = wallTime()
    for (const shelf of this.#shelves.values()) {
      for (const entry of shelf.values()) {
        if (entry.ends > now) yield entry
        else this.#remove(entry)
      }
    }
  }

  #find(name: string, place: CookiePlace): Entry[] {
    const found: Entry[] = []
    for (const entry of this.#entries()) if (entry.name === name && entry.isAt(place)) found.push(entry)
    return found
  }

  /** One that has ended takes away the one that was there: so servers delete. */
  #put(entry: Entry): void {
    const { domain, key } = entry
    const before = this.#shelves.get(domain)?.get(key)
    if (entry.ends <= wallTime()) {
      if (before !== undefined) this.#remove(before)
      return
    }
    if (before !== undefined) entry.first = before.first
    let shelf = this.#shelves.get(domain)
    if (shelf === undefined) this.#shelves.set(domain, (shelf = new Map<string, Entry>()))
    shelf.set(key, entry)
  }

  #remove({ domain, key }: Entry): void {
    const shelf = this.#shelves.get(domain)
    shelf?.delete(key)
    if (shelf?.size === 0) this.#shelves.delete(domain)
  }

  /** RFC 6265, 5.4. Of one that goes everywhere and those of the host, the one that was set last is meant. */
  #sentTo(url: URL): Entry[] {
    const host = cleanDomain(url.hostname)
    const isSecure = url.protocol === 'https:' || url.protocol === 'wss:'
    const now = wallTime()
    const sent: Entry[] = []
    for (const domain of domainsOf(host)) {
      for (const entry of this.#shelves.get(domain)?.values() ?? []) {
        if (entry.ends <= now) this.#remove(entry)
        else if (
          (isSecure || !entry.secure) &&
          (!entry.hostOnly || domain === host) &&
          pathMatch(url.pathname, entry.path)
        )
          sent.push(entry)
      }
    }
    const meant = sent.filter((entry) => !sent.some((other) => entry.isHiddenBy(other)))
    return meant.sort((a, b) => b.path.length - a.path.length || a.first - b.first)
  }
}
// What console.log shows. Not a member of the class: its name would have to be known without running.
Object.defineProperty(CookieJar.prototype, inspect.custom, {
  value(this: CookieJar, depth: number, options: InspectOptions, show: typeof inspect): string {
    return `CookieJar ${show(this.toDict(), { ...options, depth })}`
  },
})

/** Counts what is set, so that older and newer can be told. */
let settings = 0

class Entry implements Cookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly hostOnly: boolean
  /** In milliseconds since 1970; Infinity: never. */
  readonly ends: number
  /** When it was set, and when one was first set in its place; counted, since several are set in one millisecond. */
  readonly last: number = settings++
  first: number = this.last

  constructor(cookie: Omit<Cookie, 'expires'>, ends: number) {
    ;({ name: this.name, value: this.value, domain: this.domain, path: this.path } = cookie)
    ;({ secure: this.secure, httpOnly: this.httpOnly, hostOnly: this.hostOnly } = cookie)
    this.ends = ends
  }

  get expires(): Date | null {
    return this.ends === Infinity ? null : new Date(this.ends)
  }

  get key(): string {
    return `${this.path}\0${this.name}`
  }

  isAt({ domain, path }: CookiePlace): boolean {
    return (domain === undefined || cleanDomain(domain) === this.domain) && (path === undefined || path === this.path)
  }

  isHiddenBy(other: Entry): boolean {
    return this.name === other.name && (this.domain === '') !== (other.domain === '') && this.last < other.last
  }

  copy(): Entry {
    return new Entry(this, this.ends)
  }
}

/** tough-cookie's jar decides by storing; what it takes is handed out and kept by us. */
class NoStore extends Store {
  override synchronous = true

  override findCookie(...[, , , callback]: unknown[]): Promise<undefined> {
    ;(callback as (error: null, found: undefined) => void)(null, undefined) // the jar's synchronous calls give one
    return NOTHING
  }

  override putCookie(...[, callback]: unknown[]): Promise<undefined> {
    ;(callback as (error: null) => void)(null) // as above
    return NOTHING
  }
}
const NOTHING = Promise.resolve(undefined)

const policy = new ToughJar(new NoStore(), { allowSecureOnLocal: false })

/** Names such as `localhost` and `test` are no reason to throw: they are what servers on this machine have. */
const LENIENT = { allowSpecialUseDomain: true, ignoreError: true }

/** The furthest moment that a Date can be. */
const LAST_DATE = 8.64e15

/** What a server sets, if it may. */
function accepted(line: string, url: URL): Entry | null {
  const parsed = parse(line)
  if (parsed === undefined) return null
  const host = cleanDomain(url.hostname)
  // A host that is a public suffix itself, or an address, may set cookies for itself.
  if (parsed.domain !== null && cleanDomain(parsed.domain) === host && getPublicSuffix(host, LENIENT) === undefined)
    parsed.domain = null
  if (parsed.path === null) {
    parsed.path = defaultPath(url.pathname)
    parsed.pathIsDefault = true
  }
  const now = wallTime()
  const cookie = policy.setCookieSync(parsed, url, { now: new Date(now), ignoreError: true })
  if (cookie === undefined) return null
  const { key: name, value, maxAge, expires, secure, httpOnly } = cookie
  const place = { domain: cookie.domain ?? host, path: cookie.path ?? '/', hostOnly: cookie.hostOnly === true }
  const age = maxAge === null ? null : Math.min(now + 1000 * Number(maxAge), LAST_DATE)
  const ends = age ?? (expires instanceof Date ? expires.getTime() : Infinity)
  return new Entry({ name, value, secure, httpOnly, ...place }, ends)
}

/** What the calendar shows, by the hub's clock. */
function wallTime(): number {
  return performance.timeOrigin + hubOf(kernel.current).clock.now()
}

function cleanDomain(domain: string): string {
  return canonicalDomain(domain) ?? ''
}

/** The domains whose cookies may go to a host: its own, those above it, and everywhere. An address has none above it. */
function* domainsOf(host: string): Generator<string, undefined, undefined> {
  yield host
  if (!host.includes(':') && !/\.\d+$/u.test(host)) {
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) yield host.slice(dot + 1)
  }
  yield ''
}

function headerOf(entries: readonly Entry[]): string | null {
  return entries.length === 0 ? null : entries.map(({ name, value }) => `${name}=${value}`).join('; ')
}

function conflict(name: string, first: Entry, second: Entry): UsageError {
  const [one, other] = [first, second].map(({ domain, path }) => `${domain === '' ? 'everywhere' : domain}${path}`)
  const right =
    first.domain === second.domain
      ? `{ path: ${JSON.stringify(first.path)} }`
      : `{ domain: ${JSON.stringify(first.domain)} }`
  const call = `cookies.get(${JSON.stringify(name)}`
  return new UsageError(
    `There are several cookies ${JSON.stringify(name)}: of ${one ?? ''} and of ${other ?? ''}.\n\n${wrongRight(`${call})`, 'which one', `${call}, ${right})`)}`,
  )
}

function notCookies(got: string): UsageError {
  return new UsageError(
    `Cookies are an object ({ session: 'abc' }), a CookieJar, or pairs of names and values, but got ${got}.`,
  )
}
