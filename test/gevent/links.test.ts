// Links: what is told of the end of a greenlet, in which order, and who of it. rawlink() alone is in greenlet.test.ts.
import {
  AsyncResult,
  BlockingSwitchOutError,
  Channel,
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  Queue,
  RawGreenlet,
  sleep,
  spawn,
  Timeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, usage } from '../support/thrown.ts'
import { type VirtualClock, virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const main = getcurrent()
const failure = new Error('mine')

function* returns(): Green<number> {
  yield* sleep(1)
  return 100
}

function* fails(): Green<number> {
  yield* sleep(1)
  throw failure
}

function* idles(): Green<number> {
  yield* sleep(1000)
  return 0
}

/** What `fn` gives or throws in a greenlet. */
function outcome(clock: VirtualClock, fn: () => Green<unknown>): unknown {
  const greenlet = spawn(function* () {
    try {
      return yield* fn()
    } catch (error) {
      return error
    }
  })
  clock.run()
  return greenlet.value
}

/** What a result was given; 'silent' when nothing came within a while. */
function received<T>(clock: VirtualClock, result: AsyncResult<T>): unknown {
  return outcome(clock, function* () {
    try {
      return yield* result.get({ timeoutMs: 10 })
    } catch (error) {
      return error instanceof Timeout ? 'silent' : error
    }
  })
}

/** How a greenlet may end, and what its links get of it. */
const ends: [how: string, make: () => Greenlet<number>, value: unknown, error: unknown][] = [
  ['returns', () => spawn(returns), 100, 'silent'],
  ['fails', () => spawn(fails), 'silent', failure],
  [
    'is killed',
    () => {
      const greenlet = spawn(idles)
      spawn(function* () {
        yield* sleep(1)
        greenlet.kill()
      })
      return greenlet
    },
    expect.any(GreenletExit),
    'silent',
  ],
]

describe.each(ends)('of a greenlet that %s', (how, make, value, error) => {
  /** `link` gets the one or the other. */
  const either = value === 'silent' ? error : value

  /** Links to all kinds of things by all three verbs; answers what they got. */
  function linkAll(clock: VirtualClock, greenlet: Greenlet<number>) {
    const verbs = ['link', 'linkValue', 'linkException'] as const
    const called: string[] = []
    const targets = verbs.map((verb) => {
      const [result, queue] = [new AsyncResult<number>(), new Queue<Greenlet<number>>(1)]
      greenlet[verb](result)
      greenlet[verb]((ended) => queue.put(ended))
      greenlet[verb]((ended) => {
        expect(ended).toBe(greenlet)
        called.push(verb)
      })
      return { result, queue }
    })
    clock.run()
    return {
      results: targets.map(({ result }) => received(clock, result)),
      queues: targets.map(({ queue }) => (queue.qsize() === 0 ? 'silent' : queue.getNowait())),
      called,
    }
  }

  it('link(), linkValue() and linkException() tell results, queues and callbacks what concerns them', () => {
    const { clock } = virtualHub()
    catchReports()
    const greenlet = make()
    const told = (about: unknown) => (about === 'silent' ? 'silent' : greenlet)
    const expected = {
      results: [either, value, error],
      queues: [greenlet, told(value), told(error)],
      called: ['link', value === 'silent' ? 'linkException' : 'linkValue'],
    }
    expect(linkAll(clock, greenlet)).toEqual(expected)
    // And the same for those that come late, again and again.
    for (let n = 0; n < 3; n++) expect(linkAll(clock, greenlet)).toEqual(expected)
  })

  it(how === 'fails' ? 'is not reported when link() or linkException() is there' : 'is no failure', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    make().link(() => undefined)
    make().linkException(() => undefined)
    make().link(new AsyncResult<number>())
    clock.run()
    expect(reports).toEqual([])
  })

  it(`with only linkValue() is ${how === 'fails' ? 'reported' : 'no failure'}`, () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const greenlet = make()
    greenlet.name = 'unread'
    greenlet.linkValue(() => undefined)
    clock.run()
    expect(reports).toEqual(how === 'fails' ? [{ name: 'unread', error: failure }] : [])
  })
})

