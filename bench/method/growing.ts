/**
 * The process of one point of growth: `node growing.js <contestant> <run> <count> <parameter> <first|warm> <wall|cpu>`. Prints the nanoseconds
 * for one of `count`.
 *
 * First: what the very first run in the process takes. Warm: what a run takes after runs of the same size with a hundred thousand in all;
 * small ones are measured many at a time. By the clock, or, where most of it is waited, by the processors: then one run of a hundred thousand
 * warms up, and three are measured. Stands on the contestant's file alone.
 */
import { median } from './measurement.ts'
import type { Runs, Stopwatch } from './runs.ts'

const ENOUGH_ITEMS = 100_000
const WARM_MS = 300
const BATCH_MS = 20
const MEASURED_MS = 400
const LONGEST_MS = 4000

/** Here all of a run counts. */
const watch: Stopwatch = { start: () => undefined, stop: () => undefined, tell: () => undefined }

const [file = '', name = '', size = '', given = '', how = '', by = ''] = process.argv.slice(2)
const { runs } = (await import(new URL(`../contestants/${file}.js`, import.meta.url).href)) as { runs: Runs } // each exports them
const [count, parameter, clock] = [Number(size), Number(given), by === 'cpu' ? processors : wall]
globalThis.gc?.()
console.log(how === 'first' ? await timed(1) : median(by === 'cpu' ? await afterOne() : await warmed()))
process.exit() // a library may hold connections, timers or threads

/** So many runs, one after the other; nanoseconds for one item. */
async function timed(times: number, items = count): Promise<number> {
  const began = clock()
  for (let i = 0; i < times; i++) {
    const done = runs[name]?.(items, watch, parameter)
    if (done instanceof Promise) await done
  }
  return ((clock() - began) / times / items) * 1e6
}

async function afterOne(): Promise<number[]> {
  await timed(1, ENOUGH_ITEMS)
  const found: number[] = []
  while (found.length < (count > ENOUGH_ITEMS ? 1 : 3)) found.push(await timed(1))
  return found
}

async function warmed(): Promise<number[]> {
  const began = performance.now()
  let runsDone = 0
  let perRunMs: number
  do {
    perRunMs = ((await timed(1)) * count) / 1e6
    runsDone++
  } while (
    (runsDone * count < ENOUGH_ITEMS || performance.now() - began < WARM_MS) &&
    performance.now() - began < LONGEST_MS
  )
  const batch = Math.max(1, Math.ceil(BATCH_MS / Math.max(perRunMs, 1e-3)))
  const found: number[] = []
  const measuring = performance.now()
  do found.push(await timed(batch))
  while (performance.now() - measuring < MEASURED_MS)
  return found
}

function wall(): number {
  return performance.now()
}

function processors(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
