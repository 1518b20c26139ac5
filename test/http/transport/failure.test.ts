// Every error of a connection by its class, its whole message, its phase and its cause: made by real servers where one can make it.
import net from 'node:net'
import { Readable } from 'node:stream'
import { type Dispatcher, ProxyAgent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  ChunkedEncodingError,
  ConnectionError,
  ConnectTimeout,
  InvalidHeader,
  InvalidURL,
  type Phase,
  ProxyError,
  ReadTimeout,
  RequestException,
  RequestTimeout,
  SSLError,
} from '../../../src/http/exceptions.ts'
import { direct } from '../../../src/http/transport/connector.ts'
import { failureOf } from '../../../src/http/transport/failure.ts'
import { closedPort, listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { reset } from '../../support/reset.ts'
import { proxy } from './proxy-server.ts'
import { agents, answer, failure, STRAIGHT, send } from './send.ts'
import { CA, secureServer } from './tls.ts'

checkLeaks()

/** A server that does as it is told with each connection that has asked. */
async function raw(react: (peer: net.Socket) => void): Promise<string> {
  const { port } = await listen((peer) => {
    peer.once('data', () => {
      react(peer)
    })
  })
  return `http://127.0.0.1:${String(port)}/`
}

/** What is of interest of an exception. */
function told(error: RequestException): [kind: unknown, phase: Phase | undefined, text: string, cause: unknown] {
  const { code } = (error.cause ?? {}) as { code?: string }
  return [error.constructor, error.phase, error.message, code]
}

describe('no connection', () => {
  it('nobody listens', async () => {
    const place = `127.0.0.1:${String(await closedPort())}`
    const error = await failure(`http://${place}/`)
    expect(told(error)).toEqual([
      ConnectionError,
      'connecting',
      `GET http://${place}/ got no connection: nobody listens at ${place} (ECONNREFUSED).`,
      'ECONNREFUSED',
    ])
    expect(error.request).toEqual({ method: 'GET', url: `http://${place}/` })
  })

  it('nobody listens at any address of the name', async () => {
    const port = await closedPort()
    const refusals = ['::1', '127.0.0.1'].map((address) =>
      Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', address, port }),
    )
    const aggregate = Object.assign(new AggregateError(refusals), { code: 'ECONNREFUSED' }) // as Node makes it
    expect(failureOf(aggregate, 'GET', new URL(`http://localhost:${String(port)}/`), 'connecting').message).toBe(
      `GET http://localhost:${String(port)}/ got no connection: nobody listens at [::1]:${String(port)} and 127.0.0.1:${String(port)} (ECONNREFUSED).`,
    )
    // And as it is on this machine, whose name may have one address or two.
    const error = await failure(`http://localhost:${String(port)}/`)
    expect(error.message).toMatch(
      /^GET http:\/\/localhost:\d+\/ got no connection: nobody listens at .*:\d+ \(ECONNREFUSED\)\.$/u,
    )
  })

  it('there is no such host', async () => {
    const [kind, phase, text] = told(await failure('http://no-such-host.invalid/'))
    expect([kind, phase]).toEqual([ConnectionError, 'connecting'])
    // Without a network the name is not known to be wrong.
    expect([
      'GET http://no-such-host.invalid/ got no connection: there is no host named no-such-host.invalid (ENOTFOUND).',
      'GET http://no-such-host.invalid/ got no connection: the name no-such-host.invalid cannot be looked up at the moment (EAI_AGAIN).',
    ]).toContain(text)
  })

  it('there is no such socket', async () => {
    const error = await failure('http://docker/', {}, {}, agents({ socketPath: '/no/such/socket' }))
    expect(told(error)).toEqual([
      ConnectionError,
      'connecting',
      'GET http://docker/ got no connection: there is no socket /no/such/socket (ENOENT).',
      'ENOENT',
    ])
  })

  it.each([
    ['EHOSTUNREACH', ConnectionError, 'there is no way to 10.0.0.1:80 (EHOSTUNREACH).'],
    ['ENETUNREACH', ConnectionError, 'there is no way to 10.0.0.1:80 (ENETUNREACH).'],
    ['ETIMEDOUT', ConnectTimeout, '10.0.0.1:80 did not react in time (ETIMEDOUT).'],
    ['EACCES', ConnectionError, 'this process may not connect to 10.0.0.1:80 (EACCES).'],
    ['EMFILE', ConnectionError, 'too many files and connections are open (EMFILE).'],
    ['ECONNABORTED', ConnectionError, 'the connection was aborted (ECONNABORTED).'],
    [
      'EADDRNOTAVAIL',
      ConnectionError,
      'no address of this machine leads to 10.0.0.1:80, or all its ports are taken (EADDRNOTAVAIL).',
    ],
  ])('%s', (code, kind, text) => {
    const cause = Object.assign(new Error(code), { code, address: '10.0.0.1', port: 80 })
    const error = failureOf(cause, 'PUT', new URL('http://10.0.0.1/'), 'connecting')
    expect(told(error)).toEqual([kind, 'connecting', `PUT http://10.0.0.1/ got no connection: ${text}`, code])
    expect(error.cause).toBe(cause)
  })
})

describe('no answer', () => {
  it.each([
    ['the server closes', (peer: net.Socket) => peer.end(), 'the server closed the connection.', 'UND_ERR_SOCKET'],
    [
      'the server resets',
      (peer: net.Socket) => reset(peer),
      'the server reset the connection (ECONNRESET).',
      'ECONNRESET',
    ],
    [
      'the server closes in the middle of the header',
      (peer: net.Socket) => peer.end('HTTP/1.1 200 OK\r\ncontent-'),
      'the server closed the connection.',
      'UND_ERR_SOCKET',
    ],
    [
      'something else than HTTP comes',
      (peer: net.Socket) => peer.end('220 mail.example ESMTP\r\n'),
      'what the server sent is not HTTP (Expected HTTP/, RTSP/ or ICE/).',
      undefined,
    ],
    [
      'the header has a wrong name',
      (peer: net.Socket) => peer.end('HTTP/1.1 200 OK\r\nwrong name: 1\r\n\r\n'),
      'what the server sent is not HTTP (Invalid header token).',
      undefined,
    ],
    [
      'the header has two lengths',
      (peer: net.Socket) => peer.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
      'what the server sent is not HTTP, or has more than one content-length.',
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    ],
    [
      'the header is a bomb',
      (peer: net.Socket) => peer.write(`HTTP/1.1 200 OK\r\n${`x-y: ${'z'.repeat(100)}\r\n`.repeat(200)}`),
      'the header of the answer is too long (UND_ERR_HEADERS_OVERFLOW).',
      'UND_ERR_HEADERS_OVERFLOW',
    ],
    [
      'the server changes the protocol without being asked',
      (peer: net.Socket) => peer.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      'the server sent what nobody asked for (bad upgrade).',
      'UND_ERR_SOCKET',
    ],
  ])('%s', async (_, react, text, code) => {
    const url = await raw(react)
    expect(told(await failure(url))).toEqual([ConnectionError, 'waiting', `GET ${url} got no answer: ${text}`, code])
  })

  it('EPIPE while the body is sent', () => {
    const cause = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    expect(failureOf(cause, 'POST', new URL('http://a/'), 'waiting').message).toBe(
      'POST http://a/ got no answer: the server closed the connection while the request was on its way (EPIPE).',
    )
  })

  it.each([
    ['UND_ERR_HEADERS_TIMEOUT', 'waiting', ReadTimeout, 'got no answer: nothing came from the server for too long'],
    [
      'UND_ERR_BODY_TIMEOUT',
      'reading',
      ReadTimeout,
      'got a part of the body only: nothing came from the server for too long',
    ],
    ['UND_ERR_CONNECT_TIMEOUT', 'connecting', ConnectTimeout, 'got no connection: a did not react in time'],
    ['ETIMEDOUT', 'waiting', ReadTimeout, 'got no answer: a did not react in time'],
  ] as const)('%s, of somebody else’s dispatcher', (code, phase, kind, text) => {
    const error = failureOf(Object.assign(new Error(code), { code }), 'GET', new URL('http://a/'), phase)
    expect(told(error)).toEqual([kind, phase, `GET http://a/ ${text} (${code}).`, code])
    expect(error).toBeInstanceOf(RequestTimeout)
  })

  it('the session ends', async () => {
    const url = await raw(() => undefined)
    const made = agents()
    const sent = send(url, made.dispatcherFor(new URL(url), STRAIGHT))
    made.destroy()
    await sent.over
    expect(failureOf(sent.error, 'GET', new URL(url), sent.phase).message).toBe(
      `GET ${url} got no connection: the session was closed.`,
    )
  })
})

describe('a part of the body only', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n'
  it.each([
    [
      'the server closes before content-length',
      (peer: net.Socket) => peer.end(`${HEAD}content-length: 10\r\n\r\nhello`),
      'the server closed the connection.',
      'UND_ERR_SOCKET',
    ],
    [
      'the server says that it will close, and closes before content-length',
      (peer: net.Socket) => peer.end(`${HEAD}connection: close\r\ncontent-length: 10\r\n\r\nhello`),
      'the server closed the connection before it had sent what its content-length says.',
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    ],
    [
      'the server resets',
      (peer: net.Socket) => {
        peer.write(`${HEAD}content-length: 10\r\n\r\nhello`)
        setTimeout(() => reset(peer), 5)
      },
      'the server reset the connection (ECONNRESET).',
      'ECONNRESET',
    ],
    [
      'the last chunk does not come',
      (peer: net.Socket) => peer.end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`),
      'the server closed the connection.',
      'UND_ERR_SOCKET',
    ],
    [
      'the last chunk does not come, of a connection that is to close',
      (peer: net.Socket) => peer.end(`${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`),
      'what the server sent is not HTTP (Invalid EOF state).',
      undefined,
    ],
    [
      'a chunk has no size',
      (peer: net.Socket) => peer.end(`${HEAD}transfer-encoding: chunked\r\n\r\nlots\r\nhello\r\n`),
      'what the server sent is not HTTP (Invalid character in chunk size).',
      undefined,
    ],
  ])('%s', async (_, react, text, code) => {
    const url = await raw(react)
    expect(told(await failure(url))).toEqual([
      ChunkedEncodingError,
      'reading',
      `GET ${url} got a part of the body only: ${text}`,
      code,
    ])
  })

  it('what comes behind content-length is not part of the body, and no failure', async () => {
    const url = await raw((peer) => peer.end(`${HEAD}content-length: 5\r\n\r\nhello and more`))
    expect(await answer(url)).toBe('200 hello')
  })
})

describe('what cannot be sent', () => {
  const never = (): Promise<string> => raw(() => undefined)

  it.each<[Partial<Dispatcher.DispatchOptions>, typeof RequestException, string]>([
    [{ headers: ['transfer-encoding', 'chunked'] }, InvalidHeader, 'invalid transfer-encoding header.'],
    [{ headers: ['a b', 'c'] }, InvalidHeader, 'invalid header key.'],
    [{ headers: ['a', 'b\r\nc: d'] }, InvalidHeader, 'invalid a header.'],
    [{ headers: ['expect', '100-continue'] }, InvalidHeader, 'expect header not supported.'],
    [{ path: '/a b' }, InvalidURL, 'invalid request path.'],
    [{ method: 'G T' }, RequestException, 'invalid request method.'],
    [
      { method: 'POST', headers: ['content-length', '3'], body: 'hello' },
      InvalidHeader,
      'the body is longer or shorter than the header content-length says.',
    ],
    [
      { method: 'POST', headers: ['content-length', '9'], body: Readable.from(['hello']) },
      InvalidHeader,
      'the body is longer or shorter than the header content-length says.',
    ],
  ])('%j', async (more, kind, text) => {
    const url = await never()
    const error = await failure(url, {}, more)
    expect([error.constructor, error.message]).toEqual([kind, `${more.method ?? 'GET'} ${url} cannot be sent: ${text}`])
  })

  it('a body that fails while it is sent: the error is the cause', async () => {
    const url = await never()
    const broken = new Error('the disk is gone')
    const body = new Readable({
      read() {
        this.destroy(broken)
      },
    })
    const error = await failure(url, {}, { method: 'POST', body })
    expect([error.constructor, error.message, error.cause]).toEqual([
      RequestException,
      `POST ${url} failed: the disk is gone.`,
      broken,
    ])
  })

  it('something thrown that is no error; an exception of a request stays what it is', () => {
    const url = new URL('http://me:secret@a/?b')
    expect(failureOf('gone', 'GET', url, 'waiting').message).toBe('GET http://a/?b failed: gone.')
    const own = new RequestException('mine')
    expect(failureOf(own, 'GET', url, 'waiting')).toBe(own)
  })
})

describe('no safe connection', () => {
  const pem = 'Where you trust it, give it as `verify`: a file, or PEM.'

  it('the authority is not known', async () => {
    const { url } = await secureServer()
    expect(told(await failure(url))).toEqual([
      SSLError,
      'connecting',
      `GET ${url}/ got no safe connection: the authority that signed the certificate is not a trusted one (UNABLE_TO_VERIFY_LEAF_SIGNATURE). ${pem}`,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ])
  })

  it('the certificate is for another name', async () => {
    const { url } = await secureServer('other')
    expect(told(await failure(url, { verify: CA }))).toEqual([
      SSLError,
      'connecting',
      `GET ${url}/ got no safe connection: the certificate is for other.example, not for 127.0.0.1 (ERR_TLS_CERT_ALTNAME_INVALID).`,
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ])
  })

  it('the server speaks plain HTTP', async () => {
    const { port } = await listen((peer) => peer.once('data', () => peer.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    const [kind, phase, text] = told(await failure(`https://127.0.0.1:${String(port)}/`))
    expect([kind, phase]).toEqual([SSLError, 'connecting'])
    // The code is OpenSSL's, and not the same in all of its releases.
    expect(text.replace(/\([A-Z_]+\)/u, '(CODE)')).toBe(
      `GET https://127.0.0.1:${String(port)}/ got no safe connection: what answers at 127.0.0.1:${String(port)} does not speak TLS (CODE). Is it one for http:?`,
    )
  })

  it.each([
    ['closes', (peer: net.Socket) => peer.end()],
    ['resets', (peer: net.Socket) => reset(peer)],
  ])('the server %s in the handshake', async (_, react) => {
    const url = (await raw(react)).replace('http', 'https')
    expect(told(await failure(url))).toEqual([
      SSLError,
      'connecting',
      `GET ${url} got no safe connection: the server closed the connection in the middle of the handshake (ECONNRESET).`,
      'ECONNRESET',
    ])
  })

  it('the two have no version of TLS in common', async () => {
    const { url } = await secureServer('server', { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' })
    const old = { rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
    const { hostname, port } = new URL(url)
    const cause = await new Promise<unknown>((resolve) => {
      direct(old)({ hostname, host: hostname, port, protocol: 'https:' }, (...outcome) => {
        resolve(outcome[0])
      })
    })
    expect(failureOf(cause, 'GET', new URL(url), 'connecting').message).toBe(
      `GET ${url}/ got no safe connection: tlsv1 alert protocol version (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION).`,
    )
  })

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', `the server signed its certificate itself (DEPTH_ZERO_SELF_SIGNED_CERT). ${pem}`],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      `the authority that signed the certificate is not a trusted one (SELF_SIGNED_CERT_IN_CHAIN). ${pem}`,
    ],
    ['CERT_HAS_EXPIRED', 'the certificate has expired (CERT_HAS_EXPIRED).'],
    [
      'CERT_NOT_YET_VALID',
      'the certificate is not valid yet (CERT_NOT_YET_VALID). Is the clock of this machine right?',
    ],
    ['CERT_REVOKED', 'the certificate was revoked (CERT_REVOKED).'],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'the server refused the handshake (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED). Does it want a certificate? That is `cert`.',
    ],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'the certificate is for no name at all, not for a (ERR_TLS_CERT_ALTNAME_INVALID).',
    ],
    ['INVALID_CA', 'invalid (INVALID_CA).'],
  ])('%s', (code, text) => {
    const cause = Object.assign(new Error('invalid'), { code })
    const error = failureOf(cause, 'GET', new URL('https://a/'), 'connecting')
    expect(told(error)).toEqual([SSLError, 'connecting', `GET https://a/ got no safe connection: ${text}`, code])
  })
})

