// Random programs, played by plain generator functions, by green ones and by both mixed: every step and every end is the same.
import fc from 'fast-check'
import { type Green, type Greenlet, getcurrent, green, RawGreenlet, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { leftovers, NOTHING } from '../support/leaks.ts'
import { inVirtualHub } from '../support/virtual-clock.ts'

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_124
/** No program does more steps: loops in loops in deep calls would never end. */
const MOST_STEPS = 400

/** A block of steps is a call of its own, plain or green. */
interface Block {
  readonly green: boolean
  readonly steps: readonly Step[]
}
type Step =
  | { kind: 'wait' }
  | { kind: 'swap'; slow: boolean }
  | { kind: 'throw' | 'return'; n: number }
  | { kind: 'call'; block: Block }
  | { kind: 'loop'; times: number; block: Block }
  | { kind: 'deep'; levels: number; greens: number; tidy: number; block: Block }
  | { kind: 'try'; block: Block; caught: 'rethrown' | 'swallowed' | 'replaced'; after: Block | null }

interface Program {
  /** What each greenlet does. */
  readonly blocks: readonly Block[]
  /** Who is killed, each after so many rounds. */
  readonly kills: readonly { readonly rounds: number; readonly which: number; readonly exit: boolean }[]
}

const { block: anyBlock } = fc.letrec<{ block: Block; step: Step }>((tie) => ({
  block: fc.record({
    green: fc.boolean(),
    steps: fc.array<Step>(tie('step'), {
      minLength: 1,
      maxLength: 5,
      size: 'medium',
      depthIdentifier: 'block',
    }),
  }),
  step: fc.oneof(
    { depthIdentifier: 'block', maxDepth: 5 },
    { weight: 3, arbitrary: fc.constant<Step>({ kind: 'wait' }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('swap' as const), slow: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('throw' as const, 'return' as const), n: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('call' as const), block: tie('block') }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('loop' as const), times: fc.nat(3), block: tie('block') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('deep' as const),
        levels: fc.integer({ min: 1, max: 60 }),
        greens: fc.oneof(fc.constant(0xff), fc.nat(0xff)),
        tidy: fc.integer({ min: 1, max: 40 }),
        block: tie('block'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('try' as const),
        block: tie('block'),
        caught: fc.constantFrom('rethrown' as const, 'swallowed' as const, 'replaced' as const),
        after: fc.option<Block>(tie('block')),
      }),
    },
  ),
}))
const programs: fc.Arbitrary<Program> = fc.record({
  blocks: fc.array(anyBlock, { minLength: 1, maxLength: 3 }),
  kills: fc.array(fc.record({ rounds: fc.nat(6), which: fc.nat(2), exit: fc.boolean() }), { maxLength: 3 }),
})

/** What a greenlet has while it plays its block. */
interface Player {
  note(text: string): void
  /** Whether there is a step left to do. */
  goesOn(): boolean
  readonly partner: RawGreenlet
  /** The function that plays a block, and the one that goes down; of the kind that the mode says. */
  play(isGreen: boolean): typeof PLAIN.play
  descend(isGreen: boolean): typeof PLAIN.descend
}
/** What a block gives that went through all of its steps. */
const THROUGH = -1

/** Two of each, so that one can be made green. */
function makeFunctions(): {
  play: (player: Player, block: Block) => Green<number>
  descend: (player: Player, step: Step & { kind: 'deep' }, level: number) => Green<number>
} {
  return {
    play: function* play(player, { steps }) {
      const { note } = player
      for (const step of steps) {
        if (!player.goesOn()) return THROUGH
        switch (step.kind) {
          case 'wait':
            yield* sleep(0)
            note('has waited')
            break
          case 'swap':
            note(`gets ${String(yield* player.partner.switch(step.slow))}`)
            break
          case 'throw':
            throw new Error(`error ${step.n}`)
          case 'return':
            return step.n
          case 'call':
            note(`call gave ${yield* player.play(step.block.green)(player, step.block)}`)
            break
          case 'loop':
            for (let n = 0; n < step.times; n++) {
              const value = yield* player.play(step.block.green)(player, step.block)
              note(`round ${n} gave ${value}`)
              if (value === THROUGH) continue
              break
            }
            break
          case 'deep':
            note(`came up with ${yield* player.descend(step.greens % 2 === 1)(player, step, step.levels)}`)
            break
          case 'try':
            try {
              const value = yield* player.play(step.block.green)(player, step.block)
              if (value !== THROUGH) return value
            } catch (error) {
              note(`${step.caught}: ${String(error)}`)
              if (step.caught === 'rethrown') throw error
              if (step.caught === 'replaced') throw new Error(`instead of ${String(error)}`, { cause: error })
            } finally {
              note('cleans up')
              if (step.after !== null) note(`cleaned: ${yield* player.play(step.after.green)(player, step.after)}`)
            }
        }
      }
      return THROUGH
    },
    descend: function* descend(player, step, level) {
      try {
        if (level === 0) return yield* player.play(step.block.green)(player, step.block)
        const isGreen = ((step.greens >> (level % 8)) & 1) === 1
        return 100 + (yield* player.descend(isGreen)(player, step, level - 1))
      } finally {
        if (level % step.tidy === 0) player.note(`leaves level ${level}`)
      }
    },
  }
}
const PLAIN = makeFunctions()
const GREEN = makeFunctions()
green(GREEN.play)
green(GREEN.descend)

