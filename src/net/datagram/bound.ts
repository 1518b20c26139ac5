/**
 * Waiting until a datagram socket is bound, or connected: what `yield* socket.bind(0)` and `yield* socket.connect(port)` do.
 *
 * Stands on the socket's state. Leaves binding and connecting to Node.
 */
import dgram from 'node:dgram'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { SocketWait } from '../readiness/socket-wait.ts'
import { addressOf, datagramStateOf } from './datagram-state.ts'

/** Waits until the socket is bound, and connected if that has begun; gives the socket. */
export class Bound<S extends dgram.Socket> extends HubOperation<S> {
  readonly #socket: S
  readonly #limit: number | Timeout | undefined

  constructor(socket: S, limit?: number | Timeout) {
    super()
    this.#socket = socket
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<S> {
    const state = datagramStateOf(this.#socket)
    const text = this.toString()
    if (state.isClosed) throw state.closedError(text)
    if (state.connecting) return new SocketWait(greenlet, state, text).parkIn(state.connectors, this.#limit)
    if (addressOf(this.#socket) !== null) return ready(this.#socket)
    return new SocketWait(greenlet, state, text).parkIn(state.binders, this.#limit)
  }

  override toString(): string {
    return datagramStateOf(this.#socket).connecting ? 'connect()' : 'bind()'
  }
}

/** What Node's `connect` takes. */
export type ConnectArguments = [port: number, address?: string | (() => void), callback?: () => void]

/** Node's, whatever is on the prototype later. */
const nodeConnect = Reflect.get(dgram.Socket.prototype, 'connect') as (
  this: dgram.Socket,
  ...args: ConnectArguments
) => void // a method

/** Connects as Node does, and has it known that this goes on. */
export function beginConnect(socket: dgram.Socket, args: ConnectArguments): void {
  nodeConnect.apply(socket, args)
  datagramStateOf(socket).connecting = true
}
