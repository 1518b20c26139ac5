// Semaphores under all schedules, with kills and timeouts: no permit is lost or doubled, nobody is left in the line.
import { BoundedSemaphore, type Green, Semaphore, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

function isAtRest(semaphore: Semaphore, permits: number): void {
  if (semaphore.counter !== permits) throw new Error(`${semaphore.counter} permits of ${permits}`)
  if (semaphore.linkcount() > 0) throw new Error(`${semaphore.linkcount()} are left in the line`)
}

describe('a Semaphore', () => {
  it.each([
    ['hold()', (semaphore: Semaphore) => semaphore.hold()],
    ['with()', null],
  ] as const)('lets in as many as it has permits, also when one of them is killed (%s)', async (_, hold) => {
    const all = await outcomes(function* (t) {
      const semaphore = new Semaphore(1)
      const room = t.shared({ inside: 0, visits: 0 }, 'room')
      t.invariant(() => room.inside <= 1 && room.inside + semaphore.counter <= 1, 'one at a time')
      function* stay(): Green<void> {
        room.inside++
        try {
          yield* sleep(0)
          room.visits++
        } finally {
          room.inside--
        }
      }
      function* visit(): Green<void> {
        if (hold === null) {
          yield* semaphore.with(stay)
        } else {
          using _ = yield* hold(semaphore)
          yield* stay()
        }
      }
      const [ann, bob] = [spawn(visit), spawn(visit)]
      killer(bob)
      yield* ended(ann, bob)
      isAtRest(semaphore, 1)
      return room.visits
    })
    expect(all).toEqual(['1', '2'])
  })

  it('hands the permit on when the first of the line is killed', async () => {
    const all = await outcomes(function* (t) {
      const semaphore = new Semaphore(0)
      const served = t.shared<string[]>([], 'served')
      function* visit(name: string): Green<void> {
        using _ = yield* semaphore.hold()
        served.push(name)
      }
      const [ann, bob] = [spawn(visit, 'Ann'), spawn(visit, 'Bob')]
      yield* sleep(1)
      killer(ann)
      semaphore.release()
      yield* ended(ann, bob)
      isAtRest(semaphore, 1)
      return served.join()
    })
    expect(all).toEqual(['Ann,Bob', 'Bob', 'Bob,Ann'])
  })

  it('serves those who wait in the order in which they came, without those who are killed', async () => {
    const all = await outcomes(function* (t) {
      const semaphore = new Semaphore(0)
      const came = t.shared<string[]>([], 'came')
      const served = t.shared<string[]>([], 'served')
      function* visit(name: string): Green<void> {
        came.push(name)
        yield* semaphore.acquire()
        served.push(name)
      }
      const all = new Map(['Ann', 'Bob', 'Cyd'].map((name) => [name, spawn(visit, name)]))
      yield* sleep(1)
      semaphore.release()
      killer(all.get(came[0] ?? ''))
      yield* sleep(1) // all have gone as far as they can
      const first = served.length === 0 ? 'nobody' : String(came.indexOf(served[0] ?? ''))
      semaphore.release()
      yield* sleep(1)
      semaphore.release()
      yield* ended(...all.values())
      return `${first} first, then ${came.filter((name) => served.includes(name)).join() === served.join() ? 'in order' : served.join()}, ${semaphore.counter} left`
    })
    expect(all).toEqual(['0 first, then in order, 0 left', '1 first, then in order, 1 left'])
  })

  it('gives a permit or says that there was none, when the two are due at once', async () => {
    const all = await outcomes(function* () {
      const semaphore = new Semaphore(1)
      const holder = spawn(function* () {
        yield* semaphore.acquire()
        yield* sleep(5)
        semaphore.release()
      })
      const late = spawn(function* () {
        const got = yield* semaphore.acquire({ timeoutMs: 5 })
        if (got) semaphore.release()
        return got
      })
      const next = spawn(() => semaphore.with(() => undefined))
      yield* ended(holder, late, next)
      isAtRest(semaphore, 1)
      return late.value
    })
    expect(all).toEqual(['false', 'true'])
  })

  it('takes nothing for acquire({ blocking: false }) and wait(), and tells all of them', async () => {
    const all = await outcomes(function* () {
      const semaphore = new Semaphore(0)
      const watcher = spawn(() => semaphore.wait())
      const taker = spawn(() => semaphore.acquire())
      const hasty = spawn(() => semaphore.acquire({ blocking: false }))
      yield* sleep(1)
      semaphore.release()
      yield* sleep(1)
      if (hasty.value === true) throw new Error('there was none')
      if (taker.value !== true) throw new Error('the taker waits although a permit came')
      semaphore.release()
      yield* ended(watcher, taker, hasty)
      isAtRest(semaphore, 1)
      return watcher.value
    })
    expect(all).toEqual(['1'])
  })
})

describe('a BoundedSemaphore', () => {
  it('is never released too often by those who hold it, whoever is killed and when', async () => {
    await outcomes(function* (t) {
      const semaphore = new BoundedSemaphore(2)
      t.invariant(() => semaphore.counter >= 0 && semaphore.counter <= 2, 'two permits')
      function* visit(): Green<void> {
        using _ = yield* semaphore.hold({ timeoutMs: 50 })
        yield* sleep(0)
      }
      const all = [spawn(visit), spawn(visit), spawn(visit)]
      all[2]?.kill()
      yield* sleep(0)
      all[0]?.kill()
      yield* ended(...all)
      isAtRest(semaphore, 2)
    })
  })
})
