// The patch of `node:stream` as a patch: which objects have the methods, pipelines without a callback, promises that a kill aborts, and what
// stays as it was. What the methods do is in test/os/streams.
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as ask, createServer, type IncomingMessage, OutgoingMessage } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stream, { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from 'node:stream'
import streamPromises, { finished as finishes, pipeline as pipes } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip, createGzip } from 'node:zlib'
import {
  type Green,
  type Greenlet,
  getHub,
  joinall,
  type Operation,
  run,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catchUnhandled, eventually, inWait, listen } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection, thrown, usage } from '../support/thrown.ts'

checkLeaks()

const original = { pipeline, finished, pipes, finishes }
const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
const path = join(folder, 'text.txt')
const LINES = Array.from({ length: 1000 }, (_, n) => `line ${String(n)}`)
writeFileSync(path, `${LINES.join('\n')}\n`)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

beforeEach(() => {
  monkey.patchStreams()
})
afterEach(() => {
  monkey.unpatchAll()
})

/** A stream from which nothing comes. */
const silent = (): Readable => new Readable({ read: () => undefined })
/** A stream that keeps what it is given, slowly: each piece is taken in a turn of its own. */
function collector(): Writable & { readonly text: string } {
  let text = ''
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk, _, done) {
      text += String(chunk)
      setImmediate(done)
    },
  })
  return Object.defineProperty(sink, 'text', { get: () => text }) as Writable & { readonly text: string }
}

