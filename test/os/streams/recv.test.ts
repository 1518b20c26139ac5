// recv of Node streams of every kind: what it gives, what a wait that is given up leaves behind, each way in which a stream ends under it.
import { spawn as spawnChild } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import {
  ConcurrentObjectUseError,
  choose,
  Event,
  type Green,
  type Greenlet,
  run,
  SocketTimeoutError,
  StreamClosedError,
  StreamTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
} from 'greenloop'
import { recv } from 'greenloop/os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readableMethods } from '../../../src/os/streams/methods.ts'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { caught, folder, listeners } from './support.ts'

checkLeaks()

/** Everything up to the end, in pieces of `size`. */
function* all(stream: Readable, size?: number): Green<Buffer> {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = yield* recv(stream, size)
    if (piece.length === 0) return Buffer.concat(pieces)
    if (size !== undefined) expect(piece.length).toBeLessThanOrEqual(size)
    pieces.push(piece)
  }
}

const DATA = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251))

describe('recv()', () => {
  it('gives what is there at once, up to size, and an empty Buffer at the end, again and again', async () => {
    const stream = new PassThrough()
    stream.end('hello')
    await run(function* () {
      expect(String(yield* recv(stream, 4))).toBe('hell')
      expect((yield* recv(stream, 0)).length).toBe(0)
      expect(String(yield* recv(stream))).toBe('o')
      for (let n = 0; n < 2; n++) expect((yield* recv(stream)).length).toBe(0)
    })
  })

  it('waits until something has arrived', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(function* () {
        return String(yield* recv(stream, 3))
      })
      yield* sleep(1)
      stream.write('abcdef')
      expect(yield* reader.get()).toBe('abc')
      expect(String(yield* recv(stream))).toBe('def')
    })
  })

  it('is a recipe: nothing is taken before it is driven, and driving it again takes more', async () => {
    const stream = new PassThrough()
    stream.write('abcd')
    const two = recv(stream, 2)
    expect(stream.readableLength).toBe(4)
    expect([String(await two), String(await two)]).toEqual(['ab', 'cd'])
  })

  it.each([1, 1000, 65_536, undefined])('reads a file, in pieces of %s', async (size) => {
    const path = join(folder(), 'file')
    const data = size === 1 ? DATA.subarray(0, 500) : DATA
    writeFileSync(path, data)
    const stream = createReadStream(path)
    expect((await run(() => all(stream, size))).equals(data)).toBe(true)
    await eventually('it is closed', () => stream.closed)
    expect(listeners(stream)).not.toHaveProperty('error')
  })

  it('reads what a child process writes, and what a decompressor gives', async () => {
    const child = spawnChild(process.execPath, ['-e', 'process.stdout.write("x".repeat(100000))'])
    const gunzip = createGunzip()
    gunzip.end(gzipSync(DATA))
    await run(function* () {
      expect((yield* all(child.stdout)).length).toBe(100_000)
      expect((yield* all(gunzip, 777)).equals(DATA)).toBe(true)
    })
  })

  it('reads one side of a Duplex, and leaves the other', async () => {
    const written: string[] = []
    const stream = new Duplex({
      read() {
        this.push('in')
        this.push(null)
      },
      write(chunk, _encoding, done) {
        written.push(String(chunk))
        done()
      },
    })
    expect(String(await run(() => all(stream)))).toBe('in')
    stream.end('out')
    expect(written).toEqual(['out'])
  })

  it('gives the bytes of text, in the encoding of the stream, and tears no character', async () => {
    const stream = new PassThrough({ encoding: 'utf8' })
    await run(function* () {
      const euro = Buffer.from('€')
      const reader = spawn(() => recv(stream, 2))
      stream.write(euro.subarray(0, 1))
      yield* sleep(1)
      expect(reader.ready()).toBe(false)
      stream.write(euro.subarray(1))
      stream.end('ü')
      const pieces = [yield* reader.get()]
      expect(pieces[0]).toEqual(euro.subarray(0, 2))
      pieces.push(yield* all(stream, 2))
      expect(String(Buffer.concat(pieces))).toBe('€ü')
    })
  })

  it('uses the recv of a socket', async () => {
    const server = net.createServer((peer) => peer.write('hi')).listen(0, '127.0.0.1')
    const socket = await new Promise<net.Socket>((resolve) => {
      server.on('listening', () => {
        const made = net.connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
          resolve(made)
        })
      })
    })
    onTestFinished(() => {
      socket.destroy()
      server.close()
    })
    await run(function* () {
      expect(String(yield* recv(socket))).toBe('hi')
      expect(yield* caught(recv(socket, 5, { timeoutMs: 1 }))).toBeInstanceOf(SocketTimeoutError)
    })
  })

  it('reads ahead as far as Node does, and no further', async () => {
    let given = 0
    const stream = new Readable({
      highWaterMark: 10,
      read() {
        given++
        this.push('12345')
      },
    })
    expect(String(await recv(stream, 5))).toBe('12345')
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.readableLength).toBeLessThanOrEqual(10)
    expect(given).toBe(3)
    stream.destroy()
  })

  it('leaves a stream that can be piped on, or listened to', async () => {
    const [first, second, third] = [new PassThrough(), new PassThrough(), new PassThrough()]
    await run(function* () {
      for (const stream of [first, second, third]) {
        const reader = spawn(() => recv(stream, 1))
        yield* sleep(0)
        stream.write('abc')
        expect(String(yield* reader.get())).toBe('a')
      }
    })
    const heard: string[] = []
    first.on('data', (chunk) => heard.push(`1 ${String(chunk)}`))
    second.pipe(new PassThrough()).on('data', (chunk) => heard.push(`2 ${String(chunk)}`))
    third.end()
    for await (const chunk of third) heard.push(`3 ${String(chunk)}`)
    await eventually('all were heard', () => heard.length === 3)
    expect(heard.sort()).toEqual(['1 bc', '2 bc', '3 bc'])
  })
})

