// Timeout: an interrupt that comes by itself.
import {
  type Green,
  type Greenlet,
  getcurrent,
  Interrupt,
  type Operation,
  run,
  sleep,
  spawn,
  Timeout,
  UsageError,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, thrown } from '../support/thrown.ts'
import { type VirtualHub, virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** Runs a body in virtual time until nothing is left; what it throws is thrown. */
function inVirtualTime(body: (setting: VirtualHub) => Green<unknown>): void {
  const setting = virtualHub()
  catchReports()
  const greenlet = spawn(body, setting)
  setting.clock.run()
  if (greenlet.exception !== null) throw greenlet.exception as Error
  expect(greenlet.ready()).toBe(true)
  expect(setting.hub.timers.count).toBe(0)
}

describe('Timeout', () => {
  it('is thrown into the greenlet that started it, at its wait, itself', () => {
    inVirtualTime(function* ({ clock }) {
      const timeout = new Timeout(5)
      timeout.start()
      try {
        yield* sleep(1000)
        expect.unreachable()
      } catch (error) {
        expect(error).toBe(timeout)
        expect(clock.now()).toBe(5)
      }
    })
  })

  it('can be started again after it has fired', () => {
    inVirtualTime(function* ({ clock }) {
      const timeout = new Timeout(5)
      for (const time of [5, 10]) {
        timeout.start()
        try {
          yield* sleep(1000)
          expect.unreachable()
        } catch (error) {
          expect([error, clock.now()]).toEqual([timeout, time])
        }
      }
    })
  })

  it('is pending from start to cancel', () => {
    inVirtualTime(function* () {
      const timeout = new Timeout(5)
      expect(timeout.pending).toBe(false)
      expect(timeout.start()).toBe(timeout)
      expect(timeout.pending).toBe(true)
      timeout.cancel()
      expect(timeout.pending).toBe(false)
      yield* sleep(50)
    })
  })

  it('is not pending when it has fired', () => {
    inVirtualTime(function* () {
      const timeout = Timeout.startNew(5)
      try {
        yield* sleep(50)
      } catch {
        expect(timeout.pending).toBe(false)
      }
    })
  })

  it('that was cancelled never comes', () => {
    inVirtualTime(function* ({ hub }) {
      const timeout = Timeout.startNew(5)
      yield* sleep(1)
      timeout.cancel()
      timeout.cancel()
      expect(hub.timers.count).toBe(0)
      yield* sleep(50)
    })
  })

  it('that was cancelled in the slice after both it and the wait were due never comes', () => {
    inVirtualTime(function* ({ clock }) {
      const sleeping = sleep(5)
      clock.soon(() => {
        clock.time = 20 // both are overdue when the alarm goes off, the sleep by more
      })
      const greenlet = spawn(function* () {
        const timeout = new Timeout(6)
        timeout.start()
        yield* sleeping
        timeout.cancel()
        yield* sleep(1)
        return 'undisturbed'
      })
      expect(yield* greenlet.get()).toBe('undisturbed')
    })
  })

  it('for ever, of null or Infinity, never comes', () => {
    inVirtualTime(function* ({ hub }) {
      for (const ms of [null, Infinity]) {
        const timeout = Timeout.startNew(ms)
        expect([timeout.pending, hub.timers.count]).toEqual([false, 0])
        yield* sleep(10_000)
        timeout.cancel()
      }
    })
  })

  it('of 0 comes at a wait of some time', () => {
    inVirtualTime(function* () {
      const timeout = Timeout.startNew(0)
      expect(yield* rejected(sleep(5))).toBe(timeout)
    })
  })

  it('of 0 does not come at one sleep(0)', () => {
    inVirtualTime(function* () {
      using _timeout = Timeout.startNew(0)
      yield* sleep(0)
    })
  })

  it('of 0 does not come when there is no wait', () => {
    inVirtualTime(function* () {
      Timeout.startNew(0).cancel()
      yield* sleep(5)
    })
  })

  it('is only for the greenlet that started it', () => {
    const rec = recorder()
    inVirtualTime(function* () {
      const other = spawn(function* () {
        yield* sleep(20)
        rec('other slept')
      })
      using _timeout = Timeout.startNew(5)
      try {
        yield* other.join()
      } catch {
        rec('timed out')
      }
      yield* other.join()
    })
    rec.expect(['timed out', 'other slept'])
  })

  it('by using is cancelled at the end of the block', () => {
    inVirtualTime(function* () {
      let kept: Timeout
      {
        using timeout = Timeout.startNew(5)
        kept = timeout
        expect(kept.pending).toBe(true)
      }
      expect(kept.pending).toBe(false)
      yield* sleep(50)
    })
  })

  it('by using is cancelled when the block is left by an error, too', () => {
    inVirtualTime(function* () {
      const caught = thrown(() => {
        using _timeout = Timeout.startNew(5)
        throw new Error('out')
      })
      expect(messageOf(caught)).toBe('out')
      yield* sleep(50)
    })
  })

  it('does not starve: a loop of sleep(0) under one comes to an end', async () => {
    let rounds = 0
    const greenlet = spawn(function* () {
      using timeout = Timeout.startNew(5)
      try {
        for (;;) {
          yield* sleep(0)
          rounds++
        }
      } catch (error) {
        return error === timeout
      }
    })
    expect(await greenlet.get()).toBe(true)
    expect(rounds).toBeGreaterThan(10)
  })

  it('that comes when the turn of the greenlet has come lets it take what it waited for', () => {
    inVirtualTime(function* ({ clock }) {
      const waiter = new Waiter<string>()
      const rec = recorder()
      const greenlet = spawn(function* () {
        using timeout = Timeout.startNew(5)
        rec(yield* waiter.get())
        try {
          yield* sleep(1000)
        } catch (error) {
          rec(error === timeout ? 'timed out' : 'other')
        }
      })
      yield* sleep(4)
      clock.time = 5
      waiter.switch('the item')
      yield* greenlet.join()
      rec.expect(['the item', 'timed out'])
    })
  })

  describe('nested', () => {
    it('the outer one that is shorter ends both, and the code after the inner block is not reached', () => {
      const rec = recorder()
      inVirtualTime(function* ({ clock }) {
        const outer = Timeout.startNew(5)
        const inner = Timeout.startNew(50)
        try {
          try {
            yield* sleep(1000)
          } finally {
            inner.cancel()
            rec('inner block left')
          }
          rec('not reached')
        } catch (error) {
          rec(error === outer ? `outer at ${clock.now()}` : 'other')
        } finally {
          outer.cancel()
        }
      })
      rec.expect(['inner block left', 'outer at 5'])
    })

    it('the inner one that is shorter leaves the outer one pending', () => {
      inVirtualTime(function* () {
        using outer = Timeout.startNew(50)
        using inner = Timeout.startNew(5)
        expect(yield* rejected(sleep(1000))).toBe(inner)
        expect(outer.pending).toBe(true)
      })
    })

    it('of one duration: the one that was started first comes first', () => {
      inVirtualTime(function* () {
        using first = Timeout.startNew(5)
        using second = Timeout.startNew(5)
        expect(yield* rejected(sleep(1000))).toBe(first)
        expect(yield* rejected(sleep(1000))).toBe(second)
      })
    })
  })

  it('has a text and a duration', () => {
    expect([String(new Timeout(5)), new Timeout(5).ms, new Timeout(5).message]).toEqual(['Timeout: 5 ms', 5, '5 ms'])
    expect([String(new Timeout()), new Timeout().ms]).toEqual(['Timeout', null])
  })

  it('can be thrown by hand', () => {
    const timeout = new Timeout(5)
    expect(
      thrown(() => {
        throw timeout
      }),
    ).toBe(timeout)
    expect(timeout).toBeInstanceOf(Interrupt)
    expect(timeout.pending).toBe(false)
  })

  it('started in plain code is refused, with the right line', () => {
    const error = thrown(() => new Timeout(10).start())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `A Timeout was started in plain code; it is thrown into the greenlet that starts it, and there is none.\n\n` +
        `  new Timeout(10).start()                                    // incorrect: outside any greenlet\n` +
        `  await run(function* () { new Timeout(10).start(); ... })   // correct`,
    )
    expect(messageOf(thrown(() => Timeout.startNew(10)))).toBe(messageOf(error))
  })

  it('started twice is refused', () => {
    inVirtualTime(function* () {
      using timeout = Timeout.startNew(10)
      const error = thrown(() => timeout.start())
      expect(error).toBeInstanceOf(UsageError)
      expect(messageOf(error)).toBe('Timeout: 10 ms is running already; cancel() it before starting it again.')
      yield* sleep(1)
    })
  })
})

