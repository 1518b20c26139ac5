/**
 * The methods that Node's messages gain: as interfaces, and as the tables that the patch puts on prototypes.
 *
 * Stands on the operations. Leaves to `monkey` which objects have them.
 */
import type { ClientRequest, IncomingMessage, OutgoingMessage } from 'node:http'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import { begun } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { Answer } from './request.ts'
import { SendBody } from './sendall.ts'

/** What every `ClientRequest` gains, which `http.get` and `https.request` return. */
export interface RequestMethods {
  /** For `yield* http.get(url)`: waits for the answer, and gives it. A request that was not ended is ended by this. */
  [Symbol.iterator](): Iterator<Suspend, IncomingMessage, Resume>
}

/** What every message gains that is sent: a request of ours, a response to somebody. */
export interface MessageMethods {
  /**
   * Writes a piece of the body, and waits while the peer takes it more slowly than it is written.
   *
   * What was handed over before a kill is sent all the same.
   *
   * @param data - text is sent as UTF-8.
   * @param options - `timeoutMs`: how long at the most.
   * @throws SocketClosedError when the message is ended or closed, before or meanwhile; SocketTimeoutError when the time has passed; the
   * error of the request; UsageError for data that is neither.
   * @switches only if it must wait
   */
  sendall(data: string | Uint8Array, options?: WaitOptions): Operation<void>
}

/** The methods of requests, as they are put on a prototype. */
export const requestMethods: {
  [Symbol.iterator](this: ClientRequest): Iterator<Suspend, IncomingMessage, Resume>
} = {
  [Symbol.iterator]() {
    const wait = new Answer(this)
    begun(wait) // the request is
    return wait
  },
}

/** The methods of messages, as they are put on a prototype. */
export const messageMethods: {
  sendall(this: OutgoingMessage, data: string | Uint8Array, options?: WaitOptions): Operation<void>
} = {
  sendall(data, options = {}) {
    if (typeof data !== 'string' && !(data instanceof Uint8Array))
      throw new UsageError(`sendall() expects a string or a Uint8Array, but got ${show(data)}.`)
    checkWaitOptions('sendall()', options)
    return new SendBody(this, data, options.timeoutMs)
  },
}
