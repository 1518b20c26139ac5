/**
 * Schedules of three tasks with four steps each are run, by one of the ways below: `node run.ts name times`. Prints the nanoseconds for each
 * execution, which has thirteen steps: the twelve, and the one that spawns. Tracked: the tasks read and write one value, twice each.
 */
import fc from 'fast-check'
import { sleep, spawn } from 'greenloop'
import { explore, fuzz, type ScheduleContext } from 'greenloop/testing'

const TASKS = 3
const NAPS = 3

function* task() {
  for (let nap = 0; nap < NAPS; nap++) yield* sleep(0)
}

/** Nobody waits for them: a step for that would not be one of the twelve. */
function tasks(): void {
  for (let n = 0; n < TASKS; n++) spawn(task)
}

/** Three tasks that read a value and write it back, twice each: all four steps of each are dependent on those of the others. */
function* deposits(t: ScheduleContext) {
  const account = t.shared({ balance: 0 })
  function* deposit() {
    for (let round = 0; round < 2; round++) {
      const before = account.balance
      yield* sleep(0)
      account.balance = before + 1
      yield* sleep(0)
    }
  }
  for (let n = 0; n < TASKS; n++) spawn(deposit)
}

/** By name. Gives how many executions there were. */
const WAYS: Readonly<Record<string, (times: number) => Promise<number>>> = {
  'explore, all 34,650': async () => (await explore(tasks, { maxMs: Infinity })).executions,
  'explore, tracked': async () =>
    (await explore(deposits, { independence: 'tracked', maxMs: Infinity, maxExecutions: Infinity })).executions,
  'fuzz, random walks and PCT': async (times) => (await fuzz(tasks, { runs: times, seed: 1, maxMs: Infinity })).runs,
  'fast-check, scheduler': async (times) => {
    const step = Promise.resolve()
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const one = async () => {
          for (let nap = 0; nap <= NAPS; nap++) await scheduler.schedule(step)
        }
        const all = Array.from({ length: TASKS }, one)
        await scheduler.waitIdle()
        await Promise.all(all)
      }),
      { numRuns: times, seed: 1 },
    )
    return times
  },
}

const [, , name = '', times] = process.argv
const way = WAYS[name]
if (way === undefined) throw new Error(`There is no way "${name}"; there are ${Object.keys(WAYS).join(', ')}.`)
await way(Number(times) / 10) // the warm-up
const began = performance.now()
const executions = await way(Number(times))
console.log(((performance.now() - began) / executions) * 1e6)
