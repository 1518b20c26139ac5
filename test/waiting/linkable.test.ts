// Linkable: who is told when something becomes ready, in which order, and what is left behind. Shown with Event, the simplest one.
import { BlockingSwitchOutError, Event, type Greenlet, getHub, sleep, spawn, UsageError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** An observer that looks at nothing. */
const NOBODY = { spawned() {}, blocked() {}, woken() {}, interrupted() {}, ended() {} }

describe('rawlink()', () => {
  it('calls the callback with the object, once, in a turn of the hub', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const told: unknown[] = []
    event.rawlink((source) => told.push(source))
    event.set()
    expect(told).toEqual([])
    clock.run()
    expect(told).toEqual([event])
    event.clear()
    event.set()
    clock.run()
    expect(told).toEqual([event])
  })

  it('calls the callback soon when the object is ready already', () => {
    const { clock } = virtualHub()
    const event = new Event()
    event.set()
    const told: unknown[] = []
    event.rawlink((source) => told.push(source))
    expect([told, event.linkcount()]).toEqual([[], 1])
    clock.run()
    expect([told, event.linkcount()]).toEqual([[event], 0])
  })

  it('keeps the same callback once', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const callback = () => {
      rec('called')
    }
    event.rawlink(callback)
    event.rawlink(callback)
    expect(event.linkcount()).toBe(1)
    event.set()
    event.rawlink(callback)
    clock.run()
    rec.expect(['called'])
  })

  it('gives a callback its turn among those who are ready', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const note = (entry: string) => () => {
      rec(entry)
    }
    spawn(note('before'))
    event.rawlink(note('link'))
    event.set()
    spawn(note('behind'))
    clock.run()
    rec.expect(['before', 'link', 'behind'])
  })

  it('tells in the order in which they came: callbacks are called, greenlets and plain code get their turns right behind', async () => {
    const event = new Event()
    const rec = recorder()
    const { hub, clock } = virtualHub()
    const waiter = (name: string) => {
      const greenlet = spawn(function* () {
        yield* event.wait()
        rec(`${name} runs`)
      })
      greenlet.name = name
      clock.run()
    }
    waiter('first')
    const plain = event.wait().then(() => {
      rec('main runs')
    })
    event.rawlink(() => {
      rec('callback runs')
    })
    waiter('second')
    event.set()
    hub.observer = { ...NOBODY, woken: ({ name }) => rec(`${name} is told`) }
    clock.run()
    await plain
    rec.expect([
      'first is told',
      'main is told',
      'callback runs',
      'second is told',
      'the links of Event (set) is told', // its last turn: until then others get in line
      'first runs',
      'second runs',
      'main runs', // a promise goes on when the slice is over
    ])
  })

  it('tells also when the object is not ready any more', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    event.rawlink((source) => {
      rec(`ready: ${String(source.ready())}`)
    })
    event.set()
    event.clear()
    clock.run()
    rec.expect(['ready: false'])
  })

  it('does not tell who comes after the object has become unready again', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    event.rawlink(() => {
      rec('in time')
    })
    event.set()
    event.clear()
    event.rawlink(() => {
      rec('late')
    })
    clock.run()
    rec.expect(['in time'])
    expect(event.linkcount()).toBe(1)
  })

  it('tells who came late in the same turn when the object becomes ready once more before it', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    for (const name of ['early', 'late']) {
      event.rawlink(() => {
        rec(name)
      })
      event.set()
      event.clear()
    }
    clock.run()
    rec.expect(['early', 'late'])
    expect(event.linkcount()).toBe(0)
  })

  it('lets a callback make the object unready, and tells the rest all the same', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    event.rawlink(() => {
      event.clear()
      rec('clears')
    })
    event.rawlink(() => {
      rec('is told')
    })
    event.set()
    clock.run()
    rec.expect(['clears', 'is told'])
  })

  it('tells a link that a callback has added in a later turn, when the object is ready then', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    event.rawlink(() => {
      rec('adds')
      event.rawlink(() => {
        rec('added')
      })
    })
    event.rawlink(() => {
      rec('last')
    })
    event.set()
    spawn(() => {
      rec('greenlet')
    })
    clock.run()
    rec.expect(['adds', 'last', 'greenlet', 'added'])
  })

  it('keeps a link that a callback has added when the object is not ready, for the next time', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const again = () => {
      rec('called')
      event.clear()
      event.rawlink(again)
    }
    event.rawlink(again)
    event.set()
    clock.run()
    rec.expect(['called'])
    event.set()
    clock.run()
    rec.expect(['called', 'called'])
    event.unlink(again)
  })

  it('shuts nobody out when a callback links itself again and again', () => {
    const { clock } = virtualHub()
    const event = new Event()
    let calls = 0
    let stop = false
    const again = () => {
      calls++
      if (!stop && calls < 1000) event.rawlink(again)
    }
    const other = () => {
      if (!stop && calls < 1000) event.rawlink(other)
    }
    event.rawlink(again)
    event.rawlink(other)
    event.set()
    spawn(function* () {
      for (let turn = 0; turn < 5; turn++) yield* sleep(0)
      stop = true
    })
    clock.run()
    expect(calls).toBeGreaterThanOrEqual(5)
    expect(calls).toBeLessThanOrEqual(8)
  })

  it('reports a callback that throws, and the rest are told', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const event = new Event()
    const rec = recorder()
    const error = new RangeError('in a link')
    event.rawlink(() => {
      throw error
    })
    event.rawlink(() => {
      rec('is told')
    })
    const waiter = spawn(function* () {
      return yield* event.wait()
    })
    clock.run()
    event.set()
    clock.run()
    rec.expect(['is told'])
    expect(waiter.value).toBe(true)
    expect(reports).toEqual([{ name: 'link of Event (set)', error }])
  })

  it('reports a callback that would wait, and the rest are told', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const event = new Event()
    const rec = recorder()
    const waiting: (() => unknown)[] = [
      function* () {
        yield* sleep(1)
        rec('never')
      },
      () => event.wait(),
    ]
    for (const callback of waiting) event.rawlink(callback)
    event.rawlink(() => {
      rec('is told')
    })
    event.set()
    clock.run()
    rec.expect(['is told'])
    expect(reports.map(({ name, error }) => [name, error instanceof BlockingSwitchOutError, messageOf(error)])).toEqual(
      ['a generator object', 'an operation'].map((made) => [
        'link of Event (set)',
        true,
        `A callback of rawlink() would wait, but it runs in the hub, where nobody can: it returned ${made}, which nobody drives.\n\n` +
          '  rawlink(function* () { yield* ... })                // incorrect: the hub cannot wait\n' +
          '  rawlink(() => spawn(function* () { yield* ... }))   // correct',
      ]),
    )
  })

  it('lets a callback spawn, and kill', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const event = new Event()
    const rec = recorder()
    const sleeper = spawn(function* () {
      yield* sleep(1000)
    })
    event.rawlink(() => spawn(rec, 'spawned'))
    const kills: () => unknown = () => sleeper.kill() // its effect is at the call: nobody has to drive it
    event.rawlink(kills)
    spawn(() => {
      event.set()
    })
    clock.run()
    rec.expect(['spawned'])
    expect([clock.now(), reports]).toEqual([0, []])
  })

  it('refuses what is no function', () => {
    const event = new Event()
    expect(usage(() => event.rawlink(null as never))).toBe('rawlink() expects a function, but got null.')
    expect(() => event.rawlink('x' as never)).toThrow(UsageError)
    expect(event.linkcount()).toBe(0)
  })
})

