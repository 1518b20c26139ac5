/**
 * The methods of TLS sockets and servers, as far as they differ from those of plain ones: a socket is connected when its handshake is done,
 * and a server gives connections of which that is so.
 *
 * `recv`, `recvInto`, `sendall` and `fileno` are those of every `net.Socket`, which a `TLSSocket` is.
 *
 * Stands on the operations of the streams. Leaves to `endpoints.ts` and to `monkey` which objects have them.
 */
import type tls from 'node:tls'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { begun } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { Accept, AcceptCursor, type Accepted, Listen } from '../stream/accept.ts'
import { Connect, type Connecting } from '../stream/connect.ts'
import { serverStateOf } from '../stream/server-state.ts'

/** What Node calls a connection of a TLS server, when its handshake is done. */
const SECURE_CONNECTION = 'secureConnection'

/** A connection of TLS: there when the handshake is done and the certificate was looked at. */
const secure: Connecting = {
  event: 'secureConnect',
  isConnected: (socket) => (socket as tls.TLSSocket).alpnProtocol !== null, // only these are asked; it is null until then
}

/** What a `TLSSocket` has in the place of a socket's. */
export const tlsSocketMethods: {
  [Symbol.iterator](this: tls.TLSSocket): Iterator<Suspend, tls.TLSSocket, Resume>
} = {
  [Symbol.iterator]() {
    const wait = new Connect(this, secure)
    begun(wait) // the handshake is
    return wait
  },
}

/** What a TLS server has in the place of a server's. */
export const tlsServerMethods: {
  [Symbol.iterator](this: tls.Server): Iterator<Suspend, tls.Server, Resume>
  accept(this: tls.Server, options?: WaitOptions): Operation<Accepted<tls.TLSSocket>>
  cursor(this: tls.Server): Cursor<Accepted<tls.TLSSocket>>
} = {
  [Symbol.iterator]() {
    const wait = new Listen(this)
    begun(wait) // Node does
    serverStateOf(this).takesConnections(SECURE_CONNECTION) // from now on some may come, before anybody accepts
    return wait
  },
  accept(options = {}) {
    checkWaitOptions('accept()', options)
    return new Accept(this, SECURE_CONNECTION, options.timeoutMs)
  },
  cursor() {
    return new AcceptCursor(this, SECURE_CONNECTION)
  },
}
