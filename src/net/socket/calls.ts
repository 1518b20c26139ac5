/**
 * What the calls of a `Socket` are made of: one that looks at its socket each time it is driven, one that never waits, and `send`.
 *
 * `send` hands over as much as there is room for, and waits only while there is none. Node takes everything that it is given into its own
 * memory. So there is room here as long as less waits there than its mark says (`writableHighWaterMark`), and a socket that does not wait
 * takes no more than that.
 *
 * Stands on the stream's state.
 */
import type net from 'node:net'
import os from 'node:os'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { type StreamState, stateOf } from '../stream/stream-state.ts'
import { StreamWait } from '../stream/stream-wait.ts'

/** An error as the operating system's calls give it: with a code, and the name of the call. */
export function systemError(syscall: string, code: keyof typeof os.constants.errno, why: string): Error {
  return Object.assign(new Error(`${syscall} ${code}: ${why}`), { code, errno: -os.constants.errno[code], syscall })
}

/** A call that looks at its socket each time it is driven. */
export class Call<T> extends HubOperation<T> {
  readonly #text: string
  readonly #make: () => HubOperation<T>

  /** @param make - looks, and gives the operation beneath. */
  constructor(text: string, make: () => HubOperation<T>) {
    super()
    this.#text = text
    this.#make = make
  }

  override begin(greenlet: Coroutine): Step<T> {
    const operation = this.#make()
    if (kernel.debug !== null) kernel.debug.operationDriven(operation)
    return operation.begin(greenlet)
  }

  override toString(): string {
    return this.#text
  }
}

/** A call that never waits: it is done when it is driven. */
export class AtOnce<T> extends HubOperation<T> {
  readonly #text: string
  readonly #act: () => T

  constructor(text: string, act: () => T) {
    super()
    this.#text = text
    this.#act = act
  }

  override begin(_greenlet: Coroutine): Step<T> {
    return ready(this.#act())
  }

  override toString(): string {
    return this.#text
  }
}

/** What is to be sent. */
export type Sendable = string | Uint8Array

/** How many bytes it takes before it is full. */
export function roomOf(socket: net.Socket): number {
  return Math.max(0, socket.writableHighWaterMark - socket.writableLength)
}

/** Sends all of it when there is room, or, of a socket that does not wait, as much as there is room for; gives how many bytes. */
export class Sent extends HubOperation<number> {
  readonly #socket: net.Socket
  readonly #data: Sendable
  readonly #blocking: boolean
  readonly #limit: number | undefined

  constructor(socket: net.Socket, data: Sendable, blocking: boolean, limit: number | undefined) {
    super()
    this.#socket = socket
    this.#data = data
    this.#blocking = blocking
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<number> {
    const socket = this.#socket
    const bytes = typeof this.#data === 'string' ? Buffer.from(this.#data) : this.#data
    const room = roomOf(socket)
    if (this.#blocking && room === 0) {
      const state = stateOf(socket)
      state.hearDrain()
      return new SendWait(greenlet, state, bytes).parkIn(state.senders, this.#limit)
    }
    const piece = this.#blocking ? bytes : bytes.subarray(0, room)
    socket.write(Buffer.from(piece)) // a copy: Node keeps it longer than the call lasts
    return ready(piece.length)
  }

  override toString(): string {
    return 'send()'
  }
}

class SendWait extends StreamWait {
  readonly #bytes: Uint8Array

  constructor(greenlet: Coroutine, state: StreamState, bytes: Uint8Array) {
    super(greenlet, state, 'send()')
    this.#bytes = bytes
  }

  override happened(): void {
    const { socket } = this.state
    if (socket.destroyed || socket.writableEnded) {
      this.closed() // it was shut down meanwhile
      return
    }
    socket.write(Buffer.from(this.#bytes)) // a copy, as above
    super.happened(this.#bytes.length)
  }
}
