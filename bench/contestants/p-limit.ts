/**
 * p-limit: async functions of which so many at most run at once. It schedules nothing but the beginning of each.
 */
import pLimit from 'p-limit'
import type { Runs } from '../method/runs.ts'

const settled = Promise.resolve()

export const runs: Runs = {
  /** A hundred at once. */
  async spawn(times) {
    const limit = pLimit(100)
    const promises: Promise<void>[] = []
    for (let i = 0; i < times; i++) promises.push(limit(trivial))
    await Promise.all(promises)
  },

  async pool(times, _, atOnce) {
    const items = Array.from({ length: times }, (_, i) => i)
    await pLimit(atOnce).map(items, giveWay)
  },
}

async function trivial(): Promise<void> {
  // no await
}

async function giveWay(item: number): Promise<number> {
  await settled
  return item
}
