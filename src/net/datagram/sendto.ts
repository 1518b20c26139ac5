/**
 * Sending: `sendto`, which waits until the message was handed to the machine.
 *
 * Stands on the socket's state. Leaves names to the socket's own lookup.
 */
import type dgram from 'node:dgram'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import type { Address } from '../readiness/address.ts'
import { SocketWait } from '../readiness/socket-wait.ts'
import { type DatagramState, datagramStateOf } from './datagram-state.ts'

/** Sends one message to an address; null: to the one that the socket is connected to. Gives how many bytes were sent. */
export class Sendto extends HubOperation<number> {
  readonly #socket: dgram.Socket
  readonly #data: string | Uint8Array
  readonly #address: Address | null
  readonly #text: string
  readonly #limit: number | Timeout | undefined

  constructor(
    socket: dgram.Socket,
    data: string | Uint8Array,
    address: Address | null,
    text: string,
    timeLimit: number | Timeout | undefined,
  ) {
    super()
    this.#socket = socket
    this.#data = data
    this.#address = address
    this.#text = text
    this.#limit = timeLimit
  }

  override begin(greenlet: Coroutine): Step<number> {
    const state = datagramStateOf(this.#socket)
    if (state.isClosed) throw state.closedError(this.#text)
    state.takesMessages() // an answer may come before anybody asks for it
    state.throwPending()
    const wait = new SendtoWait(greenlet, state, this.#text)
    // First sent: Node throws at once what is wrong with the address.
    const sent = (error: Error | null, bytes: number): void => {
      wait.sent(error, bytes)
    }
    if (this.#address === null) this.#socket.send(this.#data, sent)
    else this.#socket.send(this.#data, this.#address[1], this.#address[0], sent)
    return wait.parkIn(state.senders, this.#limit)
  }

  override toString(): string {
    return this.#text
  }
}

class SendtoWait extends SocketWait<DatagramState> {
  /** It was handed over, or could not be. Somebody may have given up the wait before; the message is sent all the same. */
  sent(error: Error | null, bytes: number): void {
    if (this.list !== null) {
      this.state.senders.remove(this)
      if (error === null) this.happened(bytes)
      else this.failed(error)
    }
    this.state.sent()
  }
}