describe('a wait in recv() that is given up', () => {
  it('takes no byte away and leaves no listener: killed, timed out, beaten', async () => {
    const stream = new PassThrough()
    const before = listeners(stream)
    await run(function* () {
      const victim = spawn(() => recv(stream))
      yield* sleep(0)
      expect(stream.listenerCount('readable')).toBe(1)
      victim.kill()
      expect(listeners(stream)).toEqual(before)

      expect(yield* caught(recv(stream, 5, { timeoutMs: 1 }))).toBeInstanceOf(StreamTimeoutError)
      expect(listeners(stream)).toEqual(before)

      const event = new Event()
      event.set()
      expect(yield* choose({ chunk: recv(stream), event: event.wait() })).toEqual(['event', true])
      expect(listeners(stream)).toEqual(before)

      stream.write('kept')
      yield* sleep(1)
      expect(stream.readableLength).toBe(4)
      expect(String(yield* recv(stream))).toBe('kept')

      const using = listeners(stream)
      expect(yield* caught(recv(stream, 5, { timeoutMs: 1 }))).toBeInstanceOf(StreamTimeoutError)
      expect(listeners(stream)).toEqual(using)
    })
    expect(listeners(stream)).toEqual(before)
  })

  it('in plain code leaves no listener, and none when it was not', async () => {
    const stream = new PassThrough()
    const before = listeners(stream)
    await expect(recv(stream, 1, { timeoutMs: 1 }).then()).rejects.toBeInstanceOf(StreamTimeoutError)
    const got = recv(stream).then(String)
    stream.write('x')
    expect(await got).toBe('x')
    expect(listeners(stream)).toEqual(before)
  })

  it('keeps what was given to a greenlet that is killed before its turn: it was read', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const got: string[] = []
      const victim = spawn(function* () {
        got.push(String(yield* recv(stream, 1)))
        yield* sleep(1000)
      })
      yield* sleep(0)
      stream.once('readable', () => {
        victim.kill() // behind ours, which has woken it
      })
      stream.write('ab')
      yield* victim.join()
      expect(got).toEqual(['a'])
      expect(String(yield* recv(stream))).toBe('b')
    })
  })

  it('says how long it has waited, or throws what its Timeout brings', async () => {
    const stream = new PassThrough()
    await run(function* () {
      expect(messageOf(yield* caught(recv(stream, 1, { timeoutMs: 1 })))).toBe(
        'recv() of the PassThrough timed out after 1 ms.',
      )
      const timeout = new Timeout(1)
      expect(yield* caught(recv(stream, 1, { timeoutMs: timeout }))).toBe(timeout)
    })
  })
})

