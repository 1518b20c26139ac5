/**
 * How a connection comes to be, and how one that is no longer wanted is given up before it is there.
 *
 * Undici's dispatchers cannot be told to forget a request that has not begun: a handler gets its `abort` when the request is written. What
 * is sent through {@link dispatchFor} carries an {@link Attempt}, and who has the request until it begins is written there: the line of those that
 * wait for a free connection, or the connection that is being made for it.
 *
 * Stands on undici's `buildConnector`, without its clock: time is counted by whoever waits. Leaves the choice of the connection to `hosts.ts`,
 * and the way through a proxy to `tunnel.ts`.
 */
import type { Socket } from 'node:net'
import { buildConnector, type Dispatcher } from '../undici.ts'

/** Who has a request until it begins. */
export interface Holder {
  /** Takes the request back: the connection that is made for it is destroyed, or its place in the line goes to the next. */
  drop(attempt: Attempt): void
}

/** A request that has not begun yet. */
export interface Attempt {
  /** Who has it. Whoever is told that it begins sets it to null. */
  holder: Holder | null
  /** Its turn has come: a connection has it, or is made for it. It may have stood in a line until now. */
  hasTurn?(): void
}

const ATTEMPT: unique symbol = Symbol('attempt')

type Carrying = Dispatcher.DispatchOptions & { [ATTEMPT]?: Attempt }

/**
 * Sends a request off, so that `attempt.holder?.drop(attempt)` takes it back as long as it has not begun. After that the handler may still be told of
 * one error; or, when a connection was there already and only the writing was put off, that it begins: it aborts, then.
 *
 * With a dispatcher that is none of ours `holder` stays null, and the request is to be aborted when it begins.
 */
export function dispatchFor(
  attempt: Attempt,
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): void {
  // It travels with the options, as undici hands them on: a body of unknown length, an old connection that is just closing, and a full house all
  // have it connect long after this call.
  carry(options, attempt)
  dispatcher.dispatch(options, handler)
}

/** Puts an attempt into the options of its request. */
export function carry(options: Dispatcher.DispatchOptions, attempt: Attempt): void {
  const carrying: Carrying = options
  carrying[ATTEMPT] = attempt
}

/** The attempt that a request carries; null for one of undici's own calls, such as its `fetch`. */
export function attemptOf(options: Dispatcher.DispatchOptions): Attempt | null {
  return (options as Carrying)[ATTEMPT] ?? null
}

/** What the request was given up with, for undici. Nobody is told of it. */
export class Dropped extends Error {
  override readonly name: string = 'Dropped'
}

/** A connection in the making. */
export interface Making {
  /** Gives it up: its callback is called with `error`, soon. Nothing when it has been called. */
  destroy(error: Error): void
}

/** Makes a connection, and calls back once. Never throws. */
export type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Making

/**
 * Connects straight to the server, and makes the connection safe for `https:`.
 *
 * The name on the certificate is held against the URL, whatever the header `host` says, as everybody but undici does.
 */
export function direct(options: buildConnector.BuildOptions): Connect {
  const build = buildConnector({ ...options, timeout: 0 })
  return (target, callback) => {
    const once = new Once(callback)
    try {
      const { servername: _, ...rest } = target
      const socket = (build as Build)(rest, (...outcome) => {
        once.call(...outcome)
      })
      nameResets(socket, once)
      // A socket that is destroyed without an error says 'close' and nothing else, and undici would wait for ever.
      socket.once('close', () => {
        once.call(new Error('The connection was closed before it was made.'), null)
      })
      return socket
    } catch (error) {
      queueMicrotask(() => {
        once.call(error as Error, null) // of Node: a key that does not belong to its certificate, a wrong address
      })
      return once
    }
  }
}

/** What `buildConnector` makes, whose type hides that it gives the socket at once. */
type Build = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket

/** A callback that is called once, whatever happens. */
export class Once implements Making {
  #callback: buildConnector.Callback | null

  constructor(callback: buildConnector.Callback) {
    this.#callback = callback
  }

  get over(): boolean {
    return this.#callback === null
  }

  call(...outcome: Parameters<buildConnector.Callback>): void {
    const callback = this.#callback
    this.#callback = null
    callback?.(...outcome)
  }

  destroy(error: Error): void {
    this.call(error, null)
  }
}

/** What undici is told when the server resets a connection; by its code one of undici's own. The `cause` is what Node has said. */
export class Reset extends Error {
  readonly code = 'UND_ERR_SOCKET'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

/**
 * Has undici take a reset for what it is. By its code it would be the end of a body that has no other end, although a part of that is
 * missing; while the body is paused, an assertion that ends the process; and between two requests, the failure of the next one, of
 * which nothing was sent. One that comes before the connection is made keeps its code: that is tried once.
 */
function nameResets(socket: Socket, made: Once): void {
  const destroy = socket._destroy.bind(socket)
  socket._destroy = (error, callback) => {
    destroy(error, (told) => {
      const isReset = made.over && (told as NodeJS.ErrnoException | null | undefined)?.code === 'ECONNRESET'
      callback(isReset ? new Reset(told as Error) : told)
    })
  }
}

const CONTINUE = 'HTTP/1.1 100'
const HEAD_END = '\r\n\r\n'

/**
 * Has undici pass over `100 Continue`, as RFC 9110 (15.2) wants it of clients that have not asked for it: it takes that, and no other interim answer,
 * for the end of the connection. So it is shown `102 Processing` in its place.
 */
export class Interim {
  #isHeadToCome = true
  /** The beginning of a line that may become `100 Continue`. */
  #held: Buffer | null = null

  constructor(socket: Socket) {
    const read = socket.read.bind(socket)
    socket.read = (size) => {
      const chunk = read(size) as Buffer | null // the connection has no encoding
      return this.#isHeadToCome && chunk !== null ? this.#shown(chunk) : chunk
    }
  }

  /** A request goes out: what comes next is the head of its answer. */
  expectHead(): void {
    this.#isHeadToCome = true
  }

  #shown(chunk: Buffer): Buffer | null {
    const bytes = this.#held === null ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = null
    for (let at = 0; at < bytes.length; ) {
      const line = bytes.toString('latin1', at, at + CONTINUE.length)
      if (line.length < CONTINUE.length && CONTINUE.startsWith(line)) {
        this.#held = bytes.subarray(at)
        return at === 0 ? null : bytes.subarray(0, at)
      }
      this.#isHeadToCome = line.startsWith('HTTP/1.1 1')
      if (line === CONTINUE) bytes[at + CONTINUE.length - 1] = 0x32 // 2
      const end = this.#isHeadToCome ? bytes.indexOf(HEAD_END, at) : -1
      if (end < 0) break
      at = end + HEAD_END.length
    }
    return bytes
  }
}
