// wait and iwait: several things of any kind, in the order in which they become ready; and wait() until nothing is left.
import {
  AsyncResult,
  type Cursor,
  choose,
  Event,
  type Green,
  Greenlet,
  getcurrent,
  getHub,
  iwait,
  joinall,
  RawGreenlet,
  run,
  Semaphore,
  sleep,
  spawn,
  spawnLater,
  spawnWith,
  Timeout,
  until,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

function* after<T>(ms: number, value: T): Green<T> {
  yield* sleep(ms)
  return value
}

function* failAfter(ms: number, text: string): Green<never> {
  yield* sleep(ms)
  throw new Error(text)
}

/** Unhandled rejections from now on. */
function unhandled(): unknown[] {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => {
    reasons.push(reason)
  }
  const before = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    for (const listener of before) process.on('unhandledRejection', listener)
  })
  return reasons
}

/** Counts the listeners of a signal. */
function countedSignal(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: unknown[]) => {
    listeners++
    Reflect.apply(addEventListener, signal, args)
  }
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--
    Reflect.apply(removeEventListener, signal, args)
  }
  return { controller, signal, listeners: () => listeners }
}

const timesUp = (ms: number): unknown => expect.objectContaining({ ms })

describe('wait()', () => {
  it('gives greenlets in the order in which they end, not in that of the list', () => {
    const { clock } = virtualHub()
    const [slow, fast, middle] = [spawn(after, 30, ''), spawn(after, 10, ''), spawn(after, 20, '')]
    const seen: unknown[] = []
    spawn(function* () {
      const ready: Greenlet<string>[] = yield* wait([slow, fast, middle])
      seen.push(ready, clock.now())
    })
    clock.run()
    expect(seen).toEqual([[fast, middle, slow], 30])
  })

  it('counts those first that are ready when it begins, in the order of the list', () => {
    const { clock } = virtualHub()
    const [a, b, c] = [spawn(after, 0, ''), spawn(after, 1, ''), spawn(after, 3, '')]
    const seen: unknown[] = []
    spawn(function* () {
      yield* joinall([a, b])
      seen.push(...(yield* wait([c, b, a])))
    })
    clock.run()
    expect(seen).toEqual([b, a, c])
  })

  it('of nothing gives an empty list at once', async () => {
    expect(await wait([])).toEqual([])
    expect(await run(() => wait(new Set<Greenlet>()))).toEqual([])
  })

  it('lists twice what is given twice', async () => {
    const [a, b] = [spawn(after, 1, ''), spawn(after, 0, '')]
    expect(await wait([a, b, a])).toEqual([b, a, a])
    expect(await wait([a, a])).toEqual([a, a])
    const event = new Event()
    spawn(() => event.set())
    expect(await wait([event, event])).toEqual([event, event])
    const promise = Promise.resolve()
    expect(await wait([promise, promise])).toEqual([promise, promise])
  })

  it('takes greenlets that fail or are killed like any other, and does not read the failure', async () => {
    const reports = catchReports()
    const [bad, killed] = [spawnWith({ name: 'bad' }, failAfter, 0, 'failure'), spawn(after, 1000, '')]
    await sleep(0)
    killed.kill()
    expect(await wait([killed, bad])).toEqual([killed, bad])
    await sleep(0)
    expect(reports.map(({ name }) => name)).toEqual(['bad'])
  })

  it.each([
    [0, 0, 0],
    [1, 10, 1],
    [2, 20, 2],
    [9, 30, 3],
  ])('with count %i goes on after %i ms with %i', (count, ms, length) => {
    const { clock } = virtualHub()
    const all = [30, 10, 20].map((delay) => spawn(after, delay, ''))
    const seen: unknown[] = []
    spawn(function* () {
      const ready = yield* wait(all, { count })
      seen.push(clock.now(), ready.length)
    })
    clock.run()
    expect(seen).toEqual([ms, length])
    expect(all.map((greenlet) => greenlet.hasLinks())).toEqual([0, 0, 0])
  })

  it('with count gives no more than that of those that are ready already', async () => {
    const all = [spawn(after, 0, ''), spawn(after, 0, ''), spawn(after, 0, '')]
    await joinall(all)
    expect(await wait(all, { count: 2 })).toEqual(all.slice(0, 2))
  })

  it.each([
    ['a number', () => 10],
    ['a Timeout', () => new Timeout(10)],
    ['a Timeout with an error of its own', () => new Timeout(10, new Error('late'))],
  ])('gives a shorter list when the time has passed, and leaves nothing behind; limit: %s', (_, limit) => {
    const { clock, hub } = virtualHub()
    const [fast, slow] = [spawn(after, 5, ''), spawn(after, 50, '')]
    const event = new Event()
    const never = new Promise(() => undefined)
    const seen: unknown[] = []
    spawn(function* () {
      const ready = yield* wait([slow, fast, event, never], { timeoutMs: limit() })
      seen.push(ready, clock.now(), hub.timers.count, hub.outstanding)
    })
    clock.run(20)
    expect(seen).toEqual([[fast], 10, 1, 0])
    expect([slow.hasLinks(), event.linkcount()]).toEqual([0, 0])
    clock.run()
  })

  it('that is killed leaves no link and no timer', () => {
    const { clock, hub } = virtualHub()
    const { signal, listeners } = countedSignal()
    const [event, semaphore, result] = [new Event(), new Semaphore(0), new AsyncResult()]
    const slow = spawn(after, 50, '')
    const waiter = spawn(() =>
      wait([slow, event, event, semaphore, result, signal, new Promise(() => undefined)], { timeoutMs: 1000 }),
    )
    const links = () => [
      slow.hasLinks(),
      event.linkcount(),
      semaphore.linkcount(),
      result.linkcount(),
      listeners(),
      hub.timers.count,
      hub.outstanding,
    ]
    clock.run(1)
    expect(links()).toEqual([1, 2, 1, 1, 1, 2, 1])
    waiter.kill()
    expect(links()).toEqual([0, 0, 0, 0, 0, 1, 0])
    clock.run()
  })

  it('lets an outer Timeout pass, the very object, and leaves no link', async () => {
    const slow = spawn(after, 1000, '')
    expect(await rejection(withTimeout(1, () => wait([slow])))).toBeInstanceOf(Timeout)
    expect(slow.hasLinks()).toBe(0)
    await slow.kill()
  })

  it('of what is ready does not switch', async () => {
    const event = new Event()
    event.set()
    const rec = recorder()
    const greenlet = spawn(function* () {
      yield* wait([event])
      rec('waited')
    })
    spawn(() => {
      rec('other')
    })
    await greenlet.join()
    await sleep(0)
    rec.expect(['waited', 'other'])
  })

  it('gives an event that is set, again and again; when it is cleared it waits for it', async () => {
    const event = new Event()
    spawn(() => {
      event.set()
    })
    expect(await event.wait()).toBe(true)
    expect(await wait([event])).toEqual([event])
    expect(await wait([event])).toEqual([event])
    event.clear()
    expect(await wait([event], { timeoutMs: 1 })).toEqual([])
  })

  it('gives an event that is set for a moment only', async () => {
    const event = new Event()
    const waiter = spawn(() => wait([event]))
    spawn(() => {
      event.set()
      event.clear()
    })
    expect(await waiter.get()).toEqual([event])
  })

  it('does not take the permit of a semaphore', async () => {
    const semaphore = new Semaphore(1)
    expect(await wait([semaphore])).toEqual([semaphore])
    expect(semaphore.counter).toBe(1)
    const other = new Semaphore(0)
    spawn(() => {
      other.release()
    })
    expect(await wait([other])).toEqual([other])
    expect(other.counter).toBe(1)
  })

  it('gives an AsyncResult that has a value, or an error, which it does not throw', async () => {
    const [good, bad] = [new AsyncResult<number>(), new AsyncResult<number>()]
    spawn(() => {
      bad.setException(new Error('no'))
      good.set(1)
    })
    expect(await wait([good, bad])).toEqual([bad, good])
  })

  it('gives a promise that has settled; a rejection is not thrown, and not unhandled', async () => {
    const reasons = unhandled()
    const good = new Promise<string>((resolve) => queueMicrotask(() => resolve('good')))
    const bad = Promise.reject(new Error('no'))
    expect(await wait([good, bad])).toHaveLength(2)
    expect(await until(good)).toBe('good')
    await sleep(0)
    expect(reasons).toEqual([])
  })

  it('takes any thenable, one that answers at once and one that throws, too', async () => {
    const thenable: PromiseLike<number> = Object.freeze({
      then: (resolve: (value: number) => unknown) => {
        resolve(1)
        return Promise.resolve()
      },
    }) as never
    const broken: PromiseLike<number> = {
      then: () => {
        throw new Error('broken')
      },
    }
    expect(await wait([thenable, broken])).toEqual([thenable, broken])
  })

  it('puts on a promise one reaction, however often it is waited for', async () => {
    let reactions = 0
    const never: PromiseLike<void> = {
      then: () => {
        reactions++
        return new Promise(() => undefined)
      },
    }
    for (let n = 0; n < 5; n++) expect(await wait([never], { timeoutMs: 0 })).toEqual([])
    expect(reactions).toBe(1)
  })

  it('counts as something outside while it waits for a promise', async () => {
    let resolve: (value: unknown) => void = () => undefined
    const promise = new Promise((done) => {
      resolve = done
    })
    const waiter = spawn(() => wait([promise, spawn(after, 0, '')]))
    await sleep(0)
    expect(getHub().outstanding).toBe(1)
    resolve(1)
    await waiter.join()
    expect(getHub().outstanding).toBe(0)
  })

  it('gives an AbortSignal that is aborted, also when it was so before', async () => {
    const { controller, signal, listeners } = countedSignal()
    const waiters = [spawn(() => wait([signal])), spawn(() => wait([signal]))]
    await sleep(0)
    expect(listeners()).toBe(1)
    controller.abort()
    await joinall(waiters)
    expect(waiters.map(({ value }) => value)).toEqual([[signal], [signal]])
    expect(await wait([signal])).toEqual([signal])
  })

  it('wakes with the things mixed, each once', () => {
    const { clock } = virtualHub()
    const [event, greenlet, result] = [new Event(), spawn(after, 10, ''), new AsyncResult<number>()]
    const controller = new AbortController()
    spawn(function* () {
      yield* sleep(5)
      result.set(1)
      yield* sleep(10)
      controller.abort()
      event.set()
      event.clear()
      event.set()
    })
    const seen: unknown[] = []
    spawn(function* () {
      seen.push(...(yield* wait([event, greenlet, controller.signal, result])))
    })
    clock.run()
    expect(seen).toEqual([result, greenlet, controller.signal, event])
  })

  it('reads the iterable when it is called, once', async () => {
    const list = [spawn(after, 0, '')]
    const op = wait(list)
    list.push(spawn(after, 0, ''))
    expect([await op, await op]).toEqual([[list[0]], [list[0]]])
    await list[1]!.join()
  })

  it('for oneself is refused, unless the others are enough', async () => {
    const seen: unknown[] = []
    await run(function* () {
      const self = getcurrent() as Greenlet
      const other = spawn(after, 0, '')
      seen.push((yield* wait([self, other], { count: 1 }))[0] === other)
      try {
        yield* wait([self, other])
      } catch (error) {
        seen.push(messageOf(error))
      }
    })
    expect(seen).toEqual([true, 'Greenlet "main" waits for itself in wait(); it could never go on.'])
  })

  it('says what it waits for', () => {
    const { clock } = virtualHub()
    const slow = spawnWith({ name: 'slow' }, after, 10, '')
    const event = new Event()
    const { signal } = new AbortController()
    const three = spawn(() => wait([event, new Promise(() => undefined), signal], { timeoutMs: 10 }))
    const two = spawn(() => wait([slow, event, signal, signal, event], { timeoutMs: 10 }))
    clock.run(1)
    expect(three.$wait?.describe()).toBe(`wait() for ${String(event)}, a promise, an AbortSignal`)
    expect(two.$wait?.describe()).toBe(`wait() for "slow", ${String(event)}, an AbortSignal, 2 more`)
    expect(two.$wait?.waitsFor?.()).toEqual([slow])
    expect([wait([slow, event])].map(String)).toEqual(['wait() for 2 objects'])
    clock.run()
  })

  it('refuses what cannot be waited for, by its place', () => {
    const refused = (value: unknown) => usage(() => wait([new Event(), value] as never))
    const head = 'wait() expects greenlets, events and the like, promises or AbortSignals, but item 1 is'
    expect(refused(5)).toBe(`${head} 5 (number).`)
    expect(refused(null)).toBe(`${head} null.`)
    expect(refused(new RawGreenlet(after))).toBe(`${head} a RawGreenlet.`)
    expect(refused(sleep(10))).toBe(
      `${head} an operation.\n\n` +
        `  wait([sleep(10)])          // incorrect: a wait that nobody drives\n` +
        `  wait([spawn(sleep, 10)])   // correct`,
    )
  })

  it('refuses what is no list, and shows how one is written', () => {
    expect(usage(() => wait(5 as never))).toBe('wait() expects an iterable of what to wait for, but got 5 (number).')
    expect(usage(() => wait(sleep(1) as never))).toBe(
      'wait() expects an iterable of what to wait for, but got an operation.',
    )
    expect(usage(() => wait(new Greenlet(after, 1, '') as never))).toBe(
      'wait() expects an iterable of what to wait for, but got a Greenlet.\n\n' +
        '  wait(g)     // incorrect: one is no list\n' +
        '  wait([g])   // correct',
    )
  })

  it('refuses a wrong count and a wrong limit', () => {
    expect(usage(() => wait([], { count: -1 }))).toBe(
      'wait() expects `count` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(usage(() => wait([], { timeoutMs: -1 }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('wait() without objects', () => {
  it('gives true when nothing is left, at once and again and again', async () => {
    await spawn(after, 0, '').join()
    expect([await wait(), await wait(), await wait(null)]).toEqual([true, true, true])
    await sleep(1)
    expect(await run(() => wait())).toBe(true)
  })

  it('waits for greenlets, timers and promises', async () => {
    const rec = recorder()
    for (let twice = 0; twice < 2; twice++) {
      const later = spawnLater(1, () => {
        rec('later')
      })
      expect(await wait()).toBe(true)
      expect(later.ready()).toBe(true)
    }
    const bridge = spawn(() => until(new Promise((resolve) => setTimeout(resolve, 1))))
    expect(await wait()).toBe(true)
    expect(bridge.ready()).toBe(true)
    rec.expect(['later', 'later'])
  })

  it('gives false when the time has passed, and who lives lives on; its own timer holds nobody', async () => {
    const long = spawn(after, 10_000, '')
    for (let twice = 0; twice < 2; twice++) {
      expect(await wait(undefined, { timeoutMs: 1 })).toBe(false)
      expect(long.dead).toBe(false)
    }
    expect(await wait(null, { timeoutMs: new Timeout(1) })).toBe(false)
    await long.kill()
    expect([await wait(null, { timeoutMs: 10_000 }), await wait(undefined, { timeoutMs: 10_000 })]).toEqual([
      true,
      true,
    ])
  })

  it('does not wait for those who wait for nothing that could come', () => {
    const { clock, hub } = virtualHub()
    const event = new Event()
    const parked = spawn(() => event.wait())
    const seen: unknown[] = []
    spawn(function* () {
      yield* sleep(5)
    })
    spawn(function* () {
      seen.push(yield* wait(), clock.now())
    })
    spawn(function* () {
      seen.push(yield* wait(), clock.now())
    })
    clock.run()
    expect([seen, hub.idleWaits.size]).toEqual([[true, 5, true, 5], 0])
    parked.kill()
    clock.run()
  })

  it("is not delayed by what is unref'd", () => {
    const { clock, hub } = virtualHub()
    const seen: unknown[] = []
    const sleeper = spawn(() => sleep(10_000, { ref: false }))
    const limited = spawn(function* () {
      using _ = new Timeout(10_000, null, { ref: false }).start()
      yield* new Event().wait()
    })
    spawn(function* () {
      seen.push(yield* wait(), clock.now())
    })
    clock.run()
    expect(seen).toEqual([true, 0])
    sleeper.kill()
    limited.kill()
    clock.run()
    expect(hub.timers.count).toBe(0)
  })

  it('that is given up leaves nothing', () => {
    const { clock, hub } = virtualHub()
    const long = spawn(after, 100, '')
    const waiter = spawn(() => wait(null, { timeoutMs: 1000 }))
    clock.run(1)
    expect([waiter.$wait?.describe(), hub.idleWaits.size, hub.timers.count]).toEqual(['wait()', 1, 2])
    waiter.kill()
    expect([hub.idleWaits.size, hub.timers.count]).toEqual([0, 1])
    long.kill()
    clock.run()
    expect([wait()].map(String)).toEqual(['wait()'])
  })

  it('in two branches of a choice is given up by the one that is told first', async () => {
    const [won, value] = await run(function* () {
      return yield* choose({ a: wait(), b: wait() })
    })
    expect([won, value, getHub().idleWaits.size]).toEqual(['a', true, 0])
  })

  it('lets a Timeout pass that runs already', async () => {
    const long = spawn(after, 1000, '')
    const error = await rejection(
      run(function* () {
        using timeout = Timeout.startNew(1)
        yield* wait(null, { timeoutMs: timeout })
      }),
    )
    expect(error).toEqual(timesUp(1))
    await long.kill()
  })
})

describe('iwait()', () => {
  function* readAll<T>(cursor: Cursor<T>): Green<T[]> {
    const values: T[] = []
    while (yield* cursor.next()) values.push(cursor.value)
    return values
  }

  it('gives each when it is ready', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const workers = [30, 10, 20].map((ms) => spawn(after, ms, ms))
    spawn(function* () {
      const done = iwait(workers)
      while (yield* done.next()) rec(`${done.value.value} at ${clock.now()}`)
      rec(`over: ${yield* done.next()}`)
    })
    clock.run()
    rec.expect(['10 at 10', '20 at 20', '30 at 30', 'over: false'])
  })

  it('gives the semaphore that is released', async () => {
    const [one, two] = [new Semaphore(0), new Semaphore(0)]
    spawn(() => {
      one.release()
    })
    await run(function* () {
      using ready = iwait([one, two])
      expect(yield* ready.next()).toBe(true)
      expect(ready.value).toBe(one)
    })
    expect([one.linkcount(), two.linkcount(), one.counter]).toEqual([0, 0, 1])
  })

  it('links nothing before the first next(), keeps the links between two, and using leaves none', async () => {
    const [first, second] = [new Semaphore(1), new Semaphore(0)]
    await run(function* () {
      {
        using ready = iwait([second, first], { timeoutMs: 1000 })
        expect(second.linkcount()).toBe(0)
        yield* ready.next()
        expect([ready.value, second.linkcount()]).toEqual([first, 1])
      }
      expect([second.linkcount(), getHub().timers.count]).toEqual([0, 0])
    })
  })

  it('loses nothing that becomes ready while the reader does something else', () => {
    const { clock } = virtualHub()
    catchReports()
    const event = new Event()
    const finished = spawn(after, 0, 'finished')
    const workers = [finished, spawn(failAfter, 5, 'no'), spawn(after, 15, 'c'), spawn(after, 25, 'd')]
    spawn(function* () {
      yield* sleep(12)
      event.set()
      event.clear()
    })
    const seen: unknown[] = []
    spawn(function* () {
      yield* finished.join()
      const ready = iwait([...workers, event])
      while (yield* ready.next()) {
        seen.push(ready.value)
        yield* sleep(10)
      }
    })
    clock.run()
    expect(seen).toEqual([workers[0], workers[1], event, workers[2], workers[3]])
  })

  it('of nothing is over at once', async () => {
    expect(await run(() => readAll(iwait([])))).toEqual([])
  })

  it('gives what is given twice twice', async () => {
    const [a, b] = [spawn(after, 1, ''), spawn(after, 0, '')]
    expect(await run(() => readAll(iwait([a, b, a])))).toEqual([b, a, a])
    expect(await run(() => readAll(iwait([a, a, b])))).toEqual([a, a, b])
    expect([a.hasLinks(), b.hasLinks()]).toEqual([0, 0])
  })

  it('with count gives no more than that, and unlinks the rest as soon as they are there', async () => {
    const [a, b, c] = [spawn(after, 0, ''), spawn(after, 0, ''), spawn(after, 1000, '')]
    await run(function* () {
      const ready = iwait([c, a, b], { count: 2 })
      yield* ready.next()
      yield* sleep(0)
      expect([ready.value, c.hasLinks()]).toEqual([a, 0])
      yield* ready.next()
      expect([ready.value, yield* ready.next()]).toEqual([b, false])
    })
    await c.kill()
  })

  it('ends without a word when its time has passed, with the links', () => {
    const { clock, hub } = virtualHub()
    const [fast, slow] = [spawn(after, 5, 'fast'), spawn(after, 50, 'slow')]
    const seen: unknown[] = []
    spawn(function* () {
      yield* sleep(2)
      const ready = iwait([slow, fast], { timeoutMs: 10 })
      while (yield* ready.next()) seen.push(ready.value, clock.now())
      seen.push('over', clock.now(), hub.timers.count, slow.hasLinks(), yield* ready.next())
    })
    clock.run()
    expect(seen).toEqual([fast, 5, 'over', 12, 1, 0, false])
  })

  it('counts its time from the first next(), over all of them, and gives what was ready in time', () => {
    const { clock, hub } = virtualHub()
    const [a, b, late] = [spawn(after, 2, 'a'), spawn(after, 8, 'b'), spawn(after, 15, 'late')]
    const seen: unknown[] = []
    spawn(function* () {
      const ready = iwait([a, b, late], { timeoutMs: new Timeout(10) })
      yield* ready.next()
      seen.push(ready.value, hub.timers.count)
      yield* sleep(20)
      seen.push(yield* ready.next(), ready.value, yield* ready.next(), clock.now(), late.hasLinks())
    })
    clock.run()
    expect(seen).toEqual([a, 2, true, b, false, 22, 0])
  })

  it('is over when its time has passed while the reader did something else', () => {
    const { clock } = virtualHub()
    const [a, slow] = [spawn(after, 2, 'a'), spawn(after, 100, 'slow')]
    const seen: unknown[] = []
    spawn(function* () {
      const ready = iwait([a, slow], { timeoutMs: 10 })
      yield* ready.next()
      yield* sleep(20)
      seen.push(slow.hasLinks(), yield* ready.next(), clock.now(), slow.hasLinks())
    })
    clock.run()
    expect(seen).toEqual([1, false, 22, 0])
  })

  it('is cleaned up by a Timeout in a next(), and can be read on', () => {
    const { clock } = virtualHub()
    const [slow, fast] = [spawn(after, 50, ''), spawn(after, 20, '')]
    const seen: unknown[] = []
    spawn(function* () {
      const ready = iwait([slow, fast])
      const timeout = new Timeout(10).start()
      try {
        yield* ready.next()
      } catch (error) {
        seen.push(error === timeout, slow.hasLinks(), fast.hasLinks())
      }
      seen.push(...(yield* readAll(ready)))
    })
    clock.run()
    expect(seen).toEqual([true, 0, 0, fast, slow])
  })

  it('that is killed in a next() leaves no link', async () => {
    const slow = spawn(after, 1000, '')
    const reader = spawn(() => readAll(iwait([slow, new Promise(() => undefined)], { timeoutMs: 1000 })))
    await sleep(0)
    expect([slow.hasLinks(), getHub().timers.count, getHub().outstanding]).toEqual([1, 2, 1])
    reader.kill()
    expect([slow.hasLinks(), getHub().timers.count, getHub().outstanding]).toEqual([0, 1, 0])
    await slow.kill()
  })

  it('that is disposed of while one waits in next() ends that wait', async () => {
    const slow = spawn(after, 1000, '')
    const ready = iwait([slow])
    const reader = spawn(() => ready.next())
    await sleep(0)
    ready[Symbol.dispose]()
    expect(slow.hasLinks()).toBe(0)
    expect(await reader.get()).toBe(false)
    await slow.kill()
  })

  it('is read by one greenlet at a time', async () => {
    const slow = spawn(after, 2, '')
    const ready = iwait([slow])
    const first = spawnWith({ name: 'first' }, () => ready.next())
    const second = spawnWith({ name: 'second' }, () => ready.next())
    expect(messageOf(await rejection(second.get()))).toBe(
      'Greenlet "second" waits in iwait().next(), where "first" waits already.',
    )
    expect(await first.get()).toBe(true)
  })

  it('is read by async code with for await, and leaving the loop unlinks the rest', async () => {
    const [slow, fast] = [spawn(after, 1000, ''), spawn(after, 1, '')]
    const seen: unknown[] = []
    for await (const ready of iwait([slow, fast])) {
      seen.push(ready, slow.hasLinks())
      break
    }
    expect(seen).toEqual([fast, 1])
    expect(slow.hasLinks()).toBe(0)
    await slow.kill()
  })

  it('for the caller alone is refused', async () => {
    const error = await rejection(
      run(function* () {
        yield* iwait([getcurrent() as Greenlet]).next()
      }),
    )
    expect(messageOf(error)).toBe('Greenlet "main" waits for itself in iwait(); it could never go on.')
  })

  it('says what it waits for', () => {
    const { clock } = virtualHub()
    const slow = spawnWith({ name: 'slow' }, after, 10, '')
    const ready = iwait([slow])
    const reader = spawn(() => ready.next())
    clock.run(1)
    expect([reader.$wait?.describe(), reader.$wait?.waitsFor?.(), ...[ready.next()].map(String)]).toEqual([
      'iwait() for "slow"',
      [slow],
      'iwait().next()',
    ])
    clock.run()
  })

  it('refuses at the call what wait() refuses', () => {
    expect(usage(() => iwait([5] as never))).toBe(
      'iwait() expects greenlets, events and the like, promises or AbortSignals, but item 0 is 5 (number).',
    )
    expect(usage(() => iwait(5 as never))).toBe('iwait() expects an iterable of what to wait for, but got 5 (number).')
    expect(usage(() => iwait(sleep(1) as never))).toBe(
      'iwait() expects an iterable of what to wait for, but got an operation.',
    )
    expect(usage(() => iwait([], { count: 0.5 }))).toBe(
      'iwait() expects `count` to be an integer, 0 or more, but got 0.5 (number).',
    )
    expect(usage(() => iwait([], { timeoutMs: Number.NaN }))).toBe(
      'iwait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got NaN.',
    )
  })
})
