// race, any, all: the first to end, the first to succeed, all of them; and what becomes of the losers.
import {
  all,
  any,
  Channel,
  choose,
  Event,
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  Queue,
  RawGreenlet,
  race,
  Semaphore,
  sleep,
  spawn,
  Timeout,
  Waiter,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { caught, play } from '../support/play.ts'
import { recorder } from '../support/recorder.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'

checkLeaks()

function* after<T>(ms: number, value: T): Green<T> {
  yield* sleep(ms)
  return value
}

function* failing(ms: number, error: Error): Green<never> {
  yield* sleep(ms)
  throw error
}

/** Notes its end, which takes 2 ms when it is killed. */
function* worker(rec: (entry: string) => void, name: string): Green<string> {
  try {
    yield* sleep(100)
    return name
  } finally {
    yield* sleep(2)
    rec(`${name} ends`)
  }
}

describe('race()', () => {
  it('gives the value of the first that ends', () => {
    const { value, time } = play(function* () {
      return yield* race([sleep(20), after(3, 'c'), new Waiter<number>().get(), after(5, 'd')])
    })
    expect(value).toBe('c')
    expect(time).toBe(3)
  })

  it('takes the first in the order written when several need not wait', () => {
    const [one, two] = [new Queue<number>(null, [1]), new Queue<number>(null, [2])]
    const { value } = play(function* () {
      return yield* race([new Event().wait(), one.get(), two.get()])
    })
    expect(value).toBe(1)
    expect([one.size, two.size]).toEqual([0, 1])
  })

  it('lets a loser have no item, although one comes in the same slice', () => {
    const [one, two] = [new Queue<string>(), new Queue<string>()]
    const { value } = play(function* () {
      spawn(() => {
        one.putNowait('a')
        two.putNowait('b')
      })
      return yield* race([one.get(), two.get()])
    })
    expect(value).toBe('a')
    expect([one.size, two.size]).toEqual([0, 1])
  })

  it('throws the error of the first that ends by one, and takes the others back', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value, reports, time } = play(function* () {
      const thrown = yield* caught(function* () {
        yield* race([worker(rec, 'a'), failing(1, error), () => worker(rec, 'b')])
      })
      rec('raced')
      return thrown
    })
    expect(value).toBe(error)
    expect(reports).toEqual([])
    expect(time).toBe(3)
    rec.expect(['a ends', 'b ends', 'raced'])
  })

  it('throws a Timeout after timeoutMs, and undoes all', () => {
    const semaphore = new Semaphore(0)
    const { value } = play(() =>
      caught(function* () {
        yield* race([semaphore.acquire(), sleep(10)], { timeoutMs: 4 })
      }),
    )
    expect(value).toBeInstanceOf(Timeout)
    expect(messageOf(value)).toBe('4 ms')
    expect(semaphore.linkcount()).toBe(0)
  })

  it('leaves a greenlet alive whose get() has lost', () => {
    const { value } = play(function* () {
      const slow = spawn(after, 5, 'slow')
      return [yield* race([slow.get(), sleep(1)]), slow.ready(), yield* slow.get()]
    })
    expect(value).toEqual([undefined, false, 'slow'])
  })

  it('works in plain code, and as a branch', async () => {
    expect(await race([sleep(1000), Promise.resolve('now')])).toBe('now')
    const queue = new Queue<number>()
    const { value } = play(function* () {
      spawn(() => queue.putNowait(1))
      return yield* choose({ first: race([queue.get(), sleep(5)]), late: sleep(3) })
    })
    expect(value).toEqual(['first', 1])
  })

  it('refuses an empty list, which would wait for ever', () => {
    expect(usage(() => race([]))).toBe(
      'race() was given no branch; it would wait for ever.\n\n' +
        '  race([])                        // incorrect: nobody can be first\n' +
        '  race([near.get(), far.get()])   // correct',
    )
  })

  it('refuses what is no array, and what is no branch', () => {
    // @ts-expect-error: a record is for choose()
    expect(usage(() => race({ a: sleep(1) }))).toBe('race() expects an array of branches, but got an Object.')
    // @ts-expect-error: a number is no branch
    expect(usage(() => race([sleep(1), 5]))).toBe(
      'race() expects `1` to be an operation, a promise, a generator or a function, but got 5 (number).',
    )
    // @ts-expect-error: greenlets are no branches
    expect(usage(() => race([new Greenlet(() => 1)]))).toContain('race(... greenlet.get())')
    expect(usage(() => race([new RawGreenlet(() => 1).switch()]))).toMatch(/^race\(\) was given a switch\(\) to /u)
    expect(usage(() => race([sleep(1)], { timeoutMs: NaN }))).toMatch(/^race\(\) expects `timeoutMs` to be /u)
  })
})

