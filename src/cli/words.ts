/**
 * The words of the command line, as far as they mean more than they say: values behind `=`, numbers, files that are to be written.
 *
 * Everything here is looked at before a program starts, so that nobody waits for an hour to hear that the picture could not be written.
 * Mistakes are UsageErrors of one line; `command.ts` says them, and what the exit code is. Stands on the errors.
 */
import { accessSync, closeSync, constants, existsSync, openSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { Option } from 'commander'
import { UsageError } from '../errors/classes.ts'
import { findProgram, type Program } from './program.ts'

/** What an option is without its value: `--timeline` as opposed to `--timeline=out.html`. */
export type Bare = true

/** The exit code of what could not begin: a wrong command line, a program that is not there, a file that cannot be written. */
export const WRONG_USE = 2

/** Says something of our own. Standard output belongs to the program, and so does what it has made of standard error. */
export function say(text: string): void {
  try {
    process.stderr.write(`greenloop: ${text}\n`)
  } catch {
    // Its own `write`, which throws: nobody is to be told.
  }
}

/**
 * An option whose value stands behind `=`, and nowhere else: `--timeline app.ts` shall not eat the program. `flags` is as in the help:
 * `--timeline[=out.html]`.
 *
 * @param read - what the value is, or a UsageError; for one that may go without a value it is not asked then.
 */
export function valued(flags: string, about: string, read: (value: string) => string | number): Option {
  const [, name = '', must = ''] = /^([\w-]+)(.*)$/u.exec(flags) ?? []
  return new Option(`${name} ${must}`, about).argParser((value: string): string | number | Bare => {
    if (value !== '') return read(value)
    if (must.startsWith('[')) return true
    throw new UsageError(`${name} needs a value: ${flags.replaceAll(/[<>]/gu, '')}`)
  })
}

/** How an option is called in the help. */
export function termOf({ flags }: Option): string {
  return flags.replace(/ (?=\[?=)/u, '')
}

/**
 * The words, with an empty value for those of `options` that have none: commander would take the next word for it. What stands behind the
 * program is the program's.
 */
export function separated(args: readonly string[], options: readonly Option[]): string[] {
  const [command, ...words] = args
  if (command === undefined) return []
  const names = new Set(options.filter(({ flags }) => flags.includes('=')).map(({ long }) => long ?? ''))
  const last = words.findIndex((word) => word === '--' || (command === 'run' && !word.startsWith('-')))
  const ours = last < 0 ? words.length : last
  return [command, ...words.map((word, place) => (place < ours && names.has(word) ? `${word}=` : word))]
}

/** Reads a number of milliseconds, `least` and up. */
export function readMs(option: string, least: number): (value: string) => number {
  return (value) => {
    const ms = Number(value)
    if (/^\d+(?:\.\d+)?$/u.test(value) && ms >= least) return ms
    throw new UsageError(`${option} expects a number of milliseconds, ${String(least)} and up, but got "${value}"`)
  }
}

/** Reads a port. */
export function readPort(option: string): (value: string) => number {
  return (value) => {
    const port = Number(value)
    if (/^\d+$/u.test(value) && port < 65_536) return port
    throw new UsageError(`${option} expects a port, 0 to 65535, but got "${value}"`)
  }
}

/** Reads the name of a file that is to be written. `example` is the option for who has named the program instead: `--trace=out.json`. */
export function readTarget(example: string, ending: string): (value: string) => string {
  return (file) => {
    if (extname(file).toLowerCase() === ending) return file
    const [option = ''] = example.split('=')
    const cure = findProgram(file).file === null ? '' : `; to run it: ${example} ${file}`
    throw new UsageError(`${option} expects a file that ends in ${ending}, but got "${file}"${cure}`)
  }
}

/** Checks that `file` can be written, and leaves it as it is. @throws UsageError when it cannot. */
export function checkTarget(file: string): void {
  const before = statSync(file, { throwIfNoEntry: false })
  try {
    if (before === undefined || before.isFile() || before.isDirectory()) closeSync(openSync(file, 'a'))
    else accessSync(file, constants.W_OK) // a pipe or a device: to open it would do something, or wait
  } catch (err) {
    throw new UsageError(`cannot write ${file}: ${reasonOf(err, file)}`)
  }
  if (before === undefined) rmSync(realpathSync(file)) // of a link that leads nowhere the link stays
}

/** Why a file cannot be read or written, in some words. */
export function reasonOf(err: unknown, file: string): string {
  const { code, message } = err as NodeJS.ErrnoException // it came from node:fs
  if (code === 'ENOENT' && !existsSync(dirname(file))) return `there is no folder ${dirname(file)}`
  return /^[A-Z]+: (.*?)(?:, \w+(?: '.*)?)?$/u.exec(message)?.[1] ?? message
}

/** What is rather the value of an option than the name of a program. */
const VALUE = /\.(?:html?|json)$|^\d+$/iu

/** The program called `name`. @throws UsageError when there is none. */
export function programCalled(name: string): Program {
  const program = findProgram(name)
  if (program.file !== null && !/\.html?$/iu.test(name)) return program
  const folder = statSync(program.path, { throwIfNoEntry: false })?.isDirectory() === true
  const why = folder ? ': the folder has neither a package.json with "main" nor an index.js' : ''
  throw new UsageError(`no program at ${name}${VALUE.test(name) ? '; values of options stand behind "="' : why}`)
}
