// Semaphore, BoundedSemaphore, DummySemaphore: who gets a permit, in which order, and that none is lost.
import {
  type AcquireOptions,
  BoundedSemaphore,
  choose,
  DummySemaphore,
  type Green,
  type Greenlet,
  getHub,
  joinall,
  run,
  Semaphore,
  setDebug,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { drive } from '../../src/greenlet/operation.ts'
import { checkLeaks } from '../support/leaks.ts'
import { loopExit } from '../support/loop-exit.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A greenlet that takes a permit and keeps it. */
function taker(name: string, semaphore: Semaphore, options?: AcquireOptions): Greenlet<boolean> {
  return spawnWith({ name }, function* () {
    return yield* semaphore.acquire(options)
  })
}

describe('new Semaphore()', () => {
  it('has one permit unless told otherwise', () => {
    expect([new Semaphore().counter, new Semaphore(3).counter, new Semaphore(0).counter]).toEqual([1, 3, 0])
  })

  it.each([
    [-1, '-1 (number)'],
    [1.5, '1.5 (number)'],
    [NaN, 'NaN (number)'],
    ['1', '"1" (string)'],
    [null, 'null'],
  ])('refuses %s', (value, shown) => {
    expect(usage(() => new Semaphore(value as number))).toBe(
      `new Semaphore() expects \`value\` to be an integer, 0 or more, but got ${shown}.`,
    )
  })

  it('names the class that was asked for', () => {
    expect(usage(() => new BoundedSemaphore(-1))).toBe(
      'new BoundedSemaphore() expects `value` to be an integer, 0 or more, but got -1 (number).',
    )
  })
})

describe('counter, locked(), ready()', () => {
  it('tell how many are free', () => {
    const semaphore = new Semaphore(2)
    const state = () => [semaphore.counter, semaphore.locked(), semaphore.ready()]
    expect(state()).toEqual([2, false, true])
    semaphore.acquireNowait()
    expect(state()).toEqual([1, false, true])
    semaphore.acquireNowait()
    expect(state()).toEqual([0, true, false])
  })
})

describe('acquire()', () => {
  it('gives true at once while there is a permit', async () => {
    const semaphore = new Semaphore(2)
    await run(function* () {
      const others = spawn(() => 'had a turn')
      expect([yield* semaphore.acquire(), yield* semaphore.acquire()]).toEqual([true, true])
      expect(others.ready()).toBe(false)
      yield* others.join()
    })
    expect(semaphore.counter).toBe(0)
  })

  it('takes one permit each time the same call is driven', async () => {
    const semaphore = new Semaphore(2)
    const acquire = semaphore.acquire()
    expect(semaphore.counter).toBe(2)
    expect([await acquire, await acquire]).toEqual([true, true])
    expect(semaphore.counter).toBe(0)
  })

  it('waits until one is released', async () => {
    const semaphore = new Semaphore(0)
    const greenlet = taker('a', semaphore)
    await sleep(0)
    expect(greenlet.ready()).toBe(false)
    expect(semaphore.release()).toBe(1)
    expect(await greenlet.get()).toBe(true)
    expect(semaphore.counter).toBe(0)
  })

  it('can be awaited by plain code, free or not', async () => {
    const semaphore = new Semaphore(1)
    expect(await semaphore.acquire()).toBe(true)
    const second = semaphore.acquire().then((got) => got)
    await sleep(0)
    semaphore.release()
    expect(await second).toBe(true)
    expect(semaphore.counter).toBe(0)
  })

  it('serves those who wait in the order in which they came', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const semaphore = new Semaphore(1)
    function* visit(name: string): Green<void> {
      yield* semaphore.acquire()
      rec(name)
      yield* sleep(1)
      semaphore.release()
    }
    for (const name of ['a', 'b', 'c', 'd', 'e']) spawn(visit, name)
    clock.run()
    rec.expect(['a', 'b', 'c', 'd', 'e'])
    expect([semaphore.counter, semaphore.linkcount()]).toEqual([1, 0])
  })

  it('serves as many as permits come back', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const all = ['a', 'b', 'c', 'd'].map((name) => taker(name, semaphore))
    clock.run()
    semaphore.release()
    semaphore.release()
    semaphore.release()
    clock.run()
    expect(all.map((greenlet) => greenlet.ready())).toEqual([true, true, true, false])
    semaphore.release()
    clock.run()
    expect([all[3]?.value, semaphore.counter]).toEqual([true, 0])
  })

  it('does not wait with `blocking: false`', async () => {
    const semaphore = new Semaphore(1)
    expect(await semaphore.acquire({ blocking: false })).toBe(true)
    expect(await semaphore.acquire({ blocking: false })).toBe(false)
    expect(semaphore.counter).toBe(0)
  })

  it('waits with `blocking: true`', async () => {
    const semaphore = new Semaphore(0)
    const greenlet = taker('a', semaphore, { blocking: true })
    await sleep(0)
    semaphore.release()
    expect(await greenlet.get()).toBe(true)
  })

  it('gives false when the time has passed, and leaves the line', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const greenlet = taker('a', semaphore, { timeoutMs: 10 })
    clock.run()
    expect([greenlet.value, clock.now(), semaphore.linkcount()]).toEqual([false, 10, 0])
    expect(semaphore.release()).toBe(1)
  })

  it('gives false when a Timeout that was made for it has passed', () => {
    const { clock } = virtualHub()
    const greenlet = taker('a', new Semaphore(0), { timeoutMs: new Timeout(10) })
    clock.run()
    expect([greenlet.value, clock.now()]).toEqual([false, 10])
  })

  it('gives true when a permit comes in time, and stops its timer', () => {
    const { hub, clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const greenlet = taker('a', semaphore, { timeoutMs: 10 })
    clock.run(5)
    semaphore.release()
    clock.run(5)
    expect([greenlet.value, hub.timers.count]).toEqual([true, 0])
  })

  it('lets a shorter Timeout from outside through, as that same object', async () => {
    const semaphore = new Semaphore(0)
    await run(function* () {
      for (const late of [
        semaphore.acquire({ timeoutMs: 1000 }),
        semaphore.wait({ timeoutMs: 1000 }),
        semaphore.hold({ timeoutMs: 1000 }),
      ]) {
        const timeout = new Timeout(1).start()
        try {
          yield* late
          expect.unreachable()
        } catch (error) {
          expect(error).toBe(timeout)
        }
      }
    })
    expect(semaphore.linkcount()).toBe(0)
  })

  it.each([
    [{ blocking: 1 }, 'acquire() expects `blocking` to be a boolean, but got 1 (number).'],
    [{ timeoutMs: -1 }, 'acquire() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.'],
    [
      { blocking: false, timeoutMs: 5 },
      'acquire() was told not to wait, and how long to wait: `timeoutMs` is 5 (number).\n\n' +
        '  yield* semaphore.acquire({ blocking: false, timeoutMs: 10 })   // incorrect: contradicts itself\n' +
        '  yield* semaphore.acquire({ timeoutMs: 10 })                    // correct: gives false after 10 ms',
    ],
    [
      false,
      'acquire() expects its options as an object, but got false (boolean).\n\n' +
        '  yield* semaphore.acquire(false)                 // incorrect: an argument of its own\n' +
        '  yield* semaphore.acquire({ blocking: false })   // correct',
    ],
  ])('refuses %o at the call', (options, text) => {
    expect(usage(() => new Semaphore().acquire(options as AcquireOptions))).toBe(text)
  })

  it('is asked for anew in debug mode, which tells of each call that is not driven', async () => {
    const semaphore = new Semaphore(2)
    expect(semaphore.acquire()).toBe(semaphore.acquire())
    setDebug(true)
    try {
      const [first, second] = [semaphore.acquire(), semaphore.acquire()]
      expect(first).not.toBe(second)
      await first
      await second
    } finally {
      setDebug(false)
    }
  })

  it('is called as it is written', () => {
    const semaphore = new Semaphore()
    expect(
      [
        semaphore.acquire(),
        semaphore.acquire({ timeoutMs: 1 }),
        semaphore.hold(),
        semaphore.wait(),
        semaphore.with(function visit() {
          // nothing
        }),
      ].map(String),
    ).toEqual([
      'semaphore.acquire()',
      'semaphore.acquire()',
      'semaphore.hold()',
      'semaphore.wait()',
      'semaphore.with(visit)',
    ])
  })
})

