// `explore`: how many schedules there are, which bound was met, and what is said when a body cannot be explored.
import { joinall, Queue, RLock, sleep, spawn } from 'greenloop'
import { explore, ScheduleFailure, UncontrolledNondeterminism, Unreached, UntrackedState } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import type { Body } from '../../../src/testing/execution/execution.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'

checkLeaks()

/** `greenlets` of `naps` naps each, that nobody waits for. */
function naps(greenlets: number, count: number): Body {
  function* nap() {
    for (let n = 0; n < count; n++) yield* sleep(0)
  }
  return () => {
    for (let n = 0; n < greenlets; n++) spawn(nap)
  }
}

/** Adds one in each of `greenlets`, the usual wrong way. */
function deposits(greenlets: number): Body {
  return function* (t) {
    const account = t.shared({ balance: 0 }, 'account')
    function* deposit() {
      const before = account.balance
      yield* sleep(0)
      account.balance = before + 1
    }
    yield* joinall(Array.from({ length: greenlets }, () => spawn(deposit)))
    if (account.balance !== greenlets) throw new Error(`balance ${account.balance}`)
  }
}

/** The same, with a lock. */
const guarded: Body = function* (t) {
  const account = t.shared({ balance: 0 }, 'account')
  const lock = new RLock()
  function* deposit() {
    yield* lock.with(function* () {
      const before = account.balance
      yield* sleep(0)
      account.balance = before + 1
    })
  }
  yield* joinall([spawn(deposit), spawn(deposit)])
  if (account.balance !== 2) throw new Error(`balance ${account.balance}`)
}

describe('an exploration without reduction', () => {
  it.each([
    [1, 3, 1],
    [2, 1, 6], // 4! / (2! 2!)
    [2, 3, 70], // 8! / (4! 4!)
    [3, 1, 90], // 6! / (2! 2! 2!)
    [3, 3, 34_650], // 12! / (4! 4! 4!)
  ])('of %i greenlets with %i naps has %i schedules', async (greenlets, count, schedules) => {
    const result = await explore(naps(greenlets, count))
    expect(result).toMatchObject({ complete: true, bound: 'none', executions: schedules, schedules, cut: 0 })
  })

  it('with a bound of preemptions runs those that have no more', async () => {
    const counts: number[] = []
    for (const preemptions of [0, 1, 2, 3]) {
      const result = await explore(naps(2, 3), { preemptions })
      expect(result).toMatchObject({ complete: false, bound: 'preemptions', executions: result.schedules })
      counts.push(result.schedules)
    }
    expect(counts).toEqual([2, 8, 26, 44])
    expect(await explore(naps(2, 3), { preemptions: 6 })).toMatchObject({ complete: true, schedules: 70 })
  })

  it('says that it is not complete when it has run as often as it may', async () => {
    expect(await explore(naps(3, 3), { maxExecutions: 100 })).toMatchObject({
      complete: false,
      bound: 'executions',
      executions: 100,
      summary: '100 schedules, not all: maxExecutions was reached (order: any; every step counts as dependent).',
    })
  })

  it('is complete when the last execution that it may run is the last there is', async () => {
    expect(await explore(naps(2, 1), { maxExecutions: 6 })).toMatchObject({ complete: true, executions: 6 })
    expect(await explore(naps(2, 1), { maxExecutions: 5 })).toMatchObject({ complete: false, executions: 5 })
  })

  it('says that it is not complete when its time is over', async () => {
    expect(await explore(naps(4, 4), { maxMs: 0, maxExecutions: Infinity })).toMatchObject({
      complete: false,
      bound: 'time',
    })
  })

  it('says that it is not complete when somebody spins', async () => {
    const spinning: Body = function* () {
      const flag = { ready: false }
      const setter = spawn(() => {
        flag.ready = true
      })
      while (!flag.ready) yield* sleep(0)
      yield* setter.join()
    }
    expect(await explore(spinning, { spins: 3 })).toMatchObject({ complete: false, bound: 'spins', schedules: 4 })
  })

  it('in external order has one schedule, but for timers that are due at the same time', async () => {
    expect(await explore(deposits(2), { order: 'external' }).catch(String)).toContain('balance 1')
    const timers: Body = function* () {
      yield* joinall([spawn(sleep, 5), spawn(sleep, 5)])
    }
    expect(await explore(naps(3, 3), { order: 'external' })).toMatchObject({ complete: true, schedules: 1 })
    expect(await explore(timers, { order: 'external' })).toMatchObject({ complete: true, schedules: 6 })
  })
})

