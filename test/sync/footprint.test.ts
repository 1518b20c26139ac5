// What the operations of locks, events and results look at and change: all that a schedule explorer knows of them.
import {
  AsyncResult,
  BoundedSemaphore,
  Condition,
  DummySemaphore,
  Event,
  RLock,
  Semaphore,
  spawn,
  Timeout,
  Waiter,
} from 'greenloop'
import { expect, it } from 'vitest'
import { footprints, itKnowsAllOf, settle, theOneTouchedBy, touchedBy } from '../support/footprint.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const TRY = { blocking: false }
const nothing = (): void => undefined

footprints(
  'Linkable',
  () => {
    const told = new Event()
    told.rawlink(nothing)
    return { event: new Event(), told }
  },
  {
    'rawlink()': [({ event }) => event.rawlink(nothing), 'writes event'],
    'rawlink() of one that is there': [({ told }) => told.rawlink(nothing), 'reads told'],
    'unlink()': [({ told }) => told.unlink(nothing), 'writes told'],
    'unlink() of one that is not there': [({ event }) => event.unlink(nothing), 'reads event'],
    'linkcount()': [({ event }) => event.linkcount(), 'reads event'],
  },
)

footprints(
  'Event',
  (wait) => {
    const waited = new Event()
    const set = new Event()
    set.set()
    return { clear: new Event(), set, waited, waiting: wait(waited.wait()) }
  },
  {
    'set()': [({ clear }) => clear.set(), 'writes clear'],
    'set() of one that is set': [({ set }) => set.set(), 'writes set'],
    'clear()': [({ set }) => set.clear(), 'writes set'],
    'isSet()': [({ set }) => set.isSet(), 'reads set'],
    'ready()': [({ set }) => set.ready(), 'reads set'],
    'wait() of one that is set': [({ set }) => set.wait(), 'reads set'],
    'wait()': [({ clear }) => clear.wait(), 'writes clear'],
    'wait({ timeoutMs })': [({ clear }) => clear.wait({ timeoutMs: 5 }), 'writes clear'],
    'wait() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
  },
)

footprints(
  'AsyncResult',
  (wait) => {
    const [there, failed, waited] = [new AsyncResult<number>(), new AsyncResult(), new AsyncResult()]
    there.set(1)
    failed.setException(new Error('failed'))
    return { result: new AsyncResult<number>(), there, failed, waited, waiting: wait(waited.get()) }
  },
  {
    'ready()': [({ there }) => there.ready(), 'reads there'],
    'successful()': [({ there }) => there.successful(), 'reads there'],
    value: [({ there }) => there.value, 'reads there'],
    exception: [({ failed }) => failed.exception, 'reads failed'],
    'set()': [({ result }) => result.set(1), 'writes result'],
    'setException()': [({ result }) => result.setException(new Error('failed')), 'writes result'],
    'setResult()': [({ result }) => result.setResult(1), 'writes result'],
    'get() of one that is there': [({ there }) => there.get(), 'reads there'],
    'get() of one that has failed': [({ failed }) => failed.get(), 'reads failed'],
    'get()': [({ result }) => result.get(), 'writes result'],
    'get({ block: false })': [({ result }) => result.get({ block: false }), 'reads result'],
    'get() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
    'getNowait()': [({ result }) => result.getNowait(), 'reads result'],
    'wait() of one that is there': [({ there }) => there.wait(), 'reads there'],
    'wait()': [({ result }) => result.wait(), 'writes result'],
    'result()': [({ result }) => result.result(), 'writes result'],
    'done()': [({ there }) => there.done(), 'reads there'],
    'toPromise() of one that is there': [({ there }) => void there.toPromise(), 'reads there'],
  },
)

