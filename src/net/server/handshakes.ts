/**
 * Connections of a TLS server whose handshake goes on. Nobody else knows them until it is done; so a server that stops would be kept open
 * by a client that never says anything.
 *
 * Node does not tell which secure connection was made of which plain one. They have the same peer, and that tells it.
 *
 * Stands on Node's servers.
 */
import type net from 'node:net'
import type tls from 'node:tls'

/** The unfinished handshakes of one server. */
export class Handshakes {
  readonly #sockets = new Map<string, net.Socket>()

  constructor(server: tls.Server) {
    server.on('connection', (socket: net.Socket) => {
      const peer = peerOf(socket)
      if (peer === null) return
      this.#sockets.set(peer, socket)
      socket.once('close', () => {
        if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer)
      })
    })
  }

  /** The handshake of this one is done. */
  done(socket: net.Socket): void {
    this.#sockets.delete(peerOf(socket) ?? '')
  }

  /** Drops them all. */
  abandon(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
  }
}

/** Null for a Unix socket, whose peers have no names: Node's `handshakeTimeout` ends these. */
function peerOf(socket: net.Socket): string | null {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? null : `${remoteAddress} ${String(remotePort)}`
}
