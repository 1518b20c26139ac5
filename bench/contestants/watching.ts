/**
 * Greenlets switch, give way, or are spawned and joined, while nobody watches any more, or a recorder does.
 *
 * Stands on the library; the recorder is loaded by those rows alone that need one.
 */
import { type Green, joinall, RawGreenlet, run, settrace, sleep, spawn } from 'greenloop'
import type { Runs } from '../method/runs.ts'

const SPINNERS = 100

/** By name. */
const WORKS: Readonly<Record<string, (times: number) => void | Promise<void>>> = {
  /** Two hand control to each other. */
  switch: switches,

  /** A hundred give way to each other. */
  async yield(times) {
    await joinall(Array.from({ length: SPINNERS }, () => spawn(spin, times / SPINNERS)))
  },

  /** One after the other. */
  'spawn and join': (times) =>
    run(function* () {
      for (let i = 0; i < times; i++) yield* spawn(trivial).join()
    }),
}

/** By name, what has been done with a recorder before. */
const STATES: Readonly<Record<string, () => Promise<void>>> = {
  'never loaded': () => Promise.resolve(),
  stopped: () => started({ locations: false, stop: true }),
  on: () => started({ locations: false }),
  'on, with locations': () => started({ locations: true }),
}

export const runs: Runs = {
  'traced once'(times) {
    settrace(() => undefined)
    switches(100)
    settrace(null)
    switches(times)
  },

  ...Object.fromEntries(
    Object.entries(WORKS).flatMap(([work, act]) =>
      Object.entries(STATES).map(([state, prepare]) => [`${work}, ${state}`, prepared(prepare, act)]),
    ),
  ),
}

/** A process does one of them, again and again: it is prepared once. */
function prepared(
  prepare: () => Promise<void>,
  act: (times: number) => void | Promise<void>,
): (times: number) => Promise<void> {
  let done: Promise<void> | null = null
  return async (times) => {
    await (done ??= prepare())
    await act(times)
  }
}

async function started({ locations, stop = false }: { locations: boolean; stop?: boolean }): Promise<void> {
  const { Recorder } = await import('greenloop/trace')
  const recorder = new Recorder({ locations }).start()
  if (stop) recorder.stop()
}

function switches(times: number): void {
  const a: RawGreenlet = new RawGreenlet(function* () {
    for (;;) yield* b.switch(1)
  })
  const b: RawGreenlet = new RawGreenlet(function* () {
    for (let i = 0; i < times / 2; i++) yield* a.switch(2)
  })
  if (!a.switch().done) throw new Error('control did not come back to main')
}

function* spin(rounds: number): Green<void> {
  for (let i = 0; i < rounds; i++) yield* sleep(0)
}

function* trivial(): Green<void> {
  // it returns at once
}
