/**
 * The door of `greenloop/testing/vitest`: vitest's own `it` and `expect`, and what is ours beside it.
 *
 * `it` is not vitest's object but one in front of it: what is not found on ours is found there, so all that vitest has stays, and vitest's
 * own is as it was. `expect` is vitest's own, extended by its own means.
 *
 * Stands on vitest, which only this file loads. Leaves everything to `it.ts` and the matchers.
 */
import { expect, type TestAPI, type TestOptions, it as vitestIt } from 'vitest'
import { toHaveHappenedBefore, toInterleave, toSwitchExactly } from '../storyboard/matchers.ts'
import { type GreenIt, greenIt } from './it.ts'

/** What is kept of a test for reporters, in `task.meta.greenloop`. */
export interface GreenloopMeta {
  /** What was explored, in a sentence. */
  readonly summary?: string
  /** The replay string of the schedule that fails. */
  readonly trace?: string
}

declare module 'vitest' {
  interface TaskMeta {
    /** What a test of `it.explore` or `it.fuzz` has seen. */
    greenloop?: GreenloopMeta
  }
  interface Matchers<T> {
    /** Whether the greenlets of a trace have run in exactly this order, `main` first. */
    toSwitchExactly(names: readonly string[]): T
    /** Whether the moment that `t.mark` has marked `a` comes before that of `b`, in this and all equivalent schedules. */
    toHaveHappenedBefore(a: string, b: string): T
    /** Whether one of the two greenlets ran, then the other, then the first again. */
    toInterleave(a: string, b: string): T
  }
}

/** The options of vitest that a test can be given among ours; it runs alone in any case. */
export type VitestOptions = Omit<TestOptions, 'concurrent' | 'sequential'>

/** vitest's `it`, with `green`, `explore` and `fuzz`. */
export type It = TestAPI & GreenIt<TestAPI, VitestOptions>

expect.extend({ toHaveHappenedBefore, toInterleave, toSwitchExactly })

/**
 * vitest's `it`, with three ways to define a test whose body is a greenlet: `it.green` runs it once, on a virtual clock; `it.explore` under
 * every schedule; `it.fuzz` under many, by chance. Each has `only` and `skip`.
 *
 * Such tests never run side by side, whatever the suite says: there is one kernel. For an `it` of `it.extend` there is {@link greenIt}.
 *
 * ```typescript
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { expect, it } from 'greenloop/testing/vitest'
 *
 * it.explore('deposits add up', function* (t) {
 *   const account = t.shared({ balance: 0 })
 *   function* deposit() {
 *     yield* sleep(10)
 *     account.balance += 1
 *   }
 *   yield* joinall([spawn(deposit), spawn(deposit)])
 *   expect(account.balance).toBe(2)
 * })
 * ```
 */
export const it: It = inFrontOf(vitestIt, greenIt<TestAPI, VitestOptions>(vitestIt))

export { expect, it as test }

/** A function that does what `own` does, and has what `more` has before what `own` has. */
function inFrontOf<F extends object, M extends object>(own: F, more: M): F & M {
  const front = (...args: unknown[]): unknown => (own as unknown as (...args: unknown[]) => unknown)(...args) // TestAPI has many forms
  return Object.assign(Object.setPrototypeOf(front, own) as F, more) // what it is not itself it inherits
}
