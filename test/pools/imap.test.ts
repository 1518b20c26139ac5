// map, imap and imapUnordered: one call per item, each in a member of its own.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Cursor,
  type Green,
  GreenletKilledError,
  Group,
  getcurrent,
  type Operation,
  Pool,
  Queue,
  run,
  StopIteration,
  setDebug,
  sleep,
  spawn,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, rejectionMessage, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What a wait throws, as its value. */
function* caught(operation: Operation<unknown>): Green<unknown> {
  try {
    return yield* operation
  } catch (error) {
    return error
  }
}

/** All that a cursor gives, errors as they come. */
function* readAll(cursor: Cursor<unknown>): Green<unknown[]> {
  const all: unknown[] = []
  for (;;) {
    const more = yield* caught(cursor.next())
    if (more === false) return all
    all.push(more === true ? cursor.value : more)
  }
}

const range = (length: number): number[] => Array.from({ length }, (_, n) => n)
const square = (n: number): number => n * n
const squares = (length: number): number[] => range(length).map(square)

/** Takes the longer the smaller the number is. */
function* slowly(n: number): Green<number> {
  yield* sleep((n * 7) % 5)
  return n * n
}

const inverse = (n: number): number => {
  if (n === 0) throw new RangeError('division by zero')
  return 1 / n
}

describe.each([1, 2, 3, 10, null])('Pool(%s)', (size) => {
  it('maps as an array does, in the order of the input', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    const mapped = spawn(function* () {
      return [yield* pool.map(square, range(10)), yield* pool.map(slowly, range(100)), yield* pool.map(square, [])]
    })
    clock.run()
    expect(mapped.value).toEqual([squares(10), squares(100), []])
    expect([pool.size, pool.freeCount()]).toEqual([0, size ?? 1])
  })

  it('imap gives the same, one by one, and then the end for good', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    const mapped = spawn(function* () {
      const cursor = pool.imap(slowly, range(30))
      const all = yield* readAll(cursor)
      return [all, yield* readAll(pool.imap(square, range(1000))), yield* readAll(pool.imap(square, []))].concat([
        [yield* cursor.next(), yield* cursor.next()],
      ])
    })
    clock.run()
    expect(mapped.value).toEqual([squares(30), squares(1000), [], [false, false]])
    expect([pool.size, pool.freeCount()]).toEqual([0, size ?? 1])
  })

  it('imapUnordered gives all of them, as they end, and again', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    const mapped = spawn(function* () {
      const all: unknown[][] = [yield* readAll(pool.imapUnordered(square, []))]
      for (let turn = 0; turn < 2; turn++) all.push(yield* readAll(pool.imapUnordered(slowly, range(30))))
      return all
    })
    clock.run()
    const [none, ...twice] = mapped.value as number[][]
    expect(none).toEqual([])
    for (const all of twice) expect([...all].sort((a, b) => a - b)).toEqual(squares(30))
    expect([pool.size, pool.freeCount()]).toEqual([0, size ?? 1])
  })

  it('never runs more than it has places', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    let [running, most] = [0, 0]
    const mapped = spawn(() =>
      pool.map(function* (n) {
        most = Math.max(most, ++running)
        yield* sleep(n % 3)
        running--
      }, range(20)),
    )
    clock.run()
    expect([mapped.successful(), most]).toEqual([true, size ?? 20])
  })

  it('throws, and reports what it does not throw, when the function fails', () => {
    const { hub, clock } = virtualHub()
    const reports: string[] = []
    hub.onError = (error) => reports.push(messageOf(error))
    const pool = new Pool(size)
    const rec = recorder()
    const mapped = spawn(function* () {
      const error = yield* caught(
        pool.map(function* (n: number) {
          yield* sleep(10 - n)
          rec(`${n} ends`)
          if (n % 2 === 1) throw new RangeError(`${n} fails`)
        }, range(4)),
      )
      return messageOf(error)
    })
    clock.run()
    expect(mapped.value).toBe('1 fails') // first in the order of the input
    expect([...rec.entries].sort()).toEqual(['0 ends', '1 ends', '2 ends', '3 ends']) // nobody was cancelled
    expect(reports).toEqual(['3 fails'])
    expect([pool.size, pool.freeCount()]).toEqual([0, size ?? 1])
  })

  it('imap throws at the element, and goes on behind it', () => {
    const { hub, clock } = virtualHub()
    const reports: unknown[] = []
    hub.onError = (error) => reports.push(error)
    const pool = new Pool(size)
    const zero = new RangeError('division by zero')
    const mapped = spawn(function* () {
      return [
        yield* readAll(pool.imap(inverse, [1, 0, 2])),
        yield* readAll(new Pool(1).imapUnordered(inverse, [1, 0, 2])),
      ]
    })
    clock.run()
    expect(mapped.value).toEqual([
      [1, zero, 0.5],
      [1, zero, 0.5],
    ])
    expect(reports).toEqual([])
  })

  it('reads a queue until its end marker comes', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    const queue = new Queue<number>(null, [1, 2, 3])
    const mapped = spawn(function* () {
      const ordered = yield* readAll(pool.imap(square, queue))
      for (const n of [1, 2, 3]) queue.putNowait(n)
      return [ordered, yield* readAll(pool.imapUnordered(square, queue)), clock.now()]
    })
    spawn(function* () {
      for (let turn = 0; turn < 2; turn++) {
        yield* sleep(100)
        queue.putNowait(StopIteration)
      }
    })
    clock.run()
    expect(mapped.value).toEqual([[1, 4, 9], [1, 4, 9], 200])
  })
})

