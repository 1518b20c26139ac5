/**
 * Small programs by chance, over all that greenlets share.
 *
 * A program is data: so many greenlets, of so many operations each, drawn from one group or two, so that they meet. Its size is bounded by
 * what it is made of: the number of its schedules is estimated, and operations are dropped from the end until that is small enough.
 */
import fc from 'fast-check'
import { AsyncResult, Empty, Event, Full, type Green, GreenletExit, ShutDown, spawnWith, Timeout } from 'greenloop'
import type { ScheduleContext } from '../../../src/testing/execution/body.ts'
import type { Outcome } from '../../../src/testing/execution/outcome.ts'
import { type GroupName, KINDS, type Kind, makeWorld, type World } from './operations.ts'

const GROUP_NAMES = Object.keys(KINDS) as GroupName[] // its own keys

/** One operation: its group and its name in it. */
export type Step = readonly [group: GroupName, name: string]

/** The operations of each greenlet. */
export type Program = readonly (readonly Step[])[]

function kindOf([group, name]: Step): Kind {
  return KINDS[group].kinds[name] as Kind // names are drawn from there
}

/** Programs of about `most` schedules at the most, if no step waited for another one. */
export function programs(most: number): fc.Arbitrary<Program> {
  const group = fc.constantFrom(...GROUP_NAMES)
  const draws = fc.array(fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 3,
  })
  // Time and kills come into everything.
  const second = fc.option(fc.oneof(group, fc.constantFrom<GroupName[]>('timers', 'kills')), { freq: 2 })
  return fc.tuple(group, second, draws).map(([first, other, numbers]) => {
    const steps = [...new Set([first, other ?? first])].flatMap((one) =>
      Object.keys(KINDS[one].kinds).map((name): Step => [one, name]),
    )
    return bounded(
      numbers.map((list) => list.map((number) => steps[number % steps.length] as Step)), // it is within
      most,
    )
  })
}

/** Drops operations of the longest greenlet until the estimate is small enough. */
function bounded(program: readonly Step[][], most: number): Program {
  const left = program.map((steps) => [...steps])
  while (estimate(left) > most) {
    const longest = left.reduce((a, b) => (b.length > a.length ? b : a))
    if (longest.length === 1) left.pop()
    else longest.pop()
  }
  return left
}

/** In how many orders the steps of a program could be taken, if each was always ready. Those of others begin in the middle, on average. */
function estimate(program: Program): number {
  let total = 0
  let orders = 1
  for (const steps of program) {
    const count = steps.reduce((sum, step) => sum + kindOf(step).steps, 1)
    for (let step = 1; step <= count; step++) orders = (orders * ++total) / step
  }
  for (const step of program.flat()) {
    for (let { others } = kindOf(step); others > 0; others--) orders = (orders * (++total + 1)) / 2
  }
  return orders
}

/** Runs a program: the body of an execution. `keep` is given its world. */
export function bodyOf(program: Program, keep: (world: World) => void): (t: ScheduleContext) => Green<void> {
  const groups = new Set(program.flatMap((steps) => steps.map(([group]) => group)))
  return function* body(t) {
    const world = makeWorld(t, groups)
    keep(world)
    program.forEach((steps, self) => {
      world.seen.push([])
      world.greenlets.push(spawnWith({ name: `g${String(self)}` }, work, world, self, steps))
    })
  }
}

function* work(world: World, self: number, steps: readonly Step[]): Green<string> {
  const seen = world.seen[self] as string[] // made with it
  for (const step of steps) {
    try {
      const value = yield* driven(kindOf(step).act(world, self))
      if (value !== undefined) seen.push(`${step[1]}: ${shown(value)}`)
    } catch (error) {
      seen.push(`${step[1]}: ${shown(error)}`)
      // Not `instanceof`: a UsageError of the library is a TypeError.
      if (error instanceof Error && /^(?:Type|Reference)Error$/u.test(error.name)) world.broken = error
      if (!EXPECTED.some((one) => error instanceof one)) throw error
    }
  }
  return `g${String(self)}`
}

/** After these a greenlet goes on. */
const EXPECTED = [Empty, Full, ShutDown, Timeout]

function* driven(made: unknown): Green<unknown> {
  if (typeof made === 'object' && made !== null && Symbol.iterator in made && !Array.isArray(made))
    return yield* made as Green<unknown> // a generator or an operation
  return made
}

/** A value or an error, without what only tells objects apart. */
function shown(value: unknown): string {
  if (value instanceof GreenletExit) return 'GreenletExit'
  if (value instanceof Error) return `${value.name}: ${value.message.split('\n', 1).join('').replace(/-\d+/gu, '')}`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Event) return 'event'
  if (value instanceof AsyncResult) return 'result'
  if (typeof value === 'object' && value !== null) return value.constructor.name
  return String(value)
}

/** All that can be seen of an execution when it is over. @throws the mistake of the test, if there was one. */
export function seenOf(world: World, outcome: Outcome, elapsedMs: number): string {
  if (world.broken !== null) throw world.broken
  const { x, y } = world.cells
  const end = outcome.kind === 'failed' ? `${outcome.why} ${shown(outcome.error)}` : outcome.kind
  return [
    ...world.seen.map((list, self) => `g${String(self)} ${list.join('; ')}`),
    `x ${String(x)} y ${String(y)}, ${String(elapsedMs)} ms, ${end}`,
  ].join('\n')
}
