/**
 * Streams as a whole: `finished`, and `pipeline`, which leads one through others into the last.
 *
 * Both stand on Node's functions of these names. Leaves the steps that are greenlets to `green-step.ts`.
 */
import stream, { type Readable } from 'node:stream'
import streamPromises from 'node:stream/promises'
import { StreamClosedError, UsageError } from '../../errors/classes.ts'
import { checkFlag, show, wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Green, Operation } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { until } from '../../waiting/until.ts'
import type { AnyReadable } from './chunks.ts'
import { type Push, RunningStep, type StepSource } from './green-step.ts'
import { takeHeld } from './recv.ts'
import { labelOf } from './stream-state.ts'

// Node's own, whatever `monkey` does with the names later.
const nodeFinished = stream.finished
/** As it takes what it takes. */
const nodePipeline = streamPromises.pipeline as (...steps: unknown[]) => Promise<unknown>

/** A stream of any kind: Node's, or a web stream. */
export type AnyStream = NodeJS.ReadableStream | NodeJS.WritableStream | ReadableStream | WritableStream

/** What {@link finished} waits for. */
export interface FinishedOptions extends WaitOptions {
  /** Whether it waits for the end of what is read. @defaultValue whether the stream can be read */
  readable?: boolean
  /** Whether it waits until what was written is out. @defaultValue whether the stream can be written to */
  writable?: boolean
}

/** What Node tells of its streams. A side that it does not have tells nothing. */
interface Sides {
  readonly closed?: boolean
  readonly errored?: Error | null
  readonly readableEnded?: boolean
  readonly writableFinished?: boolean
}

/** The error of a stream that was closed too early, as those here throw it. */
function ownError(call: string, error: unknown, label: string): unknown {
  const isPremature = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
  return isPremature ? new StreamClosedError(`${call}: ${label} was closed before its end.`, { cause: error }) : error
}

class Finished extends HubOperation<void> {
  readonly #stream: NodeJS.ReadableStream & Sides
  readonly #options: FinishedOptions

  constructor(stream: AnyStream, options: FinishedOptions) {
    super()
    this.#stream = stream as NodeJS.ReadableStream // Node's function takes any of them
    this.#options = options
  }

  override begin(greenlet: Coroutine): Step<void> {
    const stream = this.#stream
    const { readable, writable, timeoutMs } = this.#options
    if (stream.closed === true) {
      if (stream.errored != null) throw stream.errored
      const isRead = readable === false || stream.readableEnded !== false
      const isWritten = writable === false || stream.writableFinished !== false
      if (isRead && isWritten) return ready(undefined)
    }
    const options = { ...(readable === undefined ? {} : { readable }), ...(writable === undefined ? {} : { writable }) }
    return new FinishedWait(greenlet, stream).begin(stream, options, timeoutMs)
  }

  override toString(): string {
    return 'finished()'
  }
}

class FinishedWait extends IOWait {
  readonly #label: string
  #ignore: (() => void) | null = null

  constructor(greenlet: Coroutine, stream: object) {
    super(greenlet, `finished() of ${labelOf(stream)}`)
    this.#label = labelOf(stream)
  }

  begin(
    stream: NodeJS.ReadableStream,
    options: { readable?: boolean; writable?: boolean },
    limit: WaitOptions['timeoutMs'],
  ): Step<never> {
    this.#ignore = nodeFinished(stream, options, (error) => {
      this.#ignore?.()
      if (error == null) this.happened(undefined)
      else this.failed(ownError('finished()', error, this.#label))
    })
    return this.parkOutside(limit)
  }

  protected override leave(): void {
    super.leave()
    this.#ignore?.()
  }
}

/**
 * Waits until a stream is over: read to its end, written out, and closed if it closes itself. One that is over already is ready.
 *
 * @param stream - a stream of Node's, or a web stream.
 * @param options - `readable: false`, `writable: false`: not to wait for that side. `timeoutMs`: how long at the most.
 * @throws the stream's error; StreamClosedError when it is closed before its end; StreamTimeoutError when the time has passed; UsageError at
 * the call for anything but a stream.
 * @switches only if it must wait
 * @source Node: `stream.finished`
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * import { run } from 'greenloop'
 * import { finished } from 'greenloop/os'
 *
 * await run(function* () {
 *   const stream = new PassThrough()
 *   stream.resume().end('unread')
 *   yield* finished(stream)
 *   console.log(stream.closed) // true
 * })
 * ```
 */
export function finished(stream: AnyStream, options: FinishedOptions = {}): Operation<void> {
  if (!isStream(stream)) throw new UsageError(`finished() expects a stream, but got ${show(stream)}.`)
  checkWaitOptions('finished()', options, 'readable')
  checkFlag('finished()', 'writable', options.writable)
  return new Finished(stream, options)
}

function isStream(value: unknown): value is AnyStream {
  if (typeof value !== 'object' || value === null) return false
  return ('on' in value && ('read' in value || 'write' in value)) || 'getReader' in value || 'getWriter' in value
}

/** Where a {@link pipeline} begins: a stream, or whatever can be iterated; a function that gives one is called. */
export type PipelineSource =
  | AnyReadable
  | Iterable<unknown>
  | AsyncIterable<unknown>
  | (() => Iterable<unknown> | AsyncIterable<unknown>)

