/**
 * What the tests of streams have in common.
 */
import { type EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cursor, Green, Resume, Suspend } from 'greenloop'
import { onTestFinished } from 'vitest'

/** How many listeners it has, by event. */
export function listeners(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

/** A folder for the running test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'greenloop-'))
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** What driving it throws. */
export function* caught(made: { [Symbol.iterator](): Iterator<Suspend, unknown, Resume> }): Green<unknown> {
  try {
    yield* made
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** All values of a cursor. */
export function* all<T>(cursor: Cursor<T>): Green<T[]> {
  const values: T[] = []
  while (yield* cursor.next()) values.push(cursor.value)
  return values
}

/** Both ends of a connection. */
export async function pair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [net.Socket]
  onTestFinished(() => {
    socket.destroy()
    peer.destroy()
    server.close()
  })
  return [socket, peer]
}