describe('link()', () => {
  it('calls back once, in a raw greenlet of its own, also when it is made late', () => {
    const { clock } = virtualHub()
    const seen: unknown[] = []
    const greenlet = spawn(returns)
    const link = (ended: Greenlet<number>): void => {
      const current = getcurrent()
      seen.push([ended, current === main, current instanceof Greenlet, current instanceof RawGreenlet])
    }
    greenlet.link(link)
    greenlet.link(link)
    clock.run()
    greenlet.link(link)
    expect(seen).toHaveLength(2)
    clock.run()
    expect(seen).toEqual(Array.from({ length: 3 }, () => [greenlet, false, false, true]))
  })

  it('may wait, and does not hold up the later ones', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    greenlet.link(function* () {
      rec(`first at ${clock.now()}`)
      yield* sleep(5)
      rec(`first again at ${clock.now()}`)
    })
    greenlet.link(() => sleep(5))
    greenlet.rawlink(() => {
      rec('last')
    })
    clock.run()
    rec.expect(['first at 1', 'last', 'first again at 6'])
  })

  it('may be async, and is reported when it rejects', async () => {
    const reports = catchReports()
    const greenlet = spawn(() => 1)
    greenlet.name = 'linked'
    greenlet.link(async () => {
      await Promise.resolve()
      throw failure
    })
    await greenlet.join()
    await sleep(1)
    expect(reports).toEqual([{ name: 'link of linked', error: failure }])
  })

  it.each([[2], [3], [4], [1000]])('calls %i of all kinds in the order they were made', (count) => {
    const { clock } = virtualHub()
    const log: number[] = []
    const greenlet = spawn(() => log.push(0))
    for (let n = 1; n < count; n++) {
      const link = (): void => {
        log.push(n)
      }
      if (n % 2 === 0) greenlet.link(link)
      else greenlet.rawlink(link)
    }
    clock.run()
    expect(log).toEqual(Array.from({ length: count }, (_, n) => n))
  })

  it('has run, as far as its first wait, when a join() that came later is over', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    for (const when of ['before', 'after']) {
      greenlet.link(() => {
        rec(`link made ${when} join()`)
      })
      spawn(function* () {
        yield* greenlet.join()
        rec('joined')
      })
      if (when === 'before') clock.run(0.5) // the join has begun
    }
    clock.run()
    rec.expect(['link made before join()', 'link made after join()', 'joined', 'joined'])
  })

  it('gives three getters of one channel the greenlet each', () => {
    const { clock } = virtualHub()
    const channel = new Channel<Greenlet<number>>()
    const three = [1, 2, 3].map((n) =>
      spawn(function* () {
        yield* sleep(n)
        return n
      }),
    )
    for (const greenlet of three) greenlet.link((ended) => channel.put(ended))
    const values: unknown[] = []
    spawn(function* () {
      for (let n = 0; n < 3; n++) values.push((yield* channel.get()).value)
    })
    clock.run()
    expect(values).toEqual([1, 2, 3])
  })

  it('that throws is reported by the name of the greenlet, and the rest run', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const rec = recorder()
    const [at, after] = [new Error('at once'), new Error('after a wait')]
    const greenlet = spawn(returns)
    greenlet.name = 'linked'
    greenlet.link(() => {
      throw at
    })
    greenlet.link(function* () {
      yield* sleep(1)
      throw after
    })
    greenlet.link(() => {
      rec('third')
    })
    clock.run()
    rec.expect(['third'])
    expect(reports).toEqual([
      { name: 'link of linked', error: at },
      { name: 'link of linked', error: after },
    ])
  })

  it('that switches to a raw greenlet which dies is left suspended, and that one is reported', () => {
    const { clock, hub } = virtualHub()
    const reports = catchReports()
    const rec = recorder()
    const greenlet = spawn(returns)
    const culprit = new RawGreenlet(function* culprit() {
      throw failure
    })
    greenlet.link(function* () {
      yield* culprit.switch()
    })
    greenlet.link(() => {
      rec('second')
    })
    clock.run()
    rec.expect(['second'])
    expect(reports).toEqual([{ name: 'culprit', error: failure }])
    for (const task of hub.living()) task.kill()
    clock.run()
  })

  it('does not take what a call of main waits for', () => {
    const { clock } = virtualHub()
    const waiting = new RawGreenlet(function* () {
      yield* sleep(3)
      return 'its own'
    })
    const call = waiting.switch()
    spawn(returns).link(() => 'the value of a link')
    clock.run(2)
    expect(call.done).toBe(false)
    clock.run()
    expect(call.value).toBe('its own')
  })

  it('can be made in a link', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    greenlet.link(() => {
      rec('first')
      greenlet.link(() => {
        rec('third')
      })
    })
    greenlet.rawlink(() => {
      rec('second')
    })
    clock.run()
    rec.expect(['first', 'second', 'third'])
  })

  it('is killed with the others when everybody is', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    greenlet.link(function* () {
      try {
        yield* sleep(1000)
      } finally {
        rec('ended')
      }
    })
    clock.run(5)
    expect(hub.living().map(({ name }) => name)).toEqual([`link of ${greenlet.name}`])
    for (const task of hub.living()) task.kill()
    clock.run()
    rec.expect(['ended'])
    expect(clock.now()).toBe(5)
  })
})

