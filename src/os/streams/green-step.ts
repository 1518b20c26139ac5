/**
 * A step of a pipeline that is a greenlet: it reads what comes by a cursor and pushes what goes on, each when it likes.
 *
 * ```
 *   source ── cursor ──▶ the greenlet ── push(out): waits until ... ──▶ ... Node asks for the next piece
 * ```
 *
 * For Node it is an async iterable, or, in the last place, a promise. So nothing is buffered between them; what ends the pipeline kills the greenlet, and
 * one that returns early ends the reading of its source, as an async generator does that leaves its loop.
 *
 * Stands on greenlets and cursors. Leaves to `pipeline` which functions are such steps.
 */
import { Readable } from 'node:stream'
import { GreenletExit, StreamClosedError, UsageError } from '../../errors/classes.ts'
import type { Greenlet } from '../../gevent/greenlet.ts'
import { spawn } from '../../gevent/spawn.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Green, Operation } from '../../protocol.ts'
import { iterate } from '../../several/each.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import { cursorOf } from './chunks.ts'

/** Hands a piece on, and waits until it is taken. */
export type Push<Out> = (out: Out) => Operation<void>

/** A step of a pipeline that is a greenlet; it must be written as a generator function. */
export type GreenStep<In = never, Out = never> = (source: Cursor<In>, push: Push<Out>) => Green<unknown>

/** What Node gives a step to read: a stream, or what can be iterated. */
export type StepSource = AsyncIterable<unknown> | Iterable<unknown>

/** Somebody who asks for the next piece. */
interface Asker {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void
  readonly reject: (error: unknown) => void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** One run of a step, as Node reads it. */
export class RunningStep implements AsyncIterableIterator<unknown, undefined> {
  readonly #greenlet: Greenlet<void>
  /** Set while it is asked for a piece and has none. */
  #asker: Asker | null = null
  /** Those who push faster than is asked. */
  readonly #pushers = new WaitList<PushWait>()
  #isOver = false
  /** What it has failed of, until somebody is told. */
  #failure: { readonly error: unknown } | null = null

  constructor(step: GreenStep<unknown, unknown>, source: StepSource, signal: AbortSignal) {
    const push: Push<unknown> = (out) => new PushOperation(this, out)
    this.#greenlet = spawn(() => this.#run(step, source, push))
    const kill = (): void => {
      this.#greenlet.kill()
    }
    signal.addEventListener('abort', kill, { once: true })
  }

  *#run(step: GreenStep<unknown, unknown>, source: StepSource, push: Push<unknown>): Green<void> {
    let cursor: Cursor<unknown> | null = null
    try {
      cursor = cursorOver(source)
      yield* step(cursor, push)
    } catch (error) {
      const isKilled = error instanceof GreenletExit
      this.#failure = {
        error: isKilled
          ? new StreamClosedError(`pipeline(): the greenlet of ${nameOf(step)} was killed.`, { cause: error })
          : error,
      }
    } finally {
      cursor?.[Symbol.dispose]()
      this.#ended()
    }
  }

  #ended(): void {
    this.#isOver = true
    const asker = this.#asker
    this.#asker = null
    if (asker !== null) void this.next().then(asker.resolve, asker.reject)
  }

  /** @internal Hands a piece to whoever asks for one; answers whether somebody does. */
  $give(value: unknown): boolean {
    const asker = this.#asker
    if (asker === null) return false
    this.#asker = null
    asker.resolve({ done: false, value })
    return true
  }

  /** @internal */
  get $pushers(): WaitList<PushWait> {
    return this.#pushers
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const pusher = this.#pushers.shift()
    if (pusher !== null) {
      pusher.happened(undefined)
      return Promise.resolve({ done: false, value: pusher.out })
    }
    if (!this.#isOver) {
      return new Promise((resolve, reject) => {
        this.#asker = { resolve, reject }
      })
    }
    const failure = this.#failure
    this.#failure = null
    return failure === null ? Promise.resolve(DONE) : Promise.reject(failure.error)
  }

  /** Nobody wants more of it. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#greenlet.kill()
    return Promise.resolve(DONE)
  }

  /** Settles when it has ended: for the last step, which nobody asks for anything. */
  async finished(): Promise<void> {
    const { done } = await this.next()
    if (done !== true) throw new UsageError('pipeline(): the last step pushed something, but nobody stands behind it.')
  }
}

function cursorOver(source: StepSource): Cursor<unknown> {
  if (typeof source === 'object' && Symbol.asyncIterator in source)
    return 'readableLength' in source ? cursorOf('pipeline()', source as unknown as Readable) : iterate(source) // what has that
  return cursorOf('pipeline()', Readable.from(source))
}

function nameOf({ name }: { readonly name: string }): string {
  return name === '' ? 'a step' : `the step ${name}`
}

/** `push(out)`. */
class PushOperation extends HubOperation<void> {
  readonly #step: RunningStep
  readonly #out: unknown

  constructor(step: RunningStep, out: unknown) {
    super()
    this.#step = step
    this.#out = out
  }

  override begin(greenlet: Coroutine): Step<void> {
    const step = this.#step
    if (step.$pushers.size === 0 && step.$give(this.#out)) return ready(undefined)
    const wait = new PushWait(greenlet, this.#out)
    step.$pushers.push(wait)
    return wait.parkOutside()
  }

  override toString(): string {
    return 'push()'
  }
}

class PushWait extends IOWait {
  readonly out: unknown

  constructor(greenlet: Coroutine, out: unknown) {
    super(greenlet, 'push()')
    this.out = out
  }
}
