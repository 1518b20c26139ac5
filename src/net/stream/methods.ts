/**
 * The methods that sockets and servers gain: as interfaces, and as the tables that `connect`, `createServer` and the patch put on prototypes.
 *
 * Stands on the operations. Leaves to `endpoints.ts` and to `monkey` which objects have them.
 */
import net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { kernel } from '../../greenlet/kernel.ts'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import type { Cursor } from '../../waiting/cursor.ts'
import { begun } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { numberOf } from '../readiness/numbers.ts'
import { Accept, AcceptCursor, type Accepted, Listen } from './accept.ts'
import { Connect } from './connect.ts'
import { Recv } from './recv.ts'
import { Sendall } from './sendall.ts'
import { serverStateOf } from './server-state.ts'
import { stateOf, usedState } from './stream-state.ts'

/** What every socket gains: by `connect` and `accept` of this room, or by the patch. */
export interface SocketMethods {
  /** For `yield* net.connect(...)`: waits until connected, and gives the socket. */
  [Symbol.iterator](): Iterator<Suspend, this, Resume>
  /**
   * Waits until something has arrived, and gives it: at least one byte and at most `size`; an empty Buffer when the peer has ended.
   *
   * A kill or a timeout takes no byte away. Only one greenlet may wait in `recv` of a socket.
   *
   * @param size - how much at the most. @defaultValue all that is there
   * @param options - `timeoutMs`: how long at the most.
   * @throws ConcurrentObjectUseError when another greenlet waits in it; SocketClosedError when the socket is closed, before or meanwhile;
   * SocketTimeoutError when the time has passed; the error of the connection; UsageError when `size` is no integer from 0, or somebody
   * else reads the socket: a listener for `'data'`, a pipe.
   * @switches only if it must wait
   * @source gevent: `socket.recv`
   */
  recv(size?: number, options?: WaitOptions): Operation<Buffer>
  /**
   * Waits until something has arrived, and writes it to the beginning of `buffer`.
   *
   * @param buffer - where to. At most its length is taken.
   * @param options - `timeoutMs`: how long at the most.
   * @returns how many bytes; 0 when the peer has ended.
   * @throws as {@link SocketMethods.recv}; UsageError when `buffer` is no Uint8Array.
   * @switches only if it must wait
   * @source gevent: `socket.recv_into`
   */
  recvInto(buffer: Uint8Array, options?: WaitOptions): Operation<number>
  /**
   * Sends all of `data`, and waits while the peer takes it more slowly than it is sent.
   *
   * What was handed over before a kill is sent all the same.
   *
   * @param data - text is sent as UTF-8.
   * @param options - `timeoutMs`: how long at the most.
   * @throws SocketClosedError when the socket is closed or ended, before or meanwhile; SocketTimeoutError when the time has passed; the
   * error of the connection.
   * @switches only if it must wait
   * @source gevent: `socket.sendall`
   */
  sendall(data: string | Uint8Array, options?: WaitOptions): Operation<void>
  /**
   * A number by which `select`, `poll` and `epoll` know the socket. It is not the operating system's: Node does not tell that.
   *
   * @returns an integer; -1 when the socket is closed.
   * @switches never
   * @source gevent: `socket.fileno`
   */
  fileno(): number
}

/** What every server gains: by `createServer` of this room, or by the patch. `S` is what its connections are. */
export interface ServerMethods<S extends net.Socket = net.Socket> {
  /** For `yield* server.listen(...)`: waits until it listens, and gives the server. */
  [Symbol.iterator](): Iterator<Suspend, this, Resume>
  /**
   * Waits for the next connection, and gives it with the address of its other end. Those who wait are served in the order in which they came.
   *
   * A connection that nobody has taken yet waits, connected.
   *
   * @param options - `timeoutMs`: how long at the most.
   * @throws SocketClosedError when the server is closed, before or meanwhile; SocketTimeoutError when the time has passed; Node's error
   * when a connection could not be accepted (`EMFILE`); UsageError when there is a listener for connections, too.
   * @switches only if it must wait
   * @source gevent: `socket.accept`
   */
  accept(options?: WaitOptions): Operation<Accepted<S>>
  /**
   * The connections, one after the other: `while (yield* it.next()) use(it.value)`. It ends when the server is closed.
   *
   * @switches never; `next()` of it does
   */
  cursor(): Cursor<Accepted<S>>
  /**
   * A number by which `select`, `poll` and `epoll` know the server.
   *
   * @returns an integer; -1 when the server is closed.
   * @switches never
   * @source gevent: `socket.fileno`
   */
  fileno(): number
}

