// Where a StreamServer listens: each way in which that is written, a Unix socket, a server that listens already, and TLS.
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nodeTls from 'node:tls'
import { type Green, run, sleep } from 'greenloop'
import { connect, createServer, type GreenSocket, Socket, StreamServer, tls } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { eventually } from '../support.ts'
import { ca, server as good, other } from '../tls/certificates.ts'
import { ask, client, closeAll, listening, made, openHandles, serving, track } from './support.ts'

checkLeaks()
closeAll()

function* echo(socket: GreenSocket): Green<void> {
  yield* socket.sendall(yield* socket.recv())
}

describe('the listener of a StreamServer', () => {
  it.each([
    [0, ['', 0], 'port 0'],
    ['8080', ['', 8080], 'port 8080'],
    [':8080', ['', 8080], 'port 8080'],
    ['*:8080', ['', 8080], 'port 8080'],
    ['127.0.0.1:80', ['127.0.0.1', 80], '127.0.0.1:80'],
    ['localhost:65535', ['localhost', 65535], 'localhost:65535'],
    ['[::1]:80', ['::1', 80], '[::1]:80'],
    [['localhost', 80], ['localhost', 80], 'localhost:80'],
    [['', 80], ['', 80], 'port 80'],
    ['/run/some.sock', '/run/some.sock', '/run/some.sock'],
    ['./some.sock', './some.sock', './some.sock'],
    ['\\\\.\\pipe\\some', '\\\\.\\pipe\\some', '\\\\.\\pipe\\some'],
    ['\0abstract', '\0abstract', '\0abstract'],
  ] as const)('may be %o', (listener, address, shown) => {
    const server = made(echo, {}, listener)
    expect(server.address).toEqual(address)
    expect([server.serverHost, server.serverPort]).toEqual(typeof address === 'string' ? ['', 0] : address)
    expect(String(server)).toBe(`<StreamServer at ${shown}, handle=echo, not started>`)
  })

  it.each([
    [-1, '-1 (number)'],
    [65536, '65536 (number)'],
    [1.5, '1.5 (number)'],
    ['localhost', '"localhost" (string)'],
    ['localhost:http', '"localhost:http" (string)'],
    ['::1:80', '"::1:80" (string)'],
    ['127.0.0.1:99999', '"127.0.0.1:99999" (string)'],
    ['', '"" (string)'],
    [['localhost', '80'], '["localhost" (string), "80" (string)]'],
    [['localhost'], '["localhost" (string)]'],
    [[80, 'localhost'], '[80 (number), "localhost" (string)]'],
    [{ port: 80 }, 'an Object'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('may not be %o', (listener, shown) => {
    expect(usage(() => new StreamServer(listener as never, echo))).toBe(
      `new StreamServer() expects its listener to be a port, 'host:port', [host, port], a path with a slash in it, a server of createServer(), or a Socket that listens, but got ${shown}.`,
    )
  })

  it('that is a port alone is that of all addresses', async () => {
    const server = made(echo, {}, 0)
    await server.start()
    expect(await ask(server, 'ping')).toBe('ping')
    expect(server.serverPort).toBeGreaterThan(0)
  })

  it('may be told how many connections the machine keeps waiting', async () => {
    const server = await serving(echo, { backlog: 5 })
    expect(await ask(server, 'ping')).toBe('ping')
  })

  it.skipIf(process.platform === 'win32')('may be a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const reports = catchReports()
    const server = made(
      function* unix(socket, address): Green<void> {
        yield* socket.sendall(JSON.stringify(address))
        throw new RangeError('after all')
      },
      {},
      path,
    )
    await server.start()
    expect(server.address).toBe(path)
    await run(function* () {
      const socket = yield* connect(path)
      expect(String(yield* socket.recv())).toBe('["",0]')
      socket.destroy()
    })
    await eventually('it is reported', () => reports.length === 1)
    expect(reports).toEqual([{ name: `unix(${path})`, error: new RangeError('after all') }])
  })

  it('may be a server that listens already, which is closed by the stop', async () => {
    const listener = await listening()
    const server = made(echo, {}, listener)
    expect(server.listener).toBe(listener)
    expect(server.address).toEqual(['127.0.0.1', (listener.address() as net.AddressInfo).port])
    await server.start()
    expect(await ask(server, 'ping')).toBe('ping')
    await server.stop()
    expect(listener.listening).toBe(false)
  })

  it('may be a server that listens only when it is started', async () => {
    const listener = createServer()
    onTestFinished(() => void listener.close())
    const server = made(echo, {}, listener)
    expect(server.address).toEqual(['', 0])
    await run(function* () {
      yield* listener.listen(0, '127.0.0.1')
      yield* server.start()
    })
    expect(await ask(server, 'ping')).toBe('ping')
  })

  it('may be a Socket that listens: connections have its face, and it is closed by the stop', async () => {
    const listener = new Socket()
    await listener.bind(['127.0.0.1', 0])
    await listener.listen()
    listener.setblocking(false)
    const seen: unknown[] = []
    let given: Socket | undefined
    const server = made(
      function* (socket: Socket, [host]) {
        given = socket
        seen.push(socket instanceof Socket, socket.gettimeout(), host)
        yield* socket.sendall(yield* socket.recv(10))
      },
      {},
      listener,
    )
    await server.start()
    expect(server.address).toEqual(listener.getsockname())
    expect(await ask(server, 'ping')).toBe('ping')
    expect(seen).toEqual([true, null, '127.0.0.1'])
    expect(given?.fileno()).toBe(-1)
    await server.stop()
    expect(listener.fileno()).toBe(-1)
  })

  it('is no Socket that does not listen', () => {
    expect(usage(() => new StreamServer(new Socket(), echo as never))).toContain(
      'a Socket that listens, but got a Socket.',
    )
  })

  it('that is a server goes without `backlog` and `tls`', async () => {
    const listener = await listening()
    for (const options of [{ backlog: 5 }, { tls: good }]) {
      const [name] = Object.keys(options)
      const wrong = `  new StreamServer(server, handle, { ${name} })`
      const right = `  new StreamServer(port, handle, { ${name} })  `
      expect(usage(() => made(echo, options, listener))).toBe(
        `new StreamServer() was given \`${name}\` and a server that listens already; it goes with an address.\n\n` +
          `${wrong}   // incorrect: the server was made without\n${right}   // correct`,
      )
    }
  })

  it('is no server of TLS', () => {
    const text =
      'new StreamServer() was given a server of TLS.\n\n' +
      '  new StreamServer(tls.createServer(options), handle)   // incorrect: it makes its own\n' +
      '  new StreamServer(port, handle, { tls: options })      // correct'
    expect(usage(() => made(echo, {}, tls.createServer(good) as never))).toBe(text)
    expect(usage(() => made(echo, {}, nodeTls.createServer(good) as never))).toBe(text)
  })

  it('is no server that does not listen, or whose connections somebody else is given', async () => {
    const mute = made(echo, {}, createServer())
    expect(usage(() => mute.start())).toBe(
      'A StreamServer was given a server that does not listen.\n\n' +
        '  new StreamServer(createServer(), handle).start()                       // incorrect: where?\n' +
        '  new StreamServer(yield* createServer().listen(port), handle).start()   // correct: or new StreamServer(port, handle)',
    )
    expect(mute.closed).toBe(true)
    const listener = await listening()
    const taken = await listening()
    listener.close()
    taken.on('connection', (socket) => socket.destroy())
    const second = made(echo, {}, taken)
    expect(usage(() => second.start()).split('\n')[0]).toBe(
      "A StreamServer was given a server that has a listener for 'connection', which is given every connection already.",
    )
  })

  it('is no server of Node’s that has no accept()', () => {
    expect(usage(() => made(echo, {}, net.createServer() as never))).toContain(
      'or a Socket that listens, but got a Server.',
    )
  })
})

describe('a StreamServer of TLS', () => {
  it('gives its certificate, and the handler secure connections', async () => {
    const seen: unknown[] = []
    const server = await serving(
      function* (socket: tls.GreenTLSSocket, [host]) {
        seen.push(socket.encrypted, socket.getProtocol(), host)
        yield* echo(socket)
      },
      { tls: good },
    )
    await run(function* () {
      const socket = yield* tls.connect({ port: server.serverPort, host: '127.0.0.1', ca })
      expect(socket.getPeerCertificate().subject.CN).toBe('localhost')
      yield* socket.sendall('secret')
      expect(String(yield* socket.recv())).toBe('secret')
      expect(yield* socket.recv()).toHaveLength(0)
      socket.destroy()
    })
    expect(seen).toEqual([true, 'TLSv1.3', '127.0.0.1'])
  })

  it('lives on, unreported, when a handshake fails; its listener tells of that', async () => {
    const reports = catchReports()
    const failed: unknown[] = []
    const server = await serving(echo, { tls: other })
    server.listener.on('tlsClientError', (error) => failed.push(error))
    const trusting = { port: server.serverPort, host: '127.0.0.1', ca }
    expect(await rejection(run(() => tls.connect(trusting).recv()))).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    const plain = client(server)
    await run(function* () {
      yield* plain
      yield* plain.sendall('GET / HTTP/1.1\r\n\r\n')
    })
    await eventually('it has failed', () => failed.length >= 1)
    await run(function* () {
      const socket = yield* tls.connect({ ...trusting, servername: 'other.example' })
      yield* socket.sendall('well')
      expect(String(yield* socket.recv())).toBe('well')
      socket.destroy()
    })
    expect(reports).toEqual([])
  })

  it('is stopped although a client has said nothing yet: nothing is left', async () => {
    const server = await serving(echo, { tls: good })
    const silent = client(server)
    await run(function* () {
      yield* silent
      yield* sleep(5)
      yield* server.stop()
      expect(yield* silent.recv()).toHaveLength(0)
    })
    silent.destroy()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('sends what is left when the handler ends', async () => {
    const data = 'x'.repeat(2_000_000)
    const server = await serving((socket) => void socket.write(data), { tls: good })
    const length = await run(function* () {
      const socket = yield* tls.connect({ port: server.serverPort, host: '127.0.0.1', ca })
      let bytes = 0
      for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) bytes += chunk.length
      socket.destroy()
      return bytes
    })
    expect(length).toBe(data.length)
  })

  it('refuses keys that are none, as Node does', () => {
    expect(() => track(new StreamServer(0, echo, { tls: { key: 'none' } }))).toThrow(Error)
  })
})
