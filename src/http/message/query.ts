/**
 * What stands behind the question mark, and forms, which are written in the same way.
 *
 * What is in the URL already stays as it is, encoded or not; what comes from `params` is encoded once, as Python does it: `+` for a space, UTF-8,
 * and nothing but letters, digits and `_.-~` left as they are.
 *
 * Stands on Node's URL. Leaves files to `multipart.ts`.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'

/**
 * What goes behind the question mark. A list repeats its name; `null` and `undefined` leave it out; numbers and booleans are written as JavaScript
 * writes them (`true`, where Python has `True`), a Date as its ISO string. A string is taken as it is: what it has encoded stays.
 */
export type Params = string | URLSearchParams | Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

/**
 * Adds parameters to those of a URL.
 *
 * @param call - the call as it stands in messages: `requests.get()`.
 * @returns a new URL; `url` itself when there is nothing to add.
 * @throws UsageError for parameters, or values, that are no text.
 */
export function withParams(url: URL, params: Params | null | undefined, call: string = 'requests.get()'): URL {
  if (params === undefined || params === null) return url
  const added = typeof params === 'string' ? params.replace(/^\?/u, '') : encodeForm(params, call, 'params')
  if (added === '') return url
  const result = new URL(url)
  const before = url.search.slice(1)
  result.search = before === '' ? added : `${before}&${added}`
  return result
}

/**
 * Writes names and values as a form does: `a=1&b=x+y`.
 *
 * @param call - the call as it stands in messages: `requests.get()`.
 * @param option - which option of it this is.
 * @throws UsageError for what is no form, or a value that is no text.
 */
export function encodeForm(fields: Exclude<Params, string>, call: string, option: string): string {
  let text = ''
  for (const [name, value] of formFields(fields, call, option)) {
    text += `${text === '' ? '' : '&'}${encodePart(name)}=${encodePart(value)}`
  }
  return text
}

/** Gives the names and values of a form one by one, a list as several of one name. Values are text, or bytes that stay bytes. */
export function* formFields(
  fields: Exclude<Params, string>,
  call: string,
  option: string,
): Generator<[name: string, value: string | Uint8Array], undefined, undefined> {
  const complain = (got: string): UsageError => notFields(call, option, got)
  for (const [name, value] of entriesOf(fields, complain)) yield* valuesOf(name, value, call, option)
}

/** Gives the names and values of an object, or of an iterable of pairs. */
export function* entriesOf(
  fields: unknown,
  complain: (got: string) => UsageError,
): Generator<[name: string, value: unknown], undefined, undefined> {
  if (typeof fields !== 'object' || fields === null || ArrayBuffer.isView(fields)) throw complain(show(fields))
  if (!(Symbol.iterator in fields)) {
    yield* Object.entries(fields)
    return
  }
  for (const pair of fields as Iterable<unknown>) {
    const [name, value] = Array.isArray(pair) && pair.length === 2 ? (pair as [unknown, unknown]) : [null, null]
    if (typeof name !== 'string' && typeof name !== 'number') throw complain(`${show(fields)} with ${show(pair)} in it`)
    yield [String(name), value]
  }
}

function* valuesOf(
  name: string,
  value: unknown,
  call: string,
  option: string,
): Generator<[string, string | Uint8Array], undefined, undefined> {
  if (value === undefined || value === null) return
  if (typeof value === 'object' && Symbol.iterator in value && !(value instanceof Uint8Array)) {
    for (const each of value as Iterable<unknown>) yield* valuesOf(name, each, call, option)
  } else {
    yield [name, textOf(name, value, call, option)]
  }
}

function textOf(name: string, value: unknown, call: string, option: string): string | Uint8Array {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      if (value instanceof Date) return value.toISOString()
      if (value instanceof Uint8Array) return value
      if (value !== null) {
        const text = ownText(value)
        if (text !== null) return text
      }
  }
  throw new UsageError(
    `${call} expects the values of \`${option}\` to be text, numbers, booleans or lists of them, but ${JSON.stringify(name)} is ${show(value)}.`,
  )
}

/** What a URL and the like say of themselves. A plain object says `[object Object]`, which nobody means. */
function ownText(value: object): string | null {
  const { toString } = value as { toString?: unknown } // an object without a prototype has none
  if (typeof toString !== 'function' || toString === Object.prototype.toString) return null
  const text: unknown = toString.call(value)
  return typeof text === 'string' ? text : null
}

/** As `application/x-www-form-urlencoded` has it. */
function encodePart(part: string | Uint8Array): string {
  if (typeof part !== 'string') return encodeBytes(part)
  try {
    return encodeURIComponent(part).replaceAll(/[!'()*]|%20/gu, strict)
  } catch {
    return encodeBytes(Buffer.from(part)) // half of a pair of surrogates: it becomes U+FFFD, as in a URL
  }
}

function strict(part: string): string {
  return part === '%20' ? '+' : `%${part.charCodeAt(0).toString(16).toUpperCase()}`
}

function encodeBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    if (/[\w.~-]/u.test(character)) text += character
    else text += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

function notFields(call: string, option: string, got: string): UsageError {
  return new UsageError(
    `${call} expects \`${option}\` to be text, an object ({ page: 2 }), or pairs of names and values, but got ${got}.`,
  )
}
