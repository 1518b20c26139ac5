// What the compiler infers of the tools for schedules, and what it refuses. Compiled, never run.
import { type Operation, sleep } from 'greenloop'
import {
  type MatcherResult,
  type Recorder,
  recorder,
  type ScheduleContext,
  Sequencer,
  type Trace,
  toSwitchExactly,
  virtual,
  waitAllBlocked,
} from 'greenloop/testing'
import { describe, expectTypeOf, it } from 'vitest'

declare const t: ScheduleContext

describe('t.shared()', () => {
  it('keeps the type', () => {
    expectTypeOf(t.shared({ balance: 1 })).toEqualTypeOf<{ balance: number }>()
    expectTypeOf(t.shared([1, 2], 'items')).toEqualTypeOf<number[]>()
    expectTypeOf(t.shared(new Map<string, { n: number }>())).toEqualTypeOf<Map<string, { n: number }>>()
    class Account {
      #balance = 1
      get balance(): number {
        return this.#balance
      }
    }
    expectTypeOf(t.shared(new Account())).toEqualTypeOf<Account>()
  })

  it('takes objects only', () => {
    // @ts-expect-error a number has no properties that could be seen
    t.shared(5)
    // @ts-expect-error nor has a text
    t.shared('text')
  })
})

describe('virtual()', () => {
  it('gives what the body returns, and its trace', async () => {
    const result = await virtual(function* () {
      yield* sleep(1)
      return 'value'
    })
    expectTypeOf(result.value).toEqualTypeOf<string>()
    expectTypeOf(result.trace).toEqualTypeOf<Trace>()
    expectTypeOf(result.trace.switches).toEqualTypeOf<readonly string[]>()
    expectTypeOf(result.trace.happenedBefore('a', 'b')).toEqualTypeOf<boolean>()
  })
})

describe('the storyboard', () => {
  it('records texts', () => {
    const rec = recorder()
    expectTypeOf(rec).toEqualTypeOf<Recorder>()
    expectTypeOf(rec.entries).toEqualTypeOf<readonly string[]>()
    // @ts-expect-error not a number
    rec(5)
  })

  it('waits', () => {
    expectTypeOf(waitAllBlocked()).toEqualTypeOf<Operation<void>>()
    expectTypeOf(new Sequencer().turn(0)).toEqualTypeOf<Operation<void>>()
    // @ts-expect-error turns have numbers
    new Sequencer().turn('first')
  })

  it('matches', () => {
    expectTypeOf(toSwitchExactly(t.trace, ['main'])).toEqualTypeOf<MatcherResult>()
  })
})
