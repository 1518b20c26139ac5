/**
 * A request and its answer as a greenlet, and the connection on which they come one after the other.
 *
 * Each request is an {@link Exchange}. Those of one connection run one after the other, also when the client sends them without waiting:
 * the second may depend on what the first has done, and what one client can have begun is bounded. When the client goes, the one that runs
 * is killed.
 *
 * ```
 *   'request' ──▶ queue ──▶ current ── response ──▶ sent ──▶ the next one
 *                              ├─ failure ──▶ 500, or cut off if the head was sent
 *                              └─ the client goes ──▶ killed
 * ```
 *
 * A request that is malformed is refused when those before it were answered: else the client would take the refusal for their answer. Whoever
 * is refused while he still sends is read on for a while, and then dropped; else he would lose the answer, by a reset.
 *
 * Turned down. Running what comes in a row at once, as Node does: it keeps the answers in order, and not what they do.
 *
 * Stands on the request and on sending. Leaves to the server when an exchange starts.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type net from 'node:net'
import { SocketClosedError } from '../../errors/classes.ts'
import { Greenlet } from '../../gevent/greenlet.ts'
import { spawnWith } from '../../gevent/spawn.ts'
import { FAILED } from '../../greenlet/kernel.ts'
import type { Green } from '../../protocol.ts'
import { Timeout } from '../../waiting/timeout.ts'
import { call, follow } from '../../waiting/until.ts'
import { http } from '../node-http.ts'
import { asksForUpgrade, isRefusable, refusalOf, statusOf } from './options.ts'
import { ServerRequest } from './request.ts'
import { isLong, Linger, RefusedRequest } from './request-body.ts'
import { Response } from './response.ts'
import { type Delivery, discardLate, send, sendStatus, writeRefusal } from './sending.ts'

/** So many requests that wait on one connection, and it is read no more. */
const QUEUED = 32

/** What an exchange needs of its server. */
export interface Host {
  readonly bodyLimit: number
  readonly authority: string
  readonly handlerTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly maxHeaders: number
  readonly maxRequestsPerConnection: number
  /** Whether no further request is wanted. */
  closed: boolean
  handle(request: ServerRequest): unknown
  upgrade(request: ServerRequest, socket: net.Socket, head: Buffer): unknown
  /** Its turn has come: it is to be started. */
  began(exchange: Exchange): void
  /** It has ended, however. */
  ended(exchange: Exchange): void
  /** An upgraded connection has its greenlet, or it has ended. */
  upgraded(change: 1 | -1): void
  /** The connection is closed. */
  left(connection: Connection): void
}

/** One request and its answer. */
export class Exchange extends Greenlet<void> implements Delivery {
  declare readonly request: ServerRequest
  declare readonly node: IncomingMessage
  declare readonly answer: ServerResponse
  declare readonly connection: Connection
  declare bytes: number
  /** When it came, by the hub's clock; only for the log. */
  declare began: number
  declare private limit: Timeout | null

  constructor(connection: Connection, node: IncomingMessage, answer: ServerResponse, isAwaited: boolean) {
    super()
    this.request = new ServerRequest(node, connection.host, isAwaited ? answer : null)
    this.node = node
    this.answer = answer
    this.connection = connection
    this.bytes = 0
    this.began = 0
    this.limit = null
  }

  /** `GET /path`. */
  override get name(): string {
    return this.$rare?.title ? super.name : this.request.label
  }

  override set name(name: string) {
    super.name = name
  }

  get writeTimeoutMs(): number {
    return this.connection.host.writeTimeoutMs
  }

  override *run(): Green<void> {
    const { host } = this.connection
    if (host.handlerTimeoutMs !== Infinity) this.limit = new Timeout(host.handlerTimeoutMs).start()
    const given = host.handle(this.request)
    let made = given
    if (!(made instanceof Response)) {
      const frame = follow(made)
      try {
        if (frame !== null) made = yield* frame
      } catch (error) {
        discardLate(given)
        throw error
      }
    }
    this.limit?.close()
    const rest = send(this, made)
    if (rest !== null) yield* rest
  }

  mustClose(): boolean {
    const { connection, node, request } = this
    return connection.endsNow || request.$isAwaited || isLong(node)
  }

  goOn(): void {
    this.request.$goOn()
  }

