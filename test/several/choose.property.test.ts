// Random programs of choose, race, any and nursery on a virtual clock: no item is lost or doubled, and nothing is left behind.
import fc from 'fast-check'
import {
  any,
  type Branch,
  Channel,
  choose,
  Event,
  type Green,
  type Greenlet,
  getcurrent,
  isInterrupt,
  nursery,
  Queue,
  race,
  Semaphore,
  sleep,
  spawn,
  Timeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import { type Leftovers, leftovers, NOTHING } from '../support/leaks.ts'
import { inVirtualHub } from '../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_125

type Wish =
  | { kind: 'get' | 'put'; where: number }
  | { kind: 'acquire' | 'wait' | 'fail' }
  | { kind: 'sleep' | 'work'; ms: number }
  | { kind: 'inner'; wishes: readonly Wish[] }

type Step =
  | { kind: 'choose' | 'race' | 'any'; wishes: readonly Wish[]; ms: number | null }
  | { kind: 'put'; where: number; ms: number }
  | { kind: 'sleep'; ms: number }
  | { kind: 'set' | 'clear' | 'release' | 'fail' }
  | { kind: 'kill'; which: number }
  | { kind: 'limit'; ms: number; steps: readonly Step[] }
  | { kind: 'nursery'; children: readonly (readonly Step[])[]; steps: readonly Step[] }

const ms = fc.integer({ min: 0, max: 6 })
const where = fc.nat({ max: 2 })

const { wishes: anyWishes } = fc.letrec<{ wishes: readonly Wish[]; wish: Wish }>((tie) => ({
  wishes: fc.array(tie('wish'), { minLength: 1, maxLength: 4, depthIdentifier: 'wishes' }),
  wish: fc.oneof(
    { depthIdentifier: 'wishes', maxDepth: 2 },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('get' as const, 'put' as const), where }) },
    fc.record({ kind: fc.constantFrom('acquire' as const, 'wait' as const, 'fail' as const) }),
    fc.record({ kind: fc.constantFrom('sleep' as const, 'work' as const), ms }),
    fc.record({ kind: fc.constant('inner' as const), wishes: tie('wishes') }),
  ),
}))

const { steps: anySteps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 6, depthIdentifier: 'steps' }),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 3 },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom('choose' as const, 'race' as const, 'any' as const),
        wishes: anyWishes,
        ms: fc.option(ms, { freq: 2 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), where, ms }) },
    fc.record({ kind: fc.constant('sleep' as const), ms }),
    fc.record({ kind: fc.constantFrom('set' as const, 'clear' as const, 'fail' as const) }),
    fc.record({ kind: fc.constant('kill' as const), which: fc.nat({ max: 9 }) }),
    fc.record({ kind: fc.constant('limit' as const), ms, steps: tie('steps') }),
    fc.record({
      kind: fc.constant('nursery' as const),
      children: fc.array(tie('steps'), { maxLength: 3 }),
      steps: tie('steps'),
    }),
  ),
}))

/** What a branch has given, told by itself, since race and any do not tell which it was. */
type Gift =
  | { readonly kind: 'got'; readonly item: number }
  | { readonly kind: 'put'; readonly item: number }
  | { readonly kind: 'permit' | 'nothing' }

/** What became of a program. */
interface Outcome {
  trace: string[]
  left: Leftovers
  waiting: number
  permits: number
  put: number[]
  found: number[]
  outlived: string[]
}

