/**
 * A client that goes away before it has its response: the greenlet that works for it is killed.
 *
 * Node tells of it in several places, and of a response that waits behind others on its connection in none. So the connection is watched, by
 * one listener for all who work for it; of what has no connection, its own 'close' or its signal.
 *
 * Stands on greenlets. Leaves to others what becomes of the response.
 */
import type { EventEmitter } from 'node:events'
import { GreenletKilledError, recognise } from '../../errors/classes.ts'

/** A response, of Node's or in the form of Node's. */
export interface AnyResponse extends EventEmitter {
  readonly writableEnded: boolean
  /** Not every kind has it. */
  readonly writableFinished?: boolean
  readonly req?: { readonly method?: string | undefined; readonly url?: string | undefined; readonly socket?: unknown }
}

/** Who is killed. */
interface Worker {
  kill(): unknown
}

/** By connection: those who work for it. */
const watches = new WeakMap<object, Set<ClientWatch>>()

/** One greenlet and the client it works for. */
export class ClientWatch {
  /** Whether the client has gone away. */
  gone = false
  readonly #worker: Worker
  readonly #isServed: () => boolean
  #end: () => void = () => undefined

  /** @param client - its response; or a signal, as a `Request` has one. */
  constructor(worker: Worker, client: AnyResponse | AbortSignal) {
    this.#worker = worker
    if (client instanceof AbortSignal) {
      this.#isServed = () => false
      this.#watchSignal(client)
    } else {
      this.#isServed = () => client.writableFinished ?? client.writableEnded
      const socket = client.req?.socket
      if (isConnection(socket)) this.#watchConnection(socket)
      else this.#watchClose(client)
    }
  }

  #watchConnection(socket: Connection): void {
    if (socket.destroyed === true) {
      this.left()
      return
    }
    let all = watches.get(socket)
    if (all === undefined) {
      const those = new Set<ClientWatch>()
      all = those
      watches.set(socket, those)
      socket.once('close', () => {
        for (const watch of [...those]) watch.left()
      })
    }
    all.add(this)
    this.#end = () => all.delete(this)
  }

  #watchClose(client: EventEmitter): void {
    const closed = (): void => {
      this.left()
    }
    client.once('close', closed)
    this.#end = () => client.off('close', closed)
  }

  #watchSignal(signal: AbortSignal): void {
    const aborted = (): void => {
      this.left()
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    this.#end = () => {
      signal.removeEventListener('abort', aborted)
    }
  }

  /** The client has gone. */
  left(): void {
    if (this.#isServed()) return
    this.gone = true
    this.#worker.kill()
  }

  /** The greenlet has ended. */
  stop(): void {
    this.#end()
  }
}

interface Connection extends EventEmitter {
  readonly destroyed?: boolean
}

function isConnection(socket: unknown): socket is Connection {
  return typeof socket === 'object' && socket !== null && 'once' in socket && typeof socket.once === 'function'
}

/**
 * The world: the client has gone away before it had its response, and the greenlet that worked for it was killed. It is for the framework,
 * which has nobody to answer: 499 is what nginx writes in its log then.
 */
export class ClientGoneError extends GreenletKilledError {
  override readonly code: string = 'GREENLOOP_CLIENT_GONE'
  /** For Fastify. */
  readonly statusCode: number = 499

  /** For Hono, which would report any other error. */
  getResponse(): Response {
    return new Response(null, { status: this.statusCode })
  }
}
recognise(ClientGoneError, 'ClientGoneError')
