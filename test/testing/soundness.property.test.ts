// The proof of the reduction: of thousands of small programs, the reduced search sees exactly what all schedules show.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Execution, type ExecutionSettings } from '../../src/testing/execution/execution.ts'
import { Stage } from '../../src/testing/execution/stage.ts'
import { PlainSearch } from '../../src/testing/search/bounded.ts'
import { ReducedSearch } from '../../src/testing/search/dpor.ts'
import { canonicalTrace } from '../../src/testing/search/equivalence.ts'
import type { Search } from '../../src/testing/search/search.ts'
import { checkLeaks } from '../support/leaks.ts'
import type { World } from './support/operations.ts'
import { bodyOf, type Program, programs, seenOf } from './support/programs.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_126
const PROGRAMS = 3200
/** Of so many schedules are programs at the most, roughly: most of them have far fewer, since their greenlets wait for each other. */
const SCHEDULES = 1500

const SETTINGS: ExecutionSettings = {
  caller: 'explore()',
  order: 'any',
  maxSteps: 1000,
  spins: 20,
  log: 'footprints',
  realIO: 'forbid',
  labels: new Map(),
}

/** What a search has seen of a program. */
interface Sight {
  /** By kind of schedule, what could be seen of it. */
  readonly kinds: ReadonlyMap<string, string>
  readonly executions: number
  readonly cut: number
}

const stage = new Stage()

// The stack of an error costs as much as an execution, and nobody reads those of the programs.
let stackTraceLimit = 0
beforeEach(() => {
  ;({ stackTraceLimit } = Error)
  Error.stackTraceLimit = 0
})
afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit
})

/** Runs a search to its end. Throws when two schedules of one kind differ in what can be seen. */
function sightOf(program: Program, search: Search): Sight {
  const kinds = new Map<string, string>()
  let [executions, cut] = [0, 0]
  const worlds: World[] = []
  const body = bodyOf(program, (world) => {
    worlds[0] = world
  })
  while (search.more()) {
    const execution = Execution.run(stage, body, search.policy, SETTINGS)
    executions++
    search.took(execution)
    if (search.diverged !== null || execution.spun)
      throw new Error('The same choices went another way, or somebody span.')
    const { log, outcome, elapsedMs } = execution
    if (outcome.kind === 'cut') {
      cut++
      continue
    }
    const [world] = worlds
    if (log === null || world === undefined) throw new Error('The execution has no log, or no world.')
    const kind = canonicalTrace(log)
    const seen = seenOf(world, outcome, elapsedMs)
    const before = kinds.get(kind)
    if (before !== undefined && before !== seen)
      throw new Error(`Two schedules of one kind:\n\n${before}\n\n${seen}\n\n${kind}`)
    kinds.set(kind, seen)
  }
  return { kinds, executions, cut }
}

/** What one has and the other has not. */
function without<T>(all: Iterable<T>, others: Iterable<T>): T[] {
  const known = new Set(others)
  return [...new Set(all)].filter((one) => !known.has(one))
}

/** Runs all schedules of a program, and one of each kind; both must show the same. */
function compare(program: Program): { brute: Sight; reduced: Sight } {
  const brute = sightOf(program, new PlainSearch())
  const reduced = sightOf(program, new ReducedSearch())
  expect({
    missed: without(brute.kinds.values(), reduced.kinds.values()),
    missedKinds: without(brute.kinds.keys(), reduced.kinds.keys()),
    invented: without(reduced.kinds.keys(), brute.kinds.keys()),
    cut: brute.cut,
  }).toEqual({ missed: [], missedKinds: [], invented: [], cut: 0 })
  return { brute, reduced }
}

/** Programs that a search had missed schedules of, as small as they could be made. */
const FOUND: Readonly<Record<string, Program>> = {
  'one that is ready is killed, and has its links run instead': [
    [
      ['kills', 'join all others'],
      ['kills', 'kill the next'],
    ],
    [['kills', 'kill the next']],
    [['kills', 'kill the next']],
  ],
  'an execution is cut when only a callback is left': [
    [
      ['children', 'a nursery'],
      ['children', 'kill the group'],
    ],
    [
      ['children', 'a callback'],
      ['children', 'spawn in the group'],
    ],
  ],
  'one that is ready is switched to, and the idle hub makes it ready again': [
    [
      ['switches', 'switch to the next'],
      ['switches', 'switch there'],
    ],
    [
      ['maps', 'until nobody is ready'],
      ['switches', 'switch there'],
    ],
  ],
}

describe('a reduced search', () => {
  it.each(Object.entries(FOUND))('sees what there is when %s', (_what, program) => {
    const { brute, reduced } = compare(program)
    expect(reduced.executions).toBeLessThanOrEqual(brute.executions)
  })

  it(`sees the outcomes and the kinds of schedules that there are, no fewer and no others, of ${String(PROGRAMS)} programs`, async () => {
    const sum = { programs: 0, brute: 0, reduced: 0, cut: 0, kinds: 0 }
    await fc.assert(
      fc.asyncProperty(programs(SCHEDULES), async (program) => {
        // V8 keeps what a WeakRef was made of until the running job is over: every greenlet that has spawned others.
        await new Promise(setImmediate)
        const { brute, reduced } = compare(program)
        sum.programs++
        sum.brute += brute.executions
        sum.reduced += reduced.executions
        sum.cut += reduced.cut
        sum.kinds += brute.kinds.size
      }),
      { seed: SEED, numRuns: PROGRAMS },
    )
    // It is worth its while, and what it runs is hardly ever run in vain.
    expect(sum.programs).toBe(PROGRAMS)
    expect(sum.brute / sum.reduced).toBeGreaterThan(3)
    expect(sum.cut / sum.reduced).toBeLessThan(0.02)
    expect(sum.reduced - sum.cut).toBeLessThan(1.05 * sum.kinds)
  }, 180_000)
})
