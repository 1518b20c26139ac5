/**
 * `lookupFunction`: what is handed to Node's `net.connect({ lookup })` and `dgram.createSocket({ lookup })`, so that they find names by the
 * means that `config.resolver` says.
 *
 * Node has no way to tell it that the connection was given up: what was asked comes to its end, and nobody listens.
 *
 * Stands on `lookup`, and on Node's own, taken when this file is loaded: by default that is called, and nothing is in between.
 */
import dns, { type LookupAddress, type LookupOneOptions, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { config } from '../../config.ts'
import { lookup } from './lookup.ts'

/** Of one address. */
type OneCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void
/** Of one address or of all. */
type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

const nodeLookup = dns.lookup as (hostname: string, options: LookupOptions, callback: OneCallback | Callback) => void // one for all its overloads

/** For the options of Node's `connect`: says who finds the name, if that is not to be Node itself. */
export function chosenLookup(): { lookup?: typeof lookupFunction } {
  return config.resolver === 'thread' ? {} : { lookup: lookupFunction }
}

/** Finds addresses, with the arguments and the callback of Node's own. */
export function lookupFunction(hostname: string, options: LookupOneOptions, callback: OneCallback): void
export function lookupFunction(hostname: string, options: LookupOptions, callback: Callback): void
export function lookupFunction(hostname: string, options: LookupOptions, callback: OneCallback | Callback): void {
  // Datagrams come here for each address, and most of these are numbers.
  if (config.resolver === 'thread' || isIP(hostname) !== 0) {
    nodeLookup(hostname, options, callback)
    return
  }
  // In a tick of its own: what the callback throws is an uncaught error, as from Node's own, and no rejection.
  void lookup(hostname, options).then(
    (answer) => {
      if (Array.isArray(answer)) process.nextTick(callback, null, answer)
      else process.nextTick(callback, null, answer.address, answer.family)
    },
    (error: unknown) => {
      process.nextTick(callback, error)
    },
  )
}