/** Plays a program to its end. */
function play(program: readonly (readonly Step[])[]): Outcome {
  return inVirtualHub(({ hub, clock }) => {
    hub.onError = () => undefined
    const all: Greenlet[] = []
    const trace: string[] = []
    const outlived: string[] = []
    const put: number[] = []
    const got: number[] = []
    const [small, large] = [new Queue<number>(1), new Queue<number>()]
    const channel = new Channel<number>()
    const places = [small, large, channel]
    const semaphore = new Semaphore(1)
    const event = new Event()
    let items = 0

    const note = (text: string): void => {
      trace.push(`${clock.now()} ${getcurrent().name}: ${text}`)
    }
    const start = (steps: readonly Step[], make: typeof spawn): Greenlet => {
      const greenlet = make(follow, steps)
      greenlet.name = `g${all.length}`
      all.push(greenlet)
      return greenlet
    }

    function* follow(steps: readonly Step[]): Green<void> {
      for (const step of steps) yield* perform(step)
    }

    /** The branches, and what each of them means when it has given something. */
    function branchesOf(wishes: readonly Wish[]): [Record<string, Branch>, (key: string, value: unknown) => Gift] {
      const branches: Record<string, Branch> = {}
      const meanings: Record<string, (value: unknown) => Gift> = {}
      for (const [place, wish] of wishes.entries()) {
        const key = `${wish.kind}${place}`
        meanings[key] = () => ({ kind: 'nothing' })
        switch (wish.kind) {
          case 'get':
            branches[key] = places[wish.where]!.get()
            meanings[key] = (value) => ({ kind: 'got', item: value as number })
            break
          case 'put': {
            const item = ++items
            branches[key] = places[wish.where]!.put(item)
            meanings[key] = () => ({ kind: 'put', item })
            break
          }
          case 'acquire':
            branches[key] = semaphore.acquire()
            meanings[key] = () => ({ kind: 'permit' })
            break
          case 'wait':
            branches[key] = event.wait()
            break
          case 'sleep':
            branches[key] = sleep(wish.ms)
            break
          case 'work':
            branches[key] = function* work(): Green<void> {
              try {
                yield* sleep(wish.ms)
              } finally {
                yield* sleep(1)
              }
            }
            break
          case 'inner': {
            const [inner, meaning] = branchesOf(wish.wishes)
            branches[key] = choose(inner)
            meanings[key] = (value) => meaning(...(value as [string, unknown]))
            break
          }
          default:
            branches[key] = (): never => {
              throw new Error('on purpose')
            }
        }
      }
      return [branches, (key, value) => meanings[key]!(value)]
    }

    /** Takes what was given; whoever has a permit gives it back later. */
    function* accept(gift: Gift): Green<void> {
      note(`has ${JSON.stringify(gift)}`)
      if (gift.kind === 'got') got.push(gift.item)
      else if (gift.kind === 'put') put.push(gift.item)
      else if (gift.kind === 'permit') {
        try {
          yield* sleep(1)
        } finally {
          semaphore.release()
        }
      }
    }

    function* select({ kind, wishes, ms: limit }: Step & { kind: 'choose' | 'race' | 'any' }): Green<void> {
      const options = limit === null ? {} : { timeoutMs: limit }
      const [branches, meaning] = branchesOf(wishes)
      let gift: Gift
      try {
        if (kind === 'choose') {
          gift = meaning(...(yield* choose(branches, options)))
        } else {
          // Each branch is a choose() of one, whose pair tells which it was.
          const pairs = Object.entries(branches).map(([key, branch]) => choose({ [key]: branch }))
          const first = kind === 'race' ? race(pairs, options) : any(pairs, options)
          gift = meaning(...(yield* first))
        }
      } catch (error) {
        if (isInterrupt(error) && !(error instanceof Timeout && !limits.has(error))) throw error
        note(`met ${String(error)}`)
        return
      }
      yield* accept(gift)
    }

    function* perform(step: Step): Green<void> {
      switch (step.kind) {
        case 'choose':
        case 'race':
        case 'any':
          yield* select(step)
          return
        case 'put': {
          const item = ++items
          try {
            yield* places[step.where]!.put(item, { timeoutMs: step.ms })
          } catch (error) {
            if (isInterrupt(error)) throw error
            return
          }
          put.push(item)
          note(`put ${item}`)
          return
        }
        case 'sleep':
          yield* sleep(step.ms)
          return
        case 'set':
          event.set()
          return
        case 'clear':
          event.clear()
          return
        case 'kill':
          void all[step.which % all.length]?.kill()
          return
        case 'limit': {
          const timeout = new Timeout(step.ms)
          limits.add(timeout)
          timeout.start()
          try {
            yield* follow(step.steps)
          } catch (error) {
            if (error !== timeout) throw error
            note('timed out')
          } finally {
            timeout.cancel()
          }
          return
        }
        case 'nursery': {
          const children: Greenlet[] = []
          try {
            yield* nursery(function* (n) {
              const make: typeof spawn = (fn, ...args) => n.spawn(fn, ...args)
              for (const steps of step.children) children.push(start(steps, make))
              yield* follow(step.steps)
            })
          } catch (error) {
            if (isInterrupt(error)) throw error
            note(`left by ${String(error)}`)
          } finally {
            outlived.push(...children.filter((child) => !child.ready()).map(({ name }) => name))
          }
          return
        }
        default:
          throw new Error('on purpose')
      }
    }

    const limits = new Set<unknown>()
    for (const steps of program) start(steps, spawn)
    clock.run()
    // Whoever waits in vain is killed, as often as it takes.
    for (let round = 0; round < 20 && hub.living().length > 0; round++) {
      for (const task of hub.living()) task.kill()
      clock.run()
    }
    return {
      trace,
      left: leftovers(),
      waiting:
        places.reduce((sum, { $getters, $putters }) => sum + $getters.size + $putters.size, 0) +
        semaphore.linkcount() +
        event.linkcount(),
      permits: semaphore.counter,
      put: put.sort((a, b) => a - b),
      found: [...got, ...drained(small), ...drained(large)].sort((a, b) => a - b),
      outlived,
    }
  })
}

function drained(queue: Queue<number>): number[] {
  const items: number[] = []
  while (!queue.empty()) items.push(queue.getNowait())
  return items
}

describe('any program of choose, race, any and nursery over queues, channels, semaphores, events and time', () => {
  const programs = fc.array(anySteps, { minLength: 1, maxLength: 5 })
  const options = { numRuns: 250, seed: SEED }

  it('gives every item that was put to exactly one, or leaves it where it is', () => {
    let given = 0
    fc.assert(
      fc.property(programs, (program) => {
        const { put, found } = play(program)
        expect(found).toEqual(put)
        given += found.length
      }),
      options,
    )
    expect(given).toBeGreaterThan(options.numRuns) // else nothing was tested
  })

  it('leaves no waiter, timer, greenlet or permit behind, and no child outlives its nursery', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { left, waiting, permits, outlived } = play(program)
        expect({ left, waiting, permits, outlived }).toEqual({ left: NOTHING, waiting: 0, permits: 1, outlived: [] })
      }),
      options,
    )
  })

  it('keeps all that also when each wait switches', () => {
    kernel.everyWaitSwitches = true
    try {
      fc.assert(
        fc.property(programs, (program) => {
          const { put, found, left, waiting, permits, outlived } = play(program)
          expect(found).toEqual(put)
          expect({ left, waiting, permits, outlived }).toEqual({ left: NOTHING, waiting: 0, permits: 1, outlived: [] })
        }),
        options,
      )
    } finally {
      kernel.everyWaitSwitches = false
    }
  })

  it('runs in the same order each time', () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(play(program).trace).toEqual(play(program).trace)
      }),
      { ...options, numRuns: 50 },
    )
  })
})
