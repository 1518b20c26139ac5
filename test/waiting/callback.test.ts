// fromCallback: Node's callbacks as waits.
import { type Stats, stat } from 'node:fs'
import { fromCallback, getcurrent, getHub, type NodeCallback, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejection, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** Something that calls back when the test says so. */
function caller<T>(): { call: NodeCallback<T>; start: (callback: NodeCallback<T>) => void } {
  let callback: NodeCallback<T> = () => undefined
  return {
    call: (error, value) => {
      callback(error, value)
    },
    start: (given) => {
      callback = given
    },
  }
}

describe('fromCallback()', () => {
  it('gives what a function of Node calls back with', async () => {
    const stats = await run(function* () {
      const value: Stats = yield* fromCallback<Stats>((callback) => stat('.', callback))
      return value
    })
    expect(stats.isDirectory()).toBe(true)
  })

  it('throws the error that it is called back with, the very object', async () => {
    const error = await rejection(fromCallback<Stats>((callback) => stat('./no such file', callback)))
    expect(error).toMatchObject({ code: 'ENOENT' })
    const own = new Error('own')
    expect(await rejection(fromCallback((callback) => queueMicrotask(() => callback(own))))).toBe(own)
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
  ])('takes %s for no error', async (_, none) => {
    expect(await fromCallback<number>((callback) => queueMicrotask(() => callback(none, 5)))).toBe(5)
    expect(await fromCallback<number>((callback) => callback(none, 5))).toBe(5)
  })

  it('takes anything else for an error, and a call without a value for undefined', async () => {
    expect(await rejection(fromCallback((callback) => queueMicrotask(() => callback(0))))).toBe(0)
    expect(await rejection(fromCallback((callback) => callback(false)))).toBe(false)
    expect(await fromCallback<unknown>((callback) => queueMicrotask(callback))).toBe(undefined)
  })

  it('begins when it is driven, each time anew, in the greenlet that drives it', async () => {
    const rec = recorder()
    const op = fromCallback<number>((callback) => {
      rec(getcurrent().name)
      queueMicrotask(() => callback(null, rec.entries.length))
    })
    rec('made')
    expect(
      await run(function* () {
        return [yield* op, yield* op]
      }),
    ).toEqual([2, 3])
    rec.expect(['made', 'main', 'main'])
  })

  it('that is called back at once does not switch, and throws in place', async () => {
    const rec = recorder()
    const error = new Error('at once')
    const greenlet = spawn(function* () {
      rec(String(yield* fromCallback<number>((callback) => callback(null, 1))))
      try {
        yield* fromCallback((callback) => callback(error))
      } catch (caught) {
        rec(String(caught === error))
      }
    })
    spawn(() => {
      rec('other')
    })
    await greenlet.join()
    await sleep(0)
    rec.expect(['1', 'true', 'other'])
  })

  it('ignores every call but the first', async () => {
    const late: NodeCallback<number>[] = []
    const value = await fromCallback<number>((callback) => {
      late.push(callback)
      queueMicrotask(() => {
        callback(null, 1)
        callback(null, 2)
        callback(new Error('late'))
      })
    })
    const second = await fromCallback<number>((callback) => {
      callback(null, 3)
      callback(new Error('late'))
    })
    late[0]?.(new Error('much later'))
    expect([value, second, getHub().outstanding]).toEqual([1, 3, 0])
  })

  it('throws what its function throws; what it calls back later is ignored', async () => {
    const error = new Error('cannot begin')
    const late: NodeCallback<number>[] = []
    const op = fromCallback<number>((callback) => {
      late.push(callback)
      throw error
    })
    expect(await rejection(op)).toBe(error)
    expect(await rejection(run(() => op))).toBe(error)
    for (const callback of late) callback(null, 1)
    expect(getHub().outstanding).toBe(0)
  })

  it('counts as something outside while it waits', async () => {
    const { call, start } = caller<string>()
    const waiter = spawn(() => fromCallback(start))
    await sleep(0)
    expect([getHub().outstanding, waiter.$wait?.describe()]).toEqual([1, 'fromCallback()'])
    call(null, 'done')
    expect(getHub().outstanding).toBe(0)
    expect(await waiter.get()).toBe('done')
  })

  it('that is given up calls the function that it was returned, once, and ignores what comes', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const { call, start } = caller<string>()
    const waiter = spawn(function* () {
      try {
        yield* fromCallback<string>((callback) => {
          start(callback)
          return () => {
            rec('taken back')
          }
        })
      } finally {
        rec('ends')
        yield* sleep(1)
        rec('has cleaned up')
      }
    })
    clock.run(1)
    waiter.kill()
    expect(hub.outstanding).toBe(0)
    call(null, 'too late')
    clock.run()
    rec.expect(['taken back', 'ends', 'has cleaned up'])
  })

  it('that is timed out takes back what it has begun; one that is over does not', async () => {
    const rec = recorder()
    const undo = (name: string) => () => {
      rec(name)
    }
    expect(await rejection(withTimeout(1, () => fromCallback(() => undo('timed out'))))).toBeInstanceOf(Timeout)
    await fromCallback((callback) => {
      queueMicrotask(callback)
      return undo('over')
    })
    await fromCallback((callback) => {
      callback()
      return undo('over at once')
    })
    rec.expect(['timed out'])
  })

  it('reports a failure of the function that takes back, and ends all the same', async () => {
    const reports = catchReports()
    const error = new Error('cannot be taken back')
    const waiter = spawn(() =>
      fromCallback(() => () => {
        throw error
      }),
    )
    await sleep(0)
    await waiter.kill()
    expect(reports).toEqual([{ name: 'fromCallback()', error }])
  })

  it('that was killed before it could wait takes back what it has begun', async () => {
    const rec = recorder()
    const waiter = spawn(function* () {
      waiter.kill()
      yield* fromCallback(() => () => {
        rec('taken back')
      })
    })
    await waiter.join()
    rec.expect(['taken back'])
  })

  it('refuses what is no function', () => {
    expect(usage(() => fromCallback(5 as never))).toBe('fromCallback() expects a function, but got 5 (number).')
    expect(thrown(() => fromCallback(undefined as never))).toBeInstanceOf(TypeError)
    expect([fromCallback(() => undefined)].map(String)).toEqual(['fromCallback()'])
  })
})