footprints(
  'Semaphore',
  (wait) => {
    const [none, waited] = [new Semaphore(0), new Semaphore(0)]
    return { free: new Semaphore(2), none, waited, waiting: wait(waited.acquire()) }
  },
  {
    counter: [({ free }) => free.counter, 'reads free'],
    'locked()': [({ free }) => free.locked(), 'reads free'],
    'ready()': [({ free }) => free.ready(), 'reads free'],
    'acquire()': [({ free }) => free.acquire(), 'writes free'],
    'acquire() that waits': [({ none }) => none.acquire(), 'writes none'],
    'acquire() that waits, with a limit': [({ none }) => none.acquire({ timeoutMs: 5 }), 'writes none'],
    'acquire({ blocking: false }) that gets nothing': [({ none }) => none.acquire(TRY), 'reads none'],
    'acquire() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
    'acquireNowait()': [({ free }) => free.acquireNowait(), 'writes free'],
    'acquireNowait() that gets nothing': [({ none }) => none.acquireNowait(), 'reads none'],
    'release()': [({ none }) => none.release(), 'writes none'],
    'release() with one who waits': [({ waited }) => waited.release(), 'writes waited'],
    'wait()': [({ none }) => none.wait(), 'writes none'],
    'wait() with one that is free': [({ free }) => free.wait(), 'reads free'],
    'hold()': [({ free }) => free.hold(), 'writes free'],
    'with()': [({ free }) => free.with(nothing), 'writes free'],
  },
)

footprints('BoundedSemaphore', () => ({ free: new BoundedSemaphore(1), none: new BoundedSemaphore(1) }), {
  'release()': [
    ({ none }) => {
      none.acquireNowait()
      none.release()
    },
    'writes none',
  ],
  'release() once too often': [({ free }) => free.release(), 'reads free'],
})

footprints('DummySemaphore', () => ({ dummy: new DummySemaphore() }), {
  'acquire()': [({ dummy }) => dummy.acquire(), ''],
  'acquireNowait()': [({ dummy }) => dummy.acquireNowait(), ''],
  'release()': [({ dummy }) => dummy.release(), ''],
})

footprints(
  'RLock',
  (wait) => {
    const [free, taken] = [new RLock(), new RLock()]
    const [lock, other] = [free, taken].map((one) => theOneTouchedBy(() => one.owner)) // what stands for them
    wait(taken.acquire())
    return { free, taken, lock, other, waiting: wait(taken.acquire()) }
  },
  {
    owner: [({ free }) => free.owner, 'reads lock'],
    'locked()': [({ free }) => free.locked(), 'reads lock'],
    'isOwned()': [({ free }) => free.isOwned(), 'reads lock'],
    'acquire()': [({ free }) => free.acquire(), 'writes lock'],
    'acquire() that waits': [({ taken }) => taken.acquire(), 'writes other'],
    'acquire({ blocking: false }) that gets nothing': [({ taken }) => taken.acquire(TRY), 'reads other'],
    'acquire() that is killed': [({ waiting }) => void waiting.kill(), 'writes other, writes waiting'],
    'acquireNowait()': [({ free }) => free.acquireNowait(), 'writes lock'],
    'acquireNowait() that gets nothing': [({ taken }) => taken.acquireNowait(), 'reads other'],
    'release()': [
      ({ free }) => {
        free.acquireNowait()
        free.release()
      },
      'writes lock',
    ],
    'release() by another one': [({ taken }) => taken.release(), 'writes other'],
    'hold()': [({ free }) => free.hold(), 'writes lock'],
    'with()': [({ free }) => free.with(nothing), 'writes lock'],
  },
)

footprints(
  'Condition',
  (wait) => {
    const lock = new Semaphore()
    const condition = new Condition(lock)
    const waited = new Condition(new Semaphore())
    return { lock, condition, waited, waiting: wait(waited.with(() => waited.wait())) }
  },
  {
    waiting: [({ condition }) => condition.waiting, 'reads condition'],
    'acquire()': [({ condition }) => condition.acquire(), 'writes lock'],
    'release()': [({ condition }) => condition.release(), 'writes lock'],
    'hold()': [({ condition }) => condition.hold(), 'writes lock'],
    'with()': [({ condition }) => condition.with(nothing), 'writes lock'],
    'wait()': [({ condition }) => condition.with(() => condition.wait()), 'writes lock, writes condition'],
    'wait() without the lock': [({ condition }) => condition.wait(), 'reads lock'],
    'wait() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
    'waitFor()': [
      ({ condition }) => condition.with(() => condition.waitFor(() => false)),
      'writes lock, writes condition',
    ],
    'notify() of nobody': [
      ({ condition }) => condition.with(() => condition.notify()),
      'writes lock, writes condition',
    ],
    'notify() without the lock': [({ condition }) => condition.notify(), 'reads lock'],
    'notifyAll()': [({ condition }) => condition.with(() => condition.notifyAll()), 'writes lock, writes condition'],
  },
)

