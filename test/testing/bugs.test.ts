// What exploring is for: known kinds of mistakes are found, told with few switches, replayed; without the mistake all schedules pass.
import { joinall, Semaphore, sleep, spawn } from 'greenloop'
import { type ExploreOptions, explore, fuzz, replay, ScheduleFailure, Unreached } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { Explorer, hasFailed } from '../../src/testing/runs/explorer.ts'
import type { Policy } from '../../src/testing/schedule/choices.ts'
import { pct } from '../../src/testing/schedule/pct.ts'
import { randomWalk } from '../../src/testing/schedule/policies.ts'
import { Random } from '../../src/testing/schedule/random.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'
import { BUGS, type Bug, transfers } from './support/bugs.ts'
import * as reports from './support/reports.ts'

checkLeaks()

const INDEPENDENCE = ['none', 'tracked'] as const

async function failureOf(promise: Promise<unknown>): Promise<ScheduleFailure> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleFailure)) throw error
  return error
}

function found({ wrong, maxSteps }: Bug, options: ExploreOptions = {}): Promise<ScheduleFailure> {
  return failureOf(explore(wrong, { ...(maxSteps === undefined ? {} : { maxSteps }), ...options }))
}

/** A report without the numbers of lines, which change with every line of the programs. */
function told({ message }: ScheduleFailure): string {
  return message.replace(/(bugs(?:\.test)?\.ts):\d+/gu, '$1').replace(/\n\nReplay it:[^]*$/u, '')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

describe.each(BUGS)('$title', (one) => {
  it.each(INDEPENDENCE)('is found, shrunk and replayed (independence: %s)', async (independence) => {
    const failure = await found(one, { independence })
    expect([failure.kind, firstLine(failure.message)]).toEqual([one.kind, one.says])
    expect(failure.schedule.filter(({ preempts }) => preempts).length).toBeLessThanOrEqual(3)
    const options = one.maxSteps === undefined ? {} : { maxSteps: one.maxSteps }
    const again = await failureOf(replay(one.wrong, failure.trace, options))
    expect([again.kind, firstLine(again.message), again.trace]).toEqual([one.kind, one.says, failure.trace])
  })

  it.each(one.isLarge === true ? (['tracked'] as const) : INDEPENDENCE)(
    'does not come without the mistake (independence: %s)',
    async (independence) => {
      const { complete, bound, schedules } = await explore(one.right, { independence })
      expect([complete, bound]).toEqual([true, 'none'])
      expect(schedules).toBeGreaterThan(0)
    },
  )
})

describe('the report', () => {
  it.each([
    ['a lost update of two', reports.LOST_UPDATE, 'tracked'],
    ['two locks in two orders', reports.DEADLOCK, 'none'],
    ['a condition by hand that lets go of the lock before it stands in line', reports.LOST_WAKE_UP, 'none'],
    ['a permit released that a killed one never had', reports.PERMIT_TOO_MANY, 'none'],
    ['a consumer killed between get and done', reports.LOST_ITEM, 'none'],
    ['a time limit that is as long as what it limits', reports.TIMER_TIE, 'none'],
    ['two who give way to each other for ever', reports.LIVELOCK, 'none'],
    ['a worker that is not woken to stop', reports.LEFT_OVER, 'none'],
  ] as const)('shows %s', async (title, report, independence) => {
    const bug = BUGS.find((one) => one.title === title)
    if (bug === undefined) throw new Error(`There is no bug "${title}".`)
    expect(told(await found(bug, { independence }))).toBe(report)
  })
})

describe('a deadlock among bystanders', () => {
  const wrong = transfers(2, false, 2, 1)
  const right = transfers(2, true, 2, 1)

  it('is found within ten executions when independent steps are left out', async () => {
    expect((await failureOf(explore(wrong, { independence: 'tracked' }))).executions).toBeLessThanOrEqual(10)
    expect(await explore(right, { independence: 'tracked' })).toMatchObject({ complete: true, executions: 8 })
  })

  it('is one of more than ten thousand schedules without that', async () => {
    expect((await failureOf(explore(wrong))).executions).toBeGreaterThan(1000)
    const maxExecutions = 10_000
    const result = await explore(right, { maxExecutions, maxMs: 60_000 })
    expect(result).toMatchObject({ complete: false, bound: 'executions', schedules: maxExecutions })
  })
})

describe('starvation', () => {
  /** Fails only when the one in the middle has all its turns before the other two have had one. */
  function* starved() {
    let begun = 0
    const begin = (): void => {
      begun++
    }
    function* busy() {
      for (let turn = 0; turn < 20; turn++) yield* sleep(0)
      if (begun === 0) throw new Error('both starved')
    }
    yield* joinall([spawn(begin), spawn(busy), spawn(begin)], { raiseError: true })
  }

  /** How many of 500 runs fail. */
  function failures(policy: (random: Random) => Policy): number {
    const explorer = new Explorer('fuzz', starved, {}, 'none')
    const seeds = new Random(7)
    let count = 0
    for (let run = 0; run < 500; run++) {
      if (hasFailed(explorer.run(policy(new Random(seeds.seed())), 'none'))) count++
    }
    return count
  }

  it('is met by priorities often, and by a random walk hardly ever', () => {
    expect(failures((random) => pct(random, 1, 30))).toBeGreaterThan(100)
    expect(failures(randomWalk)).toBe(0)
  })

  it('is found by a fuzz, whatever the seed', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { message, executions } = await failureOf(fuzz(starved, { seed }))
      expect(message).toMatch(/\(seed \d, priorities of depth \d\)/u)
      expect(executions).toBeLessThan(50)
    }
  })
})