describe('a release and who is there first', () => {
  it('lets the releaser take it back, and serves the one who waits the next time', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(1)
    semaphore.acquireNowait()
    const waiter = taker('waiter', semaphore)
    clock.run()
    semaphore.release()
    expect(semaphore.acquireNowait()).toBe(true)
    clock.run()
    expect([waiter.ready(), semaphore.linkcount()]).toEqual([false, 1])
    semaphore.release()
    clock.run()
    expect(waiter.value).toBe(true)
  })

  it.each([
    ['acquire()', (semaphore: Semaphore) => semaphore.acquire()],
    ['acquire({ blocking: false })', (semaphore: Semaphore) => semaphore.acquire({ blocking: false })],
    ['hold()', (semaphore: Semaphore) => semaphore.hold()],
  ])('lets %s take it before those who wait have had their turn', (_, take) => {
    const { clock } = virtualHub()
    const rec = recorder()
    const semaphore = new Semaphore(1)
    spawn(function* () {
      yield* semaphore.acquire()
      yield* sleep(1)
      semaphore.release()
      yield* take(semaphore)
      rec('holder again')
      yield* sleep(1)
      semaphore.release()
    })
    spawn(function* () {
      yield* semaphore.acquire()
      rec('waiter')
    })
    clock.run()
    rec.expect(['holder again', 'waiter'])
  })

  it('passes nobody over twice: a loop of acquire() and release() keeps nobody out', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const semaphore = new Semaphore(1)
    function* loop(name: string): Green<void> {
      for (let round = 0; round < 4; round++) {
        yield* semaphore.acquire()
        rec(name)
        yield* sleep(1)
        semaphore.release()
      }
    }
    spawn(loop, 'a')
    spawn(loop, 'b')
    clock.run()
    // b is passed over once; then each goes behind the other.
    rec.expect(['a', 'a', 'b', 'b', 'a', 'a', 'b', 'b'])
    expect(semaphore.counter).toBe(1)
  })

  it('lets a call that does not wait always take what is free', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(1)
    semaphore.acquireNowait()
    const waiter = taker('waiter', semaphore)
    clock.run()
    for (let round = 0; round < 3; round++) {
      semaphore.release()
      expect(semaphore.acquireNowait()).toBe(true)
      clock.run()
    }
    const other = spawn(() => {
      semaphore.release()
      return semaphore.acquire({ blocking: false })
    })
    clock.run()
    expect([other.value, waiter.ready()]).toEqual([true, false])
    waiter.kill()
    clock.run()
  })

  it('owes nothing to one who has given up', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(1)
    semaphore.acquireNowait()
    const waiter = taker('waiter', semaphore)
    clock.run()
    semaphore.release()
    semaphore.acquireNowait()
    clock.run()
    waiter.kill()
    clock.run()
    semaphore.release()
    const next = taker('next', semaphore)
    let beside = true
    spawn(() => {
      beside = next.ready()
    })
    clock.run()
    expect([next.value, beside]).toEqual([true, true]) // it has not waited: it ended in its first turn
  })

  it('leaves nobody asleep while a permit is free', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const first = taker('first', semaphore)
    clock.run()
    semaphore.release()
    semaphore.release()
    semaphore.acquireNowait()
    const late = taker('late', semaphore)
    clock.run()
    expect([first.value, late.ready(), semaphore.counter]).toEqual([true, false, 0])
    semaphore.release()
    clock.run()
    expect(late.value).toBe(true)
  })

  it('is fair to one who only waits, among acquirers that spawn each other; main ends with LoopExit (gevent#1487)', () => {
    const semaphore = new Semaphore(1)
    let quit = false
    function* acquireThenExit(): Green<void> {
      yield* semaphore.acquire()
      quit = true
    }
    function* acquireThenSpawn(): Green<void> {
      if (quit) return
      yield* semaphore.acquire()
      yield* spawn(releaseThenSpawn).join()
    }
    function* releaseThenSpawn(): Green<void> {
      semaphore.release()
      if (quit) return
      yield* spawn(acquireThenSpawn).join()
    }
    let all: Greenlet<void>[] = []
    loopExit(function* () {
      all = [spawn(acquireThenSpawn), spawn(acquireThenSpawn), spawn(acquireThenExit)]
      try {
        yield* joinall(all)
      } finally {
        expect(all.map((greenlet) => greenlet.ready())).toEqual([false, true, true])
        for (const task of getHub().living()) if (task.name !== 'main') task.kill()
      }
    })
    expect([quit, all.length]).toEqual([true, 3])
  })
})

