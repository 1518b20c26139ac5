/**
 * What the patches add, for the compiler: importing `greenloop/monkey` makes the patched forms visible, and nothing else does.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { MessageMethods, RequestMethods } from '../http/node/methods.ts'
import type { ServiceName } from '../net/dns/lookup.ts'
import type { Accepted } from '../net/stream/accept.ts'
import type { ServerMethods, SocketMethods } from '../net/stream/methods.ts'
import type { Operation, Resume, Suspend } from '../protocol.ts'
import type { Cursor } from '../waiting/cursor.ts'
import type { WaitOptions } from '../waiting/timeout.ts'

declare global {
  interface Promise<T> {
    /** For `yield* promise` in a greenlet: waits until it settles. */
    [Symbol.iterator](): Iterator<Suspend, T, Resume>
  }
}

declare module 'net' {
  interface Socket extends SocketMethods {
    // Of a stream it takes other things, too.
    sendall(data: string | Uint8Array, options?: WaitOptions): Operation<void>
  }
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface Server extends ServerMethods {}
}

declare module 'tls' {
  // What a TLSSocket and a Server have of net's; what the latter accepts is its own.
  interface Server {
    accept(options?: WaitOptions): Operation<Accepted<TLSSocket>>
    cursor(): Cursor<Accepted<TLSSocket>>
  }
}

declare module 'http' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface ClientRequest extends RequestMethods {}
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- declaration merging
  interface OutgoingMessage<Request extends IncomingMessage = IncomingMessage> extends MessageMethods {
    // As that of a socket.
    sendall(data: string | Uint8Array, options?: WaitOptions): Operation<void>
  }
}

// It is a Server of http and one of tls, so it must say which of the two it accepts as. The parameters are those of its declaration.
declare module 'https' {
  interface Server<
    Request extends typeof IncomingMessage = typeof IncomingMessage,
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- declaration merging
    Response extends typeof ServerResponse<InstanceType<Request>> = typeof ServerResponse,
  > {
    accept(options?: WaitOptions): Operation<Accepted<TLSSocket>>
    cursor(): Cursor<Accepted<TLSSocket>>
  }
}

// A Resolver has the same forms: its methods are declared by these functions. The last form of each is the one that `spawn` infers from.
declare module 'dns' {
  /** Without a callback, in a greenlet: `yield* dns.lookup(host)`. */
  function lookup(hostname: string, options: LookupAllOptions): Operation<LookupAddress[]>
  function lookup(hostname: string, options?: number | LookupOneOptions | null): Operation<LookupAddress>
  /** Without a callback, in a greenlet: `yield* dns.lookupService(address, port)`. */
  function lookupService(address: string, port: number): Operation<ServiceName>
  /** Without a callback, in a greenlet: `yield* dns.resolve(host, 'MX')`. */
  function resolve(hostname: string, rrtype: 'ANY'): Operation<AnyRecord[]>
  function resolve(hostname: string, rrtype: 'CAA'): Operation<CaaRecord[]>
  function resolve(hostname: string, rrtype: 'MX'): Operation<MxRecord[]>
  function resolve(hostname: string, rrtype: 'NAPTR'): Operation<NaptrRecord[]>
  function resolve(hostname: string, rrtype: 'SOA'): Operation<SoaRecord>
  function resolve(hostname: string, rrtype: 'SRV'): Operation<SrvRecord[]>
  function resolve(hostname: string, rrtype: 'TXT'): Operation<string[][]>
  function resolve(hostname: string, rrtype?: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'PTR'): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolve4(host)`. */
  function resolve4(hostname: string, options: ResolveWithTtlOptions): Operation<RecordWithTtl[]>
  function resolve4(hostname: string, options: ResolveOptions): Operation<string[] | RecordWithTtl[]>
  function resolve4(hostname: string): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolve6(host)`. */
  function resolve6(hostname: string, options: ResolveWithTtlOptions): Operation<RecordWithTtl[]>
  function resolve6(hostname: string, options: ResolveOptions): Operation<string[] | RecordWithTtl[]>
  function resolve6(hostname: string): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveAny(host)`. */
  function resolveAny(hostname: string): Operation<AnyRecord[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveCaa(host)`. */
  function resolveCaa(hostname: string): Operation<CaaRecord[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveCname(host)`. */
  function resolveCname(hostname: string): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveMx(host)`. */
  function resolveMx(hostname: string): Operation<MxRecord[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveNaptr(host)`. */
  function resolveNaptr(hostname: string): Operation<NaptrRecord[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveNs(host)`. */
  function resolveNs(hostname: string): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolvePtr(host)`. */
  function resolvePtr(hostname: string): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveSoa(host)`. */
  function resolveSoa(hostname: string): Operation<SoaRecord>
  /** Without a callback, in a greenlet: `yield* dns.resolveSrv(host)`. */
  function resolveSrv(hostname: string): Operation<SrvRecord[]>
  /** Without a callback, in a greenlet: `yield* dns.resolveTxt(host)`. */
  function resolveTxt(hostname: string): Operation<string[][]>
  /** Without a callback, in a greenlet: `yield* dns.reverse(ip)`. */
  function reverse(ip: string): Operation<string[]>
}
