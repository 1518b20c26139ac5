// epoll: level and edge, once and again, callbacks of the hub, several waiters, fairness, and what closing ends.
import { once } from 'node:events'
import { BlockingSwitchOutError, Event, getHub, run, SocketClosedError, sleep, spawn } from 'greenloop'
import {
  connect,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  epoll,
  type GreenSocket,
} from 'greenloop/net'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { stateOf } from '../../../src/net/stream/stream-state.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection, rejectionMessage, thrown, usage } from '../../support/thrown.ts'
import { closedPort, eventually, inWait } from '../support.ts'
import { Carrier, drive, fill, listening, nodeClient, pair } from './support.ts'

checkLeaks()

const MASK = 'EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLET, EPOLLONESHOT'

/** Waits until as many bytes wait in the socket. */
function arrived(socket: GreenSocket, bytes: number): Promise<void> {
  return eventually(`${String(bytes)} bytes have come`, () => socket.readableLength === bytes)
}

it('has the numbers of Linux', () => {
  expect({ EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLONESHOT, EPOLLET }).toEqual({
    EPOLLIN: 1,
    EPOLLPRI: 2,
    EPOLLOUT: 4,
    EPOLLERR: 8,
    EPOLLHUP: 16,
    EPOLLRDHUP: 0x2000,
    EPOLLONESHOT: 2 ** 30,
    EPOLLET: 2 ** 31,
  })
})

describe('level-triggered', () => {
  it('reports as long as it is ready', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN)
    expect(await poller.poll(0)).toEqual([])
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    peer.write('ab')
    expect(await waiting.get()).toEqual([[socket, EPOLLIN]])
    await run(function* () {
      expect(yield* poller.poll()).toEqual([[socket, EPOLLIN]])
      yield* socket.recv(1)
      expect(yield* poller.poll()).toEqual([[socket, EPOLLIN]])
      yield* socket.recv(1)
      expect(yield* poller.poll(0)).toEqual([])
      peer.write('c')
      expect(yield* poller.poll()).toEqual([[socket, EPOLLIN]])
    })
  })

  it('reports what is ready when it is registered, both directions in one number', async () => {
    const { socket, peer } = await pair()
    using poller = epoll<Carrier>()
    peer.write('x')
    await run(drive, socket.recv(0))
    const carrier = new Carrier('a', socket)
    poller.register(carrier)
    await eventually('the data is there', () => socket.readableLength > 0)
    const found = await poller.poll()
    expect(found).toEqual([[carrier, EPOLLIN | EPOLLOUT]])
    expectTypeOf(found).toEqualTypeOf<[target: Carrier, events: number][]>()
  })

  it('wakes all who wait, in the order in which they came', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN)
    const order: number[] = []
    const waiting = [1, 2, 3].map((n) =>
      spawn(function* () {
        const found = yield* poller.poll()
        order.push(n)
        return found
      }),
    )
    for (const g of waiting) await inWait(g)
    peer.write('x')
    for (const g of waiting) expect(await g.get()).toEqual([[socket, EPOLLIN]])
    expect(order).toEqual([1, 2, 3])
  })

  it('reports a failed connection without being asked, once, and lets it go', async () => {
    const socket = connect(await closedPort(), '127.0.0.1')
    using poller = epoll()
    poller.register(socket, 0)
    expect(await poller.poll()).toEqual([[socket, EPOLLERR | EPOLLHUP]])
    expect(await poller.poll(1)).toEqual([])
  })

  it('reports the end of the peer', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLRDHUP)
    peer.end()
    const [[target, events] = []] = await poller.poll()
    expect(target).toBe(socket)
    expect(events! & EPOLLRDHUP).toBe(EPOLLRDHUP)
  })

  it('looks at those only that may be ready, however many are registered', async () => {
    const [busy, ...idle] = await Promise.all([pair(), pair(), pair(), pair()])
    using poller = epoll()
    for (const { socket } of [...idle, busy]) poller.register(socket, EPOLLIN)
    const looks = idle.map(({ socket }) => vi.spyOn(stateOf(socket), 'events'))
    busy.peer.write('x')
    for (let n = 0; n < 3; n++) expect(await poller.poll()).toEqual([[busy.socket, EPOLLIN]])
    for (const look of looks) expect(look).not.toHaveBeenCalled()
  })

  it('gives each its turn when only some are asked for', async () => {
    const pairs = await Promise.all([pair(), pair(), pair(), pair(), pair()])
    const sockets = pairs.map(({ socket }) => socket)
    using poller = epoll()
    for (const socket of sockets) poller.register(socket, EPOLLOUT)
    const turns: unknown[] = []
    for (let n = 0; n < 5; n++) for (const [target] of await poller.poll(null, 2)) turns.push(target)
    expect(turns).toEqual([...sockets, ...sockets])
  })
})

