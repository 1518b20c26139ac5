/** The web site of `crawler.ts`: 500 pages on two hosts, which link to each other, and some of which fail. Served by this process. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A running site. */
export interface FaultySite {
  /** Where the first page is. */
  readonly url: string
  /** The most requests that one of the hosts has had at the same time. */
  readonly mostAtOnce: number
  close(): void
}

const PAGES = 500
const LATENCY_MS = 5

/** Starts it, on two free ports of this machine: pages with an even number are on one host, the others on the other. */
export async function openFaultySite(): Promise<FaultySite> {
  const tries = new Map<number, number>()
  let mostAtOnce = 0
  const hosts = [0, 1].map(() => {
    let running = 0
    return createServer((request, response) => {
      running++
      mostAtOnce = Math.max(mostAtOnce, running)
      response.on('close', () => running--)
      const number = Number(/\d+$/u.exec(request.url ?? '')?.[0])
      const tried = (tries.get(number) ?? 0) + 1
      tries.set(number, tried)
      setTimeout(() => {
        answer(number, tried, request, response)
      }, LATENCY_MS)
    })
  })
  for (const host of hosts) host.listen(0, '127.0.0.1')
  await Promise.all(hosts.map((host) => once(host, 'listening')))
  const origins = hosts.map((host) => `http://127.0.0.1:${String((host.address() as AddressInfo).port)}`) // they listen at ports

  /** Where a page is. */
  const place = (number: number): string => `${origins[number % 2] ?? ''}/page/${String(number)}`

  function answer(number: number, tried: number, request: IncomingMessage, response: ServerResponse): void {
    if (number % 50 === 7 && tried === 1) response.writeHead(503, { 'retry-after': '0' }).end('too busy')
    else if (number % 50 === 13 && tried <= 2) request.socket.destroy()
    else if (number % 50 === 33 && request.url?.startsWith('/page/') === true)
      response.writeHead(301, { location: `/moved/${String(number)}` }).end()
    else if (number > 250 && number % 50 === 29) response.writeHead(500).end('out of order')
    else if (number > 250 && number % 50 === 11)
      return // it never answers
    else response.writeHead(200, { 'content-type': 'text/html' }).end(page(number))
  }

  /** The pages are a tree, with links back to the first one. */
  function page(number: number): string {
    const links = [2 * number, 2 * number + 1, 1].filter((other) => other <= PAGES)
    const list = links.map((other) => `<li><a href="${place(other)}">page ${String(other)}</a></li>`)
    return `<!doctype html><title>Page ${String(number)}</title><ul>${list.join('')}</ul><p>${'text '.repeat(200)}</p>`
  }

  return {
    url: place(1),
    get mostAtOnce() {
      return mostAtOnce
    },
    close() {
      for (const host of hosts) {
        host.close()
        host.closeAllConnections()
      }
    },
  }
}
