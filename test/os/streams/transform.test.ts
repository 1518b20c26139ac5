// transform: chunks handled by greenlets, in order, with back-pressure; how errors and kills go through it.
import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough, Readable, Transform, Writable } from 'node:stream'
import {
  type Green,
  type Greenlet,
  GreenletExit,
  getcurrent,
  run,
  StreamClosedError,
  sleep,
  spawn,
  UsageError,
  until,
} from 'greenloop'
import { buffer, chunks, end, finished, type Push, pipeline, text, transform, write } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { caught } from './support.ts'

checkLeaks()

/** What comes out when `values` go in. */
function* through(values: readonly unknown[], stream: Transform): Green<unknown[]> {
  const out: unknown[] = []
  const it = chunks<unknown>(Readable.from(values).pipe(stream))
  while (yield* it.next()) out.push(it.value)
  return out
}

const objects = { objectMode: true }

describe('transform()', () => {
  it('makes a Transform of bytes, whose chunks a greenlet handles one by one', async () => {
    let running = 0
    const stream = transform(function* (chunk: Buffer) {
      expect(++running).toBe(1)
      yield* sleep(1)
      running--
      return String(chunk).toUpperCase()
    })
    expect(stream).toBeInstanceOf(Transform)
    for (const word of ['a', 'b', 'c']) stream.write(word)
    stream.end()
    expect(String(await run(() => buffer(stream)))).toBe('ABC')
  })

  it('pushes what is pushed and what is returned, and nothing for undefined and null', async () => {
    const stream = transform<number, string | number>(function* (n, push) {
      if (n === 2) return undefined
      if (n === 3) return null
      yield* push(`${n}a`)
      yield* push(`${n}b`)
      return n
    }, objects)
    expect(await run(() => through([1, 2, 3, 0], stream))).toEqual(['1a', '1b', 1, '0a', '0b', 0])
  })

  it('takes plain and async functions, too', async () => {
    expect(
      await run(() =>
        through(
          [1, 2],
          transform((n: number) => n * 2, objects),
        ),
      ),
    ).toEqual([2, 4])
    const late = transform(async (n: number) => {
      await Promise.resolve()
      return n + 1
    }, objects)
    expect(await run(() => through([1, 2], late))).toEqual([2, 3])
  })

  it('calls flush at the end, when all is handled', async () => {
    let handled = 0
    const stream = transform<number, number | string>(
      function* () {
        yield* sleep(1)
        handled++
      },
      {
        ...objects,
        concurrency: 5,
        *flush(push) {
          yield* push('flushed')
          yield* sleep(1)
          return handled
        },
      },
    )
    expect(await run(() => through([1, 2, 3], stream))).toEqual(['flushed', 3])
    expect(
      await run(() =>
        through(
          [],
          transform<number, string>(() => '', { ...objects, flush: () => 'only' }),
        ),
      ),
    ).toEqual(['only'])
  })

  it('handles several at once, and what comes out is in the order of what went in', async () => {
    let [running, most] = [0, 0]
    const stream = transform<number, string>(
      function* (n, push) {
        most = Math.max(most, ++running)
        yield* sleep(n)
        yield* push(`${n} `)
        running--
        return `${n}.`
      },
      { ...objects, concurrency: 3 },
    )
    expect(await run(() => through([5, 1, 3, 2, 4, 0], stream))).toEqual(
      [5, 1, 3, 2, 4, 0].flatMap((n) => [`${n} `, `${n}.`]),
    )
    expect(most).toBe(3)
  })

  it.each([1, 3])(
    'waits in push() until it is read, and takes no more meanwhile (concurrency %i)',
    async (concurrency) => {
      let pushed = 0
      const stream = transform<number, number>(
        function* (n, push) {
          for (let i = 0; i < 3; i++) {
            yield* push(n * 3 + i)
            pushed++
          }
        },
        { ...objects, concurrency, readableHighWaterMark: 2, writableHighWaterMark: 2 },
      )
      let written = 0
      await run(function* () {
        const writer = spawn(function* () {
          for (let n = 0; n < 20; n++) {
            yield* write(stream, n)
            written++
          }
          yield* end(stream)
        })
        yield* sleep(2)
        expect(pushed).toBeLessThanOrEqual(2)
        expect(written).toBeLessThanOrEqual(3 + concurrency)
        const out: number[] = []
        const it = chunks<number>(stream)
        while (yield* it.next()) {
          out.push(it.value)
          yield* sleep(0)
          expect(pushed - out.length).toBeLessThanOrEqual(3)
        }
        expect(out).toEqual(Array.from({ length: 60 }, (_, index) => index))
        yield* writer.get()
      })
    },
  )

  it('lets several greenlets of one chunk push', async () => {
    const stream = transform<number, string>(
      function* (n, push) {
        const helpers = ['a', 'b', 'c'].map((name) => spawn(() => push(`${n}${name}`)))
        for (const helper of helpers) yield* helper.get()
      },
      { ...objects, readableHighWaterMark: 1, concurrency: 2 },
    )
    expect(await run(() => through([1, 2], stream))).toEqual(['1a', '1b', '1c', '2a', '2b', '2c'])
  })

  it('can be a step of a pipeline', async () => {
    const taken: string[] = []
    const target = new Writable({
      write(chunk, _encoding, done) {
        taken.push(String(chunk))
        done()
      },
    })
    await run(() =>
      pipeline(
        ['a', 'b'],
        transform(function* (chunk: Buffer) {
          yield* sleep(1)
          return `${String(chunk)}!`
        }),
        target,
      ),
    )
    expect(taken).toEqual(['a!', 'b!'])
  })

  it('runs its greenlets in the async context of its maker', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const stream = storage.run('maker', () =>
      transform(
        function* (n: number) {
          seen.push(storage.getStore())
          yield* sleep(0)
          seen.push(storage.getStore())
          return n
        },
        { ...objects, flush: () => void seen.push(storage.getStore()) },
      ),
    )
    await storage.run('writer', () => run(() => through([1], stream)))
    expect(seen).toEqual(['maker', 'maker', 'maker'])
  })
})