describe('an exploration with reduction', () => {
  it.each([
    ['independent steps', naps(3, 3), 1],
    ['a lock', guarded, 8],
  ])('of %s runs one schedule of each kind', async (_, body, schedules) => {
    expect(await explore(body, { independence: 'tracked' })).toMatchObject({ complete: true, schedules })
  })

  it('says what was tracked', async () => {
    expect((await explore(guarded, { independence: 'tracked' })).summary).toBe(
      '8 different schedules, all there are (order: any; tracked: the primitives and 1 object).',
    )
  })

  it('finds what an exploration without it finds', async () => {
    const [reduced, plain] = await Promise.all([
      rejection(explore(deposits(2), { independence: 'tracked' })),
      rejection(Promise.resolve().then(() => explore(deposits(2)))),
    ])
    for (const error of [reduced, plain]) {
      expect(error).toBeInstanceOf(ScheduleFailure)
      expect((error as ScheduleFailure).schedule.filter(({ preempts }) => preempts)).toHaveLength(1)
    }
  })

  it('rejects when greenlets share what is not tracked', async () => {
    const body: Body = function* (t) {
      t.shared({})
      const names: string[] = []
      function* add(name: string) {
        yield* sleep(0)
        names.push(name)
      }
      yield* joinall([spawn(add, 'a'), spawn(add, 'b')])
      return names
    }
    expect(await rejection(explore(body, { independence: 'tracked' }))).toBeInstanceOf(UntrackedState)
  })
})

describe('a body that cannot be explored', () => {
  it('goes two ways in one schedule', async () => {
    let runs = 0
    const error = await rejection(
      explore(function* () {
        if (runs++ > 0) yield* sleep(1)
      }),
    )
    expect(error).toBeInstanceOf(UncontrolledNondeterminism)
    expect(String(error).split('\n')[0]).toBe(
      'UncontrolledNondeterminism: Uncontrolled nondeterminism at step 0: expected main, which returns, saw main@sleep(1).',
    )
  })

  it('goes two ways later, which is found where it happens', async () => {
    let runs = 0
    const error = await rejection(
      explore(function* () {
        runs++
        spawn(sleep, 0)
        yield* sleep(0)
        if (runs > 4) spawn(sleep, 0)
        yield* sleep(0)
      }),
    )
    expect(error).toBeInstanceOf(UncontrolledNondeterminism)
  })
})

describe('what the runs leave behind', () => {
  it('is found when it comes to act after some of them, at the end', async () => {
    let runs = 0
    const error = await rejection(
      explore(() => {
        if (++runs > 3) spawn(() => undefined)
      }),
    )
    expect(error).toBeInstanceOf(UncontrolledNondeterminism)
  })
})

describe('what must be reached', () => {
  const body: Body = function* (t) {
    const order: string[] = []
    const say = function* (name: string) {
      yield* sleep(0)
      order.push(name)
    }
    yield* joinall([spawn(say, 'a'), spawn(say, 'b')])
    t.reachable('a first', order[0] === 'a')
    t.reachable('b first', order[0] === 'b')
    if (order.length > 2) t.reachable('three')
  }

  it('is said to be when some schedule has come there', async () => {
    expect((await explore(body)).reached).toEqual(['a first', 'b first'])
  })

  it('is missed when none has', async () => {
    const error = await rejection(
      explore(function* (t) {
        yield* sleep(0)
        t.reachable('never', false)
      }),
    )
    expect(error).toBeInstanceOf(Unreached)
    expect(String(error)).toBe('Unreached: t.reachable("never") holds in no schedule: all were explored (1 execution).')
  })

  it('is not claimed to be out of reach when not all was explored', async () => {
    const error = await rejection(
      explore(
        function* (t) {
          const queue = new Queue<number>()
          spawn(() => queue.put(1))
          spawn(() => queue.put(2))
          t.reachable('2 first', (yield* queue.get()) === 2)
        },
        { preemptions: 0, maxExecutions: 1 },
      ),
    )
    expect(String(error)).toBe(
      'Unreached: t.reachable("2 first") holds in none of the schedules that were run (1 execution), but these are not all: maxExecutions was reached.',
    )
  })
})

