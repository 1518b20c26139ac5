// StreamServer: its life from start to stop, what its handler is given, and what happens to connections that nobody handles yet.
import { AsyncLocalStorage } from 'node:async_hooks'
import net from 'node:net'
import { type Green, getcurrent, run, sleep, spawn } from 'greenloop'
import { type Address, type GreenSocket, StreamServer } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { serverStateOf } from '../../../src/net/stream/server-state.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { closedPort, eventually, killedIn } from '../support.ts'
import { answerTo, ask, client, closeAll, listening, made, serving, track } from './support.ts'

checkLeaks()
closeAll()

function* echo(socket: GreenSocket): Green<void> {
  yield* socket.sendall(yield* socket.recv())
}

/** Reads until the other side ends. */
function* readAll(socket: GreenSocket): Green<string> {
  let all = ''
  for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) all += String(chunk)
  return all
}

/** Whether a connection is refused. */
async function isRefused(port: number): Promise<boolean> {
  const error = await rejection(
    new Promise((_, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy()
        reject(new Error('connected'))
      })
      socket.on('error', reject)
    }),
  )
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
}

describe('a StreamServer', () => {
  it('that is not started refuses connections', async () => {
    const port = await closedPort()
    const server = made(echo, {}, ['127.0.0.1', port])
    expect([server.started, server.closed]).toEqual([false, false])
    expect(await isRefused(port)).toBe(true)
  })

  it('that is not started lets the connections of a server that listens wait, and handles them when it is', async () => {
    const listener = await listening({ allowHalfOpen: true })
    const server = made(echo, {}, listener)
    const asked = ask(server, 'early')
    await sleep(5)
    expect(server.started).toBe(false)
    await server.start()
    expect(await asked).toBe('early')
  })

  it('answers each who asks, and is told by its flags', async () => {
    const server = made(echo)
    await server.start()
    expect([server.started, server.closed]).toEqual([true, false])
    expect(await ask(server, 'ping')).toBe('ping')
    expect(await ask(server, 'ping again')).toBe('ping again')
    await server.stop()
    expect([server.started, server.closed]).toEqual([false, true])
    expect(await isRefused(server.serverPort)).toBe(true)
  })

  it('hands the handler the connection, with the methods of a greenlet’s, and the address of the peer', async () => {
    const seen: unknown[] = []
    const server = await serving((socket, address) => {
      seen.push(socket instanceof net.Socket, socket.allowHalfOpen, typeof socket.recv, address)
    })
    const socket = client(server)
    await run(function* () {
      yield* socket
      const { localPort } = socket
      expect(yield* socket.recv()).toHaveLength(0)
      expect(seen).toEqual([true, true, 'function', ['127.0.0.1', localPort]])
    })
  })

  it('handles connections at the same time', async () => {
    let open = 0
    const server = await serving(function* (socket) {
      open++
      yield* socket.recv()
      open--
    })
    const clients = [1, 2, 3].map(() => client(server))
    await eventually('all are handled', () => open === 3)
    for (const socket of clients) socket.end()
    await eventually('all are over', () => open === 0)
  })

  it('closes the connection when the handler returns', async () => {
    const server = await serving(() => undefined)
    expect(await answerTo(server, 'anybody?')).toBe('')
  })

  it('sends what the handler has left to be sent before it closes the connection', async () => {
    const data = 'x'.repeat(3_000_000)
    const server = await serving((socket) => void socket.write(data))
    expect((await ask(server, '')).length).toBe(data.length)
  })

  it('leaves a connection alone that the handler has closed', async () => {
    const server = await serving((socket) => void socket.end('done'))
    expect(await ask(server, '')).toBe('done')
    const rude = await serving((socket) => void socket.destroy())
    expect(await answerTo(rude)).toBe('')
  })

  it('answers a peer that has ended its side', async () => {
    const server = await serving(function* (socket) {
      const question = yield* readAll(socket)
      yield* sleep(2)
      yield* socket.sendall(`${question} answered`)
    })
    await run(function* () {
      const socket = yield* client(server, { allowHalfOpen: true })
      socket.end('question')
      expect(yield* readAll(socket)).toBe('question answered')
      socket.destroy()
    })
  })

  it('takes a plain and an async function for a handler, and an operation for what it returns', async () => {
    for (const handle of [
      (socket: GreenSocket) => void socket.end('answer'),
      async (socket: GreenSocket) => {
        await sleep(1)
        await socket.sendall('answer')
      },
      (socket: GreenSocket) => socket.sendall('answer'),
    ]) {
      expect(await ask(await serving(handle), '')).toBe('answer')
    }
  })

  it('takes the handler of a subclass', async () => {
    class Greeter extends StreamServer {
      readonly greeting = 'hello'
      override *handle(socket: GreenSocket, [host]: Address): Green<void> {
        yield* socket.sendall(`${this.greeting} ${host}`)
      }
    }
    const server = track(new Greeter('127.0.0.1:0'))
    await server.start()
    expect(await ask(server, '')).toBe('hello 127.0.0.1')
    expect(String(server)).toBe(`<Greeter at 127.0.0.1:${server.serverPort}, handle=handle, started>`)
  })

  it('gives its handlers the async context of whoever has started it', async () => {
    const storage = new AsyncLocalStorage<string>()
    const server = made(function* (socket) {
      yield* socket.sendall(String(storage.getStore()))
    })
    await storage.run('of the start', () => server.start())
    expect(await ask(server, '')).toBe('of the start')
  })

  it('shows where it listens, its handler and how it is', async () => {
    const server = made(echo, {}, 8080)
    expect(String(server)).toBe('<StreamServer at port 8080, handle=echo, not started>')
    const local = made(() => undefined)
    expect(String(local)).toBe('<StreamServer at 127.0.0.1:0, handle=handle, not started>')
    await local.start()
    const where = `<StreamServer at 127.0.0.1:${local.serverPort}, handle=handle,`
    expect(String(local)).toBe(`${where} started>`)
    local.stopAccepting()
    expect(String(local)).toBe(`${where} not accepting>`)
    local.close()
    expect(String(local)).toBe(`${where} closed>`)
  })

  it('is stopped by leaving its scope', async () => {
    let port: number
    {
      await using server = await serving(echo)
      port = server.serverPort
    }
    expect(await isRefused(port)).toBe(true)
    {
      using server = await serving(echo)
      port = server.serverPort
    }
    expect(await isRefused(port)).toBe(true)
  })

  it('refuses what is no handler', () => {
    const no =
      'new StreamServer() expects a handler, `function* (socket, address) { ... }`, or a subclass with handle(), but got'
    expect(usage(() => new StreamServer(0))).toBe(`${no} undefined.`)
    expect(usage(() => new StreamServer(0, null))).toBe(`${no} null.`)
    expect(usage(() => new StreamServer(0, { backlog: 5 } as never))).toBe(`${no} an Object.`)
  })

  it.each([
    [{ stopTimeoutMs: -1 }, 'expects `stopTimeoutMs` to be a number of milliseconds, 0 or more, but got -1.'],
    [{ minDelayMs: '5' }, 'expects `minDelayMs` to be a number of milliseconds, 0 or more, but got "5" (string).'],
    [{ maxDelayMs: NaN }, 'expects `maxDelayMs` to be a number of milliseconds, 0 or more, but got NaN.'],
    [{ lingerMs: null }, 'expects `lingerMs` to be a number of milliseconds, 0 or more, but got null.'],
    [{ maxAccept: 0 }, 'expects `maxAccept` to be an integer, 1 or more, but got 0 (number).'],
    [{ maxAccept: 1.5 }, 'expects `maxAccept` to be an integer, 1 or more, but got 1.5 (number).'],
    [5, 'expects its options as an object, such as { spawn: 100 }, but got 5 (number).'],
  ])('refuses the options %o', (options, text) => {
    expect(usage(() => new StreamServer(0, echo, options as never))).toBe(`new StreamServer() ${text}`)
  })
})

