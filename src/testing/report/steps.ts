/**
 * The steps of a failing schedule, as a person reads them: what the log has noted, in words.
 *
 * Stands on the log. Leaves the drawing to `columns.ts`.
 */
import { GreenletExit, LoopExit } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { Timer } from '../../hub/timers.ts'
import type { Log, Proc, Step } from '../execution/log.ts'
import { labelOf } from '../execution/shared.ts'
import type { ScheduleStep } from './failure.ts'
import { isError, type Place, placeOfError } from './frames.ts'

/** A step, and what only the picture needs of it. */
export interface Reading extends ScheduleStep {
  readonly proc: Proc
  /** The one that could have gone on; null: nobody was passed over. */
  readonly passedOver: Proc | null
  /** As `suspendedIn`, with the number of the primitive where there are several of one class: `semaphore2.acquire()`. */
  readonly call: string | null
  /** The other primitives that it touches, as far as there are several of one class: `semaphore2`. */
  readonly uses: readonly string[]
  /** Whether a greenlet runs in it: neither its links nor a callback, nor a timer. */
  readonly runs: boolean
  /** The names of all who ran in it, in order, where there was a `switch()`. */
  readonly ran: readonly string[]
  readonly woke: readonly Proc[]
  /** Where its call stands, or what it fails with was made. */
  readonly place: Place | null
  /** Its greenlet was killed in it. */
  readonly killed: boolean
  /** Its greenlet fails with a LoopExit: really it waits for ever. */
  readonly loopExit: boolean
  /** The name of what its greenlet fails with; empty when it does not fail. */
  readonly failure: string
  /** Nothing but the library's own bookkeeping: links, a timer that nothing else could have come before. */
  readonly quiet: boolean
}

/** Reads the log of an execution. */
export function readingsOf(log: Pick<Log, 'steps'>): Reading[] {
  const reader = new Reader(log.steps)
  return log.steps.map((step) => reader.read(step))
}

/** Reads one step after the other. */
class Reader {
  readonly #primitives: ReadonlyMap<object, string>
  readonly #written: ReadonlySet<object>
  readonly #ended = new Set<Proc>()
  /** The greenlet that ran last, unless it has ended. */
  #last: Proc | null = null

  constructor(steps: readonly Step[]) {
    this.#primitives = numbered(steps)
    this.#written = writtenIn(steps)
  }