describe('a proxy', () => {
  const through = (url: string): { proxy: URL } => ({ proxy: new URL(url) })

  it.each([
    [407, 'Proxy Authentication Required', true],
    [403, 'Forbidden', false],
    [502, 'Bad Gateway', false],
    [599, '', false],
  ])('refuses a tunnel with %i', async (status, words, hint) => {
    const { url } = await proxy({ refuse: status })
    const text = `refused example.org:443 with ${`${String(status)} ${words}`.trimEnd()}.`
    const advice = hint ? ` Its URL can have them: ${url.replace('//', '//user:password@')}.` : ''
    expect(told(await failure('https://example.org/', through(url)))).toEqual([
      ProxyError,
      'connecting',
      `GET https://example.org/ got no connection: the proxy ${url} ${text}${advice}`,
      undefined,
    ])
  })

  it('is not there, for http: and https:; its user and password are not told', async () => {
    const place = `127.0.0.1:${String(await closedPort())}`
    for (const scheme of ['http', 'https', 'http']) {
      expect(told(await failure(`${scheme}://example.org/`, through(`http://me:secret@${place}`)))).toEqual([
        ProxyError,
        'connecting',
        `GET ${scheme}://example.org/ got no connection: the proxy http://${place} failed: nobody listens at ${place} (ECONNREFUSED).`,
        'ECONNREFUSED',
      ])
    }
    const error = await failure('http://example.org/', through(`socks5://me:secret@${place}`))
    expect(error.message).toBe(
      `GET http://example.org/ got no connection: the proxy socks5://${place} failed: nobody listens at ${place} (ECONNREFUSED).`,
    )
  })

  it('closes the connection instead of answering', async () => {
    const { url } = await proxy({ hangUp: true })
    expect(told(await failure('https://example.org/', through(url)))).toEqual([
      ProxyError,
      'connecting',
      `GET https://example.org/ got no connection: the proxy ${url} failed: it closed the connection.`,
      'UND_ERR_SOCKET',
    ])
  })

  it('is gone in the middle of a body', async () => {
    const server = await raw((peer) => peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'))
    const between = await proxy()
    const sent = send(server, agents().dispatcherFor(new URL(server), { ...STRAIGHT, ...through(between.url) }))
    sent.onResponseData = () => {
      for (const socket of between.sockets) socket.destroy()
    }
    await sent.over
    const error = failureOf(sent.error, 'GET', new URL(server), sent.phase)
    expect([error.constructor, error.message]).toEqual([
      ChunkedEncodingError,
      `GET ${server} got a part of the body only: the server closed the connection.`,
    ])
  })

  it('of undici’s own ProxyAgent is told, too', async () => {
    const { url } = await proxy({ refuse: 403 })
    const foreign = new ProxyAgent(url)
    onTestFinished(() => foreign.destroy())
    const sent = send('https://example.org/', foreign)
    await sent.over
    const error = failureOf(sent.error, 'GET', new URL('https://example.org/'), sent.phase)
    expect([error.constructor, error.message]).toEqual([
      ProxyError,
      'GET https://example.org/ got no connection: Proxy response (403) !== 200 when HTTP Tunneling.',
    ])
    const tls = Object.assign(new Error('Secure Proxy Connection failed'), { code: 'UND_ERR_PRX_TLS' })
    expect(failureOf(tls, 'GET', new URL('https://a/'), 'connecting').message).toBe(
      'GET https://a/ got no safe connection to its proxy: Secure Proxy Connection failed.',
    )
  })
})
