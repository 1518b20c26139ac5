// What an audit of streams has found: bytes behind a head of lines, streams that fail when they are left, ends that nobody meant.
import { createReadStream } from 'node:fs'
import { PassThrough, Readable, Writable } from 'node:stream'
import { each, run, sleep, spawn } from 'greenloop'
import { chunks, lines, pipeline, recv, text, transform } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { socketMethods } from '../../src/net/stream/methods.ts'
import { catchUnhandled } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejectionMessage } from '../support/thrown.ts'
import { pair } from './streams/support.ts'

checkLeaks()

/** No text, and a character that is cut off. */
const BINARY = Buffer.from([0xff, 0x00, 0xe2, 0x82])
const HEADED = Buffer.concat([Buffer.from('head\n'), BINARY])

/** Keeps what it is given. */
function collector(): Writable & { readonly bytes: Buffer } {
  let bytes = Buffer.alloc(0)
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      bytes = Buffer.concat([bytes, chunk])
      done()
    },
  })
  return Object.defineProperty(sink, 'bytes', { get: () => bytes }) as Writable & { readonly bytes: Buffer }
}

describe('what comes behind a line', () => {
  it('is given as it came by recv, whatever it is', async () => {
    const stream = new PassThrough()
    stream.write(HEADED)
    await run(function* () {
      yield* lines(stream).next()
      expect(yield* recv(stream)).toEqual(BINARY)
      stream.write(Buffer.from([0xac]))
      expect(yield* recv(stream)).toEqual(Buffer.from([0xac]))
    })
  })

  it('is given by recv of a line that has begun in several pieces', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const it = lines(stream)
      const reader = spawn(() => it.next())
      for (const piece of [Buffer.from('head\nü'), Buffer.from([0xff]), Buffer.from('x€').subarray(0, 3)]) {
        stream.write(piece)
        yield* sleep(1)
      }
      expect([yield* reader.get(), it.value]).toEqual([true, 'head'])
      const second = spawn(() => it.next())
      yield* sleep(1)
      yield* second.kill()
      expect(yield* recv(stream, 3)).toEqual(Buffer.from([0xc3, 0xbc, 0xff]))
      expect(yield* recv(stream)).toEqual(Buffer.from('x€').subarray(0, 3))
    })
  })

  it.each([
    ['utf8', 'ü'],
    ['latin1', 'ü'],
    ['utf16le', 'ü'],
  ] as const)('of a stream of text in %s stays in its encoding', async (encoding, character) => {
    const stream = new PassThrough({ encoding })
    stream.end(Buffer.from(`${character}${character}\n${character}`, encoding))
    await run(function* () {
      const size = Buffer.byteLength(character, encoding)
      expect((yield* recv(stream, size)).toString(encoding)).toBe(character)
      const it = lines(stream)
      expect([yield* it.next(), it.value]).toEqual([true, character])
      expect((yield* recv(stream)).toString(encoding)).toBe(character)
    })
  })

  it('of a socket is given by recv, by chunks, and by lines again', async () => {
    const [socket, peer] = await pair()
    socket.end(Buffer.from('head\none\ntwo\nthree\nfour'))
    await run(function* () {
      yield* lines(peer).next()
      expect(String(yield* recv(peer, 2))).toBe('on')
      const it = lines(peer)
      expect([yield* it.next(), it.value]).toEqual([true, 'e'])
      expect(String(yield* recv(peer, 2))).toBe('tw')
      expect([yield* it.next(), it.value]).toEqual([true, 'o'])
      expect(String(yield* socketMethods.recv.call(peer, 1))).toBe('t')
      const rest = chunks(peer)
      expect([yield* rest.next(), String(rest.value)]).toEqual([true, 'hree\nfour'])
      expect(yield* rest.next()).toBe(false)
    })
  })

  it('is led on by pipeline, from a stream that goes on and from one at its end', async () => {
    const open = new PassThrough()
    open.write(HEADED)
    const [socket, peer] = await pair()
    socket.end(HEADED)
    await run(function* () {
      for (const stream of [open, Readable.from([HEADED], { objectMode: false }), peer]) {
        yield* lines(stream).next()
        yield* sleep(1)
        if (stream === open) open.end('.')
        const target = collector()
        yield* pipeline(stream, target)
        expect(target.bytes).toEqual(stream === open ? Buffer.concat([BINARY, Buffer.from('.')]) : BINARY)
      }
    })
  })
})

it('recv() of all that is there does not have the stream read further ahead from then on', async () => {
  const stream = new PassThrough({ highWaterMark: 100 })
  stream.write(Buffer.alloc(100_000))
  expect((await recv(stream)).length).toBe(100_000)
  expect(stream.readableHighWaterMark).toBe(100)
})

describe('a stream that cannot be opened', () => {
  it.each([
    ['chunks', (stream: Readable) => each(chunks(stream), () => undefined)],
    ['lines', (stream: Readable) => each(lines(stream), () => undefined)],
    ['text', (stream: Readable) => text(stream)],
  ] as const)('is nobody’s business when the reader by %s is killed before that', async (_, read) => {
    const unhandled = catchUnhandled()
    await run(function* () {
      const stream = createReadStream('nowhere/to/be/found')
      const victim = spawn(function* () {
        yield* read(stream)
      })
      yield* sleep(0)
      yield* victim.kill()
      while (!stream.closed) yield* sleep(1)
      expect(stream.errored).toMatchObject({ code: 'ENOENT' })
    })
    expect(unhandled).toEqual([])
  })
})

describe('push()', () => {
  it('refuses null, by which Node would end the stream and drop what comes behind', async () => {
    const stream = transform<Buffer, string>(function* (_, push) {
      yield* push(null as never)
    })
    const read = rejectionMessage(text(stream))
    await sleep(0)
    stream.end('x')
    expect(await read).toBe('push() was given null, which would be the end of the stream.')
  })
})

describe('each()', () => {
  it('reads a stream whose field `cursor` is something of its own', async () => {
    const stream = Object.assign(Readable.from(['one', 'two']), { cursor: 5 })
    const read: unknown[] = []
    await run(() =>
      each<unknown>(stream as Readable, (value) => {
        read.push(value)
      }),
    )
    expect(read).toEqual(['one', 'two'])
  })
})
