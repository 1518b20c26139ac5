// Fuzzing: the portfolio from one seed, what it finds, what it says.
import { Event, joinall, sleep, spawn } from 'greenloop'
import {
  explore,
  type FuzzOptions,
  fuzz,
  replay,
  type ScheduleContext,
  ScheduleFailure,
  Unreached,
} from 'greenloop/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fingerprint } from '../../../src/testing/schedule/fingerprint.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'

checkLeaks()

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Two deposits at the same time. In production the first is over before the second begins. */
function* lostUpdate() {
  let balance = 0
  const atOnce = spawn(function* () {
    yield* sleep(1)
    balance += 1
  })
  const inTwoSteps = spawn(function* () {
    yield* sleep(1)
    const before = balance
    yield* sleep(0)
    balance = before + 1
  })
  yield* joinall([atOnce, inTwoSteps])
  if (balance !== 2) throw new Error(`balance: ${balance}`)
}

/** Three that take turns, with nothing to go wrong. */
function* threeByThree() {
  yield* joinall(
    [1, 2, 3].map(() =>
      spawn(function* () {
        for (let turn = 0; turn < 3; turn++) yield* sleep(0)
      }),
    ),
  )
}

/** Fails only when the one in the middle has fifteen turns before the other two begin. */
function* starvation() {
  let begun = 0
  const begin = (): void => {
    begun++
  }
  const busy = function* () {
    for (let turn = 0; turn < 15; turn++) yield* sleep(0)
    if (begun === 0) throw new Error('both starved')
  }
  yield* joinall([spawn(begin), spawn(busy), spawn(begin)], { raiseError: true })
}

async function failure(body: (t: ScheduleContext) => unknown, options?: FuzzOptions): Promise<ScheduleFailure> {
  const error = await rejection(fuzz(body, options))
  if (!(error instanceof ScheduleFailure)) throw error
  return error
}

