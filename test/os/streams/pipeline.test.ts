// finished and pipeline: what they wait for, what becomes of the streams, and steps that are greenlets.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import {
  type Cursor,
  type Green,
  type Greenlet,
  getcurrent,
  run,
  StreamClosedError,
  StreamTimeoutError,
  sleep,
  spawn,
  Timeout,
  UsageError,
  withTimeout,
} from 'greenloop'
import { finished, type GreenStep, type Push, pipeline } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { caught, folder, listeners } from './support.ts'

checkLeaks()

/** Takes chunks, and remembers them. */
function sink(options: { objectMode?: boolean; highWaterMark?: number } = {}): Writable & { taken: unknown[] } {
  const taken: unknown[] = []
  const stream = new Writable({
    ...options,
    decodeStrings: false,
    write(chunk, _encoding, done) {
      taken.push(chunk)
      setImmediate(done)
    },
  })
  return Object.assign(stream, { taken })
}

/** What a step is given may be no text, whatever it says. */
function toText(value: unknown): string {
  return String(value)
}

/** Gives numbers as text until it is destroyed. */
function endless(): Readable {
  let n = 0
  return new Readable({
    encoding: 'utf8',
    highWaterMark: 10,
    read() {
      setImmediate(() => this.push(`${n++} `))
    },
  })
}

describe('finished()', () => {
  it('waits until a stream is read to its end and written out, and is ready when it is', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const waiter = spawn(() => finished(stream))
      yield* sleep(1)
      stream.end('x')
      yield* sleep(1)
      expect(waiter.ready()).toBe(false)
      stream.resume()
      yield* waiter.get()
      yield* finished(stream)
    })
    expect(listeners(stream)).toEqual({ prefinish: 1 })
  })

  it('waits for one side only, if it is told so', async () => {
    const stream = new PassThrough()
    stream.end('x')
    await run(() => finished(stream, { readable: false }))
    expect(stream.readableEnded).toBe(false)
    const [ended] = [new PassThrough()]
    ended.resume().end()
    await run(() => finished(ended, { writable: false }))
  })

  it('throws the error of the stream, then and later', async () => {
    const unhandled = catchUnhandled()
    const stream = new PassThrough()
    const error = new Error('broken')
    await run(function* () {
      const waiter = spawn(() => caught(finished(stream)))
      yield* sleep(0)
      stream.destroy(error)
      expect(yield* waiter.get()).toBe(error)
      expect(yield* caught(finished(stream))).toBe(error)
    })
    expect(unhandled).toEqual([])
  })

  it('throws StreamClosedError for one that is closed before its end', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const waiter = spawn(() => caught(finished(stream)))
      yield* sleep(0)
      stream.destroy()
      for (const error of [yield* waiter.get(), yield* caught(finished(stream))]) {
        expect(error).toBeInstanceOf(StreamClosedError)
        expect(messageOf(error)).toBe('finished(): the PassThrough was closed before its end.')
        expect((error as Error).cause).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
      }
    })
  })

  it('given up leaves no listener', async () => {
    const stream = new PassThrough()
    const before = listeners(stream)
    await run(function* () {
      const victim = spawn(() => finished(stream))
      yield* sleep(0)
      victim.kill()
      expect(listeners(stream)).toEqual(before)
      const late = yield* caught(finished(stream, { timeoutMs: 1 }))
      expect(late).toBeInstanceOf(StreamTimeoutError)
      expect(messageOf(late)).toBe('finished() of the PassThrough timed out after 1 ms.')
      expect(listeners(stream)).toEqual(before)
    })
  })

  it('waits for web streams', async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.close()
      },
    })
    await run(() => finished(stream))
  })

  it('refuses what is no stream', () => {
    expect(usage(() => finished({} as never))).toBe('finished() expects a stream, but got an Object.')
    expect(usage(() => finished(new PassThrough(), { readable: 1 as never }))).toBe(
      'finished() expects `readable` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => finished(new PassThrough(), { writable: 1 as never }))).toBe(
      'finished() expects `writable` to be a boolean, but got 1 (number).',
    )
  })
})

