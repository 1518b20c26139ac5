/**
 * Certificates for the tests of HTTP, and a server with one.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The path of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
}

/** The authority that signed them all. */
export const CA: string = fixture('ca.pem')

/** A certificate and its key. */
export function certificate(name: 'server' | 'other' | 'client'): { cert: string; key: string } {
  return { cert: readFileSync(fixture(`${name}.pem`), 'utf8'), key: readFileSync(fixture(`${name}-key.pem`), 'utf8') }
}

/** A server for `https:` that answers with the path, and with the name of the client's certificate if it wants one. */
export async function secureServer(
  name: 'server' | 'other' = 'server',
  options: https.ServerOptions = {},
  look: (request: http.IncomingMessage) => void = () => undefined,
): Promise<{ url: string; port: number; connections: () => number }> {
  let connections = 0
  const server = https.createServer({ ...certificate(name), ...options }, (request, response) => {
    look(request)
    response.end(`${request.headers.host ?? ''} ${request.url ?? ''}`)
  })
  server.on('connection', () => connections++)
  server.on('tlsClientError', () => undefined)
  return { ...(await listening(server, 'https')), connections: () => connections }
}

async function listening(server: http.Server | https.Server, scheme: string): Promise<{ url: string; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `${scheme}://127.0.0.1:${String(port)}`, port }
}
