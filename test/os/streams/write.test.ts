// write and end of Node streams and web streams: back-pressure, waits that are given up, and each way in which an error comes to whom it concerns.
import { spawn as spawnChild } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { createGzip, gunzipSync } from 'node:zlib'
import {
  choose,
  Event,
  type Green,
  type Greenlet,
  run,
  StreamClosedError,
  StreamTimeoutError,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
} from 'greenloop'
import { buffer, end, write } from 'greenloop/os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writableMethods } from '../../../src/os/streams/methods.ts'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { recorder } from '../../support/recorder.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { caught, folder, listeners } from './support.ts'

checkLeaks()

/** A stream that takes a chunk when it is told to. */
class Slow extends Writable {
  readonly taken: string[] = []
  #done: ((error?: Error | null) => void) | null = null

  constructor(options: { highWaterMark?: number; objectMode?: boolean; emitClose?: boolean } = { highWaterMark: 4 }) {
    super(options)
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.taken.push(String(chunk))
    this.#done = done
  }

  /** It has taken what it was given, or failed to. */
  take(error?: Error): void {
    const done = this.#done
    this.#done = null
    done?.(error)
  }
}

/** What all of them return. */
function* all<T>(greenlets: readonly Greenlet<T>[]): Green<T[]> {
  const values: T[] = []
  for (const greenlet of greenlets) values.push(yield* greenlet.get())
  return values
}

/** Writes until nothing more is taken. */
function* fill(stream: Writable): Green<never> {
  for (;;) {
    yield* write(stream, 'x'.repeat(1000))
    yield* sleep(0)
  }
}

describe('write()', () => {
  it('is ready while there is room, and waits when there is none until all is taken', async () => {
    const stream = new Slow()
    await run(function* () {
      const rec = recorder()
      const writer = spawn(function* () {
        for (const word of ['ab', 'cd', 'ef']) {
          yield* write(stream, word)
          rec(word)
        }
      })
      yield* sleep(1)
      rec.expect(['ab'])
      stream.take()
      yield* sleep(1)
      rec.expect(['ab'])
      stream.take()
      yield* writer.join()
      rec.expect(['ab', 'cd', 'ef'])
      stream.take()
    })
    expect(stream.taken).toEqual(['ab', 'cd', 'ef'])
  })

  it('lets those who wait go on in the order in which they came', async () => {
    const stream = new Slow()
    await run(function* () {
      const rec = recorder()
      const writers = ['a', 'b', 'c'].map((name) =>
        spawn(function* () {
          yield* write(stream, name.repeat(4))
          rec(name)
        }),
      )
      yield* sleep(1)
      rec.expect([])
      for (const writer of writers) {
        expect(writer.ready()).toBe(false)
        stream.take()
        yield* sleep(1)
      }
      rec.expect(['a', 'b', 'c'])
    })
    expect(stream.taken.join('')).toBe('aaaabbbbcccc')
  })

  it('is a recipe: driven twice it writes twice', async () => {
    const stream = new PassThrough()
    const twice = write(stream, 'x')
    expect(stream.readableLength).toBe(0)
    await twice
    await twice
    expect(String(stream.read(2))).toBe('xx')
  })

  it('writes bytes, text, and objects in object mode, falsy ones too', async () => {
    const bytes = new PassThrough()
    const objects = new PassThrough({ objectMode: true })
    await run(function* () {
      yield* write(bytes, 'ü')
      yield* write(bytes, new Uint8Array([65]))
      for (const value of [0, '', false, { a: 1 }]) yield* write(objects, value)
    })
    expect(String(bytes.read(3))).toBe('üA')
    expect([0, 1, 2, 3].map(() => objects.read() as unknown)).toEqual([0, '', false, { a: 1 }])
  })

  it('writes to files, compressors, sockets and children', async () => {
    const path = join(folder(), 'file')
    const data = Buffer.alloc(300_000, 'abc')
    const gzip = createGzip()
    const server = net.createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
      server.close()
    })
    const child = spawnChild('cat')
    await run(function* () {
      const targets = [
        [gzip, gzip],
        [socket, socket],
        [child.stdin, child.stdout],
      ] as const
      const readers = targets.map(([, source]) => spawn(() => buffer(source)))
      for (const [target] of targets) {
        for (let at = 0; at < data.length; at += 70_000) yield* write(target, data.subarray(at, at + 70_000))
        yield* end(target)
      }
      const file = createWriteStream(path)
      yield* write(file, data)
      yield* end(file)
      const [zipped, ...others] = yield* all(readers)
      expect(gunzipSync(zipped!).equals(data)).toBe(true)
      for (const other of others) expect(other.equals(data)).toBe(true)
    })
    expect(readFileSync(path).equals(data)).toBe(true)
  })

  it('given up leaves no listener, and what was handed over is written', async () => {
    const stream = new Slow()
    const before = listeners(stream)
    const victim = spawn(() => write(stream, 'killed'))
    await eventually('it waits', () => stream.taken.length === 1)
    victim.kill()
    await victim.join()
    expect(listeners(stream)).toEqual(before)

    await run(function* () {
      expect(messageOf(yield* caught(write(stream, 'late', { timeoutMs: 1 })))).toBe(
        'write() of the Slow timed out after 1 ms.',
      )
      const timeout = new Timeout(1)
      expect(yield* caught(write(stream, 'later', { timeoutMs: timeout }))).toBe(timeout)
      const event = new Event()
      spawn(() => {
        event.set()
      })
      expect(yield* choose({ written: write(stream, 'beaten'), event: event.wait() })).toEqual(['event', true])
    })
    await eventually('nobody listens', () => listeners(stream)['drain'] === undefined)
    expect(listeners(stream)).toEqual(before)
    for (let n = 0; n < 4; n++) {
      stream.take()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(stream.taken).toEqual(['killed', 'late', 'later', 'beaten'])
  })

  it('in plain code leaves no listener', async () => {
    const stream = new Slow()
    const before = listeners(stream)
    const written = write(stream, 'long enough').then(() => 'written')
    stream.take()
    expect(await written).toBe('written')
    expect(listeners(stream)).toEqual(before)
  })
})

