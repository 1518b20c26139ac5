/**
 * Spawning so many tasks that return at once, and waiting for all of them; killing as many that wait, or that never ran.
 */
import { type Green, type Greenlet, joinall, sleep, spawn, Waiter } from 'greenloop'
import type { Work } from '../work.ts'

function* trivial(): Green<void> {
  // it returns at once
}
async function trivialAsync(): Promise<void> {
  // no await
}
const settled = Promise.resolve()
async function hopping(): Promise<void> {
  await settled
}

/** The limit: a generator each, stepped once, and kept. */
function bare(tasks: number): void {
  function* task(): Generator<undefined, void> {
    // it returns at once
  }
  const kept = new Array<Generator>(tasks)
  for (let i = 0; i < tasks; i++) {
    const generator = task()
    generator.next()
    kept[i] = generator
  }
}

async function greenlets(tasks: number): Promise<void> {
  const all: Greenlet<void>[] = []
  for (let i = 0; i < tasks; i++) all.push(spawn(trivial))
  await joinall(all)
}

function promises(task: () => Promise<void>): (tasks: number) => Promise<void> {
  return async (tasks) => {
    const all: Promise<void>[] = []
    for (let i = 0; i < tasks; i++) all.push(task())
    await Promise.all(all)
  }
}

const RUNS: Record<string, Work['run']> = {
  'bare generators': bare,
  spawn: greenlets,
  'async function, no await': promises(trivialAsync),
  'async function, one await': promises(hopping),
}

function rows(times: number, cold: boolean): Record<string, Work> {
  return Object.fromEntries(Object.entries(RUNS).map(([name, run]) => [name, { times, run, cold }]))
}

export const SPAWN: Record<string, Work> = rows(1_000_000, false)
export const SPAWN_COLD: Record<string, Work> = rows(100_000, true)

/** The most that the process takes beyond what it took before, in bytes each. Without a warm-up: that would be counted, too. */
export async function peakBytes(run: Work['run'], times: number): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  await run(times)
  return (process.resourceUsage().maxRSS * 1024 - before) / times
}

export const SPAWN_MEMORY: Record<string, Work> = Object.fromEntries(
  Object.entries(RUNS).map(([name, run]) => [
    name,
    { times: 1_000_000, run, measure: (times: number) => peakBytes(run, times) },
  ]),
)

const exit = new Error('exit')

/** The limit of a kill: a throw into a suspended generator, caught outside. */
function bareThrows(count: number): number {
  function* waiting(): Generator<undefined, void> {
    yield
  }
  const all: Generator[] = []
  for (let i = 0; i < count; i++) {
    const generator = waiting()
    generator.next()
    all.push(generator)
  }
  globalThis.gc?.()
  const began = performance.now()
  for (const generator of all) {
    try {
      generator.throw(exit)
    } catch {
      // it is the one that was thrown in
    }
  }
  return ((performance.now() - began) / count) * 1e6
}

function* waits(): Green<void> {
  yield* new Waiter<void>().get()
}

async function kills(count: number, started: boolean): Promise<number> {
  const all: Greenlet<void>[] = []
  for (let i = 0; i < count; i++) all.push(spawn(waits))
  if (started) await sleep(0)
  globalThis.gc?.()
  const began = performance.now()
  for (const greenlet of all) greenlet.kill()
  await joinall(all)
  return ((performance.now() - began) / count) * 1e6
}

async function warmKills(count: number, started: boolean): Promise<number> {
  await kills(count / 10, started)
  return kills(count, started)
}

/** What is left on the heap of a million that were killed. */
async function heapAfterKills(count: number): Promise<number> {
  await kills(count / 10, true)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await kills(count, true)
  await sleep(0)
  globalThis.gc?.()
  return (process.memoryUsage().heapUsed - before) / count
}

const none = (): void => undefined

export const KILLS: Record<string, Work> = {
  'bare g.throw()': {
    times: 1_000_000,
    run: none,
    measure: (count) => {
      bareThrows(count / 10)
      return bareThrows(count)
    },
  },
  'kill, waiting': { times: 1_000_000, run: none, measure: (count) => warmKills(count, true) },
  'kill, never ran': { times: 1_000_000, run: none, measure: (count) => warmKills(count, false) },
  'bytes left, each': { times: 1_000_000, run: none, measure: heapAfterKills },
}
