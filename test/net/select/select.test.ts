// select: what is ready in which list, whom it wakes and when, what it refuses, and that it leaves nothing behind.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import {
  choose,
  getHub,
  type Operation,
  run,
  SocketClosedError,
  SocketTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  until,
} from 'greenloop'
import { connect, dgram, type GreenServer, type GreenSocket, select, waitRead, waitWrite } from 'greenloop/net'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { stateOf } from '../../../src/net/stream/stream-state.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, messageOf, rejection, rejectionMessage, thrown, usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { catchUnhandled, closedPort, eventually, inWait, listen } from '../support.ts'
import { Carrier, connecting, drive, fill, listenerCounts, listening, nodeClient, pair } from './support.ts'

checkLeaks()

const CLOSED = /^select\(\): the socket to 127\.0\.0\.1:\d+ is closed\.$/u

describe('select', () => {
  describe('finds readable', () => {
    it('a socket with data, as long as it has some', async () => {
      const { socket, peer } = await pair()
      peer.write('ab')
      expect(await select([socket], [], [])).toEqual([[socket], [], []])
      await run(function* () {
        expect(String(yield* socket.recv(1))).toBe('a')
        expect(yield* select([socket], [], [])).toEqual([[socket], [], []])
        expect(String(yield* socket.recv())).toBe('b')
        expect(yield* select([socket], [], [], 0)).toEqual([[], [], []])
      })
    })

    it('a socket whose peer has ended, also when Node has closed it for that', async () => {
      const { socket, peer } = await pair()
      const carrier = new Carrier('a', socket)
      const waiting = spawn(drive, select([socket, carrier], [], []))
      await inWait(waiting)
      peer.end()
      expect(await waiting.get()).toEqual([[socket, carrier], [], []])
      await eventually('Node has closed it', () => socket.closed)
      expect(await select([socket, carrier], [], [])).toEqual([[socket, carrier], [], []])
      expect(await run(drive, socket.recv())).toHaveLength(0)
      expect(await rejectionMessage(select([], [socket], []))).toMatch(CLOSED)
    })

    it('a listener with a connection, until it is accepted', async () => {
      const { server, port } = await listening()
      expect(await select([server], [server], [server], 0)).toEqual([[], [], []])
      nodeClient(port)
      expect(await select([server], [server], [server])).toEqual([[server], [], []])
      await run(function* () {
        const [connection] = yield* server.accept()
        connection.destroy()
      })
      expect(await select([server], [], [], 0)).toEqual([[], [], []])
    })

    it('a listener that Node made, without a method of ours', async () => {
      const server = net.createServer()
      onTestFinished(() => void server.close())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const waiting = spawn(drive, select([server], [], []))
      await inWait(waiting)
      const client = nodeClient((server.address() as net.AddressInfo).port)
      expect(await waiting.get()).toEqual([[server], [], []])
      client.destroy()
      server.close()
      await eventually('it is closed', () => !server.listening)
    })

    it('a datagram socket with a message', async () => {
      const socket = dgram.createSocket('udp4')
      onTestFinished(() => void socket.close())
      await run(function* () {
        yield* socket.bind(0, '127.0.0.1')
        expect(yield* select([socket], [socket], [], 0)).toEqual([[], [socket], []])
        const reader = spawn(drive, select([socket], [], []))
        yield* socket.sendto('hello', ['127.0.0.1', socket.address().port])
        expect(yield* reader.get()).toEqual([[socket], [], []])
        expect(String((yield* socket.recvfrom())[0])).toBe('hello')
      })
    })
  })

  describe('finds writable', () => {
    it('a socket once it is connected', async () => {
      const { port } = await listening()
      const socket = connect(port, '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      expect(await select([socket], [socket], [socket], 0)).toEqual([[], [], []])
      expect(await select([socket], [socket], [socket])).toEqual([[], [socket], []])
    })

    it('a socket that Node made, without a method of ours', async () => {
      const { port } = await listening()
      const socket = nodeClient(port)
      expect(await select([], [socket], [])).toEqual([[], [socket], []])
    })

    it('a socket whose peer does not read, once the peer has read', async () => {
      const { socket, peer } = await pair()
      fill(socket)
      expect(await select([], [socket], [], 0)).toEqual([[], [], []])
      const waiting = spawn(drive, select([], [socket], []))
      await inWait(waiting)
      peer.resume()
      expect(await waiting.get()).toEqual([[], [socket], []])
    })

    it('a socket whose connection has failed: it stands in all three lists, also when Node has closed it', async () => {
      const socket = connect(await closedPort(), '127.0.0.1')
      const carrier = new Carrier('a', socket)
      expect(await select([carrier], [socket], [socket])).toEqual([[carrier], [socket], [socket]])
      await eventually('Node has closed it', () => socket.closed)
      expect(await select([carrier], [socket], [socket])).toEqual([[carrier], [socket], [socket]])
      expect(await rejectionMessage(socket.recv())).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/u)
    })
  })

  describe('takes', () => {
    it('any object with a fileno(), and a number, and gives back what was passed in', async () => {
      const { socket, peer } = await pair()
      peer.write('x')
      const carrier = new Carrier('the data beside it', socket)
      const [readable] = await select([carrier], [], [])
      expect(readable[0]).toBe(carrier)
      expect(await select([socket.fileno()], [socket.fileno()], [])).toEqual([[socket.fileno()], [socket.fileno()], []])
      expectTypeOf(readable).toEqualTypeOf<Carrier[]>()
      const several = await select([carrier, socket.fileno()], [socket], [])
      expectTypeOf(several).toEqualTypeOf<[(Carrier | number)[], GreenSocket[], never[]]>()
    })

    it('several, and gives them in their order', async () => {
      const { server, port } = await listening()
      const { socket: idle } = await pair()
      const [one, two] = [await pair(), await pair()]
      one.peer.write('1')
      two.peer.write('2')
      nodeClient(port)
      await select([one.socket], [], [])
      await select([two.socket], [], [])
      await select([server], [], [])
      const [readable, writable] = await select([two.socket, idle, server, one.socket], [idle, server, two.socket], [])
      expect(readable).toEqual([two.socket, server, one.socket])
      expect(writable).toEqual([idle, two.socket])
      expectTypeOf(readable).toEqualTypeOf<(GreenSocket | GreenServer)[]>()
    })

    it('the same one several times, and gives it as often', async () => {
      const { socket, peer } = await pair()
      const carrier = new Carrier('a', socket)
      const waiting = spawn(drive, select([socket, carrier, socket], [], []))
      await inWait(waiting)
      peer.write('x')
      expect(await waiting.get()).toEqual([[socket, carrier, socket], [], []])
    })

    it('what stood in the lists when it was called', async () => {
      const { socket, peer } = await pair()
      const list = [socket]
      const op = select(list, [], [])
      list.length = 0
      peer.write('x')
      expect(await op).toEqual([[socket], [], []])
    })
  })

  it('does not switch when something is ready', async () => {
    const { socket } = await pair()
    await run(function* () {
      const other = spawn(() => undefined)
      yield* select([socket], [socket], [])
      expect(other.dead).toBe(false)
    })
  })

  it('waits until one is ready, and leaves nothing with the others', async () => {
    const { socket, peer } = await pair()
    const { socket: other } = await pair()
    await select([other], [], [], 0) // from now on our listeners are there
    const before = listenerCounts(other)
    const waiting = spawn(drive, select([other, socket], [], []))
    await inWait(waiting)
    peer.write('x')
    expect(await waiting.get()).toEqual([[socket], [], []])
    expect(stateOf(socket).watched || stateOf(other).watched).toBe(false)
    expect(listenerCounts(other)).toEqual(before)
  })

  it('waits on when another greenlet has taken the data', async () => {
    const { socket, peer } = await pair()
    const waiting = spawn(drive, select([socket], [], []))
    const reader = spawn(drive, socket.recv())
    await inWait(reader)
    peer.write('one')
    expect(String(await reader.get())).toBe('one')
    expect(waiting.dead).toBe(false)
    peer.write('two')
    expect(await waiting.get()).toEqual([[socket], [], []])
    expect(String(await run(drive, socket.recv()))).toBe('two')
  })

  it('wakes all who wait for the same socket', async () => {
    const { socket, peer } = await pair()
    const waiting = [1, 2, 3].map(() => spawn(drive, select([socket], [], [])))
    for (const g of waiting) await inWait(g)
    peer.write('x')
    for (const g of waiting) expect(await g.get()).toEqual([[socket], [], []])
  })

  describe('with a time limit', () => {
    it('sleeps when all lists are empty', () => {
      const { clock } = virtualHub()
      const found = spawn(function* () {
        const lists = yield* select([], [], [], 250)
        return { lists, at: clock.time }
      })
      clock.run()
      expect(found.value).toEqual({ lists: [[], [], []], at: 250 })
    })

    it('gives empty lists when the time has passed, also when a Timeout says how long', async () => {
      const { socket } = await pair()
      const before = performance.now()
      expect(await select([socket], [], [socket], 5)).toEqual([[], [], []])
      expect(performance.now() - before).toBeGreaterThanOrEqual(4)
      expect(await select([socket], [], [], new Timeout(1))).toEqual([[], [], []])
      expect(stateOf(socket).watched).toBe(false)
    })

    it('of 0 looks once, and lets the others have a turn', async () => {
      const { socket, peer } = await pair()
      await run(function* () {
        peer.write('x')
        let looks = 0
        // Were it not for the turns, Node would never get to the data.
        for (let r: GreenSocket[] = []; r.length === 0; looks++) [r] = yield* select([socket], [], [], 0)
        expect(looks).toBeGreaterThan(1)
      })
    })

    it('of null waits for ever', async () => {
      const { socket, peer } = await pair()
      const waiting = spawn(drive, select([socket], [], [], null))
      await inWait(waiting)
      peer.write('x')
      expect(await waiting.get()).toEqual([[socket], [], []])
    })
  })

  describe('is cut short', () => {
    it('by a kill, and leaves no watcher', async () => {
      const { socket } = await pair()
      const waiting = spawn(drive, select([socket], [], [], 1000))
      await inWait(waiting)
      expect(stateOf(socket).watched).toBe(true)
      await waiting.kill()
      expect(stateOf(socket).watched).toBe(false)
      expect(getHub().timers.count).toBe(0)
    })

    it('as a loser of a choice, and leaves no watcher', async () => {
      const { socket } = await pair()
      expect(await choose({ socket: select([socket], [], []), time: sleep(1) })).toEqual(['time', undefined])
      expect(stateOf(socket).watched).toBe(false)
    })

    it('as one of two branches of a choice that the same change would end', async () => {
      const { socket, peer } = await pair()
      const waiting = spawn(drive, choose({ one: select([socket], [], []), two: select([socket], [], []) }))
      await inWait(waiting)
      peer.write('x')
      expect(await waiting.get()).toEqual(['one', [[socket], [], []]])
      expect(stateOf(socket).watched).toBe(false)
    })

    it('by the closing of one of them, with an error that names it', async () => {
      const { socket } = await pair()
      const { socket: other } = await pair()
      const waiting = spawn(drive, select([other, socket], [], []))
      await inWait(waiting)
      socket.destroy()
      const error = await rejection(waiting.get())
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toMatch(CLOSED)
      expect(stateOf(other).watched).toBe(false)
    })

    it('by the closing of a listener', async () => {
      const { server, port } = await listening()
      const waiting = spawn(drive, select([server], [], []))
      await inWait(waiting)
      server.close()
      expect(await rejectionMessage(waiting.get())).toBe(`select(): the server at 127.0.0.1:${String(port)} is closed.`)
    })

    it('two of them by one closing, of which the first closes what the second waits for', async () => {
      const unhandled = catchUnhandled()
      const { socket } = await pair()
      const { socket: other } = await pair()
      const first = spawn(function* () {
        try {
          yield* select([socket], [], [])
        } finally {
          other.destroy()
        }
      })
      const second = spawn(drive, select([other, socket], [], []))
      await inWait(second)
      socket.destroy()
      const errors = await Promise.all([rejectionMessage(first.get()), rejectionMessage(second.get())])
      for (const error of errors) expect(error).toMatch(CLOSED)
      expect(unhandled).toEqual([])
    })
  })

  it('is named, with what it waits for, by those who tell who waits', async () => {
    const { server, port } = await listening()
    const sockets = [connecting(), connecting(), connecting()]
    const describedAs = async (waiting: Operation<unknown>): Promise<string | undefined> => {
      const g = spawn(drive, waiting)
      await inWait(g)
      const text = g.$wait?.describe()
      await g.kill()
      return text
    }
    const where = `the server at 127.0.0.1:${String(port)}`
    expect(await describedAs(select([server], [], []))).toBe(`select() of ${where}`)
    expect(await describedAs(select([server], sockets, []))).toBe(
      `select() of ${where}, the socket, the socket and 1 more`,
    )
    expect(await describedAs(select([], [], []))).toBe('select() of nothing')
    expect([select([server], [], [])].map(String)).toEqual(['select()'])
  })

  describe('refuses', () => {
    it('what is no array, and shows what is', async () => {
      const { socket } = await pair()
      expect(usage(() => select(5 as never, [], []))).toBe(
        `select() expects \`r\` to be an array of sockets, but got 5 (number).

  select(socket, [], [])     // incorrect: one socket is no list
  select([socket], [], [])   // correct`,
      )
      expect(usage(() => select(socket as never, [], []))).toContain('select([socket], [], [])')
      expect(usage(() => select([], 'sockets' as never, []))).toBe(
        'select() expects `w` to be an array of sockets, but got "sockets" (string).',
      )
      expect(usage(() => select([], [], new Set([socket]) as never))).toBe(
        'select() expects `x` to be an array of sockets, but got a Set.',
      )
    })

    it.each([
      ['a string', 'x', '"x" (string)'],
      ['an array', [1], 'an Array'],
      ['null', null, 'null'],
      ['half a number', 1.5, '1.5 (number)'],
      ['an object without fileno()', {}, 'an Object'],
    ])('%s in a list', (_what, target, shown) => {
      expect(usage(() => select([], [target as never], []))).toBe(
        `select() expects sockets, servers or objects with a fileno(), but got ${shown} in \`w\`.`,
      )
    })

    it('promises and operations, and tells who takes them', () => {
      const hint =
        '\nFor whatever else can be waited for there is choose({ item: queue.get(), answer: until(promise) }).'
      expect(usage(() => select([Promise.resolve() as never], [], []))).toBe(
        `select() expects sockets, servers or objects with a fileno(), but got a Promise in \`r\`.${hint}`,
      )
      expect(usage(() => select([until(Promise.resolve()) as never], [], []))).toBe(
        `select() expects sockets, servers or objects with a fileno(), but got an operation in \`r\`.${hint}`,
      )
    })

    it.each([-1, NaN, '5'])('a time limit of %s', (timeoutMs) => {
      expect(usage(() => select([], [], [], timeoutMs as never))).toMatch(
        /^select\(\) expects `timeoutMs` to be a number of milliseconds, 0 or more, but got /u,
      )
    })

    it('what is closed, and names it', async () => {
      const { socket } = await pair()
      const carrier = new Carrier('a', socket)
      const number = socket.fileno()
      socket.destroy()
      const error = await rejection(select([socket], [], []))
      expect(error).toBeInstanceOf(SocketClosedError)
      expect(messageOf(error)).toMatch(CLOSED)
      expect(await rejectionMessage(select([], [carrier], []))).toBe(
        'select(): a Carrier is closed: its fileno() is -1.',
      )
      await once(socket, 'close')
      expect(await rejectionMessage(select([number], [], []))).toBe(
        `select(): ${String(number)} is the number of no open socket; numbers are what fileno() gives.`,
      )
      expect(await rejectionMessage(select([-1], [], []))).toBe(
        'select(): -1 is the number of no open socket; numbers are what fileno() gives.',
      )
    })

    it('a fileno() that gives no number', async () => {
      const odd = { fileno: () => 'x' as unknown as number }
      expect(await rejectionMessage(select([odd], [], []))).toBe(
        'select() was given an Object whose fileno() is "x" (string); it is to be that of a socket.',
      )
    })

    it('what hands over at once whatever comes', async () => {
      const server = net.createServer(() => undefined)
      expect(await rejectionMessage(select([server], [], []))).toBe(
        "select() was given a server that has a listener for 'connection', which is given every one already: none would ever wait.",
      )
      const secure = tls.createServer(() => undefined)
      expect(await rejectionMessage(select([secure], [], []))).toBe(
        "select() was given a server that has a listener for 'secureConnection', which is given every one already: none would ever wait.",
      )
      const socket = dgram.createSocket('udp4').on('message', () => undefined)
      onTestFinished(() => void socket.close())
      expect(await rejectionMessage(select([socket], [], []))).toBe(
        "select() was given a datagram socket that has a listener for 'message', which is given every one already: none would ever wait.",
      )
    })
  })
})

