/**
 * `Resolver`: questions to name servers, as operations that a kill or a timeout takes back.
 *
 * Stands on channels. Leaves the machine's own means, hosts file and all, to `lookup.ts`.
 */
import dns, {
  type AnyRecord,
  type CaaRecord,
  type MxRecord,
  type NaptrRecord,
  type RecordWithTtl,
  type ResolveOptions,
  type ResolverOptions,
  type ResolveWithTtlOptions,
  type SoaRecord,
  type SrvRecord,
} from 'node:dns'
import { isIP } from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../../errors/usage.ts'
import type { Operation } from '../../protocol.ts'
import { Channels, NodeResolver } from './channels.ts'
import { Inquiry, type Question } from './question.ts'

/** What any type of record may be answered by. */
export type AnyAnswer =
  | string[]
  | CaaRecord[]
  | MxRecord[]
  | NaptrRecord[]
  | SoaRecord
  | SrvRecord[]
  | string[][]
  | AnyRecord[]

/** A method of Node's that asks: its name, perhaps options, a callback. */
type Send = (this: NodeResolver, ...args: unknown[]) => void

/** Node's methods as they were when this file was loaded; not each Node has all. */
const sends = new Map<string, Send>()
/** The method for each type of record. */
const methods = new Map<string, string>()
for (const name of Object.keys(dns.Resolver.prototype)) {
  sends.set(name, Reflect.get(dns.Resolver.prototype, name) as Send) // its enumerable properties are these methods
  if (!/^resolve./u.test(name)) continue
  const type = name.slice('resolve'.length).toUpperCase()
  methods.set(type === '4' ? 'A' : type === '6' ? 'AAAA' : type, name)
}

/**
 * Asks name servers of its own: Node's `dns.Resolver`, with operations in place of callbacks. Hosts files are not its business.
 *
 * A kill or a timeout takes the question back: its socket is closed at once. Answers are not ordered: who is answered first goes on first.
 *
 * @source Node: `dns.promises.Resolver`
 * @example
 * ```ts
 * import { createSocket } from 'node:dgram'
 * import { once } from 'node:events'
 * import { run, Timeout, withTimeout } from 'greenloop'
 * import { dns } from 'greenloop/net'
 *
 * const silent = createSocket('udp4').bind(0, '127.0.0.1') // a name server that never answers
 * await once(silent, 'listening')
 * await run(function* () {
 *   const resolver = new dns.Resolver()
 *   resolver.setServers([`127.0.0.1:${silent.address().port}`])
 *   try {
 *     yield* withTimeout(5, () => resolver.resolve4('example.org'))
 *   } catch (err) {
 *     console.log(err instanceof Timeout) // true
 *   }
 * })
 * silent.close()
 * ```
 */
export class Resolver {
  /** Is never asked: it checks settings and keeps the servers. */
  readonly #node: NodeResolver
  readonly #options: ResolverOptions
  readonly #channels: Channels
  /** Undefined: nobody has set any, and each channel takes the machine's. */
  #servers: readonly string[] | undefined = undefined
  #localAddress: readonly [ipv4: string, ipv6: string] | undefined = undefined

  /**
   * @param options - Node's: `timeout`, how long one try may take, in milliseconds, or -1 for c-ares' own measure; `tries`, how many each server
   * is given.
   * @throws UsageError for what Node refuses.
   */
  constructor(options: ResolverOptions = {}) {
    checkOptions('new Resolver()', options, '{ timeout: 500, tries: 2 }')
    this.#options = { ...options }
    this.#node = accepted(
      'new Resolver() expects `timeout` to be a number of milliseconds, or -1, and `tries` an integer, 1 or more.',
      () => new NodeResolver(this.#options),
    )
    this.#channels = new Channels(() => this.#make())
  }

