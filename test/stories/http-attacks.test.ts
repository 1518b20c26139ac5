// What clients can do to `serve`: requests that two readers could read in two ways, too much of everything, too slowly, and gone in the middle.
// Each is refused with one answer and the end of its connection, nobody else notices, and nothing is left.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import fc from 'fast-check'
import { type Green, sleep } from 'greenloop'
import { Response, type ServeOptions } from 'greenloop/http'
import { beforeEach, describe, expect, it } from 'vitest'
import { CLOSE, Client, closeAll, head, plain, serving } from '../http/serve/support.ts'
import { catchUnhandled, eventually, randomOf } from '../net/support.ts'
import { ca, server as credentials } from '../net/tls/certificates.ts'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports, type Report } from '../support/reports.ts'

checkLeaks()
closeAll()

const SEED = Number(process.env['GREENLOOP_SEED'] ?? '6')

let unhandled: unknown[] = []
let reports: Report[] = []
beforeEach(() => {
  unhandled = catchUnhandled()
  reports = catchReports()
  return () => {
    expect([unhandled, reports]).toEqual([[], []])
  }
})

/** A server that writes down what reaches its handler, as `POST /path body`. */
async function recording(options: ServeOptions = {}) {
  const handled: string[] = []
  const server = await serving(function* (request): Green<Response> {
    const { method, path } = request
    let body = ''
    try {
      body = yield* request.text()
    } catch (error) {
      body = '(no body)'
      throw error
    } finally {
      handled.push(`${method} ${path} ${body}`.trimEnd())
    }
    return new Response(`answer to ${path}`)
  }, options)
  return { server, handled }
}

/** The statuses of the answers that have come. */
function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /gu)].map(([, status = '']) => status)
}

const SMUGGLED = head('GET', '/smuggled')
const post = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body)
const get = (host: string, target = '/'): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const length = (value: string): string => post(`Content-Length: ${value}`, '12345')

