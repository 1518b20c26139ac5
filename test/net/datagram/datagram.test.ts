// Datagram sockets: binding, connecting, messages both ways, what waits and what is dropped, each way in which a wait ends.
import nodeDgram from 'node:dgram'
import {
  ConcurrentObjectUseError,
  choose,
  type Green,
  GreenletExit,
  getHub,
  run,
  SocketClosedError,
  SocketTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
} from 'greenloop'
import { dgram } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MAX_BYTES, MAX_MESSAGES } from '../../../src/net/datagram/datagram-state.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection, thrown, usage } from '../../support/thrown.ts'
import { catchUnhandled, type Drivable, eventually, inWait, randomOf } from '../support.ts'

checkLeaks()

/** For the rest of the running test. */
function created(type: nodeDgram.SocketType = 'udp4'): dgram.GreenDatagramSocket {
  const socket = dgram.createSocket(type)
  onTestFinished(() => {
    close(socket)
  })
  return socket
}

function close(socket: nodeDgram.Socket): void {
  try {
    socket.close()
  } catch {
    // the test has closed it
  }
}

async function bound(): Promise<dgram.GreenDatagramSocket> {
  const socket = created()
  await run(function* () {
    yield* socket.bind(0, '127.0.0.1')
  })
  return socket
}

/** A port at which nobody listens. */
async function nobody(): Promise<number> {
  const socket = await bound()
  const { port } = socket.address()
  socket.close()
  return port
}

