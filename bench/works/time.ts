/**
 * Giving way, sleeping, and time limits that do not pass.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { type Green, joinall, run, sleep, spawn, Timeout, until } from 'greenloop'
import type { Work } from '../work.ts'
import { peakBytes } from './spawning.ts'

const SPINNERS = 1000

/** The limit: a round-robin over bare generators; nobody else is served. */
function bareYields(yields: number): void {
  function* spinner(rounds: number): Generator<undefined, void> {
    for (let i = 0; i < rounds; i++) yield
  }
  let ready = Array.from({ length: SPINNERS }, () => spinner(yields / SPINNERS))
  while (ready.length > 0) ready = ready.filter((one) => one.next().done !== true)
}

function* spin(rounds: number): Green<void> {
  for (let i = 0; i < rounds; i++) yield* sleep(0)
}

async function greenYields(yields: number): Promise<void> {
  await joinall(Array.from({ length: SPINNERS }, () => spawn(spin, yields / SPINNERS)))
}

function asyncYields(hop: () => unknown): (yields: number) => Promise<void> {
  return async (yields) => {
    const spinner = async (): Promise<void> => {
      for (let i = 0; i < yields / SPINNERS; i++) await hop()
    }
    await Promise.all(Array.from({ length: SPINNERS }, spinner))
  }
}

export const YIELDS: Record<string, Work> = {
  'bare generators': { times: 1_000_000, run: bareYields },
  'await null': { times: 1_000_000, run: asyncYields(() => null) },
  'sleep(0)': { times: 1_000_000, run: greenYields },
  'await setImmediate': { times: 1_000_000, run: asyncYields(() => new Promise(setImmediate)) },
}

const SENDER = `
const { connect } = require('node:net')
const { workerData } = require('node:worker_threads')
const socket = connect(workerData, '127.0.0.1').setNoDelay()
socket.on('error', () => process.exit())
setInterval(() => socket.write('x'), 1)
`

/** Socket events a second that get through while a thousand spin; the peer sends one each millisecond. */
async function servedEvents(spinning: () => { stop: () => void; done: Promise<unknown> }): Promise<number> {
  let events = 0
  const server = createServer((socket) => socket.on('data', () => events++).on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const worker = new Worker(SENDER, { eval: true, workerData: (server.address() as AddressInfo).port })
  while (events === 0) await new Promise(setImmediate)
  const { stop, done } = spinning()
  events = 0
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const served = (events / (performance.now() - began)) * 1000
  stop()
  await done
  await worker.terminate()
  server.close()
  return served
}

function spinningGreenlets(): { stop: () => void; done: Promise<unknown> } {
  let over = false
  function* spinner(): Green<void> {
    while (!over) yield* sleep(0)
  }
  const all = Array.from({ length: SPINNERS }, () => spawn(spinner))
  return { stop: () => (over = true), done: Promise.resolve(joinall(all)) }
}

const nobody = (): { stop: () => void; done: Promise<unknown> } => ({ stop: () => undefined, done: Promise.resolve() })

/** Microseconds that a greenlet waits for a promise which is settled already, while a thousand others spin. */
async function promiseHop(hops: number): Promise<number> {
  const { stop, done } = spinningGreenlets()
  const settled = Promise.resolve()
  const waits: number[] = []
  await run(function* () {
    for (let i = 0; i < hops; i++) {
      yield* sleep(2)
      const began = performance.now()
      yield* until(settled)
      waits.push(performance.now() - began)
    }
  })
  stop()
  await done
  waits.sort((a, b) => a - b)
  return (waits[waits.length >> 1] ?? NaN) * 1000
}

const none = (): void => undefined

export const SERVED: Record<string, Work> = {
  'events/s, nobody spins': { times: 1, run: none, measure: () => servedEvents(nobody) },
  'events/s, 1,000 greenlets spin': { times: 1, run: none, measure: () => servedEvents(spinningGreenlets) },
  'µs of yield* until(promise), 1,000 spin': { times: 200, run: none, measure: promiseHop },
}

/** The same naps for all: 10 to 1,000 ms, scattered. */
function nap(i: number): number {
  return 10 + ((i * 7919) % 991)
}

async function greenSleepers(count: number): Promise<void> {
  function* sleeper(ms: number): Green<void> {
    yield* sleep(ms)
  }
  await joinall(Array.from({ length: count }, (_, i) => spawn(sleeper, nap(i))))
}

async function asyncSleepers(count: number): Promise<void> {
  const sleeper = async (ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
  await Promise.all(Array.from({ length: count }, (_, i) => sleeper(nap(i))))
}

/** The limit: bare timers with a callback each. */
function bareTimers(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const over = (): void => {
      if (--left === 0) resolve()
    }
    for (let i = 0; i < count; i++) setTimeout(over, nap(i))
  })
}

/** Nanoseconds each that it takes longer than the longest nap. */
function overhead(sleepers: (count: number) => Promise<void>): Work {
  const measure = async (count: number): Promise<number> => {
    await sleepers(count)
    globalThis.gc?.()
    await sleepers(count / 10)
    const began = performance.now()
    await sleepers(count)
    return ((performance.now() - began - 1000) / count) * 1e6
  }
  return { times: 100_000, run: none, measure }
}

function sleepersMemory(sleepers: (count: number) => Promise<void>): Work {
  return { times: 100_000, run: none, measure: (count) => peakBytes(sleepers, count) }
}

export const SLEEPERS: Record<string, Work> = {
  setTimeout: overhead(bareTimers),
  sleep: overhead(greenSleepers),
  'async/await': overhead(asyncSleepers),
}

export const SLEEPERS_MEMORY: Record<string, Work> = {
  setTimeout: sleepersMemory(bareTimers),
  sleep: sleepersMemory(greenSleepers),
  'async/await': sleepersMemory(asyncSleepers),
}

export const TIMEOUTS: Record<string, Work> = {
  'clearTimeout(setTimeout())': {
    times: 1_000_000,
    run(count) {
      for (let i = 0; i < count; i++) clearTimeout(setTimeout(none, 1000))
    },
  },
  'Timeout, start and cancel': {
    times: 1_000_000,
    async run(count) {
      await run(function* () {
        for (let i = 0; i < count; i++) new Timeout(1000).start().cancel()
        yield* sleep(0)
      })
    },
  },
}
