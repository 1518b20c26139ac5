// Event and AsyncResult under all schedules, with kills and timeouts: whoever waits is told, once, and nobody is left in the list.
import { AsyncResult, Event, type Green, type Operation, sleep, spawn, Timeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { ended, killer, outcomes } from '../support/explored.ts'

checkLeaks()

function* orTimeout<T>(wait: Operation<T>): Green<T | string> {
  try {
    return yield* wait
  } catch (error) {
    return error instanceof Timeout ? 'late' : String(error)
  }
}

describe('an Event', () => {
  it('wakes all who wait and are not killed', async () => {
    const all = await outcomes(function* (t) {
      const event = new Event()
      const woken = t.shared<string[]>([], 'woken')
      function* wait(name: string): Green<void> {
        if (yield* event.wait()) woken.push(name)
      }
      const [ann, bob] = [spawn(wait, 'Ann'), spawn(wait, 'Bob')]
      killer(ann)
      event.set()
      yield* ended(ann, bob)
      if (event.linkcount() > 0) throw new Error('somebody is left')
      return [...woken].sort().join()
    })
    expect(all).toEqual(['Ann,Bob', 'Bob'])
  })

  it('wakes those who waited when it was set, though it is cleared at once', async () => {
    const all = await outcomes(function* () {
      const event = new Event()
      const [ann, bob] = [spawn(() => event.wait()), spawn(() => event.wait({ timeoutMs: 2 }))]
      yield* sleep(1)
      killer(ann)
      event.set()
      event.clear()
      yield* ended(ann, bob)
      if (event.linkcount() > 0) throw new Error('somebody is left')
      return bob.value
    })
    expect(all).toEqual(['true'])
  })

  it('is set or late, when the two are due at once, for each who waits', async () => {
    const all = await outcomes(function* () {
      const event = new Event()
      const [ann, bob] = [spawn(() => event.wait({ timeoutMs: 5 })), spawn(() => event.wait({ timeoutMs: 5 }))]
      yield* sleep(5)
      event.set()
      yield* ended(ann, bob)
      if (event.linkcount() > 0) throw new Error('somebody is left')
      return [ann.value, bob.value]
    })
    expect(all).toEqual(['[false,false]', '[false,true]', '[true,false]', '[true,true]'])
  })

  it('calls its links once each, whatever is linked and taken back meanwhile', async () => {
    const all = await outcomes(function* (t) {
      const event = new Event()
      const calls = t.shared({ one: 0, other: 0 }, 'calls')
      const one = (): void => {
        calls.one++
      }
      const other = (): void => {
        calls.other++
      }
      event.rawlink(one)
      const linker = spawn(() => event.rawlink(other))
      const unlinker = spawn(() => event.unlink(one))
      event.set()
      yield* ended(linker, unlinker)
      if (event.linkcount() > 0) throw new Error('a link is left')
      return [calls.one, calls.other]
    })
    expect(all).toEqual(['[0,1]', '[1,1]'])
  })
})

describe('an AsyncResult', () => {
  it('gives the value to all who wait and are not killed', async () => {
    const all = await outcomes(function* () {
      const result = new AsyncResult<number>()
      const [ann, bob] = [spawn(() => result.get()), spawn(() => result.get())]
      killer(ann)
      result.set(1)
      yield* ended(ann, bob)
      if (result.linkcount() > 0) throw new Error('somebody is left')
      if (bob.value !== 1) throw new Error('Bob has no value')
      return ann.value === 1
    })
    expect(all).toEqual(['false', 'true'])
  })

  it('has a value, an error or neither, when all are due at once', async () => {
    const all = await outcomes(function* () {
      const result = new AsyncResult<string>()
      const ann = spawn(() => orTimeout(result.get({ timeoutMs: 5 })))
      const setter = spawn(function* () {
        yield* sleep(5)
        result.set('value')
      })
      const breaker = spawn(function* () {
        yield* sleep(5)
        result.setException(new Error('error'))
      })
      yield* ended(ann, setter, breaker)
      if (result.linkcount() > 0) throw new Error('somebody is left')
      return ann.value
    })
    expect(all).toEqual(['Error: error', 'late', 'value'])
  })

  it('has the outcome of the greenlet that it is linked to, also when that is killed', async () => {
    const all = await outcomes(function* () {
      const result = new AsyncResult()
      const worker = spawn(function* () {
        yield* sleep(0)
        return 'done'
      })
      worker.link(result)
      killer(worker)
      yield* ended(worker)
      return String(yield* result.get())
    })
    expect(all).toEqual(['GreenletExit', 'done'])
  })
})
