// SimpleQueue and Queue: who is given what, and who waits for whom.
import {
  choose,
  Empty,
  Full,
  type Green,
  type Greenlet,
  GreenletExit,
  getHub,
  LoopExit,
  type Operation,
  Queue,
  run,
  ShutDown,
  SimpleQueue,
  StopIteration,
  setDebug,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
} from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, rejection, rejectionMessage, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A greenlet that drives `operation` and ends with what it gives, or with the error that it throws. */
function attempt<T>(name: string, operation: () => Operation<T>): Greenlet {
  return spawnWith({ name }, function* () {
    try {
      return yield* operation()
    } catch (error) {
      return error
    }
  })
}

/** How many wait on either side. */
function waiters({ $getters: getters, $putters: putters }: SimpleQueue<unknown>): [number, number] {
  return [getters.size, putters.size]
}

/** How an operation is called in messages. */
function text(operation: { toString(): string }): string {
  return operation.toString()
}

function values(greenlets: readonly Greenlet[]): unknown[] {
  return greenlets.map(({ value }) => (value instanceof Error ? value.constructor : value))
}

describe.each<[name: string, typeof SimpleQueue]>([
  ['SimpleQueue', SimpleQueue],
  ['Queue', Queue],
])('%s', (name, Class) => {
  describe('what it holds', () => {
    it('goes out in the order in which it came in', async () => {
      const queue = new Class<string>()
      for (const item of ['a', 'b', 'c']) await queue.put(item)
      expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c'])
    })

    it('goes round the end of the store, which grows, shrinks and keeps the order', () => {
      const queue = new Class<number>()
      const got: number[] = []
      let put = 0
      for (const length of [10, 20, 7, 5000, 20_000, 3, 40]) {
        while (queue.size < length) queue.putNowait(put++)
        while (queue.size > length / 2) got.push(queue.getNowait())
      }
      while (!queue.empty()) got.push(queue.getNowait())
      expect(got).toEqual(Array.from({ length: put }, (_, n) => n))
      queue.putNowait(put)
      expect(queue.getNowait()).toBe(put)
    })

    it('may be undefined, null, a function or an error', async () => {
      const error = new Error('an item')
      const queue = new Class<unknown>(null, [undefined, null, error, queueing])
      expect([await queue.get(), await queue.get(), await queue.get(), await queue.get()]).toEqual([
        undefined,
        null,
        error,
        queueing,
      ])
      function queueing(): void {
        throw error
      }
    })

    it('is counted', () => {
      const queue = new Class<string>(2)
      expect([queue.size, queue.qsize(), queue.empty(), queue.full(), queue.maxsize]).toEqual([0, 0, true, false, 2])
      queue.putNowait('a')
      expect([queue.size, queue.qsize(), queue.empty(), queue.full()]).toEqual([1, 1, false, false])
      queue.putNowait('b')
      expect([queue.size, queue.qsize(), queue.empty(), queue.full()]).toEqual([2, 2, false, true])
    })

    it.each([undefined, null, 0, -1])('is not limited by a maxsize of %s', (maxsize) => {
      const queue = new Class<number>(maxsize)
      expect(queue.maxsize).toBe(null)
      for (let n = 0; n < 1000; n++) queue.putNowait(n)
      expect([queue.full(), queue.size]).toEqual([false, 1000])
    })

    it('may be there from the beginning, and more than maxsize', async () => {
      const queue = new Class(2, ['a', 'b', 'c'])
      expect([queue.size, queue.full()]).toEqual([3, true])
      expect(message(() => queue.putNowait('d'))).toBe('queue.putNowait() found no room: the queue is full (3/2).')
      expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c'])
    })

    it('says how many and how many at the most', () => {
      expect(String(new Class(10, [1, 2]))).toBe(`${name}(2/10)`)
      expect(String(new Class(null, [1, 2]))).toBe(`${name}(2)`)
    })

    it('is copied, with maxsize', () => {
      const queue = new Class(3, ['a', 'b'])
      const copy = queue.copy()
      expect(copy).toBeInstanceOf(Class)
      expect(queue.getNowait()).toBe('a')
      expect([copy.maxsize, copy.getNowait(), copy.getNowait(), copy.empty()]).toEqual([3, 'a', 'b', true])
      expect(queue.size).toBe(1)
    })
  })

  describe('get()', () => {
    it('has the oldest getter served first, each with an item of its own', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const getters = [1, 2, 3, 4].map((n) => attempt(`g${n}`, () => queue.get()))
      const counts: number[] = []
      spawn(function* () {
        for (let n = 0; n < 4; n++) {
          yield* queue.put(n)
          yield* sleep(1)
          counts.push(getters.filter((getter) => getter.ready()).length)
        }
      })
      clock.run()
      expect(counts).toEqual([1, 2, 3, 4])
      expect(values(getters)).toEqual([0, 1, 2, 3])
      expect(waiters(queue)).toEqual([0, 0])
    })

    it('gives to the one that waits, not to one that comes by before it has run', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const getter = attempt('getter', () => queue.get())
      spawn(function* () {
        yield* queue.put('hi')
        expect(message(() => queue.getNowait())).toBe('queue.getNowait() found nothing: the queue is empty.')
      })
      clock.run()
      expect(getter.value).toBe('hi')
    })

    it('does not switch when there is an item', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const queue = new Class(null, ['a', 'b'])
      spawn(function* () {
        rec(yield* queue.get())
        rec(yield* queue.get())
      })
      spawn(() => rec('other'))
      clock.run()
      rec.expect(['a', 'b', 'other'])
    })

    it('is a recipe: driven twice it takes two', async () => {
      const queue = new Class(null, [1, 2])
      const get = queue.get()
      expect(queue.size).toBe(2)
      expect([await get, await get]).toEqual([1, 2])
      expect(text(get)).toBe('queue.get()')
    })

    it('throws Empty after its time', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const getter = attempt('getter', () => queue.get({ timeoutMs: 10 }))
      clock.run()
      expect(clock.now()).toBe(10)
      expect(getter.value).toBeInstanceOf(Empty)
      expect(messageOf(getter.value)).toBe('queue.get() found nothing after 10 ms: the queue is empty.')
      expect(waiters(queue)).toEqual([0, 0])
    })

    it('takes what is there with a time of 0, and else waits for a turn of the timers', () => {
      const { clock } = virtualHub()
      const queue = new Class(null, ['a'])
      const [first, second] = [1, 2].map((n) => attempt(`g${n}`, () => queue.get({ timeoutMs: 0 })))
      clock.run()
      expect(first!.value).toBe('a')
      expect(messageOf(second!.value)).toBe('queue.get() found nothing after 0 ms: the queue is empty.')
    })

    it('throws Empty at once when it is not to wait', async () => {
      const queue = new Class<number>(null, [1])
      expect(await queue.get({ block: false })).toBe(1)
      const error = await rejection(queue.get({ block: false, timeoutMs: 1000 }))
      expect(error).toBeInstanceOf(Empty)
      expect(messageOf(error)).toBe('queue.get() found nothing: the queue is empty.')
    })

    it('throws a Timeout that is given to it, or what that is to throw', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const [timeout, error] = [new Timeout(5), new RangeError('mine')]
      const first = attempt('first', () => queue.get({ timeoutMs: timeout }))
      const second = attempt('second', () => queue.get({ timeoutMs: new Timeout(5, error) }))
      clock.run()
      expect([first.value, second.value]).toEqual([timeout, error])
      expect(waiters(queue)).toEqual([0, 0])
    })

    it('is interrupted by a Timeout from outside, and leaves its place', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const getter = spawn(function* () {
        const timeout = new Timeout(5).start()
        try {
          return yield* queue.get({ timeoutMs: 100 })
        } catch (error) {
          return error === timeout
        }
      })
      clock.run(5)
      expect(getter.value).toBe(true)
      expect(waiters(queue)).toEqual([0, 0])
      queue.putNowait('stays')
      expect(queue.size).toBe(1)
    })

    it('that was given up takes nothing: the next put and get work', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const error = new RangeError('mine')
      const getter = attempt('getter', () => queue.get({ timeoutMs: new Timeout(0, error) }))
      clock.run()
      expect(getter.value).toBe(error)
      const next = attempt('next', () => queue.get())
      spawn(() => queue.putNowait('hi'))
      clock.run()
      expect(next.value).toBe('hi')
    })

    it('of two getters gives the item to the second when the first has timed out', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const first = attempt('first', () => queue.get({ timeoutMs: 1 }))
      const second = attempt('second', () => queue.get({ timeoutMs: 100 }))
      spawn(function* () {
        yield* sleep(10)
        yield* queue.put('hi')
      })
      clock.run()
      expect(values([first, second])).toEqual([Empty, 'hi'])
    })

    it('of two getters that have timed out neither has taken the item', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const getters = [1, 2].map((n) => attempt(`g${n}`, () => queue.get({ timeoutMs: n })))
      clock.run()
      queue.putNowait('hi')
      expect(values(getters)).toEqual([Empty, Empty])
      expect(queue.getNowait()).toBe('hi')
    })

    it('leaves its place to the next one when it is killed', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const getters = ['first', 'second'].map((name) => attempt(name, () => queue.get()))
      clock.run()
      expect(waiters(queue)).toEqual([2, 0])
      void getters[0]!.kill()
      expect(waiters(queue)).toEqual([1, 0])
      queue.putNowait('hi')
      clock.run()
      expect(values(getters)).toEqual([GreenletExit, 'hi'])
    })

    it('that was given an item keeps it when it is killed before its turn', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const queue = new Class<string>()
      const getter = spawn(function* () {
        rec(yield* queue.get())
        yield* sleep(1)
        rec('not here')
      })
      clock.run()
      queue.putNowait('hi')
      void getter.kill(undefined, { block: false })
      clock.run()
      rec.expect(['hi'])
      expect(getter.value).toBeInstanceOf(GreenletExit)
      expect(queue.size).toBe(0)
    })
  })

  describe('put()', () => {
    it('waits while the queue is full, and goes in when one is taken', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const queue = new Class<string>(2)
      spawn(function* () {
        for (const item of ['a', 'b', 'c']) {
          yield* queue.put(item)
          rec(`put ${item}`)
        }
      })
      clock.run()
      rec.expect(['put a', 'put b'])
      expect([queue.size, queue.full(), ...waiters(queue)]).toEqual([2, true, 0, 1])
      expect(queue.getNowait()).toBe('a')
      expect([queue.size, ...waiters(queue)]).toEqual([2, 0, 0])
      clock.run()
      rec.expect(['put a', 'put b', 'put c'])
      expect([queue.getNowait(), queue.getNowait()]).toEqual(['b', 'c'])
    })

    it('has the oldest putter go in first, before one that comes by', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      for (const item of ['b', 'c']) attempt(item, () => queue.put(item))
      clock.run()
      expect(queue.getNowait()).toBe('a')
      expect(thrown(() => queue.putNowait('d'))).toBeInstanceOf(Full)
      expect([queue.getNowait(), queue.getNowait(), queue.empty()]).toEqual(['b', 'c', true])
      clock.run()
    })

    it('is a recipe: driven twice it puts two, never driven none', async () => {
      const queue = new Class<number>()
      const put = queue.put(7)
      expect(queue.size).toBe(0)
      await put
      await put
      expect([queue.size, queue.getNowait(), queue.getNowait()]).toEqual([2, 7, 7])
      expect(text(put)).toBe('queue.put()')
    })

    it('throws Full after its time, and the item stays out', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const putter = attempt('putter', () => queue.put('b', { timeoutMs: 10 }))
      clock.run()
      expect(clock.now()).toBe(10)
      expect(putter.value).toBeInstanceOf(Full)
      expect(messageOf(putter.value)).toBe('queue.put() found no room after 10 ms: the queue is full (1/1).')
      expect([queue.size, ...waiters(queue)]).toEqual([1, 0, 0])
    })

    it('throws Full at once when it is not to wait', async () => {
      const queue = new Class<string>(1)
      await queue.put('a', { block: false })
      const error = await rejection(queue.put('b', { block: false }))
      expect(error).toBeInstanceOf(Full)
      expect(messageOf(error)).toBe('queue.put() found no room: the queue is full (1/1).')
    })

    it('throws a Timeout that is given to it, or what that is to throw', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const [timeout, error] = [new Timeout(5), new RangeError('mine')]
      const first = attempt('first', () => queue.put('b', { timeoutMs: timeout }))
      const second = attempt('second', () => queue.put('c', { timeoutMs: new Timeout(5, error) }))
      clock.run()
      expect([first.value, second.value, queue.size]).toEqual([timeout, error, 1])
    })

    it('leaves its place, and takes its item along, when it is killed', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const putters = ['b', 'c'].map((item) => attempt(item, () => queue.put(item)))
      clock.run()
      void putters[0]!.kill()
      expect([queue.getNowait(), queue.getNowait()]).toEqual(['a', 'c'])
      clock.run()
      expect(values(putters)).toEqual([GreenletExit, undefined])
    })

    it('that has gone in stays in when its greenlet is killed before its turn', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const putter = attempt('b', () => queue.put('b'))
      clock.run()
      expect(queue.getNowait()).toBe('a')
      void putter.kill()
      clock.run()
      expect(queue.getNowait()).toBe('b')
    })

    it('can be the link of a greenlet, before and after its end', () => {
      const { clock } = virtualHub()
      const queue = new Class<Greenlet<number>>(1)
      const greenlet = spawn(() => 100)
      for (let n = 0; n < 2; n++) {
        greenlet.link((one) => queue.put(one))
        clock.run()
        expect([queue.size, queue.getNowait().value]).toEqual([1, 100])
      }
    })
  })

  describe('peek()', () => {
    it('leaves the item where it is', async () => {
      const queue = new Class(null, ['a', 'b'])
      expect([await queue.peek(), queue.peekNowait(), await queue.get(), await queue.get()]).toEqual([
        'a',
        'a',
        'a',
        'b',
      ])
      expect(text(queue.peek())).toBe('queue.peek()')
    })

    it('waits for an item, which is still there then', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const peeker = attempt('peeker', () => queue.peek())
      clock.run()
      expect(peeker.ready()).toBe(false)
      queue.putNowait(1)
      clock.run()
      expect([peeker.value, queue.size, queue.getNowait()]).toEqual([1, 1, 1])
    })

    it('stands in one line with get(): it sees what the getter behind it takes, and not what one before it has taken', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const line = ([false, true, true, false, true] as const).map((peeks, n) =>
        attempt(`w${n}`, () => (peeks ? queue.peek() : queue.get())),
      )
      clock.run()
      queue.putNowait('a')
      clock.run()
      expect(values(line)).toEqual(['a', undefined, undefined, undefined, undefined])
      queue.putNowait('b')
      clock.run()
      expect(values(line)).toEqual(['a', 'b', 'b', 'b', undefined])
      queue.putNowait('c')
      clock.run()
      expect([...values(line), queue.size]).toEqual(['a', 'b', 'b', 'b', 'c', 1])
    })

    it('throws Empty as get() does', async () => {
      const queue = new Class<number>()
      expect(message(() => queue.peekNowait())).toBe('queue.peekNowait() found nothing: the queue is empty.')
      expect(await rejectionMessage(queue.peek({ block: false }))).toBe(
        'queue.peek() found nothing: the queue is empty.',
      )
      expect(await rejectionMessage(queue.peek({ timeoutMs: 1 }))).toBe(
        'queue.peek() found nothing after 1 ms: the queue is empty.',
      )
    })
  })

  describe('in a callback of the hub', () => {
    it('putNowait() puts while there is room', () => {
      const { clock, hub } = virtualHub()
      const queue = new Class<number>(1)
      const results: unknown[] = []
      const put = (): unknown => results.push(tried(() => queue.putNowait(2)))
      hub.runCallback(put)
      hub.runCallback(put)
      clock.run()
      expect(results).toEqual([undefined, Full])
    })

    it('getNowait() takes what is there', () => {
      const { clock, hub } = virtualHub()
      const queue = new Class<number>(1, [4])
      const results: unknown[] = []
      const get = (): unknown => results.push(tried(() => queue.getNowait()))
      hub.runCallback(get)
      hub.runCallback(get)
      clock.run()
      expect(results).toEqual([4, Empty])
    })

    it('getNowait() lets a putter in that waits', () => {
      const { clock, hub } = virtualHub()
      const queue = new Class<number>(1, [5])
      const putter = attempt('putter', () => queue.put(6))
      clock.run()
      const results: unknown[] = []
      hub.runCallback(() => results.push(queue.getNowait()))
      clock.run()
      expect([results, putter.ready(), queue.getNowait()]).toEqual([[5], true, 6])
    })

    it('putNowait() gives to a getter that waits', () => {
      const { clock, hub } = virtualHub()
      const queue = new Class<number>()
      const getter = attempt('getter', () => queue.get())
      clock.run()
      hub.runCallback(() => queue.putNowait(6))
      clock.run()
      expect([getter.value, queue.size]).toEqual([6, 0])
    })
  })

  describe('maxsize', () => {
    it('lets in as many as have room when it grows', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const putters = ['b', 'c', 'd'].map((item) => attempt(item, () => queue.put(item)))
      clock.run()
      queue.maxsize = 3
      expect([queue.maxsize, queue.size, ...waiters(queue)]).toEqual([3, 3, 0, 1])
      queue.maxsize = null
      expect([queue.maxsize, queue.size, ...waiters(queue)]).toEqual([null, 4, 0, 0])
      clock.run()
      expect(putters.every((putter) => putter.successful())).toBe(true)
    })

    it('throws nothing out when it shrinks', () => {
      const queue = new Class(3, ['a', 'b', 'c'])
      queue.maxsize = 1
      expect([queue.size, queue.full()]).toEqual([3, true])
      expect([queue.getNowait(), queue.getNowait(), queue.full()]).toEqual(['a', 'b', true])
    })
  })

  describe('shutdown()', () => {
    it('refuses to put, and lets what is there be taken', async () => {
      const queue = new Class(null, ['a', 'b'])
      expect(queue.isShutdown).toBe(false)
      queue.shutdown()
      expect(queue.isShutdown).toBe(true)
      expect(thrown(() => queue.putNowait('c'))).toBeInstanceOf(ShutDown)
      expect(message(() => queue.putNowait('c'))).toBe('queue.putNowait() found the queue shut down.')
      expect(await rejectionMessage(queue.put('c'))).toBe('queue.put() found the queue shut down.')
      expect([await queue.get(), await queue.peek(), queue.getNowait()]).toEqual(['a', 'b', 'b'])
      expect(await rejectionMessage(queue.get())).toBe('queue.get() found the queue shut down.')
      expect(await rejectionMessage(queue.peek())).toBe('queue.peek() found the queue shut down.')
      expect(message(() => queue.getNowait())).toBe('queue.getNowait() found the queue shut down.')
      expect(message(() => queue.peekNowait())).toBe('queue.peekNowait() found the queue shut down.')
    })

    it('wakes with ShutDown those who wait for an item, which will not come', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const waiting = [
        attempt('getter', () => queue.get()),
        attempt('peeker', () => queue.peek()),
        attempt('patient', () => queue.get({ timeoutMs: 100 })),
      ]
      clock.run(1)
      queue.shutdown()
      expect(waiters(queue)).toEqual([0, 0])
      clock.run()
      expect(waiting.map(({ value }) => messageOf(value))).toEqual([
        'queue.get() found the queue shut down.',
        'queue.peek() found the queue shut down.',
        'queue.get() found the queue shut down.',
      ])
      expect(clock.now()).toBe(1)
    })

    it('wakes with ShutDown those who wait for room, and their items stay out', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const putters = ['b', 'c'].map((item) => attempt(item, () => queue.put(item)))
      clock.run()
      queue.shutdown()
      clock.run()
      expect(putters.map(({ value }) => messageOf(value))).toEqual([
        'queue.put() found the queue shut down.',
        'queue.put() found the queue shut down.',
      ])
      expect([queue.size, queue.getNowait()]).toEqual([1, 'a'])
    })

    it('drops everything when it is immediate', async () => {
      const queue = new Class(null, ['a', 'b'])
      queue.shutdown(true)
      expect(queue.size).toBe(0)
      expect(await rejection(queue.get())).toBeInstanceOf(ShutDown)
    })

    it('may come twice: gently, then at once', () => {
      const queue = new Class(null, ['a', 'b'])
      queue.shutdown()
      expect(queue.getNowait()).toBe('a')
      queue.shutdown(true)
      expect(queue.size).toBe(0)
    })
  })

  describe('cursor()', () => {
    it('takes the items until StopIteration, and leaves what is behind it', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const got: number[] = []
      spawn(function* () {
        const it = queue.cursor()
        while (yield* it.next()) got.push(it.value)
        expect(yield* it.next()).toBe(false)
      })
      spawn(function* () {
        for (const item of [1, 2]) yield* queue.put(item)
        yield* sleep(1)
        for (const item of [3, StopIteration, 4] as const) yield* queue.put(item)
      })
      clock.run()
      expect([got, queue.size, queue.getNowait()]).toEqual([[1, 2, 3], 1, 4])
    })

    it('has one StopIteration end one reader', () => {
      const { clock } = virtualHub()
      const queue = new Class<number>()
      const readers = [1, 2].map(() =>
        spawn(function* () {
          const it = queue.cursor()
          while (yield* it.next()) yield* sleep(1)
          return 'ended'
        }),
      )
      for (const item of [1, 2, 3, StopIteration] as const) queue.putNowait(item)
      clock.run()
      expect(values(readers).filter((value) => value === 'ended')).toHaveLength(1)
      queue.putNowait(StopIteration)
      clock.run()
      expect(values(readers)).toEqual(['ended', 'ended'])
    })

    it('ends when the queue is shut down and drained, also while it waits', () => {
      const { clock } = virtualHub()
      const queue = new Class(null, ['a', 'b'])
      const got: string[] = []
      const read = function* (): Green<void> {
        const it = queue.cursor()
        while (yield* it.next()) got.push(it.value)
      }
      const waiting = spawn(read)
      clock.run()
      expect([got, waiting.ready(), ...waiters(queue)]).toEqual([['a', 'b'], false, 1, 0])
      queue.putNowait('c')
      queue.putNowait('d')
      queue.shutdown()
      const late = spawn(read)
      clock.run()
      expect([got, waiting.ready(), late.ready()]).toEqual([['a', 'b', 'c', 'd'], true, true])
    })

    it('can be killed while it waits, and has taken nothing', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const reader = attempt('reader', () => queue.cursor().next())
      clock.run()
      void reader.kill()
      expect(waiters(queue)).toEqual([0, 0])
      queue.putNowait('a')
      clock.run()
      expect(queue.size).toBe(1)
    })

    it('goes on after its reader was interrupted', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const reader = spawn(function* () {
        const it = queue.cursor()
        const timeout = new Timeout(1).start()
        try {
          yield* it.next()
        } catch (error) {
          expect(error).toBe(timeout)
        }
        return (yield* it.next()) ? it.value : null
      })
      clock.run()
      queue.putNowait('a')
      clock.run()
      expect(reader.value).toBe('a')
    })

    it('has one reader', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const it = queue.cursor()
      attempt('first', () => it.next())
      const second = attempt('second', () => it.next())
      clock.run()
      expect(messageOf(second.value)).toBe(
        'Greenlet "second" waits in next() of queue.cursor(), where "first" waits already.',
      )
      queue.shutdown()
      clock.run()
    })

    it('ends when it is disposed of, also for one that waits, and takes nothing any more', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const it = queue.cursor()
      const reader = attempt('reader', () => it.next())
      clock.run()
      it[Symbol.dispose]()
      queue.putNowait('a')
      clock.run()
      expect([reader.value, queue.size]).toEqual([false, 1])
      const again = attempt('again', () => it.next())
      clock.run()
      expect([again.value, queue.size]).toEqual([false, 1])
    })

    it('passes on what a store throws', async () => {
      class Broken extends Class<number> {
        protected override remove(): never {
          throw new RangeError('broken')
        }
      }
      const queue = new Broken(null, [1])
      expect(await rejectionMessage(queue.cursor().next())).toBe('broken')
      const empty = new Broken()
      const reader = attempt('reader', () => empty.cursor().next())
      await sleep(0)
      empty.putNowait(1)
      await sleep(0)
      expect(messageOf(reader.value)).toBe('broken')
    })

    it('is what `for await` reads with; leaving the loop leaves the rest', async () => {
      const queue = new Class(null, [1, 2, 3, 4, StopIteration, 5])
      for await (const item of queue) if (item === 2) break
      const rest: number[] = []
      for await (const item of queue) rest.push(item)
      expect([rest, queue.size]).toEqual([[3, 4], 1])
    })
  })

  describe('in a choose', () => {
    it('gives an item to one branch, and takes the others back', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const chooser = attempt('chooser', () => choose({ a: queue.get(), b: queue.get(), c: queue.peek() }))
      const getter = attempt('getter', () => queue.get())
      clock.run()
      expect(waiters(queue)).toEqual([4, 0])
      queue.putNowait('x')
      expect(waiters(queue)).toEqual([1, 0])
      queue.putNowait('y')
      clock.run()
      expect(values([chooser, getter])).toEqual([['a', 'x'], 'y'])
    })

    it('does not give one branch to the other: an empty queue', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>()
      const chooser = attempt('chooser', () => choose({ get: queue.get(), put: queue.put('x') }))
      clock.run()
      expect([chooser.value, queue.size, ...waiters(queue)]).toEqual([['put', undefined], 1, 0, 0])
    })

    it('does not give one branch to the other: a full queue', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const chooser = attempt('chooser', () => choose({ put: queue.put('mine'), get: queue.get() }))
      attempt('putter', () => queue.put('b'))
      clock.run()
      expect([chooser.value, queue.size, queue.getNowait(), ...waiters(queue)]).toEqual([['get', 'a'], 1, 'b', 0, 0])
    })

    it('lets the next one in when the branch that was first is taken back', () => {
      const { clock } = virtualHub()
      const queue = new Class<string>(1, ['a'])
      const chooser = attempt('chooser', () => choose({ put: queue.put('lost'), late: sleep(5) }))
      const putter = attempt('putter', () => queue.put('b'))
      clock.run()
      expect(chooser.value).toEqual(['late', undefined])
      expect([queue.getNowait(), queue.getNowait(), putter.successful()]).toEqual(['a', 'b', false])
      clock.run()
    })
  })

  describe('a subclass with another store', () => {
    class Recording extends Class<string> {
      declare calls: string[]
      declare own: Set<unknown>

      protected override init(): void {
        this.calls = ['init']
        this.own = new Set()
      }

      protected override get length(): number {
        return this.own.size
      }

      protected override insert(item: string): void {
        this.calls.push(`insert ${item}`)
        if (item === 'bad') throw new RangeError('bad')
        this.own.add(item)
      }

      protected override remove(): string {
        const item = this.look()
        this.calls.push(`remove ${item}`)
        if (item === 'stuck') throw new RangeError('stuck')
        this.own.delete(item)
        return item
      }

      protected override look(): string {
        return [...this.own][0] as string
      }

      protected override items(): string[] {
        return [...this.own] as string[]
      }
    }

    it('is asked once for each item that goes in, and once for each that goes out', async () => {
      const queue = new Recording()
      await queue.put('a')
      expect(await queue.get()).toBe('a')
      expect(queue.calls).toEqual(['init', 'insert a', 'remove a'])
    })

    it('is asked so, too, when somebody waits', () => {
      const { clock } = virtualHub()
      const queue = new Recording(1)
      const getter = attempt('getter', () => queue.get())
      clock.run()
      queue.putNowait('a')
      queue.putNowait('b')
      attempt('putter', () => queue.put('c'))
      clock.run()
      expect([getter.value, queue.getNowait(), queue.getNowait()]).toEqual(['a', 'b', 'c'])
      expect(queue.calls).toEqual(['init', 'insert a', 'remove a', 'insert b', 'remove b', 'insert c', 'remove c'])
      clock.run()
    })

    it('may drop an item: nobody is given it', () => {
      const { clock } = virtualHub()
      const queue = new Recording(null, ['a', 'a'])
      queue.putNowait('a')
      expect(queue.size).toBe(1)
      const getters = [1, 2].map((n) => attempt(`g${n}`, () => queue.get()))
      clock.run()
      expect(values(getters)).toEqual(['a', undefined])
      queue.putNowait('b')
      clock.run()
      expect(values(getters)).toEqual(['a', 'b'])
    })

    it('may refuse an item: put() throws that, and the queue is as it was', async () => {
      const queue = new Recording(1)
      expect(message(() => queue.putNowait('bad'))).toBe('bad')
      expect(await rejectionMessage(queue.put('bad'))).toBe('bad')
      expect(queue.size).toBe(0)
      await queue.put('good')
      expect(await queue.get()).toBe('good')
    })

    it('may refuse the item of one who waits: its put() throws that, and the next one goes in', () => {
      const { clock } = virtualHub()
      const queue = new Recording(1, ['a'])
      const putters = ['bad', 'b'].map((item) => attempt(item, () => queue.put(item)))
      clock.run()
      expect(queue.getNowait()).toBe('a')
      clock.run()
      expect(values(putters)).toEqual([RangeError, undefined])
      expect(queue.getNowait()).toBe('b')
    })

    it('may refuse to give one out: get() throws that, and the item stays', () => {
      const { clock } = virtualHub()
      const queue = new Recording(null, ['stuck'])
      expect(message(() => queue.getNowait())).toBe('stuck')
      expect(queue.size).toBe(1)
      const other = new Recording()
      const getter = attempt('getter', () => other.get())
      clock.run()
      other.putNowait('stuck')
      clock.run()
      expect([messageOf(getter.value), other.size]).toEqual(['stuck', 1])
    })

    it('is copied by its items', () => {
      const copy = new Recording(5, ['a', 'b']).copy()
      expect([copy.constructor, copy.maxsize, copy.getNowait(), copy.getNowait()]).toEqual([Recording, 5, 'a', 'b'])
    })
  })

  describe('a mistake', () => {
    it.each([
      ['1.5', 1.5, '1.5 (number)'],
      ['NaN', Number.NaN, 'NaN (number)'],
      ['a string', '3', '"3" (string)'],
      ['an object', { maxsize: 3 }, 'an Object'],
    ])('as maxsize, %s, is refused', (_, maxsize, shown) => {
      // @ts-expect-error some of these are no numbers
      expect(usage(() => new Class(maxsize))).toBe(
        `new ${name}() expects \`maxsize\` to be an integer, or null for no limit, but got ${shown}.`,
      )
      const queue = new Class(1)
      expect(
        usage(() => {
          queue.maxsize = maxsize as number
        }),
      ).toBe(`queue.maxsize expects \`maxsize\` to be an integer, or null for no limit, but got ${shown}.`)
      expect(queue.maxsize).toBe(1)
    })

    it('as items is refused', () => {
      // @ts-expect-error no iterable
      expect(usage(() => new Class(null, 5))).toBe(
        `new ${name}() expects \`items\` to be something that can be iterated, but got 5 (number).`,
      )
      expect(usage(() => new Class(null, sleep(1) as never))).toBe(
        `new ${name}() expects \`items\` to be something that can be iterated, but got an operation.`,
      )
    })

    it('as timeoutMs is refused at the call', () => {
      const queue = new Class<number>()
      expect(usage(() => queue.get({ timeoutMs: -1 }))).toBe(
        'get() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
      )
      expect(usage(() => queue.peek({ timeoutMs: -1 }))).toBe(
        'peek() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
      )
      expect(usage(() => queue.put(1, { timeoutMs: -1, block: false }))).toBe(
        'put() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
      )
    })
  })
})

