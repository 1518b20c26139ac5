/**
 * fast-check's scheduler: an async property is run again and again, and each time the tasks go on in an order that is drawn.
 */
import fc from 'fast-check'
import type { Runs } from '../method/runs.ts'

const TASKS = 3
const STEPS = 4

const step = Promise.resolve()

export const runs: Runs = {
  async schedules(times) {
    await fc.assert(fc.asyncProperty(fc.scheduler(), execute), { numRuns: times, seed: 1 })
  },
}

async function execute(scheduler: fc.Scheduler): Promise<void> {
  const all = Array.from({ length: TASKS }, () => task(scheduler))
  await scheduler.waitIdle()
  await Promise.all(all)
}

async function task(scheduler: fc.Scheduler): Promise<void> {
  for (let i = 0; i < STEPS; i++) await scheduler.schedule(step)
}
