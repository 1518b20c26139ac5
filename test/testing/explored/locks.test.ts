// RLock and Condition under all schedules, with kills and timeouts: the lock is owned by one, and no notification is lost.
import { Condition, type Green, isInterrupt, RLock, Semaphore, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

describe('an RLock', () => {
  it('belongs to one at a time, however often that one takes it, and is free when it is killed', async () => {
    const all = await outcomes(function* (t) {
      const lock = new RLock()
      const room = t.shared({ inside: 0, visits: 0 }, 'room')
      t.invariant(() => room.inside <= 1, 'one at a time')
      function* visit(): Green<void> {
        using _outer = yield* lock.hold()
        room.inside++
        try {
          using _inner = yield* lock.hold()
          room.visits++
        } finally {
          room.inside--
        }
      }
      const [ann, bob] = [spawn(visit), spawn(visit)]
      killer(ann)
      yield* ended(ann, bob)
      if (lock.locked() || lock.owner !== null) throw new Error('it is locked')
      return room.visits
    })
    expect(all).toEqual(['1', '2'])
  })

  it('goes to its first waiter or lets it go, when a release and its time limit are due at once', async () => {
    const all = await outcomes(function* () {
      const lock = new RLock()
      const holder = spawn(function* () {
        using _ = yield* lock.hold()
        yield* sleep(5)
      })
      const late = spawn(function* () {
        const got = yield* lock.acquire({ timeoutMs: 5 })
        if (got) lock.release()
        return got
      })
      yield* ended(holder, late)
      if (lock.locked()) throw new Error('it is locked')
      return late.value
    })
    expect(all).toEqual(['false', 'true'])
  })
})

describe.each([
  ['an RLock', () => new RLock()],
  ['a Semaphore', () => new Semaphore(1)],
] as const)('a Condition with %s', (_, makeLock) => {
  it('passes a notification on when the one who got it is killed', async () => {
    const all = await outcomes(function* (t) {
      const condition = new Condition(makeLock())
      const shop = t.shared({ loaves: 0 }, 'shop')
      const eaten = t.shared<string[]>([], 'eaten')
      function* eat(name: string): Green<void> {
        using _ = yield* condition.hold()
        yield* condition.waitFor(() => shop.loaves > 0)
        shop.loaves--
        eaten.push(name)
      }
      const [ann, bob] = [spawn(eat, 'Ann'), spawn(eat, 'Bob')]
      yield* sleep(1)
      killer(ann)
      yield* condition.with(() => {
        shop.loaves++
        condition.notify()
      })
      yield* sleep(1)
      const outcome = `${eaten.join()}, ${condition.waiting} waiting`
      if (shop.loaves > 0) throw new Error('there is bread, and nobody was told')
      yield* bob.kill()
      yield* ended(ann)
      if (condition.lock.locked()) throw new Error('it is locked')
      return outcome
    })
    expect(all).toEqual(['Ann, 1 waiting', 'Bob, 0 waiting'])
  })

  it('gives a notification to one who waits for it still, when a time limit is due at once', async () => {
    const all = await outcomes(function* () {
      const condition = new Condition(makeLock())
      const ann = spawn(function* () {
        using _ = yield* condition.hold()
        return yield* condition.wait({ timeoutMs: 5 })
      })
      yield* sleep(1)
      const bob = spawn(function* () {
        using _ = yield* condition.hold()
        return yield* condition.wait({ timeoutMs: 50 })
      })
      yield* sleep(4)
      yield* condition.with(() => condition.notify())
      yield* ended(ann, bob)
      if (condition.lock.locked() || condition.waiting > 0) throw new Error('somebody is left')
      return [ann.value, bob.value]
    })
    expect(all).toEqual(['[false,true]', '[true,false]'])
  })

  it('has the lock whenever a wait ends, by a kill too', async () => {
    const all = await outcomes(function* (t) {
      const condition = new Condition(makeLock())
      const room = t.shared({ inside: 0 }, 'room')
      t.invariant(() => room.inside <= 1, 'one at a time')
      const ends = t.shared<string[]>([], 'ends')
      function* stay(): Green<void> {
        room.inside++
        try {
          yield* sleep(0)
        } finally {
          room.inside--
        }
      }
      const waiter = spawn(function* () {
        yield* condition.acquire()
        try {
          yield* condition.wait()
          ends.push('notified')
        } catch (error) {
          ends.push('killed')
          throw error
        } finally {
          room.inside++
          room.inside--
          condition.release()
        }
      })
      yield* sleep(1)
      killer(waiter)
      yield* condition.with(function* () {
        condition.notifyAll()
        yield* stay()
      })
      yield* ended(waiter)
      if (condition.lock.locked()) throw new Error('it is locked')
      return ends.join()
    })
    expect(all).toEqual(['killed', 'notified'])
  })
})

describe('isInterrupt()', () => {
  it('tells a kill from a failure in whatever order the two come', async () => {
    const all = await outcomes(function* (t) {
      const seen = t.shared<string[]>([], 'seen')
      const lock = new RLock()
      const worker = spawn(function* () {
        try {
          using _ = yield* lock.hold()
          yield* sleep(1)
          throw new Error('failed')
        } catch (error) {
          seen.push(isInterrupt(error) ? 'killed' : 'failed')
        }
      })
      killer(worker, 1)
      yield* ended(worker)
      if (lock.locked()) throw new Error('it is locked')
      return seen.join()
    })
    expect(all).toEqual(['failed', 'killed'])
  })
})