footprints(
  'Waiter',
  (wait) => {
    const [there, waited] = [new Waiter<number>(), new Waiter<number>()]
    there.switch(1)
    return { waiter: new Waiter<number>(), there, waited, waiting: wait(waited.get()) }
  },
  {
    'ready()': [({ waiter }) => waiter.ready(), 'reads waiter'],
    'successful()': [({ waiter }) => waiter.successful(), 'reads waiter'],
    'switch()': [({ waiter }) => waiter.switch(1), 'writes waiter'],
    'throw()': [({ waiter }) => waiter.throw(new Error('thrown')), 'writes waiter'],
    'clear()': [({ there }) => there.clear(), 'writes there'],
    'get()': [({ waiter }) => waiter.get(), 'writes waiter'],
    'get() of what is there': [({ there }) => there.get(), 'reads there'],
    'get() where one waits': [({ waited }) => waited.get(), 'reads waited'],
    'get() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
  },
)

itKnowsAllOf('sync', {
  Linkable: 'changed due lingers linked telling toString ready', // for subclasses
  Event: 'begin lingers toString',
  // Nothing is ever cancelled.
  AsyncResult: 'toString cancel cancelled',
  Semaphore: 'due toString',
  BoundedSemaphore: 'toString',
  DummySemaphore: 'toString',
  RLock: 'toString',
  Condition: 'toString',
  Waiter: 'begin leave toString',
})

it('the turn in which an object tells those who wait for it writes it', () => {
  const { clock } = virtualHub()
  const event = new Event()
  const waiting = spawn(() => event.wait())
  settle(clock)
  event.set()
  const touched = touchedBy(() => {
    settle(clock)
  })
  expect([touched.get(event), waiting.ready()]).toEqual([true, true])
})

it('what hold() gives is written when it is disposed of, also the second time', () => {
  const { clock } = virtualHub()
  const semaphore = new Semaphore()
  let held: Disposable | null = null
  spawn(function* () {
    held = yield* semaphore.hold()
  })
  settle(clock)
  for (const touches of [true, undefined]) {
    const touched = touchedBy(() => held?.[Symbol.dispose]())
    expect([touched.get(held as unknown as object), touched.get(semaphore)]).toEqual([true, touches])
  }
})

it('a wait whose time limit passes writes what it waited for', () => {
  const { clock } = virtualHub()
  const semaphore = new Semaphore(0)
  const waiting = spawn(() => semaphore.acquire({ timeoutMs: 5 }))
  settle(clock)
  const touched = touchedBy(() => {
    clock.run()
  })
  expect([touched.get(semaphore), waiting.value]).toEqual([true, false])
})

it('a Timeout is written by its start, its end and its expiry, which writes the greenlet too, even a dead one', () => {
  const { clock } = virtualHub()
  const timeout = new Timeout(5)
  const greenlet = spawn(() => timeout.start())
  expect(
    touchedBy(() => {
      settle(clock)
    }).get(timeout),
  ).toBe(true)
  expect([touchedBy(() => timeout.pending).get(timeout), greenlet.dead]).toEqual([false, true])
  const touched = touchedBy(() => {
    clock.run()
  })
  expect([touched.get(timeout), touched.get(greenlet)]).toEqual([true, true])
  expect(
    touchedBy(() => {
      timeout.cancel()
    }).get(timeout),
  ).toBe(true)
})
