/**
 * `greenIt`: tests whose bodies are greenlets, defined through the `it` of a test runner.
 *
 * A test is what `virtual`, `explore` or `fuzz` is, and a little more. The runner is told what was seen. An exploration that has not come to
 * its end fails, and its time leaves room within the runner's. What the test leaves in the process is an error.
 *
 * Stands on the runs. Leaves to `runner.ts` where runners differ, to `leaks.ts` what is left behind, to `alone.ts` whose turn it is, to
 * `incomplete.ts` what can be done about too many schedules.
 */
import { UsageError } from '../../errors/classes.ts'
import { framesHere } from '../../errors/stack.ts'
import { checkOptions, wrongRight } from '../../errors/usage.ts'
import type { Body } from '../execution/execution.ts'
import { TestingError } from '../execution/outcome.ts'
import { ScheduleFailure } from '../report/failure.ts'
import { explore } from '../runs/explore.ts'
import { type FuzzOptions, fuzz } from '../runs/fuzz.ts'
import { checkBody, type ExploreOptions } from '../runs/options.ts'
import { type VirtualOptions, virtual } from '../runs/virtual.ts'
import { alone } from './alone.ts'
import { checkComplete } from './incomplete.ts'
import { LeakCheck } from './leaks.ts'
import { type AnyIt, define, type Runner, type RunnerOptions, type RunningTest, runnerOf } from './runner.ts'

export type { AnyIt }

/** The options of an explored test. */
export interface ItExploreOptions extends Omit<ExploreOptions, 'name'> {
  /**
   * Whether the test fails when not every schedule was run within `maxExecutions`, `maxMs` and `spins`. With `false` a sample is enough.
   *
   * @defaultValue true
   */
  complete?: boolean
}

/** The options of a fuzzed test. */
export type ItFuzzOptions = Omit<FuzzOptions, 'name'>

/** Options that the runner itself is given: all that are not ours. */
export interface CommonOptions {
  /** The runner's time limit, in milliseconds. */
  timeout?: number
}

/** Defines a test with a green body. */
export interface DefineGreen<O> {
  /** @param name - the test's. @param body - a generator function of `t`, or any function. */
  (name: string, body: Body): void
  /** @param name - the test's. @param options - ours, and those of the runner. @param body - a generator function of `t`, or any function. */
  (name: string, options: O, body: Body): void
}

/** A way to define tests, with those variants of it that the runner has. */
export type Variants<I, O> = DefineGreen<O> & {
  readonly [V in Extract<keyof I, (typeof VARIANTS)[number]>]: DefineGreen<O>
}

/** What {@link greenIt} gives. `R`: the options of the runner. */
export interface GreenIt<I, R = CommonOptions> {
  /** Defines a test that runs once, on a virtual clock, in production's order: {@link virtual}. */
  readonly green: Variants<I, VirtualOptions & R>
  /** Defines a test that runs under every schedule: {@link explore}. */
  readonly explore: Variants<I, ItExploreOptions & R>
  /** Defines a test that runs under many schedules, by chance: {@link fuzz}. */
  readonly fuzz: Variants<I, ItFuzzOptions & R>
}

/** The variants of `it` that our tests have as well. */
const VARIANTS = ['only', 'skip'] as const
/** Our options; all others are the runner's. */
const OURS: ReadonlySet<string> = new Set([
  ...['realIO', 'order', 'maxSteps', 'spins', 'shrink', 'independence', 'preemptions'],
  ...['maxExecutions', 'maxMs', 'complete', 'runs', 'seed'],
])
/** How long is explored when neither `maxMs` nor the runner sets a limit, in milliseconds. */
const LONGEST_MS = 5000
/** The part of the runner's time limit that may be spent exploring: shrinking and the report come after it. */
const SHARE = 1 / 2
/** What is added to a `maxMs` that was given, for the same, in milliseconds. */
const ROOM_MS = 5000

/** Runs the body of a test; answers the sentence on what it has seen. */
type Run = (body: Body, options: RunnerOptions, test: RunningTest, runner: Runner) => Promise<string | null>

const RUNS: Readonly<Record<'green' | 'explore' | 'fuzz', Run>> = {
  async green(body, options) {
    await virtual(body, options)
    return null
  },
  async explore(body, { complete = true, ...options }, test, runner) {
    const result = await explore(body, { ...limits(test), ...options, ...identity(test, runner) })
    if (complete === true && !isReplay()) checkComplete(result)
    return result.summary
  },
  async fuzz(body, options, test, runner) {
    return (await fuzz(body, { ...limits(test), ...options, ...identity(test, runner) })).summary
  },
}

/**
 * Gives an `it` of any test runner three ways to define a test with a green body: `green`, `explore`, `fuzz`, each with `only` and `skip`
 * where the runner has them.
 *
 * A test fails as the runs of these names reject. It fails, too, when it leaves greenlets, timers, servers, sockets or children in the
 * process, and `explore` when a budget ended it before every schedule was run (`complete: false` allows it; a bound of `preemptions` is
 * your choice, and passes). What was seen stands in vitest's `task.meta.greenloop`, in node:test as a diagnostic.
 *
 * The runner's options stand among ours. A `maxMs` that is given raises the runner's time limit; without one, half of that limit is used,
 * 5 seconds at most.
 *
 * @param it - `it` or `test` of node:test, jest, mocha, vitest. For vitest there is `greenloop/testing/vitest`, which has matchers, too.
 * @returns `green`, `explore` and `fuzz`.
 * @throws UsageError when `it` is no function; its tests when they are defined without a body.
 * @switches never
 * @example
 * ```ts
 * import { sleep } from 'greenloop'
 * import { greenIt } from 'greenloop/testing'
 *
 * // A test file has: import { it } from 'node:test'
 * async function it(name: string, fn: () => Promise<void>) {
 *   await fn()
 *   console.log(`ok: ${name}`)
 * }
 *
 * const { green } = greenIt(it)
 * green('an hour takes no time', function* () {
 *   yield* sleep(3_600_000)
 * })
 * // ok: an hour takes no time
 * ```
 */
