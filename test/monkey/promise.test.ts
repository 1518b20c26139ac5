// `yield* promise`, for every promise; and promises as they always were for everybody else.
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

describe('in plain code', () => {
  it('iterating a promise gives nothing, throws nothing, and starts nothing', () => {
    const promise = Promise.reject(new Error('handled below'))
    expect([...(promise as unknown as Iterable<unknown>)]).toEqual([])
    expect(Array.from(promise as unknown as Iterable<unknown>)).toEqual([])
    for (const _ of promise as unknown as Iterable<unknown>) expect.unreachable()
    const [first] = promise as unknown as [unknown]
    expect(first).toBeUndefined()
    expect([...(Promise.prototype as unknown as Iterable<unknown>)]).toEqual([])
    expect(getHub().outstanding).toBe(0)
    promise.catch(() => undefined)
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
