/**
 * `yield* net.connect(...)`, `socket.recv`, `socket.sendall`: the methods of `src/net/socket.ts` on every socket.
 *
 * No function of `net` is replaced: `net.connect` returns the socket that it always returned (undici and http2 call it too), which has
 * gained an iterator.
 */
import net from 'node:net'
import { socketMethods } from '../net/socket.ts'
import { patchItem } from './state.ts'

/** Patches `net.Socket.prototype`. */
export function patchNet(): void {
  for (const key of Reflect.ownKeys(socketMethods))
    patchItem('net', net.Socket.prototype, key, Reflect.get(socketMethods, key))
}
