/**
 * Where a server is to listen: the ways in which that is written, and how it is told that it does.
 *
 * Stands on Node's emitters.
 */
import type { EventEmitter } from 'node:events'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { type Address, showAddress } from '../readiness/address.ts'

/**
 * A port; `[host, port]`; `'host:port'`, with a host of IPv6 in brackets; `':port'`. Without a host, or with `*`, it is all of this machine's
 * addresses. Port 0 lets the machine choose one.
 */
export type PortListener = number | string | readonly [host: string, port: number]

/** Where to listen: at a port, or at a path (of a Unix socket, or a pipe of Windows). */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/** Reads where to listen; null for what is none of these forms. */
export function placeOf(listener: unknown): Place | null {
  if (typeof listener === 'number') return portAt('', listener)
  if (Array.isArray(listener)) {
    const [host, port] = listener as unknown[]
    return listener.length === 2 && typeof host === 'string' ? portAt(host, port) : null
  }
  if (typeof listener !== 'string') return null
  if (/[/\\]|^\0./u.test(listener)) return { path: listener }
  const [, bracketed, host = bracketed ?? '', port] = /^(?:(?:\[(.*)\]|([^:]*)):)?(\d+)$/u.exec(listener) ?? []
  return port === undefined ? null : portAt(host, Number(port))
}

function portAt(host: string, port: unknown): Place | null {
  if (!(Number.isInteger(port) && (port as number) >= 0 && (port as number) < 2 ** 16)) return null
  return { host: host === '*' ? '' : host, port: port as number }
}

/** What Node's `listen` and `bind` take for it. */
export function addressOfPlace(place: Place): Address | string {
  return 'path' in place ? place.path : [place.host, place.port]
}

/** A place as it stands in messages. */
export function showPlace(address: Address | string): string {
  if (typeof address === 'string') return address
  const [host, port] = address
  return host === '' ? `port ${String(port)}` : showAddress([host, port])
}

/** Calls one of the two, when Node's server or socket listens or has failed to. */
export function whenListening(listener: EventEmitter, bound: () => void, failed: (error: Error) => void): void {
  const onListening = (): void => {
    listener.off('error', onError)
    bound()
  }
  const onError = (error: Error): void => {
    listener.off('listening', onListening)
    failed(error)
  }
  listener.once('listening', onListening)
  listener.once('error', onError)
}

/** What was given is none of the forms; `forms` are those that are. */
export function notAListener(call: string, forms: string, listener: unknown): UsageError {
  const shown = Array.isArray(listener) ? `[${listener.map(show).join(', ')}]` : show(listener)
  return new UsageError(`${call} expects its listener to be ${forms}, but got ${shown}.`)
}
