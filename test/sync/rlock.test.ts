// RLock: whose it is, how often, and who may release it.
import {
  type AcquireOptions,
  choose,
  type Green,
  type Greenlet,
  getcurrent,
  type Operation,
  RLock,
  run,
  setDebug,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import type { BaseOperation } from '../../src/greenlet/operation.ts'
import { Agent } from '../../src/waiting/agent.ts'
import { checkLeaks } from '../support/leaks.ts'
import { loopExit } from '../support/loop-exit.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejectionMessage, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A greenlet that has the lock for `ms` milliseconds. */
function holder(lock: RLock, ms: number, name = 'holder'): Greenlet<void> {
  return spawnWith({ name }, function* () {
    yield* lock.acquire()
    yield* sleep(ms)
    lock.release()
  })
}

describe('acquire()', () => {
  it('gives the lock to a greenlet, as often as that asks, without waiting', async () => {
    const lock = new RLock()
    await run(function* () {
      const other = spawn(() => undefined)
      expect([yield* lock.acquire(), yield* lock.acquire(), lock.acquireNowait()]).toEqual([true, true, true])
      expect([yield* lock.acquire({ blocking: false }), yield* lock.acquire({ timeoutMs: 1 })]).toEqual([true, true])
      expect([lock.locked(), lock.owner, other.ready()]).toEqual([true, getcurrent(), false])
      for (let releases = 0; releases < 5; releases++) {
        expect(lock.isOwned()).toBe(true)
        lock.release()
      }
      expect([lock.locked(), lock.owner, lock.isOwned()]).toEqual([false, null, false])
      yield* other.join()
    })
  })

  it('makes others wait until the last release', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const lock = new RLock()
    spawn(function* () {
      yield* lock.acquire()
      yield* lock.acquire()
      yield* sleep(1)
      lock.release()
      rec('released once')
      yield* sleep(1)
      rec('released twice')
      lock.release()
    })
    spawn(function* () {
      yield* lock.acquire()
      rec(`other at ${clock.now()}`)
      lock.release()
    })
    clock.run()
    rec.expect(['released once', 'released twice', 'other at 2'])
    expect(lock.locked()).toBe(false)
  })

  it('serves those who wait in the order in which they came', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const lock = new RLock()
    for (const name of ['a', 'b', 'c', 'd']) {
      spawn(function* () {
        using _ = yield* lock.hold()
        rec(name)
        yield* sleep(1)
      })
    }
    clock.run()
    rec.expect(['a', 'b', 'c', 'd'])
  })

  it('gives others false with `blocking: false`, and when the time has passed', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    holder(lock, 100)
    const others = [{ blocking: false }, { timeoutMs: 10 }, { timeoutMs: new Timeout(20) }].map((options) =>
      spawn(function* () {
        return [yield* lock.acquire(options), clock.now(), lock.isOwned()]
      }),
    )
    const nowait = spawn(() => lock.acquireNowait())
    clock.run()
    expect(others.map(({ value }) => value)).toEqual([
      [false, 0, false],
      [false, 10, false],
      [false, 20, false],
    ])
    expect([nowait.value, lock.locked()]).toEqual([false, false])
  })

  it('lets a shorter Timeout from outside through, as that same object', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    holder(lock, 5)
    const timeout = new Timeout(1)
    const waiter = spawn(() => caught(timeout.run(() => lock.acquire({ timeoutMs: 1000 }))))
    clock.run()
    expect([waiter.value, lock.locked()]).toEqual([timeout, false])
  })

  it('belongs to the greenlet in whose place an agent waits', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    const told: string[] = []
    class Proxy extends Agent {
      override $runLinks(): void {
        told.push(this.name)
      }
    }
    const acquire = lock.acquire() as unknown as BaseOperation<boolean> // its begin() is what an agent's owner calls
    const second = spawnWith({ name: 'second' }, () => sleep(5))
    const first = spawnWith({ name: 'first' }, function* () {
      const proxy = new Proxy(getcurrent())
      expect([acquire.begin(proxy).done, acquire.begin(proxy).done]).toEqual([true, true])
      acquire.begin(new Proxy(second))
      lock.release()
      yield* sleep(1)
      expect([lock.isOwned(), told]).toEqual([true, []])
      lock.release()
    })
    clock.run()
    expect([first.exception, lock.owner, told]).toEqual([null, second, ['second']])
  })

  it('belongs to the greenlet that was given it by choose()', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    holder(lock, 1)
    const chooser = spawn(function* () {
      const [key] = yield* choose({ lock: lock.acquire(), late: sleep(10) })
      lock.release()
      return key
    })
    clock.run()
    expect([chooser.value, lock.locked()]).toEqual(['lock', false])
  })

  it.each([
    ['acquire()', (lock: RLock) => lock.acquire()],
    ['acquire({ blocking: false })', (lock: RLock) => lock.acquire({ blocking: false })],
    ['hold()', (lock: RLock) => lock.hold()],
  ])('refuses plain code in %s', async (_, take) => {
    const lock = new RLock()
    expect(await rejectionMessage(take(lock))).toBe(
      'An RLock was acquired in plain code; it belongs to the greenlet that acquires it, and there is none.\n\n' +
        '  await lock.acquire()                                     // incorrect: outside any greenlet\n' +
        '  await run(function* () { yield* lock.acquire(); ... })   // correct',
    )
    expect(lock.locked()).toBe(false)
  })

  it('refuses plain code in acquireNowait()', () => {
    expect(usage(() => new RLock().acquireNowait())).toBe(
      'An RLock was acquired in plain code; it belongs to the greenlet that acquires it, and there is none.\n\n' +
        '  lock.acquireNowait()                                     // incorrect: outside any greenlet\n' +
        '  await run(function* () { yield* lock.acquire(); ... })   // correct',
    )
  })

  it('refuses wrong options at the call', () => {
    const lock = new RLock()
    expect(usage(() => lock.acquire({ timeoutMs: -1 }))).toBe(
      'acquire() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => lock.acquire({ blocking: false, timeoutMs: 5 }))).toBe(
      'acquire() was told not to wait, and how long to wait: `timeoutMs` is 5 (number).\n\n' +
        '  yield* lock.acquire({ blocking: false, timeoutMs: 10 })   // incorrect: contradicts itself\n' +
        '  yield* lock.acquire({ timeoutMs: 10 })                    // correct: gives false after 10 ms',
    )
    expect(usage(() => lock.acquire(0 as AcquireOptions))).toBe(
      'acquire() expects its options as an object, but got 0 (number).\n\n' +
        '  yield* lock.acquire(0)                     // incorrect: an argument of its own\n' +
        '  yield* lock.acquire({ blocking: false })   // correct',
    )
  })

  it('is asked for anew in debug mode, which tells of each call that is not driven', async () => {
    const lock = new RLock()
    expect(lock.acquire()).toBe(lock.acquire())
    await run(function* () {
      setDebug(true)
      try {
        const [first, second] = [lock.acquire(), lock.acquire()]
        expect(first).not.toBe(second)
        yield* first
        yield* second
      } finally {
        setDebug(false)
      }
    })
  })

  it('is called as it is written', () => {
    const lock = new RLock()
    expect([lock.acquire(), lock.acquire({}), lock.hold(), lock.with(sleep)].map(String).concat(String(lock))).toEqual([
      'lock.acquire()',
      'lock.acquire()',
      'lock.hold()',
      'lock.with(sleep)',
      'RLock',
    ])
  })
})

