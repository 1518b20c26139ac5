/**
 * Everything that can go wrong, on one page. Ground floor: imports nothing.
 *
 * Each class says in its first line whose doing it is and what to do about it. All carry a `code` (stable, for programs) and a full
 * sentence (for people), and are recognised by `instanceof` across two copies of the library: the check goes by a registered symbol,
 * since `node_modules` can hold the library twice.
 *
 * ```
 * Interrupt            asked to stop; passes through your code      GreenletExit, Timeout (src/waiting/timeout.ts)
 * GreenloopError       something is wrong
 *   UsageError           your program: a wrong argument or a wrong form (a TypeError too)
 *   InvalidSwitchError   your program: a switch to somebody who cannot take it
 *   BlockingSwitchOutError  your program: a callback that runs in the hub would wait
 *   ConcurrentObjectUseError  your program: two greenlets wait on a thing made for one
 *   LoopExit             usually your program: nothing is left that could end the wait
 *   FailedToSwitchError  your program: code that was to switch, or to do so soon enough, has not
 *   GreenletKilledError  get() of a greenlet that was killed
 *   Empty, Full          nobody's: what a wait on a queue that is not to wait, or no longer, throws; PoolFull is a Full
 *   ShutDown             nobody's: the queue was shut down
 *   StreamClosedError    the stream was closed under the wait; of a socket: SocketClosedError
 *   StreamTimeoutError   a call of a stream took longer than its timeout; of a socket: SocketTimeoutError
 *   BlockingIOError      a call of a non-blocking socket would have to wait
 *   InternalError        us: please report it
 * ```
 */

/** A class of this page, as {@link recognise} sees it. */
type Branded = abstract new (...args: never[]) => Error

/**
 * Makes `instanceof` hold across copies of the library: each class puts a registered symbol on its prototype, and the check looks for
 * the symbol. A user's subclass has no symbol of its own and is checked by prototype, as always.
 */
export function recognise(target: Branded, name: string): void {
  const brand = Symbol.for(`greenloop.${name}`)
  Object.defineProperty(target.prototype, brand, { value: true })
  define(target, 'name', name)
  Object.defineProperty(target, Symbol.hasInstance, {
    value(this: Branded, candidate: unknown): boolean {
      if (this !== target) return Function.prototype[Symbol.hasInstance].call(this, candidate)
      if (typeof candidate !== 'object' || candidate === null) return false
      try {
        return brand in candidate
      } catch {
        return false // a revoked proxy: anything may have been thrown
      }
    },
  })
}

/** Gives all objects of a class a property that is the same for all, and can be set on one. */
function define(target: Branded, name: string, value: unknown): void {
  Object.defineProperty(target.prototype, name, { value, writable: true, configurable: true })
}

/** An `Error` for `instanceof`, that V8 has not made. Its `stack` is its first line. */
const StacklessError: new () => Error = (() => {
  function Stackless(): void {
    // nothing is set: message, name and stack come from the prototypes
  }
  Stackless.prototype = Object.create(Error.prototype, {
    stack: {
      get(this: Error): string {
        return String(this)
      },
      set(this: Error, value: unknown) {
        Object.defineProperty(this, 'stack', { value, writable: true, configurable: true })
      },
      configurable: true,
    },
  }) as Error
  return Stackless as unknown as new () => Error // a function is a constructor; its prototype is an Error
})()

/**
 * Nobody's fault: a greenlet is asked to stop what it does ({@link GreenletExit}) or to stop waiting (`Timeout`).
 *
 * An interrupt is thrown at the greenlet's wait and passes through `try/finally` like any error. JavaScript has no tier above `Error`,
 * so a `catch` that means failures asks {@link isInterrupt} and rethrows.
 *
 * Carries no stack: it is made by somebody else than the greenlet it ends. So it is an `Error` by its prototype only, since V8's own
 * constructor costs thirty times as much even when no stack is wanted; Node shows it in brackets: `[GreenletExit: ...]`.
 */
export class Interrupt extends StacklessError {
  /** Stable identification for programs. */
  declare readonly code: string

  /** @param message - what is being asked, as a sentence. */
  constructor(message?: string) {
    super()
    if (message !== undefined && message !== '') this.message = message
  }
}
define(Interrupt, 'code', 'GREENLOOP_INTERRUPT')
recognise(Interrupt, 'Interrupt')

