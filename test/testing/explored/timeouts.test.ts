// Timeouts against what they limit and against kills, under all schedules: one outcome, nothing lost, no timer left.
import { type Green, isInterrupt, Queue, Semaphore, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

describe('withTimeout()', () => {
  it('gives the item, or leaves it in the queue, when the two are due at once', async () => {
    const all = await outcomes(function* () {
      const queue = new Queue<string>()
      const getter = spawn(() => withTimeout({ ms: 5, timeoutValue: 'late' }, () => queue.get()))
      yield* sleep(5)
      yield* queue.put('item')
      yield* getter.join()
      return [getter.value, queue.size]
    })
    expect(all).toEqual(['["item",0]', '["late",1]'])
  })

  it('loses no permit when it interrupts the wait for one, nor when a kill does', async () => {
    const all = await outcomes(function* () {
      const semaphore = new Semaphore(0)
      const visitor = spawn(() =>
        withTimeout({ ms: 5, timeoutValue: 'late' }, function* (): Green<string> {
          using _ = yield* semaphore.hold()
          yield* sleep(0)
          return 'in time'
        }),
      )
      killer(visitor, 5)
      yield* sleep(5)
      semaphore.release()
      yield* ended(visitor)
      if (semaphore.counter !== 1 || semaphore.linkcount() > 0) throw new Error(`${semaphore.counter} permits`)
      return String(visitor.value)
    })
    expect(all).toEqual(['GreenletExit', 'in time', 'late'])
  })

  it('throws the one that comes first, be it the outer or the inner', async () => {
    const all = await outcomes(function* () {
      const worker = spawn(function* () {
        try {
          yield* withTimeout(new Timeout(5, new Error('outer')), () =>
            withTimeout(new Timeout(5, new Error('inner')), sleep, 10),
          )
        } catch (error) {
          return String(error)
        }
        return 'nothing'
      })
      yield* sleep(5)
      worker.kill()
      yield* worker.join()
      return String(worker.value)
    })
    expect(all).toEqual(['Error: inner', 'Error: outer', 'GreenletExit'])
  })

  it('ends its block once, whatever else comes', async () => {
    const all = await outcomes(function* (t) {
      const ends = t.shared<string[]>([], 'ends')
      const worker = spawn(function* () {
        try {
          yield* withTimeout(5, sleep, 5)
          ends.push('in time')
        } catch (error) {
          ends.push(error instanceof Timeout ? 'late' : isInterrupt(error) ? 'killed' : 'failed')
        }
        yield* sleep(0)
        ends.push('went on')
      })
      yield* sleep(5)
      worker.kill()
      yield* worker.join()
      return ends.join()
    })
    expect(all).toEqual(['in time', 'in time,went on', 'killed,went on', 'late', 'late,went on'])
  })
})

describe('kill()', () => {
  it('ends whoever sleeps, at whatever moment it comes', async () => {
    const all = await outcomes(function* (t) {
      const steps = t.shared({ taken: 0, cleanedUp: 0 }, 'steps')
      const worker = spawn(function* () {
        try {
          for (let step = 0; step < 3; step++) {
            yield* sleep(step)
            steps.taken++
          }
        } finally {
          steps.cleanedUp++
        }
      })
      killer(worker, 1)
      yield* ended(worker)
      return [steps.taken, steps.cleanedUp]
    })
    expect(all).toEqual(['[1,1]', '[2,1]'])
  })

  it('by two at once is an end, too', async () => {
    const all = await outcomes(function* (t) {
      const ends = t.shared<string[]>([], 'ends')
      const worker = spawn(function* () {
        try {
          yield* sleep(1000)
        } finally {
          ends.push('first')
          try {
            yield* sleep(0)
            ends.push('waited')
          } finally {
            ends.push('last')
          }
        }
      })
      yield* sleep(1)
      for (const _ of [1, 2]) killer(worker)
      yield* ended(worker)
      return ends.join()
    })
    expect(all).toEqual(['first,last', 'first,waited,last'])
  })

  it('of one that is joined goes on when that has ended, or when its time has passed', async () => {
    const all = await outcomes(function* () {
      const worker = spawn(function* () {
        try {
          yield* sleep(1000)
        } finally {
          yield* sleep(5)
        }
      })
      yield* sleep(1)
      const first = spawn(() => worker.kill(undefined, { timeoutMs: 5 }))
      const { dead: before } = worker
      yield* worker.join({ timeoutMs: 5 })
      const { dead } = worker
      yield* ended(first, worker)
      if (before) throw new Error('it had no time to clean up')
      return dead
    })
    expect(all).toEqual(['false', 'true'])
  })
})
