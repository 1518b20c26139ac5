// Random producers and consumers on a virtual clock, killed, timed out and shut down: no item is lost, none is got twice.
import fc from 'fast-check'
import {
  Channel,
  choose,
  Empty,
  Full,
  type Green,
  type Greenlet,
  LifoQueue,
  type Operation,
  PriorityQueue,
  Queue,
  type QueueOptions,
  ShutDown,
  sleep,
  spawn,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import { type Leftovers, leftovers, NOTHING } from '../support/leaks.ts'
import { inVirtualHub } from '../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_125
/** How many programs each test plays. */
const RUNS = 250

type Patience = 'for ever' | 'not at all' | number

type Step =
  | { kind: 'put' | 'get' | 'peek'; patience: Patience }
  | { kind: 'cursor'; count: number }
  | { kind: 'choose'; ends: readonly ('put' | 'get')[]; ms: number }
  | { kind: 'sleep'; ms: number }
  | { kind: 'kill'; which: number }
  | { kind: 'callback'; end: 'put' | 'get' }
  | { kind: 'maxsize'; maxsize: number }
  | { kind: 'done' }
  | { kind: 'shutdown'; immediate: boolean }

interface Program {
  /** Size of a queue; 0: unbounded. */
  readonly target: number | 'channel' | 'lifo' | 'priority'
  readonly scripts: readonly (readonly Step[])[]
}

const ms = fc.integer({ min: 0, max: 4 })
const end = fc.constantFrom('put' as const, 'get' as const)
const patience = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Patience>('for ever') },
  { weight: 1, arbitrary: fc.constant<Patience>('not at all') },
  { weight: 3, arbitrary: ms },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'get' as const), patience }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('peek' as const), patience }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cursor' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('choose' as const),
      ends: fc.array(end, { minLength: 1, maxLength: 3 }),
      ms,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), which: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('callback' as const), end }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('maxsize' as const), maxsize: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const) }) },
)
const last: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step[]>([]) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('shutdown' as const), immediate: fc.boolean() }).map((one) => [one]),
  },
)
const script = fc.tuple(fc.array(step, { maxLength: 8 }), last).map(([steps, end]) => [...steps, ...end])
const programs: fc.Arbitrary<Program> = fc.record({
  target: fc.constantFrom<Program['target']>(0, 1, 2, 3, 'channel', 'lifo', 'priority'),
  scripts: fc.array(script, { minLength: 2, maxLength: 6 }),
})

/** An item: who puts it, and its number among the puts of that one, which grows. */
interface Piece {
  readonly from: number
  readonly number: number
}

/** What became of a program. */
interface Outcome {
  put: Piece[]
  /** By whom they were got. */
  got: Map<number, Piece[]>
  /** Left in the queue at the end. */
  kept: Piece[]
  dropped: Piece[]
  unfinished: number
  /** What `unfinished` must be. */
  due: number
  /** Of the store at the end of the program: how many wait on either side while there is something to take, or room. */
  idleGetters: number
  idlePutters: number
  left: Leftovers
  ended: boolean
  failed: unknown[]
  trace: string[]
}

function make(target: Program['target']): Queue<Piece> | Channel<Piece> {
  if (target === 'channel') return new Channel()
  if (target === 'lifo') return new LifoQueue(2)
  if (target === 'priority') return new PriorityQueue<Piece>(2, [], (a, b) => a.from - b.from)
  return new Queue(target)
}

function optionsOf(patience: Patience): QueueOptions {
  if (patience === 'for ever') return {}
  return patience === 'not at all' ? { block: false } : { timeoutMs: patience }
}