describe('unlink()', () => {
  it('takes a link back', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const callback = () => {
      rec('called')
    }
    event.rawlink(callback)
    event.unlink(callback)
    expect(event.linkcount()).toBe(0)
    event.set()
    clock.run()
    rec.expect([])
  })

  it('takes a link back when the object is ready and its turn has not come', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const callback = () => {
      rec('called')
    }
    event.rawlink(callback)
    event.set()
    event.unlink(callback)
    clock.run()
    rec.expect([])
    event.clear()
    event.rawlink(callback) // the turn that nobody needed has left nothing behind
    event.set()
    clock.run()
    rec.expect(['called'])
  })

  it('takes a later link back from an earlier one', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    const later = () => {
      rec('later')
    }
    event.rawlink(() => {
      event.unlink(later)
      rec('earlier')
    })
    event.rawlink(later)
    event.set()
    clock.run()
    rec.expect(['earlier'])
  })

  it('ignores a callback that is not linked', () => {
    const event = new Event()
    const callback = () => undefined
    event.unlink(callback)
    event.unlink(callback)
    event.unlink(null as never)
    expect(event.linkcount()).toBe(0)
  })
})

describe('linkcount()', () => {
  it('counts greenlets, plain code, callbacks and listeners, until they are told', async () => {
    const event = new Event()
    const listener = { notify: () => undefined }
    spawn(() => event.wait())
    event.rawlink(() => undefined)
    event.$listen(listener)
    const waiting = Promise.all([event.wait()])
    await sleep(0)
    expect(event.linkcount()).toBe(4)
    event.set()
    expect(event.linkcount()).toBe(4)
    await waiting
    expect(event.linkcount()).toBe(0)
  })
})