describe('the methods', () => {
  it('are on all that can be read, all that can be written to, and what can do both', () => {
    const has = (object: object): string[] =>
      ['recv', 'cursor', 'lines', 'sendall', 'finish'].filter((name) => name in object)
    const [reading, writing] = [
      ['recv', 'cursor', 'lines'],
      ['sendall', 'finish'],
    ]
    expect(has(silent())).toEqual(reading)
    expect(
      has(
        createReadStream(path).on('open', function (this: Readable) {
          this.destroy()
        }),
      ),
    ).toEqual(reading)
    expect(has(collector())).toEqual(writing)
    for (const both of [new PassThrough(), new Duplex(), new Transform(), createGzip(), new net.Socket()])
      expect(has(both)).toEqual([...reading, ...writing])
    expect(has(stream.Stream.prototype)).toEqual([])
  })

  it('read and write: a file, line by line, through gzip and back', async () => {
    await run(function* () {
      const gunzip = createGunzip()
      const gzip = createGzip()
      gzip.pipe(gunzip)
      const writer = spawn(function* () {
        const lines = createReadStream(path).lines()
        while (yield* lines.next()) yield* gzip.sendall(`${lines.value.toUpperCase()}\n`)
        yield* gzip.finish()
      })
      const read: string[] = []
      const lines = gunzip.lines()
      while (yield* lines.next()) read.push(lines.value)
      expect(read).toEqual(LINES.map((line) => line.toUpperCase()))
      yield* writer.get()
    })
  })

  it('read what has arrived, piece by piece', async () => {
    await run(function* () {
      const pipe = new PassThrough()
      pipe.end('hello')
      expect([String(yield* pipe.recv(2)), String(yield* pipe.recv()), (yield* pipe.recv()).length]).toEqual([
        'he',
        'llo',
        0,
      ])
      const chunks: unknown[] = []
      const it = Readable.from([1, { two: 2 }]).cursor<unknown>()
      while (yield* it.next()) chunks.push(it.value)
      expect(chunks).toEqual([1, { two: 2 }])
    })
  })

  it('a socket keeps its own recv and sendall when it is patched, too, in whichever order', async () => {
    const { port } = await listen((peer) => peer.pipe(peer))
    for (const patch of [monkey.patchStreams, monkey.patchNet]) {
      monkey.unpatchAll()
      patch()
      monkey.patchStreams()
      await run(function* () {
        const socket = net.connect(port, '127.0.0.1')
        yield* socket.sendall('said\n')
        expect(String(yield* socket.recv(3))).toBe('sai')
        const lines = socket.lines()
        expect([yield* lines.next(), lines.value]).toEqual([true, 'd'])
        socket.destroy()
      })
    }
  })

  it('messages of http are read and ended by them', async () => {
    monkey.patchHttp()
    const server = createServer(function* (request, response) {
      const lines = request.lines()
      while (yield* lines.next()) yield* response.sendall(`${lines.value}!`)
      yield* response.finish('over')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    await run(function* () {
      const request = ask({ port, host: '127.0.0.1', method: 'POST', agent: false })
      yield* request.finish('one\ntwo')
      const response: IncomingMessage = yield* request
      let text = ''
      for (let chunk = yield* response.recv(); chunk.length > 0; chunk = yield* response.recv()) text += String(chunk)
      expect(text).toBe('one!two!over')
    })
    server.close()
    expect('finish' in OutgoingMessage.prototype).toBe(true)
  })

  it('a stream has no iterator: it is taken for what it is', async () => {
    monkey.patchAll()
    expect(Symbol.iterator in Readable.prototype).toBe(false)
    expect(Symbol.iterator in Duplex.prototype).toBe(false)
    expect(await Readable.from(Readable.from(['a', 'b'])).toArray()).toEqual(['a', 'b'])
    const seen: string[] = []
    for (const key in new PassThrough()) seen.push(key)
    expect(seen).not.toContain('recv')
    expect(seen).not.toContain('finish')
  })
})

describe('pipeline without a callback', () => {
  it('is an operation: it waits until all is through', async () => {
    await run(function* () {
      const sink = collector()
      yield* pipeline(createReadStream(path), createGzip(), createGunzip(), sink)
      expect(sink.text).toBe(readFileSync(path, 'utf8'))
      const listed = collector()
      yield* (stream.pipeline as unknown as (streams: unknown[]) => Operation<void>)([
        Readable.from(['a', 'b']),
        listed,
      ]) // as Node takes them, too
      expect(listed.text).toBe('ab')
      const open = collector()
      yield* pipeline(['c', 'd'], open, { end: false })
      expect([open.text, open.writableEnded]).toEqual(['cd', false])
      const stepped = collector()
      yield* pipeline(
        ['x', 'y'],
        async function* (source: AsyncIterable<unknown>) {
          for await (const chunk of source) yield `<${String(chunk)}>`
        },
        stepped,
      )
      expect(stepped.text).toBe('<x><y>')
    })
    const awaited = collector()
    await pipeline(['in plain code'], awaited)
    expect(awaited.text).toBe('in plain code')
  })

  it('destroys all of it when it is killed, or when one of them fails', async () => {
    const unhandled = catchUnhandled()
    const [source, through, target] = [silent(), new PassThrough(), collector()]
    const greenlet = spawn(function* () {
      yield* pipeline(source, through, target)
    })
    await inWait(greenlet)
    await greenlet.kill()
    await eventually('all are destroyed', () => [source, through, target].every(({ destroyed }) => destroyed))
    expect(getHub().outstanding).toBe(0)
    await run(function* () {
      const failing = new Transform({ transform: (_, __, done) => done(new RangeError('of a step')) })
      const reading = Readable.from(['x'])
      try {
        yield* pipeline(reading, failing, collector())
        expect.unreachable()
      } catch (error) {
        expect(String(error)).toBe('RangeError: of a step')
      }
      expect(reading.destroyed).toBe(true)
    })
    await sleep(2)
    expect(unhandled).toEqual([])
  })

  it('with a callback is Node’s own, and gives the last stream', async () => {
    const sink = collector()
    const told = new Promise((resolve) => {
      expect(pipeline(Readable.from(['x']), new PassThrough(), sink, resolve)).toBe(sink)
    })
    expect([await told, sink.text]).toEqual([undefined, 'x'])
    const consumed = await new Promise<unknown[]>((resolve) => {
      pipeline(
        Readable.from(['y']),
        async (source: AsyncIterable<unknown>) => {
          for await (const chunk of source) return chunk
          return null
        },
        (...args: unknown[]) => resolve(args),
      )
    })
    expect(consumed).toEqual([undefined, 'y'])
  })

  it('refuses what leads nowhere, at the call', () => {
    expect(usage(() => (pipeline as unknown as (one: unknown) => unknown)(silent()))).toContain(
      'pipeline() expects a source and a target, but got 1 of them.',
    )
  })
})

describe('finished without a callback', () => {
  it('is an operation: it waits for the end, and a kill leaves the stream as it is', async () => {
    await run(function* () {
      const pipe = new PassThrough().resume()
      const waiting = spawn(function* () {
        yield* finished(pipe)
        return 'over'
      })
      const killed: Greenlet = spawn(function* () {
        yield* finished(pipe)
      })
      yield* sleep(1)
      const listeners = pipe.listenerCount('end')
      yield* killed.kill()
      expect([pipe.destroyed, pipe.listenerCount('end')]).toEqual([false, listeners - 1])
      pipe.end()
      expect(yield* waiting.get()).toBe('over')
      yield* finished(pipe)
    })
  })

  it('throws the error of the stream', async () => {
    const pipe = silent()
    const greenlet = spawn(function* () {
      yield* finished(pipe)
    })
    await inWait(greenlet)
    pipe.destroy(new RangeError('broken'))
    await expect(greenlet.get()).rejects.toThrow('broken')
  })

  it('with a callback is Node’s own, and gives what takes the listeners off', async () => {
    const pipe = new PassThrough().resume()
    const before = pipe.listenerCount('end')
    const cleanup = finished(pipe, () => expect.unreachable())
    expect(pipe.listenerCount('end')).toBe(before + 1)
    cleanup()
    expect(pipe.listenerCount('end')).toBe(before)
    const told = new Promise((resolve) => finished(pipe, { readable: false }, resolve))
    pipe.end()
    expect(await told).toBeUndefined()
  })
})

describe('stream/promises', () => {
  it('gives Node’s own promises, for everybody who awaits them', async () => {
    const sink = collector()
    await pipes(Readable.from(['a']), new PassThrough(), sink)
    expect(sink.text).toBe('a')
    expect(
      await pipes(Readable.from(['b']), async (source: AsyncIterable<unknown>) => {
        for await (const chunk of source) return chunk
        return null
      }),
    ).toBe('b')
    const open = collector()
    await pipes(Readable.from(['c']), open, { end: false })
    expect(open.writableEnded).toBe(false)
    const pipe = new PassThrough().resume()
    pipe.end()
    await finishes(pipe, { cleanup: true })
    await finishes(new PassThrough().resume().end(), null as never)
    for (const name of ['pipeline', 'finished'] as const)
      expect((promisify as (fn: unknown) => unknown)(stream[name])).toBe(streamPromises[name])
    expect([stream.promises.pipeline, stream.promises.finished]).toEqual([pipes, finishes])
  })

  it('refuses what Node refuses, in its words', async () => {
    const wrong: ((functions: typeof original) => Promise<unknown>)[] = [
      ({ pipes: pipe }) => (pipe as () => Promise<unknown>)(),
      ({ pipes: pipe }) => (pipe as (one: unknown) => Promise<unknown>)(silent()),
      ({ pipes: pipe }) => (pipe as (...steps: unknown[]) => Promise<unknown>)(silent(), 5),
      ({ pipes: pipe }) => pipe(silent(), collector(), { signal: 5 as never }),
      ({ pipes: pipe }) => pipe(silent(), collector(), { signal: AbortSignal.abort() }),
      ({ finishes: finish }) => finish(5 as never),
      ({ finishes: finish }) => finish(silent(), 5 as never),
      ({ finishes: finish }) => finish(silent(), { signal: {} as never }),
      ({ finishes: finish }) => finish(silent(), { signal: AbortSignal.abort() }),
    ]
    const said = async (call: () => Promise<unknown>): Promise<string> => {
      try {
        return String(await call())
      } catch (error) {
        return String(error)
      }
    }
    const all = { ...original, pipes, finishes }
    for (const call of wrong) {
      const words = await said(() => call(original))
      expect(words).toMatch(/Error/u)
      expect(await said(() => call(all))).toBe(words)
    }
  })

  it('a kill, and a timeout, of the last greenlet that drives it aborts it: all is destroyed', async () => {
    const unhandled = catchUnhandled()
    const begin = (options?: { signal: AbortSignal }): [Promise<void>, readonly (Readable | Writable)[]] => {
      const streams = [silent(), new PassThrough(), collector()] as const
      return [options === undefined ? pipes(...streams) : pipes(...streams, options), streams]
    }
    for (const options of [undefined, { signal: new AbortController().signal }]) {
      const [promise, streams] = begin(options)
      const [first, second] = [1, 2].map(() =>
        spawn(function* () {
          yield* until(promise)
        }),
      )
      await inWait(second!)
      await first!.kill()
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([false, false, false])
      expect(second!.$wait?.describe()).toBe('pipeline()')
      await second!.kill()
      await eventually('all are destroyed', () => streams.every(({ destroyed }) => destroyed))
    }
    const [promise, streams] = begin()
    await expect(run(() => withTimeout(2, () => until(promise)))).rejects.toBeInstanceOf(Timeout)
    await eventually('all are destroyed', () => streams.every(({ destroyed }) => destroyed))
    expect(unhandled).toEqual([])
  })

  it('the signal of the caller aborts it as before', async () => {
    const controller = new AbortController()
    const source = silent()
    const told = rejection(pipes(source, collector(), { signal: controller.signal }))
    controller.abort()
    expect([((await told) as Error).name, source.destroyed]).toEqual(['AbortError', true])
    const again = new AbortController()
    const end = rejection(finishes(silent(), { signal: again.signal }))
    again.abort()
    expect(((await end) as Error).name).toBe('AbortError')
  })

  it('a kill of who waits for the end leaves the stream, and no listener', async () => {
    const pipe = silent()
    const before = pipe.eventNames()
    const greenlet = spawn(function* () {
      yield* finishes(pipe)
    })
    await inWait(greenlet)
    expect(greenlet.$wait?.describe()).toBe('finished()')
    await greenlet.kill()
    await eventually('it has let go', () => pipe.eventNames().length === before.length)
    expect(pipe.destroyed).toBe(false)
  })

  it('is driven without the patch of promises', async () => {
    expect(monkey.isModulePatched('promise')).toBe(false)
    const sink = collector()
    function* work(): Green<void> {
      yield* pipes(Readable.from(['driven']), sink)
    }
    await run(() => joinall([spawn(work)]))
    expect(sink.text).toBe('driven')
  })
})

it('all is as before when it is taken back', () => {
  const made = pipes
  monkey.unpatchAll()
  expect([pipeline, finished, pipes, finishes]).toEqual(Object.values(original))
  expect(made).not.toBe(pipes)
  expect(thrown(() => (pipeline as (...steps: unknown[]) => unknown)(silent(), collector()))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  })
  for (const { prototype } of [Readable, Writable, Duplex])
    for (const name of ['recv', 'lines', 'sendall', 'finish']) expect(name in prototype).toBe(false)
})