describe('linkException()', () => {
  it('hands on the very error, also to a result that is linked late', () => {
    const { clock } = virtualHub()
    const greenlet = spawn(fails)
    const [soon, late] = [new AsyncResult<number>(), new AsyncResult<number>()]
    greenlet.linkException(soon)
    clock.run()
    greenlet.linkException(late)
    clock.run()
    expect([soon.exception, late.exception]).toEqual([failure, failure])
    expect([received(clock, soon), received(clock, late)]).toEqual([failure, failure])
  })
})

describe('rawlink()', () => {
  it('that would wait is reported, with the right line, and the rest run', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const rec = recorder()
    const greenlet = spawn(returns)
    greenlet.name = 'linked'
    greenlet.rawlink(function* () {
      yield* sleep(1)
    })
    greenlet.rawlink(() => {
      rec('second')
    })
    clock.run()
    rec.expect(['second'])
    expect(reports).toEqual([{ name: 'link of linked', error: expect.any(BlockingSwitchOutError) }])
    expect(messageOf(reports[0]?.error)).toBe(
      'A callback of rawlink() would wait, but it runs in the hub, where nobody can: it returned a generator object, which nobody drives.\n\n' +
        '  rawlink(function* () { yield* ... })                // incorrect: the hub cannot wait\n' +
        '  rawlink(() => spawn(function* () { yield* ... }))   // correct',
    )
  })
})

describe.each(['link', 'rawlink'] as const)('%s() that makes itself again', (verb) => {
  it.each([1, 2, 40])('takes turns with everybody else, among %i links', (links) => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    let rounds = 0
    const again = (): void => {
      rec(`link ${String(++rounds)}`)
      if (rounds < 3) greenlet[verb](again)
    }
    greenlet[verb](again)
    for (let n = 1; n < links; n++) greenlet[verb](() => undefined)
    spawn(function* () {
      yield* sleep(1)
      for (let n = 1; n <= 3; n++) {
        rec(`other ${String(n)}`)
        yield* sleep(0)
      }
    })
    clock.run()
    expect(greenlet.hasLinks()).toBe(0)
    rec.expect(['other 1', 'link 1', 'other 2', 'link 2', 'other 3', 'link 3'])
  })
})

