/**
 * Reading a Node stream: what all reads have in common, and `recv`.
 *
 * A read looks what is there; when that is nothing it waits, and looks again whenever more has come. What it takes it gives, in the same moment.
 *
 * Stands on the stream's state; of a `net.Socket` on that of the sockets. Leaves cursors to `chunks.ts` and `lines.ts`.
 */
import net from 'node:net'
import type { Readable } from 'node:stream'
import { ConcurrentObjectUseError, UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { socketMethods } from '../../net/stream/methods.ts'
import { usedState } from '../../net/stream/stream-state.ts'
import type { Operation } from '../../protocol.ts'
import { ownerOf } from '../../waiting/agent.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { isStdin, labelOf, type Reader, type StreamState, stateOf } from './stream-state.ts'
import { StreamWait } from './stream-wait.ts'

/** Nothing is there yet: an answer of {@link Read.take}. */
export const NOTHING: unique symbol = Symbol('nothing')

/** A read of a stream: a recipe. */
export abstract class Read<T> extends HubOperation<T> {
  readonly state: StreamState
  /** Hears of errors where plain code reads by it. */
  protected readonly cursor: object | null
  private readonly limit: WaitOptions['timeoutMs']

  constructor(stream: Readable, cursor: object | null, limit: WaitOptions['timeoutMs']) {
    super()
    this.state = stateOf(stream)
    this.cursor = cursor
    this.limit = limit
  }

  /** @internal What is there, or what the end gives; {@link NOTHING}: wait for more. */
  abstract take(): T | typeof NOTHING

  override begin(greenlet: Coroutine): Step<T> {
    const { state } = this
    if (state.reader !== null) throw readTwice(greenlet, this.toString(), state)
    if (state.readByOthers) throw takenByOthers(this.toString(), state.label)
    const value = this.take()
    state.rests()
    if (value === NOTHING) {
      state.checkOpen(this.toString())
      return new ReadWait(greenlet, this).begin(this.limit)
    }
    this.given(greenlet)
    return ready(value)
  }

  /** @internal Something was taken for `greenlet`. */
  given(greenlet: Coroutine): void {
    this.state.used(ownerOf(greenlet), this.cursor)
  }
}

function readTwice(greenlet: Coroutine, call: string, { label, reader }: StreamState): ConcurrentObjectUseError {
  return new ConcurrentObjectUseError(
    `Greenlet "${greenlet.name}" called ${call} of ${label}, where "${reader?.greenlet.name ?? ''}" waits already; who would get what is not defined.`,
  )
}

function takenByOthers(call: string, label: string): UsageError {
  return new UsageError(
    `${call} was called of ${label}, which is read already: it has a listener for 'data' or 'readable', or is piped.\n\n${wrongRight("stream.on('data', handler); yield* recv(stream)", 'each byte would have two owners', 'yield* recv(stream)')}`,
  )
}

/** Waits until there is something to take. */
class ReadWait<T> extends StreamWait implements Reader {
  readonly #read: Read<T>

  constructor(greenlet: Coroutine, read: Read<T>) {
    super(greenlet, `${read.toString()} of ${read.state.label}`)
    this.#read = read
  }

  get call(): string {
    return this.#read.toString()
  }

  begin(limit: WaitOptions['timeoutMs']): Step<never> {
    this.#read.state.startReading(this)
    return this.parkOutside(limit)
  }

  look(): void {
    const read = this.#read
    let value: T | typeof NOTHING
    try {
      value = read.take()
    } catch (error) {
      this.#over()
      this.failed(error)
      return
    }
    if (value === NOTHING) return
    read.given(this.greenlet)
    this.#over()
    this.happened(value)
  }

  #over(): void {
    const { state } = this.#read
    state.stopReading()
    state.settle()
  }

  protected override leave(): void {
    super.leave()
    this.#over()
  }
}

/** What one `read()` gives: all bytes that are there, or all text, or one object. What lines have left comes first. */
export function takeChunk(state: StreamState): unknown {
  returnHeld(state)
  const chunk = takeUnheld(state)
  const encoding = state.stream.readableEncoding
  return encoding !== null && Buffer.isBuffer(chunk) ? chunk.toString(encoding) : chunk
}

/** As {@link takeChunk}, but without what lines have left, and what is left of text comes as bytes. */
export function takeUnheld(state: StreamState): unknown {
  const rest = takeRest(state, Infinity)
  if (rest !== null) return rest
  const { stream } = state
  const chunk: unknown = stream.destroyed ? null : stream.read()
  return chunk === null ? NOTHING : chunk
}

