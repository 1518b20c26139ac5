// joinall and killall: the ends of several greenlets. What joinall does for one call of it is in spawn.test.ts, too.
import {
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  getHub,
  joinall,
  killall,
  RawGreenlet,
  run,
  sleep,
  spawn,
  spawnWith,
  Timeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, usage } from '../support/thrown.ts'
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

/** Catches every kill, and ends when its time has come. */
function* stubborn(ms: number, kills: unknown[] = []): Green<string> {
  for (const end = getHub().clock.now() + ms; ; ) {
    const left = end - getHub().clock.now()
    if (left <= 0) return 'ended by itself'
    try {
      yield* sleep(left)
    } catch (error) {
      kills.push(error)
    }
  }
}

describe('joinall()', () => {
  it('with raiseError gives the greenlets with their values when all is well', async () => {
    const joined = await joinall([spawn(after, 2, 'x'), spawn(after, 0, 'y'), spawn(after, 1, 'z')], {
      raiseError: true,
    })
    expect(joined.map(({ value }) => value)).toEqual(['x', 'y', 'z'])
  })

  it('with raiseError throws, of those that had failed before, the one that failed first in time', () => {
    const { clock } = virtualHub()
    catchReports()
    const late = spawn(failAfter, 2, 'listed first')
    const early = spawn(failAfter, 1, 'failed first')
    const seen: unknown[] = []
    spawn(function* () {
      yield* joinall([late, early])
      for (const list of [
        [late, early],
        [early, late],
        [late, early, late],
      ]) {
        try {
          yield* joinall(list, { raiseError: true })
        } catch (error) {
          seen.push(error)
        }
      }
    })
    clock.run()
    expect(seen).toEqual([early.exception, early.exception, early.exception])
    expect(messageOf(early.exception)).toBe('failed first')
  })

  it('with raiseError reads the failure that it throws, and no other', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const [late, early] = [
      spawnWith({ name: 'late' }, failAfter, 5, 'second'),
      spawnWith({ name: 'early' }, failAfter, 5, 'first'),
    ]
    const seen: unknown[] = []
    spawn(function* () {
      yield* sleep(5)
      try {
        yield* joinall([early, late], { raiseError: true })
      } catch (error) {
        seen.push(error)
      }
    })
    clock.run()
    expect(seen).toEqual([late.exception]) // it was spawned first
    expect(reports.map(({ name }) => name)).toEqual(['early'])
  })

  it('takes a Timeout as timeoutMs: it goes on when that has passed, and no timer is left', () => {
    const { clock, hub } = virtualHub()
    const slow = spawn(after, 50, '')
    const times: number[] = []
    spawn(function* () {
      yield* joinall([slow], { timeoutMs: new Timeout(10) })
      times.push(clock.now(), hub.timers.count)
      yield* joinall([slow], { timeoutMs: new Timeout(1000) })
      times.push(clock.now(), hub.timers.count)
    })
    clock.run()
    expect(times).toEqual([10, 1, 50, 0])
  })

  it('lets a Timeout pass that runs already, the very object', () => {
    const { clock } = virtualHub()
    const seen: unknown[] = []
    const slow = spawn(after, 1000, '')
    spawn(function* () {
      using timeout = Timeout.startNew(10)
      try {
        yield* joinall([slow], { timeoutMs: timeout })
      } catch (error) {
        seen.push(error === timeout, clock.now(), slow.hasLinks())
      }
    })
    clock.run(20)
    expect(seen).toEqual([true, 10, 0])
    slow.kill()
    clock.run()
  })

  it('with count may have the caller in its list, if the others are enough', async () => {
    const seen: unknown[] = []
    await run(function* () {
      const self = getcurrent() as Greenlet
      seen.push((yield* joinall([self, spawn(after, 1, '')], { count: 1 })).length)
      try {
        yield* joinall([self, spawn(after, 1, '')], { count: 2 })
      } catch (error) {
        seen.push(messageOf(error))
      }
      yield* sleep(2)
    })
    expect(seen).toEqual([2, 'Greenlet "main" waits for itself in joinall(); it could never go on.'])
  })
})

