/**
 * Writing to a stream: `write`, which waits while the stream takes it more slowly than it is written, and `end`, which waits until all of it is out.
 *
 * Stands on the stream's state; of a `net.Socket` on that of the sockets, of a web stream on its writer.
 */
import type { Writable } from 'node:stream'
import { StreamClosedError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { socketMethods } from '../../net/stream/methods.ts'
import type { Operation } from '../../protocol.ts'
import { ownerOf } from '../../waiting/agent.ts'
import { type Attached, attached } from '../../waiting/attached.ts'
import { streamTimeout } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { PromiseWait } from '../../waiting/until.ts'
import type { Limit } from '../../waiting/wait.ts'
import type { WaitList } from '../../waiting/wait-list.ts'
import { isSocket } from './recv.ts'
import { labelOf, type StreamState, stateOf, type Writer } from './stream-state.ts'
import { StreamWait } from './stream-wait.ts'

/** Waits in one of the lists of a stream that is written to. */
class WriteWait extends StreamWait implements Writer {
  readonly call: string
  readonly #state: StreamState

  constructor(greenlet: Coroutine, state: StreamState, call: string) {
    super(greenlet, `${call} of ${state.label}`)
    this.call = call
    this.#state = state
  }

  parkIn(list: WaitList<Writer>, limit: WaitOptions['timeoutMs']): Step<never> {
    list.push(this)
    this.#state.hear()
    return this.parkOutside(limit)
  }

  protected override leave(): void {
    super.leave()
    this.#state.settle()
  }
}

/** Something that is handed to a stream. */
abstract class Sending extends HubOperation<void> {
  protected readonly stream: Writable
  protected readonly data: unknown
  protected readonly timeLimit: WaitOptions['timeoutMs']

  constructor(stream: Writable, data: unknown, timeLimit: WaitOptions['timeoutMs']) {
    super()
    this.stream = stream
    this.data = data
    this.timeLimit = timeLimit
  }
}

/** `write(stream, data)`. */
class Write extends Sending {
  override begin(greenlet: Coroutine): Step<void> {
    const stream = this.stream
    const state = stateOf(stream)
    state.checkOpen('write()')
    if (stream.writableEnded) throw endedError('write()', state)
    state.used(ownerOf(greenlet), null)
    if (stream.write(this.data)) return ready(undefined)
    return new WriteWait(greenlet, state, 'write()').parkIn(state.writers, this.timeLimit)
  }

  override toString(): string {
    return 'write()'
  }
}

/** `end(stream, data)`. */
class End extends Sending {
  override begin(greenlet: Coroutine): Step<void> {
    const stream = this.stream
    const state = stateOf(stream)
    if (this.data !== undefined && stream.writableEnded) throw endedError('end()', state)
    if (stream.writableFinished) return ready(undefined)
    state.checkOpen('end()')
    if (!stream.writableEnded) stream.end(this.data)
    return new WriteWait(greenlet, state, 'end()').parkIn(state.enders, this.timeLimit)
  }

  override toString(): string {
    return 'end()'
  }
}

function endedError(call: string, { label }: StreamState): StreamClosedError {
  return new StreamClosedError(`${call}: ${label} was ended.`)
}

/** The writer of a web stream, for all greenlets that write to it; its lock is held as long as one of them waits. */
class WebWriting {
  readonly label: string
  readonly #stream: WritableStream
  #writer: WritableStreamDefaultWriter<unknown> | null = null
  #waiting = 0

  constructor(stream: WritableStream) {
    this.#stream = stream
    this.label = labelOf(stream)
  }

  take(call: string): WritableStreamDefaultWriter<unknown> {
    if (this.#writer === null && this.#stream.locked)
      throw new UsageError(`${call} was called of ${this.label}, to which somebody writes already: it is locked.`)
    this.#waiting++
    return (this.#writer ??= this.#stream.getWriter())
  }

  release(): void {
    if (--this.#waiting > 0) return
    this.#writer?.releaseLock()
    this.#writer = null
  }
}

const writings: Attached<WebWriting> = attached()

function writingOf(stream: WritableStream): WebWriting {
  let writing = writings.get(stream)
  if (writing === undefined) {
    writing = new WebWriting(stream)
    writings.set(stream, writing)
  }
  return writing
}

/** `write(stream, data)` and `end(stream, data)` of a web stream. */
class WebWrite extends HubOperation<void> {
  readonly #stream: WritableStream
  readonly #data: unknown
  readonly #isEnd: boolean
  readonly #limit: WaitOptions['timeoutMs']

  constructor(stream: WritableStream, data: unknown, isEnd: boolean, limit: WaitOptions['timeoutMs']) {
    super()
    this.#stream = stream
    this.#data = data
    this.#isEnd = isEnd
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    const writing = writingOf(this.#stream)
    const writer = writing.take(this.toString())
    const done = this.#isEnd ? finish(writer, this.#data) : put(writer, this.#data)
    if (done === null) {
      writing.release()
      return ready(undefined)
    }
    return new WebWait(greenlet, writing, this.toString()).limit(this.#limit).parkUntil(done)
  }

  override toString(): string {
    return this.#isEnd ? 'end()' : 'write()'
  }
}

/** Writes a chunk; gives what has to be waited for, null: nothing. */
function put(writer: WritableStreamDefaultWriter<unknown>, data: unknown): Promise<unknown> | null {
  const written = hand(writer, data)
  // Of a stream that has failed it is null, of one that is closed 0.
  return (writer.desiredSize ?? 0) > 0 ? null : room(writer, written)
}

async function room(writer: WritableStreamDefaultWriter<unknown>, written: Promise<void>): Promise<void> {
  let refusal: unknown = null
  written.catch((error: unknown) => {
    refusal = error
  })
  await writer.ready
  if (isClosed(refusal)) throw refusal
}

/** Ends the stream; one that was ended by somebody else is waited for. */
async function finish(writer: WritableStreamDefaultWriter<unknown>, data: unknown): Promise<void> {
  if (data !== undefined) await hand(writer, data)
  try {
    await writer.close()
  } catch (error) {
    if (data !== undefined || !isClosed(error)) throw error
    await writer.closed
  }
}

function hand(writer: WritableStreamDefaultWriter<unknown>, data: unknown): Promise<void> {
  let written: Promise<void>
  try {
    written = writer.write(data)
  } catch (error) {
    written = Promise.reject(error) // Node 20, of a stream that is closed
  }
  written.catch(ignored)
  return written
}

/** The next call is told of it: nobody has to wait for each piece. */
function ignored(): void {
  // see there
}

/** How Node calls it that something was written to a stream which is closed. */
function isClosed(error: unknown): error is Error {
  return (
    error instanceof Error && 'code' in error && /^ERR_(?:INVALID_STATE|INTERNAL_ASSERTION)$/u.test(String(error.code))
  )
}

/** Waits for a writer, and leaves the lock. */
class WebWait extends PromiseWait {
  readonly #writing: WebWriting

  readonly #call: string

  constructor(greenlet: Coroutine, writing: WebWriting, call: string) {
    super(greenlet, null, `${call} of ${writing.label}`)
    this.#writing = writing
    this.#call = call
  }

  override succeed(_value: unknown): void {
    this.#writing.release()
    super.succeed(undefined)
  }

  override fail(error: unknown): void {
    this.#writing.release()
    const label = this.#writing.label
    super.fail(isClosed(error) ? new StreamClosedError(`${this.#call}: ${label} is closed.`, { cause: error }) : error)
  }

  override expired(limit: Limit): void {
    super.fail(streamTimeout(this.describe(), limit))
  }

  protected override leave(): void {
    super.leave()
    this.#writing.release()
  }
}

function isWebWritable(stream: unknown): stream is WritableStream {
  return typeof stream === 'object' && stream !== null && 'getWriter' in stream
}

/** Checks that something is a stream of Node's that can be written to, and that it takes `data`. */
function checkWritable(call: string, stream: unknown, data: unknown): asserts stream is Writable {
  const isWritable =
    typeof stream === 'object' && stream !== null && 'write' in stream && 'end' in stream && 'on' in stream
  if (!isWritable)
    throw new UsageError(
      `${call} expects a stream that can be written to, such as a Writable of Node's, but got ${show(stream)}.`,
    )
  const isObjects = 'writableObjectMode' in stream && stream.writableObjectMode === true
  if (isObjects ? data === null : typeof data !== 'string' && !(data instanceof Uint8Array))
    throw new UsageError(
      `${call} expects ${isObjects ? 'anything but null, which would be the end of' : 'a string or a Uint8Array for'} ${labelOf(stream)}, but got ${show(data)}.`,
    )
}

/**
 * Writes to a stream, and waits while the stream takes it more slowly than it is written.
 *
 * What was handed over before a kill or a timeout is written all the same; so the bytes are the stream's from the call on, as for Node's
 * own `write`. Those who wait go on together, in the order in which they came, as soon as everything that was written is taken. An error that comes after
 * the call is thrown by the next one of the greenlet: by `end`, at the latest. One that comes when the greenlet has ended is Node's: an
 * uncaught error, if nobody listens for it.
 *
 * @param stream - a `Writable` of Node's, or a web stream. A `net.Socket` is written to by its own `sendall`.
 * @param data - text (written as UTF-8), bytes, or anything but null for a stream in object mode.
 * @param options - `timeoutMs`: how long at the most.
 * @throws the stream's error; StreamClosedError when it is ended or closed, before or meanwhile; StreamTimeoutError when the time has passed;
 * UsageError at the call for data that the stream does not take.
 * @switches only if it must wait
 * @source gevent: `socket.sendall`
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * import { run, spawn } from 'greenloop'
 * import { end, text, write } from 'greenloop/os'
 *
 * await run(function* () {
 *   const stream = new PassThrough()
 *   spawn(function* () {
 *     for (const word of ['never ', 'too ', 'fast']) yield* write(stream, word)
 *     yield* end(stream)
 *   })
 *   console.log(yield* text(stream)) // never too fast
 * })
 * ```
 */
export function write(
  stream: NodeJS.WritableStream | WritableStream,
  data: unknown,
  options: WaitOptions = {},
): Operation<void> {
  if (isWebWritable(stream)) {
    checkWaitOptions('write()', options)
    return new WebWrite(stream, data, false, options.timeoutMs)
  }
  checkWritable('write()', stream, data)
  if (isSocket(stream)) return socketMethods.sendall.call(stream, data as string | Uint8Array, options) // checked above
  checkWaitOptions('write()', options)
  return new Write(stream, data, options.timeoutMs)
}

/**
 * Ends a stream, and waits until all that was written is out. A stream that has finished is ready.
 *
 * A kill or a timeout ends the wait, not the writing.
 *
 * @param stream - a `Writable` of Node's, or a web stream.
 * @param data - written before the end, as by {@link write}. @defaultValue nothing
 * @param options - `timeoutMs`: how long at the most.
 * @throws as {@link write} does; for a stream that was ended before only if there is data.
 * @switches only if it must wait
 * @example
 * ```ts
 * import { Writable } from 'node:stream'
 * import { run } from 'greenloop'
 * import { end, write } from 'greenloop/os'
 *
 * const target = new Writable({
 *   write(chunk, _encoding, done) {
 *     console.log(String(chunk))
 *     setTimeout(done, 1)
 *   },
 * })
 * await run(function* () {
 *   yield* write(target, 'one')
 *   yield* end(target, 'two')
 *   console.log('out')
 * })
 * // one
 * // two
 * // out
 * ```
 */
export function end(
  stream: NodeJS.WritableStream | WritableStream,
  data?: unknown,
  options: WaitOptions = {},
): Operation<void> {
  checkWaitOptions('end()', options)
  if (isWebWritable(stream)) return new WebWrite(stream, data, true, options.timeoutMs)
  checkWritable('end()', stream, data ?? '')
  return new End(stream, data, options.timeoutMs)
}
