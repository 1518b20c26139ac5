// Small programs of other people's kind, each run without and with the patches: the results are the same.
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { types } from 'node:util'
import { createGunzip, createGzip } from 'node:zlib'
import { getHub, run, spawn, until } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import * as undici from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { serve } from '../http/support.ts'
import { catchUnhandled, listen } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()
afterEach(() => {
  monkey.unpatchAll()
})

type Program = () => Promise<unknown>

const programs: Record<string, Program> = {
  'a node:http server and client, over a kept connection': async () => {
    const { url } = await serve()
    const agent = new http.Agent({ keepAlive: true })
    const get = (path: string): Promise<[number | undefined, string, boolean]> =>
      new Promise((resolve, reject) => {
        const request = http.get(`${url}${path}`, { agent }, (response) => {
          response
            .toArray()
            .then(
              (chunks) =>
                resolve([response.statusCode, String(Buffer.concat(chunks as Buffer[])), request.reusedSocket]),
              reject,
            )
        })
        request.on('error', reject)
      })
    const answers = [await get('/'), await get('/json'), await get('/missing')]
    agent.destroy()
    return answers
  },

  'a node:http POST whose body is a stream': async () => {
    const { url } = await serve()
    const request = http.request(`${url}/echo`, { method: 'POST' })
    await pipeline(Readable.from(['a', 'b', 'c']), request)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    return String(Buffer.concat((await response.toArray()) as Buffer[]))
  },

  'undici.request, also with an async iterator for a body': async () => {
    const { url } = await serve()
    const dispatcher = new undici.Agent()
    const got = await undici.request(`${url}/json`, { dispatcher })
    const posted = await undici.request(`${url}/echo`, {
      dispatcher,
      method: 'POST',
      body: Readable.from([Buffer.from('one '), Buffer.from('two')]),
    })
    const answers = [got.statusCode, await got.body.json(), await posted.body.text()]
    await dispatcher.close()
    return answers
  },

  'undici.fetch': async () => {
    const { url } = await serve()
    const dispatcher = new undici.Agent()
    const response = await undici.fetch(`${url}/redirect/2`, { dispatcher })
    const answer = [response.status, response.redirected, await response.text()]
    await dispatcher.close()
    return answer
  },

  'the global fetch: GET, POST, redirect, 404, stream of the body': async () => {
    const { url } = await serve()
    const texts = [url, `${url}/redirect/2`, `${url}/missing`].map(async (page) => (await fetch(page)).text())
    const posted = await fetch(`${url}/echo`, { method: 'POST', body: new URLSearchParams({ a: '1' }) })
    const chunks: unknown[] = []
    for await (const chunk of (await fetch(url)).body!) chunks.push(Buffer.from(chunk).toString())
    return [await Promise.all(texts), await posted.text(), chunks]
  },

  'http2 without TLS': async () => {
    const server = http2.createServer((request, response) => {
      response.setHeader('x-path', request.url)
      response.end(`h2 ${request.method}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const answers: unknown[] = []
    for (const path of ['/one', '/two']) {
      const stream = client.request({ ':path': path })
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      answers.push([headers[':status'], headers['x-path'], String(Buffer.concat((await stream.toArray()) as Buffer[]))])
    }
    client.close()
    await new Promise((resolve) => server.close(resolve))
    return answers
  },

  'for await over a socket': async () => {
    const { port } = await listen((peer) => peer.end('abc'))
    const chunks: string[] = []
    for await (const chunk of net.connect(port, '127.0.0.1')) chunks.push(String(chunk))
    return chunks.join('')
  },

  'pipelines of streams through a socket': async () => {
    const { port } = await listen((peer) => peer.pipe(peer), { allowHalfOpen: true })
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    await pipeline(Readable.from(['x'.repeat(50_000), 'end']), createGzip(), socket, createGunzip(), async (source) => {
      for await (const chunk of source) text += String(chunk)
    })
    return [text.length, text.slice(-3)]
  },

  'compose, Readable.toWeb, Response, stream helpers': async () => {
    const { port } = await listen((peer) => peer.end('abc'))
    const connect = (): net.Socket => net.connect(port, '127.0.0.1')
    async function* upper(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
      for await (const chunk of source) yield String(chunk).toUpperCase()
    }
    return [
      String(await (connect().compose(upper) as unknown as Readable).toArray()), // its type says less than it is
      await new Response(Readable.toWeb(connect()) as ReadableStream<Uint8Array>).text(),
      await connect().map(String).toArray(),
      await Readable.from([Promise.resolve(1), 2]).toArray(),
      await Readable.from('abc').pipe(new PassThrough()).toArray(),
    ]
  },

  'promises in everything that takes them': async () => {
    const promise = Promise.resolve(5)
    const emitter = new EventEmitter()
    setTimeout(() => emitter.emit('event', 'payload'), 1)
    const awaited: unknown[] = []
    // eslint-disable-next-line @typescript-eslint/await-thenable -- an array of promises is one of the things that take them
    for await (const value of [promise, Promise.resolve(6)]) awaited.push(value)
    return [
      await Promise.all([promise, Promise.resolve(1)]),
      await Promise.race([promise]),
      await Promise.allSettled([promise, Promise.reject(new Error('no'))]).then((all) =>
        all.map(({ status }) => status),
      ),
      awaited,
      await once(emitter, 'event'),
      types.isPromise(promise),
      JSON.stringify({ promise }),
      await delay(1, 'later'),
      attempt(() => structuredClone(promise)),
    ]
  },
}

function attempt(fn: () => unknown): unknown {
  try {
    return fn()
  } catch (error) {
    return String(error)
  }
}

describe('the same with and without the patches', () => {
  it.each(Object.entries(programs))('%s', async (_, program) => {
    const unhandled = catchUnhandled()
    const plain = await program()
    monkey.patchAll()
    const patched = await program()
    const inGreenlet = await run(function* () {
      return yield* until(program()) // begins inside a greenlet's slice
    })
    monkey.unpatchAll()
    expect(JSON.stringify(plain)).not.toMatch(/no route|null/u)
    expect(patched).toEqual(plain)
    expect(inGreenlet).toEqual(plain)
    expect(unhandled).toEqual([])
  })

  it('all of them at once, while greenlets do the same by their own means', async () => {
    const plain = await Promise.all(Object.values(programs).map((program) => program()))
    monkey.patchAll()
    const { url } = await serve()
    const greenlets = Array.from({ length: 10 }, () =>
      spawn(function* () {
        return yield* (yield* fetch(url)).text()
      }),
    )
    const patched = await Promise.all(Object.values(programs).map((program) => program()))
    expect(patched).toEqual(plain)
    for (const greenlet of greenlets) expect(await greenlet.get()).toBe('hello')
    expect(getHub().outstanding).toBe(0)
  })
})