export function greenIt<I extends AnyIt, R = CommonOptions>(it: I): GreenIt<I, R> {
  if (typeof it !== 'function')
    throw new UsageError(`greenIt() expects the \`it\` of a test runner, but got ${typeof it}.`)
  const runner = runnerOf(it)
  // Tests of vitest's that run side by side are told so: they would wait for each other, within their time limits.
  const base = runner === 'vitest' && 'sequential' in it ? (it.sequential as AnyIt) : it // vitest's
  const kind = (name: keyof typeof RUNS): unknown => variants(base, `it.${name}`, { run: RUNS[name], runner })
  return { green: kind('green'), explore: kind('explore'), fuzz: kind('fuzz') } as GreenIt<I, R> // the variants are those of `it`
}

/** How tests of one kind are run. */
interface Kind {
  readonly run: Run
  readonly runner: Runner
}

function variants(it: AnyIt, call: string, kind: Kind): unknown {
  const defining = definer(it, call, kind)
  for (const variant of VARIANTS) {
    const other: unknown = Reflect.get(it, variant)
    if (typeof other !== 'function') continue
    Object.defineProperty(defining, variant, { value: definer(other as AnyIt, `${call}.${variant}`, kind) }) // `it` but for which tests run
  }
  return defining
}

function definer(it: AnyIt, call: string, { run, runner }: Kind): DefineGreen<object> {
  return (name: string, ...rest: readonly unknown[]) => {
    const { body, ours, theirs } = sorted(call, rest, runner)
    const [place = ''] = framesHere()
    define(runner, it, {
      name,
      options: theirs,
      body: (test) =>
        placed(place, () => alone(test, name, () => perform(test, place, () => run(body, ours, test, runner)))),
    })
  }
}

/** What a test was defined with. */
function sorted(
  call: string,
  rest: readonly unknown[],
  runner: Runner,
): { body: Body; ours: RunnerOptions; theirs: RunnerOptions } {
  const [first, second] = rest
  const options: unknown = rest.length > 1 ? first : {}
  if (typeof options === 'function') {
    throw new UsageError(
      `${call}() takes its options before the body.\n\n${wrongRight(`${call}(name, body, options)`, 'they would be overlooked', `${call}(name, options, body)`)}`,
    )
  }
  checkOptions(`${call}()`, options, '{ timeout: 10_000 }')
  const body = rest.length > 1 ? second : first
  checkBody(call, body)
  const all = Object.entries(options)
  const ours = Object.fromEntries(all.filter(([name]) => OURS.has(name)))
  const theirs = Object.fromEntries(all.filter(([name]) => !OURS.has(name)))
  return { body: body as Body, ours, theirs: { ...limitFor(ours['maxMs'], runner), ...theirs } } // checked
}

/** The time limit that the runner is given where it follows from ours. A replay is for a debugger, in which nobody is in a hurry. */
function limitFor(maxMs: unknown, runner: Runner): RunnerOptions {
  if (isReplay() && runner !== 'other') return { timeout: runner === 'vitest' ? 0 : Infinity }
  if (typeof maxMs !== 'number') return {}
  return Number.isFinite(maxMs) ? { timeout: maxMs + ROOM_MS } : { timeout: runner === 'vitest' ? 0 : Infinity }
}

function isReplay(): boolean {
  return (process.env['GREENLOOP_REPLAY'] ?? '') !== ''
}

function limits({ limitMs }: RunningTest): { maxMs: number } {
  return { maxMs: Math.min(LONGEST_MS, limitMs * SHARE) }
}

function identity({ name }: RunningTest, runner: Runner): { name?: string; runner?: 'vitest' | 'node:test' } {
  return { ...(name === undefined ? {} : { name }), ...(runner === 'other' ? {} : { runner }) }
}

/** Runs a test between two looks at what there is in the process. `place`: where it was defined. */
async function perform(test: RunningTest, place: string, run: () => Promise<string | null>): Promise<void> {
  const leaks = new LeakCheck()
  let passed = false
  const check = async (): Promise<void> => {
    if (passed) await placed(place, () => leaks.check()) // one that has failed may leave anything
  }
  const isLater = test.atEnd(check)
  try {
    const summary = await run()
    passed = test.signal?.aborted !== true
    if (summary !== null) test.note({ summary })
  } catch (error) {
    if (error instanceof ScheduleFailure) test.note({ trace: error.trace })
    throw error
  }
  if (!isLater) await check()
}

/** Passes on what `fn` throws; an error of ours that comes from no line of the program is shown at `place`. */
async function placed(place: string, fn: () => Promise<void>): Promise<void> {
  try {
    await fn()
  } catch (error) {
    if (error instanceof TestingError && place !== '') error.stack = `${error.name}: ${error.message}\n${place}`
    throw error
  }
}
