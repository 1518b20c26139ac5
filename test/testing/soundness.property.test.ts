// The proof of the reduction: of thousands of small programs, the reduced search sees exactly what all schedules show.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Execution, type ExecutionSettings } from '../../src/testing/execution/execution.ts'
import { Stage } from '../../src/testing/execution/stage.ts'
import { PlainSearch } from '../../src/testing/search/bounded.ts'
import { ReducedSearch } from '../../src/testing/search/dpor.ts'
import { canonicalTrace } from '../../src/testing/search/equivalence.ts'
import type { Search } from '../../src/testing/search/search.ts'
import { checkLeaks } from '../support/leaks.ts'
import { bodyOf, type Program, programs, seenOf, type World } from './support/programs.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_126
const PROGRAMS = 3200
/** Of so many schedules are programs at the most, roughly: most of them have far fewer, since their greenlets wait for each other. */
const SCHEDULES = 2500

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

/** Runs a search to its end. Throws when two schedules of one kind differ in what can be seen. */
function sightOf(program: Program, search: Search): Sight {
  const kinds = new Map<string, string>()
  let [executions, cut] = [0, 0]
  let world: World | null = null
  const body = bodyOf(program, (made) => {
    world = made
  })
  while (search.next()) {
    const execution = Execution.run(stage, body, search.policy, SETTINGS)
    executions++
    search.took(execution)
    expect([search.diverged, execution.spun]).toEqual([null, false])
    const { log, outcome, elapsedMs } = execution
    if (outcome.kind === 'cut') {
      cut++
      continue
    }
    if (log === null || world === null) throw new Error('The execution has no log, or no world.')
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

describe('a reduced search', () => {
  it(`sees the outcomes and the kinds of schedules that there are, no fewer and no others, of ${String(PROGRAMS)} programs`, () => {
    const sum = { programs: 0, brute: 0, reduced: 0, cut: 0, kinds: 0 }
    fc.assert(
      fc.property(programs(SCHEDULES), (program) => {
        const brute = sightOf(program, new PlainSearch())
        const reduced = sightOf(program, new ReducedSearch())
        expect({
          missed: without(brute.kinds.values(), reduced.kinds.values()),
          missedKinds: without(brute.kinds.keys(), reduced.kinds.keys()),
          invented: without(reduced.kinds.keys(), brute.kinds.keys()),
        }).toEqual({ missed: [], missedKinds: [], invented: [] })
        expect(brute.cut).toBe(0)
        sum.programs++
        sum.brute += brute.executions
        sum.reduced += reduced.executions
        sum.cut += reduced.cut
        sum.kinds += brute.kinds.size
      }),
      { seed: SEED, numRuns: PROGRAMS },
    )
    console.log(sum)
    // It is worth its while, and what it runs is hardly ever run in vain.
    expect(sum.programs).toBe(PROGRAMS)
    expect(sum.brute / sum.reduced).toBeGreaterThan(3)
    expect(sum.cut / sum.reduced).toBeLessThan(0.02)
    expect(sum.reduced - sum.cut).toBeLessThan(1.05 * sum.kinds)
  }, 60_000)
})
