/**
 * What is said of a test that cannot be judged, or that no schedule has brought where it should: the sentences.
 *
 * Stands on the failure. Those who find the reason call it by name here.
 */
import { show, wrongRight } from '../../errors/usage.ts'
import type { Log, Step } from '../execution/log.ts'
import type { Outcome } from '../execution/outcome.ts'
import type { Difference } from '../schedule/replaying.ts'
import { StaleSchedule, UncontrolledNondeterminism, Unreached, UntrackedState } from './failure.ts'
import { isError } from './frames.ts'
import { counted } from './text.ts'

/** Where two runs of one schedule differ. */
export interface Divergence {
  /** The step, counted from 0. */
  readonly step: number
  /** Who took it at first, and where it suspended: `worker-1@queue.get()`. */
  readonly expected: string
  readonly saw: string
}

/** The same schedule was run twice and went two ways. `caller`: `explore`. */
export function nondeterminism(caller: string, { step, expected, saw }: Divergence): UncontrolledNondeterminism {
  return new UncontrolledNondeterminism(
    `Uncontrolled nondeterminism at step ${step}: expected ${expected}, saw ${saw}.\n` +
      `The first schedule was run twice, and the second time it went another way: something besides the schedule decides what the body does.\n\n` +
      `Usually it is one of these:\n` +
      `  - what one run leaves behind for the next: a variable of the module, a cache, a counter\n` +
      `  - Date, performance, Math.random, crypto: t.now() and t.random() are the same in every run\n` +
      `  - a file, an environment variable, a listener that is called by Node\n\n` +
      wrongRight(
        `const seen = new Map(); await ${caller}(function* (t) { ... })`,
        'the second run finds what the first has put in',
        `await ${caller}(function* (t) { const seen = new Map(); ... })`,
        'each run makes its own',
      ),
  )
}

/** Finds the first step in which two logs of the same schedule differ; null when they are the same. */
export function differenceOf(first: Pick<Log, 'steps'>, second: Pick<Log, 'steps'>): Divergence | null {
  const length = Math.max(first.steps.length, second.steps.length)
  for (let step = 0; step < length; step++) {
    const [one, other] = [first.steps[step], second.steps[step]]
    const [expected, saw] = [stepText(one), stepText(other)]
    if (expected !== saw) return { step, expected, saw }
    const [offered, now] = [offeredText(one), offeredText(other)]
    if (offered !== now) return { step, expected: `${expected} of ${offered}`, saw: `${saw} of ${now}` }
  }
  return null
}

/** Who took a step, and where it suspended. */
function stepText(step: Step | undefined): string {
  if (step === undefined) return 'the end'
  const { proc, detail } = step
  if (detail?.ended != null) return `${proc.name}, which ${detail.ended === 'failed' ? 'fails' : 'returns'}`
  return detail?.suspendedIn == null ? proc.name : `${proc.name}@${detail.suspendedIn}`
}

function offeredText(step: Step | undefined): string {
  return `[${(step?.offered ?? []).map(({ name }) => name).join(', ')}]`
}

/** A schedule, its outcome, and the string that replays it. */
export interface Told {
  readonly outcome: Outcome
  readonly trace: string
}

/** In what two orders of independent steps differ that should not. */
export interface OrdersDifferIn {
  /** The first step of the second one in which more than the order differs; -1: only the outcome does. */
  readonly step: number
  readonly what: 'who can go on' | 'what is touched' | 'the outcome'
}

