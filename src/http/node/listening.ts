/**
 * Generator functions as handlers of Node's servers: the methods by which listeners are added.
 *
 * A listener for one of the events below is put into a wrapper that drives what it returns, if that can be driven. In everything else the
 * wrapper is the listener: called at once, with the same `this` and arguments, and what it returns is handed on. It is found and removed by
 * the listener itself, as the wrapper of `once` is: Node's emitters look at its property `listener`.
 *
 * Stands on the handling. Leaves to `monkey` which servers have these methods.
 */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Driven, isGenerator, isOperation } from '../../protocol.ts'
import { handleConnection, handleRequest } from './handling.ts'
import { nameOfRequest } from './sendall.ts'

type Arguments = readonly unknown[]
type Listener = (...args: Arguments) => unknown
/** The names of the methods by which listeners are added. */
export type Adding = 'on' | 'addListener' | 'once' | 'prependListener' | 'prependOnceListener'
/** One of these methods. */
export type Add = (this: EventEmitter, event: string | symbol, listener: Listener) => EventEmitter

type Handle = (body: () => Driven<unknown>, args: Arguments) => void

// The arguments of a listener are what Node calls it with for its event.
const onRequest: Handle = (body, [request, response]) => {
  handleRequest(request as IncomingMessage, response as ServerResponse, body)
}
const onConnection: Handle = (body, [request, socket]) => {
  handleConnection(nameOfRequest(request as IncomingMessage), socket as Duplex, body)
}
const onClientError: Handle = (body, [, socket]) => {
  handleConnection('clientError', socket as Duplex, body)
}

/** By event: what is done with the generator that a listener has returned. */
const HANDLED: ReadonlyMap<string | symbol, Handle> = new Map([
  ['request', onRequest],
  ['checkContinue', onRequest],
  ['checkExpectation', onRequest],
  ['upgrade', onConnection],
  ['connect', onConnection],
  ['clientError', onClientError],
])

/** The methods; `original` gives the one that each is without them. */
export function addingMethods(original: (name: Adding) => Add): Readonly<Record<Adding, Add>> {
  // As Node's are: one function with two names.
  const on = adding('addListener', 'on', 'on', original)
  return {
    on,
    addListener: on,
    once: adding('once', 'once', 'on', original),
    prependListener: adding('prependListener', 'prependListener', 'prependListener', original),
    prependOnceListener: adding('prependOnceListener', 'prependOnceListener', 'prependListener', original),
  }
}

/** `plain` is what adds any other listener, and `wrapped` what adds a wrapper. */
function adding(name: string, plain: Adding, wrapped: Adding, original: (name: Adding) => Add): Add {
  const isOnce = plain !== wrapped
  const add: Add = function (event, listener) {
    const handle = HANDLED.get(event)
    if (handle === undefined || typeof listener !== 'function') return original(plain).call(this, event, listener)
    return original(wrapped).call(this, event, driving(this, event, listener, handle, isOnce))
  }
  return Object.defineProperty(add, 'name', { value: name, configurable: true })
}

function driving(
  server: EventEmitter,
  event: string | symbol,
  listener: Listener,
  handle: Handle,
  isOnce: boolean,
): Listener {
  const wrapper = function (this: unknown, ...args: Arguments): unknown {
    if (isOnce) server.removeListener(event, wrapper)
    const made: unknown = Reflect.apply(listener, this, args)
    if (!isGenerator(made) && !isOperation(made)) return made
    handle(() => made, args)
    return undefined
  }
  return Object.assign(wrapper, { listener })
}
