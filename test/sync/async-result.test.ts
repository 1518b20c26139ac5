// AsyncResult: a value, or an error, that is there some day.
import {
  AsyncResult,
  type Greenlet,
  GreenletExit,
  LoopExit,
  type Operation,
  Queue,
  setDebug,
  sleep,
  spawn,
  Timeout,
  UsageError,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, rejection, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What a result tells of itself, without waiting. */
const stateOf = (result: AsyncResult) => [result.ready(), result.successful(), result.value, result.exception]

describe('set() and setException()', () => {
  it('are what ready(), successful(), value and exception tell', () => {
    const result = new AsyncResult<number>()
    expect([stateOf(result), String(result)]).toEqual([[false, false, undefined, null], 'AsyncResult (unset)'])
    result.set(1)
    expect([stateOf(result), String(result)]).toEqual([[true, true, 1, null], 'AsyncResult (value)'])
    const failed = new AsyncResult()
    const error = new Error('bad news')
    failed.setException(error)
    expect([stateOf(failed), String(failed)]).toEqual([[true, false, undefined, error], 'AsyncResult (error)'])
  })

  it('keep the last value when set() is called again', async () => {
    const result = new AsyncResult<number>()
    result.set(1)
    result.set(2)
    expect([await result.get(), result.value]).toEqual([2, 2])
  })

  it('keep an error beside a value that came before: get() gives the value', async () => {
    const result = new AsyncResult<number>()
    const error = new Error('late')
    result.set(1)
    result.setException(error)
    expect([await result.get(), await result.wait(), result.getNowait()]).toEqual([1, 1, 1])
    expect(stateOf(result)).toEqual([true, true, 1, error])
  })

  it('let a value that comes later go before the error', async () => {
    const result = new AsyncResult<number>()
    const error = new Error('early')
    result.setException(error)
    expect(await rejection(result.get())).toBe(error)
    result.set(1)
    expect(await result.get()).toBe(1)
    expect(stateOf(result)).toEqual([true, true, 1, error])
  })

  it('may set undefined', async () => {
    const result = new AsyncResult<void>()
    result.set()
    await result.get()
    expect(stateOf(result)).toEqual([true, true, undefined, null])
  })

  it('take a class of errors as well', async () => {
    const result = new AsyncResult()
    result.setException(RangeError)
    const error = await rejection(result.get())
    expect(error).toBeInstanceOf(RangeError)
    expect(await rejection(result.get())).toBe(error)
  })

  it('wake all who wait, in the order in which they came, with the value of that moment', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult<string>()
    const rec = recorder()
    for (const name of ['a', 'b', 'c']) {
      spawn(function* () {
        rec(`${name} ${name === 'b' ? String(yield* result.wait()) : yield* result.get()}`)
      })
    }
    clock.run()
    expect(result.linkcount()).toBe(3)
    result.set('first')
    result.set('second')
    spawn(rec, 'other')
    clock.run()
    rec.expect(['a second', 'b second', 'c second', 'other'])
    expect(result.linkcount()).toBe(0)
  })

  it('throw the same error at all who wait, and at those who ask later', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult()
    const errors: unknown[] = []
    const asking = () =>
      spawn(function* () {
        try {
          yield* result.get()
        } catch (error) {
          errors.push(error)
        }
      })
    asking()
    asking()
    clock.run()
    const error = new RangeError('bad news')
    result.setException(error)
    clock.run()
    asking()
    clock.run()
    expect(errors).toEqual([error, error, error])
    expect(errors.every((one) => one === error)).toBe(true)
  })

  it('report no error that nobody reads', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    new AsyncResult().setException(new Error('nobody reads this'))
    clock.run()
    expect(reports).toEqual([])
  })

  it('call links, one of which may set again', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult<number>()
    const seen: unknown[] = []
    result.rawlink((source) => {
      seen.push(source.value)
      source.set(2)
    })
    result.rawlink((source) => seen.push(source.value))
    result.set(1)
    clock.run()
    expect(seen).toEqual([1, 2])
  })
})