/**
 * Nobody's fault: the greenlet was asked to end, by `kill()` or `throw()`. Escaping from a body it counts as an orderly end: the parent
 * receives the exit object as a value, and `successful()` is true.
 *
 * @see gevent: `gevent.GreenletExit`
 */
export class GreenletExit extends Interrupt {}
define(GreenletExit, 'code', 'GREENLOOP_EXIT')
recognise(GreenletExit, 'GreenletExit')

/**
 * Tells a request to stop (an {@link Interrupt}) from a failure. Looks into a `SuppressedError`, which `using` makes when a disposal
 * fails while an interrupt passes.
 *
 * @example
 * ```ts
 * import { GreenletExit, isInterrupt } from 'greenloop'
 *
 * try {
 *   throw new GreenletExit()
 * } catch (err) {
 *   console.log(isInterrupt(err)) // true
 * }
 * ```
 */
export function isInterrupt(err: unknown): boolean {
  if (err instanceof Interrupt) return true
  if (typeof err !== 'object' || err === null || !('suppressed' in err) || !('error' in err)) return false
  return isInterrupt(err.error) || isInterrupt(err.suppressed)
}

/** What all failures of this library have in common: a `code` for programs beside the sentence for people. */
export class GreenloopError extends Error {
  /** Stable identification for programs. */
  readonly code: string = 'GREENLOOP_ERROR'
}
recognise(GreenloopError, 'GreenloopError')

/**
 * Your program: a wrong argument, or a known mistake in how a call is written. The message shows the right line.
 *
 * A `TypeError`, as such mistakes are in JavaScript, and a {@link GreenloopError} for `instanceof`.
 */
export class UsageError extends TypeError {
  /** Stable identification for programs. */
  readonly code: string = 'GREENLOOP_USAGE'
}
recognise(UsageError, 'UsageError')
Object.defineProperty(UsageError.prototype, Symbol.for('greenloop.GreenloopError'), { value: true })

/** Your program: control was switched to somebody who cannot take it now. Nothing was lost: the switch did not happen. */
export class InvalidSwitchError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_INVALID_SWITCH'
}
recognise(InvalidSwitchError, 'InvalidSwitchError')

/** Your program: a callback that the hub calls (`rawlink`, `runCallback`) would wait, and the hub cannot. Spawn a greenlet in it. */
export class BlockingSwitchOutError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_BLOCKING_SWITCH_OUT'
}
recognise(BlockingSwitchOutError, 'BlockingSwitchOutError')

/** Your program: two greenlets wait at once on something made for one (a socket's reading side, a waiter). */
export class ConcurrentObjectUseError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_CONCURRENT_USE'
}
recognise(ConcurrentObjectUseError, 'ConcurrentObjectUseError')

/** One who waits, as {@link LoopExit} lists it. */
export interface Blocked {
  /** `main`, or the name of the greenlet. */
  readonly name: string
  /** The call that it waits in: `lock.acquire()`. */
  readonly wait: string
  /** The names of those who could end the wait, as far as that is known, at most 50: the holder of the lock, the greenlet that is joined. */
  readonly waitsFor: readonly string[]
  /** Why the wait does not end: `the queue is full (10/10)`. */
  readonly because?: string
  /** The file in which it waits; known in debug mode. */
  readonly file?: string
  /** The line of the file, counted from 1; known in debug mode. */
  readonly line?: number
}

/**
 * Usually your program: main waits, and nothing is left that could wake it. The message lists who waits in what and for whom, those who
 * wait for each other first. Its stack is the hub's; where each waits stands in the message, in debug mode.
 */
export class LoopExit extends GreenloopError {
  override readonly code: string = 'GREENLOOP_LOOP_EXIT'
  /** All who wait: main, then the greenlets, oldest first, then those that only they know of. */
  readonly waiting: readonly Blocked[]
  /** Circles of those who wait for each other: each waits for the next one, and the last for the first. At most 10. */
  readonly cycles: readonly (readonly Blocked[])[]
  /** What `formatRunInfo()` gave when nothing moved any more; empty where the main door, `greenloop`, was not loaded. */
  readonly runInfo: string

