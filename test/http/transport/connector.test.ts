// Requests that are taken back before they begin, and the connections that are kept: their number, the line before them, their end.
import type net from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Agent, type buildConnector, fetch, MockAgent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Dropped, direct } from '../../../src/http/transport/connector.ts'
import { Hosts } from '../../../src/http/transport/hosts.ts'
import { catchUnhandled, eventually, listen, type TcpServer } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { serve } from '../support.ts'
import { proxy } from './proxy-server.ts'
import { agents, type Sent, STRAIGHT, send } from './send.ts'
import { CA, secureServer } from './tls.ts'

checkLeaks()

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'

/** A dispatcher for `url`. */
function hosts(url: string, connectionsPerHost: number | null = null, route = STRAIGHT): Hosts {
  const made = agents({ connectionsPerHost }).dispatcherFor(new URL(url), route)
  if (!(made instanceof Hosts)) throw new Error('Another kind of dispatcher.')
  return made
}

/** Takes a request back, as an exchange does. */
function drop(sent: Sent): void {
  if (sent.holder === null) throw new Error('It has begun.')
  sent.holder.drop(sent)
}

/** A server for plain connections that answers each request when it is told to. */
async function slow(): Promise<TcpServer & { url: string; waiting: net.Socket[]; reply(): void }> {
  const waiting: net.Socket[] = []
  const server = await listen((peer) => {
    peer.on('data', () => waiting.push(peer))
  })
  return Object.assign(server, {
    url: `http://127.0.0.1:${String(server.port)}`,
    waiting,
    reply: () => waiting.shift()?.write(HELLO),
  })
}

