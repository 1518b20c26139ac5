// Group: members that are waited for and killed together, and whose failures are remembered.
import {
  type Green,
  Greenlet,
  GreenletExit,
  GreenletKilledError,
  Group,
  getcurrent,
  joinall,
  type Operation,
  sleep,
  spawn,
  Timeout,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, rejectionMessage, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

function* failing(ms: number, error: Error): Green<void> {
  yield* sleep(ms)
  throw error
}

/** Swallows every kill, and tells of each. */
function* stubborn(tell: (error: unknown) => void, until: { over: boolean }): Green<void> {
  while (!until.over) {
    try {
      yield* sleep(1)
    } catch (error) {
      tell(error)
    }
  }
}

describe('the members of a Group', () => {
  it('are those that live: each leaves by itself', () => {
    const { clock } = virtualHub()
    const group = new Group()
    expect([group.size, [...group]]).toEqual([0, []])
    const slow = group.spawn(sleep, 2)
    const fast = group.spawn(sleep, 1)
    expect([group.size, group.has(slow), [...group]]).toEqual([2, true, [slow, fast]])
    clock.run(1)
    expect([group.size, group.has(fast), [...group]]).toEqual([1, false, [slow]])
    clock.run()
    expect(group.size).toBe(0)
  })

  it('may be given at once, and are started by whoever likes', () => {
    const { clock } = virtualHub()
    const [one, two] = [new Greenlet(sleep, 1), spawn(sleep, 2)]
    const group = new Group([one, two])
    expect([group.size, one.started]).toEqual([2, false])
    one.start()
    clock.run()
    expect(group.size).toBe(0)
  })

  it('come in by add(), unstarted or not, and by start(), which starts them', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const [added, running, started] = [new Greenlet(sleep, 1), spawn(sleep, 1), new Greenlet(sleep, 1)]
    group.add(added)
    group.add(running)
    group.add(running)
    group.start(started)
    expect([group.size, added.started, started.started]).toEqual([3, false, true])
    clock.run()
    expect([...group]).toEqual([added])
    group.start(added)
    clock.run()
    expect(group.size).toBe(0)
  })

  it('that have ended before they were added leave in their turn', () => {
    const { clock } = virtualHub()
    const ended = spawn(() => 1)
    clock.run()
    const group = new Group([ended])
    expect(group.size).toBe(1)
    clock.run()
    expect(group.size).toBe(0)
  })

  it('are let go by discard(), and run on', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const greenlet = group.spawn(function* () {
      yield* sleep(1)
      return 'ran on'
    })
    let joined = false
    spawn(function* () {
      joined = yield* group.join()
    })
    clock.run(0)
    group.discard(greenlet)
    group.discard(greenlet)
    expect(group.size).toBe(0)
    clock.run(0)
    expect([joined, greenlet.ready()]).toEqual([true, false])
    clock.run()
    expect(greenlet.value).toBe('ran on')
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['5 (number)', 5],
    ['an Object', {}],
  ])('are not %s, which discard() leaves alone', (_shown, value) => {
    const group = new Group()
    group.discard(value as never)
    expect(group.size).toBe(0)
  })

  it.each([
    ['null', null],
    ['5 (number)', 5],
    ['an Object', {}],
    ['a Greenlet', new Greenlet(sleep, 1)],
    ['an operation', sleep(1)],
  ])('are not given as %s', (shown, value) => {
    expect(usage(() => new Group(value as never))).toBe(
      `new Group() expects an iterable of greenlets, but got ${shown}.`,
    )
  })

  it('are taken all or none by the constructor', () => {
    const greenlet = new Greenlet(sleep, 1)
    expect(usage(() => new Group([greenlet, 5 as never]))).toBe('new Group() expects a Greenlet, but got 5 (number).')
    expect(greenlet.hasLinks()).toBe(0)
  })

  it('can be waited for like any greenlets', async () => {
    const group = new Group()
    const greenlets = [group.spawn(() => 1), group.spawn(() => 2)]
    expect(await joinall(group)).toEqual(greenlets)
  })
})

