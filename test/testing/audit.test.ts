// What an audit has found: programs that were judged wrongly, or left something behind.
import {
  Event,
  type Green,
  getHub,
  idle,
  joinall,
  RawGreenlet,
  run,
  Semaphore,
  sleep,
  spawn,
  Timeout,
  until,
} from 'greenloop'
import { explore, type ScheduleContext, ScheduleFailure, TestingError, virtual } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'

/** The outcomes that an exploration meets. */
async function outcomes(
  body: (t: ScheduleContext) => Green<unknown>,
  independence: 'none' | 'tracked',
): Promise<string[]> {
  const seen = new Set<string>()
  const { complete } = await explore(
    function* (t) {
      seen.add(String(yield* body(t)))
    },
    { independence },
  )
  expect(complete).toBe(true)
  return [...seen].sort()
}

describe('who runs in which order', () => {
  function* program(order: string[]): Green<void> {
    const a = spawn(function* () {
      order.push('a')
      yield* sleep(0)
      order.push('a ends')
    })
    const b = spawn(function* () {
      yield* a.join()
      order.push('b')
    })
    const c = spawn(function* () {
      for (let turn = 0; turn < 4; turn++) {
        order.push(`c ${String(turn)}`)
        yield* sleep(0)
      }
    })
    yield* joinall([a, b, c])
  }

  it('is that of production in virtual(), also behind links: whom they wake is next', async () => {
    const [production, onVirtualClock]: [string[], string[]] = [[], []]
    await run(() => program(production))
    await virtual(() => program(onVirtualClock))
    expect(production).toEqual(['a', 'c 0', 'a ends', 'c 1', 'b', 'c 2', 'c 3'])
    expect(onVirtualClock).toEqual(production)
  })

  it("is that of production in order: 'external'", async () => {
    const [production, explored]: [string[], string[][]] = [[], []]
    await run(() => program(production))
    await explore(
      () => {
        const order: string[] = []
        explored.push(order)
        return program(order)
      },
      { order: 'external' },
    )
    for (const order of explored) expect(order).toEqual(production)
  })
})

describe('a reduced exploration', () => {
  it('tells apart who of several becomes idle first', async () => {
    function* body(t: ScheduleContext): Green<number> {
      const cell = t.shared({ x: 0 })
      const writer = (x: number) =>
        function* (): Green<void> {
          yield* idle()
          cell.x = x
        }
      yield* joinall([spawn(writer(1)), spawn(writer(2))])
      return cell.x
    }
    expect(await outcomes(body, 'none')).toEqual(['1', '2'])
    expect(await outcomes(body, 'tracked')).toEqual(['1', '2'])
  })

  it('takes symbols for the same that each execution makes anew', async () => {
    function* body(): Green<symbol> {
      yield* joinall([1, 2].map(() => spawn(() => sleep(0))))
      return Symbol('made')
    }
    expect((await explore(body, { independence: 'tracked' })).complete).toBe(true)
  })

  it('does not look at what cannot be looked at', async () => {
    function* body(): Green<object> {
      yield* joinall([1, 2].map(() => spawn(() => sleep(0))))
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return { proxy }
    }
    expect((await explore(body, { independence: 'tracked' })).complete).toBe(true)
  })

  it('does not take many who give up a turn each for spinners', async () => {
    function* body(t: ScheduleContext): Green<void> {
      const cell = t.shared({ x: 0 })
      function* add(): Green<void> {
        yield* sleep(0)
        cell.x++
      }
      yield* joinall(Array.from({ length: 60 }, () => spawn(add)))
    }
    const { bound } = await explore(body, { independence: 'tracked', maxExecutions: 20 })
    expect(bound).toBe('executions')
  })
})

it('two who each give up a few turns do not spin, however many that is together', async () => {
  const body = function* (): Green<void> {
    yield* joinall(
      [1, 2].map(() =>
        spawn(function* () {
          for (let turn = 0; turn < 6; turn++) yield* sleep(0)
        }),
      ),
    )
  }
  expect(await explore(body, { spins: 8 })).toMatchObject({ complete: true, bound: 'none' })
})

describe('an invariant that would have to be waited for', () => {
  it.each([
    ['a promise', 'a Promise', () => Promise.resolve(false)],
    ['an operation', 'sleep(0)', () => sleep(0)],
  ] as const)('is told: %s', async (_, shown, check) => {
    const body = function* (t: ScheduleContext): Green<void> {
      t.invariant(check, 'balance')
      yield* sleep(0)
    }
    const failure = await explore(body).then(null, (error: unknown) => error)
    expect(failure).toBeInstanceOf(ScheduleFailure)
    expect((failure as ScheduleFailure).kind).toBe('invariant')
    expect(String((failure as ScheduleFailure).cause)).toContain(
      't.invariant() expects `check` to answer at once, between two steps, but got ',
    )
    expect(String((failure as ScheduleFailure).cause)).toContain(shown === 'sleep(0)' ? 'operation' : shown)
  })
})