  /** @internal Whatever its end: this is where it is answered if it was not, before those who wait for it run. */
  protected override $finish(): void {
    this.limit?.close()
    const error = this.$status === FAILED ? this.$slot : null
    // A fault of the client is nothing to report; nor that it has gone, which a write may see before we are told.
    const isClients = error instanceof RefusedRequest || (error instanceof SocketClosedError && this.answer.destroyed)
    if (isClients) this.$readFailure()
    if (!this.answer.writableEnded && !this.connection.isGone) this.breakOff(error)
    super.$finish()
    this.connection.over(this)
  }

  /** It has ended without an answer, or in the middle of one. */
  private breakOff(error: unknown): void {
    if (this.answer.headersSent) this.connection.socket.destroy()
    else if (error instanceof RefusedRequest) sendStatus(this, error.status)
    else sendStatus(this, error === null || error === this.limit ? 503 : 500)
  }
}

const CONNECTION = Symbol('greenloop.connection')

interface WithConnection {
  [CONNECTION]?: Connection
}

/** The connection of a socket. */
export function connectionOf(socket: object): Connection | undefined {
  return (socket as WithConnection)[CONNECTION]
}

/** What comes on one socket. */
export class Connection {
  readonly socket: net.Socket
  /** The address of the client: Node forgets it when the socket is closed. */
  readonly remoteAddress: string
  readonly host: Host
  /** No further request is answered. */
  isClosing = false
  /** The socket is closed. */
  isGone = false
  #current: Exchange | null = null
  /** Its answer is on its way, and something waits until it has gone out. */
  #isSending = false
  #queue: Exchange[] = []
  #count = 0
  #newest: IncomingMessage | null = null
  #upgrade: Greenlet | null = null
  /** The status of a refusal that is to be sent behind the answers; 0: none. */
  #refusal = 0
  #linger: Linger | null = null

  constructor(socket: net.Socket, host: Host) {
    this.socket = socket
    this.remoteAddress = socket.remoteAddress ?? ''
    this.host = host
    Object.defineProperty(socket, CONNECTION, { value: this })
    socket.on('close', () => {
      this.#closed()
    })
  }

  /** Whether it is upgraded: not HTTP any more. */
  get isUpgraded(): boolean {
    return this.#upgrade !== null
  }

  /** Whether nothing is sent behind the answer that is sent now. */
  get endsNow(): boolean {
    return (this.isClosing || this.host.closed) && this.#queue.length === 0 && this.#refusal === 0
  }

