/**
 * What happened in one execution: who took each step, what it touched, who made whom ready.
 *
 * Three levels, each dearer than the one before. `footprints` is what the reduced search needs. `calls` adds what a person reads: what each
 * greenlet waits in, who ran, the marks of the test. `places` adds files and lines, for which debug mode is on.
 *
 * Names that hold across executions. `Proc.number` counts procs in the order of their first appearance: the same choices give the same
 * numbers. `Proc.key` says who made it ready first, and as its how-many-eth: two executions that differ only in the order of independent
 * steps give the same keys.
 *
 * Stands on the hub's observer and the kernel's footprint. Leaves what follows from it to the search and the report.
 */
import type { Described } from '../../errors/usage.ts'
import { type Coroutine, FAILED, type Footprint, kernel, type PendingWait, RETURNED } from '../../greenlet/kernel.ts'
import type { HubObserver } from '../../hub/report.ts'
import { Timer, type Timers } from '../../hub/timers.ts'

/** How much is written down. */
export type LogLevel = 'footprints' | 'calls' | 'places'

/** What can take a step: a greenlet (after its end, its links), a callback or a notifier of the hub, a timer. */
export type Subject = Coroutine | Timer

/** One who takes steps in an execution. */
export class Proc {
  /** Counted from 0 in the order of their first appearance; 0 is main. */
  readonly number: number
  /** `main`, `main/2`, `main/2/t1`: the same in all equivalent executions. */
  readonly key: string
  readonly kind: 'greenlet' | 'callback' | 'timer'
  readonly subject: Subject
  /** The step in which it was made ready last; -1: before the first one, or from outside. */
  madeReadyIn = -1
  /** How many others it has made ready for the first time, and how many timers it has started. */
  made = 0
  started = 0
  readonly #title: string

  constructor(number: number, key: string, subject: Subject, title: string) {
    this.number = number
    this.key = key
    this.subject = subject
    this.kind =
      subject instanceof Timer ? 'timer' : subject.$fn === null && subject.$status >= RETURNED ? 'callback' : 'greenlet'
    this.#title = title
  }

  /** For people. */
  get name(): string {
    return this.subject instanceof Timer ? this.#title : this.subject.name
  }
}

/** What a person wants to know of a step. */
export interface Detail {
  /** The call that it ends in, as a person writes it; null: the greenlet has ended, or it is none. */
  readonly suspendedIn: string | null
  readonly ended: 'returned' | 'failed' | null
  /** Where that call stands; null: not known. */
  readonly place: { readonly file: string; readonly line: number; readonly column: number } | null
  /** The names of the greenlets that ran in it, in order: several when there was a `switch()`. */
  readonly ran: readonly string[]
  /** What the test has marked in it. */
  readonly marks: readonly string[]
  /** The procs that it has made ready. */
  readonly woke: readonly Proc[]
}

/** One step: a greenlet up to its next suspension, the links of an ended one, a callback, or a timer that goes off. */
export interface Step {
  /** Counted from 0. */
  readonly number: number
  readonly proc: Proc
  /** Who could have gone on instead, in order, itself included. */
  readonly offered: readonly Proc[]
  /** Its place among them. */
  readonly chosen: number
  /** The step that has made it ready; -1: none of these. */
  readonly madeReadyBy: number
  /** All steps before come before it: the clock has jumped in between, or nobody was ready and Node's I/O had its turn. */
  readonly barrier: boolean
  /** The objects it has looked at, or written (true). */
  readonly touched: ReadonlyMap<object, boolean>
  /** The virtual time, in milliseconds. */
  readonly atMs: number
  /** Null unless the log is of calls. */
  readonly detail: Detail | null
}

/** A step that is being taken. */
class OpenStep implements Step {
  readonly number: number
  readonly proc: Proc
  readonly offered: readonly Proc[]
  readonly chosen: number
  readonly madeReadyBy: number
  readonly barrier: boolean
  readonly touched = new Map<object, boolean>()
  readonly atMs: number
  detail: OpenDetail | null = null
  /** The number of the first timer that it may start. */
  readonly timersFrom: number
  /** How many timers its proc had started before. */
  readonly startedBefore: number

  constructor(
    number: number,
    proc: Proc,
    offered: readonly Proc[],
    chosen: number,
    log: { barrier: boolean; atMs: number; timersFrom: number; madeReadyBy: number },
  ) {
    this.number = number
    this.proc = proc
    this.offered = offered
    this.chosen = chosen
    this.madeReadyBy = log.madeReadyBy
    this.barrier = log.barrier
    this.atMs = log.atMs
    this.timersFrom = log.timersFrom
    this.startedBefore = proc.started
  }
}

interface OpenDetail extends Detail {
  suspendedIn: string | null
  ended: 'returned' | 'failed' | null
  place: { file: string; line: number; column: number } | null
  readonly ran: string[]
  readonly marks: string[]
  readonly woke: Proc[]
}

/** So many steps are kept at the most; a test that lets a year pass in milliseconds takes more. */
const MOST_STEPS = 100_000

/** The log of one execution. */
export class Log implements Footprint, HubObserver {
  readonly level: LogLevel
  readonly procs: Proc[] = []
  readonly steps: Step[] = []
  /** Whether there were more steps than are kept. */
  truncated = false
  readonly #procs = new Map<Subject, Proc>()
  readonly #timers: Timers
  #open: OpenStep | null = null
  #barrier = false
  /** Set while an invariant is looked at. */
  #looks: Set<object> | null = null
  #outside = 0
  #taken = 0

  constructor(level: LogLevel, timers: Timers) {
    this.level = level
    this.#timers = timers
  }

