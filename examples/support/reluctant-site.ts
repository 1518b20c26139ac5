/** The web site of `download.ts`: one file, at paths that differ in how hard it is to get. Served by this process. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The file: bytes that look like any, and are always the same. */
export const FILM: Buffer = createHash('shake256', { outputLength: 5_000_000 }).update('film').digest()
/** Its checksum. */
export const SHA256: string = createHash('sha256').update(FILM).digest('hex')
/** The mark of its contents. */
export const ETAG = '"first cut"'

/** A running site. */
export interface ReluctantSite {
  readonly url: string
  /** How many requests it has had. */
  readonly requests: number
  close(): void
}

/**
 * Starts the server, on a free port of this machine. `/held` stops after 2,000,000 bytes when it is asked for the first time, `/cut` breaks
 * off after 1,500,000 bytes each time, `/busy` refuses two requests, `/no-ranges` sends all or nothing, `/changed` has another ETag; any
 * other path gives what is asked for.
 */
export async function openReluctantSite(): Promise<ReluctantSite> {
  const asked = new Map<string, number>()
  let requests = 0
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const times = (asked.get(path) ?? 0) + 1
    asked.set(path, times)
    requests++
    if (path === '/busy' && times <= 2) return response.writeHead(503).end()

    const etag = path === '/changed' ? '"second cut"' : ETAG
    const from = path === '/no-ranges' ? null : firstByte(request, etag)
    const all = FILM.length
    if (from !== null && from >= all)
      return response.writeHead(416, { 'content-range': `bytes */${String(all)}` }).end()
    const range = from === null ? {} : { 'content-range': `bytes ${String(from)}-${String(all - 1)}/${String(all)}` }
    const body = FILM.subarray(from ?? 0)
    response.writeHead(from === null ? 200 : 206, { ...range, etag, 'content-length': body.length })
    if (path === '/held' && times === 1) return response.write(body.subarray(0, 2_000_000))
    if (path === '/cut') return response.write(body.subarray(0, 1_500_000), () => response.destroy())
    return response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${String(port)}`,
    get requests() {
      return requests
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Where the range begins that is asked for; null: the whole file is, or the part is one of another file. */
function firstByte({ headers }: IncomingMessage, etag: string): number | null {
  const [, from] = /^bytes=(\d+)-$/u.exec(headers.range ?? '') ?? []
  const ofThis = headers['if-range'] === undefined || headers['if-range'] === etag
  return from !== undefined && ofThis ? Number(from) : null
}
