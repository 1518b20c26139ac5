// Waiter: the simplest wait there is.
import { ConcurrentObjectUseError, type Green, sleep, spawn, spawnWith, Timeout, Waiter, withTimeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'

checkLeaks()

describe('Waiter', () => {
  it('gives a value that was handed over before', async () => {
    const waiter = new Waiter<number>()
    waiter.switch(25)
    expect(await waiter.get()).toBe(25)
    expect(await waiter.get()).toBe(25)
  })

  it('throws an error that was handed over before', async () => {
    const waiter = new Waiter<number>()
    const error = new RangeError('division by zero')
    waiter.throw(error)
    expect(await rejection(waiter.get())).toBe(error)
    expect(await rejection(waiter.get())).toBe(error)
  })

  it('wakes the greenlet that waits, with the value', async () => {
    const waiter = new Waiter<string>()
    const greenlet = spawn(function* () {
      return yield* waiter.get()
    })
    await sleep(0)
    waiter.switch('now')
    expect(greenlet.ready()).toBe(false) // a waker runs nobody
    expect(await greenlet.get()).toBe('now')
  })

  it('wakes the greenlet that waits, with the error', async () => {
    const waiter = new Waiter<string>()
    const error = new Error('bad news')
    const greenlet = spawn(function* () {
      try {
        return yield* waiter.get()
      } catch (caught) {
        return caught
      }
    })
    await sleep(0)
    waiter.throw(error)
    expect(await greenlet.get()).toBe(error)
  })

  it('tells whether something, and whether a value, was handed over', () => {
    const waiter = new Waiter<number>()
    expect([waiter.ready(), waiter.successful()]).toEqual([false, false])
    waiter.switch(1)
    expect([waiter.ready(), waiter.successful()]).toEqual([true, true])
    waiter.throw(new Error('x'))
    expect([waiter.ready(), waiter.successful()]).toEqual([true, false])
    waiter.clear()
    expect([waiter.ready(), waiter.successful()]).toEqual([false, false])
  })

  it('waits again after clear()', async () => {
    const waiter = new Waiter<number>()
    waiter.switch(1)
    waiter.clear()
    const greenlet = spawn(function* () {
      return yield* waiter.get()
    })
    await sleep(0)
    waiter.switch(2)
    expect(await greenlet.get()).toBe(2)
  })

  it('may hand over undefined', async () => {
    const waiter = new Waiter<string | undefined>()
    waiter.switch(undefined)
    expect([waiter.ready(), await waiter.get()]).toEqual([true, undefined])
  })

  it('refuses a second greenlet, by both names, and leaves the first alone', async () => {
    catchReports()
    const waiter = new Waiter<number>()
    function* get(): Green<number> {
      return yield* waiter.get()
    }
    const [first, second] = [spawn(get), spawn(get)]
    first.name = 'first'
    second.name = 'second'
    await second.join()
    expect(second.exception).toBeInstanceOf(ConcurrentObjectUseError)
    expect(messageOf(second.exception)).toBe('Greenlet "second" waits in waiter.get(), where "first" waits already.')
    waiter.switch(1)
    expect(await first.get()).toBe(1)
  })

  it('is free again when the one who waited was killed', async () => {
    const waiter = new Waiter<number>()
    function* get(): Green<number> {
      return yield* waiter.get()
    }
    const first = spawn(get)
    await sleep(0)
    await first.kill()
    const second = spawn(get)
    await sleep(0)
    waiter.switch(1)
    expect(await second.get()).toBe(1)
  })

  it('is free again when the one who waited has timed out, and keeps what comes late', async () => {
    const waiter = new Waiter<number>()
    expect(await rejection(withTimeout(1, () => waiter.get()))).toBeInstanceOf(Timeout)
    waiter.switch(7)
    expect(await waiter.get()).toBe(7)
  })
})

describe('throw()', () => {
  it('makes an error of a class', async () => {
    const waiter = new Waiter<number>()
    waiter.throw(RangeError)
    expect(await rejection(waiter.get())).toBeInstanceOf(RangeError)
  })

  it.each([
    ['undefined', undefined],
    ['5 (number)', 5],
    ['"stop" (string)', 'stop'],
  ])('refuses %s, and hands nothing over', (shown, value) => {
    const waiter = new Waiter<number>()
    expect(
      usage(() => {
        waiter.throw(value as never)
      }),
    ).toBe(`throw() expects an Error or a class of errors, but got ${shown}.`)
    expect(waiter.ready()).toBe(false)
  })
})

describe('toString()', () => {
  it('says what it holds, or who waits', async () => {
    const waiter = new Waiter<number>()
    expect(String(waiter)).toBe('Waiter (empty)')
    const reader = spawnWith({ name: 'reader' }, () => waiter.get())
    await sleep(0)
    expect(String(waiter)).toBe('Waiter ("reader" waits)')
    waiter.switch(5)
    expect(String(waiter)).toBe('Waiter (value)')
    await reader.join()
    waiter.clear()
    waiter.throw(new Error('mine'))
    expect(String(waiter)).toBe('Waiter (error)')
  })
})
