// What a fetch of `greenloop/http` that is given up leaves of its connection: nothing, also of one that was being made.
import type net from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, GreenletExit, getHub, joinall, run, spawn, withTimeout } from 'greenloop'
import { type FetchInit, fetch } from 'greenloop/http'
import { getGlobalDispatcher, MockAgent, Request, setGlobalDispatcher } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, eventually, inWait, listen, type TcpServer } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

function* read(url: string, init?: FetchInit): Green<string> {
  return yield* (yield* fetch(url, init)).text()
}

/** A server that takes connections, and says nothing: the handshake of TLS never ends. */
async function stalled(): Promise<TcpServer & { readonly url: string }> {
  const server = await listen((peer) => peer.resume())
  return Object.assign(server, { url: `https://127.0.0.1:${String(server.port)}/` })
}

/** The connections of this process that are there or in the making. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCPSocket|TCPConnect|TLS|GetAddr)/u.test(kind)).length
}

describe('a connection in the making', () => {
  it('is given up with its greenlet, at once', async () => {
    const before = connections()
    const unhandled = catchUnhandled()
    const server = await stalled()
    const victim = spawn(read, server.url)
    await eventually('it connects', () => server.sockets.size === 1)
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    await eventually('the server has none', () => server.sockets.size === 0)
    expect([connections(), getHub().outstanding, unhandled]).toEqual([before, 0, []])
  })

  it('is given up when the time is out', async () => {
    const server = await stalled()
    await rejection(withTimeout(20, read, server.url))
    await eventually('the server has none', () => server.sockets.size === 0)
  })

  it('is given up before the server has it', async () => {
    const before = connections()
    const server = await stalled()
    const victim = spawn(function* () {
      queueMicrotask(() => void victim.kill())
      yield* fetch(server.url)
    })
    await victim.join()
    await eventually('nothing is left', () => connections() === before && server.sockets.size === 0)
  })

  it('is given up of many, and those of others go on', async () => {
    const server = await stalled()
    const victims = Array.from({ length: 20 }, () => spawn(read, server.url))
    await eventually('all connect', () => server.sockets.size === 20)
    for (const victim of victims.slice(1)) void victim.kill()
    await joinall(victims.slice(1))
    await eventually('the server has one', () => server.sockets.size === 1)
    expect(victims[0]?.dead).toBe(false)
    await victims[0]?.kill()
    await eventually('the server has none', () => server.sockets.size === 0)
  })

  it('is given up behind redirects', async () => {
    const server = await stalled()
    const { url } = await serve((request, response) => {
      const location = request.url === '/first' ? '/second' : server.url
      response.writeHead(302, { location }).end('elsewhere')
      return true
    })
    const victim = spawn(read, `${url}/first`)
    await eventually('it connects', () => server.sockets.size === 1)
    await victim.kill()
    await eventually('the server has none', () => server.sockets.size === 0)
  })

  it('is given up with its body', async () => {
    const server = await stalled()
    const body = new ReadableStream()
    const victim = spawn(read, server.url, { method: 'POST', body, duplex: 'half' })
    await eventually('it connects', () => server.sockets.size === 1)
    await victim.kill()
    await eventually('the server has none', () => server.sockets.size === 0)
  })

  it('is not with the first of two that wait for it', async () => {
    const server = await stalled()
    const shared = fetch(server.url)
    const unhandled = catchUnhandled()
    const failed = rejection(shared)
    const drive = (): Green<unknown> =>
      (function* () {
        return yield* shared
      })()
    const [first, second] = [spawn(drive), spawn(drive)]
    await inWait(second)
    await eventually('it connects', () => server.sockets.size === 1)
    await first.kill()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(server.sockets.size).toBe(1)
    await second.kill()
    await eventually('the server has none', () => server.sockets.size === 0)
    expect(await failed).toMatchObject({ name: 'AbortError', message: 'This operation was aborted' })
    expect(unhandled).toEqual([])
  })

  it('that fails tells what undici tells', async () => {
    const server = await listen((peer) => {
      peer.once('data', () => peer.end('no TLS at all\r\n'))
    })
    expect(await rejection(fetch(`https://127.0.0.1:${String(server.port)}/`))).toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    })
  })
})

describe('between two requests of a fetch', () => {
  it('nothing more is sent', async () => {
    const { url, requests } = await serve((_request, response) => {
      response.writeHead(302, { location: '/next' })
      response.write('a body that goes on, and keeps fetch at it no longer than it likes')
      setTimeout(() => response.end(), 5)
      return true
    })
    const victim = spawn(read, url)
    await eventually('some were sent', () => requests.length > 2)
    await victim.kill()
    const sent = requests.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(requests.length).toBeLessThanOrEqual(sent + 1) // that was under way
  })

  it('one that an earlier answer still occupies is closed, too', async () => {
    const peers: net.Socket[] = []
    const server = await listen((peer) => {
      peers.push(peer)
      peer.on('data', (data) => {
        if (String(data).startsWith('GET /first'))
          peer.write('HTTP/1.1 302 Found\r\nlocation: /silent\r\ncontent-length: 100000\r\n\r\na part')
      })
    })
    const victim = spawn(read, `http://127.0.0.1:${String(server.port)}/first`)
    await eventually('both are open', () => peers.length === 2)
    await victim.kill()
    await eventually('both are closed', () => server.sockets.size === 0)
  })
})

describe('the caller’s own signal', () => {
  it('is followed although nobody else holds it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { url } = await serve()
    const collecting = setInterval(collect, 2)
    onTestFinished(() => {
      clearInterval(collecting)
    })
    const request = new Request(`${url}/silent`, { signal: AbortSignal.timeout(30) }) // undici itself loses it
    const failures = await Promise.all([
      rejection(fetch(`${url}/silent`, { signal: AbortSignal.timeout(30) })),
      rejection(fetch(`${url}/endless`, { signal: AbortSignal.timeout(30) }).then((response) => response.text())),
      rejection(fetch(request)),
      rejection(run(() => read(`${url}/endless`, { signal: AbortSignal.timeout(30) }))),
    ])
    expect(failures.map((error) => (error as Error).name)).toEqual(Array(4).fill('TimeoutError'))
    expect(request.url).toBe(`${url}/silent`)
  })
})

describe('what the program has set as undici’s dispatcher', () => {
  it('gets the requests, as fetch makes them, and those are given up', async () => {
    const { url, came, aborted } = await serve()
    const usual = getGlobalDispatcher()
    const seen: unknown[][] = []
    class Watching extends MockAgent {
      override dispatch(...args: Parameters<MockAgent['dispatch']>): boolean {
        const [options, handler] = args
        seen.push([Reflect.ownKeys(options).filter((key) => typeof key === 'symbol'), Object.keys(handler)[0]])
        return super.dispatch(...args)
      }
    }
    const agent = new Watching()
    agent.enableNetConnect()
    agent.get('http://mock.example').intercept({ path: '/', method: 'POST', body: 'sent' }).reply(200, 'mocked')
    setGlobalDispatcher(agent)
    onTestFinished(async () => {
      setGlobalDispatcher(usual)
      await agent.close()
    })
    expect(await run(() => read('http://mock.example/', { method: 'POST', body: 'sent' }))).toBe('mocked')
    const victim = spawn(read, `${url}/silent`)
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
    expect(seen).toEqual([
      [[], 'body'],
      [[], 'body'],
    ])
  })
})
