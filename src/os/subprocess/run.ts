/**
 * A child from its beginning to its end: `run` and its kin.
 *
 * Whatever cuts the wait short, a kill or a timeout, ends the child and its whole group first: the greenlet goes on when the child is gone, its
 * pipes are closed, and the rest of the group has been killed, too. When this process exits, children of `run` that are left are killed. But
 * who is killed by SIGKILL, or by a signal that nobody listens for, tells nobody any more: then children run on.
 *
 * Stands on `Popen`. Leaves to it what a child is.
 * @see Python: `subprocess.run`
 */
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show, wrongRight } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { TimeoutExpired } from '../exceptions.ts'
import { keep, release } from '../launch/group.ts'
import {
  type Args,
  type Carried,
  checkStart,
  type Exactly,
  lineOf,
  type NoOptions,
  notInList,
  PIPE,
  type PopenOptions,
  STDOUT,
} from '../launch/options.ts'
import type { Written } from './communication.ts'
import { CompletedProcess, failureOf } from './completed-process.ts'
import { checkInput, Popen } from './popen.ts'

/** How a child is run. */
export interface CallOptions extends PopenOptions, WaitOptions {}

/** How `run` runs a child. */
export interface RunOptions extends CallOptions {
  /** All that it reads; its stdin is a pipe then. @defaultValue none */
  readonly input?: string | Uint8Array | undefined
  /** Whether to catch what it writes, to stdout and to stderr. @defaultValue false */
  readonly captureOutput?: boolean | undefined
  /** Whether to throw when it has not ended with exit code 0. @defaultValue false */
  readonly check?: boolean | undefined
}

/** How `checkOutput` runs a child: what it writes to stdout is caught in any case. */
export interface OutputOptions extends Omit<CallOptions, 'stdout'> {
  /** All that it reads; its stdin is a pipe then. @defaultValue none */
  readonly input?: string | Uint8Array | undefined
}

/** What is caught of a stream: text or bytes with `captureOutput` or a PIPE, else null. */
export type Caught<O, K extends 'stdout' | 'stderr'> =
  O extends Captures<true>
    ? Carried<O>
    : O extends { readonly [P in K]: typeof PIPE }
      ? Carried<O>
      : 'captureOutput' extends keyof O
        ? O extends Partial<Captures<false | undefined>>
          ? IfNamed<O, K>
          : Carried<O> | null
        : IfNamed<O, K>

interface Captures<T> {
  readonly captureOutput: T
}

type IfNamed<O, K extends string> = K extends keyof O ? (typeof PIPE extends O[K] ? Carried<O> | null : null) : null

const CALL = ['timeoutMs'] as const
const OUTPUT = [...CALL, 'input'] as const
const RUN = [...OUTPUT, 'captureOutput', 'check'] as const

/**
 * Runs a program to its end.
 *
 * A greenlet that is killed or timed out meanwhile ends it and its whole group first, by `killSignal`; see {@link PopenOptions}.
 *
 * @param args - the program and its arguments; or the program alone; with `shell: true` the line that the shell runs.
 * @param options - as those of `Popen`, and `input`, `captureOutput`, `check`, `timeoutMs`.
 * @returns how it has ended, and what was caught of its output.
 * @throws StartError when it cannot be started; with `check` CalledProcessError when the exit code is not 0, with the last lines of its
 * stderr, if that was caught; TimeoutExpired when `timeoutMs` have passed: it has been ended; UsageError at the call for wrong arguments.
 * @switches always
 * @source Python: `subprocess.run`
 * @example
 * ```ts
 * import { run as main } from 'greenloop'
 * import { run } from 'greenloop/os'
 *
 * await main(function* () {
 *   const { returncode, stdout } = yield* run(['sort'], { input: 'b\na\n', captureOutput: true, text: true })
 *   console.log(returncode, JSON.stringify(stdout)) // 0 "a\nb\n"
 *   const copied = yield* run('echo $((6 * 7))', { shell: true, captureOutput: true, text: true })
 *   console.log(copied.stdout.trim()) // 42
 * })
 * ```
 */
