// Python's sockets after setblocking(false): what would have to wait throws at the call; select says when to come again.

import { constants } from 'node:os'
import { BlockingIOError, config, type Green, type Operation, run, SocketClosedError, sleep, spawn } from 'greenloop'
import {
  type Address,
  AF_INET,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  epoll,
  IPPROTO_TCP,
  POLLHUP,
  POLLOUT,
  poll,
  SHUT_WR,
  SO_ERROR,
  SOCK_DGRAM,
  SOL_SOCKET,
  Socket,
  select,
  TCP_NODELAY,
} from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message, messageOf, rejection, thrown, usage } from '../../support/thrown.ts'
import { closedPort, eventually, inWait } from '../support.ts'
import { caught, closedLater, listening, made, pair, portOf, readAll } from './support.ts'

checkLeaks()

/** What a call that would have to wait throws, at the call. */
function blocked(call: () => unknown): string {
  const error = thrown(call)
  expect(error).toBeInstanceOf(BlockingIOError)
  return `${(error as BlockingIOError).code} ${messageOf(error)}`
}

function nonBlocking(socket: Socket): Socket {
  socket.setblocking(false)
  return socket
}

/** Drives an operation that is ready, and fails when it switches. */
function* atOnce<T>(operation: Operation<T>): Green<T> {
  let others = 0
  const other = spawn(() => others++)
  const value = yield* operation
  expect(others).toBe(0)
  yield* other.join()
  return value
}

describe('connect()', () => {
  it('begins to connect and throws EINPROGRESS; then EALREADY; and EISCONN when it is there', async () => {
    const server = await listening()
    const port = portOf(server)
    const client = nonBlocking(made())
    expect(blocked(() => client.connect(['127.0.0.1', port]))).toBe(
      `EINPROGRESS connect() to 127.0.0.1:${port} goes on by itself; the socket is writable when it is there.`,
    )
    expect(blocked(() => client.connect(['127.0.0.1', port]))).toBe(
      'EALREADY connect() of the socket would wait: it is connecting.',
    )
    expect(blocked(() => client.recv(1))).toBe('EAGAIN recv() of the socket would wait: it is connecting.')
    expect(blocked(() => client.send('x'))).toBe('EAGAIN send() of the socket would wait: it is connecting.')
    await run(function* () {
      expect(yield* select([client], [client], [client])).toEqual([[], [client], []])
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0)
      const error = thrown(() => client.connect(['127.0.0.1', port]))
      expect(error).toMatchObject({ code: 'EISCONN' })
      expect(messageOf(error)).toBe(`connect EISCONN: the socket to 127.0.0.1:${port} is connected already.`)
    })
  })

  it('that is refused: readable, writable and an error, which SO_ERROR tells once', async () => {
    const port = await closedPort()
    const client = nonBlocking(made())
    thrown(() => client.connect(['127.0.0.1', port]))
    await run(function* () {
      expect(yield* select([client], [client], [client])).toEqual([[client], [client], [client]])
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(constants.errno.ECONNREFUSED)
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0)
      expect(thrown(() => client.recv(1))).toMatchObject({ code: 'ENOTCONN' })
    })
  })

  it('that is refused: the next call throws the error, a connect() does, too, and the one after it tries again', async () => {
    const server = await listening()
    const port = await closedPort()
    const client = nonBlocking(made())
    thrown(() => client.connect(['127.0.0.1', port]))
    await run(function* () {
      yield* select([], [client], [])
      expect(yield* caught(() => client.recv(1))).toMatchObject({ code: 'ECONNREFUSED' })
      expect(yield* caught(() => client.send('x'))).toMatchObject({ code: 'ECONNREFUSED' })
      const error = thrown(() => client.connect(server.getsockname()))
      expect(messageOf(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
      expect(blocked(() => client.connect(server.getsockname()))).toMatch(/^EINPROGRESS /u)
      yield* select([], [client], [])
      expect(client.getpeername()).toEqual(server.getsockname())
    })
  })

  it('of a name that nobody has: the same', async () => {
    config.resolver = () => []
    onTestFinished(() => {
      config.resolver = 'thread'
    })
    const client = nonBlocking(made())
    expect(blocked(() => client.connect(['nobody.example', 80]))).toMatch(/^EINPROGRESS /u)
    await run(function* () {
      expect((yield* select([client], [client], [client], 1000)).map((list) => list.length)).toEqual([1, 1, 1])
      expect(yield* caught(() => client.recv(1))).toMatchObject({ code: 'ENOTFOUND' })
    })
  })

  it('connectEx() gives the codes, and 0', async () => {
    const server = await listening()
    const client = nonBlocking(made())
    await run(function* () {
      const begun = client.connectEx(server.getsockname())
      expect(yield* atOnce(begun)).toBe('EINPROGRESS')
      expect(yield* client.connectEx(server.getsockname())).toBe('EALREADY')
      yield* select([], [client], [])
      expect(yield* client.connectEx(server.getsockname())).toBe('EISCONN')
      expect(yield* made().connectEx(server.getsockname())).toBe(0)
      expect(yield* made().connectEx(['127.0.0.1', yield* portOfNobody()])).toBe('ECONNREFUSED')
    })
  })

  it('connectEx() of a blocking socket: EAGAIN when the time is up, EADDRNOTAVAIL of a wrong address, and a wrong name throws', async () => {
    const slow = made()
    slow.settimeout(2)
    config.resolver = () => new Promise(() => undefined)
    onTestFinished(() => {
      config.resolver = 'thread'
    })
    expect(await slow.connectEx(['slow.example', 80])).toBe('EAGAIN')
    config.resolver = () => []
    expect(await rejection(made().connectEx(['nobody.example', 80]))).toMatchObject({ code: 'ENOTFOUND' })
    config.resolver = 'thread'
    const elsewhere = made()
    await elsewhere.bind(['192.0.2.1', 0])
    expect(await elsewhere.connectEx(['127.0.0.1', 80])).toBe('EADDRNOTAVAIL')
  })
})

