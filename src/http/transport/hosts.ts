/**
 * The connections that are kept, by host: a dispatcher over undici's `Client`, one for each connection.
 *
 * ```
 *   dispatch ──▶ a free connection, the latest used first
 *            └─▶ a new one, while there are fewer than `limit`
 *            └─▶ the line: first come, first served
 * ```
 *
 * Undici's Agent and Pool do the same, but cannot take a request back that stands in the line, go over the limit after a connection that
 * failed, and lose a connection for ever when they refuse a request for a wrong argument (7.30): each of these happens to a program that kills.
 *
 * Invariants. A connection is busy from `dispatch` until undici says 'drain', and has at most one request. Nobody stands in the line while one is
 * free. A host without connections is forgotten.
 *
 * Stands on undici. Leaves to `agents.ts` which connections may be shared, and how they are made.
 */

import { type buildConnector, Client, Dispatcher, errors } from '../undici.ts'
import {
  type Attempt,
  attemptOf,
  type Connect,
  carry,
  Dropped,
  type Holder,
  Interim,
  type Making,
} from './connector.ts'

/** What all connections have in common. */
export interface HostOptions {
  readonly connect: Connect
  /** How many there may be to one host; Infinity: no limit. */
  readonly limit: number
  /** The options of undici's Client. */
  readonly client: Client.Options
  /** The proxy that takes requests for `http:` by their whole URL; null: they go to the server. */
  readonly forward: Forward | null
  /** Whether there is a proxy, of whatever kind: what is meant for it does not go on to the server. */
  readonly proxied: boolean
}

/** A proxy that is asked for `http://host/path`, as it stands. */
export interface Forward {
  readonly proxy: URL
  /** For the header `proxy-authorization`; null: none. */
  readonly authorization: string | null
  /** Connects to the proxy. */
  readonly connect: Connect
}

const AUTHORIZATION = 'proxy-authorization'

/** A dispatcher for all hosts that are reached in the same way. */
export class Hosts extends Dispatcher {
  readonly options: HostOptions
  readonly #hosts = new Map<string, Host>()
  #state: 'open' | 'closed' | 'destroyed' = 'open'
  #closed: (() => void) | null = null

  constructor(options: HostOptions) {
    super()
    this.options = options
  }

