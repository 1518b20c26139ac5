// Tests that fail, and what fails them.
import { createServer, type Server } from 'node:net'
import { joinall, Semaphore, sleep, spawn, until } from 'greenloop'
import { expect, it } from 'greenloop/testing/vitest'
import { afterAll, describe } from 'vitest'

let server: Server

afterAll(() => {
  server.close()
})

describe('an account', () => {
  it.explore('keeps what it is given', function* () {
    let balance = 0
    function* deposit() {
      const before = balance
      yield* sleep(0)
      balance = before + 1
    }
    yield* joinall([spawn(deposit), spawn(deposit)])
    expect(balance).toBe(2)
  })

  it.explore('is locked in order', function* () {
    const [a, b] = [new Semaphore(1), new Semaphore(1)]
    function* transfer(from: Semaphore, to: Semaphore) {
      yield* from.acquire()
      yield* to.acquire()
      from.release()
      to.release()
    }
    yield* joinall([spawn(transfer, a, b), spawn(transfer, b, a)])
  })

  it.explore('has too many schedules', { maxExecutions: 50 }, function* () {
    yield* joinall([1, 1, 1, 1].map((ms) => spawn(sleep, ms)))
  })

  it.green('leaves a server', function* () {
    server = createServer().listen(0, '127.0.0.1')
    yield* until(new Promise((resolve) => server.once('listening', resolve)))
  })

  it.green('is not what it was', function* (t) {
    yield* sleep(1000)
    expect(t.now()).toBe(1001)
  })

  it.explore('passes', function* () {
    yield* joinall([spawn(sleep, 1), spawn(sleep, 1)])
  })
})