describe('bind()', () => {
  it('waits until the socket is bound, and gives it', async () => {
    const socket = created()
    await run(function* () {
      expect(yield* socket.bind(0, '127.0.0.1')).toBe(socket)
      expect(socket.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
      expect(yield* socket).toBe(socket) // it is so already
    })
  })

  it('throws what Node reports when the address is taken, and can be tried again', async () => {
    const first = await bound()
    const second = created()
    await run(function* () {
      const error = yield* caught(() => second.bind(first.address().port, '127.0.0.1'))
      expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' })
      yield* second.bind(0, '127.0.0.1')
    })
  })

  it('throws when the socket is closed meanwhile, and before', async () => {
    const socket = created()
    const waiting = spawn(function* () {
      yield* socket.bind(0, '127.0.0.1')
    })
    await run(() => sleep(0))
    socket.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe('bind(): the datagram socket is closed.')
    expect(messageOf(await rejection(run(() => caughtIn(socket))))).toBe('bind(): the datagram socket is closed.')
  })

  it('of a greenlet that is killed leaves the socket to its owner', async () => {
    const socket = created()
    const victim = spawn(function* () {
      yield* socket.bind(0, '127.0.0.1')
    })
    await run(() => sleep(0))
    await victim.kill()
    await eventually('it is bound all the same', () => thrownBy(() => socket.address()) === null)
  })
})

describe('connect()', () => {
  it('waits until the socket is connected; then no address is needed', async () => {
    const [socket, peer] = [created(), await bound()]
    await run(function* () {
      expect(yield* socket.connect(peer.address().port, '127.0.0.1')).toBe(socket)
      expect(socket.remoteAddress().port).toBe(peer.address().port)
      expect(yield* socket.sendto('to you')).toBe(6)
      const [data, [host, port]] = yield* peer.recvfrom()
      expect([String(data), host, port]).toEqual(['to you', '127.0.0.1', socket.address().port])
    })
  })

  it('calls the callback as ever, driven or not', async () => {
    const [socket, peer] = [created(), await bound()]
    await new Promise<void>((resolve) => socket.connect(peer.address().port, '127.0.0.1', resolve))
    expect(socket.remoteAddress().port).toBe(peer.address().port)
  })

  it('throws when the name is not found', async () => {
    const socket = nodeDgram.createSocket({
      type: 'udp4',
      lookup: (name, _options, callback) => {
        const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
        if (name === '0.0.0.0') callback(null, name, 4)
        else setImmediate(callback, error, '', 4)
      },
    })
    Object.setPrototypeOf(socket, Object.getPrototypeOf(created()) as object)
    onTestFinished(() => void socket.close())
    await run(function* () {
      const error = yield* caught(() => (socket as dgram.GreenDatagramSocket).connect(9, 'nobody.invalid'))
      expect(messageOf(error)).toBe('getaddrinfo ENOTFOUND nobody.invalid')
    })
  })

  it('to a port where nobody listens: the refusal is thrown once, by the next call, and the socket goes on', async () => {
    const socket = created()
    const port = await nobody()
    await run(function* () {
      yield* socket.connect(port, '127.0.0.1')
      yield* socket.sendto('is anybody there?')
      expect(yield* caught(() => socket.recvfrom(undefined, { timeoutMs: 1000 }))).toMatchObject({
        code: 'ECONNREFUSED',
      })
      const late = yield* caught(() => socket.recvfrom(undefined, { timeoutMs: 5 }))
      expect(late).toBeInstanceOf(SocketTimeoutError)
      yield* socket.sendto('again')
      yield* sleep(10) // the refusal comes while nobody waits
      expect(yield* caught(() => socket.sendto('third'))).toMatchObject({ code: 'ECONNREFUSED' })
    })
  })
})

describe('recvfrom()', () => {
  it('gives message and sender, each message whole and in order', async () => {
    const [socket, peer] = [await bound(), await bound()]
    await run(function* () {
      for (const text of ['one', '', 'three']) yield* peer.sendto(text, socket.address().port, '127.0.0.1')
      const got: string[] = []
      for (let n = 0; n < 3; n++) {
        const [data, address] = yield* socket.recvfrom()
        expect(address).toEqual(['127.0.0.1', peer.address().port])
        got.push(String(data))
      }
      expect(got).toEqual(['one', '', 'three'])
    })
  })

  it('cuts off what is longer than asked for, and the rest is lost', async () => {
    const [socket, peer] = [await bound(), await bound()]
    await run(function* () {
      yield* peer.sendto('first', socket.address().port, '127.0.0.1')
      yield* peer.sendto('second', socket.address().port, '127.0.0.1')
      expect(String((yield* socket.recvfrom(2))[0])).toBe('fi')
      expect(String((yield* socket.recvfrom(100))[0])).toBe('second')
    })
  })

  it('does not switch when a message is there, and waits when none is', async () => {
    const [socket, peer] = [await bound(), await bound()]
    await run(function* () {
      const waiting = spawn(() => socket.recvfrom())
      yield* sleep(1)
      expect(waiting.ready()).toBe(false)
      yield* peer.sendto('x', socket.address().port, '127.0.0.1')
      yield* peer.sendto('y', socket.address().port, '127.0.0.1')
      expect(String((yield* waiting.get())[0])).toBe('x')
      yield* sleep(5)
      let others = 0
      spawn(() => others++)
      expect(String((yield* socket.recvfrom())[0])).toBe('y')
      expect(others).toBe(0)
    })
  })

  it('is awaited in plain code', async () => {
    const [socket, peer] = [await bound(), await bound()]
    await peer.sendto('plain', ['127.0.0.1', socket.address().port])
    const [data] = await socket.recvfrom()
    expect(String(data)).toBe('plain')
  })

  it('throws after `timeoutMs`, and the message that comes later is not lost', async () => {
    const [socket, peer] = [await bound(), await bound()]
    const { port } = socket.address()
    await run(function* () {
      const error = yield* caught(() => socket.recvfrom(10, { timeoutMs: 2 }))
      expect(error).toBeInstanceOf(SocketTimeoutError)
      expect(messageOf(error)).toBe(`recvfrom() of the datagram socket at 127.0.0.1:${port} timed out after 2 ms.`)
      const own = new Timeout(2)
      expect(yield* caught(() => socket.recvfrom(10, { timeoutMs: own }))).toBe(own)
      yield* peer.sendto('late', port, '127.0.0.1')
      expect(String((yield* socket.recvfrom())[0])).toBe('late')
    })
  })

  it('of a greenlet that is killed, or loses a choice, takes no message away', async () => {
    const [socket, peer] = [await bound(), await bound()]
    await run(function* () {
      const victim = spawn(() => socket.recvfrom())
      yield* sleep(0)
      yield* victim.kill()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      expect((yield* choose({ message: socket.recvfrom(), time: sleep(1) }))[0]).toBe('time')
      yield* peer.sendto('still here', socket.address().port, '127.0.0.1')
      expect(String((yield* socket.recvfrom())[0])).toBe('still here')
    })
  })

  it('refuses a second reader by name', async () => {
    const socket = await bound()
    const first = spawnWith({ name: 'first' }, () => socket.recvfrom())
    await inWait(first)
    const second = spawnWith({ name: 'second' }, () => socket.recvfrom())
    const error = await rejection(second.get())
    expect(error).toBeInstanceOf(ConcurrentObjectUseError)
    expect(messageOf(error)).toBe(
      `Greenlet "second" called recvfrom() of the datagram socket at 127.0.0.1:${socket.address().port}, where "first" waits already; who would get which message is not defined.`,
    )
    await first.kill()
  })

  it('throws when the socket is closed under the waiting greenlet, and from then on', async () => {
    const socket = await bound()
    const { port } = socket.address()
    const waiting = spawn(() => socket.recvfrom())
    await inWait(waiting)
    socket.close()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`recvfrom(): the datagram socket at 127.0.0.1:${port} is closed.`)
    expect(messageOf(await rejection(run(() => socket.recvfrom())))).toBe(messageOf(error))
    expect(messageOf(await rejection(run(() => socket.sendto('x', 9))))).toBe(
      `sendto(): the datagram socket at 127.0.0.1:${port} is closed.`,
    )
    expect(socket.fileno()).toBe(-1)
  })

  it('throws what Node reports while it waits', async () => {
    const socket = await bound()
    const waiting = spawn(() => socket.recvfrom())
    await inWait(waiting)
    const failure = new Error('recvmsg EIO')
    socket.emit('error', failure)
    expect(await rejection(waiting.get())).toBe(failure)
  })

  it(`keeps ${MAX_MESSAGES} messages for later, and drops the newest beyond`, async () => {
    const socket = await bound()
    const from = { address: '127.0.0.1', port: 9, family: 'IPv4' as const, size: 4 }
    for (let n = 0; n < MAX_MESSAGES + 10; n++) socket.emit('message', Buffer.from(String(n)), from)
    await run(function* () {
      for (let n = 0; n < MAX_MESSAGES; n++) expect(String((yield* socket.recvfrom())[0])).toBe(String(n))
      expect(yield* caught(() => socket.recvfrom(1, { timeoutMs: 1 }))).toBeInstanceOf(SocketTimeoutError)
    })
  })

  it('keeps 1 MiB for later, and has room again when some was taken', async () => {
    const socket = await bound()
    const from = { address: '127.0.0.1', port: 9, family: 'IPv4' as const, size: 4 }
    const size = 50_000
    const fit = Math.floor(MAX_BYTES / size)
    for (let n = 0; n < fit + 5; n++) socket.emit('message', Buffer.alloc(size, n), from)
    await run(function* () {
      for (let n = 0; n < fit; n++) {
        const [data] = yield* socket.recvfrom()
        expect(data[0]).toBe(n)
        if (n === 0) socket.emit('message', Buffer.alloc(size, 99), from)
      }
      expect((yield* socket.recvfrom())[0][0]).toBe(99)
    })
  })

  it("refuses a socket with a listener for 'message', which gets its messages as ever", async () => {
    const [socket, peer] = [await bound(), await bound()]
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    await run(function* () {
      const error = yield* caught(() => socket.recvfrom())
      expect(messageOf(error)).toBe(
        [
          "recvfrom() was called of a socket that has a listener for 'message', which is given every message already.",
          '',
          "  socket.on('message', handler); yield* socket.recvfrom()   // incorrect: each message would have two owners",
          '  yield* socket.recvfrom()                                  // correct',
        ].join('\n'),
      )
      yield* peer.sendto('yours', socket.address().port, '127.0.0.1')
    })
    await eventually('the listener has heard it', () => heard.length === 1)
    expect(heard).toEqual(['yours'])
    socket.removeAllListeners('message')
    const waiting = spawn(() => socket.recvfrom())
    await inWait(waiting)
    await peer.sendto('ours', socket.address().port, '127.0.0.1')
    expect(String((await waiting.get())[0])).toBe('ours')
  })
})

