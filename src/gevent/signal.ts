/**
 * Signals of the operating system: each starts a greenlet.
 *
 * Stands on `spawn` and Node's `process`. Leaves Ctrl-C of a whole program to `run`.
 */
import { constants } from 'node:os'
import { UsageError } from '../errors/classes.ts'
import { notAFunction, show } from '../errors/usage.ts'
import { getHub } from '../hub/default.ts'
import { Timer } from '../hub/timers.ts'
import type { Driven } from '../protocol.ts'
import { spawn } from './spawn.ts'

/** A signal that is listened for: what {@link signalHandler} gives. */
export class SignalHandler implements Disposable {
  /** Which: `SIGTERM`. */
  readonly signal: NodeJS.Signals
  readonly #listener: () => void
  #isOn = true
  #keeper: Keeper | null = null

  /** @internal */
  constructor(signal: NodeJS.Signals, listener: () => void) {
    this.signal = signal
    this.#listener = listener
    process.on(signal, listener)
  }

  /** Whether the process stays alive for it, and `wait()` waits. @defaultValue false */
  get ref(): boolean {
    return this.#keeper !== null
  }

  /** Has the process stay alive for it, or not; nothing once it is cancelled. */
  set ref(ref: boolean) {
    if (ref === this.ref || !this.#isOn) return
    this.#keeper?.stop()
    this.#keeper = ref ? new Keeper() : null
  }

  /** Listens no more. Greenlets that it has started run on. @switches never */
  cancel(): void {
    this.ref = false
    this.#isOn = false
    process.off(this.signal, this.#listener)
  }

  /** For `using`: {@link cancel}. */
  [Symbol.dispose](): void {
    this.cancel()
  }
}

/** A timer that is there to be there. */
class Keeper extends Timer {
  readonly #hub = getHub()

  constructor() {
    super()
    this.expired()
  }

  override expired(): void {
    this.#hub.timers.add(this, LONG_MS)
  }

  stop(): void {
    this.#hub.timers.remove(this)
    this.#hub.runCallback(look) // `wait()` may have waited for this alone
  }
}

const LONG_MS = 2 ** 31 - 1

function look(): void {
  // being called is all
}

/**
 * Runs `handler(...args)` in a new greenlet each time the process gets `signal`.
 *
 * A failure of the handler is one of a greenlet: reported once, since nobody reads it.
 *
 * @param signal - the name, `SIGTERM`, or the number.
 * @param handler - a generator function, or any function.
 * @param args - what it is called with.
 * @returns what is listened for: it can be cancelled. It does not keep the process alive, unless its `ref` is set.
 * @throws UsageError when there is no such signal, or none can be listened for, and when `handler` is no function.
 * @switches never
 * @source gevent: `gevent.signal_handler`
 * @example
 * ```ts
 * import { signalHandler, sleep, wait } from 'greenloop'
 *
 * using handler = signalHandler('SIGUSR2', function* (file: string) {
 *   yield* sleep(1)
 *   console.log('read again:', file)
 *   handler.cancel()
 * }, 'settings.json')
 * handler.ref = true // the program waits for it
 * process.kill(process.pid, handler.signal)
 * await wait()
 * // read again: settings.json
 * ```
 */
export function signalHandler<A extends readonly unknown[]>(
  signal: NodeJS.Signals | number,
  handler: (...args: A) => Driven<unknown>,
  ...args: A
): SignalHandler {
  const name = signalHeard('signalHandler()', signal)
  if (typeof handler !== 'function') throw notAFunction('signalHandler', handler)
  return new SignalHandler(name, () => {
    spawn(handler, ...args)
  })
}

/** These end or stop the process, whatever it wants. */
const NEVER_TOLD: readonly string[] = ['SIGKILL', 'SIGSTOP']

/** The name of a signal that was given as name or number. `call` is the call as a person writes it. */
export function signalNamed(call: string, signal: unknown, option = 'signal'): NodeJS.Signals {
  const entry = Object.entries(constants.signals).find(([name, number]) => name === signal || number === signal)
  if (entry === undefined) {
    throw new UsageError(
      `${call} expects \`${option}\` to be the name of a signal, such as 'SIGTERM', or its number, but got ${show(signal)}.`,
    )
  }
  return entry[0] as NodeJS.Signals // the table has no other names
}

/** The same of a signal that can be listened for. */
export function signalHeard(call: string, signal: unknown): NodeJS.Signals {
  const name = signalNamed(call, signal)
  if (NEVER_TOLD.includes(name)) throw new UsageError(`${call} cannot listen for ${name}: no process is told of it.`)
  return name
}
