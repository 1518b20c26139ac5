// Event: a flag that greenlets, and plain code, wait for.
import {
  Event,
  type Greenlet,
  LoopExit,
  type Operation,
  run,
  setDebug,
  sleep,
  spawn,
  Timeout,
  UsageError,
  wait,
} from 'greenloop'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

describe('set() and clear()', () => {
  it('are what isSet() and ready() tell', () => {
    const event = new Event()
    expect([event.isSet(), event.ready(), String(event)]).toEqual([false, false, 'Event (clear)'])
    event.set()
    event.set()
    expect([event.isSet(), event.ready(), String(event)]).toEqual([true, true, 'Event (set)'])
    event.clear()
    event.clear()
    expect([event.isSet(), event.ready()]).toEqual([false, false])
  })

  it('leave whoever calls them undisturbed: those who wait run later', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    spawn(function* () {
      yield* event.wait()
      rec('wakes')
    })
    spawn(function* () {
      yield* sleep(1)
      event.set()
      rec('has set')
      yield* sleep(0)
      rec('after its turn')
    })
    clock.run()
    rec.expect(['has set', 'wakes', 'after its turn'])
  })

  for (const count of [1, 100, 1000]) {
    it(`one right after the other wake ${String(count)} that wait`, () => {
      const { clock } = virtualHub()
      const event = new Event()
      const order: number[] = []
      const waiters = Array.from({ length: count }, (_, n) =>
        spawn(function* () {
          const result = yield* event.wait()
          order.push(n)
          return result
        }),
      )
      clock.run()
      expect(event.linkcount()).toBe(count)
      event.set()
      event.clear()
      clock.run()
      expect(waiters.every(({ value }) => value === true)).toBe(true)
      expect(order).toEqual(waiters.map((_, n) => n))
      expect([event.isSet(), event.linkcount()]).toEqual([false, 0])
    })
  }
})

describe('wait()', () => {
  it('gives true at once, without switching, when it is set', async () => {
    const event = new Event()
    event.set()
    const rec = recorder()
    const waiter = spawn(function* () {
      spawn(rec, 'other')
      for (let n = 0; n < 3; n++) rec(String(yield* event.wait()))
    })
    await waiter.get()
    await sleep(0)
    rec.expect(['true', 'true', 'true', 'other'])
    expect(await event.wait()).toBe(true)
  })

  it('gives true although it was cleared before the waiter runs', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const results: boolean[] = []
    spawn(function* () {
      results.push(yield* event.wait({ timeoutMs: 100 }), event.isSet())
    })
    clock.run(1)
    event.set()
    event.clear()
    clock.run()
    expect(results).toEqual([true, false])
    expect(clock.now()).toBe(1)
  })

  it('gives false when the time has passed', () => {
    const { clock, hub } = virtualHub()
    const event = new Event()
    const waiter = spawn(function* () {
      return [yield* event.wait({ timeoutMs: 10 }), clock.now()]
    })
    clock.run()
    expect(waiter.value).toEqual([false, 10])
    expect([event.linkcount(), hub.timers.count]).toEqual([0, 0])
  })

  it('gives false with timeoutMs 0 when it is not set, true when it is', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiter = spawn(function* () {
      const before = yield* event.wait({ timeoutMs: 0 })
      event.set()
      return [before, yield* event.wait({ timeoutMs: 0 })]
    })
    clock.run()
    expect(waiter.value).toEqual([false, true])
    expect(event.linkcount()).toBe(0)
  })

  it('gives true when it was set and the time has passed before anybody could be told', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiters = [10, 20].map((timeoutMs) => spawn(() => event.wait({ timeoutMs })))
    clock.run(5)
    spawn(() => {
      event.set()
      event.clear()
      waiters.push(spawn(() => event.wait({ timeoutMs: 0 }))) // too late for that set()
      clock.time = 50 // hard work; the slice has to stop
    })
    for (let n = 0; n < 100; n++) spawn(() => undefined)
    clock.run()
    expect(waiters.map(({ value }) => value)).toEqual([true, true, false])
    expect(event.linkcount()).toBe(0)
  })

  it('does not switch without reason: a wait that is set costs the others no turn', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    spawn(function* () {
      event.set()
      yield* event.wait()
      rec('first')
    })
    spawn(rec, 'second')
    clock.run()
    rec.expect(['first', 'second'])
  })

  it('wakes in the order in which they came, greenlets and plain code alike', async () => {
    const event = new Event()
    const rec = recorder()
    const waiter = (name: string) =>
      spawn(function* () {
        yield* event.wait()
        rec(name)
      })
    const plain = async (name: string) => {
      await event.wait()
      rec(name)
    }
    waiter('greenlet 1')
    await sleep(0)
    const main1 = plain('main 1')
    waiter('greenlet 2')
    await sleep(0)
    const main2 = plain('main 2')
    event.set()
    await Promise.all([main1, main2])
    rec.expect(['greenlet 1', 'greenlet 2', 'main 1', 'main 2']) // a promise goes on when the slice is over
  })

  it('runs behind those who are being woken, when it finds the event set meanwhile', async () => {
    const event = new Event()
    const rec = recorder()
    const waiter = (name: string) =>
      spawn(function* () {
        yield* event.wait()
        rec(name)
      })
    waiter('1')
    waiter('2')
    await sleep(0)
    expect(event.linkcount()).toBe(2)
    event.set()
    await event.wait()
    rec('3')
    rec.expect(['1', '2', '3'])
  })

  it('runs behind those who are being woken, when one of them waits again', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    for (const name of ['a', 'b', 'c']) {
      spawn(function* () {
        for (let round = 1; round <= 2; round++) {
          yield* event.wait()
          rec(`${name}${String(round)}`)
        }
      })
    }
    clock.run()
    event.set()
    spawn(rec, 'other')
    clock.run()
    rec.expect(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'other'])
    expect(event.linkcount()).toBe(0)
  })

  it('gives true to one who got in line, although the event was cleared before its turn', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    spawn(function* () {
      yield* event.wait()
      rec(`again: ${String(yield* event.wait({ timeoutMs: 5 }))}`)
    })
    spawn(function* () {
      yield* event.wait()
      event.clear()
      rec(`cleared, in line: ${String(event.linkcount())}`)
      rec(`once more: ${String(yield* event.wait({ timeoutMs: 5 }))}`)
    })
    clock.run()
    event.set()
    clock.run()
    rec.expect(['cleared, in line: 1', 'again: true', 'once more: false'])
  })

  it('waits for the next set() after clear()', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    spawn(function* () {
      for (let n = 0; n < 3; n++) {
        yield* event.wait()
        event.clear()
        rec(`woken at ${String(clock.now())}`)
      }
    })
    spawn(function* () {
      for (let n = 0; n < 3; n++) {
        yield* sleep(5)
        event.set()
      }
    })
    clock.run()
    rec.expect(['woken at 5', 'woken at 10', 'woken at 15'])
  })

  it('is a recipe: driven again it waits again', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const operation = event.wait()
    const waiter = spawn(function* () {
      yield* operation
      event.clear()
      const first = clock.now()
      yield* operation
      return [first, clock.now()]
    })
    clock.run(5)
    event.set()
    clock.run(10)
    event.set()
    clock.run()
    expect(waiter.value).toEqual([5, 10])
    expect(event.wait()).toBe(operation)
  })

  it('can be set by the greenlet that the waiter has spawned', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiter = spawn(function* () {
      spawn(() => {
        event.set()
      })
      const woken = yield* event.wait()
      const isSet = event.isSet()
      event.clear()
      return [woken, isSet, yield* wait([event], { timeoutMs: 10 })]
    })
    clock.run()
    expect(waiter.value).toEqual([true, true, []])
    expect(event.linkcount()).toBe(0)
  })

  it('has its type', () => {
    expectTypeOf(new Event().wait()).toEqualTypeOf<Operation<boolean>>()
  })
})

