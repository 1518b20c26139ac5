/** Runs a program as a user would, in a process of its own, in the repository. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository, with a slash at the end. */
export const REPOSITORY: string = fileURLToPath(new URL('../../../', import.meta.url))

/** How a program has ended. */
export interface Ended {
  stdout: string
  stderr: string
  code: number
}

/** Nothing of ours takes longer; what hangs fails its test. */
const LONGEST_MS = 20_000

/** Runs `command` with its output in pipes, in the folder `cwd`. Of our own environment it gets only what a program needs. */
export function execute(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd: string = REPOSITORY,
): Promise<Ended> {
  const { PATH, HOME } = process.env
  const options = { cwd, env: { PATH, HOME, NO_COLOR: '1', ...env }, timeout: LONGEST_MS }
  return new Promise((resolve) => {
    const child = execFile(command, args, options, (_, stdout, stderr) => {
      resolve({ stdout, stderr, code: child.exitCode ?? Number.NaN })
    })
  })
}

/** Runs a TypeScript file with tsx. */
export function tsx(file: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> {
  return execute(process.execPath, ['--import', 'tsx', file, ...args], env)
}
