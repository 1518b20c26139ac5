// chunks, text, buffer and json of Node streams and web streams: what a cursor gives, and what becomes of the stream when it is left.
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import {
  ConcurrentObjectUseError,
  each,
  run,
  SocketClosedError,
  StreamClosedError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  withTimeout,
} from 'greenloop'
import { buffer, chunks, json, text } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { all, caught, folder, listeners, pair } from './support.ts'

checkLeaks()

describe('chunks()', () => {
  it('gives bytes, text, or objects, as the stream does', async () => {
    const bytes = new PassThrough()
    bytes.end('bytes')
    const words = new PassThrough({ encoding: 'utf8' })
    words.end('wörds')
    const objects = Readable.from([0, '', false, { a: 1 }])
    await run(function* () {
      expect(yield* all(chunks(bytes))).toEqual([Buffer.from('bytes')])
      expect(yield* all(chunks<string>(words))).toEqual(['wörds'])
      expect(yield* all(chunks<unknown>(objects))).toEqual([0, '', false, { a: 1 }])
    })
  })

  it('is false at the end, again and again, and takes our listeners off', async () => {
    const stream = new PassThrough()
    stream.end('x')
    await run(function* () {
      const it = chunks(stream)
      yield* all(it)
      expect(yield* it.next()).toBe(false)
      it[Symbol.dispose]()
      yield* sleep(1)
      expect(listeners(stream)).toEqual({ prefinish: 1 })
    })
  })

  it('waits for what comes, and lets the source wait meanwhile', async () => {
    let asked = 0
    const stream = new Readable({
      highWaterMark: 2,
      read() {
        asked++
        setImmediate(() => this.push('ab'))
      },
    })
    await run(function* () {
      using it = chunks(stream)
      for (let n = 0; n < 3; n++) {
        expect(yield* it.next()).toBe(true)
        yield* sleep(2)
        expect(asked).toBeLessThanOrEqual(n + 2)
      }
    })
  })

  it('reads files, decompressors and sockets', async () => {
    const path = join(folder(), 'file')
    const data = Buffer.alloc(200_000, 'abc')
    writeFileSync(path, data)
    const gunzip = createGunzip()
    gunzip.end(gzipSync(data))
    const [socket, peer] = await pair()
    socket.end(data)
    await run(function* () {
      for (const stream of [createReadStream(path), gunzip, peer])
        expect(Buffer.concat(yield* all(chunks(stream))).equals(data)).toBe(true)
    })
  })

  it('gives the text of a socket that has an encoding', async () => {
    const [socket, peer] = await pair()
    peer.setEncoding('latin1')
    socket.end(Buffer.from([0xfc]))
    expect(await run(() => all(chunks<string>(peer)))).toEqual(['ü'])
  })

  it('can be read by async code, which destroys the stream when it leaves its loop', async () => {
    const stream = Readable.from(['a', 'b'])
    for await (const chunk of chunks<string>(stream)) {
      expect(chunk).toBe('a')
      break
    }
    expect(stream.destroyed).toBe(true)
  })

  it('in plain code hears of errors between two reads', async () => {
    const unhandled = catchUnhandled()
    const stream = new PassThrough()
    stream.write('x')
    const it = chunks(stream)
    expect(await it.next()).toBe(true)
    const error = new Error('broken')
    stream.destroy(error)
    await new Promise((resolve) => setImmediate(resolve))
    await expect(it.next().then()).rejects.toBe(error)
    expect(unhandled).toEqual([])
  })
})

