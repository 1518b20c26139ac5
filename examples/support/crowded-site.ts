/** The web site of `select-framework.ts`: it answers nobody before everybody is there, and is served by this process on a free loopback port. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A running site. */
export interface CrowdedSite {
  readonly url: string
  /** The most requests that waited for their answers at the same time. */
  readonly mostAtOnce: number
  close(): void
}

/** Starts the server: when it has `crowd` requests, each is answered after `latencyMs` with the path that it asked for. */
export async function openCrowdedSite(crowd: number, latencyMs: number): Promise<CrowdedSite> {
  const waiting: { path: string; response: ServerResponse }[] = []
  let mostAtOnce = 0
  const server = createServer((request, response) => {
    waiting.push({ path: request.url ?? '', response })
    mostAtOnce = Math.max(mostAtOnce, waiting.length)
    if (waiting.length < crowd) return
    for (const { path, response } of waiting.splice(0))
      setTimeout(() => response.end(`You asked for ${path}`), latencyMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    get mostAtOnce() {
      return mostAtOnce
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