export function run<const O extends RunOptions = NoOptions>(
  args: Args,
  options?: Exactly<O, RunOptions>,
): Operation<CompletedProcess<Caught<O, 'stdout'>, Caught<O, 'stderr'>>> {
  const given: RunOptions = options === undefined ? {} : options
  check('run()', args, given, RUN)
  // What is caught follows from the options, as the types say.
  return operation(textOf('run', args), () => complete('run', args, given)) as Operation<never>
}

/**
 * Runs a program to its end, as {@link run}.
 *
 * @returns the exit code.
 * @throws as {@link run}, but never for the exit code.
 * @switches always
 * @source Python: `subprocess.call`
 * @example
 * ```ts
 * import { subprocess } from 'greenloop/os'
 *
 * console.log(await subprocess.call(['false'])) // 1
 * ```
 */
export function call(args: Args, options: CallOptions = {}): Operation<number> {
  check('call()', args, options, CALL)
  return operation(textOf('call', args), function* () {
    return (yield* complete('call', args, options)).returncode
  })
}

/**
 * Runs a program to its end, which must be exit code 0.
 *
 * @returns 0.
 * @throws CalledProcessError for any other; else as {@link run}.
 * @switches always
 * @source Python: `subprocess.check_call`
 * @example
 * ```ts
 * import { subprocess } from 'greenloop/os'
 *
 * try {
 *   await subprocess.checkCall(['false'])
 * } catch (err) {
 *   console.log(String(err)) // CalledProcessError: `false` has ended with exit code 1.
 * }
 * ```
 */
export function checkCall(args: Args, options: CallOptions = {}): Operation<number> {
  check('checkCall()', args, options, CALL)
  return operation(textOf('checkCall', args), function* () {
    return (yield* complete('checkCall', args, { ...options, check: true })).returncode
  })
}

/**
 * Runs a program to its end, which must be exit code 0, and gives what it has written to stdout.
 *
 * @param args - as for {@link run}.
 * @param options - as for {@link run}. `stderr: STDOUT` catches its errors, too; `stderr: PIPE` only for the message of a failure.
 * @returns text with `text` or `encoding`, else bytes.
 * @throws CalledProcessError for any other exit code; else as {@link run}.
 * @switches always
 * @source Python: `subprocess.check_output`
 * @example
 * ```ts
 * import { checkOutput } from 'greenloop/os'
 *
 * console.log(await checkOutput(['printf', 'hello'], { text: true })) // hello
 * ```
 */
export function checkOutput<const O extends OutputOptions = NoOptions>(
  args: Args,
  options?: Exactly<O, OutputOptions>,
): Operation<Carried<O>> {
  const given: OutputOptions = options === undefined ? {} : options
  if ('stdout' in given) throw new UsageError('checkOutput() catches stdout itself; it has no option `stdout`.')
  check('checkOutput()', args, given, OUTPUT)
  return operation(textOf('checkOutput', args), function* () {
    const { stdout } = yield* complete('checkOutput', args, { ...given, stdout: PIPE, check: true })
    return stdout as Carried<O> // as the options say
  })
}

/**
 * Has a shell run a line, and gives what it and its programs have written, to stdout or stderr, without the last line's end.
 *
 * @param line - what the shell runs.
 * @param options - as those of {@link call}.
 * @throws as {@link call}.
 * @switches always
 * @source Python: `subprocess.getoutput`
 * @example
 * ```ts
 * import { subprocess } from 'greenloop/os'
 *
 * const said = await subprocess.getoutput('echo one; echo two >&2')
 * console.log(said.split('\n')) // [ 'one', 'two' ]
 * ```
 */
export function getoutput(line: string, options: LineOptions = {}): Operation<string> {
  return outputOf('getoutput', line, options, (_returncode, output) => output)
}

