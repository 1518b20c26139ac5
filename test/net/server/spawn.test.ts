// The ways in which a server runs its handler: each value of `spawn`.
import {
  BlockingSwitchOutError,
  type Green,
  Greenlet,
  Group,
  getcurrent,
  Pool,
  RawGreenlet,
  run,
  sleep,
  spawn,
  spawnRaw,
} from 'greenloop'
import type { GreenSocket, Spawn } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { eventually } from '../support.ts'
import { answerTo, ask, client, closeAll, made, serving } from './support.ts'

checkLeaks()
closeAll()

/** Answers each message, until the peer ends. */
function* chat(socket: GreenSocket): Green<void> {
  for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) yield* socket.sendall(chunk)
}

/** A client that has sent `text`. */
async function asking(server: { readonly serverPort: number }, text: string): Promise<GreenSocket> {
  const socket = client(server)
  await run(function* () {
    yield* socket
    yield* socket.sendall(text)
  })
  return socket
}

/** Whether the other side has closed the connection, with or without a reset, and has sent nothing. */
async function isClosedUnanswered(socket: GreenSocket): Promise<boolean> {
  try {
    return (await socket.recv()).length === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET'
  }
}

describe("spawn: 'default'", () => {
  it('runs the handler in a Greenlet of its own', async () => {
    const seen: unknown[] = []
    const server = await serving(() => void seen.push(getcurrent()), { spawn: 'default' })
    await answerTo(server)
    expect(seen[0]).toBeInstanceOf(Greenlet)
    expect(server.pool).toBeNull()
    expect(server.full()).toBe(false)
  })
})

describe("spawn: 'raw'", () => {
  it('runs the handler in a raw greenlet, and closes the connection when it has ended', async () => {
    const seen: unknown[] = []
    const server = await serving(
      function* raw(socket): Green<void> {
        seen.push(getcurrent())
        yield* socket.sendall(yield* socket.recv())
      },
      { spawn: 'raw' },
    )
    expect(await ask(server, 'hello')).toBe('hello')
    expect([seen[0] instanceof RawGreenlet, seen[0] instanceof Greenlet]).toEqual([true, false])
  })

  it('reports an error, and closes the connection', async () => {
    const reports = catchReports()
    const server = await serving(
      function* raw(socket): Green<void> {
        yield* socket.recv()
        throw new RangeError('raw')
      },
      { spawn: 'raw' },
    )
    expect(await isClosedUnanswered(await asking(server, 'x'))).toBe(true)
    expect(reports).toEqual([
      { name: expect.stringMatching(/^raw\(127\.0\.0\.1:\d+\)$/u) as string, error: new RangeError('raw') },
    ])
  })
})

describe('spawn: a number', () => {
  it('handles so many at a time; the next one waits, connected, until one has ended', async () => {
    const server = await serving(chat, { spawn: 2 })
    const [first, second] = [await asking(server, 'a'), await asking(server, 'b')]
    expect(String(await first.recv())).toBe('a')
    expect(String(await second.recv())).toBe('b')
    expect([server.full(), server.pool?.size]).toEqual([true, 2])
    const third = await asking(server, 'c')
    for (let attempt = 0; attempt < 3; attempt++) {
      await sleep(3)
      expect(third.readableLength).toBe(0)
    }
    const answer = third.recv()
    first.end()
    expect(String(await answer)).toBe('c')
    expect(server.full()).toBe(true)
  })

  it('keeps the order of those who wait', async () => {
    const order: string[] = []
    const server = await serving(
      function* (socket): Green<void> {
        order.push(String(yield* socket.recv()))
        yield* sleep(2)
      },
      { spawn: 1 },
    )
    const all: GreenSocket[] = []
    for (const name of ['one', 'two', 'three', 'four']) all.push(await asking(server, name))
    await eventually('all were handled', () => order.length === 4)
    expect(order).toEqual(['one', 'two', 'three', 'four'])
  })

  it('gives a place back when its greenlet is killed', async () => {
    const server = await serving(chat, { spawn: 1 })
    const first = await asking(server, 'a')
    expect(String(await first.recv())).toBe('a')
    const second = await asking(server, 'b')
    const [handling] = server.pool ?? []
    handling?.kill()
    expect(await isClosedUnanswered(first)).toBe(true)
    expect(String(await second.recv())).toBe('b')
  })
})

