// The ways to a server: which certificates are trusted and shown, which proxy is between; and that each has connections of its own.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Agents } from '../../../src/http/transport/agents.ts'
import { eventually, listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, usage } from '../../support/thrown.ts'
import { serve } from '../support.ts'
import { type Proxy, proxy, socksServer } from './proxy-server.ts'
import { agents, answer, failure, STRAIGHT, send } from './send.ts'
import { CA, certificate, fixture, secureServer } from './tls.ts'

checkLeaks()

describe('the dispatcher', () => {
  const url = new URL('http://example.org/')

  it('is one and the same for the usual way, and for each other way', () => {
    const made = agents()
    const usual = made.dispatcherFor(url, STRAIGHT)
    expect(made.dispatcherFor(new URL('https://elsewhere.example/'), { ...STRAIGHT })).toBe(usual)
    const unchecked = made.dispatcherFor(url, { ...STRAIGHT, verify: false })
    const proxied = made.dispatcherFor(url, { ...STRAIGHT, proxy: new URL('http://p:1') })
    expect(new Set([usual, unchecked, proxied]).size).toBe(3)
    expect(made.dispatcherFor(url, { ...STRAIGHT, verify: false })).toBe(unchecked)
    expect(made.dispatcherFor(url, { ...STRAIGHT, proxy: new URL('http://p:1') })).toBe(proxied)
    expect(made.dispatcherFor(url, { ...STRAIGHT, proxy: new URL('http://me:word@p:1') })).not.toBe(proxied)
  })

  it('is told apart by what certificates are, not by which object holds them', () => {
    const made = agents()
    const { cert, key } = certificate('client')
    const first = made.dispatcherFor(url, { ...STRAIGHT, cert: { cert, key: Buffer.from(key) } })
    expect(made.dispatcherFor(url, { ...STRAIGHT, cert: { cert, key: Buffer.from(key) } })).toBe(first)
    expect(made.dispatcherFor(url, { ...STRAIGHT, cert: [cert, key] })).not.toBe(first)
    expect(made.dispatcherFor(url, { ...STRAIGHT, cert: { cert, key: Buffer.from(key) } })).toBe(first)
  })

  it('is refused once the agents are closed', () => {
    const made = new Agents()
    expect(made.closed).toBe(false)
    made.close()
    expect(made.closed).toBe(true)
    expect(usage(() => made.dispatcherFor(url, STRAIGHT))).toBe(
      'The session was closed, and http://example.org cannot be asked any more.',
    )
  })
})

describe('the end', () => {
  it('close() lets end what runs, destroy() and dispose do not', async () => {
    const answers: http.ServerResponse[] = []
    const server = await serve((_, response) => answers.push(response) > 0)
    for (const end of [Agents.prototype.close, Agents.prototype.destroy, Agents.prototype[Symbol.dispose]]) {
      const made = agents()
      const usual = send(server.url, made.dispatcherFor(new URL(server.url), STRAIGHT))
      const other = send(server.url, made.dispatcherFor(new URL(server.url), { ...STRAIGHT, verify: false }))
      await eventually('both were asked', () => answers.length === 2)
      end.call(made)
      for (const response of answers.splice(0)) response.end('late')
      await Promise.all([usual.over, other.over])
      const names = [usual, other].map(({ body, error }) => error?.name ?? body)
      expect(names).toEqual(
        end === Agents.prototype.close ? ['late', 'late'] : ['ClientDestroyedError', 'ClientDestroyedError'],
      )
    }
  })
})

