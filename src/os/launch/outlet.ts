/**
 * Our end of a pipe that a child writes: its stdout, its stderr.
 *
 * Nobody but us has the socket, so a piece that comes is given as it came, whole; one for which nobody waits is held here, and the socket is
 * paused then, so that the child is slowed down. It is heard from the first read on, and until somebody else takes over.
 *
 * Turned down. What any socket is read by: it puts back into Node's buffer what nobody waits for, and takes from it by size; so pieces are cut
 * and joined, and their memory cannot be freed.
 *
 * Stands on waits for what is outside. Leaves buffers and text to the file over it.
 */
import type { Socket } from 'node:net'
import { ConcurrentObjectUseError, StreamClosedError, UsageError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Raw } from '../fileobject/raw.ts'
import { free } from './dead-buffers.ts'

/** What a child writes, and we read. */
export class Outlet implements Raw {
  readonly label: string
  readonly fd: null = null
  readonly disk: null = null
  readonly socket: Socket
  /** Whether another child reads it now. */
  isGivenAway = false
  /** Who waits to read; null: nobody. */
  reader: OutletWait | null = null
  /** Who has taken the socket over to read it to its end, as long as he waits; null: nobody. */
  taker: { readonly greenlet: Coroutine } | null = null
  /** What has come when nobody waited; hardly more than one piece. */
  #held: Buffer[] = []
  #isHeard = false

  constructor(socket: Socket, label: string) {
    this.socket = socket
    this.label = label
  }

  /** Whether somebody is known to be at the other end. While something is unread, Node may not have seen the end. */
  get isOpen(): boolean {
    const { destroyed, readableEnded, readableLength } = this.socket
    return !this.isGivenAway && this.#held.length === 0 && readableLength === 0 && !readableEnded && !destroyed
  }

  read(size: number): Operation<Buffer> {
    return new OutletRead(this, (greenlet) => new OutletWait<Buffer>(greenlet, this, size, given))
  }

  readinto(buffer: Uint8Array): Operation<number> {
    return new OutletRead(this, (greenlet) => {
      return new OutletWait<number>(greenlet, this, buffer.length, (piece) => {
        buffer.set(piece)
        const { length } = piece
        free(piece)
        return length
      })
    })
  }

  write(): Operation<void> {
    return new Nothing('write()', () => undefined) // its file is not for writing
  }

  close(): Operation<void> {
    return new Nothing('close()', () => {
      this.abandon()
    })
  }

  abandon(): void {
    this.#held = []
    this.socket.destroy()
  }

  /** Gives what has come, up to `size` bytes; none at the end; null: nothing has. @throws when it was closed before its end */
  take(size: number): Buffer | null {
    const [first] = this.#held
    if (first !== undefined) {
      if (first.length <= size) {
        this.#held.shift()
        return first
      }
      this.#held[0] = first.subarray(size)
      return first.subarray(0, size)
    }
    const { destroyed, errored, readableEnded } = this.socket
    if (readableEnded) return Buffer.alloc(0)
    if (destroyed) throw errored ?? new StreamClosedError(`read(): ${this.label} is closed.`)
    return null
  }

  /** Refuses to read what another child reads. `call` is the call as a person writes it. */
  checkOurs(call: string): void {
    if (this.isGivenAway && !this.socket.destroyed)
      throw new UsageError(`${call}: ${this.label} was given to another child, which reads it.`)
  }

  /** Has what comes told to the reader. */
  hear(): void {
    const { socket } = this
    if (!this.#isHeard) {
      this.#isHeard = true
      socket.on('data', this.#onData).on('end', this.#look).on('close', this.#look)
    }
    if (socket.readableFlowing !== true) socket.resume()
  }

  /** Somebody else reads the socket from now on; gives what has come and was not read. */
  handOver(): Buffer[] {
    const held = this.#held
    this.#held = []
    if (this.#isHeard) {
      this.#isHeard = false
      this.socket.off('data', this.#onData).off('end', this.#look).off('close', this.#look)
    }
    return held
  }

  readonly #onData = (piece: Buffer): void => {
    this.#held.push(piece)
    if (this.reader === null) this.socket.pause()
    else this.reader.look()
  }

  readonly #look = (): void => {
    this.reader?.look()
  }
}

function given(piece: Buffer): Buffer {
  return piece
}

class OutletRead<T> extends HubOperation<T> {
  readonly #outlet: Outlet
  readonly #make: (greenlet: Coroutine) => OutletWait<T>

  constructor(outlet: Outlet, make: (greenlet: Coroutine) => OutletWait<T>) {
    super()
    this.#outlet = outlet
    this.#make = make
  }

  override begin(greenlet: Coroutine): Step<T> {
    return this.#make(greenlet).begin()
  }

  override toString(): string {
    return `read() of ${this.#outlet.label}`
  }
}

class OutletWait<T = unknown> extends IOWait {
  readonly #outlet: Outlet
  readonly #size: number
  readonly #use: (piece: Buffer) => T

  constructor(greenlet: Coroutine, outlet: Outlet, size: number, use: (piece: Buffer) => T) {
    super(greenlet, `read() of ${outlet.label}`)
    this.#outlet = outlet
    this.#size = size
    this.#use = use
  }

  begin(): Step<T> {
    const outlet = this.#outlet
    outlet.checkOurs('read()')
    if (outlet.taker !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${this.greenlet.name}" called ${this.text}, where "${outlet.taker.greenlet.name}" reads already; who would get which bytes is not defined.`,
      )
    }
    const piece = outlet.take(this.#size)
    if (piece !== null) return ready(this.#use(piece))
    outlet.reader = this
    outlet.hear()
    return this.parkOutside()
  }

  /** Something is there, or nothing will be. */
  look(): void {
    const outlet = this.#outlet
    try {
      const piece = outlet.take(this.#size)
      if (piece === null) return
      outlet.reader = null
      this.happened(this.#use(piece))
    } catch (error) {
      outlet.reader = null
      this.failed(error)
    }
  }

  protected override leave(): void {
    super.leave()
    this.#outlet.reader = null
  }
}

/** An operation that waits for nothing. */
export class Nothing<T> extends HubOperation<T> {
  readonly #text: string
  readonly #does: () => T

  constructor(text: string, does: () => T) {
    super()
    this.#text = text
    this.#does = does
  }

  override begin(): Step<T> {
    return ready(this.#does())
  }

  override toString(): string {
    return this.#text
  }
}
