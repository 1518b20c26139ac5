/**
 * `yield* http.get(url)`, generator functions as handlers of servers, `sendall` of messages: the methods of `src/http/node` on every request,
 * response and server of `node:http` and `node:https`.
 *
 * No function of `http` is replaced: `http.request` returns the request that it always returned (axios and others call it, too), which has
 * gained an iterator; and a server's `on` adds plain listeners as before.
 */

import { type Add, type Adding, addingMethods } from '../../http/node/listening.ts'
import { messageMethods, requestMethods } from '../../http/node/methods.ts'
import { http, https } from '../../http/node-http.ts'
import { writableMethods } from '../../os/streams/methods.ts'
import { type Item, patchItem } from '../state.ts'

/** Patches `http.ClientRequest.prototype`, `http.OutgoingMessage.prototype`, and the servers of both modules. */
export function patchHttp(): void {
  patchItem('http', http.ClientRequest.prototype, Symbol.iterator, requestMethods[Symbol.iterator])
  patchItem('http', http.OutgoingMessage.prototype, 'sendall', messageMethods.sendall)
  patchItem('http', http.OutgoingMessage.prototype, 'finish', writableMethods.finish) // it is written to, and no Writable
  patchServer('http', http.Server.prototype)
  patchServer('https', https.Server.prototype)
}

/** A server inherits the methods that add listeners. What it inherits is asked for at each call: somebody may have replaced it. */
function patchServer(home: string, prototype: object): void {
  const items = new Map<string, Item>()
  const methods = addingMethods((name) => {
    const own: unknown = items.get(name)?.before?.value
    return (own ?? Reflect.get(Object.getPrototypeOf(prototype) as object, name)) as Add // that is what it is called
  })
  for (const name of Object.keys(methods) as Adding[])
    items.set(name, patchItem('http', prototype, name, methods[name], home)) // its own keys
}
