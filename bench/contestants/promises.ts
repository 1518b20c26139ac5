/**
 * What one writes without any library: async functions and promises.
 */
import { scheduler } from 'node:timers/promises'
import type { Runs } from '../method/runs.ts'
import { Box } from './shared/box.ts'
import { napOf } from './shared/nap.ts'

const settled = Promise.resolve()

/** Not known to be no promise: a linter would not have it awaited. */
const nothing: unknown = null

export const runs: Runs = {
  /** Two async functions that hand a promise's resolution to each other. */
  async switch(times) {
    const [left, right] = [new Box(), new Box()]
    let next = right.get()
    async function first(): Promise<void> {
      for (let i = 0; i < times / 2; i++) {
        const answer = left.get()
        right.put(i)
        await answer
      }
    }
    async function second(): Promise<void> {
      for (let i = 0; i < times / 2; i++) {
        await next
        next = right.get()
        left.put(i)
      }
    }
    await Promise.all([second(), first()])
  },

  /** Async functions that return at once. */
  async spawn(times) {
    async function trivial(): Promise<void> {
      // no await
    }
    await all(times, trivial)
  },

  /** The same, with one `await` each: the least by which another one gets its turn. */
  async 'spawn, one await'(times) {
    await all(times, hop)
  },

  /** `await null`: sockets and timers have to wait until all of them are over. */
  async yield(times, _, tasks) {
    await all(tasks, async () => {
      for (let i = 0; i < times / tasks; i++) await nothing
    })
  },

  /** `await` of a setImmediate: sockets and timers are served. */
  async 'yield, fair'(times, _, tasks) {
    await all(tasks, async () => {
      for (let i = 0; i < times / tasks; i++) await new Promise(setImmediate)
    })
  },

  /** The same by what Node has for it. */
  async 'yield, scheduler'(times, _, tasks) {
    await all(tasks, async () => {
      for (let i = 0; i < times / tasks; i++) await scheduler.yield()
    })
  },

  async queue(times, _, size) {
    const queue = new PromiseQueue(size === 0 ? Infinity : size)
    const producer = async (): Promise<void> => {
      for (let i = 0; i < times; i++) await queue.put(i)
    }
    const consumer = async (): Promise<number> => {
      let sum = 0
      for (let i = 0; i < times; i++) sum += await queue.get()
      return sum
    }
    await Promise.all([producer(), consumer()])
  },

  async sleepers(times) {
    const sleeper = async (ms: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, ms))
    }
    await Promise.all(Array.from({ length: times }, (_, i) => sleeper(napOf(i))))
  },

  async depth(times, _, depth) {
    async function down(level: number): Promise<void> {
      if (level > 1) {
        await down(level - 1)
        return
      }
      for (let i = 0; i < times; i++) await settled
    }
    await down(depth)
  },

  /** Each waits for a promise, and catches what rejects it. */
  async kill(times, watch) {
    const rejects: ((reason: Error) => void)[] = []
    const waiting = all(times, async () => {
      try {
        await new Promise((_, reject) => rejects.push(reject))
      } catch (error) {
        if (error !== exit) throw error
      }
    })
    watch.start()
    for (const reject of rejects) reject(exit)
    await waiting
  },

  /** Each waits for what never comes, or for its signal. */
  async 'kill, signal'(times, watch) {
    const controllers: AbortController[] = []
    const waiting = all(times, async () => {
      const controller = new AbortController()
      controllers.push(controller)
      try {
        await aborted(controller.signal)
      } catch (error) {
        if (error !== exit) throw error
      }
    })
    watch.start()
    for (const controller of controllers) controller.abort(exit)
    await waiting
  },

  async timeout(times) {
    for (let i = 0; i < times; i++) await within(1000, settled)
  },

  /** So many async functions, each of which takes the next item until there is none. */
  async pool(times, _, atOnce) {
    const items = Array.from({ length: times }, (_, i) => i)
    const results = new Array<number>(times)
    let next = 0
    await all(atOnce, async () => {
      for (let i = next++; i < times; i = next++) results[i] = await giveWay(items[i] ?? NaN)
    })
  },

  async nursery(times, _, tasks) {
    for (let i = 0; i < times / tasks; i++) await all(tasks, hop)
  },
}

const exit = new Error('exit')

async function giveWay(item: number): Promise<number> {
  await settled
  return item
}

async function hop(): Promise<void> {
  await settled
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** What the promise gives, if it does so in time. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

async function all(count: number, task: () => Promise<void>): Promise<void> {
  const promises = new Array<Promise<void>>(count)
  for (let i = 0; i < count; i++) promises[i] = task()
  await Promise.all(promises)
}

/** A queue without a promise when there is an item, or room. */
class PromiseQueue {
  readonly #size: number
  #items: number[] = []
  #read = 0
  readonly #getters: ((item: number) => void)[] = []
  readonly #putters: (() => void)[] = []

  constructor(size: number) {
    this.#size = size
  }

  put(item: number): Promise<void> | undefined {
    const getter = this.#getters.shift()
    if (getter !== undefined) {
      getter(item)
      return undefined
    }
    this.#items.push(item)
    if (this.#items.length - this.#read <= this.#size) return undefined
    return new Promise((resolve) => this.#putters.push(resolve))
  }

  get(): Promise<number> | number {
    if (this.#read < this.#items.length) {
      const item = this.#items[this.#read++] ?? 0
      if (this.#read === this.#items.length) {
        this.#items = []
        this.#read = 0
      }
      this.#putters.shift()?.()
      return item
    }
    return new Promise((resolve) => this.#getters.push(resolve))
  }
}