describe('a request that two readers could read in two ways', () => {
  it.each(
    Object.entries({
      'CL.TE': post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
      'TE.CL': post('Transfer-Encoding: chunked\r\nContent-Length: 4', '29\r\n'),
      'TE.TE, two headers': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', '0\r\n\r\n'),
      'TE: chunked, chunked': post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n'),
      'TE: xchunked': post('Transfer-Encoding: xchunked', '0\r\n\r\n'),
      'TE: "chunked"': post('Transfer-Encoding: "chunked"', '0\r\n\r\n'),
      'TE: chunked;q=1': post('Transfer-Encoding: chunked;q=1', '0\r\n\r\n'),
      'TE: chunked, identity': post('Transfer-Encoding: chunked, identity', '0\r\n\r\n'),
      'an empty TE': post('Transfer-Encoding:', '0\r\n\r\n'),
      'a space before the colon': post('Transfer-Encoding : chunked', '0\r\n\r\n'),
      'a vertical tab before the value': post('Transfer-Encoding:\v chunked', '0\r\n\r\n'),
      'a NUL before the value': post('Transfer-Encoding: \0chunked', '0\r\n\r\n'),
      'a NUL behind the value': post('Transfer-Encoding: chunked\0', '0\r\n\r\n'),
      'a NUL in the name': post('\0Transfer-Encoding: chunked', '0\r\n\r\n'),
      'a space before the name': post(' Transfer-Encoding: chunked', '0\r\n\r\n'),
      'a folded header': post('X: y\r\n Transfer-Encoding: chunked', '0\r\n\r\n'),
      'a folded value': post('Transfer-Encoding:\r\n chunked', '0\r\n\r\n'),
      'a bare line feed': post('X: y\nTransfer-Encoding: chunked', '0\r\n\r\n'),
      'a bare carriage return': post('X: y\rTransfer-Encoding: chunked', '0\r\n\r\n'),
      'a header without a colon': post('X', ''),
      'a header without a name': post(': y', ''),
      'two equal CLs': length('5\r\nContent-Length: 5'),
      'two CLs': length('5\r\nContent-Length: 0'),
      'a list as CL': length('5, 5'),
      'CL with a plus sign': length('+5'),
      'CL with a minus sign': length('-5'),
      'CL with a space in it': length('5 5'),
      'CL with a point': length('5.0'),
      'CL as hexadecimal': length('0x5'),
      'an empty CL': length(''),
      'CL of more than can be': length('18446744073709551621'),
      'a URL with a user': get('a', 'http://u@a/x'),
      'an absolute URL without a host': 'GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n',
      'a host with a path': get('a/b'),
      'a host with a user': get('a@b'),
      'two names as a host': get('a, b'),
      'a port that is none': get('a:b'),
      'a URL with a space': get('a', '/a b'),
      'a URL with a NUL': get('a', '/\0'),
      'a URL with bytes above 127': get('a', '/\xff'),
      'HTTP/0.9': 'GET /smuggled\r\n',
      'HTTP/1.10': 'GET / HTTP/1.10\r\nHost: a\r\n\r\n',
      'lines that end in a carriage return': 'GET / HTTP/1.1\rHost: a\r\r',
      TLS: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    }),
  )('%s: 400', async (_, text) => {
    const { server, handled } = await recording()
    const client = new Client(server).send(text + SMUGGLED)
    expect(plain(await client.end())).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/u)
    expect([statuses(client.text), handled]).toEqual([['400'], []])
  })

  it.each(
    Object.entries({
      'a space behind its length': '5 \r\nabcde\r\n0\r\n\r\n',
      'a length with 0x': '0x5\r\nabcde\r\n0\r\n\r\n',
      'a length with a sign': '+5\r\nabcde\r\n0\r\n\r\n',
      'a length that is more than can be': 'fffffffffffffffff\r\nabcde\r\n0\r\n\r\n',
      'fewer bytes than its length': '5\r\nabc\r\n0\r\n\r\n',
      'more bytes than its length': '5\r\nabcdef\r\n0\r\n\r\n',
      'bare line feeds': '5\nabcde\n0\n\n',
      'a bare line feed behind the bytes': '5\r\nabcde\n0\r\n\r\n',
      'a bare carriage return': '5\rabcde\r\n0\r\n\r\n',
      'a line feed in its extension': '5;a\nb\r\nabcde\r\n0\r\n\r\n',
      'a line break in a quoted extension': '5;a="\r\n"\r\nabcde\r\n0\r\n\r\n',
      'an empty line before it': '\r\n5\r\nabcde\r\n0\r\n\r\n',
      'a length in the trailer': '5\r\nabcde\r\n0\r\nContent-Length: 9\r\n\r\n',
      'an encoding in the trailer': '5\r\nabcde\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
      'a line feed at the end of the last': '5\r\nabcde\r\n0\n\r\n',
    }),
  )('a chunk with %s: 400, and its handler gets no body', async (_, chunks) => {
    const { server, handled } = await recording()
    const client = new Client(server).send(chunked(chunks) + SMUGGLED)
    await client.end()
    expect([statuses(client.text), handled]).toEqual([['400'], ['POST / (no body)']])
  })

  it.each<[string, string, string, string[]]>([
    ['TE: cow, chunked', '501', post('Transfer-Encoding: cow, chunked', '0\r\n\r\n'), []],
    ['HTTP/2 without TLS', '400', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', []],
    ['HTTP/0.9 with an empty line', '505', 'GET /smuggled\r\n\r\n', []],
    ['an expectation that nobody knows', '417', post('Expect: miracles\r\nContent-Length: 5', '12345'), []],
    ['a tunnel, as through a proxy', '', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', []],
    [
      'an upgrade that nobody wants, which is answered as if it asked for none',
      '200',
      'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhi',
      ['POST /up hi'],
    ],
  ])('%s: %s, and the end', async (_, status, text, seen) => {
    const { server, handled } = await recording()
    const client = new Client(server).send(text + SMUGGLED)
    await client.end()
    expect([statuses(client.text).join(), handled]).toEqual([status, seen])
  })

  it('an absolute URL wins over `Host`; a GET may have a body, which is no request', async () => {
    const hosts: string[] = []
    const server = await serving(function* (request) {
      hosts.push(request.url)
      return new Response(yield* request.text())
    })
    const body = `GET /?b HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(SMUGGLED.length)}\r\nConnection: close\r\n\r\n${SMUGGLED}`
    const client = new Client(server).send(get('a', 'http://other/x') + body)
    expect(statuses(await client.end())).toEqual(['200', '200'])
    expect(hosts).toEqual(['http://other/x', 'http://a/?b'])
  })

  it('whatever is put together: the handler gets what one strict reading finds, each is answered once, and behind a fault is nothing', async () => {
    const { server, handled } = await recording()
    await fc.assert(
      fc.asyncProperty(fc.array(MESSAGE, { minLength: 1, maxLength: 4 }), fc.integer(), async (messages, seed) => {
        handled.length = 0
        const fault = messages.findIndex(({ isFault }) => isFault)
        const good = fault < 0 ? messages : messages.slice(0, fault)
        const seen = good.map((message, n) => `POST /${String(n)} ${message.body}`.trimEnd())
        const text = messages.map((message, n) => message.text.replace('PLACE', String(n))).join('')
        const client = new Client(server)
        const random = randomOf(seed)
        for (let at = 0; at < text.length; ) {
          const size = Math.ceil(random() * (random() < 0.5 ? 20 : 2000))
          client.send(text.slice(at, at + size))
          at += size
          if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve))
        }
        if (fault < 0) client.send(head('GET', '/last', CLOSE))
        await client.end()
        const answers = [...good.map(() => '200'), fault < 0 ? '200' : '400']
        expect({ text, answers: statuses(client.text) }).toEqual({ text, answers })
        if (fault < 0) seen.push('GET /last')
        // With a fault in its body it may have begun, or waited behind the others.
        else if (messages[fault]?.begins === true && handled.at(-1)?.endsWith(' (no body)') === true) handled.pop()
        expect({ text, handled: [...handled] }).toEqual({ text, handled: seen })
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
})

/** One message of those that are put together. */
interface Message {
  readonly text: string
  readonly body: string
  /** Whether it is to be refused. */
  readonly isFault: boolean
  /** Whether the fault is in the body: the handler has begun. */
  readonly begins: boolean
}

const CONTENT = fc.constantFrom('', 'a', SMUGGLED, `${SMUGGLED}${SMUGGLED}`, '0\r\n\r\n', '\r\n', 'x'.repeat(3000))
const HARMLESS = fc.constantFrom(
  'X: y',
  'X:y',
  'X:',
  'X: Transfer-Encoding: chunked',
  'X-Content-Length: 3',
  'Transfer_Encoding: chunked',
  'TE: trailers',
  'Connection: keep-alive',
)
const HARMFUL = fc.constantFrom(
  'X : y',
  'X',
  ' X: y',
  'X: y\n',
  'X: \0',
  'Content-Length: 3',
  'Transfer-Encoding: gzip',
)
const EXTENSION = fc.constantFrom('', '', ';a', ';a=b', ';a="b"')
const BROKEN_CHUNK = fc.constantFrom('zz\r\n', '-1\r\n', '1\nX\n', '1\r\nXY\r\n', '0x1\r\nX\r\n', '1 \r\nX\r\n')

const MESSAGE: fc.Arbitrary<Message> = fc
  .record({
    content: CONTENT,
    isChunked: fc.boolean(),
    cuts: fc.array(fc.nat(3000), { maxLength: 3 }),
    extension: EXTENSION,
    harmless: fc.array(HARMLESS, { maxLength: 2 }),
    harmful: fc.option(HARMFUL, { freq: 8 }),
    broken: fc.option(BROKEN_CHUNK, { freq: 8 }),
  })
  .map(({ content, isChunked, cuts, extension, harmless, harmful, broken }) => {
    const isBroken = isChunked && broken !== null
    const lines = [
      ...harmless,
      isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${String(content.length)}`,
      ...(harmful === null ? [] : [harmful]),
    ]
    const places = [0, ...cuts.filter((cut) => cut > 0 && cut < content.length).sort((a, b) => a - b), content.length]
    const pieces = places.slice(1).map((end, n) => content.slice(places[n], end))
    const chunks = pieces
      .filter((piece) => piece !== '')
      .map((piece) => `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`)
    const body = isChunked ? `${chunks.join('')}${isBroken ? broken : `0${extension}\r\n\r\n`}` : content
    return {
      text: `POST /PLACE HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
      body: content,
      isFault: harmful !== null || isBroken,
      begins: harmful === null && isBroken,
    }
  })

describe('too much', () => {
  it('of a header that does not end: 431', async () => {
    const { server, handled } = await recording()
    const client = new Client(server).send('GET / HTTP/1.1\r\nHost: a\r\n')
    const more = setInterval(() => client.send('X: y\r\n'.repeat(500)), 1)
    expect(statuses(await client.end())).toEqual(['431'])
    clearInterval(more)
    expect(handled).toEqual([])
  })

  it.each([
    ['that says so by its length', 'Content-Length: 5000000', ''],
    ['that says so by its length, and asks before it is sent', 'Content-Length: 5000000\r\nExpect: 100-continue', ''],
    ['that comes in chunks', 'Transfer-Encoding: chunked', '1000\r\n'],
  ])('of a body %s: 413, which the client reads though it sends on', async (_, lines, start) => {
    const { server, handled } = await recording({ bodyLimit: 100_000 })
    const client = new Client(server).send(post(lines, start))
    const isAsking = lines.includes('Expect')
    const block = start === '' ? 'x'.repeat(4096) : `${'x'.repeat(4096)}\r\n1000\r\n`
    if (!isAsking) for (let n = 0; n < 200; n++) client.send(block)
    await client.until('\r\n\r\n')
    client.socket.end()
    expect(statuses(await client.end())).toEqual(['413'])
    expect(handled).toEqual(['POST / (no body)'])
  })

  it('at once, a thousand requests on one connection: each is answered, in order, one at a time', async () => {
    let most = 0
    const server = await serving(function* ({ path }) {
      most = Math.max(most, server.running)
      if (path.endsWith('7')) yield* sleep(0)
      return new Response(`<${path}>`)
    })
    const paths = Array.from({ length: 1000 }, (_, n) => `/${String(n)}`)
    const client = new Client(server).send(paths.map((path) => head('GET', path)).join('') + head('GET', '/end', CLOSE))
    const answers = await client.end()
    expect(answers.match(/<[^>]+>/gu)).toEqual([...paths, '/end'].map((path) => `<${path}>`))
    expect(most).toBe(1)
  })

  it('of it pipelined by who reads nothing: the server reads no more of him', async () => {
    let handled = 0
    const server = await serving(() => {
      handled++
      return new Response('x'.repeat(100_000))
    })
    const client = new Client(server)
    client.socket.pause()
    client.send(head('GET', '/').repeat(5000))
    await eventually('it began', () => handled > 0)
    let last = -1
    while (last !== handled) {
      last = handled
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(handled).toBeLessThan(500)
    client.socket.destroy()
  })

  it('of "Expect: 100-continue": who is told to go on and does not is dropped, and the others are served', async () => {
    const { server, handled } = await recording({ requestTimeoutMs: 800 })
    const clients = Array.from({ length: 50 }, () =>
      new Client(server).send(head('POST', '/', 'Expect: 100-continue', 'Content-Length: 5')),
    )
    await Promise.all(clients.map((client) => client.until('HTTP/1.1 100 Continue')))
    const other = new Client(server).send(head('POST', '/other', 'Expect: 100-continue', 'Content-Length: 2', CLOSE))
    await other.until('100 Continue')
    other.send('hi')
    expect(statuses(await other.end())).toEqual(['100', '200'])
    for (const client of clients) expect(statuses(await client.end())).toEqual(['100', '408'])
    expect(handled).toEqual(['POST /other hi', ...clients.map(() => 'POST / (no body)')])
  })
})

describe('too slowly', () => {
  /** Sends a byte of `text` to each of `clients` every few milliseconds, until it is stopped. */
  function drip(clients: readonly Client[], text: string): () => void {
    let at = 0
    const timer = setInterval(() => {
      for (const client of clients) if (!client.closed) client.send(text[at % text.length] ?? '')
      at++
    }, 10)
    return () => {
      clearInterval(timer)
    }
  }

  it('a hundred heads, a hundred bodies and a hundred who say nothing at all: normal clients are answered, the slow ones dropped', async () => {
    const { server, handled } = await recording({
      headersTimeoutMs: 1000,
      requestTimeoutMs: 1000,
      keepAliveTimeoutMs: 1000,
    })
    const hundred = (): Client[] => Array.from({ length: 100 }, () => new Client(server))
    const [heads, bodies, silent] = [hundred(), hundred(), hundred()]
    for (const client of heads) client.send('GET / HTTP/1.1\r\nHost: a\r\n')
    for (const client of bodies) client.send(head('POST', '/slow', 'Content-Length: 1000'))
    const stops = [drip(heads, 'X: yyyyyyyyyy\r\n'), drip(bodies, 'x')]
    await eventually('all are connected', () => server.connections === 300)
    for (let n = 0; n < 20; n++)
      expect(await new Client(server).send(head('GET', `/${String(n)}`, CLOSE)).end()).toContain(
        `answer to /${String(n)}`,
      )
    for (const client of heads) expect(statuses(await client.end())).toEqual(['408'])
    for (const client of bodies) expect(statuses(await client.end())).toEqual(['408'])
    for (const client of silent) expect(await client.end()).toMatch(/^(?:HTTP\/1\.1 408 |$)/u)
    for (const stop of stops) stop()
    await eventually('none is left', () => server.connections === 0)
    expect(handled.filter((one) => one === 'POST /slow (no body)')).toHaveLength(100)
    expect(handled).toHaveLength(120)
  })

  it('twenty who read nothing of a long answer are dropped, and the others are answered', async () => {
    const server = await serving(
      ({ path }) =>
        new Response(function* (out) {
          for (let n = 0; n < (path === '/long' ? 400 : 1); n++) yield* out.write('x'.repeat(65_536))
        }),
      { writeTimeoutMs: 100 },
    )
    const lazy = Array.from({ length: 20 }, () => new Client(server))
    for (const client of lazy) {
      client.socket.pause()
      client.send(head('GET', '/long'))
    }
    await eventually('they wait', () => server.running === 20)
    expect(statuses(await new Client(server).send(head('GET', '/', CLOSE)).end())).toEqual(['200'])
    await eventually('they are dropped', () => server.running === 0 && server.connections === 0)
  })
})

describe('gone in the middle', () => {
  it('resets at any moment of a request and of its answer end its greenlet, and nothing else', async () => {
    const random = randomOf(SEED)
    let [begun, ended] = [0, 0]
    const server = await serving(function* (request): Green<Response> {
      begun++
      try {
        const text = yield* request.text()
        yield* sleep(random() * 5)
        return new Response(function* (out) {
          begun++
          try {
            for (let n = 0; n < 10; n++) {
              yield* out.write(text)
              yield* sleep(random() * 2)
            }
          } finally {
            ended++
          }
        })
      } finally {
        ended++
      }
    })
    const text = head('POST', '/', 'Content-Length: 20000') + 'x'.repeat(20_000)
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        const client = new Client(server)
        await once(client.socket, 'connect')
        client.send(text.slice(0, random() < 0.3 ? Math.floor(random() * text.length) : text.length))
        await new Promise((resolve) => setTimeout(resolve, random() * 20))
        client.socket.resetAndDestroy()
      }),
    )
    await eventually('nothing runs', () => server.running === 0 && server.connections === 0)
    expect(begun).toBeGreaterThan(150)
    expect(ended).toBe(begun)
    expect(statuses(await new Client(server).send(head('POST', '/', 'Content-Length: 1', CLOSE) + 'x').end())).toEqual([
      '200',
    ])
  })

  it('a client that has ended its own direction is taken for gone, as by Node', async () => {
    let ended = false
    const server = await serving(function* (): Green<Response> {
      try {
        yield* sleep(60_000)
      } finally {
        ended = true
      }
      return new Response('late')
    })
    const client = new Client(server).send(head('GET', '/'))
    await eventually('it runs', () => server.running === 1)
    client.socket.allowHalfOpen = true
    client.socket.end()
    expect(await client.end()).toBe('')
    expect(ended).toBe(true)
  })

  it('TLS that is spoken to a plain port, and plain text to one of TLS', async () => {
    const { server } = await recording()
    const shaker = tls.connect({ port: server.serverPort, host: '127.0.0.1', ca })
    const [error] = (await once(shaker, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toMatch(/^(?:EPROTO|ERR_SSL_\w+)$/u)
    const secure = await recording({ tls: credentials })
    const client = new Client(secure.server).send(SMUGGLED)
    await client.end()
    expect(secure.handled).toEqual([])
    const silent = net.connect(secure.server.serverPort, '127.0.0.1')
    await once(silent, 'connect')
    await secure.server.stop({ timeoutMs: 0 })
    await once(silent, 'close')
  })
})