describe('withTimeout()', () => {
  it('gives what the function gives, in time', async () => {
    expect(
      await withTimeout(
        1000,
        function* (n: number) {
          yield* sleep(1)
          return n + 1
        },
        41,
      ),
    ).toBe(42)
  })

  it('takes any function: plain, async, one that returns an operation', async () => {
    expect(await withTimeout(1000, (n: number) => n, 1)).toBe(1)
    expect(await withTimeout(1000, async (n: number) => n, 2)).toBe(2)
    expect(await withTimeout(1000, () => until(Promise.resolve(3)))).toBe(3)
  })

  it('throws a Timeout when it takes longer', () => {
    inVirtualTime(function* ({ clock }) {
      const error = yield* rejected(withTimeout(5, sleep, 1000))
      expect(error).toBeInstanceOf(Timeout)
      expect([String(error), clock.now()]).toEqual(['Timeout: 5 ms', 5])
    })
  })

  it('passes on what the function throws', () => {
    inVirtualTime(function* () {
      const error = new Error('mine')
      expect(
        yield* rejected(
          withTimeout(5, () => {
            throw error
          }),
        ),
      ).toBe(error)
      yield* sleep(50)
    })
  })

  it('passes on a Timeout that is not its own', () => {
    inVirtualTime(function* () {
      const foreign = new Timeout(1)
      expect(
        yield* rejected(
          withTimeout(50, () => {
            throw foreign
          }),
        ),
      ).toBe(foreign)
    })
  })

  it('nested: the outer one that is shorter is the one that is thrown', () => {
    inVirtualTime(function* ({ clock }) {
      const error = yield* rejected(withTimeout(10, () => withTimeout(20, sleep, 200)))
      expect([String(error), clock.now()]).toEqual(['Timeout: 10 ms', 10])
    })
  })

  it('runs the function in the calling greenlet', async () => {
    const greenlet: Greenlet<boolean> = spawn(function* () {
      return yield* withTimeout(50, () => getcurrent() === greenlet)
    })
    expect(await greenlet.get()).toBe(true)
  })

  it('that is over does not disturb what comes after, although both were overdue', () => {
    inVirtualTime(function* ({ clock }) {
      yield* withTimeout(6, function* () {
        clock.soon(() => {
          clock.time = 20
        })
        yield* sleep(5)
      })
      yield* sleep(1)
    })
  })

  it('that is killed leaves no timer', () => {
    const { clock, hub } = virtualHub()
    const greenlet = spawn(() => withTimeout(50, sleep, 1000))
    clock.run(1)
    expect(hub.timers.count).toBe(2)
    greenlet.kill()
    clock.run()
    expect(hub.timers.count).toBe(0)
  })

  it('can be awaited in plain code', async () => {
    expect(await rejection(withTimeout(1, sleep, 1000))).toBeInstanceOf(Timeout)
    expect(await run(() => withTimeout(1000, () => 'value'))).toBe('value')
  })
})

/** What driving `operation` throws. */
function* rejected(operation: Operation<unknown>): Green<unknown> {
  try {
    yield* operation
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
