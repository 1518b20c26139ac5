/**
 * The server that `serve` gives: listening, its requests and connections, and the end of all that.
 *
 * ```
 *   listening ── stop() ──▶ no new connections, idle ones closed ── all answered, or timeoutMs ──▶ the rest killed ──▶ closed
 * ```
 *
 * Invariants. Once it is stopped no request begins but those that wait already. When `stop` is over, no connection and no greenlet of its
 * is left.
 *
 * Stands on exchanges and Node's server. Leaves the signals to `serve.ts`.
 */
import type http from 'node:http'
import type net from 'node:net'
import type tls from 'node:tls'
import { isInterrupt, SocketClosedError } from '../../errors/classes.ts'
import { NO_WAIT } from '../../gevent/end.ts'
import { spawnWith } from '../../gevent/spawn.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { getHub, hubOf } from '../../hub/default.ts'
import { callInHub } from '../../hub/entry.ts'
import type { Hub } from '../../hub/hub.ts'
import { type Address, showAddress } from '../../net/readiness/address.ts'
import { Handshakes } from '../../net/server/handshakes.ts'
import { addressOfPlace, showPlace, whenListening } from '../../net/server/listener.ts'
import { checkStopOptions, type StopOptions } from '../../net/server/options.ts'
import type { Group } from '../../pools/group.ts'
import { Pool } from '../../pools/pool.ts'
import type { Begun, Green, Operation } from '../../protocol.ts'
import { AsyncResult } from '../../sync/async-result.ts'
import { Event } from '../../sync/event.ts'
import { begun, operation } from '../../waiting/operation.ts'
import { withTimeout } from '../../waiting/timeout.ts'
import { Connection, connectionOf, Exchange, type Host } from './exchange.ts'
import { nodeServer, type Settings } from './options.ts'
import type { ServerRequest } from './request.ts'

/** How long those who were killed may take to end. */
const DYING_MS = 1000

/** Answers a request: a generator function, or any function. It returns a `Response`, or a promise or an operation of one. */
export type RequestHandler = (request: ServerRequest) => unknown

/** A server of HTTP: what `serve` gives. */
export class HTTPServer implements Disposable, AsyncDisposable {
  /** Node's server. */
  readonly node: http.Server
  /** The pool in which requests are handled; null: there is none. */
  readonly pool: Pool | Group | null
  /** How long {@link stop} waits for what runs. */
  readonly stopTimeoutMs: number
  readonly #settings: Settings
  readonly #handler: RequestHandler
  readonly #hub: Hub
  readonly #handshakes: Handshakes | null
  readonly #connections = new Set<Connection>()
  /** Those that have a turn, and no place in the pool yet. */
  readonly #line: Exchange[] = []
  #lineMoves = false
  #running = 0
  #upgraded = 0
  #address: Address | string
  #closed = false
  #isNodeClosed = false
  readonly #bound = new AsyncResult<void>()
  #startWatched = false
  /** Set when nothing of a request runs. */
  readonly #quiet = new Event()
  readonly #gone = new Event()
  readonly #host: Host

  /** @internal Made by `serve`. */
  constructor(handler: RequestHandler, settings: Settings) {
    this.#handler = handler
    this.#settings = settings
    this.#hub = hubOf(kernel.current)
    this.pool = settings.pool
    this.stopTimeoutMs = settings.stopTimeoutMs
    this.#address = addressOfPlace(settings.place)
    this.node = nodeServer(settings)
    this.#handshakes = settings.tls === null ? null : new Handshakes(this.node as unknown as tls.Server) // one of HTTPS is
    this.#quiet.set()
    this.#host = this.#asHost()
    this.#listen()
  }

  /** Where it listens: host and port; of a Unix socket the path. Kept when it is stopped. */
  get address(): Address | string {
    return this.#address
  }

  /** The host at which it listens; empty for all, and for a Unix socket. */
  get serverHost(): string {
    return typeof this.#address === 'string' ? '' : this.#address[0]
  }

  /** The port at which it listens; 0 for a Unix socket, and as long as the machine has not chosen one. */
  get serverPort(): number {
    return typeof this.#address === 'string' ? 0 : this.#address[1]
  }

  /** Where it can be asked on this machine, without a slash at the end: `http://127.0.0.1:8000`. */
  get url(): string {
    return `${this.#settings.tls === null ? 'http' : 'https'}://${this.#authority}`
  }

