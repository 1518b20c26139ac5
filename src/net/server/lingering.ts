/**
 * Connections whose handler has ended: what was sent goes out, then they are closed.
 *
 * A peer that does not read what was sent to it would keep its connection for ever; so one that takes nothing for a while is dropped.
 *
 * Stands on Node's sockets. Leaves to the server when it waits for them.
 */
import type net from 'node:net'
import type { Operation } from '../../protocol.ts'
import { Event } from '../../sync/event.ts'

/** The connections of one server that are being closed. */
export class Lingering {
  readonly #patienceMs: number
  readonly #sockets = new Set<net.Socket>()
  readonly #none = new Event()

  /** @param patienceMs - how long a peer may take nothing. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Sends what is left to be sent, and closes the connection. */
  close(socket: net.Socket): void {
    if (socket.destroyed || this.#sockets.has(socket)) return
    this.#none.clear()
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size === 0) this.#none.set()
    })
    socket.setTimeout(this.#patienceMs, () => {
      socket.destroy()
    })
    socket.destroySoon()
  }

  /** Waits until none is left. */
  wait(): Operation<unknown> {
    return this.#none.wait()
  }

  /** Drops them all. */
  abandon(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
