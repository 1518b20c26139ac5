/**
 * How a child process is started: the options of `Popen`, what they give by their types, and what is wrong with them.
 *
 * Stands on the errors. Leaves the starting to `start.ts`.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkMs, checkOptions, show, wrongRight } from '../../errors/usage.ts'
import { signalNamed } from '../../gevent/signal.ts'
import type { HasFileno } from '../../net/select/target.ts'
import type { FileObject } from '../fileobject/file-object.ts'

/** What is to be run: a program with its arguments, or a program alone; with `shell` a line for the shell. */
export type Args = string | readonly string[]

/** For `stdin`, `stdout`, `stderr`: a pipe to us. */
export const PIPE = 'pipe' as const
/** For `stdin`, `stdout`, `stderr`: `/dev/null`. */
export const DEVNULL = 'ignore' as const
/** For `stdin`, `stdout`, `stderr`: our own, which is what is done without any option. */
export const INHERIT = 'inherit' as const
/** For `stderr`: where `stdout` goes, in the order in which it is written. */
export const STDOUT = 'stdout' as const

/** What has a descriptor: a `FileObject`, or what Node makes (a file's stream, a socket, a terminal). */
export type HasDescriptor = HasFileno | NodeJS.ReadableStream | NodeJS.WritableStream

/** Where a standard stream of the child leads; a number is a descriptor. */
export type Target = typeof PIPE | typeof DEVNULL | typeof INHERIT | number | HasDescriptor | null | undefined

/** How a child is started, by Python's names. */
export interface PopenOptions {
  /** The folder in which it runs. @defaultValue ours */
  readonly cwd?: string | undefined
  /** Its whole environment. @defaultValue ours */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Whether a shell runs it: `/bin/sh`, or the one that is named. @defaultValue false */
  readonly shell?: boolean | string | undefined
  /** What it reads. @defaultValue what we read */
  readonly stdin?: Target
  /** Where it writes to. @defaultValue where we do */
  readonly stdout?: Target
  /** Where it writes errors to. @defaultValue where we do */
  readonly stderr?: Target | typeof STDOUT
  /** Whether pipes carry text, UTF-8, instead of bytes. @defaultValue false */
  readonly text?: boolean | undefined
  /** Which text pipes carry. @defaultValue bytes */
  readonly encoding?: BufferEncoding | null | undefined
  /**
   * Whether it leads a session, and so a group of processes, of its own, which signals and ends reach as a whole. It has no terminal then: what
   * asks for a password at `/dev/tty` needs `false`. @defaultValue true
   */
  readonly startNewSession?: boolean | undefined
  /** What ends it and its group when it is disposed of. @defaultValue SIGKILL */
  readonly killSignal?: NodeJS.Signals | number | undefined
  /** How long they have after another signal than SIGKILL, which follows, in milliseconds, 0 and up. @defaultValue 5000 */
  readonly graceMs?: number | undefined
  /** Descriptors that stay open in it, under the same numbers, beside the first three. @defaultValue none */
  readonly passFds?: readonly number[] | undefined
  /** Its user. @defaultValue ours */
  readonly uid?: number | undefined
  /** Its group of users. @defaultValue ours */
  readonly gid?: number | undefined
}

/** What there is without options. */
export interface NoOptions {
  readonly cwd?: undefined
}

/** What an option is, as far as its type says; undefined when it was not given. */
type Option<O, K extends string> = K extends keyof O ? O[K] : undefined

/** What pipes carry: text with `text` or `encoding`, else bytes. */
export type Carried<O> = [Option<O, 'text'>] extends [true]
  ? string
  : [Option<O, 'encoding'>] extends [BufferEncoding]
    ? string
    : [Option<O, 'text'>] extends [false | undefined]
      ? [Option<O, 'encoding'>] extends [null | undefined]
        ? Buffer
        : string | Buffer
      : string | Buffer

/** `T` where the option says PIPE, null where it does not, either where it may. */
type IfPiped<O, K extends string, T> = [Option<O, K>] extends [typeof PIPE]
  ? T
  : typeof PIPE extends Option<O, K>
    ? T | null
    : null

