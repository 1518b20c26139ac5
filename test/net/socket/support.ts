/**
 * Sockets of Python's face for the tests, closed when the test is over.
 */
import { type Green, GreenletExit, run } from 'greenloop'
import { type Address, AF_INET, type Family, SOCK_STREAM, Socket, type SocketKind, socketpair } from 'greenloop/net'
import { onTestFinished } from 'vitest'
import type { Drivable } from '../support.ts'

/** For the rest of the running test. */
export function made(family: Family = AF_INET, type: SocketKind = SOCK_STREAM): Socket {
  return closedLater(new Socket(family, type))
}

/** Has a socket closed when the test is over, with whatever is below it. */
export function closedLater(socket: Socket): Socket {
  onTestFinished(() => {
    const { node } = socket
    socket.close()
    if (node !== null && 'destroy' in node) node.destroy()
  })
  return socket
}

/** A socket that listens on a free port. */
export async function listening(): Promise<Socket> {
  const socket = made()
  await run(function* () {
    yield* socket.bind(['127.0.0.1', 0])
    yield* socket.listen()
  })
  return socket
}

/** The port of a socket's own address. */
export function portOf(socket: Socket): number {
  return (socket.getsockname() as Address)[1]
}

/** Two sockets that are connected to each other. */
export async function pair(): Promise<[Socket, Socket]> {
  const [here, there] = await socketpair()
  return [closedLater(here), closedLater(there)]
}

/** What driving throws, unless it is a kill. `make` may throw, too. */
export function* caught(make: () => Drivable<unknown>): Green<unknown> {
  try {
    yield* make()
  } catch (error) {
    if (error instanceof GreenletExit) throw error
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** All that comes until the peer ends. */
export function* readAll(socket: Socket, size = 65_536): Green<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = yield* socket.recv(size)
    if (chunk.length === 0) return Buffer.concat(chunks)
    chunks.push(chunk)
  }
}
