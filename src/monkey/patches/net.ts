/**
 * `yield* net.connect(...)`, `yield* server.listen(...)`, `socket.recv`, `server.accept` and the others: the methods of `src/net/stream` on
 * every socket and server.
 *
 * No function of `net` is replaced: `net.connect` returns the socket that it always returned (undici and http2 call it too), which has
 * gained an iterator.
 */
import net from 'node:net'
import { serverMethods, socketMethods } from '../../net/stream/methods.ts'
import { patchItem } from '../state.ts'

/** Patches `net.Socket.prototype` and `net.Server.prototype`. */
export function patchNet(): void {
  for (const [prototype, methods] of [
    [net.Socket.prototype, socketMethods],
    [net.Server.prototype, serverMethods],
  ] as const)
    for (const key of Reflect.ownKeys(methods)) patchItem('net', prototype, key, Reflect.get(methods, key))
}
