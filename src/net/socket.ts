/**
 * Cooperative sockets: `yield* connect(port)`, `yield* socket.recv(n)`, `yield* socket.sendall(data)` on Node's own `net.Socket`.
 *
 * There is no socket class beside Node's: the operations here work on any `net.Socket`. Without a patch `connect()` gives one with the
 * methods; under `monkey` every socket of the process has them. A socket that a greenlet has used keeps its first error for the next
 * call, as a blocking socket does; one that no greenlet has touched is Node's alone.
 *
 * Stands on waits. Leaves names and addresses to Node (`dns.ts` for lookups of one's own).
 */
import net from 'node:net'
import { ConcurrentObjectUseError, SocketClosedError, UsageError } from '../errors.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation, Resume, Suspend } from '../greenlet/protocol.ts'
import { show } from '../greenlet/usage.ts'
import { HubOperation, Wait } from '../hub/waiter.ts'

/** What every socket gains: by `connect` of this room, or by the patch. */
export interface SocketMethods {
  /** For `yield* net.connect(...)`: waits until connected, and gives the socket. */
  [Symbol.iterator](): Iterator<Suspend, this, Resume>
  /**
   * Waits until something has arrived, and gives it: at least one byte and at most `size`; an empty Buffer when the peer has ended.
   *
   * A kill or a timeout takes no byte away. Only one greenlet may wait in `recv` of a socket.
   *
   * @param size - how much at the most. @defaultValue all that is there
   * @throws ConcurrentObjectUseError when another greenlet waits in it; SocketClosedError when the socket is closed, before or meanwhile;
   * the error of the connection; UsageError when `size` is no integer from 0.
   * @switches only if it must wait
   * @source gevent: `socket.recv`
   */
  recv(size?: number): Operation<Buffer>
  /**
   * Sends all of `data`, and waits while the peer takes it more slowly than it is sent.
   *
   * What was handed over before a kill is sent all the same.
   *
   * @throws SocketClosedError when the socket is closed or ended, before or meanwhile; the error of the connection.
   * @switches only if it must wait
   * @source gevent: `socket.sendall`
   */
  sendall(data: string | Uint8Array): Operation<void>
}