/**
 * As {@link getoutput}, with the exit code before the output.
 *
 * @switches always
 * @source Python: `subprocess.getstatusoutput`
 */
export function getstatusoutput(
  line: string,
  options: LineOptions = {},
): Operation<[returncode: number, output: string]> {
  return outputOf('getstatusoutput', line, options, (returncode, output) => [returncode, output])
}

/** How a line is run whose output is text. */
export type LineOptions = Omit<CallOptions, 'shell' | 'stdout' | 'stderr' | 'text'>

function outputOf<T>(
  name: string,
  line: string,
  options: LineOptions,
  give: (returncode: number, output: string) => T,
): Operation<T> {
  if (typeof line !== 'string')
    throw new UsageError(`${name}() expects a line for the shell, as a string, but got ${show(line)}.`)
  checkOptions(`${name}()`, options, '{ timeoutMs: 1000 }')
  for (const taken of ['shell', 'stdout', 'stderr', 'text']) {
    if (taken in options) throw new UsageError(`${name}() decides \`${taken}\` itself; take run() to say it.`)
  }
  const all = { ...options, shell: true, stdout: PIPE, stderr: STDOUT, text: true } as const
  check(`${name}()`, line, all, CALL)
  return operation(textOf(name, line), function* () {
    const { returncode, stdout } = yield* complete(name, line, all)
    return give(returncode, (stdout as string).replace(/\r?\n$/u, '')) // text, as asked
  })
}

function textOf(name: string, args: Args): string {
  return `${name}(${lineOf(args)})`
}

function check(call: string, args: Args, options: RunOptions, names: readonly string[]): void {
  if (typeof args === 'string' && (typeof options === 'string' || Array.isArray(options)))
    throw notInList(call, options)
  checkWaitOptions(call, options)
  checkStart(call, args, options, names)
  checkFlag(call, 'captureOutput', options.captureOutput)
  checkFlag(call, 'check', options.check)
  if (options.input !== undefined) {
    checkInput(call, options.input)
    if (options.stdin != null)
      throw new UsageError(`${call} was given both \`input\` and \`stdin\`; input is what stdin gives.`)
  }
  if (options.captureOutput === true && (options.stdout != null || options.stderr != null)) {
    throw new UsageError(
      `${call} was given \`captureOutput\`, which makes pipes of both stdout and stderr, and one of them.\n\n${wrongRight('{ captureOutput: true, stderr: STDOUT }', 'stderr is said twice', '{ stdout: PIPE, stderr: STDOUT }')}`,
    )
  }
}

/** Runs a child to its end, and leaves nothing of it. */
function* complete(name: string, args: Args, options: RunOptions): Green<CompletedProcess> {
  const { input, captureOutput = false, check: isChecked = false, timeoutMs: _limit, ...rest } = options
  const started: PopenOptions = {
    ...rest,
    ...(input === undefined ? {} : { stdin: PIPE }),
    ...(captureOutput ? { stdout: PIPE, stderr: PIPE } : {}),
  }
  const child: Popen = new Popen(args, started)
  keep(child.$group)
  try {
    const [stdout, stderr] = yield* written(child, name, options)
    const { returncode, signal } = child
    const end = new CompletedProcess(args, returncode ?? 0, signal, stdout, stderr)
    if (isChecked && returncode !== 0) throw failureOf(end)
    return end
  } finally {
    release(child.$group)
  }
}

/** Waits until the child has ended, and gives what it has written. Whoever cuts that short ends it. */
function* written(child: Popen, name: string, { input, timeoutMs }: RunOptions): Green<Written> {
  try {
    return yield* child.$communicate(input, timeoutMs, true)
  } catch (error) {
    yield* child.$finish()
    if (!(error instanceof TimeoutExpired)) throw error
    const { args, stdout, stderr, timeoutMs: ms } = error
    const message = `${textOf(name, args)} timed out after ${String(ms)} ms; it was ended.`
    throw new TimeoutExpired(message, { args, timeoutMs: ms, stdout, stderr })
  }
}