describe('start()', () => {
  it('has its effect at the call, and waits until the server listens when it is driven', async () => {
    const server = made(echo)
    const starting = server.start()
    expect(server.started).toBe(true)
    await starting
    expect(server.serverHost).toBe('127.0.0.1')
    expect(server.serverPort).toBeGreaterThan(0)
    expect(server.address).toEqual(['127.0.0.1', server.serverPort])
  })

  it('need not be driven', async () => {
    const server = made(echo)
    server.start()
    await eventually('it listens', () => server.serverPort !== 0)
    expect(await ask(server, 'ping')).toBe('ping')
  })

  it('throws the error of the listener, and closes the server', async () => {
    const first = await serving(echo)
    const second = made(echo, {}, ['127.0.0.1', first.serverPort])
    const reports = catchReports()
    expect(await rejection(second.start())).toMatchObject({ code: 'EADDRINUSE', port: first.serverPort })
    expect(second.closed).toBe(true)
    await sleep(1)
    expect(reports).toEqual([])
  })

  it('that nobody drives reports the error of the listener', async () => {
    const first = await serving(echo)
    const reports = catchReports()
    const second = made(echo, {}, ['127.0.0.1', first.serverPort])
    second.start()
    await eventually('it is reported', () => reports.length > 0)
    expect(reports).toMatchObject([
      { name: `<StreamServer at 127.0.0.1:${first.serverPort}, handle=echo, closed>`, error: { code: 'EADDRINUSE' } },
    ])
  })

  it('of a greenlet that is killed meanwhile closes the server', async () => {
    const server = made(echo)
    const starting = server.start()
    await killedIn(starting).join()
    expect(server.closed).toBe(true)
    await sleep(2)
    expect(server.listener.listening).toBe(false)
  })

  it('that is overtaken by close() says so', async () => {
    const server = made(echo)
    const starting = server.start()
    server.close()
    expect(messageOf(await rejection(starting))).toBe(
      'start(): <StreamServer at 127.0.0.1:0, handle=echo, closed> was closed.',
    )
  })

  it('of one that is closed is refused', async () => {
    const server = await serving(echo)
    await server.stop()
    const text = (call: string): string =>
      `${call} was called of <StreamServer at 127.0.0.1:${server.serverPort}, handle=echo, closed>; a server that was closed is over.\n\n` +
      '  server.stop(); server.start()                  // incorrect: its listener is gone\n' +
      '  server.stop(); new StreamServer(...).start()   // correct'
    expect(usage(() => server.start())).toBe(text('start()'))
    expect(usage(() => server.startAccepting())).toBe(text('startAccepting()'))
  })

  it('twice is as good as once', async () => {
    const server = await serving(echo)
    await server.start()
    expect(await ask(server, 'ping')).toBe('ping')
  })
})

