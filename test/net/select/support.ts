/** What the tests of this room share: connections of which both ends are at hand, and sockets in every state. */
import net from 'node:net'
import { type Green, run } from 'greenloop'
import { connect, createServer, type GreenServer, type GreenSocket } from 'greenloop/net'
import { onTestFinished } from 'vitest'
import { type Drivable, eventually, listen } from '../support.ts'

/** A body that drives what it is given. */
export function* drive<T>(made: Drivable<T>): Green<T> {
  return yield* made
}

/** A connection: our end, and the other, which Node alone uses. Both are closed when the test is over. */
export async function pair(): Promise<{ socket: GreenSocket; peer: net.Socket }> {
  const server = await listen(undefined, { pauseOnConnect: true })
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await run(drive, socket)
  await eventually('the server has the connection', () => server.sockets.size === 1)
  const [peer] = server.sockets
  return { socket, peer: peer! }
}

/** A server of ours that listens, for the rest of the running test. */
export async function listening(): Promise<{ server: GreenServer; port: number }> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await run(function* () {
    yield* server.listen(0, '127.0.0.1')
  })
  return { server, port: (server.address() as net.AddressInfo).port }
}

/** Connects as Node does, for the rest of the running test. */
export function nodeClient(port: number): net.Socket {
  const client = net.connect(port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  return client
}

/** A socket whose connecting never ends. */
export function connecting(): GreenSocket {
  const socket = connect({ port: 1, host: 'nowhere.invalid', lookup: () => undefined })
  onTestFinished(() => void socket.destroy())
  return socket
}

/** An object of a user's: data beside a socket. */
export class Carrier {
  readonly name: string
  readonly socket: { fileno(): number }

  constructor(name: string, socket: { fileno(): number }) {
    this.name = name
    this.socket = socket
  }

  fileno(): number {
    return this.socket.fileno()
  }
}

/** Fills a socket until its peer, which does not read, takes no more. */
export function fill(socket: net.Socket): void {
  const chunk = Buffer.alloc(1 << 20)
  while (socket.write(chunk));
}

/** How many listeners the socket has, by event. */
export function listenerCounts(socket: net.Socket): Record<string, number> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]))
}
