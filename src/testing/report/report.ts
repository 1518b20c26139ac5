/**
 * What a person sees when a schedule fails: what was thrown, the schedule as a picture, how it was found, how to replay it.
 *
 * The first line is what was thrown, since it is what test runners show in their summaries. For a deadlock that is who waits for whom,
 * circles first. The stack begins where the failing line is, so that a runner shows this line.
 *
 * Stands on the picture and the failure. Leaves finding and shrinking to the search.
 */
import { relative } from 'node:path'
import { LoopExit } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Log } from '../execution/log.ts'
import { type Failed, TestingError } from '../execution/outcome.ts'
import { picture } from './columns.ts'
import { ScheduleFailure } from './failure.ts'
import { frameAt, framesOf, isError } from './frames.ts'
import { noProgress, patternOf } from './livelock.ts'
import { publicStep, type Reading, readingsOf, runsOf, waitingAtEnd } from './steps.ts'
import { counted } from './text.ts'

/** What is known of a failing schedule. */
export interface ReportFacts {
  /** The execution, with a log of places. */
  readonly execution: {
    readonly outcome: Failed
    readonly log: Pick<Log, 'steps'>
    readonly choices: readonly number[]
    readonly preemptions: number
  }
  /** The string that replays it. */
  readonly trace: string
  /** In which execution it was found, counted from 1; 0: it was replayed. */
  readonly executions: number
  readonly order: 'any' | 'external'
  readonly independence: 'none' | 'tracked'
  readonly trackedObjects: number
  /** How many preemptions the schedule had that was found; null: it was not shrunk. */
  readonly shrunkFrom: number | null
  /** Who has run it: `explore`. */
  readonly caller: string
  /** Where the schedule comes from: the seed, or more than that: `seed 42, random walk`. */
  readonly seed?: number | string
  /** The name of the test. */
  readonly name?: string
  /** What runs the test. @defaultValue vitest or node:test, when the environment says so */
  readonly runner?: 'vitest' | 'node:test'
}

/** Makes the error that a failing schedule rejects with. */
export function failureOf(facts: ReportFacts): ScheduleFailure {
  const { execution, trace, executions } = facts
  const { outcome, log } = execution
  const readings = readingsOf(log)
  const endless = outcome.why === 'steps'
  const forEver = outcome.why === 'deadlock' || outcome.why === 'leftover'
  const steps = picture(endless ? readings.slice(-LAST_STEPS) : readings, {
    switches: !endless,
    forEver: forEver ? waitingAtEnd(readings).map(({ proc }) => proc) : [],
    verdict: outcome.why === 'invariant' ? 'breaks the invariant' : '',
  })
  const parts = [
    endless ? noProgress(facts.caller, readings, execution.choices.length) : thrown(outcome, readings),
    endless ? `The last steps:\n\n${steps}` : steps,
    [modeOf(facts), foundBy(facts)].filter((line) => line !== '').join('\n'),
    replayBy(facts),
  ]
  return new ScheduleFailure(parts.filter((part) => part !== '').join('\n\n'), {
    kind: outcome.why,
    cause: outcome.error,
    trace,
    schedule: readings.map(publicStep),
    executions,
    frames: whereOf(outcome, readings),
  })
}

/** Of a schedule that does not end, so many steps are shown. */
const LAST_STEPS = 20

/** What was thrown, and by whom. */
function thrown({ why, error, greenlet }: Failed, readings: readonly Reading[]): string {
  if (isError(error) && (why === 'deadlock' || why === 'leftover')) return withNumbers(textOf(error), readings)
  const text = isError(error) ? textOf(error) : `${show(error)} was thrown.`
  if (why === 'unread')
    return `${text}\n(Greenlet "${greenlet}" failed, and nobody reads its outcome: get(), link() and raiseError do.)`
  return text
}

/** Has the rows of those who wait name primitives as the picture does: `semaphore2.acquire()`. */
function withNumbers(text: string, readings: readonly Reading[]): string {
  const waits = waitingAtEnd(readings).flatMap(({ name, call, suspendedIn: wait }) =>
    call === null || wait === null ? [] : [{ row: `  ${name} `, wait, call }],
  )
  const growth = Math.max(0, ...waits.map(({ wait, call }) => call.length - wait.length))
  return text
    .split('\n')
    .map((line) => {
      const known = waits.find(
        ({ row, wait }) => line.startsWith(row) && line.slice(row.length).trimStart().startsWith(wait),
      )
      if (known === undefined) return line
      const at = line.indexOf(known.wait, known.row.length)
      const end = at + known.wait.length
      return `${line.slice(0, at)}${known.call.padEnd(known.wait.length + growth)}${line.slice(end)}`.trimEnd()
    })
    .join('\n')
}