describe('a wait that is cut short', () => {
  it('by a kill leaves no link', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiter = spawn(() => event.wait())
    clock.run()
    expect(event.linkcount()).toBe(1)
    waiter.kill()
    expect(event.linkcount()).toBe(0)
    clock.run()
  })

  it('by a Timeout from outside throws that, and leaves no link', () => {
    const { clock, hub } = virtualHub()
    const event = new Event()
    const waiter = spawn(function* () {
      const timeout = new Timeout(5).start()
      try {
        return [yield* event.wait({ timeoutMs: 1000 })]
      } catch (error) {
        return [error === timeout, clock.now(), event.linkcount(), hub.timers.count]
      }
    })
    clock.run()
    expect(waiter.value).toEqual([true, 5, 0, 0])
  })

  it('by its own Timeout object gives false', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiter = spawn(function* () {
      return [yield* event.wait({ timeoutMs: new Timeout(5) }), clock.now()]
    })
    clock.run()
    expect(waiter.value).toEqual([false, 5])
  })

  it('by LoopExit leaves no link, and is told of by name', async () => {
    const { hub, clock } = virtualHub()
    const event = new Event()
    const error = rejection(event.wait().then())
    expect(event.linkcount()).toBe(1)
    expect([...hub.mainWaits].map((main) => main.$wait?.describe())).toEqual(['event.wait()'])
    hub.raiseLoopExit()
    expect(event.linkcount()).toBe(0)
    clock.run()
    expect(await error).toBeInstanceOf(LoopExit)
  })

  it('by an interrupt that was pending does not begin', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiter: Greenlet<boolean> = spawn(function* () {
      waiter.kill()
      return yield* event.wait()
    })
    clock.run()
    expect([String(waiter.value), event.linkcount()]).toEqual(['GreenletExit', 0])
  })
})

describe('wait([event])', () => {
  it('gives an event that is set, as often as it is asked', async () => {
    const event = new Event()
    event.set()
    expect(await wait([event])).toEqual([event])
    expect(await wait([event])).toEqual([event])
    expect(event.linkcount()).toBe(0)
  })

  it('is woken by set(), also when clear() follows', () => {
    const { clock } = virtualHub()
    const events = [new Event(), new Event()]
    const waiter = spawn(function* () {
      return yield* wait(events, { count: 1 })
    })
    clock.run()
    events[1]?.set()
    events[1]?.clear()
    clock.run()
    expect(waiter.value).toEqual([events[1]])
    expect(events.map((event) => event.linkcount())).toEqual([0, 0])
  })
})

describe('bad input', () => {
  it('of wait() is told at the call', () => {
    const event = new Event()
    expect(usage(() => event.wait({ timeoutMs: -1 }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(() => event.wait({ timeoutMs: '5' as never })).toThrow(UsageError)
    expect(event.linkcount()).toBe(0)
  })
})

describe('in debug mode', () => {
  it('each call of wait() is an operation of its own', async () => {
    catchReports()
    setDebug(true)
    onTestFinished(() => {
      setDebug(false)
    })
    const event = new Event()
    event.set()
    const [first, second] = [event.wait(), event.wait()]
    expect(first).not.toBe(second)
    expect([await first, await second]).toEqual([true, true])
    expect([first, second].map((operation: unknown) => String(operation))).toEqual(['event.wait()', 'event.wait()'])
    expect(await run(() => event.wait())).toBe(true)
  })
})
