/**
 * The answer to a request, as far as it has come: undici's handler of the request.
 *
 * It stands on `dispatch`, which undici's own `request` stands on: what comes is put together here at once, where `request` makes a stream of
 * it and `arrayBuffer()` a promise of that. Who waits is told by a call, and may begin the next exchange in it (a redirect) before any
 * greenlet runs.
 *
 * ```
 *   connecting ── a connection takes it ──▶ waiting ── the head has come ──▶ reading ── its end ──▶ over
 *       └─ connectMs ─▶ ConnectTimeout         └────── readMs without a byte ──┴─▶ ReadTimeout
 * ```
 *
 * Invariants. Its receiver is told once, `answered` or `failed`; never after `destroy`. What is given up leaves no connection behind, not even
 * one half made.
 *
 * Stands on undici's dispatchers, as they come from `agents.ts`, and on the hub's timers. Leaves the greenlet that waits to `exchange.ts`.
 */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { InternalError } from '../../errors/classes.ts'
import type { Hub } from '../../hub/hub.ts'
import { Timer } from '../../hub/timers.ts'
import type { Operation } from '../../protocol.ts'
import {
  ConnectionError,
  ConnectTimeout,
  ContentTooLarge,
  type ExceptionContext,
  type Phase,
  ReadTimeout,
} from '../exceptions.ts'
import { type Attempt, dispatchFor, type Holder } from './connector.ts'
import { failureOf } from './failure.ts'
import { HELD, Read, StreamedBody } from './streamed-body.ts'

/** What goes out. */
export interface Outgoing {
  readonly dispatcher: Dispatcher
  /** Where to: of it, the origin, the path and the query. */
  readonly url: URL
  readonly method: string
  /** Name, value, name, value. */
  readonly headers: string[]
  readonly body: Buffer | Readable | AsyncIterable<Uint8Array> | null
  /** How long it may take to connect, from its turn on; undefined: as long as it takes. */
  readonly connectMs: number | undefined
  /** How long it may take until something comes, each time. */
  readonly readMs: number | undefined
  /** How many bytes of a body are taken, as they come. */
  readonly limit: number
  /** Whether the body is read later, by `read()`; else it is part of the answer. */
  readonly stream: boolean
}

/** Is told how an exchange went, in a callback of the connection. */
export interface Receiver {
  /** The head is there, and the body unless it is streamed. */
  answered(incoming: Incoming): void
  failed(error: Error): void
}

const EMPTY = Buffer.alloc(0)

/** The answer, as far as it has come. Undici's handler of the request. */
export class Incoming implements Dispatcher.DispatchHandler, Attempt {
  /** The status of HTTP; 0 until it has come. */
  statusCode = 0
  /** The words behind the status. */
  reason = ''
  /** Name, value, name, value. */
  rawHeaders: readonly (Buffer | string)[] = []
  /** When the head came, by the hub's clock. */
  headMs = 0
  /** The whole body, unless it is streamed. */
  content: Buffer = EMPTY
  /** Who has it until a connection takes it. */
  holder: Holder | null = null
  readonly outgoing: Outgoing
  readonly #hub: Hub
  #receiver: Receiver | null
  #controller: Dispatcher.DispatchController | null = null
  #phase: Phase | 'over' = 'connecting'
  #deadline: Deadline | null = null
  /** What has come of a body that is not streamed. */
  readonly #chunks: Buffer[] = []
  #bytes = 0
  /** Set when it is streamed. */
  readonly #body: StreamedBody | null

  /** @internal */
  constructor(outgoing: Outgoing, receiver: Receiver, hub: Hub) {
    this.outgoing = outgoing
    this.#receiver = receiver
    this.#hub = hub
    this.#body = outgoing.stream ? new StreamedBody(outgoing.url.href, this) : null
  }

  /** Sends it off. The receiver may be told within this call, of a wrong argument. */
  send(): void {
    const { outgoing } = this
    const { url } = outgoing
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.search === '' ? url.pathname : url.pathname + url.search,
      method: outgoing.method, // undici checks it, and takes others than its type says
      headers: outgoing.headers,
      body: this.#watched(outgoing.body) as Readable | Buffer | null, // and it takes iterables, which its type does not say
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    // Undici closes the connection behind each HEAD, where nobody else does.
    if (outgoing.method === 'HEAD') options.reset = false
    dispatchFor(this, outgoing.dispatcher, options, this)
    if (this.holder === null) this.hasTurn() // one of somebody else's dispatchers does not say when that is
  }

