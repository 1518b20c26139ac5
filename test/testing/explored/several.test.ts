// Waiting for several at once under all schedules, with kills and limits: one winner, the losers take nothing, no link is left.
import {
  AsyncResult,
  all as allOf,
  Channel,
  choose,
  Event,
  type Green,
  iwait,
  joinall,
  killall,
  Queue,
  race,
  Semaphore,
  sleep,
  spawn,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

describe('choose()', () => {
  it('takes from one queue and leaves the other as it is', async () => {
    const all = await outcomes(function* () {
      const [left, right] = [new Queue<number>(), new Queue<number>()]
      const chooser = spawn(() => choose({ left: left.get(), right: right.get() }))
      const putters = [spawn(() => left.put(1)), spawn(() => right.put(2))]
      killer(chooser)
      yield* ended(chooser, ...putters)
      const chosen = Array.isArray(chooser.value) ? chooser.value[0] : 'nothing'
      if (left.size !== (chosen === 'left' ? 0 : 1) || right.size !== (chosen === 'right' ? 0 : 1)) {
        throw new Error(`chosen: ${chosen}; left: ${left.size}; right: ${right.size}`)
      }
      return chosen
    })
    expect(all).toEqual(['left', 'nothing', 'right'])
  })

  it('takes one permit, of one semaphore', async () => {
    const all = await outcomes(function* () {
      const [left, right] = [new Semaphore(0), new Semaphore(0)]
      const chooser = spawn(() => choose({ left: left.acquire(), right: right.acquire(), late: sleep(5) }))
      const releasers = [left, right].map((semaphore) =>
        spawn(function* () {
          yield* sleep(5)
          semaphore.release()
        }),
      )
      yield* ended(chooser, ...releasers)
      const chosen = Array.isArray(chooser.value) ? chooser.value[0] : 'nothing'
      if (left.counter !== (chosen === 'left' ? 0 : 1) || right.counter !== (chosen === 'right' ? 0 : 1)) {
        throw new Error(`chosen: ${chosen}; left: ${left.counter}; right: ${right.counter}`)
      }
      if (left.linkcount() + right.linkcount() > 0) throw new Error('somebody is left')
      return chosen
    })
    expect(all).toEqual(['late', 'left', 'right'])
  })

  it('hands over or takes, when both ends of two choosers meet', async () => {
    const all = await outcomes(function* () {
      const [to, from] = [new Channel<number>(), new Channel<number>()]
      const ann = spawn(() => choose({ put: to.put(1), got: from.get(), late: sleep(5) }))
      const bob = spawn(() => choose({ put: from.put(2), got: to.get(), late: sleep(5) }))
      yield* ended(ann, bob)
      if (to.balance !== 0 || from.balance !== 0) throw new Error('somebody is left')
      return [ann.value, bob.value]
    })
    expect(all).toEqual(['[["got",2],["put",null]]', '[["put",null],["got",1]]'])
  })
})

describe('race()', () => {
  it('gives the first event, and leaves none linked', async () => {
    const all = await outcomes(function* () {
      const [left, right] = [new Event(), new AsyncResult<string>()]
      const racer = spawn(() => race([left.wait(), right.get()]))
      const setters = [
        spawn(() => {
          left.set()
        }),
        spawn(() => {
          right.set('right')
        }),
      ]
      killer(racer)
      yield* ended(racer, ...setters)
      if (left.linkcount() + right.linkcount() > 0) throw new Error('somebody is left')
      return String(racer.value)
    })
    expect(all).toEqual(['GreenletExit', 'right', 'true'])
  })

  it('kills the loser, which has ended when it goes on', async () => {
    const all = await outcomes(function* (t) {
      const ends = t.shared({ begun: 0, ended: 0 }, 'ends')
      function* runner(name: string): Green<string> {
        ends.begun++
        try {
          yield* sleep(0)
          return name
        } finally {
          ends.ended++
        }
      }
      const first = yield* race([runner('left'), runner('right')])
      if (ends.begun !== ends.ended) throw new Error('somebody is left')
      return first
    })
    expect(all).toEqual(['left', 'right'])
  })
})

describe('all()', () => {
  it('gives all values in order, or is killed with all its branches', async () => {
    const all = await outcomes(function* () {
      const queue = new Queue<number>()
      const waiter = spawn(() => allOf([queue.get(), queue.get()]))
      const putters = [spawn(() => queue.put(1)), spawn(() => queue.put(2))]
      killer(waiter)
      yield* ended(waiter, ...putters)
      return Array.isArray(waiter.value) ? [...waiter.value].sort() : [queue.size]
    })
    expect(all).toEqual(['[1,2]', '[1]', '[2]']) // of one that is killed between the two the first item is gone with it
  })

  it('is left at once by a limit that comes while one of its branches ends', async () => {
    const all = await outcomes(function* () {
      const [event, limit] = [new Event(), { ms: 0, timeoutValue: 'late' }]
      const waiter = spawn(() => withTimeout(limit, () => allOf([event.wait(), () => sleep(0)])))
      yield* ended(waiter)
      if (event.linkcount() > 0) throw new Error('somebody is left')
      return waiter.value
    })
    expect(all).toEqual(['late'])
  })
})

describe('joinall(), wait(), iwait() and killall()', () => {
  it('go on when enough have ended, or the time has passed', async () => {
    const all = await outcomes(function* () {
      const [ann, bob] = [spawn(sleep, 5), spawn(sleep, 5)]
      yield* joinall([ann, bob], { count: 1, timeoutMs: 5 })
      const dead = [ann.dead, bob.dead]
      yield* ended(ann, bob)
      return dead
    })
    expect(all).toEqual(['[false,false]', '[false,true]', '[true,false]', '[true,true]'])
  })

  it('give those that are ready in the order in which they became so, and leave no link', async () => {
    const all = await outcomes(function* () {
      const [event, result, never] = [new Event(), new AsyncResult<number>(), new Semaphore(0)]
      const setters = [
        spawn(() => {
          event.set()
        }),
        spawn(() => {
          result.set(1)
        }),
      ]
      const ready = yield* wait([event, result, never], { timeoutMs: 5 })
      yield* ended(...setters)
      if (event.linkcount() + result.linkcount() + never.linkcount() > 0) throw new Error('a link is left')
      return ready.map((one) => (one === event ? 'event' : one === result ? 'result' : 'never'))
    })
    expect(all).toEqual(['["event","result"]', '["result","event"]'])
  })

  it('give each greenlet once, and let go of all when who waits is killed', async () => {
    const all = await outcomes(function* (t) {
      const seen = t.shared<string[]>([], 'seen')
      const never = new Semaphore(0)
      const workers = ['Ann', 'Bob'].map((name) =>
        spawn(function* () {
          yield* sleep(0)
          return name
        }),
      )
      const reader = spawn(function* () {
        using ended = iwait([never, ...workers], { timeoutMs: 5 })
        while (yield* ended.next())
          if (ended.value !== never) seen.push(String((ended.value as { value: unknown }).value))
      })
      yield* sleep(0)
      reader.kill()
      yield* ended(reader, ...workers)
      if (never.linkcount() > 0) throw new Error('a link is left')
      if (new Set(seen).size !== seen.length) throw new Error(`seen: ${seen.join()}`)
      return seen
    })
    expect(all).toEqual(['["Ann","Bob"]', '["Ann"]', '["Bob","Ann"]', '["Bob"]', '[]'])
  })

  it('end all of them, each killed once', async () => {
    const all = await outcomes(function* (t) {
      const kills = t.shared({ ann: 0, bob: 0 }, 'kills')
      function* work(name: 'ann' | 'bob'): Green<void> {
        try {
          yield* sleep(5)
        } catch (error) {
          kills[name]++
          throw error
        }
      }
      const workers = [spawn(work, 'ann'), spawn(work, 'bob')]
      yield* sleep(5)
      yield* killall(workers, undefined, { timeoutMs: 5 })
      if (workers.some(({ dead }) => !dead)) throw new Error('somebody lives')
      return [kills.ann, kills.bob]
    })
    expect(all).toEqual(['[0,0]', '[0,1]', '[1,0]', '[1,1]'])
  })
})
