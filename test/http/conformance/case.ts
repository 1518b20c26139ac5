/**
 * What a case is: what the site answers, which calls are made, and what is read of their answers, all of it data that a Python program
 * and ours play alike. And the short words in which the cases are written.
 */
import type { Answer, Answers } from './site.ts'

/** Data of a call, as JSON can carry it; bytes and pieces have a form of their own. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

/** One call. `{here}` in its text means `127.0.0.1:port`, `{there}` the same server as `localhost:port`, `{nobody}` a port without one. */
export interface Call {
  /** The function of `requests` that is called, in capitals. */
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS'
  readonly url: string
  /** By our names: `allowRedirects`, `timeoutMs`. */
  readonly options?: Readonly<Record<string, Plain>>
  /** What is read of the answer, in order; what `READS` of both players knows. */
  readonly read: readonly string[]
}

/** What a player hands back: for each call what was read of it by name, or its error; and what the site saw. */
export interface Played {
  readonly calls: readonly Readonly<Record<string, unknown>>[]
  readonly seen: readonly string[]
}

/** What happened in a case: the last call's results, what the site saw, and the results of the calls before, if there were any. */
export type Outcome = Readonly<Record<string, unknown>>

/** As it is compared and recorded. */
export function outcomeOf(title: string, { calls, seen }: Played): Outcome {
  const before = calls.slice(0, -1)
  return { title, ...calls.at(-1), ...(before.length === 0 ? {} : { before }), seen }
}

/** Why ours is another outcome, and in what it differs: null where ours does not have it. */
export interface Departure {
  readonly reason: string
  readonly ours: Outcome
}

/** One row of the table. */
export interface Case {
  readonly title: string
  readonly answers?: Answers
  /** The headers that the site shows of each request; without it those that say what is sent. */
  readonly see?: readonly string[]
  /** Given, all calls share a session with these settings. */
  readonly session?: Readonly<Record<string, Plain>>
  readonly calls: readonly Call[]
}

/** A call; unless it says otherwise its text is read. */
export function call(
  method: Call['method'],
  url: string,
  options: Call['options'] = {},
  { read = ['text'] }: { readonly read?: readonly string[] } = {},
): Call {
  return { method, url: whole(url), options, read }
}

/** A path means one of the site. */
function whole(url: string): string {
  return url.startsWith('/') ? `http://{here}${url}` : url
}

/** A GET of `url`, of whose answer `read` is read. */
export function get(url: string, ...read: string[]): Call {
  return { method: 'GET', url: whole(url), read: read.length === 0 ? ['text'] : read }
}

/** Bytes, as JSON carries them to both players. */
export function bytes(hex: string): Plain {
  return { $bytes: hex }
}

/** A body that comes in pieces, of a length that nobody knows. */
export function pieces(...chunks: string[]): Plain {
  return { $chunks: chunks }
}

/** Digest authentication as `user`. */
export function digest(user: string, password: string): Plain {
  return { $digest: [user, password] }
}

/** An answer that sends on to `location`; the text is sent as the bytes of its UTF-8. */
export function to(location: string, status = 302, more: Answer = {}): Answer {
  const headers = [...(more.headers ?? []), ['Location', Buffer.from(location).toString('latin1')] as const]
  return { ...more, status, headers }
}

/** An answer of a content type. */
export function typed(type: string, body: string | Buffer): Answer {
  return { headers: [['Content-Type', type]], body }
}

/** An answer that sets cookies. */
export function cookie(...values: string[]): Answer {
  return { headers: values.map((value) => ['Set-Cookie', value] as const), body: 'set' }
}

/** An answer in these very chunks. */
export function chunks(...pieces: string[]): Answer {
  const framed = [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
  return { raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${framed.join('')}` }
}

/** A case of one call. */
export function one(title: string, answer: Answer | null, made: Call, more: Partial<Case> = {}): Case {
  const answers = answer === null ? {} : { answers: { [new URL(made.url.replace('{here}', 'site')).pathname]: answer } }
  return { title, ...answers, calls: [made], ...more }
}
