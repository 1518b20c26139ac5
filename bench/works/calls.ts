/**
 * What a call costs that could wait: when it does not, when its value is ready, and when it does, many calls deep.
 */
import { type Green, green, RawGreenlet, run, sleep, Waiter } from 'greenloop'
import type { Work } from '../work.ts'

function* trivial(x: number): Green<number> {
  return x + 1
}
const trivialGreen = green(function* trivialGreen(x: number): Green<number> {
  return x + 1
})
async function trivialAsync(x: number): Promise<number> {
  return x + 1
}

/** Runs a body in a greenlet, synchronously as far as it goes. */
function inGreenlet(body: (times: number) => Green<unknown>): (times: number) => Promise<void> {
  return async (times) => {
    await run(() => body(times))
  }
}

const times = 3_000_000

export const CALLS: Record<string, Work> = {
  'async/await': {
    times,
    async run(calls) {
      for (let i = 0, x = 0; i < calls; i++) x = await trivialAsync(x)
    },
  },
  plain: {
    times,
    run: inGreenlet(function* (calls) {
      for (let i = 0, x = 0; i < calls; i++) x = yield* trivial(x)
    }),
  },
  green: {
    times,
    run: inGreenlet(function* (calls) {
      for (let i = 0, x = 0; i < calls; i++) x = yield* trivialGreen(x)
    }),
  },
}

const waiter = new Waiter<number>()
waiter.switch(1)
const readyGets = inGreenlet(function* (operations) {
  let sum = 0
  for (let i = 0; i < operations; i++) sum += yield* waiter.get()
  return sum
})

/** Bytes that the heap grows by per time, with a young generation so large that nothing is collected meanwhile. */
async function bytes(work: (times: number) => void | Promise<void>, count: number): Promise<number> {
  await work(count)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await work(count)
  return (process.memoryUsage().heapUsed - before) / count
}
const flags = ['--max-semi-space-size=512', '--min-semi-space-size=512']
const settled = Promise.resolve(1)
const awaitSettled = async (operations: number): Promise<void> => {
  for (let i = 0; i < operations; i++) await settled
}

export const READY: Record<string, Work> = {
  'async/await': { times, run: awaitSettled },
  'yield* waiter.get(), ready': { times, run: readyGets },
  'bytes: async/await': { times: 1_000_000, run: awaitSettled, measure: (count) => bytes(awaitSettled, count), flags },
  'bytes: yield* waiter.get(), ready': {
    times: 1_000_000,
    run: readyGets,
    measure: (count) => bytes(readyGets, count),
    flags,
  },
}

const greenDepth = green(function* greenDepth(depth: number, resumes: number): Green<void> {
  if (depth > 1) return yield* greenDepth(depth - 1, resumes)
  for (let i = 0; i < resumes; i++) yield* sleep(0)
})
function* plainDepth(depth: number, resumes: number): Green<void> {
  if (depth > 1) return yield* plainDepth(depth - 1, resumes)
  for (let i = 0; i < resumes; i++) yield* sleep(0)
}
async function asyncDepth(depth: number, resumes: number): Promise<void> {
  if (depth > 1) {
    await asyncDepth(depth - 1, resumes)
    return
  }
  for (let i = 0; i < resumes; i++) await HOP
}

/** Settled: awaiting it is one hop, as `await null` is. */
const HOP = Promise.resolve()

function deep(name: string, at: (depth: number) => (resumes: number) => Promise<void>): Record<string, Work> {
  const works: Record<string, Work> = {}
  for (const depth of [1, 10, 100, 1000]) {
    // A plain chain is resumed frame by frame: at full length its rows would take minutes.
    const rounds = name.startsWith('plain') && depth >= 100 ? 20_000 : times
    works[`${name} ${String(depth)}`] = { times: rounds, run: at(depth) }
  }
  return works
}

/** Two greenlets, both so many green calls deep, that switch to each other. */
function greenSwitches(depth: number): (switches: number) => Promise<void> {
  const down = green(function* down(level: number, other: () => RawGreenlet, times: number): Green<void> {
    if (level > 1) return yield* down(level - 1, other, times)
    for (let i = 0; i < times; i++) yield* other().switch()
  })
  return (switches) => {
    const a: RawGreenlet = new RawGreenlet(() => down(depth, () => b, Infinity))
    const b: RawGreenlet = new RawGreenlet(() => down(depth, () => a, switches / 2))
    a.switch()
    return Promise.resolve()
  }
}

export const DEEP: Record<string, Work> = {
  ...deep('green, switch', greenSwitches),
  ...deep('green, sleep(0)', (depth) => inGreenlet((resumes) => greenDepth(depth, resumes))),
  ...deep('async/await', (depth) => (resumes) => asyncDepth(depth, resumes)),
  ...deep('plain, sleep(0)', (depth) => inGreenlet((resumes) => plainDepth(depth, resumes))),
}