describe('acquireNowait()', () => {
  it('takes a permit if one is free, in plain code as well', () => {
    const semaphore = new Semaphore(1)
    expect([semaphore.acquireNowait(), semaphore.acquireNowait()]).toEqual([true, false])
  })
})

describe('release()', () => {
  it('answers how many are free, which may be more than at first', () => {
    const semaphore = new Semaphore(1)
    expect([semaphore.release(), semaphore.release(), semaphore.counter]).toEqual([2, 3, 3])
  })
})

describe('killing who waits', () => {
  it('loses no permit when the release comes after', async () => {
    const semaphore = new Semaphore(0)
    const waiter = taker('waiter', semaphore)
    await sleep(0)
    void waiter.kill(undefined, { block: false })
    expect(semaphore.release()).toBe(1)
    await waiter.join()
    expect([waiter.successful(), String(waiter.value), semaphore.counter]).toEqual([true, 'GreenletExit', 1])
  })

  it('loses no permit when it comes between the release and the turn of the line: the next one is served', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const [first, second] = [taker('first', semaphore), taker('second', semaphore)]
    clock.run()
    semaphore.release()
    first.kill()
    clock.run()
    expect([second.value, semaphore.counter]).toEqual([true, 0])
  })

  it('leaves the permit with one that has it already, until its next wait', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const semaphore = new Semaphore(0)
    const holder = spawn(function* () {
      using _ = yield* semaphore.hold()
      rec(`in, counter ${semaphore.counter}`)
      yield* sleep(1000)
      rec('never')
    })
    clock.run()
    semaphore.rawlink(() => {
      holder.kill() // it has its permit, and its turn is still to come
    })
    semaphore.release()
    semaphore.release()
    clock.run()
    rec.expect(['in, counter 1'])
    expect([holder.ready(), semaphore.counter, clock.now()]).toEqual([true, 2, 0])
  })
})

