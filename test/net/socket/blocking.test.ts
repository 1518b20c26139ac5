// Python's sockets as they are by default, blocking: what each call gives, that only its greenlet waits, and each way in which it ends.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ConcurrentObjectUseError,
  choose,
  config,
  type Green,
  GreenletExit,
  getHub,
  joinall,
  run,
  SocketClosedError,
  SocketTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  withTimeout,
} from 'greenloop'
import { type Address, AF_INET6, AF_UNIX, SHUT_RD, SHUT_RDWR, SHUT_WR, Socket } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { reset } from '../../support/reset.ts'
import { message, messageOf, rejection, rejectionMessage } from '../../support/thrown.ts'
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
import { caught, closedLater, listening, made, pair, portOf, readAll } from './support.ts'

checkLeaks()

const sha = (data: Uint8Array): string => createHash('sha1').update(data).digest('hex')

function* drive(operation: Drivable<unknown>): Green<unknown> {
  return yield* operation
}

/** Of a connection that is refused. */
const refused = { code: 'ECONNREFUSED', syscall: 'connect' }

describe('a server and its client', () => {
  it('in greenlets, each written as if it were alone', async () => {
    const order: string[] = []
    await run(function* () {
      const server = made()
      yield* server.bind(['127.0.0.1', 0])
      yield* server.listen()
      const serving = spawn(function* () {
        const [connection, address] = yield* server.accept()
        order.push(`accepted ${address[0]}`)
        const question = String(yield* connection.recv(1024))
        yield* connection.sendall(`you said ${question}`)
        connection.close()
      })
      const client = made()
      yield* client.connect(server.getsockname())
      order.push('connected')
      yield* client.sendall('hello')
      order.push(String(yield* client.recv(1024)))
      expect((yield* client.recv(1024)).length).toBe(0)
      yield* serving.join()
    })
    expect(order.sort()).toEqual(['accepted 127.0.0.1', 'connected', 'you said hello'])
  })

  it('awaited in plain code', async () => {
    const server = made()
    await server.bind(['127.0.0.1', 0])
    await server.listen(5)
    const client = made()
    await client.connect(server.getsockname())
    const [connection, address] = await server.accept()
    closedLater(connection)
    expect(address).toEqual(client.getsockname())
    expect(connection.getpeername()).toEqual(client.getsockname())
    expect(client.getpeername()).toEqual(server.getsockname())
    await connection.send('x')
    expect(String(await client.recv(10))).toBe('x')
  })

  it('of a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const [server, client] = [made(AF_UNIX), made(AF_UNIX)]
    await run(function* () {
      yield* server.bind(path)
      yield* server.listen()
      expect(server.getsockname()).toBe(path)
      yield* client.connect(path)
      const [connection, address] = yield* server.accept()
      expect(address).toEqual(['', 0])
      expect(connection.family).toBe(AF_UNIX)
      expect(client.getpeername()).toBe(path)
      yield* connection.sendall('through a file')
      expect(String(yield* client.recv(100))).toBe('through a file')
      connection.close()
    })
  })

  it('of IPv6', async () => {
    const [server, client] = [made(AF_INET6), made(AF_INET6)]
    await run(function* () {
      yield* server.bind(['::1', 0])
      yield* server.listen()
      yield* client.connect(server.getsockname())
      const [connection, [host]] = yield* server.accept()
      expect([host, connection.family]).toEqual(['::1', AF_INET6])
      connection.close()
    })
  })
})

