// Condition: waiting under a lock for what another greenlet changes.
import {
  BoundedSemaphore,
  Condition,
  type Green,
  type Greenlet,
  GreenletExit,
  RLock,
  Semaphore,
  sleep,
  spawn,
  spawnWith,
  Timeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { loopExit } from '../support/loop-exit.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejectionMessage, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A greenlet that waits, and returns what it was given and whether it had the lock then. */
function waiter(condition: Condition, timeoutMs?: number | Timeout): Greenlet<[boolean, boolean]> {
  return spawn(function* (): Green<[boolean, boolean]> {
    using _ = yield* condition.hold()
    const notified = yield* condition.wait(timeoutMs === undefined ? {} : { timeoutMs })
    return [notified, condition.lock.locked()]
  })
}

/** Calls `fn` in a greenlet that has the lock. */
function underLock(condition: Condition, fn: () => void): Greenlet<void> {
  return spawnWith({ name: 'notifier' }, function* () {
    yield* condition.with(fn)
  })
}

describe('new Condition()', () => {
  it('brings an RLock of its own', () => {
    expect(new Condition().lock).toBeInstanceOf(RLock)
  })

  it('takes a lock that others use as well', () => {
    for (const lock of [new RLock(), new Semaphore(), new BoundedSemaphore()])
      expect(new Condition(lock).lock).toBe(lock)
  })

  it('refuses what is no lock', () => {
    expect(usage(() => new Condition({} as RLock))).toBe(
      'new Condition() expects `lock` to be an RLock or a Semaphore, but got an Object.',
    )
  })
})

describe.each([
  ['an RLock', () => new RLock()],
  ['a Semaphore', () => new Semaphore(1)],
])('wait() under %s', (_, makeLock) => {
  it('releases the lock, waits to be notified, and has the lock again', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const condition = new Condition(makeLock())
    spawn(function* () {
      yield* condition.acquire()
      rec('waits')
      rec(`goes on: ${yield* condition.wait()}, locked: ${condition.lock.locked()}`)
      condition.release()
    })
    spawn(function* () {
      yield* condition.acquire()
      condition.notify()
      rec('has notified')
      yield* sleep(1)
      rec('releases')
      condition.release()
    })
    clock.run()
    rec.expect(['waits', 'has notified', 'releases', 'goes on: true, locked: true'])
    expect([condition.lock.locked(), condition.waiting]).toEqual([false, 0])
  })

  it('gives false when the time has passed, with the lock', () => {
    const { clock } = virtualHub()
    const condition = new Condition(makeLock())
    const [number, timeout] = [waiter(condition, 10), waiter(condition, new Timeout(20))]
    clock.run()
    expect([number.value, timeout.value, clock.now()]).toEqual([[false, true], [false, true], 20])
    expect([condition.lock.locked(), condition.waiting]).toEqual([false, 0])
  })

  it('waits for the lock longer than `timeoutMs`, if it must', () => {
    const { clock } = virtualHub()
    const condition = new Condition(makeLock())
    const late = waiter(condition, 10)
    spawn(function* () {
      yield* condition.with(sleep, 50)
    })
    clock.run()
    expect([late.value, clock.now()]).toEqual([[false, true], 50])
  })

  it('has the lock when it is killed, for the code that cleans up', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const condition = new Condition(makeLock())
    const killed = spawn(function* () {
      yield* condition.acquire()
      try {
        yield* condition.wait()
      } finally {
        rec(`cleans up at ${clock.now()}, held: ${condition.lock.$isHeld()}`)
        condition.release()
      }
    })
    spawn(function* () {
      using _held = yield* condition.hold()
      killed.kill()
      yield* sleep(10)
    })
    clock.run()
    rec.expect(['cleans up at 10, held: true'])
    expect([killed.value, condition.lock.locked()]).toEqual([expect.any(GreenletExit), false])
  })

  it('lets a Timeout from outside through when it has the lock, as that same object', () => {
    const { clock } = virtualHub()
    const condition = new Condition(makeLock())
    const timeout = new Timeout(5)
    const late = spawn(function* () {
      using _held = yield* condition.hold()
      timeout.start()
      try {
        yield* condition.wait({ timeoutMs: 1000 })
      } catch (error) {
        return [error, condition.lock.$isHeld(), clock.now()]
      }
      return []
    })
    spawn(function* () {
      yield* condition.with(sleep, 10)
    })
    clock.run()
    expect(late.value).toEqual([timeout, true, 10])
  })
})

