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
  declare gone: boolean
  declare private readonly worker: Worker
  declare private readonly client: AnyResponse | AbortSignal
  /** Those who work for the same connection. */
  declare private all: Set<ClientWatch> | null
  /** The listener, where there is no connection. */
  declare private heard: (() => void) | null

  // Nothing is #private: an object is marked for that when it is made, and one is made for each request.

  /** @param client - its response; or a signal, as a `Request` has one. */
  constructor(worker: Worker, client: AnyResponse | AbortSignal) {
    this.gone = false
    this.worker = worker
    this.client = client
    this.all = null
    this.heard = null
    const socket = (client as AnyResponse).req?.socket // a signal has none
    if (isEmitter(socket)) this.watchConnection(socket)
    else this.watchClient(client)
  }

  private watchConnection(socket: Connection): void {
    if (socket.destroyed === true) {
      this.left()
      return
    }
    const all = watches.get(socket) ?? watchClose(socket)
    all.add(this)
    this.all = all
  }

  private watchClient(client: AnyResponse | AbortSignal): void {
    this.heard = () => {
      this.left()
    }
    if (!(client instanceof AbortSignal)) {
      if (isEmitter(client)) client.once('close', this.heard) // what stands for a response in a test may be none
    } else if (client.aborted) this.left()
    else client.addEventListener('abort', this.heard, { once: true })
  }

  /** The client has gone. */
  left(): void {
    const { client } = this
    if (!(client instanceof AbortSignal) && (client.writableFinished ?? client.writableEnded)) return // it was served
    this.gone = true
    this.worker.kill()
  }

  /** The greenlet has ended. */
  stop(): void {
    const { client, heard } = this
    this.all?.delete(this)
    if (heard === null) return
    if (client instanceof AbortSignal) client.removeEventListener('abort', heard)
    else if (isEmitter(client)) client.off('close', heard)
  }
}

function watchClose(socket: Connection): Set<ClientWatch> {
  const all = new Set<ClientWatch>()
  watches.set(socket, all)
  socket.once('close', () => {
    for (const watch of [...all]) watch.left()
  })
  return all
}

interface Connection extends EventEmitter {
  readonly destroyed?: boolean
}

function isEmitter(value: unknown): value is Connection {
  return typeof value === 'object' && value !== null && 'once' in value && typeof value.once === 'function'
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
