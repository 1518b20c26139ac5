/**
 * Writing the body of a message with back-pressure: `yield* response.sendall(chunk)`, of a `ServerResponse` and of a `ClientRequest`.
 *
 * `write` goes on taking what the peer does not read; `sendall` waits until it has taken enough, as that of a socket does.
 *
 * Stands on Node's messages and on the state of a request, which keeps its error. Leaves the end of the message to `end`.
 */

import type { OutgoingMessage, ServerResponse } from 'node:http'
import { SocketClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { SocketWait } from '../../net/readiness/socket-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { http } from '../node-http.ts'
import { requestStateOf } from './request.ts'

/** `sendall(data)` of a message. */
export class SendBody extends HubOperation<void> {
  readonly #message: OutgoingMessage
  readonly #data: string | Uint8Array
  readonly #limit: number | Timeout | undefined

  constructor(message: OutgoingMessage, data: string | Uint8Array, limit: number | Timeout | undefined) {
    super()
    this.#message = message
    this.#data = data
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    const message = this.#message
    // Of a request its errors are heard from now on, whoever waits for the answer.
    const failure = message instanceof http.ClientRequest ? requestStateOf(message).error : null
    if (failure !== null || message.destroyed || message.writableEnded) throw failure ?? closedError(message)
    const data = this.#data
    // Node may keep the bytes longer than the call lasts. Many are waited for until they were sent.
    const isKept = typeof data !== 'string' && data.length < message.writableHighWaterMark
    if (message.write(isKept ? Buffer.from(data) : data)) return ready(undefined)
    return new SendWait(greenlet, message).begin(this.#limit)
  }

  override toString(): string {
    return 'sendall()'
  }
}

/** Waits until the peer has taken what was written. */
class SendWait extends SocketWait {
  readonly #message: OutgoingMessage

  constructor(greenlet: Coroutine, message: OutgoingMessage) {
    super(greenlet, { label: labelOf(message) }, 'sendall()')
    this.#message = message
  }

  begin(limit: number | Timeout | undefined): Step<never> {
    const message = this.#message
    message.on('drain', this.#drained)
    message.on('finish', this.#drained) // it comes in the place of 'drain' when somebody ends the message meanwhile
    message.on('error', this.#failed)
    message.on('close', this.#closed)
    this.hub.outstanding++
    return this.limit(limit).park()
  }

  readonly #drained = (): void => {
    this.#ignore()
    this.happened(undefined)
  }

  readonly #failed = (error: Error): void => {
    this.#ignore()
    this.failed(error)
  }

  readonly #closed = (): void => {
    this.#failed(closedError(this.#message))
  }

  #ignore(): void {
    const message = this.#message
    message.off('drain', this.#drained)
    message.off('finish', this.#drained)
    message.off('error', this.#failed)
    message.off('close', this.#closed)
  }

  protected override leave(): void {
    this.#ignore()
    super.leave()
  }
}

function closedError(message: OutgoingMessage): Error {
  const how = message.writableEnded && !message.destroyed ? 'was ended' : 'is closed'
  return new SocketClosedError(`sendall(): ${labelOf(message)} ${how}.`)
}

/** A message as it stands in other messages. */
function labelOf(message: OutgoingMessage): string {
  if (message instanceof http.ClientRequest) return requestStateOf(message).label
  const { req: request } = message as Partial<ServerResponse> // any message may be asked
  return request === undefined ? 'the message' : `the response to ${nameOfRequest(request)}`
}

/** A request as a server sees it: `GET /path`. */
export function nameOfRequest(request: {
  readonly method?: string | undefined
  readonly url?: string | undefined
}): string {
  const [path = ''] = (request.url ?? '').split('?') // what is asked for may be a secret
  return `${request.method ?? ''} ${path}`
}