describe('a cursor over a stream that is left', () => {
  it('by disposing destroys the stream, and ends a wait in it', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const it = chunks(stream)
      const reader = spawn(() => it.next())
      yield* sleep(0)
      it[Symbol.dispose]()
      it[Symbol.dispose]()
      expect(yield* reader.get()).toBe(false)
      expect(yield* it.next()).toBe(false)
    })
    expect(stream.destroyed).toBe(true)
  })

  it('by a kill or a timeout in next() leaves the stream as it was', async () => {
    const stream = new PassThrough()
    const before = listeners(stream)
    await run(function* () {
      const it = chunks(stream)
      const victim = spawn(() => it.next())
      yield* sleep(0)
      victim.kill()
      expect(listeners(stream)).toEqual(before)
      const timeout = new Timeout(1)
      expect(yield* caught(withTimeout(timeout, () => it.next()))).toBe(timeout)
      expect(listeners(stream)).toEqual(before)
      stream.write('kept')
      expect(yield* it.next()).toBe(true)
      expect(String(it.value)).toBe('kept')
    })
    expect(stream.destroyed).toBe(false)
  })

  it('without disposing leaves the stream to others', async () => {
    const stream = new PassThrough()
    stream.end('one')
    await run(function* () {
      const it = chunks(stream)
      yield* it.next()
    })
    expect(stream.destroyed).toBe(false)
  })

  it('by each() is disposed of', async () => {
    const stream = new PassThrough()
    stream.write('x')
    await run(function* () {
      const error = new Error('no more')
      const failed = each(chunks(stream), () => {
        throw error
      })
      expect(yield* caught(failed)).toBe(error)
    })
    expect(stream.destroyed).toBe(true)
  })

  it('of a socket is destroyed by disposing, which ends a wait in it', async () => {
    const [, peer] = await pair()
    await run(function* () {
      const it = chunks(peer)
      const reader = spawnWith({ name: 'reader' }, () => it.next())
      yield* sleep(1)
      const second = spawnWith({ name: 'second' }, () => caught(it.next()))
      expect(messageOf(yield* second.get())).toBe(
        'Greenlet "second" waits in next() of chunks(), where "reader" waits already.',
      )
      it[Symbol.dispose]()
      it[Symbol.dispose]()
      expect([yield* reader.get(), yield* it.next()]).toEqual([false, false])
      expect(peer.destroyed).toBe(true)
    })
  })
})

describe('a cursor whose stream breaks', () => {
  it('throws its error, or StreamClosedError', async () => {
    const [broken, closed] = [new PassThrough(), new PassThrough()]
    const error = new Error('broken')
    const [, peer] = await pair()
    await run(function* () {
      const readers = [broken, closed, peer].map((stream) => spawn(() => caught(chunks(stream).next())))
      yield* sleep(1)
      broken.destroy(error)
      closed.destroy()
      peer.destroy()
      const [first, second, third] = readers
      expect(yield* first!.get()).toBe(error)
      expect(messageOf(yield* second!.get())).toBe('next() of chunks(): the PassThrough is closed.')
      expect(yield* third!.get()).toBeInstanceOf(SocketClosedError)
    })
  })
})

describe('chunks() refuses', () => {
  it('a second reader, by name', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const it = chunks(stream)
      const first = spawnWith({ name: 'first' }, () => it.next())
      yield* sleep(0)
      const second = spawnWith({ name: 'second' }, () => caught(chunks(stream).next()))
      const error = yield* second.get()
      expect(error).toBeInstanceOf(ConcurrentObjectUseError)
      expect(messageOf(error)).toBe(
        'Greenlet "second" called next() of chunks() of the PassThrough, where "first" waits already; who would get what is not defined.',
      )
      first.kill()
    })
  })

  it('what is no stream', () => {
    expect(usage(() => chunks([] as never))).toBe(
      "chunks() expects a stream that can be read, such as a Readable of Node's, but got an Array.",
    )
  })
})

