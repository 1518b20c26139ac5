// Timers on a clock that a test moves: order, ties, cancelling, and a property against the obvious model.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/hub/clock.ts'
import { Timer, Timers } from '../../src/hub/timers.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

/** A timer that writes its name and the time when it is due. */
class Note extends Timer {
  readonly text: string
  readonly #write: (text: string) => void

  constructor(text: string, write: (text: string) => void) {
    super()
    this.text = text
    this.#write = write
  }

  override expired(): void {
    this.#write(this.text)
  }
}

function setUp(): { clock: VirtualClock; timers: Timers; log: string[]; start(text: string, ms: number): Note } {
  const clock = new VirtualClock()
  const timers = new Timers(clock, () => undefined)
  const log: string[] = []
  return {
    clock,
    timers,
    log,
    start(text, ms) {
      const note = new Note(text, (name) => log.push(`${name}@${clock.now()}`))
      timers.add(note, ms)
      return note
    },
  }
}

describe('Timers', () => {
  it('expire in the order of their time, whatever the order they were started in', () => {
    const { clock, log, start } = setUp()
    for (const ms of [30, 10, 20]) start(String(ms), ms)
    clock.run()
    expect(log).toEqual(['10@10', '20@20', '30@30'])
  })

  it('of one duration expire in the order they were started', () => {
    const { clock, log, start } = setUp()
    for (const name of ['a', 'b', 'c']) start(name, 5)
    clock.run()
    expect(log).toEqual(['a@5', 'b@5', 'c@5'])
  })

  it('that are due at once expire in the order they were started, across durations', () => {
    const { clock, log, start } = setUp()
    start('a', 10)
    clock.time = 5
    start('b', 5)
    clock.time = 7
    start('c', 3)
    start('d', 3)
    clock.time = 8
    start('e', 2)
    clock.run()
    expect(log).toEqual(['a@10', 'b@10', 'c@10', 'd@10', 'e@10'])
  })

  it('are never early: a part of a millisecond counts as one', () => {
    const { clock, log, start } = setUp()
    clock.time = 0.4
    start('a', 10)
    start('b', 0.1)
    clock.run()
    expect(log.map((entry) => entry[0])).toEqual(['b', 'a'])
    const times = log.map((entry) => Number(entry.slice(2)))
    expect(times[0]).toBeGreaterThanOrEqual(0.5)
    expect(times[1]).toBeGreaterThanOrEqual(10.4)
  })

  it('do not expire before their time when the alarm goes off early', () => {
    const { clock, log, start } = setUp()
    const alarms: (() => void)[] = []
    vi.spyOn(clock, 'setAlarm').mockImplementation((_ms, fn) => {
      alarms.push(fn)
      return { ref: () => undefined, unref: () => undefined, cancel: () => undefined }
    })
    start('a', 10)
    clock.time = 9.5
    alarms[0]?.()
    expect([log, alarms.length]).toEqual([[], 2])
    clock.time = 10
    alarms[1]?.()
    expect(log).toEqual(['a@10'])
  })

  it('that were removed do not expire', () => {
    const { clock, log, start, timers } = setUp()
    const [a, b, c] = [start('a', 5), start('b', 5), start('c', 5)]
    timers.remove(b)
    expect(timers.count).toBe(2)
    clock.run()
    expect(log).toEqual(['a@5', 'c@5'])
    expect([a.list, b.list, c.list]).toEqual([null, null, null])
  })

  it('may be removed twice, and after they have expired', () => {
    const { clock, start, timers } = setUp()
    const a = start('a', 5)
    const b = start('b', 5)
    timers.remove(a)
    timers.remove(a)
    clock.run()
    timers.remove(b)
    expect(timers.count).toBe(0)
  })

  it('may be started again when they have expired or were removed', () => {
    const { clock, log, start, timers } = setUp()
    const a = start('a', 5)
    clock.run()
    timers.add(a, 5)
    timers.remove(a)
    timers.add(a, 7)
    clock.run()
    expect(log).toEqual(['a@5', 'a@12'])
  })

  it('may be started and removed by one that expires', () => {
    const clock = new VirtualClock()
    const timers = new Timers(clock, () => undefined)
    const log: string[] = []
    const victim = new Note('victim', (text) => log.push(text))
    const born = new Note('born', (text) => log.push(`${text}@${clock.now()}`))
    const killer = new Note('killer', (text) => {
      log.push(text)
      timers.remove(victim)
      timers.add(born, 5)
    })
    timers.add(killer, 5)
    timers.add(victim, 5)
    clock.run()
    expect(log).toEqual(['killer', 'born@10'])
    expect(timers.count).toBe(0)
  })

  it('tell the hub once for all that are due together', () => {
    const clock = new VirtualClock()
    const due = vi.fn()
    const timers = new Timers(clock, due)
    for (let n = 0; n < 10; n++) timers.add(new Note('n', () => undefined), 5)
    clock.run()
    expect(due).toHaveBeenCalledTimes(1)
  })

  it('share one alarm, which is set for the earliest', () => {
    const { clock, start } = setUp()
    start('late', 100)
    expect(clock.alarms.map(({ due }) => due)).toEqual([100])
    start('early', 10)
    expect(clock.alarms.map(({ due }) => due)).toEqual([10])
    start('between', 50)
    expect(clock.alarms.map(({ due }) => due)).toEqual([10])
  })

  it('do not keep the process when none is left, and do again with the next', () => {
    const { clock, start, timers } = setUp()
    const a = start('a', 100)
    expect(clock.alarms.map(({ isRef }) => isRef)).toEqual([true])
    timers.remove(a)
    timers.settle()
    expect(clock.alarms.some(({ isRef }) => isRef)).toBe(false)
    start('b', 200)
    expect(clock.alarms.some(({ isRef }) => isRef)).toBe(true)
    timers.settle()
    expect(clock.alarms.some(({ isRef }) => isRef)).toBe(true)
  })

  it('know when the next one is due', () => {
    const { start, timers } = setUp()
    expect(timers.nextDue).toBe(Infinity)
    const a = start('a', 10)
    start('b', 20)
    expect(timers.nextDue).toBe(10)
    timers.remove(a)
    expect(timers.nextDue).toBe(20)
  })

  it('of thousands of durations do not pile up empty lists', () => {
    const { clock, start, timers, log } = setUp()
    for (let ms = 1; ms <= 5000; ms++) {
      const timer = start(String(ms), ms)
      if (ms % 2 === 0) timers.remove(timer)
    }
    clock.run()
    expect(log).toEqual(Array.from({ length: 2500 }, (_, n) => `${2 * n + 1}@${2 * n + 1}`))
  })

  it('behave as a sorted list does, for any starts, removals and passing of time', () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('start' as const), ms: fc.integer({ min: 0, max: 40 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 25 }) }) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const { clock, timers, log, start } = setUp()
        const made: Note[] = []
        let model: { name: string; due: number; number: number }[] = []
        const expected: string[] = []
        const pass = (until: number): void => {
          const due = model.filter((timer) => timer.due <= until)
          due.sort((a, b) => a.due - b.due || a.number - b.number)
          expected.push(...due.map(({ name }) => name))
          model = model.filter((timer) => timer.due > until)
          clock.run(until)
        }
        for (const step of actions) {
          if (step.kind === 'start') {
            const name = `t${made.length}`
            model.push({ name, due: clock.now() + step.ms, number: made.length })
            made.push(start(name, step.ms))
          } else if (step.kind === 'remove') {
            const timer = made[step.which % Math.max(1, made.length)]
            if (timer === undefined) continue
            model = model.filter(({ name }) => name !== timer.text)
            timers.remove(timer)
          } else {
            pass(clock.now() + step.ms)
          }
          expect(timers.count).toBe(model.length)
          expect(timers.nextDue).toBe(Math.min(Infinity, ...model.map(({ due }) => due)))
        }
        pass(clock.now() + 100)
        // The alarm is never shorter than 1 ms, so what is due at once comes 1 ms later; the order is the model's.
        expect(log.map((entry) => entry.split('@')[0])).toEqual(expected)
        expect(timers.count).toBe(0)
      }),
      { numRuns: 300, seed: 20_261_123 },
    )
  })
})