/** Plays a program to its end. */
function play({ target, scripts }: Program): Outcome {
  return inVirtualHub(({ hub, clock }) => {
    const exchange = make(target)
    const queue = exchange instanceof Queue ? exchange : null
    const put: Piece[] = []
    const dropped: Piece[] = []
    const kept: Piece[] = []
    const got = new Map<number, Piece[]>()
    const trace: string[] = []
    const failed: unknown[] = []
    let [made, done, droppedDue] = [0, 0, 0]
    hub.onError = (error) => {
      failed.push(error)
    }
    const piece = (from: number): Piece => ({ from, number: made++ })
    const putting = (item: Piece): void => {
      put.push(item)
      trace.push(`${clock.now()}: ${item.from} has put ${item.number}`)
    }
    const getting = (who: number, item: Piece): void => {
      got.set(who, [...(got.get(who) ?? []), item])
      trace.push(`${clock.now()}: ${who} has got ${item.number}`)
    }
    /** In the hub, or to the end: without waiting. */
    const tried = (fn: () => void): boolean => {
      try {
        fn()
        return true
      } catch (error) {
        if (error instanceof Empty || error instanceof Full || error instanceof ShutDown) return false
        throw error
      }
    }

    function* perform(me: number, step: Step): Green<void> {
      switch (step.kind) {
        case 'put': {
          const item = piece(me)
          yield* exchange.put(item, optionsOf(step.patience))
          putting(item)
          return
        }
        case 'get':
          getting(
            me,
            step.patience === 'for ever' ? yield* exchange.get() : yield* exchange.get(optionsOf(step.patience)),
          )
          return
        case 'peek':
          yield* queue?.peek(optionsOf(step.patience)) ?? sleep(0)
          return
        case 'cursor': {
          const it = exchange.cursor()
          for (let n = 0; n < step.count && (yield* it.next()); n++) getting(me, it.value)
          return
        }
        case 'choose': {
          const item = piece(me)
          const branches = Object.fromEntries<Operation<unknown>>(
            step.ends.map((end, n) => [`${n}`, end === 'put' ? exchange.put(item) : exchange.get()]),
          )
          const [key, value] = yield* choose({ ...branches, late: sleep(step.ms) })
          const end = step.ends[Number(key)] // none: it was late
          if (end === 'put') putting(item)
          else if (end === 'get') getting(me, value as unknown as Piece) // it is what that get() gave
          return
        }
        case 'sleep':
          yield* sleep(step.ms)
          return
        case 'kill': {
          const victim = all[step.which % all.length]
          if (victim !== all[me]) void victim?.kill()
          return
        }
        case 'callback':
          hub.runCallback(() => {
            const item = piece(100)
            if (step.end === 'get') tried(() => getting(100, exchange.getNowait()))
            else if (tried(() => exchange.putNowait(item))) putting(item)
          })
          return
        case 'maxsize':
          if (queue !== null) queue.maxsize = step.maxsize
          return
        case 'done':
          if (queue === null || queue.unfinishedTasks === 0) return
          queue.taskDone()
          done++
          return
        case 'shutdown': {
          if (queue === null) {
            exchange.shutdown()
            return
          }
          if (step.immediate) {
            const copy = queue.copy()
            droppedDue += Math.min(copy.size, queue.unfinishedTasks)
            while (!copy.empty()) dropped.push(copy.getNowait())
          }
          queue.shutdown(step.immediate)
        }
      }
    }

    function* body(me: number, steps: readonly Step[]): Green<void> {
      for (const step of steps) {
        try {
          yield* perform(me, step)
        } catch (error) {
          if (!(error instanceof Empty || error instanceof Full || error instanceof ShutDown)) throw error
          trace.push(`${clock.now()}: ${me} meets ${error.message}`)
        }
      }
    }

    const all: Greenlet[] = scripts.map((steps, me) => spawn(body, me, steps))
    clock.run()
    const idleGetters = queue !== null && queue.size > 0 ? queue.$getters.size : 0
    const idlePutters = queue !== null && !queue.full() ? queue.$putters.size : 0
    const bothWait = exchange.$getters.size > 0 ? exchange.$putters.size : 0
    while (tried(() => kept.push(exchange.getNowait()))) clock.run() // those who wait for room go in
    exchange.shutdown()
    clock.run()
    return {
      put,
      got,
      kept,
      dropped,
      unfinished: queue?.unfinishedTasks ?? 0,
      due: queue === null ? 0 : put.length - done - droppedDue,
      idleGetters,
      idlePutters: idlePutters + bothWait,
      left: leftovers(),
      ended: all.every((greenlet) => greenlet.ready()) && exchange.$getters.size + exchange.$putters.size === 0,
      failed,
      trace,
    }
  })
}

function check(property: (outcome: Outcome, program: Program) => void): void {
  fc.assert(
    fc.property(programs, (program) => {
      property(play(program), program)
    }),
    { numRuns: RUNS, seed: SEED },
  )
}

const byNumber = (a: Piece, b: Piece): number => a.number - b.number

describe('any program of put, get, peek, cursor, choose, kill, timeouts and shutdown', () => {
  it('gets each item that was put once, or leaves it in the queue, and no other', () => {
    check(({ put, got, kept, dropped }) => {
      const out = [...got.values(), kept, dropped].flat()
      expect(out.sort(byNumber)).toEqual([...put].sort(byNumber))
    })
  })

  it('does so, too, when waits that are ready switch as well', () => {
    kernel.everyWaitSwitches = true
    try {
      check(({ put, got, kept, dropped, left, ended }) => {
        const out = [...got.values(), kept, dropped].flat()
        expect(out.sort(byNumber)).toEqual([...put].sort(byNumber))
        expect([left, ended]).toEqual([NOTHING, true])
      })
    } finally {
      kernel.everyWaitSwitches = false
    }
  })

  it('gives the items of one to another in the order in which they were put', () => {
    check(({ got }, { target }) => {
      if (target === 'lifo') return
      for (const items of got.values()) {
        for (const from of new Set(items.map((item) => item.from))) {
          const own = items.filter((item) => item.from === from && from !== 100)
          expect(own).toEqual([...own].sort(byNumber))
        }
      }
    })
  })

  it('lets nobody wait for what is there', () => {
    check(({ idleGetters, idlePutters }) => {
      expect([idleGetters, idlePutters]).toEqual([0, 0])
    })
  })

  it('comes to an end, with everybody in it, and leaves no waiter, timer or greenlet', () => {
    check(({ left, ended, failed }) => {
      expect([left, ended, failed]).toEqual([NOTHING, true, []])
    })
  })

  it('counts the tasks that are not done', () => {
    check(({ unfinished, due }) => {
      expect(unfinished).toBe(due)
    })
  })

  it('has the same trace each time, and another one for another program', () => {
    const sample = fc.sample(programs, { numRuns: 100, seed: SEED })
    const traces = sample.map((program) => play(program).trace.join('\n'))
    expect(sample.map((program) => play(program).trace.join('\n'))).toEqual(traces)
    expect(new Set(traces).size).toBeGreaterThan(80)
    for (const what of ['has put', 'has got', 'found nothing', 'found no room', 'shut down', 'met nobody'])
      expect(traces.filter((trace) => trace.includes(what)).length, what).toBeGreaterThan(3)
  })
})
