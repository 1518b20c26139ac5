/**
 * What `wait` and `iwait` can wait for, made alike: something that says whether it is ready, and tells a listener when it becomes that.
 *
 * Greenlets and linkables are such things. A promise and an AbortSignal get an adapter, one for all who ever wait for it: a promise keeps
 * what was once put upon it for ever, so a loop that waits for one promise again and again must not put more upon it each time.
 *
 * Stands on the listeners of `src/waiting`. Leaves the waits to `wait.ts`.
 */
import { inEmptyContext } from '../context.ts'
import { UsageError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { isGreenlet } from '../greenlet/raw-greenlet.ts'
import { isList, isOperation, isThenable } from '../protocol.ts'
import type { Listenable, Listener } from '../waiting/linkable.ts'
import { Roster } from '../waiting/wait-list.ts'

/** Has links: a `Greenlet`, an `Event`, an `AsyncResult`, a `Semaphore`. */
export interface Linked {
  /** Whether it is ready. */
  ready(): boolean
  /** Has a callback called when it is. */
  rawlink(callback: () => void): void
  /** Takes that back. */
  unlink(callback: () => void): void
}

/** What can be waited for together with others: see {@link Linked}; a promise is ready when it has settled, an AbortSignal when it is aborted. */
export type Waitable = Linked | PromiseLike<unknown> | AbortSignal

/** One thing that is waited for. */
export interface Source extends Listenable {
  ready(): boolean
  toString(): string
}

/** Reads what is to be waited for, and checks it. `call` is the call as a person writes it: `wait()`. */
export function sourcesOf(call: string, objects: unknown): Source[] {
  if (isSource(objects)) {
    const name = call.slice(0, -2)
    throw new UsageError(
      `${call} expects an iterable of what to wait for, but got ${show(objects)}.\n\n${wrongRight(`${name}(g)`, 'one is no list', `${name}([g])`)}`,
    )
  }
  if (!isList(objects)) {
    throw new UsageError(`${call} expects an iterable of what to wait for, but got ${show(objects)}.`)
  }
  return [...objects].map((object, place) => {
    if (isSource(object)) return object
    if (isSignal(object)) return adapterOf(object, SignalSource)
    if (isThenable(object) && !isOperation(object)) return adapterOf(object, PromiseSource)
    throw new UsageError(
      `${call} expects greenlets, events and the like, promises or AbortSignals, but item ${String(place)} is ${show(object)}.${hint(call, object)}`,
    )
  })
}

/** What a source stands for: itself, unless it is an adapter. */
export function objectOf(source: Source): unknown {
  return source instanceof Adapter ? source.object : source
}

/** Whether a source is something outside, which the hub knows nothing of. */
export function isOutside(source: Source): boolean {
  return source instanceof PromiseSource
}

/** A source, for people. */
export function describeSource(source: Source): string {
  if (isGreenlet(source)) return `"${source.name}"`
  return source instanceof Adapter ? source.text : String(source)
}

/** The greenlets among the sources. */
export function greenletsAmong(sources: Iterable<Source>): Coroutine[] {
  return [...sources].filter((source): source is Source & Coroutine => isGreenlet(source))
}

function hint(call: string, object: unknown): string {
  if (!isOperation(object)) return ''
  const name = call.slice(0, -2)
  return `\n\n${wrongRight(`${name}([sleep(10)])`, 'a wait that nobody drives', `${name}([spawn(sleep, 10)])`)}`
}

function isSource(object: unknown): object is Source {
  return typeof object === 'object' && object !== null && '$listen' in object && 'ready' in object
}

/** One of another realm is as good. */
function isSignal(object: unknown): object is AbortSignal {
  return object instanceof AbortSignal || Object.prototype.toString.call(object) === '[object AbortSignal]'
}

const adapters = new WeakMap<object, Adapter>()

function adapterOf<O extends object>(object: O, kind: new (object: O) => Adapter): Adapter {
  let adapter = adapters.get(object)
  if (adapter === undefined) {
    adapter = new kind(object)
    adapters.set(object, adapter)
  }
  return adapter
}

/** Makes a source of an object that knows nothing of us. */
abstract class Adapter implements Source {
  readonly object: object
  abstract readonly text: string
  protected readonly listeners: Roster<Listener>

  constructor(object: object) {
    this.object = object
    this.listeners = new Roster(object)
  }

  abstract ready(): boolean

  /** `listener` must have asked whether it is ready. */
  $listen(listener: Listener): void {
    this.listeners.push(listener)
  }

  $ignore(listener: Listener): void {
    this.listeners.remove(listener)
  }

  protected tell(): void {
    writes(this.object)
    // One by one: who is told may make others leave.
    for (let next = this.listeners.shift(); next !== undefined; next = this.listeners.shift()) next.notify(this)
  }
}

class PromiseSource extends Adapter {
  override readonly text: string = 'a promise'
  #settled = false

  constructor(promise: PromiseLike<unknown>) {
    super(promise)
    const settle = (): void => {
      this.#settled = true
      this.tell()
    }
    // The promise keeps the context of whoever follows it; this one stays for all who will wait.
    inEmptyContext(() => {
      try {
        promise.then(settle, settle)
      } catch {
        settle() // a thenable that throws instead
      }
    })
  }

  override ready(): boolean {
    reads(this.object)
    return this.#settled
  }
}

class SignalSource extends Adapter {
  override readonly text: string = 'an AbortSignal'
  readonly #signal: AbortSignal
  readonly #onAbort = (): void => {
    this.tell()
  }

  constructor(signal: AbortSignal) {
    super(signal)
    this.#signal = signal
  }

  override ready(): boolean {
    reads(this.#signal)
    return this.#signal.aborted
  }

  override $listen(listener: Listener): void {
    if (this.listeners.size === 0) this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    super.$listen(listener)
  }

  override $ignore(listener: Listener): void {
    super.$ignore(listener)
    if (this.listeners.size === 0) this.#signal.removeEventListener('abort', this.#onAbort)
  }
}
