// Pool: so many places, given in the order in which they were asked for, and free again whatever became of the member.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  choose,
  Full,
  type Green,
  Greenlet,
  GreenletKilledError,
  isInterrupt,
  type Operation,
  Pool,
  PoolFull,
  sleep,
  spawn,
  Timeout,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, rejection, rejectionMessage, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What a wait throws, as its value. */
function* caught(operation: Operation<unknown>): Green<unknown> {
  try {
    return yield* operation
  } catch (error) {
    if (isInterrupt(error) && !(error instanceof Timeout)) throw error
    return error
  }
}

/** A pool in which `count` members sleep for ever. */
function* fill(pool: Pool, count: number): Green<Greenlet[]> {
  const members: Greenlet[] = []
  for (let n = 0; n < count; n++) members.push(yield* pool.spawn(sleep, Infinity))
  return members
}

describe('the places of a Pool', () => {
  it('are taken by members, and free again when they have ended', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const counts = () => [pool.freeCount(), pool.full(), pool.size]
    expect(counts()).toEqual([2, false, 0])
    pool.spawnNowait(sleep, 1)
    expect(counts()).toEqual([1, false, 1])
    pool.spawnNowait(sleep, 2)
    expect(counts()).toEqual([0, true, 2])
    clock.run(1)
    expect(counts()).toEqual([1, false, 1])
    clock.run()
    expect(counts()).toEqual([2, false, 0])
  })

  it('are free again after a failure, a kill, and a member that never ran', () => {
    const { clock } = virtualHub()
    catchReports()
    const pool = new Pool(3)
    pool.spawnNowait(() => {
      throw new RangeError('fails')
    })
    const killed = pool.spawnNowait(sleep, Infinity)
    clock.run()
    expect(pool.freeCount()).toBe(2)
    const neverRan = pool.spawnNowait(sleep, Infinity)
    killed.kill()
    neverRan.kill()
    clock.run()
    expect([pool.freeCount(), pool.size]).toEqual([3, 0])
  })

  it('are any number without a limit', () => {
    const { clock } = virtualHub()
    for (const pool of [new Pool(), new Pool(null)]) {
      expect([pool.limit, pool.freeCount(), pool.full()]).toEqual([null, 1, false])
      for (let n = 0; n < 100; n++) pool.spawnNowait(sleep, 1)
      expect([pool.freeCount(), pool.full(), pool.size]).toEqual([1, false, 100])
      clock.run()
    }
  })

  it('are none in a pool of 0, ever', async () => {
    const pool = new Pool(0)
    expect([pool.limit, pool.freeCount(), pool.full()]).toEqual([0, 0, true])
    expect(await pool.waitAvailable({ timeoutMs: 1 })).toBe(0)
    expect(message(() => pool.spawnNowait(sleep))).toBe(
      'pool.spawnNowait() got no place now: a pool of 0 has no places.',
    )
    expect(await pool.join()).toBe(true)
  })

  it('can only be 0 or more, in whole numbers', () => {
    const say = (got: string) =>
      `new Pool() expects its limit to be an integer, 0 or more, or null for none, but got ${got}.`
    expect(usage(() => new Pool(-1))).toBe(say('-1 (number)'))
    expect(usage(() => new Pool(1.5))).toBe(say('1.5 (number)'))
    expect(usage(() => new Pool(Number.NaN))).toBe(say('NaN (number)'))
    expect(usage(() => new Pool('2' as never))).toBe(say('"2" (string)'))
  })

  it('survive an error stream that fails itself', async () => {
    const { hub, clock } = virtualHub()
    hub.onError = () => {
      throw new Error('the stream is broken')
    }
    const pool = new Pool(1)
    const error = new RangeError('of the task')
    const waiter = spawn(function* () {
      const task = yield* pool.spawn(() => {
        throw error
      })
      return yield* caught(task.get())
    })
    clock.run()
    expect([waiter.value, pool.freeCount()]).toEqual([error, 1])
    const after = spawn(() => pool.apply(() => 'usable'))
    clock.run()
    expect(after.value).toBe('usable')
  })
})

