/**
 * Calls of the library that could wait and do not: of functions, and of operations whose value is ready.
 */
import { type Green, green, run, Waiter } from 'greenloop'
import type { Runs } from '../method/runs.ts'
import { tellingHeap } from './shared/heap.ts'

const waiter = new Waiter<number>()
waiter.switch(1)

const ready = inGreenlet(function* (times) {
  let sum = 0
  for (let i = 0; i < times; i++) sum += yield* waiter.get()
  return sum
})

export const runs: Runs = {
  plain: inGreenlet(function* (times) {
    for (let i = 0, x = 0; i < times; i++) x = yield* trivial(x)
  }),

  green: inGreenlet(function* (times) {
    for (let i = 0, x = 0; i < times; i++) x = yield* trivialGreen(x)
  }),

  ready,

  'ready, bytes': tellingHeap(ready),

  /** By plain code. */
  async await(times) {
    for (let i = 0; i < times; i++) await waiter.get()
  },
}

function* trivial(x: number): Green<number> {
  return x + 1
}

const trivialGreen = green(function* trivialGreen(x: number): Green<number> {
  return x + 1
})

/** Runs a body in a greenlet, synchronously as far as it goes. */
function inGreenlet(body: (times: number) => Green<unknown>): (times: number) => Promise<void> {
  return async (times) => {
    await run(() => body(times))
  }
}
