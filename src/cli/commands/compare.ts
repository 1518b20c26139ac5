/**
 * `greenloop compare`: runs two programs, one after the other, and draws both on one axis.
 *
 * Each runs as by `greenloop run --trace`, in a process of its own: in one process the second would find what the first has loaded, and
 * whatever it has left behind. A program that fails is told, and compared all the same, as far as it has come.
 *
 * Stands on the drawings, and on `show`, which reads traces.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { UsageError } from '../../errors/classes.ts'
import type { Recording } from '../../trace/record/recording.ts'
import { atEnd } from '../last-words.ts'
import { drawer } from '../pictures/drawings.ts'
import { screenOf } from '../pictures/screen.ts'
import { type Bare, programCalled, say } from '../words.ts'
import { readTrace } from './show.ts'

/** The words of `compare`, parsed. */
export interface CompareOptions {
  /** The file of the page. */
  readonly timeline?: string
  readonly locations?: Bare
}

/** Compares the programs of these names. */
export async function compare(names: readonly string[], { timeline, locations }: CompareOptions): Promise<void> {
  names.forEach(programCalled)
  const drawBars = await drawer({ timeline: true }, process.stdout)
  const drawPage = timeline === undefined ? null : await drawer({ timeline }, process.stdout)
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
  const die = atEnd(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const recordings: Recording[] = []
  for (const [number, name] of names.entries()) {
    const trace = join(folder, `${String(number)}.json`)
    say(`running ${name}`)
    const failure = await runApart([`--trace=${trace}`, ...(locations ? ['--locations'] : []), '--', name], die)
    if (failure !== null) fail(`${name} ${failure}`)
    try {
      recordings.push(...(await readTrace(trace)))
    } catch (err) {
      if (!(err instanceof UsageError)) throw err
      fail(`${name} has left nothing to compare`) // killed before it could, or while it was writing
    }
  }
  if (recordings.length < names.length) return
  const drawn = drawBars(recordings) && (drawPage?.(recordings) ?? true)
  if (!drawn) process.exitCode = 1
  process.stdout.write(`\n${await inNumbers(recordings)}\n`)
}

function fail(text: string): void {
  say(text)
  process.exitCode = 1
}

/** A line for each. */
async function inNumbers(recordings: readonly Recording[]): Promise<string> {
  const { summarize } = await import('../../trace/pictures/summary.ts')
  const { duration } = await import('../../trace/pictures/text/duration.ts')
  const { ascii } = screenOf(process.stdout)
  const summaries = recordings.map(summarize)
  const width = Math.max(...summaries.map(({ title }) => title.length))
  return summaries
    .map(({ title, total: { busyMs, waitingMs, switches } }) => {
      const times = `busy ${duration(busyMs, ascii)}, waiting ${duration(waitingMs, ascii)}`
      return `${title.padEnd(width)}  ${times}, ${switches === 1 ? '1 switch' : `${String(switches)} switches`}`
    })
    .join('\n')
}

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Does `greenloop run` with these words in another process, whose standard streams are ours; answers how it failed, or null.
 *
 * @param die - called with a signal that has come for us, when that process has ended, too.
 */
async function runApart(words: readonly string[], die: (signal: NodeJS.Signals) => void): Promise<string | null> {
  const [, cli = ''] = process.argv
  const child = spawn(process.execPath, [...process.execArgv, cli, 'run', ...words], { stdio: 'inherit' })
  const heard: NodeJS.Signals[] = []
  const passOn = (signal: NodeJS.Signals): void => {
    heard.push(signal)
    // It may hang in a loop, where it hears nothing; who asks twice means it.
    if (heard.length > 1) {
      child.kill('SIGKILL')
      return
    }
    // What is typed at a terminal, it hears by itself.
    if (signal === 'SIGTERM' || ![0, 1, 2].some((stream) => isatty(stream))) child.kill(signal)
  }
  for (const signal of PASSED_ON) process.on(signal, passOn)
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null] // what a child process tells
  for (const signal of PASSED_ON) process.off(signal, passOn)
  heard.slice(0, 1).forEach(die)
  if (signal !== null) return `was ended by ${signal}`
  return code === 0 ? null : `ended with exit code ${String(code)}`
}
