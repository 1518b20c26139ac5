/**
 * What a `Socket` is set to, and where it is: timeouts, options, addresses, its number. None of it waits.
 *
 * Stands on the faces. Leaves the calls that wait to `socket.ts`.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkMs, show } from '../../errors/usage.ts'
import { systemError } from './calls.ts'
import type { Face, NodeSocket } from './face.ts'
import { FAMILIES, type Family, KINDS, type SocketAddress, type SocketKind, showSocketAddress } from './vocabulary.ts'

/** The base of `Socket`. */
export abstract class SocketSettings {
  /** @internal What stands behind it. */
  $face: Face

  constructor(face: Face) {
    this.$face = face
  }

  /** What kind of addresses it has. */
  get family(): Family {
    return this.$face.family
  }

  /** `SOCK_STREAM` or `SOCK_DGRAM`. */
  get type(): SocketKind {
    return this.$face.kind
  }

  /** Node's socket or server below; null as long as there is none. */
  get node(): NodeSocket | null {
    return this.$face.node
  }

  /**
   * Says how long its calls may wait, from now on.
   *
   * @param ms - milliseconds; null: for ever; 0: not at all, as `setblocking(false)`.
   * @throws UsageError when `ms` is negative, or no number.
   * @switches never
   * @source gevent: `socket.settimeout` (which takes seconds)
   */
  settimeout(ms: number | null): void {
    if (ms !== null) checkMs('settimeout()', 'ms', ms)
    this.$face.timeoutMs = ms === Infinity ? null : ms
  }

  /** How long its calls may wait: milliseconds; null: for ever. @switches never @source gevent: `socket.gettimeout` */
  gettimeout(): number | null {
    return this.$face.timeoutMs
  }

  /**
   * Says whether its calls wait: `true` for ever, `false` not at all.
   *
   * @throws UsageError when `flag` is no boolean.
   * @switches never
   * @source gevent: `socket.setblocking`
   */
  setblocking(flag: boolean): void {
    if (typeof flag !== 'boolean') throw new UsageError(`setblocking() expects a boolean, but got ${show(flag)}.`)
    this.$face.timeoutMs = flag ? null : 0
  }

  /** Whether its calls wait. @switches never @source Python: `socket.getblocking` */
  getblocking(): boolean {
    return this.$face.blocking
  }

  /**
   * Sets an option, now or when there is something below that has it.
   *
   * @param level - `SOL_SOCKET` or `IPPROTO_TCP`.
   * @param name - `SO_REUSEADDR`, `SO_KEEPALIVE`, `TCP_NODELAY`; of a socket for messages `SO_REUSEADDR`, `SO_BROADCAST`, `SO_SNDBUF`, `SO_RCVBUF`.
   * @param value - an integer, or a boolean.
   * @throws UsageError for an option that Node has not.
   * @switches never
   * @source Python: `socket.setsockopt`
   */
  setsockopt(level: number, name: number, value: number | boolean): void {
    this.$face.setsockopt(level, name, value)
  }

  /**
   * Reads an option: as it was set, `SO_TYPE`, or `SO_ERROR`, the number of the error that made a connection fail (`os.constants.errno`);
   * it is told by this, and the socket may be connected again.
   *
   * @throws UsageError for an option that Node has not.
   * @switches never
   * @source Python: `socket.getsockopt`
   */
  getsockopt(level: number, name: number): number {
    return this.$face.getsockopt(level, name)
  }

  /**
   * Its own address; `['0.0.0.0', 0]` when it has none.
   *
   * @throws SocketClosedError.
   * @switches never
   * @source Python: `socket.getsockname`
   */
  getsockname(): SocketAddress {
    if (this.$face.isClosed) throw this.$face.closedError('getsockname()')
    return this.$face.getsockname()
  }

  /**
   * The address of its peer.
   *
   * @throws an error with the code `ENOTCONN` when it is not connected; SocketClosedError.
   * @switches never
   * @source Python: `socket.getpeername`
   */
  getpeername(): SocketAddress {
    if (this.$face.isClosed) throw this.$face.closedError('getpeername()')
    const { peer } = this.$face
    if (peer === null) throw systemError('getpeername', 'ENOTCONN', `${this.$face.label} is not connected.`)
    return peer
  }

  /**
   * A number by which `select`, `poll` and `epoll` know it. It is not the operating system's: Node does not tell that.
   *
   * @returns an integer, the same for as long as it lives; -1 when it is closed.
   * @switches never
   * @source gevent: `socket.fileno`
   */
  fileno(): number {
    return this.$face.fileno()
  }

  /** For messages. */
  toString(): string {
    const face = this.$face
    const kind = `Socket(${FAMILIES[face.family]}, ${KINDS[face.kind]})`
    if (face.isClosed) return `${kind}, closed`
    const { peer } = face
    return `${kind} at ${showSocketAddress(face.getsockname())}${peer === null ? '' : ` to ${showSocketAddress(peer)}`}`
  }
}