describe('recv()', () => {
  it('throws at the call when nothing is there, and gives what is there without switching', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    expect(blocked(() => here.recv(1))).toBe(
      `EAGAIN recv() of the socket to 127.0.0.1:${portOf(there)} would wait: nothing has arrived.`,
    )
    expect(blocked(() => here.recvInto(new Uint8Array(1)))).toMatch(/^EAGAIN recvInto\(\)/u)
    expect(blocked(() => here.recvfrom(1))).toMatch(/^EAGAIN recvfrom\(\)/u)
    await run(function* () {
      yield* there.sendall('abc')
      expect((yield* select([here], [], []))[0]).toEqual([here])
      expect(String(yield* atOnce(here.recv(2)))).toBe('ab')
      expect(String((yield* atOnce(here.recvfrom(2)))[0])).toBe('c')
      expect(blocked(() => here.recv(1))).toMatch(/^EAGAIN /u)
    })
  })

  it('tried again and again, without select, gets everything', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    await run(function* () {
      const sender = spawn(function* () {
        for (const part of ['one ', 'two ', 'three']) {
          yield* there.sendall(part)
          yield* sleep(2)
        }
        there.close()
      })
      let got = ''
      for (;;) {
        let chunk: Buffer
        try {
          chunk = yield* here.recv(100)
        } catch (error) {
          if (!(error instanceof BlockingIOError)) throw error
          yield* sleep(1)
          continue
        }
        if (chunk.length === 0) break
        got += String(chunk)
      }
      expect(got).toBe('one two three')
      yield* sender.join()
    })
  })

  it('gives the end of the peer, and the error of the connection', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    there.shutdown(SHUT_WR)
    await run(function* () {
      yield* select([here], [], [])
      expect((yield* atOnce(here.recv(1))).length).toBe(0)
      expect((yield* atOnce(here.recv(1))).length).toBe(0)
    })
  })

  it('that was ready when it was made is looked at again when it is driven', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    await run(function* () {
      yield* there.sendall('x')
      yield* select([here], [], [])
      const [one, other] = [here.recv(10), here.recv(10)]
      expect(String(yield* one)).toBe('x')
      expect(messageOf(yield* caught(() => other))).toMatch(/would wait: nothing has arrived\.$/u)
    })
  })
})

