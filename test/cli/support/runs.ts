/** Programs for the command line, and how they are run: by `node`, and by the compiled `greenloop run`. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The compiled library, a package of its own. */
export const COMPILED: string = process.env['GREENLOOP_PROGRAMS'] ?? ''
/** The command line. */
const MAIN: string = join(COMPILED, 'src/cli/main.js')
/** Nothing here takes so long. */
const LONGEST_MS = 9000

/** How a process has ended. */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Runs node with `args` in `folder`; `input` is what comes from the pipe at its standard input. */
export function node(
  folder: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH, HOME, NO_COLOR: '1', ...env },
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A program that ends without having read it closes the pipe.
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ stdout, stderr, code, signal })
    })
  })
}

/** Runs `greenloop` with `args` in `folder`. */
export function greenloop(
  folder: string,
  args: readonly string[],
  options: Parameters<typeof node>[2] = {},
): Promise<Ended> {
  return node(folder, [MAIN, ...args], options)
}

/** A folder with these files, in the compiled package unless `where` says another place; it is gone after the tests. */
export function folderWith(files: Readonly<Record<string, string>>, where: string = COMPILED): string {
  const folder = mkdtempSync(join(where, 'cli-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** Removes what {@link folderWith} has made. */
export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** What a program shows, without the frames of Node itself: they differ in how the main module was begun. */
export function withoutNodesFrames({ stderr, ...rest }: Ended): Ended {
  return { ...rest, stderr: stderr.replaceAll(/^ +at .*\bnode:internal\/.*\n/gmu, '') }
}
