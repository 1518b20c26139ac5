/**
 * Two coroutines hand control to each other, with a value, so and so often. All do exactly this; they differ in who passes it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Green, Greenlet, RawGreenlet, settrace } from 'greenloop'
import type { Work } from '../work.ts'

const times = 3_000_000

/** The limit: two generators and a loop that resumes the one that the other names. No library, no type, no errors. */
function bareGenerators(switches: number): void {
  function* partner(other: number): Generator<number, void, number> {
    for (let i = 0; i < switches / 2; i++) yield other
  }
  const partners = [partner(1), partner(0)]
  let current = 0
  for (;;) {
    const step = partners[current]?.next(current)
    if (step === undefined || step.done === true) return
    current = step.value
  }
}

/** The library's switch, on the class that is asked for. The second one's end brings control back to main. */
function greenlets(make: (body: () => Green<void>) => RawGreenlet): (switches: number) => void {
  return (switches) => {
    const a = make(function* () {
      for (;;) yield* b.switch(1)
    })
    const b = make(function* () {
      for (let i = 0; i < switches / 2; i++) yield* a.switch(2)
    })
    if (!a.switch().done) throw new Error('control did not come back to main')
  }
}

/** What one writes without the library: two async functions that hand a promise's resolution to each other. */
async function asyncAwait(switches: number): Promise<void> {
  class Box {
    #resolve: ((value: number) => void) | null = null
    put(value: number): void {
      this.#resolve?.(value)
    }
    get(): Promise<number> {
      return new Promise((resolve) => {
        this.#resolve = resolve
      })
    }
  }
  const [left, right] = [new Box(), new Box()]
  let next = right.get()
  async function first(): Promise<void> {
    for (let i = 0; i < switches / 2; i++) {
      const answer = left.get()
      right.put(i)
      await answer
    }
  }
  async function second(): Promise<void> {
    for (let i = 0; i < switches / 2; i++) {
      await next
      next = right.get()
      left.put(i)
    }
  }
  await Promise.all([second(), first()])
}

const raw = greenlets((body) => new RawGreenlet(body))
const scheduled = greenlets((body) => new Greenlet(body))

/** Runs a work with a store set, so that contexts are carried. */
function withStore(run: (switches: number) => void | Promise<void>): (switches: number) => void | Promise<void> {
  return (switches) => new AsyncLocalStorage<number>().run(1, () => run(switches))
}

export const SWITCHES: Record<string, Work> = {
  'bare generators': { times, run: bareGenerators },
  RawGreenlet: { times, run: raw },
  Greenlet: { times, run: scheduled },
  'Greenlet, AsyncLocalStorage in use': { times, run: withStore(scheduled) },
  'async/await': { times, run: asyncAwait },
  'async/await, AsyncLocalStorage in use': { times, run: withStore(asyncAwait) },
}

export const TRACING: Record<string, Work> = {
  'never traced': { times, run: raw },
  'traced once, then off': {
    times,
    run(switches) {
      settrace(() => undefined)
      raw(100)
      settrace(null)
      raw(switches)
    },
  },
}