describe('a stream that ends under a greenlet in recv()', () => {
  it('by its end gives an empty Buffer', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(() => recv(stream))
      yield* sleep(0)
      stream.end()
      expect((yield* reader.get()).length).toBe(0)
    })
  })

  it('by an error throws that, then and later', async () => {
    const unhandled = catchUnhandled()
    const stream = new PassThrough()
    const error = new Error('broken')
    await run(function* () {
      const reader = spawn(() => caught(recv(stream)))
      yield* sleep(0)
      stream.destroy(error)
      expect(yield* reader.get()).toBe(error)
      expect(yield* caught(recv(stream))).toBe(error)
      yield* sleep(1)
    })
    expect(unhandled).toEqual([])
  })

  it('by being destroyed throws StreamClosedError', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(() => caught(recv(stream)))
      yield* sleep(0)
      stream.destroy()
      const error = yield* reader.get()
      expect(error).toBeInstanceOf(StreamClosedError)
      expect(messageOf(error)).toBe('recv(): the PassThrough is closed.')
      expect(yield* caught(recv(stream))).toBeInstanceOf(StreamClosedError)
    })
  })

  it('before it is there throws what Node says of it', async () => {
    const error = await run(() => caught(recv(createReadStream('/nonexistent/file'))))
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/nonexistent/file' })
  })

  it('names a file in its messages', async () => {
    const path = join(folder(), 'file')
    writeFileSync(path, 'x')
    const stream = createReadStream(path)
    await once(stream, 'open')
    stream.destroy()
    expect(messageOf(await run(() => caught(recv(stream))))).toBe(`recv(): the ReadStream of ${path} is closed.`)
  })
})

describe('an error of a stream that nobody waits for', () => {
  it('is kept for the greenlet that has read it, and thrown by its next call', async () => {
    const unhandled = catchUnhandled()
    const stream = new PassThrough()
    stream.write('x')
    const error = new Error('broken')
    await run(function* () {
      yield* recv(stream)
      stream.destroy(error)
      yield* sleep(2)
      expect(yield* caught(recv(stream))).toBe(error)
    })
    expect(unhandled).toEqual([])
  })

  it('that does not end the stream is thrown once', async () => {
    const stream = new PassThrough()
    stream.write('x')
    const error = new Error('a hiccup')
    await run(function* () {
      yield* recv(stream)
      stream.emit('error', error)
      expect(yield* caught(recv(stream))).toBe(error)
      stream.write('y')
      expect(String(yield* recv(stream))).toBe('y')
    })
  })

  it("is Node's when no greenlet has read it, or its greenlet has ended", async () => {
    const unhandled = catchUnhandled()
    const stream = new PassThrough()
    stream.write('x')
    const error = new Error('broken')
    await run(() => recv(stream))
    stream.destroy(error)
    await eventually('Node tells', () => unhandled.length > 0)
    expect(unhandled).toEqual([error])
  })

  it('is reported when its greenlet ends without having met it', async () => {
    const unhandled = catchUnhandled()
    const reports = catchReports()
    const stream = new PassThrough()
    stream.write('x')
    const error = new Error('broken')
    await run(function* () {
      const reader = spawnWith({ name: 'reader' }, function* () {
        yield* recv(stream)
        stream.destroy(error)
        yield* sleep(1)
      })
      yield* reader.join()
      yield* sleep(0)
    })
    expect(reports.map(({ error: what, name }) => [name, what])).toEqual([['reader', error]])
    expect(unhandled).toEqual([])
  })

  it("is somebody else's who listens for it", async () => {
    const reports = catchReports()
    const heard: unknown[] = []
    const stream = new PassThrough().on('error', (error) => heard.push(error))
    stream.write('x')
    const error = new Error('broken')
    await run(function* () {
      yield* recv(stream)
      stream.destroy(error)
      yield* sleep(1)
    })
    expect([heard, reports]).toEqual([[error], []])
  })

  it('keeps no greenlet for a stream that is closed', async () => {
    await run(function* () {
      const reader: Greenlet<number> = spawn(function* () {
        for (let n = 0; n < 5; n++) {
          const stream = new PassThrough()
          stream.end('x')
          yield* all(stream)
          yield* sleep(1)
          expect(listeners(stream)).toEqual({ prefinish: 1 })
        }
        return reader.hasLinks()
      })
      yield* reader.join()
      expect(reader.value).toBe(1) // who joins it
    })
  })
})

