/**
 * A small web for the README's programs: every host name leads to one server on loopback, which answers the hosts that it knows.
 *
 * The test opens the server. The process that runs a block imports this file first (`node --import`); there the environment names the
 * server's port, and what is to be a connection of TLS, of `fetch` and of `requests` alike, is one to that port, whatever the host.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import tls from 'node:tls'

const PORT = 'GREENLOOP_TEST_WEB'

/** What each host answers with, and after how long. */
const HOSTS = new Map([
  ['github.com', { latencyMs: 10, size: 300 }],
  ['www.python.org', { latencyMs: 250, size: 200 }],
  ['www.yahoo.com', { latencyMs: 500, size: 100 }],
])

/** An open web. */
export interface Web {
  /** For the environment of a process that is to use it. */
  env: Record<string, string>
  close(): void
}

/** Opens the server. */
export async function openWeb(): Promise<Web> {
  const server = createServer((request, response) => {
    const host = HOSTS.get(request.headers.host ?? '')
    if (host === undefined) response.writeHead(404).end()
    else setTimeout(() => response.end('.'.repeat(host.size)), host.latencyMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    env: { [PORT]: String((server.address() as AddressInfo).port) },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const port = process.env[PORT]
if (port !== undefined) {
  // Without TLS: the server behind it speaks plain HTTP.
  tls.connect = () => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.once('connect', () => socket.emit('secureConnect'))
    return socket as tls.TLSSocket // as far as clients of HTTP look at it
  }
}
