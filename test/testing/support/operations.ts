/**
 * What the greenlets of small programs do: the operations of cells, locks, events, queues, time, of each other.
 *
 * They come in groups, and each group says what of the world it needs, since an execution makes nothing else.
 */
import {
  AsyncResult,
  BoundedSemaphore,
  Channel,
  Condition,
  choose,
  Event,
  Greenlet,
  Group,
  getcurrent,
  getHub,
  idle,
  joinall,
  kill,
  killall,
  LifoQueue,
  nursery,
  Pool,
  Queue,
  RawGreenlet,
  RLock,
  race,
  Semaphore,
  SimpleQueue,
  sleep,
  spawnLater,
  Timeout,
  Waiter,
  wait,
  withTimeout,
} from 'greenloop'
import { reads, writes } from '../../../src/greenlet/footprint.ts'
import type { ScheduleContext } from '../../../src/testing/execution/body.ts'

/** Two cells that are one object to an explorer. To make a view of `t.shared` costs as much as half of an execution. */
class Cells {
  #x = 0
  #y = 0

  constructor() {
    writes(this)
  }

  get x(): number {
    reads(this)
    return this.#x
  }

  set x(value: number) {
    writes(this)
    this.#x = value
  }

  get y(): number {
    reads(this)
    return this.#y
  }

  set y(value: number) {
    writes(this)
    this.#y = value
  }
}

/** What the greenlets may share. */
interface Things {
  readonly lock: Semaphore
  readonly other: BoundedSemaphore
  readonly owned: RLock
  readonly permits: Semaphore
  readonly event: Event
  readonly result: AsyncResult<number>
  readonly condition: Condition
  readonly waiter: Waiter<number>
  readonly queue: Queue<number>
  readonly simple: SimpleQueue<number>
  readonly stack: LifoQueue<number>
  readonly channel: Channel<number>
  readonly group: Group
  readonly pool: Pool
  readonly timeout: Timeout
  readonly fresh: Greenlet<number>
  /** Answers whoever switches to it. */
  readonly raw: RawGreenlet
}

/** How they are made. */
const MAKERS: { readonly [K in keyof Things]: (cells: { y: number }) => Things[K] } = {
  lock: () => new Semaphore(),
  other: () => new BoundedSemaphore(),
  owned: () => new RLock(),
  permits: () => new Semaphore(0),
  event: () => new Event(),
  result: () => new AsyncResult<number>(),
  condition: () => new Condition(new Semaphore()),
  waiter: () => new Waiter<number>(),
  queue: () => new Queue<number>(1),
  simple: () => new SimpleQueue<number>(),
  stack: () => new LifoQueue<number>(),
  channel: () => new Channel<number>(),
  group: () => new Group(),
  pool: () => new Pool(1),
  timeout: () => new Timeout(1),
  fresh: (cells) => new Greenlet(() => (cells.y += 1)),
  raw: () =>
    new RawGreenlet(function* (from: RawGreenlet) {
      for (let caller = from; ; ) caller = (yield* caller.switch('back')) as RawGreenlet // as it was given
    }),
}

/** All that the greenlets of a program share, made anew for each execution. Things that its operations do not need are not there. */
export interface World extends Things {
  readonly cells: { x: number; y: number }
  readonly greenlets: Greenlet[]
  /** What each of them has seen, in order. */
  readonly seen: string[][]
  /** A mistake of the test. */
  broken: Error | null
}

/** Makes what operations of these groups need. */
export function makeWorld(t: ScheduleContext, groups: Iterable<GroupName>): World {
  const used = [...groups]
  const cells = used.includes('cells') ? t.shared({ x: 0, y: 0 }) : new Cells()
  const names = new Set(used.flatMap((group) => GROUPS[group].needs.split(' ')))
  const things = Object.fromEntries(
    [...names].filter((name) => name !== '').map((name) => [name, MAKERS[name as keyof Things](cells)]),
  ) // groups name only these
  return { ...(things as unknown as Things), cells, greenlets: [], seen: [], broken: null } // those that are needed
}