describe('a transform() that fails', () => {
  it.each([1, 4])('destroys the stream with the error (concurrency %i)', async (concurrency) => {
    const reports = catchReports()
    const unhandled = catchUnhandled()
    const error = new Error('refused')
    const ends: string[] = []
    const stream = transform<number, number>(
      function* (n) {
        try {
          yield* sleep(n)
          if (n === 2) throw error
          return n
        } finally {
          ends.push(`${n}`)
        }
      },
      { ...objects, concurrency },
    )
    await run(function* () {
      expect(yield* caught(pipeline([1, 2, 50], stream, new PassThrough(objects).resume()))).toBe(error)
    })
    expect(stream.destroyed).toBe(true)
    await eventually('all have ended', () => ends.length === (concurrency === 1 ? 2 : 3))
    expect([reports, unhandled]).toEqual([[], []])
  })

  it('tells whoever has written the chunk', async () => {
    const error = new Error('refused')
    const stream = transform(() => {
      throw error
    })
    await run(function* () {
      const told = new Promise((resolve) => stream.write('x', resolve))
      expect(yield* caught(finished(stream))).toBe(error)
      expect(yield* caught(write(stream, 'y'))).toBe(error)
      expect(yield* until(told)).toBe(error)
    })
  })

  it('in flush destroys the stream', async () => {
    const error = new Error('refused')
    const stream = transform(() => undefined, {
      *flush() {
        yield* sleep(0)
        throw error
      },
    })
    stream.resume()
    expect(await run(() => caught(end(stream)))).toBe(error)
  })

  it('kills its greenlets when it is destroyed, and reports what else they throw', async () => {
    const reports = catchReports()
    const late = new Error('late')
    const ends: unknown[] = []
    const stream = transform<number, number>(
      function* (n) {
        try {
          yield* sleep(10_000)
        } catch (error) {
          ends.push(error instanceof GreenletExit)
          if (n === 2) throw late
          throw error
        }
      },
      { ...objects, concurrency: 3 },
    )
    await run(function* () {
      for (const n of [1, 2, 3]) yield* write(stream, n)
      yield* sleep(1)
      stream.destroy()
      yield* sleep(1)
    })
    expect(ends).toEqual([true, true, true])
    expect(reports.map(({ error }) => error)).toEqual([late])
  })

  it('by a kill of its greenlet is destroyed', async () => {
    let victim: Greenlet | null = null
    const stream = transform(function* () {
      victim = getcurrent() as Greenlet
      yield* sleep(10_000)
    })
    await run(function* () {
      yield* write(stream, 'x')
      yield* sleep(1)
      victim?.kill()
      const error = yield* caught(finished(stream))
      expect(error).toBeInstanceOf(StreamClosedError)
      expect(messageOf(error)).toBe('transform(): its greenlet was killed.')
    })
  })
})

describe('transform() refuses', () => {
  it('a push() when the function has returned', async () => {
    let kept: Push<string> | null = null
    const stream = transform((_chunk: Buffer, push: Push<string>) => {
      kept = push
    })
    await run(function* () {
      stream.end('x')
      yield* text(stream)
      const error = yield* caught(kept!('late'))
      expect(error).toBeInstanceOf(UsageError)
      expect(messageOf(error)).toBe('push() was called after the function that it was given to had returned.')
    })
  })

  it('what is no function, and options that are none', () => {
    expect(usage(() => transform('x' as never))).toBe('transform() expects a function, but got "x" (string).')
    expect(usage(() => transform(() => 1, 5 as never))).toBe(
      'transform() expects its options as an object, such as { objectMode: true }, but got 5 (number).',
    )
    expect(usage(() => transform(() => 'x', { flush: 1 as never }))).toBe(
      'transform() expects `flush` to be a function, but got 1 (number).',
    )
    expect(usage(() => transform(() => 'x', { concurrency: 0 }))).toBe(
      'transform() expects `concurrency` to be an integer, 1 or more, but got 0 (number).',
    )
  })
})
