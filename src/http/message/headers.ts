/**
 * Headers: a map for those that are sent, a view on those that came.
 *
 * {@link HeaderMap} keeps order and case, since some servers look at both, and finds a name in any case. It *is* the list that undici takes, name
 * and value in turns, beside a list of the names in lower case: so making the request's headers out of the session's is two copies, and
 * giving them to undici is one. A map of names would cost three times that, for a handful of headers.
 *
 * What came stays as it came, in bytes, until somebody asks: `rawValue` looks for one name, {@link responseHeaders} is a view that reads all of it at
 * the first question.
 *
 * Stands on the exceptions. Leaves it to the others which headers a request has.
 */
import { type InspectOptions, inspect } from 'node:util'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { InvalidHeader } from '../exceptions.ts'

/** What a header can be set to; `null` removes it, `undefined` leaves it as it is, a list sends the name several times. */
export type HeaderValue = string | number | readonly string[] | null | undefined

/** What headers can be made of. In pairs, a name that comes again is sent again. */
export type HeadersLike =
  | HeaderMap
  | Headers
  | Readonly<Record<string, HeaderValue>>
  | Iterable<readonly [string, string]>

/**
 * Headers to be sent: in order, in the case they were given, found in any case.
 *
 * @source Python: `requests.structures.CaseInsensitiveDict`
 * @example
 * ```ts
 * import { requests } from 'greenloop/http'
 *
 * const headers = new requests.HeaderMap({ 'User-Agent': 'crawler/1', Accept: 'text/html' })
 * headers.update({ accept: null, 'x-tags': ['a', 'b'] })
 * console.log(headers.get('USER-AGENT'), headers.get('X-Tags'), headers.has('accept')) // crawler/1 a, b false
 * ```
 */
export class HeaderMap implements Iterable<[name: string, value: string]> {
  /** Name and value in turns. */
  declare private readonly raw: string[]
  /** The names, in lower case. */
  declare private readonly names: string[]

  /**
   * @param init - what it begins with. A map is copied.
   * @throws InvalidHeader for a name or a value that cannot be sent; UsageError for what is no headers.
   */
  constructor(init?: HeadersLike) {
    if (init instanceof HeaderMap) {
      this.raw = init.raw.slice()
      this.names = init.names.slice()
      return
    }
    this.raw = []
    this.names = []
    if (init !== undefined) this.update(init)
  }

  /** How many lines they are. */
  get size(): number {
    return this.names.length
  }

  /** Gives the value of a header; several of one name are joined by `, `. */
  get(name: string): string | undefined {
    const wanted = lowerCase(name)
    const { names, raw } = this
    const first = names.indexOf(wanted)
    if (first < 0) return undefined
    let value = raw[2 * first + 1]
    for (let at = names.indexOf(wanted, first + 1); at >= 0; at = names.indexOf(wanted, at + 1)) {
      value = `${value ?? ''}, ${raw[2 * at + 1] ?? ''}`
    }
    return value
  }

  /** Tells whether there is such a header. */
  has(name: string): boolean {
    return this.names.includes(lowerCase(name))
  }

  /**
   * Sets a header, in the place of the one that was there, and in the case it is given now.
   *
   * @throws InvalidHeader when the name or the value cannot be sent.
   */
  set(name: string, value: string | number): this {
    const lower = checkedName(name, value)
    const text = checkedValue(name, value)
    const { names, raw } = this
    const at = names.indexOf(lower)
    if (at < 0) {
      names.push(lower)
      raw.push(name, text)
      return this
    }
    raw[2 * at] = name
    raw[2 * at + 1] = text
    for (let next = names.indexOf(lower, at + 1); next >= 0; next = names.indexOf(lower, next)) this.removeAt(next)
    return this
  }

  /**
   * Adds a header beside those of the same name.
   *
   * @throws InvalidHeader when the name or the value cannot be sent.
   */
  append(name: string, value: string | number): this {
    const lower = checkedName(name, value)
    const text = checkedValue(name, value)
    this.names.push(lower)
    this.raw.push(name, text)
    return this
  }

  /** Removes a header, and tells whether there was one. */
  delete(name: string): boolean {
    const lower = lowerCase(name)
    let at = this.names.indexOf(lower)
    if (at < 0) return false
    for (; at >= 0; at = this.names.indexOf(lower, at)) this.removeAt(at)
    return true
  }