  /**
   * @param message - who waits where, as text.
   * @param more - the same as lists, and as a picture of all greenlets.
   */
  constructor(
    message?: string,
    more: { waiting?: readonly Blocked[]; cycles?: readonly (readonly Blocked[])[]; runInfo?: string } = {},
  ) {
    super(message)
    const { waiting = [], cycles = [], runInfo = '' } = more
    this.waiting = waiting
    this.cycles = cycles
    this.runInfo = runInfo
    // Who prints the error reads the message; it says the same.
    for (const name of ['waiting', 'cycles', 'runInfo']) Object.defineProperty(this, name, { enumerable: false })
  }
}
recognise(LoopExit, 'LoopExit')

/** Your program: the body of an `assertSwitches` has not switched, or some code has run longer than it allows. */
export class FailedToSwitchError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_FAILED_TO_SWITCH'
}
recognise(FailedToSwitchError, 'FailedToSwitchError')

/** `get()` of a greenlet that was killed: there is no value. `cause` is the {@link GreenletExit}. */
export class GreenletKilledError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_KILLED'
}
recognise(GreenletKilledError, 'GreenletKilledError')

/** Expected: there is nothing to take, and the call is not to wait, or has waited long enough. */
export class Empty extends GreenloopError {
  override readonly code: string = 'GREENLOOP_EMPTY'
}
recognise(Empty, 'Empty')

/** Expected: there is no room, and the call is not to wait, or has waited long enough. */
export class Full extends GreenloopError {
  override readonly code: string = 'GREENLOOP_FULL'
}
recognise(Full, 'Full')

/** Expected: the pool has no free place, and the call is not to wait, or has waited long enough. A {@link Full}. */
export class PoolFull extends Full {
  override readonly code: string = 'GREENLOOP_POOL_FULL'
}
recognise(PoolFull, 'PoolFull')

/** Expected: the queue was shut down; nothing goes in any more, and nothing is left to be taken. */
export class ShutDown extends GreenloopError {
  override readonly code: string = 'GREENLOOP_SHUT_DOWN'
}
recognise(ShutDown, 'ShutDown')

/** The world, or your program: the stream was closed while a greenlet waited on it, or before it was used. */
export class StreamClosedError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_STREAM_CLOSED'
}
recognise(StreamClosedError, 'StreamClosedError')

/** The world: a call of a stream took longer than its `timeoutMs`. Nothing that has arrived is lost. */
export class StreamTimeoutError extends GreenloopError {
  override readonly code: string = 'ETIMEDOUT'
}
recognise(StreamTimeoutError, 'StreamTimeoutError')

/** The world, or your program: the socket was closed while a greenlet waited on it, or before it was used. */
export class SocketClosedError extends StreamClosedError {
  override readonly code: string = 'GREENLOOP_SOCKET_CLOSED'
}
recognise(SocketClosedError, 'SocketClosedError')

/** The world: a call of a socket took longer than its `timeoutMs`, or than the socket's `settimeout`. Nothing that has arrived is lost. */
export class SocketTimeoutError extends StreamTimeoutError {
  override readonly code: string = 'ETIMEDOUT'
}
recognise(SocketTimeoutError, 'SocketTimeoutError')

/** Expected: a socket after `setblocking(false)` would have to wait. Ask `select` when to come again. */
export class BlockingIOError extends GreenloopError {
  /**
   * `'EINPROGRESS'` where the call has begun what goes on without it (`connect`), `'EALREADY'` where that had been begun before, `'EAGAIN'`
   * where it has done nothing.
   */
  override readonly code: string

  /**
   * @param message - which call of what would wait, and for what.
   * @param code - the name of the operating system's error.
   */
  constructor(message?: string, code: 'EAGAIN' | 'EALREADY' | 'EINPROGRESS' = 'EAGAIN') {
    super(message)
    this.code = code
  }
}
recognise(BlockingIOError, 'BlockingIOError')

/** Us: an invariant of the library broke. Please report it with the stack. */
export class InternalError extends GreenloopError {
  override readonly code: string = 'GREENLOOP_INTERNAL'

  /** @param message - which invariant broke. */
  constructor(message: string) {
    super(`${message}\nThis is a bug in greenloop, not in your program; please report it with the stack below.`)
  }
}
recognise(InternalError, 'InternalError')
