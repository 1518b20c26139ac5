/**
 * Names to addresses: `yield* lookup(host)`.
 *
 * Stands on waits and Node's `dns.lookup`, taken when this file is loaded. A lookup runs in Node's thread pool and cannot be called back:
 * a kill ends the wait at once, and the answer is dropped when it comes.
 */
import dns, { type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns'
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import type { Operation } from '../protocol.ts'
import { until } from '../waiting/until.ts'

const nodeLookup = dns.lookup

/**
 * Finds an address of a name, as the machine would (hosts file, then DNS).
 *
 * @param hostname - the name, or an address, which is its own answer.
 * @param options - Node's: a family (4 or 6), or an object; `{ all: true }` gives all addresses.
 * @returns `{ address, family }`, or an array of them.
 * @throws Node's error (`ENOTFOUND`, ...); UsageError at the call when `hostname` is no string.
 * @switches always
 * @source Node: `dns.lookup`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { lookup } from 'greenloop/net'
 *
 * await run(function* () {
 *   const { address, family } = yield* lookup('127.0.0.1')
 *   console.log(address, family) // 127.0.0.1 4
 * })
 * ```
 */
export function lookup(hostname: string, options: LookupAllOptions): Operation<LookupAddress[]>
export function lookup(hostname: string, options?: number | LookupOptions): Operation<LookupAddress>
export function lookup(
  hostname: string,
  options: number | LookupOptions = {},
): Operation<LookupAddress | LookupAddress[]> {
  if (typeof hostname !== 'string') throw new UsageError(`lookup() expects a host name, but got ${show(hostname)}.`)
  const asked: LookupOptions = typeof options === 'number' ? { family: options } : options
  return until(
    () =>
      new Promise<LookupAddress | LookupAddress[]>((resolve, reject) => {
        nodeLookup(hostname, asked, (error, address, family) => {
          if (error !== null) reject(error)
          else resolve(Array.isArray(address) ? address : { address, family })
        })
      }),
  )
}
