/**
 * The beginning and the end of a child process of Node, for greenlets: `yield* spawn(...)` and `child.wait()`.
 *
 * Node says of a child that could not be started that it has an `'error'`, in the next tick, and lets the process end if nobody hears that.
 * Who waits here hears it; from all others nothing is taken away.
 *
 * Stands on waits for what is outside. Leaves the child to Node, and to its owner: nobody's wait ends it.
 */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { type Attached, attached } from '../../waiting/attached.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { lateError, type Timeout } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import { TimeoutExpired } from '../exceptions.ts'

/** How a child has ended: its exit code, or the number of the signal that ended it, negative; null: it has not. */
function returncodeOf({ exitCode, signalCode }: ChildProcess): number | null {
  return signalCode === null ? exitCode : -constants.signals[signalCode]
}

/** Why a child could not be started, as Node has told it by an event before; null: it could, or Node has not told yet. */
function startErrorOf({ exitCode, spawnfile, spawnargs }: ChildProcess): NodeJS.ErrnoException | null {
  if (exitCode === null || exitCode >= 0) return null
  const code = getSystemErrorName(exitCode)
  const syscall = `spawn ${spawnfile}`
  return Object.assign(new Error(`${syscall} ${code}`), {
    errno: exitCode,
    code,
    syscall,
    path: spawnfile,
    spawnargs: spawnargs.slice(1),
  })
}

/** Waits until a child runs, and gives it. One that runs already is there at once. */
export class Start<C extends ChildProcess> extends HubOperation<C> {
  readonly #child: C

  constructor(child: C) {
    super()
    this.#child = child
  }

  override begin(greenlet: Coroutine): Step<C> {
    const child = this.#child
    const error = startErrorOf(child)
    if (error !== null) throw error
    if (child.pid !== undefined) return ready(child)
    return new StartWait(greenlet, child).begin()
  }

  override toString(): string {
    return 'spawn()'
  }
}

/** Node is about to tell why there is no process. */
class StartWait extends IOWait {
  readonly #child: ChildProcess
  #over = false

  constructor(greenlet: Coroutine, child: ChildProcess) {
    super(greenlet, `spawn() of ${child.spawnfile}`)
    this.#child = child
  }

  begin(): Step<never> {
    this.#child.once('error', (error) => {
      if (!this.#over) this.failed(error) // else who has driven it was killed, and the error is nobody's
    })
    return this.parkOutside()
  }

  protected override leave(): void {
    super.leave()
    this.#over = true
  }
}

/** Waits until a child has ended, and gives how. */
export class Exit extends HubOperation<number> {
  readonly #child: ChildProcess
  readonly #timeLimit: number | Timeout | undefined

  constructor(child: ChildProcess, timeLimit: number | Timeout | undefined) {
    super()
    this.#child = child
    this.#timeLimit = timeLimit
  }

  override begin(greenlet: Coroutine): Step<number> {
    const child = this.#child
    const error = startErrorOf(child)
    if (error !== null) throw error
    const returncode = returncodeOf(child)
    if (returncode !== null) return ready(returncode)
    return new ExitWait(greenlet, child).parkIn(ending(child), this.#timeLimit)
  }

  override toString(): string {
    return 'wait()'
  }
}

const endings: Attached<Ending> = attached()

function ending(child: ChildProcess): Ending {
  const known = endings.get(child) ?? new Ending(child)
  endings.set(child, known)
  return known
}

/** Those who wait for the end of a child. It hears the child only as long as somebody does. */
class Ending {
  readonly #child: ChildProcess
  readonly #waits: WaitList<ExitWait> = new WaitList<ExitWait>()

  constructor(child: ChildProcess) {
    this.#child = child
  }

  add(wait: ExitWait): void {
    if (this.#waits.size === 0) this.#child.on('exit', this.#onExit).on('error', this.#onError)
    this.#waits.push(wait)
  }

  left(): void {
    if (this.#waits.size === 0) this.#child.off('exit', this.#onExit).off('error', this.#onError)
  }

  /** Ends those who wait now, the one that came first before the others. */
  #endAll(end: (wait: ExitWait) => void): void {
    for (let left = this.#waits.size; left > 0; left--) {
      const wait = this.#waits.shift()
      this.left()
      if (wait !== null) end(wait) // which may be a branch of a choice, and take others back
    }
  }

  readonly #onExit = (): void => {
    const returncode = returncodeOf(this.#child)
    this.#endAll((wait) => wait.happened(returncode))
  }

  /** An error of a child that runs (it could not be killed, it was aborted) is told to those who wait, if nobody else hears it. */
  readonly #onError = (error: Error): void => {
    if (this.#child.pid !== undefined && this.#child.listenerCount('error') > 1) return
    this.#endAll((wait) => wait.failed(error))
  }
}

class ExitWait extends IOWait {
  readonly #child: ChildProcess
  #ending: Ending | null = null

  constructor(greenlet: Coroutine, child: ChildProcess) {
    super(greenlet, `wait() of ${child.spawnargs.join(' ')} (pid ${String(child.pid)})`)
    this.#child = child
  }

  parkIn(those: Ending, limit: Limit | undefined): Step<never> {
    this.#ending = those
    those.add(this)
    return this.parkOutside(limit)
  }

  protected override leave(): void {
    super.leave()
    this.#ending?.left()
  }

  protected override timeoutError(limit: Limit): Error {
    if (typeof limit !== 'number') return lateError(limit)
    const { spawnargs } = this.#child
    return new TimeoutExpired(`${this.describe()} timed out after ${String(limit)} ms; the child runs on.`, {
      args: spawnargs,
      timeoutMs: limit,
      stdout: null,
      stderr: null,
    })
  }
}