describe('sendto()', () => {
  it('sends text and bytes to a port and a host, to a port of this machine, to an address', async () => {
    const [socket, peer] = [created(), await bound()]
    const { port } = peer.address()
    await run(function* () {
      expect(yield* socket.sendto('ü', port, '127.0.0.1')).toBe(2)
      expect(yield* socket.sendto(new Uint8Array([65, 66]), port)).toBe(2)
      expect(yield* socket.sendto('', ['127.0.0.1', port])).toBe(0)
      const got: string[] = []
      for (let n = 0; n < 3; n++) got.push(String((yield* peer.recvfrom())[0]))
      expect(got).toEqual(['ü', 'AB', ''])
    })
  })

  it('throws what Node reports: too long a message, no address, a wrong port', async () => {
    const socket = await bound()
    await run(function* () {
      expect(yield* caught(() => socket.sendto(Buffer.alloc(70_000), 9, '127.0.0.1'))).toMatchObject({
        code: 'EMSGSIZE',
      })
      expect(yield* caught(() => socket.sendto('x'))).toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' })
      expect(yield* caught(() => socket.sendto('x', 70_000))).toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' })
    })
  })

  it('of a greenlet that is killed sends all the same', async () => {
    const [socket, peer] = [await bound(), await bound()]
    const victim = spawn(() => socket.sendto('from the dead', peer.address().port, '127.0.0.1'))
    queueMicrotask(() => void victim.kill())
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(String((await peer.recvfrom())[0])).toBe('from the dead')
  })

  it('throws when the socket is closed before the message was handed over', async () => {
    const socket = await bound()
    const { port } = socket.address()
    const waiting = spawn(() => {
      queueMicrotask(() => socket.close()) // before Node has asked for the name
      return socket.sendto('x', 9, '127.0.0.1')
    })
    expect(messageOf(await rejection(waiting.get()))).toBe(
      `sendto(): the datagram socket at 127.0.0.1:${port} is closed.`,
    )
  })
})