  /** @internal Called by the dispatcher. While it stands in the line of a host, no time counts: nobody tries to connect. */
  hasTurn(): void {
    const { connectMs } = this.outgoing
    if (connectMs !== undefined && this.#phase === 'connecting') this.#await(connectMs)
  }

  /** Whether the whole body has come and was handed on. */
  get ended(): boolean {
    return this.#body?.ended ?? this.#phase === 'over'
  }

  /** The next piece of a streamed body; null at its end. @switches only if it must wait */
  read(): Operation<Buffer | null> {
    if (this.#body === null) throw new InternalError('read() was called of an answer that is not streamed.')
    return new Read(this.#body)
  }

  /** Gives up whatever has not come yet. Nobody is told but who reads, or tries to later. */
  destroy(): void {
    this.#chunks.length = 0
    this.#body?.drop()
    const phase = this.#phase
    if (phase === 'over') return
    this.#finish()
    this.#giveUp(phase)
    const { method, url } = this.outgoing
    this.#receiver = null
    this.#tell(
      new ConnectionError(
        `${method} ${url.href}: the response was closed before its body had come.`,
        this.#context(phase),
      ),
    )
  }

  #giveUp(phase: Phase): void {
    const { body } = this.outgoing
    if (body !== null && 'destroy' in body) body.destroy()
    if (phase !== 'connecting') this.#controller?.abort(new GivenUp())
    else this.holder?.drop(this) // one of somebody else's dispatchers has none, and is told when it begins: onRequestStart
  }

  #await(ms: number): void {
    const { timers } = this.#hub
    if (this.#deadline === null) this.#deadline = new Deadline(this)
    else timers.remove(this.#deadline)
    timers.add(this.#deadline, ms)
  }

  /** What goes out is progress, too: where time is counted it is sent in pieces. */
  #watched(body: Outgoing['body']): Outgoing['body'] | Iterable<Buffer> {
    if (body === null || this.outgoing.readMs === undefined) return body
    if (!Buffer.isBuffer(body)) return watch(body, this)
    return body.length > HELD ? slices(body, this) : body
  }

  /** Nobody waits: the time does not count. */
  relax(): void {
    if (this.#deadline !== null) this.#hub.timers.remove(this.#deadline)
  }

  /** Something has come, or gone: the time begins anew. */
  progress(): void {
    const { readMs } = this.outgoing
    if (readMs !== undefined && this.#phase !== 'over' && this.#phase !== 'connecting') this.#await(readMs)
  }

  /** @internal Called by the deadline. */
  timeUp(): void {
    const phase = this.#phase
    if (phase === 'over') return
    const { connectMs, readMs, method, url } = this.outgoing
    const context = this.#context(phase)
    const call = `${method} ${url.href}`
    this.#finish()
    this.#giveUp(phase)
    this.#tell(
      phase === 'connecting'
        ? new ConnectTimeout(`${call} got no connection within ${String(connectMs)} ms.`, context)
        : new ReadTimeout(
            `${call}: nothing came from the server for ${String(readMs)} ms, ${phase === 'waiting' ? 'where an answer was to come' : `behind ${String(this.#bytes)} bytes of the body`}.`,
            context,
          ),
    )
  }

  #finish(): void {
    this.#phase = 'over'
    this.relax()
  }

  #tell(error: Error): void {
    const receiver = this.#receiver
    if (receiver !== null) {
      this.#receiver = null
      receiver.failed(error)
      return
    }
    this.#body?.fail(error)
  }

  #context(phase: Phase): ExceptionContext {
    return { request: { method: this.outgoing.method, url: this.outgoing.url.href }, phase }
  }

  // What undici calls.

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#phase === 'over') {
      controller.abort(new GivenUp()) // while it waited for a connection
      return
    }
    this.#controller = controller
    this.holder = null
    this.#phase = 'waiting'
    this.relax()
    this.progress()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusMessage?: string,
  ): void {
    if (statusCode < 200 || this.#phase === 'over') return // there is more to come
    this.#phase = 'reading'
    this.statusCode = statusCode
    this.headMs = this.#hub.clock.now()
    this.reason = statusMessage ?? ''
    this.rawHeaders = (controller.rawHeaders ?? []) as (Buffer | string)[] // undici's own dispatchers give a list
    const length = Number(headers['content-length'])
    if (length > this.outgoing.limit && this.outgoing.method !== 'HEAD' && statusCode !== 304) {
      this.#tooLarge(`says that it has ${String(length)} bytes`)
      return
    }
    if (this.#body === null) this.progress()
    else {
      this.relax()
      this.#answered()
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'over') return
    const { outgoing } = this
    this.#bytes += chunk.length
    if (this.#bytes > outgoing.limit) {
      this.#tooLarge('goes on')
      return
    }
    if (this.#body !== null) {
      if (!this.#body.push(chunk)) controller.pause()
      return
    }
    this.#chunks.push(chunk)
    this.progress()
  }

  onResponseEnd(): void {
    if (this.#phase === 'over') return
    this.#finish()
    if (this.#body !== null) {
      this.#body.end()
      return
    }
    const chunks = this.#chunks
    // A copy, also of a single chunk: that is a view of the 64 kB that the connection has read.
    if (chunks.length > 0) this.content = chunks.length === 1 ? Buffer.from(chunks[0] as Buffer) : Buffer.concat(chunks)
    chunks.length = 0
    this.#answered()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const phase = this.#phase
    if (phase === 'over') return
    this.#finish()
    const { body, method, url } = this.outgoing
    // What the program's own stream fails of is the program's, as in Python.
    const isOwn = body !== null && 'errored' in body && body.errored === error
    if (body !== null && 'destroy' in body) body.destroy()
    this.#tell(isOwn ? error : failureOf(error, method, url, phase))
  }

  #tooLarge(what: string): void {
    const { limit, method, url } = this.outgoing
    this.#finish()
    this.#giveUp('reading')
    this.#tell(
      new ContentTooLarge(
        `${method} ${url.href}: the body ${what}, and no more than ${String(limit)} are taken (\`bodyLimit\`).`,
        this.#context('reading'),
      ),
    )
  }

  #answered(): void {
    const receiver = this.#receiver
    this.#receiver = null
    receiver?.answered(this)
  }

  /** @internal For the streamed body: there is place again. */
  resume(): void {
    if (this.#controller?.paused === true) this.#controller.resume()
  }
}

function* slices(bytes: Buffer, incoming: Incoming): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += HELD) {
    incoming.progress()
    yield bytes.subarray(at, at + HELD)
  }
  incoming.progress()
}

async function* watch(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    incoming.progress()
    yield chunk
  }
  incoming.progress()
}

class Deadline extends Timer {
  readonly #incoming: Incoming

  constructor(incoming: Incoming) {
    super()
    this.#incoming = incoming
  }

  override expired(): void {
    this.#incoming.timeUp()
  }
}

/** What undici is told when nobody wants the answer any more. It is told to nobody else. */
class GivenUp extends Error {
  override readonly name = 'GivenUp'
}
