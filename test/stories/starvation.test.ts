// 1,000 greenlets that spin in sleep(0) take what is left of the processor, and nothing from sockets and timers.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { joinall, sleep, spawn } from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

/** How long the spinners spin, in time of the processor: when the machine is busy with other tests, the clock tells little of us. */
const SPIN_MS = 300
/** How much of what happens each millisecond must at least get through: a fifth. */
const AT_LEAST = 60
/** A nap of 1 ms takes two: it begins in the middle of a slice and ends in the middle of another. */
const NAPS_AT_LEAST = 10

/** A peer on a thread of its own, which our greenlets cannot hold up: it sends a byte each millisecond to whoever connects. */
const PEER = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer({ noDelay: true }, (socket) => {
    const timer = setInterval(() => socket.write('.'), 1)
    socket.on('close', () => clearInterval(timer)).on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

async function startPeer(): Promise<number> {
  const worker = new Worker(PEER, { eval: true })
  onTestFinished(async () => {
    await worker.terminate()
  })
  const [port] = (await once(worker, 'message')) as [number]
  return port
}

describe('1,000 greenlets in loops of sleep(0)', () => {
  it('leave a socket peer, a 1 ms timer of Node and a greenlet in sleep(1) served', async () => {
    const socket = connect({ port: await startPeer(), host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    let [messages, ticks, naps, spins] = [0, 0, 0, 0]
    let over = false

    const spinners = Array.from({ length: 1000 }, () =>
      spawn(function* () {
        while (!over) {
          spins++
          yield* sleep(0)
        }
      }),
    )
    const napper = spawn(function* () {
      while (!over) {
        yield* sleep(1)
        naps++
      }
    })
    socket.on('data', () => messages++)
    const began = process.cpuUsage()
    await new Promise<void>((resolve) => {
      const interval = setInterval(() => {
        ticks++
        const { user, system } = process.cpuUsage(began)
        if ((user + system) / 1000 < SPIN_MS) return
        clearInterval(interval)
        resolve()
      }, 1)
    })
    over = true
    socket.destroy()
    await joinall([...spinners, napper])

    expect(messages).toBeGreaterThanOrEqual(AT_LEAST)
    expect(ticks).toBeGreaterThanOrEqual(AT_LEAST)
    expect(naps).toBeGreaterThanOrEqual(NAPS_AT_LEAST)
    expect(spins).toBeGreaterThan(10_000) // they did spin
  })
})
