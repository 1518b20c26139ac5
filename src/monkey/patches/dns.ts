/**
 * `yield* dns.lookup(host)`: a call without a callback, which in Node throws, is the operation of `src/net/dns`. With a callback it is
 * Node's own call.
 */
import dns from 'node:dns'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { lookup, lookupService } from '../../net/dns/lookup.ts'
import { standard } from '../../net/dns/resolve.ts'
import type { Operation } from '../../protocol.ts'
import { aside, patchItem } from '../state.ts'
import { CALLBACK_LAST } from './callback-last.ts'
import { type MakeOperation, type NodeFunction, patchCallbackLast } from './callback-less.ts'
import { askedWithCallback, questionTo, type Send } from './dns-resolver.ts'

/** Patches the functions of `dns`, the methods of its `Resolver`, and `setServers`, which would undo it. */
export function patchDns(): void {
  patchCallbackLast('dns', dns, CALLBACK_LAST.dns, { prefix: 'dns.', make: operationFor })
  patchCallbackLast('dns', dns.Resolver.prototype, CALLBACK_LAST['dns.Resolver'], {
    prefix: 'resolver.',
    make: questionFor,
    withCallback: askedWithCallback,
  })
  const { setServers } = dns
  patchItem('dns', dns, 'setServers', (servers: readonly string[]) => {
    // Node makes a new resolver then, and puts its methods, those of the prototype, in the place of ours.
    aside('dns', () => {
      setServers(servers)
    })
  })
}

/** What a function of `dns` is: that of the same name. One that the Node of its writing did not have is a type of record. */
function operationFor(name: string): MakeOperation {
  if (name === 'lookup') return lookup as MakeOperation // it checks what it is given
  if (name === 'lookupService') return lookupService as MakeOperation
  const method: unknown = Reflect.get(standard, name)
  if (typeof method === 'function') return (...args) => method.apply(standard, args) as Operation<unknown>
  const type = name.slice('resolve'.length).toUpperCase()
  return (hostname) => standard.resolve(hostname as string, type)
}

/** What a method of Node's own `Resolver` is, on the one that it was called on. */
function questionFor(name: string, original: NodeFunction): MakeOperation {
  return function (this: unknown, ...args) {
    if (!(this instanceof dns.Resolver))
      throw new UsageError(`${name}() belongs to a dns.Resolver, but was called on ${show(this)}.`)
    const [hostname] = args
    if (typeof hostname !== 'string') throw new UsageError(`${name}() expects a name, but got ${show(hostname)}.`)
    const send: Send = (callback) => original.call(this, ...given(args), callback)
    return questionTo(this, `${name}('${hostname}')`, send)
  }
}

/** The arguments without what was left out, in whose place Node expects the callback. */
function given(args: readonly unknown[]): unknown[] {
  return args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1)
}