describe('EPOLLET', () => {
  it('reports once for each change: when it becomes ready, and when more comes', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN | EPOLLET)
    peer.write('one')
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    expect(await poller.poll(0)).toEqual([])

    peer.write('two')
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    expect(await poller.poll(0)).toEqual([])
    await arrived(socket, 6)

    await run(function* () {
      expect(String(yield* socket.recv(2))).toBe('on') // what is left is no change
      expect(yield* poller.poll(0)).toEqual([])
      expect(String(yield* socket.recv())).toBe('etwo')
      expect(yield* poller.poll(0)).toEqual([])
      peer.write('three')
      expect(yield* poller.poll()).toEqual([[socket, EPOLLIN]])
      expect(String(yield* socket.recv())).toBe('three')
    })
  })

  it('reports in one what has come since the last time', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN | EPOLLET)
    expect(await poller.poll(0)).toEqual([])
    peer.write('one')
    await arrived(socket, 3)
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    peer.write('two')
    await arrived(socket, 6)
    peer.write('three')
    await arrived(socket, 11)
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    expect(await poller.poll(0)).toEqual([])
  })

  it('reports what is ready when it is registered, and when it is modified', async () => {
    const { socket } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLOUT | EPOLLET)
    expect(await poller.poll()).toEqual([[socket, EPOLLOUT]])
    expect(await poller.poll(0)).toEqual([])
    poller.modify(socket, EPOLLOUT | EPOLLET)
    expect(await poller.poll()).toEqual([[socket, EPOLLOUT]])
  })

  it('reports that a peer takes again what is sent', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLOUT | EPOLLET)
    expect(await poller.poll()).toEqual([[socket, EPOLLOUT]])
    fill(socket)
    peer.resume()
    expect(await poller.poll()).toEqual([[socket, EPOLLOUT]])
    expect(await poller.poll(0)).toEqual([])
  })

  it('reports each connection of a listener', async () => {
    const { server, port } = await listening()
    using poller = epoll()
    poller.register(server, EPOLLIN | EPOLLET)
    for (let n = 0; n < 3; n++) {
      nodeClient(port)
      expect(await poller.poll()).toEqual([[server, EPOLLIN]])
      expect(await poller.poll(0)).toEqual([])
    }
  })

  it('is one waiter’s alone', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN | EPOLLET)
    const [first, second] = [spawn(drive, poller.poll()), spawn(drive, poller.poll())]
    await inWait(second)
    peer.write('x')
    expect(await first.get()).toEqual([[socket, EPOLLIN]])
    expect(second.dead).toBe(false)
    peer.write('y')
    expect(await second.get()).toEqual([[socket, EPOLLIN]])
  })

  it('is kept for the next one when who waits is killed', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN | EPOLLET)
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    await waiting.kill()
    peer.write('x')
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
  })
})

describe('EPOLLONESHOT', () => {
  it('reports once, until it is modified', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN | EPOLLONESHOT)
    peer.write('x')
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    peer.write('y')
    expect(await poller.poll(2)).toEqual([])
    poller.modify(socket, EPOLLIN | EPOLLONESHOT)
    expect(await poller.poll()).toEqual([[socket, EPOLLIN]])
    expect(await poller.poll(0)).toEqual([])
  })
})

