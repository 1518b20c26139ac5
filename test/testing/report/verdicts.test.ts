/**
 * What is said of tests that cannot be judged, and of labels that no schedule reaches.
 */
import { GreenloopError } from 'greenloop'
import { StaleSchedule, UncontrolledNondeterminism, Unreached, UntrackedState } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import {
  differenceOf,
  nondeterminism,
  otherEnd,
  otherOrder,
  otherProgram,
  otherStep,
  stale,
  unreached,
  untracked,
} from '../../../src/testing/report/verdicts.ts'
import { HandMade } from './hand-made.ts'

describe('nondeterminism()', () => {
  it('says what differed at which step, what usually causes it, and the right line', () => {
    const error = nondeterminism('explore', { step: 14, expected: 'g2@sleep(10)', saw: 'g1@queue.get()' })
    expect(error).toBeInstanceOf(UncontrolledNondeterminism)
    expect(error).toBeInstanceOf(GreenloopError)
    expect(error.code).toBe('GREENLOOP_NONDETERMINISM')
    expect(error.message).toBe(
      `Uncontrolled nondeterminism at step 14: expected g2@sleep(10), saw g1@queue.get().
The first schedule was run twice, and the second time it went another way: something besides the schedule decides what the body does.

Usually it is one of these:
  - what one run leaves behind for the next: a variable of the module, a cache, a counter
  - Date, performance, Math.random, crypto: t.now() and t.random() are the same in every run
  - a file, an environment variable, a listener that is called by Node

  const seen = new Map(); await explore(function* (t) { ... })   // incorrect: the second run finds what the first has put in
  await explore(function* (t) { const seen = new Map(); ... })   // correct: each run makes its own`,
    )
  })
})

describe('differenceOf()', () => {
  function schedule(...calls: readonly string[]): HandMade {
    const made = new HandMade()
    const [one, other] = [made.greenlet('g1'), made.greenlet('g2')]
    for (const call of calls) {
      if (call === 'returns') made.step(one, { ended: 'returned' })
      else if (call === 'fails') made.step(one, { ended: 'failed' })
      else if (call === 'links') made.step(one)
      else if (call.startsWith('or ')) made.step(one, { in: call.slice(3), offered: [other] })
      else made.step(one, { in: call })
    }
    return made
  }

  it('finds nothing in the same schedule', () => {
    const calls = ['sleep(1)', 'or queue.get()', 'returns', 'links']
    expect(differenceOf(schedule(...calls), schedule(...calls))).toBe(null)
  })

  it('finds the first step that differs, by who took it and where it suspended', () => {
    expect(differenceOf(schedule('sleep(1)', 'sleep(2)'), schedule('sleep(1)', 'queue.get()'))).toEqual({
      step: 1,
      expected: 'g1@sleep(2)',
      saw: 'g1@queue.get()',
    })
    expect(differenceOf(schedule('returns'), schedule('fails'))).toEqual({
      step: 0,
      expected: 'g1, which returns',
      saw: 'g1, which fails',
    })
    expect(differenceOf(schedule('links'), schedule())).toEqual({ step: 0, expected: 'g1', saw: 'the end' })
  })

  it('finds a difference in who could have gone on', () => {
    expect(differenceOf(schedule('sleep(1)'), schedule('or sleep(1)'))).toEqual({
      step: 0,
      expected: 'g1@sleep(1) of [g1]',
      saw: 'g1@sleep(1) of [g1, g2]',
    })
  })
})

