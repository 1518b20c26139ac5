/**
 * The library itself, by what a user would write.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Green,
  Greenlet,
  green,
  joinall,
  type Nursery,
  nursery,
  Pool,
  Queue,
  RawGreenlet,
  run,
  sleep,
  spawn,
  Timeout,
  Waiter,
  withTimeout,
} from 'greenloop'
import type { Run, Runs } from '../method/runs.ts'
import { napOf } from './shared/nap.ts'

export const runs: Runs = {
  switch: switching((body) => new RawGreenlet(body)),
  'switch, scheduled': switching((body) => new Greenlet(body)),
  'switch, scheduled, store': (times, watch, parameter) =>
    new AsyncLocalStorage<number>().run(1, () => switching((body) => new Greenlet(body))(times, watch, parameter)),

  async spawn(times) {
    const all = new Array<Greenlet<void>>(times)
    for (let i = 0; i < times; i++) all[i] = spawn(trivial)
    await joinall(all)
  },

  async yield(times, _, tasks) {
    await joinall(Array.from({ length: tasks }, () => spawn(spin, times / tasks)))
  },

  async queue(times, _, size) {
    const queue = new Queue<number>(size === 0 ? null : size)
    await joinall([spawn(produce, queue, times), spawn(consume, queue, times)])
  },

  async sleepers(times) {
    await joinall(Array.from({ length: times }, (_, i) => spawn(nap, napOf(i))))
  },

  /** One that gives way, so many green calls deep. */
  async depth(times, _, depth) {
    await run(() => down(depth, times))
  },

  /** Two, both so many green calls deep, that switch to each other. */
  'depth, switch'(times, _, depth) {
    const a: RawGreenlet = new RawGreenlet(() => downAndSwitch(depth, () => b, Infinity))
    const b: RawGreenlet = new RawGreenlet(() => downAndSwitch(depth, () => a, times / 2))
    if (!a.switch().done) throw new Error('control did not come back to main')
  },

  /** The same as `depth` through plain `yield*`, which each resume goes through level by level. */
  async 'depth, plain'(times, _, depth) {
    await run(() => downPlain(depth, times))
  },

  /** They wait for what never comes. */
  async kill(times, watch) {
    const all: Greenlet<void>[] = []
    for (let i = 0; i < times; i++) all.push(spawn(wait))
    await sleep(0)
    watch.start()
    for (const greenlet of all) greenlet.kill()
    await joinall(all)
  },

  async 'kill, never ran'(times, watch) {
    const all: Greenlet<void>[] = []
    for (let i = 0; i < times; i++) all.push(spawn(wait))
    watch.start()
    for (const greenlet of all) greenlet.kill()
    await joinall(all)
  },

  async timeout(times) {
    await run(function* () {
      for (let i = 0; i < times; i++) new Timeout(1000).start().cancel()
      yield* sleep(0)
    })
  },

  async 'timeout, block'(times) {
    await run(function* () {
      for (let i = 0; i < times; i++) yield* withTimeout(1000, trivial)
    })
  },

  async pool(times, _, atOnce) {
    const items = Array.from({ length: times }, (_, i) => i)
    await new Pool(atOnce).map(giveWay, items)
  },

  async nursery(times, _, tasks) {
    const group = (n: Nursery): void => {
      for (let i = 0; i < tasks; i++) n.spawn(spin, 1)
    }
    await run(function* () {
      for (let i = 0; i < times / tasks; i++) yield* nursery(group)
    })
  },
}

/** On the class that is asked for. The second one's end brings control back to main. */
function switching(make: (body: () => Green<void>) => RawGreenlet): Run {
  return (times) => {
    const a = make(function* () {
      for (;;) yield* b.switch(1)
    })
    const b = make(function* () {
      for (let i = 0; i < times / 2; i++) yield* a.switch(2)
    })
    if (!a.switch().done) throw new Error('control did not come back to main')
  }
}

function* trivial(): Green<void> {
  // it returns at once
}

function* spin(rounds: number): Green<void> {
  for (let i = 0; i < rounds; i++) yield* sleep(0)
}

function* produce(queue: Queue<number>, items: number): Green<void> {
  for (let i = 0; i < items; i++) yield* queue.put(i)
}

function* consume(queue: Queue<number>, items: number): Green<number> {
  let sum = 0
  for (let i = 0; i < items; i++) sum += yield* queue.get()
  return sum
}

function* nap(ms: number): Green<void> {
  yield* sleep(ms)
}

const down = green(function* down(level: number, times: number): Green<void> {
  if (level > 1) return yield* down(level - 1, times)
  for (let i = 0; i < times; i++) yield* sleep(0)
})

const downAndSwitch = green(function* downAndSwitch(
  level: number,
  other: () => RawGreenlet,
  times: number,
): Green<void> {
  if (level > 1) return yield* downAndSwitch(level - 1, other, times)
  for (let i = 0; i < times; i++) yield* other().switch()
})

function* downPlain(level: number, times: number): Green<void> {
  if (level > 1) return yield* downPlain(level - 1, times)
  for (let i = 0; i < times; i++) yield* sleep(0)
}

function* giveWay(item: number): Green<number> {
  yield* sleep(0)
  return item
}

function* wait(): Green<void> {
  yield* new Waiter<void>().get()
}
