// Queues and channels under all schedules, with kills and timeouts: no item is lost or doubled, nobody is left waiting.
import {
  Channel,
  Empty,
  Full,
  type Green,
  type Operation,
  PriorityQueue,
  Queue,
  ShutDown,
  StopIteration,
  sleep,
  spawn,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

/** Says that each of `sent` was got or is left, and nothing else, in the order of one sender. */
function checkItems(sent: readonly number[], got: readonly number[], left: readonly number[]): void {
  const all = [...got, ...left].sort()
  if (all.join() !== [...sent].sort().join()) {
    throw new Error(`sent: ${sent.join()}; got: ${got.join()}; left: ${left.join()}`)
  }
}

function drained(queue: Queue<number>): number[] {
  const left: number[] = []
  while (!queue.empty()) left.push(queue.getNowait())
  return left
}

/** `wait`, or the name of the error when it is one of a queue. */
function* orRefused<T>(wait: Operation<T>): Green<T | string> {
  try {
    return yield* wait
  } catch (error) {
    if (error instanceof Empty || error instanceof Full || error instanceof ShutDown) return error.name
    throw error
  }
}

describe('a Queue', () => {
  it.each([1, null])('loses and doubles nothing when a consumer is killed (maxsize: %s)', async (maxsize) => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>(maxsize)
      const [sent, got] = [t.shared<number[]>([], 'sent'), t.shared<number[]>([], 'got')]
      function* consume(): Green<void> {
        got.push(yield* queue.get())
      }
      const [ann, bob] = [spawn(consume), spawn(consume)]
      killer(ann)
      for (const item of [1, 2]) {
        yield* queue.put(item)
        sent.push(item)
      }
      yield* ended(bob, ann)
      checkItems(sent, got, drained(queue))
      return got.length
    })
    expect(all).toEqual(['1', '2'])
  })

  it('loses and doubles nothing when a producer is killed', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>(1)
      const [sent, got] = [t.shared<number[]>([], 'sent'), t.shared<number[]>([], 'got')]
      function* produce(item: number): Green<void> {
        yield* queue.put(item)
        sent.push(item)
      }
      const [ann, bob] = [spawn(produce, 1), spawn(produce, 2)]
      killer(ann)
      got.push(yield* queue.get())
      yield* ended(ann, bob)
      checkItems(sent, got, drained(queue))
      return sent.length
    })
    expect(all).toEqual(['1', '2'])
  })

  it('gives an item or Empty, takes it or says Full, when the two are due at once', async () => {
    const all = await outcomes(function* () {
      const queue = new Queue<number>(1)
      const getter = spawn(() => orRefused(queue.get({ timeoutMs: 5 })))
      yield* sleep(5)
      queue.putNowait(1)
      const putter = spawn(() => orRefused(queue.put(2, { timeoutMs: 5 })))
      yield* sleep(5)
      const left = drained(queue)
      yield* ended(getter, putter)
      checkItems(putter.value === undefined ? [1, 2] : [1], getter.value === 1 ? [1] : [], [...left, ...drained(queue)])
      return [getter.value, putter.value ?? 'in']
    })
    expect(all).toEqual(['["Empty","Full"]', '["Empty","in"]', '[1,"in"]'])
  })

  it('serves getters in the order in which they came, without those who are killed', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>()
      const came = t.shared<string[]>([], 'came')
      const got = t.shared<Record<string, number>>({}, 'got')
      function* consume(name: string): Green<void> {
        came.push(name)
        got[name] = yield* queue.get()
      }
      const getters = new Map(['Ann', 'Bob', 'Cyd'].map((name) => [name, spawn(consume, name)]))
      yield* sleep(1)
      killer(getters.get(came[0] ?? ''))
      spawn(() => queue.put(0))
      yield* sleep(1)
      for (const item of [1, 2]) yield* queue.put(item)
      yield* ended(...getters.values())
      return came.map((name) => got[name] ?? 'killed')
    })
    expect(all).toEqual(['["killed",0,1]', '[0,1,2]'])
  })

  it('keeps the order of a sender', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>(1)
      const got = t.shared<number[]>([], 'got')
      const producer = spawn(function* () {
        for (const item of [1, 2, 3]) yield* queue.put(item)
        yield* queue.put(StopIteration)
      })
      const it = queue.cursor()
      while (yield* it.next()) got.push(it.value)
      yield* producer.join()
      return got
    })
    expect(all).toEqual(['[1,2,3]'])
  })

  it('ends join() when all is done, and not before', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>()
      const done = t.shared<number[]>([], 'done')
      spawn(function* () {
        for (const _ of [1, 2]) {
          const item = yield* queue.get()
          yield* sleep(0)
          done.push(item)
          queue.taskDone()
        }
      })
      yield* queue.put(1)
      const early = spawn(() => queue.join())
      yield* queue.put(2)
      yield* queue.join()
      yield* early.join()
      return done
    })
    expect(all).toEqual(['[1,2]'])
  })

  it('gives up join() when the time has passed, also when the worker is killed', async () => {
    const all = await outcomes(function* () {
      const queue = new Queue(null, [1])
      const worker = spawn(function* () {
        yield* queue.get()
        yield* sleep(5)
        queue.taskDone()
      })
      const joiner = spawn(() => queue.join({ timeoutMs: 5 }))
      killer(worker, 5)
      yield* ended(worker, joiner)
      if (joiner.value === true && queue.unfinishedTasks > 0) throw new Error('it was not done')
      return [joiner.value, queue.unfinishedTasks]
    })
    expect(all).toEqual(['[false,0]', '[false,1]', '[true,0]'])
  })

  it('wakes all who wait when it is shut down, and keeps what was put', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<number>(1)
      const [sent, got] = [t.shared<number[]>([], 'sent'), t.shared<number[]>([], 'got')]
      function* produce(item: number): Green<void> {
        if ((yield* orRefused(queue.put(item))) === undefined) sent.push(item)
      }
      const consumer = spawn(function* () {
        for (const _ of [1, 2]) {
          const item = yield* orRefused(queue.get())
          if (typeof item === 'number') got.push(item)
        }
      })
      const producers = [spawn(produce, 1), spawn(produce, 2)]
      const closer = spawn(() => {
        queue.shutdown()
      })
      yield* ended(...producers, consumer, closer)
      checkItems(sent, got, drained(queue))
      return sent.length
    })
    expect(all).toEqual(['0', '1', '2'])
  })

  it('lets peekers see what the getter behind them takes', async () => {
    const all = await outcomes(function* () {
      const queue = new Queue<number>()
      const peeker = spawn(() => queue.peek())
      yield* sleep(1)
      const getter = spawn(() => queue.get())
      yield* sleep(1)
      killer(peeker)
      spawn(() => queue.put(1))
      yield* ended(peeker, getter)
      if (queue.size > 0 || getter.value !== 1) throw new Error('the item was not taken')
      return peeker.value === 1
    })
    expect(all).toEqual(['false', 'true'])
  })
})

