/**
 * What gets through while greenlets spin: events of a socket, and promises.
 *
 * Stands on the library. The peer of the socket is in a thread of its own, so that nothing here keeps it from sending.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Green, joinall, run, sleep, spawn, until } from 'greenloop'
import type { Runs } from '../method/runs.ts'

/** Sends one byte each millisecond. */
const SENDER = `
const { connect } = require('node:net')
const { workerData } = require('node:worker_threads')
const socket = connect(workerData, '127.0.0.1').setNoDelay()
socket.on('error', () => process.exit())
setInterval(() => socket.write('x'), 1)
`

/** Milliseconds between two promises: long enough for each to find the spinners at another place. */
const PAUSE_MS = 2

export const runs: Runs = {
  /** Listens so many milliseconds. The parameter is how many spin. Gives the number of events. */
  async events(times, watch, spinners) {
    let events = 0
    const server = createServer((socket) => socket.on('data', () => events++).on('error', () => undefined))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const worker = new Worker(SENDER, { eval: true, workerData: (server.address() as AddressInfo).port }) // it listens
    while (events === 0) await new Promise(setImmediate)
    const stop = spinning(spinners)
    events = 0
    watch.start()
    await delay(times)
    watch.stop()
    const served = events
    await stop()
    await worker.terminate()
    server.close()
    return served
  },

  /** A greenlet waits for promises that are settled already, and tells the median of the nanoseconds. The parameter is how many spin. */
  async hop(times, watch, spinners) {
    const stop = spinning(spinners)
    const settled = Promise.resolve()
    const waits: number[] = []
    await run(function* () {
      for (let i = 0; i < times; i++) {
        yield* sleep(PAUSE_MS)
        const began = performance.now()
        yield* until(settled)
        waits.push((performance.now() - began) * 1e6)
      }
    })
    watch.tell(waits.sort((a, b) => a - b)[waits.length >> 1] ?? NaN)
    await stop()
  },
}

/** Gives what stops them. */
function spinning(count: number): () => Promise<unknown> {
  let over = false
  function* spinner(): Green<void> {
    while (!over) yield* sleep(0)
  }
  const all = Array.from({ length: count }, () => spawn(spinner))
  return async () => {
    over = true
    await joinall(all)
  }
}
