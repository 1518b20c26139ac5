// Sockets: connect, recv and sendall over real connections, each way in which they end, and what is left behind then: nothing.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ConcurrentObjectUseError,
  type Green,
  GreenletExit,
  getHub,
  joinall,
  run,
  SocketClosedError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
  until,
  withTimeout,
} from 'greenloop'
import { connect, type GreenSocket } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { reset } from '../../support/reset.ts'
import { message, messageOf, rejection, thrown } from '../../support/thrown.ts'
import {
  catchUnhandled,
  closedPort,
  type Drivable,
  eventually,
  inWait,
  killedIn,
  listen,
  randomOf,
} from '../support.ts'

checkLeaks()

/** A host whose name is never found out: the connection stays connecting. */
const nowhere: net.NetConnectOpts = { port: 1, host: 'nowhere.invalid', lookup: () => undefined }

/** How many listeners the socket has, by event. */
function listenerCounts(socket: net.Socket): Record<string, number> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]))
}

/** Connects for the rest of the running test. */
async function connected(port: number, options: Partial<net.TcpNetConnectOpts> = {}): Promise<GreenSocket> {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  onTestFinished(() => void socket.destroy())
  await run(drive, socket)
  return socket
}

/** A server and one connection to it, from both sides. */
async function pair(options: { halfOpen?: boolean } = {}): Promise<{
  port: number
  socket: GreenSocket
  peer: net.Socket
}> {
  const allowHalfOpen = options.halfOpen === true
  const server = await listen(undefined, { allowHalfOpen, pauseOnConnect: true })
  const socket = await connected(server.port, { allowHalfOpen })
  await eventually('the server has the connection', () => server.sockets.size === 1)
  const [peer] = server.sockets
  return { port: server.port, socket, peer: peer! }
}

/** A body that drives what it is given. */
function* drive<T>(made: Drivable<T>): Green<T> {
  return yield* made
}

/** What driving `make()` throws. */
function* caught(make: () => Drivable<unknown>): Green<unknown> {
  try {
    yield* make()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** What the socket gives until the peer ends. */
function* recvAll(socket: GreenSocket, size?: number): Green<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = yield* socket.recv(size)
    if (chunk.length === 0) return Buffer.concat(chunks)
    chunks.push(chunk)
  }
}