describe('wait()', () => {
  it('lets go of an RLock that was acquired three times, and has it three times again', () => {
    const { clock } = virtualHub()
    const lock = new RLock()
    const condition = new Condition(lock)
    const deep = spawn(function* () {
      for (let times = 0; times < 3; times++) yield* lock.acquire()
      yield* condition.wait()
      const owned: boolean[] = []
      for (let times = 0; times < 3; times++) {
        lock.release()
        owned.push(lock.isOwned())
      }
      return owned
    })
    clock.run()
    expect(lock.locked()).toBe(false)
    underLock(condition, () => condition.notify())
    clock.run()
    expect(deep.value).toEqual([true, true, false])
  })

  it('throws what came first, and keeps the rest for the next wait', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const condition = new Condition()
    const [first, second] = [new GreenletExit('first'), new GreenletExit('second')]
    const killed = spawn(function* () {
      using _ = yield* condition.hold()
      try {
        yield* condition.wait()
      } catch (error) {
        expect(error).toBe(first)
        rec('first')
      }
      try {
        yield* sleep(1)
      } catch (error) {
        expect(error).toBe(second)
        rec('second')
      }
      return 'done'
    })
    spawn(function* () {
      using _ = yield* condition.hold()
      killed.kill(first)
      yield* sleep(1)
      killed.kill(second)
      yield* sleep(1)
    })
    clock.run()
    rec.expect(['first', 'second'])
    expect([killed.exception, killed.value, condition.lock.locked()]).toEqual([null, 'done', false])
  })

  it('passes on the notification of one that is killed before it has the lock', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const [first, second] = [waiter(condition), waiter(condition)]
    spawn(function* () {
      using _ = yield* condition.hold()
      condition.notify()
      yield* sleep(1)
      first.kill()
      yield* sleep(1)
    })
    clock.run()
    expect([first.value, second.value]).toEqual([expect.any(GreenletExit), [true, true]])
  })

  it('passes on the notification of one that is killed right after it, while the lock is held', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const [first, second] = [waiter(condition), waiter(condition)]
    spawn(function* () {
      using _ = yield* condition.hold()
      condition.notify()
      first.kill()
      yield* sleep(1)
    })
    clock.run()
    expect([first.value, second.value]).toEqual([expect.any(GreenletExit), [true, true]])
  })

  it('leaves the notification with one that is killed and gets the lock at once: its next wait throws', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const condition = new Condition()
    const first = spawn(function* () {
      using _ = yield* condition.hold()
      rec(`notified: ${yield* condition.wait()}`)
      yield* sleep(1)
      rec('never')
    })
    const second = waiter(condition)
    clock.run()
    underLock(condition, () => {
      condition.notify()
      first.kill()
    })
    clock.run()
    rec.expect(['notified: true'])
    expect([first.ready(), second.ready(), condition.waiting]).toEqual([true, false, 1])
    underLock(condition, () => condition.notify())
    clock.run()
    expect(second.value).toEqual([true, true])
  })

  it('is killed and timed out without a trace: the next notification reaches the next one', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const [killed, late, last] = [waiter(condition), waiter(condition, 5), waiter(condition)]
    clock.run(1)
    killed.kill()
    clock.run(6)
    expect([killed.ready(), late.value, condition.waiting]).toEqual([true, [false, true], 1])
    underLock(condition, () => condition.notify())
    clock.run()
    expect(last.value).toEqual([true, true])
  })

  it('ends by LoopExit, with the lock when that is free', () => {
    const condition = new Condition()
    const { waiting } = loopExit(function* () {
      yield* condition.acquire()
      try {
        yield* condition.wait()
      } finally {
        condition.release()
      }
    })
    expect(waiting).toEqual([
      { name: 'main', wait: 'condition.wait()', waitsFor: [], because: 'nobody has notified it' },
    ])
    expect(condition.lock.locked()).toBe(false)
  })

  it('ends by LoopExit without the lock when nobody will ever release that', () => {
    const condition = new Condition()
    const { waiting } = loopExit(function* () {
      yield* condition.acquire()
      spawnWith({ name: 'gone' }, function* () {
        yield* condition.acquire()
        condition.notify()
      })
      yield* condition.wait()
    })
    expect(waiting).toEqual([
      { name: 'main', wait: 'lock.acquire()', waitsFor: ['gone'], because: 'held by "gone", which has ended' },
    ])
  })

  it('refuses a wrong limit at the call', () => {
    expect(usage(() => new Condition().wait({ timeoutMs: -1 }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('notify()', () => {
  it('wakes those who have waited longest, in their order; notifyAll() the rest', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const condition = new Condition()
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      spawn(function* () {
        using _ = yield* condition.hold()
        yield* condition.wait()
        rec(name)
      })
    }
    clock.run()
    expect(condition.waiting).toBe(5)
    underLock(condition, () => condition.notify(3))
    clock.run()
    rec.expect(['a', 'b', 'c'])
    underLock(condition, () => condition.notifyAll())
    clock.run()
    rec.expect(['a', 'b', 'c', 'd', 'e'])
    expect(condition.waiting).toBe(0)
  })

  it('wakes one, if none is named, and nobody for 0 or when nobody waits', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    underLock(condition, () => condition.notify())
    const all = [waiter(condition), waiter(condition)]
    clock.run()
    underLock(condition, () => condition.notify(0))
    clock.run()
    expect(condition.waiting).toBe(2)
    underLock(condition, () => condition.notify())
    clock.run()
    expect(all.map((one) => one.ready())).toEqual([true, false])
    underLock(condition, () => condition.notify(7))
    clock.run()
    expect(all.map((one) => one.ready())).toEqual([true, true])
  })

  it('does not wake those who come to wait while it is at it', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const again = spawn(function* () {
      using _ = yield* condition.hold()
      yield* condition.wait()
      yield* condition.wait()
    })
    clock.run()
    underLock(condition, () => condition.notifyAll())
    clock.run()
    expect([again.ready(), condition.waiting]).toEqual([false, 1])
    underLock(condition, () => condition.notifyAll())
    clock.run()
    expect(again.ready()).toBe(true)
  })

  it.each([-1, 0.5, NaN])('refuses to wake %s', (n) => {
    expect(usage(() => new Condition().notify(n))).toBe(
      `notify() expects \`n\` to be an integer, 0 or more, but got ${n} (number).`,
    )
  })
})

describe('a call without the lock', () => {
  const tail = (wrong: string, call: string): string => {
    const right = `yield* condition.with(() => ${call})`
    return (
      `  ${wrong.padEnd(right.length)}   // incorrect: others may change what it is about\n` + `  ${right}   // correct`
    )
  }

  it.each([
    [
      'wait',
      function* (condition: Condition) {
        yield* condition.wait()
      },
    ],
    [
      'waitFor',
      function* (condition: Condition) {
        yield* condition.waitFor(() => true)
      },
    ],
  ])('is refused: %s()', (method, body) => {
    const { clock } = virtualHub()
    catchReports()
    const condition = new Condition()
    const greenlet = spawnWith({ name: 'worker' }, body, condition)
    clock.run()
    const call = `condition.${method}()`
    expect(String(greenlet.exception)).toBe(
      `UsageError: Greenlet "worker" called ${call} without its lock, which nobody has.\n\n${tail(`yield* ${call}`, call)}`,
    )
  })

  it.each(['notify', 'notifyAll'] as const)('is refused: %s()', (method) => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const worker = spawnWith({ name: 'worker' }, () => usage(() => condition[method]()))
    clock.run()
    const call = `condition.${method}()`
    expect(worker.value).toBe(
      `Greenlet "worker" called ${call} without its lock, which nobody has.\n\n${tail(call, call)}`,
    )
  })

  it('names who has the lock', () => {
    const { clock } = virtualHub()
    for (const lock of [new RLock(), new Semaphore()]) {
      const condition = new Condition(lock)
      spawnWith({ name: 'owner' }, () => condition.with(sleep, 10))
      clock.run(1)
      expect(usage(() => condition.notify())).toBe(
        `Plain code called condition.notify() without its lock, which greenlet "owner" has.\n\n${tail('condition.notify()', 'condition.notify()')}`,
      )
      clock.run()
    }
  })

  it('is refused in plain code', async () => {
    expect(await rejectionMessage(new Condition().wait())).toBe(
      `Greenlet "main" called condition.wait() without its lock, which nobody has.\n\n${tail('yield* condition.wait()', 'condition.wait()')}`,
    )
  })

  it('is no trouble in with(), which plain code may await', async () => {
    const condition = new Condition()
    const notified = condition.with(() => condition.wait()).then((told) => told) // it waits from here on
    underLock(condition, () => condition.notify())
    expect(await notified).toBe(true)
    expect(condition.lock.locked()).toBe(false)
  })
})

