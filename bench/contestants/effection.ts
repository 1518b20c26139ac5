/**
 * effection 4: structured concurrency with generators, which it delegates to by `yield*` as we do.
 *
 * It has no yield, no bounded queue, no time limits and no pool; what stands in for them is said at each.
 */
import {
  action,
  all,
  createQueue,
  type Operation,
  type Queue,
  run,
  scoped,
  sleep,
  spawn,
  suspend,
  type Task,
  withResolvers,
} from 'effection'
import type { Runs } from '../method/runs.ts'
import { napOf } from './shared/nap.ts'

export const runs: Runs = {
  /** Each resolves the other one's operation, and waits for a new one of its own. */
  async switch(times) {
    let left = withResolvers<number>()
    let right = withResolvers<number>()
    function* first(): Operation<void> {
      for (let i = 0; i < times / 2; i++) {
        left = withResolvers()
        right.resolve(i)
        yield* left.operation
      }
    }
    function* second(): Operation<void> {
      for (let i = 0; i < times / 2; i++) {
        yield* right.operation
        right = withResolvers()
        left.resolve(i)
      }
    }
    await run(() => spawnAndJoin(2, (i) => (i === 0 ? second() : first())))
  },

  async spawn(times) {
    await run(() => spawnAndJoin(times, trivial))
  },

  async yield(times, _, tasks) {
    await run(() => spawnAndJoin(tasks, () => spin(times / tasks)))
  },

  async queue(times) {
    const queue = createQueue<number, never>()
    await run(() => spawnAndJoin(2, (i) => (i === 0 ? consume(queue, times) : produce(queue, times))))
  },

  async sleepers(times) {
    await run(() => spawnAndJoin(times, (i) => sleep(napOf(i))))
  },

  async depth(times, _, depth) {
    await run(() => down(depth, times))
  },

  async kill(times, watch) {
    await run(function* () {
      const tasks = yield* spawnAll(times, suspend)
      yield* sleep(0) // until all of them wait
      watch.start()
      for (const task of tasks) yield* task.halt()
    })
  },

  /** A scope, in which a child throws when the time is over: a third of what `race` takes. */
  async timeout(times) {
    function* late(): Operation<void> {
      yield* sleep(1000)
      throw new Error('late')
    }
    function* limited(): Operation<void> {
      void (yield* spawn(late))
      yield* trivial()
    }
    await run(function* () {
      for (let i = 0; i < times; i++) yield* scoped(limited)
    })
  },

  /** So many tasks that take the next item. */
  async pool(times, _, size) {
    const items = Array.from({ length: times }, (_, i) => i)
    const results = new Array<number>(times)
    const next = items.entries()
    function* worker(): Operation<void> {
      for (const [i, item] of next) {
        yield* giveWay()
        results[i] = item
      }
    }
    await run(() => all(Array.from({ length: size }, worker)))
  },

  async nursery(times, _, size) {
    const group = (): Operation<void> => spawnAndJoin(size, giveWay)
    await run(function* () {
      for (let i = 0; i < times; i += size) yield* scoped(group)
    })
  },
}

/** What stands in for a yield: an action that is resolved at once, whose task then is the last in the line of those as deep as it is. */
function giveWay(): Operation<void> {
  return action((resolve) => {
    resolve()
    return nothing
  })
}

function nothing(): void {
  // there is nothing to undo
}

function* spawnAll(count: number, operationOf: (i: number) => Operation<unknown>): Operation<Task<unknown>[]> {
  const tasks: Task<unknown>[] = []
  for (let i = 0; i < count; i++) tasks.push(yield* spawn(() => operationOf(i)))
  return tasks
}

function* spawnAndJoin(count: number, operationOf: (i: number) => Operation<unknown>): Operation<void> {
  const tasks = yield* spawnAll(count, operationOf)
  for (const task of tasks) yield* task
}

function* trivial(): Operation<void> {
  // it returns at once
}

function* spin(rounds: number): Operation<void> {
  for (let i = 0; i < rounds; i++) yield* giveWay()
}

/** Gives way now and then: at each `add`, the queue moves all that is in it. */
function* produce(queue: Queue<number, never>, items: number): Operation<void> {
  for (let i = 0; i < items; i++) {
    queue.add(i)
    if (i % 64 === 0) yield* giveWay()
  }
}

function* consume(queue: Queue<number, never>, items: number): Operation<number> {
  let sum = 0
  for (let i = 0; i < items; i++) sum += (yield* queue.next()).value
  return sum
}

function* down(level: number, times: number): Operation<void> {
  if (level > 1) return yield* down(level - 1, times)
  for (let i = 0; i < times; i++) yield* giveWay()
}
