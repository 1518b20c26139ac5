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
import { ConcurrentObjectUseError, SocketClosedError, UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { Operation, Resume, Suspend } from '../protocol.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'

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
    const wait = new Connect(this)
    begun(wait) // the connection is
    return wait
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
function nonEnumerable(methods: object): PropertyDescriptorMap {
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

type SocketEvent = 'connect' | 'readable' | 'end' | 'drain' | 'finish' | 'close'

/** What the greenlets' use of a socket leaves on it: one for each socket, whoever drives it. */
class SocketState {
  /** The connection's error, once it had one; thrown by every call from then on. */
  error: Error | null = null
  /** Set while a greenlet waits in `recv`. */
  reader: Coroutine | null = null
  /** Bytes that were decoded already: of a socket with an encoding, where a piece may be longer than was asked for. */
  rest: Buffer | null = null
  /** The peer, for messages: Node forgets it when the socket is closed. */
  peer = 'the socket'
  readonly #socket: net.Socket
  /** Who waits for which event. There is a listener only where somebody waits, and never more than one: Node warns at eleven. */
  readonly #waits = new Map<SocketEvent, Set<SocketWait>>()
  readonly #listeners = new Map<SocketEvent, () => void>()

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.remember()
    socket.on('error', (error) => {
      this.error ??= error
    })
  }

  /** Reads who the peer is, while Node knows it. */
  remember(): void {
    const { remoteAddress, remotePort } = this.#socket
    if (remoteAddress !== undefined) this.peer = `the socket to ${remoteAddress}:${String(remotePort)}`
  }

  closed(call: string): Error {
    return this.error ?? new SocketClosedError(`${call}: ${this.peer} is closed.`)
  }

  /** What has arrived, up to `size` bytes; null when nothing has. */
  take(size: number): Buffer | null {
    if (this.rest === null && this.#socket.readableEncoding === null) {
      const there = this.#socket.readableLength
      return this.#socket.read(there === 0 ? undefined : Math.min(size, there)) as Buffer | null // bytes: there is no encoding
    }
    const text = this.rest === null ? (this.#socket.read() as string | null) : null // text: there is an encoding
    const bytes = text === null ? this.rest : Buffer.from(text, this.#socket.readableEncoding ?? 'utf8')
    this.rest = bytes !== null && bytes.length > size ? bytes.subarray(size) : null
    return bytes?.subarray(0, size) ?? null
  }

  enter(wait: SocketWait, event: SocketEvent): void {
    const waits = this.#waits.get(event)
    if (waits !== undefined) {
      waits.add(wait)
      return
    }
    const first = new Set([wait])
    const listener = (): void => {
      for (const each of [...first]) each.happened(event)
    }
    this.#waits.set(event, first)
    this.#listeners.set(event, listener)
    this.#socket.on(event, listener)
  }

  leave(wait: SocketWait, event: SocketEvent): void {
    const waits = this.#waits.get(event)
    waits?.delete(wait)
    if (waits?.size !== 0) return
    this.#socket.off(event, this.#listeners.get(event) ?? ignore)
    this.#waits.delete(event)
    this.#listeners.delete(event)
  }
}

function ignore(): void {
  // nothing was listening
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

/** A wait for one of a socket's events; its closing ends each. */
abstract class SocketWait extends Wait {
  protected readonly socket: net.Socket
  protected readonly state: SocketState
  readonly #text: string
  readonly #events: readonly SocketEvent[]

  constructor(greenlet: Coroutine, socket: net.Socket, text: string, events: readonly SocketEvent[]) {
    super(greenlet)
    this.socket = socket
    this.state = stateOf(socket)
    this.#text = text
    this.#events = [...events, 'close']
    for (const event of this.#events) this.state.enter(this, event)
    this.hub.outstanding++
  }

  /** One of the events came: end the wait with {@link done}, or wait on. */
  protected abstract look(): void

  /** Called by the socket's state. */
  happened(event: SocketEvent): void {
    if (event !== 'close') {
      this.look()
      return
    }
    this.leave()
    this.fail(this.state.closed(this.#text))
  }

  protected done(value: unknown): void {
    this.detach()
    this.succeed(value)
  }

  protected override leave(): void {
    this.detach()
  }

  protected detach(): void {
    for (const event of this.#events) this.state.leave(this, event)
    this.hub.outstanding--
  }

  override describe(): string {
    return `${this.#text} of ${this.state.peer}`
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
    const state = stateOf(socket)
    if (socket.destroyed) throw state.closed('connect()')
    if (!socket.connecting && !socket.pending) return ready(socket)
    return new ConnectWait(greenlet, socket, 'connect()', ['connect']).park()
  }

  override toString(): string {
    return 'connect()'
  }
}

class ConnectWait extends SocketWait {
  protected override look(): void {
    this.state.remember()
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
        `Greenlet "${greenlet.name}" called recv() of ${state.peer}, where "${state.reader.name}" waits already; who would get which bytes is not defined.`,
      )
    }
    if (this.#size === 0) return ready(Buffer.alloc(0))
    const data = state.take(this.#size)
    if (data !== null) return ready(data)
    if (socket.readableEnded) return ready(Buffer.alloc(0))
    if (socket.destroyed) throw state.closed('recv()')
    return new RecvWait(greenlet, socket, this.#size).park()
  }

  override toString(): string {
    return 'recv()'
  }
}

class RecvWait extends SocketWait {
  readonly #size: number

  constructor(greenlet: Coroutine, socket: net.Socket, size: number) {
    super(greenlet, socket, 'recv()', ['readable', 'end'])
    this.#size = size
    this.state.reader = greenlet
  }

  protected override look(): void {
    const data = this.state.take(this.#size)
    if (data !== null) this.done(data)
    else if (this.socket.readableEnded) this.done(Buffer.alloc(0))
  }

  protected override detach(): void {
    super.detach()
    this.state.reader = null
  }
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
    const state = stateOf(socket)
    if (socket.destroyed || socket.writableEnded) throw state.closed('sendall()')
    if (socket.write(this.#data)) return ready(undefined)
    // 'finish' comes in the place of 'drain' when somebody ends the socket meanwhile: all was sent.
    return new SendWait(greenlet, socket, 'sendall()', ['drain', 'finish']).park()
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