describe('accept()', () => {
  it('throws at the call when nobody has connected, and gives who has without switching', async () => {
    const server = nonBlocking(await listening())
    const port = portOf(server)
    expect(blocked(() => server.accept())).toBe(
      `EAGAIN accept() of the server at 127.0.0.1:${port} would wait: nobody has connected.`,
    )
    const client = made()
    await run(function* () {
      yield* client.connect(server.getsockname())
      expect((yield* select([server], [], []))[0]).toEqual([server])
      const [connection] = yield* atOnce(server.accept())
      expect(connection.getblocking()).toBe(true)
      connection.close()
      expect(blocked(() => server.accept())).toMatch(/^EAGAIN /u)
    })
  })
})

describe('send()', () => {
  it('takes as much as there is room for, until there is none; then select says when there is', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    const data = Buffer.alloc(20_000_000, 'x')
    await run(function* () {
      let sent = 0
      let pieces = 0
      const fill = function* (): Green<void> {
        try {
          while (sent < data.length) {
            const count = yield* here.send(data.subarray(sent))
            expect(count).toBeGreaterThan(0)
            sent += count
            pieces++
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BlockingIOError)
          expect(messageOf(error)).toBe(
            `send() of the socket to 127.0.0.1:${portOf(there)} would wait: the peer has not taken what was sent.`,
          )
        }
      }
      yield* fill()
      expect(pieces).toBeGreaterThan(1)
      expect(sent).toBeLessThan(data.length)
      expect(blocked(() => here.sendall('x'))).toMatch(/^EAGAIN sendall\(\) /u)
      expect((yield* select([], [here], [], 5))[1]).toEqual([])
      const reader = spawn(readAll, there)
      while (sent < data.length) {
        yield* select([], [here], [])
        yield* fill()
      }
      here.close()
      expect((yield* reader.get()).length).toBe(data.length)
    })
  })

  it('sendall() takes all of it when there is room, without switching', async () => {
    const [here, there] = await pair()
    nonBlocking(here)
    await run(function* () {
      yield* atOnce(here.sendall(Buffer.alloc(5_000_000)))
      expect(blocked(() => here.sendall('more'))).toMatch(/^EAGAIN /u)
      here.close()
      expect((yield* readAll(there)).length).toBe(5_000_000)
    })
  })
})

describe('the settings', () => {
  it('settimeout(0) is setblocking(false), and null is true', () => {
    const socket = made()
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true])
    socket.settimeout(0)
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([0, false])
    socket.setblocking(true)
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true])
    socket.settimeout(20)
    expect([socket.gettimeout(), socket.getblocking()]).toEqual([20, true])
    socket.settimeout(Infinity)
    expect(socket.gettimeout()).toBe(null)
    expect(
      usage(() => {
        socket.settimeout(-1)
      }),
    ).toBe('settimeout() expects `ms` to be a number of milliseconds, 0 or more, but got -1.')
    expect(
      usage(() => {
        socket.setblocking(1 as never)
      }),
    ).toBe('setblocking() expects a boolean, but got 1 (number).')
  })

  it('a call that was made before is driven as the socket is then', async () => {
    const [here, there] = await pair()
    const operation = here.recv(10)
    here.setblocking(false)
    await run(function* () {
      expect(yield* caught(() => operation)).toBeInstanceOf(BlockingIOError)
      here.setblocking(true)
      yield* there.send('x')
      expect(String(yield* operation)).toBe('x')
    })
  })

  it('options are kept until there is something that has them', async () => {
    const server = await listening()
    const client = made()
    client.setsockopt(IPPROTO_TCP, TCP_NODELAY, true)
    expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1)
    expect(client.getsockopt(SOL_SOCKET, 3)).toBe(1)
    await client.connect(server.getsockname())
    client.setsockopt(SOL_SOCKET, 9, 1)
    client.setsockopt(SOL_SOCKET, 2, 1)
    expect(
      usage(() => {
        client.setsockopt(SOL_SOCKET, 99, 1)
      }),
    ).toMatch(
      /^setsockopt\(\) of the socket to 127.0.0.1:\d+ was given an option that Node has not: level 1 \(number\), 99 \(number\)\.$/u,
    )
    expect(usage(() => client.getsockopt(0, 0))).toMatch(/^getsockopt\(\) of the socket/u)
    expect(
      usage(() => {
        client.setsockopt(SOL_SOCKET, 9, 'on' as never)
      }),
    ).toBe('setsockopt() expects an integer or a boolean, but got "on" (string).')
    client.close()
    expect(
      message(() => {
        client.setsockopt(SOL_SOCKET, 9, 1)
      }),
    ).toMatch(/^setsockopt\(\): /u)
    expect(message(() => client.getsockopt(SOL_SOCKET, SO_ERROR))).toMatch(/^getsockopt\(\): /u)
  })
})

