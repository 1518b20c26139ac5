/**
 * Functions of Node that take their callback last: without one, where Node throws, they give an operation.
 *
 * With a callback the call is Node's own, to the last argument. Without one it used to throw, and an operation that nobody drives would do
 * nothing, in silence: so each of these is watched, and one that was not driven until it is collected, or until the process ends, is
 * reported on stderr. That costs some microseconds a call, and nobody else anything. In debug mode every operation is watched, these as
 * all others.
 *
 * Stands on operations and the list of what takes its callback last. Leaves to each patch which operation it is.
 */
import { neverDriven } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import type { BaseOperation, Step } from '../../greenlet/operation.ts'
import { brandOperation, type Operation, type Resume, type Suspend } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { patchItem } from '../state.ts'

/** A function or method of Node. */
export type NodeFunction = (this: unknown, ...args: unknown[]) => unknown
/** What a call without a callback is: its arguments are checked there. */
export type MakeOperation = (this: unknown, ...args: unknown[]) => Operation<unknown>

/** How functions are patched. */
export interface CallbackLess {
  /** Stands before the call in messages: `dns.`. */
  readonly prefix: string
  /** Gives what a function of that name is without a callback. */
  readonly make: (name: string, original: NodeFunction) => MakeOperation
  /**
   * Whether a call has a callback. @defaultValue when any of its arguments is a function: who passes (host, options, callback) on passes (host,
   * callback, undefined) if that is what came.
   */
  readonly hasCallback?: (args: readonly unknown[]) => boolean
  /** Called before a call that has a callback, with its `this`. */
  readonly withCallback?: (object: unknown) => void
}

/** Patches those of `names` that this Node has. */
export function patchCallbackLast(
  module: string,
  target: object,
  names: readonly string[],
  { prefix, make, hasCallback = hasFunction, withCallback }: CallbackLess,
): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name)
    if (typeof original !== 'function') continue
    const operation = make(name, original as NodeFunction) // whatever it is given, it is handed on
    const item = patchItem(module, target, name, function (this: unknown, ...args: unknown[]): unknown {
      if (hasCallback(args)) {
        withCallback?.(this)
        return (item.before?.value as NodeFunction).apply(this, args) // it was one
      }
      const made = operation.apply(this, args)
      return kernel.debug === null || kernel.debug.light ? watch(made, prefix) : made
    })
  }
}

function hasFunction(args: readonly unknown[]): boolean {
  return args.some((argument) => typeof argument === 'function')
}

/** What is known of a call that was not driven yet. Holds nothing of the operation, or it would never be collected. */
interface Call {
  readonly text: string
  readonly greenlet: string
  readonly trace: Error
}

const undriven = new Set<Call>()
const collected = new FinalizationRegistry<Call>(report)

function report(call: Call): void {
  if (!undriven.delete(call)) return
  const { text, greenlet } = call
  process.stderr.write(
    neverDriven(
      text,
      greenlet,
      placeIn(call.trace),
      [text, 'without a callback it is a wait, and nobody waits'],
      'or await it in async code, or give it a callback',
    ),
  )
}

/** The process is ending: what was not driven never will be. */
function reportAll(): void {
  for (const call of undriven) report(call)
}

let exits = false

function watch(operation: Operation<unknown>, prefix: string): Operation<unknown> {
  if (!exits) process.on('exit', reportAll)
  exits = true
  const text = prefix + textOf(operation)
  const call: Call = { text, greenlet: kernel.current.name, trace: trace() }
  // An operation of one step has a begin(), which agents call; the others are generators.
  const watched =
    'begin' in operation ? new WatchedStep(operation as BaseOperation<unknown>, call) : new Watched(operation, call)
  undriven.add(call)
  collected.register(watched, call, call)
  return watched
}

function driven(call: Call): void {
  if (undriven.delete(call)) collected.unregister(call)
}

/** Every operation has a `toString()` of its own. */
function textOf(operation: { toString(): string }): string {
  return String(operation)
}

/** Notes where a call comes from; {@link placeIn} reads it. V8 makes the text, which is most of the cost, only when it is asked for. */
function trace(): Error {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 4) // it may be read-only; above the caller lie three functions of ours
  const holder = new Error()
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  return holder
}

function placeIn(holder: Error): string {
  const { stack } = holder as { stack?: unknown } // somebody's prepareStackTrace may make something else of it
  const line = typeof stack === 'string' ? stack.split('\n').at(4) : undefined
  return line?.trim() ?? 'at an unknown place'
}

/** A watched operation of one step. */
class WatchedStep extends HubOperation<unknown> {
  readonly #operation: BaseOperation<unknown>
  readonly #call: Call

  constructor(operation: BaseOperation<unknown>, call: Call) {
    super()
    this.#operation = operation
    this.#call = call
  }

  /** Set by those who take it for later, such as `race`. */
  set $begun(_: boolean) {
    driven(this.#call)
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    driven(this.#call)
    return this.#operation.begin(greenlet)
  }

  override throw(error: unknown): Step<unknown> {
    return this.#operation.throw(error)
  }

  override toString(): string {
    return textOf(this.#operation)
  }
}

/** A watched operation that is made of several waits. */
class Watched implements Operation<unknown> {
  readonly #operation: Operation<unknown>
  readonly #call: Call

  constructor(operation: Operation<unknown>, call: Call) {
    this.#operation = operation
    this.#call = call
  }

  /** Set by those who take it for later, such as `race`. */
  set $begun(_: boolean) {
    driven(this.#call)
  }

  [Symbol.iterator](): Iterator<Suspend, unknown, Resume> {
    if (kernel.current !== kernel.main) driven(this.#call) // plain code that iterates it drives nothing
    return this.#operation[Symbol.iterator]()
  }

  then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    driven(this.#call)
    return this.#operation.then(onFulfilled, onRejected)
  }

  toString(): string {
    return textOf(this.#operation)
  }
}
brandOperation(Watched.prototype)