function sha(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

describe('connect()', () => {
  it('with a port and a host waits until the connection is there, and gives the socket', async () => {
    const { port } = await listen()
    await run(function* () {
      const made = connect(port, '127.0.0.1')
      expect(made).toBeInstanceOf(net.Socket)
      expect(made.connecting).toBe(true)
      const socket = yield* made
      expect(socket).toBe(made)
      expect([socket.connecting, socket.remotePort]).toEqual([false, port])
      socket.destroy()
    })
  })

  it('with a port alone connects to this machine', async () => {
    const { port } = await listen((peer) => peer.end('here'))
    await run(function* () {
      const socket = yield* connect(port)
      expect(String(yield* socket.recv())).toBe('here')
      socket.destroy()
    })
  })

  it.skipIf(process.platform === 'win32')('with a path connects to a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'socket')
    await listen((peer) => peer.end('local'), { path })
    await run(function* () {
      const socket = yield* connect(path)
      expect(String(yield* socket.recv())).toBe('local')
      socket.destroy()
      const other = yield* connect({ path })
      expect(String(yield* other.recv())).toBe('local')
      other.destroy()
    })
  })

  it('with options hands them to Node', async () => {
    const { port } = await listen()
    const socket = await connected(port, { allowHalfOpen: true, localAddress: '127.0.0.1' })
    expect([socket.allowHalfOpen, socket.localAddress]).toEqual([true, '127.0.0.1'])
  })

  it('takes the port as text, and sets a timeout, as Node’s does', async () => {
    const { port } = await listen()
    const socket = connect(String(port))
    const other = connect({ port, host: '127.0.0.1', timeout: 60_000 })
    onTestFinished(() => {
      socket.destroy()
      other.destroy()
    })
    await run(drive, socket)
    expect(socket.remotePort).toBe(port)
    expect(other.timeout).toBe(60_000)
  })

  it('of a socket that is connected does not switch', async () => {
    const { port } = await listen()
    const socket = await connected(port)
    let others = 0
    await run(function* () {
      spawn(() => others++)
      expect(yield* socket).toBe(socket)
      expect(others).toBe(0)
    })
  })

  it('throws the error of Node when nobody listens', async () => {
    const port = await closedPort()
    const error = await rejection(run(drive, connect(port, '127.0.0.1')))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', message: `connect ECONNREFUSED 127.0.0.1:${port}` })
  })

  it('that failed leaves its error for every later call', async () => {
    const port = await closedPort()
    await run(function* () {
      const socket = connect(port, '127.0.0.1')
      const errors: unknown[] = []
      for (const use of [() => socket, () => socket, () => socket.recv(), () => socket.sendall('x')]) {
        try {
          yield* use()
        } catch (error) {
          errors.push(error)
        }
      }
      expect(errors).toHaveLength(4)
      expect(new Set(errors).size).toBe(1)
      expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' })
    })
  })

  it('may be tried again with the same socket, which then forgets the error', async () => {
    const { port } = await listen((peer) => peer.end('hello'))
    const refused = await closedPort()
    const socket = connect({ port: refused, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    await run(function* () {
      expect(yield* caught(() => socket)).toMatchObject({ code: 'ECONNREFUSED' })
      for (let n = 0; n < 2; n++) {
        yield* socket.connect(port, '127.0.0.1')
        expect(String(yield* socket.recv())).toBe('hello')
        expect((yield* socket.recv()).length).toBe(0)
        if (!socket.destroyed) yield* until(once(socket, 'close'))
      }
      yield* socket.connect(port, '127.0.0.1')
      socket.destroy()
      expect(messageOf(yield* caught(() => socket.recv()))).toBe(`recv(): the socket to 127.0.0.1:${port} is closed.`)
    })
  })

  it('throws the error of Node for a path that is not there', async () => {
    const path = join(tmpdir(), 'greenloop-no-such-socket')
    const error = await rejection(run(drive, connect(path)))
    expect(error).toMatchObject({ code: 'ENOENT' })
  })

  it('of a socket that was destroyed before says so', async () => {
    const socket = connect(nowhere)
    socket.destroy()
    const error = await rejection(run(drive, socket))
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe('connect(): the socket is closed.')
  })

  it('of a socket that is destroyed meanwhile says so', async () => {
    const socket = connect(nowhere)
    const waiting = spawn(drive, socket)
    await inWait(waiting)
    socket.destroy()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe('connect(): the socket is closed.')
  })

  it('of a greenlet that is killed destroys the socket', async () => {
    const server = await listen()
    const socket = connect(server.port, '127.0.0.1')
    const seen: unknown[] = []
    const victim = killedIn(socket, () => seen.push(socket.connecting, getHub().outstanding))
    await victim.join()
    expect(seen).toEqual([true, 1])
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(socket.destroyed).toBe(true)
    expect(getHub().outstanding).toBe(0)
    await eventually('nothing is open at the server', () => server.sockets.size === 0)
  })

  it('of a greenlet that is timed out destroys the socket', async () => {
    const socket = connect(nowhere)
    const error = await rejection(withTimeout(5, () => drive(socket)))
    expect(error).toBeInstanceOf(Timeout)
    expect(socket.destroyed).toBe(true)
  })

  it('of a greenlet that was killed just before destroys the socket, too', async () => {
    const server = await listen()
    const sockets: net.Socket[] = []
    function* body(): Green<void> {
      victim.kill()
      const socket = connect(server.port, '127.0.0.1')
      sockets.push(socket)
      yield* socket
    }
    const victim = spawn(body)
    await victim.join()
    await delay(20)
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true])
    expect(server.sockets.size).toBe(0)
  })

  it('of a greenlet that was killed just before ends nothing else when it is refused', async () => {
    const port = await closedPort()
    const caught = catchUnhandled()
    function* body(): Green<void> {
      victim.kill()
      yield* connect(port, '127.0.0.1')
    }
    const victim = spawn(body)
    await victim.join()
    await delay(20)
    expect(caught).toEqual([])
  })

  it('that no greenlet drives is Node’s alone: nobody listens for its errors', () => {
    const socket = connect(nowhere)
    expect(socket.listenerCount('error')).toBe(0)
    socket.destroy()
  })
})

