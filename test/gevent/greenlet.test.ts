// gevent's Greenlet: from start to end, and everything that can be asked of it on the way.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Driven,
  type Green,
  Greenlet,
  GreenletExit,
  GreenletKilledError,
  getcurrent,
  getHub,
  getswitchinterval,
  isInterrupt,
  joinall,
  RawGreenlet,
  run,
  setswitchinterval,
  settrace,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const main = getcurrent()

/** Everything that can be asked without waiting. */
function state(greenlet: Greenlet<unknown, never>): Record<string, unknown> {
  return {
    started: greenlet.started,
    active: greenlet.active,
    dead: greenlet.dead,
    ready: greenlet.ready(),
    successful: greenlet.successful(),
    value: greenlet.value,
    exception: greenlet.exception,
  }
}

const FRESH = {
  started: false,
  active: false,
  dead: false,
  ready: false,
  successful: false,
  value: undefined,
  exception: null,
}
const ENDED = { ...FRESH, dead: true, ready: true }

function* idle(): Green<never> {
  for (;;) yield* sleep(1000)
}

describe('Greenlet', () => {
  describe('state', () => {
    it('is fresh when it was made', () => {
      expect(state(new Greenlet(idle))).toEqual(FRESH)
    })

    it('is started, and nothing else, between start() and the first slice', () => {
      virtualHub()
      const greenlet = spawn(idle)
      expect(state(greenlet)).toEqual({ ...FRESH, started: true })
      greenlet.kill()
    })

    it('is started and active while it waits', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(idle)
      clock.run(1)
      expect(state(greenlet)).toEqual({ ...FRESH, started: true, active: true })
      greenlet.kill()
      clock.run()
    })

    it('is ready and successful, with the value, after it returned', async () => {
      const greenlet = spawn(() => 5)
      await greenlet.join()
      expect(state(greenlet)).toEqual({ ...ENDED, successful: true, value: 5 })
    })

    it('is ready and not successful, with the very error, after it failed', async () => {
      catchReports()
      const error = Object.assign(new Error('mine'), { detail: 7 })
      const greenlet = spawn(() => {
        throw error
      })
      await greenlet.join()
      expect(state(greenlet)).toEqual({ ...ENDED, exception: error })
      expect(greenlet.exception).toBe(error)
      expect(error).toMatchObject({ detail: 7 })
    })

    it('is ready and successful, with the GreenletExit, after it was killed', async () => {
      const greenlet = spawn(idle)
      await sleep(0)
      const exit = new GreenletExit('enough')
      await greenlet.kill(exit)
      expect(state(greenlet)).toEqual({ ...ENDED, successful: true, value: exit })
      expect(greenlet.value).toBe(exit)
    })

    it('is started and active when it was entered by switch()', () => {
      const greenlet = new Greenlet(function* () {
        yield* main.switch()
      })
      greenlet.switch()
      expect(state(greenlet)).toEqual({ ...FRESH, started: true, active: true })
      greenlet.throw()
      expect(greenlet.successful()).toBe(true)
    })

    it('of a body that returns an undefined value is told from a failure', async () => {
      const greenlet = spawn(() => undefined)
      await greenlet.join()
      expect([greenlet.successful(), greenlet.exception]).toEqual([true, null])
    })
  })

  describe('start()', () => {
    it('does not run the body before the caller waits or returns', async () => {
      const rec = recorder()
      const greenlet = new Greenlet(() => {
        rec('body')
      })
      greenlet.start()
      rec('started')
      await greenlet.join()
      rec.expect(['started', 'body'])
    })

    it('has no effect the second time, while it waits, and after the end', async () => {
      let runs = 0
      const greenlet = new Greenlet(function* () {
        runs++
        yield* sleep(0)
      })
      greenlet.start()
      greenlet.start()
      await sleep(0)
      greenlet.start()
      await greenlet.join()
      greenlet.start()
      await sleep(0)
      expect(runs).toBe(1)
    })

    it('calls the body with the arguments of the constructor', async () => {
      const greenlet = new Greenlet((...args: number[]) => args, 1, 2, 3)
      greenlet.start()
      expect(await greenlet.get()).toEqual([1, 2, 3])
      const single = new Greenlet((...args: unknown[]) => args, undefined)
      single.start()
      expect(await single.get()).toEqual([undefined])
      const none = new Greenlet((...args: unknown[]) => args.length)
      none.start()
      expect(await none.get()).toBe(0)
    })

    it('runs the method run() of a subclass', async () => {
      class Countdown extends Greenlet<string> {
        left = 3
        override *run(): Green<string> {
          for (; this.left > 0; this.left--) yield* sleep(0)
          return 'lift-off'
        }
      }
      const countdown = new Countdown()
      countdown.start()
      expect(await countdown.get()).toBe('lift-off')
      expect(countdown.left).toBe(0)
    })
  })

  describe('startLater()', () => {
    it('runs the body after so many milliseconds, and counts as started at once', () => {
      const { clock, hub } = virtualHub()
      const rec = recorder()
      const greenlet = new Greenlet((word: string) => {
        rec(`${word} at ${clock.now()}`)
      }, 'ran')
      greenlet.startLater(5)
      expect(state(greenlet)).toEqual({ ...FRESH, started: true })
      expect([greenlet.args, hub.living(), hub.timers.count]).toEqual([['ran'], [greenlet], 1])
      expect(String(greenlet)).toMatch(/^<Greenlet "Greenlet-\d+" pending started>$/u)
      clock.run()
      rec.expect(['ran at 5'])
    })

    it('starts those of the same time in the order of the calls', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      for (const [name, ms] of [
        ['a', 5],
        ['b', 5],
        ['first', 4],
        ['c', 5],
      ] as const)
        new Greenlet(() => {
          rec(name)
        }).startLater(ms)
      clock.run()
      rec.expect(['first', 'a', 'b', 'c'])
    })

    it('has no effect on one that is started, nor has start() on one that is to be', () => {
      const { clock, hub } = virtualHub()
      const times: number[] = []
      const greenlets = [0, 1].map(() => new Greenlet(() => times.push(clock.now())))
      greenlets[0]!.startLater(5)
      greenlets[0]!.startLater(1)
      greenlets[0]!.start()
      greenlets[1]!.start()
      greenlets[1]!.startLater(9)
      expect(hub.timers.count).toBe(1)
      clock.run()
      for (const greenlet of greenlets) greenlet.startLater(1)
      clock.run()
      expect([times, hub.living()]).toEqual([[0, 5], []])
    })

    it('is forestalled by a switch(), which runs it at once', () => {
      const { clock, hub } = virtualHub()
      const greenlet = new Greenlet(() => clock.now())
      greenlet.startLater(5)
      expect([greenlet.switch().value, hub.timers.count]).toEqual([0, 0])
      clock.run()
      expect([greenlet.value, clock.now(), hub.living()]).toEqual([0, 0, []])
    })

    it('with Infinity waits for a switch() or a kill()', () => {
      const { clock, hub } = virtualHub()
      const greenlet = new Greenlet(idle)
      greenlet.startLater(Infinity)
      clock.run(1000)
      expect([greenlet.started, greenlet.active, hub.timers.count]).toEqual([true, false, 0])
      expect(greenlet.$wait?.describe()).toBe('startLater(Infinity)')
      greenlet.kill()
      expect(hub.living()).toEqual([])
    })

    it('is waited for by join()', () => {
      const { clock } = virtualHub()
      const greenlet = new Greenlet(() => 7)
      greenlet.startLater(5)
      const reader = spawn(function* () {
        return [yield* greenlet.get(), clock.now()]
      })
      clock.run()
      expect(reader.value).toEqual([7, 5])
    })

    it('refuses what is no duration, and one without a body', () => {
      for (const ms of [-1, Number.NaN, '5', undefined])
        expect(usage(() => new Greenlet(idle).startLater(ms as never))).toMatch(
          /^startLater\(\) expects `ms` to be a number of milliseconds, 0 or more, but got /u,
        )
      expect(usage(() => new Greenlet().startLater(1))).toMatch(/has nothing to run/u)
    })
  })

  describe('args', () => {
    it('is what the body will be called with; gone once it runs', async () => {
      const seen: unknown[] = []
      const greenlet: Greenlet<unknown, [number, string]> = new Greenlet(
        (_n: number, _s: string) => {
          seen.push(greenlet.args)
        },
        1,
        'x',
      )
      expect([greenlet.args, new Greenlet((_: unknown) => 0, undefined).args, new Greenlet(idle).args]).toEqual([
        [1, 'x'],
        [undefined],
        [],
      ])
      greenlet.start()
      await greenlet.join()
      expect([seen, greenlet.args]).toEqual([[[]], []])
    })
  })

  describe('Greenlet.spawn(), Greenlet.spawnLater()', () => {
    class Countdown extends Greenlet<string> {
      left: number
      constructor(from: number) {
        super()
        this.left = from
      }
      override *run(): Green<string> {
        for (; this.left > 0; this.left--) yield* sleep(1)
        return 'lift-off'
      }
    }

    it('make a greenlet of the class they are called on, and start it', () => {
      const { clock } = virtualHub()
      const made = [Countdown.spawn(3), Countdown.spawnLater(5, 2)] as const
      expectTypeOf(made[0]).toEqualTypeOf<Countdown>()
      expect(made.map((one) => [one instanceof Countdown, one.started])).toEqual([
        [true, true],
        [true, true],
      ])
      clock.run(4)
      expect([made[0].value, made[1].active]).toEqual(['lift-off', false])
      clock.run()
      expect([made[1].value, clock.now()]).toEqual(['lift-off', 7])
    })

    it('of Greenlet itself take a function and its arguments', async () => {
      const now = Greenlet.spawn((a: number, b: number) => a + b, 40, 2)
      const later = Greenlet.spawnLater(
        0,
        function* (word: string) {
          yield* sleep(0)
          return word
        },
        'later',
      )
      expectTypeOf(now.value).toEqualTypeOf<number | GreenletExit | undefined>()
      expectTypeOf(later.value).toEqualTypeOf<string | GreenletExit | undefined>()
      // @ts-expect-error -- the body takes numbers
      const wrong = Greenlet.spawn((a: number) => a, 'x')
      await joinall([now, later, wrong])
      expect([now.value, later.value]).toEqual([42, 'later'])
    })

    it('refuse what is no function, and what is no duration', () => {
      expect(usage(() => Greenlet.spawn(1 as never))).toBe('new Greenlet() expects a function, but got 1 (number).')
      expect(usage(() => Greenlet.spawnLater(1, 1 as never))).toBe(
        'new Greenlet() expects a function, but got 1 (number).',
      )
      expect(usage(() => Greenlet.spawnLater(-1, idle))).toBe(
        'spawnLater() expects `ms` to be a number of milliseconds, 0 or more, but got -1.',
      )
    })
  })

  describe('name', () => {
    it('is the name of the body and a number', () => {
      const [first, second] = [new Greenlet(idle), new Greenlet(idle)]
      expect(first.name).toMatch(/^idle-\d+$/u)
      expect(Number(second.name.slice(5))).toBe(Number(first.name.slice(5)) + 1)
    })

    it('is the name of the class and a number when the class brings run()', () => {
      class Countdown extends Greenlet {
        override run(): void {}
      }
      expect(new Countdown().name).toMatch(/^Countdown-\d+$/u)
    })

    it('can be given', () => {
      const greenlet = new Greenlet(idle)
      greenlet.name = 'mine'
      expect(greenlet.name).toBe('mine')
    })
  })

  describe('get()', () => {
    it('gives the value, before and after the end', async () => {
      const greenlet = spawn(function* () {
        yield* sleep(0)
        return 5
      })
      expect(await greenlet.get()).toBe(5)
      expect(await greenlet.get()).toBe(5)
    })

    it('of a greenlet that is done does not switch', async () => {
      const done = spawn(() => 1)
      await done.join()
      const rec = recorder()
      const reader = spawn(function* () {
        yield* done.get()
        rec('reader')
      })
      spawn(() => {
        rec('other')
      })
      await reader.join()
      await sleep(0)
      rec.expect(['reader', 'other'])
    })

    it('throws what the body threw, the same object each time', async () => {
      catchReports()
      const error = new Error('mine')
      const greenlet = spawn(() => {
        throw error
      })
      expect(await rejection(greenlet.get())).toBe(error)
      expect(await rejection(greenlet.get())).toBe(error)
      expect(await rejection(run(() => greenlet.get()))).toBe(error)
    })

    it('throws a thrown value that is no Error as it is', async () => {
      catchReports()
      const greenlet = spawn(() => {
        throw 'a string'
      })
      expect(await rejection(greenlet.get())).toBe('a string')
    })

    it('throws GreenletKilledError, with the GreenletExit as cause, when it was killed', async () => {
      const greenlet = spawn(idle)
      greenlet.name = 'victim'
      await sleep(0)
      const exit = new GreenletExit()
      await greenlet.kill(exit)
      const error = await rejection(greenlet.get())
      expect(error).toBeInstanceOf(GreenletKilledError)
      expect(messageOf(error)).toBe('Greenlet "victim" was killed, so it has no value.')
      expect((error as Error).cause).toBe(exit)
      expect(isInterrupt(error)).toBe(false) // an ordinary failure of whoever asks
    })

    it('that waits when the greenlet is killed throws GreenletKilledError', async () => {
      const greenlet = spawn(idle)
      const reader = spawn(function* () {
        try {
          yield* greenlet.get()
        } catch (error) {
          return error
        }
        return null
      })
      await sleep(0)
      await greenlet.kill()
      expect(await reader.get()).toBeInstanceOf(GreenletKilledError)
    })

    it('gives up after timeoutMs with a new Timeout, and the greenlet goes on', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(function* () {
        yield* sleep(20)
        return 'late'
      })
      const seen: unknown[] = []
      spawn(function* () {
        try {
          yield* greenlet.get({ timeoutMs: 5 })
        } catch (error) {
          seen.push(clock.now(), error, yield* greenlet.get({ timeoutMs: 50 }))
        }
      })
      clock.run()
      expect(seen).toEqual([5, expect.any(Timeout), 'late'])
      expect(String(seen[1])).toBe('Timeout: 5 ms')
      expect(clock.now()).toBe(20)
    })

    it('with timeoutMs 0 gives up unless it is done', async () => {
      const greenlet = spawn(idle)
      await sleep(0)
      expect(await rejection(greenlet.get({ timeoutMs: 0 }))).toBeInstanceOf(Timeout)
      await greenlet.kill()
      const done = spawn(() => 1)
      await done.join()
      expect(await done.get({ timeoutMs: 0 })).toBe(1)
    })

    it('with block: false gives the outcome, or throws a Timeout at once', () => {
      const { clock, hub } = virtualHub()
      const [done, running] = [spawn(() => 5), spawn(idle)]
      clock.run(1)
      const seen: unknown[] = []
      spawn(function* () {
        seen.push(yield* done.get({ block: false }))
        for (const options of [{ block: false }, { block: false, timeoutMs: 50 }]) {
          try {
            yield* running.get(options)
          } catch (error) {
            seen.push(error instanceof Timeout, clock.now(), hub.timers.count, running.hasLinks())
          }
        }
      })
      clock.run(2)
      expect(seen).toEqual([5, true, 1, 1, 0, true, 1, 1, 0])
      running.kill()
      clock.run()
    })

    it('with a Timeout throws that very object, or what it carries', () => {
      const { clock } = virtualHub()
      const running = spawn(idle)
      const error = new RangeError('mine')
      const [plain, carrying] = [new Timeout(5), new Timeout(5, error)]
      const seen: unknown[] = []
      spawn(function* () {
        for (const options of [{ timeoutMs: plain }, { timeoutMs: carrying }, { timeoutMs: plain, block: false }]) {
          try {
            yield* running.get(options)
          } catch (caught) {
            seen.push(caught, clock.now())
          }
        }
      })
      clock.run(20)
      expect(seen).toEqual([plain, 5, error, 10, plain, 10])
      expect([seen[0] === plain, seen[2] === error, seen[4] === plain]).toEqual([true, true, true])
      running.kill()
      clock.run()
    })

    it('gives an Error that the body returned as any value', async () => {
      const error = new Error('a value')
      const greenlet = spawn(() => error)
      expect(await greenlet.get()).toBe(error)
      expect([greenlet.successful(), greenlet.exception]).toEqual([true, null])
    })

    it('with timeoutMs Infinity has no limit', () => {
      const { clock, hub } = virtualHub()
      const greenlet = spawn(idle)
      spawn(() => greenlet.get({ timeoutMs: Infinity }))
      clock.run(5)
      expect(hub.timers.count).toBe(1) // the sleep of idle
      for (const task of hub.living()) task.kill()
      clock.run(5)
      catchReports()
    })

    it('that is given up leaves nothing: the greenlet may end later', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(() => sleep(10))
      const reader = spawn(() => greenlet.get())
      clock.run(1)
      reader.kill()
      clock.run()
      expect([greenlet.$links].flat().filter((link) => link !== null)).toEqual([])
      expect([greenlet.successful(), reader.successful()]).toEqual([true, true])
    })
  })

  describe('join()', () => {
    it('waits for the end, whatever it is', async () => {
      catchReports()
      const returned = spawn(() => 1)
      const failed = spawn(() => {
        throw new Error('x')
      })
      const killed = spawn(idle)
      killed.kill()
      for (const greenlet of [returned, failed, killed]) {
        await greenlet.join()
        expect(greenlet.ready()).toBe(true)
      }
    })

    it('of one that is done does not switch', () => {
      const { clock } = virtualHub()
      const done = spawn(() => 1)
      clock.run()
      const rec = recorder()
      spawn(function* () {
        yield* done.join()
        rec('joined')
      })
      spawn(() => {
        rec('other')
      })
      clock.run()
      rec.expect(['joined', 'other'])
    })

    it('goes on after timeoutMs, without an error', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(() => sleep(20))
      const seen: unknown[] = []
      spawn(function* () {
        yield* greenlet.join({ timeoutMs: 5 })
        seen.push(clock.now(), greenlet.ready())
      })
      clock.run()
      expect(seen).toEqual([5, false])
    })

    it('of one that was not started waits for its time', () => {
      const { clock } = virtualHub()
      const greenlet = new Greenlet(idle)
      const times: number[] = []
      spawn(function* () {
        yield* greenlet.join({ timeoutMs: 7 })
        times.push(clock.now())
      })
      clock.run()
      expect(times).toEqual([7])
    })

    it('is broken off by an outer Timeout, by that very object', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(() => sleep(20))
      const seen: unknown[] = []
      spawn(function* () {
        using timeout = Timeout.startNew(5)
        try {
          yield* greenlet.join({ timeoutMs: 10 })
        } catch (error) {
          seen.push(error === timeout, clock.now())
        }
      })
      clock.run()
      expect(seen).toEqual([true, 5])
    })

    it('of several wakes them in the order they came', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const greenlet = spawn(() => sleep(5))
      for (const name of ['a', 'b', 'c'])
        spawn(function* () {
          yield* greenlet.join()
          rec(name)
        })
      clock.run()
      rec.expect(['a', 'b', 'c'])
    })
  })

  describe('kill()', () => {
    it.each([['driven'], ['not driven']])('of one that was not started ends it without running: %s', async (how) => {
      let ran = false
      const greenlet = new Greenlet(() => {
        ran = true
      })
      const op = greenlet.kill()
      expect(state(greenlet)).toEqual({ ...ENDED, successful: true, value: expect.any(GreenletExit) })
      if (how === 'driven') await op
      greenlet.start()
      await sleep(0)
      expect(ran).toBe(false)
    })

    it('of one that was started and has not run ends it without running, and calls its links', async () => {
      let ran = false
      const linked: unknown[] = []
      const greenlet = spawn(() => {
        ran = true
      })
      greenlet.rawlink((ended) => linked.push(ended))
      await greenlet.kill()
      await sleep(0)
      expect(ran).toBe(false)
      expect(state(greenlet)).toEqual({ ...ENDED, successful: true, value: expect.any(GreenletExit) })
      expect(linked).toEqual([greenlet])
    })

    it('with an error, of one that has not run, makes that its failure', async () => {
      const reports = catchReports()
      const error = new Error('not today')
      const greenlet = spawn(idle)
      greenlet.kill(error)
      expect(state(greenlet)).toEqual({ ...ENDED, exception: error })
      expect(await rejection(greenlet.get())).toBe(error)
      expect(reports).toEqual([])
    })

    it.each([['before it was started'], ['before it has run'], ['while it waits']])(
      'with a class makes an error of it: %s',
      async (when) => {
        catchReports()
        class Stop extends Error {}
        const greenlet = new Greenlet(idle)
        if (when !== 'before it was started') greenlet.start()
        if (when === 'while it waits') await sleep(0)
        await greenlet.kill(Stop)
        expect(greenlet.exception).toBeInstanceOf(Stop)
        expect(greenlet.value).toBeUndefined()
        expect(await rejection(greenlet.get())).toBe(greenlet.exception)
      },
    )

    it('of one that waits throws at its wait, and driving the call waits until its finally blocks are done', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const greenlet = spawn(function* () {
        try {
          yield* sleep(1000)
        } catch (error) {
          rec(error instanceof GreenletExit ? 'exit' : 'other')
          throw error
        } finally {
          yield* sleep(5)
          rec(`cleaned at ${clock.now()}`)
        }
      })
      spawn(function* () {
        yield* sleep(1)
        rec('kill')
        const op = greenlet.kill()
        rec('killed')
        yield* op
        rec(`ended at ${clock.now()}`)
      })
      clock.run()
      rec.expect(['kill', 'killed', 'exit', 'cleaned at 6', 'ended at 6'])
    })

    it('with block: false does not wait', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const greenlet = spawn(function* () {
        try {
          yield* sleep(1000)
        } finally {
          rec('ended')
        }
      })
      spawn(function* () {
        yield* sleep(1)
        yield* greenlet.kill(undefined, { block: false })
        rec('went on')
      })
      clock.run()
      rec.expect(['went on', 'ended'])
    })

    it('of one that ignores it goes on after timeoutMs', () => {
      const { clock } = virtualHub()
      let kills = 0
      const stubborn = spawn(function* () {
        for (let left = 2; left > 0; left--) {
          try {
            yield* sleep(1000)
          } catch {
            kills++
          }
        }
      })
      const times: unknown[] = []
      spawn(function* () {
        yield* sleep(1)
        yield* stubborn.kill(undefined, { timeoutMs: 50 })
        times.push(clock.now(), stubborn.ready())
        yield* stubborn.kill()
        times.push(clock.now(), stubborn.ready())
      })
      clock.run()
      expect(times).toEqual([51, false, 51, true])
      expect(kills).toBe(2)
    })

    it('of one that has ended changes nothing, not even its signal', async () => {
      const greenlet = spawn(() => 5)
      const { signal } = greenlet
      await greenlet.join()
      await greenlet.kill()
      await greenlet.kill(new Error('x'))
      expect(state(greenlet)).toEqual({ ...ENDED, successful: true, value: 5 })
      expect(signal.aborted).toBe(false)
    })

    it('twice delivers twice, if the greenlet lives so long', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const greenlet = spawn(function* () {
        for (const turn of ['first', 'second']) {
          try {
            yield* sleep(1000)
          } catch (error) {
            rec(`${turn}: ${messageOf(error)}`)
          }
        }
      })
      clock.run(1)
      greenlet.kill(new GreenletExit('a'))
      greenlet.kill(new GreenletExit('b'))
      clock.run()
      rec.expect(['first: a', 'second: b'])
      expect(clock.now()).toBe(1)
    })

    it('with an error that the body catches leaves no exception', () => {
      const { clock } = virtualHub()
      class MyError extends Error {}
      const greenlet = spawn(function* () {
        try {
          for (;;) yield* sleep(0)
        } catch (error) {
          return error instanceof MyError
        }
      })
      spawn(function* () {
        yield* sleep(0)
        yield* greenlet.kill(new MyError())
      })
      clock.run()
      expect([greenlet.value, greenlet.exception]).toEqual([true, null])
    })

    it('of oneself, driven, throws right there', async () => {
      const rec = recorder()
      const greenlet: Greenlet = spawn(function* () {
        try {
          yield* (getcurrent() as Greenlet).kill()
          rec('not reached')
        } finally {
          rec('finally')
        }
      })
      await greenlet.join()
      rec.expect(['finally'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('of oneself, not driven, is thrown at the next wait', async () => {
      const rec = recorder()
      const greenlet = spawn(function* () {
        ;(getcurrent() as Greenlet).kill()
        rec('still here')
        yield* sleep(0)
        rec('not reached')
      })
      await greenlet.join()
      rec.expect(['still here'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('of oneself, and then no wait, is too late', async () => {
      const greenlet = spawn(function* () {
        ;(getcurrent() as Greenlet).kill()
        return 'done'
      })
      expect(await greenlet.get()).toBe('done')
    })

    it('of one whose turn has come lets it take what it waited for, and is thrown at its next wait', async () => {
      const rec = recorder()
      const waiter = new Waiter<string>()
      const greenlet = spawn(function* () {
        rec(yield* waiter.get())
        try {
          yield* sleep(1000)
        } finally {
          rec('killed')
        }
      })
      await sleep(0)
      waiter.switch('the item')
      await greenlet.kill()
      rec.expect(['the item', 'killed'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('of one in sleep(0) lets it go on once', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const greenlet = spawn(function* () {
        for (let n = 1; ; n++) {
          rec(`round ${n}`)
          yield* sleep(0)
        }
      })
      spawn(function* () {
        greenlet.kill()
        rec('kill')
      })
      clock.run()
      rec.expect(['round 1', 'kill', 'round 2'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('of one that is suspended in an explicit switch() throws there', async () => {
      const greenlet = new Greenlet(function* () {
        yield* main.switch()
      })
      greenlet.switch()
      await greenlet.kill()
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('reaches through yield* to the innermost wait, and unwinds from there', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      function* level(n: number): Green<void> {
        try {
          if (n === 0) yield* sleep(1000)
          else yield* level(n - 1)
        } finally {
          rec(`level ${n}`)
        }
      }
      const greenlet = spawn(level, 2)
      clock.run(1)
      greenlet.kill()
      clock.run()
      rec.expect(['level 0', 'level 1', 'level 2'])
    })

    it('while the greenlet waits for another leaves that one alone', () => {
      const { clock } = virtualHub()
      const other = spawn(function* () {
        yield* sleep(10)
        return 'fine'
      })
      const greenlet = spawn(() => other.get())
      clock.run(1)
      greenlet.kill()
      clock.run()
      expect([other.value, greenlet.value]).toEqual(['fine', expect.any(GreenletExit)])
    })

    it('aborts the signal at the call, with the reason', async () => {
      const rec = recorder()
      const greenlet = spawn(function* () {
        const { signal } = getcurrent() as Greenlet
        signal.addEventListener('abort', () => {
          rec(String(signal.reason))
        })
        yield* sleep(1000)
      })
      await sleep(0)
      greenlet.kill(new GreenletExit('enough'))
      rec.expect(['GreenletExit: enough'])
      await greenlet.join()
    })

    it('of an async body ends it at once, aborts its signal and drops what comes late', async () => {
      const rec = recorder()
      const greenlet: Greenlet<void> = spawn(async () => {
        const { signal } = getcurrent() as Greenlet
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve()
          })
        })
        rec('async body goes on')
        throw new Error('nobody hears this')
      })
      await sleep(0)
      await greenlet.kill()
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
      await new Promise((resolve) => setImmediate(resolve))
      rec.expect(['async body goes on'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })

    it('cannot be lost by a body whose finally block waits (a generator.return() would be)', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      function* inner(): Green<void> {
        try {
          yield* sleep(1000)
        } finally {
          yield* sleep(1)
          rec('inner cleaned')
        }
      }
      const greenlet = spawn(function* () {
        yield* inner()
        rec('not reached')
      })
      clock.run(1)
      greenlet.kill()
      clock.run()
      rec.expect(['inner cleaned'])
      expect(greenlet.value).toBeInstanceOf(GreenletExit)
    })
  })

  describe('rawlink()', () => {
    it('calls back once, in the hub, with the greenlet', async () => {
      const seen: unknown[] = []
      const greenlet = spawn(() => 5)
      greenlet.rawlink((ended) => seen.push(ended, getcurrent()))
      await greenlet.join()
      await sleep(0)
      expect(seen).toHaveLength(2)
      expect(seen[0]).toBe(greenlet)
      expect(seen[1]).toBe(main)
    })

    it.each([[1], [2], [3], [4], [1000]])('calls %i links in the order they were made', async (count) => {
      const log: number[] = []
      const greenlet = spawn(() => log.push(0))
      for (let n = 1; n <= count; n++) greenlet.rawlink(() => log.push(n))
      await greenlet.join()
      expect(log).toEqual(Array.from({ length: count + 1 }, (_, n) => n))
    })

    it('links made before join() have run when join() is over', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      greenlet.rawlink(() => {
        rec('link')
      })
      await greenlet.join()
      rec('joined')
      rec.expect(['link', 'joined'])
    })

    it('of one that has ended calls back at the next turn, not at once', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      await greenlet.join()
      greenlet.rawlink(() => {
        rec('link')
      })
      rec('linked')
      await sleep(0)
      rec.expect(['linked', 'link'])
    })

    it('several times late calls each, and loses nobody who is ready', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      await greenlet.join()
      greenlet.rawlink(() => {
        rec('link 1')
      })
      const x = spawn(() => {
        rec('x')
      })
      greenlet.rawlink(() => {
        rec('link 2')
      })
      const y = spawn(() => {
        rec('y')
      })
      await joinall([x, y], { timeoutMs: 20 })
      rec.expect(['link 1', 'link 2', 'x', 'y'])
      expect(x.ready()).toBe(true)
    })

    it('is called for failures and kills, too', async () => {
      const reports = catchReports()
      const seen: unknown[] = []
      const failed = spawn(() => {
        throw new Error('x')
      })
      const killed = spawn(idle)
      for (const greenlet of [failed, killed]) greenlet.rawlink((ended) => seen.push(ended))
      await killed.kill()
      await failed.join()
      await sleep(0)
      expect(new Set(seen)).toEqual(new Set([failed, killed]))
      expect(reports).toEqual([])
    })

    it('that throws is reported by the name of the greenlet; the other links run', async () => {
      const reports = catchReports()
      const rec = recorder()
      const error = new Error('from the link')
      const greenlet = spawn(() => undefined)
      greenlet.name = 'linked'
      greenlet.rawlink(() => {
        throw error
      })
      greenlet.rawlink(() => {
        rec('second')
      })
      await greenlet.join()
      rec.expect(['second'])
      expect(reports).toEqual([{ name: 'link of linked', error }])
    })

    it('that unlinks another one keeps it from being called', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      const one = (): void => {
        rec('one')
        greenlet.unlink(two)
      }
      const two = (): void => {
        rec('two')
        greenlet.unlink(one)
      }
      greenlet.rawlink(one)
      greenlet.rawlink(two)
      await greenlet.join()
      await sleep(0)
      rec.expect(['one'])
    })

    it('is taken back by unlink(); an unknown one is ignored', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      const link = (): void => {
        rec('link')
      }
      greenlet.unlink(link)
      greenlet.rawlink(link)
      greenlet.unlink(link)
      greenlet.unlink(link)
      await greenlet.join()
      await sleep(0)
      rec.expect([])
    })

    it('may spawn', async () => {
      const rec = recorder()
      const greenlet = spawn(() => undefined)
      greenlet.rawlink(() => {
        spawn(() => {
          rec('spawned by the link')
        })
      })
      await greenlet.join()
      await sleep(0)
      rec.expect(['spawned by the link'])
    })
  })

  describe('use()', () => {
    const error = new Error('from the body')

    /** What `fn` gives or throws, in a greenlet, and the greenlet it used. */
    function used(body: () => Green<unknown>, fn: (greenlet: Greenlet) => Driven<unknown>) {
      const { clock, hub } = virtualHub()
      const reports = catchReports()
      const greenlet: Greenlet = spawn(body)
      let thrown: unknown = null
      const user = spawn(function* () {
        try {
          return yield* greenlet.use(fn)
        } catch (caught) {
          thrown = caught
        }
        return undefined
      })
      clock.run()
      expect(hub.living()).toEqual([])
      return { greenlet, value: user.value, thrown, time: clock.now(), reports }
    }

    function* works(): Green<string> {
      yield* sleep(10)
      return 'worked'
    }

    it('counts as a reader of the error that it throws on, also when the slice is over before it goes on', async () => {
      const reports = catchReports()
      const before = getswitchinterval()
      setswitchinterval(0.0001) // each turn is longer
      try {
        await spawn(function* () {
          for (let n = 0; n < 100; n++) yield* sleep(0) // until the hub looks at the clock after each
        }).join()
        const greenlet = spawn(sleep, 1000)
        const user = spawn(() =>
          greenlet.use(function* () {
            yield* sleep(1)
            throw error
          }),
        )
        expect(await rejection(user.get())).toBe(error)
        expect(greenlet.exception).toBe(error)
        await new Promise(setImmediate)
        expect(reports).toEqual([])
      } finally {
        setswitchinterval(before)
      }
    })

    it('joins the greenlet behind the body, and gives what the body returns', () => {
      const end = used(works, function* (greenlet) {
        yield* sleep(2)
        return greenlet.ready()
      })
      expect(end).toMatchObject({ value: false, thrown: null, time: 10 })
      expect(end.greenlet.value).toBe('worked')
    })

    it('takes any function', () => {
      expect(used(works, () => 5).value).toBe(5)
      expect(used(works, (greenlet) => greenlet.get()).value).toBe('worked')
    })

    it('throws no failure of the greenlet; the body may see it', () => {
      const failing = function* (): Green<never> {
        yield* sleep(1)
        throw error
      }
      const seen: unknown[] = []
      const end = used(failing, function* (greenlet) {
        try {
          yield* greenlet.get()
        } catch (caught) {
          seen.push(caught)
        }
        return 'went on'
      })
      expect([end.value, end.thrown, seen, end.reports]).toEqual(['went on', null, [error], []])
      const unread = used(failing, () => undefined)
      expect([unread.thrown, unread.reports.length]).toEqual([null, 1])
    })

    it('whose body throws kills the greenlet by that error, waits for it and throws on; it is reported nowhere else', () => {
      const rec = recorder()
      const end = used(
        function* () {
          try {
            yield* sleep(1000)
          } finally {
            yield* sleep(5)
            rec('cleaned')
          }
        },
        function* () {
          yield* sleep(1)
          throw error
        },
      )
      rec.expect(['cleaned'])
      expect([end.thrown, end.greenlet.exception, end.time, end.reports]).toEqual([error, error, 6, []])
    })

    it('whose body throws before the greenlet has run keeps it from running', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const user = new Greenlet(function* () {
        const greenlet = spawn(() => {
          rec('ran')
        })
        try {
          yield* greenlet.use(() => {
            throw error
          })
        } catch (caught) {
          return [caught, greenlet.exception, yield* rejectionOf(greenlet)]
        }
        return null
      })
      user.start()
      clock.run()
      rec.expect([])
      expect(user.value).toEqual([error, error, error])
    })

    function* rejectionOf(greenlet: Greenlet): Green<unknown> {
      try {
        return yield* greenlet.get()
      } catch (caught) {
        return caught
      }
    }

    it('whose body throws something that is no Error kills the greenlet all the same', () => {
      const end = used(works, () => {
        throw 'a string'
      })
      expect([end.thrown, end.greenlet.value]).toEqual(['a string', expect.any(GreenletExit)])
    })

    it.each([
      ['in the body', 2],
      ['in the join', 5],
    ])('that is timed out %s throws that very Timeout, and the greenlet has ended', (_, ms) => {
      const { clock } = virtualHub()
      catchReports()
      const greenlet = spawn(works)
      const user = spawn(function* () {
        const timeout = new Timeout(ms).start()
        try {
          yield* greenlet.use(() => sleep(3))
        } catch (caught) {
          return [caught === timeout, greenlet.dead, clock.now()]
        }
        return null
      })
      clock.run()
      expect(user.value).toEqual([true, true, ms])
    })

    it('that is killed in the join kills the greenlet', () => {
      const { clock } = virtualHub()
      const greenlet = spawn(works)
      const user = spawn(() => greenlet.use(() => undefined))
      clock.run(1)
      user.kill()
      clock.run()
      expect([greenlet.value, user.value, clock.now()]).toEqual([expect.any(GreenletExit), expect.any(GreenletExit), 1])
    })

    it('refuses what is no function', () => {
      expect(usage(() => new Greenlet(idle).use(5 as never))).toBe('use() expects a function, but got 5 (number).')
    })
  })

  describe('using', () => {
    it('kills the greenlet at the end of the block, without waiting', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const owner = spawn(function* () {
        {
          using worker = spawn(function* () {
            try {
              yield* sleep(1000)
            } finally {
              rec('worker ends')
            }
          })
          yield* sleep(1)
          rec(`block ends, ${worker.dead}`)
        }
        rec('behind the block')
      })
      clock.run()
      rec.expect(['block ends, false', 'behind the block', 'worker ends'])
      expect([owner.dead, clock.now()]).toEqual([true, 1])
    })

    it('with await, in async code, joins it', async () => {
      const rec = recorder()
      {
        await using worker = spawn(function* () {
          yield* sleep(1)
          rec('worker ends')
        })
        rec(`block ends, ${worker.dead}`)
      }
      rec('behind the block')
      rec.expect(['block ends, false', 'worker ends', 'behind the block'])
    })

    it('with await throws no failure of the greenlet', async () => {
      const reports = catchReports()
      {
        await using worker = spawn(() => {
          throw new Error('its own')
        })
        expect(worker.dead).toBe(false)
      }
      await sleep(1)
      expect(reports).toHaveLength(1)
    })
  })

  describe('dead', () => {
    it('is never true while the greenlet is being switched into, its first time included', () => {
      const { clock } = virtualHub()
      const seen: boolean[] = []
      const greenlet = spawn(() => sleep(1))
      settrace((_event, _origin, target) => {
        if (target === greenlet) seen.push(greenlet.dead)
      })
      clock.run()
      settrace(null)
      expect(seen).toEqual([false, false])
    })
  })

  describe('a failure', () => {
    const error = new Error('unheard')
    function fail(): never {
      throw error
    }

    it('that nobody reads is reported once, with the name of the greenlet', async () => {
      const reports = catchReports()
      spawnWith({ name: 'careless' }, fail)
      await sleep(0)
      await sleep(2)
      expect(reports).toEqual([{ name: 'careless', error }])
    })

    it('that only join(), joinall() and questions about its state touch is reported', async () => {
      const reports = catchReports()
      const greenlet = spawnWith({ name: 'careless' }, fail)
      await greenlet.join()
      await joinall([greenlet])
      greenlet.ready()
      greenlet.successful()
      expect(reports).toEqual([{ name: 'careless', error }])
    })

    it.each<[string, (greenlet: Greenlet<never>) => unknown]>([
      ['a get() that waits', (greenlet) => spawn(() => rejectionOf(greenlet))],
      ['a link', (greenlet) => greenlet.rawlink(() => undefined)],
      ['joinall() with raiseError that waits', (greenlet) => rejection(joinall([greenlet], { raiseError: true }))],
      ['run()', () => undefined],
    ])('that %s reads is not reported', async (how, read) => {
      const reports = catchReports()
      if (how === 'run()') {
        expect(await rejection(run(fail))).toBe(error)
      } else {
        const greenlet = spawn(function* () {
          yield* sleep(0)
          fail()
        })
        const reading = read(greenlet)
        await greenlet.join()
        await reading
      }
      await sleep(0)
      expect(reports).toEqual([])
    })

    function* rejectionOf(greenlet: Greenlet<never>): Green<unknown> {
      try {
        return yield* greenlet.get()
      } catch (caught) {
        return caught
      }
    }

    it('that plain code gets in the line that spawns is not reported: await spawn(fail).get()', async () => {
      const reports = catchReports()
      try {
        await spawn(fail).get()
      } catch (caught) {
        expect(caught).toBe(error)
      }
      await sleep(0)
      expect(reports).toEqual([])
    })

    it('that a greenlet gets in the line that spawns is not reported', async () => {
      const reports = catchReports()
      const reader = spawn(function* () {
        return yield* rejectionOf(spawn(fail))
      })
      expect(await reader.get()).toBe(error)
      expect(reports).toEqual([])
    })

    it('that is only looked at, by `exception`, is reported', () => {
      const { clock } = virtualHub()
      const reports = catchReports()
      const greenlet = spawn(fail)
      const looker = spawn(() => greenlet.exception)
      clock.run()
      expect([looker.value, reports.length]).toEqual([error, 1])
    })

    it.each<[string, (greenlet: Greenlet<never>) => unknown]>([
      ['a get()', (greenlet) => spawn(() => rejectionOf(greenlet))],
      ['a link', (greenlet) => greenlet.rawlink(() => undefined)],
    ])(
      'that %s waits for is not reported either when the hub is so busy that its turn comes in a later slice',
      (_, read) => {
        const { clock } = virtualHub()
        const reports = catchReports()
        for (let n = 0; n < 100; n++)
          spawn(function* () {
            for (let round = 0; round < 5; round++) yield* sleep(0)
          })
        const greenlet = spawn(function* () {
          yield* sleep(0)
          fail()
        })
        read(greenlet)
        clock.run()
        expect(reports).toEqual([])
      },
    )

    it('that is thrown into main by run() is not reported when the hub is busy', async () => {
      const reports = catchReports()
      const spinners = Array.from({ length: 100 }, () =>
        spawn(function* () {
          for (let round = 0; round < 5; round++) yield* sleep(0)
        }),
      )
      const outcome = rejection(
        run(function* () {
          yield* sleep(0)
          fail()
        }),
      )
      expect(await outcome).toBe(error)
      await joinall(spinners)
      expect(reports).toEqual([])
    })

    it('is never thrown into main by a switch(): it is stored and reported', async () => {
      const reports = catchReports()
      const greenlet = new Greenlet(fail)
      greenlet.name = 'switched'
      const switched = greenlet.switch()
      expect([switched.done, switched.value, greenlet.ready()]).toEqual([true, undefined, true])
      await sleep(0)
      expect(reports).toEqual([{ name: 'switched', error }])
    })

    it('by throw() from main is stored, not thrown', async () => {
      const reports = catchReports()
      const greenlet = spawnWith({ name: 'thrown at' }, idle)
      expect(greenlet.throw(error).done).toBe(true)
      expect(greenlet.ready()).toBe(true)
      await sleep(0)
      expect(reports).toEqual([{ name: 'thrown at', error }])
    })

    it('that is a GreenletExit, of any class, is none', async () => {
      const reports = catchReports()
      class Farewell extends GreenletExit {}
      const greenlet = spawn(() => {
        throw new Farewell()
      })
      await greenlet.join()
      await sleep(0)
      expect([greenlet.successful(), reports]).toEqual([true, []])
    })

    it('that is a Timeout of its own is one', async () => {
      const reports = catchReports()
      const greenlet = spawnWith({ name: 'slow' }, function* () {
        yield* withTimeout(1, sleep, 1000)
      })
      await greenlet.join()
      await sleep(0)
      expect(reports).toEqual([{ name: 'slow', error: expect.any(Timeout) }])
    })

    it('of a raw greenlet that a greenlet has switched to is reported by the name of the one that failed', async () => {
      const reports = catchReports()
      const raw = new RawGreenlet(function* culprit() {
        throw error
      })
      const innocent = spawn(function* innocent() {
        yield* raw.switch()
      })
      await sleep(0)
      await innocent.kill()
      expect(reports).toEqual([{ name: 'culprit', error }])
    })

    it('does not disturb others', async () => {
      const reports = catchReports()
      const good = spawn(function* () {
        yield* sleep(2)
        return 'fine'
      })
      spawn(fail)
      expect(await good.get()).toBe('fine')
      expect(reports).toHaveLength(1)
    })
  })

  describe('the async context', () => {
    const storage = new AsyncLocalStorage<string>()

    it('is inherited from whoever makes the greenlet, and kept over its waits', async () => {
      function* look(): Green<unknown[]> {
        const seen: unknown[] = [storage.getStore()]
        yield* sleep(1)
        seen.push(storage.getStore())
        yield* until(Promise.resolve())
        seen.push(storage.getStore())
        return seen
      }
      const a = storage.run('a', () => spawn(look))
      const b = storage.run('b', () => spawn(look))
      const none = spawn(look)
      await joinall([a, b, none])
      expect([a.value, b.value, none.value]).toEqual([
        ['a', 'a', 'a'],
        ['b', 'b', 'b'],
        [undefined, undefined, undefined],
      ])
    })

    it('changed by enterWith() is private, and is still there after switching away and back', async () => {
      const counts: unknown[] = []
      function* enter(name: string): Green<void> {
        storage.enterWith(name)
        for (let round = 0; round < 2; round++) {
          yield* sleep(0)
          counts.push(storage.getStore() === name)
        }
      }
      await joinall(['a', 'b', 'c', 'd'].map((name) => spawn(enter, name)))
      expect(counts).toEqual(Array.from({ length: 8 }, () => true))
      expect(storage.getStore()).toBeUndefined()
    })

    it('is inherited by greenlets that a greenlet spawns', async () => {
      const greenlet = storage.run('outer', () =>
        spawn(function* () {
          return yield* spawn(() => storage.getStore()).get()
        }),
      )
      expect(await greenlet.get()).toBe('outer')
    })

    it('holds in an async body, over its awaits', async () => {
      const greenlet = storage.run('async', () =>
        spawn(async () => {
          await Promise.resolve()
          return storage.getStore()
        }),
      )
      expect(await greenlet.get()).toBe('async')
    })

    it('holds in a finally block that a kill has reached', async () => {
      const seen: unknown[] = []
      const greenlet = storage.run('killed', () =>
        spawn(function* () {
          try {
            yield* sleep(1000)
          } finally {
            seen.push(storage.getStore())
          }
        }),
      )
      await sleep(0)
      await greenlet.kill()
      expect(seen).toEqual(['killed'])
    })

    it('of a greenlet is its own when another one switches to it', () => {
      const seen: unknown[] = []
      const inner = storage.run('inner', () => new Greenlet(() => seen.push(storage.getStore())))
      const outer = storage.run(
        'outer',
        () =>
          new Greenlet(function* () {
            seen.push(storage.getStore())
            yield* inner.switch()
          }),
      )
      outer.switch()
      expect(seen).toEqual(['outer', 'inner'])
      outer.throw()
    })
  })

  it('runs on the hub of the thread', () => {
    expect(new Greenlet(idle).hub).toBe(getHub())
  })

  it('is no thenable: an async function can return one', async () => {
    const greenlet = spawn(() => 1)
    const returned = await (async () => greenlet)()
    expect(returned).toBe(greenlet)
    await greenlet.join()
  })

  it('that ended by switch() gives its value to the call', () => {
    expect(new Greenlet(() => 5).switch().value).toBe(5)
  })
})
