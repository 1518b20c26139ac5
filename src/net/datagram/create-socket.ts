/**
 * `createSocket`, which makes Node's own datagram sockets with the methods of a greenlet's.
 *
 * Stands on the methods. Leaves everything else to Node.
 */
import dgram from 'node:dgram'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { lookupFunction } from '../dns/lookup.ts'
import { type DatagramMethods, datagramMethods } from './methods.ts'

/** A `dgram.Socket` with the methods of a greenlet's socket. */
export interface GreenDatagramSocket extends dgram.Socket, DatagramMethods {
  connect(port: number, address?: string, callback?: () => void): this
  connect(port: number, callback: () => void): this
}

class DatagramWithMethods extends dgram.Socket {}
for (const key of Reflect.ownKeys(datagramMethods)) {
  const value: unknown = Reflect.get(datagramMethods, key)
  Object.defineProperty(DatagramWithMethods.prototype, key, { value, writable: true, configurable: true })
}

/** A datagram socket asks for one address, and Node's types say so. */
const lookup = lookupFunction as NonNullable<dgram.SocketOptions['lookup']>
const nodeCreateSocket = dgram.createSocket

/**
 * Makes a datagram socket, as Node's `dgram.createSocket` does: `yield* socket.bind(port)` waits until it is bound, `yield*
 * socket.recvfrom()` for a message.
 *
 * @param options - `'udp4'`, `'udp6'`, or Node's options.
 * @throws UsageError for anything else.
 * @switches never
 * @source Node: `dgram.createSocket`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { dgram } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = dgram.createSocket('udp4')
 *   yield* server.bind(0, '127.0.0.1')
 *   const client = dgram.createSocket('udp4')
 *   yield* client.sendto('ping', server.address().port, '127.0.0.1')
 *   const [data, address] = yield* server.recvfrom()
 *   yield* server.sendto(`${String(data)} pong`, address)
 *   console.log(String((yield* client.recvfrom())[0])) // ping pong
 *   server.close()
 *   client.close()
 * })
 * ```
 */
export function createSocket(options: dgram.SocketType | dgram.SocketOptions): GreenDatagramSocket {
  const given = typeof options === 'string' ? { type: options } : options
  const { type } = Object(given) as { type?: unknown } // it may be called from JavaScript with anything
  if (type !== 'udp4' && type !== 'udp6')
    throw new UsageError(`createSocket() expects 'udp4', 'udp6' or options with such a type, but got ${show(options)}.`)
  const socket = nodeCreateSocket({ lookup, ...given, type })
  return Object.setPrototypeOf(socket, DatagramWithMethods.prototype) as GreenDatagramSocket // with the methods above
}
