/**
 * Who may ask the console for what: every request is checked here, before anything is done for it.
 *
 * A page of somebody else's, open in the same browser, can send requests to 127.0.0.1 as well: it knows no token. A name that was made to
 * mean 127.0.0.1 (DNS rebinding) would make it one of the same origin: the `Host` header tells. And what changes something is asked for by
 * our own page only: the `Origin` header tells.
 *
 * The token of the address is good for the page alone; all else wants it in a header, which no other page can send without being asked
 * about by the browser first (and that is refused). It is in no cookie: cookies do not tell one port from another.
 *
 * Stands on nothing. Leaves to `console.ts` what is answered.
 */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The header that has the token. */
const TOKEN_HEADER = 'x-greenloop-token'

/** What somebody wants who may have it. */
export type Wish =
  | { readonly kind: 'page' }
  | { readonly kind: 'state'; readonly query: URLSearchParams }
  | { readonly kind: 'kill'; readonly id: number }

/** What is answered to whom is refused: one line. */
export class Refusal {
  readonly status: number
  readonly line: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, line: string, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.line = line
    this.headers = headers
  }
}

/** What a console lets through. */
export interface Rules {
  readonly port: number
  readonly token: string
  readonly mayKill: boolean
}

/** Reads a request: what it wants, or why it is refused. */
export function admit(request: IncomingMessage, rules: Rules): Wish | Refusal {
  const { method = '', url = '', headers } = request
  const host = headers.host?.toLowerCase() ?? ''
  const hosts = [`127.0.0.1:${rules.port}`, `localhost:${rules.port}`]
  if (!hosts.includes(host))
    return new Refusal(421, `This console is at 127.0.0.1:${rules.port}, and answers to no other name.`)
  if (method !== 'GET' && method !== 'POST')
    return new Refusal(405, 'Only GET and POST are answered.', { Allow: 'GET, POST' })
  const target = targetOf(host, url)
  if (target === null) return new Refusal(400, 'This is no path.')
  const isPage = method === 'GET' && target.pathname === '/'
  const given = isPage ? target.searchParams.get('token') : headers[TOKEN_HEADER]
  if (typeof given !== 'string' || !isSame(given, rules.token)) {
    return new Refusal(
      403,
      'The token is missing or wrong: open the whole address that was printed, from http to its end.',
    )
  }
  const origin = headers.origin
  if (origin !== undefined && origin !== `http://${host}`)
    return new Refusal(403, 'Only the page of this console may ask for that.')
  if (hasBody(headers)) return new Refusal(413, 'Nothing that is sent along is read.', { Connection: 'close' })
  return method === 'GET' ? readGet(target) : readPost(target, origin, rules)
}

function readGet({ pathname, searchParams }: URL): Wish | Refusal {
  if (pathname === '/') return { kind: 'page' }
  if (pathname === '/state') return { kind: 'state', query: searchParams }
  return new Refusal(404, 'There is the page, /, and what it asks for.')
}

function readPost({ pathname }: URL, origin: string | undefined, { mayKill }: Rules): Wish | Refusal {
  const [, id] = /^\/kill\/(\d{1,15})$/u.exec(pathname) ?? []
  if (id === undefined)
    return new Refusal(404, 'Only a kill is asked for by POST: /kill/ and the number of a greenlet.')
  if (origin === undefined) return new Refusal(403, 'Only the page of this console may ask for that.')
  if (!mayKill) {
    return new Refusal(
      403,
      'Killing is off. To allow it: openConsole({ kill: true }), or greenloop run --console --console-kill.',
    )
  }
  return { kind: 'kill', id: Number(id) }
}

/** The path and the query; null: it is a whole address, or nothing that can be read. */
function targetOf(host: string, url: string): URL | null {
  const address = `http://${host}${url}`
  return url.startsWith('/') && URL.canParse(address) ? new URL(address) : null
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Compares in a time that tells nothing of where they differ. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
