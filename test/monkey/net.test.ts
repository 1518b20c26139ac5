// The patched sockets: every net.Socket of the process has the methods, on both sides, and is otherwise what it was.
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Green, GreenletExit, getHub, run, spawn, Timeout, withTimeout } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closedPort, eventually, killedIn, listen } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()
beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

function* recvAll(socket: net.Socket): Green<string> {
  let all = ''
  for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) all += String(chunk)
  return all
}

describe('in greenlets', () => {
  it('`yield* net.connect(port)` gives Node’s socket, connected, on which recv and sendall wait', async () => {
    const { port } = await listen((peer) => peer.pipe(peer))
    await run(function* () {
      const made = net.connect(port, '127.0.0.1')
      const socket = yield* made
      expect(socket).toBe(made)
      expect(Object.getPrototypeOf(socket)).toBe(net.Socket.prototype)
      yield* socket.sendall('echo')
      expect(String(yield* socket.recv(100))).toBe('echo')
      socket.end()
      expect(yield* recvAll(socket)).toBe('')
    })
  })

  it('net.createConnection, and each form of its arguments, can be driven', async () => {
    const { port } = await listen((peer) => peer.end('x'))
    await run(function* () {
      for (const make of [
        () => net.createConnection(port, '127.0.0.1'),
        () => net.createConnection({ port, host: '127.0.0.1' }),
        () => net.connect(port, '127.0.0.1', () => undefined),
        () => new net.Socket().connect(port, '127.0.0.1'),
      ]) {
        expect(yield* recvAll(yield* make())).toBe('x')
      }
    })
  })

  it('a server’s socket has the methods, too', async () => {
    const { port } = await listen((peer) => {
      spawn(function* serve() {
        yield* peer.sendall(`got ${String(yield* peer.recv())}`)
        peer.end()
      })
    })
    expect(
      await run(function* () {
        const socket = yield* net.connect(port, '127.0.0.1')
        yield* socket.sendall('this')
        return yield* recvAll(socket)
      }),
    ).toBe('got this')
  })

  it('what fails is thrown by the `yield*`', async () => {
    const port = await closedPort()
    const error = await rejection(
      run(function* () {
        yield* net.connect(port, '127.0.0.1')
      }),
    )
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('a kill while it connects destroys the socket, in recv() not', async () => {
    const server = await listen((peer) => peer.write('byte'))
    const connecting = net.connect(server.port, '127.0.0.1')
    const victim = killedIn(connecting)
    await victim.join()
    expect([victim.value instanceof GreenletExit, connecting.destroyed]).toEqual([true, true])
    await run(function* () {
      const socket = yield* net.connect(server.port, '127.0.0.1')
      expect(String(yield* socket.recv())).toBe('byte')
      const waiting = withTimeout(2, function* () {
        yield* socket.recv()
      })
      try {
        yield* waiting
      } catch (error) {
        expect(error).toBeInstanceOf(Timeout)
      }
      expect(socket.destroyed).toBe(false)
      socket.destroy()
    })
    await eventually('nothing is open at the server', () => server.sockets.size === 0)
  })
})

describe('for everybody else', () => {
  it('iterating a socket gives nothing and starts nothing', async () => {
    const { port } = await listen((peer) => peer.end('data'))
    const socket = net.connect(port, '127.0.0.1')
    expect([...(socket as unknown as Iterable<unknown>)]).toEqual([])
    expect(socket.listenerCount('error')).toBe(0)
    expect(getHub().outstanding).toBe(0)
    expect(await socket.toArray()).toEqual([Buffer.from('data')])
  })

  it('streams take a socket for a stream: for await, Readable.from, pipeline', async () => {
    const { port } = await listen((peer) => peer.end('data'))
    const connect = (): net.Socket => net.connect(port, '127.0.0.1')
    const read = async (stream: AsyncIterable<unknown>): Promise<string> => {
      let all = ''
      for await (const chunk of stream) all += String(chunk)
      return all
    }
    expect(await read(connect())).toBe('data')
    expect(await read(Readable.from(connect()))).toBe('data')
    let piped = ''
    await pipeline(connect(), async (source) => {
      piped = await read(source)
    })
    expect(piped).toBe('data')
  })

  it('a socket that an error ends emits it as before, also uncaught', async () => {
    const port = await closedPort()
    const socket = net.connect(port, '127.0.0.1')
    const error = await new Promise((resolve) => socket.on('error', resolve))
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
