// select, poll and epoll over Python's face: sockets that do not block, and when it is worth while to come back to them.
import { BlockingIOError, run, SocketClosedError, spawn } from 'greenloop'
import {
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  epoll,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  poll,
  Socket,
  select,
} from 'greenloop/net'
import { expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, rejectionMessage } from '../../support/thrown.ts'
import { closedPort, inWait } from '../support.ts'
import { Carrier, drive } from './support.ts'

checkLeaks()

/** A socket for the rest of the running test, which does not block. */
function nonBlocking(): Socket {
  const socket = new Socket()
  socket.setblocking(false)
  onTestFinished(() => {
    socket.close()
  })
  return socket
}

/** Begins to connect. */
async function begin(socket: Socket, port: number): Promise<void> {
  expect(await rejection(run(() => socket.connect(['127.0.0.1', port])))).toBeInstanceOf(BlockingIOError)
}

/** A server that listens, for the rest of the running test, and does not block. */
async function listening(): Promise<{ server: Socket; port: number }> {
  const server = new Socket()
  onTestFinished(() => {
    server.close()
  })
  await server.bind(['127.0.0.1', 0])
  await server.listen()
  server.setblocking(false)
  return { server, port: Number(server.getsockname()[1]) }
}

/** A connection: both ends, of which ours does not block. */
async function pair(): Promise<{ socket: Socket; peer: Socket }> {
  const { server, port } = await listening()
  const socket = nonBlocking()
  await begin(socket, port)
  await select([server], [], [])
  const [peer] = await server.accept()
  onTestFinished(() => {
    peer.close()
  })
  await select([], [socket], [])
  return { socket, peer }
}

it('tells when a connection is there, when it can be accepted, and when something has arrived', async () => {
  const { server, port } = await listening()
  const socket = nonBlocking()
  await begin(socket, port)
  expect(await select([socket], [], [], 0)).toEqual([[], [], []])
  expect(await select([socket], [socket], [])).toEqual([[], [socket], []])
  expect(await select([server], [server], [])).toEqual([[server], [], []])
  const [peer] = await server.accept()
  expect(await select([server], [], [], 0)).toEqual([[], [], []])

  const waiting = spawn(drive, select([socket], [], []))
  await inWait(waiting)
  await peer.sendall('hello')
  expect(await waiting.get()).toEqual([[socket], [], []])
  await run(function* () {
    expect(String(yield* socket.recv(100))).toBe('hello')
  })
  peer.close()
  expect(await select([socket], [], [])).toEqual([[socket], [], []])
  await run(function* () {
    expect(yield* socket.recv(100)).toHaveLength(0)
  })
})

it('has a failed connection in all three lists, and throws its error at the next call', async () => {
  const socket = nonBlocking()
  const carrier = new Carrier('a', socket)
  await begin(socket, await closedPort())
  expect(await select([carrier], [carrier], [socket])).toEqual([[carrier], [carrier], [socket]])
  expect(await rejectionMessage(run(() => socket.recv(1)))).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/u)
})

it('has one that was never connected ready for everything, as Linux has it', async () => {
  const socket = nonBlocking()
  expect(await select([socket], [socket], [socket])).toEqual([[socket], [socket], []])
  const poller = poll()
  poller.register(socket, POLLIN | POLLOUT)
  expect(await poller.poll()).toEqual([[socket, POLLOUT | POLLHUP]])
})

it('raises in a select when the socket is closed under it, and before', async () => {
  const { socket } = await pair()
  const carrier = new Carrier('a', socket)
  const waiting = spawn(drive, select([carrier], [], []))
  await inWait(waiting)
  socket.close()
  const error = await rejection(waiting.get())
  expect(error).toBeInstanceOf(SocketClosedError)
  expect(messageOf(error)).toMatch(/^select\(\): the socket to 127\.0\.0\.1:\d+ is closed\.$/u)
  expect(await rejectionMessage(select([carrier], [], []))).toBe('select(): a Carrier is closed: its fileno() is -1.')
  expect(await rejectionMessage(select([socket], [], []))).toBe('select(): a Socket is closed: its fileno() is -1.')
})

it('tells a poll that it is closed, and takes it out of an epoll at once', async () => {
  const { socket } = await pair()
  const poller = poll()
  poller.register(socket, POLLIN)
  using set = epoll()
  set.register(socket, EPOLLIN | EPOLLOUT)
  const waiting = spawn(drive, poller.poll())
  await inWait(waiting)
  socket.close()
  expect(await waiting.get()).toEqual([[socket, POLLNVAL]])
  expect(await set.poll(0)).toEqual([])
})

it('reports a failed connection to a poll as long as it is not closed', async () => {
  const refused = nonBlocking()
  await begin(refused, await closedPort())
  const poller = poll()
  poller.register(refused, POLLOUT)
  expect(await poller.poll()).toEqual([[refused, POLLOUT | POLLERR | POLLHUP]])
  expect(await poller.poll()).toEqual([[refused, POLLOUT | POLLERR | POLLHUP]])
})

it('reports an edge once it was read until BlockingIOError, and only then', async () => {
  const { socket, peer } = await pair()
  using poller = epoll()
  poller.register(socket, EPOLLIN | EPOLLET)
  await run(function* () {
    for (const text of ['one', 'two']) {
      yield* peer.sendall(text)
      expect(yield* poller.poll()).toEqual([[socket, EPOLLIN]])
      expect(String(yield* socket.recv(100))).toBe(text)
      expect(() => socket.recv(100)).toThrow(BlockingIOError)
      expect(yield* poller.poll(0)).toEqual([])
    }
  })
})

it('knows a socket by its number', async () => {
  const { socket } = await pair()
  expect(await select([], [socket.fileno()], [])).toEqual([[], [socket.fileno()], []])
})