describe('Group.join()', () => {
  it('gives true when the last member has left', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    for (const ms of [3, 1, 2]) group.spawn(sleep, ms)
    spawn(function* () {
      rec(`${yield* group.join()} at ${clock.now()}, ${group.size} left`)
    })
    clock.run()
    rec.expect(['true at 3, 0 left'])
  })

  it('gives true at once for an empty group', async () => {
    expect(await new Group().join()).toBe(true)
    expect(await new Group().join({ raiseError: true })).toBe(true)
  })

  it('gives false when the time has passed, also by a Timeout', () => {
    const { clock } = virtualHub()
    const group = new Group()
    group.spawn(sleep, 10)
    const waiter = spawn(function* () {
      return [yield* group.join({ timeoutMs: 1 }), yield* group.join({ timeoutMs: new Timeout(2) }), clock.now()]
    })
    clock.run()
    expect(waiter.value).toEqual([false, false, 3])
  })

  it('is about being empty once: the waiter may find new members', () => {
    const { clock } = virtualHub()
    const group = new Group()
    group.spawn(sleep, 1).rawlink(() => group.spawn(sleep, 5))
    const waiter = spawn(function* () {
      return [yield* group.join(), group.size]
    })
    clock.run()
    expect(waiter.value).toEqual([true, 1])
  })

  it('wakes those who wait in the order in which they came', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    group.spawn(sleep, 1)
    for (const name of ['a', 'b', 'c']) {
      spawn(function* () {
        yield* group.join()
        rec(name)
      })
    }
    clock.run()
    rec.expect(['a', 'b', 'c'])
  })

  it('leaves nothing behind when it is given up', () => {
    const { clock } = virtualHub()
    const group = new Group()
    group.spawn(sleep, 5)
    const waiter = spawn(function* () {
      yield* withTimeout(1, () => group.join({ raiseError: true, timeoutMs: 3 }))
    })
    waiter.rawlink(() => undefined)
    clock.run(1)
    expect(waiter.exception).toBeInstanceOf(Timeout)
    clock.run()
    expect(clock.now()).toBe(5)
  })

  it('is refused to a member, which could never go on', async () => {
    const group = new Group()
    const member = group.spawn(function* worker() {
      yield* group.join()
    })
    member.name = 'worker'
    expect(await rejectionMessage(member.get())).toBe(
      'Greenlet "worker" waits in group.join() for the group that it is a member of; it could never go on.',
    )
  })
})

