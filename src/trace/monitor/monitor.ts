/**
 * The monitor: says what blocks the hub, where, and while it does; and when memory is above its limits.
 *
 * A greenlet that computes for long, or calls something that blocks, stops all the others, and nothing that is told by the hub can tell of it.
 * So a thread beside this one watches, and what it asks is answered here, in the middle of what is stuck ({@link Monitor.#answer}). Events
 * come afterwards, at the next beat: a listener could not run before.
 *
 * Stands on the watchdog, the stack, the printer. Has no part in any switch: while nothing is stuck it costs a timer each 20 ms.
 */
import { EventEmitter } from 'node:events'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { getcurrent } from '../../greenlet/raw-greenlet.ts'
import { type Alarm, systemClock } from '../../hub/clock.ts'
import { DelayMeter, type EventLoopDelays } from './delays.ts'
import { addIgnoringWatcher, type IgnoringWatcher, isIgnoring, removeIgnoringWatcher } from './ignoring.ts'
import { limitsOf, type MemoryLimit } from './memory.ts'
import { type MonitorOptions, settingsOf } from './options.ts'
import { Printer } from './printer.ts'
import {
  type BlockedReport,
  blockedLines,
  blockedText,
  type MemoryReport,
  memoryText,
  type UnblockedReport,
  unblockedText,
} from './reports.ts'
import { type StuckFrame, sourceFrame, stuckBelow } from './stuck.ts'
import { type Answer, machineMs, type Question, type Reply, Watchdog } from './watchdog.ts'

/** What a {@link Monitor} tells its listeners. */
export interface MonitorEvents {
  /** The hub was blocked; told when it runs again, once for each report. */
  blocked: [report: BlockedReport]
  /** The hub runs again; told after its `blocked`. */
  unblocked: [report: UnblockedReport]
  /** Memory is above its limit, or has grown by a tenth since it was told. */
  memoryExceeded: [report: MemoryReport]
  /** Memory is below its limit again. */
  memoryNormal: [report: MemoryReport]
}

/** A stall that was told of. */
interface Stall {
  readonly beganMs: number
  readonly reports: BlockedReport[]
  /** Whether any of it was printed. */
  printed: boolean
}

/** Beats lie a fifth of the limit apart, within these bounds. */
const SHORTEST_PERIOD_MS = 2
const LONGEST_PERIOD_MS = 50
/** For how long an answer may take before native code is to blame, at the least. */
const NATIVE_MS = 200

/**
 * Watches the hub of this thread: whatever blocks it for longer than a limit is reported with the name of the greenlet and the place where
 * it is stuck, while it is stuck. Off until {@link start}.
 *
 * Reports are printed to stderr at once, and given to listeners (`blocked`, `unblocked`, `memoryExceeded`, `memoryNormal`) when the hub runs
 * again. A stall is reported when it reaches the limit, and again each time it has become twice as long. With source maps on
 * (`--enable-source-maps`, tsx) places are those of the sources.
 *
 * Greenlets that only `switch()` to each other block the hub; a loop of `sleep(0)` does not, and neither does an idle program. In native code
 * (`execFileSync`, `JSON.parse`) the report says so, and the place follows when the code returns. A worker thread cannot be asked where it is
 * stuck, and neither can a process under `--permission` without `--allow-inspector`: it is only told that it is.
 *
 * @source gevent: the monitor thread, `GEVENT_MONITOR_THREAD_ENABLE`
 * @example
 * ```ts
 * import { spawn } from 'greenloop'
 * import { Monitor } from 'greenloop/trace'
 *
 * using monitor = new Monitor({ blockedMs: 100, onStderr: false }).start()
 * monitor.on('blocked', ({ greenlet, frames }) => {
 *   console.log(greenlet, 'is stuck in', frames[0]?.name) // crunch-1 is stuck in crunch
 * })
 * await monitor.ready
 * await spawn(function* crunch() {
 *   while (monitor.reported === 0) performance.now()
 * }).join()
 * ```
 */
export class Monitor extends EventEmitter<MonitorEvents> implements Disposable {
  readonly #blockedMs: number
  readonly #periodMs: number
  readonly #nativeMs: number
  readonly #memoryPeriodMs: number
  readonly #memory: readonly MemoryLimit[]
  /** Null: nothing is printed. */
  readonly #printer: Printer | null
  readonly #delays: DelayMeter = new DelayMeter()
  readonly #ignored = new WeakSet<Coroutine>()
  /** Whether there may be one of them. */
  #ignoresSome = false

  #running = false
  /** Null: it does not run, or nothing is too long for it. */
  #watchdog: Watchdog | null = null
  #beatAlarm: Alarm | null = null
  #memoryAlarm: Alarm | null = null
  #lastBeatMs = 0
  #stall: Stall | null = null
  /** Made, and not told before it is known that no debugger has stopped this thread. */
  #held: BlockedReport | null = null
  #reported = 0