describe('a socket outside any greenlet', () => {
  it('can be iterated without effect', async () => {
    const socket = connect(nowhere)
    const before = listenerCounts(socket)
    expect([...(socket as unknown as Iterable<unknown>)]).toEqual([])
    expect([...(socket.recv() as unknown as Iterable<unknown>)]).toEqual([])
    expect([...(socket.sendall('x') as unknown as Iterable<unknown>)]).toEqual([])
    expect(listenerCounts(socket)).toEqual(before)
    expect(socket.writableLength).toBe(0)
    socket.destroy()
  })

  it('can be awaited: recv() and sendall() are operations', async () => {
    const { socket, peer } = await pair()
    await socket.sendall('ping')
    peer.write('pong')
    expect(String(await socket.recv())).toBe('pong')
    peer.resume()
  })
})

describe('recv()', () => {
  it('gives at least one byte and at most `size`', async () => {
    const { socket, peer } = await pair()
    peer.write('abcdef')
    await run(function* () {
      expect(String(yield* socket.recv(4))).toBe('abcd')
      expect(String(yield* socket.recv(4))).toBe('ef')
      const waiting = spawn(() => socket.recv(4))
      yield* sleep(1)
      peer.write('g')
      expect(String(yield* waiting.get())).toBe('g')
    })
  })

  it('without a size gives all that is there', async () => {
    const { socket, peer } = await pair()
    await new Promise((resolve) => peer.write('abc', resolve))
    await eventually('it has arrived', () => socket.readableLength === 3 || socket.readableFlowing === null)
    await run(function* () {
      expect(String(yield* socket.recv())).toBe('abc')
    })
  })

  it('gives a Buffer of its own, which stays as it is', async () => {
    const { socket, peer } = await pair()
    peer.write('first')
    await run(function* () {
      const first = yield* socket.recv()
      expect(first).toBeInstanceOf(Buffer)
      peer.write('other')
      expect(String(yield* socket.recv())).toBe('other')
      expect(String(first)).toBe('first')
    })
  })

  it('gives an empty Buffer when the peer has ended, as often as it is asked', async () => {
    const { socket, peer } = await pair()
    peer.end('last')
    await run(function* () {
      expect(String(yield* socket.recv())).toBe('last')
      for (let n = 0; n < 3; n++) {
        const end = yield* socket.recv(10)
        expect(end).toBeInstanceOf(Buffer)
        expect(end).toHaveLength(0)
      }
    })
  })

  it('gives an empty Buffer when the peer ends under the waiting greenlet', async () => {
    const { socket, peer } = await pair()
    const waiting = spawn(() => socket.recv(10))
    await inWait(waiting)
    peer.end()
    expect(await waiting.get()).toHaveLength(0)
  })

  it('of size 0 gives an empty Buffer at once', async () => {
    const { socket, peer } = await pair()
    await run(function* () {
      expect(yield* socket.recv(0)).toHaveLength(0)
      peer.write('x')
      expect(String(yield* socket.recv(1))).toBe('x')
    })
  })

  it('does not switch when data is there', async () => {
    const { socket, peer } = await pair()
    peer.write('abc')
    let others = 0
    await run(function* () {
      expect(String(yield* socket.recv(1))).toBe('a')
      spawn(() => others++)
      expect(String(yield* socket.recv(1))).toBe('b')
      expect(String(yield* socket.recv(1))).toBe('c')
      expect(others).toBe(0)
    })
  })

  it('lets others run while it waits', async () => {
    const { socket, peer } = await pair()
    const order: string[] = []
    const reader = spawn(function* () {
      order.push('waits')
      order.push(String(yield* socket.recv()))
    })
    await run(function* () {
      yield* sleep(1)
      order.push('others run')
      peer.write('data')
      yield* reader.join()
    })
    expect(order).toEqual(['waits', 'others run', 'data'])
  })

  it('reads on while the peer has ended only its own side', async () => {
    const { socket, peer } = await pair({ halfOpen: true })
    peer.end('question')
    await run(function* () {
      expect(String(yield* recvAll(socket))).toBe('question')
      yield* socket.sendall('answer')
      socket.end()
    })
    const answer = await peer.toArray()
    expect(String(Buffer.concat(answer as Buffer[]))).toBe('answer')
  })

  it('leaves the peer waiting until the greenlet takes more: nothing piles up here', async () => {
    const data = randomBytes(8_000_000)
    const { socket, peer } = await pair()
    peer.end(data)
    await run(function* () {
      const first = yield* socket.recv(10)
      yield* sleep(30)
      expect(peer.writableLength).toBeGreaterThan(0)
      expect(socket.readableLength).toBeLessThan(500_000)
      const rest = yield* recvAll(socket, 100_000)
      expect(sha(Buffer.concat([first, rest]))).toBe(sha(data))
    })
  })

  it('and sendall() carry megabytes both ways at once, intact', async () => {
    const data = randomBytes(6_000_000)
    const { port } = await listen((peer) => peer.pipe(peer), { allowHalfOpen: true })
    const socket = await connected(port, { allowHalfOpen: true })
    const received = await run(function* () {
      spawn(function* () {
        for (let at = 0; at < data.length; at += 70_001) yield* socket.sendall(data.subarray(at, at + 70_001))
        socket.end()
      })
      return yield* recvAll(socket, 33_333)
    })
    expect(sha(received)).toBe(sha(data))
  })

  it('gives bytes also when the socket has an encoding', async () => {
    const text = 'Grüße, 10 €, 日本'
    const { socket, peer } = await pair()
    socket.setEncoding('utf8')
    const bytes = Buffer.from(text)
    const received = spawn(recvAll, socket)
    for (const byte of bytes) {
      peer.write(Buffer.of(byte))
      await delay(1)
    }
    peer.end()
    expect(await received.get()).toEqual(bytes)
  })

  it('gives at most `size` bytes also when the socket has an encoding', async () => {
    const bytes = Buffer.from('1€2€3')
    const { socket, peer } = await pair()
    socket.setEncoding('utf8')
    peer.end(bytes)
    await run(function* () {
      const chunks: Buffer[] = []
      do chunks.push(yield* socket.recv(2))
      while (chunks.at(-1)!.length > 0)
      expect(Math.max(...chunks.map(({ length }) => length))).toBe(2)
      expect(Buffer.concat(chunks)).toEqual(bytes)
    })
  })

  it('throws the error of the connection when the peer resets it in mid-message', async () => {
    const { socket, peer } = await pair()
    peer.write('half a mess')
    await run(function* () {
      expect(String(yield* socket.recv())).toBe('half a mess')
      reset(peer)
      const error = yield* caught(() => socket.recv())
      expect(error).toMatchObject({ code: 'ECONNRESET' })
      expect(yield* caught(() => socket.recv())).toBe(error)
      expect(yield* caught(() => socket.sendall('x'))).toBe(error)
    })
  })

  it('throws the error of the connection when it is reset under the waiting greenlet', async () => {
    const { socket, peer } = await pair()
    const waiting = spawn(() => socket.recv())
    await inWait(waiting)
    reset(peer)
    expect(await rejection(waiting.get())).toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  })

  it('throws when the socket is destroyed under the waiting greenlet', async () => {
    const { socket, port } = await pair()
    const waiting = spawn(() => socket.recv())
    await inWait(waiting)
    socket.destroy()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`recv(): the socket to 127.0.0.1:${port} is closed.`)
  })

  it('throws when the socket was destroyed before', async () => {
    const { socket, port } = await pair()
    socket.destroy()
    const error = await rejection(run(() => socket.recv()))
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`recv(): the socket to 127.0.0.1:${port} is closed.`)
  })

  it('throws the error that the socket is destroyed with', async () => {
    const { socket } = await pair()
    const waiting = spawn(() => socket.recv())
    await inWait(waiting)
    const reason = new RangeError('enough')
    socket.destroy(reason)
    expect(await rejection(waiting.get())).toBe(reason)
  })

  it('refuses a second reader by name, and the first one is not disturbed', async () => {
    const { socket, peer, port } = await pair()
    await run(function* () {
      const first = spawnWith({ name: 'first' }, () => socket.recv())
      const second = spawnWith({ name: 'second' }, () => socket.recv())
      const error = yield* caught(() => second.get())
      expect(error).toBeInstanceOf(ConcurrentObjectUseError)
      expect(messageOf(error)).toBe(
        `Greenlet "second" called recv() of the socket to 127.0.0.1:${port}, where "first" waits already; who would get which bytes is not defined.`,
      )
      peer.write('for the first')
      expect(String(yield* first.get())).toBe('for the first')
      peer.write('for anybody')
      expect(String(yield* spawn(() => socket.recv()).get())).toBe('for anybody')
    })
  })

  it('lets another greenlet read when the one that waited was killed', async () => {
    const { socket, peer } = await pair()
    await run(function* () {
      const first = spawn(() => socket.recv())
      yield* sleep(0)
      yield* first.kill()
      peer.write('free')
      expect(String(yield* socket.recv())).toBe('free')
    })
  })

  it('of a greenlet that is killed loses no byte, and the socket stays open', async () => {
    const { socket, peer } = await pair()
    await run(function* () {
      const victim = spawn(() => socket.recv(3))
      yield* sleep(1)
      yield* victim.kill()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      peer.end('all of it')
      expect(String(yield* recvAll(socket))).toBe('all of it')
    })
  })

  it('of a greenlet that is timed out loses no byte, and the socket stays open', async () => {
    const { socket, peer } = await pair()
    await run(function* () {
      for (let n = 0; n < 5; n++) {
        expect(yield* caught(() => withTimeout(1, () => socket.recv(3)))).toBeInstanceOf(Timeout)
      }
      peer.end('all of it')
      expect(String(yield* recvAll(socket, 2))).toBe('all of it')
    })
  })

  it('that is killed again and again while bytes come in loses none', async () => {
    const data = randomBytes(200_000)
    const { socket, peer } = await pair()
    Readable.from(chunksOf(data, 1000)).pipe(peer)
    const received: Buffer[] = []
    const reader = function* (): Green<boolean> {
      for (;;) {
        const chunk = yield* socket.recv(777)
        if (chunk.length === 0) return true
        received.push(chunk)
      }
    }
    await run(function* () {
      for (;;) {
        const victim = spawn(reader)
        yield* sleep(1)
        yield* victim.kill()
        if (victim.value === true) return
      }
    })
    expect(sha(Buffer.concat(received))).toBe(sha(data))
  })

  it('gives the bytes to a greenlet that is killed after they came, and the exit at its next wait', async () => {
    const { socket, peer } = await pair()
    const order: string[] = []
    const victim = spawn(function* () {
      order.push(String(yield* socket.recv()))
      try {
        yield* sleep(0)
      } catch (error) {
        order.push(String(error))
        throw error
      }
    })
    await inWait(victim)
    socket.once('data', () => void victim.kill()) // called after the wait has taken the bytes
    peer.write('bytes')
    await victim.join()
    expect(order).toEqual(['bytes', 'GreenletExit'])
  })

  it('refuses a socket that somebody else reads: by a listener, a pipe, or piece by piece', async () => {
    const { socket, peer } = await pair()
    const others = [
      (): unknown => socket.on('data', () => undefined),
      (): unknown => socket.pipe(new PassThrough()),
      (): unknown => socket.on('readable', () => undefined),
    ]
    await run(function* () {
      for (const begins of others) {
        begins()
        const error = yield* caught(() => socket.recv())
        expect(error).toBeInstanceOf(UsageError)
        expect(messageOf(error)).toBe(
          [
            "recv() was called of a socket that is read already: it has a listener for 'data' or 'readable', or is piped.",
            '',
            "  socket.on('data', handler); yield* socket.recv()   // incorrect: each byte would have two owners",
            '  yield* socket.recv()                               // correct',
          ].join('\n'),
        )
        socket.unpipe().removeAllListeners('data').removeAllListeners('readable')
      }
      peer.write('ours')
      expect(String(yield* socket.recv())).toBe('ours')
    })
  })

  it('refuses a wrong size at the call', async () => {
    const socket = connect(nowhere)
    const wrong: [unknown, string][] = [
      [-1, '-1 (number)'],
      [1.5, '1.5 (number)'],
      [Number.NaN, 'NaN (number)'],
      [Infinity, 'Infinity (number)'],
      ['3', '"3" (string)'],
      [null, 'null'],
      [10n, '10 (bigint)'],
    ]
    for (const [size, shown] of wrong) {
      const call = (): unknown => socket.recv(size as number)
      expect(thrown(call)).toBeInstanceOf(UsageError)
      expect(message(call)).toBe(`recv() expects \`size\` to be an integer, 0 or more, but got ${shown}.`)
    }
    socket.destroy()
  })
})

