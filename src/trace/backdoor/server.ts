/**
 * gevent's `BackdoorServer`: a door into the running process, for whoever may open it.
 *
 * It is served beside the hub, by a plain server of Node's: no greenlet of it stands in the tree, it keeps no process alive, and who waits in
 * vain is told so (LoopExit) although it is open.
 *
 * Stands on the place, the gate and the session.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { checkMs, checkOptions, show } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { type Address, showAddress } from '../../net/readiness/address.ts'
import type { Green, Operation } from '../../protocol.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import { until } from '../../waiting/until.ts'
import { askToken } from './gate.ts'
import { type BackdoorPlace, checkPlace, listen, type Place } from './place.ts'
import { beginSession, type Furnishing } from './session.ts'

const CALL = 'new BackdoorServer()'
const EXAMPLE = '{ locals: { app } }'
/** More than a few people need. */
const MOST_CONNECTIONS = 64
const TOKEN_WITHIN_MS = 30_000
const SHORTEST_TOKEN = 8

/** How a backdoor is. */
export interface BackdoorOptions {
  /**
   * The first line that is to be sent, 8 characters and more. Null: nothing is asked, which a Unix socket may do, since only its owner can
   * open it.
   *
   * @defaultValue 32 random characters
   */
  token?: string | null
  /** What a session shows at its beginning. @defaultValue the number of the process, and that there is `.help` */
  banner?: string
  /** What sessions find by name. Each has its own copy of this list. @defaultValue nothing */
  locals?: Readonly<Record<string, unknown>>
  /** How long somebody may take for the token, in milliseconds. @defaultValue 30000 */
  tokenWithinMs?: number
}

/**
 * Lets somebody look into the running process and change it: a REPL of Node's for each connection, with `.greenlets`, `.tree` and `.kill`.
 *
 * Whoever gets in may do all that the process may. So it listens on the loopback or at a path that only its owner may open, and asks for the
 * token first. It keeps no process alive, and neither do its sessions. `quit()`, `exit()` and `process.exit()` end the session alone.
 *
 * A line runs as plain code in the place of main, so it awaits: `await spawn(work).get()`. It holds up all greenlets as long as it runs.
 *
 * @source gevent: `gevent.backdoor.BackdoorServer`
 * @example
 * ```ts
 * import { BackdoorServer } from 'greenloop/trace'
 *
 * const backdoor = new BackdoorServer(0, { locals: { answer: 42 } })
 * await backdoor.start()
 * console.log(backdoor.address[0], backdoor.token?.length) // 127.0.0.1 32
 * backdoor.stop()
 * ```
 */
export class BackdoorServer {
  /** The first line of whoever may come in; null: nothing is asked. */
  readonly token: string | null
  readonly #place: Place
  readonly #furnishing: Furnishing
  readonly #tokenWithinMs: number
  readonly #connections = new Set<net.Socket>()
  readonly #waits = new Set<ServeWait>()
  #server: net.Server | null = null
  #starting: Promise<void> | null = null
  readonly #removePath = (): void => {
    if (this.#place.path !== undefined) rmSync(this.#place.path, { force: true })
  }