  read(step: Step): Reading {
    const { detail, proc, offered, touched } = step
    const last = this.#last
    const passedOver = last !== null && last !== proc && offered.includes(last) ? last : null
    // Of one that has ended these are the links, whatever runs in them.
    const runs = proc.kind === 'greenlet' && !this.#ended.has(proc) && (detail?.ran.length ?? 0) > 0
    const ended = runs ? (detail?.ended ?? null) : null
    if (runs) this.#last = ended === null ? proc : null
    if (ended !== null) this.#ended.add(proc)
    const outcome = ended === null ? undefined : outcomeOf(proc)
    const place = ended === null ? (detail?.place ?? null) : placeOfError(outcome)
    const cells = cellsOf(step, this.#written)
    const marks = detail?.marks ?? []
    const used = [...touched.keys()].map((object) => this.#primitives.get(object)).filter((name) => name !== undefined)
    const [call, uses] = numberedCall(detail?.suspendedIn ?? null, used)
    return {
      step: step.number,
      name: proc.name,
      kind: proc.kind,
      offered: offered.length,
      preempts: passedOver !== null,
      atMs: step.atMs,
      suspendedIn: detail?.suspendedIn ?? null,
      ended,
      file: place?.file ?? null,
      line: place?.line ?? null,
      ...cells,
      marks,
      proc,
      passedOver,
      call,
      uses,
      runs,
      ran: detail?.ran ?? [],
      woke: detail?.woke ?? [],
      place,
      killed: ended === 'returned' && outcome instanceof GreenletExit,
      loopExit: outcome instanceof LoopExit,
      failure: ended !== 'failed' ? '' : isError(outcome) ? outcome.name : show(outcome),
      quiet: !runs && cells.reads.length + cells.writes.length + marks.length === 0 && isBookkeeping(step),
    }
  }
}

/** Whether a step in which no greenlet runs is the library's own matter. */
function isBookkeeping({ proc, offered }: Step): boolean {
  if (proc.kind === 'timer') return offered.length === 1
  return proc.kind === 'greenlet' || proc.name.startsWith('the links of ')
}

/** A step, and how many times it was taken in a row. */
export interface Run {
  readonly first: Reading
  readonly times: number
}

/** The steps, of which each that is the same again and again is one run. */
export function runsOf(readings: readonly Reading[]): Run[] {
  const runs: { first: Reading; times: number }[] = []
  for (const reading of readings) {
    const last = runs.at(-1)
    if (last !== undefined && isSame(last.first, reading)) last.times++
    else runs.push({ first: reading, times: 1 })
  }
  return runs
}

function isSame(one: Reading, next: Reading): boolean {
  if (one.proc !== next.proc || one.atMs !== next.atMs || next.passedOver !== null || one.ended !== null) return false
  return one.kind === 'greenlet' && sameText(one) === sameText(next)
}

function sameText({ call, ended, reads, writes, uses, marks, ran, place }: Reading): string {
  return JSON.stringify([call, ended, reads, writes, uses, marks, ran, place])
}

/** The last steps of those greenlets that wait at the end. */
export function waitingAtEnd(readings: readonly Reading[]): Reading[] {
  const last = new Map<Proc, Reading>()
  for (const reading of readings) {
    // A LoopExit is how the waiting ends.
    if (reading.runs && !reading.loopExit) last.set(reading.proc, reading)
  }
  return [...last.values()].filter(({ ended }) => ended === null)
}

/** What programs get of a step. */
export function publicStep(reading: Reading): ScheduleStep {
  const { step, name, kind, offered, preempts, atMs, suspendedIn, ended, file, line, reads, writes, marks } = reading
  return { step, name, kind, offered, preempts, atMs, suspendedIn, ended, file, line, reads, writes, marks }
}

/** The tracked values that a step has read and written, by their labels. What nobody ever writes is no matter of order: methods are read, too. */
function cellsOf({ touched }: Step, everWritten: ReadonlySet<object>): { reads: string[]; writes: string[] } {
  const reads: string[] = []
  const writes: string[] = []
  for (const [object, written] of touched) {
    const label = everWritten.has(object) ? labelOf(object) : undefined
    if (label !== undefined) (written ? writes : reads).push(label)
  }
  return { reads, writes }
}

function writtenIn(steps: readonly Step[]): Set<object> {
  const objects = new Set<object>()
  for (const { touched } of steps) for (const [object, written] of touched) if (written) objects.add(object)
  return objects
}

/** What a greenlet that has ended has ended with. */
function outcomeOf({ subject }: Proc): unknown {
  return subject instanceof Timer ? undefined : subject.$slot
}

/**
 * Names for the primitives that the steps touch, as far as calls speak of several by one word: `semaphore1`, `semaphore2`. What no call speaks
 * of is the inside of something.
 */
function numbered(steps: readonly Step[]): Map<object, string> {
  const objects = new Map<string, Set<object>>()
  for (const { detail } of steps) {
    const noun = /^\w+(?=\.)/u.exec(detail?.suspendedIn ?? '')?.[0]
    if (noun !== undefined) objects.set(noun, new Set())
  }
  for (const { touched } of steps) {
    for (const object of touched.keys()) if (labelOf(object) === undefined) objects.get(nounOf(object))?.add(object)
  }
  const names = new Map<object, string>()
  for (const [noun, several] of objects) {
    if (several.size > 1) for (const [index, object] of [...several].entries()) names.set(object, `${noun}${index + 1}`)
  }
  return names
}

/** The word that calls name an object by: `queue` for a PriorityQueue. */
function nounOf(object: object): string {
  if ('$noun' in object && typeof object.$noun === 'string') return object.$noun
  const { constructor } = object as { constructor?: unknown } // any object may be asked
  const [word = ''] = typeof constructor === 'function' ? (/[A-Z][a-z]*$/u.exec(constructor.name) ?? []) : []
  return word.toLowerCase()
}

/** Puts the number of the one primitive that a call can be meant for into it; answers the others as well. */
function numberedCall(call: string | null, used: readonly string[]): [call: string | null, uses: readonly string[]] {
  const meant = used.filter((name) => call?.startsWith(`${name.replace(/\d+$/u, '')}.`) === true)
  const [one] = meant
  if (call === null || one === undefined || meant.length > 1) return [call, used]
  return [one + call.slice(call.indexOf('.')), used.filter((name) => name !== one)]
}
