/**
 * Waiting for a signal of the operating system: `nextSignal`.
 *
 * Node is asked to listen for a signal as long as somebody waits for it, once for all who do. Who waits for one keeps the process alive: Node does
 * not, for signals.
 *
 * Stands on Node's `process`. Leaves a handler for each signal to `signalHandler`, and Ctrl-C of a whole program to `run`.
 */
import { UsageError } from '../../errors/classes.ts'
import { signalHeard } from '../../gevent/signal.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'

/**
 * Waits for the next signal of these, and gives its name.
 *
 * While somebody waits for it, a signal does not do what it does else: SIGTERM does not end the process. All who wait are woken, in the order in
 * which they came. A signal that comes while nobody waits is not kept: who must not miss one, between two waits, takes `signalHandler`.
 *
 * @param signals - their names or numbers; at least one.
 * @throws UsageError at the call when there is no such signal, or none can be listened for (SIGKILL, SIGSTOP).
 * @switches always
 * @source Python: `signal.sigwait`
 * @example
 * ```ts
 * import { run, spawn } from 'greenloop'
 * import { nextSignal } from 'greenloop/os'
 *
 * await run(function* () {
 *   spawn(() => process.kill(process.pid, 'SIGHUP'))
 *   console.log(yield* nextSignal('SIGHUP', 'SIGTERM')) // SIGHUP
 * })
 * ```
 */
export function nextSignal(
  ...signals: readonly [NodeJS.Signals | number, ...(NodeJS.Signals | number)[]]
): Operation<NodeJS.Signals> {
  const names = new Set(signals.map((signal) => signalHeard('nextSignal()', signal)))
  if (names.size === 0) throw new UsageError("nextSignal() expects at least one signal, such as nextSignal('SIGTERM').")
  return new NextSignal(names)
}

class NextSignal extends HubOperation<NodeJS.Signals> {
  readonly #names: ReadonlySet<NodeJS.Signals>

  constructor(names: ReadonlySet<NodeJS.Signals>) {
    super()
    this.#names = names
  }

  override begin(greenlet: Coroutine): Step<NodeJS.Signals> {
    return new SignalWait(greenlet, this.toString(), this.#names).begin()
  }

  override toString(): string {
    return `nextSignal(${[...this.#names].join(', ')})`
  }
}

/** Those who wait, by signal, in the order in which they came; there is a listener for each that stands here. */
const waiting = new Map<NodeJS.Signals, Set<SignalWait>>()

function heard(name: NodeJS.Signals): void {
  // Those who are woken may wait again at once, and are not meant; and others may leave meanwhile.
  const waits = [...(waiting.get(name) ?? [])]
  for (const wait of waits) wait.heard(name)
}

/** A time limit that is never reached: that there is one keeps the process alive. */
const NEVER_MS = Number.MAX_SAFE_INTEGER

class SignalWait extends IOWait {
  readonly #names: ReadonlySet<NodeJS.Signals>
  #isOver = false

  constructor(greenlet: Coroutine, text: string, names: ReadonlySet<NodeJS.Signals>) {
    super(greenlet, text)
    this.#names = names
  }

  begin(): Step<never> {
    for (const name of this.#names) {
      const waits = waiting.get(name)
      if (waits !== undefined) {
        waits.add(this)
        continue
      }
      waiting.set(name, new Set([this]))
      process.on(name, heard)
    }
    return this.parkOutside(NEVER_MS)
  }

  heard(name: NodeJS.Signals): void {
    if (this.#isOver) return
    this.#forget()
    this.happened(name)
  }

  protected override leave(): void {
    super.leave()
    this.#forget()
  }

  #forget(): void {
    this.#isOver = true
    for (const name of this.#names) {
      const waits = waiting.get(name)
      waits?.delete(this)
      if (waits?.size !== 0) continue
      waiting.delete(name)
      process.off(name, heard)
    }
  }
}