describe('a callback', () => {
  it('is called by the hub with what is ready, while nobody polls, as long as it is ready', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    const carrier = new Carrier('a', socket)
    const calls: unknown[] = []
    const enough = new Event()
    poller.register(carrier, EPOLLIN, (target, events) => {
      expectTypeOf(target).toEqualTypeOf<Carrier>()
      calls.push([target, events])
      if (calls.length === 3) {
        poller.unregister(target)
        enough.set()
      }
    })
    peer.write('x')
    await enough.wait()
    await run(drive, sleep(1))
    expect(calls).toEqual(Array(3).fill([carrier, EPOLLIN]))
  })

  it('is called once for each change with EPOLLET', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    let calls = 0
    poller.register(socket, EPOLLIN | EPOLLET, () => calls++)
    for (let n = 1; n <= 3; n++) {
      peer.write('x')
      await eventually(`it is called ${String(n)} times`, () => calls === n)
    }
    await run(drive, sleep(2))
    expect(calls).toBe(3)
  })

  it('may spawn who reads, and is called again when more comes', async () => {
    const { socket, peer } = await pair()
    using poller = epoll()
    const read: string[] = []
    let calls = 0
    poller.register(socket, EPOLLIN, () => {
      calls++
      spawn(function* () {
        read.push(String(yield* socket.recv()))
      })
    })
    for (const text of ['one', 'two', 'three']) {
      peer.write(text)
      await eventually(`${text} was read`, () => read.at(-1) === text)
    }
    expect([read, calls]).toEqual([['one', 'two', 'three'], 3])
  })

  it('starves nobody, though it reads nothing', async () => {
    const { socket, peer } = await pair()
    const { socket: other, peer: otherPeer } = await pair()
    using poller = epoll()
    let calls = 0
    poller.register(socket, EPOLLIN, () => calls++)
    peer.write('x')
    await eventually('it is called', () => calls > 0)
    const waiting = spawn(drive, other.recv())
    await inWait(waiting)
    otherPeer.write('y')
    expect(String(await waiting.get())).toBe('y')
    await run(drive, sleep(2))
    expect(calls).toBeGreaterThan(10)
    poller.unregister(socket)
    const before = calls
    await run(drive, sleep(2))
    expect(calls).toBe(before)
  })

  it('that fails is reported, and called no more before it is modified', async () => {
    const reports = catchReports()
    const { socket, peer } = await pair()
    using poller = epoll()
    const broken = new Error('broken')
    poller.register(socket, EPOLLIN, () => {
      throw broken
    })
    peer.write('x')
    await eventually('it is reported', () => reports.length > 0)
    await run(drive, sleep(2))
    expect(reports).toEqual([
      { name: expect.stringMatching(/^callback of epoll for the socket to 127\.0\.0\.1:\d+$/u), error: broken },
    ])
    poller.modify(socket, EPOLLIN)
    await eventually('it is reported again', () => reports.length === 2)
  })

  it('that would wait is refused, with the right line', async () => {
    const reports = catchReports()
    const { socket } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLOUT, function* () {
      yield* sleep(1)
    })
    await eventually('it is reported', () => reports.length > 0)
    const [report] = reports
    expect(report?.error).toBeInstanceOf(BlockingSwitchOutError)
    expect(
      messageOf(report?.error),
    ).toBe(`A callback of epoll.register() would wait, but it runs in the hub, where nobody can: it returned a generator object, which nobody drives.

  epoll.register(function* () { yield* ... })                // incorrect: the hub cannot wait
  epoll.register(() => spawn(function* () { yield* ... }))   // correct`)
  })

  it('gets the reports in the place of poll()', async () => {
    const { socket } = await pair()
    using poller = epoll()
    let calls = 0
    poller.register(socket, EPOLLOUT | EPOLLONESHOT, () => calls++)
    expect(await poller.poll(2)).toEqual([])
    expect(calls).toBe(1)
  })

  it('counts as something outside that the hub waits for', async () => {
    const hub = getHub()
    const { socket } = await pair()
    using poller = epoll()
    expect(hub.idle).toBe(true)
    poller.register(socket, EPOLLIN, () => undefined)
    expect(hub.idle).toBe(false)
    poller.unregister(socket)
    expect(hub.idle).toBe(true)
    poller.register(socket, EPOLLIN, () => undefined)
    socket.destroy()
    await eventually('it has left', () => hub.idle)
  })
})

