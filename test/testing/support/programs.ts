/**
 * Small programs by chance, over all that greenlets share: cells, locks, events, queues, time and each other.
 *
 * A program is data: so many greenlets, of so many operations each, drawn from a few groups, so that they meet. Its size is bounded by
 * what it is made of: the number of its schedules is estimated, and operations are dropped from the end until that is small enough.
 */
import fc from 'fast-check'
import {
  AsyncResult,
  BoundedSemaphore,
  Channel,
  Condition,
  choose,
  Empty,
  Event,
  Full,
  type Green,
  type Greenlet,
  GreenletExit,
  Group,
  getHub,
  joinall,
  LifoQueue,
  nursery,
  Pool,
  Queue,
  RLock,
  race,
  Semaphore,
  ShutDown,
  SimpleQueue,
  sleep,
  spawnLater,
  spawnWith,
  Timeout,
  Waiter,
  wait,
  withTimeout,
} from 'greenloop'
import { reads, writes } from '../../../src/greenlet/footprint.ts'
import type { ScheduleContext } from '../../../src/testing/execution/body.ts'
import type { Outcome } from '../../../src/testing/execution/outcome.ts'

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

/** All that the greenlets of a program share, made anew for each execution. */
export class World {
  readonly cells: { x: number; y: number }
  readonly lock = new Semaphore()
  readonly other = new BoundedSemaphore()
  readonly owned = new RLock()
  readonly permits = new Semaphore(0)
  readonly event = new Event()
  readonly result = new AsyncResult<number>()
  readonly condition = new Condition(new Semaphore())
  readonly waiter = new Waiter<number>()
  readonly queue = new Queue<number>(1)
  readonly simple = new SimpleQueue<number>()
  readonly stack = new LifoQueue<number>()
  readonly channel = new Channel<number>()
  readonly group = new Group()
  readonly pool = new Pool(1)
  readonly timeout = new Timeout(2)
  readonly greenlets: Greenlet[] = []
  /** What each of them has seen, in order. */
  readonly seen: string[][] = []

  constructor(t: ScheduleContext, program: Program) {
    this.cells = program.flat().some((name) => name in GROUPS.cells) ? t.shared({ x: 0, y: 0 }) : new Cells()
  }

  /** The next greenlet of the circle. */
  next(self: number, by = 1): Greenlet {
    return this.greenlets[(self + by) % this.greenlets.length] as Greenlet // it is within
  }
}

/** One operation. What it answers is driven, if it can be, and noted; `undefined` is not. */
type Act = (world: World, self: number) => unknown

/** How an operation counts: how many steps of its greenlet, and how many of others that it may bring about. */
interface Kind {
  readonly act: Act
  readonly steps: number
  readonly others: number
}

function kind(act: Act, steps = 1, others = 0): Kind {
  return { act, steps, others }
}

const NOT_BLOCKING = { block: false }
const TRY = { blocking: false }
const ONE_MS = { timeoutMs: 1 }