describe('map()', () => {
  it('takes several inputs side by side, until the shortest ends', async () => {
    const pool = new Pool(2)
    expect(await pool.map((a, b) => `${a}${b}`, [1, 2, 3], 'ab')).toEqual(['1a', '2b'])
    expect(await new Group().map((a, b, c) => a + b + c, [1, 2], new Set([10, 20]), [100, 200, 300])).toEqual([
      111, 222,
    ])
  })

  it('takes functions of every kind', async () => {
    const pool = new Pool(2)
    expect(await pool.map(async (n) => n + 1, [1, 2])).toEqual([2, 3])
    expect(await pool.map((n) => pool.apply(square, [n]), [1, 2])).toEqual([1, 4]) // which runs in place
    expect(await pool.map(sleep, [0, 0])).toEqual([undefined, undefined])
  })

  it('throws what is first in the order of the input, as soon as it is known', () => {
    const { clock } = virtualHub()
    catchReports()
    const group = new Group()
    const mapped = spawn(function* () {
      const error = yield* caught(
        group.map(
          function* (ms) {
            yield* sleep(ms)
            if (ms > 1) throw new RangeError(`after ${ms}`)
          },
          [1, 5, 2, 9],
        ),
      )
      return [messageOf(error), clock.now(), group.size]
    })
    clock.run()
    expect(mapped.value).toEqual(['after 5', 5, 1])
  })

  it('throws what reading the input has thrown, behind what came before', () => {
    const { clock } = virtualHub()
    const error = new RangeError('of the input')
    function* broken(): Generator<number> {
      yield 1
      yield 2
      throw error
    }
    const pool = new Pool(1)
    const mapped = spawn(function* () {
      return [
        yield* caught(pool.map(square, broken())),
        yield* readAll(pool.imap(square, broken())),
        yield* readAll(pool.imapUnordered(square, broken())),
      ]
    })
    clock.run()
    expect(mapped.value).toEqual([error, [1, 4, error], [1, 4, error]])
  })

  it('kills the rest with killOnError, and throws when they have ended', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const pool = new Pool(2)
    const rec = recorder()
    const mapped = spawn(function* () {
      const error = yield* caught(
        pool.map(
          function* (n) {
            try {
              yield* sleep(n === 1 ? 1 : 100)
              throw new RangeError(`${n} fails`)
            } finally {
              if (n !== 1) yield* sleep(3)
              rec(`${n} ends at ${clock.now()}`)
            }
          },
          [0, 1, 2],
          { killOnError: true },
        ),
      )
      return [messageOf(error), clock.now(), pool.freeCount()]
    })
    clock.run()
    expect(mapped.value).toEqual(['1 fails', 4, 2])
    rec.expect(['1 ends at 1', '0 ends at 4']) // 2 never began
    expect(reports).toEqual([])
  })

  it('gives all results with killOnError when nothing fails, and the one failure when all have ended', async () => {
    const reports = catchReports()
    const pool = new Pool(2)
    expect(await pool.map(square, [1, 2], { killOnError: true })).toEqual([1, 4])
    expect(await rejectionMessage(pool.map(inverse, [1, 0], { killOnError: true }))).toBe('division by zero')
    await sleep(0)
    expect(reports).toEqual([])
  })

  it('reports with killOnError what the rest throws when it is killed', () => {
    const { hub, clock } = virtualHub()
    const reports: string[] = []
    hub.onError = (error) => reports.push(messageOf(error))
    const mapped = spawn(() =>
      caught(
        new Group().map(
          function* (n) {
            try {
              yield* sleep(n)
            } finally {
              // eslint-disable-next-line no-unsafe-finally -- a clean-up that fails
              throw new RangeError(`${n} fails`)
            }
          },
          [9, 1],
          { killOnError: true },
        ),
      ),
    )
    clock.run()
    expect([messageOf(mapped.value), reports]).toEqual(['1 fails', ['9 fails']])
  })

  it('takes no more items, and kills what runs, when it is given up', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    function* items(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        rec('the input is closed')
      }
    }
    const mapped = spawn(() =>
      withTimeout({ ms: 5, timeoutValue: 'late' }, () =>
        pool.map(function* (n) {
          try {
            yield* sleep(n < 2 ? 1 : 100)
            rec(`${n} ends`)
          } finally {
            if (n >= 2) rec(`${n} is killed`)
          }
        }, items()),
      ),
    )
    clock.run()
    rec.expect(['0 ends', '1 ends', 'the input is closed', '2 is killed', '3 is killed'])
    expect([mapped.value, pool.freeCount(), clock.now()]).toEqual(['late', 2, 5])
  })

  it('throws GreenletKilledError for a call that was killed', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const mapped = spawn(() => caught(group.map(sleep, [100])))
    clock.run(1)
    group.kill()
    clock.run()
    expect(mapped.value).toBeInstanceOf(GreenletKilledError)
  })

  it('begins to read anew each time it is driven', async () => {
    const mapping = new Pool(2).map(square, [1, 2])
    expect([await mapping, await mapping]).toEqual([
      [1, 4],
      [1, 4],
    ])
  })

  it('runs its calls in the context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const pool = new Pool(1)
    const seen = storage.run('of the caller', () => spawn(() => pool.map(() => storage.getStore(), [1, 2])))
    expect(await seen.get()).toEqual(['of the caller', 'of the caller'])
  })

  it('gives others their turn while it reads a long input', async () => {
    const group = new Group()
    let turns = 0
    const other = spawn(function* () {
      for (;;) {
        turns++
        yield* sleep(0)
      }
    })
    const turnsAt: number[] = []
    function* items(): Generator<number> {
      for (let n = 0; n < 2500; n++) {
        turnsAt.push(turns)
        yield n
      }
    }
    expect(await group.map(square, items())).toEqual(squares(2500))
    await other.kill()
    expect([turnsAt[0] === turnsAt[999], turnsAt[999] === turnsAt[1000]]).toEqual([true, false])
  })

  it('works while members of its pool come from elsewhere, in turn with them', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    const one = spawn(() => pool.map((n) => rec(`a${n}`), [1, 2, 3]))
    const two = spawn(() => pool.map((n) => rec(`b${n}`), [1, 2, 3]))
    clock.run()
    rec.expect(['a1', 'a2', 'b1', 'a3', 'b2', 'b3']) // a2 was asked for before b1
    expect([one.ready(), two.ready()]).toEqual([true, true])
  })
})