  #make(): NodeResolver {
    const made = new NodeResolver(this.#options)
    if (this.#servers !== undefined) made.setServers(this.#servers)
    if (this.#localAddress !== undefined) made.setLocalAddress(...this.#localAddress)
    return made
  }

  /** Tells which servers are asked: IP addresses, with the port unless it is 53. @switches never */
  getServers(): string[] {
    return this.#node.getServers()
  }

  /**
   * Sets which servers are asked, for all questions from now on; those under way stay with theirs (Node refuses to set any meanwhile).
   *
   * @param servers - IP addresses, with a port or without: `['127.0.0.1', '[::1]:5353']`.
   * @throws UsageError for anything else.
   * @switches never
   */
  setServers(servers: readonly string[]): void {
    const expected = "setServers() expects IP addresses, with a port or without: ['127.0.0.1', '[::1]:5353']."
    accepted(expected, () => {
      this.#node.setServers(servers)
    })
    this.#servers = [...servers]
    this.#channels.renew()
  }

  /**
   * Sets from which addresses of this machine questions are sent, from now on.
   *
   * @param ipv4 - one of its IPv4 addresses. @defaultValue '0.0.0.0': any
   * @param ipv6 - one of its IPv6 addresses. @defaultValue '::0': any
   * @throws UsageError for anything else.
   * @switches never
   */
  setLocalAddress(ipv4 = '0.0.0.0', ipv6 = '::0'): void {
    accepted("setLocalAddress() expects addresses of this machine: '192.0.2.1', '2001:db8::1'.", () => {
      this.#node.setLocalAddress(ipv4, ipv6)
    })
    this.#localAddress = [ipv4, ipv6]
    this.#channels.renew()
  }

  /** Ends all questions under way: who waits for one is thrown `ECANCELLED`. @switches never */
  cancel(): void {
    this.#channels.cancel()
  }

  /**
   * Asks for the records of a name.
   *
   * @param hostname - the name.
   * @param rrtype - the type of record: `'A'`, `'AAAA'`, `'ANY'`, `'CAA'`, `'CNAME'`, `'MX'`, `'NAPTR'`, `'NS'`, `'PTR'`, `'SOA'`, `'SRV'`, `'TXT'`, and
   * what else this Node knows. @defaultValue 'A'
   * @returns what the method of that type returns: `resolveMx` for `'MX'`.
   * @throws Node's error (`ENOTFOUND`, `ENODATA`, `ETIMEOUT`, ...); UsageError at the call for what is no name, and no type.
   * @switches always
   */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- `spawn(dns.resolve, host)` sees the last one, so it is needed
  resolve(hostname: string, rrtype: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'PTR'): Operation<string[]>
  resolve(hostname: string, rrtype: 'ANY'): Operation<AnyRecord[]>
  resolve(hostname: string, rrtype: 'CAA'): Operation<CaaRecord[]>
  resolve(hostname: string, rrtype: 'MX'): Operation<MxRecord[]>
  resolve(hostname: string, rrtype: 'NAPTR'): Operation<NaptrRecord[]>
  resolve(hostname: string, rrtype: 'SOA'): Operation<SoaRecord>
  resolve(hostname: string, rrtype: 'SRV'): Operation<SrvRecord[]>
  resolve(hostname: string, rrtype: 'TXT'): Operation<string[][]>
  resolve(hostname: string, rrtype: string): Operation<AnyAnswer>

  resolve(hostname: string): Operation<string[]>
  resolve(hostname: string, rrtype = 'A'): Operation<AnyAnswer> {
    const method = methods.get(rrtype)
    if (method === undefined)
      throw new UsageError(
        `resolve() expects a type of record (${[...methods.keys()].sort().join(', ')}), but got ${show(rrtype)}.`,
      )
    return this.#ask(method, hostname)
  }

  /** Asks for IPv4 addresses; with `{ ttl: true }` each comes with the seconds that it is good for. As {@link resolve}. */
  resolve4(hostname: string, options: ResolveWithTtlOptions): Operation<RecordWithTtl[]>
  resolve4(hostname: string, options: ResolveOptions): Operation<string[] | RecordWithTtl[]>
  resolve4(hostname: string): Operation<string[]>
  resolve4(hostname: string, options: ResolveOptions = { ttl: false }): Operation<string[] | RecordWithTtl[]> {
    return this.#ask('resolve4', hostname, options)
  }

  /** Asks for IPv6 addresses; with `{ ttl: true }` each comes with the seconds that it is good for. As {@link resolve}. */
  resolve6(hostname: string, options: ResolveWithTtlOptions): Operation<RecordWithTtl[]>
  resolve6(hostname: string, options: ResolveOptions): Operation<string[] | RecordWithTtl[]>
  resolve6(hostname: string): Operation<string[]>
  resolve6(hostname: string, options: ResolveOptions = { ttl: false }): Operation<string[] | RecordWithTtl[]> {
    return this.#ask('resolve6', hostname, options)
  }

  /** Asks for records of all types. Many servers answer with few, or refuse. As {@link resolve}. */
  resolveAny(hostname: string): Operation<AnyRecord[]> {
    return this.#ask('resolveAny', hostname)
  }

  /** Asks who may certify the name. As {@link resolve}. */
  resolveCaa(hostname: string): Operation<CaaRecord[]> {
    return this.#ask('resolveCaa', hostname)
  }

  /** Asks which name it stands for. As {@link resolve}. */
  resolveCname(hostname: string): Operation<string[]> {
    return this.#ask('resolveCname', hostname)
  }

  /** Asks for mail servers. As {@link resolve}. */
  resolveMx(hostname: string): Operation<MxRecord[]> {
    return this.#ask('resolveMx', hostname)
  }

  /** Asks for rules of rewriting. As {@link resolve}. */
  resolveNaptr(hostname: string): Operation<NaptrRecord[]> {
    return this.#ask('resolveNaptr', hostname)
  }

  /** Asks for the name servers of a zone. As {@link resolve}. */
  resolveNs(hostname: string): Operation<string[]> {
    return this.#ask('resolveNs', hostname)
  }

  /** Asks for what it points to. As {@link resolve}. */
  resolvePtr(hostname: string): Operation<string[]> {
    return this.#ask('resolvePtr', hostname)
  }

  /** Asks for the head of a zone. As {@link resolve}. */
  resolveSoa(hostname: string): Operation<SoaRecord> {
    return this.#ask('resolveSoa', hostname)
  }

  /** Asks where a service is. As {@link resolve}. */
  resolveSrv(hostname: string): Operation<SrvRecord[]> {
    return this.#ask('resolveSrv', hostname)
  }

  /** Asks for texts, each in its chunks. As {@link resolve}. */
  resolveTxt(hostname: string): Operation<string[][]> {
    return this.#ask('resolveTxt', hostname)
  }

  /**
   * Asks for the names of an address.
   *
   * @param ip - an IP address.
   * @throws Node's error (`ENOTFOUND`, ...); UsageError at the call for what is no address.
   * @switches always
   */
  reverse(ip: string): Operation<string[]> {
    if (typeof ip !== 'string' || isIP(ip) === 0)
      throw new UsageError(`reverse() expects an IP address, but got ${show(ip)}.`)
    return this.#ask('reverse', ip)
  }

  #ask<T>(method: string, hostname: string, options: ResolveOptions = { ttl: false }): Operation<T> {
    if (typeof hostname !== 'string')
      throw new UsageError(`${method}() expects a host name, but got ${show(hostname)}.`)
    checkOptions(`${method}()`, options, '{ ttl: true }')
    checkFlag(`${method}()`, 'ttl', options.ttl)
    const args = options.ttl ? [hostname, { ttl: true }] : [hostname]
    return new Inquiry<T>(`${method}('${hostname}')`, () => this.$question(method, args))
  }

  /** @internal Asks now, by a method of Node's, which has the types that it says. */
  $question<T>(method: string, args: readonly unknown[]): Question<T> {
    const send = sends.get(method)
    return this.#channels.ask((resolver, callback) => {
      send?.call(resolver, ...args, callback)
    })
  }
}

/** Makes a setting that Node checks; what it refuses is a UsageError, which says what is `expected`. */
export function accepted<R>(expected: string, set: () => R): R {
  try {
    return set()
  } catch (cause) {
    throw new UsageError(`${expected} Node says: ${(cause as Error).message}`, { cause }) // Node throws errors
  }
}
