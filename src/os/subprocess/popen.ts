/**
 * `Popen`: a child process that runs.
 *
 * It is a linkable, which becomes ready when the child has ended. That is when Node has reported it, which is when the system has been told that
 * nobody wants to know any more: no zombie is left, whoever waits or does not.
 *
 * Stands on `start.ts`, which starts the child, and the group, to which signals go. Leaves talking to it whole to `communication.ts`, and
 * everything that is done with a child from beginning to end to `run.ts`.
 * @see Python: `subprocess.Popen`; gevent: `gevent.subprocess`
 */
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { signalNamed } from '../../gevent/signal.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { hubOf } from '../../hub/default.ts'
import type { Hub } from '../../hub/hub.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Linkable, type LinkWait, type Listener } from '../../waiting/linkable.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import { Group } from '../launch/group.ts'
import {
  type Args,
  checkStart,
  type Ends,
  type EndsOf,
  type Exactly,
  lineOf,
  type NoOptions,
  type PopenOptions,
} from '../launch/options.ts'
import { outletOf, pipeFile } from '../launch/pipes.ts'
import { start } from '../launch/start.ts'
import { ChildOperation } from './child-wait.ts'
import { Communication, type Written } from './communication.ts'

const NAMES = ['stdin', 'stdout', 'stderr'] as const

/** How long a group has to end, in milliseconds. */
const GRACE_MS = 5000

/** What a child is made by: {@link Popen}. */
export interface PopenConstructor {
  /** That of every child. */
  readonly prototype: Child
  new <const O extends PopenOptions = NoOptions>(args: Args, options?: Exactly<O, PopenOptions>): Child<EndsOf<O>>
}

/**
 * A child process that runs, or has ended: see {@link Popen}.
 *
 * @typeParam E - which pipes there are, and what they carry; by default any.
 */
class Child<E extends Ends = Ends> extends Linkable implements Disposable, AsyncDisposable {
  /** What was run, as it was given. */
  readonly args: Args
  /** Its number. */
  readonly pid: number
  /** What it reads, if that is a pipe: what is written to it arrives at once. */
  readonly stdin: E['stdin']
  /** What it writes, if that is a pipe. */
  readonly stdout: E['stdout']
  /** Its errors, if they are a pipe. */
  readonly stderr: E['stderr']
  readonly #child: ChildProcess
  /** @internal Our ends of its stdin, stdout, stderr. */
  readonly $sockets: readonly (Socket | null)[]
  readonly #group: Group
  readonly #hub: Hub
  readonly #options: PopenOptions
  /** Of what pipes carry; null: bytes. */
  readonly #encoding: BufferEncoding | null
  #returncode: number | null = null
  #signal: NodeJS.Signals | null = null
  #communication: Communication | null = null
  /** Whether it counts among what the hub waits for outside: somebody waits for it. */
  #counts = false

  /** @internal By {@link Popen}, which knows the types. */
  constructor(args: Args, given: PopenOptions = {}) {
    checkStart('new Popen()', args, given)
    super()
    this.args = args
    this.#options = given
    const { child, pid, sockets } = start(args, given)
    this.#child = child
    this.pid = pid
    this.$sockets = sockets
    this.#hub = hubOf(kernel.current)
    this.#encoding = given.encoding ?? (given.text === true ? 'utf8' : null)
    const [stdin, stdout, stderr] = sockets.map(
      (socket, place) => socket && pipeFile(socket, NAMES[place] ?? 'stdin', this.#encoding),
    )
    // There is one for each option that is PIPE, of what the options say: so do the types.
    this.stdin = stdin as E['stdin']
    this.stdout = stdout as E['stdout']
    this.stderr = stderr as E['stderr']
    this.#group = new Group(pid, given.startNewSession ?? true, this.#hub, () =>
      [stdout, stderr].some((file) => file != null && outletOf(file)?.isOpen === true),
    )
    child.on('exit', (code, signal) => {
      this.#ended(code, signal)
    })
  }

  /** The exit code; `-15` when signal 15 has ended it; null while it runs. */
  get returncode(): number | null {
    return this.#returncode
  }

  /** Which signal has ended it; null while it runs, and when none has. */
  get signal(): NodeJS.Signals | null {
    return this.#signal
  }

  /** The exit code, or null while it runs: {@link returncode}. @switches never @source Python: `Popen.poll` */
  poll(): number | null {
    return this.#returncode
  }

  /** Whether it has ended. @switches never */
  override ready(): boolean {
    return this.#returncode !== null
  }

