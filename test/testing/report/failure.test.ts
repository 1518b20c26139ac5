/**
 * The errors themselves: what programs and test runners read of them.
 */
import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'
import { GreenloopError } from 'greenloop'
import { explore, ScheduleFailure } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { lostUpdate } from './programs.ts'

checkLeaks()

function failureWith(cause: unknown): ScheduleFailure {
  return new ScheduleFailure('the report', {
    kind: 'error',
    cause,
    trace: 's1:a:25zk57:3f',
    schedule: [],
    executions: 3,
    frames: ['    at walk (walk.ts:7:9)'],
  })
}

describe('ScheduleFailure', () => {
  it('is a GreenloopError with a code, the report as message, and the stack of the failing line', () => {
    const cause = new Error('wrong')
    const failure = failureWith(cause)
    expect(failure).toBeInstanceOf(GreenloopError)
    expect(failure.name).toBe('ScheduleFailure')
    expect(failure.cause).toBe(cause)
    expect(Object.fromEntries(Object.entries(failure))).toEqual({
      code: 'GREENLOOP_SCHEDULE',
      kind: 'error',
      trace: 's1:a:25zk57:3f',
      executions: 3,
    })
    expect(failure.stack).toBe('ScheduleFailure: the report\n    at walk (walk.ts:7:9)')
  })

  it('keeps what an assertion has compared, for vitest and for node:assert', () => {
    const ofNode = failureWith(new AssertionError({ actual: 1, expected: 2, operator: 'strictEqual' }))
    expect(['actual', 'expected', 'operator'].map((name): unknown => Reflect.get(ofNode, name))).toEqual([
      1,
      2,
      'strictEqual',
    ])
    let thrown: unknown
    try {
      expect([1]).toEqual([2])
    } catch (error) {
      thrown = error
    }
    const ofVitest = failureWith(thrown)
    expect(['actual', 'expected'].map((name): unknown => Reflect.get(ofVitest, name))).toEqual([[1], [2]])
    expect('expected' in failureWith(new Error('wrong'))).toBe(false)
  })

  it('hands a test runner what is not in the report, and the cause as a line of text', () => {
    const assertion = new AssertionError({ actual: 1, expected: 2, operator: 'strictEqual', message: 'a\nb' })
    const failure = failureWith(assertion)
    Reflect.set(failure, 'cause', Object.create(null)) // as vitest does before it asks
    expect(failure.toJSON()).toEqual({
      kind: 'error',
      trace: 's1:a:25zk57:3f',
      executions: 3,
      cause: 'AssertionError: a',
      expected: 2,
      actual: 1,
      operator: 'strictEqual',
      ...('diff' in assertion ? { diff: assertion.diff } : {}), // Node has it from 22 on
    })
  })

  it('hands on a cause that has a cause of its own, and one that is no error', () => {
    const cause = new Error('wrong', { cause: 'the reason' })
    expect(failureWith(cause).toJSON()['cause']).toBe(cause)
    expect(failureWith(7).toJSON()['cause']).toBe(7)
  })

  it('tells the schedule step by step', async () => {
    const error = await rejection(explore(lostUpdate, { independence: 'tracked' }))
    if (!(error instanceof ScheduleFailure)) throw error
    expect(error.schedule.map(({ step, name, preempts }) => `${step} ${name}${preempts ? ' !' : ''}`)).toEqual([
      '0 main',
      '1 deposit-3',
      '2 deposit-2 !',
      '3 deposit-2',
      '4 deposit-2',
      '5 deposit-3',
      '6 deposit-3',
      '7 main',
    ])
    expect(error.schedule[1]).toEqual({
      step: 1,
      name: 'deposit-3',
      kind: 'greenlet',
      offered: 2,
      preempts: false,
      atMs: 0,
      suspendedIn: 'sleep(0)',
      ended: null,
      file: `${import.meta.dirname}/programs.ts`,
      line: 13,
      reads: ['account.balance'],
      writes: [],
      marks: [],
    })
    expect(inspect(error).includes('schedule')).toBe(false)
  })
})