/** The methods of sockets, as they are put on a prototype. */
export const socketMethods: {
  [Symbol.iterator](this: net.Socket): Iterator<Suspend, net.Socket, Resume>
  recv(this: net.Socket, size?: number, options?: WaitOptions): Operation<Buffer>
  recvInto(this: net.Socket, buffer: Uint8Array, options?: WaitOptions): Operation<number>
  sendall(this: net.Socket, data: string | Uint8Array, options?: WaitOptions): Operation<void>
  fileno(this: net.Socket): number
} = {
  [Symbol.iterator]() {
    const wait = new Connect(this)
    begun(wait) // the connection is
    return wait
  },
  recv(size, options) {
    if (size !== undefined && !(Number.isInteger(size) && size >= 0)) {
      throw new UsageError(`recv() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
    }
    const timeLimit = limitOf('recv()', options)
    // A greenlet reads with the same size over and over; the recipe holds nothing that changes.
    const known = timeLimit === undefined && kernel.debug === null ? usedState(this)?.recv : null
    if (known?.size === (size ?? Infinity)) return known as Recv as Operation<Buffer> // Recv leaves itself there; it reads into nothing
    return new Recv(this, size ?? Infinity, null, timeLimit) as Operation<Buffer> // as above
  },
  recvInto(buffer, options) {
    if (!(buffer instanceof Uint8Array)) {
      throw new UsageError(`recvInto() expects a Uint8Array, but got ${show(buffer)}.`)
    }
    return new Recv(this, buffer.length, buffer, limitOf('recvInto()', options)) as Operation<number> // it is read into a buffer
  },
  sendall(data, options) {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new UsageError(`sendall() expects a string or a Uint8Array, but got ${show(data)}.`)
    }
    return new Sendall(this, data, limitOf('sendall()', options))
  },
  fileno() {
    const state = stateOf(this)
    return state.isClosed ? -1 : numberOf(state)
  },
}

/** The methods of servers, as they are put on a prototype. */
export const serverMethods: {
  [Symbol.iterator](this: net.Server): Iterator<Suspend, net.Server, Resume>
  accept(this: net.Server, options?: WaitOptions): Operation<Accepted<net.Socket>>
  cursor(this: net.Server): Cursor<Accepted<net.Socket>>
  fileno(this: net.Server): number
} = {
  [Symbol.iterator]() {
    const wait = new Listen(this)
    begun(wait) // Node does
    serverStateOf(this).takesConnections(CONNECTION) // from now on some may come, before anybody accepts
    return wait
  },
  accept(options) {
    return new Accept(this, CONNECTION, limitOf('accept()', options))
  },
  cursor() {
    return new AcceptCursor(this, CONNECTION)
  },
  fileno() {
    const state = serverStateOf(this)
    return state.isClosed ? -1 : numberOf(state)
  },
}

const CONNECTION = 'connection'

function limitOf(call: string, options: WaitOptions | undefined): WaitOptions['timeoutMs'] {
  if (options === undefined) return undefined
  checkWaitOptions(call, options)
  return options.timeoutMs
}

/** Property descriptors that neither show in `for...in` nor refuse to be taken back. */
export function nonEnumerable(methods: object): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = {}
  for (const key of Reflect.ownKeys(methods)) {
    descriptors[key] = {
      value: Reflect.get(methods, key) as unknown,
      writable: true,
      configurable: true,
      enumerable: false,
    }
  }
  return descriptors
}