describe('mapAsync() and mapCb()', () => {
  it('map in a greenlet outside, and call back with the results', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const greenlet = pool.mapAsync(slowly, range(5), (all) => rec(`called back with ${all.join()}`))
    expect(pool.has(greenlet)).toBe(false)
    clock.run()
    expect(greenlet.value).toEqual(squares(5))
    rec.expect(['called back with 0,1,4,9,16'])
  })

  it('wait for the callback', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const mapped = spawn(function* () {
      const plain = yield* pool.mapCb(square, [1, 2])
      const result = yield* pool.mapCb(square, [1, 2], function* () {
        yield* sleep(3)
      })
      return [plain, result, clock.now()]
    })
    clock.run()
    expect(mapped.value).toEqual([[1, 4], [1, 4], 3])
  })

  it('do not call back after a failure', async () => {
    const rec = recorder()
    const pool = new Pool(2)
    expect(await rejectionMessage(pool.mapAsync(inverse, [0], () => rec('called')).get())).toBe('division by zero')
    expect(await rejectionMessage(pool.mapCb(inverse, [0], () => rec('called')))).toBe('division by zero')
    rec.expect([])
  })

  it('refuse a callback that is no function', () => {
    const pool = new Pool(2)
    expect(usage(() => pool.mapAsync(square, [1], 5 as never))).toBe(
      'mapCb() expects `callback` to be a function, but got 5 (number).',
    )
  })
})

