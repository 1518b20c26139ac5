/**
 * A measurement that takes two processes: one answers, the other one asks, and one of them is measured. The other one is in C, so that it is
 * never the slower one.
 *
 * Each has a processor for itself where `taskset` is there. Stands on the programs that were built, and on a C compiler. Leaves to the
 * one that asks to measure: itself, or the one that answers.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { builtPath, pathOf } from './built.ts'
import type { Measurement } from './measurement.ts'

/** What has not ended by then, never will. */
const LONGEST_MS = 180_000

/** The least for which a program is warmed up. */
const LEAST_WARM_UP_MS = 300

/** A program and its arguments. */
export type Command = readonly string[]

/** A program in TypeScript of this folder. */
export function nodeCommand(file: string, ...args: readonly string[]): Command {
  return [process.execPath, builtPath(file), ...args]
}

/** A program in Python of this folder. */
export function pythonCommand(python: string, file: string, ...args: readonly string[]): Command {
  return [python, pathOf(file), ...args]
}

/** A program in C of this folder, which is compiled when it is first asked for. */
export function cCommand(file: string, ...args: readonly string[]): Command {
  let program = compiled.get(file)
  if (program === undefined) {
    program = builtPath(file.replace(/\.c$/, ''))
    mkdirSync(dirname(program), { recursive: true })
    execFileSync('cc', ['-O2', '-o', program, pathOf(file)])
    compiled.set(file, program)
  }
  return [program, ...args]
}

const compiled = new Map<string, string>()

/** How long a program is warmed up for that is then measured for so long. */
export function warmUpOf(measuredMs: number): number {
  return Math.max(LEAST_WARM_UP_MS, Math.round((measuredMs * 7) / 12))
}

/**
 * Runs both. The server prints its port and answers until it is killed; the client, made of that port and the server's process, prints a
 * measurement and ends.
 */
export async function measurePair(
  server: Command,
  client: (port: string, pid: string) => Command,
): Promise<Measurement> {
  const [program, ...args] = pinned(0, server)
  const running = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(running, 'close')
  const kill = (): boolean => running.kill('SIGKILL') // what it is in the midst of is of no use any more
  process.once('exit', kill)
  let complaint = ''
  running.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  try {
    const [port, pid] = [await firstLine(running.stdout), String(running.pid)]
    const [asking, ...questions] = pinned(1, client(port, pid))
    const { stdout } = await promisify(execFile)(asking, questions, { timeout: LONGEST_MS, killSignal: 'SIGKILL' })
    return JSON.parse(stdout) as Measurement // each client prints one
  } catch (thrown) {
    const error = thrown as Error & { stderr?: string } // of `execFile`, or of ours
    throw Object.assign(error, { stderr: `${error.stderr ?? error.message}\n${complaint}` })
  } finally {
    process.off('exit', kill)
    kill()
    await gone
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line
  throw new Error('The server has printed no port.')
}

/** On the first or second of the processors that this process may use; a command as it is where there are no two, or nothing can pin it. */
function pinned(which: 0 | 1, [program = '', ...args]: Command): [string, ...string[]] {
  processors ??= usableProcessors()
  const [first, second] = processors
  if (first === undefined || second === undefined) return [program, ...args]
  return ['taskset', '-c', String(which === 0 ? first : second), program, ...args]
}

let processors: readonly number[] | undefined

/** Empty without `taskset`. */
function usableProcessors(): readonly number[] {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    const [, list = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return list.split(',').flatMap((range) => {
      const [from = NaN, to = from] = range.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, n) => from + n)
    })
  } catch {
    return []
  }
}