describe('Pool.spawn()', () => {
  it('gives a greenlet that was started; it does not run before the caller waits', async () => {
    const pool = new Pool(1)
    const rec = recorder()
    const spawner = spawn(function* () {
      const greenlet = yield* pool.spawn(() => rec('runs'))
      rec(`spawned, started: ${greenlet.started}, a member: ${pool.has(greenlet)}`)
    })
    await spawner.get()
    await pool.join()
    rec.expect(['spawned, started: true, a member: true', 'runs'])
  })

  it('makes its caller wait while the pool is full', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(function* () {
      yield* pool.spawn(sleep, 5)
      rec(`first at ${clock.now()}, ${pool.size} member`)
      yield* pool.spawn(sleep, 5)
      rec(`second at ${clock.now()}, ${pool.size} member`)
    })
    clock.run()
    rec.expect(['first at 0, 1 member', 'second at 5, 1 member'])
    expect(clock.now()).toBe(10)
  })

  it('gives places in the order in which they were asked for, and nobody overtakes', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(function* () {
      yield* pool.spawn(sleep, 1)
      for (const name of ['a', 'b', 'c']) {
        spawn(function* () {
          yield* pool.spawn(sleep, 1)
          rec(`${name} at ${clock.now()}`)
        })
      }
    })
    clock.run(1)
    expect(thrown(() => pool.spawnNowait(sleep))).toBeInstanceOf(PoolFull) // the place is a's already
    clock.run()
    rec.expect(['a at 1', 'b at 2', 'c at 3'])
  })

  it('makes a greenlet each time it is driven', async () => {
    const pool = new Pool(5)
    const spawning = pool.spawn(sleep, 1)
    const [one, two] = [await spawning, await spawning]
    expect([one === two, pool.size]).toEqual([false, 2])
    await pool.join()
  })

  it('loses no place when who waits is killed, or gives up', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(function* () {
      yield* pool.spawn(sleep, 5)
    })
    const killed = spawn(() => pool.spawn(() => rec('the killed one has spawned')))
    const late = spawn(() =>
      withTimeout({ ms: 2, timeoutValue: 'late' }, () => pool.spawn(() => rec('so has the late one'))),
    )
    const patient = spawn(() => pool.spawn(() => rec(`the patient one has, at ${clock.now()}`)))
    clock.run(1)
    killed.kill()
    clock.run()
    rec.expect(['the patient one has, at 5'])
    expect([late.value, patient.successful(), pool.freeCount()]).toEqual(['late', true, 1])
  })

  it('loses no place as the loser of a choice', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    pool.spawnNowait(sleep, 5)
    const chooser = spawn(function* () {
      const [first] = yield* choose({ spawned: pool.spawn(() => rec('the loser runs')), late: sleep(1) })
      const [second, greenlet] = yield* choose({ spawned: pool.spawn(() => rec('the winner runs')), late: sleep(9) })
      return [first, second, greenlet instanceof Greenlet, clock.now()]
    })
    clock.run()
    rec.expect(['the winner runs'])
    expect([chooser.value, pool.freeCount()]).toEqual([['late', 'spawned', true, 5], 1])
  })

  it('of one that is killed when it has the place already: its greenlet runs', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    const first = pool.spawnNowait(sleep, 5)
    const waiting = spawn(function* () {
      yield* pool.spawn(() => rec('runs'))
      yield* sleep(0)
      rec('the spawner goes on')
    })
    clock.run(1)
    first.rawlink(() => waiting.kill()) // told behind the pool, in the same turn
    clock.run()
    rec.expect(['runs'])
    expect(pool.freeCount()).toBe(1)
  })

  it('gives its greenlet the context of the spawner, though it was started by another', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const storage = new AsyncLocalStorage<string>()
    const spawner = spawn(function* () {
      yield* pool.spawn(sleep, 1)
      storage.enterWith('of the spawner')
      const greenlet = yield* pool.spawn(() => storage.getStore())
      return yield* greenlet.get()
    })
    clock.run()
    expect(spawner.value).toBe('of the spawner')
  })
})

