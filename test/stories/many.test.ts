// What is done for one of many does not look at all the others: each of these took seconds when it did, and takes a tenth of one.
import { Event, type Green, iwait, joinall, run, sleep, spawn, wait } from 'greenloop'
import { expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

const LIMIT_MS = 2000

/** How long `body` takes. */
function* timeOf(body: () => Green<void>): Green<number> {
  const began = performance.now()
  yield* body()
  return performance.now() - began
}

it('100,000 who join one greenlet are told of its end', async () => {
  await run(function* () {
    const target = spawn(sleep, Infinity)
    const joiners = Array.from({ length: 100_000 }, () => spawn(() => target.join()))
    yield* sleep(0)
    const took = yield* timeOf(function* () {
      target.kill()
      yield* joinall(joiners)
    })
    expect(took).toBeLessThan(LIMIT_MS)
  })
})

it('40,000 who wait for one event among others are told of it', async () => {
  await run(function* () {
    const event = new Event()
    const waiters = Array.from({ length: 40_000 }, () => spawn(() => wait([event])))
    yield* sleep(0)
    const took = yield* timeOf(function* () {
      event.set()
      yield* joinall(waiters)
    })
    expect([took < LIMIT_MS, event.linkcount()]).toEqual([true, 0])
  })
})

it('20,000 are read one by one with iwait()', async () => {
  await run(function* () {
    const sleepers = Array.from({ length: 20_000 }, () => spawn(sleep, 1))
    let read = 0
    const took = yield* timeOf(function* () {
      const ended = iwait(sleepers)
      while (yield* ended.next()) read++
    })
    expect([took < LIMIT_MS, read]).toEqual([true, 20_000])
  })
})

it('30,000 callbacks of one event are linked and taken back, last first', () => {
  const event = new Event()
  const callbacks = Array.from({ length: 30_000 }, () => () => undefined)
  const began = performance.now()
  for (const callback of callbacks) event.rawlink(callback)
  for (const callback of callbacks.toReversed()) event.unlink(callback)
  expect([performance.now() - began < LIMIT_MS, event.linkcount()]).toEqual([true, 0])
})
