/**
 * co: generators that yield promises, each driven by a promise of its own. It schedules nothing.
 */
import co from 'co'
import type { Runs } from '../method/runs.ts'
import { Box } from './shared/box.ts'
import { napOf } from './shared/nap.ts'

/** Yields promises, or generators, which it drives in turn. */
type Steps = Generator<unknown, void>

const settled = Promise.resolve()

export const runs: Runs = {
  /** They hand a promise's resolution to each other. */
  async switch(times) {
    const [left, right] = [new Box(), new Box()]
    await Promise.all([co(second, left, right, times / 2), co(first, left, right, times / 2)])
  },

  async spawn(times) {
    await all(times, () => co(trivial))
  },

  /** Sockets and timers have to wait until all of them are over. */
  async yield(times, _, tasks) {
    await all(tasks, () => co(hop, times / tasks))
  },

  async sleepers(times) {
    await all(times, (i) => co(nap, napOf(i)))
  },

  async depth(times, _, depth) {
    await co(down, depth, times)
  },
}

async function all(count: number, task: (i: number) => Promise<void>): Promise<void> {
  const promises: Promise<void>[] = []
  for (let i = 0; i < count; i++) promises.push(task(i))
  await Promise.all(promises)
}

function* first(left: Box, right: Box, times: number): Steps {
  for (let i = 0; i < times; i++) {
    const answer = left.get()
    right.put(i)
    yield answer
  }
}

function* second(left: Box, right: Box, times: number): Steps {
  let next = right.get()
  for (let i = 0; i < times; i++) {
    yield next
    next = right.get()
    left.put(i)
  }
}

function* trivial(): Steps {
  // it returns at once
}

function* hop(rounds: number): Steps {
  for (let i = 0; i < rounds; i++) yield settled
}

function* nap(ms: number): Steps {
  yield new Promise((resolve) => setTimeout(resolve, ms))
}

/** A generator that is yielded gets a promise of its own; a resume does not go through it, as it does through `yield*`. */
function* down(level: number, times: number): Steps {
  if (level > 1) yield down(level - 1, times)
  else for (let i = 0; i < times; i++) yield settled
}
