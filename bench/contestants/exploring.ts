/**
 * The library's own way through schedules, `greenloop/testing`: three tasks with four steps each. An execution has a thirteenth, the one
 * that spawns.
 */
import { type Green, sleep, spawn } from 'greenloop'
import { explore, fuzz, type ScheduleContext } from 'greenloop/testing'
import type { Runs } from '../method/runs.ts'

const TASKS = 3
const NAPS = 3

export const runs: Runs = {
  /** There are 34,650. */
  async explore(times) {
    return (await explore(tasks, { maxMs: Infinity, maxExecutions: times })).executions
  },

  /** Those that differ in what matters: 7,134. */
  async 'explore, tracked'(times) {
    return (await explore(deposits, { independence: 'tracked', maxMs: Infinity, maxExecutions: times })).executions
  },

  async fuzz(times) {
    return (await fuzz(tasks, { runs: times, seed: 1, maxMs: Infinity })).runs
  },
}

/** Nobody waits for them: a step for that would not be one of the twelve. */
function tasks(): void {
  for (let n = 0; n < TASKS; n++) spawn(task)
}

function* task(): Green<void> {
  for (let nap = 0; nap < NAPS; nap++) yield* sleep(0)
}

/** They read a value and write it back, twice each: every step of each is dependent on those of the others. */
function deposits(t: ScheduleContext): void {
  const account = t.shared({ balance: 0 })
  for (let n = 0; n < TASKS; n++) spawn(deposit, account)
}

function* deposit(account: { balance: number }): Green<void> {
  for (let round = 0; round < 2; round++) {
    const before = account.balance
    yield* sleep(0)
    account.balance = before + 1
    yield* sleep(0)
  }
}