describe('verify', () => {
  it('true trusts the usual authorities, and not ours', async () => {
    const { url } = await secureServer()
    await expect(answer(url)).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  it('a file, PEM as text or bytes, and a list of them are the authorities that are trusted', async () => {
    const { url, port } = await secureServer()
    const pem = readFileSync(CA, 'utf8')
    for (const verify of [CA, pem, Buffer.from(pem), [fixture('other.pem'), CA], [pem]]) {
      expect(await answer(url, { verify })).toBe(`200 127.0.0.1:${String(port)} /`)
    }
  })

  it('false takes any certificate, also one for another name', async () => {
    const { url, port } = await secureServer('other')
    expect(await answer(url, { verify: false })).toBe(`200 127.0.0.1:${String(port)} /`)
  })

  it('a mistake is told at once, with the name of the file', () => {
    const url = new URL('https://example.org/')
    const ask = (verify: never) => () => agents().dispatcherFor(url, { ...STRAIGHT, verify })
    expect(usage(ask('/no/such/ca.pem' as never))).toBe(
      '`verify` names a file with certificates of authorities that cannot be read: /no/such/ca.pem (ENOENT).',
    )
    expect(usage(ask(tmpdir() as never))).toBe(
      `\`verify\` names a file with certificates of authorities that cannot be read: ${tmpdir()} (EISDIR).`,
    )
    expect(usage(ask(fixture('make.sh') as never))).toBe(
      `\`verify\` names a file that is to have certificates of authorities as PEM, but it has none: ${fixture('make.sh')}.`,
    )
    expect(usage(ask(Buffer.from('x') as never))).toBe(
      '`verify` is to be certificates of authorities as PEM, but it has none.',
    )
    for (const [verify, shown] of [
      [7, '7 (number)'],
      [[], 'an Array'],
      ['', '"" (string)'],
      [null, 'null'],
    ] as const) {
      expect(usage(ask(verify as never))).toBe(
        `\`verify\` is expected to be a boolean, a file of certificates, or certificates as PEM, but got ${shown}.`,
      )
    }
  })
})

describe('cert', () => {
  /** A server that lets in whom the test's authority knows, and nobody else. */
  async function closed(): Promise<string> {
    return (await secureServer('server', { requestCert: true, rejectUnauthorized: true, ca: readFileSync(CA) })).url
  }

  it('is shown to a server that wants one: two files, an object, and both in one text', async () => {
    const url = await closed()
    const { cert, key } = certificate('client')
    const files = [fixture('client.pem'), fixture('client-key.pem')] as const
    for (const shown of [files, [cert, key] as const, { cert, key: Buffer.from(key) }, `${cert}${key}`]) {
      expect(await answer(url, { verify: CA, cert: shown })).toMatch(/^200 /u)
    }
  })

  it('a server that wants one and gets none closes the connection', async () => {
    const url = await closed()
    const error = await failure(url, { verify: CA })
    expect(error.name).toBe('ConnectionError')
    // Whether the end or the reset comes first is the network's affair.
    expect(error.message).toMatch(
      /^GET https:\/\/127\.0\.0\.1:\d+\/ got no answer: the server (?:closed the connection|reset the connection \(ECONNRESET\))\.$/u,
    )
  })

  it('a mistake is told at once, with the name of the file', () => {
    const url = new URL('https://example.org/')
    const ask = (cert: unknown) => () => agents().dispatcherFor(url, { ...STRAIGHT, cert: cert as never })
    const missing = join(tmpdir(), 'no-such-key.pem')
    expect(usage(ask([fixture('client.pem'), missing]))).toBe(
      `\`cert\` names a file with a key that cannot be read: ${missing} (ENOENT).`,
    )
    expect(usage(ask(missing))).toBe(
      `\`cert\` names a file with a certificate that cannot be read: ${missing} (ENOENT).`,
    )
    for (const cert of [7, ['a'], [1, 2], { key: 'x' }, null, '', { cert: 'x', key: 7 }]) {
      expect(usage(ask(cert))).toMatch(
        /^`cert` is expected to be a file with a certificate and its key, \[cert, key\], or \{ cert, key, passphrase \}, but got .*\.$/u,
      )
    }
    const wrong = ask({ cert: certificate('client').cert, key: certificate('other').key })
    expect(wrong).toThrow(UsageError)
    expect(message(wrong)).toMatch(/^`verify` or `cert` cannot be used: .*key values mismatch\.$/u)
  })
})

describe('a proxy', () => {
  const through = ({ url }: Pick<Proxy, 'url'>): { proxy: URL } => ({ proxy: new URL(url) })

  it('is asked for the whole URL of http:, and passes on what it gets', async () => {
    const server = await serve()
    const between = await proxy()
    expect(await answer(`${server.url}/json`, through(between))).toBe('200 {"answer":42}')
    expect(between.seen).toEqual([`GET ${server.url}/json`])
    expect(between.hosts).toEqual([new URL(server.url).host])
    expect(server.requests).toEqual(['GET /json'])
  })

  it('keeps the connection, the query, the body and the headers, whatever form they have', async () => {
    const server = await serve()
    const between = await proxy()
    const dispatcher = agents().dispatcherFor(new URL(server.url), { ...STRAIGHT, ...through(between) })
    for (const headers of [['x-tag', 'a'], { 'x-tag': 'a', host: 'me.example' }, new Map([['x-tag', 'a']]), null]) {
      const sent = send(`${server.url}/echo?a=b`, dispatcher, { method: 'POST', headers, body: 'text' })
      await sent.over
      expect(sent.body).toBe('no route /echo?a=b')
    }
    const echo = send(`${server.url}/echo`, dispatcher, { method: 'POST', headers: ['x-tag', 'a'], body: 'text' })
    await echo.over
    expect(echo.body).toBe('POST a text')
    expect(between.hosts).toEqual(
      [1, 'me.example', 1, 1, 1].map((host) => (host === 1 ? new URL(server.url).host : host)),
    )
  })

  it('is asked for a tunnel to https:, and the certificate is the server’s', async () => {
    const { url, port } = await secureServer()
    const between = await proxy()
    const from = agents()
    expect(await answer(`${url}/a`, { verify: CA, ...through(between) }, from)).toBe(`200 127.0.0.1:${String(port)} /a`)
    expect(await answer(`${url}/b`, { verify: CA, ...through(between) }, from)).toBe(`200 127.0.0.1:${String(port)} /b`)
    expect(between.seen[0]).toBe(`CONNECT 127.0.0.1:${String(port)}`)
    expect(between.hosts[0]).toBe(`127.0.0.1:${String(port)}`)
    await expect(answer(url, through(between))).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  it('can want user and password, which stand in its URL', async () => {
    const server = await serve()
    const secure = await secureServer()
    const between = await proxy({ auth: 'me:p@ss' })
    const known = { proxy: new URL(between.url.replace('//', '//me:p%40ss@')) }
    expect(await answer(server.url, known)).toBe('200 hello')
    expect(await answer(secure.url, { verify: CA, ...known })).toMatch(/^200 /u)
    expect(await answer(server.url, through(between))).toBe('407 the proxy says no')
    expect((await failure(secure.url, { verify: CA, ...through(between) })).name).toBe('ProxyError')
  })

  it('may have a password with a percent sign that stands for itself', async () => {
    const server = await serve()
    const between = await proxy({ auth: 'me:100%' })
    expect(await answer(server.url, { proxy: new URL(between.url.replace('//', '//me:100%@')) })).toBe('200 hello')
  })

  it('is the only one that its password is meant for: through a tunnel the header does not go', async () => {
    const plain = await serve()
    const seen: unknown[] = []
    const { url } = await secureServer('server', {}, (request) => seen.push(request.rawHeaders.join()))
    const between = await proxy()
    for (const target of [url, plain.url]) {
      const dispatcher = agents().dispatcherFor(new URL(target), { ...STRAIGHT, verify: CA, ...through(between) })
      const headers = ['a', 'b', 'Proxy-Authorization', 'Basic x', 'c', 'd']
      await send(target, dispatcher, { headers }).over
    }
    expect(seen).toEqual([`host,${new URL(url).host},connection,keep-alive,a,b,c,d`])
    expect(between.authorizations).toEqual([undefined, 'Basic x'])
  })

  it('can be one for https: itself, for both kinds of URL', async () => {
    const server = await serve()
    const { url, port } = await secureServer()
    const between = await proxy({ tls: true })
    expect(await answer(server.url, { verify: CA, ...through(between) })).toBe('200 hello')
    expect(await answer(url, { verify: CA, ...through(between) })).toBe(`200 127.0.0.1:${String(port)} /`)
    const error = await failure(url, through(between))
    expect([error.name, error.message]).toEqual([
      'ProxyError',
      `GET ${url}/ got no connection: the proxy ${between.url} failed: the authority that signed the certificate is not a trusted one (UNABLE_TO_VERIFY_LEAF_SIGNATURE). Where you trust it, give it as \`verify\`: a file, or PEM.`,
    ])
  })

  it('counts for the limit of connections like the server itself', async () => {
    const { url, connections } = await secureServer()
    const between = await proxy()
    const dispatcher = agents({ connectionsPerHost: 2 }).dispatcherFor(new URL(url), {
      ...STRAIGHT,
      verify: CA,
      ...through(between),
    })
    const sent = Array.from({ length: 6 }, () => send(url, dispatcher))
    await Promise.all(sent.map(({ over }) => over))
    expect(sent.every(({ statusCode }) => statusCode === 200)).toBe(true)
    expect(connections()).toBe(2)
  })
})

describe('a SOCKS5 proxy', () => {
  it('looks the name up itself, for http: and https:', async () => {
    const server = await serve()
    const secure = await secureServer()
    const between = await socksServer()
    const route = { verify: CA, proxy: new URL(between.url) }
    expect(await answer(server.url.replace('127.0.0.1', 'somewhere.example'), route)).toBe('200 hello')
    expect(await answer(`${secure.url.replace('127.0.0.1', 'localhost')}/x`, route)).toBe(
      `200 localhost:${String(secure.port)} /x`,
    )
    expect(await answer(server.url, route)).toBe('200 hello')
    expect(await answer(`http://[2001:db8::7]:${new URL(server.url).port}/`, route)).toBe('200 hello')
    expect(between.seen.map((place) => place.replace(/:\d+$/u, ''))).toEqual([
      'somewhere.example',
      'localhost',
      '127.0.0.1',
      '[20010db8000000000000000000000007]',
    ])
  })

  it('can want user and password', async () => {
    const server = await serve()
    const between = await socksServer({ auth: 'me:p@ss' })
    const known = new URL(between.url.replace('//', '//me:p%40ss@'))
    expect(await answer(server.url, { proxy: known })).toBe('200 hello')
    expect((await failure(server.url, { proxy: new URL(between.url) })).message).toBe(
      `GET ${server.url}/ got no connection: the proxy ${between.url} refused ${new URL(server.url).host}: it wants a user and a password.`,
    )
    known.password = 'wrong'
    expect((await failure(server.url, { proxy: known })).message).toBe(
      `GET ${server.url}/ got no connection: the proxy ${between.url} refused ${new URL(server.url).host}: it does not take this user and password.`,
    )
  })

  it('that refuses is a ProxyError with its reason', async () => {
    const between = await socksServer({ code: 2 })
    const error = await failure('http://somewhere.example/', { proxy: new URL(between.url) })
    expect([error.name, error.message]).toEqual([
      'ProxyError',
      `GET http://somewhere.example/ got no connection: the proxy ${between.url} refused somewhere.example:80: its rules do not allow it.`,
    ])
  })

  it('that closes the connection is a ProxyError, too', async () => {
    const { port } = await listen((peer) => peer.once('data', () => peer.end()))
    const error = await failure('http://somewhere.example/', { proxy: new URL(`socks5://127.0.0.1:${String(port)}`) })
    expect(error.message).toBe(
      `GET http://somewhere.example/ got no connection: the proxy socks5://127.0.0.1:${String(port)} refused somewhere.example:80: it closed the connection.`,
    )
  })

  it('that is none is a ProxyError, too', async () => {
    const between = await proxy()
    const error = await failure('http://somewhere.example/', { proxy: new URL(between.url.replace('http', 'socks5')) })
    expect(error.message).toBe(
      `GET http://somewhere.example/ got no connection: the proxy ${between.url.replace('http', 'socks5')} refused somewhere.example:80: it does not speak SOCKS5.`,
    )
  })
})

describe('options', () => {
  it('`socketPath` leads all requests to a Unix socket', async () => {
    const path = join(tmpdir(), `greenloop-transport-${String(process.pid)}.sock`)
    const server = http.createServer((request, response) => response.end(`${request.headers.host ?? ''} here`))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    expect(await answer('http://docker/', {}, agents({ socketPath: path }))).toBe('200 docker here')
  })

  it('`maxHeaderBytes` limits the header of an answer', async () => {
    const server = await serve((_, response) => {
      response.setHeader('x-long', 'x'.repeat(2000)).end()
      return true
    })
    expect(await answer(server.url)).toBe('200 ')
    expect((await failure(server.url, {}, {}, agents({ maxHeaderBytes: 1000 }))).message).toBe(
      `GET ${server.url}/ got no answer: the header of the answer is too long (UND_ERR_HEADERS_OVERFLOW).`,
    )
  })
})
