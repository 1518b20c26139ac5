/**
 * The processes of a work between two: the one that answers is pinned to the first processor and the one that asks to the second, where
 * `taskset` is there. Which of them is not measured is in C, so that it is never the slower one.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A program and its arguments. */
export type Command = readonly string[]

/** A program in TypeScript of this folder. */
export function inNode(file: string, ...args: readonly string[]): Command {
  return ['node', '--import', 'tsx', fileOf(file), ...args]
}

/** A program in Python of this folder. */
export function inPython(python: string, file: string, ...args: readonly string[]): Command {
  return [python, fileOf(file), ...args]
}

/** Compiles a program in C of this folder, and calls `fn` with the path of it. */
export async function withCompiled<T>(file: string, fn: (program: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-bench-'))
  try {
    const program = join(folder, 'program')
    execFileSync('cc', ['-O2', '-o', program, fileOf(file)])
    return await fn(program)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs both; the server prints its port, which `client` makes a command of. Gives what the client prints, a number. */
export async function clientOf(server: Command, client: (port: string) => Command): Promise<number> {
  const [program = '', ...args] = pinned(0, server)
  const running = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: environment() })
  try {
    return Number(outputOf(pinned(1, client(await firstLine(running.stdout)))))
  } finally {
    running.kill()
  }
}

/** Runs a program to its end, and gives what it prints. */
export function outputOf([program = '', ...args]: Command): string {
  return execFileSync(program, args, { encoding: 'utf8', env: environment() })
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, TSX_TSCONFIG_PATH: fileOf('tsconfig.json') }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line
  throw new Error('The server has printed no port.')
}

function pinned(processor: number, command: Command): Command {
  return process.platform === 'linux' ? ['taskset', '-c', String(processor), ...command] : command
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