describe('connect()', () => {
  it('waits, and only its greenlet does', async () => {
    const server = await listening()
    const client = made()
    const order: string[] = []
    await joinall([
      spawn(function* () {
        yield* client.connect(server.getsockname())
        order.push('connected')
      }),
      spawn(() => void order.push('another')),
    ])
    expect(order).toEqual(['another', 'connected'])
  })

  it('throws when nobody listens, and the socket may try another address', async () => {
    const server = await listening()
    const port = await closedPort()
    const client = made()
    await run(function* () {
      const error = yield* caught(() => client.connect(['127.0.0.1', port]))
      expect(error).toMatchObject(refused)
      expect(messageOf(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
      yield* client.connect(server.getsockname())
    })
  })

  it('throws when a Unix socket is not there, and when its path is too long', async () => {
    const client = made(AF_UNIX)
    expect(await rejection(client.connect('/nowhere/at/all'))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(client.connect(`/${'x'.repeat(200)}`))).toMatchObject({ syscall: 'connect' })
  })

  it('looks names up by the resolver that was chosen', async () => {
    const server = await listening()
    const asked: string[] = []
    config.resolver = (name) => {
      asked.push(name)
      return ['127.0.0.1']
    }
    onTestFinished(() => {
      config.resolver = 'thread'
    })
    const [one, other] = [made(), made()]
    await run(function* () {
      yield* one.connect(['server.example', portOf(server)])
      yield* other.bind(['me.example', 0])
      yield* other.connect(['server.example', portOf(server)])
      expect(other.getsockname()).toMatchObject({ 0: '127.0.0.1' })
    })
    expect(asked).toEqual(['server.example', 'me.example', 'server.example'])
  })

  it('of a socket that is connected, or listens, throws EISCONN', async () => {
    const [here] = await pair()
    const server = await listening()
    const error = await rejection(here.connect(['127.0.0.1', 9]))
    expect(error).toMatchObject({ code: 'EISCONN', syscall: 'connect', errno: -106 })
    expect(messageOf(error)).toMatch(/^connect EISCONN: the socket to 127.0.0.1:\d+ is connected already\.$/u)
    expect(await rejectionMessage(server.connect(['127.0.0.1', 9]))).toBe(
      `connect EISCONN: the server at 127.0.0.1:${portOf(server)} listens.`,
    )
  })

  it('that takes too long throws, names the address, and leaves nothing; so does one that is killed', async () => {
    config.resolver = () => new Promise(() => undefined)
    onTestFinished(() => {
      config.resolver = 'thread'
    })
    const client = made()
    client.settimeout(3)
    const error = await rejection(run(() => client.connect(['slow.example', 80])))
    expect(error).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(error)).toBe('connect() to slow.example:80 timed out after 3 ms.')
    client.settimeout(null)
    await killedIn(client.connect(['slow.example', 80])).join()
    expect(client.node).toBe(null)
    expect(await rejection(withTimeout(2, () => client.connect(['slow.example', 80])))).toBeInstanceOf(Timeout)
    config.resolver = 'thread'
    const server = await listening()
    await client.connect(server.getsockname()) // it can still be used
  })

  it('of which the socket is closed by somebody else throws', async () => {
    const server = await listening()
    const client = made()
    const waiting = spawn(() => {
      queueMicrotask(() => {
        client.close()
      })
      return client.connect(server.getsockname())
    })
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe('connect(): the socket is closed.')
  })

  it('that began without waiting is waited for', async () => {
    const server = await listening()
    const client = made()
    client.setblocking(false)
    await client.connectEx(server.getsockname())
    client.setblocking(true)
    await client.connect(server.getsockname())
    expect(client.getpeername()).toEqual(server.getsockname())
  })
})

describe('bind() and listen()', () => {
  it('an address that is taken is found out by listen()', async () => {
    const first = await listening()
    const second = made()
    await run(function* () {
      yield* second.bind(first.getsockname())
      expect(yield* caught(() => second.listen())).toMatchObject({ code: 'EADDRINUSE' })
      first.close()
      yield* second.listen() // it is free now
      yield* second.listen() // and it does already
    })
  })

  it('an empty host is all of the machine, a name is looked up, and without bind() listen() finds a port', async () => {
    const [any, named, free] = [made(), made(), made()]
    await run(function* () {
      expect(any.getsockname()).toEqual(['0.0.0.0', 0])
      yield* any.bind(['', 0])
      yield* named.bind(['localhost', 0])
      expect(named.getsockname()).toEqual(['127.0.0.1', 0])
      yield* free.listen()
      expect((free.getsockname() as Address)[0]).toBe('0.0.0.0')
      expect(portOf(free)).toBeGreaterThan(0)
    })
  })

  it('before connect() it is the address from which it connects', async () => {
    const server = await listening()
    const client = made()
    await run(function* () {
      yield* client.bind(['127.0.0.2', 0])
      yield* client.connect(server.getsockname())
      const [connection, [host]] = yield* server.accept()
      expect(host).toBe('127.0.0.2')
      connection.close()
    })
  })

  it('a second address, an address of a socket that is connected, and listening with one, throw EINVAL', async () => {
    const [here] = await pair()
    const socket = made()
    await socket.bind(['127.0.0.1', 0])
    expect(await rejectionMessage(socket.bind(['127.0.0.1', 0]))).toBe(
      'bind EINVAL: the socket has an address already.',
    )
    expect(await rejection(here.bind(['127.0.0.1', 0]))).toMatchObject({ code: 'EINVAL', syscall: 'bind' })
    expect(await rejection(here.listen())).toMatchObject({ code: 'EINVAL', syscall: 'listen' })
  })

  it('listen() of which the socket is closed by somebody else throws', async () => {
    const socket = made()
    const waiting = spawn(() => {
      queueMicrotask(() => {
        socket.close()
      })
      return socket.listen()
    })
    expect(await rejectionMessage(waiting.get())).toBe('listen(): the server is closed.')
  })

  it('listen() of a greenlet that is killed leaves nothing, and may be called again', async () => {
    const socket = made()
    await killedIn(socket.listen()).join()
    expect(socket.node).toBe(null)
    await socket.listen()
  })
})

describe('accept()', () => {
  it('gives connections in the order in which they came, to those who wait in the order in which they came', async () => {
    const server = await listening()
    const accepted: string[] = []
    const waiting = ['a', 'b'].map((name) =>
      spawn(function* () {
        const [connection] = yield* server.accept()
        closedLater(connection)
        accepted.push(`${name} ${String(yield* connection.recv(1))}`)
      }),
    )
    for (const one of waiting) await inWait(one)
    for (const text of ['1', '2']) {
      const client = made()
      await client.connect(server.getsockname())
      await client.send(text)
    }
    await joinall(waiting)
    expect(accepted.sort()).toEqual(['a 1', 'b 2'])
  })

  it('throws after the timeout, and the connection that comes later is not lost', async () => {
    const server = await listening()
    server.settimeout(2)
    const error = await rejection(run(() => server.accept()))
    expect(error).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(error)).toBe(`accept() of the server at 127.0.0.1:${portOf(server)} timed out after 2 ms.`)
    const client = made()
    await client.connect(server.getsockname())
    server.settimeout(1000)
    const [connection] = await server.accept()
    expect(connection.gettimeout()).toBe(null) // it is not inherited
    connection.close()
  })

  it('throws when the socket is closed under the waiting greenlet', async () => {
    const server = await listening()
    const port = portOf(server)
    const client = made()
    await client.connect(server.getsockname())
    const [open] = await server.accept() // a server of Node's would wait for its end
    const waiting = spawn(() => server.accept())
    await inWait(waiting)
    server.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`accept(): the server at 127.0.0.1:${port} is closed.`)
    open.close()
  })

  it('of a socket that does not listen throws EINVAL', async () => {
    expect(await rejectionMessage(made().accept())).toBe(
      'accept EINVAL: the socket does not listen; yield* socket.listen() comes first.',
    )
  })
})

