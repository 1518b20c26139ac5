/**
 * What can be waited for beside other things: the branches of `choose`, `race`, `any` and `all`.
 *
 * An operation of one step is begun by an agent and taken back without a trace. Whatever runs code of its own (a generator, a function,
 * an operation made of several waits) needs a greenlet for it. Which of the two a branch is, is decided here and nowhere else.
 *
 * Stands on operations and `until`. Leaves the waiting to `selection.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { type Described, show, wrongRight } from '../errors/usage.ts'
import { kernel } from '../greenlet/kernel.ts'
import { type BaseOperation, takeUndriven } from '../greenlet/operation.ts'
import { isGreenlet } from '../greenlet/raw-greenlet.ts'
import {
  type Driven,
  type Green,
  isGenerator,
  isOperation,
  isThenable,
  type Operation,
  type Resume,
  type Suspend,
} from '../protocol.ts'
import { begun } from '../waiting/operation.ts'
import { until } from '../waiting/until.ts'

/** What can be waited for beside others: an operation, a promise, a generator, or a function without parameters that gives any of these. */
export type Branch<T = unknown> = PromiseLike<T> | Green<T> | (() => Driven<T>)

/** What a {@link Branch} gives when it succeeds. */
export type BranchValue<B> = B extends () => infer R ? Given<R> : Given<B>

type Given<R> = R extends PromiseLike<infer T> ? T : R extends Generator<Suspend, infer T, Resume> ? T : R

/** A branch that was looked at. */
export interface Offer {
  /** Its key, or its place in the list. */
  readonly key: string
  readonly source: Branch
  /** What begins it; null: it needs a greenlet. */
  readonly operation: BaseOperation<unknown> | null
}

/** Looks at a branch. `caller` and `key` are for the message: `choose`, `item`. */
export function offerOf(caller: string, key: string, source: unknown): Offer {
  if (isOperation(source)) {
    if (isSwitch(source)) throw switchGiven(caller, key, source)
    begun(source) // debug mode asks for the call that takes it, and for no more
    const single = 'begin' in source ? (source as Operation<unknown> as BaseOperation<unknown>) : null // only these have a begin
    return { key, source, operation: single }
  }
  if (typeof source === 'function' || isGenerator(source)) {
    return { key, source: source as Branch, operation: null } // whatever it gives is driven, or is the outcome
  }
  if (!isThenable(source)) throw notABranch(caller, key, source)
  return { key, source, operation: begun(until(source)) as Operation<unknown> as BaseOperation<unknown> } // Until is one
}

/** Whether something can be a record of branches: no list, and nothing that would be a branch itself. */
export function isRecord(branches: unknown): branches is Readonly<Record<string, unknown>> {
  return typeof branches === 'object' && branches !== null && !(Symbol.iterator in branches) && !isThenable(branches)
}

/** The branch as it stands in messages. */
export function textOf({ source, operation }: Offer): string {
  if (operation !== null) return String(operation)
  if (isOperation(source)) return callOf(source)
  return typeof source === 'function' ? `${source.name === '' ? 'function' : source.name}()` : 'generator'
}

/** The promise of a branch that is not waited for: its rejection is nobody's. Other thenables may begin their work only in `then`. */
export function ignore({ source }: Offer): void {
  if (source instanceof Promise) source.then(undefined, () => undefined)
}

/** Every operation has a `toString()` of its own. */
function callOf(operation: Described): string {
  return String(operation)
}

function isSwitch(source: Operation<unknown>): boolean {
  return 'done' in source && 'value' in source
}

function switchGiven(caller: string, key: string, source: Operation<unknown>): UsageError {
  if (kernel.current !== kernel.main) takeUndriven(kernel.current)
  return new UsageError(
    `${caller}() was given a ${callOf(source)} as \`${key}\`; a switch takes place where it is made, and is not waited for beside others.\n\n${wrongRight(`${caller}(... other.switch())`, 'control would go there at once', `${caller}(... other.get())`, 'waits until it has ended')}`,
  )
}

function notABranch(caller: string, key: string, source: unknown): UsageError {
  const head = `${caller}() expects \`${key}\` to be an operation, a promise, a generator or a function, but got ${show(source)}.`
  if (!isGreenlet(source)) return new UsageError(head)
  return new UsageError(
    `${head}\n\n${wrongRight(`${caller}(... greenlet)`, 'a greenlet is no wait', `${caller}(... greenlet.get())`, 'waits for its outcome')}`,
  )
}