/** Up to `size` bytes of what is there; text is encoded as it came. */
function takeBytes(state: StreamState, size: number): Buffer | typeof NOTHING {
  const { stream } = state
  returnHeld(state)
  const bytes = takeRest(state, size)
  if (bytes !== null) return bytes
  if (stream.destroyed) return NOTHING
  const encoding = stream.readableEncoding
  if (stream.readableLength === 0) stream.read(0) // more may be there at once
  const there = stream.readableLength
  // Of text all: a character must not be torn. All is not asked for by its size: Node would read ahead as much from then on.
  const isCut = encoding === null && there > 0 && size !== Infinity
  const chunk: unknown = stream.read(isCut ? Math.min(size, there) : undefined)
  if (chunk === null) return NOTHING
  if (encoding === null) return chunk as Buffer // it is not in object mode
  state.rest = Buffer.from(chunk as string, encoding)
  return takeRest(state, size) ?? NOTHING
}

/** Up to `size` bytes of what was read already; null: nothing was. */
function takeRest(state: StreamState, size: number): Buffer | null {
  const { rest } = state
  if (rest === null) return null
  state.rest = rest.length > size ? rest.subarray(size) : null
  return rest.subarray(0, size)
}

/** Takes back what lines have read and not given. */
function returnHeld(state: StreamState): void {
  const held = state.held?.takeBytes() ?? null
  if (held !== null) state.rest = state.rest === null ? held : Buffer.concat([held, state.rest])
}

/** Takes what was read of a stream and given to nobody: by lines; of text, by `recv`. */
export function takeHeld(stream: Readable): Buffer | null {
  if (isSocket(stream)) return usedState(stream)?.takeHeld() ?? null
  const state = stateOf(stream)
  returnHeld(state)
  return takeRest(state, Infinity)
}

/** `recv(stream, size)`. */
class Recv extends Read<Buffer> {
  readonly #size: number

  constructor(stream: Readable, size: number, limit: WaitOptions['timeoutMs']) {
    super(stream, null, limit)
    this.#size = size
  }

  override take(): Buffer | typeof NOTHING {
    const { state } = this
    if (this.#size === 0) return Buffer.alloc(0)
    const bytes = takeBytes(state, this.#size)
    return bytes === NOTHING && state.stream.readableEnded ? Buffer.alloc(0) : bytes
  }

  override toString(): string {
    return 'recv()'
  }
}

/** Whether it is read and written by the operations of sockets. Standard input may be one, too; it is read here, where it can rest. */
export function isSocket(stream: object): stream is net.Socket {
  return stream instanceof net.Socket && !(isStdin(stream) && usedState(stream) === undefined)
}

/** Checks that something is a stream of Node's that can be read. */
export function checkReadable(call: string, stream: unknown): asserts stream is Readable {
  const isReadable =
    typeof stream === 'object' && stream !== null && 'readableLength' in stream && 'read' in stream && 'on' in stream
  if (!isReadable)
    throw new UsageError(
      `${call} expects a stream that can be read, such as a Readable of Node's, but got ${show(stream)}.`,
    )
}

/**
 * Waits until something has arrived in a stream, and gives it: at least one byte and at most `size`; an empty Buffer at the end.
 *
 * A kill or a timeout takes no byte away. Only one greenlet may wait for the data of a stream.
 *
 * @param stream - a `Readable` of bytes or text. Text comes in the encoding of the stream. A `net.Socket` is read by its own `recv`.
 * @param size - how much at the most. @defaultValue all that is there
 * @param options - `timeoutMs`: how long at the most.
 * @throws ConcurrentObjectUseError when another greenlet waits in it; StreamClosedError when the stream is closed before its end, before or
 * meanwhile, if that was not by an error, which is thrown else; StreamTimeoutError when the time has passed; UsageError when `size` is no
 * integer from 0, the stream is one of objects, or somebody else reads it: a listener for `'data'`, a pipe.
 * @switches only if it must wait
 * @source gevent: `socket.recv`
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * import { run } from 'greenloop'
 * import { recv } from 'greenloop/os'
 *
 * await run(function* () {
 *   const stream = new PassThrough()
 *   stream.end('hello')
 *   console.log(String(yield* recv(stream, 4))) // hell
 *   console.log(String(yield* recv(stream, 4))) // o
 *   console.log((yield* recv(stream, 4)).length) // 0
 * })
 * ```
 */
export function recv(stream: NodeJS.ReadableStream, size?: number, options: WaitOptions = {}): Operation<Buffer> {
  checkReadable('recv()', stream)
  if (isSocket(stream)) return socketMethods.recv.call(stream, size, options)
  if (size !== undefined && !(Number.isInteger(size) && size >= 0))
    throw new UsageError(`recv() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
  checkWaitOptions('recv()', options)
  if (stream.readableObjectMode)
    throw new UsageError(
      `recv() gives bytes, but ${labelOf(stream)} gives objects.\n\n${wrongRight('yield* recv(stream)', 'objects have no length', 'const it = chunks(stream); while (yield* it.next()) use(it.value)')}`,
    )
  return new Recv(stream, size ?? Infinity, options.timeoutMs)
}