describe('wait()', () => {
  it('gives how many are free, at once', async () => {
    const semaphore = new Semaphore(2)
    expect(await semaphore.wait()).toBe(2)
    expect(semaphore.counter).toBe(2)
  })

  it('waits until one is free, and takes none', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const waiters = [1, 2].map(() =>
      spawn(function* () {
        return yield* semaphore.wait()
      }),
    )
    clock.run()
    semaphore.release()
    clock.run()
    expect([waiters.map(({ value }) => value), semaphore.counter]).toEqual([[1, 1], 1])
  })

  it('gives 0 when the time has passed', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const waiter = spawn(function* () {
      return yield* semaphore.wait({ timeoutMs: 10 })
    })
    clock.run()
    expect([waiter.value, clock.now(), semaphore.linkcount()]).toEqual([0, 10, 0])
  })

  it('is not told while those before it in the line take everything', () => {
    const { clock } = virtualHub()
    const semaphore = new Semaphore(0)
    const first = taker('first', semaphore)
    const waiter = spawn(function* () {
      return yield* semaphore.wait()
    })
    clock.run()
    semaphore.release()
    clock.run()
    expect([first.value, waiter.ready()]).toEqual([true, false])
    semaphore.release()
    clock.run()
    expect(waiter.value).toBe(1)
  })

  it('refuses a wrong limit at the call', () => {
    expect(usage(() => new Semaphore().wait({ timeoutMs: -1 }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('hold()', () => {
  it('gives the permit back at the end of the block', async () => {
    const semaphore = new Semaphore(1)
    await run(function* () {
      {
        using _ = yield* semaphore.hold()
        expect(semaphore.counter).toBe(0)
      }
      expect(semaphore.counter).toBe(1)
    })
  })

  it('gives it back when the block fails, and when its greenlet is killed', async () => {
    catchReports()
    const semaphore = new Semaphore(2)
    function* block(fail: boolean): Green<void> {
      using _ = yield* semaphore.hold()
      if (fail) throw new Error('on purpose')
      yield* sleep(1000)
    }
    const [failing, killed] = [spawn(block, true), spawn(block, false)]
    await failing.join()
    expect(semaphore.counter).toBe(1)
    await killed.kill()
    expect(semaphore.counter).toBe(2)
  })

  it('gives it back once', async () => {
    const semaphore = new Semaphore(1)
    const held = await semaphore.hold()
    held[Symbol.dispose]()
    held[Symbol.dispose]()
    expect(semaphore.counter).toBe(1)
  })

  it('waits in the line, and throws a Timeout when the time has passed', async () => {
    const semaphore = new Semaphore(0)
    expect(messageOf(await rejection(semaphore.hold({ timeoutMs: 1 })))).toBe('1 ms')
    const timeout = new Timeout(1)
    expect(await rejection(semaphore.hold({ timeoutMs: timeout }))).toBe(timeout)
    expect(await rejection(semaphore.hold({ timeoutMs: new Timeout(1, RangeError) }))).toBeInstanceOf(RangeError)
    expect(semaphore.linkcount()).toBe(0)
    const waiting = spawn(function* () {
      using _ = yield* semaphore.hold({ timeoutMs: 1000 })
      return semaphore.counter
    })
    await sleep(0)
    semaphore.release()
    expect([await waiting.get(), semaphore.counter]).toEqual([0, 1])
  })

  it('refuses a wrong limit at the call', () => {
    expect(usage(() => new Semaphore().hold({ timeoutMs: NaN }))).toBe(
      'hold() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got NaN.',
    )
  })
})

describe('with()', () => {
  it('runs the function with its arguments, and gives what it returns', async () => {
    const semaphore = new Semaphore(1)
    const add = (a: number, b: number) => [a + b, semaphore.counter]
    expect(await semaphore.with(add, 1, 2)).toEqual([3, 0])
    expect(semaphore.counter).toBe(1)
  })

  it('drives what the function returns', async () => {
    const semaphore = new Semaphore(1)
    const result = semaphore.with(function* () {
      yield* sleep(0)
      return semaphore.counter
    })
    expect([await result, semaphore.counter]).toEqual([0, 1])
  })

  it('gives the permit back when the function fails, or is killed', async () => {
    const semaphore = new Semaphore(1)
    const error = new Error('on purpose')
    expect(
      await rejection(
        semaphore.with(() => {
          throw error
        }),
      ),
    ).toBe(error)
    expect(await rejection(withTimeout(1, () => semaphore.with(sleep, 1000)))).toBeInstanceOf(Timeout)
    expect(semaphore.counter).toBe(1)
  })

  it('takes no permit that it was killed waiting for', async () => {
    const semaphore = new Semaphore(0)
    expect(await rejection(withTimeout(1, () => semaphore.with(() => expect.unreachable())))).toBeInstanceOf(Timeout)
    expect([semaphore.counter, semaphore.linkcount()]).toEqual([0, 0])
  })

  it('refuses what is no function', () => {
    expect(usage(() => new Semaphore().with(sleep(1) as never))).toBe(
      'with() expects a function, but got an operation.\n\n' +
        'Probably the function was called instead of passed:\n' +
        '  with(getPage(url))   // incorrect: getPage(url) has already made the operation\n' +
        '  with(getPage, url)   // correct',
    )
  })
})

describe('rawlink()', () => {
  it('calls each callback once, with the semaphore', async () => {
    const semaphore = new Semaphore(1)
    const called: unknown[] = []
    semaphore.rawlink((source) => called.push(['a', source]))
    semaphore.release()
    semaphore.rawlink((source) => called.push(['b', source]))
    semaphore.release()
    await sleep(0)
    expect(called).toEqual([
      ['a', semaphore],
      ['b', semaphore],
    ])
    semaphore.release()
    await sleep(0)
    expect(called.length).toBe(2)
  })

  it('names the semaphore when a callback fails', async () => {
    const reports = catchReports()
    const error = new Error('on purpose')
    for (const semaphore of [new Semaphore(), new BoundedSemaphore(), new DummySemaphore()]) {
      semaphore.rawlink(() => {
        throw error
      })
    }
    await sleep(0)
    expect(reports).toEqual(
      ['Semaphore', 'BoundedSemaphore', 'DummySemaphore'].map((name) => ({ name: `link of ${name}`, error })),
    )
  })
})

describe('waiting for several', () => {
  it('wait([semaphore]) gives it at once while it is free, and takes nothing', async () => {
    const semaphore = new Semaphore(1)
    expect(await wait([semaphore])).toEqual([semaphore])
    expect([semaphore.counter, semaphore.linkcount()]).toEqual([1, 0])
  })

  it('choose() takes one permit, of the first that has one, and leaves the other lines', () => {
    const { clock } = virtualHub()
    const [a, b] = [new Semaphore(0), new Semaphore(0)]
    const chooser = spawn(function* () {
      return yield* choose({ a: a.acquire(), b: b.acquire(), again: b.acquire() })
    })
    clock.run()
    b.release()
    a.release()
    clock.run()
    expect(chooser.value).toEqual(['b', true])
    expect([a.counter, a.linkcount(), b.counter, b.linkcount()]).toEqual([1, 0, 0, 0])
  })
})

describe('LoopExit of one who waits for a permit', () => {
  it('names the holder', () => {
    const semaphore = new Semaphore(1)
    const { waiting } = loopExit(function* () {
      const holder = spawnWith({ name: 'holder' }, function* () {
        yield* semaphore.acquire()
        yield* sleep(Infinity)
      })
      yield* sleep(0)
      try {
        yield* semaphore.acquire()
      } finally {
        yield* holder.kill()
      }
    })
    expect(waiting[0]).toEqual({
      name: 'main',
      wait: 'semaphore.acquire()',
      waitsFor: ['holder'],
      because: 'the last permit was taken by "holder"',
    })
  })

  it('says of a holder that it has ended', () => {
    const semaphore = new Semaphore(1)
    const { waiting } = loopExit(function* () {
      yield* taker('gone', semaphore).join()
      yield* semaphore.hold()
    })
    expect(waiting[0]).toEqual({
      name: 'main',
      wait: 'semaphore.hold()',
      waitsFor: ['gone'],
      because: 'the last permit was taken by "gone", which has ended',
    })
  })

  it.each([
    ['acquire()', (semaphore: Semaphore) => semaphore.acquire()],
    ['wait()', (semaphore: Semaphore) => semaphore.wait()],
  ])('in %s tells the counter when nobody holds it', (call, begin) => {
    const semaphore = new Semaphore(0)
    expect(loopExit(() => drive<unknown>(begin(semaphore))).waiting[0]).toEqual({
      name: 'main',
      wait: `semaphore.${call}`,
      waitsFor: [],
      because: 'no permit is free (counter 0)',
    })
  })

  it('names the greenlet itself that has acquired twice', () => {
    const semaphore = new Semaphore(1)
    const { waiting } = loopExit(function* () {
      yield* semaphore.acquire()
      yield* semaphore.wait()
    })
    expect(waiting[0]).toEqual({
      name: 'main',
      wait: 'semaphore.wait()',
      waitsFor: ['main'],
      because: 'the last permit was taken by "main"',
    })
  })
})

describe('BoundedSemaphore', () => {
  it('works as a Semaphore', async () => {
    const semaphore = new BoundedSemaphore(2)
    expect([await semaphore.acquire(), await semaphore.acquire(), semaphore.locked()]).toEqual([true, true, true])
    const waiter = taker('waiter', semaphore)
    await sleep(0)
    expect(semaphore.release()).toBe(1)
    expect(await waiter.get()).toBe(true)
    expect([semaphore.release(), semaphore.release(), semaphore.limit]).toEqual([1, 2, 2])
  })

  it('refuses a release too many, and says whose it was', async () => {
    const semaphore = new BoundedSemaphore()
    const text = (who: string): string =>
      `A BoundedSemaphore was released once too often, by ${who}: its counter is 1, and its limit is 1.\n\n` +
      '  semaphore.release()         // incorrect: all permits are free\n' +
      '  yield* semaphore.with(fn)   // correct: acquires and releases, once each'
    expect(usage(() => semaphore.release())).toBe(text('plain code'))
    const worker = spawnWith({ name: 'worker' }, () => usage(() => semaphore.release()))
    expect(await worker.get()).toBe(text('greenlet "worker"'))
    expect(semaphore.counter).toBe(1)
  })

  it('refuses the release of one that was made with no permit', () => {
    expect(usage(() => new BoundedSemaphore(0).release())).toContain('its counter is 0, and its limit is 0.')
  })
})

describe('DummySemaphore', () => {
  it('is always free', async () => {
    const semaphore: Semaphore = new DummySemaphore()
    for (let round = 0; round < 3; round++) {
      expect([await semaphore.acquire(), semaphore.acquireNowait()]).toEqual([true, true])
      expect([await semaphore.acquire({ blocking: false }), await semaphore.wait()]).toEqual([true, 1])
      expect([semaphore.locked(), semaphore.ready(), semaphore.counter]).toEqual([false, true, 1])
    }
    expect([semaphore.release(), semaphore.counter]).toEqual([1, 1])
    expect(await semaphore.with(() => 'in')).toBe('in')
    using _ = await semaphore.hold()
    expect(semaphore.locked()).toBe(false)
  })

  it('tells its links soon', async () => {
    let told = 0
    new DummySemaphore().rawlink(() => told++)
    await joinall([spawn(() => undefined)])
    expect(told).toBe(1)
  })
})