describe('many links', () => {
  it.each([15, 16, 17, 1000])('are told in their order, and taken back one by one: %i', (links) => {
    const { clock } = virtualHub()
    const told: number[] = []
    const greenlet = spawn(returns)
    const callbacks = Array.from({ length: links }, (_, n) => () => {
      told.push(n)
      if (n === 2) greenlet.unlink(callbacks[3] ?? (() => undefined))
    })
    for (const callback of callbacks) greenlet.rawlink(callback)
    for (const n of [0, 5, 5]) greenlet.unlink(callbacks[n] ?? (() => undefined))
    expect(greenlet.hasLinks()).toBe(links - 2)
    clock.run()
    expect(told).toEqual(callbacks.map((_, n) => n).filter((n) => n !== 0 && n !== 3 && n !== 5))
    expect(greenlet.hasLinks()).toBe(0)
  })

  it('to one callback are kept as often as they were made, and the first is taken back', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    const twice = (): void => {
      rec('twice')
    }
    greenlet.rawlink(twice)
    for (let n = 0; n < 20; n++) greenlet.rawlink(() => undefined)
    greenlet.rawlink(() => {
      rec('between')
    })
    greenlet.rawlink(twice)
    greenlet.unlink(twice)
    clock.run()
    rec.expect(['between', 'twice'])
  })

  it('can be left by all who wait without looking at each other', () => {
    const { clock, hub } = virtualHub()
    const target = spawn(sleep, 10)
    const joiners = Array.from({ length: 20_000 }, () => spawn(() => target.join()))
    clock.run(1)
    expect(target.hasLinks()).toBe(20_000)
    for (const joiner of joiners.slice(10_000).reverse()) joiner.kill()
    expect(target.hasLinks()).toBe(10_000)
    clock.run()
    expect(joiners.every((joiner) => joiner.ready())).toBe(true)
    expect(hub.living()).toEqual([])
  })
})

describe('unlink()', () => {
  it.each(['link', 'linkValue', 'rawlink'] as const)('in a %s() keeps a later one from being called', (verb) => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    const one = (): void => {
      rec('one')
      greenlet.unlink(two)
    }
    const two = (): void => {
      rec('two')
      greenlet.unlink(one)
    }
    greenlet[verb](one)
    greenlet[verb](two)
    clock.run()
    rec.expect(['one'])
  })

  it('takes back the first of several to the same target, of whatever kind, and ignores an unknown one', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    const link = (): void => {
      rec('link')
    }
    const result = new AsyncResult<number>()
    greenlet.unlink(link)
    greenlet.link(link)
    greenlet.linkValue(link)
    greenlet.rawlink(link)
    greenlet.link(result)
    expect(greenlet.hasLinks()).toBe(4)
    greenlet.unlink(link)
    greenlet.unlink(link)
    greenlet.unlink(result)
    greenlet.unlink(result)
    expect(greenlet.hasLinks()).toBe(1)
    clock.run()
    rec.expect(['link'])
    expect(result.ready()).toBe(false)
  })
})

describe('unlinkAll()', () => {
  it('takes back all links, and leaves those who wait alone', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    const log = (): void => {
      rec('link')
    }
    greenlet.unlinkAll()
    greenlet.link(log)
    greenlet.unlinkAll()
    expect(greenlet.hasLinks()).toBe(0)
    greenlet.link(log)
    greenlet.rawlink(log)
    spawn(function* () {
      yield* greenlet.join()
      rec('joined')
    })
    clock.run(0.5)
    expect(greenlet.hasLinks()).toBe(3)
    greenlet.unlinkAll()
    expect(greenlet.hasLinks()).toBe(1)
    clock.run()
    rec.expect(['joined'])
  })

  it('in a link keeps the later ones from being called', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(returns)
    for (const name of ['a', 'b', 'c'])
      greenlet.link(() => {
        rec(name)
        greenlet.unlinkAll()
      })
    clock.run()
    rec.expect(['a'])
  })
})

describe('hasLinks()', () => {
  it('counts links and those who wait, and is 0 when all were told', () => {
    const { clock } = virtualHub()
    const greenlet = spawn(returns)
    expect(greenlet.hasLinks()).toBe(0)
    greenlet.link(() => undefined)
    greenlet.rawlink(() => undefined)
    spawn(() => greenlet.get())
    clock.run(0.5)
    expect(greenlet.hasLinks()).toBe(3)
    clock.run()
    expect(greenlet.hasLinks()).toBe(0)
  })
})

describe.each(['link', 'linkValue', 'linkException'] as const)('%s()', (verb) => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['5 (number)', 5],
    ['an Object', {}],
    ['a Queue', new Queue<unknown>()],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => new Greenlet(returns)[verb](value as never))).toBe(
      `${verb}() expects a function or an AsyncResult, but got ${shown}.`,
    )
  })
})
