// Pools under random programs on a virtual clock: never more members than places, every place free again, nothing left behind.
import fc from 'fast-check'
import {
  type Green,
  type Greenlet,
  type Hub,
  isInterrupt,
  type Operation,
  Pool,
  PoolFull,
  sleep,
  spawn,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { choosing } from '../support/choosing.ts'
import { type Leftovers, leftovers, NOTHING } from '../support/leaks.ts'
import { inVirtualHub } from '../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_124

/** What a member does: it works, cleans up when it is killed, and fails or not. */
interface Task {
  ms: number
  cleansUp: number
  fails: boolean
}

type Step =
  | { kind: 'sleep'; ms: number }
  | { kind: 'spawn' | 'spawnNowait' | 'applyAsync'; task: Task }
  | { kind: 'spawn in time' | 'start' | 'apply'; task: Task; ms: number }
  | { kind: 'map' | 'imap' | 'imapUnordered'; tasks: readonly Task[]; ms: number; maxsize: number; read: number }
  | { kind: 'kill' | 'join' | 'waitAvailable'; ms: number }
  | { kind: 'killone' | 'kill a program' | 'discard'; which: number }

const ms = fc.integer({ min: 0, max: 6 })
const which = fc.nat({ max: 20 })
const task: fc.Arbitrary<Task> = fc.record({ ms, cleansUp: fc.constantFrom(0, 0, 2), fails: fc.boolean() })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('sleep' as const), ms }),
  fc.record({ kind: fc.constantFrom('spawn' as const, 'spawnNowait' as const, 'applyAsync' as const), task }),
  fc.record({ kind: fc.constantFrom('spawn in time' as const, 'start' as const, 'apply' as const), task, ms }),
  fc.record({
    kind: fc.constantFrom('map' as const, 'imap' as const, 'imapUnordered' as const),
    tasks: fc.array(task, { maxLength: 6 }),
    ms,
    maxsize: fc.integer({ min: 1, max: 4 }),
    read: fc.nat({ max: 8 }),
  }),
  fc.record({ kind: fc.constantFrom('kill' as const, 'join' as const, 'waitAvailable' as const), ms }),
  fc.record({ kind: fc.constantFrom('killone' as const, 'kill a program' as const, 'discard' as const), which }),
)
const programs = fc.array(fc.array(step, { maxLength: 5 }), { minLength: 1, maxLength: 4 })
const sizes = fc.constantFrom(1, 2, 3, 10, null)
const seeds = fc.oneof(fc.constant(0), fc.nat())

/** What became of the programs. */
interface Outcome {
  most: number
  size: number
  free: number
  alive: number
  left: Leftovers
  trace: readonly string[]
}

/** Has the ready ones run in an order that only `seed` knows; 0: in their own. */
function shuffle(hub: Hub, seed: number): void {
  if (seed === 0) return
  let state = seed
  hub.scheduler = choosing((ready) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % ready.length
  })
}

