/**
 * A producer and a consumer: all items through one queue, unbounded, and of size 1.
 */
import { type Green, joinall, Queue, spawn, Waiter } from 'greenloop'
import type { Work } from '../work.ts'

/** The limit: two bare generators and an array. Unbounded they take turns each 1,024 items, of size 1 at each. */
function bare(size: number): (items: number) => void {
  return (items) => {
    const buffer: number[] = []
    function* producer(): Generator<undefined, void> {
      for (let i = 0; i < items; i++) {
        while (buffer.length >= size) yield
        buffer.push(i)
      }
    }
    function* consumer(): Generator<undefined, number> {
      let sum = 0
      for (let got = 0; got < items; got++) {
        while (buffer.length === 0) yield
        sum += buffer.pop() ?? 0
      }
      return sum
    }
    const [put, get] = [producer(), consumer()]
    while (get.next().done !== true) put.next()
  }
}

/** What one writes without the library: a queue of promises, without one when there is an item, or room. */
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

function promiseQueue(size: number): (items: number) => Promise<void> {
  return async (items) => {
    const queue = new PromiseQueue(size)
    const producer = async (): Promise<void> => {
      for (let i = 0; i < items; i++) await queue.put(i)
    }
    const consumer = async (): Promise<number> => {
      let sum = 0
      for (let i = 0; i < items; i++) sum += await queue.get()
      return sum
    }
    await Promise.all([producer(), consumer()])
  }
}

function* produce(queue: Queue<number>, items: number): Green<void> {
  for (let i = 0; i < items; i++) yield* queue.put(i)
}
function* consume(queue: Queue<number>, items: number): Green<number> {
  let sum = 0
  for (let i = 0; i < items; i++) sum += yield* queue.get()
  return sum
}

function greenQueue(size: number | null): (items: number) => Promise<void> {
  return async (items) => {
    const queue = new Queue<number>(size)
    await joinall([spawn(produce, queue, items), spawn(consume, queue, items)])
  }
}

const times = 1_000_000

export const QUEUES: Record<string, Work> = {
  'unbounded: bare generators': { times, run: bare(1024) },
  'unbounded: promise queue': { times, run: promiseQueue(Infinity) },
  'unbounded: Queue': { times, run: greenQueue(null) },
  'size 1: bare generators': { times, run: bare(1) },
  'size 1: promise queue': { times, run: promiseQueue(1) },
  'size 1: Queue': { times, run: greenQueue(1) },
}

const waiter = new Waiter<number>()
waiter.switch(1)
const settled = Promise.resolve(1)

export const AWAITS: Record<string, Work> = {
  'await of a settled promise': {
    times,
    async run(count) {
      for (let i = 0; i < count; i++) await settled
    },
  },
  'await of a ready operation': {
    times,
    async run(count) {
      for (let i = 0; i < count; i++) await waiter.get()
    },
  },
}