  /**
   * Waits until the child has ended, though what it has started may run on.
   *
   * A child that writes to a pipe which nobody reads waits in turn when that is full: read it, or {@link communicate}.
   *
   * @param options - `timeoutMs`: how long at the most.
   * @returns the exit code; `-15` when signal 15 has ended it.
   * @throws TimeoutExpired when the time has passed; the child runs on. UsageError at the call for a wrong `timeoutMs`.
   * @switches only if it must wait
   * @source Python: `Popen.wait`
   */
  wait(options: WaitOptions = {}): Operation<number> {
    checkWaitOptions('wait()', options)
    return new ChildOperation(this, options.timeoutMs)
  }

  /**
   * Writes all of `input` to the child and closes its stdin, reads all that it writes, and waits until it has ended. Neither side can wait for
   * the other, whatever their sizes.
   *
   * It ends at the ends of the pipes: somebody whom the child has left behind may hold them longer. A child that does not read its input is no
   * error. A wait that is cut short loses nothing: the next call, without input, goes on.
   *
   * @param input - text or bytes; only in the first call, and only with `stdin: PIPE`.
   * @param options - `timeoutMs`: how long at the most.
   * @returns what it has written to stdout and to stderr; null for what is no pipe.
   * @throws TimeoutExpired, with what was read so far, when the time has passed; the child runs on. ConcurrentObjectUseError when another
   * greenlet reads; UsageError for input that nobody takes.
   * @switches only if it must wait
   * @source Python: `Popen.communicate`
   */
  communicate(input?: string | Uint8Array, options: WaitOptions = {}): Operation<E['written']> {
    checkWaitOptions('communicate()', options)
    if (input !== undefined) checkInput('communicate()', input)
    if (input !== undefined && this.$sockets[0] == null) {
      throw new UsageError(
        `communicate() was given input for ${String(this)}, whose stdin is no pipe.\n\n${wrongRight("new Popen(['sort'])", 'it reads what we read', "new Popen(['sort'], { stdin: PIPE })")}`,
      )
    }
    this.#checkTaken(input)
    // What it gives follows from the options, as the types say.
    return this.$communicate(input, options.timeoutMs, false)
  }

  /**
   * Sends a signal to the child and the rest of its group; nothing, when nobody of them lives.
   *
   * @param signal - its name or number.
   * @throws UsageError when there is no such signal; Node's error when it may not be sent (`EPERM`).
   * @switches never
   * @source Python: `Popen.send_signal`
   */
  sendSignal(signal: NodeJS.Signals | number): void {
    this.#group.send(signalNamed('sendSignal()', signal))
  }

  /** Asks the child and its group to end, by SIGTERM. @switches never @source Python: `Popen.terminate` */
  terminate(): void {
    this.sendSignal('SIGTERM')
  }

  /** Ends the child and its group, by SIGKILL. @switches never @source Python: `Popen.kill` */
  kill(): void {
    this.sendSignal('SIGKILL')
  }

  /** Has the process stay for the child; so it is unless {@link unref} was called. @switches never */
  ref(): this {
    this.#child.ref()
    return this
  }

  /** Lets the process end though the child runs; it runs on. Its pipes have the process stay all the same. @switches never */
  unref(): this {
    this.#child.unref()
    return this
  }

  /** For `using`: ends the child and its group, if they run, by `killSignal`, and closes the pipes. It does not wait. */
  [Symbol.dispose](): void {
    this.$end()
    this.$closePipes()
  }