describe('Group.join({ raiseError: true })', () => {
  it('waits for the longest member, and throws what one has died of', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const group = new Group()
    const error = new RangeError('first')
    group.spawn(failing, 1, error)
    group.spawn(sleep, 4)
    let caught: unknown
    spawn(function* () {
      try {
        yield* group.join({ raiseError: true })
      } catch (err) {
        caught = [err, clock.now(), group.size]
      }
    })
    clock.run()
    expect(caught).toEqual([error, 4, 0])
    expect(reports).toEqual([])
  })

  it('throws what a member has died of before the call [gevent#521]', () => {
    const { hub, clock } = virtualHub()
    const reports: unknown[] = []
    hub.onError = (error) => reports.push(error)
    const group = new Group()
    const error = new RangeError('long ago')
    group.spawn(failing, 1, error)
    clock.run()
    expect(reports).toEqual([error]) // nobody had asked for it when it died
    const waiter = spawn(function* () {
      const first = yield* caught(group.join({ raiseError: true }))
      return [first, yield* group.join({ raiseError: true })]
    })
    clock.run()
    expect(waiter.value).toEqual([error, true]) // once
  })

  it('reads the failure: in time, it is not reported', () => {
    const { hub, clock } = virtualHub()
    const reports: unknown[] = []
    hub.onError = (error) => reports.push(error)
    const group = new Group()
    const error = new RangeError('just now')
    group.spawn(() => {
      throw error
    })
    group.spawn(sleep, 1)
    const waiter = spawn(function* () {
      return yield* caught(group.join({ raiseError: true }))
    })
    clock.run()
    expect([waiter.value, reports]).toEqual([error, []])
  })

  it('throws the first failure in time; those after it are reported', () => {
    const { hub, clock } = virtualHub()
    const reports: unknown[] = []
    hub.onError = (error) => reports.push(error)
    const group = new Group()
    const [first, second] = [new RangeError('first'), new RangeError('second')]
    group.spawn(failing, 2, second)
    group.spawn(failing, 1, first)
    const waiter = spawn(function* () {
      return yield* caught(group.join({ raiseError: true }))
    })
    clock.run()
    expect([waiter.value, reports]).toEqual([first, [second]])
  })

  it('throws it also when the time has passed before the group is empty', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const error = new RangeError('early')
    group.spawn(failing, 1, error)
    group.spawn(sleep, 9)
    const waiter = spawn(function* () {
      const first = yield* caught(group.join({ raiseError: true, timeoutMs: 2 }))
      return [first, yield* group.join({ raiseError: true, timeoutMs: 2 })]
    })
    clock.run()
    expect(waiter.value).toEqual([error, false])
  })

  it('throws it to all who wait', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const error = new RangeError('for all')
    group.spawn(failing, 1, error)
    const waiters = [1, 2].map(() => spawn(() => caught(group.join({ raiseError: true }))))
    const other = spawn(() => group.join())
    clock.run()
    expect([...waiters, other].map(({ value }) => value)).toEqual([error, error, true])
  })

  it('takes a kill for an orderly end', () => {
    const { clock } = virtualHub()
    const group = new Group()
    group.spawn(sleep, 1).kill()
    const waiter = spawn(() => group.join({ raiseError: true }))
    clock.run()
    expect(waiter.value).toBe(true)
  })

  it('throws once what nobody else asked for, and reports it when nobody ever joins', () => {
    const { hub, clock } = virtualHub()
    const reports: unknown[] = []
    hub.onError = (error) => reports.push(error)
    const group = new Group()
    const error = new RangeError('nobody joins')
    group.spawn(failing, 1, error)
    spawn(() => group.join())
    clock.run()
    expect(reports).toEqual([error])
  })
})

