/**
 * Questions to the name servers of the process: `dns.resolve4` and its like, and the servers themselves.
 *
 * The servers are Node's: who sets them here sets them for all, and who has set them by Node's `dns.setServers` has set them here.
 *
 * Stands on `Resolver`.
 */
import dns from 'node:dns'
import type { Question } from './question.ts'
import { accepted, Resolver } from './resolver.ts'

/** Asks the servers that Node has. */
class StandardResolver extends Resolver {
  // Looked up each time: Node binds `dns.getServers` anew when servers are set.
  override getServers(): string[] {
    return dns.getServers()
  }

  override setServers(servers: readonly string[]): void {
    const expected = "setServers() expects IP addresses, with a port or without: ['127.0.0.1', '[::1]:5353']."
    accepted(expected, () => {
      dns.setServers(servers)
    })
  }

  override $question<T>(method: string, args: readonly unknown[]): Question<T> {
    const servers = dns.getServers()
    if (servers.join() !== super.getServers().join()) super.setServers(servers)
    return super.$question(method, args)
  }
}

/** The resolver of the process. */
export const standard: Resolver = new StandardResolver()

/**
 * Tells which servers are asked: IP addresses, with the port unless it is 53.
 *
 * @switches never
 * @source Node: `dns.getServers`
 */
export const getServers: Resolver['getServers'] = () => standard.getServers()

/**
 * Sets which servers are asked, in the whole process, Node's own functions included. Questions under way stay with theirs.
 *
 * @throws UsageError for what are no addresses.
 * @switches never
 * @source Node: `dns.setServers`
 */
export const setServers: Resolver['setServers'] = (servers) => {
  standard.setServers(servers)
}

/**
 * Asks for the records of a name, of a type (`'A'` by default): see {@link Resolver.resolve}.
 *
 * @throws Node's error (`ENOTFOUND`, `ENODATA`, `ETIMEOUT`, ...); UsageError at the call for what is no name, and no type.
 * @switches always
 * @source Node: `dns.promises.resolve`
 */
export const resolve: Resolver['resolve'] = standard.resolve.bind(standard)

/** Asks for IPv4 addresses; with `{ ttl: true }` each comes with the seconds that it is good for. As {@link resolve}. */
export const resolve4: Resolver['resolve4'] = standard.resolve4.bind(standard)

/** Asks for IPv6 addresses; with `{ ttl: true }` each comes with the seconds that it is good for. As {@link resolve}. */
export const resolve6: Resolver['resolve6'] = standard.resolve6.bind(standard)

/** Asks for records of all types. Many servers answer with few, or refuse. As {@link resolve}. */
export const resolveAny: Resolver['resolveAny'] = standard.resolveAny.bind(standard)

/** Asks who may certify the name. As {@link resolve}. */
export const resolveCaa: Resolver['resolveCaa'] = standard.resolveCaa.bind(standard)

/** Asks which name it stands for. As {@link resolve}. */
export const resolveCname: Resolver['resolveCname'] = standard.resolveCname.bind(standard)

/** Asks for mail servers. As {@link resolve}. */
export const resolveMx: Resolver['resolveMx'] = standard.resolveMx.bind(standard)

/** Asks for rules of rewriting. As {@link resolve}. */
export const resolveNaptr: Resolver['resolveNaptr'] = standard.resolveNaptr.bind(standard)

/** Asks for the name servers of a zone. As {@link resolve}. */
export const resolveNs: Resolver['resolveNs'] = standard.resolveNs.bind(standard)

/** Asks for what it points to. As {@link resolve}. */
export const resolvePtr: Resolver['resolvePtr'] = standard.resolvePtr.bind(standard)

/** Asks for the head of a zone. As {@link resolve}. */
export const resolveSoa: Resolver['resolveSoa'] = standard.resolveSoa.bind(standard)

/** Asks where a service is. As {@link resolve}. */
export const resolveSrv: Resolver['resolveSrv'] = standard.resolveSrv.bind(standard)

/** Asks for texts, each in its chunks. As {@link resolve}. */
export const resolveTxt: Resolver['resolveTxt'] = standard.resolveTxt.bind(standard)

/**
 * Asks for the names of an address.
 *
 * @throws Node's error (`ENOTFOUND`, ...); UsageError at the call for what is no address.
 * @switches always
 * @source Node: `dns.promises.reverse`
 */
export const reverse: Resolver['reverse'] = standard.reverse.bind(standard)