describe('an error of a stream that is written to', () => {
  it('is thrown in all who wait, and by every later call', async () => {
    const unhandled = catchUnhandled()
    const stream = new Slow()
    const error = new Error('disk full')
    await run(function* () {
      const writers = ['one', 'more'].map((word) => spawn(() => caught(write(stream, word.repeat(3)))))
      const ender = spawn(() => caught(end(stream)))
      yield* sleep(1)
      stream.take(error)
      for (const greenlet of [...writers, ender]) expect(yield* greenlet.get()).toBe(error)
      expect(yield* caught(write(stream, 'x'))).toBe(error)
      expect(yield* caught(end(stream))).toBe(error)
    })
    expect(unhandled).toEqual([])
  })

  it('that comes behind the call is thrown by the next one of its greenlet', async () => {
    const unhandled = catchUnhandled()
    const stream = new Slow()
    const error = new Error('disk full')
    await run(function* () {
      yield* write(stream, 'x')
      stream.take(error)
      yield* sleep(2)
      expect(yield* caught(end(stream))).toBe(error)
    })
    expect(unhandled).toEqual([])
  })

  it("is Node's when its greenlet has ended, or was none", async () => {
    const unhandled = catchUnhandled()
    const [first, second] = [new Slow(), new Slow()]
    await run(() => write(first, 'x'))
    first.take(new Error('first'))
    await write(second, 'x')
    second.take(new Error('second'))
    await eventually('both came', () => unhandled.length === 2)
    expect(unhandled.map(messageOf)).toEqual(['first', 'second'])
  })

  it('is reported when its greenlet ends without another call', async () => {
    const reports = catchReports()
    const stream = new Slow()
    const error = new Error('disk full')
    await run(function* () {
      const writer = spawnWith({ name: 'writer' }, function* () {
        yield* write(stream, 'x')
        stream.take(error)
        yield* sleep(1)
      })
      yield* writer.join()
      yield* sleep(0)
    })
    expect(reports).toEqual([{ name: 'writer', error }])
  })

  it('of a real pipe whose reader has gone is EPIPE', async () => {
    const unhandled = catchUnhandled()
    const child = spawnChild('sh', ['-c', 'exec <&-; echo closed; exec sleep 5'])
    await once(child.stdout, 'data')
    await run(function* () {
      expect(yield* caught(fill(child.stdin))).toMatchObject({ code: 'EPIPE' })
    })
    child.kill()
    await once(child, 'exit')
    expect(unhandled).toEqual([])
  })

  it('of a real full disk is ENOSPC', async () => {
    const unhandled = catchUnhandled()
    const stream = createWriteStream('/dev/full')
    await run(function* () {
      yield* write(stream, 'x')
      expect(yield* caught(end(stream))).toMatchObject({ code: 'ENOSPC' })
    })
    expect(unhandled).toEqual([])
  })

  it('of a file that cannot be made comes from the first call that waits', async () => {
    const stream = createWriteStream('/nonexistent/file')
    await run(function* () {
      yield* write(stream, 'x')
      expect(yield* caught(end(stream))).toMatchObject({ code: 'ENOENT' })
    })
  })
})