/** The methods, as `connect` and the patch put them on a prototype. */
export const socketMethods: {
  [Symbol.iterator](this: net.Socket): Iterator<Suspend, net.Socket, Resume>
  recv(this: net.Socket, size?: number): Operation<Buffer>
  sendall(this: net.Socket, data: string | Uint8Array): Operation<void>
} = {
  [Symbol.iterator]() {
    return new Connect(this)
  },
  recv(size) {
    if (size !== undefined && !(Number.isInteger(size) && size >= 0)) {
      throw new UsageError(`recv() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
    }
    return new Recv(this, size ?? Infinity)
  },
  sendall(data) {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new UsageError(`sendall() expects a string or a Uint8Array, but got ${show(data)}.`)
    }
    return new Sendall(this, data)
  },
}

/** A `net.Socket` with the methods of a greenlet's socket. */
export interface GreenSocket extends net.Socket, SocketMethods {}

class SocketWithMethods extends net.Socket {}
Object.defineProperties(SocketWithMethods.prototype, nonEnumerable(socketMethods))

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

/**
 * Opens a connection, as Node's `net.connect` does: `yield* connect(port, host)` waits until it is there.
 *
 * A greenlet that is killed or timed out meanwhile closes the socket.
 *
 * @returns the socket at once, connecting; driving it gives it connected, and throws what Node reports as `'error'`.
 * @switches when driven
 * @source Node: `net.connect`
 * @example
 * ```ts
 * import { type AddressInfo, createServer } from 'node:net'
 * import { run } from 'greenloop'
 * import { connect } from 'greenloop/net'
 *
 * const server = createServer((peer) => peer.end('hello')).listen(0, '127.0.0.1', async () => {
 *   await run(function* () {
 *     const socket = yield* connect((server.address() as AddressInfo).port, '127.0.0.1')
 *     console.log(String(yield* socket.recv(100))) // hello
 *   })
 *   server.close()
 * })
 * ```
 */
export function connect(port: number, host?: string): GreenSocket
export function connect(pathOrOptions: string | net.NetConnectOpts): GreenSocket
export function connect(first: number | string | net.NetConnectOpts, host?: string): GreenSocket {
  const options =
    typeof first === 'object'
      ? first
      : typeof first === 'string'
        ? { path: first }
        : { port: first, ...(host === undefined ? {} : { host }) }
  const socket = new SocketWithMethods(options)
  socket.connect(options)
  return socket // its prototype was given the methods above
}

/** What a greenlet's use of a socket leaves on it. */
class SocketState {
  /** The connection's error, once it had one; thrown by every call from then on. */
  error: Error | null = null
  /** Set while a greenlet waits in `recv`. */
  reader: Coroutine | null = null

  constructor(socket: net.Socket) {
    socket.on('error', (error) => {
      this.error ??= error
    })
  }
}

const states = new WeakMap<net.Socket, SocketState>()

function stateOf(socket: net.Socket): SocketState {
  let state = states.get(socket)
  if (state === undefined) {
    state = new SocketState(socket)
    states.set(socket, state)
  }
  return state
}

function peerOf(socket: net.Socket): string {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? 'the socket' : `the socket to ${remoteAddress}:${String(remotePort)}`
}

function closedError(socket: net.Socket, call: string): Error {
  return stateOf(socket).error ?? new SocketClosedError(`${call}: ${peerOf(socket)} is closed.`)
}

/** A wait for one of a socket's events. The listeners are there only while it lasts. */
abstract class SocketWait extends Wait {
  protected readonly socket: net.Socket
  readonly #text: string
  readonly #events: readonly string[]
  readonly #onEvent = (): void => {
    this.look()
  }
  readonly #onError = (error: Error): void => {
    this.#detach()
    this.fail(error)
  }
  readonly #onClose = (): void => {
    this.#detach()
    this.fail(closedError(this.socket, this.#text))
  }

  constructor(greenlet: Coroutine, socket: net.Socket, text: string, events: readonly string[]) {
    super(greenlet)
    this.socket = socket
    this.#text = text
    this.#events = events
    for (const event of events) socket.on(event, this.#onEvent)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.hub.outstanding++
  }

  /** One of the events came: end the wait with {@link done}, or wait on. */
  protected abstract look(): void

  protected done(value: unknown): void {
    this.#detach()
    this.succeed(value)
  }

  protected override leave(): void {
    this.#detach()
  }

  /** The wait is over, by whatever. */
  protected detached(): void {
    // nothing but the listeners, unless a subclass knows better
  }

  override describe(): string {
    return `${this.#text} of ${peerOf(this.socket)}`
  }

  #detach(): void {
    for (const event of this.#events) this.socket.off(event, this.#onEvent)
    this.socket.off('error', this.#onError)
    this.socket.off('close', this.#onClose)
    this.hub.outstanding--
    this.detached()
  }
}

class Connect extends HubOperation<net.Socket> {
  readonly #socket: net.Socket

  constructor(socket: net.Socket) {
    super()
    this.#socket = socket
  }

  override begin(greenlet: Coroutine): Step<net.Socket> {
    const socket = this.#socket
    stateOf(socket)
    if (socket.destroyed) throw closedError(socket, 'connect()')
    if (!socket.connecting && !socket.pending) return ready(socket)
    return new ConnectWait(greenlet, socket, 'connect()', ['connect']).park()
  }

  override toString(): string {
    return 'connect()'
  }
}

class ConnectWait extends SocketWait {
  protected override look(): void {
    this.done(this.socket)
  }

  protected override leave(): void {
    super.leave()
    this.socket.destroy() // nobody else has it yet
  }
}

class Recv extends HubOperation<Buffer> {
  readonly #socket: net.Socket
  readonly #size: number

  constructor(socket: net.Socket, size: number) {
    super()
    this.#socket = socket
    this.#size = size
  }

  override begin(greenlet: Coroutine): Step<Buffer> {
    const socket = this.#socket
    const state = stateOf(socket)
    if (state.reader !== null) {
      throw new ConcurrentObjectUseError(
        `Greenlet "${greenlet.name}" called recv() of ${peerOf(socket)}, where "${state.reader.name}" waits already; who would get which bytes is not defined.`,
      )
    }
    if (this.#size === 0) return ready(Buffer.alloc(0))
    const data = take(socket, this.#size)
    if (data !== null) return ready(data)
    if (socket.readableEnded) return ready(Buffer.alloc(0))
    if (socket.destroyed) throw closedError(socket, 'recv()')
    return new RecvWait(greenlet, socket, this.#size, state).park()
  }

  override toString(): string {
    return 'recv()'
  }
}

class RecvWait extends SocketWait {
  readonly #size: number
  readonly #state: SocketState

  constructor(greenlet: Coroutine, socket: net.Socket, size: number, state: SocketState) {
    super(greenlet, socket, 'recv()', ['readable', 'end'])
    this.#size = size
    this.#state = state
    state.reader = greenlet
  }

  protected override look(): void {
    const data = take(this.socket, this.#size)
    if (data !== null) this.done(data)
    else if (this.socket.readableEnded) this.done(Buffer.alloc(0))
  }

  protected override detached(): void {
    this.#state.reader = null
  }
}

/** What has arrived, up to `size` bytes; null when nothing has. */
function take(socket: net.Socket, size: number): Buffer | null {
  const there = socket.readableLength
  const data: unknown = there === 0 ? socket.read() : socket.read(Math.min(size, there))
  if (typeof data === 'string') return Buffer.from(data, socket.readableEncoding ?? 'utf8')
  return data as Buffer | null // a socket is never in object mode
}

class Sendall extends HubOperation<void> {
  readonly #socket: net.Socket
  readonly #data: string | Uint8Array

  constructor(socket: net.Socket, data: string | Uint8Array) {
    super()
    this.#socket = socket
    this.#data = data
  }

  override begin(greenlet: Coroutine): Step<void> {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) throw closedError(socket, 'sendall()')
    stateOf(socket)
    if (socket.write(this.#data)) return ready(undefined)
    return new SendWait(greenlet, socket, 'sendall()', ['drain']).park()
  }

  override toString(): string {
    return 'sendall()'
  }
}

class SendWait extends SocketWait {
  protected override look(): void {
    this.done(undefined)
  }
}