describe('Group.kill()', () => {
  it('ends all members, and waits until they have ended', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    for (const name of ['a', 'b']) {
      group.spawn(function* () {
        try {
          yield* sleep(100)
        } finally {
          yield* sleep(1)
          rec(`${name} cleans up`)
        }
      })
    }
    spawn(function* () {
      yield* group.kill()
      rec(`killed at ${clock.now()}, ${group.size} left`)
    })
    clock.run()
    rec.expect(['a cleans up', 'b cleans up', 'killed at 1, 0 left'])
  })

  it('has its effect at the call, driven or not', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const greenlets = [group.spawn(sleep, 9), group.spawn(sleep, 9)]
    clock.run(0)
    group.kill(undefined, { block: false })
    expect(group.size).toBe(2) // until their turn
    clock.run()
    expect([group.size, clock.now()]).toEqual([0, 0])
    expect(greenlets.map(({ value }) => value instanceof GreenletExit)).toEqual([true, true])
    group.spawn(sleep, 9)
    group.kill()
    clock.run()
    expect([group.size, clock.now()]).toEqual([0, 0])
  })

  it('does not wait with block: false', async () => {
    const group = new Group()
    const over = { over: false }
    group.spawn(stubborn, () => undefined, over)
    await sleep(0)
    await group.kill(undefined, { block: false })
    expect(group.size).toBe(1)
    over.over = true
    await group.join()
  })

  it('never runs a member that has not started', () => {
    const { clock } = virtualHub()
    const group = new Group()
    let ran = false
    const greenlet = group.spawn(() => {
      ran = true
    })
    group.kill()
    clock.run()
    expect([ran, group.size, greenlet.value instanceof GreenletExit]).toEqual([false, 0, true])
  })

  it('throws what it is given, to each its own of a class', () => {
    const { clock } = virtualHub()
    catchReports()
    class Stop extends Error {}
    const group = new Group()
    const greenlets = [group.spawn(sleep, 9), group.spawn(sleep, 9)]
    for (const greenlet of greenlets) greenlet.rawlink(() => undefined)
    clock.run(0)
    group.kill(Stop)
    clock.run()
    const [one, two] = greenlets.map(({ exception }) => exception)
    expect([one, two]).toEqual([expect.any(Stop), expect.any(Stop)])
    expect(one).not.toBe(two)
  })

  it('asks each member once, however often it is called', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const over = { over: false }
    const kills: unknown[] = []
    const greenlet = group.spawn(stubborn, (error) => kills.push(error), over)
    clock.run(0)
    for (let n = 0; n < 3; n++) group.kill(undefined, { block: false })
    clock.run(1)
    group.kill(undefined, { block: false })
    group.killone(greenlet, undefined, { block: false })
    clock.run(5)
    expect([kills.length, group.size]).toEqual([1, 1])
    greenlet.kill(undefined, { block: false }) // who is killed by others is
    clock.run(6)
    expect(kills.length).toBe(2)
    over.over = true
    clock.run()
  })

  it('is given up in silence when the time has passed; the stubborn member stays', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const over = { over: false }
    const greenlet = group.spawn(stubborn, () => undefined, over)
    const killer = spawn(function* () {
      yield* sleep(0)
      const timed = yield* group.kill(undefined, { timeoutMs: 5 })
      const byTimeout = yield* group.kill(undefined, { timeoutMs: new Timeout(5) })
      return [timed, byTimeout, clock.now(), [...group]]
    })
    clock.run(20)
    expect(killer.value).toEqual([undefined, undefined, 10, [greenlet]])
    over.over = true
    clock.run()
  })

  it("under a timeout around it gives that one's value, and the members stay", () => {
    const { clock } = virtualHub()
    const group = new Group()
    const over = { over: false }
    for (let n = 0; n < 2; n++) group.spawn(stubborn, () => undefined, over)
    const killer = spawn(function* () {
      yield* sleep(0)
      return yield* withTimeout({ ms: 3, timeoutValue: 'late' }, () => group.kill())
    })
    clock.run(10)
    expect([killer.value, group.size]).toEqual(['late', 2])
    over.over = true
    clock.run()
  })

  it('kills those as well who come in while it waits', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    group.spawn(function* () {
      try {
        yield* sleep(100)
      } finally {
        const late = group.spawn(() => {
          rec('the late one runs')
        })
        yield* sleep(3)
        rec(`the late one is dead: ${late.value instanceof GreenletExit}`)
      }
    })
    clock.run(0)
    spawn(function* () {
      yield* group.kill()
      rec(`killed at ${clock.now()}, ${group.size} left`)
    })
    clock.run()
    rec.expect(['the late one is dead: true', 'killed at 3, 0 left'])
  })

  it('and those who came between the call and the wait', () => {
    const { clock } = virtualHub()
    const group = new Group()
    group.spawn(sleep, 100)
    const killer = spawn(function* () {
      const killing = group.kill()
      const late = group.spawn(sleep, 100)
      yield* killing
      return [late.value instanceof GreenletExit, clock.now()]
    })
    clock.run()
    expect(killer.value).toEqual([true, 0])
  })

  it('kills the member that calls it at its next wait, which driving the call is', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    group.spawn(sleep, 100)
    group.spawn(function* () {
      try {
        yield* group.kill()
      } finally {
        rec('is killed')
      }
    })
    clock.run()
    rec.expect(['is killed'])
    expect([group.size, clock.now()]).toEqual([0, 0])
  })

  it('is refused to a member that has swallowed it', async () => {
    const group = new Group()
    const member = group.spawn(function* () {
      group.kill()
      try {
        yield* sleep(0)
      } catch {
        yield* group.kill()
      }
    })
    member.name = 'worker'
    expect(await rejectionMessage(member.get())).toBe(
      'Greenlet "worker" waits in group.kill() for the group that it is a member of; it could never go on.',
    )
  })
})