type Mode = 'plain' | 'green' | 'mixed'

/** Plays a program to its end; gives everything that happened. */
function play({ blocks, kills }: Program, mode: Mode): string[] {
  return inVirtualHub(({ hub, clock }) => {
    const trace: string[] = []
    const note = (text: string): void => {
      trace.push(`${getcurrent().name}: ${text}`)
    }
    hub.onError = (error, { name }) => trace.push(`${name} failed with ${String(error)}`)
    const pick = (isGreen: boolean): typeof PLAIN => (mode === 'green' || (mode === 'mixed' && isGreen) ? GREEN : PLAIN)

    const all = blocks.map((block, n) => {
      let steps = 0
      const partner = new RawGreenlet(function* partner(slow: boolean): Green<void> {
        for (let swaps = 0; ; swaps++) {
          if (slow) yield* sleep(0)
          try {
            slow = (yield* greenlet.switch(`swap ${swaps}`)) === true
          } catch (error) {
            note(`cannot answer: ${String(error)}`)
            yield* sleep(0)
          }
          if (greenlet.dead) return
        }
      })
      const player: Player = {
        note,
        goesOn: () => ++steps <= MOST_STEPS,
        partner,
        play: (isGreen) => pick(isGreen).play,
        descend: (isGreen) => pick(isGreen).descend,
      }
      const greenlet: Greenlet<number> = spawn(pick(block.green).play, player, block)
      greenlet.name = `g${n}`
      return greenlet
    })
    const killer = spawn(function* (): Green<void> {
      for (const { rounds, which, exit } of kills) {
        for (let n = 0; n < rounds; n++) yield* sleep(0)
        const victim = all[which % all.length]
        note(`kills ${String(victim?.name)}`)
        victim?.kill(exit ? undefined : new Error('killed'))
      }
    })
    killer.name = 'killer'
    clock.run()
    const ends = all.map((greenlet) => `${greenlet.name} ${greenlet.dead ? 'gave' : 'lives'} ${String(greenlet.value)}`)
    // Who is suspended in a swap whose partner is gone stays there; it is no leak of this test's.
    for (const greenlet of all) hub.leave(greenlet, false)
    expect({ ...leftovers(), living: [] }).toEqual(NOTHING)
    return [...trace, ...ends]
  })
}

describe('any program of calls, loops, waits, switches, errors, finally blocks and kills', () => {
  const options = { numRuns: 400, seed: SEED }

  it.each<Mode>(['green', 'mixed'])('has the same trace and ends by %s calls as by plain ones', (mode) => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(play(program, mode)).toEqual(play(program, 'plain'))
      }),
      options,
    )
  })

  it('is not always the same: enough of them go deep, wait there, fail, are killed and clean up', () => {
    const traces = fc.sample(programs, options).map((program) => play(program, 'plain').join('\n'))
    const share = (pattern: RegExp): number => traces.filter((trace) => pattern.test(trace)).length / traces.length
    expect(new Set(traces).size).toBeGreaterThan(250)
    const shares = {
      deep: share(/came up with (?:2[5-9]|[3-6]\d)\d\d/u),
      killed: share(/g\d: \w+: (?:GreenletExit|Error: killed)|gave GreenletExit/u),
      failed: share(/failed with/u),
      caught: share(/swallowed|replaced/u),
      swapped: share(/gets swap/u),
      tidied: share(/leaves level \d\d/u),
    }
    expect(Object.entries(shares).filter(([, part]) => part < 0.1)).toEqual([])
  })
})
