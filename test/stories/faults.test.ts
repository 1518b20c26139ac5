// What can go wrong between two machines: a clear error for each, and nothing left behind, no socket, no listener, no timer.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type Green, GreenletExit, run, SocketTimeoutError, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { connect, dns, tls } from 'greenloop/net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closedPort, type Drivable, eventually, listen } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { reset } from '../support/reset.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()

/** What keeps the process, but for what the test runner has. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|TLS|Pipe|GetAddr|QueryReq)/u.test(kind))
}

function* drive<T>(made: Drivable<T>): Green<T> {
  return yield* made
}

/** What `body` throws, in a greenlet. */
function* caught(body: () => Drivable<unknown>): Green<unknown> {
  try {
    yield* body()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

let before: string[] = []
beforeAll(() => {
  before = handles()
})
afterAll(async () => {
  await eventually('no socket is left', () => handles().length <= before.length)
})

describe('a peer', () => {
  it('that is not there: the connection is refused', async () => {
    const port = await closedPort()
    const error = await rejection(run(() => drive(connect(port, '127.0.0.1'))))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', message: `connect ECONNREFUSED 127.0.0.1:${String(port)}` })
  })

  it('that resets the connection in mid-message: what came is given, then the error', async () => {
    const server = await listen((peer) => {
      peer.write('half a mess')
      setTimeout(() => reset(peer), 20)
    })
    await run(function* () {
      const socket = yield* connect(server.port, '127.0.0.1')
      expect(String(yield* socket.recv())).toBe('half a mess')
      const error = yield* caught(() => drive(socket.recv()))
      expect(error).toMatchObject({ code: 'ECONNRESET', message: 'read ECONNRESET' })
      expect(yield* caught(() => drive(socket.sendall('more')))).toBe(error)
    })
  })

  it('that answers slowly: the greenlet waits, or gives up in its own time and can ask again', async () => {
    const server = await listen((peer) => void setTimeout(() => peer.end('late'), 40))
    await run(function* () {
      const socket = yield* connect(server.port, '127.0.0.1')
      const late = yield* caught(() => drive(socket.recv(100, { timeoutMs: 5 })))
      expect(late).toEqual(
        new SocketTimeoutError(`recv() of the socket to 127.0.0.1:${String(server.port)} timed out after 5 ms.`),
      )
      expect(yield* caught(() => withTimeout(5, () => socket.recv()))).toBeInstanceOf(Timeout)
      expect(String(yield* socket.recv())).toBe('late')
      socket.destroy()
    })
  })

  it('that has ended its own direction is still sent to, when half-open connections are allowed', async () => {
    const received: Buffer[] = []
    const server = await listen(
      (peer) => {
        peer.end()
        peer.on('data', (chunk) => received.push(chunk))
        peer.on('end', () => peer.destroy())
      },
      { allowHalfOpen: true },
    )
    await run(function* () {
      const socket = yield* connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      expect(yield* socket.recv()).toHaveLength(0)
      yield* socket.sendall('still here')
      socket.end()
    })
    await eventually('it has come', () => String(Buffer.concat(received)) === 'still here')
  })

  it('that never reads: the sender waits, without piling up what it sends, and can be cut short', async () => {
    const server = await listen(undefined, { pauseOnConnect: true })
    await run(function* () {
      const socket = yield* connect(server.port, '127.0.0.1')
      const block = Buffer.alloc(1_000_000)
      let sent = 0
      const sender = spawn(function* () {
        for (;;) {
          yield* socket.sendall(block)
          sent++
        }
      })
      yield* sleep(50)
      expect(sent).toBeLessThan(50)
      expect(socket.writableLength).toBeLessThanOrEqual(block.length)
      const error = yield* caught(() => drive(socket.sendall('x', { timeoutMs: 5 })))
      expect(error).toEqual(
        new SocketTimeoutError(`sendall() of the socket to 127.0.0.1:${String(server.port)} timed out after 5 ms.`),
      )
      yield* sender.kill()
      expect(sender.value).toBeInstanceOf(GreenletExit)
      socket.destroy()
    })
  })

  it('that goes away without a word is not noticed, so whoever waits sets a time', async () => {
    const server = await listen()
    await run(function* () {
      const socket = yield* connect(server.port, '127.0.0.1')
      const error = yield* caught(() => drive(socket.recv(1, { timeoutMs: 10 })))
      expect(error).toBeInstanceOf(SocketTimeoutError)
      socket.destroy()
    })
  })
})

describe('a name', () => {
  it('that nobody knows: Node’s own error, from lookup and from connect', async () => {
    const error = await rejection(run(() => drive(dns.lookup('nowhere.invalid'))))
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: 'nowhere.invalid' })
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(?:ENOTFOUND|EAI_AGAIN)$/u)
    const same = await rejection(run(() => drive(connect(80, 'nowhere.invalid'))))
    expect((same as Error).message).toBe((error as Error).message)
  })
})

describe('a certificate', () => {
  const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))

  it('for another name: Node’s own error, and the server goes on', async () => {
    const server = tls.createServer({ key: fixture('other-key.pem'), cert: fixture('other.pem') })
    await run(function* () {
      yield* server.listen(0, '127.0.0.1')
      const { port } = server.address() as AddressInfo
      const ca = fixture('ca.pem')
      const error = yield* caught(() => drive(tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca })))
      expect(error).toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        message:
          "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:other.example",
      })
      const socket = yield* tls.connect({ port, host: '127.0.0.1', servername: 'other.example', ca })
      socket.destroy()
      server.close()
    })
  })
})

it('2,000 greenlets killed at random points of connect, recv, sendall, accept and lookup leave nothing', async () => {
  const seed = process.env['GREENLOOP_SEED'] ?? '5'
  const { stdout, stderr, code } = await runProgram('../../stories/programs/killed-at-random.ts', { args: [seed] })
  expect({ stderr, code }, `GREENLOOP_SEED=${seed}`).toEqual({ stderr: '', code: 0 })
  const { killedIn, ...rest } = JSON.parse(stdout) as { killedIn: Record<string, number> }
  expect(rest).toEqual({ ends: 2000, failed: [], left: [], outstanding: 0, timers: 0, unhandled: [], reports: [] })
  for (const call of ['accept(', 'connect(', 'lookup(', 'recv(', 'sendall('])
    expect(killedIn[call], `GREENLOOP_SEED=${seed}, ${call}`).toBeGreaterThan(50)
})