/** A step of a {@link pipeline} that is a function. */
interface StepFunctions {
  /** A generator function: a greenlet, which reads by a cursor and pushes what goes on. */
  green(source: Cursor<unknown>, push: Push<unknown>): Green<unknown>
  /** Any other: as Node has it, an async generator function, or in the last place one that gives a promise. */
  async(source: AsyncIterable<unknown>, options: { signal: AbortSignal }): AsyncIterable<unknown> | PromiseLike<unknown>
}

/** What a {@link pipeline} leads through, and where it ends. */
export type PipelineStep =
  | NodeJS.WritableStream
  | WritableStream
  | TransformStream
  | StepFunctions['green'] // methods: a step may say more closely what it takes
  | StepFunctions['async']

/** How a {@link pipeline} ends. */
export interface PipelineOptions {
  /** Whether the last stream is ended with the source. @defaultValue true */
  end?: boolean
}

/**
 * Leads a stream through others into the last, and waits until all of them are over. A kill, a timeout or an error destroys all.
 *
 * A step that is a generator function is a greenlet: `function* (source, push)` reads `source`, a cursor, and hands on by `yield* push(out)`, which
 * waits until the next step takes it. It is killed when the pipeline ends before it.
 *
 * @param source - a stream, an iterable or an async one, or a function that gives one.
 * @param steps - streams, functions, and the last stream; behind it options: `{ end: false }` leaves the last stream open.
 * @throws the first error of any of them; StreamClosedError when one is closed before its end; UsageError at the call when there is no source
 * and target, or one of them is none.
 * @switches always
 * @source Node: `stream.pipeline`
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * import { type Cursor, run } from 'greenloop'
 * import { pipeline, type Push, text } from 'greenloop/os'
 *
 * function* upper(words: Cursor<string>, push: Push<string>) {
 *   while (yield* words.next()) yield* push(words.value.toUpperCase())
 * }
 * await run(function* () {
 *   const target = new PassThrough()
 *   yield* pipeline(['one ', 'two'], upper, target)
 *   console.log(yield* text(target)) // ONE TWO
 * })
 * ```
 */
export function pipeline(
  source: PipelineSource,
  ...steps: [...steps: PipelineStep[], last: PipelineStep | PipelineOptions]
): Operation<void> {
  const last = steps.at(-1)
  const options = isOptions(last) ? last : {}
  const given = [source, ...(isOptions(last) ? steps.slice(0, -1) : steps)]
  checkSteps(given)
  checkFlag('pipeline()', 'end', options.end)
  return operation('pipeline()', function* () {
    try {
      yield* until((signal) => runSteps(given, { ...options, signal }))
    } catch (error) {
      throw ownError('pipeline()', error, 'one of its streams')
    }
  })
}

/** A source, with what was read of it and given to nobody: a head of lines, and the rest is led on. */
function withHeld(source: unknown): unknown {
  if (!(isObject(source) && 'readableEnded' in source && 'unshift' in source)) return source
  const stream = source as Readable // what has both
  const held = takeHeld(stream)
  if (held === null) return source
  const encoding = stream.readableEncoding
  const rest = encoding === null ? held : held.toString(encoding)
  if (stream.readableEnded) return [rest]
  stream.unshift(rest, encoding ?? undefined)
  return source
}

/** Runs it by Node's function. */
async function runSteps(steps: readonly unknown[], options: PipelineOptions & { signal: AbortSignal }): Promise<void> {
  const [source, ...others] = steps
  const functions = others.map((step, index) => adapted(step, index === others.length - 1))
  await nodePipeline(withHeld(source), ...functions, options)
}

/** A step as Node takes it. For a generator function that is given something to read Node has no other meaning. */
function adapted(step: unknown, isLast: boolean): unknown {
  if (!isGreenStep(step)) return step
  return (source: StepSource, { signal }: { signal: AbortSignal }): RunningStep | Promise<void> => {
    const running = new RunningStep(step, source, signal)
    return isLast ? running.finished() : running
  }
}

function isGreenStep(step: unknown): step is StepFunctions['green'] {
  return Object.prototype.toString.call(step) === '[object GeneratorFunction]'
}

/** What has any of these is a step. */
const MARKS = ['on', 'getReader', 'getWriter', 'readable', Symbol.iterator, Symbol.asyncIterator] as const

function isOptions(value: unknown): value is PipelineOptions {
  return typeof value === 'object' && value !== null && !MARKS.some((mark) => mark in value)
}

function checkSteps(steps: readonly unknown[]): void {
  if (steps.length < 2)
    throw new UsageError(
      `pipeline() expects a source and a target, but got ${String(steps.length)} of them.\n\n${wrongRight('pipeline(source)', 'goes nowhere', 'pipeline(source, target)')}`,
    )
  for (const [index, step] of steps.entries()) {
    const isFirst = index === 0
    if (typeof step === 'function' || (isFirst && typeof step === 'string') || (isObject(step) && !isOptions(step)))
      continue
    throw new UsageError(`pipeline() expects streams and functions, but got ${show(step)}.`)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
