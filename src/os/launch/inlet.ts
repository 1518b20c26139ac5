/**
 * Our end of a pipe to a child that reads it: its stdin.
 *
 * Stands on the state of sockets. Leaves buffers and text to the file over it.
 */
import type { Socket } from 'node:net'
import { StreamClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { stateOf } from '../../net/stream/stream-state.ts'
import { StreamWait } from '../../net/stream/stream-wait.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Raw } from '../fileobject/raw.ts'
import { end } from '../streams/write.ts'
import { free } from './dead-buffers.ts'
import { Nothing } from './outlet.ts'

/** What we write, and a child reads. */
export class Inlet implements Raw {
  readonly label: string
  readonly fd: null = null
  readonly disk: null = null
  readonly socket: Socket

  constructor(socket: Socket, label: string) {
    this.socket = socket
    this.label = label
  }

  read(): Operation<Buffer> {
    return new Nothing('read()', () => Buffer.alloc(0)) // its file is not for reading
  }

  write(data: Buffer): Operation<void> {
    return new InletWrite(this, data)
  }

  close(): Operation<void> {
    return end(this.socket)
  }

  abandon(rest: Buffer): void {
    this.socket.end(rest)
  }
}

/** Writes what is ours, and frees it when it is out. */
class InletWrite extends HubOperation<void> {
  readonly #inlet: Inlet
  readonly #data: Buffer

  constructor(inlet: Inlet, data: Buffer) {
    super()
    this.#inlet = inlet
    this.#data = data
  }

  override begin(greenlet: Coroutine): Step<void> {
    const { socket, label } = this.#inlet
    const state = stateOf(socket)
    if (socket.destroyed || socket.writableEnded)
      throw state.failure ?? new StreamClosedError(`write(): ${label} is closed.`)
    const data = this.#data
    const isTaken = socket.write(data, () => {
      free(data)
    })
    if (isTaken) return ready(undefined)
    state.hearDrain()
    return new StreamWait(greenlet, state, 'write()').parkIn(state.senders, undefined)
  }

  override toString(): string {
    return `write() to ${this.#inlet.label}`
  }
}