describe('recv()', () => {
  it('gives at most as much as was asked for, and nothing more when the peer has ended', async () => {
    const [here, there] = await pair()
    await run(function* () {
      yield* there.sendall('abcdef')
      there.shutdown(SHUT_WR)
      yield* sleep(2)
      expect(String(yield* here.recv(4))).toBe('abcd')
      expect(String(yield* here.recv())).toBe('ef')
      expect((yield* here.recv(4)).length).toBe(0)
      expect((yield* here.recv(4)).length).toBe(0)
      expect((yield* here.recv(0)).length).toBe(0)
    })
  })

  it('does not switch when something is there', async () => {
    const [here, there] = await pair()
    await run(function* () {
      yield* there.sendall('ab')
      yield* here.recv(1)
      let others = 0
      spawn(() => others++)
      yield* here.recv(1)
      expect(others).toBe(0)
    })
  })

  it('into a buffer: all of it, or less', async () => {
    const [here, there] = await pair()
    const buffer = new Uint8Array(4)
    await run(function* () {
      yield* there.sendall('abcdef')
      expect(yield* here.recvInto(buffer, 2)).toBe(2)
      expect(String(Buffer.from(buffer))).toBe('ab\0\0')
      expect(yield* here.recvInto(buffer)).toBe(4)
      expect(String(Buffer.from(buffer))).toBe('cdef')
      there.close()
      expect(yield* here.recvInto(buffer)).toBe(0)
    })
  })

  it('recvfrom() gives the peer as well', async () => {
    const [here, there] = await pair()
    await there.sendall('x')
    const [data, address] = await here.recvfrom(10)
    expect([String(data), address]).toEqual(['x', there.getsockname()])
  })

  it('throws after the timeout, in time, and loses nothing', async () => {
    const [here, there] = await pair()
    here.settimeout(5)
    const begun = performance.now()
    const error = await rejection(run(() => here.recv(10)))
    expect(performance.now() - begun).toBeLessThan(500)
    expect(error).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(error)).toBe(`recv() of the socket to 127.0.0.1:${portOf(there)} timed out after 5 ms.`)
    await there.sendall('late')
    expect(String(await here.recv(10))).toBe('late')
  })

  it('of a greenlet that is killed, or loses a choice, takes no byte away', async () => {
    const [here, there] = await pair()
    await run(function* () {
      const victim = spawn(() => here.recv(10))
      yield* sleep(0)
      yield* victim.kill()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      expect((yield* choose({ data: here.recv(10), time: sleep(1) }))[0]).toBe('time')
      yield* there.sendall('still here')
      expect(String(yield* here.recv(10))).toBe('still here')
    })
  })

  it('refuses a second reader by name', async () => {
    const [here, there] = await pair()
    const first = spawnWith({ name: 'first' }, () => here.recv(1))
    await inWait(first)
    const error = await rejection(spawnWith({ name: 'second' }, () => here.recv(1)).get())
    expect(error).toBeInstanceOf(ConcurrentObjectUseError)
    expect(messageOf(error)).toBe(
      `Greenlet "second" called recv() of the socket to 127.0.0.1:${portOf(there)}, where "first" waits already; who would get which bytes is not defined.`,
    )
    await first.kill()
  })

  it('throws when the socket is closed under the waiting greenlet', async () => {
    const [here, there] = await pair()
    const waiting = spawn(() => here.recv(1))
    await inWait(waiting)
    here.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`recv(): the socket to 127.0.0.1:${portOf(there)} is closed.`)
  })

  it('of a socket that was never connected throws ENOTCONN', async () => {
    const error = await rejection(made().recv(1))
    expect(error).toMatchObject({ code: 'ENOTCONN', syscall: 'recv', errno: -107 })
    expect(messageOf(error)).toBe(
      'recv ENOTCONN: the socket is not connected; yield* socket.connect([host, port]) comes first.',
    )
    expect(await rejection(made().sendall('x'))).toMatchObject({ code: 'ENOTCONN', syscall: 'sendall' })
    expect(message(() => made().getpeername())).toBe('getpeername ENOTCONN: the socket is not connected.')
    expect(
      message(() => {
        made().shutdown(SHUT_WR)
      }),
    ).toMatch(/^shutdown ENOTCONN: /u)
  })
})

