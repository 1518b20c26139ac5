/**
 * What the patches add, for the compiler: importing `greenloop/monkey` makes the patched forms visible, and nothing else does.
 */

import type { SocketMethods } from '../net/socket.ts'
import type { Operation, Resume, Suspend } from '../protocol.ts'

declare global {
  interface Promise<T> {
    /** For `yield* promise` in a greenlet: waits until it settles. */
    [Symbol.iterator](): Iterator<Suspend, T, Resume>
  }
}

declare module 'net' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface Socket extends SocketMethods {}
}

declare module 'dns' {
  /** Without a callback, in a greenlet: `yield* dns.lookup(host)`. */
  function lookup(hostname: string, options: LookupAllOptions): Operation<LookupAddress[]>
  function lookup(hostname: string, options?: number | LookupOptions): Operation<LookupAddress>
}
