// Random programs on a virtual clock: whatever greenlets do, their recorded lives have no gaps and say what another observer has seen.
import fc from 'fast-check'
import {
  type Green,
  Greenlet,
  getcurrent,
  isInterrupt,
  Queue,
  RawGreenlet,
  settrace,
  sleep,
  spawn,
  spawnLater,
  Timeout,
} from 'greenloop'
import { Recorder, type Recording, type Track } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { type Coroutine, kernel } from '../../../src/greenlet/kernel.ts'
import { addWatcher, removeWatcher } from '../../../src/greenlet/trace.ts'
import type { Hub } from '../../../src/hub/hub.ts'
import { addObserver, removeObserver } from '../../../src/hub/observers.ts'
import { recordingOf } from '../../../src/trace/record/tracks.ts'
import { Watch } from '../../../src/trace/record/watch.ts'
import { inVirtualHub } from '../../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_260_928

type Step =
  | { kind: 'sleep' | 'compute' | 'put' | 'get' | 'spawnLater'; ms: number }
  | { kind: 'spawn' | 'raw'; steps: readonly Step[] }
  | { kind: 'switch' | 'throw' | 'kill' | 'join'; which: number }
  | { kind: 'limit'; ms: number; steps: readonly Step[] }
  | { kind: 'fail' | 'plain' }

const ms = fc.integer({ min: 0, max: 4 })
const which = fc.nat({ max: 12 })

const { steps: anySteps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 6, depthIdentifier: 'steps' }),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 4 },
    fc.record({ kind: fc.constantFrom('sleep' as const, 'compute' as const), ms }),
    fc.record({ kind: fc.constantFrom('put' as const, 'get' as const, 'spawnLater' as const), ms }),
    fc.record({
      kind: fc.constantFrom('switch' as const, 'throw' as const, 'kill' as const, 'join' as const),
      which,
    }),
    fc.record({ kind: fc.constantFrom('fail' as const, 'plain' as const) }),
    fc.record({ kind: fc.constantFrom('spawn' as const, 'raw' as const), steps: tie('steps') }),
    fc.record({ kind: fc.constant('limit' as const), ms, steps: tie('steps') }),
  ),
}))

/** Counts the arrows that there must be, by other means. */
class Tally {
  readonly counts = { switch: 0, resume: 0, wake: 0, kill: 0 }
  readonly #waiting = new Set<Coroutine>()

  readonly trace = (_event: string, origin: RawGreenlet, target: RawGreenlet): void => {
    this.counts[origin === kernel.main && !kernel.mainInside ? 'resume' : 'switch']++
    this.#waiting.delete(target)
  }

  spawned(greenlet: Coroutine): void {
    if (greenlet.$wait !== null) this.#waiting.add(greenlet)
  }

  blocked(greenlet: Coroutine, wait: object | null): void {
    if (wait !== null) this.#waiting.add(greenlet)
  }

  woken(greenlet: Coroutine): void {
    if (this.#waiting.delete(greenlet)) this.counts.wake++
  }

  interrupted(greenlet: Coroutine): void {
    this.counts.kill++
    this.#waiting.delete(greenlet)
  }

  ended(greenlet: Coroutine): void {
    this.#waiting.delete(greenlet)
    if (greenlet !== kernel.current) this.counts.kill++
  }
}

/** A recorder that may be smaller than those that users have. */
class SmallRecorder {
  readonly #hub: Hub
  readonly #watch: Watch