describe('Pool.spawnNowait()', () => {
  it('throws PoolFull, which is a Full, when there is no place', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    pool.spawnNowait(sleep, 1)
    const error = thrown(() => pool.spawnNowait(sleep, 1))
    expect(error).toBeInstanceOf(PoolFull)
    expect(error).toBeInstanceOf(Full)
    expect(messageOf(error)).toBe('pool.spawnNowait() got no place now: the pool is full (1/1).')
    clock.run()
  })

  it('refuses what is no function', () => {
    const pool = new Pool(0)
    expect(usage(() => pool.spawnNowait(5 as never))).toBe('spawnNowait() expects a function, but got 5 (number).')
    expect(usage(() => pool.spawn(5 as never))).toBe('spawn() expects a function, but got 5 (number).')
  })
})

describe('Pool.add() and Pool.start()', () => {
  it('wait for a place: a timeout around them changes nothing', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const [first, second] = [new Greenlet(sleep, 1), new Greenlet(sleep, 1)]
    const waiter = spawn(function* () {
      yield* pool.add(first)
      const counts = [pool.freeCount(), pool.size]
      const late = yield* withTimeout({ ms: 5, timeoutValue: 'late' }, () => pool.add(second))
      return [counts, late, pool.freeCount(), [...pool]]
    })
    clock.run()
    expect(waiter.value).toEqual([[0, 1], 'late', 0, [first]])
    first.kill() // it was never started, and had a place
    clock.run()
    expect(pool.freeCount()).toBe(1)
  })

  it('throw PoolFull with blocking: false, or when the time has passed', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const second = new Greenlet(sleep, 1)
    const waiter = spawn(function* () {
      const [member] = yield* fill(pool, 1)
      const errors = [
        yield* caught(pool.add(second, { blocking: false })),
        yield* caught(pool.start(second, { blocking: false })),
        yield* caught(pool.add(second, { timeoutMs: 1 })),
        yield* caught(pool.start(second, { timeoutMs: 2 })),
      ]
      member?.kill()
      return errors
    })
    clock.run()
    const errors = waiter.value as unknown as Error[]
    expect(errors.map((error) => error instanceof PoolFull)).toEqual([true, true, true, true])
    expect(errors.map(messageOf)).toEqual([
      'pool.add() got no place now: the pool is full (1/1).',
      'pool.start() got no place now: the pool is full (1/1).',
      'pool.add() got no place in 1 ms: the pool is full (1/1).',
      'pool.start() got no place in 2 ms: the pool is full (1/1).',
    ])
    expect([second.started, clock.now(), pool.freeCount()]).toEqual([false, 3, 1])
  })

  it('throw the error of a Timeout that they are given', () => {
    const { clock } = virtualHub()
    const pool = new Pool(0)
    const timeout = new Timeout(1)
    const waiter = spawn(() => caught(pool.start(new Greenlet(sleep), { timeoutMs: timeout })))
    clock.run()
    expect(waiter.value).toBe(timeout)
  })

  it('leave a member as it is, and take no second place', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const greenlet = new Greenlet(sleep, 1)
    const waiter = spawn(function* () {
      yield* pool.add(greenlet)
      yield* pool.add(greenlet)
      const free = pool.freeCount()
      yield* pool.start(greenlet)
      return [free, pool.freeCount(), greenlet.started]
    })
    clock.run()
    expect(waiter.value).toEqual([1, 1, true])
    expect(pool.freeCount()).toBe(2)
  })

  it('start it when it comes in', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(function* () {
      yield* pool.spawn(sleep, 3)
      yield* pool.start(new Greenlet(() => rec(`starts at ${clock.now()}`)))
    })
    clock.run()
    rec.expect(['starts at 3'])
  })

  it('refuse what is no greenlet, or has nothing to run; no place is lost', async () => {
    const pool = new Pool(1)
    expect(usage(() => pool.add(5 as never))).toBe('add() expects a Greenlet, but got 5 (number).')
    expect(usage(() => pool.start(sleep as never))).toBe('start() expects a Greenlet, but got the function sleep.')
    expect(messageOf(thrown(() => pool.start(new Greenlet())))).toMatch(/has nothing to run/u)
    expect(usage(() => pool.add(new Greenlet(sleep), { timeoutMs: -1 }))).toBe(
      'add() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(pool.freeCount()).toBe(1)
  })

  it('give the place back when the start fails after all', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const greenlet = new Greenlet(sleep, 1)
    const waiter = spawn(function* () {
      yield* pool.spawn(sleep, 1)
      return yield* caught(pool.start(greenlet))
    })
    clock.run(0)
    greenlet.run = null as never // its body is taken away
    clock.run()
    expect(messageOf(waiter.value)).toMatch(/has nothing to run/u)
    expect([pool.freeCount(), pool.size]).toEqual([1, 0])
  })
})

