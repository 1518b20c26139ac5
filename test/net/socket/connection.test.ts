// createConnection over all addresses of a name, createListener, socketpair; and what a Socket refuses at the call.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, getHub, run } from 'greenloop'
import {
  type Address,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  createConnection,
  createListener,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  socketpair,
} from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { closedPort, killedIn } from '../support.ts'
import { closedLater, listening, made, portOf } from './support.ts'

checkLeaks()

/** Has every name stand for these addresses. */
function resolveTo(...addresses: string[]): void {
  config.resolver = () => addresses
  onTestFinished(() => {
    config.resolver = 'thread'
  })
}

describe('createConnection()', () => {
  it('tries each address of the name in turn until one answers', async () => {
    const server = await listening()
    resolveTo('::1', '127.0.0.2', '127.0.0.1')
    const socket = closedLater(await createConnection(['server.example', portOf(server)]))
    expect(socket.getpeername()).toEqual(server.getsockname())
    expect([socket.family, socket.gettimeout()]).toEqual([AF_INET, null])
  })

  it('throws the last error when none answers, or all of them', async () => {
    const port = await closedPort()
    resolveTo('127.0.0.2', '127.0.0.1')
    expect(messageOf(await rejection(createConnection(['server.example', port])))).toBe(
      `connect ECONNREFUSED 127.0.0.1:${port}`,
    )
    const all = await rejection(createConnection(['server.example', port], { allErrors: true }))
    expect(all).toBeInstanceOf(AggregateError)
    expect(messageOf(all)).toBe(`createConnection(['server.example', ${port}]): no address of the name has answered.`)
    expect((all as AggregateError).errors.map(messageOf)).toEqual([
      `connect ECONNREFUSED 127.0.0.2:${port}`,
      `connect ECONNREFUSED 127.0.0.1:${port}`,
    ])
  })

  it('throws what the lookup throws', async () => {
    resolveTo()
    expect(await rejection(createConnection(['nobody.example', 80]))).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('connects from an address, and the socket keeps the timeout', async () => {
    const server = await listening()
    const socket = closedLater(
      await createConnection(server.getsockname() as Address, {
        timeoutMs: 1000,
        sourceAddress: ['127.0.0.2', 0],
      }),
    )
    expect((socket.getsockname() as Address)[0]).toBe('127.0.0.2')
    expect(socket.gettimeout()).toBe(1000)
  })

  it('that is killed leaves nothing', async () => {
    const server = await listening()
    await killedIn(createConnection(server.getsockname() as Address)).join()
    expect(getHub().outstanding).toBe(0)
  })

  it('refuses wrong arguments at the call', () => {
    expect(usage(() => createConnection('localhost' as never, 80 as never))).toBe(
      [
        'createConnection() expects one address, [host, port], but got "localhost" (string) and 80 (number).',
        '',
        "  createConnection('localhost', 80)     // incorrect: two arguments",
        "  createConnection(['localhost', 80])   // correct: an address is one value",
      ].join('\n'),
    )
    expect(usage(() => createConnection(['x', 80], 5 as never))).toBe(
      'createConnection() expects its options as an object, such as { timeoutMs: 1000 }, but got 5 (number).',
    )
    expect(usage(() => createConnection(['x', 80], { timeoutMs: -1 }))).toBe(
      'createConnection() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => createConnection(['x', 80], { allErrors: 1 as never }))).toBe(
      'createConnection() expects `allErrors` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => createConnection(['x', 80], { sourceAddress: 'here' as never }))).toBe(
      'createConnection() expects an address, [host, port], but got "here" (string).',
    )
  })
})

describe('createListener()', () => {
  it('listens at an address, of any family', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const listeners = [
      await createListener(['127.0.0.1', 0]),
      await createListener(['::1', 0], { family: AF_INET6, backlog: 1 }),
      await createListener(path, { family: AF_UNIX }),
    ]
    for (const listener of listeners) {
      closedLater(listener)
      const client = made(listener.family)
      await client.connect(listener.getsockname())
      const [connection] = await listener.accept()
      connection.close()
    }
  })

  it('throws what listen() throws, and leaves nothing', async () => {
    const first = await listening()
    expect(await rejection(createListener(first.getsockname()))).toMatchObject({ code: 'EADDRINUSE' })
    expect(usage(() => createListener(80 as never))).toBe(
      'createListener() expects an address, [host, port], but got 80 (number).',
    )
  })
})

it('socketpair() gives two that are connected to each other, and nobody else', async () => {
  const pairs = await Promise.all(Array.from({ length: 5 }, () => socketpair()))
  await run(function* () {
    for (const [here, there] of pairs) {
      expect(here.getpeername()).toEqual(there.getsockname())
      yield* here.sendall('over')
      yield* there.sendall('and back')
      expect([String(yield* there.recv()), String(yield* here.recv())]).toEqual(['over', 'and back'])
      here.close()
      there.close()
    }
  })
})

describe('a Socket refuses at the call', () => {
  it('families, types and nodes that there are not', () => {
    expect(usage(() => new Socket(99 as never))).toBe(
      'new Socket() expects AF_INET, AF_INET6 or AF_UNIX, but got 99 (number).',
    )
    expect(usage(() => new Socket(AF_INET, 3 as never))).toBe(
      'new Socket() expects SOCK_STREAM or SOCK_DGRAM, but got 3 (number).',
    )
    expect(usage(() => Socket.from({} as never))).toBe(
      "Socket.from() expects a socket or a server of Node's, but got an Object.",
    )
    expect([new Socket().family, new Socket().type, String(new Socket())]).toEqual([
      AF_INET,
      SOCK_STREAM,
      'Socket(AF_INET, SOCK_STREAM) at 0.0.0.0:0',
    ])
  })

  it('two arguments for one address, and shows the right line', () => {
    const socket = made()
    expect(usage(() => socket.connect('www.python.org', 80 as never))).toBe(
      [
        'connect() expects one address, [host, port], but got "www.python.org" (string) and 80 (number).',
        '',
        "  connect('www.python.org', 80)     // incorrect: two arguments",
        "  connect(['www.python.org', 80])   // correct: an address is one value",
      ].join('\n'),
    )
  })

  it('what is no address', () => {
    const [socket, six, unix] = [made(), made(AF_INET6), made(AF_UNIX)]
    const wrong: [unknown, string][] = [
      [undefined, 'connect() expects an address, [host, port], but got undefined.'],
      [80, 'connect() expects an address, [host, port], but got 80 (number).'],
      [['x'], 'connect() expects the port to be an integer from 0 to 65535, but got undefined.'],
      [['x', '80'], 'connect() expects the port to be an integer from 0 to 65535, but got "80" (string).'],
      [['x', 65_536], 'connect() expects the port to be an integer from 0 to 65535, but got 65536 (number).'],
      [['x', 1.5], 'connect() expects the port to be an integer from 0 to 65535, but got 1.5 (number).'],
      [[1, 80], 'connect() expects an address, [host, port], but got [1 (number), 80 (number)].'],
      [['x', 1, 2], 'connect() expects an address, [host, port], but got ["x" (string), 1 (number), 2 (number)].'],
      [['::1', 80], 'connect() of an AF_INET socket has IPv4 addresses, but got "::1" (string).'],
    ]
    for (const [address, text] of wrong) expect(usage(() => socket.connect(address as Address))).toBe(text)
    expect(usage(() => six.bind(['127.0.0.1', 80]))).toBe(
      'bind() of an AF_INET6 socket has IPv6 addresses, but got "127.0.0.1" (string).',
    )
    expect(usage(() => unix.connect(['x', 80]))).toBe(
      'connect() of an AF_UNIX socket expects a path, but got an Array.',
    )
    expect(usage(() => made(AF_INET, SOCK_DGRAM).sendto('x', 'y', 9 as never))).toMatch(
      /^sendto\(\) expects one address/u,
    )
  })

  it('sizes, data, buffers, backlogs and directions', () => {
    const socket = made()
    expect(usage(() => socket.recv(-1))).toBe('recv() expects `size` to be an integer, 0 or more, but got -1 (number).')
    expect(usage(() => socket.recvfrom(0.5))).toBe(
      'recvfrom() expects `size` to be an integer, 0 or more, but got 0.5 (number).',
    )
    expect(usage(() => socket.recvInto('x' as never))).toBe('recvInto() expects a Uint8Array, but got "x" (string).')
    expect(usage(() => socket.recvInto(new Uint8Array(1), -1))).toBe(
      'recvInto() expects `size` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(usage(() => socket.send(5 as never))).toBe('send() expects a string or a Uint8Array, but got 5 (number).')
    expect(usage(() => socket.sendall(null as never))).toBe('sendall() expects a string or a Uint8Array, but got null.')
    expect(usage(() => socket.listen(-1))).toBe(
      'listen() expects `backlog` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(
      usage(() => {
        socket.shutdown('w' as never)
      }),
    ).toBe('shutdown() expects SHUT_RD, SHUT_WR or SHUT_RDWR, but got "w" (string).')
  })
})
