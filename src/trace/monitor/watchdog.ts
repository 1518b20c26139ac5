/**
 * The thread beside this one that notices when this one is stuck, and has it say where.
 *
 * Model. This thread beats: a timer of Node counts one cell up. When the count stands still for too long, the thread beside connects to the
 * inspector of this one, as a debugger would, and has it evaluate one call: {@link Question}. V8 runs that in an interrupt, in the middle of
 * a loop, a regular expression or an `Atomics.wait`, and what it calls sees the stack that is stuck. Nothing is paused, no code is compiled
 * anew, and a debugger that is attached notices nothing. The thread beside prints what it is told, by the sources if there are source maps,
 * and disconnects: one that stays connected would have the process wait for it at its end.
 *
 * Native code is not interrupted; the call comes when it returns. Until then the thread beside tells what it knows by itself.
 *
 * Turned down. `Debugger.pause`, as others do it: it drops optimised code, is seen by a debugger that is attached, and cannot be told from a
 * breakpoint of that one. Source maps in the interrupt: Node uses regular expressions for them, see `stuck.ts`. Sampling by the CPU profiler: a stack, but nothing to ask who runs.
 *
 * Stands on worker_threads; the code of the thread is src/embedded/watchdog, as text.
 */
import { isMainThread, threadId, Worker } from 'node:worker_threads'
import { systemClock } from '../../hub/clock.ts'
import { SCRIPT } from '../built/watchdog.ts'
import type { StuckFrame } from './stuck.ts'

/**
 * What the stuck thread answers:
 *
 * - `told`: it has made a report.
 * - `again`: no code of the program was interrupted; another moment tells more.
 * - `over`: it is not stuck any more.
 * - `ignored`: it blocks on purpose.
 * - `inspected`: a debugger could be attached, and may have stopped it. The report is made when that is known.
 */
export type Answer = 'told' | 'again' | 'over' | 'ignored' | 'inspected'

/** What it answers with, as JSON. */
export interface Reply {
  readonly answer: Answer
  /** What the thread beside is to print. Null: nothing. */
  readonly print: readonly (string | StuckFrame)[] | null
  /** Whether the frames are to be printed by the sources. */
  readonly mapped: boolean
}

/** What it is asked. */
export interface Question {
  /** How many beats there had been. */
  readonly beats: number
  /** When it was asked, in milliseconds by {@link machineMs}. */
  readonly askedAt: number
  /** Whether this is the last time it is asked: it answers whatever it finds. */
  readonly last: boolean
  /** Whether a debugger has stopped it, such as at a breakpoint; null: it is not known yet. */
  readonly stopped: boolean | null
}

/** What the thread beside is given. Each array is one cell that both see. */
export interface WatchdogData {
  /** How often this thread has had time for its timers. */
  readonly beats: Int32Array
  /** When it last had, in microseconds by {@link machineMs}. */
  readonly beatAt: BigInt64Array
  /** Not 0: it blocks on purpose. */
  readonly ignored: Int32Array
  /** 1 while the thread beside is connected to this one, or has something to print. */
  readonly busy: Int32Array
  /** Set to 1 when the thread beside has told of a stall without having been answered. */
  readonly unanswered: Int32Array
  /** Not 0: what cannot be asked about is not to be printed. */
  readonly quiet: Int32Array
  /** 1: all is over. */
  readonly closed: Int32Array
  /** Gives the {@link Reply}, when it is called with a {@link Question} as JSON. */
  readonly expression: string
  /** Whether this thread can be asked: an inspector is there and allowed, and it is the main thread. */
  readonly asks: boolean
  /** How this thread is called, in print. */
  readonly hub: string
  /** The time between two beats. */
  readonly periodMs: number
  /** For how long this thread may be stuck. */
  readonly blockedMs: number
  /** For how long an answer may take before native code is to blame. */
  readonly nativeMs: number
}

/** The clock that all threads of the machine share. */
export function machineMs(): number {
  // eslint-disable-next-line no-restricted-properties -- how long two threads wait for each other is no source of order
  return Number(process.hrtime.bigint()) / 1e6
}

type Asked = (question: string) => string

/** Those that are asked, by number. They are found through one global name, since that is what an inspector can reach. */
function shareAskable(): Map<number, Asked> {
  const SYMBOL = Symbol.for('greenloop.watchdogs')
  const shared: unknown = Reflect.get(globalThis, SYMBOL)
  if (shared instanceof Map) return shared as Map<number, Asked> // of another copy of the library
  const askable = new Map<number, Asked>()
  Object.defineProperty(globalThis, SYMBOL, { value: askable })
  return askable
}
const askable = shareAskable()

