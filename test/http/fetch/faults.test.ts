// What can go wrong with a fetch, of both kinds: a clear error for each, thrown by the `yield*`, and nothing left.
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Green, GreenletExit, getHub, run, spawn } from 'greenloop'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, closedPort, eventually, listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'
import { BOTH, patchForFile } from './both.ts'

checkLeaks()
patchForFile()

/** What keeps the process, but for what the test runner has. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|TLS|GetAddr)/u.test(kind)).length
}

let before = 0
beforeAll(() => {
  before = handles()
})
afterAll(async () => {
  await eventually('no socket is left', () => handles() <= before)
})

describe.each(BOTH)('%s', (name, fetch) => {
  function* read(...args: Parameters<typeof fetch>): Green<string> {
    return yield* (yield* fetch(...args)).text()
  }
  const failure = (...args: Parameters<typeof fetch>): Promise<unknown> => rejection(run(() => read(...args)))

  it('nobody is there: refused', async () => {
    const port = await closedPort()
    expect(await failure(`http://127.0.0.1:${port}/`)).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { code: 'ECONNREFUSED' },
    })
  })

  it('nobody has that name', async () => {
    expect(await failure('http://nowhere.invalid/')).toMatchObject({
      message: 'fetch failed',
      cause: { code: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN)$/u) as string, hostname: 'nowhere.invalid' },
    })
  })

  it('the connection is closed without an answer', async () => {
    const server = await listen((peer) => void peer.once('data', () => peer.end()))
    expect(await failure(`http://127.0.0.1:${server.port}/`)).toMatchObject({
      message: 'fetch failed',
      cause: { code: 'UND_ERR_SOCKET', message: 'other side closed' },
    })
  })

  it('the answer is no HTTP', async () => {
    const server = await listen((peer) => void peer.once('data', () => peer.end('220 mail.example ready\r\n')))
    expect(await failure(`http://127.0.0.1:${server.port}/`)).toMatchObject({
      message: 'fetch failed',
      cause: { name: 'HTTPParserError', data: '220 mail.example ready\r\n' },
    })
  })

  const raw = async (head: string, body: Buffer | string): Promise<unknown> => {
    const server = await listen(
      (peer) =>
        void peer.once('data', () =>
          peer.end(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`), Buffer.from(body)])),
        ),
    )
    return failure(`http://127.0.0.1:${server.port}/`)
  }

  it('the body is shorter than its length', async () => {
    expect(await raw('content-length: 10', 'short')).toMatchObject({
      name: 'TypeError',
      message: 'terminated',
      cause: { code: 'UND_ERR_SOCKET', message: 'other side closed' },
    })
  })

  it('the body ends within a chunk', async () => {
    expect(await raw('transfer-encoding: chunked', '5\r\nab')).toMatchObject({ message: 'terminated' })
  })

  it('a chunk has no length', async () => {
    expect(await raw('transfer-encoding: chunked', 'length?\r\nab')).toMatchObject({
      message: 'terminated',
      cause: { name: 'HTTPParserError', data: 'length?\r\nab' },
    })
  })

  it('the body is no gzip', async () => {
    expect(await raw('content-encoding: gzip\r\ncontent-length: 5', 'plain')).toMatchObject({
      message: 'terminated',
      cause: { code: 'Z_DATA_ERROR', message: 'incorrect header check' },
    })
  })

  it('the gzip is cut short: no error, as in browsers; it gives what came', async () => {
    const zipped = gzipSync('x'.repeat(5000) + String(Math.PI))
    const { url } = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(zipped.subarray(0, zipped.length - 9))
      return true
    })
    expect(await run(() => read(url))).toMatch(/^x+/u)
  })

  it('the connection is reset within the body', async () => {
    const { url } = await serve()
    expect(await failure(`${url}/reset`)).toMatchObject({ message: 'terminated', cause: { code: 'ECONNRESET' } })
  })

  it('redirects without end', async () => {
    const { url, requests } = await serve()
    expect(await failure(`${url}/redirect/1000`)).toMatchObject({
      message: 'fetch failed',
      cause: { message: 'redirect count exceeded' },
    })
    expect(requests).toHaveLength(21)
  })

  it('a redirect where none is wanted', async () => {
    const { url } = await serve()
    expect(await failure(`${url}/redirect/1`, { redirect: 'error' })).toMatchObject({
      message: 'fetch failed',
      cause: { message: 'unexpected redirect' },
    })
  })

  it('headers that are longer than is allowed', async () => {
    const { url } = await serve((_request, response) => {
      response.setHeader('x-bomb', 'x'.repeat(20_000))
      response.end()
      return true
    })
    expect(await failure(url)).toMatchObject({ cause: { code: 'UND_ERR_HEADERS_OVERFLOW' } })
  })

  it('a certificate for another name, and one of nobody’s', async () => {
    const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url))
    const server = https.createServer({ key: fixture('other-key.pem'), cert: fixture('other.pem') })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { Agent } = await import('undici') // not above: the library is to be loaded first
    const dispatcher = new Agent({ connect: { ca: fixture('ca.pem') } })
    onTestFinished(async () => {
      server.close()
      await dispatcher.destroy()
    })
    const url = `https://localhost:${String((server.address() as AddressInfo).port)}/`
    expect(await failure(url, { dispatcher })).toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    expect(await failure(url)).toMatchObject({ cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } })
  })

  it('the caller aborts it, with a reason of its own', async () => {
    const { url, came, aborted } = await serve()
    for (const path of ['silent', 'endless']) {
      const own = new AbortController()
      const failed = failure(`${url}/${path}`, { signal: own.signal })
      await came(`/${path}`)
      setTimeout(() => own.abort(new RangeError('enough')), 5)
      expect(await failed).toEqual(new RangeError('enough'))
      await aborted(`/${path}`)
    }
    expect(await failure(url, { signal: AbortSignal.abort() })).toMatchObject({ name: 'AbortError' })
  })

  it('the answer is no JSON, or was read before', async () => {
    const { url } = await serve()
    const twice = run(function* () {
      const response = yield* fetch(url)
      yield* response.text()
      yield* response.json()
    })
    expect(await rejection(twice)).toMatchObject({ message: 'Body is unusable: Body has already been read' })
    const json = run(function* () {
      return yield* (yield* fetch(url)).json()
    })
    expect(await rejection(json)).toBeInstanceOf(SyntaxError)
  })

  describe('its greenlet is killed', () => {
    /** Kills it in the very step in which `hasCome`, and gives what it ended with. */
    async function killWhen(hasCome: () => boolean, url: string): Promise<unknown> {
      const unhandled = catchUnhandled()
      const victim = spawn(() => read(url))
      await eventually('the moment has come', hasCome)
      await victim.kill()
      expect([getHub().outstanding, unhandled]).toEqual([0, []])
      return victim.value
    }

    it('before there is a connection', async () => {
      const { url, requests } = await serve()
      const victim = spawn(() => {
        queueMicrotask(() => void victim.kill())
        return read(`${url}/silent`)
      })
      await victim.join()
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect([victim.value, requests]).toEqual([expect.any(GreenletExit), []])
    })

    it('while the TLS handshake goes on', async () => {
      const server = await listen((peer) => peer.resume()) // says nothing
      const url = `https://127.0.0.1:${server.port}/`
      expect(await killWhen(() => server.sockets.size > 0, url)).toBeInstanceOf(GreenletExit)
      if (name === 'undici’s') await eventually('the connection is closed', () => server.sockets.size === 0)
      // Node's own is left to its pool, which gives it up by itself.
    })

    it.each(['silent', 'endless'])('while the server is %s', async (path) => {
      const { url, requests, aborted } = await serve()
      expect(await killWhen(() => requests.length > 0, `${url}/${path}`)).toBeInstanceOf(GreenletExit)
      await aborted(`/${path}`)
    })

    it('while its own body goes out', async () => {
      const uploads: net.Socket[] = []
      const server = await listen((peer) => {
        peer.once('data', () => {
          peer.pause()
          uploads.push(peer)
        })
      })
      const url = `http://127.0.0.1:${server.port}/`
      const victim = spawn(() => read(url, { method: 'POST', body: new Uint8Array(20_000_000) }))
      await eventually('its beginning has come', () => uploads.length > 0)
      await victim.kill()
      for (const peer of server.sockets) peer.resume()
      // Node's own pool makes another one in its place, and keeps that for a while.
      const left = (): boolean => (name === 'undici’s' ? server.sockets.size > 0 : server.sockets.has(uploads[0]!))
      await eventually('the connection is closed', () => !left())
    })

    it('on the way of its redirects', async () => {
      const { url, requests } = await serve()
      expect(await killWhen(() => requests.length > 3, `${url}/redirect/19`)).toBeInstanceOf(GreenletExit)
      const seen = requests.length
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(requests.length).toBeLessThanOrEqual(seen + 1) // the last one may have been under way
    })
  })
})