describe('killall()', () => {
  it('has its effect at the call: who has not run never will, the others get the exit in order', async () => {
    const rec = recorder()
    function* worker(name: string): Green<void> {
      try {
        yield* sleep(1000)
      } finally {
        rec(`${name} ends`)
      }
    }
    const running = ['a', 'b'].map((name) => spawn(worker, name))
    await sleep(0)
    const [unstarted, spawned] = [new Greenlet(worker, 'unstarted'), spawn(worker, 'spawned')]
    killall([running[1]!, unstarted, spawned, running[0]!])
    rec('killed')
    expect([unstarted.dead, spawned.dead, ...running.map(({ dead }) => dead)]).toEqual([true, true, false, false])
    await joinall(running)
    rec.expect(['killed', 'b ends', 'a ends'])
  })

  describe.each([
    ['not started', () => new Greenlet(after, 1000, '')],
    ['started and not run yet', () => spawn(after, 1000, '')],
    [
      'to be started later',
      () => {
        const greenlet = new Greenlet(after, 1000, '')
        greenlet.startLater(1000)
        return greenlet
      },
    ],
    [
      'asleep',
      async () => {
        const greenlet = spawn(after, 1000, '')
        await sleep(0)
        return greenlet
      },
    ],
  ])('of one that is %s', (_, make) => {
    it.each([true, false])('ends it with GreenletExit, for good; block: %s', async (block) => {
      const greenlet = await make()
      await killall([greenlet], undefined, { block })
      if (!block) await sleep(0)
      const look = () => [greenlet.dead, greenlet.started, greenlet.ready(), greenlet.successful(), greenlet.exception]
      expect(look()).toEqual([true, false, true, true, null])
      const { value } = greenlet
      expect(value).toBeInstanceOf(GreenletExit)
      await killall([greenlet], new Error('again'))
      expect([...look(), greenlet.value]).toEqual([true, false, true, true, null, value])
    })

    it.each([true, false])('ends it with an error that is given, as a failure; block: %s', async (block) => {
      const reports = catchReports()
      const greenlet = await make()
      const error = new Error('enough')
      await killall([greenlet], error, { block })
      if (!block) await sleep(0)
      expect([greenlet.ready(), greenlet.successful(), greenlet.exception, greenlet.value]).toEqual([
        true,
        false,
        error,
        undefined,
      ])
      await sleep(0)
      expect(reports.map((report) => report.error)).toEqual([error])
    })
  })

  it('waits for all, also for those that take their time to end', () => {
    const { clock } = virtualHub()
    function* tidy(ms: number): Green<void> {
      try {
        yield* sleep(1000)
      } finally {
        yield* sleep(ms)
      }
    }
    const times: number[] = []
    const all = [10, 30, 20].map((ms) => spawn(tidy, ms))
    spawn(function* () {
      yield* sleep(5)
      yield* killall(all)
      times.push(clock.now())
    })
    clock.run()
    expect(times).toEqual([35])
  })

  it('waits for one that catches the exit and ends by itself', () => {
    const { clock } = virtualHub()
    const kills: unknown[] = []
    const greenlet = spawn(stubborn, 50, kills)
    const times: number[] = []
    spawn(function* () {
      yield* sleep(1)
      yield* killall([greenlet])
      times.push(clock.now())
    })
    clock.run()
    expect([times, kills.length, greenlet.value]).toEqual([[50], 1, 'ended by itself'])
  })

  it('throws a Timeout when the time has passed, and leaves who lives to itself', () => {
    const { clock, hub } = virtualHub()
    const greenlets = [spawn(stubborn, 1000), spawn(after, 1000, '')]
    const seen: unknown[] = []
    spawn(function* () {
      yield* sleep(1)
      try {
        yield* killall(greenlets, undefined, { timeoutMs: 500 })
      } catch (error) {
        seen.push(String(error), clock.now(), hub.timers.count, ...greenlets.map((one) => [one.dead, one.hasLinks()]))
      }
    })
    clock.run(600)
    expect(seen).toEqual(['Timeout: 500 ms', 501, 1, [false, 0], [true, 0]])
    clock.run()
  })

  it('throws the error of a Timeout that it is given', () => {
    const { clock } = virtualHub()
    const greenlet = spawn(stubborn, 100)
    const error = new Error('too slow')
    const seen: unknown[] = []
    spawn(function* () {
      yield* sleep(1)
      try {
        yield* killall([greenlet], undefined, { timeoutMs: new Timeout(10, error) })
      } catch (caught) {
        seen.push(caught)
      }
    })
    clock.run()
    expect(seen).toEqual([error])
  })

  it('with timeoutMs of those that have not run does not need it', async () => {
    const never = [spawn(stubborn, 1000), new Greenlet(stubborn, 1000)]
    await killall(never, undefined, { timeoutMs: 500 })
    expect([never.map(({ dead }) => dead), getHub().timers.count]).toEqual([[true, true], 0])
  })

  it('with block: false has nothing to be waited for', async () => {
    const rec = recorder()
    const all = new Set([spawn(after, 1000, ''), spawn(after, 1000, '')])
    await sleep(0)
    const killer = spawn(function* () {
      yield* killall(all, undefined, { block: false })
      rec(`all dead: ${[...all].every(({ dead }) => dead)}`)
    })
    await killer.join()
    await joinall(all)
    rec.expect(['all dead: false'])
  })

  it('of nobody, and of those that have ended, is over at once', async () => {
    const done = spawn(after, 0, 'done')
    await done.join()
    const rec = recorder()
    const greenlet = spawn(function* () {
      yield* killall([])
      yield* killall([done])
      yield* killall(new Set<Greenlet>())
      rec('killed')
    })
    spawn(() => {
      rec('other')
    })
    await greenlet.join()
    await sleep(0)
    rec.expect(['killed', 'other'])
    expect(done.value).toBe('done')
  })

  it('throws once into one that is given twice', async () => {
    const kills: unknown[] = []
    const greenlet = spawn(stubborn, 3, kills)
    await sleep(0)
    await killall([greenlet, greenlet])
    expect(kills).toHaveLength(1)
  })

  it('makes of a class one error for each', async () => {
    class Stop extends GreenletExit {}
    const all = [spawn(after, 1000, ''), spawn(after, 1000, '')]
    await sleep(0)
    await killall(all, Stop)
    const [a, b] = all.map(({ value }) => value)
    expect([a instanceof Stop, b instanceof Stop, a === b]).toEqual([true, true, false])
  })

  it('drives nobody: a call without yield* kills all the same', async () => {
    const greenlet = spawn(after, 1000, '')
    await sleep(0)
    spawn(() => {
      killall([greenlet])
    })
    await greenlet.join()
    expect(greenlet.value).toBeInstanceOf(GreenletExit)
  })

  it('does not go on before its own time when it is interrupted, and leaves no link', () => {
    const { clock, hub } = virtualHub()
    const greenlet = spawn(stubborn, 100)
    const killer = spawn(function* () {
      yield* sleep(1)
      yield* killall([greenlet], undefined, { timeoutMs: 1000 })
    })
    clock.run(10)
    expect([greenlet.hasLinks(), hub.timers.count]).toEqual([1, 2])
    killer.kill()
    expect([greenlet.hasLinks(), hub.timers.count]).toEqual([0, 1])
    clock.run()
  })

  it('that kills the caller, too, is the wait in which it gets the exit', async () => {
    const greenlet: Greenlet = spawn(function* () {
      yield* sleep(0)
      yield* killall([other, greenlet])
    })
    const other = spawn(after, 1000, '')
    await joinall([greenlet, other])
    expect([greenlet.value, other.value].map((value) => value instanceof GreenletExit)).toEqual([true, true])
  })

  it('that waits for the caller, who has caught its exit, is refused', async () => {
    const seen: string[] = []
    const greenlet: Greenlet = spawn(function* () {
      yield* sleep(0)
      const op = killall([greenlet])
      try {
        yield* sleep(0)
      } catch {
        // it lives on
      }
      try {
        yield* op
      } catch (error) {
        seen.push(messageOf(error))
      }
    })
    greenlet.name = 'lazarus'
    await greenlet.join()
    expect(seen).toEqual(['Greenlet "lazarus" waits for itself in killall(); it could never go on.'])
  })

  it('says whom it waits for', () => {
    const { clock } = virtualHub()
    const all = ['w0', 'w1', 'w2', 'w3'].map((name) => spawnWith({ name }, stubborn, 10))
    const killer = spawn(function* () {
      yield* sleep(1)
      const op = killall(all)
      expect([op].map(String)).toEqual(['killall() of 4 greenlets'])
      yield* op
    })
    clock.run(2)
    expect(killer.$wait?.describe()).toBe('killall() of "w0", "w1", "w2", 1 more')
    expect(killer.$wait?.waitsFor?.()).toEqual(all)
    clock.run()
  })

  describe('of raw greenlets', () => {
    it('ends those that have not started, without running them', async () => {
      const raw = new RawGreenlet(() => {
        throw new Error('it ran')
      })
      await killall([raw])
      expect(raw.dead).toBe(true)
    })

    it('reports an error that ends one, since it has nobody to read it', async () => {
      const reports = catchReports()
      const raw = new RawGreenlet(() => undefined)
      const error = new Error('enough')
      await killall([raw], error)
      expect(reports).toEqual([{ name: raw.name, error }])
    })

    it('throws into those that wait, and waits for their ends', () => {
      const { clock } = virtualHub()
      const rec = recorder()
      const raw = new RawGreenlet(function* () {
        try {
          yield* sleep(1000)
        } finally {
          yield* sleep(10)
          rec('raw ends')
        }
      })
      raw.switch()
      const greenlet = spawn(after, 1000, '')
      spawn(function* () {
        yield* sleep(5)
        yield* killall([raw, greenlet])
        rec(`killed at ${clock.now()}`)
      })
      clock.run()
      rec.expect(['raw ends', 'killed at 15'])
      expect([raw.dead, greenlet.dead]).toEqual([true, true])
    })

    it('throws into those that are switched out', async () => {
      const rec = recorder()
      const raw = new RawGreenlet(function* () {
        try {
          yield* getcurrent().parent!.switch('out')
        } finally {
          rec('ends')
        }
      })
      expect(raw.switch().value).toBe('out')
      await killall([raw])
      rec.expect(['ends'])
    })

    it('does not disturb the greenlet that has made one, and kills it', async () => {
      const seen: unknown[] = []
      await run(function* () {
        const raw = new RawGreenlet(function* (back: Greenlet) {
          yield* back.switch('out')
        })
        seen.push(yield* raw.switch(getcurrent()))
        yield* killall([raw])
        seen.push(raw.dead)
      })
      expect(seen).toEqual(['out', true])
    })

    it('leaves nothing of a wait that was cut short', () => {
      const { clock } = virtualHub()
      const raw = new RawGreenlet(stubborn)
      raw.switch(50)
      const seen: unknown[] = []
      spawn(function* () {
        yield* sleep(1)
        try {
          yield* killall([raw], undefined, { timeoutMs: 10 })
        } catch (error) {
          seen.push(error instanceof Timeout)
        }
        yield* killall([raw])
        seen.push(clock.now())
      })
      clock.run()
      expect(seen).toEqual([true, 50])
    })
  })

  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['null', null],
    ['a Greenlet', new Greenlet(after, 1, '')],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => killall(value as never))).toBe(`killall() expects an iterable of greenlets, but got ${shown}.`)
  })

  it('checks everything before anybody is killed', async () => {
    const greenlet = spawn(after, 0, 'alive')
    expect(usage(() => killall([greenlet, 5] as never))).toBe('killall() expects greenlets, but item 1 is 5 (number).')
    expect(usage(() => killall([greenlet], 42 as never))).toBe(
      'killall() expects an Error or a class of errors, but got 42 (number).',
    )
    expect(usage(() => killall([], 42 as never))).toBe(
      'killall() expects an Error or a class of errors, but got 42 (number).',
    )
    expect(usage(() => killall([greenlet, getcurrent()]))).toBe(
      'killall() was given main, which is not a greenlet that could end.',
    )
    expect(usage(() => killall([greenlet], undefined, { timeoutMs: -1 }))).toBe(
      'killall() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    class Unmade extends Error {
      constructor() {
        super()
        throw new Error('cannot be made')
      }
    }
    expect(message(() => killall([greenlet], Unmade))).toBe('cannot be made')
    expect(await greenlet.get()).toBe('alive')
  })
})
