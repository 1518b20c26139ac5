/**
 * One exchange as an operation: a request that goes out through one of undici's dispatchers, and the answer that comes in.
 *
 * Stands on `incoming.ts`. Leaves redirects, encodings and tries to `requests`.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'
import { Incoming, type Outgoing, type Receiver } from './incoming.ts'

/** Waits for the answer. Given up, nothing of it is left. @switches always */
export function exchange(outgoing: Outgoing): Operation<Incoming> {
  return new Exchange(outgoing)
}

class Exchange extends HubOperation<Incoming> {
  readonly #outgoing: Outgoing

  constructor(outgoing: Outgoing) {
    super()
    this.#outgoing = outgoing
  }

  override begin(greenlet: Coroutine): Step<Incoming> {
    const wait = new AnswerWait(greenlet, this.toString())
    return wait.begin(this.#outgoing)
  }

  override toString(): string {
    const { method, url } = this.#outgoing
    return `${method} ${url.href}`
  }
}

class AnswerWait extends Wait implements Receiver {
  readonly #text: string
  #incoming: Incoming | null = null
  /** Set when it is told before its greenlet is parked. */
  #failedAtOnce: Error | null = null

  constructor(greenlet: Coroutine, text: string) {
    super(greenlet)
    this.#text = text
  }

  begin(outgoing: Outgoing): Step<Incoming> {
    const incoming = new Incoming(outgoing, this, this.hub)
    incoming.send()
    if (this.#failedAtOnce !== null) throw this.#failedAtOnce
    this.#incoming = incoming
    this.hub.outstanding++
    return this.park()
  }

  answered(incoming: Incoming): void {
    this.hub.outstanding--
    this.succeedAfterIO(incoming)
  }

  failed(error: Error): void {
    if (this.#incoming === null) {
      this.#failedAtOnce = error
      return
    }
    this.hub.outstanding--
    this.fail(error)
  }

  protected override leave(): void {
    this.hub.outstanding--
    this.#incoming?.destroy()
  }

  override describe(): string {
    return this.#text
  }
}