describe('a request that is taken back', () => {
  it('while the connection is being made destroys it: nothing is left, and nobody but its handler is told', async () => {
    const unhandled = catchUnhandled()
    const server = await slow()
    const dispatcher = hosts(server.url)
    const sent = send(server.url, dispatcher)
    drop(sent)
    await sent.over
    expect([sent.told, (sent.error as Dropped).name]).toEqual([['error'], 'Dropped'])
    await eventually('the host is forgotten', () => dispatcher.size === 0)
    await turn()
    expect([server.sockets.size, server.waiting.length, unhandled]).toEqual([0, 0, []])
  })

  it('is followed by others to the same host as if it had not been', async () => {
    const server = await serve()
    const dispatcher = hosts(server.url)
    const first = send(server.url, dispatcher)
    drop(first)
    const second = send(server.url, dispatcher)
    await second.over
    await first.over
    expect([second.body, server.requests]).toEqual(['hello', ['GET /']])
  })

  it('while its name is looked up ends at once', async () => {
    const url = 'http://does-not-exist.invalid/'
    const sent = send(url, hosts(url))
    drop(sent)
    await sent.over
    expect((sent.error as Dropped).name).toBe('Dropped')
  })

  it('in the handshake of TLS destroys the connection', async () => {
    const silent = await listen((peer) => peer.resume())
    const url = `https://127.0.0.1:${String(silent.port)}`
    const sent = send(url, hosts(url))
    await eventually('the connection is there', () => silent.sockets.size === 1)
    drop(sent)
    await sent.over
    await eventually('the connection is gone', () => silent.sockets.size === 0)
  })

  it('with a body whose length is not known, which undici connects for a moment later', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url)
    const sent = send(server.url, dispatcher, { method: 'POST', body: Readable.from(['a', 'b']) })
    drop(sent)
    await sent.over
    await eventually('the host is forgotten', () => dispatcher.size === 0)
    expect([sent.told, server.accepted]).toEqual([['error'], 0])
  })

  it('while undici makes sure that an idle connection is alive begins, to be aborted, and takes the connection along', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url)
    const first = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    server.reply()
    await first.over
    await turn()
    await turn()
    const second = send(server.url, dispatcher)
    expect(second.told).toEqual([])
    drop(second)
    second.onRequestStart = (controller) => {
      second.told.push('start')
      controller.abort(new Error('taken back'))
    }
    await second.over
    expect(second.told).toEqual(['start', 'error'])
    await turn()
    const third = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    server.reply()
    await third.over
    expect([third.body, server.accepted]).toEqual(['hello', 2])
    await eventually('the first connection is closed', () => server.sockets.size === 1)
  })

  it('in the line leaves it, and the next one goes', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url, 1)
    const sent = ['/1', '/2', '/3'].map((path) => send(server.url + path, dispatcher))
    const [first, second, third] = sent as [Sent, Sent, Sent]
    drop(second)
    await eventually('the first was asked', () => server.waiting.length === 1)
    server.reply()
    await eventually('the third was asked', () => server.waiting.length === 1)
    server.reply()
    await third.over
    expect([first.body, second.told, third.body, server.accepted]).toEqual(['hello', [], 'hello', 1])
  })

  it('at the head of the line, while its connection is made, lets the next one go, and the limit holds', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url, 2)
    const sent = Array.from({ length: 6 }, (_, at) => send(`${server.url}/${String(at)}`, dispatcher))
    for (const one of sent.slice(0, 3)) drop(one)
    const rest = sent.slice(3)
    let most = 0
    while (rest.some(({ told }) => !told.includes('end'))) {
      await turn()
      most = Math.max(most, server.sockets.size)
      server.reply()
    }
    expect(rest.map(({ body }) => body)).toEqual(['hello', 'hello', 'hello'])
    expect(most).toBeLessThanOrEqual(2)
  })

  it('in the middle of a tunnel ends it, whatever the proxy was asked', async () => {
    const quiet = await proxy({ silent: true })
    const route = { ...STRAIGHT, proxy: new URL(quiet.url) }
    const dispatcher = hosts('https://127.0.0.1:1', null, route)
    const sent = send('https://127.0.0.1:1/', dispatcher)
    await eventually('the proxy was asked', () => quiet.seen.length === 1)
    drop(sent)
    await sent.over
    expect((sent.error as Dropped).name).toBe('Dropped')
    await quiet.open(0)
    expect(dispatcher.size).toBe(0)
  })

  it('in the handshake through a tunnel ends it, too', async () => {
    const silent = await listen((peer) => peer.resume())
    const open = await proxy()
    const url = `https://127.0.0.1:${String(silent.port)}`
    const sent = send(url, hosts(url, null, { ...STRAIGHT, proxy: new URL(open.url) }))
    await eventually('the tunnel is there', () => silent.sockets.size === 1)
    await turn()
    drop(sent)
    await sent.over
    await open.open(0)
    await eventually('the server is left alone', () => silent.sockets.size === 0)
  })

  it('in the middle of what SOCKS has to say ends it', async () => {
    const quiet = await listen((peer) => peer.resume())
    const route = { ...STRAIGHT, proxy: new URL(`socks5://127.0.0.1:${String(quiet.port)}`) }
    const sent = send('http://somewhere.example/', hosts('http://somewhere.example/', null, route))
    await eventually('the proxy was asked', () => quiet.sockets.size === 1)
    drop(sent)
    await sent.over
    expect((sent.error as Dropped).name).toBe('Dropped')
    await eventually('the connection is gone', () => quiet.sockets.size === 0)
  })

  it('two hundred times over at any moment leaves nothing behind', async () => {
    const unhandled = catchUnhandled()
    const server = await serve()
    const dispatcher = hosts(server.url, 10)
    const sent: Sent[] = []
    for (let at = 0; at < 200; at++) {
      const one = send(server.url, dispatcher)
      sent.push(one)
      if (at % 3 === 0) drop(one)
      if (at % 17 === 0) await turn()
    }
    const kept = sent.filter((_, at) => at % 3 !== 0)
    await Promise.all(kept.map(({ over }) => over))
    expect(kept.every(({ body }) => body === 'hello')).toBe(true)
    await dispatcher.close()
    expect([dispatcher.size, unhandled]).toEqual([0, []])
  })

  it('of a dispatcher that is not ours has no holder: it is aborted when it begins', async () => {
    const server = await serve()
    const foreign = new Agent()
    onTestFinished(() => foreign.destroy())
    const sent = send(server.url, foreign)
    expect(sent.holder).toBeNull()
    await sent.over
    expect(sent.body).toBe('hello')
    const mock = new MockAgent()
    onTestFinished(() => mock.close())
    mock.get('http://mocked').intercept({ path: '/' }).reply(200, 'mocked')
    const mocked = send('http://mocked/', mock)
    await mocked.over
    expect([mocked.holder, mocked.body]).toEqual([null, 'mocked'])
  })
})

