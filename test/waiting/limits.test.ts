// timeoutMs of every call that waits: its own limit, a Timeout as limit, and a Timeout around it.
import {
  AsyncResult,
  all,
  any,
  Channel,
  Condition,
  choose,
  Event,
  type Green,
  Greenlet,
  Group,
  iwait,
  joinall,
  killall,
  type Operation,
  Pool,
  Queue,
  RLock,
  race,
  Semaphore,
  SimpleQueue,
  sleep,
  spawn,
  Timeout,
  until,
  Waiter,
  wait,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { type VirtualHub, virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A call that waits for what does not come. */
type Call = (timeoutMs: number | Timeout) => Operation<unknown> | (() => Green<unknown>)

/** Somebody who never ends. */
const never = (): Greenlet => spawn(sleep, Infinity)
/** Somebody who does not even end when killed. */
function* stubborn(): Green<Greenlet> {
  const greenlet = spawn(function* () {
    try {
      yield* sleep(Infinity)
    } finally {
      yield* sleep(Infinity)
    }
  })
  yield* sleep(0)
  return greenlet
}

function fullQueue(): Queue<number> {
  return new Queue(1, [1])
}

function taken(lock = new Semaphore(1)): Semaphore {
  lock.acquireNowait()
  return lock
}

function* heldLock(): Green<RLock> {
  const lock = new RLock()
  spawn(function* () {
    yield* lock.acquire()
    yield* sleep(Infinity)
  })
  yield* sleep(0)
  return lock
}

/** What a call gives when its time has passed: nothing special, or the error of a Timeout. */
const goesOn: Record<string, Call> = {
  'greenlet.join()': (timeoutMs) => never().join({ timeoutMs }),
  'greenlet.kill()': (timeoutMs) =>
    function* () {
      yield* (yield* stubborn()).kill(undefined, { timeoutMs })
    },
  'joinall()': (timeoutMs) => joinall([never()], { timeoutMs }),
  'wait()': (timeoutMs) => wait([new Event()], { timeoutMs }),
  'wait() for idleness': (timeoutMs) => {
    spawn(sleep, 60)
    return wait(null, { timeoutMs })
  },
  'event.wait()': (timeoutMs) => new Event().wait({ timeoutMs }),
  'result.wait()': (timeoutMs) => new AsyncResult().wait({ timeoutMs }),
  'semaphore.acquire()': (timeoutMs) => taken().acquire({ timeoutMs }),
  'semaphore.wait()': (timeoutMs) => taken().wait({ timeoutMs }),
  'rlock.acquire()': (timeoutMs) =>
    function* () {
      yield* (yield* heldLock()).acquire({ timeoutMs })
    },
  'condition.wait()': (timeoutMs) =>
    function* () {
      const condition = new Condition()
      yield* condition.with(() => condition.wait({ timeoutMs }))
    },
  'condition.waitFor()': (timeoutMs) =>
    function* () {
      const condition = new Condition()
      yield* condition.with(() => condition.waitFor(() => false, { timeoutMs }))
    },
  'queue.join()': (timeoutMs) => fullQueue().join({ timeoutMs }),
  'group.join()': (timeoutMs) => new Group([never()]).join({ timeoutMs }),
  'group.kill()': (timeoutMs) =>
    function* () {
      yield* new Group([yield* stubborn()]).kill(undefined, { timeoutMs })
    },
  'iwait().next()': (timeoutMs) => iwait([new Event()], { timeoutMs }).next(),
}

/** Calls that give a value, or throw what their Timeout throws. */
const throws: Record<string, Call> = {
  'greenlet.get()': (timeoutMs) => never().get({ timeoutMs }),
  'killall()': (timeoutMs) =>
    function* () {
      yield* killall([yield* stubborn()], undefined, { timeoutMs })
    },
  'result.get()': (timeoutMs) => new AsyncResult().get({ timeoutMs }),
  'queue.get()': (timeoutMs) => new Queue().get({ timeoutMs }),
  'queue.peek()': (timeoutMs) => new Queue().peek({ timeoutMs }),
  'queue.put()': (timeoutMs) => fullQueue().put(2, { timeoutMs }),
  'simple.get()': (timeoutMs) => new SimpleQueue().get({ timeoutMs }),
  'channel.get()': (timeoutMs) => new Channel().get({ timeoutMs }),
  'channel.put()': (timeoutMs) => new Channel<number>().put(1, { timeoutMs }),
  'choose()': (timeoutMs) => choose({ item: new Queue().get() }, { timeoutMs }),
  'race()': (timeoutMs) => race([new Queue().get()], { timeoutMs }),
  'any()': (timeoutMs) => any([new Queue().get()], { timeoutMs }),
  'all()': (timeoutMs) => all([new Queue().get()], { timeoutMs }),
}

/** Calls without a limit of their own. */
const unlimited: Record<string, Call> = {
  'sleep()': () => sleep(50),
  'until()': () => until(new Promise(() => undefined)),
  'waiter.get()': () => new Waiter().get(),
  'pool.join()': () =>
    function* () {
      const pool = new Pool(1)
      yield* pool.spawn(sleep, Infinity)
      yield* pool.join()
    },
  'pool.spawn()': () =>
    function* () {
      const pool = new Pool(1)
      yield* pool.spawn(sleep, Infinity)
      yield* pool.spawn(sleep, Infinity)
    },
}

/** What a greenlet throws that makes a call; null: nothing. Afterwards everybody is killed, and nothing may be left. */
function outcomeOf(body: (setting: VirtualHub) => Green<unknown>): [error: unknown, endedAt: number] {
  const setting = virtualHub()
  const { hub, clock } = setting
  catchReports()
  let endedAt = NaN
  const greenlet = spawn(function* () {
    try {
      yield* body(setting)
      return null
    } catch (error) {
      return error
    } finally {
      endedAt = clock.now()
    }
  })
  clock.run()
  expect([greenlet.ready(), hub.timers.count, hub.outstanding]).toEqual([true, 0, 0])
  for (let round = 0; round < 3; round++) {
    for (const task of hub.living()) task.kill()
    clock.run()
  }
  expect(hub.living()).toEqual([])
  return [greenlet.value, endedAt]
}

/** Drives a call, whichever form it has. */
function* drive(made: ReturnType<Call>): Green<unknown> {
  return yield* typeof made === 'function' ? made() : made
}

describe('a call that waits', () => {
  for (const [name, call] of Object.entries({ ...goesOn, ...throws, ...unlimited })) {
    it(`${name} lets a Timeout through that is around it and shorter: that very object`, () => {
      let outer!: Timeout
      const outcome = outcomeOf(function* () {
        outer = Timeout.startNew(5)
        yield* drive(call(50))
      })
      expect(outcome).toEqual([outer, 5])
      expect(outcome[0]).toBe(outer)
    })
  }

  for (const [name, call] of Object.entries(goesOn)) {
    it(`${name} goes on when its timeoutMs have passed, be they a number or a Timeout`, () => {
      expect(outcomeOf(() => drive(call(5)))).toEqual([null, 5])
      expect(outcomeOf(() => drive(call(new Timeout(5))))).toEqual([null, 5])
    })
  }

  for (const [name, call] of Object.entries(throws)) {
    it(`${name} throws the Timeout that it was given, or the error of that`, () => {
      const timeout = new Timeout(5)
      const outcome = outcomeOf(() => drive(call(timeout)))
      expect(outcome).toEqual([timeout, 5])
      expect(outcome[0]).toBe(timeout)
      const mine = new RangeError('mine')
      expect(outcomeOf(() => drive(call(new Timeout(5, mine))))[0]).toBe(mine)
    })

    it(`${name} throws an error of its own when its timeoutMs are a number`, () => {
      const [error, endedAt] = outcomeOf(() => drive(call(5)))
      expect(error).toBeInstanceOf(Error)
      expect(endedAt).toBe(5)
    })
  }

  for (const [name, call] of Object.entries({ ...goesOn, ...throws })) {
    it(`${name} leaves a Timeout that runs already to fire by itself`, () => {
      let timeout!: Timeout
      const outcome = outcomeOf(function* () {
        timeout = Timeout.startNew(5)
        yield* sleep(2)
        yield* drive(call(timeout))
      })
      expect(outcome).toEqual([timeout, 5])
    })
  }
})
