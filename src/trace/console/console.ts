/**
 * `openConsole`: the live console, a page on 127.0.0.1 that shows what all greenlets do now.
 *
 * It is served beside the hub, by a plain server of Node's: no greenlet of it stands in the tree that it draws, it keeps no process alive,
 * and who waits in vain is told so (LoopExit) although it is open. When the hub is blocked it cannot answer, and the page says so.
 *
 * Stands on the gate, the page and the watch. Leaves the command line to `cli`.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../../errors/usage.ts'
import { http } from '../../http/node-http.ts'
import { getHub } from '../../hub/default.ts'
import { Hub } from '../../hub/hub.ts'
import type { Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { until } from '../../waiting/until.ts'
import { admit, Refusal, type Wish } from './gate.ts'
import { pageOf, policyOf } from './page.ts'
import type { KillAnswer } from './state.ts'
import { readView } from './view.ts'
import { Watch } from './watch.ts'

const CALL = 'openConsole()'
/** More connections than a few open pages need. */
const MOST_CONNECTIONS = 64

/** How a console is opened. */
export interface ConsoleOptions {
  /** Where it listens, on 127.0.0.1. @defaultValue 0: a free port */
  port?: number
  /** Whether greenlets may be killed from the page. @defaultValue false */
  kill?: boolean
  /** The hub that is looked at. @defaultValue the default one */
  hub?: Hub
  /** How often the page is drawn anew, in milliseconds, 50 and up; less often when a look takes long. @defaultValue 500 */
  everyMs?: number
}

/**
 * Opens the live console: a page that shows the tree of all greenlets with what each waits in, for how long, where and for whom; rates, the
 * slowest waits, memory and the delay of the event loop.
 *
 * It listens on 127.0.0.1 and answers only who knows the address with its token. It can only be looked at, unless `kill` is set. It keeps no
 * process alive. The hub is watched from the first look on, and not any more a minute after the last one.
 *
 * @param options - `port`, `kill`, `hub`, `everyMs`.
 * @returns the console; `url` is the address for a browser.
 * @throws UsageError at the call for a wrong option; driven, when the port is taken (its `cause` is Node's error).
 * @switches always
 * @example
 * ```ts
 * import { openConsole } from 'greenloop/trace'
 *
 * const live = await openConsole({ kill: true })
 * console.log(live.url.startsWith(`http://127.0.0.1:${live.port}/?token=`)) // true
 * live.close()
 * ```
 */
export function openConsole(options: ConsoleOptions = {}): Operation<LiveConsole> {
  const { port, ...rest } = checkConsoleOptions(options)
  return operation(CALL, function* () {
    const server = http.createServer()
    yield* until((signal) => listening(server, port, signal))
    return new LiveConsole(server, rest)
  })
}

/** The live console: open until it is closed, or the process ends. Made by {@link openConsole}. */
export class LiveConsole {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  /** Who has it may look, and kill if that was allowed. */
  readonly token: string = randomBytes(24).toString('base64url')
  /** The address for a browser, with the token. */
  readonly url: string
  readonly #server: Server
  readonly #watch: Watch
  readonly #mayKill: boolean

  /** @internal Made by {@link openConsole}. */
  constructor(server: Server, { kill, hub, everyMs }: Omit<Required<ConsoleOptions>, 'port'>) {
    this.port = (server.address() as AddressInfo).port // it listens on a port
    this.url = `http://127.0.0.1:${this.port}/?token=${this.token}`
    this.#server = server
    this.#mayKill = kill
    this.#watch = new Watch(hub, everyMs, kill)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response)
    })
  }

  /** Whether somebody looks: as long as not, the hub is not watched. */
  get isWatched(): boolean {
    return this.#watch.isOn
  }

  /** Ends it: the page says so, and nothing of it is left. A second call does nothing. @switches never */
  close(): void {
    this.#watch.stop()
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** For `using`: closes it. @switches never */
  [Symbol.dispose](): void {
    this.close()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume() // what is sent along is not read
    const wish = admit(request, { port: this.port, token: this.token, mayKill: this.#mayKill })
    if (wish instanceof Refusal) {
      send(response, wish.status, 'text/plain', `${wish.line}\n`, wish.headers)
      return
    }
    if (wish.kind === 'page') {
      const nonce = randomBytes(16).toString('base64')
      send(response, 200, 'text/html', pageOf(nonce), { 'Content-Security-Policy': policyOf(nonce) })
      return
    }
    let text: string
    try {
      text = JSON.stringify(this.#do(wish))
    } catch (error) {
      // A class of the program's may have methods of its own: whoever looks must not end it.
      send(response, 500, 'text/plain', `${String(error)}\n`)
      return
    }
    send(response, 200, 'application/json', text)
  }

  #do(wish: Exclude<Wish, { kind: 'page' }>): unknown {
    if (wish.kind === 'state') return this.#watch.look(readView(wish.query))
    return { killed: this.#watch.kill(wish.id) } satisfies KillAnswer
  }
}

/** What is true of all answers: nobody keeps them, frames them, takes them for something else, or is told where they came from. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

/** Has `server` listen on 127.0.0.1, for itself alone also in a cluster; not any more when `signal` fires before it does. */
function listening(server: Server, port: number, signal: AbortSignal): Promise<void> {
  server.maxConnections = MOST_CONNECTIONS
  server.on('connection', (socket) => socket.unref())
  return new Promise((resolve, reject) => {
    // It stays: what goes wrong later at accepting is no reason to end the program.
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(cannotListen(port, error))
    })
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.unref()
      if (signal.aborted) server.close()
      resolve()
    })
  })
}

function cannotListen(port: number, error: NodeJS.ErrnoException): UsageError {
  const { code = error.message } = error
  const why =
    code === 'EADDRINUSE' ? 'the port is taken' : code === 'EACCES' ? 'the port is not for everybody' : 'it was refused'
  return new UsageError(`${CALL} cannot listen on 127.0.0.1:${port}: ${why} (${code}).`, { cause: error })
}

function checkConsoleOptions(options: ConsoleOptions): Required<ConsoleOptions> {
  checkOptions(CALL, options, '{ port: 8080 }')
  const { port = 0, kill = false, hub = getHub(), everyMs = 500 } = options
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new UsageError(`${CALL} expects \`port\` to be an integer from 0 to 65535, but got ${show(port)}.`)
  checkFlag(CALL, 'kill', kill)
  if (!(hub instanceof Hub)) throw new UsageError(`${CALL} expects \`hub\` to be a Hub, but got ${show(hub)}.`)
  if (!(typeof everyMs === 'number' && everyMs >= 50 && everyMs <= 60_000))
    throw new UsageError(
      `${CALL} expects \`everyMs\` to be a number of milliseconds from 50 to 60000, but got ${show(everyMs)}.`,
    )
  return { port, kill, hub, everyMs }
}