describe('send() and sendall()', () => {
  it('send text, bytes, a view of bytes, and nothing; with and without a timeout', async () => {
    const [here, there] = await pair()
    await run(function* () {
      for (const timeout of [null, 1000]) {
        here.settimeout(timeout)
        expect(yield* here.send('ü')).toBe(2)
        expect(yield* here.send('')).toBe(0)
        yield* here.sendall(new Uint8Array([46, 65, 66, 46]).subarray(1, 3))
        yield* here.sendall(Buffer.from('|'))
        yield* here.sendall('')
        yield* here.sendall(new Uint8Array(0))
      }
      here.close()
      expect(String(yield* readAll(there))).toBe('üAB|üAB|')
    })
  })

  it('wait while the peer takes nothing, and go on when it does', async () => {
    const [here, there] = await pair()
    const data = randomBytes(6_000_000)
    const sender = spawn(function* () {
      yield* here.sendall(data)
      here.close()
    })
    await inWait(sender)
    await run(() => sleep(10))
    expect(sender.ready()).toBe(false)
    const all = await run(readAll, there)
    expect(sha(all)).toBe(sha(data))
    await sender.join()
  })

  it('send() takes all of it once there is room, and gives how much', async () => {
    const [here, there] = await pair()
    const first = randomBytes(6_000_000)
    await run(function* () {
      expect(yield* here.send(first)).toBe(first.length)
      const second = spawn(() => here.send('second'))
      yield* sleep(5)
      expect(second.ready()).toBe(false)
      const reader = spawn(readAll, there)
      expect(yield* second.get()).toBe(6)
      here.close()
      const all = yield* reader.get()
      expect(sha(all)).toBe(sha(Buffer.concat([first, Buffer.from('second')])))
    })
  })

  it('to a peer that never reads throws after the timeout', async () => {
    const [here, there] = await pair()
    here.settimeout(10)
    const label = `the socket to 127.0.0.1:${portOf(there)}`
    const error = await rejection(run(() => here.sendall(Buffer.alloc(8_000_000))))
    expect(error).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(error)).toBe(`sendall() of ${label} timed out after 10 ms.`)
    expect(await rejectionMessage(run(() => here.send('x')))).toBe(`send() of ${label} timed out after 10 ms.`)
    expect(getHub().timers.count).toBe(0)
  })

  it('throw when the socket is closed under the waiting greenlet, and what was sent is delivered', async () => {
    const [here, there] = await pair()
    const data = randomBytes(4_000_000)
    const senders = [spawn(drive, here.sendall(data)), spawn(drive, here.send('never sent'))]
    for (const one of senders) await inWait(one)
    const ends = senders.map((one) => rejectionMessage(one.get()))
    here.close()
    const label = `the socket to 127.0.0.1:${portOf(there)}`
    expect(await Promise.all(ends)).toEqual([`sendall(): ${label} is closed.`, `send(): ${label} is closed.`])
    expect(sha(await run(readAll, there))).toBe(sha(data))
  })

  it('the caller may use its buffer again', async () => {
    const [here, there] = await pair()
    await run(function* () {
      yield* here.send(Buffer.alloc(8_000_000, 'x')) // now nothing goes out at once
      there.settimeout(1000)
      const buffer = Buffer.from('first ')
      const reader = spawn(readAll, there)
      yield* here.send(buffer)
      buffer.fill('!')
      buffer.write('again ')
      yield* here.sendall(buffer)
      buffer.fill('!')
      here.close()
      expect(String((yield* reader.get()).subarray(8_000_000))).toBe('first again ')
    })
  })

  it('sendto() is not for connections', async () => {
    const [here] = await pair()
    expect(message(() => here.sendto('x', ['127.0.0.1', 9]))).toMatch(
      /^sendto EISCONN: the socket to 127.0.0.1:\d+ sends to its peer alone; yield\* socket\.sendall\(data\) does\.$/u,
    )
  })

  it('full duplex by two greenlets of one socket', async () => {
    const [here, there] = await pair()
    const [question, answer] = [randomBytes(3_000_000), randomBytes(3_000_000)]
    const send = function* (socket: Socket, data: Buffer): Green<void> {
      yield* socket.sendall(data)
      socket.shutdown(SHUT_WR)
    }
    const readers = [spawn(readAll, here), spawn(readAll, there)]
    await joinall([spawn(send, here, question), spawn(send, there, answer)])
    const [atHere, atThere] = [await readers[0]!.get(), await readers[1]!.get()]
    expect([sha(atHere), sha(atThere)]).toEqual([sha(answer), sha(question)])
  })
})

