/**
 * Effect 4: a runtime of fibers over effects, which are values. It needs no generators of its user; with `Effect.gen` they read like ours.
 *
 * By what its documentation prefers: `Effect.gen` for what is written in place, `Effect.fnUntraced` for functions. A fiber is forked with
 * `startImmediately` where it may be, which saves it a turn of the scheduler.
 */
import { Deferred, Effect, Fiber, Queue } from 'effect'
import type { Runs } from '../method/runs.ts'
import { napOf } from './shared/nap.ts'

export const runs: Runs = {
  /** Each resolves the other one's Deferred, and awaits a new one of its own. */
  switch(times) {
    let left = Deferred.makeUnsafe<number>()
    let right = Deferred.makeUnsafe<number>()
    const first = Effect.gen(function* () {
      for (let i = 0; i < times / 2; i++) {
        const answer = Deferred.makeUnsafe<number>()
        left = answer
        yield* Deferred.succeed(right, i)
        yield* Deferred.await(answer)
      }
    })
    const second = Effect.gen(function* () {
      for (let i = 0; i < times / 2; i++) {
        yield* Deferred.await(right)
        right = Deferred.makeUnsafe()
        yield* Deferred.succeed(left, i)
      }
    })
    return Effect.runPromise(bothOf(second, first))
  },

  spawn(times) {
    return Effect.runPromise(forkAndJoin(times, () => trivial))
  },

  /** Each ends in the loop that makes it. */
  'spawn, forEach'(times) {
    return Effect.runPromise(Effect.forEach(Array.from({ length: times }), () => trivial, UNBOUNDED))
  },

  yield(times, _, tasks) {
    return Effect.runPromise(forkAndJoin(tasks, () => spin(times / tasks)))
  },

  /** The consumer first: so it is the faster. */
  queue(times, _, size) {
    const whole = Effect.gen(function* () {
      const queue = yield* size === 0 ? Queue.unbounded<number>() : Queue.bounded<number>(size)
      yield* bothOf(consume(queue, times), produce(queue, times))
    })
    return Effect.runPromise(whole)
  },

  sleepers(times) {
    return Effect.runPromise(forkAndJoin(times, (i) => Effect.sleep(napOf(i))))
  },

  /** An effect that is yielded from another one is run on the fiber's own stack. */
  depth(times, _, depth) {
    return Effect.runPromise(down(depth, times))
  },

  kill(times, watch) {
    const whole = Effect.gen(function* () {
      const all = yield* fork(times, () => Effect.never)
      watch.start()
      yield* Fiber.interruptAll(all)
    })
    return Effect.runPromise(whole)
  },

  /** A race with a sleep, which it does not begin when the other side is over by then. */
  timeout(times) {
    const limited = Effect.timeout(trivial, 1000)
    const whole = Effect.gen(function* () {
      for (let i = 0; i < times; i++) yield* limited
    })
    return Effect.runPromise(whole)
  },

  async pool(times, _, size) {
    const items = Array.from({ length: times }, (_, i) => i)
    await Effect.runPromise(Effect.forEach(items, (item) => Effect.as(Effect.yieldNow, item), { concurrency: size }))
  },

  /** What owns children, and ends the others when one fails, is `forEach` itself: a scope with `forkScoped` takes twice as long. */
  nursery(times, _, size) {
    const group = Effect.forEach(Array.from({ length: size }), () => Effect.yieldNow, UNBOUNDED)
    const whole = Effect.gen(function* () {
      for (let i = 0; i < times; i += size) yield* group
    })
    return Effect.runPromise(whole)
  },
}

const UNBOUNDED = { concurrency: 'unbounded', discard: true } as const

const trivial = Effect.sync(() => undefined)

/** So many fibers, all of them begun. */
const fork = Effect.fnUntraced(function* (count: number, effectOf: (i: number) => Effect.Effect<void>) {
  const fibers: Fiber.Fiber<void>[] = []
  for (let i = 0; i < count; i++) fibers.push(yield* Effect.forkChild(effectOf(i), { startImmediately: true }))
  return fibers
})

const forkAndJoin = Effect.fnUntraced(function* (count: number, effectOf: (i: number) => Effect.Effect<void>) {
  yield* Fiber.joinAll(yield* fork(count, effectOf))
})

function bothOf(one: Effect.Effect<unknown>, other: Effect.Effect<unknown>): Effect.Effect<void> {
  return Effect.all([one, other], UNBOUNDED)
}

const spin = Effect.fnUntraced(function* (rounds: number) {
  for (let i = 0; i < rounds; i++) yield* Effect.yieldNow
})

const produce = Effect.fnUntraced(function* (queue: Queue.Enqueue<number>, items: number) {
  for (let i = 0; i < items; i++) yield* Queue.offer(queue, i)
})

const consume = Effect.fnUntraced(function* (queue: Queue.Dequeue<number>, items: number) {
  let sum = 0
  for (let i = 0; i < items; i++) sum += yield* Queue.take(queue)
  return sum
})

const down: (level: number, times: number) => Effect.Effect<void> = Effect.fnUntraced(function* (level, times) {
  if (level > 1) {
    yield* down(level - 1, times)
    return
  }
  for (let i = 0; i < times; i++) yield* Effect.yieldNow
})
