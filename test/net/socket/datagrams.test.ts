// Python's sockets for messages: UDP with the calls of the other face's sockets.
import dgram from 'node:dgram'
import { constants } from 'node:os'
import { ConcurrentObjectUseError, run, SocketClosedError, SocketTimeoutError, spawn, spawnWith } from 'greenloop'
import {
  type Address,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SHUT_WR,
  SO_BROADCAST,
  SO_ERROR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  Socket,
  select,
} from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message, messageOf, rejection, rejectionMessage, usage } from '../../support/thrown.ts'
import { inWait } from '../support.ts'
import { caught, closedLater, made, portOf } from './support.ts'

checkLeaks()

function udp(): Socket {
  return made(AF_INET, SOCK_DGRAM)
}

async function bound(): Promise<Socket> {
  const socket = udp()
  await socket.bind(['127.0.0.1', 0])
  return socket
}

/** A port at which nobody listens. */
async function nobody(): Promise<number> {
  const socket = await bound()
  const port = portOf(socket)
  socket.close()
  return port
}

describe('a socket for messages', () => {
  it('sends to an address, and gives what comes with its sender', async () => {
    const [server, client] = [await bound(), udp()]
    await run(function* () {
      expect(client.getsockname()).toEqual(['0.0.0.0', 0])
      expect(yield* client.sendto('ping', server.getsockname() as Address)).toBe(4)
      const [data, address] = yield* server.recvfrom(100)
      expect(String(data)).toBe('ping')
      yield* server.sendto(new Uint8Array([112, 111]), address)
      expect(String(yield* client.recv(100))).toBe('po')
    })
    expect(String(server)).toBe(`Socket(AF_INET, SOCK_DGRAM) at 127.0.0.1:${portOf(server)}`)
  })

  it('of IPv6', async () => {
    const [server, client] = [made(AF_INET6, SOCK_DGRAM), made(AF_INET6, SOCK_DGRAM)]
    await run(function* () {
      expect(client.getsockname()).toEqual(['::', 0])
      yield* server.bind(['::1', 0])
      yield* client.sendto('six', ['::1', portOf(server)])
      const [data, [host]] = yield* server.recvfrom(100)
      expect([String(data), host]).toEqual(['six', '::1'])
    })
  })

  it('that is connected sends without an address, and may be connected to another', async () => {
    const [one, other, client] = [await bound(), await bound(), udp()]
    await run(function* () {
      expect(messageOf(yield* caught(() => client.send('x')))).toBe(
        'send EDESTADDRREQ: the datagram socket is not connected; yield* socket.sendto(data, [host, port]) says to whom.',
      )
      for (const server of [one, other]) {
        yield* client.connect(server.getsockname())
        expect(client.getpeername()).toEqual(server.getsockname())
        expect(yield* client.send('ab')).toBe(2)
        yield* client.sendall('cd')
        expect(String(yield* server.recv(1))).toBe('a') // the rest is lost
        const buffer = new Uint8Array(5)
        expect(yield* server.recvInto(buffer)).toBe(2)
        expect(String(Buffer.from(buffer))).toBe('cd\0\0\0')
      }
      expect(yield* client.connectEx(one.getsockname())).toBe(0)
    })
    expect(message(() => udp().getpeername())).toBe('getpeername ENOTCONN: the datagram socket is not connected.')
  })

  it('that sends to nobody meets the refusal in its next call, or in SO_ERROR', async () => {
    const client = udp()
    const port = await nobody()
    await run(function* () {
      yield* client.connect(['127.0.0.1', port])
      yield* client.send('is anybody there?')
      expect(yield* caught(() => client.recv(10))).toMatchObject({ code: 'ECONNREFUSED' })
      yield* client.send('again')
      expect(yield* select([client], [], [client], 1000)).toEqual([[client], [], [client]])
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(constants.errno.ECONNREFUSED)
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0)
    })
  })

  it('that cannot be bound throws, and has an address once', async () => {
    const first = await bound()
    const second = udp()
    expect(await rejection(second.bind(first.getsockname()))).toMatchObject({ code: 'EADDRINUSE' })
    expect(await rejectionMessage(first.bind(['127.0.0.1', 0]))).toBe(
      `bind EINVAL: the datagram socket at 127.0.0.1:${portOf(first)} has an address already.`,
    )
  })

  it('throws after the timeout, refuses a second reader, and takes nothing away', async () => {
    const [server, client] = [await bound(), udp()]
    const label = `the datagram socket at 127.0.0.1:${portOf(server)}`
    server.settimeout(2)
    const late = await rejection(run(() => server.recvfrom(10)))
    expect(late).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(late)).toBe(`recvfrom() of ${label} timed out after 2 ms.`)
    server.settimeout(null)
    const first = spawnWith({ name: 'first' }, () => server.recv(10))
    await inWait(first)
    const second = await rejection(spawnWith({ name: 'second' }, () => server.recvfrom(10)).get())
    expect(second).toBeInstanceOf(ConcurrentObjectUseError)
    await first.kill()
    await client.sendto('x', server.getsockname())
    expect(String(await server.recv(10))).toBe('x')
  })

  it('throws when it is closed under the waiting greenlet, and from then on', async () => {
    const server = await bound()
    const label = `the datagram socket at 127.0.0.1:${portOf(server)}`
    const waiting = spawn(() => server.recvfrom(10))
    await inWait(waiting)
    server.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`recvfrom(): ${label} is closed.`)
    expect(await rejectionMessage(server.recv(10))).toBe(`recv(): ${label} is closed.`)
    expect(await rejectionMessage(server.sendto('x', ['127.0.0.1', 9]))).toBe(`sendto(): ${label} is closed.`)
    server.close()
  })

  it('has no connections', async () => {
    const socket = udp()
    const why = 'the datagram socket has messages, and no connections.'
    expect(message(() => socket.listen())).toBe(`listen EOPNOTSUPP: ${why}`)
    expect(message(() => socket.accept())).toBe(`accept EOPNOTSUPP: ${why}`)
    expect(
      message(() => {
        socket.shutdown(SHUT_WR)
      }),
    ).toBe(`shutdown EOPNOTSUPP: ${why}`)
    expect(usage(() => new Socket(AF_UNIX, SOCK_DGRAM))).toBe(
      'new Socket() was asked for a Unix socket for messages, which Node has not.',
    )
    expect(await rejection(made(AF_INET, SOCK_STREAM).recv(1))).toMatchObject({ code: 'ENOTCONN' })
  })

  it('has options of its own, from when it is bound', async () => {
    const [one, other] = [udp(), udp()]
    for (const socket of [one, other]) {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
      socket.setsockopt(SOL_SOCKET, SO_BROADCAST, true)
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 50_000)
    }
    await one.bind(['127.0.0.1', 0])
    await other.bind(one.getsockname()) // both may have it
    const node = one.node as dgram.Socket
    expect(node.getRecvBufferSize()).toBeGreaterThanOrEqual(50_000)
    expect(one.getsockopt(SOL_SOCKET, SO_BROADCAST)).toBe(1)
    expect(
      usage(() => {
        one.setsockopt(6, 1, 1)
      }),
    ).toMatch(/has not: level 6 \(number\), 1 \(number\)\.$/u)
  })

  it('is given out by detach(), and this face is put on one of Node', async () => {
    const node = dgram.createSocket('udp4')
    const socket = closedLater(Socket.from(node))
    await socket.bind(['127.0.0.1', 0])
    expect([socket.type, socket.family, socket.node]).toEqual([SOCK_DGRAM, AF_INET, node])
    expect(socket.detach()).toBe(node)
    expect(node.address().address).toBe('127.0.0.1')
    node.close()
  })
})