describe('untracked()', () => {
  it('tells both outcomes, the right line, and how to see the two orders', () => {
    const error = untracked(
      { outcome: { kind: 'returned', value: 2 }, trace: 's1:a:25zk57:3f' },
      {
        outcome: { kind: 'failed', why: 'error', error: new Error('balance: 1\nand more'), greenlet: 'main' },
        trace: 's1:a:25zk57:10100035',
      },
      { step: -1, what: 'the outcome' },
    )
    expect(error).toBeInstanceOf(UntrackedState)
    expect(error.code).toBe('GREENLOOP_UNTRACKED')
    expect(error.message).toBe(
      `Two orders of independent steps gave different outcomes: returned 2 (number), and failed with Error: balance: 1.
With independence: 'tracked', steps that touch no common object may change places. So the greenlets share something that is not tracked.

  const account = { balance: 0 }             // incorrect: nobody sees who reads and who writes it
  const account = t.shared({ balance: 0 })   // correct

Variables cannot be tracked: put them into such an object, or explore with independence: 'none', which is exact and slower.

The two orders:
  await replay(body, 's1:a:25zk57:3f')         // returned 2 (number)
  await replay(body, 's1:a:25zk57:10100035')   // failed with Error: balance: 1`,
    )
  })

  it('tells where the two went different ways', () => {
    const outcome = { kind: 'returned', value: undefined } as const
    const error = untracked(
      { outcome, trace: 's1:a:25zk57:3f' },
      { outcome, trace: 's1:a:25zk57:10100035' },
      { step: 4, what: 'who can go on' },
    )
    expect(error.message.split('\n', 1)).toEqual([
      'Two orders of independent steps went two ways: at step 4 of the second, who can go on is different.',
    ])
  })

  it('has no frames of the library', () => {
    const outcome = { kind: 'returned', value: undefined } as const
    const told = { outcome, trace: 's1:a:25zk57:3f' }
    const frames = untracked(told, told, { step: 1, what: 'what is touched' }).stack?.match(/^ +at .*$/gmu) ?? []
    expect(frames.length).toBeGreaterThan(0)
    expect(frames.filter((frame) => frame.includes('/src/'))).toEqual([])
  })
})

describe('stale()', () => {
  it('says what is different', () => {
    const error = stale('s1:a:25zk57:3f', otherStep({ step: 7, offered: 2, recorded: 3 }), false)
    expect(error).toBeInstanceOf(StaleSchedule)
    expect(error.code).toBe('GREENLOOP_STALE_SCHEDULE')
    expect(error.message).toBe(
      `'s1:a:25zk57:3f' was recorded for another version of the test: step 7 offered 2 choices, was 3.
When the test has changed, explore it again: a schedule that still fails is reported with a new string.`,
    )
  })

  it('says that a string in the environment may belong to another test', () => {
    expect(stale('s1:a:25zk57:3f', otherProgram('aaaaaa', '25zk57'), true).message).toBe(
      `'s1:a:25zk57:3f' was recorded for another version of the test: its greenlets and calls are others (aaaaaa, was 25zk57).
GREENLOOP_REPLAY is set, and each explore() and fuzz() takes it, so it may belong to another test than this one. Run that one alone:
  GREENLOOP_REPLAY='s1:a:25zk57:3f' npx vitest run -t 'name of the test'
When the test has changed, explore it again: a schedule that still fails is reported with a new string.`,
    )
  })

  it('has a word for each difference', () => {
    expect([otherStep({ step: 7, offered: 1, recorded: 3 }), otherEnd(5, 1200), otherOrder('any', 'external')]).toEqual(
      ['step 7 offered 1 choice, was 3', 'it ended after 5 steps, was 1,200', `the order is 'any', was 'external'`],
    )
  })
})

describe('unreached()', () => {
  it('says that no schedule reaches it when all were explored', () => {
    const error = unreached(['refunded twice'], { executions: 1234, complete: true, bound: 'none' })
    expect(error).toBeInstanceOf(Unreached)
    expect(error.code).toBe('GREENLOOP_UNREACHED')
    expect(error.labels).toEqual(['refunded twice'])
    expect(error.message).toBe(
      't.reachable("refunded twice") holds in no schedule: all were explored (1,234 executions).',
    )
  })

  it('claims no more than what was run when a bound was met, and names it', () => {
    const seen = { executions: 50, complete: false }
    const head =
      't.reachable("a") holds in none of the schedules that were run (50 executions), but these are not all: '
    const texts = (['preemptions', 'executions', 'time', 'spins', 'none'] as const).map(
      (bound) => unreached(['a'], { ...seen, bound }).message,
    )
    expect(texts).toEqual([
      `${head}those with more preemptions were left out.`,
      `${head}maxExecutions was reached.`,
      `${head}maxMs was over.`,
      `${head}those in which somebody gives way again and again were cut short.`,
      `${head}fuzz() takes a sample.`,
    ])
  })

  it('lists several', () => {
    expect(unreached(['a', 'b'], { executions: 1, complete: true, bound: 'none' }).message).toBe(
      '2 labels of t.reachable() hold in no schedule: all were explored (1 execution).\n\n  a\n  b',
    )
  })
})