/** Two orders of independent steps differ in more than their order. */
export function untracked(first: Told, second: Told, { step, what }: OrdersDifferIn): UntrackedState {
  const [one, other] = [outcomeText(first.outcome), outcomeText(second.outcome)]
  const calls = [first, second].map(({ trace }) => `await replay(body, '${trace}')`)
  const width = Math.max(...calls.map(({ length }) => length))
  return new UntrackedState(
    (what === 'the outcome'
      ? `Two orders of independent steps gave different outcomes: ${one}, and ${other}.\n`
      : `Two orders of independent steps went two ways: at step ${step} of the second, ${what} is different.\n`) +
      `With independence: 'tracked', steps that touch no common object may change places. So the greenlets share something that is not tracked.\n\n` +
      `${wrongRight('const account = { balance: 0 }', 'nobody sees who reads and who writes it', 'const account = t.shared({ balance: 0 })')}\n\n` +
      `Variables cannot be tracked: put them into such an object, or explore with independence: 'none', which is exact and slower.\n\n` +
      `The two orders:\n` +
      `  ${calls[0]?.padEnd(width) ?? ''}   // ${one}\n  ${calls[1]?.padEnd(width) ?? ''}   // ${other}`,
  )
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'cut') return 'cut'
  if (outcome.kind === 'returned') return `returned ${show(outcome.value)}`
  const { error } = outcome
  return `failed with ${isError(error) ? (String(error).split('\n', 1)[0] ?? '') : show(error)}`
}

/**
 * A replay string that does not fit.
 *
 * @param why - what is different: `step 7 offered 2 choices, was 3`.
 * @param fromEnvironment - it stood in `GREENLOOP_REPLAY`.
 */
export function stale(text: string, why: string, fromEnvironment: boolean): StaleSchedule {
  const command = `GREENLOOP_REPLAY='${text}' npx vitest run -t 'name of the test'`
  return new StaleSchedule(
    `'${text}' was recorded for another version of the test: ${why}.\n` +
      (fromEnvironment
        ? `GREENLOOP_REPLAY is set, and each explore() and fuzz() takes it, so it may belong to another test than this one. Run that one alone:\n  ${command}\n`
        : '') +
      'When the test has changed, explore it again: a schedule that still fails is reported with a new string.',
  )
}

/** Where a replay went another way. */
export function otherStep({ step, offered, recorded }: Difference): string {
  return `step ${step} offered ${counted(offered, 'choice')}, was ${recorded}`
}

/** The replay has ended too soon. */
export function otherEnd(steps: number, recorded: number): string {
  return `it ended after ${counted(steps, 'step')}, was ${recorded.toLocaleString('en')}`
}

/** The body does something else than what was recorded. Both: fingerprints. */
export function otherProgram(program: string, recorded: string): string {
  return `its greenlets and calls are others (${program}, was ${recorded})`
}

/** Another order was explored. */
export function otherOrder(order: string, recorded: string): string {
  return `the order is '${order}', was '${recorded}'`
}

/** How far an exploration has come. */
export interface Extent {
  readonly executions: number
  readonly complete: boolean
  readonly bound: 'none' | 'preemptions' | 'executions' | 'time' | 'spins'
}

/** What `t.reachable` names was reached by no schedule. */
export function unreached(labels: readonly string[], { executions, complete, bound }: Extent): Unreached {
  const [first = ''] = labels
  const what =
    labels.length === 1 ? `t.reachable(${JSON.stringify(first)})` : `${labels.length} labels of t.reachable()`
  const list = labels.length === 1 ? '' : `\n\n${labels.map((label) => `  ${label}`).join('\n')}`
  const head = complete
    ? `${what} ${labels.length === 1 ? 'holds' : 'hold'} in no schedule: all were explored (${counted(executions, 'execution')}).`
    : `${what} ${labels.length === 1 ? 'holds' : 'hold'} in none of the schedules that were run (${counted(executions, 'execution')}), but these are not all: ${BOUNDS[bound]}.`
  return new Unreached(head + list, labels)
}

const BOUNDS: Readonly<Record<Extent['bound'], string>> = {
  none: 'fuzz() takes a sample',
  preemptions: 'those with more preemptions were left out',
  executions: 'maxExecutions was reached',
  time: 'maxMs was over',
  spins: 'those in which somebody gives way again and again were cut short',
}