describe('pipeline()', () => {
  it('leads a file through others into a file', async () => {
    const at = folder()
    const data = Buffer.alloc(500_000, 'abc')
    writeFileSync(join(at, 'from'), data)
    await run(function* () {
      yield* pipeline(
        createReadStream(join(at, 'from')),
        createGzip(),
        createGunzip(),
        createWriteStream(join(at, 'to')),
      )
    })
    expect(readFileSync(join(at, 'to')).equals(data)).toBe(true)
  })

  it('ends when a hash has taken all, though nobody reads it', async () => {
    const path = join(folder(), 'file')
    writeFileSync(path, 'hello')
    const hash = createHash('sha256')
    await run(() => pipeline(createReadStream(path), hash))
    expect(hash.digest('hex')).toBe(createHash('sha256').update('hello').digest('hex'))
  })

  it('takes iterables, functions, async generators and web streams', async () => {
    const target = sink()
    await run(function* () {
      yield* pipeline(
        () => ['a', 'b'],
        async function* (source: AsyncIterable<string>, { signal }: { signal: AbortSignal }) {
          expect(signal.aborted).toBe(false)
          for await (const chunk of source) yield chunk.toUpperCase()
        },
        new TransformStream<string, string>({
          transform(chunk, controller) {
            controller.enqueue(`${chunk}!`)
          },
        }),
        target,
      )
      const words: string[] = []
      yield* pipeline('xy', async (source: AsyncIterable<string>) => {
        for await (const chunk of source) words.push(chunk)
      })
      expect(words).toEqual(['x', 'y'])
    })
    expect(target.taken.map(String)).toEqual(['A!', 'B!'])
  })

  it('is a recipe, and can be awaited', async () => {
    const target = sink()
    const copying = pipeline(['a'], target)
    expect(target.taken).toEqual([])
    await copying
    expect(target.taken).toEqual(['a'])
  })

  it('leaves the last stream open with { end: false }', async () => {
    const target = sink()
    await run(() => pipeline(['a'], target, { end: false }))
    expect([target.writableEnded, target.taken]).toEqual([false, ['a']])
  })

  it('killed or timed out destroys every stream, and leaves nothing to the process', async () => {
    const unhandled = catchUnhandled()
    for (const stop of ['kill', 'timeout']) {
      const streams = [endless(), new PassThrough(), sink()] as const
      await run(function* () {
        if (stop === 'kill') {
          const copying = spawn(() => pipeline(...streams))
          yield* sleep(3)
          copying.kill()
          yield* copying.join()
        } else {
          const timeout = new Timeout(5)
          expect(yield* caught(withTimeout(timeout, () => pipeline(...streams)))).toBe(timeout)
        }
        expect(streams.map((stream) => stream.destroyed)).toEqual([true, true, true])
        yield* sleep(2)
      })
    }
    expect(unhandled).toEqual([])
  })

  it('throws the first error, and destroys the others', async () => {
    const [source, target] = [endless(), sink()]
    const error = new Error('refused')
    const between = new PassThrough()
    setTimeout(() => between.destroy(error), 2)
    expect(await run(() => caught(pipeline(source, between, target)))).toBe(error)
    expect([source.destroyed, target.destroyed]).toEqual([true, true])
  })

  it('throws StreamClosedError for a stream that is closed before its end', async () => {
    const [source, target] = [endless(), sink()]
    setTimeout(() => source.destroy(), 2)
    const error = await run(() => caught(pipeline(source, target)))
    expect(error).toBeInstanceOf(StreamClosedError)
    expect(messageOf(error)).toBe('pipeline(): one of its streams was closed before its end.')
  })

  it('refuses less than two, and what is no stream', () => {
    expect(usage(() => (pipeline as (...steps: unknown[]) => unknown)(endless().destroy()))).toBe(
      'pipeline() expects a source and a target, but got 1 of them.\n\n' +
        '  pipeline(source)           // incorrect: goes nowhere\n' +
        '  pipeline(source, target)   // correct',
    )
    expect(usage(() => pipeline([], {}))).toBe(
      'pipeline() expects a source and a target, but got 1 of them.\n\n' +
        '  pipeline(source)           // incorrect: goes nowhere\n' +
        '  pipeline(source, target)   // correct',
    )
    expect(usage(() => pipeline([], 5 as never))).toBe('pipeline() expects streams and functions, but got 5 (number).')
    expect(usage(() => pipeline([], {} as never, sink()))).toBe(
      'pipeline() expects streams and functions, but got an Object.',
    )
    expect(usage(() => pipeline([], sink(), { end: 1 as never }))).toBe(
      'pipeline() expects `end` to be a boolean, but got 1 (number).',
    )
  })
})