describe('any()', () => {
  it('gives the value of the first that succeeds, and passes over failures', () => {
    const rec = recorder()
    const { value, reports, time } = play(function* () {
      const first = yield* any([
        failing(1, new Error('a')),
        worker(rec, 'b'),
        after(3, 'c'),
        failing(9, new Error('d')),
      ])
      rec(`any ${first}`)
      return first
    })
    expect(value).toBe('c')
    expect(reports).toEqual([])
    expect(time).toBe(5)
    rec.expect(['b ends', 'any c'])
  })

  it('passes over a branch that throws at once, and gives one that is ready at once', () => {
    const waiter = new Waiter<number>()
    waiter.throw(new Error('at once'))
    const queue = new Queue<number>(null, [1])
    const { value } = play(function* () {
      return yield* any([waiter.get(), queue.get(), queue.get()])
    })
    expect(value).toBe(1)
  })

  it('throws all errors in the order of the branches when all have failed', () => {
    const errors = [new Error('a'), new Error('b'), new Error('c')] as const
    const { value, reports } = play(() =>
      caught(function* () {
        yield* any([failing(3, errors[0]), failing(1, errors[1]), failing(2, errors[2])])
      }),
    )
    expect(value).toBeInstanceOf(AggregateError)
    expect((value as AggregateError).errors).toEqual(errors)
    expect(messageOf(value)).toBe('any() had 3 branches, and all of them failed.')
    expect(reports).toEqual([])
  })

  it('throws an AggregateError without errors when there is no branch', async () => {
    const error = await rejection(any([]))
    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual([])
    expect(messageOf(error)).toBe('any() had no branch.')
  })

  it('throws the interrupt of its greenlet, which is the failure of no branch', () => {
    const { value, time } = play(function* () {
      const timeout = new Timeout(2).start()
      const thrown = yield* caught(function* () {
        yield* any([failing(1, new Error('a')), sleep(10)])
      })
      timeout.cancel()
      void (getcurrent() as Greenlet).kill()
      const killed = yield* caught(function* () {
        yield* any([new Event().wait(), new Queue(null, [1]).get()])
      })
      return [thrown === timeout, killed instanceof GreenletExit]
    })
    expect(value).toEqual([true, true])
    expect(time).toBe(2)
  })

  it('lets a loser have no item', () => {
    const [one, two] = [new Queue<string>(), new Queue<string>()]
    const { value } = play(function* () {
      spawn(() => {
        two.putNowait('b')
        one.putNowait('a')
      })
      return yield* any([one.get(), two.get()])
    })
    expect(value).toBe('b')
    expect(one.size).toBe(1)
  })

  it('refuses what is no array', () => {
    // @ts-expect-error: a function is no list
    expect(usage(() => any(() => 1))).toMatch(/^any\(\) expects an array of branches, but got the function /u)
  })
})

