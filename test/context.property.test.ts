// Whatever a program does with async context, it sees the same whether its greenlets carried contexts from the beginning or share the
// blank one until the first use: random programs are played both ways.
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { PlainStep, Step } from './fixtures/context/programs.ts'
import { compile } from './support/compiled.ts'

/** Change it to try other programs. */
const SEED = 20_260_731
/** Each takes a thread, since there is one first use in a thread. */
const PROGRAMS = 24

const store = fc.nat({ max: 2 })
const value = fc.constantFrom('a', 'b', 'c', 'd')
const which = fc.nat({ max: 9 })

const { main } = fc.letrec<{
  plain: PlainStep
  plains: PlainStep[]
  step: Step
  steps: Step[]
  rawSteps: Step[]
  main: Step[]
}>((tie) => {
  const look = fc.constant({ kind: 'read' as const })
  const making = fc.oneof(
    { depthIdentifier: 'greenlets', maxDepth: 3 },
    look,
    fc.record({ kind: fc.constantFrom('spawn' as const, 'make' as const), steps: tie('steps') }),
    fc.record({ kind: fc.constant('spawn' as const), steps: tie('steps') }),
    fc.record({ kind: fc.constant('raw' as const), steps: tie('rawSteps') }),
  )
  const handling = fc.oneof(
    fc.record({ kind: fc.constantFrom('start' as const, 'kill' as const), which }),
    fc.record({
      kind: fc.constant('later' as const),
      how: fc.constantFrom('promise' as const, 'microtask' as const, 'immediate' as const, 'tick' as const),
    }),
  )
  const waiting = fc.oneof(
    fc.record({ kind: fc.constant('switch' as const), which }),
    fc.record({ kind: fc.constant('sleep' as const), turns: fc.nat({ max: 2 }) }),
    fc.record({ kind: fc.constant('join' as const), which }),
    fc.constant({ kind: 'until' as const }),
  )
  const entering = fc.record({ kind: fc.constant('enter' as const), store, value })
  return {
    plain: fc.oneof(
      { depthIdentifier: 'plain', maxDepth: 2 },
      look,
      entering,
      handling,
      making,
      fc.record({ kind: fc.constant('run' as const), store, value, steps: tie('plains') }),
      fc.record({ kind: fc.constant('exit' as const), store, steps: tie('plains') }),
    ),
    plains: fc.array(tie('plain'), { maxLength: 3, size: 'max' }),
    step: fc.oneof(
      { weight: 3, arbitrary: waiting },
      { weight: 3, arbitrary: tie('plain') },
      { weight: 1, arbitrary: entering },
    ),
    steps: fc.array(tie('step'), { minLength: 2, maxLength: 8, size: 'max' }),
    rawSteps: fc.array(tie('step'), { minLength: 2, maxLength: 8, size: 'max' }),
    // In most programs main only makes greenlets and handles them, so that one of them is the first to use a store.
    main: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.array(fc.oneof(making, waiting, handling), { minLength: 6, maxLength: 14, size: 'max' }),
      },
      { weight: 1, arbitrary: fc.array(fc.oneof(making, tie('step')), { minLength: 6, maxLength: 14, size: 'max' }) },
    ),
  }
})

const compiled = compile()
afterAll(() => {
  compiled.remove()
})

/** Plays programs in one thread; from the beginning, or from the first use on, its greenlets carry contexts. */
async function play(programs: readonly Step[][], carried: boolean): Promise<string[][]> {
  return (await compiled.run('programs.js', { programs, carried })) as string[][]
}

/** For twenty and more starts of Node on a busy machine. */
const LONGEST_MS = 40_000

it('a program sees of its stores what it would see if each greenlet had carried a context from the beginning', {
  timeout: LONGEST_MS,
}, async () => {
  const programs = fc.sample(main, { seed: SEED, numRuns: PROGRAMS })
  const carried = await play(programs, true)
  const todo = programs.map((program, place) => ({ program, place }))
  const shared: string[][] = []
  await Promise.all(
    [0, 1, 2].map(async () => {
      for (let next = todo.shift(); next !== undefined; next = todo.shift())
        shared[next.place] = (await play([next.program], false))[0]!
    }),
  )
  for (const [place, program] of programs.entries())
    expect({ program, log: shared[place] }).toEqual({ program, log: carried[place] })
})
