// choose: Go's select; who wins, what becomes of the others, and what is left of them.
import {
  AsyncResult,
  Channel,
  choose,
  Event,
  type Green,
  Greenlet,
  GreenletExit,
  GreenletKilledError,
  getcurrent,
  getHub,
  LoopExit,
  Queue,
  RawGreenlet,
  RLock,
  Semaphore,
  setDebug,
  sleep,
  spawn,
  Timeout,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import { checkLeaks } from '../support/leaks.ts'
import { caught, play } from '../support/play.ts'
import { recorder } from '../support/recorder.ts'
import { messageOf, rejection, rejectionMessage, usage } from '../support/thrown.ts'

checkLeaks()

function* answer(): Green<number> {
  yield* sleep(1)
  return 42
}

describe('choose() with a branch that need not wait', () => {
  it('gives its key and value, and does not switch', () => {
    const rec = recorder()
    const { value } = play(function* () {
      spawn(() => rec('another'))
      const chosen = yield* choose({ never: new Event().wait(), item: new Queue(null, ['a']).get() })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['item', 'a'])
    rec.expect(['chosen', 'another'])
  })

  it('takes the first in the order written', () => {
    const [one, two] = [new Queue<number>(null, [1]), new Queue<number>(null, [2])]
    const { value } = play(function* () {
      return yield* choose({ two: two.get(), one: one.get() })
    })
    expect(value).toEqual(['two', 2])
    expect([one.size, two.size]).toEqual([1, 0])
  })

  it('undoes the branches before it, and does not begin those behind it', () => {
    const rec = recorder()
    const event = new Event()
    const { value } = play(function* () {
      return yield* choose({
        stop: event.wait(),
        item: new Queue(null, [1]).get(),
        work: () => rec('called'),
        promise: until(() => {
          rec('asked')
          return Promise.resolve()
        }),
      })
    })
    expect(value).toEqual(['item', 1])
    expect(event.linkcount()).toBe(0)
    rec.expect([])
  })

  it('throws what a branch throws at once', () => {
    const error = new RangeError('broken')
    const broken = new AsyncResult<number>()
    broken.setException(error)
    const event = new Event()
    const { value } = play(() =>
      caught(function* () {
        yield* choose({ stop: event.wait(), broken: broken.get() })
      }),
    )
    expect(value).toBe(error)
    expect(event.linkcount()).toBe(0)
  })

  it('kills a helper that was spawned before it, which never runs', () => {
    const rec = recorder()
    const { value } = play(function* () {
      const chosen = yield* choose({ work: () => rec('called'), item: new Queue(null, [1]).get() })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['item', 1])
    rec.expect(['chosen'])
  })
})

describe('choose() that waits', () => {
  it('gives the key and value of the first that ends', () => {
    const { value, time } = play(function* () {
      return yield* choose({ slow: sleep(20), quick: spawn(answer).get(), never: new Waiter<string>().get() })
    })
    expect(value).toEqual(['quick', 42])
    expect(time).toBe(1)
  })

  it('takes the others back in the moment of the decision: a second item stays where it is', () => {
    const [one, two] = [new Queue<number>(), new Queue<number>()]
    const event = new Event()
    const { value } = play(function* () {
      spawn(() => {
        two.putNowait(2)
        one.putNowait(1)
        event.set()
      })
      return yield* choose({ one: one.get(), two: two.get(), event: event.wait() })
    })
    expect(value).toEqual(['two', 2])
    expect([one.size, two.size, event.linkcount()]).toEqual([1, 0, 0])
  })

  it('takes one item when two branches are gets of one queue', () => {
    const queue = new Queue<number>()
    const { value } = play(function* () {
      const other = spawn(function* () {
        yield* sleep(1)
        queue.putNowait(1)
        queue.putNowait(2)
        return yield* queue.get()
      })
      return [yield* choose({ a: queue.get(), b: queue.get() }), yield* other.get()]
    })
    expect(value).toEqual([['a', 1], 2])
  })

  it('throws the error of the first that ends by one', () => {
    const error = new Error('bad news')
    const waiter = new Waiter<string>()
    const queue = new Queue<number>()
    const { value } = play(function* () {
      spawn(() => {
        waiter.throw(error)
        queue.putNowait(1)
      })
      return yield* caught(function* () {
        yield* choose({ item: queue.get(), news: waiter.get() })
      })
    })
    expect(value).toBe(error)
    expect(queue.size).toBe(1)
  })

  it('does not read the failure of a greenlet whose get() has lost', () => {
    const error = new Error('late')
    const { value, reports } = play(function* () {
      const failing = spawn(function* fails(): Green<void> {
        yield* sleep(2)
        throw error
      })
      return yield* choose({ quick: sleep(1), failing: failing.get() })
    })
    expect(value).toEqual(['quick', undefined])
    expect(reports).toEqual([error])
  })

  it('can be driven again, and waits again', () => {
    const queue = new Queue<number>()
    const { value } = play(function* () {
      const choice = choose({ item: queue.get(), late: sleep(10) })
      spawn(function* () {
        yield* queue.put(1)
        yield* sleep(5)
        yield* queue.put(2)
      })
      return [yield* choice, yield* choice, yield* choice]
    })
    expect(value).toEqual([
      ['item', 1],
      ['item', 2],
      ['late', undefined],
    ])
  })

  it('gives its turn away for a sleep(0), which wins over what has yet to come', () => {
    const rec = recorder()
    const queue = new Queue<number>()
    const { value } = play(function* () {
      spawn(() => {
        rec('another')
        queue.putNowait(1)
      })
      const chosen = yield* choose({ item: queue.get(), turn: sleep(0) })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['turn', undefined])
    rec.expect(['another', 'chosen'])
    expect(queue.size).toBe(1)
  })

  it('takes no permit for a branch that loses', () => {
    const [semaphore, other] = [new Semaphore(0), new Semaphore(0)]
    const { value } = play(function* () {
      spawn(function* () {
        yield* sleep(1)
        semaphore.release()
        other.release()
      })
      return yield* choose({ a: semaphore.acquire(), b: semaphore.acquire(), c: other.acquire() })
    })
    expect(value).toEqual(['a', true])
    expect([semaphore.counter, other.counter]).toEqual([0, 1])
    expect([semaphore.linkcount(), other.linkcount()]).toEqual([0, 0])
  })

  it('makes room in the line of a semaphore when that branch loses', () => {
    const semaphore = new Semaphore(0)
    const { value } = play(function* () {
      const next = spawn(function* () {
        yield* sleep(1)
        return yield* semaphore.acquire()
      })
      yield* choose({ permit: semaphore.acquire(), late: sleep(3) })
      semaphore.release()
      return yield* next.get()
    })
    expect(value).toBe(true)
  })

  it('has the greenlet own the lock that it has won', () => {
    const lock = new RLock()
    const { value } = play(function* () {
      spawn(function* () {
        yield* lock.acquire()
        yield* sleep(1)
        lock.release()
      })
      yield* sleep(0)
      const chosen = yield* choose({ lock: lock.acquire(), late: sleep(10) })
      lock.release()
      return chosen
    })
    expect(value).toEqual(['lock', true])
    expect(lock.locked()).toBe(false)
  })
})

describe('choose() between both ends of one thing', () => {
  it('does not give a channel to itself', () => {
    const channel = new Channel<string>()
    const { value } = play(function* () {
      const other = spawn(function* () {
        yield* sleep(1)
        return yield* channel.get()
      })
      const chosen = yield* choose({ out: channel.put('x'), in: channel.get() })
      return [chosen, yield* other.get()]
    })
    expect(value).toEqual([['out', undefined], 'x'])
  })

  it('does not give a queue to itself', () => {
    const queue = new Queue<string>(1)
    const { value } = play(function* () {
      const first = yield* choose({ in: queue.get(), out: queue.put('x') })
      const second = yield* choose({ out: queue.put('y'), in: queue.get() })
      return [first, second]
    })
    expect(value).toEqual([
      ['out', undefined],
      ['in', 'x'],
    ])
    expect(queue.size).toBe(0)
  })

  it('does not give it to itself across a choose in a choose', () => {
    const channel = new Channel<string>()
    const { value } = play(function* () {
      return yield* choose({
        inner: choose({ out: channel.put('x'), stop: new Event().wait() }),
        in: channel.get(),
        late: sleep(1),
      })
    })
    expect(value).toEqual(['late', undefined])
    expect([channel.size, channel.balance]).toEqual([0, 0])
  })

  it('lets two greenlets that choose meet each other', () => {
    const channel = new Channel<string>()
    const { value } = play(function* () {
      const both = function* (item: string) {
        return yield* choose({ out: channel.put(item), in: channel.get() })
      }
      const [a, b] = [spawn(both, 'a'), spawn(both, 'b')]
      return [yield* a.get(), yield* b.get()]
    })
    expect(value).toEqual([
      ['in', 'b'],
      ['out', undefined],
    ])
  })
})

describe('choose() in choose()', () => {
  it('gives the pair of the inner one as the value', () => {
    const queue = new Queue<number>()
    const event = new Event()
    const { value } = play(function* () {
      spawn(() => queue.putNowait(1))
      return yield* choose({ inner: choose({ item: queue.get(), late: sleep(10) }), stop: event.wait() })
    })
    expect(value).toEqual(['inner', ['item', 1]])
    expect(event.linkcount()).toBe(0)
  })

  it('undoes the inner one when it loses', () => {
    const queue = new Queue<number>()
    const event = new Event()
    const { value } = play(function* () {
      spawn(() => {
        event.set()
        queue.putNowait(1)
      })
      yield* sleep(0)
      return yield* choose({ inner: choose({ item: queue.get(), late: sleep(10) }), stop: sleep(1) })
    })
    expect(value).toEqual(['inner', ['item', 1]])
    const { value: later, time } = play(function* () {
      return yield* choose({ inner: choose({ item: queue.get(), late: sleep(10) }), stop: event.wait() })
    })
    expect(later).toEqual(['stop', true])
    expect(time).toBe(0)
  })

  it('throws the error of the inner one, its time limit included', () => {
    const { value, time } = play(() =>
      caught(function* () {
        yield* choose({ inner: choose({ item: new Queue().get() }, { timeoutMs: 3 }), stop: new Event().wait() })
      }),
    )
    expect(String(value)).toBe('Timeout: 3 ms')
    expect(time).toBe(3)
  })

  it('gives the turn of the greenlet away when the inner one does', () => {
    const rec = recorder()
    play(function* () {
      spawn(() => rec('another'))
      rec(String(yield* choose({ inner: choose({ turn: sleep(0) }) })))
    })
    rec.expect(['another', 'inner,turn,'])
  })

  it('runs an inner one that has helpers in a helper of its own', () => {
    const rec = recorder()
    const { value, time } = play(function* () {
      const inner = choose({
        work: function* () {
          try {
            yield* sleep(100)
          } finally {
            yield* sleep(2)
            rec('cleaned up')
          }
        },
      })
      const chosen = yield* choose({ inner, quick: sleep(1) })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['quick', undefined])
    expect(time).toBe(3)
    rec.expect(['cleaned up', 'chosen'])
  })
})

describe('choose() that is cut short', () => {
  it('throws a new Timeout after timeoutMs, and undoes all', () => {
    const queue = new Queue<number>()
    const { value, time } = play(function* () {
      const error = yield* caught(function* () {
        yield* choose({ item: queue.get(), slow: sleep(50) }, { timeoutMs: 5 })
      })
      queue.putNowait(1)
      return error
    })
    expect(value).toBeInstanceOf(Timeout)
    expect(messageOf(value)).toBe('5 ms')
    expect(time).toBe(5)
    expect(queue.size).toBe(1)
  })

  it('throws the error of a Timeout that it is given, and has no limit left when it wins', () => {
    const error = new RangeError('too slow')
    const { value, time } = play(function* () {
      const won = yield* choose({ quick: sleep(1) }, { timeoutMs: 5 })
      const thrown = yield* caught(function* () {
        yield* choose({ slow: sleep(50) }, { timeoutMs: new Timeout(5, error) })
      })
      return [won, thrown]
    })
    expect(value).toEqual([['quick', undefined], error])
    expect(time).toBe(6)
  })

  it('does not look at the limit when a branch need not wait', () => {
    const { value } = play(function* () {
      return yield* choose({ item: new Queue(null, [1]).get() }, { timeoutMs: 0 })
    })
    expect(value).toEqual(['item', 1])
  })

  it('undoes all when the greenlet is killed', () => {
    const queue = new Queue<number>()
    const semaphore = new Semaphore(0)
    const event = new Event()
    const { value, time } = play(function* () {
      const victim = spawn(function* () {
        yield* choose({ item: queue.get(), permit: semaphore.acquire(), event: event.wait(), slow: sleep(50) })
      })
      yield* sleep(1)
      victim.kill()
      queue.putNowait(1)
      semaphore.release()
      yield* victim.join()
      return victim.value
    })
    expect(value).toBeInstanceOf(GreenletExit)
    expect(time).toBe(1)
    expect([queue.size, semaphore.counter, event.linkcount(), semaphore.linkcount()]).toEqual([1, 1, 0, 0])
  })

  it('keeps what it was given when the kill comes before its turn, which throws at the next wait', () => {
    const queue = new Queue<number>()
    const rec = recorder()
    play(function* () {
      const victim = spawn(function* () {
        rec(String(yield* choose({ item: queue.get(), slow: sleep(50) })))
        yield* sleep(1)
        rec('never')
      })
      yield* sleep(0)
      queue.putNowait(1)
      victim.kill()
    })
    rec.expect(['item,1'])
  })

  it('raises an interrupt that is due where a branch would wait, and takes nothing then', () => {
    const [queue, empty] = [new Queue<number>(null, [1, 2]), new Queue<number>()]
    const channel = new Channel<string>()
    const rec = recorder()
    const { value } = play(function* () {
      const getter = spawn(function* () {
        return yield* channel.get()
      })
      const suicide = spawn(function* () {
        yield* sleep(0)
        void (getcurrent() as Greenlet).kill()
        rec(String(yield* choose({ item: queue.get(), never: new Event().wait() })))
        const error = yield* caught(function* () {
          yield* choose({ none: empty.get(), item: queue.get() })
        })
        rec(String(error instanceof GreenletExit))
        void (getcurrent() as Greenlet).kill()
        void (getcurrent() as Greenlet).kill(new RangeError('second'))
        // A put that meets a getter hands over, and then gives its turn away.
        for (const n of [1, 2]) {
          const thrown = yield* caught(function* () {
            yield* choose({ n: choose({ turn: sleep(0), out: channel.put(`x${n}`) }) })
          })
          rec(String(thrown))
        }
        rec(String(yield* choose({ out: channel.put('kept') })))
      })
      yield* suicide.join()
      return yield* getter.get()
    })
    expect(value).toBe('kept')
    rec.expect(['item,1', 'true', 'GreenletExit', 'RangeError: second', 'out,'])
    expect([queue.size, empty.size]).toEqual([1, 0])
  })
})

describe('choose() awaited in plain code', () => {
  it('gives the pair', async () => {
    const queue = new Queue<number>()
    const choice = choose({ item: queue.get(), late: sleep(1000) })
    const promise = Promise.resolve(choice)
    await sleep(0)
    queue.putNowait(1)
    expect(await promise).toEqual(['item', 1])
    expect(await choose({ item: new Queue(null, [2]).get() })).toEqual(['item', 2])
    expect(await choose({ work: answer, late: sleep(1000) })).toEqual(['work', 42])
    expect(await choose({ turn: sleep(0) })).toEqual(['turn', undefined])
  })

  it('rejects with the error', async () => {
    const error = new Error('bad')
    const fails = () => {
      throw error
    }
    expect(await rejection(choose({ fails }))).toBe(error)
    expect(String(await rejection(choose({ never: new Event().wait() }, { timeoutMs: 1 })))).toBe('Timeout: 1 ms')
  })

  it('refuses a branch that belongs to a greenlet, as that operation does', async () => {
    const lock = new RLock()
    const text = await rejectionMessage(lock.acquire())
    expect(text).toContain('await run(function* () { yield* lock.acquire(); ... })')
    expect(await rejectionMessage(choose({ lock: lock.acquire(), late: sleep(1000) }))).toBe(text)
  })

  it('is told by LoopExit what it waits in, for whom and why', async () => {
    const [full, empty] = [new Queue<number>(1, [1]), new Queue<number>()]
    const other = spawn(function* other() {
      yield* new Event().wait()
    })
    const failing = rejection(choose({ out: full.put(2), in: empty.get(), other: other.get() }))
    await sleep(1)
    getHub().raiseLoopExit()
    const error = await failing
    expect(error).toBeInstanceOf(LoopExit)
    const [row] = messageOf(error)
      .split('\n')
      .filter((line) => line.startsWith('  main'))
    expect(row?.trim().split(/ {2,}/u)).toEqual([
      'main',
      `choose({ out: queue.put(), in: queue.get(), other: get() of "${other.name}" })`,
      'the queue is full (1/1), the queue is empty',
    ])
    await other.kill()
  })

  it('is told by LoopExit for which greenlets it waits', async () => {
    const failing = rejection(
      choose({
        never: new Event().wait(),
        *work() {
          yield* new Event().wait()
        },
      }),
    )
    await sleep(1)
    getHub().raiseLoopExit()
    const [row] = messageOf(await failing)
      .split('\n')
      .filter((line) => line.startsWith('  main'))
    expect(row?.trim().split(/ {2,}/u)).toEqual([
      'main',
      'choose({ never: event.wait(), work: work() })',
      expect.stringMatching(/^for work-\d+$/u),
    ])
  })
})

describe('a branch that runs code', () => {
  it('may be a generator function, a generator, a plain or async function, or an operation of several waits', () => {
    const { value } = play(function* () {
      const never = new Event().wait()
      return [
        yield* choose({ never, a: answer }),
        yield* choose({ never, b: answer() }),
        yield* choose({ never, c: () => 'plain' }),
        yield* choose({ never, d: () => sleep(1) }),
        yield* choose({ never, e: withTimeout(10, answer) }),
      ]
    })
    expect(value).toEqual([
      ['a', 42],
      ['b', 42],
      ['c', 'plain'],
      ['d', undefined],
      ['e', 42],
    ])
  })

  it('may be an async function, or a promise', async () => {
    const late = sleep(1000)
    expect(await choose({ late, work: async () => 'done' })).toEqual(['work', 'done'])
    expect(await choose({ late, promise: Promise.resolve('kept') })).toEqual(['promise', 'kept'])
    const error = new Error('broken')
    expect(await rejection(choose({ late, promise: Promise.reject(error) }))).toBe(error)
  })

  it('runs in a greenlet of its own, with a name', () => {
    const { value } = play(function* () {
      const nameOf = (): string => getcurrent().name.replace(/\d+$/u, 'N')
      function* generator(): Green<string> {
        return nameOf()
      }
      return [
        yield* choose({ a: generator }),
        yield* choose({ a: generator() }),
        yield* choose({ key: nameOf }),
        yield* choose({ key: () => nameOf() }),
        yield* choose({ key: withTimeout(1, nameOf) }),
        yield* choose({ key: [() => nameOf()][0]! }),
      ].map(([, name]) => name)
    })
    expect(value).toEqual([
      'generator-N',
      'generator-N',
      'nameOf-N',
      'key-N',
      'withTimeout(1, nameOf)-N',
      'function()-N',
    ])
  })

  it('has its failure thrown, and not reported', () => {
    const error = new Error('boom')
    const { value, reports } = play(() =>
      caught(function* () {
        yield* choose({
          late: sleep(10),
          *work(): Green<void> {
            yield* sleep(1)
            throw error
          },
        })
      }),
    )
    expect(value).toBe(error)
    expect(reports).toEqual([])
  })

  it('is killed when it loses, and waited for: its finally blocks are over when the call goes on', () => {
    const rec = recorder()
    const { value, time } = play(function* () {
      const chosen = yield* choose({
        quick: sleep(1),
        *work(): Green<void> {
          try {
            yield* sleep(100)
          } catch (error) {
            rec(error instanceof GreenletExit ? 'killed' : String(error))
            throw error
          } finally {
            yield* sleep(5)
            rec('cleaned up')
          }
        },
      })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['quick', undefined])
    expect(time).toBe(6)
    rec.expect(['killed', 'cleaned up', 'chosen'])
  })

  it('is killed when the choosing greenlet is, which waits for it, too', () => {
    const rec = recorder()
    const { time } = play(function* () {
      const victim = spawn(function* () {
        try {
          yield* choose({
            *work(): Green<void> {
              try {
                yield* sleep(100)
              } finally {
                yield* sleep(5)
                rec('cleaned up')
              }
            },
          })
        } finally {
          rec('ends')
        }
      })
      yield* sleep(1)
      yield* victim.kill()
      rec('killed')
    })
    expect(time).toBe(6)
    rec.expect(['cleaned up', 'ends', 'killed'])
  })

  it('is killed when the time is up', () => {
    const rec = recorder()
    const { value } = play(() =>
      caught(function* () {
        const work = function* (): Green<void> {
          try {
            yield* sleep(100)
          } finally {
            rec('killed')
          }
        }
        yield* choose({ work }, { timeoutMs: 3 })
      }),
    )
    expect(String(value)).toBe('Timeout: 3 ms')
    rec.expect(['killed'])
  })

  it('is pressed by an interrupt that comes while it is waited for; the value is kept, and the interrupt comes at the next wait', () => {
    const rec = recorder()
    const queue = new Queue<number>()
    const { time } = play(function* () {
      const victim = spawn(function* () {
        const chosen = yield* choose({
          item: queue.get(),
          *work(): Green<void> {
            try {
              yield* sleep(100)
            } finally {
              try {
                yield* sleep(100)
              } finally {
                rec('pressed')
              }
            }
          },
        })
        rec(String(chosen))
        try {
          yield* sleep(1)
        } finally {
          rec('ends')
        }
      })
      yield* sleep(1)
      queue.putNowait(7)
      yield* sleep(1)
      yield* victim.kill()
    })
    expect(time).toBe(2)
    rec.expect(['pressed', 'item,7', 'ends'])
  })

  it('withdraws a Timeout that has come meanwhile and is cancelled then', () => {
    const { value, time } = play(function* () {
      const timeout = new Timeout(3).start()
      const chosen = yield* choose({
        quick: sleep(1),
        *work(): Green<void> {
          try {
            yield* sleep(100)
          } finally {
            yield* sleep(100)
          }
        },
      })
      timeout.cancel()
      yield* sleep(1)
      return chosen
    })
    expect(value).toEqual(['quick', undefined])
    expect(time).toBe(4)
  })

  it('is reported when it fails on its way out: nobody reads that', () => {
    const error = new Error('in finally')
    const { value, reports } = play(function* () {
      return yield* choose({
        quick: sleep(1),
        *work(): Green<void> {
          try {
            yield* sleep(100)
          } finally {
            // eslint-disable-next-line no-unsafe-finally -- it is what is tested
            throw error
          }
        },
      })
    })
    expect(value).toEqual(['quick', undefined])
    expect(reports).toEqual([error])
  })

  it('gives GreenletKilledError when somebody else kills it, be it before its first step', () => {
    const { value } = play(function* () {
      const helper: Greenlet[] = []
      spawn(function* () {
        yield* sleep(1)
        void helper[0]?.kill()
      })
      const killed = yield* caught(function* () {
        yield* choose({
          *work(): Green<void> {
            helper.push(getcurrent() as Greenlet)
            yield* sleep(100)
          },
        })
      })
      const hub = helper[0]!.hub
      spawn(() => {
        for (const task of hub.living()) if (task.name.startsWith('fresh')) task.kill()
      })
      const unstarted = yield* caught(function* () {
        yield* choose({ fresh: () => 1 })
      })
      return [killed, unstarted]
    })
    for (const error of value) expect(error).toBeInstanceOf(GreenletKilledError)
    expect(value.map((error) => messageOf(error).replace(/-\d+/u, '-N'))).toEqual([
      'Greenlet "work-N" was killed, so it has no value.',
      'Greenlet "fresh-N" was killed, so it has no value.',
    ])
  })

  it('can be a generator only once', () => {
    const { value } = play(function* () {
      const choice = choose({ work: answer() })
      return [
        yield* choice,
        yield* caught(function* () {
          yield* choice
        }),
      ]
    })
    expect(value[0]).toEqual(['work', 42])
    expect(messageOf(value[1])).toMatch(
      /^Greenlet "generator-\d+" was given a generator that another greenlet drives already\./u,
    )
  })
})

describe('a promise as a branch', () => {
  it('is nobody’s when it loses, or was not waited for: a late rejection is no unhandled one', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => {
      unhandled.push(error)
    }
    process.on('unhandledRejection', note)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
    })
    const rejectors: ((error: Error) => void)[] = []
    const make = () =>
      new Promise<string>((_resolve, reject) => {
        rejectors.push(reject)
      })
    expect(await choose({ promise: make(), turn: sleep(1) })).toEqual(['turn', undefined])
    expect(await choose({ item: new Queue(null, [1]).get(), promise: make() })).toEqual(['item', 1])
    for (const reject of rejectors) reject(new Error('late'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(rejectors.length).toBe(2)
    expect(unhandled).toEqual([])
  })

  it('has its AbortSignal fire when it was made by until() and loses', async () => {
    const signals: AbortSignal[] = []
    const forever = until((signal) => {
      signals.push(signal)
      return new Promise<void>(() => undefined)
    })
    expect(await choose({ forever, quick: sleep(1) })).toEqual(['quick', undefined])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

describe('choose() in a schedule test', () => {
  it('switches although a branch is ready, and keeps what that has given', () => {
    kernel.everyWaitSwitches = true
    onTestFinished(() => {
      kernel.everyWaitSwitches = false
    })
    const rec = recorder()
    const { value } = play(function* () {
      spawn(() => rec('another'))
      const chosen = yield* choose({ item: new Queue(null, [1]).get(), late: sleep(1) })
      rec('chosen')
      return chosen
    })
    expect(value).toEqual(['item', 1])
    rec.expect(['another', 'chosen'])
  })
})

describe('choose() in debug mode', () => {
  it('counts its branches as driven, by being handed over', () => {
    const before = setDebug(true)
    onTestFinished(() => void setDebug(before))
    const driven: string[] = []
    const { debug } = kernel
    const item = new Queue<number>().get()
    if (debug === null) throw new Error('It is off.')
    const note = debug.operationDriven.bind(debug)
    debug.operationDriven = (operation) => {
      driven.push(String(operation))
      note(operation)
    }
    const choice: { toString(): string } = choose({ item, promise: Promise.resolve() })
    expect(driven).toEqual(['queue.get()', 'until(promise)'])
    expect(String(choice)).toBe('choose({ item: queue.get(), promise: until(promise) })')
  })
})

describe('choose() in debug mode with helpers', () => {
  it('has made no operation that nobody drives', () => {
    const before = setDebug(true)
    onTestFinished(() => void setDebug(before))
    const { debug } = kernel
    if (debug === null) throw new Error('It is off.')
    const undriven = new Set<object>()
    const [made, driven] = [debug.operationMade.bind(debug), debug.operationDriven.bind(debug)]
    debug.operationMade = (operation) => {
      undriven.add(operation)
      made(operation)
    }
    debug.operationDriven = (operation) => {
      undriven.delete(operation)
      driven(operation)
    }
    const { value } = play(function* () {
      return yield* choose({ quick: sleep(1), work: () => sleep(5), more: answer() })
    })
    expect(value).toEqual(['quick', undefined])
    expect([...undriven].map((operation: { toString(): string }) => operation.toString())).toEqual([])
  })
})

describe('choose() that is written wrongly', () => {
  it('refuses no branch at all', () => {
    expect(usage(() => choose({}))).toBe(
      'choose() was given no branch; it would wait for ever.\n\n' +
        '  choose({})                                          // incorrect: nothing can come true\n' +
        '  choose({ item: queue.get(), stop: event.wait() })   // correct',
    )
  })

  it('refuses a list', () => {
    // @ts-expect-error: a list has no keys
    expect(usage(() => choose([sleep(1)]))).toBe(
      'choose() expects a record of branches, but got an Array.\n\n' +
        '  choose([queue.get(), sleep(10)])                 // incorrect: the branches have no names\n' +
        '  choose({ item: queue.get(), late: sleep(10) })   // correct: or race([...]) for the value alone',
    )
    expect(usage(() => choose(Promise.resolve({}) as never))).toMatch(
      /^choose\(\) expects a record of branches, but got a Promise\./u,
    )
    // @ts-expect-error: nothing is no record
    expect(usage(() => choose(null))).toMatch(/^choose\(\) expects a record of branches, but got null\./u)
  })

  it('refuses what cannot be waited for', () => {
    // @ts-expect-error: a number is no branch
    expect(usage(() => choose({ item: 5 }))).toBe(
      'choose() expects `item` to be an operation, a promise, a generator or a function, but got 5 (number).',
    )
  })

  it('shows the right line for a greenlet', () => {
    const greenlet = new Greenlet(answer)
    // @ts-expect-error: a greenlet is no branch
    expect(usage(() => choose({ work: greenlet }))).toBe(
      'choose() expects `work` to be an operation, a promise, a generator or a function, but got a Greenlet.\n\n' +
        '  choose(... greenlet)         // incorrect: a greenlet is no wait\n' +
        '  choose(... greenlet.get())   // correct: waits for its outcome',
    )
  })

  it('refuses a switch, and forgets it', () => {
    const { value } = play(function* () {
      const other = new RawGreenlet(() => 1)
      const text = usage(() => choose({ there: other.switch() }))
      yield* sleep(0) // no forgotten yield*
      return text.replace(other.name, 'other')
    })
    expect(value).toBe(
      'choose() was given a switch() to "other" as `there`; a switch takes place where it is made, and is not waited for beside others.\n\n' +
        '  choose(... other.switch())   // incorrect: control would go there at once\n' +
        '  choose(... other.get())      // correct: waits until it has ended',
    )
  })

  it('refuses a switch that plain code made', () => {
    const other = new RawGreenlet(() => 1)
    expect(usage(() => choose({ there: other.switch() }))).toMatch(/^choose\(\) was given a switch\(\) to /u)
  })

  it('refuses a wrong timeoutMs', () => {
    expect(usage(() => choose({ late: sleep(1) }, { timeoutMs: -1 }))).toBe(
      'choose() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})