describe('a step of a pipeline that is a generator function', () => {
  /** Hands on what it is given, in capitals. */
  function* upper(source: Cursor<string>, push: Push<string>): Green<void> {
    while (yield* source.next()) yield* push(toText(source.value).toUpperCase())
  }

  it('is a greenlet that reads by a cursor and pushes', async () => {
    const target = sink()
    await run(function* () {
      yield* pipeline(
        Readable.from(['a', 'b']),
        upper,
        function* twice(source: Cursor<string>, push: Push<string>) {
          while (yield* source.next()) {
            yield* sleep(1)
            for (let n = 0; n < 2; n++) yield* push(source.value)
          }
          yield* push('end')
        },
        target,
      )
    })
    expect(target.taken.map(String)).toEqual(['A', 'A', 'B', 'B', 'end'])
  })

  it('stands behind any source, and between any others', async () => {
    const seen: string[] = []
    for (const source of [['a'], 'a', new Set(['a']), new Blob(['a']).stream() as ReadableStream]) {
      await run(() =>
        pipeline(source, upper, new PassThrough({ objectMode: true }), upper, async (words: AsyncIterable<string>) => {
          for await (const word of words) seen.push(word)
        }),
      )
    }
    expect(seen).toEqual(['A', 'A', 'A', '97'])
  })

  it('may be the last one, and pushes nothing then', async () => {
    const seen: string[] = []
    await run(function* () {
      yield* pipeline(['a', 'b'], function* collect(source: Cursor<string>) {
        while (yield* source.next()) {
          yield* sleep(1)
          seen.push(source.value)
        }
      })
      const error = yield* caught(pipeline(['a'], upper))
      expect(error).toBeInstanceOf(UsageError)
      expect(messageOf(error)).toBe('pipeline(): the last step pushed something, but nobody stands behind it.')
    })
    expect(seen).toEqual(['a', 'b'])
  })

  it('pushes no faster than the next one reads', async () => {
    const pushed: number[] = []
    const target = sink({ objectMode: true, highWaterMark: 1 })
    await run(() =>
      pipeline(
        [0],
        function* count(_source: Cursor<number>, push: Push<number>) {
          for (let n = 0; n < 10; n++) {
            yield* push(n)
            pushed.push(n)
            expect(n - target.taken.length).toBeLessThanOrEqual(2)
          }
        },
        target,
      ),
    )
    expect(target.taken).toEqual(pushed)
  })

  it('that returns early ends the reading of its source', async () => {
    const [source, target] = [endless(), sink()]
    await run(() =>
      pipeline(
        source,
        function* head(numbers: Cursor<string>, push: Push<string>) {
          yield* numbers.next()
          yield* push(numbers.value)
        },
        target,
      ),
    )
    expect(target.taken.map(String)).toEqual(['0 '])
    expect(source.destroyed).toBe(true)
  })

  it('that throws ends the pipeline with its error', async () => {
    const [source, target] = [endless(), sink()]
    const error = new Error('refused')
    const failing: GreenStep<string, string> = function* (numbers, push) {
      yield* numbers.next()
      yield* push('one')
      throw error
    }
    expect(await run(() => caught(pipeline(source, failing, target)))).toBe(error)
    await eventually('all are destroyed', () => source.destroyed && target.destroyed)
  })

  it('is killed with the pipeline, and by an error of another', async () => {
    const ends: string[] = []
    function* stuck(source: Cursor<string>): Green<void> {
      try {
        yield* source.next()
        yield* sleep(10_000)
      } finally {
        ends.push('ended')
      }
    }
    function* pushing(source: Cursor<string>, push: Push<string>): Green<void> {
      try {
        while (yield* source.next()) yield* push(source.value)
      } finally {
        ends.push('pushed')
      }
    }
    await run(function* () {
      const copying = spawn(() => pipeline(endless(), pushing, stuck))
      yield* sleep(5)
      copying.kill()
      yield* copying.join()
      yield* sleep(1)
      expect(ends.sort()).toEqual(['ended', 'pushed'])
      const target = sink()
      setTimeout(() => target.destroy(new Error('refused')), 3)
      expect(messageOf(yield* caught(pipeline(endless(), stuck, target)))).toBe('refused')
      yield* sleep(1)
      expect(ends.length).toBe(3)
    })
  })

  it('killed by somebody else ends the pipeline', async () => {
    const started: Greenlet[] = []
    function* victim(source: Cursor<string>): Green<void> {
      started.push(getcurrent() as Greenlet)
      while (yield* source.next());
    }
    await run(function* () {
      const copying = spawn(() => caught(pipeline(endless(), victim)))
      yield* sleep(2)
      started[0]!.kill()
      const error = yield* copying.get()
      expect(error).toBeInstanceOf(StreamClosedError)
      expect(messageOf(error)).toBe('pipeline(): the greenlet of the step victim was killed.')
    })
  })

  it('has the async context of the pipeline', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    await storage.run('here', () =>
      run(() =>
        pipeline(['a'], function* (source: Cursor<string>) {
          while (yield* source.next()) seen.push(storage.getStore())
        }),
      ),
    )
    expect(seen).toEqual(['here'])
  })
})
