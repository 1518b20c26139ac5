/**
 * `transform`: a stream of Node's whose chunks are handled by greenlets.
 *
 * ```
 *   written ──▶ a greenlet: fn(chunk, push) ── what it pushes, what it returns ──▶ to be read
 *                 at most `concurrency` at once; what comes out is in the order of what went in
 *
 *   fn throws ──▶ the stream is destroyed with the error        destroyed ──▶ the greenlets are killed
 * ```
 *
 * Of several that run at once the oldest has the turn: it alone hands out; what the others push waits, and so does what they return.
 *
 * Stands on greenlets. Leaves the streams before and behind it to Node: `pipe`, `pipeline`, `write`.
 */
import { type TransformOptions as NodeOptions, Transform, type TransformCallback } from 'node:stream'
import { copyContext } from '../../context.ts'
import { GreenletExit, StreamClosedError, UsageError } from '../../errors/classes.ts'
import { checkOptions, notAFunction, show } from '../../errors/usage.ts'
import type { Greenlet } from '../../gevent/greenlet.ts'
import { spawn } from '../../gevent/spawn.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Driven, Green } from '../../protocol.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { call } from '../../waiting/until.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import type { Push } from './green-step.ts'

/** Handles one chunk. What it returns is pushed last, unless that is undefined or null. */
export type TransformChunk<In, Out> = (chunk: In, push: Push<Out>) => Driven<Out | null | undefined> | Driven<void>

/** How a {@link transform} works. */
export interface TransformOptions<Out = never>
  extends Omit<NodeOptions, 'construct' | 'destroy' | 'final' | 'flush' | 'read' | 'transform' | 'write' | 'writev'> {
  /** Called when all that was written is handled, in a greenlet of its own; what it pushes and returns comes last. */
  flush?: (push: Push<Out>) => Driven<Out | null | undefined> | Driven<void>
  /** How many chunks are handled at once, at the most. @defaultValue 1 */
  concurrency?: number
}

/** One chunk under way, or the flush. */
class Job {
  readonly #transform: GreenTransform
  /** Those of its greenlet that push faster than is read, or before their turn. */
  readonly waits: WaitList<PushWait> = new WaitList<PushWait>()
  greenlet: Greenlet<void> | null = null
  readonly push: Push<unknown> = (out) => new PushOperation(this, out)

  constructor(transform: GreenTransform) {
    this.#transform = transform
  }

  begin(greenlet: Coroutine, out: unknown): Step<void> {
    if (out === null) throw new UsageError('push() was given null, which would be the end of the stream.')
    const isNow = this.#transform.$turn(this) && this.waits.size === 0
    if (isNow && this.#transform.push(out)) return ready(undefined)
    const wait = new PushWait(greenlet, out, isNow)
    this.waits.push(wait)
    return wait.parkOutside()
  }

  /** There is room, and it has the turn. */
  goOn(): void {
    for (let wait = this.waits.first; wait !== null; wait = this.waits.first) {
      if (!wait.isPushed) {
        wait.isPushed = true
        if (!this.#transform.push(wait.out)) return
      }
      this.waits.remove(wait)
      wait.happened(undefined)
    }
  }
}

/** `push(out)`. */
class PushOperation extends HubOperation<void> {
  readonly #job: Job
  readonly #out: unknown

  constructor(job: Job, out: unknown) {
    super()
    this.#job = job
    this.#out = out
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#job.begin(greenlet, this.#out)
  }

  override toString(): string {
    return 'push()'
  }
}

class PushWait extends IOWait {
  readonly out: unknown
  /** It waits until the stream wants more; else, for its turn. */
  isPushed: boolean

  constructor(greenlet: Coroutine, out: unknown, isPushed: boolean) {
    super(greenlet, 'push() of transform()')
    this.out = out
    this.isPushed = isPushed
  }
}

class GreenTransform extends Transform {
  readonly #fn: TransformChunk<unknown, unknown>
  readonly #flush: TransformOptions<unknown>['flush']
  readonly #concurrency: number
  readonly #context = copyContext()
  /** Oldest first: the first has the turn. */
  readonly #jobs = new Set<Job>()
  /** Set while the next chunk waits until one is handled. */
  #resume: TransformCallback | null = null
  /** Set while the flush is under way, and before it until all chunks are handled. */
  #flushed: TransformCallback | null = null
  #isFlushing = false

  constructor(
    fn: TransformChunk<unknown, unknown>,
    flush: TransformOptions<unknown>['flush'],
    concurrency: number,
    options: NodeOptions,
  ) {
    super(options)
    this.#fn = fn
    this.#flush = flush
    this.#concurrency = concurrency
  }

  /** @internal Whether it is the job's turn to push. */
  $turn(job: Job): boolean {
    if (!this.#jobs.has(job))
      throw new UsageError('push() was called after the function that it was given to had returned.')
    return this.#oldest() === job
  }

  #oldest(): Job | undefined {
    const [oldest] = this.#jobs
    return oldest
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#start((push) => this.#fn(chunk, push))
    if (this.#jobs.size < this.#concurrency) callback()
    else this.#resume = callback
  }

  override _flush(callback: TransformCallback): void {
    this.#flushed = callback
    this.#settle()
  }

  override _read(size: number): void {
    super._read(size)
    this.#oldest()?.goOn()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const { greenlet } of this.#jobs) greenlet?.kill()
    callback(error)
  }

  /** Has a greenlet handle something. */
  #start(fn: (push: Push<unknown>) => unknown): void {
    const job = new Job(this)
    this.#jobs.add(job)
    job.greenlet = this.#context.runInAsyncScope(() => spawn(() => this.#run(job, fn)), undefined, kernel.current)
  }

  *#run(job: Job, fn: (push: Push<unknown>) => unknown): Green<void> {
    try {
      const out = yield* call(fn, [job.push])
      if (out != null) yield* job.push(out)
    } catch (error) {
      this.#fail(error, error instanceof GreenletExit)
    } finally {
      this.#jobs.delete(job)
      this.#settle()
    }
  }

  #fail(error: unknown, isKill: boolean): void {
    if (this.destroyed) {
      // It was killed for that. Any other error is one more, which nobody else tells of.
      if (isKill) return
      throw error
    }
    const failure = isKill ? new StreamClosedError('transform(): its greenlet was killed.', { cause: error }) : error
    const callback = this.#resume ?? this.#flushed
    this.#resume = null
    this.#flushed = null
    const thrown = failure as Error // Node takes what was thrown, whatever it is
    if (callback === null) this.destroy(thrown)
    else callback(thrown)
  }

