// `yield* promise`, for every promise; and promises as they always were for everybody else.
import { once } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { type Green, GreenletExit, getHub, joinall, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catchUnhandled, killedIn } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()
beforeEach(() => {
  monkey.patchAll({ dns: false, net: false, fetch: false })
})
afterEach(() => {
  monkey.unpatchAll()
})

/** A body that drives a promise. */
function* drive<T>(promise: Promise<T>): Green<T> {
  return yield* promise
}

describe('in a greenlet', () => {
  it('`yield* promise` gives what it is fulfilled with, now or later', async () => {
    await run(function* () {
      expect(yield* Promise.resolve('now')).toBe('now')
      expect(yield* new Promise((resolve) => setTimeout(resolve, 2, 'later'))).toBe('later')
      expect(yield* (async () => 'async')()).toBe('async')
    })
  })

  it('throws what it is rejected with, now or later', async () => {
    const reason = new RangeError('rejected')
    expect(await rejection(run(drive, Promise.reject(reason)))).toBe(reason)
    const later = new Promise((_, reject) => setTimeout(reject, 2, reason))
    expect(await rejection(run(drive, later))).toBe(reason)
    expect(await rejection(run(drive, Promise.reject('a string')))).toBe('a string')
  })

  it('drives an instance of a subclass, and calls its own `then`', async () => {
    let thens = 0
    class Counted<T> extends Promise<T> {
      override then<A = T, B = never>(
        onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
        onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        thens++
        return super.then(onFulfilled, onRejected)
      }
    }
    const promise = new Counted<string>((resolve) => setTimeout(resolve, 1, 'counted'))
    expect(await run(drive, promise)).toBe('counted')
    expect(thens).toBeGreaterThan(0)
  })

  it('drives an instance of a subclass whose `then` calls back at once, and waits again afterwards', async () => {
    class Eager<T> extends Promise<T> {
      override then<A = T>(onFulfilled?: ((value: T) => A | PromiseLike<A>) | null): Promise<A> {
        onFulfilled?.('eager' as T)
        return new Promise(() => undefined)
      }
    }
    const greenlet = spawn(function* () {
      const value = yield* new Eager<string>(() => undefined)
      yield* sleep(1)
      return value
    })
    expect(await greenlet.get()).toBe('eager')
  })

  it('drives all of Promise.all, allSettled, race and any', async () => {
    const later = (value: number): Promise<number> => new Promise((resolve) => setTimeout(resolve, value, value))
    await run(function* () {
      expect(yield* Promise.all([later(3), Promise.resolve('two')])).toEqual([3, 'two'])
      expect(yield* Promise.race([later(50), later(1)])).toBe(1)
      expect(yield* Promise.any([Promise.reject(new Error('no')), later(2)])).toBe(2)
      expect(yield* Promise.allSettled([later(1)])).toEqual([{ status: 'fulfilled', value: 1 }])
    })
  })

  it('lets the others run, and several greenlets may drive one promise', async () => {
    const order: string[] = []
    const promise = new Promise<string>((resolve) => setTimeout(resolve, 5, 'settled'))
    const waiting = ['a', 'b'].map((name) =>
      spawn(function* () {
        order.push(`${name} ${yield* promise}`)
      }),
    )
    const other = spawn(() => order.push('other'))
    await joinall([...waiting, other])
    expect(order).toEqual(['other', 'a settled', 'b settled'])
  })

  it('a kill or a timeout ends the wait at once, and a late rejection is dropped', async () => {
    const unhandled = catchUnhandled()
    const late = (): Promise<never> => new Promise((_, reject) => setTimeout(reject, 20, new Error('late')))
    const victim = killedIn(late())
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(await rejection(withTimeout(1, drive, late()))).toBeInstanceOf(Timeout)
    expect(getHub().outstanding).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(unhandled).toEqual([])
  })

  it('a greenlet that was killed just before it drives one drops a late rejection, too', async () => {
    const unhandled = catchUnhandled()
    function* body(): Green<void> {
      victim.kill()
      yield* new Promise<void>((_, reject) => setTimeout(reject, 2, new Error('late')))
    }
    const victim = spawn(body)
    await victim.join()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(unhandled).toEqual([])
  })
})

it('where a sandbox has a Promise of its own, those of Node are driven, too', async () => {
  monkey.unpatchAll()
  const { Promise: own } = globalThis
  globalThis.Promise = class extends own<unknown> {} as PromiseConstructor
  const patched = monkey.patchPromise()
  const theirs = Promise.resolve('of the sandbox')
  globalThis.Promise = own
  const body = function* (): Green<unknown> {
    return [yield* theirs, yield* (async () => 'of Node')()]
  }
  expect(await run(body)).toEqual(['of the sandbox', 'of Node'])
  patched[Symbol.dispose]()
  expect([Symbol.iterator in theirs, Symbol.iterator in own.prototype]).toEqual([false, false])
})

