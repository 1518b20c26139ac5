// await in plain code: who waits in the place of main, and when it goes on.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  GreenletExit,
  getcurrent,
  getHub,
  LoopExit,
  type Operation,
  RawGreenlet,
  setDebug,
  settrace,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Described } from '../../src/errors/usage.ts'
import { type Coroutine, kernel } from '../../src/greenlet/kernel.ts'
import { ready, type Step } from '../../src/greenlet/operation.ts'
import { Agent, ownerOf } from '../../src/waiting/agent.ts'
import { HubOperation } from '../../src/waiting/operation.ts'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** An operation whose `begin` is a function of the test. */
class Begin<T> extends HubOperation<T> {
  readonly #begin: (greenlet: Coroutine) => Step<T>

  constructor(begin: (greenlet: Coroutine) => Step<T>) {
    super()
    this.#begin = begin
  }

  override begin(greenlet: Coroutine): Step<T> {
    return this.#begin(greenlet)
  }

  override toString(): string {
    return 'begin()'
  }
}

/** A Waiter that has its value. */
function full<T>(value: T): Waiter<T> {
  const waiter = new Waiter<T>()
  waiter.switch(value)
  return waiter
}

describe('await in plain code', () => {
  it('gives the value, of an operation that is ready and of one that is not', async () => {
    const waiter = new Waiter<string>()
    const waiting = waiter.get().then((value) => value)
    waiter.switch('handed over')
    expect(await waiting).toBe('handed over')
    expect(await waiter.get()).toBe('handed over')
  })

  it('throws the error, of an operation that fails at once and of one that fails later', async () => {
    const error = new Error('mine')
    const waiter = new Waiter<string>()
    const waiting = rejection(waiter.get())
    await Promise.resolve()
    waiter.throw(error)
    expect(await waiting).toBe(error)
    expect(await rejection(waiter.get())).toBe(error)
  })

  it('runs no greenlet for an operation of one step', async () => {
    const { made } = getHub()
    const events: string[] = []
    settrace((event, from, to) => {
      events.push(`${event} ${from.name} ${to.name}`)
    })
    await sleep(0)
    await sleep(1)
    await full('value').get()
    settrace(null)
    expect([getHub().made, events]).toEqual([made, []])
  })

  it('begins at the await and not before; each await waits anew', async () => {
    let begun = 0
    const operation = new Begin(() => ready(++begun))
    await Promise.resolve()
    expect(begun).toBe(0)
    expect([await operation, await operation]).toEqual([1, 2])
  })

  it('takes its turn among the greenlets: it goes on when those before it have run', async () => {
    const { clock } = virtualHub() // no slice is cut short
    const rec = recorder()
    const waiter = new Waiter<void>()
    const waiting = waiter.get().then(() => {
      rec('main')
    })
    spawn(() => {
      rec('first')
    })
    waiter.switch()
    rec('woken')
    spawn(function* () {
      rec('second')
      yield* sleep(0)
      rec('second again')
    })
    clock.run()
    await waiting
    // The promise of main is settled in its turn; Node runs what follows when the slice is over.
    rec.expect(['woken', 'first', 'second', 'second again', 'main'])
  })

  it('of sleep(0) lets everybody run who is ready', async () => {
    const rec = recorder()
    for (const name of ['a', 'b']) spawn(rec, name)
    await sleep(0)
    rec.expect(['a', 'b'])
  })

  it('of many at once gives each its own, and each in its time', async () => {
    const { clock, hub } = virtualHub()
    const times: number[] = []
    const all = Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        await sleep(n % 10)
        times.push(clock.now())
        return n
      }),
    )
    await Promise.resolve()
    await Promise.resolve()
    expect([hub.mainWaits.size, hub.timers.count]).toEqual([900, 900]) // sleep(0) is ready already
    while (times.length < 1000) {
      clock.run(clock.now() + 1)
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
    }
    expect(await all).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('goes on in the async context of the code that awaits', async () => {
    const storage = new AsyncLocalStorage<string>()
    const waiter = new Waiter<void>()
    const awaiting = [
      storage.run('one', async () => {
        await waiter.get()
        return storage.getStore()
      }),
      storage.run('two', async () => {
        await withTimeout(1000, sleep, 1)
        return storage.getStore()
      }),
      storage.run('three', async () => {
        await full('value').get()
        return storage.getStore()
      }),
    ]
    storage.run('the one who wakes', () =>
      spawn(() => {
        waiter.switch()
      }),
    )
    expect(await Promise.all(awaiting)).toEqual(['one', 'two', 'three'])
    expect(storage.getStore()).toBe(undefined)
  })

  it('in an async body of a greenlet waits as plain code: the greenlet waits for the promise', async () => {
    const waiter = new Waiter<string>()
    const names: string[] = []
    const greenlet = spawnWith({ name: 'async' }, async () => {
      names.push(getcurrent().name)
      const value = await waiter.get()
      names.push(getcurrent().name)
      return value
    })
    await sleep(1)
    waiter.switch('value')
    expect([await greenlet.get(), names]).toEqual(['value', ['async', 'main']])
  })

  it('then() in the middle of a greenlet begins the wait there, and disturbs neither', async () => {
    const rec = recorder()
    const waiter = new Waiter<string>()
    const greenlet = spawn(function* () {
      void waiter.get().then(rec)
      void full('at once').get().then(rec)
      void withTimeout(1000, sleep, 0).then(() => {
        rec('composed')
      })
      const value = yield* full('own value').get()
      rec(value)
      yield* sleep(0)
      waiter.switch('handed over')
      yield* sleep(1)
    })
    await greenlet.get()
    expect([...rec.entries].sort()).toEqual(['at once', 'composed', 'handed over', 'own value'])
    expect(rec.entries[0]).toBe('own value')
  })

  it('calls nobody before then() has returned', async () => {
    const rec = recorder()
    const promise = full('value')
      .get()
      .then((value) => {
        rec(value)
      })
    rec('then() has returned')
    await promise
    rec.expect(['then() has returned', 'value'])
  })

  it('is served by agents, whose owner is main', async () => {
    const seen: Coroutine[] = []
    await new Begin((greenlet) => {
      seen.push(greenlet, ownerOf(greenlet))
      return ready(undefined)
    })
    expect(seen[0]).toBeInstanceOf(Agent)
    expect(seen[1]).toBe(kernel.main)
    expect(seen.map(({ name }) => name)).toEqual(['main', 'main'])
  })

  it('is not disturbed by an operation that fails in the middle of its beginning', async () => {
    const error = new Error('begin')
    const agents: Coroutine[] = []
    const failing = new Begin<void>((greenlet) => {
      agents.push(greenlet)
      throw error
    })
    expect(await rejection(failing)).toBe(error)
    expect(await new Begin((greenlet) => ready(agents.includes(greenlet)))).toBe(false)
    expect(await full('value').get()).toBe('value')
  })

  it('is not disturbed by an operation whose beginning awaits others', async () => {
    const waiter = new Waiter<string>()
    const inner: Promise<string>[] = []
    const agents = new Set<Coroutine>()
    const outer: Operation<string> = new Begin((greenlet) => {
      agents.add(greenlet)
      for (const get of [waiter.get(), full('inner').get(), new Begin((agent) => ready(String(agents.has(agent))))])
        inner.push(get.then((value) => value) as Promise<string>)
      return ready('outer')
    })
    expect(await outer).toBe('outer')
    waiter.switch('late')
    expect(await Promise.all(inner)).toEqual(['late', 'inner', 'false'])
  })

  it('takes what comes while it begins', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable that answers at once is what is tested
      then(onFulfilled: (value: string) => void): void {
        onFulfilled('at once')
      },
    }
    expect(await until(thenable as PromiseLike<string>)).toBe('at once')
  })

  it('rejects with LoopExit when nothing is left that could end it, and leaves nothing', async () => {
    const { hub, clock } = virtualHub()
    const waiter = new Waiter<string>()
    const waiting = rejection(waiter.get().then())
    hub.raiseLoopExit()
    clock.run()
    expect(await waiting).toBeInstanceOf(LoopExit)
    const again = waiter.get().then((value) => value) // nobody stands in the waiter any more
    waiter.switch('later')
    clock.run()
    expect(await again).toBe('later')
  })

  it('of an operation of several steps that ends by GreenletExit throws that', async () => {
    const exit = new GreenletExit()
    const leave = (): void => {
      throw exit
    }
    expect(await rejection(withTimeout(1000, leave))).toBe(exit)
  })

  it('of an operation of several steps that ends by a Timeout throws that', async () => {
    const timeout = new Timeout(1)
    expect(await rejection(timeout.run(sleep, 1000))).toBe(timeout)
  })

  it('marks the operation as driven in debug mode', async () => {
    const before = setDebug(true)
    const driven: string[] = []
    const { debug } = kernel
    const { operationAwaited } = debug as { operationAwaited: (operation: Described, agent: Coroutine) => void }
    const note = (operation: Described, agent: Coroutine): void => {
      driven.push(`${String(operation)} by ${agent.name}`)
      Reflect.apply(operationAwaited, debug, [operation, agent])
    }
    onTestFinished(() => {
      setDebug(before)
    })
    Object.assign(debug as object, { operationAwaited: note })
    await sleep(1)
    await full('value').get()
    await withTimeout(1000, sleep, 0)
    expect(driven).toEqual(['sleep(1) by main', 'waiter.get() by main', 'withTimeout(1000, sleep) by main'])
  })

  it('of a switch() is finished by whoever switches back', async () => {
    const main = getcurrent()
    const raw = new RawGreenlet(function* () {
      yield* sleep(1)
      yield* main.switch('back')
    })
    expect(await raw.switch()).toBe('back')
    raw.throw()
  })
})
