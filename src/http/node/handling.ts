/**
 * What a server has to do, in a greenlet: a generator that its handler has returned, and what becomes of the client when that has ended.
 *
 * ```
 *   the handler          head not sent            head sent              response ended
 *   fails                500, and reported        cut off, and reported  reported
 *   is killed            cut off                  cut off                -
 *   returns              -                        -                      -        somebody may end the response later
 * ```
 *
 * Stands on greenlets and the watch of the client. Leaves to `listening.ts` and to `handler.ts` where the generators come from.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { GreenletExit } from '../../errors/classes.ts'
import { Greenlet } from '../../gevent/greenlet.ts'
import { getHub } from '../../hub/default.ts'
import type { Driven } from '../../protocol.ts'
import type { Listener } from '../../waiting/linkable.ts'
import { http } from '../node-http.ts'
import { ClientWatch } from './client-watch.ts'
import { nameOfRequest } from './sendall.ts'

/** Runs the handler of a request in a greenlet of its own, which is killed when the client goes away. */
export function handleRequest<T>(
  request: IncomingMessage,
  response: ServerResponse,
  body: () => Driven<T>,
): Greenlet<T> {
  const greenlet = new RequestGreenlet<T>(request, response, body)
  getHub().callAfterIO() // those that have come at once share a slice
  greenlet.start()
  return greenlet
}

/** It is told of its own end: in a turn of the hub, where methods of the response may run that are the program's. */
class RequestGreenlet<T> extends Greenlet<T> implements Listener {
  declare private readonly request: IncomingMessage
  declare private readonly response: ServerResponse
  declare private readonly client: ClientWatch

  constructor(request: IncomingMessage, response: ServerResponse, body: () => Driven<T>) {
    super(body)
    this.request = request
    this.response = response
    this.$listen(this)
    this.client = new ClientWatch(this, response)
  }

  /** `GET /path`: made when it is asked for. */
  override get name(): string {
    return this.$rare?.title ? super.name : nameOfRequest(this.request)
  }

  override set name(name: string) {
    super.name = name
  }

  /** It has ended. */
  notify(): void {
    const { response } = this
    this.client.stop()
    if (endedWell(this) || response.writableEnded) return
    if (this.successful() || response.headersSent) response.destroy()
    else sayFailed(response)
  }
}

/** Whether it has neither failed nor been killed. */
function endedWell<T>(greenlet: Greenlet<T>): boolean {
  return greenlet.successful() && !(greenlet.value instanceof GreenletExit)
}

/** As gevent's `pywsgi` does. What the handler has meant to send is not sent. */
function sayFailed(response: ServerResponse): void {
  const { 500: text = '' } = http.STATUS_CODES
  // Once it has begun a head with a status without a body, Node sends none any more, whatever the length says.
  const body = response.statusCode === 204 || response.statusCode === 304 ? '' : text
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(500, text, { 'content-type': 'text/plain', 'content-length': body.length, connection: 'close' })
  response.end(body)
}

/**
 * Runs the handler of a connection that is its own: after an upgrade, or an error of the client. It is not killed when the connection is
 * closed, which it sees by itself: it may have closed it.
 */
export function handleConnection(name: string, socket: Duplex, body: () => Driven<unknown>): void {
  socket.on('error', () => undefined) // Node has none any more; whoever reads or writes meets it
  const greenlet = new Greenlet(body)
  greenlet.name = name
  greenlet.$listen({
    notify() {
      if (!endedWell(greenlet)) socket.destroy()
    },
  })
  greenlet.start()
}