describe('get()', () => {
  it('does not switch when a value is there', async () => {
    const result = new AsyncResult<number>()
    result.set(1)
    const rec = recorder()
    const g = spawn(function* () {
      spawn(rec, 'other')
      rec(String(yield* result.get()))
    })
    await g.get()
    await sleep(0)
    rec.expect(['1', 'other'])
    expect(result.get()).toBe(result.get())
  })

  it('throws a new Timeout when the time has passed', () => {
    const { clock, hub } = virtualHub()
    const result = new AsyncResult()
    const g = spawn(function* () {
      try {
        return [yield* result.get({ timeoutMs: 10 })]
      } catch (error) {
        return [error instanceof Timeout, messageOf(error), clock.now()]
      }
    })
    clock.run()
    expect(g.value).toEqual([true, '10 ms', 10])
    expect([result.linkcount(), hub.timers.count]).toEqual([0, 0])
  })

  it('throws the Timeout that was given for it, or what that is to throw', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult()
    const error = new RangeError('too late')
    const timeout = new Timeout(10)
    const g = spawn(function* () {
      const caught: unknown[] = []
      for (const timeoutMs of [timeout, new Timeout(10, error)]) {
        try {
          yield* result.get({ timeoutMs })
        } catch (one) {
          caught.push(one, clock.now())
        }
      }
      return caught
    })
    clock.run()
    const [first, firstTime, second, secondTime] = g.value as unknown[]
    expect([first === timeout, firstTime, second === error, secondTime]).toEqual([true, 10, true, 20])
  })

  it('lets a Timeout from outside through, itself, and leaves no link', () => {
    const { clock, hub } = virtualHub()
    const result = new AsyncResult()
    const interrupted = new RangeError('interrupted')
    const g = spawn(function* () {
      const seen: unknown[] = []
      for (const timeout of [new Timeout(5), new Timeout(5, interrupted)]) {
        timeout.start()
        try {
          yield* result.get({ timeoutMs: 1000 })
        } catch (error) {
          seen.push(error === timeout || error === interrupted, clock.now(), result.linkcount(), hub.timers.count)
        }
      }
      return seen
    })
    clock.run()
    expect(g.value).toEqual([true, 5, 0, 0, true, 10, 0, 0])
  })

  it('gives the value of withTimeout() when nobody sets it', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult()
    const nothing = Symbol('nothing')
    const g = spawn(() => withTimeout({ ms: 5, timeoutValue: nothing }, () => result.get()))
    clock.run()
    expect([g.value, clock.now(), result.linkcount()]).toEqual([nothing, 5, 0])
  })

  it('gives the value when it was set and the time has passed before anybody could be told', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult<number>()
    const failed = new AsyncResult<number>()
    const error = new Error('bad news')
    const getter = spawn(() => result.get({ timeoutMs: 10 }))
    const waiter = spawn(() => result.wait({ timeoutMs: 10 }))
    const caught = spawn(function* () {
      try {
        return yield* failed.get({ timeoutMs: 10 })
      } catch (one) {
        return one
      }
    })
    clock.run(5)
    spawn(() => {
      result.set(1)
      failed.setException(error)
      clock.time = 50 // hard work; the slice has to stop
    })
    for (let n = 0; n < 100; n++) spawn(() => undefined)
    clock.run()
    expect([getter.value, waiter.value, caught.value]).toEqual([1, 1, error])
  })

  it('throws a Timeout at once with block: false when nothing is there', async () => {
    const result = new AsyncResult<number>()
    const error = await rejection(result.get({ block: false, timeoutMs: 1000 }))
    expect(error).toBeInstanceOf(Timeout)
    expect(messageOf(error)).toBe('0 ms: the result is not there yet')
    result.set(1)
    expect(await result.get({ block: false })).toBe(1)
  })

  it('is a recipe: driven again it gives the value again', async () => {
    const result = new AsyncResult<number>()
    const operation = result.get()
    const [first, second] = [operation.then(), operation.then()]
    expect(result.linkcount()).toBe(2)
    result.set(1)
    expect([await first, await second, await operation]).toEqual([1, 1, 1])
  })

  it('leaves no link when its greenlet is killed', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult()
    const waiters = [spawn(() => result.get()), spawn(() => result.wait())]
    clock.run()
    expect(result.linkcount()).toBe(2)
    for (const waiter of waiters) waiter.kill()
    expect(result.linkcount()).toBe(0)
    clock.run()
  })

  it('has the type of the value', () => {
    const result = new AsyncResult<number>()
    expectTypeOf(result.get()).toEqualTypeOf<Operation<number>>()
    expectTypeOf(result.wait()).toEqualTypeOf<Operation<number | undefined>>()
    expectTypeOf(result.value).toEqualTypeOf<number | undefined>()
    expectTypeOf<AsyncResult<number>['toPromise']>().returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf<typeof AsyncResult.fromPromise<string>>().returns.toEqualTypeOf<AsyncResult<string>>()
  })
})

