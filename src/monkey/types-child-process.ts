/**
 * What the patch of `child_process` adds, for the compiler.
 *
 * What `yield*` of a child gives depends on the call that has made it, so the calls say which kind theirs is: `exec` and `execFile` give
 * children whose output is waited for, `spawn` and `fork` such whose beginning is. Of a `ChildProcess` of which nothing is known, `yield*`
 * gives something unknown.
 *
 * The forms that are written here come before those of Node's own declarations, so all of them are here.
 */
import type { Readable, Writable } from 'node:stream'
import type { Output } from '../os/children/execution.ts'
import type { ChildMethods } from '../os/children/methods.ts'
import type { Resume, Suspend } from '../protocol.ts'

/** What stands at the other side of one of the three: a pipe, or nothing. */
type Piped<How, Pipe> = How extends null | undefined | 'pipe' | 'overlapped' ? Pipe : null

declare module 'child_process' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface ChildProcess extends ChildMethods {}

  /** A child that `exec` or `execFile` has made: `yield*` waits until it has ended, and gives its output. */
  interface CollectedProcess<T extends string | Buffer> extends ChildProcess {
    [Symbol.iterator](): Iterator<Suspend, Output<T>, Resume>
  }

  /** A child that `spawn` or `fork` has made: `yield*` waits until it runs, and gives it. */
  interface StartedProcess extends ChildProcess {
    [Symbol.iterator](): Iterator<Suspend, this, Resume>
  }
  interface ChildProcessWithoutNullStreams {
    [Symbol.iterator](): Iterator<Suspend, this, Resume>
  }
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- declaration merging
  interface ChildProcessByStdio<I extends null | Writable, O extends null | Readable, E extends null | Readable> {
    [Symbol.iterator](): Iterator<Suspend, this, Resume>
  }

  /** Node's callback of `exec` and `execFile`. */
  type Collected<E, T> = (error: E | null, stdout: T, stderr: T) => void

  /** In a greenlet: `const { stdout } = yield* exec(command)`. With a callback, that is called as well. */
  function exec(command: string, callback?: Collected<ExecException, string>): CollectedProcess<string>
  function exec(
    command: string,
    options: ExecOptionsWithBufferEncoding,
    callback?: Collected<ExecException, Buffer>,
  ): CollectedProcess<Buffer>
  function exec(
    command: string,
    options: ExecOptionsWithStringEncoding,
    callback?: Collected<ExecException, string>,
  ): CollectedProcess<string>
  function exec(
    command: string,
    options: ExecOptions | undefined | null,
    callback?: Collected<ExecException, string | Buffer>,
  ): CollectedProcess<string | Buffer>

  /** In a greenlet: `const { stdout } = yield* execFile(file, args)`. With a callback, that is called as well. */
  function execFile(file: string, callback?: Collected<ExecFileException, string>): CollectedProcess<string>
  function execFile(
    file: string,
    argsOrOptions: readonly string[] | undefined | null | ExecFileOptionsWithStringEncoding,
    callback?: Collected<ExecFileException, string>,
  ): CollectedProcess<string>
  function execFile(
    file: string,
    options: ExecFileOptionsWithBufferEncoding,
    callback?: Collected<ExecFileException, Buffer>,
  ): CollectedProcess<Buffer>
  function execFile(
    file: string,
    args: readonly string[] | undefined | null,
    options: ExecFileOptionsWithBufferEncoding,
    callback?: Collected<ExecFileException, Buffer>,
  ): CollectedProcess<Buffer>
  function execFile(
    file: string,
    args: readonly string[] | undefined | null,
    options: ExecFileOptionsWithStringEncoding,
    callback?: Collected<ExecFileException, string>,
  ): CollectedProcess<string>
  function execFile(
    file: string,
    options: ExecFileOptions | undefined | null,
    callback?: Collected<ExecFileException, string | Buffer> | null,
  ): CollectedProcess<string | Buffer>
  function execFile(
    file: string,
    args: readonly string[] | undefined | null,
    options: ExecFileOptions | undefined | null,
    callback?: Collected<ExecFileException, string | Buffer> | null,
  ): CollectedProcess<string | Buffer>

  /** In a greenlet: `const child = yield* spawn(command)` waits until it runs. */
  function spawn(command: string, options?: SpawnOptionsWithoutStdio): ChildProcessWithoutNullStreams
  function spawn(
    command: string,
    args?: readonly string[],
    options?: SpawnOptionsWithoutStdio,
  ): ChildProcessWithoutNullStreams
  function spawn<I extends StdioNull | StdioPipe, O extends StdioNull | StdioPipe, E extends StdioNull | StdioPipe>(
    command: string,
    options: SpawnOptionsWithStdioTuple<I, O, E>,
  ): ChildProcessByStdio<Piped<I, Writable>, Piped<O, Readable>, Piped<E, Readable>>
  function spawn<I extends StdioNull | StdioPipe, O extends StdioNull | StdioPipe, E extends StdioNull | StdioPipe>(
    command: string,
    args: readonly string[],
    options: SpawnOptionsWithStdioTuple<I, O, E>,
  ): ChildProcessByStdio<Piped<I, Writable>, Piped<O, Readable>, Piped<E, Readable>>
  function spawn(command: string, options: SpawnOptions): StartedProcess
  function spawn(command: string, args: readonly string[], options: SpawnOptions): StartedProcess

  /** In a greenlet: `const child = yield* fork(path)` waits until it runs. */
  function fork(modulePath: string | URL, options?: ForkOptions): StartedProcess
  function fork(modulePath: string | URL, args?: readonly string[], options?: ForkOptions): StartedProcess
}