describe('text(), buffer() and json()', () => {
  it('read a stream to its end', async () => {
    const euro = Buffer.from('€')
    await run(function* () {
      expect(yield* text(Readable.from([euro.subarray(0, 1), euro.subarray(1)]))).toBe('€')
      expect(yield* text(Readable.from(['\ufefffirst'], { objectMode: false }))).toBe('first')
      expect(yield* buffer(Readable.from(['a', Buffer.from('b')]))).toEqual(Buffer.from('ab'))
      expect(yield* json(Readable.from(['[1, ', '2]']))).toEqual([1, 2])
      expect(yield* caught(json(Readable.from(['[1, '])))).toBeInstanceOf(SyntaxError)
    })
  })

  it('encode text as it came', async () => {
    const stream = new PassThrough({ encoding: 'latin1' })
    stream.end(Buffer.from([0xfc]))
    expect(await run(() => buffer(stream))).toEqual(Buffer.from([0xfc]))
  })

  it('refuse objects', async () => {
    const error = await run(() => caught(text(Readable.from([{ a: 1 }]))))
    expect(messageOf(error)).toBe('text() reads bytes and text, but the stream gave an Object.')
  })

  it('killed destroy the stream', async () => {
    const stream = new PassThrough()
    stream.write('x')
    const victim = spawn(() => text(stream))
    await eventually('it waits', () => victim.$wait !== null)
    victim.kill()
    await victim.join()
    expect(stream.destroyed).toBe(true)
  })

  it('throw what the stream does', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(() => caught(buffer(stream)))
      yield* sleep(0)
      stream.destroy()
      expect(yield* reader.get()).toBeInstanceOf(StreamClosedError)
    })
  })

  it('check what they are given at the call', () => {
    expect(usage(() => text({} as Readable))).toBe(
      "text() expects a stream that can be read, such as a Readable of Node's, but got an Object.",
    )
  })
})

describe('a web stream', () => {
  /** One that tells whether it was cancelled. */
  function open(first: readonly string[] = []) {
    const state = { cancelled: false }
    const stream = new ReadableStream<string>({
      start(controller) {
        for (const chunk of first) controller.enqueue(chunk)
      },
      cancel() {
        state.cancelled = true
      },
    })
    return { stream, state }
  }

  it('is read to its end, and its lock is free then', async () => {
    const stream = new ReadableStream<number>({
      start(controller) {
        for (const n of [1, 2]) controller.enqueue(n)
        controller.close()
      },
    })
    await run(function* () {
      const it = chunks(stream)
      expect(yield* all(it)).toEqual([1, 2])
      expect(stream.locked).toBe(false)
    })
    expect(await run(() => text(new Blob(['blöb']).stream() as ReadableStream))).toBe('blöb')
  })

  it('is cancelled by disposing of the cursor, and by a kill in next()', async () => {
    const [left, killed] = [open(['a', 'b']), open()]
    await run(function* () {
      {
        using it = chunks(left.stream)
        yield* it.next()
        expect(it.value).toBe('a')
      }
      const victim = spawn(function* () {
        return yield* chunks(killed.stream).next()
      })
      yield* sleep(1)
      victim.kill()
      yield* sleep(1)
    })
    expect([left.state, killed.state]).toEqual([{ cancelled: true }, { cancelled: true }])
    expect([left.stream.locked, killed.stream.locked]).toEqual([false, false])
  })

  it('loses nothing by a timeout in next()', async () => {
    let give: (chunk: string) => void = () => undefined
    const stream = new ReadableStream<string>({
      start(controller) {
        give = (chunk) => {
          controller.enqueue(chunk)
        }
      },
    })
    await run(function* () {
      using it = chunks(stream)
      const timeout = new Timeout(1)
      expect(yield* caught(withTimeout(timeout, () => it.next()))).toBe(timeout)
      give('late')
      expect([yield* it.next(), it.value]).toEqual([true, 'late'])
    })
  })

  it('that is locked is refused', () => {
    const { stream } = open()
    stream.getReader()
    expect(usage(() => chunks(stream))).toBe(
      'chunks() was called of the ReadableStream, which somebody reads already: it is locked.',
    )
    expect(usage(() => text(stream))).toBe(
      'text() was called of the ReadableStream, which somebody reads already: it is locked.',
    )
  })
})
