// Same seed, same trace: what stands here in letters must come out on each version of Node, in each process, each time.
import { type Green, joinall, Queue, sleep, spawn } from 'greenloop'
import { explore, fuzz, replay, ScheduleFailure } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { Explorer } from '../../src/testing/runs/explorer.ts'
import { Portfolio } from '../../src/testing/runs/portfolio.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'
import { BUGS } from './support/bugs.ts'

checkLeaks()

/** The first three runs of `mixed`, whatever the seed. */
const NOT_BY_CHANCE = [
  's1:a:ahft9s:40908v a1 b1 a2 b2',
  's1:a:ahft9s:10111040101021104010102t b1 a1 b2 a2',
  's1:a:ahft9s:410041050141042 b1 a1 b2 a2',
]

/** Those behind them. */
const RUNS: readonly (readonly [number, readonly string[]])[] = [
  [
    1,
    [
      's1:a:ahft9s:30124042010103d b1 a1 b2 a2',
      's1:a:ahft9s:10102230310040105z a1 b1 b2 a2',
      's1:a:ahft9s:71140141042 a1 b1 a2 b2',
      's1:a:ahft9s:10320116201149 b1 a1 b2 a2',
      's1:a:ahft9s:103250110120400102k b1 a1 a2 b2',
    ],
  ],
  [
    42,
    [
      's1:a:ahft9s:520115100400203y a1 b1 b2 a2',
      's1:a:ahft9s:1020120400201110204005g b1 a1 b2 a2',
      's1:a:ahft9s:310240064403c b1 a1 a2 b2',
      's1:a:ahft9s:1042010020400201204005r b1 a1 a2 b2',
      's1:a:ahft9s:103250210021401030 b1 a1 a2 b2',
    ],
  ],
  [
    -7,
    [
      's1:a:ahft9s:410121030241103h b1 a1 a2 b2',
      's1:a:ahft9s:1010223020128s a1 b1 b2 a2',
      's1:a:ahft9s:102100301040140101023 a1 b1 a2 b2',
      's1:a:ahft9s:10110120400202012040057 a1 b1 a2 b2',
      's1:a:ahft9s:3012110621113p b1 a1 b2 a2',
    ],
  ],
]

/** Title, seed, in which run it is found, the schedule as it is found, the schedule when it is shrunk. */
const FUZZED: readonly (readonly [string, number, number, string, string])[] = [
  ['a lost update of three', 42, 1, 's1:a:k7nm7k:b6', 's1:a:k7nm7k:12050001103s'],
  ['an event that is cleared behind the work', 1, 25, 's1:a:tj8y0q:3212102t', 's1:a:tj8y0q:1204101020'],
  ['an event that is cleared behind the work', 42, 30, 's1:a:tj8y0q:121402102r', 's1:a:tj8y0q:1204101020'],
  ['a permit released that a killed one never had', 1, 15, 's1:a:3pmd89:22301v', 's1:a:3pmd89:30021003'],
  ['a permit released that a killed one never had', 42, 8, 's1:a:3pmd89:22301v', 's1:a:3pmd89:30021003'],
  ['a double check that sees what is not whole yet', 1, 4, 's1:a:n8m0g8:201017', 's1:a:n8m0g8:201017'],
  ['a stack whose head is the same again (ABA)', 1, 12, 's1:a:qtvrgb:3114a', 's1:a:qtvrgb:3114a'],
  ['a stack whose head is the same again (ABA)', 42, 8, 's1:a:qtvrgb:102056', 's1:a:qtvrgb:3114a'],
  ['a worker that is not woken to stop', 42, 6, 's1:a:q5p79s:201q', 's1:a:q5p79s:201q'],
  ['three locks in a circle', 42, 1, 's1:a:y2431p:8r', 's1:a:y2431p:1214102f'],
]

