/**
 * The works that `npm run bench` measures: two coroutines hand control to each other, with a value, so and so often. All do exactly
 * this; they differ in who passes it on.
 */
import { type Green, Greenlet, RawGreenlet } from 'greenloop'

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

/** The works by name, in the order of the table. */
export const WORKS: Record<string, (switches: number) => void | Promise<void>> = {
  'bare generators': bareGenerators,
  RawGreenlet: greenlets((body) => new RawGreenlet(body)),
  Greenlet: greenlets((body) => new Greenlet(body)),
  'async/await': asyncAwait,
}
