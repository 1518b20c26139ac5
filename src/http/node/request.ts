/**
 * Asking by `node:http`, in a greenlet: what `yield* http.get(url)` does with the `ClientRequest` that it is given.
 *
 * Model. A request that no greenlet drives is Node's alone. From the first time that it is driven on there is one state for it, found by a
 * symbol, with one listener for each event that ends the wait. Since somebody listens for 'response', Node does not throw the body away; it
 * stays in the connection until it is read.
 *
 * ```
 *   'response' ───────────────────────────▶ given       the others who listen for it get it, too
 *   'upgrade', 'connect', if asked for ───▶ given       as `response.socket`, with what has come behind the head
 *   'error' ──────────────────────────────▶ thrown      and from now on no uncaught error: the reader of the body meets it
 *   'close' before any of them ───────────▶ thrown
 *   'timeout' that nobody else hears ─────▶ destroyed   thrown by whoever waits, for the answer or for its body
 * ```
 *
 * Stands on Node's request. Leaves the body to whoever reads streams: `iterate`, `each`, `node:stream/consumers`.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { SocketWait, socketTimeout } from '../../net/readiness/socket-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { WaitList } from '../../waiting/wait-list.ts'

const STATE: unique symbol = Symbol('greenloop.request')

/** What Node's types do not tell of a request. */
interface Inner extends ClientRequest {
  [STATE]?: RequestState
  /** The answer, once its head has come. */
  res?: (IncomingMessage & { _dumped?: boolean; upgrade?: boolean }) | null
  /** In milliseconds, if one was given. */
  timeout?: number
}

/** The state of a request; it is made at the first call. */
export function requestStateOf(request: ClientRequest): RequestState {
  return (request as Inner)[STATE] ?? new RequestState(request)
}

/** Nobody has to do anything: somebody else will meet it. */
const ignored = (): void => undefined

/** One for each request that a greenlet has used. */
export class RequestState {
  readonly request: Inner
  /** The request as it stands in messages. */
  readonly label: string
  /** What it failed of. */
  error: Error | null = null
  readonly waits: WaitList<SocketWait> = new WaitList<SocketWait>()
  private hearsAnswer = false

  constructor(request: ClientRequest) {
    this.request = request
    this.label = labelOf(request)
    Object.defineProperty(request, STATE, { value: this })
    request.on('error', (error) => {
      this.error ??= error
      this.endWaits(error)
    })
  }

  /** Has those who wait told of the answer, and of its never coming. */
  hear(): void {
    if (this.hearsAnswer) return
    this.hearsAnswer = true
    const { request } = this
    request.once('response', this.answered)
    request.once('close', () => {
      this.endWaits(this.closedError())
    })
    request.on('timeout', () => {
      this.timedOut()
    })
    // Of one that has not asked for it Node closes the connection; with a listener it would be left open.
    if (request.method === 'CONNECT' || request.hasHeader('upgrade')) {
      request.once('upgrade', this.switched)
      request.once('connect', this.switched)
    }
  }

  private readonly answered = (response: IncomingMessage): void => {
    for (let wait = this.waits.shift(); wait !== null; wait = this.waits.shift()) wait.happened(response)
  }

  /** The connection speaks another language from here on. */
  private readonly switched = (response: IncomingMessage, socket: Socket, head: Buffer): void => {
    const { request } = this
    const event = request.method === 'CONNECT' ? 'connect' : 'upgrade'
    // `once` has taken ours off.
    if (request.listenerCount(event) === 0) {
      socket.on('error', ignored) // Node's own listener is gone, and the greenlet has not run yet
      if (head.length > 0) socket.unshift(head)
    }
    this.answered(response)
  }

  private timedOut(): void {
    const { request } = this
    if (request.listenerCount('timeout') > 1 || request.res?.complete === true) return
    const error = socketTimeout(this.label, request.timeout ?? request.socket?.timeout ?? 0)
    // Once the answer is there, its reader is the one who waits.
    if (request.res == null) request.destroy(error)
    else request.res.destroy(error)
  }

  private endWaits(error: Error): void {
    for (let wait = this.waits.shift(); wait !== null; wait = this.waits.shift()) wait.failed(error)
  }

  /** Why there will be no answer. */
  closedError(): Error {
    if (this.error !== null) return this.error
    const why =
      this.request.res?.upgrade === true
        ? 'was answered by an upgrade that it had not asked for'
        : 'was closed before its answer came'
    return new SocketClosedError(`${this.label} ${why}.`)
  }
}

/** A request as it stands in messages: `GET http://localhost/path`. */
function labelOf(request: ClientRequest): string {
  const host = request.getHeader('host') ?? request.host
  const [path = ''] = request.path.split('?') // what is asked for may be a secret
  return `${request.method} ${request.protocol}//${String(host)}${path}`
}

/** Waits for the answer to a request, and gives it. */
export class Answer extends HubOperation<IncomingMessage> {
  readonly #request: Inner

  constructor(request: ClientRequest) {
    super()
    this.#request = request
  }

  override begin(greenlet: Coroutine): Step<IncomingMessage> {
    const request = this.#request
    const state = requestStateOf(request)
    const { res: response } = request
    if (response != null && response.upgrade !== true) {
      if (response._dumped !== true) return ready(response)
      throw request.destroyed && !response.complete ? state.closedError() : thrownAway(state.label)
    }
    if (state.error !== null || request.destroyed) throw state.closedError()
    state.hear()
    // Who waits cannot call end(). A stream that is piped into it, or somebody who waits until it drains, will.
    if (!request.writableEnded && request.listenerCount('unpipe') === 0 && request.listenerCount('drain') === 0)
      request.end()
    return new AnswerWait(greenlet, state, 'the answer').parkIn(state.waits, undefined)
  }

  override toString(): string {
    return 'http.request()'
  }
}

class AnswerWait extends SocketWait<RequestState> {
  protected override leave(): void {
    super.leave()
    // Nobody of those who drive it wants the answer any more.
    if (this.state.waits.size === 0) this.state.request.destroy()
  }

  override describe(): string {
    return `http.request() of ${this.state.label}`
  }
}

function thrownAway(label: string): UsageError {
  return new UsageError(
    `${label} was driven when its answer had come and nobody had listened for it: Node has thrown the body away.\n\n${wrongRight('const req = http.get(url); yield* sleep(100); yield* req', 'nobody listens meanwhile', 'const res = yield* http.get(url)', 'or spawn a greenlet that does this')}`,
  )
}
