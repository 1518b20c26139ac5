// DatagramServer: a handler for each message of UDP, over real sockets.
import { type Green, run, sleep, spawn } from 'greenloop'
import {
  type Address,
  AF_INET,
  DatagramServer,
  type DatagramServerOptions,
  dgram,
  SOCK_DGRAM,
  Socket,
} from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { eventually } from '../support.ts'
import { closeAll, track } from './support.ts'

checkLeaks()
closeAll()

/** A client, for the running test. */
function client(): dgram.GreenDatagramSocket {
  const socket = dgram.createSocket('udp4')
  track({
    stop: () => {
      if (socket.fileno() !== -1) socket.close()
      return Promise.resolve()
    },
  })
  return socket
}

/** Sends a message to the server, and gives what comes back. */
function ask(server: DatagramServer, text: string): Promise<string> {
  return run(function* () {
    const socket = client()
    yield* socket.sendto(text, server.serverPort, '127.0.0.1')
    const [answer] = yield* socket.recvfrom(undefined, { timeoutMs: 2000 })
    return String(answer)
  })
}

/** A server that answers each message, for the running test. */
async function echoing(options: DatagramServerOptions = {}): Promise<DatagramServer> {
  const server: DatagramServer = track(
    new DatagramServer(
      '127.0.0.1:0',
      function* echo(data, address): Green<void> {
        yield* server.sendto(data, address)
      },
      options,
    ),
  )
  await server.start()
  return server
}

describe('a DatagramServer', () => {
  it('hands the handler each message and the address of its sender, and answers with sendto()', async () => {
    const server = await echoing()
    expect(await ask(server, 'one')).toBe('one')
    expect(await ask(server, 'two')).toBe('two')
    expect(server.address).toEqual(['127.0.0.1', server.serverPort])
    expect(String(server)).toBe(`<DatagramServer at 127.0.0.1:${server.serverPort}, handle=echo, started>`)
  })

  it('takes the handler of a subclass', async () => {
    class Upper extends DatagramServer {
      override *handle(data: Buffer, address: Address): Green<void> {
        yield* this.sendto(String(data).toUpperCase(), address)
      }
    }
    const server = track(new Upper(['127.0.0.1', 0]))
    await server.start()
    expect(await ask(server, 'loud')).toBe('LOUD')
  })

  it('speaks IPv6 when its host is an address of that', async () => {
    const server = track(new DatagramServer('[::1]:0', () => undefined))
    await server.start()
    expect(server.serverHost).toBe('::1')
    expect(server.socket.address().family).toBe('IPv6')
  })

  it('takes a socket that is bound already, and closes it', async () => {
    const socket = client()
    await run(function* () {
      yield* socket.bind(0, '127.0.0.1')
    })
    const server: DatagramServer = new DatagramServer(socket, (data, address) => server.sendto(data, address))
    expect(server.serverPort).toBe(socket.address().port)
    await server.start()
    expect(await ask(server, 'given')).toBe('given')
    await server.stop()
    expect(socket.fileno()).toBe(-1)
  })

  it('takes a Socket that is bound, and closes it', async () => {
    const socket = new Socket(AF_INET, SOCK_DGRAM)
    await socket.bind(['127.0.0.1', 0])
    const server: DatagramServer = track(new DatagramServer(socket, (data, address) => server.sendto(data, address)))
    await server.start()
    expect(await ask(server, 'given')).toBe('given')
    await server.stop()
    expect(socket.fileno()).toBe(-1)
  })

  it('reports an error of the handler with the sender, and lives', async () => {
    const reports = catchReports()
    const server: DatagramServer = track(
      new DatagramServer('127.0.0.1:0', function* failing(data, address) {
        if (String(data) === 'fail') throw new RangeError('too much')
        yield* server.sendto(data, address)
      }),
    )
    await server.start()
    const socket = client()
    await socket.sendto('fail', server.serverPort, '127.0.0.1')
    await eventually('it is reported', () => reports.length === 1)
    expect(reports).toEqual([
      { name: `failing(127.0.0.1:${socket.address().port})`, error: new RangeError('too much') },
    ])
    expect(await ask(server, 'well')).toBe('well')
  })

  it('lets messages wait while it does not accept, or its pool is full', async () => {
    const order: string[] = []
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = track(
      new DatagramServer(
        '127.0.0.1:0',
        async (data) => {
          order.push(String(data))
          await gate
        },
        { spawn: 1 },
      ),
    )
    await server.start()
    server.stopAccepting()
    const socket = client()
    for (const text of ['one', 'two', 'three']) await socket.sendto(text, server.serverPort, '127.0.0.1')
    await sleep(5)
    expect(order).toEqual([])
    server.startAccepting()
    await eventually('one is handled', () => order.length > 0)
    await sleep(5)
    expect(order).toEqual(['one'])
    release()
    await eventually('all are handled', () => order.length === 3)
    expect(order).toEqual(['one', 'two', 'three'])
  })

  it('goes on after an error of its socket, which it reports', async () => {
    const reports = catchReports()
    const server = await echoing()
    await sleep(1)
    const error = Object.assign(new Error('recvmsg ENOBUFS'), { code: 'ENOBUFS' })
    server.socket.emit('error', error)
    expect(await ask(server, 'after')).toBe('after')
    expect(reports).toEqual([
      { name: `<DatagramServer at 127.0.0.1:${server.serverPort}, handle=echo, started>`, error },
    ])
  })

  it('serves for ever, until it is stopped', async () => {
    const server = track(new DatagramServer('127.0.0.1:0', () => undefined))
    const forever = spawn(() => server.serveForever())
    await eventually('it listens', () => server.serverPort !== 0)
    await server.stop()
    await forever.get()
    expect(server.closed).toBe(true)
  })

  it('throws the error of bind when the port is taken', async () => {
    const server = await echoing()
    const second = track(new DatagramServer(['127.0.0.1', server.serverPort], () => undefined))
    expect(await rejection(second.start())).toMatchObject({ code: 'EADDRINUSE' })
    expect(second.closed).toBe(true)
  })

  it.each([
    ['/run/some.sock', '"/run/some.sock" (string)'],
    [-1, '-1 (number)'],
    [{}, 'an Object'],
  ])('does not listen at %o', (listener, shown) => {
    expect(usage(() => new DatagramServer(listener as never, () => undefined))).toBe(
      `new DatagramServer() expects its listener to be a port, 'host:port', [host, port], a socket of dgram.createSocket(), or a Socket that is bound, but got ${shown}.`,
    )
  })

  it('refuses what is no handler', () => {
    expect(usage(() => new DatagramServer(0))).toBe(
      'new DatagramServer() expects a handler, `function* (data, address) { ... }`, or a subclass with handle(), but got undefined.',
    )
  })

  it('refuses a socket that is not bound, or whose messages somebody else is given', async () => {
    const unbound = client()
    expect(usage(() => new DatagramServer(unbound, () => undefined).start())).toBe(
      'A DatagramServer was given a socket that is not bound.\n\n' +
        "  new DatagramServer(dgram.createSocket('udp4'), handle).start()   // incorrect: where?\n" +
        '  new DatagramServer(yield* socket.bind(port), handle).start()     // correct: or new DatagramServer(port, handle)',
    )
    const taken = client()
    taken.on('message', () => undefined)
    expect(usage(() => new DatagramServer(taken, () => undefined).start()).split('\n')[0]).toBe(
      "A DatagramServer was given a socket that has a listener for 'message', which is given every message already.",
    )
  })
})