  constructor(hub: Hub, capacity: number) {
    this.#hub = hub
    this.#watch = new Watch(hub, capacity, false)
    addObserver(hub, this.#watch)
    addWatcher(this.#watch.transferred)
  }

  stop(): Recording {
    removeWatcher(this.#watch.transferred)
    removeObserver(this.#hub, this.#watch)
    const endedMs = this.#watch.settle()
    this.#watch.stop()
    const { ring, books, beganMs } = this.#watch
    return recordingOf({ ring, books: books.all, title: '', beganMs, beganAt: 0, endedMs, locations: false })
  }
}

interface Outcome {
  recording: Recording
  small: Recording
  tally: Tally['counts']
  /** By name, how the greenlets that were made by `spawn` have ended. */
  ends: Map<string, string | null>
}

/** Plays a program under two recorders and an observer of the test's own. */
function play(program: readonly (readonly Step[])[], capacity: number): Outcome {
  return inVirtualHub(({ hub, clock }) => {
    const all: RawGreenlet[] = []
    const queue = new Queue<number>(1)
    hub.onError = () => undefined
    const name = (): string => `g${all.length}`
    const enter = (greenlet: Greenlet): void => {
      greenlet.name = name()
      all.push(greenlet)
    }

    class Named extends RawGreenlet {
      readonly #title = name()
      override get name(): string {
        return this.#title
      }
    }

    function* body(steps: readonly Step[]): Green<void> {
      for (const step of steps) yield* perform(step)
    }

    function* perform(step: Step): Green<void> {
      switch (step.kind) {
        case 'sleep':
          yield* sleep(step.ms)
          return
        case 'compute':
          clock.time += step.ms
          return
        case 'put':
        case 'get':
          try {
            if (step.kind === 'put') yield* queue.put(1, { timeoutMs: step.ms })
            else yield* queue.get({ timeoutMs: step.ms })
          } catch (error) {
            if (isInterrupt(error)) throw error
          }
          return
        case 'spawn':
          enter(spawn(body, step.steps))
          return
        case 'spawnLater':
          enter(spawnLater(step.ms, body, []))
          return
        case 'raw': {
          const { steps } = step
          const raw = new Named(() => body(steps))
          all.push(raw)
          yield* raw.switch()
          return
        }
        case 'switch':
        case 'throw': {
          const target = all[step.which % all.length]
          if (target === undefined || target.dead) return
          if (step.kind === 'switch') yield* target.switch()
          else yield* target.throw(new Error('on purpose'))
          return
        }
        case 'kill': {
          const target = all[step.which % all.length]
          if (target instanceof Greenlet) yield* (target as Greenlet).kill(undefined, { timeoutMs: 5 })
          return
        }
        case 'join': {
          const target = all[step.which % all.length]
          if (target instanceof Greenlet && target !== getcurrent()) yield* (target as Greenlet).join({ timeoutMs: 5 })
          return
        }
        case 'limit': {
          const timeout = new Timeout(step.ms)
          timeout.start()
          try {
            yield* body(step.steps)
          } catch (error) {
            if (error !== timeout) throw error
          } finally {
            timeout.cancel()
          }
          return
        }
        case 'plain':
          // Plain code switches in a callback of the hub.
          hub.runCallback(() => {
            const raw = new Named(() => body([{ kind: 'compute', ms: 1 }]))
            all.push(raw)
            raw.switch()
          })
          return
        case 'fail':
          throw new Error('on purpose')
      }
    }

    const recorder = new Recorder({ capacity: 20_000 }).start()
    const small = new SmallRecorder(hub, capacity)
    const tally = new Tally()
    addObserver(hub, tally)
    settrace(tally.trace)
    for (const steps of program) enter(spawn(body, steps))
    clock.run(30)
    for (const task of hub.living()) task.kill()
    clock.run(60)
    settrace(null)
    removeObserver(hub, tally)
    const outcome: Outcome = {
      recording: recorder.stop().read(),
      small: small.stop(),
      tally: tally.counts,
      ends: new Map(
        all
          .filter((one): one is Greenlet => one instanceof Greenlet)
          .map((one) => [
            one.name,
            !one.ready() ? null : one.exception !== null ? 'failed' : isInterrupt(one.value) ? 'killed' : 'returned',
          ]),
      ),
    }
    for (const task of hub.living()) hub.leave(task, false)
    kernel.mainCalls.length = 0
    kernel.arrival = 0
    return outcome
  })
}

const outcomes = new Map<string, Outcome>()

/** Plays a program once for all properties that ask for no other capacity. */
function played(program: readonly (readonly Step[])[]): Outcome {
  const key = JSON.stringify(program)
  const outcome = outcomes.get(key) ?? play(program, 10)
  outcomes.set(key, outcome)
  return outcome
}

const programs = fc.array(anySteps, { minLength: 1, maxLength: 5 })
const capacities = fc.integer({ min: 1, max: 40 })
const options = { numRuns: 200, seed: SEED }

/** Checks that the spans of a track follow each other. */
function checkSpans({ spans, name }: Track): void {
  for (const [place, span] of spans.entries()) {
    expect(span.fromMs, name).toBeLessThanOrEqual(span.toMs)
    const next = spans[place + 1]
    if (next === undefined) continue
    expect(next.fromMs, name).toBe(span.toMs)
    expect([next.kind, next.what, next.place], name).not.toEqual([span.kind, span.what, span.place])
  }
}

/** Checks that nobody but main runs while another one does. */
function checkRunning({ tracks }: Recording): void {
  const runs = tracks
    .slice(1)
    .flatMap(({ spans }) => spans)
    .filter(({ kind, fromMs, toMs }) => kind === 'running' && fromMs < toMs)
    .sort((a, b) => a.fromMs - b.fromMs)
  for (const [place, run] of runs.entries()) {
    const next = runs[place + 1]
    if (next !== undefined) expect(next.fromMs).toBeGreaterThanOrEqual(run.toMs)
  }
}

describe('any program of spawn, sleep, switch, throw, kill, join, queues, time limits and raw greenlets', () => {
  it('has lives without gaps, from their spawn to their end, and never two that run', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { recording } = played(program)
        for (const track of recording.tracks) {
          checkSpans(track)
          expect(track.spans[0]?.fromMs).toBe(track.spawnedMs ?? 0)
          expect(track.spans.at(-1)?.toMs).toBe(track.endedMs ?? recording.durationMs)
        }
        checkRunning(recording)
      }),
      options,
    )
  })

  it('has the arrows that another observer has counted, and each wake ends a wait', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { recording, tally } = played(program)
        const counts = { switch: 0, resume: 0, wake: 0, kill: 0 }
        for (const { kind, to, atMs } of recording.arrows) {
          counts[kind]++
          if (kind !== 'wake') continue
          const spans = recording.tracks[to]?.spans ?? []
          const woken = spans.filter((span, place) => span.kind === 'waiting' && spans[place + 1]?.kind === 'ready')
          expect(woken.map(({ toMs }) => toMs)).toContain(atMs)
        }
        expect(counts).toEqual(tally)
      }),
      options,
    )
  })

  it('has the ends that the greenlets tell of themselves', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { recording, ends } = played(program)
        const greenlets = recording.tracks.filter(({ kind }) => kind === 'greenlet')
        expect(new Map(greenlets.map(({ name, end }) => [name, end]))).toEqual(ends)
      }),
      options,
    )
  })

  it('has, of a recorder that has lost events, the end of what a larger one has', () => {
    fc.assert(
      fc.property(programs, capacities, (program, capacity) => {
        const { recording, small } = play(program, capacity)
        const zero = recording.durationMs - small.durationMs
        expect(zero).toBeGreaterThanOrEqual(0)
        checkRunning(small)
        for (const track of small.tracks) {
          checkSpans(track)
          if (track.kind === 'main') continue
          const whole = recording.tracks.find(({ name }) => name === track.name)
          if (whole === undefined) throw new Error(`Nobody is called ${track.name}.`)
          expect([track.end, track.error]).toEqual([whole.end, whole.error])
          if (track.spans.length === 0) continue
          const shifted = track.spans.map((span) => ({ ...span, fromMs: span.fromMs + zero, toMs: span.toMs + zero }))
          const tail = whole.spans.slice(-shifted.length)
          expect(shifted[0]?.fromMs).toBeGreaterThanOrEqual(tail[0]?.fromMs ?? 0)
          // The first one may be cut; and of a switch that was lost it is not known any more to whom it went.
          const what = shifted[0]?.kind === 'switched' ? (shifted[0].what ?? tail[0]?.what) : shifted[0]?.what
          expect([{ ...shifted[0], what, fromMs: 0 }, ...shifted.slice(1)]).toEqual([
            { ...tail[0], fromMs: 0 },
            ...tail.slice(1),
          ])
        }
        const arrows = recording.arrows
          .slice(-small.arrows.length)
          .map(({ kind, atMs, thrown }) => ({ kind, atMs, thrown }))
        if (small.arrows.length > 0)
          expect(small.arrows.map(({ kind, atMs, thrown }) => ({ kind, atMs: atMs + zero, thrown }))).toEqual(arrows)
      }),
      options,
    )
  })

  it('is not always the same: the programs do what they are meant to do', () => {
    const samples = fc.sample(programs, { numRuns: 100, seed: SEED }).map((program) => played(program))
    const total = (kind: 'switch' | 'wake' | 'kill'): number => samples.reduce((sum, { tally }) => sum + tally[kind], 0)
    expect(total('switch')).toBeGreaterThan(100)
    expect(total('wake')).toBeGreaterThan(100)
    expect(total('kill')).toBeGreaterThan(50)
    expect(samples.filter(({ small }) => small.lostEvents > 0).length).toBeGreaterThan(50)
  })
})
