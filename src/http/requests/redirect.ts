/**
 * The rules of redirects: where to, with which method, and what goes along.
 *
 * They are those of Python's `requests`, which are those of browsers: a POST that is answered with 301, 302 or 303 goes on as a GET
 * without its body, 307 and 308 keep both.
 *
 * Stands on the errors. Sends nothing: `send.ts` does.
 */
import { isUtf8 } from 'node:buffer'
import { InvalidSchema, InvalidURL } from '../exceptions.ts'

/** The statuses that redirect, where a `Location` is with them. */
const STATUSES = new Set([301, 302, 303, 307, 308])

/** Whether an answer with this status redirects. */
export function isRedirectStatus(status: number): boolean {
  return STATUSES.has(status)
}

/** Whether the body goes along, which the method then does, too. */
export function keepsBody(status: number): boolean {
  return status === 307 || status === 308
}

/** The method of the next request. */
export function nextMethod(status: number, method: string): string {
  if (method !== 'HEAD' && (status === 302 || status === 303)) return 'GET'
  return status === 301 && method === 'POST' ? 'GET' : method
}

/**
 * Where a `Location` leads that was found at `from`. Its fragment is kept, unless the new one has one.
 *
 * @throws InvalidURL when it leads nowhere, InvalidSchema when it leads out of HTTP.
 */
export function nextUrl(location: string, from: URL, method: string): URL {
  const call = `${method} ${from.href}`
  const request = { method, url: from.href }
  let url: URL
  try {
    url = new URL(asText(location), from)
  } catch (error) {
    throw new InvalidURL(`${call} was redirected to ${JSON.stringify(location)}, which is no URL.`, {
      request,
      cause: error,
    })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidSchema(
      `${call} was redirected to ${JSON.stringify(location)}; only http: and https: can be followed.`,
      { request },
    )
  }
  if (url.hash === '') url.hash = from.hash
  // Of a server's URL they are not ours, and they are not to stand in messages.
  url.username = ''
  url.password = ''
  return url
}

/** Headers are Latin-1 by the rules; servers send UTF-8. */
function asText(location: string): string {
  const bytes = Buffer.from(location, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : location
}

/** Whether what authorises for `from` may be shown to `to`: the same place, or the same host now with TLS. */
export function keepsAuthorization(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false
  if (from.protocol === 'http:' && to.protocol === 'https:') return from.port === '' && to.port === ''
  return from.protocol === to.protocol && from.port === to.port
}