describe('a PriorityQueue', () => {
  it('gives the lowest of what is there, and loses nothing when a consumer is killed', async () => {
    const all = await outcomes(function* (t) {
      const queue = new PriorityQueue<number>()
      const got = t.shared<number[]>([], 'got')
      function* consume(): Green<void> {
        const item = yield* queue.get()
        got.push(item)
      }
      const [ann, bob] = [spawn(consume), spawn(consume)]
      killer(ann)
      yield* queue.put(3)
      yield* queue.put(1)
      yield* ended(bob, ann)
      checkItems([3, 1], got, drained(queue))
      return [...got].sort()
    })
    expect(all).toEqual(['[1,3]', '[1]', '[3]'])
  })
})

describe('a Channel', () => {
  it('hands over each item once, whoever is killed', async () => {
    const all = await outcomes(function* (t) {
      const channel = new Channel<number>()
      const [sent, got] = [t.shared<number[]>([], 'sent'), t.shared<number[]>([], 'got')]
      function* produce(item: number): Green<void> {
        yield* channel.put(item)
        sent.push(item)
      }
      const [ann, bob] = [spawn(produce, 1), spawn(produce, 2)]
      const consumer = spawn(function* () {
        got.push(yield* channel.get())
      })
      killer(ann)
      yield* ended(ann, consumer)
      if (got[0] === 1) yield* bob.kill()
      yield* bob.join()
      checkItems(sent, got, [])
      if (channel.balance !== 0) throw new Error(`${channel.balance} are left`)
      return got
    })
    expect(all).toEqual(['[1]', '[2]'])
  })

  it('hands over or says that nobody was there, to both sides, when the two are due at once', async () => {
    const all = await outcomes(function* () {
      const channel = new Channel<number>()
      const getter = spawn(() => orRefused(channel.get({ timeoutMs: 5 })))
      const putter = spawn(function* () {
        yield* sleep(5)
        return yield* orRefused(channel.put(1, { timeoutMs: 1 }))
      })
      yield* ended(getter, putter)
      if (channel.balance !== 0) throw new Error(`${channel.balance} are left`)
      return [getter.value, putter.value ?? 'gone']
    })
    expect(all).toEqual(['["Empty","Full"]', '[1,"gone"]'])
  })

  it('tells both sides of a shutdown', async () => {
    const all = await outcomes(function* () {
      const channel = new Channel<number>()
      const getter = spawn(() => orRefused(channel.get()))
      const putter = spawn(() => orRefused(channel.put(1)))
      const closer = spawn(() => {
        channel.shutdown()
      })
      yield* ended(getter, putter, closer)
      if (channel.balance !== 0) throw new Error(`${channel.balance} are left`)
      return [getter.value, putter.value ?? 'gone']
    })
    expect(all).toEqual(['["ShutDown","ShutDown"]', '[1,"gone"]'])
  })
})