/** The operations, by what they are about. A name that ends in `!` suspends its greenlet in the middle. */
const GROUPS = {
  cells: {
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
  locks: {
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
  semaphores: {
    acquire: kind(({ permits }) => permits.acquire()),
    'acquire, 1 ms': kind(({ permits }) => permits.acquire(ONE_MS), 1, 1),
    'acquire, at once': kind(({ permits }) => permits.acquire(TRY)),
    release: kind(({ permits }) => permits.release(), 0, 1),
    'release two': kind(({ permits }) => [permits.release(), permits.release()], 0, 1),
    counter: kind(({ permits }) => permits.counter, 0),
    'wait for a permit': kind(({ permits }) => permits.wait(ONE_MS), 1, 1),
    'links of permits': kind(({ permits }) => permits.linkcount(), 0),
  },
  events: {
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
  conditions: {
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
  queues: {
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
  exchanges: {
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
  timers: {
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
  kills: {
    'kill the next': kind((world, self) => void world.next(self).kill(), 0, 1),
    'kill the next, and wait': kind((world, self) => world.next(self).kill(), 1, 2),
    'kill the one before': kind((world, self) => void world.next(self, -1 + world.greenlets.length).kill(), 0, 1),
    'kill by an error': kind((world, self) => void world.next(self).kill(new Error('killed')), 0, 1),
    'join the next': kind((world, self) => world.next(self).join(ONE_MS), 1, 2),
    'get the next': kind((world, self) => world.next(self).get(), 1, 1),
    'get the next, now': kind((world, self) => world.next(self).get(NOT_BLOCKING), 1),
    'is the next dead': kind((world, self) => world.next(self).dead, 0),
    'join all others': kind(
      (world, self) =>
        joinall(
          world.greenlets.filter((_, place) => place !== self),
          { raiseError: true },
        ),
      1,
      2,
    ),
    'link the next': kind((world, self) => world.next(self).rawlink(() => void (world.cells.y += 1)), 0, 1),
    'unlink all of the next': kind((world, self) => world.next(self).unlinkAll(), 0),
    'links of the next': kind((world, self) => world.next(self).hasLinks(), 0),
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
  several: {
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
  children: {
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
} satisfies Record<string, Record<string, Kind>>

const KINDS = new Map(Object.values(GROUPS).flatMap((group): [string, Kind][] => Object.entries(group)))
const GROUP_NAMES = Object.keys(GROUPS) as (keyof typeof GROUPS)[] // its own keys

/** The operations of each greenlet, by name. */
export type Program = readonly (readonly string[])[]

/** Programs of about `most` schedules, if no step depended on another one. */
export function programs(most: number): fc.Arbitrary<Program> {
  const group = fc.constantFrom(...GROUP_NAMES)
  const draws = fc.array(fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 3,
  })
  return fc.tuple(group, fc.option(group, { freq: 1 }), draws).map(([first, second, numbers]) => {
    const names = [...new Set([first, second ?? first])].flatMap((name) => Object.keys(GROUPS[name]))
    return bounded(
      numbers.map((list) => list.map((number) => names[number % names.length] as string)), // it is within
      most,
    )
  })
}

/** Drops operations of the longest greenlet until the estimate is small enough. */
function bounded(program: string[][], most: number): Program {
  const left = program.map((operations) => [...operations])
  while (estimate(left) > most) {
    const longest = left.reduce((a, b) => (b.length > a.length ? b : a))
    if (longest.length === 1) left.pop()
    else longest.pop()
  }
  return left
}

/** In how many orders the steps of a program could be taken, if each was always ready. Those of others begin in the middle, on average. */
function estimate(program: Program): number {
  let total = 0
  let orders = 1
  for (const operations of program) {
    const kinds = operations.map((name) => KINDS.get(name) as Kind) // all are from there
    const steps = kinds.reduce((sum, one) => sum + one.steps, 1)
    for (let step = 1; step <= steps; step++) orders = (orders * ++total) / step
  }
  for (const name of program.flat()) {
    for (let other = KINDS.get(name)?.others ?? 0; other > 0; other--) orders = (orders * (++total + 1)) / 2
  }
  return orders
}

/** Runs a program: the body of an execution. `keep` is given its world. */
export function bodyOf(program: Program, keep: (world: World) => void): (t: ScheduleContext) => Green<World> {
  return function* body(t) {
    const world = new World(t, program)
    keep(world)
    program.forEach((operations, self) => {
      world.seen.push([])
      world.greenlets.push(spawnWith({ name: `g${String(self)}` }, work, world, self, operations))
    })
    return world
  }
}

function* work(world: World, self: number, operations: readonly string[]): Green<string> {
  const seen = world.seen[self] as string[] // made with it
  for (const name of operations) {
    try {
      const made = (KINDS.get(name) as Kind).act(world, self) // all are from there
      const value = yield* driven(made)
      if (value !== undefined) seen.push(`${name}: ${shown(value)}`)
    } catch (error) {
      seen.push(`${name}: ${shown(error)}`)
      if (!(error instanceof Empty || error instanceof Full || error instanceof ShutDown || error instanceof Timeout))
        throw error
    }
  }
  return `g${String(self)}`
}

function* driven(made: unknown): Green<unknown> {
  if (typeof made === 'object' && made !== null && Symbol.iterator in made && !Array.isArray(made))
    return yield* made as Green<unknown> // a generator or an operation
  return made
}

/** A value or an error, without what only tells objects apart. */
function shown(value: unknown): string {
  if (value instanceof GreenletExit) return 'GreenletExit'
  if (value instanceof Error) return `${value.name}: ${value.message.split('\n', 1).join('').replace(/-\d+/gu, '')}`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Event) return 'event'
  if (value instanceof AsyncResult) return 'result'
  if (typeof value === 'object' && value !== null) return value.constructor.name
  return String(value)
}

/** All that can be seen of an execution when it is over. */
export function seenOf(world: World, outcome: Outcome, elapsedMs: number): string {
  const { x, y } = world.cells
  const end = outcome.kind === 'failed' ? `${outcome.why} ${shown(outcome.error)}` : outcome.kind
  return [
    ...world.seen.map((list, self) => `g${String(self)} ${list.join('; ')}`),
    `x ${String(x)} y ${String(y)}, ${String(elapsedMs)} ms, ${end}`,
  ].join('\n')
}
