/**
 * The body of a request, as it comes in: at once when it is there already, with back-pressure when it is not.
 *
 * It is read once, as a whole or piece by piece. What nobody reads stays in Node's buffer, so that the client is slowed down. A client
 * that waits for `100 Continue` is told to go on when the first read begins.
 *
 * ```
 *   unread ── text(), json(), chunks(), ... ──▶ taken        a second one: UsageError
 *               ├─ longer than its limit ──▶ RefusedRequest 413
 *               ├─ malformed, too slow ────▶ RefusedRequest 400, 408
 *               ├─ the client goes ────────▶ its greenlet is killed; SocketClosedError for anybody else
 *               └─ the request is answered ▶ SocketClosedError for whoever reads on
 * ```
 *
 * Stands on Node's message. Leaves to the request what is made of the bytes.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type net from 'node:net'
import {
  ConcurrentObjectUseError,
  GreenloopError,
  recognise,
  SocketClosedError,
  UsageError,
} from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { getHub } from '../../hub/default.ts'
import { Timer } from '../../hub/timers.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Cursor } from '../../waiting/cursor.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'
import { http } from '../node-http.ts'

/**
 * The client: its request cannot be answered as it is. When it escapes from a handler it is the answer, `status` and nothing more, and is not
 * reported.
 */
export class RefusedRequest extends GreenloopError {
  override readonly code: string = 'GREENLOOP_REFUSED_REQUEST'
  /** The status of the answer: 400, 408, 413. */
  readonly status: number

  /**
   * @param status - of the answer, 400 to 599.
   * @param message - what is wrong, for the log; it is not sent.
   * @param options - the `cause`.
   * @throws UsageError for another status.
   */
  constructor(status: number, message: string = http.STATUS_CODES[status] ?? '', options?: ErrorOptions) {
    if (!(Number.isInteger(status) && status >= 400 && status <= 599))
      throw new UsageError(
        `new RefusedRequest() expects \`status\` to be an integer from 400 to 599, but got ${show(status)}.`,
      )
    super(message, options)
    this.status = status
  }
}
recognise(RefusedRequest, 'RefusedRequest')

/** An unread rest of a body that is read on and dropped; for more the connection is closed. */
const DISCARDED_BYTES = 65_536
/** How long a client that was refused is read on. */
const LINGER_MS = 1000

/** Whether what is left of a body is more than is worth reading. */
export function isLong(node: IncomingMessage): boolean {
  return !node.complete && !(Number(node.headers['content-length']) <= DISCARDED_BYTES)
}

/** Waits for what comes of a body. */
interface BodyWait {
  readonly greenlet: Coroutine
  /** More is there, or the end. */
  look(): void
  failed(error: Error): void
}

/** The body of one request. */
export class RequestBody {
  /** As it stands in messages: `POST /path`. */
  readonly label: string
  readonly node: IncomingMessage
  /** Given while the client waits to be told to go on. */
  #continue: ServerResponse | null
  #takenBy = ''
  #wait: BodyWait | null = null
  #hears = false
  #error: Error | null = null
  #isDropped = false
  #bytes = 0

  constructor(label: string, node: IncomingMessage, expecting: ServerResponse | null) {
    this.label = label
    this.node = node
    this.#continue = expecting
  }

  /** Whether the client still waits to be told to send it. */
  get isAwaited(): boolean {
    return this.#continue !== null
  }

  /** Whether it was read, or somebody is about to. */
  get taken(): boolean {
    return this.#takenBy !== ''
  }