describe('connections', () => {
  it('are used again, the latest first', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url)
    for (let at = 0; at < 3; at++) {
      const sent = send(server.url, dispatcher)
      await eventually('it was asked', () => server.waiting.length === 1)
      server.reply()
      await sent.over
      await turn()
    }
    expect(server.accepted).toBe(1)
  })

  it('are as many as are needed, or as `connectionsPerHost` allows; the line is served in order', async () => {
    const server = await slow()
    const free = hosts(server.url)
    const many = Array.from({ length: 5 }, () => send(server.url, free))
    await eventually('all were asked', () => server.waiting.length === 5)
    while (server.waiting.length > 0) server.reply()
    await Promise.all(many.map(({ over }) => over))

    const limited = hosts(server.url, 2)
    const order: number[] = []
    const few = Array.from({ length: 6 }, (_, at) => {
      const sent = send(server.url, limited)
      void sent.over.then(() => order.push(at))
      return sent
    })
    for (let at = 0; at < 3; at++) {
      await eventually('two were asked', () => server.waiting.length === 2)
      server.reply()
      server.reply()
    }
    await Promise.all(few.map(({ over }) => over))
    expect([order, few.every(({ body }) => body === 'hello')]).toEqual([[0, 1, 2, 3, 4, 5], true])
    expect(server.accepted).toBe(7)
  })

  it('survive a request that undici refuses for its arguments', async () => {
    const server = await serve()
    const dispatcher = hosts(server.url, 1)
    for (let at = 0; at < 3; at++) {
      const wrong = send(server.url, dispatcher, { headers: ['transfer-encoding', 'chunked'] })
      expect(wrong.error?.message).toBe('invalid transfer-encoding header')
      await wrong.over
    }
    const right = send(server.url, dispatcher)
    await right.over
    expect(right.body).toBe('hello')
  })

  it('that the server closes are forgotten, and so is a host without any', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url)
    const sent = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    server.reply()
    await sent.over
    expect(dispatcher.size).toBe(1)
    for (const socket of server.sockets) socket.destroy()
    await eventually('the host is forgotten', () => dispatcher.size === 0)
  })

  it('that fail are forgotten, too, while the line is served', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url, 1)
    const first = send(server.url, dispatcher)
    const second = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    server.waiting.shift()?.resetAndDestroy()
    await first.over
    await eventually('the second was asked', () => server.waiting.length === 1)
    server.reply()
    await second.over
    expect([first.told, second.body]).toEqual([['start', 'error'], 'hello'])
  })

  it('idle ones do not outlive `keepAliveMs`, unless the server says how long it keeps them', async () => {
    const server = await slow()
    const dispatcher = agents({ keepAliveMs: 5 }).dispatcherFor(new URL(server.url), STRAIGHT) as Hosts
    const sent = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    server.reply()
    await sent.over
    await eventually('the host is forgotten', () => dispatcher.size === 0)
  })

  it('undici itself can use them: its fetch takes the dispatcher', async () => {
    const server = await serve()
    const response = await fetch(server.url, { dispatcher: hosts(server.url) })
    expect(await response.text()).toBe('hello')
  })

  it('the name on the certificate is held against the URL, not against the header `host`', async () => {
    const { port } = await secureServer()
    const url = `https://127.0.0.1:${String(port)}/`
    const dispatcher = hosts(url, null, { ...STRAIGHT, verify: CA })
    const sent = send(url, dispatcher, { headers: ['host', 'elsewhere.example'] })
    await sent.over
    expect([sent.error, sent.body]).toEqual([null, 'elsewhere.example /'])
  })
})

describe('a connection that Node refuses to make, or that ends without a word', () => {
  it('calls back once, with an error, later', async () => {
    const { port } = await listen()
    const target = { hostname: '127.0.0.1', host: '127.0.0.1', port: String(port), protocol: 'http:' }
    const outcomes: string[] = []
    const note = (...outcome: Parameters<buildConnector.Callback>): void => void outcomes.push(String(outcome[0]))
    direct({})({ ...target, localAddress: 'no address' }, note)
    direct({})({ ...target, localAddress: 'no address' }, note).destroy(new Error('given up'))
    const socket = direct({})(target, note) as net.Socket
    socket.destroy()
    expect(outcomes).toEqual(['Error: given up'])
    await eventually('all have called back', () => outcomes.length === 3)
    expect(outcomes[1]).toMatch(/^TypeError.*Invalid IP address: no address$/u)
    expect(outcomes[2]).toBe('Error: The connection was closed before it was made.')
  })
})

describe('the end', () => {
  it('close() lets end what was begun, the line included, and then closes', async () => {
    const server = await slow()
    const dispatcher = hosts(server.url, 1)
    const sent = [send(server.url, dispatcher), send(server.url, dispatcher)]
    const closed = dispatcher.close()
    const late = send(server.url, dispatcher)
    await late.over
    expect(late.error?.name).toBe('ClientClosedError')
    for (let at = 0; at < 2; at++) {
      await eventually('it was asked', () => server.waiting.length === 1)
      server.reply()
    }
    await closed
    expect(sent.map(({ body }) => body)).toEqual(['hello', 'hello'])
    await eventually('the connections are closed', () => server.sockets.size === 0)
    await dispatcher.close()
  })

  it('close() closes idle connections at once', async () => {
    const server = await serve()
    const dispatcher = hosts(server.url)
    await send(server.url, dispatcher).over
    await turn()
    await turn()
    await dispatcher.close()
    expect(dispatcher.size).toBe(0)
  })

  it('destroy() ends all: what runs, what connects, what stands in the line', async () => {
    const unhandled = catchUnhandled()
    const server = await slow()
    const dispatcher = hosts(server.url, 2)
    const running = send(server.url, dispatcher)
    await eventually('it was asked', () => server.waiting.length === 1)
    const connecting = send(server.url, dispatcher)
    const inLine = send(server.url, dispatcher)
    await dispatcher.destroy()
    await Promise.all([running.over, connecting.over, inLine.over])
    expect([running, connecting, inLine].map(({ error }) => error?.name)).toEqual(
      Array.from({ length: 3 }, () => 'ClientDestroyedError'),
    )
    const late = send(server.url, dispatcher)
    expect(late.error?.name).toBe('ClientDestroyedError')
    await eventually('the connections are closed', () => server.sockets.size === 0)
    expect([dispatcher.size, unhandled]).toEqual([0, []])
  })
})
