/**
 * The sending side of a body that goes out piece by piece: its back-pressure, and the client that does not read.
 *
 * A piece is handed to Node, which keeps what the client does not take; above its mark the writer waits until that is gone. While it waits
 * Node's own timer of the socket runs: a client that takes nothing for so long is cut off.
 *
 * Stands on Node's response. Leaves to `sending.ts` who writes.
 */
import type http from 'node:http'
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'
import { WaitList } from '../../waiting/wait-list.ts'

/** A piece of a body; text goes out as UTF-8. */
export type Chunk = string | Uint8Array

/** Where a body is written to, piece by piece: what a function as the body of a `Response` is given. */
export class BodyWriter {
  readonly #answer: http.ServerResponse
  readonly #timeoutMs: number
  readonly #waits = new WaitList<DrainWait>()
  #hears = false
  /** How many bytes were written. */
  bytes = 0

  /** @internal `timeoutMs`: how long a client may take nothing. */
  constructor(answer: http.ServerResponse, timeoutMs: number) {
    this.#answer = answer
    this.#timeoutMs = timeoutMs
  }

  /**
   * Sends a piece, and waits while the client takes it more slowly than it is sent. Of several that wait the one that came first goes on
   * first.
   *
   * @param chunk - text goes out as UTF-8.
   * @throws SocketClosedError when the client has gone, and the greenlet is another one than that of the request, which is killed by that;
   * UsageError at the call for what is neither text nor bytes.
   * @switches only if it must wait
   */
  write(chunk: Chunk): Operation<void> {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
      throw new UsageError(`out.write() expects a string or a Uint8Array, but got ${show(chunk)}.`)
    return new Write(this, chunk)
  }

  /** @internal Writes, and begins to wait if it has to. */
  $write(greenlet: Coroutine, chunk: Chunk): Step<void> {
    const answer = this.#answer
    if (answer.destroyed || answer.writableEnded) throw gone()
    this.bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
    if (chunk.length === 0 || answer.write(chunk)) return ready(undefined)
    this.#hear()
    answer.socket?.setTimeout(this.#timeoutMs === Infinity ? 0 : this.#timeoutMs)
    const wait = new DrainWait(greenlet)
    this.#waits.push(wait)
    wait.hub.outstanding++
    return wait.park()
  }

  #hear(): void {
    if (this.#hears) return
    this.#hears = true
    const answer = this.#answer
    answer.on('drain', () => {
      answer.socket?.setTimeout(0)
      for (let wait = this.#waits.shift(); wait !== null; wait = this.#waits.shift()) wait.drained()
    })
    answer.on('close', () => {
      for (let wait = this.#waits.shift(); wait !== null; wait = this.#waits.shift()) wait.closed()
    })
  }
}

function gone(): SocketClosedError {
  return new SocketClosedError('out.write(): the client has gone, or the response has ended.')
}

class Write extends HubOperation<void> {
  readonly #writer: BodyWriter
  readonly #chunk: Chunk

  constructor(writer: BodyWriter, chunk: Chunk) {
    super()
    this.#writer = writer
    this.#chunk = chunk
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#writer.$write(greenlet, this.#chunk)
  }

  override toString(): string {
    return 'out.write()'
  }
}

class DrainWait extends Wait {
  drained(): void {
    this.hub.outstanding--
    this.succeedAfterIO(undefined)
  }

  closed(): void {
    this.hub.outstanding--
    this.fail(gone())
  }

  protected override leave(): void {
    super.leave()
    this.hub.outstanding--
  }

  override describe(): string {
    return 'out.write()'
  }
}