/** Whether Node's permission model lets the inspector be used; a thread that connects without that brings the process down. */
function mayInspect(): boolean {
  const { permission } = process as { permission?: NodeJS.ProcessPermission } // it is there only under --permission
  return permission === undefined || permission.has('inspector')
}

/** So long the thread beside may take to print and to disconnect. */
const SETTLE_MS = 500

function cell(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4))
}

/** What a watchdog is made with. */
export interface WatchdogOptions {
  readonly blockedMs: number
  readonly periodMs: number
  readonly nativeMs: number
  /** Called in the middle of what is stuck, with a {@link Question} as JSON, by nobody but V8: nothing else lies between. */
  readonly answer: Asked
  /** The thread beside has failed. */
  readonly failed: (error: unknown) => void
}

/** The thread beside this one. It keeps no process alive. */
export class Watchdog {
  readonly #id: number
  readonly #cells = {
    beats: cell(),
    beatAt: new BigInt64Array(new SharedArrayBuffer(8)),
    ignored: cell(),
    busy: cell(),
    unanswered: cell(),
    quiet: cell(),
    closed: cell(),
  }
  readonly #worker: Worker
  /** Whether this thread can be asked. */
  readonly asks: boolean = isMainThread && process.features.inspector && mayInspect()
  #up = false
  #raised: () => void = () => {}
  /** Settles when it watches. Node must be kept alive for whoever waits: see {@link up}. */
  readonly #isUp: Promise<void> = new Promise((resolve) => {
    this.#raised = resolve
  })

  constructor({ blockedMs, periodMs, nativeMs, answer, failed }: WatchdogOptions) {
    let id = askable.size
    while (askable.has(id)) id++
    this.#id = id
    const data: WatchdogData = {
      ...this.#cells,
      expression: `globalThis[Symbol.for('greenloop.watchdogs')].get(${id})`,
      asks: this.asks,
      hub: isMainThread ? 'the hub' : `the hub of worker thread ${threadId}`,
      periodMs,
      blockedMs,
      nativeMs,
    }
    // Of the program's options and preloaded modules it has none.
    this.#worker = new Worker(SCRIPT, {
      eval: true,
      name: 'greenloop watchdog',
      workerData: data,
      execArgv: [],
      env: {},
    })
    askable.set(id, answer)
    this.beat()
    this.#worker.once('message', () => {
      this.#finishStart()
    })
    this.#worker.on('error', (error) => {
      this.#finishStart()
      failed(error)
    })
    this.#worker.unref()
  }

  #finishStart(): void {
    this.#up = true
    this.#worker.unref()
    this.#raised()
  }

  /** Gives a promise that settles when it watches; until then the process lives. */
  up(): Promise<void> {
    if (!this.#up) this.#worker.ref()
    return this.#isUp
  }

  /** This thread has time for its timers. */
  beat(): void {
    Atomics.store(this.#cells.beatAt, 0, BigInt(Math.round(machineMs() * 1000)))
    Atomics.add(this.#cells.beats, 0, 1)
  }

  /** How often that was so. */
  get beats(): number {
    return Atomics.load(this.#cells.beats, 0)
  }

  set ignored(ignored: boolean) {
    Atomics.store(this.#cells.ignored, 0, Number(ignored))
  }

  /** Whether it prints nothing by itself. */
  get quiet(): boolean {
    return Atomics.load(this.#cells.quiet, 0) !== 0
  }

  set quiet(quiet: boolean) {
    Atomics.store(this.#cells.quiet, 0, Number(quiet))
  }

  /** Whether it has told of a stall without having been answered; asked once. */
  takeUnanswered(): boolean {
    return Atomics.exchange(this.#cells.unanswered, 0, 0) === 1
  }

  /**
   * Waits until it has printed what it was given, which is a matter of milliseconds, and is not connected to this thread. Answers whether that
   * is so.
   */
  settle(): boolean {
    return Atomics.wait(this.#cells.busy, 0, 1, SETTLE_MS) !== 'timed-out'
  }

  /** Ends it. When this returns, it is not connected to this thread any more. */
  close(): void {
    Atomics.store(this.#cells.closed, 0, 1)
    askable.delete(this.#id)
    this.#finishStart()
    this.#terminate()
  }

  /** A thread that is ended before its connection is undone brings Node down. */
  #terminate(): void {
    if (!this.settle()) {
      systemClock.setAlarm(SETTLE_MS, this.#terminate.bind(this)).unref()
      return
    }
    Atomics.wait(this.#cells.busy, 0, 0, 1) // V8 undoes it in an interrupt, for which it looks in here
    void this.#worker.terminate()
  }
}
