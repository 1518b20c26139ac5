/**
 * A buffered writer: what was written and not sent yet, until it is so much that sending is worth it.
 *
 * Stands on nothing but the protocol. Leaves to its owner where the bytes go, and who may write when. What is sent is handed over whole, at the
 * moment in which the sending begins: a kill during it takes nothing back, and nothing is sent twice.
 */
import type { Green, Operation } from '../protocol.ts'

/** Keeps what is written in the order of the writes. */
export class BufferedWriter {
  readonly #send: (data: Buffer) => Operation<void>
  readonly #encoding: BufferEncoding
  readonly #buffering: number
  #pieces: Buffer[] = []
  #unsent = 0

  /**
   * @param send - sends all of it. What it does not send at once is its own from then on.
   * @param encoding - of text.
   * @param buffering - how many bytes are kept before they are sent; 0: each write is sent at once.
   */
  constructor(send: (data: Buffer) => Operation<void>, encoding: BufferEncoding | null, buffering: number) {
    this.#send = send
    this.#encoding = encoding ?? 'utf8'
    this.#buffering = buffering
  }

  /** How many bytes were written and not sent. */
  get unsent(): number {
    return this.#unsent
  }

  /** Writes text, or bytes, which are copied; gives how many characters, or bytes, they are. */
  *write(data: string | Uint8Array): Green<number> {
    if (this.add(data)) yield* this.flush()
    return data.length
  }

  /** Whether it can be kept for sure, without anything being sent. */
  hasRoomFor(data: string | Uint8Array): boolean {
    return this.#unsent + (typeof data === 'string' ? 3 * data.length : data.length) <= this.#buffering
  }

  /** Keeps text, or bytes, which are copied. Answers whether it is time to {@link flush}. */
  add(data: string | Uint8Array): boolean {
    const piece = typeof data === 'string' ? Buffer.from(data, this.#encoding) : Buffer.from(data)
    this.#pieces.push(piece)
    this.#unsent += piece.length
    return this.#unsent > this.#buffering || this.#buffering === 0
  }

  /** Sends what was written. */
  *flush(): Green<void> {
    if (this.#unsent > 0) yield* this.#send(this.take())
  }

  /** Gives what was written and not sent, and forgets it: whoever takes it sends it. */
  take(): Buffer {
    const [only] = this.#pieces
    const data = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#unsent = 0
    return data
  }
}