describe('imap()', () => {
  it('begins at the call', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const cursor = pool.imap((n) => rec(`${n} runs`), [1, 2, 3])
    rec.expect([])
    clock.run()
    rec.expect(['1 runs', '2 runs', '3 runs'])
    cursor[Symbol.dispose]()
  })

  it('gives a result as soon as it is there, and those before it', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    spawn(function* () {
      const ordered = new Group().imap(slowly, [1, 2, 3])
      while (yield* ordered.next()) rec(`${ordered.value} at ${clock.now()}`)
      const began = clock.now()
      const unordered = new Group().imapUnordered(slowly, [1, 2, 3])
      while (yield* unordered.next()) rec(`${unordered.value} at ${clock.now() - began}`)
    })
    clock.run()
    rec.expect(['1 at 2', '4 at 4', '9 at 4', '9 at 1', '1 at 2', '4 at 4'])
  })

  it('ends rightly when the input takes its time after the last item', async () => {
    async function* items() {
      yield 1
      yield 2
      await sleep(1)
    }
    const pool = new Pool(1)
    const all = await run(function* () {
      return [yield* readAll(pool.imap(square, items())), yield* readAll(pool.imapUnordered(square, items()))]
    })
    expect(all).toEqual([
      [1, 4],
      [1, 4],
    ])
  })

  it('reads cursors: what one pool gives is worked on in another', async () => {
    const [first, second] = [new Pool(2), new Pool(3)]
    expect(await run(() => readAll(second.imap((n) => n + 1, first.imap(square, [1, 2, 3]))))).toEqual([2, 5, 10])
  })

  it('stops at the shorter input, and closes the other', async () => {
    const rec = recorder()
    function* endless(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        rec('closed')
      }
    }
    expect(await run(() => readAll(new Pool(2).imap((a, b) => a + b, endless(), [10, 20])))).toEqual([10, 21])
    rec.expect(['closed'])
  })

  it('with maxsize starts no more than are read: of 100 all come, and in order', () => {
    const { clock } = virtualHub()
    for (const maxsize of [1, 3]) {
      let started = 0
      const ahead: number[] = []
      const mapped = spawn(function* () {
        const cursor = new Pool(10).imap(
          function* (a, b) {
            started++
            yield* sleep(1)
            return a * b
          },
          range(100),
          range(100),
          { maxsize },
        )
        const all: number[] = []
        while (yield* cursor.next()) {
          ahead.push(started - all.length)
          all.push(cursor.value)
          if (all.length % 10 === 0) yield* sleep(50)
        }
        return all
      })
      clock.run()
      expect(mapped.value).toEqual(squares(100))
      expect(Math.max(...ahead)).toBeLessThanOrEqual(maxsize + 1) // gevent: read + 2 for a maxsize of 1
    }
  })

  it('with maxsize takes items from the input only when there is room', () => {
    const { clock } = virtualHub()
    const queue = new Queue<number>(null, range(10))
    const cursor = new Pool(10).imapUnordered(square, queue, { maxsize: 2 })
    clock.run()
    expect(queue.size).toBe(8)
    const reader = spawn(() => cursor.next())
    clock.run()
    expect([reader.value, queue.size]).toEqual([true, 7])
    cursor[Symbol.dispose]()
    clock.run()
    expect(queue.size).toBe(7)
  })

  it('is read by for await in async code, which disposes of it when it leaves', async () => {
    const pool = new Pool(2)
    const all: number[] = []
    for await (const n of pool.imap(square, [1, 2, 3])) all.push(n)
    for await (const n of pool.imap(slowly, range(50))) {
      all.push(n)
      break
    }
    await pool.join()
    expect([all, pool.size]).toEqual([[1, 4, 9, 0], 0])
  })

  it('disposed of kills what runs, takes no more, and ends the wait for the next', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const cursor = pool.imap(function* (n) {
      try {
        yield* sleep(100)
      } finally {
        rec(`${n} is killed`)
      }
    }, range(5))
    const reader = spawn(() => cursor.next())
    clock.run(1)
    cursor[Symbol.dispose]()
    cursor[Symbol.dispose]()
    clock.run()
    rec.expect(['0 is killed', '1 is killed'])
    expect([reader.value, pool.freeCount(), clock.now()]).toEqual([false, 2, 1])
  })

  it('disposed of before it could begin does nothing at all', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    function* items(): Generator<number> {
      rec('read')
      yield 1
    }
    {
      using _ = pool.imap(square, items())
    }
    clock.run()
    rec.expect([])
    expect(pool.size).toBe(0)
  })

  it('disposed of reports the failures that nobody has read', () => {
    const { hub, clock } = virtualHub()
    const reports: string[] = []
    hub.onError = (error, { name }) => reports.push(`${name.replace(/-\d+$/u, '')}: ${messageOf(error)}`)
    const cursor = new Pool(5).imap(inverse, [1, 0, 2])
    clock.run()
    expect(reports).toEqual([]) // it is still to be read
    cursor[Symbol.dispose]()
    expect(reports).toEqual(['inverse: division by zero'])
  })

  it('loses nothing when the one who waits for the next is killed', () => {
    const { clock } = virtualHub()
    const cursor = new Pool(1).imap(slowly, [1, 2])
    const first = spawn(() => cursor.next())
    clock.run(1)
    first.kill()
    clock.run(1)
    const second = spawn(() => readAll(cursor))
    clock.run()
    expect(second.value).toEqual([1, 4])
  })

  it('throws GreenletKilledError at a call that was killed', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const reader = spawn(() => readAll(pool.imap(sleep, [1, 100, 1])))
    clock.run(5)
    pool.kill()
    clock.run()
    expect(reader.value).toEqual([undefined, expect.any(GreenletKilledError), undefined])
  })

  it('ends with GreenletKilledError when the greenlet that reads the input was killed', () => {
    const { hub, clock } = virtualHub()
    const queue = new Queue<number>(null, [1])
    const reader = spawn(() => readAll(new Pool(2).imap(square, queue)))
    clock.run()
    hub
      .living()
      .find(({ name }) => name === 'pool.imap()')
      ?.kill()
    clock.run()
    expect(reader.value).toEqual([1, expect.any(GreenletKilledError)])
  })

  it('has one reader at a time', async () => {
    const cursor = new Pool(2).imap(sleep, [2])
    const first = spawn(() => cursor.next())
    first.name = 'first'
    await sleep(0)
    expect(await rejectionMessage(cursor.next())).toBe(
      'Greenlet "main" waits in next() of pool.imap(), where "first" waits already.',
    )
    expect(await first.get()).toBe(true)
  })

  it('says in messages what it is', async () => {
    const { hub, clock } = virtualHub()
    const cursor = new Group().imapUnordered(sleep, [Infinity])
    expect([cursor, cursor.next()].map(String)).toEqual(['group.imapUnordered()', 'next() of group.imapUnordered()'])
    const reading = rejectionMessage(cursor.next().then())
    const mapping = rejectionMessage(new Pool(1).map(square, new Queue<number>()).then())
    const full = new Pool(1).imap(square, [1, 2], { maxsize: 1 })
    clock.run()
    hub.raiseLoopExit()
    clock.run()
    expect(
      (await reading)
        .replace(/sleep-\d+/gu, 'sleep-1')
        .split('\n')
        .slice(-5),
    ).toEqual([
      '  main         next() of group.imapUnordered()  for sleep-1',
      '  main         pool.map()                       for pool.map()',
      '  pool.map()   next() of queue.cursor()         the queue is empty',
      '  pool.imap()  pool.imap()                      maxsize is 1, and no result is read',
      '  sleep-1      sleep(Infinity)',
    ])
    expect(await mapping).toContain('pool.map()')
    cursor[Symbol.dispose]()
    full[Symbol.dispose]()
    clock.run()
  })

  it('knows in debug mode each next() that was not driven', async () => {
    setDebug(true)
    const cursor = new Pool(1).imap(square, [1])
    const [one, two] = [cursor.next(), cursor.next()]
    setDebug(false)
    expect(one).not.toBe(two)
    expect(cursor.next()).toBe(cursor.next())
    expect([await one, await two]).toEqual([true, false])
  })

  it('works in the group, or outside of it, whoever calls it', async () => {
    const group = new Group()
    const seen = await group.apply(function* () {
      const outer = getcurrent()
      return yield* group.map(() => getcurrent() === outer, [1, 2])
    })
    expect(seen).toEqual([false, false])
  })
})