describe('a stream that is closed or ended', () => {
  it('under a greenlet that waits throws StreamClosedError', async () => {
    const stream = new Slow()
    await run(function* () {
      const writer = spawn(() => caught(write(stream, 'long enough')))
      const ender = spawn(() => caught(end(stream)))
      yield* sleep(1)
      stream.destroy()
      expect(messageOf(yield* writer.get())).toBe('write(): the Slow is closed.')
      expect(yield* ender.get()).toBeInstanceOf(StreamClosedError)
    })
  })

  it('by somebody who ends it while a greenlet waits for room lets that go on', async () => {
    const stream = new Slow()
    await run(function* () {
      const writer = spawn(() => write(stream, 'long enough'))
      yield* sleep(1)
      stream.end()
      stream.take()
      yield* writer.get()
    })
  })

  it('before the call throws StreamClosedError', async () => {
    const ended = new Slow()
    ended.end()
    const closed = new Slow()
    closed.destroy()
    await run(function* () {
      expect(messageOf(yield* caught(write(ended, 'x')))).toBe('write(): the Slow was ended.')
      expect(messageOf(yield* caught(end(ended, 'x')))).toBe('end(): the Slow was ended.')
      expect(messageOf(yield* caught(write(closed, 'x')))).toBe('write(): the Slow is closed.')
      expect(messageOf(yield* caught(end(closed)))).toBe('end(): the Slow is closed.')
    })
  })
})

describe('end()', () => {
  it('waits until all that was written is out, and is ready when that is so', async () => {
    const stream = new Slow()
    await run(function* () {
      const ender = spawn(() => end(stream, 'last'))
      yield* sleep(1)
      expect([ender.ready(), stream.writableEnded]).toEqual([false, true])
      const second = spawn(() => end(stream))
      stream.take()
      yield* ender.get()
      yield* second.get()
      yield* end(stream)
      expect(stream.taken).toEqual(['last'])
    })
    expect(listeners(stream)).not.toHaveProperty('finish')
  })

  it('given up ends the stream all the same', async () => {
    const stream = new Slow()
    await run(function* () {
      yield* write(stream, 'x')
      expect(yield* caught(end(stream, undefined, { timeoutMs: 1 }))).toBeInstanceOf(StreamTimeoutError)
      stream.take()
      yield* end(stream)
    })
    expect(stream.writableFinished).toBe(true)
  })
})