describe('Pool.waitAvailable()', () => {
  it('gives the number of free places, and takes none', async () => {
    const pool = new Pool(3)
    expect(await pool.waitAvailable()).toBe(3)
    const member = pool.spawnNowait(sleep, Infinity)
    expect(await pool.waitAvailable()).toBe(2)
    expect(await new Pool().waitAvailable()).toBe(1)
    await member.kill()
  })

  it('waits until one is free, behind those who asked for a place before', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(function* () {
      yield* pool.spawn(sleep, 1)
      spawn(function* () {
        yield* pool.spawn(sleep, 1)
        rec(`spawned at ${clock.now()}`)
      })
      yield* sleep(0)
      rec(`${yield* pool.waitAvailable()} free at ${clock.now()}`)
    })
    clock.run()
    rec.expect(['spawned at 1', '1 free at 2'])
  })

  it('lets those behind it have the place', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    spawn(() => pool.spawn(sleep, 1))
    spawn(function* () {
      yield* sleep(0)
      rec(`${yield* pool.waitAvailable()} free`)
    })
    spawn(function* () {
      yield* sleep(0)
      yield* pool.spawn(() => rec('runs'))
    })
    clock.run()
    rec.expect(['1 free', 'runs'])
  })

  it('gives 0 when the time has passed', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const waiter = spawn(function* () {
      const [member] = yield* fill(pool, 1)
      const answers = [yield* pool.waitAvailable({ timeoutMs: 2 }), clock.now()]
      member?.kill()
      return answers
    })
    clock.run()
    expect(waiter.value).toEqual([0, 2])
    expect(usage(() => pool.waitAvailable({ timeoutMs: -1 }))).toBe(
      'waitAvailable() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('Pool.join()', () => {
  it('waits for those as well who stand in the line', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    for (const ms of [1, 2, 3]) pool.applyAsync(sleep, [ms])
    const waiter = spawn(function* () {
      return [yield* pool.join(), clock.now()]
    })
    clock.run()
    expect(waiter.value).toEqual([true, 6])
  })
})