describe('spawn: a pool', () => {
  it('shares its places with whoever else uses it', async () => {
    const pool = new Pool(1)
    const server = await serving(chat, { spawn: pool })
    expect(server.pool).toBe(pool)
    const other = await pool.spawn(sleep, 10_000)
    const socket = await asking(server, 'x')
    await sleep(5)
    expect(socket.readableLength).toBe(0)
    await other.kill()
    expect(String(await socket.recv())).toBe('x')
  })

  it('may be taken by somebody else between the wait and the connection: nothing is lost', async () => {
    const pool = new Pool(1)
    const server = await serving(chat, { spawn: pool })
    await sleep(1) // the place is free, and the server waits for a connection
    const other = await pool.spawn(sleep, 10_000)
    const socket = await asking(server, 'x')
    await sleep(5)
    server.stopAccepting() // with the connection in its hands
    await sleep(1)
    await other.kill()
    await sleep(5)
    expect(socket.readableLength).toBe(0)
    server.startAccepting()
    expect(String(await socket.recv())).toBe('x')
  })

  it('may be a group: all are handled, and belong to it', async () => {
    const group = new Group()
    const server = await serving(chat, { spawn: group })
    const socket = await asking(server, 'x')
    expect(String(await socket.recv())).toBe('x')
    expect([server.pool === group, group.size, server.full()]).toEqual([true, 1, false])
    await server.stop({ timeoutMs: 0 })
    expect(group.size).toBe(0)
  })
})