  /**
   * @param options - `blockedMs`, `memory`, `memoryPeriodMs`, `onStderr`, `reportsPerMinute`.
   * @throws UsageError when one of them is not what it should be.
   */
  constructor(options: MonitorOptions = {}) {
    super()
    const { blockedMs, memory, memoryPeriodMs, onStderr, reportsPerMinute } = settingsOf(options)
    this.#blockedMs = blockedMs
    this.#periodMs = Math.min(LONGEST_PERIOD_MS, Math.max(SHORTEST_PERIOD_MS, blockedMs / 5))
    this.#nativeMs = Math.max(NATIVE_MS, blockedMs)
    this.#memoryPeriodMs = memoryPeriodMs
    this.#memory = limitsOf(memory)
    this.#printer = onStderr ? new Printer(reportsPerMinute, () => systemClock.now()) : null
  }

  /** Whether it is on. */
  get running(): boolean {
    return this.#running
  }

  /** How many reports of a blocked hub it has made. It goes up while the hub is blocked. */
  get reported(): number {
    return this.#reported
  }

  /**
   * Settles when the thread that watches is up, some ten milliseconds after {@link start}; what blocks before that is not noticed. Keeps the
   * process alive only while somebody has asked for it.
   */
  get ready(): Promise<void> {
    return this.#watchdog?.up() ?? Promise.resolve()
  }

