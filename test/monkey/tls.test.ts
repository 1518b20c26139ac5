// The patched TLS: every TLSSocket and tls.Server of the process has the methods, and is otherwise what it was.
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { type Green, getHub, run, spawn } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { killedIn, listen } from '../net/support.ts'
import { ca, server as good, other } from '../net/tls/certificates.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()
beforeEach(() => {
  monkey.patchTls()
})
afterEach(() => {
  monkey.unpatchAll()
})

/** A server that listens, for the rest of the running test. */
async function listening(options: tls.TlsOptions = good, handler?: (peer: tls.TLSSocket) => void): Promise<tls.Server> {
  const server = tls.createServer(options, handler)
  onTestFinished(() => void server.close())
  await run(function* () {
    yield* server.listen(0, '127.0.0.1')
  })
  return server
}

function to(server: tls.Server): tls.ConnectionOptions {
  return { port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca }
}

describe('in greenlets', () => {
  it('`yield* tls.connect(...)` gives Node’s socket when the handshake is done, and accept() such connections', async () => {
    const server = await listening()
    await run(function* () {
      const made = tls.connect(to(server))
      const socket = yield* made
      expect(socket).toBe(made)
      expect(Object.getPrototypeOf(socket)).toBe(tls.TLSSocket.prototype)
      expect([socket.authorized, socket.getProtocol()]).toEqual([true, 'TLSv1.3'])
      const [peer, [host]] = yield* server.accept()
      expect([peer.encrypted, host]).toEqual([true, '127.0.0.1'])
      yield* socket.sendall('secret')
      expect(String(yield* peer.recv(100))).toBe('secret')
      expect(socket.fileno()).not.toBe(peer.fileno())
      socket.destroy()
      peer.destroy()
    })
  })

  it('does not take a connection whose handshake has begun for one: also when `net` is patched', async () => {
    monkey.patchNet()
    const silent = await listen((peer) => peer.resume())
    const socket = tls.connect({ port: silent.port, host: '127.0.0.1', ca })
    const seen: string[] = []
    socket.once('connect', () => seen.push('connected'))
    const waiting = spawn(function* (): Green<void> {
      yield* socket
      seen.push('secure')
    })
    await new Promise((resolve) => socket.once('connect', () => setTimeout(resolve, 5)))
    expect([seen, waiting.dead]).toEqual([['connected'], false])
    await waiting.kill()
    expect(socket.destroyed).toBe(true)
  })

  it('what fails is thrown by the `yield*`', async () => {
    const server = await listening(other)
    const error = await rejection(
      run(function* () {
        yield* tls.connect(to(server))
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  it('a kill while it connects destroys the socket', async () => {
    const server = await listening()
    const socket = tls.connect(to(server))
    await killedIn(socket).join()
    expect(socket.destroyed).toBe(true)
  })

  it('reads the connections of a server with a cursor', async () => {
    const server = await listening()
    const seen = spawn(function* () {
      const connections = server.cursor()
      yield* connections.next()
      const [peer] = connections.value
      const text = String(yield* peer.recv())
      peer.destroy()
      return text
    })
    const socket = tls.connect(to(server), () => socket.end('hello'))
    expect(await seen.get()).toBe('hello')
  })
})

describe('for everybody else', () => {
  it('iterating a socket gives nothing and starts nothing', async () => {
    const server = await listening(good, (peer) => peer.end('data'))
    const socket = tls.connect(to(server))
    expect([...(socket as unknown as Iterable<unknown>)]).toEqual([])
    expect(socket.listenerCount('error')).toBe(0)
    expect(getHub().outstanding).toBe(0)
    expect(await socket.toArray()).toEqual([Buffer.from('data')])
  })

  it('an https server and its client run as before', async () => {
    const server = https.createServer(good, (request, response) => response.end(`you asked for ${String(request.url)}`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const text = await new Promise((resolve, reject) => {
      const request = https.get({ ...to(server), path: '/this', agent: false }, (response) => {
        response.toArray().then((chunks) => resolve(String(Buffer.concat(chunks as Buffer[]))), reject)
      })
      request.on('error', reject)
    })
    expect(text).toBe('you asked for /this')
  })

  it('the patch does not need that of `net`, and is taken back as a whole', () => {
    const has = (): boolean[] => [
      Object.hasOwn(tls.TLSSocket.prototype, 'recv'),
      Object.hasOwn(tls.TLSSocket.prototype, Symbol.iterator),
      Object.hasOwn(tls.Server.prototype, 'accept'),
    ]
    expect([monkey.isModulePatched('tls'), monkey.isModulePatched('net')]).toEqual([true, false])
    expect(has()).toEqual([true, true, true])
    monkey.unpatchAll()
    expect(has()).toEqual([false, false, false])
  })
})