describe('spawn: a function', () => {
  it('is called like gevent.spawn: with a function, the connection and the address', async () => {
    const seen: unknown[] = []
    const server = await serving(chat, {
      spawn: (handle, socket, address) => {
        seen.push(handle.name, address)
        return spawn(handle, socket, address)
      },
    })
    const socket = await asking(server, 'x')
    expect(String(await socket.recv())).toBe('x')
    expect(seen).toEqual([`chat(127.0.0.1:${socket.localPort})`, ['127.0.0.1', socket.localPort]])
  })

  it.each<[name: string, way: Spawn<never>]>([
    ['spawn', spawn],
    ['spawnRaw', spawnRaw],
    ['the spawn of a class', (handle, ...args) => Greenlet.spawn(handle, ...args)],
    ['one that starts it later', (handle, ...args) => Greenlet.spawnLater(2, handle, ...args)],
    ['run, which returns a promise', run],
    [
      'a generator function',
      function* (handle, ...args): Green<Greenlet> {
        yield* sleep(1)
        return spawn(handle, ...args)
      },
    ],
  ])('may be %s', async (_name, way) => {
    const server = await serving(chat, { spawn: way as Spawn<[GreenSocket, readonly [string, number]]> })
    for (const text of ['one', 'two']) {
      const socket = await asking(server, text)
      expect(String(await socket.recv())).toBe(text)
      socket.end()
      expect(await socket.recv()).toHaveLength(0)
    }
  })

  it('may return an operation, which is waited for: pool.spawn', async () => {
    const pool = new Pool(1)
    const server = await serving(chat, { spawn: (handle, ...args) => pool.spawn(handle, ...args) })
    const [first, second] = [await asking(server, 'a'), await asking(server, 'b')]
    expect(String(await first.recv())).toBe('a')
    await sleep(5)
    expect(second.readableLength).toBe(0)
    first.end()
    expect(String(await second.recv())).toBe('b')
  })

  it('that throws is reported, the connection is closed, and the server lives', async () => {
    const reports = catchReports()
    let calls = 0
    const server = await serving(chat, {
      spawn: (handle, ...args) => {
        if (++calls === 1) throw new RangeError('no greenlet today')
        return spawn(handle, ...args)
      },
    })
    const unlucky = client(server)
    expect(await isClosedUnanswered(unlucky)).toBe(true)
    expect(reports).toEqual([
      { name: expect.stringMatching(/^chat\(127/u) as string, error: new RangeError('no greenlet today') },
    ])
    const socket = await asking(server, 'again')
    expect(String(await socket.recv())).toBe('again')
  })

  it('that returns a promise has its rejection reported', async () => {
    const reports = catchReports()
    const server = await serving(chat, {
      spawn: async (_handle, socket) => {
        socket.destroy()
        throw new RangeError('async')
      },
    })
    expect(await isClosedUnanswered(client(server))).toBe(true)
    await eventually('it is reported', () => reports.length === 1)
    expect(reports[0]).toMatchObject({ error: new RangeError('async') })
  })

  it('whose greenlet is killed before it runs has the connection closed', async () => {
    const server = await serving(chat, {
      spawn: (handle, ...args) => {
        const greenlet = spawn(handle, ...args)
        greenlet.kill()
        return greenlet
      },
    })
    expect(await isClosedUnanswered(client(server))).toBe(true)
  })
})

describe('spawn: null', () => {
  it('calls the handler in the hub, and closes the connection when it returns', async () => {
    const seen: unknown[] = []
    const server = await serving(
      (socket) => {
        seen.push(getcurrent().name)
        socket.write('from the hub')
      },
      { spawn: null },
    )
    expect(await ask(server, '')).toBe('from the hub')
    expect(seen).toEqual(['main'])
  })

  it('reports a handler that would wait, and closes the connection', async () => {
    const reports = catchReports()
    const server = await serving(chat, { spawn: null })
    const socket = await asking(server, 'x')
    expect(await isClosedUnanswered(socket)).toBe(true)
    expect(reports[0]?.error).toBeInstanceOf(BlockingSwitchOutError)
    expect(messageOf(reports[0]?.error).replace(/\d{4,5}/u, 'PORT')).toBe(
      'chat(127.0.0.1:PORT) would wait, but with `spawn: null` it runs in the hub, where nobody can: it returned a generator object, which nobody drives.\n\n' +
        '  { spawn: null }        // incorrect: the hub cannot wait\n' +
        "  { spawn: 'default' }   // correct: each call has a greenlet",
    )
    const waits = await serving((socket) => socket.recv(), { spawn: null })
    expect(await isClosedUnanswered(client(waits))).toBe(true)
    expect(messageOf(reports[1]?.error)).toContain('it returned an operation, which nobody drives.')
  })

  it('takes an async function: the connection is closed when its promise settles', async () => {
    const reports = catchReports()
    const server = await serving(
      async (socket) => {
        const text = String(await socket.recv())
        if (text === 'fail') throw new RangeError('async')
        await socket.sendall(text)
      },
      { spawn: null },
    )
    expect(await ask(server, 'hello')).toBe('hello')
    expect(await isClosedUnanswered(await asking(server, 'fail'))).toBe(true)
    expect(reports).toMatchObject([{ error: new RangeError('async') }])
  })

  it('reports an error, and closes the connection', async () => {
    const reports = catchReports()
    const server = await serving(
      () => {
        throw new RangeError('in the hub')
      },
      { spawn: null },
    )
    expect(await isClosedUnanswered(client(server))).toBe(true)
    expect(reports).toMatchObject([{ error: new RangeError('in the hub') }])
  })

  it('is content with an operation whose effect has happened', async () => {
    const reports = catchReports()
    const worker = spawn(sleep, 10_000)
    const server = await serving(() => worker.kill(), { spawn: null })
    expect(await isClosedUnanswered(client(server))).toBe(true)
    expect([worker.dead, reports]).toEqual([true, []])
  })
})

it.each([
  [0, '0 (number)'],
  [-1, '-1 (number)'],
  [1.5, '1.5 (number)'],
  ['green', '"green" (string)'],
  [{}, 'an Object'],
])('refuses spawn: %o', (way, shown) => {
  expect(usage(() => made(chat, { spawn: way as never }))).toBe(
    `new StreamServer() expects \`spawn\` to be 'default', 'raw', a number of places from 1 on, a Pool, a Group, a function or null, but got ${shown}.`,
  )
})

describe('maxAccept', () => {
  it('is how many are taken before others have their turn', async () => {
    for (const [maxAccept, expected] of [
      [1, ['accept', 'handle', 'accept', 'handle', 'accept', 'handle']],
      [2, ['accept', 'accept', 'handle', 'handle', 'accept', 'handle']],
    ] as const) {
      const order: string[] = []
      const server = await serving(() => void order.push('handle'), {
        maxAccept,
        spawn: (handle, ...args) => {
          order.push('accept')
          return spawn(handle, ...args)
        },
      })
      server.stopAccepting()
      for (let n = 0; n < 3; n++) await asking(server, 'x')
      await sleep(5)
      server.startAccepting()
      await eventually('all were handled', () => order.length === 6)
      expect(order).toEqual(expected)
    }
  })
})