describe('all()', () => {
  it('gives the values in the order of the branches, whatever the order of their ends', () => {
    const { value, time } = play(function* () {
      return yield* all([after(3, 'a'), sleep(1), new Queue(null, [7]).get(), () => after(2, 'd')])
    })
    expect(value).toEqual(['a', undefined, 7, 'd'])
    expect(time).toBe(3)
  })

  it('gives a record for a record, with the keys in their order', () => {
    const { value } = play(function* () {
      return yield* all({ b: after(2, 1), a: after(1, 2), ['__proto__']: after(1, 3) })
    })
    expect(Object.entries(value)).toEqual([
      ['b', 1],
      ['a', 2],
      ['__proto__', 3],
    ])
  })

  it('does not switch when nothing has to be waited for', () => {
    const rec = recorder()
    const { value } = play(function* () {
      spawn(() => rec('another'))
      const values = yield* all([new Queue(null, [1]).get(), new Queue(null, [2]).get()])
      rec('all')
      return [values, yield* all([]), yield* all({})]
    })
    expect(value).toEqual([[1, 2], [], {}])
    rec.expect(['all', 'another'])
  })

  it('gives its turn away once for many that do', () => {
    const rec = recorder()
    const { value } = play(function* () {
      spawn(() => rec('another'))
      const values = yield* all([sleep(0), new Queue(null, [2]).get(), sleep(0)])
      rec('all')
      return values
    })
    expect(value).toEqual([undefined, 2, undefined])
    rec.expect(['another', 'all'])
  })

  it('throws the first failure at once, and takes the others back', () => {
    const error = new Error('boom')
    const rec = recorder()
    const queue = new Queue<number>()
    const { value, time, reports } = play(function* () {
      const thrown = yield* caught(function* () {
        yield* all([worker(rec, 'a'), queue.get(), failing(1, error), failing(50, new Error('late'))])
      })
      rec('thrown')
      queue.putNowait(1)
      return thrown
    })
    expect(value).toBe(error)
    expect(queue.size).toBe(1)
    expect(time).toBe(3)
    expect(reports).toEqual([])
    rec.expect(['a ends', 'thrown'])
  })

  it('throws what a branch throws at once, and begins no other', () => {
    const waiter = new Waiter<number>()
    const error = new Error('at once')
    waiter.throw(error)
    const rec = recorder()
    const event = new Event()
    const { value } = play(() =>
      caught(function* () {
        yield* all([event.wait(), waiter.get(), () => rec('called')])
      }),
    )
    expect(value).toBe(error)
    expect(event.linkcount()).toBe(0)
    rec.expect([])
  })

  it('may hold both ends of one thing, which meet', () => {
    const channel = new Channel<string>()
    const queue = new Queue<number>(1)
    const { value } = play(function* () {
      return [
        yield* all([channel.put('x'), channel.get()]),
        yield* all([channel.get(), channel.put('y')]),
        yield* all({ got: queue.get(), put: queue.put(1) }),
        yield* choose({ both: all([channel.get(), channel.put('z')]), late: sleep(5) }),
      ]
    })
    expect(value).toEqual([[undefined, 'x'], ['y', undefined], { got: 1, put: undefined }, ['both', ['z', undefined]]])
  })

  it('does not let the branches of two chooses in it take from one another what only one may have', () => {
    const channel = new Channel<string>()
    const { value } = play(function* () {
      const both = (item: string) => choose({ out: channel.put(item), in: channel.get() })
      return yield* all([both('a'), both('b')])
    })
    expect(value).toEqual([
      ['in', 'b'],
      ['out', undefined],
    ])
  })

  it('throws a Timeout after timeoutMs', () => {
    const { value, time } = play(() =>
      caught(function* () {
        yield* all({ quick: sleep(1), slow: sleep(10) }, { timeoutMs: 4 })
      }),
    )
    expect(String(value)).toBe('Timeout: 4 ms')
    expect(time).toBe(4)
  })

  it('says what it waits for', () => {
    const ops: { toString(): string }[] = [
      all([sleep(1), sleep(2)]),
      all({ a: sleep(1) }),
      any([sleep(1), () => 1]),
      race([1, 2, 3, 4, 5].map((ms) => sleep(ms))),
      all([]),
    ]
    expect(ops.map(String)).toEqual([
      'all([sleep(1), sleep(2)])',
      'all({ a: sleep(1) })',
      'any([sleep(1), function()])',
      'race([sleep(1), sleep(2), sleep(3), 2 more])',
      'all([])',
    ])
  })

  it('refuses what is neither an array nor a record', () => {
    // @ts-expect-error: a number is neither
    expect(usage(() => all(5))).toBe('all() expects an array or a record of branches, but got 5 (number).')
    // @ts-expect-error: null is neither
    expect(usage(() => all(null))).toBe('all() expects an array or a record of branches, but got null.')
    expect(usage(() => all(Promise.resolve([]) as never))).toBe(
      'all() expects an array or a record of branches, but got a Promise.',
    )
    expect(usage(() => all(sleep(1) as never))).toBe(
      'all() expects an array or a record of branches, but got an operation.',
    )
    // @ts-expect-error: a set has no places
    expect(usage(() => all(new Set([sleep(1)])))).toBe('all() expects an array or a record of branches, but got a Set.')
    // @ts-expect-error: a string is no branch
    expect(usage(() => all({ a: 'x' }))).toBe(
      'all() expects `a` to be an operation, a promise, a generator or a function, but got "x" (string).',
    )
  })
})