/** Our ends of a child's pipes. */
export interface Ends {
  /** Of its stdin. */
  readonly stdin: FileObject | FileObject<Buffer> | null
  /** Of its stdout. */
  readonly stdout: FileObject | FileObject<Buffer> | null
  /** Of its stderr. */
  readonly stderr: FileObject | FileObject<Buffer> | null
  /** What `communicate` gives. */
  readonly written: [stdout: string | Buffer | null, stderr: string | Buffer | null]
}

/** Which these are, by the options. */
export interface EndsOf<O> extends Ends {
  readonly stdin: IfPiped<O, 'stdin', FileOf<Carried<O>>>
  readonly stdout: IfPiped<O, 'stdout', FileOf<Carried<O>>>
  readonly stderr: IfPiped<O, 'stderr', FileOf<Carried<O>>>
  readonly written: [stdout: IfPiped<O, 'stdout', Carried<O>>, stderr: IfPiped<O, 'stderr', Carried<O>>]
}

type FileOf<T extends string | Buffer> = T extends string ? FileObject : FileObject<Buffer>

/** No more options than there are: TypeScript checks that of an object that stands in the call by itself, but not of what it infers. */
export type Exactly<O, Known> = [Exclude<keyof O, keyof Known>] extends [never]
  ? O
  : O & Readonly<Record<Exclude<keyof O, keyof Known>, never>>

const NAMES: readonly (keyof PopenOptions)[] = [
  'cwd',
  'env',
  'shell',
  'stdin',
  'stdout',
  'stderr',
  'text',
  'encoding',
  'startNewSession',
  'killSignal',
  'graceMs',
  'passFds',
  'uid',
  'gid',
]

/** How those names are written here that others give them. */
const WRITTEN: Readonly<Record<string, string>> = {
  timeout: 'timeoutMs',
  capture_output: 'captureOutput',
  start_new_session: 'startNewSession',
  detached: 'startNewSession',
  universal_newlines: 'text',
  pass_fds: 'passFds',
  stdio: 'stdin, stdout, stderr',
}

/**
 * Checks what can be checked before anything is started, so that a mistake shows at the call.
 *
 * @param call - the call as a person writes it: `run()`.
 * @param more - the names of the options that this call has beside those of Popen.
 */
export function checkStart(call: string, args: Args, options: object, more: readonly string[] = []): void {
  if (Array.isArray(options)) throw notInList(call, options)
  checkOptions(call, options, '{ cwd: folder }')
  for (const name of Object.keys(options)) {
    if ((NAMES as readonly string[]).includes(name) || more.includes(name)) continue
    const written = WRITTEN[name]
    throw new UsageError(
      `${call} has no option \`${name}\`.${written === undefined ? '' : ` Here it is \`${written}\`.`}`,
    )
  }
  const given = options as PopenOptions // each is looked at
  checkFlag(call, 'text', given.text)
  checkFlag(call, 'startNewSession', given.startNewSession)
  if (given.shell === '') throw new UsageError(`${call} expects \`shell\` to be a boolean or a shell, but got ''.`)
  if (given.shell !== undefined && typeof given.shell !== 'string') checkFlag(call, 'shell', given.shell)
  checkArgs(call, args, (given.shell ?? false) !== false)
  if (given.graceMs !== undefined) checkMs(call, 'graceMs', given.graceMs)
  if (given.killSignal !== undefined) signalNamed(call, given.killSignal, 'killSignal')
  if (given.encoding != null && !Buffer.isEncoding(given.encoding))
    throw new UsageError(
      `${call} expects \`encoding\` to be an encoding that Node knows, but got ${show(given.encoding)}.`,
    )
  if (given.cwd !== undefined) checkText(call, '`cwd`', given.cwd)
  if (given.cwd === '') throw new UsageError(`${call} expects \`cwd\` to be a folder, but got ''.`)
  checkEnv(call, given.env)
  checkNumbered(call, 'uid', given.uid)
  checkNumbered(call, 'gid', given.gid)
  checkTargets(call, given)
}

