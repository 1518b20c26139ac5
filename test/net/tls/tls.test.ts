// TLS: connections whose handshake is done, on both sides; each way in which a handshake fails; TLS over a connection that is there.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import nodeTls from 'node:tls'
import {
  config,
  type Green,
  type Greenlet,
  GreenletExit,
  getHub,
  run,
  SocketClosedError,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import { connect, createServer, Socket, select, tls } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { catchUnhandled, closedPort, type Drivable, eventually, inWait, killedIn, listen } from '../support.ts'
import { ca, client, expired, server as good, other, selfSigned } from './certificates.ts'

checkLeaks()

/** A server that listens, for the rest of the running test. */
async function listening(options: nodeTls.TlsOptions = good): Promise<{ server: tls.GreenTLSServer; port: number }> {
  const server = tls.createServer(options)
  onTestFinished(() => void server.close())
  await run(function* () {
    yield* server.listen(0, '127.0.0.1')
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** Connects for the rest of the running test; to this machine, trusting the CA of the fixtures. */
function connecting(port: number, options: nodeTls.ConnectionOptions = {}): tls.GreenTLSSocket {
  const socket = tls.connect({ port, host: '127.0.0.1', ca, ...options })
  onTestFinished(() => void socket.destroy())
  return socket
}

function* drive<T>(made: Drivable<T>): Green<T> {
  return yield* made
}

/** What the handshake with a server that has these keys throws. */
async function handshakeError(
  serverOptions: nodeTls.TlsOptions,
  options: nodeTls.ConnectionOptions = {},
): Promise<unknown> {
  const { port } = await listening(serverOptions)
  return rejection(run(drive, connecting(port, options)))
}

describe('tls.connect()', () => {
  it('waits until the handshake is done, and gives Node’s socket, on which recv and sendall wait', async () => {
    const { server, port } = await listening()
    const echo = spawn(function* () {
      const [peer] = yield* server.accept()
      yield* peer.sendall(yield* peer.recv())
      peer.destroy()
    })
    await run(function* () {
      const made = connecting(port)
      expect([made.authorized, made.connecting]).toEqual([false, true])
      const socket = yield* made
      expect(socket).toBe(made)
      expect(socket).toBeInstanceOf(nodeTls.TLSSocket)
      expect([socket.authorized, socket.getProtocol()]).toEqual([true, 'TLSv1.3'])
      yield* socket.sendall('secret')
      expect(String(yield* socket.recv())).toBe('secret')
      yield* echo.get()
    })
  })

  it('takes a port, a host and options, as Node’s does', async () => {
    const { server, port } = await listening()
    for (const made of [
      tls.connect(port, '127.0.0.1', { ca }),
      tls.connect(port, { host: '127.0.0.1', ca }),
      tls.connect({ port, host: '127.0.0.1', ca }),
    ]) {
      const socket = await run(drive, made)
      expect(socket.authorized).toBe(true)
      socket.destroy()
      const [peer] = await server.accept()
      peer.destroy()
    }
  })

  it('of a socket whose handshake is done does not switch', async () => {
    const { port } = await listening()
    const socket = connecting(port)
    await run(function* () {
      yield* socket
      let others = 0
      spawn(() => others++)
      expect(yield* socket).toBe(socket)
      expect(others).toBe(0)
    })
  })

  it('of a socket that is not driven is Node’s alone', async () => {
    const { port } = await listening()
    const socket = connecting(port)
    expect([...(socket as unknown as Iterable<unknown>)]).toEqual([])
    expect(socket.listenerCount('error')).toBe(0)
  })

  it('throws the error of Node when nobody listens', async () => {
    const port = await closedPort()
    expect(await rejection(run(drive, connecting(port)))).toMatchObject({
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    })
  })

  it('throws when the name is not the certificate’s', async () => {
    const error = await handshakeError(other)
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(messageOf(error)).toBe(
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
    )
  })

  it('takes a name that is the certificate’s', async () => {
    const { port } = await listening(other)
    const socket = await run(drive, connecting(port, { servername: 'other.example' }))
    expect(socket.authorized).toBe(true)
  })

  it('throws when the authority is not known', async () => {
    expect(await handshakeError(good, { ca: [] })).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  it('throws when the certificate is signed by itself', async () => {
    expect(await handshakeError(selfSigned)).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('throws when the certificate is too old', async () => {
    expect(await handshakeError(expired, { ca: expired.cert })).toMatchObject({
      code: 'CERT_HAS_EXPIRED',
      message: 'certificate has expired',
    })
  })

  it('connects to whomever with `rejectUnauthorized: false`, and says that it is not authorized', async () => {
    const { port } = await listening(expired)
    const socket = await run(drive, connecting(port, { rejectUnauthorized: false }))
    expect([socket.authorized, socket.getProtocol()]).toEqual([false, 'TLSv1.3'])
  })

  it('throws when the two know no version in common', async () => {
    const error = await handshakeError({ ...good, minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })

  it('throws when the other side does not speak TLS', async () => {
    const { port } = await listen((peer) => peer.end('220 mail.example ESMTP\r\n'))
    expect(await rejection(run(drive, connecting(port)))).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
  })

  it('throws when the other side hangs up in the handshake', async () => {
    const { port } = await listen((peer) => peer.once('data', () => peer.end()))
    const error = await rejection(run(drive, connecting(port)))
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(messageOf(error)).toBe('Client network socket disconnected before secure TLS connection was established')
  })

  it('that failed leaves its error for every later call', async () => {
    const { port } = await listening(other)
    const socket = connecting(port)
    const first = await rejection(run(drive, socket))
    expect(await rejection(run(drive, socket))).toBe(first)
    expect(await rejection(socket.recv())).toBe(first)
    expect(await rejection(socket.sendall('x'))).toBe(first)
  })

  it('of a greenlet that is killed in the handshake closes the connection', async () => {
    const silent = await listen((peer) => peer.resume())
    const socket = connecting(silent.port)
    const greenlet = spawn(drive, socket)
    await eventually('the hello has come', () => silent.sockets.size === 1)
    expect(getHub().outstanding).toBe(1)
    greenlet.kill()
    await greenlet.join()
    expect(greenlet.value).toBeInstanceOf(GreenletExit)
    expect(socket.destroyed).toBe(true)
    await eventually('nothing is open at the server', () => silent.sockets.size === 0)
  })

  it('of a greenlet that is killed before it is connected closes it, too', async () => {
    const caught = catchUnhandled()
    const silent = await listen((peer) => peer.resume())
    const socket = connecting(silent.port)
    await killedIn(socket).join()
    expect(socket.destroyed).toBe(true)
    await eventually('nothing is open at the server', () => silent.sockets.size === 0)
    expect(caught).toEqual([])
  })

  it('to a peer that never answers is ended by a timeout, which closes it', async () => {
    const silent = await listen((peer) => peer.resume())
    const socket = connecting(silent.port)
    expect(await rejection(withTimeout(10, () => drive(socket)))).toBeInstanceOf(Timeout)
    expect(socket.destroyed).toBe(true)
    await eventually('nothing is open at the server', () => silent.sockets.size === 0)
  })

  it('is not taken for done because the connection below is there, and somebody selects it', async () => {
    const { port } = await listen((peer) => peer.resume())
    const socket = connecting(port)
    const waiting = spawn(drive<tls.GreenTLSSocket>, socket)
    await run(function* () {
      expect((yield* select([], [socket], []))[1]).toHaveLength(1)
      yield* sleep(1)
    })
    expect(waiting.ready()).toBe(false)
    await waiting.kill()
  })

  it('finds names by the resolver that was chosen', async () => {
    const { port } = await listening()
    config.resolver = (name): string[] => (name === 'db' ? ['127.0.0.1'] : [])
    onTestFinished(() => void (config.resolver = 'thread'))
    const options = { ca, checkServerIdentity: () => undefined }
    for (const socket of [
      tls.connect(port, 'db', options),
      tls.connect({ port, host: 'db', ...options }),
      tls.connect(port, { host: 'db', ...options }),
    ]) {
      onTestFinished(() => void socket.destroy())
      expect((await run(drive, socket)).remoteAddress).toBe('127.0.0.1')
    }
    expect(messageOf(await rejection(run(drive, tls.connect(port, 'nobody'))))).toBe('getaddrinfo ENOTFOUND nobody')
  })

  it('of a socket that is destroyed meanwhile says so', async () => {
    const silent = await listen((peer) => peer.resume())
    const socket = connecting(silent.port)
    const waiting = spawn(drive, socket)
    await inWait(waiting)
    await eventually('it is connected', () => silent.sockets.size === 1)
    socket.destroy()
    const error = await rejection(waiting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe('connect(): the socket is closed.')
  })

  it('carries megabytes both ways at once, intact', async () => {
    const { server, port } = await listening({ ...good, allowHalfOpen: true })
    const data = randomBytes(3_000_000)
    spawn(function* echo() {
      const [peer] = yield* server.accept()
      for (let chunk = yield* peer.recv(); chunk.length > 0; chunk = yield* peer.recv()) yield* peer.sendall(chunk)
      peer.end()
    })
    const chunks = await run(function* () {
      const halfOpen: nodeTls.ConnectionOptions & net.SocketConstructorOpts = { allowHalfOpen: true }
      const socket = yield* connecting(port, halfOpen)
      const sender = spawn(function* () {
        for (let at = 0; at < data.length; at += 70_001) yield* socket.sendall(data.subarray(at, at + 70_001))
        socket.end()
      })
      const got: Buffer[] = []
      for (let chunk = yield* socket.recv(33_333); chunk.length > 0; chunk = yield* socket.recv(33_333)) got.push(chunk)
      yield* sender.join()
      return got
    })
    expect(Buffer.concat(chunks).equals(data)).toBe(true)
  })
})

describe('a TLS server', () => {
  it('gives connections whose handshake is done, with the address of the other end', async () => {
    const { server, port } = await listening({ ...good, ca, requestCert: true })
    const socket = connecting(port, client)
    await run(function* () {
      const [peer, address] = yield* server.accept()
      expect(peer).toBeInstanceOf(nodeTls.TLSSocket)
      expect([peer.authorized, peer.getPeerCertificate().subject.CN]).toEqual([true, 'greenloop client'])
      expect(address).toEqual(['127.0.0.1', socket.localPort])
      expect(yield* peer).toBe(peer)
      peer.destroy()
    })
  })

  it('without options is made, too', () => {
    expect(tls.createServer()).toBeInstanceOf(nodeTls.Server)
  })

  it('refuses a handler', () => {
    expect(usage(() => tls.createServer((() => undefined) as never))).toBe(
      'tls.createServer() expects options, but got the function (anonymous); for a handler there is StreamServer.',
    )
  })

  it('keeps a connection until somebody accepts', async () => {
    const { server, port } = await listening()
    await run(function* () {
      const socket = yield* connecting(port)
      yield* socket.sendall('early')
      yield* sleep(5)
      const [peer] = yield* server.accept()
      expect(String(yield* peer.recv())).toBe('early')
      peer.destroy()
    })
  })

  it('has the other face, too, before it listens', async () => {
    const server = nodeTls.createServer(good)
    const face = Socket.from(server)
    onTestFinished(() => {
      face.close()
    })
    await run(function* () {
      yield* until(once(server.listen(0, '127.0.0.1'), 'listening'))
      const socket = connecting((server.address() as AddressInfo).port)
      const [peer] = yield* face.accept()
      yield* peer.sendall('hello')
      peer.close()
      expect(String(yield* (yield* socket).recv())).toBe('hello')
    })
  })

  it('is read connection by connection with a cursor, which ends when the server is closed', async () => {
    const { server, port } = await listening()
    const seen = spawn(function* () {
      const hosts: string[] = []
      const connections = server.cursor()
      while (yield* connections.next()) {
        const [peer, [host]] = connections.value
        hosts.push(host)
        peer.destroy()
      }
      return hosts
    })
    for (let n = 0; n < 2; n++) (await run(drive, connecting(port))).destroy()
    await eventually('both were seen', () => seen.$wait !== null)
    await sleep(2)
    server.close()
    expect(await seen.get()).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it('loses nobody who accepts when a handshake fails: plain text, a hang-up, no trust, a wrong version', async () => {
    const { server, port } = await listening({ ...good, minVersion: 'TLSv1.3' })
    const failed: (string | undefined)[] = []
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => failed.push(error.code))
    const accepting = spawn(() => server.accept())
    await inWait(accepting)
    const plain = await run(drive, connect(port, '127.0.0.1'))
    await plain.sendall('GET / HTTP/1.1\r\n\r\n')
    expect(await rejection(run(drive, connecting(port, { ca: [] })))).toBeInstanceOf(Error)
    expect(await rejection(run(drive, connecting(port, { maxVersion: 'TLSv1.2' })))).toBeInstanceOf(Error)
    const hangsUp = await run(drive, connect(port, '127.0.0.1'))
    hangsUp.destroy()
    await eventually('three have failed', () => failed.length >= 3)
    expect(failed).toContain('ERR_SSL_HTTP_REQUEST')
    expect(accepting.dead).toBe(false)
    const socket = await run(drive, connecting(port))
    const [peer, address] = await accepting.get()
    expect(address).toEqual(['127.0.0.1', socket.localPort])
    peer.destroy()
    plain.destroy()
  })

  it('drops a client that is silent for longer than `handshakeTimeout`, and nobody else', async () => {
    const { server, port } = await listening({ ...good, handshakeTimeout: 250 })
    const failed: (string | undefined)[] = []
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => failed.push(error.code))
    const silent = await run(drive, connect(port, '127.0.0.1'))
    expect(await silent.recv()).toHaveLength(0)
    expect(failed).toEqual(['ERR_TLS_HANDSHAKE_TIMEOUT'])
    silent.destroy()
    await run(drive, connecting(port))
    const [peer] = await server.accept()
    peer.destroy()
  })

  it('that asks for a certificate drops who has none: the client learns it from its first recv()', async () => {
    const { port } = await listening({ ...good, ca, requestCert: true })
    await run(function* () {
      const socket = yield* connecting(port)
      const error = yield* rejected(socket.recv())
      expect(error).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
      expect(yield* rejected(socket.recv())).toBe(error)
    })
  })

  it('that is closed under the waiting greenlet raises in it', async () => {
    const { server, port } = await listening()
    const accepting = spawn(() => server.accept())
    await inWait(accepting)
    server.close()
    const error = await rejection(accepting.get())
    expect(error).toBeInstanceOf(SocketClosedError)
    expect(messageOf(error)).toBe(`accept(): the server at 127.0.0.1:${port} is closed.`)
  })

  it('with a listener of its own refuses accept()', async () => {
    const { server } = await listening()
    const { server: taken } = await listening()
    server.close()
    taken.on('secureConnection', () => undefined)
    expect(messageOf(await rejection(taken.accept())).split('\n')[0]).toBe(
      "accept() was called of a server that has a listener for 'secureConnection', which is given every connection already.",
    )
  })

  it('checks the options of accept()', async () => {
    const { server } = await listening()
    expect(usage(() => server.accept(5 as never))).toBe(
      'accept() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
  })
})

/** What driving it throws. */
function* rejected(made: Drivable<unknown>): Green<unknown> {
  try {
    yield* made
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

describe('TLS over a connection that is there (STARTTLS)', () => {
  /** Begins in plain text; goes on with TLS after a line that says so. */
  async function upgrading(take: number): Promise<{ port: number; serving: Greenlet<void> }> {
    const server = createServer()
    const secured = tls.createServer(good)
    onTestFinished(() => void server.close())
    await run(function* () {
      yield* server.listen(0, '127.0.0.1')
    })
    const serving = spawn(function* serve(): Green<void> {
      const [plain] = yield* server.accept()
      const line = yield* plain.recv(take)
      if (take > 8) yield* plain.sendall('220 go ahead')
      secured.emit('connection', plain)
      const [peer] = yield* secured.accept()
      yield* peer.sendall(`${String(line)}: ${String(yield* peer.recv())}`)
      peer.end()
      yield* peer.recv()
      peer.destroy()
      expect(plain.destroyed).toBe(true)
    })
    return { port: (server.address() as AddressInfo).port, serving }
  }

  it('is made by tls.connect({ socket }), and on the other side by handing the connection to a TLS server', async () => {
    const { port, serving } = await upgrading(100)
    await run(function* () {
      const plain = yield* connect(port, '127.0.0.1')
      yield* plain.sendall('STARTTLS')
      expect(String(yield* plain.recv())).toBe('220 go ahead')
      const socket = yield* tls.connect({ socket: plain, ca, servername: 'localhost' })
      yield* socket.sendall('secret')
      expect(String(yield* socket.recv())).toBe('STARTTLS: secret')
      socket.destroy()
      yield* serving.get()
      expect(plain.destroyed).toBe(true)
    })
  })

  it('finds what has come behind the plain text already', async () => {
    const { port, serving } = await upgrading(8)
    await run(function* () {
      const plain = yield* connect(port, '127.0.0.1')
      yield* plain.sendall('STARTTLS')
      const socket = yield* tls.connect({ socket: plain, ca, servername: 'localhost' })
      yield* socket.sendall('eager')
      expect(String(yield* socket.recv())).toBe('STARTTLS: eager')
      socket.destroy()
      yield* serving.get()
    })
  })

  it('of a greenlet that is killed meanwhile closes both', async () => {
    const silent = await listen((peer) => peer.resume())
    const plain = await run(drive, connect(silent.port, '127.0.0.1'))
    const socket = tls.connect({ socket: plain, ca })
    const greenlet = spawn(drive, socket)
    await inWait(greenlet)
    await greenlet.kill()
    await eventually('both are closed', () => socket.destroyed && plain.destroyed)
    await eventually('nothing is open at the server', () => silent.sockets.size === 0)
  })

  it('also goes over a plain net.Socket', async () => {
    const { server, port } = await listening()
    const plain = net.connect(port, '127.0.0.1')
    const socket = await run(drive, tls.connect({ socket: plain, ca, servername: 'localhost' }))
    expect(socket.authorized).toBe(true)
    socket.destroy()
    const [peer] = await server.accept()
    peer.destroy()
  })
})
