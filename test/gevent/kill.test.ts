// Killing: one table for every state, way and error; then raw greenlets, throw(), and what the table cannot say.
import {
  type Green,
  Greenlet,
  GreenletExit,
  GreenletKilledError,
  getcurrent,
  kill,
  RawGreenlet,
  sleep,
  spawn,
  spawnLater,
  spawnRaw,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

class Stop extends Error {
  override readonly message = 'stop'
}

/** In which state the greenlet is when it is killed at 1 ms; `may run`: whether its body has begun by then. */
const states: [state: string, mayRun: boolean, make: (body: () => Green<void>) => Greenlet<void>][] = [
  ['was not started', false, (body) => new Greenlet(body)],
  ['was started and has not run', false, (body) => spawn(body)],
  ['is to be started later', false, (body) => spawnLater(1000, body)],
  ['waits', true, (body) => spawn(body)],
]

const ways: [
  way: string,
  killIt: (greenlet: Greenlet<void>, error?: Error | typeof Stop) => ReturnType<typeof kill>,
][] = [
  ['g.kill()', (greenlet, error) => greenlet.kill(error)],
  ['g.kill() with block: false', (greenlet, error) => greenlet.kill(error, { block: false })],
  ['kill(g)', kill],
]

const table = states.flatMap(([state, mayRun, make]) =>
  ways.flatMap(([way, killIt]) =>
    ['driven', 'not driven'].map((how) => ({ state, mayRun, make, way, killIt, driven: how === 'driven', how })),
  ),
)

describe.each(table)('$way, $how, of one that $state', ({ state, mayRun, make, killIt, driven }) => {
  /** Kills a greenlet, and again when it has ended, and says how it was afterwards. */
  function endOf(error?: Error | typeof Stop) {
    const { clock, hub } = virtualHub()
    const reports = catchReports()
    let ran = false
    const linked: unknown[] = []
    const greenlet = make(function* () {
      ran = true
      yield* sleep(1000)
    })
    greenlet.rawlink((ended) => linked.push(ended))
    const killer = function* (): Green<void> {
      if (state === 'waits') yield* sleep(1)
      const op = killIt(greenlet, error)
      if (driven) yield* op
    }
    // Who was started has its turn after the killer that was there before: so it has not run.
    if (state === 'was started and has not run') killIt(greenlet, error)
    else spawn(killer)
    clock.run()
    const seen = () => ({
      started: greenlet.started,
      active: greenlet.active,
      dead: greenlet.dead,
      ready: greenlet.ready(),
      successful: greenlet.successful(),
      value: greenlet.value,
      exception: greenlet.exception,
      linked: [...linked],
      ran,
      reports: reports.length,
      living: hub.living().length,
      timers: hub.timers.count,
      time: clock.now(),
    })
    const after = seen()
    spawn(killer)
    greenlet.start()
    greenlet.startLater(1)
    clock.run()
    const time = after.time + (state === 'waits' ? 1 : 0)
    expect(seen()).toEqual({ ...after, time })
    return { greenlet, after }
  }

  const ended = {
    started: false,
    active: false,
    dead: true,
    ready: true,
    linked: [expect.any(Greenlet)],
    ran: mayRun,
    reports: 0,
    living: 0,
    timers: 0,
    time: state === 'waits' ? 1 : 0,
  }

  it('ends it in good order, with a GreenletExit as its value, and tells its link once', () => {
    const { greenlet, after } = endOf()
    expect(after).toEqual({ ...ended, successful: true, value: expect.any(GreenletExit), exception: null })
    expect(after.linked).toEqual([greenlet])
  })

  it('with an error ends it by that very error', () => {
    const error = new Error('mine')
    const { greenlet, after } = endOf(error)
    expect(after).toEqual({ ...ended, successful: false, value: undefined, exception: error })
    expect(greenlet.exception).toBe(error)
  })

  it('with a class of errors ends it by one of them, which get() throws', async () => {
    const { greenlet, after } = endOf(Stop)
    expect(after).toEqual({ ...ended, successful: false, value: undefined, exception: expect.any(Stop) })
    expect(await rejection(greenlet.get())).toBe(greenlet.exception)
  })
})

describe('a greenlet that was just spawned', () => {
  it.each<[string, (greenlet: Greenlet<void>) => unknown]>([
    ['kill(g)', (greenlet) => kill(greenlet)],
    ['g.kill()', (greenlet) => greenlet.kill()],
    ['g.throw()', (greenlet) => greenlet.throw()],
    ['g.throw(GreenletExit)', (greenlet) => greenlet.throw(GreenletExit)],
  ])('does not run after %s', (_, end) => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const both = ['a', 'b'].map((name) =>
      spawn(() => {
        rec(name)
      }),
    )
    for (const greenlet of both) end(greenlet)
    clock.run()
    rec.expect([])
    for (const { value, exception } of both) expect([value, exception]).toEqual([expect.any(GreenletExit), null])
    expect(hub.living()).toEqual([])
  })
})

