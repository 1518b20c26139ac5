// What servers do to connections (resets, interim answers) and what programs do (giving up): each would, in undici alone, harm the next request.
import type net from 'node:net'
import { getHub, run, sleep, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Hosts } from '../../../src/http/transport/hosts.ts'
import { catchUnhandled, eventually, inWait, listen, type TcpServer } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { reset } from '../../support/reset.ts'
import { rejection } from '../../support/thrown.ts'
import { agents, STRAIGHT, send } from './send.ts'

checkLeaks()

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'

interface Server {
  readonly url: string
  readonly tcp: TcpServer
}

/** A server that does with each request what it is told; `count` is that of the connection. */
async function server(onRequest: (peer: net.Socket, count: number) => void): Promise<Server> {
  const tcp = await listen((peer) => {
    const count = tcp.accepted
    peer.on('data', () => {
      onRequest(peer, count)
    })
  })
  return { tcp, url: `http://127.0.0.1:${String(tcp.port)}/` }
}

/** A session with one connection to each host. */
function session(): requests.Session {
  const made = new requests.Session({ connectionsPerHost: 1 })
  onTestFinished(() => {
    made.close()
  })
  return made
}

describe('a request that is given up', () => {
  it('while its answer is to come has no other connection made', async () => {
    const { url, tcp } = await server((peer, count) => count > 1 && peer.write(HELLO))
    const client = session()
    const greenlet = spawn(() => client.get(url))
    await inWait(greenlet)
    await eventually('it has come', () => tcp.accepted === 1)
    await greenlet.kill()
    await eventually('it is closed', () => tcp.sockets.size === 0)
    await sleep(5)
    expect(tcp.accepted).toBe(1)
    expect((await client.get(url)).text).toBe('hello')
    expect(tcp.accepted).toBe(2)
  })

  it('in mid-body has none made either, and the next one in the line goes', async () => {
    const { url, tcp } = await server((peer, count) => {
      peer.write(count === 1 ? 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na part' : HELLO)
    })
    const client = session()
    const response = await client.get(url, { stream: true })
    const next = spawn(() => client.get(url))
    await inWait(next)
    response.close()
    expect((await next.get()).text).toBe('hello')
    expect([tcp.accepted, getHub().outstanding]).toEqual([2, 0])
  })
})

describe('a connection that undici has been given nothing for', () => {
  it('is free again: requests that cannot be written do not hold it', async () => {
    const { url } = await server((peer) => peer.write(HELLO))
    const dispatcher = agents({ connectionsPerHost: 1 }).dispatcherFor(new URL(url), STRAIGHT)
    const wrong = { method: 'POST', headers: ['content-length', '5'], body: 'not five' }
    for (let n = 0; n < 3; n++) {
      const sent = send(url, dispatcher, wrong)
      await sent.over
      expect(String(sent.error)).toBe(
        'RequestContentLengthMismatchError: Request body length does not match content-length header',
      )
    }
    const sent = send(url, dispatcher)
    await sent.over
    expect(sent.body).toBe('hello')
    expect((dispatcher as Hosts).size).toBe(1)
  })
})

describe('a reset', () => {
  it('of a body that nobody reads at the moment is an error for who reads on', async () => {
    const unhandled = catchUnhandled()
    const { url, tcp } = await server((peer) => {
      peer.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')
      peer.write(Buffer.alloc(90_000), () => {
        setTimeout(() => reset(peer), 5)
      })
    })
    const response = await requests.get(url, { stream: true })
    await eventually('it is reset', () => tcp.sockets.size === 0)
    await sleep(5)
    expect(String(await rejection(response.read()))).toBe(
      `ChunkedEncodingError: GET ${url} got a part of the body only: the server reset the connection (ECONNRESET).`,
    )
    expect(unhandled).toEqual([])
  })

  it('is not the end of a body that has no other end', async () => {
    const { url } = await server((peer) => {
      peer.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\na part', () => {
        setTimeout(() => reset(peer), 5)
      })
    })
    const error = await rejection(requests.get(url))
    expect(String(error)).toBe(
      `ChunkedEncodingError: GET ${url} got a part of the body only: the server reset the connection (ECONNRESET).`,
    )
    expect((error as Error).cause).toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  })

  it('where the answer was to come is a ConnectionError', async () => {
    const { url } = await server((peer) => reset(peer))
    expect(String(await rejection(requests.get(url)))).toBe(
      `ConnectionError: GET ${url} got no answer: the server reset the connection (ECONNRESET).`,
    )
  })

  it.each([
    ['ended', 'end'],
    ['reset', 'resetAndDestroy'],
  ] as const)('idle connections that are %s at the moment of the next request cost it nothing', async (_, how) => {
    const { url, tcp } = await server((peer) => {
      peer.write(HELLO, () => setImmediate(() => peer[how]()))
    })
    const client = session()
    await run(function* () {
      for (let n = 0; n < 20; n++) {
        expect((yield* client.post(url, { data: 'once' })).text).toBe('hello')
        if (n % 3 > 0) yield* sleep(n % 3)
      }
    })
    expect(tcp.accepted).toBe(20)
  })
})