describe('waitFor()', () => {
  it('asks at first, and does not wait when it is true', async () => {
    const condition = new Condition()
    expect(await condition.with(() => condition.waitFor(() => 'yes'))).toBe('yes')
  })

  it('asks again after each notification, with the lock', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    let count = 0
    const asked: boolean[] = []
    const late = spawn(function* () {
      using _ = yield* condition.hold()
      return yield* condition.waitFor(() => {
        asked.push(condition.lock.$isHeld())
        return count >= 3 ? count : 0
      })
    })
    for (let round = 0; round < 3; round++) {
      underLock(condition, () => {
        count++
        condition.notify()
      })
      clock.run()
    }
    expect([late.value, asked]).toEqual([3, [true, true, true, true]])
  })

  it('drives a predicate that waits', async () => {
    const condition = new Condition()
    const answer = condition.with(() =>
      condition.waitFor(function* () {
        yield* sleep(0)
        return 'at last'
      }),
    )
    expect(await answer).toBe('at last')
  })

  it('gives what was answered last when the time has passed, all waits counted together', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const values = [10, new Timeout(10), 0].map((timeoutMs) =>
      spawn(function* () {
        using _ = yield* condition.hold()
        return [yield* condition.waitFor(() => 0, { timeoutMs }), clock.now()]
      }),
    )
    spawn(function* () {
      for (let round = 0; round < 3; round++) {
        yield* sleep(3)
        yield* condition.with(() => condition.notifyAll())
      }
    })
    clock.run()
    expect(values.map(({ value }) => value)).toEqual([
      [0, 10],
      [0, 10],
      [0, 0],
    ])
  })

  it('has no limit of its own when the Timeout runs already, or never fires', () => {
    const { clock } = virtualHub()
    const condition = new Condition()
    const timeout = new Timeout(10)
    const [own, never] = [
      spawn(function* () {
        using _ = yield* condition.hold()
        try {
          return yield* condition.waitFor(() => false, { timeoutMs: timeout.start() })
        } catch (error) {
          return error
        }
      }),
      spawn(function* () {
        using _ = yield* condition.hold()
        return yield* condition.waitFor(() => false, { timeoutMs: new Timeout(null) })
      }),
    ]
    clock.run()
    expect([own.value, never.ready(), clock.now()]).toEqual([timeout, false, 10])
    never.kill()
    clock.run()
  })

  it('throws what the predicate throws, and refuses what is none', async () => {
    const condition = new Condition()
    const failing = condition.with(() =>
      condition.waitFor(() => {
        throw new RangeError('on purpose')
      }),
    )
    expect(await rejectionMessage(failing)).toBe('on purpose')
    expect(condition.lock.locked()).toBe(false)
    expect(usage(() => condition.waitFor(true as never))).toBe('waitFor() expects a function, but got true (boolean).')
    expect(usage(() => condition.waitFor(() => true, { timeoutMs: -1 }))).toBe(
      'waitFor() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('acquire(), release(), hold(), with()', () => {
  it('are those of the lock', async () => {
    const lock = new RLock()
    const condition = new Condition(lock)
    await spawn(function* () {
      expect(yield* condition.acquire({ timeoutMs: 1 })).toBe(true)
      expect(lock.isOwned()).toBe(true)
      condition.release()
      expect(lock.isOwned()).toBe(false)
    }).get()
    expect([condition.acquire(), condition.hold(), condition.wait(), condition.waitFor(sleep)].map(String)).toEqual([
      'lock.acquire()',
      'lock.hold()',
      'condition.wait()',
      'condition.waitFor()',
    ])
    expect(String(condition)).toBe('Condition')
  })
})