describe('sendall()', () => {
  it('sends a string as UTF-8, a Buffer, and any view of bytes', async () => {
    const { socket, peer } = await pair()
    await run(function* () {
      yield* socket.sendall('ü€')
      yield* socket.sendall(Buffer.from('|buffer|'))
      yield* socket.sendall(new Uint8Array([0x2e, 0x41, 0x42, 0x2e]).subarray(1, 3))
      socket.end()
    })
    expect(String(Buffer.concat((await peer.toArray()) as Buffer[]))).toBe('ü€|buffer|AB')
  })

  it('leaves the caller its buffer: what was sent stays as it was', async () => {
    const { socket, peer } = await pair()
    const buffer = Buffer.alloc(1000)
    const pieces = 10_000 // more than the machine takes while the peer reads nothing
    const sender = spawn(function* () {
      for (let n = 0; n < pieces; n++) yield* socket.sendall(buffer.fill(n % 251))
      socket.end()
    })
    await inWait(sender)
    const received = Buffer.concat((await peer.toArray()) as Buffer[])
    const wrong = received.findIndex((byte, at) => byte !== Math.floor(at / buffer.length) % 251)
    expect({ length: received.length, wrong }).toEqual({ length: pieces * buffer.length, wrong: -1 })
  })

  it('does not switch while there is room', async () => {
    const { socket, peer } = await pair()
    let others = 0
    await run(function* () {
      spawn(() => others++)
      yield* socket.sendall('')
      yield* socket.sendall('small')
      expect(others).toBe(0)
    })
    peer.resume()
  })

  it('waits while the peer takes nothing, and goes on when it does', async () => {
    const data = randomBytes(8_000_000)
    const { socket, peer } = await pair()
    const sender = spawn(() => socket.sendall(data))
    await inWait(sender)
    await delay(30)
    expect(sender.ready()).toBe(false)
    const received = peer.toArray()
    await sender.get()
    expect(socket.writableLength).toBe(0)
    socket.end()
    expect(sha(Buffer.concat((await received) as Buffer[]))).toBe(sha(data))
  })

  it('of two greenlets sends one after the other', async () => {
    const { socket, peer } = await pair()
    const [a, b] = [Buffer.alloc(8_000_000, 'a'), Buffer.alloc(1_000_000, 'b')]
    const senders = [spawn(() => socket.sendall(a)), spawn(() => socket.sendall(b))]
    for (const sender of senders) await inWait(sender)
    const received = peer.toArray()
    await joinall(senders)
    socket.end()
    expect(sha(Buffer.concat((await received) as Buffer[]))).toBe(sha(Buffer.concat([a, b])))
  })

  it('of many greenlets at once causes no warning', async () => {
    const { socket, peer } = await pair()
    const warnings: string[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const senders = [8_000_000, ...Array<number>(19).fill(1000)].map((size) =>
      spawn(() => socket.sendall(Buffer.alloc(size))),
    )
    for (const sender of senders) await inWait(sender)
    peer.resume()
    await joinall(senders)
    expect(warnings).toEqual([])
  })

  it('throws on a socket that was destroyed', async () => {
    const { socket, port } = await pair()
    socket.destroy()
    const error = await rejection(run(() => socket.sendall('x')))
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`sendall(): the socket to 127.0.0.1:${port} is closed.`)
  })

  it('throws on a socket that was ended, which can still be read', async () => {
    const { socket, peer, port } = await pair({ halfOpen: true })
    socket.end()
    await run(function* () {
      const error = yield* caught(() => socket.sendall('x'))
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toBe(`sendall(): the sending side of the socket to 127.0.0.1:${port} was ended.`)
      peer.end('still')
      expect(String(yield* socket.recv())).toBe('still')
    })
  })

  it('throws when Node has ended the socket because the peer has, and names the option', async () => {
    const { socket, peer, port } = await pair()
    peer.end()
    await run(function* () {
      expect((yield* socket.recv()).length).toBe(0)
      const error = yield* caught(() => socket.sendall('x'))
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toBe(
        `sendall(): the sending side of the socket to 127.0.0.1:${port} was ended, as Node does when the peer has ended its own; { allowHalfOpen: true } leaves it open.`,
      )
    })
  })

  it('throws when the socket is destroyed under the waiting greenlet', async () => {
    const { socket, port } = await pair()
    const waiting = spawn(() => socket.sendall(Buffer.alloc(8_000_000)))
    await inWait(waiting)
    expect(waiting.ready()).toBe(false)
    socket.destroy()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`sendall(): the socket to 127.0.0.1:${port} is closed.`)
  })

  it('does not wait for ever when the socket is ended under the waiting greenlet', async () => {
    const { socket, peer } = await pair({ halfOpen: true })
    const data = randomBytes(8_000_000)
    const waiting = spawn(() => socket.sendall(data))
    await inWait(waiting)
    expect(waiting.ready()).toBe(false)
    socket.end()
    let received = 0
    peer.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    peer.resume()
    await eventually('the peer has taken everything, with its own side left open', () => received === data.length)
    await waiting.join({ timeoutMs: 300 })
    expect(waiting.ready()).toBe(true)
  })

  it('throws the error of the connection when the peer resets it meanwhile', async () => {
    const { socket, peer } = await pair()
    const waiting = spawn(() => socket.sendall(Buffer.alloc(8_000_000)))
    await inWait(waiting)
    reset(peer)
    const error = await rejection(waiting.get())
    expect(['ECONNRESET', 'EPIPE']).toContain((error as NodeJS.ErrnoException).code)
    expect(await rejection(run(() => socket.sendall('more')))).toBe(error)
  })

  it('of a greenlet that is killed sends all the same what was handed over', async () => {
    const data = randomBytes(8_000_000)
    const { socket, peer } = await pair()
    const victim = spawn(() => socket.sendall(data))
    await inWait(victim)
    expect(victim.ready()).toBe(false)
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    socket.end()
    expect(sha(Buffer.concat((await peer.toArray()) as Buffer[]))).toBe(sha(data))
  })

  it('of a greenlet that is timed out sends all the same what was handed over', async () => {
    const data = randomBytes(8_000_000)
    const { socket, peer } = await pair()
    const error = await rejection(withTimeout(5, () => socket.sendall(data)))
    expect(error).toBeInstanceOf(Timeout)
    socket.end()
    expect(sha(Buffer.concat((await peer.toArray()) as Buffer[]))).toBe(sha(data))
  })

  it('refuses wrong data at the call', async () => {
    const socket = connect(nowhere)
    const wrong: [unknown, string][] = [
      [5, '5 (number)'],
      [undefined, 'undefined'],
      [null, 'null'],
      [[1, 2], 'an Array'],
      [{}, 'an Object'],
      [new ArrayBuffer(1), 'an ArrayBuffer'],
      [new Uint16Array(1), 'an Uint16Array'],
    ]
    for (const [data, shown] of wrong) {
      const call = (): unknown => socket.sendall(data as string)
      expect(thrown(call)).toBeInstanceOf(UsageError)
      expect(message(call)).toBe(`sendall() expects a string or a Uint8Array, but got ${shown}.`)
    }
    socket.destroy()
  })
})

