/**
 * Sending: `sendall`, which waits while the peer takes it more slowly than it is sent.
 *
 * Stands on the socket's state. Several greenlets may send: what each hands over stays together.
 */
import type net from 'node:net'
import { SocketClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { type StreamState, stateOf } from './stream-state.ts'
import { StreamWait } from './stream-wait.ts'

/**
 * The bytes, which are not the caller's any more: Node may keep them longer than the call lasts. A long piece is waited for until it was
 * sent, and is not copied.
 */
function copied(socket: net.Socket, data: Uint8Array): Uint8Array {
  return data.length >= socket.writableHighWaterMark ? data : Buffer.from(data)
}

/** `sendall(data)`. */
export class Sendall extends HubOperation<void> {
  declare private readonly socket: net.Socket
  declare private readonly data: string | Uint8Array
  declare private readonly timeLimit: number | Timeout | undefined

  constructor(socket: net.Socket, data: string | Uint8Array, timeLimit: number | Timeout | undefined) {
    super()
    this.socket = socket
    this.data = data
    this.timeLimit = timeLimit
  }

  override begin(greenlet: Coroutine): Step<void> {
    const { socket } = this
    const state = stateOf(socket)
    if (socket.destroyed || socket.writableEnded) throw state.failure ?? closedError(state)
    const { data } = this
    if (socket.write(typeof data === 'string' ? data : copied(socket, data))) return ready(undefined)
    state.hearDrain()
    return new StreamWait(greenlet, state, 'sendall()').parkIn(state.senders, this.timeLimit)
  }

  override toString(): string {
    return 'sendall()'
  }
}

/** What is thrown when nothing can be sent any more, though there was no error. */
function closedError(state: StreamState): Error {
  const { socket, label, ended } = state
  if (!socket.writableEnded) return state.closedError('sendall()')
  const hint =
    ended && !socket.allowHalfOpen
      ? ', as Node does when the peer has ended its own; { allowHalfOpen: true } leaves it open'
      : ''
  return new SocketClosedError(`sendall(): the sending side of ${label} was ended${hint}.`)
}
