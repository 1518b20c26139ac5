/**
 * A connection that is reset at once, as by a peer whose process was killed.
 *
 * Node's `resetAndDestroy()` ends its own side first and resets then: whoever reads in between has met an end and no reset.
 */
import type net from 'node:net'

/** Resets the connection of `socket`, and nothing before that. */
export function reset(socket: net.Socket): void {
  // Node's own mark, by which destroying resets; there is no public way to that without the end.
  ;(socket as net.Socket & { resetAndClosing: boolean }).resetAndClosing = true
  socket.destroy()
}