describe('Group.killone()', () => {
  it('kills one member, and waits for its end', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const [one, other] = [group.spawn(sleep, 50), group.spawn(sleep, 2)]
    const killer = spawn(function* () {
      yield* sleep(1)
      yield* group.killone(one)
      return [clock.now(), one.ready(), [...group]]
    })
    clock.run()
    expect(killer.value).toEqual([1, true, [other]])
  })

  it('leaves one alone that is no member, and does not wait for it', async () => {
    const stranger = spawn(sleep, 1)
    await new Group().killone(stranger)
    expect(stranger.ready()).toBe(false)
    await stranger.join()
    expect(stranger.value).toBeUndefined()
  })

  it('waits no longer than it is told', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const over = { over: false }
    const one = group.spawn(stubborn, () => undefined, over)
    const killer = spawn(function* () {
      yield* sleep(0)
      yield* group.killone(one, undefined, { timeoutMs: 4 })
      yield* group.killone(one)
    })
    clock.run(4)
    expect(killer.ready()).toBe(false) // in the second
    over.over = true
    clock.run()
    expect(killer.ready()).toBe(true)
  })
})

describe('Group.apply() and its kin', () => {
  it('gives the outcome of a call in a new member', async () => {
    const group = new Group()
    expect(await group.apply((a: number, b: number) => [a + b, group.size], [1, 2])).toEqual([3, 1])
    expect(
      await group.apply(function* () {
        yield* sleep(0)
        return 'no arguments'
      }),
    ).toBe('no arguments')
    expect(await group.apply(async (text: string) => text.length, ['async'])).toBe(5)
    const error = new RangeError('of the function')
    expect(await rejection(group.apply(failing, [0, error]))).toBe(error)
    await sleep(0)
    expect(group.size).toBe(0)
  })

  it('runs in place when it is called by a member', async () => {
    const group = new Group()
    const same = await group.apply(function* () {
      const outer = getcurrent()
      const inner = yield* group.apply(getcurrent)
      return [inner === outer, group.size]
    })
    expect(same).toEqual([true, 1])
  })

  it('kills the member when the wait is given up', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const rec = recorder()
    const caller = spawn(() =>
      withTimeout({ ms: 2, timeoutValue: 'late' }, () =>
        group.apply(function* () {
          try {
            yield* sleep(100)
          } finally {
            rec(`killed at ${clock.now()}`)
          }
        }),
      ),
    )
    clock.run()
    rec.expect(['killed at 2'])
    expect([caller.value, group.size]).toEqual(['late', 0])
  })

  it('throws GreenletKilledError when the member was killed', async () => {
    const group = new Group()
    const applied = spawn(() => group.apply(sleep, [100]))
    await sleep(0)
    group.kill()
    expect(await rejection(applied.get())).toBeInstanceOf(GreenletKilledError)
  })

  it('does not keep for join() a failure that it has thrown', async () => {
    const group = new Group()
    await rejection(group.apply(failing, [0, new RangeError('handled')]))
    await sleep(0)
    expect(await group.join({ raiseError: true })).toBe(true)
  })

  it('without waiting: applyAsync() gives the greenlet, and calls back with the result', async () => {
    const group = new Group()
    const rec = recorder()
    const greenlet = group.applyAsync(
      function* add(a: number, b: number) {
        yield* sleep(1)
        return a + b
      },
      [1, 2],
      function* (sum) {
        yield* sleep(1)
        rec(`called back with ${sum} in ${getcurrent() === greenlet ? 'the same' : 'another'} greenlet`)
      },
    )
    expect([group.has(greenlet), greenlet.started, /^add-\d+$/u.test(greenlet.name)]).toEqual([true, true, true])
    expect(await greenlet.get()).toBe(3)
    await sleep(2)
    rec.expect(['called back with 3 in another greenlet'])
    expect(await group.applyAsync(() => 'no arguments').get()).toBe('no arguments')
  })

  it('does not call back after a failure, nor after a kill', async () => {
    const group = new Group()
    const rec = recorder()
    const error = new RangeError('no result')
    const failed = group.applyAsync(failing, [0, error], () => rec('called back'))
    const killed = group.applyAsync(sleep, [9], () => rec('called back'))
    expect(await rejection(failed.get())).toBe(error)
    await killed.kill()
    rec.expect([])
    expect(await rejection(group.join({ raiseError: true }))).toBe(error) // as of any member
  })

  it('applyCb() waits, and calls back in a greenlet of its own', async () => {
    const group = new Group()
    const rec = recorder()
    expect(
      await group.applyCb(
        (n: number) => n + 1,
        [1],
        (result) => rec(`called back with ${result}`),
      ),
    ).toBe(2)
    await sleep(0)
    rec.expect(['called back with 2'])
    expect(await group.applyCb((n: number) => n + 1, [1])).toBe(2)
  })

  it('consumer and producer wait for each other across members', async () => {
    const group = new Group()
    const rec = recorder()
    const consumer = group.spawn(function* () {
      rec('cons1')
      yield* sleep(0)
      yield* sleep(0)
      rec('cons2')
    })
    const producer = group.applyAsync(() => rec('prod'))
    await joinall([consumer, producer])
    rec.expect(['cons1', 'prod', 'cons2'])
  })
})

