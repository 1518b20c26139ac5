/**
 * A real HTTP server for the tests of both clients, closed with all its connections when the test is over.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { eventually } from '../net/support.ts'

/** A server that listens on this machine. */
export interface HttpServer {
  /** Where it is, without a slash at the end: `http://127.0.0.1:1234`. */
  readonly url: string
  /** The requests that came, as `GET /path`. */
  readonly requests: readonly string[]
  /** Waits until the request for `path` has come. */
  came(path: string): Promise<void>
  /** Waits until the connection on which `path` was asked for has been closed before the answer was complete. */
  aborted(path: string): Promise<void>
  /** Whether it has been. */
  isAborted(path: string): boolean
}

/** Answers with the paths that every test may use, and with `own` first. */
export async function serve(
  own: (request: http.IncomingMessage, response: http.ServerResponse) => boolean = () => false,
): Promise<HttpServer> {
  const requests: string[] = []
  const aborted = new Set<string>()
  const server = http.createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(`${request.method ?? ''} ${path}`)
    response.on('close', () => {
      if (!response.writableFinished) aborted.add(path)
    })
    response.on('error', () => undefined)
    if (!own(request, response)) answer(path, request, response)
  })
  // What keeps a process alive must not be our doing: an idle connection outlives every test.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const isAborted = (path: string): boolean => aborted.has(path)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    came: (path) => eventually(`${path} was asked for`, () => requests.some((line) => line.endsWith(` ${path}`))),
    aborted: (path) => eventually(`the request for ${path} was aborted`, () => isAborted(path)),
    isAborted,
  }
}

function answer(path: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const [route = '', rest = ''] = path.slice(1).split('/')
  switch (route) {
    case '':
      response.setHeader('content-type', 'text/plain; charset=utf-8')
      response.end('hello')
      break
    case 'json':
      response.setHeader('content-type', 'application/json')
      response.end('{"answer":42}')
      break
    case 'echo': {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        response.setHeader('content-type', request.headers['content-type'] ?? 'text/plain')
        response.end(
          `${request.method ?? ''} ${String(request.headers['x-tag'] ?? '')} ${String(Buffer.concat(chunks))}`,
        )
      })
      break
    }
    case 'missing':
      response.writeHead(404).end('not here')
      break
    case 'redirect': {
      const left = Number(rest)
      response.writeHead(302, { location: left > 1 ? `/redirect/${left - 1}` : '/' }).end()
      break
    }
    case 'silent': // no answer, ever
      break
    case 'endless': // a head and the first bytes, and no more
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write('the beginning')
      break
    case 'reset':
      response.writeHead(200, { 'content-length': '100' })
      response.write('the beginning')
      setTimeout(() => request.socket.resetAndDestroy(), 10)
      break
    default:
      response.writeHead(500).end(`no route ${path}`)
  }
}