describe('Pool.kill()', () => {
  it('lets those who wait for a place in when it is over', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const cleaning = function* (ms: number) {
      try {
        yield* sleep(100)
      } finally {
        yield* sleep(ms)
        rec(`has cleaned up at ${clock.now()}`)
      }
    }
    pool.spawnNowait(cleaning, 1)
    pool.spawnNowait(cleaning, 5)
    for (const name of ['a', 'b']) spawn(() => pool.spawn(() => rec(`${name} runs at ${clock.now()}`)))
    spawn(function* () {
      yield* sleep(0)
      yield* pool.kill()
      rec(`killed at ${clock.now()}`)
    })
    clock.run()
    rec.expect(['has cleaned up at 1', 'has cleaned up at 5', 'killed at 5', 'a runs at 5', 'b runs at 5'])
  })

  it('lets them in as places get free when nobody waits for the kill', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    pool.spawnNowait(sleep, 100)
    spawn(() => pool.spawn(() => rec(`runs at ${clock.now()}`)))
    clock.run(1)
    pool.kill(undefined, { block: false })
    clock.run()
    rec.expect(['runs at 1'])
  })

  it('lets them in when the kill is given up', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const over = { over: false }
    pool.spawnNowait(function* () {
      while (!over.over) yield* caught(pool.waitAvailable({ timeoutMs: 1 }))
    })
    pool.spawnNowait(function* () {
      while (!over.over) {
        try {
          yield* sleep(1)
        } catch {
          // swallows it
        }
      }
    })
    spawn(() => pool.spawn(() => rec(`runs at ${clock.now()}`)))
    spawn(function* () {
      yield* sleep(0)
      yield* pool.kill(undefined, { timeoutMs: 5 })
      rec(`given up at ${clock.now()}`)
      yield* sleep(1)
      over.over = true
    })
    clock.run()
    rec.expect(['runs at 5', 'given up at 5'])
  })

  it('tells PoolFull why a place that is free is not given', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const member = pool.spawnNowait(function* () {
      try {
        yield* sleep(100)
      } finally {
        yield* sleep(5)
      }
    })
    const waiter = spawn(function* () {
      yield* sleep(1)
      return yield* caught(pool.start(new Greenlet(sleep), { timeoutMs: 1 }))
    })
    spawn(function* () {
      yield* sleep(0)
      yield* pool.kill()
    })
    clock.run()
    expect(messageOf(waiter.value)).toBe('pool.start() got no place in 1 ms: the pool is being killed.')
    expect([member.ready(), pool.freeCount()]).toEqual([true, 2])
  })

  it('lets members in while it goes on, whose clean-up may need the pool; it kills who came in', () => {
    const { clock } = virtualHub()
    const pool = new Pool(2)
    const rec = recorder()
    const cleaning = function* () {
      try {
        yield* sleep(100)
      } finally {
        const spawned = yield* pool.spawn(sleep, 1)
        rec(`spawned at ${clock.now()}`)
        rec(String(yield* caught(spawned.get())))
      }
    }
    const member = pool.spawnNowait(cleaning)
    const other = pool.spawnNowait(function* () {
      try {
        yield* sleep(100)
      } finally {
        yield* sleep(2)
      }
    })
    spawn(function* () {
      yield* sleep(0)
      yield* pool.kill()
      rec(`killed at ${clock.now()}`)
    })
    clock.run()
    rec.expect(['spawned at 2', expect.stringMatching(/was killed/u), 'killed at 2'])
    expect([member.ready(), other.ready(), pool.freeCount()]).toEqual([true, true, 2])
  })

  it('while a map runs in it: what runs is killed, the rest comes in after it', () => {
    for (const size of [1, 2, 3, 10, null]) {
      const { clock } = virtualHub()
      const pool = new Pool(size)
      const count = (size ?? 10) * 2
      const mapped = pool.mapAsync(
        sleep,
        Array.from({ length: count }, () => 100),
      )
      const killer = spawn(function* () {
        yield* sleep(0)
        yield* pool.kill()
        const at = clock.now()
        yield* mapped.join()
        return at
      })
      mapped.rawlink(() => undefined)
      clock.run()
      expect(killer.value).toBe(0)
      expect(mapped.exception).toBeInstanceOf(GreenletKilledError)
      expect([pool.size, pool.freeCount()]).toEqual([0, size ?? 1])
    }
  })
})

