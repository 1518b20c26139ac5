/**
 * What can go wrong with the machine, by Python's names.
 *
 * ```
 * GreenloopError
 *   SubprocessError        something is wrong with a child process
 *     StartError             it could not be started: no such program, no such folder, not allowed
 *     CalledProcessError     it has ended with an exit code that is not 0, or by a signal
 *     TimeoutExpired         it has not ended in time
 *   EOFError               there is no line to read any more
 * ```
 *
 * What files answer is Node's own: an `Error` with the system's `code` (`ENOENT`, `EACCES`, `ENOSPC`), `syscall` and `path`. What streams answer,
 * StreamClosedError and StreamTimeoutError, is on the page of all errors.
 *
 * Stands on the errors of the library. Leaves the sentences to those who throw.
 */
import { GreenloopError, recognise } from '../errors/classes.ts'

/** Something is wrong with a child process. */
export class SubprocessError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_SUBPROCESS'
}
recognise(SubprocessError, 'SubprocessError')

/** A child process could not be started; nothing runs. */
export class StartError extends SubprocessError {
  /** The system's: `'ENOENT'`, `'EACCES'`, `'E2BIG'`, `'EAGAIN'`, ... */
  override readonly code: string
  /** As in Node's error: `'spawn git'`. */
  readonly syscall: string
  /** What was to be run, or the folder that is missing. */
  readonly path: string

  /**
   * @param message - what could not be started, and why.
   * @param what - the error's code, call and path.
   */
  constructor(message: string, what: { readonly code: string; readonly syscall: string; readonly path: string }) {
    super(message)
    this.code = what.code
    this.syscall = what.syscall
    this.path = what.path
  }
}
recognise(StartError, 'StartError')

/**
 * What is known of a child process that did not do what it should; null what was not caught. It has no type parameter for text or bytes:
 * `instanceof` would make that `any`.
 */
export interface Outcome {
  /** What was run, as it was given. */
  readonly args: string | readonly string[]
  /** What it has written to stdout. */
  readonly stdout: string | Buffer | null
  /** What it has written to stderr. */
  readonly stderr: string | Buffer | null
}

/** A child process has ended with an exit code that is not 0, or by a signal. */
export class CalledProcessError extends SubprocessError implements Outcome {
  override readonly code: string = 'GREENLOOP_CALLED_PROCESS'
  readonly args: string | readonly string[]
  /** The exit code; `-15` when it was ended by signal 15, as in Python. */
  readonly returncode: number
  /** Which signal has ended it, if one has. */
  readonly signal: NodeJS.Signals | null
  /** What it has written to stdout. */
  readonly stdout: string | Buffer | null
  /** What it has written to stderr. */
  readonly stderr: string | Buffer | null

  /**
   * @param message - what has ended how, and the last lines of its standard error.
   * @param end - how it has ended.
   */
  constructor(message: string, end: Outcome & { readonly returncode: number; readonly signal: NodeJS.Signals | null }) {
    super(message)
    this.args = end.args
    this.returncode = end.returncode
    this.signal = end.signal
    this.stdout = end.stdout
    this.stderr = end.stderr
  }
}
recognise(CalledProcessError, 'CalledProcessError')

/** A child process has not ended in time. `wait` and `communicate` leave it running; `run` and its kin have ended it. */
export class TimeoutExpired extends SubprocessError implements Outcome {
  override readonly code: string = 'ETIMEDOUT'
  readonly args: string | readonly string[]
  /** In which time, in milliseconds. */
  readonly timeoutMs: number
  /** What it had written to stdout by then. */
  readonly stdout: string | Buffer | null
  /** What it has written to stderr. */
  readonly stderr: string | Buffer | null

  /**
   * @param message - what has not ended, and in which time.
   * @param so - what is known so far.
   */
  constructor(message: string, so: Outcome & { readonly timeoutMs: number }) {
    super(message)
    this.args = so.args
    this.timeoutMs = so.timeoutMs
    this.stdout = so.stdout
    this.stderr = so.stderr
  }
}
recognise(TimeoutExpired, 'TimeoutExpired')

/** There is no line to read any more, and somebody asks for one. */
export class EOFError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_EOF'
}
recognise(EOFError, 'EOFError')