describe('Group refuses', () => {
  it('what is no greenlet', () => {
    const group = new Group()
    expect(usage(() => group.add('x' as never))).toBe('add() expects a Greenlet, but got "x" (string).')
    expect(usage(() => group.start(sleep as never))).toBe('start() expects a Greenlet, but got the function sleep.')
    expect(usage(() => new Group([getcurrent() as never]))).toBe(
      'new Group() expects a Greenlet, but got a RawGreenlet.',
    )
    expect(usage(() => group.spawn(5 as never))).toBe('spawn() expects a function, but got 5 (number).')
    expect(messageOf(thrown(() => group.start(new Greenlet())))).toMatch(/has nothing to run/u)
    expect(group.size).toBe(0)
  })

  it('wrong options', () => {
    const group = new Group()
    expect(usage(() => group.join({ timeoutMs: -1 }))).toBe(
      'join() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => group.kill(5 as never))).toBe(
      'kill() expects an Error or a class of errors, but got 5 (number).',
    )
    expect(usage(() => group.kill(undefined, { timeoutMs: Number.NaN }))).toBe(
      'kill() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got NaN.',
    )
    const stranger = new Greenlet(sleep)
    expect(usage(() => group.killone(stranger, 5 as never))).toBe(
      'killone() expects an Error or a class of errors, but got 5 (number).',
    )
  })

  it('calls that cannot be made', () => {
    const group = new Group()
    expect(usage(() => group.apply(5 as never))).toBe('apply() expects a function, but got 5 (number).')
    expect(usage(() => group.apply((n: number) => n, 5 as never))).toBe(
      'apply() expects the arguments as an array, but got 5 (number).',
    )
    expect(usage(() => group.applyAsync((n: number) => n, [5], 5 as never))).toBe(
      'applyAsync() expects `callback` to be a function, but got 5 (number).',
    )
    expect(usage(() => group.applyCb((n: number) => n, [5], 5 as never))).toBe(
      'applyCb() expects `callback` to be a function, but got 5 (number).',
    )
    expect(group.size).toBe(0)
  })
})

it('tells in a LoopExit who waits for a group', async () => {
  const { hub, clock } = virtualHub()
  const group = new Group()
  const member = group.spawn(sleep, Infinity)
  member.name = 'sleeper'
  const joining = rejectionMessage(group.join().then())
  clock.run()
  hub.raiseLoopExit()
  clock.run()
  expect((await joining).split('\n').slice(-2)).toEqual([
    '  main     group.join()     for sleeper',
    '  sleeper  sleep(Infinity)',
  ])
  member.kill()
  clock.run()
})

it('tells in a LoopExit who waits until all are killed', async () => {
  const { hub, clock } = virtualHub()
  const group = new Group()
  const over = { over: false }
  const member = group.spawn(function* () {
    while (!over.over) yield* caught(sleep(Infinity))
  })
  member.name = 'stubborn'
  clock.run()
  const killing = rejectionMessage(group.kill(undefined, { timeoutMs: Infinity }).then())
  clock.run()
  hub.raiseLoopExit()
  clock.run()
  expect((await killing).split('\n').slice(-2)).toEqual([
    '  main      group.kill()     for stubborn',
    '  stubborn  sleep(Infinity)',
  ])
  expect([group.kill()].map(String)).toEqual(['group.kill()'])
  over.over = true
  member.kill()
  clock.run()
})

/** What a wait throws, as its value. */
function* caught(operation: Operation<unknown>): Green<unknown> {
  try {
    return yield* operation
  } catch (error) {
    return error
  }
}
