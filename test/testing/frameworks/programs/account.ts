// Run by `node --test`: what node:test makes of green tests.
import { createServer, type Server } from 'node:net'
import { after, afterEach, describe, it } from 'node:test'
import { joinall, sleep, spawn, until } from 'greenloop'
import { greenIt } from 'greenloop/testing'

const { green, explore, fuzz } = greenIt(it)

let server: Server | undefined
let left: Server | undefined

function* listen() {
  const opened = createServer().listen(0, '127.0.0.1')
  yield* until(new Promise((resolve) => opened.once('listening', resolve)))
  return opened
}

void describe('an account', () => {
  afterEach(() => {
    server?.close()
    server = undefined
  })
  after(() => {
    left?.close()
  })

  green('lets an hour pass', function* (t) {
    yield* sleep(3_600_000)
    if (t.now() !== 3_600_000) throw new Error(`${t.now()}`)
  })

  green('opens what a hook closes', function* () {
    server = yield* listen()
  })

  green('leaves a server', function* () {
    left = yield* listen()
  })

  explore('keeps what it is given', { timeout: 10_000 }, function* () {
    let balance = 0
    function* deposit() {
      const before = balance
      yield* sleep(0)
      balance = before + 1
    }
    yield* joinall([spawn(deposit), spawn(deposit)])
    if (balance !== 2) throw new Error(`balance: ${balance}`)
  })

  explore('passes', function* () {
    yield* joinall([spawn(sleep, 1), spawn(sleep, 1)])
  })

  fuzz('passes by chance', { seed: 42, runs: 20 }, function* () {
    yield* joinall([spawn(sleep, 1), spawn(sleep, 1)])
  })

  green.skip('is left out', () => {
    throw new Error('run')
  })
})