/** Plays the programs, one greenlet each, on one pool. */
function play(limit: number | null, all: readonly (readonly Step[])[], seed = 0): Outcome {
  return inVirtualHub(({ hub, clock }) => {
    shuffle(hub, seed)
    const pool = new Pool(limit)
    const trace: string[] = []
    const players: Greenlet[] = []
    const spawned: Greenlet[] = []
    let most = 0
    hub.onError = () => undefined

    function* work({ ms: time, cleansUp, fails }: Task): Green<number> {
      most = Math.max(most, pool.size)
      try {
        yield* sleep(time)
        if (fails) throw new RangeError('on purpose')
        return time
      } finally {
        if (cleansUp > 0) yield* sleep(cleansUp)
      }
    }

    /** Drives an operation for so long; failures are noted, interrupts from outside go on. */
    function* attempt(time: number, make: () => Operation<unknown>): Green<void> {
      try {
        trace.push(`${clock.now()} ${String(yield* withTimeout({ ms: time, timeoutValue: 'late' }, make))}`)
      } catch (error) {
        if (isInterrupt(error)) throw error
        trace.push(`${clock.now()} ${String(error)}`)
      }
    }

    function* readSome(cursor: ReturnType<typeof pool.imap<readonly [Task[]], number>>, count: number): Green<string> {
      using results = cursor
      let read = 0
      for (; read < count; read++) {
        try {
          if (!(yield* results.next())) break
        } catch (error) {
          if (isInterrupt(error)) throw error
        }
      }
      return `${read} read`
    }

    function* perform(one: Step): Green<void> {
      switch (one.kind) {
        case 'sleep':
          yield* sleep(one.ms)
          return
        case 'spawn':
          spawned.push(yield* pool.spawn(work, one.task))
          return
        case 'spawnNowait':
          try {
            spawned.push(pool.spawnNowait(work, one.task))
          } catch (error) {
            if (!(error instanceof PoolFull)) throw error
            trace.push(error.message)
          }
          return
        case 'applyAsync':
          spawned.push(pool.applyAsync(work, [one.task]))
          return
        case 'spawn in time':
          yield* attempt(one.ms, () => pool.spawn(work, one.task))
          return
        case 'start': {
          const greenlet = spawn(work, { ...one.task })
          yield* attempt(Infinity, () => pool.start(greenlet, { timeoutMs: one.ms }))
          return
        }
        case 'apply':
          yield* attempt(one.ms, () => pool.apply(work, [one.task]))
          return
        case 'map':
          yield* attempt(one.ms, () => pool.map(work, one.tasks, { killOnError: one.maxsize === 1 }))
          return
        case 'imap':
        case 'imapUnordered': {
          const cursor = pool[one.kind](work, [...one.tasks], { maxsize: one.maxsize })
          trace.push(yield* readSome(cursor, one.read))
          return
        }
        case 'kill':
          yield* attempt(Infinity, () => pool.kill(undefined, { timeoutMs: one.ms }))
          return
        case 'join':
          yield* attempt(Infinity, () => pool.join({ timeoutMs: one.ms, raiseError: one.ms % 2 === 0 }))
          return
        case 'waitAvailable':
          yield* attempt(Infinity, () => pool.waitAvailable({ timeoutMs: one.ms }))
          return
        case 'killone': {
          const members = [...pool]
          const member = members[one.which % members.length]
          if (member !== undefined) pool.killone(member)
          return
        }
        case 'discard': {
          const members = [...pool]
          const member = members[one.which % members.length]
          if (member !== undefined && one.which % 3 === 0) pool.discard(member)
          return
        }
        case 'kill a program':
          players[one.which % players.length]?.kill(undefined, { block: false })
      }
    }

    for (const steps of all) {
      players.push(
        spawn(function* () {
          for (const one of steps) yield* perform(one)
        }),
      )
    }
    clock.run()
    const alive = [...players, ...spawned].filter((greenlet) => !greenlet.ready()).length
    return { most, size: pool.size, free: pool.freeCount(), alive, left: leftovers(), trace }
  })
}

describe('a Pool under any programs', () => {
  const options = { numRuns: 300, seed: SEED }

  it('never has more members than places, has all free at the end, and leaves nothing behind', () => {
    fc.assert(
      fc.property(sizes, programs, seeds, (limit, all, seed) => {
        const { most, size, free, alive, left } = play(limit, all, seed)
        expect(most).toBeLessThanOrEqual(limit ?? Infinity)
        expect({ size, free, alive, left }).toEqual({ size: 0, free: limit ?? 1, alive: 0, left: NOTHING })
      }),
      options,
    )
  })

  it('has the same history each time', () => {
    fc.assert(
      fc.property(sizes, programs, seeds, (limit, all, seed) => {
        expect(play(limit, all, seed)).toEqual(play(limit, all, seed))
      }),
      { ...options, numRuns: 30 },
    )
  })

  it('is really full at times, late, killed and read in part', () => {
    const traces = fc
      .sample(fc.tuple(sizes, programs), { ...options, numRuns: 200 })
      .flatMap(([limit, all]) => play(limit, all).trace)
    const count = (text: string) => traces.filter((entry) => entry.includes(text)).length
    expect(count('the pool is full')).toBeGreaterThan(5)
    expect(count('late')).toBeGreaterThan(5)
    expect(count('was killed')).toBeGreaterThan(3)
    expect(count('read')).toBeGreaterThan(20)
    expect(count('on purpose')).toBeGreaterThan(10)
  })
})

describe('map, imap and imapUnordered of a Pool', () => {
  const numbers = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), ms), { maxLength: 12 })

  it('give what Array.map gives: in order, or some order', () => {
    fc.assert(
      fc.property(sizes, numbers, fc.integer({ min: 1, max: 4 }), seeds, (limit, items, maxsize, seed) => {
        inVirtualHub(({ hub, clock }) => {
          shuffle(hub, seed)
          const pool = new Pool(limit)
          function* double([n, time]: readonly [number, number]): Green<number> {
            yield* sleep(time)
            return 2 * n
          }
          const reader = spawn(function* () {
            const mapped = yield* pool.map(double, items)
            const lists: number[][] = []
            for (const verb of ['imap', 'imapUnordered'] as const) {
              const list: number[] = []
              const cursor = pool[verb](double, items, { maxsize })
              while (yield* cursor.next()) list.push(cursor.value)
              lists.push(list)
            }
            return [mapped, ...lists]
          })
          clock.run()
          const [mapped, ordered, unordered] = reader.value as number[][]
          const expected = items.map(([n]) => 2 * n)
          expect(mapped).toEqual(expected)
          expect(ordered).toEqual(expected)
          expect([...(unordered ?? [])].sort((a, b) => a - b)).toEqual([...expected].sort((a, b) => a - b))
          expect(leftovers()).toEqual(NOTHING)
        })
      }),
      { numRuns: 200, seed: SEED },
    )
  })
})