describe('shutdown()', () => {
  it('of sending: the peer meets the end, and reading goes on', async () => {
    const [here, there] = await pair()
    await run(function* () {
      yield* here.sendall('question')
      here.shutdown(SHUT_WR)
      expect(String(yield* readAll(there))).toBe('question')
      yield* there.sendall('answer')
      there.close()
      expect(String(yield* readAll(here))).toBe('answer')
      const error = yield* caught(() => here.send('more'))
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toMatch(/^send\(\): the sending side of the socket to 127.0.0.1:\d+ was shut down\.$/u)
    })
  })

  it('of sending under a waiting sender: what was handed over is sent, who waited for room meets an error', async () => {
    const [here, there] = await pair()
    const data = randomBytes(4_000_000)
    const senders = [spawn(drive, here.sendall(data)), spawn(drive, here.send('never sent'))]
    for (const one of senders) await inWait(one)
    const late = rejection(senders[1]!.get())
    here.shutdown(SHUT_WR)
    expect(sha(await run(readAll, there))).toBe(sha(data))
    await senders[0]!.get()
    expect(await late).toBeInstanceOf(SocketClosedError)
  })

  it('of receiving: who waits meets the end, and so does who comes later', async () => {
    const [here, there] = await pair()
    const waiting = spawn(() => here.recv(10))
    await inWait(waiting)
    here.shutdown(SHUT_RD)
    expect((await waiting.get()).length).toBe(0)
    await there.sendall('unheard')
    await here.sendall('still sending')
    expect(String(await there.recv(100))).toBe('still sending')
    expect((await here.recv(10)).length).toBe(0)
    here.shutdown(SHUT_RDWR)
    expect((await there.recv(10)).length).toBe(0)
  })
})

