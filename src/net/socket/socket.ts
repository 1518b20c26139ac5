/**
 * `Socket`: Python's face of sockets. It blocks by default, and where it blocks only its greenlet waits.
 *
 * The same sockets of Node are below it that the other face works on, and `detach()` gives them out; this class is thin.
 *
 * Stands on the two faces. Leaves files to `socket-file.ts`.
 */
import dgram from 'node:dgram'
import net from 'node:net'
import { BlockingIOError, isInterrupt, SocketTimeoutError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import { begun, operation } from '../../waiting/operation.ts'
import { checkData } from '../datagram/methods.ts'
import type { Address } from '../readiness/address.ts'
import { AtOnce, type Sendable } from './calls.ts'
import { DatagramFace } from './datagram-face.ts'
import type { NodeSocket } from './face.ts'
import { SocketSettings } from './settings.ts'
import { type FileMode, SocketFile, type SocketFileOptions } from './socket-file.ts'
import { StreamFace } from './stream-face.ts'
import {
  AF_INET,
  AF_UNIX,
  checkAddress,
  FAMILIES,
  type Family,
  KINDS,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  type Shutdown,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketAddress,
  type SocketKind,
} from './vocabulary.ts'

/** What `connectEx` gives: 0 when it is connected, or the name of what came instead, such as `'ECONNREFUSED'` or `'EINPROGRESS'`. */
export type ConnectCode = string | 0

/**
 * A socket as Python has it: made first, then connected, or bound and listening.
 *
 * It blocks by default, and where it blocks (`connect`, `accept`, `recv`, ...) only its greenlet waits. After `setblocking(false)` the same
 * calls throw BlockingIOError at once when they would have to wait; `select` says when to come again. With `settimeout(ms)` they throw
 * SocketTimeoutError when they have waited so long.
 *
 * One greenlet may wait in `recv` of it, and others at the same time in `send`; those who wait in `send` or `accept` are served in the order
 * in which they came.
 *
 * @source Python: `socket.socket`; gevent: `gevent.socket.socket`
 * @example
 * ```ts
 * import { run, spawn } from 'greenloop'
 * import { type Address, Socket } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = new Socket()
 *   yield* server.bind(['127.0.0.1', 0])
 *   yield* server.listen()
 *
 *   spawn(function* () {
 *     const [connection] = yield* server.accept()
 *     yield* connection.sendall(`hello, ${String(yield* connection.recv(1024))}`)
 *     connection.close()
 *   })
 *
 *   const client = new Socket()
 *   yield* client.connect(server.getsockname())
 *   yield* client.sendall('world')
 *   console.log(String(yield* client.recv(1024))) // hello, world
 *   client.close()
 *   server.close()
 * })
 * ```
 */
export class Socket extends SocketSettings implements Disposable {
  /**
   * @param family - `AF_INET`, `AF_INET6` or `AF_UNIX`. @defaultValue AF_INET
   * @param type - `SOCK_STREAM` for connections, `SOCK_DGRAM` for messages. @defaultValue SOCK_STREAM
   * @throws UsageError for anything else; Node has no Unix sockets for messages.
   */
  constructor(family: Family = AF_INET, type: SocketKind = SOCK_STREAM) {
    if (!(family in FAMILIES))
      throw new UsageError(`new Socket() expects AF_INET, AF_INET6 or AF_UNIX, but got ${show(family)}.`)
    if (!(type in KINDS)) throw new UsageError(`new Socket() expects SOCK_STREAM or SOCK_DGRAM, but got ${show(type)}.`)
    if (family === AF_UNIX && type === SOCK_DGRAM)
      throw new UsageError('new Socket() was asked for a Unix socket for messages, which Node has not.')
    super(type === SOCK_STREAM ? new StreamFace(family) : new DatagramFace(family))
  }

  /**
   * Puts this face on a socket or a server of Node's; the other way is {@link detach}.
   *
   * @throws UsageError for anything else.
   * @switches never
   */
  static from(node: NodeSocket): Socket {
    const face =
      node instanceof net.Socket || node instanceof net.Server
        ? StreamFace.of(node)
        : node instanceof dgram.Socket
          ? DatagramFace.of(node)
          : null
    if (face === null)
      throw new UsageError(`Socket.from() expects a socket or a server of Node's, but got ${show(node)}.`)
    const socket = new Socket(face.family, face.kind)
    socket.$face = face
    return socket
  }

  /**
   * Connects, and waits until it is so. A kill or a timeout meanwhile gives the attempt up, and another one may be made.
   *
   * A socket that does not wait begins to connect at the call and throws `EINPROGRESS`: it is writable when it is connected; when that fails
   * it is readable, too, and the next call throws the error. A socket for messages gets a peer, without the network.
   *
   * @param address - `[host, port]`; of a Unix socket, its path. The first address of the name is tried; `createConnection` tries all.
   * @throws Node's error (`ECONNREFUSED`, `ENOTFOUND`, ...); an error with the code `EISCONN` when it is connected; BlockingIOError (at the
   * call; `EINPROGRESS`, then `EALREADY`); SocketTimeoutError; SocketClosedError, when it is closed before or meanwhile; UsageError for a wrong
   * address.
   * @switches only if it must wait
   * @source gevent: `socket.connect`
   */
  connect(address: SocketAddress, ...rest: never[]): Operation<void> {
    return this.$face.connect(checkAddress('connect', this.family, address, rest))
  }

  /**
   * As {@link connect}, but gives the code of the operating system's error instead of throwing it. A name that is not found is thrown.
   *
   * @returns 0 when it is connected; `'ECONNREFUSED'`, `'EISCONN'`, ...; `'EAGAIN'` when the time is up; of a socket that does not wait,
   * `'EINPROGRESS'`, then `'EALREADY'`.
   * @switches only if it must wait
   * @source gevent: `socket.connect_ex`
   */
  connectEx(address: SocketAddress, ...rest: never[]): Operation<ConnectCode> {
    const checked = checkAddress('connectEx', this.family, address, rest)
    let connecting: Operation<void>
    try {
      connecting = begun(this.$face.connect(checked)) // it is driven below
    } catch (error) {
      const code = codeOf(error)
      return begun(new AtOnce('connectEx()', () => code))
    }
    return operation('connectEx()', function* (): Green<ConnectCode> {
      try {
        yield* connecting
        return 0
      } catch (error) {
        if (isInterrupt(error)) throw error
        return codeOf(error)
      }
    })
  }

  /**
   * Gives it an address of this machine; a name is looked up.
   *
   * That another one has the address is found out by `listen` or `connect`, for Node binds connections not before; port 0 is a free one, which
   * is chosen then. A socket for messages is bound here.
   *
   * @param address - `[host, port]`, where an empty host stands for all addresses of the machine; of a Unix socket, its path.
   * @throws an error with the code `EINVAL` when it has an address; Node's error; SocketClosedError; UsageError for a wrong address.
   * @switches for a name, and of a socket for messages always
   * @source gevent: `socket.bind`
   */
  bind(address: SocketAddress, ...rest: never[]): Operation<void> {
    return this.$face.bind(checkAddress('bind', this.family, address, rest))
  }

  /**
   * Makes a server of it, and waits until it listens. From then on who connects is connected, and waits to be accepted.
   *
   * @param backlog - how many the machine connects before Node has looked at them. @defaultValue 128
   * @throws Node's error (`EADDRINUSE`, ...); an error with the code `EINVAL` when it is connected; SocketClosedError; UsageError when
   * `backlog` is no integer from 0.
   * @switches always
   * @source gevent: `socket.listen`
   */
  listen(backlog: number = 128): Operation<void> {
    if (!(Number.isInteger(backlog) && backlog >= 0))
      throw new UsageError(`listen() expects \`backlog\` to be an integer, 0 or more, but got ${show(backlog)}.`)
    return this.$face.listen(backlog)
  }

  /**
   * Waits for the next connection, and gives a socket for it, which blocks, with the address of its other end (`['', 0]` of a Unix socket).
   *
   * @throws BlockingIOError (at the call) when nobody has connected; an error with the code `EINVAL` when it does not listen; Node's error when
   * a connection could not be accepted (`EMFILE`); SocketTimeoutError; SocketClosedError, when it is closed before or meanwhile.
   * @switches only if it must wait
   * @source gevent: `socket.accept`
   */
  accept(): Operation<[connection: Socket, address: Address]> {
    const accepting = begun(this.$face.accept()) // it is driven below
    return operation('accept()', function* (): Green<[Socket, Address]> {
      const [connection, address] = yield* accepting
      return [Socket.from(connection), address]
    })
  }

  /**
   * Waits until something has arrived, and gives it: at least one byte and at most `size`; an empty Buffer when the peer has ended. Of a
   * socket for messages: the next message, of which the rest is lost.
   *
   * A kill or a timeout takes no byte away.
   *
   * @param size - how much at the most. @defaultValue all that is there
   * @throws BlockingIOError (at the call) when nothing is there; ConcurrentObjectUseError when another greenlet waits in it; an error with the
   * code `ENOTCONN` when it was not connected; the error of the connection; SocketTimeoutError; SocketClosedError, when it is closed before or
   * meanwhile; UsageError when `size` is no integer from 0.
   * @switches only if it must wait
   * @source gevent: `socket.recv`
   */
  recv(size: number = Infinity): Operation<Buffer> {
    checkSize('recv', size)
    return this.$face.recv(size)
  }

  /**
   * As {@link recv}, but writes what has arrived to the beginning of `buffer`.
   *
   * @param buffer - where to.
   * @param size - how much at the most. @defaultValue the length of `buffer`
   * @returns how many bytes; 0 when the peer has ended.
   * @switches only if it must wait
   * @source gevent: `socket.recv_into`
   */
  recvInto(buffer: Uint8Array, size: number = Infinity): Operation<number> {
    if (!(buffer instanceof Uint8Array))
      throw new UsageError(`recvInto() expects a Uint8Array, but got ${show(buffer)}.`)
    checkSize('recvInto', size)
    return this.$face.recvInto(size < buffer.length ? buffer.subarray(0, size) : buffer)
  }

  /**
   * As {@link recv}, and gives the sender's address as well. At most 1024 messages wait for it, and 1 MiB; what comes then is lost.
   *
   * @param size - how much at the most. @defaultValue all that is there
   * @switches only if it must wait
   * @source gevent: `socket.recvfrom`
   */
  recvfrom(size: number = Infinity): Operation<[data: Buffer, address: Address]> {
    checkSize('recvfrom', size)
    return this.$face.recvfrom(size)
  }

  /**
   * Waits until there is room, and sends `data`. Of a socket that does not wait: as much as there is room for.
   *
   * @param data - text is sent as UTF-8.
   * @returns how many bytes. The rest is for the next call.
   * @throws BlockingIOError (at the call) when there is no room; an error with the code `ENOTCONN` when it was not connected; the error of the
   * connection; SocketTimeoutError; SocketClosedError, when it is closed, before or meanwhile, or was shut down for sending.
   * @switches only if it must wait
   * @source gevent: `socket.send`
   */
  send(data: Sendable): Operation<number> {
    checkData('send()', data)
    return this.$face.send(data)
  }

  /**
   * Sends all of `data`, and waits while the peer takes it more slowly than it is sent. A socket that does not wait takes all of it when
   * there is room for some.
   *
   * What was handed over before a kill or a timeout is sent all the same.
   *
   * @throws as {@link send} does.
   * @switches only if it must wait
   * @source gevent: `socket.sendall`
   */
  sendall(data: Sendable): Operation<void> {
    checkData('sendall()', data)
    return this.$face.sendall(data)
  }

  /**
   * Sends one message to an address. Only of a socket for messages; it is bound by this.
   *
   * @param data - text is sent as UTF-8.
   * @param address - `[host, port]`.
   * @returns how many bytes.
   * @throws an error with the code `EISCONN` of a socket for connections; else as {@link send} does.
   * @switches always, of a socket that waits
   * @source gevent: `socket.sendto`
   */
  sendto(data: Sendable, address: SocketAddress, ...rest: never[]): Operation<number> {
    checkData('sendto()', data)
    return this.$face.sendto(data, checkAddress('sendto', this.family, address, rest))
  }

  /**
   * Makes a file of it, for reading by lines and for writing in pieces. Closing the file does not close the socket.
   *
   * @param mode - `'r'`, `'w'` or `'rw'`, with a `b` for bytes instead of text. @defaultValue 'r'
   * @param options - `encoding` of the text, `buffering` of what is written.
   * @throws UsageError for a wrong mode or option.
   * @switches never
   * @source gevent: `socket.makefile`
   */
  makefile(mode: 'rb' | 'wb' | 'rwb', options?: SocketFileOptions): SocketFile<Buffer>
  makefile(mode?: 'r' | 'w' | 'rw', options?: SocketFileOptions): SocketFile<string>
  makefile(mode: FileMode = 'r', options: SocketFileOptions = {}): SocketFile<string> | SocketFile<Buffer> {
    return new SocketFile<string>(this, mode, options)
  }

  /**
   * Ends a direction, or both: with `SHUT_WR` the peer meets the end when it has read what was sent, and can be read on.
   *
   * @param how - `SHUT_RD`, `SHUT_WR` or `SHUT_RDWR`.
   * @throws an error with the code `ENOTCONN` when it is not connected; SocketClosedError; UsageError for anything else.
   * @switches never
   * @source gevent: `socket.shutdown`
   */
  shutdown(how: Shutdown): void {
    if (![SHUT_RD, SHUT_WR, SHUT_RDWR].includes(how))
      throw new UsageError(`shutdown() expects SHUT_RD, SHUT_WR or SHUT_RDWR, but got ${show(how)}.`)
    this.$face.shutdown(how)
  }

  /**
   * Closes it. What was sent before is delivered all the same; who waits in it meets a SocketClosedError. A second call does nothing.
   *
   * @switches never
   * @source gevent: `socket.close`
   */
  close(): void {
    this.$face.close()
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Gives up what is below it, which lives on: from now on this socket is closed.
   *
   * @returns Node's socket or server; null when there is none yet.
   * @switches never
   * @source Python: `socket.detach`
   */
  detach(): NodeSocket | null {
    return this.$face.detach()
  }
}

function checkSize(call: string, size: number): void {
  if (size === Infinity || (Number.isInteger(size) && size >= 0)) return
  throw new UsageError(`${call}() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
}

/** The code of an error that `connectEx` gives; any other is thrown on. */
function codeOf(error: unknown): string {
  if (error instanceof BlockingIOError) return error.code
  if (error instanceof SocketTimeoutError) return 'EAGAIN' // as gevent has it
  const { code, syscall } = error as NodeJS.ErrnoException // any error may be asked
  if (code !== undefined && (syscall === 'connect' || syscall === 'bind')) return code
  throw error
}