describe('however often greenlets wait, a socket has at most one listener of ours for each event', () => {
  const waits: [string, (socket: GreenSocket, peer: net.Socket) => Green<unknown>][] = [
    [
      'recv() that got data',
      function* (socket, peer) {
        setTimeout(() => peer.write('x'), 2)
        yield* socket.recv()
      },
    ],
    [
      'recv() that was killed',
      function* (socket) {
        const victim = spawn(() => socket.recv())
        yield* sleep(1)
        yield* victim.kill()
      },
    ],
    [
      'recv() that was timed out',
      function* (socket) {
        yield* caught(() => withTimeout(1, () => socket.recv()))
      },
    ],
    [
      'recv() that was refused',
      function* (socket) {
        const first = spawn(() => socket.recv())
        yield* sleep(0)
        yield* caught(() => socket.recv())
        yield* first.kill()
      },
    ],
    [
      'sendall() that came to its end',
      function* (socket, peer) {
        setTimeout(() => peer.resume(), 2)
        yield* socket.sendall(Buffer.alloc(8_000_000))
      },
    ],
    [
      'sendall() that was killed',
      function* (socket) {
        const victim = spawn(() => socket.sendall(Buffer.alloc(8_000_000)))
        yield* sleep(1)
        yield* victim.kill()
      },
    ],
  ]

  /** Node's own listeners of a socket are for its end. */
  const most = { error: 1, close: 1, data: 1, drain: 1, finish: 1 }

  it.each(waits)('%s', async (_, wait) => {
    const { socket, peer } = await pair()
    await run(function* () {
      for (let round = 0; round < 3; round++) {
        yield* wait(socket, peer)
        yield* sleep(0)
        if (socket.writableNeedDrain) return
      }
    })
    const { end, ...counts }: Record<string, number> = { ...most, ...listenerCounts(socket) }
    expect(counts).toEqual(most)
    expect(end).toBeLessThanOrEqual(2)
  })

  it('connect() that was killed', async () => {
    const socket = connect(nowhere)
    await killedIn(socket).join()
    expect(listenerCounts(socket)).toEqual({ error: 1, close: 1, end: 1, connect: 1 })
  })
})