describe('getNowait()', () => {
  it('gives the value, throws the error, or a Timeout when nothing is there', () => {
    const result = new AsyncResult<number>()
    expect(thrown(() => result.getNowait())).toBeInstanceOf(Timeout)
    expect(message(() => result.getNowait())).toBe('0 ms: the result is not there yet')
    const error = new Error('bad news')
    result.setException(error)
    expect(thrown(() => result.getNowait())).toBe(error)
    result.set(1)
    expect(result.getNowait()).toBe(1)
  })
})

describe('wait()', () => {
  it('gives the value, or undefined for an error, and throws nothing', async () => {
    const [good, bad] = [new AsyncResult<number>(), new AsyncResult<number>()]
    const waiting = Promise.all([good.wait(), bad.wait()])
    await sleep(0)
    good.set(1)
    bad.setException(new Error('bad news'))
    expect(await waiting).toEqual([1, undefined])
    expect([await good.wait(), await bad.wait()]).toEqual([1, undefined])
  })

  it('gives undefined when the time has passed', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult<number>()
    const g = spawn(function* () {
      const values = [yield* result.wait({ timeoutMs: 10 }), yield* result.wait({ timeoutMs: new Timeout(10) })]
      return [...values, clock.now()]
    })
    clock.run()
    expect(g.value).toEqual([undefined, undefined, 20])
    expect(result.linkcount()).toBe(0)
  })

  it('lets a Timeout from outside through, itself', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult()
    const g = spawn(function* () {
      const timeout = new Timeout(5).start()
      try {
        return [yield* result.wait({ timeoutMs: 1000 })]
      } catch (error) {
        return [error === timeout, clock.now()]
      }
    })
    clock.run()
    expect(g.value).toEqual([true, 5])
  })
})

describe('as a future', () => {
  it('has result(), setResult(), done(), and cannot be cancelled', async () => {
    const result = new AsyncResult<number>()
    expect([result.done(), result.cancel(), result.cancelled()]).toEqual([false, false, false])
    expect(await rejection(result.result({ timeoutMs: 0 }))).toBeInstanceOf(Timeout)
    result.setResult(1)
    expect([result.done(), await result.result(), result.cancel()]).toEqual([true, 1, false])
  })
})

