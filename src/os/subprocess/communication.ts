/**
 * Talking to a child whole: all input in, all output out, both at once, so that neither side waits for the other.
 *
 * ```
 *   input  ──▶ stdin   until all is written, or the child does not take it (EPIPE, which is no error)
 *   stdout ──▶ pieces  until the end of the pipe: the child's, or that of whoever else holds it
 *   stderr ──▶ pieces
 *   ──────────▶ all of them over, and the child ended: that is the outcome
 * ```
 *
 * A wait that is cut short has lost nothing: what was read is kept, the pipes are not read meanwhile, and the next one goes on. Input that is
 * not written yet stays with Node, which goes on writing.
 *
 * Stands on the sockets of the child. Leaves to `popen.ts` when the child has ended, and to `run.ts` what follows.
 */
import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { ConcurrentObjectUseError, InternalError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { lateError } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import { TimeoutExpired } from '../exceptions.ts'
import type { FileObject } from '../fileobject/file-object.ts'
import type { Args } from '../launch/options.ts'
import type { Outlet } from '../launch/outlet.ts'
import { outletOf } from '../launch/pipes.ts'

/** What the child has written, as far as that was a pipe. */
export type Written = [stdout: string | Buffer | null, stderr: string | Buffer | null]

/** A child, as far as one talks to it. */
export interface Partner {
  readonly args: Args
  readonly returncode: number | null
  /** For messages. */
  toString(): string
}

/** One for each child that is talked to; it goes on where the last wait was cut short. */
export class Communication {
  readonly #partner: Partner
  readonly #stdin: Socket | null
  readonly #given: string | Uint8Array | undefined
  readonly #input: Input | null
  readonly #outputs: readonly (Output | null)[]
  readonly #encoding: BufferEncoding | null
  #wait: CommunicateWait | null = null
  #outcome: Written | null = null
  #hasBegun = false

  /**
   * @param stdin - our end of the child's stdin.
   * @param files - our ends of its stdout and stderr; what was read of them and not asked for yet belongs to the outcome.
   * @param input - all that it is to read; what was written before comes first.
   */
  constructor(
    partner: Partner,
    stdin: Socket | null,
    files: readonly (FileObject | FileObject<Buffer> | null)[],
    input: string | Uint8Array | undefined,
    encoding: BufferEncoding | null,
  ) {
    this.#partner = partner
    this.#stdin = stdin
    this.#given = input
    this.#encoding = encoding
    const look = (): void => {
      this.look()
    }
    this.#input = stdin && new Input(stdin, look)
    this.#outputs = files.map((file) => file && new Output(file, look))
  }

  /** Whether the input is on its way. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** `cut`: called when the wait is cut short, while the pipes are still being read: who is at their other ends is known then. */
  begin(greenlet: Coroutine, limit: Limit | undefined, cut: (() => void) | null): Step<Written> {
    if (this.#outcome !== null) return ready(this.#outcome)
    const reader = [this.#wait, ...this.#outputs.map((output) => output?.reader)].find((wait) => wait != null)
    if (reader != null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" called communicate() of ${String(this.#partner)}, where "${reader.greenlet.name}" reads already; who would get which bytes is not defined.`,
      )
    }
    for (const output of this.#outputs) output?.checkOurs(this.describe())
    if (!this.#hasBegun) this.#send()
    if (this.#isOver) return ready(this.#finish())
    const wait = new CommunicateWait(greenlet, this, cut)
    this.#wait = wait
    this.#input?.hear()
    for (const output of this.#outputs) output?.hear(wait)
    return wait.parkOutside(limit)
  }

  #send(): void {
    const stdin = this.#stdin
    this.#hasBegun = true
    if (stdin === null || stdin.destroyed) return
    if (this.#given === undefined) stdin.end()
    else stdin.end(bytesOf(this.#given, this.#encoding))
  }

  /** Something is over: of a pipe, or the child. */
  look(): void {
    const wait = this.#wait
    if (wait === null || !this.#isOver) return
    this.stop()
    let written: Written
    try {
      written = this.#finish()
    } catch (error) {
      wait.failed(error) // more than a string can hold
      return
    }
    wait.happened(written)
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#wait = null
    this.#input?.unhear()
    for (const output of this.#outputs) output?.unhear()
  }

  /** What is thrown when the time is up. */
  late(timeoutMs: number): TimeoutExpired {
    const partner = this.#partner
    const [stdout, stderr] = this.soFar()
    return new TimeoutExpired(
      `communicate() of ${String(partner)} timed out after ${String(timeoutMs)} ms; the child runs on.`,
      { args: partner.args, timeoutMs, stdout, stderr },
    )
  }

  /** What the child has written so far. */
  soFar(): Written {
    return this.#outcome ?? (this.#outputs.map((output) => this.#carried(output, true)) as Written) // there are two
  }

  describe(): string {
    return `communicate() of ${String(this.#partner)}`
  }

  get #isOver(): boolean {
    return (
      this.#partner.returncode !== null &&
      this.#outputs.every((output) => output?.isOver !== false) &&
      this.#input?.isOver !== false
    )
  }

  #finish(): Written {
    this.#input?.close()
    for (const output of this.#outputs) output?.close()
    this.#outcome = this.#outputs.map((output) => this.#carried(output, false)) as Written // there are two
    return this.#outcome
  }

  #carried(output: Output | null, isCut: boolean): string | Buffer | null {
    if (output === null) return null
    const { bytes } = output
    if (this.#encoding === null) return bytes
    return isCut ? new StringDecoder(this.#encoding).write(bytes) : bytes.toString(this.#encoding)
  }
}

function bytesOf(input: string | Uint8Array, encoding: BufferEncoding | null): Uint8Array {
  return typeof input === 'string' ? Buffer.from(input, encoding ?? 'utf8') : input
}

/** What a pipe of a child and a wait for its end have in common. */
abstract class Side {
  protected readonly socket: Socket
  protected readonly look: () => void

  constructor(socket: Socket, look: () => void) {
    this.socket = socket
    this.look = look
  }

  abstract readonly isOver: boolean
  abstract hear(wait: CommunicateWait): void
  abstract unhear(): void

  close(): void {
    this.socket.destroy()
  }
}

/** All input on its way. */
class Input extends Side {
  override get isOver(): boolean {
    return this.socket.writableFinished || this.socket.destroyed
  }

  override hear(): void {
    this.socket.on('finish', this.look).on('close', this.look)
  }

  override unhear(): void {
    this.socket.off('finish', this.look).off('close', this.look)
  }
}

/** All output, as it comes. */
class Output extends Side {
  readonly #file: FileObject | FileObject<Buffer>
  readonly #outlet: Outlet
  #pieces: Buffer[] = []

  constructor(file: FileObject | FileObject<Buffer>, look: () => void) {
    const outlet = outletOf(file)
    if (outlet === null) throw new InternalError('A child writes to a file that is no pipe.')
    super(outlet.socket, look)
    this.#file = file
    this.#outlet = outlet
  }

  override get isOver(): boolean {
    return this.socket.readableEnded || this.socket.destroyed
  }

  /** Refuses to read what another child reads. */
  checkOurs(call: string): void {
    this.#outlet.checkOurs(call)
  }

  /** Who waits to read it; null: nobody. */
  get reader(): { readonly greenlet: Coroutine } | null {
    return this.#outlet.reader
  }

  get bytes(): Buffer {
    this.#takeRead()
    const all = Buffer.concat(this.#pieces)
    this.#pieces = [all]
    return all
  }

  override hear(wait: CommunicateWait): void {
    this.#outlet.taker = wait
    this.#takeRead()
    this.socket.on('data', this.#onData).on('end', this.look).on('close', this.look)
    this.socket.resume()
  }

  /** What was read before. */
  #takeRead(): void {
    const buffered = this.#file.$takeBuffered()
    if (buffered.length > 0) this.#pieces.push(buffered)
    this.#pieces.push(...this.#outlet.handOver())
  }

  override unhear(): void {
    this.#outlet.taker = null
    this.socket.pause()
    this.socket.off('data', this.#onData).off('end', this.look).off('close', this.look)
  }

  readonly #onData = (piece: Buffer): void => {
    this.#pieces.push(piece)
  }
}

class CommunicateWait extends IOWait {
  readonly #communication: Communication
  readonly #cut: (() => void) | null

  constructor(greenlet: Coroutine, communication: Communication, cut: (() => void) | null) {
    super(greenlet, 'communicate()')
    this.#communication = communication
    this.#cut = cut
  }

  protected override leave(): void {
    super.leave()
    this.#cut?.()
    this.#communication.stop()
  }

  protected override timeoutError(limit: Limit): Error {
    if (typeof limit !== 'number') return lateError(limit)
    try {
      return this.#communication.late(limit)
    } catch (error) {
      return error as Error // more than a string can hold
    }
  }

  override describe(): string {
    return this.#communication.describe()
  }
}
