/**
 * Servers for greenlets: waiting until one listens, and taking its connections one by one.
 *
 * Several greenlets may wait in `accept`; the one that came first is given the next connection.
 *
 * Stands on the server's state.
 */
import type net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Green, Operation } from '../../protocol.ts'
import { Cursor, secondReader } from '../../waiting/cursor.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import type { Address } from '../readiness/address.ts'
import { SocketWait } from '../readiness/socket-wait.ts'
import { type ServerState, serverStateOf } from './server-state.ts'

/** A connection, and who is at its other end. */
export type Accepted<S> = [connection: S, address: Address]

/** Waits until a server listens, and gives it. */
export class Listen<S extends net.Server> extends HubOperation<S> {
  readonly #server: S

  constructor(server: S) {
    super()
    this.#server = server
  }

  override begin(greenlet: Coroutine): Step<S> {
    const server = this.#server
    const state = serverStateOf(server)
    if (server.listening) return ready(server)
    return new ListenWait(greenlet, state, 'listen()').parkIn(state.listeners, undefined)
  }

  override toString(): string {
    return 'listen()'
  }
}

class ListenWait extends SocketWait<ServerState> {
  protected override leave(): void {
    super.leave()
    this.state.server.close() // nobody else knows that it listens
  }
}

/** Gives the next connection. `event` is what Node calls it: TLS has one of its own. */
export class Accept<S extends net.Socket> extends HubOperation<Accepted<S>> {
  readonly #server: net.Server
  readonly #event: string
  readonly #limit: number | Timeout | undefined

  constructor(server: net.Server, event: string, limit: number | Timeout | undefined) {
    super()
    this.#server = server
    this.#event = event
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<Accepted<S>> {
    const state = serverStateOf(this.#server)
    if (!state.takesConnections(this.#event)) throw takenByListener(this.#event)
    const socket = state.take()
    if (socket !== null) return ready(accepted(socket as S)) // what this server makes
    return new AcceptWait(greenlet, state, 'accept()').parkIn(state.acceptors, this.#limit)
  }

  override toString(): string {
    return 'accept()'
  }
}

class AcceptWait extends SocketWait<ServerState> {
  override happened(socket: unknown): void {
    super.happened(accepted(socket as net.Socket)) // the state hands connections to those who accept
  }
}

/** Who is at the other end; `['', 0]` when nobody is, any more. */
function peerOf(socket: net.Socket): Address {
  return [socket.remoteAddress ?? '', socket.remotePort ?? 0]
}

function accepted<S extends net.Socket>(socket: S): Accepted<S> {
  return [socket, peerOf(socket)]
}

function takenByListener(event: string): UsageError {
  return new UsageError(
    `accept() was called of a server that has a listener for '${event}', which is given every connection already.\n\n${wrongRight('createServer(handler); yield* server.accept()', 'each connection would have two owners', 'createServer(); yield* server.accept()')}`,
  )
}

/** The connections of a server, one after the other, until it is closed. */
export class AcceptCursor<S extends net.Socket> extends Cursor<Accepted<S>> {
  readonly #server: net.Server
  readonly #event: string
  #over = false
  /** Set while it waits. */
  #reader: Coroutine | null = null

  constructor(server: net.Server, event: string) {
    super()
    this.#server = server
    this.#event = event
  }

  override next(): Operation<boolean> {
    return operation('next() of server.cursor()', () => this.#next())
  }

  *#next(): Green<boolean> {
    if (this.#over) return this.end()
    if (this.#reader !== null) throw secondReader('next() of server.cursor()', kernel.current, this.#reader)
    this.#reader = kernel.current
    const state = serverStateOf(this.#server)
    try {
      return this.moveTo(yield* new Accept<S>(this.#server, this.#event, undefined))
    } catch (error) {
      if (!state.isClosed) throw error
      return this.end()
    } finally {
      this.#reader = null
    }
  }

  override [Symbol.dispose](): void {
    this.#over = true
  }
}
