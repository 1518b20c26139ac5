// Random programs on a virtual clock: whatever is spawned, killed, joined and timed out, everybody comes to an end and nothing is left.
import fc from 'fast-check'
import { type Green, type Greenlet, getcurrent, isInterrupt, joinall, sleep, spawn, Timeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { type Leftovers, leftovers, NOTHING } from '../support/leaks.ts'
import { inVirtualHub } from '../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_123

type Step =
  | { kind: 'sleep'; ms: number }
  | { kind: 'spawn'; steps: readonly Step[] }
  | { kind: 'kill'; which: number; wait: boolean }
  | { kind: 'join' | 'get'; which: number; ms: number }
  | { kind: 'joinall'; ms: number; count: number }
  | { kind: 'limit'; ms: number; steps: readonly Step[] }
  | { kind: 'guard'; steps: readonly Step[]; after: readonly Step[] }
  | { kind: 'fail' }

const ms = fc.integer({ min: 0, max: 8 })
const which = fc.nat({ max: 12 })

const { steps: anySteps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 5, depthIdentifier: 'steps' }),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 4 },
    fc.record({ kind: fc.constant('sleep' as const), ms }),
    fc.record({ kind: fc.constant('kill' as const), which, wait: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('join' as const, 'get' as const), which, ms }),
    fc.record({ kind: fc.constant('joinall' as const), ms, count: fc.nat({ max: 4 }) }),
    fc.record({ kind: fc.constant('fail' as const) }),
    fc.record({ kind: fc.constant('spawn' as const), steps: tie('steps') }),
    fc.record({ kind: fc.constant('limit' as const), ms, steps: tie('steps') }),
    fc.record({ kind: fc.constant('guard' as const), steps: tie('steps'), after: tie('steps') }),
  ),
}))

/** What became of a program. */
interface Outcome {
  trace: string[]
  left: Leftovers
  ended: boolean
  escaped: string[]
  reported: string[]
  failed: string[]
  endedAt: number
}

/** Plays a program to its end. */
function play(program: readonly (readonly Step[])[]): Outcome {
  return inVirtualHub(({ hub, clock }) => {
    const all: Greenlet[] = []
    const trace: string[] = []
    const reported: string[] = []
    hub.onError = (_error, { name }) => {
      reported.push(name)
    }
    const note = (text: string): void => {
      trace.push(`${clock.now()} ${getcurrent().name}: ${text}`)
    }
    const start = (steps: readonly Step[]): void => {
      const greenlet = spawn(body, steps)
      greenlet.name = `g${all.length}`
      all.push(greenlet)
    }
    const pick = (place: number): Greenlet | null => {
      const greenlet = all[place % all.length]
      return greenlet === undefined || greenlet === getcurrent() ? null : greenlet
    }

    function* body(steps: readonly Step[]): Green<void> {
      note('starts')
      yield* follow(steps)
      note('ends')
    }

    function* follow(steps: readonly Step[]): Green<void> {
      for (const step of steps) yield* perform(step)
    }

    function* perform(step: Step): Green<void> {
      switch (step.kind) {
        case 'sleep':
          yield* sleep(step.ms)
          note(`slept ${step.ms}`)
          return
        case 'spawn':
          start(step.steps)
          note('spawned')
          return
        case 'fail':
          throw new Error('on purpose')
        case 'kill': {
          const greenlet = all[step.which % all.length]
          if (greenlet === undefined) return
          note(`kills ${greenlet.name}`)
          const killed = greenlet.kill(undefined, { timeoutMs: 10 })
          if (step.wait) yield* killed
          return
        }
        case 'join':
          yield* pick(step.which)?.join({ timeoutMs: step.ms }) ?? sleep(0)
          note('joined')
          return
        case 'get':
          try {
            yield* pick(step.which)?.get({ timeoutMs: step.ms }) ?? sleep(0)
            note('got')
          } catch (error) {
            // An interrupt of our own is passed on; the one that get() itself makes is new, and told by its time.
            if (isInterrupt(error) && !(error instanceof Timeout && error.ms === step.ms && !limits.has(error)))
              throw error
            note(`got ${String(error)}`)
          }
          return
        case 'joinall':
          yield* joinall(
            all.filter((greenlet) => greenlet !== getcurrent()),
            { timeoutMs: step.ms, count: step.count },
          )
          note('joined all')
          return
        case 'limit': {
          const timeout = new Timeout(step.ms)
          limits.add(timeout)
          timeout.start()
          try {
            yield* follow(step.steps)
          } catch (error) {
            if (error !== timeout) throw error
            note(`timed out after ${step.ms}`)
          } finally {
            timeout.cancel()
          }
          return
        }
        case 'guard':
          try {
            yield* follow(step.steps)
          } finally {
            note('cleans up')
            yield* follow(step.after)
          }
      }
    }

    const limits = new Set<unknown>()
    for (const steps of program) start(steps)
    clock.run()
    return {
      trace,
      left: leftovers(),
      ended: all.every((greenlet) => greenlet.ready()),
      // A Timeout belongs to its block; one that is cancelled there must not be met outside.
      escaped: all.filter(({ $slot: slot }) => slot instanceof Timeout).map(({ name }) => name),
      reported: [...new Set(reported)],
      failed: all.filter((greenlet) => !greenlet.successful()).map(({ name }) => name),
      endedAt: clock.now(),
    }
  })
}

describe('any program of spawn, sleep, kill, join, get, joinall and Timeout', () => {
  const programs = fc.array(anySteps, { minLength: 1, maxLength: 5 })
  const options = { numRuns: 400, seed: SEED }

  it('comes to an end, with everybody in it, and leaves no timer, wait or switch behind', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { ended, left } = play(program)
        expect(ended).toBe(true)
        expect(left).toEqual(NOTHING)
      }),
      options,
    )
  })

  it('never meets a Timeout outside the block that it was for', () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(play(program).escaped).toEqual([])
      }),
      options,
    )
  })

  it('reports failures only, and each at most once', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { reported, failed } = play(program)
        expect(failed).toEqual(expect.arrayContaining(reported))
      }),
      options,
    )
  })

  it('has the same trace each time', () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(play(program).trace).toEqual(play(program).trace)
      }),
      options,
    )
  })

  it('has more than one trace for many seeds: the programs are not all alike', () => {
    const traces = fc.sample(programs, { numRuns: 100, seed: SEED }).map((program) => play(program).trace.join('\n'))
    expect(new Set(traces).size).toBeGreaterThan(60)
    expect(traces.filter((trace) => trace.includes('timed out')).length).toBeGreaterThan(5)
    expect(traces.filter((trace) => trace.includes('kills')).length).toBeGreaterThan(20)
  })
})