/** The next greenlet of the circle. */
function next({ greenlets }: World, self: number, by = 1): Greenlet {
  return greenlets[(self + by) % greenlets.length] as Greenlet // it is within
}

/** One operation. What it answers is driven, if it can be, and noted; `undefined` is not. */
type Act = (world: World, self: number) => unknown

/** How an operation counts: how many steps of its greenlet, and how many of others that it may bring about. */
export interface Kind {
  readonly act: Act
  readonly steps: number
  readonly others: number
}

/** A group of operations. */
export type GroupName =
  | 'cells'
  | 'locks'
  | 'semaphores'
  | 'events'
  | 'conditions'
  | 'queues'
  | 'exchanges'
  | 'timers'
  | 'kills'
  | 'several'
  | 'children'
  | 'maps'
  | 'unstarted'
  | 'switches'

interface OfOneKind {
  /** The names of the things. */
  readonly needs: string
  readonly kinds: Readonly<Record<string, Kind>>
}

function kind(act: Act, steps = 1, others = 0): Kind {
  return { act, steps, others }
}

const NOT_BLOCKING = { block: false }
const TRY = { blocking: false }
const ONE_MS = { timeoutMs: 1 }

/** The operations, by what they are about. A name that ends in `!` suspends its greenlet in the middle. */
const GROUPS: Readonly<Record<GroupName, OfOneKind>> = {
  cells: {
    needs: '',
    kinds: {
      'read x': kind(({ cells }) => cells.x, 0),
      'write x': kind(({ cells }, self) => void (cells.x = 10 + self), 0),
      'write y': kind(({ cells }, self) => void (cells.y = 20 + self), 0),
      'read y': kind(({ cells }) => cells.y, 0),
      'add x': kind(function* ({ cells }) {
        const { x } = cells
        yield* sleep(0)
        cells.x = x + 1
      }),
      pause: kind(() => sleep(0)),
    },
  },
  locks: {
    needs: 'lock other owned',
    kinds: {
      'add x, locked': kind(
        ({ lock, cells }) =>
          lock.with(() => {
            cells.x += 1
          }),
        1,
        1,
      ),
      'add x twice, locked': kind(
        ({ lock, cells }) =>
          lock.with(function* () {
            const { x } = cells
            yield* sleep(0)
            cells.x = x + 1
          }),
        2,
        1,
      ),
      'lock, then the other': kind(({ lock, other }) => lock.with(() => other.with(() => 'both')), 2, 1),
      'the other, then lock': kind(({ lock, other }) => other.with(() => lock.with(() => 'both')), 2, 1),
      'lock, at once': kind(({ lock }) => lock.acquireNowait(), 0),
      unlock: kind(({ lock }) => lock.release(), 0, 1),
      'unlock the other': kind(({ other }) => other.release(), 0, 1),
      'is it locked': kind(({ lock }) => lock.locked(), 0),
      'own it twice': kind(({ owned, cells }) => owned.with(() => owned.with(() => ++cells.y)), 2, 1),
      'own it, at once': kind(({ owned }) => owned.acquireNowait(), 0),
      'disown it': kind(({ owned }) => owned.release(), 0, 1),
      'hold it': kind(
        function* ({ lock }) {
          using _held = yield* lock.hold(ONE_MS)
          yield* sleep(0)
        },
        2,
        2,
      ),
    },
  },
  semaphores: {
    needs: 'permits',
    kinds: {
      acquire: kind(({ permits }) => permits.acquire()),
      'acquire, 1 ms': kind(({ permits }) => permits.acquire(ONE_MS), 1, 1),
      'acquire, at once': kind(({ permits }) => permits.acquire(TRY)),
      release: kind(({ permits }) => permits.release(), 0, 1),
      'release two': kind(({ permits }) => [permits.release(), permits.release()], 0, 1),
      counter: kind(({ permits }) => permits.counter, 0),
      'wait for a permit': kind(({ permits }) => permits.wait(ONE_MS), 1, 1),
      'links of permits': kind(({ permits }) => permits.linkcount(), 0),
    },
  },
  events: {
    needs: 'event result',
    kinds: {
      set: kind(({ event }) => event.set(), 0, 1),
      clear: kind(({ event }) => event.clear(), 0),
      'is it set': kind(({ event }) => event.isSet(), 0),
      'wait for it': kind(({ event }) => event.wait()),
      'wait for it, 1 ms': kind(({ event }) => event.wait(ONE_MS), 1, 1),
      'link it': kind(({ event, cells }) => event.rawlink(() => void (cells.y += 1)), 0, 1),
      'set the result': kind(({ result }, self) => result.set(self), 0, 1),
      'get the result': kind(({ result }) => result.get(ONE_MS), 1, 1),
      'the result now': kind(({ result }) => result.getNowait(), 0),
      'fail the result': kind(({ result }) => result.setException(new Error('failed')), 0, 1),
    },
  },
  conditions: {
    needs: 'condition waiter',
    kinds: {
      'wait to be notified': kind(({ condition }) => condition.with(() => condition.wait()), 3, 1),
      'wait to be notified, 1 ms': kind(({ condition }) => condition.with(() => condition.wait(ONE_MS)), 3, 2),
      notify: kind(({ condition }) => condition.with(() => condition.notify()), 1, 1),
      'notify all': kind(({ condition }) => condition.with(() => condition.notifyAll()), 1, 1),
      'how many wait': kind(({ condition }) => condition.waiting, 0),
      'hand over': kind(({ waiter }, self) => waiter.switch(self), 0),
      'take over': kind(({ waiter }) => waiter.get()),
      'forget it': kind(({ waiter }) => waiter.clear(), 0),
      'is it there': kind(({ waiter }) => waiter.ready(), 0),
    },
  },
  queues: {
    needs: 'queue',
    kinds: {
      put: kind(({ queue }, self) => queue.put(self)),
      'put, 1 ms': kind(({ queue }, self) => queue.put(self, ONE_MS), 1, 1),
      'put, at once': kind(({ queue }, self) => queue.put(self, NOT_BLOCKING)),
      get: kind(({ queue }) => queue.get()),
      'get, 1 ms': kind(({ queue }) => queue.get(ONE_MS), 1, 1),
      'get, now': kind(({ queue }) => queue.getNowait(), 0),
      size: kind(({ queue }) => queue.qsize(), 0),
      peek: kind(({ queue }) => queue.peek()),
      done: kind(({ queue }) => queue.taskDone(), 0),
      'join it': kind(({ queue }) => queue.join(ONE_MS), 1, 1),
      shutdown: kind(({ queue }) => queue.shutdown(), 0),
      wider: kind(({ queue }) => void (queue.maxsize = 2), 0),
    },
  },
  exchanges: {
    needs: 'simple stack channel',
    kinds: {
      push: kind(({ stack }, self) => stack.putNowait(self), 0),
      pop: kind(({ stack }) => stack.get(ONE_MS), 1, 1),
      send: kind(({ channel }, self) => channel.put(self)),
      'send, 1 ms': kind(({ channel }, self) => channel.put(self, ONE_MS), 1, 1),
      'send, now': kind(({ channel }, self) => channel.putNowait(self), 0),
      receive: kind(({ channel }) => channel.get()),
      'receive, 1 ms': kind(({ channel }) => channel.get(ONE_MS), 1, 1),
      balance: kind(({ channel }) => channel.balance, 0),
      'put simply': kind(({ simple }, self) => simple.putNowait(self), 0),
      'read on': kind(function* ({ simple }) {
        using cursor = simple.cursor()
        return (yield* cursor.next()) && cursor.value
      }),
    },
  },
  timers: {
    needs: 'event timeout',
    kinds: {
      'sleep 1 ms': kind(() => sleep(1), 1, 1),
      'sleep 2 ms': kind(() => sleep(2), 1, 1),
      'the time': kind(() => getHub().clock.now(), 0),
      'write x later': kind(
        function* ({ cells }, self) {
          yield* sleep(1)
          cells.x = self
        },
        1,
        1,
      ),
      'at most 1 ms': kind(({ event }) => withTimeout(1, () => event.wait()), 1, 1),
      'at most 2 ms, sleeping 1 ms twice': kind(
        () =>
          withTimeout(2, function* () {
            yield* sleep(1)
            yield* sleep(1)
          }),
        2,
        3,
      ),
      'a timeout that is left': kind(() => void new Timeout(1).start(), 0, 1),
      'start the timeout': kind(({ timeout }) => void timeout.start(), 0, 1),
      'stop the timeout': kind(({ timeout }) => timeout.cancel(), 0),
      'does the timeout run': kind(({ timeout }) => timeout.pending, 0),
      pause: kind(() => sleep(0)),
    },
  },
  kills: {
    needs: '',
    kinds: {
      'kill the next': kind((world, self) => void next(world, self).kill(), 0, 1),
      'kill the next, and wait': kind((world, self) => next(world, self).kill(), 1, 2),
      'kill the one before': kind((world, self) => void next(world, self, world.greenlets.length - 1).kill(), 0, 1),
      'kill by an error': kind((world, self) => void next(world, self).kill(new Error('killed')), 0, 1),
      'join the next': kind((world, self) => next(world, self).join(ONE_MS), 1, 2),
      'get the next': kind((world, self) => next(world, self).get(), 1, 1),
      'get the next, now': kind((world, self) => next(world, self).get(NOT_BLOCKING), 1),
      'is the next dead': kind((world, self) => next(world, self).dead, 0),
      'join all others': kind(
        (world, self) =>
          joinall(
            world.greenlets.filter((_, place) => place !== self),
            { raiseError: true },
          ),
        1,
        2,
      ),
      'link the next': kind((world, self) => next(world, self).rawlink(() => void (world.cells.y += 1)), 0, 1),
      'unlink all of the next': kind((world, self) => next(world, self).unlinkAll(), 0),
      'links of the next': kind((world, self) => next(world, self).hasLinks(), 0),
      fail: kind(() => {
        throw new Error('on purpose')
      }, 0),
      pause: kind(() => sleep(0)),
      'keep on': kind(function* ({ cells }) {
        try {
          yield* sleep(0)
        } finally {
          cells.y += 1
        }
      }),
    },
  },
  several: {
    needs: 'event permits queue channel result',
    kinds: {
      'the event or a permit': kind(({ event, permits }) => choose({ set: event.wait(), permit: permits.acquire() })),
      'an item or 1 ms': kind(({ queue }) => choose({ item: queue.get(), late: sleep(1) }), 1, 1),
      'the first of both': kind(({ channel, event }) => race([channel.get(), event.wait()])),
      'wait for both': kind(({ event, result }) => wait([event, result], ONE_MS), 1, 2),
      'wait for one': kind(({ event, result }) => wait([event, result], { count: 1 }), 1, 1),
      set: kind(({ event }) => event.set(), 0, 1),
      'set the result': kind(({ result }, self) => result.set(self), 0, 1),
      release: kind(({ permits }) => permits.release(), 0, 1),
      put: kind(({ queue }, self) => queue.putNowait(self), 0),
      send: kind(({ channel }, self) => channel.putNowait(self), 0),
    },
  },
  children: {
    needs: 'group pool',
    kinds: {
      'spawn in the group': kind(({ group, cells }) => void group.spawn(() => void (cells.x += 1)), 0, 2),
      'join the group': kind(({ group }) => group.join(), 1),
      'how many in the group': kind(({ group }) => group.size, 0),
      'kill the group': kind(({ group }) => void group.kill(), 0, 1),
      'spawn in the pool': kind(({ pool, cells }) => pool.spawn(() => void (cells.y += 1)), 1, 2),
      'spawn in the pool, now': kind(({ pool, cells }) => void pool.spawnNowait(() => void (cells.y += 2)), 0, 2),
      'a place in the pool': kind(({ pool }) => pool.waitAvailable(ONE_MS), 1, 1),
      'spawn later': kind(({ cells }) => void spawnLater(1, () => void (cells.x += 2)), 0, 2),
      'a callback': kind(({ cells }) => void getHub().runCallback(() => void (cells.x += 1)), 0, 1),
      'a nursery': kind(
        ({ cells }) =>
          nursery((n) => {
            n.spawn(() => void (cells.x *= 2))
          }),
        1,
        2,
      ),
      'read x': kind(({ cells }) => cells.x, 0),
    },
  },
  maps: {
    needs: 'group pool',
    kinds: {
      'map one': kind(({ group, cells }) => group.map((n: number) => (cells.x += n), [1]), 1, 3),
      'read a map': kind(
        function* ({ pool, cells }) {
          using cursor = pool.imapUnordered((n: number) => (cells.y += n), [1])
          return (yield* cursor.next()) && cursor.value
        },
        1,
        3,
      ),
      'kill the group': kind(({ group }) => void group.kill(), 0, 1),
      'how many in the pool': kind(({ pool }) => pool.freeCount(), 0),
      'read x': kind(({ cells }) => cells.x, 0),
      'wait until nothing is left': kind(() => wait(), 1, 1),
      'wait until nothing is left, 1 ms': kind(() => wait(null, ONE_MS), 1, 2),
      'until nobody is ready': kind(() => idle(), 1, 1),
      'sleep 1 ms': kind(() => sleep(1), 1, 1),
    },
  },
  unstarted: {
    needs: 'fresh result timeout',
    kinds: {
      'start it': kind(({ fresh }) => fresh.start(), 0, 1),
      'start it in 1 ms': kind(({ fresh }) => fresh.startLater(1), 0, 2),
      'kill it': kind(({ fresh }) => void fresh.kill(), 0, 1),
      'is it started': kind(({ fresh }) => fresh.started, 0),
      'join it': kind(({ fresh }) => fresh.join(ONE_MS), 1, 2),
      'get it, or 1 ms': kind(({ fresh, timeout }) => fresh.get({ timeoutMs: timeout }), 1, 2),
      'link it to the result': kind(({ fresh, result }) => fresh.link(result), 0, 1),
      'link it to another': kind(
        ({ fresh, cells }) =>
          fresh.linkValue(function* () {
            yield* sleep(0)
            cells.x += 1
          }),
        0,
        2,
      ),
      'has it links': kind(({ fresh }) => fresh.hasLinks(), 0),
      'the result now': kind(({ result }) => result.getNowait(), 0),
      'kill all': kind(
        ({ fresh, greenlets }, self) => killall([fresh, ...greenlets.filter((_, n) => n !== self)]),
        1,
        2,
      ),
    },
  },
  switches: {
    needs: 'raw queue',
    kinds: {
      'switch there': kind(({ raw }) => raw.switch(getcurrent())),
      'switch there twice': kind(function* ({ raw }) {
        yield* raw.switch(getcurrent())
        return yield* raw.switch(getcurrent())
      }),
      'switch to the next': kind((world, self) => next(world, self).switch(), 1, 1),
      'throw into the next': kind((world, self) => next(world, self).throw(new Error('thrown')), 1, 1),
      'throw there': kind(({ raw }) => kill(raw), 0, 1),
      'is it dead': kind(({ raw }) => raw.dead, 0),
      'who is after it': kind(({ raw }) => raw.parent?.name, 0),
      pause: kind(() => sleep(0)),
      put: kind(({ queue }, self) => queue.put(self)),
      get: kind(({ queue }) => queue.get(ONE_MS), 1, 1),
    },
  },
}

/** The operations of each group. */
export const KINDS: Readonly<Record<GroupName, { readonly kinds: Readonly<Record<string, Kind>> }>> = GROUPS
