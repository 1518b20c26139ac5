/**
 * p-queue: async functions of which so many at most run at once, in the order of their priorities. It schedules nothing but the beginning of
 * each.
 */
import PQueue from 'p-queue'
import type { Runs } from '../method/runs.ts'

const settled = Promise.resolve()

export const runs: Runs = {
  /** A hundred at once. */
  async spawn(times) {
    const queue = new PQueue({ concurrency: 100 })
    for (let i = 0; i < times; i++) void queue.add(trivial)
    await queue.onIdle()
  },

  async pool(times, _, atOnce) {
    const queue = new PQueue({ concurrency: atOnce })
    const items = Array.from({ length: times }, (_, i) => i)
    await Promise.all(items.map((item) => queue.add(() => giveWay(item))))
  },
}

async function trivial(): Promise<void> {
  // no await
}

async function giveWay(item: number): Promise<number> {
  await settled
  return item
}