  get #authority(): string {
    const { serverHost: host, serverPort: port } = this
    return host === '' || host === '::' || host === '0.0.0.0' ? `localhost:${port}` : showAddress([host, port])
  }

  /** Whether it listens, or is about to. */
  get started(): boolean {
    return !this.#closed
  }

  /** Whether it was stopped. */
  get closed(): boolean {
    return this.#closed
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#connections.size
  }

  /** How many requests are being handled, those that wait for a place included. */
  get running(): number {
    return this.#running
  }

  /** Whether no more are handled at the moment, since the pool has no free place. @switches never */
  full(): boolean {
    return this.pool instanceof Pool && this.pool.full()
  }

  /** @internal Calls `fn` when it is stopped: listens no more, and has no connection any more. */
  $onGone(fn: () => void): void {
    this.#gone.rawlink(fn)
  }

  /** @internal Waits until it listens; begun. */
  $listening(): Begun<this> {
    return begun(operation('serve()', () => this.#untilBound()))
  }

  *#untilBound(): Green<this> {
    this.#startWatched = true
    try {
      yield* this.#bound.get()
    } catch (error) {
      if (isInterrupt(error)) yield* this.stop({ timeoutMs: 0 })
      throw error
    }
    return this
  }

  /** What the exchanges see of it. */
  #asHost(): Host {
    const { bodyLimit, handlerTimeoutMs, writeTimeoutMs, maxHeaders, maxRequestsPerConnection, upgrade, log } =
      this.#settings
    const authority = (): string => this.#authority
    return {
      bodyLimit,
      handlerTimeoutMs,
      writeTimeoutMs,
      maxHeaders,
      maxRequestsPerConnection,
      get authority() {
        return authority()
      },
      closed: this.#closed,
      handle: this.#handler,
      upgrade: (request, socket, head) => upgrade?.(request, socket, head),
      began: (exchange) => {
        if (log !== null) exchange.began = this.#hub.clock.now()
        this.#changeRunning(1)
        this.#start(exchange)
      },
      ended: (exchange) => {
        this.#changeRunning(-1)
        if (log !== null) this.#log(exchange, log)
      },
      upgraded: (change) => {
        this.#upgraded += change
        this.#changeRunning(0)
      },
      left: (connection) => {
        this.#connections.delete(connection)
        this.#checkGone()
      },
    }
  }

  #changeRunning(change: number): void {
    this.#running += change
    if (this.#closed && this.#running + this.#upgraded === 0) this.#quiet.set()
  }

  #listen(): void {
    const { node } = this
    const { place, backlog, tls: secure, upgrade } = this.#settings
    node.on(secure === null ? 'connection' : 'secureConnection', (socket: net.Socket) => {
      this.#handshakes?.done(socket)
      const connection = new Connection(socket, this.#host)
      if (this.#closed) socket.destroy()
      else this.#connections.add(connection)
    })
    // An expectation that nobody knows is refused as other faults are.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      node.on(event, (message: http.IncomingMessage, answer: http.ServerResponse) => {
        const connection = connectionOf(message.socket)
        getHub().callAfterIO() // those that have come at once share a slice
        connection?.arrived(new Exchange(connection, message, answer, event === 'checkContinue'))
      })
    }
    node.on('clientError', (error: NodeJS.ErrnoException, socket: net.Socket) => {
      const connection = connectionOf(socket)
      if (connection === undefined) socket.destroy()
      else connection.failed(error)
    })
    if (upgrade !== null)
      node.on('upgrade', (message: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
        connectionOf(socket)?.upgrade(message, head)
      })
    node.once('close', () => {
      this.#isNodeClosed = true
      this.#checkGone()
    })
    whenListening(
      node,
      () => {
        this.#isBound()
      },
      (error) => {
        this.#failedToBind(error)
      },
    )
    const queued = backlog === undefined ? {} : { backlog }
    if ('path' in place) node.listen({ path: place.path, ...queued })
    else node.listen({ port: place.port, ...(place.host === '' ? {} : { host: place.host }), ...queued })
  }

  /** Node's server may be told of a connection's end before we are. */
  #checkGone(): void {
    if (this.#isNodeClosed && this.#connections.size === 0) this.#gone.set()
  }

  #isBound(): void {
    const { node } = this
    // Such as too many open files: it goes on with those that it has.
    node.on('error', (error) => {
      this.#hub.tell(error, { name: String(this) })
    })
    const address = node.address()
    if (typeof address === 'object' && address !== null) this.#address = [address.address, address.port]
    if (this.#closed) node.close()
    else this.#bound.set()
  }

  #failedToBind(error: Error): void {
    this.#gone.set()
    if (this.#bound.ready()) return
    this.#bound.setException(error)
    this.stop()
    // In a turn of its own: who awaits the start may not have got to it.
    this.#hub.runCallback(() => {
      if (!this.#startWatched) this.#hub.tell(error, { name: String(this) })
    })
  }

  /** Starts an exchange whose turn has come, as soon as the pool has a place. */
  #start(exchange: Exchange): void {
    const { pool } = this
    if (pool === null) {
      exchange.start()
    } else if (pool instanceof Pool) {
      this.#line.push(exchange)
      if (!this.#lineMoves) this.#beginLine(pool)
    } else {
      pool.start(exchange)
    }
  }

  #beginLine(pool: Pool): void {
    this.#lineMoves = true
    spawnWith({ name: `line of ${String(this)}`, context: 'empty' }, () => this.#moveLine(pool))
  }

  *#moveLine(pool: Pool): Green<void> {
    try {
      while (this.#line.length > 0) {
        while (pool.full()) yield* pool.waitAvailable()
        const [exchange] = this.#line
        if (exchange?.dead === false) yield* pool.start(exchange)
        this.#line.shift()
      }
    } finally {
      this.#lineMoves = false
      if (this.#line.length > 0) this.#beginLine(pool) // it was killed, and they were not
    }
  }

  #log(exchange: Exchange, log: NonNullable<Settings['log']>): void {
    const { answer, bytes, began, request } = exchange
    const now = this.#hub.clock.now()
    try {
      callInHub('log', log, {
        request,
        status: answer.headersSent ? answer.statusCode : 0,
        bytes,
        ms: now - began,
        remoteAddress: exchange.connection.remoteAddress,
        at: new Date(performance.timeOrigin + now),
      })
    } catch (error) {
      this.#hub.tell(error, { name: `log of ${String(this)}` })
    }
  }

  /**
   * Listens no more, closes the connections on which nobody is to be answered, waits for the requests that run, and kills those that take
   * too long: they are answered with 503 where that can still be. The effect is at the call; driving it waits until no connection is left.
   *
   * Connections that were upgraded are waited for, too, and dropped when the time is up.
   *
   * @param options - `timeoutMs`: how long it waits before it kills. @defaultValue {@link stopTimeoutMs}
   * @throws UsageError at the call when the options are wrong.
   * @switches only if it must wait
   * @source gevent: `BaseServer.stop`
   */
  stop(options: StopOptions = {}): Begun<void> {
    checkStopOptions('stop()', options)
    const { timeoutMs = this.stopTimeoutMs } = options
    if (!this.#closed) this.#close()
    if (this.#gone.isSet()) return NO_WAIT
    // In a greenlet of its own: it comes to its end whatever becomes of the caller, who may be a handler, too.
    const ending = spawnWith({ name: `stop() of ${String(this)}` }, () => this.#end(timeoutMs))
    return begun(ending.join())
  }

  #close(): void {
    this.#closed = true
    this.#host.closed = true
    this.#quiet.clear()
    this.#changeRunning(0)
    const { node } = this
    if (!this.#bound.ready()) this.#bound.setException(new SocketClosedError(`serve(): ${String(this)} was stopped.`))
    if (node.listening) node.close()
    for (const connection of [...this.#connections]) connection.retire()
    this.#handshakes?.abandon()
  }

  *#end(timeoutMs: number): Green<void> {
    try {
      yield* withTimeout({ ms: timeoutMs, timeoutValue: false }, () => this.#gone.wait())
    } finally {
      for (const connection of [...this.#connections]) connection.kill()
      yield* this.#quiet.wait({ timeoutMs: DYING_MS })
      this.#handshakes?.abandon()
      for (const { socket } of [...this.#connections]) socket.destroy()
      yield* this.#gone.wait()
    }
  }

  /**
   * Waits until it is stopped; and stops it when the greenlet that waits is killed.
   *
   * @param options - for {@link stop}.
   * @throws what the listener fails of; UsageError at the call when the options are wrong.
   * @switches always
   * @source gevent: `BaseServer.serve_forever`
   */
  serveForever(options: StopOptions = {}): Operation<void> {
    checkStopOptions('serveForever()', options)
    return operation(`serveForever() of ${String(this)}`, () => this.#serve(options))
  }

  *#serve(options: StopOptions): Green<void> {
    try {
      yield* this.#gone.wait()
    } finally {
      yield* this.stop(options)
    }
  }

  /** For `using`: {@link stop}, without waiting for its end. */
  [Symbol.dispose](): void {
    this.stop()
  }

  /** For `await using`: {@link stop}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  toString(): string {
    return `<HTTPServer at ${showPlace(this.#address)}, ${this.#closed ? 'closed' : 'started'}>`
  }
}
