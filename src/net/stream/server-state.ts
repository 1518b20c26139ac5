/**
 * What greenlets' use of a server leaves on it: who waits for a connection, and the connections that nobody has taken yet.
 *
 * Node accepts every connection at once and cannot be asked to wait. So those that nobody waits for stand in a queue here: connected, and
 * read no further than Node's buffer, which is what the machine's own backlog would do with them.
 *
 * A server with a listener for 'connection' hands its connections to that, as ever, and `accept` refuses it by name.
 *
 * Stands on Node's server. Leaves the waits to `accept.ts`.
 */
import type net from 'node:net'
import tls from 'node:tls'
import { SocketClosedError } from '../../errors/classes.ts'
import { WaitList } from '../../waiting/wait-list.ts'
import { showAddress } from '../readiness/address.ts'
import { retire } from '../readiness/numbers.ts'
import { POLLERR, POLLIN, POLLNVAL, Readiness } from '../readiness/pollable.ts'
import type { SocketWait } from '../readiness/socket-wait.ts'
import { stateOf } from './stream-state.ts'

const STATE = Symbol('greenloop.server')

interface WithState extends net.Server {
  [STATE]?: ServerState
}

/** What Node calls a new connection of it; of TLS, one whose handshake is done. */
export function connectionEventOf(server: net.Server): string {
  return server instanceof tls.Server ? 'secureConnection' : 'connection'
}

/** The state of a server; it is made at the first call. */
export function serverStateOf(server: net.Server): ServerState {
  return (server as WithState)[STATE] ?? new ServerState(server)
}

/** One for each server that a greenlet has used. */
export class ServerState extends Readiness {
  readonly server: net.Server
  /** Those who wait in `accept`. */
  readonly acceptors: WaitList<SocketWait> = new WaitList<SocketWait>()
  /** Those who wait until it listens. */
  readonly listeners: WaitList<SocketWait> = new WaitList<SocketWait>()
  /** Connected, and not taken yet. */
  readonly #waiting: net.Socket[] = []
  /** Of failed accepts, for the next call each. */
  readonly #errors: Error[] = []
  #where: string | null = null
  #closed = false
  #event: string | null = null
  readonly #adopt: (socket: net.Socket) => void

  constructor(server: net.Server) {
    super()
    this.server = server
    Object.defineProperty(server, STATE, { value: this })
    this.#adopt = adoptions.get(server) ?? ((): void => undefined)
    server.on('listening', this.#onListening)
    server.on('error', this.#onError)
    server.on('close', this.#onClose)
  }

  override get label(): string {
    this.#where ??= whereOf(this.server)
    return this.#where === null ? 'the server' : `the server at ${this.#where}`
  }

  /** Whether `accept` gives its connections: nobody else listens for them. `event` is what Node calls a new one. */
  takesConnections(event: string): boolean {
    if (this.server.listenerCount(event) === 0) this.#event = null // somebody has removed them all
    if (this.#event !== null) return !this.#handOver()
    if (this.server.listenerCount(event) > 0) return false
    this.#event = event
    this.server.on(event, this.#onConnection)
    this.#noticeClose()
    return true
  }

  /** If somebody has begun to listen for connections, they are theirs; answers whether that is so. */
  #handOver(): boolean {
    if (this.#event === null || this.server.listenerCount(this.#event) === 1) return false
    this.server.off(this.#event, this.#onConnection)
    this.#event = null
    return true
  }

  /**
   * Node tells of the end of a server when its last connection is over. Who waits for the next one is to know at once, and connections that
   * nobody will take must not keep the server open.
   */
  #noticeClose(): void {
    const { server } = this
    const value = (done?: (error?: Error) => void): net.Server => {
      const listened = server.listening
      Reflect.deleteProperty(server, 'close')
      server.close(done)
      if (listened) this.#ended()
      return server
    }
    Object.defineProperty(server, 'close', { value, configurable: true, writable: true })
  }

  /** A connection that waits; null when there is none. Throws the error of one that could not be accepted. */
  take(): net.Socket | null {
    const error = this.#errors.shift()
    if (error !== undefined) throw error
    for (let socket = this.#waiting.shift(); socket !== undefined; socket = this.#waiting.shift()) {
      if (!socket.destroyed || socket.readableLength > 0) return socket
    }
    if (this.#closed) throw this.closedError('accept()')
    return null
  }

  /** Whether it listened and does no more. */
  get isClosed(): boolean {
    return this.#closed
  }

  closedError(call: string): Error {
    return new SocketClosedError(`${call}: ${this.label} is closed.`)
  }

  readonly #onClose = (): void => {
    if (!this.#closed) this.#ended()
  }

  /** Listens no more: those who wait are told. It may be made to listen again. */
  #ended(): void {
    this.#closed = true
    retire(this)
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    for (const [waits, call] of [
      [this.listeners, 'listen()'],
      [this.acceptors, 'accept()'],
    ] as const)
      for (let wait = waits.shift(); wait !== null; wait = waits.shift()) wait.failed(this.closedError(call))
    this.tell(POLLNVAL)
  }

  readonly #onListening = (): void => {
    this.#closed = false
    if (this.#event !== null) this.#noticeClose()
    this.#where = whereOf(this.server)
    for (let wait = this.listeners.shift(); wait !== null; wait = this.listeners.shift()) wait.happened(this.server)
  }

  readonly #onError = (error: Error): void => {
    const wait = this.listeners.shift() ?? this.acceptors.shift()
    if (wait !== null) wait.failed(error)
    else if (this.#event !== null) this.#errors.push(error)
    else if (this.server.listenerCount('error') === 1) throw error // as if we did not listen
    this.tell(POLLIN | POLLERR)
  }

  readonly #onConnection = (socket: net.Socket): void => {
    if (this.#handOver()) return
    stateOf(socket) // a connection that breaks while it waits is its taker's error, not the process's
    this.#adopt(socket)
    const wait = this.acceptors.shift()
    if (wait !== null) wait.happened(socket)
    else this.#waiting.push(socket)
    this.tell(POLLIN)
  }

  override events(): number {
    if (this.#closed) return POLLNVAL
    return this.#waiting.length > 0 || this.#errors.length > 0 ? POLLIN : 0
  }

  override expect(_events: number): void {
    // Node accepts what comes.
  }
}

/** What servers of ours do with a connection before anybody has it: give it the methods of a greenlet's socket. */
const adoptions = new WeakMap<net.Server, (socket: net.Socket) => void>()

/** Has `adopt` called with each connection of `server`. Before its state is made. */
export function adoptConnections(server: net.Server, adopt: (socket: net.Socket) => void): void {
  adoptions.set(server, adopt)
}

function whereOf(server: net.Server): string | null {
  const address = server.address()
  if (address === null || typeof address === 'string') return address
  return showAddress([address.address, address.port])
}
