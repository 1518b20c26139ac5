/**
 * Sending: `sendall`, which waits while the peer takes it more slowly than it is sent.
 *
 * Stands on the socket's state. Several greenlets may send: what each hands over stays together.
 */
import type net from 'node:net'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { stateOf } from './stream-state.ts'
import { StreamWait } from './stream-wait.ts'

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
    if (socket.destroyed || socket.writableEnded) throw state.closedError('sendall()')
    if (socket.write(this.data)) return ready(undefined)
    state.hearDrain()
    return new StreamWait(greenlet, state, 'sendall()', undefined).parkIn(state.senders, this.timeLimit)
  }

  override toString(): string {
    return 'sendall()'
  }
}
