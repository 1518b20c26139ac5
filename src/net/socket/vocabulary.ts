/**
 * The words of Python's sockets: families, kinds, directions and options by their numbers, as Linux has them; and addresses, which are
 * `[host, port]` or a path.
 *
 * Stands on readiness' addresses. Leaves names to `dns`, and what an option does to the faces.
 */
import net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { type Address, showAddress } from '../readiness/address.ts'

/** Unix sockets: an address is a path. */
export const AF_UNIX = 1
/** Addresses such as 127.0.0.1. */
export const AF_INET = 2
/** Addresses such as ::1. */
export const AF_INET6 = 10
/** A connection: bytes in order. */
export const SOCK_STREAM = 1
/** Messages, each on its own. */
export const SOCK_DGRAM = 2
/** `shutdown`: no more is received. */
export const SHUT_RD = 0
/** `shutdown`: no more is sent; the peer meets the end. */
export const SHUT_WR = 1
/** `shutdown`: both. */
export const SHUT_RDWR = 2

/** The level of the options of any socket. */
export const SOL_SOCKET = 1
/** An address may be bound that has just been in use. Of a connection's socket Node sees to it always. */
export const SO_REUSEADDR = 2
/** To be read only: `SOCK_STREAM` or `SOCK_DGRAM`. */
export const SO_TYPE = 3
/** To be read only: the number of the error that nobody was told of yet, and 0 when there is none. It is told by this. */
export const SO_ERROR = 4
/** Datagrams may be sent to all of a network. */
export const SO_BROADCAST = 6
/** How many bytes the machine keeps that are to be sent. For datagrams only. */
export const SO_SNDBUF = 7
/** How many bytes the machine keeps that have arrived. For datagrams only. */
export const SO_RCVBUF = 8
/** A connection that is silent for long is tried. */
export const SO_KEEPALIVE = 9
/** The level of the options of TCP. */
export const IPPROTO_TCP = 6
/** Small pieces are sent at once. */
export const TCP_NODELAY = 1

/** What kind of addresses a socket has. */
export type Family = typeof AF_UNIX | typeof AF_INET | typeof AF_INET6
/** What kind of socket it is. */
export type SocketKind = typeof SOCK_STREAM | typeof SOCK_DGRAM
/** Which direction is shut. */
export type Shutdown = typeof SHUT_RD | typeof SHUT_WR | typeof SHUT_RDWR

/** The names of the families, for messages. */
export const FAMILIES: Readonly<Record<Family, string>> = { 1: 'AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6' }
/** The names of the kinds, for messages. */
export const KINDS: Readonly<Record<SocketKind, string>> = { 1: 'SOCK_STREAM', 2: 'SOCK_DGRAM' }

/** An option of a socket, by its name. */
export type Option = 'reuseaddr' | 'type' | 'error' | 'broadcast' | 'sndbuf' | 'rcvbuf' | 'keepalive' | 'nodelay'

const OPTIONS: Readonly<Record<string, Option>> = {
  [`${SOL_SOCKET}:${SO_REUSEADDR}`]: 'reuseaddr',
  [`${SOL_SOCKET}:${SO_TYPE}`]: 'type',
  [`${SOL_SOCKET}:${SO_ERROR}`]: 'error',
  [`${SOL_SOCKET}:${SO_BROADCAST}`]: 'broadcast',
  [`${SOL_SOCKET}:${SO_SNDBUF}`]: 'sndbuf',
  [`${SOL_SOCKET}:${SO_RCVBUF}`]: 'rcvbuf',
  [`${SOL_SOCKET}:${SO_KEEPALIVE}`]: 'keepalive',
  [`${IPPROTO_TCP}:${TCP_NODELAY}`]: 'nodelay',
}

/** The option of these numbers; undefined when a `Socket` does not know it. */
export function optionOf(level: number, name: number): Option | undefined {
  return OPTIONS[`${level}:${name}`]
}

/** Where a socket is, or is to be: `[host, port]`; of a Unix socket, a path. */
export type SocketAddress = Address | string

/** How Python writes "all of the network". */
const BROADCAST = '<broadcast>'

/** Checks an address that was given; `rest` is what stood behind it. */
export function checkAddress(call: string, family: Family, address: unknown, rest: readonly unknown[]): SocketAddress {
  if (family === AF_UNIX) {
    if (typeof address === 'string' && address !== '') return address
    throw new UsageError(`${call}() of an AF_UNIX socket expects a path, but got ${show(address)}.`)
  }
  if (!Array.isArray(address)) throw notAnAddress(call, address, rest)
  const [host, port, ...more] = address as unknown[]
  if (typeof host !== 'string' || more.length > 0) throw notAnAddress(call, address, rest)
  if (typeof port !== 'number' || !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new UsageError(`${call}() expects the port to be an integer from 0 to 65535, but got ${show(port)}.`)
  const version = net.isIP(host)
  if (version !== 0 && version !== versionOf(family))
    throw new UsageError(
      `${call}() of an ${FAMILIES[family]} socket has IPv${versionOf(family)} addresses, but got ${show(host)}.`,
    )
  if (host === BROADCAST && family === AF_INET) return ['255.255.255.255', port]
  return [host === '' ? anyHost(family) : host, port]
}

function notAnAddress(call: string, address: unknown, rest: readonly unknown[]): UsageError {
  const [first] = rest
  if (typeof address === 'string' && typeof first === 'number') {
    const [host, port] = [JSON.stringify(address).replaceAll('"', "'"), String(first)]
    return new UsageError(
      `${call}() expects one address, [host, port], but got ${show(address)} and ${show(first)}.\n\n${wrongRight(`${call}(${host}, ${port})`, 'two arguments', `${call}([${host}, ${port}])`, 'an address is one value')}`,
    )
  }
  const shown = Array.isArray(address) ? `[${address.map(show).join(', ')}]` : show(address)
  return new UsageError(`${call}() expects an address, [host, port], but got ${shown}.`)
}

/** 4 or 6, as Node and its lookups have it. */
export function versionOf(family: Family): 4 | 6 {
  return family === AF_INET6 ? 6 : 4
}

/** The family of the addresses of this version. */
export function familyOf(version: number): typeof AF_INET | typeof AF_INET6 {
  return version === 6 ? AF_INET6 : AF_INET
}

/** Where a socket is that nobody has put anywhere. */
export function nowhere(family: Family): SocketAddress {
  return family === AF_UNIX ? '' : [anyHost(family), 0]
}

/** Stands for all addresses of the machine; an empty host does, too. */
function anyHost(family: Family): string {
  return family === AF_INET6 ? '::' : '0.0.0.0'
}

/** An address as it stands in messages. */
export function showSocketAddress(address: SocketAddress): string {
  return typeof address === 'string' ? address : showAddress(address)
}
