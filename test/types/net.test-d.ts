// What the calls of greenloop/net give, as TypeScript infers it: each type is written down by nobody but the library.
import { choose, each, type Green, type Operation, spawn, withTimeout } from 'greenloop'
import {
  connect,
  createConnection,
  createServer,
  DatagramServer,
  dgram,
  EPOLLIN,
  epoll,
  type GreenServer,
  type GreenSocket,
  Socket,
  StreamServer,
  select,
  socketpair,
  tls,
} from 'greenloop/net'
import { describe, expectTypeOf, it } from 'vitest'

/** The types are looked at, and nothing runs. */
declare function looked(body: () => Green<unknown>): void

describe('the types of', () => {
  it('sockets and servers of Node’s face', () => {
    looked(function* () {
      const server = yield* createServer().listen(0)
      expectTypeOf(server).toEqualTypeOf<GreenServer>()
      const [connection, [host, port]] = yield* server.accept()
      expectTypeOf(connection).toEqualTypeOf<GreenSocket>()
      expectTypeOf(host).toEqualTypeOf<string>()
      expectTypeOf(port).toEqualTypeOf<number>()
      expectTypeOf(yield* connect(port)).toEqualTypeOf<GreenSocket>()
      expectTypeOf(yield* connection.recv()).toEqualTypeOf<Buffer>()
      expectTypeOf(yield* connection.recvInto(new Uint8Array(1))).toEqualTypeOf<number>()
      expectTypeOf(connection.sendall('x')).toEqualTypeOf<Operation<void>>()
      const cursor = server.cursor()
      while (yield* cursor.next()) expectTypeOf(cursor.value[0]).toEqualTypeOf<GreenSocket>()
    })
  })

  it('sockets and servers of TLS', () => {
    looked(function* () {
      const server = yield* tls.createServer().listen(0)
      expectTypeOf(server).toEqualTypeOf<tls.GreenTLSServer>()
      const [connection] = yield* server.accept()
      expectTypeOf(connection).toEqualTypeOf<tls.GreenTLSSocket>()
      expectTypeOf(yield* tls.connect({ port: 1 })).toEqualTypeOf<tls.GreenTLSSocket>()
      expectTypeOf(yield* connection.recv()).toEqualTypeOf<Buffer>()
    })
  })

  it('datagram sockets', () => {
    looked(function* () {
      const socket = yield* dgram.createSocket('udp4').bind(0)
      expectTypeOf(socket).toEqualTypeOf<dgram.GreenDatagramSocket>()
      expectTypeOf(yield* socket.connect(1)).toEqualTypeOf<dgram.GreenDatagramSocket>()
      const [data, [host]] = yield* socket.recvfrom()
      expectTypeOf(data).toEqualTypeOf<Buffer>()
      expectTypeOf(host).toEqualTypeOf<string>()
      expectTypeOf(yield* socket.sendto(data, 1)).toEqualTypeOf<number>()
    })
  })

  it('Python’s sockets, and their files', () => {
    looked(function* () {
      const socket = yield* createConnection(['localhost', 1])
      expectTypeOf(socket).toEqualTypeOf<Socket>()
      const [connection, [host]] = yield* socket.accept()
      expectTypeOf(connection).toEqualTypeOf<Socket>()
      expectTypeOf(host).toEqualTypeOf<string>()
      expectTypeOf(yield* socket.recvfrom(1)).toEqualTypeOf<
        [data: Buffer, address: readonly [host: string, port: number]]
      >()
      expectTypeOf(yield* socket.send('x')).toEqualTypeOf<number>()
      expectTypeOf(yield* socketpair()).toEqualTypeOf<[Socket, Socket]>()
      expectTypeOf(yield* socket.makefile().readline()).toEqualTypeOf<string>()
      expectTypeOf(yield* socket.makefile('rb').readline()).toEqualTypeOf<Buffer>()
      yield* each(socket.makefile(), (line) => {
        expectTypeOf(line).toEqualTypeOf<string>()
      })
      // @ts-expect-error an address is one value
      yield* socket.connect('localhost', 80)
    })
  })

  it('select and epoll: what was passed in', () => {
    class Visitor {
      readonly socket = new Socket()
      fileno(): number {
        return this.socket.fileno()
      }
    }
    looked(function* () {
      const server = createServer()
      const [readable, writable, failed] = yield* select([server, new Socket()], [new Visitor()], [])
      expectTypeOf(readable).toEqualTypeOf<(GreenServer | Socket)[]>()
      expectTypeOf(writable).toEqualTypeOf<Visitor[]>()
      expectTypeOf(failed).toEqualTypeOf<never[]>()
      using poller = epoll<Visitor>()
      poller.register(new Visitor(), EPOLLIN, (visitor, events) => {
        expectTypeOf(visitor).toEqualTypeOf<Visitor>()
        expectTypeOf(events).toEqualTypeOf<number>()
      })
      expectTypeOf(yield* poller.poll()).toEqualTypeOf<[target: Visitor, events: number][]>()
    })
  })

  it('handlers of servers', () => {
    new StreamServer(':0', function* (socket, [host]) {
      expectTypeOf(host).toEqualTypeOf<string>()
      expectTypeOf(yield* socket.recv()).toEqualTypeOf<Buffer>()
    })
    new DatagramServer(':0', (data, [host]) => {
      expectTypeOf(data).toEqualTypeOf<Buffer>()
      expectTypeOf(host).toEqualTypeOf<string>()
    })
  })

  it('what is made of the operations', () => {
    looked(function* () {
      const socket = yield* connect(1)
      expectTypeOf(yield* withTimeout(5, () => socket.recv())).toEqualTypeOf<Buffer>()
      expectTypeOf(yield* spawn(() => socket.recv()).get()).toEqualTypeOf<Buffer>()
      const won = yield* choose({ data: socket.recv(), sent: socket.sendall('x') })
      if (won[0] === 'data') expectTypeOf(won[1]).toEqualTypeOf<Buffer>()
    })
    expectTypeOf<Awaited<ReturnType<Socket['recv']>>>().toEqualTypeOf<Buffer>()
  })
})
