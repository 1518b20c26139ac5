/**
 * Waiting until a socket is connected: what `yield* net.connect(...)` does with the socket that it is given.
 *
 * Stands on the socket's state. Leaves the connecting to Node.
 */
import type net from 'node:net'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { stateOf } from './stream-state.ts'
import { StreamWait } from './stream-wait.ts'

/** How far a connection has come, and the event that says that it is there. */
export interface Connecting {
  readonly event: string
  isConnected(socket: net.Socket): boolean
}

/** A connection of TCP, or of a Unix socket. */
const plain: Connecting = {
  event: 'connect',
  isConnected: (socket) => !socket.connecting && !socket.pending,
}

/** Waits until `socket` is connected, and gives it. A greenlet that is cut short closes it: nobody else has it yet. */
export class Connect<S extends net.Socket> extends HubOperation<S> {
  readonly #socket: S
  readonly #how: Connecting

  constructor(socket: S, how: Connecting = plain) {
    super()
    this.#socket = socket
    this.#how = how
  }

  override begin(greenlet: Coroutine): Step<S> {
    const socket = this.#socket
    const state = stateOf(socket)
    if (socket.destroyed) throw state.closedError('connect()')
    if (this.#how.isConnected(socket)) return ready(socket)
    state.hearConnect(this.#how.event)
    return new ConnectWait(greenlet, state, 'connect()').parkIn(state.connectors, undefined)
  }

  override toString(): string {
    return 'connect()'
  }
}

class ConnectWait extends StreamWait {
  protected override leave(): void {
    super.leave()
    this.state.socket.destroy()
  }
}
