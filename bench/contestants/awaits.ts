/**
 * What one writes without the library, for its own tables: calls of async functions, awaits of what is settled, and a store that is carried.
 *
 * Stands on the contestant that uses promises, for the switch.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Runs } from '../method/runs.ts'
import { runs as promises } from './promises.ts'
import { tellingHeap } from './shared/heap.ts'

const settled = Promise.resolve(1)

export const runs: Runs = {
  async call(times) {
    for (let i = 0, x = 0; i < times; i++) x = await trivial(x)
  },

  settled: awaitSettled,

  'settled, bytes': tellingHeap(awaitSettled),

  /** The switch of the promises, while a store is set. */
  'switch, store'(times, watch, parameter) {
    return new AsyncLocalStorage<number>().run(1, () => promises['switch']?.(times, watch, parameter))
  },
}

async function trivial(x: number): Promise<number> {
  return x + 1
}

async function awaitSettled(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await settled
}