describe('close()', () => {
  it('a second time does nothing, and using closes', async () => {
    const [here] = await pair()
    here.close()
    here.close()
    let kept: Socket
    {
      using socket = made()
      kept = socket
    }
    expect(kept.fileno()).toBe(-1)
  })

  it('and then every call throws, and names itself', async () => {
    const [here, there] = await pair()
    here.close()
    const label = `the socket to 127.0.0.1:${portOf(there)} is closed.`
    await run(function* () {
      const calls: [string, () => ReturnType<typeof here.connect | typeof here.recv | typeof here.accept>][] = [
        ['connect', () => here.connect(['127.0.0.1', 9])],
        ['bind', () => here.bind(['127.0.0.1', 0])],
        ['listen', () => here.listen()],
        ['accept', () => here.accept()],
        ['recv', () => here.recv(1)],
        ['sendall', () => here.sendall('x')],
      ]
      for (const [name, call] of calls) {
        const error = yield* caught(call)
        expect(error).toBeInstanceOf(SocketClosedError)
        expect(messageOf(error)).toBe(`${name}(): ${label}`)
      }
      expect(messageOf(yield* caught(() => here.send('x')))).toBe(`send(): ${label}`)
      expect(messageOf(yield* caught(() => here.recvInto(new Uint8Array(1))))).toBe(`recvInto(): ${label}`)
    })
    expect(message(() => here.getsockname())).toBe(`getsockname(): ${label}`)
    expect(message(() => here.getpeername())).toBe(`getpeername(): ${label}`)
    expect(
      message(() => {
        here.shutdown(SHUT_WR)
      }),
    ).toBe(`shutdown(): ${label}`)
    expect(String(here)).toBe('Socket(AF_INET, SOCK_STREAM), closed')
  })

  it('delivers what was sent before, to a peer that reads slowly', async () => {
    const [here, there] = await pair()
    const data = randomBytes(1_000_000)
    await here.send(data)
    here.close()
    const got = await run(function* () {
      const chunks: Buffer[] = []
      for (;;) {
        const chunk = yield* there.recv(50_000)
        if (chunk.length === 0) return Buffer.concat(chunks)
        chunks.push(chunk)
        yield* sleep(0)
      }
    })
    expect(sha(got)).toBe(sha(data))
  })
})

