// The meter: totals of what happens in a hub, and since when somebody waits.
import { Event, getcurrent, RawGreenlet, sleep, spawn, spawnWith } from 'greenloop'
import { Meter } from 'greenloop/trace'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { waitingSince } from '../../../src/hub/observers.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'

checkLeaks()

let meter: Meter
afterEach(() => {
  meter.stop()
})

describe('a meter', () => {
  it('counts switches, starts, ends, failures and wakes, and those who live', () => {
    const { clock } = virtualHub()
    catchReports()
    meter = new Meter().start()
    spawn(function* napper() {
      yield* sleep(1)
      yield* sleep(0)
    })
    spawn(function* bad() {
      yield* sleep(2)
      throw new Error('on purpose')
    })
    const idle = spawn(() => new Event().wait())
    clock.run(5)
    expect(meter.read()).toEqual({ atMs: 5, switches: 6, spawned: 3, ended: 2, failed: 1, wakes: 2, living: 1 })
    idle.kill()
    clock.run()
    expect(meter.read()).toEqual({ atMs: 5, switches: 7, spawned: 3, ended: 3, failed: 1, wakes: 2, living: 0 })
  })

  it('counts the switches of raw greenlets, who live unknown to the hub', () => {
    virtualHub()
    meter = new Meter().start()
    const main = getcurrent()
    const raw = new RawGreenlet(() => main.switch())
    raw.switch()
    raw.switch()
    expect(meter.read()).toMatchObject({ switches: 4, spawned: 0, ended: 0, living: 0 })
  })

  it('knows since when somebody waits, as long as it waits', () => {
    const { clock, hub } = virtualHub()
    const before = spawn(sleep, 9)
    clock.run(1)
    meter = new Meter(hub).start()
    const sleeper = spawn(sleep, 3)
    const killed = spawn(sleep, 3)
    const thrown = spawn(sleep, 3)
    clock.run(2)
    const since = (): (number | null)[] => [before, sleeper, killed, thrown].map((one) => meter.since(one))
    expect(since()).toEqual([null, 1, 1, 1])
    expect(waitingSince(hub, sleeper)).toBe(1)
    killed.kill()
    thrown.throw()
    expect(since()).toEqual([null, 1, null, null])
    clock.run(5)
    expect(since()).toEqual([null, null, null, null])
    clock.run()
  })

  it('knows that of plain code that awaits', async () => {
    const { clock, hub } = virtualHub()
    meter = new Meter().start()
    clock.time = 2
    const nap = sleep(3).then(() => undefined)
    const [main] = hub.mainWaits
    expect(main === undefined ? null : meter.since(main)).toBe(2)
    clock.run()
    await nap
    expect(main === undefined ? null : meter.since(main)).toBe(null)
    expect(meter.read().wakes).toBe(1)
  })

  it('shows zeros before its start, and begins anew with each; what it shows stays when it is stopped', () => {
    const { clock, hub } = virtualHub()
    meter = new Meter()
    const zeros = { atMs: 0, switches: 0, spawned: 0, ended: 0, failed: 0, wakes: 0, living: 0 }
    expect(meter.read()).toEqual(zeros)
    expect(meter.since(getcurrent())).toBe(null)
    meter.stop()
    meter.start().start()
    const napper = spawnWith({ name: 'napper' }, sleep, 1)
    clock.run()
    const reading = { ...zeros, atMs: 1, switches: 2, spawned: 1, ended: 1, wakes: 1 }
    expect(meter.read()).toEqual(reading)
    meter.stop().stop()
    spawn(sleep, 1)
    clock.run()
    expect(meter.read()).toEqual({ ...reading, atMs: 2 })
    expect([kernel.tracer, hub.observer, napper.dead]).toEqual([null, null, true])
    meter.start()
    expect(meter.read()).toEqual({ ...zeros, atMs: 2 })
  })

  it('stops at the end of a block that uses it', () => {
    const { hub } = virtualHub()
    {
      using own = new Meter().start()
      meter = own
      expect(hub.observer).not.toBe(null)
    }
    expect(hub.observer).toBe(null)
  })

  it('refuses what is no hub', () => {
    meter = new Meter()
    expect(usage(() => new Meter({} as never))).toBe('new Meter() expects a Hub, but got an Object.')
  })
})
