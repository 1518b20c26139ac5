/**
 * `lookup`: names to addresses by whatever means are chosen (`config.resolver`), for greenlets, and for Node's own connections; and
 * `lookupService`, addresses to names.
 *
 * By default they are the machine's own: Node's functions, taken when this file is loaded. They run in Node's thread pool and cannot be
 * called back: a kill ends the wait at once, and the answer is dropped when it comes. `'ares'` asks without a thread and is taken back.
 * Node has no way to tell `lookupFunction` that a connection was given up: what was asked comes to its end, and nobody listens.
 *
 * Stands on questions. Leaves what is asked of name servers alone to `resolver.ts`.
 */
import dns, { type LookupAddress, type LookupAllOptions, type LookupOneOptions, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { config, type ResolveName } from '../../config.ts'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Green, isList, type Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { call } from '../../waiting/until.ts'
import { askAres } from './ares.ts'
import { type Asked, answer, checkLookup } from './asked.ts'
import { askOnce, Inquiry } from './question.ts'

/** How Node's own gives one address. */
type OneCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void
/** How it gives one address or all. */
type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

const { lookupService: nodeLookupService } = dns
const nodeLookup = dns.lookup as (hostname: string, options: LookupOptions, callback: OneCallback | Callback) => void // one for all its overloads

/**
 * Finds an address of a name, by the means that `config.resolver` says: by default as the machine would (hosts file, then DNS).
 *
 * @param hostname - the name, or an address, which is its own answer.
 * @param options - Node's: a family (4 or 6), or an object; `{ all: true }` gives all addresses.
 * @returns `{ address, family }`, or an array of them.
 * @throws Node's error (`ENOTFOUND`, `EAI_AGAIN`, ...); UsageError at the call for what is no name, and for wrong options.
 * @switches always
 * @source Node: `dns.promises.lookup`; gevent: `gevent.socket.getaddrinfo`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { dns } from 'greenloop/net'
 *
 * await run(function* () {
 *   const { address, family } = yield* dns.lookup('127.0.0.1')
 *   console.log(address, family) // 127.0.0.1 4
 * })
 * ```
 */
export function lookup(hostname: string, options: LookupAllOptions): Operation<LookupAddress[]>
export function lookup(hostname: string, options: number | LookupOneOptions): Operation<LookupAddress>
export function lookup(hostname: string, options: LookupOptions): Operation<LookupAddress | LookupAddress[]>
// The last one is what `spawn(dns.lookup, host)` sees.
export function lookup(hostname: string, options?: number | LookupOneOptions | null): Operation<LookupAddress>
export function lookup(
  hostname: string,
  options: number | LookupOptions | null = null,
): Operation<LookupAddress | LookupAddress[]> {
  const asked = checkLookup(hostname, options)
  return operation(`lookup('${hostname}')`, function* () {
    const { resolver } = config
    if (resolver === 'thread')
      return yield* inThread(hostname, typeof options === 'number' ? { family: options } : (options ?? {}))
    if (isIP(hostname) !== 0) return answer(hostname, [hostname], { ...asked, family: 0 })
    if (typeof resolver === 'function') return answer(hostname, yield* askFunction(resolver, hostname, asked), asked)
    return answer(hostname, yield* new Inquiry(`lookup('${hostname}')`, () => askAres(hostname, asked)), asked)
  })
}

function inThread(hostname: string, options: LookupOptions): Operation<LookupAddress | LookupAddress[]> {
  return new Inquiry<LookupAddress | LookupAddress[]>(`lookup('${hostname}')`, () =>
    askOnce((callback) =>
      nodeLookup(hostname, options, (error: Error | null, address: string | LookupAddress[], family: number) => {
        callback(error, Array.isArray(address) ? address : { address, family })
      }),
    ),
  )
}

function* askFunction(resolver: ResolveName, hostname: string, { family }: Asked): Green<readonly string[]> {
  const found: unknown = yield* call(resolver, [hostname, { family }])
  const addresses: unknown[] = isList(found) ? [...found] : [found]
  for (const address of addresses) {
    if (typeof address === 'string' && isIP(address) !== 0) continue
    throw new UsageError(
      `config.resolver is a function that returns a list of IP addresses, but for '${hostname}' it gave ${show(address)}.`,
    )
  }
  return addresses as string[] // each was looked at
}

/** For the options of Node's `connect`: says who finds the name, if that is not to be Node itself. */
export function chosenLookup(): { lookup?: typeof lookupFunction } {
  return config.resolver === 'thread' ? {} : { lookup: lookupFunction }
}

/** Finds addresses by the means that `config.resolver` says, with the arguments and the callback of Node's own. */
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

/** What an address and a port are called. */
export interface ServiceName {
  /** The name of the machine. */
  hostname: string
  /** The name of the port: `http`. */
  service: string
}

/**
 * Finds the name of a machine and of a service, as the machine would: always in Node's thread pool.
 *
 * @param address - an IP address.
 * @param port - a port, 0 to 65535.
 * @throws Node's error (`ENOTFOUND`, ...); UsageError at the call for what is no address, and no port.
 * @switches always
 * @source Node: `dns.promises.lookupService`; gevent: `gevent.socket.getnameinfo`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { dns } from 'greenloop/net'
 *
 * await run(function* () {
 *   const { service } = yield* dns.lookupService('127.0.0.1', 65000)
 *   console.log(service) // 65000
 * })
 * ```
 */
export function lookupService(address: string, port: number): Operation<ServiceName> {
  if (typeof address !== 'string' || isIP(address) === 0)
    throw new UsageError(`lookupService() expects an IP address, but got ${show(address)}.`)
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535))
    throw new UsageError(`lookupService() expects \`port\` to be an integer from 0 to 65535, but got ${show(port)}.`)
  return new Inquiry<ServiceName>(`lookupService('${address}', ${port})`, () =>
    askOnce((callback) =>
      nodeLookupService(address, port, (error, hostname, service) => {
        callback(error, { hostname, service })
      }),
    ),
  )
}
