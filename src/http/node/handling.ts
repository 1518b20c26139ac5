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
  const greenlet = new Greenlet<T>(body)
  greenlet.name = nameOfRequest(request)
  greenlet.$listen(new Handling(greenlet, response))
  greenlet.start()
  return greenlet
}

class Handling implements Listener {
  readonly #greenlet: Greenlet
  readonly #response: ServerResponse
  readonly #client: ClientWatch

  constructor(greenlet: Greenlet, response: ServerResponse) {
    this.#greenlet = greenlet
    this.#response = response
    this.#client = new ClientWatch(greenlet, response)
  }

  notify(): void {
    const response = this.#response
    this.#client.stop()
    if (endedWell(this.#greenlet) || response.writableEnded) return
    if (this.#greenlet.successful() || response.headersSent) response.destroy()
    else sayFailed(response)
  }
}

/** Whether it has neither failed nor been killed. */
function endedWell(greenlet: Greenlet): boolean {
  return greenlet.successful() && !(greenlet.value instanceof GreenletExit)
}

/** As gevent's `pywsgi` does. What the handler has meant to send is not sent. */
function sayFailed(response: ServerResponse): void {
  const { 500: text = '' } = http.STATUS_CODES
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(500, text, { 'content-type': 'text/plain', 'content-length': text.length, connection: 'close' })
  response.end(text)
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