describe('a listener', () => {
  it('is told with the object, once, also when the object is ready already', () => {
    const { clock } = virtualHub()
    const event = new Event()
    event.set()
    const told: unknown[] = []
    const listener = { notify: (source: unknown) => told.push(source) }
    event.$listen(listener)
    clock.run()
    expect(told).toEqual([event])
    expect(event.linkcount()).toBe(0)
  })

  it('is not told when it has been taken back', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const told: unknown[] = []
    const listener = { notify: (source: unknown) => told.push(source) }
    event.$listen(listener)
    event.set()
    event.$ignore(listener)
    event.$ignore(listener)
    clock.run()
    expect([told, event.linkcount()]).toEqual([[], 0])
  })
})

describe('those who wait', () => {
  /** Waits without end, unless something comes. */
  const wait = (event: Event) =>
    spawn(function* () {
      return yield* event.wait()
    })

  it('leave nothing behind when they are killed', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiters = Array.from({ length: 5 }, () => wait(event))
    clock.run()
    expect(event.linkcount()).toBe(5)
    for (const place of [2, 0, 4]) waiters[place]?.kill()
    expect(event.linkcount()).toBe(2)
    event.set()
    clock.run()
    expect(waiters.map(({ value }) => value === true)).toEqual([false, true, false, true, false])
    expect(event.linkcount()).toBe(0)
  })

  it('are not told when they are killed before their turn, and the others are', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const waiters = Array.from({ length: 3 }, () => wait(event))
    clock.run()
    event.set()
    waiters[1]?.kill()
    clock.run()
    expect(waiters.map(({ value }) => value === true)).toEqual([true, false, true])
  })

  it('are not told when the callback before them kills them', () => {
    const { clock } = virtualHub()
    const event = new Event()
    let waiter: Greenlet<boolean> | null = null
    event.rawlink(() => {
      waiter?.kill()
    })
    waiter = wait(event)
    clock.run()
    event.set()
    clock.run()
    expect(String(waiter.value)).toBe('GreenletExit')
    expect(event.linkcount()).toBe(0)
  })

  it('keep what they were told when the first of them kills the next', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const first = spawn(function* () {
      yield* event.wait()
      second.kill()
    })
    const second = wait(event)
    clock.run()
    event.set()
    clock.run()
    expect([first.successful(), second.value]).toEqual([true, true])
  })

  it('are told by a turn of the hub that nobody is in front of', () => {
    const { clock } = virtualHub()
    const event = new Event()
    const rec = recorder()
    for (const name of ['a', 'b']) {
      spawn(function* () {
        yield* event.wait()
        rec(name)
      })
    }
    clock.run()
    spawn(() => {
      event.set()
      rec('sets')
      spawn(rec, 'spawned behind')
    })
    spawn(rec, 'spawned before')
    clock.run()
    rec.expect(['sets', 'spawned before', 'a', 'b', 'spawned behind'])
  })
})

describe('a callback of the hub', () => {
  it('that calls for itself again and again shuts no greenlet out', () => {
    const { hub, clock } = virtualHub()
    let calls = 0
    let stop = false
    const again = () => {
      calls++
      if (!stop && calls < 1000) hub.runCallback(again)
    }
    hub.runCallback(again)
    spawn(function* () {
      for (let turn = 0; turn < 5; turn++) yield* sleep(0)
      stop = true
    })
    clock.run()
    expect(calls).toBeGreaterThanOrEqual(5)
    expect(calls).toBeLessThanOrEqual(8)
    expect(getHub()).toBe(hub)
  })
})