describe('stopAccepting()', () => {
  it('lets new connections wait, which startAccepting() has handled, in their order', async () => {
    const order: string[] = []
    const server = await serving(function* (socket) {
      const name = String(yield* socket.recv())
      order.push(name)
      yield* socket.sendall(`served ${name}`)
    })
    server.stopAccepting()
    const answers: Promise<string>[] = []
    for (const name of ['one', 'two', 'three']) {
      answers.push(ask(server, name))
      await sleep(5)
    }
    expect(order).toEqual([])
    server.startAccepting()
    expect(await Promise.all(answers)).toEqual(['served one', 'served two', 'served three'])
    expect(order).toEqual(['one', 'two', 'three'])
  })

  it('and startAccepting() may follow each other at once, or be repeated', async () => {
    const server = await serving(echo)
    for (let n = 0; n < 5; n++) {
      server.stopAccepting()
      server.stopAccepting()
      server.startAccepting()
      server.startAccepting()
    }
    expect(await ask(server, 'ping')).toBe('ping')
  })

  it('in the moment in which a connection is handed over keeps it for the next one who accepts', async () => {
    const server = await serving(echo)
    const asked = ask(server, 'kept')
    // Told behind the greenlet that accepts, which has the connection and not its turn.
    const watcher = { becameReady: () => server.stopAccepting() }
    const state = serverStateOf(server.listener)
    state.watch(watcher)
    await sleep(10)
    state.unwatch(watcher)
    expect(String(server)).toContain('not accepting')
    server.startAccepting()
    expect(await asked).toBe('kept')
  })

  it('before the server listens does not stop it from listening', async () => {
    const server = made(echo)
    const starting = server.start()
    server.stopAccepting()
    await starting
    const asked = ask(server, 'late')
    await sleep(5)
    server.start()
    expect(await asked).toBe('late')
  })

  it('is undone by start() as well', async () => {
    const server = await serving(echo)
    server.stopAccepting()
    await server.start()
    expect(await ask(server, 'ping')).toBe('ping')
  })

  it('is undone only once it is started', () => {
    expect(usage(() => made(echo).startAccepting())).toBe(
      'startAccepting() was called of <StreamServer at 127.0.0.1:0, handle=echo, not started>.\n\n' +
        '  server.startAccepting()   // incorrect: it does not listen\n' +
        '  yield* server.start()     // correct',
    )
  })
})