  /** The proc of one that has been made ready or is due. */
  procOf(subject: Subject): Proc {
    return this.#procs.get(subject) ?? this.#enter(subject)
  }

  /** All steps so far come before the next one. */
  barrier(): void {
    this.#barrier = true
  }

  /** A step begins. */
  begin(subject: Subject, ready: readonly Subject[], due: readonly Subject[], chosen: number, atMs: number): void {
    const offered: Proc[] = []
    for (const one of ready) offered.push(this.procOf(one))
    for (const one of due) offered.push(this.procOf(one))
    const proc = this.procOf(subject)
    this.#open = new OpenStep(this.#taken++, proc, offered, chosen, {
      barrier: this.#barrier,
      atMs,
      timersFrom: this.#timers.started,
      madeReadyBy: subject instanceof Timer ? (this.#starterOf(subject)?.number ?? -1) : proc.madeReadyIn,
    })
    this.#barrier = false
    if (this.level !== 'footprints') {
      this.#open.detail = { suspendedIn: null, ended: null, place: null, ran: [], marks: [], woke: [] }
    }
    // In this order, since a step is asked for while it lasts; also one that is not kept is then.
    if (this.steps.length < MOST_STEPS) this.steps.push(this.#open)
    else this.truncated = true
    this.written(subject)
  }

  /** The step is over. */
  end(): void {
    const step = this.#open
    if (step === null) return
    step.proc.started += this.#timers.started - step.timersFrom
    const { detail } = step
    const { subject } = step.proc
    if (detail !== null && !(subject instanceof Timer) && step.proc.kind === 'greenlet' && detail.ran.length > 0) {
      if (subject.$status >= RETURNED) detail.ended = subject.$status === FAILED ? 'failed' : 'returned'
      if (this.level === 'places') detail.place = kernel.debug?.frameOf(subject) ?? null
    }
    this.#open = null
  }

  /** The execution is over: what comes now is not written. */
  close(): void {
    this.#open = null
  }

  /** The test has marked this moment. */
  mark(label: string): void {
    this.#open?.detail?.marks.push(label)
  }

  /** Whether the step has written one of these so far. */
  hasWritten(objects: ReadonlySet<object>): boolean {
    for (const [object, written] of this.#open?.touched ?? []) if (written && objects.has(object)) return true
    return false
  }

  /** Notes what is looked at from now on, until `end()`; null: it was nothing. The step has looked at it, too. */
  looks(): { end(): ReadonlySet<object> | null } {
    const seen = new Set<object>()
    this.#looks = seen
    return {
      end: () => {
        this.#looks = null
        return seen.size === 0 ? null : seen
      },
    }
  }

  /** Control goes to `greenlet`. */
  entered(greenlet: Coroutine): void {
    if (greenlet === kernel.main) return
    this.written(greenlet)
    this.#open?.detail?.ran.push(greenlet.name)
  }

  // What the kernel tells.

  read(object: object): void {
    this.#looks?.add(object)
    const touched = this.#open?.touched
    if (touched !== undefined && !touched.has(object)) touched.set(object, false)
  }

  written(object: object): void {
    this.#open?.touched.set(object, true)
  }

  // What the hub tells.

  spawned(greenlet: Coroutine): void {
    this.written(greenlet)
  }

  gaveWay(greenlet: Coroutine, call: Described): void {
    this.#suspended(greenlet, String(call))
  }

  blocked(greenlet: Coroutine, wait: PendingWait | null): void {
    if (wait !== null) this.#suspended(greenlet, wait)
    else if (this.#open?.detail?.suspendedIn === null) this.#suspended(greenlet, GAVE_WAY)
  }

  woken(greenlet: Coroutine): void {
    const proc = this.procOf(greenlet)
    proc.madeReadyIn = this.#open?.number ?? -1
    this.written(greenlet)
    if (proc !== this.#open?.proc) this.#open?.detail?.woke.push(proc)
  }

  #suspended(greenlet: Coroutine, call: { describe(): string } | string): void {
    const detail = this.#open?.detail
    if (detail != null && this.#open?.proc.subject === greenlet) {
      detail.suspendedIn = typeof call === 'string' ? call : call.describe()
    }
  }

  interrupted(greenlet: Coroutine): void {
    this.written(greenlet)
  }

  ended(greenlet: Coroutine): void {
    this.written(greenlet)
  }

  #enter(subject: Subject): Proc {
    const isTimer = subject instanceof Timer
    const step = isTimer ? this.#starterOf(subject) : this.#open
    let key: string
    if (this.procs.length === 0) key = 'main'
    else if (step === null) key = `outside/${String(++this.#outside)}`
    else if (isTimer) key = `${step.proc.key}/t${String(step.startedBefore + subject.sequence - step.timersFrom + 1)}`
    else key = `${step.proc.key}/${String(++step.proc.made)}`
    const proc = new Proc(this.procs.length, key, subject, isTimer ? (subject.describe?.() ?? 'a timer') : '')
    this.procs.push(proc)
    this.#procs.set(subject, proc)
    return proc
  }

  /** The step in which a timer was started; null: none that is known. */
  #starterOf({ sequence }: Timer): OpenStep | null {
    let low = 0
    let high = this.steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      const step = this.steps[middle] as OpenStep // all are of this file, and it lies between two that are there
      if (step.timersFrom <= sequence) low = middle + 1
      else high = middle
    }
    return (this.steps[low - 1] as OpenStep | undefined) ?? null // all are of this file
  }
}

/** What stands for the call of one that is ready at once. */
const GAVE_WAY = 'sleep(0)'