describe.each([1, 2, 3, 10, null])('Pool(%s)', (size) => {
  it('applies, with and without arguments', async () => {
    const pool = new Pool(size)
    const square = (n = 7): number => n * n
    expect(await pool.apply(square, [5])).toBe(25)
    expect(await pool.apply(square)).toBe(49)
    expect(await pool.apply((options: { n: number }) => square(options.n), [{ n: 3 }])).toBe(9)
    expect(pool.freeCount()).toBe(size ?? 1)
  })

  it('applies in itself without a deadlock, and works on', async () => {
    const pool = new Pool(size)
    const apply = (n: number): Operation<number> => pool.apply((m: number) => m + 1, [n])
    expect(await pool.apply(apply, [5])).toBe(6)
    expect(await pool.apply(apply, [5])).toBe(6)
  })

  it('applies without waiting: nothing runs at once, all is done later', () => {
    const { clock } = virtualHub()
    const pool = new Pool(size)
    const rec = recorder()
    const frees: number[] = []
    const greenlets = ['a', 'b', 'c'].map((name) => {
      const greenlet = pool.applyAsync(
        function* () {
          yield* sleep(1)
          rec(name)
          return name
        },
        [],
        (result) => rec(`${result} called back`),
      )
      frees.push(pool.freeCount())
      return greenlet
    })
    expect(frees).toEqual(size === null ? [1, 1, 1] : [1, 2, 3].map((n) => Math.max(0, size - n)))
    rec.expect([])
    clock.run()
    expect(greenlets.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
    expect([...rec.entries].sort()).toEqual(['a', 'a called back', 'b', 'b called back', 'c', 'c called back'])
    expect(pool.freeCount()).toBe(size ?? 1)
  })
})

describe('applyAsync() of a full pool', () => {
  it('is killed with the greenlet that it gave, before and after it got its place', () => {
    const { clock } = virtualHub()
    const pool = new Pool(1)
    const rec = recorder()
    pool.spawnNowait(sleep, 5)
    const before = pool.applyAsync(() => rec('has run'))
    const after = pool.applyAsync(function* () {
      try {
        yield* sleep(100)
      } finally {
        rec(`killed at ${clock.now()}`)
      }
    })
    clock.run(1)
    before.kill()
    clock.run(7)
    after.kill()
    clock.run()
    rec.expect(['killed at 7'])
    expect([pool.freeCount(), clock.now()]).toEqual([1, 7])
  })

  it('fails as the call does, which join({ raiseError: true }) throws, too', async () => {
    const pool = new Pool(1)
    const error = new RangeError('fails later')
    pool.spawnNowait(sleep, 1)
    const greenlet = pool.applyAsync(() => {
      throw error
    })
    expect(pool.has(greenlet)).toBe(false)
    expect(await rejection(greenlet.get())).toBe(error)
    expect(await rejection(pool.join({ raiseError: true }))).toBe(error)
  })
})

it('tells in a LoopExit that the pool is full, and of whom', async () => {
  const { hub, clock } = virtualHub()
  const pool = new Pool(1)
  const member = pool.spawnNowait(sleep, Infinity)
  member.name = 'sleeper'
  const spawning = rejectionMessage(pool.spawn(sleep).then())
  const available = rejectionMessage(pool.waitAvailable().then())
  clock.run()
  hub.raiseLoopExit()
  clock.run()
  for (const text of [await spawning, await available])
    expect(text.split('\n').slice(-3)).toEqual([
      '  main     pool.spawn()          the pool is full (1/1), for sleeper',
      '  main     pool.waitAvailable()  the pool is full (1/1), for sleeper',
      '  sleeper  sleep(Infinity)',
    ])
  member.kill()
  clock.run()
  expect([pool.add(member), pool.spawn(sleep), pool.waitAvailable(), pool.map(sleep, [])].map(String)).toEqual([
    'pool.add()',
    'pool.spawn()',
    'pool.waitAvailable()',
    'pool.map()',
  ])
})
