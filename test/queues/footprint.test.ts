// What the operations of queues and channels look at and change: all that a schedule explorer knows of them.
import { Channel, LifoQueue, PriorityQueue, Queue, SimpleQueue, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { footprints, itKnowsAllOf, settle, touchedBy } from '../support/footprint.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const TRY = { block: false }

footprints(
  'Exchange',
  (wait) => {
    const [gets, puts, shut] = [new SimpleQueue<number>(), new SimpleQueue<number>(1, [1]), new SimpleQueue<number>()]
    shut.shutdown()
    const empty = new SimpleQueue<number>()
    return {
      empty,
      full: new SimpleQueue<number>(1, [1]),
      room: new SimpleQueue<number>(null, [1]),
      shut,
      gets,
      getter: wait(gets.get()),
      puts,
      putter: wait(puts.put(2)),
      cursor: empty.cursor(),
    }
  },
  {
    isShutdown: [({ shut }) => shut.isShutdown, 'reads shut'],
    'put()': [({ room }) => room.put(2), 'writes room'],
    'put() that waits': [({ full }) => full.put(2), 'writes full'],
    'put({ block: false }) without room': [({ full }) => full.put(2, TRY), 'reads full'],
    'put() with one who gets': [({ gets }) => gets.put(1), 'writes gets'],
    'put() after the shutdown': [({ shut }) => shut.put(1), 'reads shut'],
    'put() that is killed': [({ putter }) => void putter.kill(), 'writes puts, writes putter'],
    'putNowait()': [({ room }) => room.putNowait(2), 'writes room'],
    'putNowait() without room': [({ full }) => full.putNowait(2), 'reads full'],
    'get()': [({ room }) => room.get(), 'writes room'],
    'get() that waits': [({ empty }) => empty.get(), 'writes empty'],
    'get() that waits, with a limit': [({ empty }) => empty.get({ timeoutMs: 5 }), 'writes empty'],
    'get({ block: false }) of nothing': [({ empty }) => empty.get(TRY), 'reads empty'],
    'get() with one who puts': [({ puts }) => puts.get(), 'writes puts'],
    'get() after the shutdown': [({ shut }) => shut.get(), 'reads shut'],
    'get() that is killed': [({ getter }) => void getter.kill(), 'writes gets, writes getter'],
    'getNowait()': [({ room }) => room.getNowait(), 'writes room'],
    'getNowait() of nothing': [({ empty }) => empty.getNowait(), 'reads empty'],
    'cursor()': [({ room }) => room.cursor(), ''],
    'shutdown()': [({ gets }) => gets.shutdown(), 'writes gets'],
  },
)

footprints(
  'SimpleQueue',
  () => ({
    queue: new SimpleQueue<number>(2, [1]),
    empty: new SimpleQueue<number>(),
  }),
  {
    'maxsize, read': [({ queue }) => queue.maxsize, 'reads queue'],
    'maxsize, set': [
      ({ queue }) => {
        queue.maxsize = 3
      },
      'writes queue',
    ],
    size: [({ queue }) => queue.size, 'reads queue'],
    'qsize()': [({ queue }) => queue.qsize(), 'reads queue'],
    'empty()': [({ queue }) => queue.empty(), 'reads queue'],
    'full()': [({ queue }) => queue.full(), 'reads queue'],
    'peek()': [({ queue }) => queue.peek(), 'reads queue'],
    'peek() that waits': [({ empty }) => empty.peek(), 'writes empty'],
    'peekNowait()': [({ queue }) => queue.peekNowait(), 'reads queue'],
    'peekNowait() of nothing': [({ empty }) => empty.peekNowait(), 'reads empty'],
    'copy()': [({ queue }) => queue.copy(), 'reads queue'],
    'shutdown()': [({ queue }) => queue.shutdown(true), 'writes queue'],
  },
)

footprints(
  'Queue',
  (wait) => {
    const joined = new Queue<number>(null, [1])
    return {
      queue: new Queue<number>(null, [1]),
      done: new Queue<number>(),
      joined,
      joiner: wait(joined.join()),
    }
  },
  {
    unfinishedTasks: [({ queue }) => queue.unfinishedTasks, 'reads queue'],
    'taskDone()': [({ queue }) => queue.taskDone(), 'writes queue'],
    'taskDone() of the last one': [({ joined }) => joined.taskDone(), 'writes joined'],
    'taskDone() once too often': [({ done }) => done.taskDone(), 'writes done'],
    'join()': [({ queue }) => queue.join(), 'writes queue'],
    'join() of one whose tasks are done': [({ done }) => done.join(), 'reads done'],
    'join() that is killed': [({ joiner }) => void joiner.kill(), 'writes joined, writes joiner'],
  },
)

footprints('PriorityQueue', () => ({ queue: new PriorityQueue<number>(null, [2, 1]) }), {
  'copy()': [({ queue }) => queue.copy(), 'reads queue'],
  'get()': [({ queue }) => queue.get(), 'writes queue'],
  'put()': [({ queue }) => queue.put(1), 'writes queue'],
})

footprints('LifoQueue', () => ({ queue: new LifoQueue<number>(null, [2, 1]) }), {
  'copy()': [({ queue }) => queue.copy(), 'reads queue'],
  'get()': [({ queue }) => queue.get(), 'writes queue'],
  'put()': [({ queue }) => queue.put(1), 'writes queue'],
})

footprints(
  'Channel',
  (wait) => {
    const [gets, puts] = [new Channel<number>(), new Channel<number>()]
    return { channel: new Channel<number>(), gets, getter: wait(gets.get()), puts, putter: wait(puts.put(1)) }
  },
  {
    balance: [({ channel }) => channel.balance, 'reads channel'],
    // These are the same whatever happens.
    'qsize()': [({ channel }) => channel.qsize(), ''],
    size: [({ channel }) => channel.size, ''],
    'empty()': [({ channel }) => channel.empty(), ''],
    'full()': [({ channel }) => channel.full(), ''],
    'get() that waits': [({ channel }) => channel.get(), 'writes channel'],
    'get() of one who puts': [({ puts }) => puts.get(), 'writes puts'],
    'get() that is killed': [({ getter }) => void getter.kill(), 'writes gets, writes getter'],
    'getNowait() of nobody': [({ channel }) => channel.getNowait(), 'reads channel'],
    'put() that waits': [({ channel }) => channel.put(1), 'writes channel'],
    'put() to one who gets': [({ gets }) => gets.put(1), 'writes gets'],
    'putNowait() to nobody': [({ channel }) => channel.putNowait(1), 'reads channel'],
    'shutdown()': [({ gets }) => gets.shutdown(), 'writes gets'],
  },
)

itKnowsAllOf('queues', {
  Exchange: '',
  // The store of subclasses.
  SimpleQueue: 'toString init length insert remove look items seed copied',
  LifoQueue: 'init length insert remove look items',
  PriorityQueue: 'length insert remove look items',
  Channel: 'toString',
})

describe('a cursor', () => {
  it('is written by each step of its own, beside the queue', () => {
    const { clock } = virtualHub()
    const queue = new Queue<number>(null, [1])
    const cursor = queue.cursor()
    const steps: unknown[] = []
    const reader = spawn(function* () {
      while (yield* cursor.next()) steps.push(cursor.value)
    })
    const touched = touchedBy(() => {
      settle(clock)
    })
    expect([touched.get(cursor), touched.get(queue), steps]).toEqual([true, true, [1]])

    const put = touchedBy(() => {
      queue.putNowait(2)
    })
    expect([put.get(cursor), put.get(queue)]).toEqual([true, true])
    expect(touchedBy(() => cursor.value).get(cursor)).toBe(false)

    settle(clock)
    const disposed = touchedBy(() => {
      cursor[Symbol.dispose]()
    })
    expect([disposed.get(cursor), disposed.get(queue)]).toEqual([true, true])
    settle(clock)
    expect([steps, reader.ready()]).toEqual([[1, 2], true])
  })
})

it('a time limit that passes writes the queue, which has one less in its line', () => {
  const { clock } = virtualHub()
  const queue = new Queue<number>()
  const getter = spawn(() => queue.get({ timeoutMs: 5 }))
  settle(clock)
  const touched = touchedBy(() => {
    clock.run()
  })
  expect([touched.get(queue), String(getter.exception)]).toEqual([
    true,
    'Empty: queue.get() found nothing after 5 ms: the queue is empty.',
  ])
})
