/**
 * Addresses as Python writes them: a pair of host and port.
 *
 * Stands on nothing. Leaves to the rooms whose address it is.
 */

/** The host as an IP address, and the port. A Unix socket has neither: `['', 0]`. */
export type Address = readonly [host: string, port: number]

/** An address as it stands in messages: `127.0.0.1:80`, `[::1]:80`. */
export function showAddress([host, port]: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`
}