describe('systemClock', () => {
  it('never goes back', () => {
    const times = Array.from({ length: 100 }, () => systemClock.now())
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })

  it('is not moved by fake timers that are put up later', async () => {
    vi.useFakeTimers()
    try {
      const before = systemClock.now()
      vi.setSystemTime(0)
      await new Promise<void>((resolve) => {
        systemClock.setAlarm(2, resolve)
      })
      expect(systemClock.now()).toBeGreaterThan(before)
    } finally {
      vi.useRealTimers()
    }
  })

  it('takes alarms back, and lets the process go without them', async () => {
    const rung: string[] = []
    systemClock.setAlarm(1, () => rung.push('cancelled')).cancel()
    const alarm = systemClock.setAlarm(1, () => rung.push('rung'))
    alarm.unref()
    alarm.ref()
    await new Promise<void>((resolve) => {
      systemClock.setAlarm(5, resolve)
    })
    expect(rung).toEqual(['rung'])
  })

  it('takes an alarm longer than the longest of Node', () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockReturnValue()
    systemClock.setAlarm(2 ** 40, () => undefined).cancel()
    expect(warnings).not.toHaveBeenCalled()
    warnings.mockRestore()
  })

  it('calls soon() before, afterIO() after timers that are due', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      systemClock.afterIO(() => {
        order.push('after I/O')
        resolve()
      })
      systemClock.soon(() => order.push('soon'))
    })
    expect(order).toEqual(['soon', 'after I/O'])
  })
})
