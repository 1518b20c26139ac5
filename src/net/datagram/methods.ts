/**
 * The methods that datagram sockets gain: as an interface, and as the table that `createSocket` and the patch put on a prototype.
 *
 * Stands on the operations. Leaves to `create-socket.ts` and to `monkey` which objects have them.
 */
import type dgram from 'node:dgram'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import { begun } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import type { Address } from '../readiness/address.ts'
import { numberOf } from '../readiness/numbers.ts'
import { Bound, beginConnect, type ConnectArguments } from './bound.ts'
import { type Datagram, datagramStateOf } from './datagram-state.ts'
import { Recvfrom } from './recvfrom.ts'
import { Sendto } from './sendto.ts'

/** What every datagram socket gains: by `createSocket` of this room, or by the patch. */
export interface DatagramMethods {
  /** For `yield* socket.bind(...)` and `yield* socket.connect(...)`: waits until it is so, and gives the socket. */
  [Symbol.iterator](): Iterator<Suspend, this, Resume>
  /**
   * Sets to whom it sends, and from whom alone it receives, as Node does; and gives the socket: `yield* socket.connect(port)` waits until
   * that is so.
   *
   * @param port - the other's port.
   * @param address - the other's host. @defaultValue this machine
   * @param callback - Node's.
   * @throws Node's error when it is connected already; driven, when the name is not found; SocketClosedError when the socket is closed.
   * @switches when driven
   * @source Node: `dgram.Socket.connect`
   */
  connect(port: number, address?: string, callback?: () => void): this
  /** The same, without an address. @source Node: `dgram.Socket.connect` */
  connect(port: number, callback: () => void): this
  /**
   * Waits for the next message, and gives it with the address of its sender.
   *
   * A message that nobody has taken yet waits; at most 1024 messages do, and 1 MiB: the newest is dropped beyond that. A kill or a timeout
   * takes no message away. Only one greenlet may wait in `recvfrom` of a socket.
   *
   * @param size - how many bytes at the most; the rest of the message is lost. @defaultValue all of it
   * @param options - `timeoutMs`: how long at the most.
   * @throws ConcurrentObjectUseError when another greenlet waits in it; SocketClosedError when the socket is closed, before or meanwhile;
   * SocketTimeoutError when the time has passed; an error of the socket, once (`ECONNREFUSED` when nobody listens where a connected one sends
   * to); UsageError when `size` is no integer from 0, or there is a listener for messages, too.
   * @switches only if it must wait
   * @source gevent: `socket.recvfrom`
   */
  recvfrom(size?: number, options?: WaitOptions): Operation<Datagram>
  /**
   * Sends one message, and waits until it was handed to the machine. A socket that is not bound is bound by this.
   *
   * What was handed over before a kill is sent all the same.
   *
   * @param data - text is sent as UTF-8.
   * @param address - to whom: `[host, port]`. @defaultValue to whom it is connected
   * @param options - `timeoutMs`: how long at the most.
   * @returns how many bytes.
   * @throws SocketClosedError when the socket is closed, before or meanwhile; SocketTimeoutError when the time has passed; Node's error; an
   * error of the socket that came before, once.
   * @switches always
   * @source gevent: `socket.sendto`
   */
  sendto(data: string | Uint8Array, address?: Address, options?: WaitOptions): Operation<number>
  /** Sends one message to a port of `host`. @defaultValue this machine @source gevent: `socket.sendto` */
  sendto(data: string | Uint8Array, port: number, host?: string, options?: WaitOptions): Operation<number>
  /**
   * A number by which `select`, `poll` and `epoll` know the socket. It is not the operating system's: Node does not tell that.
   *
   * @returns an integer; -1 when the socket is closed.
   * @switches never
   * @source gevent: `socket.fileno`
   */
  fileno(): number
}

const whole = (message: Datagram): Datagram => message

/** The methods of datagram sockets, as they are put on a prototype. */
export const datagramMethods: {
  [Symbol.iterator](this: dgram.Socket): Iterator<Suspend, dgram.Socket, Resume>
  connect(this: dgram.Socket, ...args: ConnectArguments): dgram.Socket
  recvfrom(this: dgram.Socket, size?: number, options?: WaitOptions): Operation<Datagram>
  sendto(this: dgram.Socket, data: string | Uint8Array, ...to: unknown[]): Operation<number>
  fileno(this: dgram.Socket): number
} = {
  [Symbol.iterator]() {
    const wait = new Bound(this)
    begun(wait) // Node does
    datagramStateOf(this).takesMessages() // from now on some may come, before anybody asks for them
    return wait
  },
  connect(...args) {
    beginConnect(this, args)
    return this
  },
  recvfrom(size = Infinity, options = {}) {
    if (size !== Infinity && !(Number.isInteger(size) && size >= 0)) {
      throw new UsageError(`recvfrom() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
    }
    checkWaitOptions('recvfrom()', options)
    return new Recvfrom(this, size, whole, 'recvfrom()', options.timeoutMs)
  },
  sendto(data, ...to) {
    checkData('sendto()', data)
    const [address, options] = destination(to)
    checkWaitOptions('sendto()', options)
    return new Sendto(this, data, address, 'sendto()', options.timeoutMs)
  },
  fileno() {
    const state = datagramStateOf(this)
    return state.isClosed ? -1 : numberOf(state)
  },
}

/** Checks what is to be sent. */
export function checkData(call: string, data: unknown): asserts data is string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return
  throw new UsageError(`${call} expects a string or a Uint8Array, but got ${show(data)}.`)
}

const LOCALHOST = 'localhost'

/** What stands behind the data: an address, or a port and perhaps a host; then perhaps options, which are checked by who asks. */
function destination(to: readonly unknown[]): [Address | null, WaitOptions] {
  const [first, second, third] = to
  if (first === undefined) return [null, optionsOf(second)]
  if (typeof first === 'number' && (second === undefined || typeof second === 'string'))
    return [[second ?? LOCALHOST, first], optionsOf(third)]
  if (Array.isArray(first) && typeof first[0] === 'string' && typeof first[1] === 'number')
    return [[first[0], first[1]], optionsOf(second)]
  throw new UsageError(
    `sendto() expects a port and a host, or [host, port], but got ${to.map(show).join(', ')}.\n\n${wrongRight("socket.sendto(data, 'localhost', 53)", "the port comes first, as in Node's send()", "socket.sendto(data, 53, 'localhost')", "or ['localhost', 53]")}`,
  )
}

function optionsOf(given: unknown): WaitOptions {
  return given ?? {}
}