describe('select, poll and epoll', () => {
  it('know it from its birth to its end, by one number', async () => {
    const server = await listening()
    const client = made()
    const number = client.fileno()
    expect(number).toBeGreaterThan(0)
    const poller = poll()
    poller.register(client)
    await run(function* () {
      expect(yield* poller.poll(0)).toEqual([[client, POLLOUT | POLLHUP]]) // as Linux has it
      yield* client.connect(server.getsockname())
      expect(client.fileno()).toBe(number)
      expect(yield* poller.poll(0)).toEqual([[client, POLLOUT]])
      client.close()
      expect(client.fileno()).toBe(-1)
    })
  })

  it('are told of what comes to a socket that was registered before it was connected', async () => {
    const server = await listening()
    const client = nonBlocking(made())
    using poller = epoll()
    poller.register(client, EPOLLIN | EPOLLOUT | EPOLLET)
    thrown(() => client.connect(server.getsockname()))
    const events: number[] = []
    await run(function* () {
      const [connection] = yield* server.accept()
      closedLater(connection)
      for (const [, happened] of yield* poller.poll(1000)) events.push(happened & (EPOLLIN | EPOLLOUT))
      yield* connection.sendall('x')
      for (;;) {
        const [report] = yield* poller.poll(1000)
        if (report === undefined) break
        events.push(report[1] & (EPOLLIN | EPOLLOUT))
        if ((report[1] & EPOLLIN) !== 0) break
      }
      expect(String(yield* client.recv(1))).toBe('x')
    })
    expect(events[0]).toBe(EPOLLOUT)
    expect((events.at(-1) ?? 0) & EPOLLIN).toBe(EPOLLIN)
  })

  it('select() throws when a socket is closed under it', async () => {
    const [here, there] = await pair()
    const waiting = spawn(() => select([here], [], []))
    await inWait(waiting)
    here.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toContain(`the socket to 127.0.0.1:${portOf(there)} is closed.`)
  })

  it("take an object of one's own that has a socket", async () => {
    class Request {
      readonly socket: Socket
      constructor(socket: Socket) {
        this.socket = socket
      }
      fileno(): number {
        return this.socket.fileno()
      }
    }
    const [here, there] = await pair()
    const request = new Request(here)
    await run(function* () {
      expect(yield* select([request], [], [], 0)).toEqual([[], [], []])
      yield* there.send('x')
      expect(yield* select([request], [], [])).toEqual([[request], [], []])
    })
  })
})

describe('datagrams', () => {
  it('recvfrom() throws at the call when nothing is there; sendto() never waits', async () => {
    const [here, there] = [made(AF_INET, SOCK_DGRAM), made(AF_INET, SOCK_DGRAM)]
    nonBlocking(here)
    nonBlocking(there)
    await run(function* () {
      yield* here.bind(['127.0.0.1', 0]) // waits a turn of Node's
      expect(blocked(() => here.recvfrom(10))).toBe(
        `EAGAIN recvfrom() of the datagram socket at 127.0.0.1:${portOf(here)} would wait: nothing has arrived.`,
      )
      expect(yield* atOnce(there.sendto('ping', here.getsockname() as Address))).toBe(4)
      there.close() // it is sent all the same
      yield* select([here], [], [])
      expect(String((yield* atOnce(here.recvfrom(10)))[0])).toBe('ping')
    })
  })

  it('what goes wrong in sending is the error of the next call', async () => {
    const here = nonBlocking(made(AF_INET, SOCK_DGRAM))
    await run(function* () {
      yield* here.sendto(Buffer.alloc(70_000), ['127.0.0.1', 9])
      yield* select([here], [], [here])
      expect(yield* caught(() => here.recv(10))).toMatchObject({ code: 'EMSGSIZE' })
    })
    await eventually('nothing is left', () => here.getsockopt(SOL_SOCKET, SO_ERROR) === 0)
  })
})

function* portOfNobody(): Green<number> {
  const socket = new Socket()
  yield* socket.listen()
  const port = portOf(socket)
  socket.close()
  return port
}