  /** For `await using` in async code: the same, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await operation('the end of a child', () => this.$finish())
  }

  override toString(): string {
    return `Popen(${lineOf(this.args)}, pid ${String(this.pid)})`
  }

  override $enter(node: LinkWait): void {
    super.$enter(node)
    this.$count()
  }

  override $ignore(listener: Listener): void {
    super.$ignore(listener)
    this.$count()
  }

  override unlink(callback: (source: this) => void): void {
    super.unlink(callback)
    this.$count()
  }

  /** @internal Somebody has begun or ceased to wait. */
  $count(): void {
    const counts = this.#returncode === null && this.linkcount() > 0
    if (counts === this.#counts) return
    this.#counts = counts
    this.#hub.outstanding += counts ? 1 : -1
  }

  /** @internal */
  get $group(): Group {
    return this.#group
  }

  /** @internal Begins to end the group. */
  $end(): void {
    const { killSignal = 'SIGKILL', graceMs = GRACE_MS } = this.#options
    this.#group.end(signalNamed('killSignal', killSignal), graceMs)
  }

  /** @internal Ends the group, waits until the child has ended and the rest has had its time, and closes the pipes. Who breaks that off kills it. */
  *$finish(): Green<void> {
    this.$end()
    for (const socket of this.$sockets.slice(1)) socket?.resume() // what they still write, they shall get rid of
    try {
      yield* this.wait()
      const { grace } = this.#group
      if (grace !== null) yield* grace.wait()
    } finally {
      this.#group.end('SIGKILL', 0)
      this.$closePipes()
    }
  }

  /** @internal */
  $closePipes(): void {
    for (const socket of this.$sockets) socket?.destroy()
  }

  /** @internal `isWhole`: who cuts it short ends the child. */
  $communicate(input: string | Uint8Array | undefined, limit: Limit | undefined, isWhole: boolean): Operation<Written> {
    return new CommunicateOperation(this, input, limit, isWhole)
  }

  /** @internal The one communication there is. */
  $communication(input?: string | Uint8Array): Communication {
    this.#checkTaken(input)
    if (this.#communication?.hasBegun !== true) {
      const [stdin = null] = this.$sockets
      this.#communication = new Communication(this, stdin, [this.stdout, this.stderr], input, this.#encoding)
    } else if (input !== undefined) {
      throw new UsageError(`communicate() of ${String(this)} has begun already; only its first call may have input.`)
    }
    return this.#communication
  }

  #checkTaken(input: string | Uint8Array | undefined): void {
    if (input === undefined || this.stdin?.closed !== true) return
    throw new UsageError(
      `communicate() was given input for ${String(this)}, whose stdin is closed; the child would never read it.`,
    )
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#signal = signal
    this.#returncode = signal === null ? (code ?? 0) : -constants.signals[signal]
    this.#group.childEnded()
    this.#hub.callAfterIO()
    this.$count()
    this.changed()
    this.#communication?.look()
  }
}

/**
 * A child process. It runs as soon as the object is made.
 *
 * It leads a session of its own (`startNewSession`), so that signals, and its end, reach whatever it has started, too; a Ctrl-C at the terminal
 * does not reach it, but `run` of `greenloop` turns that into a kill of the greenlets, and those end their children.
 *
 * Those who wait are woken in the order in which they came. Like Node, the process stays as long as a child runs, unless its `unref()` was called.
 * A pipe is open until it was read to its end, or closed: `using` does that.
 *
 * @param args - the program and its arguments; or the program alone; with `shell: true` the line that the shell runs.
 * @param options - as Python's, see {@link PopenOptions}. They say which pipes there are, and what they carry.
 * @throws StartError when it cannot be started: it says which program or folder is missing, or what else; UsageError for wrong arguments.
 * @switches never
 * @source Python: `subprocess.Popen`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { PIPE, Popen } from 'greenloop/os'
 *
 * await run(function* () {
 *   using child = new Popen(['sort'], { stdin: PIPE, stdout: PIPE, text: true })
 *   const [sorted] = yield* child.communicate('pear\napple\n')
 *   console.log(sorted.split('\n'), child.returncode) // [ 'apple', 'pear', '' ] 0
 * })
 * ```
 */
export const Popen: PopenConstructor = Child // its type argument follows from the options
/** A child process that {@link Popen} has made. */
export type Popen<E extends Ends = Ends> = Child<E>
Object.defineProperty(Child, 'name', { value: 'Popen' })

/** Checks what a child is to read. */
export function checkInput(call: string, input: unknown): void {
  if (typeof input === 'string' || input instanceof Uint8Array) return
  throw new UsageError(`${call} expects \`input\` to be a string or a Uint8Array, but got ${show(input)}.`)
}

/** `popen.communicate()`. */
class CommunicateOperation extends HubOperation<Written> {
  readonly #child: Child
  readonly #input: string | Uint8Array | undefined
  readonly #limit: Limit | undefined
  readonly #isWhole: boolean

  constructor(child: Child, input: string | Uint8Array | undefined, limit: Limit | undefined, isWhole: boolean) {
    super()
    this.#child = child
    this.#input = input
    this.#limit = limit
    this.#isWhole = isWhole
  }

  override begin(greenlet: Coroutine): Step<Written> {
    const child = this.#child
    const cut = (): void => {
      child.$end()
    }
    return child.$communication(this.#input).begin(greenlet, this.#limit, this.#isWhole ? cut : null)
  }

  override toString(): string {
    return `communicate() of ${String(this.#child)}`
  }
}
