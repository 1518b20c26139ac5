/** The web site of `pages.ts`: three pages that take their time, served by this process on a free loopback port. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What each page answers with, and after how long. Together 1250 ms, the longest 500: 2.5 times. */
const PAGES = new Map([
  ['/python', { latencyMs: 400, size: 48_000 }],
  ['/yahoo', { latencyMs: 500, size: 91_000 }],
  ['/github', { latencyMs: 350, size: 23_500 }],
])

/** A running site. */
export interface Site {
  readonly urls: readonly string[]
  close(): void
}

/** Starts the server. Any other path is answered with 404 at once. */
export async function openSite(): Promise<Site> {
  const server = createServer((request, response) => {
    const page = PAGES.get(request.url ?? '')
    if (page === undefined) response.writeHead(404).end('not found\n')
    else setTimeout(() => response.end('.'.repeat(page.size)), page.latencyMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return {
    urls: [...PAGES.keys()].map((path) => `http://127.0.0.1:${port}${path}`),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
