/**
 * Why a child could not be started.
 *
 * Node says it late, and says `ENOENT` of the program when the folder is missing. So who failed to start one looks for himself; then, and only
 * then, the file system is asked without letting others run meanwhile.
 *
 * Stands on the error. Leaves it to `start.ts` when to ask.
 */
import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs'
import { basename, delimiter, resolve } from 'node:path'
import { wrongRight } from '../../errors/usage.ts'
import { StartError } from '../exceptions.ts'
import { type Args, lineOf } from './options.ts'

/** What Node was told to run. */
export interface Command {
  /** As it was given to us. */
  readonly given: Args
  readonly file: string
  readonly argv: readonly string[]
  readonly viaShell: boolean
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it was to be another user's. */
  readonly asOther: boolean
}

/** What the system answers without a PATH. */
const DEFAULT_PATH = '/bin:/usr/bin'

/** Why `command` cannot be started, of a start that Node has refused; `hadDescriptors`: whether pipes could be made. */
export function refusalOf(command: Command, hadDescriptors: boolean): StartError {
  if (!hadDescriptors) return refusal(command, 'EMFILE', 'no descriptors are left (EMFILE)')
  return (
    obstacleOf(command) ??
    (command.asOther
      ? refusal(command, 'EACCES', 'that user is not allowed to (EACCES), or the system has no more processes')
      : refusal(command, 'EAGAIN', 'the system has no more processes (EAGAIN)'))
  )
}

/** Why `command` cannot be started, as far as files tell; null when nothing is in its way. */
export function obstacleOf(command: Command): StartError | null {
  const { cwd = '.', file } = command
  const folder = statOf(cwd)
  if (typeof folder === 'string') return missingFolder(command, cwd, folder, reached(folder))
  if (!folder.isDirectory()) return missingFolder(command, cwd, 'ENOTDIR', 'is no folder')
  const found = file.includes('/') ? [resolve(cwd, file)] : inPath(command)
  let obstacle: StartError | null = null
  for (const path of found) {
    const stats = statOf(path)
    if (typeof stats === 'string') {
      if (file.includes('/')) return missingProgram(command, stats)
    } else if (stats.isDirectory()) {
      obstacle ??= refusal(command, 'EACCES', `${path} is a folder (EACCES)`)
    } else if (!isAllowed(path)) {
      obstacle ??= refusal(command, 'EACCES', `${path} is not executable (EACCES)`)
    } else {
      const loader = loaderOf(path)
      const isThere = loader === null || typeof statOf(loader) !== 'string'
      return isThere ? null : refusal(command, 'ENOENT', `${path} needs ${loader}, which is not there (ENOENT)`)
    }
  }
  return obstacle ?? missingProgram(command, 'ENOENT')
}

/** Why a start has failed that Node has refused by throwing. */
export function thrownRefusal(command: Command, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException // anything may be asked
  if (code === undefined || syscall === undefined) return error
  if (code === 'E2BIG') {
    const size = [...command.argv, ...Object.entries(command.env).flat()].reduce(
      (sum, text = '') => sum + text.length + 1,
      0,
    )
    return refusal(command, code, `its arguments and its environment are too long: ${String(size)} characters (E2BIG)`)
  }
  if (code === 'EPERM' && command.asOther)
    return refusal(command, code, 'this process may not start one as another user (EPERM)')
  return obstacleOf(command) ?? refusal(command, code, `the system refuses it (${code})`)
}

function refusal({ given, file }: Command, code: string, why: string, path = file): StartError {
  return new StartError(`Cannot start \`${lineOf(given)}\`: ${why}.`, { code, syscall: `spawn ${file}`, path })
}

function missingFolder(command: Command, cwd: string, code: string, what: string): StartError {
  return refusal(command, code, `the folder ${resolve(cwd)}, its \`cwd\`, ${what} (${code})`, cwd)
}

function missingProgram(command: Command, code: string): StartError {
  const { file, given, viaShell } = command
  const hasSpace = /\s/u.test(file)
  const where = file.includes('/') ? reached(code) : 'is in no folder of PATH'
  const error = refusal(command, code, `the program ${hasSpace ? `\`${file}\`` : file} ${where} (${code})`)
  if (viaShell || !hasSpace) return error
  const list = `[${file
    .trim()
    .split(/\s+/u)
    .map((word) => `'${word}'`)
    .join(', ')}]`
  const wrong = typeof given === 'string' ? `'${file}'` : `['${file}']`
  error.message += `\n\n${wrongRight(`run(${wrong})`, 'a program whose name has a space in it', `run(${list})`, `or run('${file}', { shell: true })`)}`
  return error
}

function reached(code: string): string {
  return code === 'ENOENT' ? 'is not there' : 'cannot be reached'
}

function inPath({ env, file, cwd = '.' }: Command): string[] {
  const folders = (env['PATH'] ?? DEFAULT_PATH).split(delimiter)
  return folders.map((folder) => resolve(cwd, folder, file))
}

/** What is there, or the code of the error. */
function statOf(path: string): Stats | string {
  try {
    return statSync(path)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'ENOENT' // statSync() throws no others
  }
}

function isAllowed(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The program that a script or a program is loaded by; null when it names none, or cannot be read. */
function loaderOf(path: string): string | null {
  const head = headOf(path)
  const interpreter = /^#![ \t]*(\S+)/u.exec(head)?.[1]
  if (interpreter !== undefined) return basename(interpreter) === interpreter ? null : interpreter
  if (!head.startsWith('\x7fELF')) return null
  return /\/[\w./-]*\/ld[\w.-]*/u.exec(head)?.[0] ?? null
}

function headOf(path: string): string {
  const buffer = Buffer.alloc(4096)
  try {
    const fd = openSync(path, 'r')
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer))
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  }
}
