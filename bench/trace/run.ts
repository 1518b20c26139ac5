/**
 * Greenlets switch, give way or are spawned and joined, while a recorder is in one of the states below: `node run.ts work state times`.
 * Prints the nanoseconds for each.
 */
import { type Green, joinall, RawGreenlet, run, sleep, spawn } from 'greenloop'
import type { Recorder } from 'greenloop/trace'

/** Two hand control to each other. */
function switches(times: number): void {
  const a: RawGreenlet = new RawGreenlet(function* () {
    for (;;) yield* b.switch(1)
  })
  const b: RawGreenlet = new RawGreenlet(function* () {
    for (let i = 0; i < times / 2; i++) yield* a.switch(2)
  })
  if (!a.switch().done) throw new Error('control did not come back to main')
}

const SPINNERS = 100

/** A hundred give way to each other. */
async function turns(times: number): Promise<void> {
  function* spin(): Green<void> {
    for (let i = 0; i < times / SPINNERS; i++) yield* sleep(0)
  }
  await joinall(Array.from({ length: SPINNERS }, () => spawn(spin)))
}

/** One after the other is spawned and joined. */
function spawns(times: number): Promise<void> {
  return run(function* () {
    for (let i = 0; i < times; i++) yield* spawn(() => i).join()
  })
}

/** By name. */
const WORKS: Readonly<Record<string, (times: number) => void | Promise<void>>> = {
  switch: switches,
  'sleep(0)': turns,
  'spawn and join': spawns,
}

/** By name, what has been done with a recorder before; it is loaded by those alone that need one. */
const STATES: Readonly<Record<string, () => Promise<void>>> = {
  'never loaded': () => Promise.resolve(),
  stopped: async () => void (await recorder(false)).start().stop(),
  on: async () => void (await recorder(false)).start(),
  'on, with locations': async () => void (await recorder(true)).start(),
}

/** One is loaded, and made. */
async function recorder(locations: boolean): Promise<Recorder> {
  const { Recorder } = await import('greenloop/trace')
  return new Recorder({ locations })
}

const [, , name = '', state = '', count] = process.argv
const work = WORKS[name]
const prepare = STATES[state]
if (work === undefined) throw new Error(`There is no work "${name}"; there are ${Object.keys(WORKS).join(', ')}.`)
if (prepare === undefined) throw new Error(`There is no state "${state}"; there are ${Object.keys(STATES).join(', ')}.`)
const times = Number(count)
await prepare()
await work(times)
await work(times / 10)
const began = performance.now()
await work(times)
console.log(((performance.now() - began) / times) * 1e6)