describe('turns that are asked for again and again', () => {
  it('come to both sides, since neither is passed over for ever', async () => {
    const { complete, bound } = await explore(
      function* (t) {
        const game = t.shared({ turn: 'Ann' }, 'game')
        function* play(me: string, other: string) {
          for (let round = 0; round < 2; round++) {
            while (game.turn !== me) yield* sleep(0)
            game.turn = other
          }
        }
        yield* joinall([spawn(play, 'Ann', 'Bob'), spawn(play, 'Bob', 'Ann')])
      },
      { independence: 'tracked', spins: 3 },
    )
    expect([complete, bound]).toEqual([false, 'spins'])
  })
})

describe('t.reachable()', () => {
  /** Two race for a seat. */
  function race(outcomes: readonly string[], delayMs: number) {
    return explore(function* (t) {
      const first: string[] = []
      function* run(name: string, ms: number) {
        yield* sleep(ms)
        first.push(name)
      }
      yield* joinall([spawn(run, 'Ann', 5), spawn(run, 'Bob', 5 + delayMs)])
      for (const name of outcomes) t.reachable(`${name} is first`, first[0] === name)
    })
  }

  it('holds when some schedule comes there', async () => {
    const { complete, reached, schedules } = await race(['Ann', 'Bob'], 0)
    expect([complete, reached]).toEqual([true, ['Ann is first', 'Bob is first']])
    expect(schedules).toBeGreaterThan(1)
  })

  it('does not hold in what only the end of an execution makes a body do', async () => {
    const cutShort = (independence: 'none' | 'tracked') =>
      explore(
        function* (t) {
          const semaphore = new Semaphore(1)
          let isThrough = false
          try {
            const holder = spawn(() => semaphore.with(sleep, 5))
            const late = spawn(function* () {
              if (yield* semaphore.acquire({ timeoutMs: 5 })) semaphore.release()
            })
            yield* joinall([holder, late, spawn(() => semaphore.with(() => undefined))])
            isThrough = true
          } finally {
            t.reachable('main is killed', !isThrough)
          }
        },
        { independence },
      )
    for (const independence of ['none', 'tracked'] as const) {
      expect(await rejection(cutShort(independence))).toBeInstanceOf(Unreached)
    }
  })

  it('fails when none does', async () => {
    const error = await rejection(race(['Ann', 'Bob'], 1))
    if (!(error instanceof Unreached)) throw error
    expect(error.labels).toEqual(['Bob is first'])
    expect(error.message).toBe('t.reachable("Bob is first") holds in no schedule: all were explored (2 executions).')
  })
})