function tried(fn: () => unknown): unknown {
  try {
    return fn()
  } catch (error) {
    return (error as Error).constructor
  }
}

describe('Queue', () => {
  describe('taskDone() and join()', () => {
    it('count what came in and is not done', async () => {
      const queue = new Queue<string>()
      expect(queue.unfinishedTasks).toBe(0)
      expect(await queue.join()).toBe(true)
      await queue.put('a')
      expect(queue.unfinishedTasks).toBe(1)
      await queue.get()
      expect(queue.unfinishedTasks).toBe(1)
      queue.taskDone()
      expect(queue.unfinishedTasks).toBe(0)
      expect(await queue.join()).toBe(true)
    })

    it('wait for the work of all, items from the beginning included', () => {
      const { clock } = virtualHub()
      const queue = new Queue(null, [1, 2, 3])
      expect(queue.unfinishedTasks).toBe(3)
      let sum = 0
      for (let n = 0; n < 2; n++) {
        spawn(function* () {
          const it = queue.cursor()
          while (yield* it.next()) {
            yield* sleep(it.value)
            sum += it.value
            queue.taskDone()
          }
        })
      }
      const joiner = spawn(function* () {
        for (const item of [4, 5]) yield* queue.put(item)
        const all = yield* queue.join()
        queue.shutdown()
        return [all, sum]
      })
      clock.run()
      expect(joiner.value).toEqual([true, 15])
    })

    it('wake those who join in the order in which they came, when the last one is done', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const queue = new Queue(null, ['a', 'b'])
      for (const name of ['first', 'second'])
        spawn(function* () {
          yield* queue.join()
          rec(name)
        })
      clock.run()
      queue.taskDone()
      clock.run()
      rec.expect([])
      queue.taskDone()
      queue.putNowait('c') // too late for those who were woken
      clock.run()
      rec.expect(['first', 'second'])
    })

    it('give false when the time is up, and go on', () => {
      const { clock } = virtualHub()
      const queue = new Queue(null, ['a'])
      const joiners = [
        attempt('5', () => queue.join({ timeoutMs: 5 })),
        attempt('0', () => queue.join({ timeoutMs: 0 })),
        attempt('Timeout', () => queue.join({ timeoutMs: new Timeout(5) })),
      ]
      clock.run()
      expect(values(joiners)).toEqual([false, false, false])
      expect(text(queue.join())).toBe('queue.join()')
    })

    it('can be interrupted', () => {
      const { clock } = virtualHub()
      const queue = new Queue(null, ['a'])
      const joiner = attempt('joiner', () => queue.join())
      const other = attempt('other', () => queue.join())
      clock.run()
      void joiner.kill()
      queue.taskDone()
      clock.run()
      expect(values([joiner, other])).toEqual([GreenletExit, true])
    })

    it('refuse one more than came in', async () => {
      const queue = new Queue(10, ['a'])
      queue.taskDone()
      expect(usage(() => queue.taskDone())).toBe(
        'Greenlet "main" called taskDone() of Queue(1/10) once more than items came in.\n' +
          'It is called once for each item that was taken, when the work on it is done.',
      )
      const worker = spawnWith({ name: 'worker' }, () => thrown(() => queue.taskDone()))
      expect(messageOf(await worker.get()).split('\n')[0]).toBe(
        'Greenlet "worker" called taskDone() of Queue(1/10) once more than items came in.',
      )
    })

    it('do not count a StopIteration that a cursor has met', async () => {
      const queue = new Queue(null, [1, StopIteration])
      for await (const item of queue) {
        expect(item).toBe(1)
        queue.taskDone()
      }
      expect([queue.unfinishedTasks, await queue.join()]).toEqual([0, true])
    })

    it('count one that get() has taken', async () => {
      const queue = new Queue(null, [StopIteration])
      expect(await queue.get()).toBe(StopIteration)
      expect(queue.unfinishedTasks).toBe(1)
    })

    it('count the item of one who waits when it goes in', () => {
      const { clock } = virtualHub()
      const queue = new Queue(1, ['a'])
      attempt('putter', () => queue.put('b'))
      clock.run()
      expect(queue.unfinishedTasks).toBe(1)
      queue.getNowait()
      expect(queue.unfinishedTasks).toBe(2)
      clock.run()
    })

    it('count in a copy what they counted in the original', () => {
      const queue = new Queue(null, ['a', 'b'])
      queue.getNowait()
      expect([queue.unfinishedTasks, queue.copy().unfinishedTasks, queue.copy().size]).toEqual([2, 2, 1])
    })
  })

  describe('shutdown()', () => {
    it('refuses what is no boolean, and drops nothing', () => {
      const queue = new Queue(null, [1])
      expect(
        usage(() => {
          queue.shutdown({ immediate: false } as never)
        }),
      ).toBe('shutdown() expects `immediate` to be a boolean, but got an Object.')
      expect([queue.isShutdown, queue.size]).toEqual([false, 1])
    })
  })

  describe('shutdown(true)', () => {
    it('has what was dropped count as done', () => {
      const { clock } = virtualHub()
      const queue = new Queue(null, ['a', 'b', 'c'])
      const joiner = attempt('joiner', () => queue.join())
      clock.run()
      queue.shutdown(true)
      clock.run()
      expect([joiner.value, queue.unfinishedTasks]).toEqual([true, 0])
      expect(thrown(() => queue.taskDone())).toBeInstanceOf(UsageError)
    })

    it('waits for what was taken before', () => {
      const { clock } = virtualHub()
      const queue = new Queue(null, ['a', 'b', 'c'])
      const joiner = attempt('joiner', () => queue.join())
      queue.getNowait()
      queue.shutdown(true)
      clock.run()
      expect([joiner.ready(), queue.unfinishedTasks]).toEqual([false, 1])
      queue.taskDone()
      clock.run()
      expect(joiner.value).toBe(true)
    })

    it('leaves the count alone when it was said too early to be done', () => {
      const queue = new Queue(null, ['a'])
      queue.taskDone()
      queue.shutdown(true)
      expect(queue.unfinishedTasks).toBe(0)
    })
  })

  describe('in a deadlock', () => {
    it('says what is waited for, and why it does not end', async () => {
      const [empty, full, work, works] = [
        new Queue<number>(),
        new Queue(1, [1]),
        new Queue(null, [1]),
        new Queue(null, [1, 2]),
      ]
      catchReports() // nobody reads what they end with
      spawnWith({ name: 'getter' }, () => empty.get())
      spawnWith({ name: 'peeker' }, () => empty.peek())
      spawnWith({ name: 'reader' }, () => empty.cursor().next())
      spawnWith({ name: 'putter' }, () => full.put(2))
      spawnWith({ name: 'joiner' }, () => work.join())
      const last = spawnWith({ name: 'last' }, () => works.join())
      const error = await deadlock(last.join())
      expect(error).toBeInstanceOf(LoopExit)
      expect(messageOf(error).split('\n\n').at(-1)).toBe(
        [
          '  main    join() of "last"',
          '  getter  queue.get()               the queue is empty',
          '  peeker  queue.peek()              the queue is empty',
          '  reader  next() of queue.cursor()  the queue is empty',
          '  putter  queue.put()               the queue is full (1/1)',
          '  joiner  queue.join()              1 task is not done',
          '  last    queue.join()              2 tasks are not done',
        ].join('\n'),
      )
      empty.shutdown()
      full.shutdown(true)
      work.shutdown(true)
      works.shutdown(true)
      await sleep(1)
    })
  })

  describe('in debug mode', () => {
    afterEach(() => {
      setDebug(false)
    })

    it('works the same', async () => {
      setDebug(true)
      const queue = new Queue(null, [1, 2, StopIteration])
      const got = await run(function* () {
        const it = queue.cursor()
        const all: number[] = [yield* queue.get()]
        while (yield* it.next()) all.push(it.value)
        return all
      })
      expect(got).toEqual([1, 2])
    })
  })
})

/** What an operation is rejected with when nothing is left that could end it; the test runner keeps the process alive. */
async function deadlock(operation: PromiseLike<unknown>): Promise<unknown> {
  const caught = rejection(operation)
  await sleep(1)
  getHub().raiseLoopExit()
  return caught
}