describe('a trace that the body asks for', () => {
  it('is there in each schedule', async () => {
    const seen = new Set<string>()
    const result = await explore(function* (t) {
      yield* joinall([spawn(sleep, 0), spawn(sleep, 0)])
      seen.add(t.trace.switches.join(' '))
    })
    expect(result.complete).toBe(true)
    expect(seen.size).toBeGreaterThan(3)
  })

  it('is there, too, when only some schedules ask for it', async () => {
    const seen: string[][] = []
    const result = await explore(function* (t) {
      const order: string[] = []
      const say = function* (name: string) {
        yield* sleep(0)
        order.push(name)
      }
      yield* joinall([spawn(say, 'a'), spawn(say, 'b')])
      if (order[0] === 'b') seen.push([...t.trace.switches])
    })
    expect(result).toMatchObject({ complete: true, schedules: (await explore(joined(2))).schedules })
    expect(seen.length).toBeGreaterThan(0)
  })

  it('shows the order of all steps, so that none are taken for independent', async () => {
    const seen = new Set<string>()
    const result = await explore(
      function* (t) {
        yield* joinall([spawn(sleep, 0), spawn(sleep, 0)])
        seen.add(t.trace.switches.join(' '))
      },
      { independence: 'tracked' },
    )
    expect(result).toMatchObject({ complete: true, independence: 'none' })
    expect(seen.size).toBeGreaterThan(3)
  })

  function joined(greenlets: number): Body {
    return () => joinall(Array.from({ length: greenlets }, () => spawn(sleep, 0)))
  }
})

describe('a mistake', () => {
  const body = () => undefined

  it.each<[string, () => unknown, string]>([
    ['no body', () => explore('body' as never), 'explore() expects a function, but got "body" (string).'],
    [
      'a body that was called',
      () => explore((function* () {})() as never),
      `explore() expects a function, but got a generator object.\n\nProbably the function was called instead of passed:\n` +
        `  explore(body())   // incorrect: it has begun already\n  explore(body)     // correct`,
    ],
    [
      'an async body',
      () => explore(async () => undefined),
      `explore() expects a body whose waits it can see, but got an async function: when a promise settles is not for the schedule to choose.\n\n` +
        `  explore(async () => { await ... })     // incorrect: waits for promises\n` +
        `  explore(function* () { yield* ... })   // correct: waits in greenlets`,
    ],
    [
      'an unknown order',
      () => explore(body, { order: 'all' as never }),
      `explore() expects \`order\` to be 'any' or 'external', but got "all" (string).`,
    ],
    [
      'an unknown independence',
      () => explore(body, { independence: true as never }),
      "explore() expects `independence` to be 'none' or 'tracked', but got true (boolean).",
    ],
    [
      'half a preemption',
      () => explore(body, { preemptions: 0.5 }),
      'explore() expects `preemptions` to be an integer, 0 or more, but got 0.5 (number).',
    ],
    [
      'no executions',
      () => explore(body, { maxExecutions: 0 }),
      'explore() expects `maxExecutions` to be an integer, 1 or more, but got 0 (number).',
    ],
    [
      'a time before now',
      () => explore(body, { maxMs: -1 }),
      'explore() expects `maxMs` to be a number of milliseconds, 0 or more, but got -1.',
    ],
    [
      'steps beyond what a trace string can hold',
      () => explore(body, { maxSteps: 1e9 }),
      'explore() expects `maxSteps` to be at most 10000000, but got 1000000000 (number).',
    ],
    [
      'two reductions at once',
      () => explore(body, { independence: 'tracked', preemptions: 2 }),
      "explore() was told to leave out independent schedules (independence: 'tracked') and those with more than 2 preemptions. Together they would leave out some that count: give one of the two.",
    ],
    [
      'a reduction of the order of the hub',
      () => explore(body, { independence: 'tracked', order: 'external' }),
      "explore() was told to keep the hub's order (order: 'external') and to leave out independent schedules (independence: 'tracked'). In that order no two steps are independent, since each decides who is next in line: give one of the two.",
    ],
  ])('is told at the call: %s', (_, call, text) => {
    expect(usage(call)).toBe(text)
  })
})
