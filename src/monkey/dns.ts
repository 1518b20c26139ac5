/**
 * `yield* dns.lookup(host)`: a call without callback, which in Node throws, is the operation of `src/net/dns.ts`. With a callback it is
 * Node's own call.
 */
import dns from 'node:dns'
import { lookup } from '../net/dns.ts'
import { patchItem } from './state.ts'

/** Patches `dns.lookup`. */
export function patchDns(): void {
  const original = dns.lookup as (...args: unknown[]) => unknown // its overloads differ in the callback, which is passed on as it is
  patchItem('dns', dns, 'lookup', function (...args: unknown[]): unknown {
    if (args.some((argument) => typeof argument === 'function')) return original(...args)
    return lookup(args[0] as string, args[1] as number) // checked there: Node's own call throws without a callback
  })
}
