// The tree of random programs: each living greenlet is in it exactly once, below who has spawned it, at any moment.
import fc from 'fast-check'
import { type Green, type Greenlet, GreenletTree, getcurrent, RawGreenlet, sleep, spawn } from 'greenloop'
import { expect, it } from 'vitest'
import type { Hub } from '../../src/hub/hub.ts'
import { checkLeaks } from '../support/leaks.ts'
import { inWorld, Stuck } from './support.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_126

type Step =
  | { kind: 'sleep'; ms: number }
  | { kind: 'spawn' | 'through' | 'adopt'; steps: readonly Step[] }
  | { kind: 'kill' | 'stuck'; which: number }
  | { kind: 'look' }

const which = fc.nat({ max: 12 })

const { steps: anySteps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 5, depthIdentifier: 'steps' }),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 5 },
    fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ kind: fc.constant('look' as const) }),
    fc.record({ kind: fc.constantFrom('kill' as const, 'stuck' as const), which }),
    fc.record({
      kind: fc.constantFrom('spawn' as const, 'spawn' as const, 'through' as const, 'adopt' as const),
      steps: tie('steps'),
    }),
  ),
}))

/** All of a tree, with whom each hangs on. */
function everybody(hub: Hub): Map<RawGreenlet, RawGreenlet | null> {
  const [root] = GreenletTree.forest(hub) as [GreenletTree]
  const found = new Map<RawGreenlet, RawGreenlet | null>([[root.greenlet, null]])
  const trees = [root]
  for (const tree of trees) {
    for (const child of tree.children) {
      if (found.has(child.greenlet)) throw new Error(`${child.greenlet.name} is there twice`)
      found.set(child.greenlet, tree.greenlet)
      trees.push(child)
    }
  }
  return found
}

/** Whether `greenlet` hangs on its spawner, or on somebody whom that has come to hang on. */
function hangsWell(greenlet: Greenlet, found: ReadonlyMap<RawGreenlet, RawGreenlet | null>): boolean {
  const spawner = greenlet.spawningGreenlet()
  return spawner === null || found.get(greenlet) === spawner || (found.get(greenlet)?.dead ?? false)
}

/** Runs a program, and looks at the tree at all its moments; answers how often. */
function play(program: readonly (readonly Step[])[]): number {
  return inWorld(({ hub, clock }) => {
    const all: Greenlet[] = []
    let looks = 0
    const look = (): void => {
      looks++
      const found = everybody(hub)
      for (const task of hub.living()) {
        const greenlet = task as unknown as Greenlet // all that are spawned here are
        expect(found.has(greenlet)).toBe(true)
        expect(hangsWell(greenlet, found)).toBe(true)
      }
      for (const greenlet of found.keys()) {
        // Who has ended is there for somebody else.
        if (greenlet.dead) expect([...found.values()]).toContain(greenlet)
      }
      expect(String(GreenletTree.currentTree()).split('\n').length).toBeGreaterThan(Math.min(found.size, 4) - 1)
      expect(GreenletTree.currentTree().format({ rows: 10, depth: 3 }).split('\n').length).toBeLessThanOrEqual(20)
    }
    const start = (steps: readonly Step[]): void => {
      all.push(spawn(body, steps))
    }

    function* body(steps: readonly Step[]): Green<void> {
      for (const step of steps) yield* perform(step)
    }

    function* perform(step: Step): Green<void> {
      const me = getcurrent()
      switch (step.kind) {
        case 'sleep':
          yield* sleep(step.ms)
          return
        case 'spawn':
          start(step.steps)
          return
        case 'look':
          look()
          return
        case 'through': {
          // A raw greenlet does it, and comes back in the middle.
          const raw = new RawGreenlet(function* raw() {
            start(step.steps)
            yield* me.switch()
          })
          yield* raw.switch()
          return
        }
        case 'adopt': {
          // A raw greenlet gets somebody as parent whom it has spawned.
          let child: Greenlet | undefined
          const raw = new RawGreenlet(function* ring() {
            start(step.steps)
            child = all.at(-1)
            yield* me.switch()
          })
          yield* raw.switch()
          if (child !== undefined) raw.parent = child
          return
        }
        case 'kill': {
          const victim = all[step.which % all.length]
          if (victim !== undefined && victim !== me) void victim.kill(undefined, { block: false })
          return
        }
        case 'stuck': {
          const target = all[step.which % all.length]
          yield* new Stuck(...(target === undefined ? [] : [target]))
        }
      }
    }

    program.forEach(start)
    for (let at = 0; at <= 12; at++) {
      clock.run(at)
      look()
    }
    return looks
  })
}

it('has each living greenlet exactly once, on its spawner or on one that has ended, whatever a program does', () => {
  let looks = 0
  fc.assert(
    fc.property(fc.array(anySteps, { minLength: 1, maxLength: 5 }), (program) => {
      looks += play(program)
    }),
    { seed: SEED, numRuns: 150 },
  )
  expect(looks).toBeGreaterThan(2000)
})
