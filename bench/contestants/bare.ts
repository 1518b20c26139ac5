/**
 * The limit: bare generators and the loop that the work needs, nothing else. No library, no errors, nobody to kill, nobody else served.
 */
import type { Runs } from '../method/runs.ts'
import { napOf } from './shared/nap.ts'

export const runs: Runs = {
  /** Two generators and a loop that resumes the one that the other names. */
  switch(times) {
    const first: Partner = { other: null, generator: null }
    const second: Partner = { other: first, generator: null }
    first.other = second
    first.generator = partner(first, times / 2)
    second.generator = partner(second, times / 2)
    handOver(first)
  },

  /** A generator each, stepped once, and kept. */
  spawn(times) {
    const kept = new Array<Generator>(times)
    for (let i = 0; i < times; i++) {
      const generator = task()
      generator.next()
      kept[i] = generator
    }
  },

  /** A round-robin. */
  yield(times, _, tasks) {
    let ready = Array.from({ length: tasks }, () => spinner(times / tasks))
    while (ready.length > 0) ready = ready.filter((one) => one.next().done !== true)
  },

  /** An array between two; unbounded (size 0) they take turns each 1,024 items. */
  queue(times, _, size) {
    const buffer: number[] = []
    const [put, get] = [producer(buffer, times, size === 0 ? 1024 : size), consumer(buffer, times)]
    while (get.next().done !== true) put.next()
  },

  /** A throw into each of so many suspended generators, caught outside. */
  kill(times, watch) {
    const exit = new Error('exit')
    const all: Generator[] = []
    for (let i = 0; i < times; i++) {
      const generator = waiting()
      generator.next()
      all.push(generator)
    }
    watch.start()
    for (const generator of all) {
      try {
        generator.throw(exit)
      } catch {
        // it is the one that was thrown in
      }
    }
  },

  /** Node's timers, with a callback each and nobody who sleeps. */
  sleepers(times) {
    return new Promise<void>((resolve) => {
      let left = times
      const over = (): void => {
        if (--left === 0) resolve()
      }
      for (let i = 0; i < times; i++) setTimeout(over, napOf(i))
    })
  },

  /** Node's timers. */
  timeout(times) {
    const none = (): void => undefined
    for (let i = 0; i < times; i++) clearTimeout(setTimeout(none, 1000))
  },

  /** A stack of generators, of which the loop resumes the top one. */
  depth(times, _, depth) {
    const stack: Generator[] = [down(depth, times)]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { done, value } = top.next()
      if (done === true) stack.pop()
      else if (value !== undefined) stack.push(value as Generator) // it yields a callee or nothing
    }
  },
}

// Functions that live as long as the process: each closure of a generator function has a prototype, and its generators a hidden class, of
// its own.

interface Partner {
  other: Partner | null
  generator: Generator<Partner | null, void, number> | null
}

function* partner(self: Partner, times: number): Generator<Partner | null, void, number> {
  for (let i = 0; i < times; i++) yield self.other
}

function handOver(first: Partner): void {
  let current: Partner | null = first
  while (current?.generator != null) current = current.generator.next(1).value ?? null
}

function* task(): Generator<undefined, void> {
  // it returns at once
}

function* spinner(rounds: number): Generator<undefined, void> {
  for (let i = 0; i < rounds; i++) yield
}

function* producer(buffer: number[], times: number, size: number): Generator<undefined, void> {
  for (let i = 0; i < times; i++) {
    while (buffer.length >= size) yield
    buffer.push(i)
  }
}

function* consumer(buffer: number[], times: number): Generator<undefined, number> {
  let sum = 0
  for (let got = 0; got < times; got++) {
    while (buffer.length === 0) yield
    sum += buffer.pop() ?? 0
  }
  return sum
}

function* waiting(): Generator<undefined, void> {
  yield
}

function* down(level: number, times: number): Generator<Generator | undefined, void> {
  if (level > 1) yield down(level - 1, times)
  else for (let i = 0; i < times; i++) yield
}