describe('release()', () => {
  const remedy =
    '  lock.release()         // incorrect: not by its owner\n' +
    '  yield* lock.with(fn)   // correct: acquires and releases, in one greenlet'

  it('refuses to release what nobody has', async () => {
    const lock = new RLock()
    const greenlet = spawnWith({ name: 'worker' }, () => usage(() => lock.release()))
    expect(await greenlet.get()).toBe(`Greenlet "worker" released an RLock that nobody has.\n\n${remedy}`)
  })

  it('refuses another greenlet, and plain code, and names both sides', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    const first = holder(lock, 5, 'first')
    const second = spawnWith({ name: 'second' }, () => usage(() => lock.release()))
    clock.run(1)
    expect(second.value).toBe(`Greenlet "second" released an RLock that greenlet "first" has.\n\n${remedy}`)
    expect(usage(() => lock.release())).toBe(`Plain code released an RLock that greenlet "first" has.\n\n${remedy}`)
    expect(lock.owner).toBe(first)
    clock.run()
  })

  it('refuses to release once too often', async () => {
    const lock = new RLock()
    const greenlet = spawnWith({ name: 'worker' }, function* () {
      yield* lock.acquire()
      yield* lock.acquire()
      lock.release()
      lock.release()
      return usage(() => {
        lock.release()
      })
    })
    expect(await greenlet.get()).toBe(`Greenlet "worker" released an RLock that nobody has.\n\n${remedy}`)
  })
})

