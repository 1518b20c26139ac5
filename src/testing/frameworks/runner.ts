/**
 * What test runners have in common, and where they differ: how a test is defined, what of it can be seen while it runs.
 *
 * All take a name and a function. vitest and node:test take options between the two, and hand the function an object that tells of the
 * test; jest takes the time limit behind it, mocha by a method of what it returns. None of them is loaded here: whose `it` it is, is seen
 * from its shape.
 *
 * Stands on nothing. Leaves to `it.ts` what a test does.
 */

/** What is needed of the `it` of a test runner. */
export interface AnyIt {
  (name: string, fn: (context?: unknown) => Promise<void>): unknown
}

/** Who runs the tests; `other`: jest, mocha, and what resembles them. */
export type Runner = 'vitest' | 'node:test' | 'other'

/** A test that is under way, as far as its runner shows it. */
export interface RunningTest {
  /** By which the runner finds it again; undefined where nothing tells. */
  readonly name: string | undefined
  /** When the runner gives it up, in milliseconds; Infinity: never. */
  readonly limitMs: number
  /** Aborted when the runner has given it up. */
  readonly signal: AbortSignal | undefined
  /** Has the runner show a sentence, and keep the replay string of a failure. */
  note(facts: { readonly summary?: string; readonly trace?: string }): void
  /** Has `check` called when the test and its hooks are over; false: this runner cannot. */
  atEnd(check: () => Promise<void>): boolean
}

/** The options of a test that a runner knows. */
export type RunnerOptions = Readonly<Record<string, unknown>>

/** What most runners allow a test when nothing is said, and do not tell: jest's default. */
const COMMON_LIMIT_MS = 5000

/** Whose `it` it is. */
export function runnerOf(it: object): Runner {
  const { it: nodes, test } = process.getBuiltinModule('node:test')
  if (it === nodes || it === test) return 'node:test'
  return 'runIf' in it && 'extend' in it ? 'vitest' : 'other'
}

/** Defines a test. */
export function define(
  runner: Runner,
  it: AnyIt,
  { name, options, body }: { name: string; options: RunnerOptions; body: (test: RunningTest) => Promise<void> },
): void {
  const { timeout } = options
  let made: unknown
  // Bound, for its text and its length: vitest takes the parameters that it reads there for fixtures, jest and mocha one for a callback.
  const fn: (context?: unknown) => Promise<void> = ((...args: unknown[]) =>
    body(running(runner, name, timeout, args[0] ?? made))).bind(null)
  if (runner === 'other') {
    made = (it as (...args: unknown[]) => unknown)(name, fn, ...(timeout === undefined ? [] : [timeout])) // jest's form
    if (typeof timeout === 'number' && hasTimeout(made)) made.timeout(timeout)
  } else if (Object.keys(options).length === 0) {
    it(name, fn)
  } else {
    ;(it as (...args: unknown[]) => unknown)(name, options, fn) // the form of both
  }
}

function running(runner: Runner, name: string, timeout: unknown, context: unknown): RunningTest {
  if (runner === 'vitest') return inVitest(context as VitestContext, timeout) // the runner was told by it
  if (runner === 'node:test') return inNode(context as NodeContext, timeout) // the same
  const limitMs = typeof timeout === 'number' ? timeout : hasTimeout(context) ? context.timeout() : COMMON_LIMIT_MS
  return {
    name,
    limitMs: limitMs === 0 ? Infinity : limitMs,
    signal: undefined,
    note() {
      // nobody would show it
    },
    atEnd: () => false,
  }
}

/** vitest's context, as far as it is used. */
interface VitestContext {
  readonly task: VitestTask & { readonly timeout?: number; readonly meta: object }
  readonly signal?: AbortSignal
  onTestFinished(fn: () => Promise<void>): void
}

interface VitestTask {
  readonly name: string
  readonly suite?: VitestTask
}

function inVitest(context: VitestContext, timeout: unknown): RunningTest {
  const { task, signal } = context
  const { timeout: limitMs = typeof timeout === 'number' ? timeout : COMMON_LIMIT_MS } = task // version 3 does not tell
  const facts = {}
  return {
    name: fullName(task),
    limitMs: limitMs === 0 ? Infinity : limitMs,
    signal,
    note(more) {
      Object.assign(task.meta, { greenloop: Object.assign(facts, more) })
    },
    atEnd(check) {
      context.onTestFinished(check)
      return true
    },
  }
}

/** The names of the suites and of the test, as the pattern of `vitest -t` is compared with them. */
function fullName({ suite, name }: VitestTask): string {
  return suite === undefined ? name : `${fullName(suite)} ${name}`
}

/** The context of node:test, as far as it is used. */
interface NodeContext {
  readonly name: string
  readonly signal: AbortSignal
  diagnostic(message: string): void
  after(fn: () => Promise<void>): void
}

function inNode(context: NodeContext, timeout: unknown): RunningTest {
  return {
    // Without those of its suites: Node 20 compares its pattern with the name alone.
    name: context.name,
    limitMs: typeof timeout === 'number' ? timeout : Infinity,
    signal: context.signal,
    note({ summary }) {
      if (summary !== undefined) context.diagnostic(summary)
    },
    atEnd(check) {
      context.after(check)
      return true
    },
  }
}

/** A test of mocha's. */
interface MochaTest {
  timeout(): number
  timeout(ms: number): unknown
}

function hasTimeout(made: unknown): made is MochaTest {
  return typeof made === 'object' && made !== null && 'timeout' in made && typeof made.timeout === 'function'
}
