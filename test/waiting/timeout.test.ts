// Timeout: an interrupt that comes by itself.
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type Green,
  Greenlet,
  getcurrent,
  Interrupt,
  InvalidSwitchError,
  joinall,
  type Operation,
  run,
  sleep,
  spawn,
  Timeout,
  type TimeoutException,
  UsageError,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, thrown, usage } from '../support/thrown.ts'
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

  it('that has fired and was not thrown yet counts anew when it is started again', () => {
    inVirtualTime(function* ({ clock }) {
      const timeout = new Timeout(6)
      timeout.start()
      yield* overdue(clock)
      timeout.start()
      yield* sleep(2)
      expect([yield* rejected(sleep(50)), clock.now()]).toEqual([timeout, 26])
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

    it('a silent outer one that is shorter goes on behind the outer block', () => {
      const rec = recorder()
      inVirtualTime(function* ({ clock }) {
        yield* new Timeout(5, false).run(function* () {
          yield* new Timeout(50, false).run(sleep, 1000)
          rec('behind the inner block')
        })
        rec(`behind the outer block at ${clock.now()}`)
      })
      rec.expect(['behind the outer block at 5'])
    })

    it('an inner one that was passed by is over: it does not fire later', () => {
      inVirtualTime(function* () {
        const inner = new Timeout(50)
        const outer = new Timeout(5)
        expect(yield* rejected(outer.run(() => inner.run(sleep, 1000)))).toBe(outer)
        expect(inner.pending).toBe(false)
        yield* sleep(100)
      })
    })

    it('of one duration in blocks: the outer one comes, and the inner one never', () => {
      inVirtualTime(function* () {
        const [outer, inner] = [new Timeout(5), new Timeout(5)]
        expect(yield* rejected(outer.run(() => inner.run(sleep, 1000)))).toBe(outer)
        yield* sleep(100)
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

  it('says in its text what it throws', () => {
    const texts: [TimeoutException, string][] = [
      [null, 'Timeout: 5 ms'],
      ['', 'Timeout: 5 ms'],
      [false, 'Timeout: 5 ms (silent)'],
      ['no answer', 'Timeout: 5 ms: no answer'],
      [new RangeError('too far'), 'Timeout: 5 ms: RangeError: too far'],
      [RangeError, 'Timeout: 5 ms: RangeError'],
    ]
    for (const [exception, text] of texts) expect(String(new Timeout(5, exception))).toBe(text)
    expect(String(new Timeout(null, false))).toBe('Timeout: (silent)')
    expect(String(new Timeout(null, 'no answer'))).toBe('Timeout: no answer')
    expect(inspect([new Timeout(5), new Timeout(5, false)])).toBe('[ [Timeout: 5 ms], [Timeout: 5 ms (silent)] ]')
  })

  describe('with an exception', () => {
    it('that is a string or false throws itself', () => {
      inVirtualTime(function* () {
        for (const exception of ['no answer', '', false] as const) {
          using timeout = Timeout.startNew(5, exception)
          expect(yield* rejected(sleep(50))).toBe(timeout)
          expect(timeout.exception).toBe(exception)
        }
      })
    })

    it('that is an error throws that very error', () => {
      inVirtualTime(function* () {
        const mine = new RangeError('mine')
        using _timeout = Timeout.startNew(5, mine)
        expect(yield* rejected(sleep(50))).toBe(mine)
      })
    })

    it('that is a class of errors makes one each time it fires', () => {
      let made = 0
      class Late extends Error {
        readonly number = ++made
      }
      inVirtualTime(function* () {
        const timeout = new Timeout(5, Late)
        timeout.start()
        expect(made).toBe(0)
        const first = yield* rejected(sleep(50))
        timeout.start()
        const second = yield* rejected(sleep(50))
        for (const error of [first, second]) expect(error).toBeInstanceOf(Late)
        expect(made).toBe(2)
      })
    })

    it('that is the class Error is as good as any other', () => {
      inVirtualTime(function* () {
        using _timeout = Timeout.startNew(5, Error)
        expect(Object.getPrototypeOf(yield* rejected(sleep(50)))).toBe(Error.prototype)
      })
    })

    it('that is a class which fails throws what the class has thrown, and other timers go on', () => {
      class Broken extends Error {
        constructor() {
          super()
          throw new TypeError('of the class')
        }
      }
      inVirtualTime(function* () {
        const other = spawn(sleep, 6)
        using _timeout = Timeout.startNew(5, Broken)
        expect(String(yield* rejected(sleep(50)))).toBe('TypeError: of the class')
        yield* other.join()
      })
    })

    it('that is none of these is refused at the call', () => {
      const tail = 'to be a string, false, an Error or a class of errors, but got'
      const wrong: [unknown, string][] = [
        [true, 'true (boolean)'],
        [0, '0 (number)'],
        [{}, 'an Object'],
        [Map, 'the function Map'],
        [() => new Error('made'), 'the function (anonymous)'],
      ]
      for (const [exception, shown] of wrong) {
        expect(usage(() => new Timeout(5, exception as TimeoutException))).toBe(
          `new Timeout() expects \`exception\` ${tail} ${shown}.`,
        )
      }
    })

    it('is told from the one of another Timeout by identity', () => {
      const [outerError, innerError] = [new Error('same text'), new Error('same text')]
      inVirtualTime(function* () {
        using _outer = Timeout.startNew(5, outerError)
        using _inner = Timeout.startNew(10, innerError)
        expect(yield* rejected(sleep(50))).toBe(outerError)
        expect(yield* rejected(sleep(50))).toBe(innerError)
      })
    })

    it('that is pending is taken back alone by cancel(), although another one throws the same error', () => {
      inVirtualTime(function* ({ clock }) {
        const error = new Error('shared')
        const first = Timeout.startNew(6, error)
        using _second = Timeout.startNew(7, error)
        yield* overdue(clock)
        first.cancel()
        expect(yield* rejected(sleep(0))).toBe(error)
        yield* sleep(50)
      })
    })
  })

  it('of a wrong duration is refused at the call', () => {
    const wrong: [unknown, string][] = [
      [-1, '-1'],
      [NaN, 'NaN'],
      ['5', '"5" (string)'],
      [{}, 'an Object'],
    ]
    for (const [ms, shown] of wrong) {
      expect(usage(() => new Timeout(ms as number))).toBe(
        `new Timeout() expects \`ms\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
      )
    }
  })

  it('that does not keep the process alive has a timer that does not, and fires all the same', () => {
    inVirtualTime(function* ({ hub, clock }) {
      for (const start of [
        () => new Timeout(5, null, { ref: false }).start(),
        () => Timeout.startNew(5, null, { ref: false }),
      ]) {
        const timeout = start()
        expect([hub.timers.count, hub.timers.refs, timeout.ref]).toEqual([1, 0, false])
        expect(clock.alarms.at(-1)?.isRef).toBe(false)
        expect(yield* rejected(sleep(50))).toBe(timeout)
      }
      expect(new Timeout(5).ref).toBe(true)
    })
  })

  it('that has passed while the body did not wait is not thrown when the block is left', () => {
    inVirtualTime(function* ({ clock }) {
      const timeout = new Timeout(5)
      const value = yield* timeout.run(() => {
        clock.time += 100 // busy
        return 'done'
      })
      expect(value).toBe('done')
      yield* sleep(50)
    })
  })

  it('counts from its start, however long the greenlet was busy before: so does sleep()', () => {
    inVirtualTime(function* ({ clock }) {
      clock.time += 100 // busy; the hub has not looked at the clock since
      using timeout = Timeout.startNew(5)
      expect(yield* rejected(sleep(10))).toBe(timeout)
      expect(clock.now()).toBe(105)
      clock.time += 100
      yield* sleep(10)
      expect(clock.now()).toBe(215)
    })
  })

  describe('startNew()', () => {
    it('starts one that was made already, unless it runs', () => {
      inVirtualTime(function* ({ clock, hub }) {
        const timeout = new Timeout(5, 'kept')
        expect(Timeout.startNew(timeout)).toBe(timeout)
        yield* sleep(2)
        expect(Timeout.startNew(timeout)).toBe(timeout)
        expect(hub.timers.count).toBe(1)
        expect(yield* rejected(sleep(50))).toBe(timeout)
        expect([clock.now(), timeout.message]).toEqual([5, '5 ms: kept'])
      })
    })

    it('of nothing never fires', () => {
      inVirtualTime(function* ({ hub }) {
        using timeout = Timeout.startNew()
        expect([timeout.ms, timeout.pending, hub.timers.count]).toEqual([null, false, 0])
        yield* sleep(1)
      })
    })
  })

  describe('run()', () => {
    it('gives what the function gives, and is pending inside only', () => {
      inVirtualTime(function* () {
        const timeout = new Timeout(5)
        const value = yield* timeout.run(function* (n: number) {
          expect(timeout.pending).toBe(true)
          yield* sleep(1)
          return n + 1
        }, 41)
        expect([value, timeout.pending]).toEqual([42, false])
        yield* sleep(50)
      })
    })

    it('throws itself when the time has passed, with a text too', () => {
      inVirtualTime(function* () {
        for (const exception of [null, 'no answer']) {
          const timeout = new Timeout(5, exception)
          expect(yield* rejected(timeout.run(sleep, 50))).toBe(timeout)
        }
      })
    })

    it('throws the error that it was given', () => {
      const mine = new Error('mine')
      inVirtualTime(function* () {
        expect(yield* rejected(new Timeout(5, mine).run(sleep, 50))).toBe(mine)
      })
    })

    it('of a silent one cuts the function short, gives undefined and goes on behind', () => {
      const rec = recorder()
      inVirtualTime(function* () {
        const value = yield* new Timeout(5, false).run(function* () {
          rec('begins')
          yield* sleep(50)
          rec('not reached')
          return 'value'
        })
        rec(`gave ${value}`)
      })
      rec.expect(['begins', 'gave undefined'])
    })

    it('of a silent one passes on the silent Timeout of somebody else, and any failure', () => {
      inVirtualTime(function* () {
        for (const error of [new Timeout(1, false), new Error('failed')]) {
          const fail = (): void => {
            throw error
          }
          expect(yield* rejected(new Timeout(5, false).run(fail))).toBe(error)
        }
      })
    })

    it('may be cancelled inside', () => {
      inVirtualTime(function* () {
        const timeout = new Timeout(5)
        yield* timeout.run(function* () {
          timeout.cancel()
          yield* sleep(50)
        })
      })
    })

    it('of one that runs already goes on with its time, and closes it', () => {
      inVirtualTime(function* ({ clock }) {
        const timeout = Timeout.startNew(5)
        yield* sleep(3)
        expect(yield* rejected(timeout.run(sleep, 50))).toBe(timeout)
        expect(clock.now()).toBe(5)
        expect(usage(() => timeout.start())).toBe('Timeout: 5 ms was closed; make a new one, or cancel() it instead.')
      })
    })

    it('in plain code runs as main', async () => {
      expect(await new Timeout(1000).run(() => 'value')).toBe('value')
      const timeout = new Timeout(1)
      expect(await rejection(timeout.run(sleep, 1000))).toBe(timeout)
    })

    it('reads as it is written, and takes functions only', () => {
      expect(written(new Timeout(5).run(sleep, 1))).toBe('timeout.run(sleep)')
      expect(usage(() => new Timeout(5).run(5 as never))).toBe('run() expects a function, but got 5 (number).')
    })
  })

  it('that was closed cannot be started again; one that was cancelled can', () => {
    inVirtualTime(function* () {
      const timeout = Timeout.startNew(5)
      timeout.cancel()
      timeout.start()
      expect(timeout.pending).toBe(true)
      timeout.close()
      expect(timeout.pending).toBe(false)
      timeout.close()
      const text = 'Timeout: 5 ms was closed; make a new one, or cancel() it instead.'
      expect(usage(() => timeout.start())).toBe(text)
      expect(usage(() => Timeout.startNew(timeout))).toBe(text)
      yield* sleep(50)
    })
  })

  it('holds nothing of a block that was left: the error it was given can be collected', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    let timeout: Timeout | null = null
    const reference = await run(function* () {
      timeout = new Timeout(1)
      const [caught, error] = yield* outcomeIn(timeout)
      expect(caught).toBe(timeout)
      return error
    })
    await new Promise((resolve) => setTimeout(resolve, 1)) // what a WeakRef has been asked for lives until the end of the task
    collect()
    expect(reference.deref()).toBe(undefined)
    expect(timeout).not.toBe(null)
  })

  it('does not make a sleeper take a value from somebody who switches to it by hand', () => {
    inVirtualTime(function* () {
      const sleeper = spawn(() => rejected(sleep(2000)))
      yield* sleep(0)
      const switcher = spawn(function* () {
        yield* sleeper.switch(null)
      })
      yield* sleeper.join()
      expect(sleeper.value).toBeInstanceOf(InvalidSwitchError)
      switcher.kill()
    })
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

/** What a Timeout throws at a wait inside a block, and a reference to an error that was about there. */
function* outcomeIn(timeout: Timeout): Green<[unknown, WeakRef<Error>]> {
  const error = new Error('held by nobody')
  const caught = yield* rejected(
    timeout.run(function* () {
      yield* sleep(50)
      throw error
    }),
  )
  return [caught, new WeakRef(error)]
}

describe('timeoutMs', () => {
  /** Calls that wait, and what each gives when its own time has passed; `throws`: the Timeout. */
  const calls: Record<
    string,
    [make: (never: Greenlet, timeoutMs: number | Timeout) => Operation<unknown>, outcome: string]
  > = {
    'join()': [(never, timeoutMs) => never.join({ timeoutMs }), 'goes on'],
    'get()': [(never, timeoutMs) => never.get({ timeoutMs }), 'throws'],
    'joinall()': [(never, timeoutMs) => joinall([never], { timeoutMs }), 'goes on'],
  }

  for (const [name, [make, outcome]] of Object.entries(calls)) {
    describe(`of ${name}`, () => {
      it(`${outcome} when the time has passed, and leaves nothing`, () => {
        inVirtualTime(function* ({ clock, hub }) {
          const never = spawn(sleep, Infinity)
          if (outcome === 'throws') expect(String(yield* rejected(make(never, 5)))).toBe('Timeout: 5 ms')
          else yield* make(never, 5)
          expect([clock.now(), hub.timers.count, never.$links ?? []]).toEqual([5, 0, []])
          yield* never.kill()
        })
      })

      it('takes a Timeout, which is not pending and can be used again', () => {
        inVirtualTime(function* ({ clock }) {
          const never = spawn(sleep, Infinity)
          const timeout = new Timeout(5)
          for (const time of [5, 10]) {
            if (outcome === 'throws') expect(yield* rejected(make(never, timeout))).toBe(timeout)
            else yield* make(never, timeout)
            expect([clock.now(), timeout.pending]).toEqual([time, false])
          }
          yield* never.kill()
        })
      })

      it('that is a Timeout which runs already leaves it to fire by itself', () => {
        inVirtualTime(function* ({ clock, hub }) {
          const never = spawn(sleep, Infinity)
          const timeout = Timeout.startNew(5)
          yield* sleep(3)
          expect(yield* rejected(make(never, timeout))).toBe(timeout)
          expect([clock.now(), hub.timers.count]).toEqual([5, 0])
          yield* never.kill()
        })
      })

      it('that is longer does not hide a Timeout around it', () => {
        inVirtualTime(function* ({ hub }) {
          const never = spawn(sleep, Infinity)
          using outer = Timeout.startNew(5)
          expect(yield* rejected(make(never, 50))).toBe(outer)
          expect([hub.timers.count, never.$links ?? []]).toEqual([0, []])
          yield* never.kill()
        })
      })

      it('of null in a Timeout, and Infinity, is no limit', () => {
        inVirtualTime(function* ({ hub }) {
          for (const limit of [new Timeout(), new Timeout(Infinity), Infinity]) {
            const never = spawn(sleep, 7000)
            const waiting = spawn(() => make(never, limit))
            yield* sleep(1)
            expect(hub.timers.count).toBe(1)
            yield* waiting.join()
            expect(never.ready()).toBe(true)
          }
        })
      })

      it('of 0 goes through when what is waited for is there', () => {
        inVirtualTime(function* () {
          const done = spawn(() => 'done')
          yield* sleep(0)
          yield* make(done, 0)
        })
      })

      it('takes the unref of its Timeout', () => {
        const { hub, clock } = virtualHub()
        const never = spawn(sleep, Infinity)
        const waiting = spawn(() => make(never, new Timeout(5, null, { ref: false })))
        clock.run()
        expect([hub.timers.count, hub.timers.refs]).toEqual([1, 0])
        never.kill()
        waiting.kill()
        clock.run()
        expect(hub.timers.count).toBe(0)
      })

      it('is checked at the call', () => {
        const unstarted = new Greenlet(sleep, 1) as Greenlet
        for (const [limit, shown] of [
          [-1, '-1'],
          ['5', '"5" (string)'],
          [null, 'null'],
        ] as const) {
          expect(usage(() => make(unstarted, limit as never))).toBe(
            `${name} expects \`timeoutMs\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
          )
        }
      })
    })
  }

  it('of get() throws the error that its Timeout was given', () => {
    const mine = new RangeError('mine')
    inVirtualTime(function* () {
      const never = spawn(sleep, Infinity)
      expect(yield* rejected(never.get({ timeoutMs: new Timeout(5, mine) }))).toBe(mine)
      expect(yield* rejected(never.get({ timeoutMs: new Timeout(5, RangeError) }))).toBeInstanceOf(RangeError)
      yield* never.kill()
    })
  })
})

describe('withTimeout()', () => {
  it('gives timeoutValue when the time has passed, whatever that is', () => {
    inVirtualTime(function* ({ clock }) {
      expect(yield* withTimeout({ ms: 5, timeoutValue: 'late' }, sleep, 50)).toBe('late')
      expect(yield* withTimeout({ ms: 5, timeoutValue: undefined }, sleep, 50)).toBe(undefined)
      expect(clock.now()).toBe(10)
    })
  })

  it('gives what the function gives, in time, although there is a timeoutValue', () => {
    inVirtualTime(function* () {
      expect(yield* withTimeout({ ms: 50, timeoutValue: 'late' }, sleep, 5)).toBe(undefined)
    })
  })

  it('takes a Timeout, starts it, and throws what that was made with', () => {
    inVirtualTime(function* ({ clock }) {
      const own = new Timeout(5)
      expect(yield* rejected(withTimeout(own, sleep, 50))).toBe(own)
      const error = new Error('mine')
      expect(yield* rejected(withTimeout(new Timeout(5, error), sleep, 50))).toBe(error)
      expect(yield* withTimeout({ ms: own, timeoutValue: 'late' }, sleep, 50)).toBe('late')
      expect(yield* rejected(withTimeout({ ms: new Timeout(5, error), timeoutValue: 'late' }, sleep, 50))).toBe(error)
      expect(clock.now()).toBe(20)
      expect(yield* withTimeout(new Timeout(), () => 'no limit')).toBe('no limit')
    })
  })

  it('leaves a Timeout that runs as it is, and has cancelled it when it is over', () => {
    inVirtualTime(function* ({ clock }) {
      const running = new Timeout(5).start()
      yield* sleep(3)
      expect(yield* rejected(withTimeout(running, sleep, 50))).toBe(running)
      expect(clock.now()).toBe(5)
      running.start()
      expect(yield* withTimeout(running, () => 'in time')).toBe('in time')
      expect(running.pending).toBe(false)
      yield* sleep(10)
    })
  })

  it('refuses a Timeout that was closed, when it is driven', () => {
    inVirtualTime(function* () {
      const closed = new Timeout(5)
      closed.close()
      expect(messageOf(yield* rejected(withTimeout(closed, sleep, 1)))).toBe(
        'Timeout: 5 ms was closed; make a new one, or cancel() it instead.',
      )
    })
  })

  it('passes on the Timeout of somebody else although there is a timeoutValue', () => {
    inVirtualTime(function* () {
      const foreign = new Timeout(1)
      const fail = (): void => {
        throw foreign
      }
      expect(yield* rejected(withTimeout({ ms: 5, timeoutValue: 'late' }, fail))).toBe(foreign)
    })
  })

  it('nested: the outer one that is shorter is thrown through the timeoutValue of the inner one', () => {
    inVirtualTime(function* ({ clock }) {
      const inner = (): Operation<unknown> => withTimeout({ ms: 20, timeoutValue: 1 }, sleep, 200)
      expect(String(yield* rejected(withTimeout(10, inner)))).toBe('Timeout: 10 ms')
      expect(clock.now()).toBe(10)
    })
  })

  it('of null has no limit', () => {
    inVirtualTime(function* () {
      yield* withTimeout(null, sleep, 7000)
      yield* withTimeout({ ms: null, timeoutValue: 'late' }, sleep, 7000)
    })
  })

  it('is checked at the call', () => {
    const expected = 'withTimeout() expects `ms` to be a number of milliseconds, 0 or more, but got'
    expect(usage(() => withTimeout(-1, sleep))).toBe(`${expected} -1.`)
    expect(usage(() => withTimeout({ timeoutValue: 1 } as never, sleep))).toBe(`${expected} an Object.`)
    expect(usage(() => withTimeout(sleep(5) as never, sleep))).toBe(`${expected} an operation.`)
    expect(usage(() => withTimeout(5, 'sleep' as never))).toBe(
      'withTimeout() expects a function, but got "sleep" (string).',
    )
    expect(written(withTimeout(5, sleep, 1))).toBe('withTimeout(5, sleep)')
  })

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

/** Sleeps 5 ms, and the alarm is so late that at 20 what is due until then fires as well, before the sleeper has its turn. */
function* overdue(clock: VirtualHub['clock']): Green<void> {
  clock.soon(() => {
    clock.time = 20
  })
  yield* sleep(5)
}

/** An operation as a person writes it. */
function written(operation: unknown): string {
  return String(operation)
}
