/**
 * Servers and clients of one test: whatever it leaves open is closed when it is over, before leaks are looked for.
 */
import net from 'node:net'
import { run } from 'greenloop'
import {
  connect,
  createServer,
  type GreenServer,
  type GreenSocket,
  type StopOptions,
  type StreamConnection,
  type StreamHandler,
  type StreamListener,
  StreamServer,
  type StreamServerOptions,
} from 'greenloop/net'
import { afterEach } from 'vitest'
import { eventually } from '../support.ts'

/** What can be stopped. */
interface Stoppable {
  stop(options: StopOptions): PromiseLike<void>
}

const servers = new Set<Stoppable>()
const clients = new Set<net.Socket>()
const listeners = new Set<net.Server>()

/** Has everything closed behind each test of the file. */
export function closeAll(): void {
  afterEach(async () => {
    for (const client of clients) client.destroy()
    clients.clear()
    for (const server of servers) await server.stop({ timeoutMs: 0 })
    servers.clear()
    for (const listener of listeners) listener.close()
    listeners.clear()
    await eventually('no handle is open', () => openHandles().length === 0)
  })
}

/** The sockets and servers that are open in the process; those of the test runner are pipes. */
export function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|UDP|TLS/u.test(name))
}

/** A server of this machine, for the running test. */
export function made<S extends StreamConnection = GreenSocket>(
  handle: StreamHandler<S>,
  options: StreamServerOptions<S> = {},
  listener: StreamListener = '127.0.0.1:0',
): StreamServer<S> {
  return track(new StreamServer(listener, handle, options))
}

export function track<S extends Stoppable>(server: S): S {
  servers.add(server)
  return server
}

/** The same, started. */
export async function serving<S extends StreamConnection = GreenSocket>(
  handle: StreamHandler<S>,
  options: StreamServerOptions<S> = {},
): Promise<StreamServer<S>> {
  const server = made(handle, options)
  await server.start()
  return server
}

/** A server of `createServer()` that listens, for the running test. */
export async function listening(options: net.ServerOpts = {}): Promise<GreenServer> {
  const listener = createServer(options)
  listeners.add(listener)
  await run(function* () {
    yield* listener.listen(0, '127.0.0.1')
  })
  return listener
}

/** A client, for the running test. */
export function client(
  server: { readonly serverPort: number },
  options: Partial<net.TcpNetConnectOpts> = {},
): GreenSocket {
  const socket = connect({ port: server.serverPort, host: '127.0.0.1', ...options })
  socket.on('error', () => undefined)
  clients.add(socket)
  return socket
}

/** What becomes of a connection to which nothing is sent, or only `text`: `''` when it is closed without an answer, with or without a reset. */
export async function answerTo(server: { readonly serverPort: number }, text = ''): Promise<string> {
  try {
    return await ask(server, text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNRESET' || code === 'EPIPE') return ''
    throw error
  }
}

/** Sends a line, and gives what comes back until the other side ends. */
export function ask(server: { readonly serverPort: number }, text: string): Promise<string> {
  return run(function* () {
    const socket = yield* client(server)
    yield* socket.sendall(text)
    let answer = ''
    for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) answer += String(chunk)
    socket.destroy()
    return answer
  })
}