/** Title, executions, schedules and cut ones without a reduction, and with one. */
const EXPLORED: readonly (readonly [string, string, string])[] = [
  ['a lost update of two', '30 30 0', '8 8 0'],
  ['a seat that is checked first and taken later', '40 40 0', '4 4 0'],
  ['two locks in two orders', '30 30 0', '8 8 0'],
  ['an event that is cleared behind the work', '632 632 0', '96 96 0'],
  ['a condition by hand that lets go of the lock before it stands in line', '38 38 0', '12 12 0'],
  ['a permit released that did not come in time', '4 4 0', '2 2 0'],
  ['a consumer killed between get and done', '6 6 0', '6 6 0'],
  ['a double check that sees what is not whole yet', '22 22 0', '8 8 0'],
  ['a stack whose head is the same again (ABA)', '117 117 0', '40 40 0'],
  ['a release that stands in no finally', '4 4 0', '4 4 0'],
  ['a sum that is wrong in between', '20 20 0', '4 4 0'],
]

/** Greenlets, a queue, timers that are due at once, numbers by chance. */
function* mixed(t: { random(): number }): Green<string> {
  const queue = new Queue<string>(1)
  function* send(name: string): Green<void> {
    for (const count of [1, 2]) {
      yield* sleep(count)
      yield* queue.put(`${name}${count}`)
    }
  }
  const senders = [spawn(send, 'a'), spawn(send, 'b')]
  const got: string[] = []
  for (let left = 4; left > 0; left--) {
    got.push(yield* queue.get())
    if (t.random() < 0.5) yield* sleep(0)
  }
  yield* joinall(senders)
  return got.join(' ')
}

async function failureOf(promise: Promise<unknown>): Promise<ScheduleFailure> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleFailure)) throw error
  return error
}

/** The first runs of a fuzz, by their replay strings, and what the body returns in them. */
function runs(seed: number, count: number): string[] {
  const explorer = new Explorer('fuzz', mixed, {}, 'none')
  const portfolio = new Portfolio(seed)
  const first = explorer.first()
  let longest = first.choices.length
  return Array.from({ length: count }, () => {
    const execution = explorer.run(portfolio.draw(longest).policy, 'none')
    longest = Math.max(longest, execution.choices.length)
    const { outcome } = execution
    return `${explorer.traceOf(execution)} ${outcome.kind === 'returned' ? String(outcome.value) : outcome.kind}`
  })
}

describe('the same seed', () => {
  it.each(RUNS)('gives these runs (%s)', (seed, expected) => {
    expect(runs(seed, 3 + expected.length)).toEqual([...NOT_BY_CHANCE, ...expected])
  })

  it('gives one row of traces in a hundred fuzzes', () => {
    const rows = new Set(Array.from({ length: 100 }, () => runs(42, 8).join('\n')))
    expect(rows.size).toBe(1)
  })

  it.each(FUZZED)(
    'finds "%s" in this run, and shrinks it to this (seed %i)',
    async (title, seed, executions, found, shrunk) => {
      const bug = BUGS.find((one) => one.title === title)
      if (bug === undefined) throw new Error(`There is no bug "${title}".`)
      const asFound = await failureOf(fuzz(bug.wrong, { seed, shrink: false }))
      expect([asFound.executions, asFound.trace]).toEqual([executions, found])
      const small = await failureOf(fuzz(bug.wrong, { seed }))
      expect([small.executions, small.trace]).toEqual([executions, shrunk])
      expect(small.kind).toBe(bug.kind)
    },
  )

  it('has seen as much', async () => {
    expect((await fuzz(mixed, { seed: 42, runs: 200, maxMs: 60_000 })).summary).toBe(
      '200 schedules by chance, 183 different, of at most 25 steps (seed 42; order: any).',
    )
  })
})

describe('a replay', () => {
  it('takes the same steps and returns the same', async () => {
    const [line = ''] = runs(42, 5).slice(-1)
    const [text = ''] = line.split(' ')
    const { value, trace } = await replay(mixed, text)
    expect(line).toBe(`${text} ${value}`)
    expect(trace.switches.join(' ')).toBe(
      'main send-3 send-2 send-3 main send-3 send-2 main send-2 send-3 main send-3 send-2 main send-2 main',
    )
  })
})

describe('explore()', () => {
  it.each(EXPLORED)('runs so many of "%s"', async (title, plain, reduced) => {
    const bug = BUGS.find((one) => one.title === title)
    if (bug === undefined) throw new Error(`There is no bug "${title}".`)
    const counts = []
    for (const independence of ['none', 'tracked'] as const) {
      const { executions, schedules, cut } = await explore(bug.right, { independence })
      counts.push([executions, schedules, cut].join(' '))
    }
    expect(counts).toEqual([plain, reduced])
  })
})
