// What a server, or a proxy, can do to a client of HTTP: for each a clear error of `requests` and of both fetches, and nothing left behind.
import { readFileSync } from 'node:fs'
import type net from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Green, run } from 'greenloop'
import { requests } from 'greenloop/http'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type AnyInit, BOTH, patchForFile } from '../http/fetch/both.ts'
import { openHandles } from '../http/serve/support.ts'
import { type ProxyOptions, proxy } from '../http/transport/proxy-server.ts'
import { CA, secureServer } from '../http/transport/tls.ts'
import { catchUnhandled, closedPort, eventually, listen, type TcpServer } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { catchReports } from '../support/reports.ts'
import { reset } from '../support/reset.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()
patchForFile()

let before = 0
beforeAll(() => {
  before = openHandles().length
})
afterAll(async () => {
  await eventually('no socket is left', () => openHandles().length <= before)
})

/** What a server does when something was asked. */
type React = (peer: net.Socket, asked: string) => void

/** What a fault comes to. */
interface Fault {
  readonly react: React
  readonly options?: requests.RequestOptions
  /** The class of the error and its text behind `GET url`; or the length of the body, where there is none. */
  readonly told: readonly [name: string, text: string] | number
  /** The text of what fetch throws, and of its cause, which in part is that of a parser; or the length of the body. Not there: fetch knows no such limit. */
  readonly fetch?: readonly [text: string, cause: RegExp] | number
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const FOUND = 'HTTP/1.1 302 Found\r\ncontent-length: 0\r\n'
const ZIPPED = gzipSync('green '.repeat(10_000))
/** The time of those that say nothing. */
const SHORT_MS = 40
const LIMIT = 1_000_000

const answer =
  (...parts: (string | Buffer)[]): React =>
  (peer) =>
    void peer.write(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
const answerAndEnd =
  (text: string): React =>
  (peer) =>
    void peer.end(text)
const zipped = (body: string | Buffer): React =>
  answer(`${OK}content-encoding: gzip\r\ncontent-length: ${String(body.length)}\r\n\r\n`, body)

/** Goes on for ever, as fast as it is taken. */
const endless =
  (start: string, more: string): React =>
  (peer) => {
    const block = more.repeat(Math.ceil(16_384 / more.length))
    const write = (): void => {
      if (peer.destroyed) return
      if (peer.write(block)) setImmediate(write)
      else peer.once('drain', () => setImmediate(write))
    }
    peer.write(start)
    write()
  }

const part = (text: string): [string, string] => ['ChunkedEncodingError', ` got a part of the body only: ${text}`]
const none = (text: string): [string, string] => ['ConnectionError', ` got no answer: ${text}`]
const notHttp = /^Response does not match the HTTP\/1\.1 protocol \(.+\)$/u
/** Some releases see that there are two lengths before their parser does. */
const twoLengths =
  /^Response (?:does not match the HTTP\/1\.1 protocol \(.+\)|body length does not match content-length header)$/u
const closed = /^other side closed$/u
const isReset = /^read ECONNRESET$/u

const FAULTS: Record<string, Fault> = {
  'truncated gzip': {
    react: zipped(ZIPPED.subarray(0, -12)),
    told: [
      'ContentDecodingError',
      ' cannot be decoded as gzip, which its content-encoding says it is: it is cut short.',
    ],
    fetch: 58_831, // as in browsers
  },
  'what is no gzip': {
    react: zipped('plain text'),
    told: [
      'ContentDecodingError',
      ' cannot be decoded as gzip, which its content-encoding says it is: incorrect header check.',
    ],
    fetch: ['terminated', /^incorrect header check$/u],
  },
  'a gzip bomb': {
    react: zipped(gzipSync(Buffer.alloc(20_000_000))),
    options: { bodyLimit: LIMIT },
    told: ['ContentTooLarge', ` is longer than ${String(LIMIT)} bytes when it is decoded.`],
  },
  'a body without an end': {
    react: endless(CHUNKED, `1000\r\n${'x'.repeat(4096)}\r\n`),
    options: { bodyLimit: LIMIT },
    told: ['ContentTooLarge', `: the body goes on, and no more than ${String(LIMIT)} are taken (\`bodyLimit\`).`],
  },
  'a body that says it is too long': {
    react: answer(`${OK}content-length: 9999999999\r\n\r\n`),
    options: { bodyLimit: LIMIT },
    told: [
      'ContentTooLarge',
      `: the body says that it has 9999999999 bytes, and no more than ${String(LIMIT)} are taken (\`bodyLimit\`).`,
    ],
  },
  'a content-length that is too long': {
    react: answerAndEnd(`${OK}content-length: 10\r\n\r\nshort`),
    told: part('the server closed the connection.'),
    fetch: ['terminated', closed],
  },
  'a content-length that is too long, on a connection that is to close': {
    react: answerAndEnd(`${OK}connection: close\r\ncontent-length: 10\r\n\r\nshort`),
    told: part('the server closed the connection before it had sent what its content-length says.'),
    fetch: ['terminated', twoLengths],
  },
  'a content-length that is too short: what comes behind is no part of the body': {
    react: answer(`${OK}content-length: 3\r\n\r\nmore than three`),
    told: 3,
    fetch: 3,
  },
  'two lengths': {
    react: answer(`${OK}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`),
    told: none('what the server sent is not HTTP, or has more than one content-length.'),
    fetch: ['fetch failed', twoLengths],
  },
  'a length beside chunks': {
    react: answer(`${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    told: none('what the server sent is not HTTP, or has more than one content-length.'),
    fetch: ['fetch failed', twoLengths],
  },
  'a length that is no number': {
    react: answer(`${OK}content-length: -1\r\n\r\n`),
    told: none('what the server sent is not HTTP (Invalid character in Content-Length).'),
    fetch: ['fetch failed', notHttp],
  },
  'a reset instead of an answer': {
    react: (peer) => reset(peer),
    told: none('the server reset the connection (ECONNRESET).'),
    fetch: ['fetch failed', isReset],
  },
  'a reset in mid-body': {
    react: (peer) => {
      peer.write(`${OK}content-length: 10\r\n\r\nshort`)
      setTimeout(() => reset(peer), 20)
    },
    told: part('the server reset the connection (ECONNRESET).'),
    fetch: ['terminated', isReset],
  },
  'the end in the header': {
    react: answerAndEnd(`${OK}content-`),
    told: none('the server closed the connection.'),
    fetch: ['fetch failed', closed],
  },
  'the end in mid-chunk': {
    react: answerAndEnd(`${CHUNKED}5\r\nab`),
    told: part('the server closed the connection.'),
    fetch: ['terminated', closed],
  },
  'the end before the last chunk': {
    react: answerAndEnd(`${CHUNKED}2\r\nab\r\n`),
    told: part('the server closed the connection.'),
    fetch: ['terminated', closed],
  },
  'a chunk without a length': {
    react: answer(`${CHUNKED}2\r\nab\r\nlength?\r\n`),
    told: part('what the server sent is not HTTP (Invalid character in chunk size).'),
    fetch: ['terminated', notHttp],
  },
  'a chunk that is longer than its length': {
    react: answer(`${CHUNKED}2\r\nabcd\r\n0\r\n\r\n`),
    told: part('what the server sent is not HTTP (Expected LF after chunk data).'),
    fetch: ['terminated', notHttp],
  },
  'a chunk of more bytes than there are': {
    react: answer(`${CHUNKED}fffffffffffffffff\r\nab`),
    told: part('what the server sent is not HTTP (Chunk size overflow).'),
    fetch: ['terminated', notHttp],
  },
  'the greeting of a mail server': {
    react: answer('220 mail.example ready\r\n'),
    told: none('what the server sent is not HTTP (Expected HTTP/, RTSP/ or ICE/).'),
    fetch: ['fetch failed', notHttp],
  },
  'bytes of TLS': {
    react: answer(Buffer.of(21, 3, 1, 0, 2, 2, 40)),
    told: none('what the server sent is not HTTP (Expected HTTP/, RTSP/ or ICE/).'),
    fetch: ['fetch failed', notHttp],
  },
  'a header of too many bytes': {
    react: answer(`${OK}x-bomb: ${'x'.repeat(20_000)}\r\n\r\n`),
    told: none('the header of the answer is too long (UND_ERR_HEADERS_OVERFLOW).'),
    fetch: ['fetch failed', /^Headers Overflow Error$/u],
  },
  'a header without an end': {
    react: endless(OK, 'x-bomb: x\r\n'),
    told: none('the header of the answer is too long (UND_ERR_HEADERS_OVERFLOW).'),
    fetch: ['fetch failed', /^Headers Overflow Error$/u],
  },
  'a hundred informational heads, which are no failure': {
    react: answer('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100), `${OK}content-length: 2\r\n\r\nhi`),
    told: 2,
    fetch: 2,
  },
  'a hundred times that it may go on, which is no failure of `requests`': {
    react: answer('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), `${OK}content-length: 2\r\n\r\nhi`),
    told: 2, // Node's fetch does not know what to do with it
  },
  'informational heads without an end': {
    react: endless('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
    options: { timeoutMs: SHORT_MS },
    told: ['ReadTimeout', `: nothing came from the server for ${String(SHORT_MS)} ms, where an answer was to come.`],
  },
  'a change of protocol that nobody asked for': {
    react: answer('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    told: none('the server sent what nobody asked for (bad upgrade).'),
    fetch: ['fetch failed', /^bad upgrade$/u],
  },
  'no answer': {
    react: () => undefined,
    options: { timeoutMs: SHORT_MS },
    told: ['ReadTimeout', `: nothing came from the server for ${String(SHORT_MS)} ms, where an answer was to come.`],
  },
  'no end of the body': {
    react: answer(`${OK}content-length: 10\r\n\r\nshort`),
    options: { timeoutMs: SHORT_MS },
    told: ['ReadTimeout', `: nothing came from the server for ${String(SHORT_MS)} ms, behind 5 bytes of the body.`],
  },
  'a redirect to itself': {
    react: answer(`${FOUND}location: /\r\n\r\n`),
    told: ['TooManyRedirects', ' was redirected more than 30 times, at last from URL.'],
    fetch: ['fetch failed', /^redirect count exceeded$/u],
  },
  'redirects to longer and longer URLs': {
    react: (peer, asked) => {
      const path = asked.slice(4, asked.indexOf(' ', 4))
      peer.write(`${FOUND}location: ${path}x\r\n\r\n`)
    },
    told: ['TooManyRedirects', ` was redirected more than 30 times, at last from URL${'x'.repeat(30)}.`],
    fetch: ['fetch failed', /^redirect count exceeded$/u],
  },
  'a redirect to what is no URL': {
    react: answer(`${FOUND}location: http://[::1\r\n\r\n`),
    told: ['InvalidURL', ' was redirected to "http://[::1", which is no URL.'],
    fetch: ['fetch failed', /^Invalid URL$/u],
  },
  'a redirect to a file': {
    react: answer(`${FOUND}location: file:///etc/passwd\r\n\r\n`),
    told: ['InvalidSchema', ' was redirected to "file:///etc/passwd"; only http: and https: can be followed.'],
    fetch: ['fetch failed', /^URL scheme must be a HTTP\(S\) scheme$/u],
  },
}

async function faulty(react: React): Promise<TcpServer & { url: string }> {
  const server = await listen((peer) => {
    peer.on('data', (asked) => {
      react(peer, String(asked))
    })
  })
  return Object.assign(server, { url: `http://127.0.0.1:${String(server.port)}/` })
}

/** How the two ways of `requests` ask for the length of a body. */
const WAYS: readonly (readonly [
  name: string,
  ask: (url: string, options?: requests.RequestOptions) => Green<number>,
])[] = [
  [
    'requests',
    function* (url, options) {
      using session = new requests.Session()
      return (yield* session.get(url, options)).content.length
    },
  ],
  [
    'requests, piece by piece',
    function* (url, options) {
      using session = new requests.Session()
      using pieces = (yield* session.get(url, { ...options, stream: true })).iterContent()
      let length = 0
      while (yield* pieces.next()) length += pieces.value.length
      return length
    },
  ],
]

describe.each(WAYS)('%s', (_, ask) => {
  it.each(Object.entries(FAULTS))('%s', async (__, { react, options, told }) => {
    const unhandled = catchUnhandled()
    const reports = catchReports()
    const server = await faulty(react)
    const { url } = server
    const asked = run(() => ask(url, options))
    if (typeof told === 'number') {
      expect(await asked).toBe(told)
    } else {
      const [name, text] = told
      const error = await rejection(asked)
      const subject = name === 'ContentDecodingError' || text.endsWith('decoded.') ? 'The body of GET' : 'GET'
      expect(error).toBeInstanceOf(requests.RequestException)
      expect([(error as Error).name, (error as Error).message]).toEqual([
        name,
        `${subject} ${url}${text.replace('last from URL', `last from ${url}`)}`,
      ])
    }
    await eventually('the server has no connection', () => server.sockets.size === 0)
    expect([unhandled, reports]).toEqual([[], []])
  })

  const failure = async (url: string, options?: requests.RequestOptions): Promise<[string, string]> => {
    const unhandled = catchUnhandled()
    const error = await rejection(run(() => ask(url, options)))
    expect(error).toBeInstanceOf(requests.ConnectionError)
    expect(unhandled).toEqual([])
    return [(error as Error).name, (error as Error).message]
  }

  it('nobody there', async () => {
    const place = `127.0.0.1:${String(await closedPort())}`
    expect(await failure(`http://${place}/`)).toEqual([
      'ConnectionError',
      `GET http://${place}/ got no connection: nobody listens at ${place} (ECONNREFUSED).`,
    ])
  })

  it('a name that nobody has', async () => {
    const [name, text] = await failure('http://x.invalid/')
    expect(name).toBe('ConnectionError')
    expect([
      'GET http://x.invalid/ got no connection: there is no host named x.invalid (ENOTFOUND).',
      'GET http://x.invalid/ got no connection: the name x.invalid cannot be looked up at the moment (EAI_AGAIN).', // without a network
    ]).toContain(text)
  })

  it('a certificate for another name', async () => {
    const { url } = await secureServer('other')
    expect(await failure(url, { verify: CA })).toEqual([
      'SSLError',
      `GET ${url}/ got no safe connection: the certificate is for other.example, not for 127.0.0.1 (ERR_TLS_CERT_ALTNAME_INVALID).`,
    ])
  })

  it('TLS where none is spoken, and none where it is', async () => {
    const plain = await faulty(answerAndEnd('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const url = plain.url.replace('http:', 'https:')
    const [name, text] = await failure(url)
    // The code is OpenSSL's, and not the same in all of its releases.
    expect([name, text.replace(/\([A-Z_]+\)/u, '(CODE)')]).toEqual([
      'SSLError',
      `GET ${url} got no safe connection: what answers at ${url.slice(8, -1)} does not speak TLS (CODE). Is it one for http:?`,
    ])
    const secure = await secureServer()
    const other = secure.url.replace('https:', 'http:')
    expect(await failure(other)).toEqual([
      'ConnectionError',
      `GET ${other}/ got no answer: the server closed the connection.`,
    ])
  })

  it.each<[string, ProxyOptions, requests.RequestOptions, string, string]>([
    [
      'that wants to know who asks',
      { auth: 'user:word' },
      {},
      'ProxyError',
      ' got no connection: the proxy PROXY refused HOST:443 with 407 Proxy Authentication Required. Its URL can have them: http://user:password@PLACE.',
    ],
    [
      'that forbids it',
      { refuse: 403 },
      {},
      'ProxyError',
      ' got no connection: the proxy PROXY refused HOST:443 with 403 Forbidden.',
    ],
    [
      'that hangs up',
      { hangUp: true },
      {},
      'ProxyError',
      ' got no connection: the proxy PROXY failed: it closed the connection.',
    ],
    [
      'that says nothing',
      { silent: true },
      { timeoutMs: SHORT_MS },
      'ConnectTimeout',
      ` got no connection within ${String(SHORT_MS)} ms.`,
    ],
  ])('a proxy %s', async (__, kind, options, name, text) => {
    const unsafe = await proxy(kind)
    const told = text
      .replace('PROXY', unsafe.url)
      .replace('PLACE', unsafe.url.slice(7))
      .replace('HOST', 'server.example')
    const all = { ...options, proxies: { https: unsafe.url } }
    expect(await failure('https://server.example/', all)).toEqual([name, `GET https://server.example/${told}`])
    await unsafe.open(0)
  })

  it('a proxy that is not there', async () => {
    const place = `127.0.0.1:${String(await closedPort())}`
    expect(await failure('http://server.example/', { proxies: { http: `http://${place}` } })).toEqual([
      'ProxyError',
      `GET http://server.example/ got no connection: the proxy http://${place} failed: nobody listens at ${place} (ECONNREFUSED).`,
    ])
  })
})

describe.each(BOTH)('the fetch of %s', (_, fetch) => {
  function* ask(url: string, init?: AnyInit): Green<number> {
    return (yield* (yield* fetch(url, init)).text()).length
  }
  const failure = async (url: string, init?: AnyInit): Promise<[string, string]> => {
    const unhandled = catchUnhandled()
    const error = (await rejection(run(() => ask(url, init)))) as Error
    expect(unhandled).toEqual([])
    let cause = error
    while (cause.cause instanceof Error) cause = cause.cause
    return [error.message, cause.message]
  }

  const known = Object.entries(FAULTS).flatMap(([name, { react, fetch: told }]) =>
    told === undefined ? [] : [{ name, react, told }],
  )
  it.each(known)('$name', async ({ react, told }) => {
    const { url } = await faulty(react)
    if (typeof told === 'number') expect(await run(() => ask(url))).toBe(told)
    else expect(await failure(url)).toEqual([told[0], expect.stringMatching(told[1])])
  })

  const through = (dispatcher: Dispatcher): Dispatcher => {
    onTestFinished(() => dispatcher.destroy())
    return dispatcher
  }

  it('nobody there, a name that nobody has', async () => {
    const place = `127.0.0.1:${String(await closedPort())}`
    expect(await failure(`http://${place}/`)).toEqual(['fetch failed', `connect ECONNREFUSED ${place}`])
    expect(await failure('http://x.invalid/')).toEqual([
      'fetch failed',
      expect.stringMatching(/^getaddrinfo (?:ENOTFOUND|EAI_AGAIN) x\.invalid$/u),
    ])
  })

  it('a certificate for another name', async () => {
    const { url } = await secureServer('other')
    const dispatcher = through(new Agent({ connect: { ca: readFileSync(CA) } }))
    expect(await failure(url, { dispatcher })).toEqual([
      'fetch failed',
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
    ])
  })

  it('a proxy that forbids it', async () => {
    const { url } = await proxy({ refuse: 403 })
    const dispatcher = through(new ProxyAgent(url))
    expect(await failure('https://server.example/', { dispatcher })).toEqual([
      'fetch failed',
      'Proxy response (403) !== 200 when HTTP Tunneling',
    ])
  })
})

/** Three seconds on an idle machine. */
const LONGEST_MS = 30_000

it('2,000 requests killed at random points leave nothing, and the pools of connections work on, within their limit', {
  timeout: LONGEST_MS,
}, async () => {
  const seed = process.env['GREENLOOP_SEED'] ?? '6'
  const { stdout, stderr, code } = await runProgram('../../stories/programs/requests-killed.ts', {
    args: [seed],
    longestMs: LONGEST_MS - 2000,
  })
  expect({ stderr, code }, `GREENLOOP_SEED=${seed}`).toEqual({ stderr: '', code: 0 })
  const { killedIn, mostBefore, ...rest } = JSON.parse(stdout) as {
    killedIn: Record<string, number>
    mostBefore: number
  }
  expect(rest, `GREENLOOP_SEED=${seed}`).toEqual({
    ends: 2000,
    failed: [],
    openAtServer: 0,
    afterwards: { right: 100, most: 8, cookies: 'cookie' },
    connections: 0,
    left: [],
    outstanding: 0,
    timers: 0,
    unhandled: [],
    reports: [],
  })
  expect(mostBefore).toBeLessThanOrEqual(8)
  for (const call of ['GET', 'POST', 'read()', 'ready'])
    expect(killedIn[call], `GREENLOOP_SEED=${seed}, ${call}`).toBeGreaterThan(3)
})
