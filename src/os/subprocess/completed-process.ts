/**
 * How a child has ended: what `run` gives, and what is thrown when it has not ended well.
 *
 * Stands on the errors. Leaves the running to `run.ts`.
 */
import { constants } from 'node:os'
import { CalledProcessError } from '../exceptions.ts'
import { type Args, lineOf } from '../launch/options.ts'

/** As many lines of a child's errors stand in a message, at the most; */
const TAIL_LINES = 10
/** and as many characters. */
const TAIL_LENGTH = 2000

/**
 * A child process that has ended.
 *
 * @typeParam Out - what was caught of its stdout: text or bytes; null for nothing.
 * @typeParam Err - the same of its stderr.
 * @source Python: `subprocess.CompletedProcess`
 */
export class CompletedProcess<
  Out extends string | Buffer | null = string | Buffer | null,
  Err extends string | Buffer | null = string | Buffer | null,
> {
  /** What was run, as it was given. */
  readonly args: Args
  /** The exit code; `-15` when signal 15 has ended it. */
  readonly returncode: number
  /** Which signal has ended it, if one has. */
  readonly signal: NodeJS.Signals | null
  /** What it has written to stdout. */
  readonly stdout: Out
  /** What it has written to stderr. */
  readonly stderr: Err

  /** @internal */
  constructor(args: Args, returncode: number, signal: NodeJS.Signals | null, stdout: Out, stderr: Err) {
    this.args = args
    this.returncode = returncode
    this.signal = signal
    this.stdout = stdout
    this.stderr = stderr
  }

  /**
   * Does nothing when the exit code is 0.
   *
   * @throws CalledProcessError when it is not.
   * @switches never
   * @source Python: `CompletedProcess.check_returncode`
   */
  checkReturncode(): void {
    if (this.returncode !== 0) throw failureOf(this)
  }
}

/** What is thrown of a child that has not ended well: how it has ended, and the last that it has said. */
export function failureOf({ args, returncode, signal, stdout, stderr }: CompletedProcess): CalledProcessError {
  const end =
    signal === null ? `has ended with exit code ${String(returncode)}` : `was ended by ${signal}${numberOf(signal)}`
  const tail = stderr === null ? '' : tailOf(stderr)
  const message = `\`${lineOf(args)}\` ${end}${tail === '' ? '.' : `; the last of its stderr:\n${tail}`}`
  return new CalledProcessError(message, { args, returncode, signal, stdout, stderr })
}

function numberOf(signal: NodeJS.Signals): string {
  return ` (signal ${String(constants.signals[signal])})`
}

/** The last lines, indented; those before them are left out, and it says so. */
function tailOf(said: string | Buffer): string {
  const end = typeof said === 'string' ? said.slice(-TAIL_LENGTH) : said.subarray(-TAIL_LENGTH).toString()
  const lines = end.trimEnd().split('\n').slice(-TAIL_LINES)
  const shown = lines.join('\n')
  if (shown.trim() === '') return ''
  const isCut = shown.length < said.toString().trimEnd().length
  return [...(isCut ? ['  ...'] : []), ...lines.map((line) => `  ${line}`)].join('\n')
}