function textOf(error: Error): string {
  const { name, message } = error
  if (error instanceof TestingError) return message // the sentence says all
  return message === '' ? name : `${name}: ${message}`
}

function modeOf({ order, independence, trackedObjects }: ReportFacts): string {
  const first =
    order === 'any'
      ? 'order: any (whoever is ready may be next; in production it is first come, first served)'
      : 'order: external (production can take this schedule)'
  const second =
    independence === 'tracked' ? `tracked; tracked objects: ${trackedObjects}` : 'none (every step counts as dependent)'
  return `${first}\nindependence: ${second}`
}

function foundBy({ caller, executions, shrunkFrom, execution, seed }: ReportFacts): string {
  if (executions === 0 || (caller !== 'explore' && caller !== 'fuzz')) return ''
  const { preemptions, choices } = execution
  const from = seed === undefined ? '' : typeof seed === 'number' ? ` (seed ${seed})` : ` (${seed})`
  const found = `Found in execution ${executions.toLocaleString('en')}${from}`
  const now = choices.every((choice) => choice === 0) ? 'first come, first served' : counted(preemptions, 'preemption')
  if (shrunkFrom === null || shrunkFrom === preemptions) return `${found}: ${now}.`
  return `${found}, shrunk from ${counted(shrunkFrom, 'preemption')} to ${preemptions}.`
}

/** A longer string is written once only. */
const LONG = 100

function replayBy({ caller, trace, name, runner }: ReportFacts): string {
  const call = `Replay it:\n  await replay(body, '${trace}')`
  if (caller === 'schedule.run') return call // the body depends on data that only fast-check has
  const string = trace.length > LONG ? '...' : `'${trace}'`
  return `${call}\n  GREENLOOP_REPLAY=${string} ${commandOf(runner ?? presentRunner(), name)}`
}

/** What a person types to run the one test. */
function commandOf(runner: 'vitest' | 'node:test' | null, name: string | undefined): string {
  const pattern = name?.replace(/[$()*+.?[\\\]^{|}]/gu, '\\$&').replaceAll("'", `'\\''`)
  if (runner === 'vitest') return pattern === undefined ? 'npx vitest run' : `npx vitest run -t '${pattern}'`
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'))
  const node = flags.some((flag) => TSX.test(flag)) ? ['npx', 'tsx'] : ['node', ...flags]
  const program = relative(process.cwd(), process.argv[1] ?? '')
  if (runner === null) return [...node, program].join(' ')
  return [...node, '--test', ...(pattern === undefined ? [] : [`--test-name-pattern '${pattern}'`]), program].join(' ')
}

/** A flag that has tsx loaded. */
const TSX = /^tsx$|=tsx$|[/\\]tsx[/\\]/u

/** Which one runs this process. */
function presentRunner(): 'vitest' | 'node:test' | null {
  if (process.env['VITEST'] !== undefined) return 'vitest'
  return process.env['NODE_TEST_CONTEXT'] === undefined ? null : 'node:test'
}

/** Where it fails. */
function whereOf({ why, error }: Failed, readings: readonly Reading[]): string[] {
  const dead = waitingAtEnd(readings)
  if (error instanceof LoopExit) {
    const [cycle = error.waiting] = error.cycles
    return placesOf(cycle.flatMap(({ name }) => dead.find((reading) => reading.name === name) ?? []))
  }
  if (why === 'steps')
    return placesOf(runsOf(patternOf(readings)?.steps ?? readings.slice(-1)).map(({ first }) => first))
  if (why === 'leftover' || why === 'deadlock') return placesOf(dead)
  const own = error instanceof TestingError && why !== 'unreachable' ? [] : framesOf(error)
  return own.length > 0 ? own : placesOf(readings.filter(({ place }) => place !== null).slice(-1))
}

function placesOf(readings: readonly Reading[]): string[] {
  return readings.flatMap(({ name, place }) => (place === null ? [] : [frameAt(name, place)]))
}
