/**
 * The rounds of a work: all contestants once, each in a fresh process, then all of them again, so that a slow minute of the machine meets all
 * of them.
 *
 * Stands on the programs that were built, and on the plan, which says how many rounds each gets. Leaves what is made of the samples to the
 * reports. Whoever cannot take part is absent; whoever takes part and fails is absent too, and is named as failed.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { builtPath, pathOf } from './built.ts'
import type { Measurement } from './measurement.ts'
import { type Pace, Plan } from './plan.ts'
import type { Contestant, InNode, InPython, Work } from './work.ts'

/** How it went. */
export interface Outcome {
  readonly work: Work
  /** By contestant, a sample a round. */
  readonly samples: ReadonlyMap<string, readonly Measurement[]>
  /** Who could not take part, and why. */
  readonly absent: ReadonlyMap<string, string>
  /** Which of them took part and failed. */
  readonly failed: readonly string[]
}

/** How the rounds are run. */
export interface Rounds {
  readonly pace: Pace
  /** What part of each contestant's times. */
  readonly part: number
  /** Which Python. */
  readonly python: string
  /** Ends the running process, and the rounds. */
  readonly signal: AbortSignal
  /** Told of before each measurement. */
  onStep?(step: Step): void
  /** Told of when a work is done. */
  onOutcome?(outcome: Outcome): void
}

/** What is measured next. */
export interface Step {
  readonly work: Work
  readonly round: number
  readonly contestant: string
  readonly plan: Plan
}

/** No work of ours takes so long: what does not end must not keep the others waiting. */
const LONGEST_MS = 180_000

/** Runs the works, one after the other. Gives what it has when it is ended. */
export async function runWorks(works: readonly Work[], rounds: Rounds): Promise<Outcome[]> {
  const lacks = new Map(works.map((one) => [one.name, lacksOf(one, rounds.python)]))
  const present = works.map((one): [string, string[]] => [
    one.name,
    one.contestants.map(({ name }) => name).filter((name) => lacks.get(one.name)?.has(name) !== true),
  ])
  const plan = new Plan(new Map(present), rounds.pace)
  const outcomes: Outcome[] = []
  for (const one of works) {
    if (rounds.signal.aborted) break
    const outcome = await runWork(one, lacks.get(one.name) ?? new Map<string, string>(), plan, rounds)
    rounds.onOutcome?.(outcome)
    outcomes.push(outcome)
  }
  return outcomes
}

async function runWork(
  work: Work,
  lacks: ReadonlyMap<string, string>,
  plan: Plan,
  { part, python, signal, onStep }: Rounds,
): Promise<Outcome> {
  const samples = new Map<string, Measurement[]>()
  const absent = new Map(lacks)
  const failed: string[] = []
  const isToCome = ({ name }: Contestant): boolean => plan.roundsLeft(work.name, name) > 0
  for (let round = 1; work.contestants.some(isToCome); round++) {
    for (const contestant of work.contestants.filter(isToCome)) {
      const { name } = contestant
      onStep?.({ work, round, contestant: name, plan })
      const began = performance.now()
      try {
        const times = Math.max(1, Math.round(contestant.times * part))
        const sample = await measure(work, contestant, times, python, signal)
        samples.set(name, [...(samples.get(name) ?? []), sample])
        plan.took(work.name, name, performance.now() - began)
      } catch (error) {
        if (signal.aborted || isInterrupted(error)) return { work, samples, absent, failed }
        plan.drop(work.name, name)
        samples.delete(name)
        failed.push(name)
        absent.set(name, `it failed: ${firstLineOf(error)}`)
      }
    }
    if (round === 1) plan.settle(work.name)
  }
  return { work, samples, absent, failed }
}

/** One measurement, in a fresh process. */
async function measure(
  work: Work,
  { by }: Contestant,
  times: number,
  python: string,
  signal: AbortSignal,
): Promise<Measurement> {
  signal.throwIfAborted()
  if (by.means === 'elsewhere') return await unlessAborted(by.measure(times, python), signal)
  const [program, args] = by.means === 'node' ? nodeCommand(by, times, work.cold) : pythonCommand(by, times, python)
  const stdout = await outputOf(program, args, signal)
  const measured = JSON.parse(stdout) as Measurement // by the two programs of this folder
  return { ...measured, wallNs: measured.wallNs - (work.idleMs * 1e6) / times }
}

/** What a program prints; the signal kills it. */
export async function outputOf(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { maxBuffer: 1e8, timeout: LONGEST_MS, killSignal: 'SIGKILL', signal } as const
  return (await promisify(execFile)(program, args, options)).stdout
}

/** The command of a program of this folder's, which is called with what it is to measure. */
export function nodeProgram(program: string, by: InNode, ...args: readonly string[]): [string, string[]] {
  return [process.execPath, ['--expose-gc', ...by.flags, builtPath(program), by.file, by.run, ...args]]
}

function nodeCommand(by: InNode, times: number, isCold: boolean): [string, string[]] {
  return nodeProgram('method/child.ts', by, String(times), String(by.parameter), isCold ? 'cold' : 'steady')
}

function pythonCommand(by: InPython, times: number, python: string): [string, string[]] {
  return [python, [pathOf('python/measure.py'), by.file, by.run, String(times), String(by.parameter)]]
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** A terminal interrupts the programs too, and their end may be seen before our own interrupt. */
function isInterrupted(error: unknown): boolean {
  return (error as { signal?: unknown }).signal === 'SIGINT' // as execFile rejects
}

/** What an error says, without the command and the stack: of a program, the line of its error. */
function firstLineOf(error: unknown): string {
  const { message, killed, stderr } = error as Error & { killed?: boolean; stderr?: string } // as execFile rejects
  if (killed === true) return `it took longer than ${LONGEST_MS / 1000} s`
  const lines = (stderr ?? message).split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => /^\S*Error\b.*:/u.test(line)) ?? lines.at(-1) ?? message).trim()
}

/** By contestant, what keeps it from taking part. */
function lacksOf(work: Work, python: string): Map<string, string> {
  const lacks = new Map<string, string>()
  for (const contestant of work.contestants) {
    const lack = lackOf(contestant, python)
    if (lack !== null) lacks.set(contestant.name, lack)
  }
  return lacks
}

/** Null when nothing does. */
function lackOf({ by }: Contestant, python: string): string | null {
  if (by.means === 'node') return null
  const needed = by.modules
  if (by.means === 'elsewhere') {
    if (!hasCompiler()) return 'there is no C compiler (cc) here'
    if (needed.length === 0) return null
  }
  if (!hasModule(python, 'sys')) return `${python} is no Python that runs here`
  const missing = needed.filter((module) => !hasModule(python, module))
  return missing.length > 0 ? `${python} has no ${missing.join(', no ')}` : null
}

/** Null: not asked yet. */
let compiler: boolean | null = null

function hasCompiler(): boolean {
  compiler ??= spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0
  return compiler
}

const modules = new Map<string, boolean>()

/** It has to say so: a program that is no Python may end well too. */
function hasModule(python: string, module: string): boolean {
  const key = `${python} ${module}`
  const known = modules.get(key)
  if (known !== undefined) return known
  let has = false
  try {
    const said = execFileSync(python, ['-c', `import ${module}; print('here')`], { encoding: 'utf8', stdio: 'pipe' })
    has = said.trim().endsWith('here')
  } catch {
    // it is not there, or ends with an error
  }
  modules.set(key, has)
  return has
}
