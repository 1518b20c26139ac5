// Tests of `greenloop/testing/vitest`, by itself: these are its tests. What it prints when they fail: runners.test.ts.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { BoundedSemaphore, getcurrent, joinall, RawGreenlet, sleep, spawn, until } from 'greenloop'
import { greenIt, virtual } from 'greenloop/testing'
import { expect, it, test } from 'greenloop/testing/vitest'
import { afterAll, afterEach, beforeAll, describe, vi, it as vitestIt } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message } from '../../support/thrown.ts'

checkLeaks()

describe('it', () => {
  it('is vitest’s', ({ task }) => {
    expect(task.name).toBe('is vitest’s')
    expect(it).not.toBe(vitestIt)
    expect(test).toBe(it)
    expect('green' in vitestIt).toBe(false)
  })

  it.each([1, 2])('has what vitest’s has: each, %i', (number) => {
    expect(number).toBeGreaterThan(0)
  })

  it.for([1, 2])('has what vitest’s has: for, %i', (number, { task }) => {
    expect(task.name).toContain(String(number))
  })

  it.skipIf(true)('has what vitest’s has: skipIf', () => {
    throw new Error('run')
  })

  it.fails('has what vitest’s has: fails', () => {
    throw new Error('no')
  })

  const extended = it.extend('price', 42)

  extended('has what vitest’s has: extend', ({ price }) => {
    expect(price).toBe(42)
  })

  const prepared: string[] = []
  const { green } = greenIt(
    it.extend<{ account: string }>({
      account: [
        async ({ task }, use) => {
          prepared.push(task.name)
          await use('account')
        },
        { auto: true },
      ],
    }),
  )

  green('can be extended before it is made green', function* () {
    yield* sleep(1000)
    expect(prepared).toEqual(['can be extended before it is made green'])
  })
})

describe('it.green', () => {
  it.green('lets an hour pass at once', function* (t) {
    yield* sleep(3_600_000)
    expect(t.now()).toBe(3_600_000)
  })

  it.green('takes options, ours and vitest’s', { realIO: 'forbid', timeout: 1000, retry: 1 }, function* () {
    yield* sleep(10)
  })

  it.green.skip('has skip', () => {
    throw new Error('run')
  })

  it.green('takes a plain function', () => {
    expect(getcurrent().name).toBe('main')
  })
})

describe('it.explore', () => {
  it.explore('runs every schedule', { independence: 'tracked' }, function* (t) {
    const account = t.shared({ balance: 0 })
    const lock = new BoundedSemaphore(1)
    function* deposit() {
      yield* lock.acquire()
      const before = account.balance
      yield* sleep(10)
      account.balance = before + 1
      lock.release()
    }
    yield* joinall([spawn(deposit), spawn(deposit)])
    expect(account.balance).toBe(2)
  })

  it('notes what it has seen', ({ task }) => {
    const { tasks } = task.suite!
    expect(tasks.map(({ meta }) => meta.greenloop?.summary)).toEqual([
      expect.stringMatching(/^\d+ different schedules, all there are /u),
      undefined,
      undefined,
    ])
  })

  it.explore.skip('has skip', () => {
    throw new Error('run')
  })
})

describe('it.fuzz', () => {
  it.fuzz('runs many schedules', { runs: 10, seed: 42 }, function* () {
    yield* joinall([1, 2, 3].map((ms) => spawn(sleep, ms)))
  })
})

describe('fake timers', () => {
  vi.useFakeTimers()
  afterAll(() => {
    vi.useRealTimers()
  })

  it.green('do not move the clock of a green test', function* (t) {
    yield* sleep(1000)
    expect(t.now()).toBe(1000)
    expect(vi.isFakeTimers()).toBe(true)
  })

  it.green('do not hold up what is real', function* () {
    const server = createServer().listen(0, '127.0.0.1')
    yield* until(once(server, 'listening'))
    yield* until(new Promise((resolve) => server.close(resolve)))
  })

  it.explore('do not move the clock of an explored test', function* (t) {
    yield* joinall([spawn(sleep, 10), spawn(sleep, 10)])
    expect(t.now()).toBe(10)
  })
})

describe.concurrent('in a suite whose tests run side by side', () => {
  const running = new Set<string>()

  for (const name of ['one', 'another']) {
    it.green(`${name} runs alone`, function* () {
      running.add(name)
      yield* until(new Promise((resolve) => setImmediate(resolve)))
      expect([...running]).toEqual([name])
      running.delete(name)
    })
  }
})

describe('what hooks open and close', () => {
  let before: Server
  let during: Server | undefined

  beforeAll(async () => {
    before = createServer().listen(0, '127.0.0.1')
    await once(before, 'listening')
  })

  afterEach(() => {
    during?.close()
  })

  afterAll(() => {
    before.close()
  })

  it.green('is not left behind by the test', function* () {
    during = createServer().listen(0, '127.0.0.1')
    yield* until(once(during, 'listening'))
  })
})

describe('expect', () => {
  const switching = () =>
    virtual(function* (t) {
      const main = getcurrent()
      t.mark('before')
      const f1: RawGreenlet = new RawGreenlet(function* f1() {
        yield* f2.switch()
        yield* main.switch()
      })
      const f2 = new RawGreenlet(function* f2() {
        t.mark('after')
        yield* f1.switch()
      })
      yield* f1.switch()
    })

  it('has matchers for traces', async () => {
    const { trace } = await switching()
    expect(trace).toSwitchExactly(['main', 'f1', 'f2', 'f1', 'main'])
    expect(trace).toHaveHappenedBefore('before', 'after')
    expect(trace).toInterleave('f1', 'f2')
    expect(trace).not.toInterleave('f1', 'f3')
  })

  it('says what was wanted and what came', async () => {
    const { trace } = await switching()
    expect(message(() => expect(trace).toSwitchExactly(['main', 'f1', 'main']))).toMatch(
      /^The greenlets did not switch as they were to, from number 2 on\.\n/u,
    )
  })
})