describe('write() and end() refuse', () => {
  it('what is no stream', () => {
    expect(usage(() => write({} as Writable, 'x'))).toBe(
      "write() expects a stream that can be written to, such as a Writable of Node's, but got an Object.",
    )
    expect(usage(() => end(null as never))).toBe(
      "end() expects a stream that can be written to, such as a Writable of Node's, but got null.",
    )
  })

  it('data that the stream does not take', () => {
    const stream = new Slow()
    expect(usage(() => write(stream, 5))).toBe(
      'write() expects a string or a Uint8Array for the Slow, but got 5 (number).',
    )
    expect(usage(() => end(stream, {}))).toBe('end() expects a string or a Uint8Array for the Slow, but got an Object.')
    expect(usage(() => write(new Slow({ objectMode: true }), null))).toBe(
      'write() expects anything but null, which would be the end of the Slow, but got null.',
    )
  })

  it('options that are none', () => {
    expect(usage(() => write(new Slow(), 'x', 5 as never))).toBe(
      'write() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
    expect(usage(() => end(new Slow(), 'x', { timeoutMs: -1 }))).toBe(
      'end() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('a web stream', () => {
  /** One that takes a chunk when it is told to. */
  function slow() {
    const taken: unknown[] = []
    let settle: { done: () => void; fail: (error: Error) => void } = { done: () => undefined, fail: () => undefined }
    const stream = new WritableStream({
      write(chunk) {
        taken.push(chunk)
        return new Promise<void>((done, fail) => {
          settle = { done, fail }
        })
      },
    })
    return { stream, taken, take: () => settle.done(), fail: (error: Error) => settle.fail(error) }
  }

  it('is written to with back-pressure, and its lock is free when nobody waits', async () => {
    const { stream, taken, take } = slow()
    await run(function* () {
      const rec = recorder()
      const writers = ['a', 'b'].map((word) =>
        spawn(function* () {
          yield* write(stream, word)
          rec(word)
        }),
      )
      yield* sleep(1)
      rec.expect([])
      expect(stream.locked).toBe(true)
      take()
      yield* sleep(1)
      take()
      for (const writer of writers) yield* writer.get()
      rec.expect(['a', 'b'])
      expect(stream.locked).toBe(false)
      yield* end(stream)
      yield* end(stream)
      for (const [name, late] of [
        ['write', write(stream, 'x')],
        ['end', end(stream, 'x')],
      ] as const) {
        const error = yield* caught(late)
        expect(error).toBeInstanceOf(StreamClosedError)
        expect(messageOf(error)).toBe(`${name}(): the WritableStream is closed.`)
      }
    })
    expect(taken).toEqual(['a', 'b'])
    expect(stream.locked).toBe(false)
  })

  it('does not wait while it has room', async () => {
    const taken: unknown[] = []
    const stream = new WritableStream<string>(
      {
        write(chunk) {
          taken.push(chunk)
        },
      },
      { highWaterMark: 3 },
    )
    await run(function* () {
      yield* write(stream, 'a')
      expect(stream.locked).toBe(false)
      yield* end(stream, 'b')
    })
    expect(taken).toEqual(['a', 'b'])
  })

  it('that fails throws its error in those who wait, and in later ones', async () => {
    const unhandled = catchUnhandled()
    const { stream, fail } = slow()
    const error = new Error('refused')
    await run(function* () {
      const writer = spawn(() => caught(write(stream, 'x')))
      yield* sleep(1)
      fail(error)
      expect(yield* writer.get()).toBe(error)
      expect(yield* caught(write(stream, 'y'))).toBe(error)
      expect(yield* caught(end(stream))).toBeInstanceOf(Error)
    })
    expect(unhandled).toEqual([])
  })

  it('is left to others by a wait that is given up', async () => {
    const { stream, taken } = slow()
    await run(function* () {
      const victim = spawn(() => write(stream, 'killed'))
      yield* sleep(1)
      victim.kill()
      expect(stream.locked).toBe(false)
      const late = yield* caught(write(stream, 'late', { timeoutMs: 1 }))
      expect(messageOf(late)).toBe('write() of the WritableStream timed out after 1 ms.')
      const timeout = new Timeout(1)
      expect(yield* caught(write(stream, 'later', { timeoutMs: timeout }))).toBe(timeout)
      expect(stream.locked).toBe(false)
    })
    expect(taken).toEqual(['killed'])
  })

  it('that is locked is refused', async () => {
    const { stream } = slow()
    stream.getWriter()
    const error = await rejection(write(stream, 'x'))
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      'write() was called of the WritableStream, to which somebody writes already: it is locked.',
    )
  })
})

describe('the methods of streams that can be written to', () => {
  it('are these functions', async () => {
    const stream = new Slow()
    await run(function* () {
      yield* writableMethods.sendall.call(stream, 'a')
      const ender = spawn(() => writableMethods.finish.call(stream, 'b'))
      yield* sleep(1)
      stream.take()
      stream.take()
      yield* sleep(1)
      stream.take()
      yield* ender.get()
    })
    expect(stream.taken).toEqual(['a', 'b'])
  })
})