  /**
   * Sets several headers, each in the place of what had its name.
   *
   * @param init - `null` removes a header, `undefined` leaves it as it is.
   * @throws InvalidHeader for a name or a value that cannot be sent; UsageError for what is no headers.
   */
  update(init: HeadersLike): this {
    if (typeof init !== 'object' || (init as unknown) === null) throw notHeaders(init)
    if (Symbol.iterator in init) this.updatePairs(init)
    else for (const name of Object.keys(init)) this.updateOne(name, init[name])
    return this
  }

  /** Gives name and value in turns, as undici takes them. */
  toRaw(): string[] {
    return this.raw.slice()
  }

  /** Names and values, in order. */
  *[Symbol.iterator](): Generator<[name: string, value: string], undefined, undefined> {
    for (let at = 0; at < this.raw.length; at += 2) yield [this.raw[at] ?? '', this.raw[at + 1] ?? '']
  }

  private updatePairs(pairs: Iterable<readonly [string, string]>): void {
    const set: string[] = []
    for (const pair of pairs as Iterable<unknown>) {
      if (!Array.isArray(pair) || pair.length !== 2) throw notHeaders(pairs, pair)
      const [name, value] = pair as [string, string] // what they are is checked there
      const lower = checkedName(name, value)
      if (set.includes(lower)) {
        this.append(name, value)
      } else {
        this.set(name, value)
        set.push(lower)
      }
    }
  }

  private updateOne(name: string, value: HeaderValue): void {
    if (value === undefined) return
    if (value === null) {
      this.delete(name)
    } else if (typeof value !== 'object') {
      this.set(name, value)
    } else {
      if (!Array.isArray(value)) throw badValue(name, value, 'it must be text, a number, or a list of texts')
      this.delete(name)
      for (const each of value as readonly string[]) this.append(name, each)
    }
  }

  private removeAt(at: number): void {
    this.names.splice(at, 1)
    this.raw.splice(2 * at, 2)
  }
}
// What console.log shows. Not a member of the class: its name would have to be known without running.
Object.defineProperty(HeaderMap.prototype, inspect.custom, {
  value(this: HeaderMap, depth: number, options: InspectOptions, show: typeof inspect): string {
    const values: Record<string, string | string[]> = {}
    for (const [name, value] of this) {
      const before = values[name]
      values[name] = before === undefined ? value : [before, value].flat()
    }
    return `HeaderMap ${show(values, { ...options, depth })}`
  },
})

/** Names that were checked, by how they are written: programs send the same ones all the time. */
const checked = new Map<string, string>()
/** More than that a program does not write down; names that come from data must not pile up here. */
const MOST_CHECKED = 500

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u
/** No control character but the tab, nothing beyond Latin-1, no white space in front. */
const SENDABLE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*$/u

function lowerCase(name: string): string {
  return checked.get(name) ?? name.toLowerCase()
}

function checkedName(name: string, value: unknown): string {
  const known = checked.get(name)
  if (known !== undefined) return known
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    const shownName = typeof name === 'string' ? JSON.stringify(name) : show(name)
    throw new InvalidHeader(
      `A header cannot have the name ${shownName}${isSecret(name) ? '' : ` (its value is ${whole(value)})`}: names are letters, digits and !#$%&'*+-.^_\`|~.`,
    )
  }
  const lower = name.toLowerCase()
  if (checked.size < MOST_CHECKED) checked.set(name, lower)
  return lower
}

function checkedValue(name: string, value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') throw badValue(name, value, 'it must be text or a number')
  if (!SENDABLE.test(text)) throw badValue(name, text, whyNot(text))
  return text
}

function whyNot(text: string): string {
  if (/[\r\n]/u.test(text)) return 'a line break would begin another header'
  const beyond = /[^\0-\xff]/u.exec(text)?.[0]
  if (beyond !== undefined) return `${JSON.stringify(beyond)} is not in Latin-1; send it encoded (encodeURIComponent())`
  const control = /[\0-\x08\x0a-\x1f\x7f]/u.exec(text)?.[0] // eslint-disable-line no-control-regex -- they are what is looked for
  return control === undefined ? 'it begins with white space' : `${JSON.stringify(control)} is a control character`
}

function badValue(name: string, value: unknown, why: string): InvalidHeader {
  const shownValue = isSecret(name) ? 'that it was given (a secret, perhaps: it is not shown)' : whole(value)
  return new InvalidHeader(`The header ${JSON.stringify(name)} cannot have the value ${shownValue}: ${why}.`)
}

/** Whether a header's value is not to stand in a message: messages are logged. */
function isSecret(name: unknown): boolean {
  return /auth|cookie|key|secret|token|password/iu.test(String(name))
}

