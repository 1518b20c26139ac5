// PriorityQueue and LifoQueue: queues in another order.
import fc from 'fast-check'
import { Empty, Full, LifoQueue, PriorityQueue, Queue, StopIteration, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { message, rejectionMessage, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_207

function drain<T>(queue: Queue<T>): T[] {
  const items: T[] = []
  while (!queue.empty()) items.push(queue.getNowait())
  return items
}

describe('LifoQueue', () => {
  it('gives the last item first', async () => {
    const queue = new LifoQueue<string>()
    for (const item of ['a', 'b', 'c']) await queue.put(item)
    expect([await queue.peek(), queue.peekNowait(), await queue.get()]).toEqual(['c', 'c', 'c'])
    queue.putNowait('d')
    expect(drain(queue)).toEqual(['d', 'b', 'a'])
  })

  it('takes items from the beginning as if they had been put in that order', () => {
    expect(drain(new LifoQueue(2, ['a', 'b', 'c']))).toEqual(['c', 'b', 'a'])
  })

  it('is a Queue: it has a maxsize, counts tasks and can be joined', async () => {
    const queue = new LifoQueue(1, ['a'])
    expect(queue).toBeInstanceOf(Queue)
    expect(thrown(() => queue.putNowait('b'))).toBeInstanceOf(Full)
    queue.getNowait()
    expect(thrown(() => queue.getNowait())).toBeInstanceOf(Empty)
    expect(queue.unfinishedTasks).toBe(1)
    queue.taskDone()
    expect(await queue.join()).toBe(true)
  })

  it('gives an item to who waits for one', () => {
    const { clock } = virtualHub()
    const queue = new LifoQueue<string>()
    const getters = [1, 2].map(() =>
      spawn(function* () {
        return yield* queue.get()
      }),
    )
    clock.run()
    for (const item of ['a', 'b', 'c']) queue.putNowait(item)
    clock.run()
    expect([...getters.map(({ value }) => value), queue.size]).toEqual(['a', 'b', 1])
  })

  it('is copied in its order', () => {
    const queue = new LifoQueue(3, ['a', 'b'])
    const copy = queue.copy()
    expect([copy.constructor, copy.maxsize, ...drain(copy)]).toEqual([LifoQueue, 3, 'b', 'a'])
    expect(String(queue)).toBe('LifoQueue(2/3)')
  })
})

describe('PriorityQueue', () => {
  it('gives the lowest item first', async () => {
    const queue = new PriorityQueue<number>()
    for (const item of [3, 1, 2]) await queue.put(item)
    expect([await queue.peek(), queue.peekNowait(), await queue.get()]).toEqual([1, 1, 1])
    queue.putNowait(0)
    expect(drain(queue)).toEqual([0, 2, 3])
  })

  it('puts items from the beginning in order', () => {
    expect(drain(new PriorityQueue(null, [5, 2, 8, 1, 9, 3]))).toEqual([1, 2, 3, 5, 8, 9])
  })

  it('gives those that are alike in the order in which they came', () => {
    const queue = new PriorityQueue<{ cost: number; name: string }>(null, [], (a, b) => a.cost - b.cost)
    for (const [n, name] of 'a b c d e f g h'.split(' ').entries()) queue.putNowait({ cost: n % 2, name })
    expect(drain(queue).map(({ name }) => name)).toEqual('a c e g b d f h'.split(' '))
  })

  it('is stable and sorted for any puts and gets', () => {
    const steps = fc.array(fc.option(fc.nat({ max: 5 })), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new PriorityQueue<{ cost: number; number: number }>(null, [], (a, b) => a.cost - b.cost)
        const model: { cost: number; number: number }[] = []
        for (const [number, cost] of all.entries()) {
          if (cost === null) {
            expect(queue.empty() ? undefined : queue.getNowait()).toBe(model.shift())
          } else {
            const item = { cost, number }
            queue.putNowait(item)
            model.push(item)
            model.sort((a, b) => a.cost - b.cost || a.number - b.number)
          }
          expect(queue.size).toBe(model.length)
        }
        expect(drain(queue)).toEqual(model)
      }),
      { numRuns: 300, seed: SEED },
    )
  })

  it.each<[what: string, items: unknown[], sorted: unknown[]]>([
    ['numbers and bigints', [3, 1n, 2.5, -Infinity], [-Infinity, 1n, 2.5, 3]],
    ['strings', ['b', 'a', 'B', ''], ['', 'B', 'a', 'b']],
    ['Dates', [new Date(2), new Date(1)], [new Date(1), new Date(2)]],
    ['arrays, item by item', [[10, 'a'], [2, 'b'], [2], [2, 'a'], []], [[], [2], [2, 'a'], [2, 'b'], [10, 'a']]],
    [
      'arrays in arrays',
      [
        [1, ['b']],
        [1, ['a']],
      ],
      [
        [1, ['a']],
        [1, ['b']],
      ],
    ],
  ])('compares %s as they are', (_, items, sorted) => {
    expect(drain(new PriorityQueue(null, items))).toEqual(sorted)
  })

  it('takes one and the same thing for alike, whatever it is', () => {
    const job = { run: true }
    expect(
      drain(
        new PriorityQueue<[number, object]>(null, [
          [1, job],
          [1, job],
        ]),
      ),
    ).toHaveLength(2)
  })

  it('has StopIteration come behind everything', async () => {
    const queue = new PriorityQueue(null, [StopIteration, 2, StopIteration, 1])
    const got: number[] = []
    for await (const item of queue) got.push(item)
    expect([got, queue.size]).toEqual([[1, 2], 1])
    const compared = new PriorityQueue(null, [StopIteration, 'b', 'a'], (a, b) => (a < b ? 1 : -1))
    expect([compared.getNowait(), compared.getNowait()]).toEqual(['b', 'a'])
  })

  it('is a Queue: it has a maxsize, counts tasks and can be joined', async () => {
    const queue = new PriorityQueue(1, [1])
    expect(queue).toBeInstanceOf(Queue)
    expect(thrown(() => queue.putNowait(0))).toBeInstanceOf(Full)
    queue.getNowait()
    queue.taskDone()
    expect(await queue.join()).toBe(true)
  })

  it('has those who wait for room go in in the order in which they came, and be sorted there', () => {
    const { clock } = virtualHub()
    const queue = new PriorityQueue(2, [1, 5])
    for (const item of [9, 0])
      spawn(function* () {
        yield* queue.put(item)
      })
    clock.run()
    expect([queue.getNowait(), queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([1, 5, 0, 9])
    clock.run()
  })

  it('is copied with its comparison, and those that are alike keep their order', () => {
    const queue = new PriorityQueue(3, ['bb', 'a', 'cc', 'd'], (a, b) => b.length - a.length)
    queue.getNowait()
    const copy = queue.copy()
    expect([copy.constructor, copy.maxsize, copy.unfinishedTasks, ...drain(copy)]).toEqual([
      PriorityQueue,
      3,
      4,
      'cc',
      'a',
      'd',
    ])
    copy.putNowait('x')
    copy.putNowait('xxx')
    expect(drain(copy)).toEqual(['xxx', 'x'])
    expect(String(queue)).toBe('PriorityQueue(3/3)')
  })

  describe('a mistake', () => {
    const text = (a: string, b: string) =>
      `A PriorityQueue cannot tell which goes out first: ${a} or ${b}. It compares numbers, strings, Dates, and arrays of these.\n\n` +
      '  new PriorityQueue<Job>(null, [], (a, b) => a.cost - b.cost)   // anything else: say how'

    it.each<[unknown, unknown, string, string]>([
      [1, 'a', '"a" (string)', '1 (number)'],
      [1, Number.NaN, 'NaN (number)', '1 (number)'],
      [{}, {}, 'an Object', 'an Object'],
      [1, new Date(Number.NaN), 'a Date', '1 (number)'],
      [1, undefined, 'undefined', '1 (number)'],
      [[1], 1, '1 (number)', 'an Array'],
      [[1, {}], [1, {}], 'an Object', 'an Object'],
    ])('is to compare what has no order: %j and %j', async (first, second, a, b) => {
      const queue = new PriorityQueue<unknown>(null, [first])
      expect(usage(() => queue.putNowait(second))).toBe(text(a, b))
      expect(await rejectionMessage(queue.put(second))).toBe(text(a, b))
      expect([queue.size, queue.unfinishedTasks, queue.getNowait()]).toEqual([1, 1, first])
    })

    it('in a comparison leaves the queue as it was', () => {
      let broken = false
      const queue = new PriorityQueue(null, [4, 2, 6, 1, 5, 3, 7], (a, b) => {
        if (broken && (a === 5 || b === 5)) throw new RangeError(`${a} and ${b}`)
        return a - b
      })
      broken = true
      queue.putNowait(0) // meets no 5 on its way up
      for (let n = 0; n < 5; n++) {
        try {
          queue.putNowait(queue.getNowait())
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }
      broken = false
      expect(drain(queue)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    })

    it('is a comparison that is no function', () => {
      // @ts-expect-error no function
      expect(usage(() => new PriorityQueue(null, [], 'cost'))).toBe(
        'new PriorityQueue() expects `compare` to be a function of two items, but got "cost" (string).',
      )
    })

    it('is an item that does not fit, put by one who waits: its put() throws that', () => {
      const { clock } = virtualHub()
      const queue = new PriorityQueue<unknown>(2, [1, 2])
      const putter = spawn(function* () {
        try {
          yield* queue.put('a')
        } catch (error) {
          return error
        }
        return null
      })
      clock.run()
      queue.getNowait()
      clock.run()
      expect(
        message(() => {
          throw putter.value
        }),
      ).toBe(text('"a" (string)', '2 (number)'))
      expect(drain(queue)).toEqual([2])
    })
  })
})
