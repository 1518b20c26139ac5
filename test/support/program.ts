/**
 * Runs a small program of `test/fixtures/programs` in a process of its own: for what only a process can show, its exit code, its
 * standard error, its last breath.
 */
import { spawn } from 'node:child_process'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAMS = new URL('../fixtures/programs/', import.meta.url)
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
/** No program of ours takes so long; one that hangs fails its test instead of the whole run. */
const LONGEST_MS = 9000

/** How a program is run. */
export interface ProgramOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whether the sources themselves are run, by tsx: for what looks at where the library was loaded from. */
  readonly sources?: boolean
  /** Sent when the program writes a line that is the word `ready`, once for each such line. */
  readonly signal?: NodeJS.Signals
  /** How long it may take, on a busy machine; for the few that have much to do. @defaultValue 9000 */
  readonly longestMs?: number
}

/** How a program has ended. */
export interface ProgramEnd {
  readonly stdout: string
  readonly stderr: string
  /** The exit code; null when a signal ended it. */
  readonly code: number | null
}

/** Runs `file`, compiled for this run of the tests, in the repository. */
export function runProgram(
  file: string,
  { args = [], env = {}, sources = false, signal, longestMs = LONGEST_MS }: ProgramOptions = {},
): Promise<ProgramEnd> {
  const command = sources ? ['--import', 'tsx', fileOf(file)] : ['--enable-source-maps', programPath(file)]
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: REPOSITORY,
    // Of our own environment only what a program needs: a debug setting or vitest's options are not its business.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let signalled = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const asked = stdout.split('\n').filter((line) => line === 'ready').length
    for (; signal !== undefined && signalled < asked; signalled++) child.kill(signal)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const limit = setTimeout(() => {
    stderr += `\n${file} was stopped after ${longestMs} ms\n`
    child.kill('SIGKILL')
  }, longestMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ stdout, stderr, code })
    })
  })
}

/** The program `file` as it was compiled for this run of the tests. */
export function programPath(file: string): string {
  return join(process.env['GREENLOOP_PROGRAMS'] ?? '', relative(REPOSITORY, fileOf(file)).replace(/ts$/u, 'js'))
}

function fileOf(file: string): string {
  return fileURLToPath(new URL(file, PROGRAMS))
}