describe('what map and imap refuse', () => {
  const pool = new Pool(2)

  it('no function', () => {
    const say = (verb: string) => `${verb}() expects a function, but got 5 (number).`
    expect(usage(() => pool.map(5 as never, [1]))).toBe(say('map'))
    expect(usage(() => pool.imap(5 as never, [1]))).toBe(say('imap'))
    expect(usage(() => pool.imapUnordered(5 as never, [1]))).toBe(say('imapUnordered'))
    expect(usage(() => pool.mapCb(5 as never, [1]))).toBe(say('mapCb'))
  })

  it('nothing to iterate', () => {
    const say = (verb: string, got: string, place = 0) =>
      `${verb}() expects something to iterate (an iterable, a queue, a cursor, an async iterable), but input ${place} is ${got}.`
    expect(usage(() => pool.map(square, 5 as never))).toBe(say('map', '5 (number)'))
    expect(usage(() => pool.imap(square, sleep(1) as never))).toBe(say('imap', 'an operation'))
    expect(usage(() => pool.imap(square, Promise.resolve([1]) as never))).toBe(say('imap', 'a Promise'))
    expect(usage(() => pool.imap(square, [1], Promise.resolve([1]) as never))).toBe(say('imap', 'a Promise', 1))
    expect(usage(() => pool.imapUnordered(square, { maxsize: 1 } as never))).toBe(say('imapUnordered', 'an Object'))
    expect(usage(() => pool.map(square, [1], {} as never, [1] as never))).toBe(say('map', 'an Object', 1))
    expect(usage(() => pool.mapCb(square, null as never))).toBe(say('mapCb', 'null'))
    expect(usage(() => (pool.map as (fn: unknown) => unknown)(square))).toBe(
      'map() expects something to iterate behind the function.',
    )
  })

  it('options that it does not know, and wrong ones', () => {
    expect(usage(() => pool.imap(square, [1], { maxSize: 1 } as never))).toBe(
      'imap() knows no option `maxSize`, only `maxsize`.',
    )
    expect(usage(() => pool.map(square, [1], { maxsize: 1 } as never))).toBe(
      'map() knows no option `maxsize`, only `killOnError`.',
    )
    for (const [maxsize, shown] of [
      [0, '0 (number)'],
      [1.5, '1.5 (number)'],
      ['1', '"1" (string)'],
    ])
      expect(usage(() => pool.imapUnordered(square, [1], { maxsize } as never))).toBe(
        `imapUnordered() expects \`maxsize\` to be an integer, 1 or more, but got ${shown}.`,
      )
  })

  it('is an error at the call, and nothing has begun', async () => {
    expect(await rejection(pool.map(inverse, [1, 0]))).toBeInstanceOf(RangeError)
    expect(pool.size).toBe(0)
  })
})

describe('many items', () => {
  it('cost no promise and no closure each: 10,000 in a fraction of a second', async () => {
    const items = range(10_000)
    const took: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      for (const pool of [new Pool(10), new Pool()]) {
        const began = performance.now()
        const all = await pool.map(square, items)
        took.push(performance.now() - began)
        expect(all.length).toBe(10_000)
      }
    }
    expect(Math.min(...took)).toBeLessThan(500) // it takes 20; were each item to look at all others, it would take seconds
  })
})