describe('a peer', () => {
  it('that resets the connection in the middle of a message: what came is read, then the error is thrown', async () => {
    const peers: net.Socket[] = []
    const server = await listen((peer) => {
      peers.push(peer)
      peer.write('half a mess')
    })
    const client = made()
    await run(function* () {
      yield* client.connect(['127.0.0.1', server.port])
      expect(String(yield* client.recv(100))).toBe('half a mess')
      for (const peer of peers) reset(peer)
      expect(yield* caught(() => client.recv(100))).toMatchObject({ code: 'ECONNRESET' })
      expect(yield* caught(() => client.sendall('x'))).toMatchObject({ code: 'ECONNRESET' })
    })
  })

  it('that resets it under a waiting sender: the error is thrown in it', async () => {
    const server = await listen(
      (peer) => {
        setTimeout(() => reset(peer), 5)
      },
      { pauseOnConnect: true },
    )
    const client = made()
    await client.connect(['127.0.0.1', server.port])
    const waiting = spawn(() => client.sendall(Buffer.alloc(8_000_000)))
    const { code } = (await rejection(waiting.get())) as NodeJS.ErrnoException
    expect(['ECONNRESET', 'EPIPE']).toContain(code)
  })

  it('that is slow, byte by byte, is waited for', async () => {
    const [here, there] = await pair()
    spawn(function* () {
      for (const letter of 'slowly') {
        yield* there.send(letter)
        yield* sleep(1)
      }
      there.close()
    })
    expect(String(await run(readAll, here))).toBe('slowly')
  })

  it('that has ended its side, half-open, can be sent to until it resets', async () => {
    const [here, there] = await pair()
    await run(function* () {
      there.shutdown(SHUT_WR)
      expect((yield* here.recv(1)).length).toBe(0)
      yield* here.sendall('one-way')
      expect(String(yield* there.recv(100))).toBe('one-way')
      there.close()
      yield* here.sendall('into the void') // the machine learns of it by this
      yield* sleep(5)
      expect(['EPIPE', 'ECONNRESET']).toContain(
        ((yield* caught(() => here.sendall('more'))) as NodeJS.ErrnoException).code,
      )
    })
  })
})

describe('detach() and from()', () => {
  it('give out the socket of Node below, and put this face on one', async () => {
    const [here, there] = await pair()
    const node = here.node
    expect(here.detach()).toBe(node)
    expect(here.fileno()).toBe(-1)
    expect(node).toBeInstanceOf(net.Socket)
    const again = closedLater(Socket.from(node as net.Socket))
    await again.sendall('the same connection')
    expect(String(await there.recv(100))).toBe('the same connection')
    expect([made().detach(), made().node]).toEqual([null, null])
  })

  it('of a server of Node', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    const socket = closedLater(Socket.from(server))
    await new Promise((resolve) => server.once('listening', resolve))
    const client = made()
    await client.connect(socket.getsockname())
    const [connection] = await socket.accept()
    connection.close()
    expect(socket.node).toBe(server)
  })
})

it('200 greenlets killed at random moments leave nothing open and nothing outstanding', async () => {
  const seed = Number(process.env['GREENLOOP_SEED'] ?? Date.now() % 1_000_000)
  const reports = catchReports()
  const unhandled = catchUnhandled()
  const server = await listening()
  let open = 0
  function* echo(connection: Socket): Green<void> {
    open++
    connection.node?.on('close', () => open--)
    try {
      for (;;) {
        const data = yield* connection.recv(50_000)
        if (data.length === 0) return
        yield* connection.sendall(data)
      }
    } catch (error) {
      if (error instanceof GreenletExit) throw error
      // the client has reset the connection
    } finally {
      connection.close()
    }
  }
  const serving = spawn(function* () {
    for (;;) spawn(echo, (yield* server.accept())[0])
  })
  const random = randomOf(seed)
  function* client(own: () => number): Green<void> {
    yield* sleep(own() * 5)
    const socket = new Socket()
    try {
      yield* socket.connect(server.getsockname())
      for (;;) {
        yield* own() < 0.5 ? socket.sendall(Buffer.alloc(Math.ceil(own() * 60_000))) : socket.send('x')
        yield* socket.recv(Math.ceil(own() * 1000))
        if (own() < 0.3) yield* sleep(own() * 3)
      }
    } finally {
      const { node } = socket
      socket.close()
      if (node instanceof net.Socket) node.destroy()
    }
  }
  const clients = Array.from({ length: 200 }, (_, n) => spawn(client, randomOf(seed + n)))
  for (const one of clients) setTimeout(() => void one.kill(), random() * 120)
  await joinall(clients, { timeoutMs: 5000 })
  const seeded = `GREENLOOP_SEED=${seed}`
  expect(clients.filter((one) => !(one.value instanceof GreenletExit)).length, seeded).toBe(0)
  await serving.kill()
  await eventually(`no connection is open (${seeded})`, () => open === 0)
  expect(getHub().outstanding, seeded).toBe(0)
  expect([reports, unhandled], seeded).toEqual([[], []])
})