describe('virtual(), while it waits for something real', () => {
  const later = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms)
    })

  it('goes at the pace of the machine through thousands of short waits', async () => {
    const began = performance.now()
    const { elapsedMs } = await virtual(function* () {
      const alarm = spawn(() => sleep(40))
      while (!alarm.dead) yield* until(new Promise<void>((resolve) => setImmediate(resolve)))
    })
    expect(elapsedMs).toBe(40)
    expect(performance.now() - began).toBeGreaterThan(30)
  })

  it('has a timer go off that plain code starts meanwhile', async () => {
    const { value } = await virtual(async () => {
      await later(1)
      await sleep(20)
      return 'done'
    })
    expect(value).toBe('done')
  })

  it('tells those who wait in plain code for a timer of its hub that it is gone', async () => {
    const running = virtual(() => until(later(20)))
    await later(1)
    const error = await Promise.all([sleep(10_000).then(null, (reason: unknown) => reason), running])
    expect(error[0]).toBeInstanceOf(TestingError)
    expect((error[0] as TestingError).message).toBe(
      'sleep(10000) was awaited in plain code while virtual() ran, and did not end before it: what is begun meanwhile is begun on its hub, which is gone. Await virtual() first.',
    )
  })

  it('leaves those alone who wait in plain code for what is no timer', async () => {
    const event = new Event()
    const running = virtual(() => until(later(10)))
    await later(1)
    const waiting = event.wait().then((was) => was)
    await running
    event.set()
    expect(await waiting).toBe(true)
  })

  it('does not end calls of the process that wait in a switch()', async () => {
    const raw = new RawGreenlet(function* () {
      yield* sleep(30)
      return 'back'
    })
    const call = raw.switch()
    await expect(virtual(() => new Event().wait())).rejects.toThrow('main waits in event.wait()')
    expect(await call).toBe('back')
  })
})

it('virtual() with thousands who are due at once does not take the square of their number', async () => {
  const began = performance.now()
  const { elapsedMs } = await virtual(function* () {
    yield* joinall(Array.from({ length: 5000 }, () => spawn(() => sleep(10))))
    for (let n = 0; n < 5000; n++) spawn(() => sleep(n))
  })
  expect(elapsedMs).toBe(5009)
  expect(performance.now() - began).toBeLessThan(15_000) // it was a minute and two gigabytes
})

it('maxMs is kept, and Node has its turn, also when executions are slow', async () => {
  let turns = 0
  let handle = setImmediate(function tick() {
    turns++
    handle = setImmediate(tick)
  })
  const busy = function* (): Green<void> {
    const end = performance.now() + 20
    while (performance.now() < end);
    yield* joinall([1, 2, 3, 4].map(() => spawn(() => sleep(0))))
  }
  const { bound, executions } = await explore(busy, { maxMs: 100 })
  clearImmediate(handle)
  expect(bound).toBe('time')
  expect(executions).toBeLessThan(7)
  expect(turns).toBeGreaterThan(0)
})

it.each(['none', 'tracked'] as const)('a loop over waits that are ready is reported: %s', async (independence) => {
  function* body(): Green<void> {
    const lock = new Semaphore()
    const setter = spawn(() => sleep(0))
    while (!setter.dead) {
      yield* lock.acquire()
      lock.release()
    }
  }
  const error = await explore(body, { independence, maxSteps: 100 }).then(null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(ScheduleFailure)
  expect((error as ScheduleFailure).kind).toBe('steps')
})

it('no execution leaves anything in the process, whatever it does at its end', async () => {
  const hub = getHub()
  const exits = process.listenerCount('exit')
  const bodies: ((t: ScheduleContext) => Green<unknown>)[] = [
    function* () {
      new Timeout(1000).start()
      yield* sleep(1)
      throw new Error('on purpose')
    },
    function* () {
      spawn(function* () {
        try {
          yield* new Event().wait()
        } finally {
          for (;;) yield* sleep(0)
        }
      })
      yield* sleep(0)
      throw new Error('on purpose')
    },
    function* (t) {
      t.invariant(() => {
        throw new Error('on purpose')
      })
      yield* sleep(0)
    },
  ]
  for (const body of bodies) {
    await expect(explore(body, { shrink: false })).rejects.toThrow('on purpose')
    expect(getHub()).toBe(hub)
    expect(await run(() => sleep(1).then(() => 'here'))).toBe('here')
  }
  expect(process.listenerCount('exit')).toBe(exits)
})
