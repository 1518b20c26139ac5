/**
 * The trace of an execution: what a test may ask about its schedule, when it is over and while it runs.
 *
 * Nothing is worked out before it is asked for. Stands on the log. Leaves the picture of a failing schedule to `report`, and what is
 * asserted to `storyboard`.
 */
import { basename } from 'node:path'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { HappensBefore } from './happens-before.ts'
import type { Log, Step } from './log.ts'
import { labelOf } from './shared.ts'

/** A step of a schedule: what ran from one moment in which somebody is chosen to the next. */
export interface TraceStep {
  /** Counted from 0. */
  readonly number: number
  /** The greenlet; of a callback or a timer what it is called. */
  readonly who: string
  /** A greenlet (after its end: its links), a callback of the hub, or a timer that goes off. */
  readonly kind: 'greenlet' | 'callback' | 'timer'
  /** The call that the greenlet is suspended in at its end: `sleep(0)`, `lock.acquire()`. Null: it has ended, or it is none. */
  readonly call: string | null
  /** How the greenlet has ended in it; null: it has not. */
  readonly ended: 'returned' | 'failed' | null
  /** Where the call stands; null: not known. */
  readonly place: {
    /** Its path or URL. */
    readonly file: string
    /** Counted from 1. */
    readonly line: number
  } | null
  /** The names of the greenlets that ran in it, in order: several when there was a `switch()`. */
  readonly ran: readonly string[]
  /** What `t.mark` has set in it. */
  readonly marks: readonly string[]
  /** The virtual time, in milliseconds. */
  readonly atMs: number
  /** What of the objects of `t.shared` it has read and not written: `account.balance`. */
  readonly reads: readonly string[]
  /** What of them it has written. */
  readonly writes: readonly string[]
}

/** Where a mark stands. */
interface Place {
  readonly step: number
  /** Which of the marks of the step it is. */
  readonly index: number
}

/**
 * What has happened in one schedule. It is given by `virtual` and `replay`, and as `t.trace` to the body that it is of, where it grows
 * with each step.
 */
export class Trace {
  readonly #log: Pick<Log, 'steps'>
  readonly #steps: TraceStep[] = []

  /** @internal */
  constructor(log: Pick<Log, 'steps'>) {
    this.#log = log
  }

  /** The steps, in order; the last one may be under way. */
  get steps(): readonly TraceStep[] {
    const { steps } = this.#log
    // The last one is read anew: it may have gone on.
    for (let number = Math.max(0, this.#steps.length - 1); number < steps.length; number++) {
      const step = steps[number]
      if (step !== undefined) this.#steps[number] = traceStep(step)
    }
    return this.#steps
  }

  /** The names of the greenlets in the order in which they ran, `main` first; one that goes on after itself stands once. */
  get switches(): readonly string[] {
    const names: string[] = []
    for (const { detail } of this.#log.steps) {
      for (const name of detail?.ran ?? []) if (name !== names.at(-1)) names.push(name)
    }
    return names
  }

  /** What `t.mark` has set, in order. */
  get marks(): readonly string[] {
    return this.#log.steps.flatMap(({ detail }) => detail?.marks ?? [])
  }

  /**
   * Whether the moment that is marked `a` comes before the one marked `b` in this schedule and in all that differ from it only in the order
   * of steps that have nothing to do with each other: since one greenlet passes both, one wakes the other, the clock goes on in between, or
   * both touch the same thing and one of them changes it. That `a` happened to come first is not enough. A mark stands for all of the
   * step that it is set in.
   *
   * @throws UsageError when one of them was never set, or more than once.
   * @switches never
   */
  happenedBefore(a: string, b: string): boolean {
    const first = this.#placeOf(a)
    const second = this.#placeOf(b)
    if (first.step === second.step) return first.index < second.index
    return first.step < second.step && new HappensBefore(this.#log).before(first.step, second.step)
  }

  /** The steps as a list, a line each. */
  toString(): string {
    return listing(this.steps)
  }

  #placeOf(mark: string): Place {
    const places: Place[] = []
    for (const { number, marks } of this.steps) {
      marks.forEach((one, index) => {
        if (one === mark) places.push({ step: number, index })
      })
    }
    const [place, another] = places
    if (place === undefined) throw unknownMark(mark, this.marks)
    if (another !== undefined) throw repeatedMark(mark, places)
    return place
  }
}

Object.defineProperty(Trace.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Trace): string {
    return String(this)
  },
  configurable: true,
})

function traceStep({ number, proc, detail, atMs, touched }: Step): TraceStep {
  const reads: string[] = []
  const writes: string[] = []
  for (const [object, written] of touched) {
    const label = labelOf(object)
    if (label !== undefined) (written ? writes : reads).push(label)
  }
  const { suspendedIn: call = null, ended = null, place = null, ran = [], marks = [] } = detail ?? {}
  const { name: who, kind } = proc
  return {
    number,
    who,
    kind,
    call: ended === null ? call : null,
    ended,
    place: ended === null ? place : null, // that of its last call, else
    ran: [...ran], // a step that is under way goes on
    marks: [...marks],
    atMs,
    reads,
    writes,
  }
}

function unknownMark(mark: unknown, marks: readonly string[]): UsageError {
  const known = [...new Set(marks)].map((one) => JSON.stringify(one)).join(', ')
  return new UsageError(
    `happenedBefore() expects a mark of the trace, but nobody has set ${show(mark)}. ` +
      (known === '' ? `There are none: t.mark('paid') sets one.` : `These were set: ${known}.`),
  )
}

function repeatedMark(mark: string, places: readonly Place[]): UsageError {
  const steps = places.map(({ step }) => String(step)).join(', ')
  return new UsageError(
    `happenedBefore() expects a mark that stands once in the trace, but ${JSON.stringify(mark)} was set ${String(places.length)} times, in the steps ${steps}. ` +
      'Give each a name of its own: t.mark(`paid ${n}`).',
  )
}

function listing(steps: readonly TraceStep[]): string {
  const timed = steps.some(({ atMs }) => atMs > 0)
  const rows = steps.map((step) => [
    String(step.number),
    ...(timed ? [`${String(step.atMs)} ms`] : []),
    step.ran.length > 1 ? step.ran.join(' > ') : step.who,
    deedOf(step),
    step.place === null ? '' : `${basename(step.place.file)}:${String(step.place.line)}`,
    notesOf(step),
  ])
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .flatMap((cell, column) => (widths[column] === 0 ? [] : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function deedOf({ kind, call, ended, ran }: TraceStep): string {
  if (kind === 'timer') return 'goes off'
  if (kind === 'callback') return 'is called'
  if (ended !== null) return ended
  if (call !== null) return call
  return ran.length === 0 ? 'links' : ''
}

function notesOf({ reads, writes, marks }: TraceStep): string {
  return [
    ...(reads.length === 0 ? [] : [`reads ${reads.join(', ')}`]),
    ...(writes.length === 0 ? [] : [`writes ${writes.join(', ')}`]),
    ...marks.map((mark) => `mark ${JSON.stringify(mark)}`),
  ].join(', ')
}