describe('wrong arguments are refused at the call', () => {
  it.each([
    [-1, '-1 (number)'],
    [0.5, '0.5 (number)'],
    ['3', '"3" (string)'],
  ])('recvfrom(%s)', (size, shown) => {
    expect(usage(() => created().recvfrom(size as number))).toBe(
      `recvfrom() expects \`size\` to be an integer, 0 or more, but got ${shown}.`,
    )
  })

  it('options, data, the order of port and host, the type of a socket', () => {
    const socket = created()
    expect(usage(() => socket.recvfrom(1, 5 as never))).toBe(
      'recvfrom() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
    expect(usage(() => socket.sendto(5 as never, 9))).toBe(
      'sendto() expects a string or a Uint8Array, but got 5 (number).',
    )
    expect(usage(() => socket.sendto('x', 9, '127.0.0.1', { timeoutMs: -1 }))).toBe(
      'sendto() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => socket.sendto('x', ...(['localhost', 9] as never as [9])))).toBe(
      [
        'sendto() expects a port and a host, or [host, port], but got "localhost" (string), 9 (number).',
        '',
        "  socket.sendto(data, 'localhost', 53)   // incorrect: the port comes first, as in Node's send()",
        "  socket.sendto(data, 53, 'localhost')   // correct: or ['localhost', 53]",
      ].join('\n'),
    )
    expect(usage(() => dgram.createSocket('tcp' as never))).toBe(
      "createSocket() expects 'udp4', 'udp6' or options with such a type, but got \"tcp\" (string).",
    )
    expect(usage(() => dgram.createSocket(undefined as never))).toBe(
      "createSocket() expects 'udp4', 'udp6' or options with such a type, but got undefined.",
    )
  })
})

describe('a socket', () => {
  it("is Node's own, with methods that do not show", () => {
    const socket = created()
    expect(socket).toBeInstanceOf(nodeDgram.Socket)
    expect(Object.keys(Object.getPrototypeOf(socket) as object)).toEqual([])
  })

  it('that no greenlet reads leaves errors to their listeners', () => {
    const socket = created()
    socket.fileno() // its state is made
    const failure = new Error('recvmsg EIO')
    expect(thrown(() => socket.emit('error', failure))).toBe(failure)
    const heard: unknown[] = []
    socket.on('error', (error) => heard.push(error))
    socket.emit('error', failure)
    expect(heard).toEqual([failure])
  })

  it("has a number, the same each time, that is nobody else's", () => {
    const [a, b] = [created(), created()]
    expect(a.fileno()).toBe(a.fileno())
    expect(a.fileno()).not.toBe(b.fileno())
  })
})

it('100 greenlets killed at random moments leave nothing open and nothing outstanding', async () => {
  const seed = Number(process.env['GREENLOOP_SEED'] ?? Date.now() % 1_000_000)
  const reports = catchReports()
  const unhandled = catchUnhandled()
  const echo = await bound()
  const server = spawn(function* () {
    for (;;) {
      const [data, address] = yield* echo.recvfrom()
      yield* echo.sendto(data, address)
    }
  })
  const random = randomOf(seed)
  let open = 0
  let answers = 0
  function* answered(answer: Drivable<unknown>): Green<void> {
    try {
      yield* answer
      answers++
    } catch (error) {
      if (!(error instanceof SocketTimeoutError)) throw error
    }
  }
  function* client(own: () => number): Green<void> {
    yield* sleep(own() * 5)
    const socket = dgram.createSocket('udp4')
    open++
    socket.on('close', () => open--)
    try {
      if (own() < 0.5) yield* socket.bind(0, '127.0.0.1')
      yield* socket.connect(echo.address().port, '127.0.0.1')
      for (;;) {
        yield* socket.sendto('x')
        yield* answered(socket.recvfrom(10, { timeoutMs: own() * 20 }))
      }
    } finally {
      socket.close()
    }
  }
  const clients = Array.from({ length: 100 }, (_, n) => spawn(client, randomOf(seed + n)))
  const [last, ...others] = clients
  for (const one of others) setTimeout(() => void one.kill(), random() * 100)
  await eventually('one was answered', () => answers > 0)
  setTimeout(() => void last?.kill(), 100)
  for (const one of clients) await one.join({ timeoutMs: 2000 })
  await server.kill()
  const seeded = `GREENLOOP_SEED=${seed}`
  expect(clients.filter((one) => !(one.value instanceof GreenletExit)).length, seeded).toBe(0)
  expect(getHub().outstanding, seeded).toBe(0)
  await eventually(`no socket is open (${seeded})`, () => open === 0)
  expect([reports, unhandled], seeded).toEqual([[], []])
})

/** What driving throws, unless it is a kill. */
function* caught(make: () => Drivable<unknown>): Green<unknown> {
  try {
    yield* make()
  } catch (error) {
    if (error instanceof GreenletExit) throw error
    return error
  }
  throw new Error('Nothing was thrown.')
}

function* caughtIn(socket: dgram.GreenDatagramSocket): Green<void> {
  yield* socket
}

function thrownBy(fn: () => unknown): unknown {
  try {
    fn()
    return null
  } catch (error) {
    return error
  }
}
