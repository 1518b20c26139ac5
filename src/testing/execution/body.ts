/**
 * The `t` that a body is given: what a test says about its schedule while it runs.
 *
 * Stands on the log and the proxies. Leaves to the execution when invariants are looked at, and to `runs` what is made of the labels of all
 * schedules.
 */

import { UsageError } from '../../errors/classes.ts'
import { notAFunction, show, wrongRight } from '../../errors/usage.ts'
import type { Greenlet } from '../../gevent/greenlet.ts'
import { writes } from '../../greenlet/footprint.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { isGenerator, isOperation, isThenable } from '../../protocol.ts'
import { Random } from '../schedule/random.ts'
import type { Log } from './log.ts'
import { TestingError } from './outcome.ts'
import { sharedProxy } from './shared.ts'
import { Trace } from './trace.ts'

/** What a body of `virtual`, `explore` and `fuzz` is given. It belongs to one execution. */
export interface ScheduleContext {
  /**
   * Gives a view of `object` that notes who reads and writes what of it. For `independence: 'tracked'` everything that greenlets share, and
   * that is no primitive of the library, is to be such a view.
   *
   * @param object - an object, an array, a Map, a Set; what lies in it is shared as well.
   * @param name - stands in reports: `account`. @defaultValue `shared-1`, ...
   * @throws UsageError when it is no object.
   * @switches never
   */
  shared<T extends object>(object: T, name?: string): T
  /**
   * Has `check` called after each step. The schedule fails when it throws, or answers false.
   *
   * @param check - a plain function. @param label - stands in the report. @defaultValue its name
   * @throws UsageError when it is no function.
   * @switches never
   */
  invariant(check: () => unknown, label?: string): void
  /**
   * Says that at least one schedule comes here with `condition` true; the exploration fails when none does. Call it where each schedule
   * passes, with a condition, so that a label is known that none reaches.
   *
   * @switches never
   */
  reachable(label: string, condition?: boolean): void
  /** Says that no schedule comes here with `condition` true: the first one that does fails. @switches never */
  unreachable(label: string, condition?: boolean): void
  /** Marks this moment in the trace, for `trace.happenedBefore`. @switches never */
  mark(label: string): void
  /** Says that a greenlet may be left over when all others have ended; it is killed then. @switches never */
  daemon<G extends Greenlet>(greenlet: G): G
  /** The virtual time since the beginning, in milliseconds. @switches never */
  now(): number
  /** A number from 0 up to 1, without 1: the same row of numbers in each schedule. @switches never */
  random(): number
  /** What has happened so far. An exploration that asks for it is slower, and runs each schedule: in the trace the order of all steps is seen. */
  readonly trace: Trace
}

/** One that is to hold after each step. */
interface Invariant {
  readonly check: () => unknown
  readonly label: string
  /** What it looked at the last time; null: that is not known. */
  looked: ReadonlySet<object> | null
}

/** What the labels of all schedules of a test have come to. */
export type Labels = Map<string, boolean>

/** Thrown by an unreachable place, through the body. */
export class Reached extends TestingError {}

/** The context of one execution. */
export class Context implements ScheduleContext {
  readonly labels: Labels
  readonly daemons: Set<Coroutine> = new Set<Coroutine>()
  readonly invariants: Invariant[] = []
  /** Set when an unreachable place was reached, also if the body catches what is thrown there. */
  reached: Reached | null = null
  /** Set when the trace was asked for. */
  usesTrace = false
  /** Set when it was, and is not written. */
  wantsTrace = false
  readonly #clock: { readonly time: number }
  readonly #log: Log | null
  readonly #shared = new Set<object>()
  #trace: Trace | null = null
  #closed = false
  #random: Random | null = null

  constructor(labels: Labels, clock: { readonly time: number }, log: Log | null) {
    this.labels = labels
    this.#clock = clock
    this.#log = log
  }

  /** How many objects are shared. */
  get tracked(): number {
    return this.#shared.size
  }

  shared<T extends object>(object: T, name?: string): T {
    const shared = sharedProxy(object, name ?? `shared-${String(this.tracked + 1)}`)
    this.#shared.add(shared)
    return shared
  }

  invariant(check: () => unknown, label?: string): void {
    if (typeof check !== 'function') throw notAFunction('t.invariant', check)
    const title = label ?? (check.name === '' ? String(check).replace(/^\(\)\s*=>\s*/u, '') : check.name)
    this.invariants.push({ check, label: title, looked: null })
  }

  /** The execution is over. What those say who are killed at its end is no word on a schedule. */
  close(): void {
    this.#closed = true
  }

  reachable(label: string, condition = true): void {
    checkLabel('t.reachable()', label)
    if (this.#closed) return
    if (condition || !this.labels.has(label)) this.labels.set(label, condition)
  }

  unreachable(label: string, condition = true): void {
    checkLabel('t.unreachable()', label)
    if (!condition || this.#closed) return
    this.reached ??= new Reached(`A place was reached that no schedule should reach: ${label}.`)
    throw this.reached
  }

  mark(label: string): void {
    checkLabel('t.mark()', label)
    this.#log?.mark(label)
  }

  daemon<G extends Greenlet>(greenlet: G): G {
    this.daemons.add(greenlet)
    return greenlet
  }

  now(): number {
    return this.#clock.time
  }

  random(): number {
    writes(this) // who asks first gets the first number
    this.#random ??= new Random(1)
    return this.#random.float()
  }

  get trace(): Trace {
    this.usesTrace = true
    if (this.#log !== null && this.#log.level !== 'footprints') return (this.#trace ??= new Trace(this.#log))
    this.wantsTrace = true
    throw new TestingError('The trace of this schedule is not written; the schedule is run again with it.')
  }
}

/** @throws UsageError when an invariant has answered something that would have to be waited for: it would always seem to hold. */
export function checkAnswer({ label }: Invariant, answer: unknown): void {
  if (!isThenable(answer) && !isGenerator(answer) && !isOperation(answer)) return
  if (isThenable(answer) && !isOperation(answer)) answer.then(undefined, () => undefined)
  throw new UsageError(
    `t.invariant() expects \`check\` to answer at once, between two steps, but got ${show(answer)}: ${label}\n\n` +
      wrongRight(
        't.invariant(function* () { return balance >= 0 })',
        'nobody drives it',
        't.invariant(() => balance >= 0)',
        'looked at after each step',
      ),
  )
}

function checkLabel(call: string, label: unknown): void {
  if (typeof label !== 'string' || label === '') {
    throw new UsageError(`${call} expects \`label\` to be a string that is not empty, but got ${show(label)}.`)
  }
}
