/**
 * `yield* tls.connect(...)`, `server.accept()` and the others on every TLS socket and server: the methods of `src/net/tls`, and those of plain
 * sockets and servers, so that the patch does not need that of `net`.
 *
 * No function of `tls` is replaced: `tls.connect` returns the socket that it always returned, which has gained an iterator.
 */
import tls from 'node:tls'
import { serverMethods, socketMethods } from '../../net/stream/methods.ts'
import { tlsServerMethods, tlsSocketMethods } from '../../net/tls/methods.ts'
import { patchItem } from '../state.ts'

/** Patches `tls.TLSSocket.prototype` and `tls.Server.prototype`. */
export function patchTls(): void {
  patchMethods(tls.TLSSocket.prototype, socketMethods, tlsSocketMethods)
  patchMethods(tls.Server.prototype, serverMethods, tlsServerMethods)
}

/** `own` are those that differ from a plain socket's or server's. */
function patchMethods(prototype: object, plain: object, own: object): void {
  for (const key of Reflect.ownKeys(plain)) {
    patchItem('tls', prototype, key, Reflect.get(Object.hasOwn(own, key) ? own : plain, key))
  }
}