describe('serveForever()', () => {
  it('starts the server, and returns when that is stopped', async () => {
    const server = made(echo)
    const forever = spawn(() => server.serveForever())
    await eventually('it listens', () => server.serverPort !== 0)
    expect([server.started, forever.dead]).toEqual([true, false])
    expect(await ask(server, 'ping')).toBe('ping')
    server.stop()
    await forever.get()
    expect(server.started).toBe(false)
  })

  it('works after start(), too, and in plain code', async () => {
    const server = await serving(echo)
    const forever = server.serveForever()
    spawn(function* () {
      yield* sleep(5)
      server.close()
    })
    await forever
    expect(server.closed).toBe(true)
  })

  it('of a server that is stopped returns at once', async () => {
    const server = await serving(echo)
    await server.stop()
    await server.serveForever()
  })

  it('of a greenlet that is killed stops the server', async () => {
    const server = made(echo)
    const forever = spawn(() => server.serveForever())
    await eventually('it listens', () => server.serverPort !== 0)
    await forever.kill()
    expect(server.closed).toBe(true)
    expect(await isRefused(server.serverPort)).toBe(true)
  })

  it('throws the error of the listener', async () => {
    const first = await serving(echo)
    const second = made(echo, {}, ['127.0.0.1', first.serverPort])
    expect(await rejection(second.serveForever())).toMatchObject({ code: 'EADDRINUSE' })
    expect(second.closed).toBe(true)
  })
})

describe('an error of the handler', () => {
  it('is reported with the handler and the peer; the connection is closed, and the server lives', async () => {
    const reports = catchReports()
    const server = await serving(function* failing(socket): Green<void> {
      if (String(yield* socket.recv()) === 'fail') throw new RangeError('too much')
      yield* socket.sendall('well')
    })
    const port = await run(function* () {
      const socket = yield* client(server)
      const { localPort } = socket
      yield* socket.sendall('fail')
      expect(yield* socket.recv()).toHaveLength(0)
      return localPort
    })
    expect(reports).toEqual([{ name: `failing(127.0.0.1:${port})`, error: new RangeError('too much') }])
    expect(await ask(server, 'work')).toBe('well')
  })

  it('may be that it was written for other arguments', async () => {
    const reports = catchReports()
    const server = await serving(
      ((_socket: GreenSocket, _address: Address, missing: string) => missing.length) as never,
    )
    expect(await answerTo(server, 'x')).toBe('')
    await eventually('it is reported', () => reports.length === 1)
    expect(reports[0]?.error).toBeInstanceOf(TypeError)
    expect(server.started).toBe(true)
  })

  it('stands on stderr when nobody else wants it', async () => {
    const written: string[] = []
    const write = process.stderr.write.bind(process.stderr)
    process.stderr.write = (text: unknown): boolean => written.push(String(text)) > 0
    try {
      const server = await serving(function broken() {
        throw new Error('no')
      })
      await answerTo(server)
      await eventually('it is written', () => written.length > 0)
    } finally {
      process.stderr.write = write
    }
    expect(written[0]).toMatch(
      /^Greenlet "broken\(127\.0\.0\.1:\d+\)" failed, and nobody reads its outcome \(get\(\), link\(\) and raiseError do\):\nError: no\n/u,
    )
  })

  it('leaves the handler’s greenlet its name', async () => {
    let name = ''
    const server = await serving(function* worker(): Green<void> {
      name = (getcurrent() as { name: string }).name
      yield* sleep(0)
    })
    client(server)
    await eventually('it has run', () => name !== '')
    expect(name).toMatch(/^worker\(127\.0\.0\.1:\d+\)$/u)
  })
})