  /**
   * Begins to watch; nothing while it is on. It keeps no process alive.
   *
   * @throws Node's error when no thread may be made: `ERR_ACCESS_DENIED` under `--permission`.
   * @switches never
   */
  start(): this {
    if (this.#running) return this
    if (this.#blockedMs !== Infinity) {
      this.#watchdog = new Watchdog({
        blockedMs: this.#blockedMs,
        periodMs: this.#periodMs,
        nativeMs: this.#nativeMs,
        answer: this.#answer,
        failed: this.#failed,
      })
      this.#hush(this.#watchdog)
      addIgnoringWatcher(this.#ignoring)
      this.#lastBeatMs = systemClock.now()
      this.#setBeat()
    }
    this.#running = true
    this.#delays.start()
    if (this.#memory.length > 0) this.#setMemoryLook()
    process.on('exit', this.#exiting)
    return this
  }

  /**
   * Ends it; nothing while it is off. What it has to tell of a hub that was blocked until now is told to the listeners.
   *
   * @switches never
   */
  stop(): this {
    if (!this.#running) return this
    this.#running = false
    process.off('exit', this.#exiting)
    removeIgnoringWatcher(this.#ignoring)
    this.#delays.stop()
    this.#beatAlarm?.cancel()
    this.#memoryAlarm?.cancel()
    const watchdog = this.#watchdog
    this.#watchdog = null
    watchdog?.close()
    if (watchdog !== null) this.#endStall(watchdog)
    return this
  }

  /** For `using`: stops. @switches never */
  [Symbol.dispose](): void {
    this.stop()
  }

  /**
   * How late the event loop was, from {@link start} or {@link resetDelays} until now or {@link stop}.
   *
   * @switches never
   */
  delays(): EventLoopDelays {
    return this.#delays.read()
  }

  /** Begins to measure delays anew. @switches never */
  resetDelays(): void {
    this.#delays.reset()
  }

  /**
   * Has the running greenlet block as long as it likes: it is not reported. In plain code that is all plain code.
   *
   * @switches never
   * @source gevent: `ignore_current_greenlet_blocking`
   */
  ignoreCurrentGreenletBlocking(): void {
    this.#ignored.add(getcurrent())
    this.#ignoresSome = true
    if (this.#watchdog !== null) this.#hush(this.#watchdog)
  }

  /**
   * Has the running greenlet reported again.
   *
   * @switches never
   * @source gevent: `monitor_current_greenlet_blocking`
   */
  monitorCurrentGreenletBlocking(): void {
    this.#ignored.delete(getcurrent())
  }

  readonly #exiting = (): void => {
    this.stop()
  }

  readonly #failed = (error: unknown): void => {
    this.#printer?.print(`greenloop: the monitor has ended, since its thread has failed: ${String(error)}\n`)
    this.stop()
  }

  readonly #ignoring: IgnoringWatcher = {
    ignoringBegan: () => {
      if (this.#watchdog !== null) this.#watchdog.ignored = true
    },
    ignoringEnded: () => {
      if (this.#watchdog === null) return
      this.#lastBeatMs = systemClock.now() // what blocks from now on is counted from now on
      this.#watchdog.beat()
      this.#watchdog.ignored = false
    },
  }

  /** Called in an interrupt, whatever runs: it must not change anything that the program could see, nor run a regular expression. */
  readonly #answer = (question: string): string => {
    const [answer, print] = this.#find(JSON.parse(question) as Question) // the thread beside has written it
    const reply: Reply = { answer, print, mapped: process.sourceMapsEnabled }
    return JSON.stringify(reply)
  }

  #find({ beats, askedAt, last, stopped }: Question): [Answer, print: (string | StuckFrame)[] | null] {
    const watchdog = this.#watchdog
    const held = this.#held
    this.#held = null
    if (watchdog === null || watchdog.beats !== beats) return ['over', null]
    const current = getcurrent()
    if (stopped === true || isIgnoring() || this.#ignored.has(current)) return ['ignored', null]
    if (held !== null) return ['told', this.#note(held)]
    const native = machineMs() - askedAt >= this.#nativeMs
    const { running, call, frames } = stuckBelow(this.#answer)
    if (native && !running) return ['over', null]
    const blockedMs = systemClock.now() - this.#lastBeatMs - this.#periodMs
    // Once native code has returned, another moment would tell of something else.
    if (frames.length === 0 && !last && !native) return ['again', null]
    const report = { greenlet: current.name, blockedMs, frames, call, native }
    if (stopped === null && isInspected()) {
      this.#held = report
      return ['inspected', null]
    }
    return ['told', this.#note(report)]
  }

  /** Notes a report of the stall that began then. Answers what is to be printed, if anything is. */
  #note(report: BlockedReport, beganMs = this.#lastBeatMs + this.#periodMs): (string | StuckFrame)[] | null {
    this.#reported++
    const stall = (this.#stall ??= { beganMs, reports: [], printed: false })
    stall.reports.push(report)
    const heldBack = this.#printer?.take() ?? null
    if (heldBack === null) return null
    stall.printed = true
    return blockedLines(report, heldBack)
  }

  /** Whether the thread beside may print by itself: it knows neither who runs nor how much was printed. */
  #hush(watchdog: Watchdog): void {
    watchdog.quiet = this.#printer === null || this.#printer.full || this.#ignoresSome
  }

  #setBeat(): void {
    this.#beatAlarm = systemClock.setAlarm(this.#periodMs, this.#beat)
    this.#beatAlarm.unref()
  }

  readonly #beat = (): void => {
    const watchdog = this.#watchdog
    if (watchdog === null) return
    const began = this.#lastBeatMs + this.#periodMs
    this.#lastBeatMs = systemClock.now()
    watchdog.beat()
    this.#setBeat()
    this.#endStall(watchdog, began)
  }

  /** The hub runs: what was told of the stall, if there was one, is given to the listeners. */
  #endStall(watchdog: Watchdog, began = this.#lastBeatMs + this.#periodMs): void {
    const held = this.#held
    this.#held = null
    if (held !== null) {
      // No debugger has stopped it: it went on by itself.
      const lines = this.#note(held, began) ?? []
      this.#printer?.print(blockedText(lines.map((line) => (typeof line === 'string' ? line : sourceFrame(line)))))
    }
    if (watchdog.takeUnanswered()) this.#noteUnanswered(watchdog, began)
    else if (watchdog.quiet) this.#hush(watchdog)
    const stall = this.#stall
    if (stall === null) return
    this.#stall = null
    const report: UnblockedReport = {
      greenlet: stall.reports.at(-1)?.greenlet ?? null,
      totalMs: systemClock.now() - stall.beganMs,
      reports: stall.reports.length,
    }
    if (stall.printed) {
      watchdog.settle() // it prints the report
      this.#printer?.print(unblockedText(report))
    }
    this.#hush(watchdog)
    for (const blocked of stall.reports)
      this.#tell(() => this.emit('blocked', { ...blocked, frames: blocked.frames.map(sourceFrame) }))
    this.#tell(() => this.emit('unblocked', report))
  }

  /** A listener that throws does not keep the rest from being told. */
  #tell(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }

  /** The thread beside has told of the stall by itself. */
  #noteUnanswered(watchdog: Watchdog, beganMs: number): void {
    const stall = (this.#stall ??= { beganMs, reports: [], printed: false })
    if (!watchdog.quiet && !stall.printed) {
      this.#printer?.note()
      stall.printed = true
    }
    if (stall.reports.length > 0) return
    this.#reported++
    const blockedMs = systemClock.now() - beganMs
    stall.reports.push({ greenlet: null, blockedMs, frames: [], call: null, native: watchdog.asks })
  }

  #setMemoryLook(): void {
    this.#memoryAlarm = systemClock.setAlarm(this.#memoryPeriodMs, () => {
      this.#setMemoryLook()
      this.#lookAtMemory()
    })
    this.#memoryAlarm.unref()
  }

  #lookAtMemory(): void {
    for (const limit of this.#memory) {
      const report = limit.check()
      if (report === null) continue
      if (this.#printer?.take() != null) this.#printer.print(memoryText(report))
      this.#tell(() => this.emit(report.bytes > report.limitBytes ? 'memoryExceeded' : 'memoryNormal', report))
    }
  }
}

/** Whether Node listens for debuggers. */
function isInspected(): boolean {
  return process.features.inspector && process.getBuiltinModule('node:inspector').url() !== undefined
}
