// sleep and idle: waiting for time, and for nobody else to be ready. More of sleep is in test/waiting/until.test.ts.
import { type Green, getHub, idle, joinall, kill, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

describe('sleep()', () => {
  it('of 0 comes back', async () => {
    expect(await Promise.all([sleep(0), run(() => sleep(0))])).toEqual([undefined, undefined])
  })

  it('counts from when it is driven, however long the greenlet has computed before', () => {
    const { clock } = virtualHub()
    const times: number[] = []
    spawn(function* () {
      const op = sleep(10)
      clock.time += 100 // computes
      yield* op
      times.push(clock.now())
      const timeout = new Timeout(10)
      clock.time += 100
      try {
        timeout.start()
        yield* sleep(1000)
      } catch {
        times.push(clock.now())
      }
    })
    clock.run()
    expect(times).toEqual([110, 220])
  })

  it('of 0 in a loop does not starve a Timeout', async () => {
    let turns = 0
    await run(function* () {
      yield* new Timeout(3, false).run(function* () {
        for (; ; turns++) yield* sleep(0)
      })
    })
    expect(turns).toBeGreaterThan(1)
  })

  it("that is unref'd takes its time like any other", () => {
    const { clock } = virtualHub()
    const times: number[] = []
    spawn(function* () {
      yield* sleep(10, { ref: false })
      times.push(clock.now())
    })
    spawn(() => sleep(20))
    clock.run()
    expect(times).toEqual([10])
  })
})

describe('idle()', () => {
  it('comes back when nobody is ready, at once when nobody was', async () => {
    await sleep(1)
    expect(await Promise.all([idle(), run(() => idle())])).toEqual([undefined, undefined])
  })

  it('lets all run before who are ready, however often they give way', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    function* busy(turns: number): Green<void> {
      for (let turn = 0; turn < turns; turn++) yield* sleep(0)
      rec(`busy ${turns}`)
    }
    spawn(function* () {
      yield* idle()
      rec('idle')
    })
    for (const turns of [200, 0, 1]) spawn(busy, turns)
    clock.run()
    rec.expect(['busy 0', 'busy 1', 'busy 200', 'idle'])
  })

  it('does not wait for those who sleep', () => {
    const { clock } = virtualHub()
    const times: number[] = []
    const sleeper = spawn(() => sleep(10))
    spawn(function* () {
      yield* idle()
      times.push(clock.now())
    })
    clock.run()
    expect([times, sleeper.ready()]).toEqual([[0], true])
  })

  it('has sockets and timers served first', async () => {
    const rec = recorder()
    setImmediate(() => {
      rec('after I/O')
    })
    await idle()
    rec.expect(['after I/O'])
  })

  it('in several greenlets goes on in the order in which they came', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    for (const name of ['a', 'b', 'c'])
      spawn(function* () {
        yield* idle()
        rec(name)
      })
    clock.run()
    rec.expect(['a', 'b', 'c'])
  })

  it('does not come back while others are always ready; a Timeout ends it', async () => {
    const spinner = spawn(function* () {
      for (;;) yield* sleep(0)
    })
    expect(await rejection(withTimeout(3, idle))).toBeInstanceOf(Timeout)
    await spinner.kill()
  })

  it('that is given up leaves nothing behind', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const waiter = spawn(function* () {
      try {
        yield* idle()
      } catch {
        yield* sleep(10)
        rec(`slept until ${clock.now()}`)
      }
    })
    spawn(() => {
      kill(waiter)
    })
    clock.run()
    rec.expect(['slept until 10'])
    expect(hub.timers.count).toBe(0)
  })

  it('says what it is', async () => {
    expect([idle()].map(String)).toEqual(['idle()'])
    const waiter = spawn(idle)
    queueMicrotask(() => {
      expect(waiter.$wait?.describe()).toBe('idle()')
    })
    await joinall([waiter])
    expect(getHub().busy).toBe(false)
  })
})