describe('an owner that ends without a release', () => {
  it('leaves it locked, and is still its owner', async () => {
    const lock = new RLock()
    const gone = spawnWith({ name: 'gone' }, () => lock.acquire())
    await gone.join()
    expect([lock.locked(), lock.owner]).toEqual([true, gone])
    const other = spawnWith({ name: 'other' }, () => usage(() => lock.release()))
    expect(await other.get()).toContain(
      'Greenlet "other" released an RLock that greenlet "gone" has, which has ended.\n',
    )
  })

  it('is named by LoopExit, and said to have ended', () => {
    const lock = new RLock()
    const { waiting } = loopExit(function* () {
      yield* spawnWith({ name: 'gone' }, () => lock.acquire()).join()
      yield* lock.acquire()
    })
    expect(waiting).toEqual([
      { name: 'main', wait: 'lock.acquire()', waitsFor: ['gone'], because: 'held by "gone", which has ended' },
    ])
  })
})

describe('LoopExit of those who wait for locks', () => {
  it('shows who holds what in which circle', () => {
    const [a, b] = [new RLock(), new RLock()]
    const other = function* (): Green<void> {
      using _ = yield* b.hold()
      yield* sleep(1)
      yield* a.acquire()
    }
    const { cycles } = loopExit(function* () {
      const greenlet = spawnWith({ name: 'other' }, other)
      try {
        using _ = yield* a.hold()
        yield* sleep(1)
        yield* b.hold()
      } finally {
        void greenlet.kill()
      }
    })
    expect(cycles).toEqual([
      [
        { name: 'main', wait: 'lock.hold()', waitsFor: ['other'], because: 'held by "other"' },
        { name: 'other', wait: 'lock.acquire()', waitsFor: ['main'], because: 'held by "main"' },
      ],
    ])
  })
})

describe('hold() and with()', () => {
  it('release at the end of the block, also of one within another', async () => {
    const lock = new RLock()
    await run(function* () {
      {
        using _ = yield* lock.hold()
        {
          using _inner = yield* lock.hold()
          expect(lock.isOwned()).toBe(true)
        }
        expect(yield* lock.with((a: number, b: number) => [a + b, lock.isOwned()], 1, 2)).toEqual([3, true])
        expect(lock.isOwned()).toBe(true)
      }
      expect(lock.locked()).toBe(false)
    })
  })

  it('release when the block fails, or its greenlet is killed', async () => {
    catchReports()
    const lock = new RLock()
    const failing = spawn(() =>
      lock.with(() => {
        throw new Error('on purpose')
      }),
    )
    await failing.join()
    expect(lock.locked()).toBe(false)
    const killed = spawn(function* () {
      using _ = yield* lock.hold()
      yield* sleep(1000)
    })
    await sleep(0)
    expect(lock.owner).toBe(killed)
    await killed.kill()
    expect(lock.locked()).toBe(false)
  })

  it('hold() throws a Timeout when the time has passed', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    holder(lock, 5)
    const timeout = new Timeout(1)
    const own = spawn(() => caught(lock.hold({ timeoutMs: timeout })))
    const other = spawn(() => caught(lock.hold({ timeoutMs: 1 })))
    clock.run()
    expect([own.value, String(other.value), lock.locked()]).toEqual([timeout, 'Timeout: 1 ms', false])
  })

  it('with() can be awaited in plain code, and runs in a greenlet of its own', async () => {
    const lock = new RLock()
    const owned = await lock.with(function* () {
      yield* lock.acquire()
      lock.release()
      return lock.isOwned()
    })
    expect([owned, lock.locked(), lock.isOwned()]).toEqual([true, false, false])
  })

  it('leave the line when they are killed there', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    const first = holder(lock, 5)
    const late = spawn(() => caught(withTimeout(1, () => lock.with(() => expect.unreachable()))))
    clock.run()
    expect([first.ready(), late.value, lock.locked()]).toEqual([true, expect.any(Timeout), false])
  })

  it('with() refuses what is no function', () => {
    expect(usage(() => new RLock().with(7 as never))).toBe('with() expects a function, but got 7 (number).')
  })
})

/** What a wait throws, as a value. */
function* caught(operation: Operation<unknown>): Green<unknown> {
  try {
    yield* operation
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