describe('recv() refuses', () => {
  it('a second greenlet, by the names of both', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const first = spawnWith({ name: 'first' }, () => recv(stream))
      yield* sleep(0)
      const second = spawnWith({ name: 'second' }, () => caught(recv(stream)))
      const error = yield* second.get()
      expect(error).toBeInstanceOf(ConcurrentObjectUseError)
      expect(messageOf(error)).toBe(
        'Greenlet "second" called recv() of the PassThrough, where "first" waits already; who would get what is not defined.',
      )
      first.kill()
    })
  })

  it.each([
    ['a listener', (stream: Readable) => stream.on('data', () => undefined)],
    ['a pipe', (stream: Readable) => stream.pipe(new PassThrough())],
    ['a listener for readable', (stream: Readable) => stream.on('readable', () => undefined)],
  ])('a stream that is read by %s', async (_by, read) => {
    const stream = new PassThrough()
    read(stream)
    const error = await run(() => caught(recv(stream)))
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      "recv() was called of the PassThrough, which is read already: it has a listener for 'data' or 'readable', or is piped.\n\n" +
        "  stream.on('data', handler); yield* recv(stream)   // incorrect: each byte would have two owners\n" +
        '  yield* recv(stream)                               // correct',
    )
  })

  it('a stream of objects', () => {
    expect(usage(() => recv(new PassThrough({ objectMode: true })))).toBe(
      'recv() gives bytes, but the PassThrough gives objects.\n\n' +
        '  yield* recv(stream)                                                 // incorrect: objects have no length\n' +
        '  const it = chunks(stream); while (yield* it.next()) use(it.value)   // correct',
    )
  })

  it('what is no stream, and what is no size', () => {
    expect(usage(() => recv({} as Readable))).toBe(
      "recv() expects a stream that can be read, such as a Readable of Node's, but got an Object.",
    )
    const stream = new PassThrough()
    expect(usage(() => recv(stream, -1))).toBe(
      'recv() expects `size` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(usage(() => recv(stream, 1, 5 as never))).toBe(
      'recv() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
  })
})

describe('the methods of streams that can be read', () => {
  it('are these functions', async () => {
    const stream = new PassThrough()
    stream.end('one\ntwo')
    await run(function* () {
      expect(String(yield* readableMethods.recv.call(stream, 4))).toBe('one\n')
      const it = readableMethods.lines.call(stream)
      expect([yield* it.next(), it.value]).toEqual([true, 'two'])
      const chunks = readableMethods.cursor.call(stream)
      expect(yield* chunks.next()).toBe(false)
    })
  })
})