it('200 greenlets killed at random moments leave nothing open and nothing outstanding', async () => {
  const seed = Number(process.env['GREENLOOP_SEED'] ?? Date.now() % 1_000_000)
  const reports = catchReports()
  const unhandled = catchUnhandled()
  const server = await listen((peer) => peer.pipe(peer))
  const random = randomOf(seed)
  function* client(own: () => number): Green<void> {
    yield* sleep(own() * 10)
    const socket = yield* connect(server.port, '127.0.0.1')
    try {
      for (;;) {
        yield* socket.sendall(Buffer.alloc(Math.ceil(own() * 60_000)))
        yield* socket.recv(Math.ceil(own() * 1000))
        if (own() < 0.3) yield* sleep(own() * 3)
      }
    } finally {
      socket.destroy()
    }
  }
  const clients = Array.from({ length: 200 }, (_, n) => spawn(client, randomOf(seed + n)))
  for (const one of clients) setTimeout(() => void one.kill(), random() * 60)
  await joinall(clients, { timeoutMs: 5000 })
  const seeded = `GREENLOOP_SEED=${seed}`
  expect(clients.filter((one) => !(one.value instanceof GreenletExit)).length, seeded).toBe(0)
  expect(getHub().outstanding, seeded).toBe(0)
  await eventually(`the server has no open connection (${seeded})`, () => server.sockets.size === 0)
  expect(server.accepted, seeded).toBeGreaterThan(0)
  expect([reports, unhandled], seeded).toEqual([[], []])
})

function* chunksOf(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}