/** A value as it may stand in the message: all of it, since one looks for the character that is wrong. */
function whole(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : show(value)
}

/**
 * Checks a cookie that is to be sent, and gives its value as text.
 *
 * @throws InvalidHeader when the name or the value cannot be sent.
 */
export function checkCookie(name: string, value: unknown): string {
  if (typeof name !== 'string' || !/^[\x21-\x3a\x3c\x3e-\x7e\x80-\xff]+$/u.test(name)) {
    throw new InvalidHeader(
      `A cookie cannot have the name ${whole(name)}: it is Latin-1 without spaces, \`=\` and \`;\`.`,
    )
  }
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && /^[\t\x20-\x3a\x3c-\x7e\x80-\xff]*$/u.test(text)) return text
  throw new InvalidHeader(
    `The cookie ${JSON.stringify(name)} cannot have the value ${whole(text)}: it is Latin-1 without line breaks and \`;\`; anything else is sent encoded (encodeURIComponent()).`,
  )
}

function notHeaders(init: unknown, pair?: unknown): UsageError {
  const got = pair === undefined ? show(init) : `${show(init)} with ${show(pair)} in it`
  return new UsageError(
    `Headers are an object ({ accept: 'text/html' }), a Headers, or pairs of names and values, but got ${got}.`,
  )
}

/** Headers as they came: name and value in turns. */
export type RawHeaders = readonly (Buffer | string)[]

/** Headers that came, by their names in any case; several of one name are joined by `, `. They are listed in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>

/** Gives each value of a header. `name` is in lower case. */
export function rawValues(raw: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let at = indexIn(raw, name, 0); at >= 0; at = indexIn(raw, name, at + 2)) values.push(valueAt(raw, at + 1))
  return values
}

/** Gives the value of a header, without making a view of all. `name` is in lower case. Asked of each answer, mostly in vain. */
export function rawValue(raw: RawHeaders, name: string): string | undefined {
  return indexIn(raw, name, 0) < 0 ? undefined : rawValues(raw, name).join(', ')
}

/** Where the name of the next such header is, from `start` on; -1: there is none. */
function indexIn(raw: RawHeaders, name: string, start: number): number {
  for (let at = start; at + 1 < raw.length; at += 2) {
    const candidate = raw[at]
    if (candidate?.length === name.length && textOf(candidate).toLowerCase() === name) return at
  }
  return -1
}

/** Makes the view on headers that came. Nothing is read before somebody asks. */
export function responseHeaders(raw: RawHeaders): ResponseHeaders {
  return new Proxy<object>(new Received(raw), VIEW) as ResponseHeaders // the traps make it one
}

/** What stands behind a view. */
class Received {
  readonly #raw: RawHeaders
  #values: Map<string, string> | null = null

  constructor(raw: RawHeaders) {
    this.#raw = raw
  }

  get values(): Map<string, string> {
    if (this.#values !== null) return this.#values
    const values = new Map<string, string>()
    const raw = this.#raw
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = textOf(raw[at]).toLowerCase()
      const before = values.get(name)
      const value = valueAt(raw, at + 1)
      values.set(name, before === undefined ? value : `${before}, ${value}`)
    }
    this.#values = values
    return values
  }

  /** console.log looks for this behind the proxy, and calls it on the proxy. */
  [inspect.custom](): object {
    return Object.fromEntries(Object.entries(this))
  }
}

/** Read-only, with lower-case names of its own and nothing inherited: `headers['constructor']` is a header or nothing. */
const VIEW: ProxyHandler<object> = {
  get: (target, name) => (typeof name === 'string' ? valueIn(target, name) : undefined),
  has: (target, name) => typeof name === 'string' && valueIn(target, name) !== undefined,
  ownKeys: (target) => [...(target as Received).values.keys()],
  getOwnPropertyDescriptor(target, name) {
    const value = typeof name === 'string' ? (target as Received).values.get(name) : undefined
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false }
  },
  getPrototypeOf: () => null,
  set: () => false,
  defineProperty: () => false,
  deleteProperty: () => false,
  preventExtensions: () => false,
}

function valueIn(target: object, name: string): string | undefined {
  return (target as Received).values.get(name.toLowerCase()) // the target of each view is one
}

/** Latin-1, as HTTP has it. */
function textOf(part: Buffer | string | undefined): string {
  return typeof part === 'object' ? part.toString('latin1') : (part ?? '')
}

function valueAt(raw: RawHeaders, at: number): string {
  const text = textOf(raw[at])
  let end = text.length
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--
  return text.slice(0, end)
}
