/**
 * Real servers for the tests of sockets, closed with all their connections when the test is over; and two ways to look at a process:
 * wait until something is so, and see what would have ended it.
 */
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Green, type Greenlet, type RawGreenlet, type Resume, type Suspend, spawn } from 'greenloop'
import { onTestFinished } from 'vitest'

export { randomOf } from '../support/programs/killing.ts'

/** A server that listens on this machine. */
export interface TcpServer {
  readonly port: number
  /** The open connections, as the server sees them. */
  readonly sockets: ReadonlySet<net.Socket>
  /** How many connections there have been. */
  readonly accepted: number
}

/** Listens on a free port, or on a path. An error of a peer is part of most tests, and ends nothing. */
export async function listen(
  onConnection: (peer: net.Socket) => void = () => undefined,
  { path, ...options }: net.ServerOpts & { path?: string } = {},
): Promise<TcpServer> {
  const sockets = new Set<net.Socket>()
  let accepted = 0
  const server = net.createServer(options, (peer) => {
    accepted++
    sockets.add(peer)
    peer.on('error', () => undefined)
    peer.on('close', () => sockets.delete(peer))
    onConnection(peer)
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    if (path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  onTestFinished(() => {
    for (const peer of sockets) peer.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' ? address!.port : 0,
    sockets,
    get accepted() {
      return accepted
    },
  }
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What `yield*` takes. */
export interface Drivable<T> {
  [Symbol.iterator](): Iterator<Suspend, T, Resume>
}

/** Waits until `holds()`; fails with `what` after two seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const limit = performance.now() + 2000
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`It never came true: ${what}`)
    await delay(2)
  }
}

/** Waits until the greenlet waits for something that does not come by itself. */
export function inWait(greenlet: RawGreenlet): Promise<void> {
  return eventually(`"${greenlet.name}" waits`, () => greenlet.$wait !== null)
}

/** Drives an operation in a greenlet that is killed as soon as it waits, before Node looks at any socket. */
export function killedIn<T>(made: Drivable<T>, look: () => void = () => undefined): Greenlet<T> {
  const victim: Greenlet<T> = spawn(function* killed(): Green<T> {
    queueMicrotask(() => {
      look()
      victim.kill()
    })
    return yield* made
  })
  return victim
}

/** What would have ended the process from now on, for the rest of the running test: uncaught errors and unhandled rejections. */
export function catchUnhandled(): unknown[] {
  const caught: unknown[] = []
  const catcher = (error: unknown): void => void caught.push(error)
  for (const event of ['unhandledRejection', 'uncaughtException']) {
    const before = process.rawListeners(event) as ((...args: unknown[]) => void)[]
    process.removeAllListeners(event)
    process.on(event, catcher)
    onTestFinished(() => {
      process.off(event, catcher)
      for (const listener of before) process.on(event, listener)
    })
  }
  return caught
}