describe('kill()', () => {
  it('with an error of one in a loop of sleep(0) is caught there, and is no exception of it', () => {
    const { clock } = virtualHub()
    class MyError extends Error {}
    const greenlet = spawn(function* () {
      try {
        for (;;) yield* sleep(0)
      } catch (error) {
        return error instanceof MyError
      }
    })
    clock.step()
    kill(greenlet, new MyError())
    clock.run()
    expect([greenlet.value, greenlet.exception]).toEqual([true, null])
  })

  it('of one that swallows it delivers each time, once', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const stubborn = spawn(function* () {
      for (;;) {
        try {
          yield* sleep(1000)
        } catch (error) {
          rec(messageOf(error))
          if (messageOf(error) === 'enough') throw error
        }
      }
    })
    spawn(function* () {
      yield* sleep(1)
      for (const text of ['a', 'b']) {
        stubborn.kill(new GreenletExit(text))
        yield* sleep(1)
      }
      const kill = function* (): Green<string> {
        yield* stubborn.kill(new GreenletExit('c'))
        return 'ended'
      }
      rec(yield* withTimeout({ ms: 5, timeoutValue: 'late' }, kill))
      rec(`${stubborn.dead} at ${clock.now()}`)
      yield* stubborn.kill(new GreenletExit('enough'))
      rec(String(stubborn.dead))
    })
    clock.run(100)
    rec.expect(['a', 'b', 'c', 'late', 'false at 8', 'enough', 'true'])
  })

  it('that is driven goes on behind the links that were there before', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(sleep, 1000)
    greenlet.link(() => {
      rec('link')
    })
    greenlet.rawlink(() => {
      rec('rawlink')
    })
    spawn(function* () {
      yield* sleep(1)
      yield* greenlet.kill()
      rec('killed')
    })
    clock.run()
    rec.expect(['link', 'rawlink', 'killed'])
  })

  it('that is given up leaves nothing with the greenlet', () => {
    const { clock } = virtualHub()
    const stubborn = spawn(function* () {
      try {
        yield* sleep(10)
      } finally {
        yield* sleep(10)
      }
    })
    const killer = spawn(function* () {
      yield* sleep(1)
      yield* stubborn.kill()
    })
    clock.run(2)
    expect(stubborn.hasLinks()).toBe(1)
    killer.kill()
    expect(stubborn.hasLinks()).toBe(0)
    clock.run()
    expect([stubborn.dead, killer.dead]).toEqual([true, true])
  })

  it('of a failure that nobody reads is reported, once', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const error = new Error('unheard')
    const greenlet = spawnLater(10, sleep, 1)
    greenlet.name = 'never ran'
    greenlet.kill(error)
    clock.run()
    expect(reports).toEqual([{ name: 'never ran', error }])
  })

  it('of one that get() waits for makes it throw GreenletKilledError, also when it never ran', () => {
    const { clock } = virtualHub()
    const later = spawnLater(10, sleep, 1)
    const reader = spawn(function* () {
      try {
        return yield* later.get()
      } catch (error) {
        return error
      }
    })
    clock.run(1)
    later.kill()
    clock.run()
    expect(reader.value).toBeInstanceOf(GreenletKilledError)
  })
})