describe('closing', () => {
  it('a socket takes it out of the set', async () => {
    const { socket } = await pair()
    const { socket: other, peer } = await pair()
    const carrier = new Carrier('a', socket)
    using poller = epoll()
    poller.register(carrier, EPOLLIN)
    poller.register(other, EPOLLIN)
    const waiting = spawn(drive, poller.poll())
    await inWait(waiting)
    socket.destroy()
    await once(socket, 'close')
    peer.write('x')
    expect(await waiting.get()).toEqual([[other, EPOLLIN]])
    expect(messageOf(thrown(() => poller.unregister(carrier)))).toBe(
      'epoll.unregister(): a Carrier is closed: its fileno() is -1.',
    )
  })

  it('a socket that is queued to be reported has it not be reported', async () => {
    const { socket } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLOUT)
    socket.destroy()
    expect(await poller.poll(0)).toEqual([])
  })

  it('the epoll ends it: those who wait are told, and its sockets are let go', async () => {
    const { socket } = await pair()
    using poller = epoll()
    poller.register(socket, EPOLLIN)
    const waiting = [spawn(drive, poller.poll()), spawn(drive, poller.poll(1000))]
    for (const g of waiting) await inWait(g)
    expect(waiting[0]!.$wait?.describe()).toBe('epoll.poll() of 1 registered')
    expect(poller.closed).toBe(false)
    poller.close()
    poller.close()
    expect(poller.closed).toBe(true)
    const errors = await Promise.all(waiting.map((g) => rejection(g.get())))
    for (const error of errors) {
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toBe('epoll.poll(): the epoll is closed.')
    }
    expect(stateOf(socket).watched).toBe(false)
    expect(await rejectionMessage(poller.poll())).toBe('epoll.poll(): the epoll is closed.')
    expect(messageOf(thrown(() => poller.register(socket)))).toBe('epoll.register(): the epoll is closed.')
    expect(messageOf(thrown(() => poller.modify(socket, EPOLLIN)))).toBe('epoll.modify(): the epoll is closed.')
    expect(messageOf(thrown(() => poller.unregister(socket)))).toBe('epoll.unregister(): the epoll is closed.')
  })

  it('is what leaving its block does', async () => {
    const { socket } = await pair()
    {
      using poller = epoll()
      poller.register(socket, EPOLLIN)
      expect(stateOf(socket).watched).toBe(true)
    }
    expect(stateOf(socket).watched).toBe(false)
  })
})

it('sees who is registered while somebody waits', async () => {
  const { socket } = await pair()
  using poller = epoll()
  const waiting = spawn(drive, poller.poll())
  await inWait(waiting)
  poller.register(socket, EPOLLOUT)
  expect(await waiting.get()).toEqual([[socket, EPOLLOUT]])
})

it('gives an empty list when the time has passed, and lets the others have a turn', async () => {
  const { socket, peer } = await pair()
  using poller = epoll()
  poller.register(socket, EPOLLIN)
  expect(await poller.poll(2)).toEqual([])
  expect(getHub().timers.count).toBe(0)
  await run(function* () {
    peer.write('x')
    let looks = 0
    while ((yield* poller.poll(0)).length === 0) looks++
    expect(looks).toBeGreaterThan(0)
  })
  expect([poller.poll()].map(String)).toEqual(['epoll.poll()'])
})

it('refuses what is registered already or not at all, and what is no sum of events', async () => {
  const { socket } = await pair()
  using poller = epoll()
  expect(usage(() => poller.unregister(socket))).toBe('epoll.unregister(): a SocketWithMethods is not registered.')
  expect(usage(() => poller.modify(socket, EPOLLIN))).toBe('epoll.modify(): a SocketWithMethods is not registered.')
  poller.register(socket, EPOLLIN)
  expect(usage(() => poller.register(new Carrier('a', socket)))).toBe(
    'epoll.register(): a Carrier is registered already; modify() changes what is wanted of it.',
  )
  expect(usage(() => poller.modify(socket, 0x40))).toBe(
    `epoll.modify() expects \`eventmask\` to be a sum of ${MASK}, but got 64 (number).`,
  )
  expect(usage(() => poller.register(socket, EPOLLIN, 5 as never))).toBe(
    'epoll.register() expects a function, but got 5 (number).',
  )
  for (const maxEvents of [0, -2, 1.5]) {
    expect(usage(() => poller.poll(0, maxEvents))).toBe(
      `epoll.poll() expects \`maxEvents\` to be an integer, 1 or more, or -1, but got ${String(maxEvents)} (number).`,
    )
  }
  expect(usage(() => poller.poll('x' as never))).toBe(
    'epoll.poll() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got "x" (string).',
  )
})