/** For who has not put the arguments into the list of the program. */
export function notInList(call: string, options: unknown): UsageError {
  const name = call.replace(/\(\)$/u, '')
  return new UsageError(
    `${call} expects its options as an object, but got ${show(options)}.\n\n${wrongRight(`${name}('ls', ${Array.isArray(options) ? "['-l']" : "'-l'"})`, 'arguments stand in a list', `${name}(['ls', '-l'])`)}`,
  )
}

function checkEnv(call: string, env: unknown): void {
  if (env === undefined) return
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw new UsageError(
      `${call} expects \`env\` to be an object, such as { ...process.env, LANG: 'C' }, but got ${show(env)}.`,
    )
  }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    checkText(call, 'the names in `env`', name)
    checkText(call, `\`${name}\` in \`env\``, value)
  }
}

function checkNumbered(call: string, name: string, id: unknown): void {
  if (id === undefined || (Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31)) return // a number
  throw new UsageError(
    `${call} expects \`${name}\` to be the number of a ${name === 'uid' ? 'user' : 'group'}, 0 or more, but got ${show(id)}.`,
  )
}

function checkArgs(call: string, args: unknown, shell: boolean): void {
  const name = call.replace(/\(\)$/u, '')
  if (typeof args === 'string') {
    if (args === '')
      throw new UsageError(`${call} expects ${shell ? 'a line for the shell' : 'a program'}, but got ''.`)
    checkText(call, 'what is run', args)
    return
  }
  if (!Array.isArray(args)) {
    throw new UsageError(
      `${call} expects a program with its arguments, as a list of strings, but got ${show(args)}.\n\n${wrongRight(`${name}('ls', '-l')`, 'arguments stand in the list', `${name}(['ls', '-l'])`)}`,
    )
  }
  if (args.length === 0) throw new UsageError(`${call} expects a program with its arguments, but got an empty list.`)
  if (shell) {
    throw new UsageError(
      `${call} expects one line for the shell, but got a list.\n\n${wrongRight(`${name}(['ls', '-l'], { shell: true })`, 'the shell would run `ls` alone', `${name}('ls -l', { shell: true })`)}`,
    )
  }
  Array.from(args, (arg, place) => checkText(call, `item ${String(place)} of the list`, arg))
  if (args[0] === '') throw new UsageError(`${call} expects a program with its arguments, but the program is ''.`)
}

function checkText(call: string, what: string, value: unknown): void {
  if (typeof value !== 'string') throw new UsageError(`${call} expects ${what} to be a string, but got ${show(value)}.`)
  if (value.includes('\0'))
    throw new UsageError(`${call} expects ${what} to be without a zero byte, but got ${show(value)}.`)
}

function checkTargets(call: string, { stdin, stdout, stderr, passFds }: PopenOptions): void {
  for (const [name, target] of Object.entries({ stdin, stdout, stderr })) {
    if (target == null || target === PIPE || target === DEVNULL || target === INHERIT) continue
    if (target === STDOUT && name === 'stderr') continue
    if (typeof target === 'number' ? isDescriptor(target) : typeof target === 'object') continue
    const words = name === 'stderr' ? 'PIPE, DEVNULL, INHERIT, STDOUT' : 'PIPE, DEVNULL, INHERIT'
    throw new UsageError(
      `${call} expects \`${name}\` to be ${words}, a descriptor, or a file or stream that has one, but got ${show(target)}.`,
    )
  }
  if (passFds !== undefined && !Array.isArray(passFds))
    throw new UsageError(`${call} expects \`passFds\` to be a list of descriptors, but got ${show(passFds)}.`)
  for (const fd of passFds ?? [])
    if (!isDescriptor(fd))
      throw new UsageError(`${call} expects \`passFds\` to be a list of descriptors, but ${show(fd)} is in it.`)
}

function isDescriptor(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 // an integer is a number
}

/** What was run, for messages: as it would be typed, and not too long. */
export function lineOf(args: Args): string {
  const line = typeof args === 'string' ? args : args.map(quoted).join(' ')
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/u.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`
}
