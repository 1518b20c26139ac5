/**
 * Assertions on a trace, in the form that `expect.extend` takes: of vitest, of jest, of whatever has it.
 *
 * A greenlet may be called by the name of its body, `worker` for `worker-1`, as long as it is the only one of that body.
 *
 * Stands on traces and boards. Knows no test runner.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { Trace } from '../execution/trace.ts'
import { firstDifference, sideBySide } from './boards.ts'

/** What a matcher answers. */
export interface MatcherResult {
  /** Whether it holds. */
  readonly pass: boolean
  /** What is said when it was wanted and does not hold, or the other way round. */
  readonly message: () => string
  /** What there was, for the runner's own picture of the difference. */
  readonly actual: unknown
  /** What was wanted. */
  readonly expected: unknown
}

/**
 * Says whether the greenlets have run in exactly this order, `main` first; one that goes on after itself stands once.
 *
 * @param trace - that of `virtual` or `replay`, or `t.trace`.
 * @param names - the names of the greenlets.
 * @throws UsageError when `trace` is none, or `names` no list of strings.
 * @switches never
 * @example
 * ```ts
 * import { getcurrent, RawGreenlet } from 'greenloop'
 * import { toSwitchExactly, virtual } from 'greenloop/testing'
 *
 * const { trace } = await virtual(function* () {
 *   const main = getcurrent()
 *   yield* new RawGreenlet(function* f1() {
 *     yield* main.switch()
 *   }).switch()
 * })
 * console.log(toSwitchExactly(trace, ['main', 'f1', 'main']).pass) // true
 * ```
 */
export function toSwitchExactly(trace: unknown, names: readonly string[]): MatcherResult {
  checkTrace('toSwitchExactly()', trace)
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new UsageError(`toSwitchExactly() expects \`names\` to be a list of strings, but got ${show(names)}.`)
  }
  const { switches } = trace
  const wanted = names.map((name) => fullName(switches, name))
  const difference = firstDifference(wanted, switches)
  return {
    pass: difference < 0,
    message: () =>
      difference < 0
        ? `The greenlets switched exactly as they were not to:\n\n  ${switches.join(', ')}`
        : `The greenlets did not switch as they were to, from number ${difference} on.\n\n${sideBySide(wanted, switches)}`,
    actual: switches,
    expected: wanted,
  }
}

/**
 * Says whether the moment marked `a` comes before the one marked `b`, not only in this schedule: see {@link Trace.happenedBefore}.
 *
 * @param trace - that of `virtual` or `replay`, or `t.trace`.
 * @param a - a mark: `t.mark('paid')`. @param b - another one.
 * @throws UsageError when `trace` is none, and when a mark was never set, or more than once.
 * @switches never
 */
export function toHaveHappenedBefore(trace: unknown, a: string, b: string): MatcherResult {
  checkTrace('toHaveHappenedBefore()', trace)
  const pass = trace.happenedBefore(a, b)
  const { marks } = trace
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)]
  return {
    pass,
    message: () => {
      if (pass) return `${first} happened before ${second}, and was not to.`
      return marks.indexOf(a) < marks.indexOf(b)
        ? `${first} came before ${second} in this schedule, but nothing makes it so: in another one it may be the other way round.`
        : `${first} did not happen before ${second}: it came later.`
    },
    actual: marks,
    expected: [a, b],
  }
}

/**
 * Says whether two greenlets have interleaved: one of them ran, then the other, then the first again.
 *
 * @param trace - that of `virtual` or `replay`, or `t.trace`.
 * @param a - the name of a greenlet. @param b - another one.
 * @throws UsageError when `trace` is none, and when a name is no string.
 * @switches never
 */
export function toInterleave(trace: unknown, a: string, b: string): MatcherResult {
  checkTrace('toInterleave()', trace)
  for (const name of [a, b]) {
    if (typeof name !== 'string') {
      throw new UsageError(`toInterleave() expects the names of two greenlets, but got ${show(name)}.`)
    }
  }
  const { switches } = trace
  const both = [fullName(switches, a), fullName(switches, b)]
  const order: string[] = []
  for (const name of switches) if (both.includes(name) && name !== order.at(-1)) order.push(name)
  const pass = order.length > 2
  return {
    pass,
    message: () => {
      if (pass) return `"${a}" and "${b}" interleaved, and were not to: ${order.join(', ')}.`
      const missing = both.find((name) => !order.includes(name))
      if (missing === undefined) return `"${a}" and "${b}" did not interleave: they ran as ${order.join(', ')}.`
      return `"${a}" and "${b}" did not interleave: "${missing}" did not run. These did: ${[...new Set(switches)].join(', ')}.`
    },
    actual: order,
    expected: both,
  }
}

/** The name of a greenlet that is called by that of its body; as it is when that is not plain. */
function fullName(switches: readonly string[], name: string): string {
  if (switches.includes(name)) return name
  const [full, another] = new Set(switches.filter((one) => one.replace(/-\d+$/u, '') === name))
  return full !== undefined && another === undefined ? full : name
}

function checkTrace(matcher: string, trace: unknown): asserts trace is Trace {
  if (trace instanceof Trace) return
  throw new UsageError(
    `${matcher} expects a trace, which virtual() and replay() give, or t.trace, but got ${show(trace)}.`,
  )
}