describe('as the target of a link', () => {
  /** Three results, linked to each end of `greenlet` in one of the three ways. */
  const linked = (greenlet: Greenlet<number>) => {
    const [always, value, exception] = [
      new AsyncResult<number>(),
      new AsyncResult<number>(),
      new AsyncResult<number>(),
    ] as const
    greenlet.link(always)
    greenlet.linkValue(value)
    greenlet.linkException(exception)
    return [always, value, exception] as const
  }

  it('gets the value of a greenlet, also when it is linked after the end', () => {
    const { clock } = virtualHub()
    const greenlet = spawn(() => 100)
    for (let round = 0; round < 4; round++) {
      const results = linked(greenlet)
      clock.run()
      expect(results.map(stateOf)).toEqual([
        [true, true, 100, null],
        [true, true, 100, null],
        [false, false, undefined, null],
      ])
    }
  })

  it('gets the error of a greenlet, the same object, also when it is linked after the end', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const error = new RangeError('bad news')
    const greenlet = spawn((): number => {
      throw error
    })
    for (let round = 0; round < 4; round++) {
      const results = linked(greenlet)
      clock.run()
      expect(results.map(stateOf)).toEqual([
        [true, false, undefined, error],
        [false, false, undefined, null],
        [true, false, undefined, error],
      ])
      expect(thrown(() => results[0].getNowait())).toBe(error)
    }
    expect(reports).toEqual([]) // a link reads the outcome
  })

  it('gets the GreenletExit of a killed greenlet as a value', () => {
    const { clock } = virtualHub()
    const greenlet = spawn(function* () {
      yield* sleep(1000)
      return 1
    })
    const before = linked(greenlet)
    clock.run(1)
    greenlet.kill()
    clock.run()
    for (const results of [before, linked(greenlet), linked(greenlet)]) {
      clock.run()
      expect(results.map((result) => result.successful())).toEqual([true, true, false])
      expect(results[0].value).toBe(greenlet.value)
      expect(results[0].getNowait()).toBeInstanceOf(GreenletExit)
      expect(results[2].ready()).toBe(false)
    }
  })

  it('wakes those who wait for it', () => {
    const { clock } = virtualHub()
    const result = new AsyncResult<string>()
    const waiter = spawn(() => result.get())
    clock.run()
    spawn(() => 'done').link(result)
    clock.run()
    expect([waiter.value, result.linkcount()]).toEqual(['done', 0])
  })

  it('copies another AsyncResult', () => {
    const { clock } = virtualHub()
    const [first, second] = [new AsyncResult<number>(), new AsyncResult<number>()]
    first.rawlink((source) => {
      second.$linked(source)
    })
    first.set(1)
    clock.run()
    expect(stateOf(second)).toEqual([true, true, 1, null])
    const failed = new AsyncResult<number>()
    failed.setException(RangeError)
    second.$linked(failed)
    expect([second.value, second.exception]).toEqual([1, failed.exception])
  })
})

describe('wait([result])', () => {
  it('gives it when it is ready, with a value or an error', () => {
    const { clock } = virtualHub()
    const results = [new AsyncResult(), new AsyncResult(), new AsyncResult()] as const
    const waiter = spawn(function* () {
      return yield* wait(results, { timeoutMs: 10 })
    })
    clock.run(1)
    results[2].set(1)
    clock.run(2)
    results[0].setException(new Error('bad news'))
    clock.run()
    expect(waiter.value).toEqual([results[2], results[0]])
    expect(results.map((result) => result.linkcount())).toEqual([0, 0, 0])
  })
})

describe('toPromise()', () => {
  it('is fulfilled with the value, or rejected with the error, when that is there', async () => {
    const [good, bad] = [new AsyncResult<number>(), new AsyncResult<number>()]
    const promises = [good.toPromise(), bad.toPromise()] as const
    expect([good.linkcount(), promises[0] instanceof Promise]).toEqual([1, true])
    const error = new Error('bad news')
    good.set(1)
    bad.setException(error)
    expect(await promises[0]).toBe(1)
    expect(await rejection(promises[1])).toBe(error)
    expect([await good.toPromise(), await rejection(bad.toPromise())]).toEqual([1, error])
  })

  it('is rejected with LoopExit when nobody is left who could set it', async () => {
    const { hub, clock } = virtualHub()
    const result = new AsyncResult()
    const error = rejection(result.toPromise())
    expect([...hub.mainWaits].map((main) => main.$wait?.describe())).toEqual(['result.get()'])
    hub.raiseLoopExit()
    clock.run()
    expect(await error).toBeInstanceOf(LoopExit)
    expect(result.linkcount()).toBe(0)
  })

  it('can be asked for by a greenlet, for async code', async () => {
    const result = new AsyncResult<number>()
    const greenlet = spawn(async () => (await result.toPromise()) + 1)
    await sleep(0)
    result.set(1)
    expect(await greenlet.get()).toBe(2)
  })
})