describe('an interim answer', () => {
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
  const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n'

  it.each([
    ['100', [CONTINUE, HELLO]],
    ['100 with headers of its own', ['HTTP/1.1 100 Continue\r\nx-one: 1\r\n\r\n', HELLO]],
    ['100 in one piece with the answer', [CONTINUE + HELLO]],
    ['100 twice', [CONTINUE + CONTINUE, CONTINUE, HELLO]],
    ['103, then 100', [HINTS + CONTINUE + HELLO]],
    ['102', ['HTTP/1.1 102 Processing\r\n\r\n', HELLO]],
    [
      '100 cut anywhere',
      ['HTTP/1.1', ' 100 Con', 'tinue\r\n\r', '\nHTTP/1.1 2', '00 OK\r\ncontent-length: 5\r\n\r\nhello'],
    ],
    ['an answer byte by byte', Array.from(HELLO)],
  ])('%s is passed over, although nobody has asked for it', async (_, pieces) => {
    const { url, tcp } = await server((peer) => {
      void (async () => {
        for (const piece of pieces) {
          peer.write(piece)
          await new Promise((resolve) => setTimeout(resolve, pieces.length > 9 ? 0 : 3))
        }
      })()
    })
    const client = session()
    expect((await client.post(url, { data: 'x' })).text).toBe('hello')
    expect((await client.post(url, { data: 'x' })).text).toBe('hello')
    expect(tcp.accepted).toBe(1)
  })

  it('100 is a text like any other in a body', async () => {
    const { url } = await server((peer) => {
      peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${String(2 * CONTINUE.length)}\r\n\r\n`)
      setTimeout(() => peer.write(CONTINUE), 3)
      setTimeout(() => peer.write(CONTINUE), 6)
    })
    expect((await requests.get(url)).text).toBe(CONTINUE + CONTINUE)
  })
})

describe('HEAD', () => {
  it('leaves the connection open for the next request', async () => {
    const { url, tcp } = await server((peer) => {
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\n')
    })
    const client = session()
    for (let n = 0; n < 3; n++) expect((await client.head(url)).headers['content-length']).toBe('5')
    expect(tcp.accepted).toBe(1)
  })

  it('with a body, against the rules, spoils nothing but its connection', async () => {
    const { url, tcp } = await server((peer, count) => {
      peer.write(HELLO.replace('\r\n\r\n', '\r\nconnection: keep-alive\r\n\r\n').slice(0, count === 1 ? -2 : undefined))
    })
    const client = session()
    expect((await client.head(url)).content).toHaveLength(0)
    expect((await client.get(url)).text).toBe('hello')
    expect(tcp.accepted).toBe(2)
  })
})