  /** One has ended, or the flush is to come: the next ones go on. */
  #settle(): void {
    if (this.destroyed) return
    this.#oldest()?.goOn()
    const resume = this.#resume
    if (resume !== null && this.#jobs.size < this.#concurrency) {
      this.#resume = null
      resume()
    }
    const flushed = this.#flushed
    if (flushed === null || this.#jobs.size > 0) return
    if (this.#flush !== undefined && !this.#isFlushing) {
      this.#isFlushing = true
      this.#start(this.#flush)
    } else {
      this.#flushed = null
      flushed()
    }
  }
}

/**
 * Makes a stream of Node's whose chunks are handled by `fn`, each in a greenlet, which may wait.
 *
 * What comes out is in the order of what went in. An error destroys the stream, and a stream that is destroyed kills its greenlets. They have
 * the async context of whoever has called `transform`.
 *
 * @param fn - is given a chunk, and `push`, which hands one on: `yield* push(out)` waits while the stream is read more slowly than it is written. What
 * it returns is pushed last.
 * @param options - `flush`: called at the end; `concurrency`: how many chunks are handled at once; else Node's: `objectMode` for
 * anything but bytes and text.
 * @returns the stream, to be written to and read like any other.
 * @throws UsageError when `fn` is no function, or an option not of its kind.
 * @switches never
 * @source Node: `stream.Transform`
 * @example
 * ```ts
 * import { Readable } from 'node:stream'
 * import { run, sleep } from 'greenloop'
 * import { text, transform } from 'greenloop/os'
 *
 * const slowly = transform<number, string>(
 *   function* (n, push) {
 *     yield* sleep(n)
 *     yield* push(`${n} `)
 *     return `${n * n}, `
 *   },
 *   { objectMode: true, concurrency: 3, flush: () => 'end' },
 * )
 * await run(function* () {
 *   console.log(yield* text(Readable.from([3, 1, 2]).pipe(slowly))) // 3 9, 1 1, 2 4, end
 * })
 * ```
 */
export function transform<In = Buffer, Out = string | Uint8Array>(
  fn: TransformChunk<In, Out>,
  options: TransformOptions<Out> = {},
): Transform {
  if (typeof fn !== 'function') throw notAFunction('transform', fn)
  checkOptions('transform()', options, '{ objectMode: true }')
  const { flush, concurrency = 1, ...rest } = options
  if (flush !== undefined && typeof flush !== 'function')
    throw new UsageError(`transform() expects \`flush\` to be a function, but got ${show(flush)}.`)
  if (!(Number.isInteger(concurrency) && concurrency >= 1) && concurrency !== Infinity)
    throw new UsageError(
      `transform() expects \`concurrency\` to be an integer, 1 or more, but got ${show(concurrency)}.`,
    )
  // The stream knows no more of its chunks than that somebody has written them.
  return new GreenTransform(fn as TransformChunk<unknown, unknown>, flush, concurrency, rest)
}
