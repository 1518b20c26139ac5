// Servers: listen, accept and the connections that wait, over real sockets.
import { mkdtemp, rm } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  choose,
  type Green,
  joinall,
  run,
  SocketClosedError,
  SocketTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
} from 'greenloop'
import { connect, createServer, type GreenServer, type GreenSocket } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { type Drivable, eventually, inWait } from '../support.ts'

checkLeaks()

/** A server that listens, for the rest of the running test. */
async function listening(options: net.ServerOpts = {}): Promise<{ server: GreenServer; port: number }> {
  const server = createServer(options)
  onTestFinished(() => void server.close())
  await run(function* () {
    yield* server.listen(0, '127.0.0.1')
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** Connects for the rest of the running test. */
function client(port: number): GreenSocket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

function* drive<T>(made: Drivable<T>): Green<T> {
  return yield* made
}

describe('listen()', () => {
  it('waits until the server listens, and gives it', async () => {
    const server = createServer()
    onTestFinished(() => void server.close())
    await run(function* () {
      const got = yield* server.listen(0, '127.0.0.1')
      expect(got).toBe(server)
      expect(server.listening).toBe(true)
    })
  })

  it('does not switch when it listens already', async () => {
    const { server } = await listening()
    await run(function* () {
      const order: string[] = []
      spawn(() => order.push('another'))
      yield* server
      order.push('listens')
      yield* sleep(0)
      expect(order).toEqual(['listens', 'another'])
    })
  })

  it('throws the error of Node when the port is taken', async () => {
    const { port } = await listening()
    const second = createServer()
    const error = await rejection(
      run(function* () {
        yield* second.listen(port, '127.0.0.1')
      }),
    )
    expect(error).toMatchObject({ code: 'EADDRINUSE', port })
  })

  it('of a greenlet that is killed closes the server', async () => {
    const server = createServer()
    const victim = spawn(function* () {
      queueMicrotask(() => void victim.kill())
      yield* server.listen(0, '127.0.0.1')
    })
    await victim.join()
    await eventually('it is closed', () => !server.listening)
  })

  it('listens at a Unix socket, whose connections have no address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const server = createServer()
    onTestFinished(() => void server.close())
    await run(function* () {
      yield* server.listen(path)
      const socket = yield* connect(path)
      const [connection, address] = yield* server.accept()
      expect(address).toEqual(['', 0])
      yield* connection.sendall('through a path')
      expect(String(yield* socket.recv())).toBe('through a path')
      connection.destroy()
      socket.destroy()
    })
  })
})

describe('accept()', () => {
  it('gives the connection and the address of its other end', async () => {
    const { server, port } = await listening()
    const socket = client(port)
    const [connection, [host, from]] = await server.accept()
    expect(connection).toBeInstanceOf(net.Socket)
    expect([host, from]).toEqual(['127.0.0.1', socket.localPort])
    connection.destroy()
  })

  it('gives connections that came before it was called, in their order, without a switch', async () => {
    const { server, port } = await listening()
    const sockets = [client(port), client(port)]
    await run(function* () {
      for (const socket of sockets) yield* socket
      yield* sleep(20)
      const order: string[] = []
      spawn(() => order.push('another'))
      const [, [, first]] = yield* server.accept()
      const [, [, second]] = yield* server.accept()
      expect([first, second].sort()).toEqual(sockets.map(({ localPort }) => localPort).sort())
      expect(order).toEqual([])
    })
    for (const socket of sockets) socket.destroy()
  })

  it('gives the connections to those who wait in the order in which they came', async () => {
    const { server, port } = await listening()
    const order: string[] = []
    const greenlets = ['first', 'second'].map((name) =>
      spawnWith({ name }, function* () {
        const [connection] = yield* server.accept()
        order.push(name)
        connection.destroy()
      }),
    )
    await Promise.all(greenlets.map(inWait))
    for (let n = 0; n < 2; n++) client(port)
    await joinall(greenlets)
    expect(order).toEqual(['first', 'second'])
  })

  it('of a greenlet that is killed takes no connection', async () => {
    const { server, port } = await listening()
    const victim = spawn(() => server.accept())
    await inWait(victim)
    await victim.kill()
    client(port)
    const [connection] = await server.accept()
    expect(connection.remotePort).toBeGreaterThan(0)
    connection.destroy()
  })

  it('in choose() takes no connection when something else was first', async () => {
    const { server, port } = await listening()
    await run(function* () {
      const [key] = yield* choose({ connection: server.accept(), time: sleep(1) })
      expect(key).toBe('time')
      client(port)
      const [connection] = yield* server.accept()
      connection.destroy()
    })
  })

  it('throws when its time is up', async () => {
    const { server, port } = await listening()
    expect(await rejection(server.accept({ timeoutMs: 1 }))).toEqual(
      new SocketTimeoutError(`accept() of the server at 127.0.0.1:${String(port)} timed out after 1 ms.`),
    )
  })

  it('throws when the server is closed, before or meanwhile', async () => {
    const { server, port } = await listening()
    const waiting = spawn(() => server.accept())
    await inWait(waiting)
    server.close()
    const closed = new SocketClosedError(`accept(): the server at 127.0.0.1:${String(port)} is closed.`)
    expect(await rejection(waiting.get())).toEqual(closed)
    expect(await rejection(server.accept())).toEqual(closed)
    expect(server.fileno()).toBe(-1)
  })

  it('is refused where a listener is given the connections', async () => {
    const { server } = await listening()
    server.on('connection', (socket) => socket.destroy())
    expect(await rejection(server.accept())).toEqual(
      new UsageError(
        "accept() was called of a server that has a listener for 'connection', which is given every connection already.\n\n" +
          '  createServer(handler); yield* server.accept()   // incorrect: each connection would have two owners\n' +
          '  createServer(); yield* server.accept()          // correct',
      ),
    )
  })

  it('leaves connections to a listener that comes later', async () => {
    const { server, port } = await listening()
    const seen: net.Socket[] = []
    server.on('connection', (socket) => {
      seen.push(socket)
      socket.destroy()
    })
    client(port)
    await eventually('the listener has it', () => seen.length === 1)
    expect(await rejection(server.accept())).toBeInstanceOf(UsageError)
  })

  it('goes on after somebody has removed all listeners', async () => {
    const { server, port } = await listening()
    const first = spawn(() => server.accept({ timeoutMs: 1 }))
    await rejection(first.get())
    server.removeAllListeners('connection')
    const waiting = spawn(() => server.accept())
    await inWait(waiting)
    client(port)
    const [connection] = await waiting.get()
    expect(connection.destroyed).toBe(false)
    connection.destroy()
  })

  it('goes on when the server listens again, which has another number then', async () => {
    const { server } = await listening()
    const before = server.fileno()
    server.close()
    await eventually('it is closed', () => server.fileno() === -1)
    await run(() => drive(server.listen(0, '127.0.0.1')))
    expect(server.fileno()).toBeGreaterThan(before)
    client((server.address() as AddressInfo).port)
    const [connection] = await server.accept()
    connection.destroy()
  })

  it('passes over a connection that was reset while it waited', async () => {
    const { server, port } = await listening()
    const first = client(port)
    await run(() => drive(first))
    first.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const second = client(port)
    const [connection, [, from]] = await server.accept()
    expect(from).toBe(second.localPort)
    connection.destroy()
  })

  it('closes the connections that nobody has taken with the server', async () => {
    const { server, port } = await listening()
    const socket = client(port)
    await run(() => drive(socket))
    server.close()
    expect(await socket.recv()).toHaveLength(0)
  })
})

describe('cursor()', () => {
  it('goes from connection to connection, and ends when the server is closed', async () => {
    const { server, port } = await listening()
    const seen: string[] = []
    const reader = spawn(function* () {
      const connections = server.cursor()
      while (yield* connections.next()) {
        const [connection, [host]] = connections.value
        seen.push(host)
        connection.destroy()
      }
      seen.push('over')
    })
    await run(function* () {
      for (let n = 0; n < 2; n++) yield* client(port)
    })
    await eventually('both are there', () => seen.length === 2)
    server.close()
    await reader.join()
    expect(seen).toEqual(['127.0.0.1', '127.0.0.1', 'over'])
  })
})

describe('a connection', () => {
  it('stays open for sending when the peer has ended, if half-open ones are allowed', async () => {
    const { server, port } = await listening({ allowHalfOpen: true })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    await run(function* () {
      yield* socket
      socket.end('question')
      const [connection] = yield* server.accept()
      expect(String(yield* connection.recv())).toBe('question')
      expect(yield* connection.recv()).toHaveLength(0)
      yield* connection.sendall('answer')
      connection.end()
      expect(String(yield* socket.recv())).toBe('answer')
    })
  })

  it('can be piped on after recv() has taken its head, with every byte', async () => {
    const { server, port } = await listening()
    const socket = client(port)
    const received: Buffer[] = []
    await run(function* () {
      yield* socket.sendall('head')
      const [connection] = yield* server.accept()
      yield* socket.sendall('body')
      yield* sleep(20)
      expect(String(yield* connection.recv(2))).toBe('he')
      connection.pipe(new PassThrough()).on('data', (chunk: Buffer) => received.push(chunk))
    })
    socket.end(' and end')
    await eventually('all is there', () => String(Buffer.concat(received)) === 'adbody and end')
  })

  it('throws a Timeout of the caller as it is', async () => {
    const { server, port } = await listening()
    client(port)
    const [connection] = await server.accept()
    const timeout = new Timeout(1)
    expect(await rejection(connection.recv(1, { timeoutMs: timeout }))).toBe(timeout)
    connection.destroy()
  })

  it('is read into a buffer by recvInto(), which gives how much it was', async () => {
    const { server, port } = await listening()
    const socket = client(port)
    const [connection] = await server.accept()
    const buffer = Buffer.alloc(4, '.')
    await socket.sendall('abcdef')
    expect(await connection.recvInto(buffer)).toBe(4)
    expect(String(buffer)).toBe('abcd')
    expect(await connection.recvInto(buffer)).toBe(2)
    expect(String(buffer)).toBe('efcd')
    socket.end()
    expect(await connection.recvInto(buffer)).toBe(0)
    connection.destroy()
  })
})