  /**
   * @param where - a port of 127.0.0.1 (0: a free one), `{ port, host }` with a host of the loopback, or the path of a Unix socket with a slash
   * in it. A socket that a process has left behind there is replaced.
   * @throws UsageError for a host that others reach, and for a wrong option.
   */
  constructor(where: BackdoorPlace, options: BackdoorOptions = {}) {
    this.#place = checkPlace(where)
    checkOptions(CALL, options, EXAMPLE)
    const { token = randomBytes(24).toString('base64url'), tokenWithinMs = TOKEN_WITHIN_MS } = options
    const { banner = defaultBanner(), locals = {} } = options
    checkToken(token, this.#place)
    checkMs(CALL, 'tokenWithinMs', tokenWithinMs)
    if (typeof banner !== 'string')
      throw new UsageError(`${CALL} expects \`banner\` to be a string, but got ${show(banner)}.`)
    if (typeof locals !== 'object' || (locals as object | null) === null)
      throw new UsageError(`${CALL} expects \`locals\` to be an object, such as { app }, but got ${show(locals)}.`)
    this.token = token
    this.#tokenWithinMs = tokenWithinMs
    this.#furnishing = { banner, locals }
  }

  /** Whether it listens. */
  get started(): boolean {
    return this.#server?.listening === true
  }

  /** Where it listens: host and port, or the path; before it is started what was asked for. */
  get address(): Address | string {
    if (this.#place.path !== undefined) return this.#place.path
    const bound = this.#server?.address() as net.AddressInfo | null | undefined // it is no path
    return bound == null ? [this.#place.host, this.#place.port] : [bound.address, bound.port]
  }

  /**
   * Begins to listen. One that listens already goes on.
   *
   * @throws UsageError driven, when it cannot: the port is taken, somebody answers at the path, or what is there is no socket. Its `cause` is
   * Node's error.
   * @switches always
   * @source gevent: `BaseServer.start`
   */
  start(): Operation<void> {
    return operation(`start() of ${String(this)}`, () => this.#start())
  }

  /**
   * Starts, if that is to be done, and waits until somebody stops it. As long as somebody waits so, the process lives.
   *
   * @throws UsageError as {@link start}.
   * @switches always
   * @source gevent: `BaseServer.serve_forever`
   */
  serveForever(): Operation<void> {
    return operation(`serveForever() of ${String(this)}`, () => this.#serve())
  }

  /**
   * Ends it and all its sessions. A Unix socket is removed. One that was stopped can be started again.
   *
   * @switches never
   * @source gevent: `BaseServer.stop`
   */
  stop(): void {
    this.#starting = null
    const server = this.#server
    this.#server = null
    if (server === null) return
    server.close()
    process.off('exit', this.#removePath)
    for (const socket of this.#connections) {
      socket.end('\nThe backdoor is closed.\n')
      socket.destroySoon()
    }
    for (const wait of this.#waits) {
      this.#waits.delete(wait)
      wait.happened(undefined)
    }
  }

  /** For `using`: stops it. @switches never */
  [Symbol.dispose](): void {
    this.stop()
  }

  /** `<BackdoorServer at 127.0.0.1:4000>`. */
  toString(): string {
    const { address } = this
    return `<BackdoorServer at ${typeof address === 'string' ? address : showAddress(address)}>`
  }

  *#start(): Green<void> {
    yield* until((this.#starting ??= this.#listen()))
  }

  *#serve(): Green<void> {
    yield* this.#start()
    yield* new UntilStopped(this.#server, this.#waits)
  }

  async #listen(): Promise<void> {
    const server = new net.Server({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connected(socket)
    })
    server.maxConnections = MOST_CONNECTIONS
    this.#server = server
    try {
      await listen(server, this.#place)
    } catch (error) {
      if (this.#server === server) this.stop()
      throw error
    }
    if (this.#server !== server) {
      server.close() // stopped meanwhile
      return
    }
    server.unref()
    // A path outlives a process that ends with it open.
    if (this.#place.path !== undefined) process.on('exit', this.#removePath)
  }

  #connected(socket: net.Socket): void {
    socket.unref()
    this.#connections.add(socket)
    socket.on('close', () => {
      this.#connections.delete(socket)
    })
    socket.on('error', () => {
      // Whoever is there has gone.
    })
    if (this.token === null) beginSession(socket, this.#furnishing)
    else
      askToken(socket, this.token, this.#tokenWithinMs, () => {
        beginSession(socket, this.#furnishing)
      })
  }
}

function defaultBanner(): string {
  return `Process ${process.pid}, Node ${process.version}. A line may await; .help lists the commands.`
}

function checkToken(token: string | null, place: Place): void {
  if (token === null) {
    if (place.path !== undefined) return
    throw new UsageError(
      `${CALL} can do without a token at a Unix socket only: a port of this machine is open to all its users, and to the pages in their browsers.`,
    )
  }
  if (typeof token === 'string' && token.length >= SHORTEST_TOKEN && !/[\r\n]/u.test(token)) return
  throw new UsageError(
    `${CALL} expects \`token\` to be a line of ${SHORTEST_TOKEN} characters or more, or null, but got ${typeof token === 'string' ? `one of ${token.length}` : show(token)}.`,
  )
}

/** Waits until the server is stopped; as long as somebody does, it keeps the process alive. */
class UntilStopped extends HubOperation<undefined> {
  readonly #server: net.Server | null
  readonly #waits: Set<ServeWait>

  constructor(server: net.Server | null, waits: Set<ServeWait>) {
    super()
    this.#server = server
    this.#waits = waits
  }

  override begin(greenlet: Coroutine): Step<undefined> {
    if (this.#server === null) return ready(undefined) // stopped meanwhile
    return new ServeWait(greenlet, this.#server, this.#waits).parkOutside()
  }

  override toString(): string {
    return 'serveForever()'
  }
}

class ServeWait extends IOWait {
  readonly #server: net.Server
  readonly #waits: Set<ServeWait>

  constructor(greenlet: Coroutine, server: net.Server, waits: Set<ServeWait>) {
    super(greenlet, 'serveForever()')
    this.#server = server
    this.#waits = waits
    waits.add(this)
    server.ref()
  }

  protected override leave(): void {
    this.#waits.delete(this)
    if (this.#waits.size === 0) this.#server.unref()
    super.leave()
  }
}