describe.each<[where: string, call: <T>(fn: () => T) => T | Promise<T>]>([
  ['plain code', (fn) => fn()],
  ['a greenlet', (fn) => run(fn)],
])("Node's streams, asked in %s,", (_, call) => {
  it('are made of a promise and of a blob', async () => {
    const ofPromise = await call(() => Duplex.from(Promise.resolve('settled')))
    expect(await ofPromise.toArray()).toEqual(['settled'])
    const ofBlob = await call(() => Duplex.from(new Blob(['data'])))
    expect((await ofBlob.toArray()).map((part) => Buffer.from(part as ArrayBuffer).toString())).toEqual(['data'])
    const ofTimer = await call(() => Duplex.from(delay(1, 'late')))
    expect(await ofTimer.toArray()).toEqual(['late'])
    const failing = await call(() => Duplex.from(Promise.reject(new RangeError('rejected'))))
    expect(await rejection(failing.toArray())).toEqual(new RangeError('rejected'))
  })

  it('are read', async () => {
    const read = async (): Promise<unknown> => Duplex.from(Promise.resolve('settled')).toArray()
    expect(await call(() => read())).toEqual(['settled'])
  })
})

it('in a greenlet, who iterates a promise without `yield*` drives nothing, and finds the promise', async () => {
  const promise = Promise.resolve(5)
  const timer = delay(1)
  await run(function* () {
    for (const each of [promise, timer]) expect([...(each as unknown as Iterable<unknown>)]).toEqual([each])
    expect({ promise }).toEqual({ promise })
    expect({ promise }).not.toEqual({ promise: 5 })
    expect(isDeepStrictEqual({ promise }, { promise })).toBe(true)
    expect(yield* promise).toBe(5)
  })
})

describe('in plain code', () => {
  it("Node's streams wait for an async function, and fail with it", async () => {
    let ended = false
    const sink = Duplex.from(async (source: AsyncIterable<unknown>) => {
      for await (const _ of source);
      await delay(2)
      ended = true
    })
    sink.end('data')
    await once(sink, 'finish')
    expect(ended).toBe(true)
    const failing = Duplex.from(async () => Promise.reject(new RangeError('rejected')))
    failing.end('data')
    expect(await once(failing, 'error')).toEqual([new RangeError('rejected')])
  })

  it('a promise has no iterator: iterating one by mistake is refused as ever', async () => {
    const promise = Promise.resolve([1]) as unknown as Iterable<unknown>
    const ofTimers = delay(1) as unknown as Iterable<unknown>
    for (const each of [promise, ofTimers]) {
      expect(each[Symbol.iterator]).toBeUndefined()
      expect(() => [...each]).toThrow(TypeError)
      expect(await rejection(Promise.all(each))).toBeInstanceOf(TypeError)
      expect(() => Readable.from(each)).toThrow(/must be an instance of Iterable/u)
    }
    expect(getHub().outstanding).toBe(0)
  })

  it('it can be given an iterator of its own, as any object', () => {
    for (const promise of [Promise.resolve(1), delay(1)]) {
      const own = function* (): Generator<number> {
        yield 1
      }
      Reflect.set(promise, Symbol.iterator, own)
      expect(Object.getOwnPropertyDescriptor(promise, Symbol.iterator)).toEqual({
        value: own,
        configurable: true,
        enumerable: true,
        writable: true,
      })
    }
    expect(Symbol.iterator in Promise.resolve()).toBe(true)
    expect(Object.hasOwn(Promise.resolve(), Symbol.iterator)).toBe(false)
  })

  it('the iterator does not show', () => {
    const promise = Promise.resolve(5)
    expect(Object.keys(promise)).toEqual([])
    expect(inspect(promise)).toBe('Promise { 5 }')
    const seen: string[] = []
    for (const key in promise) seen.push(key)
    expect(seen).toEqual([])
  })

  it('test tools compare them as before', () => {
    const p = Promise.resolve(5)
    expect({ p }).toEqual({ p })
    expect({ p }).toStrictEqual({ p })
    expect([p, { deep: [p] }]).toEqual([p, { deep: [p] }])
    expect({ p }).not.toEqual({ p: 5 })
    expect(isDeepStrictEqual({ p }, { p })).toBe(true)
    expect(getHub().outstanding).toBe(0)
  })

  it('a rejection that nobody handles is reported as before', async () => {
    const unhandled = catchUnhandled()
    const reason = new RangeError('nobody')
    void Promise.reject(reason)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(unhandled).toEqual([reason])
  })
})