describe('fuzz()', () => {
  it('runs many schedules and says what it has seen', async () => {
    const result = await fuzz(threeByThree, { seed: 42 })
    expect(result).toEqual({
      runs: 1000,
      distinct: 598,
      seed: 42,
      longest: 17,
      order: 'any',
      reached: [],
      summary: '1,000 schedules by chance, 598 different, of at most 17 steps (seed 42; order: any).',
    })
  })

  it('finds a race, shrinks it and tells the seed', async () => {
    const { message, trace, executions, cause, schedule } = await failure(lostUpdate, { seed: 42, name: 'deposits' })
    expect(String(cause)).toBe('Error: balance: 1')
    expect(trace).toMatch(/^s1:a:.{6}:410103.$/u)
    expect(executions).toBe(6)
    expect(schedule.filter((step) => step.preempts).length).toBe(1)
    expect(message.split('\n').slice(-5)).toEqual([
      'Found in execution 6 (seed 42, random walk), shrunk from 2 preemptions to 1.',
      '',
      'Replay it:',
      `  await replay(body, '${trace}')`,
      `  GREENLOOP_REPLAY='${trace}' npx vitest run -t 'deposits'`,
    ])
    await expect(replay(lostUpdate, trace)).rejects.toHaveProperty('cause.message', 'balance: 1')
  })

  it('leaves the schedule as it was found when told so', async () => {
    const { schedule } = await failure(lostUpdate, { seed: 42 })
    const long = await failure(lostUpdate, { seed: 42, shrink: false })
    expect(long.schedule.filter((step) => step.preempts).length).toBeGreaterThanOrEqual(
      schedule.filter((step) => step.preempts).length,
    )
    expect(long.message).toContain('(seed 42, ')
  })

  it('starves one for long, which a random walk does not', async () => {
    const { message, executions } = await failure(starvation, { seed: 1 })
    expect(message).toMatch(/^Error: both starved\n/u)
    expect(/\(seed 1, .*\)/u.exec(message)?.[0]).toBe('(seed 1, priorities of depth 1)')
    expect(executions).toBe(5)
  })

  it('runs the same schedules for the same seed, a hundred times', async () => {
    const seen = new Set<string>()
    for (let times = 0; times < 100; times++) {
      const orders: string[] = []
      const noted = function* () {
        let order = ''
        yield* joinall(
          ['a', 'b', 'c'].map((name) =>
            spawn(function* () {
              for (let turn = 0; turn < 3; turn++) {
                order += name
                yield* sleep(turn)
              }
            }),
          ),
        )
        orders.push(order)
      }
      const { distinct, longest } = await fuzz(noted, { runs: 30, seed: 7 })
      seen.add(`${fingerprint(orders)} ${orders.length} ${distinct} ${longest}`)
    }
    expect([...seen]).toEqual(['2v5tnq 32 30 23'])
  })

  it('fails in the same run with the same report for the same seed', async () => {
    const first = await failure(lostUpdate, { seed: 7 })
    const second = await failure(lostUpdate, { seed: 7 })
    expect([second.message, second.trace, second.executions]).toEqual([first.message, first.trace, first.executions])
  })

  it('takes the seed of the environment, else another one each time', async () => {
    vi.stubEnv('GREENLOOP_SEED', '77')
    expect((await fuzz(threeByThree, { runs: 3 })).seed).toBe(77)
    expect((await fuzz(threeByThree, { runs: 3, seed: 5 })).seed).toBe(5)
    vi.stubEnv('GREENLOOP_SEED', '')
    const seeds = await Promise.all([1, 2, 3].map(async () => (await fuzz(threeByThree, { runs: 1 })).seed))
    expect(new Set(seeds).size).toBe(3)
  })

  it('goes on no longer than maxMs', async () => {
    const { runs, summary } = await fuzz(threeByThree, { runs: Infinity, maxMs: 5, seed: 1 })
    expect(runs).toBeGreaterThan(0)
    expect(summary).toMatch(/; maxMs was over\)\.$/u)
  })

  it('keeps the order of production when told so', async () => {
    const { distinct, order } = await fuzz(threeByThree, { order: 'external', runs: 50, seed: 1 })
    expect([distinct, order]).toEqual([1, 'external'])
  })

  it('tells which labels were reached, and fails when one never is', async () => {
    const body = function* (t: ScheduleContext) {
      const order: number[] = []
      yield* joinall([1, 2].map((number) => spawn(() => order.push(number))))
      t.reachable('the second first', order[0] === 2)
      t.reachable('both', order.length === 2)
    }
    expect((await fuzz(body, { runs: 50, seed: 1 })).reached).toEqual(['the second first', 'both'])
    const error = await rejection(
      fuzz(
        function* (t) {
          t.reachable('nowhere', false)
        },
        { runs: 10, seed: 1 },
      ),
    )
    expect(error).toBeInstanceOf(Unreached)
    expect((error as Unreached).message).toBe(
      't.reachable("nowhere") holds in none of the schedules that were run (10 executions), but these are not all: fuzz() takes a sample.',
    )
  })

  it('finds a lost wake-up, as exploring does', async () => {
    const lostWakeUp = function* () {
      const event = new Event()
      spawn(function* () {
        event.set()
        yield* sleep(0)
        event.clear()
      })
      yield* sleep(0)
      yield* event.wait()
    }
    expect((await failure(lostWakeUp, { seed: 3 })).kind).toBe('deadlock')
    await expect(explore(lostWakeUp)).rejects.toHaveProperty('kind', 'deadlock')
  })

  it('refuses what is no body and no option', () => {
    const refused = [
      usage(() => fuzz(1 as never)),
      usage(() => fuzz(threeByThree, { runs: 0 })),
      usage(() => fuzz(threeByThree, { seed: 1.5 })),
      usage(() => fuzz(threeByThree, { seed: 'x' as never })),
      usage(() => fuzz(threeByThree, { maxMs: -1 })),
      usage(() => fuzz(threeByThree, 1 as never)),
    ]
    vi.stubEnv('GREENLOOP_SEED', 'abc')
    refused.push(usage(() => fuzz(threeByThree)))
    expect(refused).toEqual([
      'fuzz() expects a function, but got 1 (number).',
      'fuzz() expects `runs` to be an integer, 1 or more, but got 0 (number).',
      'fuzz() expects `seed` to be an integer, but got 1.5 (number).',
      'fuzz() expects `seed` to be an integer, but got "x" (string).',
      'fuzz() expects `maxMs` to be a number of milliseconds, 0 or more, but got -1.',
      "fuzz() expects its options as an object, such as { order: 'external' }, but got 1 (number).",
      'GREENLOOP_SEED is expected to be an integer, such as 42, but is "abc".',
    ])
  })
})
