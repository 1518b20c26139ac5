/**
 * All schedules of a small program, in both ways of exploring, and what they come to.
 */
import { type Driven, type Green, type Greenlet, getHub, sleep, spawn } from 'greenloop'
import { explore, type ScheduleContext } from 'greenloop/testing'
import { expect } from 'vitest'

/** Of a program with more schedules than these only those are run that cannot be taken for each other. */
const MOST = 600

/**
 * Explores all schedules of `body`, which must all pass, and answers what they return: each outcome once, as a text, in order.
 *
 * Reduced exploration must reach the same outcomes as the plain one, where that is feasible. Nothing may be left in the hub.
 */
export async function outcomes(body: (t: ScheduleContext) => Driven<unknown>): Promise<string[]> {
  const reduced = await explored(body, 'tracked')
  expect(reduced).toMatchObject({ complete: true, bound: 'none' })
  expect(reduced.schedules).toBeGreaterThan(1)
  const plain = await explored(body, 'none', MOST)
  if (plain.complete) expect(plain.outcomes).toEqual(reduced.outcomes)
  else expect(plain.bound).toBe('executions')
  return reduced.outcomes
}

async function explored(
  body: (t: ScheduleContext) => Driven<unknown>,
  independence: 'none' | 'tracked',
  maxExecutions = 50_000,
) {
  const seen = new Set<string>()
  const result = await explore(
    function* (t): Green<void> {
      const outcome = yield* driven(body(t))
      const { count } = getHub().timers
      if (count > 0) throw new Error(`${count} timers are left`)
      seen.add(typeof outcome === 'string' ? outcome : JSON.stringify(outcome ?? null))
    },
    { independence, maxExecutions, maxMs: 60_000 },
  )
  return { ...result, outcomes: [...seen].sort() }
}

function* driven(value: unknown): Green<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value ? yield* value as Green<unknown> : value
}

/** Spawns somebody who kills `victim`, some time; not before `ms` milliseconds have passed, if that is given. */
export function killer(victim: Greenlet | undefined, ms?: number): void {
  spawn(function* (): Green<void> {
    if (ms !== undefined) yield* sleep(ms)
    victim?.kill()
  })
}

/**
 * Waits until all others have gone as far as they can: the time goes on only then. A join would do, but asks in which order they end, which is
 * many more schedules.
 *
 * @throws when one of `greenlets` has not ended.
 */
export function* ended(...greenlets: readonly Greenlet[]): Green<void> {
  yield* sleep(100)
  const living = greenlets.filter(({ dead }) => !dead)
  if (living.length > 0) throw new Error(`left: ${living.map(({ name }) => name).join()}`)
}
