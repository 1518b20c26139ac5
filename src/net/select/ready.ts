/**
 * Waiting until one thing is ready: `waitRead` and `waitWrite`.
 *
 * Stands on inquiries.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, type Pollable } from '../readiness/pollable.ts'
import { socketTimeout } from '../readiness/socket-wait.ts'
import { type Inquiry, inquire } from './inquiry.ts'
import { checkSelectable, closedTarget, pollableFor, type Selectable } from './target.ts'

/**
 * Waits until a socket can be read from, or a server has a connection: their next `recv` or `accept` would not wait.
 *
 * @param target - a socket, a server, a number, or an object with a `fileno()`.
 * @param options - `timeoutMs`: how long at the most.
 * @throws SocketTimeoutError when the time has passed; SocketClosedError when it is closed, before or meanwhile; UsageError at the call
 * when it is none of these.
 * @switches only if it must wait
 * @source gevent: `gevent.socket.wait_read`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { Socket, waitRead } from 'greenloop/net'
 *
 * await run(function* () {
 *   using server = new Socket()
 *   yield* server.bind(['127.0.0.1', 0])
 *   yield* server.listen()
 *   using client = new Socket()
 *   yield* client.connect(server.getsockname())
 *
 *   yield* waitRead(server)
 *   server.setblocking(false)
 *   const [connection] = yield* server.accept() // it is there
 *   console.log(connection.getpeername()[0]) // 127.0.0.1
 *   connection.close()
 * })
 * ```
 */
export function waitRead(target: Selectable, options: WaitOptions = {}): Operation<void> {
  return waitFor('waitRead()', target, POLLIN | POLLHUP | POLLERR, options)
}

/**
 * Waits until a socket can be written to: it is connected, and what was sent has gone; or its connection has failed.
 *
 * @param target - a socket, a number, or an object with a `fileno()`.
 * @param options - `timeoutMs`: how long at the most.
 * @throws as {@link waitRead}.
 * @switches only if it must wait
 * @source gevent: `gevent.socket.wait_write`
 */
export function waitWrite(target: Selectable, options: WaitOptions = {}): Operation<void> {
  return waitFor('waitWrite()', target, POLLOUT | POLLERR, options)
}

function waitFor(call: string, target: Selectable, events: number, options: WaitOptions): Operation<void> {
  checkSelectable(call, target)
  checkWaitOptions(call, options)
  return new WaitFor(call, target, events, options.timeoutMs)
}

class WaitFor extends HubOperation<void> {
  readonly #call: string
  readonly #target: Selectable
  readonly #events: number
  readonly #limit: WaitOptions['timeoutMs']

  constructor(call: string, target: Selectable, events: number, limit: WaitOptions['timeoutMs']) {
    super()
    this.#call = call
    this.#target = target
    this.#events = events
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    const pollable = pollableFor(this.#call, this.#target)
    return inquire(greenlet, new OneInquiry(this.#call, pollable, this.#events), this.#limit) as Step<void> // `true` is of no interest
  }

  override toString(): string {
    return this.#call
  }
}

class OneInquiry implements Inquiry<true> {
  readonly text: string
  readonly wanted: ReadonlyMap<Pollable, number>
  readonly #pollable: Pollable
  readonly #events: number

  constructor(text: string, pollable: Pollable, events: number) {
    this.text = text
    this.wanted = new Map([[pollable, events]])
    this.#pollable = pollable
    this.#events = events
  }

  answer(): true | null {
    const now = this.#pollable.events()
    if ((now & this.#events) !== 0) return true
    if ((now & POLLNVAL) !== 0) throw closedTarget(this.text, this.#pollable)
    return null
  }

  late(limit: Limit): never {
    throw socketTimeout(`${this.text} of ${this.#pollable.label}`, limit)
  }
}
