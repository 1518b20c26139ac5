// Hundreds of greenlets are killed at random points of what they do with child processes; afterwards nothing is left.
import { expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

const SEED = process.env['GREENLOOP_SEED'] ?? '7'

it('540 greenlets that are killed in the middle of child processes leave no process, zombie, descriptor or listener', {
  timeout: 40_000,
}, async () => {
  const { stdout, stderr } = await runProgram('../../stories/programs/children-killed.ts', {
    args: [SEED],
    longestMs: 38_000,
  })
  expect(stderr).toBe('')
  const { killedIn, started, before, after, ...left } = JSON.parse(stdout) as {
    killedIn: Record<string, number>
    started: number
    before: object
    after: object
  }
  console.log(`540 greenlets with ${String(started)} children were killed in`, killedIn)
  expect(left).toEqual({ ends: 540, failed: [], left: [], outstanding: 0, timers: 0, unhandled: [], reports: [] })
  expect(after).toEqual(before)
  expect(before).toMatchObject({ children: 0, marked: 0 })
  expect(started).toBeGreaterThan(500)
  for (const place of ['communicate', 'wait', 'read', 'write', 'ready']) expect(killedIn[place]).toBeGreaterThan(0)
})