  /** Somebody is about to read it, all of it. */
  take(call: string): void {
    if (this.#takenBy !== '')
      throw new UsageError(
        `${call}: the body of ${this.label} was read already, by ${this.#takenBy}; it is there once.\n\n${wrongRight('yield* request.text(); yield* request.json()', 'the second finds nothing', 'const text = yield* request.text(); JSON.parse(text)')}`,
      )
    this.#takenBy = call
  }

  /** Nothing more comes: it was malformed, or the client has gone. */
  fail(error: Error): void {
    this.#error ??= error
    this.#wait?.failed(this.#error)
  }

  /** What is there, up to `limit` bytes in all; null when nothing is. */
  read(limit: number): Buffer | null {
    if (this.#continue !== null) {
      this.checkLength(limit)
      this.goOn()
    }
    const chunk = this.node.read() as Buffer | null // nobody has set an encoding
    if (chunk === null) return null
    this.#bytes += chunk.length
    if (this.#bytes > limit) throw this.#tooLarge(limit)
    return chunk
  }

  /** The client is told to send it, if it waits for that. */
  goOn(): void {
    const answer = this.#continue
    this.#continue = null
    if (answer?.headersSent === false) answer.writeContinue() // else it would stand in the middle of the answer
  }

  /** Refuses one that says by itself that it is too long. */
  checkLength(limit: number): void {
    const length = this.node.headers['content-length']
    if (length !== undefined && Number(length) > limit) throw this.#tooLarge(limit)
  }

  #tooLarge(limit: number): RefusedRequest {
    return new RefusedRequest(413, `The body of ${this.label} is longer than ${String(limit)} bytes.`)
  }

  /** Nobody is to get what is left: it was not all that came. */
  drop(): void {
    this.#isDropped = true
  }

  /** Whether all of it was read. */
  get ended(): boolean {
    return this.node.complete && this.node.readableLength === 0 && !this.#isDropped
  }

  /** Throws why nothing more comes, if that is so. */
  checkOpen(): void {
    if (this.#error !== null) throw this.#error
    if (this.node.destroyed)
      throw new SocketClosedError(`The client of ${this.label} has gone, before its body was there.`)
  }

  /** `wait` is told from now on of what comes. */
  expect(call: string, wait: BodyWait): void {
    if (this.#wait !== null)
      throw new ConcurrentObjectUseError(
        `Greenlet "${wait.greenlet.name}" called ${call} of ${this.label}, where "${this.#wait.greenlet.name}" waits already.`,
      )
    this.#wait = wait
    if (this.#hears) return
    this.#hears = true
    const { node } = this
    const look = (): void => {
      this.#wait?.look()
    }
    node.on('readable', look)
    node.on('end', look)
    node.on('close', () => {
      if (!this.ended)
        this.fail(new SocketClosedError(`The client of ${this.label} has gone, before its body was there.`))
    })
  }

  /** Nobody is told any more. */
  ignore(): void {
    this.#wait = null
  }
}

/** Gives the whole body, as what `convert` makes of it. */
export class WholeBody<T> extends HubOperation<T> {
  readonly #body: RequestBody
  readonly #call: string
  readonly #limit: number
  readonly #convert: (bytes: Buffer) => T

  constructor(body: RequestBody, call: string, limit: number, convert: (bytes: Buffer) => T) {
    super()
    this.#body = body
    this.#call = call
    this.#limit = limit
    this.#convert = convert
  }

  override begin(greenlet: Coroutine): Step<T> {
    const body = this.#body
    body.take(this.#call)
    body.checkLength(this.#limit)
    const chunk = body.read(this.#limit)
    if (body.ended) return ready(this.#convert(chunk ?? NOTHING))
    body.checkOpen()
    const wait = new WholeWait(greenlet, body, this.#call, this.#limit, this.#convert)
    if (chunk !== null) wait.chunks.push(chunk)
    return wait.begin()
  }

  override toString(): string {
    return this.#call
  }
}

const NOTHING = Buffer.alloc(0)

/** Waits for something of a body. */
abstract class SomeWait extends Wait implements BodyWait {
  protected readonly body: RequestBody
  protected readonly call: string
  protected readonly max: number

  constructor(greenlet: Coroutine, body: RequestBody, call: string, max: number) {
    super(greenlet)
    this.body = body
    this.call = call
    this.max = max
  }

  begin(): Step<never> {
    this.body.expect(this.call, this)
    this.hub.outstanding++
    return this.park()
  }

  abstract look(): void

  failed(error: Error): void {
    this.leave()
    this.fail(error)
  }

  /** Ends it with what `make` gives or throws. */
  protected endWith(make: () => unknown): void {
    this.leave()
    let value: unknown
    try {
      value = make()
    } catch (error) {
      this.fail(error)
      return
    }
    this.succeedAfterIO(value)
  }

  protected override leave(): void {
    this.body.ignore()
    this.hub.outstanding--
  }

  override describe(): string {
    return `${this.call} of ${this.body.label}`
  }
}

class WholeWait extends SomeWait {
  readonly chunks: Buffer[] = []
  readonly #convert: (bytes: Buffer) => unknown

  constructor(greenlet: Coroutine, body: RequestBody, call: string, max: number, convert: (bytes: Buffer) => unknown) {
    super(greenlet, body, call, max)
    this.#convert = convert
  }

  override look(): void {
    try {
      for (let chunk = this.body.read(this.max); chunk !== null; chunk = this.body.read(this.max))
        this.chunks.push(chunk)
    } catch (error) {
      this.failed(error as Error) // it is too long
      return
    }
    if (this.body.ended) this.endWith(() => this.#convert(Buffer.concat(this.chunks)))
  }
}

/** Gives what is there, as soon as something is; null at the end. */
class SomeOfBody extends HubOperation<Buffer | null> {
  readonly #body: RequestBody
  readonly #limit: number

  constructor(body: RequestBody, limit: number) {
    super()
    this.#body = body
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<Buffer | null> {
    const body = this.#body
    const chunk = body.read(this.#limit)
    if (chunk !== null || body.ended) return ready(chunk)
    body.checkOpen()
    return new ChunkWait(greenlet, body, CHUNKS, this.#limit).begin()
  }

  override toString(): string {
    return CHUNKS
  }
}

const CHUNKS = 'next() of request.chunks()'

class ChunkWait extends SomeWait {
  override look(): void {
    let chunk: Buffer | null
    try {
      chunk = this.body.read(this.max)
    } catch (error) {
      this.failed(error as Error) // it is too long
      return
    }
    if (chunk !== null || this.body.ended) this.endWith(() => chunk)
  }
}

/** A body piece by piece, as it comes. */
export class BodyCursor extends Cursor<Buffer> {
  readonly #limit: number
  #body: RequestBody | null
  readonly #some: SomeOfBody

  constructor(body: RequestBody, limit: number) {
    super()
    this.#body = body
    this.#limit = limit
    this.#some = new SomeOfBody(body, limit)
  }

  override next(): Operation<boolean> {
    return operation(CHUNKS, () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#body === null) return this.end()
    this.#body.checkLength(this.#limit)
    const chunk = yield* this.#some
    return chunk === null ? this.end() : this.moveTo(chunk)
  }

  override [Symbol.dispose](): void {
    this.#body = null
  }
}

/** Drops a connection whose client goes on sending what nobody reads, when its time is up. */
export class Linger extends Timer {
  readonly #socket: net.Socket
  readonly #hub = getHub()

  constructor(socket: net.Socket) {
    super()
    this.#socket = socket
    this.#hub.timers.add(this, LINGER_MS)
  }

  override expired(): void {
    this.#socket.destroy()
  }

  cancel(): void {
    this.#hub.timers.remove(this)
  }
}