describe('fromPromise()', () => {
  it('gets what the promise is fulfilled with', async () => {
    const result = AsyncResult.fromPromise(Promise.resolve(1))
    expect(result.ready()).toBe(false)
    const greenlet = spawn(() => result.get())
    expect([await greenlet.get(), result.value]).toEqual([1, 1])
  })

  it('gets what the promise is rejected with, whatever it is; nobody has to read it', async () => {
    const results = [new Error('bad news'), 'a string', undefined].map((reason) =>
      AsyncResult.fromPromise(Promise.reject(reason)),
    )
    expect(await wait(results)).toEqual(results)
    expect(results.map(({ exception }) => exception)).toEqual([new Error('bad news'), 'a string', undefined])
    expect(results.map((result) => result.successful())).toEqual([false, false, false])
  })

  it('follows a thenable of any kind once', async () => {
    const result = AsyncResult.fromPromise({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then(resolve: (value: string) => void) {
        resolve('first')
        resolve('second')
        throw new Error('and more')
      },
    } as PromiseLike<string>)
    expect(await result.get()).toBe('first')
  })

  it('is something outside that the hub waits for, until it has settled', async () => {
    const { hub, clock } = virtualHub()
    const { promise, resolve } = withResolvers<number>()
    const result = AsyncResult.fromPromise(promise)
    expect([hub.outstanding, hub.idle]).toEqual([1, false])
    resolve(1)
    await promise
    expect([hub.outstanding, result.value]).toEqual([0, 1])
    clock.run()
  })
})

describe('bad input', () => {
  it('is told at the call', () => {
    const result = new AsyncResult()
    expect(usage(() => result.setException(5 as never))).toBe(
      'setException() expects an Error or a class of errors, but got 5 (number).',
    )
    expect(usage(() => result.setException(undefined as never))).toBe(
      'setException() expects an Error or a class of errors, but got undefined.',
    )
    expect(usage(() => result.get({ timeoutMs: -1 }))).toBe(
      'get() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => result.wait({ timeoutMs: Number.NaN }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got NaN.',
    )
    expect(usage(() => AsyncResult.fromPromise(5 as never))).toBe(
      'fromPromise() expects a promise, but got 5 (number).',
    )
    expect(usage(() => AsyncResult.fromPromise(new Queue<number>().get()))).toBe(
      'fromPromise() was given an operation, which a greenlet drives.\n\n' +
        '  AsyncResult.fromPromise(queue.get())    // incorrect: goes round by main\n' +
        '  spawn(() => queue.get()).link(result)   // correct',
    )
    expect(() => result.rawlink(null as never)).toThrow(UsageError)
    result.unlink(null as never)
    result.unlink(null as never)
    expect([stateOf(result), result.linkcount()]).toEqual([[false, false, undefined, null], 0])
  })
})

describe('in debug mode', () => {
  it('each call of get() is an operation of its own', async () => {
    setDebug(true)
    onTestFinished(() => {
      setDebug(false)
    })
    const result = new AsyncResult<number>()
    result.set(1)
    const [first, second] = [result.get(), result.get()]
    expect(first).not.toBe(second)
    expect([await first, await second, await result.wait()]).toEqual([1, 1, 1])
    expect([first, result.wait()].map((operation: unknown) => String(operation))).toEqual([
      'result.get()',
      'result.wait()',
    ])
  })
})

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