describe('kill() of a raw greenlet', () => {
  it('that has not run: it never does', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const raw = spawnRaw(() => {
      rec('ran')
    })
    kill(raw)
    expect([raw.dead, hub.living()]).toEqual([true, []])
    clock.run()
    rec.expect([])
  })

  it('that waits throws at its wait, in its turn', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const raw = spawnRaw(function* () {
      try {
        yield* sleep(1000)
      } catch (error) {
        rec(error instanceof GreenletExit ? 'exit' : 'other')
        throw error
      }
    })
    clock.run(1)
    kill(raw)
    rec('asked')
    clock.run()
    rec.expect(['asked', 'exit'])
    expect([raw.dead, hub.timers.count, clock.now()]).toEqual([true, 0, 1])
  })

  it.each([
    ['has not run', false],
    ['waits', true],
  ])('that %s by an error reports it, by its name', (_, runs) => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const error = new Error('mine')
    const raw = spawnRaw(function* victim() {
      yield* sleep(1000)
    })
    if (runs) clock.run(1)
    kill(raw, error)
    clock.run()
    expect(reports).toEqual([{ name: 'victim', error }])
  })

  it('that has ended, or is killed twice, changes nothing', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const raw = spawnRaw(sleep, 1)
    clock.run()
    kill(raw, new Error('late'))
    const twice = spawnRaw(sleep, 1000)
    clock.run(2)
    kill(twice)
    kill(twice, new Error('second'))
    clock.run()
    expect([raw.dead, twice.dead, reports]).toEqual([true, true, []])
  })

  it('that nobody has started ends it, and it can be switched to no more', () => {
    const rec = recorder()
    const raw = new RawGreenlet(() => {
      rec('ran')
    })
    kill(raw)
    expect(raw.dead).toBe(true)
    raw.switch()
    rec.expect([])
  })

  it('that is suspended in a switch throws there', async () => {
    const rec = recorder()
    const main = getcurrent()
    const raw = new RawGreenlet(function* () {
      try {
        yield* main.switch()
      } finally {
        rec('finally')
      }
    })
    raw.switch()
    kill(raw)
    rec('asked')
    await sleep(0)
    rec.expect(['asked', 'finally'])
    expect(raw.dead).toBe(true)
  })

  it('by its parent does not disturb that one', () => {
    const { clock } = virtualHub()
    const parent = spawn(function* () {
      const me = getcurrent()
      const raw = new RawGreenlet(function* () {
        yield* me.switch()
      })
      yield* raw.switch()
      kill(raw)
      yield* sleep(5)
      return raw.dead
    })
    clock.run()
    expect(parent.value).toBe(true)
  })

  it('that is the current one throws at its next wait', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    spawnRaw(function* () {
      kill(getcurrent())
      rec('still here')
      yield* sleep(0)
      rec('not reached')
    })
    clock.run()
    rec.expect(['still here'])
  })
})

describe('throw()', () => {
  it('at one that was spawned ends it by the error, which stays in it and is reported', () => {
    const { clock, hub } = virtualHub()
    const reports = catchReports()
    const error = new Error('mine')
    const greenlet = spawn(sleep, 1)
    greenlet.name = 'victim'
    expect(greenlet.throw(error).done).toBe(true)
    expect([greenlet.dead, greenlet.exception, hub.living()]).toEqual([true, error, []])
    clock.run()
    expect(reports).toEqual([{ name: 'victim', error }])
  })

  it.each(states.filter(([, mayRun]) => !mayRun))(
    'at one that %s: it never runs, its links are told',
    (_, __, make) => {
      const { clock, hub } = virtualHub()
      const rec = recorder()
      const greenlet = make(function* () {
        rec('ran')
      })
      greenlet.link((ended) => {
        rec(`link ${ended === greenlet}`)
      })
      greenlet.throw()
      expect([greenlet.dead, greenlet.value, hub.timers.count]).toEqual([true, expect.any(GreenletExit), 0])
      clock.run()
      rec.expect(['link true'])
      expect(hub.living()).toEqual([])
    },
  )

  it('at one that has ended changes nothing, and comes back at once', () => {
    const { clock } = virtualHub()
    const ended = spawn(() => 5)
    clock.run()
    expect(ended.throw(new Error('late')).done).toBe(true)
    const thrower = spawn(function* () {
      yield* ended.throw(new Error('late'))
      return 'went on'
    })
    clock.run()
    expect([ended.value, thrower.value]).toEqual([5, 'went on'])
  })

  it('by a greenlet goes on in the hub: the one who throws is left suspended', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const victim = spawn(sleep, 1000)
    const thrower = spawn(function* () {
      try {
        yield* victim.throw()
        rec('not reached')
      } finally {
        rec('killed')
      }
    })
    clock.run(1)
    expect([victim.dead, thrower.dead]).toEqual([true, false])
    thrower.kill()
    clock.run()
    rec.expect(['killed'])
  })

  it('refuses what is no error', () => {
    expect(usage(() => new Greenlet(sleep, 1).throw(42 as never))).toBe(
      'throw() expects an Error or a class of errors, but got 42 (number).',
    )
  })
})

describe('kill(x)', () => {
  it.each([
    ['undefined', undefined],
    ['5 (number)', 5],
    ['an Object', {}],
    ['the function sleep', sleep],
  ])('refuses %s', (shown, value) => {
    expect(usage(() => kill(value as never))).toBe(`kill() expects a greenlet, but got ${shown}.`)
  })

  it('refuses main', () => {
    expect(usage(() => kill(getcurrent()))).toBe('kill() was given main, which is not a greenlet that could end.')
  })

  it.each([
    ['42 (number)', 42],
    ['"stop" (string)', 'stop'],
    ['null', null],
  ])('refuses %s as the error, and the greenlet lives on', async (shown, value) => {
    for (const greenlet of [spawn(() => 'alive'), spawnRaw(() => 'alive')]) {
      expect(usage(() => kill(greenlet, value as never))).toBe(
        `kill() expects an Error or a class of errors, but got ${shown}.`,
      )
      expect(greenlet.dead).toBe(false)
    }
    await sleep(0)
  })
})
