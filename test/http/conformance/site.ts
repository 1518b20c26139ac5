/**
 * The local site that both sides ask: it answers what the case in hand says, down to single bytes, and writes down what it was asked, in
 * a form without what may differ (ports, boundaries, nonces).
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { checkDigest, type DigestSecret, seenRequest } from './seen.ts'

/** What the site says to one request. */
export interface Answer {
  readonly status?: number
  /** As Node would say it, if left out. */
  readonly reason?: string
  /** Values are sent as latin1, so UTF-8 has to be given as its bytes. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Buffer
  /** How the body is compressed, in this order; the header is the case's own affair. */
  readonly coded?: readonly (keyof typeof CODINGS)[]
  /** Whether the body is sent without a length. */
  readonly chunked?: boolean
  /** Sent as it is, byte by byte of latin1, instead of all the above; then the connection ends. */
  readonly raw?: string
  /** Where the site stops for good: before the head, or after the head and `body`. */
  readonly stalls?: 'before the head' | 'in the body'
  /** How late it begins. */
  readonly lateMs?: number
  /** A first request without the right answer gets 401 and a challenge. */
  readonly digest?: DigestSecret
}

const CODINGS: Readonly<Record<'gzip' | 'zlib' | 'deflate' | 'br', (content: Buffer) => Buffer>> = {
  gzip: gzipSync,
  zlib: deflateSync,
  deflate: deflateRawSync,
  br: brotliCompressSync,
}

/** The answers of a case: by path; a list is used up, and its last one stays. */
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>

/** What the site has to know of a case. */
interface Asked {
  readonly answers?: Answers
  readonly see?: readonly string[]
}

/** One side's site; each side has one of its own, so that what was seen is that side's. */
export class Site {
  /** Where it listens. */
  readonly port: number
  readonly #server: Server
  readonly #nobody: number
  readonly #cases: readonly Asked[]
  readonly #sockets = new Set<Socket>()
  readonly #counts = new Map<string, number>()
  #case = -1
  #seen: string[] = []

  private constructor(server: Server, cases: readonly Asked[], nobody: number) {
    this.#server = server
    this.#nobody = nobody
    this.#cases = cases
    this.port = (server.address() as AddressInfo).port // it listens at a port, so it is no pipe's name
    server.keepAliveTimeout = 60_000
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch(() => request.destroy()) // it was given up while its body came
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  /** Opens a site for `cases` at a port of its own. */
  static async open(cases: readonly Asked[]): Promise<Site> {
    const [server, closed] = [createServer(), createServer()]
    for (const one of [closed, server]) await once(one.listen(0, '127.0.0.1'), 'listening')
    const { port } = closed.address() as AddressInfo // as above
    closed.close()
    return new Site(server, cases, port)
  }

  /** `text` with the real places instead of `{here}`, `{there}` and `{nobody}`. */
  fill(text: string): string {
    return this.#places().reduce((filled, [name, place]) => filled.replaceAll(name, place), text)
  }

  /** `text` with `{here}`, `{there}` and `{nobody}` again, so that it says the same in each run. */
  hide(text: string): string {
    return this.#places().reduce((hidden, [name, place]) => hidden.replaceAll(place, name), text)
  }

  #places(): [string, string][] {
    return [
      ['{here}', `127.0.0.1:${String(this.port)}`],
      ['{there}', `localhost:${String(this.port)}`],
      ['{nobody}', `127.0.0.1:${String(this.#nobody)}`],
    ]
  }

  /** Ends the case in hand, gives what was seen of it, and begins the next one; as `/-/next` does. */
  next(): string[] {
    const seen = counted(this.#seen)
    this.#case++
    this.#seen = []
    this.#counts.clear()
    return seen
  }

  /** Closes the site and whatever connections are left. */
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const { pathname } = new URL(`http://site${request.url ?? ''}`)
    if (pathname === '/-/next') {
      response.end(JSON.stringify(this.next()))
      return
    }
    const { see } = this.#cases[this.#case] ?? {}
    this.#seen.push(seenRequest(request, body, see))
    await this.#say(this.#choose(pathname), request, response)
  }

  #choose(path: string): Answer {
    const answer = this.#cases[this.#case]?.answers?.[path] ?? { body: 'here' }
    if (!('length' in answer)) return answer
    const count = this.#counts.get(path) ?? 0
    this.#counts.set(path, count + 1)
    return answer[Math.min(count, answer.length - 1)] ?? {}
  }

  async #say(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (answer.lateMs !== undefined) await delay(answer.lateMs)
    if (answer.stalls === 'before the head') return
    if (answer.raw !== undefined) {
      request.socket.end(Buffer.from(answer.raw, 'latin1'))
      return
    }
    if (answer.digest !== undefined && !checkDigest(request, answer.digest)) {
      response.writeHead(401, { 'www-authenticate': answer.digest.challenge, 'content-length': 0 }).end()
      return
    }
    const headers = (answer.headers ?? []).map(([name, value]) => [name, this.fill(value)])
    const body = (answer.coded ?? []).reduce<Buffer>(
      (content, name) => CODINGS[name](content),
      Buffer.from(answer.body ?? ''),
    )
    const named = headers.some(([name]) => name?.toLowerCase() === 'content-length')
    const status = answer.status ?? 200
    const empty = status === 204 || status === 304
    if (answer.chunked !== true && !named && !empty) headers.push(['Content-Length', String(body.length)])
    response.sendDate = false
    if (answer.reason === undefined) response.writeHead(status, headers.flat())
    else response.writeHead(status, answer.reason, headers.flat())
    if (answer.stalls === 'in the body') {
      response.write(body)
      return
    }
    response.end(body)
  }
}

/** The lines, those that are the same as the one before counted. */
function counted(lines: readonly string[]): string[] {
  const runs: { line: string; times: number }[] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.line === line) last.times++
    else runs.push({ line, times: 1 })
  }
  return runs.map(({ line, times }) => (times === 1 ? line : `${line} (${String(times)} times)`))
}