describe('waitRead', () => {
  it('waits until there is something to read, or to accept', async () => {
    const { socket, peer } = await pair()
    const waiting = spawn(drive, waitRead(socket))
    await inWait(waiting)
    peer.write('x')
    await waiting.get()
    expect(String(await run(drive, socket.recv()))).toBe('x')

    const { server, port } = await listening()
    nodeClient(port)
    await waitRead(server)
  })

  it('throws when its time is up, and when the socket is closed meanwhile', async () => {
    const { socket } = await pair()
    const late = await rejection(waitRead(socket, { timeoutMs: 1 }))
    expect(late).toBeInstanceOf(SocketTimeoutError)
    expect(messageOf(late)).toMatch(/^waitRead\(\) of the socket to 127\.0\.0\.1:\d+ timed out after 1 ms\.$/u)
    expect(messageOf(await rejection(waitRead(socket, { timeoutMs: 0 })))).toMatch(/ timed out after 0 ms\.$/u)
    const mine = new Timeout(1)
    expect(await rejection(waitRead(socket, { timeoutMs: mine }))).toBe(mine)

    const waiting = spawn(drive, waitRead(socket))
    await inWait(waiting)
    socket.destroy()
    expect(await rejectionMessage(waiting.get())).toMatch(/^waitRead\(\): the socket to 127\.0\.0\.1:\d+ is closed\.$/u)
    expect(thrown(() => waitRead('x' as never))).toHaveProperty(
      'message',
      'waitRead() expects sockets, servers or objects with a fileno(), but got "x" (string).',
    )
  })
})

describe('waitWrite', () => {
  it('waits until a socket is connected, and until its peer has taken what was sent', async () => {
    const server = await listen()
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    expect([waitWrite(socket)].map(String)).toEqual(['waitWrite()'])
    await waitWrite(socket)
    expect(socket.pending).toBe(false)
    fill(socket)
    const waiting = spawnWith({ name: 'writer' }, drive, waitWrite(socket))
    await inWait(waiting)
    for (const peer of server.sockets) peer.resume()
    await waiting.get()
    expect(message(() => waitWrite(socket, 5 as never))).toBe(
      'waitWrite() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
  })
})
