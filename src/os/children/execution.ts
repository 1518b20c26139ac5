/**
 * What `exec` and `execFile` of Node have begun, for greenlets: the wait for the output of a child.
 *
 * Node collects the output and hands it to a callback, once. So who makes the call gives one that tells an {@link Execution}, which is kept
 * with the child; any number of greenlets may drive it, before the end and after.
 *
 * Stands on waits for what is outside. Leaves to `monkey` which calls are told of.
 */
import type { ChildProcess } from 'node:child_process'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { type Attached, attached } from '../../waiting/attached.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { WaitList } from '../../waiting/wait-list.ts'

/** What a child has written, from its beginning to its end: text, or bytes, as its `encoding` says. */
export interface Output<T extends string | Buffer = string | Buffer> {
  stdout: T
  stderr: T
}

const executions: Attached<Execution> = attached()

/** What runs in a child that `exec` or `execFile` has made; undefined for any other. */
export function executionIn(child: ChildProcess): Execution | undefined {
  return executions.get(child)
}

/** One call of `exec` or `execFile`. */
export class Execution {
  /** The call as a person writes it. */
  readonly text: string
  readonly #killSignal: NodeJS.Signals | number | undefined
  readonly #waits: WaitList<OutputWait> = new WaitList<OutputWait>()
  #child: ChildProcess | null = null
  #error: unknown = null
  #output: Output | null = null

  /** @param killSignal - what the child is sent that nobody waits for any more. @defaultValue SIGTERM */
  constructor(text: string, killSignal?: NodeJS.Signals | number) {
    this.text = text
    this.#killSignal = killSignal
  }

  /** It runs in this child. */
  runsIn(child: ChildProcess): void {
    this.#child = child
    executions.set(child, this)
  }

  /** Node's callback was called. All who wait are told, in the order in which they came. */
  ended(error: Error | null, output: Output): void {
    this.#error = error
    this.#output = output
    for (let wait = this.#waits.shift(); wait !== null; wait = this.#waits.shift()) {
      if (error === null) wait.happened(output)
      else wait.failed(withOutput(error, output))
    }
  }

  /** What driving the child does. */
  begin(greenlet: Coroutine): Step<Output> {
    if (this.#output === null) return new OutputWait(greenlet, this).parkIn(this.#waits)
    if (this.#error !== null) throw withOutput(this.#error, this.#output)
    return ready(this.#output)
  }

  /** Somebody does not wait any more. When nobody does, the child is ended. */
  abandoned(): void {
    if (this.#waits.size > 0 || this.#output !== null || this.#child === null) return
    const { stdin, stdout, stderr } = this.#child
    for (const stream of [stdin, stdout, stderr]) stream?.destroy()
    this.#child.kill(this.#killSignal)
  }
}

/** As `util.promisify` does it. */
function withOutput(error: unknown, { stdout, stderr }: Output): unknown {
  return Object.assign(error as Error, { stdout, stderr }) // Node makes it
}

class OutputWait extends IOWait {
  readonly #execution: Execution

  constructor(greenlet: Coroutine, execution: Execution) {
    super(greenlet, execution.text)
    this.#execution = execution
  }

  parkIn(waits: WaitList<OutputWait>): Step<never> {
    waits.push(this)
    return this.parkOutside()
  }

  protected override leave(): void {
    super.leave()
    this.#execution.abandoned()
  }
}

/** `yield*` of a child that `exec` or `execFile` has made. */
export class Collect extends HubOperation<Output> {
  readonly #execution: Execution

  constructor(execution: Execution) {
    super()
    this.#execution = execution
  }

  override begin(greenlet: Coroutine): Step<Output> {
    return this.#execution.begin(greenlet)
  }

  override toString(): string {
    return this.#execution.text
  }
}