  /** The hosts to which there are connections. For tests. */
  get size(): number {
    return this.#hosts.size
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = originOf(options)
    if (this.#state !== 'open') return refuse(origin, this.#state, options, handler)
    let host = this.#hosts.get(origin)
    if (host === undefined) {
      host = new Host(this, origin)
      this.#hosts.set(origin, host)
    }
    if (host.forward !== null) host.dispatch(absolute(options, origin, host.forward), handler)
    else host.dispatch(this.options.proxied ? without(options, AUTHORIZATION) : options, handler)
    return true
  }

  /** @internal Lets what has not begun be taken back, for who does not call `dispatch` himself. */
  $carry(options: Dispatcher.DispatchOptions, attempt: Attempt): void {
    carry(options, attempt)
  }

  /** Lets everything end that was begun, the line included, and takes nothing more. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | void {
    if (this.#state === 'open') this.#state = 'closed'
    return this.#whenEmpty(callback)
  }

  /** Ends everything now. */
  override destroy(error?: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(...given: (Error | null | undefined | (() => void))[]): Promise<void> | void {
    this.#state = 'destroyed'
    const error = given.find((one) => one instanceof Error) ?? new errors.ClientDestroyedError()
    for (const host of [...this.#hosts.values()]) host.destroy(error)
    return this.#whenEmpty(given.find((one) => typeof one === 'function'))
  }

  get closed(): boolean {
    return this.#state !== 'open'
  }

  /** @internal */
  forget(host: Host): void {
    this.#hosts.delete(host.origin)
    if (this.#hosts.size === 0) this.#closed?.()
  }

  #whenEmpty(callback: (() => void) | undefined): Promise<void> | void {
    for (const host of [...this.#hosts.values()]) host.closeFree()
    const empty = new Promise<void>((resolve) => {
      if (this.#hosts.size === 0) {
        resolve()
        return
      }
      const before = this.#closed
      this.#closed = () => {
        before?.()
        resolve()
      }
    })
    if (callback === undefined) return empty
    void empty.then(callback)
  }
}

/** The connections to one host, and the line before them. */
class Host {
  readonly owner: Hosts
  readonly origin: string
  /** The proxy that takes its requests as they stand; null: they go through the connection. */
  readonly forward: Forward | null
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  readonly #line = new Set<InLine>()

  constructor(owner: Hosts, origin: string) {
    this.owner = owner
    this.origin = origin
    this.forward = origin.startsWith('http:') ? owner.options.forward : null
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const connection = this.#free.pop() ?? (this.#all.size < this.owner.options.limit ? this.#open() : null)
    if (connection !== null) connection.dispatch(options, handler)
    else this.#line.add(new InLine(this, options, handler))
  }

  #open(): Connection {
    const connection = new Connection(this)
    this.#all.add(connection)
    return connection
  }

  /** A connection can take the next one. */
  freed(connection: Connection): void {
    for (const next of this.#line) {
      this.leave(next)
      connection.dispatch(next.options, next.handler)
      return
    }
    if (!connection.connected) this.#remove(connection)
    else if (this.owner.closed) connection.client.destroy(ignore)
    else this.#free.push(connection)
  }

  /** A free connection was closed by the server, or has been idle for long. */
  lost(connection: Connection): void {
    const at = this.#free.indexOf(connection)
    if (at >= 0) this.#free.splice(at, 1)
    this.#remove(connection)
  }

  leave(one: InLine): void {
    this.#line.delete(one)
  }

  #remove(connection: Connection): void {
    if (this.#all.delete(connection) && this.#all.size === 0) this.owner.forget(this)
  }

  closeFree(): void {
    for (const connection of this.#free.splice(0)) connection.client.destroy(ignore)
  }

  destroy(error: Error): void {
    for (const { options, handler } of [...this.#line]) refuse(this.origin, 'destroyed', options, handler)
    this.#line.clear()
    for (const connection of this.#all) connection.destroy(error)
  }
}

/** A request that waits for a connection. */
class InLine implements Holder {
  readonly #host: Host
  readonly options: Dispatcher.DispatchOptions
  readonly handler: Dispatcher.DispatchHandler

  constructor(host: Host, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    this.#host = host
    this.options = options
    this.handler = handler
    const attempt = attemptOf(options)
    if (attempt !== null) attempt.holder = this
  }

  drop(): void {
    this.#host.leave(this)
  }
}

/** One connection, which is made when it is first needed, and again when the old one was closed. */
class Connection implements Holder {
  readonly client: Client
  connected = false
  readonly #host: Host
  #busy = false
  /** Whose request it has; kept until the next 'drain'. */
  #attempt: Attempt | null = null
  #dropped = false
  #making: Making | null = null
  /** Of the connection as it is now; null before the first. */
  #interim: Interim | null = null

  constructor(host: Host) {
    this.#host = host
    const { forward, owner } = host
    this.client = new Client(forward?.proxy.origin ?? host.origin, {
      ...owner.options.client,
      connect: (options, callback) => {
        this.#connect(options, callback)
      },
    })
    this.client.on('connect', () => {
      this.connected = true
    })
    this.client.on('disconnect', () => {
      this.connected = false
      if (!this.#busy) host.lost(this) // else 'drain' comes
    })
    this.client.on('drain', () => {
      this.#drained()
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#busy = true
    const attempt = attemptOf(options)
    this.#attempt = attempt
    if (attempt !== null) {
      attempt.holder = this
      attempt.hasTurn?.()
    }
    this.#interim?.expectHead()
    // A request that undici refuses for a wrong argument has been told by now, and no 'drain' follows.
    if (!this.client.dispatch(options, handler) && this.client.stats.size === 0) {
      queueMicrotask(() => {
        this.#drained()
      })
    }
  }

  drop(attempt: Attempt): void {
    if (this.#attempt !== attempt) return // it began, and is over
    this.#dropped = true
    this.#making?.destroy(new Dropped())
  }

  destroy(error: Error): void {
    this.#making?.destroy(error)
    this.client.destroy(error, () => {
      this.connected = false
      this.#host.lost(this)
    })
  }

  #drained(): void {
    if (!this.#busy) return
    this.#busy = false
    this.#attempt = null
    this.#dropped = false
    this.#host.freed(this)
  }

  #connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const attempt = this.#attempt
    if (this.#dropped || (attempt !== null && attempt.holder !== this)) {
      // Given up before undici came to it; or since: undici connects for what was aborted, too, and finds out then.
      queueMicrotask(() => {
        callback(new Dropped(), null)
      })
      return
    }
    const connect = this.#host.forward?.connect ?? this.#host.owner.options.connect
    this.#making = connect(options, (...outcome) => {
      this.#making = null
      const [error, socket] = outcome // with an error undici leaves the second out
      if (error === null) this.#interim = new Interim(socket)
      callback(...outcome)
    })
  }
}

function ignore(): void {
  // The promise that undici makes without a callback is of no use here.
}

/** Has undici tell that nothing is taken any more, as it knows all forms that a handler can have. */
function refuse(
  origin: string,
  state: 'closed' | 'destroyed',
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): boolean {
  const client = new Client(origin)
  if (state === 'closed') client.close(ignore)
  else client.destroy(ignore)
  return client.dispatch(options, handler)
}

function originOf({ origin }: Dispatcher.DispatchOptions): string {
  if (typeof origin === 'string') return origin
  if (origin instanceof URL) return origin.origin
  throw new errors.InvalidArgumentError('A request needs its origin.')
}

/** The same request, as it is put to a proxy. */
function absolute(
  options: Dispatcher.DispatchOptions,
  origin: string,
  { authorization }: Forward,
): Dispatcher.DispatchOptions {
  const headers = flat(options.headers)
  if (!has(headers, 'host')) headers.push('host', new URL(origin).host)
  if (authorization !== null && !has(headers, AUTHORIZATION)) headers.push(AUTHORIZATION, authorization)
  return { ...options, origin, path: origin + options.path, headers }
}

/** The same request without one of its headers. */
function without(options: Dispatcher.DispatchOptions, name: string): Dispatcher.DispatchOptions {
  const headers = flat(options.headers)
  if (!has(headers, name)) return options
  return { ...options, headers: headers.filter((_, at) => headers[at & ~1]?.toLowerCase() !== name) }
}

function flat(headers: Dispatcher.DispatchOptions['headers']): string[] {
  if (headers === null || headers === undefined) return []
  if (Array.isArray(headers)) return [...headers]
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers)
  const list: string[] = []
  for (const [name, value] of pairs as Iterable<[string, string | string[] | undefined]>) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) list.push(name, one)
  }
  return list
}

function has(headers: readonly string[], name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return true
  return false
}
