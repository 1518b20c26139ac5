// The types of tests with green bodies: what vitest's `it` and `expect` have more, what `greenIt` gives for other runners.
import { test as nodeTest } from 'node:test'
import { sleep } from 'greenloop'
import { greenIt, type ScheduleContext, type Trace } from 'greenloop/testing'
import { type GreenloopMeta, it, test } from 'greenloop/testing/vitest'
import { describe, expect, expectTypeOf, type TaskMeta, type TestAPI, it as vitestIt } from 'vitest'

/** The types are looked at, and nothing runs. */
declare function looked(body: () => unknown): void
declare const trace: Trace
declare const extended: TestAPI<{ price: number }>
/** Under a name that vitest does not take for tests. */
const ours = it

describe('the types of', () => {
  vitestIt('it of greenloop/testing/vitest are those of vitest’s, and ours', () => {
    expectTypeOf(it).toExtend<typeof vitestIt>()
    expectTypeOf(test).toEqualTypeOf(it)
    looked(() => {
      ours.green('a test', function* (t) {
        expectTypeOf(t).toEqualTypeOf<ScheduleContext>()
        yield* sleep(10)
      })
      ours.green('a plain function', () => 5)
      ours.green('a test', { realIO: 'forbid', timeout: 1000, retry: 2 }, function* () {
        yield* sleep(10)
      })
      ours.explore.only('a test', { independence: 'tracked', complete: false }, function* (t) {
        expectTypeOf(t.shared({ balance: 0 })).toEqualTypeOf<{ balance: number }>()
        yield* sleep(10)
      })
      ours.fuzz.skip('a test', { runs: 5, seed: 42, maxMs: 100 }, () => sleep(10))
      // @ts-expect-error -- no such option of virtual()
      ours.green('a test', { preemptions: 2 }, () => sleep(10))
      // @ts-expect-error -- the runner gives the name
      ours.explore('a test', { name: 'a test' }, () => sleep(10))
      // @ts-expect-error -- it runs alone
      ours.explore('a test', { concurrent: true }, () => sleep(10))
      // @ts-expect-error -- options come before the body
      ours.green('a test', () => sleep(10), { realIO: 'forbid' })
      // @ts-expect-error -- there is no body
      ours.green('a test')
    })
  })

  vitestIt('matchers are those of expect', () => {
    looked(() => {
      expect(trace).toSwitchExactly(['main', 'f1'])
      expect(trace).not.toHaveHappenedBefore('a', 'b')
      expect(trace).toInterleave('f1', 'f2')
      // @ts-expect-error -- it takes a list
      expect(trace).toSwitchExactly('main')
    })
  })

  vitestIt('meta has ours', () => {
    expectTypeOf<TaskMeta['greenloop']>().toEqualTypeOf<GreenloopMeta | undefined>()
  })

  vitestIt('greenIt() follow from those of the runner', () => {
    looked(() => {
      const { green, explore } = greenIt(nodeTest)
      green('a test', { timeout: 100 }, () => sleep(10))
      explore.only('a test', function* (t) {
        expectTypeOf(t).toEqualTypeOf<ScheduleContext>()
        yield* sleep(10)
      })
      const plain = greenIt((name: string, fn: () => Promise<void>) => fn().then(() => name))
      // @ts-expect-error -- the runner has no such variant
      plain.green.only
      greenIt(extended).fuzz('a test', () => sleep(10))
      // @ts-expect-error -- that is no runner
      greenIt({})
    })
  })
})