  /** A request has come. */
  arrived(exchange: Exchange): void {
    this.#newest = exchange.node
    const status = refusalOf(exchange.node, this.host.maxHeaders)
    if (this.isClosing) return
    if (status !== 0) {
      this.#refuse(status)
      return
    }
    // Behind a change of protocol that does not come about Node loses what has come already, and would take the rest for a request.
    if (++this.#count >= this.host.maxRequestsPerConnection || asksForUpgrade(exchange.node)) this.isClosing = true
    if (this.#current === null && !this.#isSending) {
      this.#begin(exchange)
    } else {
      this.#queue.push(exchange)
      if (this.#queue.length === QUEUED) process.nextTick(pause, this.socket) // the end of this request has Node read on
    }
  }

  #begin(exchange: Exchange): void {
    this.#current = exchange
    this.host.began(exchange)
  }

  /** An exchange has ended, and its answer is on its way. */
  over(exchange: Exchange): void {
    const { answer, node } = exchange
    const { socket, host } = this
    if (this.#current === exchange) this.#current = null
    host.ended(exchange)
    if (this.isGone) return
    if (!node.complete || node.readableLength > 0) this.#dropBody(exchange)
    if (host.closed) this.isClosing = true
    if (socket.writableLength > 0 && host.writeTimeoutMs !== Infinity) {
      socket.setTimeout(host.writeTimeoutMs)
      // Before Node, which may set the time for the next request.
      answer.prependOnceListener('finish', () => socket.setTimeout(0))
    }
    if (this.#queue.length === 0 && !this.isClosing) return
    this.#isSending = true
    answer.once('finish', () => {
      this.#isSending = false
      this.#next()
    })
  }

  /** What was not read of a body is dropped; for a long one the connection is closed. */
  #dropBody({ node, answer, request }: Exchange): void {
    request.$drop()
    if (node.complete) return
    node.removeAllListeners('readable')
    node.resume()
    if (!isLong(node) && !request.$isAwaited && answer.shouldKeepAlive) return
    this.isClosing = true
    this.#lingerOn()
  }

  #next(): void {
    if (this.isGone) return
    const exchange = this.#queue.shift()
    if (exchange !== undefined) this.#begin(exchange)
    else if (this.isClosing) this.#end()
    if (this.#queue.length === QUEUED - 1) this.socket.resume()
  }

  /** Node could not read what came: `error.code` says why. */
  failed(error: NodeJS.ErrnoException): void {
    const { socket } = this
    if (error.code === 'HPE_INVALID_EOF_STATE' || !socket.writable || !isRefusable(error)) socket.destroy()
    else if (!this.isClosing && this.#newest?.complete === false) this.#refuseBody(statusOf(error))
    else if (!this.isClosing) this.#refuse(statusOf(error))
  }

  /** It is the body of one that is being handled, or was answered already: it must not be answered a second time. */
  #refuseBody(status: number): void {
    this.isClosing = true
    const newest = this.#queue.pop() ?? this.#current
    if (newest === null) {
      if (!this.#isSending) this.#end()
      return
    }
    const { request } = newest
    request.$fail(new RefusedRequest(status, `The body of ${request.label} is malformed, or came too slowly.`))
    if (newest !== this.#current) this.#refusal = status
  }

  /** What comes behind those that are being handled is none that could be answered. */
  #refuse(status: number): void {
    this.isClosing = true
    this.#refusal = status
    if (this.#current === null && !this.#isSending) this.#end()
  }

  /** Nobody is to be answered any more. */
  #end(): void {
    const { socket } = this
    const status = this.#refusal
    if (status !== 0) {
      writeRefusal(socket, status)
      this.#lingerOn()
    }
    socket.destroySoon()
  }

  /** Has what the client still sends read and dropped for a while when the connection ends. */
  #lingerOn(): void {
    if (this.#linger !== null) return
    const { socket } = this
    this.#linger = new Linger(socket)
    // Node calls it when the last answer was sent.
    socket.destroySoon = () => {
      socket.end()
    }
  }

  /** It is to become something else, such as a web socket. */
  upgrade(node: IncomingMessage, head: Buffer): void {
    const { socket, host } = this
    socket.on('error', ignore)
    if (this.isClosing) return
    const isBusy = this.#current !== null || this.#isSending
    const status = refusalOf(node, host.maxHeaders) || (isBusy ? 400 : 0)
    if (status !== 0) {
      socket.resume() // Node reads it no more
      this.#refuse(status)
      return
    }
    const request = new ServerRequest(node, host, null)
    const greenlet = spawnWith({ name: `upgrade of ${request.label}` }, () => this.#upgradeTo(request, node, head))
    this.#upgrade = greenlet
    host.upgraded(1)
    greenlet.$listen({
      notify: () => {
        host.upgraded(-1)
        if (greenlet.exception !== null || greenlet.value !== undefined) socket.destroy()
      },
    })
  }

  *#upgradeTo(request: ServerRequest, node: IncomingMessage, head: Buffer): Green<void> {
    const { socket, host } = this
    const made = yield* call((...args) => host.upgrade(...args), [request, socket, head] as const)
    if (made === undefined || made === null) return
    const answer = new http.ServerResponse(node)
    answer.assignSocket(socket)
    answer.once('finish', () => {
      answer.detachSocket(socket)
      socket.destroySoon()
    })
    const { writeTimeoutMs } = host
    const to: Delivery = { answer, node, writeTimeoutMs, bytes: 0, mustClose: () => true, goOn: ignore }
    const rest = send(to, made)
    if (rest !== null) yield* rest
  }

  /** The server wants no more: it is closed when nobody is to be answered on it. */
  retire(): void {
    if (this.#current !== null || this.#isSending || this.#upgrade !== null || this.#queue.length > 0) return
    this.socket.destroySoon()
  }

  /** Ends what runs on it. */
  kill(): void {
    this.isClosing = true
    this.#queue.length = 0
    this.#current?.kill()
    this.#upgrade?.kill()
  }

  #closed(): void {
    this.isGone = true
    this.#queue.length = 0
    this.#linger?.cancel()
    const { host } = this
    const exchange = this.#current
    if (exchange !== null) {
      const { request } = exchange
      request.$abort()
      exchange.kill()
      request.$fail(new SocketClosedError(`The client of ${request.label} has gone.`))
    }
    this.#upgrade?.kill()
    host.left(this)
  }
}

function ignore(): void {
  // of an error: 'close' comes behind it
}

function pause(socket: net.Socket): void {
  socket.pause()
}
