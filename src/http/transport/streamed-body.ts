/**
 * The body of an answer that is read piece by piece.
 *
 * It holds what has come and was not read yet; when that is enough the connection is told to pause, and with it the server. A body has one
 * reader at a time.
 *
 * Stands on waits. Leaves to `incoming.ts` the connection and the time.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { secondReader } from '../../waiting/cursor.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'

/** How many bytes are held before the connection is told to pause. */
export const HELD = 65_536

/** What the body needs of its exchange. */
interface Source {
  /** A reader begins to wait. */
  progress(): void
  /** Nobody waits any more. */
  relax(): void
  /** There is place again. */
  resume(): void
}

/** A body that is read piece by piece. */
export class StreamedBody {
  /** What it is, for messages. */
  readonly label: string
  readonly #source: Source
  readonly #chunks: Buffer[] = []
  #held = 0
  #state: 'open' | 'ended' | 'failed' = 'open'
  /** Why it did not come to its end. Set when it has failed. */
  #failure: Error | null = null
  #reader: ReadWait | null = null

  constructor(label: string, source: Source) {
    this.label = label
    this.#source = source
  }

  /** Whether all of it was read. */
  get ended(): boolean {
    return this.#state === 'ended' && this.#chunks.length === 0
  }

  /** A piece has come. Answers whether there is place for more. */
  push(chunk: Buffer): boolean {
    const reader = this.#reader
    if (reader !== null) {
      reader.give(chunk)
      return true
    }
    this.#chunks.push(chunk)
    this.#held += chunk.length
    return this.#held < HELD
  }

  /** There is no more. */
  end(): void {
    this.#state = 'ended'
    this.#reader?.give(null)
  }

  /** It broke off: who has read what came before is told. */
  fail(error: Error): void {
    this.#state = 'failed'
    this.#failure = error
    this.#reader?.failed(error)
  }

  /** Drops what was not read. */
  drop(): void {
    this.#chunks.length = 0
    this.#held = 0
  }

  /** @internal For the operation. */
  $begin(greenlet: Coroutine): Step<Buffer | null> {
    if (this.#reader !== null) throw secondReader(`read() of ${this.label}`, greenlet, this.#reader.greenlet)
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#held -= chunk.length
      if (this.#held < HELD) this.#source.resume()
      return ready(chunk)
    }
    if (this.#failure !== null) throw this.#failure
    if (this.#state === 'ended') return ready(null)
    this.#reader = new ReadWait(greenlet, this)
    this.#source.progress()
    return this.#reader.park()
  }

  /** @internal Its reader's wait is over. */
  $readerLeft(): void {
    this.#reader = null
    this.#source.relax()
  }
}

/** `read()` of a streamed body. */
export class Read extends HubOperation<Buffer | null> {
  readonly #body: StreamedBody

  constructor(body: StreamedBody) {
    super()
    this.#body = body
  }

  override begin(greenlet: Coroutine): Step<Buffer | null> {
    return this.#body.$begin(greenlet)
  }

  override toString(): string {
    return 'read()'
  }
}

/** A greenlet that is killed here gives up its turn, not the body: who has the response does. */
class ReadWait extends Wait {
  readonly #body: StreamedBody

  constructor(greenlet: Coroutine, body: StreamedBody) {
    super(greenlet)
    this.#body = body
    this.hub.outstanding++
  }

  give(chunk: Buffer | null): void {
    this.leave()
    this.succeedAfterIO(chunk)
  }

  failed(error: Error): void {
    this.leave()
    this.fail(error)
  }

  protected override leave(): void {
    this.hub.outstanding--
    this.#body.$readerLeft()
  }

  override describe(): string {
    return `read() of ${this.#body.label}`
  }
}
