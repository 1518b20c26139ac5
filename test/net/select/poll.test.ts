// poll: who is registered, which events come, level by level, and what is left after a kill or a closing.
import { getHub, run, SocketClosedError, spawn } from 'greenloop'
import {
  connect,
  EPOLLET,
  type GreenSocket,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  poll,
  waitRead,
} from 'greenloop/net'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { stateOf } from '../../../src/net/stream/stream-state.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, thrown, usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { closedPort, inWait } from '../support.ts'
import { Carrier, drive, fill, listening, nodeClient, pair } from './support.ts'

checkLeaks()

const MASK = 'POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP'

describe('the events', () => {
  it('have the numbers that they have on Linux', () => {
    expect({ POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP }).toEqual({
      POLLIN: 1,
      POLLPRI: 2,
      POLLOUT: 4,
      POLLERR: 8,
      POLLHUP: 16,
      POLLNVAL: 32,
      POLLRDHUP: 0x2000,
    })
  })
})

describe('poll', () => {
  it('gives what was registered with the events that were wanted and have come, again and again', async () => {
    const { socket, peer } = await pair()
    const poller = poll<Carrier | GreenSocket>()
    const carrier = new Carrier('a', socket)
    poller.register(carrier)
    const first = await poller.poll()
    expect(first).toEqual([[carrier, POLLOUT]])
    expectTypeOf(first).toEqualTypeOf<[target: Carrier | GreenSocket, events: number][]>()

    poller.modify(carrier, POLLIN)
    expect(await poller.poll(0)).toEqual([])
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    peer.write('x')
    expect(await waiting.get()).toEqual([[carrier, POLLIN]])
    expect(await poller.poll()).toEqual([[carrier, POLLIN]])
    await run(drive, socket.recv())
    expect(await poller.poll(0)).toEqual([])
  })

  it('gives all that are ready, in the order in which they were registered', async () => {
    const { server, port } = await listening()
    const [one, two] = [await pair(), await pair()]
    const poller = poll()
    poller.register(two.socket, POLLOUT)
    poller.register(server, POLLIN)
    poller.register(one.socket, POLLIN)
    nodeClient(port)
    await waitRead(server)
    expect(await poller.poll()).toEqual([
      [two.socket, POLLOUT],
      [server, POLLIN],
    ])
  })

  it('tells of the end of the peer, asked or not: POLLIN, and POLLRDHUP if it was wanted', async () => {
    const { socket, peer } = await pair()
    const poller = poll()
    poller.register(socket, POLLIN)
    peer.end()
    const [[, events] = []] = await poller.poll()
    expect(events! & POLLIN).toBe(POLLIN)
    poller.modify(socket, POLLRDHUP)
    const [[, hangup] = []] = await poller.poll()
    expect(hangup! & POLLRDHUP).toBe(POLLRDHUP)
  })

  it('tells of a failed connection with POLLERR and POLLHUP, whatever was wanted', async () => {
    const socket = connect(await closedPort(), '127.0.0.1')
    const poller = poll()
    poller.register(socket, 0)
    expect(await poller.poll()).toEqual([[socket, POLLERR | POLLHUP]])
    poller.modify(socket, POLLIN | POLLOUT)
    expect(await poller.poll()).toEqual([[socket, POLLIN | POLLOUT | POLLERR | POLLHUP]])
  })

  it('tells of a closed one with POLLNVAL, whatever was wanted, until it is unregistered', async () => {
    const { socket } = await pair()
    const carrier = new Carrier('a', socket)
    const poller = poll()
    poller.register(carrier, POLLIN)
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    socket.destroy()
    expect(await waiting.get()).toEqual([[carrier, POLLNVAL]])
    expect(await poller.poll()).toEqual([[carrier, POLLNVAL]])
    poller.unregister(carrier)
    expect(await poller.poll(0)).toEqual([])
  })

  it('tells when a peer that did not read has read', async () => {
    const { socket, peer } = await pair()
    const poller = poll()
    poller.register(socket, POLLOUT)
    fill(socket)
    expect(await poller.poll(0)).toEqual([])
    const waiting = spawn(drive, poller.poll(-1))
    await inWait(waiting)
    peer.resume()
    expect(await waiting.get()).toEqual([[socket, POLLOUT]])
  })

  it('has each socket once, by whatever it was registered', async () => {
    const { socket } = await pair()
    const carrier = new Carrier('a', socket)
    const poller = poll()
    poller.register(socket, POLLIN)
    poller.register(carrier, POLLOUT)
    expect(await poller.poll()).toEqual([[carrier, POLLOUT]])
    poller.modify(socket.fileno(), POLLIN)
    expect(await poller.poll(0)).toEqual([])
    poller.unregister(socket)
    expect(usage(() => poller.unregister(carrier))).toBe('poll.unregister(): a Carrier is not registered.')
  })

  it('counts who is registered meanwhile from the next call on', async () => {
    const { socket } = await pair()
    const poller = poll()
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    poller.register(socket, POLLOUT)
    expect(await poller.poll()).toEqual([[socket, POLLOUT]])
    expect(waiting.dead).toBe(false)
    await waiting.kill()
  })

  it('sleeps when nobody is registered', () => {
    const { clock } = virtualHub()
    const poller = poll()
    const g = spawn(function* () {
      const found = yield* poller.poll(50)
      return [found, clock.time]
    })
    clock.run()
    expect(g.value).toEqual([[], 50])
  })

  it('leaves no watcher when it is killed', async () => {
    const { socket } = await pair()
    const poller = poll()
    poller.register(socket, POLLIN)
    const waiting = spawn(drive, poller.poll(1000))
    await inWait(waiting)
    expect(waiting.$wait?.describe()).toMatch(/^poll\.poll\(\) of the socket to 127\.0\.0\.1:\d+$/u)
    expect(stateOf(socket).watched).toBe(true)
    await waiting.kill()
    expect(stateOf(socket).watched).toBe(false)
    expect(getHub().timers.count).toBe(0)
    expect([poller.poll()].map(String)).toEqual(['poll.poll()'])
  })

  it('refuses what is not registered, what is closed, and what is no sum of events', async () => {
    const { socket } = await pair()
    const poller = poll()
    expect(usage(() => poller.unregister(socket))).toBe('poll.unregister(): a SocketWithMethods is not registered.')
    expect(usage(() => poller.modify(socket, POLLIN))).toBe('poll.modify(): a SocketWithMethods is not registered.')
    expect(usage(() => poller.register('x' as never))).toBe(
      'poll.register() expects sockets, servers or objects with a fileno(), but got "x" (string).',
    )
    const wrong = (given: string): string =>
      `poll.register() expects \`eventmask\` to be a sum of ${MASK}, but got ${given}.`
    expect(usage(() => poller.register(socket, 'r' as never))).toBe(wrong('"r" (string)'))
    expect(usage(() => poller.register(socket, POLLIN | EPOLLET))).toBe(wrong('-2147483647 (number)'))
    expect(usage(() => poller.register(socket, 2 ** 40))).toBe(wrong('1099511627776 (number)'))
    expect(usage(() => poller.poll('x' as never))).toBe(
      'poll.poll() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got "x" (string).',
    )
    socket.destroy()
    const closed = thrown(() => poller.register(socket))
    expect(closed).toBeInstanceOf(SocketClosedError)
    expect(messageOf(closed)).toMatch(/^poll\.register\(\): the socket to 127\.0\.0\.1:\d+ is closed\.$/u)
    expect(await poller.poll(0)).toEqual([])
  })
})
