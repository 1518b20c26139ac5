// each and iterate: sequences of any kind, read in a greenlet.
import { EventEmitter, on } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import {
  choose,
  Event,
  each,
  type Green,
  type Greenlet,
  getHub,
  iterate,
  iwait,
  joinall,
  Queue,
  run,
  type Sequence,
  StopIteration,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'

checkLeaks()

async function* count(last: number, log: (entry: string) => void = () => undefined): AsyncGenerator<number> {
  try {
    for (let n = 1; n <= last; n++) {
      log(`makes ${n}`)
      yield n
    }
    log('has made all')
  } finally {
    log('ends')
  }
}

/** Node closes a destroyed stream in a tick of its own. */
const tick = () => new Promise((resolve) => setImmediate(resolve))

function* after<T>(ms: number, value: T): Green<T> {
  yield* sleep(ms)
  return value
}

describe('each()', () => {
  async function all<T>(source: Parameters<typeof each<T>>[0]): Promise<T[]> {
    const seen: T[] = []
    await run(() =>
      each(source, function* (value) {
        yield* sleep(0)
        seen.push(value)
      }),
    )
    return seen
  }

  it('reads an async generator, a Node stream and a web stream', async () => {
    expect(await all(count(3))).toEqual([1, 2, 3])
    expect(await all<string>(Readable.from(['a', 'b']))).toEqual(['a', 'b'])
    expect(await all(new Response('abc').body!)).toEqual([Uint8Array.of(97, 98, 99)])
  })

  it('reads a cursor, and something that gives one', async () => {
    const bell = new Event()
    const [slow, fast] = [spawn(() => bell.wait()), spawn(after, 0, 'fast')]
    const done: unknown[] = []
    await each(iwait<Greenlet>([slow, fast]), (one) => {
      done.push(one)
      bell.set()
    })
    expect(done).toEqual([fast, slow])
    const queue = new Queue<string>()
    for (const item of ['x', 'y', StopIteration] as const) queue.putNowait(item)
    expect(await all(queue)).toEqual(['x', 'y'])
    const sequence: Sequence<number> = { cursor: () => iterate(count(2)) }
    expect([await all(sequence), await all(sequence)]).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('reads any iterable, a text, too', async () => {
    expect(await all([1, 2])).toEqual([1, 2])
    expect(await all(new Set(['a']))).toEqual(['a'])
    expect(await all('ab')).toEqual(['a', 'b'])
    expect(await all([])).toEqual([])
  })

  it('takes one value after the other, and asks for the next one when it is done', async () => {
    const rec = recorder()
    await run(() =>
      each(count(2, rec), function* (value) {
        rec(`takes ${value}`)
        yield* sleep(1)
        rec(`has ${value}`)
      }),
    )
    rec.expect(['makes 1', 'takes 1', 'has 1', 'makes 2', 'takes 2', 'has 2', 'has made all', 'ends'])
  })

  it('drives whatever function it is given: plain, async, one that returns an operation', async () => {
    const rec = recorder()
    await each([1], (value) => {
      rec(`plain ${value}`)
      return false
    })
    await each([2], async (value) => {
      await tick()
      rec(`async ${value}`)
    })
    await each([3, 4], (value) => {
      rec(`operation ${value}`)
      return sleep(0)
    })
    rec.expect(['plain 1', 'async 2', 'operation 3', 'operation 4'])
  })

  it('throws what the function throws, and gives up the rest', async () => {
    const error = new Error('enough')
    const rec = recorder()
    const stream = Readable.from(['a', 'b', 'c'])
    const fail = () => {
      throw error
    }
    expect(await rejection(each(count(3, rec), fail))).toBe(error)
    expect(await rejection(each(stream, fail))).toBe(error)
    await tick()
    rec.expect(['makes 1', 'ends'])
    expect(stream.destroyed).toBe(true)
    let ended = false
    function* numbers(): Generator<number> {
      try {
        yield 1
        yield 2
      } finally {
        ended = true
      }
    }
    expect(await rejection(each(numbers(), fail))).toBe(error)
    expect(ended).toBe(true)
  })

  it('throws what reading throws', async () => {
    const error = new Error('broken')
    const stream = new Readable({
      read() {
        this.destroy(error)
      },
    })
    expect(await rejection(each(stream, () => undefined))).toBe(error)
  })

  it('that is killed destroys the stream, while it waits for a chunk and while it works', async () => {
    const [idle, busy] = [new PassThrough(), Readable.from(['a', 'b'])]
    const readers = [spawn(() => each(idle, () => undefined)), spawn(() => each(busy, () => sleep(1000)))]
    await tick()
    for (const reader of readers) reader.kill()
    await joinall(readers)
    await tick()
    expect([idle.destroyed, busy.destroyed, getHub().outstanding]).toEqual([true, true, 0])
  })

  it('that is killed unlinks what iwait() has linked', async () => {
    const slow = spawn(after, 1000, '')
    const reader = spawn(() => each(iwait([slow]), () => undefined))
    await sleep(0)
    expect(slow.hasLinks()).toBe(1)
    await reader.kill()
    expect(slow.hasLinks()).toBe(0)
    await slow.kill()
  })

  it('does nothing before it is driven', async () => {
    const rec = recorder()
    const op = each(count(1, rec), () => undefined)
    expect([each([], function work() {})].map(String)).toEqual(['each(work)'])
    await tick()
    rec.expect([])
    await op
    rec.expect(['makes 1', 'has made all', 'ends'])
  })

  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['null', null],
    ['an Object', {}],
    ['the function count', count],
  ])('refuses %s', (shown, value) => {
    expect(usage(() => each(value as never, () => undefined))).toBe(
      `each() expects a cursor, a sequence or an iterable, but got ${shown}.`,
    )
  })

  it('refuses an operation, and shows what was meant', () => {
    expect(usage(() => each(new Queue<number>().get() as never, () => undefined))).toBe(
      'each() was given an operation, which gives one value.\n\n' +
        '  yield* each(queue.get(), use)   // incorrect: one value, not a sequence\n' +
        '  yield* each(queue, use)         // correct',
    )
    expect(usage(() => each([], 5 as never))).toBe('each() expects a function, but got 5 (number).')
  })
})

describe('iterate()', () => {
  it('gives one value after the other, and asks for each when it is wanted', async () => {
    const rec = recorder()
    await run(function* () {
      const numbers = iterate(count(2, rec))
      yield* sleep(0)
      rec('reads')
      while (yield* numbers.next()) rec(`has ${numbers.value}`)
      rec(`over: ${yield* numbers.next()}`)
    })
    rec.expect(['reads', 'makes 1', 'has 1', 'makes 2', 'has 2', 'has made all', 'ends', 'over: false'])
  })

  it('that is left by using ends the iterator', async () => {
    const rec = recorder()
    await run(function* () {
      using numbers = iterate(count(3, rec))
      yield* numbers.next()
    })
    await tick()
    rec.expect(['makes 1', 'ends'])
  })

  it('that was not read has nothing to end', async () => {
    const rec = recorder()
    const numbers = iterate(count(3, rec))
    numbers[Symbol.dispose]()
    numbers[Symbol.dispose]()
    expect(await numbers.next()).toBe(false)
    rec.expect([])
  })

  it('throws what the iterator throws, and is over then', async () => {
    const error = new Error('broken')
    async function* broken(): AsyncGenerator<number> {
      yield 1
      throw error
    }
    const numbers = iterate(broken())
    expect([await numbers.next(), numbers.value]).toEqual([true, 1])
    expect(await rejection(numbers.next())).toBe(error)
    expect(await numbers.next()).toBe(false)
  })

  it('throws what making the iterator throws, and what its next() throws at once', async () => {
    const error = new Error('no iterator')
    const fail = (): never => {
      throw error
    }
    const cursors = [
      iterate({ [Symbol.asyncIterator]: fail }),
      iterate({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    ]
    for (const cursor of cursors) {
      expect(await rejection(cursor.next())).toBe(error)
      expect(await cursor.next()).toBe(false)
    }
  })

  it('takes an iterator whose next() gives no promise, and says when it gives no result', async () => {
    const source = (result: unknown): AsyncIterable<number> =>
      ({ [Symbol.asyncIterator]: () => ({ next: () => result }) }) as never
    const numbers = iterate(source({ done: false, value: 7 }))
    expect([await numbers.next(), numbers.value]).toEqual([true, 7])
    const error = await rejection(iterate(source(5)).next())
    expect(messageOf(error)).toBe('iterate() read an iterator whose next() gave 5 (number) instead of { done, value }.')
  })

  it('loses nothing when a next() is timed out: the next one gets the value', async () => {
    const stream = new PassThrough({ objectMode: true })
    const values: unknown[] = []
    await run(function* () {
      using chunks = iterate(stream)
      for (let n = 0; n < 2; n++) {
        try {
          yield* withTimeout(1, () => chunks.next())
        } catch (error) {
          values.push(error instanceof Timeout)
        }
      }
      stream.write('a')
      stream.end('b')
      yield* sleep(1)
      while (yield* chunks.next()) values.push(chunks.value)
    })
    expect(values).toEqual([true, true, 'a', 'b'])
    expect(getHub().outstanding).toBe(0)
  })

  it('loses nothing as a branch of a choice that another branch wins', async () => {
    const stream = new PassThrough({ objectMode: true })
    const bell = new Event()
    const seen: unknown[] = []
    await run(function* () {
      using chunks = iterate(stream)
      spawn(() => {
        bell.set()
      })
      for (let n = 0; n < 2; n++) {
        const [won] = yield* choose({ chunk: chunks.next(), bell: bell.wait() })
        seen.push(won === 'chunk' ? chunks.value : won)
        bell.clear()
        if (n === 0) stream.write('a')
      }
    })
    expect(seen).toEqual(['bell', 'a'])
  })

  it('that is killed in next() is ended: a stream is destroyed, also without using', async () => {
    const stream = new PassThrough()
    const reader = spawn(function* () {
      const chunks = iterate(stream)
      while (yield* chunks.next());
    })
    await tick()
    await reader.kill()
    await tick()
    expect([stream.destroyed, stream.errored, getHub().outstanding]).toEqual([true, null, 0])
  })

  it('that is killed in next() ends an async generator when what it awaits has come', async () => {
    const rec = recorder()
    let open: (value: unknown) => void = () => undefined
    const gate = new Promise((resolve) => {
      open = resolve
    })
    async function* waiting(): AsyncGenerator<number> {
      try {
        await gate
        yield 1
      } finally {
        rec('ends')
      }
    }
    const reader = spawn(() => iterate(waiting()).next())
    await sleep(0)
    await reader.kill()
    rec('killed')
    open(undefined)
    await tick()
    rec.expect(['killed', 'ends'])
  })

  it('gives up a web stream at once, and lets go of its lock', async () => {
    const rec = recorder()
    const stream = new ReadableStream<number>({
      cancel() {
        rec('cancelled')
      },
    })
    const reader = spawn(() => each(stream, () => undefined))
    await tick()
    expect(stream.locked).toBe(true)
    await reader.kill()
    await tick()
    rec.expect(['cancelled'])
    expect(stream.locked).toBe(false)
    const whole = new Blob(['x']).stream()
    await each(whole, () => undefined)
    expect(whole.locked).toBe(false)
  })

  it('ends an iterator of events, whose listeners are gone then', async () => {
    const emitter = new EventEmitter()
    const seen: unknown[] = []
    const reader = spawn(() =>
      each(on(emitter, 'data'), ([value]: unknown[]) => {
        seen.push(value)
      }),
    )
    await tick()
    emitter.emit('data', 1)
    emitter.emit('data', 2)
    await tick()
    expect([seen, emitter.listenerCount('data')]).toEqual([[1, 2], 1])
    await reader.kill()
    await tick()
    expect(emitter.listenerCount('data')).toBe(0)
  })

  it('that is disposed of while one waits in next() ends that wait', async () => {
    const numbers = iterate(new PassThrough())
    const reader = spawn(() => numbers.next())
    await tick()
    numbers[Symbol.dispose]()
    expect([await reader.get(), getHub().outstanding]).toEqual([false, 0])
  })

  it('reports what ending the iterator throws, since nobody can read it', async () => {
    const reports = catchReports()
    const [late, atOnce] = [new Error('late'), new Error('at once')]
    const source = (end: () => Promise<never>): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 1 }), return: end }),
    })
    for (const end of [
      () => Promise.reject(late),
      () => {
        throw atOnce
      },
    ]) {
      const numbers = iterate(source(end))
      await numbers.next()
      numbers[Symbol.dispose]()
    }
    await tick()
    expect(reports).toEqual([
      { name: 'iterate()', error: late },
      { name: 'iterate()', error: atOnce },
    ])
  })

  it('is read by one greenlet at a time', async () => {
    const stream = new PassThrough()
    const chunks = iterate(stream)
    const first = spawnWith({ name: 'first' }, () => chunks.next())
    const second = spawnWith({ name: 'second' }, () => chunks.next())
    expect(messageOf(await rejection(second.get()))).toBe(
      'Greenlet "second" waits in iterate().next(), where "first" waits already.',
    )
    expect([first.$wait?.describe(), ...[chunks.next()].map(String)]).toEqual(['iterate().next()', 'iterate().next()'])
    stream.end()
    expect(await first.get()).toBe(false)
  })

  it('is read by async code as what it reads', async () => {
    const seen: number[] = []
    for await (const value of iterate(count(3))) seen.push(value)
    expect(seen).toEqual([1, 2, 3])
  })

  it.each([
    ['5 (number)', 5],
    ['null', null],
    ['an Array', [1]],
  ])('refuses %s', (shown, value) => {
    expect(usage(() => iterate(value as never))).toBe(`iterate() expects an async iterable, but got ${shown}.`)
  })
})
