// Pools, groups and nurseries under all schedules, with kills: no place is lost, nobody is left behind.
import {
  type Green,
  type Greenlet,
  Group,
  isInterrupt,
  nursery,
  Pool,
  Queue,
  sleep,
  spawn,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

describe('a Pool', () => {
  it('has as many members as places, and loses none when one who waits for it is killed', async () => {
    const all = await outcomes(function* (t) {
      const pool = new Pool(1)
      const work = t.shared({ running: 0, done: 0 }, 'work')
      t.invariant(() => work.running <= 1 && pool.size <= 1, 'one at a time')
      function* member(): Green<void> {
        work.running++
        try {
          yield* sleep(0)
          work.done++
        } finally {
          work.running--
        }
      }
      const [ann, bob] = [spawn(() => pool.spawn(member)), spawn(() => pool.spawn(member))]
      killer(ann)
      yield* ended(ann, bob)
      yield* pool.join()
      if (pool.freeCount() !== 1) throw new Error('a place is lost')
      return work.done
    })
    expect(all).toEqual(['1', '2'])
  })

  it('gives a place that becomes free to the one who has waited longest', async () => {
    const all = await outcomes(function* (t) {
      const pool = new Pool(1)
      const came = t.shared<string[]>([], 'came')
      const served = t.shared<string[]>([], 'served')
      const first = yield* pool.spawn(sleep, 1000)
      function* enter(name: string): Green<void> {
        came.push(name)
        yield* pool.spawn(() => {
          served.push(name)
        })
      }
      const all = new Map(['Ann', 'Bob'].map((name) => [name, spawn(enter, name)]))
      yield* sleep(1)
      killer(first)
      killer(all.get(came[0] ?? ''))
      yield* ended(...all.values())
      yield* pool.join()
      if (pool.freeCount() !== 1) throw new Error('a place is lost')
      return served.map((name) => came.indexOf(name))
    })
    expect(all).toEqual(['[0,1]', '[1]'])
  })

  it('ends all its members by kill(), and lets in who waits behind it', async () => {
    const all = await outcomes(function* (t) {
      const pool = new Pool(1)
      const ends = t.shared({ begun: 0, ended: 0 }, 'ends')
      function* member(): Green<void> {
        ends.begun++
        try {
          yield* sleep(0)
        } finally {
          ends.ended++
        }
      }
      const spawners = [spawn(() => pool.spawn(member)), spawn(() => pool.spawn(member))]
      yield* sleep(0)
      yield* pool.kill()
      yield* ended(...spawners)
      if (ends.begun !== ends.ended || pool.freeCount() !== 1) throw new Error('somebody is left')
      return ends.begun
    })
    expect(all).toEqual(['1', '2'])
  })

  it('kills what runs when a map() is given up', async () => {
    const all = await outcomes(function* (t) {
      const pool = new Pool(2)
      const work = t.shared({ running: 0 }, 'work')
      function* square(n: number): Green<number> {
        work.running++
        try {
          yield* sleep(0)
          return n * n
        } finally {
          work.running--
        }
      }
      const mapper = spawn(() => pool.map(square, [1, 2]))
      killer(mapper)
      yield* ended(mapper)
      yield* pool.join()
      if (work.running > 0 || pool.freeCount() !== 2) throw new Error('somebody is left')
      return String(mapper.value)
    })
    expect(all).toEqual(['1,4', 'GreenletExit'])
  })

  it('maps in order, in whatever order the calls end', async () => {
    const all = await outcomes(function* () {
      const pool = new Pool(2)
      return yield* pool.map(
        function* (n: number): Green<number> {
          yield* sleep(n === 1 ? 1 : 0)
          return n * n
        },
        [1, 2, 3],
      )
    })
    expect(all).toEqual(['[1,4,9]'])
  })
})

describe('a Group', () => {
  it('goes on behind join() when nobody is left, or the time has passed', async () => {
    const all = await outcomes(function* () {
      const group = new Group()
      group.spawn(sleep, 5)
      const second = group.spawn(sleep, 50)
      killer(second, 5)
      const joined = yield* group.join({ timeoutMs: 5 })
      if (joined && group.size > 0) throw new Error('somebody is left')
      yield* group.join()
      return joined
    })
    expect(all).toEqual(['false', 'true'])
  })
})

describe('nursery()', () => {
  it('is left when all its children have ended, be it killed, or one of them', async () => {
    const all = await outcomes(function* (t) {
      const children = t.shared({ begun: 0, ended: 0 }, 'children')
      function* child(): Green<void> {
        children.begun++
        try {
          yield* sleep(1)
        } finally {
          children.ended++
        }
      }
      const owner = spawn(function* () {
        try {
          yield* nursery(function* (n) {
            killer(n.spawn(child), 1)
            n.spawn(child)
          })
          return 'through'
        } finally {
          if (children.begun > children.ended) t.unreachable('children are left')
        }
      })
      killer(owner, 1)
      yield* ended(owner)
      return [String(owner.value), children.ended]
    })
    expect(all).toEqual(['["GreenletExit",2]', '["through",2]'])
  })

  it('is left by a failure when all others have ended, whoever is killed beside', async () => {
    const all = await outcomes(function* (t) {
      const children = t.shared({ begun: 0, ended: 0 }, 'children')
      function* child(fails: boolean): Green<void> {
        children.begun++
        try {
          yield* sleep(0)
          if (fails) throw new RangeError('failed')
        } finally {
          children.ended++
        }
      }
      try {
        yield* nursery(function* (n) {
          n.spawn(child, true)
          killer(n.spawn(child, false))
          yield* sleep(0)
        })
        return 'through'
      } catch (error) {
        if (isInterrupt(error)) throw error
        if (children.begun > children.ended) t.unreachable('children are left')
        return [String(error), children.ended]
      }
    })
    expect(all).toEqual(['["RangeError: failed",1]', '["RangeError: failed",2]'])
  })

  it('is left in time, or by its timeout, with nobody behind', async () => {
    const all = await outcomes(function* (t) {
      const queue = new Queue<string>()
      const ends = t.shared<string[]>([], 'ends')
      const value = yield* withTimeout({ ms: 5, timeoutValue: 'late' }, () =>
        nursery(function* (n) {
          const child: Greenlet<string> = n.spawn(function* () {
            try {
              return yield* queue.get()
            } finally {
              ends.push('child')
            }
          })
          n.spawn(function* () {
            yield* sleep(5)
            yield* queue.put('item')
          })
          return yield* child.get()
        }),
      )
      if (ends.length !== 1) throw new Error('the child is left')
      return [value, queue.size]
    })
    expect(all).toEqual(['["item",0]', '["late",0]', '["late",1]'])
  })
})
